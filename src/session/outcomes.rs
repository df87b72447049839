//! What became of requests, until somebody takes it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::{Outcome, RequestId};
use crate::error::NoMemory;

#[derive(Default)]
pub struct Outcomes {
    /// None: it is under way.
    all: HashMap<RequestId, Option<Outcome>, BuildHasherDefault<Spreading>>,
    /// So many are not.
    ended: usize,
}

/// So many keep their memory while nothing is to be done.
const FEW: usize = 3;

impl Outcomes {
    /// Makes room for one more request.
    pub fn reserve(&mut self) -> Result<(), NoMemory> {
        Ok(self.all.try_reserve(1)?)
    }

    /// A request begins.
    pub fn begin(&mut self, id: RequestId) {
        self.all.insert(id, None);
    }

    pub fn put(&mut self, id: RequestId, outcome: Outcome) {
        let before = self.all.insert(id, Some(outcome));
        self.ended += usize::from(before.flatten().is_none());
    }

    pub fn is_under_way(&self, id: RequestId) -> bool {
        matches!(self.all.get(&id), Some(None))
    }

    pub fn get(&self, id: RequestId) -> Option<&Outcome> {
        self.all.get(&id)?.as_ref()
    }

    pub fn take(&mut self, id: RequestId) -> Option<Outcome> {
        self.get(id)?;
        self.forget(id)
    }

    pub fn forget(&mut self, id: RequestId) -> Option<Outcome> {
        let outcome = self.all.remove(&id).flatten();
        self.ended -= usize::from(outcome.is_some());
        outcome
    }

    /// How many requests have ended and were not taken.
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// Gives memory back that nothing needs.
    pub fn rest(&mut self) {
        self.all.shrink_to(FEW);
    }
}

/// Our own numbers need no more than to be spread (Fibonacci hashing).
#[derive(Default)]
pub struct Spreading(u64);

impl Hasher for Spreading {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
