//! SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3, RFC 7162).

use crate::error::{Result, imap_status::*};
use crate::model::{Owned, Selected};
use crate::session::{Command, Effect, Facts, Mirror, Next, Reply, Rules, Step, Untagged};
use crate::wire::code;
use crate::wire::line::Line;

pub struct Select {
    mailbox: String,
    is_examine: bool,
    mirror: Mirror,
    selected: Option<Box<Owned<Selected>>>,
}

impl Select {
    pub fn writable(mailbox: &str) -> Result<Select> {
        Select::new(mailbox, false)
    }

    pub fn read_only(mailbox: &str) -> Result<Select> {
        Select::new(mailbox, true)
    }

    fn new(mailbox: &str, is_examine: bool) -> Result<Select> {
        let mirror = Mirror { mailbox: super::copy(mailbox)?, ..Mirror::default() };
        Ok(Select { mailbox: super::copy(mailbox)?, is_examine, mirror, selected: None })
    }
}

impl Command for Select {
    type Output = Box<Owned<Selected>>;

    fn name(&self) -> &'static str {
        if self.is_examine { "EXAMINE" } else { "SELECT" }
    }

    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        line.word(self.name())?;
        line.mailbox(&self.mailbox)?;
        if facts.has("CONDSTORE") || facts.has("QRESYNC") {
            line.word("(CONDSTORE)")?;
        }
        Ok(Next::SendAndUnselect)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        let rest = untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
        match untagged.number {
            Some(exists) if untagged.is("EXISTS") => self.mirror.exists = Some(exists),
            Some(recent) if untagged.is("RECENT") => self.mirror.recent = recent,
            None if untagged.is("FLAGS") => self.mirror.flags = super::copy_bytes(rest)?,
            None if untagged.condition.is_some() => match code::head(rest) {
                Some((head, _)) if !head.name.eq_ignore_ascii_case(b"ALERT") => {
                    self.mirror.note_code(&head)?
                }
                _ => return Ok(false),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        reply.ok()?;
        self.mirror.is_read_only |= self.is_examine;
        if let Some((head, _)) = code::head(reply.resp_text()) {
            self.mirror.note_code(&head)?;
        }
        self.selected = Some(self.mirror.result()?);
        Ok(Step::done(Effect::Selected(crate::model::try_box(std::mem::take(&mut self.mirror))?)))
    }

    fn finish(self) -> Result<Self::Output> {
        let lost = || crate::error::Error::new(IMAP_ERR_INTERNAL, "SELECT ended without a result");
        self.selected.ok_or_else(lost)
    }
}
