//! Requests: how they come in, in which order they stand, how they end.

use super::{Ask, Caller, Entry, InFlight, Outcome, RequestId, Rules, Session, Stage, Transfer};
use crate::error::{Error, Result, imap_status::*};

impl Session {
    pub fn submit(&mut self, command: Box<dyn InFlight>, thread: Caller) -> Result<RequestId> {
        self.submit_as(command, thread, false)
    }

    /// What comes before all others on a connection that is being made.
    pub fn open(&mut self, commands: Vec<Box<dyn InFlight>>, caller: Caller) -> Result<Vec<RequestId>> {
        let mut ids = Vec::new();
        for command in commands {
            ids.push(self.submit(command, caller)?);
        }
        self.entries.iter_mut().for_each(|entry| entry.is_opening = true);
        Ok(ids)
    }

    /// The same, and its answer is taken item by item, by this thread at first.
    pub fn submit_stream(&mut self, mut command: Box<dyn InFlight>, thread: Caller) -> Result<RequestId> {
        command.stream()?;
        self.submit_as(command, thread, true)
    }

    pub(super) fn submit_as(
        &mut self,
        command: Box<dyn InFlight>,
        thread: Caller,
        is_stream: bool,
    ) -> Result<RequestId> {
        self.outcomes.reserve()?;
        let id = RequestId(self.next_id);
        self.next_id += 1;
        let name = command.name();
        if let Some(ended) = &self.ended {
            let error = ended.clone().of_command(name);
            self.outcomes.put(id, Outcome::of(Err(error)));
            return Ok(id);
        }
        if command.is_idle() {
            if self.stage == Stage::Open && self.entries.is_empty() {
                self.facts.needs_login()?;
                if !self.facts.can("IDLE") {
                    self.facts.may_emulate("IDLE")?;
                }
            }
            self.idle.hold(id, self.now)?;
        } else {
            if is_stream {
                self.streams.add(id, thread)?;
            }
            self.enqueue(id, command, thread, None, is_stream)?;
        }
        self.outcomes.begin(id);
        self.schedule();
        Ok(id)
    }

    pub(super) fn enqueue(
        &mut self,
        id: RequestId,
        command: Box<dyn InFlight>,
        thread: Caller,
        ask: Option<Ask>,
        is_stream: bool,
    ) -> Result<()> {
        self.entries.reserve(1)?;
        if self.entries.iter().all(|entry| entry.ask.is_some()) {
            self.moved = self.now;
        }
        let rules = command.rules();
        let (at, round) = self.turn_of(thread, &rules);
        let mut entry = Entry::new(id, command, rules, thread, self.now);
        (entry.round, entry.ask, entry.is_stream) = (round, ask, is_stream);
        self.entries.insert(at, entry);
        Ok(())
    }

    /// Place and round of a new request: threads take turns, so that one with many requests does not keep others
    /// waiting. What changes the state of the session goes behind all, and nothing passes it.
    pub(super) fn turn_of(&self, thread: Caller, rules: &Rules) -> (usize, u64) {
        let start = self.entries.free_order();
        // In the order of their rounds.
        let free = self.entries.len() - start;
        let first = if free > 0 { self.entries[start].round } else { 0 };
        let mut last_first = self.entries.iter().rev().take(free);
        let own = last_first.find(|entry| entry.thread == thread).map(|entry| entry.round + 1);
        let round = own.unwrap_or(first).max(first);
        let later = match rules.is_barrier() {
            true => 0,
            false => self.entries.iter().rev().take(free).take_while(|entry| entry.round > round).count(),
        };
        (self.entries.len() - later, round)
    }

    /// Puts a request before all others that are not sent.
    pub fn hurry(&mut self, id: RequestId) {
        let start = self.entries.free_order();
        let Some(at) = self.entries.position(id).filter(|at| *at >= start) else { return };
        let first = self.entries[start].round;
        if let Some(mut entry) = self.entries.remove(at) {
            entry.round = first;
            self.entries.insert(start, entry);
            self.schedule();
        }
    }

    /// How far a request is: bytes sent of an upload, else received.
    pub fn transfer(&self, id: RequestId) -> Transfer {
        let entry = self.entries.find(id).map(|entry| entry.transfer);
        entry.or_else(|| self.outcomes.get(id).map(|outcome| outcome.transfer)).unwrap_or_default()
    }

    /// Whether nothing more is to be waited for; true also when its outcome was taken already, and when it cannot be
    /// sent before there is a new connection.
    pub fn is_done(&self, id: RequestId) -> bool {
        self.stage == Stage::Closed || !self.outcomes.is_under_way(id)
    }

    /// How many requests are done and not yet taken.
    pub fn done(&self) -> usize {
        self.outcomes.ended()
    }

    pub fn take(&mut self, id: RequestId) -> Option<Outcome> {
        self.outcomes.take(id)
    }

    pub fn outcome(&self, id: RequestId) -> Option<&Outcome> {
        self.outcomes.get(id)
    }

    /// Why a request that was never sent cannot be now: it waits for a new connection.
    pub fn unsent(&self, id: RequestId) -> Option<Error> {
        let ended = self.ended.as_ref()?;
        let entry = self.entries.find(id)?;
        Some(ended.clone().of_command(entry.name))
    }

    /// How a request has failed, if it has.
    pub fn failure(&self, id: RequestId) -> Option<Error> {
        let failed = self.outcomes.get(id).and_then(|outcome| outcome.result.as_ref().err().cloned());
        failed.or_else(|| self.unsent(id))
    }

    /// Ends a request with `why`. What was not sent is not sent; the answer to what was is dropped as it
    /// comes, so the connection stays good.
    pub fn cancel(&mut self, id: RequestId, why: Error) {
        if !self.outcomes.is_under_way(id) {
            return;
        }
        if let Some(at) = self.idle.holders.iter().position(|holder| *holder == id) {
            self.idle.holders.swap_remove(at);
            self.idle.lingers = false;
            self.outcomes.put(id, Outcome::of(Err(why.of_command("IDLE"))));
            return self.schedule();
        }
        if let Some(at) = self.entries.position(id) {
            self.end(at, why);
            self.schedule();
        }
    }

    /// Nobody will take this request's outcome.
    pub fn forget(&mut self, id: RequestId) {
        self.cancel(id, Error::new(IMAP_ERR_CANCELLED, "cancelled"));
        self.streams.remove(id);
        self.outcomes.forget(id);
        self.note_stall();
        if let Err(error) = self.output.own(id) {
            self.lost(error.into());
        }
    }

    /// Gives the entry's outcome; it stays, without its command, if its line may have begun to leave.
    pub(super) fn end(&mut self, at: usize, why: Error) {
        if why.reply.is_none() {
            self.journal.note(&why.message);
        }
        let entry = &mut self.entries[at];
        entry.command = None;
        let (was_sent, is_spread) = (!entry.is_queued(), entry.is_spread());
        let is_vital = entry.is_vital;
        let needs_caller = was_sent && self.output.needs_caller(entry.id);
        let error = Error { may_be_done: was_sent, ..why }.of_command(entry.name);
        let error = Error { is_usable: error.is_usable && !needs_caller, ..error };
        let outcome = Outcome { transfer: entry.transfer, ..Outcome::of(Err(error.clone())) };
        let id = entry.id;
        self.outcomes.put(id, outcome);
        self.streams.reject(id);
        self.note_stall();
        if is_vital || needs_caller {
            return self.lost(error);
        }
        let since = (self.now, self.bytes_wasted);
        if is_spread {
            self.entries.remove(at);
            self.entries.cancel_branches(id, since);
        } else if was_sent {
            self.entries.cancel(at, since);
            if let Err(error) = self.give_up(at) {
                self.lost(error);
            }
        } else {
            self.entries.remove(at);
        }
    }

    /// Ends all requests.
    pub fn cancel_all(&mut self) {
        let entries = self.entries.iter().filter(|entry| entry.ask.is_none()).map(|entry| entry.id);
        let all: Vec<RequestId> = entries.chain(self.idle.holders.iter().copied()).collect();
        for id in all {
            self.cancel(id, Error::new(IMAP_ERR_CANCELLED, "cancelled by imap_cancel()"));
        }
    }
}
