//! ESEARCH: a search in several mailboxes (RFC 7377).

use super::search::{Abilities, Answer, manner, origin, put, retries, too_large};
use crate::error::{Error, Result};
use crate::model::{Growing, Numbers, NumbersList, Owned, imap_numbers_list};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged};
use crate::wire::criteria::{Criteria, ESEARCH, Manner};
use crate::wire::line::Line;
use crate::wire::search;
use crate::wire::utf7;

pub struct MultiSearch {
    criteria: Criteria,
    manner: Manner,
    has_retried: bool,
    list: Option<Growing<Numbers>>,
}

const MULTISEARCH: Abilities =
    Abilities { returns: ESEARCH, partial: &["PARTIAL", "CONTEXT=SEARCH"], context: &["CONTEXT=SEARCH"] };

impl MultiSearch {
    pub fn new(criteria: &str, params: Option<&[&str]>) -> Result<MultiSearch> {
        let criteria = Criteria::parse(criteria, params)?;
        if !criteria.by_uid() {
            return Err(Error::invalid("ESEARCH is answered with UIDs: leave the # out"));
        }
        if criteria.returns().is_some_and(|returns| returns.update || returns.save) {
            return Err(Error::invalid(
                "UPDATE and SAVE are for the selected mailbox alone: use imap_search()",
            ));
        }
        Ok(MultiSearch { criteria, manner: Manner::as_given(), has_retried: false, list: None })
    }

    /// Without IN, and with "selected" in it.
    fn is_in_selected(&self) -> bool {
        let is_selected =
            |at: usize, source: &crate::wire::words::Words| source.atom(at).as_deref() == Some("SELECTED");
        self.criteria.source().is_none_or(|source| (0..source.len()).any(|at| is_selected(at, source)))
    }
}

impl Command for MultiSearch {
    type Output = Box<Owned<NumbersList>>;

    fn name(&self) -> &'static str {
        "ESEARCH"
    }

    fn rules(&self) -> Rules {
        let claim = Claim::Correlated(&["ESEARCH"]);
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Reads }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        match self.is_in_selected() {
            true => drop(facts.needs_selected()?),
            false => facts.needs_login()?,
        }
        facts.needs("MULTISEARCH")?;
        self.manner = manner(&self.criteria, facts, &MULTISEARCH)?;
        self.list = Some(Growing::new(facts.settings.max_result));
        self.criteria.encode("ESEARCH", self.manner, line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let Some(list) = self.list.as_mut().filter(|_| untagged.is("ESEARCH")) else { return Ok(false) };
        let mut answer = Answer::default();
        search::esearch(untagged.response, untagged.rest, &mut answer.found)?;
        let is_emulated = answer.conclude(&self.criteria, self.manner, false)?;
        if let Some(name) = answer.found.mailbox.as_mut().filter(|_| !facts.is_utf8) {
            let mut decoded = Vec::new();
            utf7::decode(name, &mut decoded)?;
            *name = decoded;
        }
        let pushed = list.push(|arena| put(answer, origin(is_emulated), arena));
        match pushed {
            Err(_) if list.arena().is_full() => Err(too_large(facts)),
            other => Ok(other.map(|()| true)?),
        }
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        if !self.has_retried && retries(&mut self.criteria, reply)? {
            self.has_retried = true;
            return Ok(Step::AGAIN);
        }
        reply.ok()?;
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<Self::Output> {
        let list = self.list.unwrap_or_else(|| Growing::new(usize::MAX));
        list.finish(|_, items, count| Ok(imap_numbers_list { items, count }))
    }
}
