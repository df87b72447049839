//! SEARCH and ESEARCH (RFC 9051 section 7.3.4, RFC 3501 section 7.2.5, RFC 4731, RFC 7162).

#![forbid(unsafe_code)]

use super::cursor::{Cursor, Response, Str};
use crate::error::NoMemory;
use crate::model::imap_set;

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
    /// So many words were passed over that are no numbers of messages.
    pub defects: usize,
}

impl Default for Found {
    fn default() -> Found {
        Found { set: imap_set::new(), total: -1, lowest: 0, highest: 0, modseq: -1, defects: 0 }
    }
}

/// `"SEARCH" *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"]`; SORT is the same. False if it has
/// defects.
pub fn search(response: &Response<'_>, rest: usize, found: &mut Found) -> Result<bool, NoMemory> {
    let before = found.defects;
    let bytes = response.bytes.get(rest..).unwrap_or_default();
    let mut run = Run::default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' => at += 1,
            b'(' => break,
            _ => {
                let (number, length) = leading_number(&bytes[at..]);
                at += length;
                if length > 0 && bytes.get(at).is_none_or(|next| matches!(next, b' ' | b'(')) && number > 0 {
                    run.push(number, &mut found.set)?;
                } else {
                    found.defects += 1;
                    at += bytes[at..].iter().take_while(|byte| !matches!(byte, b' ' | b'(')).count();
                }
            }
        }
    }
    run.end(&mut found.set)?;
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
    cursor.skip_spaces();
    if cursor.peek() == Some(b'(') {
        cursor.skip_value();
    }
    cursor.take_word(b"UID");
    while let Some(name) = cursor.atom() {
        let is_understood = return_data(name, &mut cursor, found)?;
        found.defects += usize::from(!is_understood);
    }
    found.defects += usize::from(!cursor.rest().trim_ascii().is_empty());
    Ok(found.defects == before)
}

/// `search-correlator = SP "(" "TAG" SP tag-string ")"`: the tag of the command that an ESEARCH answers.
pub fn esearch_tag<'b>(response: &Response<'b>, rest: usize) -> Option<&'b [u8]> {
    let mut cursor = response.cursor(rest);
    if !cursor.take(b'(') {
        return None;
    }
    while !cursor.take(b')') {
        let name = cursor.atom()?;
        if name.eq_ignore_ascii_case(b"TAG") {
            return match cursor.astring()? {
                Str::Quoted(tag) | Str::Escaped(tag) | Str::Atom(tag) | Str::Literal(tag) => Some(tag),
                Str::Big(..) => None,
            };
        }
        cursor.skip_value();
    }
    None
}

/// `search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number /
/// "MODSEQ" SP mod-sequence-value / "PARTIAL" SP "(" partial-range SP partial-results ")"` and others, which are
/// passed over. False if the value is not what it should be.
fn return_data(name: &[u8], cursor: &mut Cursor<'_>, found: &mut Found) -> Result<bool, NoMemory> {
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    if is(b"PARTIAL") {
        let is_list = cursor.take(b'(') && cursor.atom().is_some();
        let is_understood = is_list && (cursor.take_nil() || set(cursor, found)?);
        return Ok(cursor.take(b')') && is_understood);
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

/// Numbers that follow each other: most hits do, and a set keeps them as one span.
#[derive(Default)]
struct Run {
    first: u32,
    last: u32,
}

impl Run {
    #[inline]
    fn push(&mut self, number: u32, set: &mut imap_set) -> Result<(), NoMemory> {
        if self.last.wrapping_add(1) != number || self.first == 0 {
            self.end(set)?;
            self.first = number;
        }
        self.last = number;
        Ok(())
    }

    fn end(&self, set: &mut imap_set) -> Result<(), NoMemory> {
        match set.spans().last() {
            _ if self.first == 0 => Ok(()),
            // An earlier line ended right before this run.
            Some(end) if end.last.checked_add(1) == Some(self.first) => {
                (self.first..=self.last).try_for_each(|number| set.push(number))
            }
            _ => set.push_span(self.first, self.last),
        }
    }
}

/// `number = 1*DIGIT` at the beginning of `bytes`, and how many digits it has; 0 if it needs more than 32 bits.
///
/// Eight bytes at a time: a line may hold millions of numbers.
#[inline]
fn leading_number(bytes: &[u8]) -> (u32, usize) {
    let Some(Ok(eight)) = bytes.get(..8).map(<[u8; 8]>::try_from) else { return short_number(bytes) };
    // Digits become 0 to 9; of what is above 9 the high bit is set here.
    let word = u64::from_le_bytes(eight) ^ 0x3030_3030_3030_3030;
    let others = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    let length = (others.trailing_zeros() / 8) as usize;
    if length == 0 || length == 8 {
        return short_number(bytes);
    }
    // Right-aligned, then pairs, fours and all eight are put together at once.
    let word = word << (64 - 8 * length);
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let high = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let low = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    ((high.wrapping_add(low) >> 32) as u32, length)
}

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
        assert_eq!(esearch_tag(&Response::new(line, &[]), 10), Some(&b"A285"[..]));
        let all = found(&[b"* ESEARCH (TAG \"a\") COUNT 5 ALL 1:17,21 MODSEQ 1236 X-NEW (1 (2)) MIN 1"]);
        assert_eq!(spans(&all), [(1, 17), (21, 21)]);
        assert_eq!((all.total, all.modseq, all.lowest, all.defects), (5, 1236, 1, 0));
        let partial = found(&[b"* ESEARCH (TAG \"A01\") UID PARTIAL (-1:-100 200:250,252:300) COUNT 0"]);
        assert_eq!((spans(&partial), partial.total), (vec![(200, 250), (252, 300)], 0));
        assert_eq!(found(&[b"* ESEARCH (TAG \"A01\") UID PARTIAL (1:100 NIL)"]).defects, 0);
        assert_eq!(esearch_tag(&Response::new(b"* ESEARCH UID COUNT 1", &[]), 10), None);
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

    #[test]
    fn numbers_of_every_length() {
        for number in (0..32).flat_map(|bit| [1u32 << bit, (1 << bit) - 1]).chain([10, 99_999_999, u32::MAX])
        {
            for behind in ["", " ", " 1", ")", "a999999999", "\u{e9}12345678"] {
                let text = format!("{number}{behind}");
                assert_eq!(leading_number(text.as_bytes()), (number, number.to_string().len()), "{text}");
            }
        }
        assert_eq!(leading_number(b"4294967296 "), (0, 10));
        assert_eq!(leading_number(b"x2345678"), (0, 0));
    }

    #[test]
    fn a_million_hits_are_a_million_hits() {
        let line = (1..=1_000_000).map(|number| format!(" {}", number * 3)).collect::<String>();
        let found = found(&[format!("* SEARCH{line}").as_bytes()]);
        assert_eq!((found.set.spans().len(), found.defects), (1_000_000, 0));
        assert_eq!(found.set.spans().last().map(|span| span.last), Some(3_000_000));
    }
}
