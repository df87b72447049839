//! Waiting for news (RFC 2177): IDLE runs as long as somebody wants it and nothing else is to be sent. Whoever
//! sends a command ends it, and it goes on afterwards. Servers without it are asked by NOOP from time to time.

use std::sync::Arc;
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
    /// When the server is asked next for what it does not tell by itself.
    poll_due: Instant,
    watched: Vec<Watched>,
}

/// A mailbox that is asked for its counts.
struct Watched {
    mailbox: Arc<str>,
    /// The last answer: the same once more is no news.
    last: Vec<u8>,
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
        Idle {
            holders: Vec::new(),
            lingers: false,
            stage: Stage::Off,
            is_refused: false,
            quiet_until: now,
            poll_due: now,
            watched: Vec::new(),
        }
    }

    pub fn is_wanted(&self) -> bool {
        !self.holders.is_empty()
    }

    /// Whether a command, our own or another, may be sent now.
    pub fn lets_go_of(&self, ask: Option<Ask>) -> bool {
        ask.is_some() || matches!(self.stage, Stage::Off | Stage::Ending { .. })
    }

    /// When something of this is to be sent, or has not been answered.
    pub fn due(&self, facts: &Facts) -> Option<Instant> {
        match (self.is_wanted(), self.stage) {
            (true, Stage::Off) if self.can_idle(facts) => Some(self.quiet_until),
            (true, Stage::Off) => Some(self.quiet_until.max(self.poll_due)),
            (true, Stage::Running { since }) => {
                let renewal = since + facts.settings.idle_renew;
                Some(if self.watched.is_empty() { renewal } else { renewal.min(self.poll_due) })
            }
            (_, Stage::Ending { since }) => Some(since + facts.settings.dead_peer),
            _ => None,
        }
    }

    /// Whether an IDLE that runs must end for something of this.
    pub fn is_over(&self, since: Instant, now: Instant, facts: &Facts) -> bool {
        let is_unwanted = !self.is_wanted() && !self.lingers;
        let polls = self.is_wanted() && !self.watched.is_empty() && now >= self.poll_due;
        is_unwanted || polls || now >= since + facts.settings.idle_renew
    }

    /// It is wanted, and neither there nor to be done by other means.
    pub fn is_lacking(&self, facts: &Facts) -> bool {
        self.is_wanted() && !self.can_idle(facts) && !facts.settings.emulate
    }

    fn can_idle(&self, facts: &Facts) -> bool {
        facts.can("IDLE") && !self.is_refused
    }

    /// What to ask for now, when nothing else is in flight.
    pub fn next_questions(&mut self, now: Instant, facts: &Facts) -> Result<Vec<Question>> {
        let mut questions = Vec::new();
        if !self.is_wanted() || now < self.quiet_until {
            return Ok(questions);
        }
        let can_idle = self.can_idle(facts);
        questions.try_reserve_exact(self.watched.len() + 1)?;
        if now >= self.poll_due {
            self.poll_due = now + facts.settings.poll_interval;
            let selected = facts.selected.as_ref().map_or("", |mirror| mirror.mailbox.as_str());
            if !can_idle {
                questions.push(Question::new(Ask::Noop));
            }
            for (at, watched) in self.watched.iter().enumerate() {
                if !is_same(&watched.mailbox, selected) {
                    questions.push(Question { ask: Ask::Status(at), mailbox: watched.mailbox.clone() });
                }
            }
        }
        if questions.is_empty() && can_idle {
            questions.push(Question::new(Ask::Idle));
            self.stage = Stage::Asked;
        }
        Ok(questions)
    }

    /// These mailboxes are asked for their counts from here on.
    pub fn watch(&mut self, mailboxes: &[&str], now: Instant) {
        self.watched = mailboxes
            .iter()
            .map(|mailbox| Watched { mailbox: Arc::from(*mailbox), last: Vec::new() })
            .collect();
        self.poll_due = now;
    }

    /// Whether an answer is the same as the last one.
    pub fn is_old(&mut self, at: usize, answer: &[u8]) -> Result<bool> {
        let Some(watched) = self.watched.get_mut(at) else { return Ok(true) };
        if watched.last == answer {
            return Ok(true);
        }
        watched.last.clear();
        watched.last.try_reserve(answer.len())?;
        watched.last.extend_from_slice(answer);
        Ok(false)
    }

    /// A command has ended.
    pub fn rest(&mut self, now: Instant) {
        if self.stage == Stage::Off {
            self.quiet_until = self.quiet_until.max(now + QUIET);
        }
    }

    /// Our own command has ended.
    pub fn ended(&mut self, asked: Ask, is_ok: bool, now: Instant) {
        self.quiet_until = now;
        if asked != Ask::Idle {
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

fn is_same(a: &str, b: &str) -> bool {
    a == b || (a.eq_ignore_ascii_case("INBOX") && b.eq_ignore_ascii_case("INBOX"))
}

/// A command of the session's own, whose answer is news for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Idle,
    Noop,
    /// Of a watched mailbox.
    Status(usize),
}

pub struct Question {
    pub ask: Ask,
    mailbox: Arc<str>,
}

impl Question {
    fn new(ask: Ask) -> Question {
        Question { ask, mailbox: Arc::from("") }
    }
}

impl Command for Question {
    type Output = ();

    fn name(&self) -> &'static str {
        match self.ask {
            Ask::Idle => "IDLE",
            Ask::Noop => "NOOP",
            Ask::Status(_) => "STATUS",
        }
    }

    fn rules(&self) -> Rules {
        let (claim, mailboxes) = match self.ask {
            Ask::Status(_) => (Claim::Status(self.mailbox.clone()), Mailboxes::Reads),
            _ => (Claim::Nothing, Mailboxes::Ignores),
        };
        Rules { claim, sequence: Sequence::Renumbers, mailboxes }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        line.word(Command::name(self))?;
        if let Ask::Status(_) = self.ask {
            line.mailbox(&self.mailbox)?;
            let has_modseq = facts.can("CONDSTORE");
            let modseq = if has_modseq { " HIGHESTMODSEQ" } else { "" };
            line.word(&format!("(MESSAGES UIDNEXT UIDVALIDITY UNSEEN{modseq})"))?;
        }
        Ok(Next::Send)
    }

    fn tagged(&mut self, _: &Reply<'_>, _: &Facts) -> Result<Step> {
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
