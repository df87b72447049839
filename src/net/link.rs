//! A connection being made, or made: name lookup, dialling, TLS, bytes.

#![forbid(unsafe_code)]

use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dial::Dial;
use super::resolve::{self, Lookup};
use super::system::{self, Watch};
use super::tls::{Channel, Tls};
use crate::error::{Error, Result, imap_status::*};

/// Where to connect to, and how.
pub struct Target {
    /// "": this machine.
    pub host: String,
    /// A number, "imap" or "imaps".
    pub port: String,
    /// To be used instead of a lookup.
    pub addresses: Vec<IpAddr>,
    /// A peer that does not acknowledge for so long is gone; None: TCP's own idea of it.
    pub keepalive: Option<Duration>,
    pub implicit_tls: Option<Tls>,
    pub connect_timeout: Option<Duration>,
    pub tls_timeout: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Pending,
    Open,
}

/// What reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Bytes(usize),
    Blocked,
    End,
}

pub struct Link {
    stage: Stage,
    target: Arc<Target>,
    /// When the stage must be over.
    due: Option<Instant>,
    /// What was done, in words, not told yet.
    notes: Vec<String>,
}

enum Stage {
    Lookup(Lookup),
    Dial(Dial),
    /// TLS is there from the handshake on.
    Connected {
        socket: TcpStream,
        peer: SocketAddr,
        tls: Option<Box<Channel>>,
    },
    Closed,
}

impl Link {
    /// Begins to connect; never waits.
    pub fn open(target: Arc<Target>, now: Instant) -> Result<Link> {
        let lookup = if target.addresses.is_empty() {
            resolve::begin(&target.host, &target.port)?
        } else {
            given_addresses(&target)?
        };
        let due = target.connect_timeout.map(|timeout| now + timeout);
        Ok(Link { stage: Stage::Lookup(lookup), target, due, notes: Vec::new() })
    }

    /// What was done since it was asked last, in words for a log.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Moves the making on as far as it goes now.
    pub fn advance(&mut self, now: Instant) -> Result<Progress> {
        let advanced = self.try_advance(now);
        if let Stage::Dial(dial) = &mut self.stage {
            self.notes.append(&mut dial.notes);
        }
        advanced
    }

    fn try_advance(&mut self, now: Instant) -> Result<Progress> {
        loop {
            match &mut self.stage {
                Stage::Lookup(lookup) => match lookup.poll()? {
                    None => return self.pending(now),
                    Some(addresses) => {
                        let dial = Dial::new(&self.name(), addresses, self.target.keepalive, now);
                        self.stage = Stage::Dial(dial);
                    }
                },
                Stage::Dial(dial) => match dial.advance(now)? {
                    None => return self.pending(now),
                    Some((socket, peer)) => {
                        self.notes.append(&mut dial.notes);
                        self.stage = Stage::Connected { socket, peer, tls: None };
                        self.due = None;
                        let target = self.target.clone();
                        if let Some(tls) = &target.implicit_tls {
                            self.secure(tls, target.tls_timeout, now)?;
                        }
                    }
                },
                Stage::Connected { tls: None, .. } => return Ok(Progress::Open),
                Stage::Connected { socket, tls: Some(channel), .. } => {
                    if handshake(socket, channel)? {
                        self.due = None;
                        self.notes.push("TLS is up".to_owned());
                        return Ok(Progress::Open);
                    }
                    return self.pending(now);
                }
                Stage::Closed => return Err(closed()),
            }
        }
    }

    fn pending(&self, now: Instant) -> Result<Progress> {
        if self.due.is_none_or(|due| now < due) {
            return Ok(Progress::Pending);
        }
        let what = match self.stage {
            Stage::Lookup(_) => format!("the lookup of {} took too long", self.name()),
            Stage::Dial(_) => format!("{} did not answer in time", self.name()),
            _ => format!("the TLS handshake with {} took too long", self.name()),
        };
        Err(Error::fatal(IMAP_ERR_TIMEOUT, what))
    }

    fn name(&self) -> String {
        let host = if self.target.host.is_empty() { "localhost" } else { &self.target.host };
        format!("{host}:{}", self.target.port)
    }

    /// Begins TLS on an open link; `advance` until it is open again.
    pub fn secure(&mut self, settings: &Tls, timeout: Option<Duration>, now: Instant) -> Result<()> {
        match &mut self.stage {
            Stage::Connected { tls: channel @ None, .. } => {
                *channel = Some(Box::new(Channel::new(settings)?))
            }
            _ => return Err(closed()),
        }
        self.due = timeout.map(|timeout| now + timeout);
        self.notes.push("TLS begins".to_owned());
        Ok(())
    }

    /// What to poll for.
    pub fn watch(&self, out: &mut Vec<Watch>, read: bool, write: bool) {
        match &self.stage {
            Stage::Lookup(lookup) => {
                out.extend(lookup.wake().map(|wake| Watch { fd: wake.fd(), read: true, write: false }));
            }
            Stage::Dial(dial) => dial.watch(out),
            Stage::Connected { socket, .. } => {
                // Without any interest it would still report its end, over and over.
                if read || write {
                    out.push(Watch { fd: socket.as_raw_fd(), read, write });
                }
            }
            Stage::Closed => {}
        }
    }

    /// When `advance` is due, whatever the descriptors say.
    pub fn deadline(&self) -> Option<Instant> {
        let attempt = match &self.stage {
            Stage::Dial(dial) => dial.deadline(),
            _ => None,
        };
        [attempt, self.due].into_iter().flatten().min()
    }

    /// Appends at most `max` bytes to `buffer`.
    pub fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Read> {
        match &mut self.stage {
            Stage::Connected { socket, tls: None, .. } => match system::receive(socket, buffer, max) {
                Ok(Some(0)) if max > 0 => Ok(Read::End),
                Ok(Some(count)) => Ok(Read::Bytes(count)),
                Ok(None) => Ok(Read::Blocked),
                Err(error) => Err(lost(&error)),
            },
            Stage::Connected { socket, tls: Some(channel), .. } => decrypt_more(socket, channel, buffer, max),
            _ => Err(closed()),
        }
    }

    /// Writes to the beginning of `into`.
    pub fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        match &mut self.stage {
            Stage::Connected { socket, tls: None, .. } => match (&*socket).read(into) {
                Ok(0) if !into.is_empty() => Ok(Read::End),
                Ok(count) => Ok(Read::Bytes(count)),
                Err(error) if is_passing(&error) => Ok(Read::Blocked),
                Err(error) => Err(lost(&error)),
            },
            Stage::Connected { socket, tls: Some(channel), .. } => decrypt(socket, channel, into),
            _ => Err(closed()),
        }
    }

    /// Sends what there is room for; 0: none now.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.stage {
            Stage::Connected { socket, tls: None, .. } => {
                system::send(socket, bytes).map_err(|error| lost(&error))
            }
            Stage::Connected { socket, tls: Some(channel), .. } => {
                if channel.is_full() {
                    channel.drain(|part| system::send(socket, part)).map_err(|error| lost(&error))?;
                    if channel.is_full() {
                        return Ok(0);
                    }
                }
                match channel.write(&bytes[..bytes.len().min(ENCRYPTED)]) {
                    Ok(count) => Ok(count),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
                    Err(error) => Err(lost(&error)),
                }
            }
            _ => Err(closed()),
        }
    }

    /// Sends what is queued. True: nothing is left.
    pub fn flush(&mut self) -> Result<bool> {
        match &mut self.stage {
            Stage::Connected { socket, tls: Some(channel), .. } => {
                channel.drain(|part| system::send(socket, part)).map_err(|error| lost(&error))
            }
            _ => Ok(true),
        }
    }

    /// The handshake's bytes wait for room.
    pub fn is_unsent(&mut self) -> bool {
        !self.flush().unwrap_or(true)
    }

    /// Bytes are here that a poll would not tell of.
    pub fn buffered(&self) -> bool {
        matches!(&self.stage, Stage::Connected { tls: Some(channel), .. } if channel.is_buffered())
    }

    /// Gives memory back that an idle connection does not need.
    pub fn idle(&mut self) {
        if let Stage::Connected { tls: Some(channel), .. } = &mut self.stage {
            channel.rest();
        }
    }

    pub fn peer(&self) -> Option<SocketAddr> {
        match &self.stage {
            Stage::Connected { peer, .. } => Some(*peer),
            _ => None,
        }
    }

    pub fn is_tls(&self) -> bool {
        matches!(&self.stage, Stage::Connected { tls: Some(channel), .. } if channel.is_open())
    }

    /// The server's certificate, DER.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        match &self.stage {
            Stage::Connected { tls: Some(channel), .. } => channel.certificate(),
            _ => None,
        }
    }

    /// tls-server-end-point.
    pub fn channel_binding(&self) -> Option<Vec<u8>> {
        match &self.stage {
            Stage::Connected { tls: Some(channel), .. } => channel.channel_binding(),
            _ => None,
        }
    }

    /// Ends the stream now, though a thread may be polling the descriptor, which stays until the link goes.
    pub fn shut_down(&mut self) {
        if let Stage::Connected { socket, tls, .. } = &mut self.stage {
            if let Some(channel) = tls {
                channel.close();
                let _ = channel.drain(|part| system::send(socket, part));
            }
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shut_down();
        self.stage = Stage::Closed;
    }
}

/// So much is encrypted at once: a few records.
const ENCRYPTED: usize = 32 * 1024;
/// So much memory is written before the TLS library writes it again.
const DECRYPTED: usize = 64 * 1024;

fn handshake(socket: &TcpStream, channel: &mut Channel) -> Result<bool> {
    loop {
        channel.drain(|part| system::send(socket, part)).map_err(|error| lost(&error))?;
        if channel.is_open() {
            return Ok(true);
        }
        let came =
            channel.fill(|queue, room| system::receive(socket, queue, room)).map_err(|error| lost(&error))?;
        let is_open = channel.advance();
        // What the handshake has to say, an alert too, must leave even if it failed.
        let drained = channel.drain(|part| system::send(socket, part));
        if is_open? {
            drained.map_err(|error| lost(&error))?;
            return Ok(true);
        }
        if !came {
            return Ok(false);
        }
    }
}

/// Decrypts behind the end of `buffer`.
fn decrypt_more(socket: &TcpStream, channel: &mut Channel, buffer: &mut Vec<u8>, max: usize) -> Result<Read> {
    let start = buffer.len();
    loop {
        let filled = buffer.len();
        let room = (max - (filled - start)).min(DECRYPTED);
        buffer.try_reserve(room)?;
        buffer.resize(filled + room, 0);
        let read = decrypt(socket, channel, &mut buffer[filled..]);
        let count = if let Ok(Read::Bytes(count)) = read { count } else { 0 };
        buffer.truncate(filled + count);
        let total = buffer.len() - start;
        match read {
            // Less than there is room for: more than the socket has now is for the next turn.
            Ok(Read::Bytes(count)) if count < room || total == max => return Ok(Read::Bytes(total)),
            Ok(Read::Bytes(_)) => {}
            _ if total > 0 => return Ok(Read::Bytes(total)),
            other => return other,
        }
    }
}

/// Decrypts into `into` until it is full or ciphertext is missing.
fn decrypt(socket: &TcpStream, channel: &mut Channel, into: &mut [u8]) -> Result<Read> {
    let mut filled = 0;
    let mut has_asked = false;
    while filled < into.len() {
        match channel.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // One look at the socket: more than it has now is for the next turn.
                if has_asked && filled > 0 {
                    return Ok(Read::Bytes(filled));
                }
                has_asked = true;
                let came = channel
                    .fill(|queue, room| system::receive(socket, queue, room))
                    .map_err(|error| lost(&error))?;
                if !came {
                    return Ok(if filled > 0 { Read::Bytes(filled) } else { Read::Blocked });
                }
            }
            Err(_) if filled > 0 => break,
            Err(error) => return Err(cut(&error)),
        }
    }
    Ok(if filled > 0 { Read::Bytes(filled) } else { Read::End })
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn given_addresses(target: &Target) -> Result<Lookup> {
    let mut all = Vec::new();
    for address in &target.addresses {
        match resolve::begin(&address.to_string(), &target.port)? {
            Lookup::Done(found) => all.extend(found),
            Lookup::Running { .. } => {}
        }
    }
    Ok(Lookup::Done(all))
}

fn lost(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::OutOfMemory => crate::error::NoMemory.into(),
        _ => Error::system(IMAP_ERR_CLOSED, "the connection was lost", error),
    }
}

fn cut(error: &io::Error) -> Error {
    let is_end = error.kind() == io::ErrorKind::UnexpectedEof || error.to_string().contains("unexpected EOF");
    match is_end {
        true => Error::fatal(IMAP_ERR_CLOSED, "the connection was cut without the goodbye of TLS"),
        false => lost(error),
    }
}

fn closed() -> Error {
    Error::fatal(IMAP_ERR_CLOSED, "the connection is closed")
}
