//! How a connection ends, by time or otherwise, and what a new one needs of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{
    Ask, Caller, Entry, Facts, Idle, IdleStage, InFlight, Outcome, Remembered, RequestId, Session, Settings,
    Stage, Tags, quote,
};
use crate::error::{Error, Result, imap_status::*};
use crate::model::imap_state::*;
use crate::wire::event;

impl Session {
    /// The connection has ended: every request ends with `why`.
    pub fn lost(&mut self, why: Error) {
        if self.stage == Stage::Closed {
            return;
        }
        self.note_end(&why);
        let why = self.with_trace(self.with_goodbye(why));
        self.stage = Stage::Closed;
        self.facts.state = IMAP_STATE_LOGOUT;
        self.remember();
        self.output.clear();
        for id in std::mem::take(&mut self.idle.holders) {
            self.outcomes.put(id, Outcome::of(Err(why.clone().of_command("IDLE"))));
        }
        self.idle.stage = IdleStage::Off;
        self.streams.offer = None;
        for entry in std::mem::take(&mut self.entries) {
            if entry.is_kept() {
                self.entries.push(entry);
                continue;
            }
            let result = match entry.command {
                None => continue,
                // The server need not stay to confirm a LOGOUT.
                Some(command) if command.is_goodbye() && self.bye.is_some() => command.finish(),
                Some(_) => {
                    let may_be_done = !entry.is_queued();
                    let error = entry.failure.unwrap_or_else(|| why.clone());
                    Err(Error { is_usable: false, may_be_done, ..error }.of_command(entry.name))
                }
            };
            if entry.ask.is_none() {
                self.outcomes.put(entry.id, Outcome { transfer: entry.transfer, ..Outcome::of(result) });
            }
        }
        self.events.push(event::connection(Some(&why.message)).ok(), self.facts.settings.max_events);
        self.cause = Some(why.clone());
        // Later calls find the connection closed, whatever it was that closed it.
        self.ended = Some(match why.status {
            IMAP_ERR_CLOSED => Error { trace: None, ..why },
            _ => Error::fatal(IMAP_ERR_CLOSED, format!("the connection was closed before: {}", why.message)),
        });
    }

    /// Keeps what a new connection needs to begin where this one ended.
    pub(super) fn remember(&mut self) {
        if let Some(mirror) = self.facts.selected.take() {
            self.remembered = Some(Remembered::of(*mirror));
        }
        let enabled = std::mem::take(&mut self.facts.enabled);
        if !enabled.is_empty() {
            self.enabled_before = enabled;
        }
    }

    /// The mailbox that was selected when the connection ended; given once.
    pub fn remembered(&mut self) -> Option<Remembered> {
        self.remembered.take()
    }

    pub fn enabled_before(&self) -> Vec<String> {
        self.enabled_before.clone()
    }

    /// A new connection is being made: `commands` come first on it, then what was never sent.
    pub fn reopen(
        &mut self,
        commands: Vec<Box<dyn InFlight>>,
        random: [u8; 6],
        caller: Caller,
        now: Instant,
    ) -> Result<Vec<RequestId>> {
        let kept = std::mem::take(&mut self.entries);
        self.stage = Stage::Connecting;
        self.facts = Facts::new(self.facts.settings.clone());
        self.tags = Tags::new(random);
        self.idle = Idle::new(now);
        (self.now, self.moved) = (now, now);
        (self.bye, self.ended, self.cause, self.stalled_since) = (None, None, None, None);
        (self.has_left, self.limit) = (false, Vec::new());
        let ids = self.open(commands, caller)?;
        self.entries.reserve(kept.len())?;
        for mut entry in kept {
            entry.started = now;
            self.entries.push(entry);
        }
        Ok(ids)
    }

    /// The server's goodbye explains an end of the stream better than the end itself.
    pub(super) fn with_goodbye(&self, why: Error) -> Error {
        match &self.bye {
            Some((text, _))
                if matches!(why.status, IMAP_ERR_CLOSED | IMAP_ERR_TIMEOUT) && why.reply.is_none() =>
            {
                let reply = crate::error::ServerReply {
                    text: text.clone(),
                    is_early: self.facts.is_early(),
                    data: None,
                };
                Error {
                    reply: Some(Box::new(reply)),
                    ..Error::fatal(
                        IMAP_ERR_CLOSED,
                        format!("the server closed the connection: {}", quote(text)),
                    )
                }
            }
            _ => why,
        }
    }

    fn note_end(&mut self, why: &Error) {
        // The server's words stand in its own lines.
        let words = if why.reply.is_none() { &why.message } else { "the connection is given up" };
        self.journal.note(words);
        self.journal.drop_line();
        self.journal.end_secret();
    }

    /// What was said last explains the loss of a connection, unless the caller wanted it.
    fn with_trace(&self, why: Error) -> Error {
        if self.has_left {
            return why;
        }
        let trace = self.journal.trace().unwrap_or_default();
        Error { trace: (!trace.is_empty()).then(|| Arc::new(trace)), ..why }
    }

    /// When `expire` has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        if self.stage == Stage::Closed {
            return None;
        }
        let settings = &self.facts.settings;
        let silence = match self.stage {
            Stage::Greeting => settings.greeting_timeout,
            Stage::Open if self.has_live_request() => settings.command_timeout,
            _ => None,
        };
        let silence = silence.map(|silence| self.moved + silence);
        let idle = if self.may_tend_idle() { self.idle.due(&self.facts) } else { None };
        let bye = self.bye.as_ref().map(|(_, at)| *at + settings.close_timeout);
        earliest(earliest(silence, idle), earliest(bye, self.overdue(settings)))
    }

    /// When the first request has taken as long as it may, or the answer of a cancelled one.
    fn overdue(&self, settings: &Settings) -> Option<Instant> {
        let total = settings.command_deadline.and_then(|limit| {
            self.entries.iter().map(|entry| entry.started).min().map(|started| started + limit)
        });
        if !self.entries.has_cancelled() || self.stalled_since.is_some() {
            return total;
        }
        let drain = self.entries.cancelled().map(|(since, _)| since + settings.drain_timeout).min();
        earliest(total, drain)
    }

    /// Whether something of IDLE could be sent if its time had come: else its time is no reason to look.
    pub(super) fn may_tend_idle(&self) -> bool {
        self.stage == Stage::Open
            && match self.idle.stage {
                IdleStage::Off => self.entries.is_empty(),
                IdleStage::Running { .. } => self.output.is_empty(),
                IdleStage::Asked | IdleStage::Ending { .. } => true,
            }
    }

    /// The server owes an answer; while a stream's reader or an upload's writer is waited for, it owes none, but
    /// those who wait behind them do not wait for ever.
    pub(super) fn has_live_request(&self) -> bool {
        // Of those that wait, one is as good as the other.
        let waiting = || self.entries.iter().find(|entry| entry.is_queued());
        self.entries.find_in_flight(|entry| self.can_be_late(entry)).is_some()
            || (self.entries.has_queued() && waiting().is_some_and(|entry| self.can_be_late(entry)))
    }

    pub(super) fn can_be_late(&self, entry: &Entry) -> bool {
        let is_idle = entry.ask == Some(Ask::Idle) && self.idle.stage != IdleStage::Asked;
        if entry.command.is_none() || is_idle || entry.dialogue.is_asked() {
            return false;
        }
        match (self.streams.stalled_by(), self.output.hungry()) {
            (Some(reading), _) => entry.id != reading || self.streams.is_awaited,
            (None, Some((writing, ..))) => entry.id != writing,
            (None, None) => !entry.is_queued(),
        }
    }

    /// Ends what is overdue.
    pub fn expire(&mut self) {
        if self.stage == Stage::Closed || self.deadline().is_none_or(|deadline| deadline > self.now) {
            return;
        }
        let settings = self.facts.settings.clone();
        let now = self.now;
        let is_over =
            |since: Instant, limit: Option<Duration>| limit.is_some_and(|limit| now >= since + limit);
        if self.stage == Stage::Greeting && is_over(self.moved, settings.greeting_timeout) {
            return self.lost(Error::fatal(IMAP_ERR_TIMEOUT, "the server sent no greeting in time"));
        }
        if self.bye.as_ref().is_some_and(|(_, at)| is_over(*at, Some(settings.close_timeout))) {
            return self.lost(Error::fatal(IMAP_ERR_CLOSED, "the server said goodbye"));
        }
        if self.drains_too_long(&settings) {
            let message = "the answer of a cancelled command did not end in time";
            return self.lost(Error::fatal(IMAP_ERR_CLOSED, message));
        }
        let is_silent = is_over(self.moved, settings.command_timeout);
        if let IdleStage::Ending { since } = self.idle.stage {
            if is_over(since, Some(settings.dead_peer)) {
                let message = "the server did not answer the end of IDLE: it is taken for dead";
                return self.lost(Error::fatal(IMAP_ERR_TIMEOUT, message));
            }
        }
        let late: Vec<bool> = self.entries.iter().map(|entry| self.can_be_late(entry)).collect();
        for at in (0..late.len()).rev() {
            let Some(entry) = self.entries.get(at) else { continue };
            let is_late = entry.command.is_some() && is_over(entry.started, settings.command_deadline);
            let since = self.moved.max(entry.started);
            if is_late || (is_silent && late[at] && is_over(since, settings.command_timeout)) {
                if entry.ask.is_some() {
                    let message = "the server did not answer when it was asked for news";
                    return self.lost(Error::fatal(IMAP_ERR_TIMEOUT, message));
                }
                let what = if is_late {
                    "took longer than its deadline"
                } else {
                    "got no byte from the server in time"
                };
                self.end(at, Error::new(IMAP_ERR_TIMEOUT, format!("{}: {what}", entry.name)));
            }
        }
        self.schedule();
    }

    pub(super) fn drains_too_long(&self, settings: &Settings) -> bool {
        self.entries.cancelled().any(|(since, wasted)| {
            (self.stalled_since.is_none() && self.now >= since + settings.drain_timeout)
                || self.bytes_wasted - wasted > settings.drain_bytes
        })
    }

    /// Why the connection has ended, if it has.
    pub fn cause(&self) -> Option<&Error> {
        self.cause.as_ref()
    }
}

/// The earlier of two times, or the shorter one; None: never.
pub fn earliest<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
