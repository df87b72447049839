//! The async-imap crate on tokio, one thread: async-imap-crate WORKLOAD MODE PORT COUNT [CA]

use async_imap::types::Fetch;
use async_imap::Session;
use futures::{Stream, StreamExt};
use peers::{arguments, Arguments, Measure, Sums, Touch, ENVELOPES, MESSAGE};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

peers::reading!(imap_proto);

fn main() {
    let arguments = arguments();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let tcp = TcpStream::connect(("localhost", arguments.port)).await.expect("a connection");
        tcp.set_nodelay(true).expect("an option");
        if arguments.is_tls {
            work(async_native_tls::connect("localhost", tcp).await.expect("TLS"), &arguments).await;
        } else {
            work(tcp, &arguments).await;
        }
    });
}

async fn work<T: AsyncRead + AsyncWrite + Unpin + std::fmt::Debug + Send>(stream: T, arguments: &Arguments) {
    let mut client = async_imap::Client::new(stream);
    client.read_response().await.expect("a greeting").expect("a greeting");
    let mut session = client.login("alice", "secret").await.map_err(|error| error.0).expect("LOGIN");
    let count = arguments.count;
    let all = format!("1:{count}");
    let mut sums = Sums::default();
    let workload = arguments.workload.as_str();
    let kind = match workload {
        "W1" | "W4" => "mail",
        "W2" | "W8" => "bodies",
        "W3" => "large",
        "W5" => "hits",
        _ => "",
    };
    if !kind.is_empty() {
        session.select(format!("{kind}{count}")).await.expect("SELECT");
    }
    let measure = Measure::begin();
    match workload {
        "W1" => read_all(session.fetch(all, ENVELOPES).await.expect("FETCH"), &mut sums).await,
        "W2" | "W8" => read_all(session.uid_fetch(all, "(BODY.PEEK[])").await.expect("FETCH"), &mut sums).await,
        "W3" => read_all(session.uid_fetch("1", "(BODY.PEEK[])").await.expect("FETCH"), &mut sums).await,
        "W4" => read_all(session.uid_fetch(all, "(FLAGS)").await.expect("FETCH"), &mut sums).await,
        "W5" => {
            let found = session.uid_search("ALL").await.expect("SEARCH");
            sums.messages = found.len() as u64;
            sums.numbers = found.iter().map(|number| u64::from(*number)).sum();
        }
        _ => repeat(&mut session, workload, count, &mut sums).await,
    }
    measure.end(&sums);
}

async fn repeat<T: AsyncRead + AsyncWrite + Unpin + std::fmt::Debug + Send>(
    session: &mut Session<T>,
    workload: &str,
    count: usize,
    sums: &mut Sums,
) {
    for number in 0..count {
        match workload {
            "W6" => session.noop().await.expect("NOOP"),
            "W7" => {
                let mailbox = session.status(format!("box{number}"), "(MESSAGES)").await.expect("STATUS");
                sums.messages += 1;
                sums.numbers += u64::from(mailbox.exists);
            }
            _ => {
                session.append("sent", None, None, MESSAGE).await.expect("APPEND");
                sums.messages += 1;
            }
        }
    }
}

async fn read_all(messages: impl Stream<Item = async_imap::error::Result<Fetch>>, sums: &mut Sums) {
    futures::pin_mut!(messages);
    while let Some(message) = messages.next().await {
        read(&message.expect("a message"), sums);
    }
}

fn read(message: &Fetch, sums: &mut Sums) {
    sums.messages += 1;
    sums.numbers += u64::from(message.uid.unwrap_or(0)) + u64::from(message.size.unwrap_or(0));
    sums.flags += message.flags().count() as u64;
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
