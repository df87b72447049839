//! FETCH (RFC 9051 section 6.4.5, RFC 7162, RFC 9394). Where the server has no PREVIEW, it is made from the text.

use std::mem::MaybeUninit;

use super::portions::Portions;
use super::preview::Previews;
use super::spacing::Spacing;
use super::targets::Targets;
use crate::error::{Error, NoMemory, Result, imap_status::*};
use crate::model::{
    Arena, EMPTY_SET, Few, Growing, Message, Messages, Owned, imap_defect, imap_defect_kind, imap_message,
    imap_messages, imap_origin, imap_set, spare,
};
use crate::session::{Claim, Command, Facts, Item, Mailboxes, Next, Reply, Rules, Step, Untagged, vanished};
use crate::wire::code;
use crate::wire::fetch::{self, Asked, Limits};
use crate::wire::items::{Items, Manner};
use crate::wire::line::Line;
use crate::wire::response::News;

pub struct Fetch {
    targets: Targets,
    items: Items,
    asked: Asked,
    asks_binary: bool,
    list: Option<Messaging>,
    beside: Beside,
    is_streamed: bool,
    item: Option<Box<Owned<Message>>>,
    /// PREVIEW is made here.
    previews: Option<Previews>,
    /// The same in a stream.
    portions: Option<Portions>,
    decoding: Decoding,
    spacing: Spacing,
}

/// How far the server came with sections that it has to decode: it stops at one that it cannot (RFC 3516).
#[derive(Default)]
struct Decoding {
    /// The highest message that the last line was answered with.
    highest: u32,
    /// The next line asks for nothing to be decoded.
    is_off: bool,
}

/// Messages as they come in; what belongs to none of them is counted as a defect.
pub struct Messaging {
    messages: Growing<Message>,
    by_uid: bool,
    /// What the last message is known by, and whether each was known by more than the one before.
    last: u64,
    is_ascending: bool,
    foreign: u32,
    /// The server could not decode a section.
    has_unknown_encoding: bool,
}

/// What an answer says beside its messages.
#[derive(Default)]
pub struct Beside {
    pub modified: imap_set,
    pub vanished: imap_set,
    pub limited_at: u32,
    pub is_emulated: bool,
}

impl Fetch {
    pub fn new(set: &str, items: &str, params: Option<&[&str]>) -> Result<Fetch> {
        let (mut targets, items) = (Targets::parse(set)?, Items::parse(items, params)?);
        for modifier in ["PARTIAL", "VANISHED"] {
            if items.is_modified_by(modifier) && !targets.by_uid() {
                return Err(Error::invalid(format!("{modifier} goes with UIDs, not with message numbers")));
            }
        }
        if items.is_modified_by("VANISHED") && !items.is_modified_by("CHANGEDSINCE") {
            return Err(Error::invalid("VANISHED goes with CHANGEDSINCE: \"(CHANGEDSINCE 917 VANISHED)\""));
        }
        if items.is_modified_by("VANISHED") {
            targets.take_vanished();
        }
        Ok(Fetch {
            targets,
            asked: Asked { flags: items.asks_flags(), envelope: items.asks_envelope() },
            asks_binary: items.asks_binary(),
            items,
            list: None,
            beside: Beside::default(),
            is_streamed: false,
            item: None,
            previews: None,
            portions: None,
            decoding: Decoding::default(),
            spacing: Spacing::default(),
        })
    }

    /// What the server must have and be told for the items that are asked for.
    fn check(&mut self, facts: &Facts) -> Result<()> {
        if self.items.is_modified_by("PARTIAL") && self.targets.is_split() && self.portions.is_none() {
            return Err(Error::invalid("PARTIAL goes with a set that fits into one line"));
        }
        let makes_previews = facts.settings.emulate && !facts.has("PREVIEW");
        for capability in self.items.needs() {
            match capability {
                "PREVIEW" if makes_previews => {
                    if self.is_streamed {
                        self.portions.get_or_insert_with(Portions::default);
                    } else {
                        self.previews.get_or_insert_with(Previews::default);
                    }
                    self.beside.is_emulated = true;
                }
                _ => facts.needs(capability)?,
            }
        }
        if self.items.is_modified_by("VANISHED") && !facts.is_enabled("QRESYNC") {
            let message = "VANISHED needs QRESYNC: call imap_enable(client, \"QRESYNC\", ...) first";
            return Err(Error::new(IMAP_ERR_STATE, message));
        }
        Ok(())
    }

    /// The messages that the next line asks for.
    fn asked_for(&self) -> &Targets {
        let texts = self.previews.as_ref().and_then(Previews::targets);
        texts.or_else(|| self.portions.as_ref().and_then(Portions::targets)).unwrap_or(&self.targets)
    }
}

impl Command for Fetch {
    type Output = Box<Owned<Messages>>;

    fn name(&self) -> &'static str {
        let is_uid = self.asked_for().by_uid() || self.previews.as_ref().is_some_and(Previews::has_begun);
        if is_uid { "UID FETCH" } else { "FETCH" }
    }

    fn rules(&self) -> Rules {
        let targets = self.asked_for();
        Rules {
            claim: Claim::Fetch(targets.messages()),
            sequence: targets.sequence(),
            mailboxes: Mailboxes::Ignores,
        }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        let is_empty = facts.needs_selected()?.exists == Some(0);
        self.targets.fit(facts)?;
        self.check(facts)?;
        let by_uid = self.targets.by_uid();
        self.list.get_or_insert_with(|| Messaging::new(facts, by_uid));
        if let Some(previews) = self.previews.as_mut().filter(|previews| previews.has_begun()) {
            return previews.line(line);
        }
        let name = self.name();
        let before = self.portions.as_mut().filter(|portions| !portions.is_at_messages());
        if let Some(portions) = before.filter(|_| !is_empty) {
            return portions.line(name, &self.targets, &self.items, line);
        }
        let piece = match self.targets.piece() {
            // Servers call "1:*" in an empty mailbox an error.
            Some(piece) if !is_empty => piece,
            _ => return Ok(Next::Nothing),
        };
        line.word(name)?;
        line.raw(b" ")?;
        line.raw(piece)?;
        let manner = Manner {
            is_old: facts.is_imap4(),
            by_structure: self.previews.is_some(),
            is_portion: self.portions.is_some(),
            is_undecoded: self.decoding.is_off,
            is_tight: self.spacing.is_tight(facts),
        };
        self.items.encode(manner, line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        if untagged.news == News::Vanished {
            return self.beside.note_vanished(untagged);
        }
        if let Some(previews) = self.previews.as_mut().filter(|previews| previews.has_begun()) {
            return previews.take(untagged, facts);
        }
        if let Some(portions) = self.portions.as_mut().filter(|portions| !portions.is_at_messages()) {
            return portions.take(untagged, facts);
        }
        if self.asks_binary {
            let named = if self.targets.by_uid() { untagged.uid() } else { untagged.number };
            self.decoding.highest = self.decoding.highest.max(named.unwrap_or(0));
        }
        let asked = self.asked;
        match &mut self.list {
            Some(list) if self.is_streamed => {
                self.item = list.one(untagged, asked, facts, self.portions.as_ref())?;
                Ok(true)
            }
            Some(list) => list.take(untagged, asked, facts),
            None => Ok(false),
        }
    }

    fn stream(&mut self) -> Result<()> {
        self.is_streamed = true;
        self.targets.stream();
        Ok(())
    }

    fn item(&mut self) -> Option<Item> {
        self.item.take().map(Item::Message)
    }

    fn ahead(&mut self) -> Option<&mut [MaybeUninit<u8>]> {
        self.list.as_mut()?.messages.ahead()
    }

    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        if let Some(previews) = self.previews.as_mut().filter(|previews| previews.has_begun()) {
            return Ok(if previews.go_on(reply)? { Step::AGAIN } else { Step::DONE });
        }
        if let Some(portions) = self.portions.as_mut().filter(|portions| !portions.is_at_messages()) {
            let has_more = portions.go_on(reply, &self.items, &mut self.targets)?;
            return Ok(if has_more { Step::AGAIN } else { Step::DONE });
        }
        if self.items.asks_fields() && self.spacing.tightens(reply, facts) {
            return Ok(Step::AGAIN);
        }
        let is_binary = self.items.asks_binary() && !self.decoding.is_off;
        let costs_an_item =
            self.list.as_mut().is_some_and(|list| is_binary && list.note_unknown_encoding(reply));
        let Decoding { highest, .. } = std::mem::take(&mut self.decoding);
        let has_more = if costs_an_item {
            // That message is either the last one that came, or the next, which then comes without.
            self.decoding.is_off = highest == 0;
            self.targets.pass(highest)?
        } else if self.items.is_modified_by("PARTIAL") && self.portions.is_none() {
            // Its places are counted in all that the set names.
            self.targets.stop(reply).map(|()| false)?
        } else {
            self.targets.go_on(reply)?
        };
        let has_next = |portions: &mut Portions| portions.next(&mut self.targets);
        if has_more || self.portions.as_mut().map_or(Ok(false), has_next)? {
            return Ok(Step::AGAIN);
        }
        let is_done = match (&mut self.previews, &self.list) {
            (Some(previews), Some(list)) => !previews.begin(list.messages())?,
            _ => true,
        };
        Ok(Step { is_done, effect: self.spacing.effect() })
    }

    fn finish(self) -> Result<Self::Output> {
        let whole = self.portions.as_ref().map_or(0, Portions::limited_at);
        let limited_at = self.targets.limited_at().max(whole);
        let mut list = self.list;
        if let (Some(list), Some(previews)) = (&mut list, self.previews) {
            previews.add_to(list)?;
        }
        Messaging::finish(list, Beside { limited_at, ..self.beside })
    }
}

/// What a message takes beside its strings.
const ROOM: usize = 128;

impl Messaging {
    pub fn new(facts: &Facts, by_uid: bool) -> Messaging {
        Messaging { by_uid, ..Messaging::within(facts.settings.max_result) }
    }

    /// One whose result may take so many bytes.
    fn within(max_result: usize) -> Messaging {
        Messaging {
            messages: Growing::new(max_result),
            by_uid: true,
            last: 0,
            is_ascending: true,
            foreign: 0,
            has_unknown_encoding: false,
        }
    }

    pub fn messages(&self) -> impl Iterator<Item = &imap_message<'_>> {
        self.messages.iter()
    }

    /// One FETCH response.
    pub fn take(&mut self, untagged: &Untagged<'_>, asked: Asked, facts: &Facts) -> Result<bool> {
        let Some(named) = self.named(untagged, facts) else { return Ok(true) };
        let pushed = self.push(|arena| named.parse(untagged, asked, facts, arena));
        match pushed {
            Err(_) if self.messages.arena().is_full() => Err(too_large(facts.settings.max_result)),
            other => Ok(other.map(|()| true)?),
        }
    }

    /// One more message.
    pub fn push(
        &mut self,
        make: impl for<'a> FnOnce(&'a Arena) -> Result<imap_message<'a>, NoMemory>,
    ) -> Result<(), NoMemory> {
        let (by_uid, last, is_ascending) = (self.by_uid, &mut self.last, &mut self.is_ascending);
        self.messages.push(|arena| {
            let message = make(arena)?;
            let key = key(&message, by_uid);
            *is_ascending &= key > *last;
            *last = key;
            Ok(message)
        })
    }

    /// The same, as a result of its own.
    fn one(
        &mut self,
        untagged: &Untagged<'_>,
        asked: Asked,
        facts: &Facts,
        portions: Option<&Portions>,
    ) -> Result<Option<Box<Owned<Message>>>> {
        let Some(named) = self.named(untagged, facts) else { return Ok(None) };
        let mut is_full = false;
        // What it becomes takes about as much as it has on the wire, and a half.
        let sent = untagged.response.bytes.len();
        let room = sent + sent / 2 + ROOM;
        let made = spare::take(room, facts.settings.max_result)?.fill(|arena| {
            arena.set_limit(facts.settings.max_result);
            let made = named.parse(untagged, asked, facts, arena);
            let made = match portions {
                Some(portions) => made.and_then(|message| portions.complete(message, arena)),
                None => made,
            };
            made.inspect_err(|_| is_full = arena.is_full())
        });
        match made {
            Err(_) if is_full => Err(too_large(facts.settings.max_result)),
            other => Ok(other.map(Some)?),
        }
    }

    /// None: the mailbox has no such message.
    fn named(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Option<Named> {
        let named = Named::of(untagged, facts);
        self.foreign = self.foreign.saturating_add(u32::from(named.is_none()));
        named
    }

    /// Whether the command failed only because the server cannot decode a section (RFC 3516): the rest is here.
    fn note_unknown_encoding(&mut self, reply: &Reply<'_>) -> bool {
        let head = code::head(reply.resp_text()).map(|(head, _)| head);
        let is_it = head.is_some_and(|head| head.name.eq_ignore_ascii_case(b"UNKNOWN-CTE"));
        let costs_an_item = is_it && !reply.is_ok() && !reply.is_bad() && !self.messages.is_empty();
        self.has_unknown_encoding |= costs_an_item;
        costs_an_item
    }

    /// The result, with what was told beside the messages.
    pub fn finish(list: Option<Messaging>, beside: Beside) -> Result<Box<Owned<Messages>>> {
        let list = list.unwrap_or_else(|| Messaging::within(usize::MAX));
        let (foreign, has_unknown_encoding) = (list.foreign, list.has_unknown_encoding);
        list.merged()?.finish::<Messages, Error>(|arena, items, count| {
            let mut defects = Few::new();
            if foreign > 0 {
                let text = arena.format(format_args!(
                    "{foreign} responses named messages that the mailbox does not have"
                ))?;
                let kind = imap_defect_kind::IMAP_DEFECT_FOREIGN;
                defects.push(arena.put(imap_defect::of_answer(kind, text))?)?;
            }
            if has_unknown_encoding {
                let text =
                    arena.text(b"UNKNOWN-CTE: the server cannot decode a section that was asked for")?;
                let kind = imap_defect_kind::IMAP_DEFECT_ENCODING;
                defects.push(arena.put(imap_defect::of_answer(kind, text))?)?;
            }
            let (defects, defect_count) = defects.list(arena)?;
            Ok(imap_messages {
                items,
                count,
                modified: set(beside.modified, arena)?,
                vanished: set(beside.vanished, arena)?,
                limited_at: beside.limited_at,
                origin: match beside.is_emulated {
                    true => imap_origin::IMAP_ORIGIN_EMULATED,
                    false => imap_origin::IMAP_ORIGIN_SERVER,
                },
                defects,
                defect_count,
            })
        })
    }

    /// A message that came in several responses, as servers may send it, becomes one. Numbers may change while UIDs
    /// are asked for.
    pub fn merged(self) -> Result<Growing<Message>> {
        let (mut messages, by_uid) = (self.messages, self.by_uid);
        if !self.is_ascending {
            messages.merge(|message| key(message, by_uid), fetch::merge)?;
        }
        Ok(messages)
    }
}

/// What tells messages apart.
fn key(message: &imap_message<'_>, by_uid: bool) -> u64 {
    match by_uid && message.uid != 0 || message.number == 0 {
        true => 1 << 32 | u64::from(message.uid),
        false => u64::from(message.number),
    }
}

impl Beside {
    /// `VANISHED (EARLIER)`
    fn note_vanished(&mut self, untagged: &Untagged<'_>) -> Result<bool> {
        let Some(gone) = vanished(untagged) else { return Ok(false) };
        for span in gone?.spans() {
            self.vanished.push_span(span.first, span.last)?;
        }
        Ok(true)
    }
}

/// What a response names its message by.
pub struct Named {
    number: u32,
    is_uid: bool,
}

impl Named {
    /// None: the mailbox has no such message.
    pub fn of(untagged: &Untagged<'_>, facts: &Facts) -> Option<Named> {
        let is_uid = untagged.news == News::UidFetch;
        let exists = facts.selected.as_ref().and_then(|mirror| mirror.exists);
        let known = |number: &u32| *number > 0 && (is_uid || exists.is_none_or(|exists| *number <= exists));
        untagged.number.filter(known).map(|number| Named { number, is_uid })
    }

    pub fn parse<'a>(
        &self,
        untagged: &Untagged<'_>,
        asked: Asked,
        facts: &Facts,
        arena: &'a Arena,
    ) -> Result<imap_message<'a>, NoMemory> {
        let limits = Limits { nesting: facts.settings.max_nesting, addresses: facts.settings.max_addresses };
        let (response, rest) = (untagged.response, untagged.rest);
        match self.is_uid {
            true => fetch::uid_message(response, self.number, rest, asked, &limits, arena),
            false => fetch::message(response, self.number, rest, asked, &limits, arena),
        }
    }
}

fn set(set: imap_set, arena: &Arena) -> Result<&imap_set> {
    Ok(if set.is_empty() { &EMPTY_SET } else { arena.set(set)? })
}

pub fn too_large(limit: usize) -> Error {
    let message = format!("the result is larger than the {limit} bytes of IMAP_OPTION_MAX_RESULT");
    Error::new(IMAP_ERR_LIMIT, message)
}
