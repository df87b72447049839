//! Which thread calls: a number of our own, since the standard library's costs an allocation that can fail.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::session::Caller;

/// The thread that runs this.
pub fn caller() -> Caller {
    static LAST: AtomicU64 = AtomicU64::new(0);
    super::sync::thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(LAST.fetch_add(1, Relaxed) + 1);
        }
        Caller(number.get())
    })
}
