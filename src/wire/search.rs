//! SEARCH and ESEARCH (RFC 9051 section 7.3.4, RFC 3501 section 7.2.5, RFC 4731, RFC 5267, RFC 6203, RFC 7162,
//! RFC 7377, RFC 9394).

#![forbid(unsafe_code)]

use super::cursor::{Cursor, Response, Str};
use super::scan::{Shape, few_digits};
use crate::error::NoMemory;
use crate::model::{Span, imap_set};

/// What all responses to one search say together.
pub struct Found {
    /// In the order sent.
    pub set: imap_set,
    /// COUNT; -1: not told.
    pub total: i64,
    /// MIN; 0: not told.
    pub lowest: u32,
    /// MAX; 0: not told.
    pub highest: u32,
    /// -1: not told.
    pub modseq: i64,
    /// The range of PARTIAL; empty: not told.
    pub partial: Vec<u8>,
    /// RELEVANCY, of each number in turn.
    pub scores: Vec<u8>,
    /// The mailbox of the correlator, as sent.
    pub mailbox: Option<Vec<u8>>,
    pub uid_validity: u32,
    /// Numbers came that are not the answer to RETURN.
    pub is_plain: bool,
    /// So many words were passed over that are no numbers of messages.
    pub defects: usize,
    /// Numbers came twice.
    pub is_repeated: bool,
}

impl Default for Found {
    fn default() -> Found {
        Found {
            set: imap_set::new(),
            total: -1,
            lowest: 0,
            highest: 0,
            modseq: -1,
            partial: Vec::new(),
            scores: Vec::new(),
            mailbox: None,
            uid_validity: 0,
            is_plain: false,
            defects: 0,
            is_repeated: false,
        }
    }
}

impl Found {
    /// Numbers that have no order of their own are told once each.
    pub fn drop_repeated(&mut self) -> Result<(), NoMemory> {
        let is_ascending = self.set.spans().windows(2).all(|pair| pair[0].last < pair[1].first);
        if !is_ascending {
            let sorted = self.set.sorted()?;
            self.is_repeated = sorted.count() < self.set.count();
            if self.is_repeated {
                self.set = sorted;
            }
        }
        Ok(())
    }
}

/// `"SEARCH" *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"]`; SORT is the same. False if it has
/// defects.
pub fn search(response: &Response<'_>, rest: usize, found: &mut Found) -> Result<bool, NoMemory> {
    let before = found.defects;
    found.is_plain = true;
    let bytes = response.bytes.get(rest..).unwrap_or_default();
    let mut left = numbers(bytes, &mut found.set)?;
    while let Some(first) = left.first() {
        match first {
            b' ' => left = &left[1..],
            b'(' => break,
            _ => {
                found.defects += 1;
                let end = left.iter().position(|byte| matches!(byte, b' ' | b'('));
                left = &left[end.unwrap_or(left.len())..];
            }
        }
        left = numbers(left, &mut found.set)?;
    }
    let at = bytes.len() - left.len();
    let mut cursor = response.cursor(rest.saturating_add(at));
    while cursor.take(b'(') {
        modseq(&mut cursor, found);
    }
    found.defects += usize::from(!cursor.rest().trim_ascii().is_empty());
    Ok(found.defects == before)
}

/// Of a SEARCH or SORT that has not come whole: the length of its head, and where it can be cut, between two
/// numbers. What is left of it must be given its head anew, with a space.
pub fn first_part(bytes: &[u8]) -> Option<(usize, usize)> {
    const HEADS: [&[u8]; 2] = [b"* SEARCH ", b"* SORT "];
    let is_it = |head: &&[u8]| bytes.get(..head.len()).is_some_and(|here| here.eq_ignore_ascii_case(head));
    let head = HEADS.into_iter().find(is_it)?.len();
    let is_between =
        |around: &[u8]| around[0].is_ascii_digit() && around[1] == b' ' && around[2].is_ascii_digit();
    // Numbers are short: further back nothing is looked for, whatever the server sends.
    let tail = bytes.len().saturating_sub(64).max(head);
    let last = bytes[tail..].windows(3).rposition(is_between)?;
    // Behind the space: the head, which ends with one, is then put over what was handed out.
    let end = tail + last + 2;
    (end >= 2 * head).then_some((head, end))
}

/// `esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)`. False if it has
/// defects.
pub fn esearch(response: &Response<'_>, rest: usize, found: &mut Found) -> Result<bool, NoMemory> {
    let before = found.defects;
    let mut cursor = response.cursor(rest);
    let correlator = Correlator::take(&mut cursor);
    if let Some(mailbox) = &correlator.mailbox {
        found.mailbox = Some(mailbox.bytes()?.into_owned());
    }
    found.uid_validity = correlator.uid_validity;
    cursor.take_word(b"UID");
    while let Some(name) = cursor.atom() {
        let is_understood = return_data(name, &mut cursor, found)?;
        found.defects += usize::from(!is_understood);
    }
    found.defects += usize::from(!cursor.rest().trim_ascii().is_empty());
    Ok(found.defects == before)
}

/// `search-correlator = SP "(" one-correlator *(SP one-correlator) ")"`, `one-correlator = ("TAG" SP tag-string) /
/// ("MAILBOX" SP astring) / ("UIDVALIDITY" SP nz-number)`: what an ESEARCH answers and is about.
#[derive(Default)]
struct Correlator<'b> {
    tag: Option<&'b [u8]>,
    mailbox: Option<Str<'b>>,
    uid_validity: u32,
}

impl<'b> Correlator<'b> {
    fn take(cursor: &mut Cursor<'b>) -> Correlator<'b> {
        let mut correlator = Correlator::default();
        if !cursor.take(b'(') {
            return correlator;
        }
        while !cursor.take(b')') {
            let Some(name) = cursor.atom() else { break };
            if name.eq_ignore_ascii_case(b"TAG") {
                correlator.tag = match cursor.astring() {
                    Some(Str::Quoted(tag) | Str::Escaped(tag) | Str::Atom(tag) | Str::Literal(tag)) => {
                        Some(tag)
                    }
                    _ => None,
                };
            } else if name.eq_ignore_ascii_case(b"MAILBOX") {
                correlator.mailbox = cursor.astring();
            } else if name.eq_ignore_ascii_case(b"UIDVALIDITY") {
                correlator.uid_validity = cursor.number32().unwrap_or(0);
            } else {
                cursor.skip_value();
            }
        }
        correlator
    }
}

/// The tag of the command that an ESEARCH or UIDBATCHES answers.
pub fn tag<'b>(response: &Response<'b>, rest: usize) -> Option<&'b [u8]> {
    Correlator::take(&mut response.cursor(rest)).tag
}

/// `uidbatches-response = "UIDBATCHES" search-correlator [SP uid-range *("," uid-range)]` (RFC 10022). False if it has
/// defects.
pub fn batches(response: &Response<'_>, rest: usize, found: &mut Found) -> Result<bool, NoMemory> {
    let mut cursor = response.cursor(rest);
    Correlator::take(&mut cursor);
    cursor.skip_spaces();
    let is_clean = cursor.is_at_end() || (set(&mut cursor, found)? && cursor.rest().trim_ascii().is_empty());
    found.defects += usize::from(!is_clean);
    Ok(is_clean)
}

/// The number that names a search whose answer is kept up to date (RFC 5267): that at the end of its tag. 0: none.
pub fn update_id(tag: &[u8]) -> u32 {
    let digits = tag.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    short_number(&tag[tag.len() - digits..]).0
}

/// One change of an answer that is kept up to date (RFC 5267).
pub struct Update {
    /// Where the first number goes in or comes from, from 1; 0: where the order of the mailbox has it.
    pub position: u32,
    pub set: imap_set,
    pub is_removed: bool,
}

/// `ret-data-addto = "ADDTO" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")"`, and
/// REMOVEFROM, of an ESEARCH, one after the other.
pub struct Updates<'b> {
    cursor: Cursor<'b>,
    /// Within a list, of what is removed or not.
    list: Option<bool>,
}

impl<'b> Updates<'b> {
    pub fn of(response: &Response<'b>, rest: usize) -> Updates<'b> {
        let mut cursor = response.cursor(rest);
        Correlator::take(&mut cursor);
        cursor.take_word(b"UID");
        Updates { cursor, list: None }
    }

    /// What is no change is passed over.
    pub fn next_update(&mut self) -> Result<Option<Update>, NoMemory> {
        loop {
            let Some(is_removed) = self.list else {
                let Some(name) = self.cursor.atom() else { return Ok(None) };
                let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
                if (is(b"ADDTO") || is(b"REMOVEFROM")) && self.cursor.take(b'(') {
                    self.list = Some(is(b"REMOVEFROM"));
                } else {
                    self.cursor.skip_value();
                }
                continue;
            };
            if self.cursor.take(b')') || self.cursor.is_at_end() {
                self.list = None;
                continue;
            }
            let position = self.cursor.number32();
            let set = match self.cursor.atom() {
                Some(set) => imap_set::from_response(set).transpose()?,
                None => {
                    self.cursor.skip_value();
                    None
                }
            };
            if let (Some(position), Some(set)) = (position, set) {
                return Ok(Some(Update { position, set, is_removed }));
            }
        }
    }
}

/// `search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number /
/// "MODSEQ" SP mod-sequence-value / "PARTIAL" SP "(" partial-range SP partial-results ")"` and others, which are
/// passed over. False if the value is not what it should be.
fn return_data(name: &[u8], cursor: &mut Cursor<'_>, found: &mut Found) -> Result<bool, NoMemory> {
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    if is(b"PARTIAL") {
        let range = if cursor.take(b'(') { cursor.atom() } else { None };
        let Some(range) = range else {
            cursor.skip_value();
            return Ok(false);
        };
        found.partial.clear();
        found.partial.try_reserve(range.len())?;
        found.partial.extend_from_slice(range);
        let is_understood = (cursor.take_nil() || set(cursor, found)?) && cursor.is_next(b')');
        while !cursor.take(b')') && cursor.skip_value() {}
        return Ok(is_understood);
    }
    if is(b"RELEVANCY") {
        return scores(cursor, found);
    }
    if is(b"ALL") {
        return set(cursor, found);
    }
    if !(is(b"MIN") || is(b"MAX") || is(b"COUNT") || is(b"MODSEQ")) {
        return Ok(cursor.skip_value());
    }
    let Some(number) = cursor.number().and_then(|number| i64::try_from(number).ok()) else {
        cursor.skip_value();
        return Ok(false);
    };
    let small = u32::try_from(number).unwrap_or(0);
    if is(b"COUNT") {
        found.total = number;
    } else if is(b"MODSEQ") {
        found.modseq = found.modseq.max(number);
    } else if is(b"MAX") {
        found.highest = found.highest.max(small);
    } else if found.lowest == 0 || (small > 0 && small < found.lowest) {
        found.lowest = small;
    }
    Ok(true)
}

/// `score-list = "(" [score *(SP score)] ")"`
fn scores(cursor: &mut Cursor<'_>, found: &mut Found) -> Result<bool, NoMemory> {
    if !cursor.take(b'(') {
        cursor.skip_value();
        return Ok(false);
    }
    let mut is_understood = true;
    while !cursor.take(b')') {
        let word = cursor.atom().unwrap_or_default();
        let (score, length) = short_number(word);
        if length > 0 && length == word.len() && (1..=100).contains(&score) {
            found.scores.try_reserve(1)?;
            found.scores.push(score as u8);
            continue;
        }
        is_understood = false;
        if word.is_empty() && !cursor.skip_value() {
            break;
        }
    }
    Ok(is_understood)
}

/// `sequence-set`
fn set(cursor: &mut Cursor<'_>, found: &mut Found) -> Result<bool, NoMemory> {
    let Some(set) = cursor.astring() else { return Ok(false) };
    let Some(set) = imap_set::from_response(&set.bytes()?) else { return Ok(false) };
    let set = set?;
    if found.set.is_empty() {
        found.set = set;
        return Ok(true);
    }
    for span in set.spans() {
        found.set.push_span(span.first, span.last)?;
    }
    Ok(true)
}

/// `search-sort-mod-seq = "(" "MODSEQ" SP mod-sequence-value ")"`, its parenthesis taken already.
fn modseq(cursor: &mut Cursor<'_>, found: &mut Found) {
    let number = if cursor.take_word(b"MODSEQ") { cursor.number() } else { None };
    match number.and_then(|number| i64::try_from(number).ok()) {
        Some(number) => found.modseq = found.modseq.max(number),
        None => found.defects += 1,
    }
    while !cursor.take(b')') && cursor.skip_value() {}
}

/// `*(SP nz-number)`, the first space taken already; what is behind. The set keeps numbers that follow each other as one
/// span. Where a span ends cannot be foreseen, so nothing branches on it: each span is written down as it grows, and a
/// number that does not follow goes on in the next place.
fn numbers<'b>(bytes: &'b [u8], set: &mut imap_set) -> Result<&'b [u8], NoMemory> {
    const RUNS: usize = 64;
    let mut ended = [NO_SPAN; RUNS];
    let (mut span, mut count, mut rest, mut shape) = (NO_SPAN, 0, bytes, Shape::of(1));
    while let Some((number, behind)) = next_number(rest, &mut shape) {
        let follows = span.last.wrapping_add(1) == number;
        ended[count % RUNS] = span;
        count += usize::from(!follows);
        span = Span { first: if follows { span.first } else { number }, last: number };
        if count == RUNS {
            append(set, &ended)?;
            count = 0;
        }
        rest = behind;
    }
    append(set, &ended[..count])?;
    append(set, &[span])?;
    Ok(rest)
}

/// Nothing follows this span, and as it begins with 0 it is none.
const NO_SPAN: Span = Span { first: 0, last: u32::MAX };

fn append(set: &mut imap_set, spans: &[Span]) -> Result<(), NoMemory> {
    set.append(if spans.first().is_some_and(|span| span.first == 0) { &spans[1..] } else { spans })
}

/// `nz-number [SP]`. Most numbers have as many digits as the one before: where the next one begins is then known before
/// this one is read, and the processor reads both at once.
#[inline(always)]
fn next_number<'b>(bytes: &'b [u8], shape: &mut Shape) -> Option<(u32, &'b [u8])> {
    if let Some(found) = shape.read(bytes) {
        return Some(found);
    }
    let (number, behind, length) = other_number(bytes)?;
    *shape = Shape::of(length);
    Some((number, behind))
}

/// One that has another length, or the last one; its length beside it.
#[inline(never)]
fn other_number(bytes: &[u8]) -> Option<(u32, &[u8], usize)> {
    let (number, length) = few_digits(bytes).unwrap_or_else(|| short_number(bytes));
    let behind = bytes.get(length..).filter(|_| number > 0)?;
    let behind = match behind.first() {
        Some(b' ') => &behind[1..],
        Some(b'(') | None => behind,
        _ => return None,
    };
    Some((number, behind, length))
}

/// `number = 1*DIGIT` at the beginning of `bytes`, and how many digits it has; 0 if it needs more than 32 bits.
fn short_number(bytes: &[u8]) -> (u32, usize) {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = bytes[..length]
        .iter()
        .try_fold(0u32, |number, byte| number.checked_mul(10)?.checked_add(u32::from(byte - b'0')));
    (number.unwrap_or(0), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_between_numbers() {
        let cut = |bytes: &'static [u8]| first_part(bytes).map(|(head, end)| (&bytes[..head], &bytes[..end]));
        assert_eq!(cut(b"* search 1234567 89 10"), Some((&b"* search "[..], &b"* search 1234567 89 "[..])));
        assert_eq!(cut(b"* SORT 123456 1 (MODSEQ 9"), Some((&b"* SORT "[..], &b"* SORT 123456 "[..])));
        assert_eq!(cut(b"* SEARCH 1234567890123456"), None);
        assert_eq!(cut(b"* LIST 1234567 89 10"), None);
    }

    fn spans(found: &Found) -> Vec<(u32, u32)> {
        found.set.spans().iter().map(|span| (span.first, span.last)).collect()
    }

    fn found(lines: &[&[u8]]) -> Found {
        let mut found = Found::default();
        for line in lines {
            let before = found.defects;
            let response = Response::new(line, &[]);
            let is_clean = match line.strip_prefix(b"* ESEARCH") {
                Some(_) => esearch(&response, 9, &mut found),
                None => search(&response, 8, &mut found),
            };
            assert_eq!(is_clean, Ok(found.defects == before));
        }
        found
    }

    #[test]
    fn results_of_the_rfcs() {
        let plain = found(&[b"* SEARCH 2 84 882"]);
        assert_eq!((spans(&plain), plain.modseq, plain.defects), (vec![(2, 2), (84, 84), (882, 882)], -1, 0));
        let modseq = found(&[b"* SEARCH 2 5 6 7 11 12 18 19 20 23 (MODSEQ 917162500)\r\n"]);
        assert_eq!(spans(&modseq), [(2, 2), (5, 7), (11, 12), (18, 20), (23, 23)]);
        assert_eq!((modseq.modseq, modseq.defects), (917162500, 0));

        let line = b"* ESEARCH (TAG \"A285\") UID MIN 7 MAX 3800";
        let bounds = found(&[line]);
        assert_eq!((bounds.lowest, bounds.highest, bounds.total, bounds.defects), (7, 3800, -1, 0));
        assert_eq!(tag(&Response::new(line, &[]), 10), Some(&b"A285"[..]));
        let all = found(&[b"* ESEARCH (TAG \"a\") COUNT 5 ALL 1:17,21 MODSEQ 1236 X-NEW (1 (2)) MIN 1"]);
        assert_eq!(spans(&all), [(1, 17), (21, 21)]);
        assert_eq!((all.total, all.modseq, all.lowest, all.defects), (5, 1236, 1, 0));
        let partial = found(&[b"* ESEARCH (TAG \"A01\") UID PARTIAL (-1:-100 200:250,252:300) COUNT 0"]);
        assert_eq!((spans(&partial), partial.total), (vec![(200, 250), (252, 300)], 0));
        assert_eq!(found(&[b"* ESEARCH (TAG \"A01\") UID PARTIAL (1:100 NIL)"]).defects, 0);
        assert_eq!(tag(&Response::new(b"* ESEARCH UID COUNT 1", &[]), 10), None);
    }

    #[test]
    fn answers_that_tell_more() {
        let scored = found(&[b"* ESEARCH (TAG \"B1\") ALL 1,5,10 RELEVANCY (4 99 42)"]);
        assert_eq!((scored.scores.as_slice(), scored.defects), (&[4, 99, 42][..], 0));
        let partial = found(&[b"* ESEARCH (TAG \"C3\") PARTIAL (1:10 42,9,34,13,15,4,2,7,23,82)"]);
        assert_eq!((partial.partial.as_slice(), partial.set.count()), (&b"1:10"[..], 10));
        let none = found(&[b"* ESEARCH (TAG \"A04\") UID PARTIAL (24000:24500 NIL)"]);
        assert_eq!((none.partial.as_slice(), none.set.count(), none.defects), (&b"24000:24500"[..], 0, 0));
        let line = b"* ESEARCH (TAG \"tag1\" MAILBOX \"folder2/banana\" UIDVALIDITY 503) UID ALL 3002,4004";
        let elsewhere = found(&[line]);
        assert_eq!(
            (elsewhere.mailbox.as_deref(), elsewhere.uid_validity),
            (Some(&b"folder2/banana"[..]), 503)
        );
        assert_eq!(tag(&Response::new(line, &[]), 10), Some(&b"tag1"[..]));
        let broken = [
            &b"* ESEARCH RELEVANCY (0 101 x 7) COUNT 2"[..],
            b"* ESEARCH RELEVANCY 5 COUNT 2",
            b"* ESEARCH PARTIAL 5 COUNT 2",
            b"* ESEARCH PARTIAL (1:5 (x)) COUNT 2",
        ];
        for line in broken {
            let broken = found(&[line]);
            assert!(broken.defects > 0 && broken.total == 2, "{}", String::from_utf8_lossy(line));
        }
        assert!(found(&[b"* ESEARCH RELEVANCY (1 2"]).defects > 0);
    }

    #[test]
    fn changes_come_one_after_the_other() {
        let changes = |line: &[u8]| {
            let mut updates = Updates::of(&Response::new(line, &[]), 10);
            let mut all = Vec::new();
            while let Some(update) = updates.next_update().unwrap() {
                let set = update.set.text().unwrap();
                let set = String::from_utf8_lossy(&set[..set.len() - 1]).into_owned();
                all.push(format!("{}{} {set}", if update.is_removed { "-" } else { "+" }, update.position));
            }
            all
        };
        assert_eq!(changes(b"* ESEARCH (TAG \"B01\") UID ADDTO (0 32768:32769)"), ["+0 32768:32769"]);
        assert_eq!(
            changes(b"* ESEARCH (TAG \"C01\") UID ADDTO (1 2733 1 2732 1 2731)"),
            ["+1 2733", "+1 2732", "+1 2731"]
        );
        assert_eq!(
            changes(
                b"* ESEARCH (TAG \"C01\") UID ADDTO (1 2733) REMOVEFROM (1 2731:2732) COUNT 5 ADDTO (2 9)"
            ),
            ["+1 2733", "-1 2731:2732", "+2 9"]
        );
        assert_eq!(changes(b"* ESEARCH ADDTO (x 1 2 y 3 4 (5) 6 7"), ["+1 2", "+3 4", "+6 7"]);
        assert_eq!(changes(b"* ESEARCH (TAG \"C01\") UID ALL 1:5"), [""; 0]);
        assert_eq!(
            (update_id(b"FABCDX17"), update_id(b"B01"), update_id(b"tag"), update_id(b"")),
            (17, 1, 0, 0)
        );
        let many = [b"* ESEARCH ADDTO (".to_vec(), b"1 2 ".repeat(1_000_000)].concat();
        assert_eq!(changes(&many).len(), 1_000_000);
    }

    #[test]
    fn results_as_servers_send_them() {
        let several =
            found(&[b"* SEARCH 1 2", b"* SEARCH", b"* SEARCH 3 9 ", b"* ESEARCH ALL 11", b"* SEARCH 7"]);
        assert_eq!((spans(&several), several.defects), (vec![(1, 3), (9, 9), (11, 11), (7, 7)], 0));
        let odd = found(&[b"* SEARCH 0 99999999999 4294967295 x 5y 12345678 123456789(MODSEQ 3) z"]);
        assert_eq!(spans(&odd), [(u32::MAX, u32::MAX), (12345678, 12345678), (123456789, 123456789)]);
        assert_eq!((odd.modseq, odd.defects), (3, 5));
        let broken = found(&[b"* ESEARCH ALL 1:x COUNT many MIN 2 MIN 1 MAX 3 MAX 2"]);
        assert_eq!((broken.lowest, broken.highest, broken.total, broken.defects), (1, 3, -1, 2));
        assert_eq!(found(&[b"* ESEARCH ALL 4:*", b"* ESEARCH ALL 1:4294967295"]).set.spans().len(), 2);
    }

    /// The first number and how much is behind it, whatever the length of the one before.
    fn next(text: &str) -> Option<(u32, usize)> {
        let after = |digits: usize| {
            let found = next_number(text.as_bytes(), &mut Shape::of(digits));
            found.map(|(number, behind)| (number, behind.len()))
        };
        let first = after(0);
        (1..=10).for_each(|digits| assert_eq!(after(digits), first, "{digits} {text}"));
        first
    }

    #[test]
    fn numbers_of_every_length() {
        for number in (0..32).flat_map(|bit| [1u32 << bit, (1 << bit) - 1]).chain([10, 99_999_999, u32::MAX])
        {
            let is_one = number > 0;
            for (behind, left) in [("", 0), (" ", 0), (" 1", 1), (" 1234567 ", 8), ("(MODSEQ 1)", 10)] {
                assert_eq!(
                    next(&format!("{number}{behind}")),
                    is_one.then_some((number, left)),
                    "{number}{behind}"
                );
            }
            for behind in [")", "a999999999", "\u{e9}12345678"] {
                assert_eq!(next(&format!("{number}{behind}")), None, "{number}{behind}");
            }
        }
        for none in ["", " ", "0 1234567", "4294967296 ", "x2345678"] {
            assert_eq!(next(none), None);
        }
    }

    #[test]
    fn a_million_hits_are_a_million_hits() {
        let line = (1..=1_000_000).map(|number| format!(" {}", number * 3)).collect::<String>();
        let found = found(&[format!("* SEARCH{line}").as_bytes()]);
        assert_eq!((found.set.spans().len(), found.defects), (1_000_000, 0));
        assert_eq!(found.set.spans().last().map(|span| span.last), Some(3_000_000));
    }
}
