//! SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3, RFC 5257, RFC 7162), and what changed since a mailbox was last seen:
//! by QRESYNC, else by CONDSTORE and a look at which UIDs are there, else by a look at all flags.

use std::sync::Arc;

use super::enable::note_enabled;
use super::fetch::Named;
use super::targets::{EVERYTHING, Scope, limited};
use crate::error::{Error, Result, imap_status::*};
use crate::model::{
    EMPTY_SET, Growing, List, Message, Owned, Selected, Span, imap_origin, imap_selected, imap_set,
};
use crate::session::{Command, Effect, Facts, Mirror, Next, Reply, Rules, Seen, Step, Untagged};
use crate::wire::code;
use crate::wire::fetch::Asked;
use crate::wire::line::Line;
use crate::wire::search::{self, Found};
use crate::wire::words::{Word, Words};

pub struct Select {
    mailbox: String,
    is_examine: bool,
    /// ANNOTATE, if the server has that.
    annotates: bool,
    /// What else stands behind the mailbox.
    parameters: Vec<Words>,
    /// What they need.
    needs: Vec<&'static str>,
    mirror: Mirror,
    since: Option<Since>,
    stage: Stage,
    /// What of the mailbox this step has still to look at.
    scope: Scope,
    has_chosen: bool,
    changes: Changes,
    selected: Option<Box<Owned<Selected>>>,
}

/// What is known of the mailbox from before.
pub struct Since {
    pub uid_validity: u32,
    /// 0: none.
    pub modseq: u64,
    /// Those that the caller has.
    pub known: imap_set,
    /// Flags as they were, to compare with.
    pub seen: Option<Arc<Seen>>,
    /// The caller asks what changed, rather than for the mailbox.
    pub is_asked: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// ENABLE QRESYNC: not in a selected mailbox.
    Unselect,
    Enable,
    Select,
    /// SELECT that answers with the changes.
    Resync,
    /// FETCH of flags: all, or those that changed.
    Flags,
    /// Which of the known UIDs are there.
    Uids,
}

#[derive(Default)]
struct Changes {
    is_new: bool,
    is_emulated: bool,
    vanished: imap_set,
    changed: Option<Growing<Message>>,
    found: Found,
    enabled: Vec<String>,
}

impl Since {
    /// `"QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] ")"`
    fn write(&self, line: &mut Line) -> Result<()> {
        line.word(&format!("QRESYNC ({} {}", self.uid_validity, self.modseq))?;
        let known = self.known.split(usize::MAX)?;
        // Without it the server tells of more than is known, which does no harm.
        if let Some(known) = known.first().filter(|known| known.len() < LONGEST) {
            line.raw(b" ")?;
            line.raw(known)?;
        }
        line.raw(b")")
    }

    /// `uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data]` (RFC 7162); the last one only spares bytes
    /// and is left out.
    fn parse(words: &Words) -> Result<Since> {
        let wrong =
            || Error::invalid("QRESYNC is followed by \"(UIDVALIDITY MODSEQ UIDS)\", as \"(7 900 1:5)\"");
        let number = |at: usize| words.text(at).and_then(|text| text.parse::<u64>().ok()).ok_or_else(wrong);
        let uid_validity = u32::try_from(number(0)?).ok().filter(|number| *number > 0).ok_or_else(wrong)?;
        let known = imap_set::parse(words.text(2).unwrap_or("1:*"))?;
        if known.is_of_numbers() || known.is_saved_search() {
            return Err(wrong());
        }
        Ok(Since { uid_validity, modseq: number(1)?, known, seen: None, is_asked: true })
    }
}

impl Select {
    pub fn writable(mailbox: &str) -> Result<Select> {
        Select::new(mailbox, false, None)
    }

    pub fn read_only(mailbox: &str) -> Result<Select> {
        Select::new(mailbox, true, None)
    }

    /// `select-params = SP "(" select-param *(SP select-param) ")"` (RFC 4466): "(ANNOTATE)", "(QRESYNC (7 900 1:5))".
    pub fn with(
        mailbox: &str,
        is_examine: bool,
        parameters: &str,
        params: Option<&[&str]>,
    ) -> Result<Select> {
        let mut select = Select::new(mailbox, is_examine, None)?;
        let words = Words::parse(parameters, params)?;
        let end = words.len().saturating_sub(1);
        if !words.is_empty() && (words.get(0) != Some(&Word::Open) || words.close_of(0) != Some(end + 1)) {
            return Err(Error::invalid("behind the mailbox stands one list: \"(ANNOTATE CONDSTORE)\""));
        }
        let mut at = 1;
        while at < end {
            let behind = match words.get(at + 1) {
                Some(Word::Open) => words.close_of(at + 1).unwrap_or(end),
                _ => at + 1,
            };
            select.add_parameter(&words, at, behind)?;
            at = behind;
        }
        Ok(select)
    }

    /// What stands from the word at `at` to before that at `behind`: a name, and perhaps a list.
    fn add_parameter(&mut self, words: &Words, at: usize, behind: usize) -> Result<()> {
        let wrong = || Error::invalid("the parameters of SELECT are words, perhaps with a list behind them");
        match words.atom(at).ok_or_else(wrong)?.as_str() {
            "ANNOTATE" => {
                self.annotates = true;
                self.needs.push("ANNOTATE-EXPERIMENT-1");
            }
            // It is sent wherever the server has it.
            "CONDSTORE" => self.needs.push("CONDSTORE"),
            "QRESYNC" => self.since = Some(Since::parse(&words.part(at + 2, behind.saturating_sub(1))?)?),
            _ => {
                self.parameters.try_reserve(1)?;
                self.parameters.push(words.part(at, behind)?);
            }
        }
        Ok(())
    }

    /// Whether the server is to tell of annotations, if it can.
    pub fn annotates(self, annotates: bool) -> Select {
        Select { annotates, ..self }
    }

    /// With what changed since.
    pub fn since(mailbox: &str, is_examine: bool, since: Since) -> Result<Select> {
        Select::new(mailbox, is_examine, Some(since))
    }

    fn new(mailbox: &str, is_examine: bool, since: Option<Since>) -> Result<Select> {
        let mirror = Mirror { mailbox: super::copy(mailbox)?, ..Mirror::default() };
        Ok(Select {
            mailbox: super::copy(mailbox)?,
            is_examine,
            annotates: false,
            parameters: Vec::new(),
            needs: Vec::new(),
            mirror,
            since,
            stage: Stage::Select,
            scope: Scope::default(),
            has_chosen: false,
            changes: Changes::default(),
            selected: None,
        })
    }

    /// The first step, as far as the server can.
    fn choose(&mut self, facts: &Facts) -> Result<()> {
        let compares = facts.has("QRESYNC") || facts.settings.emulate;
        if self.since.take_if(|_| !compares).is_some_and(|since| since.is_asked) {
            facts.may_emulate("QRESYNC")?;
        }
        let wants_changes =
            self.since.as_ref().is_some_and(|since| since.modseq > 0 && since.uid_validity > 0);
        if std::mem::replace(&mut self.has_chosen, true) || !wants_changes || !facts.has("QRESYNC") {
            return Ok(());
        }
        self.stage = match (facts.is_enabled("QRESYNC"), &facts.selected) {
            (true, _) => Stage::Resync,
            (false, None) => Stage::Enable,
            (false, Some(_)) if facts.can("UNSELECT") => Stage::Unselect,
            (false, Some(_)) => Stage::Select,
        };
        Ok(())
    }

    /// SELECT with what the server takes with it.
    fn write_select(&self, facts: &Facts, line: &mut Line) -> Result<()> {
        line.word(if self.is_examine { "EXAMINE" } else { "SELECT" })?;
        line.mailbox(&self.mailbox)?;
        let since = self.since.as_ref().filter(|_| self.stage == Stage::Resync);
        let asks_condstore = since.is_none() && facts.can("CONDSTORE");
        let annotates = self.annotates && facts.has("ANNOTATE-EXPERIMENT-1");
        if since.is_none() && !asks_condstore && !annotates && self.parameters.is_empty() {
            return Ok(());
        }
        line.word("(")?;
        if let Some(since) = since {
            since.write(line)?;
        }
        if asks_condstore {
            line.word("CONDSTORE")?;
        }
        if annotates {
            line.word("ANNOTATE")?;
        }
        self.parameters.iter().try_for_each(|parameter| parameter.emit(line))?;
        line.raw(b")")
    }

    fn write_flags(&self, facts: &Facts, line: &mut Line) -> Result<()> {
        line.word("UID FETCH ")?;
        line.raw(self.scope.piece().unwrap_or(b"1:*"))?;
        line.word("(UID FLAGS)")?;
        match self.since.as_ref().filter(|since| is_condstore(facts, since)) {
            Some(since) => line.word(&format!("(CHANGEDSINCE {})", since.modseq)),
            None => Ok(()),
        }
    }

    fn write_uids(&self, line: &mut Line) -> Result<()> {
        line.word("UID SEARCH UID ")?;
        match self.scope.piece() {
            Some(piece) => line.raw(piece),
            None => line.raw(format!("{}:{}", self.known().first, self.known().last).as_bytes()),
        }
    }

    /// What the known UIDs span.
    fn known(&self) -> Span {
        let bounds = self.since.as_ref().and_then(|since| since.known.bounds());
        bounds.map_or(EVERYTHING, |(first, last)| Span { first, last })
    }

    /// Whether the server has left a part of what this step looks at (RFC 9738). A part will not do: what lies in the
    /// rest would be taken for gone.
    fn has_rest(&mut self, reply: &Reply<'_>) -> Result<bool> {
        let whole = if self.stage == Stage::Uids { self.known() } else { EVERYTHING };
        let has_rest = self.scope.go_on(whole, reply)?;
        match self.scope.limited_at() {
            0 => Ok(has_rest),
            lowest => Err(limited(lowest)),
        }
    }

    /// Whether this step has anything to ask for.
    fn is_needed(&self, facts: &Facts) -> Result<bool> {
        Ok(match self.stage {
            Stage::Flags => facts.needs_selected()?.exists != Some(0),
            Stage::Uids => !self.since.as_ref().map_or(&EMPTY_SET, |since| &since.known).is_empty(),
            _ => true,
        })
    }

    /// What follows the step that has just ended well.
    fn next_stage(&self, facts: &Facts) -> Option<Stage> {
        match self.stage {
            Stage::Unselect => Some(Stage::Enable),
            Stage::Enable if self.changes.enabled.iter().any(|name| name == "QRESYNC") => Some(Stage::Resync),
            Stage::Enable => Some(Stage::Select),
            Stage::Select if self.since.is_some() && !self.changes.is_new => Some(Stage::Flags),
            // All flags tell which UIDs are there.
            Stage::Flags if self.since.as_ref().is_some_and(|since| is_condstore(facts, since)) => {
                Some(Stage::Uids)
            }
            _ => None,
        }
    }

    /// A message whose flags are told: kept if they are not as they were.
    fn note_message(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let Some(named) = Named::of(untagged, facts) else { return Ok(false) };
        let uid = untagged.uid().unwrap_or(0);
        let has_all = self.stage == Stage::Flags
            && self.since.as_ref().is_some_and(|since| !is_condstore(facts, since));
        if has_all {
            self.changes.found.set.push(uid)?;
        }
        let mark = Seen::mark_of(untagged.response, untagged.rest);
        let seen = self.since.as_ref().filter(|_| has_all).and_then(|since| since.seen.as_deref());
        if seen.is_some_and(|seen| seen.is_same(uid, mark)) {
            return Ok(true);
        }
        let changed = self.changes.changed.get_or_insert_with(|| Growing::new(facts.settings.max_result));
        let asked = Asked { flags: true, envelope: false };
        changed.push(|arena| named.parse(untagged, asked, facts, arena))?;
        Ok(true)
    }

    /// VANISHED (EARLIER) is the answer to QRESYNC; any other is news.
    fn note_vanished(&mut self, untagged: &Untagged<'_>) -> Result<bool> {
        let rest = untagged.response.bytes.get(untagged.rest..).unwrap_or_default().trim_ascii();
        let earlier = rest.get(..9).filter(|head| head.eq_ignore_ascii_case(b"(EARLIER)"));
        let set = earlier.and_then(|_| imap_set::from_response(rest[9..].trim_ascii()));
        let Some(set) = set else { return Ok(false) };
        for span in set?.spans() {
            self.changes.vanished.push_span(span.first, span.last)?;
        }
        Ok(true)
    }

    /// What SELECT says of the mailbox.
    fn note_mailbox(&mut self, untagged: &Untagged<'_>) -> Result<bool> {
        let rest = untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
        match untagged.number {
            Some(exists) if untagged.is("EXISTS") => self.mirror.exists = Some(exists),
            Some(recent) if untagged.is("RECENT") => self.mirror.recent = recent,
            None if untagged.is("FLAGS") => self.mirror.flags = super::copy_bytes(rest)?,
            None if untagged.condition.is_some() => match code::head(rest) {
                // What it says of annotations is for who asked; an alert for everybody.
                Some((head, _)) if self.annotates && head.name.eq_ignore_ascii_case(b"ANNOTATIONS") => {
                    return Ok(false);
                }
                Some((head, _)) if !head.name.eq_ignore_ascii_case(b"ALERT") => {
                    self.mirror.note_code(&head)?
                }
                _ => return Ok(false),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The mailbox is open: the session takes it over.
    fn opened(&mut self, reply: &Reply<'_>) -> Result<Effect> {
        self.mirror.is_read_only |= self.is_examine;
        self.mirror.is_examined = self.is_examine;
        self.mirror.annotates = self.annotates;
        if let Some((head, _)) = code::head(reply.resp_text()) {
            self.mirror.note_code(&head)?;
        }
        let before = self.since.as_ref().map_or(0, |since| since.uid_validity);
        self.changes.is_new = before != 0 && before != self.mirror.uid_validity;
        Ok(Effect::Selected(crate::model::try_box(std::mem::take(&mut self.mirror))?))
    }

    /// What of the known UIDs was not found.
    fn conclude(&mut self) -> Result<()> {
        let Some(since) = self.since.as_ref().filter(|_| !self.changes.is_new) else { return Ok(()) };
        if matches!(self.stage, Stage::Flags | Stage::Uids) {
            self.changes.is_emulated = true;
            let mut missing = since.known.sorted()?;
            missing.subtract(&self.changes.found.set)?;
            self.changes.vanished = missing;
        }
        Ok(())
    }

    fn result(&mut self, mirror: &Mirror) -> Result<Box<Owned<Selected>>> {
        let changes = std::mem::take(&mut self.changes);
        let origin = match changes.is_emulated {
            true => imap_origin::IMAP_ORIGIN_EMULATED,
            false => imap_origin::IMAP_ORIGIN_SERVER,
        };
        let changed = match changes.is_new {
            true => None,
            false => changes.changed,
        };
        changed.unwrap_or_else(|| Growing::new(usize::MAX)).finish(|arena, items, count| {
            Ok(imap_selected {
                is_new: changes.is_new,
                vanished: match changes.vanished.is_empty() || changes.is_new {
                    true => &EMPTY_SET,
                    false => arena.set(changes.vanished)?,
                },
                changed: if count == 0 { List::EMPTY } else { items },
                changed_count: count,
                origin,
                ..mirror.fill(arena)?
            })
        })
    }
}

/// Servers take no longer lines than 8,000 bytes for sure.
const LONGEST: usize = 6000;

fn is_condstore(facts: &Facts, since: &Since) -> bool {
    let has = facts.can("CONDSTORE");
    let is_kept = facts.selected.as_ref().is_some_and(|mirror| mirror.highest_modseq.is_some());
    has && is_kept && since.modseq > 0
}

impl Command for Select {
    type Output = Box<Owned<Selected>>;

    fn name(&self) -> &'static str {
        match self.stage {
            Stage::Unselect => "UNSELECT",
            Stage::Enable => "ENABLE",
            Stage::Select | Stage::Resync if self.is_examine => "EXAMINE",
            Stage::Select | Stage::Resync => "SELECT",
            Stage::Flags => "UID FETCH",
            Stage::Uids => "UID SEARCH",
        }
    }

    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        self.needs.iter().try_for_each(|capability| facts.needs(capability))?;
        self.choose(facts)?;
        while !self.is_needed(facts)? {
            match self.next_stage(facts) {
                Some(next) => self.stage = next,
                None => {
                    self.conclude()?;
                    self.selected = Some(self.result(facts.needs_selected()?)?);
                    return Ok(Next::Nothing);
                }
            }
        }
        match self.stage {
            Stage::Unselect => line.word("UNSELECT")?,
            Stage::Enable => line.word("ENABLE QRESYNC")?,
            Stage::Select | Stage::Resync => self.write_select(facts, line)?,
            Stage::Flags => self.write_flags(facts, line)?,
            Stage::Uids => self.write_uids(line)?,
        }
        Ok(match self.stage {
            Stage::Enable | Stage::Flags | Stage::Uids => Next::Send,
            _ => Next::SendAndUnselect,
        })
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        match self.stage {
            Stage::Enable if untagged.is("ENABLED") => {
                let rest = untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
                note_enabled(rest, &mut self.changes.enabled)?;
                Ok(true)
            }
            Stage::Resync if untagged.is("VANISHED") => self.note_vanished(untagged),
            Stage::Resync | Stage::Flags if untagged.is_message() => self.note_message(untagged, facts),
            Stage::Select | Stage::Resync => self.note_mailbox(untagged),
            Stage::Uids if untagged.is("ESEARCH") => {
                search::esearch(untagged.response, untagged.rest, &mut self.changes.found)?;
                Ok(true)
            }
            Stage::Uids if untagged.is("SEARCH") => {
                search::search(untagged.response, untagged.rest, &mut self.changes.found)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        // A server that refuses the extension is asked without it.
        if matches!(self.stage, Stage::Enable | Stage::Resync) && !reply.is_ok() {
            if self.stage == Stage::Resync && !reply.is_bad() {
                reply.ok()?;
            }
            self.stage = Stage::Select;
            return Ok(Step::AGAIN);
        }
        if matches!(self.stage, Stage::Flags | Stage::Uids) {
            if self.has_rest(reply)? {
                return Ok(Step::AGAIN);
            }
            self.scope = Scope::default();
        }
        reply.ok()?;
        let effect = match self.stage {
            Stage::Unselect => Effect::Unselected,
            Stage::Enable => Effect::Enabled(self.changes.enabled.clone()),
            Stage::Select | Stage::Resync => self.opened(reply)?,
            Stage::Flags | Stage::Uids => Effect::None,
        };
        // Nothing may be known of the mailbox but from the session, once that has it.
        if let Effect::Selected(mirror) = &effect {
            if self.stage == Stage::Resync || self.since.is_none() || self.changes.is_new {
                self.selected = Some(self.result(mirror)?);
                return Ok(Step::done(effect));
            }
        }
        let Some(next) = self.next_stage(facts) else {
            self.conclude()?;
            self.selected = Some(self.result(facts.needs_selected()?)?);
            return Ok(Step::done(effect));
        };
        self.stage = next;
        Ok(Step { is_done: false, effect })
    }

    fn finish(self) -> Result<Self::Output> {
        let lost = || Error::new(IMAP_ERR_INTERNAL, "SELECT ended without a result");
        self.selected.ok_or_else(lost)
    }
}
