//! Waiting for news, handlers and event loops, against a server that plays scripts.

mod support;

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use support::program::{run_for, test_program};
use support::scripted::Scripted;

const GREETING: &str = "S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\n";
const SELECT: &str = "C: SELECT INBOX\nS: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK [READ-WRITE] done\n";
const IDLE: &str = "C: IDLE\nS: + idling\n";
const DONE: &str = "c: DONE\nS: $ OK done\n";
const NOOP: &str = "C: NOOP\nS: $ OK done\n";

fn played(program: &str, arguments: &[&str], script: &str) -> String {
    let server = Scripted::new(script);
    let port = format!("1:{}", server.port);
    // Behind the scenario, and the host where one is named.
    let (head, options) = arguments.split_at(if program == "loops" { 2 } else { 1 });
    let all = [head, &[&port, "2:2", "46:1"], options].concat();
    let output = run_for(&test_program(program), &all, &[], 60);
    if output.code != Some(0) {
        println!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
        panic!("{program} {arguments:?} failed");
    }
    server.join();
    output.out
}

fn idle(scenario: &str, options: &[&str], script: &[&str]) {
    let mut arguments = vec![scenario];
    arguments.extend(options);
    played("idle", &arguments, &[GREETING, SELECT, &script.concat()].concat());
}

#[test]
fn news_come_and_idle_goes_on() {
    let script = [IDLE, "S: * 4 EXISTS\nwait 100\nS: * 2 EXPUNGE\n", DONE, NOOP];
    idle("news", &[], &script);
    support::shows("scripted", &["I1", "I3", "IDLE"]);
}

#[test]
fn idle_is_renewed() {
    idle("renewed", &["65:200"], &[IDLE, DONE, IDLE, DONE, IDLE, DONE, IDLE, DONE]);
    support::shows("scripted", &["I6"]);
}

#[test]
fn servers_without_idle_are_asked() {
    let news = "C: NOOP\nS: * 4 EXISTS\nS: $ OK done\n";
    let script = [NOOP, NOOP, news].concat();
    played("idle", &["polled", "67:100"], &[&GREETING.replace(" IDLE", ""), SELECT, &script].concat());
    idle("polled", &["67:100"], &["C: IDLE\nS: $ NO not here\n", NOOP, news]);
    idle("polled", &["67:100"], &["C: IDLE\nS: $ BAD what\n", NOOP, news]);
    // Some say that it is over as soon as it has begun.
    idle("polled", &["67:100"], &[IDLE, "S: $ OK done\n", NOOP, news]);
}

#[test]
fn commands_run_while_a_thread_idles() {
    // Quick ones follow one another without an IDLE between them.
    let script = [IDLE, DONE, NOOP, NOOP, NOOP, IDLE, "S: * 4 EXISTS\n", "stall\n"];
    idle("yielding", &[], &script);
}

#[test]
fn two_threads_idle() {
    idle("two_idle", &[], &[IDLE, "S: * 4 EXISTS\nwait 100\nS: * 5 EXISTS\n", "stall\n"]);
}

#[test]
fn a_cancelled_idle_says_done() {
    idle("cancelled", &[], &[IDLE, DONE, NOOP, IDLE, DONE, NOOP]);
}

#[test]
fn disconnecting_ends_an_idle() {
    idle("disconnected", &[], &[IDLE, "stall\n"]);
}

#[test]
fn a_client_can_be_freed_while_calls_are_inside() {
    idle("freed", &[], &[IDLE, "c: DONE\nstall\n"]);
}

/// While the connection is made, TLS begins, or the greeting is waited for.
#[test]
fn connecting_is_cancelled_at_once() {
    played("loops", &["connecting", "127.0.0.1"], "stall\n");
    played("loops", &["connecting", "127.0.0.1", "2:0"], "stall\n");
    // A port that does not answer: its queue is full.
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
    listener.listen(0).expect("a short queue");
    let address = listener.local_addr().ok().and_then(|address| address.as_socket()).expect("its address");
    let queued: Vec<TcpStream> =
        std::iter::from_fn(|| TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok())
            .take(1000)
            .collect();
    let port = format!("1:{}", address.port());
    let output = run_for(&test_program("loops"), &["connecting", "127.0.0.1", &port, "2:2"], &[], 60);
    assert_eq!(output.code, Some(0), "{}", output.out);
    drop(queued);
}

#[test]
fn a_dead_peer_is_found() {
    idle("dead", &["65:200", "66:300"], &[IDLE, "stall\n"]);
    idle("dead", &["63:300"], &["C: IDLE\nstall\n"]);
    support::shows("scripted", &["N12", "L3"]);
}

#[test]
fn handlers_hear_of_everything() {
    let script = [
        "C: UID FETCH 1:* (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS ())\nS: * 4 EXISTS\nS: * 2 FETCH (UID 2 FLAGS ())\nS: $ OK done\n",
        "C: NOOP\nS: * FLAGS (\\Seen)\nS: $ OK done\nC: CHECK\nS: $ OK done\n",
        "C: NOOP\nS: * 5 EXISTS\nS: * 6 EXISTS\nS: $ OK done\n",
    ];
    idle("handled", &[], &script);
    support::shows("scripted", &["H3"]);
}

#[test]
fn a_loop_drives_everything() {
    let login = "C: LOGIN \"alice\" \"secret\"\nS: $ OK [CAPABILITY IMAP4rev1 IDLE] in\n";
    let script = [
        "S: * OK [CAPABILITY IMAP4rev1] ready\n",
        login,
        NOOP,
        SELECT,
        "C: UID FETCH 1:* (UID BODY.PEEK[])\nS: * 1 FETCH (UID 1 BODY[] {5}\nS: hello)\n",
        "S- * 2 FETCH (UID 2 BODY[] {300000}\\r\\n\nbytes 100000\nwait 50\nbytes 100000\nwait 50\nbytes 100000\nS: )\n",
        "wait 50\nS: $ OK done\n",
        "C: APPEND INBOX {50000}\nwait 50\nS: + go\nL: 50000\nc: \nwait 50\nS: $ OK done\n",
        IDLE,
        "wait 50\nS: * 4 EXISTS\n",
        DONE,
        NOOP,
    ];
    for options in [
        &["session", "127.0.0.1", "40=alice", "41=secret"],
        &["session", "localhost", "40=alice", "41=secret"],
    ] {
        played("loops", options, &script.concat());
    }
}

#[test]
fn a_loop_sees_failures_and_cancels() {
    let out = played("loops", &["failing", "127.0.0.1", "62:300"], "stall\n");
    assert!(out.contains("IMAP_ERR_TIMEOUT"), "{out}");
    let out = played("loops", &["failing", "no-such-host.invalid"], "stall\n");
    assert!(out.contains("IMAP_ERR_CONNECT"), "{out}");
    let out = played("loops", &["failing", "127.0.0.1"], "S: * BYE full\n");
    assert!(out.contains("IMAP_ERR_CLOSED"), "{out}");
    played("loops", &["told", "127.0.0.1"], "S: * BYE full\n");
    played("loops", &["cancelled", "127.0.0.1"], &[GREETING, "C: NOOP\nstall\n"].concat());
}
