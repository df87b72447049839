//! # Selecting a mailbox

use std::ffi::c_char;

use super::boundary::{free_result, give, imap_client, on_client, text};
use crate::commands::{Plain, Select};
use crate::error::imap_status;
use crate::model::{Selected, imap_error, imap_selected};

/// # Selecting a mailbox
///
/// Everything about messages happens in the selected mailbox. With threads, select once or use a client
/// each: a command runs in the mailbox that was selected when it was called.
///
/// SELECT (RFC 9051 section 6.3.2), leaving the mailbox before; with CONDSTORE where the server has it. After a
/// failure none is selected. Free the result with imap_selected_free(). NO: there is no such mailbox.
/// Blocks: yes.
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
