//! What callers of Ruby's Net::IMAP and Python's imaplib do, done in C: parsing, encoding, errors, connecting.

mod support;

use support::program::{run_checked, test_program};
use support::scripted::Scripted;
use support::shows;

/// Plays a script to a scenario; gives what the client sent.
fn played(scenario: &str, script: &str) -> Vec<String> {
    let server = Scripted::new(script);
    let port = format!("1:{}", server.port);
    let output = run_checked(&test_program("predecessors"), &[scenario, &port, "2:2", "46:1"], &[]);
    if output.code != Some(0) {
        println!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
        panic!("predecessors {scenario} failed");
    }
    server.join()
}

const READY: &str = "S: * PREAUTH [CAPABILITY IMAP4rev1 ID IDLE BINARY] welcome\n";
const SELECT: &str = "C: SELECT INBOX\nS: * 43 EXISTS\nS: $ OK [READ-WRITE] done\n";

#[test]
fn every_response_is_parsed_without_a_connection() {
    assert_eq!(run_checked(&test_program("predecessors"), &["responses"], &[]).success(), "0 failures\n");
    shows(
        "none",
        &[
            "D2", "D4", "D5", "D6", "D7", "D13", "D14", "D15", "D17", "D22", "D23", "D24", "K10", "R3",
            "F18", "D21",
        ],
    );
}

#[test]
fn this_machine_is_the_host_and_results_outlive_the_client() {
    let fetch = "C: UID FETCH 1 (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS (work))\nS: $ OK done\nstall\n";
    played("connecting", &[READY, SELECT, fetch].concat());
    shows("scripted", &["N2", "N8", "N22", "N23", "F5", "L8", "L10", "M1", "L2"]);
}

#[test]
fn failures_are_told_apart_and_reach_everybody() {
    let noop = |reply: &str| format!("C: NOOP\nS: $ {reply}\n");
    let script = [
        READY,
        &noop("NO not now"),
        &noop("BAD [CLIENTBUG] what"),
        &noop("NO [INUSE] later"),
        "C: NOOP\nclose\n",
    ];
    played("failing", &script.concat());
    assert_eq!(run_checked(&test_program("predecessors"), &["refused"], &[]).success(), "0 failures\n");
    shows("scripted", &["N24", "N25", "R1", "R2", "R7", "R8", "R9", "V5", "K2", "K11", "RESPONSE-CODES"]);
}

#[test]
fn arguments_are_quoted_or_refused() {
    let search = |criteria: &str| format!("C: UID SEARCH {criteria}\nS: * SEARCH\nS: $ OK done\n");
    let script = [
        READY,
        SELECT,
        &search("FROM \"LDJ\""),
        &search("(FROM \"LDJ\")"),
        &search("FROM \"LDJ\""),
        &search(r#"SUBJECT "a \"b\" \\c""#),
        &search("SUBJECT \"\""),
        "C: UID SEARCH CHARSET UTF-8 SUBJECT {4}\nS: + go\nL: 4\nc: \nS: * SEARCH\nS: $ OK done\n",
        &search("SUBJECT \"*\""),
        &search("SINCE 1-Apr-2003"),
        "C: UID FETCH 1:3,9 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)\nS: $ OK done\n",
        "C: LIST \"\" \"a%\"\nS: $ OK done\n",
        "C: UID STORE 1 +FLAGS (\\Seen)\nS: $ OK done\n",
        "C: ID NIL\nS: * ID NIL\nS: $ OK done\n",
        "C: ID (\"name\" \"x \\\"y\\\"\")\nS: * ID NIL\nS: $ OK done\n",
        "C: APPEND INBOX ~{3}\nS: + go\nL: 3\nc: \nS: $ OK done\n",
        "stall\n",
    ];
    let sent = played("encoding", &script.concat());
    assert_eq!(
        sent.last().map(String::as_str),
        Some(""),
        "something was sent after what is right: {sent:#?}"
    );
    shows("scripted", &["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "S2", "V7", "V8", "X1", "AP3"]);
}

#[test]
fn a_line_that_a_timeout_cuts_is_not_lost() {
    let script = [
        READY,
        "C: IDLE\nS: + idling\nS- * 44 EX\nwait 600\nS- IS\nwait 100\nS: TS\\r\\n* 1 RECENT\\r\\n* 45 EXISTS\nstall\n",
    ];
    played("waiting", &script.concat());
    shows("scripted", &["I3", "I4", "I5"]);
}

/// Literals that do not wait: as large as the option says, 4096 bytes at most with LITERAL- (RFC 7888).
#[test]
fn small_literals_do_not_wait() {
    let ready = |capability: &str| READY.replace("BINARY", capability);
    let waits = |size: u32| format!("C: APPEND INBOX {{{size}}}\nS: + go\nL: {size}\nc: \nS: $ OK done\n");
    let flows = |size: u32| format!("C: APPEND INBOX {{{size}+}}\nL: {size}\nc: \nS: $ OK done\n");
    played("literals", &[&ready("LITERAL+"), &flows(100), &flows(5000), &waits(70000), "stall\n"].concat());
    played("literals", &[&ready("LITERAL-"), &flows(100), &waits(5000), &waits(70000), "stall\n"].concat());
    played("literals", &[&ready("X-NONE"), &waits(100), &waits(5000), &waits(70000), "stall\n"].concat());
    shows("scripted", &["AP5", "L6", "LITERAL+", "LITERAL-"]);
}
