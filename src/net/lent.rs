//! Bytes that functions of the caller's carry: they must not be called here, where the client's lock is held, so this
//! is no more than two queues. The client moves what is in them.

#![forbid(unsafe_code)]

use super::layer::{Layer, Read, closed};
use crate::error::{NoMemory, Result};

/// More than this is not taken before some has left, or been read.
pub const QUEUED: usize = 64 * 1024;

#[derive(Default)]
pub struct Lent {
    incoming: Vec<u8>,
    /// So much of `incoming` has been read.
    taken: usize,
    outgoing: Vec<u8>,
    is_ended: bool,
    is_closed: bool,
}

impl Lent {
    /// Nothing is left of what came: more may be asked for.
    pub fn is_empty(&self) -> bool {
        self.taken == self.incoming.len() && !self.is_ended && !self.is_closed
    }

    pub fn arrived(&mut self, bytes: &[u8]) -> Result<(), NoMemory> {
        self.incoming.drain(..self.taken);
        self.taken = 0;
        self.incoming.try_reserve(bytes.len())?;
        self.incoming.extend_from_slice(bytes);
        Ok(())
    }

    /// Nothing will come any more.
    pub fn ended(&mut self) {
        self.is_ended = true;
    }

    /// What is to be sent.
    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing
    }

    pub fn sent(&mut self, count: usize) {
        self.outgoing.drain(..count.min(self.outgoing.len()));
    }

    fn here(&self) -> Read {
        match self.incoming.len() - self.taken {
            0 if self.is_ended => Read::End,
            0 => Read::Blocked,
            count => Read::Bytes(count),
        }
    }

    fn take(&mut self, most: usize) -> &[u8] {
        let end = self.incoming.len().min(self.taken.saturating_add(most));
        let taken = &self.incoming[self.taken..end];
        self.taken = end;
        taken
    }
}

impl Layer for Lent {
    fn below(&self) -> Option<&dyn Layer> {
        None
    }

    fn below_mut(&mut self) -> Option<&mut dyn Layer> {
        None
    }

    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Read> {
        match self.here() {
            Read::Bytes(count) => {
                let count = count.min(max);
                buffer.try_reserve(count)?;
                buffer.extend_from_slice(self.take(count));
                Ok(Read::Bytes(count))
            }
            other => Ok(other),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        match self.here() {
            Read::Bytes(count) => {
                let count = count.min(into.len());
                into[..count].copy_from_slice(self.take(count));
                Ok(Read::Bytes(count))
            }
            other => Ok(other),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.is_closed {
            return Err(closed());
        }
        let count = bytes.len().min(QUEUED.saturating_sub(self.outgoing.len()));
        self.outgoing.try_reserve(count)?;
        self.outgoing.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> Result<bool> {
        Ok(self.outgoing.is_empty())
    }

    fn is_buffered(&self) -> bool {
        self.taken < self.incoming.len() || self.is_ended
    }

    fn rest(&mut self) {
        if self.taken == self.incoming.len() {
            self.incoming = Vec::new();
            self.taken = 0;
        }
        if self.outgoing.is_empty() {
            self.outgoing = Vec::new();
        }
    }

    fn close(&mut self) {
        self.is_closed = true;
    }

    fn lent(&mut self) -> Option<&mut Lent> {
        Some(self)
    }
}
