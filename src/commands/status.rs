//! STATUS (RFC 9051 section 6.3.11, RFC 8438, RFC 8474, RFC 7889, RFC 7162, RFC 9208).

use std::sync::Arc;

use crate::error::{Error, Result, imap_status::*};
use crate::model::{Counts, Owned, imap_counts, imap_origin};
use crate::session::{
    Claim, Command, Facts, Mailboxes, Mirror, Next, Reply, Rules, Sequence, Step, Untagged, unsupported,
};
use crate::wire::line::Line;
use crate::wire::status;
use crate::wire::words::{Word, Words};

/// What STATUS asks for: "MESSAGES UNSEEN", checked.
pub struct Items {
    names: Vec<String>,
}

/// An item, and the capabilities of which any one makes it known to the server.
const NEEDS: [(&str, &[&str]); 5] = [
    ("SIZE", &["STATUS=SIZE"]),
    ("MAILBOXID", &["OBJECTID"]),
    ("DELETED", &["IMAP4REV2", "QUOTA=RES-MESSAGE"]),
    ("DELETED-STORAGE", &["QUOTA=RES-STORAGE"]),
    ("APPENDLIMIT", &["APPENDLIMIT"]),
];

impl Items {
    /// With or without parentheses.
    pub fn parse(text: &str) -> Result<Items> {
        let mut words = Words::parse(text, None)?;
        if let Some(Word::Open) = words.get(0) {
            words.drop_last(1);
            words.drop_first(1);
        }
        let mut names: Vec<String> = Vec::new();
        for at in 0..words.len() {
            let Some(name) = words.atom(at) else {
                return Err(Error::invalid("the items of STATUS are words, as \"MESSAGES UNSEEN\""));
            };
            if !names.contains(&name) {
                names.try_reserve(1)?;
                names.push(name);
            }
        }
        if names.is_empty() {
            return Err(Error::invalid("STATUS asks for nothing: name items, as \"MESSAGES UNSEEN\""));
        }
        Ok(Items { names })
    }

    /// Error if the server does not know one of them.
    pub fn check(&self, facts: &Facts) -> Result<()> {
        for (name, needs) in NEEDS.iter().filter(|(name, _)| self.names.iter().any(|asked| asked == name)) {
            let is_numbered = *name == "APPENDLIMIT" && facts.number_of(name).is_some();
            if !is_numbered && !needs.iter().any(|capability| facts.can(capability)) {
                let needs = needs.join(" nor ");
                let message = format!("STATUS {name}: the server does not have {needs}; nothing was sent");
                return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
            }
        }
        Ok(())
    }

    /// With their parentheses, but for what the server calls BAD: IMAP4rev2 has no RECENT, and HIGHESTMODSEQ belongs to
    /// CONDSTORE. False: nothing is left to ask.
    pub fn write(&self, facts: &Facts, line: &mut Line) -> Result<bool> {
        let has_modseq = facts.can("CONDSTORE");
        let is_known = |name: &&String| match name.as_str() {
            "RECENT" => !facts.is_rev2(),
            "HIGHESTMODSEQ" => has_modseq,
            _ => true,
        };
        if self.names.iter().find(is_known).is_none() {
            return Ok(false);
        }
        line.word("(")?;
        self.names.iter().filter(is_known).try_for_each(|name| line.word(name))?;
        line.raw(b")")?;
        Ok(true)
    }
}

pub struct Status {
    mailbox: Arc<str>,
    items: Items,
    counts: Option<Box<Owned<Counts>>>,
}

impl Status {
    /// `items` as "MESSAGES UNSEEN", with or without parentheses.
    pub fn new(mailbox: &str, items: &str) -> Result<Status> {
        Ok(Status { mailbox: super::copy(mailbox)?.into(), items: Items::parse(items)?, counts: None })
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
        if facts.is_imap4() {
            return Err(unsupported("STATUS"));
        }
        self.items.check(facts)?;
        line.word("STATUS")?;
        line.mailbox(&self.mailbox)?;
        Ok(if self.items.write(facts, line)? { Next::Send } else { Next::Nothing })
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let made: Result<_, crate::error::NoMemory> =
            Owned::build(|arena| status::counts(untagged.response, untagged.rest, facts.is_utf8, arena));
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
