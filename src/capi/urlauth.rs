//! # Rights, quota, metadata, URLs: the URLs

use std::ffi::c_char;

use super::boundary::{clear, give, imap_client, on_client, optional_text, put_first, text};
use crate::commands::{Behind, genurlauth, resetkey};
use crate::error::imap_status;
use crate::model::{Entries, imap_entries, imap_error};

/// GENURLAUTH (RFC 4467): signs a URL of a message or of a part of it, so that whoever it names may read it:
/// "imap://bob@example.org/INBOX;UIDVALIDITY=7/;UID=20;EXPIRE=2027-01-01T00:00:00Z;URLAUTH=anonymous". By `mechanism`;
/// NULL: "INTERNAL". Free the signed URL with imap_text_free(). NO with the code BADURL: the server does not sign such.
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_genurlauth(
    client: *mut imap_client,
    url: *const c_char,
    mechanism: *const c_char,
    signed_url: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(signed_url);
        on_client(client, error, |client| {
            let urls = client.run(genurlauth(text("url", url)?, optional_text("mechanism", mechanism)?)?)?;
            put_first(signed_url, &urls)
        })
    }
}

/// URLFETCH (RFC 4467): what is behind a signed URL, as one entry whose name is the URL; its value is NULL if the server
/// does not give it. Free the result with imap_entries_free(). For several URLs at once, or decoded parts
/// (URLAUTH=BINARY, RFC 5524): imap_send(client, "URLFETCH (\"imap://...\" BINARY BODYPARTSTRUCTURE)", ...) and
/// imap_request_take_entries(), where `attribute` says which is which. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_urlfetch(
    client: *mut imap_client,
    url: *const c_char,
    entries: *mut *mut imap_entries<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<Entries>(client, entries, error, |client| client.run(Behind::fetch(text("url", url)?)?)) }
}

/// RESETKEY (RFC 4467): voids the URLs that were signed for `mailbox` by `mechanisms`, separated by spaces (NULL: by
/// any); mailbox NULL: all that were ever signed. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_resetkey(
    client: *mut imap_client,
    mailbox: *const c_char,
    mechanisms: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            let mailbox = optional_text("mailbox", mailbox)?;
            client.run(resetkey(mailbox, optional_text("mechanisms", mechanisms)?)?)
        })
    }
}
