//! Response codes and the text behind them (RFC 9051 section 7.1).

#![forbid(unsafe_code)]

use memchr::{memchr, memmem};

use super::cursor::{Cursor, Response};
use super::{capability, flags};
use crate::error::NoMemory;
use crate::model::{
    Arena, EMPTY_SET, Text, imap_assigned, imap_code, imap_code::*, imap_flags, imap_origin,
    imap_response_code, imap_set, imap_texts,
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

/// The code and the text that begin at `at` of a status response.
pub fn reply<'a>(response: &Response<'_>, at: usize, arena: &'a Arena) -> Result<Reply<'a>, NoMemory> {
    let resp_text = response.bytes.get(at..).unwrap_or_default().trim_ascii_start();
    if let Some((found, text)) = bracketed(resp_text) {
        return Ok(Reply { code: Some(code(&found, text, arena)?), text: arena.text(text)? });
    }
    if let Some((command, found, text)) = behind_command(resp_text) {
        let mut whole = Vec::new();
        whole.try_reserve_exact(command.len() + text.len())?;
        whole.extend_from_slice(command);
        whole.extend_from_slice(text);
        return Ok(Reply { code: Some(code(&found, text, arena)?), text: arena.text(&whole)? });
    }
    let code = match backoff(resp_text) {
        Some(number) => {
            let name = Text::fixed(c"THROTTLED");
            Some(arena.put(imap_response_code { code: IMAP_CODE_THROTTLED, name, number, ..NOTHING })?)
        }
        None => None,
    };
    Ok(Reply { code, text: arena.text(resp_text)? })
}

/// The code of a resp-text and the text behind it, without a copy; None if there is no code.
pub fn head(resp_text: &[u8]) -> Option<(CodeHead<'_>, &[u8])> {
    let resp_text = resp_text.trim_ascii_start();
    bracketed(resp_text).or_else(|| behind_command(resp_text).map(|(_, found, text)| (found, text)))
}

/// Which code a name is.
pub fn of(name: &[u8]) -> imap_code {
    row(name).0
}

/// `"COPYUID" SP nz-number SP uid-set SP uid-set`, `"APPENDUID" SP nz-number SP append-uid` (RFC 4315): UID
/// validity, sources, UIDs. None if one is missing or the sets do not run side by side: they tell nothing then.
pub fn assigned(head: &CodeHead<'_>) -> Result<Option<(u32, imap_set, imap_set)>, NoMemory> {
    let is_copy = head.name.eq_ignore_ascii_case(b"COPYUID");
    let mut words = head.argument.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let uid_validity = words.next().and_then(digits).and_then(|number| u32::try_from(number).ok());
    let Some(uid_validity) = uid_validity.filter(|number| *number > 0) else { return Ok(None) };
    let mut next_set = || words.next().and_then(uid_set).transpose();
    let sources = if is_copy { next_set()? } else { Some(imap_set::new()) };
    let (Some(sources), Some(uids)) = (sources, next_set()?) else { return Ok(None) };
    let fits = !is_copy || count(&sources) == count(&uids);
    Ok(fits.then_some((uid_validity, sources, uids)))
}

/// `"INPROGRESS" [SP "(" tag SP progress SP goal ")"]` (RFC 9585): the tag of the command, how far it is, and of how much;
/// NIL is not known. None: which command is not told, or it is not possible.
pub fn progress<'b>(head: &CodeHead<'b>) -> Option<(&'b [u8], Option<u64>, Option<u64>)> {
    if !head.name.eq_ignore_ascii_case(b"INPROGRESS") {
        return None;
    }
    let inner = head.argument.trim_ascii().strip_prefix(b"(")?.strip_suffix(b")")?;
    let mut words = inner.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let tag = words.next().filter(|tag| !tag.eq_ignore_ascii_case(b"NIL"))?;
    let tag = tag.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\"")).unwrap_or(tag);
    let mut next = || words.next().and_then(digits).and_then(|number| u64::try_from(number).ok());
    let (done, total) = (next(), next());
    let is_possible = total.is_none_or(|total| total > 0 && done.is_none_or(|done| done <= total));
    is_possible.then_some((tag, done, total))
}

/// `"PERMANENTFLAGS" SP "(" [flag-perm *(SP flag-perm)] ")"`; without the parentheses they are meant all the same.
pub fn permanent_flags<'a>(head: &CodeHead<'_>, arena: &'a Arena) -> Result<&'a imap_flags<'a>, NoMemory> {
    let inner = head.argument.strip_prefix(b"(").unwrap_or(head.argument);
    flags::of(inner.strip_suffix(b")").unwrap_or(inner), arena)
}

/// What a code's argument is.
#[derive(Clone, Copy)]
enum Shape {
    None,
    /// One number; more may follow.
    Number,
    /// Words, of which the last may be a number: "LONGENTRIES 2199".
    Option,
    /// Words, of which the first may be a number: "20480 NOPRIVATE".
    Size,
    /// Words and strings, in parentheses or bare.
    Texts,
    /// All of it is one text, quoted or not.
    Whole,
    /// URLs with spaces between them (RFC 2193).
    Urls,
    Capabilities,
    Set,
    Assigned,
    /// `"(" tag SP nil / nz-number ...`: the second word is a number (RFC 9585).
    Progress,
}

const CODES: [(&str, imap_code, Shape); 58] = [
    ("ALERT", IMAP_CODE_ALERT, Shape::None),
    ("ALREADYEXISTS", IMAP_CODE_ALREADYEXISTS, Shape::None),
    ("ANNOTATE", IMAP_CODE_ANNOTATE, Shape::Texts),
    ("ANNOTATIONS", IMAP_CODE_ANNOTATIONS, Shape::Size),
    ("APPENDUID", IMAP_CODE_APPENDUID, Shape::Assigned),
    ("AUTHENTICATIONFAILED", IMAP_CODE_AUTHENTICATIONFAILED, Shape::None),
    ("AUTHORIZATIONFAILED", IMAP_CODE_AUTHORIZATIONFAILED, Shape::None),
    ("BADCHARSET", IMAP_CODE_BADCHARSET, Shape::Texts),
    ("BADCOMPARATOR", IMAP_CODE_BADCOMPARATOR, Shape::Texts),
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
    ("INPROGRESS", IMAP_CODE_INPROGRESS, Shape::Progress),
    ("INUSE", IMAP_CODE_INUSE, Shape::None),
    ("LIMIT", IMAP_CODE_LIMIT, Shape::None),
    ("MAILBOXID", IMAP_CODE_MAILBOXID, Shape::Texts),
    ("MESSAGELIMIT", IMAP_CODE_MESSAGELIMIT, Shape::Number),
    ("METADATA", IMAP_CODE_METADATA, Shape::Option),
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
    ("REFERRAL", IMAP_CODE_REFERRAL, Shape::Urls),
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

/// `"[" resp-text-code "]" [SP text]`; one whose name is no atom is text, as is one without end, unless it is
/// known.
fn bracketed(resp_text: &[u8]) -> Option<(CodeHead<'_>, &[u8])> {
    let inner = resp_text.strip_prefix(b"[")?;
    let end = end(inner);
    let (code, text) = match end {
        Some(end) => (&inner[..end], &inner[end + 1..]),
        None => (inner, &[][..]),
    };
    let code = code.trim_ascii();
    let name_length = memchr(b' ', code).unwrap_or(code.len());
    let (name, argument) = code.split_at(name_length);
    let is_code = is_atom(name) && (end.is_some() || row(name).0 != IMAP_CODE_OTHER);
    is_code.then(|| (CodeHead { name, argument: argument.trim_ascii() }, text.trim_ascii_start()))
}

/// Mailutils writes the command before the code: `APPEND [TRYCREATE] failed`. The command comes with its space.
fn behind_command(resp_text: &[u8]) -> Option<(&[u8], CodeHead<'_>, &[u8])> {
    let is_command = |byte: &u8| byte.is_ascii_uppercase() || *byte == b' ';
    let length = resp_text.iter().take_while(|byte| is_command(byte)).count();
    let (command, rest) = resp_text.split_at(length);
    if !command.ends_with(b" ") {
        return None;
    }
    let (found, text) = bracketed(rest)?;
    (row(found.name).0 != IMAP_CODE_OTHER).then_some((command, found, text))
}

/// Where a code ends: at its bracket, if those within it balance; otherwise at the first that closes.
fn end(inner: &[u8]) -> Option<usize> {
    let (mut at, mut depth, mut may_quote) = (0, 0usize, true);
    while let Some(byte) = inner.get(at) {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 0 => return Some(at),
            b']' => depth -= 1,
            b'"' if may_quote && matches!(inner.get(at.wrapping_sub(1)), Some(b' ' | b'(')) => {
                match closing_quote(inner, at + 1) {
                    Some(close) => at = close,
                    None => may_quote = false,
                }
            }
            _ => {}
        }
        at += 1;
    }
    memchr(b']', inner)
}

/// The quote that ends a string whose inside begins at `start`.
fn closing_quote(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 1,
            b'"' if matches!(bytes.get(at + 1), Some(b' ' | b')' | b']')) => return Some(at),
            _ => {}
        }
        at += 1;
    }
}

/// `atom = 1*ATOM-CHAR`
fn is_atom(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(byte))
}

static NOTHING: imap_response_code<'static> = imap_response_code {
    code: IMAP_CODE_OTHER,
    name: Text::NONE,
    text: Text::NONE,
    number: -1,
    texts: &imap_texts::EMPTY,
    set: &EMPTY_SET,
    assigned: None,
};

/// The code with its data; what of that does not follow the grammar is absent, and stands in the text.
fn code<'a>(
    head: &CodeHead<'_>,
    behind: &[u8],
    arena: &'a Arena,
) -> Result<&'a imap_response_code<'a>, NoMemory> {
    let (code, shape) = row(head.name);
    let mut made = imap_response_code { code, name: upper(head.name, arena)?, ..NOTHING };
    if !head.argument.is_empty() {
        made.text = arena.text(head.argument)?;
    }
    match shape {
        Shape::None => {}
        Shape::Number => made.number = head.argument.split(|byte| *byte == b' ').next().map_or(-1, number),
        Shape::Texts => made.texts = texts(head.argument, arena)?,
        Shape::Size => {
            made.texts = texts(head.argument, arena)?;
            made.number = head.argument.split(|byte| *byte == b' ').next().map_or(-1, number);
        }
        Shape::Option => {
            made.texts = texts(head.argument, arena)?;
            made.number = head.argument.rsplit(|byte| *byte == b' ').next().map_or(-1, number);
        }
        Shape::Whole if head.argument.is_empty() => {}
        Shape::Whole => {
            let inner = head.argument.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
            made.texts = arena.texts(&[arena.text(inner.unwrap_or(head.argument))?])?;
        }
        Shape::Urls => made.texts = urls(head.argument, arena)?,
        Shape::Capabilities => made.texts = capabilities(head.argument, arena)?,
        Shape::Set => made.set = set(head.argument, arena)?,
        Shape::Assigned => made.assigned = assigned_in(head, arena)?,
        Shape::Progress => {
            made.texts = texts(head.argument, arena)?;
            made.number = made.texts.items.iter().nth(1).map_or(-1, |done| number(done.as_bytes()));
        }
    }
    if code == IMAP_CODE_THROTTLED && made.number < 0 {
        made.number = backoff(behind).unwrap_or(-1);
    }
    arena.put(made)
}

/// A name in upper case.
pub(super) fn upper<'a>(name: &[u8], arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
    let mut upper = Vec::new();
    upper.try_reserve_exact(name.len())?;
    upper.extend(name.iter().map(u8::to_ascii_uppercase));
    arena.text(&upper)
}

/// All atoms and strings, round which parentheses do not matter; NIL in place of a list is none.
fn texts<'a>(argument: &[u8], arena: &'a Arena) -> Result<&'a imap_texts<'a>, NoMemory> {
    let mut cursor = Response::new(argument, &[]).cursor(0);
    if argument.eq_ignore_ascii_case(b"NIL") {
        return Ok(&imap_texts::EMPTY);
    }
    let mut all = Vec::new();
    while skip_to_word(&mut cursor) {
        match cursor.astring() {
            Some(word) => {
                all.try_reserve(1)?;
                all.push(arena.text(&word.bytes()?)?);
            }
            None => cursor.advance(1),
        }
    }
    arena.texts(&all)
}

fn skip_to_word(cursor: &mut Cursor<'_>) -> bool {
    while matches!(cursor.peek(), Some(b' ' | b'(' | b')')) {
        cursor.advance(1);
    }
    !cursor.is_at_end()
}

/// `"REFERRAL" 1*(SPACE url)`
fn urls<'a>(argument: &[u8], arena: &'a Arena) -> Result<&'a imap_texts<'a>, NoMemory> {
    arena.texts_of(argument.split(|byte| *byte == b' ').filter(|url| !url.is_empty()))
}

fn capabilities<'a>(argument: &[u8], arena: &'a Arena) -> Result<&'a imap_texts<'a>, NoMemory> {
    arena.texts_of(capability::atoms(argument))
}

fn set<'a>(argument: &[u8], arena: &'a Arena) -> Result<&'a imap_set, NoMemory> {
    match uid_set(argument) {
        Some(set) => arena.set(set?),
        None => Ok(&EMPTY_SET),
    }
}

fn assigned_in<'a>(head: &CodeHead<'_>, arena: &'a Arena) -> Result<Option<&'a imap_assigned<'a>>, NoMemory> {
    let Some((uid_validity, sources, uids)) = assigned(head)? else { return Ok(None) };
    let sources = if sources.is_empty() { &EMPTY_SET } else { arena.set(sources)? };
    let origin = imap_origin::IMAP_ORIGIN_SERVER;
    Ok(Some(arena.put(imap_assigned {
        uid_validity,
        sources,
        uids: arena.set(uids)?,
        origin,
        limited_at: 0,
    })?))
}

/// `uid-set`: no `*` may stand in it, nobody could say which UID that is.
fn uid_set(word: &[u8]) -> Option<Result<imap_set, NoMemory>> {
    if word.contains(&b'*') { None } else { imap_set::from_response(word) }
}

fn count(set: &imap_set) -> u64 {
    set.spans().iter().map(|span| u64::from(span.last) - u64::from(span.first) + 1).sum()
}

fn number(word: &[u8]) -> i64 {
    digits(word).unwrap_or(-1)
}

/// `number64 = 1*DIGIT`
fn digits(word: &[u8]) -> Option<i64> {
    if word.is_empty() {
        return None;
    }
    word.iter().try_fold(0i64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// `Request is throttled. Suggested Backoff Time: 92415 milliseconds` (Microsoft 365): in milliseconds.
fn backoff(text: &[u8]) -> Option<i64> {
    const LABEL: &[u8] = b"Backoff Time:";
    let rest = text[memmem::find(text, LABEL)? + LABEL.len()..].trim_ascii_start();
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (delay, unit) = rest.split_at(length);
    let scale = if unit.trim_ascii_start().starts_with(b"second") { 1000 } else { 1 };
    digits(delay)?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a reply: name, number, texts, set or assigned UIDs, then the text.
    fn shown(resp_text: &[u8]) -> String {
        let arena = Arena::new();
        let reply = reply(&Response::new(resp_text, &[]), 0, &arena).unwrap();
        let text = reply.text.get().unwrap();
        let Some(code) = reply.code else { return format!("- | {text}") };
        let mut parts = vec![format!("{}", code.name.get().unwrap())];
        parts.extend((code.number >= 0).then(|| code.number.to_string()));
        parts.extend(code.texts.items.iter().map(|text| format!("<{text}>")));
        parts.extend((!code.set.is_empty()).then(|| numbers(code.set)));
        parts.extend(code.assigned.map(|assigned| {
            format!("{}: {} to {}", assigned.uid_validity, numbers(assigned.sources), numbers(assigned.uids))
        }));
        format!("{} | {text}", parts.join(" "))
    }

    fn numbers(set: &imap_set) -> String {
        set.spans().iter().map(|span| format!("{}-{}", span.first, span.last)).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn codes_of_the_rfcs() {
        for (sent, expected) in [
            (&b"[ALERT] System shutdown in 10 minutes"[..], "ALERT | System shutdown in 10 minutes"),
            (b"[UIDVALIDITY 3857529045] UIDs valid", "UIDVALIDITY 3857529045 | UIDs valid"),
            (b"[HIGHESTMODSEQ 9223372036854775807] x", "HIGHESTMODSEQ 9223372036854775807 | x"),
            (
                b"[PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited",
                "PERMANENTFLAGS <\\Deleted> <\\Seen> <\\*> | Limited",
            ),
            (b"[CAPABILITY IMAP4rev2 LITERAL + IDLE] hi", "CAPABILITY <IMAP4rev2> <LITERAL+> <IDLE> | hi"),
            (b"[APPENDUID 38505 3955] done", "APPENDUID 38505:  to 3955-3955 | done"),
            (
                b"[COPYUID 38505 304,319:320 3956:3958] Done",
                "COPYUID 38505: 304-304,319-320 to 3956-3958 | Done",
            ),
            (b"[MODIFIED 7,9] failed", "MODIFIED 7-7,9-9 | failed"),
            (b"[BADCHARSET (UTF-8 \"x y\")] no", "BADCHARSET <UTF-8> <x y> | no"),
            (b"[MAILBOXID (F2212ea87-6097)] ok", "MAILBOXID <F2212ea87-6097> | ok"),
            (b"[INPROGRESS (\"A001\" 454 1000)] still", "INPROGRESS 454 <A001> <454> <1000> | still"),
            (b"[MESSAGELIMIT 1000 23221] more", "MESSAGELIMIT 1000 | more"),
            (b"[REFERRAL imap://u;AUTH=*@SERVER2/] Try", "REFERRAL <imap://u;AUTH=*@SERVER2/> | Try"),
            (b"[METADATA LONGENTRIES 2199] ok", "METADATA 2199 <LONGENTRIES> <2199> | ok"),
            (b"[NOUPDATE \"B]02\"] too many", "NOUPDATE <B]02> | too many"),
            (b"[unknown-cte] no", "UNKNOWN-CTE | no"),
            (b"[X-NEW a b] new", "X-NEW | new"),
            (b"plain", "- | plain"),
            (b"", "- | "),
        ] {
            assert_eq!(shown(sent), expected, "{}", String::from_utf8_lossy(sent));
        }
    }

    #[test]
    fn codes_as_servers_send_them() {
        for (sent, expected) in [
            (&b"[HIGHESTMODSEQ 715194045007]"[..], "HIGHESTMODSEQ 715194045007 | "),
            (b"[COPYUID 701  ]", "COPYUID | "),
            (b"[COPYUID 0 1 2] x", "COPYUID | x"),
            (b"[COPYUID 5 1:* 3:9] x", "COPYUID | x"),
            (b"[COPYUID 5 1:2 3] x", "COPYUID | x"),
            (b"[APPENDUID 5 *] x", "APPENDUID | x"),
            (b"[PERMANENTFLAGS NIL] x", "PERMANENTFLAGS | x"),
            (b"[UIDNEXT 0] x", "UIDNEXT 0 | x"),
            (b"[UIDNEXT 99999999999999999999] x", "UIDNEXT | x"),
            (b"[PERMANENTFLAGS (\\Seen [css3-page])] Ok", "PERMANENTFLAGS <\\Seen> <[css3-page]> | Ok"),
            (b"[XFOO see bar[baz] mailbox is busy", "XFOO | mailbox is busy"),
            (b"[REFERRAL imap://host/", "REFERRAL <imap://host/> | "),
            (b"[see the manual", "- | [see the manual"),
            (
                b"[Error=\"Cross Server\" Service=Imap4] done.",
                "- | [Error=\"Cross Server\" Service=Imap4] done.",
            ),
            (b"[] nothing", "- | [] nothing"),
            (b"APPEND [TRYCREATE] failed", "TRYCREATE | APPEND failed"),
            (b"UID COPY [TRYCREATE] failed", "TRYCREATE | UID COPY failed"),
            (b"APPEND [sic] failed", "- | APPEND [sic] failed"),
            (b"Willk\xf6mmen", "- | Willk\u{fffd}mmen"),
            (
                b"throttled. Suggested Backoff Time: 92415 milliseconds",
                "THROTTLED 92415 | throttled. Suggested Backoff Time: 92415 milliseconds",
            ),
            (b"[THROTTLED] Backoff Time: 3 seconds", "THROTTLED 3000 | Backoff Time: 3 seconds"),
        ] {
            assert_eq!(shown(sent), expected, "{}", String::from_utf8_lossy(sent));
        }
    }

    #[test]
    fn progress_is_that_of_a_command() {
        let of = |argument| progress(&CodeHead { name: b"inprogress", argument });
        assert_eq!(of(b"(\"A1\" 454 1000)"), Some((&b"A1"[..], Some(454), Some(1000))));
        assert_eq!(of(b"(\"A1\" NIL NIL)"), Some((&b"A1"[..], None, None)));
        assert_eq!(of(b"(A1 5)"), Some((&b"A1"[..], Some(5), None)));
        assert_eq!(of(b"(A1 -5 99999999999999999999)"), Some((&b"A1"[..], None, None)));
        // More than all, or a goal of nothing, is no progress (RFC 9585 section 6).
        for none in [&b""[..], b"(NIL 1 2)", b"()", b"A1 1 2", b"(A1 3 2)", b"(A1 0 0)"] {
            assert_eq!(of(none), None);
        }
    }

    #[test]
    fn heads_are_found_without_a_copy() {
        let code = |name, argument| CodeHead { name, argument };
        assert_eq!(head(b"[UIDNEXT 4392] next"), Some((code(&b"UIDNEXT"[..], &b"4392"[..]), &b"next"[..])));
        assert_eq!(head(b"NO [TRYCREATE]"), Some((code(b"TRYCREATE", b""), &b""[..])));
        assert_eq!(head(b"ready"), None);
        assert_eq!(of(b"read-only"), IMAP_CODE_READ_ONLY);
        let arena = Arena::new();
        let flags = permanent_flags(&code(b"PERMANENTFLAGS", b"(\\Seen \\*)"), &arena).unwrap();
        assert_eq!(flags.text.get(), Some("\\Seen \\*"));
        let none = permanent_flags(&code(b"PERMANENTFLAGS", b""), &arena).unwrap();
        assert_eq!(none.text.get(), Some(""));
    }

    #[test]
    fn hostile_brackets_and_quotes_take_linear_time() {
        for piece in ["[", "]", " \"", "[\"", "\\\"", " \"a\"x"] {
            let sent = format!("[X {}", piece.repeat(200_000));
            assert!(head(sent.as_bytes()).is_none_or(|(code, _)| code.name == b"X"));
        }
    }
}
