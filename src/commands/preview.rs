//! PREVIEW (RFC 8970) for servers that do not have it: from the beginning of each message's text.

use std::collections::HashMap;

use super::fetch::{Messaging, Named};
use super::targets::Targets;
use crate::error::{NoMemory, Result};
use crate::model::{Arena, imap_details, imap_message, imap_set};
use crate::session::{Facts, Next, Reply, Untagged};
use crate::wire::content;
use crate::wire::fetch::Asked;
use crate::wire::line::Line;

/// The texts that are still to be fetched, and what came of them.
#[derive(Default)]
pub struct Previews {
    has_begun: bool,
    /// Whose text is which section.
    sections: HashMap<String, imap_set>,
    /// Messages whose text is the same section are asked together.
    waiting: Vec<(String, Targets)>,
    /// How a message's text is stored, by UID.
    forms: HashMap<u32, Form>,
    made: Vec<(u32, Vec<u8>)>,
}

/// What of a part's description is needed to read it.
struct Form {
    encoding: String,
    charset: Option<String>,
    is_html: bool,
}

/// So much of a text, as stored, is enough for a preview; HTML begins with much that is not shown.
const PLAIN: usize = 2048;
const HTML: usize = 8192;

impl Previews {
    /// The structures are here, the texts are next.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// The messages that the next line asks for.
    pub fn targets(&self) -> Option<&Targets> {
        self.waiting.last().map(|(_, targets)| targets)
    }

    /// Looks for each message's text; false: there is none to be asked for.
    pub fn begin<'m, 'a: 'm>(
        &mut self,
        messages: impl Iterator<Item = &'m imap_message<'a>>,
    ) -> Result<bool> {
        for message in messages {
            self.note(message)?;
        }
        self.ask()
    }

    /// A message whose text may have to be asked for. False: its structure is not told.
    pub fn note(&mut self, message: &imap_message<'_>) -> Result<bool> {
        let parts: Vec<_> = message.details.parts.iter().filter(|_| message.uid != 0).collect();
        let Some(part) = content::text_part(&parts).and_then(|at| parts.get(at)) else {
            return Ok(!parts.is_empty());
        };
        let copied = |text: Option<&str>| text.map(super::copy).transpose();
        let form = Form {
            encoding: copied(part.encoding.get())?.unwrap_or_default(),
            charset: copied(part.charset.get())?,
            is_html: content::is_html(part),
        };
        let section = super::copy(part.section.get().unwrap_or_default())?;
        let length = if form.is_html { HTML } else { PLAIN };
        self.forms.try_reserve(1).map_err(NoMemory::from)?;
        self.sections.try_reserve(1).map_err(NoMemory::from)?;
        if self.forms.insert(message.uid, form).is_none() {
            self.sections.entry(format!("{section}]<0.{length}>")).or_default().push(message.uid)?;
        }
        Ok(true)
    }

    /// The texts of those are next; false: there is none to be asked for.
    pub fn ask(&mut self) -> Result<bool> {
        self.has_begun = true;
        let sections = std::mem::take(&mut self.sections);
        self.waiting.try_reserve(sections.len())?;
        for (section, set) in sections {
            let text = set.text().and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
            self.waiting.push((section, Targets::parse(text.trim_end_matches('\0'))?));
        }
        // "1" first: the last one is taken first.
        self.waiting.sort_by(|(a, _), (b, _)| b.cmp(a));
        Ok(!self.waiting.is_empty())
    }

    pub fn line(&mut self, line: &mut Line) -> Result<Next> {
        let Some((section, targets)) = self.waiting.last() else { return Ok(Next::Nothing) };
        let Some(piece) = targets.piece() else { return Ok(Next::Nothing) };
        line.word("UID FETCH ")?;
        line.raw(piece)?;
        line.word(&format!("(UID BODY.PEEK[{section})"))?;
        Ok(Next::Send)
    }

    pub fn take(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let Some(named) = Named::of(untagged, facts) else { return Ok(true) };
        let arena = Arena::new();
        arena.set_limit(facts.settings.max_result);
        let message = named.parse(untagged, Asked::default(), facts, &arena)?;
        let stored = message.details.sections.iter().find_map(|section| section.bytes());
        let (Some(form), Some(stored)) = (self.forms.remove(&message.uid), stored) else { return Ok(false) };
        let text = content::decoded(&form.encoding, form.charset.as_deref(), stored)?;
        let text = std::str::from_utf8(&text).unwrap_or_default();
        self.made.try_reserve(1)?;
        self.made.push((message.uid, content::preview(text, form.is_html)?));
        Ok(true)
    }

    /// Whether there is another line to be sent.
    pub fn go_on(&mut self, reply: &Reply<'_>) -> Result<bool> {
        if let Some((_, targets)) = self.waiting.last_mut() {
            if !targets.go_on(reply)? {
                self.waiting.pop();
            }
        }
        Ok(!self.waiting.is_empty())
    }

    /// The texts of the last line cannot be had. Whether there is another line to be sent.
    pub fn advance(&mut self) -> bool {
        if self.waiting.last_mut().is_some_and(|(_, targets)| !targets.advance()) {
            self.waiting.pop();
        }
        !self.waiting.is_empty()
    }

    /// The message with its preview, if that was made.
    pub fn put_on<'a>(
        &self,
        message: imap_message<'a>,
        arena: &'a Arena,
    ) -> Result<imap_message<'a>, NoMemory> {
        let made = self.made.iter().find(|(uid, _)| *uid == message.uid);
        let Some((_, preview)) = made else { return Ok(message) };
        let details = imap_details { preview: arena.text(preview)?, ..*message.details };
        Ok(imap_message { details: arena.put(details)?, ..message })
    }

    /// As responses like any other: they are merged with those that they belong to.
    pub fn add_to(self, list: &mut Messaging) -> Result<()> {
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        numbers.try_reserve(list.messages().count()).map_err(NoMemory::from)?;
        numbers.extend(list.messages().map(|message| (message.uid, message.number)));
        for (uid, preview) in self.made {
            let number = numbers.get(&uid).copied().unwrap_or(0);
            list.push(|arena| {
                let details = imap_details { preview: arena.text(&preview)?, ..imap_details::EMPTY };
                let details = arena.put(details)?;
                Ok(imap_message { uid, number, details, ..imap_message::EMPTY })
            })?;
        }
        Ok(())
    }
}
