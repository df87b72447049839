//! STORE (RFC 9051 section 6.4.6, RFC 7162).

use super::fetch::{Beside, Messaging};
use super::targets::Targets;
use crate::error::Result;
use crate::model::{Messages, Owned, imap_set};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Step, Untagged};
use crate::wire::code;
use crate::wire::fetch::Asked;
use crate::wire::items::Change;
use crate::wire::line::Line;

pub struct Store {
    targets: Targets,
    change: Change,
    list: Option<Messaging>,
    modified: imap_set,
}

impl Store {
    pub fn new(set: &str, change: &str, params: Option<&[&str]>) -> Result<Store> {
        Ok(Store {
            targets: Targets::parse(set)?,
            change: Change::parse(change, params)?,
            list: None,
            modified: imap_set::new(),
        })
    }
}

impl Command for Store {
    type Output = Box<Owned<Messages>>;

    fn name(&self) -> &'static str {
        if self.targets.by_uid() { "UID STORE" } else { "STORE" }
    }

    fn rules(&self) -> Rules {
        Rules {
            claim: Claim::Fetch(self.targets.messages()),
            sequence: self.targets.sequence(),
            mailboxes: Mailboxes::Ignores,
        }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        let selected = facts.needs_writable()?;
        self.change.needs().try_for_each(|capability| facts.needs(capability))?;
        let by_uid = self.targets.by_uid();
        self.list.get_or_insert_with(|| Messaging::new(facts, by_uid));
        self.targets.fit(facts)?;
        let piece = match self.targets.piece() {
            Some(piece) if selected.exists != Some(0) => piece,
            _ => return Ok(Next::Nothing),
        };
        line.word(self.name())?;
        line.raw(b" ")?;
        line.raw(piece)?;
        self.change.encode(line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        match &mut self.list {
            Some(list) => list.take(untagged, Asked { flags: false, envelope: false }, facts),
            None => Ok(false),
        }
    }

    /// MODIFIED comes with OK, and with NO when every message had changed.
    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        let head = code::head(reply.resp_text()).map(|(head, _)| head);
        if let Some(head) = head.filter(|head| head.name.eq_ignore_ascii_case(b"MODIFIED")) {
            if let Some(modified) = imap_set::from_response(head.argument) {
                for span in modified?.spans() {
                    self.modified.push_span(span.first, span.last)?;
                }
            }
        }
        Ok(if self.targets.go_on(reply)? { Step::AGAIN } else { Step::DONE })
    }

    fn finish(self) -> Result<Self::Output> {
        let limited_at = self.targets.limited_at();
        Messaging::finish(self.list, Beside { modified: self.modified, limited_at, ..Beside::default() })
    }
}
