//! The data that a caller receives: each struct exactly as it stands in imap.h, built once, by the parser,
//! straight into the arena of the result that owns it.

// The names are C's.
#![allow(non_camel_case_types)]

mod arena;
mod connection;
mod error;
mod event;
mod few;
mod mailbox;
mod message;
mod numbers;
mod owned;
mod rights;
mod set;
pub mod spare;
mod text;
mod value;
pub mod vector;

pub use arena::{Arena, are_clean_lines, clean_text, is_clean, is_printable, printable};
pub use connection::*;
pub use error::*;
pub use event::*;
pub use few::Few;
pub use mailbox::*;
pub use message::*;
pub use numbers::*;
pub use owned::{Growing, Kind, Owned, try_box};
pub use rights::*;
pub use set::*;
pub use text::{Bytes, List, Scalars, Text, Texts};
pub use value::*;

/// Names the kind of a public struct, for [`Owned`].
macro_rules! kinds {
    ($($kind:ident = $public:ident),* $(,)?) => { $(
        #[doc = concat!("The kind of [`", stringify!($public), "`].")]
        pub struct $kind;
        // SAFETY: a struct with one lifetime parameter differs by it in nothing but the lifetime.
        unsafe impl Kind for $kind {
            type Of<'a> = $public<'a>;
        }
    )* };
}

kinds! {
    Acl = imap_acl,
    Assigned = imap_assigned,
    Entries = imap_entries,
    Entry = imap_entry,
    Quota = imap_quota,
    Quotas = imap_quotas,
    Connection = imap_connection,
    Content = imap_content,
    Counts = imap_counts,
    Failure = imap_error,
    Event = imap_event,
    Events = imap_events,
    Flags = imap_flags,
    Mailbox = imap_mailbox,
    Mailboxes = imap_mailboxes,
    Message = imap_message,
    Messages = imap_messages,
    Namespaces = imap_namespaces,
    Numbers = imap_numbers,
    NumbersList = imap_numbers_list,
    Pairs = imap_pairs,
    Selected = imap_selected,
    TextList = imap_texts,
    Threads = imap_threads,
}
