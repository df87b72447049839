//! LOGIN (draft-murchison-sasl-login): the password itself, for servers that know nothing better.

#![forbid(unsafe_code)]

use super::{Credentials, Secret, answered};
use crate::error::Result;

/// One authentication with LOGIN.
///
/// The first prompt gets the user and the second the password, whatever they say: servers ask with
/// "Username:", "User Name" and a NUL, in other languages, or with nothing at all.
#[derive(Debug)]
pub struct Login {
    credentials: Credentials,
    prompts: u8,
}

impl Login {
    /// Any credentials that Exchange lets through, without an authzid.
    pub fn new(credentials: Credentials) -> Login {
        Login { credentials, prompts: 0 }
    }

    /// The answer to the next prompt.
    pub fn respond(&mut self) -> Result<Secret> {
        self.prompts += 1;
        match self.prompts {
            1 => self.credentials.user.copy(),
            2 => self.credentials.password.copy(),
            _ => {
                self.prompts = 3;
                Err(answered("LOGIN"))
            }
        }
    }

    /// Both were told.
    pub fn is_complete(&self) -> bool {
        self.prompts == 2
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::credentials;
    use super::*;

    #[test]
    fn user_then_password_then_nothing() {
        let mut login = Login::new(credentials("tim", "tanstaaf", None));
        assert_eq!(login.respond().unwrap().as_bytes(), b"tim");
        assert!(!login.is_complete());
        assert_eq!(login.respond().unwrap().as_bytes(), b"tanstaaf");
        assert!(login.is_complete());
        assert!(login.respond().is_err() && !login.is_complete());
    }
}
