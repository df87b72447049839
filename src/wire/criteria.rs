//! Search criteria (RFC 9051 section 6.4.4 and the extensions that add keys), and what goes before them.

use super::charset;
use super::date::{self, Moment};
use super::line::Line;
use super::returns::{Returns, Sending};
use super::words::{Place, Word, Words};
use crate::error::{Error, Result};

/// What `imap_search()` sends.
pub struct Criteria {
    words: Words,
    by_uid: bool,
    /// Which mailboxes are searched: what stands between the parentheses of IN (RFC 7377).
    source: Option<Words>,
    returns: Option<Returns>,
    charset: Option<String>,
    uses_numbers: bool,
    needs: Vec<Needs>,
    /// UIDs that are looked among; empty: all.
    among: Vec<u8>,
}

/// Any of these capabilities.
pub type Needs = &'static [&'static str];

/// How criteria are sent.
#[derive(Clone, Copy)]
pub struct Manner {
    pub returns: Sending,
    /// The server has no WITHIN: OLDER and YOUNGER become dates, counted from this time.
    pub now: Option<i64>,
}

impl Manner {
    pub fn as_given() -> Manner {
        Manner { returns: Sending::AsGiven, now: None }
    }
}

struct Key {
    name: &'static str,
    arguments: &'static [Place],
    needs: Needs,
}

const fn key(name: &'static str, arguments: &'static [Place]) -> Key {
    Key { name, arguments, needs: &[] }
}

const fn extended(name: &'static str, arguments: &'static [Place], needs: Needs) -> Key {
    Key { name, arguments, needs }
}

pub const ESEARCH: Needs = &["ESEARCH"];
pub const SEARCHRES: Needs = &["SEARCHRES"];
pub const WITHIN: Needs = &["WITHIN"];
const UIDS: Needs = &["MESSAGELIMIT", "UIDONLY"];
const FUZZY: Needs = &["SEARCH=FUZZY"];
const OBJECTID: Needs = &["OBJECTID"];
const SAVEDATE: Needs = &["SAVEDATE"];
const GMAIL: Needs = &["X-GM-EXT-1"];

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
    extended("OLDER", &[Place::Number], WITHIN),
    extended("YOUNGER", &[Place::Number], WITHIN),
    extended("MODSEQ", &[Place::Number], &["CONDSTORE"]),
    extended("EMAILID", &[Place::Atom], OBJECTID),
    extended("THREADID", &[Place::Atom], OBJECTID),
    extended("SAVEDBEFORE", &[Place::Date], SAVEDATE),
    extended("SAVEDON", &[Place::Date], SAVEDATE),
    extended("SAVEDSINCE", &[Place::Date], SAVEDATE),
    extended("SAVEDATESUPPORTED", &[], SAVEDATE),
    extended("ANNOTATION", &[Place::String, Place::String, Place::String], &["ANNOTATE-EXPERIMENT-1"]),
    extended("UIDAFTER", &[Place::Number], UIDS),
    extended("UIDBEFORE", &[Place::Number], UIDS),
    extended("X-GM-RAW", &[Place::String], GMAIL),
    extended("X-GM-LABELS", &[Place::String], GMAIL),
    extended("X-GM-MSGID", &[Place::Number], GMAIL),
    extended("X-GM-THRID", &[Place::Number], GMAIL),
    extended("FUZZY", &[], FUZZY),
    extended("FILTER", &[Place::Atom], &["FILTERS"]),
    extended("$", &[], SEARCHRES),
];

/// `search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer`
const MODSEQ_OF_ENTRY: &[Place] = &[Place::String, Place::Atom, Place::Number];

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
            source: None,
            returns: None,
            charset: None,
            uses_numbers: !by_uid,
            needs: Vec::new(),
            among: Vec::new(),
        };
        criteria.take_source()?;
        criteria.take_return()?;
        criteria.take_charset()?;
        if criteria.words.is_empty() {
            return Err(Error::invalid("the search criteria are empty: say ALL for all messages"));
        }
        criteria.look()?;
        Ok(criteria)
    }

    /// What stands in parentheses behind the word that the criteria begin with, if they do.
    fn take_list(&mut self, word: &str) -> Result<Option<Words>> {
        if self.words.atom(0).as_deref() != Some(word) {
            return Ok(None);
        }
        let end = match self.words.get(1) {
            Some(Word::Open) => self.words.close_of(1),
            _ => None,
        };
        let missing = || Error::invalid(format!("{word} is followed by a list in parentheses"));
        let end = end.ok_or_else(missing)?;
        let list = self.words.part(2, end - 1)?;
        self.words.drop_first(end);
        Ok(Some(list))
    }

    /// `esearch-source-opts = "IN" SP "(" source-mbox [SP "(" scope-options ")"] ")"`
    fn take_source(&mut self) -> Result<()> {
        self.source = self.take_list("IN")?;
        match &self.source {
            Some(source) if source.is_empty() => {
                Err(Error::invalid("IN names mailboxes, as \"IN (personal)\""))
            }
            _ => Ok(()),
        }
    }

    fn take_return(&mut self) -> Result<()> {
        self.returns = self.take_list("RETURN")?.map(Returns::parse).transpose()?;
        if self.returns.as_ref().is_some_and(|returns| returns.save) {
            self.needs(SEARCHRES)?;
        }
        Ok(())
    }

    /// `["CHARSET" SP charset]`: the text that is searched for is written in it.
    fn take_charset(&mut self) -> Result<()> {
        if self.words.atom(0).as_deref() != Some("CHARSET") {
            return Ok(());
        }
        let name = self.words.text(1).unwrap_or_default();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(Error::invalid("CHARSET is followed by the name of a charset, like UTF-8"));
        }
        let name = name.to_owned();
        self.words.drop_first(2);
        if !self.can_be_in(&name)? {
            let message = format!("the text cannot be written in {name}: leave CHARSET out for UTF-8");
            return Err(Error::invalid(message));
        }
        self.charset = Some(name);
        Ok(())
    }

    fn can_be_in(&self, charset: &str) -> Result<bool> {
        let texts =
            (0..self.words.len()).filter_map(|at| self.words.text(at)).filter(|text| !text.is_ascii());
        let mut encoded = Vec::new();
        for text in texts {
            encoded.clear();
            if !charset::encode(charset.as_bytes(), text, &mut encoded)? {
                return Ok(false);
            }
        }
        // Where all is ASCII, any charset will do, if it is like ASCII.
        Ok(charset::encode(charset.as_bytes(), "a", &mut encoded)? && encoded.ends_with(b"a"))
    }

    fn needs(&mut self, needs: Needs) -> Result<()> {
        if !needs.is_empty() && !self.needs.contains(&needs) {
            self.needs.try_reserve(1)?;
            self.needs.push(needs);
        }
        Ok(())
    }

    /// Notes what the keys need, and whether message numbers stand among them.
    fn look(&mut self) -> Result<()> {
        let mut at = 0;
        let is_set = |text: &str| text.starts_with(|first: char| first.is_ascii_digit() || first == '*');
        while at < self.words.len() {
            let name = self.words.atom(at);
            let key = name.as_deref().and_then(known);
            self.needs(key.map_or(&[][..], |key| key.needs))?;
            self.uses_numbers |= match self.words.get(at) {
                Some(Word::Atom(text)) => is_set(text),
                // In place of a whole key it is a set.
                Some(Word::Value(text)) => text != "$",
                _ => false,
            };
            let arguments = self.arguments(at);
            let (first, last) = (at + 1, at + arguments.len());
            if (first..=last).any(|at| self.words.text(at).is_none()) {
                let name = name.unwrap_or_default();
                let count =
                    if last == first { "a value".to_owned() } else { format!("{} values", last - at) };
                return Err(Error::invalid(format!("the search key {name} is followed by {count}")));
            }
            if (at..=last).any(|at| self.words.text(at) == Some("$")) {
                self.needs(SEARCHRES)?;
            }
            at = last + 1;
        }
        if self.returns.as_ref().is_some_and(|returns| returns.relevancy) && !self.needs.contains(&FUZZY) {
            return Err(Error::invalid("RETURN (RELEVANCY) goes with the search key FUZZY"));
        }
        Ok(())
    }

    /// The arguments of the key at a place.
    fn arguments(&self, at: usize) -> &'static [Place] {
        match self.words.atom(at).as_deref().and_then(known) {
            Some(key)
                if key.name == "MODSEQ"
                    && self.words.text(at + 1).is_some_and(|text| text.starts_with('/')) =>
            {
                MODSEQ_OF_ENTRY
            }
            Some(key) => key.arguments,
            None => &[],
        }
    }

    pub fn by_uid(&self) -> bool {
        self.by_uid
    }

    /// Message numbers stand in it, or are what it is answered with.
    pub fn uses_numbers(&self) -> bool {
        self.uses_numbers
    }

    /// What the keys need; what RETURN needs depends on the command.
    pub fn all_needs(&self) -> impl Iterator<Item = Needs> {
        self.needs.iter().copied()
    }

    pub fn returns(&self) -> Option<&Returns> {
        self.returns.as_ref()
    }

    pub fn source(&self) -> Option<&Words> {
        self.source.as_ref()
    }

    /// FUZZY is among the keys.
    pub fn is_fuzzy(&self) -> bool {
        self.needs.contains(&FUZZY)
    }

    /// The next line looks among these UIDs alone; none: among all.
    pub fn look_among(&mut self, uids: &[u8]) -> Result<()> {
        self.among.clear();
        self.among.try_reserve(uids.len())?;
        self.among.extend_from_slice(uids);
        Ok(())
    }

    /// The server cannot take the charset, but these: true if one of them will do, which is then used.
    pub fn use_charset(&mut self, offered: &[&str]) -> Result<bool> {
        for name in offered {
            let is_tried = self.charset.as_deref().unwrap_or("UTF-8").eq_ignore_ascii_case(name);
            if !is_tried && self.can_be_in(name)? {
                self.charset = Some((*name).to_owned());
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `search = "SEARCH" [search-return-opts] SP search-program`, `esearch = "ESEARCH" [SP esearch-source-opts] [SP
    /// search-return-opts] SP search-program`
    pub fn encode(&self, command: &str, manner: Manner, line: &mut Line) -> Result<()> {
        line.word(command)?;
        if let Some(source) = &self.source {
            line.word("IN (")?;
            (0..source.len()).try_for_each(|at| source.emit_one(at, Place::Mailbox, line))?;
            line.raw(b")")?;
        }
        self.encode_return(manner, line)?;
        // RFC 6855 section 3: where UTF-8 is agreed upon, CHARSET is an error.
        if !line.dialect().utf8 {
            match &self.charset {
                Some(charset) => line.word(&format!("CHARSET {charset}"))?,
                None if !self.words.is_ascii() => line.word("CHARSET UTF-8")?,
                None => {}
            }
        }
        self.encode_keys(manner, line)
    }

    /// `sort = "SORT" [search-return-opts] SP sort-criteria SP charset 1*(SP search-key)`, `thread = "THREAD" SP thread-alg
    /// SP charset 1*(SP search-key)` (RFC 5256 section 5): `how` stands between.
    pub fn encode_ordered(&self, command: &str, how: &str, manner: Manner, line: &mut Line) -> Result<()> {
        line.word(command)?;
        self.encode_return(manner, line)?;
        line.word(how)?;
        let fitting = if self.words.is_ascii() { "US-ASCII" } else { "UTF-8" };
        let charset = self.charset.as_deref().filter(|_| !line.dialect().utf8);
        line.word(charset.unwrap_or(fitting))?;
        self.encode_keys(manner, line)
    }

    fn encode_return(&self, manner: Manner, line: &mut Line) -> Result<()> {
        match &self.returns {
            Some(returns) => returns.encode(manner.returns, line),
            None => Ok(()),
        }
    }

    fn encode_keys(&self, manner: Manner, line: &mut Line) -> Result<()> {
        if !self.among.is_empty() {
            line.word("UID ")?;
            line.raw(&self.among)?;
        }
        let mut at = 0;
        while at < self.words.len() {
            let within = match self.words.atom(at).as_deref() {
                Some("OLDER") => Some("BEFORE"),
                Some("YOUNGER") => Some("SINCE"),
                _ => None,
            };
            if let (Some(key), Some(now)) = (within, manner.now) {
                line.word(key)?;
                line.word(&day(now, key == "BEFORE", self.words.text(at + 1).unwrap_or_default())?)?;
                at += 2;
                continue;
            }
            // A value in place of a whole key can only be a set.
            self.words.emit_one(at, Place::Set, line)?;
            for place in self.arguments(at) {
                at += 1;
                self.encode_argument(at, *place, line)?;
            }
            at += 1;
        }
        Ok(())
    }

    fn encode_argument(&self, at: usize, place: Place, line: &mut Line) -> Result<()> {
        let text = self.words.text(at).unwrap_or_default();
        match &self.charset {
            Some(charset) if !text.is_ascii() && !line.dialect().utf8 => {
                let mut encoded = Vec::new();
                charset::encode(charset.as_bytes(), text, &mut encoded)?;
                line.literal(encoded, false)
            }
            _ => self.words.emit_one(at, place, line),
        }
    }
}

fn known(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The day that lies so many seconds before `now`, or the one behind it; in UTC.
fn day(now: i64, is_next: bool, seconds: &str) -> Result<String> {
    let wrong = || Error::invalid("OLDER and YOUNGER are followed by a number of seconds");
    let seconds = seconds.parse::<u32>().ok().filter(|seconds| *seconds > 0).ok_or_else(wrong)?;
    let then = now - i64::from(seconds) + if is_next { 24 * 60 * 60 } else { 0 };
    let (year, month, day) = Moment { seconds: then, zone: 0 }.date().ok_or_else(wrong)?;
    let mut text = Vec::new();
    date::format_date(year, month, day, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::line::{Dialect, Piece};
    use super::*;

    fn sent(text: &str, params: Option<&[&str]>) -> Result<String> {
        sent_by(text, params, Manner::as_given(), Dialect::default())
    }

    fn sent_by(text: &str, params: Option<&[&str]>, manner: Manner, dialect: Dialect) -> Result<String> {
        let mut line = Line::new(dialect);
        let criteria = Criteria::parse(text, params)?;
        let command = match (&criteria.source, criteria.by_uid) {
            (Some(_), _) => "ESEARCH",
            (None, true) => "UID SEARCH",
            (None, false) => "SEARCH",
        };
        criteria.encode(command, manner, &mut line)?;
        Ok(line.finish()?.text())
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
        for text in [
            "",
            "#",
            "RETURN (ALL)",
            "RETURN ALL SEEN",
            "CHARSET x-none ALL",
            "CHARSET utf-16 ALL",
            "FROM",
            "HEADER a",
            "FROM ?)",
        ] {
            assert!(sent(text, None).is_err(), "{text}");
        }
    }

    /// What each client line of the RFCs means, and the line itself.
    #[test]
    fn lines_of_the_rfcs() {
        let lines = [
            // RFC 4731 section 3.1
            "SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
            "SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
            "SEARCH RETURN (MIN) UNSEEN",
            "UID SEARCH RETURN (MIN MAX) 1:5000",
            "SEARCH RETURN (COUNT) DELETED",
            // Section 3.2
            "SEARCH RETURN (MIN) MODSEQ \"/flags/\\\\draft\" all 620162338",
            "SEARCH RETURN (MAX) MODSEQ \"/flags/\\\\draft\" all 620162338",
            "SEARCH RETURN (MIN MAX) MODSEQ \"/flags/\\\\draft\" all 620162338",
            "SEARCH RETURN (MIN COUNT) MODSEQ \"/flags/\\\\draft\" all 620162338",
            // RFC 5032 section 4
            "SEARCH UNSEEN YOUNGER 259200",
            // RFC 5182 section 2.2
            "SEARCH RETURN (SAVE) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
            "SEARCH RETURN (SAVE) SINCE 1-Jan-2004 NOT FROM \"Smith\"",
            "UID SEARCH UID $ SMALLER 4096",
            "UID SEARCH $ SMALLER 4096",
            "SEARCH RETURN (SAVE) SINCE 1-Feb-1994 NOT FROM \"Smith\"",
            "SEARCH RETURN (SAVE) SINCE 28-Oct-2006 NOT FROM \"Eric\"",
            // Section 2.3
            "SEARCH RETURN (SAVE) KEYWORD $Junk",
            "SEARCH RETURN (ALL) SINCE 28-Oct-2006 FROM \"Eric\"",
            "SEARCH RETURN (SAVE) SINCE 28-Oct-2006 FROM \"Eric\"",
            // Section 2.4
            "SEARCH RETURN (ALL) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
            "SEARCH RETURN (ALL SAVE) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
            "SEARCH RETURN (SAVE MIN) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
            "SEARCH RETURN (MAX SAVE MIN) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
            "SEARCH RETURN (MAX SAVE MIN COUNT) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
            "SEARCH RETURN (ALL SAVE MIN) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
            // RFC 5267 sections 4.2, 4.3, 4.4, and RFC 9394 section 3.1
            "SEARCH RETURN (CONTEXT COUNT) UNDELETED UNKEYWORD $Junk",
            "UID SEARCH RETURN (UPDATE COUNT) DELETED KEYWORD $Junk",
            "UID SEARCH RETURN (PARTIAL 23500:24000) UNDELETED UNKEYWORD $Junk",
            "UID SEARCH RETURN (PARTIAL 1:500) UNDELETED UNKEYWORD $Junk",
            "UID SEARCH RETURN (PARTIAL 24000:24500) UNDELETED UNKEYWORD $Junk",
            "UID SEARCH RETURN (PARTIAL -1:-100) UNDELETED UNKEYWORD $Junk",
            // RFC 5466 section 3.1
            "SEARCH UID 300:900 FILTER on-the-road SINCE \"3-Dec-2002\"",
            "SEARCH UID 300:900 OR SMALLER 5000 FROM \"boss@example.com\" SINCE \"3-Dec-2002\"",
            // RFC 6203 sections 3, 4 and 5
            "SEARCH FUZZY (SUBJECT \"IMAP break\")",
            "SEARCH FUZZY SUBJECT work FROM user@example.com",
            "SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT \"Helo\"",
            "SEARCH FUZZY (FROM \"Dave\" SINCE 21-Jan-2009 BEFORE 24-Jan-2009)",
            "SEARCH FUZZY (LARGER 900000 SMALLER 1100000)",
            "SEARCH SUBJECT \"xyz\" FUZZY ANSWERED",
            // RFC 7377 section 3
            "ESEARCH IN (mailboxes \"folder1\" subtree \"folder2\") unseen",
            "ESEARCH IN (mailboxes \"folder1\" subtree-one \"folder2\") subject \"chad\"",
        ];
        for line in lines {
            let criteria = match line.strip_prefix("SEARCH ") {
                Some(criteria) => format!("# {criteria}"),
                None => line.trim_start_matches("UID SEARCH ").trim_start_matches("ESEARCH ").to_owned(),
            };
            // Names that can be atoms go as such.
            let expected = line.replace("\"folder1\"", "folder1").replace("\"folder2\"", "folder2");
            assert_eq!(sent(&criteria, None).unwrap(), format!("{expected}\r\n"));
        }
        let or = "# (OR $ 1,3000:3021) TEXT ?";
        assert_eq!(
            sent(or, Some(&["ÄÖÜß"])).unwrap(),
            "SEARCH CHARSET UTF-8 (OR $ 1,3000:3021) TEXT {8}\r\nÄÖÜß\r\n"
        );
    }

    #[test]
    fn values_of_every_kind_and_what_the_keys_need() {
        let needs = |text: &str, values: &[&str]| {
            let criteria = Criteria::parse(text, Some(values)).unwrap();
            criteria.all_needs().flatten().copied().collect::<Vec<_>>().join(" ")
        };
        for (text, values, line, needed) in [
            ("EMAILID ?", &["M6d99ac3275bb4e"][..], "EMAILID M6d99ac3275bb4e", "OBJECTID"),
            ("THREADID ?", &["T64b478a75b7ea9"], "THREADID T64b478a75b7ea9", "OBJECTID"),
            ("FILTER ?", &["on-the-road"], "FILTER on-the-road", "FILTERS"),
            ("MODSEQ ?", &["917"], "MODSEQ 917", "CONDSTORE"),
            (
                "MODSEQ ? ? ?",
                &["/flags/\\Seen", "priv", "917"],
                "MODSEQ \"/flags/\\\\Seen\" priv 917",
                "CONDSTORE",
            ),
            (
                "ANNOTATION ? ? ?",
                &["/comment", "value", "a b"],
                "ANNOTATION \"/comment\" \"value\" \"a b\"",
                "ANNOTATE-EXPERIMENT-1",
            ),
            ("X-GM-RAW ?", &["has:attachment"], "X-GM-RAW \"has:attachment\"", "X-GM-EXT-1"),
            ("X-GM-LABELS ?", &["a b"], "X-GM-LABELS \"a b\"", "X-GM-EXT-1"),
            ("X-GM-THRID ?", &["1278455344230334865"], "X-GM-THRID 1278455344230334865", "X-GM-EXT-1"),
            ("SAVEDBEFORE ?", &["2003-04-01"], "SAVEDBEFORE 1-Apr-2003", "SAVEDATE"),
            ("SAVEDATESUPPORTED UNSEEN", &[], "SAVEDATESUPPORTED UNSEEN", "SAVEDATE"),
            ("OLDER ?", &["60"], "OLDER 60", "WITHIN"),
            ("UID ?", &["$"], "UID $", "SEARCHRES"),
            ("?", &["$"], "$", "SEARCHRES"),
            ("NOT ?", &["7,1:3"], "NOT 1:3,7", ""),
        ] {
            assert_eq!(sent(text, Some(values)).unwrap(), format!("UID SEARCH {line}\r\n"));
            assert_eq!(needs(text, values), needed, "{text}");
        }
        assert!(Criteria::parse("NOT ?", Some(&["7"])).unwrap().uses_numbers());
        assert!(!Criteria::parse("?", Some(&["$"])).unwrap().uses_numbers());
        for (text, value) in
            [("EMAILID ?", "a b"), ("FILTER ?", "\\Seen"), ("FILTER ?", ""), ("OLDER ?", "-1")]
        {
            assert!(sent(text, Some(&[value])).is_err(), "{text} {value}");
        }
        assert_eq!(
            sent("SINCE 2003-04-01 LARGER 10", None).unwrap(),
            "UID SEARCH SINCE 1-Apr-2003 LARGER 10\r\n"
        );
        for text in ["SINCE yesterday", "LARGER many", "SMALLER SEEN"] {
            assert!(sent(text, None).is_err(), "{text}");
        }
        for text in ["RETURN (RELEVANCY) ALL", "IN () ALL", "IN personal ALL", "MODSEQ \"/flags/x\" all"] {
            assert!(sent(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn what_the_server_does_not_know_is_said_otherwise() {
        let manner = Manner { returns: Sending::Without, now: Some(1_049_191_200) };
        let plain = Dialect::default();
        assert_eq!(
            sent_by("RETURN (COUNT) OR OLDER 86400 YOUNGER ?", Some(&["3600"]), manner, plain).unwrap(),
            "UID SEARCH OR BEFORE 1-Apr-2003 SINCE 1-Apr-2003\r\n"
        );
        for seconds in ["0", "x", "99999999999"] {
            assert!(sent_by("OLDER ?", Some(&[seconds]), manner, plain).is_err(), "{seconds}");
        }
        // RFC 6855: no CHARSET once UTF-8 is agreed upon.
        let utf8 = Dialect { utf8: true, ..plain };
        assert_eq!(
            sent_by("CHARSET iso-8859-1 FROM ?", Some(&["Zoë"]), Manner::as_given(), utf8).unwrap(),
            "UID SEARCH FROM \"Zoë\"\r\n"
        );
        let mut criteria = Criteria::parse("FROM ?", Some(&["Zoë"])).unwrap();
        assert!(!criteria.use_charset(&["US-ASCII", "UTF-8", "x-none", "UTF-16"]).unwrap());
        assert!(criteria.use_charset(&["US-ASCII", "ISO-8859-1"]).unwrap());
        let mut line = Line::new(plain);
        criteria.encode("UID SEARCH", Manner::as_given(), &mut line).unwrap();
        let pieces = line.finish().unwrap().pieces();
        let [Piece::Bytes(head), Piece::Literal { data, .. }, ..] = &pieces[..] else { panic!("no literal") };
        assert_eq!(
            (head.as_slice(), data.as_slice()),
            (&b"UID SEARCH CHARSET ISO-8859-1 FROM {3}\r\n"[..], &b"Zo\xeb"[..])
        );
    }

    /// SORT and THREAD of RFC 5256 section 3, RFC 5267 sections 3.3 and 4.3.1, RFC 6203 section 6.
    #[test]
    fn ordered_lines_of_the_rfcs() {
        let lines = [
            ("SORT", "(SUBJECT)", "UTF-8 SINCE 1-Feb-1994"),
            ("SORT", "(SUBJECT REVERSE DATE)", "UTF-8 ALL"),
            ("SORT", "(SUBJECT)", "US-ASCII TEXT \"not in mailbox\""),
            ("THREAD", "ORDEREDSUBJECT", "UTF-8 SINCE 5-Mar-2000"),
            ("THREAD", "ORDEREDSUBJECT", "US-ASCII TEXT \"gewp\""),
            ("THREAD", "REFERENCES", "UTF-8 SINCE 5-Mar-2000"),
            ("UID SORT RETURN ()", "(REVERSE DATE)", "UTF-8 UNDELETED UNKEYWORD $Junk"),
            ("SORT RETURN (UPDATE)", "(DATE)", "UTF-8 FLAGGED"),
            ("UID SORT RETURN (UPDATE COUNT)", "(DATE)", "UTF-8 KEYWORD $Junk"),
            ("SORT", "(RELEVANCY)", "UTF-8 FUZZY SUBJECT \"Helo\""),
            ("SORT RETURN (RELEVANCY ALL)", "(RELEVANCY)", "UTF-8 FUZZY TEXT \"Helo\""),
            ("SORT RETURN (PARTIAL 1:10)", "(RELEVANCY)", "UTF-8 FUZZY TEXT \"World\""),
        ];
        for (before, how, keys) in lines {
            let (command, returns) = before.split_once(" RETURN").unwrap_or((before, ""));
            let returns = if returns.is_empty() { String::new() } else { format!("RETURN{returns} ") };
            let mut line = Line::new(Dialect::default());
            let criteria = Criteria::parse(&format!("# {returns}CHARSET {keys}"), None).unwrap();
            criteria.encode_ordered(command, how, Manner::as_given(), &mut line).unwrap();
            assert_eq!(line.finish().unwrap().text(), format!("{before} {how} {keys}\r\n"));
        }
    }
}
