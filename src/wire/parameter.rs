//! Parameters of MIME fields (RFC 2045 section 5.1), with the continuations and charsets of RFC 2231.

#![forbid(unsafe_code)]

use crate::error::NoMemory;
use crate::model::Text;
use crate::wire::buffer::append;
use crate::wire::charset::Charset;
use crate::wire::mime;
use std::cmp::Ordering;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// UTF-8, in lower case, without the "*0*" of RFC 2231.
    pub name: Vec<u8>,
    /// UTF-8, decoded, without control characters.
    pub value: Vec<u8>,
}

/// Decodes the names and values of a body-fld-param (RFC 3501 section 9), in the order in which the names
/// first appear.
///
/// Of `name*`, `name*0 name*1 ...` and `name` the first that is there counts. Encoded words (RFC 2047) do not
/// belong into parameters, but mailers put them there. A value in an unknown charset stays as it is.
pub fn decode(pairs: &[(&[u8], &[u8])]) -> Result<Vec<Parameter>, NoMemory> {
    let mut sections = Vec::new();
    sections.try_reserve(pairs.len())?;
    sections.extend(pairs.iter().enumerate().map(|(index, (name, value))| Section::new(name, value, index)));
    sections.sort_unstable_by(Section::compare);

    let mut groups = Vec::new();
    groups.try_reserve(sections.len())?;
    groups.extend(
        sections
            .chunk_by(|a, b| a.name.eq_ignore_ascii_case(b.name))
            .map(|group| (group.iter().map(|section| section.index).min(), group)),
    );
    groups.sort_unstable_by_key(|&(first, _)| first);

    let mut parameters = Vec::new();
    parameters.try_reserve(sections.len())?;
    for (_, group) in groups {
        decode_group(group, &mut parameters)?;
    }
    Ok(parameters)
}

/// Whether a name says nothing of how its value is written.
pub fn is_plain_name(name: &[u8]) -> bool {
    !name.contains(&b'*') && !mime::needs_decoding(name)
}

/// Whether a value that is clean text means itself under a plain name, but for encoded words.
pub fn is_plain_value(name: Text<'_>, value: &[u8]) -> bool {
    let is_file_name = name.is(b"filename") || name.is(b"name");
    !is_file_name || extended_value(value).is_none()
}

/// The last component of a file name, whatever slashes its sender uses: its tail, or empty if that is "." or "..".
pub fn base_name(filename: &str) -> &str {
    let slash = filename.bytes().rposition(|byte| matches!(byte, b'/' | b'\\'));
    let base = slash.map_or(filename, |at| &filename[at + 1..]);
    // Windows drops spaces and dots at the end.
    if base.trim_matches(|c: char| c == '.' || c.is_whitespace()).is_empty() { "" } else { base }
}

/// One attribute, which may be a piece of a parameter.
#[derive(Clone, Copy)]
struct Section<'a> {
    name: &'a [u8],
    number: Number,
    is_extended: bool,
    value: &'a [u8],
    index: usize,
}

/// In the order of preference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Number {
    /// `name*`
    Whole,
    /// `name*7`, `name*7*`
    Part(u32),
    /// `name`
    Plain,
}

impl<'a> Section<'a> {
    /// `attribute [ "*" 1*DIGIT ] [ "*" ]` (RFC 2231 section 7). Anything else is a plain name.
    fn new(attribute: &'a [u8], value: &'a [u8], index: usize) -> Section<'a> {
        let (rest, is_extended) = match attribute.strip_suffix(b"*") {
            Some(rest) => (rest, true),
            None => (attribute, false),
        };
        let part = rest.iter().rposition(|&b| b == b'*').and_then(|star| {
            let number = rest.get(star + 1..).and_then(part_number)?;
            Some((rest.get(..star)?, Number::Part(number)))
        });
        let (name, number) = match part {
            Some(part) => part,
            None if is_extended => (rest, Number::Whole),
            None => (attribute, Number::Plain),
        };
        Section { name, number, is_extended, value, index }
    }

    fn compare(&self, other: &Section) -> Ordering {
        let lower = |name: &'a [u8]| name.iter().map(u8::to_ascii_lowercase);
        lower(self.name)
            .cmp(other.name.iter().map(u8::to_ascii_lowercase))
            .then(self.number.cmp(&other.number))
            .then(self.index.cmp(&other.index))
    }
}

fn part_number(digits: &[u8]) -> Option<u32> {
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Decodes the sections of one name, sorted.
fn decode_group(group: &[Section], parameters: &mut Vec<Parameter>) -> Result<(), NoMemory> {
    let Some(first) = group.first() else { return Ok(()) };
    match first.number {
        Number::Whole => push(first.name, decode_sections(&group[..1])?, parameters),
        Number::Part(_) => {
            let parts = group.partition_point(|section| section.number < Number::Plain);
            push(first.name, decode_sections(&group[..parts])?, parameters)
        }
        Number::Plain => {
            for section in group {
                push(section.name, decode_plain(section.name, section.value)?, parameters)?;
            }
            Ok(())
        }
    }
}

fn push(name: &[u8], value: Vec<u8>, parameters: &mut Vec<Parameter>) -> Result<(), NoMemory> {
    let mut clean_name = Vec::new();
    mime::clean(name, &mut clean_name)?;
    clean_name.make_ascii_lowercase();
    parameters.try_reserve(1)?;
    parameters.push(Parameter { name: clean_name, value });
    Ok(())
}

/// Joins the sections of one parameter. Of two with one number the first counts; a gap is passed over.
fn decode_sections(sections: &[Section]) -> Result<Vec<u8>, NoMemory> {
    let mut joined = Vec::new();
    let Some(first) = sections.first() else { return Ok(joined) };
    let unique = || sections.chunk_by(|a, b| a.number == b.number).filter_map(|same| same.first());
    if !unique().any(|section| section.is_extended) || first.value.starts_with(b"=?") {
        for section in unique() {
            append(&mut joined, section.value)?;
        }
        return decode_plain(first.name, &joined);
    }
    let prefix = if first.is_extended { split_extended(first.value) } else { None };
    let (charset, start) = match prefix {
        Some((label, _, text)) => (Charset::of(label), first.value.len() - text.len()),
        None => (Some(Charset::Guessed), 0),
    };
    for section in unique() {
        let value = if section.index == first.index && charset.is_some() {
            section.value.get(start..).unwrap_or_default()
        } else {
            section.value
        };
        if section.is_extended && charset.is_some() {
            append_percent(value, &mut joined)?;
        } else {
            append(&mut joined, value)?;
        }
    }
    let mut value = Vec::new();
    match charset {
        Some(charset) => mime::decode_charset(charset, &joined, &mut value)?,
        None => mime::clean(&joined, &mut value)?,
    };
    Ok(value)
}

/// A value that is not marked as extended: what mailers make of it.
fn decode_plain(name: &[u8], value: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut out = Vec::new();
    if name.eq_ignore_ascii_case(b"boundary") {
        // Not a text, and "=?" may stand in it.
        mime::clean(value, &mut out)?;
        return Ok(out);
    }
    match extended_value(value) {
        Some((charset, text)) if is_file_name(name) => {
            let mut bytes = Vec::new();
            append_percent(text, &mut bytes)?;
            mime::decode_charset(charset, &bytes, &mut out)?;
        }
        _ => {
            mime::decode_words(value, &mut out)?;
        }
    }
    Ok(out)
}

fn is_file_name(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"filename") || name.eq_ignore_ascii_case(b"name")
}

/// `charset'language'text`, each possibly empty (RFC 2231 section 4).
fn split_extended(value: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = value.splitn(3, |&b| b == b'\'');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// The same under a name without "*", where "Rock'n'roll" must stay what it is: the charset must be known,
/// the language look like one, every "%" have its digits, and there be one if there is a language.
fn extended_value(value: &[u8]) -> Option<(Charset, &[u8])> {
    let (label, language, text) = split_extended(value)?;
    if label.is_empty() || !language.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-') {
        return None;
    }
    let charset = Charset::of(label)?;
    let mut count = 0;
    for at in memchr::memchr_iter(b'%', text) {
        mime::hex_pair(text.get(at + 1..)?)?;
        count += 1;
    }
    if count > 0 || language.is_empty() { Some((charset, text)) } else { None }
}

/// `ext-octet = "%" 2(DIGIT / "A" / ... / "F")`; a "%" without digits stands for itself.
fn append_percent(value: &[u8], out: &mut Vec<u8>) -> Result<(), NoMemory> {
    out.try_reserve(value.len())?;
    let mut rest = value;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match mime::hex_pair(tail) {
            Some(value) if *byte == b'%' => {
                out.push(value);
                rest = &tail[2..];
            }
            _ => out.push(*byte),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn is_plain(pairs: &[(&'static CStr, &[u8])]) -> bool {
        let is_plain = |(name, value): &(&'static CStr, &[u8])| {
            is_plain_name(name.to_bytes()) && is_plain_value(Text::fixed(name), value)
        };
        pairs.iter().all(is_plain)
    }

    fn decoded(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        decode(&pairs).unwrap().into_iter().map(|p| (text(p.name), text(p.value))).collect()
    }

    fn one(pairs: &[(&str, &str)], name: &str, value: &str) {
        assert_eq!(decoded(pairs), [(name.to_string(), value.to_string())]);
    }

    #[test]
    fn parameters_of_the_rfc() {
        one(
            &[("URL*0", "ftp://"), ("URL*1", "cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar")],
            "url",
            "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar",
        );
        one(&[("title*", "us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A")], "title", "This is ***fun***");
        one(
            &[
                ("title*2", "isn't it!"),
                ("title*0*", "us-ascii'en'This%20is%20even%20more%20"),
                ("Title*1*", "%2A%2A%2Afun%2A%2A%2A%20"),
            ],
            "title",
            "This is even more ***fun*** isn't it!",
        );
    }

    #[test]
    fn parameters_as_mailers_write_them() {
        one(&[("filename", "utf-8''na%C3%AFve.txt")], "filename", "naïve.txt");
        one(&[("NAME", "=?utf-8?Q?na=C3=AFve?=.txt")], "name", "naïve.txt");
        one(&[("name*0", "=?utf-8?B?w6k=?="), ("name*1", " =?utf-8?B?w6k=?=")], "name", "éé");
        one(&[("filename*0", "utf-8''na%C3%A"), ("filename*1", "Fve.txt")], "filename", "naïve.txt");
        one(&[("filename*0*", "utf-8''%C3"), ("filename*1*", "%A9")], "filename", "é");
        one(&[("filename*", "na%C3%AFve")], "filename", "naïve");
        one(&[("filename*", "=?utf-8?Q?=C3=A9?=")], "filename", "é");
        one(&[("filename*", "''%E9")], "filename", "é");
        one(&[("filename*", "100%")], "filename", "100%");
        one(&[("filename*", "klingon''Qapla%27")], "filename", "klingon''Qapla%27");
        one(&[("filename", "fallback"), ("filename*", "utf-8''%C3%A9")], "filename", "é");
        one(&[("filename*1", "b"), ("filename*3", "d"), ("filename*1", "x")], "filename", "bd");
    }

    #[test]
    fn what_only_looks_special() {
        for (name, value) in [
            ("filename", "Rock'n'roll"),
            ("filename", "utf-8'en'100"),
            ("filename", "utf-8''100%"),
            ("title", "utf-8''na%C3%AFve"),
            ("boundary", "=?utf-8?Q?x?="),
            ("a*b", "c"),
            ("a*+1", "c"),
            ("a*99999999999", "c"),
        ] {
            one(&[(name, value)], name, value);
        }
    }

    #[test]
    fn order_and_repetition_are_kept() {
        let pairs = [("b", "1"), ("a*1", "y"), ("c", "2"), ("a*0", "x"), ("B", "3")];
        let expected = [("b", "1"), ("b", "3"), ("a", "xy"), ("c", "2")];
        assert_eq!(decoded(&pairs), expected.map(|(n, v)| (n.to_string(), v.to_string())));
        assert_eq!(decoded(&[]), []);
    }

    #[test]
    fn plain_pairs_are_seen_as_such() {
        assert!(is_plain(&[(c"charset", b"utf-8"), (c"name", b"a'b'c.txt"), (c"x", b"utf-8''a")]));
        assert!(!is_plain(&[(c"name*", b"x")]));
        assert!(!is_plain(&[(c"name", b"utf-8''a")]));
    }

    #[test]
    fn many_continuations_in_any_order() {
        let section = |n: u64| (format!("f*{n}*"), format!("%{:02x}", b'a' + (n % 26) as u8));
        let sections: Vec<_> = (0..100_000).map(|n| section(n * 77_777 % 100_000)).collect();
        let pairs: Vec<_> = sections.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        let value: Vec<u8> = (b'a'..=b'z').cycle().take(100_000).collect();
        assert!(decode(&pairs).unwrap() == [Parameter { name: b"f".to_vec(), value }]);
    }

    #[test]
    fn any_pairs_are_decoded() {
        let names = ["filename", "filename*", "filename*0", "filename*1*", "*", "**", "*0*", "", "\0\u{e9}"];
        let mut seed = 5u32;
        for round in 0..20_000 {
            let mut values = Vec::new();
            for _ in 0..round % 6 {
                let mut value = Vec::new();
                for _ in 0..seed >> 28 {
                    seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                    value.push(b"''utf-8%C3%A9=?Q?\xff\0"[(seed >> 16) as usize % 19]);
                }
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                values.push((names[(seed >> 16) as usize % names.len()].as_bytes(), value));
            }
            let pairs: Vec<_> = values.iter().map(|(n, v)| (*n, &v[..])).collect();
            for parameter in decode(&pairs).unwrap() {
                assert!(!std::str::from_utf8(&parameter.name).unwrap().contains('\0'));
                assert!(!std::str::from_utf8(&parameter.value).unwrap().chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn base_names() {
        for (filename, base) in [
            ("a.txt", "a.txt"),
            ("/etc/passwd", "passwd"),
            ("C:\\mail\\a b.txt", "a b.txt"),
            ("../..", ""),
            ("a/.", ""),
            ("..\\.. ", ""),
            ("a/", ""),
            (".profile", ".profile"),
            ("", ""),
        ] {
            assert_eq!(base_name(filename), base);
        }
    }
}
