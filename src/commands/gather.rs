//! What a server cannot do with the messages that match: it is asked which they are, and then for what is needed of each.

use super::search::{Answer, name, sequence};
use super::targets::Targets;
use crate::error::Result;
use crate::session::{Claim, Facts, Mailboxes, Next, Reply, Rules, Untagged};
use crate::wire::criteria::{Criteria, Manner};
use crate::wire::line::Line;
use crate::wire::returns::Sending;

#[derive(Default)]
pub struct Gather {
    found: Answer,
    /// The messages that match, once they are known.
    targets: Option<Targets>,
}

impl Gather {
    pub fn name(&self, criteria: &Criteria) -> &'static str {
        match (&self.targets, criteria.by_uid()) {
            (None, _) => name(criteria),
            (Some(_), true) => "UID FETCH",
            (Some(_), false) => "FETCH",
        }
    }

    pub fn rules(&self, criteria: &Criteria) -> Rules {
        let claim = match &self.targets {
            Some(targets) => Claim::Fetch(targets.messages()),
            None => Claim::Named(&["SEARCH", "ESEARCH"]),
        };
        Rules { claim, sequence: sequence(criteria), mailboxes: Mailboxes::Ignores }
    }

    /// The messages are known, and asked for.
    pub fn fetches(&self) -> bool {
        self.targets.is_some()
    }

    /// The next line; `items` is what is needed of each message.
    pub fn line(
        &mut self,
        criteria: &Criteria,
        manner: Manner,
        items: &str,
        line: &mut Line,
    ) -> Result<Next> {
        let Some(targets) = &self.targets else {
            criteria.encode(name(criteria), Manner { returns: Sending::Without, ..manner }, line)?;
            return Ok(Next::Send);
        };
        let Some(piece) = targets.piece() else { return Ok(Next::Nothing) };
        line.word(self.name(criteria))?;
        line.raw(b" ")?;
        line.raw(piece)?;
        line.word(items)?;
        Ok(Next::Send)
    }

    /// Which messages match.
    pub fn note(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        self.found.take(untagged, facts)
    }

    /// After the reply to a line: whether there is another.
    pub fn go_on(&mut self, criteria: &Criteria, reply: &Reply<'_>) -> Result<bool> {
        match &mut self.targets {
            Some(targets) => return targets.go_on(reply),
            None => {
                reply.ok()?;
                let found = std::mem::take(&mut self.found.found.set);
                self.targets = Some(Targets::of(found, criteria.by_uid())?);
            }
        }
        Ok(self.targets.as_ref().is_some_and(|targets| targets.piece().is_some()))
    }
}
