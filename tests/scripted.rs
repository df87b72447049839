//! C programs against a server that plays scripts: what servers say against the rules, and everything that can go
//! wrong. Each failure has its own status, names what was wrong, and says whether the connection is still good.

mod support;

use support::certificates::Certificates;
use support::program::{run, run_checked, test_program};
use support::scripted::{Play, Scripted};
use support::{cases, skip};

const GREETING: &str = "S: * OK [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS MOVE NAMESPACE UNSELECT] ready\n";
const LOGIN: &str =
    "C: LOGIN \"alice\" \"secret\"\nS: $ OK [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS MOVE] in\n";
const SELECT: &str = "C: SELECT INBOX\nS: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK [READ-WRITE] done\n";

/// Plays a script to the steps of a client over plaintext; gives what each step printed.
fn steps(script: &str, arguments: &[&str]) -> Vec<String> {
    played(script, Play::default(), &plain(), arguments)
}

fn plain() -> Vec<String> {
    // No TLS, passwords allowed all the same; short deadlines.
    [
        "number:2:2",
        "number:46:1",
        "number:62:2000",
        "number:63:700",
        "number:60:2000",
        "number:61:700",
        "number:64:300",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn played(script: &str, play: Play, options: &[String], arguments: &[&str]) -> Vec<String> {
    let server = Scripted::play(script.as_bytes().to_vec(), play);
    let port = format!("number:1:{}", server.port);
    let mut all: Vec<&str> = vec![&port];
    all.extend(options.iter().map(String::as_str));
    all.extend(arguments);
    let out = run(&test_program("steps"), &all, &[]).success();
    server.join();
    let skipped = options.len() + 1;
    let lines: Vec<String> = out.lines().skip(skipped).map(str::to_owned).collect();
    assert!(lines.iter().all(|line| !line.contains("ERROR MISMATCH")), "{lines:#?}");
    lines
}

/// Logged in and INBOX selected, then `script`.
fn selected(script: &str, arguments: &[&str]) -> Vec<String> {
    let whole = [GREETING, LOGIN, SELECT, script].concat();
    let mut all = vec!["connect:127.0.0.1", "login:alice:secret", "select:INBOX"];
    all.extend(arguments);
    steps(&whole, &all).split_off(3)
}

#[track_caller]
fn starts(line: &str, expected: &str) {
    assert!(line.starts_with(expected), "expected \"{expected}\", got \"{line}\"");
}

#[test]
fn every_case_reaches_c_whole_and_byte_by_byte() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        for step in [None, Some(1)] {
            let script = format!("{GREETING}C: X-CASE\ndata\nS: $ OK done\n");
            let play = Play { data: case.input.clone(), step, ..Play::default() };
            let server = Scripted::play(script.into_bytes(), play);
            let output = run(&test_program("show"), &[&server.port.to_string()], &[]);
            server.join();
            let got = output.out.trim();
            // Replies to commands that were never sent are passed over.
            let replies = |told: &&str| !told.starts_with("TAGGED ");
            let expected = case.expected.split("\n\n").filter(replies).collect::<Vec<_>>().join("\n\n");
            if got != expected {
                wrong.push(format!(
                    "=== {} {step:?}\n{got}\n{}\n--- expected\n{}",
                    case.name, output.err, expected
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
    support::shows("scripted", &["D2", "D5", "D6", "D7", "D13", "D14", "D15", "D22", "D23", "D24", "R3"]);
    support::shows("scripted", &["K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8", "K9", "K10"]);
}

#[test]
fn a_connection_that_ends_anywhere_is_an_error_and_no_more() {
    let script = [
        GREETING,
        LOGIN,
        SELECT,
        "C: UID FETCH 1:* (UID FLAGS BODY.PEEK[])\n",
        "S: * 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {5}\nS: hello)\nS: $ OK done\n",
    ]
    .concat();
    for cut in (1..420).step_by(3) {
        let play = Play { cut: Some(cut), ..Play::default() };
        let server = Scripted::play(script.clone().into_bytes(), play);
        let port = format!("number:1:{}", server.port);
        let mut all: Vec<&str> =
            vec![&port, "number:2:2", "number:46:1", "connect:127.0.0.1", "login:alice:secret"];
        all.extend(["select:INBOX", "fetch:1\\:*:FLAGS BODY.PEEK[]", "noop"]);
        let out = run(&test_program("steps"), &all, &[]).success();
        server.abandon();
        let last = out.lines().last().unwrap_or_default();
        let is_closed =
            ["CLOSED", "INVALID"].iter().any(|status| last.contains(&format!("IMAP_ERR_{status}")));
        assert!(is_closed, "cut at {cut}: {out}");
    }
    support::shows("scripted", &["R7"]);
}

#[test]
fn greetings_that_are_none() {
    for (greeting, expected) in [
        ("S: * OK hello\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK done\n", "connect:"),
        ("S: * PREAUTH [CAPABILITY IMAP4rev1] hello\n", "connect:"),
        (
            "S: * BYE too busy\n",
            "connect: IMAP_ERR_CLOSED usable=0: the server closed the connection: too busy",
        ),
        (
            "S: +OK POP3 ready\n",
            "connect: IMAP_ERR_PROTOCOL usable=0: this is no IMAP server: it greets with \"+OK POP3 ready\"",
        ),
        ("S: A1 OK hello\n", "connect: IMAP_ERR_PROTOCOL"),
        ("S: * NO go away\n", "connect: IMAP_ERR_PROTOCOL"),
        ("S: \n", "connect: IMAP_ERR_PROTOCOL"),
        ("close\n", "connect: IMAP_ERR_CLOSED"),
        ("reset\n", "connect: IMAP_ERR_C"),
        ("stall\n", "connect: IMAP_ERR_TIMEOUT usable=0: the server sent no greeting in time"),
    ] {
        let lines = steps(greeting, &["connect:127.0.0.1", "state"]);
        starts(&lines[0], expected);
        if expected == "connect:" {
            assert_eq!(lines[0], "connect:");
        } else {
            assert_eq!(lines[1], "state: 4");
        }
    }
    support::shows("scripted", &["N8"]);
}

#[test]
fn connecting_goes_on_beside_and_survives_a_cancelled_command() {
    let script = format!("wait 300\n{GREETING}C: NOOP\nS: $ OK done\nstall\n");
    let lines = steps(&script, &["start:127.0.0.1", "state", "cancel", "noop", "noop", "state"]);
    assert_eq!(lines[..2], ["start:", "state: 0"]);
    starts(&lines[3], "noop: IMAP_ERR_CANCELLED usable=1");
    assert_eq!(lines[4..], ["noop:", "state: 1"]);
    // Commands that wait for a connection which fails end with its error.
    let lines = steps("wait 100\nS: * BYE no\n", &["start:127.0.0.1", "noop", "noop"]);
    starts(&lines[1], "noop: IMAP_ERR_CLOSED usable=0: the server closed the connection: no");
    starts(&lines[2], "noop: IMAP_ERR_CLOSED");
}

#[test]
fn addresses_that_do_not_answer() {
    let output =
        run(&test_program("steps"), &["number:1:1", "connect:127.0.0.1", "connect:localhost", "noop"], &[]);
    let out = output.success();
    let lines: Vec<&str> = out.lines().collect();
    starts(lines[1], "connect: IMAP_ERR_CONNECT usable=0: cannot connect to 127.0.0.1:1: ");
    starts(
        lines[2],
        "connect: IMAP_ERR_CONNECT usable=0: cannot connect to localhost:1 at any of its 2 addresses: ",
    );
    starts(lines[3], "noop: IMAP_ERR_INVALID usable=1: client is NULL");
    // The second address is tried when the first refuses.
    let server = Scripted::new(GREETING);
    let port = format!("number:1:{}", server.port);
    let arguments = [&port, "number:2:2", "text:3:127.0.0.2 127.0.0.1", "connect:example.invalid", "state"];
    let out = run(&test_program("steps"), &arguments, &[]).success();
    server.join();
    assert!(out.ends_with("connect:\nstate: 1\n"), "{out}");
    support::shows("scripted", &["N1", "N3"]);
}

#[test]
fn a_name_that_does_not_exist() {
    let arguments = ["number:60:1500", "connect:no-such-host.invalid"];
    let out = run(&test_program("steps"), &arguments, &[]).success();
    let line = out.lines().last().unwrap_or_default();
    // Where the system's resolver does not answer at all, the deadline ends the lookup.
    let is_right = line.contains("IMAP_ERR_CONNECT") || line.contains("IMAP_ERR_TIMEOUT");
    assert!(is_right && line.contains("no-such-host.invalid"), "{line}");
}

#[test]
fn certificates_that_must_be_refused() {
    let made = Certificates::new();
    for (kind, ca, host, expected) in [
        ("good", "ca.pem", "localhost", "connect:"),
        ("good", "ca.pem", "127.0.0.1", "connect:"),
        (
            "good",
            "",
            "localhost",
            "connect: IMAP_ERR_CERTIFICATE usable=0: the certificate of localhost is not trusted",
        ),
        ("self-signed", "ca.pem", "localhost", "connect: IMAP_ERR_CERTIFICATE"),
        ("expired", "ca.pem", "localhost", "connect: IMAP_ERR_CERTIFICATE"),
        (
            "other-host",
            "ca.pem",
            "localhost",
            "connect: IMAP_ERR_CERTIFICATE usable=0: the server's certificate was made for another host than localhost",
        ),
        ("no-san", "ca.pem", "localhost", "connect: IMAP_ERR_CERTIFICATE"),
    ] {
        let play = Play { acceptor: Some(made.acceptor(kind)), is_implicit: true, ..Play::default() };
        let server = Scripted::play(GREETING.into(), play);
        let (port, ca) = (format!("number:1:{}", server.port), format!("text:20:{}", made.path(ca)));
        let mut arguments = vec![port.as_str(), "text:3:127.0.0.1"];
        if !ca.ends_with('/') {
            arguments.push(&ca);
        }
        let connect = format!("connect:{host}");
        arguments.extend([connect.as_str(), "connection"]);
        let out = run(&test_program("steps"), &arguments, &[]).success();
        server.abandon();
        let lines: Vec<&str> = out.lines().rev().collect();
        starts(lines[1], expected);
        if expected == "connect:" {
            assert_eq!(lines[1], "connect:", "{kind}");
            starts(lines[0], "connection: tls=1 verified=1 state=1");
        }
    }
}

#[test]
fn verification_can_be_switched_off_and_that_shows() {
    let made = Certificates::new();
    let play = Play { acceptor: Some(made.acceptor("self-signed")), is_implicit: true, ..Play::default() };
    let lines = played(GREETING, play, &["number:29:1".to_owned()], &["connect:localhost", "connection"]);
    starts(&lines[1], "connection: tls=1 verified=0");
    support::shows("scripted", &["N6"]);
}

#[test]
fn tls_servers_that_say_nothing_or_nonsense() {
    let options = ["number:61:500".to_owned()];
    let lines = played("stall\n", Play::default(), &options, &["connect:127.0.0.1"]);
    starts(&lines[0], "connect: IMAP_ERR_TIMEOUT usable=0: the TLS handshake with 127.0.0.1:");
    let lines = played("S: * OK I speak no TLS\nstall\n", Play::default(), &options, &["connect:127.0.0.1"]);
    starts(&lines[0], "connect: IMAP_ERR_TLS usable=0: TLS with 127.0.0.1 failed");
    let lines = played("close\n", Play::default(), &options, &["connect:127.0.0.1"]);
    starts(&lines[0], "connect: IMAP_ERR_TLS");
}

#[test]
fn starttls_is_required_or_nothing() {
    let made = Certificates::new();
    let options =
        ["number:2:1".to_owned(), format!("text:20:{}", made.path("ca.pem")), "number:63:700".to_owned()];
    let play = || Play { acceptor: Some(made.acceptor("good")), ..Play::default() };
    let begin = "S: * OK [CAPABILITY IMAP4rev1 STARTTLS X-CLEAR] hi\nC: STARTTLS\n";
    let good =
        format!("{begin}S: $ OK go\nstarttls\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK done\nall\n");
    let lines = played(
        &good,
        play(),
        &options,
        &["connect:localhost", "connection", "has:X-CLEAR", "events", "noop"],
    );
    // What was said in the clear is forgotten.
    assert_eq!(lines[0], "connect:");
    starts(&lines[1], "connection: tls=1 verified=1");
    assert_eq!((lines[2].as_str(), lines[4].as_str()), ("has: 0", "noop:"));
    for (answer, expected) in [
        ("S: $ NO not today\n", "connect: IMAP_ERR_TLS usable=0: STARTTLS: the server said NO: not today"),
        ("S: $ BAD what\n", "connect: IMAP_ERR_TLS"),
        ("S: * BYE bye\nclose\n", "connect: IMAP_ERR_CLOSED"),
        ("stall\n", "connect: IMAP_ERR_TIMEOUT"),
        // Somebody put a response behind the OK, to be taken for one that came over TLS.
        (
            "S- $ OK go\\r\\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] injected\\r\\n\nstall\n",
            "connect: IMAP_ERR_TLS",
        ),
    ] {
        let lines = played(
            &format!("{begin}{answer}"),
            play(),
            &options,
            &["connect:localhost", "login:alice:secret"],
        );
        starts(&lines[0], expected);
        starts(&lines[1], "login: IMAP_ERR_INVALID");
    }
    let lines = played("S: * PREAUTH hello\nstall\n", play(), &options, &["connect:localhost"]);
    starts(&lines[0], "connect: IMAP_ERR_TLS usable=0: the server logged us in before TLS");
    support::shows("scripted", &["N7", "STARTTLS"]);
}

#[test]
fn an_answer_before_its_command_ends_the_connection() {
    // The tag cannot be guessed, so nothing happens at these; the real one is believed when it comes.
    let script = format!("{GREETING}S: A1 OK early\nS: 1 OK early\nC: NOOP\nS: $ OK done\n");
    assert_eq!(steps(&script, &["connect:127.0.0.1", "noop"])[1], "noop:");
    support::shows("scripted", &["N20", "U7"]);
}

#[test]
fn an_ok_for_what_was_not_sent_ends_the_connection() {
    let script = [
        "S: * OK [CAPABILITY IMAP4rev1] hi\n",
        "C: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1] in\n",
        "C: APPEND INBOX {5}\nS: $ OK thank you\nstall\n",
    ]
    .concat();
    let lines = steps(&script, &["connect:127.0.0.1", "login:alice:secret", "append:INBOX:hello", "noop"]);
    starts(
        &lines[2],
        "append: IMAP_ERR_PROTOCOL usable=0 may_be_done: the server answered a command before it was sent",
    );
    starts(&lines[3], "noop: IMAP_ERR_CLOSED");
    support::shows("scripted", &["R5"]);
}

#[test]
fn passwords_do_not_go_in_the_clear_unasked() {
    let script = format!("{GREETING}stall\n");
    let options = ["number:2:2".to_owned()];
    let lines =
        played(&script, Play::default(), &options, &["connect:127.0.0.1", "login:alice:secret", "state"]);
    starts(&lines[1], "login: IMAP_ERR_STATE usable=1: LOGIN would send the password unencrypted");
    assert_eq!(lines[2], "state: 1");
    let script = "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\nstall\n";
    let lines = steps(script, &["connect:127.0.0.1", "login:alice:secret"]);
    starts(
        &lines[1],
        "login: IMAP_ERR_UNSUPPORTED usable=1: the server does not take a password (LOGINDISABLED)",
    );
    support::shows("scripted", &["A2", "L5", "R6", "LOGINDISABLED"]);
}

#[test]
fn logins_that_fail_can_be_tried_again() {
    let script = [
        GREETING,
        "C: LOGIN \"alice\" \"wrong\"\nS: $ NO [AUTHENTICATIONFAILED] no\n",
        "C: LOGIN \"al\\\\ice\" \"se\\\"cret\"\nS: $ OK in\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK done\n",
    ]
    .concat();
    let lines = steps(
        &script,
        &["connect:127.0.0.1", "login:alice:wrong", "state", "login:al\\\\ice:se\"cret", "state"],
    );
    starts(&lines[1], "login: IMAP_ERR_AUTH usable=1 code=AUTHENTICATIONFAILED: LOGIN: the server said NO: ");
    assert_eq!(lines[2..], ["state: 1", "login:", "state: 2"]);
    support::shows("scripted", &["A1", "A17"]);
}

#[test]
fn goodbye_before_the_no_of_a_login_is_a_failed_login() {
    let script = format!("{GREETING}C: LOGIN *\nS: * BYE disconnecting\nS: $ NO wrong password\nclose\n");
    let lines = steps(&script, &["connect:127.0.0.1", "login:alice:wrong", "noop"]);
    starts(&lines[1], "login: IMAP_ERR_AUTH");
    starts(&lines[2], "noop: IMAP_ERR_CLOSED");
}

#[test]
fn a_goodbye_that_goes_on_for_ever_ends_the_command() {
    let script =
        format!("{GREETING}C: NOOP\nS: * BYE Autologout\nS: * BYE Autologout\nS: * BYE Autologout\nstall\n");
    let lines = steps(&script, &["connect:127.0.0.1", "noop"]);
    starts(
        &lines[1],
        "noop: IMAP_ERR_CLOSED usable=0 may_be_done: the server closed the connection: Autologout",
    );
}

#[test]
fn scram_servers_that_cannot_prove_themselves() {
    let begin = "S: * OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256 AUTH=PLAIN SASL-IR] hi\nC: AUTHENTICATE SCRAM-SHA-256 *\n";
    // The server says yes before it has proved anything.
    let lines = steps(&format!("{begin}S: $ OK in\n"), &["connect:127.0.0.1", "login:alice:secret", "state"]);
    starts(&lines[1], "login: IMAP_ERR_AUTH usable=0");
    assert_eq!(lines[2], "state: 4");
    // A nonce that is not ours.
    let foreign = "S: + cj1mb3JlaWduLHM9UVNYQ1IrUTZzZWs4YmY5MixpPTQwOTY=\nc: *\nS: $ NO failed\nall\n";
    let lines = steps(&format!("{begin}{foreign}"), &["connect:127.0.0.1", "login:alice:secret"]);
    assert!(lines[1].contains("IMAP_ERR_PROTOCOL") || lines[1].contains("IMAP_ERR_AUTH"), "{}", lines[1]);
}

#[test]
fn silence_ends_a_command_and_keeps_the_connection() {
    let script = format!("{GREETING}C: NOOP\nwait 1100\nS: $ OK late\nC: NOOP\nS: $ OK done\n");
    let lines = steps(&script, &["connect:127.0.0.1", "noop", "noop"]);
    starts(
        &lines[1],
        "noop: IMAP_ERR_TIMEOUT usable=1 may_be_done: NOOP: got no byte from the server in time",
    );
    // The late answer belongs to the first command and is passed over.
    assert_eq!(lines[2], "noop:");
    support::shows("scripted", &["N11"]);
}

#[test]
fn an_answer_that_never_ends_closes_the_connection() {
    let script = format!("{GREETING}C: NOOP\nstall\n");
    let lines = steps(&script, &["number:93:300", "connect:127.0.0.1", "noop", "noop"]);
    starts(&lines[2], "noop: IMAP_ERR_TIMEOUT");
    starts(&lines[3], "noop: IMAP_ERR_CLOSED");
}

#[test]
fn a_total_deadline_ends_what_drips() {
    let drip = "wait 100\nS: * OK still here\n".repeat(12);
    let script = format!("{GREETING}C: NOOP\n{drip}S: $ OK done\nC: NOOP\nS: $ OK done\n");
    let lines = steps(&script, &["number:68:500", "connect:127.0.0.1", "noop", "number:68:-1", "noop"]);
    starts(&lines[2], "noop: IMAP_ERR_TIMEOUT usable=1 may_be_done: NOOP: took longer than its deadline");
}

#[test]
fn refused_literals_are_not_sent() {
    let script = [
        "S: * OK [CAPABILITY IMAP4rev1] hi\n",
        "C: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1] in\n",
        "C: APPEND INBOX {20}\nS: $ NO [TOOBIG] no room\n",
        "C: NOOP\nS: $ OK done\n",
        "C: APPEND INBOX (\\Seen) {20}\nS: + go\nL: 20\nc: \nS: $ OK [APPENDUID 7 8] done\n",
    ]
    .concat();
    let message = "append:INBOX:X DELETE INBOX\\r\\n1234";
    let lines = steps(
        &script,
        &["connect:127.0.0.1", "login:alice:secret", message, "noop", &format!("{message}:\\\\Seen")],
    );
    starts(
        &lines[2],
        "append: IMAP_ERR_NO usable=1 code=TOOBIG: APPEND: the server said NO: [TOOBIG] no room",
    );
    assert_eq!(lines[3..], ["noop:", "append: uids=8 sources= origin=0"]);
    support::shows("scripted", &["AP1", "AP6", "L9"]);
}

#[test]
fn messages_that_the_mailbox_does_not_have_are_no_messages() {
    let script = "C: UID FETCH 1:* (UID FLAGS)\nS: * 0 FETCH (UID 9 FLAGS ())\nS: * 1 FETCH (UID 5 FLAGS (\\Seen))\nS: * 77 FETCH (UID 99 FLAGS ())\nS: * 99 EXPUNGE\nS: $ OK done\n";
    let lines = selected(script, &["fetch:1\\:*:FLAGS", "selected"]);
    assert_eq!(
        lines[0],
        "fetch: count=1 [uid=5 flags=\\Seen] defect=2 responses named messages that the mailbox does not have"
    );
    starts(&lines[1], "selected: INBOX exists=3");
    support::shows("scripted", &["F4", "F5"]);
}

#[test]
fn news_in_the_middle_of_an_answer_are_events() {
    let script = "C: UID FETCH 1:2 (UID BODY.PEEK[])\nS: * 1 FETCH (UID 1 BODY[] \"a\")\nS: * 3 FETCH (FLAGS (\\Seen))\nS: * 4 EXISTS\nS: * 2 FETCH (UID 2 BODY[] \"bc\")\nS: $ OK done\nstall\n";
    let lines = selected(script, &["fetch:1\\:2:BODY.PEEK[]", "events", "selected"]);
    assert_eq!(lines[0], "fetch: count=2 [uid=1 BODY[]=1] [uid=2 BODY[]=2]");
    assert_eq!(lines[1], "events: [FETCH 3] [EXISTS 4]");
    starts(&lines[2], "selected: INBOX exists=4");
    support::shows("scripted", &["H1", "H2", "H4", "C10"]);
}

#[test]
fn one_message_in_two_responses_is_one() {
    let script = "C: UID FETCH 1 (UID FLAGS RFC822.SIZE)\nS: * 1 FETCH (UID 1 RFC822.SIZE 5)\nS: * 1 FETCH (UID 1 FLAGS (\\Seen))\nS: $ OK done\n";
    let lines = selected(script, &["fetch:1:FLAGS RFC822.SIZE"]);
    assert_eq!(lines[0], "fetch: count=1 [uid=1 flags=\\Seen size=5]");
}

#[test]
fn search_answers_of_every_shape() {
    for (answer, expected) in [
        ("", "search: set= total=-1"),
        ("S: * SEARCH\n", "search: set= total=-1"),
        ("S: * SEARCH 2 5\nS: * SEARCH 9\n", "search: set=2,5,9 total=-1"),
        ("S: * ESEARCH (TAG \"$TAG\") UID COUNT 3 ALL 4:6\n", "search: set=4:6 total=3"),
        ("S: * ESEARCH UID COUNT 3 ALL 4:6\n", "search: set=4:6 total=3"),
        ("S: * ESEARCH (TAG \"x\") UID COUNT 3 ALL 4:6\n", "search: set= total=-1"),
    ] {
        let lines = selected(&format!("C: UID SEARCH ALL\n{answer}S: $ OK done\n"), &["search:ALL"]);
        assert_eq!(lines[0], expected);
    }
    support::shows("scripted", &["S4", "S6", "ESEARCH"]);
}

#[test]
fn move_is_done_by_other_means_where_it_is_missing() {
    let script = [
        GREETING,
        "C: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1 UIDPLUS] in\n",
        SELECT,
        "C: UID COPY 1:2 \"Old mail\"\nS: $ OK [COPYUID 9 1:2 11:12] done\n",
        "C: UID STORE 1:2 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\n",
        "C: UID EXPUNGE 1:2\nS: * 1 EXPUNGE\nS: * 1 EXPUNGE\nS: $ OK done\n",
    ]
    .concat();
    let arguments =
        ["connect:127.0.0.1", "login:alice:secret", "select:INBOX", "move:1\\:2:Old mail", "move:#1:x"];
    let lines = steps(&script, &arguments);
    assert_eq!(lines[3], "move: uids=11:12 sources=1:2 origin=1");
    starts(&lines[4], "move: IMAP_ERR_UNSUPPORTED usable=1: the server does not have MOVE");
    support::shows("scripted", &["X3", "MOVE"]);
}

#[test]
fn what_the_server_lacks_is_not_sent() {
    let script = "S: * OK [CAPABILITY IMAP4rev1] hi\nC: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1] in\nC: SELECT INBOX\nS: * 1 EXISTS\nS: $ OK done\nC: NOOP\nS: $ OK done\n";
    let arguments = [
        "connect:127.0.0.1",
        "login:alice:secret",
        "select:INBOX",
        "unselect",
        "expunge:1",
        "create:x:8",
        "search:RETURN (SAVE) ALL",
        "fetch:1:MODSEQ",
        "list::*:(X-NEW)",
        "noop",
    ];
    let lines = steps(script, &arguments);
    for (line, capability) in lines[3..9].iter().zip([
        "UNSELECT",
        "UIDPLUS",
        "CREATE-SPECIAL-USE",
        "SEARCHRES",
        "CONDSTORE",
        "LIST-EXTENDED",
    ]) {
        assert!(
            line.contains(&format!("IMAP_ERR_UNSUPPORTED usable=1: the server does not have {capability}")),
            "{line}"
        );
    }
    assert_eq!(lines[9], "noop:");
    support::shows("scripted", &["R10"]);
}

#[test]
fn servers_that_offer_list_extended_and_do_not_have_it() {
    let begin = "S: * OK [CAPABILITY IMAP4rev1 LIST-EXTENDED] hi\nC: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1 LIST-EXTENDED] in\n";
    let plain = "C: LIST \"\" \"*\"\nS: * LIST () \"/\" INBOX\nS: $ OK done\n";
    for answer in ["S: $ BAD what\n", "S: $ OK nothing\n"] {
        let script = format!("{begin}C: LIST \"\" \"*\" RETURN (CHILDREN)\n{answer}{plain}");
        let lines = steps(&script, &["connect:127.0.0.1", "login:alice:secret", "list::*:RETURN (CHILDREN)"]);
        assert_eq!(lines[2], "list: count=1 [INBOX]");
    }
}

#[test]
fn empty_sets_and_mailboxes_send_nothing() {
    let script =
        [GREETING, LOGIN, "C: SELECT INBOX\nS: * 0 EXISTS\nS: $ OK done\nC: NOOP\nS: $ OK done\n"].concat();
    let arguments = [
        "connect:127.0.0.1",
        "login:alice:secret",
        "select:INBOX",
        "fetch:1\\:*:FLAGS",
        "fetch::FLAGS",
        "store:1:FLAGS ()",
        "copy::x",
        "noop",
    ];
    let lines = steps(&script, &arguments);
    assert_eq!(
        lines[3..],
        ["fetch: count=0", "fetch: count=0", "store: count=0", "copy: uids= sources= origin=0", "noop:"]
    );
}

#[test]
fn a_list_of_all_limits() {
    // A line and a literal that are too long: the first ends the connection, the second one request.
    let script = format!("{GREETING}C: NOOP\nbytes 5000\nstall\n");
    let lines = steps(&script, &["number:80:4000", "connect:127.0.0.1", "noop"]);
    starts(
        &lines[2],
        "noop: IMAP_ERR_LIMIT usable=0 may_be_done: a line of the server is longer than 4000 bytes",
    );
    let script = [
        GREETING, LOGIN, SELECT,
        "C: UID FETCH 1 (UID BODY.PEEK[])\nS: * 1 FETCH (UID 1 BODY[] {50000}\nbytes 50000\nS: )\nS: $ OK done\nC: NOOP\nS: $ OK done\n",
    ].concat();
    let arguments = [
        "number:81:20000",
        "connect:127.0.0.1",
        "login:alice:secret",
        "select:INBOX",
        "fetch:1:BODY.PEEK[]",
        "noop",
    ];
    let lines = steps(&script, &arguments);
    starts(
        &lines[4],
        "fetch: IMAP_ERR_LIMIT usable=1 may_be_done: a literal of 50000 bytes is larger than the 20000",
    );
    assert_eq!(lines[5], "noop:");
    // Announced sizes beyond all reason.
    let script = format!("{GREETING}C: NOOP\nS: * 1 FETCH (X {{99999999999999999999}}\nstall\n");
    starts(&steps(&script, &["connect:127.0.0.1", "noop"])[1], "noop: IMAP_ERR_PROTOCOL usable=0");
    support::shows("scripted", &["L7", "L12", "R4"]);
}

#[test]
fn unexpected_continuations_are_passed_over() {
    let script = format!("{GREETING}S: + what?\nC: NOOP\nS: + what?\nS: +\nS: $ OK done\n");
    assert_eq!(steps(&script, &["connect:127.0.0.1", "noop"])[1], "noop:");
}

#[test]
fn requests_that_are_cancelled_cost_nothing_else() {
    let script = "C: UID FETCH 1:* (UID BODY.PEEK[])\nS: * 1 FETCH (UID 1 BODY[] {300000}\nbytes 300000\nS: )\nS: $ OK done\nC: NOOP\nS: $ OK done\n";
    let lines = selected(script, &["cancelled:UID FETCH 1\\:* BODY.PEEK[]", "noop"]);
    starts(
        &lines[0],
        "cancelled: IMAP_ERR_CANCELLED usable=1 may_be_done: cancelled by imap_request_cancel()",
    );
    assert_eq!(lines[1], "noop:");
    let lines = selected(script, &["abandon:UID FETCH 1\\:* BODY.PEEK[]", "noop"]);
    assert_eq!(lines, ["abandon:", "noop:"]);
    // A cancel when nobody waits ends the next wait.
    let script = "C: NOOP\nS: $ OK done\nC: NOOP\nS: $ OK done\n";
    let lines = selected(script, &["cancel", "noop", "noop"]);
    starts(&lines[1], "noop: IMAP_ERR_CANCELLED usable=1");
    assert_eq!(lines[2], "noop:");
    support::shows("scripted", &["I2"]);
}

#[test]
fn closing_in_every_way_leaves_a_closed_client() {
    let script = format!("{GREETING}C: LOGOUT\nS: * BYE see you\nS: $ OK bye\n");
    let lines = steps(&script, &["connect:127.0.0.1", "logout", "noop", "logout", "state"]);
    assert_eq!(lines[1], "logout:");
    starts(&lines[2], "noop: IMAP_ERR_CLOSED usable=0: the connection was closed by imap_logout()");
    assert_eq!(lines[4], "state: 4");
    // BYE and no more is enough for a LOGOUT.
    let script = format!("{GREETING}C: LOGOUT\nS: * BYE see you\nclose\n");
    assert_eq!(steps(&script, &["connect:127.0.0.1", "logout"])[1], "logout:");
    let lines = steps(&format!("{GREETING}stall\n"), &["connect:127.0.0.1", "disconnect", "noop", "state"]);
    starts(&lines[2], "noop: IMAP_ERR_CLOSED usable=0: the connection was closed by imap_disconnect()");
    assert_eq!(lines[3], "state: 4");
    support::shows("scripted", &["N13", "N14", "N15", "N16"]);
}

#[test]
fn rights_quotas_and_metadata() {
    let script = [
        "S: * PREAUTH [CAPABILITY IMAP4rev1 ACL QUOTA METADATA ID] ready\n",
        "C: ID (\"name\" \"steps\")\nS: * ID (\"name\" \"scripted\" \"os\" NIL)\nS: $ OK done\n",
        "C: ID NIL\nS: * ID NIL\nS: $ OK done\n",
        "C: GETACL \"&AMQ-\"\nS: * ACL &AMQ- alice lrswipkxtea \"-bob\" w\nS: $ OK done\n",
        "C: SETACL INBOX \"bob\" \"+lr\"\nS: $ OK done\nC: DELETEACL INBOX \"bob\"\nS: $ OK done\n",
        "C: LISTRIGHTS INBOX \"bob\"\nS: * LISTRIGHTS INBOX bob la r swicd\nS: $ OK done\n",
        "C: MYRIGHTS INBOX\nS: * MYRIGHTS INBOX lrs\nS: $ OK done\n",
        "C: GETQUOTAROOT INBOX\nS: * QUOTAROOT INBOX \"\" other\nS: * QUOTA \"\" (STORAGE 10 512)\nS: * QUOTA other ()\nS: $ OK done\n",
        "C: SETQUOTA \"\" (STORAGE 512)\nS: $ NO [NOPERM] no\n",
        "C: GETMETADATA (DEPTH 1) \"\" (/shared)\nS: * METADATA \"\" (/shared/comment {5}\nS: a b c /shared/none NIL)\nS: $ OK done\n",
        "C: SETMETADATA INBOX (\"/private/comment\" \"hi\")\nS: $ OK done\n",
        "C: SETMETADATA INBOX (\"/private/comment\" NIL)\nS: $ OK done\n",
        // Unasked, they are news.
        "C: NOOP\nS: * METADATA INBOX /private/comment\nS: $ OK done\n",
        "C: GETACL INBOX\nS: * ACL INBOX\nS: $ OK done\nC: GETQUOTA \"\"\nS: * QUOTA \"\" (STORAGE 1 2)\nS: $ OK done\n",
        "C: GETMETADATA INBOX (/a /b)\nS: * METADATA INBOX (/a \"x\")\nS: $ OK done\nC: ID (\"a\" \"b\")\nS: * ID (\"c\" \"d\")\nS: $ OK done\n",
    ];
    let lines = steps(
        &script.concat(),
        &[
            "connect:127.0.0.1",
            "id:name:steps",
            "id",
            "getacl:Ä",
            "setacl:INBOX:bob:+lr",
            "deleteacl:INBOX:bob",
            "listrights:INBOX:bob",
            "myrights:INBOX",
            "getquotaroot:INBOX",
            "setquota::STORAGE 512",
            "getmetadata::(DEPTH 1) /shared",
            "setmetadata:INBOX:/private/comment:hi",
            "setmetadata:INBOX:/private/comment",
            "noop",
            "events",
            "send:GETACL INBOX:acl",
            "send:GETQUOTA \"\":quotas",
            "send:GETMETADATA INBOX (/a /b):entries",
            "send:ID (a b):pairs",
            "setacl:INBOX:bob:LR",
            "setquota::512",
            "getmetadata:INBOX:",
            "setmetadata:INBOX:comment:x",
        ],
    );
    let expected = [
        "id: name=scripted os=NIL",
        "id:",
        "getacl: Ä [alice lrswipkxtea] [-bob w]",
        "setacl:",
        "deleteacl:",
        "listrights: INBOX [bob la] required=la r swicd",
        "myrights: INBOX mine=lrs",
        "getquotaroot: [ STORAGE=10/512] [other]",
        "setquota: IMAP_ERR_NO usable=1 code=NOPERM: SETQUOTA: the server said NO: [NOPERM] no",
        "getmetadata: [ /shared/comment=a b c] [ /shared/none=NIL]",
        "setmetadata:",
        "setmetadata:",
        "noop:",
        "events: [METADATA INBOX]",
        "send: INBOX reply=- done=1",
        "send: [ STORAGE=1/2] reply=- done=1",
        "send: [INBOX /a=x] reply=- done=1",
        "send: c=d reply=- done=1",
    ];
    assert_eq!(lines[1..19], expected);
    assert!(lines[19..].iter().all(|line| line.contains(": IMAP_ERR_INVALID usable=1")), "{lines:#?}");
    let lines = steps(
        "S: * PREAUTH [CAPABILITY IMAP4rev1] ready\n",
        &["connect:127.0.0.1", "getacl:INBOX", "getmetadata::/a"],
    );
    starts(&lines[1], "getacl: IMAP_ERR_UNSUPPORTED usable=1: the server does not have ACL");
    starts(
        &lines[2],
        "getmetadata: IMAP_ERR_UNSUPPORTED usable=1: the server has neither METADATA nor METADATA-SERVER",
    );
    support::shows(
        "scripted",
        &[
            "C8",
            "E1",
            "E2",
            "E3",
            "E4",
            "E6",
            "E7",
            "D9",
            "D10",
            "ACL",
            "QUOTA",
            "METADATA",
            "METADATA-SERVER",
            "ID",
            "RIGHTS=",
        ],
    );
}

#[test]
fn messages_are_sorted_by_the_server_or_here() {
    let envelope = |date: &str, subject: &str, sender: &str| {
        format!(
            "ENVELOPE (\"{date}\" \"{subject}\" ((NIL NIL \"{sender}\" \"x\")) NIL NIL NIL NIL NIL NIL NIL)"
        )
    };
    let rows = [
        (1, envelope("Tue, 1 Apr 2003 12:00:00 +0000", "Re: zebra", "bob")),
        (2, envelope("not a date", "Apple", "Alice")),
        (3, envelope("Sat, 1 Mar 2003 12:00:00 +0000", "[list] zebra (fwd)", "alice")),
    ];
    let fetches: String = rows
        .iter()
        .map(|(n, envelope)| {
            format!(
                "S: * {n} FETCH (UID {} INTERNALDATE \"0{n}-Feb-2003 00:00:00 +0000\" RFC822.SIZE {} {envelope})\n",
                n * 10,
                100 - n
            )
        })
        .collect();
    let emulated = |search: &str| {
        format!(
            "C: UID SEARCH {search}\nS: * SEARCH 10 20 30\nS: $ OK done\n\
             C: UID FETCH 10,20,30 (UID INTERNALDATE RFC822.SIZE ENVELOPE)\n{fetches}\
             S: * 2 FETCH (UID 20 FLAGS (\\Seen))\nS: * 2 FETCH (FLAGS ())\nS: $ OK done\n"
        )
    };
    let select = "C: SELECT INBOX\nS: * 3 EXISTS\nS: $ OK [READ-WRITE] done\n";
    let all = [
        "S: * PREAUTH [CAPABILITY IMAP4rev1] ready\n",
        select,
        &emulated("ALL"),
        &emulated("ALL"),
        &emulated("ALL"),
        &emulated("ALL"),
        "C: UID SEARCH UNSEEN\nS: * SEARCH\nS: $ OK done\n",
        "C: SEARCH ALL\nS: * SEARCH 1 2 3\nS: $ OK done\nC: FETCH 1:3 (UID INTERNALDATE RFC822.SIZE ENVELOPE)\n",
        &fetches,
        "S: $ OK done\n",
    ];
    let lines = steps(
        &all.concat(),
        &[
            "connect:127.0.0.1",
            "select:INBOX",
            "sort:DATE:ALL",
            "sort:SUBJECT REVERSE ARRIVAL:ALL",
            "sort:(FROM):ALL",
            "sort:REVERSE SIZE:ALL",
            "sort:DATE:UNSEEN",
            "sort:REVERSE DATE:# ALL",
            "sort:WHAT:ALL",
            "sort::ALL",
            "sort:DATE:RETURN (SAVE) ALL",
        ],
    );
    let expected = [
        "sort: set=20,30,10 origin=1",
        "sort: set=20,30,10 origin=1",
        "sort: set=20,30,10 origin=1",
        "sort: set=10,20,30 origin=1",
        "sort: set= origin=1",
        "sort: set=1,3,2 origin=1",
    ];
    assert_eq!(lines[2..8], expected);
    starts(&lines[8], "sort: IMAP_ERR_INVALID usable=1: a sort key is one of ARRIVAL");
    starts(&lines[9], "sort: IMAP_ERR_INVALID");
    starts(&lines[10], "sort: IMAP_ERR_UNSUPPORTED");
    let script = [
        "S: * PREAUTH [CAPABILITY IMAP4rev1 SORT ESORT ESEARCH] ready\n",
        select,
        "C: UID SORT (REVERSE DATE SUBJECT) US-ASCII UNSEEN\nS: * SORT 5 3 4\nS: $ OK done\n",
        "C: UID SORT (SIZE) UTF-8 SUBJECT {4}\nS: + go\nL: 4\nc: \nS: * SORT\nS: $ OK done\n",
        "C: UID SORT RETURN (ALL COUNT) (SIZE) US-ASCII ALL\nS: * ESEARCH (TAG \"$TAG\") UID ALL 9,3:4 COUNT 3\nS: $ OK done\n",
        "C: SORT (SIZE) UTF-8 ALL\nS: * SORT 2 1\nS: $ OK done\n",
    ];
    let lines = steps(
        &script.concat(),
        &[
            "connect:127.0.0.1",
            "select:INBOX",
            "sort:REVERSE DATE SUBJECT:UNSEEN",
            "sort:SIZE:SUBJECT ?:Zoë",
            "sort:SIZE:RETURN (ALL COUNT) ALL",
            "send:SORT (SIZE) UTF-8 ALL:numbers",
        ],
    );
    let expected = [
        "sort: set=5,3:4 origin=0",
        "sort: set= origin=0",
        "sort: set=9,3:4 origin=0",
        "send: set=2,1 reply=- done=1",
    ];
    assert_eq!(lines[2..], expected);
    support::shows("scripted", &["S7", "SORT", "ESORT"]);
}

/// "n,a=bob,^Ahost=...", "user=bob^Aauth=Bearer token^A^A", and the JSON of a refusal.
#[test]
fn tokens_are_refused_with_a_reason() {
    let greeting = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER] ready\n";
    let refused = "S: + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\n";
    let script = [
        greeting,
        "C: AUTHENTICATE OAUTHBEARER bixhPWJvYiwBaG9zdD0*\n",
        refused,
        "c: AQ==\nS: $ NO [AUTHENTICATIONFAILED] bad token\n",
        "C: AUTHENTICATE XOAUTH2 dXNlcj1ib2IBYXV0aD1CZWFyZXIgdG9rZW4BAQ==\n",
        refused,
        "c: \nS: $ NO [AUTHENTICATIONFAILED] bad token\n",
        "C: AUTHENTICATE XOAUTH2 dXNlcj1ib2IBYXV0aD1CZWFyZXIgdG9rZW4BAQ==\nS: $ OK [CAPABILITY IMAP4rev1] in\n",
    ];
    let first = "auth:OAUTHBEARER XOAUTH2:bob:token";
    let lines = steps(
        &script.concat(),
        &["connect:127.0.0.1", first, "auth:XOAUTH2:bob:token", "auth:XOAUTH2:bob:token"],
    );
    for line in &lines[1..3] {
        starts(
            line,
            "auth: IMAP_ERR_AUTH usable=1 code=AUTHENTICATIONFAILED data={\"status\":\"invalid_token\"}",
        );
    }
    assert_eq!(lines[3], "auth:");
    support::shows("scripted", &["A13", "A14"]);
}

#[test]
fn logins_that_need_no_secret() {
    let script = [
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=EXTERNAL AUTH=ANONYMOUS AUTH=PLAIN] ready\n",
        "C: AUTHENTICATE EXTERNAL =\nS: $ NO which one\n",
        "C: AUTHENTICATE EXTERNAL Y2Fyb2w=\nS: $ NO not her\n",
        "C: AUTHENTICATE ANONYMOUS c2lyaGM=\nS: $ OK [CAPABILITY IMAP4rev1] in\n",
    ];
    let lines = steps(
        &script.concat(),
        &[
            "connect:127.0.0.1",
            "auth:PLAIN",
            "auth:EXTERNAL",
            "auth:EXTERNAL:::carol",
            "auth:ANONYMOUS:sirhc",
            "state",
        ],
    );
    starts(&lines[1], "auth: IMAP_ERR_INVALID usable=1: the user is empty");
    starts(&lines[2], "auth: IMAP_ERR_AUTH");
    starts(&lines[3], "auth: IMAP_ERR_AUTH");
    assert_eq!(lines[4..], ["auth:", "state: 2"]);
    // By the options, while connecting; as somebody else.
    let script = [
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\n",
        "C: AUTHENTICATE PLAIN Y2Fyb2wAYm9iAHNlY3JldA==\nS: $ OK [CAPABILITY IMAP4rev1] in\n",
    ];
    let options = ["text:40:bob", "text:41:secret", "text:44:carol"].map(str::to_owned);
    let lines = played(
        &script.concat(),
        Play::default(),
        &[&plain()[..], &options].concat(),
        &["connect:127.0.0.1", "state"],
    );
    assert_eq!(lines, ["connect:", "state: 2"]);
    let script = [
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\n",
        "C: AUTHENTICATE XOAUTH2 dXNlcj1ib2IBYXV0aD1CZWFyZXIgdG9rZW4BAQ==\nS: $ OK [CAPABILITY IMAP4rev1] in\n",
    ];
    let options = ["text:40:bob", "text:42:token"].map(str::to_owned);
    let lines = played(
        &script.concat(),
        Play::default(),
        &[&plain()[..], &options].concat(),
        &["connect:127.0.0.1", "state"],
    );
    assert_eq!(lines, ["connect:", "state: 2"]);
    support::shows("scripted", &["A6", "A7"]);
}

#[test]
fn alerts_that_anyone_may_have_written_are_marked() {
    let script = format!("{GREETING}C: NOOP\nS: * OK [ALERT] click here\nS: $ OK done\n");
    let lines = steps(&script, &["connect:127.0.0.1", "noop", "events"]);
    starts(&lines[2], "events: [OK click here early]");
}

#[test]
fn nothing_leaks_and_nothing_is_read_twice() {
    let made = Certificates::new();
    assert_eq!(run_checked(&test_program("null"), &[], &[]).success(), "");
    assert_eq!(run_checked(&test_program("sets"), &[], &[]).success(), "");
    assert_eq!(run_checked(&test_program("text"), &[], &[]).success(), "");
    support::shows("none", &["Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8", "Q9"]);
    support::shows("none", &["U1", "U2", "U3", "U4", "U5", "U6", "U8", "U9", "U10", "A16"]);
    let data = cases::all().into_iter().flat_map(|case| case.input).collect();
    let script = format!("{GREETING}C: X-CASE\ndata\nS: $ OK done\n");
    let server = Scripted::play(script.into_bytes(), Play { data, ..Play::default() });
    let output = run_checked(&test_program("show"), &[&server.port.to_string()], &[]);
    server.abandon();
    assert!(output.code == Some(0) || output.code == Some(1), "{}", output.err);
    // A whole session over TLS, with failures in it, under valgrind.
    let script = [
        GREETING, LOGIN, SELECT,
        "C: UID FETCH 1:* (UID ENVELOPE BODY.PEEK[])\n",
        "S: * 1 FETCH (UID 1 ENVELOPE (\"Tue, 1 Apr 2003 12:00:00 +0200\" \"=?UTF-8?Q?Zo=C3=AB?=\" ((NIL NIL \"a\" \"b.org\")) NIL NIL NIL NIL NIL NIL \"<1>\") BODY[] {40000}\n",
        "bytes 40000\nS: )\nS: * 2 FETCH (UID 2 ENVELOPE (broken)\nS: $ OK done\n",
        "C: UID SEARCH ALL\nS: * SEARCH 1 2 3\nS: $ OK done\n",
        "C: X-NONSENSE\nS: * X-NONSENSE (1 (2 \"3\"))\nS: $ BAD no\n",
        "C: UID FETCH 1 (UID FLAGS)\nclose\n",
    ].concat();
    let play = Play { acceptor: Some(made.acceptor("good")), is_implicit: true, ..Play::default() };
    let server = Scripted::play(script.into_bytes(), play);
    let (port, ca) = (format!("number:1:{}", server.port), format!("text:20:{}", made.path("ca.pem")));
    let arguments = [
        &port,
        &ca,
        "connect:localhost",
        "login:alice:secret",
        "select:INBOX",
        "fetch:1\\:*:ENVELOPE BODY.PEEK[]",
        "search:ALL",
        "command:X-NONSENSE",
        "fetch:1:FLAGS",
        "noop",
        "events",
    ];
    let output = run_checked(&test_program("steps"), &arguments, &[]);
    server.abandon();
    assert_eq!(output.code, Some(0), "{}\n{}", output.out, output.err);
    assert!(output.out.contains("fetch: count=2 [uid=1 subject=Zoë BODY[]=40000]"), "{}", output.out);
    if !cfg!(target_os = "linux") {
        skip("valgrind: only on Linux");
    }
}
