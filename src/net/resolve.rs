//! Names to addresses. The system's lookup cannot be interrupted, so it runs on a short-lived thread of its own,
//! which touches nothing but its answer and is left behind when nobody waits for it any more.

#![forbid(unsafe_code)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use parking_lot::Mutex;

use super::wake::Wake;
use crate::error::{Error, Result, imap_status::*};

/// A lookup: done at once, or running beside.
pub enum Lookup {
    Done(Vec<SocketAddr>),
    Running { answer: Arc<Answer>, host: String },
}

pub struct Answer {
    addresses: Mutex<Option<std::io::Result<Vec<SocketAddr>>>>,
    wake: Wake,
}

/// Begins to look `host` and `port` up. "" and "localhost" are this machine; IP addresses need no lookup.
pub fn begin(host: &str, port: &str) -> Result<Lookup> {
    check_host(host)?;
    let number = port_number(port)?;
    if host.is_empty() || host.eq_ignore_ascii_case("localhost") {
        let here = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        return Ok(Lookup::Done(here.map(|address| SocketAddr::new(address, number)).to_vec()));
    }
    let literal = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = literal.parse::<IpAddr>() {
        return Ok(Lookup::Done(vec![SocketAddr::new(address, number)]));
    }
    let wake = Wake::take()?;
    wake.clear();
    let answer = Arc::new(Answer { addresses: Mutex::new(None), wake });
    let (theirs, name) = (answer.clone(), host.to_owned());
    let started =
        std::thread::Builder::new().name("imap lookup".into()).stack_size(256 * 1024).spawn(move || {
            let found = (name.as_str(), number).to_socket_addrs().map(Iterator::collect);
            *theirs.addresses.lock() = Some(found);
            Wake::signal(theirs.wake.signal_fd());
        });
    started.map_err(|error| Error::system(IMAP_ERR_CONNECT, "cannot start the name lookup", &error))?;
    Ok(Lookup::Running { answer, host: host.to_owned() })
}

impl Lookup {
    /// The addresses, once they are known.
    pub fn poll(&mut self) -> Result<Option<Vec<SocketAddr>>> {
        match self {
            Lookup::Done(addresses) => Ok(Some(std::mem::take(addresses))),
            Lookup::Running { answer, host } => match answer.addresses.lock().take() {
                None => Ok(None),
                Some(Ok(addresses)) if !addresses.is_empty() => Ok(Some(addresses)),
                Some(Ok(_)) => Err(Error::fatal(IMAP_ERR_CONNECT, format!("{host} has no address"))),
                Some(Err(error)) => {
                    Err(Error::system(IMAP_ERR_CONNECT, &format!("cannot look up {host}"), &error))
                }
            },
        }
    }

    /// What becomes readable when the answer is there.
    pub fn wake(&self) -> Option<&Wake> {
        match self {
            Lookup::Done(_) => None,
            Lookup::Running { answer, .. } => Some(&answer.wake),
        }
    }
}

/// The name that certificates bear: without the dot that ends a full name.
pub fn certificate_name(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

pub fn check_host(host: &str) -> Result<()> {
    let problem = if host.len() > 253 {
        "is longer than 253 characters"
    } else if !host.is_ascii() {
        "is not ASCII: give its A-label, as xn--bcher-kva.example"
    } else if host.bytes().any(|byte| byte <= b' ' || byte == 0x7f || b"/@\\".contains(&byte)) {
        "contains a character that no host name has"
    } else {
        return Ok(());
    };
    let shown: String = host.chars().filter(|c| !c.is_control()).take(60).collect();
    Err(Error::invalid(format!("the host \"{shown}\" {problem}")))
}

/// A number, or a service's name.
pub fn port_number(port: &str) -> Result<u16> {
    let known = match port {
        "imaps" => Some(993),
        "imap" | "imap2" => Some(143),
        _ => port.parse::<u16>().ok().filter(|port| *port > 0),
    };
    let shown: String = port.chars().filter(|c| !c.is_control()).take(40).collect();
    known.ok_or_else(|| Error::invalid(format!("\"{shown}\" is neither a port number nor imap or imaps")))
}
