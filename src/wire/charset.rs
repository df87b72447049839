//! Charsets by the names that mail gives them, to UTF-8.

#![forbid(unsafe_code)]

use crate::error::NoMemory;
use crate::wire::buffer::{append, append_char, append_utf8};
use crate::wire::{known, utf7};
use encoding_rs::*;

/// Decodes `bytes` to UTF-8; false if the charset is unknown, and then nothing is appended, or if the bytes
/// are not clean, and then there are U+FFFD or guesses in the text. At most three bytes come of one.
pub fn decode(charset: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    match Charset::of(charset) {
        Some(charset) => charset.decode(bytes, out),
        None => Ok(false),
    }
}

/// Encodes `text`; false, with nothing of use appended, if the charset is unknown or has not all of its characters.
pub fn encode(charset: &[u8], text: &str, out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let Some(known) = Charset::of(charset) else { return Ok(false) };
    let Charset::Encoding(encoding) = known else {
        append(out, text.as_bytes())?;
        return Ok(known == Charset::Guessed && text.is_ascii());
    };
    // By that name the Encoding Standard means windows-1252, which has more.
    let is_latin1 =
        encoding == WINDOWS_1252 && !charset.to_ascii_lowercase().windows(4).any(|part| part == b"1252");
    if encoding.output_encoding() != encoding || (is_latin1 && !text.chars().all(|c| u32::from(c) < 0x100)) {
        return Ok(false);
    }
    let mut encoder = encoding.new_encoder();
    let mut rest = text;
    loop {
        let mut buffer = [0; 1024];
        let (result, read, written) = encoder.encode_from_utf8_without_replacement(rest, &mut buffer, true);
        append(out, &buffer[..written])?;
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return Ok(true),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(_) => return Ok(false),
        }
    }
}

/// In UTF-8
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A charset that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// One of the Encoding Standard.
    Encoding(&'static Encoding),
    /// RFC 2152
    Utf7,
    /// None said, or US-ASCII, which says no more about 8-bit bytes: UTF-8 where it is valid, else
    /// windows-1252.
    Guessed,
}

impl Charset {
    /// Those that most mail has.
    pub fn usual(name: &[u8]) -> Option<Charset> {
        match known::folded(name, &mut [0; known::LONGEST]) {
            b"utf-8" => Some(Charset::Encoding(UTF_8)),
            b"iso-8859-1" => Some(Charset::Encoding(WINDOWS_1252)),
            _ => None,
        }
    }

    /// Looks a name up, in any case; the language of RFC 2231 ("utf-8*en") and quotes are cut off.
    pub fn of(name: &[u8]) -> Option<Charset> {
        if let Some(usual) = Charset::usual(name) {
            return Some(usual);
        }
        let name = name.split(|&b| b == b'*').next().unwrap_or(name);
        let name = name.strip_prefix(b"\"").unwrap_or(name);
        let name = name.strip_suffix(b"\"").unwrap_or(name).trim_ascii();
        let mut squeezed = [0; 40];
        let squeezed = squeeze(name, &mut squeezed)?;
        if matches!(
            squeezed,
            "" | "usascii"
                | "ascii"
                | "ansix341968"
                | "iso646us"
                | "unknown"
                | "xunknown"
                | "unknown8bit"
                | "8bit"
                | "7bit"
                | "binary"
                | "default"
                | "none"
        ) {
            return Some(Charset::Guessed);
        }
        Encoding::for_label_no_replacement(name)
            .or_else(|| Encoding::for_label_no_replacement(squeezed.as_bytes()))
            .map(Charset::Encoding)
            .or_else(|| alias(squeezed.strip_prefix('x').unwrap_or(squeezed)))
    }

    /// Whether `bytes` mean the same in UTF-8 for sure.
    pub fn is_text(self, bytes: &[u8]) -> bool {
        match self {
            Charset::Encoding(encoding) if encoding == UTF_8 => {
                std::str::from_utf8(bytes).is_ok() && !bytes.starts_with(BYTE_ORDER_MARK)
            }
            Charset::Encoding(encoding) => encoding.is_ascii_compatible() && bytes.is_ascii(),
            Charset::Utf7 | Charset::Guessed => false,
        }
    }

    /// Appends `bytes` as UTF-8; false if there are U+FFFD or guesses among it.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
        match self {
            Charset::Utf7 => utf7::decode_mail(bytes, out),
            Charset::Guessed => guess(bytes, out),
            Charset::Encoding(encoding) if encoding == UTF_8 => {
                append_utf8(out, bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes))
            }
            Charset::Encoding(_) if self.is_text(bytes) => {
                append(out, bytes)?;
                Ok(true)
            }
            Charset::Encoding(encoding) if encoding == ISO_2022_JP => decode_iso_2022_jp(bytes, out),
            Charset::Encoding(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
                feed(&mut encoding.new_decoder(), bytes, true, out)
            }
            Charset::Encoding(encoding) => {
                feed(&mut encoding.new_decoder_without_bom_handling(), bytes, true, out)
            }
        }
    }
}

/// What windows-1252 makes of a byte above 0x7F; U+FFFD where it has no character.
fn windows_1252(byte: u8) -> char {
    const C1: [char; 32] = [
        '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}',
        '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => C1[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Letters and digits only, in lower case: "UTF_8" and "utf-8" are "utf8". None if there are too many.
fn squeeze<'a>(name: &[u8], buffer: &'a mut [u8; 40]) -> Option<&'a str> {
    let mut size = 0;
    for byte in name.iter().filter(|b| b.is_ascii_alphanumeric()) {
        *buffer.get_mut(size)? = byte.to_ascii_lowercase();
        size += 1;
    }
    std::str::from_utf8(buffer.get(..size)?).ok()
}

/// Names that the Encoding Standard does not list.
fn alias(squeezed: &str) -> Option<Charset> {
    let encoding = match squeezed {
        "utf7" | "unicode11utf7" | "csunicode11utf7" | "unicode20utf7" | "cp65000" => {
            return Some(Charset::Utf7);
        }
        "utf8mb4" | "utf8sig" | "utf8n" => UTF_8,
        "ansi" | "latin" => WINDOWS_1252,
        "latin7" => ISO_8859_13,
        "latin8" => ISO_8859_14,
        "latin9" => ISO_8859_15,
        "latin10" => ISO_8859_16,
        "shiftjis" | "shiftjisx0213" => SHIFT_JIS,
        "eucjp" | "eucjpms" | "ujis" => EUC_JP,
        "iso2022jp" | "iso2022jp1" | "iso2022jp2" | "iso2022jp3" | "iso2022jpms" => ISO_2022_JP,
        "euckr" | "uhc" | "ksc56011987" | "ksc5601" => EUC_KR,
        "euccn" | "gb231280" => GBK,
        "big5hkscs" | "big5eten" => BIG5,
        "koi8r" => KOI8_R,
        "koi8u" => KOI8_U,
        "macroman" => MACINTOSH,
        "maccyrillic" => X_MAC_CYRILLIC,
        "tis620" => WINDOWS_874,
        _ => {
            let digits = squeezed.trim_start_matches(|c: char| c.is_ascii_lowercase());
            match &squeezed[..squeezed.len() - digits.len()] {
                "cp" | "windows" | "win" | "ms" | "ibm" | "codepage" => code_page(digits.parse().ok()?)?,
                _ => return None,
            }
        }
    };
    Some(Charset::Encoding(encoding))
}

fn code_page(number: u32) -> Option<&'static Encoding> {
    Some(match number {
        866 => IBM866,
        874 => WINDOWS_874,
        932 | 943 => SHIFT_JIS,
        936 | 1386 | 20936 | 51936 => GBK,
        949 | 1363 | 51949 => EUC_KR,
        950 => BIG5,
        1200 => UTF_16LE,
        1201 => UTF_16BE,
        1250 => WINDOWS_1250,
        1251 => WINDOWS_1251,
        1252 | 28591 => WINDOWS_1252,
        1253 => WINDOWS_1253,
        1254 | 28599 => WINDOWS_1254,
        1255 => WINDOWS_1255,
        1256 => WINDOWS_1256,
        1257 => WINDOWS_1257,
        1258 => WINDOWS_1258,
        10000 => MACINTOSH,
        10007 => X_MAC_CYRILLIC,
        20866 => KOI8_R,
        20932 | 51932 => EUC_JP,
        21866 => KOI8_U,
        28592 => ISO_8859_2,
        28593 => ISO_8859_3,
        28594 => ISO_8859_4,
        28595 => ISO_8859_5,
        28596 => ISO_8859_6,
        28597 => ISO_8859_7,
        28598 => ISO_8859_8,
        28603 => ISO_8859_13,
        28605 => ISO_8859_15,
        38598 => ISO_8859_8_I,
        50220..=50222 => ISO_2022_JP,
        54936 => GB18030,
        65001 => UTF_8,
        _ => return None,
    })
}

fn guess(bytes: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let mut is_clean = true;
    for chunk in bytes.utf8_chunks() {
        append(out, chunk.valid().as_bytes())?;
        for &byte in chunk.invalid() {
            append_char(out, windows_1252(byte))?;
            is_clean = false;
        }
    }
    Ok(is_clean)
}

/// The Encoding Standard makes U+FFFD of an escape sequence that follows another at once. Joined encoded
/// words have just that between them, so the first of two is left out.
fn decode_iso_2022_jp(bytes: &[u8], out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    const ESCAPE: u8 = 0x1b;
    let mut decoder = ISO_2022_JP.new_decoder_without_bom_handling();
    let mut is_clean = true;
    let mut start = 0;
    for at in memchr::memchr_iter(ESCAPE, bytes) {
        if let Some([_, b'(' | b'$', _, ESCAPE]) = bytes.get(at..at + 4) {
            is_clean &= feed(&mut decoder, &bytes[start..at], false, out)?;
            start = at + 3;
        }
    }
    is_clean &= feed(&mut decoder, &bytes[start..], true, out)?;
    Ok(is_clean)
}

/// Decodes a piece at a time, so that all growth is ours and may fail.
fn feed(decoder: &mut Decoder, bytes: &[u8], is_last: bool, out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    const PIECE: usize = 1024;
    let mut is_clean = true;
    let mut rest = bytes;
    loop {
        let start = out.len();
        // One character needs no more, so the decoder gets on.
        if out.capacity() - start < PIECE / 32 {
            out.try_reserve(rest.len().min(PIECE) * 3 + PIECE / 32)?;
        }
        out.resize(out.capacity().min(start + PIECE), 0);
        let (result, read, written, had_errors) = decoder.decode_to_utf8(rest, &mut out[start..], is_last);
        is_clean &= !had_errors;
        out.truncate(start + written);
        rest = &rest[read..];
        if result == CoderResult::InputEmpty {
            return Ok(is_clean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(charset: &str, bytes: &[u8]) -> (String, bool) {
        let mut out = Vec::new();
        let ok = decode(charset.as_bytes(), bytes, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), ok)
    }

    #[test]
    fn names_as_mail_writes_them() {
        for name in ["utf-8", "UTF8", " utf_8 ", "utf-8*en", "\"UTF-8\"", "cp65001"] {
            assert_eq!(Charset::of(name.as_bytes()), Some(Charset::Encoding(UTF_8)), "{name}");
        }
        for name in ["iso-8859-1", "ISO8859_1", "latin1", "Latin-1", "cp1252", "windows1252", "x-cp1252"] {
            assert_eq!(Charset::of(name.as_bytes()), Some(Charset::Encoding(WINDOWS_1252)), "{name}");
        }
        for name in ["", "us-ascii", "X-UNKNOWN", "unknown-8bit"] {
            assert_eq!(Charset::of(name.as_bytes()), Some(Charset::Guessed), "{name}");
        }
        assert_eq!(Charset::of(b"cp932"), Some(Charset::Encoding(SHIFT_JIS)));
        assert_eq!(Charset::of(b"ks_c_5601-1987"), Some(Charset::Encoding(EUC_KR)));
        assert_eq!(Charset::of(b"unicode-1-1-utf-7"), Some(Charset::Utf7));
        for name in ["klingon", "iso-2022-cn", "cp99999999999", "ebcdic", &"u".repeat(1000)] {
            assert_eq!(Charset::of(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn text_of_many_charsets() {
        for (charset, bytes, text) in [
            ("iso-8859-1", &b"\x80 na\xefve"[..], "€ naïve"),
            ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            ("windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
            ("gb2312", b"\xc4\xe3\xba\xc3", "你好"),
            ("shift_jis", b"\x93\xfa\x96{", "日本"),
            ("iso-2022-jp", b"\x1b$BF|\x1b(B\x1b$BK\\\x1b(B", "日本"),
            ("utf-16", b"\xfe\xff\x00A\x26\x3a", "A\u{263a}"),
            ("utf-16be", b"\x00A", "A"),
            ("utf-7", b"Hi +Jjo-", "Hi \u{263a}"),
            ("us-ascii", "naïve".as_bytes(), "naïve"),
            ("utf-8", b"\xef\xbb\xbfA", "A"),
        ] {
            assert_eq!(decoded(charset, bytes), (text.into(), true), "{charset}");
        }
        let long = "é".repeat(5000);
        assert_eq!(decoded("latin1", &[0xe9; 5000]), (long, true));
    }

    #[test]
    fn what_is_not_clean() {
        assert_eq!(decoded("klingon", b"Qapla'"), (String::new(), false));
        assert_eq!(decoded("utf-8", b"a\xc3"), ("a\u{fffd}".into(), false));
        assert_eq!(decoded("gbk", b"a\xc4"), ("a\u{fffd}".into(), false));
        assert_eq!(decoded("us-ascii", b"Willk\xf6mmen \x80\x81"), ("Willkömmen €\u{fffd}".into(), false));
    }

    #[test]
    fn any_bytes_are_decoded_and_bounded() {
        let names = ["utf-8", "utf-7", "utf-16", "big5", "euc-kr", "gb18030", "iso-2022-jp", "sjis", "8bit"];
        let mut seed = 7u32;
        for round in 0..20_000 {
            let mut bytes = Vec::new();
            for _ in 0..round % 40 {
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                bytes.push(if seed >> 31 == 0 {
                    b"\x1b$B(J+-A/"[(seed >> 8) as usize % 9]
                } else {
                    (seed >> 16) as u8
                });
            }
            let (text, _) = decoded(names[round % names.len()], &bytes);
            assert!(text.len() <= 3 * bytes.len() + 3);
        }
    }
}
