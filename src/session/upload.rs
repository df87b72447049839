//! Literals whose bytes come while they are sent: from a descriptor, from a function, from whoever writes them.

use std::sync::Arc;

use crate::error::Error;

/// Where the next bytes of a literal come from, and how many there are.
#[derive(Clone)]
pub struct Supply {
    pub source: Source,
    pub size: u64,
}

impl Supply {
    /// The bytes that come next, if they are here.
    pub fn here(&self) -> Option<&[u8]> {
        match &self.source {
            Source::Bytes(bytes) => bytes.get(bytes.len().saturating_sub(self.size as usize)..),
            _ => None,
        }
    }
}

#[derive(Clone)]
pub enum Source {
    /// They are here.
    Bytes(Arc<Vec<u8>>),
    /// The descriptor of a file or a stream; it is the caller's.
    Descriptor(i32),
    /// A function of the caller's, called on a thread that is inside a call.
    Call(Arc<dyn Pull>),
    /// Somebody will write them.
    Later,
}

/// A function that gives bytes.
pub trait Pull: Send + Sync {
    /// Writes to the buffer's beginning.
    fn pull(&self, buffer: &mut [u8]) -> Pulled;
}

/// What a source had.
pub enum Pulled {
    Bytes(usize),
    /// None now.
    Blocked,
    Failed(Error),
}

impl Source {
    /// It gives its bytes without the caller's doing, so that a literal can be sent to its end after a cancel.
    pub fn is_here(&self) -> bool {
        matches!(self, Source::Bytes(_))
    }
}
