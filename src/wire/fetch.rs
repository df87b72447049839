//! FETCH responses (RFC 9051 section 7.5.2). What is broken costs itself: the rest of the message stays.

use super::cursor::{Cursor, Response};
use super::defect::Defects;
use super::scan::few_digits;
use super::{date, decode, envelope, extension, flags, known, response, section, structure, value};
use crate::error::NoMemory;
use crate::model::{
    Arena, Few, imap_defect_kind, imap_defect_kind::*, imap_details, imap_envelope, imap_flags, imap_item,
    imap_message, imap_section,
};

pub use super::structure::Limits;

/// What was asked for, so that what is missing can be told.
#[derive(Clone, Copy, Default)]
pub struct Asked {
    pub flags: bool,
    pub envelope: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { nesting: 64, addresses: 65536 }
    }
}

/// The UID, if the response tells it, without a look into the other items.
#[inline]
pub fn uid(response: &Response<'_>, rest: usize) -> Option<u32> {
    match response.bytes.get(rest..).and_then(first_uid) {
        Some((uid, _)) => Some(uid),
        None => uid_among_others(response, rest),
    }
}

/// `"(" "UID" SP uniqueid`, where servers put it; and how long that is.
#[inline]
fn first_uid(items: &[u8]) -> Option<(u32, usize)> {
    const BEFORE: &[u8] = b"(UID ";
    let (uid, digits) = few_digits(items.strip_prefix(BEFORE)?)?;
    Some((uid, BEFORE.len() + digits))
}

#[inline(never)]
fn uid_among_others(response: &Response<'_>, rest: usize) -> Option<u32> {
    let mut cursor = response.cursor(rest);
    loop {
        match cursor.peek()? {
            b'(' | b')' | b' ' => cursor.advance(1),
            _ => {
                let label = section::label(&mut cursor)?;
                if label.eq_ignore_ascii_case(b"UID") {
                    return cursor.number32();
                }
                if !cursor.skip_value() && cursor.peek()? != b')' {
                    return None;
                }
            }
        }
    }
}

/// The list of flags as sent, if the response has one.
pub fn flag_list<'b>(response: &Response<'b>, rest: usize) -> Option<&'b [u8]> {
    let mut cursor = response.cursor(rest);
    loop {
        match cursor.peek()? {
            b'(' | b')' | b' ' => cursor.advance(1),
            _ => {
                let is_flags = section::label(&mut cursor)?.eq_ignore_ascii_case(b"FLAGS");
                cursor.skip_spaces();
                let start = cursor.at();
                if !cursor.skip_value() && cursor.peek()? != b')' {
                    return None;
                }
                if is_flags {
                    return Some(cursor.since(start));
                }
            }
        }
    }
}

/// A FETCH response up to a literal whose bytes have not come.
pub struct Head<'b> {
    /// "BODY[1.2]"
    pub label: &'b [u8],
    /// None: not told before the literal.
    pub uid: Option<u32>,
    /// 0 for UIDFETCH.
    pub number: u32,
}

/// The section whose literal `response` ends with; None if it is no section's.
pub fn head<'b>(response: &Response<'b>) -> Option<Head<'b>> {
    let response::Head::Untagged { number: Some(number), name, rest, .. } = response::Head::of(response)
    else {
        return None;
    };
    let is_by_uid = name.eq_ignore_ascii_case(b"UIDFETCH");
    if !is_by_uid && !name.eq_ignore_ascii_case(b"FETCH") {
        return None;
    }
    let (mut uid, number) = if is_by_uid { (Some(number), 0) } else { (None, number) };
    let mut cursor = response.cursor(rest);
    loop {
        match cursor.peek()? {
            b'(' | b')' | b' ' => cursor.advance(1),
            _ => {
                let label = section::label(&mut cursor)?;
                cursor.skip_spaces();
                if is_last_marker(cursor.rest()) {
                    return section::is_section(label).then_some(Head { label, uid, number });
                }
                if label.eq_ignore_ascii_case(b"UID") {
                    uid = cursor.number32();
                } else if !cursor.skip_value() {
                    return None;
                }
            }
        }
    }
}

/// "{310}" and nothing behind it.
fn is_last_marker(rest: &[u8]) -> bool {
    let inner = rest.strip_prefix(b"~").unwrap_or(rest).strip_prefix(b"{");
    inner.is_some_and(|inner| !inner.contains(&b'\n') && !inner.contains(&b' '))
}

/// `message-data = nz-number SP "FETCH" SP msg-att`; `rest` is where msg-att begins.
pub fn message<'a>(
    response: &Response<'_>,
    number: u32,
    rest: usize,
    asked: Asked,
    limits: &Limits,
    arena: &'a Arena,
) -> Result<imap_message<'a>, NoMemory> {
    let named = imap_message { number, ..imap_message::EMPTY };
    Parser::new(named, limits, arena).parse(&mut response.cursor(rest), asked)
}

/// `message-data =/ nz-number SP "UIDFETCH" SP msg-att` (RFC 9586): the number is the UID.
pub fn uid_message<'a>(
    response: &Response<'_>,
    uid: u32,
    rest: usize,
    asked: Asked,
    limits: &Limits,
    arena: &'a Arena,
) -> Result<imap_message<'a>, NoMemory> {
    let named = imap_message { uid, ..imap_message::EMPTY };
    Parser::new(named, limits, arena).parse(&mut response.cursor(rest), asked)
}

struct Parser<'a> {
    message: imap_message<'a>,
    /// Once there is any.
    details: Option<imap_details<'a>>,
    sections: Few<'a, imap_section<'a>>,
    others: Few<'a, imap_item<'a>>,
    defects: Defects<'a>,
    limits: Limits,
    arena: &'a Arena,
}

impl<'a> Parser<'a> {
    fn new(message: imap_message<'a>, limits: &Limits, arena: &'a Arena) -> Parser<'a> {
        Parser {
            message,
            details: None,
            sections: Few::new(),
            others: Few::new(),
            defects: Defects::default(),
            limits: *limits,
            arena,
        }
    }

    fn parse(&mut self, cursor: &mut Cursor<'_>, asked: Asked) -> Result<imap_message<'a>, NoMemory> {
        self.items(cursor)?;
        self.finish(asked)
    }

    /// `msg-att = "(" msg-att-item *(SP msg-att-item) ")"`; parentheses round an item do no harm (Domino), items
    /// behind the last one are taken too (Xeams).
    fn items(&mut self, cursor: &mut Cursor<'_>) -> Result<(), NoMemory> {
        let mut depth = 0usize;
        if let Some((uid, length)) = first_uid(cursor.rest()).filter(|_| self.message.uid == 0) {
            self.message.uid = uid;
            cursor.advance(length);
            depth = 1;
        }
        loop {
            cursor.skip_spaces();
            match cursor.peek() {
                None => return Ok(()),
                Some(b'(') => {
                    depth += 1;
                    cursor.advance(1);
                }
                Some(b')') => {
                    cursor.advance(1);
                    depth = depth.saturating_sub(1);
                    if depth == 0 && !cursor.rest().trim_ascii().is_empty() {
                        let text = c"items follow the end of the list";
                        self.defects.note(
                            self.arena,
                            IMAP_DEFECT_SYNTAX,
                            cursor.at(),
                            text,
                            cursor.rest(),
                        )?;
                    }
                }
                Some(_) => match Name::next(cursor) {
                    Some((name, label)) => self.item(name, label, cursor)?,
                    None => cursor.advance(1),
                },
            }
        }
    }

    fn item(&mut self, name: Name, label: &[u8], cursor: &mut Cursor<'_>) -> Result<(), NoMemory> {
        let (start, at) = (cursor.mark(), cursor.at());
        let problem = match name {
            Name::Uid => self.uid(cursor),
            Name::Flags => self.flags(cursor)?,
            Name::Size => self.size(cursor),
            Name::Modseq => self.modseq(cursor),
            Name::InternalDate => self.internal_date(cursor)?,
            Name::Envelope => self.envelope(cursor)?,
            Name::Structure => self.structure(cursor)?,
            Name::Other => self.rarer_item(label, cursor)?,
        };
        if let Some((kind, text)) = problem {
            cursor.go_to(start);
            cursor.skip_value();
            self.defects.note(self.arena, kind, at, text, cursor.since(at))?;
        }
        Ok(())
    }

    fn rarer_item(&mut self, label: &[u8], cursor: &mut Cursor<'_>) -> Result<Problem, NoMemory> {
        if section::is_section(label) {
            return self.section(label, cursor);
        }
        if section::is_size(label) {
            return self.section_size(label, cursor);
        }
        let mut details = self.details.unwrap_or(imap_details::EMPTY);
        if let Some(problem) = extension::item(label, cursor, &mut details, self.arena)? {
            self.details = Some(details);
            return Ok(problem);
        }
        self.others.push(value::item(label, cursor, self.arena)?)?;
        Ok(None)
    }

    fn uid(&mut self, cursor: &mut Cursor<'_>) -> Problem {
        match cursor.number32() {
            // UIDFETCH has told it before.
            Some(uid) if self.message.uid != 0 && self.message.uid != uid => {
                Some((IMAP_DEFECT_FOREIGN, c"UID is another than the one before"))
            }
            Some(uid) => {
                self.message.uid = uid;
                None
            }
            None => Some((IMAP_DEFECT_NUMBER, c"UID is no number of 32 bits")),
        }
    }

    fn flags(&mut self, cursor: &mut Cursor<'_>) -> Result<Problem, NoMemory> {
        match flags::flags(cursor, self.arena) {
            Some(found) => {
                self.message.flags = Some(found?);
                Ok(None)
            }
            None => Ok(Some((IMAP_DEFECT_SYNTAX, c"FLAGS is no list"))),
        }
    }

    fn size(&mut self, cursor: &mut Cursor<'_>) -> Problem {
        match cursor.number() {
            Some(size) => {
                self.message.size = size as i64;
                None
            }
            None => Some((IMAP_DEFECT_NUMBER, c"RFC822.SIZE is no number of 63 bits")),
        }
    }

    /// `"MODSEQ" SP "(" permsg-modsequence ")"`; 0 says that there is none.
    fn modseq(&mut self, cursor: &mut Cursor<'_>) -> Problem {
        let has_list = cursor.take(b'(');
        match cursor.number().filter(|_| !has_list || cursor.take(b')')) {
            Some(modseq) => {
                self.message.modseq = if modseq == 0 { -1 } else { modseq as i64 };
                None
            }
            None => Some((IMAP_DEFECT_NUMBER, c"MODSEQ is no number of 63 bits")),
        }
    }

    fn internal_date(&mut self, cursor: &mut Cursor<'_>) -> Result<Problem, NoMemory> {
        let Some(sent) = cursor.nstring() else {
            return Ok(Some((IMAP_DEFECT_SYNTAX, c"INTERNALDATE is no string")));
        };
        let Some(sent) = sent else { return Ok(None) };
        let details = self.details.get_or_insert(imap_details::EMPTY);
        details.internal_date_text = decode::text(self.arena, &sent, cursor.is_clean)?;
        let bytes = sent.bytes()?;
        match date::parse_internal(&bytes) {
            Some(moment) => {
                self.message.internal_date = moment.seconds;
                details.internal_date_zone = moment.zone;
                Ok(None)
            }
            None => Ok(Some((IMAP_DEFECT_SYNTAX, c"INTERNALDATE is no date"))),
        }
    }

    fn envelope(&mut self, cursor: &mut Cursor<'_>) -> Result<Problem, NoMemory> {
        let found = envelope::envelope(cursor, self.limits.addresses, &mut self.defects, self.arena)?;
        self.message.envelope = found.or(Some(&imap_envelope::EMPTY));
        Ok(if found.is_none() { Some((IMAP_DEFECT_SYNTAX, c"ENVELOPE is no list")) } else { None })
    }

    fn structure(&mut self, cursor: &mut Cursor<'_>) -> Result<Problem, NoMemory> {
        match structure::parts(cursor, self.limits, &mut self.defects, self.arena)? {
            Some((parts, count)) => {
                let details = self.details.get_or_insert(imap_details::EMPTY);
                (details.parts, details.part_count) = (parts, count);
                Ok(None)
            }
            None => Ok(Some((IMAP_DEFECT_SYNTAX, c"BODYSTRUCTURE is no list"))),
        }
    }

    fn section(&mut self, label: &[u8], cursor: &mut Cursor<'_>) -> Result<Problem, NoMemory> {
        let (found, is_there) = section::section(label, cursor, self.arena)?;
        self.sections.push(found)?;
        if !is_there {
            let text = c"a section has no value";
            self.defects.note(self.arena, IMAP_DEFECT_SYNTAX, cursor.at(), text, label)?;
        }
        Ok(None)
    }

    /// `"BINARY.SIZE" section-binary SP number`
    fn section_size(&mut self, label: &[u8], cursor: &mut Cursor<'_>) -> Result<Problem, NoMemory> {
        let size = cursor.number();
        let size_known = size.map_or(-1, |size| size as i64);
        self.sections.push(section::sized(label, size_known, self.arena)?)?;
        Ok(if size.is_none() { Some((IMAP_DEFECT_NUMBER, c"BINARY.SIZE is no number")) } else { None })
    }

    fn finish(&mut self, asked: Asked) -> Result<imap_message<'a>, NoMemory> {
        if asked.flags && self.message.flags.is_none() {
            self.message.flags = Some(&NO_FLAGS);
            self.defects.note(
                self.arena,
                IMAP_DEFECT_MISSING,
                0,
                c"FLAGS were asked for and did not come",
                &[],
            )?;
        }
        if asked.envelope && self.message.envelope.is_none() {
            self.message.envelope = Some(&NO_ENVELOPE);
            let text = c"ENVELOPE was asked for and did not come";
            self.defects.note(self.arena, IMAP_DEFECT_MISSING, 0, text, &[])?;
        }
        if self.details.is_some()
            || !self.sections.is_empty()
            || !self.others.is_empty()
            || !self.defects.is_empty()
        {
            let mut details = self.details.unwrap_or(imap_details::EMPTY);
            (details.sections, details.section_count) =
                std::mem::take(&mut self.sections).list(self.arena)?;
            (details.others, details.other_count) = std::mem::take(&mut self.others).list(self.arena)?;
            (details.defects, details.defect_count) = std::mem::take(&mut self.defects).list(self.arena)?;
            self.message.details = self.arena.put(details)?;
        }
        Ok(self.message)
    }
}

/// `msg-att-item` by its name.
#[derive(Clone, Copy)]
enum Name {
    Uid,
    Flags,
    Size,
    Modseq,
    InternalDate,
    Envelope,
    Structure,
    Other,
}

impl Name {
    /// The next one, also as sent.
    fn next<'b>(cursor: &mut Cursor<'b>) -> Option<(Name, &'b [u8])> {
        let rest = cursor.rest();
        if let Some((name, length)) = Name::usual(rest) {
            cursor.advance(length);
            return Some((name, &rest[..length]));
        }
        section::label(cursor).map(|label| (Name::of(label), label))
    }

    /// As nearly all servers write them, a space behind; and how long it is.
    fn usual(sent: &[u8]) -> Option<(Name, usize)> {
        let is = |name: Name, label: &[u8]| sent.starts_with(label).then_some((name, label.len() - 1));
        match sent.first()? {
            b'U' => is(Name::Uid, b"UID "),
            b'F' => is(Name::Flags, b"FLAGS "),
            b'M' => is(Name::Modseq, b"MODSEQ "),
            b'E' => is(Name::Envelope, b"ENVELOPE "),
            b'R' => is(Name::Size, b"RFC822.SIZE "),
            b'I' => is(Name::InternalDate, b"INTERNALDATE "),
            b'B' => is(Name::Structure, b"BODYSTRUCTURE "),
            _ => None,
        }
    }

    fn of(label: &[u8]) -> Name {
        match known::folded(label, &mut [0; known::LONGEST]) {
            b"uid" => Name::Uid,
            b"flags" => Name::Flags,
            b"rfc822.size" => Name::Size,
            b"modseq" => Name::Modseq,
            b"internaldate" => Name::InternalDate,
            b"envelope" => Name::Envelope,
            b"bodystructure" | b"body" => Name::Structure,
            _ => Name::Other,
        }
    }
}

/// What was wrong with an item that is to be passed over.
pub(super) type Problem = Option<(imap_defect_kind, &'static std::ffi::CStr)>;

/// What stands for that which was asked for and did not come; another response may tell it.
static NO_FLAGS: imap_flags<'static> = imap_flags::EMPTY;
static NO_ENVELOPE: imap_envelope<'static> = imap_envelope::EMPTY;

/// The first that the server has told, else what stands for it.
fn told<'a, T>(new: Option<&'a T>, old: Option<&'a T>, nothing: &T) -> Option<&'a T> {
    new.filter(|new| !std::ptr::eq(*new, nothing)).or(old).or(new)
}

/// One message of two responses to the same request: the later one's items, the earlier one's where it has none.
pub fn merge<'a>(
    arena: &'a Arena,
    old: &imap_message<'a>,
    new: &imap_message<'a>,
) -> Result<imap_message<'a>, NoMemory> {
    let (a, b) = (old.details, new.details);
    let known = |new: i64, old: i64| if new == -1 { old } else { new };
    let mut details = imap_details {
        email_id: b.email_id.or(a.email_id),
        thread_id: b.thread_id.or(a.thread_id),
        preview: b.preview.or(a.preview),
        save_date: known(b.save_date, a.save_date),
        gmail_message_id: b.gmail_message_id.or(a.gmail_message_id),
        gmail_thread_id: b.gmail_thread_id.or(a.gmail_thread_id),
        gmail_labels: if b.gmail_labels.count > 0 { b.gmail_labels } else { a.gmail_labels },
        ..*b
    };
    if b.part_count == 0 {
        (details.parts, details.part_count) = (a.parts, a.part_count);
    }
    if b.annotation_count == 0 {
        (details.annotations, details.annotation_count) = (a.annotations, a.annotation_count);
    }
    if b.internal_date_text.is_none() {
        details.internal_date_text = a.internal_date_text;
        details.internal_date_zone = a.internal_date_zone;
    }
    let (mut sections, mut others, mut defects) = (Few::new(), Few::new(), Few::new());
    for section in a.sections.iter().chain(b.sections.iter()) {
        sections.push(section)?;
    }
    for other in a.others.iter().chain(b.others.iter()) {
        others.push(other)?;
    }
    let flags = told(new.flags, old.flags, &NO_FLAGS);
    let envelope = told(new.envelope, old.envelope, &NO_ENVELOPE);
    let lacks = flags.is_some_and(|flags| std::ptr::eq(flags, &NO_FLAGS))
        || envelope.is_some_and(|envelope| std::ptr::eq(envelope, &NO_ENVELOPE));
    let known_before = a.defects.iter().filter(|defect| defect.kind != IMAP_DEFECT_MISSING);
    let known_now = b.defects.iter().filter(|defect| lacks || defect.kind != IMAP_DEFECT_MISSING);
    for defect in known_before.chain(known_now) {
        defects.push(defect)?;
    }
    (details.sections, details.section_count) = sections.list(arena)?;
    (details.others, details.other_count) = others.list(arena)?;
    (details.defects, details.defect_count) = defects.list(arena)?;
    Ok(imap_message {
        uid: if new.uid == 0 { old.uid } else { new.uid },
        number: new.number,
        flags,
        modseq: known(new.modseq, old.modseq),
        size: known(new.size, old.size),
        internal_date: known(new.internal_date, old.internal_date),
        envelope,
        details: arena.put(details)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Message, Owned};

    fn parsed(bytes: &[u8]) -> Box<Owned<Message>> {
        let response = Response::new(bytes, &[]);
        let made: Result<_, NoMemory> = Owned::build(|arena| {
            message(&response, 1, 10, Asked { flags: true, envelope: true }, &Limits::default(), arena)
        });
        made.unwrap()
    }

    /// A multipart of so many levels with a text part inside.
    fn nested(levels: usize) -> Vec<u8> {
        let mut bytes = b"* 1 FETCH (BODYSTRUCTURE ".to_vec();
        bytes.extend(std::iter::repeat_n(b'(', levels));
        bytes.extend_from_slice(b"(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1)");
        for _ in 0..levels {
            bytes.extend_from_slice(b" \"MIXED\")");
        }
        bytes.extend_from_slice(b" UID 9)\r\n");
        bytes
    }

    #[test]
    fn nesting_without_end_costs_the_part_that_is_too_deep() {
        for (levels, parts, defects) in [(10, 11, 2), (63, 64, 2), (64, 65, 3), (100_000, 65, 3)] {
            let bytes = nested(levels);
            let owned = parsed(&bytes);
            let found = owned.get();
            assert_eq!(found.uid, 9);
            assert_eq!((found.details.part_count, found.details.defect_count), (parts, defects), "{levels}");
        }
    }

    #[test]
    fn what_was_asked_for_is_never_absent() {
        let owned = parsed(b"* 1 FETCH (UID 7)\r\n");
        let found = owned.get();
        assert_eq!(found.flags.and_then(|flags| flags.text.get()), Some(""));
        assert_eq!(found.envelope.and_then(|envelope| envelope.subject.get()), Some(""));
        let kinds: Vec<_> = found.details.defects.iter().map(|defect| defect.kind).collect();
        assert_eq!(kinds, [IMAP_DEFECT_MISSING; 2]);
    }

    #[test]
    fn the_uid_is_found_wherever_it_stands() {
        let uid_of = |bytes: &[u8]| uid(&Response::new(bytes, &[]), 10);
        assert_eq!(uid_of(b"* 1 FETCH (UID 7 FLAGS ())"), Some(7));
        assert_eq!(uid_of(b"* 1 FETCH (BODY[HEADER.FIELDS (UID)] {5}\r\nUID 3 FLAGS (a) UID 8)"), Some(8));
        assert_eq!(uid_of(b"* 1 FETCH (FLAGS (UID))"), None);
        assert_eq!(uid_of(b"* 1 FETCH ("), None);
    }
}
