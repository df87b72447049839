//! # Fetching

use std::ffi::c_char;

use super::boundary::{free_result, give, imap_client, params, text};
use crate::commands::{Content, Fetch};
use crate::error::imap_status;
use crate::model::{self, Messages, imap_content, imap_error, imap_message, imap_messages, imap_section};

/// # Fetching
///
/// `items` in IMAP's words: "FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE", "FULL",
/// "BODY.PEEK[HEADER.FIELDS (?)]", "BINARY.PEEK[2]", "PREVIEW"; UID is always added. BODY.PEEK[...] and BINARY.PEEK[...]
/// read without setting the Seen flag, BODY[...] sets it. Behind the items may stand "(CHANGEDSINCE 917)",
/// "(CHANGEDSINCE 917 VANISHED)" after ENABLE QRESYNC (RFC 7162), "(PARTIAL 1:500)" (RFC 9394). imap_fetch() holds all
/// in memory; for much see Streams. To show a message, imap_fetch_content().
///
/// FETCH (RFC 9051 section 6.4.5) of the messages in `set`, all held in memory. Messages that do not exist are left
/// out. `params`: the values of the ? in `items`, NULL at the end; or NULL. Free the result with
/// imap_messages_free(). Where the server has no PREVIEW (RFC 8970) it is made from the text of each message, and
/// origin is IMAP_ORIGIN_EMULATED. A section that the server cannot decode (BINARY, RFC 3516) is missing, and `defects`
/// says so. A server that does only some messages at once (RFC 9738) is asked for the rest; where that cannot be,
/// limited_at says how far it came. Blocks: yes.
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

/// The section of a message that was fetched as BODY[section], BINARY[section], or as the RFC822 item that is the same:
/// "" the whole message, "HEADER", "TEXT", "1.2", in any case. NULL if it was not fetched, or for NULL. Belongs to the
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
        let with_bytes = message.details.sections.iter().find(|found| is_it(found) && !found.data.is_none());
        // BINARY.SIZE tells a size alone.
        let found = with_bytes.or_else(|| message.details.sections.iter().find(is_it));
        found.map_or(std::ptr::null(), std::ptr::from_ref)
    }
}

/// What a person reads of the message with this UID, and its attachments: two FETCH at most, which do not mark it as
/// seen. The text is the plain one where there is one, else HTML, in UTF-8 whatever its charset; that of a message
/// within only if there is no other. An attachment is read by imap_body_open() of its section with
/// IMAP_DECODING_TRANSFER. Text longer than IMAP_OPTION_MAX_LITERAL is cut there, which the message's defects tell. NO:
/// there is no such message. Free the result with imap_content_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_fetch_content(
    client: *mut imap_client,
    uid: u32,
    content: *mut *mut imap_content<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<model::Content>(client, content, error, |client| client.run(Content::new(uid)?)) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_content_free(content: *mut imap_content<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<model::Content>(content) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_messages_free(messages: *mut imap_messages<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Messages>(messages) }
}
