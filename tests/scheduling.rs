//! What is sent when, against a server that plays scripts.

mod support;

use support::program::{run_for, test_program};
use support::scripted::Scripted;

const GREETING: &str = "S: * PREAUTH [CAPABILITY IMAP4rev1 MOVE] ready\n";

fn played(scenario: &str, options: &[&str], script: &[&str]) -> Vec<String> {
    let server = Scripted::new(&[GREETING, &script.concat()].concat());
    let port = format!("1:{}", server.port);
    let all = [&[scenario, &port, "2:2"], options].concat();
    let output = run_for(&test_program("scheduling"), &all, &[], 60);
    if output.code != Some(0) {
        println!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
        panic!("scheduling {scenario} failed");
    }
    server.join()
}

fn status(mailbox: &str) -> String {
    let number = mailbox.trim_start_matches(char::is_alphabetic);
    format!("C: STATUS {mailbox} (MESSAGES)\nS: * STATUS {mailbox} (MESSAGES {number})\nS: $ OK done\n")
}

#[test]
fn many_commands_take_few_round_trips() {
    let record = played("bursts", &[], &["statuses 500\n"]);
    let bursts: usize = record[0].trim_end_matches(" bursts").parse().expect("a number");
    assert!((2..=5).contains(&bursts), "{bursts} bursts");
}

#[test]
fn asking_is_enough() {
    let delayed = |mailbox| status(mailbox).replace("\nS: *", "\nwait 100\nS: *");
    played("asked", &[], &[&delayed("box7"), &delayed("box8")]);
}

#[test]
fn a_request_in_a_hurry_goes_first() {
    let first = status("box0");
    let rest = ["box4", "box1", "box2", "box3"].map(status);
    let [a, b, c, d] = &rest;
    played("hurried", &["90:1"], &[&first, a, "C: NOOP\nS: $ OK done\n", b, c, d]);
}

#[test]
fn threads_take_turns() {
    let order = ["a0", "a1", "b0", "a2", "b1", "a3", "b2", "a4", "a5"].map(status);
    played("fair", &["90:1"], &[&order.concat()]);
}

/// The answers are held back until all is there that may come together, and a pause shows that no more does.
#[test]
fn commands_wait_for_what_they_depend_on() {
    played(
        "ordered",
        &[],
        &[
            "C: SELECT INBOX\nquiet 50\nS: * 3 EXISTS\nS: $ OK [READ-WRITE] done\n",
            "C: UID FETCH 1 (UID FLAGS)\nC: UID SEARCH ALL\nquiet 50\nS: * SEARCH 1 2 3\nS: $ OK done\n",
            "S: * 1 FETCH (UID 1 FLAGS ())\nreply 2\n",
            "C: FETCH 2 (UID FLAGS)\nquiet 50\nS: * 2 FETCH (UID 2 FLAGS ())\nS: $ OK done\n",
            "C: EXPUNGE\nquiet 50\nS: * 1 EXPUNGE\nS: $ OK done\n",
            "C: FETCH 1 (UID FLAGS)\nC: SEARCH UNSEEN\nquiet 50\n",
            "S: * SEARCH 1\nS: $ OK done\nS: * 1 FETCH (UID 2 FLAGS ())\nreply 2\n",
            "C: MOVE 1 box\nquiet 50\nS: * OK [COPYUID 7 2 9] x\nS: * 1 EXPUNGE\nS: $ OK done\n",
            "C: FETCH 1 (UID FLAGS)\nS: * 1 FETCH (UID 3 FLAGS ())\nS: $ OK done\n",
        ],
    );
}
