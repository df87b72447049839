//! COPY and MOVE (RFC 9051 sections 6.4.7 and 6.4.8, RFC 4315, RFC 6851); a MOVE that the server does not
//! have is done by COPY, STORE and UID EXPUNGE.

use super::targets::Targets;
use crate::error::{Error, Result, imap_status::*};
use crate::model::{Assigned, EMPTY_SET, Owned, imap_assigned, imap_origin, imap_set};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Step, Untagged};
use crate::wire::code;
use crate::wire::line::Line;

pub struct Copying {
    targets: Targets,
    mailbox: String,
    kind: Kind,
    assigned: Pairs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Copy,
    Move,
    /// The three steps of a MOVE that the server does not have.
    MoveCopy,
    MoveStore,
    MoveExpunge,
}

/// What the COPYUIDs said, all pieces together.
#[derive(Default)]
pub struct Pairs {
    pub uid_validity: u32,
    pub sources: imap_set,
    pub uids: imap_set,
    /// What was noted last, as sent: some servers tell it twice.
    last: Vec<u8>,
}

impl Copying {
    pub fn copy(set: &str, mailbox: &str) -> Result<Copying> {
        Copying::new(set, mailbox, Kind::Copy)
    }

    pub fn r#move(set: &str, mailbox: &str) -> Result<Copying> {
        Copying::new(set, mailbox, Kind::Move)
    }

    fn new(set: &str, mailbox: &str, kind: Kind) -> Result<Copying> {
        Ok(Copying {
            targets: Targets::parse(set)?,
            mailbox: super::copy(mailbox)?,
            kind,
            assigned: Pairs::default(),
        })
    }

    /// MOVE, or its three steps where the server cannot.
    fn choose(&mut self, facts: &Facts) -> Result<()> {
        if self.kind != Kind::Copy {
            facts.needs_writable()?;
        }
        if self.kind != Kind::Move || facts.can("MOVE") {
            return Ok(());
        }
        facts.may_emulate("MOVE")?;
        if !self.targets.by_uid() {
            let message =
                "the server does not have MOVE: name the messages by UID to move them in other ways";
            return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
        }
        if !facts.can("UIDPLUS") {
            let message =
                "the server has neither MOVE nor UIDPLUS: copy, store \\Deleted and expunge yourself";
            return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
        }
        self.kind = Kind::MoveCopy;
        Ok(())
    }

    /// So many messages can be named by the next line and those that follow it; a MOVE, which may do a part, has no limit.
    fn limit(&self, facts: &Facts) -> Option<u64> {
        match self.kind {
            Kind::Copy => facts.save_limit(),
            // STORE and UID EXPUNGE have to do all that was copied.
            Kind::MoveCopy => facts.save_limit().into_iter().chain(facts.number_of("MESSAGELIMIT")).min(),
            Kind::Move | Kind::MoveStore | Kind::MoveExpunge => None,
        }
    }
}

impl Command for Copying {
    type Output = Box<Owned<Assigned>>;

    fn name(&self) -> &'static str {
        match (self.kind, self.targets.by_uid()) {
            (Kind::Copy | Kind::MoveCopy, true) => "UID COPY",
            (Kind::Copy | Kind::MoveCopy, false) => "COPY",
            (Kind::Move, true) => "UID MOVE",
            (Kind::Move, false) => "MOVE",
            (Kind::MoveStore, _) => "UID STORE",
            (Kind::MoveExpunge, _) => "UID EXPUNGE",
        }
    }

    fn rules(&self) -> Rules {
        let claim = match self.kind {
            // It runs alone: it names numbers, and changes what numbers mean.
            Kind::Move if !self.targets.by_uid() => Claim::Everything,
            Kind::Copy | Kind::MoveCopy | Kind::Move => Claim::Copied,
            Kind::MoveStore => Claim::Fetch(self.targets.messages()),
            Kind::MoveExpunge => Claim::Expunge,
        };
        Rules { claim, sequence: self.targets.sequence(), mailboxes: Mailboxes::Changes }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        let selected = facts.needs_selected()?;
        self.targets.fit(facts)?;
        if self.targets.piece().is_none() || selected.exists == Some(0) {
            return Ok(Next::Nothing);
        }
        self.choose(facts)?;
        if let Some(limit) = self.limit(facts) {
            self.targets.keep_below(limit, selected.exists)?;
        }
        line.word(self.name())?;
        line.raw(b" ")?;
        line.raw(self.targets.piece().unwrap_or_default())?;
        match self.kind {
            Kind::Copy | Kind::Move | Kind::MoveCopy => line.mailbox(&self.mailbox)?,
            Kind::MoveStore => line.word("+FLAGS.SILENT (\\Deleted)")?,
            Kind::MoveExpunge => {}
        }
        Ok(Next::Send)
    }

    /// MOVE tells COPYUID before the EXPUNGEs; these are news for everybody.
    fn untagged(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        if untagged.condition.is_none() {
            return Ok(false);
        }
        self.assigned.note(untagged.response.bytes.get(untagged.rest..).unwrap_or_default())
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        self.assigned.note(reply.resp_text())?;
        if matches!(self.kind, Kind::Copy | Kind::Move | Kind::MoveCopy) {
            if !self.targets.note_limit(reply)? {
                return Ok(Step::AGAIN);
            }
        } else {
            reply.ok()?;
        }
        self.kind = match self.kind {
            Kind::MoveCopy => Kind::MoveStore,
            Kind::MoveStore => Kind::MoveExpunge,
            Kind::MoveExpunge if self.targets.advance() => Kind::MoveCopy,
            Kind::Copy | Kind::Move if self.targets.advance() => self.kind,
            _ => return Ok(Step::DONE),
        };
        Ok(Step::AGAIN)
    }

    fn finish(self) -> Result<Self::Output> {
        let origin = match self.kind {
            Kind::Copy | Kind::Move => imap_origin::IMAP_ORIGIN_SERVER,
            _ => imap_origin::IMAP_ORIGIN_EMULATED,
        };
        self.assigned.result(origin, self.targets.limited_at())
    }
}

impl Pairs {
    /// True: it was a COPYUID or APPENDUID. One whose sides do not match tells nothing.
    pub fn note(&mut self, resp_text: &[u8]) -> Result<bool> {
        let Some((head, _)) = code::head(resp_text) else { return Ok(false) };
        let is_copy = head.name.eq_ignore_ascii_case(b"COPYUID");
        if !is_copy && !head.name.eq_ignore_ascii_case(b"APPENDUID") {
            return Ok(false);
        }
        let Some((uid_validity, sources, uids)) = code::assigned(&head)? else { return Ok(true) };
        if self.last == head.argument {
            return Ok(true);
        }
        self.last = super::copy_bytes(head.argument)?;
        self.uid_validity = uid_validity;
        for span in sources.spans() {
            self.sources.push_span(span.first, span.last)?;
        }
        for span in uids.spans() {
            self.uids.push_span(span.first, span.last)?;
        }
        Ok(true)
    }

    pub fn result(self, origin: imap_origin, limited_at: u32) -> Result<Box<Owned<Assigned>>> {
        Owned::build(|arena| {
            Ok(imap_assigned {
                uid_validity: self.uid_validity,
                sources: if self.sources.is_empty() { &EMPTY_SET } else { arena.set(self.sources)? },
                uids: if self.uids.is_empty() { &EMPTY_SET } else { arena.set(self.uids)? },
                origin,
                limited_at,
            })
        })
    }
}
