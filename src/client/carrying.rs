//! Functions of the caller's in place of a socket. They are called without the lock, by whoever waits for the
//! connection; one of them may read while another writes.

use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::caller::caller;
use super::core::Core;
use super::sync::MutexGuard;
use super::waiting::ASK_AGAIN;
use crate::error::{Error, Result, imap_status::*};
use crate::net::{Lent, QUEUED};

/// What connects a client.
pub enum Carrier {
    Network,
    /// To be read from, to be written to: connected already, never closed here.
    Descriptors(std::os::fd::RawFd, std::os::fd::RawFd),
    Functions(Arc<dyn Carry>),
}

/// What the caller's functions do.
pub trait Carry: Send + Sync {
    fn read(&self, into: &mut [u8]) -> Carried;

    fn write(&self, bytes: &[u8]) -> Carried;
}

/// What one of them came to.
pub enum Carried {
    Bytes(usize),
    Blocked,
    End,
    Failed(Error),
}

/// So much is read at once.
const READ: usize = 32 * 1024;

impl Client {
    /// Writes what is queued. When to try again; None: nothing is left.
    pub(super) fn carry_out(&self, core: &mut MutexGuard<'_, Core>) -> Result<Option<Duration>> {
        let Some(functions) = self.functions.clone() else { return Ok(None) };
        while !core.is_carrying_out {
            let mut bytes = Vec::new();
            match core.lent().map(|lent| lent.outgoing()).filter(|outgoing| !outgoing.is_empty()) {
                Some(outgoing) => {
                    bytes.try_reserve_exact(outgoing.len().min(QUEUED))?;
                    bytes.extend_from_slice(&outgoing[..outgoing.len().min(QUEUED)]);
                }
                None => return Ok(None),
            }
            core.is_carrying_out = true;
            let carried = self.called(core, || functions.write(&bytes));
            core.is_carrying_out = false;
            match carried? {
                Carried::Bytes(count @ 1..) => {
                    if let Some(lent) = core.lent() {
                        lent.sent(count);
                    }
                    if let Err(error) = core.flush() {
                        core.fail(error);
                    }
                }
                Carried::Bytes(0) | Carried::Blocked => return Ok(Some(ASK_AGAIN)),
                Carried::End => core.fail(Error::fatal(IMAP_ERR_CLOSED, "the write callback takes no more")),
                Carried::Failed(error) => core.fail(error),
            }
        }
        Ok(None)
    }

    /// Reads, if nothing is here and somebody wants more. When to look again; None: nothing is wanted.
    pub(super) fn carry_in(
        &self,
        core: &mut MutexGuard<'_, Core>,
        reads_literal: bool,
    ) -> Result<Option<Duration>> {
        let Some(functions) = self.functions.clone() else { return Ok(None) };
        let is_wanted = !core.session.is_stalled() || reads_literal;
        if !is_wanted || !core.lent().is_some_and(|lent| lent.is_empty()) {
            return Ok(None);
        }
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(READ)?;
        buffer.resize(READ, 0);
        let carried = self.called(core, || functions.read(&mut buffer))?;
        let lent: Option<&mut Lent> = core.lent();
        match (carried, lent) {
            (Carried::Bytes(0) | Carried::Blocked, _) => return Ok(Some(ASK_AGAIN)),
            (Carried::Failed(error), _) => core.fail(error),
            (_, None) => {}
            (Carried::Bytes(count), Some(lent)) => lent.arrived(buffer.get(..count).unwrap_or_default())?,
            (Carried::End, Some(lent)) => lent.ended(),
        }
        Ok(Some(Duration::ZERO))
    }

    /// Runs one of them without the lock.
    fn called<T>(&self, core: &mut MutexGuard<'_, Core>, function: impl FnOnce() -> T) -> Result<T> {
        core.carrying.try_reserve(1)?;
        core.carrying.push(caller());
        let result = MutexGuard::unlocked(core, function);
        let me = caller();
        if let Some(at) = core.carrying.iter().rposition(|caller| *caller == me) {
            core.carrying.swap_remove(at);
        }
        self.apply_cancelled(core);
        Ok(result)
    }

    /// After something was put up for sending: those who poll look anew, and what no one carries at the moment goes.
    pub(super) fn pass_on(&self, core: &mut MutexGuard<'_, Core>) {
        self.look_again(core);
        if core.has_leader {
            // Whoever reads may be inside the caller's function for long. A failure is the connection's, and seen there.
            let _ = self.carry_out(core);
        }
    }
}
