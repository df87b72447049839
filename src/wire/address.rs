//! Addresses (RFC 9051 `address`, and its lists).

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::cursor::{Cursor, Str};
use super::decode;
use crate::error::NoMemory;
use crate::model::{Arena, Few, Text, imap_address, imap_addresses};

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
    mailbox: Option<Cow<'b, [u8]>>,
    host: Option<&'b [u8]>,
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
    let mut sent = Vec::new();
    while cursor.is_next(b'(') {
        let start = cursor.clone();
        let found = if *left > 0 { address(cursor, &mut parsed.is_odd)? } else { None };
        match found {
            Some(found) => {
                sent.try_reserve(1)?;
                sent.push(found);
                *left -= 1;
            }
            None => {
                parsed.is_cut |= *left == 0;
                parsed.is_odd |= *left > 0;
                *cursor = start;
                cursor.skip_value();
            }
        }
    }
    if !cursor.take(b')') {
        parsed.is_odd = true;
    }
    parsed.list = build(sent, cursor.is_clean, &mut parsed.is_odd, arena)?;
    Ok(Some(parsed))
}

/// `address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"`
fn address<'b>(cursor: &mut Cursor<'b>, is_odd: &mut bool) -> Result<Option<Raw<'b>>, NoMemory> {
    cursor.take(b'(');
    let start = cursor.clone();
    let name = cursor.nstring().filter(|_| ends_here(cursor));
    if let Some(name) = name {
        if cursor.nstring().is_some() {
            if let Some(found) = rest_of_address(name, cursor, is_odd)? {
                return Ok(Some(found));
            }
        }
    }
    // A literal counted in characters, or quotes in a name: the name goes on to the source route, which nobody
    // uses.
    *cursor = start;
    *is_odd = true;
    let text = cursor.rest();
    let text = match (text.first(), memchr(b'\n', text)) {
        (Some(b'{'), Some(end)) => &text[end + 1..],
        _ => text,
    };
    let skipped = cursor.rest().len() - text.len();
    let Some(end) = memmem::find(text, b" NIL ") else { return Ok(None) };
    cursor.advance(skipped + end + b" NIL ".len());
    rest_of_address(Some(Str::Literal(text[..end].trim_ascii())), cursor, is_odd)
}

/// The mailbox, the host and the parenthesis.
fn rest_of_address<'b>(
    name: Option<Str<'b>>,
    cursor: &mut Cursor<'b>,
    is_odd: &mut bool,
) -> Result<Option<Raw<'b>>, NoMemory> {
    let Some(mailbox) = cursor.nstring() else { return Ok(None) };
    let mailbox = match mailbox {
        Some(Str::Quoted(bytes) | Str::Literal(bytes) | Str::Atom(bytes)) => Some(Cow::Borrowed(bytes)),
        Some(other) => Some(Cow::Owned(other.bytes()?.into_owned())),
        None => None,
    };
    let Some(host) = host(cursor, is_odd) else { return Ok(None) };
    Ok(cursor.take(b')').then_some(Raw { name, mailbox, host }))
}

/// A host holds no quotes and no backslashes, so one before the closing quote escapes nothing (QQ).
fn host<'b>(cursor: &mut Cursor<'b>, is_odd: &mut bool) -> Option<Option<&'b [u8]>> {
    if cursor.is_next(b'"') {
        let inner = &cursor.rest()[1..];
        let end = memchr(b'"', inner)?;
        cursor.advance(end + 2);
        let host = &inner[..end];
        *is_odd |= host.ends_with(b"\\");
        return Some(Some(host.strip_suffix(b"\\").unwrap_or(host)));
    }
    match cursor.nstring()? {
        Some(Str::Literal(bytes)) => Some(Some(bytes)),
        Some(_) => None,
        None => Some(None),
    }
}

fn ends_here(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.peek(), Some(b' ' | b')'))
}

/// Groups: a mailbox without host opens one, an entry of nothing closes it (RFC 9051 section 7.5.2).
fn build<'a>(
    sent: Vec<Raw<'_>>,
    is_clean: bool,
    is_odd: &mut bool,
    arena: &'a Arena,
) -> Result<&'a imap_addresses<'a>, NoMemory> {
    let is_end = |raw: &Raw<'_>| raw.mailbox.is_none() && raw.host.is_none();
    let last_end = sent.iter().rposition(is_end).unwrap_or(0);
    let mut items = Few::new();
    let mut group = Text::NONE;
    let mut is_empty_group = false;
    for (at, raw) in sent.into_iter().enumerate() {
        let opens = raw.host.is_none() && raw.mailbox.is_some() && at < last_end;
        if opens || is_end(&raw) {
            if is_empty_group {
                items.push(arena.put(group_head(group))?)?;
            }
            is_empty_group = opens;
            group = match raw.mailbox {
                Some(name) => decode::header(arena, Str::Literal(&name), false)?.text,
                None => Text::NONE,
            };
            continue;
        }
        is_empty_group = false;
        items.push(arena.put(imap_address { group, ..one(raw, is_clean, is_odd, arena)? })?)?;
    }
    if is_empty_group {
        items.push(arena.put(group_head(group))?)?;
    }
    let (items, count) = items.list(arena)?;
    if count == 0 { Ok(&imap_addresses::EMPTY) } else { arena.put(imap_addresses { items, count }) }
}

const NOTHING: imap_address<'static> = imap_address {
    label: Text::EMPTY,
    name: Text::NONE,
    address: Text::NONE,
    mailbox: Text::NONE,
    host: Text::NONE,
    group: Text::NONE,
    raw_name: crate::model::Bytes::NONE,
    raw_name_len: 0,
};

fn group_head(group: Text<'_>) -> imap_address<'_> {
    imap_address { label: group, group, ..NOTHING }
}

fn one<'a>(
    mut raw: Raw<'_>,
    is_clean: bool,
    is_odd: &mut bool,
    arena: &'a Arena,
) -> Result<imap_address<'a>, NoMemory> {
    let mut mailbox = present(raw.mailbox.as_deref());
    let mut host = present(raw.host);
    let exchanged;
    let mut name = raw.name.take();
    // Gmail exchanges the two: the name is `<address>`, the mailbox is the name.
    if let (Some(sent), None, Some(inner)) = (mailbox, host, name.as_ref().and_then(bracketed)) {
        *is_odd = true;
        exchanged = inner.to_vec();
        name = Some(Str::Literal(sent));
        let at = memchr(b'@', &exchanged).unwrap_or(exchanged.len());
        return finish(name, Some(&exchanged[..at]), exchanged.get(at + 1..), false, arena);
    }
    mailbox = mailbox.map(|bytes| bytes.strip_prefix(b"<").unwrap_or(bytes));
    host = host.map(|bytes| bytes.strip_suffix(b">").unwrap_or(bytes));
    finish(name, mailbox, host, is_clean, arena)
}

fn finish<'a>(
    name: Option<Str<'_>>,
    mailbox: Option<&[u8]>,
    host: Option<&[u8]>,
    is_clean: bool,
    arena: &'a Arena,
) -> Result<imap_address<'a>, NoMemory> {
    let mut made = NOTHING;
    if let Some(name) = name {
        let decoded = decode::header(arena, name, is_clean)?;
        if decoded.text.bytes().is_some_and(|text| !text.is_empty()) {
            made.name = decoded.text;
        }
        (made.raw_name, made.raw_name_len) = (decoded.raw, decoded.raw_len);
    }
    let mailbox_text = mailbox.unwrap_or_default();
    made.address = match host {
        Some(host) => {
            let mut address = Vec::new();
            address.try_reserve_exact(mailbox_text.len() + 1 + host.len())?;
            address.extend_from_slice(mailbox_text);
            address.push(b'@');
            address.extend_from_slice(host);
            arena.text(&address)?
        }
        None => arena.text(mailbox_text)?,
    };
    if let (Some(host), Some(address)) = (host, made.address.bytes()) {
        // The host is the end of the address; if cleaning changed that, it is a text of its own.
        made.host = match address.ends_with(host) {
            true => made.address.tail(address.len() - host.len()),
            false => arena.text(host)?,
        };
        made.mailbox = if mailbox.is_some() { arena.text(mailbox_text)? } else { Text::NONE };
    } else if mailbox.is_some() {
        made.mailbox = made.address;
    }
    made.label = made.name.or(made.address);
    Ok(made)
}

/// What servers write where something is missing is nothing.
fn present(bytes: Option<&[u8]>) -> Option<&[u8]> {
    bytes.filter(|bytes| !matches!(*bytes, b"MISSING_MAILBOX" | b"MISSING_DOMAIN" | b".MISSING-HOST-NAME."))
}

fn bracketed<'b>(name: &Str<'b>) -> Option<&'b [u8]> {
    let Str::Quoted(bytes) = name else { return None };
    let inner = bytes.strip_prefix(b"<")?.strip_suffix(b">")?;
    inner.contains(&b'@').then_some(inner)
}
