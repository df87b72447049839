//! UIDBATCHES (RFC 10022): the mailbox in spans of UIDs.

use super::search::{numbers, origin, too_large};
use crate::error::{Error, Result};
use crate::model::{Numbers, Owned};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Rules, Sequence, Untagged};
use crate::wire::line::Line;
use crate::wire::search::{self, Found};

pub struct Batches {
    size: u32,
    range: Option<(u32, u32)>,
    found: Found,
}

impl Batches {
    /// Spans of `size` messages, the newest first; those from `first` to `last`, or all.
    pub fn new(size: u32, first: u32, last: u32) -> Result<Batches> {
        if size == 0 {
            return Err(Error::invalid("a batch has at least one message; servers want 500"));
        }
        if (first == 0) != (last == 0) || first > last {
            return Err(Error::invalid(
                "the batches are counted from 1, the first before the last; 0 and 0 are all",
            ));
        }
        Ok(Batches { size, range: (first > 0).then_some((first, last)), found: Found::default() })
    }
}

impl Command for Batches {
    type Output = Box<Owned<Numbers>>;

    fn name(&self) -> &'static str {
        "UIDBATCHES"
    }

    fn rules(&self) -> Rules {
        let claim = Claim::Correlated(&["UIDBATCHES"]);
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Ignores }
    }

    /// `uidbatches = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]`
    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_selected()?;
        facts.needs("UIDBATCHES")?;
        line.word(&format!("UIDBATCHES {}", self.size))?;
        if let Some((first, last)) = self.range {
            line.word(&format!("{first}:{last}"))?;
        }
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        search::batches(untagged.response, untagged.rest, &mut self.found)?;
        match std::mem::size_of_val(self.found.set.spans()) > facts.settings.max_result {
            true => Err(too_large(facts)),
            false => Ok(true),
        }
    }

    fn finish(mut self) -> Result<Self::Output> {
        self.found.total = i64::try_from(self.found.set.spans().len()).unwrap_or(i64::MAX);
        numbers(self.found.into(), origin(false))
    }
}
