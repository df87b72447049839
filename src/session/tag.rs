//! Tags: unlike those of any other connection, so that nobody can answer a command before it is sent.

/// Makes the tags of one connection: a letter first, since some servers insist on one.
pub struct Tags {
    prefix: [u8; 6],
    count: u32,
}

/// One command line's tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    bytes: [u8; 16],
    len: u8,
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl Tags {
    pub fn new(random: [u8; 6]) -> Tags {
        let mut prefix = random.map(|byte| LETTERS[usize::from(byte % 32)]);
        prefix[0] = LETTERS[usize::from(random[0] % 26)];
        // The digits at the end are the count alone: see wire::search::update_id().
        prefix[5] = LETTERS[usize::from(random[5] % 26)];
        Tags { prefix, count: 0 }
    }

    /// That of the next line, until `advance`.
    pub fn next(&self) -> Tag {
        let mut tag = Tag { bytes: [0; 16], len: 6 };
        tag.bytes[..6].copy_from_slice(&self.prefix);
        let mut digits = [0; 10];
        let mut length = 0;
        let mut rest = self.count.wrapping_add(1);
        while rest > 0 {
            digits[length] = b'0' + (rest % 10) as u8;
            length += 1;
            rest /= 10;
        }
        for digit in digits[..length].iter().rev() {
            tag.bytes[usize::from(tag.len)] = *digit;
            tag.len += 1;
        }
        tag
    }

    /// The line is written.
    pub fn advance(&mut self) {
        self.count = self.count.wrapping_add(1);
    }
}

impl Tag {
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_begin_with_a_letter_and_count() {
        let mut tags = Tags::new([31, 0, 1, 2, 3, 255]);
        assert_eq!(tags.next().as_bytes(), b"FABCDV1");
        assert_eq!(tags.next().as_bytes(), b"FABCDV1");
        tags.advance();
        assert_eq!(tags.next().as_bytes(), b"FABCDV2");
        tags.count = u32::MAX - 1;
        assert_eq!(tags.next().as_bytes(), b"FABCDV4294967295");
    }
}
