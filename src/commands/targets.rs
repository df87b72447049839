//! The messages that a command names, as the caller wrote them: UIDs, or message numbers after a "#".

use std::sync::Arc;

use crate::error::Result;
use crate::model::{Span, imap_set};
use crate::session::{Facts, Messages, Sequence};
use crate::wire::criteria::SEARCHRES;

pub struct Targets {
    /// What goes into one command line each; a set that is too long for one is split.
    pieces: Vec<Vec<u8>>,
    messages: Messages,
    /// "$": only the server knows which they are.
    is_saved_search: bool,
}

impl Targets {
    /// "1:5,9", "#1:10", "$", "": an empty set names nothing, and nothing is sent for it.
    pub fn parse(text: &str) -> Result<Targets> {
        let set = imap_set::parse(text)?;
        let by_uid = !set.is_of_numbers();
        Targets::of(set, by_uid)
    }

    pub fn of(set: imap_set, by_uid: bool) -> Result<Targets> {
        let pieces = set.split(PIECE)?;
        let is_open = set.is_saved_search() || set.spans().iter().any(|span| span.last == u32::MAX);
        let mut spans: Vec<Span> = Vec::new();
        if !is_open {
            let sorted = set.sorted()?;
            spans.try_reserve_exact(sorted.spans().len())?;
            spans.extend_from_slice(sorted.spans());
        }
        let messages = Messages { spans: Arc::new(spans), by_uid, is_streamed: false };
        Ok(Targets { pieces, messages, is_saved_search: set.is_saved_search() })
    }

    /// Error if the server cannot know which they are (RFC 5182).
    pub fn check(&self, facts: &Facts) -> Result<()> {
        match self.is_saved_search {
            true => facts.needs_one(SEARCHRES),
            false => Ok(()),
        }
    }

    /// The answer is taken while it arrives.
    pub fn stream(&mut self) {
        self.messages.is_streamed = true;
    }

    pub fn by_uid(&self) -> bool {
        self.messages.by_uid
    }

    pub fn messages(&self) -> Messages {
        self.messages.clone()
    }

    pub fn sequence(&self) -> Sequence {
        if self.messages.by_uid { Sequence::Renumbers } else { Sequence::Uses }
    }

    pub fn piece(&self, at: usize) -> Option<&[u8]> {
        self.pieces.get(at).map(Vec::as_slice)
    }
}

/// Longer sets are split: some servers take no more than 8,000 bytes in a line, and the rest of the line
/// needs its part.
const PIECE: usize = 6000;
