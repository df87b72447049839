//! AUTHENTICATE with a mechanism of the caller's own (RFC 9051 section 6.2.2, RFC 4959): the caller is asked step by step.

use super::login::{endless, refused};
use crate::error::{Error, Result, imap_status::*};
use crate::sasl::{self, Secret};
use crate::session::{Answer, Command, Effect, Facts, Next, Reply, Rules, Step};
use crate::wire::line::Line;

/// After it, the capabilities are asked for if the server did not tell them.
pub struct Authenticate {
    mechanism: String,
    /// The first bytes, until they are sent.
    initial: Option<Secret>,
    rounds_left: u32,
    is_logged_in: bool,
}

impl Authenticate {
    /// `mechanism = auth-type`: its name is sent in upper case.
    pub fn new(mechanism: &str, initial: Option<&[u8]>) -> Result<Authenticate> {
        let is_atom = mechanism.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_atom || mechanism.is_empty() || mechanism.len() > 40 {
            return Err(Error::invalid("a mechanism is named like \"SCRAM-SHA-256\""));
        }
        Ok(Authenticate {
            mechanism: mechanism.to_ascii_uppercase(),
            initial: initial.map(Secret::new).transpose()?,
            rounds_left: 0,
            is_logged_in: false,
        })
    }
}

impl Command for Authenticate {
    type Output = ();

    fn name(&self) -> &'static str {
        if self.is_logged_in { "CAPABILITY" } else { "AUTHENTICATE" }
    }

    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        line.set_secret();
        line.word(self.name())?;
        if self.is_logged_in {
            return Ok(Next::Send);
        }
        facts.needs_no_login()?;
        if !facts.has(&format!("AUTH={}", self.mechanism)) {
            let message = format!("the server does not offer AUTH={}; nothing was sent", self.mechanism);
            return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
        }
        self.rounds_left = facts.settings.max_sasl_rounds;
        line.word(&self.mechanism)?;
        if facts.settings.sasl_ir && facts.can("SASL-IR") {
            if let Some(first) = self.initial.take() {
                let text = sasl::encode(first.as_bytes())?;
                line.word(if first.is_empty() { "=" } else { "" })?;
                line.raw(text.as_bytes())?;
            }
        }
        Ok(Next::Send)
    }

    fn is_dialogue(&self) -> bool {
        !self.is_logged_in
    }

    fn is_login(&self) -> bool {
        !self.is_logged_in
    }

    /// The first challenge calls for the first bytes, if there are any; the others are the caller's.
    fn challenge(&mut self, text: &[u8]) -> Result<Answer> {
        self.rounds_left = self.rounds_left.checked_sub(1).ok_or_else(endless)?;
        match self.initial.take() {
            Some(first) => sasl::encode(first.as_bytes()).map(Answer::Line),
            None => sasl::decode(text).map(Answer::Asked),
        }
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        if self.is_logged_in {
            return Ok(Step::DONE);
        }
        if !reply.is_ok() {
            return Err(refused(reply));
        }
        self.is_logged_in = true;
        Ok(Step { is_done: reply.tells_capabilities, effect: Effect::Authenticated })
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
