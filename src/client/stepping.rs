//! For event loops: what to wait for, until when, and one step of everything.

use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use super::Client;
use super::caller::caller;
use crate::error::{Error, Result, imap_status::*};
use crate::net::{Wake, Watch};
use crate::session::earliest;

/// While several addresses are tried at once, one descriptor does not tell of the others.
const SEVERAL: Duration = Duration::from_millis(20);

impl Client {
    /// The descriptor to wait for, and for what; None: none now.
    pub fn watch(&self) -> Option<Watch> {
        let mut core = self.lock();
        let mut watches = Vec::new();
        // A literal's reader that has taken all that is here waits for more.
        let reads_literal = core.lacks_literal();
        core.watches(&mut watches, reads_literal);
        watches.last().copied()
    }

    /// How long until a step is due in any case; None: never.
    pub fn step_due(&self) -> Option<Duration> {
        let mut core = self.lock();
        let now = Instant::now();
        let mut watches = Vec::new();
        core.watches(&mut watches, true);
        let again = (watches.len() > 1).then(|| now + SEVERAL);
        if core.is_unfinished || self.cancel.is_requested() {
            return Some(Duration::ZERO);
        }
        let due = earliest(core.deadline(), again)?;
        Some(due.saturating_duration_since(now))
    }

    /// Moves everything on as far as it goes.
    pub fn step(&self) -> Result<()> {
        self.check()?;
        let mut core = self.lock();
        if let Some(wake) = &core.loop_wake {
            wake.clear();
        }
        core.may_wait(caller())?;
        if self.cancel.take() {
            core.session.cancel_all();
            core.wake_all();
            return Err(Error::new(IMAP_ERR_CANCELLED, "cancelled by imap_cancel()"));
        }
        if core.has_leader {
            core.is_unfinished = false;
            return Ok(());
        }
        core.has_leader = true;
        let has_more = core.turn(Instant::now());
        if !has_more {
            core.stage();
        }
        let mut again = self.call_back(&mut core);
        if !has_more && again.is_ok() && !core.session.is_closed() {
            let reads_literal = core.lacks_literal();
            let carried = self.carry_in(&mut core, reads_literal);
            if !matches!(carried, Ok(None)) && !matches!(again, Ok(Some(Duration::ZERO))) {
                again = carried;
            }
        }
        core.has_leader = false;
        core.is_unfinished = has_more || matches!(again, Ok(Some(Duration::ZERO)));
        core.wake_reached(0);
        core.wake_successor();
        if !core.is_unfinished && core.waiters.is_empty() {
            core.rest();
        }
        again?;
        match core.session.cause() {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// A descriptor that becomes readable when a step is due before its time: after a cancel, or when another thread
    /// sent something.
    pub fn wake_fd(&self) -> Result<RawFd> {
        self.check()?;
        let mut core = self.lock();
        if core.loop_wake.is_none() {
            let wake = Wake::take()?;
            wake.clear();
            core.loop_wake = Some(wake);
        }
        let wake = core.loop_wake.as_ref().map(|wake| (wake.fd(), wake.signal_fd()));
        let (fd, signal_fd) = wake.unwrap_or((-1, -1));
        self.cancel.publish_loop(signal_fd);
        Ok(fd)
    }
}
