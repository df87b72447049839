//! Numbers: what SEARCH and EXPUNGE answer, and the UIDs that APPEND, COPY and MOVE give.

#![forbid(unsafe_code)]

use super::set::imap_set;
use super::text::{Bytes, List, Scalars, Text};
use super::value::{imap_defect, imap_origin};

/// The answer of SEARCH, SORT and EXPUNGE.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_numbers<'a> {
    /// The numbers, in the order sent (RETURN options: ALL or PARTIAL); never NULL, perhaps empty.
    pub set: &'a imap_set,
    /// How many match; -1: not told.
    pub total: i64,
    /// MIN of RETURN (RFC 4731); 0: not told.
    pub lowest: u32,
    /// MAX of RETURN; 0: not told.
    pub highest: u32,
    /// Of the newest among them, or of the mailbox after EXPUNGE; -1: not told.
    pub modseq: i64,
    /// PARTIAL of RETURN (RFC 9394) as answered: "1:50"; NULL: not told.
    pub partial: Text<'a>,
    /// RELEVANCY of RETURN (RFC 6203): 1 to 100 for each number in turn; NULL: not told.
    pub scores: Bytes<'a>,
    pub score_count: usize,
    /// Set if RETURN (UPDATE) was granted (RFC 5267); the IMAP_EVENT_SEARCH that follow bear it too. 0: none.
    pub update_id: u32,
    /// Of a search in several mailboxes (RFC 7377): which one this is; otherwise NULL.
    pub mailbox: Text<'a>,
    pub uid_validity: u32,
    pub origin: imap_origin,
    pub defects: List<'a, imap_defect<'a>>,
    pub defect_count: usize,
}

/// The answer of a search in several mailboxes: one for each that has a match.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_numbers_list<'a> {
    pub items: List<'a, imap_numbers<'a>>,
    pub count: usize,
}

/// THREAD, flat: each message before those that answer it. The arrays run side by side.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_threads<'a> {
    /// 0: a message that is missing but holds the others together.
    pub numbers: Scalars<'a, u32>,
    /// 0 begins a new thread.
    pub depths: Scalars<'a, u32>,
    /// Index of the parent, -1 for none.
    pub parents: Scalars<'a, i32>,
    pub count: usize,
    pub origin: imap_origin,
}

/// UIDs given by APPEND, COPY and MOVE (RFC 4315). Both sets run side by side in the order sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_assigned<'a> {
    /// 0: the server did not tell; then both sets are empty.
    pub uid_validity: u32,
    /// COPY and MOVE: the UIDs that were copied; otherwise empty.
    pub sources: &'a imap_set,
    pub uids: &'a imap_set,
    /// IMAP_ORIGIN_EMULATED: not atomic; see the call.
    pub origin: imap_origin,
    /// Where a MESSAGELIMIT (RFC 9738) stopped the server for good: the lowest UID done; 0: it did not.
    pub limited_at: u32,
}
