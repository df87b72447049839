//! BODY and BODYSTRUCTURE (RFC 9051 section 7.5.2), flat: each part before those inside it.
//!
//! Servers leave fields out, so a part is first cut into its values, and then read by where its size stands.

use std::borrow::Cow;

use super::cursor::{Cursor, Mark, Str};
use super::defect::Defects;
use super::known;
use super::parameter::{self, Parameter};
use super::plain::{Irregular, Plain};
use super::regular::{self, is_message};
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
    let mut structure = Structure { origin: cursor.clone(), parts: Few::new(), limits, defects, arena };
    let place = Place { section: Text::EMPTY, parent: -1, depth: 0, kind: Within::Message };
    structure.body(cursor, &place)?;
    structure.parts.list(arena).map(Some)
}

struct Structure<'a, 'b, 'd> {
    /// A cursor of this response, to be put to where a value begins.
    origin: Cursor<'b>,
    parts: Few<'a, imap_part<'a>>,
    limits: Limits,
    defects: &'d mut Defects<'a>,
    arena: &'a Arena,
}

/// Where a body stands: as the whole of a message, or as a numbered part of a multipart.
struct Place<'a> {
    /// "1.2"; "" for the root.
    section: Text<'a>,
    parent: i32,
    depth: usize,
    kind: Within,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Message,
    Multipart,
}

impl<'a> Place<'a> {
    /// A part that stands here.
    fn part(&self, section: Text<'a>) -> imap_part<'a> {
        imap_part { section, depth: self.depth as u32, parent: self.parent, ..imap_part::EMPTY }
    }

    /// Where a body stands that is in the part which stands here.
    fn within(&self, section: Text<'a>, own: usize, kind: Within) -> Place<'a> {
        Place { section, parent: i32::try_from(own).unwrap_or(i32::MAX), depth: self.depth + 1, kind }
    }

    /// A multipart that is all of a message has no number of its own: within another message it is fetched as
    /// its text.
    fn multipart_section(&self, arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
        match self.kind {
            Within::Message if self.section.is_empty() => Ok(Text::EMPTY),
            Within::Message => self.longer(arena, b"TEXT"),
            Within::Multipart => Ok(self.section),
        }
    }

    fn part_section(&self, arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
        match self.kind {
            Within::Message => self.child_section(1, arena),
            Within::Multipart => Ok(self.section),
        }
    }

    fn child_section(&self, number: usize, arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
        if let (true, Some(text)) = (self.section.is_empty(), known::digit(number)) {
            return Ok(text);
        }
        let (mut digits, mut at, mut left) = ([b'0'; 20], 20, number);
        while left > 0 {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        self.longer(arena, &digits[at..])
    }

    fn longer(&self, arena: &'a Arena, last: &[u8]) -> Result<Text<'a>, NoMemory> {
        match self.section.bytes() {
            Some(before) if !before.is_empty() => arena.joined_known([before, b".", last]),
            _ => arena.text_known(last),
        }
    }
}

/// One value of a part's list.
#[derive(Clone, Copy)]
enum Value<'b> {
    Nil,
    String(Str<'b>),
    /// It begins as a string and is none.
    Broken,
    /// -1: too large.
    Number(i64),
    List(Mark),
}

/// The values of a part. A part has seventeen fields at most; what is beyond belongs to its extension.
struct Values<'b> {
    values: [Value<'b>; VALUES],
    count: usize,
    /// Where the first of them begins.
    start: Cursor<'b>,
}

const VALUES: usize = 24;

impl<'b> Values<'b> {
    /// Those up to the parenthesis that closes the list around them; all beyond the last are passed over.
    fn cut(cursor: &mut Cursor<'b>) -> Values<'b> {
        let mut found = Values { values: [Value::Nil; VALUES], count: 0, start: cursor.clone() };
        while !cursor.is_next(b')') {
            let Some(value) = value_at(cursor) else { break };
            if let Some(place) = found.values.get_mut(found.count) {
                *place = value;
                found.count += 1;
            }
        }
        found
    }

    fn all(&self) -> &[Value<'b>] {
        &self.values[..self.count]
    }

    fn get(&self, at: usize) -> Value<'b> {
        self.all().get(at).copied().unwrap_or(Value::Nil)
    }

    /// A cursor where a value begins, if there is one.
    fn start(&self, at: usize) -> Option<Cursor<'b>> {
        let mut cursor = self.start.clone();
        (at < self.count && (0..at).all(|_| cursor.skip_value())).then_some(cursor)
    }
}

fn value_at<'b>(cursor: &mut Cursor<'b>) -> Option<Value<'b>> {
    if cursor.take_nil() {
        return Some(Value::Nil);
    }
    let start = cursor.mark();
    let value = match cursor.peek()? {
        b'(' => Value::List(start),
        b'"' | b'{' | b'~' => match cursor.string() {
            Some(string) => return Some(Value::String(string)),
            None => Value::Broken,
        },
        b'0'..=b'9' => {
            let number = cursor.number().map_or(-1, |number| number as i64);
            if matches!(cursor.peek(), Some(b' ' | b')')) {
                return Some(Value::Number(number));
            }
            Value::Number(number)
        }
        _ => Value::Nil,
    };
    cursor.go_to(start);
    cursor.skip_value().then_some(value)
}

/// Deeper than this the stack is not trusted, whatever the options say.
const DEEPEST: usize = 200;

impl<'a, 'b> Structure<'a, 'b, '_> {
    fn body(&mut self, cursor: &mut Cursor<'b>, place: &Place<'a>) -> Result<(), NoMemory> {
        let start = cursor.mark();
        if place.depth >= self.limits.nesting.min(DEEPEST) {
            cursor.skip_value();
            let section = place.part_section(self.arena)?;
            let own = self.reserve()?;
            self.settle(own, &mut place.part(section))?;
            let text = c"body parts are nested too deeply: cut here";
            return self.defect(IMAP_DEFECT_LIMIT, start, cursor, text);
        }
        cursor.take(b'(');
        if cursor.is_next(b'(') {
            self.multipart(cursor, place)?;
        } else {
            self.part(cursor, place, start)?;
        }
        while !cursor.is_at_end() && !cursor.take(b')') {
            if !cursor.skip_value() {
                cursor.advance(1);
            }
        }
        Ok(())
    }

    /// A place for a part before those inside it.
    fn reserve(&mut self) -> Result<usize, NoMemory> {
        self.parts.push(&imap_part::EMPTY)?;
        Ok(self.parts.len() - 1)
    }

    /// Puts a part, now that all of it is known, into its place.
    fn settle(&mut self, own: usize, part: &mut imap_part<'a>) -> Result<(), NoMemory> {
        Self::name(part);
        self.parts.set(own, self.arena.put(*part)?);
        Ok(())
    }

    fn defect(
        &mut self,
        kind: imap_defect_kind,
        start: Mark,
        end: &Cursor<'_>,
        text: &'static std::ffi::CStr,
    ) -> Result<(), NoMemory> {
        let start = self.cursor(start).at();
        self.defects.note(self.arena, kind, start, text, end.since(start))
    }

    /// A defect of all that begins at `start`.
    fn defect_of(
        &mut self,
        kind: imap_defect_kind,
        start: Mark,
        text: &'static std::ffi::CStr,
    ) -> Result<(), NoMemory> {
        let mut end = self.cursor(start);
        end.skip_value();
        self.defect(kind, start, &end, text)
    }

    /// `body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]`
    fn multipart(&mut self, cursor: &mut Cursor<'b>, place: &Place<'a>) -> Result<(), NoMemory> {
        let start = cursor.mark();
        let section = place.multipart_section(self.arena)?;
        let own = self.reserve()?;
        let mut number = 0;
        while cursor.is_next(b'(') {
            number += 1;
            let section = place.child_section(number, self.arena)?;
            self.body(cursor, &place.within(section, own, Within::Multipart))?;
        }
        let mut part = place.part(section);
        if !self.regular(regular::multipart, cursor, &mut part)? {
            part = place.part(section);
            let values = Values::cut(cursor);
            let subtype = word(values.get(0))?;
            part.media_type = self.media_type(b"multipart", subtype.as_deref().unwrap_or(b"mixed"))?;
            if self.multipart_rest(&mut part, &values, 1)? {
                let text = c"a multipart has something in place of its disposition";
                self.defect(IMAP_DEFECT_SYNTAX, start, cursor, text)?;
            }
        }
        self.settle(own, &mut part)
    }

    /// Lets `read` fill in a part. False: what stands there is otherwise, and the cursor still before it.
    fn regular(
        &self,
        read: fn(&mut Plain<'b>, &mut imap_part<'a>, &'a Arena) -> Result<(), Irregular>,
        cursor: &mut Cursor<'b>,
        part: &mut imap_part<'a>,
    ) -> Result<bool, NoMemory> {
        cursor.skip_spaces();
        let Some(mut sent) = cursor.as_plain() else { return Ok(false) };
        match read(&mut sent, part, self.arena) {
            Ok(()) => cursor.go_on(sent),
            Err(Irregular::Otherwise) => return Ok(false),
            Err(Irregular::NoMemory) => return Err(NoMemory),
        }
        Ok(true)
    }

    /// `body-ext-mpart = body-fld-param [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]`,
    /// from the value `first` on.
    fn multipart_rest(
        &mut self,
        part: &mut imap_part<'a>,
        values: &Values<'b>,
        first: usize,
    ) -> Result<bool, NoMemory> {
        self.parameters(part, values.get(first))?;
        let disposition = values.get(first + 1);
        let is_odd = match disposition {
            Value::String(string) => !is_disposition_word(&string.bytes()?),
            Value::Broken => true,
            _ => false,
        };
        if !is_odd {
            self.disposition(part, disposition)?;
        }
        self.trailer(part, values.get(first + 2), values.get(first + 3), values.start(first + 4))?;
        Ok(is_odd)
    }

    /// `body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]`
    fn part(&mut self, cursor: &mut Cursor<'b>, place: &Place<'a>, start: Mark) -> Result<(), NoMemory> {
        let mut part = place.part(place.part_section(self.arena)?);
        if !self.regular(regular::part, cursor, &mut part)? {
            let values = Values::cut(cursor);
            return self.irregular_part(&values, place, start);
        }
        let own = self.reserve()?;
        if is_message(&part) {
            self.rest_of_message(&mut part, own, cursor, place, start)?;
        }
        self.settle(own, &mut part)
    }

    /// `envelope SP body SP body-fld-lines [SP body-ext-1part]`, what is there of them.
    fn rest_of_message(
        &mut self,
        part: &mut imap_part<'a>,
        own: usize,
        cursor: &mut Cursor<'b>,
        place: &Place<'a>,
        start: Mark,
    ) -> Result<(), NoMemory> {
        if cursor.is_next(b'(') {
            let sent = cursor.clone();
            cursor.skip_value();
            if cursor.is_next(b'(') {
                self.message(part, own, sent, cursor, place)?;
            } else {
                *cursor = sent;
            }
        }
        if part.lines < 0 && cursor.is_next_digit() {
            part.lines = value_at(cursor).and_then(number).unwrap_or(-1);
        }
        let before = *part;
        if !self.regular(regular::rest, cursor, part)? {
            *part = before;
            let values = Values::cut(cursor);
            self.irregular_rest(part, &values, 0, start)?;
        }
        Ok(())
    }

    /// Fields are missing, or others: they are told by where the size stands.
    fn irregular_part(
        &mut self,
        values: &Values<'b>,
        place: &Place<'a>,
        start: Mark,
    ) -> Result<(), NoMemory> {
        let is_number = |value: &Value<'_>| matches!(value, Value::Number(_));
        let Some(size) = values.all().iter().position(is_number) else {
            return self.childless(values, place, start);
        };
        let before = |back: usize| size.checked_sub(back).map_or(Value::Nil, |at| values.get(at));
        let mut part = place.part(place.part_section(self.arena)?);
        // The subtype is the field that servers leave out: then all is one place to the left.
        let subtype_sent = if size >= 6 { values.get(1) } else { Value::Nil };
        let (kind, subtype) = (word(values.get(0))?, word(subtype_sent)?);
        let is_missing = kind.is_none() || subtype.is_none();
        part.media_type = self.guessed_type(kind.as_deref(), subtype.as_deref())?;
        self.parameters(&mut part, before(4))?;
        part.content_id = self.text(before(3))?;
        part.description = self.header(before(2))?;
        part.encoding = self.lower(before(1))?.or(Text::EMPTY);
        part.size = number(values.get(size)).unwrap_or(-1);
        let own = self.reserve()?;
        let mut rest = size + 1;
        if let (Value::List(sent), Value::List(body)) = (values.get(rest), values.get(rest + 1)) {
            if is_message(&part) {
                self.message(&mut part, own, self.cursor(sent), &mut self.cursor(body), place)?;
                rest += 2;
            }
        }
        if let Some(lines) = number(values.get(rest)) {
            part.lines = lines;
            rest += 1;
        }
        if is_missing {
            self.rest(&mut part, values, rest)?;
            self.defect_of(IMAP_DEFECT_MISSING, start, c"a body part lacks its type or subtype")?;
        } else {
            self.irregular_rest(&mut part, values, rest, start)?;
        }
        self.settle(own, &mut part)
    }

    /// The extension data, from the value `rest` on, and what is odd about them.
    fn irregular_rest(
        &mut self,
        part: &mut imap_part<'a>,
        values: &Values<'b>,
        rest: usize,
        start: Mark,
    ) -> Result<(), NoMemory> {
        self.rest(part, values, rest)?;
        if matches!(values.get(rest), Value::List(_)) {
            let text = c"a body part has fields that it should not have";
            self.defect_of(IMAP_DEFECT_SYNTAX, start, text)?;
        }
        Ok(())
    }

    fn rest(&mut self, part: &mut imap_part<'a>, values: &Values<'b>, rest: usize) -> Result<(), NoMemory> {
        part.md5 = self.text(values.get(rest))?;
        let is_exchanged =
            self.is_disposition(values.get(rest + 2)) && !self.is_disposition(values.get(rest + 1));
        let (disposition, languages) = if is_exchanged { (rest + 2, rest + 1) } else { (rest + 1, rest + 2) };
        self.disposition(part, values.get(disposition))?;
        self.trailer(part, values.get(languages), values.get(rest + 3), values.start(rest + 4))
    }

    /// The envelope and the body of a message within the message.
    fn message(
        &mut self,
        part: &mut imap_part<'a>,
        own: usize,
        mut sent: Cursor<'b>,
        body: &mut Cursor<'b>,
        place: &Place<'a>,
    ) -> Result<(), NoMemory> {
        let (most, section) = (self.limits.addresses, part.section);
        part.envelope = envelope::envelope(&mut sent, most, self.defects, self.arena)?;
        self.body(body, &place.within(section, own, Within::Message))
    }

    /// No size: a multipart without children, which some servers write in strange ways.
    fn childless(&mut self, values: &Values<'b>, place: &Place<'a>, start: Mark) -> Result<(), NoMemory> {
        let section = place.multipart_section(self.arena)?;
        let own = self.reserve()?;
        let mut part = place.part(section);
        let is_string = |value: &Value<'_>| matches!(value, Value::String(_) | Value::Broken);
        let first = values.all().iter().take(2).position(is_string);
        let subtype = first.map(|at| word(values.get(at))).transpose()?.flatten();
        part.media_type = self.media_type(b"multipart", subtype.as_deref().unwrap_or(b"mixed"))?;
        self.multipart_rest(&mut part, values, first.map_or(1, |at| at + 1))?;
        self.settle(own, &mut part)?;
        self.defect_of(IMAP_DEFECT_SYNTAX, start, c"a multipart has no parts")
    }

    /// `body-fld-lang [SP body-fld-loc *(SP body-extension)]`
    fn trailer(
        &mut self,
        part: &mut imap_part<'a>,
        languages: Value<'b>,
        location: Value<'b>,
        extension: Option<Cursor<'b>>,
    ) -> Result<(), NoMemory> {
        part.languages = self.languages(languages)?;
        part.location = self.text(location)?;
        if let Some(mut cursor) = extension {
            cursor.skip_spaces();
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

    fn cursor(&self, mark: Mark) -> Cursor<'b> {
        let mut cursor = self.origin.clone();
        cursor.go_to(mark);
        cursor
    }

    /// The inside of a list.
    fn inside(&self, list: Mark) -> Cursor<'b> {
        let mut cursor = self.cursor(list);
        cursor.take(b'(');
        cursor
    }

    /// Some servers exchange disposition and language.
    fn is_disposition(&self, value: Value<'b>) -> bool {
        let Value::List(list) = value else { return false };
        match self.inside(list).string() {
            Some(Str::Quoted(word) | Str::Literal(word)) => is_disposition_word(word),
            _ => false,
        }
    }

    /// `body-fld-dsp = "(" string SP body-fld-param ")" / nil`, or the string alone.
    fn disposition(&mut self, part: &mut imap_part<'a>, value: Value<'b>) -> Result<(), NoMemory> {
        let Value::List(list) = value else {
            part.disposition = self.lower(value)?;
            return Ok(());
        };
        let mut cursor = self.inside(list);
        let mut next = || if cursor.is_next(b')') { None } else { value_at(&mut cursor) };
        if let Some(word) = next() {
            part.disposition = self.lower(word)?;
        }
        if let Some(parameters) = next() {
            part.disposition_parameters = self.pairs(parameters)?;
        }
        Ok(())
    }

    /// `body-fld-lang = nstring / "(" string *(SP string) ")"`
    fn languages(&mut self, value: Value<'b>) -> Result<&'a imap_texts<'a>, NoMemory> {
        match value {
            Value::String(_) => self.arena.texts(&[self.text(value)?]),
            Value::List(list) => {
                let mut found = Vec::new();
                let mut cursor = self.inside(list);
                while !cursor.is_at_end() && !cursor.is_next(b')') {
                    let Some(value) = value_at(&mut cursor) else { break };
                    if let Value::String(_) = value {
                        found.try_reserve(1)?;
                        found.push(self.text(value)?);
                    }
                }
                self.arena.texts(&found)
            }
            _ => Ok(&imap_texts::EMPTY),
        }
    }

    fn parameters(&mut self, part: &mut imap_part<'a>, value: Value<'b>) -> Result<(), NoMemory> {
        part.parameters = self.pairs(value)?;
        part.charset = regular::value_of(part.parameters, b"charset");
        Ok(())
    }

    /// The file's name, from either place.
    fn name(part: &mut imap_part<'a>) {
        let found = regular::value_of(part.disposition_parameters, b"filename")
            .or(regular::value_of(part.parameters, b"name"));
        if let Some(name) = found.get() {
            part.filename = match parameter::base_name(name) {
                "" => Text::EMPTY,
                base => found.tail(name.len() - base.len()),
            };
        }
    }

    /// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`, decoded (RFC 2231, RFC 2047)
    fn pairs(&mut self, value: Value<'b>) -> Result<&'a imap_pairs<'a>, NoMemory> {
        let Value::List(list) = value else { return Ok(&imap_pairs::EMPTY) };
        let mut cursor = self.inside(list);
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
        let mut pairs = Few::new();
        for Parameter { name, value } in parameter::decode(&slices)? {
            let pair = imap_pair { name: self.arena.text(&name)?, value: self.arena.text(&value)? };
            pairs.push(self.arena.put(pair)?)?;
        }
        regular::listed(&pairs, self.arena)
    }

    /// Types that are missing, and subtypes that stand in their place.
    fn guessed_type(&self, kind: Option<&[u8]>, subtype: Option<&[u8]>) -> Result<Text<'a>, NoMemory> {
        const TYPES: [&[u8]; 10] = [
            b"text",
            b"image",
            b"audio",
            b"video",
            b"application",
            b"message",
            b"multipart",
            b"model",
            b"font",
            b"chemical",
        ];
        let is_type = |kind: &[u8]| TYPES.iter().any(|known| kind.eq_ignore_ascii_case(known));
        match (kind, subtype) {
            (Some(kind), Some(subtype)) => self.media_type(kind, subtype),
            (Some(kind), None) if kind.eq_ignore_ascii_case(b"text") => self.media_type(kind, b"plain"),
            (Some(kind), None) if is_type(kind) => self.media_type(kind, b"octet-stream"),
            (Some(subtype), None) | (None, Some(subtype)) => self.media_type(b"application", subtype),
            (None, None) => self.media_type(b"application", b"octet-stream"),
        }
    }

    fn media_type(&self, kind: &[u8], subtype: &[u8]) -> Result<Text<'a>, NoMemory> {
        regular::joined_type(kind, subtype, self.arena)
    }

    fn text(&self, value: Value<'b>) -> Result<Text<'a>, NoMemory> {
        match value {
            Value::String(string) => decode::text(self.arena, &string, self.origin.is_clean),
            _ => Ok(Text::NONE),
        }
    }

    fn lower(&self, value: Value<'b>) -> Result<Text<'a>, NoMemory> {
        let Value::String(string) = value else { return Ok(Text::NONE) };
        let bytes = string.bytes()?;
        if bytes.is_empty() { Ok(Text::NONE) } else { decode::lower(self.arena, &bytes) }
    }

    fn header(&self, value: Value<'b>) -> Result<Text<'a>, NoMemory> {
        match value {
            Value::String(string) => Ok(decode::header(self.arena, string, self.origin.is_clean)?.text),
            _ => Ok(Text::NONE),
        }
    }
}

/// A string that names something; None if it is empty or none.
fn word<'b>(value: Value<'b>) -> Result<Option<Cow<'b, [u8]>>, NoMemory> {
    let Value::String(string) = value else { return Ok(None) };
    let bytes = match string {
        Str::Quoted(bytes) | Str::Atom(bytes) | Str::Literal(bytes) => Cow::Borrowed(bytes),
        other => Cow::Owned(other.bytes()?.into_owned()),
    };
    Ok((!bytes.is_empty()).then_some(bytes))
}

/// Whether two lists behind the size are an envelope and a body. Some servers give these to every message/*.
fn is_disposition_word(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"attachment") || word.eq_ignore_ascii_case(b"inline")
}

fn number(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Number(number) => Some(number),
        _ => None,
    }
}
