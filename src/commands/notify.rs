//! NOTIFY (RFC 5465): which news of which mailboxes the server tells by itself.

use crate::error::{Error, Result};
use crate::session::{Claim, Command, Effect, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step};
use crate::wire::line::Line;
use crate::wire::words::{Place, Word, Words};

pub struct Notify {
    words: Words,
}

/// What is told of the selected mailbox: EXPUNGE only where it could come anyway, so that message numbers stay good.
const OF_SELECTED: &str = "(selected-delayed (MessageNew MessageExpunge FlagChange))";

impl Notify {
    /// "SET STATUS (selected (MessageNew MessageExpunge)) (subtree ? (MessageNew))", "NONE"; a value is a mailbox.
    pub fn new(events: &str, params: Option<&[&str]>) -> Result<Notify> {
        let words = Words::parse(events, params)?;
        match words.atom(0).as_deref() {
            Some("SET" | "NONE") => Ok(Notify { words }),
            _ => Err(Error::invalid("NOTIFY takes \"NONE\", or \"SET\" and groups of events")),
        }
    }

    /// News of these mailboxes and of the selected one.
    pub fn of(mailboxes: &[&str]) -> Result<Notify> {
        if mailboxes.is_empty() {
            return Notify::new(&format!("SET {OF_SELECTED}"), None);
        }
        let names = vec!["?"; mailboxes.len()].join(" ");
        let events = "(MessageNew MessageExpunge FlagChange)";
        Notify::new(&format!("SET STATUS {OF_SELECTED} (mailboxes ({names}) {events})"), Some(mailboxes))
    }
}

impl Command for Notify {
    type Output = ();

    fn name(&self) -> &'static str {
        "NOTIFY"
    }

    /// What comes at once is news already.
    fn rules(&self) -> Rules {
        Rules { claim: Claim::Nothing, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Changes }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        facts.needs("NOTIFY")?;
        line.word("NOTIFY")?;
        for at in 0..self.words.len() {
            self.words.emit_one(at, Place::Mailbox, line)?;
        }
        Ok(Next::Send)
    }

    /// A refused one changes nothing.
    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        reply.ok()?;
        let is_selected = |at| self.words.atom(at).as_deref() == Some("SELECTED");
        let is_at_any_time = (1..self.words.len())
            .any(|at| is_selected(at) && matches!(self.words.get(at - 1), Some(Word::Open)));
        Ok(Step::done(Effect::Renumbering(is_at_any_time)))
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
