//! Where a response ends: lines and literals (RFC 9051 section 2.2.2), nothing more. What is inside is for
//! the parsers, which then run over one complete response and have no partial state.

use std::cell::Cell;

use memchr::{memchr, memchr_iter};

use super::cursor::Response;
use crate::error::NoMemory;
use crate::model::printable;

/// Literals of at least so many bytes are not put into the input buffer: their marker stays there, their
/// bytes go straight to whoever will own them.
pub const BIG_LITERAL: usize = 16 * 1024;

/// What [`Frame::step`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The response is not complete: read more.
    More,
    /// It is complete and takes so many bytes, line end included.
    Response(usize),
    /// The same; it is one line of printable ASCII, as nearly all are.
    Line(usize),
    /// A literal of `size` bytes, to be kept out of the buffer, begins at `at`.
    Big { at: usize, size: u64 },
    /// A line is longer than the limit.
    TooLong,
    /// A literal's size does not fit in 63 bits.
    BadLiteral,
}

/// Looks at each byte of a response once, however it is cut.
#[derive(Default)]
pub struct Frame {
    /// Where the next look begins.
    at: usize,
    /// So far all is printable ASCII.
    printable: usize,
    /// Where the line begins that is being looked at.
    line: usize,
    /// The line follows a literal.
    follows_literal: bool,
    /// So far there is no "}", as a look over many lines found.
    braceless: usize,
}

impl Frame {
    /// `buffer` begins with the response; what was there at the last step is unchanged. After a `Big` the
    /// caller takes the literal away and steps on with the bytes that follow it put right behind `at`.
    pub fn step(&mut self, buffer: &[u8], line_limit: usize) -> Step {
        loop {
            let Some((end, is_printable)) = self.line_end(buffer) else {
                self.at = buffer.len().max(self.at);
                return if self.at - self.line > line_limit { Step::TooLong } else { Step::More };
            };
            if end - self.line > line_limit {
                return Step::TooLong;
            }
            let literal = match self.literal(buffer, end) {
                Some(literal) => literal,
                None if self.follows_literal
                    && is_blank(&buffer[self.line..end])
                    && is_open_fetch(buffer) =>
                {
                    self.begin_line(end, true);
                    continue;
                }
                None => {
                    *self = Frame { braceless: self.braceless.saturating_sub(end), ..Frame::default() };
                    return if is_printable { Step::Line(end) } else { Step::Response(end) };
                }
            };
            let Some(size) = literal.size else { return Step::BadLiteral };
            let start = self.line + literal.end;
            if size >= BIG_LITERAL as u64 {
                self.begin_line(start, true);
                self.braceless = 0;
                return Step::Big { at: start, size };
            }
            // The literal may not have come yet: the next look begins behind it all the same.
            self.begin_line(start + size as usize, true);
        }
    }

    /// Where the line ends, and whether all up to there is printable: as long as that is so, one look tells both.
    fn line_end(&mut self, buffer: &[u8]) -> Option<(usize, bool)> {
        let mut rest = buffer.get(self.at..)?;
        if self.printable == self.at {
            let (_, behind) = rest.split_at(printable(rest));
            rest = behind;
            self.at = buffer.len() - rest.len();
            self.printable = self.at;
            if rest.starts_with(b"\r\n") {
                return Some((self.at + b"\r\n".len(), true));
            }
        }
        Some((self.at + memchr(b'\n', rest)? + 1, false))
    }

    /// Of what it has looked at, so much from the beginning on is printable ASCII.
    pub fn printable(&self) -> usize {
        self.printable
    }

    fn begin_line(&mut self, at: usize, follows_literal: bool) {
        self.at = at;
        self.line = at;
        self.follows_literal = follows_literal;
    }

    /// The literal that the line announces which ends here.
    fn literal(&mut self, buffer: &[u8], end: usize) -> Option<Literal> {
        if self.braceless <= self.line {
            self.braceless = memchr(b'}', &buffer[self.line..]).map_or(buffer.len(), |at| self.line + at);
        }
        if self.braceless >= end {
            return None;
        }
        self.braceless = 0;
        let line = &buffer[self.line..end];
        literal_at_end(line).or_else(|| self.spaced_literal(buffer, line))
    }

    /// Two spaces in place of the CRLF behind a literal's size, in a FETCH response (Domino).
    fn spaced_literal(&self, buffer: &[u8], line: &[u8]) -> Option<Literal> {
        let is_spaced = |at: &usize| line[at + 1..].starts_with(b"  ");
        let spaced = memchr_iter(b'}', line).find(is_spaced)?;
        let literal = literal_at_end(&line[..spaced + 3])?;
        is_open_fetch(buffer).then_some(literal)
    }
}

/// Calls `with` for each complete response in `bytes`; what does not end, and what follows it, is left out.
pub fn each_response(
    bytes: &[u8],
    mut with: impl FnMut(&Response<'_>) -> Result<(), NoMemory>,
) -> Result<(), NoMemory> {
    let (mut frame, mut big) = (Frame::default(), Vec::new());
    // Large literals are taken out, as the input does it.
    let (mut here, mut rest) = (Vec::new(), bytes);
    loop {
        match frame.step(&here, usize::MAX) {
            Step::Line(length) => {
                with(&Response::printable(&here[..length]))?;
                here.drain(..length);
            }
            Step::Response(length) => {
                with(&Response::new(&here[..length], &big))?;
                big.clear();
                here.drain(..length);
            }
            Step::Big { at, size } => {
                here.truncate(at);
                let Some(literal) = usize::try_from(size).ok().and_then(|size| rest.get(..size)) else {
                    return Ok(());
                };
                big.try_reserve(1)?;
                big.push(Cell::new(literal.to_vec()));
                rest = &rest[literal.len()..];
            }
            Step::More => {
                // A line at a time, so that a marker is the last that was read.
                let Some(end) = memchr(b'\n', rest) else { return Ok(()) };
                here.try_reserve(end + 1)?;
                here.extend_from_slice(&rest[..=end]);
                rest = &rest[end + 1..];
            }
            Step::TooLong | Step::BadLiteral => return Ok(()),
        }
    }
}

/// A response taken apart.
pub enum Piece<'r> {
    /// Without its line end.
    Line(&'r [u8]),
    Literal(&'r [u8]),
    /// One that is kept out of the response.
    BigLiteral(&'r Cell<Vec<u8>>),
}

/// The lines and literals of a response, in order.
pub fn pieces<'r>(response: &Response<'r>) -> impl Iterator<Item = Piece<'r>> {
    let mut rest = Some(response.bytes);
    let mut big = response.big.iter();
    let mut literal = None;
    std::iter::from_fn(move || {
        let bytes = rest?;
        if let Some(size) = literal.take() {
            if size >= BIG_LITERAL as u64 {
                return big.next().map(Piece::BigLiteral);
            }
            let (here, behind) = bytes.split_at(bytes.len().min(size as usize));
            rest = Some(behind);
            return Some(Piece::Literal(here));
        }
        let Some(end) = memchr(b'\n', bytes) else {
            rest = None;
            return Some(Piece::Line(bytes));
        };
        let (line, behind) = bytes.split_at(end + 1);
        rest = Some(behind);
        literal = literal_size_at_end(line);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(Piece::Line(line.strip_suffix(b"\r").unwrap_or(line)))
    })
}

/// The size of the literal that a line announces.
pub fn literal_size_at_end(line: &[u8]) -> Option<u64> {
    literal_at_end(line).and_then(|literal| literal.size)
}

struct Literal {
    /// None: too large for any server to mean it.
    size: Option<u64>,
    /// Where its bytes begin, relative to the line.
    end: usize,
}

/// `literal = "{" number64 ["+"] "}" CRLF *CHAR8`; a line ending with two spaces is taken for a CRLF where
/// the caller says so.
fn literal_at_end(line: &[u8]) -> Option<Literal> {
    let head = line
        .strip_suffix(b"\r\n")
        .or_else(|| line.strip_suffix(b"\n"))
        .or_else(|| line.strip_suffix(b"  "))?;
    let head = head.strip_suffix(b"}")?;
    let head = head.strip_suffix(b"+").unwrap_or(head);
    let digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count();
    let (before, digits) = head.split_at(head.len() - digits);
    if digits.is_empty() || before.last() != Some(&b'{') {
        return None;
    }
    Some(Literal { size: literal_size(digits), end: line.len() })
}

/// A negative size, which Free.fr sends, is none.
pub(super) fn literal_size(digits: &[u8]) -> Option<u64> {
    if digits.first() == Some(&b'-') {
        return Some(0);
    }
    digits
        .iter()
        .try_fold(0u64, |size, &digit| size.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0'))))
        .filter(|size| *size <= i64::MAX as u64)
}

fn is_blank(line: &[u8]) -> bool {
    line == b"\r\n" || line == b"\n"
}

/// `* 12 FETCH (`: such a response cannot end before its parenthesis does.
fn is_open_fetch(buffer: &[u8]) -> bool {
    let mut words =
        buffer[..buffer.len().min(64)].split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.next() == Some(b"*")
        && words.next().is_some_and(|number| number.iter().all(u8::is_ascii_digit))
        && words
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(b"FETCH") || name.eq_ignore_ascii_case(b"UIDFETCH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_all(bytes: &[u8]) -> Vec<usize> {
        let (mut frame, mut rest, mut ends) = (Frame::default(), bytes, Vec::new());
        while let Step::Response(end) | Step::Line(end) = frame.step(rest, 1 << 20) {
            ends.push(end);
            rest = &rest[end..];
        }
        ends
    }

    #[test]
    fn lines_and_literals_are_found_however_they_are_cut() {
        let bytes = b"* OK hi\r\n* 1 FETCH (BODY[] {4}\r\n\r\n\r\n)\r\n* BYE\n";
        assert_eq!(frame_all(bytes), [9, 30, 6]);
        let mut frame = Frame::default();
        let mut ends = Vec::new();
        let mut start = 0;
        for end in 1..=bytes.len() {
            while let Step::Response(len) | Step::Line(len) = frame.step(&bytes[start..end], 1 << 20) {
                ends.push(len);
                start += len;
            }
        }
        assert_eq!(ends, [9, 30, 6]);
    }

    #[test]
    fn lines_are_told_apart_by_what_is_in_them() {
        let step = |bytes: &[u8]| Frame::default().step(bytes, 1 << 20);
        assert_eq!(step(b"* OK }{3} hi\r\nx"), Step::Line(14));
        for other in [&b"* OK hi\n"[..], b"* OK \xc3\xa4\r\n", b"* OK\thi\r\n", b"* OK hi\r \r\n"] {
            assert_eq!(step(other), Step::Response(other.len()));
        }
        let in_two =
            |frame: &mut Frame| (frame.step(b"* OK hi", 1 << 20), frame.step(b"* OK hi\r\n", 1 << 20));
        assert_eq!(in_two(&mut Frame::default()), (Step::More, Step::Line(9)));
        assert_eq!(step(b"* 1 FETCH (X {1}\r\na Y 2)\r\n"), Step::Response(26));
    }

    #[test]
    fn odd_literals() {
        assert_eq!(frame_all(b"* 1 FETCH (X {-1}\r\n Y {02}\r\nab)\r\n"), [33]);
        assert_eq!(frame_all(b"* 1 FETCH (X {3}  abc Y 1)\r\n"), [28]);
        // A blank line behind a literal that was counted short does not end the response.
        assert_eq!(frame_all(b"* 1 FETCH (X {3}\r\nabc\r\n Y 1)\r\n"), [30]);
        assert_eq!(frame_all(b"* OK see {3}  and {4} there\r\n"), [29]);
        let huge = b"* 1 FETCH (X {99999999999999999999}\r\n";
        assert_eq!(Frame::default().step(huge, 1 << 20), Step::BadLiteral);
    }

    #[test]
    fn big_literals_are_left_out() {
        let mut buffer = b"* 1 FETCH (X {20000}\r\n".to_vec();
        let mut frame = Frame::default();
        assert_eq!(frame.step(&buffer, 100), Step::Big { at: 22, size: 20000 });
        buffer.extend_from_slice(b" Y 1)\r\n");
        assert_eq!(frame.step(&buffer, 100), Step::Response(29));
    }

    #[test]
    fn every_complete_response_is_seen() {
        let large = "x".repeat(20_000);
        let bytes = format!(
            "* OK hi\r\n* 1 FETCH (X {{20000}}\r\n{large} Y {{3}}\r\n\na\n Z {{20000}}\r\n{large})\r\n* BYE\r\n* 2 FETCH (X {{20000}}\r\nshort"
        );
        let mut seen = Vec::new();
        each_response(bytes.as_bytes(), |response| {
            seen.push((
                response.bytes.len(),
                response.big.iter().map(|cell| cell.take().len()).sum::<usize>(),
            ));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [(7, 0), (46, 40_000), (5, 0)]);
    }

    #[test]
    fn long_lines_are_refused() {
        assert_eq!(Frame::default().step(&[b'x'; 101], 100), Step::TooLong);
        assert_eq!(Frame::default().step(&[b'x'; 99], 100), Step::More);
    }
}
