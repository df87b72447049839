//! What a command is to the session: it writes lines, claims responses, and ends with a value.

use std::any::Any;
use std::cell::Cell;
use std::mem::MaybeUninit;

use super::facts::{Facts, Mirror};
use super::overlap::Rules;
use super::stream::Item;
use super::upload::Supply;
use crate::error::{Error, Result, ServerReply, imap_status};
use crate::sasl::Secret;
use crate::wire::cursor::Response;
use crate::wire::fetch;
use crate::wire::line::Line;
use crate::wire::response::{Condition, News};

/// One call of the caller: usually one command line, sometimes several in turn (a set that is too long for
/// one line, a MOVE that the server does not have).
pub trait Command: Send + 'static {
    /// What the call returns in the end.
    type Output: Send + 'static;

    /// "UID FETCH"
    fn name(&self) -> &'static str;

    /// What the next line claims and how it stands to others; asked again before each line.
    fn rules(&self) -> Rules;

    /// Writes the next line, its tag excepted. Here what needs the session's state is checked.
    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next>;

    /// One untagged response that `rules` claimed. False: not ours after all, so it becomes an event.
    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let _ = (untagged, facts);
        Ok(false)
    }

    /// Whether the server may ask for more behind the line that was sent last (AUTHENTICATE).
    fn is_dialogue(&self) -> bool {
        false
    }

    /// The server asks for more.
    fn challenge(&mut self, text: &[u8]) -> Result<Answer> {
        let _ = text;
        Err(Error::new(imap_status::IMAP_ERR_PROTOCOL, "the server asked for data that nobody offered"))
    }

    /// Goes on with an answer that was not finished.
    fn go_on(&mut self) -> Result<Answer> {
        Err(Error::new(imap_status::IMAP_ERR_INTERNAL, "there is no answer to go on with"))
    }

    /// Its line begins to prove that we know a secret, without showing it.
    fn hides_secret(&self) -> bool {
        false
    }

    /// It says who we are: if it succeeds after it was given up, the connection is not what anybody asked for.
    fn is_login(&self) -> bool {
        false
    }

    /// The tagged reply of the line that was sent last.
    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        let _ = facts;
        reply.ok()?;
        Ok(Step::DONE)
    }

    /// Its failure, whatever it is, ends the connection: without it nothing may follow.
    fn is_vital(&self) -> bool {
        false
    }

    /// An OK to it changes how the bytes behind are to be read, whether or not somebody still waits for it.
    fn alters_stream(&self) -> bool {
        false
    }

    /// LOGOUT: the end of the connection is what it asks for.
    fn is_goodbye(&self) -> bool {
        false
    }

    /// From here on its answer is handed out item by item; an error if it has no items.
    fn stream(&mut self) -> Result<()> {
        Err(Error::invalid("only FETCH, LIST, LSUB and SEARCH can be streamed: use imap_send()"))
    }

    /// Of a stream: the next item that the last response, or reply, completed.
    fn item(&mut self) -> Option<Item> {
        None
    }

    /// Memory that what comes next will be written to, if that is much.
    fn ahead(&mut self) -> Option<&mut [MaybeUninit<u8>]> {
        None
    }

    /// Where the literals of its last line come from that are not in the line.
    fn supplies(&mut self) -> Vec<Vec<Supply>> {
        Vec::new()
    }

    /// It asks for nothing but to be told what happens, until it is cancelled: IDLE.
    fn is_idle(&self) -> bool {
        false
    }

    /// The value of the call, after the last line's reply.
    fn finish(self) -> Result<Self::Output>;
}

/// What is to be said to a challenge.
pub enum Answer {
    /// This line, its line end excepted.
    Line(Secret),
    /// It takes longer to know: `go_on` goes on.
    Unfinished,
    /// What the caller says to this.
    Asked(Secret),
}

/// What `Command::line` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The line is written: send it.
    Send,
    /// The line is written, and the next one need not wait for its reply: line() is asked again at once. Their
    /// replies may come in any order.
    SendAndGoOn,
    /// It leaves the selected mailbox as soon as it is sent.
    SendAndUnselect,
    /// There is nothing to send: the call is done, or will be when those lines are answered that are under way.
    Nothing,
}

/// What a tagged reply leads to.
pub struct Step {
    pub is_done: bool,
    pub effect: Effect,
}

/// What a command did to the session.
pub enum Effect {
    None,
    /// Logged in: what was known of the capabilities is void.
    Authenticated,
    Selected(Box<Mirror>),
    Unselected,
    /// The answer of the search with this tag is kept up to date from here on.
    Updating(Vec<u8>),
    /// No longer.
    NotUpdating(Vec<u8>),
    /// These capabilities are enabled from here on.
    Enabled(Vec<String>),
    /// The server said that it has these capabilities, and does not understand them.
    Lacks(Vec<&'static str>),
    /// TLS begins right behind this reply.
    StartTls,
    /// News of the selected mailbox come at any time, or as ever (RFC 5465 section 5.3).
    Renumbering(bool),
    /// As before the login.
    Unauthenticated,
    /// DEFLATE begins right behind this reply, either way.
    Compress,
    /// The connection is no longer wanted.
    Logout,
}

impl Step {
    pub const DONE: Step = Step { is_done: true, effect: Effect::None };
    pub const AGAIN: Step = Step { is_done: false, effect: Effect::None };

    pub fn done(effect: Effect) -> Step {
        Step { is_done: true, effect }
    }
}

/// An untagged response and its head.
pub struct Untagged<'b> {
    pub response: &'b Response<'b>,
    pub number: Option<u32>,
    /// As sent.
    pub name: &'b [u8],
    /// What that means to the session.
    pub news: News,
    /// Where what follows the name begins.
    pub rest: usize,
    /// OK, NO, BAD, BYE, PREAUTH; None for data.
    pub condition: Option<Condition>,
    /// Once somebody asked for it.
    uid: Cell<Option<Option<u32>>>,
}

impl<'b> Untagged<'b> {
    /// `name` and what stands at `rest`, behind it.
    pub fn data(
        response: &'b Response<'b>,
        number: Option<u32>,
        news: News,
        name: &'b [u8],
        rest: usize,
    ) -> Untagged<'b> {
        Untagged { response, number, name, news, rest, condition: None, uid: Cell::new(None) }
    }

    pub fn state(response: &'b Response<'b>, condition: Condition, rest: usize) -> Untagged<'b> {
        let name = condition.name().as_bytes();
        Untagged { condition: Some(condition), ..Untagged::data(response, None, News::Other, name, rest) }
    }

    pub fn is_message(&self) -> bool {
        matches!(self.news, News::Fetch | News::UidFetch)
    }

    /// The UID of the message that it tells of, if it says that.
    pub fn uid(&self) -> Option<u32> {
        match self.news {
            News::UidFetch => self.number,
            News::Fetch => self.uid.get().unwrap_or_else(|| self.find_uid()),
            _ => None,
        }
    }

    fn find_uid(&self) -> Option<u32> {
        let uid = fetch::uid(self.response, self.rest);
        self.uid.set(Some(uid));
        uid
    }

    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// A tagged reply.
pub struct Reply<'b> {
    pub response: Response<'b>,
    pub condition: Condition,
    /// Where resp-text begins.
    pub text: usize,
    pub is_early: bool,
    pub command: &'static str,
    pub tag: &'b [u8],
    /// The server has told its capabilities since the line was sent.
    pub tells_capabilities: bool,
    /// The resp-text of a MESSAGELIMIT (RFC 9738) that came by itself since the reply before.
    pub limit: &'b [u8],
}

impl Reply<'_> {
    pub fn is_ok(&self) -> bool {
        self.condition == Condition::Ok
    }

    pub fn is_bad(&self) -> bool {
        self.condition == Condition::Bad
    }

    pub fn resp_text(&self) -> &[u8] {
        self.response.bytes.get(self.text..).unwrap_or_default()
    }

    /// OK, or the error that NO and BAD are.
    pub fn ok(&self) -> Result<()> {
        match self.condition {
            Condition::Ok => Ok(()),
            Condition::Bad => Err(self.error(imap_status::IMAP_ERR_BAD)),
            _ => Err(self.error(imap_status::IMAP_ERR_NO)),
        }
    }

    pub fn error(&self, status: imap_status) -> Error {
        let said = self.condition.name();
        let message = format!("{}: the server said {said}: {}", self.command, quote(self.resp_text()));
        let text = clip(self.resp_text()).to_vec();
        let reply = ServerReply { text, is_early: self.is_early, data: None };
        Error { reply: Some(Box::new(reply)), command: Some(self.command), ..Error::new(status, message) }
    }
}

/// So much of what the server said is kept with an error.
const QUOTED: usize = 1000;

fn clip(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(QUOTED)]
}

/// A server's words as they may stand in a message: cut short, one line, no control characters.
pub fn quote(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let cut = if bytes.len() > 200 { "..." } else { "" };
    text.chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .chain(cut.chars())
        .collect()
}

/// A command whose output's type is forgotten until it is taken.
pub trait InFlight: Send {
    fn name(&self) -> &'static str;
    fn rules(&self) -> Rules;
    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next>;
    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool>;
    fn challenge(&mut self, text: &[u8]) -> Result<Answer>;
    fn go_on(&mut self) -> Result<Answer>;
    fn hides_secret(&self) -> bool;
    fn is_login(&self) -> bool;
    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step>;
    fn is_dialogue(&self) -> bool;
    fn is_vital(&self) -> bool;
    fn alters_stream(&self) -> bool;
    fn is_goodbye(&self) -> bool;
    fn stream(&mut self) -> Result<()>;
    fn item(&mut self) -> Option<Item>;
    fn ahead(&mut self) -> Option<&mut [MaybeUninit<u8>]>;
    fn supplies(&mut self) -> Vec<Vec<Supply>>;
    fn is_idle(&self) -> bool;
    fn finish(self: Box<Self>) -> Result<Box<dyn Any + Send>>;
}

impl<C: Command> InFlight for C {
    fn name(&self) -> &'static str {
        Command::name(self)
    }
    fn rules(&self) -> Rules {
        Command::rules(self)
    }
    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        Command::line(self, facts, line)
    }
    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        Command::untagged(self, untagged, facts)
    }
    fn challenge(&mut self, text: &[u8]) -> Result<Answer> {
        Command::challenge(self, text)
    }
    fn go_on(&mut self) -> Result<Answer> {
        Command::go_on(self)
    }
    fn hides_secret(&self) -> bool {
        Command::hides_secret(self)
    }
    fn is_login(&self) -> bool {
        Command::is_login(self)
    }
    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        Command::tagged(self, reply, facts)
    }
    fn is_dialogue(&self) -> bool {
        Command::is_dialogue(self)
    }
    fn is_vital(&self) -> bool {
        Command::is_vital(self)
    }
    fn alters_stream(&self) -> bool {
        Command::alters_stream(self)
    }
    fn is_goodbye(&self) -> bool {
        Command::is_goodbye(self)
    }
    fn stream(&mut self) -> Result<()> {
        Command::stream(self)
    }
    fn item(&mut self) -> Option<Item> {
        Command::item(self)
    }
    fn ahead(&mut self) -> Option<&mut [MaybeUninit<u8>]> {
        Command::ahead(self)
    }
    fn supplies(&mut self) -> Vec<Vec<Supply>> {
        Command::supplies(self)
    }
    fn is_idle(&self) -> bool {
        Command::is_idle(self)
    }
    fn finish(self: Box<Self>) -> Result<Box<dyn Any + Send>> {
        Ok(Box::new(Command::finish(*self)?))
    }
}
