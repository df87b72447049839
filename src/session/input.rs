//! The input buffer: bytes come in as they arrive, complete responses go out. Large literals do not pass
//! through it: the source writes them into the memory that will own them.

use std::cell::Cell;
use std::mem::MaybeUninit;

use super::{Choice, Session, Sink};
use crate::error::{Error, Result, imap_status::*};
use crate::wire::cursor::Response;
use crate::wire::frame::{Frame, Step};
use crate::wire::search;

/// Where bytes come from; never waits.
pub trait Source {
    /// Appends at most `max` bytes to `buffer`, into memory that is reserved already or can be.
    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Got>;

    /// Writes to the beginning of `into`.
    fn read(&mut self, into: &mut [u8]) -> Result<Got>;

    /// The same; what is more than fills it is appended to `behind`, at most `max` bytes, where one call can do both.
    fn read_on(&mut self, into: &mut [u8], behind: &mut Vec<u8>, max: usize) -> Result<Got>;

    /// This memory is about to be written: the system may bring it along.
    fn prepare(&mut self, memory: &mut [MaybeUninit<u8>]);
}

/// What a source had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    Bytes(usize),
    Blocked,
    End,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The source has nothing more for now.
    Idle,
    /// There may be more: the turn was long enough, or the session wanted to stop.
    More,
    /// A stream's reader must go on before anything else is read.
    Stalled,
    /// The stream ended.
    End,
}

/// What reading a literal piece by piece came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Bytes(usize),
    Blocked,
    /// It is over.
    End,
}

#[derive(Default)]
pub struct Input {
    buffer: Vec<u8>,
    /// Where the response begins that is being read.
    start: usize,
    frame: Frame,
    big: Vec<Cell<Vec<u8>>>,
    arriving: Option<Arriving>,
    after_big: bool,
}

/// A large literal that has not come whole.
struct Arriving {
    /// What is here of it; of one that is read piece by piece, what was not taken yet.
    bytes: Vec<u8>,
    /// So many of `bytes` were taken.
    taken: usize,
    missing: u64,
    sink: Sink,
    /// So much of the memory of `bytes` is ready to be written.
    prepared: usize,
}

const READ: usize = 64 * 1024;
/// So much at once may be followed by more.
const MUCH: usize = READ / 4;
/// After a large literal another one is likely: what is read into the buffer would have to be moved.
const READ_AFTER_BIG: usize = 1024;
/// So much of a large literal is read at once: it costs nothing but the reading.
const READ_LITERAL: usize = 256 * 1024;
/// A literal is given this much memory at first, and then as much again as has arrived.
const FIRST_RESERVE: usize = 1 << 20;
/// A list of numbers that is longer than this is handed out in several parts.
const LONG_LIST: usize = 32 * 1024;

impl Input {
    /// Reads and hands out responses until the source is empty or `budget` bytes have been read.
    pub fn pump(&mut self, source: &mut dyn Source, session: &mut Session, budget: usize) -> Result<Turn> {
        let mut left = budget;
        let mut is_drained = false;
        loop {
            if self.is_offered(session)? || session.is_stalled() {
                return Ok(Turn::Stalled);
            }
            if self.arriving.is_some() {
                if !self.read_literal(source, session, &mut left)? {
                    return Ok(Turn::Idle);
                }
            } else {
                match self.next_step(session) {
                    Step::Line(length) => {
                        let line = &self.buffer[self.start..self.start + length];
                        self.start += length;
                        session.response(&Response::printable(line))?;
                    }
                    Step::Response(length) => self.deliver(length, session)?,
                    Step::Big { at, size } => self.begin_literal(at, size, session)?,
                    Step::TooLong => return Err(too_long(session)),
                    Step::BadLiteral => {
                        return Err(Error::fatal(
                            IMAP_ERR_PROTOCOL,
                            "the server announced a literal of absurd size",
                        ));
                    }
                    Step::More if self.deliver_part(session)? => {}
                    Step::More if is_drained => return Ok(Turn::Idle),
                    Step::More if left == 0 => return Ok(Turn::More),
                    Step::More => match self.refill(source)? {
                        (Got::Blocked, _) => return Ok(Turn::Idle),
                        (Got::End, _) => return Ok(Turn::End),
                        (Got::Bytes(count), room) => {
                            session.received(count);
                            if count >= MUCH {
                                session.prepare(source);
                            }
                            left = left.saturating_sub(count);
                            is_drained = count < room;
                        }
                    },
                }
            }
            if session.wants_stop() {
                return Ok(Turn::More);
            }
            if left == 0 && self.arriving.is_some() {
                return Ok(Turn::More);
            }
        }
    }

    #[inline]
    fn next_step(&mut self, session: &Session) -> Step {
        match &self.buffer[self.start..] {
            [] => Step::More,
            bytes => self.frame.step(bytes, session.facts().settings.max_line),
        }
    }

    /// Nothing is left of what was read.
    pub fn is_empty(&self) -> bool {
        self.start == self.buffer.len() && self.arriving.is_none()
    }

    /// Has no memory for what comes.
    pub fn is_bare(&self) -> bool {
        self.buffer.capacity() == 0
    }

    /// Gets that, if it has none.
    pub fn equip(&mut self, buffer: Vec<u8>) {
        self.buffer = buffer;
    }

    /// Gives the buffer away if nothing is in it.
    pub fn release(&mut self) -> Vec<u8> {
        if !self.is_empty() {
            return Vec::new();
        }
        self.start = 0;
        self.big = Vec::new();
        std::mem::take(&mut self.buffer)
    }

    /// Hands over what was read and does not belong to what is read now.
    pub fn take_rest(&mut self) -> Vec<u8> {
        self.buffer.drain(..self.start);
        std::mem::take(self).buffer
    }

    pub fn clear(&mut self) {
        *self = Input::default();
    }

    fn deliver(&mut self, length: usize, session: &mut Session) -> Result<()> {
        let bytes = &self.buffer[self.start..self.start + length];
        self.start += length;
        let response = Response::new(bytes, &self.big);
        let result = session.response(&response);
        self.big.clear();
        result
    }

    /// Hands out what has come of a long list of numbers, and keeps its head for the rest.
    fn deliver_part(&mut self, session: &mut Session) -> Result<bool> {
        let bytes = &self.buffer[self.start..];
        if bytes.len() < LONG_LIST {
            return Ok(false);
        }
        let Some((head, end)) = search::first_part(bytes) else { return Ok(false) };
        let response = match self.frame.printable() >= end {
            true => Response::printable(&bytes[..end]),
            false => Response::new(&bytes[..end], &[]),
        };
        session.response(&response)?;
        let next = self.start + end - head;
        self.buffer.copy_within(self.start..self.start + head, next);
        self.start = next;
        self.frame = Frame::default();
        Ok(true)
    }

    fn refill(&mut self, source: &mut dyn Source) -> Result<(Got, usize)> {
        if self.start > 0 {
            let end = self.buffer.len();
            self.buffer.copy_within(self.start..end, 0);
            self.buffer.truncate(end - self.start);
            self.start = 0;
        }
        let room = if self.after_big { READ_AFTER_BIG } else { READ };
        self.after_big = false;
        self.buffer.try_reserve(room)?;
        Ok((source.append(&mut self.buffer, room)?, room))
    }

    /// A large literal begins: what is here of it moves to its own memory, what is behind it moves up to
    /// its head.
    fn begin_literal(&mut self, at: usize, size: u64, session: &mut Session) -> Result<()> {
        let head = Response::new(&self.buffer[self.start..self.start + at], &self.big);
        let sink = session.literal(&head, size)?;
        let begin = self.start + at;
        let here = (self.buffer.len() - begin).min(usize::try_from(size).unwrap_or(usize::MAX));
        let mut bytes = Vec::new();
        match sink {
            Sink::Hold => bytes.try_reserve_exact(here.max(FIRST_RESERVE.min(size as usize)) + 1)?,
            Sink::Offer => bytes.try_reserve_exact(here)?,
            Sink::Drop => session.wasted(here),
        }
        if sink != Sink::Drop {
            bytes.extend_from_slice(&self.buffer[begin..begin + here]);
        }
        self.buffer.drain(begin..begin + here);
        self.arriving = Some(Arriving { bytes, taken: 0, missing: size - here as u64, sink, prepared: 0 });
        Ok(())
    }

    /// Whether a literal waits for its reader, or is being read.
    fn is_offered(&mut self, session: &mut Session) -> Result<bool> {
        let Some(arriving) = self.arriving.as_mut().filter(|arriving| arriving.sink == Sink::Offer) else {
            return Ok(false);
        };
        match session.choice()? {
            Choice::Open | Choice::Read => return Ok(true),
            Choice::Hold => arriving.sink = Sink::Hold,
            Choice::Drop => {
                session.wasted(arriving.bytes.len() - arriving.taken);
                arriving.bytes = Vec::new();
                arriving.sink = Sink::Drop;
            }
        }
        Ok(false)
    }

    /// Bytes of the literal that is read piece by piece are here.
    pub fn is_staged(&self) -> bool {
        self.arriving.as_ref().is_some_and(|arriving| {
            arriving.sink == Sink::Offer && (arriving.taken < arriving.bytes.len() || arriving.missing == 0)
        })
    }

    /// Reads ahead of the reader of a literal, a little.
    pub fn stage(&mut self, source: &mut dyn Source, session: &mut Session) -> Result<()> {
        if self.is_staged() {
            return Ok(());
        }
        let Some(arriving) = self.arriving.as_mut().filter(|arriving| arriving.sink == Sink::Offer) else {
            return Ok(());
        };
        arriving.bytes.clear();
        arriving.taken = 0;
        match source.append(&mut arriving.bytes, arriving.missing.min(READ as u64) as usize)? {
            Got::Bytes(count) => {
                session.received(count);
                arriving.missing -= (count as u64).min(arriving.missing);
                Ok(())
            }
            Got::Blocked => Ok(()),
            Got::End => Err(cut_short()),
        }
    }

    /// The next bytes of the literal that is read piece by piece.
    pub fn read_piece(
        &mut self,
        source: &mut dyn Source,
        session: &mut Session,
        into: &mut [u8],
    ) -> Result<Piece> {
        let Some(arriving) = self.arriving.as_mut().filter(|arriving| arriving.sink == Sink::Offer) else {
            return Ok(Piece::End);
        };
        let staged = arriving.take_staged(into);
        session.read(staged);
        let into = &mut into[staged..];
        if staged > 0 && (into.is_empty() || arriving.missing == 0) {
            return Ok(Piece::Bytes(staged));
        }
        if arriving.missing == 0 {
            self.end_literal(Vec::new())?;
            session.literal_read();
            return Ok(Piece::End);
        }
        let most = usize::try_from(arriving.missing).unwrap_or(usize::MAX).min(into.len());
        let got = match most as u64 == arriving.missing {
            // Its end, and the beginning of what comes behind it.
            true => source.read_on(&mut into[..most], &mut self.buffer, READ_AFTER_BIG),
            false => source.read(&mut into[..most]),
        };
        let got = match got {
            // What is here is given first: the next call tells how it ends.
            Ok(Got::Blocked | Got::End) | Err(_) if staged > 0 => return Ok(Piece::Bytes(staged)),
            got => got?,
        };
        match got {
            Got::Bytes(count) => {
                session.received(count);
                let count = count.min(most);
                session.read(count);
                arriving.missing -= count as u64;
                Ok(Piece::Bytes(staged + count))
            }
            Got::Blocked => Ok(Piece::Blocked),
            Got::End => Err(cut_short()),
        }
    }

    /// True: the literal is whole, or the budget is used up. False: the source has no more.
    fn read_literal(
        &mut self,
        source: &mut dyn Source,
        session: &mut Session,
        left: &mut usize,
    ) -> Result<bool> {
        let Some(mut arriving) = self.arriving.take() else { return Ok(true) };
        while arriving.missing > 0 && *left > 0 {
            let wanted = arriving.missing.min(READ_LITERAL as u64) as usize;
            arriving.reserve(wanted)?;
            arriving.prepare(source, wanted);
            match source.append(&mut arriving.bytes, wanted)? {
                Got::Bytes(count) => {
                    session.received(count);
                    *left = left.saturating_sub(count);
                    arriving.missing -= (count as u64).min(arriving.missing);
                    if arriving.sink == Sink::Drop {
                        session.wasted(count);
                        arriving.bytes.clear();
                    }
                }
                Got::Blocked => {
                    self.arriving = Some(arriving);
                    return Ok(false);
                }
                Got::End => return Err(cut_short()),
            }
        }
        if arriving.missing > 0 {
            self.arriving = Some(arriving);
            return Ok(true);
        }
        let kept = if arriving.sink == Sink::Drop { Vec::new() } else { arriving.bytes };
        self.end_literal(kept)?;
        Ok(true)
    }

    fn end_literal(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.arriving = None;
        self.after_big = true;
        self.big.try_reserve(1)?;
        self.big.push(Cell::new(bytes));
        Ok(())
    }
}

impl Arriving {
    /// Moves what is here of a literal that is read piece by piece; how many bytes.
    fn take_staged(&mut self, into: &mut [u8]) -> usize {
        let here = &self.bytes[self.taken..];
        let count = here.len().min(into.len());
        into[..count].copy_from_slice(&here[..count]);
        self.taken += count;
        if self.taken == self.bytes.len() {
            self.bytes = Vec::new();
            self.taken = 0;
        }
        count
    }

    /// Memory for what is read next is fetched at once: page by page it costs half as much again as all else.
    fn prepare(&mut self, source: &mut dyn Source, wanted: usize) {
        let ready = self.prepared.saturating_sub(self.bytes.len());
        if self.sink == Sink::Hold && ready < READ && READ <= wanted {
            self.prepared = self.bytes.len() + wanted;
            if let Some(memory) = self.bytes.spare_capacity_mut().get_mut(ready..wanted) {
                source.prepare(memory);
            }
        }
    }

    /// Room for what is read next: never much more than has arrived, and exactly the size in the end.
    fn reserve(&mut self, wanted: usize) -> Result<()> {
        if self.bytes.capacity() - self.bytes.len() < wanted {
            let more = if self.sink == Sink::Drop {
                wanted
            } else {
                (self.bytes.len().max(FIRST_RESERVE) as u64).min(self.missing) as usize + 1
            };
            self.bytes.try_reserve_exact(more)?;
        }
        Ok(())
    }
}

fn cut_short() -> Error {
    Error::fatal(IMAP_ERR_CLOSED, "the server closed the connection within a literal")
}

fn too_long(session: &Session) -> Error {
    let limit = session.facts().settings.max_line;
    let message =
        format!("a line of the server is longer than {limit} bytes: raise IMAP_OPTION_MAX_LINE to take it");
    Error::fatal(IMAP_ERR_LIMIT, message)
}
