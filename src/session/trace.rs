//! The black box: the last traffic, as bytes until somebody asks for it.

use super::journal::{Kind, show};
use crate::error::NoMemory;

/// Two halves: when the newer one is full, the older one is forgotten. What is kept lies between half of the limit and
/// all of it, memory is taken as it is written to, and a record costs one copy.
#[derive(Default)]
pub struct Trace {
    older: Vec<u8>,
    newer: Vec<u8>,
    /// 0: nothing is kept.
    limit: usize,
}

/// Kind, milliseconds, length of the text, and the length that it had before it was cut.
const HEAD: usize = 1 + 4 + 2 + 4;
/// So much of a line is kept.
const LONGEST: usize = 1000;

impl Trace {
    pub fn new(limit: usize) -> Trace {
        Trace { limit, ..Trace::default() }
    }

    pub fn is_kept(&self) -> bool {
        self.limit > 0
    }

    /// Without memory for it the line is missing, no more.
    pub fn push(&mut self, kind: Kind, millis: u32, line: &[u8]) {
        let kept = &line[..line.len().min(LONGEST)];
        let (size, half) = (HEAD + kept.len(), self.limit / 2);
        if size > half {
            return;
        }
        if self.newer.len() + size > half {
            std::mem::swap(&mut self.older, &mut self.newer);
            self.newer.clear();
        }
        if self.newer.capacity() - self.newer.len() < size {
            // Doubled at most, and never beyond its half.
            let more = self.newer.len().max(256).min(half - self.newer.len()).max(size);
            if self.newer.try_reserve_exact(more).is_err() {
                return;
            }
        }
        let mut head = [0; HEAD];
        head[0] = kind as u8;
        head[1..5].copy_from_slice(&millis.to_le_bytes());
        head[5..7].copy_from_slice(&(kept.len() as u16).to_le_bytes());
        head[7..].copy_from_slice(&u32::try_from(line.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.newer.extend_from_slice(&head);
        self.newer.extend_from_slice(kept);
    }

    /// One line each: seconds, who speaks, and what: "1.204 C: A1 NOOP". A long one ends with its size.
    pub fn text(&self) -> Result<Vec<u8>, NoMemory> {
        let mut out = Vec::new();
        for mut rest in [self.older.as_slice(), self.newer.as_slice()] {
            while let Some((head, behind)) = rest.split_at_checked(HEAD) {
                let number =
                    |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
                let kept = usize::from(u16::from_le_bytes([head[5], head[6]]));
                let (millis, whole) = (number(1), number(7) as usize);
                let (line, behind) = behind.split_at(kept.min(behind.len()));
                let mark = Kind::of(head[0]).mark();
                append(&mut out, format!("{}.{:03} {mark} ", millis / 1000, millis % 1000).as_bytes())?;
                show(line, &mut out)?;
                if whole > kept {
                    append(&mut out, format!("... [{whole} bytes]").as_bytes())?;
                }
                append(&mut out, b"\n")?;
                rest = behind;
            }
        }
        Ok(out)
    }
}

fn append(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), NoMemory> {
    out.try_reserve(bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(trace: &Trace) -> String {
        String::from_utf8(trace.text().unwrap()).unwrap()
    }

    #[test]
    fn lines_are_told_as_they_came() {
        let mut trace = Trace::new(4000);
        trace.push(Kind::Note, 0, b"connecting");
        trace.push(Kind::Received, 12, b"* OK \xff\r\x1b[2J");
        trace.push(Kind::Sent, 61_204, &[b'x'; 1001]);
        let long = "x".repeat(1000);
        let expected = format!(
            "0.000 #: connecting\n0.012 S: * OK \u{fffd}\u{240d}\u{241b}[2J\n61.204 C: {long}... [1001 bytes]\n"
        );
        assert_eq!(text(&trace), expected);
    }

    #[test]
    fn the_last_of_it_is_kept_and_no_more_than_the_limit() {
        let mut trace = Trace::new(1000);
        assert_eq!(trace.newer.capacity(), 0);
        for n in 0..1000 {
            trace.push(Kind::Sent, 0, format!("{n:03}").as_bytes());
            assert!(trace.older.capacity() + trace.newer.capacity() <= 1000);
        }
        let text = text(&trace);
        assert!(text.ends_with(" 999\n") && text.lines().count() >= 500 / (HEAD + 3), "{text}");
        let mut none = Trace::new(0);
        none.push(Kind::Sent, 0, b"A1 NOOP");
        assert!(none.text().unwrap().is_empty() && !none.is_kept());
    }

    #[test]
    fn a_quiet_connection_costs_little() {
        let mut trace = Trace::new(65536);
        (0..20).for_each(|_| trace.push(Kind::Received, 0, b"* OK something of some length"));
        assert!(trace.newer.capacity() < 2000, "{}", trace.newer.capacity());
    }
}
