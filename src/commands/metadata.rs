//! METADATA (RFC 5464), and ANNOTATEMORE, which came before it and is used where the server has nothing newer.

use super::ask::{Answer, Argument, Ask, Form};
use super::rights::named;
use crate::error::{Error, Result, imap_status::*};
use crate::model::{Entries, Entry, Growing, Owned, imap_entries, imap_entry, imap_origin};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged};
use crate::wire::line::Line;
use crate::wire::rights::{self, Annotated, Sent};
use crate::wire::words::{Place, Word, Words};
use crate::wire::{code, list};

/// Which commands the server has for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Means {
    Metadata,
    Annotations,
}

impl Means {
    /// For a mailbox, or with "" for the server.
    pub fn of(mailbox: &str, facts: &Facts) -> Result<Means> {
        let is_server = mailbox.is_empty();
        if facts.can("METADATA") || (is_server && facts.can("METADATA-SERVER")) {
            return Ok(Means::Metadata);
        }
        if facts.can("ANNOTATEMORE") && facts.settings.emulate {
            return Ok(Means::Annotations);
        }
        let lacking = if is_server { "METADATA nor METADATA-SERVER" } else { "METADATA nor ANNOTATEMORE" };
        let message = format!("the server has neither {lacking}; nothing was sent");
        Err(Error::new(IMAP_ERR_UNSUPPORTED, message))
    }

    fn origin(self) -> imap_origin {
        match self {
            Means::Metadata => imap_origin::IMAP_ORIGIN_SERVER,
            Means::Annotations => imap_origin::IMAP_ORIGIN_EMULATED,
        }
    }
}

/// By which means a response was asked for.
pub fn origin(untagged: &Untagged<'_>) -> imap_origin {
    if untagged.is("ANNOTATION") { Means::Annotations.origin() } else { Means::Metadata.origin() }
}

/// What GETMETADATA asks for: entries, and how deep and how long they may be.
pub struct Query {
    /// With their parentheses, or none.
    options: Words,
    names: Words,
}

impl Query {
    /// "(DEPTH 1 MAXSIZE 1024) /private/comment /shared/comment"
    pub fn parse(what: &str, params: Option<&[&str]>) -> Result<Query> {
        let (mut options, mut names) = (Words::default(), Words::parse(what, params)?);
        if let (Some(Word::Open), Some(end)) = (names.get(0), names.close_of(0)) {
            options = Words::parse(what, params)?;
            options.drop_last(options.len() - end);
            names.drop_first(end);
        }
        // A list by itself is what is asked for; so is one behind the options.
        if names.is_empty() {
            std::mem::swap(&mut options, &mut names);
        }
        if let Some(Word::Open) = names.get(0) {
            names.drop_last(1);
            names.drop_first(1);
        }
        if names.is_empty()
            || names.iter().any(|word| !matches!(text_of(word), Some(name) if name.starts_with('/')))
        {
            return Err(Error::invalid("GETMETADATA needs the name of an entry, like /private/comment"));
        }
        Ok(Query { options, names })
    }

    /// Of entries by their names alone.
    pub fn of(names: &[&str]) -> Result<Query> {
        Query::parse(&"? ".repeat(names.len()), Some(names))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(text_of)
    }

    /// The value of an option, "DEPTH" or "MAXSIZE".
    fn option(&self, name: &str) -> Option<&str> {
        let at = (0..self.options.len()).find(|at| self.options.atom(*at).as_deref() == Some(name))?;
        self.options.get(at + 1).and_then(text_of)
    }

    fn max_size(&self) -> u64 {
        self.option("MAXSIZE").and_then(|size| size.parse().ok()).unwrap_or(u64::MAX)
    }

    /// GETMETADATA or GETANNOTATION of the mailbox that `name` writes.
    pub fn write(&self, means: Means, line: &mut Line, name: impl Fn(&mut Line) -> Result<()>) -> Result<()> {
        if means == Means::Metadata {
            line.word("GETMETADATA")?;
            self.options.emit(line)?;
            name(line)?;
            line.word("(")?;
            (0..self.names.len()).try_for_each(|at| self.names.emit_one(at, Place::String, line))?;
            return line.raw(b")");
        }
        line.word("GETANNOTATION")?;
        name(line)?;
        let depth = match self.option("DEPTH").map(str::to_ascii_uppercase).as_deref() {
            Some("1") => Some("/%"),
            Some("INFINITY") => Some("/*"),
            _ => None,
        };
        line.word("(")?;
        for (entry, _) in self.names().map(split) {
            line.string(entry.as_bytes())?;
            if let Some(below) = depth {
                line.string(format!("{entry}{below}").as_bytes())?;
            }
        }
        line.raw(b")")?;
        line.word("(")?;
        for attribute in ATTRIBUTES {
            let is_wanted =
                |(_, wanted): (&str, Option<&str>)| wanted.is_none_or(|wanted| wanted == attribute);
            if self.names().map(split).any(is_wanted) {
                line.string(attribute.as_bytes())?;
            }
        }
        line.raw(b")")
    }

    /// Whether an annotation was asked for, under this name of METADATA.
    fn is_for(&self, name: &[u8]) -> bool {
        let depth = self.option("DEPTH").unwrap_or("0");
        self.names().any(|asked| {
            let asked = asked.as_bytes();
            let behind = name.get(..asked.len()).filter(|head| head.eq_ignore_ascii_case(asked));
            match (behind, name.get(asked.len()..)) {
                (Some(_), Some([])) => true,
                (Some(_), Some([b'/', ..])) => depth != "0",
                _ => false,
            }
        })
    }
}

fn text_of(word: &Word) -> Option<&str> {
    match word {
        Word::Atom(text) | Word::String(text) | Word::Value(text) => Some(text),
        Word::Open | Word::Close => None,
    }
}

const ATTRIBUTES: [&str; 2] = ["value.priv", "value.shared"];

/// "/private/comment" is the attribute value.priv of the entry "/comment".
fn split(name: &str) -> (&str, Option<&'static str>) {
    let below = |head: &str| name.strip_prefix(head).filter(|rest| rest.starts_with('/'));
    match (below("/private"), below("/shared")) {
        (Some(rest), _) => (rest, Some(ATTRIBUTES[0])),
        (_, Some(rest)) => (rest, Some(ATTRIBUTES[1])),
        _ => (name, None),
    }
}

/// The name of METADATA for an annotation's entry and attribute.
fn joined(sent: &mut Sent<'_>) -> Result<()> {
    let prefix = match sent.attribute.as_deref() {
        Some(b"value.priv") => &b"/private"[..],
        Some(b"value.shared") => b"/shared",
        _ => return Ok(()),
    };
    let mut name = Vec::new();
    name.try_reserve_exact(prefix.len() + sent.name.len())?;
    name.extend_from_slice(prefix);
    name.extend_from_slice(&sent.name);
    sent.name = name.into();
    Ok(())
}

/// Gives the entries of a response that answer `query`, under METADATA's names. False: it tells of a change.
pub fn each(
    untagged: &Untagged<'_>,
    query: &Query,
    mut with: impl FnMut(&Sent<'_>) -> Result<()>,
) -> Result<bool> {
    if !untagged.is("ANNOTATION") {
        let Some(mut all) = Annotated::of_metadata(untagged.response, untagged.rest) else {
            return Ok(false);
        };
        while let Some(sent) = all.next_entry()? {
            with(&sent)?;
        }
        return Ok(true);
    }
    let mut all = Annotated::of_annotation(untagged.response, untagged.rest);
    while let Some(mut sent) = all.next_entry()? {
        joined(&mut sent)?;
        if query.is_for(&sent.name) {
            with(&sent)?;
        }
    }
    Ok(true)
}

/// GETMETADATA or GETANNOTATION.
pub struct Metadata {
    mailbox: String,
    query: Query,
    entries: Growing<Entry>,
    origin: imap_origin,
}

impl Metadata {
    /// Mailbox "" is the server.
    pub fn get(mailbox: &str, what: &str, params: Option<&[&str]>) -> Result<Metadata> {
        let query = Query::parse(what, params)?;
        let (entries, origin) = (Growing::new(usize::MAX), imap_origin::IMAP_ORIGIN_SERVER);
        Ok(Metadata { mailbox: super::copy(mailbox)?, query, entries, origin })
    }

    /// `[METADATA LONGENTRIES n]` tells the size of the longest entry that was left out, and not which it is.
    fn note_long(&mut self, resp_text: &[u8]) -> Result<()> {
        let Some((code, _)) = code::head(resp_text) else { return Ok(()) };
        let mut words = code.argument.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let is_long = code.name.eq_ignore_ascii_case(b"METADATA")
            && words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"LONGENTRIES"));
        let size = words.next().and_then(|size| std::str::from_utf8(size).ok()?.parse::<i64>().ok());
        let Some(size) = size.filter(|_| is_long) else { return Ok(()) };
        let is_here = |name: &str| self.entries.iter().any(|entry| entry.name.get() == Some(name));
        let mut missing = self.query.names().filter(|name| !is_here(name));
        let only = match (missing.next(), missing.next()) {
            (Some(name), None) if self.query.option("DEPTH").is_none() => super::copy(name)?,
            _ => String::new(),
        };
        let mailbox = self.mailbox.as_bytes();
        self.entries.push(|arena| {
            let (mailbox, name) = (arena.text(mailbox)?, arena.text(only.as_bytes())?);
            Ok(imap_entry { mailbox, name, size, ..imap_entry::EMPTY })
        })
    }
}

impl Command for Metadata {
    type Output = Box<Owned<Entries>>;

    fn name(&self) -> &'static str {
        "GETMETADATA"
    }

    fn rules(&self) -> Rules {
        let claim = Claim::Named(&["METADATA", "ANNOTATION"]);
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Reads }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        self.entries.arena().set_limit(facts.settings.max_result);
        let means = Means::of(&self.mailbox, facts)?;
        self.origin = means.origin();
        self.query.write(means, line, |line| write_name(&self.mailbox, line))?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let max_size = if untagged.is("ANNOTATION") { self.query.max_size() } else { u64::MAX };
        let (entries, response, rest) = (&mut self.entries, untagged.response, untagged.rest);
        let name = rights::name_of(response, rest)?;
        if untagged.is("METADATA") && !list::is_spelling_of(&name, &self.mailbox, facts.is_utf8)? {
            return Ok(false);
        }
        each(untagged, &self.query, |sent| {
            entries.push(|arena| {
                let mailbox = rights::mailbox(&mut response.cursor(rest), facts.is_utf8, arena)?;
                // ANNOTATEMORE knows no MAXSIZE.
                if sent.size() > max_size {
                    let size = i64::try_from(sent.size()).unwrap_or(i64::MAX);
                    return Ok(imap_entry {
                        mailbox,
                        name: arena.text(&sent.name)?,
                        size,
                        ..imap_entry::EMPTY
                    });
                }
                Ok(sent.entry(mailbox, arena)?)
            })
        })
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        reply.ok()?;
        self.note_long(reply.resp_text())?;
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<Self::Output> {
        let origin = self.origin;
        self.entries.finish(|_, items, count| Ok(imap_entries { items, count, origin }))
    }
}

fn write_name(mailbox: &str, line: &mut Line) -> Result<()> {
    if mailbox.is_empty() { line.string(b"") } else { line.mailbox(mailbox) }
}

/// SETMETADATA or SETANNOTATION of entries and their values; None removes one.
pub struct Annotate {
    mailbox: String,
    entries: Vec<(String, Option<Vec<u8>>)>,
}

impl Annotate {
    pub fn set(mailbox: &str, entries: &[(&str, Option<&[u8]>)]) -> Result<Annotate> {
        let mut copied = Vec::new();
        copied.try_reserve_exact(entries.len())?;
        for (entry, value) in entries {
            if !entry.starts_with('/') || entry.contains(['*', '%']) {
                return Err(Error::invalid("an entry is named like /private/comment"));
            }
            copied.push((super::copy(entry)?, value.map(super::copy_bytes).transpose()?));
        }
        if copied.is_empty() {
            return Err(Error::invalid("SETMETADATA needs an entry and its value"));
        }
        Ok(Annotate { mailbox: super::copy(mailbox)?, entries: copied })
    }
}

impl Command for Annotate {
    type Output = ();

    fn name(&self) -> &'static str {
        "SETMETADATA"
    }

    fn rules(&self) -> Rules {
        Rules { claim: Claim::Nothing, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Changes }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        let means = Means::of(&self.mailbox, facts)?;
        line.word(if means == Means::Metadata { "SETMETADATA" } else { "SETANNOTATION" })?;
        write_name(&self.mailbox, line)?;
        if means == Means::Metadata {
            line.word("(")?;
        }
        for (name, value) in &self.entries {
            if means == Means::Metadata {
                line.string(name.as_bytes())?;
                super::ask::write_value(value.as_deref(), line)?;
                continue;
            }
            let (entry, Some(attribute)) = split(name) else {
                return Err(Error::invalid("the name of an entry begins with /private or /shared"));
            };
            line.string(entry.as_bytes())?;
            line.word("(")?;
            line.string(attribute.as_bytes())?;
            super::ask::write_value(value.as_deref(), line)?;
            line.raw(b")")?;
        }
        if means == Means::Metadata {
            line.raw(b")")?;
        }
        Ok(Next::Send)
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}

/// ANNOTATEMORE in its own words.
pub struct Annotations {
    entries: Growing<Entry>,
}

const GETANNOTATION: Form =
    Form { name: "GETANNOTATION", needs: &["ANNOTATEMORE"], mailboxes: Mailboxes::Reads };
const SETANNOTATION: Form =
    Form { name: "SETANNOTATION", needs: &["ANNOTATEMORE"], mailboxes: Mailboxes::Changes };

impl Annotations {
    /// `"/comment" ("value.priv" "value.shared")`
    pub fn get(mailbox: &str, what: &str, params: Option<&[&str]>) -> Result<Ask<Annotations>> {
        let arguments = vec![named(mailbox)?, Argument::Words(Words::parse(what, params)?)];
        Ok(Ask::new(&GETANNOTATION, arguments, Annotations { entries: Growing::new(usize::MAX) }))
    }

    /// `"/comment" ("value.priv" "the value")`
    pub fn set(mailbox: &str, what: &str, params: Option<&[&str]>) -> Result<Ask<()>> {
        let arguments = vec![named(mailbox)?, Argument::Words(Words::parse(what, params)?)];
        Ok(Ask::new(&SETANNOTATION, arguments, ()))
    }
}

impl Answer for Annotations {
    type Output = Box<Owned<Entries>>;

    const RESPONSES: &'static [&'static str] = &["ANNOTATION"];

    fn take(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let mut all = Annotated::of_annotation(untagged.response, untagged.rest);
        while let Some(sent) = all.next_entry()? {
            self.entries.push(|arena| {
                let mut head = untagged.response.cursor(untagged.rest);
                let mailbox = rights::mailbox(&mut head, facts.is_utf8, arena)?;
                Ok::<_, Error>(sent.entry(mailbox, arena)?)
            })?;
        }
        Ok(true)
    }

    fn finish(self) -> Result<Self::Output> {
        self.entries.finish(|_, items, count| {
            Ok(imap_entries { items, count, origin: imap_origin::IMAP_ORIGIN_SERVER })
        })
    }
}
