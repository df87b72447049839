//! SEARCH and ESEARCH (RFC 3501 section 7.2.5, RFC 4731).

use super::cursor::{Cursor, Response};
use crate::error::NoMemory;
use crate::model::imap_set;

/// What all responses to one search say together.
pub struct Found {
    pub set: imap_set,
    /// -1: not told.
    pub total: i64,
    pub lowest: u32,
    pub highest: u32,
    pub modseq: i64,
}

impl Default for Found {
    fn default() -> Found {
        Found { set: imap_set::new(), total: -1, lowest: 0, highest: 0, modseq: -1 }
    }
}

/// `mailbox-data = "SEARCH" [1*(SP nz-number) [SP search-sort-mod-seq]]`. False if something stands in it that
/// is no number.
pub fn search(response: &Response<'_>, rest: usize, found: &mut Found) -> Result<bool, NoMemory> {
    let mut cursor = response.cursor(rest);
    loop {
        let (number, is_number) = next_number(&mut cursor);
        match number {
            0 if !is_number => break,
            // No message has number 0, whatever a server says.
            0 => {}
            number => found.set.push(number)?,
        }
    }
    if cursor.take(b'(') && cursor.take_word(b"MODSEQ") {
        found.modseq = cursor.number().map_or(-1, |modseq| modseq as i64);
        cursor.take(b')');
    }
    cursor.skip_spaces();
    Ok(cursor.is_at_end())
}

/// The next number of a line that may have millions of them.
fn next_number(cursor: &mut Cursor<'_>) -> (u32, bool) {
    cursor.skip_spaces();
    let mut number = 0u32;
    let mut digits = 0;
    for byte in cursor.rest() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(u32::from(digit));
        digits += 1;
    }
    // More than nine digits may not fit: the careful way.
    if digits > 9 {
        let is_known = cursor.number32();
        if is_known.is_none() {
            cursor.advance(digits);
        }
        return (is_known.unwrap_or(0), true);
    }
    cursor.advance(digits);
    (number, digits > 0)
}

/// `esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)`
pub fn esearch(response: &Response<'_>, rest: usize, found: &mut Found) -> Result<bool, NoMemory> {
    let mut cursor = response.cursor(rest);
    cursor.skip_spaces();
    if cursor.peek() == Some(b'(') {
        cursor.skip_value();
    }
    cursor.take_word(b"UID");
    while let Some(name) = cursor.atom() {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        if is(b"MIN") {
            found.lowest = cursor.number32().unwrap_or(0);
        } else if is(b"MAX") {
            found.highest = cursor.number32().unwrap_or(0);
        } else if is(b"COUNT") {
            found.total = cursor.number().map_or(-1, |total| total as i64);
        } else if is(b"MODSEQ") {
            found.modseq = cursor.number().map_or(-1, |modseq| modseq as i64);
        } else if is(b"ALL") {
            let Some(set) = cursor.atom().and_then(imap_set::from_response) else { return Ok(false) };
            for span in set?.spans() {
                found.set.push_span(span.first, span.last)?;
            }
        } else if !cursor.skip_value() {
            break;
        }
    }
    Ok(cursor.is_at_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfcs() {
        let mut found = Found::default();
        let response =
            Response::new(b"* SEARCH 2 84 882 883 0 99999999999 4294967295 (MODSEQ 917162500)\r\n", &[]);
        assert_eq!(search(&response, 9, &mut found), Ok(true));
        let spans: Vec<_> = found.set.spans().iter().map(|span| (span.first, span.last)).collect();
        assert_eq!(spans, [(2, 2), (84, 84), (882, 883), (u32::MAX, u32::MAX)]);
        assert_eq!(found.modseq, 917162500);

        let mut found = Found::default();
        let line = b"* ESEARCH (TAG \"A285\") UID MIN 7 MAX 3800 COUNT 15 X (1 2) ALL 1:3,9 MODSEQ 5\r\n";
        assert_eq!(esearch(&Response::new(line, &[]), 10, &mut found), Ok(true));
        assert_eq!((found.lowest, found.highest, found.total, found.modseq), (7, 3800, 15, 5));
        assert_eq!(found.set.count(), 4);
    }
}
