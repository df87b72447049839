//! # Fetching

use std::ffi::c_char;

use super::boundary::{free_result, give, imap_client, params, text};
use crate::commands::Fetch;
use crate::error::imap_status;
use crate::model::{Messages, imap_error, imap_message, imap_messages, imap_section};

/// # Fetching
///
/// `items` in IMAP's words: "FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE", "FULL",
/// "BODY.PEEK[HEADER.FIELDS (?)]", "FLAGS (CHANGEDSINCE 917)"; UID is always added. BODY.PEEK[...] reads
/// without setting the Seen flag, BODY[...] sets it. imap_fetch() holds all in memory; for much see Streams.
///
/// FETCH (RFC 9051 section 6.4.5) of the messages in `set`, all held in memory. Messages that do not exist are left
/// out. `params`: the values of the ? in `items`, NULL at the end; or NULL. Free the result with
/// imap_messages_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_fetch(
    client: *mut imap_client,
    set: *const c_char,
    items: *const c_char,
    params: *const *const c_char,
    messages: *mut *mut imap_messages<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Messages>(client, messages, error, |client| {
            let values = self::params(params)?;
            client.run(Fetch::new(text("set", set)?, text("items", items)?, values.as_deref())?)
        })
    }
}

/// The section of a message that was fetched as BODY[section], or as the RFC822 item that is the same: "" the
/// whole message, "HEADER", "TEXT", "1.2", in any case. NULL if it was not fetched, or for NULL. Belongs to the
/// message. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_message_section(
    message: *const imap_message<'static>,
    section: *const c_char,
) -> *const imap_section<'static> {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        let (Some(message), Ok(section)) = (message.as_ref(), text("section", section)) else {
            return std::ptr::null();
        };
        let is_it = |found: &&imap_section<'_>| {
            found.section.get().is_some_and(|name| name.eq_ignore_ascii_case(section))
        };
        message.details.sections.iter().find(is_it).map_or(std::ptr::null(), std::ptr::from_ref)
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_messages_free(messages: *mut imap_messages<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Messages>(messages) }
}
