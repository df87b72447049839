//! What a search is to return (RFC 9051 section 6.4.4, RFC 4731, RFC 5182, RFC 5267, RFC 6203, RFC 9394), and how that is
//! computed from the numbers alone.

#![forbid(unsafe_code)]

use super::line::Line;
use super::search::Found;
use super::words::{Place, Word, Words};
use crate::error::{Error, NoMemory, Result};
use crate::model::imap_set;

/// `search-return-opts = "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"`
#[derive(Default)]
pub struct Returns {
    words: Words,
    pub min: bool,
    pub max: bool,
    pub count: bool,
    pub all: bool,
    pub save: bool,
    pub update: bool,
    pub context: bool,
    pub relevancy: bool,
    /// One that is not known here.
    pub others: bool,
    pub partial: Option<Range>,
}

/// `partial-range = nz-number ":" nz-number / MINUS nz-number ":" MINUS nz-number`: places among the results, from 1,
/// the smaller one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub is_from_end: bool,
    first: u32,
    last: u32,
}

/// How the options are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    AsGiven,
    /// The server knows no PARTIAL: it is asked for all.
    WithoutPartial,
    /// It knows no RETURN.
    Without,
}

impl Range {
    pub fn parse(text: &str) -> Option<Range> {
        let (a, b) = text.split_once(':')?;
        let is_from_end = a.starts_with('-') && b.starts_with('-');
        let number = |text: &str| {
            let digits = if is_from_end { &text[1..] } else { text };
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u32>().ok().filter(|number| is_number && *number > 0)
        };
        let (a, b) = (number(a)?, number(b)?);
        Some(Range { is_from_end, first: a.min(b), last: a.max(b) })
    }

    /// Its text, the place that is nearest to its end of the list first.
    pub fn text(self) -> String {
        let sign = if self.is_from_end { "-" } else { "" };
        format!("{sign}{}:{sign}{}", self.first, self.last)
    }

    fn count(self) -> u64 {
        u64::from(self.last) - u64::from(self.first) + 1
    }

    /// What of a set it names.
    pub fn of(self, set: &imap_set) -> Result<imap_set, NoMemory> {
        let (first, last, count) = (u64::from(self.first), u64::from(self.last), set.count());
        match self.is_from_end {
            false => set.part(first - 1, last),
            true => set.part(count.saturating_sub(last), count.saturating_sub(first - 1)),
        }
    }
}

impl Returns {
    /// Of the words between the parentheses.
    pub fn parse(words: Words) -> Result<Returns> {
        let mut returns = Returns { words, ..Returns::default() };
        let mut at = 0;
        while at < returns.words.len() {
            let Some(name) = returns.words.atom(at) else {
                return Err(Error::invalid("the options of RETURN are words like MIN, COUNT, PARTIAL 1:50"));
            };
            at += 1;
            let seen = match name.as_str() {
                "MIN" => &mut returns.min,
                "MAX" => &mut returns.max,
                "COUNT" => &mut returns.count,
                "ALL" => &mut returns.all,
                "SAVE" => &mut returns.save,
                "UPDATE" => &mut returns.update,
                "CONTEXT" => &mut returns.context,
                "RELEVANCY" => &mut returns.relevancy,
                "PARTIAL" => {
                    returns.partial = Some(range(returns.words.get(at))?);
                    at += 1;
                    continue;
                }
                _ => {
                    at = behind_value(&returns.words, at);
                    &mut returns.others
                }
            };
            *seen = true;
        }
        if returns.all && returns.partial.is_some() {
            return Err(Error::invalid("RETURN can ask for ALL or for PARTIAL, not for both"));
        }
        Ok(returns)
    }

    /// All that is asked for can be found out from the numbers.
    pub fn is_computable(&self) -> bool {
        // CONTEXT is a hint, which a server may ignore too.
        !(self.save || self.update || self.relevancy || self.others)
    }

    /// Answers to parts of the mailbox, asked for in this way, can be put together.
    pub fn is_divisible(&self, sending: Sending) -> bool {
        sending == Sending::Without
            || (self.is_computable() && (self.partial.is_none() || sending == Sending::WithoutPartial))
    }

    /// All places that are asked for are there, counted from the end: what lies before them does not matter.
    pub fn is_filled(&self, found: &Found) -> bool {
        let is_full = |range: Range| range.is_from_end && found.set.count() == range.count();
        self.partial.is_some_and(is_full) && !(self.min || self.count || self.update || self.others)
    }

    /// The numbers themselves are asked for: nothing else means ALL.
    fn wants_numbers(&self) -> bool {
        let others = self.min || self.max || self.count || self.save || self.update || self.relevancy;
        self.all || self.partial.is_some() || !(others || self.others)
    }

    pub fn encode(&self, sending: Sending, line: &mut Line) -> Result<()> {
        if sending == Sending::Without {
            return Ok(());
        }
        line.word("RETURN (")?;
        let mut at = 0;
        while at < self.words.len() {
            let is_partial = self.words.atom(at).as_deref() == Some("PARTIAL");
            if is_partial && sending == Sending::WithoutPartial {
                line.word("ALL")?;
            } else {
                self.words.emit_one(at, Place::String, line)?;
            }
            if is_partial && sending == Sending::AsGiven {
                line.word(self.words.text(at + 1).unwrap_or_default())?;
            }
            at += 1 + usize::from(is_partial);
        }
        line.raw(b")")
    }

    /// Makes what was asked for of `found.set`, which holds all, in order; what was not asked for is left out, as by a
    /// server.
    pub fn complete(&self, found: &mut Found) -> Result<(), NoMemory> {
        let ends = found.set.count().checked_sub(1).map(|last| (found.set.at(0), found.set.at(last)));
        let (first, last) = ends.unwrap_or_default();
        found.lowest = first.filter(|_| self.min).unwrap_or(0);
        found.highest = last.filter(|_| self.max).unwrap_or(0);
        found.total = match self.count {
            true => i64::try_from(found.set.count()).unwrap_or(i64::MAX),
            false => -1,
        };
        if !self.wants_numbers() {
            found.set = imap_set::new();
        }
        self.take_part(found)
    }

    /// The same of a server that gave all numbers in place of a part: what else it told stays.
    pub fn take_part(&self, found: &mut Found) -> Result<(), NoMemory> {
        if let Some(range) = self.partial {
            found.set = range.of(&found.set)?;
            found.partial = range.text().into_bytes();
        }
        Ok(())
    }
}

fn range(word: Option<&Word>) -> Result<Range> {
    let text = match word {
        Some(Word::Atom(text) | Word::Value(text)) => text.as_str(),
        _ => "",
    };
    let wrong = || Error::invalid("PARTIAL is followed by places like 1:50, or -1:-50 from the end");
    Range::parse(text).ok_or_else(wrong)
}

/// `[SP search-mod-params]` of an option that is not known: a number, a set or a list.
fn behind_value(words: &Words, at: usize) -> usize {
    match words.get(at) {
        Some(Word::Open) => words.close_of(at).unwrap_or(words.len()),
        Some(Word::String(_) | Word::Value(_)) => at + 1,
        Some(Word::Atom(text)) if !text.starts_with(|first: char| first.is_ascii_alphabetic()) => at + 1,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Dialect;
    use super::*;

    fn returns(text: &str) -> Result<Returns> {
        Returns::parse(Words::parse(text, None)?)
    }

    fn sent(text: &str, sending: Sending) -> String {
        let mut line = Line::new(Dialect::default());
        line.word("X").unwrap();
        returns(text).unwrap().encode(sending, &mut line).unwrap();
        line.finish().unwrap().text()
    }

    #[test]
    fn options_are_sent_as_the_server_knows_them() {
        for text in ["MIN COUNT", "", "PARTIAL -1:-100", "SAVE X-NEW (1 (2)) ALL", "CONTEXT UPDATE RELEVANCY"]
        {
            assert_eq!(sent(text, Sending::AsGiven), format!("X RETURN ({text})\r\n"));
        }
        assert_eq!(sent("PARTIAL 1:5 MIN", Sending::WithoutPartial), "X RETURN (ALL MIN)\r\n");
        assert_eq!(sent("PARTIAL 1:5 MIN", Sending::Without), "X\r\n");
    }

    #[test]
    fn wrong_options_are_refused() {
        for text in [
            "PARTIAL",
            "PARTIAL 0:5",
            "PARTIAL 1:*",
            "PARTIAL -1:5",
            "PARTIAL 1",
            "ALL PARTIAL 1:2",
            "(ALL)",
            "\"MIN\"",
        ] {
            assert!(returns(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_is_computed() {
        let computed = |text: &str, set: &str| {
            let mut found = Found { set: imap_set::parse(set).unwrap(), ..Found::default() };
            returns(text).unwrap().complete(&mut found).unwrap();
            let text = found.set.text().unwrap();
            let set = String::from_utf8_lossy(&text[..text.len() - 1]).into_owned();
            let partial = String::from_utf8(found.partial).unwrap();
            (set, found.total, found.lowest, found.highest, partial)
        };
        let expected = |set: &str, total, lowest, highest, partial: &str| {
            (set.to_owned(), total, lowest, highest, partial.to_owned())
        };
        assert_eq!(computed("MIN MAX COUNT", "2,10:11"), expected("", 3, 2, 11, ""));
        assert_eq!(computed("", "2,10:11"), expected("2,10:11", -1, 0, 0, ""));
        assert_eq!(computed("ALL COUNT", ""), expected("", 0, 0, 0, ""));
        assert_eq!(computed("PARTIAL 3:2", "2,10:11,20"), expected("10:11", -1, 0, 0, "2:3"));
        assert_eq!(computed("PARTIAL -1:-2 MIN", "2,10:11,20"), expected("11,20", -1, 2, 0, "-1:-2"));
        assert_eq!(computed("PARTIAL 9:12", "2,10:11"), expected("", -1, 0, 0, "9:12"));
        assert_eq!(computed("PARTIAL -3:-900", "2,10:11"), expected("2", -1, 0, 0, "-3:-900"));
        assert_eq!(
            computed("PARTIAL 2:4294967295", "1:4294967295"),
            expected("2:*", -1, 0, 0, "2:4294967295")
        );
    }
}
