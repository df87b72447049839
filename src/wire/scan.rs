//! Finding bytes and numbers in short strings. Strings of mail are short: one look at sixteen bytes finds the end of most.

#![forbid(unsafe_code)]

use crate::model::vector;

/// Where the first byte is that is one of `wanted`.
#[inline]
pub fn first_of<const N: usize>(bytes: &[u8], wanted: [u8; N]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((sixteen, behind)) = rest.split_first_chunk() {
        let hits = vector::hits(sixteen, wanted);
        if hits != 0 {
            return Some(bytes.len() - rest.len() + hits.trailing_zeros() as usize);
        }
        rest = behind;
    }
    if let (false, Some(last)) = (rest.is_empty(), bytes.last_chunk::<16>()) {
        // None of those before the rest is a hit.
        let hits = vector::hits(last, wanted);
        return (hits != 0).then(|| bytes.len() - last.len() + hits.trailing_zeros() as usize);
    }
    rest.iter().position(|byte| wanted.contains(byte)).map(|at| bytes.len() - rest.len() + at)
}

const ONES: u64 = u64::MAX / 255;

/// The number at the beginning of `bytes`, and how many digits it has, if these are one to seven and something follows;
/// None: look closer. Eight bytes at a time: a line may hold millions of numbers.
#[inline]
pub fn few_digits(bytes: &[u8]) -> Option<(u32, usize)> {
    let word = digits(bytes.first_chunk()?);
    match count_digits(word) {
        0 | 8 => None,
        length => Some((number(word, length), length)),
    }
}

/// How an nz-number of one length, and the space behind it, are written.
#[derive(Clone, Copy)]
pub struct Shape {
    length: usize,
    /// "0" in the place of each digit, and the space.
    sent: u64,
    /// What makes the high bit of what differs too much from that, and the places of these bits.
    too_much: u64,
    places: u64,
}

impl Shape {
    /// Of one to seven digits; of another length nothing is read.
    pub const fn of(length: usize) -> Shape {
        let length = if length < size_of::<u64>() { length } else { 0 };
        let digits = (1 << (u8::BITS as usize * length)) - 1;
        let space = 0xff << (u8::BITS as usize * length);
        Shape {
            length,
            sent: digits & (ONES * b'0' as u64) | space & (ONES * b' ' as u64),
            too_much: digits & (ONES * (0x80 - 10)) | space & (ONES * (0x80 - 1)),
            places: (digits | space) & (ONES << 7),
        }
    }

    /// The number that `bytes` begins with, if it is written so; and what is behind the space.
    #[inline(always)]
    pub fn read(self, bytes: &[u8]) -> Option<(u32, &[u8])> {
        let word = u64::from_le_bytes(*bytes.first_chunk()?) ^ self.sent;
        let is_other = (word.wrapping_add(self.too_much) | word) & self.places != 0;
        if is_other || word as u8 == 0 {
            return None;
        }
        Some((number(word, self.length), &bytes[self.length % size_of::<u64>() + 1..]))
    }
}

/// Digits become 0 to 9.
#[inline(always)]
fn digits(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes) ^ 0x3030_3030_3030_3030
}

/// How many stand at the beginning.
#[inline(always)]
fn count_digits(word: u64) -> usize {
    // Of what is above 9 the high bit is set here.
    let others = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    (others.trailing_zeros() / 8) as usize
}

/// The number of so many digits, one to seven.
#[inline(always)]
fn number(word: u64, length: usize) -> u32 {
    // Right-aligned, then pairs, fours and all eight are put together at once.
    let word = word.wrapping_shl(64 - 8 * length as u32);
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let high = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let low = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    (high.wrapping_add(low) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hit_is_found_wherever_it_stands() {
        for len in 0..40 {
            for at in 0..len {
                let mut bytes = vec![0x80 | b'"'; len];
                bytes[at..].fill(b'"');
                assert_eq!(first_of(&bytes, [b'"']), Some(at));
                assert_eq!(first_of(&bytes, [b'\\', b'"']), Some(at));
                assert_eq!(first_of(&bytes, [b'\\', b'#']), None);
            }
        }
    }
}
