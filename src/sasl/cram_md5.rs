//! CRAM-MD5 (RFC 2195): a keyed digest of the server's challenge.

#![forbid(unsafe_code)]

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use zeroize::Zeroize;

use super::{Credentials, Secret, answered, broken, impossible};
use crate::error::Result;

/// One authentication with CRAM-MD5.
#[derive(Debug)]
pub struct CramMd5 {
    credentials: Credentials,
    is_complete: bool,
}

impl CramMd5 {
    /// Any credentials that Exchange lets through, without an authzid.
    pub fn new(credentials: Credentials) -> CramMd5 {
        CramMd5 { credentials, is_complete: false }
    }

    /// The user, a space, and the digest in lower-case hexadecimal (RFC 2195 section 2).
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Secret> {
        if self.is_complete {
            return Err(answered("CRAM-MD5"));
        }
        if challenge.is_empty() {
            return Err(broken("the server's CRAM-MD5 challenge is empty"));
        }
        let Credentials { user, password, .. } = &self.credentials;
        let digest = digest(password.as_bytes(), challenge)?;
        self.is_complete = true;
        Secret::concat(&[user.as_bytes(), b" ", &digest])
    }

    /// The challenge was answered. The server has proved nothing.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }
}

/// HMAC-MD5 (RFC 2104) in lower-case hexadecimal.
fn digest(key: &[u8], challenge: &[u8]) -> Result<[u8; 32]> {
    let keyed = Hmac::<Md5>::new_from_slice(key).map_err(|_| impossible())?;
    let mut digest = keyed.chain_update(challenge).finalize().into_bytes();
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest.iter()) {
        pair.copy_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
    }
    digest.as_mut_slice().zeroize();
    Ok(text)
}

fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + (digit - 10) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::credentials;
    use super::*;

    /// RFC 2195 section 2.
    #[test]
    fn example_of_the_rfc() {
        let mut cram = CramMd5::new(credentials("tim", "tanstaaftanstaaf", None));
        assert!(!cram.is_complete());
        let answer = cram.respond(b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
        assert_eq!(answer.as_bytes(), b"tim b913a602c7eda7a495b4e6e7334d3890");
        assert!(cram.is_complete());
        assert!(cram.respond(b"<again>").is_err());
    }

    /// RFC 2202 section 2.
    #[test]
    fn keys_shorter_and_longer_than_a_block() {
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(&digest(&[0xaa; 80], long).unwrap(), b"6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
        let longer = b"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data";
        assert_eq!(&digest(&[0xaa; 80], longer).unwrap(), b"6f630fad67cda0ee1fb1f562db3aa53e");
        let short = b"what do ya want for nothing?";
        assert_eq!(&digest(b"Jefe", short).unwrap(), b"750c783e6ab0b503eaa86e310a5db738");
    }

    /// Keys of more than 64 bytes are hashed, and the hash is no C string. Expected: Python's hmac module.
    #[test]
    fn hashed_keys_that_hold_a_nul() {
        for (head, len, expected) in [
            ("13", 64, b"8f978d5e7913c39155772d5a2b0668da"),
            ("11", 65, b"a97922219393aeca05f0d12ca2d67710"),
            ("9", 100, b"4e011b3842b1604fb22f98f7f689c368"),
        ] {
            let key = format!("{head:k<len$}");
            assert_eq!(&digest(key.as_bytes(), b"<1@x>").unwrap(), expected, "{len}");
        }
    }

    #[test]
    fn an_empty_challenge_is_not_answered() {
        let mut cram = CramMd5::new(credentials("tim", "tanstaaftanstaaf", None));
        assert!(cram.respond(b"").is_err() && !cram.is_complete());
    }
}
