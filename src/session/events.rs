//! What the server said unasked, in order, until somebody takes it: bounded, since a server may say a lot.

use std::collections::VecDeque;

use crate::model::{Event, Owned, imap_event_kind::IMAP_EVENT_CONNECTED};

#[derive(Default)]
pub struct Events {
    queue: VecDeque<Box<Owned<Event>>>,
    /// Events went missing at the front of the queue.
    has_lost: bool,
}

impl Events {
    /// Puts an event at the end; beyond `limit` the oldest goes. None: it could not be made.
    pub fn push(&mut self, event: Option<Box<Owned<Event>>>, limit: usize) {
        let Some(event) = event else {
            self.has_lost = true;
            return;
        };
        if self.queue.len() >= limit.max(1) {
            self.queue.pop_front();
            self.has_lost = true;
        }
        if self.queue.try_reserve(1).is_ok() {
            self.queue.push_back(event);
        } else {
            self.has_lost = true;
        }
    }

    /// The next event; the first after a loss says that there was one.
    pub fn pop(&mut self) -> Option<Box<Owned<Event>>> {
        if self.has_lost {
            if let Ok(overflow) = crate::wire::event::overflow() {
                self.has_lost = false;
                return Some(overflow);
            }
        }
        self.queue.pop_front()
    }

    pub fn has_any(&self) -> bool {
        self.has_lost || !self.queue.is_empty()
    }

    /// Takes away the event of a new connection.
    pub fn drop_connected(&mut self) {
        self.queue.retain(|event| event.get().kind != IMAP_EVENT_CONNECTED);
    }

    pub fn clear(&mut self) {
        *self = Events::default();
    }
}
