//! LIST, LSUB and XLIST (RFC 9051 section 6.3.9, RFC 3501 section 6.3.9, RFC 5258, 5819, 6154, 8440, 9590).
//!
//! What one LIST cannot tell is asked for with more commands: LSUB for the subscriptions, XLIST for the roles, and for
//! each mailbox STATUS, MYRIGHTS and GETMETADATA, many at a time. Their responses are those that an extended LIST is
//! answered with, so they are taken in one place, whichever command they answer.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use super::list_options::{Options, What};
use super::metadata::{self, Means};
use super::subscriptions::{Mark, Subscription, Subscriptions};
use crate::error::{Error, NoMemory, Result, imap_status::*};
use crate::model::{
    Arena, Few, Growing, Mailbox, Mailboxes as Result_, Owned, imap_attribute::*, imap_defect,
    imap_defect_kind::*, imap_entries, imap_mailbox, imap_mailboxes, imap_origin, imap_role,
};
use crate::session::{
    Claim, Command, Effect, Facts, Item, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged, unsupported,
};
use crate::wire::line::Line;
use crate::wire::{list, rights, role, status};

pub struct List {
    verb: Verb,
    reference: String,
    patterns: Vec<String>,
    options: Options,
    stage: Stage,
    /// What the server claims to have and did not understand in this call.
    lacking: Vec<&'static str>,
    /// The extended LIST found nothing at all.
    was_empty: bool,
    is_emulated: bool,
    /// Details that were asked for and not answered yet.
    open: usize,
    /// What did not answer the first time is asked once more: some called BAD what were too many at once.
    round: Round,
    mailboxes: Growing<Mailbox>,
    flaws: Flaws,
    places: Places,
    is_streamed: bool,
    has_handed_out: bool,
    /// Of a stream that LIST alone cannot make: which mailboxes were named, and which are subscribed.
    named: Places,
    subscriptions: Subscriptions,
    /// Of a stream: mailboxes about which is still to be asked.
    waiting: VecDeque<Growing<Mailbox>>,
    /// The memory that these three take.
    held: usize,
    /// Of a stream: mailboxes of which all is known.
    items: VecDeque<Box<Owned<Result_>>>,
}

/// Responses that made no mailbox of the result.
#[derive(Default)]
struct Flaws {
    nameless: usize,
    /// They name one that another has named, though only one pattern was asked for.
    repeated: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    List,
    Lsub,
    Xlist,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Which mailboxes: of this pattern, or of all.
    Names(usize),
    /// Which of them are subscribed.
    Subscribed(usize),
    /// The next thing to ask about the mailbox at a place.
    Details { place: usize, detail: usize },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    First,
    /// There were BADs in it.
    FirstRefused,
    Second,
}

/// What is asked about a mailbox by itself.
const DETAILS: [What; 3] = [What::Status, What::MyRights, What::Metadata];

/// In this order options are given up when the server does not understand them.
const DOUBTFUL: [What; 4] = [What::Metadata, What::MyRights, What::Status, What::SpecialUse];

impl List {
    /// `extra`: "(SUBSCRIBED) RETURN (STATUS (MESSAGES))".
    pub fn of(reference: &str, pattern: &str, extra: Option<&str>) -> Result<List> {
        List::all(reference, &[pattern], extra.unwrap_or_default(), None)
    }

    pub fn all(reference: &str, patterns: &[&str], extra: &str, params: Option<&[&str]>) -> Result<List> {
        Ok(List { options: Options::parse(extra, params)?, ..List::new(Verb::List, reference, patterns)? })
    }

    pub fn of_subscribed(reference: &str, pattern: &str) -> Result<List> {
        List::new(Verb::Lsub, reference, &[pattern])
    }

    pub fn with_roles(reference: &str, pattern: &str) -> Result<List> {
        List::new(Verb::Xlist, reference, &[pattern])
    }

    fn new(verb: Verb, reference: &str, patterns: &[&str]) -> Result<List> {
        if patterns.is_empty() {
            return Err(Error::invalid("LIST needs a pattern, like *"));
        }
        let mut copied = Vec::new();
        copied.try_reserve_exact(patterns.len())?;
        for pattern in patterns {
            copied.push(super::copy(pattern)?);
        }
        Ok(List {
            verb,
            reference: super::copy(reference)?,
            patterns: copied,
            options: Options::default(),
            stage: Stage::Names(0),
            lacking: Vec::new(),
            was_empty: false,
            is_emulated: false,
            open: 0,
            round: Round::First,
            mailboxes: Growing::new(usize::MAX),
            flaws: Flaws::default(),
            places: Places::default(),
            is_streamed: false,
            has_handed_out: false,
            named: Places::default(),
            subscriptions: Subscriptions::default(),
            waiting: VecDeque::new(),
            held: 0,
            items: VecDeque::new(),
        })
    }

    fn can(&self, facts: &Facts, capability: &'static str) -> bool {
        facts.can(capability) && !self.lacking.contains(&capability)
    }

    fn is_extended(&self, facts: &Facts) -> bool {
        let asks = !self.options.is_empty() || self.patterns.len() > 1;
        self.verb == Verb::List && asks && self.can(facts, "LIST-EXTENDED")
    }

    /// Whether LIST itself is told to answer this.
    fn is_said(&self, what: What, facts: &Facts) -> bool {
        self.is_extended(facts) && self.can(facts, what.capability())
    }

    /// XLIST in place of LIST, for the roles.
    fn uses_xlist(&self, facts: &Facts) -> bool {
        let is_worth_it =
            facts.settings.emulate && !self.can(facts, "SPECIAL-USE") && self.can(facts, "XLIST");
        self.verb == Verb::Xlist || (self.verb == Verb::List && is_worth_it && !self.is_extended(facts))
    }

    /// What of the options other commands must answer; error if none can.
    fn plan(&mut self, facts: &Facts) -> Result<()> {
        if self.verb == Verb::Lsub && facts.is_rev2() {
            facts.may_emulate("LSUB")?;
            (self.verb, self.options, self.is_emulated) = (Verb::List, Options::subscribed()?, true);
        }
        if self.verb == Verb::Xlist {
            facts.needs("XLIST")?;
        }
        if let Some(items) = &self.options.status {
            items.check(facts)?;
        }
        let several = self.patterns.len() > 1 && !self.is_extended(facts);
        let unsaid = self.options.all().filter(|what| !self.is_said(*what, facts));
        let unsaid: Vec<What> = unsaid.chain(several.then_some(What::Other)).collect();
        for what in unsaid {
            let is_told = what == What::Children && facts.has("CHILDREN");
            if is_told {
                continue;
            }
            let is_unknown = what == What::Other && !several;
            if is_unknown || !facts.settings.emulate {
                return Err(unsupported(what.capability()));
            }
            match what {
                What::MyRights => facts.needs("ACL")?,
                What::Metadata => drop(Means::of("INBOX", facts)?),
                _ => {}
            }
            self.is_emulated = true;
        }
        Ok(())
    }

    fn write_names(&mut self, at: usize, facts: &Facts, line: &mut Line) -> Result<()> {
        self.plan(facts)?;
        line.word(match self.verb {
            Verb::Lsub => "LSUB",
            _ if self.uses_xlist(facts) => "XLIST",
            _ => "LIST",
        })?;
        let is_extended = self.is_extended(facts);
        if is_extended {
            self.options.write_selection(|what| self.is_said(what, facts), line)?;
        }
        line.mailbox(&self.reference)?;
        if !is_extended || self.patterns.len() == 1 {
            line.list_pattern(self.patterns.get(at).map_or("", String::as_str))?;
        } else {
            line.word("(")?;
            self.patterns.iter().try_for_each(|pattern| line.list_pattern(pattern))?;
            line.raw(b")")?;
        }
        if is_extended {
            self.options.write_return(|what| self.is_said(what, facts), line)?;
        }
        Ok(())
    }

    /// Whether this is to be asked about each mailbox by itself.
    fn is_asked(&self, what: What, facts: &Facts) -> bool {
        self.options.returns(what) && !self.is_said(what, facts)
    }

    /// The next detail that is to be asked about a mailbox.
    fn next_detail(&self, facts: &Facts) -> Option<(usize, usize)> {
        let Stage::Details { place, detail } = self.stage else { return None };
        let is_asked = |what: What| self.is_asked(what, facts);
        if !DETAILS.into_iter().any(is_asked) {
            return None;
        }
        let (mut place, mut detail) = (place, detail);
        loop {
            let mailbox = self.mailboxes.get(place)?;
            let is_real = mailbox.attributes & IMAP_ATTRIBUTE_NO_SELECT as u32 == 0;
            let is_due =
                |what: What| is_asked(what) && (self.round != Round::Second || is_absent(what, mailbox));
            let found = (detail..DETAILS.len()).find(|detail| is_real && is_due(DETAILS[*detail]));
            match found {
                Some(detail) => return Some((place, detail)),
                None => (place, detail) = (place + 1, 0),
            }
        }
    }

    fn write_detail(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        let mut next = self.next_detail(facts);
        if next.is_none() && self.open == 0 && self.round == Round::FirstRefused {
            self.round = Round::Second;
            self.stage = Stage::Details { place: 0, detail: 0 };
            next = self.next_detail(facts);
        }
        let Some((place, detail)) = next else { return Ok(Next::Nothing) };
        self.open += 1;
        self.stage = Stage::Details { place, detail: detail + 1 };
        let name = self.mailboxes.get(place).and_then(|mailbox| mailbox.raw()).unwrap_or_default();
        match (DETAILS[detail], &self.options.status, &self.options.metadata) {
            (What::Status, Some(items), _) => {
                line.word("STATUS")?;
                line.raw_mailbox(name)?;
                items.write(facts, line)?;
            }
            (What::Metadata, _, Some(query)) => {
                query.write(Means::of("INBOX", facts)?, line, |line| line.raw_mailbox(name))?;
            }
            _ => {
                line.word("MYRIGHTS")?;
                line.raw_mailbox(name)?;
            }
        }
        // A stream holds the answers about one mailbox at a time.
        Ok(if self.is_streamed { Next::Send } else { Next::SendAndGoOn })
    }

    /// LSUB must tell what is subscribed.
    fn needs_lsub(&self, facts: &Facts) -> bool {
        self.options.all().any(|what| what == What::Subscribed && !self.is_said(what, facts))
    }

    /// Of a stream: several commands name mailboxes, or tell something about each.
    fn is_joined(&self, facts: &Facts) -> bool {
        self.is_streamed && ((self.patterns.len() > 1 && !self.is_extended(facts)) || self.needs_lsub(facts))
    }

    /// So many bytes more are held.
    fn hold(&mut self, bytes: usize, facts: &Facts) -> Result<()> {
        self.held = self.held.saturating_add(bytes);
        match self.held > facts.settings.max_result {
            true => Err(super::fetch::too_large(facts.settings.max_result)),
            false => Ok(()),
        }
    }

    /// Of a stream that several lists make: whether this mailbox is new, and what LSUB told of it.
    fn join(&mut self, name: &[u8], facts: &Facts) -> Result<(bool, Option<Mark>)> {
        if !self.is_joined(facts) {
            return Ok((true, None));
        }
        if self.named.of(name).is_some() {
            return Ok((false, None));
        }
        self.named.note(name, 0)?;
        self.hold(Places::ENTRY, facts)?;
        let (mark, freed) = self.subscriptions.found(name);
        self.held = self.held.saturating_sub(freed);
        Ok((true, mark))
    }

    /// A mailbox of LIST.
    fn note_name(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        self.hand_out(facts)?;
        let Some(name) = list::name_of(untagged.response, untagged.rest) else {
            self.flaws.nameless += 1;
            return Ok(true);
        };
        if self.places.of(&name).is_some() {
            self.flaws.repeated += usize::from(self.patterns.len() == 1);
            return Ok(true);
        }
        let (is_new, mark) = self.join(&name, facts)?;
        if !is_new {
            return Ok(true);
        }
        let only_subscribed =
            self.is_streamed && self.options.selects(What::Subscribed) && self.needs_lsub(facts);
        let recursive = self.options.selects(What::RecursiveMatch);
        let guesses = facts.settings.emulate && !self.can(facts, "SPECIAL-USE") && !self.uses_xlist(facts);
        let only_special = self.options.selects(What::SpecialUse) && !self.is_said(What::SpecialUse, facts);
        let mut is_wanted = true;
        let pushed = self.mailboxes.push(|arena| {
            let made = list::mailbox(untagged.response, untagged.rest, facts.is_utf8, arena)?;
            let made = made.map(|made| if guesses { with_guess(made) } else { made });
            let is_special = |made: &imap_mailbox<'_>| {
                !matches!(made.role, imap_role::IMAP_ROLE_NONE | imap_role::IMAP_ROLE_INBOX)
            };
            let made = match (made, mark) {
                (Some(made), Some(mark)) => Some(mark.put_on(made, arena)?),
                (made, _) => made,
            };
            let is_asked_for = |made: &imap_mailbox<'_>| {
                (!only_special || is_special(made)) && (!only_subscribed || is_subscribed(made, recursive))
            };
            made.filter(is_asked_for).ok_or_else(|| {
                is_wanted = false;
                Error::new(IMAP_ERR_PROTOCOL, "not wanted")
            })
        });
        match pushed {
            Err(_) if !is_wanted => Ok(true),
            Err(error) => Err(error),
            Ok(()) => {
                self.places.note(&name, self.mailboxes.len() - 1)?;
                Ok(true)
            }
        }
    }

    /// A mailbox of LSUB, where LIST could not tell what is subscribed. One with \Noselect is not, something below it
    /// is (RFC 3501 section 6.3.9).
    fn note_subscribed(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let Some(name) = list::name_of(untagged.response, untagged.rest) else { return Ok(false) };
        if self.is_streamed {
            return self.hold_subscribed(&name, untagged, facts);
        }
        let Some(place) = self.places.of(&name) else {
            return if self.lists_phantoms() { self.note_phantom(untagged, facts) } else { Ok(true) };
        };
        self.mailboxes.amend_at(place, |arena, mailbox| {
            let sent = list::mailbox(untagged.response, untagged.rest, facts.is_utf8, arena)?;
            let mark = Mark { is_parent: sent.is_some_and(|sent| is_no_select(&sent)) };
            mark.put_on(mailbox, arena)
        })?;
        Ok(true)
    }

    /// What is subscribed and not there is asked for; it has no role.
    fn lists_phantoms(&self) -> bool {
        self.options.selects(What::Subscribed) && !self.options.selects(What::SpecialUse)
    }

    /// The same before LIST has named it.
    fn hold_subscribed(&mut self, name: &[u8], untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        if self.subscriptions.has(name) {
            return Ok(true);
        }
        let arena = Arena::new();
        let sent = list::mailbox(untagged.response, untagged.rest, facts.is_utf8, &arena)?;
        let Some(sent) = sent else { return Ok(false) };
        let mut mailbox = None;
        if self.lists_phantoms() {
            let mut phantom = Growing::new(facts.settings.max_result);
            push_phantom(&mut phantom, untagged, facts)?;
            mailbox = Some(phantom);
        }
        let size = self.subscriptions.add(name, Subscription { is_parent: is_no_select(&sent), mailbox })?;
        self.hold(size, facts)?;
        Ok(true)
    }

    /// Subscribed, and not there.
    fn note_phantom(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        push_phantom(&mut self.mailboxes, untagged, facts)
    }

    /// Of LIST and LSUB together, those that were asked for.
    fn keep_subscribed(&mut self) {
        if !self.options.selects(What::Subscribed) {
            return;
        }
        let recursive = self.options.selects(What::RecursiveMatch);
        self.mailboxes.retain(|mailbox| is_subscribed(mailbox, recursive));
    }

    /// STATUS, MYRIGHTS, METADATA or ANNOTATION of a mailbox that was listed.
    fn note_detail(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let (response, rest, is_utf8) = (untagged.response, untagged.rest, facts.is_utf8);
        let is_status = untagged.is("STATUS");
        let name = if is_status { status::name_of(response, rest) } else { rights::name_of(response, rest)? };
        let Some(place) = self.places.of(&name) else { return Ok(false) };
        if is_status {
            self.mailboxes.amend_at(place, |arena, mailbox| {
                let counts = status::counts(response, rest, is_utf8, arena)?;
                Ok::<_, NoMemory>(imap_mailbox { counts: Some(arena.put(counts)?), ..mailbox })
            })?;
        } else if untagged.is("MYRIGHTS") {
            self.mailboxes.amend_at(place, |arena, mailbox| {
                let my_rights = rights::my_rights(response, rest, is_utf8, arena)?.my_rights;
                Ok::<_, NoMemory>(imap_mailbox { my_rights, ..mailbox })
            })?;
        } else {
            let Some(query) = &self.options.metadata else { return Ok(false) };
            let mut is_answer = true;
            self.mailboxes.amend_at(place, |arena, mailbox| {
                let mut entries = Few::new();
                for known in mailbox.metadata.iter().flat_map(|known| known.items.iter()) {
                    entries.push(known)?;
                }
                is_answer = metadata::each(untagged, query, |sent| {
                    Ok(entries.push(arena.put(sent.entry(mailbox.name, arena)?)?)?)
                })?;
                let (items, count) = entries.list(arena)?;
                let origin = metadata::origin(untagged);
                let all = arena.put(imap_entries { items, count, origin })?;
                Ok::<_, Error>(imap_mailbox {
                    metadata: is_answer.then_some(all).or(mailbox.metadata),
                    ..mailbox
                })
            })?;
            return Ok(is_answer);
        }
        Ok(true)
    }

    /// Some servers offer options and do not understand them, or answer nothing to them: then they are given up one by
    /// one, as long as that can name the same mailboxes.
    fn give_up(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<bool> {
        let is_empty = self.mailboxes.is_empty() && !self.has_handed_out;
        if !facts.settings.emulate || !is_empty || self.stage != Stage::Names(0) {
            return Ok(false);
        }
        let is_known = self.options.all().all(|what| what != What::Other);
        let doubtful = if self.is_extended(facts) && reply.is_bad() && is_known {
            let said = |what: &What| self.options.all().any(|one| one == *what) && self.is_said(*what, facts);
            Some(DOUBTFUL.into_iter().find(said).map_or("LIST-EXTENDED", What::capability))
        } else if self.is_extended(facts) && reply.is_ok() && !self.options.selects_any() {
            self.was_empty = true;
            Some("LIST-EXTENDED")
        } else if self.verb != Verb::Xlist && self.uses_xlist(facts) && !reply.is_ok() {
            Some("XLIST")
        } else {
            None
        };
        let Some(doubtful) = doubtful else { return Ok(false) };
        self.lacking.try_reserve(1)?;
        self.lacking.push(doubtful);
        self.is_emulated |= doubtful != "XLIST";
        Ok(true)
    }

    /// There is always an INBOX, also on a server that finds none.
    fn add_inbox(&mut self) -> Result<()> {
        let is_inbox = |pattern: &String| pattern.eq_ignore_ascii_case("INBOX");
        if self.was_empty
            && self.mailboxes.is_empty()
            && !self.has_handed_out
            && self.patterns.iter().any(is_inbox)
        {
            self.mailboxes.push(|_| Ok::<_, NoMemory>(imap_mailbox::INBOX))?;
        }
        Ok(())
    }

    /// What comes behind the names.
    fn go_on(&mut self, facts: &Facts) -> Result<Step> {
        self.stage = match self.stage {
            Stage::Names(at) if !self.is_extended(facts) && at + 1 < self.patterns.len() => {
                Stage::Names(at + 1)
            }
            Stage::Names(_) => {
                self.add_inbox()?;
                self.hand_out_missing(facts)?;
                match !self.is_streamed && self.needs_lsub(facts) {
                    true => Stage::Subscribed(0),
                    false => Stage::Details { place: 0, detail: 0 },
                }
            }
            Stage::Subscribed(at) if at + 1 < self.patterns.len() => Stage::Subscribed(at + 1),
            Stage::Subscribed(_) if self.is_streamed => {
                self.subscriptions.is_told = true;
                Stage::Names(0)
            }
            Stage::Subscribed(_) => {
                self.keep_subscribed();
                Stage::Details { place: 0, detail: 0 }
            }
            _ => Stage::Details { place: 0, detail: 0 },
        };
        if !matches!(self.stage, Stage::Details { .. }) {
            return Ok(Step::AGAIN);
        }
        self.hand_out(facts)?;
        self.hand_out_answered(facts)?;
        Ok(if self.next_detail(facts).is_some() { Step::AGAIN } else { Step::DONE })
    }

    /// Of a stream: the mailbox that came last is complete, what belongs to it follows it at once; unless it has to be
    /// asked for, once all names are here.
    fn hand_out(&mut self, facts: &Facts) -> Result<()> {
        if !self.is_streamed || self.mailboxes.is_empty() {
            return Ok(());
        }
        if !DETAILS.into_iter().any(|what| self.is_asked(what, facts)) {
            return self.hand_out_one();
        }
        let one = self.take_one();
        self.hold(one.arena().size(), facts)?;
        self.waiting.try_reserve(1)?;
        self.waiting.push_back(one);
        Ok(())
    }

    /// Of a stream: what is subscribed and was not named.
    fn hand_out_missing(&mut self, facts: &Facts) -> Result<()> {
        for missing in self.subscriptions.missing() {
            self.hand_out(facts)?;
            self.held = self.held.saturating_sub(missing.arena().size());
            self.mailboxes = missing;
        }
        Ok(())
    }

    fn hand_out_one(&mut self) -> Result<()> {
        self.has_handed_out = true;
        let (one, flaws) = (self.take_one(), std::mem::take(&mut self.flaws));
        self.items.try_reserve(1)?;
        self.items.push_back(result(one, flaws, self.is_emulated)?);
        Ok(())
    }

    fn take_one(&mut self) -> Growing<Mailbox> {
        self.places.clear();
        let next = Growing::new(self.mailboxes.arena().limit());
        std::mem::replace(&mut self.mailboxes, next)
    }

    /// Of a stream: hands out those mailboxes about which there is nothing more to be asked, up to the next one about
    /// which there is.
    fn hand_out_answered(&mut self, facts: &Facts) -> Result<()> {
        while self.is_streamed && self.next_detail(facts).is_none() {
            if !self.mailboxes.is_empty() {
                self.hand_out_one()?;
            }
            let Some(next) = self.waiting.pop_front() else { break };
            let name = next.get(0).and_then(|mailbox| mailbox.raw()).unwrap_or_default();
            self.places.note(name, 0)?;
            self.held = self.held.saturating_sub(next.arena().size());
            self.mailboxes = next;
            self.stage = Stage::Details { place: 0, detail: 0 };
        }
        Ok(())
    }
}

/// Adds what LSUB named and LIST does not. False: it names nothing.
fn push_phantom(mailboxes: &mut Growing<Mailbox>, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
    let mut is_name = true;
    let pushed = mailboxes.push(|arena| {
        let made = list::mailbox(untagged.response, untagged.rest, facts.is_utf8, arena)?;
        let Some(made) = made else {
            is_name = false;
            return Err(Error::new(IMAP_ERR_PROTOCOL, "no mailbox name"));
        };
        let marks = [IMAP_ATTRIBUTE_SUBSCRIBED, IMAP_ATTRIBUTE_NON_EXISTENT, IMAP_ATTRIBUTE_NO_SELECT];
        let attributes = marks.iter().fold(made.attributes, |all, mark| all | *mark as u32);
        Ok(imap_mailbox { attributes, role: imap_role::IMAP_ROLE_NONE, ..made })
    });
    if is_name { pushed.map(|()| true) } else { Ok(false) }
}

fn is_no_select(mailbox: &imap_mailbox<'_>) -> bool {
    mailbox.attributes & IMAP_ATTRIBUTE_NO_SELECT as u32 != 0
}

/// Or, if the children count, something below it is.
fn is_subscribed(mailbox: &imap_mailbox<'_>, recursive: bool) -> bool {
    let is_subscribed = mailbox.attributes & IMAP_ATTRIBUTE_SUBSCRIBED as u32 != 0;
    is_subscribed || (recursive && mailbox.child_info.count > 0)
}

fn is_absent(what: What, mailbox: &imap_mailbox<'_>) -> bool {
    match what {
        What::Status => mailbox.counts.is_none(),
        What::MyRights => mailbox.my_rights.is_none(),
        _ => mailbox.metadata.is_none(),
    }
}

fn with_guess(mailbox: imap_mailbox<'_>) -> imap_mailbox<'_> {
    let is_open = mailbox.role == imap_role::IMAP_ROLE_NONE
        && mailbox.attributes & IMAP_ATTRIBUTE_NO_SELECT as u32 == 0;
    let role = role::guessed(mailbox.name.get().unwrap_or_default(), mailbox.delimiter.get());
    match is_open && role != imap_role::IMAP_ROLE_NONE {
        true => imap_mailbox { role, role_origin: imap_origin::IMAP_ORIGIN_GUESSED, ..mailbox },
        false => mailbox,
    }
}

impl Command for List {
    type Output = Box<Owned<Result_>>;

    fn name(&self) -> &'static str {
        match self.verb {
            Verb::List => "LIST",
            Verb::Lsub => "LSUB",
            Verb::Xlist => "XLIST",
        }
    }

    fn rules(&self) -> Rules {
        let is_detailed = DETAILS.into_iter().any(|what| self.options.returns(what));
        let claim = Claim::Named(match is_detailed {
            true => &["LIST", "XLIST", "LSUB", "STATUS", "MYRIGHTS", "METADATA", "ANNOTATION"],
            false => &["LIST", "XLIST", "LSUB"],
        });
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Reads }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        self.mailboxes.arena().set_limit(facts.settings.max_result);
        if self.is_streamed && self.stage == Stage::Names(0) && !self.subscriptions.is_told {
            self.plan(facts)?;
            if self.needs_lsub(facts) {
                self.stage = Stage::Subscribed(0);
            }
        }
        match self.stage {
            Stage::Names(at) => self.write_names(at, facts, line)?,
            Stage::Subscribed(at) => {
                line.word("LSUB")?;
                line.mailbox(&self.reference)?;
                line.list_pattern(self.patterns.get(at).map_or("", String::as_str))?;
            }
            Stage::Details { .. } => return self.write_detail(facts, line),
        }
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let is_lsub = untagged.is("LSUB");
        match (self.stage, untagged.is("LIST") || untagged.is("XLIST") || is_lsub) {
            (_, false) => self.note_detail(untagged, facts),
            (Stage::Names(_), true) if is_lsub == (self.verb == Verb::Lsub) => {
                self.note_name(untagged, facts)
            }
            (Stage::Subscribed(_), true) if is_lsub => self.note_subscribed(untagged, facts),
            _ => Ok(false),
        }
    }

    /// What one mailbox did not tell is absent, whatever the reason.
    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        if let Stage::Details { .. } = self.stage {
            self.open = self.open.saturating_sub(1);
            if reply.is_bad() && self.round == Round::First && !self.is_streamed {
                self.round = Round::FirstRefused;
            }
            self.hand_out_answered(facts)?;
            return Ok(Step::AGAIN);
        }
        if self.give_up(reply, facts)? {
            return Ok(Step::AGAIN);
        }
        reply.ok()?;
        let is_proven = !self.mailboxes.is_empty() || self.has_handed_out;
        let step = self.go_on(facts)?;
        let lacking = if is_proven { self.lacking.clone() } else { Vec::new() };
        let effect = if lacking.is_empty() { Effect::None } else { Effect::Lacks(lacking) };
        Ok(Step { effect, ..step })
    }

    fn stream(&mut self) -> Result<()> {
        self.is_streamed = true;
        Ok(())
    }

    fn item(&mut self) -> Option<Item> {
        self.items.pop_front().map(Item::Mailbox)
    }

    fn finish(self) -> Result<Self::Output> {
        result(self.mailboxes, self.flaws, self.is_emulated)
    }
}

fn result(mailboxes: Growing<Mailbox>, flaws: Flaws, is_emulated: bool) -> Result<Box<Owned<Result_>>> {
    let origin = match is_emulated {
        true => imap_origin::IMAP_ORIGIN_EMULATED,
        false => imap_origin::IMAP_ORIGIN_SERVER,
    };
    mailboxes.finish(|arena, items, count| {
        let mut defects = Few::new();
        for (count, what) in
            [(flaws.nameless, "no mailbox"), (flaws.repeated, "a mailbox that had been named before")]
        {
            if count > 0 {
                let text = arena.format(format_args!("{count} responses named {what}"))?;
                defects.push(arena.put(imap_defect::of_answer(IMAP_DEFECT_SYNTAX, text))?)?;
            }
        }
        let (defects, defect_count) = defects.list(arena)?;
        Ok(imap_mailboxes { items, count, origin, defects, defect_count })
    })
}

/// Where in the list a mailbox is, by its name as sent. The hash is keyed, so that nobody can make two names meet.
#[derive(Default)]
pub struct Places {
    hasher: RandomState,
    places: HashMap<u64, u32>,
}

impl Places {
    /// What a name takes about.
    pub const ENTRY: usize = 24;

    fn key(&self, name: &[u8]) -> u64 {
        let is_inbox = name.eq_ignore_ascii_case(b"INBOX");
        self.hasher.hash_one(if is_inbox { b"INBOX" } else { name })
    }

    pub fn note(&mut self, name: &[u8], place: usize) -> Result<()> {
        self.places.try_reserve(1)?;
        self.places.insert(self.key(name), u32::try_from(place).unwrap_or(u32::MAX));
        Ok(())
    }

    pub fn of(&self, name: &[u8]) -> Option<usize> {
        self.places.get(&self.key(name)).map(|place| *place as usize)
    }

    fn clear(&mut self) {
        self.places.clear();
    }
}
