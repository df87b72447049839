//! FETCH items that extensions bring: OBJECTID (RFC 8474), PREVIEW (RFC 8970), SAVEDATE (RFC 8514), ANNOTATE (RFC
//! 5257), Gmail's.

#![forbid(unsafe_code)]

use super::cursor::Cursor;
use super::fetch::Problem;
use super::{date, decode, list};
use crate::error::NoMemory;
use crate::model::{Arena, Bytes, Few, Text, imap_defect_kind::*, imap_details, imap_entry, imap_texts};

/// Takes the value of the item `label` into `details`. None: no extension that we know has such an item.
pub fn item<'a>(
    label: &[u8],
    cursor: &mut Cursor<'_>,
    details: &mut imap_details<'a>,
    arena: &'a Arena,
) -> Result<Option<Problem>, NoMemory> {
    let is = |name: &[u8]| label.eq_ignore_ascii_case(name);
    let problem = if is(b"EMAILID") {
        text_into(&mut details.email_id, object_id(cursor, arena)?)
    } else if is(b"THREADID") {
        text_into(&mut details.thread_id, object_id(cursor, arena)?)
    } else if is(b"PREVIEW") {
        text_into(&mut details.preview, preview(cursor, arena)?)
    } else if is(b"SAVEDATE") {
        save_date(cursor, details)?
    } else if is(b"ANNOTATION") {
        annotations(cursor, details, arena)?
    } else if is(b"X-GM-MSGID") {
        text_into(&mut details.gmail_message_id, gmail_id(cursor, arena)?)
    } else if is(b"X-GM-THRID") {
        text_into(&mut details.gmail_thread_id, gmail_id(cursor, arena)?)
    } else if is(b"X-GM-LABELS") {
        labels(cursor, details, arena)?
    } else {
        return Ok(None);
    };
    Ok(Some(problem))
}

/// The outer None is no value, which is told; the inner one NIL.
fn text_into<'a>(place: &mut Text<'a>, found: Option<Option<Text<'a>>>) -> Problem {
    match found {
        Some(text) => {
            *place = text.unwrap_or(Text::NONE);
            None
        }
        None => Some((IMAP_DEFECT_SYNTAX, c"an item has no value of its kind")),
    }
}

/// `"EMAILID" SP "(" objectid ")"`, `"THREADID" SP ( "(" objectid ")" / nil )`
fn object_id<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Result<Option<Option<Text<'a>>>, NoMemory> {
    if cursor.take_nil() {
        return Ok(Some(None));
    }
    let is_list = cursor.take(b'(');
    // Cyrus has no threads: THREADID (NIL).
    if is_list && cursor.take_nil() {
        return Ok(cursor.take(b')').then_some(None));
    }
    let Some(id) = cursor.astring() else { return Ok(None) };
    if is_list && !cursor.take(b')') {
        return Ok(None);
    }
    Ok(Some(Some(decode::text(arena, &id, cursor.is_clean)?)))
}

/// `"PREVIEW" SP nstring`
fn preview<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Result<Option<Option<Text<'a>>>, NoMemory> {
    match cursor.nstring() {
        None => Ok(None),
        Some(None) => Ok(Some(None)),
        Some(Some(sent)) => Ok(Some(Some(decode::text(arena, &sent, cursor.is_clean)?))),
    }
}

/// `"SAVEDATE" SP (date-time / nil)`
fn save_date(cursor: &mut Cursor<'_>, details: &mut imap_details<'_>) -> Result<Problem, NoMemory> {
    let Some(sent) = cursor.nstring() else {
        return Ok(Some((IMAP_DEFECT_SYNTAX, c"SAVEDATE is no string")));
    };
    let Some(sent) = sent else { return Ok(None) };
    match date::parse_internal(&sent.bytes()?) {
        Some(moment) => {
            details.save_date = moment.seconds;
            Ok(None)
        }
        None => Ok(Some((IMAP_DEFECT_SYNTAX, c"SAVEDATE is no date"))),
    }
}

/// `"ANNOTATION" SP "(" entry-att *(SP entry-att) ")"`; entries alone tell that they changed.
fn annotations<'a>(
    cursor: &mut Cursor<'_>,
    details: &mut imap_details<'a>,
    arena: &'a Arena,
) -> Result<Problem, NoMemory> {
    if !cursor.take(b'(') {
        return Ok(Some((IMAP_DEFECT_SYNTAX, c"ANNOTATION is no list")));
    }
    let mut found = Few::new();
    for known in details.annotations.iter() {
        found.push(known)?;
    }
    let mut is_whole = true;
    while !cursor.take(b')') {
        let Some(name) = cursor.astring() else {
            is_whole = false;
            break;
        };
        let entry = imap_entry { name: decode::text(arena, &name, cursor.is_clean)?, ..imap_entry::EMPTY };
        is_whole = attributes(entry, cursor, &mut found, arena)?;
        if !is_whole {
            break;
        }
    }
    (details.annotations, details.annotation_count) = found.list(arena)?;
    Ok(if is_whole { None } else { Some((IMAP_DEFECT_SYNTAX, c"ANNOTATION breaks off")) })
}

/// `entry-att = entry SP "(" att-value *(SP att-value) ")"`, `att-value = attrib SP value`; false: it breaks off.
fn attributes<'a>(
    entry: imap_entry<'a>,
    cursor: &mut Cursor<'_>,
    found: &mut Few<'a, imap_entry<'a>>,
    arena: &'a Arena,
) -> Result<bool, NoMemory> {
    if !cursor.take(b'(') {
        found.push(arena.put(entry)?)?;
        return Ok(true);
    }
    while !cursor.take(b')') {
        let Some(attribute) = cursor.astring() else { return Ok(false) };
        let attribute = decode::text(arena, &attribute, cursor.is_clean)?;
        let value = if cursor.take_nil() { None } else { cursor.astring() };
        let (value, value_len) = match value {
            Some(value) => decode::raw(arena, value.bytes()?)?,
            None => (Bytes::NONE, 0),
        };
        found.push(arena.put(imap_entry { attribute, value, value_len, ..entry })?)?;
    }
    Ok(true)
}

/// A number of 64 bits, which JavaScript's cannot hold: kept as text.
fn gmail_id<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Result<Option<Option<Text<'a>>>, NoMemory> {
    match cursor.astring() {
        Some(id) => Ok(Some(Some(decode::text(arena, &id, cursor.is_clean)?))),
        None => Ok(None),
    }
}

/// `"X-GM-LABELS" SP "(" [label *(SP label)] ")"`: names in modified UTF-7, some with a backslash, quoted or not.
fn labels<'a>(
    cursor: &mut Cursor<'_>,
    details: &mut imap_details<'a>,
    arena: &'a Arena,
) -> Result<Problem, NoMemory> {
    if cursor.take_nil() {
        return Ok(None);
    }
    if !cursor.take(b'(') {
        return Ok(Some((IMAP_DEFECT_SYNTAX, c"X-GM-LABELS is no list")));
    }
    let mut all = Vec::new();
    while !cursor.take(b')') {
        let Some(label) = cursor.astring() else {
            details.gmail_labels = arena.texts(&all)?;
            return Ok(Some((IMAP_DEFECT_SYNTAX, c"X-GM-LABELS breaks off")));
        };
        all.try_reserve(1)?;
        all.push(list::decoded_name(&label.bytes()?, false, arena)?);
    }
    details.gmail_labels = match all.is_empty() {
        true => &imap_texts::EMPTY,
        false => arena.texts(&all)?,
    };
    Ok(None)
}
