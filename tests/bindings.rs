//! The programs of `tests/bindings` in Ruby, Go, LuaJIT and Python, against a real server: they see the same mail.

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::program::{finish, library, observe};
use support::project;
use support::server::Server;

#[test]
fn other_languages_see_the_same_mail() {
    let Some(server) = Server::start("dovecot") else { return };
    server.load_mail();
    let folder = support::Folder::new();
    let cdef = folder.0.join("imap.cdef");
    write_cdef(&cdef);
    let bindings = project().join("tests/bindings");
    let mut inboxes = Vec::new();
    let mut recents = Vec::new();
    for language in ["ruby", "luajit", "python", "go"] {
        for (name, into) in [("inbox", &mut inboxes), ("recent", &mut recents)] {
            let mut command = match language {
                "ruby" => {
                    let mut command = Command::new("ruby");
                    command.arg(bindings.join(format!("ruby/{name}.rb")));
                    command
                }
                "luajit" => {
                    let mut command = Command::new("luajit");
                    command.arg(bindings.join(format!("lua/{name}.lua"))).env("LIBIMAP_CDEF", &cdef);
                    command
                }
                "python" => {
                    let mut command = Command::new("python3");
                    command
                        .arg("-B")
                        .arg(bindings.join(format!("python/{name}.py")))
                        .env("LIBIMAP_CDEF", &cdef);
                    command
                }
                _ => Command::new(go_program(&bindings.join("go"), name, &folder.0)),
            };
            command
                .arg(server.url())
                .env("LIBIMAP", library().join("libimap.so.0.1"))
                .env("LD_LIBRARY_PATH", library())
                .env("IMAP_PASSWORD", "secret-a")
                .env("IMAP_CA_FILE", server.ca());
            let output = observe(command, Duration::from_secs(120));
            assert_eq!(output.code, Some(0), "{language} {name}: {}{}", output.out, output.err);
            into.push((language, output.out));
        }
    }
    for (language, inbox) in &inboxes {
        assert_eq!(inbox.lines().count(), 29, "{language}\n{inbox}");
        assert!(
            inbox.contains("2\t\t249\tZoë Müller\tGrüße aus Köln\n")
                || inbox.contains("\tZoë Müller\tGrüße aus Köln\n"),
            "{inbox}"
        );
        assert_eq!(*inbox, inboxes[0].1, "{language} differs from {}", inboxes[0].0);
    }
    for (language, recent) in &recents {
        assert!(recent.contains("Łukasz Żółć: \tPrzesyłka dotarła\n"), "{language}\n{recent}");
        assert_eq!(*recent, recents[0].1, "{language} differs from {}", recents[0].0);
    }
    support::shows("dovecot", &["V1"]);
}

/// What interrupts a language interrupts a call that waits, at once, and the connection stays.
#[test]
fn calls_are_interrupted_by_each_language() {
    let Some(server) = Server::start("dovecot") else { return };
    server.load_mail();
    let folder = support::Folder::new();
    let bindings = project().join("tests/bindings");
    let script = |program: &str, file: &str| {
        let mut command = Command::new(program);
        command.arg(bindings.join(file));
        command
    };
    let go = go_program(&bindings.join("go"), "interrupt", &folder.0);
    for (mut command, expected) in [
        (
            script("ruby", "ruby/interrupt.rb"),
            "Timeout.timeout: at once\nThread#kill: at once\nstill connected\n",
        ),
        (script("python3", "python/interrupt.py"), "Ctrl-C: at once\nstill connected\n"),
        (Command::new(go), "context: at once true\ncancelled: true\nstill connected\n"),
        // And Ruby's own loop drives a client.
        (script("ruby", "ruby/select.rb"), "29 messages in INBOX\n"),
    ] {
        command
            .arg(server.url())
            .env("LIBIMAP", library().join("libimap.so.0.1"))
            .env("LD_LIBRARY_PATH", library())
            .env("IMAP_PASSWORD", "secret-a")
            .env("IMAP_CA_FILE", server.ca());
        let output = observe(command, Duration::from_secs(60));
        assert_eq!((output.code, output.out.as_str()), (Some(0), expected), "{}", output.err);
    }
}

/// What `make install` ships as imap.cdef.
fn write_cdef(place: &Path) {
    let script = format!("cc -E -P include/imap.h | sed -n '/^typedef enum/,$p' >{}", place.display());
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(project());
    let output = finish(command, Duration::from_secs(60));
    assert_eq!(output.code, Some(0), "{}", output.err);
}

fn go_program(folder: &Path, name: &str, out: &Path) -> std::path::PathBuf {
    let program = out.join(format!("go-{name}"));
    let mut command = Command::new("go");
    command
        .args(["build", "-o"])
        .arg(&program)
        .arg(format!("./{name}"))
        .current_dir(folder)
        .env("CGO_CFLAGS", format!("-I{}", project().join("include").display()))
        .env("CGO_LDFLAGS", format!("-L{}", library().display()))
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off");
    let output = finish(command, Duration::from_secs(300));
    assert_eq!(output.code, Some(0), "{}{}", output.out, output.err);
    program
}
