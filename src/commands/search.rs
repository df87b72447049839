//! SEARCH (RFC 9051 section 6.4.4, RFC 4731).

use crate::error::{Error, Result, imap_status::*};
use crate::model::{EMPTY_SET, List, Numbers, Owned, imap_numbers, imap_origin};
use crate::session::{Claim, Command, Facts, Item, Mailboxes, Next, Rules, Sequence, Untagged};
use crate::wire::criteria::Criteria;
use crate::wire::line::Line;
use crate::wire::search::{self, Found};

pub struct Search {
    criteria: Criteria,
    found: Found,
    is_streamed: bool,
    item: Option<Box<Owned<Numbers>>>,
}

impl Search {
    pub fn new(criteria: &str, params: Option<&[&str]>) -> Result<Search> {
        Ok(Search {
            criteria: Criteria::parse(criteria, params)?,
            found: Found::default(),
            is_streamed: false,
            item: None,
        })
    }
}

impl Command for Search {
    type Output = Box<Owned<Numbers>>;

    fn name(&self) -> &'static str {
        if self.criteria.by_uid() { "UID SEARCH" } else { "SEARCH" }
    }

    fn rules(&self) -> Rules {
        let sequence = match self.criteria.uses_numbers() {
            true => Sequence::Uses,
            false => Sequence::Renumbers,
        };
        Rules { claim: Claim::Named(&["SEARCH", "ESEARCH"]), sequence, mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_selected()?;
        for capability in self.criteria.needs() {
            facts.needs(capability)?;
        }
        self.criteria.encode(line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        match untagged.is("ESEARCH") {
            true => search::esearch(&untagged.response, untagged.rest, &mut self.found)?,
            false => search::search(&untagged.response, untagged.rest, &mut self.found)?,
        };
        if self.is_streamed {
            self.item = Some(numbers(std::mem::take(&mut self.found))?);
        } else if std::mem::size_of_val(self.found.set.spans()) > facts.settings.max_result {
            let limit = facts.settings.max_result;
            let message = format!("the result is larger than the {limit} bytes of IMAP_OPTION_MAX_RESULT");
            return Err(Error::new(IMAP_ERR_LIMIT, message));
        }
        Ok(true)
    }

    fn stream(&mut self) -> Result<()> {
        self.is_streamed = true;
        Ok(())
    }

    fn item(&mut self) -> Option<Item> {
        self.item.take().map(Item::Numbers)
    }

    fn finish(self) -> Result<Self::Output> {
        numbers(self.found)
    }
}

/// The result of what was found.
pub fn numbers(found: Found) -> Result<Box<Owned<Numbers>>> {
    of(found, imap_origin::IMAP_ORIGIN_SERVER)
}

pub fn of(found: Found, origin: imap_origin) -> Result<Box<Owned<Numbers>>> {
    Owned::build(|arena| {
        Ok(imap_numbers {
            total: found.total,
            lowest: found.lowest,
            highest: found.highest,
            modseq: found.modseq,
            set: if found.set.is_empty() { &EMPTY_SET } else { arena.set(found.set)? },
            origin,
            defects: List::EMPTY,
            defect_count: 0,
        })
    })
}
