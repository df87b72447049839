//! Capabilities (RFC 9051 section 7.2.2).

#![forbid(unsafe_code)]

/// `capability-data = "CAPABILITY" *(SP capability)`: what follows the name, in a response or a code.
///
/// Any token is a capability. `LITERAL +` is one with a stray space in it, a `+` elsewhere says nothing.
pub fn atoms(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).peekable();
    std::iter::from_fn(move || {
        let word = words.by_ref().find(|word| !is_sign(word))?;
        let sign = word.eq_ignore_ascii_case(b"LITERAL").then(|| words.next_if(|next| is_sign(next)));
        Some(match sign.flatten() {
            Some(b"+") => b"LITERAL+",
            Some(_) => b"LITERAL-",
            None => word,
        })
    })
}

fn is_sign(word: &[u8]) -> bool {
    matches!(word, b"+" | b"-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(bytes: &[u8]) -> Vec<String> {
        atoms(bytes).map(|atom| String::from_utf8_lossy(atom).into_owned()).collect()
    }

    #[test]
    fn capabilities_of_the_rfc() {
        let sent = b"STARTTLS AUTH=GSSAPI IMAP4rev2 LOGINDISABLED XPIG-LATIN";
        assert_eq!(list(sent), ["STARTTLS", "AUTH=GSSAPI", "IMAP4rev2", "LOGINDISABLED", "XPIG-LATIN"]);
        assert_eq!(list(b""), [""; 0]);
        assert_eq!(list(b" \r\n"), [""; 0]);
    }

    #[test]
    fn any_token_is_one_and_literal_finds_its_sign() {
        assert_eq!(list(b"IMAP4rev1 LITERAL + IDLE"), ["IMAP4rev1", "LITERAL+", "IDLE"]);
        assert_eq!(list(b"+ literal  - literal +"), ["LITERAL-", "LITERAL+"]);
        assert_eq!(list(b"LITERAL+  LITERAL X +"), ["LITERAL+", "LITERAL", "X"]);
        assert_eq!(
            list(b"1Q49 st11p00mm-iscream009 QUOTA=RES-"),
            ["1Q49", "st11p00mm-iscream009", "QUOTA=RES-"]
        );
    }
}
