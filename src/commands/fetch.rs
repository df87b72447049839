//! FETCH (RFC 9051 section 6.4.5).

use super::targets::Targets;
use crate::error::{Error, Result, imap_status::*};
use crate::model::{EMPTY_SET, imap_origin};
use crate::model::{Few, Growing, Message, Messages, Owned, imap_defect, imap_defect_kind, imap_messages};
use crate::session::{Claim, Command, Facts, Item, Mailboxes, Next, Reply, Rules, Step, Untagged};
use crate::wire::fetch::{self, Asked, Limits};
use crate::wire::items::Items;
use crate::wire::line::Line;

pub struct Fetch {
    targets: Targets,
    items: Items,
    at: usize,
    list: Option<Messaging>,
    is_streamed: bool,
    item: Option<Box<Owned<Message>>>,
}

/// Messages as they come in; what belongs to none of them is counted as a defect.
pub struct Messaging {
    messages: Growing<Message>,
    foreign: u32,
}

impl Fetch {
    pub fn new(set: &str, items: &str, params: Option<&[&str]>) -> Result<Fetch> {
        Ok(Fetch {
            targets: Targets::parse(set)?,
            items: Items::parse(items, params)?,
            at: 0,
            list: None,
            is_streamed: false,
            item: None,
        })
    }
}

impl Command for Fetch {
    type Output = Box<Owned<Messages>>;

    fn name(&self) -> &'static str {
        if self.targets.by_uid() { "UID FETCH" } else { "FETCH" }
    }

    fn rules(&self) -> Rules {
        Rules {
            claim: Claim::Fetch(self.targets.messages()),
            sequence: self.targets.sequence(),
            mailboxes: Mailboxes::Ignores,
        }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        let selected = facts.needs_selected()?;
        for capability in self.items.needs() {
            facts.needs(capability)?;
        }
        self.list.get_or_insert_with(|| Messaging::new(facts));
        self.targets.fit(facts)?;
        let piece = match self.targets.piece(self.at) {
            // Servers call "1:*" in an empty mailbox an error.
            Some(piece) if selected.exists != Some(0) => piece,
            _ => return Ok(Next::Nothing),
        };
        line.word(self.name())?;
        line.raw(b" ")?;
        line.raw(piece)?;
        self.items.encode(line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let asked = Asked { flags: self.items.asks_flags(), envelope: self.items.asks_envelope() };
        match &mut self.list {
            Some(list) if self.is_streamed => {
                self.item = list.one(untagged, asked, facts)?;
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

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        reply.ok()?;
        self.at += 1;
        Ok(if self.targets.piece(self.at).is_some() { Step::AGAIN } else { Step::DONE })
    }

    fn finish(self) -> Result<Self::Output> {
        Messaging::finish(self.list, crate::model::imap_set::new())
    }
}

impl Messaging {
    pub fn new(facts: &Facts) -> Messaging {
        Messaging { messages: Growing::new(facts.settings.max_result), foreign: 0 }
    }

    /// One FETCH response.
    pub fn take(&mut self, untagged: &Untagged<'_>, asked: Asked, facts: &Facts) -> Result<bool> {
        let Some(number) = self.number_of(untagged, facts) else { return Ok(true) };
        let limits = limits(facts);
        let pushed = self
            .messages
            .push(|arena| fetch::message(&untagged.response, number, untagged.rest, asked, &limits, arena));
        match pushed {
            Err(_) if self.messages.arena().is_full() => Err(too_large(facts)),
            other => Ok(other.map(|()| true)?),
        }
    }

    /// The same, as a result of its own.
    fn one(
        &mut self,
        untagged: &Untagged<'_>,
        asked: Asked,
        facts: &Facts,
    ) -> Result<Option<Box<Owned<Message>>>> {
        let Some(number) = self.number_of(untagged, facts) else { return Ok(None) };
        let mut is_full = false;
        let made = Owned::build(|arena| {
            arena.set_limit(facts.settings.max_result);
            let made =
                fetch::message(&untagged.response, number, untagged.rest, asked, &limits(facts), arena);
            is_full = arena.is_full();
            made
        });
        match made {
            Err(_) if is_full => Err(too_large(facts)),
            other => Ok(other.map(Some)?),
        }
    }

    /// None: the mailbox has no such message.
    fn number_of(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Option<u32> {
        let exists = facts.selected.as_ref().and_then(|mirror| mirror.exists);
        let known = |number: &u32| *number > 0 && exists.is_none_or(|exists| *number <= exists);
        let number = untagged.number.filter(known);
        self.foreign = self.foreign.saturating_add(u32::from(number.is_none()));
        number
    }

    /// The result, with the messages that STORE left alone.
    pub fn finish(list: Option<Messaging>, modified: crate::model::imap_set) -> Result<Box<Owned<Messages>>> {
        let list = list.unwrap_or_else(|| Messaging { messages: Growing::new(usize::MAX), foreign: 0 });
        let foreign = list.foreign;
        list.merged()?.finish::<Messages, Error>(|arena, items, count| {
            let mut defects = Few::new();
            if foreign > 0 {
                let what = "responses named messages that the mailbox does not have";
                defects.push(arena.put(imap_defect {
                    kind: imap_defect_kind::IMAP_DEFECT_FOREIGN,
                    offset: 0,
                    text: arena.format(format_args!("{foreign} {what}"))?,
                    raw: crate::model::Bytes::NONE,
                    raw_len: 0,
                })?)?;
            }
            let (defects, defect_count) = defects.list(arena)?;
            Ok(imap_messages {
                items,
                count,
                modified: if modified.is_empty() { &EMPTY_SET } else { arena.set(modified)? },
                origin: imap_origin::IMAP_ORIGIN_SERVER,
                defects,
                defect_count,
            })
        })
    }

    /// A message that came in several responses, as servers may send it, becomes one.
    fn merged(self) -> Result<Growing<Message>> {
        let mut messages = self.messages;
        let is_ascending = messages.iter().zip(messages.iter().skip(1)).all(|(a, b)| a.number < b.number);
        if !is_ascending {
            messages.merge(|message| message.number, fetch::merge)?;
        }
        Ok(messages)
    }
}

fn limits(facts: &Facts) -> Limits {
    Limits { nesting: facts.settings.max_nesting, addresses: facts.settings.max_addresses }
}

fn too_large(facts: &Facts) -> Error {
    let limit = facts.settings.max_result;
    let message = format!("the result is larger than the {limit} bytes of IMAP_OPTION_MAX_RESULT");
    Error::new(IMAP_ERR_LIMIT, message)
}
