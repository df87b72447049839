//! Waiting: who leads, who follows, and when each is done.

use std::time::{Duration, Instant};

use super::Client;
use super::caller::caller;
use super::core::{Core, Waiter};
use super::sync::{MutexGuard, atomic::Ordering::SeqCst};
use crate::error::{Error, Result, imap_status::*};
use crate::net::{Polled, Wake};
use crate::session::{Caller, RequestId, earliest};

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The request's outcome.
    Done(RequestId),
    /// An item or a literal of a stream, or its end.
    Item(RequestId),
    /// Bytes of the literal that the stream reads.
    Bytes(RequestId),
    /// An upload takes bytes, or is done.
    Room(RequestId),
    /// An event, while this request holds IDLE.
    Event(RequestId),
    /// The server asks something, or the request is done.
    Challenge(RequestId),
}

impl Goal {
    pub fn request(self) -> RequestId {
        match self {
            Goal::Done(id)
            | Goal::Item(id)
            | Goal::Bytes(id)
            | Goal::Room(id)
            | Goal::Event(id)
            | Goal::Challenge(id) => id,
        }
    }
}

/// Who waits, for what, and until when.
struct Me {
    ticket: u64,
    thread: Caller,
    goal: Goal,
    until: Option<Instant>,
}

/// A function of the caller's that has no bytes now is asked again so soon.
pub(super) const ASK_AGAIN: Duration = Duration::from_millis(20);

impl Client {
    /// Waits until the goal is reached, or `until`, or a cancel.
    pub fn wait(&self, goal: Goal, until: Option<Instant>) -> Result<()> {
        self.wait_within(&mut self.lock(), goal, until)
    }

    /// The same for who has the lock, which is given up meanwhile.
    pub(super) fn wait_within(
        &self,
        core: &mut MutexGuard<'_, Core>,
        goal: Goal,
        until: Option<Instant>,
    ) -> Result<()> {
        if core.is_reached(goal) {
            return Ok(());
        }
        let thread = caller();
        core.may_wait(thread)?;
        core.waiters.try_reserve(1)?;
        let ticket = core.next_ticket();
        core.waiters.push(Waiter { ticket, goal, wake: None });
        if matches!(goal, Goal::Bytes(_)) {
            core.session.set_time(Instant::now());
            core.session.set_awaited(true);
        }
        let me = Me { ticket, thread, goal, until };
        let result = self.wait_as(core, &me);
        if let Some(at) = core.waiters.iter().position(|waiter| waiter.ticket == ticket) {
            core.waiters.swap_remove(at);
        }
        if matches!(goal, Goal::Bytes(_)) {
            core.session.set_awaited(false);
        }
        if !core.has_leader {
            core.wake_successor();
        }
        if core.waiters.is_empty() {
            core.rest();
        }
        result
    }

    fn wait_as(&self, core: &mut MutexGuard<'_, Core>, me: &Me) -> Result<()> {
        let mut wake = None;
        loop {
            if let Some(result) = self.is_over(core, me) {
                return result;
            }
            if !core.has_leader {
                core.has_leader = true;
                let led = self.lead(core, me, &mut wake);
                core.has_leader = false;
                return led;
            }
            self.follow(core, me, &mut wake)?;
        }
    }

    /// Whether this wait ends now, and how.
    fn is_over(&self, core: &mut Core, me: &Me) -> Option<Result<()>> {
        if self.cancel.take() {
            core.session.set_time(Instant::now());
            core.cancel_waiters();
            core.wake_reached(me.ticket);
            self.stall_ended(core);
        }
        if core.is_reached(me.goal) {
            return Some(Ok(()));
        }
        if let Some(stream) = core.session.stalled_by().filter(|stream| *stream != me.goal.request()) {
            if let Err(error) = core.session.step_aside(stream, me.thread) {
                return Some(Err(error));
            }
            self.stall_ended(core);
        }
        // Nobody else will do what it waits for.
        if me.until.is_none() && core.session.is_asking(me.thread) {
            let message =
                "the server waits for this thread: call imap_request_respond(), or cancel, and wait then";
            return Some(Err(Error::new(IMAP_ERR_STATE, message)));
        }
        let is_late = me.until.is_some_and(|until| Instant::now() >= until);
        is_late.then(|| Err(Error::new(IMAP_ERR_TIMEOUT, "not done in time; the request goes on")))
    }

    /// Reads for all until this thread's own wait is over, or bytes that it waits for may be here.
    fn lead(&self, core: &mut MutexGuard<'_, Core>, me: &Me, wake: &mut Option<Wake>) -> Result<()> {
        let mut watches = Vec::new();
        // Whoever has just sent something need not look before it waits: what has come meanwhile ends the wait at once.
        let mut is_drained = core.is_drained();
        loop {
            let has_more = !std::mem::take(&mut is_drained) && core.turn(Instant::now());
            if core.reads_for_others(me.ticket) {
                core.stage();
            }
            let again = self.call_back(core)?;
            core.wake_reached(me.ticket);
            if let Some(result) = self.is_over(core, me) {
                return result;
            }
            if has_more || again == Some(Duration::ZERO) {
                MutexGuard::bump(core);
                self.apply_cancelled(core);
                continue;
            }
            let reads = matches!(me.goal, Goal::Bytes(_));
            let reads_literal = reads || core.reads_for_others(me.ticket);
            let carried = self.carry_in(core, reads_literal)?;
            if carried == Some(Duration::ZERO) {
                if reads {
                    return Ok(());
                }
                continue;
            }
            let again = earliest(again, carried);
            let wake = self.wake_of(core, me, wake)?;
            watches.clear();
            let due = core.begin_poll(&mut watches, reads_literal);
            let due = earliest(earliest(due, me.until), again.map(|again| Instant::now() + again));
            self.cancel.publish(wake.signal_fd());
            let polled = match self.cancel.is_requested() || self.has_cancelled.load(SeqCst) {
                true => Ok(Polled::Ready),
                false => MutexGuard::unlocked(core, || wake.poll(&watches, timeout(due))),
            };
            self.cancel.retract();
            core.end_poll();
            self.apply_cancelled(core);
            let polled = polled?;
            self.heed_signal(polled)?;
            if reads && polled == Polled::Ready {
                return self.is_over(core, me).unwrap_or(Ok(()));
            }
        }
    }

    /// Waits until the leader has what this thread waits for, or hands over to it.
    fn follow(&self, core: &mut MutexGuard<'_, Core>, me: &Me, wake: &mut Option<Wake>) -> Result<()> {
        let wake = self.wake_of(core, me, wake)?;
        if self.cancel.is_requested() || matches!(me.goal, Goal::Bytes(_)) {
            self.cancel.wake_poller();
        }
        let polled = MutexGuard::unlocked(core, || wake.poll(&[], timeout(me.until)));
        self.apply_cancelled(core);
        self.heed_signal(polled?)
    }

    fn wake_of<'w>(&self, core: &mut Core, me: &Me, wake: &'w mut Option<Wake>) -> Result<&'w Wake> {
        let wake = match wake {
            Some(wake) => wake,
            None => wake.insert(Wake::take()?),
        };
        if let Some(waiter) = core.waiters.iter_mut().find(|waiter| waiter.ticket == me.ticket) {
            waiter.wake = Some(wake.signal_fd());
        }
        Ok(wake)
    }

    fn heed_signal(&self, polled: Polled) -> Result<()> {
        if polled == Polled::Interrupted && self.config.returns_on_signal {
            return Err(Error::new(IMAP_ERR_INTERRUPTED, "a signal arrived: call again to go on"));
        }
        Ok(())
    }

    /// Runs the caller's functions that are due, without the lock: handlers, the source of an upload, what writes. When to
    /// look again; None: when something else happens.
    pub(super) fn call_back(&self, core: &mut MutexGuard<'_, Core>) -> Result<Option<Duration>> {
        self.tell_handlers(core)?;
        let fed = match self.feed_from_function(core)? {
            None => None,
            Some(true) => Some(Duration::ZERO),
            Some(false) => Some(ASK_AGAIN),
        };
        Ok(earliest(fed, self.carry_out(core)?))
    }
}

fn timeout(until: Option<Instant>) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(Instant::now()))
}
