//! # Adding messages

use std::ffi::c_char;

use super::boundary::{bytes, give, imap_client, optional_text, text};
use crate::commands::Append;
use crate::error::imap_status;
use crate::model::{Assigned, imap_assigned, imap_error};

/// # Adding messages
///
/// APPEND (RFC 9051 section 6.3.12) of one message of `data_len` bytes to `mailbox`. `flags` as "\\Seen $Junk", or
/// NULL. `internal_date` in seconds since 1970 UTC; -1: now. Line ends must be CRLF; see IMAP_OPTION_APPEND_CRLF. The bytes are copied: an
/// APPEND that is cancelled still goes to its end, so that the connection is kept. Free the result with
/// imap_assigned_free(). For several messages, or long ones, see Uploads. NO with the code TRYCREATE: the mailbox does
/// not exist; with OVERQUOTA, TOOBIG or LIMIT: it is too much. LIMIT: it is longer than the server's APPENDLIMIT, and
/// nothing was sent. Where UTF8=ACCEPT is enabled, a message with UTF-8 in its header is sent as RFC 6855 asks.
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_append(
    client: *mut imap_client,
    mailbox: *const c_char,
    flags: *const c_char,
    internal_date: i64,
    data: *const u8,
    data_len: usize,
    assigned: *mut *mut imap_assigned<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Assigned>(client, assigned, error, |client| {
            let (mailbox, flags) = (text("mailbox", mailbox)?, optional_text("flags", flags)?);
            let append = Append::new(mailbox, flags, internal_date, bytes("data", data, data_len)?)?;
            client.run(client.with_line_ends(append)?)
        })
    }
}
