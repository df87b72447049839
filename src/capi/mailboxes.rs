//! # Mailboxes

use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::boundary::{free_result, give, imap_client, on_client, optional_text, text};
use crate::commands::{List, Namespace, Plain, Status};
use crate::error::{Error, Result, imap_status};
use crate::model::{
    Counts, Mailboxes, Namespaces, imap_counts, imap_error, imap_mailboxes, imap_namespaces, imap_role,
};

/// # Mailboxes
///
/// Names are UTF-8; the library does modified UTF-7. "INBOX" is INBOX in any case.
///
/// LIST (RFC 9051 section 6.3.9). `reference` is nearly always ""; * and % in `pattern` match any name, % within
/// one level; several patterns: imap_send() with "LIST \"\" (INBOX ?)". An empty pattern asks for the delimiter.
/// `extra` (NULL: none) is what RFC 5258 puts round them, "(selection) RETURN (what to tell)", either half alone too:
///     SUBSCRIBED REMOTE SPECIAL-USE, and RECURSIVEMATCH for what is above such a mailbox, in the selection;
///     SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES UNSEEN) MYRIGHTS METADATA (/shared/comment) behind RETURN.
/// What LIST cannot tell, or says that it can and does not, is asked with LSUB, XLIST, and for each mailbox with STATUS,
/// MYRIGHTS and GETMETADATA, as many at once as the server takes; origin is IMAP_ORIGIN_EMULATED then, and what cannot
/// be found out about one mailbox is absent there. Where the server tells no roles they are guessed by well-known names
/// (role_origin is IMAP_ORIGIN_GUESSED, and two mailboxes may have one role). UNSUPPORTED: there is no way to find it
/// out. Free the result with imap_mailboxes_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_list(
    client: *mut imap_client,
    reference: *const c_char,
    pattern: *const c_char,
    extra: *const c_char,
    mailboxes: *mut *mut imap_mailboxes<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Mailboxes>(client, mailboxes, error, |client| {
            let (reference, pattern) = (text("reference", reference)?, text("pattern", pattern)?);
            client.run(List::of(reference, pattern, optional_text("extra", extra)?)?)
        })
    }
}

/// LSUB (RFC 3501 section 6.3.9): the subscribed mailboxes, whether they exist or not. `reference` and `pattern`
/// as with imap_list(). Free the result with imap_mailboxes_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_lsub(
    client: *mut imap_client,
    reference: *const c_char,
    pattern: *const c_char,
    mailboxes: *mut *mut imap_mailboxes<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Mailboxes>(client, mailboxes, error, |client| {
            client.run(List::of_subscribed(text("reference", reference)?, text("pattern", pattern)?)?)
        })
    }
}

/// STATUS (RFC 9051 section 6.3.11) of a mailbox that need not be selected. `items` as "MESSAGES UNSEEN UIDNEXT
/// UIDVALIDITY RECENT DELETED SIZE HIGHESTMODSEQ MAILBOXID APPENDLIMIT DELETED-STORAGE". Free the result with
/// imap_counts_free(). NO: there is no such mailbox. UNSUPPORTED: the server does not know one of the items.
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_status_of(
    client: *mut imap_client,
    mailbox: *const c_char,
    items: *const c_char,
    counts: *mut *mut imap_counts<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Counts>(client, counts, error, |client| {
            client.run(Status::new(text("mailbox", mailbox)?, text("items", items)?)?)
        })
    }
}

/// NAMESPACE (RFC 2342): what the names of one's own mailboxes, other users' and shared ones begin with. Where
/// the server does not tell, it is one namespace without a prefix, its delimiter found by LIST, and origin is
/// IMAP_ORIGIN_EMULATED. Free the result with imap_namespaces_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_namespace(
    client: *mut imap_client,
    namespaces: *mut *mut imap_namespaces<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<Namespaces>(client, namespaces, error, |client| client.run(Namespace::default())) }
}

/// CREATE (RFC 9051 section 6.3.4), with USE (RFC 6154) if a role is given; IMAP_ROLE_NONE otherwise. NO: it
/// exists already, or may not be made. UNSUPPORTED: a role, and no CREATE-SPECIAL-USE. The mailbox's id (RFC 8474) is in
/// the code MAILBOXID of the reply: see imap_send() and imap_request_reply(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_create(
    client: *mut imap_client,
    mailbox: *const c_char,
    role: MaybeUninit<imap_role>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            client.run(Plain::create(text("mailbox", mailbox)?, known_role(role)?)?)
        })
    }
}

fn known_role(role: MaybeUninit<imap_role>) -> Result<imap_role> {
    use imap_role::*;
    const ROLES: [imap_role; 10] = [
        IMAP_ROLE_NONE,
        IMAP_ROLE_INBOX,
        IMAP_ROLE_ALL,
        IMAP_ROLE_ARCHIVE,
        IMAP_ROLE_DRAFTS,
        IMAP_ROLE_FLAGGED,
        IMAP_ROLE_IMPORTANT,
        IMAP_ROLE_JUNK,
        IMAP_ROLE_SENT,
        IMAP_ROLE_TRASH,
    ];
    // SAFETY: every caller passes four initialised bytes; they are read as the number that they are.
    let number = unsafe { role.as_ptr().cast::<u32>().read() };
    let found = usize::try_from(number).ok().and_then(|number| ROLES.get(number));
    found.copied().ok_or_else(|| Error::invalid(format!("there is no role {number}")))
}

/// DELETE (RFC 9051 section 6.3.5): the mailbox and its messages. NO: there is none such. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_delete(
    client: *mut imap_client,
    mailbox: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Plain::delete(text("mailbox", mailbox)?)?)) }
}

/// RENAME (RFC 9051 section 6.3.6). Of INBOX: moves its messages into the new mailbox. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_rename(
    client: *mut imap_client,
    mailbox: *const c_char,
    new_name: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            client.run(Plain::rename(text("mailbox", mailbox)?, text("new_name", new_name)?)?)
        })
    }
}

/// SUBSCRIBE (RFC 9051 section 6.3.7). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_subscribe(
    client: *mut imap_client,
    mailbox: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Plain::subscribe(text("mailbox", mailbox)?)?)) }
}

/// UNSUBSCRIBE (RFC 9051 section 6.3.8). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_unsubscribe(
    client: *mut imap_client,
    mailbox: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Plain::unsubscribe(text("mailbox", mailbox)?)?)) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_mailboxes_free(mailboxes: *mut imap_mailboxes<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Mailboxes>(mailboxes) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_counts_free(counts: *mut imap_counts<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Counts>(counts) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_namespaces_free(namespaces: *mut imap_namespaces<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Namespaces>(namespaces) }
}
