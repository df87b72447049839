//! How TLS is to be: whom to trust, what to show. Connectors that were made from it are kept.

#![forbid(unsafe_code)]

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use native_tls::{Certificate, Protocol, TlsConnector};
use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::certificate::Pin;
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

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
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

pub(super) fn connector(tls: &Tls) -> Result<TlsConnector> {
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
