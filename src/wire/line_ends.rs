//! Line ends as messages have them: a bare CR or LF becomes CRLF (RFC 5322 section 2.3).

#![forbid(unsafe_code)]

use crate::error::NoMemory;

/// How far a text has come that is given in pieces.
#[derive(Clone, Copy, Default)]
pub struct LineEnds {
    /// The piece before ended with CR, for which CRLF was written already.
    after_cr: bool,
}

impl LineEnds {
    /// How many bytes a piece becomes.
    pub fn count(&mut self, piece: &[u8]) -> u64 {
        let mut count = piece.len() as u64;
        for at in memchr::memchr2_iter(b'\r', b'\n', piece) {
            match self.belongs_to_cr(piece, at) {
                true => count -= 1,
                false => count += 1,
            }
        }
        self.pass(piece);
        count
    }

    /// Writes what a piece becomes.
    pub fn write(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), NoMemory> {
        let mut written = 0;
        for at in memchr::memchr2_iter(b'\r', b'\n', piece) {
            let line = piece.get(written..at).unwrap_or_default();
            out.try_reserve(line.len() + 2)?;
            out.extend_from_slice(line);
            if !self.belongs_to_cr(piece, at) {
                out.extend_from_slice(b"\r\n");
            }
            written = at + 1;
        }
        let rest = piece.get(written..).unwrap_or_default();
        out.try_reserve(rest.len())?;
        out.extend_from_slice(rest);
        self.pass(piece);
        Ok(())
    }

    /// Whether the CR or LF at a place is the LF behind a CR.
    fn belongs_to_cr(&self, piece: &[u8], at: usize) -> bool {
        let is_behind = at.checked_sub(1).map_or(self.after_cr, |before| piece.get(before) == Some(&b'\r'));
        piece.get(at) == Some(&b'\n') && is_behind
    }

    fn pass(&mut self, piece: &[u8]) {
        if let Some(last) = piece.last() {
            self.after_cr = *last == b'\r';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut counting, mut writing) = (LineEnds::default(), LineEnds::default());
        let (mut count, mut out) = (0, Vec::new());
        for piece in pieces {
            count += counting.count(piece);
            writing.write(piece, &mut out).unwrap();
        }
        assert_eq!(count, out.len() as u64, "{pieces:?}");
        out
    }

    #[test]
    fn every_line_ends_with_both() {
        let texts: [(&[u8], &[u8]); 7] = [
            (b"", b""),
            (b"a", b"a"),
            (b"a\nb", b"a\r\nb"),
            (b"a\rb\r", b"a\r\nb\r\n"),
            (b"a\r\n\r\n", b"a\r\n\r\n"),
            (b"\n\r\n\r\r\n\n", b"\r\n\r\n\r\n\r\n\r\n"),
            (b"\r", b"\r\n"),
        ];
        for (text, expected) in texts {
            assert_eq!(fitted(&[text]), expected, "{text:?}");
            for cut in 0..text.len() {
                let (a, b) = text.split_at(cut);
                assert_eq!(fitted(&[a, b]), expected, "{text:?} at {cut}");
                assert_eq!(fitted(&[a, b"", b]), expected, "{text:?} at {cut}");
            }
        }
    }
}
