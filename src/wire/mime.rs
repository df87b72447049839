//! The text of header fields: encoded words (RFC 2047) as real mail has them, folding, raw 8-bit bytes.

#![forbid(unsafe_code)]

use crate::error::NoMemory;
use crate::model::is_printable;
use crate::wire::buffer::{append, append_char};
use crate::wire::charset::Charset;
use crate::wire::scan::first_of;
use crate::wire::utf7::sextet;

/// Decodes a header field's text for display: UTF-8 on one line, without control characters (RFC 2047).
///
/// Encoded words are decoded wherever they stand; those that are unfinished or of an unknown charset stay
/// as they are. Line ends are dropped, TAB becomes a space, other control characters U+FFFD. Raw bytes are
/// UTF-8 where that is valid, else windows-1252. False if something was not understood. At most three bytes
/// come of one.
pub fn decode_words(raw: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    decode_from(first_word(raw), raw, out)
}

/// The same where it is known where the first encoded word is, if there is one.
pub fn decode_from(first: Option<usize>, raw: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let mut is_clean = true;
    let mut words = Words::default();
    out.try_reserve(raw.len())?;
    // `done` is where the last word ended: text from there on is not yet copied.
    let (mut done, mut next) = (0, first);
    while let Some(at) = next {
        let from = match word(&raw[at..]) {
            Found::Word(word) => {
                let gap = &raw[done..at];
                if !gap.iter().all(u8::is_ascii_whitespace) || (done == 0 && at > 0) {
                    is_clean &= words.flush(out)? & clean(gap, out)?;
                }
                is_clean &= words.push(&word, out)?;
                done = at + word.size;
                done
            }
            found => {
                is_clean &= matches!(found, Found::Text);
                at + 2
            }
        };
        next = word_start(raw, from);
    }
    is_clean &= words.flush(out)?;
    if done < raw.len() {
        is_clean &= clean(&raw[done..], out)?;
    }
    Ok(is_clean)
}

/// Whether `decode_words` would change anything: false for printable ASCII without "=?".
pub fn needs_decoding(raw: &[u8]) -> bool {
    !is_printable(raw) || first_word(raw).is_some()
}

/// Where the first encoded word may be.
pub fn first_word(raw: &[u8]) -> Option<usize> {
    word_start(raw, 0)
}

/// The same without encoded words, for text that is not a header's: valid UTF-8 without control characters.
pub fn clean(raw: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    if is_printable(raw) {
        append(out, raw)?;
        return Ok(true);
    }
    let start = out.len();
    Ok(Charset::Guessed.decode(raw, out)? & scrub(out, start, LineEnds::Dropped)?)
}

/// Decodes `bytes` and takes the control characters, line ends among them, out of the text.
pub fn decode_charset(charset: Charset, bytes: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let start = out.len();
    Ok(charset.decode(bytes, out)? & scrub(out, start, LineEnds::Replaced)?)
}

/// The byte that two hexadecimal digits at the beginning of `bytes` stand for.
pub fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|&b| char::from(b).to_digit(16));
    Some((digit(0)? << 4 | digit(1)?) as u8)
}

struct Word<'a> {
    charset: Charset,
    is_base64: bool,
    text: &'a [u8],
    size: usize,
}

enum Found<'a> {
    Word(Word<'a>),
    /// It begins as a word does.
    Broken,
    Text,
}

/// Where "=?" stands, at `from` or behind.
fn word_start(raw: &[u8], from: usize) -> Option<usize> {
    let rest = raw.get(from..)?;
    let mut at = 0;
    loop {
        at += first_of(&rest[at..], [b'?'])?;
        if at > 0 && rest[at - 1] == b'=' {
            return Some(from + at - 1);
        }
        at += 1;
    }
}

/// `encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="`
///
/// The text may have spaces, "?" and raw 8-bit bytes in it, but no other word.
fn word(bytes: &[u8]) -> Found<'_> {
    const LONGEST_CHARSET: usize = 64;
    let label = &bytes[2..];
    let size = first_of(&label[..label.len().min(LONGEST_CHARSET)], [b'?']);
    let Some((label, rest)) = size.and_then(|size| label.split_at_checked(size)) else { return Found::Text };
    let known = Charset::usual(label);
    if known.is_none() && label.iter().any(|byte| !byte.is_ascii_graphic() || *byte == b'=') {
        return Found::Text;
    }
    let (is_base64, text) = match rest {
        [_, b'B' | b'b', b'?', text @ ..] => (true, text),
        [_, b'Q' | b'q', b'?', text @ ..] => (false, text),
        _ => return Found::Text,
    };
    let Some(text) = encoded_text(text) else { return Found::Broken };
    let is_valid = !is_base64 || are_sextets(text) || text.iter().all(|&b| is_base64_byte(b));
    match known.or_else(|| Charset::of(label)) {
        Some(charset) if is_valid && !label.is_empty() => {
            Found::Word(Word { charset, is_base64, text, size: 2 + label.len() + 3 + text.len() + 2 })
        }
        _ => Found::Broken,
    }
}

/// What stands before "?=", unless another word begins before that.
fn encoded_text(bytes: &[u8]) -> Option<&[u8]> {
    let mut from = 0;
    loop {
        let at = from + first_of(bytes.get(from..)?, [b'?'])?;
        if bytes.get(at + 1) == Some(&b'=') {
            return bytes.get(..at);
        }
        if at > 0 && bytes[at - 1] == b'=' {
            return None;
        }
        from = at + 1;
    }
}

/// Without padding, or with the padding that nearly all have.
fn are_sextets(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"=").unwrap_or(text);
    let text = text.strip_suffix(b"=").unwrap_or(text);
    text.iter().fold(0, |all, byte| all | SEXTETS[usize::from(*byte)]) < NONE
}

fn is_base64_byte(byte: u8) -> bool {
    SEXTETS[usize::from(byte)] < NONE || byte == b'=' || byte.is_ascii_whitespace()
}

/// The value of each base64 character; NONE for all others.
static SEXTETS: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut byte = 0;
    while byte < table.len() {
        if let Some(value) = sextet(byte as u8, b'/') {
            table[byte] = value;
        }
        byte += 1;
    }
    table
};
const NONE: u8 = 64;

/// Adjacent words of one charset, whose bytes are joined before they are decoded, since mailers cut
/// characters in two, and some cut the base64 itself. The bytes wait at the end of the text.
#[derive(Default)]
struct Words {
    charset: Option<Charset>,
    /// Where the bytes begin.
    start: usize,
    /// Base64 whose byte is not yet complete.
    bits: u32,
    count: u32,
}

impl Words {
    fn push(&mut self, word: &Word, out: &mut Vec<u8>) -> Result<bool, NoMemory> {
        let mut is_clean = true;
        // A word of UTF-7 need not close its last section.
        if self.charset != Some(word.charset) || word.charset == Charset::Utf7 {
            is_clean &= self.flush(out)?;
            (self.charset, self.start) = (Some(word.charset), out.len());
        }
        out.try_reserve(word.text.len() + 1)?;
        if word.is_base64 {
            self.push_base64(word.text, out);
        } else {
            is_clean &= self.end_base64();
            is_clean &= push_quoted(word.text, out);
        }
        Ok(is_clean)
    }

    /// The "B" encoding (RFC 2047 section 4.1). Padding may be missing, or stand in the middle.
    fn push_base64(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let mut rest = text;
        while let ([a, b, c, d, behind @ ..], 0) = (rest, self.count) {
            let [a, b, c, d] = [a, b, c, d].map(|byte| u32::from(SEXTETS[usize::from(*byte)]));
            if a | b | c | d >= u32::from(NONE) {
                break;
            }
            // The fourth byte is written over by the next three: one store in place of three.
            let three = a << 26 | b << 20 | c << 14 | d << 8;
            out.extend_from_slice(&three.to_be_bytes());
            out.truncate(out.len() - 1);
            rest = behind;
        }
        for &byte in rest {
            let value = SEXTETS[usize::from(byte)];
            if value == NONE {
                if byte == b'=' {
                    (self.bits, self.count) = (0, 0);
                }
                continue;
            }
            self.bits = self.bits << 6 | u32::from(value);
            self.count += 6;
            if self.count >= 8 {
                self.count -= 8;
                out.push((self.bits >> self.count) as u8);
                self.bits &= (1 << self.count) - 1;
            }
        }
    }

    /// False if there was half a byte too much.
    fn end_base64(&mut self) -> bool {
        let is_whole = self.count < 6;
        (self.bits, self.count) = (0, 0);
        is_whole
    }

    /// Makes text of the bytes.
    fn flush(&mut self, out: &mut Vec<u8>) -> Result<bool, NoMemory> {
        let is_whole = self.end_base64();
        let Some(charset) = self.charset.take() else { return Ok(true) };
        let bytes = &out[self.start..];
        if charset.is_text(bytes) {
            return Ok(scrub(out, self.start, LineEnds::Replaced)? & is_whole);
        }
        let mut taken = Vec::new();
        append(&mut taken, bytes)?;
        out.truncate(self.start);
        Ok(decode_charset(charset, &taken, out)? & is_whole)
    }
}

/// The "Q" encoding (RFC 2047 section 4.2). False if "=" stands without two digits: it is kept.
fn push_quoted(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut is_clean = true;
    // It becomes no longer: it is decoded where it stands then.
    let (mut from, mut to) = (out.len(), out.len());
    out.extend_from_slice(text);
    while let Some(&byte) = out.get(from) {
        from += 1;
        let mut meant = MEANT[usize::from(byte)];
        if meant == 0 {
            let pair = if byte == b'=' { hex_pair(&out[from..]) } else { None };
            from += if pair.is_some() { 2 } else { 0 };
            meant = match (byte, pair) {
                (b'\r' | b'\n', _) => continue,
                (_, Some(value)) => value,
                (_, None) => {
                    is_clean &= byte != b'=';
                    byte
                }
            };
        }
        out[to] = meant;
        to += 1;
    }
    out.truncate(to);
    is_clean
}

/// What a byte of the "Q" encoding means by itself; 0: look closer.
static MEANT: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = match byte as u8 {
            b'_' | b'\t' => b' ',
            b'=' | b'\r' | b'\n' => 0,
            other => other,
        };
        byte += 1;
    }
    table
};

#[derive(Clone, Copy, PartialEq)]
enum LineEnds {
    Dropped,
    Replaced,
}

/// Takes the control characters out of the UTF-8 from `start` on; false if some became U+FFFD.
fn scrub(out: &mut Vec<u8>, start: usize, line_ends: LineEnds) -> Result<bool, NoMemory> {
    // Without a way out on the first hit the compiler makes vector code of this.
    let may_be_control = |any, &b: &u8| any | (b < b' ') | (b == 0x7f) | (b == 0xc2);
    if !out[start..].iter().fold(false, may_be_control) {
        return Ok(true);
    }
    let Some(first) = control(&out[start..]) else { return Ok(true) };
    let mut is_clean = true;
    let mut text = Vec::new();
    append(&mut text, &out[start + first..])?;
    out.truncate(start + first);
    let mut rest = &text[..];
    while let Some(at) = control(rest) {
        append(out, &rest[..at])?;
        let byte = rest[at];
        // A C1 control character has two bytes.
        rest = &rest[at + if byte == 0xc2 { 2 } else { 1 }..];
        match byte {
            b'\t' => append(out, b" ")?,
            b'\r' | b'\n' if line_ends == LineEnds::Dropped => {}
            _ => {
                append_char(out, char::REPLACEMENT_CHARACTER)?;
                is_clean = false;
            }
        }
    }
    append(out, rest)?;
    Ok(is_clean)
}

/// Where the first control character of valid UTF-8 begins: C0, DEL or C1.
fn control(text: &[u8]) -> Option<usize> {
    let is_c1 = |at: usize| text.get(at + 1).is_some_and(|&next| next < 0xa0);
    text.iter().enumerate().position(|(at, &b)| b < b' ' || b == 0x7f || b == 0xc2 && is_c1(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(raw: &[u8]) -> (String, bool) {
        let mut out = Vec::new();
        let ok = decode_words(raw, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), ok)
    }

    fn understood(raw: &str, text: &str) {
        assert_eq!(decoded(raw.as_bytes()), (text.into(), true), "{raw}");
    }

    fn not_understood(raw: &[u8], text: &str) {
        assert_eq!(decoded(raw), (text.into(), false), "{raw:?}");
    }

    #[test]
    fn words_of_the_rfc() {
        understood("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>");
        understood("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen");
        understood(
            "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
            "If you can read this you understand the example.",
        );
        understood("(=?ISO-8859-1?Q?a?=)", "(a)");
        understood("(=?ISO-8859-1?Q?a?= b)", "(a b)");
        understood("(=?ISO-8859-1?Q?a?= \t =?ISO-8859-1?Q?b?=)", "(ab)");
        understood("(=?ISO-8859-1?Q?a_b?=)", "(a b)");
        understood("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)");
    }

    #[test]
    fn characters_and_base64_cut_in_two() {
        understood("=?utf-8?Q?na=C3?= =?UTF8?Q?=AFve?=", "naïve");
        understood("=?utf-8?B?w6nD?= =?utf-8*en?Q?=A9?=", "éé");
        understood("=?utf-8?B?w6n?= =?utf-8?B?DqQ==?=", "éé");
        understood("=?utf-8?B?w6k?= x", "é x");
        understood("=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=", "日本");
        understood("=?utf-7?Q?+AOk?= =?utf-7?Q?x?=", "éx");
    }

    #[test]
    fn words_as_mailers_write_them() {
        understood("\"=?utf-8?q?=C3=A9?=\"", "\"é\"");
        understood("a=?utf-8?Q?=c3=a9?=b", "aéb");
        understood("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab");
        understood("=?utf-8?Q?two words?=", "two words");
        understood("=?utf-8?Q?what??=", "what?");
        understood("=?UTF-8?Q?\"Dummy\"?=", "\"Dummy\"");
        understood("=?utf-8?Q??=", "");
        understood("=?utf-8?B?YQ==\r\n Yg==?=", "ab");
        understood("what =? and ?= mean", "what =? and ?= mean");
        understood("=?=?utf-8?Q?a?=", "=?a");
    }

    #[test]
    fn words_that_are_not_understood_are_kept() {
        for raw in [
            "=?utf-8?Q?unfinished",
            "=?klingon?Q?Qapla'?= =?klingon?Q?!?=",
            "=?utf-8?B?not base64!?=",
            "=??Q?no charset?=",
        ] {
            not_understood(raw.as_bytes(), raw);
        }
        not_understood(b"=?utf-8?Q?a =?utf-8?Q?b?=", "=?utf-8?Q?a b");
        not_understood(b"=?utf-8?Q?a?= =?klingon?Q?b?= =?utf-8?Q?c?=", "a =?klingon?Q?b?= c");
        not_understood(b"=?utf-8?Q?50=?=", "50=");
        not_understood(b"=?utf-8?Q?=C3?=x", "\u{fffd}x");
        not_understood(b"=?utf-8?B?YWJjZ?=", "abc");
    }

    #[test]
    fn folding_control_characters_and_raw_bytes() {
        understood("folded\r\n\ttwice\n over", "folded twice over");
        understood("Społeczności", "Społeczności");
        not_understood(b"Willk\xf6mmen \x80 \x81", "Willkömmen € \u{fffd}");
        not_understood(b"a\0b\x7fc\x1b[31m", "a\u{fffd}b\u{fffd}c\u{fffd}[31m");
        not_understood("a\u{85}b".as_bytes(), "a\u{fffd}b");
        not_understood(b"=?utf-8?Q?a=0D=0Ab=00=09c?=", "a\u{fffd}\u{fffd}b\u{fffd} c");
        not_understood(b"=?latin1?Q?=81?=", "\u{fffd}");
        let mut out = Vec::new();
        assert_eq!(clean(b"=?utf-8?Q?a?=\r\n\xe9", &mut out), Ok(false));
        assert_eq!(out, "=?utf-8?Q?a?=é".as_bytes());
    }

    #[test]
    fn plain_text_is_seen_as_such() {
        for raw in [&b""[..], b"Re: plain, a=b? yes", b"?=", b"~ !"] {
            assert!(!needs_decoding(raw));
        }
        for raw in [&b"=?"[..], b"x =?utf-8?", b"\t", b"\x7f", b"\xc3\xa9"] {
            assert!(needs_decoding(raw));
        }
    }

    fn check(raw: &[u8]) {
        let (text, _) = decoded(raw);
        assert!(text.len() <= 3 * raw.len() + 3);
        assert!(!text.chars().any(char::is_control), "{raw:?}");
        assert!(needs_decoding(raw) || text.as_bytes() == raw);
    }

    #[test]
    fn any_bytes_are_decoded_and_bounded() {
        let whole = b"x =?utf-8?Q?=C3=A9_?=\r\n =?UTF-8?B?w6k=?= =?gbk?b?xOO6ww==?= \xe9 =?utf-7?Q?+AOk-?=";
        for end in 0..whole.len() {
            check(&whole[..end]);
            check(&whole[end..]);
        }
        let parts =
            ["=?", "?=", "?", "=", "utf-8", "big5", "?Q?", "?B?", "=C3", "w6k", " ", "\r\n", "\0", "a"];
        let mut seed = 3u32;
        for round in 0..50_000 {
            let mut raw = Vec::new();
            for _ in 0..round % 24 {
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                match parts.get((seed >> 16) as usize % 16) {
                    Some(part) => raw.extend_from_slice(part.as_bytes()),
                    None => raw.push((seed >> 8) as u8),
                }
            }
            check(&raw);
        }
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        for part in [
            "=?",
            "=?utf-8?Q?",
            "=?utf-8?Q?a?=",
            "=?utf-8?B?YQ==",
            "=?utf-8?Q?a?= =?big5?Q?b?=",
            "?=",
            "\0",
            "=?a",
        ] {
            check(part.repeat(1_000_000 / part.len()).as_bytes());
        }
    }
}
