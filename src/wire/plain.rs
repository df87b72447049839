//! The values of a response as nearly all servers write them: text without control characters, one space between two
//! values, strings in quotes and without backslashes. Whatever is written otherwise is left to the [`Cursor`].
//!
//! [`Cursor`]: super::cursor::Cursor

#![forbid(unsafe_code)]

use super::frame::literal_size;
use super::known::{self, Word};
use super::scan::{few_digits, first_of};
use crate::error::NoMemory;
use crate::model::vector;

/// What is left of a line that is clean text. It is small enough to stay in registers.
#[derive(Clone, Copy)]
pub struct Plain<'b> {
    rest: &'b [u8],
}

/// A string that may have encoded words in it.
#[derive(Clone, Copy)]
pub struct Words<'b> {
    pub bytes: &'b [u8],
    /// There is a "?": without one there is no encoded word.
    pub has_mark: bool,
}

/// It is written in another way.
pub struct Otherwise;

/// Why something was not made of plain values.
pub enum Irregular {
    Otherwise,
    NoMemory,
}

impl From<Otherwise> for Irregular {
    fn from(Otherwise: Otherwise) -> Irregular {
        Irregular::Otherwise
    }
}

impl From<NoMemory> for Irregular {
    fn from(NoMemory: NoMemory) -> Irregular {
        Irregular::NoMemory
    }
}

impl<'b> Plain<'b> {
    /// `rest` is clean text without line ends.
    pub fn new(rest: &'b [u8]) -> Plain<'b> {
        Plain { rest }
    }

    pub fn rest(self) -> &'b [u8] {
        self.rest
    }

    /// Goes on behind what was read of it.
    pub fn set_rest(&mut self, rest: &'b [u8]) {
        self.rest = rest;
    }

    /// Passes just these bytes.
    #[inline(always)]
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Otherwise> {
        self.rest = self.rest.strip_prefix(bytes).ok_or(Otherwise)?;
        Ok(())
    }

    pub fn is_next(self, bytes: &[u8]) -> bool {
        self.rest.starts_with(bytes)
    }

    /// `quoted = DQUOTE *QUOTED-CHAR DQUOTE`
    #[inline(always)]
    pub fn string(&mut self) -> Result<&'b [u8], Otherwise> {
        let inner = self.rest.strip_prefix(b"\"").ok_or(Otherwise)?;
        let end = end_of_string(inner).ok_or(Otherwise)?;
        let (string, behind) = inner.split_at_checked(end).ok_or(Otherwise)?;
        self.rest = behind.strip_prefix(b"\"").ok_or(Otherwise)?;
        Ok(string)
    }

    /// `nstring = string / nil`
    #[inline(always)]
    pub fn nstring(&mut self) -> Result<Option<&'b [u8]>, Otherwise> {
        if self.take(b"NIL").is_ok() { Ok(None) } else { self.string().map(Some) }
    }

    /// An `nstring` that may have encoded words in it.
    #[inline(always)]
    pub fn nwords(&mut self) -> Result<Option<Words<'b>>, Otherwise> {
        if self.take(b"NIL").is_ok() {
            return Ok(None);
        }
        let inner = self.rest.strip_prefix(b"\"").ok_or(Otherwise)?;
        let (end, has_mark) = end_of_words(inner).ok_or(Otherwise)?;
        let (bytes, behind) = inner.split_at_checked(end).ok_or(Otherwise)?;
        self.rest = behind.strip_prefix(b"\"").ok_or(Otherwise)?;
        Ok(Some(Words { bytes, has_mark }))
    }

    /// `number64`, the end of a value behind it.
    #[inline(always)]
    pub fn number(&mut self) -> Result<i64, Otherwise> {
        let few = few_digits(self.rest).map(|(number, digits)| (u64::from(number), digits));
        let (number, digits) = few.or_else(|| many_digits(self.rest)).ok_or(Otherwise)?;
        let behind = self.rest.get(digits..).ok_or(Otherwise)?;
        if !matches!(behind.first(), Some(b' ' | b')')) {
            return Err(Otherwise);
        }
        self.rest = behind;
        Ok(number as i64)
    }

    /// A string that is a word that many messages have, in any case.
    #[inline(always)]
    pub fn known(&mut self) -> Result<Word, Otherwise> {
        let (word, behind) = known::quoted(self.rest).ok_or(Otherwise)?;
        self.rest = behind;
        Ok(word)
    }
}

/// Where the first quote or backslash is.
#[inline(always)]
fn end_of_string(inner: &[u8]) -> Option<usize> {
    match inner.split_first_chunk() {
        None => end_of_rest(inner),
        Some((first, behind)) => match vector::hits(first, QUOTE_OR_BACKSLASH) {
            0 => end_of_rest(behind).map(|end| first.len() + end),
            hits => Some(hits.trailing_zeros() as usize),
        },
    }
}

#[inline(never)]
fn end_of_rest(inner: &[u8]) -> Option<usize> {
    first_of(inner, QUOTE_OR_BACKSLASH)
}

/// The same, and whether a "?" stands before it.
#[inline(never)]
fn end_of_words(inner: &[u8]) -> Option<(usize, bool)> {
    let (mut rest, mut has_mark) = (inner, false);
    while let Some((sixteen, behind)) = rest.split_first_chunk() {
        let (hits, marks) = (vector::hits(sixteen, QUOTE_OR_BACKSLASH), vector::hits(sixteen, [b'?']));
        if hits != 0 {
            // Those below the first hit.
            has_mark |= marks & !hits & (hits - 1) != 0;
            return Some((inner.len() - rest.len() + hits.trailing_zeros() as usize, has_mark));
        }
        has_mark |= marks != 0;
        rest = behind;
    }
    let end = first_of(rest, QUOTE_OR_BACKSLASH)?;
    Some((inner.len() - rest.len() + end, has_mark || rest[..end].contains(&b'?')))
}

const QUOTE_OR_BACKSLASH: [u8; 2] = [b'"', b'\\'];

/// The number that `rest` begins with, and how many digits it has; None if there is none or it needs more than 63 bits.
#[cold]
pub fn many_digits(rest: &[u8]) -> Option<(u64, usize)> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = literal_size(rest.get(..digits).filter(|digits| !digits.is_empty())?)?;
    Some((number, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_nearly_all_servers_write_them() {
        let mut sent = Plain::new(br#""a b" NIL "Text" 1234567 12345678901 1)"#);
        assert!(sent.take(b" ").is_err());
        assert_eq!(sent.string().ok(), Some(&b"a b"[..]));
        assert!(sent.take(b" ").is_ok());
        assert_eq!(sent.nstring().ok(), Some(None));
        assert!(sent.take(b" ").is_ok());
        assert_eq!(sent.known().ok().and_then(|word| word.text().get()), Some("text"));
        assert!(sent.take(b" ").is_ok());
        assert_eq!(sent.number().ok(), Some(1_234_567));
        assert!(sent.take(b" ").is_ok());
        assert_eq!(sent.number().ok(), Some(12_345_678_901));
        assert_eq!(sent.rest(), b" 1)");
        assert!(sent.take(b" ").is_ok());
        assert_eq!(sent.number().ok(), Some(1));
    }

    #[test]
    fn what_is_otherwise_is_left() {
        for other in [
            &b""[..],
            b"\"",
            b"\"open",
            br#""a\"b" "#,
            b"{3}",
            b"atom",
            b"12345678901234567890 ",
            b"-1 345678",
            b"12",
            b"12x 45678",
        ] {
            let mut sent = Plain::new(other);
            assert!(sent.nstring().is_err() && sent.number().is_err() && sent.known().is_err());
            assert_eq!(sent.rest(), other);
        }
    }
}
