//! Answers that are taken item by item while they arrive, and literals that are read piece by piece. Nobody reads
//! further from the server than the taker has come: what waits is bounded, whatever the server sends.

use std::collections::VecDeque;

use super::{Caller, RequestId};
use crate::error::{Error, NoMemory, Result, imap_status::*};
use crate::model::{Mailboxes, Message, Numbers, Owned};

/// One item of a streamed answer.
pub enum Item {
    Message(Box<Owned<Message>>),
    Mailbox(Box<Owned<Mailboxes>>),
    Numbers(Box<Owned<Numbers>>),
}

/// What becomes of a large literal that a stream was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nobody has said yet: the connection stands still.
    Open,
    /// It becomes part of its message.
    Hold,
    /// It is read piece by piece.
    Read,
    /// Nobody wants it.
    Drop,
}

/// A large literal of a stream that has begun to arrive.
pub struct Offer {
    pub owner: RequestId,
    /// "BODY[1.2]", in upper case; once it is read piece by piece its reader has it.
    pub label: Vec<u8>,
    /// 0: the server did not tell it before the literal.
    pub uid: u32,
    pub number: u32,
    pub size: u64,
    pub choice: Choice,
}

/// A section of a message that is here whole.
pub struct Section {
    pub label: Vec<u8>,
    pub uid: u32,
    pub bytes: Vec<u8>,
}

#[derive(Default)]
pub struct Streams {
    all: Vec<Stream>,
    pub offer: Option<Offer>,
    /// What may be kept of a stream when its reader wants something else first.
    pub spool: usize,
    /// A thread waits for bytes of the literal that is read piece by piece.
    pub is_awaited: bool,
}

struct Stream {
    id: RequestId,
    reader: Caller,
    items: VecDeque<Item>,
    /// Memory of the items.
    held: usize,
    /// So many sections of the first item were given as bodies.
    given: usize,
    /// Its reader wants something else first: the spool may fill.
    is_spooling: bool,
}

/// So many items wait at most, and so many bytes of them: their memory is used again, see [`crate::model::spare`].
const MOST_ITEMS: usize = 32;
const MOST_BYTES: usize = 32 * 1024;

impl Streams {
    pub fn new(spool: usize) -> Streams {
        Streams { spool, ..Streams::default() }
    }

    pub fn add(&mut self, id: RequestId, reader: Caller) -> Result<(), NoMemory> {
        self.all.try_reserve(1)?;
        self.all.push(Stream { id, reader, items: VecDeque::new(), held: 0, given: 0, is_spooling: false });
        Ok(())
    }

    pub fn remove(&mut self, id: RequestId) {
        self.all.retain(|stream| stream.id != id);
        self.reject(id);
    }

    /// Nobody will read what is offered to this request.
    pub fn reject(&mut self, id: RequestId) {
        if let Some(stream) = self.get(id) {
            stream.items.clear();
            stream.held = 0;
        }
        if let Some(offer) = self.offer.as_mut().filter(|offer| offer.owner == id) {
            offer.choice = Choice::Drop;
        }
    }

    fn get(&mut self, id: RequestId) -> Option<&mut Stream> {
        self.all.iter_mut().find(|stream| stream.id == id)
    }

    /// Whether its stream is full now.
    #[inline(always)]
    pub fn push(&mut self, id: RequestId, item: Item) -> Result<bool, NoMemory> {
        let spool = self.spool;
        let Some(stream) = self.get(id) else { return Ok(false) };
        stream.items.try_reserve(1)?;
        stream.held += item.size();
        stream.items.push_back(item);
        Ok(stream.is_full(spool))
    }

    /// The stream that must be read before anything else can be: the connection stands still for it.
    pub fn stalled_by(&self) -> Option<RequestId> {
        let offered = self.offer.as_ref().filter(|offer| matches!(offer.choice, Choice::Open | Choice::Read));
        let full = || self.all.iter().find(|stream| stream.is_full(self.spool));
        offered.map(|offer| offer.owner).or_else(|| full().map(|stream| stream.id))
    }

    /// Says that `reader` waits for something else than this stream: an error, unless what waits can be spooled.
    pub fn step_aside(&mut self, id: RequestId, reader: Caller) -> Result<()> {
        let spool = self.spool;
        let Some(stream) = self.get(id).filter(|stream| stream.reader == reader) else { return Ok(()) };
        stream.is_spooling = spool > 0;
        let (is_full, held, number) = (stream.is_full(spool), stream.held, stream.first_number());
        let offer = self.offer.as_mut().filter(|offer| offer.owner == id);
        let Some(offer) = offer else { return if is_full { Err(unread(number)) } else { Ok(()) } };
        if offer.choice == Choice::Open && offer.size.saturating_add(held as u64) <= spool as u64 {
            offer.choice = Choice::Hold;
            return Ok(());
        }
        Err(unread(number.or(Some(offer.number))))
    }

    /// Whether an item, or the beginning of a literal, can be taken.
    pub fn has_any(&self, id: RequestId) -> bool {
        self.all.iter().any(|stream| stream.id == id && !stream.items.is_empty())
            || self.offer.as_ref().is_some_and(|offer| offer.owner == id && offer.choice == Choice::Open)
    }

    /// The next item, if it is here; what is offered in its place becomes part of it.
    pub fn next(&mut self, id: RequestId, reader: Caller) -> Option<Item> {
        let stream = self.get(id)?;
        stream.reader = reader;
        stream.is_spooling = false;
        let item = stream.items.pop_front();
        stream.given = 0;
        match &item {
            Some(item) => stream.held -= item.size().min(stream.held),
            None => {
                if let Some(offer) = self.open_offer(id) {
                    offer.choice = Choice::Hold;
                }
            }
        }
        item
    }

    /// Puts an item back that the caller cannot take.
    pub fn put_back(&mut self, id: RequestId, item: Item) {
        if let Some(stream) = self.get(id) {
            stream.held += item.size();
            stream.items.push_front(item);
        }
    }

    /// The literal that this stream is offered, if nobody has said what becomes of it.
    fn open_offer(&mut self, id: RequestId) -> Option<&mut Offer> {
        self.offer.as_mut().filter(|offer| offer.owner == id && offer.choice == Choice::Open)
    }

    /// It is read piece by piece from here on: its label, UID and size.
    pub fn begin_reading(&mut self, id: RequestId) -> Option<(Vec<u8>, u32, u64)> {
        let offer = self.open_offer(id)?;
        offer.choice = Choice::Read;
        Some((std::mem::take(&mut offer.label), offer.uid, offer.size))
    }

    /// The next section of the first message that is here and was not given yet.
    pub fn next_section(&mut self, id: RequestId, reader: Caller) -> Result<Option<Section>, NoMemory> {
        let Some(stream) = self.get(id) else { return Ok(None) };
        stream.reader = reader;
        stream.is_spooling = false;
        let Some(Item::Message(message)) = stream.items.front() else { return Ok(None) };
        let message = message.get();
        while let Some(section) = message.details.sections.iter().nth(stream.given) {
            stream.given += 1;
            if let Some(held) = section.bytes() {
                let label = copy(section.label.bytes().unwrap_or_default())?;
                return Ok(Some(Section { label, uid: message.uid, bytes: copy(held)? }));
            }
        }
        Ok(None)
    }

    pub fn has_items(&self, id: RequestId) -> bool {
        self.all.iter().any(|stream| stream.id == id && !stream.items.is_empty())
    }
}

impl Stream {
    fn is_full(&self, spool: usize) -> bool {
        if self.is_spooling {
            self.held >= spool
        } else {
            self.items.len() >= MOST_ITEMS || self.held >= MOST_BYTES
        }
    }

    fn first_number(&self) -> Option<u32> {
        match self.items.front()? {
            Item::Message(message) => Some(message.get().number),
            _ => None,
        }
    }
}

impl Item {
    /// Memory that it takes.
    fn size(&self) -> usize {
        match self {
            Item::Message(message) => message.size(),
            Item::Mailbox(mailbox) => mailbox.size(),
            Item::Numbers(numbers) => numbers.size(),
        }
    }
}

fn unread(number: Option<u32>) -> Error {
    let what = number.map_or("the stream's items".to_owned(), |number| format!("message {number}"));
    let message =
        format!("the answer waits behind a stream that this thread reads: read or free {what} first");
    Error::new(IMAP_ERR_STATE, message)
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut copied = Vec::new();
    copied.try_reserve_exact(bytes.len())?;
    copied.extend_from_slice(bytes);
    Ok(copied)
}
