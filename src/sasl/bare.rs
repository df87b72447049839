//! EXTERNAL (RFC 4422 appendix A) and ANONYMOUS (RFC 4505): one message, and no secret in it.

#![forbid(unsafe_code)]

use super::{Credentials, Secret, answered, utf8};
use crate::error::{Error, Result};

const LONGEST_TRACE: usize = 255;

/// One authentication that shows nothing: who we are the server knows from elsewhere, or does not care.
#[derive(Debug)]
pub struct Bare {
    message: Secret,
}

impl Bare {
    /// `extern-initial-resp`: the user to become; empty: the one of the certificate.
    pub fn external(credentials: Credentials) -> Bare {
        Bare { message: credentials.act_as.unwrap_or_default() }
    }

    /// `message = [ email / token ]`: a trace for the server's log, without what the profile "trace" forbids first of all.
    pub fn anonymous(credentials: Credentials) -> Result<Bare> {
        let trace = utf8("user", &credentials.user)?;
        if trace.chars().count() > LONGEST_TRACE || trace.chars().any(char::is_control) {
            let message =
                "the trace of an anonymous user has control characters, or more than 255 characters";
            return Err(Error::invalid(message));
        }
        Ok(Bare { message: credentials.user })
    }

    pub fn initial(&self) -> Result<Secret> {
        self.message.copy()
    }

    /// The server has no more to ask.
    pub fn respond(&self) -> Result<Secret> {
        Err(answered("this mechanism"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::credentials;
    use super::*;

    #[test]
    fn one_message() {
        let external = |act_as| Bare::external(credentials("bob", "", act_as)).initial().unwrap();
        assert_eq!(external(None).as_bytes(), b"");
        assert_eq!(external(Some("carol")).as_bytes(), b"carol");
        let anonymous = Bare::anonymous(credentials("sirhc", "", None)).unwrap();
        assert_eq!(anonymous.initial().unwrap().as_bytes(), b"sirhc");
        assert!(anonymous.respond().is_err());
        let is_trace = |trace: &str| Bare::anonymous(credentials(trace, "", None)).is_ok();
        assert!(is_trace(&"é".repeat(255)) && is_trace(""));
        assert!(!is_trace(&"e".repeat(256)) && !is_trace("a\u{7f}b") && !is_trace("a\tb"));
    }
}
