//! Functions of the caller's that are told of every response, or of every line: on a thread that is inside a call,
//! without the lock, one at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Client;
use super::caller::caller;
use super::core::Core;
use super::sync::MutexGuard;
use crate::error::Result;
use crate::model::{Event, Owned};
use crate::session::{LogKind, Told};

/// A function that takes events; false: it wants no more.
pub trait Handle: Send + Sync {
    fn handle(&self, event: &Owned<Event>) -> bool;
}

/// A function that takes lines of the log, clean text with one NUL behind it; false: it wants no more.
pub trait Log: Send + Sync {
    fn log(&self, kind: LogKind, line: &[u8]) -> bool;
}

#[derive(Default)]
pub struct Handlers {
    log: Option<Arc<dyn Log>>,
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

    /// From here on `log` is told of every line, in place of whoever was before.
    pub(super) fn set_log(&self, core: &mut MutexGuard<'_, Core>, log: Option<Arc<dyn Log>>) {
        core.session.journal().listen(log.is_some());
        let before = std::mem::replace(&mut core.handlers.log, log);
        // What is released may call back: not under the lock.
        MutexGuard::unlocked(core, || drop(before));
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

    /// Tells the handlers and the log what they were not told yet. The caller leads, so the order is kept.
    pub(super) fn tell_handlers(&self, core: &mut MutexGuard<'_, Core>) -> Result<()> {
        while core.session.has_observed() || core.session.journal().has_told() {
            let (lines, log) = (core.session.journal().take_told(), core.handlers.log.clone());
            let events = core.session.take_observed();
            let mut handlers = Vec::new();
            handlers.try_reserve_exact(core.handlers.all.len())?;
            handlers.extend(core.handlers.all.iter().cloned());
            core.calling = Some(caller());
            // What is dropped may be released: not under the lock either.
            let (wants_more, finished) = MutexGuard::unlocked(core, move || {
                let wants_more = lines.iter().all(|told| log_line(log.as_deref(), told));
                (wants_more, tell(&handlers, &events))
            });
            core.calling = None;
            if !wants_more {
                self.set_log(core, None);
            }
            for id in finished {
                MutexGuard::unlocked(core, || self.remove_handler(id));
            }
        }
        Ok(())
    }
}

fn log_line(log: Option<&dyn Log>, told: &Told) -> bool {
    log.is_some_and(|log| log.log(told.kind, &told.line))
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
