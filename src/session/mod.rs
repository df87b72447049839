//! The protocol as a state machine: tags, continuations, who owns which response, the selected mailbox,
//! capabilities, events, scheduling. No sockets, no threads, no clock: bytes and time come in as values.

#![forbid(unsafe_code)]

mod capability;
mod command;
mod dialogue;
mod entries;
mod events;
mod facts;
mod idle;
mod input;
mod journal;
mod lifetime;
mod literals;
mod news;
mod numbering;
mod outcomes;
mod output;
mod overlap;
mod peer;
mod requests;
mod responses;
mod schedule;
mod stream;
mod tag;
mod trace;
mod upload;
mod vanished;

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

pub use capability::Capabilities;
pub use command::{Answer, Command, Effect, InFlight, Next, Reply, Step, Untagged, quote};
use dialogue::Dialogue;
use entries::{Entries, Entry, Phase};
use events::Events;
pub use facts::{Facts, Mirror, Remembered, Seen, Settings, unsupported};
use idle::{Ask, Idle, Stage as IdleStage};
pub use input::{Got, Input, Piece, Source, Turn};
pub use journal::{Journal, Kind as LogKind, Told};
pub use lifetime::earliest;
use outcomes::Outcomes;
pub use output::FED;
use output::Output;
pub use overlap::{Claim, Mailboxes, Messages, Rules, Sequence};
pub use peer::Peer;
use stream::Streams;
pub use stream::{Choice, Item, Offer, Section};
use tag::{Tag, Tags};
pub use upload::{Loan, Pull, Pulled, Source as UploadSource, Supply};
pub use vanished::{is_earlier, vanished};

use crate::error::{Error, Result};
use crate::model::{Event, Owned, Selected};

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
    /// COMPRESS was accepted: the next byte is compressed.
    Compressing,
    /// UNAUTHENTICATE was accepted: the next byte is no longer compressed.
    Decompressing,
    Closed,
}

pub struct Session {
    facts: Facts,
    stage: Stage,
    entries: Entries,
    outcomes: Outcomes,
    events: Events,
    streams: Streams,
    idle: Idle,
    output: Output,
    tags: Tags,
    next_id: u64,
    now: Instant,
    /// When a byte last moved, or the session last began to wait.
    moved: Instant,
    /// An untagged MESSAGELIMIT: it is of the command whose reply comes next, which has another code (RFC 9738).
    limit: Vec<u8>,
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
    journal: Journal,
    /// The caller wanted the end of the connection: it was not lost.
    has_left: bool,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transfer {
    /// The server's own count has taken the place of bytes.
    pub is_told: bool,
    pub done: u64,
    pub total: Option<u64>,
}

impl Session {
    pub fn new(settings: Arc<Settings>, random: [u8; 6], now: Instant) -> Session {
        Session {
            stage: Stage::Connecting,
            entries: Entries::default(),
            outcomes: Outcomes::default(),
            events: Events::default(),
            streams: Streams::new(settings.spool),
            idle: Idle::new(now),
            output: Output::default(),
            tags: Tags::new(random),
            next_id: 1,
            now,
            moved: now,
            bye: None,
            limit: Vec::new(),
            ended: None,
            cause: None,
            remembered: None,
            enabled_before: Vec::new(),
            bytes_received: 0,
            bytes_sent: 0,
            bytes_wasted: 0,
            stalled_since: None,
            observed: None,
            journal: Journal::new(settings.trace, now),
            has_left: false,
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

    /// Takes over timeouts and limits.
    pub fn configure(&mut self, new: &Settings) {
        let old = &self.facts.settings;
        let kept = Settings {
            allow_plaintext_login: old.allow_plaintext_login,
            sasl_ir: old.sasl_ir,
            is_kept: old.is_kept,
            emulate: old.emulate,
            host: old.host.clone(),
            port: old.port,
            realm: old.realm.clone(),
            trace: old.trace,
            ..new.clone()
        };
        self.streams.spool = kept.spool;
        self.facts.settings = Arc::new(kept);
    }

    /// Sets the time for all that follows.
    pub fn set_time(&mut self, now: Instant) {
        if now != self.now {
            self.now = now;
            self.journal.set_time(now);
        }
    }

    /// For the log and the trace: what is seen and done here.
    pub fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// The last traffic, as text.
    pub fn trace(&self) -> Result<Vec<u8>> {
        Ok(self.journal.trace()?)
    }

    /// The caller ends the connection.
    pub fn leave(&mut self) {
        self.has_left = true;
    }

    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Gives memory back that a session at rest does not need.
    pub fn rest(&mut self) {
        self.entries.rest();
        self.outcomes.rest();
        self.output.rest();
        self.idle.holders.shrink_to_fit();
    }

    /// The transport stands: the greeting is due. `binding`: tls-server-end-point, where TLS has one.
    pub fn connected(&mut self, is_tls: bool, binding: Option<Vec<u8>>) {
        self.facts.is_tls = is_tls;
        self.facts.channel_binding = binding;
        self.stage = Stage::Greeting;
        self.moved = self.now;
    }

    /// The server said yes to STARTTLS: begin TLS, then call `secured`.
    pub fn wants_tls(&self) -> bool {
        self.stage == Stage::Securing
    }

    /// TLS stands: what was learnt in the clear is void.
    pub fn secured(&mut self, binding: Option<Vec<u8>>) {
        self.facts.is_tls = true;
        self.facts.channel_binding = binding;
        self.facts.set_capabilities(None);
        self.facts.greeting.clear();
        self.events.clear();
        self.stage = Stage::Open;
        self.moved = self.now;
        self.schedule();
    }

    /// The server said yes to COMPRESS: begin to compress, then call `compressed`.
    pub fn wants_compression(&self) -> bool {
        self.stage == Stage::Compressing
    }

    pub fn compressed(&mut self) {
        self.facts.is_compressed = true;
        self.stage = Stage::Open;
        self.schedule();
    }

    /// The server ended compression: end it, then call `decompressed`.
    pub fn ends_compression(&self) -> bool {
        self.stage == Stage::Decompressing
    }

    pub fn decompressed(&mut self) {
        self.facts.is_compressed = false;
        self.stage = Stage::Open;
        self.schedule();
    }

    /// Input must not go on: TLS or compression begins here, or the session is over.
    pub fn wants_stop(&self) -> bool {
        matches!(self.stage, Stage::Securing | Stage::Compressing | Stage::Decompressing | Stage::Closed)
    }

    /// The selected mailbox as it is now.
    pub fn selected(&self) -> Result<Box<Owned<Selected>>> {
        match &self.ended {
            Some(ended) => Err(ended.clone()),
            None => Ok(self.facts.needs_selected()?.result()?),
        }
    }
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copied = Vec::new();
    copied.try_reserve_exact(bytes.len())?;
    copied.extend_from_slice(bytes);
    Ok(copied)
}
