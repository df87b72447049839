//! Addresses (RFC 9051 `address`, and its lists).

use memchr::{memchr, memmem};

use super::cursor::{Cursor, Mark, Str};
use super::decode::{self, Decoded};
use super::plain::{Irregular, Otherwise, Plain, Words};
use crate::error::NoMemory;
use crate::model::{Arena, Bytes, Few, Text, imap_address, imap_addresses};

/// A list as it was understood, and what was odd about it.
pub struct Parsed<'a> {
    pub list: &'a imap_addresses<'a>,
    pub is_odd: bool,
    /// The limit on addresses cut it.
    pub is_cut: bool,
}

/// One address as sent.
struct Raw<'b> {
    name: Option<Str<'b>>,
    mailbox: Option<Str<'b>>,
    host: Option<Str<'b>>,
}

impl Raw<'_> {
    /// The entry that closes a group.
    fn is_end(&self) -> bool {
        self.mailbox.is_none() && self.host.is_none()
    }
}

/// `"(" 1*address ")" / nil`; None if it is neither. `left` is how many addresses there may still be.
pub fn list<'a>(
    cursor: &mut Cursor<'_>,
    left: &mut usize,
    arena: &'a Arena,
) -> Result<Option<Parsed<'a>>, NoMemory> {
    let mut parsed = Parsed { list: &imap_addresses::EMPTY, is_odd: false, is_cut: false };
    if cursor.take_nil() {
        return Ok(Some(parsed));
    }
    if !cursor.take(b'(') {
        return Ok(None);
    }
    let mut making = Making::new(arena);
    let mut oddities = Oddities::default();
    loop {
        if let Some(sent) = cursor.as_plain() {
            cursor.go_on(making.add_usual(sent, left)?);
        }
        if !cursor.is_next(b'(') {
            break;
        }
        let start = cursor.mark();
        let found = if *left > 0 { address(cursor, &mut oddities) } else { None };
        match found {
            Some(found) => {
                making.add(found, cursor, start, &mut oddities)?;
                *left -= 1;
            }
            None => {
                parsed.is_cut |= *left == 0;
                oddities.has_any |= *left > 0;
                cursor.go_to(start);
                cursor.skip_value();
            }
        }
    }
    oddities.has_any |= !cursor.take(b')');
    parsed.is_odd = oddities.has_any;
    parsed.list = making.finish()?;
    Ok(Some(parsed))
}

/// The same of a list that is not NIL, in which each address is as nearly all are.
pub fn regular<'a>(
    sent: &mut Plain<'_>,
    left: &mut usize,
    arena: &'a Arena,
) -> Result<&'a imap_addresses<'a>, Irregular> {
    sent.take(b"(")?;
    let mut making = Making::new(arena);
    *sent = making.add_usual(*sent, left)?;
    sent.take(b")")?;
    Ok(making.finish()?)
}

/// A literal's size, its braces and its line end take no more than this.
const MARKER: usize = 24;

#[derive(Default)]
struct Oddities {
    has_any: bool,
    /// Where the next source route is that an odd name could go on to.
    nil: Option<usize>,
    /// There is none: no address can be mended any more.
    is_hopeless: bool,
}

/// `address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"`
fn address<'b>(cursor: &mut Cursor<'b>, oddities: &mut Oddities) -> Option<Raw<'b>> {
    cursor.take(b'(');
    let start = cursor.mark();
    let name = cursor.nstring().filter(|_| ends_here(cursor));
    if let Some(name) = name {
        if cursor.nstring().is_some() {
            if let Some(found) = rest_of_address(name, cursor, oddities) {
                return Some(found);
            }
        }
    }
    // A literal counted in characters, or quotes in a name: the name goes on to the source route, which nobody
    // uses.
    cursor.go_to(start);
    oddities.has_any = true;
    if oddities.is_hopeless {
        return None;
    }
    let text = cursor.rest();
    let marker =
        if text.first() == Some(&b'{') { memchr(b'\n', &text[..text.len().min(MARKER)]) } else { None };
    let text = marker.map_or(text, |end| &text[end + 1..]);
    let skipped = cursor.rest().len() - text.len();
    let from = cursor.at() + skipped;
    let known = oddities.nil.filter(|at| *at >= from);
    let Some(nil) = known.or_else(|| memmem::find(text, b" NIL ").map(|at| from + at)) else {
        oddities.is_hopeless = true;
        return None;
    };
    oddities.nil = Some(nil);
    let end = nil - from;
    cursor.advance(skipped + end + b" NIL ".len());
    rest_of_address(Some(Str::Literal(text[..end].trim_ascii())), cursor, oddities)
}

/// An address as nearly all are.
struct Usual<'b> {
    name: Option<Words<'b>>,
    mailbox: &'b [u8],
    host: &'b [u8],
}

/// `("Terry Gray" NIL "gray" "cac.washington.edu")`, the name may be NIL; and what is behind it.
fn usual(mut sent: Plain<'_>) -> Result<(Usual<'_>, Plain<'_>), Otherwise> {
    sent.take(b"(")?;
    let name = sent.nwords()?;
    sent.take(b" NIL ")?;
    let mailbox = sent.string()?;
    sent.take(b" ")?;
    let host = sent.string()?;
    sent.take(b")")?;
    let is_bracketed = mailbox.first() == Some(&b'<') || host.last() == Some(&b'>');
    if !is_bracketed && is_present(mailbox) && is_present(host) {
        Ok((Usual { name, mailbox, host }, sent))
    } else {
        Err(Otherwise)
    }
}

/// The mailbox, the host and the parenthesis.
fn rest_of_address<'b>(
    name: Option<Str<'b>>,
    cursor: &mut Cursor<'b>,
    oddities: &mut Oddities,
) -> Option<Raw<'b>> {
    let mailbox = cursor.nstring()?;
    let host = host(cursor, oddities)?;
    cursor.take(b')').then_some(Raw { name, mailbox, host })
}

/// A host holds no quotes and no backslashes, so one before the closing quote escapes nothing (QQ).
fn host<'b>(cursor: &mut Cursor<'b>, oddities: &mut Oddities) -> Option<Option<Str<'b>>> {
    if let Some(host) = cursor.plain() {
        return Some(Some(Str::Quoted(host)));
    }
    let start = cursor.mark();
    match cursor.nstring() {
        Some(None) => return Some(None),
        Some(Some(Str::Literal(host))) => return Some(Some(Str::Literal(host))),
        _ => cursor.go_to(start),
    }
    if !cursor.is_next(b'"') {
        return None;
    }
    let inner = &cursor.rest()[1..];
    let end = memchr(b'"', inner)?;
    cursor.advance(end + 2);
    let host = &inner[..end];
    oddities.has_any |= host.ends_with(b"\\");
    Some(Some(Str::Quoted(host.strip_suffix(b"\\").unwrap_or(host))))
}

fn ends_here(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.peek(), Some(b' ' | b')'))
}

/// A list that is being made. Groups: a mailbox without host opens one, an entry of nothing closes it (RFC 9051
/// section 7.5.2).
struct Making<'a> {
    items: Few<'a, imap_address<'a>>,
    group: Text<'a>,
    is_empty_group: bool,
    /// Where the last entry ends that closes a group; None: nobody has looked yet.
    last_end: Option<usize>,
    arena: &'a Arena,
}

impl<'a> Making<'a> {
    fn new(arena: &'a Arena) -> Making<'a> {
        Making { items: Few::new(), group: Text::NONE, is_empty_group: false, last_end: None, arena }
    }

    /// `cursor` stands behind it, `start` is where it began.
    fn add(
        &mut self,
        raw: Raw<'_>,
        cursor: &Cursor<'_>,
        start: Mark,
        oddities: &mut Oddities,
    ) -> Result<(), NoMemory> {
        let opens = raw.host.is_none() && raw.mailbox.is_some() && self.is_closed_behind(cursor, start);
        if !opens && !raw.is_end() {
            self.is_empty_group = false;
            return self.items.push(one(raw, self.group, oddities, self.arena)?);
        }
        self.end_group()?;
        self.is_empty_group = opens;
        self.group = match raw.mailbox {
            Some(name) => decode::header(self.arena, Str::Literal(&name.bytes()?), false)?.text,
            None => Text::NONE,
        };
        Ok(())
    }

    /// Those that come next and are as nearly all are; what is behind them.
    fn add_usual<'b>(&mut self, mut rest: Plain<'b>, left: &mut usize) -> Result<Plain<'b>, NoMemory> {
        while let (1.., Ok((sent, behind))) = (*left, usual(rest)) {
            let name = sent.name.map(|name| decode::plain_header(self.arena, name)).transpose()?;
            let (mailbox, address, host) = self.arena.address_known(sent.mailbox, sent.host)?;
            self.items.push(named(name, Place { mailbox, host, address }, self.group, self.arena)?)?;
            self.is_empty_group = false;
            *left -= 1;
            rest = behind;
        }
        Ok(rest)
    }

    /// A group without members is told by its head alone.
    fn end_group(&mut self) -> Result<(), NoMemory> {
        if self.is_empty_group {
            self.items.push(self.arena.put(group_head(self.group))?)?;
        }
        Ok(())
    }

    fn is_closed_behind(&mut self, cursor: &Cursor<'_>, start: Mark) -> bool {
        let look = || {
            let mut from_here = cursor.clone();
            from_here.go_to(start);
            last_end(from_here)
        };
        *self.last_end.get_or_insert_with(look) > cursor.at()
    }

    fn finish(&mut self) -> Result<&'a imap_addresses<'a>, NoMemory> {
        self.end_group()?;
        let (items, count) = self.items.list(self.arena)?;
        if count == 0 { Ok(&imap_addresses::EMPTY) } else { self.arena.put(imap_addresses { items, count }) }
    }
}

/// Behind the last entry of a list that closes a group; 0: there is none.
fn last_end(mut cursor: Cursor<'_>) -> usize {
    let (mut last, mut oddities) = (0, Oddities::default());
    while cursor.is_next(b'(') {
        let start = cursor.mark();
        match address(&mut cursor, &mut oddities) {
            Some(found) if found.is_end() => last = cursor.at(),
            Some(_) => {}
            None => {
                cursor.go_to(start);
                cursor.skip_value();
            }
        }
    }
    last
}

fn group_head(group: Text<'_>) -> imap_address<'_> {
    imap_address {
        label: group,
        name: Text::NONE,
        address: Text::NONE,
        mailbox: Text::NONE,
        host: Text::NONE,
        group,
        raw_name: Bytes::NONE,
        raw_name_len: 0,
    }
}

fn one<'a>(
    raw: Raw<'_>,
    group: Text<'a>,
    oddities: &mut Oddities,
    arena: &'a Arena,
) -> Result<&'a imap_address<'a>, NoMemory> {
    let mailbox = raw.mailbox.as_ref().map(Str::bytes).transpose()?;
    let mailbox = mailbox.as_deref().filter(|mailbox| is_present(mailbox));
    let host = raw.host.as_ref().map(Str::bytes).transpose()?;
    let host = host.as_deref().filter(|host| is_present(host));
    // Gmail exchanges the two: the name is `<address>`, the mailbox is the name.
    if let (Some(sent), None, Some(inner)) = (mailbox, host, raw.name.as_ref().and_then(bracketed)) {
        oddities.has_any = true;
        let at = memchr(b'@', inner).unwrap_or(inner.len());
        let name = decode::header(arena, Str::Literal(sent), false)?;
        return named(Some(name), place(Some(&inner[..at]), inner.get(at + 1..), arena)?, group, arena);
    }
    let name = raw.name.map(|name| decode::header(arena, name, false)).transpose()?;
    named(name, place(mailbox.map(before_bracket), host.map(behind_bracket), arena)?, group, arena)
}

/// A mailbox and a host that some servers leave in their angle brackets.
fn before_bracket(mailbox: &[u8]) -> &[u8] {
    mailbox.strip_prefix(b"<").unwrap_or(mailbox)
}

fn behind_bracket(host: &[u8]) -> &[u8] {
    host.strip_suffix(b">").unwrap_or(host)
}

/// Where mail goes.
struct Place<'a> {
    mailbox: Text<'a>,
    host: Text<'a>,
    address: Text<'a>,
}

fn place<'a>(mailbox: Option<&[u8]>, host: Option<&[u8]>, arena: &'a Arena) -> Result<Place<'a>, NoMemory> {
    let mailbox = mailbox.map_or(Ok(Text::NONE), |mailbox| arena.text(mailbox))?;
    let Some(host) = host else {
        return Ok(Place { mailbox, host: Text::NONE, address: mailbox.or(Text::EMPTY) });
    };
    let host = arena.text(host)?.bytes().unwrap_or_default();
    let (_, address, host) = arena.address_known(mailbox.bytes().unwrap_or_default(), host)?;
    Ok(Place { mailbox, host, address })
}

fn named<'a>(
    name: Option<Decoded<'a>>,
    place: Place<'a>,
    group: Text<'a>,
    arena: &'a Arena,
) -> Result<&'a imap_address<'a>, NoMemory> {
    let Place { mailbox, host, address } = place;
    let (raw_name, raw_name_len) = name.as_ref().map_or((Bytes::NONE, 0), |name| (name.raw, name.raw_len));
    let name = name.map_or(Text::NONE, |name| name.text);
    let name = if name.is_empty() { Text::NONE } else { name };
    arena.put(imap_address {
        label: name.or(address),
        name,
        address,
        mailbox,
        host,
        group,
        raw_name,
        raw_name_len,
    })
}

/// What servers write where something is missing is nothing.
#[inline]
fn is_present(bytes: &[u8]) -> bool {
    let is_missing = || matches!(bytes, b"MISSING_MAILBOX" | b"MISSING_DOMAIN" | b".MISSING-HOST-NAME.");
    !(matches!(bytes.first(), Some(b'M' | b'.')) && is_missing())
}

fn bracketed<'b>(name: &Str<'b>) -> Option<&'b [u8]> {
    let Str::Quoted(bytes) = name else { return None };
    let inner = bytes.strip_prefix(b"<")?.strip_suffix(b">")?;
    inner.contains(&b'@').then_some(inner)
}
