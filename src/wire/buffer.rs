//! Appending to a buffer whose growth may fail.

#![forbid(unsafe_code)]

use crate::error::NoMemory;

/// Appends bytes as they are.
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), NoMemory> {
    out.try_reserve(bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// Appends one character as UTF-8.
pub fn append_char(out: &mut Vec<u8>, c: char) -> Result<(), NoMemory> {
    append(out, c.encode_utf8(&mut [0; 4]).as_bytes())
}

/// Appends UTF-8; what is invalid becomes U+FFFD, and the answer false.
pub fn append_utf8(out: &mut Vec<u8>, bytes: &[u8]) -> Result<bool, NoMemory> {
    if std::str::from_utf8(bytes).is_ok() {
        append(out, bytes)?;
        return Ok(true);
    }
    let mut is_valid = true;
    for chunk in bytes.utf8_chunks() {
        append(out, chunk.valid().as_bytes())?;
        if !chunk.invalid().is_empty() {
            append_char(out, char::REPLACEMENT_CHARACTER)?;
            is_valid = false;
        }
    }
    Ok(is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_utf8_becomes_replacement_characters() {
        let mut out = Vec::new();
        assert_eq!(append_utf8(&mut out, "naïve".as_bytes()), Ok(true));
        assert_eq!(append_utf8(&mut out, b" \xff\xc3"), Ok(false));
        assert_eq!(out, "naïve \u{fffd}\u{fffd}".as_bytes());
    }
}
