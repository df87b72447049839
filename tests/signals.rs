//! Signals, and what a program that the client's starts inherits.

mod support;

use std::process::Command;
use std::time::Duration;

use support::program::{finish, test_program};
use support::scripted::Scripted;

fn played(scenario: &str, options: &[&str], script: &str) {
    let server = Scripted::new(&["S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] ready\n", script].concat());
    let port = format!("1:{}", server.port);
    // Not observed: the program closes what it was given, the loader's notes among it.
    let mut command = Command::new(test_program("signals"));
    command.args([scenario, &port, "2:2"]).args(options);
    let output = finish(command, Duration::from_secs(60));
    if output.code != Some(0) {
        println!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
        panic!("signals {scenario} failed: {:?}", output.code);
    }
}

#[test]
fn a_wait_outlasts_signals() {
    played("retried", &["63:500"], "C: NOOP\nwait 300\nS: $ OK done\nC: NOOP\nstall\n");
}

#[test]
fn a_wait_ends_at_a_signal_where_that_is_asked_for() {
    played("returned", &["110:1"], "C: NOOP\nwait 300\nS: $ OK done\n");
}

#[test]
fn a_broken_connection_raises_no_signal() {
    played("broken", &[], "C: NOOP\nS: $ OK done\nreset\n");
    played("broken", &[], "C: NOOP\nS: $ OK done\nclose\n");
}

#[test]
fn descriptors_are_not_inherited() {
    played("inherited", &[], "stall\n");
}
