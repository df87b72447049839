//! Search criteria (RFC 9051 section 6.4.4 and the extensions that add keys).

use super::line::Line;
use super::words::{Place, Word, Words};
use crate::error::{Error, Result};

/// What `imap_search()` sends.
pub struct Criteria {
    words: Words,
    by_uid: bool,
    returns: Option<Words>,
    charset: Option<String>,
    uses_numbers: bool,
    needs: Vec<&'static str>,
}

struct Key {
    name: &'static str,
    arguments: &'static [Place],
    /// The capability that brings it.
    needs: Option<&'static str>,
}

const fn key(name: &'static str, arguments: &'static [Place]) -> Key {
    Key { name, arguments, needs: None }
}

const fn extended(name: &'static str, arguments: &'static [Place], needs: &'static str) -> Key {
    Key { name, arguments, needs: Some(needs) }
}

/// The keys that have arguments or need a capability; all others stand alone.
const KEYS: &[Key] = &[
    key("BCC", &[Place::String]),
    key("BEFORE", &[Place::Date]),
    key("BODY", &[Place::String]),
    key("CC", &[Place::String]),
    key("FROM", &[Place::String]),
    key("HEADER", &[Place::String, Place::String]),
    key("KEYWORD", &[Place::Flag]),
    key("LARGER", &[Place::Number]),
    key("ON", &[Place::Date]),
    key("SENTBEFORE", &[Place::Date]),
    key("SENTON", &[Place::Date]),
    key("SENTSINCE", &[Place::Date]),
    key("SINCE", &[Place::Date]),
    key("SMALLER", &[Place::Number]),
    key("SUBJECT", &[Place::String]),
    key("TEXT", &[Place::String]),
    key("TO", &[Place::String]),
    key("UID", &[Place::Set]),
    key("UNKEYWORD", &[Place::Flag]),
    extended("OLDER", &[Place::Number], "WITHIN"),
    extended("YOUNGER", &[Place::Number], "WITHIN"),
    extended("MODSEQ", &[Place::Number], "CONDSTORE"),
    extended("EMAILID", &[Place::String], "OBJECTID"),
    extended("THREADID", &[Place::String], "OBJECTID"),
    extended("SAVEDBEFORE", &[Place::Date], "SAVEDATE"),
    extended("SAVEDON", &[Place::Date], "SAVEDATE"),
    extended("SAVEDSINCE", &[Place::Date], "SAVEDATE"),
    extended("SAVEDATESUPPORTED", &[], "SAVEDATE"),
    extended("X-GM-RAW", &[Place::String], "X-GM-EXT-1"),
    extended("FUZZY", &[], "SEARCH=FUZZY"),
    extended("FILTER", &[Place::String], "FILTERS"),
    extended("$", &[], "SEARCHRES"),
];

impl Criteria {
    pub fn parse(text: &str, params: Option<&[&str]>) -> Result<Criteria> {
        let trimmed = text.trim_start();
        let (body, by_uid) = match trimmed.strip_prefix('#') {
            Some(body) => (body, false),
            None => (trimmed, true),
        };
        let mut criteria = Criteria {
            words: Words::parse(body, params)?,
            by_uid,
            returns: None,
            charset: None,
            uses_numbers: !by_uid,
            needs: Vec::new(),
        };
        criteria.take_return()?;
        criteria.take_charset()?;
        if criteria.words.is_empty() {
            return Err(Error::invalid("the search criteria are empty: say ALL for all messages"));
        }
        criteria.look()?;
        Ok(criteria)
    }

    /// `search-return-opts = "RETURN" SP "(" [...] ")"`
    fn take_return(&mut self) -> Result<()> {
        if self.words.atom(0).as_deref() != Some("RETURN") {
            return Ok(());
        }
        let end = match self.words.get(1) {
            Some(Word::Open) => self.words.close_of(1),
            _ => None,
        };
        let end = end.ok_or_else(|| Error::invalid("RETURN is followed by its options in parentheses"))?;
        let mut returns = String::new();
        for at in 2..end - 1 {
            match self.words.get(at) {
                Some(Word::Atom(atom)) => {
                    returns.try_reserve(atom.len() + 1)?;
                    returns.push_str(atom);
                    returns.push(' ');
                }
                _ => return Err(Error::invalid("the options of RETURN are plain words")),
            }
        }
        self.needs.try_reserve(2)?;
        self.needs.push("ESEARCH");
        if returns.split(' ').any(|option| option.eq_ignore_ascii_case("SAVE")) {
            self.needs.push("SEARCHRES");
        }
        self.returns = Some(Words::parse(&returns, None)?);
        self.words.drop_first(end);
        Ok(())
    }

    /// `["CHARSET" SP charset]`
    fn take_charset(&mut self) -> Result<()> {
        if self.words.atom(0).as_deref() != Some("CHARSET") {
            return Ok(());
        }
        self.charset = match self.words.get(1) {
            Some(Word::Atom(name) | Word::String(name) | Word::Value(name))
                if name.eq_ignore_ascii_case("UTF-8") || name.eq_ignore_ascii_case("US-ASCII") =>
            {
                Some(name.clone())
            }
            _ => {
                return Err(Error::invalid(
                    "CHARSET can be UTF-8 or US-ASCII: the text that you pass is UTF-8",
                ));
            }
        };
        self.words.drop_first(2);
        Ok(())
    }

    /// Notes what the keys need, and whether message numbers stand among them.
    fn look(&mut self) -> Result<()> {
        let mut at = 0;
        while at < self.words.len() {
            let name = self.words.atom(at);
            let found = name.as_deref().and_then(known);
            if let Some(needs) = found.and_then(|key| key.needs) {
                if !self.needs.contains(&needs) {
                    self.needs.try_reserve(1)?;
                    self.needs.push(needs);
                }
            }
            let is_set = |name: &str| name.starts_with(|first: char| first.is_ascii_digit() || first == '*');
            self.uses_numbers |= name.as_deref().is_some_and(is_set);
            at += 1 + found.map_or(0, |key| key.arguments.len());
        }
        Ok(())
    }

    pub fn by_uid(&self) -> bool {
        self.by_uid
    }

    /// Message numbers stand in it, or are what it is answered with.
    pub fn uses_numbers(&self) -> bool {
        self.uses_numbers
    }

    pub fn needs(&self) -> impl Iterator<Item = &'static str> {
        self.needs.iter().copied()
    }

    pub fn has_return(&self) -> bool {
        self.returns.is_some()
    }

    /// `sort = "SORT" [search-return-opts] SP sort-criteria SP charset 1*(SP search-key)` (RFC 5256 section 5)
    pub fn encode_sort(&self, keys: &str, line: &mut Line) -> Result<()> {
        line.word(if self.by_uid { "UID SORT" } else { "SORT" })?;
        self.encode_return(line)?;
        line.word(&format!("({keys})"))?;
        let charset = if self.words.is_ascii() { "US-ASCII" } else { "UTF-8" };
        line.word(self.charset.as_deref().unwrap_or(charset))?;
        self.encode_keys(line)
    }

    fn encode_return(&self, line: &mut Line) -> Result<()> {
        if let Some(returns) = &self.returns {
            line.word("RETURN (")?;
            returns.emit(line)?;
            line.raw(b")")?;
        }
        Ok(())
    }

    /// `search = "SEARCH" [search-return-opts] SP search-program`
    pub fn encode(&self, line: &mut Line) -> Result<()> {
        line.word(if self.by_uid { "UID SEARCH" } else { "SEARCH" })?;
        self.encode_return(line)?;
        let is_utf8 = line.dialect().utf8;
        match &self.charset {
            Some(charset) if !is_utf8 => {
                line.word("CHARSET")?;
                line.word(charset)?;
            }
            None if !is_utf8 && !self.words.is_ascii() => line.word("CHARSET UTF-8")?,
            _ => {}
        }
        self.encode_keys(line)
    }

    fn encode_keys(&self, line: &mut Line) -> Result<()> {
        let mut at = 0;
        while at < self.words.len() {
            let arguments =
                self.words.atom(at).as_deref().and_then(known).map_or(&[][..], |key| key.arguments);
            // A value in place of a whole key can only be a set.
            self.words.emit_one(at, Place::Set, line)?;
            for place in arguments {
                at += 1;
                self.words.emit_one(at, *place, line)?;
            }
            at += 1;
        }
        Ok(())
    }
}

fn known(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::line::{Dialect, Piece};
    use super::*;

    fn sent(text: &str, params: Option<&[&str]>) -> Result<String> {
        let mut line = Line::new(Dialect::default());
        Criteria::parse(text, params)?.encode(&mut line)?;
        let pieces = line.finish()?;
        Ok(pieces
            .iter()
            .map(|piece| match piece {
                Piece::Bytes(bytes) | Piece::Literal { data: bytes, .. } => {
                    String::from_utf8_lossy(bytes).into_owned()
                }
                Piece::Later { .. } => unreachable!("no text has such"),
            })
            .collect())
    }

    #[test]
    fn keys_tell_what_their_values_are() {
        assert_eq!(sent("UNSEEN", None).unwrap(), "UID SEARCH UNSEEN\r\n");
        assert_eq!(sent("# UNSEEN 1:5", None).unwrap(), "SEARCH UNSEEN 1:5\r\n");
        assert_eq!(
            sent(
                "FROM ? SINCE ? (KEYWORD ? UID ?) LARGER ?",
                Some(&["a b", "2003-04-01", "$Junk", "5,1:3", "10"])
            )
            .unwrap(),
            "UID SEARCH FROM \"a b\" SINCE 1-Apr-2003 (KEYWORD $Junk UID 1:3,5) LARGER 10\r\n"
        );
        assert_eq!(sent("FROM ?", Some(&["Zoë"])).unwrap(), "UID SEARCH CHARSET UTF-8 FROM {4}\r\nZoë\r\n");
        assert_eq!(
            sent("RETURN (MIN COUNT) charset utf-8 OR (TO ?) NOT SEEN", Some(&["x"])).unwrap(),
            "UID SEARCH RETURN (MIN COUNT) CHARSET utf-8 OR (TO \"x\") NOT SEEN\r\n"
        );
        assert_eq!(sent("X-NEW-KEY \"a\"", None).unwrap(), "UID SEARCH X-NEW-KEY \"a\"\r\n");
    }

    #[test]
    fn wrong_values_are_refused() {
        for (text, value) in [
            ("SINCE ?", "yesterday"),
            ("LARGER ?", "-1"),
            ("KEYWORD ?", "a b"),
            ("UID ?", "a"),
            ("UID ?", "0"),
            ("FROM ?", "a\rb"),
        ] {
            assert!(sent(text, Some(&[value])).is_err(), "{text} {value}");
        }
        for text in ["", "#", "RETURN (ALL)", "RETURN ALL SEEN", "CHARSET latin1 ALL", "FROM ?)"] {
            assert!(sent(text, None).is_err(), "{text}");
        }
    }
}
