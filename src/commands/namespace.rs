//! NAMESPACE (RFC 2342); where the server cannot tell, LIST tells the delimiter at least.

use crate::error::{Error, NoMemory, Result};
use crate::model::{List, Namespaces, Owned, Text, imap_namespaces, imap_origin, imap_prefix};
use crate::session::{
    Claim, Command, Effect, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged, unsupported,
};
use crate::wire::line::Line;
use crate::wire::{list, namespace};

#[derive(Default)]
pub struct Namespace {
    namespaces: Option<Box<Owned<Namespaces>>>,
    /// LIST "" "" in its place.
    is_emulated: bool,
}

impl Namespace {
    /// One namespace without a prefix, with the delimiter that LIST tells.
    fn take_list(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<()> {
        let made: Result<_, NoMemory> = Owned::build(|arena| {
            let root = list::mailbox(untagged.response, untagged.rest, facts.is_utf8, arena)?;
            let delimiter = root.map_or(Text::NONE, |root| root.delimiter);
            let (extensions, extension_count) = (List::EMPTY, 0);
            let own = imap_prefix { prefix: Text::EMPTY, delimiter, extensions, extension_count };
            let personal = arena.list(&[Some(arena.put(own)?)])?;
            let origin = imap_origin::IMAP_ORIGIN_EMULATED;
            Ok(imap_namespaces { personal, personal_count: 1, origin, ..imap_namespaces::EMPTY })
        });
        self.namespaces = Some(made?);
        Ok(())
    }
}

impl Command for Namespace {
    type Output = Box<Owned<Namespaces>>;

    fn name(&self) -> &'static str {
        if self.is_emulated { "LIST" } else { "NAMESPACE" }
    }

    fn rules(&self) -> Rules {
        // Which it will be, its line decides.
        let claim = Claim::Named(&["NAMESPACE", "LIST"]);
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_login()?;
        self.is_emulated |= !facts.can("NAMESPACE");
        if self.is_emulated && !facts.settings.emulate {
            return Err(unsupported("NAMESPACE"));
        }
        line.word(if self.is_emulated { "LIST \"\" \"\"" } else { "NAMESPACE" })?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        if self.is_emulated != untagged.is("LIST") {
            return Ok(false);
        }
        if self.is_emulated {
            self.take_list(untagged, facts)?;
            return Ok(true);
        }
        let made: Result<_, NoMemory> = Owned::build(|arena| {
            namespace::namespaces(untagged.response, untagged.rest, facts.is_utf8, arena)
        });
        self.namespaces = Some(made?);
        Ok(true)
    }

    /// Some have the capability, and not the command.
    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        if reply.is_bad() && !self.is_emulated && facts.settings.emulate {
            self.is_emulated = true;
            return Ok(Step { is_done: false, effect: Effect::Lacks(vec!["NAMESPACE"]) });
        }
        reply.ok()?;
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<Self::Output> {
        match self.namespaces {
            Some(namespaces) => Ok(namespaces),
            None => Owned::build(|_| Ok::<_, Error>(imap_namespaces::EMPTY)),
        }
    }
}
