//! TLS over two memory queues: the TLS library never sees the socket, so no system call happens inside it, and a
//! write that the socket refuses never disturbs it.

#![forbid(unsafe_code)]

use std::io::{self, Read as _, Write as _};

use native_tls::{HandshakeError, MidHandshakeTlsStream, TlsStream};

use super::certificate::{self, Pin};
use super::layer::{Layer, Read};
use super::resolve::certificate_name;
use super::server_hello::{Agreed, ServerHello};
use super::socket::lost;
use super::tls::{Tls, connector, contains};
use crate::error::{Error, NoMemory, Result, imap_status::*};

/// Ciphertext on its way: what came from the socket, what goes to it.
struct Queues {
    incoming: Vec<u8>,
    /// So much of `incoming` has been read.
    taken: usize,
    outgoing: Vec<u8>,
    /// So much of `outgoing` has been sent.
    sent: usize,
    /// The socket's end was seen.
    is_ended: bool,
    /// The socket had more than there was room for.
    was_full: bool,
    hello: ServerHello,
}

impl Queues {
    /// How much ciphertext there is room for now.
    fn make_room(&mut self) -> Result<usize, NoMemory> {
        if self.taken == self.incoming.len() {
            self.incoming.clear();
            self.taken = 0;
        }
        let size = if self.was_full { INCOMING } else { FIRST_INCOMING };
        if self.incoming.capacity() < size {
            self.incoming.try_reserve_exact(size - self.incoming.len().min(size))?;
        }
        if size.saturating_sub(self.incoming.len()) < RECORD {
            self.incoming.drain(..self.taken);
            self.taken = 0;
        }
        Ok(size.saturating_sub(self.incoming.len()))
    }
}

impl io::Read for Queues {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.incoming[self.taken..];
        if rest.is_empty() {
            // An end without the goodbye of TLS is an error: somebody may have cut the stream.
            let kind = if self.is_ended { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::WouldBlock };
            return Err(kind.into());
        }
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }
}

impl io::Write for Queues {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.try_reserve(bytes.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A TLS connection being made, or made.
pub struct Channel {
    below: Box<dyn Layer>,
    stage: Stage,
    host: String,
    pins: Vec<Pin>,
    is_verified: bool,
}

enum Stage {
    Handshake(Box<MidHandshakeTlsStream<Queues>>),
    Open(Box<TlsStream<Queues>>),
    Failed,
}

/// Ciphertext is moved in pieces of this size, once there is so much of it; a record must fit behind what is left.
const INCOMING: usize = 128 * 1024;
/// Until then in smaller ones: a connection that idles, or shakes hands, has little to say.
const FIRST_INCOMING: usize = 2 * RECORD;
/// More ciphertext than this is not made before some has left.
const OUTGOING: usize = 64 * 1024;
/// A TLS record and what may surround it.
const RECORD: usize = 18 * 1024;
/// So much is encrypted at once: a few records.
const ENCRYPTED: usize = 32 * 1024;
/// So much memory is written before the TLS library writes it again.
const DECRYPTED: usize = 64 * 1024;

impl Channel {
    /// Begins the handshake; what it says first is in the outgoing queue.
    pub fn over(below: Box<dyn Layer>, tls: &Tls) -> Result<Channel> {
        let queues = Queues {
            incoming: Vec::new(),
            taken: 0,
            outgoing: Vec::new(),
            sent: 0,
            is_ended: false,
            was_full: false,
            hello: ServerHello::default(),
        };
        let name = match certificate_name(&tls.host) {
            "" => "localhost",
            name => name,
        };
        let begun = connector(tls)?.connect(name, queues);
        let mut channel = Channel {
            below,
            stage: Stage::Failed,
            host: name.to_owned(),
            pins: tls.pins.clone(),
            is_verified: !tls.danger_no_verification,
        };
        channel.take(begun)?;
        Ok(channel)
    }

    fn take(&mut self, result: std::result::Result<TlsStream<Queues>, HandshakeError<Queues>>) -> Result<()> {
        match result {
            Ok(stream) => {
                self.check(&stream)?;
                self.stage = Stage::Open(Box::new(stream));
                Ok(())
            }
            Err(HandshakeError::WouldBlock(more)) => {
                self.stage = Stage::Handshake(Box::new(more));
                Ok(())
            }
            Err(HandshakeError::Failure(error)) => Err(handshake_failure(&self.host, &error)),
        }
    }

    /// What the TLS library does not insist on.
    fn check(&self, stream: &TlsStream<Queues>) -> Result<()> {
        if let Ok(Some(protocol)) = stream.negotiated_alpn() {
            if protocol != b"imap" {
                return Err(Error::fatal(
                    IMAP_ERR_TLS,
                    "the server speaks another protocol than IMAP (ALPN)",
                ));
            }
        }
        let certificate = certificate_of(stream).unwrap_or_default();
        if self.is_verified && !has_alternative_name(&certificate) {
            let message = format!("the certificate of {} has no subject alternative name", self.host);
            return Err(Error::fatal(IMAP_ERR_CERTIFICATE, message));
        }
        self.check_pins(&certificate)
    }

    fn check_pins(&self, certificate: &[u8]) -> Result<()> {
        let seen = certificate::pin_of(certificate);
        if self.pins.is_empty() || seen.is_some_and(|seen| self.pins.contains(&seen)) {
            return Ok(());
        }
        let seen = seen.map_or_else(
            || "not to be found in its certificate".to_owned(),
            |seen| certificate::written(&seen),
        );
        let message = format!("the public key of {} is none of IMAP_OPTION_PIN: it is {seen}", self.host);
        Err(Error::fatal(IMAP_ERR_CERTIFICATE, message))
    }

    /// One step of the handshake; true once it is done.
    fn shake(&mut self) -> Result<bool> {
        match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Handshake(more) => {
                let result = more.handshake();
                self.take(result)?;
            }
            other => self.stage = other,
        }
        Ok(self.is_open())
    }

    fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    /// Takes ciphertext from below; whether something came, or the end.
    fn fill(&mut self) -> Result<bool> {
        let Some(queues) = queues_of(&mut self.stage) else { return Ok(false) };
        let room = queues.make_room()?;
        if room == 0 {
            queues.was_full = true;
            return Ok(false);
        }
        let start = queues.incoming.len();
        let got = self.below.append(&mut queues.incoming, room)?;
        queues.hello.note(queues.incoming.get(start..).unwrap_or_default())?;
        queues.was_full |= got == Read::Bytes(room);
        queues.is_ended |= got == Read::End;
        Ok(got != Read::Blocked)
    }

    /// Gives ciphertext to what is below. True: nothing is left.
    fn drain(&mut self) -> Result<bool> {
        let Some(queues) = queues_of(&mut self.stage) else { return Ok(true) };
        while queues.sent < queues.outgoing.len() {
            match self.below.write(&queues.outgoing[queues.sent..])? {
                0 => return Ok(false),
                count => queues.sent += count,
            }
        }
        queues.outgoing.clear();
        queues.sent = 0;
        Ok(true)
    }

    /// Whether so much ciphertext waits that no more should be made.
    fn is_full(&mut self) -> bool {
        queues_of(&mut self.stage).is_some_and(|queues| queues.outgoing.len() - queues.sent >= OUTGOING)
    }

    /// Decrypts; WouldBlock: ciphertext is missing.
    fn decrypted(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.stage {
            Stage::Open(stream) => stream.read(buffer),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Encrypts into the outgoing queue.
    fn encrypt(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stage {
            Stage::Open(stream) => stream.write(bytes),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Layer for Channel {
    fn below(&self) -> Option<&dyn Layer> {
        Some(&*self.below)
    }

    fn below_mut(&mut self) -> Option<&mut dyn Layer> {
        Some(&mut *self.below)
    }

    fn advance(&mut self) -> Result<bool> {
        loop {
            self.drain()?;
            if self.is_open() {
                return Ok(true);
            }
            let came = self.fill()?;
            let is_open = self.shake();
            // What the handshake has to say, an alert too, must leave even if it failed.
            let drained = self.flush();
            if is_open? {
                drained?;
                return Ok(true);
            }
            if !came {
                return Ok(false);
            }
        }
    }

    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Read> {
        let start = buffer.len();
        loop {
            let filled = buffer.len();
            let room = (max - (filled - start)).min(DECRYPTED);
            buffer.try_reserve(room)?;
            buffer.resize(filled + room, 0);
            let read = self.read(&mut buffer[filled..]);
            let count = if let Ok(Read::Bytes(count)) = read { count } else { 0 };
            buffer.truncate(filled + count);
            let total = buffer.len() - start;
            match read {
                // Less than there is room for: more than there is now is for the next turn.
                Ok(Read::Bytes(count)) if count < room || total == max => return Ok(Read::Bytes(total)),
                Ok(Read::Bytes(_)) => {}
                _ if total > 0 => return Ok(Read::Bytes(total)),
                other => return other,
            }
        }
    }

    /// Decrypts into `into` until it is full or ciphertext is missing.
    fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        let mut filled = 0;
        let mut has_asked = false;
        while filled < into.len() {
            match self.decrypted(&mut into[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // One look below: more than there is now is for the next turn.
                    if has_asked && filled > 0 {
                        return Ok(Read::Bytes(filled));
                    }
                    has_asked = true;
                    if !self.fill()? {
                        return Ok(if filled > 0 { Read::Bytes(filled) } else { Read::Blocked });
                    }
                }
                Err(_) if filled > 0 => break,
                Err(error) => return Err(cut(&error)),
            }
        }
        Ok(if filled > 0 { Read::Bytes(filled) } else { Read::End })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.is_full() {
            self.drain()?;
            if self.is_full() {
                return Ok(0);
            }
        }
        match self.encrypt(&bytes[..bytes.len().min(ENCRYPTED)]) {
            Ok(count) => Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(lost(&error)),
        }
    }

    fn flush(&mut self) -> Result<bool> {
        Ok(self.drain()? && self.below.flush()?)
    }

    fn is_buffered(&self) -> bool {
        let is_here = match &self.stage {
            Stage::Open(stream) => {
                let queues = stream.get_ref();
                queues.taken < queues.incoming.len() || stream.buffered_read_size().unwrap_or(0) > 0
            }
            _ => false,
        };
        is_here || self.below.is_buffered()
    }

    fn rest(&mut self) {
        if let Some(queues) = queues_of(&mut self.stage) {
            if queues.taken == queues.incoming.len() {
                queues.incoming = Vec::new();
                queues.taken = 0;
                queues.was_full = false;
            }
            if queues.outgoing.is_empty() {
                queues.outgoing = Vec::new();
            }
        }
        self.below.rest();
    }

    /// Says the goodbye of TLS first.
    fn close(&mut self) {
        if let Stage::Open(stream) = &mut self.stage {
            let _ = stream.shutdown();
        }
        let _ = self.flush();
        self.below.close();
    }

    fn is_tls(&self) -> bool {
        self.is_open()
    }

    fn agreed(&self) -> Option<Agreed> {
        match &self.stage {
            Stage::Open(stream) => stream.get_ref().hello.agreed(),
            _ => None,
        }
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        match &self.stage {
            Stage::Open(stream) => certificate_of(stream),
            _ => None,
        }
    }

    /// None where the certificate's signature has no hash of its own.
    fn channel_binding(&self) -> Option<Vec<u8>> {
        match &self.stage {
            Stage::Open(stream) => stream.tls_server_end_point().ok()?.filter(|binding| !binding.is_empty()),
            _ => None,
        }
    }
}

fn queues_of(stage: &mut Stage) -> Option<&mut Queues> {
    match stage {
        Stage::Handshake(more) => Some(more.get_mut()),
        Stage::Open(stream) => Some(stream.get_mut()),
        Stage::Failed => None,
    }
}

fn cut(error: &io::Error) -> Error {
    let is_end = error.kind() == io::ErrorKind::UnexpectedEof || error.to_string().contains("unexpected EOF");
    match is_end {
        true => Error::fatal(IMAP_ERR_CLOSED, "the connection was cut without the goodbye of TLS"),
        false => lost(error),
    }
}

fn certificate_of(stream: &TlsStream<Queues>) -> Option<Vec<u8>> {
    stream.peer_certificate().ok()??.to_der().ok()
}

/// Whose fault it was, as far as the words of the TLS library tell.
fn handshake_failure(host: &str, error: &native_tls::Error) -> Error {
    let text = error.to_string();
    let says = |words: &[&str]| words.iter().any(|word| text.to_ascii_lowercase().contains(word));
    if says(&["hostname mismatch", "ip address mismatch", "host name"]) {
        let message = format!("the server's certificate was made for another host than {host}");
        return Error::fatal(IMAP_ERR_CERTIFICATE, message);
    }
    if says(&["certificate verify failed", "certificate", "not trusted"]) && !says(&["alert"]) {
        return Error::fatal(
            IMAP_ERR_CERTIFICATE,
            format!("the certificate of {host} is not trusted: {text}"),
        );
    }
    Error::fatal(IMAP_ERR_TLS, format!("TLS with {host} failed: {text}"))
}

/// Whether a certificate (DER) has the extension subjectAltName, 2.5.29.17: the object identifier as it is encoded.
/// It stands nowhere else in a certificate that a trusted authority signed.
fn has_alternative_name(der: &[u8]) -> bool {
    contains(der, &[0x06, 0x03, 0x55, 0x1d, 0x11])
}
