//! What the server says unasked: events, handlers, IDLE.

use std::collections::VecDeque;

use super::{Caller, IdleStage, Outcome, RequestId, Session, Untagged, unsupported};
use crate::error::Result;
use crate::model::{Event, Owned, imap_event, imap_event_kind};
use crate::wire::cursor::Response;
use crate::wire::event;

impl Session {
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
    pub(super) fn show(&mut self, response: &Response<'_>) -> Result<()> {
        if self.observed.is_none() {
            return Ok(());
        }
        let mut none = Vec::new();
        none.try_reserve_exact(response.big.len())?;
        none.extend(response.big.iter().map(|_| std::cell::Cell::default()));
        let response = Response { big: &none, ..*response };
        let mut tellings = event::Tellings::of(&response);
        while let Some(telling) = tellings.next_telling()? {
            let event = self.event_of(&telling)?;
            if let Some(observed) = &mut self.observed {
                observed.try_reserve(1)?;
                observed.push_back(event);
            }
        }
        Ok(())
    }

    pub(super) fn event_of(
        &self,
        telling: &event::Telling<'_, '_>,
    ) -> Result<Box<Owned<Event>>, crate::error::NoMemory> {
        let facts = &self.facts;
        Owned::build(|arena| {
            arena.set_limit(facts.settings.max_result);
            let told = telling.event(facts.is_early(), facts.is_utf8, arena)?;
            if told.kind != imap_event_kind::IMAP_EVENT_EXPUNGE {
                return Ok(told);
            }
            let uid = facts.selected.as_ref().map_or(0, |mirror| mirror.numbering.uid_of(told.number));
            Ok(imap_event { uid, ..told })
        })
    }

    /// Begins IDLE when it is wanted and nothing else is to be done, ends it when something is.
    pub(super) fn tend_idle(&mut self) -> Result<()> {
        let has_others = self.entries.has_queued();
        match self.idle.stage {
            IdleStage::Running { since }
                if self.output.is_empty()
                    && (has_others || self.idle.is_over(since, self.now, &self.facts)) =>
            {
                self.idle.stage = IdleStage::Ending { since: self.now };
                self.output.push(b"DONE\r\n", false)?;
            }
            IdleStage::Off if self.entries.is_empty() && self.facts.needs_login().is_ok() => {
                if self.idle.is_lacking(&self.facts) {
                    for id in std::mem::take(&mut self.idle.holders) {
                        let error = unsupported("IDLE").of_command("IDLE");
                        self.outcomes.put(id, Outcome::of(Err(error)));
                    }
                }
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

    /// The server tells news by itself now.
    pub fn is_idling(&self) -> bool {
        matches!(self.idle.stage, IdleStage::Running { .. })
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
        self.outcomes.forget(id);
        self.idle.lingers = true;
    }

    /// Whether there is an event to take.
    pub fn has_event(&self) -> bool {
        self.events.has_any()
    }

    /// Puts a response that nobody asked for where the caller finds it.
    pub(super) fn tell(&mut self, untagged: &Untagged<'_>) {
        let limit = self.facts.settings.max_events;
        let mut tellings = event::Tellings::of(untagged.response);
        loop {
            let told = match tellings.next_telling() {
                Ok(Some(telling)) => self.event_of(&telling),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            let is_made = told.is_ok();
            self.events.push(told.ok(), limit);
            if !is_made {
                return;
            }
        }
    }

    /// Nobody needs to be told that the connection stands.
    pub fn connection_known(&mut self) {
        self.events.drop_connected();
    }

    pub fn next_event(&mut self) -> Option<Box<Owned<Event>>> {
        self.events.pop()
    }
}
