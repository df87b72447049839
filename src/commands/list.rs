//! LIST and LSUB (RFC 9051 section 6.3.9, RFC 3501 section 6.3.9, RFC 5258, RFC 5819).

use crate::error::{Error, Result, imap_status::*};
use crate::model::{
    Growing, Mailbox, Mailboxes as Result_, Owned, imap_mailbox, imap_mailboxes, imap_origin,
};
use crate::session::{Claim, Command, Facts, Item, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged};
use crate::wire::line::Line;
use crate::wire::words::Words;
use crate::wire::{list, status, utf7};

pub struct List {
    reference: String,
    pattern: String,
    /// What RFC 5258 puts before and behind these.
    selection: String,
    returns: String,
    is_lsub: bool,
    /// RETURN was given up.
    is_emulated: bool,
    mailboxes: Option<Growing<Mailbox>>,
    is_streamed: bool,
    has_handed_out: bool,
    /// Of a stream: the mailbox before the last one.
    item: Option<Box<Owned<Result_>>>,
}

impl List {
    pub fn of(reference: &str, pattern: &str, extra: Option<&str>) -> Result<List> {
        let (selection, returns) = split(extra.unwrap_or_default().trim())?;
        Ok(List { selection, returns, ..List::new(reference, pattern, false)? })
    }

    pub fn of_subscribed(reference: &str, pattern: &str) -> Result<List> {
        List::new(reference, pattern, true)
    }

    fn new(reference: &str, pattern: &str, is_lsub: bool) -> Result<List> {
        Ok(List {
            reference: super::copy(reference)?,
            pattern: super::copy(pattern)?,
            selection: String::new(),
            returns: String::new(),
            is_lsub,
            is_emulated: false,
            mailboxes: None,
            is_streamed: false,
            has_handed_out: false,
            item: None,
        })
    }
}

/// "(SUBSCRIBED) RETURN (...)" into its two halves.
fn split(extra: &str) -> Result<(String, String)> {
    Words::parse(extra, None)?;
    let at = extra.to_ascii_uppercase().find("RETURN").unwrap_or(extra.len());
    let (selection, returns) = extra.split_at(at);
    let (selection, returns) = (selection.trim(), returns.trim());
    let is_list = |text: &str| text.starts_with('(') && text.ends_with(')');
    let returned = returns.get(6..).unwrap_or_default().trim();
    if (!selection.is_empty() && !is_list(selection)) || (!returns.is_empty() && !is_list(returned)) {
        let message =
            "the extra words of LIST are \"(options) RETURN (options)\", either half may be missing";
        return Err(Error::invalid(message));
    }
    Ok((super::copy(selection)?, super::copy(returns)?))
}

impl Command for List {
    type Output = Box<Owned<Result_>>;

    fn name(&self) -> &'static str {
        if self.is_lsub { "LSUB" } else { "LIST" }
    }

    fn rules(&self) -> Rules {
        let claim = match (self.is_lsub, self.returns.is_empty()) {
            (true, _) => Claim::Named(&["LSUB", "LIST"]),
            (false, true) => Claim::Named(&["LIST"]),
            (false, false) => Claim::Named(&["LIST", "STATUS"]),
        };
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Reads }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        self.mailboxes.get_or_insert_with(|| Growing::new(facts.settings.max_result));
        // IMAP4rev2 has no LSUB.
        let lists_subscribed = self.is_lsub && facts.is_rev2_only();
        line.word(if lists_subscribed { "LIST (SUBSCRIBED)" } else { Command::name(self) })?;
        let is_extended = !self.selection.is_empty() || !self.returns.is_empty();
        if is_extended && !facts.has("IMAP4REV2") {
            facts.needs("LIST-EXTENDED")?;
        }
        if !self.selection.is_empty() {
            line.word(&self.selection)?;
        }
        line.mailbox(&self.reference)?;
        line.list_pattern(&self.pattern)?;
        if !self.returns.is_empty() {
            line.word(&self.returns)?;
        }
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let Some(mailboxes) = &mut self.mailboxes else { return Ok(false) };
        if untagged.is("STATUS") {
            let sent = status::name_of(&untagged.response, untagged.rest);
            let mut name = Vec::new();
            if facts.is_utf8 {
                name.try_reserve_exact(sent.len())?;
                name.extend_from_slice(&sent);
            } else {
                utf7::decode(&sent, &mut name)?;
            }
            return mailboxes.amend(
                |mailbox| mailbox.name.bytes() == Some(name.as_slice()),
                |arena, mailbox| {
                    let counts = status::counts(&untagged.response, untagged.rest, facts.is_utf8, arena)?;
                    Ok::<_, Error>(imap_mailbox { counts: Some(arena.put(counts)?), ..mailbox })
                },
            );
        }
        self.hand_out()?;
        let Some(mailboxes) = &mut self.mailboxes else { return Ok(false) };
        let mut is_name = true;
        let pushed = mailboxes.push(|arena| {
            let made = list::mailbox(&untagged.response, untagged.rest, facts.is_utf8, arena)?;
            made.ok_or_else(|| {
                is_name = false;
                Error::new(IMAP_ERR_PROTOCOL, "no mailbox name")
            })
        });
        match pushed {
            Err(_) if !is_name => Ok(false),
            other => Ok(other.map(|()| true)?),
        }
    }

    /// Some servers offer LIST-EXTENDED and do not understand it, or answer nothing to it: then the plain LIST must
    /// do, as long as that names the same mailboxes.
    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        let is_plain = self.returns.is_empty() || !self.selection.is_empty();
        let is_empty = self.mailboxes.as_ref().is_none_or(Growing::is_empty) && !self.has_handed_out;
        if !is_plain && (reply.is_bad() || (reply.is_ok() && is_empty)) {
            self.returns.clear();
            self.is_emulated = true;
            return Ok(Step::AGAIN);
        }
        reply.ok()?;
        self.hand_out()?;
        Ok(Step::DONE)
    }

    fn stream(&mut self) -> Result<()> {
        self.is_streamed = true;
        Ok(())
    }

    fn item(&mut self) -> Option<Item> {
        self.item.take().map(Item::Mailbox)
    }

    fn finish(self) -> Result<Self::Output> {
        result(self.mailboxes.unwrap_or_else(|| Growing::new(usize::MAX)), self.is_emulated)
    }
}

impl List {
    /// Of a stream: the mailbox that came last is complete, what belongs to it follows it at once.
    fn hand_out(&mut self) -> Result<()> {
        let is_due = self.is_streamed && self.mailboxes.as_ref().is_some_and(|all| !all.is_empty());
        let Some(complete) = self.mailboxes.take_if(|_| is_due) else { return Ok(()) };
        self.mailboxes = Some(Growing::new(complete.arena().limit()));
        self.has_handed_out = true;
        self.item = Some(result(complete, self.is_emulated)?);
        Ok(())
    }
}

fn result(mailboxes: Growing<Mailbox>, is_emulated: bool) -> Result<Box<Owned<Result_>>> {
    let origin = match is_emulated {
        true => imap_origin::IMAP_ORIGIN_EMULATED,
        false => imap_origin::IMAP_ORIGIN_SERVER,
    };
    mailboxes.finish(|_, items, count| {
        Ok(imap_mailboxes { items, count, origin, defects: crate::model::List::EMPTY, defect_count: 0 })
    })
}
