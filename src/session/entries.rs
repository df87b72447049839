//! The requests that are not over, in the order of submission, which is also the order of sending. What has begun stands
//! in front, so whoever looks for it alone stops where it ends: how many wait behind costs nothing.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};
use std::time::{Duration, Instant};

use super::{Ask, Caller, Claim, Dialogue, InFlight, RequestId, Rules, Tag, Transfer};
use crate::error::{Error, NoMemory};

#[derive(Default)]
pub struct Entries {
    all: VecDeque<Entry>,
    /// So many are not `Queued`.
    in_flight: usize,
    /// So many are `Spread`.
    spread: usize,
    /// So many are `Queued` and change what others mean.
    barriers: usize,
    /// So many were cancelled.
    cancelled: usize,
}

pub struct Entry {
    pub id: RequestId,
    /// It is one line of this request, which is `Spread`; it has no command of its own.
    pub branch_of: Option<RequestId>,
    pub name: &'static str,
    pub is_vital: bool,
    /// An OK to it, even if it was cancelled, changes how the bytes behind are to be read.
    pub alters_stream: bool,
    /// Whether the server may ask for more behind its line.
    pub dialogue: Dialogue,
    pub is_login: bool,
    /// Whoever submitted it: threads take turns.
    pub thread: Caller,
    /// Its place among the requests of its thread: those of equal rounds go before those of later ones.
    pub round: u64,
    /// A command of the session's own.
    pub ask: Option<Ask>,
    pub is_stream: bool,
    /// It was refused once because it was one of too many.
    pub is_repeated: bool,
    /// A line of it was written, so the server may have seen it.
    pub is_begun: bool,
    /// How often the server had told its capabilities when it was.
    pub capabilities_told: u32,
    /// It belongs to the making of the connection.
    pub is_opening: bool,
    pub transfer: Transfer,
    /// None: cancelled; what it claims is dropped until its tagged reply.
    pub command: Option<Box<dyn InFlight>>,
    pub tag: Option<Tag>,
    pub started: Instant,
    /// The last tagged reply to one of its lines, where these have entries of their own.
    pub reply: Vec<u8>,
    /// To be reported at the tagged reply, whatever that says.
    pub failure: Option<Error>,
    rules: Rules,
    phase: Phase,
    /// Cancelled at this time, with so many bytes wasted by then.
    cancelled: Option<(Instant, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its next line is not written.
    Queued,
    /// Its line is in the output.
    Sending,
    /// The last octet of its line has left.
    Sent,
    /// Each of its lines that are under way is an entry of its own; `goes_on`: there may be more to send.
    Spread { goes_on: bool },
}

/// So many entries keep their memory while nothing is to be done.
const FEW: usize = 1;

impl Entry {
    pub fn new(
        id: RequestId,
        command: Box<dyn InFlight>,
        rules: Rules,
        thread: Caller,
        now: Instant,
    ) -> Entry {
        Entry {
            id,
            branch_of: None,
            name: command.name(),
            rules,
            is_vital: command.is_vital(),
            alters_stream: command.alters_stream(),
            dialogue: Dialogue::None,
            is_login: command.is_login(),
            thread,
            round: 0,
            ask: None,
            is_stream: false,
            is_repeated: false,
            is_begun: false,
            capabilities_told: 0,
            is_opening: false,
            transfer: Transfer::default(),
            command: Some(command),
            phase: Phase::Queued,
            tag: None,
            started: now,
            cancelled: None,
            reply: Vec::new(),
            failure: None,
        }
    }

    /// One line of this request.
    pub fn branch(&self, id: RequestId, now: Instant) -> Entry {
        Entry {
            id,
            branch_of: Some(self.id),
            rules: self.rules.clone(),
            command: None,
            transfer: Transfer::default(),
            started: now,
            reply: Vec::new(),
            failure: None,
            ask: None,
            is_repeated: false,
            dialogue: Dialogue::None,
            phase: Phase::Queued,
            tag: None,
            cancelled: None,
            ..*self
        }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    pub fn is_queued(&self) -> bool {
        self.phase == Phase::Queued
    }

    pub fn is_spread(&self) -> bool {
        matches!(self.phase, Phase::Spread { .. })
    }

    /// Servers limit how many of those they take at once.
    pub fn is_status(&self) -> bool {
        self.branch_of.is_some() || self.is_spread() || matches!(self.rules.claim, Claim::Status(_))
    }

    /// Those that are queued may not pass it.
    fn is_fixed(&self) -> bool {
        !self.is_queued() || self.rules.is_barrier()
    }

    /// It can be sent on another connection as well.
    pub fn is_kept(&self) -> bool {
        !self.is_begun && !self.is_opening && self.ask.is_none() && self.command.is_some()
    }
}

impl Entries {
    pub fn reserve(&mut self, more: usize) -> Result<(), NoMemory> {
        Ok(self.all.try_reserve(more)?)
    }

    /// Puts an entry at a place; there must be room.
    pub fn insert(&mut self, at: usize, entry: Entry) {
        self.count(&entry, 1);
        self.all.insert(at, entry);
    }

    pub fn push(&mut self, entry: Entry) {
        self.insert(self.all.len(), entry);
    }

    pub fn remove(&mut self, at: usize) -> Option<Entry> {
        let entry = self.all.remove(at)?;
        self.count(&entry, -1);
        Some(entry)
    }

    pub fn set_phase(&mut self, at: usize, phase: Phase) {
        self.change(at, |entry| entry.phase = phase);
    }

    pub fn set_rules(&mut self, at: usize, rules: Rules) {
        self.change(at, |entry| entry.rules = rules);
    }

    /// What is under way of it was given up at this time, with so many bytes wasted by then.
    pub fn cancel(&mut self, at: usize, since: (Instant, u64)) {
        self.change(at, |entry| entry.cancelled = Some(since));
    }

    /// The same of all lines of a request, which have no request any more.
    pub fn cancel_branches(&mut self, of: RequestId, since: (Instant, u64)) {
        for at in 0..self.all.len() {
            if self.all[at].branch_of == Some(of) {
                self.all[at].branch_of = None;
                self.cancel(at, since);
            }
        }
    }

    /// The time that passed since is not to count.
    pub fn excuse(&mut self, time: Duration) {
        let cancelled = self.all.iter_mut().filter_map(|entry| entry.cancelled.as_mut());
        cancelled.for_each(|(since, _)| *since += time);
    }

    /// When those were cancelled whose answers have not ended, with how many bytes wasted by then.
    pub fn cancelled(&self) -> impl Iterator<Item = (Instant, u64)> {
        self.in_flight().filter_map(|(_, entry)| entry.cancelled).take(self.cancelled)
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.all.get_mut(at) else { return };
        let before = counted(entry);
        change(entry);
        let after = counted(entry);
        self.add(before, -1);
        self.add(after, 1);
    }

    fn count(&mut self, entry: &Entry, by: isize) {
        self.add(counted(entry), by);
    }

    fn add(&mut self, [in_flight, spread, barriers, cancelled]: [bool; 4], by: isize) {
        let add = |count: &mut usize, is_one: bool| {
            *count = if is_one { count.saturating_add_signed(by) } else { *count };
        };
        add(&mut self.in_flight, in_flight);
        add(&mut self.spread, spread);
        add(&mut self.barriers, barriers);
        add(&mut self.cancelled, cancelled);
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn has_cancelled(&self) -> bool {
        self.cancelled > 0
    }

    pub fn has_spread(&self) -> bool {
        self.spread > 0
    }

    pub fn has_queued(&self) -> bool {
        self.in_flight < self.all.len()
    }

    /// Lines under way.
    pub fn lines(&self) -> usize {
        self.in_flight - self.spread
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.all.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.all.iter_mut()
    }

    /// Those of which something is under way.
    pub fn in_flight(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.all.iter().enumerate().filter(|(_, entry)| !entry.is_queued()).take(self.in_flight)
    }

    /// The first one of those that is it. Mostly that is the first of all: an iterator would have to be set up first.
    #[inline]
    pub fn find_in_flight(&self, is_it: impl Fn(&Entry) -> bool) -> Option<usize> {
        let (mut at, mut left) = (0, self.in_flight);
        while left > 0 {
            let entry = self.all.get(at)?;
            if !entry.is_queued() {
                if is_it(entry) {
                    return Some(at);
                }
                left -= 1;
            }
            at += 1;
        }
        None
    }

    pub fn get(&self, at: usize) -> Option<&Entry> {
        self.all.get(at)
    }

    pub fn position(&self, id: RequestId) -> Option<usize> {
        self.all.iter().position(|entry| entry.id == id)
    }

    pub fn find(&self, id: RequestId) -> Option<&Entry> {
        self.all.iter().find(|entry| entry.id == id)
    }

    pub fn find_mut(&mut self, id: RequestId) -> Option<&mut Entry> {
        self.all.iter_mut().find(|entry| entry.id == id)
    }

    /// Where those requests begin that are not sent and that no change of state comes before: their order is free.
    pub fn free_order(&self) -> usize {
        let fixed = self.all.iter().enumerate().filter(|(_, entry)| entry.is_fixed());
        fixed.take(self.in_flight + self.barriers).last().map_or(0, |(last, _)| last + 1)
    }

    /// Gives memory back that nothing needs.
    pub fn rest(&mut self) {
        self.all.shrink_to(FEW);
    }
}

/// Which counts an entry is part of.
fn counted(entry: &Entry) -> [bool; 4] {
    let is_barrier = entry.is_queued() && entry.rules.is_barrier();
    [!entry.is_queued(), entry.is_spread(), is_barrier, entry.cancelled.is_some()]
}

impl Index<usize> for Entries {
    type Output = Entry;

    fn index(&self, at: usize) -> &Entry {
        &self.all[at]
    }
}

impl IndexMut<usize> for Entries {
    fn index_mut(&mut self, at: usize) -> &mut Entry {
        &mut self.all[at]
    }
}

impl IntoIterator for Entries {
    type Item = Entry;
    type IntoIter = std::collections::vec_deque::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}
