//! Why a call failed, as C sees it.

#![forbid(unsafe_code)]

use super::event::imap_response_code;
use super::text::Text;
use crate::error::imap_status;

/// Why a call failed. Owned by whoever asked for it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_error<'a> {
    pub status: imap_status,
    /// One line for people and logs; never NULL.
    pub message: Text<'a>,
    /// What the server said, or NULL.
    pub server_text: Text<'a>,
    /// Its response code, or NULL.
    pub code: Option<&'a imap_response_code<'a>>,
    /// More from an authentication: the JSON of OAuth. NULL if there is none.
    pub server_data: Text<'a>,
    /// "UID FETCH"; NULL if it was none.
    pub command: Text<'a>,
    /// errno, or 0.
    pub os_code: i32,
    /// server_text came before TLS or login: anyone may have written it.
    pub is_early: bool,
    /// The connection can still be used.
    pub is_usable: bool,
    /// The command was sent and no reply came: it may have been done.
    pub may_be_done: bool,
    /// The same call may succeed later.
    pub is_retryable: bool,
    /// After so many milliseconds, -1: not told.
    pub retry_after: i64,
    /// The last traffic before a connection was lost, as of imap_get_trace(); otherwise NULL.
    pub trace: Text<'a>,
}
