//! The protocol log and the trace, from C: what they show, what they never show, and that a trace can be played again.

mod support;

use std::fs;

use support::program::{run, test_program};
use support::scripted::Scripted;
use support::{Folder, replay, shows};

const GREETING: &str = "S: * OK [CAPABILITY IMAP4rev1 LITERAL- UIDPLUS] ready\n";
const LOGIN: &str = "C: LOGIN \"alice\" \"secret\"\nS: $ OK [CAPABILITY IMAP4rev1 LITERAL- UIDPLUS] in\n";
const SELECT: &str = "C: SELECT INBOX\nS: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK [READ-WRITE] done\n";

/// What steps printed, and the files that they wrote.
struct Written {
    out: Vec<String>,
    folder: Folder,
}

impl Written {
    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.0.join(name)).unwrap_or_default()
    }
}

/// Plays a script to steps; FILE stands for the folder of their files.
fn played(script: &str, arguments: &[&str]) -> Written {
    let server = Scripted::new(script);
    let folder = Folder::new();
    let port = format!("number:1:{}", server.port);
    let named: Vec<String> =
        arguments.iter().map(|step| step.replace("FILE", &folder.0.to_string_lossy())).collect();
    let mut all = vec![port.as_str(), "number:2:2", "number:46:1", "number:63:2000", "number:64:300"];
    all.extend(named.iter().map(String::as_str));
    let output = run(&test_program("steps"), &all, &[]);
    assert_eq!(output.code, Some(0), "{}\n{}\n{:#?}", output.out, output.err, server.abandon());
    server.join();
    Written { out: output.out.lines().skip(5).map(str::to_owned).collect(), folder }
}

/// A trace without its times.
fn timeless(trace: &str) -> String {
    trace.lines().map(|line| line.split_once(' ').map_or(line, |(_, line)| line).to_owned() + "\n").collect()
}

/// Tags are not the same twice.
fn tagless(log: &str) -> String {
    let tag = |word: &&str| {
        word.len() > 6 && word[..6].chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let line = |line: &str| match line.split(' ').nth(1).filter(tag) {
        Some(tag) => line.replace(tag, "T"),
        None => line.to_owned(),
    };
    log.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn every_line_is_logged_in_order() {
    let script = [
        GREETING,
        LOGIN,
        SELECT,
        "C: UID FETCH 1 (UID BODY.PEEK[])\nS: * 1 FETCH (UID 1 BODY[] {20000}\nbytes 20000\nS:  FLAGS ())\nS: $ OK done\n",
        "C: APPEND INBOX {5000}\nS: + go\ndrain 5000\nc: \nS: $ OK done\n",
        "C: NOOP\nS: * OK esc \x1b[2J\nS: $ OK done\n",
        "C: LOGOUT\nS: * BYE see you\nS: $ OK bye\n",
    ];
    let append = format!("append:INBOX:{}", "m".repeat(5000));
    let steps =
        ["log:FILE/log", "connect:127.0.0.1", "login:alice:secret", "select:INBOX", "fetch:1:BODY.PEEK[]"];
    let written = played(&script.concat(), &[&steps[..], &[&append, "noop", "logout"]].concat());
    let log = tagless(&written.file("log"));
    let (port, log) = log.split_once('\n').expect("lines");
    assert!(port.starts_with("#: connecting to 127.0.0.1:"), "{port}");
    let (port, log) = log.split_once('\n').expect("lines");
    assert!(port.starts_with("#: connected to 127.0.0.1:"), "{port}");
    let expected = [
        "S: * OK [CAPABILITY IMAP4rev1 LITERAL- UIDPLUS] ready",
        "C: T LOGIN ***",
        "S: T OK [CAPABILITY IMAP4rev1 LITERAL- UIDPLUS] in",
        "C: T SELECT INBOX",
        "S: * 3 EXISTS",
        "S: * OK [UIDVALIDITY 7] x",
        "S: T OK [READ-WRITE] done",
        "C: T UID FETCH 1 (UID BODY.PEEK[])",
        "S: * 1 FETCH (UID 1 BODY[] {20000}",
        "S: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "S:  FLAGS ())",
        "S: T OK done",
        "C: T APPEND INBOX {5000}",
        "S: + go",
        "C: mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm",
        "C: ",
        "S: T OK done",
        "C: T NOOP",
        "S: * OK esc \u{241b}[2J",
        "S: T OK done",
        "C: T LOGOUT",
        "S: * BYE see you",
        "S: T OK bye",
        "#: the connection was closed by imap_logout(): connect anew",
        "released",
        "",
    ];
    assert_eq!(log, expected.join("\n"));
}

#[test]
fn a_log_that_wants_no_more_gets_no_more() {
    let script = [GREETING, LOGIN, "C: NOOP\nS: $ OK done\n"].concat();
    let steps = ["log:FILE/log:3", "connect:127.0.0.1", "login:alice:secret", "noop"];
    let log = played(&script, &steps).file("log");
    assert_eq!(log.lines().count(), 4, "{log}");
    assert!(log.ends_with("ready\nreleased\n"), "{log}");
    // One that is taken away before anybody connects is released as well.
    let script = [GREETING, LOGIN].concat();
    let steps = ["log:FILE/log", "nolog", "connect:127.0.0.1", "login:alice:secret"];
    assert_eq!(played(&script, &steps).file("log"), "released\n");
}

#[test]
fn what_is_tried_is_noted() {
    let script = format!("{GREETING}C: NOOP\nclose\n");
    let steps = ["text:3:127.0.0.2 127.0.0.1", "log:FILE/log", "connect:example.invalid", "noop"];
    let log = played(&script, &steps).file("log");
    for note in [
        "#: connecting to 127.0.0.2:",
        "#: 127.0.0.2:",
        "#: connected to 127.0.0.1:",
        "#: the server closed the",
    ] {
        assert!(log.contains(note), "{note} in\n{log}");
    }
}

/// The servers play back all that they were sent, in the clear where it was encoded.
#[test]
fn no_password_is_ever_shown() {
    let in_ = "S: $ OK [CAPABILITY IMAP4rev1] secret-b and c2VjcmV0LWI= for carla in\n";
    let echo = "S: * OK you said secret-b, c2VjcmV0LWI=, right?\n";
    let raw = "S: * OK you said AGNhcmxhAHNlY3JldC1i\n";
    let no = "S: $ NO carla has no password secret-b\n";
    let greeting = |all: &str| format!("S: * OK [CAPABILITY IMAP4rev1 {all}] ready\n");
    let scram = |hash: &str| {
        let hello = greeting(&format!("SASL-IR AUTH=SCRAM-{hash}"));
        let challenge = "cj1mb3JlaWduLHM9UVNYQ1IrUTZzZWs4YmY5MixpPTQwOTY=";
        format!("{hello}C: AUTHENTICATE SCRAM-{hash} *\nS: + {challenge}\nc: *\nS: $ NO no\n")
    };
    let login = "login:carla:secret-b";
    let by = |name: &str| format!("auth:{name}:carla:secret-b");
    let hello = |name: &str| greeting(&format!("AUTH={name}"));
    let eager = |name: &str| greeting(&format!("SASL-IR AUTH={name}"));
    let cases = [
        (format!("{}C: LOGIN *\n{echo}{in_}", greeting("")), login.to_owned()),
        (format!("{}C: LOGIN *\n{echo}{no}", greeting("")), login.to_owned()),
        (
            format!("{}C: LOGIN \"carla\" {{9}}\nS: + go\nL: 9\nc: \nS: $ NO secr\u{e9}t-b\n", greeting("")),
            "login:carla:secr\u{e9}t-b".to_owned(),
        ),
        (format!("{}C: LOGIN *\n{echo}{in_}", greeting("LITERAL+")), "login:carl\u{e4}:secret-b".to_owned()),
        (format!("{}C: AUTHENTICATE PLAIN *\n{echo}{raw}{in_}", eager("PLAIN")), login.to_owned()),
        (format!("{}C: AUTHENTICATE PLAIN\nS: + \nc: *\n{echo}{raw}{no}", hello("PLAIN")), by("PLAIN")),
        (
            format!(
                "{}C: AUTHENTICATE LOGIN\nS: + VXNlciBOYW1lAA==\nc: *\nS: + UGFzc3dvcmQA\nc: *\n{echo}{in_}",
                hello("LOGIN")
            ),
            by("LOGIN"),
        ),
        (
            format!(
                "{}C: AUTHENTICATE CRAM-MD5\nS: + PDE4OTYuNjk3QHBvLmU+\nc: *\nS: $ NO no\n",
                hello("CRAM-MD5")
            ),
            by("CRAM-MD5"),
        ),
        (format!("{}C: AUTHENTICATE XOAUTH2 *\n{echo}{no}", eager("XOAUTH2")), by("XOAUTH2")),
        (
            format!(
                "{}C: AUTHENTICATE OAUTHBEARER *\nS: + eyJzdGF0dXMiOiJzZWNyZXQtYiJ9\nc: *\n{echo}{no}",
                eager("OAUTHBEARER")
            ),
            by("OAUTHBEARER"),
        ),
        (scram("SHA-1"), by("SCRAM-SHA-1")),
        (scram("SHA-256"), by("SCRAM-SHA-256")),
        (scram("SHA-512"), by("SCRAM-SHA-512")),
        // A connection that is cut in the middle of it.
        (
            format!("{}C: AUTHENTICATE PLAIN *\n{echo}S: * BYE no secret-b\nclose\n", eager("PLAIN")),
            login.to_owned(),
        ),
    ];
    for (script, step) in cases {
        let steps =
            ["log:FILE/log", "connect:127.0.0.1", &step, "trace:FILE/trace", "noop", "lost:FILE/lost"];
        let server = format!("{script}all\n");
        let written = played(&server, &steps);
        let (log, trace) = (written.file("log"), written.file("trace"));
        let all = format!("{log}\n{trace}\n{}", written.file("lost"));
        assert!(all.contains("***") && all.contains("released"), "{script}\n{:?}\n{all}", written.out);
        for secret in ["secret-b", "secr\u{e9}t", "c2VjcmV0", "NlY3JldC1i", "eyJzd", "PDE4", "VXNlci", "cj1m"]
        {
            assert!(!all.contains(secret), "{secret} is shown\n{script}\n{all}");
        }
    }
    shows("scripted", &["H5", "L1"]);
}

#[test]
fn a_lost_connection_leaves_its_last_words() {
    let script = [GREETING, LOGIN, SELECT, "C: NOOP\nS: * 4 EXISTS\nclose\n"].concat();
    let connect = ["connect:127.0.0.1", "login:alice:secret", "select:INBOX"];
    let written =
        played(&script, &[&connect[..], &["noop", "lost:FILE/lost", "noop", "lost:FILE/later"]].concat());
    let lost = tagless(&timeless(&written.file("lost")));
    assert!(lost.starts_with("#: connecting to 127.0.0.1:"), "{lost}");
    let end = "C: T LOGIN ***\nS: T OK [CAPABILITY IMAP4rev1 LITERAL- UIDPLUS] in\nC: T SELECT INBOX\nS: * 3 EXISTS\n\
               S: * OK [UIDVALIDITY 7] x\nS: T OK [READ-WRITE] done\nC: T NOOP\nS: * 4 EXISTS\n\
               #: the server closed the connection\n";
    assert!(lost.ends_with(end), "{lost}");
    assert_eq!(written.file("later"), "none");
    // An end that was wanted, and errors that cost no connection, have none; nor has anybody who does not want any.
    for (script, steps) in [
        (
            "C: NOOP\nS: $ NO\nC: LOGOUT\nS: * BYE\nS: $ OK\n",
            &["noop", "lost:FILE/lost", "logout", "noop", "lost:FILE/later"][..],
        ),
        ("all\n", &["disconnect", "noop", "lost:FILE/lost", "lost:FILE/later"]),
    ] {
        let written = played(&[GREETING, LOGIN, script].concat(), &[&connect[..2], steps].concat());
        assert_eq!((written.file("lost").as_str(), written.file("later").as_str()), ("none", "none"));
    }
    let steps =
        ["number:112:0", connect[0], connect[1], connect[2], "noop", "lost:FILE/lost", "trace:FILE/trace"];
    let written = played(&script, &steps);
    assert_eq!((written.file("lost").as_str(), written.file("trace").as_str()), ("none", ""));
}

#[test]
fn a_trace_can_be_played_again() {
    let script = [
        GREETING,
        LOGIN,
        SELECT,
        "C: UID FETCH 1:* (UID FLAGS BODY.PEEK[])\nS: * 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {5}\nS: hello)\n",
        "S: * 2 FETCH (BODY[] {40000}\nbytes 40000\nS:  UID 2 FLAGS ())\nS: $ OK done\n",
        "C: APPEND INBOX (\\Seen) {5000}\nS: + go\ndrain 5000\nc: \nS: $ OK [APPENDUID 7 9] done\n",
        "C: APPEND INBOX {11+}\nL: 11\nc: \nS: $ OK [APPENDUID 7 10] done\n",
        "C: UID SEARCH CHARSET UTF-8 SUBJECT {4+}\nL: 4\nc: \nS: * SEARCH 2\nS: $ OK done\n",
        "C: X-NONSENSE\nS: * X-NONSENSE {3}\nS: abc\nS: $ BAD no\n",
        "C: NOOP\nS: * BYE enough\nclose\n",
    ];
    let append = format!("append:INBOX:{}:\\\\Seen", "m".repeat(5000));
    let steps = [
        "connect:127.0.0.1",
        "login:alice:secret",
        "select:INBOX",
        "fetch:1\\:*:FLAGS BODY.PEEK[]",
        &append,
        "append:INBOX:hello world",
        "search:SUBJECT ?:Zoë",
        "command:X-NONSENSE",
        "noop",
        "lost:FILE/lost",
    ];
    let first = played(&script.concat(), &steps);
    let trace = first.file("lost");
    let again = played(&replay::script(&trace), &steps);
    assert_eq!(first.out, again.out);
    let ports = |trace: &str| -> String {
        let lines = tagless(&timeless(trace));
        lines.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
    };
    assert_eq!(ports(&trace), ports(&again.file("lost")));
    assert_eq!(ports(&trace).lines().count(), 30, "{trace}");
}
