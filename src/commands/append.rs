//! APPEND and REPLACE (RFC 9051 section 6.3.12, RFC 3502, RFC 4315, RFC 4469, RFC 6855, RFC 7889, RFC 8508,
//! RFC 9738); a REPLACE that the server does not have is done by APPEND, STORE and UID EXPUNGE.

use std::sync::Arc;

use memchr::memmem;

use super::copying::Pairs;
use crate::error::{Error, Result, imap_status::*};
use crate::model::{Assigned, Owned, imap_origin, imap_set};
use crate::session::{
    Claim, Command, Facts, Loan, Mailboxes, Next, Reply, Rules, Sequence, Step, Supply, Untagged,
    UploadSource, unsupported,
};
use crate::wire::date::{self, Moment};
use crate::wire::line::{self, Line};
use crate::wire::line_ends::LineEnds;

/// A message to be added.
#[derive(Clone)]
pub struct NewMessage {
    flags: String,
    internal_date: Option<Moment>,
    annotations: Vec<Annotation>,
    pieces: Vec<Piece>,
    is_binary: bool,
}

/// What a message is put together from.
#[derive(Clone)]
enum Piece {
    Bytes(Supply),
    /// A message or part that the server has.
    Url(String),
}

/// "/comment", "value.priv" (RFC 5257).
#[derive(Clone)]
struct Annotation {
    entry: String,
    attribute: String,
    value: Vec<u8>,
}

pub struct Append {
    mailbox: String,
    messages: Vec<NewMessage>,
    at: usize,
    /// Several messages, and the server takes one in a command.
    is_one_by_one: bool,
    step: Verb,
    /// What the last line's literals are made of.
    supplies: Vec<Vec<Supply>>,
    assigned: Pairs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Append,
    Replace(Replaced),
    /// The steps of a REPLACE that the server does not have; the first one only for a message number, whose UID it
    /// asks for.
    ReplaceFetch(u32, Found),
    ReplaceAppend(u32),
    ReplaceStore(u32),
    ReplaceExpunge(u32),
}

/// The message whose place another takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    Uid(u32),
    /// u32::MAX: the last one.
    Number(u32),
}

/// What the server told of the message with a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Uid(u32),
    /// The number means another message now.
    Moved,
}

impl Replaced {
    /// "42", "#4", "#*": `seq-number`, or `uniqueid`, which has no `*`.
    pub fn parse(text: &str) -> Result<Replaced> {
        let set = imap_set::parse(text)?;
        match (set.spans(), set.is_of_numbers()) {
            ([span], true) if span.first == span.last => Ok(Replaced::Number(span.first)),
            ([span], false) if span.first == span.last && span.first < u32::MAX => {
                Ok(Replaced::Uid(span.first))
            }
            _ => Err(Error::invalid(
                "one message is replaced: name it by its UID, \"42\", or its number, \"#4\" or \"#*\"",
            )),
        }
    }
}

impl Found {
    /// True: it is the answer.
    fn note(&mut self, number: u32, untagged: &Untagged<'_>) -> bool {
        if *self != Found::Nothing {
            return false;
        }
        if untagged.is("EXPUNGE") || untagged.is("VANISHED") {
            *self = Found::Moved;
        }
        let is_wanted = untagged.is("FETCH") && untagged.number == Some(number);
        let Some(uid) = untagged.uid().filter(|uid| is_wanted && *uid > 0) else { return false };
        *self = Found::Uid(uid);
        true
    }

    fn uid(self, number: u32) -> Result<u32> {
        let why = match self {
            Found::Uid(uid) => return Ok(uid),
            Found::Nothing => "the server did not tell its UID",
            Found::Moved => "messages before it may have gone meanwhile",
        };
        Err(Error::new(IMAP_ERR_NO, format!("message {number} was not replaced: {why}; nothing was changed")))
    }
}

impl NewMessage {
    /// `internal_date`: seconds since 1970, -1: now; `zone` in minutes east.
    pub fn new(flags: &str, internal_date: i64, zone: i32) -> Result<NewMessage> {
        line::flag_words(flags).try_for_each(line::check_flag)?;
        if internal_date < -1 {
            return Err(Error::invalid("the internal date is before 1970: give -1 for now"));
        }
        if !(-24 * 60..=24 * 60).contains(&zone) {
            return Err(Error::invalid(format!("a zone cannot be {zone} minutes from UTC")));
        }
        let internal_date = (internal_date >= 0).then_some(Moment { seconds: internal_date, zone });
        Ok(NewMessage {
            flags: super::copy(flags)?,
            internal_date,
            annotations: Vec::new(),
            pieces: Vec::new(),
            is_binary: false,
        })
    }

    /// A bare CR or LF becomes CRLF; a message that is binary is left alone.
    fn fit_line_ends(&mut self, file: &mut FitFile<'_>) -> Result<()> {
        if self.is_binary {
            return Ok(());
        }
        let mut ends = LineEnds::default();
        for piece in &mut self.pieces {
            let Piece::Bytes(supply) = piece else {
                ends = LineEnds::default();
                continue;
            };
            if let Some(bytes) = supply.here() {
                let mut fitted = Vec::new();
                ends.write(bytes, &mut fitted)?;
                let size = fitted.len() as u64;
                *supply = Supply { source: UploadSource::Bytes(fitted.into()), size };
                continue;
            }
            match supply.source {
                UploadSource::Descriptor(fd) => *supply = file(fd, supply.size, &mut ends)?,
                _ => {
                    let message = "IMAP_OPTION_APPEND_CRLF is on, and how long a message becomes must be known before it \
                                   is sent: give it as bytes or as a file, or turn the option off and give it CRLF";
                    return Err(Error::invalid(message));
                }
            }
        }
        // What held nothing but the LF of a CRLF that began before is empty now.
        self.pieces.retain(|piece| !matches!(piece, Piece::Bytes(Supply { size: 0, .. })));
        Ok(())
    }

    pub fn add_annotation(&mut self, entry: &str, attribute: &str, value: &[u8]) -> Result<()> {
        if !entry.starts_with('/') || entry.contains(['*', '%']) {
            return Err(Error::invalid("an entry begins with a slash and has no * and %: \"/comment\""));
        }
        line::refuse_line_breaks(entry.as_bytes())?;
        let is_attribute = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let has_scope = attribute.ends_with(".priv") || attribute.ends_with(".shared");
        if !has_scope || !attribute.bytes().all(is_attribute) {
            return Err(Error::invalid("an attribute is \"value.priv\" or \"value.shared\""));
        }
        self.annotations.try_reserve(1)?;
        self.annotations.push(Annotation {
            entry: super::copy(entry)?,
            attribute: super::copy(attribute)?,
            value: super::copy_bytes(value)?,
        });
        Ok(())
    }

    /// `att-annotate = "ANNOTATION" SP "(" entry-att *(SP entry-att) ")"`
    fn write_annotations(&self, facts: &Facts, line: &mut Line) -> Result<()> {
        if self.annotations.is_empty() {
            return Ok(());
        }
        facts.needs("ANNOTATE-EXPERIMENT-1")?;
        line.word("ANNOTATION (")?;
        for Annotation { entry, attribute, value } in &self.annotations {
            match entry.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)) {
                true => line.word(entry)?,
                false => line.string(entry.as_bytes())?,
            }
            line.word(&format!("({attribute}"))?;
            super::ask::write_value(Some(value), line)?;
            line.raw(b")")?;
        }
        line.raw(b")")
    }

    pub fn add_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let copied = Arc::new(super::copy_bytes(bytes)?);
        self.add(UploadSource::Bytes(copied), bytes.len() as u64)
    }

    /// Its next `size` bytes come from `source`.
    pub fn add(&mut self, source: UploadSource, size: u64) -> Result<()> {
        self.is_binary |= source.here().is_some_and(|bytes| memchr::memchr(0, bytes).is_some());
        if size > 0 {
            self.pieces.try_reserve(1)?;
            self.pieces.push(Piece::Bytes(Supply { source, size }));
        }
        Ok(())
    }

    /// Next comes what the server has at this URL.
    pub fn add_url(&mut self, url: &str) -> Result<()> {
        let is_url = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        if url.is_empty() || !url.bytes().all(is_url) {
            let message = "a URL is written like \"/INBOX;UIDVALIDITY=7/;UID=20\", special characters as %XX";
            return Err(Error::invalid(message));
        }
        self.pieces.try_reserve(1)?;
        self.pieces.push(Piece::Url(super::copy(url)?));
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn has_url(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Url(_)))
    }

    /// Whether its header has other characters than ASCII, or comes from where we cannot look.
    fn may_have_utf8_header(&self) -> bool {
        for piece in &self.pieces {
            let Piece::Bytes(supply) = piece else { continue };
            let Some(bytes) = supply.here() else { return true };
            let end = memmem::find(bytes, b"\r\n\r\n");
            if !bytes[..end.unwrap_or(bytes.len())].is_ascii() {
                return true;
            }
            if end.is_some() {
                return false;
            }
        }
        false
    }

    /// Of all that we send.
    fn size(&self) -> u64 {
        let sizes = self.pieces.iter().map(|piece| match piece {
            Piece::Bytes(supply) => supply.size,
            Piece::Url(_) => 0,
        });
        sizes.fold(0, u64::saturating_add)
    }

    /// Error if the server does not take such a message.
    fn check(&self, facts: &Facts) -> Result<()> {
        if self.has_url() && !facts.can("CATENATE") {
            let message = "the server does not have CATENATE: it cannot take parts of a message by URL; nothing was sent";
            return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
        }
        if self.is_binary && !facts.dialect().binary {
            return Err(unsupported("BINARY"));
        }
        let size = self.size();
        let Some(limit) = facts.number_of("APPENDLIMIT").filter(|limit| size > *limit) else { return Ok(()) };
        let message = format!(
            "the message has {size} bytes, the server takes at most {limit} (APPENDLIMIT); nothing was sent"
        );
        Err(Error::new(IMAP_ERR_LIMIT, message))
    }

    /// `append-message`, the bytes of its literals to `supplies`.
    fn write(&mut self, facts: &Facts, line: &mut Line, supplies: &mut Vec<Vec<Supply>>) -> Result<()> {
        if !self.flags.trim().is_empty() {
            line.flags(&self.flags)?;
        }
        if let Some(moment) = self.internal_date {
            let Some(text) = date::format_internal(moment) else {
                return Err(Error::invalid("the internal date is beyond the year 9999"));
            };
            line.string(&text)?;
        }
        self.write_annotations(facts, line)?;
        let is_utf8 = facts.is_enabled("UTF8=ACCEPT") && self.may_have_utf8_header();
        let form = Form { is_binary: self.is_binary, is_utf8, is_put_together: self.has_url() };
        if form.is_put_together {
            line.word("CATENATE (")?;
        }
        let mut pieces = std::mem::take(&mut self.pieces).into_iter().peekable();
        while let Some(piece) = pieces.next() {
            let first = match piece {
                Piece::Url(url) => {
                    line.word("URL")?;
                    line.string(url.as_bytes())?;
                    continue;
                }
                Piece::Bytes(supply) => supply,
            };
            let (mut size, mut run) = (first.size, vec![first]);
            while let Some(Piece::Bytes(supply)) = pieces.next_if(|next| matches!(next, Piece::Bytes(_))) {
                size = size.saturating_add(supply.size);
                run.try_reserve(1)?;
                run.push(supply);
            }
            form.write(size, line)?;
            supplies.try_reserve(1)?;
            supplies.push(run);
        }
        if form.is_put_together { line.raw(b")") } else { Ok(()) }
    }
}

/// How bytes stand in APPEND.
#[derive(Clone, Copy)]
struct Form {
    is_binary: bool,
    is_utf8: bool,
    is_put_together: bool,
}

impl Form {
    /// `append-data = literal / literal8 / "UTF8" SP "(" literal8 ")"` (RFC 6855 section 4), and
    /// `cat-part = "TEXT" SP literal` (RFC 4469)
    fn write(self, size: u64, line: &mut Line) -> Result<()> {
        if self.is_utf8 {
            line.word("UTF8 (")?;
            line.later(size, true)?;
            return line.raw(b")");
        }
        if self.is_put_together {
            line.word("TEXT")?;
        }
        line.later(size, self.is_binary)
    }
}

/// What comes of the next bytes of a descriptor, so many, when a bare CR or LF in them becomes CRLF.
pub type FitFile<'f> = dyn FnMut(i32, u64, &mut LineEnds) -> Result<Supply> + 'f;

impl Append {
    /// One message, which is lent.
    pub fn lent(
        mailbox: &str,
        flags: Option<&str>,
        internal_date: i64,
        message: Arc<dyn Loan>,
    ) -> Result<Append> {
        let mut new = NewMessage::new(flags.unwrap_or_default(), internal_date, 0)?;
        let size = message.bytes().len() as u64;
        new.add(UploadSource::Lent(message), size)?;
        Append::all(mailbox, &[new])
    }

    pub fn all(mailbox: &str, messages: &[NewMessage]) -> Result<Append> {
        if messages.is_empty() {
            return Err(Error::invalid("the upload has no message: call imap_upload_add_message() first"));
        }
        if messages.iter().any(NewMessage::is_empty) {
            return Err(Error::invalid("the message is empty: servers do not take that"));
        }
        let mut copied = Vec::new();
        copied.try_reserve_exact(messages.len())?;
        copied.extend_from_slice(messages);
        Ok(Append {
            mailbox: super::copy(mailbox)?,
            messages: copied,
            at: 0,
            is_one_by_one: false,
            step: Verb::Append,
            supplies: Vec::new(),
            assigned: Pairs::default(),
        })
    }

    /// A bare CR or LF becomes CRLF.
    pub fn fit_line_ends(&mut self, file: &mut FitFile<'_>) -> Result<()> {
        self.messages.iter_mut().try_for_each(|message| message.fit_line_ends(file))
    }

    /// The one message of `messages` in place of another.
    pub fn replace(replaced: Replaced, mailbox: &str, messages: &[NewMessage]) -> Result<Append> {
        if messages.len() > 1 {
            return Err(Error::invalid("one message can be replaced by one other only"));
        }
        Ok(Append { step: Verb::Replace(replaced), ..Append::all(mailbox, messages)? })
    }

    /// Before the first line: whatever cannot be sent is found while nothing was.
    fn prepare(&mut self, facts: &Facts) -> Result<()> {
        self.choose(facts)?;
        self.is_one_by_one = self.messages.len() > 1 && !facts.has("MULTIAPPEND");
        if self.is_one_by_one {
            facts.may_emulate("MULTIAPPEND")?;
        }
        self.messages.iter().try_for_each(|message| message.check(facts))
    }

    /// REPLACE, or its steps where the server cannot.
    fn choose(&mut self, facts: &Facts) -> Result<()> {
        let Verb::Replace(replaced) = self.step else { return Ok(()) };
        let last = facts.needs_writable()?.exists.filter(|exists| *exists > 0);
        let replaced = match (replaced, last) {
            // The last one that is known here; some servers do not understand the star.
            (Replaced::Number(u32::MAX), Some(last)) => Replaced::Number(last),
            _ => replaced,
        };
        self.step = Verb::Replace(replaced);
        if facts.has("REPLACE") {
            return Ok(());
        }
        facts.may_emulate("REPLACE")?;
        if !facts.can("UIDPLUS") {
            let message = "the server has neither REPLACE nor UIDPLUS to do it with; nothing was sent";
            return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
        }
        self.step = match replaced {
            Replaced::Uid(uid) => Verb::ReplaceAppend(uid),
            Replaced::Number(number) => Verb::ReplaceFetch(number, Found::Nothing),
        };
        Ok(())
    }
}

/// `seq-number`
fn number_text(number: u32) -> String {
    if number == u32::MAX { "*".to_owned() } else { number.to_string() }
}

/// So many messages go into one command (RFC 3502, RFC 9738).
fn batch(facts: &Facts) -> usize {
    match facts.has("MULTIAPPEND") {
        true => facts.save_limit().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX),
        false => 1,
    }
}

impl Command for Append {
    type Output = Box<Owned<Assigned>>;

    fn name(&self) -> &'static str {
        match self.step {
            Verb::Append | Verb::ReplaceAppend(_) => "APPEND",
            Verb::Replace(Replaced::Uid(_)) => "UID REPLACE",
            Verb::Replace(Replaced::Number(_)) => "REPLACE",
            Verb::ReplaceFetch(..) => "FETCH",
            Verb::ReplaceStore(_) => "UID STORE",
            Verb::ReplaceExpunge(_) => "UID EXPUNGE",
        }
    }

    fn rules(&self) -> Rules {
        let claim = match self.step {
            Verb::Append | Verb::ReplaceAppend(_) | Verb::ReplaceStore(_) => Claim::Nothing,
            Verb::Replace(Replaced::Uid(_)) => Claim::Copied,
            // It runs alone: it names a number, and changes what numbers mean.
            Verb::Replace(Replaced::Number(_)) | Verb::ReplaceFetch(..) => Claim::Everything,
            Verb::ReplaceExpunge(_) => Claim::Expunge,
        };
        let sequence = match self.step {
            Verb::Replace(Replaced::Number(_)) | Verb::ReplaceFetch(..) => Sequence::Uses,
            _ => Sequence::Renumbers,
        };
        Rules { claim, sequence, mailboxes: Mailboxes::Changes }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        if self.at == 0 {
            self.prepare(facts)?;
        }
        line.word(self.name())?;
        match self.step {
            Verb::ReplaceStore(uid) => {
                line.word(&format!("{uid} +FLAGS.SILENT (\\Deleted)"))?;
                return Ok(Next::Send);
            }
            Verb::ReplaceExpunge(uid) => {
                line.word(&uid.to_string())?;
                return Ok(Next::Send);
            }
            Verb::ReplaceFetch(number, _) => {
                line.word(&number_text(number))?;
                line.word("(UID)")?;
                return Ok(Next::Send);
            }
            Verb::Replace(Replaced::Uid(uid)) => line.word(&uid.to_string())?,
            Verb::Replace(Replaced::Number(number)) => line.word(&number_text(number))?,
            Verb::Append | Verb::ReplaceAppend(_) => {}
        }
        line.mailbox(&self.mailbox)?;
        let last = self.at.saturating_add(batch(facts));
        while let Some(message) = self.messages.get_mut(self.at).filter(|_| self.at < last) {
            message.write(facts, line, &mut self.supplies)?;
            self.at += 1;
        }
        Ok(Next::Send)
    }

    fn supplies(&mut self) -> Vec<Vec<Supply>> {
        std::mem::take(&mut self.supplies)
    }

    /// REPLACE tells APPENDUID before the EXPUNGE; that is news for everybody.
    fn untagged(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        if let Verb::ReplaceFetch(number, found) = &mut self.step {
            return Ok(found.note(*number, untagged));
        }
        if untagged.condition.is_none() {
            return Ok(false);
        }
        self.assigned.note(untagged.response.bytes.get(untagged.rest..).unwrap_or_default())
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        reply.ok()?;
        self.assigned.note(reply.resp_text())?;
        let next = match self.step {
            Verb::ReplaceFetch(number, found) => Verb::ReplaceAppend(found.uid(number)?),
            Verb::ReplaceAppend(uid) => Verb::ReplaceStore(uid),
            Verb::ReplaceStore(uid) => Verb::ReplaceExpunge(uid),
            Verb::Append if self.at < self.messages.len() => Verb::Append,
            _ => return Ok(Step::DONE),
        };
        self.step = next;
        Ok(Step::AGAIN)
    }

    fn finish(self) -> Result<Self::Output> {
        let origin = match self.step {
            Verb::Append | Verb::Replace(_) if !self.is_one_by_one => imap_origin::IMAP_ORIGIN_SERVER,
            _ => imap_origin::IMAP_ORIGIN_EMULATED,
        };
        self.assigned.result(origin, 0)
    }
}
