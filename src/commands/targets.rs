//! The messages that a command names, as the caller wrote them: UIDs, or message numbers after a "#". A set that is too
//! long for one line is sent in pieces; one of which the server did only a part (MESSAGELIMIT, RFC 9738) is gone on with.

use std::sync::Arc;

use crate::error::{Error, Result, imap_status::*};
use crate::model::{Span, imap_set};
use crate::session::{Facts, Messages, Reply, Sequence};
use crate::wire::code::{self, CodeHead};
use crate::wire::criteria::SEARCHRES;

pub struct Targets {
    /// What goes into one command line each, the next one last.
    pieces: Vec<Vec<u8>>,
    /// To be split anew if the server takes less; None: it was looked at.
    set: Option<imap_set>,
    messages: Messages,
    /// "$": only the server knows which they are.
    is_saved_search: bool,
    limited_at: u32,
}

impl Targets {
    /// "1:5,9", "#1:10", "$", "": an empty set names nothing, and nothing is sent for it.
    pub fn parse(text: &str) -> Result<Targets> {
        let set = imap_set::parse(text)?;
        let by_uid = !set.is_of_numbers();
        Targets::of(set, by_uid)
    }

    pub fn of(set: imap_set, by_uid: bool) -> Result<Targets> {
        let mut pieces = set.split(PIECE)?;
        pieces.reverse();
        let is_open = set.is_saved_search() || set.spans().iter().any(|span| span.last == u32::MAX);
        let mut spans: Vec<Span> = Vec::new();
        if !is_open {
            let sorted = set.sorted()?;
            spans.try_reserve_exact(sorted.spans().len())?;
            spans.extend_from_slice(sorted.spans());
        }
        let messages = Messages { spans: Arc::new(spans), by_uid, is_streamed: false, takes_vanished: false };
        let is_saved_search = set.is_saved_search();
        Ok(Targets { pieces, is_saved_search, set: Some(set), messages, limited_at: 0 })
    }

    /// Before the first line: pieces as long as this server takes them. Error if it cannot know which messages they
    /// are (RFC 5182).
    pub fn fit(&mut self, facts: &Facts) -> Result<()> {
        if self.is_saved_search {
            facts.needs_one(SEARCHRES)?;
        }
        if let Some(set) = self.set.take().filter(|_| facts.set_room() != PIECE) {
            self.pieces = set.split(facts.set_room())?;
            self.pieces.reverse();
        }
        Ok(())
    }

    /// The answer is taken while it arrives.
    pub fn stream(&mut self) {
        self.messages.is_streamed = true;
    }

    /// VANISHED (EARLIER) belongs to the answer.
    pub fn take_vanished(&mut self) {
        self.messages.takes_vanished = true;
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

    /// What the next line names; None: all was sent.
    pub fn piece(&self) -> Option<&[u8]> {
        self.pieces.last().map(Vec::as_slice)
    }

    /// More than one line is needed.
    pub fn is_split(&self) -> bool {
        self.pieces.len() > 1
    }

    /// Where the server stopped for good; 0: it did not.
    pub fn limited_at(&self) -> u32 {
        self.limited_at
    }

    /// The reply to the line that named the piece: what the server did not reach of it becomes the next piece. False:
    /// nothing of it was done, it is to be sent again in smaller ones.
    pub fn note_limit(&mut self, reply: &Reply<'_>) -> Result<bool> {
        let Some(Limit { most, lowest }) = Limit::of(reply) else { return reply.ok().map(|()| true) };
        // A NO has done nothing, however far the server says that it would have come (RFC 9738 section 3.1: COPY).
        if lowest > 0 && reply.is_ok() {
            return self.cut(lowest).map(|()| true);
        }
        let is_divided = !reply.is_ok() && self.divide(most)?;
        if is_divided { Ok(false) } else { reply.ok().map(|()| true) }
    }

    /// The server goes from the highest UID down, and has come to `lowest`.
    fn cut(&mut self, lowest: u32) -> Result<()> {
        let (mut done, mut rest) = (imap_set::new(), imap_set::new());
        for span in self.set_of_piece()?.iter().flat_map(imap_set::spans) {
            if span.last >= lowest {
                done.push_span(span.first.max(lowest), span.last)?;
            }
            if span.first < lowest {
                rest.push_span(span.first, span.last.min(lowest - 1))?;
            }
        }
        if done.is_empty() {
            // The rest cannot be named, or is all: the same again would lead nowhere.
            self.limited_at = lowest;
        } else if !rest.is_empty() {
            self.pieces.pop();
            self.push(&rest)?;
            self.push(&done)?;
        }
        Ok(())
    }

    /// The server does nothing for a line that names more than `most` messages: none does, if the numbers of the piece can
    /// all be messages. If most of them cannot, dividing them would send many lines for nothing: the server is asked.
    pub fn keep_below(&mut self, most: u64, exists: Option<u32>) -> Result<()> {
        let (Some(exists), Ok(most)) = (exists, u32::try_from(most)) else { return Ok(()) };
        if exists > most && self.set_of_piece()?.is_some_and(|set| set.count() <= u64::from(exists)) {
            self.divide(most)?;
        }
        Ok(())
    }

    /// The server does nothing because it is more than `most` messages. False: smaller pieces do not help.
    fn divide(&mut self, most: u32) -> Result<bool> {
        let is_closed = |set: &imap_set| set.bounds().is_some_and(|(_, highest)| highest < u32::MAX);
        let Some(set) = self.set_of_piece()?.filter(is_closed) else { return Ok(false) };
        if most == 0 || set.count() <= u64::from(most) || set.count() / u64::from(most) > MOST_PIECES {
            return Ok(false);
        }
        self.pieces.pop();
        let kept = self.pieces.len();
        let (mut piece, mut room) = (imap_set::new(), most);
        for span in set.spans() {
            let mut first = span.first;
            while first <= span.last {
                let last = span.last.min(first.saturating_add(room - 1));
                piece.push_span(first, last)?;
                room -= last - first + 1;
                if room == 0 {
                    self.push(&std::mem::take(&mut piece))?;
                    room = most;
                }
                // Below u32::MAX, as the set is closed.
                first = last + 1;
            }
        }
        self.push(&piece)?;
        // The lowest first: so copies come to lie in order.
        self.pieces[kept..].reverse();
        Ok(true)
    }

    fn push(&mut self, set: &imap_set) -> Result<()> {
        self.pieces.append(&mut set.split(usize::MAX)?);
        Ok(())
    }

    /// None: it is of message numbers, or only the server knows which messages it names.
    fn set_of_piece(&self) -> Result<Option<imap_set>> {
        let text = self.piece().and_then(|piece| std::str::from_utf8(piece).ok()).unwrap_or("$");
        if !self.messages.by_uid || text == "$" {
            return Ok(None);
        }
        imap_set::parse(text).map(Some)
    }

    /// Leaves the piece that is done; whether there is another.
    pub fn advance(&mut self) -> bool {
        self.pieces.pop();
        !self.pieces.is_empty()
    }

    /// Leaves what is up to `last` of the piece; whether there is anything to be sent.
    pub fn pass(&mut self, last: u32) -> Result<bool> {
        let Some(piece) = self.pieces.pop() else { return Ok(false) };
        let text = std::str::from_utf8(&piece).unwrap_or_default();
        let mut rest = imap_set::parse(text)?;
        let is_behind = rest.bounds().is_none_or(|(lowest, _)| last > 0 && last < lowest);
        if is_behind {
            // "10:*" names the last message even if that is the ninth.
            return Ok(!self.pieces.is_empty());
        }
        if last > 0 {
            rest.remove(1, last)?;
        }
        self.push(&rest)?;
        Ok(!self.pieces.is_empty())
    }

    /// The reply to a line whose rest cannot be asked for.
    pub fn stop(&mut self, reply: &Reply<'_>) -> Result<()> {
        self.limited_at = Limit::end(reply)?;
        Ok(())
    }

    /// The reply to the line of a piece: whether there is another to be sent.
    pub fn go_on(&mut self, reply: &Reply<'_>) -> Result<bool> {
        let is_done = self.note_limit(reply)?;
        Ok(if is_done { self.advance() } else { true })
    }
}

/// `"MESSAGELIMIT" SP nz-number [SP uniqueid]` (RFC 9738): how many messages the server takes at once, and the lowest one
/// that it has done; 0: not told.
pub struct Limit {
    pub most: u32,
    pub lowest: u32,
}

impl Limit {
    pub fn of(reply: &Reply<'_>) -> Option<Limit> {
        let is_limit = |head: &CodeHead<'_>| head.name.eq_ignore_ascii_case(b"MESSAGELIMIT");
        let of = |resp_text| code::head(resp_text).map(|(head, _)| head).filter(is_limit);
        let head = of(reply.resp_text()).or_else(|| of(reply.limit).filter(|_| reply.is_ok()))?;
        let mut numbers = head.argument.split(|byte| *byte == b' ').map(|word| {
            std::str::from_utf8(word).ok().and_then(|text| text.parse::<u32>().ok()).unwrap_or(0)
        });
        Some(Limit { most: numbers.next().unwrap_or(0), lowest: numbers.next().unwrap_or(0) })
    }

    /// Where the server stopped for good; 0: it did not.
    fn end(reply: &Reply<'_>) -> Result<u32> {
        reply.ok()?;
        Ok(Limit::of(reply).map_or(0, |limit| limit.lowest))
    }
}

/// The server did only a part, and there is no way to ask for the rest.
pub fn limited(lowest: u32) -> Error {
    let message = format!("the server looked only at the messages from UID {lowest} up (MESSAGELIMIT)");
    Error::new(IMAP_ERR_LIMIT, message)
}

/// The messages among which a command looks: all, until the server stops before it has seen all; then those that are left.
#[derive(Default)]
pub struct Scope {
    left: Option<Targets>,
    limited_at: u32,
}

impl Scope {
    /// UIDs to be looked among by the next line; None: whatever the command looks among.
    pub fn piece(&self) -> Option<&[u8]> {
        self.left.as_ref().and_then(Targets::piece)
    }

    /// The server has stopped before.
    pub fn is_divided(&self) -> bool {
        self.left.is_some()
    }

    /// Where the server stopped for good; 0: it did not.
    pub fn limited_at(&self) -> u32 {
        self.limited_at
    }

    /// The reply to a line that looked among `whole`, or the piece: whether there is another to be sent.
    pub fn go_on(&mut self, whole: Span, reply: &Reply<'_>) -> Result<bool> {
        if self.left.is_none() {
            if Limit::of(reply).is_none() {
                return reply.ok().map(|()| false);
            }
            let mut all = imap_set::new();
            all.push_span(whole.first, whole.last)?;
            self.left = Some(Targets::of(all, true)?);
        }
        let Some(left) = &mut self.left else { return Ok(false) };
        let has_more = left.go_on(reply)?;
        self.limited_at = left.limited_at();
        Ok(has_more)
    }

    /// The reply to a line whose rest cannot be asked for.
    pub fn stop(&mut self, reply: &Reply<'_>) -> Result<()> {
        self.limited_at = Limit::end(reply)?;
        Ok(())
    }
}

/// All that a mailbox can have.
pub(super) const EVERYTHING: Span = Span { first: 1, last: u32::MAX };
/// What nearly every server takes.
const PIECE: usize = 6000;
/// A set is divided into so many pieces at most to please a server that does only a few messages at once.
const MOST_PIECES: u64 = 10_000;
