//! Rights, quotas and annotations of mailboxes.

#![forbid(unsafe_code)]

use super::text::{Bytes, List, Text};
use super::value::imap_texts;

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

/// An annotation of a mailbox or of the server (RFC 5464).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_entry<'a> {
    /// "" for the server's own.
    pub mailbox: Text<'a>,
    /// "/private/comment"
    pub name: Text<'a>,
    /// NULL: NIL.
    pub value: Bytes<'a>,
    pub value_len: usize,
}

/// Annotations, in the order sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_entries<'a> {
    pub items: List<'a, imap_entry<'a>>,
    pub count: usize,
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
