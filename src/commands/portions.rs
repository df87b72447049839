//! A stream of messages whose previews are made here. Which messages there are is asked first; then, of a few at a time,
//! the structures, the beginnings of their texts, and the messages themselves, as the caller wants them. So each comes
//! with its preview, its bodies are read piece by piece as ever, and nothing is held but UIDs and a few previews.

use super::fetch::{Named, too_large};
use super::preview::Previews;
use super::targets::Targets;
use crate::error::{NoMemory, Result};
use crate::model::{Arena, imap_message, imap_set};
use crate::session::{Facts, Next, Reply, Untagged};
use crate::wire::fetch::Asked;
use crate::wire::items::Items;
use crate::wire::line::Line;

#[derive(Default)]
pub struct Portions {
    stage: Stage,
    uids: imap_set,
    /// How far they were asked about.
    cursor: u64,
    portion: imap_set,
    /// Of the portion.
    previews: Previews,
    limited_at: u32,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// Which messages the caller's set names.
    #[default]
    Which,
    Structures,
    Texts,
    Messages,
}

/// So many messages are asked about at a time.
const PORTION: usize = 64;

impl Portions {
    /// What is asked for next are the caller's items of the portion.
    pub fn is_at_messages(&self) -> bool {
        self.stage == Stage::Messages
    }

    /// The messages that the next line asks for, if they are others than the portion.
    pub fn targets(&self) -> Option<&Targets> {
        if self.stage == Stage::Texts { self.previews.targets() } else { None }
    }

    /// Where the server stopped for good when it was asked which messages there are; 0: it did not.
    pub fn limited_at(&self) -> u32 {
        self.limited_at
    }

    pub fn line(&mut self, name: &str, targets: &Targets, items: &Items, line: &mut Line) -> Result<Next> {
        if self.stage == Stage::Texts {
            return self.previews.line(line);
        }
        let Some(piece) = targets.piece() else { return Ok(Next::Nothing) };
        line.word(name)?;
        line.raw(b" ")?;
        line.raw(piece)?;
        if self.stage == Stage::Structures {
            line.word("(UID BODYSTRUCTURE)")?;
        } else {
            items.encode_which(line)?;
        }
        Ok(Next::Send)
    }

    /// What answers such a line.
    pub fn take(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        if self.stage == Stage::Texts {
            return self.previews.take(untagged, facts);
        }
        let Some(named) = Named::of(untagged, facts) else { return Ok(true) };
        if self.stage == Stage::Structures {
            let arena = Arena::new();
            arena.set_limit(facts.settings.max_result);
            return self.previews.note(&named.parse(untagged, Asked::default(), facts, &arena)?);
        }
        let Some(uid) = untagged.uid().filter(|uid| *uid > 0) else { return Ok(false) };
        self.uids.push(uid)?;
        match size_of_val(self.uids.spans()) > facts.settings.max_result {
            true => Err(too_large(facts.settings.max_result)),
            false => Ok(true),
        }
    }

    /// The reply to such a line: whether there is another to be sent; `targets` are those of the next.
    pub fn go_on(&mut self, reply: &Reply<'_>, items: &Items, targets: &mut Targets) -> Result<bool> {
        // Messages that are gone cost their previews.
        let is_refused = !reply.is_ok() && !reply.is_bad();
        let has_more = match self.stage {
            Stage::Which if items.is_modified_by("PARTIAL") => targets.stop(reply).map(|()| false)?,
            Stage::Structures if is_refused => targets.advance(),
            Stage::Texts if is_refused => self.previews.advance(),
            Stage::Texts => self.previews.go_on(reply)?,
            Stage::Which | Stage::Structures | Stage::Messages => targets.go_on(reply)?,
        };
        if has_more {
            return Ok(true);
        }
        match self.stage {
            Stage::Which => {
                self.limited_at = targets.limited_at();
                self.next(targets)
            }
            Stage::Structures if self.previews.ask()? => {
                self.stage = Stage::Texts;
                Ok(true)
            }
            Stage::Structures | Stage::Texts => {
                self.stage = Stage::Messages;
                *targets = Targets::of(self.portion.copy()?, true)?;
                targets.stream();
                Ok(true)
            }
            Stage::Messages => self.next(targets),
        }
    }

    /// Goes to the next portion; false: there is none.
    pub fn next(&mut self, targets: &mut Targets) -> Result<bool> {
        self.portion = imap_set::new();
        self.previews = Previews::default();
        let uids = std::iter::from_fn(|| self.uids.next(&mut self.cursor)).take(PORTION);
        for uid in uids {
            self.portion.push(uid)?;
        }
        self.stage = Stage::Structures;
        *targets = Targets::of(self.portion.copy()?, true)?;
        Ok(!self.portion.is_empty())
    }

    /// The message with its preview.
    pub fn complete<'a>(
        &self,
        message: imap_message<'a>,
        arena: &'a Arena,
    ) -> Result<imap_message<'a>, NoMemory> {
        self.previews.put_on(message, arena)
    }
}
