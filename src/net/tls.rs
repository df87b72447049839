//! TLS over two memory queues: the TLS library never sees the socket, so no system call happens inside it, and a
//! write that the socket refuses never disturbs it.

#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use native_tls::{Certificate, HandshakeError, MidHandshakeTlsStream, Protocol, TlsConnector, TlsStream};
use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::certificate::{self, Pin};
use super::resolve::certificate_name;
use crate::error::{Error, Result, imap_status::*};

/// How a server proves who it is, and we who we are.
#[derive(Clone, PartialEq)]
pub struct Tls {
    /// The name to ask for and to verify.
    pub host: String,
    /// 12 or 13: TLS 1.2 or 1.3 at least.
    pub minimum: u8,
    pub ca: Vec<Ca>,
    pub system_roots: bool,
    pub identity: Option<Identity>,
    /// The server's key must be one of these, if there are any.
    pub pins: Vec<Pin>,
    pub danger_no_verification: bool,
}

/// Certificates to trust.
#[derive(Clone, PartialEq)]
pub enum Ca {
    /// A PEM file, or a folder of such.
    File(PathBuf),
    Pem(Vec<u8>),
}

/// The client's certificate and key.
#[derive(Clone, PartialEq)]
pub struct Identity {
    certificate: Zeroizing<Vec<u8>>,
    /// PEM; None: the certificate is PKCS#12.
    key: Option<Zeroizing<Vec<u8>>>,
    password: Zeroizing<String>,
}

impl Identity {
    /// PKCS#12 with its password, or PEM with the key beside it or in it.
    pub fn new(certificate: Vec<u8>, key: Option<Vec<u8>>, password: &str) -> Result<Identity> {
        let is_pem = contains(&certificate, b"-----BEGIN");
        let key = match (is_pem, key) {
            (_, Some(key)) => Some(key),
            (true, None) => Some(certificate.clone()),
            (false, None) => None,
        };
        if let Some(key) = &key {
            if !contains(key, b"-----BEGIN PRIVATE KEY-----") {
                let message = "the client's key is not an unencrypted PKCS#8 key in PEM: convert it with \
                               \"openssl pkcs8 -topk8 -nocrypt\"";
                return Err(Error::invalid(message));
            }
        }
        Ok(Identity {
            certificate: Zeroizing::new(certificate),
            key: key.map(Zeroizing::new),
            password: Zeroizing::new(password.to_owned()),
        })
    }

    fn load(&self) -> Result<native_tls::Identity> {
        let loaded = match &self.key {
            Some(key) => native_tls::Identity::from_pkcs8(&self.certificate, key),
            None => native_tls::Identity::from_pkcs12(&self.certificate, &self.password),
        };
        loaded.map_err(|error| {
            let message =
                format!("the client's certificate, its key or its password does not serve: {error}");
            Error::invalid(message)
        })
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

/// Connectors that were made: loading the system's certificates takes longer than a handshake, and connections that
/// share one need less memory.
static CONNECTORS: Mutex<Vec<Known>> = Mutex::new(Vec::new());
const MOST_CONNECTORS: usize = 8;

struct Known {
    tls: Tls,
    /// How the files of certificates were: one that has changed is read anew.
    files: Vec<Stamp>,
    connector: TlsConnector,
}

/// A file, its size and when it was changed.
type Stamp = (PathBuf, u64, Option<SystemTime>);

fn connector(tls: &Tls) -> Result<TlsConnector> {
    let tls = Tls { host: String::new(), pins: Vec::new(), ..tls.clone() };
    let files = stamps(&tls.ca);
    let is_it = |known: &&Known| known.tls == tls && Some(&known.files) == files.as_ref();
    if let Some(known) = CONNECTORS.lock().iter().find(is_it) {
        return Ok(known.connector.clone());
    }
    let made = build(&tls)?;
    if let Some(files) = files {
        let mut known = CONNECTORS.lock();
        if known.len() >= MOST_CONNECTORS {
            known.remove(0);
        }
        known.push(Known { tls, files, connector: made.clone() });
    }
    Ok(made)
}

/// None: a file cannot be looked at.
fn stamps(all: &[Ca]) -> Option<Vec<Stamp>> {
    let stamp = |path: PathBuf| {
        let known = std::fs::metadata(&path).ok()?;
        Some((path, known.len(), known.modified().ok()))
    };
    let mut stamps = Vec::new();
    for ca in all {
        let Ca::File(path) = ca else { continue };
        stamps.push(stamp(path.clone())?);
        if path.is_dir() {
            for entry in std::fs::read_dir(path).ok()?.flatten() {
                stamps.push(stamp(entry.path())?);
            }
        }
    }
    Some(stamps)
}

fn build(tls: &Tls) -> Result<TlsConnector> {
    let mut builder = TlsConnector::builder();
    builder
        .min_protocol_version(Some(if tls.minimum == 13 { Protocol::Tlsv13 } else { Protocol::Tlsv12 }))
        .request_alpns(&["imap"])
        .disable_built_in_roots(!tls.system_roots)
        .danger_accept_invalid_certs(tls.danger_no_verification)
        .danger_accept_invalid_hostnames(tls.danger_no_verification);
    for ca in &tls.ca {
        for certificate in ca.load()? {
            builder.add_root_certificate(certificate);
        }
    }
    if let Some(identity) = &tls.identity {
        builder.identity(identity.load()?);
    }
    builder.build().map_err(|error| Error::fatal(IMAP_ERR_TLS, format!("TLS cannot be set up: {error}")))
}

impl Ca {
    fn load(&self) -> Result<Vec<Certificate>> {
        match self {
            Ca::Pem(pem) => certificates(pem, "the certificates in memory"),
            Ca::File(path) if path.is_dir() => {
                let mut all = Vec::new();
                let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
                for entry in entries.flatten() {
                    // Other files may lie there too.
                    if let Ok(pem) = std::fs::read(entry.path()) {
                        all.extend(certificates(&pem, "").unwrap_or_default());
                    }
                }
                match all.is_empty() {
                    true => Err(none_in(&path.display().to_string())),
                    false => Ok(all),
                }
            }
            Ca::File(path) => {
                let pem = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
                certificates(&pem, &path.display().to_string())
            }
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error {
        is_usable: true,
        ..Error::system(IMAP_ERR_INVALID, &format!("cannot read {}", path.display()), error)
    }
}

fn none_in(place: &str) -> Error {
    Error::invalid(format!("no PEM certificate is in {place}"))
}

/// Every certificate of a PEM text: one that is broken is an error, not passed over.
fn certificates(pem: &[u8], place: &str) -> Result<Vec<Certificate>> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let mut all = Vec::new();
    let mut rest = pem;
    while let Some(start) = memchr::memmem::find(rest, BEGIN) {
        let Some(length) = memchr::memmem::find(&rest[start..], END) else { break };
        let one = &rest[start..start + length + END.len()];
        let parsed = Certificate::from_pem(one)
            .map_err(|error| Error::invalid(format!("a certificate in {place} is broken: {error}")))?;
        all.push(parsed);
        rest = &rest[start + length + END.len()..];
    }
    if all.is_empty() { Err(none_in(place)) } else { Ok(all) }
}

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
}

impl Read for Queues {
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

impl Write for Queues {
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

impl Channel {
    /// Begins the handshake; what it says first is in the outgoing queue.
    pub fn new(tls: &Tls) -> Result<Channel> {
        let queues = Queues {
            incoming: Vec::new(),
            taken: 0,
            outgoing: Vec::new(),
            sent: 0,
            is_ended: false,
            was_full: false,
        };
        let name = match certificate_name(&tls.host) {
            "" => "localhost",
            name => name,
        };
        let begun = connector(tls)?.connect(name, queues);
        let mut channel = Channel {
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

    /// Goes on with the handshake; true once it is done.
    pub fn advance(&mut self) -> Result<bool> {
        match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Handshake(more) => {
                let result = more.handshake();
                self.take(result)?;
            }
            other => self.stage = other,
        }
        Ok(matches!(self.stage, Stage::Open(_)))
    }

    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    fn queues(&mut self) -> Option<&mut Queues> {
        match &mut self.stage {
            Stage::Handshake(more) => Some(more.get_mut()),
            Stage::Open(stream) => Some(stream.get_mut()),
            Stage::Failed => None,
        }
    }

    /// Takes ciphertext from the socket: `receive` appends to the queue and says how much, None for nothing now.
    /// Gives whether something came, or the end.
    pub fn fill(
        &mut self,
        receive: impl FnOnce(&mut Vec<u8>, usize) -> io::Result<Option<usize>>,
    ) -> io::Result<bool> {
        let Some(queues) = self.queues() else { return Ok(false) };
        if queues.taken == queues.incoming.len() {
            queues.incoming.clear();
            queues.taken = 0;
        }
        let size = if queues.was_full { INCOMING } else { FIRST_INCOMING };
        if queues.incoming.capacity() < size {
            let more = size - queues.incoming.len().min(size);
            queues.incoming.try_reserve_exact(more).map_err(|_| io::ErrorKind::OutOfMemory)?;
        }
        if size.saturating_sub(queues.incoming.len()) < RECORD {
            queues.incoming.drain(..queues.taken);
            queues.taken = 0;
        }
        let room = size.saturating_sub(queues.incoming.len());
        if room == 0 {
            queues.was_full = true;
            return Ok(false);
        }
        let got = receive(&mut queues.incoming, room)?;
        queues.was_full |= got == Some(room);
        queues.is_ended |= got == Some(0);
        Ok(got.is_some())
    }

    /// Gives ciphertext to the socket: `send` says how much it took, 0 for no room. True: nothing is left.
    pub fn drain(&mut self, mut send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<bool> {
        let Some(queues) = self.queues() else { return Ok(true) };
        while queues.sent < queues.outgoing.len() {
            match send(&queues.outgoing[queues.sent..])? {
                0 => return Ok(false),
                count => queues.sent += count,
            }
        }
        queues.outgoing.clear();
        queues.sent = 0;
        Ok(true)
    }

    /// Whether so much ciphertext waits that no more should be made.
    pub fn is_full(&mut self) -> bool {
        self.queues().is_some_and(|queues| queues.outgoing.len() - queues.sent >= OUTGOING)
    }

    /// Decrypts; WouldBlock: ciphertext is missing.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.stage {
            Stage::Open(stream) => stream.read(buffer),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Encrypts into the outgoing queue.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stage {
            Stage::Open(stream) => stream.write(bytes),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Bytes that have come from the socket already.
    pub fn is_buffered(&self) -> bool {
        match &self.stage {
            Stage::Open(stream) => {
                let queues = stream.get_ref();
                queues.taken < queues.incoming.len() || stream.buffered_read_size().unwrap_or(0) > 0
            }
            _ => false,
        }
    }

    /// Gives memory back that an idle connection does not need.
    pub fn rest(&mut self) {
        if let Some(queues) = self.queues() {
            if queues.taken == queues.incoming.len() {
                queues.incoming = Vec::new();
                queues.taken = 0;
                queues.was_full = false;
            }
            if queues.outgoing.is_empty() {
                queues.outgoing = Vec::new();
            }
        }
    }

    pub fn certificate(&self) -> Option<Vec<u8>> {
        match &self.stage {
            Stage::Open(stream) => certificate_of(stream),
            _ => None,
        }
    }

    /// tls-server-end-point (RFC 5929 section 4); None where the certificate's signature has no hash of its own.
    pub fn channel_binding(&self) -> Option<Vec<u8>> {
        match &self.stage {
            Stage::Open(stream) => stream.tls_server_end_point().ok()?.filter(|binding| !binding.is_empty()),
            _ => None,
        }
    }

    /// The goodbye of TLS, into the outgoing queue.
    pub fn close(&mut self) {
        if let Stage::Open(stream) = &mut self.stage {
            let _ = stream.shutdown();
        }
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
