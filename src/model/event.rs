//! What the server says unasked, response codes, and responses as they come.

#![forbid(unsafe_code)]

use super::mailbox::{imap_counts, imap_mailbox};
use super::message::{imap_flags, imap_message};
use super::numbers::imap_assigned;
use super::set::imap_set;
use super::text::{Bytes, List, Text};
use super::value::{imap_texts, imap_value};

/// Response codes (RFC 9051 section 7.1, RFC 5530 and the registry).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_code {
    /// One that is not in this list: see its name and text. New ones are added at the end.
    IMAP_CODE_OTHER = 0,
    IMAP_CODE_ALERT,
    IMAP_CODE_ALREADYEXISTS,
    IMAP_CODE_ANNOTATE,
    IMAP_CODE_ANNOTATIONS,
    IMAP_CODE_APPENDUID,
    IMAP_CODE_AUTHENTICATIONFAILED,
    IMAP_CODE_AUTHORIZATIONFAILED,
    IMAP_CODE_BADCHARSET,
    IMAP_CODE_BADCOMPARATOR,
    IMAP_CODE_BADEVENT,
    IMAP_CODE_BADURL,
    IMAP_CODE_CANNOT,
    IMAP_CODE_CAPABILITY,
    IMAP_CODE_CLIENTBUG,
    IMAP_CODE_CLOSED,
    IMAP_CODE_COMPRESSIONACTIVE,
    IMAP_CODE_CONTACTADMIN,
    IMAP_CODE_COPYUID,
    IMAP_CODE_CORRUPTION,
    IMAP_CODE_EXPIRED,
    IMAP_CODE_EXPUNGEISSUED,
    IMAP_CODE_HASCHILDREN,
    IMAP_CODE_HIGHESTMODSEQ,
    IMAP_CODE_INPROGRESS,
    IMAP_CODE_INUSE,
    IMAP_CODE_LIMIT,
    IMAP_CODE_MAILBOXID,
    IMAP_CODE_MESSAGELIMIT,
    IMAP_CODE_METADATA,
    IMAP_CODE_MODIFIED,
    IMAP_CODE_NEWNAME,
    IMAP_CODE_NOMODSEQ,
    IMAP_CODE_NONEXISTENT,
    IMAP_CODE_NOPERM,
    IMAP_CODE_NOTIFICATIONOVERFLOW,
    IMAP_CODE_NOTSAVED,
    IMAP_CODE_NOUPDATE,
    IMAP_CODE_OVERQUOTA,
    IMAP_CODE_PARSE,
    IMAP_CODE_PERMANENTFLAGS,
    IMAP_CODE_PRIVACYREQUIRED,
    IMAP_CODE_READ_ONLY,
    IMAP_CODE_READ_WRITE,
    IMAP_CODE_REFERRAL,
    IMAP_CODE_SERVERBUG,
    IMAP_CODE_THROTTLED,
    IMAP_CODE_TOOBIG,
    IMAP_CODE_TRYCREATE,
    IMAP_CODE_UIDNEXT,
    IMAP_CODE_UIDNOTSTICKY,
    IMAP_CODE_UIDREQUIRED,
    IMAP_CODE_UIDVALIDITY,
    IMAP_CODE_UNAVAILABLE,
    IMAP_CODE_UNDEFINED_FILTER,
    IMAP_CODE_UNKNOWN_CTE,
    IMAP_CODE_UNSEEN,
    IMAP_CODE_URLMECH,
    IMAP_CODE_USEATTR,
}

/// The [CODE ...] of a reply, with its data where it has any.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_response_code<'a> {
    pub code: imap_code,
    /// "UIDNEXT"
    pub name: Text<'a>,
    /// What follows the name, as sent; NULL if nothing.
    pub text: Text<'a>,
    /// UIDNEXT, UIDVALIDITY, UNSEEN, HIGHESTMODSEQ, MESSAGELIMIT, METADATA LONGENTRIES and MAXSIZE, ANNOTATIONS (the
    /// longest value), INPROGRESS (how far it is), ... else -1.
    pub number: i64,
    /// CAPABILITY, BADCHARSET, PERMANENTFLAGS, BADEVENT, MAILBOXID, REFERRAL, ANNOTATIONS, ... else empty.
    pub texts: &'a imap_texts<'a>,
    /// MODIFIED, else empty.
    pub set: &'a imap_set,
    /// APPENDUID and COPYUID, else NULL.
    pub assigned: Option<&'a imap_assigned<'a>>,
}

/// What an imap_event tells. In brackets: the fields that are set.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_event_kind {
    /// A response that the others do not cover [name, values].
    IMAP_EVENT_OTHER = 0,
    /// The mailbox now has `number` messages.
    IMAP_EVENT_EXISTS = 1,
    /// `number` of them are recent.
    IMAP_EVENT_RECENT = 2,
    /// Message `number` is gone [number, uid if known]; those above it moved down by one.
    IMAP_EVENT_EXPUNGE = 3,
    /// Messages are gone [set]; is_earlier if they went before the mailbox was selected.
    IMAP_EVENT_VANISHED = 4,
    /// Flags or other data of a message [message, number, uid].
    IMAP_EVENT_MESSAGE = 5,
    /// The flags of the mailbox changed [flags]: usable ones, or permanent ones if code says so.
    IMAP_EVENT_FLAGS = 6,
    /// A mailbox was made, renamed, subscribed, ... [mailbox].
    IMAP_EVENT_MAILBOX = 7,
    /// Counts of a mailbox changed [counts].
    IMAP_EVENT_STATUS = 8,
    /// Metadata, ACL or quota changed [text: the mailbox or root].
    IMAP_EVENT_METADATA = 9,
    /// A text for the user [text, code]. If is_early, it came before TLS or login: do not trust it.
    IMAP_EVENT_ALERT = 10,
    /// Another untagged OK, NO or BAD [name, text, code].
    IMAP_EVENT_NOTICE = 11,
    /// The selected mailbox became read-only, or read-write again [code].
    IMAP_EVENT_ACCESS = 12,
    /// The capabilities changed.
    IMAP_EVENT_CAPABILITY = 13,
    /// The answer of a search with RETURN (UPDATE) changed [update_id, position, set, is_removed].
    IMAP_EVENT_SEARCH = 14,
    /// A long command goes on [text, done, total].
    IMAP_EVENT_PROGRESS = 15,
    /// The mailbox is no longer selected.
    IMAP_EVENT_UNSELECTED = 16,
    /// Connected and, if the options say so, logged in.
    IMAP_EVENT_CONNECTED = 17,
    /// The server says goodbye [text, code].
    IMAP_EVENT_BYE = 18,
    /// The connection is gone [text].
    IMAP_EVENT_CLOSED = 19,
    /// Events were lost here: look at the mailbox afresh.
    IMAP_EVENT_OVERFLOW = 20,
    /// The tagged reply of a command [name: OK, NO, BAD; text, code].
    IMAP_EVENT_TAGGED = 21,
}

/// One response of the server, or something that happened to the connection.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_event<'a> {
    pub kind: imap_event_kind,
    /// "EXISTS", "OK"; the response's own name, upper case.
    pub name: Text<'a>,
    pub number: u32,
    pub uid: u32,
    pub text: Text<'a>,
    pub code: Option<&'a imap_response_code<'a>>,
    pub set: &'a imap_set,
    pub message: Option<&'a imap_message<'a>>,
    pub flags: Option<&'a imap_flags<'a>>,
    pub mailbox: Option<&'a imap_mailbox<'a>>,
    pub counts: Option<&'a imap_counts<'a>>,
    /// It came before TLS or login: anyone may have written it.
    pub is_early: bool,
    /// VANISHED (EARLIER).
    pub is_earlier: bool,
    /// The numbers of `set` are taken out of the answer; otherwise they are put in.
    pub is_removed: bool,
    /// The search whose answer changed: update_id of its imap_numbers.
    pub update_id: u32,
    /// Where in the answer `set` begins, from 1; 0: anywhere (out), in the order of the mailbox (in).
    pub position: u32,
    /// -1: not told.
    pub done: i64,
    pub total: i64,
    /// All that follows the name, generic.
    pub values: List<'a, imap_value<'a>>,
    pub value_count: usize,
    /// The whole response, as sent, without its line end. Of several events from one response only the first has it.
    pub raw: Bytes<'a>,
    pub raw_len: usize,
}

/// The answer of a command as responses, the tagged one last.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_events<'a> {
    pub items: List<'a, imap_event<'a>>,
    pub count: usize,
}
