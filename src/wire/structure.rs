//! BODY and BODYSTRUCTURE (RFC 9051 section 7.5.2), flat: each part before those inside it.
//!
//! Servers leave fields out, so a part is first cut into its values, and then read by where its size stands.

use super::cursor::Cursor;
use super::defect::Defects;
use super::parameter::{self, Parameter};
use super::{decode, envelope, value};
use crate::error::NoMemory;
use crate::model::{
    Arena, Few, List, Text, imap_defect_kind, imap_defect_kind::*, imap_item, imap_pair, imap_pairs,
    imap_part, imap_texts,
};

/// Limits on what one structure may cost.
#[derive(Clone, Copy)]
pub struct Limits {
    pub nesting: usize,
    pub addresses: usize,
}

/// Deeper than this the stack is not trusted, whatever the options say.
const DEEPEST: usize = 200;

/// `body = "(" (body-type-1part / body-type-mpart) ")"`; None if it is none at all.
pub fn parts<'a>(
    cursor: &mut Cursor<'_>,
    limits: Limits,
    defects: &mut Defects<'a>,
    arena: &'a Arena,
) -> Result<Option<(List<'a, imap_part<'a>>, usize)>, NoMemory> {
    if !cursor.is_next(b'(') {
        return Ok(None);
    }
    let mut structure = Structure { parts: Vec::new(), limits, defects, arena };
    structure.body(cursor, &Place { section: "", parent: -1, depth: 0, kind: Within::Message })?;
    let mut found = Few::new();
    for part in &structure.parts {
        found.push(arena.put(*part)?)?;
    }
    found.list(arena).map(Some)
}

struct Structure<'a, 'd> {
    parts: Vec<imap_part<'a>>,
    limits: Limits,
    defects: &'d mut Defects<'a>,
    arena: &'a Arena,
}

/// Where a body stands: as the whole of a message, or as a numbered part of a multipart.
struct Place<'s> {
    section: &'s str,
    parent: i32,
    depth: usize,
    kind: Within,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Message,
    Multipart,
}

impl Place<'_> {
    /// A multipart that is all of a message has no number of its own: within another message it is fetched as
    /// its text.
    fn multipart_section(&self) -> String {
        match (self.kind, self.section) {
            (Within::Message, "") => String::new(),
            (Within::Message, section) => format!("{section}.TEXT"),
            (Within::Multipart, section) => section.to_owned(),
        }
    }

    fn part_section(&self) -> String {
        match (self.kind, self.section) {
            (Within::Message, "") => "1".to_owned(),
            (Within::Message, section) => format!("{section}.1"),
            (Within::Multipart, section) => section.to_owned(),
        }
    }

    fn child_section(&self, number: usize) -> String {
        if self.section.is_empty() { number.to_string() } else { format!("{}.{number}", self.section) }
    }
}

/// One value of a part's list, and where it begins.
#[derive(Clone)]
struct Value<'b> {
    shape: Shape,
    at: Cursor<'b>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Nil,
    String,
    Number,
    List,
}

/// A part has seventeen fields at most; what is beyond belongs to its extension.
const VALUES: usize = 24;

impl<'a> Structure<'a, '_> {
    fn body(&mut self, cursor: &mut Cursor<'_>, place: &Place<'_>) -> Result<(), NoMemory> {
        let start = cursor.clone();
        if place.depth >= self.limits.nesting.min(DEEPEST) {
            cursor.skip_value();
            let section = self.arena.text(place.part_section().as_bytes())?;
            self.push(place, imap_part { section, ..imap_part::EMPTY })?;
            return self.defect(
                IMAP_DEFECT_LIMIT,
                &start,
                cursor,
                c"body parts are nested too deeply: cut here",
            );
        }
        cursor.take(b'(');
        if cursor.is_next(b'(') {
            self.multipart(cursor, place)?;
        } else {
            let values = cut(cursor);
            self.part(&values, place, &start)?;
        }
        while !cursor.is_at_end() && !cursor.take(b')') {
            if !cursor.skip_value() {
                cursor.advance(1);
            }
        }
        Ok(())
    }

    fn push(&mut self, place: &Place<'_>, part: imap_part<'a>) -> Result<usize, NoMemory> {
        self.parts.try_reserve(1)?;
        self.parts.push(imap_part { depth: place.depth as u32, parent: place.parent, ..part });
        Ok(self.parts.len() - 1)
    }

    fn defect(
        &mut self,
        kind: imap_defect_kind,
        start: &Cursor<'_>,
        end: &Cursor<'_>,
        text: &'static std::ffi::CStr,
    ) -> Result<(), NoMemory> {
        self.defects.note(self.arena, kind, start.at(), text, end.since(start.at()))
    }

    /// `body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]`
    fn multipart(&mut self, cursor: &mut Cursor<'_>, place: &Place<'_>) -> Result<(), NoMemory> {
        let start = cursor.clone();
        let section = self.arena.text(place.multipart_section().as_bytes())?;
        let own = self.push(place, imap_part { section, ..imap_part::EMPTY })?;
        let mut number = 0;
        while cursor.is_next(b'(') {
            number += 1;
            let section = place.child_section(number);
            let parent = i32::try_from(own).unwrap_or(i32::MAX);
            let child = Place { section: &section, parent, depth: place.depth + 1, kind: Within::Multipart };
            self.body(cursor, &child)?;
        }
        let values = cut(cursor);
        let subtype = self.word(values.first())?;
        let mut part = self.parts[own];
        part.media_type = self.media_type("multipart", subtype.as_deref().unwrap_or("mixed"))?;
        let is_odd = self.multipart_rest(&mut part, values.get(1..).unwrap_or_default())?;
        self.parts[own] = part;
        if is_odd {
            self.defect(
                IMAP_DEFECT_SYNTAX,
                &start,
                cursor,
                c"a multipart has something in place of its disposition",
            )?;
        }
        Ok(())
    }

    /// `body-ext-mpart = body-fld-param [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]`
    fn multipart_rest(&mut self, part: &mut imap_part<'a>, values: &[Value<'_>]) -> Result<bool, NoMemory> {
        self.parameters(part, values.first())?;
        let disposition = values.get(1);
        let is_odd = match disposition.filter(|value| value.shape == Shape::String) {
            None => false,
            Some(_) => !matches!(self.word(disposition)?.as_deref(), Some("inline" | "attachment")),
        };
        if !is_odd {
            self.disposition(part, disposition)?;
        }
        self.trailer(part, values.get(2..).unwrap_or_default())?;
        self.name(part)?;
        Ok(is_odd)
    }

    /// `body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]`
    fn part(&mut self, values: &[Value<'_>], place: &Place<'_>, start: &Cursor<'_>) -> Result<(), NoMemory> {
        let Some(size) = values.iter().position(|value| value.shape == Shape::Number) else {
            return self.childless(values, place, start);
        };
        let section_text = place.part_section();
        let section = self.arena.text(section_text.as_bytes())?;
        let mut part = imap_part { section, ..imap_part::EMPTY };
        // The subtype is the field that servers leave out: then all is one place to the left.
        let has_subtype = size >= 6;
        let (kind, subtype) =
            (self.word(values.first())?, if has_subtype { self.word(values.get(1))? } else { None });
        let is_missing = kind.is_none() || subtype.is_none();
        part.media_type = self.guessed_type(kind.as_deref(), subtype.as_deref())?;
        self.parameters(&mut part, values.get(size.wrapping_sub(4)))?;
        part.content_id = self.text(values.get(size.wrapping_sub(3)))?;
        part.description = self.header(values.get(size.wrapping_sub(2)))?;
        part.encoding = self.lower(values.get(size.wrapping_sub(1)))?.or(Text::EMPTY);
        part.size = number(values.get(size));
        let own = self.push(place, part)?;
        let rest = self.particular(own, &values[size + 1..], place, &section_text)?;
        let mut part = self.parts[own];
        part.md5 = self.text(rest.first())?;
        let mut rest_in_order = rest.to_vec();
        if self.is_disposition(rest.get(2))? && !self.is_disposition(rest.get(1))? {
            rest_in_order.swap(1, 2);
        }
        self.disposition(&mut part, rest_in_order.get(1))?;
        self.trailer(&mut part, rest_in_order.get(2..).unwrap_or_default())?;
        self.name(&mut part)?;
        self.parts[own] = part;
        let mut end = start.clone();
        end.skip_value();
        if is_missing {
            self.defect(IMAP_DEFECT_MISSING, start, &end, c"a body part lacks its type or subtype")?;
        } else if rest.first().is_some_and(|md5| md5.shape == Shape::List) {
            self.defect(IMAP_DEFECT_SYNTAX, start, &end, c"a body part has fields that it should not have")?;
        }
        Ok(())
    }

    /// What text and messages have between their size and the extension data; gives what follows it.
    fn particular<'v, 'b>(
        &mut self,
        own: usize,
        values: &'v [Value<'b>],
        place: &Place<'_>,
        section: &str,
    ) -> Result<&'v [Value<'b>], NoMemory> {
        let media_type = self.parts[own].media_type.get().unwrap_or_default();
        let is_message = matches!(media_type, "message/rfc822" | "message/global");
        match values {
            [sent, body, rest @ ..]
                if is_message && sent.shape == Shape::List && body.shape == Shape::List =>
            {
                let mut cursor = sent.at.clone();
                let most = self.limits.addresses;
                self.parts[own].envelope = envelope::envelope(&mut cursor, most, self.defects, self.arena)?;
                let parent = i32::try_from(own).unwrap_or(i32::MAX);
                let within = Place { section, parent, depth: place.depth + 1, kind: Within::Message };
                self.body(&mut body.at.clone(), &within)?;
                Ok(self.lines(own, rest))
            }
            _ => Ok(self.lines(own, values)),
        }
    }

    fn lines<'v, 'b>(&mut self, own: usize, values: &'v [Value<'b>]) -> &'v [Value<'b>] {
        match values {
            [lines, rest @ ..] if lines.shape == Shape::Number => {
                self.parts[own].lines = number(Some(lines));
                rest
            }
            _ => values,
        }
    }

    /// No size: a multipart without children, which some servers write in strange ways.
    fn childless(
        &mut self,
        values: &[Value<'_>],
        place: &Place<'_>,
        start: &Cursor<'_>,
    ) -> Result<(), NoMemory> {
        let section = self.arena.text(place.multipart_section().as_bytes())?;
        let mut part = imap_part { section, ..imap_part::EMPTY };
        let first = values.iter().take(2).position(|value| value.shape == Shape::String);
        let subtype = self.word(first.and_then(|at| values.get(at)))?;
        part.media_type = self.media_type("multipart", subtype.as_deref().unwrap_or("mixed"))?;
        let rest = values.get(first.map_or(1, |at| at + 1)..).unwrap_or_default();
        self.multipart_rest(&mut part, rest)?;
        self.push(place, part)?;
        let mut end = start.clone();
        end.skip_value();
        self.defect(IMAP_DEFECT_SYNTAX, start, &end, c"a multipart has no parts")
    }

    /// `body-fld-lang [SP body-fld-loc *(SP body-extension)]`
    fn trailer(&mut self, part: &mut imap_part<'a>, values: &[Value<'_>]) -> Result<(), NoMemory> {
        part.languages = self.languages(values.first())?;
        part.location = self.text(values.get(1))?;
        if let Some(extension) = values.get(2) {
            let mut cursor = extension.at.clone();
            let start = cursor.at();
            let (items, value_count) = value::values(&mut cursor, self.arena)?;
            let raw = cursor.since(start);
            part.extension = Some(self.arena.put(imap_item {
                name: Text::fixed(c"extension"),
                values: items,
                value_count,
                raw: self.arena.raw(raw)?,
                raw_len: raw.len(),
            })?);
        }
        Ok(())
    }

    /// Some servers exchange disposition and language.
    fn is_disposition(&self, value: Option<&Value<'_>>) -> Result<bool, NoMemory> {
        let Some(value) = value.filter(|value| value.shape == Shape::List) else { return Ok(false) };
        let word = self.word(inside(value).first())?;
        Ok(matches!(word.as_deref(), Some("inline" | "attachment")))
    }

    /// `body-fld-dsp = "(" string SP body-fld-param ")" / nil`, or the string alone.
    fn disposition(&mut self, part: &mut imap_part<'a>, value: Option<&Value<'_>>) -> Result<(), NoMemory> {
        match value {
            Some(value) if value.shape == Shape::List => {
                let inner = inside(value);
                part.disposition = self.lower(inner.first())?;
                if let Some(parameters) = inner.get(1) {
                    part.disposition_parameters = self.pairs(parameters)?;
                }
            }
            other => part.disposition = self.lower(other)?,
        }
        Ok(())
    }

    /// `body-fld-lang = nstring / "(" string *(SP string) ")"`
    fn languages(&mut self, value: Option<&Value<'_>>) -> Result<&'a imap_texts<'a>, NoMemory> {
        let mut found = Vec::new();
        let inner = value.map_or(Vec::new(), |value| match value.shape {
            Shape::List => inside(value),
            _ => vec![value.clone()],
        });
        for value in inner.iter().filter(|value| value.shape == Shape::String) {
            found.try_reserve(1)?;
            found.push(self.text(Some(value))?);
        }
        self.arena.texts(&found)
    }

    fn parameters(&mut self, part: &mut imap_part<'a>, value: Option<&Value<'_>>) -> Result<(), NoMemory> {
        if let Some(value) = value {
            part.parameters = self.pairs(value)?;
        }
        part.charset = find(part.parameters, "charset");
        Ok(())
    }

    /// The file's name, from either place.
    fn name(&mut self, part: &mut imap_part<'a>) -> Result<(), NoMemory> {
        let found = find(part.disposition_parameters, "filename").or(find(part.parameters, "name"));
        if let Some(name) = found.get() {
            let base = parameter::base_name(name);
            // The directories are in front, so the name is the tail of the text.
            part.filename = match name.strip_suffix(base) {
                Some(before) if !base.is_empty() => found.tail(before.len()),
                _ => self.arena.text(base.as_bytes())?,
            };
        }
        Ok(())
    }

    /// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`, decoded (RFC 2231, RFC 2047).
    fn pairs(&mut self, value: &Value<'_>) -> Result<&'a imap_pairs<'a>, NoMemory> {
        if value.shape != Shape::List {
            return Ok(&imap_pairs::EMPTY);
        }
        let mut cursor = value.at.clone();
        cursor.take(b'(');
        let mut sent = Vec::new();
        while let (Some(name), Some(value)) = (cursor.astring(), cursor.nstring()) {
            let value = match value {
                Some(value) => value.bytes()?.into_owned(),
                None => Vec::new(),
            };
            sent.try_reserve(1)?;
            sent.push((name.bytes()?.into_owned(), value));
        }
        let mut slices = Vec::new();
        slices.try_reserve_exact(sent.len())?;
        slices.extend(sent.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
        let decoded = match parameter::is_plain(&slices) {
            true => sent
                .into_iter()
                .map(|(name, value)| Parameter { name: name.to_ascii_lowercase(), value })
                .collect(),
            false => parameter::decode(&slices)?,
        };
        let mut pairs = Few::new();
        for Parameter { name, value } in &decoded {
            pairs.push(
                self.arena.put(imap_pair { name: self.arena.text(name)?, value: self.arena.text(value)? })?,
            )?;
        }
        let (items, count) = pairs.list(self.arena)?;
        if count == 0 { Ok(&imap_pairs::EMPTY) } else { self.arena.put(imap_pairs { items, count }) }
    }

    /// Types that are missing, and subtypes that stand in their place.
    fn guessed_type(&self, kind: Option<&str>, subtype: Option<&str>) -> Result<Text<'a>, NoMemory> {
        const TYPES: [&str; 10] = [
            "text",
            "image",
            "audio",
            "video",
            "application",
            "message",
            "multipart",
            "model",
            "font",
            "chemical",
        ];
        match (kind, subtype) {
            (Some(kind), Some(subtype)) => self.media_type(kind, subtype),
            (Some("text"), None) => self.media_type("text", "plain"),
            (Some(kind), None) if TYPES.contains(&kind) => self.media_type(kind, "octet-stream"),
            (Some(subtype), None) | (None, Some(subtype)) => self.media_type("application", subtype),
            (None, None) => self.media_type("application", "octet-stream"),
        }
    }

    fn media_type(&self, kind: &str, subtype: &str) -> Result<Text<'a>, NoMemory> {
        const KNOWN: [(&str, &str, &std::ffi::CStr); 6] = [
            ("text", "plain", c"text/plain"),
            ("text", "html", c"text/html"),
            ("multipart", "alternative", c"multipart/alternative"),
            ("multipart", "mixed", c"multipart/mixed"),
            ("multipart", "related", c"multipart/related"),
            ("application", "octet-stream", c"application/octet-stream"),
        ];
        match KNOWN.iter().find(|known| known.0 == kind && known.1 == subtype) {
            Some(known) => Ok(Text::fixed(known.2)),
            None => self.arena.format(format_args!("{kind}/{subtype}")),
        }
    }

    /// A string in lower case, to be compared.
    fn word(&self, value: Option<&Value<'_>>) -> Result<Option<String>, NoMemory> {
        let Some(value) = value.filter(|value| value.shape == Shape::String) else { return Ok(None) };
        let Some(string) = value.at.clone().string() else { return Ok(None) };
        let bytes = string.bytes()?;
        Ok(Some(String::from_utf8_lossy(&bytes).to_ascii_lowercase()).filter(|word| !word.is_empty()))
    }

    fn text(&self, value: Option<&Value<'_>>) -> Result<Text<'a>, NoMemory> {
        match value.and_then(|value| value.at.clone().string()) {
            Some(string) => decode::text(self.arena, &string, false),
            None => Ok(Text::NONE),
        }
    }

    fn lower(&self, value: Option<&Value<'_>>) -> Result<Text<'a>, NoMemory> {
        const KNOWN: [(&[u8], &std::ffi::CStr); 6] = [
            (b"7bit", c"7bit"),
            (b"8bit", c"8bit"),
            (b"base64", c"base64"),
            (b"quoted-printable", c"quoted-printable"),
            (b"attachment", c"attachment"),
            (b"inline", c"inline"),
        ];
        let Some(string) = value.and_then(|value| value.at.clone().string()) else { return Ok(Text::NONE) };
        let bytes = string.bytes()?;
        match KNOWN.iter().find(|(name, _)| bytes.eq_ignore_ascii_case(name)) {
            Some((_, known)) => Ok(Text::fixed(known)),
            None if bytes.is_empty() => Ok(Text::NONE),
            None => decode::lower(self.arena, &super::cursor::Str::Literal(&bytes)),
        }
    }

    fn header(&self, value: Option<&Value<'_>>) -> Result<Text<'a>, NoMemory> {
        match value.and_then(|value| value.at.clone().string()) {
            Some(string) => Ok(decode::header(self.arena, string, false)?.text),
            None => Ok(Text::NONE),
        }
    }
}

/// The values up to the parenthesis that closes the list around them; all beyond the last are passed over.
fn cut<'b>(cursor: &mut Cursor<'b>) -> Vec<Value<'b>> {
    let mut values = Vec::new();
    while !cursor.is_at_end() && !cursor.is_next(b')') {
        let at = cursor.clone();
        let shape = match cursor.peek() {
            Some(b'(') => Shape::List,
            Some(b'"' | b'{' | b'~') => Shape::String,
            Some(byte) if byte.is_ascii_digit() => Shape::Number,
            _ => Shape::Nil,
        };
        if !cursor.skip_value() {
            break;
        }
        if values.len() < VALUES {
            values.push(Value { shape, at });
        }
    }
    values
}

/// The values of a list.
fn inside<'b>(value: &Value<'b>) -> Vec<Value<'b>> {
    let mut cursor = value.at.clone();
    cursor.take(b'(');
    cut(&mut cursor)
}

fn number(value: Option<&Value<'_>>) -> i64 {
    value.and_then(|value| value.at.clone().number()).map_or(-1, |number| number as i64)
}

fn find<'a>(pairs: &imap_pairs<'a>, name: &str) -> Text<'a> {
    let found = pairs.items.iter().find(|pair| pair.name.get() == Some(name));
    found.map_or(Text::NONE, |pair| pair.value)
}
