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
use super::proxy::{Destination, Proxy, Talk};
use super::resolve::{self, Lookup};
use super::socket::Socket;
use super::system::{PIECES, Watch};
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
    /// What the connection goes through.
    pub proxy: Option<Proxy>,
    /// A peer that does not acknowledge is gone; see `Timeouts`.
    pub has_keepalive: bool,
    pub implicit_tls: Option<Tls>,
}

/// How long the making of a connection may take; None: for ever.
#[derive(Clone, Copy)]
pub struct Timeouts {
    pub connect: Option<Duration>,
    pub tls: Option<Duration>,
    /// A peer that is silent for so long, though it should answer, is gone.
    pub dead_peer: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Pending,
    Open,
}

pub struct Link {
    stage: Stage,
    target: Arc<Target>,
    timeouts: Timeouts,
    /// Whom the proxy is to connect us to; None: there is none, or its address is being looked up.
    destination: Option<Destination>,
    /// When the stage must be over.
    due: Option<Instant>,
    /// What was done, in words, not told yet.
    notes: Vec<String>,
}

enum Stage {
    Lookup(Lookup),
    Dial(Dial),
    Proxy(Socket, Box<Talk>),
    /// The topmost layer; one may be in the making.
    Connected(Box<dyn Layer>),
    Closed,
}

impl Link {
    /// Begins to connect; never waits.
    pub fn open(target: Arc<Target>, timeouts: Timeouts, now: Instant) -> Result<Link> {
        let destination =
            target.proxy.as_ref().map(|proxy| destination(&target, proxy)).transpose()?.flatten();
        let lookup = match &target.proxy {
            Some(proxy) if destination.is_some() => resolve::begin(&proxy.host, &proxy.port)?,
            None if !target.addresses.is_empty() => given_addresses(&target)?,
            _ => resolve::begin(&target.host, &target.port)?,
        };
        let due = timeouts.connect.map(|timeout| now + timeout);
        Ok(Link { stage: Stage::Lookup(lookup), target, timeouts, destination, due, notes: Vec::new() })
    }

    /// A link over what connects already.
    pub fn over(
        layer: Box<dyn Layer>,
        target: Arc<Target>,
        timeouts: Timeouts,
        now: Instant,
    ) -> Result<Link> {
        let stage = Stage::Closed;
        let mut link = Link { stage, target, timeouts, destination: None, due: None, notes: Vec::new() };
        link.connected(layer, now)?;
        Ok(link)
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
                    Some(addresses) => self.looked_up(addresses, now)?,
                },
                Stage::Dial(dial) => match dial.advance(now)? {
                    None => return self.pending(now),
                    Some((socket, peer)) => {
                        self.notes.append(&mut dial.notes);
                        self.dialled(Socket::new(socket, peer), now)?;
                    }
                },
                Stage::Proxy(socket, talk) => {
                    if !talk_on(socket, talk)? {
                        return self.pending(now);
                    }
                    if let Stage::Proxy(socket, _) = std::mem::replace(&mut self.stage, Stage::Closed) {
                        self.connected(Box::new(socket), now)?;
                    }
                }
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

    fn looked_up(&mut self, addresses: Vec<SocketAddr>, now: Instant) -> Result<()> {
        self.stage = match (&self.target.proxy, &self.destination) {
            // That was the server's own, which this proxy wants to be told.
            (Some(proxy), None) => {
                let Some(address) = addresses.iter().map(SocketAddr::ip).find(IpAddr::is_ipv4) else {
                    let message =
                        format!("{} has no IPv4 address, and SOCKS4 knows no other", self.target.host);
                    return Err(Error::fatal(IMAP_ERR_CONNECT, message));
                };
                self.destination = Some(Destination::Address(address));
                Stage::Lookup(resolve::begin(&proxy.host, &proxy.port)?)
            }
            _ => {
                let keepalive = self.target.has_keepalive.then_some(self.timeouts.dead_peer);
                Stage::Dial(Dial::new(&self.name(), addresses, keepalive, now))
            }
        };
        Ok(())
    }

    fn dialled(&mut self, socket: Socket, now: Instant) -> Result<()> {
        match (&self.target.proxy, &self.destination) {
            (Some(proxy), Some(destination)) => {
                let port = resolve::port_number(&self.target.port)?;
                self.stage = Stage::Proxy(socket, Box::new(Talk::new(proxy, destination, port)?));
                Ok(())
            }
            _ => self.connected(Box::new(socket), now),
        }
    }

    /// The server is reached.
    fn connected(&mut self, layer: Box<dyn Layer>, now: Instant) -> Result<()> {
        self.stage = Stage::Connected(layer);
        self.due = None;
        let target = self.target.clone();
        match &target.implicit_tls {
            Some(tls) => self.secure(tls, self.timeouts.tls, now),
            None => Ok(()),
        }
    }

    fn pending(&self, now: Instant) -> Result<Progress> {
        if self.due.is_none_or(|due| now < due) {
            return Ok(Progress::Pending);
        }
        let what = match self.stage {
            Stage::Lookup(_) => format!("the lookup of {} took too long", self.name()),
            Stage::Dial(_) | Stage::Proxy(..) => format!("{} did not answer in time", self.name()),
            _ => format!("the TLS handshake with {}:{} took too long", self.target.host, self.target.port),
        };
        Err(Error::fatal(IMAP_ERR_TIMEOUT, what))
    }

    /// Whom the lookup and the dialling are for.
    fn name(&self) -> String {
        if let (Some(proxy), Some(_)) = (&self.target.proxy, &self.destination) {
            return proxy.name();
        }
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

    pub fn end_compression(&mut self) {
        if let Stage::Connected(layer) = &mut self.stage {
            layer.end_compression();
        }
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
            Stage::Proxy(socket, talk) => socket.watch(out, true, !talk.output().is_empty()),
            Stage::Connected(layer) => layer.watch(out, read, write),
            Stage::Closed => {}
        }
    }

    /// When `advance` is due, whatever the descriptors say.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Dial(dial) => [dial.deadline(), self.due].into_iter().flatten().min(),
            _ => self.due,
        }
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

    /// The same; what is more may be appended to `behind`, at most `max` bytes.
    pub fn read_on(&mut self, into: &mut [u8], behind: &mut Vec<u8>, max: usize) -> Result<Read> {
        match &mut self.stage {
            Stage::Connected(layer) => layer.read_on(into, behind, max),
            _ => Err(closed()),
        }
    }

    /// Sends what there is room for, of pieces in a row; 0: none now.
    pub fn write(&mut self, pieces: &[&[u8]; PIECES]) -> Result<usize> {
        match &mut self.stage {
            Stage::Connected(layer) => layer.write_pieces(pieces),
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

    /// The version and cipher of TLS.
    pub fn agreed(&self) -> Option<super::Agreed> {
        self.layer().agreed()
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

/// Goes on with a proxy; true once it has connected us.
fn talk_on(socket: &mut Socket, talk: &mut Talk) -> Result<bool> {
    loop {
        while !talk.output().is_empty() {
            match socket.write(talk.output()).map_err(|_| talk.ended())? {
                0 => return Ok(false),
                count => talk.sent(count),
            }
        }
        if talk.is_done() {
            return Ok(true);
        }
        let mut piece = [0; 512];
        let room = talk.wanted().min(piece.len());
        match socket.read(&mut piece[..room]).map_err(|_| talk.ended())? {
            Read::Bytes(count) => talk.take(&piece[..count])?,
            Read::Blocked => return Ok(false),
            Read::End => return Err(talk.ended()),
        }
    }
}

/// Whom to ask the proxy for; None: that has to be looked up first.
fn destination(target: &Target, proxy: &Proxy) -> Result<Option<Destination>> {
    if target.host.is_empty() {
        return Err(Error::invalid("through a proxy the host must be named: this machine is none to it"));
    }
    resolve::check_host(&target.host)?;
    resolve::port_number(&target.port)?;
    let given = target.addresses.iter().find(|address| !proxy.needs_address() || address.is_ipv4());
    Ok(match (given, Destination::of(&target.host)) {
        (Some(address), _) => Some(Destination::Address(*address)),
        (None, Destination::Name(_)) if proxy.needs_address() => None,
        (None, destination) => Some(destination),
    })
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
