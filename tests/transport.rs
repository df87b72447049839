//! What lies below the session: pins and channel bindings, compression, proxies, and what the caller lends.

mod support;

use std::process::Command;

use support::certificates::Certificates;
use support::program::{example, run, test_program};
use support::proxy::{Kind, Proxy};
use support::scripted::{Play, Scripted};
use support::server::Server;

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
fn versions_and_ciphers_of_tls() {
    let certificates = Certificates::new();
    let ca = format!("20={}", certificates.path("ca.pem"));
    let begin = "S: * OK [CAPABILITY IMAP4rev1] ready\nstall\n";
    let over = |acceptor, is_implicit, begin: &str, option: &str| {
        let play = Play { acceptor, is_implicit, ..Play::default() };
        let server = Scripted::play(begin.into(), play);
        let lines = scenario(&["agreed"], server.port, &[&ca, option]);
        server.abandon();
        lines[1].clone()
    };
    // The server of these tests speaks TLS 1.2.
    let acceptor = || Some(certificates.acceptor("good"));
    let is_old = |agreed: &str| agreed.starts_with("TLSv1.2 TLS_ECDHE_ECDSA_WITH_");
    assert!(is_old(&over(acceptor(), true, begin, "2:0")));
    let upgraded = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] ready\nC: STARTTLS\nS: $ OK go\nstarttls\n\
                    C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK done\nstall\n";
    assert!(is_old(&over(acceptor(), false, upgraded, "2:1")));
    assert_eq!(over(None, false, begin, "2:2"), "none none");
    for name in ["dovecot", "cyrus"] {
        let Some(server) = Server::start(name) else { continue };
        let ca = format!("20={}", server.ca());
        // What OpenSSL's own client agrees on with it.
        let told =
            shell(&format!("openssl s_client -brief -connect localhost:{} </dev/null 2>&1", server.imaps));
        let told = |field: &str| told.lines().find_map(|line| line.strip_prefix(field)).map(str::trim);
        let both = format!("{} {}", told("Protocol version:").unwrap(), told("Ciphersuite:").unwrap());
        assert!(both.starts_with("TLSv1.3 TLS_"), "{both}");
        let port = server.imaps.parse().expect("its number");
        assert_eq!(scenario(&["agreed"], port, &[&ca])[1], both, "{name}");
    }
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

const COMPRESSING: &str = "S: * OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] ready\nC: LOGIN \"alice\" \"secret\"\n\
    S: $ OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] in\n";
const SELECT: &str = "C: SELECT INBOX\nS: * 3 EXISTS\nS: $ OK [READ-WRITE] done\n";

/// The scenario "compressing" against a server that goes on like this.
fn compressing(rest: &str, play: Play, options: &[&str]) -> Vec<String> {
    let server = Scripted::play([COMPRESSING, rest].concat().into_bytes(), play);
    let lines = scenario(&["compressing"], server.port, options);
    server.join();
    lines
}

#[test]
fn compression_begins_right_behind_its_ok() {
    let made = Certificates::new();
    let ca = format!("20={}", made.path("ca.pem"));
    let whole = [
        "connect IMAP_OK",
        "compress IMAP_OK",
        "is_compressed 1",
        "select IMAP_OK",
        "exists 3",
        "0 failures",
    ];
    for step in [None, Some(1)] {
        // What the server says at once is compressed already; what the client says waits for the OK.
        let good = ["C: COMPRESS DEFLATE\nquiet 50\nS: $ OK go\ndeflate\nS: * 2 EXISTS\n", SELECT].concat();
        let play = Play { step, ..Play::default() };
        assert_eq!(compressing(&good, play, &["2:2"]), whole);
    }
    let good = ["C: COMPRESS DEFLATE\nS: $ OK go\ndeflate\n", SELECT].concat();
    let play = Play { acceptor: Some(made.acceptor("good")), is_implicit: true, ..Play::default() };
    assert_eq!(compressing(&good, play, &[&ca]), whole);
    support::shows("scripted", &["COMPRESS=DEFLATE"]);
}

#[test]
fn compression_that_is_refused_or_broken() {
    let refused = ["C: COMPRESS DEFLATE\nS: $ NO [COMPRESSIONACTIVE] TLS does it\n", SELECT].concat();
    let lines = compressing(&refused, Play::default(), &["2:2"]);
    assert_eq!(
        lines[1],
        "compress IMAP_ERR_NO COMPRESS: the server said NO: [COMPRESSIONACTIVE] TLS does it"
    );
    assert_eq!(lines[2..], ["code 1", "is_compressed 0", "select IMAP_OK", "exists 3", "0 failures"]);
    let broken = "C: COMPRESS DEFLATE\nS: $ OK go\ndata\nstall\n";
    let play = Play { data: b"\xff\xff not compressed at all".to_vec(), ..Play::default() };
    let lines = compressing(broken, play, &["2:2"]);
    assert!(lines.iter().any(|line| line.contains("cannot be decompressed")), "{lines:?}");
    let cut = "C: COMPRESS DEFLATE\nS: $ OK go\ndeflate\nC: SELECT INBOX\nS- * 3 EX\nclose\n";
    let lines = compressing(cut, Play::default(), &["2:2"]);
    assert_eq!(lines[3], "select IMAP_ERR_CLOSED the server closed the connection");
}

#[test]
fn compression_by_option_and_its_bombs() {
    let begin = |capabilities: &str| {
        format!(
            "S: * OK [CAPABILITY IMAP4rev1] hi\nC: LOGIN \"alice\" \"secret\"\nS: $ OK [CAPABILITY IMAP4rev1 {capabilities}] \
             in\n"
        )
    };
    let size = 200_000_000;
    let body = format!(
        "C: UID FETCH 1 *\nS- * 1 FETCH (UID 1 BODY[] {{{size}}}\\r\\n\nbytes {size}\nS: )\nS: $ OK done\nC: NOOP\n"
    );
    let compressed =
        [&begin("COMPRESS=DEFLATE"), "C: COMPRESS DEFLATE\nS: $ OK go\ndeflate\n", SELECT, &body].concat();
    let options = ["2:2", "40=alice", "41=secret", "50:1", "80:1000000"];
    // Then a line without an end: the limit holds.
    let server = Scripted::new(&[compressed, "bytes 100000000\nstall\n".to_owned()].concat());
    let lines = scenario(&["bomb"], server.port, &options);
    server.abandon();
    assert_eq!(lines[..2], ["connect IMAP_OK", &format!("total {size} memory constant")]);
    assert!(lines[2].starts_with("noop IMAP_ERR_LIMIT"), "{lines:?}");
    // A server that does not have it, or refuses it after all, is used without.
    for more in ["", "C: COMPRESS DEFLATE\nS: $ NO not now\n"] {
        let capabilities = if more.is_empty() { "IDLE" } else { "COMPRESS=DEFLATE" };
        let server =
            Scripted::new(&[&begin(capabilities), more, "C: LOGOUT\nS: * BYE\nS: $ OK out\n"].concat());
        let lines = scenario(&["leaving"], server.port, &options);
        server.join();
        assert_eq!(lines, ["connect IMAP_OK", "0 failures"]);
    }
}

/// Long messages either way, and everything that tests/c/live.c does, compressed; over TLS and without.
fn compressed(server: &Server) {
    let ca = format!("20={}", server.ca());
    let login = ["50:1", "40=bob", "41=secret-b", "46:1"];
    for (port, tls, options) in [(&server.imap, 0, ["2:2"]), (&server.imaps, 1, [ca.as_str()])] {
        let lines = scenario(&["traffic"], port.parse().expect("a port"), &[&login[..], &options].concat());
        let expected = ["connect IMAP_OK", &format!("tls {tls} compressed 1"), "same 12", "0 failures"];
        assert_eq!(lines, expected);
    }
    let port = format!("1={}", server.imaps);
    let arguments = [&["", port.as_str(), &ca, "48:1"], &login[..]].concat();
    let out = run(&test_program("live"), &arguments, &[]).success();
    assert!(out.contains("recovered origin=0"), "{out}");
    support::shows(server.name, &["COMPRESS=DEFLATE"]);
}

#[test]
fn dovecot_compressed_and_lent() {
    let Some(server) = Server::start("dovecot") else { return };
    compressed(&server);
    lent(&server);
}

#[test]
fn dovecot_2_4_compressed() {
    let Some(server) = Server::start("dovecot-2.4") else { return };
    compressed(&server);
}

#[test]
fn cyrus_compressed() {
    let Some(server) = Server::start("cyrus") else { return };
    compressed(&server);
}

/// Over descriptors and functions of ours: in the clear, with STARTTLS, over TLS and compressed.
fn lent(server: &Server) {
    let ca = format!("20={}", server.ca());
    for (port, options) in [
        (&server.imap, vec!["2:2"]),
        (&server.imap, vec!["2:1", ca.as_str()]),
        (&server.imaps, vec![ca.as_str(), "50:1"]),
    ] {
        for name in ["descriptors", "callbacks", "stepping"] {
            let port = port.parse().expect("a port");
            let lines = scenario(&[name], port, &[&["40=bob", "41=secret-b"], &options[..]].concat());
            assert_eq!(lines.last().expect("a line"), "0 failures", "{name} {options:?} {lines:#?}");
        }
    }
    support::shows(server.name, &["N10"]);
}

#[test]
fn a_child_process_is_a_server_too() {
    // It answers LIST and LOGOUT, whatever their tags are.
    let server = "printf '* PREAUTH [CAPABILITY IMAP4rev1] ready\\r\\n'; while read tag name rest; do case $name in \
        LIST) printf '* LIST () \"/\" INBOX\\r\\n';; LOGOUT*) printf '* BYE bye\\r\\n';; esac; printf '%s OK done\\r\\n' $tag; done";
    let output = run(&example("over_a_child"), &[server], &[]);
    assert_eq!(output.success(), "INBOX\n");
    let failed = run(&example("over_a_child"), &["exit 3"], &[]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.err.contains("the server closed the connection"), "{}", failed.err);
    support::shows("none", &["N9"]);
}

#[test]
fn timeouts_and_limits_can_be_changed_later() {
    let long = "bytes 200000\nS: \n";
    let script = format!(
        "S: * OK [CAPABILITY IMAP4rev1] hi\nC: NOOP\nS: $ OK\nC: NOOP\nwait 600\nS: $ OK\nC: LOGIN *\n\
         S: $ OK [CAPABILITY IMAP4rev1] in\nC: NOOP\n{long}stall\n"
    );
    let server = Scripted::new(&script);
    let lines = scenario(&["configuring"], server.port, &["2:2"]);
    server.abandon();
    assert_eq!(lines, ["connect IMAP_OK", "0 failures"]);
    support::shows("scripted", &["N11"]);
}

#[test]
fn through_proxies() {
    let made = Certificates::new();
    let ca = format!("20={}", made.path("ca.pem"));
    for (kind, url, asked) in [
        (Kind::Socks5, "socks5://127.0.0.1", "localhost"),
        (Kind::Socks4, "socks4a://me@127.0.0.1", "me\0localhost\0"),
        (Kind::Socks4, "socks4://127.0.0.1", "\x7f\0\0\x01\0"),
        (Kind::Http, "http://u:p%40ss@127.0.0.1", "CONNECT localhost:"),
    ] {
        // Nothing that the server says at once behind the proxy's answer is lost, and TLS verifies the server.
        for is_tls in [false, true] {
            let play = Play { acceptor: Some(made.acceptor("good")), is_implicit: is_tls, ..Play::default() };
            let server = Scripted::play(
                b"S: * OK [CAPABILITY IMAP4rev1] hi\nC: LOGOUT\nS: * BYE\nS: $ OK out\n".into(),
                play,
            );
            let proxy = Proxy::new(kind, server.port);
            let url = format!("4={url}:{}", proxy.port);
            let tls = if is_tls { ca.as_str() } else { "2:2" };
            let lines = scenario(&["leaving"], server.port, &[&url, tls, "60:5000"]);
            assert_eq!(lines, ["connect IMAP_OK", "0 failures"], "{url}");
            server.join();
            let told = proxy.join();
            assert!(told.contains(asked), "{url}: {told}");
        }
    }
    // One that is not there, one that is none, one that says nothing.
    let lines = scenario(&["leaving"], 1, &["2:2", "4=socks5://127.0.0.1:1"]);
    assert!(
        lines[0].starts_with("connect IMAP_ERR_CONNECT cannot connect to the proxy socks5://127.0.0.1:1:"),
        "{lines:?}"
    );
    let wrong = Scripted::new("S: * OK I am an IMAP server\nstall\n");
    let url = format!("4=http://127.0.0.1:{}", wrong.port);
    let lines = scenario(&["leaving"], 1, &["2:2", &url]);
    wrong.abandon();
    assert!(lines[0].contains("does not speak HTTP"), "{lines:?}");
    let silent = Scripted::new("stall\n");
    let url = format!("4=socks5://127.0.0.1:{}", silent.port);
    let lines = scenario(&["leaving"], 1, &["2:2", &url, "60:300"]);
    silent.abandon();
    assert!(lines[0].starts_with("connect IMAP_ERR_TIMEOUT the proxy socks5://"), "{lines:?}");
}

#[test]
fn compression_ends_with_the_login() {
    let capabilities = "[CAPABILITY IMAP4rev1 UNAUTHENTICATE COMPRESS=DEFLATE]";
    let begin = "C: COMPRESS DEFLATE\nS: $ OK go\ndeflate\n";
    let script = format!(
        "S: * OK {capabilities} hi\nC: LOGIN *\nS: $ OK {capabilities} in\n{begin}C: UNAUTHENTICATE\n\
         S: $ OK {capabilities} out\nplain\nC: LOGIN \"bob\" *\nS: $ OK {capabilities} in\n{begin}"
    );
    let server = Scripted::new(&script);
    let lines = scenario(&["unauthenticating"], server.port, &["2:2", "50:1", "40=alice", "41=secret"]);
    server.join();
    let (on, off) = ("tls 0 compressed 1", "tls 0 compressed 0");
    assert_eq!(lines, ["connect IMAP_OK", on, off, on, "0 failures"]);
}
