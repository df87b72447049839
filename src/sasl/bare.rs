//! EXTERNAL (RFC 4422 appendix A) and ANONYMOUS (RFC 4505): one message, and no secret in it.

#![forbid(unsafe_code)]

use super::{Credentials, Secret, answered};
use crate::error::Result;

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

    /// `message = [ email / token ]`: a trace for the server's log.
    pub fn anonymous(credentials: Credentials) -> Bare {
        Bare { message: credentials.user }
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
        let anonymous = Bare::anonymous(credentials("sirhc", "", None));
        assert_eq!(anonymous.initial().unwrap().as_bytes(), b"sirhc");
        assert!(anonymous.respond().is_err());
    }
}
