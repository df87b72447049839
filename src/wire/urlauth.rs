//! GENURLAUTH and URLFETCH (RFC 4467 section 7, RFC 5524 section 3).

#![forbid(unsafe_code)]

use super::cursor::{Cursor, Str};
use super::decode;
use crate::error::NoMemory;
use crate::model::{Arena, Bytes, Text, imap_entry};

/// What stands behind a URL: `nstring`, or one `url-metadata-el` after the other, each with its name.
/// None: it is over.
pub fn content<'a>(
    cursor: &mut Cursor<'_>,
    url: Text<'a>,
    arena: &'a Arena,
) -> Result<Option<imap_entry<'a>>, NoMemory> {
    if !cursor.is_next(b'(') {
        let entry = imap_entry { name: url, ..imap_entry::EMPTY };
        return match cursor.nstring() {
            Some(value) => with_value(entry, value, arena).map(Some),
            None => Ok(None),
        };
    }
    cursor.take(b'(');
    let attribute = match cursor.atom() {
        Some(name) => arena.text(&name.to_ascii_uppercase())?,
        None => Text::NONE,
    };
    let entry = imap_entry { name: url, attribute, ..imap_entry::EMPTY };
    cursor.skip_spaces();
    let entry = match cursor.nstring() {
        Some(value) => with_value(entry, value, arena)?,
        // BODYPARTSTRUCTURE, as it stands.
        None => {
            let start = cursor.at();
            cursor.skip_value();
            with_value(entry, Some(Str::Atom(cursor.since(start))), arena)?
        }
    };
    while !cursor.take(b')') && cursor.skip_value() {}
    Ok(Some(entry))
}

fn with_value<'a>(
    entry: imap_entry<'a>,
    value: Option<Str<'_>>,
    arena: &'a Arena,
) -> Result<imap_entry<'a>, NoMemory> {
    let (value, value_len) = match value {
        Some(value) => decode::raw(arena, value.bytes()?)?,
        None => (Bytes::NONE, 0),
    };
    Ok(imap_entry { value, value_len, ..entry })
}
