//! All that a client is made from.

use std::sync::Arc;

use super::carrying::Carrier;
use super::{Credentials, Log};
use crate::commands::{Compress, Enable, Identity as Naming};
use crate::error::Result;
use crate::model::try_box;
pub use crate::net::{Ca, Identity, Proxy, Target, Timeouts, Tls, pins};
use crate::session::{InFlight, Settings};

pub struct Config {
    pub carrier: Carrier,
    pub target: Arc<Target>,
    /// STARTTLS is required, with these settings.
    pub starttls: Option<Arc<Tls>>,
    pub timeouts: Timeouts,
    pub settings: Arc<Settings>,
    pub returns_on_signal: bool,
    /// The certificate's chain and name are checked.
    pub is_verified: bool,
    /// Whom to log in while connecting.
    pub login: Option<Credentials>,
    /// What to ENABLE after a login, as far as the server has it.
    pub enable: Option<String>,
    /// Who we are: "name=libfoo version=1.0".
    pub id: Option<String>,
    /// COMPRESS once logged in, if the server has it.
    pub compress: bool,
    /// Who is told of every line.
    pub log: Option<Arc<dyn Log>>,
}

impl Config {
    /// What follows each login; `enabled` is what was enabled on the connection before.
    pub fn after_login(&self, enabled: &[String]) -> Result<Vec<Box<dyn InFlight>>> {
        let mut names = enabled.join(" ");
        if let Some(more) = &self.enable {
            names.push(' ');
            names.push_str(more);
        }
        let mut commands: Vec<Box<dyn InFlight>> =
            vec![try_box(Naming::offered(self.id.as_deref())?)?, try_box(Enable::offered(&names)?)?];
        if self.compress {
            commands.push(try_box(Compress::offered())?);
        }
        Ok(commands)
    }
}
