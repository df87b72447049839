//! What the client's lock guards: the session, its transport and who waits for what.

use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, imap_status::*};
use crate::net::{Link, Progress, Read, Tls, Wake, Watch};
use crate::session::{Got, Input, RequestId, Session, Source, Turn};

/// A turn reads at most so much before it looks at cancels, deadlines and whoever waits for the lock.
const BUDGET: usize = 64 * 1024;

pub struct Core {
    pub session: Session,
    link: Option<Link>,
    input: Input,
    /// The link is open, rather than being made or secured.
    is_open: bool,
    /// For STARTTLS.
    tls: Option<(Tls, Option<Duration>)>,
    /// Something waits in the transport for room to be sent.
    is_unsent: bool,
    /// A thread polls the link without the lock: it must not be closed under it.
    is_polled: bool,
    pub has_leader: bool,
    pub waiters: Vec<Waiter>,
    tickets: u64,
    /// When the polling thread wakes by itself; None: never.
    polls_until: Option<Instant>,
}

pub struct Waiter {
    pub ticket: u64,
    pub id: RequestId,
    /// Once it waits.
    pub wake: Option<RawFd>,
}

impl Core {
    pub fn new(session: Session, link: Link, tls: Option<(Tls, Option<Duration>)>) -> Core {
        Core {
            session,
            link: Some(link),
            input: Input::default(),
            is_open: false,
            tls,
            is_unsent: false,
            is_polled: false,
            has_leader: false,
            waiters: Vec::new(),
            tickets: 0,
            polls_until: None,
        }
    }

    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// Moves everything on as far as it goes without waiting. True: there may be more to do at once.
    pub fn turn(&mut self, now: Instant) -> bool {
        self.session.set_time(now);
        self.try_turn(now).unwrap_or_else(|error| {
            self.fail(error);
            false
        })
    }

    fn try_turn(&mut self, now: Instant) -> Result<bool> {
        if !self.is_open && !self.advance(now)? {
            self.session.expire();
            return Ok(false);
        }
        self.flush()?;
        let Some(link) = &mut self.link else { return Ok(false) };
        let turn = self.input.pump(&mut Incoming(link), &mut self.session, BUDGET)?;
        if self.session.wants_tls() {
            self.begin_tls(now)?;
            return Ok(true);
        }
        self.flush()?;
        self.session.expire();
        if turn == Turn::End {
            return Err(Error::fatal(IMAP_ERR_CLOSED, "the server closed the connection"));
        }
        if self.session.is_closed() {
            self.close_link();
            return Ok(false);
        }
        Ok(turn == Turn::More || self.link.as_ref().is_some_and(Link::buffered))
    }

    /// Name lookup, connecting, TLS: true once the link is open.
    fn advance(&mut self, now: Instant) -> Result<bool> {
        let Some(link) = &mut self.link else { return Ok(false) };
        if link.advance(now)? != Progress::Open {
            return Ok(false);
        }
        self.is_open = true;
        if self.session.wants_tls() {
            self.session.secured();
        } else {
            let is_tls = link.is_tls();
            self.session.connected(is_tls);
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
        let (Some(link), Some((tls, timeout))) = (&mut self.link, &self.tls) else {
            return Err(Error::fatal(IMAP_ERR_INTERNAL, "STARTTLS without TLS settings"));
        };
        link.secure(tls, *timeout, now)?;
        self.is_open = false;
        Ok(())
    }

    /// Sends what can be sent.
    pub fn flush(&mut self) -> Result<()> {
        let Some(link) = &mut self.link else { return Ok(()) };
        if !self.is_open {
            return Ok(());
        }
        loop {
            let bytes = self.session.output();
            if bytes.is_empty() {
                break;
            }
            let sent = link.write(bytes)?;
            if sent == 0 {
                break;
            }
            self.session.sent(sent);
        }
        let is_flushed = link.flush()?;
        self.is_unsent = !is_flushed || !self.session.output().is_empty();
        Ok(())
    }

    /// After a submit: sends, and says whether the polling thread must look anew.
    pub fn flush_submitted(&mut self, now: Instant) -> bool {
        self.session.set_time(now);
        if let Err(error) = self.flush() {
            self.fail(error);
            return true;
        }
        let due = self.session.deadline();
        self.is_unsent || due.is_some_and(|due| self.polls_until.is_none_or(|until| due < until))
    }

    pub fn fail(&mut self, error: Error) {
        self.session.lost(error);
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

    /// What the leader polls for, and until when.
    pub fn begin_poll(&mut self, watches: &mut Vec<Watch>) -> Option<Instant> {
        if let Some(link) = &mut self.link {
            // While TLS is being made, what it has to say is not in the session's output.
            let is_unsent = if self.is_open { self.is_unsent } else { link.is_unsent() };
            link.watch(watches, is_unsent);
        }
        let link_due = self.link.as_ref().and_then(Link::deadline);
        self.polls_until = [link_due, self.session.deadline()].into_iter().flatten().min();
        self.is_polled = true;
        self.polls_until
    }

    pub fn end_poll(&mut self) {
        self.is_polled = false;
        if self.session.is_closed() {
            self.close_link();
        }
    }

    /// Wakes those whose requests are done, but for the caller.
    pub fn wake_finished(&self, me: u64) {
        let is_finished = |waiter: &&Waiter| waiter.ticket != me && self.session.is_done(waiter.id);
        for wake in self.waiters.iter().filter(is_finished).filter_map(|waiter| waiter.wake) {
            Wake::signal(wake);
        }
    }

    pub fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Lets one of those who wait read from here on.
    pub fn wake_successor(&self) {
        let next = self.waiters.iter().find(|waiter| !self.session.is_done(waiter.id));
        if let Some(wake) = next.and_then(|waiter| waiter.wake) {
            Wake::signal(wake);
        }
    }

    pub fn wake_all(&self) {
        for wake in self.waiters.iter().filter_map(|waiter| waiter.wake) {
            Wake::signal(wake);
        }
    }

    /// Ends every request that a thread waits for.
    pub fn cancel_waiters(&mut self) {
        for at in 0..self.waiters.len() {
            let why = Error::new(IMAP_ERR_CANCELLED, "cancelled by imap_cancel()");
            self.session.cancel(self.waiters[at].id, why);
        }
    }

    /// Nobody waits: an idle client keeps no buffers.
    pub fn rest(&mut self) {
        self.input.release();
        if let Some(link) = &mut self.link {
            link.idle();
        }
    }
}

/// The link as the session's input sees it.
struct Incoming<'l>(&'l mut Link);

impl Source for Incoming<'_> {
    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Got> {
        Ok(match self.0.append(buffer, max)? {
            Read::Bytes(count) => Got::Bytes(count),
            Read::Blocked => Got::Blocked,
            Read::End => Got::End,
        })
    }
}
