//! # Selecting a mailbox

use std::ffi::c_char;

use super::boundary::{free_result, give, imap_client, on_client, optional_text, text};
use crate::commands::{Plain, Select, Since};
use crate::error::{Error, imap_status};
use crate::model::{Selected, imap_error, imap_selected, imap_set};

/// # Selecting a mailbox
///
/// Everything about messages happens in the selected mailbox. With threads, select once or use a client
/// each: a command runs in the mailbox that was selected when it was called.
///
/// SELECT (RFC 9051 section 6.3.2), leaving the mailbox before; with CONDSTORE where the server has it. After a
/// failure none is selected. Other parameters are for imap_send(): with "SELECT ? (ANNOTATE)" (RFC 5257) the server tells of
/// annotations that others change, as events, and first whether and how long they may be: IMAP_CODE_ANNOTATIONS. Free the
/// result with imap_selected_free(). NO: there is no such mailbox. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_select(
    client: *mut imap_client,
    mailbox: *const c_char,
    selected: *mut *mut imap_selected<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Selected>(client, selected, error, |client| {
            client.run(Select::writable(text("mailbox", mailbox)?)?)
        })
    }
}

/// EXAMINE (RFC 9051 section 6.3.3): as imap_select(), but read-only, and messages stay recent and unseen.
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_examine(
    client: *mut imap_client,
    mailbox: *const c_char,
    selected: *mut *mut imap_selected<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Selected>(client, selected, error, |client| {
            client.run(Select::read_only(text("mailbox", mailbox)?)?)
        })
    }
}

/// SELECT, and what changed since you saw the mailbox with this `uid_validity` and `modseq` (its highest_modseq then, or
/// -1), in is_new, vanished and changed of the result: by QRESYNC (RFC 7162), else by CONDSTORE and a search for the
/// UIDs that are gone, else by the flags of all messages (then `changed` has all, origin is IMAP_ORIGIN_EMULATED).
/// `known_uids`: those that you hold, as a set; NULL: all up to the last. Free the result with imap_selected_free().
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_resync(
    client: *mut imap_client,
    mailbox: *const c_char,
    uid_validity: u32,
    modseq: i64,
    known_uids: *const c_char,
    selected: *mut *mut imap_selected<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Selected>(client, selected, error, |client| {
            if uid_validity == 0 {
                return Err(Error::invalid("uid_validity is 0: select the mailbox with imap_select()"));
            }
            let known = optional_text("known_uids", known_uids)?.unwrap_or("1:*");
            let known = imap_set::parse(known)?;
            if known.is_of_numbers() || known.is_saved_search() {
                return Err(Error::invalid("known_uids is a set of UIDs"));
            }
            let modseq = u64::try_from(modseq).unwrap_or(0);
            let since = Since { uid_validity, modseq, known, seen: None, is_asked: true };
            client.run(Select::since(text("mailbox", mailbox)?, false, since)?)
        })
    }
}

/// The selected mailbox now: counts follow what the server has told since. Free it with imap_selected_free().
/// STATE if none is selected. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_get_selected(
    client: *const imap_client,
    selected: *mut *mut imap_selected<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<Selected>(client, selected, error, |client| client.selected()) }
}

/// CLOSE (RFC 9051 section 6.4.1): leaves the mailbox and expunges its Deleted messages. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_close_mailbox(
    client: *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Plain::close())) }
}

/// UNSELECT (RFC 3691): leaves the mailbox, nothing more. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_unselect(
    client: *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Plain::unselect())) }
}

/// CHECK (RFC 3501 section 6.4.1): a checkpoint of the selected mailbox. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_check(
    client: *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Plain::check())) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_selected_free(selected: *mut imap_selected<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Selected>(selected) }
}
