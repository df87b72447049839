//! The protocol as a state machine: tags, continuations, who owns which response, the selected mailbox,
//! capabilities, events, scheduling. No sockets, no threads, no clock: bytes and time come in as values.

#![forbid(unsafe_code)]

mod capability;
mod command;
mod events;
mod facts;
mod idle;
mod input;
mod output;
mod overlap;
mod stream;
mod tag;
mod upload;

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use capability::Capabilities;
pub use command::{Command, Effect, InFlight, Next, Reply, Step, Untagged, quote};
use events::Events;
pub use facts::{Facts, Mirror, Remembered, Seen, Settings, unsupported};
use idle::{Ask, Idle, Stage as IdleStage};
pub use input::{Got, Input, Piece, Source, Turn};
pub use output::FED;
use output::Output;
pub use overlap::{Claim, Mailboxes, Messages, Rules, Sequence};
use stream::Streams;
pub use stream::{Choice, Item, Offer, Section};
use tag::{Tag, Tags};
pub use upload::{Pull, Pulled, Source as UploadSource, Supply};

use crate::error::{Error, Result, imap_status::*};
use crate::model::{Event, Owned, Selected, imap_state::*};
use crate::wire::cursor::Response;
use crate::wire::line::Line;
use crate::wire::response::{Condition, Head};
use crate::wire::{capability as capability_list, code, event, fetch, status};

/// One call in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

/// A thread that submits requests; 0 is the session itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller(pub u64);

/// What becomes of a large literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    Hold,
    Drop,
    /// A stream's reader has to say: see `Session::choice`.
    Offer,
}

/// How a request ended.
pub struct Outcome {
    pub result: Result<Box<dyn Any + Send>>,
    /// The last tagged reply as sent, if there was one.
    pub reply: Vec<u8>,
    pub transfer: Transfer,
}

impl Outcome {
    fn of(result: Result<Box<dyn Any + Send>>) -> Outcome {
        Outcome { result, reply: Vec::new(), transfer: Transfer::default() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The transport is being made.
    Connecting,
    Greeting,
    Open,
    /// STARTTLS was accepted: the next byte must belong to TLS.
    Securing,
    Closed,
}

pub struct Session {
    facts: Facts,
    stage: Stage,
    /// In the order of submission, which is also the order of sending.
    entries: Vec<Entry>,
    done: HashMap<RequestId, Outcome>,
    events: Events,
    streams: Streams,
    idle: Idle,
    output: Output,
    tags: Tags,
    next_id: u64,
    now: Instant,
    /// When a byte last moved, or the session last began to wait.
    moved: Instant,
    /// The server said goodbye: its words, and when.
    bye: Option<(Vec<u8>, Instant)>,
    /// What later calls are told, once the connection has ended; and what ended it.
    ended: Option<Error>,
    cause: Option<Error>,
    /// What was so when it ended.
    remembered: Option<Remembered>,
    enabled_before: Vec<String>,
    bytes_received: u64,
    bytes_sent: u64,
    /// Bytes of answers to cancelled commands.
    bytes_wasted: u64,
    /// Since when the connection stands still for a stream's reader.
    stalled_since: Option<Instant>,
    /// Every response, as an event, for the handlers; None: there are none.
    observed: Option<VecDeque<Box<Owned<Event>>>>,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transfer {
    pub done: u64,
    pub total: Option<u64>,
}

struct Entry {
    id: RequestId,
    name: &'static str,
    is_vital: bool,
    /// The server may ask for more behind its line.
    is_dialogue: bool,
    /// Whoever submitted it: threads take turns.
    thread: Caller,
    /// Its place among the requests of its thread: those of equal rounds go before those of later ones.
    round: u64,
    /// A command of the session's own.
    ask: Option<Ask>,
    is_stream: bool,
    /// A line of it was written, so the server may have seen it.
    is_begun: bool,
    /// It belongs to the making of the connection.
    is_opening: bool,
    transfer: Transfer,
    /// None: cancelled; what it claims is dropped until its tagged reply.
    command: Option<Box<dyn InFlight>>,
    rules: Rules,
    phase: Phase,
    tag: Option<Tag>,
    started: Instant,
    /// Cancelled at this time, with so many bytes received by then.
    cancelled: Option<(Instant, u64)>,
    /// To be reported at the tagged reply, whatever that says.
    failure: Option<Error>,
}

impl Entry {
    /// It can be sent on another connection as well.
    fn is_kept(&self) -> bool {
        !self.is_begun && !self.is_opening && self.ask.is_none() && self.command.is_some()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its next line is not written.
    Queued,
    /// Its line is in the output.
    Sending,
    /// The last octet of its line has left.
    Sent,
}

impl Session {
    pub fn new(settings: Arc<Settings>, random: [u8; 6], now: Instant) -> Session {
        Session {
            stage: Stage::Connecting,
            entries: Vec::new(),
            done: HashMap::new(),
            events: Events::default(),
            streams: Streams::new(settings.spool),
            idle: Idle::new(now),
            output: Output::default(),
            tags: Tags::new(random),
            next_id: 1,
            now,
            moved: now,
            bye: None,
            ended: None,
            cause: None,
            remembered: None,
            enabled_before: Vec::new(),
            bytes_received: 0,
            bytes_sent: 0,
            bytes_wasted: 0,
            stalled_since: None,
            observed: None,
            facts: Facts::new(settings),
        }
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Bytes received and sent so far.
    pub fn traffic(&self) -> (u64, u64) {
        (self.bytes_received, self.bytes_sent)
    }

    /// Sets the time for all that follows.
    pub fn set_time(&mut self, now: Instant) {
        self.now = now;
    }

    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Gives memory back that a session at rest does not need.
    pub fn rest(&mut self) {
        self.entries.shrink_to_fit();
        self.done.shrink_to_fit();
        self.output.rest();
        self.idle.holders.shrink_to_fit();
    }

    /// Whether anything waits for the server.
    pub fn is_busy(&self) -> bool {
        !self.entries.is_empty() || !self.output.is_empty()
    }

    // Requests.

    pub fn submit(&mut self, command: Box<dyn InFlight>, thread: Caller) -> Result<RequestId> {
        self.submit_as(command, thread, false)
    }

    /// What comes before all others on a connection that is being made.
    pub fn open(&mut self, commands: Vec<Box<dyn InFlight>>, caller: Caller) -> Result<Vec<RequestId>> {
        let mut ids = Vec::new();
        for command in commands {
            ids.push(self.submit(command, caller)?);
        }
        for entry in &mut self.entries {
            entry.is_opening = true;
        }
        Ok(ids)
    }

    /// The same, and its answer is taken item by item, by this thread at first.
    pub fn submit_stream(&mut self, mut command: Box<dyn InFlight>, thread: Caller) -> Result<RequestId> {
        command.stream()?;
        self.submit_as(command, thread, true)
    }

    fn submit_as(
        &mut self,
        command: Box<dyn InFlight>,
        thread: Caller,
        is_stream: bool,
    ) -> Result<RequestId> {
        self.done.try_reserve(1)?;
        let id = RequestId(self.next_id);
        self.next_id += 1;
        let name = command.name();
        if let Some(ended) = &self.ended {
            let error = ended.clone().of_command(name);
            self.done.insert(id, Outcome::of(Err(error)));
            return Ok(id);
        }
        if command.is_idle() {
            if self.stage == Stage::Open && self.entries.is_empty() {
                self.facts.needs_login()?;
            }
            self.idle.hold(id, self.now)?;
        } else {
            if is_stream {
                self.streams.add(id, thread)?;
            }
            self.enqueue(id, command, thread, None, is_stream)?;
        }
        self.schedule();
        Ok(id)
    }

    fn enqueue(
        &mut self,
        id: RequestId,
        command: Box<dyn InFlight>,
        thread: Caller,
        ask: Option<Ask>,
        is_stream: bool,
    ) -> Result<()> {
        self.entries.try_reserve(1)?;
        if self.entries.iter().all(|entry| entry.ask.is_some()) {
            self.moved = self.now;
        }
        let rules = command.rules();
        let (at, round) = self.turn_of(thread, &rules);
        let entry = Entry {
            id,
            name: command.name(),
            rules,
            is_vital: command.is_vital(),
            is_dialogue: false,
            thread,
            round,
            ask,
            is_stream,
            is_begun: false,
            is_opening: false,
            transfer: Transfer::default(),
            command: Some(command),
            phase: Phase::Queued,
            tag: None,
            started: self.now,
            cancelled: None,
            failure: None,
        };
        self.entries.insert(at, entry);
        Ok(())
    }

    /// Where those requests begin that are not sent and that no change of state comes before: their order is free.
    fn free_order(&self) -> usize {
        let is_fixed = |entry: &Entry| entry.phase != Phase::Queued || entry.rules.is_barrier();
        self.entries.iter().rposition(is_fixed).map_or(0, |last| last + 1)
    }

    /// Place and round of a new request: threads take turns, so that one with many requests does not keep others
    /// waiting. What changes the state of the session goes behind all, and nothing passes it.
    fn turn_of(&self, thread: Caller, rules: &Rules) -> (usize, u64) {
        let start = self.free_order();
        let free = &self.entries[start..];
        let first = free.first().map_or(0, |entry| entry.round);
        let own = free.iter().filter(|entry| entry.thread == thread).map(|entry| entry.round + 1).max();
        let round = own.unwrap_or(first).max(first);
        let place = match rules.is_barrier() {
            true => None,
            false => free.iter().position(|entry| entry.round > round),
        };
        (start + place.unwrap_or(free.len()), round)
    }

    /// Puts a request before all others that are not sent.
    pub fn hurry(&mut self, id: RequestId) {
        let start = self.free_order();
        let found = self.entries.iter().skip(start).position(|entry| entry.id == id);
        if let Some(behind) = found {
            let mut entry = self.entries.remove(start + behind);
            entry.round = self.entries.get(start).map_or(entry.round, |first| first.round);
            self.entries.insert(start, entry);
            self.schedule();
        }
    }

    /// How far a request is: bytes sent of an upload, else received.
    pub fn transfer(&self, id: RequestId) -> Transfer {
        let entry = self.entries.iter().find(|entry| entry.id == id).map(|entry| entry.transfer);
        entry.or_else(|| self.done.get(&id).map(|outcome| outcome.transfer)).unwrap_or_default()
    }

    /// Whether nothing more is to be waited for; true also when its outcome was taken already, and when it cannot be
    /// sent before there is a new connection.
    pub fn is_done(&self, id: RequestId) -> bool {
        self.stage == Stage::Closed
            || self.done.contains_key(&id)
            || !(self.entries.iter().any(|entry| entry.id == id && entry.command.is_some())
                || self.idle.holders.contains(&id))
    }

    pub fn take(&mut self, id: RequestId) -> Option<Outcome> {
        self.done.remove(&id)
    }

    pub fn outcome(&self, id: RequestId) -> Option<&Outcome> {
        self.done.get(&id)
    }

    /// Why a request that was never sent cannot be now: it waits for a new connection.
    pub fn unsent(&self, id: RequestId) -> Option<Error> {
        let ended = self.ended.as_ref()?;
        let entry = self.entries.iter().find(|entry| entry.id == id)?;
        Some(ended.clone().of_command(entry.name))
    }

    /// How a request has failed, if it has.
    pub fn failure(&self, id: RequestId) -> Option<Error> {
        let failed = self.done.get(&id).and_then(|outcome| outcome.result.as_ref().err().cloned());
        failed.or_else(|| self.unsent(id))
    }

    /// Ends a request with `why`. What was not sent is not sent; the answer to what was is dropped as it
    /// comes, so the connection stays good.
    pub fn cancel(&mut self, id: RequestId, why: Error) {
        if let Some(at) = self.idle.holders.iter().position(|holder| *holder == id) {
            self.idle.holders.swap_remove(at);
            self.idle.lingers = false;
            self.done.insert(id, Outcome::of(Err(why.of_command("IDLE"))));
            return self.schedule();
        }
        let Some(at) = self.entries.iter().position(|entry| entry.id == id && entry.command.is_some()) else {
            return;
        };
        self.end(at, why);
        self.schedule();
    }

    /// Nobody will take this request's outcome.
    pub fn forget(&mut self, id: RequestId) {
        self.cancel(id, Error::new(IMAP_ERR_CANCELLED, "cancelled"));
        self.streams.remove(id);
        self.done.remove(&id);
        self.note_stall();
    }

    /// Gives the entry's outcome; it stays, without its command, if its line may have begun to leave.
    fn end(&mut self, at: usize, why: Error) {
        let entry = &mut self.entries[at];
        entry.command = None;
        let was_sent = entry.phase != Phase::Queued;
        let is_vital = entry.is_vital;
        let needs_caller = was_sent && self.output.needs_caller(entry.id);
        let error = Error { may_be_done: was_sent, ..why }.of_command(entry.name);
        let error = Error { is_usable: error.is_usable && !needs_caller, ..error };
        let outcome = Outcome { transfer: entry.transfer, ..Outcome::of(Err(error.clone())) };
        let id = entry.id;
        self.done.insert(id, outcome);
        self.streams.reject(id);
        self.note_stall();
        if is_vital || needs_caller {
            return self.lost(error);
        }
        let entry = &mut self.entries[at];
        if was_sent {
            entry.cancelled = Some((self.now, self.bytes_wasted));
        } else {
            self.entries.remove(at);
        }
    }

    // Sending.

    /// Writes the lines of those requests whose turn it is: in order, as far as they may overlap.
    fn schedule(&mut self) {
        if self.stage != Stage::Open {
            return;
        }
        if let Err(error) = self.tend_idle() {
            return self.lost(error);
        }
        let mut at = 0;
        while at < self.entries.len() {
            if self.entries[at].phase != Phase::Queued {
                at += 1;
            } else if !self.may_start(at) {
                return;
            } else if self.write_line(at) {
                at += 1;
            }
        }
    }

    fn may_start(&self, at: usize) -> bool {
        let in_flight = || self.entries.iter().filter(|entry| entry.phase != Phase::Queued);
        self.idle.lets_go_of(self.entries[at].ask)
            && !self.output.will_wait()
            && in_flight().count() < self.facts.settings.max_in_flight
            && in_flight().all(|other| self.entries[at].rules.may_overlap(&other.rules))
    }

    /// False: the entry is gone, because its command failed or had nothing to send.
    fn write_line(&mut self, at: usize) -> bool {
        let mut line = Line::new(self.facts.dialect());
        let entry = &mut self.entries[at];
        let Some(command) = &mut entry.command else {
            self.entries.remove(at);
            return false;
        };
        let written = command.line(&self.facts, &mut line);
        match written {
            Err(error) => {
                self.end(at, error);
                false
            }
            Ok(Next::Nothing) => {
                self.finish(at, Vec::new());
                false
            }
            Ok(next) => {
                let is_secret = line.is_secret();
                let is_dialogue = command.is_dialogue();
                let supplies = command.supplies();
                let total: u64 = supplies.iter().flatten().map(|supply| supply.size).sum();
                entry.transfer.total = (total > 0).then_some(total);
                let tag = self.tags.next();
                let id = entry.id;
                let pieces = line.finish();
                let pushed = pieces
                    .and_then(|pieces| Ok(self.output.push_line(id, tag, pieces, supplies, is_secret)?));
                if let Err(error) = pushed {
                    // Half a line may be in the output: nothing can follow it.
                    self.lost(error);
                    return false;
                }
                entry.tag = Some(tag);
                entry.phase = Phase::Sending;
                entry.is_begun = true;
                entry.is_dialogue = is_dialogue;
                if next == Next::SendAndUnselect {
                    self.unselect();
                }
                true
            }
        }
    }

    /// What can be sent now.
    pub fn output(&self) -> &[u8] {
        self.output.bytes()
    }

    pub fn sent(&mut self, bytes: usize) {
        self.moved = self.now;
        self.bytes_sent += bytes as u64;
        let owner = self.output.owner();
        let entries = &mut self.entries;
        if let Some(entry) = entries.iter_mut().find(|entry| Some(entry.id) == owner) {
            entry.transfer.done += bytes as u64;
        }
        self.output.advance(bytes, |id| {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) {
                entry.phase = Phase::Sent;
            }
        });
    }

    /// The upload that cannot go on without more bytes: whose it is, where they come from, how many it takes.
    pub fn hungry(&self) -> Option<(RequestId, &UploadSource, usize)> {
        self.output.hungry()
    }

    /// Gives that upload its next bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.moved = self.now;
        Ok(self.output.feed(bytes)?)
    }

    /// That upload cannot go on: its literal has begun, so the connection ends.
    pub fn starve(&mut self, why: Error) {
        let Some((id, ..)) = self.output.hungry() else { return };
        match self.entries.iter().position(|entry| entry.id == id && entry.command.is_some()) {
            Some(at) => self.end(at, why),
            None => self.lost(why),
        }
    }

    /// Bytes of a literal that a stream's reader takes.
    pub(super) fn read(&mut self, bytes: usize) {
        let owner = self.streams.offer.as_ref().map(|offer| offer.owner);
        if let Some(entry) = self.entries.iter_mut().find(|entry| Some(entry.id) == owner) {
            entry.transfer.done += bytes as u64;
        }
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.moved = self.now;
        self.bytes_received += bytes as u64;
    }

    // The connection.

    /// The transport stands: the greeting is due.
    pub fn connected(&mut self, is_tls: bool) {
        self.facts.is_tls = is_tls;
        self.stage = Stage::Greeting;
        self.moved = self.now;
    }

    /// The server said yes to STARTTLS: begin TLS, then call `secured`.
    pub fn wants_tls(&self) -> bool {
        self.stage == Stage::Securing
    }

    /// TLS stands: what was learnt in the clear is void.
    pub fn secured(&mut self) {
        self.facts.is_tls = true;
        self.facts.capabilities = None;
        self.facts.greeting.clear();
        self.events.clear();
        self.stage = Stage::Open;
        self.moved = self.now;
        self.schedule();
    }

    /// Input must not go on: TLS begins here, or the session is over.
    pub fn wants_stop(&self) -> bool {
        matches!(self.stage, Stage::Securing | Stage::Closed)
    }

    /// Input must wait for a stream's reader.
    pub fn is_stalled(&self) -> bool {
        self.stalled_since.is_some()
    }

    /// The connection has ended: every request ends with `why`.
    pub fn lost(&mut self, why: Error) {
        if self.stage == Stage::Closed {
            return;
        }
        let why = self.with_goodbye(why);
        self.stage = Stage::Closed;
        self.facts.state = IMAP_STATE_LOGOUT;
        self.remember();
        self.output.clear();
        for id in std::mem::take(&mut self.idle.holders) {
            self.done.insert(id, Outcome::of(Err(why.clone().of_command("IDLE"))));
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
                    let may_be_done = entry.phase != Phase::Queued;
                    let error = entry.failure.unwrap_or_else(|| why.clone());
                    Err(Error { is_usable: false, may_be_done, ..error }.of_command(entry.name))
                }
            };
            if entry.ask.is_none() {
                self.done.insert(entry.id, Outcome { transfer: entry.transfer, ..Outcome::of(result) });
            }
        }
        self.events.push(event::connection(Some(&why.message)).ok(), self.facts.settings.max_events);
        self.cause = Some(why.clone());
        // Later calls find the connection closed, whatever it was that closed it.
        self.ended = Some(match why.status {
            IMAP_ERR_CLOSED => why,
            _ => Error::fatal(IMAP_ERR_CLOSED, format!("the connection was closed before: {}", why.message)),
        });
    }

    /// Keeps what a new connection needs to begin where this one ended.
    fn remember(&mut self) {
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
        let ids = self.open(commands, caller)?;
        self.entries.try_reserve(kept.len())?;
        self.entries.extend(kept.into_iter().map(|entry| Entry { started: now, ..entry }));
        Ok(ids)
    }

    /// The server's goodbye explains an end of the stream better than the end itself.
    fn with_goodbye(&self, why: Error) -> Error {
        match &self.bye {
            Some((text, _))
                if matches!(why.status, IMAP_ERR_CLOSED | IMAP_ERR_TIMEOUT) && why.reply.is_none() =>
            {
                let reply = crate::error::ServerReply { text: text.clone(), is_early: self.facts.is_early() };
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

    // Time.

    /// When `expire` has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let settings = &self.facts.settings;
        let silence = match self.stage {
            Stage::Greeting => settings.greeting_timeout,
            Stage::Open if self.has_live_request() => settings.command_timeout,
            _ => None,
        };
        let idle = self.may_tend_idle().then(|| self.idle.due(&self.facts)).flatten();
        let total = |entry: &Entry| Some(entry.started + settings.command_deadline?);
        let drain = |entry: &Entry| {
            let (since, _) = entry.cancelled.filter(|_| self.stalled_since.is_none())?;
            Some(since + settings.drain_timeout)
        };
        let bye = self.bye.as_ref().map(|(_, at)| *at + settings.close_timeout);
        self.entries
            .iter()
            .flat_map(|entry| [total(entry), drain(entry)])
            .chain([silence.map(|silence| self.moved + silence), bye, idle])
            .flatten()
            .min()
    }

    /// Whether something of IDLE could be sent if its time had come: else its time is no reason to look.
    fn may_tend_idle(&self) -> bool {
        self.stage == Stage::Open
            && match self.idle.stage {
                IdleStage::Off => self.entries.is_empty(),
                IdleStage::Running { .. } => self.output.is_empty(),
                IdleStage::Asked | IdleStage::Ending { .. } => true,
            }
    }

    /// The server owes an answer; while a stream's reader or an upload's writer is waited for, it owes none, but
    /// those who wait behind them do not wait for ever.
    fn has_live_request(&self) -> bool {
        self.entries.iter().any(|entry| self.can_be_late(entry))
    }

    fn can_be_late(&self, entry: &Entry) -> bool {
        let is_idle = entry.ask == Some(Ask::Idle) && self.idle.stage != IdleStage::Asked;
        if entry.command.is_none() || is_idle {
            return false;
        }
        match (self.streams.stalled_by(), self.output.hungry()) {
            (Some(reading), _) => entry.id != reading || self.streams.is_awaited,
            (None, Some((writing, ..))) => entry.id != writing,
            (None, None) => entry.phase != Phase::Queued,
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

    fn drains_too_long(&self, settings: &Settings) -> bool {
        self.entries.iter().filter_map(|entry| entry.cancelled).any(|(since, wasted)| {
            (self.stalled_since.is_none() && self.now >= since + settings.drain_timeout)
                || self.bytes_wasted - wasted > settings.drain_bytes
        })
    }

    // Receiving.

    /// What becomes of a large literal whose response begins with `head`.
    pub(super) fn literal(&mut self, head: &Response<'_>, size: u64) -> Result<Sink> {
        let owners = || self.entries.iter().filter(|entry| takes_literals(entry));
        if owners().next().is_some() && owners().all(|entry| entry.command.is_none()) {
            return Ok(Sink::Drop);
        }
        if let Some(owner) = owners().find(|entry| entry.is_stream && entry.command.is_some()) {
            if let Some(found) = fetch::head(head) {
                let label = copy(found.label)?;
                let (owner, uid, number) = (owner.id, found.uid.unwrap_or(0), found.number);
                self.streams.offer = Some(Offer { owner, label, uid, number, size, choice: Choice::Open });
                self.note_stall();
                return Ok(Sink::Offer);
            }
        }
        self.hold_literal(head.bytes, size)
    }

    /// What the reader has made of the literal that it was offered.
    pub(super) fn choice(&mut self) -> Result<Choice> {
        let limit = self.facts.settings.max_literal;
        let Some(offer) = self.streams.offer.take() else { return Ok(Choice::Drop) };
        match offer.choice {
            Choice::Hold => {
                let sink = self.hold_literal(&offer.label, offer.size)?;
                debug_assert!(offer.size <= limit || sink == Sink::Drop);
                self.note_stall();
                Ok(if sink == Sink::Hold { Choice::Hold } else { Choice::Drop })
            }
            Choice::Drop => {
                self.note_stall();
                Ok(Choice::Drop)
            }
            open => {
                self.streams.offer = Some(offer);
                Ok(open)
            }
        }
    }

    /// The literal that was read piece by piece is over.
    pub(super) fn literal_read(&mut self) {
        self.streams.offer = None;
        self.note_stall();
    }

    /// Bytes that nobody wants.
    pub(super) fn wasted(&mut self, bytes: usize) {
        self.bytes_wasted += bytes as u64;
    }

    fn hold_literal(&mut self, head: &[u8], size: u64) -> Result<Sink> {
        let limit = self.facts.settings.max_literal;
        if size <= limit {
            return Ok(Sink::Hold);
        }
        let head = quote(head);
        for at in (0..self.entries.len()).rev() {
            if takes_literals(&self.entries[at]) && self.entries[at].command.is_some() {
                let message = format!(
                    "a literal of {size} bytes is larger than the {limit} of IMAP_OPTION_MAX_LITERAL: {head}"
                );
                self.end(at, Error::new(IMAP_ERR_LIMIT, message));
            }
        }
        Ok(Sink::Drop)
    }

    // Streams.

    /// The request whose reader must go on before anything else can.
    pub fn stalled_by(&self) -> Option<RequestId> {
        self.streams.stalled_by()
    }

    pub fn step_aside(&mut self, stream: RequestId, reader: Caller) -> Result<()> {
        let result = self.streams.step_aside(stream, reader);
        self.note_stall();
        result
    }

    /// Whether an item or a literal of this stream can be taken, or none will come.
    pub fn has_item(&self, id: RequestId) -> bool {
        self.streams.has_any(id) || self.is_done(id)
    }

    pub fn next_item(&mut self, id: RequestId, reader: Caller) -> Option<Item> {
        let item = self.streams.next(id, reader);
        self.note_stall();
        item
    }

    pub fn put_back(&mut self, id: RequestId, item: Item) {
        self.streams.put_back(id, item);
    }

    pub fn next_section(&mut self, id: RequestId, reader: Caller) -> Result<Option<Section>> {
        Ok(self.streams.next_section(id, reader)?)
    }

    pub fn has_items(&self, id: RequestId) -> bool {
        self.streams.has_items(id)
    }

    /// The literal that this stream is offered, or reads.
    pub fn offer(&self, id: RequestId) -> Option<&Offer> {
        self.streams.offer.as_ref().filter(|offer| offer.owner == id)
    }

    pub fn choose(&mut self, id: RequestId, choice: Choice) {
        self.streams.choose(id, choice);
        self.note_stall();
    }

    /// Whether a literal of this stream is being read piece by piece.
    pub fn is_reading(&self, id: RequestId) -> bool {
        self.offer(id).is_some_and(|offer| offer.choice == Choice::Read)
    }

    /// Whether a thread waits for bytes of the literal that is read piece by piece: from then on the server is late.
    pub fn set_awaited(&mut self, is_awaited: bool) {
        self.streams.is_awaited = is_awaited;
        self.moved = self.moved.max(self.now);
    }

    /// The reader of a literal gives the rest of it up.
    pub fn drop_literal(&mut self, id: RequestId) {
        if let Some(offer) = self.streams.offer.as_mut().filter(|offer| offer.owner == id) {
            offer.choice = Choice::Drop;
        }
        self.note_stall();
    }

    /// Keeps account of how long the connection stands still: the server is not to be blamed for that time.
    fn note_stall(&mut self) {
        match (self.streams.stalled_by().is_some(), self.stalled_since) {
            (true, None) => self.stalled_since = Some(self.now),
            (false, Some(since)) => {
                self.stalled_since = None;
                self.moved = self.now;
                for entry in &mut self.entries {
                    entry.cancelled = entry.cancelled.map(|(at, wasted)| (at + (self.now - since), wasted));
                }
            }
            _ => {}
        }
    }

    /// Whether a literal of some stream has begun to arrive and is not held.
    pub fn has_offer(&self) -> bool {
        self.streams.offer.is_some()
    }

    /// Why the connection has ended, if it has.
    pub fn cause(&self) -> Option<&Error> {
        self.cause.as_ref()
    }

    /// Ends all requests.
    pub fn cancel_all(&mut self) {
        let entries = self.entries.iter().filter(|entry| entry.ask.is_none()).map(|entry| entry.id);
        let all: Vec<RequestId> = entries.chain(self.idle.holders.iter().copied()).collect();
        for id in all {
            self.cancel(id, Error::new(IMAP_ERR_CANCELLED, "cancelled by imap_cancel()"));
        }
    }

    // Handlers.

    /// From here on every response is kept as an event, or no longer.
    pub fn observe(&mut self, is_observed: bool) {
        match is_observed {
            true => drop(self.observed.get_or_insert_default()),
            false => self.observed = None,
        }
    }

    pub fn has_observed(&self) -> bool {
        self.observed.as_ref().is_some_and(|observed| !observed.is_empty())
    }

    pub fn take_observed(&mut self) -> VecDeque<Box<Owned<Event>>> {
        self.observed.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Large literals are left out: whoever asked for them gets them.
    fn show(&mut self, response: &Response<'_>) -> Result<()> {
        if self.observed.is_none() {
            return Ok(());
        }
        let mut none = Vec::new();
        none.try_reserve_exact(response.big.len())?;
        none.extend(response.big.iter().map(|_| std::cell::Cell::default()));
        let event = self.event_of(&Response { big: &none, ..*response })?;
        if let Some(observed) = &mut self.observed {
            observed.try_reserve(1)?;
            observed.push_back(event);
        }
        Ok(())
    }

    fn event_of(&self, response: &Response<'_>) -> Result<Box<Owned<Event>>, crate::error::NoMemory> {
        let facts = &self.facts;
        Owned::build(|arena| {
            arena.set_limit(facts.settings.max_result);
            event::event(response, facts.is_early(), facts.is_utf8, arena)
        })
    }

    // IDLE.

    /// Begins IDLE when it is wanted and nothing else is to be done, ends it when something is.
    fn tend_idle(&mut self) -> Result<()> {
        let has_others = self.entries.iter().any(|entry| entry.phase == Phase::Queued);
        match self.idle.stage {
            IdleStage::Running { since }
                if self.output.is_empty()
                    && (has_others || self.idle.is_over(since, self.now, &self.facts)) =>
            {
                self.idle.stage = IdleStage::Ending { since: self.now };
                self.output.push(b"DONE\r\n", false)?;
            }
            IdleStage::Off if self.entries.is_empty() && self.facts.needs_login().is_ok() => {
                for question in self.idle.next_questions(self.now, &self.facts)? {
                    let id = RequestId(self.next_id);
                    self.next_id += 1;
                    let ask = Some(question.ask);
                    self.enqueue(id, crate::model::try_box(question)?, Caller(0), ask, false)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whoever waits for news hears of these mailboxes too.
    pub fn watch(&mut self, mailboxes: &[&str]) -> Result<()> {
        self.idle.watch(mailboxes, self.now);
        self.schedule();
        Ok(())
    }

    /// Ends a wait for news that was successful: IDLE goes on until something is sent, since the next such wait
    /// mostly follows.
    pub fn release_idle(&mut self, id: RequestId) {
        self.idle.holders.retain(|holder| *holder != id);
        self.idle.lingers = true;
    }

    /// Whether there is an event to take.
    pub fn has_event(&self) -> bool {
        self.events.has_any()
    }

    /// One complete response. An error ends the connection.
    pub(super) fn response(&mut self, response: &Response<'_>) -> Result<()> {
        self.show(response)?;
        let head = Head::of(response);
        if self.stage == Stage::Greeting {
            return self.greeting(response, head);
        }
        match head {
            Head::Continue { text } => self.continuation(response, text),
            Head::Tagged { tag, condition, text } => self.tagged(response, tag, condition, text),
            Head::Untagged { number, name, rest } => {
                self.untagged(&Untagged { response: *response, number, name, rest, condition: None })
            }
            Head::Condition { condition, text } => self.untagged(&Untagged {
                response: *response,
                number: None,
                name: condition.name().as_bytes(),
                rest: text,
                condition: Some(condition),
            }),
            Head::Unknown => Ok(()),
        }
    }

    /// `greeting = "*" SP (resp-cond-auth / resp-cond-bye) CRLF`; anything else ends the connection.
    fn greeting(&mut self, response: &Response<'_>, head: Head<'_>) -> Result<()> {
        let is_untagged = response.bytes.starts_with(b"*");
        let (condition, text) = match head {
            Head::Condition { condition, text } if is_untagged => (condition, &response.bytes[text..]),
            _ => return Err(not_imap(response.bytes)),
        };
        match condition {
            Condition::Ok => self.facts.state = IMAP_STATE_NOT_AUTHENTICATED,
            Condition::Preauth => self.facts.state = IMAP_STATE_AUTHENTICATED,
            Condition::Bye => {
                self.bye = Some((copy(text)?, self.now));
                return Err(Error::fatal(IMAP_ERR_CLOSED, "the server refused the connection"));
            }
            _ => return Err(not_imap(response.bytes)),
        }
        self.facts.greeting = copy(text)?;
        self.note_code(text)?;
        self.stage = Stage::Open;
        self.moved = self.now;
        self.schedule();
        Ok(())
    }

    /// "+": the first literal that waits may go, or a command is asked for more. One that nobody expects is passed
    /// over, unless a command takes whatever comes.
    fn continuation(&mut self, response: &Response<'_>, text: &[u8]) -> Result<()> {
        if self.output.waiting().is_some() {
            self.output.go_on();
            return Ok(());
        }
        let is_idle = |entry: &Entry| entry.ask == Some(Ask::Idle) && entry.phase == Phase::Sent;
        if self.idle.stage == IdleStage::Asked && self.entries.iter().any(is_idle) {
            self.idle.stage = IdleStage::Running { since: self.now };
            self.schedule();
            return Ok(());
        }
        let asked = |entry: &&mut Entry| entry.phase == Phase::Sent && entry.is_dialogue;
        let Some(entry) = self.entries.iter_mut().find(asked) else {
            let untagged =
                Untagged { response: *response, number: None, name: b"+", rest: 1, condition: None };
            if let Some(at) = self.owner(&untagged) {
                self.offer_to(at, &untagged);
            }
            return Ok(());
        };
        let answer = match &mut entry.command {
            Some(command) if entry.failure.is_none() => command.challenge(text),
            _ => Err(Error::new(IMAP_ERR_CANCELLED, "cancelled")),
        };
        let pushed = match &answer {
            Ok(answer) => self.output.push(answer.as_bytes(), true),
            Err(_) => self.output.push(b"*", false),
        };
        entry.failure = entry.failure.take().or(answer.err());
        Ok(pushed.and_then(|()| self.output.push(b"\r\n", false))?)
    }

    fn tagged(
        &mut self,
        response: &Response<'_>,
        tag: &[u8],
        condition: Condition,
        text: usize,
    ) -> Result<()> {
        let found = self.entries.iter().position(|entry| {
            entry.tag.is_some_and(|known| known.as_bytes() == tag) && entry.phase != Phase::Queued
        });
        // A reply to nothing that we asked: passed over.
        let Some(at) = found else { return Ok(()) };
        if self.entries[at].phase == Phase::Sending {
            if condition == Condition::Ok || self.output.waiting() != Some(self.entries[at].id) {
                let message = "the server answered a command before it was sent";
                return Err(Error::fatal(IMAP_ERR_PROTOCOL, message));
            }
            self.output.drop_line();
        }
        self.note_code(response.bytes.get(text..).unwrap_or_default())?;
        let is_early = self.facts.is_early();
        self.idle.rest(self.now);
        if let Some(ask) = self.entries[at].ask {
            self.entries.remove(at);
            self.idle.ended(ask, condition == Condition::Ok, self.now);
            self.schedule();
            return Ok(());
        }
        let entry = &mut self.entries[at];
        entry.phase = Phase::Queued;
        entry.tag = None;
        let reply = Reply { response: *response, condition, text, is_early, command: entry.name };
        let step = match (&mut entry.command, entry.failure.take()) {
            (None, _) => {
                self.entries.remove(at);
                self.schedule();
                return Ok(());
            }
            // We gave up, the server did not: it takes us for somebody that we are not.
            (Some(_), Some(failure)) => {
                Err(Error { is_usable: failure.is_usable && !reply.is_ok(), ..failure })
            }
            (Some(command), None) => {
                let step = command.tagged(&reply, &self.facts);
                if let Some(item) = command.item() {
                    self.streams.push(entry.id, item)?;
                }
                step
            }
        };
        match step {
            Ok(step) => {
                let is_fatal = self.apply(step.effect);
                if step.is_done {
                    let sent = copy(response.bytes)?;
                    self.finish(at, sent);
                } else if let Some(command) = &self.entries[at].command {
                    self.entries[at].rules = command.rules();
                }
                is_fatal?;
            }
            Err(error) => {
                let sent = copy(response.bytes)?;
                let entry = self.entries.remove(at);
                let closes = entry.is_vital || !error.is_usable;
                let error = Error { is_usable: !closes, ..error.of_command(entry.name) };
                let why = closes.then(|| error.clone());
                self.done
                    .insert(entry.id, Outcome { result: Err(error), reply: sent, transfer: entry.transfer });
                if let Some(why) = why {
                    return Err(why);
                }
            }
        }
        self.schedule();
        Ok(())
    }

    /// The call is over: its value is made.
    fn finish(&mut self, at: usize, reply: Vec<u8>) {
        let entry = self.entries.remove(at);
        if entry.is_opening && !self.entries.iter().any(|entry| entry.is_opening) {
            self.events.push(event::connection(None).ok(), self.facts.settings.max_events);
        }
        if let Some(command) = entry.command {
            let result = command.finish().map_err(|error| error.of_command(entry.name));
            self.done.insert(entry.id, Outcome { result, reply, transfer: entry.transfer });
        }
    }

    fn apply(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::None => {}
            Effect::Authenticated => self.facts.state = IMAP_STATE_AUTHENTICATED,
            Effect::Selected(mut mirror) => {
                let compares = self.facts.settings.is_kept && mirror.highest_modseq.is_none();
                mirror.seen = compares.then(Seen::default);
                self.facts.selected = Some(mirror);
                self.facts.state = IMAP_STATE_SELECTED;
            }
            Effect::Unselected => self.unselect(),
            Effect::Enabled(names) => {
                self.facts.is_utf8 |= names.iter().any(|name| name == "UTF8=ACCEPT" || name == "IMAP4REV2");
                self.facts.enabled.extend(names);
            }
            Effect::StartTls => self.stage = Stage::Securing,
            Effect::Logout => {
                self.bye = None;
                let message = "the connection was closed by imap_logout(): connect anew";
                return Err(Error::fatal(IMAP_ERR_CLOSED, message));
            }
        }
        Ok(())
    }

    fn unselect(&mut self) {
        self.facts.selected = None;
        if self.facts.state == IMAP_STATE_SELECTED {
            self.facts.state = IMAP_STATE_AUTHENTICATED;
        }
    }

    fn untagged(&mut self, untagged: &Untagged<'_>) -> Result<()> {
        if untagged.condition == Some(Condition::Bye) {
            self.goodbye(untagged)?;
        }
        if !self.note(untagged)? {
            return Ok(());
        }
        let is_taken = match self.owner(untagged) {
            None => false,
            Some(at) => match self.entries[at].ask {
                Some(Ask::Status(watched)) => self.idle.is_old(watched, untagged.response.bytes)?,
                _ => self.offer_to(at, untagged),
            },
        };
        if !is_taken {
            self.tell(untagged);
        }
        Ok(())
    }

    /// The first goodbye starts the clock, a second one ends the matter: some servers repeat it for ever.
    fn goodbye(&mut self, untagged: &Untagged<'_>) -> Result<()> {
        if self.bye.is_some() {
            return Err(Error::fatal(IMAP_ERR_CLOSED, "the server said goodbye"));
        }
        let text = untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
        self.bye = Some((copy(text)?, self.now));
        Ok(())
    }

    /// Whose response this is, by its head alone.
    fn owner(&self, untagged: &Untagged<'_>) -> Option<usize> {
        let in_flight = || self.entries.iter().enumerate().filter(|(_, entry)| entry.phase != Phase::Queued);
        let uid = (untagged.is("FETCH")).then(|| fetch::uid(&untagged.response, untagged.rest)).flatten();
        in_flight()
            .find(|(_, entry)| claims(&entry.rules.claim, untagged, uid, &self.facts))
            .map(|(at, _)| at)
    }

    fn offer_to(&mut self, at: usize, untagged: &Untagged<'_>) -> bool {
        let size = untagged.response.bytes.len();
        let entry = &mut self.entries[at];
        let Some(command) = &mut entry.command else {
            self.bytes_wasted += size as u64;
            return true;
        };
        entry.transfer.done += if entry.transfer.total.is_none() { size as u64 } else { 0 };
        let (id, is_stream) = (entry.id, entry.is_stream);
        let taken = command.untagged(untagged, &self.facts).and_then(|is_taken| {
            if let Some(item) = is_stream.then(|| command.item()).flatten() {
                self.streams.push(id, item)?;
            }
            Ok(is_taken)
        });
        self.note_stall();
        match taken {
            Ok(is_taken) => is_taken,
            Err(error) => {
                self.end(at, error);
                true
            }
        }
    }

    /// Puts a response that nobody asked for where the caller finds it.
    fn tell(&mut self, untagged: &Untagged<'_>) {
        let made = self.event_of(&untagged.response);
        self.events.push(made.ok(), self.facts.settings.max_events);
    }

    /// The selected mailbox as it is now.
    pub fn selected(&self) -> Result<Box<Owned<Selected>>> {
        match &self.ended {
            Some(ended) => Err(ended.clone()),
            None => Ok(self.facts.needs_selected()?.result()?),
        }
    }

    /// Nobody needs to be told that the connection stands.
    pub fn connection_known(&mut self) {
        self.events.drop_connected();
    }

    pub fn next_event(&mut self) -> Option<Box<Owned<Event>>> {
        self.events.pop()
    }

    /// Keeps the facts up to date. False: the response is nonsense, to be passed over.
    fn note(&mut self, untagged: &Untagged<'_>) -> Result<bool> {
        if untagged.condition.is_some() {
            self.note_code(untagged.response.bytes.get(untagged.rest..).unwrap_or_default())?;
            return Ok(true);
        }
        if untagged.is("CAPABILITY") {
            let atoms = untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
            self.learn_capabilities(atoms)?;
            return Ok(true);
        }
        let Some(mirror) = self.facts.selected.as_deref_mut() else { return Ok(true) };
        if let Some(seen) = mirror.seen.as_mut().filter(|_| untagged.is("FETCH")) {
            let uid = fetch::uid(&untagged.response, untagged.rest);
            if let (Some(uid), Some(mark)) = (uid, Seen::mark_of(&untagged.response, untagged.rest)) {
                seen.note(uid, mark)?;
            }
        }
        match untagged.number {
            Some(number) if untagged.is("EXISTS") => mirror.exists = Some(number),
            Some(number) if untagged.is("RECENT") => mirror.recent = number,
            Some(number) if untagged.is("EXPUNGE") => {
                let exists = mirror.exists.unwrap_or(u32::MAX);
                if number == 0 || number > exists {
                    return Ok(false);
                }
                mirror.exists = mirror.exists.map(|exists| exists - 1);
            }
            None if untagged.is("FLAGS") => {
                mirror.flags = copy(untagged.response.bytes.get(untagged.rest..).unwrap_or_default())?;
            }
            _ => {}
        }
        Ok(true)
    }

    fn learn_capabilities(&mut self, atoms: &[u8]) -> Result<()> {
        self.facts.capabilities = Some(Capabilities::from_atoms(capability_list::atoms(atoms))?);
        self.facts.capabilities_told = self.facts.capabilities_told.wrapping_add(1);
        Ok(())
    }

    /// What a response code says of the connection or the selected mailbox.
    fn note_code(&mut self, resp_text: &[u8]) -> Result<()> {
        let Some((code, _)) = code::head(resp_text) else { return Ok(()) };
        if code.name.eq_ignore_ascii_case(b"CAPABILITY") {
            self.learn_capabilities(code.argument)?;
        } else if code.name.eq_ignore_ascii_case(b"CLOSED") {
            self.facts.selected = None;
        } else if let Some(mirror) = self.facts.selected.as_deref_mut() {
            mirror.note_code(&code)?;
        }
        Ok(())
    }
}

impl Mirror {
    /// What a response code says of this mailbox.
    pub fn note_code(&mut self, code: &code::CodeHead<'_>) -> Result<()> {
        let is = |name: &[u8]| code.name.eq_ignore_ascii_case(name);
        let number =
            || std::str::from_utf8(code.argument).ok().and_then(|text| text.trim().parse::<u64>().ok());
        let number32 = || number().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        if is(b"UIDVALIDITY") {
            self.uid_validity = number32();
        } else if is(b"UIDNEXT") {
            self.uid_next = number32();
        } else if is(b"UNSEEN") {
            self.first_unseen = number32();
        } else if is(b"HIGHESTMODSEQ") {
            self.highest_modseq = number().filter(|modseq| *modseq > 0);
        } else if is(b"NOMODSEQ") {
            self.highest_modseq = None;
        } else if is(b"UIDNOTSTICKY") {
            self.uids_change = true;
        } else if is(b"READ-ONLY") {
            self.is_read_only = true;
        } else if is(b"READ-WRITE") {
            self.is_read_only = false;
        } else if is(b"PERMANENTFLAGS") {
            self.permanent_flags = copy(code.argument)?;
        } else if is(b"MAILBOXID") {
            let id = code.argument.trim_ascii();
            let id = id.strip_prefix(b"(").unwrap_or(id);
            self.mailbox_id = copy(id.strip_suffix(b")").unwrap_or(id))?;
        }
        Ok(())
    }
}

fn takes_literals(entry: &Entry) -> bool {
    entry.phase != Phase::Queued && matches!(entry.rules.claim, Claim::Fetch(_) | Claim::Everything)
}

fn claims(claim: &Claim, untagged: &Untagged<'_>, uid: Option<u32>, facts: &Facts) -> bool {
    match claim {
        Claim::Nothing => false,
        Claim::Everything => true,
        Claim::Named(names) => names.iter().any(|name| untagged.is(name)),
        Claim::Status(mailbox) => {
            let is_about = || status::is_about(&untagged.response, untagged.rest, mailbox, facts.is_utf8);
            untagged.is("STATUS") && is_about().unwrap_or(false)
        }
        Claim::Fetch(messages) => {
            untagged.is("FETCH")
                && match (messages.by_uid, uid, untagged.number) {
                    (true, Some(uid), _) => messages.contains(uid),
                    (false, _, Some(number)) => messages.contains(number),
                    _ => false,
                }
        }
        Claim::Expunge => untagged.is("EXPUNGE") || untagged.is("VANISHED"),
        Claim::Copied => untagged.condition.is_some() || untagged.is("EXPUNGE") || untagged.is("VANISHED"),
    }
}

fn not_imap(line: &[u8]) -> Error {
    Error::fatal(IMAP_ERR_PROTOCOL, format!("this is no IMAP server: it greets with \"{}\"", quote(line)))
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copied = Vec::new();
    copied.try_reserve_exact(bytes.len())?;
    copied.extend_from_slice(bytes);
    Ok(copied)
}
