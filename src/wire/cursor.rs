//! A place in one complete response, and the few shapes that all of IMAP's grammar is made of.
//!
//! Lenient where servers are known to be careless: keywords in any case, more than one space, quotes that
//! were not escaped. What is not there is `None`; the caller says what that costs.

use std::cell::Cell;
use std::ops::Range;

use memchr::memchr;

use super::frame::{BIG_LITERAL, literal_size};
use super::plain::{Plain, many_digits};
use super::scan::{few_digits, first_of};
use crate::error::NoMemory;
use crate::model::{are_clean_lines, is_clean, printable};

/// One complete response without its line end.
#[derive(Clone, Copy)]
pub struct Response<'b> {
    pub bytes: &'b [u8],
    /// The literals of at least [`BIG_LITERAL`] bytes, in order; each may be taken once.
    pub big: &'b [Cell<Vec<u8>>],
    /// All of it is UTF-8 without control characters but line ends, so quoted strings need no check.
    pub is_clean: bool,
    /// It has no line ends either.
    pub is_one_line: bool,
}

impl<'b> Response<'b> {
    pub fn new(bytes: &'b [u8], big: &'b [Cell<Vec<u8>>]) -> Response<'b> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let is_one_line = match bytes.get(printable(bytes)) {
            None => true,
            Some(b'\r' | b'\n') => false,
            Some(_) => is_clean(bytes),
        };
        Response { bytes, big, is_clean: is_one_line || are_clean_lines(bytes), is_one_line }
    }

    /// One line of printable ASCII, with or without its CRLF.
    pub fn printable(line: &'b [u8]) -> Response<'b> {
        let bytes = line.strip_suffix(b"\r\n").unwrap_or(line);
        Response { bytes, big: &[], is_clean: true, is_one_line: true }
    }

    pub fn cursor(&self, at: usize) -> Cursor<'b> {
        Cursor {
            bytes: self.bytes,
            at: at.min(self.bytes.len()),
            big: self.big,
            next_big: 0,
            unclosed: 0..0,
            line: 0..if self.is_one_line { self.bytes.len() } else { 0 },
            is_line_clean: self.is_one_line,
            is_clean: self.is_clean,
            is_one_line: self.is_one_line,
        }
    }
}

/// A string as it stands in the response.
#[derive(Clone, Copy)]
pub enum Str<'b> {
    /// Quoted, without escapes; text if the response is clean.
    Quoted(&'b [u8]),
    /// Quoted, with escapes to be undone.
    Escaped(&'b [u8]),
    /// An atom in place of a string; text if the response is clean.
    Atom(&'b [u8]),
    /// Any bytes.
    Literal(&'b [u8]),
    /// A large literal, of so many bytes: whoever looks at them takes them away.
    Big(&'b Cell<Vec<u8>>, u64),
}

impl Str<'_> {
    /// Bytes as sent.
    pub fn size(&self) -> u64 {
        match self {
            Str::Quoted(bytes) | Str::Escaped(bytes) | Str::Atom(bytes) | Str::Literal(bytes) => {
                bytes.len() as u64
            }
            Str::Big(_, size) => *size,
        }
    }

    /// The bytes that are meant, escapes undone; of a large literal once.
    #[inline]
    pub fn bytes(&self) -> Result<std::borrow::Cow<'_, [u8]>, NoMemory> {
        use std::borrow::Cow;
        Ok(match self {
            Str::Quoted(bytes) | Str::Atom(bytes) | Str::Literal(bytes) => Cow::Borrowed(bytes),
            Str::Escaped(bytes) => Cow::Owned(unescape(bytes)?),
            Str::Big(bytes, _) => Cow::Owned(bytes.take()),
        })
    }
}

/// Undoes `\"` and `\\`.
pub fn unescape(bytes: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut plain = Vec::new();
    plain.try_reserve_exact(bytes.len())?;
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        let meant = if byte == b'\\' { rest.next().copied().unwrap_or(byte) } else { byte };
        plain.push(meant);
    }
    Ok(plain)
}

/// A place of a cursor.
#[derive(Clone, Copy)]
pub struct Mark {
    at: usize,
    next_big: usize,
}

#[derive(Clone)]
pub struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
    big: &'b [Cell<Vec<u8>>],
    next_big: usize,
    /// Quotes that stand here close nowhere: a second look for the end would cost as much as the first.
    unclosed: Range<usize>,
    /// No line ends here, as a look found, and whether it is clean text.
    line: Range<usize>,
    is_line_clean: bool,
    pub is_clean: bool,
    pub is_one_line: bool,
}

impl<'b> Cursor<'b> {
    pub fn at(&self) -> usize {
        self.at
    }

    /// Back to the beginning of the response.
    pub fn rewind(&mut self) {
        self.at = 0;
        self.next_big = 0;
    }

    /// Where it is now, to come back to.
    pub fn mark(&self) -> Mark {
        Mark { at: self.at, next_big: self.next_big }
    }

    pub fn go_to(&mut self, mark: Mark) {
        (self.at, self.next_big) = (mark.at, mark.next_big);
    }

    pub fn rest(&self) -> &'b [u8] {
        &self.bytes[self.at..]
    }

    /// What is left of the line, if it is clean text.
    #[inline(always)]
    pub fn as_plain(&mut self) -> Option<Plain<'b>> {
        if !self.line.contains(&self.at) {
            self.look_at_line();
        }
        self.is_line_clean.then(|| Plain::new(&self.bytes[self.at..self.line.end]))
    }

    /// Goes on where `plain`, which was left of the line, begins now.
    pub fn go_on(&mut self, plain: Plain<'b>) {
        self.at = self.line.end - plain.rest().len();
    }

    #[inline(never)]
    fn look_at_line(&mut self) {
        let rest = self.rest();
        let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
        self.line = self.at..self.at + line.len();
        self.is_line_clean = self.is_clean || is_clean(line.strip_suffix(b"\r").unwrap_or(line));
    }

    pub fn since(&self, start: usize) -> &'b [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub fn advance(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.bytes.len());
    }

    pub fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Whether `byte` is next, after any spaces.
    pub fn is_next(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        self.peek() == Some(byte)
    }

    pub fn is_next_digit(&mut self) -> bool {
        self.skip_spaces();
        self.peek().is_some_and(|byte| byte.is_ascii_digit())
    }

    /// Takes `byte`, after any spaces, if it is next.
    pub fn take(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes `word` in any case if it is next and ends there.
    pub fn take_word(&mut self, word: &[u8]) -> bool {
        self.skip_spaces();
        let Some(here) = self.rest().get(..word.len()) else { return false };
        let ends = self.rest().get(word.len()).is_none_or(|byte| !is_atom_byte(*byte));
        let is_next = ends && here.eq_ignore_ascii_case(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    /// `nil = "NIL"`
    #[inline(always)]
    pub fn take_nil(&mut self) -> bool {
        self.skip_spaces();
        if !matches!(self.peek(), Some(b'N' | b'n')) {
            return false;
        }
        let Some((name, after)) = self.rest().split_first_chunk() else { return false };
        let is_nil = (name == b"NIL" || name.eq_ignore_ascii_case(b"nil"))
            && after.first().is_none_or(|byte| !is_atom_byte(*byte));
        self.at += if is_nil { 3 } else { 0 };
        is_nil
    }

    /// `atom = 1*ATOM-CHAR`, and whatever servers put into one: all up to a space, a parenthesis, a quote.
    pub fn atom(&mut self) -> Option<&'b [u8]> {
        self.skip_spaces();
        let length = self.rest().iter().take_while(|byte| is_atom_byte(**byte)).count();
        if length == 0 {
            return None;
        }
        self.at += length;
        Some(self.since(self.at - length))
    }

    /// `number64 = 1*DIGIT`: None if there is none or it needs more than 63 bits.
    pub fn number(&mut self) -> Option<u64> {
        self.skip_spaces();
        if let Some((number, digits)) = few_digits(self.rest()) {
            self.at += digits;
            return Some(u64::from(number));
        }
        let (number, digits) = many_digits(self.rest())?;
        self.at += digits;
        Some(number)
    }

    /// `nz-number / "0"`: None if it needs more than 32 bits.
    pub fn number32(&mut self) -> Option<u32> {
        let start = self.at;
        let number = self.number().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.at = start;
        }
        number
    }

    /// `string = quoted / literal`
    #[inline]
    pub fn string(&mut self) -> Option<Str<'b>> {
        match self.plain() {
            Some(plain) => Some(Str::Quoted(plain)),
            None => self.odd_string(),
        }
    }

    #[inline(never)]
    fn odd_string(&mut self) -> Option<Str<'b>> {
        self.skip_spaces();
        match self.peek()? {
            b'"' => self.quoted_oddly(),
            b'{' => self.literal(),
            b'~' if self.rest().get(1) == Some(&b'{') => {
                self.at += 1;
                self.literal()
            }
            _ => None,
        }
    }

    /// `nstring = string / nil`: the outer None is neither.
    #[inline(always)]
    pub fn nstring(&mut self) -> Option<Option<Str<'b>>> {
        if self.take_nil() { Some(None) } else { self.string().map(Some) }
    }

    /// `astring = 1*ASTRING-CHAR / string`
    pub fn astring(&mut self) -> Option<Str<'b>> {
        match self.string() {
            Some(string) => Some(string),
            None => self.atom().map(Str::Atom),
        }
    }

    /// A quoted string as nearly all are: on a line of clean text, without quotes and backslashes in it.
    #[inline(never)]
    pub fn plain(&mut self) -> Option<&'b [u8]> {
        let mut sent = self.as_plain()?;
        // The space may be missing.
        let _ = sent.take(b" ");
        let plain = sent.string().ok()?;
        let ends = sent.rest().first().copied().is_none_or(may_follow_string);
        ends.then(|| {
            self.go_on(sent);
            plain
        })
    }

    /// `quoted = DQUOTE *QUOTED-CHAR DQUOTE`. A quote closes only where something may follow a string:
    /// servers forget to escape them.
    pub fn quoted(&mut self) -> Option<Str<'b>> {
        match self.plain() {
            Some(plain) => Some(Str::Quoted(plain)),
            None if self.is_next(b'"') => self.quoted_oddly(),
            None => None,
        }
    }

    /// The same with escapes, with quotes that should have been escaped, or in a response that has line ends.
    #[cold]
    fn quoted_oddly(&mut self) -> Option<Str<'b>> {
        if self.unclosed.contains(&self.at) {
            return None;
        }
        let start = self.at + 1;
        let mut end = self.string_byte(start)?;
        let mut has_escapes = false;
        while self.bytes[end] == b'\\' || !self.bytes.get(end + 1).copied().is_none_or(may_follow_string) {
            let is_escape = self.bytes[end] == b'\\';
            has_escapes |= is_escape;
            end = self.string_byte(end + 1 + usize::from(is_escape))?;
        }
        self.at = end + 1;
        let inner = &self.bytes[start..end];
        Some(if has_escapes { Str::Escaped(inner) } else { Str::Quoted(inner) })
    }

    /// Where the next quote or backslash of a string is; None: the line ends before.
    fn string_byte(&mut self, from: usize) -> Option<usize> {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let found = first_of(rest, [b'"', b'\\', b'\n']);
        match found.filter(|found| rest[*found] != b'\n') {
            Some(found) => Some(from + found),
            None => {
                self.unclosed = self.at..from + found.unwrap_or(rest.len());
                None
            }
        }
    }

    /// `literal = "{" number64 ["+"] "}" CRLF *CHAR8`
    pub fn literal(&mut self) -> Option<Str<'b>> {
        let start = self.at;
        let read = self.read_literal();
        if read.is_none() {
            self.at = start;
        }
        read
    }

    fn read_literal(&mut self) -> Option<Str<'b>> {
        let inner = self.rest().strip_prefix(b"{")?;
        let digits = inner.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count();
        let size = literal_size(inner.get(..digits).filter(|digits| !digits.is_empty())?)?;
        self.at += 1 + digits;
        let after = self.rest();
        let after = after.strip_prefix(b"+").unwrap_or(after).strip_prefix(b"}")?;
        let after = [&b"\r\n"[..], b"\n", b"  "].iter().find_map(|end| after.strip_prefix(*end))?;
        self.at = self.bytes.len() - after.len();
        if size >= BIG_LITERAL as u64 {
            let bytes = self.big.get(self.next_big)?;
            self.next_big += 1;
            return Some(Str::Big(bytes, size));
        }
        let bytes = after.get(..size as usize)?;
        self.at += bytes.len();
        self.skip_stray_line_end();
        Some(Str::Literal(bytes))
    }

    /// A literal that was counted short leaves a line end behind (Domino).
    fn skip_stray_line_end(&mut self) {
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
            self.at = self.bytes.len() - after.len();
        }
    }

    /// Passes one value of any shape, lists with all that is in them; false if there is none. A list that
    /// does not close ends with the response.
    pub fn skip_value(&mut self) -> bool {
        let mut depth = 0usize;
        loop {
            self.skip_spaces();
            match self.peek() {
                None => return depth > 0,
                Some(b'(') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b')') if depth == 0 => return false,
                Some(b')') => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b'"') => {
                    if self.quoted().is_none() {
                        self.at += 1;
                    }
                }
                Some(_) => {
                    if self.astring().is_none() {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return true;
            }
        }
    }
}

fn may_follow_string(next: u8) -> bool {
    matches!(next, b' ' | b')' | b']' | b'\r' | b'\n')
}

/// What an atom may hold here: everything but what surely ends one. Brackets, wildcards, backslashes and
/// 8-bit bytes stand in names that real servers send.
fn is_atom_byte(byte: u8) -> bool {
    !matches!(byte, b' ' | b'(' | b')' | b'"' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(bytes: &[u8]) -> Cursor<'_> {
        Response::new(bytes, &[]).cursor(0)
    }

    fn string(bytes: &[u8]) -> Option<Vec<u8>> {
        cursor(bytes).string().and_then(|string| string.bytes().ok().map(|bytes| bytes.into_owned()))
    }

    #[test]
    fn strings_as_servers_send_them() {
        assert_eq!(string(b"\"plain\" x").as_deref(), Some(&b"plain"[..]));
        assert_eq!(string(br#""a \"quoted\" \\ word")"#).as_deref(), Some(&br#"a "quoted" \ word"#[..]));
        assert_eq!(string(br#""_006_x_"" NIL"#).as_deref(), Some(&br#"_006_x_""#[..]));
        assert_eq!(string(br#""""" NIL"#).as_deref(), Some(&br#""""#[..]));
        assert_eq!(string(b"{3}\r\na\"b x").as_deref(), Some(&b"a\"b"[..]));
        assert_eq!(string(b"~{3}\na\0b").as_deref(), Some(&b"a\0b"[..]));
        assert_eq!(string(b"{0}\r\n)").as_deref(), Some(&b""[..]));
        assert_eq!(string(b"{4}\r\nabc"), None);
        assert_eq!(string(b"\"open"), None);
    }

    #[test]
    fn a_line_is_plain_by_itself() {
        let mut cursor = cursor(b"\"a\" {2}\r\n\xff\xfe \"b\" {1}\r\nx \"c\"");
        let start = cursor.mark();
        for _ in 0..2 {
            cursor.go_to(start);
            assert_eq!(cursor.plain(), Some(&b"a"[..]));
            assert_eq!(cursor.plain(), None);
            for (literal, behind) in [(&b"\xff\xfe"[..], &b"b"[..]), (b"x", b"c")] {
                assert!(matches!(cursor.string(), Some(Str::Literal(bytes)) if bytes == literal));
                assert_eq!(cursor.plain(), Some(behind));
            }
            assert!(cursor.is_at_end());
        }
    }

    #[test]
    fn values_are_skipped_whole() {
        let mut cursor = cursor(b"(a (b \"c)\") {2}\r\n() d) tail");
        assert!(cursor.skip_value());
        assert_eq!(cursor.rest(), b" tail");
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = vec![b'('; 1_000_000];
        assert!(cursor(&deep).skip_value());
    }
}
