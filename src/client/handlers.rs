//! Functions of the caller's that are told of every response: on a thread that is inside a call, without the
//! lock, one at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Client;
use super::caller::caller;
use super::core::Core;
use super::sync::MutexGuard;
use crate::error::Result;
use crate::model::{Event, Owned};

/// A function that takes events; false: it wants no more.
pub trait Handle: Send + Sync {
    fn handle(&self, event: &Owned<Event>) -> bool;
}

#[derive(Default)]
pub struct Handlers {
    all: Vec<(u32, Arc<dyn Handle>)>,
    last_id: u32,
}

impl Client {
    /// From here on `handler` is told of every response; gives what `remove_handler` takes.
    pub fn add_handler(&self, handler: Arc<dyn Handle>) -> Result<u32> {
        self.check()?;
        let mut core = self.lock();
        core.handlers.all.try_reserve(1)?;
        core.handlers.last_id += 1;
        let id = core.handlers.last_id;
        core.handlers.all.push((id, handler));
        core.session.observe(true);
        Ok(id)
    }

    pub fn remove_handler(&self, id: u32) {
        let mut core = self.lock();
        let found = core.handlers.all.iter().position(|(known, _)| *known == id);
        // What is released may call back: not under the lock.
        let removed = found.map(|at| core.handlers.all.remove(at));
        let is_observed = !core.handlers.all.is_empty();
        core.session.observe(is_observed);
        MutexGuard::unlocked(&mut core, || drop(removed));
    }

    /// Tells the handlers what they were not told yet. The caller leads, so the order is kept.
    pub(super) fn tell_handlers(&self, core: &mut MutexGuard<'_, Core>) -> Result<()> {
        while core.session.has_observed() {
            let events = core.session.take_observed();
            let mut handlers = Vec::new();
            handlers.try_reserve_exact(core.handlers.all.len())?;
            handlers.extend(core.handlers.all.iter().cloned());
            core.calling = Some(caller());
            // What is dropped may be released: not under the lock either.
            let finished = MutexGuard::unlocked(core, move || tell(&handlers, &events));
            core.calling = None;
            for id in finished {
                MutexGuard::unlocked(core, || self.remove_handler(id));
            }
        }
        Ok(())
    }
}

/// Gives the handlers that want no more.
fn tell(handlers: &[(u32, Arc<dyn Handle>)], events: &VecDeque<Box<Owned<Event>>>) -> Vec<u32> {
    let mut finished = Vec::new();
    for event in events {
        for (id, handler) in handlers {
            if !finished.contains(id) && !handler.handle(event) {
                finished.push(*id);
            }
        }
    }
    finished
}
