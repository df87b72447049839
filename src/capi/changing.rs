//! # Changing messages

use std::ffi::c_char;

use super::boundary::{free_result, give, imap_client, optional_text, params, text};
use crate::commands::{Copying, Expunge, Store};
use crate::error::imap_status;
use crate::model::{Assigned, Messages, Numbers, imap_assigned, imap_error, imap_messages, imap_numbers};

/// # Changing messages
///
/// In a mailbox that was opened with imap_examine(), or that the server calls read-only, these give READ_ONLY and
/// send nothing.
///
/// STORE (RFC 9051 section 6.4.6): `change` in IMAP's words: "+FLAGS (\\Deleted)", "-FLAGS.SILENT ($Junk)",
/// "FLAGS ()", "(UNCHANGEDSINCE 917) +FLAGS (\\Seen)". `params`: the values of the ? in it, NULL at the end;
/// or NULL. Gives the messages as the server tells them afterwards, none with .SILENT; free them with
/// imap_messages_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_store(
    client: *mut imap_client,
    set: *const c_char,
    change: *const c_char,
    params: *const *const c_char,
    messages: *mut *mut imap_messages<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Messages>(client, messages, error, |client| {
            let values = self::params(params)?;
            client.run(Store::new(text("set", set)?, text("change", change)?, values.as_deref())?)
        })
    }
}

/// COPY (RFC 9051 section 6.4.7) into `mailbox`. All are copied or none, unless the set does not fit into one command, or
/// has more messages than the server copies at once (SAVELIMIT and MESSAGELIMIT, RFC 9738): then several commands copy
/// them, and after an error some may have been copied; NO with the code MESSAGELIMIT if the set cannot be divided, like
/// "1:*". Free the result with imap_assigned_free(). NO with the code TRYCREATE: the mailbox does not exist.
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_copy(
    client: *mut imap_client,
    set: *const c_char,
    mailbox: *const c_char,
    assigned: *mut *mut imap_assigned<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Assigned>(client, assigned, error, |client| {
            client.run(Copying::copy(text("set", set)?, text("mailbox", mailbox)?)?)
        })
    }
}

/// MOVE (RFC 6851) into `mailbox`. Where the server does not have it: COPY, STORE and UID EXPUNGE, which is not
/// atomic (origin says so: after an error messages may be in both mailboxes). UNSUPPORTED: that is not possible
/// either. Otherwise as imap_copy(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_move(
    client: *mut imap_client,
    set: *const c_char,
    mailbox: *const c_char,
    assigned: *mut *mut imap_assigned<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Assigned>(client, assigned, error, |client| {
            client.run(Copying::r#move(text("set", set)?, text("mailbox", mailbox)?)?)
        })
    }
}

/// EXPUNGE (RFC 9051 section 6.4.3): removes the messages marked Deleted; of `set` only, which are UIDs (UID
/// EXPUNGE, RFC 4315; UNSUPPORTED without UIDPLUS), or all with NULL. Gives message numbers in the order told, each
/// as it was after those before it went, or UIDs where the server tells these (QRESYNC). Free the result with
/// imap_numbers_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_expunge(
    client: *mut imap_client,
    set: *const c_char,
    expunged: *mut *mut imap_numbers<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Numbers>(client, expunged, error, |client| {
            client.run(Expunge::new(optional_text("set", set)?)?)
        })
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_assigned_free(assigned: *mut imap_assigned<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Assigned>(assigned) }
}
