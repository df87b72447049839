//! The client's lock, its leader and its followers under a model checker, which tries thousands of orders in which
//! threads may run. Built with `--cfg model`, and then without a network: see `tests/model/`.

#![cfg(model)]

use std::sync::Arc;

use imap::client::{Carrier, Client, Config, Goal, Target, Timeouts};
use imap::commands::{Fetch, Idle, Plain};
use imap::error::imap_status::{self, *};
use imap::net::model::serve;
use imap::session::{Item, Settings};
use shuttle::thread;

const ROUNDS: usize = 10_000;

fn client() -> Arc<Client> {
    let target = Target {
        host: "model".to_owned(),
        port: "143".to_owned(),
        addresses: Vec::new(),
        proxy: None,
        has_keepalive: false,
        implicit_tls: None,
    };
    let settings = Settings { command_timeout: None, greeting_timeout: None, ..Settings::default() };
    let timeouts = Timeouts { connect: None, tls: None, dead_peer: settings.dead_peer };
    let config = Config {
        carrier: Carrier::Network,
        target: Arc::new(target),
        starttls: None,
        timeouts,
        settings: Arc::new(settings),
        returns_on_signal: false,
        is_verified: false,
        login: None,
        enable: None,
        id: None,
        compress: false,
        log: None,
    };
    Client::start(config).expect("a client")
}

const GREETING: &str = "* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n";

/// Says OK to everything; SELECT has 200 messages, FETCH all of them, IDLE waits for DONE.
fn answer(line: &str, idle: &mut String) -> String {
    let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
    match command.split(' ').next().unwrap_or_default() {
        "" => format!("{} OK idle\r\n", std::mem::take(idle)),
        "IDLE" => {
            *idle = tag.to_owned();
            "+ idling\r\n".to_owned()
        }
        "SELECT" => format!("* 200 EXISTS\r\n{tag} OK [READ-WRITE] done\r\n"),
        "FETCH" => {
            let all: String = (1..=100).map(|n| format!("* {n} FETCH (UID {n} FLAGS ())\r\n")).collect();
            format!("{all}{tag} OK done\r\n")
        }
        _ => format!("{tag} OK done\r\n"),
    }
}

/// Runs threads on one client with a server beside, in thousands of orders, half of them random and half such that few
/// changes of thread happen, where they hurt most.
fn check(run: impl Fn(&Arc<Client>) + Send + Sync + 'static) {
    let run = Arc::new(run);
    let model = move || {
        let client = client();
        let server = thread::spawn(|| {
            let mut idle = String::new();
            serve(GREETING, |line| answer(line, &mut idle));
        });
        run(&client);
        client.disconnect();
        drop(client);
        server.join().expect("the server");
    };
    let again = model.clone();
    shuttle::check_random(model, ROUNDS);
    shuttle::check_pct(again, ROUNDS, 3);
}

fn spawn(client: &Arc<Client>, run: impl FnOnce(&Client) + Send + 'static) -> thread::JoinHandle<()> {
    let client = client.clone();
    thread::spawn(move || run(&client))
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("a thread");
    }
}

#[test]
fn every_thread_gets_its_answer() {
    check(|client| {
        let noop = |client: &Client| client.run(Plain::noop()).expect("NOOP");
        join((0..3).map(|_| spawn(client, noop)).collect());
    });
}

#[test]
fn the_lead_is_handed_on() {
    check(|client| {
        // Two send first and wait later, so that each may find its answer read by the other.
        let late = |client: &Client| {
            let id = client.submit(Box::new(Plain::noop())).expect("sent");
            client.run(Plain::noop()).expect("NOOP");
            client.wait(Goal::Done(id), None).expect("done");
            client.take::<()>(id).expect("taken");
        };
        join((0..2).map(|_| spawn(client, late)).collect());
    });
}

/// A NOOP that may fail in this way alone.
fn noop_unless(client: &Client, status: imap_status) {
    match client.run(Plain::noop()) {
        Ok(()) => {}
        Err(error) => assert_eq!(error.status, status),
    }
}

#[test]
fn a_cancel_reaches_all_who_wait() {
    check(|client| {
        let noop = |client: &Client| noop_unless(client, IMAP_ERR_CANCELLED);
        let mut threads: Vec<_> = (0..2).map(|_| spawn(client, noop)).collect();
        threads.push(spawn(client, Client::cancel));
        join(threads);
        // One that nobody waited for ends the next call.
        noop(client);
        client.run(Plain::noop()).expect("the connection is good");
    });
}

#[test]
fn a_request_is_cancelled_beside_others() {
    check(|client| {
        let id = client.submit(Box::new(Plain::noop())).expect("sent");
        join(vec![
            spawn(client, move |client| client.wait(Goal::Done(id), None).expect("it ends")),
            spawn(client, move |client| client.cancel_request(id)),
            spawn(client, |client| client.run(Plain::noop()).expect("NOOP")),
        ]);
        client.forget(id);
    });
}

#[test]
fn a_disconnect_wakes_all() {
    check(|client| {
        let noop = |client: &Client| noop_unless(client, IMAP_ERR_CLOSED);
        let mut threads: Vec<_> = (0..2).map(|_| spawn(client, noop)).collect();
        threads.push(spawn(client, Client::disconnect));
        join(threads);
    });
}

#[test]
fn a_stream_stands_still_for_its_reader_alone() {
    check(|client| {
        client.run(imap::commands::Select::writable("INBOX").expect("a command")).expect("SELECT");
        join(vec![
            spawn(client, |client| {
                let fetch = Fetch::new("#1:100", "FLAGS", None).expect("a command");
                let id = client.submit_stream(Box::new(fetch)).expect("sent");
                let mut count = 0;
                while let Some(Item::Message(message)) = client.next_item(id).expect("a message") {
                    count += 1;
                    assert_eq!(message.get().number, count);
                }
                assert_eq!(count, 100);
                client.forget(id);
            }),
            spawn(client, |client| client.run(Plain::noop()).expect("NOOP")),
        ]);
    });
}

#[test]
fn a_stream_that_is_given_up_lets_others_go_on() {
    check(|client| {
        client.run(imap::commands::Select::writable("INBOX").expect("a command")).expect("SELECT");
        join(vec![
            spawn(client, |client| {
                let fetch = Fetch::new("#1:100", "FLAGS", None).expect("a command");
                let id = client.submit_stream(Box::new(fetch)).expect("sent");
                assert!(client.next_item(id).expect("a message").is_some());
                client.forget(id);
            }),
            spawn(client, |client| client.run(Plain::noop()).expect("NOOP")),
        ]);
    });
}

#[test]
fn idle_yields_to_others_and_is_cancelled() {
    check(|client| {
        let id = client.submit(Box::new(Idle)).expect("held");
        join(vec![
            spawn(client, move |client| client.wait(Goal::Event(id), None).expect("it ends")),
            spawn(client, move |client| {
                client.run(Plain::noop()).expect("NOOP");
                client.cancel_request(id);
            }),
        ]);
        client.forget(id);
    });
}
