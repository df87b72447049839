//! ENABLE (RFC 5161).

use crate::error::{Error, Result};
use crate::model::{Owned, TextList};
use crate::session::{Command, Effect, Facts, Next, Reply, Rules, Step, Untagged};
use crate::wire::capability;
use crate::wire::line::Line;

pub struct Enable {
    names: Vec<String>,
    /// What the server does not have is left out.
    is_optional: bool,
    enabled: Vec<String>,
    /// The server said ENABLED.
    is_told: bool,
}

impl Enable {
    /// "CONDSTORE UTF8=ACCEPT"
    pub fn new(names: &str) -> Result<Enable> {
        let mut all = Vec::new();
        for name in names.split_ascii_whitespace() {
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=./+".contains(&byte)) {
                return Err(Error::invalid("ENABLE takes names of capabilities, separated by spaces"));
            }
            all.try_reserve(1)?;
            all.push(super::copy(name)?);
        }
        if all.is_empty() {
            return Err(Error::invalid("ENABLE needs the name of a capability"));
        }
        Ok(Enable { names: all, is_optional: false, enabled: Vec::new(), is_told: false })
    }

    /// What follows a login: those of them that the server has, and what must be enabled in any case.
    pub fn offered(names: &str) -> Result<Enable> {
        let names = if names.trim().is_empty() { Vec::new() } else { Enable::new(names)?.names };
        Ok(Enable { names, is_optional: true, enabled: Vec::new(), is_told: false })
    }
}

/// The one way to say that a capability is enabled.
pub fn note_enabled(rest: &[u8], enabled: &mut Vec<String>) -> Result<()> {
    for atom in capability::atoms(rest) {
        enabled.try_reserve(1)?;
        enabled.push(String::from_utf8_lossy(atom).to_ascii_uppercase());
    }
    Ok(())
}

impl Command for Enable {
    type Output = Box<Owned<TextList>>;

    fn name(&self) -> &'static str {
        "ENABLE"
    }

    /// It changes how the server speaks: nothing runs beside it.
    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        if self.is_optional && facts.needs_login().is_err() {
            return Ok(Next::Nothing);
        }
        facts.needs_login()?;
        if self.is_optional {
            if facts.is_rev2_only() && !self.names.iter().any(|name| name.eq_ignore_ascii_case("IMAP4rev2")) {
                self.names.push("IMAP4rev2".to_owned());
            }
            // A server that speaks UTF-8 only takes no mailbox name before it is enabled (RFC 6855 section 6).
            let is_utf8_only = facts.has("UTF8=ONLY");
            let is_utf8 = |name: &str| name.eq_ignore_ascii_case("UTF8=ACCEPT");
            if is_utf8_only && !self.names.iter().any(|name| is_utf8(name)) {
                self.names.push("UTF8=ACCEPT".to_owned());
            }
            let can_enable = facts.can("ENABLE");
            let has = |name: &str| facts.has(name) || (is_utf8_only && is_utf8(name));
            self.names.retain(|name| can_enable && has(name) && !facts.is_enabled(name));
            if self.names.is_empty() {
                return Ok(Next::Nothing);
            }
        } else {
            facts.needs("ENABLE")?;
        }
        line.word("ENABLE")?;
        for name in &self.names {
            line.word(name)?;
        }
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        if !untagged.is("ENABLED") {
            return Ok(false);
        }
        self.is_told = true;
        note_enabled(untagged.response.bytes.get(untagged.rest..).unwrap_or_default(), &mut self.enabled)?;
        Ok(true)
    }

    /// Some servers say OK and no more (iCloud): then what was asked is enabled, unless it would change how names are
    /// read.
    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        if self.is_optional && !reply.is_ok() {
            return Ok(Step::DONE);
        }
        reply.ok()?;
        if !self.is_told {
            let is_plain = |name: &&String| {
                facts.has(name)
                    && !name.eq_ignore_ascii_case("UTF8=ACCEPT")
                    && !name.eq_ignore_ascii_case("IMAP4rev2")
            };
            self.enabled.extend(self.names.iter().filter(is_plain).map(|name| name.to_ascii_uppercase()));
        }
        Ok(Step::done(Effect::Enabled(self.enabled.clone())))
    }

    fn finish(self) -> Result<Self::Output> {
        Owned::build(|arena| Ok(*arena.texts_of(&self.enabled)?))
    }
}
