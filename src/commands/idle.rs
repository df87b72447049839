//! IDLE (RFC 2177): to be told of what happens. It is no command of its own to the session, which sends IDLE, ends it
//! for whoever sends something, and asks by NOOP where the server does not have it.

use crate::error::Result;
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Rules, Sequence};
use crate::wire::line::Line;

pub struct Idle;

impl Command for Idle {
    type Output = ();

    fn name(&self) -> &'static str {
        "IDLE"
    }

    fn rules(&self) -> Rules {
        Rules { claim: Claim::Nothing, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, _: &Facts, _: &mut Line) -> Result<Next> {
        Ok(Next::Nothing)
    }

    fn is_idle(&self) -> bool {
        true
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
