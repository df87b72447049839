//! The fields of a message's header (RFC 5322 section 2.2).

#![forbid(unsafe_code)]

use super::mime;
use crate::error::NoMemory;
use crate::model::{Arena, Few, List, imap_pair, imap_pairs};

/// `fields = *(field-name ":" unstructured CRLF)`, as far as the header goes: to the first empty line. Values are
/// unfolded and decoded; a line that is no field is passed over.
pub fn fields<'a>(message: &[u8], arena: &'a Arena) -> Result<imap_pairs<'a>, NoMemory> {
    let mut pairs = Few::new();
    let mut rest = message;
    while let Some((field, behind)) = next_field(rest) {
        rest = behind;
        let Some(colon) = field.iter().position(|byte| *byte == b':') else { continue };
        let name = field[..colon].trim_ascii();
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            continue;
        }
        let mut value = Vec::new();
        mime::decode_words(field[colon + 1..].trim_ascii(), &mut value)?;
        let pair = imap_pair { name: arena.text(name)?, value: arena.text(&value)? };
        pairs.push(arena.put(pair)?)?;
    }
    let (items, count) = pairs.list(arena)?;
    Ok(imap_pairs { items: if count == 0 { List::EMPTY } else { items }, count })
}

/// A field with the lines that continue it, and what follows. None: the header ends here.
fn next_field(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    if rest.is_empty() || rest.starts_with(b"\r\n") || rest.starts_with(b"\n") {
        return None;
    }
    let mut end = 0;
    loop {
        end += memchr::memchr(b'\n', &rest[end..]).map_or(rest.len() - end, |found| found + 1);
        let continues = rest.get(end).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if !continues {
            return Some((&rest[..end], &rest[end..]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &[u8]) -> Vec<String> {
        let arena = Arena::new();
        let pairs = fields(message, &arena).unwrap();
        let show =
            |pair: &imap_pair<'_>| format!("{}={}", pair.name.get().unwrap(), pair.value.get().unwrap());
        pairs.items.iter().map(show).collect()
    }

    #[test]
    fn fields_are_unfolded_and_decoded() {
        let message = b"From: =?utf-8?q?Zo=C3=AB?= <z@example.org>\r\nSubject: a\r\n  long\r\n\tone\r\nX-Empty:\r\n\r\nBody: no\r\n";
        assert_eq!(
            shown(message),
            ["From=Zo\u{eb} <z@example.org>", "Subject=a  long\tone".replace('\t', " ").as_str(), "X-Empty="]
        );
    }

    #[test]
    fn what_is_no_field_is_passed_over() {
        assert_eq!(shown(b"From bob Tue\nA: b\nno colon here\n: nameless\nC:d"), ["A=b", "C=d"]);
        assert!(shown(b"").is_empty() && shown(b"\r\nA: b").is_empty());
    }
}
