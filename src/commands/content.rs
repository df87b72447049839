//! The readable text of a message and what hangs on it: its structure first, then the part that the structure says.

use super::fetch::{Messaging, too_large};
use super::targets::Targets;
use crate::error::{Error, Result, imap_status::*};
use crate::model::{
    Arena, Few, List, Owned, Text, imap_content, imap_defect, imap_defect_kind::*, imap_details,
    imap_message, imap_part,
};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Step, Untagged};
use crate::wire::content;
use crate::wire::fetch::Asked;
use crate::wire::line::Line;

pub struct Content {
    uid: u32,
    targets: Targets,
    message: Option<Messaging>,
    part: Option<Part>,
    /// The text as stored.
    text: Option<Messaging>,
    max_result: usize,
}

/// The part that is the text.
struct Part {
    section: String,
    /// More of it is not fetched.
    limit: Option<u64>,
}

impl Content {
    pub fn new(uid: u32) -> Result<Content> {
        if uid == 0 {
            return Err(Error::invalid("the UID of the message is 0"));
        }
        let targets = Targets::parse(&uid.to_string())?;
        Ok(Content { uid, targets, message: None, part: None, text: None, max_result: usize::MAX })
    }

    /// What the structure says, if there is any text.
    fn choose(&self, facts: &Facts) -> Result<Option<Part>> {
        let Some(message) = self.message.as_ref().and_then(|list| list.messages().next()) else {
            let message = format!("the mailbox has no message with UID {}", self.uid);
            return Err(Error::new(IMAP_ERR_NO, message));
        };
        let parts: Vec<&imap_part<'_>> = message.details.parts.iter().collect();
        let Some(part) = content::text_part(&parts).map(|at| parts[at]) else { return Ok(None) };
        let most = facts.settings.max_literal;
        let is_long = u64::try_from(part.size).is_ok_and(|size| size > most);
        let section = super::copy(part.section.get().unwrap_or_default())?;
        Ok(Some(Part { section, limit: is_long.then_some(most) }))
    }
}

impl Command for Content {
    type Output = Box<Owned<crate::model::Content>>;

    fn name(&self) -> &'static str {
        "UID FETCH"
    }

    fn rules(&self) -> Rules {
        Rules {
            claim: Claim::Fetch(self.targets.messages()),
            sequence: self.targets.sequence(),
            mailboxes: Mailboxes::Ignores,
        }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_selected()?;
        self.max_result = facts.settings.max_result;
        line.word(&format!("UID FETCH {} (UID", self.uid))?;
        match &self.part {
            None => {
                self.message = Some(Messaging::new(facts, true));
                line.word("FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)")?;
            }
            Some(Part { section, limit }) => {
                self.text = Some(Messaging::new(facts, true));
                let cut = limit.map_or(String::new(), |limit| format!("<0.{limit}>"));
                line.word(&format!("BODY.PEEK[{section}]{cut})"))?;
            }
        }
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        match (&mut self.text, &mut self.message) {
            (Some(text), _) => text.take(untagged, Asked::default(), facts),
            (None, Some(message)) => message.take(untagged, Asked { flags: true, envelope: true }, facts),
            (None, None) => Ok(false),
        }
    }

    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        reply.ok()?;
        if self.part.is_none() {
            self.part = self.choose(facts)?;
            return Ok(if self.part.is_some() { Step::AGAIN } else { Step::DONE });
        }
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<Self::Output> {
        let Some(message) = self.message else {
            return Err(Error::new(IMAP_ERR_INTERNAL, "the structure was not asked for"));
        };
        let (text, limit) = (self.text, self.part.and_then(|part| part.limit));
        let mut is_full = false;
        let made = message.merged()?.finish::<crate::model::Content, Error>(|arena, messages, _| {
            let stored = text.as_ref().into_iter().flat_map(Messaging::messages);
            let stored = stored.flat_map(|message| message.details.sections.iter());
            let made = contents(messages, stored.filter_map(|section| section.bytes()).last(), limit, arena);
            is_full = arena.is_full();
            made
        });
        made.map_err(|error| if is_full { too_large(self.max_result) } else { error })
    }
}

/// `stored`: the text as it came.
fn contents<'a>(
    messages: List<'a, imap_message<'a>>,
    stored: Option<&[u8]>,
    limit: Option<u64>,
    arena: &'a Arena,
) -> Result<imap_content<'a>> {
    let message = messages.iter().next().unwrap_or(&imap_message::EMPTY);
    let parts: Vec<&imap_part<'_>> = message.details.parts.iter().collect();
    let chosen = content::text_part(&parts);
    let text_part = chosen.map(|at| parts[at]);
    let text = match (text_part, stored) {
        (Some(part), Some(stored)) => {
            let encoding = part.encoding.get().unwrap_or_default();
            arena.adopt_text(content::decoded(encoding, part.charset.get(), stored)?)?
        }
        _ => Text::EMPTY,
    };
    let mut attachments = Few::new();
    for at in content::attachments(&parts, chosen)? {
        attachments.push(parts[at])?;
    }
    let (attachments, attachment_count) = attachments.list(arena)?;
    Ok(imap_content {
        text,
        is_html: text_part.is_some_and(content::is_html),
        text_part,
        attachments,
        attachment_count,
        message: match limit {
            Some(limit) => cut(message, limit, arena)?,
            None => message,
        },
    })
}

/// The message with a defect that says that its text is longer.
fn cut<'a>(message: &'a imap_message<'a>, limit: u64, arena: &'a Arena) -> Result<&'a imap_message<'a>> {
    let what = "bytes of IMAP_OPTION_MAX_LITERAL: cut there";
    let text = arena.format(format_args!("the text is longer than the {limit} {what}"))?;
    let mut defects = Few::new();
    for known in message.details.defects.iter() {
        defects.push(known)?;
    }
    defects.push(arena.put(imap_defect::of_answer(IMAP_DEFECT_LIMIT, text))?)?;
    let (defects, defect_count) = defects.list(arena)?;
    let details = arena.put(imap_details { defects, defect_count, ..*message.details })?;
    Ok(arena.put(imap_message { details, ..*message })?)
}
