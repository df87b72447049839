//! What the client's lock guards: the session, its transport and who waits for what.

use std::any::Any;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Instant;

use super::handlers::Handlers;
use super::spare;
use super::waiting::Goal;
use crate::error::{Error, Result, imap_status::*};
use crate::net::{self, Lent, Link, Progress, Read, Timeouts, Tls, Wake, Watch};
use crate::session::{
    Caller, FED, Got, Input, Outcome, Piece, RequestId, Session, Source, Turn, UploadSource, earliest,
};

/// A turn reads at most so much before it looks at cancels, deadlines and whoever waits for the lock.
const BUDGET: usize = 64 * 1024;
/// And takes at most so much from descriptors that it sends.
const FEED_BUDGET: usize = 4 * FED;

pub struct Core {
    pub session: Session,
    link: Option<Link>,
    /// One that has ended, as long as a thread polls it.
    retired: Option<Box<Link>>,
    input: Input,
    /// The link is open, rather than being made or secured.
    is_open: bool,
    /// For STARTTLS.
    tls: Option<Arc<Tls>>,
    pub timeouts: Timeouts,
    /// Something waits in the transport for room to be sent.
    is_unsent: bool,
    /// A thread polls the link without the lock: it must not be closed under it.
    is_polled: bool,
    /// It does so without reading, for a stream's reader.
    pub polls_stalled: bool,
    pub has_leader: bool,
    pub waiters: Vec<Waiter>,
    tickets: u64,
    /// When the polling thread wakes by itself; None: never.
    polls_until: Option<Instant>,
    /// The thread that runs a function of the caller's meanwhile.
    pub calling: Option<Caller>,
    /// Those that run one which carries the bytes.
    pub carrying: Vec<Caller>,
    /// One of them writes.
    pub is_carrying_out: bool,
    pub handlers: Handlers,
    /// A step had to stop before all was done, none was made yet, or another call found what is new.
    pub is_unfinished: bool,
    /// All that had come was handed out, and nothing but the link can bring more to do.
    is_drained: bool,
    /// For those who drive the client by steps: told when a step is due early.
    pub loop_wake: Option<Wake>,
}

pub struct Waiter {
    pub ticket: u64,
    pub goal: Goal,
    /// Once it waits.
    pub wake: Option<RawFd>,
}

impl Core {
    pub fn new(session: Session, link: Link, tls: Option<Arc<Tls>>, timeouts: Timeouts) -> Core {
        Core {
            session,
            link: Some(link),
            retired: None,
            input: Input::default(),
            is_open: false,
            tls,
            timeouts,
            carrying: Vec::new(),
            is_carrying_out: false,
            is_unsent: false,
            is_polled: false,
            polls_stalled: false,
            has_leader: false,
            waiters: Vec::new(),
            tickets: 0,
            polls_until: None,
            calling: None,
            handlers: Handlers::default(),
            is_unfinished: true,
            is_drained: false,
            loop_wake: None,
        }
    }

    /// The queues that functions of the caller's empty and fill.
    pub fn lent(&mut self) -> Option<&mut Lent> {
        self.link.as_mut()?.lent()
    }

    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// Moves everything on as far as it goes without waiting. True: there may be more to do at once.
    pub fn turn(&mut self, now: Instant) -> bool {
        self.session.set_time(now);
        let before = self.progress();
        self.is_drained = false;
        let has_more = self.try_turn(now).unwrap_or_else(|error| {
            self.fail(error);
            false
        });
        // Outside a step this may be what the descriptor would have told: then a step is due.
        self.is_unfinished |= has_more || before != self.progress();
        has_more
    }

    /// Changes whenever there is something new for those who drive the client by steps.
    fn progress(&self) -> impl PartialEq + use<> {
        (self.is_open, self.session.traffic(), self.session.done(), self.session.cause().is_some())
    }

    fn try_turn(&mut self, now: Instant) -> Result<bool> {
        if !self.is_open && !self.advance(now)? {
            self.session.expire();
            return Ok(false);
        }
        self.flush()?;
        let Some(link) = &mut self.link else { return Ok(false) };
        if self.input.is_bare() {
            self.input.equip(spare::take());
        }
        let turn = self.input.pump(&mut Incoming(link), &mut self.session, BUDGET)?;
        if self.session.wants_tls() {
            self.begin_tls(now)?;
            return Ok(true);
        }
        if self.session.ends_compression() {
            link.end_compression();
            self.session.decompressed();
            return Ok(true);
        }
        if self.session.wants_compression() {
            link.compress(self.input.take_rest())?;
            self.session.compressed();
            return Ok(true);
        }
        let reckons = self.session.reckon()?;
        self.session.expire();
        self.flush()?;
        if turn == Turn::End {
            return Err(Error::fatal(IMAP_ERR_CLOSED, "the server closed the connection"));
        }
        if self.session.is_closed() {
            self.close_link();
            return Ok(false);
        }
        let is_buffered = turn != Turn::Stalled && self.link.as_ref().is_some_and(Link::buffered);
        self.is_drained = turn == Turn::Idle && !is_buffered && !reckons;
        Ok(turn == Turn::More || is_buffered || reckons)
    }

    /// Before the link is ready a turn would find nothing to do.
    pub fn is_drained(&self) -> bool {
        self.is_drained && self.is_open && self.link.as_ref().is_some_and(|link| !link.buffered())
    }

    /// Name lookup, connecting, TLS: true once the link is open.
    fn advance(&mut self, now: Instant) -> Result<bool> {
        let Some(link) = &mut self.link else { return Ok(false) };
        let advanced = link.advance(now);
        for note in link.take_notes() {
            self.session.journal().note(&note);
        }
        if advanced? != Progress::Open {
            return Ok(false);
        }
        self.is_open = true;
        let binding = link.channel_binding();
        if self.session.wants_tls() {
            self.session.secured(binding);
        } else {
            let is_tls = link.is_tls();
            self.session.connected(is_tls, binding);
        }
        Ok(true)
    }

    /// The server said yes to STARTTLS. What stands behind its OK was not protected by TLS: an attack.
    fn begin_tls(&mut self, now: Instant) -> Result<()> {
        if !self.input.is_empty() {
            let message = "the server sent data behind its answer to STARTTLS: somebody may have inserted it";
            return Err(Error::fatal(IMAP_ERR_TLS, message));
        }
        self.input.clear();
        let (Some(link), Some(tls)) = (&mut self.link, &self.tls) else {
            return Err(Error::fatal(IMAP_ERR_INTERNAL, "STARTTLS without TLS settings"));
        };
        link.secure(tls, self.timeouts.tls, now)?;
        self.is_open = false;
        Ok(())
    }

    /// Sends what can be sent.
    pub fn flush(&mut self) -> Result<()> {
        if !self.is_open {
            return Ok(());
        }
        let has_output = !self.session.is_all_sent();
        if has_output {
            self.send()?;
        }
        let Some(link) = &mut self.link else { return Ok(()) };
        let is_flushed = link.flush()?;
        self.is_unsent = !is_flushed || (has_output && self.session.has_output());
        Ok(())
    }

    /// Until all has left, or there is no room for more.
    fn send(&mut self) -> Result<()> {
        let mut left = FEED_BUDGET;
        loop {
            let Some(link) = &mut self.link else { return Ok(()) };
            let pieces = self.session.output();
            if pieces[0].is_empty() {
                match self.feed(left)? {
                    0 => return Ok(()),
                    fed => left = left.saturating_sub(fed),
                }
                continue;
            }
            let sent = link.write(&pieces)?;
            if sent == 0 {
                return Ok(());
            }
            self.session.sent(sent);
            if self.session.is_all_sent() {
                return Ok(());
            }
        }
    }

    /// Takes the next bytes of an upload from a descriptor, at most so many; 0: none now.
    fn feed(&mut self, most: usize) -> Result<usize> {
        let Some((fd, wanted)) = self.drained_descriptor() else { return Ok(0) };
        if most == 0 {
            // More than one turn may take: the next one goes on.
            self.is_unsent = true;
            return Ok(0);
        }
        match net::read_ready(fd, wanted.min(most)) {
            Ok(None) => Ok(0),
            Ok(Some(bytes)) if bytes.is_empty() => {
                let message = "a descriptor ended before the size that was given for it";
                self.session.starve(Error::invalid(message));
                Ok(0)
            }
            Ok(Some(bytes)) => {
                self.session.feed(&bytes)?;
                Ok(bytes.len())
            }
            Err(error) => {
                self.session.starve(Error::system(
                    IMAP_ERR_INVALID,
                    "cannot read the message to be sent",
                    &error,
                ));
                Ok(0)
            }
        }
    }

    /// The descriptor that the upload being sent waits for, and how much it takes.
    fn drained_descriptor(&self) -> Option<(RawFd, usize)> {
        match self.session.hungry()? {
            (_, UploadSource::Descriptor(fd), wanted) => Some((*fd, wanted)),
            _ => None,
        }
    }

    /// After a submit: sends, and says whether the polling thread must look anew.
    pub fn flush_submitted(&mut self, now: Instant) -> bool {
        self.session.set_time(now);
        if let Err(error) = self.flush() {
            self.fail(error);
            return true;
        }
        if !self.has_leader && self.loop_wake.is_none() {
            return false;
        }
        let due = self.session.deadline();
        self.is_unsent || due.is_some_and(|due| self.polls_until.is_none_or(|until| due < until))
    }

    pub fn fail(&mut self, error: Error) {
        self.session.lost(error);
        self.is_unfinished = true;
        self.close_link();
    }

    pub fn close_link(&mut self) {
        match &mut self.link {
            // The poll ends with the stream; the descriptor must live until then.
            Some(link) if self.is_polled => link.shut_down(),
            _ => {
                self.link = None;
                self.input.clear();
            }
        }
    }

    /// Reads a little of the literal for which the connection stands still, for whoever cannot read it now.
    pub fn stage(&mut self) {
        if let Some(link) = &mut self.link {
            if let Err(error) = self.input.stage(&mut Incoming(link), &mut self.session) {
                self.fail(error);
            }
        }
    }

    /// The connection stands still for a literal of which nothing is here.
    pub fn lacks_literal(&self) -> bool {
        self.session.has_offer() && !self.input.is_staged()
    }

    /// The next bytes of the literal that this request reads.
    pub fn read_piece(&mut self, id: RequestId, into: &mut [u8]) -> Result<Piece> {
        let Some(link) = self.link.as_mut().filter(|_| self.session.is_reading(id)) else {
            return Ok(Piece::End);
        };
        let read = self.input.read_piece(&mut Incoming(link), &mut self.session, into);
        if let Err(error) = &read {
            self.fail(error.clone());
        }
        read
    }

    /// Error if this thread is inside a callback of this client.
    pub fn may_wait(&self, caller: Caller) -> Result<()> {
        if self.calling == Some(caller) || self.carrying.contains(&caller) {
            let message = "a callback of this client cannot wait on it: send a request and wait later";
            return Err(Error::new(IMAP_ERR_STATE, message));
        }
        Ok(())
    }

    /// Error if this thread cannot wait: it is inside a callback, or would wait for its own unread stream.
    pub fn make_way(&mut self, caller: Caller) -> Result<()> {
        self.may_wait(caller)?;
        match self.session.stalled_by() {
            Some(stream) => self.session.step_aside(stream, caller),
            None => Ok(()),
        }
    }

    /// The value of a request that is done; `T` is its command's output, else an error that says so.
    pub fn take<T: Any>(&mut self, id: RequestId) -> Result<T> {
        if let Some(error) = self.session.unsent(id) {
            return Err(error);
        }
        let Some(Outcome { result, .. }) = self.session.take(id) else {
            return Err(Error::new(IMAP_ERR_STATE, "the answer of this request was taken already"));
        };
        match result?.downcast::<T>() {
            Ok(value) => Ok(*value),
            Err(_) => Err(Error::new(IMAP_ERR_STATE, "this request's command gives another kind of answer")),
        }
    }

    /// Whether the wait for this is over.
    pub fn is_reached(&self, goal: Goal) -> bool {
        match goal {
            Goal::Done(id) => self.session.is_done(id),
            Goal::Item(id) => self.session.has_item(id),
            Goal::Bytes(id) => !self.session.is_reading(id) || self.input.is_staged(),
            Goal::Room(id) => {
                let writes = |(hungry, source, _): (RequestId, &UploadSource, usize)| {
                    hungry == id && matches!(source, UploadSource::Later)
                };
                self.session.is_done(id) || self.session.hungry().is_some_and(writes)
            }
            Goal::Event(id) => self.session.is_done(id) || self.session.has_event(),
            Goal::Challenge(id) => self.session.is_done(id) || self.session.challenge(id).is_some(),
        }
    }

    /// Bytes that a stalled stream's reader waits for are read by the leader, unless it is that reader.
    pub fn reads_for_others(&self, me: u64) -> bool {
        let waits = |waiter: &Waiter| matches!(waiter.goal, Goal::Bytes(_)) && waiter.ticket != me;
        self.waiters.iter().any(waits)
    }

    /// What to poll for; `reads_literal`: also if the connection stands still for a literal's reader.
    pub fn watches(&mut self, watches: &mut Vec<Watch>, reads_literal: bool) {
        let reads = !self.session.is_stalled() || reads_literal;
        let descriptor = self.drained_descriptor();
        watches.extend(descriptor.map(|(fd, _)| Watch { fd, read: true, write: false }));
        if let Some(link) = &mut self.link {
            // While TLS is being made, what it has to say is not in the session's output.
            let is_unsent = if self.is_open { self.is_unsent } else { link.is_unsent() };
            link.watch(watches, reads, is_unsent);
        }
    }

    /// When something is to be done, whatever the descriptors say.
    pub fn deadline(&self) -> Option<Instant> {
        let link_due = self.link.as_ref().and_then(Link::deadline);
        earliest(link_due, self.session.deadline())
    }

    /// What the leader polls for, and until when.
    pub fn begin_poll(&mut self, watches: &mut Vec<Watch>, reads_literal: bool) -> Option<Instant> {
        self.watches(watches, reads_literal);
        self.polls_until = self.deadline();
        self.is_polled = true;
        self.polls_stalled = self.session.is_stalled();
        self.polls_until
    }

    /// A new connection in place of the one that has ended.
    pub fn attach(&mut self, link: Link) {
        // Somebody may still poll the old one.
        self.retired = self.link.replace(link).filter(|_| self.is_polled).map(Box::new);
        self.input.clear();
        self.is_open = false;
        self.is_unsent = false;
        self.is_unfinished = true;
    }

    pub fn end_poll(&mut self) {
        self.is_polled = false;
        self.polls_stalled = false;
        self.retired = None;
        if self.session.is_closed() {
            self.close_link();
        }
    }

    /// Wakes those whose wait is over, but for the caller.
    pub fn wake_reached(&self, me: u64) {
        let is_over = |waiter: &&Waiter| waiter.ticket != me && self.is_reached(waiter.goal);
        for wake in self.waiters.iter().filter(is_over).filter_map(|waiter| waiter.wake) {
            Wake::signal(wake);
        }
    }

    pub fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Lets one of those who wait read from here on.
    pub fn wake_successor(&self) {
        let next = self.waiters.iter().find(|waiter| !self.is_reached(waiter.goal));
        if let Some(wake) = next.and_then(|waiter| waiter.wake) {
            Wake::signal(wake);
        }
    }

    pub fn wake_all(&self) {
        for wake in self.waiters.iter().filter_map(|waiter| waiter.wake) {
            Wake::signal(wake);
        }
        if let Some(wake) = &self.loop_wake {
            Wake::signal(wake.signal_fd());
        }
    }

    /// Ends every request that a thread waits for.
    pub fn cancel_waiters(&mut self) {
        for at in 0..self.waiters.len() {
            let why = Error::new(IMAP_ERR_CANCELLED, "cancelled by imap_cancel()");
            self.session.cancel(self.waiters[at].goal.request(), why);
        }
    }

    /// Nobody waits: an idle client keeps no buffers.
    pub fn rest(&mut self) {
        spare::give(self.input.release());
        self.session.rest();
        self.waiters.shrink_to(1);
        if let Some(link) = &mut self.link {
            link.idle();
        }
    }
}

/// The link as the session's input sees it.
struct Incoming<'l>(&'l mut Link);

impl Source for Incoming<'_> {
    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Got> {
        Ok(got(self.0.append(buffer, max)?))
    }

    fn read(&mut self, into: &mut [u8]) -> Result<Got> {
        Ok(got(self.0.read(into)?))
    }

    fn read_on(&mut self, into: &mut [u8], behind: &mut Vec<u8>, max: usize) -> Result<Got> {
        Ok(got(self.0.read_on(into, behind, max)?))
    }

    fn prepare(&mut self, memory: &mut [MaybeUninit<u8>]) {
        net::prepare(memory);
    }
}

fn got(read: Read) -> Got {
    match read {
        Read::Bytes(count) => Got::Bytes(count),
        Read::Blocked => Got::Blocked,
        Read::End => Got::End,
    }
}
