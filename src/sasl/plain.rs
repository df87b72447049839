//! PLAIN (RFC 4616): the password itself.

#![forbid(unsafe_code)]

use super::{Credentials, Secret, answered};
use crate::error::Result;

/// One authentication with PLAIN.
#[derive(Debug)]
pub struct Plain(Credentials);

impl Plain {
    /// Any credentials that Exchange lets through.
    pub fn new(credentials: Credentials) -> Plain {
        Plain(credentials)
    }

    /// message = [authzid] UTF8NUL authcid UTF8NUL passwd
    ///
    /// Not prepared with SASLprep: that is left to the server (RFC 4616 section 2).
    pub fn initial(&self) -> Result<Secret> {
        let Credentials { user, password, act_as } = &self.0;
        let act_as = act_as.as_ref().map_or(&[][..], Secret::as_bytes);
        Secret::concat(&[act_as, b"\0", user.as_bytes(), b"\0", password.as_bytes()])
    }

    /// The server has no more to ask.
    pub fn respond(&self) -> Result<Secret> {
        Err(answered("PLAIN"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::credentials;
    use super::*;

    /// RFC 4616 section 4.
    #[test]
    fn examples_of_the_rfc() {
        let plain = Plain::new(credentials("tim", "tanstaaftanstaaf", None));
        assert_eq!(plain.initial().unwrap().as_bytes(), b"\0tim\0tanstaaftanstaaf");
        let plain = Plain::new(credentials("Kurt", "xipj3plmq", Some("Ursel")));
        assert_eq!(plain.initial().unwrap().as_bytes(), b"Ursel\0Kurt\0xipj3plmq");
    }
}
