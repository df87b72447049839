//! Connecting to the first of several addresses that answers (RFC 8305): a new attempt begins when the last one
//! has had a quarter of a second, or failed.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::system::Watch;
use crate::error::{Error, Result, imap_status::*};

const ATTEMPT: Duration = Duration::from_millis(250);

pub struct Dial {
    host: String,
    /// Give a silent peer up after so long.
    keepalive: Option<Duration>,
    waiting: VecDeque<SocketAddr>,
    attempts: Vec<(Socket, SocketAddr)>,
    next: Instant,
    tried: usize,
    last_error: Option<io::Error>,
    /// What was tried, in words, not told yet.
    pub notes: Vec<String>,
}

impl Dial {
    pub fn new(host: &str, addresses: Vec<SocketAddr>, keepalive: Option<Duration>, now: Instant) -> Dial {
        Dial {
            host: host.to_owned(),
            keepalive,
            waiting: interleave(addresses),
            attempts: Vec::new(),
            next: now,
            tried: 0,
            last_error: None,
            notes: Vec::new(),
        }
    }

    /// The connection, once one stands. An error once all attempts have failed.
    pub fn advance(&mut self, now: Instant) -> Result<Option<(TcpStream, SocketAddr)>> {
        let mut at = 0;
        while at < self.attempts.len() {
            match outcome(&self.attempts[at].0) {
                Ok(false) => at += 1,
                Ok(true) => {
                    let (socket, address) = self.attempts.swap_remove(at);
                    self.attempts.clear();
                    self.notes.push(format!("connected to {address}"));
                    return Ok(Some((socket.into(), address)));
                }
                Err(error) => {
                    let (_, address) = self.attempts.swap_remove(at);
                    self.failed(address, error, now);
                }
            }
        }
        while now >= self.next || self.attempts.is_empty() {
            let Some(address) = self.waiting.pop_front() else { break };
            self.tried += 1;
            self.next = now + ATTEMPT;
            self.notes.push(format!("connecting to {address}"));
            match self.begin(address) {
                Ok(socket) => {
                    self.attempts.try_reserve(1)?;
                    self.attempts.push((socket, address));
                }
                Err(error) => self.failed(address, error, now),
            }
        }
        if self.attempts.is_empty() && self.waiting.is_empty() { Err(self.failure()) } else { Ok(None) }
    }

    pub fn watch(&self, out: &mut Vec<Watch>) {
        let sockets = self.attempts.iter().map(|(socket, _)| socket.as_raw_fd());
        out.extend(sockets.map(|fd| Watch { fd, read: false, write: true }));
    }

    /// When the next attempt begins.
    pub fn deadline(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.next)
    }

    fn begin(&self, address: SocketAddr) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(dead_after) = self.keepalive {
            socket.set_tcp_keepalive(&keepalive(dead_after))?;
            // What was sent and is not acknowledged counts too, where the system can tell.
            #[cfg(any(target_os = "linux", target_os = "android"))]
            socket.set_tcp_user_timeout(Some(dead_after))?;
        }
        #[cfg(any(target_os = "macos", target_os = "ios"))]
        socket.set_nosigpipe(true)?;
        match socket.connect(&address.into()) {
            Ok(()) => Ok(socket),
            Err(error) if is_in_progress(&error) => Ok(socket),
            Err(error) => Err(error),
        }
    }

    fn failed(&mut self, address: SocketAddr, error: io::Error, now: Instant) {
        self.notes.push(format!("{address}: {error}"));
        self.last_error = Some(error);
        self.next = now;
    }

    fn failure(&self) -> Error {
        let what = match self.tried {
            1 => format!("cannot connect to {}", self.host),
            tried => format!("cannot connect to {} at any of its {tried} addresses", self.host),
        };
        match &self.last_error {
            Some(error) => Error::system(IMAP_ERR_CONNECT, &what, error),
            None => Error::fatal(IMAP_ERR_CONNECT, what),
        }
    }
}

/// Probes after half the time, and gives up after all of it.
fn keepalive(dead_after: Duration) -> TcpKeepalive {
    const SECOND: Duration = Duration::from_secs(1);
    TcpKeepalive::new()
        .with_time((dead_after / 2).max(SECOND))
        .with_interval((dead_after / 8).max(SECOND))
        .with_retries(4)
}

/// True: connected; false: not yet.
fn outcome(socket: &Socket) -> io::Result<bool> {
    if let Some(error) = SockRef::from(socket).take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Families in turn, the first address's first.
fn interleave(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let is_first_v6 = addresses.first().is_none_or(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == is_first_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut all = VecDeque::new();
    loop {
        match (first.next(), second.next()) {
            (None, None) => return all,
            (a, b) => all.extend(a.into_iter().chain(b)),
        }
    }
}
