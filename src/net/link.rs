//! A connection being made, or made: name lookup, dialling, TLS, bytes.

#![forbid(unsafe_code)]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::channel::Channel;
use super::deflate::Deflate;
use super::dial::Dial;
use super::layer::{Gone, Layer, Read, closed};
use super::lent::Lent;
use super::resolve::{self, Lookup};
use super::socket::Socket;
use super::system::Watch;
use super::tls::Tls;
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
    /// The topmost layer; one may be in the making.
    Connected(Box<dyn Layer>),
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
                        self.stage = Stage::Connected(Box::new(Socket::new(socket, peer)));
                        self.due = None;
                        let target = self.target.clone();
                        if let Some(tls) = &target.implicit_tls {
                            self.secure(tls, target.tls_timeout, now)?;
                        }
                    }
                },
                Stage::Connected(layer) => {
                    if layer.advance()? {
                        self.due = None;
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
        self.put(|below| Ok(Box::new(Channel::over(below, settings)?)))?;
        self.due = timeout.map(|timeout| now + timeout);
        Ok(())
    }

    /// From here on what passes is compressed; `begun` has come already.
    pub fn compress(&mut self, begun: Vec<u8>) -> Result<()> {
        self.put(|below| Ok(Box::new(Deflate::over(below, begun))))
    }

    /// Puts a layer on top.
    fn put(&mut self, make: impl FnOnce(Box<dyn Layer>) -> Result<Box<dyn Layer>>) -> Result<()> {
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Connected(below) => self.stage = Stage::Connected(make(below)?),
            _ => return Err(closed()),
        }
        Ok(())
    }

    fn layer(&self) -> &dyn Layer {
        match &self.stage {
            Stage::Connected(layer) => &**layer,
            _ => &Gone,
        }
    }

    /// What to poll for.
    pub fn watch(&self, out: &mut Vec<Watch>, read: bool, write: bool) {
        match &self.stage {
            Stage::Lookup(lookup) => {
                out.extend(lookup.wake().map(|wake| Watch { fd: wake.fd(), read: true, write: false }));
            }
            Stage::Dial(dial) => dial.watch(out),
            Stage::Connected(layer) => layer.watch(out, read, write),
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
            Stage::Connected(layer) => layer.append(buffer, max),
            _ => Err(closed()),
        }
    }

    /// Writes to the beginning of `into`.
    pub fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        match &mut self.stage {
            Stage::Connected(layer) => layer.read(into),
            _ => Err(closed()),
        }
    }

    /// Sends what there is room for; 0: none now.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.stage {
            Stage::Connected(layer) => layer.write(bytes),
            _ => Err(closed()),
        }
    }

    /// Sends what is queued. True: nothing is left.
    pub fn flush(&mut self) -> Result<bool> {
        match &mut self.stage {
            Stage::Connected(layer) => layer.flush(),
            _ => Ok(true),
        }
    }

    /// The handshake's bytes wait for room.
    pub fn is_unsent(&mut self) -> bool {
        !self.flush().unwrap_or(true)
    }

    /// Bytes are here that a poll would not tell of.
    pub fn buffered(&self) -> bool {
        self.layer().is_buffered()
    }

    /// Gives memory back that an idle connection does not need.
    pub fn idle(&mut self) {
        if let Stage::Connected(layer) = &mut self.stage {
            layer.rest();
        }
    }

    pub fn peer(&self) -> Option<SocketAddr> {
        self.layer().peer()
    }

    pub fn is_tls(&self) -> bool {
        self.layer().is_tls()
    }

    /// The server's certificate, DER.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.layer().certificate()
    }

    /// tls-server-end-point.
    pub fn channel_binding(&self) -> Option<Vec<u8>> {
        self.layer().channel_binding()
    }

    /// The queues of a client over functions of the caller's.
    pub fn lent(&mut self) -> Option<&mut Lent> {
        match &mut self.stage {
            Stage::Connected(layer) => layer.lent(),
            _ => None,
        }
    }

    /// Ends the stream now, though a thread may be polling the descriptor, which stays until the link goes.
    pub fn shut_down(&mut self) {
        if let Stage::Connected(layer) = &mut self.stage {
            layer.close();
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shut_down();
        self.stage = Stage::Closed;
    }
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
