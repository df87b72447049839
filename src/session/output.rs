//! What is to be sent: command lines in order, stopped where the server must first say "+".

use std::collections::VecDeque;

use zeroize::Zeroize;

use super::RequestId;
use super::tag::Tag;
use crate::error::NoMemory;
use crate::wire::line::Piece;

/// Lines are joined up to this, so that many short commands go out in one packet.
const JOINED: usize = 16 * 1024;

#[derive(Default)]
pub struct Output {
    parts: VecDeque<Part>,
    /// How much of the first part has been sent.
    sent: usize,
}

struct Part {
    bytes: Vec<u8>,
    /// It is a literal that the server must ask for, of this request.
    waits: Option<RequestId>,
    is_secret: bool,
    /// Lines that end in this part: they are sent when so many of its bytes are.
    ends: Vec<(usize, RequestId)>,
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
        tag: Tag,
        pieces: Vec<Piece>,
        is_secret: bool,
    ) -> Result<(), NoMemory> {
        self.push(tag.as_bytes(), is_secret)?;
        self.push(b" ", is_secret)?;
        for piece in pieces {
            match piece {
                Piece::Bytes(mut bytes) => {
                    self.push(&bytes, is_secret)?;
                    if is_secret {
                        bytes.zeroize();
                    }
                }
                Piece::Literal { data, wait } => self.push_literal(id, data, wait, is_secret)?,
            }
        }
        let part = self.last_part(0, is_secret)?;
        part.ends.try_reserve(1)?;
        part.ends.push((part.bytes.len(), id));
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
        self.parts.push_back(Part { bytes, waits: wait.then_some(id), is_secret, ends: Vec::new() });
        Ok(())
    }

    /// The part to write `more` bytes to.
    fn last_part(&mut self, more: usize, is_secret: bool) -> Result<&mut Part, NoMemory> {
        let joins = self.parts.back().is_some_and(|last| {
            last.waits.is_none() && last.is_secret == is_secret && last.bytes.len() + more <= JOINED
        });
        if !joins {
            self.parts.try_reserve(1)?;
            self.parts.push_back(Part { bytes: Vec::new(), waits: None, is_secret, ends: Vec::new() });
        }
        self.parts.back_mut().ok_or(NoMemory)
    }

    /// What can be sent now.
    pub fn bytes(&self) -> &[u8] {
        match self.parts.front() {
            Some(part) if part.waits.is_none() => part.bytes.get(self.sent..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Notes that so many bytes have left; gives the requests whose line is thereby complete.
    pub fn advance(&mut self, bytes: usize, mut complete: impl FnMut(RequestId)) {
        self.sent += bytes;
        let Some(part) = self.parts.front_mut() else { return };
        while let Some(&(end, id)) = part.ends.first() {
            if end > self.sent {
                break;
            }
            part.ends.remove(0);
            complete(id);
        }
        if self.sent >= part.bytes.len() && part.ends.is_empty() {
            self.parts.pop_front();
            self.sent = 0;
        }
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
        if let Some(part) = self.parts.front_mut() {
            part.waits = None;
        }
    }

    /// The server refused the literal: neither it nor the rest of its line is sent.
    pub fn drop_line(&mut self) {
        self.parts.clear();
        self.sent = 0;
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub fn clear(&mut self) {
        self.drop_line();
    }
}
