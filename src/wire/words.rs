//! The caller's IMAP text: search keys, fetch items, whole commands. It is cut into words, checked so far that it
//! cannot break out of its line, and its `?` are filled with values.

use super::date;
use super::line::{Line, check_flag, refuse_line_breaks};
use crate::error::{Error, Result};
use crate::model::imap_set;

/// One word of the text.
#[derive(Debug, PartialEq, Eq)]
pub enum Word {
    /// An atom, number or section as it stands, checked.
    Atom(String),
    /// A quoted string, its escapes undone.
    String(String),
    Open,
    Close,
    /// The value of a `?`.
    Value(String),
}

impl Word {
    fn copy(&self) -> Result<Word> {
        Ok(match self {
            Word::Atom(text) => Word::Atom(copy(text)?),
            Word::String(text) => Word::String(copy(text)?),
            Word::Value(text) => Word::Value(copy(text)?),
            Word::Open => Word::Open,
            Word::Close => Word::Close,
        })
    }
}

/// What the place of a value says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    String,
    /// An identifier that servers take without quotes only.
    Atom,
    Mailbox,
    Number,
    Set,
    Flag,
    Date,
    /// One of Gmail's labels.
    Label,
}

#[derive(Debug, Default)]
pub struct Words {
    words: Vec<(Word, bool)>,
}

impl Words {
    /// Cuts and checks; every `?` that stands alone takes the next of `params`, if there are any.
    pub fn parse(text: &str, params: Option<&[&str]>) -> Result<Words> {
        let mut cutter = Cutter { text, at: 0, params, used: 0, words: Vec::new() };
        cutter.cut()?;
        let unused = params.map_or(0, <[&str]>::len) - cutter.used;
        if unused > 0 {
            let message = format!("params has {unused} values more than the text has ?");
            return Err(Error::invalid(message));
        }
        Ok(Words { words: cutter.words })
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub fn len(&self) -> usize {
        self.words.len()
    }

    pub fn get(&self, at: usize) -> Option<&Word> {
        self.words.get(at).map(|(word, _)| word)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().map(|(word, _)| word)
    }

    /// The atom at a place, in upper case.
    pub fn atom(&self, at: usize) -> Option<String> {
        match self.get(at)? {
            Word::Atom(atom) => Some(atom.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// What an atom, string or value says.
    pub fn text(&self, at: usize) -> Option<&str> {
        match self.get(at)? {
            Word::Atom(text) | Word::String(text) | Word::Value(text) => Some(text),
            _ => None,
        }
    }

    /// The words from `from` to before `to`, on their own.
    pub fn part(&self, from: usize, to: usize) -> Result<Words> {
        let mut words = Vec::new();
        for (word, is_apart) in self.words.iter().take(to).skip(from) {
            words.try_reserve(1)?;
            words.push((word.copy()?, *is_apart || words.is_empty()));
        }
        Ok(Words { words })
    }

    /// Takes the first words away.
    pub fn drop_first(&mut self, count: usize) {
        self.words.drain(..count.min(self.words.len()));
        if let Some((_, is_apart)) = self.words.first_mut() {
            *is_apart = true;
        }
    }

    /// Takes the last words away.
    pub fn drop_last(&mut self, count: usize) {
        self.words.truncate(self.words.len().saturating_sub(count));
    }

    /// The index behind the parenthesis that closes the one at `open`.
    pub fn close_of(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (at, word) in self.iter().enumerate().skip(open) {
            match word {
                Word::Open => depth += 1,
                Word::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return Some(at + 1);
            }
        }
        None
    }

    /// Whether a string or value needs more than ASCII.
    pub fn is_ascii(&self) -> bool {
        self.iter().all(|word| match word {
            Word::Atom(text) | Word::String(text) | Word::Value(text) => text.is_ascii(),
            _ => true,
        })
    }

    /// Writes all words; values are strings.
    pub fn emit(&self, line: &mut Line) -> Result<()> {
        self.emit_range(0, self.len(), line)
    }

    pub fn emit_range(&self, from: usize, to: usize, line: &mut Line) -> Result<()> {
        for at in from..to.min(self.len()) {
            self.emit_one(at, Place::String, line)?;
        }
        Ok(())
    }

    /// Writes one word, a value in the form that its place asks for.
    pub fn emit_one(&self, at: usize, place: Place, line: &mut Line) -> Result<()> {
        let Some((word, is_apart)) = self.words.get(at) else { return Ok(()) };
        match word {
            // What the caller wrote is held to what a value must be.
            Word::Atom(atom) if matches!(place, Place::Date | Place::Number) => emit_value(atom, place, line),
            Word::Atom(atom) if *is_apart => line.word(atom),
            Word::Atom(atom) => line.raw(atom.as_bytes()),
            Word::Open if *is_apart => line.word("("),
            Word::Open => line.raw(b"("),
            Word::Close => line.raw(b")"),
            Word::String(text) => {
                let is_name = matches!(place, Place::Mailbox | Place::Label);
                emit_value(text, if is_name { place } else { Place::String }, line)
            }
            Word::Value(text) => emit_value(text, place, line),
        }
    }
}

fn emit_value(text: &str, place: Place, line: &mut Line) -> Result<()> {
    let clip = || text.chars().take(40).filter(|c| !c.is_control()).collect::<String>();
    match place {
        Place::String => line.string(text.as_bytes()),
        Place::Mailbox => line.mailbox(text),
        Place::Atom => {
            check_flag(text.strip_prefix('\\').map_or(text, |_| ""))
                .map_err(|_| Error::invalid(format!("\"{}\" stands where an identifier belongs", clip())))?;
            line.word(text)
        }
        Place::Label => line.label(text),
        Place::Number if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            line.word(text)
        }
        Place::Number => Err(Error::invalid(format!("\"{}\" stands where a number belongs", clip()))),
        Place::Set => {
            let set = imap_set::parse(text)?;
            let pieces = set.split(usize::MAX)?;
            match pieces.first() {
                Some(piece) if !text.contains('#') => {
                    line.word("")?;
                    line.raw(piece)
                }
                _ => Err(Error::invalid(format!("\"{}\" stands where a set belongs", clip()))),
            }
        }
        Place::Flag => {
            check_flag(text)?;
            line.word(text)
        }
        Place::Date => {
            let mut formatted = Vec::new();
            let day = date::parse_date(text.as_bytes());
            let is_day = match day {
                Some((year, month, day)) => date::format_date(year, month, day, &mut formatted)?,
                None => false,
            };
            if !is_day {
                let message = format!("\"{}\" is no date: write 1-Apr-2003 or 2003-04-01", clip());
                return Err(Error::invalid(message));
            }
            line.word("")?;
            line.raw(&formatted)
        }
    }
}

struct Cutter<'t> {
    text: &'t str,
    at: usize,
    params: Option<&'t [&'t str]>,
    used: usize,
    words: Vec<(Word, bool)>,
}

impl Cutter<'_> {
    fn cut(&mut self) -> Result<()> {
        let mut depth = 0usize;
        loop {
            let before = self.at;
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches(' ').len();
            let is_apart = self.at > before || before == 0;
            let Some(first) = self.rest().chars().next() else { break };
            let word = match first {
                '(' => {
                    depth += 1;
                    self.at += 1;
                    Word::Open
                }
                ')' => {
                    depth = depth
                        .checked_sub(1)
                        .ok_or_else(|| self.wrong("a parenthesis closes that was not opened"))?;
                    self.at += 1;
                    Word::Close
                }
                '"' => self.quoted()?,
                _ => self.atom()?,
            };
            self.words.try_reserve(1)?;
            self.words.push((word, is_apart));
        }
        if depth > 0 {
            return Err(self.wrong("a parenthesis is not closed"));
        }
        Ok(())
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn wrong(&self, what: &str) -> Error {
        let clipped: String = self.text.chars().take(60).filter(|c| !c.is_control()).collect();
        Error::invalid(format!("{what} in \"{clipped}\""))
    }

    /// `quoted`, of any characters but line breaks.
    fn quoted(&mut self) -> Result<Word> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        let mut end = None;
        while let Some((at, character)) = characters.next() {
            let meant = match character {
                '"' => {
                    end = Some(at + 1);
                    break;
                }
                '\\' => characters.next().map_or('\\', |(_, escaped)| escaped),
                plain => plain,
            };
            value.try_reserve(meant.len_utf8())?;
            value.push(meant);
        }
        let end = end.ok_or_else(|| self.wrong("a quoted string is not closed"))?;
        refuse_line_breaks(value.as_bytes())?;
        self.at += end;
        Ok(Word::String(value))
    }

    /// An atom, or a `?` that stands alone.
    fn atom(&mut self) -> Result<Word> {
        let rest = self.rest();
        let length = rest.find([' ', '(', ')', '"']).unwrap_or(rest.len());
        let atom = &rest[..length];
        if let (Some(params), "?") = (self.params, atom) {
            let value = *params.get(self.used).ok_or_else(|| {
                self.wrong(&format!("params has only {} values, fewer than there are ?", params.len()))
            })?;
            refuse_line_breaks(value.as_bytes())?;
            self.used += 1;
            self.at += length;
            return Ok(Word::Value(copy(value)?));
        }
        self.check_atom(atom)?;
        let atom = copy(atom)?;
        self.at += length;
        Ok(Word::Atom(atom))
    }

    fn check_atom(&self, atom: &str) -> Result<()> {
        if atom.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return Err(self.wrong("a control character stands"));
        }
        if !atom.is_ascii() {
            return Err(self.wrong("a character that is not ASCII stands outside quotes"));
        }
        if atom.contains('{') {
            return Err(self.wrong("a { outside quotes would announce a literal; it stands"));
        }
        Ok(())
    }
}

fn copy(text: &str) -> Result<String> {
    let mut copied = String::new();
    copied.try_reserve_exact(text.len())?;
    copied.push_str(text);
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use super::super::line::Dialect;
    use super::*;

    fn sent(text: &str, params: Option<&[&str]>) -> Result<String> {
        let mut line = Line::new(Dialect::default());
        Words::parse(text, params)?.emit(&mut line)?;
        Ok(line.finish()?.text())
    }

    #[test]
    fn text_is_sent_as_it_is_meant() {
        for text in [
            "FLAGS ENVELOPE",
            "(FLAGS BODY.PEEK[HEADER.FIELDS (From To)]<0.10>)",
            "OR (FROM \"a b\") NOT SEEN",
            "BODY[] ()",
        ] {
            assert_eq!(sent(text, None).unwrap(), format!("{text}\r\n"));
        }
        assert_eq!(sent("  a   b ", None).unwrap(), "a b\r\n");
        assert_eq!(sent("FROM ?", Some(&["a\"b"])).unwrap(), "FROM \"a\\\"b\"\r\n");
        assert_eq!(sent("a?b ?", None).unwrap(), "a?b ?\r\n");
        assert_eq!(sent("X[Y (?)]", Some(&["From"])).unwrap(), "X[Y (\"From\")]\r\n");
        assert_eq!(sent("?", Some(&["Zoë"])).unwrap(), "{4}\r\nZoë\r\n");
    }

    #[test]
    fn what_would_break_the_line_is_refused() {
        for text in ["a\r\nb", "a\0", "(a", "a)", "\"a", "{3}", "a {3+}", "~{1}", "ä", "\"a\r\n\"", "a\tb"] {
            assert!(sent(text, None).is_err(), "{text:?}");
        }
        assert!(sent("? ?", Some(&["a"])).is_err());
        assert!(sent("?", Some(&["a", "b"])).is_err());
        assert!(sent("?", Some(&["a\nb"])).is_err());
    }
}
