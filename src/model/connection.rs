//! The connection as it is.

#![forbid(unsafe_code)]

use super::text::{Bytes, Text};
use super::value::imap_texts;

/// Where the session stands (RFC 9051 section 3).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum imap_state {
    IMAP_STATE_CONNECTING = 0,
    IMAP_STATE_NOT_AUTHENTICATED = 1,
    IMAP_STATE_AUTHENTICATED = 2,
    IMAP_STATE_SELECTED = 3,
    IMAP_STATE_LOGOUT = 4,
}

/// How the connection is secured. There is no "if possible".
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_tls {
    /// TLS from the first byte.
    IMAP_TLS_IMPLICIT = 0,
    /// STARTTLS, or fail.
    IMAP_TLS_STARTTLS = 1,
    /// No TLS: everybody on the way can read and change what is sent.
    IMAP_TLS_NONE = 2,
}

/// The connection as it is now.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_connection<'a> {
    /// One line for logs: "imap.example.org:993 TLS selected INBOX"; also TLS (NOT VERIFIED), PLAINTEXT.
    pub summary: Text<'a>,
    pub host: Text<'a>,
    pub port: u16,
    /// The peer's IP address; NULL until connected.
    pub address: Text<'a>,
    pub state: imap_state,
    /// "IMAP4rev2", "IMAP4rev1" or "IMAP4", the best that the server speaks; NULL until known.
    pub protocol: Text<'a>,
    /// The text of the greeting; NULL until it came.
    pub greeting: Text<'a>,
    pub capabilities: &'a imap_texts<'a>,
    /// What was enabled with ENABLE, upper case.
    pub enabled: &'a imap_texts<'a>,
    pub is_tls: bool,
    /// Chain and host name were verified.
    pub is_verified: bool,
    /// COMPRESS is in force.
    pub is_compressed: bool,
    /// IDLE runs: the server tells news at once.
    pub is_idle: bool,
    /// What the handshake came to: "TLSv1.3", "TLSv1.2"; NULL without TLS.
    pub tls_version: Text<'a>,
    /// "TLS_AES_256_GCM_SHA384": the cipher suite's name in the registry, or its number, "0xC0AE"; NULL without TLS.
    pub tls_cipher: Text<'a>,
    /// The server's certificate (DER), or NULL.
    pub certificate: Bytes<'a>,
    pub certificate_len: usize,
    /// The channel binding tls-server-end-point (RFC 5929) made of it: its hash, or NULL where there is none (Ed25519,
    /// RSA-PSS).
    pub channel_binding: Bytes<'a>,
    pub channel_binding_len: usize,
    pub bytes_sent: i64,
    pub bytes_received: i64,
}

/// Kind of a line given to a log callback.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_log_kind {
    IMAP_LOG_SENT = 0,
    IMAP_LOG_RECEIVED = 1,
    /// What the library does: addresses tried, TLS, retries, why a connection ended.
    IMAP_LOG_NOTE = 2,
}

/// What imap_watch() uses.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_watch_means {
    IMAP_WATCH_NOTIFY = 0,
    /// IDLE on the selected mailbox, STATUS from time to time for the rest.
    IMAP_WATCH_IDLE = 1,
    /// NOOP and STATUS from time to time.
    IMAP_WATCH_POLL = 2,
}
