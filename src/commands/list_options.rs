//! What RFC 5258, and the extensions that build on it, put before and behind the names of LIST:
//! `(SUBSCRIBED) ... RETURN (STATUS (MESSAGES) SPECIAL-USE)`.

use super::metadata::Query;
use super::status::Items;
use crate::error::{Error, Result};
use crate::wire::line::Line;
use crate::wire::words::{Place, Word, Words};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Subscribed,
    Remote,
    RecursiveMatch,
    SpecialUse,
    Children,
    Status,
    MyRights,
    Metadata,
    /// One that we do not know.
    Other,
}

/// Each option, and the capability beside LIST-EXTENDED by which the server knows it.
const KNOWN: [(&str, What, &str); 8] = [
    ("SUBSCRIBED", What::Subscribed, "LIST-EXTENDED"),
    ("REMOTE", What::Remote, "LIST-EXTENDED"),
    ("RECURSIVEMATCH", What::RecursiveMatch, "LIST-EXTENDED"),
    ("CHILDREN", What::Children, "LIST-EXTENDED"),
    ("SPECIAL-USE", What::SpecialUse, "SPECIAL-USE"),
    ("STATUS", What::Status, "LIST-STATUS"),
    ("MYRIGHTS", What::MyRights, "LIST-MYRIGHTS"),
    ("METADATA", What::Metadata, "LIST-METADATA"),
];

impl What {
    pub fn capability(self) -> &'static str {
        KNOWN.iter().find(|(_, what, _)| *what == self).map_or("LIST-EXTENDED", |(.., capability)| capability)
    }
}

/// One option, and the words that it is made of.
struct Choice {
    what: What,
    from: usize,
    to: usize,
}

#[derive(Default)]
pub struct Options {
    words: Words,
    selected: Vec<Choice>,
    returned: Vec<Choice>,
    /// What STATUS and METADATA ask for.
    pub status: Option<Items>,
    pub metadata: Option<Query>,
}

impl Options {
    pub fn parse(extra: &str, params: Option<&[&str]>) -> Result<Options> {
        let mut options = Options { words: Words::parse(extra, params)?, ..Options::default() };
        let mut at = 0;
        if let Some(Word::Open) = options.words.get(0) {
            (options.selected, at) = options.choices(0)?;
        }
        if at < options.words.len() {
            let is_return = options.words.atom(at).as_deref() == Some("RETURN");
            if !is_return || !matches!(options.words.get(at + 1), Some(Word::Open)) {
                return Err(malformed());
            }
            (options.returned, at) = options.choices(at + 1)?;
            if at < options.words.len() {
                return Err(malformed());
            }
        }
        options.check()?;
        Ok(options)
    }

    /// `(SUBSCRIBED)`
    pub fn subscribed() -> Result<Options> {
        Options::parse("(SUBSCRIBED)", None)
    }

    /// The options of the list that opens at `open`, and where it ends.
    fn choices(&mut self, open: usize) -> Result<(Vec<Choice>, usize)> {
        let end = self.words.close_of(open).unwrap_or(self.words.len());
        let (mut choices, mut at) = (Vec::new(), open + 1);
        while at + 1 < end {
            let name = self.words.atom(at).ok_or_else(malformed)?;
            let to = match self.words.get(at + 1) {
                Some(Word::Open) => self.words.close_of(at + 1).unwrap_or(end),
                _ => at + 1,
            };
            let known = KNOWN.iter().find(|(known, ..)| *known == name);
            let what = known.map_or(What::Other, |(_, what, _)| *what);
            self.learn(what, at + 1, to)?;
            choices.try_reserve(1)?;
            choices.push(Choice { what, from: at, to });
            at = to;
        }
        Ok((choices, end))
    }

    /// What stands between the parentheses behind STATUS and METADATA.
    fn learn(&mut self, what: What, from: usize, to: usize) -> Result<()> {
        let words = (from..to).filter_map(|at| match self.words.get(at)? {
            Word::Atom(text) | Word::String(text) | Word::Value(text) => Some(text.as_str()),
            Word::Open | Word::Close => None,
        });
        match what {
            What::Status => self.status = Some(Items::parse(&words.collect::<Vec<_>>().join(" "))?),
            What::Metadata => self.metadata = Some(Query::of(&words.collect::<Vec<_>>())?),
            _ => {}
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let misplaced = [What::Status, What::MyRights, What::Metadata].map(|what| self.selects(what));
        if misplaced.contains(&true) {
            return Err(Error::invalid("STATUS, MYRIGHTS and METADATA stand behind RETURN"));
        }
        let selects_any = self.selects(What::Subscribed) || self.selects(What::SpecialUse);
        if self.selects(What::RecursiveMatch) && !selects_any && !self.selects(What::Other) {
            return Err(Error::invalid("RECURSIVEMATCH needs SUBSCRIBED or another selection beside it"));
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.selected.is_empty() && self.returned.is_empty()
    }

    pub fn selects(&self, what: What) -> bool {
        self.selected.iter().any(|choice| choice.what == what)
    }

    pub fn selects_any(&self) -> bool {
        !self.selected.is_empty()
    }

    pub fn returns(&self, what: What) -> bool {
        self.returned.iter().any(|choice| choice.what == what)
    }

    /// All that is asked for.
    pub fn all(&self) -> impl Iterator<Item = What> {
        self.selected.iter().chain(&self.returned).map(|choice| choice.what)
    }

    pub fn write_selection(&self, is_said: impl Fn(What) -> bool, line: &mut Line) -> Result<()> {
        self.write("(", &self.selected, is_said, line)
    }

    pub fn write_return(&self, is_said: impl Fn(What) -> bool, line: &mut Line) -> Result<()> {
        self.write("RETURN (", &self.returned, is_said, line)
    }

    fn write(
        &self,
        head: &str,
        choices: &[Choice],
        is_said: impl Fn(What) -> bool,
        line: &mut Line,
    ) -> Result<()> {
        let mut said = choices.iter().filter(|choice| is_said(choice.what)).peekable();
        if said.peek().is_none() {
            return Ok(());
        }
        line.word(head)?;
        for choice in said {
            (choice.from..choice.to).try_for_each(|at| self.words.emit_one(at, Place::String, line))?;
        }
        line.raw(b")")
    }
}

fn malformed() -> Error {
    Error::invalid("the extra words of LIST are \"(options) RETURN (options)\", either half may be missing")
}
