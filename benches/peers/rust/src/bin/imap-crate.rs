//! The imap crate: imap-crate WORKLOAD MODE PORT COUNT [CA]

use std::io::{Read, Write};
use std::net::TcpStream;

use imap::types::Fetch;
use imap::Session;
use peers::{arguments, Arguments, Measure, Sums, Touch, ENVELOPES, MESSAGE};

peers::reading!(imap_proto_of_imap);

fn main() {
    let arguments = arguments();
    if arguments.is_tls {
        let tls = native_tls::TlsConnector::new().expect("TLS");
        let client = imap::connect(("localhost", arguments.port), "localhost", &tls).expect("a connection");
        work(client.login("alice", "secret").map_err(|error| error.0).expect("LOGIN"), &arguments);
    } else {
        let mut client = imap::Client::new(TcpStream::connect(("localhost", arguments.port)).expect("a connection"));
        client.read_greeting().expect("a greeting");
        work(client.login("alice", "secret").map_err(|error| error.0).expect("LOGIN"), &arguments);
    }
}

fn work<T: Read + Write>(mut session: Session<T>, arguments: &Arguments) {
    let count = arguments.count;
    let mut sums = Sums::default();
    let mut select = |session: &mut Session<T>, kind: &str| {
        session.select(format!("{kind}{count}")).expect("SELECT");
        Measure::begin()
    };
    let measure = match arguments.workload.as_str() {
        "W1" => {
            let measure = select(&mut session, "mail");
            let messages = session.fetch(format!("1:{count}"), ENVELOPES).expect("FETCH");
            messages.iter().for_each(|message| read(message, &mut sums));
            return measure.end(&sums);
        }
        "W2" | "W8" => {
            let measure = select(&mut session, "bodies");
            let messages = session.uid_fetch(format!("1:{count}"), "(BODY.PEEK[])").expect("FETCH");
            messages.iter().for_each(|message| read(message, &mut sums));
            return measure.end(&sums);
        }
        "W3" => {
            let measure = select(&mut session, "large");
            let messages = session.uid_fetch("1", "(BODY.PEEK[])").expect("FETCH");
            messages.iter().for_each(|message| read(message, &mut sums));
            return measure.end(&sums);
        }
        "W4" => {
            let measure = select(&mut session, "mail");
            let messages = session.uid_fetch(format!("1:{count}"), "(FLAGS)").expect("FETCH");
            messages.iter().for_each(|message| read(message, &mut sums));
            return measure.end(&sums);
        }
        "W5" => {
            let measure = select(&mut session, "hits");
            let found = session.uid_search("ALL").expect("SEARCH");
            sums.messages = found.len() as u64;
            sums.numbers = found.iter().map(|number| u64::from(*number)).sum();
            return measure.end(&sums);
        }
        "W6" => {
            let measure = Measure::begin();
            (0..count).for_each(|_| session.noop().expect("NOOP"));
            measure
        }
        "W7" => {
            let measure = Measure::begin();
            for number in 0..count {
                let mailbox = session.status(format!("box{number}"), "(MESSAGES)").expect("STATUS");
                sums.messages += 1;
                sums.numbers += u64::from(mailbox.exists);
            }
            measure
        }
        _ => {
            let measure = Measure::begin();
            for _ in 0..count {
                session.append("sent", MESSAGE).expect("APPEND");
                sums.messages += 1;
            }
            measure
        }
    };
    measure.end(&sums);
}

fn read(message: &Fetch, sums: &mut Sums) {
    sums.messages += 1;
    sums.numbers += u64::from(message.uid.unwrap_or(0)) + u64::from(message.size.unwrap_or(0));
    sums.flags += message.flags().len() as u64;
    sums.touched += message.internal_date().map_or(0, |date| date.timestamp() as u64);
    if let Some(envelope) = message.envelope() {
        read_envelope(envelope, sums);
    }
    if let Some(structure) = message.bodystructure() {
        read_structure(structure, sums);
    }
    if let Some(body) = message.body() {
        sums.bytes += body.len() as u64;
        sums.touched += body.touch();
    }
}
