//! XOAUTH2 (Google's, and Microsoft's) and OAUTHBEARER (RFC 7628): a bearer token, which someone else gave out.

#![forbid(unsafe_code)]

use super::{Credentials, Secret, answered};
use crate::error::Result;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    XOAuth2,
    /// OAUTHBEARER; with what was connected to, if that is known.
    Bearer(Option<(String, u16)>),
}

/// One authentication with a token, which is the password of the credentials.
#[derive(Debug)]
pub struct OAuth {
    dialect: Dialect,
    credentials: Credentials,
    /// What the server said of a token that it does not take: JSON.
    refusal: Option<Vec<u8>>,
}

impl OAuth {
    pub fn new(dialect: Dialect, credentials: Credentials) -> OAuth {
        OAuth { dialect, credentials, refusal: None }
    }

    /// `client-resp = gs2-header kvsep *kvpair kvsep`; XOAUTH2 has the user in place of the header.
    pub fn initial(&self) -> Result<Secret> {
        let Credentials { user, password, .. } = &self.credentials;
        let token: [&[u8]; 3] = [b"\x01auth=Bearer ", password.as_bytes(), b"\x01\x01"];
        match &self.dialect {
            Dialect::XOAuth2 => Secret::concat(&[b"user=", user.as_bytes(), token[0], token[1], token[2]]),
            Dialect::Bearer(server) => {
                let user = saslname(user.as_bytes());
                let server = server.as_ref().map(|(host, port)| format!("\x01host={host}\x01port={port}"));
                let server = server.unwrap_or_default();
                Secret::concat(&[b"n,a=", &user, b",", server.as_bytes(), token[0], token[1], token[2]])
            }
        }
    }

    /// The server says why it refuses, and wants an answer before it says NO (RFC 7628 section 3.2.3).
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Secret> {
        if self.refusal.is_some() {
            return Err(answered("the token's mechanism"));
        }
        self.refusal = Some(challenge.to_vec());
        Secret::new(if self.dialect == Dialect::XOAuth2 { b"" } else { b"\x01" })
    }

    pub fn refusal(&self) -> Option<&[u8]> {
        self.refusal.as_deref()
    }
}

/// `saslname`: "=" and "," are escaped (RFC 5801 section 4).
fn saslname(name: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::new();
    for byte in name {
        match byte {
            b'=' => escaped.extend_from_slice(b"=3D"),
            b',' => escaped.extend_from_slice(b"=2C"),
            other => escaped.push(*other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::credentials;
    use super::*;

    #[test]
    fn a_token_goes_in_one_message() {
        let bearer = |server| {
            let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
            OAuth::new(Dialect::Bearer(server), credentials("user@example.com", token, None))
                .initial()
                .unwrap()
        };
        let expected =
            b"n,a=user@example.com,\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        assert_eq!(bearer(None).as_bytes(), expected);
        // RFC 7628 section 4.1
        let expected = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI\
                        HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
        let line = super::super::encode(bearer(Some(("server.example.com".into(), 143))).as_bytes());
        assert_eq!(line.unwrap().as_bytes(), expected.as_bytes());
        let xoauth2 =
            OAuth::new(Dialect::XOAuth2, credentials("someuser@example.com", "ya29.vF9dft4q", None));
        let expected = b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4q\x01\x01";
        assert_eq!(xoauth2.initial().unwrap().as_bytes(), expected);
        let odd = OAuth::new(Dialect::Bearer(None), credentials("a=b,c", "t", None));
        assert!(odd.initial().unwrap().as_bytes().starts_with(b"n,a=a=3Db=2Cc,\x01"));
    }

    #[test]
    fn a_refusal_is_answered_once_and_kept() {
        for (dialect, answer) in [(Dialect::Bearer(None), &b"\x01"[..]), (Dialect::XOAuth2, b"")] {
            let mut oauth = OAuth::new(dialect, credentials("u", "t", None));
            assert_eq!(oauth.respond(b"{\"status\":\"401\"}").unwrap().as_bytes(), answer);
            assert_eq!(oauth.refusal(), Some(&b"{\"status\":\"401\"}"[..]));
            assert!(oauth.respond(b"{}").is_err());
        }
    }
}
