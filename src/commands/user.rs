//! Another user on the same connection: UNAUTHENTICATE (RFC 8437) and PROXYAUTH (of Netscape's servers).

use crate::error::{Error, Result, imap_status::*};
use crate::session::{Command, Effect, Facts, Next, Reply, Rules, Step};
use crate::wire::line::{self, Line};

/// Back to before the login. After it, the capabilities are asked for if the server did not tell them.
#[derive(Default)]
pub struct Unauthenticate {
    is_done: bool,
}

impl Command for Unauthenticate {
    type Output = ();

    fn name(&self) -> &'static str {
        if self.is_done { "CAPABILITY" } else { "UNAUTHENTICATE" }
    }

    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn is_login(&self) -> bool {
        !self.is_done
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        if !self.is_done {
            facts.needs_login()?;
            facts.needs("UNAUTHENTICATE")?;
        }
        line.word(self.name())?;
        Ok(Next::Send)
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        if self.is_done {
            return Ok(Step::DONE);
        }
        reply.ok()?;
        self.is_done = true;
        Ok(Step { is_done: reply.tells_capabilities, effect: Effect::Unauthenticated })
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}

/// An administrator goes on as this user.
pub struct ProxyAuth {
    user: String,
}

impl ProxyAuth {
    pub fn new(user: &str) -> Result<ProxyAuth> {
        line::refuse_line_breaks(user.as_bytes())?;
        match user.is_empty() {
            true => Err(Error::invalid("the user to go on as is empty")),
            false => Ok(ProxyAuth { user: super::copy(user)? }),
        }
    }
}

impl Command for ProxyAuth {
    type Output = ();

    fn name(&self) -> &'static str {
        "PROXYAUTH"
    }

    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn is_login(&self) -> bool {
        true
    }

    /// Servers that have it say so by no common capability.
    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        if facts.selected.is_some() {
            let message = "a mailbox is selected: call imap_unselect() before going on as another user";
            return Err(Error::new(IMAP_ERR_STATE, message));
        }
        line.word("PROXYAUTH")?;
        line.string(self.user.as_bytes())?;
        Ok(Next::Send)
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
