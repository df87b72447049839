//! Locks with the methods of those that the library uses, for the model checker.

use std::ops::{Deref, DerefMut};

pub use shuttle::hint::spin_loop as pause;
pub use shuttle::sync::atomic;
pub use shuttle::thread_local;

pub struct Mutex<T>(shuttle::sync::Mutex<T>);

pub struct MutexGuard<'m, T> {
    mutex: &'m Mutex<T>,
    /// None: unlocked for a moment.
    held: Option<shuttle::sync::MutexGuard<'m, T>>,
}

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Mutex<T> {
        Mutex(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, held: Some(self.0.lock().expect("no thread panicked")) }
    }

    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok().map(|held| MutexGuard { mutex: self, held: Some(held) })
    }
}

impl<T> MutexGuard<'_, T> {
    pub fn unlocked<R>(guard: &mut Self, run: impl FnOnce() -> R) -> R {
        guard.held = None;
        let result = run();
        guard.held = Some(guard.mutex.0.lock().expect("no thread panicked"));
        result
    }

    pub fn bump(guard: &mut Self) {
        MutexGuard::unlocked(guard, || {});
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.held.as_ref().expect("held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("held")
    }
}
