//! The protocol as a state machine: tags, continuations, who owns which response, the selected mailbox,
//! capabilities, events, scheduling. No sockets, no threads, no clock: bytes and time come in as values.

#![forbid(unsafe_code)]

mod capability;
mod command;
mod events;
mod facts;
mod input;
mod output;
mod overlap;
mod tag;

use std::any::Any;
use std::collections::HashMap;
use std::time::{Duration, Instant};

pub use capability::Capabilities;
pub use command::{Command, Effect, InFlight, Next, Reply, Step, Untagged, quote};
use events::Events;
pub use facts::{Facts, Mirror, Settings, unsupported};
pub use input::{Got, Input, Source, Turn};
use output::Output;
pub use overlap::{Claim, Mailboxes, Messages, Rules, Sequence};
use tag::{Tag, Tags};

use crate::error::{Error, Result, imap_status::*};
use crate::model::{Event, Owned, Selected, imap_state::*};
use crate::wire::cursor::Response;
use crate::wire::line::Line;
use crate::wire::response::{Condition, Head};
use crate::wire::{capability as capability_list, code, event, fetch, status};

/// One call in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

/// What becomes of a large literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    Hold,
    Drop,
}

/// How a request ended.
pub struct Outcome {
    pub result: Result<Box<dyn Any + Send>>,
    /// The last tagged reply as sent, if there was one.
    pub reply: Vec<u8>,
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
    output: Output,
    tags: Tags,
    next_id: u64,
    now: Instant,
    /// When a byte last moved, or the session last began to wait.
    moved: Instant,
    /// The server said goodbye: its words, and when.
    bye: Option<(Vec<u8>, Instant)>,
    ended: Option<Error>,
    bytes_received: u64,
    bytes_sent: u64,
}

struct Entry {
    id: RequestId,
    name: &'static str,
    is_vital: bool,
    /// The server may ask for more behind its line.
    is_dialogue: bool,
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
    pub fn new(settings: Settings, random: [u8; 6], now: Instant) -> Session {
        Session {
            facts: Facts::new(settings),
            stage: Stage::Connecting,
            entries: Vec::new(),
            done: HashMap::new(),
            events: Events::default(),
            output: Output::default(),
            tags: Tags::new(random),
            next_id: 1,
            now,
            moved: now,
            bye: None,
            ended: None,
            bytes_received: 0,
            bytes_sent: 0,
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

    /// Whether anything waits for the server.
    pub fn is_busy(&self) -> bool {
        !self.entries.is_empty() || !self.output.is_empty()
    }

    // Requests.

    pub fn submit(&mut self, command: Box<dyn InFlight>) -> Result<RequestId> {
        self.entries.try_reserve(1)?;
        self.done.try_reserve(1)?;
        let id = RequestId(self.next_id);
        self.next_id += 1;
        let name = command.name();
        if let Some(ended) = &self.ended {
            let error = ended.clone().of_command(name);
            self.done.insert(id, Outcome { result: Err(error), reply: Vec::new() });
            return Ok(id);
        }
        if self.entries.is_empty() {
            self.moved = self.now;
        }
        self.entries.push(Entry {
            id,
            name,
            rules: command.rules(),
            is_vital: command.is_vital(),
            is_dialogue: false,
            command: Some(command),
            phase: Phase::Queued,
            tag: None,
            started: self.now,
            cancelled: None,
            failure: None,
        });
        self.schedule();
        Ok(id)
    }

    /// Whether nothing more is to be waited for; true also when its outcome was taken already.
    pub fn is_done(&self, id: RequestId) -> bool {
        self.done.contains_key(&id)
            || !self.entries.iter().any(|entry| entry.id == id && entry.command.is_some())
    }

    pub fn take(&mut self, id: RequestId) -> Option<Outcome> {
        self.done.remove(&id)
    }

    pub fn outcome(&self, id: RequestId) -> Option<&Outcome> {
        self.done.get(&id)
    }

    /// Ends a request with `why`. What was not sent is not sent; the answer to what was is dropped as it
    /// comes, so the connection stays good.
    pub fn cancel(&mut self, id: RequestId, why: Error) {
        let Some(at) = self.entries.iter().position(|entry| entry.id == id && entry.command.is_some()) else {
            return;
        };
        self.end(at, why);
        self.schedule();
    }

    /// Nobody will take this request's outcome.
    pub fn forget(&mut self, id: RequestId) {
        self.cancel(id, Error::new(IMAP_ERR_CANCELLED, "cancelled"));
        self.done.remove(&id);
    }

    /// Gives the entry's outcome; it stays, without its command, if its line may have begun to leave.
    fn end(&mut self, at: usize, why: Error) {
        let entry = &mut self.entries[at];
        entry.command = None;
        let was_sent = entry.phase != Phase::Queued;
        let is_vital = entry.is_vital;
        let error = Error { may_be_done: was_sent, ..why }.of_command(entry.name);
        self.done.insert(entry.id, Outcome { result: Err(error.clone()), reply: Vec::new() });
        if is_vital {
            return self.lost(error);
        }
        let entry = &mut self.entries[at];
        if was_sent {
            entry.cancelled = Some((self.now, self.bytes_received));
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
        !self.output.will_wait()
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
                let tag = self.tags.next();
                let id = entry.id;
                let pieces = line.finish();
                let pushed =
                    pieces.and_then(|pieces| Ok(self.output.push_line(id, tag, pieces, is_secret)?));
                if let Err(error) = pushed {
                    // Half a line may be in the output: nothing can follow it.
                    self.lost(error);
                    return false;
                }
                entry.tag = Some(tag);
                entry.phase = Phase::Sending;
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
        let entries = &mut self.entries;
        self.output.advance(bytes, |id| {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) {
                entry.phase = Phase::Sent;
            }
        });
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

    /// The connection has ended: every request ends with `why`.
    pub fn lost(&mut self, why: Error) {
        if self.stage == Stage::Closed {
            return;
        }
        let why = self.with_goodbye(why);
        self.stage = Stage::Closed;
        self.facts.state = IMAP_STATE_LOGOUT;
        self.facts.selected = None;
        self.output.clear();
        for entry in std::mem::take(&mut self.entries) {
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
            self.done.insert(entry.id, Outcome { result, reply: Vec::new() });
        }
        // Later calls find the connection closed, whatever it was that closed it.
        self.ended = Some(match why.status {
            IMAP_ERR_CLOSED => why,
            _ => Error::fatal(IMAP_ERR_CLOSED, format!("the connection was closed before: {}", why.message)),
        });
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
        let total = |entry: &Entry| Some(entry.started + settings.command_deadline?);
        let drain = |entry: &Entry| Some(entry.cancelled?.0 + settings.drain_timeout);
        let bye = self.bye.as_ref().map(|(_, at)| *at + settings.close_timeout);
        self.entries
            .iter()
            .flat_map(|entry| [total(entry), drain(entry)])
            .chain([silence.map(|silence| self.moved + silence), bye])
            .flatten()
            .min()
    }

    fn has_live_request(&self) -> bool {
        self.entries.iter().any(|entry| entry.phase != Phase::Queued && entry.command.is_some())
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
        for at in (0..self.entries.len()).rev() {
            let entry = &self.entries[at];
            let is_live = entry.command.is_some();
            let is_late = is_over(entry.started, settings.command_deadline);
            if is_live && (is_late || (is_silent && entry.phase != Phase::Queued)) {
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
        self.entries.iter().filter_map(|entry| entry.cancelled).any(|(since, received)| {
            self.now >= since + settings.drain_timeout
                || self.bytes_received - received > settings.drain_bytes
        })
    }

    // Receiving.

    /// What becomes of a large literal whose response begins with `head`.
    pub(super) fn literal(&mut self, head: &[u8], size: u64) -> Sink {
        let owners = || self.entries.iter().filter(|entry| takes_literals(entry));
        if owners().next().is_some() && owners().all(|entry| entry.command.is_none()) {
            return Sink::Drop;
        }
        let limit = self.facts.settings.max_literal;
        if size <= limit {
            return Sink::Hold;
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
        Sink::Drop
    }

    /// One complete response. An error ends the connection.
    pub(super) fn response(&mut self, response: &Response<'_>) -> Result<()> {
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
        let asked = |entry: &&mut Entry| entry.phase == Phase::Sent && entry.is_dialogue;
        let Some(entry) = self.entries.iter_mut().find(asked) else {
            let untagged =
                Untagged { response: *response, number: None, name: b"+", rest: 1, condition: None };
            if let Some(at) = self.owner(&untagged) {
                self.offer(at, &untagged);
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
            (Some(command), None) => command.tagged(&reply, &self.facts),
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
                if closes {
                    let why = error.clone();
                    self.done.insert(entry.id, Outcome { result: Err(error), reply: sent });
                    return Err(why);
                }
                self.done.insert(entry.id, Outcome { result: Err(error), reply: sent });
            }
        }
        self.schedule();
        Ok(())
    }

    /// The call is over: its value is made.
    fn finish(&mut self, at: usize, reply: Vec<u8>) {
        let entry = self.entries.remove(at);
        if let Some(command) = entry.command {
            let result = command.finish().map_err(|error| error.of_command(entry.name));
            self.done.insert(entry.id, Outcome { result, reply });
        }
    }

    fn apply(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::None => {}
            Effect::Authenticated => self.facts.state = IMAP_STATE_AUTHENTICATED,
            Effect::Selected(mirror) => {
                self.facts.selected = Some(mirror);
                self.facts.state = IMAP_STATE_SELECTED;
            }
            Effect::Unselected => self.unselect(),
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
            Some(at) => self.offer(at, untagged),
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

    fn offer(&mut self, at: usize, untagged: &Untagged<'_>) -> bool {
        let Some(command) = &mut self.entries[at].command else { return true };
        match command.untagged(untagged, &self.facts) {
            Ok(is_taken) => is_taken,
            Err(error) => {
                self.end(at, error);
                true
            }
        }
    }

    /// Puts a response that nobody asked for where the caller finds it.
    fn tell(&mut self, untagged: &Untagged<'_>) {
        let facts = &self.facts;
        let made: Result<Box<Owned<Event>>, crate::error::NoMemory> = Owned::build(|arena| {
            arena.set_limit(facts.settings.max_result);
            event::event(&untagged.response, facts.is_early(), facts.is_utf8, arena)
        });
        self.events.push(made.ok(), facts.settings.max_events);
    }

    /// The selected mailbox as it is now.
    pub fn selected(&self) -> Result<Box<Owned<Selected>>> {
        match &self.ended {
            Some(ended) => Err(ended.clone()),
            None => Ok(self.facts.needs_selected()?.result()?),
        }
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
