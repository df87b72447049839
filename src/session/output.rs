//! What is to be sent: command lines in order, stopped where the server must first say "+".

use std::collections::VecDeque;

use zeroize::Zeroize;

use super::RequestId;
use super::upload::{Source, Supply};
use crate::error::NoMemory;
use crate::wire::line::{Finished, Piece};

/// Lines are joined up to this, so that many short commands go out in one packet.
const JOINED: usize = 16 * 1024;
/// So much memory is kept while nothing is to be sent.
const SPARE: usize = 64;
/// So much of a literal that comes while it is sent is held at once.
pub const FED: usize = 64 * 1024;

#[derive(Default)]
pub struct Output {
    parts: VecDeque<Part>,
    /// How much of the first part has been sent.
    sent: usize,
    ends: VecDeque<End>,
    /// So many parts have gone.
    gone: u64,
    /// The memory of one that has, to be used again.
    spare: Vec<u8>,
}

/// Where a line ends: it is sent when so many bytes are of that part, counted from the first that ever was.
struct End {
    part: u64,
    at: usize,
    id: RequestId,
}

struct Part {
    bytes: Vec<u8>,
    /// It is a literal that the server must ask for, of this request.
    waits: Option<RequestId>,
    is_secret: bool,
    /// It is a literal of this request's.
    owner: Option<RequestId>,
    /// What comes behind the bytes, of a literal that comes while it is sent.
    supplies: VecDeque<Supply>,
}

impl Part {
    fn new(bytes: Vec<u8>, is_secret: bool) -> Part {
        Part { bytes, waits: None, is_secret, owner: None, supplies: VecDeque::new() }
    }
}

impl Part {
    /// So many bytes of the first supply are used up.
    fn supply(&mut self, bytes: usize) {
        if let Some(supply) = self.supplies.front_mut() {
            supply.size = supply.size.saturating_sub(bytes as u64);
            if supply.size == 0 {
                self.supplies.pop_front();
            }
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.is_secret {
            self.bytes.zeroize();
        }
    }
}

impl Output {
    /// Puts a whole command line at the end.
    pub fn push_line(
        &mut self,
        id: RequestId,
        line: Finished,
        supplies: Vec<Vec<Supply>>,
        is_secret: bool,
    ) -> Result<(), NoMemory> {
        let mut supplies = supplies.into_iter();
        for piece in line.before {
            match piece {
                Piece::Bytes(bytes) => self.push_own(bytes, is_secret)?,
                Piece::Literal { data, wait } => self.push_literal(id, data, wait, is_secret)?,
                Piece::Later { wait, .. } => {
                    self.parts.try_reserve(1)?;
                    let mut part = Part::new(Vec::new(), is_secret);
                    part.waits = wait.then_some(id);
                    part.owner = Some(id);
                    part.supplies = supplies.next().unwrap_or_default().into();
                    self.parts.push_back(part);
                }
            }
        }
        self.push_own(line.end, is_secret)?;
        if let Some(part) = self.parts.back() {
            self.ends.try_reserve(1)?;
            let last = self.gone + self.parts.len() as u64 - 1;
            self.ends.push_back(End { part: last, at: part.bytes.len(), id });
        }
        Ok(())
    }

    /// Memory for a line, empty.
    pub fn room(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.spare)
    }

    /// Puts bytes at the end, or adds them to those that are there, so that they leave together.
    fn push_own(&mut self, bytes: Vec<u8>, is_secret: bool) -> Result<(), NoMemory> {
        // Wiped, if it is secret, wherever this ends.
        let mut part = Part::new(bytes, is_secret);
        if !self.joins(part.bytes.len(), is_secret) {
            self.parts.try_reserve(1)?;
            self.parts.push_back(part);
            return Ok(());
        }
        self.push(&part.bytes, is_secret)?;
        if !is_secret {
            self.spare = std::mem::take(&mut part.bytes);
            self.spare.clear();
        }
        Ok(())
    }

    /// Puts bytes at the end that belong to a command already sent.
    pub fn push(&mut self, bytes: &[u8], is_secret: bool) -> Result<(), NoMemory> {
        if bytes.is_empty() {
            return Ok(());
        }
        let part = self.last_part(bytes.len(), is_secret)?;
        if is_secret && part.bytes.capacity() - part.bytes.len() < bytes.len() {
            // Growing in place could leave a copy behind that nobody wipes.
            let mut grown = Vec::new();
            grown.try_reserve_exact(part.bytes.len() + bytes.len() + 256)?;
            grown.extend_from_slice(&part.bytes);
            part.bytes.zeroize();
            part.bytes = grown;
        }
        part.bytes.try_reserve(bytes.len())?;
        part.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn push_literal(
        &mut self,
        id: RequestId,
        bytes: Vec<u8>,
        wait: bool,
        is_secret: bool,
    ) -> Result<(), NoMemory> {
        if !wait && bytes.len() < JOINED {
            return self.push(&bytes, is_secret);
        }
        self.parts.try_reserve(1)?;
        let mut part = Part::new(bytes, is_secret);
        part.waits = wait.then_some(id);
        part.owner = Some(id);
        self.parts.push_back(part);
        Ok(())
    }

    /// The part to write `more` bytes to.
    fn last_part(&mut self, more: usize, is_secret: bool) -> Result<&mut Part, NoMemory> {
        if !self.joins(more, is_secret) {
            self.parts.try_reserve(1)?;
            let bytes = if is_secret { Vec::new() } else { self.room() };
            self.parts.push_back(Part::new(bytes, is_secret));
        }
        self.parts.back_mut().ok_or(NoMemory)
    }

    /// `more` bytes can be added to the last part.
    fn joins(&self, more: usize, is_secret: bool) -> bool {
        self.parts.back().is_some_and(|last| {
            last.owner.is_none() && last.is_secret == is_secret && last.bytes.len() + more <= JOINED
        })
    }

    /// What can be sent now: pieces in a row, the empty ones at the end.
    pub fn pieces<const N: usize>(&self) -> [&[u8]; N] {
        let mut pieces = [&[][..]; N];
        let mut sent = self.sent;
        let ready = self.parts.iter().take_while(|part| part.waits.is_none()).flat_map(|part| {
            let bytes = part.bytes.get(std::mem::take(&mut sent)..).filter(|rest| !rest.is_empty());
            bytes.into_iter().map(Some).chain(part.supplies.iter().map(Supply::here))
        });
        for (piece, bytes) in pieces.iter_mut().zip(ready.map_while(|bytes| bytes)) {
            *piece = bytes;
        }
        pieces
    }

    /// What can be sent now belongs to a command that logs in.
    pub fn is_secret(&self) -> bool {
        self.parts.front().is_some_and(|part| part.is_secret)
    }

    /// Notes that so many bytes of the first piece have left; gives the requests whose line is thereby complete.
    pub fn advance(&mut self, bytes: usize, mut complete: impl FnMut(RequestId)) {
        let Some(part) = self.parts.front_mut() else { return };
        if self.sent >= part.bytes.len() && !part.supplies.is_empty() {
            part.supply(bytes);
        } else {
            self.sent += bytes;
        }
        let is_sent = |end: &End| end.part == self.gone && end.at <= self.sent;
        while self.ends.front().is_some_and(is_sent) {
            self.ends.pop_front().into_iter().for_each(|end| complete(end.id));
        }
        if self.sent >= part.bytes.len() && part.supplies.is_empty() {
            if !part.is_secret && part.owner.is_none() {
                self.spare = std::mem::take(&mut part.bytes);
                self.spare.clear();
            }
            self.parts.pop_front();
            self.gone += 1;
            self.sent = 0;
        }
    }

    /// The request whose literal is being sent.
    pub fn owner(&self) -> Option<RequestId> {
        self.parts.front().and_then(|part| part.owner)
    }

    /// The literal that cannot go on without more bytes: whose it is, where they come from, how many it takes.
    pub fn hungry(&self) -> Option<(RequestId, &Source, usize)> {
        let part = self.parts.front().filter(|part| part.waits.is_none() && self.sent >= part.bytes.len())?;
        let supply = part.supplies.front().filter(|supply| !supply.source.is_here())?;
        Some((part.owner?, &supply.source, supply.size.min(FED as u64) as usize))
    }

    /// Gives the literal that is hungry its next bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), NoMemory> {
        let Some(part) = self.parts.front_mut() else { return Ok(()) };
        part.bytes.clear();
        part.bytes.try_reserve(bytes.len())?;
        part.bytes.extend_from_slice(bytes);
        part.supply(bytes.len());
        self.sent = 0;
        Ok(())
    }

    /// What is lent to a literal of this request's is copied, as far as it has not left: the loan ends.
    pub fn own(&mut self, id: RequestId) -> Result<(), NoMemory> {
        let parts = self.parts.iter_mut().filter(|part| part.owner == Some(id));
        parts.flat_map(|part| &mut part.supplies).try_for_each(Supply::own)
    }

    /// Whether a line of this request can only be finished by its caller.
    pub fn needs_caller(&self, id: RequestId) -> bool {
        self.parts
            .iter()
            .filter(|part| part.owner == Some(id))
            .any(|part| part.supplies.iter().any(|supply| !supply.source.is_here()))
    }

    /// The request whose literal waits for "+", if everything before it has been sent.
    pub fn waiting(&self) -> Option<RequestId> {
        self.parts.front().and_then(|part| part.waits)
    }

    /// Whether some literal, sooner or later, has to wait: no other line may be put behind it.
    pub fn will_wait(&self) -> bool {
        self.parts.iter().any(|part| part.waits.is_some())
    }

    /// The server said "+".
    pub fn go_on(&mut self) {
        let Some(part) = self.parts.front_mut() else { return };
        part.waits = None;
        if part.bytes.is_empty() && part.supplies.is_empty() {
            self.parts.pop_front();
            self.gone += 1;
        }
    }

    /// The server refused the literal: neither it nor the rest of its line is sent.
    pub fn drop_line(&mut self) {
        self.parts.clear();
        self.ends.clear();
        self.sent = 0;
    }

    /// Gives memory back that is not needed.
    pub fn rest(&mut self) {
        self.parts.shrink_to(1);
        self.ends.shrink_to(1);
        self.spare.shrink_to(SPARE);
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub fn clear(&mut self) {
        self.drop_line();
    }
}
