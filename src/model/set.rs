//! Sets of UIDs or message numbers (RFC 9051 `sequence-set`), kept as ranges and never expanded.

#![forbid(unsafe_code)]

use std::sync::OnceLock;

use crate::error::{Error, NoMemory, Result};

/// `seq-range`, the smaller end first; `*` is the largest number there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: u32,
    pub last: u32,
}

/// UIDs or message numbers, kept as ranges in the order given. Opaque; a const one is good for any thread.
#[derive(Default)]
pub struct imap_set {
    spans: Vec<Span>,
    is_of_numbers: bool,
    /// "$": the last saved search; then there are no spans.
    is_saved_search: bool,
    /// The text with its NUL, made when it is first asked for.
    text: OnceLock<Vec<u8>>,
}

/// The empty set that results point to.
pub static EMPTY_SET: imap_set = imap_set::new();

impl Span {
    fn new(a: u32, b: u32) -> Span {
        Span { first: a.min(b), last: a.max(b) }
    }

    /// How many numbers it has.
    pub fn count(self) -> u64 {
        u64::from(self.last) - u64::from(self.first) + 1
    }

    fn contains(self, number: u32) -> bool {
        self.first <= number && number <= self.last
    }
}

impl imap_set {
    pub const fn new() -> imap_set {
        imap_set { spans: Vec::new(), is_of_numbers: false, is_saved_search: false, text: OnceLock::new() }
    }

    /// What a caller writes: "1:5,9,20:*", "#1:5", "$", "".
    pub fn parse(text: &str) -> Result<imap_set> {
        let trimmed = text.trim();
        let (body, is_of_numbers) = match trimmed.strip_prefix('#') {
            Some(body) => (body.trim_start(), true),
            None => (trimmed, false),
        };
        let mut set = imap_set { is_of_numbers, ..imap_set::new() };
        match body {
            "" => {}
            "$" => set.is_saved_search = true,
            _ => {
                for part in body.split(',') {
                    let span = parse_span(part.trim()).ok_or_else(|| malformed(text, part))?;
                    set.push_span(span.first, span.last)?;
                }
            }
        }
        Ok(set)
    }

    /// What a server writes, strictly: None if it is no set.
    pub fn from_response(bytes: &[u8]) -> Option<Result<imap_set, NoMemory>> {
        let mut set = imap_set::new();
        for part in bytes.split(|byte| *byte == b',') {
            let span = parse_span(std::str::from_utf8(part).ok()?)?;
            if let Err(error) = set.push_span(span.first, span.last) {
                return Some(Err(error));
            }
        }
        Some(Ok(set))
    }

    /// Adds a number behind what is there; one that follows on makes the last span longer.
    pub fn push(&mut self, number: u32) -> Result<(), NoMemory> {
        self.text = OnceLock::new();
        if let Some(last) = self.spans.last_mut() {
            if last.last.checked_add(1) == Some(number) {
                last.last = number;
                return Ok(());
            }
        }
        self.push_span(number, number)
    }

    pub fn push_span(&mut self, first: u32, last: u32) -> Result<(), NoMemory> {
        self.text = OnceLock::new();
        self.spans.try_reserve(1)?;
        self.spans.push(Span::new(first, last));
        Ok(())
    }

    /// Puts ascending spans behind the others; the first may go on the last one that is there.
    pub fn append(&mut self, spans: &[Span]) -> Result<(), NoMemory> {
        self.text = OnceLock::new();
        let mut more = spans;
        if let (Some(last), [first, behind @ ..]) = (self.spans.last_mut(), spans) {
            if last.last.checked_add(1) == Some(first.first) {
                last.last = first.last;
                more = behind;
            }
        }
        self.spans.try_reserve(more.len())?;
        self.spans.extend_from_slice(more);
        Ok(())
    }

    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && !self.is_saved_search
    }

    pub fn is_of_numbers(&self) -> bool {
        self.is_of_numbers
    }

    pub fn is_saved_search(&self) -> bool {
        self.is_saved_search
    }

    pub fn copy(&self) -> Result<imap_set, NoMemory> {
        let mut spans = Vec::new();
        spans.try_reserve_exact(self.spans.len())?;
        spans.extend_from_slice(&self.spans);
        let imap_set { is_of_numbers, is_saved_search, .. } = *self;
        Ok(imap_set { spans, is_of_numbers, is_saved_search, text: OnceLock::new() })
    }

    /// The same numbers ascending, each once.
    pub fn sorted(&self) -> Result<imap_set, NoMemory> {
        let mut copy = self.copy()?;
        copy.sort();
        Ok(copy)
    }

    /// What goes into command lines: ascending, merged, in pieces of at most about `room` bytes.
    pub fn split(&self, room: usize) -> Result<Vec<Vec<u8>>, NoMemory> {
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        if self.is_saved_search {
            pieces.try_reserve(1)?;
            pieces.push(copy_bytes(b"$")?);
        }
        for span in self.sorted()?.spans {
            let text = SpanText::of(span);
            match pieces.last_mut().filter(|piece| piece.len() + 1 + text.len <= room) {
                Some(piece) => {
                    piece.try_reserve(1 + text.len)?;
                    piece.push(b',');
                    piece.extend_from_slice(text.bytes());
                }
                None => {
                    pieces.try_reserve(1)?;
                    pieces.push(copy_bytes(text.bytes())?);
                }
            }
        }
        Ok(pieces)
    }

    /// The text with one NUL behind; as parsed and added, with "#" if it is of message numbers.
    pub fn text(&self) -> Option<&[u8]> {
        if self.text.get().is_none() {
            let made = self.write().ok()?;
            // Another thread may have been faster: both made the same.
            let _ = self.text.set(made);
        }
        self.text.get().map(Vec::as_slice)
    }

    fn write(&self) -> Result<Vec<u8>, NoMemory> {
        let mut text = Vec::new();
        text.try_reserve(2)?;
        if self.is_of_numbers && !self.is_empty() {
            text.push(b'#');
        }
        if self.is_saved_search {
            text.push(b'$');
        }
        for (at, span) in self.spans.iter().enumerate() {
            let span = SpanText::of(*span);
            text.try_reserve(span.len + 2)?;
            if at > 0 {
                text.push(b',');
            }
            text.extend_from_slice(span.bytes());
        }
        text.try_reserve(1)?;
        text.push(0);
        Ok(text)
    }

    /// With repetitions.
    pub fn count(&self) -> u64 {
        self.spans.iter().map(|span| span.count()).sum()
    }

    pub fn contains(&self, number: u32) -> bool {
        self.spans.iter().any(|span| span.contains(number))
    }

    pub fn includes(&self, other: &imap_set) -> Result<bool, NoMemory> {
        let mut rest = other.copy()?;
        rest.subtract(self)?;
        Ok(rest.spans.is_empty())
    }

    pub fn overlaps(&self, other: &imap_set) -> Result<bool, NoMemory> {
        let mut common = self.copy()?;
        common.intersect(other)?;
        Ok(!common.spans.is_empty())
    }

    /// Smallest and largest.
    pub fn bounds(&self) -> Option<(u32, u32)> {
        let lowest = self.spans.iter().map(|span| span.first).min()?;
        Some((lowest, self.spans.iter().map(|span| span.last).max()?))
    }

    /// The numbers from place `from` to before place `to`, in their order.
    pub fn part(&self, from: u64, to: u64) -> Result<imap_set, NoMemory> {
        let mut part = imap_set { is_of_numbers: self.is_of_numbers, ..imap_set::new() };
        let mut place = 0;
        for span in &self.spans {
            let (start, end) = (from.max(place), to.min(place + span.count()));
            if start < end {
                let number = |place_in_set: u64| span.first + (place_in_set - place) as u32;
                part.push_span(number(start), number(end - 1))?;
            }
            place += span.count();
        }
        Ok(part)
    }

    /// The number at a place, counted from 0 through all spans.
    pub fn at(&self, place: u64) -> Option<u32> {
        let mut left = place;
        for span in &self.spans {
            if left < span.count() {
                return Some(span.first + left as u32);
            }
            left -= span.count();
        }
        None
    }

    pub fn find(&self, number: u32) -> Option<u64> {
        let mut before = 0;
        for span in &self.spans {
            if span.contains(number) {
                return Some(before + u64::from(number - span.first));
            }
            before += span.count();
        }
        None
    }

    /// Walks the numbers. The cursor is the span's index above 32 bits of offset in it, so each step costs the
    /// same.
    pub fn next(&self, cursor: &mut u64) -> Option<u32> {
        let (index, offset) = ((*cursor >> 32) as usize, *cursor as u32);
        let span = self.spans.get(index)?;
        let number = span.first.checked_add(offset).filter(|number| *number <= span.last)?;
        *cursor = if number == span.last { (*cursor >> 32).wrapping_add(1) << 32 } else { *cursor + 1 };
        Some(number)
    }

    /// Walks the spans.
    pub fn next_span(&self, cursor: &mut u64) -> Option<Span> {
        let span = self.spans.get(usize::try_from(*cursor).ok()?)?;
        *cursor += 1;
        Some(*span)
    }

    pub fn remove(&mut self, first: u32, last: u32) -> Result<(), NoMemory> {
        let mut removed = imap_set::new();
        removed.push_span(first, last)?;
        self.subtract(&removed)
    }

    /// Ascending, each number once, in as few spans as can be.
    pub fn sort(&mut self) {
        self.text = OnceLock::new();
        self.spans.sort_unstable_by_key(|span| span.first);
        let mut kept: usize = 0;
        for at in 0..self.spans.len() {
            let span = self.spans[at];
            match kept.checked_sub(1).map(|last| &mut self.spans[last]) {
                Some(before) if before.last.checked_add(1).is_none_or(|next| span.first <= next) => {
                    before.last = before.last.max(span.last);
                }
                _ => {
                    self.spans[kept] = span;
                    kept += 1;
                }
            }
        }
        self.spans.truncate(kept);
    }

    pub fn unite(&mut self, other: &imap_set) -> Result<(), NoMemory> {
        self.spans.try_reserve(other.spans.len())?;
        self.spans.extend_from_slice(&other.spans);
        self.sort();
        Ok(())
    }

    pub fn subtract(&mut self, other: &imap_set) -> Result<(), NoMemory> {
        self.sort();
        let removed = other.sorted()?;
        let mut left = Vec::new();
        left.try_reserve(self.spans.len() + removed.spans.len())?;
        let mut at = 0;
        for span in &self.spans {
            let mut first = Some(span.first);
            while removed.spans.get(at).is_some_and(|hole| hole.last < span.first) {
                at += 1;
            }
            for hole in removed.spans[at..].iter().take_while(|hole| hole.first <= span.last) {
                if let Some(start) = first.filter(|start| *start < hole.first) {
                    left.push(Span { first: start, last: hole.first - 1 });
                }
                first = hole.last.checked_add(1).filter(|next| *next <= span.last);
            }
            if let Some(start) = first {
                left.push(Span { first: start, last: span.last });
            }
        }
        self.spans = left;
        Ok(())
    }

    pub fn intersect(&mut self, other: &imap_set) -> Result<(), NoMemory> {
        let mut outside = self.sorted()?;
        outside.subtract(other)?;
        self.subtract(&outside)
    }
}

fn copy_bytes(bytes: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut copied = Vec::new();
    copied.try_reserve(bytes.len())?;
    copied.extend_from_slice(bytes);
    Ok(copied)
}

/// `seq-range = seq-number ":" seq-number`, `seq-number = nz-number / "*"`
fn parse_span(text: &str) -> Option<Span> {
    let number = |text: &str| match text {
        "*" => Some(u32::MAX),
        _ if text.starts_with(|first: char| first.is_ascii_digit()) => {
            text.parse::<u32>().ok().filter(|number| *number > 0)
        }
        _ => None,
    };
    match text.split_once(':') {
        Some((first, last)) => Some(Span::new(number(first)?, number(last)?)),
        None => number(text).map(|number| Span::new(number, number)),
    }
}

fn malformed(text: &str, part: &str) -> Error {
    let clip = |text: &str| text.chars().take(60).collect::<String>();
    let (text, part) = (clip(text), clip(part));
    Error::invalid(format!("the set \"{text}\" is malformed at \"{part}\": write it as \"1:5,9,20:*\""))
}

/// One span as text, without allocating.
struct SpanText {
    buffer: [u8; 24],
    len: usize,
}

impl SpanText {
    fn of(span: Span) -> SpanText {
        let mut text = SpanText { buffer: [0; 24], len: 0 };
        text.number(span.first);
        if span.last != span.first {
            text.put(b':');
            text.number(span.last);
        }
        text
    }

    fn number(&mut self, number: u32) {
        if number == u32::MAX {
            return self.put(b'*');
        }
        let mut scale = 1_000_000_000;
        while scale > number.max(1) {
            scale /= 10;
        }
        while scale > 0 {
            self.put(b'0' + (number / scale % 10) as u8);
            scale /= 10;
        }
    }

    fn put(&mut self, byte: u8) {
        self.buffer[self.len] = byte;
        self.len += 1;
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn set(text: &str) -> imap_set {
        imap_set::parse(text).unwrap()
    }

    fn text(set: &imap_set) -> String {
        let text = set.text().unwrap();
        String::from_utf8(text[..text.len() - 1].to_vec()).unwrap()
    }

    #[test]
    fn texts_come_back_as_they_were() {
        for written in ["", "1", "1:5,9,20:*", "#1:5", "3,1,3", "$", "4294967294", "10:100"] {
            assert_eq!(text(&set(written)), written);
        }
        assert_eq!(text(&set(" 5:1 , 7 ")), "1:5,7");
        for wrong in ["0", "1,", ",1", "1:", "a", "1:2:3", "4294967296", "-1", "+1", "1 2", "#1,#2"] {
            assert!(imap_set::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn walking_gives_every_number_in_order() {
        let walked = set("7:9,2,4294967294:*,1:2");
        let (mut cursor, mut numbers) = (0, Vec::new());
        while let Some(number) = walked.next(&mut cursor) {
            numbers.push(number);
        }
        assert_eq!(numbers, [7, 8, 9, 2, 4294967294, 4294967295, 1, 2]);
        assert_eq!((walked.count(), walked.at(3), walked.at(8), walked.find(2)), (8, Some(2), None, Some(3)));
        assert_eq!(walked.bounds(), Some((1, u32::MAX)));
    }

    #[test]
    fn long_sets_are_split() {
        let pieces = set("1,3,5,7,9:*").split(5).unwrap();
        assert_eq!(pieces, [b"1,3,5".to_vec(), b"7,9:*".to_vec()]);
        assert_eq!(set("$").split(5).unwrap(), [b"$".to_vec()]);
        assert!(set("").split(5).unwrap().is_empty());
    }

    #[test]
    fn algebra_agrees_with_a_plain_set() {
        let mut random = 7u32;
        let mut next = |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % below + 1
        };
        for _ in 0..500 {
            let (mut made, mut models) =
                ([imap_set::new(), imap_set::new()], [BTreeSet::new(), BTreeSet::new()]);
            for (made, model) in made.iter_mut().zip(&mut models) {
                for _ in 0..next(6) {
                    let (a, b) = (next(40), next(40));
                    made.push_span(a, b).unwrap();
                    model.extend(a.min(b)..=a.max(b));
                }
            }
            let [a, b] = &made;
            let numbers = |set: &imap_set| {
                let (mut cursor, mut numbers) = (0, Vec::new());
                while let Some(number) = set.next(&mut cursor) {
                    numbers.push(number);
                }
                numbers
            };
            let changed = |change: fn(&mut imap_set, &imap_set) -> Result<(), NoMemory>| {
                let mut copy = a.copy().unwrap();
                change(&mut copy, b).unwrap();
                numbers(&copy)
            };
            let [x, y] = &models;
            assert_eq!(changed(imap_set::unite), x.union(y).copied().collect::<Vec<_>>());
            assert_eq!(changed(imap_set::subtract), x.difference(y).copied().collect::<Vec<_>>());
            assert_eq!(changed(imap_set::intersect), x.intersection(y).copied().collect::<Vec<_>>());
            assert_eq!(a.includes(b).unwrap(), y.is_subset(x));
            assert_eq!(a.overlaps(b).unwrap(), !x.is_disjoint(y));
        }
    }
}
