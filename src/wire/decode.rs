//! Strings of a response into the memory of a result: as text, as bytes, or as both where they differ.

use std::borrow::Cow;

use super::cursor::{Cursor, Str};
use super::frame::BIG_LITERAL;
use super::mime;
use super::plain::Words;
use crate::error::NoMemory;
use crate::model::{Arena, Bytes, Text, is_clean, is_printable};

/// Text and the bytes that it was made from; one copy serves for both when they are the same.
pub struct Decoded<'a> {
    pub text: Text<'a>,
    pub raw: Bytes<'a>,
    pub raw_len: usize,
    /// All of it was understood.
    pub is_clean: bool,
}

/// A string as text, as it stands.
pub fn text<'a>(arena: &'a Arena, string: &Str<'_>, is_clean: bool) -> Result<Text<'a>, NoMemory> {
    match string {
        Str::Quoted(bytes) | Str::Atom(bytes) if is_clean => arena.text_known(bytes),
        other => arena.text(&other.bytes()?),
    }
}

/// The next `astring` as text; None: there is none.
pub fn astring<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Result<Option<Text<'a>>, NoMemory> {
    let string = cursor.astring();
    string.map(|string| text(arena, &string, cursor.is_clean)).transpose()
}

/// Bytes as text in lower case.
pub fn lower<'a>(arena: &'a Arena, bytes: &[u8]) -> Result<Text<'a>, NoMemory> {
    let mut lowered = Vec::new();
    lowered.try_reserve_exact(bytes.len())?;
    lowered.extend(bytes.iter().map(u8::to_ascii_lowercase));
    arena.text(&lowered)
}

/// A header field's value: encoded words are decoded (RFC 2047).
pub fn header<'a>(arena: &'a Arena, string: Str<'_>, is_clean: bool) -> Result<Decoded<'a>, NoMemory> {
    let (bytes, first) = match string {
        Str::Quoted(bytes) if is_clean => match mime::first_word(bytes) {
            None => return same(arena, bytes),
            first => (Cow::Borrowed(bytes), first),
        },
        ref other => {
            let bytes = other.bytes()?;
            let first = mime::first_word(&bytes);
            if first.is_none() && is_printable(&bytes) {
                return same(arena, &bytes);
            }
            (bytes, first)
        }
    };
    let (text, is_clean) = decoded(arena, &bytes, first)?;
    let (raw, raw_len) = raw(arena, bytes)?;
    Ok(Decoded { text, raw, raw_len, is_clean })
}

/// The same of what nearly all servers write.
pub fn plain_header<'a>(arena: &'a Arena, words: Words<'_>) -> Result<Decoded<'a>, NoMemory> {
    if words.has_mark { header(arena, Str::Quoted(words.bytes), true) } else { same(arena, words.bytes) }
}

/// The text of clean bytes, encoded words decoded.
pub fn words<'a>(arena: &'a Arena, bytes: &[u8]) -> Result<Text<'a>, NoMemory> {
    match mime::first_word(bytes) {
        None => arena.text_known(bytes),
        first => Ok(decoded(arena, bytes, first)?.0),
    }
}

/// Whether all of it was understood stands beside.
fn decoded<'a>(arena: &'a Arena, bytes: &[u8], first: Option<usize>) -> Result<(Text<'a>, bool), NoMemory> {
    arena.text_written(|text| mime::decode_from(first, bytes, text))
}

/// Bytes as they are; a large literal is taken over rather than copied.
pub fn raw<'a>(arena: &'a Arena, bytes: Cow<'_, [u8]>) -> Result<(Bytes<'a>, usize), NoMemory> {
    match bytes {
        Cow::Owned(large) if large.len() >= BIG_LITERAL => arena.adopt_raw(large),
        bytes => Ok((arena.raw(&bytes)?, bytes.len())),
    }
}

fn same<'a>(arena: &'a Arena, bytes: &[u8]) -> Result<Decoded<'a>, NoMemory> {
    debug_assert!(is_clean(bytes));
    let (text, raw) = arena.text_and_raw(bytes)?;
    Ok(Decoded { text, raw, raw_len: bytes.len(), is_clean: true })
}
