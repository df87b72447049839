//! # Rights, quota, metadata, URLs

use std::ffi::c_char;

use super::boundary::{bytes, free_result, give, imap_client, on_client, params, text};
use crate::commands::{Annotate, Limits, Metadata, Rights};
use crate::error::imap_status;
use crate::model::{Acl, Entries, Quotas, imap_acl, imap_entries, imap_error, imap_quotas};

/// # Rights, quota, metadata, URLs
///
/// Who may do what with a mailbox (ACL), how much there may be in it (QUOTA), what is noted about it (METADATA), and who
/// may read of it by URL (URLAUTH). UNSUPPORTED if the server does not have them.
///
/// An answer may spell the mailbox in the server's own way (UTF-8 or modified UTF-7, a delimiter behind): results have
/// the name as it told it. One about another mailbox is no answer, but an event.
///
/// GETACL (RFC 4314): who has which rights. Free the result with imap_acl_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_getacl(
    client: *mut imap_client,
    mailbox: *const c_char,
    acl: *mut *mut imap_acl<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<Acl>(client, acl, error, |client| client.run(Rights::get(text("mailbox", mailbox)?)?)) }
}

/// SETACL: "lrs" sets the rights of `identifier`, "+w" adds, "-w" takes away. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_setacl(
    client: *mut imap_client,
    mailbox: *const c_char,
    identifier: *const c_char,
    rights: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            let (mailbox, identifier) = (text("mailbox", mailbox)?, text("identifier", identifier)?);
            client.run(Rights::set(mailbox, identifier, text("rights", rights)?)?)
        })
    }
}

/// DELETEACL: takes all rights of `identifier` away. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_deleteacl(
    client: *mut imap_client,
    mailbox: *const c_char,
    identifier: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            client.run(Rights::delete(text("mailbox", mailbox)?, text("identifier", identifier)?)?)
        })
    }
}

/// LISTRIGHTS: which rights `identifier` can be given. Free the result with imap_acl_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_listrights(
    client: *mut imap_client,
    mailbox: *const c_char,
    identifier: *const c_char,
    acl: *mut *mut imap_acl<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Acl>(client, acl, error, |client| {
            client.run(Rights::list(text("mailbox", mailbox)?, text("identifier", identifier)?)?)
        })
    }
}

/// MYRIGHTS: my_rights of the result. Free it with imap_acl_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_myrights(
    client: *mut imap_client,
    mailbox: *const c_char,
    acl: *mut *mut imap_acl<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<Acl>(client, acl, error, |client| client.run(Rights::mine(text("mailbox", mailbox)?)?)) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_acl_free(acl: *mut imap_acl<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Acl>(acl) }
}

/// GETQUOTA (RFC 9208) of a quota root. Free the result with imap_quotas_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_getquota(
    client: *mut imap_client,
    root: *const c_char,
    quotas: *mut *mut imap_quotas<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Quotas>(client, quotas, error, |client| client.run(Limits::of_root(text("root", root)?)?))
    }
}

/// GETQUOTAROOT: all roots of a mailbox. Free the result with imap_quotas_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_getquotaroot(
    client: *mut imap_client,
    mailbox: *const c_char,
    quotas: *mut *mut imap_quotas<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Quotas>(client, quotas, error, |client| {
            client.run(Limits::of_mailbox(text("mailbox", mailbox)?)?)
        })
    }
}

/// SETQUOTA: "STORAGE 512 MESSAGE 1000"; "" lifts all limits. Gives the root as it is then, if the server tells; free it
/// with imap_quotas_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_setquota(
    client: *mut imap_client,
    root: *const c_char,
    limits: *const c_char,
    quotas: *mut *mut imap_quotas<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Quotas>(client, quotas, error, |client| {
            client.run(Limits::set(text("root", root)?, text("limits", limits)?)?)
        })
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_quotas_free(quotas: *mut imap_quotas<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Quotas>(quotas) }
}

/// GETMETADATA (RFC 5464): "/private/comment /shared/comment", "(DEPTH 1 MAXSIZE 1024) /private"; mailbox "" is the server.
/// `params`: the values of the ? in `what`, NULL at the end; or NULL. What is longer than MAXSIZE is left out: if the
/// server tells so, the last entry has the `size` of the longest, and its name if only that one can be meant. A server
/// that has only ANNOTATEMORE is asked with GETANNOTATION: the entries have an `attribute` then, and origin is
/// IMAP_ORIGIN_EMULATED. Free the result with imap_entries_free(). UNSUPPORTED: the server has neither. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_getmetadata(
    client: *mut imap_client,
    mailbox: *const c_char,
    what: *const c_char,
    params: *const *const c_char,
    entries: *mut *mut imap_entries<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Entries>(client, entries, error, |client| {
            let values = self::params(params)?;
            client.run(Metadata::get(text("mailbox", mailbox)?, text("what", what)?, values.as_deref())?)
        })
    }
}

/// SETMETADATA of one entry to `value_len` bytes; value NULL removes it. SETANNOTATION where the server has only
/// ANNOTATEMORE. Several at once: imap_send() with "SETMETADATA ? (/private/comment ? /shared/comment NIL)".
/// UNSUPPORTED: the server has neither. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_setmetadata(
    client: *mut imap_client,
    mailbox: *const c_char,
    entry: *const c_char,
    value: *const u8,
    value_len: usize,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            let data = bytes("value", value, value_len)?;
            let value = if value.is_null() { None } else { Some(data) };
            let entry = (text("entry", entry)?, value);
            client.run(Annotate::set(text("mailbox", mailbox)?, &[entry])?)
        })
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_entries_free(entries: *mut imap_entries<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Entries>(entries) }
}
