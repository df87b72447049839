//! Waiting for news (RFC 2177): IDLE runs as long as somebody wants it and nothing else is to be sent. Whoever
//! sends a command ends it, and it goes on afterwards. Servers without it are asked by NOOP from time to time.

use std::time::{Duration, Instant};

use super::overlap::{Claim, Mailboxes, Rules, Sequence};
use super::{Command, Facts, Next, Reply, RequestId, Step};
use crate::error::Result;
use crate::wire::line::Line;

pub struct Idle {
    /// Who wants to be told.
    pub holders: Vec<RequestId>,
    /// The last one has its news, and nothing has been sent since.
    pub lingers: bool,
    pub stage: Stage,
    /// The server refused it: it is polled.
    is_refused: bool,
    /// Not before this time, so that a quick row of commands is not torn apart by IDLEs.
    quiet_until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Off,
    /// IDLE is sent, the server has not said "+".
    Asked,
    Running {
        since: Instant,
    },
    /// DONE is sent.
    Ending {
        since: Instant,
    },
}

/// So long after the last command IDLE goes on.
const QUIET: Duration = Duration::from_millis(50);

impl Idle {
    pub fn new(now: Instant) -> Idle {
        Idle { holders: Vec::new(), lingers: false, stage: Stage::Off, is_refused: false, quiet_until: now }
    }

    pub fn is_wanted(&self) -> bool {
        !self.holders.is_empty()
    }

    /// Whether a command, our own or another, may be sent now.
    pub fn lets_go_of(&self, ask: Option<Ask>) -> bool {
        ask.is_some() || matches!(self.stage, Stage::Off | Stage::Ending { .. })
    }

    /// When the next IDLE, or NOOP, begins.
    pub fn due(&self, facts: &Facts) -> Option<Instant> {
        match (self.is_wanted(), self.stage) {
            (true, Stage::Off) => Some(self.quiet_until),
            (true, Stage::Running { since }) => Some(since + facts.settings.idle_renew),
            (_, Stage::Ending { since }) => Some(since + facts.settings.dead_peer),
            _ => None,
        }
    }

    /// What to send to be told of news.
    pub fn means(&self, facts: &Facts) -> Ask {
        if facts.has("IDLE") && !self.is_refused { Ask::Idle } else { Ask::Noop }
    }

    /// A command has ended.
    pub fn rest(&mut self, now: Instant) {
        if self.stage == Stage::Off {
            self.quiet_until = self.quiet_until.max(now + QUIET);
        }
    }

    /// Our own command has ended.
    pub fn ended(&mut self, asked: Ask, is_ok: bool, facts: &Facts, now: Instant) {
        if asked == Ask::Noop {
            self.quiet_until = now + facts.settings.poll_interval;
            return;
        }
        // Nobody sent DONE, and it ended at once: this is no IDLE.
        let is_early = match self.stage {
            Stage::Asked => true,
            Stage::Running { since } => now < since + Duration::from_secs(1),
            _ => false,
        };
        self.lingers = false;
        self.is_refused |= !is_ok || is_early;
        self.stage = Stage::Off;
        self.quiet_until = now;
    }

    /// Somebody begins to want it: at once, whatever was.
    pub fn hold(&mut self, id: RequestId, now: Instant) -> Result<()> {
        self.holders.try_reserve(1)?;
        if self.holders.is_empty() {
            self.quiet_until = now;
        }
        self.holders.push(id);
        Ok(())
    }
}

/// A command of the session's own, whose answer is news for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Idle,
    Noop,
}

impl Command for Ask {
    type Output = ();

    fn name(&self) -> &'static str {
        match self {
            Ask::Idle => "IDLE",
            Ask::Noop => "NOOP",
        }
    }

    fn rules(&self) -> Rules {
        Rules { claim: Claim::Nothing, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, _: &Facts, line: &mut Line) -> Result<Next> {
        line.word(Command::name(self))?;
        Ok(Next::Send)
    }

    fn tagged(&mut self, _: &Reply<'_>, _: &Facts) -> Result<Step> {
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
