//! The head of a response: what kind it is and what it is about, found without parsing the rest. Routing
//! looks at this alone, because the parser writes into the memory of whoever the response belongs to.

use super::cursor::{Cursor, Response};
use super::scan::few_digits;

/// What a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head<'b> {
    /// `continue-req = "+" SP (resp-text / base64) CRLF`
    Continue { text: &'b [u8] },
    /// `response-tagged = tag SP resp-cond-state CRLF`
    Tagged { tag: &'b [u8], condition: Condition, text: usize },
    /// `response-data = "*" SP (resp-cond-state / resp-cond-bye / mailbox-data / message-data ...)`
    Untagged { number: Option<u32>, news: News, name: &'b [u8], rest: usize },
    /// An untagged OK, NO, BAD, BYE or PREAUTH.
    Condition { condition: Condition, text: usize },
    /// Not a response: to be passed over.
    Unknown,
}

/// What an untagged response tells, by its name: `Other` is for commands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Fetch,
    /// FETCH by UID in place of the number (RFC 9586).
    UidFetch,
    Exists,
    Expunge,
    Vanished,
    Recent,
    Flags,
    Status,
    Esearch,
    UidBatches,
    Capability,
    Id,
    Other,
}

impl News {
    /// The most frequent first.
    const NAMES: [(&'static [u8], News); 12] = [
        (b"FETCH", News::Fetch),
        (b"STATUS", News::Status),
        (b"UIDFETCH", News::UidFetch),
        (b"EXISTS", News::Exists),
        (b"EXPUNGE", News::Expunge),
        (b"VANISHED", News::Vanished),
        (b"RECENT", News::Recent),
        (b"FLAGS", News::Flags),
        (b"ESEARCH", News::Esearch),
        (b"UIDBATCHES", News::UidBatches),
        (b"CAPABILITY", News::Capability),
        (b"ID", News::Id),
    ];

    pub fn of(name: &[u8]) -> News {
        let found = News::NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        found.map_or(News::Other, |(_, news)| *news)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

impl Condition {
    pub fn of(word: &[u8]) -> Option<Condition> {
        const WORDS: [(&[u8], Condition); 5] = [
            (b"OK", Condition::Ok),
            (b"NO", Condition::No),
            (b"BAD", Condition::Bad),
            (b"BYE", Condition::Bye),
            (b"PREAUTH", Condition::Preauth),
        ];
        WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, condition)| *condition)
    }

    pub fn name(self) -> &'static str {
        match self {
            Condition::Ok => "OK",
            Condition::No => "NO",
            Condition::Bad => "BAD",
            Condition::Bye => "BYE",
            Condition::Preauth => "PREAUTH",
        }
    }
}

impl<'b> Head<'b> {
    pub fn of(response: &Response<'b>) -> Head<'b> {
        let bytes = response.bytes;
        match bytes.first() {
            Some(b'+') => Head::Continue { text: trim_start(&bytes[1..]) },
            Some(b'*') => fetch(bytes).unwrap_or_else(|| untagged(response.cursor(1))),
            // Exchange leaves the "* OK" out before a code.
            Some(b'[') => Head::Condition { condition: Condition::Ok, text: 0 },
            Some(_) => tagged(response.cursor(0)),
            None => Head::Unknown,
        }
    }
}

/// The head of nearly all responses that come in numbers.
#[inline]
fn fetch(bytes: &[u8]) -> Option<Head<'_>> {
    let after = bytes.strip_prefix(b"* ")?;
    let (number, digits) = few_digits(after)?;
    let is_fetch = after[digits..].starts_with(b" FETCH (");
    let rest = b"* ".len() + digits + b" FETCH ".len();
    is_fetch.then_some(Head::Untagged { number: Some(number), news: News::Fetch, name: b"FETCH", rest })
}

fn untagged<'b>(mut cursor: Cursor<'b>) -> Head<'b> {
    cursor.skip_spaces();
    if cursor.peek() == Some(b'[') {
        return Head::Condition { condition: Condition::Ok, text: cursor.at() };
    }
    let number = cursor.number32();
    let Some(name) = cursor.atom() else { return Head::Unknown };
    // What old servers answer to STORE means the same (RFC 1730 appendix B.7.3.OBS.2).
    let is_store = number.is_some() && name.eq_ignore_ascii_case(b"STORE");
    let name = if is_store { b"FETCH" } else { name };
    cursor.skip_spaces();
    let rest = cursor.at();
    match Condition::of(name) {
        Some(condition) if number.is_none() => Head::Condition { condition, text: rest },
        _ => Head::Untagged { number, news: News::of(name), name, rest },
    }
}

fn tagged<'b>(mut cursor: Cursor<'b>) -> Head<'b> {
    let tag = cursor.atom();
    let condition = cursor.atom().and_then(Condition::of);
    cursor.skip_spaces();
    match (tag, condition) {
        (Some(tag), Some(condition)) => Head::Tagged { tag, condition, text: cursor.at() },
        // QQ drops the "* " of a FETCH.
        (Some(number), None) if number.iter().all(u8::is_ascii_digit) => untagged(restart(&cursor)),
        (None, _) => Head::Unknown,
        // A line of no kind, as "Server Unavailable. 15" from Exchange: something is wrong, in words.
        _ => Head::Condition { condition: Condition::Bad, text: 0 },
    }
}

fn restart<'b>(cursor: &Cursor<'b>) -> Cursor<'b> {
    let mut start = cursor.clone();
    start.rewind();
    start
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(number: u32, name: &[u8], rest: usize) -> Head<'_> {
        Head::Untagged { number: Some(number), news: News::Fetch, name, rest }
    }

    fn head(bytes: &[u8]) -> Head<'_> {
        Head::of(&Response::new(bytes, &[]))
    }

    #[test]
    fn kinds_are_told_apart() {
        assert_eq!(head(b"+\r\n"), Head::Continue { text: b"" });
        assert_eq!(head(b"+ abc\r\n"), Head::Continue { text: b"abc" });
        assert_eq!(head(b"A1 no nope\r\n"), Head::Tagged { tag: b"A1", condition: Condition::No, text: 6 });
        assert_eq!(head(b"* bye\r\n"), Head::Condition { condition: Condition::Bye, text: 5 });
        assert_eq!(head(b"* 12 fetch ("), fetch(12, b"fetch", 11));
        assert_eq!(head(b"* 12 FETCH ("), fetch(12, b"FETCH", 11));
        assert_eq!(head(b"11487 FETCH ("), fetch(11487, b"FETCH", 12));
        assert_eq!(head(b"[COPYUID 55 31 6]"), Head::Condition { condition: Condition::Ok, text: 0 });
        assert_eq!(head(b"* [COPYUID 55 31 6]"), Head::Condition { condition: Condition::Ok, text: 2 });
        assert_eq!(head(b"Server Unavailable. 15"), Head::Condition { condition: Condition::Bad, text: 0 });
        assert_eq!(head(b""), Head::Unknown);
    }
}
