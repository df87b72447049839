//! Words that nearly every message has in its structure: their texts are made once for all, so that they need neither
//! memory nor copying.

use std::ffi::CStr;

use crate::model::Text;

const WORDS: [&CStr; 64] = [
    c"text",
    c"plain",
    c"html",
    c"calendar",
    c"multipart",
    c"mixed",
    c"alternative",
    c"related",
    c"signed",
    c"report",
    c"message",
    c"rfc822",
    c"delivery-status",
    c"image",
    c"jpeg",
    c"png",
    c"gif",
    c"application",
    c"pdf",
    c"octet-stream",
    c"audio",
    c"video",
    c"charset",
    c"name",
    c"filename",
    c"boundary",
    c"format",
    c"size",
    c"type",
    c"delsp",
    c"protocol",
    c"micalg",
    c"flowed",
    c"yes",
    c"no",
    c"utf-8",
    c"UTF-8",
    c"us-ascii",
    c"US-ASCII",
    c"iso-8859-1",
    c"ISO-8859-1",
    c"iso-8859-15",
    c"ISO-8859-15",
    c"windows-1252",
    c"Windows-1252",
    c"gb2312",
    c"iso-2022-jp",
    c"koi8-r",
    c"7bit",
    c"8bit",
    c"binary",
    c"base64",
    c"quoted-printable",
    c"attachment",
    c"inline",
    c"method",
    c"REQUEST",
    c"report-type",
    c"1",
    c"2",
    c"3",
    c"4",
    c"5",
    c"6",
];

/// The longest one fits into 16 bytes: a word is compared as one number.
pub const LONGEST: usize = 16;
const SLOTS: usize = 128;

static TABLE: [Option<(u128, &CStr)>; SLOTS] = table();

/// The text of a word, if it is known just as it is.
pub fn exact(word: &[u8]) -> Option<Text<'static>> {
    find(padded(word)?, word.len())
}

/// The text of a word in lower case, if that is known.
pub fn lower(word: &[u8]) -> Option<Text<'static>> {
    let mut lower = padded(word)?;
    lower.make_ascii_lowercase();
    find(lower, word.len())
}

/// A word in lower case, to be matched with words of at most 16 bytes; of a longer one nothing.
pub fn folded<'p>(word: &[u8], place: &'p mut [u8; LONGEST]) -> &'p [u8] {
    let Some(copy) = place.get_mut(..word.len()) else { return &[] };
    copy.copy_from_slice(word);
    place.make_ascii_lowercase();
    &place[..word.len()]
}

fn padded(word: &[u8]) -> Option<[u8; LONGEST]> {
    let mut padded = [0; LONGEST];
    padded.get_mut(..word.len())?.copy_from_slice(word);
    Some(padded)
}

fn find(word: [u8; LONGEST], length: usize) -> Option<Text<'static>> {
    let key = u128::from_le_bytes(word);
    let mut at = slot(key);
    while let Some((known, text)) = TABLE[at] {
        if known == key && text.count_bytes() == length {
            return Some(Text::fixed(text));
        }
        at = (at + 1) % SLOTS;
    }
    None
}

const fn slot(key: u128) -> usize {
    ((key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57) as usize
}

/// Each word in its slot, or in the next free one.
const fn table() -> [Option<(u128, &'static CStr)>; SLOTS] {
    let mut table = [None; SLOTS];
    let mut at = 0;
    while at < WORDS.len() {
        let word = WORDS[at].to_bytes();
        let (mut key, mut byte) = (0, word.len());
        while byte > 0 {
            byte -= 1;
            key = key << 8 | word[byte] as u128;
        }
        let mut free = slot(key);
        while table[free].is_some() {
            free = (free + 1) % SLOTS;
        }
        table[free] = Some((key, WORDS[at]));
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_as_it_is() {
        for word in WORDS {
            assert!(word.count_bytes() <= LONGEST);
            assert_eq!(exact(word.to_bytes()).and_then(Text::bytes), Some(word.to_bytes()));
        }
    }

    #[test]
    fn case_matters_where_it_should() {
        assert_eq!(exact(b"Charset").map(|text| text.get()), None);
        assert_eq!(lower(b"CharSet").and_then(Text::get), Some("charset"));
        assert_eq!(lower(b"UTF-8").and_then(Text::get), Some("utf-8"));
        for word in [&b""[..], b"nonsense", b"quoted-printable-and-more", b"text\0"] {
            assert!(lower(word).is_none());
        }
    }
}
