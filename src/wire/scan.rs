//! Finding bytes in short strings. Strings of mail are short: eight bytes at a time find them sooner than vectors, which
//! must be set up first.

#![forbid(unsafe_code)]

/// Where the first byte is that is one of `wanted`.
#[inline]
pub fn first_of<const N: usize>(bytes: &[u8], wanted: [u8; N]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        if let Some(at) = first_in_word(u64::from_le_bytes(*eight), wanted) {
            return Some(bytes.len() - rest.len() + at);
        }
        rest = behind;
    }
    if let (false, Some(last)) = (rest.is_empty(), bytes.last_chunk()) {
        // None of those before the rest is a hit.
        let at = first_in_word(u64::from_le_bytes(*last), wanted)?;
        return Some(bytes.len() - size_of::<u64>() + at);
    }
    rest.iter().position(|byte| wanted.contains(byte)).map(|at| bytes.len() - rest.len() + at)
}

#[inline]
fn first_in_word<const N: usize>(word: u64, wanted: [u8; N]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    // The lowest bit of 0x80.. that is set belongs to the first byte that is zero; higher ones may be wrong.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let hits = wanted.map(|byte| zeros(word ^ (ONES * u64::from(byte))));
    let hits = hits.iter().fold(0, |all, hits| all | hits) & (ONES << 7);
    (hits != 0).then(|| hits.trailing_zeros() as usize / 8)
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
