//! All that a client is made from.

use std::sync::Arc;
use std::time::Duration;

use super::{Credentials, Log};
pub use crate::net::{Ca, Identity, Target, Tls, pins};
use crate::session::Settings;

pub struct Config {
    pub target: Arc<Target>,
    /// STARTTLS is required, with these settings.
    pub starttls: Option<Arc<Tls>>,
    pub tls_timeout: Option<Duration>,
    pub settings: Arc<Settings>,
    pub returns_on_signal: bool,
    /// The certificate's chain and name are checked.
    pub is_verified: bool,
    /// Whom to log in while connecting.
    pub login: Option<Credentials>,
    /// What to ENABLE after a login, as far as the server has it.
    pub enable: Option<String>,
    /// Who is told of every line.
    pub log: Option<Arc<dyn Log>>,
}
