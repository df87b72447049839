//! Waiting for news, of several mailboxes by the best means that the server has.

use std::time::Instant;

use super::streaming::ended;
use super::{Client, Goal};
use crate::commands::Notify;
use crate::error::{Result, imap_status::*};
use crate::model::imap_watch_means::{self, *};
use crate::model::{Event, Owned};
use crate::session::InFlight;

impl Client {
    /// Waits for an event, with IDLE or by asking from time to time; None: none came until then.
    pub fn idle(&self, hold: Box<dyn InFlight>, until: Option<Instant>) -> Result<Option<Box<Owned<Event>>>> {
        self.make_way()?;
        let id = self.submit(hold)?;
        let waited = self.wait(Goal::Event(id), until);
        let mut core = self.lock();
        core.session.set_time(Instant::now());
        // What a lost connection has told before stays to be taken by imap_next_event().
        let ended = ended(&core, id);
        let event = if ended.is_ok() { core.session.next_event() } else { None };
        if event.is_some() {
            core.session.release_idle(id);
        }
        core.session.forget(id);
        if core.flush_submitted(Instant::now()) {
            self.pass_on(&mut core);
        }
        match (event, ended, waited) {
            (Some(event), ..) => Ok(Some(event)),
            (None, Err(error), _) => Err(error),
            (None, Ok(()), Err(error)) if error.status == IMAP_ERR_TIMEOUT => Ok(None),
            (None, Ok(()), waited) => waited.map(|()| None),
        }
    }

    /// From here on whoever waits for news hears of these mailboxes too; None: of the selected one alone.
    pub fn watch_mailboxes(&self, mailboxes: Option<&[&str]>) -> Result<imap_watch_means> {
        self.check()?;
        let all = mailboxes.unwrap_or_default();
        let means = self.begin_watch(all)?;
        *self.watched.lock() = all.iter().map(|mailbox| (*mailbox).to_owned()).collect();
        Ok(means)
    }

    fn begin_watch(&self, mailboxes: &[&str]) -> Result<imap_watch_means> {
        let may_poll = self.lock().session.facts().may_emulate("NOTIFY");
        let had_any = !self.watched.lock().is_empty();
        if self.has("NOTIFY") && (had_any || !mailboxes.is_empty()) {
            match self.run(Notify::of(mailboxes)?) {
                Ok(()) => {
                    self.poll_mailboxes(&[])?;
                    return Ok(IMAP_WATCH_NOTIFY);
                }
                // More than the server wants to watch, or other events: then it is asked.
                Err(error) if matches!(error.status, IMAP_ERR_NO | IMAP_ERR_BAD) && may_poll.is_ok() => {}
                Err(error) => return Err(error),
            }
        }
        if !mailboxes.is_empty() {
            may_poll?;
        }
        self.poll_mailboxes(mailboxes)?;
        let can_idle = self.can("IDLE");
        Ok(if can_idle { IMAP_WATCH_IDLE } else { IMAP_WATCH_POLL })
    }

    fn poll_mailboxes(&self, mailboxes: &[&str]) -> Result<()> {
        let mut core = self.lock();
        core.session.set_time(Instant::now());
        core.session.watch(mailboxes)?;
        if core.flush_submitted(Instant::now()) {
            self.pass_on(&mut core);
        }
        Ok(())
    }

    /// The same on a new connection.
    pub(super) fn watch_again(&self) -> Result<()> {
        let watched = self.watched.lock().clone();
        if !watched.is_empty() {
            let all: Vec<&str> = watched.iter().map(String::as_str).collect();
            self.begin_watch(&all)?;
        }
        Ok(())
    }
}
