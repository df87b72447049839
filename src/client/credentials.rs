//! Who logs in, and how: kept for connecting anew if the caller allows it.

use super::nonce;
use crate::commands::Login;
use crate::error::Result;
use crate::sasl::Secret;

pub struct Credentials {
    /// None: the best that both sides have.
    mechanisms: Option<String>,
    user: Secret,
    secret: Secret,
    act_as: Option<Secret>,
}

impl Credentials {
    pub fn new(user: &str, password: &str, act_as: Option<&str>) -> Result<Credentials> {
        Ok(Credentials {
            mechanisms: None,
            user: Secret::new(user.as_bytes())?,
            secret: Secret::new(password.as_bytes())?,
            act_as: act_as.map(|act_as| Secret::new(act_as.as_bytes())).transpose()?,
        })
    }

    pub fn with(mechanisms: &str, user: &str, secret: &str, act_as: Option<&str>) -> Result<Credentials> {
        Ok(Credentials { mechanisms: Some(mechanisms.to_owned()), ..Credentials::new(user, secret, act_as)? })
    }

    pub fn command(&self) -> Result<Login> {
        let (user, secret) = (text(&self.user), text(&self.secret));
        let act_as = self.act_as.as_ref().map(text);
        match &self.mechanisms {
            None => Login::best(user, secret, act_as, nonce()?),
            Some(mechanisms) => Login::with(mechanisms, user, secret, act_as, nonce()?),
        }
    }
}

/// Secrets are made of text.
fn text(secret: &Secret) -> &str {
    std::str::from_utf8(secret.as_bytes()).unwrap_or_default()
}
