//! Bodies as they were before they were encoded for mail (RFC 2045 section 6), undone piece by piece.

#![forbid(unsafe_code)]

use encoding_rs::{CoderResult, Decoder, UTF_8};

use super::charset::Charset;
use crate::error::NoMemory;

/// Undoes a content transfer encoding, and a charset if that is asked for.
pub struct Transfer {
    encoding: Encoding,
    charset: Option<Decoder>,
}

enum Encoding {
    Identity,
    Base64 { bits: u32, count: u32 },
    QuotedPrintable(Held),
}

/// What of quoted-printable waits for what follows it.
#[derive(Default)]
struct Held {
    /// "=" and at most one character behind it.
    escape: Vec<u8>,
    /// White space that falls away if the line ends behind it.
    spaces: Vec<u8>,
}

/// More white space than this is no padding.
const MOST_SPACES: usize = 1000;

impl Transfer {
    /// `encoding` as in Content-Transfer-Encoding, in any case; one that is not known is left as it is. `charset`:
    /// to UTF-8 from this one, None: not at all.
    pub fn new(encoding: &str, charset: Option<&[u8]>) -> Transfer {
        let encoding = match encoding.trim().to_ascii_lowercase().as_str() {
            "base64" => Encoding::Base64 { bits: 0, count: 0 },
            "quoted-printable" => Encoding::QuotedPrintable(Held::default()),
            _ => Encoding::Identity,
        };
        let decoder = charset.map(|name| match Charset::of(name) {
            Some(Charset::Encoding(encoding)) => encoding.new_decoder_with_bom_removal(),
            _ => UTF_8.new_decoder_with_bom_removal(),
        });
        Transfer { encoding, charset: decoder }
    }

    /// Appends what `bytes` are to `out`; `is_last`: nothing follows.
    pub fn decode(&mut self, bytes: &[u8], is_last: bool, out: &mut Vec<u8>) -> Result<(), NoMemory> {
        if self.charset.is_none() {
            return self.encoding.decode(bytes, is_last, out);
        }
        let mut decoded = Vec::new();
        self.encoding.decode(bytes, is_last, &mut decoded)?;
        let Some(charset) = &mut self.charset else { return Ok(()) };
        if decoded.is_empty() && !is_last {
            return Ok(());
        }
        let mut rest = decoded.as_slice();
        loop {
            let start = out.len();
            let room = charset.max_utf8_buffer_length(rest.len()).unwrap_or(4096).clamp(64, 64 * 1024);
            out.try_reserve(room)?;
            out.resize(start + room, 0);
            let (result, read, written, _) = charset.decode_to_utf8(rest, &mut out[start..], is_last);
            out.truncate(start + written);
            rest = &rest[read..];
            if result == CoderResult::InputEmpty {
                return Ok(());
            }
        }
    }
}

impl Encoding {
    fn decode(&mut self, bytes: &[u8], is_last: bool, out: &mut Vec<u8>) -> Result<(), NoMemory> {
        out.try_reserve(bytes.len() + MOST_SPACES)?;
        match self {
            Encoding::Identity => out.extend_from_slice(bytes),
            Encoding::Base64 { bits, count } => base64(bytes, bits, count, out),
            Encoding::QuotedPrintable(held) => quoted_printable(bytes, is_last, held, out),
        }
        Ok(())
    }
}

/// What is not of the alphabet is passed over; "=" ends a group, and another may follow.
fn base64(bytes: &[u8], bits: &mut u32, count: &mut u32, out: &mut Vec<u8>) {
    for byte in bytes {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                (*bits, *count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        *bits = *bits << 6 | u32::from(value);
        *count += 6;
        if *count >= 8 {
            *count -= 8;
            out.push((*bits >> *count) as u8);
        }
    }
}

fn quoted_printable(bytes: &[u8], is_last: bool, held: &mut Held, out: &mut Vec<u8>) {
    for &byte in bytes {
        if !held.escape.is_empty() && escaped(byte, held, out) {
            continue;
        }
        match byte {
            b'=' => {
                out.append(&mut held.spaces);
                held.escape.push(byte);
            }
            b' ' | b'\t' if held.spaces.len() < MOST_SPACES => held.spaces.push(byte),
            b'\r' | b'\n' => {
                held.spaces.clear();
                out.push(byte);
            }
            _ => {
                out.append(&mut held.spaces);
                out.push(byte);
            }
        }
    }
    if is_last {
        out.append(&mut held.escape);
    }
}

/// Whether `byte` belongs to the escape that has begun; one that is none is kept as it stands.
fn escaped(byte: u8, held: &mut Held, out: &mut Vec<u8>) -> bool {
    match (held.escape.as_slice(), byte) {
        // A soft line break, perhaps with white space before its end.
        (b"=", b' ' | b'\t') => true,
        (b"=", b'\r') => {
            held.escape.push(byte);
            true
        }
        (b"=" | b"=\r", b'\n') => {
            held.escape.clear();
            true
        }
        (b"=", _) if byte.is_ascii_hexdigit() => {
            held.escape.push(byte);
            true
        }
        (&[b'=', high], _) if high != b'\r' && byte.is_ascii_hexdigit() => {
            let digit = |hex: u8| (hex as char).to_digit(16).unwrap_or(0) as u8;
            out.push(digit(high) << 4 | digit(byte));
            held.escape.clear();
            true
        }
        _ => {
            out.append(&mut held.escape);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same at every split into two, and byte by byte.
    fn decoded(encoding: &str, charset: Option<&str>, bytes: &[u8]) -> String {
        let run = |pieces: &[&[u8]]| {
            let mut transfer = Transfer::new(encoding, charset.map(str::as_bytes));
            let mut out = Vec::new();
            for piece in pieces {
                transfer.decode(piece, false, &mut out).unwrap();
            }
            transfer.decode(&[], true, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let whole = run(&[bytes]);
        for at in 0..bytes.len() {
            assert_eq!(run(&[&bytes[..at], &bytes[at..]]), whole, "split at {at}");
        }
        assert_eq!(run(&bytes.chunks(1).collect::<Vec<_>>()), whole);
        whole
    }

    #[test]
    fn base64_as_it_comes() {
        assert_eq!(decoded("BASE64", None, b"SGVs\r\nbG8g d29y\r\nbGQ="), "Hello world");
        assert_eq!(decoded("base64", None, b"SGk=SGk="), "HiHi");
        assert_eq!(decoded("base64", None, b"SGk"), "Hi");
    }

    #[test]
    fn quoted_printable_as_it_comes() {
        assert_eq!(decoded("quoted-printable", None, b"a=3Db=\r\nc  \r\nd"), "a=bc\r\nd");
        assert_eq!(decoded("quoted-printable", None, b"soft= \r\nbreak=\nx"), "softbreakx");
        assert_eq!(decoded("quoted-printable", None, b"kept =ZZ =4 ="), "kept =ZZ =4 =");
        assert_eq!(decoded("quoted-printable", None, b"=c3=a9 \t x"), "é \t x");
    }

    #[test]
    fn text_becomes_utf_8() {
        assert_eq!(decoded("quoted-printable", Some("iso-8859-1"), b"caf=E9"), "café");
        assert_eq!(decoded("base64", Some("shift_jis"), b"k/qWe4zq"), "日本語");
        assert_eq!(decoded("7bit", Some("utf-8"), "naïve".as_bytes()), "naïve");
        assert_eq!(decoded("8bit", Some("no-such"), b"plain \xff"), "plain \u{fffd}");
        assert_eq!(decoded("x-own", None, b"as=20is"), "as=20is");
    }
}
