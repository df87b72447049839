//! Capabilities (RFC 9051 section 7.2.2).

/// The atoms of a CAPABILITY response or code. Any token is one; `LITERAL +` is `LITERAL+` with a stray space.
pub fn atoms(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut words = bytes.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).peekable();
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if word == b"+" {
                continue;
            }
            let is_literal = word.eq_ignore_ascii_case(b"LITERAL");
            return Some(if is_literal && words.next_if(|next| *next == b"+").is_some() {
                b"LITERAL+"
            } else {
                word
            });
        }
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_token_is_a_capability() {
        let atoms: Vec<&[u8]> = super::atoms(b" IMAP4rev1  LITERAL + + 1Q49").collect();
        assert_eq!(atoms, [&b"IMAP4rev1"[..], b"LITERAL+", b"1Q49"]);
    }
}
