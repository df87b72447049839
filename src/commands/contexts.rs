//! CANCELUPDATE (RFC 5267): a search whose answer is kept up to date no longer is.

use crate::error::{Error, Result};
use crate::session::{Claim, Command, Effect, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step};
use crate::wire::line::Line;
use crate::wire::search;

pub struct CancelUpdate {
    update_id: u32,
    tag: Vec<u8>,
}

impl CancelUpdate {
    pub fn new(update_id: u32) -> CancelUpdate {
        CancelUpdate { update_id, tag: Vec::new() }
    }
}

impl Command for CancelUpdate {
    type Output = ();

    fn name(&self) -> &'static str {
        "CANCELUPDATE"
    }

    fn rules(&self) -> Rules {
        Rules { claim: Claim::Nothing, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Ignores }
    }

    /// `"CANCELUPDATE" 1*(SP quoted)`
    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        let selected = facts.needs_selected()?;
        facts.needs_one(&["CONTEXT=SEARCH", "CONTEXT=SORT"])?;
        let known = selected.updates.iter().find(|tag| search::update_id(tag) == self.update_id);
        let Some(tag) = known else {
            let message = "no search in the selected mailbox has this update_id, or its updates have ended";
            return Err(Error::invalid(message));
        };
        self.tag = super::copy_bytes(tag)?;
        line.word("CANCELUPDATE")?;
        line.string(tag)?;
        Ok(Next::Send)
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        reply.ok()?;
        Ok(Step::done(Effect::NotUpdating(std::mem::take(&mut self.tag))))
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
