//! Modified UTF-7, in which IMAP4rev1 writes mailbox names (RFC 3501 section 5.1.3), and the UTF-7 of mail
//! (RFC 2152) that it was made from.

#![forbid(unsafe_code)]

use crate::error::NoMemory;
use crate::wire::buffer::{append, append_char, append_utf8};
use memchr::memchr;

/// Decodes a mailbox name to UTF-8 (RFC 3501 section 5.1.3).
///
/// True if the name is valid, which is to say that `encode` gives the same bytes back. Otherwise what is
/// wrong is kept as it stands: broken or superfluous sections, control characters, raw UTF-8; only bytes
/// that are not UTF-8 become U+FFFD.
pub fn decode(encoded: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let mut is_valid = true;
    for piece in Pieces::of(encoded) {
        match piece {
            Piece::Direct(bytes) => {
                is_valid &= bytes.iter().copied().all(is_printable);
                append_utf8(out, bytes)?;
            }
            Piece::Ampersand => append(out, b"&")?,
            Piece::Shifted(base64) => {
                append_shifted(base64, b',', out)?;
            }
            Piece::Broken(bytes) => {
                is_valid = false;
                append(out, bytes)?;
            }
        }
    }
    Ok(is_valid)
}

/// The same with what superfluous sections and those that are not closed stand for: to compare names, not to show them.
pub fn decode_loosely(encoded: &[u8], out: &mut Vec<u8>) -> Result<(), NoMemory> {
    for piece in Pieces::of(encoded) {
        match piece {
            Piece::Direct(bytes) => drop(append_utf8(out, bytes)?),
            Piece::Ampersand => append(out, b"&")?,
            Piece::Shifted(base64) => drop(append_shifted(base64, b',', out)?),
            Piece::Broken(bytes) => {
                let base64 = base64_prefix(bytes.get(1..).unwrap_or_default(), b',');
                // Three characters are the fewest that make a unit.
                let is_text = base64.len() >= 3 && char::decode_utf16(units(base64, b',')).all(|c| c.is_ok());
                match is_text {
                    true => drop(append_shifted(base64, b',', out)?),
                    false => append(out, bytes)?,
                }
            }
        }
    }
    Ok(())
}

/// Encodes a mailbox name (RFC 3501 section 5.1.3). Control characters go into base64.
pub fn encode(text: &str, out: &mut Vec<u8>) -> Result<(), NoMemory> {
    let mut rest = text;
    while !rest.is_empty() {
        let direct = rest.bytes().take_while(|&b| is_printable(b) && b != b'&').count();
        let (head, tail) = rest.split_at(direct);
        append(out, head.as_bytes())?;
        if let Some(tail) = tail.strip_prefix('&') {
            append(out, b"&-")?;
            rest = tail;
            continue;
        }
        // Both splits fall before an ASCII byte or at the end, so on a character boundary.
        let (shifted, tail) = tail.split_at(tail.bytes().take_while(|&b| !is_printable(b)).count());
        if !shifted.is_empty() {
            encode_shifted(shifted, out)?;
        }
        rest = tail;
    }
    Ok(())
}

/// Whether a name is valid modified UTF-7, in the one form that `encode` makes.
pub fn is_valid(encoded: &[u8]) -> bool {
    Pieces::of(encoded).all(|piece| match piece {
        Piece::Direct(bytes) => bytes.iter().copied().all(is_printable),
        Piece::Ampersand | Piece::Shifted(_) => true,
        Piece::Broken(_) => false,
    })
}

/// Decodes the UTF-7 of mail (RFC 2152) as leniently as it can be; false if something was not valid.
pub fn decode_mail(bytes: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let mut is_valid = true;
    let mut rest = bytes;
    while let Some(at) = memchr(b'+', rest) {
        let (direct, shift) = rest.split_at(at);
        is_valid &= direct.is_ascii();
        append_utf8(out, direct)?;
        let base64 = base64_prefix(&shift[1..], b'/');
        rest = &shift[1 + base64.len()..];
        let is_closed = rest.first() == Some(&b'-');
        if is_closed {
            rest = &rest[1..];
        }
        if base64.is_empty() {
            append(out, b"+")?;
            is_valid &= is_closed;
        } else {
            is_valid &= is_whole(base64, b'/') & append_shifted(base64, b'/', out)?;
        }
    }
    is_valid &= rest.is_ascii();
    append_utf8(out, rest)?;
    Ok(is_valid)
}

/// The value of a base64 character, where `last` is the one for 63.
pub const fn sextet(byte: u8, last: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        _ if byte == last => Some(63),
        _ => None,
    }
}

enum Piece<'a> {
    /// Anything but "&".
    Direct(&'a [u8]),
    /// "&-"
    Ampersand,
    /// The valid base64 between "&" and "-".
    Shifted(&'a [u8]),
    /// From "&" on.
    Broken(&'a [u8]),
}

struct Pieces<'a> {
    rest: &'a [u8],
    /// A section that follows another at once should have been one with it.
    after_shifted: bool,
}

impl<'a> Pieces<'a> {
    fn of(encoded: &'a [u8]) -> Pieces<'a> {
        Pieces { rest: encoded, after_shifted: false }
    }

    fn take(&mut self, size: usize) -> &'a [u8] {
        let (piece, rest) = self.rest.split_at(size);
        self.rest = rest;
        piece
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let after_shifted = std::mem::take(&mut self.after_shifted);
        let shift = self.rest.strip_prefix(b"&");
        let Some(shift) = shift else {
            let size = memchr(b'&', self.rest).unwrap_or(self.rest.len());
            return if size == 0 { None } else { Some(Piece::Direct(self.take(size))) };
        };
        let base64 = base64_prefix(shift, b',');
        let is_closed = shift.get(base64.len()) == Some(&b'-');
        let section = self.take(1 + base64.len() + usize::from(is_closed));
        if !is_closed {
            return Some(Piece::Broken(section));
        }
        if base64.is_empty() {
            return Some(Piece::Ampersand);
        }
        self.after_shifted = true;
        if after_shifted || !is_canonical(base64) {
            return Some(Piece::Broken(section));
        }
        Some(Piece::Shifted(base64))
    }
}

/// The UTF-16 units in base64 without padding.
struct Units<'a> {
    base64: std::slice::Iter<'a, u8>,
    last: u8,
    bits: u32,
    count: u32,
}

fn units(base64: &[u8], last: u8) -> Units<'_> {
    Units { base64: base64.iter(), last, bits: 0, count: 0 }
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        while self.count < 16 {
            let value = sextet(*self.base64.next()?, self.last)?;
            self.bits = self.bits << 6 | u32::from(value);
            self.count += 6;
        }
        self.count -= 16;
        let unit = self.bits >> self.count;
        self.bits &= (1 << self.count) - 1;
        Some(unit as u16)
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn base64_prefix(bytes: &[u8], last: u8) -> &[u8] {
    let size = bytes.iter().take_while(|&&b| sextet(b, last).is_some()).count();
    &bytes[..size]
}

/// Whether base64 holds whole UTF-16 units and nothing but zeros behind them.
fn is_whole(base64: &[u8], last: u8) -> bool {
    let spare = match base64.len() % 8 {
        0 => 0,
        3 => 0b11,
        6 => 0b1111,
        _ => return false,
    };
    base64.last().and_then(|&b| sextet(b, last)).is_some_and(|value| value & spare == 0)
}

/// Whether a section is what `encode` would have made of its characters.
fn is_canonical(base64: &[u8]) -> bool {
    is_whole(base64, b',')
        && char::decode_utf16(units(base64, b',')).all(|c| c.is_ok_and(|c| !matches!(c, ' '..='~')))
}

/// False if there were surrogates without a partner.
fn append_shifted(base64: &[u8], last: u8, out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let mut is_valid = true;
    for c in char::decode_utf16(units(base64, last)) {
        is_valid &= c.is_ok();
        append_char(out, c.unwrap_or(char::REPLACEMENT_CHARACTER))?;
    }
    Ok(is_valid)
}

fn encode_shifted(text: &str, out: &mut Vec<u8>) -> Result<(), NoMemory> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    // No byte makes more than one unit, no unit more than three characters.
    out.try_reserve(text.len().saturating_mul(3).saturating_add(3))?;
    let (mut bits, mut count) = (0u32, 0u32);
    out.push(b'&');
    for unit in text.encode_utf16() {
        bits = bits << 16 | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            out.push(ALPHABET[(bits >> count & 63) as usize]);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(ALPHABET[(bits << (6 - count) & 63) as usize]);
    }
    out.push(b'-');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoded: &[u8]) -> (String, bool) {
        let mut out = Vec::new();
        let ok = decode(encoded, &mut out).unwrap();
        assert_eq!(ok, is_valid(encoded), "{encoded:?}");
        (String::from_utf8(out).unwrap(), ok)
    }

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        encode(text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_of_the_rfc_and_astral_characters() {
        for (text, name) in [
            ("", ""),
            ("INBOX", "INBOX"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe & Pläne", "Entw&APw-rfe &- Pl&AOQ-ne"),
            ("é&é", "&AOk-&-&AOk-"),
            ("😀", "&2D3eAA-"),
            ("\u{0}\t\u{7f}", "&AAAACQB,-"),
        ] {
            assert_eq!(encoded(text), name);
            assert_eq!(decoded(name.as_bytes()), (text.into(), true));
        }
    }

    #[test]
    fn what_is_not_valid_is_compared() {
        let loosely = |encoded: &str| {
            let mut out = Vec::new();
            decode_loosely(encoded.as_bytes(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        for (sent, meant) in [
            ("Entw&APw-rfe", "Entwürfe"),
            ("Entwürfe", "Entwürfe"),
            ("&AGE-b", "ab"),
            ("x &AOk", "x é"),
            ("&AOl-", "é"),
            ("&U,BTFw-&ZeVnLIqe-", "台北日本語"),
            ("a & b", "a & b"),
            ("R&D", "R&D"),
            ("&-", "&"),
            ("&2D0-", "&2D0-"),
        ] {
            assert_eq!(loosely(sent), meant, "{sent}");
        }
    }

    #[test]
    fn what_is_not_valid_is_kept() {
        for name in [
            "&",            // unfinished
            "&AOk",         // not closed
            "x &AOk y",     // not closed
            "&AGE-",        // "a" stands for itself
            "&ACY-",        // so does "&", as "&-"
            "&AOl-",        // bits left over
            "&AOkA-",       // half a unit
            "&A-",          // not even one
            "&2D0-",        // a lone high surrogate
            "&3gA-",        // a lone low one
            "&3gDYPQ-",     // a pair the wrong way round
            "Społeczności", // raw UTF-8
            "a\tb",         // a control character
            "&AOk/-",       // not the alphabet
        ] {
            assert_eq!(decoded(name.as_bytes()), (name.into(), false));
        }
        assert_eq!(decoded(b"&U,BTFw-&ZeVnLIqe-"), ("台北&ZeVnLIqe-".into(), false)); // RFC 3501: not permitted
        assert_eq!(decoded(b"a\xff&AOk-"), ("a\u{fffd}é".into(), false));
    }

    #[test]
    fn every_character_comes_back() {
        let (mut name, mut text) = (Vec::new(), Vec::new());
        let mut all = String::new();
        for c in '\0'..=char::MAX {
            name.clear();
            text.clear();
            encode(c.encode_utf8(&mut [0; 4]), &mut name).unwrap();
            assert!(name.is_ascii() && is_valid(&name));
            assert_eq!(decode(&name, &mut text), Ok(true));
            assert_eq!(text, c.encode_utf8(&mut [0; 4]).as_bytes());
            all.push(c);
        }
        assert_eq!(decoded(encoded(&all).as_bytes()), (all, true));
    }

    #[test]
    fn valid_is_what_encode_makes() {
        let mut seed = 1u32;
        for _ in 0..50_000 {
            let mut name = Vec::new();
            for _ in 0..seed >> 29 << 1 {
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                name.push(b"&&--AAOkU,B2D3e/ \xc3\xa9\x00~"[(seed >> 16) as usize % 21]);
            }
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            let (text, ok) = decoded(&name);
            assert_eq!(encoded(&text).as_bytes() == name, ok, "{name:?}");
        }
    }

    #[test]
    fn utf7_of_mail() {
        for (bytes, text, ok) in [
            (&b"Hi Mom -+Jjo--!"[..], "Hi Mom -\u{263a}-!", true), // RFC 2152
            (b"A+ImIDkQ.", "A\u{2262}\u{391}.", true),
            (b"1 +- 1", "1 + 1", true),
            (b"+2D3eAA-", "😀", true),
            (b"a+", "a+", false),
            (b"+2D0-\xff", "\u{fffd}\u{fffd}", false),
        ] {
            let mut out = Vec::new();
            assert_eq!(decode_mail(bytes, &mut out), Ok(ok));
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
