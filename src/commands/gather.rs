//! What a server cannot do with the messages that match: it is asked which they are, and then for what is needed of each.

use super::search::{Answer, name, sequence};
use super::targets::{Targets, limited};
use crate::error::Result;
use crate::session::{Claim, Facts, Mailboxes, Next, Reply, Rules, Untagged};
use crate::wire::criteria::{Criteria, Manner};
use crate::wire::line::Line;
use crate::wire::returns::Sending;

/// All numbers are needed, whatever RETURN says.
const WHOLE: Manner = Manner { returns: Sending::Without, now: None };

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
            criteria.encode(name(criteria), Manner { now: manner.now, ..WHOLE }, line)?;
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

    /// After the reply to a line: whether there is another. Error if the server stopped for good: a part will not do.
    pub fn go_on(&mut self, criteria: &mut Criteria, reply: &Reply<'_>) -> Result<bool> {
        let has_more = match &mut self.targets {
            Some(targets) => targets.go_on(reply)?,
            None => self.found.go_on(criteria, WHOLE, reply)?,
        };
        let limited_at = self.targets.as_ref().map_or(self.found.limited_at(), Targets::limited_at);
        if limited_at > 0 {
            return Err(limited(limited_at));
        }
        if !has_more && self.targets.is_none() {
            let found = std::mem::take(&mut self.found.found.set);
            let targets = self.targets.insert(Targets::of(found, criteria.by_uid())?);
            return Ok(targets.piece().is_some());
        }
        Ok(has_more)
    }
}
