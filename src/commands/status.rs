//! STATUS (RFC 9051 section 6.3.11).

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::model::{Counts, Owned, imap_counts, imap_origin};
use crate::session::{
    Claim, Command, Facts, Mailboxes, Mirror, Next, Reply, Rules, Sequence, Step, Untagged,
};
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
        let has_modseq = facts.has("CONDSTORE") || facts.has("QRESYNC");
        // Servers that do not have these call the whole command BAD.
        let is_known = |item: &&str| {
            (has_modseq || !item.eq_ignore_ascii_case("HIGHESTMODSEQ"))
                && (!facts.is_rev2() || !item.eq_ignore_ascii_case("RECENT"))
        };
        let items: Vec<&str> = self.items.split_ascii_whitespace().filter(is_known).collect();
        if items.is_empty() {
            return Ok(Next::Nothing);
        }
        line.word("STATUS")?;
        line.mailbox(&self.mailbox)?;
        line.raw(b" (")?;
        line.raw(items.join(" ").as_bytes())?;
        line.raw(b")")?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let made: Result<_, crate::error::NoMemory> =
            Owned::build(|arena| status::counts(&untagged.response, untagged.rest, facts.is_utf8, arena));
        self.counts = Some(made?);
        Ok(true)
    }

    /// Some servers tell nothing of the mailbox that is selected: what is known of it here must do.
    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        let is_same = |mirror: &&Mirror| mirror.mailbox.eq_ignore_ascii_case(&self.mailbox);
        let selected = facts.selected.as_deref().filter(is_same).filter(|_| facts.settings.emulate);
        match selected.filter(|_| reply.is_bad()) {
            Some(mirror) => self.counts = Some(known(&self.mailbox, mirror)?),
            None => reply.ok()?,
        }
        Ok(Step::DONE)
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

fn known(mailbox: &str, mirror: &Mirror) -> Result<Box<Owned<Counts>>> {
    Owned::build(|arena| {
        Ok(imap_counts {
            mailbox: arena.text(mailbox.as_bytes())?,
            messages: mirror.exists.map_or(-1, i64::from),
            recent: i64::from(mirror.recent),
            uid_next: mirror.uid_next,
            uid_validity: mirror.uid_validity,
            highest_modseq: mirror.highest_modseq.map_or(-1, |modseq| modseq as i64),
            origin: imap_origin::IMAP_ORIGIN_EMULATED,
            ..imap_counts::EMPTY
        })
    })
}
