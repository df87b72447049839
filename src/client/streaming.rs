//! Answers taken item by item, literals read and written piece by piece.

use std::sync::Arc;
use std::time::Instant;

use super::Client;
use super::caller::caller;
use super::core::Core;
use super::sync::MutexGuard;
use super::waiting::Goal;
use crate::error::{Error, Result, imap_status::*};
use crate::session::{Choice, FED, InFlight, Item, Piece, Pulled, RequestId, Section, UploadSource};

/// A section of a message, to be read.
pub enum Body {
    /// It arrives while it is read.
    Arriving {
        label: Vec<u8>,
        uid: u32,
        size: u64,
    },
    Here(Section),
}

impl Client {
    /// Sends a command whose answer is taken item by item. Never waits.
    pub fn submit_stream(&self, command: Box<dyn InFlight>) -> Result<RequestId> {
        self.submit_as(command, true)
    }

    /// The next item of a stream; None: it is over. A literal that nobody took is held in its item.
    pub fn next_item(&self, id: RequestId) -> Result<Option<Item>> {
        loop {
            self.check()?;
            let mut core = self.lock();
            may_take(&core, id)?;
            let item = core.session.next_item(id, caller());
            self.stall_ended(&core);
            if item.is_some() || !self.may_come(&mut core, id)? {
                return Ok(item);
            }
        }
    }

    /// Waits for the next item, or says that there is none.
    #[inline(never)]
    fn may_come(&self, core: &mut MutexGuard<'_, Core>, id: RequestId) -> Result<bool> {
        if core.session.is_done(id) {
            return ended(core, id).map(|()| false);
        }
        self.wait_within(core, Goal::Item(id), None)?;
        Ok(true)
    }

    /// Gives an item back that was of the wrong kind.
    pub fn put_back(&self, id: RequestId, item: Item) {
        self.lock().session.put_back(id, item);
    }

    /// The next section of the message that is arriving; None: there is no other, or the stream is over.
    pub fn next_body(&self, id: RequestId) -> Result<Option<Body>> {
        loop {
            self.check()?;
            let mut core = self.lock();
            may_take(&core, id)?;
            if core.session.has_items(id) {
                let section = core.session.next_section(id, caller())?;
                return Ok(section.map(Body::Here));
            }
            if let Some((label, uid, size)) = core.session.begin_reading(id) {
                return Ok(Some(Body::Arriving { label, uid, size }));
            }
            if core.session.is_done(id) {
                return ended(&core, id).map(|()| None);
            }
            drop(core);
            self.wait(Goal::Item(id), None)?;
        }
    }

    /// The next bytes of the body that arrives; 0: its end.
    pub fn read_body(&self, id: RequestId, into: &mut [u8]) -> Result<usize> {
        loop {
            self.check()?;
            let mut core = self.lock();
            if !core.session.is_reading(id) {
                let gone =
                    || Error::new(IMAP_ERR_CANCELLED, "the request of this body was cancelled or freed");
                return ended(&core, id).and_then(|()| Err(gone()));
            }
            core.session.set_time(Instant::now());
            match core.read_piece(id, into)? {
                Piece::Bytes(count) => return Ok(count),
                Piece::End => {
                    self.stall_ended(&core);
                    return Ok(0);
                }
                Piece::Blocked => drop(core),
            }
            self.wait(Goal::Bytes(id), None)?;
        }
    }

    /// The reader of a body gives the rest of it up.
    pub fn drop_body(&self, id: RequestId) {
        let mut core = self.lock();
        core.session.set_time(Instant::now());
        core.session.drop_literal(id);
        self.stall_ended(&core);
    }

    /// Whoever polls, and does not read because of a stall that is over, must look again.
    pub(super) fn stall_ended(&self, core: &Core) {
        if core.polls_stalled && !core.session.is_stalled() {
            self.look_again(core);
        }
    }

    /// Whether the next item, piece, or room would be there without waiting.
    pub fn is_ready(&self, id: RequestId) -> Result<bool> {
        let is_ready = |core: &Core| match core.session.is_reading(id) {
            true => core.is_reached(Goal::Bytes(id)),
            false => {
                core.is_reached(Goal::Room(id))
                    || core.session.has_item(id)
                    || core.session.challenge(id).is_some()
            }
        };
        let mut core = self.lock();
        if !is_ready(&core) {
            self.glance(&mut core)?;
            if !core.has_leader && core.session.is_reading(id) {
                core.stage();
            }
        }
        Ok(is_ready(&core))
    }

    /// How far it is: bytes done, and in all if that is known.
    pub fn progress(&self, id: RequestId) -> (u64, Option<u64>) {
        let transfer = self.lock().session.transfer(id);
        (transfer.done, transfer.total)
    }

    /// Puts a request before all that is not sent yet.
    pub fn hurry(&self, id: RequestId) {
        let mut core = self.lock();
        core.session.hurry(id);
        if core.flush_submitted(Instant::now()) {
            self.pass_on(&mut core);
        }
    }

    /// Gives an upload bytes that it waits for; how many were taken.
    pub fn write(&self, id: RequestId, bytes: &[u8]) -> Result<usize> {
        loop {
            self.check()?;
            let mut core = self.lock();
            if core.session.is_done(id) {
                let over =
                    || Error::new(IMAP_ERR_STATE, "the upload takes no more bytes: it has all of them");
                return ended(&core, id).and_then(|()| Err(over()));
            }
            let wanted = match core.session.hungry() {
                Some((hungry, UploadSource::Later, wanted)) if hungry == id => Some(wanted),
                _ => None,
            };
            if let Some(wanted) = wanted {
                let taken = bytes.len().min(wanted).min(FED);
                core.session.set_time(Instant::now());
                core.session.feed(&bytes[..taken])?;
                if core.flush_submitted(Instant::now()) {
                    self.pass_on(&mut core);
                }
                return Ok(taken);
            }
            drop(core);
            self.wait(Goal::Room(id), None)?;
        }
    }

    /// Feeds an upload from a function of the caller's, without the lock. None: there is nothing to feed; false:
    /// the function has no bytes now.
    pub(super) fn feed_from_function(&self, core: &mut MutexGuard<'_, Core>) -> Result<Option<bool>> {
        let Some((id, UploadSource::Call(function), wanted)) = core.session.hungry() else { return Ok(None) };
        let function = Arc::clone(function);
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(wanted)?;
        buffer.resize(wanted, 0);
        core.calling = Some(caller());
        let pulled = MutexGuard::unlocked(core, || function.pull(&mut buffer));
        core.calling = None;
        self.apply_cancelled(core);
        if core.session.hungry().is_none_or(|(hungry, ..)| hungry != id) {
            return Ok(Some(true));
        }
        core.session.set_time(Instant::now());
        match pulled {
            Pulled::Blocked => return Ok(Some(false)),
            Pulled::Bytes(count) => core.session.feed(buffer.get(..count).unwrap_or_default())?,
            Pulled::Failed(error) => core.session.starve(error),
        }
        if let Err(error) = core.flush() {
            core.fail(error);
        }
        Ok(Some(true))
    }
}

/// Error while a body of this stream is being read.
#[inline]
fn may_take(core: &Core, id: RequestId) -> Result<()> {
    let Some(offer) = core.session.offer(id).filter(|offer| offer.choice == Choice::Read) else {
        return Ok(());
    };
    let number = offer.number;
    let message = format!("a body of message {number} is being read: read it to its end or free it first");
    Err(Error::new(IMAP_ERR_STATE, message))
}

/// How a request has ended, if it has.
pub(super) fn ended(core: &Core, id: RequestId) -> Result<()> {
    core.session.failure(id).map_or(Ok(()), Err)
}
