//! Commands that ask one thing: a name, a few arguments, and an answer of one kind. Most extensions are no more than
//! that; each gives its forms and its answer.

use crate::error::Result;
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged};
use crate::wire::line::Line;
use crate::wire::words::{Place, Words};

/// How a command is sent.
pub struct Form {
    pub name: &'static str,
    /// Any of these capabilities.
    pub needs: &'static [&'static str],
    /// Whether it depends on the mailboxes, or changes what is known of them.
    pub mailboxes: Mailboxes,
}

pub enum Argument {
    Mailbox(String),
    Text(String),
    /// The caller's words, as they stand; a value is a string.
    Words(Words),
    /// Any bytes; None is NIL.
    Value(Option<Vec<u8>>),
    /// Our own.
    Open,
    Close,
}

/// What the responses to a command make.
pub trait Answer: Send + 'static {
    type Output: Send + 'static;

    /// The names of those responses.
    const RESPONSES: &'static [&'static str];

    /// What the server must have beside one of the form's capabilities.
    fn check(&self, facts: &Facts) -> Result<()> {
        let _ = facts;
        Ok(())
    }

    /// False: it is about something else, and news.
    fn take(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool>;

    fn finish(self) -> Result<Self::Output>;
}

/// No answer but the tagged reply.
impl Answer for () {
    type Output = ();

    const RESPONSES: &'static [&'static str] = &[];

    fn take(&mut self, _: &Untagged<'_>, _: &Facts) -> Result<bool> {
        Ok(false)
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}

pub struct Ask<A: Answer> {
    form: &'static Form,
    arguments: Vec<Argument>,
    answer: A,
    /// Set: it is not sent unless this is so, and a refusal does no harm.
    when: Option<fn(&Facts) -> bool>,
}

impl<A: Answer> Ask<A> {
    pub fn new(form: &'static Form, arguments: Vec<Argument>, answer: A) -> Ask<A> {
        Ask { form, arguments, answer, when: None }
    }

    /// Nothing depends on it.
    pub fn only_when(self, when: fn(&Facts) -> bool) -> Ask<A> {
        Ask { when: Some(when), ..self }
    }
}

impl<A: Answer> Command for Ask<A> {
    type Output = A::Output;

    fn name(&self) -> &'static str {
        self.form.name
    }

    fn rules(&self) -> Rules {
        let claim = if A::RESPONSES.is_empty() { Claim::Nothing } else { Claim::Named(A::RESPONSES) };
        Rules { claim, sequence: Sequence::Renumbers, mailboxes: self.form.mailboxes }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        if self.when.is_some_and(|when| !when(facts)) {
            return Ok(Next::Nothing);
        }
        facts.needs_one(self.form.needs)?;
        self.answer.check(facts)?;
        line.word(self.form.name)?;
        for argument in &self.arguments {
            match argument {
                Argument::Mailbox(name) if name.is_empty() => line.string(b"")?,
                Argument::Mailbox(name) => line.mailbox(name)?,
                Argument::Text(text) => line.string(text.as_bytes())?,
                Argument::Words(words) => {
                    (0..words.len()).try_for_each(|at| words.emit_one(at, Place::String, line))?;
                }
                Argument::Value(value) => write_value(value.as_deref(), line)?,
                Argument::Open => line.word("(")?,
                Argument::Close => line.raw(b")")?,
            }
        }
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        self.answer.take(untagged, facts)
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        if self.when.is_none() {
            reply.ok()?;
        }
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<A::Output> {
        self.answer.finish()
    }
}

/// `value = nstring / literal8`
pub fn write_value(value: Option<&[u8]>, line: &mut Line) -> Result<()> {
    let Some(value) = value else { return line.word("NIL") };
    let is_plain = value.len() < 1000 && value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    match is_plain {
        true => line.string(value),
        false => line.literal(super::copy_bytes(value)?, value.contains(&0)),
    }
}
