//! APPEND (RFC 9051 section 6.3.12, RFC 4315).

use super::copying::Pairs;
use crate::error::{Error, Result};
use crate::model::{Assigned, Owned, imap_origin};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step};
use crate::wire::date::{self, Moment};
use crate::wire::line::Line;

pub struct Append {
    mailbox: String,
    flags: String,
    /// -1: now.
    internal_date: i64,
    message: Vec<u8>,
    assigned: Pairs,
}

impl Append {
    /// The message is copied: a cancelled APPEND still sends it to its end, so that the connection is kept.
    pub fn new(mailbox: &str, flags: Option<&str>, internal_date: i64, message: &[u8]) -> Result<Append> {
        if message.is_empty() {
            return Err(Error::invalid("the message is empty: servers do not take that"));
        }
        if internal_date < -1 {
            return Err(Error::invalid("the internal date is before 1970: give -1 for now"));
        }
        Ok(Append {
            mailbox: super::copy(mailbox)?,
            flags: super::copy(flags.unwrap_or_default())?,
            internal_date,
            message: super::copy_bytes(message)?,
            assigned: Pairs::default(),
        })
    }
}

impl Command for Append {
    type Output = Box<Owned<Assigned>>;

    fn name(&self) -> &'static str {
        "APPEND"
    }

    fn rules(&self) -> Rules {
        Rules { claim: Claim::Nothing, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Changes }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        line.word("APPEND")?;
        line.mailbox(&self.mailbox)?;
        if !self.flags.trim().is_empty() {
            line.flags(&self.flags)?;
        }
        if self.internal_date >= 0 {
            let moment = Moment { seconds: self.internal_date, zone: 0 };
            let Some(text) = date::format_internal(moment) else {
                return Err(Error::invalid("the internal date is beyond the year 9999"));
            };
            line.string(&text)?;
        }
        let is_binary = memchr::memchr(0, &self.message).is_some();
        if is_binary {
            facts.needs("BINARY")?;
        }
        line.literal(std::mem::take(&mut self.message), is_binary)?;
        Ok(Next::Send)
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        reply.ok()?;
        self.assigned.note(reply.resp_text())?;
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<Self::Output> {
        self.assigned.result(imap_origin::IMAP_ORIGIN_SERVER)
    }
}
