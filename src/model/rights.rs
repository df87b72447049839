//! Rights, quotas and annotations of mailboxes.

#![forbid(unsafe_code)]

use super::text::{Bytes, List, Text};
use super::value::{imap_origin, imap_texts};

/// Rights of one identifier ("anyone", "bob", "-carol") (RFC 4314).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_grant<'a> {
    pub identifier: Text<'a>,
    /// "lrswipkxtea"
    pub rights: Text<'a>,
}

/// ACL, LISTRIGHTS and MYRIGHTS; what was not asked is absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_acl<'a> {
    pub mailbox: Text<'a>,
    pub grants: List<'a, imap_grant<'a>>,
    pub grant_count: usize,
    pub my_rights: Text<'a>,
    /// LISTRIGHTS: always granted.
    pub required: Text<'a>,
    /// LISTRIGHTS: groups that are granted together.
    pub optional: &'a imap_texts<'a>,
}

/// One resource of a quota root (RFC 9208).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_resource<'a> {
    /// "STORAGE" (in KiB), "MESSAGE", "MAILBOX", ...
    pub resource: Text<'a>,
    pub usage: i64,
    pub limit: i64,
}

/// A quota root: what is limited together.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_quota<'a> {
    pub root: Text<'a>,
    pub resources: List<'a, imap_resource<'a>>,
    pub resource_count: usize,
}

/// Quota roots, in the order sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_quotas<'a> {
    pub items: List<'a, imap_quota<'a>>,
    pub count: usize,
}

/// An annotation: METADATA (RFC 5464), ANNOTATEMORE, ANNOTATE (RFC 5257), or the content behind a URL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_entry<'a> {
    /// NULL or "" for the server's own, and for messages.
    pub mailbox: Text<'a>,
    /// "/private/comment"; the URL.
    pub name: Text<'a>,
    /// "value.shared", ... or NULL.
    pub attribute: Text<'a>,
    /// NULL: NIL.
    pub value: Bytes<'a>,
    pub value_len: usize,
    /// -1, or the size of an entry that was left out because it is longer than MAXSIZE.
    pub size: i64,
}

/// Annotations, in the order sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_entries<'a> {
    pub items: List<'a, imap_entry<'a>>,
    pub count: usize,
    /// EMULATED: by ANNOTATEMORE, which the server has in place of METADATA.
    pub origin: imap_origin,
}

impl imap_entry<'static> {
    pub const EMPTY: imap_entry<'static> = imap_entry {
        mailbox: Text::NONE,
        name: Text::EMPTY,
        attribute: Text::NONE,
        value: Bytes::NONE,
        value_len: 0,
        size: -1,
    };
}

impl imap_acl<'static> {
    pub const EMPTY: imap_acl<'static> = imap_acl {
        mailbox: Text::EMPTY,
        grants: List::EMPTY,
        grant_count: 0,
        my_rights: Text::NONE,
        required: Text::NONE,
        optional: &imap_texts::EMPTY,
    };
}
