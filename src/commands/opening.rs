//! What happens between the greeting and the caller's first command: STARTTLS, and the capabilities if the
//! greeting did not tell them (RFC 9051 sections 6.2.1 and 6.1.1).

use crate::error::{Error, Result, imap_status::*};
use crate::session::{Command, Effect, Facts, Next, Reply, Rules, Step};
use crate::wire::line::Line;

pub struct Opening {
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    StartTls,
    Capability,
}

impl Opening {
    /// `starttls`: TLS is required and begins with STARTTLS, whatever the server advertises.
    pub fn new(starttls: bool) -> Opening {
        Opening { stage: if starttls { Stage::StartTls } else { Stage::Capability } }
    }
}

impl Command for Opening {
    type Output = ();

    fn name(&self) -> &'static str {
        match self.stage {
            Stage::StartTls => "STARTTLS",
            Stage::Capability => "CAPABILITY",
        }
    }

    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn is_vital(&self) -> bool {
        true
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        match self.stage {
            Stage::StartTls if facts.needs_no_login().is_err() => {
                let message = "the server logged us in before TLS: somebody may have inserted its greeting";
                Err(Error::fatal(IMAP_ERR_TLS, message))
            }
            Stage::StartTls => {
                line.word("STARTTLS")?;
                Ok(Next::Send)
            }
            Stage::Capability if facts.capabilities.is_some() => Ok(Next::Nothing),
            Stage::Capability => {
                line.word("CAPABILITY")?;
                Ok(Next::Send)
            }
        }
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        match self.stage {
            Stage::StartTls if reply.is_ok() => {
                self.stage = Stage::Capability;
                Ok(Step { is_done: false, effect: Effect::StartTls })
            }
            Stage::StartTls => Err(Error { is_usable: false, ..reply.error(IMAP_ERR_TLS) }),
            // A server that cannot tell what it can is used as one that can nothing.
            Stage::Capability => Ok(Step::DONE),
        }
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
