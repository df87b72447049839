//! Descriptors that end a `poll` from another thread: taken for a wait, given back after it.

#![forbid(unsafe_code)]

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use parking_lot::Mutex;

use super::system::{self, Polled, Watch};
use crate::error::{Error, Result, imap_status::*};

/// A descriptor that becomes readable when somebody signals it.
pub struct Wake {
    /// None: given back.
    descriptors: Option<Descriptors>,
    reader: RawFd,
    writer: RawFd,
}

struct Descriptors {
    reader: OwnedFd,
    /// Where one descriptor does not serve for both ends.
    writer: Option<OwnedFd>,
    process: u32,
}

/// Spare ones of this process: a forked child makes its own.
static SPARE: Mutex<Vec<Descriptors>> = Mutex::new(Vec::new());
const MOST_SPARE: usize = 16;

impl Wake {
    /// A wake that came too late for its wait may still be in it.
    pub fn take() -> Result<Wake> {
        let process = system::process_id();
        let spare = {
            let mut all = SPARE.lock();
            all.retain(|descriptors| descriptors.process == process);
            all.pop()
        };
        let descriptors = match spare {
            Some(spare) => spare,
            None => {
                let (reader, writer) = system::wake_descriptors().map_err(|error| {
                    Error::system(IMAP_ERR_CONNECT, "cannot make a wake descriptor", &error)
                })?;
                Descriptors { reader, writer, process }
            }
        };
        let reader = descriptors.reader.as_raw_fd();
        let writer = descriptors.writer.as_ref().map_or(reader, AsRawFd::as_raw_fd);
        Ok(Wake { descriptors: Some(descriptors), reader, writer })
    }

    /// To be polled for reading.
    pub fn fd(&self) -> RawFd {
        self.reader
    }

    /// To be given to `signal`.
    pub fn signal_fd(&self) -> RawFd {
        self.writer
    }

    /// Safe in a signal handler.
    pub fn signal(signal_fd: RawFd) {
        system::wake(signal_fd);
    }

    /// Waits until one of the descriptors is ready or this is signalled, which is thereby taken back; None: for ever.
    pub fn poll(&self, watches: &[Watch], timeout: Option<Duration>) -> Result<Polled> {
        system::poll(watches, self.reader, timeout)
    }

    /// Takes all signals back.
    pub fn clear(&self) {
        system::clear_wakes(self.reader);
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        let mut spare = SPARE.lock();
        if let Some(descriptors) = self.descriptors.take() {
            if spare.len() < MOST_SPARE && spare.try_reserve(1).is_ok() {
                spare.push(descriptors);
            }
        }
    }
}
