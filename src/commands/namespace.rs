//! NAMESPACE (RFC 2342).

use crate::error::{NoMemory, Result};
use crate::model::{List, Namespaces, Owned, imap_namespaces, imap_origin};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Rules, Sequence, Untagged};
use crate::wire::line::Line;
use crate::wire::namespace;

#[derive(Default)]
pub struct Namespace {
    namespaces: Option<Box<Owned<Namespaces>>>,
}

impl Command for Namespace {
    type Output = Box<Owned<Namespaces>>;

    fn name(&self) -> &'static str {
        "NAMESPACE"
    }

    fn rules(&self) -> Rules {
        let claim = Claim::Named(&["NAMESPACE"]);
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        if !facts.has("IMAP4REV2") {
            facts.needs("NAMESPACE")?;
        }
        line.word("NAMESPACE")?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        let made: Result<_, NoMemory> =
            Owned::build(|arena| namespace::namespaces(&untagged.response, untagged.rest, arena));
        self.namespaces = Some(made?);
        Ok(true)
    }

    fn finish(self) -> Result<Self::Output> {
        match self.namespaces {
            Some(namespaces) => Ok(namespaces),
            None => Owned::build(|_| {
                Ok(imap_namespaces {
                    personal: List::EMPTY,
                    personal_count: 0,
                    others: List::EMPTY,
                    other_count: 0,
                    shared: List::EMPTY,
                    shared_count: 0,
                    origin: imap_origin::IMAP_ORIGIN_SERVER,
                })
            }),
        }
    }
}
