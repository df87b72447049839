//! THREAD (RFC 5256); a server that cannot is asked for envelopes and references, and the threads are made here.

use super::fetch::Named;
use super::gather::Gather;
use super::search::{Abilities, manner, origin, retries, sequence, too_large};
use super::spacing::Spacing;
use super::targets::{Limit, limited};
use crate::error::{Error, Result};
use crate::model::{Arena, Owned, Threads, imap_threads};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Step, Untagged, unsupported};
use crate::wire::criteria::{Criteria, Manner};
use crate::wire::fetch::Asked;
use crate::wire::line::Line;
use crate::wire::thread::{self, Tree};
use crate::wire::threading::{Algorithm, Message, Messages};

pub struct Thread {
    /// None: the best.
    asked: Option<String>,
    algorithm: String,
    criteria: Criteria,
    manner: Manner,
    has_retried: bool,
    tree: Tree,
    /// The threads are made here.
    here: Option<(Gather, Messages, Algorithm)>,
    spacing: Spacing,
}

/// THREAD has no RETURN.
const THREAD: Abilities = Abilities { returns: &[], partial: &[], context: &[] };

/// What can be made here, the best first; also the order of preference of what a server can.
const ALGORITHMS: [(&str, Algorithm); 3] = [
    ("REFERENCES", Algorithm::References),
    ("REFS", Algorithm::Refs),
    ("ORDEREDSUBJECT", Algorithm::OrderedSubject),
];

impl Thread {
    pub fn new(algorithm: Option<&str>, criteria: &str, params: Option<&[&str]>) -> Result<Thread> {
        let asked = algorithm.map(|name| name.trim().to_ascii_uppercase());
        let is_name = |name: &String| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if !asked.as_ref().is_none_or(is_name) {
            return Err(Error::invalid("an algorithm is a word like REFERENCES"));
        }
        let criteria = Criteria::parse(criteria, params)?;
        if criteria.source().is_some() || criteria.returns().is_some() {
            return Err(Error::invalid("THREAD takes search keys alone, without IN (...) and RETURN (...)"));
        }
        Ok(Thread {
            asked,
            algorithm: String::new(),
            criteria,
            manner: Manner::as_given(),
            has_retried: false,
            tree: Tree::default(),
            here: None,
            spacing: Spacing::default(),
        })
    }

    /// Who does it, and how, before the first line.
    fn choose(&mut self, facts: &Facts) -> Result<()> {
        self.manner = manner(&self.criteria, facts, &THREAD)?;
        let can = |name: &str| facts.has(&format!("THREAD={name}"));
        let best = ALGORITHMS.iter().map(|(name, _)| *name).find(|name| can(name));
        self.algorithm = match &self.asked {
            Some(name) => name.clone(),
            None => best.unwrap_or(ALGORITHMS[0].0).to_owned(),
        };
        if can(&self.algorithm) {
            return Ok(());
        }
        if !self.thread_here(facts) {
            return Err(unsupported(&format!("THREAD={}", self.algorithm)));
        }
        Ok(())
    }

    /// False: it cannot be done.
    fn thread_here(&mut self, facts: &Facts) -> bool {
        let known = ALGORITHMS.iter().find(|(name, _)| *name == self.algorithm);
        let Some((_, algorithm)) = known.filter(|_| facts.settings.emulate) else { return false };
        self.tree = Tree::default();
        self.here = Some((Gather::default(), Messages::default(), *algorithm));
        true
    }

    /// False: it is not an answer, but news of a message's flags.
    fn note_message(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let Some((_, messages, _)) = &mut self.here else { return Ok(false) };
        let arena = Arena::new();
        let Some(named) = Named::of(untagged, facts) else { return Ok(false) };
        let number = untagged.number.unwrap_or(0);
        let message = named.parse(untagged, Asked { flags: false, envelope: true }, facts, &arena)?;
        let Some(envelope) = message.envelope else { return Ok(false) };
        let references = message.details.sections.iter().next().and_then(|section| section.bytes());
        messages.add(&Message {
            number,
            answer: if self.criteria.by_uid() { message.uid } else { message.number },
            date: if envelope.date == -1 { message.internal_date } else { envelope.date },
            arrival: message.internal_date,
            subject: envelope.subject.get().unwrap_or_default(),
            message_id: envelope.message_id.bytes().unwrap_or_default(),
            in_reply_to: envelope.in_reply_to.bytes().unwrap_or_default(),
            references: references.unwrap_or_default(),
        })?;
        match messages.size() > facts.settings.max_result {
            true => Err(too_large(facts)),
            false => Ok(true),
        }
    }
}

impl Command for Thread {
    type Output = Box<Owned<Threads>>;

    fn name(&self) -> &'static str {
        match &self.here {
            Some((gather, ..)) => gather.name(&self.criteria),
            None if self.criteria.by_uid() => "UID THREAD",
            None => "THREAD",
        }
    }

    fn rules(&self) -> Rules {
        if let Some((gather, ..)) = &self.here {
            return gather.rules(&self.criteria);
        }
        let claim = Claim::Named(&["THREAD", "SEARCH", "ESEARCH"]);
        Rules { claim, sequence: sequence(&self.criteria), mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_selected()?;
        if self.here.is_none() {
            self.choose(facts)?;
        }
        if let Some((gather, _, algorithm)) = &mut self.here {
            let items = match algorithm {
                Algorithm::OrderedSubject => "(UID INTERNALDATE ENVELOPE)",
                _ if self.spacing.is_tight(facts) => {
                    "(UID INTERNALDATE ENVELOPE BODY.PEEK[HEADER.FIELDS(REFERENCES)])"
                }
                _ => "(UID INTERNALDATE ENVELOPE BODY.PEEK[HEADER.FIELDS (REFERENCES)])",
            };
            return gather.line(&self.criteria, self.manner, items, line);
        }
        self.criteria.encode_ordered(self.name(), &self.algorithm, self.manner, line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        match &mut self.here {
            Some(_) if untagged.is_message() => return self.note_message(untagged, facts),
            Some((gather, ..)) => return gather.note(untagged, facts),
            None if !untagged.is("THREAD") => return Ok(false),
            None => {}
        }
        thread::thread(untagged.response, untagged.rest, &mut self.tree)?;
        match self.tree.size() > facts.settings.max_result {
            true => Err(too_large(facts)),
            false => Ok(true),
        }
    }

    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        let names_fields = |(gather, _, algorithm): &(Gather, Messages, Algorithm)| {
            gather.fetches() && !matches!(algorithm, Algorithm::OrderedSubject)
        };
        if self.here.as_ref().is_some_and(names_fields) && self.spacing.tightens(reply, facts) {
            return Ok(Step::AGAIN);
        }
        if !self.has_retried && retries(&mut self.criteria, reply)? {
            self.has_retried = true;
            self.tree = Tree::default();
            return Ok(Step::AGAIN);
        }
        let has_more = match &mut self.here {
            Some((gather, ..)) => gather.go_on(&mut self.criteria, reply)?,
            None => match Limit::of(reply) {
                None => reply.ok().map(|()| false)?,
                Some(_) if self.thread_here(facts) => true,
                Some(limit) => return Err(reply.ok().err().unwrap_or_else(|| limited(limit.lowest))),
            },
        };
        Ok(Step { is_done: !has_more, effect: self.spacing.effect() })
    }

    fn finish(mut self) -> Result<Self::Output> {
        let is_emulated = self.here.is_some() || self.manner.now.is_some();
        if let Some((_, messages, algorithm)) = self.here.take() {
            self.tree = messages.tree(algorithm)?;
        } else if self.algorithm == "ORDEREDSUBJECT" {
            self.tree.flatten();
        }
        let Tree { numbers, depths, parents } = self.tree;
        Owned::build(|arena| {
            let count = numbers.len();
            Ok(imap_threads {
                numbers: arena.numbers(numbers)?,
                depths: arena.numbers(depths)?,
                parents: arena.signed(parents)?,
                count,
                origin: origin(is_emulated),
            })
        })
    }
}
