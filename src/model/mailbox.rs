//! Mailboxes: what LIST, STATUS, NAMESPACE and SELECT tell.

#![forbid(unsafe_code)]

use super::message::{imap_flags, imap_message};
use super::rights::imap_entries;
use super::set::imap_set;
use super::text::{Bytes, List, Text};
use super::value::{imap_defect, imap_item, imap_origin, imap_texts};

/// Bits of imap_mailbox.attributes (RFC 9051 section 7.3.1).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_attribute {
    IMAP_ATTRIBUTE_NO_INFERIORS = 1,
    IMAP_ATTRIBUTE_NO_SELECT = 2,
    IMAP_ATTRIBUTE_NON_EXISTENT = 4,
    IMAP_ATTRIBUTE_HAS_CHILDREN = 8,
    IMAP_ATTRIBUTE_HAS_NO_CHILDREN = 16,
    IMAP_ATTRIBUTE_MARKED = 32,
    IMAP_ATTRIBUTE_UNMARKED = 64,
    IMAP_ATTRIBUTE_SUBSCRIBED = 128,
    IMAP_ATTRIBUTE_REMOTE = 256,
}

/// What a mailbox is for (RFC 6154).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_role {
    IMAP_ROLE_NONE = 0,
    IMAP_ROLE_INBOX = 1,
    IMAP_ROLE_ALL = 2,
    IMAP_ROLE_ARCHIVE = 3,
    IMAP_ROLE_DRAFTS = 4,
    IMAP_ROLE_FLAGGED = 5,
    IMAP_ROLE_IMPORTANT = 6,
    IMAP_ROLE_JUNK = 7,
    IMAP_ROLE_SENT = 8,
    IMAP_ROLE_TRASH = 9,
}

/// STATUS; all that was not asked is absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_counts<'a> {
    pub mailbox: Text<'a>,
    /// -1: absent, as all numbers below but the two that are 0 then.
    pub messages: i64,
    pub unseen: i64,
    pub recent: i64,
    pub deleted: i64,
    pub uid_next: u32,
    pub uid_validity: u32,
    pub highest_modseq: i64,
    /// Of all messages together, in bytes.
    pub size: i64,
    /// Bytes of messages that are marked Deleted (RFC 9208).
    pub deleted_storage: i64,
    /// The largest message that APPEND takes, in bytes; -1: not told, or no limit (RFC 7889).
    pub append_limit: i64,
    /// MAILBOXID (RFC 8474), or NULL.
    pub mailbox_id: Text<'a>,
    /// Items that this version does not know.
    pub others: List<'a, imap_item<'a>>,
    pub other_count: usize,
    pub origin: imap_origin,
}

/// One mailbox of LIST, LSUB or XLIST.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_mailbox<'a> {
    pub name: Text<'a>,
    /// As sent.
    pub raw_name: Bytes<'a>,
    pub raw_name_len: usize,
    /// "/", or NULL for a flat name.
    pub delimiter: Text<'a>,
    /// IMAP_ATTRIBUTE_...
    pub attributes: u32,
    /// All of them, as sent.
    pub attribute_names: &'a imap_texts<'a>,
    pub role: imap_role,
    pub role_origin: imap_origin,
    /// What RECURSIVEMATCH found below it (CHILDINFO, RFC 5258): "SUBSCRIBED".
    pub child_info: &'a imap_texts<'a>,
    /// The name that it was asked for by, or had before (OLDNAME, RFC 9051); NULL if it has only one.
    pub old_name: Text<'a>,
    /// What RETURN (STATUS (...)) asked for; NULL otherwise.
    pub counts: Option<&'a imap_counts<'a>>,
    /// What RETURN (MYRIGHTS) asked for; NULL otherwise.
    pub my_rights: Text<'a>,
    /// What RETURN (METADATA (...)) asked for; NULL otherwise.
    pub metadata: Option<&'a imap_entries<'a>>,
    /// Extended items that this version does not know.
    pub others: List<'a, imap_item<'a>>,
    pub other_count: usize,
}

/// The answer of LIST and LSUB.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_mailboxes<'a> {
    pub items: List<'a, imap_mailbox<'a>>,
    pub count: usize,
    pub origin: imap_origin,
    pub defects: List<'a, imap_defect<'a>>,
    pub defect_count: usize,
}

/// One namespace: what its names begin with.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_prefix<'a> {
    pub prefix: Text<'a>,
    pub delimiter: Text<'a>,
    pub extensions: List<'a, imap_item<'a>>,
    pub extension_count: usize,
}

/// NAMESPACE (RFC 2342).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_namespaces<'a> {
    pub personal: List<'a, imap_prefix<'a>>,
    pub personal_count: usize,
    pub others: List<'a, imap_prefix<'a>>,
    pub other_count: usize,
    pub shared: List<'a, imap_prefix<'a>>,
    pub shared_count: usize,
    pub origin: imap_origin,
}

/// The selected mailbox: as SELECT told it, or (imap_get_selected) as it is now.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_selected<'a> {
    pub mailbox: Text<'a>,
    pub is_read_only: bool,
    /// Number of messages.
    pub exists: u32,
    pub recent: u32,
    /// Number of the first unseen message; 0: not told.
    pub first_unseen: u32,
    /// 0: not told.
    pub uid_next: u32,
    /// 0: not told.
    pub uid_validity: u32,
    /// False: UIDNOTSTICKY, so UIDs do not outlive the session.
    pub uids_last: bool,
    /// -1: the mailbox has none.
    pub highest_modseq: i64,
    /// The flags that are in use here.
    pub flags: &'a imap_flags<'a>,
    /// Those that a client can change for good; IMAP_FLAG_ANY: new keywords too.
    pub permanent_flags: &'a imap_flags<'a>,
    /// MAILBOXID (RFC 8474), or NULL.
    pub mailbox_id: Text<'a>,
    /// After imap_resync() and imap_reconnect(): UIDVALIDITY is another one, so all UIDs are void.
    pub is_new: bool,
    /// UIDs that are there no more; never NULL, perhaps empty.
    pub vanished: &'a imap_set,
    /// Messages whose flags are not as they were, and new ones, with UID and FLAGS.
    pub changed: List<'a, imap_message<'a>>,
    pub changed_count: usize,
    /// IMAP_ORIGIN_EMULATED: found by a comparison; see the call.
    pub origin: imap_origin,
}

impl imap_namespaces<'static> {
    pub const EMPTY: imap_namespaces<'static> = imap_namespaces {
        personal: List::EMPTY,
        personal_count: 0,
        others: List::EMPTY,
        other_count: 0,
        shared: List::EMPTY,
        shared_count: 0,
        origin: imap_origin::IMAP_ORIGIN_SERVER,
    };
}

impl imap_mailbox<'_> {
    /// The one that there always is, if the server told nothing of it.
    pub const INBOX: imap_mailbox<'static> = imap_mailbox {
        name: Text::fixed(c"INBOX"),
        raw_name: Bytes::fixed(c"INBOX"),
        raw_name_len: 5,
        delimiter: Text::NONE,
        attributes: 0,
        attribute_names: &imap_texts::EMPTY,
        role: imap_role::IMAP_ROLE_INBOX,
        role_origin: imap_origin::IMAP_ORIGIN_EMULATED,
        child_info: &imap_texts::EMPTY,
        old_name: Text::NONE,
        counts: None,
        my_rights: Text::NONE,
        metadata: None,
        others: List::EMPTY,
        other_count: 0,
    };
}

impl imap_counts<'static> {
    pub const EMPTY: imap_counts<'static> = imap_counts {
        mailbox: Text::EMPTY,
        messages: -1,
        unseen: -1,
        recent: -1,
        deleted: -1,
        uid_next: 0,
        uid_validity: 0,
        highest_modseq: -1,
        size: -1,
        deleted_storage: -1,
        append_limit: -1,
        mailbox_id: Text::NONE,
        others: List::EMPTY,
        other_count: 0,
        origin: imap_origin::IMAP_ORIGIN_SERVER,
    };
}
