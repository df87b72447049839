//! EXPUNGE and UID EXPUNGE (RFC 9051 sections 6.4.3 and 6.4.9, RFC 4315).

use super::search::{numbers, origin};
use super::targets::Targets;
use crate::error::{Error, Result};
use crate::model::{Numbers, Owned};
use crate::session::{
    Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged, is_earlier, vanished,
};
use crate::wire::code;
use crate::wire::line::Line;
use crate::wire::search::Found;

pub struct Expunge {
    /// None: all that are marked.
    targets: Option<Targets>,
    found: Found,
    /// All that was told were UIDs.
    is_by_uid: bool,
}

impl Expunge {
    pub fn new(set: Option<&str>) -> Result<Expunge> {
        let targets = set.map(Targets::parse).transpose()?;
        if targets.as_ref().is_some_and(|targets| !targets.by_uid()) {
            return Err(Error::invalid("EXPUNGE of some messages names them by UID, not by number"));
        }
        Ok(Expunge { targets, found: Found::default(), is_by_uid: true })
    }
}

impl Command for Expunge {
    type Output = Box<Owned<Numbers>>;

    fn name(&self) -> &'static str {
        if self.targets.is_some() { "UID EXPUNGE" } else { "EXPUNGE" }
    }

    fn rules(&self) -> Rules {
        Rules { claim: Claim::Expunge, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_writable()?;
        let Some(targets) = &mut self.targets else {
            line.word("EXPUNGE")?;
            return Ok(Next::Send);
        };
        targets.fit(facts)?;
        let Some(piece) = targets.piece() else { return Ok(Next::Nothing) };
        facts.needs("UIDPLUS")?;
        line.word("UID EXPUNGE")?;
        line.raw(b" ")?;
        line.raw(piece)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        match untagged.number {
            Some(number) => {
                self.is_by_uid = false;
                self.found.set.push(number)?;
            }
            // VANISHED; that of an earlier time is news, not our answer.
            None if is_earlier(untagged) => return Ok(false),
            None => {
                let Some(gone) = vanished(untagged) else {
                    self.found.defects += 1;
                    return Ok(false);
                };
                for span in gone?.spans() {
                    self.found.set.push_span(span.first, span.last)?;
                }
            }
        }
        Ok(true)
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        if let Some((head, _)) = code::head(reply.resp_text()) {
            if head.name.eq_ignore_ascii_case(b"HIGHESTMODSEQ") {
                let modseq =
                    std::str::from_utf8(head.argument).ok().and_then(|text| text.trim().parse().ok());
                self.found.modseq = modseq.unwrap_or(-1);
            }
        }
        let has_more = match &mut self.targets {
            Some(targets) => targets.go_on(reply)?,
            None => reply.ok().map(|()| false)?,
        };
        Ok(if has_more { Step::AGAIN } else { Step::DONE })
    }

    fn finish(self) -> Result<Self::Output> {
        let mut found = self.found;
        if self.is_by_uid {
            found.drop_repeated()?;
        }
        numbers(found.into(), origin(false))
    }
}
