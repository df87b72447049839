//! COMPRESS (RFC 4978).

use crate::error::{Error, Result, imap_status::*};
use crate::session::{Command, Effect, Facts, Next, Reply, Rules, Step};
use crate::wire::line::Line;

#[derive(Default)]
pub struct Compress {
    /// Where it cannot be, it is left.
    is_optional: bool,
}

impl Compress {
    /// Once logged in, if the server has it.
    pub fn offered() -> Compress {
        Compress { is_optional: true }
    }

    /// `algorithm = "DEFLATE"`
    pub fn with(algorithm: &str) -> Result<Compress> {
        match algorithm.eq_ignore_ascii_case("DEFLATE") {
            true => Ok(Compress::default()),
            false => Err(Error::invalid("COMPRESS knows no other algorithm than DEFLATE")),
        }
    }
}

impl Command for Compress {
    type Output = ();

    fn name(&self) -> &'static str {
        "COMPRESS"
    }

    /// Nothing may be sent behind it before its OK.
    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn alters_stream(&self) -> bool {
        true
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        let can = facts.needs_login().and_then(|()| facts.needs("COMPRESS=DEFLATE")).and_then(|()| {
            let message = "the connection is compressed already";
            if facts.is_compressed { Err(Error::new(IMAP_ERR_STATE, message)) } else { Ok(()) }
        });
        if can.is_err() && self.is_optional {
            return Ok(Next::Nothing);
        }
        can?;
        line.word("COMPRESS DEFLATE")?;
        Ok(Next::Send)
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        if !reply.is_ok() && self.is_optional {
            return Ok(Step::DONE);
        }
        reply.ok()?;
        Ok(Step::done(Effect::Compress))
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
