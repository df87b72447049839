//! CAPABILITY (RFC 9051 section 6.1.1).

use crate::error::{Result, imap_status::*};
use crate::model::{Owned, TextList};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step};
use crate::wire::line::Line;

#[derive(Default)]
pub struct Capability {
    capabilities: Option<Box<Owned<TextList>>>,
}

impl Command for Capability {
    type Output = Box<Owned<TextList>>;

    fn name(&self) -> &'static str {
        "CAPABILITY"
    }

    fn rules(&self) -> Rules {
        Rules { claim: Claim::Nothing, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, _: &Facts, line: &mut Line) -> Result<Next> {
        line.word("CAPABILITY")?;
        Ok(Next::Send)
    }

    /// The session keeps what the untagged response said: that is the answer.
    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        reply.ok()?;
        let all = facts.capabilities.iter().flat_map(|all| all.iter());
        let made: Result<_> = Owned::build(|arena| Ok(*arena.texts_of(all)?));
        self.capabilities = Some(made?);
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<Self::Output> {
        let lost = || crate::error::Error::new(IMAP_ERR_INTERNAL, "CAPABILITY ended without a result");
        self.capabilities.ok_or_else(lost)
    }
}
