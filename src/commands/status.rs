//! STATUS (RFC 9051 section 6.3.11).

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::model::{Counts, Owned, imap_counts};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Rules, Sequence, Untagged};
use crate::wire::line::Line;
use crate::wire::status;
use crate::wire::words::Words;

pub struct Status {
    mailbox: Arc<str>,
    items: String,
    counts: Option<Box<Owned<Counts>>>,
}

impl Status {
    /// `items` as "MESSAGES UNSEEN", with or without parentheses.
    pub fn new(mailbox: &str, items: &str) -> Result<Status> {
        let bare = items.trim();
        let bare = bare.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(bare).trim();
        if bare.is_empty() {
            return Err(Error::invalid("STATUS asks for nothing: name items, as \"MESSAGES UNSEEN\""));
        }
        Words::parse(bare, None)?;
        Ok(Status { mailbox: super::copy(mailbox)?.into(), items: super::copy(bare)?, counts: None })
    }
}

impl Command for Status {
    type Output = Box<Owned<Counts>>;

    fn name(&self) -> &'static str {
        "STATUS"
    }

    fn rules(&self) -> Rules {
        let claim = Claim::Status(self.mailbox.clone());
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Reads }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        line.word("STATUS")?;
        line.mailbox(&self.mailbox)?;
        line.raw(b" (")?;
        line.raw(self.items.as_bytes())?;
        line.raw(b")")?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let made: Result<_, crate::error::NoMemory> =
            Owned::build(|arena| status::counts(&untagged.response, untagged.rest, facts.is_utf8, arena));
        self.counts = Some(made?);
        Ok(true)
    }

    /// A server that answers nothing knows nothing: all is absent.
    fn finish(self) -> Result<Self::Output> {
        match self.counts {
            Some(counts) => Ok(counts),
            None => Owned::build(|arena| {
                Ok(imap_counts { mailbox: arena.text(self.mailbox.as_bytes())?, ..imap_counts::EMPTY })
            }),
        }
    }
}
