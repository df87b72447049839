//! Any command, as the caller wrote it: all that comes until its tagged reply is its answer.

use crate::error::{Error, NoMemory, Result};
use crate::model::{Event, Events, Growing, Owned, imap_events};
use crate::session::{Command, Facts, Next, Reply, Rules, Step, Untagged, quote};
use crate::wire::event;
use crate::wire::line::Line;
use crate::wire::words::Words;

pub struct Raw {
    words: Words,
    events: Option<Growing<Event>>,
}

/// Commands that change what the session must know, or that go on after their line.
const OWN_FUNCTIONS: [(&str, &str); 14] = [
    ("APPEND", "imap_append()"),
    ("AUTHENTICATE", "imap_authenticate()"),
    ("CLOSE", "imap_close_mailbox()"),
    ("COMPRESS", "a later version"),
    ("ENABLE", "imap_enable()"),
    ("EXAMINE", "imap_examine()"),
    ("IDLE", "imap_idle()"),
    ("LOGIN", "imap_login()"),
    ("LOGOUT", "imap_logout()"),
    ("NOTIFY", "imap_notify()"),
    ("REPLACE", "imap_replace()"),
    ("SELECT", "imap_select()"),
    ("STARTTLS", "IMAP_TLS_STARTTLS"),
    ("UNSELECT", "imap_unselect()"),
];

impl Raw {
    pub fn new(command: &str, params: Option<&[&str]>) -> Result<Raw> {
        let words = Words::parse(command, params)?;
        let Some(verb) = command.split_ascii_whitespace().next() else {
            return Err(Error::invalid("the command is empty"));
        };
        if let Some((name, function)) = OWN_FUNCTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(verb))
        {
            return Err(Error::invalid(format!("{name} cannot be sent as it is: use {function}")));
        }
        if !verb.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            let message = format!("\"{}\" is no command: write it without its tag", quote(verb.as_bytes()));
            return Err(Error::invalid(message));
        }
        Ok(Raw { words, events: None })
    }
}

impl Command for Raw {
    type Output = Box<Owned<Events>>;

    fn name(&self) -> &'static str {
        "command"
    }

    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        self.events.get_or_insert_with(|| Growing::new(facts.settings.max_result));
        self.words.emit(line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        self.push(untagged.response, facts)?;
        Ok(true)
    }

    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        reply.ok()?;
        self.push(&reply.response, facts)?;
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<Self::Output> {
        let events = self.events.unwrap_or_else(|| Growing::new(usize::MAX));
        events.finish(|_, items, count| Ok(imap_events { items, count }))
    }
}

impl Raw {
    fn push(&mut self, response: &crate::wire::cursor::Response<'_>, facts: &Facts) -> Result<(), NoMemory> {
        let Some(events) = &mut self.events else { return Ok(()) };
        let mut tellings = event::Tellings::of(response);
        while let Some(telling) = tellings.next_telling()? {
            events.push(|arena| telling.event(facts.is_early(), facts.is_utf8, arena))?;
        }
        Ok(())
    }
}
