//! Sixteen bytes looked at at once.

/// A bit for each byte that is one of `wanted`; the first byte's is the lowest.
#[inline(always)]
pub fn hits<const N: usize>(sixteen: &[u8; 16], wanted: [u8; N]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    return sse2_hits(sixteen, wanted);
    #[cfg(not(target_arch = "x86_64"))]
    return portable_hits(sixteen, wanted);
}

/// A bit for each byte that is no printable ASCII character.
#[inline(always)]
pub fn unprintable(sixteen: &[u8; 16]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    return sse2_unprintable(sixteen);
    #[cfg(not(target_arch = "x86_64"))]
    return portable_unprintable(sixteen);
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn sse2_hits<const N: usize>(sixteen: &[u8; 16], wanted: [u8; N]) -> u32 {
    use std::arch::x86_64::*;
    // SAFETY: every processor of this architecture has SSE2; sixteen bytes are read, aligned or not.
    unsafe {
        let bytes = _mm_loadu_si128(sixteen.as_ptr().cast());
        let equal = wanted.map(|byte| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8)));
        let any = equal.into_iter().fold(_mm_setzero_si128(), |any, equal| _mm_or_si128(any, equal));
        _mm_movemask_epi8(any) as u32
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn sse2_unprintable(sixteen: &[u8; 16]) -> u32 {
    use std::arch::x86_64::*;
    // SAFETY: as above.
    unsafe {
        let from_space = _mm_sub_epi8(_mm_loadu_si128(sixteen.as_ptr().cast()), _mm_set1_epi8(b' ' as i8));
        let beyond = _mm_max_epu8(from_space, _mm_set1_epi8((b'~' - b' ' + 1) as i8));
        _mm_movemask_epi8(_mm_cmpeq_epi8(beyond, from_space)) as u32
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn portable_unprintable(sixteen: &[u8; 16]) -> u32 {
    portable_hits(&sixteen.map(|byte| u8::from(matches!(byte, b' '..=b'~'))), [0])
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn portable_hits<const N: usize>(sixteen: &[u8; 16], wanted: [u8; N]) -> u32 {
    let sixteen = u128::from_le_bytes(*sixteen);
    let (low, high) = (hits_of_eight(sixteen as u64, wanted), hits_of_eight((sixteen >> 64) as u64, wanted));
    low | high << 8
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn hits_of_eight<const N: usize>(eight: u64, wanted: [u8; N]) -> u32 {
    const ONES: u64 = u64::MAX / 255;
    const SEVEN_BITS: u64 = ONES * 0x7f;
    let zeros = |word: u64| !(((word & SEVEN_BITS) + SEVEN_BITS) | word | SEVEN_BITS);
    let any = wanted.iter().fold(0, |any, byte| any | zeros(eight ^ (ONES * u64::from(*byte))));
    // The high bits of the eight bytes move together to the top.
    ((any >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_told_by_its_own_bit() {
        for byte in 0..=u8::MAX {
            for place in 0..16 {
                let mut sixteen = [byte.wrapping_add(1); 16];
                sixteen[place] = byte;
                assert_eq!(hits(&sixteen, [byte]), 1 << place);
                assert_eq!(portable_hits(&sixteen, [byte]), 1 << place);
                let other = byte.wrapping_add(1);
                assert_eq!(hits(&sixteen, [other, byte.wrapping_add(2)]), 0xffff & !(1 << place));
                assert_eq!(portable_hits(&sixteen, [other, byte]), 0xffff);
            }
        }
        for byte in 0..=u8::MAX {
            let expected = if (b' '..=b'~').contains(&byte) { 0 } else { 0x21 };
            let mut sixteen = [b'a'; 16];
            (sixteen[0], sixteen[5]) = (byte, byte);
            assert_eq!((unprintable(&sixteen), portable_unprintable(&sixteen)), (expected, expected));
        }
        assert_eq!(hits(b"a\"b\\c\"defghijklm", [b'"', b'\\']), 0b10_1010);
        assert_eq!(portable_hits(b"a\"b\\c\"defghijklm", [b'"', b'\\']), 0b10_1010);
    }
}
