//! Commands by name: what `imap_send()` makes of a command in IMAP's words. A row builds the same command as
//! the function of that name does.

use std::borrow::Cow;

use super::{
    Annotate, Annotations, Batches, Behind, CancelUpdate, Capability, Compress, Copying, Enable, Expunge,
    Fetch, Identity, Idle, Limits, List, Login, Metadata, MultiSearch, Namespace, Notify, Partial, Plain,
    ProxyAuth, Raw, Rights, Search, Select, Sort, Status, Store, Thread, Unauthenticate, comparator,
    genurlauth, jmap_access, language, resetkey,
};
use crate::error::{Error, Result};
use crate::model::try_box;
use crate::session::{Command, InFlight};

type Made = Result<Box<dyn InFlight>>;
type Make = fn(Arguments<'_>) -> Made;

/// Name, and what is made of its arguments.
const COMMANDS: &[(&str, Make)] = &[
    ("CAPABILITY", |a| none(a, Capability::default())),
    ("ID", identity),
    ("GETACL", |a| one(a, Rights::get)),
    ("MYRIGHTS", |a| one(a, Rights::mine)),
    ("LISTRIGHTS", |a| two(a, Rights::list)),
    ("DELETEACL", |a| two(a, Rights::delete)),
    ("SETACL", set_acl),
    ("GETQUOTA", |a| one(a, Limits::of_root)),
    ("GETQUOTAROOT", |a| one(a, Limits::of_mailbox)),
    ("SETQUOTA", |mut a| boxed(Limits::set(&a.next("a quota root")?, inner(a.rest))?)),
    ("GETMETADATA", metadata),
    ("GENURLAUTH", |a| two(a, |url, mechanism| genurlauth(url, Some(mechanism)))),
    ("RESETKEY", reset_key),
    ("LANGUAGE", |a| words(a, |tags| language(Some(tags)))),
    ("COMPARATOR", |a| words(a, |names| comparator(Some(names)))),
    ("GETJMAPACCESS", |a| none(a, jmap_access())),
    ("PROXYAUTH", |a| one(a, ProxyAuth::new)),
    ("UNAUTHENTICATE", |a| none(a, Unauthenticate::default())),
    ("URLFETCH", |a| boxed(Behind::all(a.rest, a.params)?)),
    ("SETMETADATA", set_metadata),
    ("GETANNOTATION", |mut a| boxed(Annotations::get(&a.next("a mailbox")?, a.rest, a.params)?)),
    ("SETANNOTATION", |mut a| boxed(Annotations::set(&a.next("a mailbox")?, a.rest, a.params)?)),
    ("ENABLE", |a| boxed(Enable::new(a.rest)?)),
    ("NOTIFY", |a| boxed(Notify::new(a.rest, a.params)?)),
    ("COMPRESS", |a| one(a, Compress::with)),
    ("NOOP", |a| none(a, Plain::noop())),
    ("IDLE", |a| none(a, Idle)),
    ("CHECK", |a| none(a, Plain::check())),
    ("CLOSE", |a| none(a, Plain::close())),
    ("UNSELECT", |a| none(a, Plain::unselect())),
    ("NAMESPACE", |a| none(a, Namespace::default())),
    ("CREATE", create),
    ("DELETE", |a| one(a, Plain::delete)),
    ("SUBSCRIBE", |a| one(a, Plain::subscribe)),
    ("UNSUBSCRIBE", |a| one(a, Plain::unsubscribe)),
    ("SELECT", |a| select(a, false)),
    ("EXAMINE", |a| select(a, true)),
    ("LOGIN", |a| two(a, Login::command)),
    ("RENAME", |a| two(a, Plain::rename)),
    ("LSUB", |a| two(a, List::of_subscribed)),
    ("LIST", list),
    ("XLIST", |a| two(a, List::with_roles)),
    ("STATUS", |mut a| boxed(Status::new(&a.next("a mailbox")?, a.rest)?)),
    ("EXPUNGE", |a| none(a, Expunge::new(None)?)),
    ("FETCH", |a| with_set(a, false, Fetch::new)),
    ("UID FETCH", |a| with_set(a, true, Fetch::new)),
    ("PARTIAL", partial),
    ("STORE", |a| with_set(a, false, Store::new)),
    ("UID STORE", |a| with_set(a, true, Store::new)),
    ("SEARCH", |a| boxed(Search::new(&format!("# {}", a.rest), a.params)?)),
    ("ESEARCH", |a| boxed(MultiSearch::new(a.rest, a.params)?)),
    ("SORT", |a| sort(a, false)),
    ("UID SORT", |a| sort(a, true)),
    ("THREAD", |a| thread(a, "# ")),
    ("UID THREAD", |a| thread(a, "")),
    ("CANCELUPDATE", |a| one(a, |id| Ok(CancelUpdate::new(number(id)?)))),
    ("UIDBATCHES", batches),
    ("UID SEARCH", |a| boxed(Search::new(a.rest, a.params)?)),
    ("COPY", |a| two(a, |set, mailbox| Copying::copy(&numbers(set), mailbox))),
    ("UID COPY", |a| two(a, Copying::copy)),
    ("MOVE", |a| two(a, |set, mailbox| Copying::r#move(&numbers(set), mailbox))),
    ("UID MOVE", |a| two(a, Copying::r#move)),
    ("UID EXPUNGE", |a| one(a, |set| Expunge::new(Some(set)))),
];

/// The command that `text` is; one that is not in the table is sent as it stands.
pub fn command(text: &str, params: Option<&[&str]>) -> Made {
    let text = text.trim();
    let row = COMMANDS.iter().rev().find_map(|(name, make)| {
        let head = text.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name))?;
        let rest = text.strip_prefix(head)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some((rest.trim(), make))
    });
    match row {
        Some((rest, make)) => make(Arguments { rest, params }),
        None => boxed(Raw::new(text, params)?),
    }
}

/// What follows a command's name, taken from the left.
struct Arguments<'t> {
    rest: &'t str,
    params: Option<&'t [&'t str]>,
}

impl<'t> Arguments<'t> {
    /// The next word, quoted string, or value of a `?`.
    fn next(&mut self, what: &str) -> Result<Cow<'t, str>> {
        if self.rest.starts_with('"') {
            return self.quoted(what);
        }
        let end = self.rest.find([' ', ')']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(Error::invalid(format!("the command lacks {what}")));
        }
        self.rest = rest.trim_start();
        match self.params {
            Some([value, more @ ..]) if word == "?" => {
                self.params = Some(more);
                Ok(Cow::Borrowed(*value))
            }
            Some([]) if word == "?" => Err(Error::invalid(format!("params has no value for {what}"))),
            _ => Ok(Cow::Borrowed(word)),
        }
    }

    /// Whether the list ends here; the end is taken.
    fn closes(&mut self) -> bool {
        let behind = self.rest.strip_prefix(')');
        self.rest = behind.map_or(self.rest, str::trim_start);
        behind.is_some()
    }

    fn quoted(&mut self, what: &str) -> Result<Cow<'t, str>> {
        let mut value = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            let meant = match character {
                '"' => {
                    self.rest = self.rest[at + 1..].trim_start();
                    return Ok(Cow::Owned(value));
                }
                '\\' => characters.next().map_or('\\', |(_, escaped)| escaped),
                plain => plain,
            };
            value.try_reserve(meant.len_utf8())?;
            value.push(meant);
        }
        Err(Error::invalid(format!("the quotes round {what} do not close")))
    }

    fn end(&self) -> Result<()> {
        let unused = self.params.map_or(0, <[&str]>::len);
        match (self.rest.is_empty(), unused) {
            (true, 0) => Ok(()),
            (false, _) => {
                Err(Error::invalid(format!("the command does not end before \"{}\"", clip(self.rest))))
            }
            (true, unused) => {
                Err(Error::invalid(format!("params has {unused} values more than the command has ?")))
            }
        }
    }
}

fn clip(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(at, _)| &text[..at])
}

fn boxed<C: Command>(command: C) -> Made {
    Ok(try_box(command)?)
}

fn none<C: Command>(arguments: Arguments<'_>, command: C) -> Made {
    arguments.end()?;
    boxed(command)
}

/// Words without values, quoted or not.
fn words<C: Command>(mut arguments: Arguments<'_>, make: impl FnOnce(&str) -> Result<C>) -> Made {
    let mut all = Vec::new();
    while !arguments.rest.is_empty() {
        all.push(arguments.next("a word")?.into_owned());
    }
    arguments.end()?;
    boxed(make(&all.join(" "))?)
}

fn one<C: Command>(mut arguments: Arguments<'_>, make: impl FnOnce(&str) -> Result<C>) -> Made {
    let argument = arguments.next("an argument")?;
    arguments.end()?;
    boxed(make(&argument)?)
}

fn two<C: Command>(mut arguments: Arguments<'_>, make: impl FnOnce(&str, &str) -> Result<C>) -> Made {
    let (first, second) = (arguments.next("an argument")?, arguments.next("a second argument")?);
    arguments.end()?;
    boxed(make(&first, &second)?)
}

/// A set, and text with placeholders behind it.
fn with_set<C: Command>(
    mut arguments: Arguments<'_>,
    by_uid: bool,
    make: impl FnOnce(&str, &str, Option<&[&str]>) -> Result<C>,
) -> Made {
    let set = arguments.next("a set of messages")?;
    let set = if by_uid { set } else { Cow::Owned(numbers(&set)) };
    boxed(make(&set, arguments.rest, arguments.params)?)
}

/// `"PARTIAL" SPACE nz_number SPACE item SPACE number SPACE number` (RFC 1730)
fn partial(mut arguments: Arguments<'_>) -> Made {
    let (number, item) = (arguments.next("a message number")?, arguments.next("an item")?);
    let (start, length) = (arguments.next("a first byte")?, arguments.next("a length")?);
    arguments.end()?;
    boxed(Partial::new(&number, &item, &start, &length)?)
}

/// What stands between parentheses, or all.
fn inner(text: &str) -> &str {
    text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text)
}

/// `id_params_list`: NIL, or names and values between parentheses.
fn identity(mut arguments: Arguments<'_>) -> Made {
    let is_nil = arguments.rest.eq_ignore_ascii_case("NIL");
    arguments.rest = if is_nil { "" } else { inner(arguments.rest).trim() };
    let mut fields = Vec::new();
    while !arguments.rest.is_empty() {
        fields.push(arguments.next("a field")?.into_owned());
    }
    arguments.end()?;
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    boxed(Identity::ask(if is_nil { None } else { Some(&fields) })?)
}

/// `[RETURN (options)] (keys) charset criteria`
fn sort(mut arguments: Arguments<'_>, by_uid: bool) -> Made {
    let mut returns = "";
    if arguments.rest.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("RETURN")) {
        let end = arguments.rest.find(')').map_or(0, |end| end + 1);
        (returns, arguments.rest) = arguments.rest.split_at(end);
        arguments.rest = arguments.rest.trim_start();
    }
    let end = arguments.rest.find(')').map_or(0, |end| end + 1);
    let (keys, rest) = arguments.rest.split_at(end);
    arguments.rest = rest.trim_start();
    let charset = arguments.next("a charset")?;
    let number = if by_uid { "" } else { "# " };
    let criteria = format!("{number}{returns} CHARSET {charset} {}", arguments.rest);
    boxed(Sort::new(keys, &criteria, arguments.params)?)
}

/// `[mailbox *(SP mechanism)]`
fn reset_key(mut arguments: Arguments<'_>) -> Made {
    if arguments.rest.is_empty() {
        return none(arguments, resetkey(None, None)?);
    }
    let mailbox = arguments.next("a mailbox")?;
    words(arguments, |mechanisms| resetkey(Some(&mailbox), Some(mechanisms)))
}

/// `thread-alg charset criteria`
fn thread(mut arguments: Arguments<'_>, prefix: &str) -> Made {
    let (algorithm, charset) = (arguments.next("an algorithm")?, arguments.next("a charset")?);
    let criteria = format!("{prefix}CHARSET {charset} {}", arguments.rest);
    boxed(Thread::new(Some(&algorithm), &criteria, arguments.params)?)
}

/// `size [first:last]`
fn batches(mut arguments: Arguments<'_>) -> Made {
    let size = number(&arguments.next("the size of a batch")?)?;
    let (first, last) = match arguments.rest {
        "" => (0, 0),
        _ => {
            let range = arguments.next("batches")?;
            let (first, last) = range.split_once(':').unwrap_or((&range, &range));
            (number(first)?, number(last)?)
        }
    };
    arguments.end()?;
    boxed(Batches::new(size, first, last)?)
}

fn number(text: &str) -> Result<u32> {
    let wrong = || Error::invalid(format!("\"{}\" stands where a number belongs", clip(text)));
    text.parse().map_err(|_| wrong())
}

fn set_acl(mut arguments: Arguments<'_>) -> Made {
    let (mailbox, identifier) = (arguments.next("a mailbox")?, arguments.next("an identifier")?);
    let rights = arguments.next("rights")?;
    arguments.end()?;
    boxed(Rights::set(&mailbox, &identifier, &rights)?)
}

/// GETMETADATA with its options before the mailbox, as RFC 5464 has it.
fn metadata(mut arguments: Arguments<'_>) -> Made {
    let mut options = "";
    if let Some(end) = arguments.rest.strip_prefix('(').and_then(|inner| inner.find(')')) {
        let (list, rest) = arguments.rest.split_at(end + 2);
        (options, arguments.rest) = (list, rest.trim_start());
    }
    let mailbox = arguments.next("a mailbox")?;
    let what = format!("{options} {}", inner(arguments.rest));
    boxed(Metadata::get(&mailbox, &what, arguments.params)?)
}

/// SETMETADATA of entries and values in turn; a value is a word, a string, a `?` or NIL.
fn set_metadata(mut arguments: Arguments<'_>) -> Made {
    let mailbox = arguments.next("a mailbox")?;
    arguments.rest = inner(arguments.rest).trim();
    let mut entries = Vec::new();
    while !arguments.rest.is_empty() {
        let entry = arguments.next("an entry")?;
        let is_nil = arguments.rest.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case("NIL"));
        let value = arguments.next("the value of an entry")?;
        entries.try_reserve(1)?;
        entries.push((entry, (!is_nil).then_some(value)));
    }
    arguments.end()?;
    let entries: Vec<(&str, Option<&[u8]>)> = entries
        .iter()
        .map(|(entry, value)| (&**entry, value.as_ref().map(|value| value.as_bytes())))
        .collect();
    boxed(Annotate::set(&mailbox, &entries)?)
}

/// `select = "SELECT" SP mailbox [select-params]`
fn select(mut arguments: Arguments<'_>, is_examine: bool) -> Made {
    let mailbox = arguments.next("a mailbox")?;
    boxed(Select::with(&mailbox, is_examine, arguments.rest, arguments.params)?)
}

/// `create = "CREATE" SP mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]` (RFC 6154)
fn create(mut arguments: Arguments<'_>) -> Made {
    let mailbox = arguments.next("a mailbox")?;
    let rest = inner(arguments.rest).trim();
    let uses = rest.get(..3).filter(|word| word.eq_ignore_ascii_case("USE")).map(|_| rest[3..].trim());
    if let Some(uses) = uses {
        arguments.rest = "";
        arguments.end()?;
        return boxed(Plain::create_for(&mailbox, inner(uses))?);
    }
    arguments.end()?;
    boxed(Plain::create_for(&mailbox, "")?)
}

/// LIST with what RFC 5258 puts before and behind the names.
fn list(mut arguments: Arguments<'_>) -> Made {
    let mut selection = "";
    if let Some(end) = arguments.rest.strip_prefix('(').and_then(|inner| inner.find(')')) {
        let (list, rest) = arguments.rest.split_at(end + 2);
        (selection, arguments.rest) = (list, rest.trim_start());
    }
    let reference = arguments.next("a reference")?;
    let mut patterns = Vec::new();
    match arguments.rest.strip_prefix('(') {
        None => patterns.push(arguments.next("a pattern")?),
        Some(rest) => {
            arguments.rest = rest.trim_start();
            while !arguments.closes() {
                patterns.try_reserve(1)?;
                patterns.push(arguments.next("a pattern")?);
            }
        }
    }
    let patterns: Vec<&str> = patterns.iter().map(|pattern| &**pattern).collect();
    let extra = format!("{selection} {}", arguments.rest);
    boxed(List::all(&reference, &patterns, &extra, arguments.params)?)
}

/// Without UID a command speaks of message numbers.
fn numbers(set: &str) -> String {
    format!("#{set}")
}
