//! AUTHENTICATE: what the server asks, and what it is answered: at once, after long reckoning, or by the caller.

use super::{Answer, Caller, Entry, Phase, RequestId, Session};
use crate::error::{Error, Result, imap_status::*};
use crate::sasl::{self, Secret};

/// Whose turn it is to speak, once the line of a request has been sent.
pub enum Dialogue {
    /// The server has nothing to ask.
    None,
    Server,
    /// Our answer is being reckoned.
    Ours,
    /// The caller has to answer this.
    Callers(Secret),
}

impl Dialogue {
    /// The server waits for us.
    pub fn is_asked(&self) -> bool {
        matches!(self, Dialogue::Ours | Dialogue::Callers(_))
    }
}

impl Session {
    /// The server asks for more. False: nobody has spoken to it. What it asks before it was answered is passed over.
    pub(super) fn asked(&mut self, text: &[u8]) -> Result<bool> {
        let speaks =
            |entry: &Entry| entry.phase() == Phase::Sent && !matches!(entry.dialogue, Dialogue::None);
        let Some(at) = self.entries.iter().position(speaks) else { return Ok(false) };
        let entry = &mut self.entries[at];
        if entry.dialogue.is_asked() {
            return Ok(true);
        }
        let answer = match &mut entry.command {
            Some(command) if entry.failure.is_none() => command.challenge(text),
            _ => Err(Error::new(IMAP_ERR_CANCELLED, "cancelled")),
        };
        self.answer(at, answer).map(|()| true)
    }

    /// `authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp] *(CRLF base64)`; "*" gives up.
    fn answer(&mut self, at: usize, answer: Result<Answer>) -> Result<()> {
        let entry = &mut self.entries[at];
        let pushed = match answer {
            Ok(Answer::Unfinished) => {
                entry.dialogue = Dialogue::Ours;
                return Ok(());
            }
            Ok(Answer::Asked(question)) => {
                entry.dialogue = Dialogue::Callers(question);
                return Ok(());
            }
            Ok(Answer::Line(line)) => self.output.push(line.as_bytes(), true),
            Err(error) => {
                entry.failure = entry.failure.take().or(Some(error));
                self.output.push(b"*", false)
            }
        };
        entry.dialogue = Dialogue::Server;
        self.moved = self.now;
        Ok(pushed.and_then(|()| self.output.push(b"\r\n", false))?)
    }

    /// Goes on with an answer that takes long. True: it is not done yet.
    pub fn reckon(&mut self) -> Result<bool> {
        let is_ours = |entry: &Entry| matches!(entry.dialogue, Dialogue::Ours);
        let Some((at, _)) = self.entries.in_flight().next().filter(|(_, entry)| is_ours(entry)) else {
            return Ok(false);
        };
        let answer = match &mut self.entries[at].command {
            Some(command) => command.go_on(),
            None => Err(Error::new(IMAP_ERR_CANCELLED, "cancelled")),
        };
        self.answer(at, answer)?;
        Ok(is_ours(&self.entries[at]))
    }

    /// The request has ended while the server waits for us: it is told.
    pub(super) fn give_up(&mut self, at: usize) -> Result<()> {
        match self.entries[at].dialogue.is_asked() {
            true => self.answer(at, Err(Error::new(IMAP_ERR_CANCELLED, "cancelled"))),
            false => Ok(()),
        }
    }

    /// What the server asks of the request's caller, decoded.
    pub fn challenge(&self, id: RequestId) -> Option<&[u8]> {
        match &self.entries.find(id)?.dialogue {
            Dialogue::Callers(question) => Some(question.as_bytes()),
            _ => None,
        }
    }

    /// This thread answers the questions of this request.
    pub fn set_answering(&mut self, id: RequestId, thread: Caller) {
        if let Some(entry) = self.entries.find_mut(id) {
            entry.thread = thread;
        }
    }

    /// The server waits until this thread answers.
    pub fn is_asking(&self, thread: Caller) -> bool {
        // Such a command runs alone.
        let asked = self.entries.in_flight().next().map(|(_, entry)| entry);
        asked.is_some_and(|entry| entry.thread == thread && matches!(entry.dialogue, Dialogue::Callers(_)))
    }

    /// The caller's answer to it.
    pub fn respond(&mut self, id: RequestId, bytes: &[u8]) -> Result<()> {
        let line = sasl::encode(bytes)?;
        let is_asked = |entry: &Entry| entry.id == id && matches!(entry.dialogue, Dialogue::Callers(_));
        let Some(at) = self.entries.iter().position(is_asked) else {
            let message = "the server has asked for nothing: call imap_request_challenge() first";
            return Err(Error::new(IMAP_ERR_STATE, message));
        };
        self.answer(at, Ok(Answer::Line(line)))
    }
}
