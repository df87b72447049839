//! LIST, LSUB and XLIST, and the names of mailboxes (RFC 9051 section 7.3.1).

#![forbid(unsafe_code)]

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::cursor::{Cursor, Response, Str};
use super::{decode, utf7, value};
use crate::error::NoMemory;
use crate::model::{
    Arena, Few, List, Text, imap_attribute::*, imap_item, imap_mailbox, imap_origin, imap_role, imap_role::*,
    imap_texts,
};

/// `mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
/// [SP mbox-list-extended]`; `rest` is where it begins. None if no name can be found.
pub fn mailbox<'a>(
    response: &Response<'_>,
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<Option<imap_mailbox<'a>>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let attributes = attributes(&mut cursor, arena)?;
    let delimiter = match delimiter(&mut cursor) {
        Some(delimiter) => decode::text(arena, &delimiter, cursor.is_clean)?,
        None => Text::NONE,
    };
    let Some(raw) = name(&mut cursor, extended_list) else { return Ok(None) };
    let raw = raw.bytes()?;
    let name = decoded_name(&raw, is_utf8, arena)?;
    let role = attributes.role_of(&raw);
    let (raw_name, raw_name_len) = decode::raw(arena, raw)?;
    let extended = extended(&mut cursor, is_utf8, arena)?;
    Ok(Some(imap_mailbox {
        name,
        raw_name,
        raw_name_len,
        delimiter,
        attributes: attributes.bits,
        attribute_names: attributes.names,
        role,
        role_origin: imap_origin::IMAP_ORIGIN_SERVER,
        child_info: extended.child_info,
        old_name: extended.old_name,
        counts: None,
        my_rights: Text::NONE,
        metadata: None,
        others: extended.others,
        other_count: extended.other_count,
    }))
}

/// The name that a LIST response is about, as sent; escapes are undone.
pub fn name_of<'b>(response: &Response<'b>, rest: usize) -> Option<Cow<'b, [u8]>> {
    let mut cursor = response.cursor(rest);
    cursor.skip_spaces();
    if cursor.peek() == Some(b'(') {
        cursor.skip_value();
    } else {
        cursor.take_nil();
    }
    delimiter(&mut cursor);
    unescaped(name(&mut cursor, extended_list)?).ok()
}

/// A mailbox name for display: from modified UTF-7, or from UTF-8 where that is enabled.
pub fn decoded_name<'a>(raw: &[u8], is_utf8: bool, arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
    if is_utf8 || memchr(b'&', raw).is_none() {
        return arena.text(raw);
    }
    let mut decoded = Vec::new();
    utf7::decode(raw, &mut decoded)?;
    arena.text(&decoded)
}

/// Whether a name as sent is that of `mailbox`: INBOX is the same in any case.
pub fn is_name_of(raw: &[u8], mailbox: &str, is_utf8: bool) -> Result<bool, NoMemory> {
    if raw.eq_ignore_ascii_case(b"INBOX") {
        return Ok(mailbox.eq_ignore_ascii_case("INBOX"));
    }
    if is_utf8 || memchr(b'&', raw).is_none() {
        return Ok(raw == mailbox.as_bytes());
    }
    let mut decoded = Vec::new();
    utf7::decode(raw, &mut decoded)?;
    Ok(decoded == mailbox.as_bytes())
}

/// The same where only one mailbox can be meant, so that the server may spell it in its own way: in UTF-8 though modified
/// UTF-7 is in force or the other way round, in modified UTF-7 that nobody else would write, with a delimiter behind, and
/// INBOX in any case as the first part of it.
pub fn is_spelling_of(raw: &[u8], mailbox: &str, is_utf8: bool) -> Result<bool, NoMemory> {
    if is_name_of(raw, mailbox, is_utf8)? || spelt(raw) == spelt(mailbox.as_bytes()) {
        return Ok(true);
    }
    let mut decoded = Vec::new();
    utf7::decode_loosely(raw, &mut decoded)?;
    Ok(spelt(&decoded) == spelt(mailbox.as_bytes()))
}

/// A name without the delimiter behind: whether it begins with INBOX, and what follows that.
fn spelt(name: &[u8]) -> (bool, &[u8]) {
    let is_delimiter = |byte: &u8| b"/.\\".contains(byte);
    let name = match name {
        [first @ .., last] if !first.is_empty() && is_delimiter(last) => first,
        _ => name,
    };
    match name.split_at_checked(b"INBOX".len()) {
        Some((first, rest))
            if first.eq_ignore_ascii_case(b"INBOX") && rest.first().is_none_or(is_delimiter) =>
        {
            (true, rest)
        }
        _ => (false, name),
    }
}

/// `mailbox = "INBOX" / astring`, and names that should have been quoted or escaped: all up to where `behind` finds
/// the list that stands behind a name in such a line, otherwise to the end.
pub(super) fn name<'b>(cursor: &mut Cursor<'b>, behind: fn(&[u8]) -> Option<usize>) -> Option<Str<'b>> {
    cursor.skip_spaces();
    let (start, line) = (cursor.clone(), cursor.rest());
    let string = cursor.string();
    let rest = cursor.rest().trim_ascii_start();
    if string.is_some() && (rest.is_empty() || rest.starts_with(b"(")) {
        return string;
    }
    let end = behind(line).unwrap_or(line.len());
    let all = trim_end(line.get(..end)?);
    let inner = all.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\""));
    if inner.is_none() && string.is_some() {
        return string;
    }
    *cursor = start;
    cursor.advance(end);
    match inner {
        Some(inner) if memchr(b'\\', inner).is_some() => Some(Str::Escaped(inner)),
        Some(inner) => Some(Str::Quoted(inner)),
        None => (!all.is_empty()).then_some(Str::Atom(all)),
    }
}

/// The bytes of a name, borrowed from the response as long as nothing was escaped.
pub(super) fn unescaped(name: Str<'_>) -> Result<Cow<'_, [u8]>, NoMemory> {
    Ok(match name {
        Str::Quoted(bytes) | Str::Atom(bytes) | Str::Literal(bytes) => Cow::Borrowed(bytes),
        Str::Escaped(bytes) => Cow::Owned(super::cursor::unescape(bytes)?),
        // Its bytes are left to whoever parses the response; no mailbox has a name that long.
        Str::Big(..) => Cow::Borrowed(&[]),
    })
}

/// Where the list begins that ends the line; if it does not close, the last that opens.
pub(super) fn last_list(line: &[u8]) -> Option<usize> {
    let (mut depth, mut is_quoted) = (0usize, false);
    let closed = trim_end(line).strip_suffix(b")").unwrap_or_default();
    for (at, byte) in closed.iter().enumerate().rev() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b')' if !is_quoted => depth += 1,
            b'(' if !is_quoted && depth == 0 => return Some(at),
            b'(' if !is_quoted => depth -= 1,
            _ => {}
        }
    }
    memmem::rfind(line, b" (").map(|space| space + 1)
}

/// The list that ends the line if it is `mbox-list-extended` rather than the end of a name such as `Letters (2020)`:
/// it is empty, or has strings or lists in it.
fn extended_list(line: &[u8]) -> Option<usize> {
    let at = last_list(line)?;
    let inner = line.get(at..).and_then(|list| list.strip_prefix(b"("))?;
    let is_empty = inner.trim_ascii_start().starts_with(b")");
    (is_empty || inner.iter().any(|byte| matches!(byte, b'"' | b'('))).then_some(at)
}

fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [shorter @ .., b' '] = bytes {
        bytes = shorter;
    }
    bytes
}

/// `mbox-list-extended = "(" [mbox-list-extended-item *(SP mbox-list-extended-item)] ")"` (RFC 5258)
fn extended<'a>(cursor: &mut Cursor<'_>, is_utf8: bool, arena: &'a Arena) -> Result<Extended<'a>, NoMemory> {
    let (mut child_info, mut old_name) = (&imap_texts::EMPTY, Text::NONE);
    let mut items = Few::new();
    if cursor.take(b'(') {
        while !cursor.take(b')') {
            let Some(tag) = cursor.astring() else { break };
            let tag = tag.bytes()?;
            if tag.eq_ignore_ascii_case(b"CHILDINFO") {
                let found = strings(cursor, |found| decode::text(arena, found, false))?;
                child_info = arena.texts(&found)?;
            } else if tag.eq_ignore_ascii_case(b"OLDNAME") {
                let found = strings(cursor, |found| decoded_name(&found.bytes()?, is_utf8, arena))?;
                old_name = found.first().copied().unwrap_or(Text::NONE);
            } else {
                items.push(value::item(&tag, cursor, arena)?)?;
            }
        }
    }
    let (others, other_count) = items.list(arena)?;
    Ok(Extended { child_info, old_name, others, other_count })
}

struct Extended<'a> {
    child_info: &'a imap_texts<'a>,
    old_name: Text<'a>,
    others: List<'a, imap_item<'a>>,
    other_count: usize,
}

/// `"(" string *(SP string) ")"`, or one without parentheses.
fn strings<'a>(
    cursor: &mut Cursor<'_>,
    text: impl Fn(&Str<'_>) -> Result<Text<'a>, NoMemory>,
) -> Result<Vec<Text<'a>>, NoMemory> {
    let mut found = Vec::new();
    let is_list = cursor.take(b'(');
    while !(is_list && cursor.take(b')')) {
        let Some(string) = cursor.astring() else { break };
        found.try_reserve(1)?;
        found.push(text(&string)?);
        if !is_list {
            break;
        }
    }
    Ok(found)
}

/// `DQUOTE QUOTED-CHAR DQUOTE / nil`: None if names are flat, or if it was left out.
fn delimiter<'b>(cursor: &mut Cursor<'b>) -> Option<Str<'b>> {
    cursor.skip_spaces();
    let (start, rest) = (cursor.clone(), cursor.rest());
    // A backslash that was not escaped included, and one without quotes.
    let bare = match rest {
        [b'"', _, b'"', b' ', ..] => Some((1, 3)),
        [byte, b' ', ..] if byte.is_ascii_punctuation() => Some((0, 1)),
        _ => None,
    };
    if let Some((at, length)) = bare {
        cursor.advance(length);
        return rest.get(at..at + 1).map(Str::Quoted);
    }
    let found = cursor.nstring().flatten()?;
    if cursor.rest().trim_ascii().is_empty() && !matches!(found, Str::Quoted([] | [_])) {
        // It was the name.
        *cursor = start;
        return None;
    }
    (!matches!(found, Str::Quoted([]) | Str::Literal([]))).then_some(found)
}

#[derive(Clone, Copy)]
struct Attributes<'a> {
    bits: u32,
    role: imap_role,
    names: &'a imap_texts<'a>,
}

impl Attributes<'_> {
    /// What does not exist is for nothing, INBOX included.
    fn role_of(&self, raw_name: &[u8]) -> imap_role {
        if self.bits & IMAP_ATTRIBUTE_NON_EXISTENT as u32 != 0 {
            IMAP_ROLE_NONE
        } else if raw_name.eq_ignore_ascii_case(b"INBOX") {
            IMAP_ROLE_INBOX
        } else {
            self.role
        }
    }
}

/// An attribute brings those that follow from it (RFC 9051 section 6.3.9.4).
const ATTRIBUTES: [(&[u8], u32); 9] = [
    (b"NoInferiors", IMAP_ATTRIBUTE_NO_INFERIORS as u32 | IMAP_ATTRIBUTE_HAS_NO_CHILDREN as u32),
    (b"NoSelect", IMAP_ATTRIBUTE_NO_SELECT as u32),
    (b"NonExistent", IMAP_ATTRIBUTE_NON_EXISTENT as u32 | IMAP_ATTRIBUTE_NO_SELECT as u32),
    (b"HasChildren", IMAP_ATTRIBUTE_HAS_CHILDREN as u32),
    (b"HasNoChildren", IMAP_ATTRIBUTE_HAS_NO_CHILDREN as u32),
    (b"Marked", IMAP_ATTRIBUTE_MARKED as u32),
    (b"UnMarked", IMAP_ATTRIBUTE_UNMARKED as u32),
    (b"Subscribed", IMAP_ATTRIBUTE_SUBSCRIBED as u32),
    (b"Remote", IMAP_ATTRIBUTE_REMOTE as u32),
];

/// Both at once mean neither (RFC 9051 section 7.3.1).
const CHILDREN: u32 = IMAP_ATTRIBUTE_HAS_CHILDREN as u32 | IMAP_ATTRIBUTE_HAS_NO_CHILDREN as u32;

/// RFC 6154 and RFC 8457, and XLIST's names for the same.
const ROLES: [(&[u8], imap_role); 13] = [
    (b"Inbox", IMAP_ROLE_INBOX),
    (b"All", IMAP_ROLE_ALL),
    (b"AllMail", IMAP_ROLE_ALL),
    (b"Archive", IMAP_ROLE_ARCHIVE),
    (b"Drafts", IMAP_ROLE_DRAFTS),
    (b"Flagged", IMAP_ROLE_FLAGGED),
    (b"Starred", IMAP_ROLE_FLAGGED),
    (b"Important", IMAP_ROLE_IMPORTANT),
    (b"Junk", IMAP_ROLE_JUNK),
    (b"Spam", IMAP_ROLE_JUNK),
    (b"Sent", IMAP_ROLE_SENT),
    (b"Trash", IMAP_ROLE_TRASH),
    (b"Deleted", IMAP_ROLE_TRASH),
];

/// `"(" [mbx-list-flags] ")"`, with or without backslashes, or NIL; a backslash alone is none. The first of
/// several roles counts.
fn attributes<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Result<Attributes<'a>, NoMemory> {
    let mut found = Attributes { bits: 0, role: IMAP_ROLE_NONE, names: &imap_texts::EMPTY };
    if !cursor.take(b'(') {
        cursor.take_nil();
        return Ok(found);
    }
    let mut names = Vec::new();
    while !cursor.is_at_end() && !cursor.take(b')') {
        let Some(attribute) = cursor.astring() else {
            cursor.advance(1);
            continue;
        };
        let attribute = attribute.bytes()?;
        let bare = attribute.strip_prefix(b"\\").unwrap_or(&attribute);
        if bare.is_empty() {
            continue;
        }
        let is_it = |known: &[u8]| bare.eq_ignore_ascii_case(known);
        found.bits |= ATTRIBUTES.iter().find(|(known, _)| is_it(known)).map_or(0, |(_, bits)| *bits);
        if found.role == IMAP_ROLE_NONE {
            found.role =
                ROLES.iter().find(|(known, _)| is_it(known)).map_or(IMAP_ROLE_NONE, |(_, role)| *role);
        }
        names.try_reserve(1)?;
        names.push(arena.text(&attribute)?);
    }
    if found.bits & CHILDREN == CHILDREN {
        found.bits &= !CHILDREN;
    }
    found.names = arena.texts(&names)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a mailbox: name, delimiter, attribute bits, role, attributes, extended items.
    fn shown(sent: &[u8]) -> String {
        let arena = Arena::new();
        let response = Response::new(sent, &[]);
        let Some(made) = mailbox(&response, 0, false, &arena).unwrap() else { return "none".into() };
        let names: Vec<&str> = made.attribute_names.items.iter().collect();
        let others: Vec<String> = made
            .others
            .iter()
            .map(|item| format!("{} {}", item.name.get().unwrap(), item.value_count))
            .collect();
        let children: String = made.child_info.items.iter().map(|info| format!(" {info}")).collect();
        let old = made.old_name.get().map_or(String::new(), |name| format!(" was {name}"));
        format!(
            "<{}> {} {} {} {names:?} {others:?}{children}{old}",
            made.name.get().unwrap(),
            made.delimiter.get().unwrap_or("flat"),
            made.attributes,
            made.role as u32
        )
    }

    #[test]
    fn mailboxes_of_the_rfcs() {
        for (sent, expected) in [
            (&b"(\\Noselect) \"/\" ~/Mail/foo"[..], r#"<~/Mail/foo> / 2 0 ["\\Noselect"] []"#),
            (b"() \"/\" \"~peter/mail/&U,BTFw-/&ZeVnLIqe-\"", "<~peter/mail/台北/日本語> / 0 0 [] []"),
            (b"(\\Noselect) \"/\" \"\"", r#"<> / 2 0 ["\\Noselect"] []"#),
            (
                b"(\\NonExistent) \"/\" \"Foo\" (\"CHILDINFO\" (\"SUBSCRIBED\"))",
                r#"<Foo> / 6 0 ["\\NonExistent"] [] SUBSCRIBED"#,
            ),
            (b"() \"/\" a (OLDNAME (\"b &AOk-\") X 1)", r#"<a> / 0 0 [] ["X 1"] was b é"#),
            (
                b"(\\Remote \\Archive) \"/\" {7}\r\nRo\"ks)o",
                r#"<Ro"ks)o> / 256 3 ["\\Remote", "\\Archive"] []"#,
            ),
        ] {
            assert_eq!(shown(sent), expected);
        }
    }

    #[test]
    fn mailboxes_as_servers_send_them() {
        for (sent, expected) in [
            (&b"() \"/\" INBOX/Da\tOggetto\t"[..], "<INBOX/Da Oggetto > / 0 0 [] []"),
            (b"() \".\" Letters (2020)", "<Letters (2020)> . 0 0 [] []"),
            (b"() \".\" Sent Items  ", "<Sent Items> . 0 0 [] []"),
            (b"() \"/\" \"Foo \"bar\" baz\"", "<Foo \"bar\" baz> / 0 0 [] []"),
            (b"() \"\\\" INBOX", "<INBOX> \\ 0 1 [] []"),
            (b"() \"\\\\\" a", "<a> \\ 0 0 [] []"),
            (b"() / inbox", "<inbox> / 0 1 [] []"),
            (b"() NIL \"Folder1\"", "<Folder1> flat 0 0 [] []"),
            (b"() \"\" \"Folder1\"", "<Folder1> flat 0 0 [] []"),
            (b"() \"Folder1\"", "<Folder1> flat 0 0 [] []"),
            (b"() \"/\" NIL", "<NIL> / 0 0 [] []"),
            (b"NIL NIL NIL", "<NIL> flat 0 0 [] []"),
            (b"(\\HasChildren \\) \".\" Archive", r#"<Archive> . 8 0 ["\\HasChildren"] []"#),
            (b"(HasNoChildren Sent) \"/\" 'a", r#"<'a> / 16 8 ["HasNoChildren", "Sent"] []"#),
            (b"(\\Spam \\AllMail) \"/\" x", r#"<x> / 0 7 ["\\Spam", "\\AllMail"] []"#),
            (b"(\\Starred) \"/\" x", r#"<x> / 0 5 ["\\Starred"] []"#),
            (b"(\\NonExistent) \"/\" INBOX", r#"<INBOX> / 6 0 ["\\NonExistent"] []"#),
            (b"(\\Marked", "none"),
            (b"() \"/\"", "none"),
            (b"", "none"),
        ] {
            assert_eq!(shown(sent), expected, "{}", String::from_utf8_lossy(sent));
        }
    }

    #[test]
    fn names_are_found_without_parsing_and_compared() {
        let raw = |sent: &'static [u8]| name_of(&Response::new(sent, &[]), 0).map(Cow::into_owned);
        assert_eq!(raw(br#"(\Marked) "/" "a \"b\"" (X 1)"#).as_deref(), Some(&br#"a "b""#[..]));
        assert_eq!(raw(b"(\\Marked) NIL Sent Items").as_deref(), Some(&b"Sent Items"[..]));
        assert_eq!(raw(b"(\\Marked"), None);
        for (sent, mailbox, is_utf8, expected) in [
            (&b"Entw&APw-rfe"[..], "Entwürfe", false, true),
            (b"Entw&APw-rfe", "Entwürfe", true, false),
            (b"Entw\xc3\xbcrfe", "Entwürfe", false, true),
            (b"inbox", "INBOX", false, true),
            (b"Foo", "foo", false, false),
        ] {
            assert_eq!(is_name_of(sent, mailbox, is_utf8), Ok(expected), "{mailbox}");
        }
    }

    #[test]
    fn names_have_several_spellings() {
        for (sent, mailbox, expected) in [
            ("Entw&APw-rfe", "Entwürfe", true),
            ("Entwürfe", "Entwürfe", true),
            ("&AEI-ox", "Box", true),
            ("&AOl-", "é", true),
            ("Box/", "Box", true),
            ("Box", "Box/", true),
            ("/", "", false),
            ("", "", true),
            ("inbox.Box", "INBOX.Box", true),
            ("inbox.box", "INBOX.Box", false),
            ("Inbox/", "INBOX", true),
            ("inboxes", "INBOXes", false),
            ("box", "Box", false),
            ("Box//", "Box", false),
            ("Box2", "Box", false),
            ("R&D", "R&D", true),
        ] {
            for is_utf8 in [false, true] {
                let is_it = is_spelling_of(sent.as_bytes(), mailbox, is_utf8);
                assert_eq!(is_it, Ok(expected), "{sent} {mailbox} {is_utf8}");
            }
        }
    }

    #[test]
    fn utf8_names_are_taken_as_they_are() {
        let arena = Arena::new();
        let response = Response::new("() \"/\" \"R&D &AOk-\"".as_bytes(), &[]);
        let name = |is_utf8| mailbox(&response, 0, is_utf8, &arena).unwrap().unwrap().name.get().unwrap();
        assert_eq!((name(false), name(true)), ("R&D é", "R&D &AOk-"));
    }
}
