//! What goes out: lines whose turn it is, and uploads that are fed while they are sent.

use super::{Dialogue, Entry, Next, Phase, RequestId, Session, Stage, UploadSource};
use crate::error::{Error, NoMemory, Result};
use crate::wire::line::Line;

impl Session {
    /// Writes the lines of those requests whose turn it is: in order, as far as they may overlap.
    pub(super) fn schedule(&mut self) {
        if self.stage != Stage::Open {
            return;
        }
        if let Err(error) = self.tend_idle() {
            return self.lost(error);
        }
        let (mut at, mut is_blocked) = (0, false);
        while at < self.entries.len() {
            match self.entries[at].phase() {
                // What has begun goes on, whatever waits.
                Phase::Spread { goes_on: true } if self.may_start(at) => drop(self.write_line(at)),
                Phase::Queued if !is_blocked && self.may_start(at) => drop(self.write_line(at)),
                Phase::Queued if !self.entries.has_spread() => return,
                Phase::Queued => (at, is_blocked) = (at + 1, true),
                _ => at += 1,
            }
        }
    }

    pub(super) fn may_start(&self, at: usize) -> bool {
        let entry = &self.entries[at];
        let is_kin = |other: &Entry| other.id == entry.id || other.branch_of == Some(entry.id);
        self.idle.lets_go_of(entry.ask)
            && !self.output.will_wait()
            && self.entries.lines() < self.facts.settings.max_in_flight
            && (!entry.is_status() || self.statuses_in_flight() < self.facts.peer.max_status)
            && self
                .entries
                .in_flight()
                .all(|(_, other)| is_kin(other) || entry.rules().may_overlap(other.rules()))
    }

    /// An entry for one line of the request at `at`, which has others under way or will have.
    fn branch(&mut self, at: usize) -> Result<usize> {
        self.entries.reserve(1)?;
        let id = RequestId(self.next_id);
        self.next_id += 1;
        self.entries.set_phase(at, Phase::Spread { goes_on: true });
        let request = &mut self.entries[at];
        request.is_begun = true;
        let branch = request.branch(id, self.now);
        self.entries.insert(at + 1, branch);
        Ok(at + 1)
    }

    /// A line of the request at `at` was answered: there may be more to send.
    pub(super) fn go_on(&mut self, at: usize) {
        if self.entries[at].is_spread() {
            self.entries.set_phase(at, Phase::Spread { goes_on: true });
        }
    }

    /// Where the request is that this entry is a line of; the entry itself if it is none.
    pub(super) fn trunk(&self, at: usize) -> usize {
        let of = self.entries[at].branch_of;
        of.and_then(|id| self.entries.position(id)).unwrap_or(at)
    }

    /// False: the entry is gone, because its command failed or had nothing to send.
    pub(super) fn write_line(&mut self, at: usize) -> bool {
        let tag = self.tags.next();
        let line = Line::tagged(self.facts.dialect(), tag.as_bytes(), self.output.room());
        let entry = &mut self.entries[at];
        let allowed = self.facts.allows(entry.rules().sequence);
        let Some(command) = &mut entry.command else {
            self.entries.remove(at);
            return false;
        };
        let written =
            allowed.and(line).and_then(|mut line| Ok((command.line(&self.facts, &mut line)?, line)));
        match written {
            Err(error) => {
                self.end(at, error);
                false
            }
            Ok((Next::Nothing, _)) => self.has_no_line(at),
            Ok((next, line)) => {
                let is_secret = line.is_secret();
                let dialogue = if command.is_dialogue() { Dialogue::Server } else { Dialogue::None };
                self.facts.hides_secret |= command.hides_secret();
                let supplies = command.supplies();
                let total: u64 = supplies.iter().flatten().map(|supply| supply.size).sum();
                entry.transfer.total = (total > 0).then_some(total);
                let is_spread = next == Next::SendAndGoOn || entry.is_spread();
                let place = if is_spread { self.branch(at) } else { Ok(at) };
                let Ok(place) = place else {
                    self.end(at, NoMemory.into());
                    return false;
                };
                let entry = &mut self.entries[place];
                let id = entry.id;
                let finished = line.finish();
                let pushed =
                    finished.and_then(|line| Ok(self.output.push_line(id, line, supplies, is_secret)?));
                if let Err(error) = pushed {
                    // Half a line may be in the output: nothing can follow it.
                    self.lost(error);
                    return false;
                }
                self.tags.advance();
                self.entries.set_phase(place, Phase::Sending);
                let entry = &mut self.entries[place];
                entry.tag = Some(tag);
                entry.is_begun = true;
                entry.capabilities_told = self.facts.capabilities_told;
                entry.dialogue = dialogue;
                if next == Next::SendAndUnselect {
                    self.unselect();
                }
                true
            }
        }
    }

    /// The command at `at` has nothing to send. False: so it is done, and the entry gone.
    fn has_no_line(&mut self, at: usize) -> bool {
        let id = self.entries[at].id;
        if self.entries[at].is_spread() {
            self.entries.set_phase(at, Phase::Spread { goes_on: false });
            if self.entries.iter().any(|entry| entry.branch_of == Some(id)) {
                return true;
            }
        }
        let reply = std::mem::take(&mut self.entries[at].reply);
        self.finish(at, reply);
        false
    }

    /// What can be sent now: pieces in a row, the empty ones at the end.
    pub fn output<const N: usize>(&self) -> [&[u8]; N] {
        self.output.pieces()
    }

    /// Nothing is to be sent, now or later.
    pub fn is_all_sent(&self) -> bool {
        self.output.is_empty()
    }

    pub fn has_output(&self) -> bool {
        let [first] = self.output.pieces();
        !first.is_empty()
    }

    /// So many bytes of that have left.
    pub fn sent(&mut self, mut bytes: usize) {
        self.moved = self.now;
        self.bytes_sent += bytes as u64;
        while bytes > 0 {
            let [piece] = self.output.pieces();
            let here = piece.len().min(bytes);
            if here == 0 {
                return;
            }
            self.journal.sent(&piece[..here], self.output.is_secret());
            self.piece_sent(here);
            bytes -= here;
        }
    }

    fn piece_sent(&mut self, bytes: usize) {
        let entries = &mut self.entries;
        if let Some(entry) = self.output.owner().and_then(|id| entries.find_mut(id)) {
            entry.transfer.done += bytes as u64;
        }
        self.output.advance(bytes, |id| {
            if let Some(at) = entries.position(id) {
                entries.set_phase(at, Phase::Sent);
            }
        });
    }

    /// The upload that cannot go on without more bytes: whose it is, where they come from, how many it takes.
    pub fn hungry(&self) -> Option<(RequestId, &UploadSource, usize)> {
        self.output.hungry()
    }

    /// Gives that upload its next bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.moved = self.now;
        Ok(self.output.feed(bytes)?)
    }

    /// That upload cannot go on: its literal has begun, so the connection ends.
    pub fn starve(&mut self, why: Error) {
        let Some((id, ..)) = self.output.hungry() else { return };
        let found = self.entries.position(id).filter(|at| self.entries[*at].command.is_some());
        match found {
            Some(at) => self.end(at, why),
            None => self.lost(why),
        }
    }
}
