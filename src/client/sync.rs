//! Locks and atomics: those that a model checker watches, when it builds this.

#[cfg(model)]
#[path = "../../tests/model/sync.rs"]
mod watched;

#[cfg(not(model))]
pub use std::{hint::spin_loop as pause, sync::atomic, thread_local};

#[cfg(not(model))]
pub use parking_lot::{Mutex, MutexGuard};
#[cfg(model)]
pub use watched::{Mutex, MutexGuard, atomic, pause, thread_local};
