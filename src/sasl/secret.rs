//! Bytes that nobody else may see: wiped when dropped, shown as ***.

#![forbid(unsafe_code)]

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::error::Result;

/// A user name, a password, or anything made from them.
///
/// It never grows, since that would leave a copy behind in freed memory.
#[derive(Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A copy of `bytes`.
    pub fn new(bytes: &[u8]) -> Result<Secret> {
        Secret::concat(&[bytes])
    }

    /// The parts, one after the other.
    pub fn concat(parts: &[&[u8]]) -> Result<Secret> {
        let mut bytes = Vec::new();
        // A sum that is too large fails to be reserved.
        bytes.try_reserve_exact(parts.iter().fold(0, |sum: usize, part| sum.saturating_add(part.len())))?;
        for part in parts {
            bytes.extend_from_slice(part);
        }
        Ok(Secret(bytes))
    }

    /// `len` zeros, of which `fill` keeps as many as it returns.
    pub fn filled(len: usize, fill: impl FnOnce(&mut [u8]) -> Result<usize>) -> Result<Secret> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len)?;
        bytes.resize(len, 0);
        let mut secret = Secret(bytes);
        let kept = fill(&mut secret.0)?;
        secret.0.truncate(kept);
        Ok(secret)
    }

    /// Clone, were it not that memory can run out.
    pub fn copy(&self) -> Result<Secret> {
        Secret::new(&self.0)
    }

    /// What is in it: not to be kept, shown or logged.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares in a time that depends on the lengths alone.
    pub fn is_equal(&self, other: &Secret) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Takes the bytes over, without a copy.
impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Secret {
        Secret(bytes)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_not_shown() {
        let secret = Secret::new(b"tanstaaf").unwrap();
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
    }

    #[test]
    fn compares_contents_and_length() {
        let secret = Secret::concat(&[b"ab", b"", b"c"]).unwrap();
        assert!(secret.is_equal(&secret.copy().unwrap()));
        for other in ["", "ab", "abd", "abcd"] {
            assert!(!secret.is_equal(&Secret::new(other.as_bytes()).unwrap()), "{other}");
        }
    }

    #[test]
    fn keeps_what_was_filled() {
        let secret = Secret::filled(4, |bytes| {
            bytes[..2].copy_from_slice(b"ab");
            Ok(2)
        });
        assert_eq!(secret.unwrap().as_bytes(), b"ab");
        assert!(Secret::filled(usize::MAX, |_| Ok(0)).is_err());
    }
}
