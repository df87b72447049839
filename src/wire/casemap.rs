//! `i;unicode-casemap` (RFC 5051): texts that differ in case or in how their letters are put together are one text, and
//! their order is that of the letters. What sorting and threading compare by (RFC 5256, I18NLEVEL=1).

#![forbid(unsafe_code)]

use unicode_normalization::char::decompose_compatible;

use crate::error::NoMemory;

/// Each character in title case, then taken apart.
pub fn casemap(text: &str) -> Result<String, NoMemory> {
    let mut mapped = String::new();
    mapped.try_reserve(text.len())?;
    if text.is_ascii() {
        mapped.extend(text.chars().map(|character| character.to_ascii_uppercase()));
        return Ok(mapped);
    }
    let mut is_full = false;
    for character in text.chars() {
        decompose_compatible(title(character), |part| {
            is_full |= mapped.try_reserve(part.len_utf8()).is_err();
            if !is_full {
                mapped.push(part);
            }
        });
    }
    if is_full { Err(NoMemory) } else { Ok(mapped) }
}

/// The simple title case of Unicode: one character for one. It is the upper case, but for a few letters that have both,
/// and for those whose full upper case is several characters.
fn title(character: char) -> char {
    let shifted = |by: u32| char::from_u32(u32::from(character) + by).unwrap_or(character);
    match u32::from(character) {
        // Digraphs: their title case stands between the upper and the lower one.
        0x1c4 | 0x1c7 | 0x1ca | 0x1f1 => shifted(1),
        0x1c5 | 0x1c8 | 0x1cb | 0x1f2 => character,
        0x1c6 | 0x1c9 | 0x1cc | 0x1f3 => char::from_u32(u32::from(character) - 1).unwrap_or(character),
        // Georgian is not capitalized.
        0x10d0..=0x10ff => character,
        // Greek with iota below.
        0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => shifted(8),
        0x1fb3 | 0x1fc3 | 0x1ff3 => shifted(9),
        _ => {
            let mut upper = character.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(one), None) => one,
                _ => character,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_taken_apart_and_capitalized() {
        for (text, mapped) in [
            ("Zoe", "ZOE"),
            ("zoë", "ZOE\u{308}"),
            ("Zoe\u{308}", "ZOE\u{308}"),
            ("straße", "STRAßE"),
            ("ǆ", "Dz\u{30c}"),
            ("ﬁ", "fi"),
            ("Ａｂ", "AB"),
            ("ᾳ", "Α\u{345}"),
            ("ა", "ა"),
            ("ы", "Ы"),
            ("", ""),
        ] {
            assert_eq!(casemap(text).unwrap(), mapped, "{text}");
        }
        assert!(casemap("élan").unwrap() < casemap("zebra").unwrap());
    }
}
