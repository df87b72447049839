//! What lies below the session: pins and channel bindings, compression, proxies, and what the caller lends.

mod support;

use std::process::Command;

use support::certificates::Certificates;
use support::program::{run, test_program};
use support::scripted::{Play, Scripted};

const GREETING: &str = "S: * OK [CAPABILITY IMAP4rev1] ready\nstall\n";

/// Runs a scenario of tests/c/transport.c against a server on this port; gives what it printed.
fn scenario(name: &[&str], port: u16, options: &[&str]) -> Vec<String> {
    let port = format!("1:{port}");
    let arguments = [name, &[&port, "46:1"], options].concat();
    run(&test_program("transport"), &arguments, &[]).success().lines().map(str::to_owned).collect()
}

/// What a shell command prints, without the line's end.
fn shell(command: &str) -> String {
    let output = Command::new("sh").arg("-c").arg(command).output().expect("a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The pin of a certificate, as the openssl program makes it.
fn pin(certificate: &str) -> String {
    shell(&format!(
        "openssl x509 -in {certificate} -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary \
         | base64"
    ))
}

#[test]
fn pinned_keys_and_channel_bindings() {
    let made = Certificates::new();
    let ca = format!("20={}", made.path("ca.pem"));
    let (good, other) = (pin(&made.path("good.pem")), pin(&made.path("other-host.pem")));
    let hash = shell(&format!("openssl x509 -in {} -outform der | sha256sum", made.path("good.pem")));
    let connected = format!("binding {}", hash.split(' ').next().unwrap_or_default());
    let refused = format!(
        "connect IMAP_ERR_CERTIFICATE the public key of localhost is none of IMAP_OPTION_PIN: it is {good}"
    );
    for (pins, expected) in [
        (good.clone(), ["connect IMAP_OK", &connected]),
        (format!("{other} {good}"), ["connect IMAP_OK", &connected]),
        (other, [&refused, "0 failures"]),
    ] {
        let play = Play { acceptor: Some(made.acceptor("good")), is_implicit: true, ..Play::default() };
        let server = Scripted::play(GREETING.into(), play);
        let lines = scenario(&["binding"], server.port, &[&ca, &format!("28={pins}")]);
        assert_eq!(lines[..2], expected, "{pins}");
        server.abandon();
    }
    // A pin holds also where nothing else is verified.
    for (pin, expected) in
        [(pin(&made.path("self-signed.pem")), "connect IMAP_OK"), (good, "connect IMAP_ERR_CERTIFICATE")]
    {
        let play =
            Play { acceptor: Some(made.acceptor("self-signed")), is_implicit: true, ..Play::default() };
        let server = Scripted::play(GREETING.into(), play);
        let lines = scenario(&["binding"], server.port, &["29:1", &format!("28={pin}")]);
        assert!(lines[0].starts_with(expected), "{lines:?}");
        server.abandon();
    }
    let bare = Scripted::new(GREETING);
    assert_eq!(scenario(&["binding"], bare.port, &["2:2"])[1], "binding ");
    bare.abandon();
    support::shows("scripted", &["N6"]);
}
