//! PARTIAL (RFC 1730 section 6.4.6): a piece of a message, from a server that is older than IMAP4rev1.

use super::fetch::{Beside, Messaging};
use super::targets::Targets;
use crate::error::{Error, Result, imap_status::*};
use crate::model::{Messages, Owned};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Rules, Untagged};
use crate::wire::fetch::Asked;
use crate::wire::line::Line;

pub struct Partial {
    targets: Targets,
    item: String,
    start: u64,
    length: u64,
    list: Option<Messaging>,
}

impl Partial {
    pub fn new(number: &str, item: &str, start: &str, length: &str) -> Result<Partial> {
        let parsed = |what: &str, text: &str| {
            text.parse::<u64>().map_err(|_| Error::invalid(format!("PARTIAL: {what} is no number")))
        };
        parsed("the message", number).and_then(|number| match u32::try_from(number) {
            Ok(1..) => Ok(()),
            _ => Err(Error::invalid("PARTIAL names one message by its number")),
        })?;
        let is_item = |byte: u8| byte.is_ascii_alphanumeric() || b".[]".contains(&byte);
        if item.is_empty() || !item.bytes().all(is_item) {
            return Err(Error::invalid("PARTIAL takes one item: \"RFC822.TEXT\", \"BODY[1]\""));
        }
        Ok(Partial {
            targets: Targets::parse(&format!("#{number}"))?,
            item: item.to_ascii_uppercase(),
            start: parsed("the first byte", start)?,
            length: parsed("the length", length)?,
            list: None,
        })
    }
}

impl Command for Partial {
    type Output = Box<Owned<Messages>>;

    fn name(&self) -> &'static str {
        "PARTIAL"
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
        if !facts.is_imap4() {
            let message =
                "PARTIAL is of servers before IMAP4rev1: ask for BODY.PEEK[TEXT]<0.10>; nothing was sent";
            return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
        }
        self.list.get_or_insert_with(|| Messaging::new(facts, false));
        line.word("PARTIAL ")?;
        line.raw(self.targets.piece().unwrap_or_default())?;
        line.word(&format!("{} {} {}", self.item, self.start, self.length))?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        match &mut self.list {
            Some(list) => list.take(untagged, Asked::default(), facts),
            None => Ok(false),
        }
    }

    fn finish(self) -> Result<Self::Output> {
        Messaging::finish(self.list, Beside::default())
    }
}
