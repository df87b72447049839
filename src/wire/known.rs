//! Words that nearly every message has in its structure: their texts are made once for all, so that they need neither
//! memory nor copying.

use std::ffi::CStr;

use crate::model::{List, Text, imap_pair, imap_pairs, vector};

/// The charsets that most texts have stand first.
const WORDS: [&CStr; 58] = [
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
];
const CHARSETS: usize = 10;

/// The longest one fits into 16 bytes: a word is compared as one number.
pub const LONGEST: usize = 16;
const SLOTS: usize = 256;

/// For each slot the place of its word in [`WORDS`], or FREE.
static TABLE: [u8; SLOTS] = table();
const FREE: u8 = u8::MAX;

/// The words as numbers.
static KEYS: [u128; WORDS.len()] = keys();

/// The text of a word, if it is known just as it is.
pub fn exact(word: &[u8]) -> Option<Text<'static>> {
    find(as_number(word)?, word.len()).map(Word::text)
}

/// The text of a number that parts have.
pub fn digit(number: usize) -> Option<Text<'static>> {
    const DIGITS: [&CStr; 9] = [c"1", c"2", c"3", c"4", c"5", c"6", c"7", c"8", c"9"];
    DIGITS.get(number.checked_sub(1)?).map(|text| Text::fixed(text))
}

/// One of the words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word(u8);

impl Word {
    pub fn text(self) -> Text<'static> {
        Text::fixed(WORDS[usize::from(self.0)])
    }
}

/// The word, in any case, that `sent` begins with in quotes, if that is known; and what is behind them.
pub fn quoted(sent: &[u8]) -> Option<(Word, &[u8])> {
    let (halves, length, behind) = up_to_quote(sent.strip_prefix(b"\"")?)?;
    Some((find(number(halves.map(lower_case)), length)?, behind))
}

/// What stands before the first quote, as two numbers, how long it is, and what is behind the quote.
#[inline(always)]
fn up_to_quote(sent: &[u8]) -> Option<([u64; 2], usize, &[u8])> {
    let sixteen = sent.first_chunk::<LONGEST>()?;
    let length = match vector::hits(sixteen, [b'"']) {
        0 => LONGEST,
        hits => hits.trailing_zeros() as usize,
    };
    let behind = sent.get(length..)?.strip_prefix(b"\"")?;
    let word = u128::from_le_bytes(*sixteen);
    let [first, second] = FIRST_BYTES[length];
    Some(([word as u64 & first, (word >> 64) as u64 & second], length, behind))
}

/// What covers so many bytes of two numbers.
static FIRST_BYTES: [[u64; 2]; LONGEST + 1] = {
    let mut all = [[u64::MAX; 2]; LONGEST + 1];
    let mut length = 0;
    while length < LONGEST {
        let covered = (1u128 << (8 * length)) - 1;
        all[length] = [covered as u64, (covered >> 64) as u64];
        length += 1;
    }
    all
};

/// A word in lower case, to be matched with words of at most 16 bytes; of a longer one nothing.
pub fn folded<'p>(word: &[u8], place: &'p mut [u8; LONGEST]) -> &'p [u8] {
    let Some(padded) = padded(word) else { return &[] };
    *place = number(padded.map(lower_case)).to_le_bytes();
    &place[..word.len()]
}

/// A word with zeros behind it, as two numbers. Two halves that overlap are read sooner than bytes one by one.
#[inline]
fn padded(word: &[u8]) -> Option<[u64; 2]> {
    let length = word.len();
    if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
        let overlap = LONGEST.checked_sub(length)? as u32;
        let behind = u64::from_le_bytes(*last).checked_shr(u8::BITS * overlap).unwrap_or(0);
        return Some([u64::from_le_bytes(*first), behind]);
    }
    if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return Some([u64::from(first) | u64::from(last) << (8 * (length - size_of::<u32>())), 0]);
    }
    Some([word.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)), 0])
}

/// Eight characters in lower case: 0x20 is added to those between "A" and "Z", all at once.
#[inline]
fn lower_case(eight: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let seven_bits = eight & (ONES * 0x7f);
    let from_a = seven_bits + ONES * (0x80 - b'A' as u64);
    let behind_z = seven_bits + ONES * (0x7f - b'Z' as u64);
    let is_upper = (from_a ^ behind_z) & !eight & (ONES * 0x80);
    eight | is_upper >> 2
}

fn number(word: [u64; 2]) -> u128 {
    u128::from(word[0]) | u128::from(word[1]) << 64
}

fn find(key: u128, length: usize) -> Option<Word> {
    let mut at = slot(key);
    while TABLE[at] != FREE {
        let word = usize::from(TABLE[at]);
        if KEYS[word] == key && WORDS[word].count_bytes() == length {
            return Some(Word(TABLE[at]));
        }
        at = (at + 1) % SLOTS;
    }
    None
}

/// The media type of two words, if most mail knows it.
pub fn media_type(kind: Word, subtype: Word) -> Option<Text<'static>> {
    let at = MEDIA_TYPES.iter().position(|(known, _)| *known == (kind, subtype))?;
    Some(Text::fixed(MEDIA_TYPES[at].1))
}

/// The type of most parts, which are texts, as most servers write it; and what is behind it.
pub fn text_type(sent: &[u8]) -> Option<(Text<'static>, &[u8])> {
    let subtype = sent.strip_prefix(b"\"TEXT\" \"").or_else(|| sent.strip_prefix(b"\"text\" \""))?;
    let (text, rest) = match subtype.first_chunk()? {
        b"PLAIN\"" | b"plain\"" => (c"text/plain", &subtype[6..]),
        b"HTML\" " | b"html\" " => (c"text/html", &subtype[5..]),
        _ => return None,
    };
    Some((Text::fixed(text), rest))
}

pub const MULTIPART: Word = place(c"multipart");
pub const BOUNDARY: Word = place(c"boundary");

/// The most frequent first.
static MEDIA_TYPES: [((Word, Word), &CStr); 10] = [
    ((place(c"text"), place(c"plain")), c"text/plain"),
    ((place(c"text"), place(c"html")), c"text/html"),
    ((MULTIPART, place(c"alternative")), c"multipart/alternative"),
    ((MULTIPART, place(c"mixed")), c"multipart/mixed"),
    ((MULTIPART, place(c"related")), c"multipart/related"),
    ((place(c"application"), place(c"octet-stream")), c"application/octet-stream"),
    ((place(c"application"), place(c"pdf")), c"application/pdf"),
    ((place(c"image"), place(c"jpeg")), c"image/jpeg"),
    ((place(c"image"), place(c"png")), c"image/png"),
    ((place(c"message"), place(c"rfc822")), c"message/rfc822"),
];

/// Where a word stands that is known.
const fn place(word: &CStr) -> Word {
    let (keys, key) = (keys(), key(word.to_bytes()));
    let mut at = 0;
    while keys[at] != key {
        at += 1;
    }
    Word(at as u8)
}

/// The parameters of a text as most have them, `("CHARSET" "UTF-8")`; and what is behind them.
pub fn charset_alone(sent: &[u8]) -> Option<(&'static imap_pairs<'static>, &[u8])> {
    let value = sent.strip_prefix(b"(\"CHARSET\" \"").or_else(|| sent.strip_prefix(b"(\"charset\" \""))?;
    WORDS.iter().zip(&LISTS).find_map(|(charset, list)| {
        let behind = value.strip_prefix(charset.to_bytes())?.strip_prefix(b"\")")?;
        Some((list, behind))
    })
}

static LISTS: [imap_pairs<'static>; CHARSETS] = {
    let mut lists = [imap_pairs::EMPTY; CHARSETS];
    let mut at = 0;
    while at < lists.len() {
        lists[at] = imap_pairs { items: List::of_one(&ITEMS[at]), count: 1 };
        at += 1;
    }
    lists
};

static ITEMS: [[Option<&imap_pair<'static>>; 2]; CHARSETS] = {
    let mut items = [[None; 2]; CHARSETS];
    let mut at = 0;
    while at < items.len() {
        items[at][0] = Some(&PAIRS[at]);
        at += 1;
    }
    items
};

static PAIRS: [imap_pair<'static>; CHARSETS] = {
    let mut pairs = [imap_pair { name: Text::fixed(c"charset"), value: Text::EMPTY }; CHARSETS];
    let mut at = 0;
    while at < pairs.len() {
        pairs[at].value = Text::fixed(WORDS[at]);
        at += 1;
    }
    pairs
};

const fn slot(key: u128) -> usize {
    ((key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

const fn keys() -> [u128; WORDS.len()] {
    let mut keys = [0; WORDS.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = key(WORDS[at].to_bytes());
        at += 1;
    }
    keys
}

/// A word of at most 16 bytes as one number; None: it is longer.
#[inline]
pub fn as_number(word: &[u8]) -> Option<u128> {
    padded(word).map(number)
}

/// The same of one that is known here.
pub const fn key(word: &[u8]) -> u128 {
    let (mut key, mut at) = (0, word.len());
    while at > 0 {
        at -= 1;
        key = key << 8 | word[at] as u128;
    }
    key
}

/// Each word in its slot, or in the next free one.
const fn table() -> [u8; SLOTS] {
    let mut table = [FREE; SLOTS];
    let keys = keys();
    let mut at = 0;
    while at < keys.len() {
        let mut free = slot(keys[at]);
        while table[free] != FREE {
            free = (free + 1) % SLOTS;
        }
        table[free] = at as u8;
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
    fn charsets_alone_are_made_once() {
        for charset in &WORDS[..CHARSETS] {
            let sent = format!("(\"charset\" \"{}\") NIL", charset.to_str().unwrap());
            let (pairs, behind) = charset_alone(sent.as_bytes()).unwrap();
            assert_eq!((behind, pairs.count), (&b" NIL"[..], 1));
            let pair = pairs.items.iter().next().unwrap();
            assert_eq!((pair.name.get(), pair.value.bytes()), (Some("charset"), Some(charset.to_bytes())));
        }
        for other in [
            "(\"CHARSET\" \"UTF-8\" ",
            "(\"CHARSET\" \"UTF-88\")",
            "(\"CHARSET\" \"\")",
            "(\"NAME\" \"UTF-8\")",
            "(",
        ] {
            assert!(charset_alone(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn case_matters_where_it_should() {
        let in_quotes =
            |sent: &'static str| quoted(sent.as_bytes()).map(|(word, behind)| (word.text().get(), behind));
        assert_eq!(exact(b"Charset").map(|text| text.get()), None);
        assert_eq!(in_quotes("\"CharSet\" behind it all"), Some((Some("charset"), &b" behind it all"[..])));
        assert_eq!(in_quotes("\"Quoted-Printable\""), Some((Some("quoted-printable"), &b""[..])));
        for none in [
            "",
            "\"text\"",
            "text\" and more behind",
            "\"\" and more behind it",
            "\"text\0\" and more behind",
            "\"nonsense\" and more behind",
            "\"quoted-printable-and-more\"",
        ] {
            assert_eq!(in_quotes(none), None);
        }
        assert!(exact(b"text\0").is_none() && exact(b"").is_none());
    }

    #[test]
    fn every_byte_at_every_length_is_folded() {
        for length in 0..=LONGEST {
            for byte in 0..=u8::MAX {
                let word: Vec<u8> = (0..length as u8).map(|at| byte.wrapping_add(at)).collect();
                assert_eq!(folded(&word, &mut [0; LONGEST]), word.to_ascii_lowercase());
            }
        }
        assert!(folded(&[b'a'; LONGEST + 1], &mut [0; LONGEST]).is_empty());
    }
}
