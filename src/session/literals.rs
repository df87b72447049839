//! Literals of streams, and the items that wait for their reader.

use super::{Caller, Choice, Claim, Entry, Item, Offer, RequestId, Section, Session, Sink, quote};
use crate::error::{Error, Result, imap_status::*};
use crate::wire::cursor::Response;
use crate::wire::{fetch, section};

impl Session {
    /// Bytes of a literal that a stream's reader takes.
    pub(super) fn read(&mut self, bytes: usize) {
        let owner = self.streams.offer.as_ref().map(|offer| offer.owner);
        if let Some(entry) = owner.and_then(|id| self.entries.find_mut(id)) {
            entry.transfer.done += bytes as u64;
        }
    }

    /// Input must wait for a stream's reader.
    pub fn is_stalled(&self) -> bool {
        self.stalled_since.is_some()
    }

    /// What becomes of a large literal whose response begins with `head`.
    pub(super) fn literal(&mut self, head: &Response<'_>, size: u64) -> Result<Sink> {
        let in_flight = || self.entries.in_flight().map(|(_, entry)| entry);
        let owners = || in_flight().filter(|entry| takes_literals(entry));
        if owners().next().is_some() && owners().all(|entry| entry.command.is_none()) {
            return Ok(Sink::Drop);
        }
        // A stream also asks for what it does not hand out.
        let is_read = |entry: &&Entry| {
            let is_streamed = matches!(&entry.rules().claim, Claim::Fetch(messages) if messages.is_streamed);
            is_streamed && entry.is_stream && entry.command.is_some()
        };
        let reader = owners().find(is_read).map(|entry| entry.id);
        if let Some(owner) = reader {
            if let Some(found) = fetch::head(head) {
                let label = section::canonical(found.label)?;
                let (uid, number) = (found.uid.unwrap_or(0), found.number);
                self.streams.offer = Some(Offer { owner, label, uid, number, size, choice: Choice::Open });
                self.note_stall();
                return Ok(Sink::Offer);
            }
        }
        self.hold_literal(head.bytes, size)
    }

    /// What the reader has made of the literal that it was offered.
    pub(super) fn choice(&mut self) -> Result<Choice> {
        let limit = self.facts.settings.max_literal;
        let Some(offer) = self.streams.offer.take() else { return Ok(Choice::Drop) };
        match offer.choice {
            Choice::Hold => {
                let sink = self.hold_literal(&offer.label, offer.size)?;
                debug_assert!(offer.size <= limit || sink == Sink::Drop);
                self.note_stall();
                Ok(if sink == Sink::Hold { Choice::Hold } else { Choice::Drop })
            }
            Choice::Drop => {
                self.note_stall();
                Ok(Choice::Drop)
            }
            open => {
                self.streams.offer = Some(offer);
                Ok(open)
            }
        }
    }

    /// The literal that was read piece by piece is over.
    pub(super) fn literal_read(&mut self) {
        self.streams.offer = None;
        self.note_stall();
    }

    /// Bytes that nobody wants.
    pub(super) fn wasted(&mut self, bytes: usize) {
        self.bytes_wasted += bytes as u64;
    }

    pub(super) fn hold_literal(&mut self, head: &[u8], size: u64) -> Result<Sink> {
        let limit = self.facts.settings.max_literal;
        if size <= limit {
            return Ok(Sink::Hold);
        }
        let head = quote(head);
        for at in (0..self.entries.len()).rev() {
            if takes_literals(&self.entries[at]) && self.entries[at].command.is_some() {
                let message = format!(
                    "a literal of {size} bytes is larger than the {limit} of IMAP_OPTION_MAX_LITERAL: {head}"
                );
                self.end(at, Error::new(IMAP_ERR_LIMIT, message));
            }
        }
        Ok(Sink::Drop)
    }

    /// The request whose reader must go on before anything else can.
    pub fn stalled_by(&self) -> Option<RequestId> {
        self.streams.stalled_by()
    }

    pub fn step_aside(&mut self, stream: RequestId, reader: Caller) -> Result<()> {
        let result = self.streams.step_aside(stream, reader);
        self.note_stall();
        result
    }

    /// Whether an item or a literal of this stream can be taken, or none will come.
    pub fn has_item(&self, id: RequestId) -> bool {
        self.streams.has_any(id) || self.is_done(id)
    }

    #[inline]
    pub fn next_item(&mut self, id: RequestId, reader: Caller) -> Option<Item> {
        let item = self.streams.next(id, reader);
        // Whoever takes an item can end a stall, and begin none.
        if item.is_none() || self.is_stalled() {
            self.note_stall();
        }
        item
    }

    pub fn put_back(&mut self, id: RequestId, item: Item) {
        self.streams.put_back(id, item);
    }

    pub fn next_section(&mut self, id: RequestId, reader: Caller) -> Result<Option<Section>> {
        Ok(self.streams.next_section(id, reader)?)
    }

    pub fn has_items(&self, id: RequestId) -> bool {
        self.streams.has_items(id)
    }

    /// The literal that this stream is offered, or reads.
    pub fn offer(&self, id: RequestId) -> Option<&Offer> {
        self.streams.offer.as_ref().filter(|offer| offer.owner == id)
    }

    /// The literal that this stream is offered is read piece by piece from here on: its label, UID and size.
    pub fn begin_reading(&mut self, id: RequestId) -> Option<(Vec<u8>, u32, u64)> {
        let offered = self.streams.begin_reading(id);
        self.note_stall();
        offered
    }

    /// Whether a literal of this stream is being read piece by piece.
    pub fn is_reading(&self, id: RequestId) -> bool {
        self.offer(id).is_some_and(|offer| offer.choice == Choice::Read)
    }

    /// Whether a thread waits for bytes of the literal that is read piece by piece: from then on the server is late.
    pub fn set_awaited(&mut self, is_awaited: bool) {
        self.streams.is_awaited = is_awaited;
        self.moved = self.moved.max(self.now);
    }

    /// The reader of a literal gives the rest of it up.
    pub fn drop_literal(&mut self, id: RequestId) {
        if let Some(offer) = self.streams.offer.as_mut().filter(|offer| offer.owner == id) {
            offer.choice = Choice::Drop;
        }
        self.note_stall();
    }

    /// Keeps account of how long the connection stands still: the server is not to be blamed for that time.
    pub(super) fn note_stall(&mut self) {
        match (self.streams.stalled_by().is_some(), self.stalled_since) {
            (true, None) => self.stalled_since = Some(self.now),
            (false, Some(since)) => {
                self.stalled_since = None;
                self.moved = self.now;
                self.entries.excuse(self.now - since);
            }
            _ => {}
        }
    }

    /// Whether a literal of some stream has begun to arrive and is not held.
    pub fn has_offer(&self) -> bool {
        self.streams.offer.is_some()
    }
}

fn takes_literals(entry: &Entry) -> bool {
    !entry.is_queued() && matches!(entry.rules().claim, Claim::Fetch(_) | Claim::Everything)
}
