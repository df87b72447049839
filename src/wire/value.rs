//! Values of any shape, for what the library has no struct for (RFC 9051 `tagged-ext-val` and more).

use super::cursor::{Cursor, Str};
use super::decode;
use crate::error::NoMemory;
use crate::model::{Arena, Bytes, Few, List, Text, imap_item, imap_value, imap_value_kind::*};

/// Lists deeper than this are cut there.
const DEEPEST: u32 = 64;

/// All values up to the end, or to the parenthesis that closes the list around them.
pub fn values<'a>(
    cursor: &mut Cursor<'_>,
    arena: &'a Arena,
) -> Result<(List<'a, imap_value<'a>>, usize), NoMemory> {
    let mut found = Few::new();
    while !cursor.is_at_end() && !cursor.is_next(b')') {
        value(cursor, arena, &mut found)?;
    }
    found.list(arena)
}

/// An item of a response: its name, and the one value that follows.
pub fn item<'a>(
    name: &[u8],
    cursor: &mut Cursor<'_>,
    arena: &'a Arena,
) -> Result<&'a imap_item<'a>, NoMemory> {
    let mut found = Few::new();
    cursor.skip_spaces();
    let start = cursor.at();
    value(cursor, arena, &mut found)?;
    let raw = cursor.since(start);
    let (values, value_count) = found.list(arena)?;
    arena.put(imap_item {
        name: arena.text(name)?,
        values,
        value_count,
        raw: arena.raw(raw)?,
        raw_len: raw.len(),
    })
}

/// One value: a list with all that is in it, or one that is none.
fn value<'a>(
    cursor: &mut Cursor<'_>,
    arena: &'a Arena,
    found: &mut Few<'a, imap_value<'a>>,
) -> Result<(), NoMemory> {
    let mut depth = 0;
    loop {
        cursor.skip_spaces();
        match cursor.peek() {
            None => return Ok(()),
            Some(b'(') if depth >= DEEPEST => drop(cursor.skip_value()),
            Some(b'(') => {
                cursor.advance(1);
                found.push(arena.put(imap_value {
                    kind: IMAP_VALUE_LIST,
                    depth,
                    text: Text::NONE,
                    data: Bytes::NONE,
                    data_len: 0,
                    number: -1,
                })?)?;
                depth += 1;
            }
            Some(b')') => {
                if depth == 0 {
                    return Ok(());
                }
                cursor.advance(1);
                depth -= 1;
            }
            Some(_) => match cursor.astring() {
                Some(string) => found.push(leaf(string, depth, arena)?)?,
                None => cursor.advance(1),
            },
        }
        if depth == 0 {
            return Ok(());
        }
    }
}

fn leaf<'a>(string: Str<'_>, depth: u32, arena: &'a Arena) -> Result<&'a imap_value<'a>, NoMemory> {
    let mut value = imap_value {
        kind: IMAP_VALUE_STRING,
        depth,
        text: Text::NONE,
        data: Bytes::NONE,
        data_len: 0,
        number: -1,
    };
    if let Str::Atom(atom) = string {
        let number =
            atom.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(atom).ok()?.parse().ok());
        value.number = number.flatten().unwrap_or(-1);
        value.kind = match (value.number, atom.eq_ignore_ascii_case(b"NIL")) {
            (_, true) => IMAP_VALUE_NIL,
            (-1, false) => IMAP_VALUE_ATOM,
            _ => IMAP_VALUE_NUMBER,
        };
    }
    if value.kind != IMAP_VALUE_NIL {
        let bytes = string.bytes()?;
        value.text = arena.text(&bytes)?;
        (value.data, value.data_len) = decode::raw(arena, bytes)?;
    }
    arena.put(value)
}
