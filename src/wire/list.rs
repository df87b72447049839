//! LIST, LSUB and XLIST (RFC 9051 section 7.3.1).

use super::cursor::{Cursor, Response, Str};
use super::{decode, utf7, value};
use crate::error::NoMemory;
use crate::model::{
    Arena, Few, Text, clean_text, imap_attribute::*, imap_mailbox, imap_origin, imap_role, imap_role::*,
    imap_texts,
};

const ATTRIBUTES: [(&[u8], u32); 9] = [
    (b"NoInferiors", IMAP_ATTRIBUTE_NO_INFERIORS as u32),
    (b"NoSelect", IMAP_ATTRIBUTE_NO_SELECT as u32),
    // What does not exist cannot be selected either.
    (b"NonExistent", IMAP_ATTRIBUTE_NON_EXISTENT as u32 | IMAP_ATTRIBUTE_NO_SELECT as u32),
    (b"HasChildren", IMAP_ATTRIBUTE_HAS_CHILDREN as u32),
    (b"HasNoChildren", IMAP_ATTRIBUTE_HAS_NO_CHILDREN as u32),
    (b"Marked", IMAP_ATTRIBUTE_MARKED as u32),
    (b"UnMarked", IMAP_ATTRIBUTE_UNMARKED as u32),
    (b"Subscribed", IMAP_ATTRIBUTE_SUBSCRIBED as u32),
    (b"Remote", IMAP_ATTRIBUTE_REMOTE as u32),
];

/// RFC 6154, and XLIST's names for the same.
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

/// `mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
/// [SP mbox-list-extended]`; None if no name can be found.
pub fn mailbox<'a>(
    response: &Response<'_>,
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<Option<imap_mailbox<'a>>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let Some(found) = attributes(&mut cursor, arena)? else { return Ok(None) };
    let delimiter = match cursor.nstring() {
        Some(Some(delimiter)) => decode::text(arena, &delimiter, cursor.is_clean)?,
        Some(None) => Text::NONE,
        None => return Ok(None),
    };
    let delimiter = if delimiter.bytes().is_some_and(<[u8]>::is_empty) { Text::NONE } else { delimiter };
    let Some(raw) = name(&mut cursor) else { return Ok(None) };
    let raw = raw.bytes()?;
    let name = decoded_name(&raw, is_utf8, arena)?;
    let is_phantom = found.bits & IMAP_ATTRIBUTE_NON_EXISTENT as u32 != 0;
    let is_inbox = raw.eq_ignore_ascii_case(b"INBOX");
    let role = if is_inbox { IMAP_ROLE_INBOX } else { found.role };
    let mut others = Few::new();
    if cursor.take(b'(') {
        while !cursor.is_at_end() && !cursor.take(b')') {
            let Some(item) = cursor.astring() else { break };
            let item = item.bytes()?;
            others.push(value::item(&item, &mut cursor, arena)?)?;
        }
    }
    let (others, other_count) = others.list(arena)?;
    Ok(Some(imap_mailbox {
        name,
        raw_name: arena.raw(&raw)?,
        raw_name_len: raw.len(),
        delimiter,
        attributes: found.bits,
        attribute_names: found.names,
        role: if is_phantom { IMAP_ROLE_NONE } else { role },
        role_origin: imap_origin::IMAP_ORIGIN_SERVER,
        counts: None,
        others,
        other_count,
    }))
}

struct Attributes<'a> {
    bits: u32,
    role: imap_role,
    names: &'a imap_texts<'a>,
}

/// `mbx-list-flags`; a server may leave the backslashes out, or have one too many.
fn attributes<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Result<Option<Attributes<'a>>, NoMemory> {
    if !cursor.take(b'(') {
        return Ok(cursor.take_nil().then_some(Attributes {
            bits: 0,
            role: IMAP_ROLE_NONE,
            names: &imap_texts::EMPTY,
        }));
    }
    let (mut bits, mut role, mut names) = (0, IMAP_ROLE_NONE, Vec::new());
    while !cursor.take(b')') {
        let Some(atom) = cursor.atom() else { return Ok(None) };
        let bare = atom.strip_prefix(b"\\").unwrap_or(atom);
        if bare.is_empty() {
            continue;
        }
        if let Some((_, bit)) = ATTRIBUTES.iter().find(|(name, _)| bare.eq_ignore_ascii_case(name)) {
            bits |= bit;
        }
        if let Some((_, found)) = ROLES.iter().find(|(name, _)| bare.eq_ignore_ascii_case(name)) {
            role = *found;
        }
        names.try_reserve(1)?;
        names.push(arena.text(atom)?);
    }
    Ok(Some(Attributes { bits, role, names: arena.texts(&names)? }))
}

/// `mailbox`; one that was not quoted although it has spaces or TABs in it is all up to the end.
fn name<'b>(cursor: &mut Cursor<'b>) -> Option<Str<'b>> {
    if let Some(string) = cursor.string() {
        return Some(string);
    }
    let rest = cursor.rest();
    let end = memchr::memmem::find(rest, b" (").unwrap_or(rest.len());
    cursor.advance(end);
    (end > 0).then(|| Str::Atom(&rest[..end]))
}

/// A mailbox name for display: from modified UTF-7, or from UTF-8 where that is enabled.
pub fn decoded_name<'a>(raw: &[u8], is_utf8: bool, arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
    if is_utf8 || !raw.contains(&b'&') {
        return arena.text(raw);
    }
    let (mut decoded, mut clean) = (Vec::new(), Vec::new());
    utf7::decode(raw, &mut decoded)?;
    clean_text(&decoded, &mut clean)?;
    arena.text(&clean)
}
