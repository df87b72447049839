//! Body parts as RFC 9051 has them and nearly all servers write them. What is otherwise is an error here: then the part
//! is cut into its values, which tell by where they stand what they are.

#![forbid(unsafe_code)]

use super::known::{self, Word};
use super::plain::{Irregular, Otherwise, Plain};
use super::{decode, parameter};
use crate::error::NoMemory;
use crate::model::{Arena, Few, Text, imap_pair, imap_pairs, imap_part};

/// A part, from behind its parenthesis up to the one that closes it; of a message what stands before its envelope.
pub fn part<'a>(sent: &mut Plain<'_>, part: &mut imap_part<'a>, arena: &'a Arena) -> Result<(), Irregular> {
    fields(sent, part, arena)?;
    if sent.is_next(b")") || is_message(part) {
        return Ok(());
    }
    sent.take(b" ")?;
    rest(sent, part, arena)
}

pub fn is_message(part: &imap_part<'_>) -> bool {
    part.media_type.starts_with(b"message/")
}

/// `media SP body-fields [SP body-fld-lines]`
fn fields<'a>(sent: &mut Plain<'_>, part: &mut imap_part<'a>, arena: &'a Arena) -> Result<(), Irregular> {
    part.media_type = media_type(sent, None, arena)?;
    sent.take(b" ")?;
    parameters(sent, part, arena)?;
    if sent.take(b" NIL NIL ").is_err() {
        sent.take(b" ")?;
        part.content_id = text(sent, arena)?;
        sent.take(b" ")?;
        part.description = sent.nstring()?.map_or(Ok(Text::NONE), |words| decode::words(arena, words))?;
        sent.take(b" ")?;
    }
    part.encoding = if sent.take(b"NIL").is_ok() { Text::EMPTY } else { lower(sent, arena)? };
    sent.take(b" ")?;
    part.size = sent.number()?;
    let mut ahead = *sent;
    if let Ok(lines) = ahead.take(b" ").and_then(|()| ahead.number()) {
        part.lines = lines;
        *sent = ahead;
    }
    Ok(())
}

/// `[body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]]`, up to the parenthesis behind.
pub fn rest<'a>(sent: &mut Plain<'_>, part: &mut imap_part<'a>, arena: &'a Arena) -> Result<(), Irregular> {
    if sent.is_next(b"NIL NIL NIL NIL)") {
        return Ok(sent.take(b"NIL NIL NIL NIL")?);
    }
    if sent.is_next(b")") {
        return Ok(());
    }
    part.md5 = text(sent, arena)?;
    extension(sent, part, arena)
}

/// `media-subtype [SP body-ext-mpart]`, behind the last part of a multipart, up to its parenthesis.
pub fn multipart<'a>(
    sent: &mut Plain<'_>,
    part: &mut imap_part<'a>,
    arena: &'a Arena,
) -> Result<(), Irregular> {
    part.media_type = media_type(sent, Some(known::MULTIPART), arena)?;
    if sent.is_next(b")") {
        return Ok(());
    }
    sent.take(b" ")?;
    parameters(sent, part, arena)?;
    extension(sent, part, arena)
}

/// `[SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]`
fn extension<'a>(sent: &mut Plain<'_>, part: &mut imap_part<'a>, arena: &'a Arena) -> Result<(), Irregular> {
    if sent.is_next(b")") {
        return Ok(());
    }
    if sent.take(b" NIL").is_err() {
        sent.take(b" (")?;
        part.disposition = lower(sent, arena)?;
        sent.take(b" ")?;
        part.disposition_parameters = pairs(sent, arena)?;
        sent.take(b")")?;
    }
    if sent.is_next(b")") {
        return Ok(());
    }
    sent.take(b" NIL")?;
    if sent.take(b" ").is_ok() {
        part.location = text(sent, arena)?;
    }
    if sent.is_next(b")") { Ok(()) } else { Err(Irregular::Otherwise) }
}

/// `media-type SP media-subtype`, or the subtype alone of a type that is known.
fn media_type<'a>(sent: &mut Plain<'_>, kind: Option<Word>, arena: &'a Arena) -> Result<Text<'a>, Irregular> {
    if let (None, Some((text, behind))) = (kind, known::text_type(sent.rest())) {
        sent.set_rest(behind);
        return Ok(text);
    }
    let mut ahead = *sent;
    if let Ok(usual) = usual_type(&mut ahead, kind) {
        *sent = ahead;
        return Ok(usual);
    }
    let kind = match kind {
        Some(kind) => kind.text().bytes().unwrap_or_default(),
        None => {
            let kind = sent.string()?;
            sent.take(b" ")?;
            kind
        }
    };
    let subtype = sent.string()?;
    if kind.is_empty() || subtype.is_empty() {
        return Err(Irregular::Otherwise);
    }
    Ok(self::joined_type(kind, subtype, arena)?)
}

fn usual_type(sent: &mut Plain<'_>, kind: Option<Word>) -> Result<Text<'static>, Otherwise> {
    let kind = match kind {
        Some(kind) => kind,
        None => {
            let kind = sent.known()?;
            sent.take(b" ")?;
            kind
        }
    };
    known::media_type(kind, sent.known()?).ok_or(Otherwise)
}

/// "text/plain"
pub fn joined_type<'a>(kind: &[u8], subtype: &[u8], arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
    let mut whole = Vec::new();
    whole.try_reserve_exact(kind.len() + 1 + subtype.len())?;
    whole.extend_from_slice(kind);
    whole.push(b'/');
    whole.extend_from_slice(subtype);
    whole.make_ascii_lowercase();
    arena.text(&whole)
}

fn parameters<'a>(sent: &mut Plain<'_>, part: &mut imap_part<'a>, arena: &'a Arena) -> Result<(), Irregular> {
    part.parameters = pairs(sent, arena)?;
    part.charset = value_of(part.parameters, b"charset");
    Ok(())
}

/// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`
fn pairs<'a>(sent: &mut Plain<'_>, arena: &'a Arena) -> Result<&'a imap_pairs<'a>, Irregular> {
    if sent.take(b"NIL").is_ok() {
        return Ok(&imap_pairs::EMPTY);
    }
    if let Some((usual, behind)) = known::charset_alone(sent.rest()) {
        sent.set_rest(behind);
        return Ok(usual);
    }
    sent.take(b"(")?;
    let mut pairs = Few::new();
    loop {
        pairs.push(arena.put(pair(sent, arena)?)?)?;
        if sent.take(b")").is_ok() {
            return Ok(listed(&pairs, arena)?);
        }
        sent.take(b" ")?;
    }
}

/// One that RFC 2231 does not change.
fn pair<'a>(sent: &mut Plain<'_>, arena: &'a Arena) -> Result<imap_pair<'a>, Irregular> {
    let word = sent.known().ok();
    let name = match word {
        Some(word) => word.text(),
        None => {
            let name = sent.string()?;
            if !parameter::is_plain_name(name) {
                return Err(Irregular::Otherwise);
            }
            decode::lower(arena, name)?
        }
    };
    sent.take(b" ")?;
    let value = sent.nstring()?.unwrap_or_default();
    // It is not a text, and "=?" may stand in it.
    if word == Some(known::BOUNDARY) {
        return Ok(imap_pair { name, value: arena.text_known(value)? });
    }
    if !parameter::is_plain_value(name, value) {
        return Err(Irregular::Otherwise);
    }
    let value = match known::exact(value) {
        Some(known) => known,
        None => decode::words(arena, value)?,
    };
    Ok(imap_pair { name, value })
}

pub fn listed<'a>(pairs: &Few<'a, imap_pair<'a>>, arena: &'a Arena) -> Result<&'a imap_pairs<'a>, NoMemory> {
    let (items, count) = pairs.list(arena)?;
    if count == 0 { Ok(&imap_pairs::EMPTY) } else { arena.put(imap_pairs { items, count }) }
}

/// The value of the first pair of this name.
pub fn value_of<'a>(pairs: &imap_pairs<'a>, name: &[u8]) -> Text<'a> {
    let found = pairs.items.iter().find(|pair| pair.name.is(name));
    found.map_or(Text::NONE, |pair| pair.value)
}

fn text<'a>(sent: &mut Plain<'_>, arena: &'a Arena) -> Result<Text<'a>, Irregular> {
    Ok(sent.nstring()?.map_or(Ok(Text::NONE), |text| arena.text_known(text))?)
}

/// A word in lower case; it is not empty.
fn lower<'a>(sent: &mut Plain<'_>, arena: &'a Arena) -> Result<Text<'a>, Irregular> {
    if let Ok(known) = sent.known() {
        return Ok(known.text());
    }
    let word = sent.string()?;
    if word.is_empty() { Err(Irregular::Otherwise) } else { Ok(decode::lower(arena, word)?) }
}
