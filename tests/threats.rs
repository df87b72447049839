//! What attackers, broken servers and careless callers do, as far as no other test shows it: rows of tests/threats.md.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use support::certificates::Certificates;
use support::program::{Output, finish, run, test_program};
use support::scripted::{Play, Scripted};
use support::{is_like, project};

const CLEAR: [&str; 2] = ["number:2:2", "number:46:1"];
const SHORT: [&str; 4] = ["number:60:3000", "number:61:700", "number:62:700", "number:63:700"];

/// Runs steps against a port; gives what those behind the options printed.
fn steps(port: u16, options: &[&str], steps: &[&str]) -> Vec<String> {
    lines(run(&test_program("steps"), &arguments(port, options, steps), &[]), options.len() + 1)
}

fn arguments<'a>(port: u16, options: &[&'a str], steps: &[&'a str]) -> Vec<&'a str> {
    let port: &str = Box::leak(format!("number:1:{port}").into_boxed_str());
    [&[port], options, steps].concat()
}

fn lines(output: Output, skipped: usize) -> Vec<String> {
    output.success().lines().skip(skipped).map(str::to_owned).collect()
}

#[track_caller]
fn like(expected: &[&str], lines: &[String]) {
    let is_right = expected.len() == lines.len()
        && expected.iter().zip(lines).all(|(expected, line)| is_like(expected, line));
    assert!(is_right, "expected {expected:#?}\ngot {lines:#?}");
}

/// STARTTLS is sent although nothing is offered; whatever is answered but OK, no more is said, a password least of all.
#[test]
fn starttls_that_is_taken_away_or_refused() {
    let options = [&["number:2:1", "text:40:alice", "text:41:secret"][..], &SHORT].concat();
    for (greeting, answer, expected) in [
        ("[CAPABILITY IMAP4rev1 AUTH=PLAIN] hi", "S: $ NO no\nstall\n", "IMAP_ERR_TLS"),
        ("hi", "S: $ BAD what\nstall\n", "IMAP_ERR_TLS"),
        ("[CAPABILITY IMAP4rev1 LOGINDISABLED] hi", "S: + go on\nstall\n", "IMAP_ERR_T"),
        ("hi", "S: * BYE no\nclose\n", "IMAP_ERR_CLOSED"),
        ("hi", "close\n", "IMAP_ERR_"),
        ("hi", "stall\n", "IMAP_ERR_TIMEOUT"),
        // So it is in the examples of RFC 5550.
        ("hi", "S: $ Start TLS negotiation now\nstall\n", "IMAP_ERR_PROTOCOL"),
        // What is asked first need not be answered well either.
        ("hi", "S: * CAPABILITY IMAP4rev1\nS: $ BAD no\nclose\n", "IMAP_ERR_"),
    ] {
        let server = Scripted::new(&format!("S: * OK {greeting}\nC: STARTTLS\n{answer}"));
        let told = steps(server.port, &options, &["connect:localhost", "login:alice:secret", "state"]);
        let sent = server.abandon();
        assert!(told[0].starts_with(&format!("connect: {expected}")), "{answer}: {told:?}");
        assert!(told[1].starts_with("login: IMAP_ERR_INVALID"), "{answer}: {told:?}");
        assert_eq!(sent.len(), 1, "{answer}: {sent:?}");
    }
}

/// Everything that was said in the clear, the answers to all tags that one might guess among it, is forgotten.
#[test]
fn nothing_said_before_tls_counts_after_it() {
    let made = Certificates::new();
    let ca = format!("text:20:{}", made.path("ca.pem"));
    let guesses: String = (1..=9999).map(|n| format!("A{n} OK done\\r\\n{n} OK done\\r\\n")).collect();
    let script = format!(
        "S- * OK [CAPABILITY IMAP4rev1 X-CLEAR] hi\\r\\n{guesses}\n\
         S: * LIST () \"/\" evil\nS: * 9 EXISTS\nS: * FLAGS (\\Evil)\nS: * OK [ALERT] evil\nS: * OK [REFERRAL imap://evil/] x\n\
         S: * CAPABILITY IMAP4rev1 X-CLEAR\nC: STARTTLS\nS: * 8 EXISTS\nS: $ OK go\nstarttls\n\
         C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK done\nC: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1] in\n\
         C: NOOP\nS: * OK hello\nS: $ OK done\n"
    );
    let play = Play { acceptor: Some(made.acceptor("good")), ..Play::default() };
    let server = Scripted::play(script.into_bytes(), play);
    let options = [&["number:2:1", "text:3:127.0.0.1", &ca][..], &SHORT].concat();
    let all = ["connect:localhost", "has:X-CLEAR", "login:a:b", "selected", "noop", "events"];
    let told = steps(server.port, &options, &all);
    server.abandon();
    like(&["connect:", "has: 0", "login:", "selected: IMAP_ERR_STATE#", "noop:", "#"], &told);
    // What was told is marked, or gone.
    let after = ["CAPABILITY]", "OK hello]", "CLOSED "];
    let is_marked =
        |event: &str| event.trim_end().ends_with(" early]") || after.iter().any(|one| event.starts_with(one));
    assert!(told[5].contains("hello") && told[5].split('[').skip(1).all(is_marked), "{}", told[5]);
}

/// Bytes behind the OK of STARTTLS, cut at every place.
#[test]
fn nothing_may_follow_the_ok_of_starttls() {
    let made = Certificates::new();
    let ca = format!("text:20:{}", made.path("ca.pem"));
    let options = [&["number:2:1", "text:3:127.0.0.1", &ca][..], &SHORT].concat();
    let suffix = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] evil\\r\\n";
    for cut in (0..suffix.len()).filter(|cut| !suffix[..*cut].ends_with('\\')).step_by(4) {
        let (with, later) = suffix.split_at(cut);
        let script =
            format!("S: * OK hi\nC: STARTTLS\nS- $ OK go\\r\\n{with}\nwait 30\nS- {later}\nstarttls\nall\n");
        let play = Play { acceptor: Some(made.acceptor("good")), ..Play::default() };
        let server = Scripted::play(script.into_bytes(), play);
        let told = steps(server.port, &options, &["connect:localhost", "login:a:secret"]);
        let sent = server.abandon();
        assert!(told[0].starts_with("connect: IMAP_ERR_TLS"), "{cut}: {told:?}");
        assert!(!format!("{sent:?}").contains("secret"), "{cut}: {sent:?}");
    }
}

#[test]
fn greetings_of_attackers() {
    let big = "x".repeat(1 << 20);
    for greeting in ["S: * BAD hi\n", "S: + hi\n", "S: * 3 EXISTS\n", "S: \0\n", &format!("S: {big}\n")] {
        let server = Scripted::new(&format!("{greeting}stall\n"));
        let told = steps(server.port, &[&CLEAR[..], &SHORT].concat(), &["connect:127.0.0.1", "state"]);
        server.abandon();
        like(&["connect: IMAP_ERR_#", "state: 4"], &told);
    }
}

/// A failed CAPABILITY behind STARTTLS is a failed connection, not one of less.
#[test]
fn a_failure_never_lowers_what_is_asked_for() {
    let made = Certificates::new();
    let ca = format!("text:20:{}", made.path("ca.pem"));
    let options = [&["number:2:1", "text:3:127.0.0.1", &ca][..], &SHORT].concat();
    for answer in ["S: $ NO no\n", "S: $ BAD no\n", "close\n"] {
        let script = format!("S: * OK hi\nC: STARTTLS\nS: $ OK go\nstarttls\nC: CAPABILITY\n{answer}all\n");
        let play = Play { acceptor: Some(made.acceptor("good")), ..Play::default() };
        let server = Scripted::play(script.into_bytes(), play);
        let told = steps(server.port, &options, &["connect:localhost", "connection"]);
        server.abandon();
        let is_safe = told[0].contains("IMAP_ERR_") || told[1].starts_with("connection: tls=1 verified=1");
        assert!(is_safe, "{answer}: {told:?}");
    }
}

/// One process connects with each of several policies in turn: none takes over what another allowed.
#[test]
fn policies_are_never_shared() {
    let made = Certificates::new();
    let own = format!("text:20:{}", made.path("self-signed.pem"));
    let other = format!("text:20:{}", made.path("ca.pem"));
    let policies = [
        ["number:29:1", "number:64:300"],
        ["number:29:0", &other],
        ["number:29:0", &own],
        ["number:29:0", &other],
    ];
    let servers = policies.map(|_| {
        let play =
            Play { acceptor: Some(made.acceptor("self-signed")), is_implicit: true, ..Play::default() };
        Scripted::play(b"S: * OK [CAPABILITY IMAP4rev1] hi\nstall\n".to_vec(), play)
    });
    let ports = servers.each_ref().map(|server| format!("number:1:{}", server.port));
    let mut all = Vec::new();
    for (port, policy) in ports.iter().zip(policies) {
        all.extend([port, policy[0], policy[1], "connect:localhost"]);
    }
    let told = steps(1, &["text:3:127.0.0.1", "number:61:3000"], &all);
    servers.into_iter().for_each(|server| drop(server.abandon()));
    let connects: Vec<String> = told.into_iter().filter(|line| line.starts_with("connect")).collect();
    let refused = "connect: IMAP_ERR_CERTIFICATE#";
    like(&["connect:", refused, "connect:", refused], &connects);
}

#[test]
fn names_in_certificates_and_what_they_are_for() {
    let made = Certificates::new();
    let ca = format!("text:20:{}", made.path("ca.pem"));
    for (at, (extensions, host, expected)) in [
        ("subjectAltName=DNS:*.example.org", "mail.example.org", ""),
        ("subjectAltName=DNS:*.example.org", "mail.example.org.", ""),
        ("subjectAltName=DNS:*.example.org", "a.mail.example.org", "CERTIFICATE"),
        ("subjectAltName=DNS:*.example.org", "example.org", "CERTIFICATE"),
        ("subjectAltName=DNS:m*l.example.org", "mail.example.org", "CERTIFICATE"),
        ("subjectAltName=DNS:127.0.0.1", "127.0.0.1", "CERTIFICATE"),
        ("subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth", "localhost", "CERTIFICATE"),
        ("subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth", "localhost", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("kind{at}");
        made.add(&name, extensions);
        let play = Play { acceptor: Some(made.acceptor(&name)), is_implicit: true, ..Play::default() };
        let server = Scripted::play(b"S: * OK [CAPABILITY IMAP4rev1] hi\nstall\n".to_vec(), play);
        let told = steps(server.port, &["text:3:127.0.0.1", &ca], &[&format!("connect:{host}")]);
        server.abandon();
        let expected = if expected.is_empty() { "connect:" } else { "connect: IMAP_ERR_CERTIFICATE#" };
        assert!(is_like(expected, &told[0]), "{extensions} for {host}: {told:?}");
    }
}

#[test]
fn hosts_that_are_none() {
    for host in ["", "a\\r\\nb", "a b", &"a".repeat(64), &"a.".repeat(200), "\u{1}", "ex\u{202e}ample"] {
        let told = steps(1, &SHORT, &[&format!("connect:{host}")]);
        let is_error = told[0].starts_with("connect: IMAP_ERR_") && !told[0].contains("INTERNAL");
        assert!(is_error, "{host}: {told:?}");
    }
}

/// The system's certificates come from where the environment says; without them, those count that the caller names.
#[test]
fn certificates_to_trust_are_read_or_refused() {
    let made = Certificates::new();
    let folder = &made.folder.0;
    let good = std::fs::read_to_string(made.path("ca.pem")).expect("a certificate");
    let cut = &good[..good.len() / 2];
    for (name, text) in [("garbage", "garbage"), ("empty", ""), ("cut", cut)] {
        std::fs::write(folder.join(name), text).expect("a file");
        let server = Scripted::new("stall\n");
        let ca = format!("text:20:{}", made.path(name));
        let told = steps(server.port, &SHORT, &["text:3:127.0.0.1", &ca, "connect:localhost"]).split_off(1);
        server.abandon();
        assert!(told[1].starts_with("connect: IMAP_ERR_INVALID"), "{name}: {told:?}");
    }
    made.add("other", "");
    let ca = format!("text:20:{}", made.path("other.pem"));
    let play = Play { acceptor: Some(made.acceptor("good")), is_implicit: true, ..Play::default() };
    let server = Scripted::play(b"S: * OK [CAPABILITY IMAP4rev1] hi\nstall\n".to_vec(), play);
    let all = arguments(server.port, &["text:3:127.0.0.1", &ca, "number:22:0"], &["connect:localhost"]);
    let path = made.path("ca.pem");
    let told = lines(run(&test_program("steps"), &all, &[("SSL_CERT_FILE", &path)]), 4);
    server.abandon();
    like(&["connect: IMAP_ERR_CERTIFICATE#"], &told);
}

/// A certificate of which no binding can be made: -PLUS is refused before anything is sent, and not with an empty one.
#[test]
fn a_binding_that_cannot_be_made_is_none() {
    let made = Certificates::new();
    made.add_of("ed25519", &["-algorithm", "ED25519"], "subjectAltName=DNS:localhost");
    let ca = format!("text:20:{}", made.path("ed25519.pem"));
    let play = Play { acceptor: Some(made.acceptor("ed25519")), is_implicit: true, ..Play::default() };
    let script = b"S: * OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256-PLUS] hi\nall\n";
    let server = Scripted::play(script.to_vec(), play);
    let all = ["connect:localhost", "auth:SCRAM-SHA-256-PLUS:alice:secret", "state"];
    let told = steps(server.port, &["text:3:127.0.0.1", &ca], &all);
    let sent = server.abandon();
    like(&["connect:", "auth: IMAP_ERR_STATE usable=1: #channel to bind to#", "state: 1"], &told);
    assert!(!format!("{sent:?}").contains("AUTHENTICATE"), "{sent:?}");
}

/// The server of the openssl program, for what the tests' own cannot do.
struct OpenSsl {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    port: u16,
}

impl OpenSsl {
    fn start(made: &Certificates, arguments: &[&str]) -> OpenSsl {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", "0", "-naccept", "1", "-cert", &made.path("good.pem"), "-key"]);
        command.arg(made.path("good.key")).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().expect("openssl runs");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut server = OpenSsl { child, input, output, port: 0 };
        let line = server.until("ACCEPT");
        server.port = line.rsplit(':').next().and_then(|port| port.trim().parse().ok()).expect("a port");
        server
    }

    /// Reads up to a line that holds this, and gives it.
    fn until(&mut self, what: &str) -> String {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            let count = self.output.read_line(&mut line).expect("a line");
            assert!(count > 0, "the server ended before it said {what}");
        }
        line
    }

    /// In one write, since a letter at its beginning is a command to the program.
    fn say(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).and_then(|()| self.input.flush()).expect("the server listens");
        std::thread::sleep(Duration::from_millis(30));
    }

    fn stop(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client in a thread; `talk` is what the server says meanwhile.
fn against_openssl(
    made: &Certificates,
    server: &[&str],
    all: &[&str],
    talk: impl FnOnce(&mut OpenSsl),
) -> Vec<String> {
    let mut server = OpenSsl::start(made, server);
    let ca = format!("text:20:{}", made.path("ca.pem"));
    let all = [&["text:3:127.0.0.1 ::1", &ca, "number:61:5000"][..], all].concat();
    let all = arguments(server.port, &all, &[]);
    let program = test_program("steps");
    let told = std::thread::scope(|scope| {
        let client = scope.spawn(|| run(&program, &all, &[]));
        talk(&mut server);
        client.join().expect("the client")
    });
    server.stop();
    lines(told, 4)
}

#[test]
fn keys_change_while_commands_run() {
    let made = Certificates::new();
    let mut all = vec!["connect:localhost"];
    all.extend(["noop"; 10]);
    let told = against_openssl(&made, &["-tls1_3"], &all, |server| {
        server.say("* OK [CAPABILITY IMAP4rev1] hi\r\n");
        for round in 0..10 {
            let line = server.until("NOOP");
            let tag = line.split(' ').next().unwrap_or_default();
            // Now the server's key alone, now the client's too.
            server.say(if round % 2 == 0 { "K\n" } else { "k\n" });
            server.say(&format!("* OK x\r\n{tag} OK done\r\n"));
        }
    });
    assert_eq!(told[0], "connect:");
    assert_eq!(told[1..], ["noop:"; 10]);
}

#[test]
fn old_versions_and_other_protocols_are_refused() {
    let made = Certificates::new();
    let greet = |server: &mut OpenSsl| server.say("* OK [CAPABILITY IMAP4rev1] hi\r\n");
    let lax = "DEFAULT:@SECLEVEL=0";
    let told = |server: &[&str], option: &str| {
        let steps = [option, "connect:localhost"];
        against_openssl(&made, server, &steps, greet).remove(1)
    };
    let none = "number:64:300";
    assert_eq!(told(&["-tls1_2"], none), "connect:");
    assert!(told(&["-tls1_1", "-cipher", lax], none).starts_with("connect: IMAP_ERR_TLS"));
    assert!(told(&["-tls1_2"], "number:23:13").starts_with("connect: IMAP_ERR_TLS"));
    assert_eq!(told(&["-alpn", "imap"], none), "connect:");
    assert!(told(&["-alpn", "h2"], none).starts_with("connect: IMAP_ERR_TLS"));
}

/// An end that TLS did not announce is told from one that it did.
#[test]
fn a_cut_connection_is_no_end() {
    let made = Certificates::new();
    let told = against_openssl(&made, &["-tls1_3"], &["connect:localhost", "noop"], |server| {
        server.say("* OK [CAPABILITY IMAP4rev1] hi\r\n");
        server.until("NOOP");
        let _ = server.child.kill();
    });
    assert!(told[1].starts_with("noop: IMAP_ERR_CLOSED usable=0"), "{told:?}");
    assert!(told[1].contains("TLS") || told[1].contains("cut"), "{told:?}");
}

#[test]
fn challenges_without_end_are_given_up() {
    let script = format!(
        "S: * OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] hi\nC: AUTHENTICATE XOAUTH2\n{}S: $ NO no\nall\n",
        "S: + \nc: *\n".repeat(9)
    );
    let server = Scripted::new(&script);
    let options = [&CLEAR[..], &SHORT].concat();
    let told = steps(server.port, &options, &["connect:127.0.0.1", "auth:XOAUTH2:bob:token"]);
    let sent = server.abandon();
    assert!(told[1].starts_with("auth: IMAP_ERR_"), "{told:?}");
    assert!(sent.len() <= 10, "{sent:?}");
}

/// A literal of 900 MB is announced, and ten bytes come: nobody set so much memory aside.
#[test]
fn memory_comes_with_the_bytes() {
    let script = "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: SELECT INBOX\nS: * 1 EXISTS\nS: $ OK done\n\
                  C: UID FETCH *\nS- * 1 FETCH (UID 1 BODY[] {900000000}\\r\\n0123456789\nclose\n";
    let server = Scripted::new(script);
    let program = test_program("steps");
    let all = arguments(server.port, &CLEAR, &["connect:127.0.0.1", "select:INBOX", "fetch:1:BODY.PEEK[]"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 200000; exec \"$@\"", "sh"]).arg(program).args(all);
    let told = lines(finish(command, Duration::from_secs(30)), 3);
    server.abandon();
    like(&["connect:", "select: #", "fetch: IMAP_ERR_CLOSED usable=0#"], &told);
}

/// Events that nobody takes are bounded, and that some are gone is one of them.
#[test]
fn a_flood_of_news_ends_in_one_that_says_so() {
    let script = format!(
        "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: NOOP\n{}S: $ OK done\nstall\n",
        "S: * OK flood\n".repeat(500)
    );
    let server = Scripted::new(&script);
    let options = [&CLEAR[..], &["number:85:20"]].concat();
    let told = steps(server.port, &options, &["connect:127.0.0.1", "noop", "events"]);
    server.abandon();
    assert!(told[2].contains("[OVERFLOW") && told[2].matches("flood").count() <= 20, "{told:?}");
}

/// No descriptor is left, and one beyond what select() can watch.
#[test]
fn descriptors_run_out_and_have_high_numbers() {
    let script = "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: NOOP\nS: $ OK done\n";
    let program = test_program("steps");
    let told = |before: &str| {
        let server = Scripted::new(script);
        let mut command = Command::new("bash");
        command.args(["-c", &format!("{before}; exec \"$@\""), "bash"]).arg(&program);
        command.args(arguments(server.port, &CLEAR, &["connect:127.0.0.1", "noop"]));
        let told = lines(finish(command, Duration::from_secs(30)), 3);
        server.abandon();
        told
    };
    // The library is opened through the last one.
    like(
        &["connect: IMAP_ERR_#Too many open files#", "noop: IMAP_ERR_INVALID#"],
        &told("exec 3</dev/null; ulimit -n 5"),
    );
    like(&["connect:", "noop:"], &told("for ((i = 0; i < 1100; i++)); do exec {fd}</dev/null; done"));
}

/// A password is in no memory of ours once the login is over, in no form. OpenSSL is not asked for anything here.
#[test]
fn passwords_do_not_stay_in_memory() {
    for (greeting, reply) in [
        ("IMAP4rev1", "C: LOGIN *\n"),
        ("IMAP4rev1 SASL-IR AUTH=PLAIN", "C: AUTHENTICATE PLAIN *\n"),
        ("IMAP4rev1 AUTH=PLAIN", "C: AUTHENTICATE PLAIN\nS: + \nc: *\n"),
    ] {
        let script = format!(
            "S: * OK [CAPABILITY {greeting}] hi\n{reply}S: $ OK [CAPABILITY IMAP4rev1] in\nC: NOOP\nS: $ OK done\n"
        );
        let server = Scripted::new(&script);
        let output = run(&test_program("secrets"), &[&server.port.to_string()], &[]);
        let sent = server.abandon();
        assert_eq!(output.out, "found 0\n", "{greeting}: {sent:?}");
    }
}

/// The library is loaded, used and unloaded again and again, also under a thread that outlives it.
#[test]
fn the_library_can_be_unloaded() {
    let library = support::program::library().join("libimap.so");
    let out = run(&test_program("reload"), &[&library.display().to_string()], &[]).success();
    assert_eq!(out, "1000 times\n");
}

/// The clock on the wall may jump: no wait looks at it, only a search for what is older than some seconds. Files are read where the caller names certificates, programs
/// are never run.
#[test]
fn the_clock_on_the_wall_files_and_programs_are_left_alone() {
    let mut folders = vec![project().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let is_one_of = |files: &[&str]| files.iter().any(|file| path.ends_with(file));
            let may_read = is_one_of(&["net/tls.rs", "capi/options.rs"]);
            let may_know_the_day = is_one_of(&["commands/search.rs"]);
            for word in
                ["SystemTime::now", "process::Command", "std::fs", "libc::open", "libc::system", "libc::exec"]
            {
                let is_fine = match word {
                    "std::fs" => may_read,
                    "SystemTime::now" => may_know_the_day,
                    _ => false,
                };
                assert!(is_fine || !code.contains(word), "{word} in {}", path.display());
            }
        }
    }
}

/// Each crate that the library is made from has a licence that allows it, and a version that is locked.
#[test]
fn crates_are_locked_and_free() {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
        ])
        .current_dir(project());
    let tree = finish(command, Duration::from_secs(60)).success();
    let crates: std::collections::BTreeSet<&str> =
        tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    assert!(crates.len() > 10 && crates.len() < 60, "{} crates", crates.len());
    for one in crates {
        let (_, licence) = one.split_once('|').expect("a licence");
        let is_free = ["MIT", "Apache-2.0", "BSD-3-Clause", "Zlib", "0BSD", "ISC"]
            .iter()
            .any(|free| licence.contains(free));
        assert!(is_free, "{one}");
    }
}
