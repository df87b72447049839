//! Any response as an event.

use super::cursor::Response;
use super::response::{Condition, Head};
use super::{code, fetch, flags, list, status, value};
use crate::error::NoMemory;
use crate::model::{
    Arena, Bytes, EMPTY_SET, Event, List, Owned, Text, imap_code, imap_event, imap_event_kind::*, imap_set,
};

const NOTHING: imap_event<'static> = imap_event {
    kind: IMAP_EVENT_OTHER,
    name: Text::NONE,
    number: 0,
    text: Text::NONE,
    code: None,
    set: &EMPTY_SET,
    message: None,
    flags: None,
    mailbox: None,
    counts: None,
    is_early: false,
    is_earlier: false,
    values: List::EMPTY,
    value_count: 0,
    raw: Bytes::NONE,
    raw_len: 0,
};

/// What a response tells. `is_early`: anyone may have written it; `is_utf8`: UTF8=ACCEPT is enabled.
pub fn event<'a>(
    response: &Response<'_>,
    is_early: bool,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_event<'a>, NoMemory> {
    let event =
        imap_event { is_early, raw: arena.raw(response.bytes)?, raw_len: response.bytes.len(), ..NOTHING };
    match Head::of(response) {
        Head::Tagged { condition, text, .. } => {
            let told = conditional(event, response, condition, text, arena)?;
            Ok(imap_event { kind: IMAP_EVENT_TAGGED, flags: None, ..told })
        }
        Head::Condition { condition, text } => conditional(event, response, condition, text, arena),
        Head::Untagged { number, name, rest } => {
            let event = imap_event { name: upper(name, arena)?, number: number.unwrap_or(0), ..event };
            data(event, response, name, rest, is_utf8, arena)
        }
        Head::Continue { text } => {
            Ok(imap_event { name: Text::fixed(c"+"), text: arena.text(text)?, ..event })
        }
        Head::Unknown => Ok(imap_event { text: arena.text(response.bytes)?, ..event }),
    }
}

/// OK, NO, BAD, BYE: by their code.
fn conditional<'a>(
    event: imap_event<'a>,
    response: &Response<'_>,
    condition: Condition,
    at: usize,
    arena: &'a Arena,
) -> Result<imap_event<'a>, NoMemory> {
    let reply = code::reply(response, at, arena)?;
    let kind = match (condition, reply.code.map(|code| code.code)) {
        (Condition::Bye, _) => IMAP_EVENT_BYE,
        (_, Some(imap_code::IMAP_CODE_ALERT)) => IMAP_EVENT_ALERT,
        (_, Some(imap_code::IMAP_CODE_READ_ONLY | imap_code::IMAP_CODE_READ_WRITE)) => IMAP_EVENT_ACCESS,
        (_, Some(imap_code::IMAP_CODE_PERMANENTFLAGS)) => IMAP_EVENT_FLAGS,
        (_, Some(imap_code::IMAP_CODE_CLOSED)) => IMAP_EVENT_UNSELECTED,
        _ => IMAP_EVENT_NOTICE,
    };
    let mut event =
        imap_event { kind, name: arena.text(condition.name().as_bytes())?, text: reply.text, ..event };
    event.code = reply.code;
    if kind == IMAP_EVENT_FLAGS {
        let resp_text = response.bytes.get(at..).unwrap_or_default();
        if let Some((head, _)) = code::head(resp_text) {
            let mut cursor = Response::new(head.argument, &[]).cursor(0);
            event.flags = flags::flags(&mut cursor, arena).transpose()?;
        }
    }
    Ok(event)
}

/// Everything else, by its name.
fn data<'a>(
    mut event: imap_event<'a>,
    response: &Response<'_>,
    name: &[u8],
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_event<'a>, NoMemory> {
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    let has_number = event.number != 0 || response.bytes.get(2).is_some_and(u8::is_ascii_digit);
    let mut cursor = response.cursor(rest);
    if has_number && is(b"EXISTS") {
        event.kind = IMAP_EVENT_EXISTS;
    } else if has_number && is(b"RECENT") {
        event.kind = IMAP_EVENT_RECENT;
    } else if has_number && is(b"EXPUNGE") {
        event.kind = IMAP_EVENT_EXPUNGE;
    } else if has_number && is(b"FETCH") {
        event.kind = IMAP_EVENT_MESSAGE;
        let (asked, limits) = (fetch::Asked::default(), fetch::Limits::default());
        event.message =
            Some(arena.put(fetch::message(response, event.number, rest, asked, &limits, arena)?)?);
        return Ok(event);
    } else if is(b"VANISHED") {
        event.kind = IMAP_EVENT_VANISHED;
        event.is_earlier = cursor.take(b'(') && cursor.take_word(b"EARLIER") && cursor.take(b')');
        if let Some(set) = cursor.atom().and_then(imap_set::from_response) {
            event.set = arena.set(set?)?;
        }
    } else if is(b"FLAGS") {
        event.kind = IMAP_EVENT_FLAGS;
        event.flags = flags::flags(&mut cursor, arena).transpose()?;
    } else if is(b"LIST") || is(b"LSUB") || is(b"XLIST") {
        if let Some(mailbox) = list::mailbox(response, rest, is_utf8, arena)? {
            event.kind = IMAP_EVENT_MAILBOX;
            event.mailbox = Some(arena.put(mailbox)?);
        }
    } else if is(b"STATUS") {
        event.kind = IMAP_EVENT_STATUS;
        event.counts = Some(arena.put(status::counts(response, rest, is_utf8, arena)?)?);
    } else if is(b"CAPABILITY") {
        event.kind = IMAP_EVENT_CAPABILITY;
    }
    (event.values, event.value_count) = value::values(&mut response.cursor(rest), arena)?;
    Ok(event)
}

fn upper<'a>(name: &[u8], arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
    let mut upper = Vec::new();
    upper.try_reserve_exact(name.len())?;
    upper.extend(name.iter().map(u8::to_ascii_uppercase));
    arena.text(&upper)
}

/// Events were lost.
pub fn overflow() -> Result<Box<Owned<Event>>, NoMemory> {
    Owned::build(|_| Ok(imap_event { kind: IMAP_EVENT_OVERFLOW, name: Text::fixed(c"OVERFLOW"), ..NOTHING }))
}
