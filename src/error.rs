//! What a call came to, and the one error that every layer returns.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::sync::Arc;

/// What a call came to. Values never change; treat one that you do not know as a failure.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_status {
    IMAP_OK = 0,
    /// An argument is NULL, malformed, out of bounds, or would break the protocol. Nothing was sent.
    IMAP_ERR_INVALID = 1,
    /// The server said NO: see the error's code and server_text.
    IMAP_ERR_NO = 2,
    /// The server said BAD: it did not understand the command.
    IMAP_ERR_BAD = 3,
    /// The connection has ended: BYE, end of stream, disconnect, logout.
    IMAP_ERR_CLOSED = 4,
    /// The credentials were refused, or the server failed to prove that it knows them.
    IMAP_ERR_AUTH = 5,
    /// No address could be found or reached.
    IMAP_ERR_CONNECT = 6,
    /// TLS could not be set up, or STARTTLS was refused or tampered with.
    IMAP_ERR_TLS = 7,
    /// The certificate is not trusted, expired, or made for another host.
    IMAP_ERR_CERTIFICATE = 8,
    /// The deadline passed. See the error's is_usable for the connection.
    IMAP_ERR_TIMEOUT = 9,
    /// imap_cancel() or imap_request_cancel() ended it.
    IMAP_ERR_CANCELLED = 10,
    /// A signal came and IMAP_OPTION_RETURN_ON_SIGNAL is set. Call again to go on.
    IMAP_ERR_INTERRUPTED = 11,
    /// The server broke the protocol beyond repair; the connection is closed.
    IMAP_ERR_PROTOCOL = 12,
    /// The server lacks the capability (named in the message). Nothing was sent.
    IMAP_ERR_UNSUPPORTED = 13,
    /// Not in this state: not logged in, no mailbox selected, request of another kind. Nothing was sent.
    IMAP_ERR_STATE = 14,
    /// The mailbox is read-only, or became so.
    IMAP_ERR_READ_ONLY = 15,
    /// More data than the limits in the options allow.
    IMAP_ERR_LIMIT = 16,
    /// A callback returned false.
    IMAP_ERR_STOPPED = 17,
    /// The client was made before fork(), in the parent.
    IMAP_ERR_FORKED = 18,
    /// Memory ran out.
    IMAP_ERR_NO_MEMORY = 19,
    /// A fault in libimap; the client is good for imap_client_free() only. Please report it.
    IMAP_ERR_INTERNAL = 20,
}

use imap_status::*;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed: a status for the program, one line for the person.
///
/// Messages name what was wrong and say what to do; what they quote is cut short, so that their own
/// allocation is small and bounded.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub status: imap_status,
    pub message: Cow<'static, str>,
    /// errno, or 0.
    pub os_code: i32,
    /// The connection can still be used.
    pub is_usable: bool,
    /// The command was sent and no reply came: it may have been done.
    pub may_be_done: bool,
    /// What the server said, if it said anything.
    pub reply: Option<Box<ServerReply>>,
    /// "UID FETCH"
    pub command: Option<&'static str>,
    /// The last traffic before the connection was lost.
    pub trace: Option<Arc<Vec<u8>>>,
}

/// The words of a server that led to an error.
#[derive(Clone, Debug)]
pub struct ServerReply {
    /// resp-text as sent: `[CODE ...] text`.
    pub text: Vec<u8>,
    /// It came before TLS or login: anyone may have written it.
    pub is_early: bool,
    /// More that it said, in another form: the JSON of a token that was refused.
    pub data: Option<Vec<u8>>,
}

impl Error {
    pub fn new(status: imap_status, message: impl Into<Cow<'static, str>>) -> Error {
        Error {
            status,
            message: message.into(),
            os_code: 0,
            is_usable: true,
            may_be_done: false,
            reply: None,
            command: None,
            trace: None,
        }
    }

    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(IMAP_ERR_INVALID, message)
    }

    /// The connection has ended, or must.
    pub fn fatal(status: imap_status, message: impl Into<Cow<'static, str>>) -> Error {
        Error { is_usable: false, ..Error::new(status, message) }
    }

    /// An error of the operating system: its text is appended to `what`.
    pub fn system(status: imap_status, what: &str, error: &std::io::Error) -> Error {
        Error {
            os_code: error.raw_os_error().unwrap_or(0),
            ..Error::fatal(status, format!("{what}: {error}"))
        }
    }

    /// Names the command that failed, unless a name is there already.
    pub fn of_command(mut self, command: &'static str) -> Error {
        self.command.get_or_insert(command);
        self
    }
}

/// An allocation failed. Small, so that parsers can return it at no cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

impl From<NoMemory> for Error {
    fn from(_: NoMemory) -> Error {
        Error::new(IMAP_ERR_NO_MEMORY, "memory ran out")
    }
}

impl From<std::collections::TryReserveError> for NoMemory {
    fn from(_: std::collections::TryReserveError) -> NoMemory {
        NoMemory
    }
}

impl From<std::collections::TryReserveError> for Error {
    fn from(_: std::collections::TryReserveError) -> Error {
        NoMemory.into()
    }
}
