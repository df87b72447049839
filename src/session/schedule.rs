//! What goes out: lines whose turn it is, and uploads that are fed while they are sent.

use super::responses::is_status;
use super::{Next, Phase, RequestId, Session, Stage, UploadSource};
use crate::error::{Error, Result};
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
        let mut at = 0;
        while at < self.entries.len() {
            if self.entries[at].phase != Phase::Queued {
                at += 1;
            } else if !self.may_start(at) {
                return;
            } else if self.write_line(at) {
                at += 1;
            }
        }
    }

    pub(super) fn may_start(&self, at: usize) -> bool {
        let in_flight = || self.entries.iter().filter(|entry| entry.phase != Phase::Queued);
        self.idle.lets_go_of(self.entries[at].ask)
            && !self.output.will_wait()
            && in_flight().count() < self.facts.settings.max_in_flight
            && (!is_status(&self.entries[at]) || self.statuses_in_flight() < self.facts.peer.max_status)
            && in_flight().all(|other| self.entries[at].rules.may_overlap(&other.rules))
    }

    /// False: the entry is gone, because its command failed or had nothing to send.
    pub(super) fn write_line(&mut self, at: usize) -> bool {
        let mut line = Line::new(self.facts.dialect());
        let entry = &mut self.entries[at];
        let Some(command) = &mut entry.command else {
            self.entries.remove(at);
            return false;
        };
        let written =
            self.facts.allows(entry.rules.sequence).and_then(|()| command.line(&self.facts, &mut line));
        match written {
            Err(error) => {
                self.end(at, error);
                false
            }
            Ok(Next::Nothing) => {
                self.finish(at, Vec::new());
                false
            }
            Ok(next) => {
                let is_secret = line.is_secret();
                let is_dialogue = command.is_dialogue();
                let supplies = command.supplies();
                let total: u64 = supplies.iter().flatten().map(|supply| supply.size).sum();
                entry.transfer.total = (total > 0).then_some(total);
                let tag = self.tags.next();
                let id = entry.id;
                let pieces = line.finish();
                let pushed = pieces
                    .and_then(|pieces| Ok(self.output.push_line(id, tag, pieces, supplies, is_secret)?));
                if let Err(error) = pushed {
                    // Half a line may be in the output: nothing can follow it.
                    self.lost(error);
                    return false;
                }
                entry.tag = Some(tag);
                entry.phase = Phase::Sending;
                entry.is_begun = true;
                entry.is_dialogue = is_dialogue;
                if next == Next::SendAndUnselect {
                    self.unselect();
                }
                true
            }
        }
    }

    /// What can be sent now.
    pub fn output(&self) -> &[u8] {
        self.output.bytes()
    }

    pub fn sent(&mut self, bytes: usize) {
        self.moved = self.now;
        self.bytes_sent += bytes as u64;
        self.journal.sent(self.output.bytes().get(..bytes).unwrap_or_default(), self.output.is_secret());
        let owner = self.output.owner();
        let entries = &mut self.entries;
        if let Some(entry) = entries.iter_mut().find(|entry| Some(entry.id) == owner) {
            entry.transfer.done += bytes as u64;
        }
        self.output.advance(bytes, |id| {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) {
                entry.phase = Phase::Sent;
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
        match self.entries.iter().position(|entry| entry.id == id && entry.command.is_some()) {
            Some(at) => self.end(at, why),
            None => self.lost(why),
        }
    }
}
