//! Literals whose bytes come while they are sent: from a descriptor, from a function, from whoever writes them.

use std::sync::Arc;

use crate::error::{Error, NoMemory};

/// Where the next bytes of a literal come from, and how many there are.
#[derive(Clone)]
pub struct Supply {
    pub source: Source,
    pub size: u64,
}

impl Supply {
    /// The bytes that come next, if they are here.
    pub fn here(&self) -> Option<&[u8]> {
        let bytes = self.source.here()?;
        bytes.get(bytes.len().saturating_sub(self.size as usize)..)
    }

    /// What is lent becomes our own.
    pub fn own(&mut self) -> Result<(), NoMemory> {
        let Source::Lent(_) = self.source else { return Ok(()) };
        let mut own = Vec::new();
        own.try_reserve_exact(self.size as usize)?;
        own.extend_from_slice(self.here().unwrap_or_default());
        self.source = Source::Bytes(Arc::new(own));
        Ok(())
    }
}

#[derive(Clone)]
pub enum Source {
    /// They are here.
    Bytes(Arc<Vec<u8>>),
    /// They are here as long as the call lasts that lends them: `Session::forget` ends the loan.
    Lent(Arc<dyn Loan>),
    /// The descriptor of a file or a stream; it is the caller's.
    Descriptor(i32),
    /// A function of the caller's, called on a thread that is inside a call.
    Call(Arc<dyn Pull>),
    /// Somebody will write them.
    Later,
}

/// Bytes that a caller lends for the time of a call.
pub trait Loan: Send + Sync {
    fn bytes(&self) -> &[u8];
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
        self.here().is_some()
    }

    pub fn here(&self) -> Option<&[u8]> {
        match self {
            Source::Bytes(bytes) => Some(bytes),
            Source::Lent(loan) => Some(loan.bytes()),
            _ => None,
        }
    }
}
