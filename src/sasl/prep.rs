//! SASLprep: one spelling for user names and passwords (RFC 4013, a profile of RFC 3454).

#![forbid(unsafe_code)]

use super::Secret;
use crate::error::{Error, Result};

/// Prepares `text` as a stored string (RFC 4013 section 2.5). Errors call it `what`, and do not quote it: it
/// may be a password.
///
/// Printable ASCII is left as it is. Of the rest, stringprep leaves copies in freed memory that cannot be
/// wiped.
pub fn saslprep(what: &str, text: &str) -> Result<Secret> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Secret::new(text.as_bytes());
    }
    if text.len() > MAX_LEN {
        return Err(Error::invalid(format!(
            "the {what} is longer than the {MAX_LEN} bytes that SASLprep takes"
        )));
    }
    match stringprep::saslprep(text) {
        Ok(prepared) => Ok(Secret::from(prepared.into_owned().into_bytes())),
        Err(_) => {
            let message =
                format!("the {what} has a character that SASLprep forbids: change it, or use PLAIN over TLS");
            Err(Error::invalid(message))
        }
    }
}

/// Normalization can make a text 11 times as long.
const MAX_LEN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4013 section 3.
    #[test]
    fn examples_of_the_rfc() {
        for (text, expected) in
            [("I\u{ad}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{aa}", "a"), ("\u{2168}", "IX")]
        {
            assert_eq!(saslprep("user", text).unwrap().as_bytes(), expected.as_bytes());
        }
        for text in ["\u{7}", "\u{627}1"] {
            assert!(saslprep("user", text).is_err());
        }
    }

    #[test]
    fn spaces_and_accents() {
        assert_eq!(saslprep("user", "a\u{a0}b").unwrap().as_bytes(), b"a b");
        assert_eq!(saslprep("user", "e\u{301}").unwrap().as_bytes(), "é".as_bytes());
        assert!(saslprep("user", "\u{ad}").unwrap().is_empty());
    }

    #[test]
    fn errors_do_not_show_the_text() {
        let error = saslprep("password", "tanstaaf\u{e000}").unwrap_err();
        assert!(error.message.contains("password") && !error.message.contains("tanstaaf"));
        assert!(!error.message.contains('\u{e000}'));
    }

    #[test]
    fn is_bounded() {
        assert!(saslprep("user", &"é".repeat(MAX_LEN / 2)).is_ok());
        assert!(saslprep("user", &"é".repeat(MAX_LEN / 2 + 1)).is_err());
        assert!(saslprep("user", &"e".repeat(MAX_LEN + 1)).is_ok());
    }
}
