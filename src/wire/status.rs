//! STATUS (RFC 9051 section 7.3.4).

use super::cursor::{Cursor, Response, Str};
use super::list::decoded_name;
use super::value;
use crate::error::NoMemory;
use crate::model::{Arena, Few, imap_counts};

/// `mailbox-data = "STATUS" SP mailbox SP "(" [status-att-list] ")"`
pub fn counts<'a>(
    response: &Response<'_>,
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_counts<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let name = name(&mut cursor);
    let mut counts =
        imap_counts { mailbox: decoded_name(&name.bytes()?, is_utf8, arena)?, ..imap_counts::EMPTY };
    let mut others = Few::new();
    cursor.take(b'(');
    while !cursor.is_at_end() && !cursor.take(b')') {
        let Some(item) = cursor.atom() else { break };
        if !known_item(item, &mut cursor, &mut counts) {
            others.push(value::item(item, &mut cursor, arena)?)?;
        }
    }
    (counts.others, counts.other_count) = others.list(arena)?;
    Ok(counts)
}

/// `status-att-val`; false if the item is not known, or has no number.
fn known_item(item: &[u8], cursor: &mut Cursor<'_>, counts: &mut imap_counts<'_>) -> bool {
    let is = |name: &[u8]| item.eq_ignore_ascii_case(name);
    let before = cursor.clone();
    let Some(number) = cursor.number() else { return false };
    let number32 = u32::try_from(number).unwrap_or(0);
    let number = number as i64;
    if is(b"MESSAGES") {
        counts.messages = number;
    } else if is(b"UNSEEN") {
        counts.unseen = number;
    } else if is(b"RECENT") {
        counts.recent = number;
    } else if is(b"DELETED") {
        counts.deleted = number;
    } else if is(b"UIDNEXT") {
        counts.uid_next = number32;
    } else if is(b"UIDVALIDITY") {
        counts.uid_validity = number32;
    } else if is(b"HIGHESTMODSEQ") {
        counts.highest_modseq = number;
    } else if is(b"SIZE") {
        counts.size = number;
    } else {
        *cursor = before;
        return false;
    }
    true
}

/// The mailbox as sent: a string, or all up to the list, since some servers do not quote spaces.
fn name<'b>(cursor: &mut Cursor<'b>) -> Str<'b> {
    if let Some(string) = cursor.string() {
        return string;
    }
    let rest = cursor.rest();
    let name = rest[..list_at_end(rest)].trim_ascii_end();
    cursor.advance(name.len());
    Str::Atom(name)
}

/// Where the list begins that ends with the response.
fn list_at_end(rest: &[u8]) -> usize {
    let mut depth = 0usize;
    for (at, byte) in rest.iter().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 1 => return at,
            b'(' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    rest.len()
}

/// The mailbox that a STATUS is about, as sent, without its quotes.
pub fn name_of<'b>(response: &Response<'b>, rest: usize) -> &'b [u8] {
    match name(&mut response.cursor(rest)) {
        Str::Quoted(bytes) | Str::Escaped(bytes) | Str::Atom(bytes) | Str::Literal(bytes) => bytes,
        Str::Big(_) => b"",
    }
}
