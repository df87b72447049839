//! Ending waits from anywhere: from another thread, from a signal handler, without the client's lock.

use std::os::fd::RawFd;

use super::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering::SeqCst};
use super::sync::pause;
use crate::net::Wake;

/// Set by `imap_cancel()`, seen by whoever waits.
pub struct Cancel {
    is_requested: AtomicBool,
    /// The wake descriptor of the thread that polls the connection, or -1.
    poller: AtomicI32,
    /// That of a loop which steps the client, or -1; it lives as long as the client.
    stepper: AtomicI32,
    /// Threads that are about to write to that descriptor: it is not given back meanwhile.
    signalling: AtomicU32,
}

impl Cancel {
    pub const fn new() -> Cancel {
        Cancel {
            is_requested: AtomicBool::new(false),
            poller: AtomicI32::new(-1),
            stepper: AtomicI32::new(-1),
            signalling: AtomicU32::new(0),
        }
    }

    /// Safe in a signal handler: a few atomics and one or two writes.
    pub fn request(&self) {
        self.is_requested.store(true, SeqCst);
        self.wake_poller();
        let stepper = self.stepper.load(SeqCst);
        if stepper >= 0 {
            Wake::signal(stepper);
        }
    }

    /// A loop waits for this wake descriptor from here on.
    pub fn publish_loop(&self, descriptor: RawFd) {
        self.stepper.store(descriptor, SeqCst);
    }

    /// Makes the polling thread look around.
    pub fn wake_poller(&self) {
        self.signalling.fetch_add(1, SeqCst);
        let descriptor = self.poller.load(SeqCst);
        if descriptor >= 0 {
            Wake::signal(descriptor);
        }
        self.signalling.fetch_sub(1, SeqCst);
    }

    pub fn is_requested(&self) -> bool {
        self.is_requested.load(SeqCst)
    }

    /// Whether there was a request, which is thereby answered.
    pub fn take(&self) -> bool {
        self.is_requested() && self.is_requested.swap(false, SeqCst)
    }

    /// This thread is about to poll with this wake descriptor.
    pub fn publish(&self, descriptor: RawFd) {
        self.poller.store(descriptor, SeqCst);
    }

    /// It polls no more: from here on nobody writes to the descriptor.
    pub fn retract(&self) {
        self.poller.store(-1, SeqCst);
        while self.signalling.load(SeqCst) > 0 {
            pause();
        }
    }
}
