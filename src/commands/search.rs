//! SEARCH (RFC 9051 section 6.4.4, RFC 4731, RFC 5182, RFC 5267, RFC 6203, RFC 9394); what the server does not know of it
//! is made of what it does know.

use std::time::{SystemTime, UNIX_EPOCH};

use super::targets::{EVERYTHING, Limit, Scope, limited};
use crate::error::{Error, NoMemory, Result, imap_status::*};
use crate::model::{
    Arena, Bytes, EMPTY_SET, Few, Numbers, Owned, Text, imap_defect, imap_defect_kind, imap_numbers,
    imap_origin,
};
use crate::session::{
    Claim, Command, Effect, Facts, Item, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged, unsupported,
};
use crate::wire::code;
use crate::wire::criteria::{Criteria, ESEARCH, Manner, Needs, WITHIN};
use crate::wire::line::Line;
use crate::wire::returns::{Returns, Sending};
use crate::wire::search::{self, Found, Updates};

pub struct Search {
    criteria: Criteria,
    answer: Answer,
    manner: Manner,
    has_retried: bool,
    /// The server looks at a part of the mailbox at a time, so PARTIAL is taken here.
    takes_part: bool,
    is_streamed: bool,
    item: Option<Box<Owned<Numbers>>>,
}

/// What a searching command has been told.
pub struct Answer {
    pub found: Found,
    /// The server keeps the answer up to date, and tells what changes under this number.
    pub update_id: u32,
    /// It said that it will not.
    is_refused: bool,
    /// What is still to be searched.
    scope: Scope,
    /// COUNT of what was searched before; -1: not told.
    counted: i64,
}

/// What the parts of RETURN need of the server.
pub struct Abilities {
    pub returns: Needs,
    pub partial: Needs,
    pub context: Needs,
}

const SEARCH: Abilities =
    Abilities { returns: ESEARCH, partial: &["PARTIAL", "CONTEXT=SEARCH"], context: &["CONTEXT=SEARCH"] };

impl Search {
    pub fn new(criteria: &str, params: Option<&[&str]>) -> Result<Search> {
        let criteria = Criteria::parse(criteria, params)?;
        if criteria.source().is_some() {
            return Err(Error::invalid(
                "IN (...) belongs to imap_esearch(): SEARCH is for the selected mailbox",
            ));
        }
        Ok(Search {
            criteria,
            answer: Answer::default(),
            manner: Manner::as_given(),
            has_retried: false,
            takes_part: false,
            is_streamed: false,
            item: None,
        })
    }

    /// The server has counted the places of PARTIAL in a part of the mailbox, and they are others in all of it.
    fn lacks_places(&self, reply: &Reply<'_>) -> bool {
        let returns = self.criteria.returns().filter(|_| self.manner.returns == Sending::AsGiven);
        let lacks = |returns: &Returns| {
            returns.partial.is_some() && returns.is_computable() && !returns.is_filled(&self.answer.found)
        };
        reply.is_ok() && Limit::of(reply).is_some() && returns.is_some_and(lacks)
    }
}

impl Command for Search {
    type Output = Box<Owned<Numbers>>;

    fn name(&self) -> &'static str {
        name(&self.criteria)
    }

    fn rules(&self) -> Rules {
        let claim = Claim::Named(&["SEARCH", "ESEARCH"]);
        Rules { claim, sequence: sequence(&self.criteria), mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_selected()?;
        self.manner = manner(&self.criteria, facts, &SEARCH)?;
        if self.is_streamed && self.manner.returns != Sending::AsGiven {
            return Err(unsupported(ESEARCH[0]));
        }
        if self.takes_part && self.manner.returns == Sending::AsGiven {
            self.manner.returns = Sending::WithoutPartial;
        }
        self.criteria.encode(name(&self.criteria), self.manner, line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let is_ours = self.answer.take(untagged, facts)?;
        if self.is_streamed && untagged.condition.is_none() {
            let found = std::mem::take(&mut self.answer.found);
            self.item = Some(numbers(found.into(), imap_origin::IMAP_ORIGIN_SERVER)?);
        }
        Ok(is_ours)
    }

    fn stream(&mut self) -> Result<()> {
        self.is_streamed = true;
        Ok(())
    }

    fn item(&mut self) -> Option<Item> {
        self.item.take().map(Item::Numbers)
    }

    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        if !self.has_retried && retries(&mut self.criteria, reply)? {
            self.has_retried = true;
            self.answer = Answer::default();
            return Ok(Step::AGAIN);
        }
        if !self.is_streamed && facts.settings.emulate && self.lacks_places(reply) {
            self.takes_part = true;
            self.answer = Answer::default();
            return Ok(Step::AGAIN);
        }
        let step = self.answer.tagged(&mut self.criteria, self.manner, reply)?;
        match self.answer.limited_at() {
            lowest @ 1.. if self.is_streamed && step.is_done => Err(limited(lowest)),
            _ => Ok(step),
        }
    }

    fn finish(mut self) -> Result<Self::Output> {
        let is_emulated = self.answer.conclude(&self.criteria, self.manner, false)?;
        numbers(self.answer, origin(is_emulated))
    }
}

impl Default for Answer {
    fn default() -> Answer {
        Answer {
            found: Found::default(),
            update_id: 0,
            is_refused: false,
            scope: Scope::default(),
            counted: -1,
        }
    }
}

impl From<Found> for Answer {
    fn from(found: Found) -> Answer {
        Answer { found, ..Answer::default() }
    }
}

impl Answer {
    /// One response. False: it is news for others too.
    pub fn take(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        if untagged.condition.is_some() {
            self.is_refused = true;
            return Ok(false);
        }
        if !untagged.is("ESEARCH") {
            search::search(untagged.response, untagged.rest, &mut self.found)?;
        } else {
            search::esearch(untagged.response, untagged.rest, &mut self.found)?;
            if Updates::of(untagged.response, untagged.rest).next_update()?.is_some() {
                return Ok(false);
            }
        }
        if std::mem::size_of_val(self.found.set.spans()) > facts.settings.max_result {
            return Err(too_large(facts));
        }
        Ok(true)
    }

    /// Makes what the server did not tell; true if anything was done in its place. The numbers are in the order of the
    /// mailbox unless `is_ordered` otherwise.
    pub fn conclude(&mut self, criteria: &Criteria, manner: Manner, is_ordered: bool) -> Result<bool> {
        let found = &mut self.found;
        if self.counted >= 0 {
            found.total = self.counted.saturating_add(found.total.max(0));
        }
        if self.scope.is_divided() && !is_ordered {
            found.set.sort();
        } else if !is_ordered && found.scores.is_empty() {
            found.drop_repeated()?;
        }
        let is_told = manner.returns == Sending::AsGiven && !found.is_plain;
        let Some(returns) = criteria.returns().filter(|_| !is_told) else { return Ok(manner.now.is_some()) };
        if !is_ordered {
            found.set.sort();
        }
        // Some servers answer SEARCH whatever they are asked.
        match manner.returns == Sending::WithoutPartial && !found.is_plain {
            true => returns.take_part(found)?,
            false => returns.complete(found)?,
        }
        Ok(true)
    }

    /// Where the server stopped for good; 0: it did not.
    pub fn limited_at(&self) -> u32 {
        self.scope.limited_at()
    }

    /// The reply to a search: whether the server has left a part of the mailbox, which is asked for next (RFC 9738).
    pub fn go_on(&mut self, criteria: &mut Criteria, manner: Manner, reply: &Reply<'_>) -> Result<bool> {
        match criteria.returns() {
            Some(returns) if returns.is_filled(&self.found) => return reply.ok().map(|()| false),
            Some(returns) if !returns.is_divisible(manner.returns) => {
                return self.scope.stop(reply).map(|()| false);
            }
            _ => {}
        }
        let has_more = self.scope.go_on(EVERYTHING, reply)?;
        if has_more {
            criteria.look_among(self.scope.piece().unwrap_or_default())?;
            if self.found.total >= 0 {
                self.counted = self.counted.max(0).saturating_add(self.found.total);
                self.found.total = -1;
            }
        }
        Ok(has_more)
    }

    /// The reply of the searching command.
    pub fn tagged(&mut self, criteria: &mut Criteria, manner: Manner, reply: &Reply<'_>) -> Result<Step> {
        if self.go_on(criteria, manner, reply)? {
            return Ok(Step::AGAIN);
        }
        if !criteria.returns().is_some_and(|returns| returns.update) || self.is_refused {
            return Ok(Step::DONE);
        }
        self.update_id = search::update_id(reply.tag);
        Ok(Step::done(Effect::Updating(super::copy_bytes(reply.tag)?)))
    }
}

pub fn too_large(facts: &Facts) -> Error {
    let limit = facts.settings.max_result;
    let message = format!("the result is larger than the {limit} bytes of IMAP_OPTION_MAX_RESULT");
    Error::new(IMAP_ERR_LIMIT, message)
}

pub fn name(criteria: &Criteria) -> &'static str {
    if criteria.by_uid() { "UID SEARCH" } else { "SEARCH" }
}

pub fn sequence(criteria: &Criteria) -> Sequence {
    if criteria.uses_numbers() { Sequence::Uses } else { Sequence::Renumbers }
}

pub fn origin(is_emulated: bool) -> imap_origin {
    if is_emulated { imap_origin::IMAP_ORIGIN_EMULATED } else { imap_origin::IMAP_ORIGIN_SERVER }
}

/// How the criteria can be sent to this server; an error if it lacks what cannot be done without it.
pub fn manner(criteria: &Criteria, facts: &Facts, abilities: &Abilities) -> Result<Manner> {
    let has = |needs: Needs| needs.iter().any(|capability| facts.can(capability));
    let emulate = facts.settings.emulate;
    let mut manner = Manner::as_given();
    for needs in criteria.all_needs() {
        if needs == WITHIN && emulate && !has(needs) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            manner.now = Some(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        } else {
            facts.needs_one(needs)?;
        }
    }
    let Some(returns) = criteria.returns() else { return Ok(manner) };
    if !has(abilities.returns) {
        if !(emulate && returns.is_computable()) {
            return Err(unsupported(abilities.returns[0]));
        }
        manner.returns = Sending::Without;
        return Ok(manner);
    }
    if returns.update || returns.context {
        facts.needs_one(abilities.context)?;
    }
    if let Some(range) = returns.partial {
        // Counting from the end came with PARTIAL itself.
        let can = has(abilities.partial) && (!range.is_from_end || facts.has("PARTIAL"));
        if !can && (!emulate || returns.save) {
            return Err(unsupported("PARTIAL"));
        }
        if !can {
            manner.returns = Sending::WithoutPartial;
        }
    }
    Ok(manner)
}

/// `NO [BADCHARSET ("UTF-8" "ISO-8859-1")]`: whether one of those will do.
pub fn retries(criteria: &mut Criteria, reply: &Reply<'_>) -> Result<bool> {
    let Some((head, _)) = code::head(reply.resp_text()).filter(|_| !reply.is_ok()) else { return Ok(false) };
    if !head.name.eq_ignore_ascii_case(b"BADCHARSET") {
        return Ok(false);
    }
    let words = head.argument.split(|byte| b" ()\"".contains(byte)).filter(|word| !word.is_empty());
    let offered: Vec<&str> = words.take(64).filter_map(|word| std::str::from_utf8(word).ok()).collect();
    criteria.use_charset(&offered)
}

/// The result of what was told.
pub fn numbers(answer: Answer, origin: imap_origin) -> Result<Box<Owned<Numbers>>> {
    Owned::build(|arena| Ok(put(answer, origin, arena)?))
}

pub fn put(answer: Answer, origin: imap_origin, arena: &Arena) -> Result<imap_numbers<'_>, NoMemory> {
    let Answer { mut found, update_id, scope, .. } = answer;
    let (mut scores, mut score_count) = (Bytes::NONE, 0);
    if !found.scores.is_empty() {
        if found.scores.len() as u64 == found.set.count() {
            (scores, score_count) = (arena.raw(&found.scores)?, found.scores.len());
        } else {
            // Whose they are cannot be told.
            found.defects += 1;
        }
    }
    let mut defects = Few::new();
    let kind = imap_defect_kind::IMAP_DEFECT_SYNTAX;
    if found.defects > 0 {
        let text = arena.format(format_args!("{} parts of the answer were not understood", found.defects))?;
        defects.push(arena.put(imap_defect::of_answer(kind, text))?)?;
    }
    if found.is_repeated {
        let text = Text::fixed(c"the answer has numbers twice");
        defects.push(arena.put(imap_defect::of_answer(kind, text))?)?;
    }
    if scope.limited_at() > 0 {
        let text = arena.text(limited(scope.limited_at()).message.as_bytes())?;
        let kind = imap_defect_kind::IMAP_DEFECT_LIMIT;
        defects.push(arena.put(imap_defect::of_answer(kind, text))?)?;
    }
    let (defects, defect_count) = defects.list(arena)?;
    Ok(imap_numbers {
        set: if found.set.is_empty() { &EMPTY_SET } else { arena.set(found.set)? },
        total: found.total,
        lowest: found.lowest,
        highest: found.highest,
        modseq: found.modseq,
        partial: if found.partial.is_empty() { Text::NONE } else { arena.text(&found.partial)? },
        scores,
        score_count,
        update_id,
        mailbox: match &found.mailbox {
            Some(mailbox) => arena.text(mailbox)?,
            None => Text::NONE,
        },
        uid_validity: found.uid_validity,
        origin,
        defects,
        defect_count,
    })
}
