//! The messages that a command names, as the caller wrote them: UIDs, or message numbers after a "#".

use std::sync::Arc;

use crate::error::Result;
use crate::model::{Span, imap_set};
use crate::session::{Facts, Messages, Sequence};
use crate::wire::criteria::SEARCHRES;

pub struct Targets {
    /// What goes into one command line each; a set that is too long for one is split.
    pieces: Vec<Vec<u8>>,
    /// To be split anew if the server takes less; None: it was looked at.
    set: Option<imap_set>,
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
        Ok(Targets { pieces, is_saved_search: set.is_saved_search(), set: Some(set), messages })
    }

    /// Before the first line: pieces as long as this server takes them. Error if it cannot know which messages they
    /// are (RFC 5182).
    pub fn fit(&mut self, facts: &Facts) -> Result<()> {
        if self.is_saved_search {
            facts.needs_one(SEARCHRES)?;
        }
        if let Some(set) = self.set.take().filter(|_| facts.set_room() != PIECE) {
            self.pieces = set.split(facts.set_room())?;
        }
        Ok(())
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

/// What nearly every server takes.
const PIECE: usize = 6000;
