//! Response codes and the text behind them (RFC 9051 section 7.1).

use super::capability;
use super::cursor::Response;
use crate::error::NoMemory;
use crate::model::{
    Arena, EMPTY_SET, Text, imap_assigned, imap_code, imap_code::*, imap_origin, imap_response_code,
    imap_set, imap_texts,
};

/// `resp-text = ["[" resp-text-code "]" SP] [text]`
pub struct Reply<'a> {
    pub code: Option<&'a imap_response_code<'a>>,
    pub text: Text<'a>,
}

/// A code's name, and what stands between it and the bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeHead<'b> {
    pub name: &'b [u8],
    pub argument: &'b [u8],
}

/// What a code's argument is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    None,
    Number,
    /// Words in parentheses or bare.
    Texts,
    /// All of it is one text.
    Whole,
    Capabilities,
    Set,
    Assigned,
}

const CODES: &[(&str, imap_code, Shape)] = &[
    ("ALERT", IMAP_CODE_ALERT, Shape::None),
    ("ALREADYEXISTS", IMAP_CODE_ALREADYEXISTS, Shape::None),
    ("ANNOTATE", IMAP_CODE_ANNOTATE, Shape::Texts),
    ("ANNOTATIONS", IMAP_CODE_ANNOTATIONS, Shape::Texts),
    ("APPENDUID", IMAP_CODE_APPENDUID, Shape::Assigned),
    ("AUTHENTICATIONFAILED", IMAP_CODE_AUTHENTICATIONFAILED, Shape::None),
    ("AUTHORIZATIONFAILED", IMAP_CODE_AUTHORIZATIONFAILED, Shape::None),
    ("BADCHARSET", IMAP_CODE_BADCHARSET, Shape::Texts),
    ("BADCOMPARATOR", IMAP_CODE_BADCOMPARATOR, Shape::None),
    ("BADEVENT", IMAP_CODE_BADEVENT, Shape::Texts),
    ("BADURL", IMAP_CODE_BADURL, Shape::Whole),
    ("CANNOT", IMAP_CODE_CANNOT, Shape::None),
    ("CAPABILITY", IMAP_CODE_CAPABILITY, Shape::Capabilities),
    ("CLIENTBUG", IMAP_CODE_CLIENTBUG, Shape::None),
    ("CLOSED", IMAP_CODE_CLOSED, Shape::None),
    ("COMPRESSIONACTIVE", IMAP_CODE_COMPRESSIONACTIVE, Shape::None),
    ("CONTACTADMIN", IMAP_CODE_CONTACTADMIN, Shape::None),
    ("COPYUID", IMAP_CODE_COPYUID, Shape::Assigned),
    ("CORRUPTION", IMAP_CODE_CORRUPTION, Shape::None),
    ("EXPIRED", IMAP_CODE_EXPIRED, Shape::None),
    ("EXPUNGEISSUED", IMAP_CODE_EXPUNGEISSUED, Shape::None),
    ("HASCHILDREN", IMAP_CODE_HASCHILDREN, Shape::None),
    ("HIGHESTMODSEQ", IMAP_CODE_HIGHESTMODSEQ, Shape::Number),
    ("INPROGRESS", IMAP_CODE_INPROGRESS, Shape::Texts),
    ("INUSE", IMAP_CODE_INUSE, Shape::None),
    ("LIMIT", IMAP_CODE_LIMIT, Shape::None),
    ("MAILBOXID", IMAP_CODE_MAILBOXID, Shape::Texts),
    ("MESSAGELIMIT", IMAP_CODE_MESSAGELIMIT, Shape::Number),
    ("METADATA", IMAP_CODE_METADATA, Shape::Texts),
    ("MODIFIED", IMAP_CODE_MODIFIED, Shape::Set),
    ("NEWNAME", IMAP_CODE_NEWNAME, Shape::Texts),
    ("NOMODSEQ", IMAP_CODE_NOMODSEQ, Shape::None),
    ("NONEXISTENT", IMAP_CODE_NONEXISTENT, Shape::None),
    ("NOPERM", IMAP_CODE_NOPERM, Shape::None),
    ("NOTIFICATIONOVERFLOW", IMAP_CODE_NOTIFICATIONOVERFLOW, Shape::None),
    ("NOTSAVED", IMAP_CODE_NOTSAVED, Shape::None),
    ("NOUPDATE", IMAP_CODE_NOUPDATE, Shape::Texts),
    ("OVERQUOTA", IMAP_CODE_OVERQUOTA, Shape::None),
    ("PARSE", IMAP_CODE_PARSE, Shape::None),
    ("PERMANENTFLAGS", IMAP_CODE_PERMANENTFLAGS, Shape::Texts),
    ("PRIVACYREQUIRED", IMAP_CODE_PRIVACYREQUIRED, Shape::None),
    ("READ-ONLY", IMAP_CODE_READ_ONLY, Shape::None),
    ("READ-WRITE", IMAP_CODE_READ_WRITE, Shape::None),
    ("REFERRAL", IMAP_CODE_REFERRAL, Shape::Whole),
    ("SERVERBUG", IMAP_CODE_SERVERBUG, Shape::None),
    ("THROTTLED", IMAP_CODE_THROTTLED, Shape::Number),
    ("TOOBIG", IMAP_CODE_TOOBIG, Shape::None),
    ("TRYCREATE", IMAP_CODE_TRYCREATE, Shape::None),
    ("UIDNEXT", IMAP_CODE_UIDNEXT, Shape::Number),
    ("UIDNOTSTICKY", IMAP_CODE_UIDNOTSTICKY, Shape::None),
    ("UIDREQUIRED", IMAP_CODE_UIDREQUIRED, Shape::None),
    ("UIDVALIDITY", IMAP_CODE_UIDVALIDITY, Shape::Number),
    ("UNAVAILABLE", IMAP_CODE_UNAVAILABLE, Shape::None),
    ("UNDEFINED-FILTER", IMAP_CODE_UNDEFINED_FILTER, Shape::Texts),
    ("UNKNOWN-CTE", IMAP_CODE_UNKNOWN_CTE, Shape::None),
    ("UNSEEN", IMAP_CODE_UNSEEN, Shape::Number),
    ("URLMECH", IMAP_CODE_URLMECH, Shape::Texts),
    ("USEATTR", IMAP_CODE_USEATTR, Shape::None),
];

fn row(name: &[u8]) -> (imap_code, Shape) {
    let known = CODES.iter().find(|(known, _, _)| known.as_bytes().eq_ignore_ascii_case(name));
    known.map_or((IMAP_CODE_OTHER, Shape::None), |(_, code, shape)| (*code, *shape))
}

/// Which code a name is.
pub fn of(name: &[u8]) -> imap_code {
    row(name).0
}

/// The code at the beginning of resp-text, and the text behind it; None if there is none.
///
/// Brackets in it balance, or else it ends at the first that closes; without one it takes the rest.
pub fn head(resp_text: &[u8]) -> Option<(CodeHead<'_>, &[u8])> {
    let inner = resp_text.trim_ascii_start().strip_prefix(b"[")?;
    let end = balanced_end(inner).or_else(|| inner.iter().position(|byte| *byte == b']'));
    let (code, text) = match end {
        Some(end) => (&inner[..end], &inner[end + 1..]),
        None => (inner, &[][..]),
    };
    let code = code.trim_ascii();
    let name_length = code.iter().position(|byte| *byte == b' ').unwrap_or(code.len());
    let (name, argument) = code.split_at(name_length);
    Some((CodeHead { name, argument: argument.trim_ascii() }, text.trim_ascii_start()))
}

fn balanced_end(inner: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in inner.iter().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 0 => return Some(at),
            b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The code and text of a status response that begin at `at`.
pub fn reply<'a>(response: &Response<'_>, at: usize, arena: &'a Arena) -> Result<Reply<'a>, NoMemory> {
    let resp_text = response.bytes.get(at..).unwrap_or_default();
    if let Some((found, text)) = head(resp_text) {
        return Ok(Reply { code: Some(code(&found, arena)?), text: arena.text(text)? });
    }
    if let Some((found, text)) = head_behind_command(resp_text) {
        return Ok(Reply { code: Some(code(&found, arena)?), text: arena.text(&text?)? });
    }
    let throttled = match backoff(resp_text) {
        Some(delay) => Some(arena.put(imap_response_code {
            code: IMAP_CODE_THROTTLED,
            name: arena.text(b"THROTTLED")?,
            text: Text::NONE,
            number: delay,
            texts: &imap_texts::EMPTY,
            set: &EMPTY_SET,
            assigned: None,
        })?),
        None => None,
    };
    Ok(Reply { code: throttled.map(|code| &*code), text: arena.text(resp_text.trim_ascii_start())? })
}

/// Mailutils writes the command's name before the code: `APPEND [TRYCREATE] failed`.
#[expect(clippy::type_complexity, reason = "a pair, one half of it fallible")]
fn head_behind_command(resp_text: &[u8]) -> Option<(CodeHead<'_>, Result<Vec<u8>, NoMemory>)> {
    let length = resp_text.iter().position(|byte| *byte == b' ')?;
    let (command, rest) = resp_text.split_at(length);
    if !command.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let (found, text) = head(rest)?;
    (row(found.name).0 != IMAP_CODE_OTHER).then(|| {
        let mut whole = Vec::new();
        let made = whole.try_reserve(command.len() + 1 + text.len()).map_err(NoMemory::from).map(|()| {
            whole.extend_from_slice(command);
            whole.push(b' ');
            whole.extend_from_slice(text);
            whole
        });
        (found, made)
    })
}

/// `Request is throttled. Suggested Backoff Time: 92415 milliseconds` (Microsoft 365)
fn backoff(text: &[u8]) -> Option<i64> {
    let at = memchr::memmem::find(text, b"Backoff Time:")?;
    let rest = text[at + 13..].trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

fn code<'a>(head: &CodeHead<'_>, arena: &'a Arena) -> Result<&'a imap_response_code<'a>, NoMemory> {
    let (code, shape) = row(head.name);
    let mut name = Vec::new();
    name.try_reserve_exact(head.name.len())?;
    name.extend(head.name.iter().map(u8::to_ascii_uppercase));
    let mut made = imap_response_code {
        code,
        name: arena.text(&name)?,
        text: if head.argument.is_empty() { Text::NONE } else { arena.text(head.argument)? },
        number: -1,
        texts: &imap_texts::EMPTY,
        set: &EMPTY_SET,
        assigned: None,
    };
    match shape {
        Shape::None => {}
        Shape::Number => made.number = number(head.argument).unwrap_or(-1),
        Shape::Texts => made.texts = texts(words(head.argument), arena)?,
        Shape::Whole => made.texts = texts(std::iter::once(head.argument), arena)?,
        Shape::Capabilities => made.texts = texts(capability::atoms(head.argument), arena)?,
        Shape::Set => {
            if let Some(set) = imap_set::from_response(head.argument) {
                made.set = arena.set(set?)?;
            }
        }
        Shape::Assigned => {
            if let Some((uid_validity, sources, uids)) = assigned(head)? {
                made.assigned = Some(arena.put(imap_assigned {
                    uid_validity,
                    sources: if sources.is_empty() { &EMPTY_SET } else { arena.set(sources)? },
                    uids: arena.set(uids)?,
                    origin: imap_origin::IMAP_ORIGIN_SERVER,
                })?);
            }
        }
    }
    arena.put(made)
}

fn number(argument: &[u8]) -> Option<i64> {
    std::str::from_utf8(argument).ok()?.trim().parse().ok().filter(|number| *number >= 0)
}

/// Words, round which parentheses do not matter.
fn words(argument: &[u8]) -> impl Iterator<Item = &[u8]> {
    argument.split(|byte| b" ()\"".contains(byte)).filter(|word| !word.is_empty())
}

fn texts<'a, 'b>(
    words: impl Iterator<Item = &'b [u8]>,
    arena: &'a Arena,
) -> Result<&'a imap_texts<'a>, NoMemory> {
    let mut all = Vec::new();
    for word in words {
        all.try_reserve(1)?;
        all.push(arena.text(word)?);
    }
    arena.texts(&all)
}

/// `"COPYUID" SP nz-number SP uid-set SP uid-set`, `"APPENDUID" SP nz-number SP append-uid`: UID validity,
/// sources, UIDs. None if the two sets do not fit together: then they say nothing.
pub fn assigned(head: &CodeHead<'_>) -> Result<Option<(u32, imap_set, imap_set)>, NoMemory> {
    let mut words = words(head.argument);
    let uid_validity = words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
    let (Some(uid_validity), Some(first)) = (uid_validity, words.next()) else { return Ok(None) };
    let is_copy = head.name.eq_ignore_ascii_case(b"COPYUID");
    let (sources, uids) = if is_copy { (first, words.next().unwrap_or_default()) } else { (&b""[..], first) };
    if head.argument.contains(&b'*') {
        return Ok(None);
    }
    let sources = if is_copy { imap_set::from_response(sources).transpose()? } else { Some(imap_set::new()) };
    let (Some(sources), Some(uids)) = (sources, imap_set::from_response(uids).transpose()?) else {
        return Ok(None);
    };
    let fits = !is_copy || sources.count() == uids.count();
    Ok(fits.then_some((uid_validity, sources, uids)))
}
