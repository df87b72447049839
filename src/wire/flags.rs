//! Flags and keywords (RFC 9051 section 2.3.2).

use std::borrow::Cow;
use std::ffi::CStr;

use super::cursor::Cursor;
use super::known;
use super::scan::first_of;
use crate::error::NoMemory;
use crate::model::{Arena, Text, imap_flag, imap_flag::*, imap_flags};

/// A flag that has a bit, whatever its case.
fn flag(word: &[u8]) -> Option<imap_flag> {
    Some(match known::folded(word, &mut [0; known::LONGEST]) {
        b"\\seen" => IMAP_FLAG_SEEN,
        b"\\answered" => IMAP_FLAG_ANSWERED,
        b"\\flagged" => IMAP_FLAG_FLAGGED,
        b"\\deleted" => IMAP_FLAG_DELETED,
        b"\\draft" => IMAP_FLAG_DRAFT,
        b"\\recent" => IMAP_FLAG_RECENT,
        b"\\*" => IMAP_FLAG_ANY,
        b"$forwarded" | b"forwarded" => IMAP_FLAG_FORWARDED,
        b"$mdnsent" => IMAP_FLAG_MDN_SENT,
        b"$junk" | b"junk" => IMAP_FLAG_JUNK,
        b"$notjunk" | b"notjunk" | b"nonjunk" => IMAP_FLAG_NOT_JUNK,
        b"$phishing" => IMAP_FLAG_PHISHING,
        b"$important" => IMAP_FLAG_IMPORTANT,
        _ => return None,
    })
}

/// `flag-list = "(" [flag *(SP flag)] ")"`, or NIL; None if it is neither.
pub fn flags<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Option<Result<&'a imap_flags<'a>, NoMemory>> {
    if cursor.take_nil() {
        return Some(Ok(&imap_flags::EMPTY));
    }
    if !cursor.take(b'(') {
        return None;
    }
    let start = cursor.at();
    let length = first_of(cursor.rest(), [b')'])?;
    cursor.advance(length);
    let raw = cursor.since(start);
    cursor.advance(1);
    if let Some(usual) = usual(raw) {
        return Some(Ok(usual));
    }
    Some(arena.flags(raw, |arena| list(raw, cursor.is_one_line, arena)))
}

/// A list that most messages have, made once for all.
fn usual(raw: &[u8]) -> Option<&'static imap_flags<'static>> {
    let word = known::as_number(raw)?;
    let is_it = |(known, text, _): &&(u128, &CStr, _)| *known == word && text.count_bytes() == raw.len();
    USUAL.iter().find(is_it).map(|(_, _, flags)| flags)
}

/// The most frequent first.
static USUAL: [(u128, &CStr, imap_flags<'static>); 7] = {
    const SEEN: u32 = IMAP_FLAG_SEEN as u32;
    const ANSWERED: u32 = IMAP_FLAG_ANSWERED as u32;
    const FLAGGED: u32 = IMAP_FLAG_FLAGGED as u32;
    const fn made(text: &'static CStr, bits: u32) -> (u128, &'static CStr, imap_flags<'static>) {
        let flags = imap_flags { bits, text: Text::fixed(text), ..imap_flags::EMPTY };
        (known::key(text.to_bytes()), text, flags)
    }
    [
        made(c"\\Seen", SEEN),
        (0, c"", imap_flags::EMPTY),
        made(c"\\Seen \\Answered", SEEN | ANSWERED),
        made(c"\\Answered \\Seen", SEEN | ANSWERED),
        made(c"\\Flagged", FLAGGED),
        made(c"\\Seen \\Flagged", SEEN | FLAGGED),
        made(c"\\Flagged \\Seen", SEEN | FLAGGED),
    ]
};

/// The flags between the parentheses. Equal lists share their memory.
pub fn of<'a>(raw: &[u8], arena: &'a Arena) -> Result<&'a imap_flags<'a>, NoMemory> {
    arena.flags(raw, |arena| list(raw, false, arena))
}

/// `is_clean`: they are text, and one line.
fn list<'a>(raw: &[u8], is_clean: bool, arena: &'a Arena) -> Result<&'a imap_flags<'a>, NoMemory> {
    let mut bits = 0;
    let mut keywords: Vec<Text<'a>> = Vec::new();
    let mut is_odd = false;
    for word in raw.split(|byte| *byte == b' ') {
        match flag(word) {
            Some(flag) => bits |= flag as u32,
            None if is_flag(word) => {
                keywords.try_reserve(1)?;
                keywords.push(arena.text(word)?);
            }
            None => is_odd = true,
        }
    }
    let text = if is_odd { Cow::Owned(joined(raw)?) } else { Cow::Borrowed(raw) };
    if text.is_empty() {
        return Ok(&imap_flags::EMPTY);
    }
    let keywords = arena.texts(&keywords)?;
    arena.put(imap_flags {
        bits,
        keywords: keywords.items,
        keyword_count: keywords.count,
        text: if is_clean { arena.text_known(&text)? } else { arena.text(&text)? },
    })
}

/// The flags alone, one space between two.
fn joined(raw: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut text = Vec::new();
    text.try_reserve(raw.len())?;
    for word in raw.split(|byte| *byte == b' ').filter(|word| is_flag(word)) {
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
    Ok(text)
}

fn is_flag(word: &[u8]) -> bool {
    !word.is_empty() && word != b"\\" && !word.eq_ignore_ascii_case(b"NIL")
}
