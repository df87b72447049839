//! BODY[...], BINARY[...] and the RFC822 items (RFC 9051 section 7.5.2, RFC 3501 section 7.4.2).

use super::cursor::Cursor;
use super::decode;
use super::frame::BIG_LITERAL;
use crate::error::NoMemory;
use crate::model::{Arena, Bytes, Text, imap_section};

/// An item's name, with its brackets and what stands in them.
pub fn label<'b>(cursor: &mut Cursor<'b>) -> Option<&'b [u8]> {
    cursor.skip_spaces();
    let start = cursor.at();
    let rest = cursor.rest();
    let length = rest.iter().position(|byte| !PLAIN[usize::from(*byte)]).unwrap_or(rest.len());
    cursor.advance(length);
    if length > 0 && rest.get(length) == Some(&b' ') {
        return rest.get(..length);
    }
    let mut depth = 0usize;
    while let Some(byte) = cursor.peek() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'"' | b'{' if depth > 0 && cursor.string().is_some() => continue,
            b' ' | b'(' | b')' | b'"' | b'{' if depth > 0 => {}
            b' ' | b'(' | b')' | b'"' | b'{' | b'\r' | b'\n' => break,
            _ => {}
        }
        cursor.advance(1);
    }
    (cursor.at() > start).then(|| cursor.since(start))
}

/// Bytes that mean nothing but themselves in a name.
static PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let special = b"[]\"{ ()\r\n";
    let mut at = 0;
    while at < special.len() {
        plain[special[at] as usize] = false;
        at += 1;
    }
    plain
};

/// Whether an item of this name holds bytes of the message.
pub fn is_section(label: &[u8]) -> bool {
    let begins = |name: &[u8]| label.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    let is = |name: &[u8]| label.eq_ignore_ascii_case(name);
    begins(b"BODY[")
        || begins(b"BINARY[")
        || is(b"RFC822")
        || is(b"RFC822[]")
        || is(b"RFC822.HEADER")
        || is(b"RFC822.TEXT")
}

/// Whether an item of this name tells the size of a section, decoded.
pub fn is_size(label: &[u8]) -> bool {
    const NAME: &[u8] = b"BINARY.SIZE[";
    label.get(..NAME.len()).is_some_and(|head| head.eq_ignore_ascii_case(NAME))
}

/// A section of which only the size is told.
pub fn sized<'a>(label: &[u8], size: i64, arena: &'a Arena) -> Result<&'a imap_section<'a>, NoMemory> {
    arena.put(imap_section { size, ..empty(label, arena)? })
}

/// The value of a section. False: there was none, and it is taken for NIL.
pub fn section<'a>(
    label: &[u8],
    cursor: &mut Cursor<'_>,
    arena: &'a Arena,
) -> Result<(&'a imap_section<'a>, bool), NoMemory> {
    let mut made = empty(label, arena)?;
    let value = cursor.nstring();
    let is_there = value.is_some();
    if let Some(Some(string)) = value {
        let (bytes, size) = (string.bytes()?, string.size());
        made.size = size as i64;
        // A large literal that is not here was read, or left out, on its way.
        if !(bytes.is_empty() && size >= BIG_LITERAL as u64) {
            (made.data, made.data_len) = decode::raw(arena, bytes)?;
            made.size = made.data_len as i64;
        }
    }
    Ok((arena.put(made)?, is_there))
}

/// A label in upper case, with the space before the names of header fields that some servers leave out.
pub fn canonical(label: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let open = label.iter().position(|byte| *byte == b'(').unwrap_or(label.len());
    let (name, fields) = label.split_at(open);
    let is_tight = !fields.is_empty() && name.last().is_some_and(|byte| *byte != b' ');
    let mut upper = Vec::new();
    upper.try_reserve_exact(label.len() + 1)?;
    upper.extend_from_slice(name);
    upper.extend(is_tight.then_some(b' '));
    upper.extend_from_slice(fields);
    upper.make_ascii_uppercase();
    Ok(upper)
}

/// The section that a label names, without bytes.
fn empty<'a>(label: &[u8], arena: &'a Arena) -> Result<imap_section<'a>, NoMemory> {
    let upper = canonical(label)?;
    let (name, offset) = parts_of(&upper);
    Ok(imap_section {
        label: arena.text(&upper)?,
        section: if name.is_empty() { Text::EMPTY } else { arena.text(name)? },
        offset,
        data: Bytes::NONE,
        data_len: 0,
        size: -1,
    })
}

/// `"BODY[1.2]<5>"` is section "1.2" from 5 on; the RFC822 items are sections by another name.
fn parts_of(label: &[u8]) -> (&[u8], i64) {
    match label {
        b"RFC822.HEADER" => return (b"HEADER", -1),
        b"RFC822.TEXT" => return (b"TEXT", -1),
        _ => {}
    }
    let open = label.iter().position(|byte| *byte == b'[');
    let close = label.iter().rposition(|byte| *byte == b']');
    let (Some(open), Some(close)) = (open, close) else { return (b"", -1) };
    let origin = label[close..].strip_prefix(b"]<").and_then(|rest| rest.strip_suffix(b">"));
    let offset = origin.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).unwrap_or(-1);
    (label.get(open + 1..close).unwrap_or_default(), offset)
}
