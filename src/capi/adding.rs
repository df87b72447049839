//! # Adding messages

use std::ffi::c_char;
use std::sync::Arc;

use super::boundary::{bytes, fault, give, imap_client, optional_text, text};
use crate::client::Client;
use crate::commands::Append;
use crate::error::imap_status;
use crate::model::{Assigned, imap_assigned, imap_error};
use crate::session::Loan;

/// # Adding messages
///
/// APPEND (RFC 9051 section 6.3.12) of one message of `data_len` bytes to `mailbox`. `flags` as "\\Seen $Junk", or
/// NULL. `internal_date` in seconds since 1970 UTC; -1: now. Line ends must be CRLF; see IMAP_OPTION_APPEND_CRLF. The
/// bytes are sent from where they are, so nobody may change them during the call; when it ends they are yours again. An
/// APPEND that is cancelled still goes to its end, so that the connection is kept: what has not left then is copied. Free
/// the result with imap_assigned_free(). For several messages, or long ones, see Uploads. NO with the code TRYCREATE: the
/// mailbox does not exist; with OVERQUOTA, TOOBIG or LIMIT: it is too much. LIMIT: it is longer than the server's
/// APPENDLIMIT, and nothing was sent. Where UTF8=ACCEPT is enabled, a message with UTF-8 in its header is sent as RFC 6855 asks.
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
            let loan = Arc::new(Lent(bytes("data", data, data_len)?));
            let _end = EndOfLoan { client, loan: &loan };
            let append = Append::lent(mailbox, flags, internal_date, loan.clone())?;
            client.run(client.with_line_ends(append)?)
        })
    }
}

/// Bytes of the caller's, for the time of one call.
struct Lent(*const [u8]);

// SAFETY: nobody writes to them during the call; see boundary.rs.
unsafe impl Send for Lent {}
// SAFETY: as above.
unsafe impl Sync for Lent {}

impl Loan for Lent {
    fn bytes(&self) -> &[u8] {
        // SAFETY: readable as long as the call lasts, and `EndOfLoan` sees to it that nobody has this any longer.
        unsafe { &*self.0 }
    }
}

/// When the call ends, whatever ends it, nothing of the loan may be left: it is sent, or `Client::run` has let it be
/// copied.
struct EndOfLoan<'c> {
    client: &'c Client,
    loan: &'c Arc<Lent>,
}

impl Drop for EndOfLoan<'_> {
    fn drop(&mut self) {
        if Arc::strong_count(self.loan) > 1 {
            // A panic has come between: with the connection goes all that is to be sent.
            self.client.poison(fault());
        }
    }
}
