//! What FETCH asks for and what STORE changes (RFC 9051 sections 6.4.5 and 6.4.6).

use super::line::{Line, check_flag, flag_words};
use super::words::{Place, Word, Words};
use crate::error::{Error, Result};

/// The items of a FETCH, as the caller names them.
pub struct Items {
    words: Words,
    /// Behind the items: "(CHANGEDSINCE 917)".
    modifier: Option<Words>,
    needs: Vec<&'static str>,
    asks_flags: bool,
    asks_envelope: bool,
    asks_binary: bool,
}

/// `"ALL" / "FULL" / "FAST"`: UID must stand beside the items, which a macro does not allow.
const MACROS: [(&str, &str); 3] = [
    ("ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE"),
    ("FAST", "FLAGS INTERNALDATE RFC822.SIZE"),
    ("FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY"),
];

/// Items that a capability brings, by how they begin.
const EXTENDED: [(&str, &str); 11] = [
    ("MODSEQ", "CONDSTORE"),
    ("BINARY", "BINARY"),
    ("EMAILID", "OBJECTID"),
    ("THREADID", "OBJECTID"),
    ("PREVIEW", "PREVIEW"),
    ("SAVEDATE", "SAVEDATE"),
    ("X-GM-", "X-GM-EXT-1"),
    ("ANNOTATION", "ANNOTATE-EXPERIMENT-1"),
    // Modifiers.
    ("CHANGEDSINCE", "CONDSTORE"),
    ("VANISHED", "QRESYNC"),
    ("PARTIAL", "PARTIAL"),
];

/// What a server of RFC 1730 calls sections of the whole message; of those of parts the names are the same.
const OLD_NAMES: [(&str, &str); 6] = [
    ("BODY[]", "RFC822"),
    ("BODY.PEEK[]", "RFC822.PEEK"),
    ("BODY[HEADER]", "RFC822.HEADER"),
    ("BODY.PEEK[HEADER]", "RFC822.HEADER"),
    ("BODY[TEXT]", "RFC822.TEXT"),
    ("BODY.PEEK[TEXT]", "RFC822.TEXT.PEEK"),
];

/// How items are to be asked for.
#[derive(Clone, Copy, Default)]
pub struct Manner {
    /// As RFC 1730 has it.
    pub is_old: bool,
    /// The structure, by which a PREVIEW can be made, in place of that.
    pub by_structure: bool,
    /// Of a few messages of those that `encode_which` asks for, whose previews are made in another way.
    pub is_portion: bool,
    /// Nothing that the server would have to decode.
    pub is_undecoded: bool,
    /// Without the space before the names of header fields.
    pub is_tight: bool,
}

/// What some servers do not understand: the space that the grammar has before the names of header fields.
pub const SPACED_FIELDS: &str = "HEADER.FIELDS (";

impl Items {
    pub fn parse(text: &str, params: Option<&[&str]>) -> Result<Items> {
        let known = MACROS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim()));
        let mut words = Words::parse(known.map_or(text, |(_, items)| items), params)?;
        let mut modifier = None;
        // "(items) (modifier)" or "items (modifier)"; a list right behind an item's name belongs to that.
        let outer = match words.get(0) {
            Some(Word::Open) => words.close_of(0),
            _ => None,
        };
        let start = match outer {
            Some(end) => end,
            None => last_list(&words).unwrap_or(words.len()),
        };
        if start < words.len() && matches!(words.get(start), Some(Word::Open)) {
            modifier = Some(Words::parse(&modifier_text(&words, start)?, None)?);
            let count = words.len() - start;
            words.drop_last(count);
        }
        if outer == Some(words.len()) {
            words.drop_first(1);
            words.drop_last(1);
        }
        if words.is_empty() {
            return Err(Error::invalid("FETCH asks for nothing: name items, as \"FLAGS ENVELOPE\""));
        }
        let mut items = Items {
            words,
            modifier,
            needs: Vec::new(),
            asks_flags: false,
            asks_envelope: false,
            asks_binary: false,
        };
        items.look()?;
        Ok(items)
    }

    fn look(&mut self) -> Result<()> {
        let mut named = outer_atoms(&self.words);
        self.asks_flags = named.iter().any(|name| name == "FLAGS");
        self.asks_envelope = named.iter().any(|name| name == "ENVELOPE");
        self.asks_binary = named.iter().any(|name| name.starts_with("BINARY"));
        named.extend(self.modifier.iter().flat_map(outer_atoms));
        for (begin, capability) in EXTENDED {
            if named.iter().any(|name| name.starts_with(begin)) && !self.needs.contains(&capability) {
                self.needs.try_reserve(1)?;
                self.needs.push(capability);
            }
        }
        Ok(())
    }

    /// `"HEADER.FIELDS" [".NOT"] SP header-list`: whether the list begins here.
    fn opens_fields(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.words.atom(before));
        let is_fields = |name: String| name.ends_with("HEADER.FIELDS") || name.ends_with("HEADER.FIELDS.NOT");
        matches!(self.words.get(at), Some(Word::Open)) && before.is_some_and(is_fields)
    }

    /// Whether header fields are asked for by their names.
    pub fn asks_fields(&self) -> bool {
        (0..self.words.len()).any(|at| self.opens_fields(at))
    }

    fn asks(&self, item: &str) -> bool {
        outer_atoms(&self.words).iter().any(|name| name == item)
    }

    /// Whether a modifier behind the items is this one.
    pub fn is_modified_by(&self, name: &str) -> bool {
        self.modifier.as_ref().is_some_and(|words| outer_atoms(words).iter().any(|known| known == name))
    }

    pub fn asks_binary(&self) -> bool {
        self.asks_binary
    }

    pub fn asks_flags(&self) -> bool {
        self.asks_flags
    }

    pub fn asks_envelope(&self) -> bool {
        self.asks_envelope
    }

    pub fn needs(&self) -> impl Iterator<Item = &'static str> {
        self.needs.iter().copied()
    }

    /// One word; gives the place of the next.
    fn encode_one(&self, at: usize, manner: Manner, line: &mut Line) -> Result<usize> {
        let atom = self.words.atom(at);
        if (manner.by_structure || manner.is_portion) && atom.as_deref() == Some("PREVIEW") {
            let has_list = matches!(self.words.get(at + 1), Some(Word::Open));
            return Ok(if has_list { self.words.close_of(at + 1).unwrap_or(at + 2) } else { at + 1 });
        }
        if manner.is_undecoded && atom.as_deref().is_some_and(|name| name.starts_with("BINARY")) {
            return Ok(at + 1);
        }
        if manner.is_tight && self.opens_fields(at) {
            line.raw(b"(")?;
            return Ok(at + 1);
        }
        let old = OLD_NAMES.iter().find(|(name, _)| manner.is_old && atom.as_deref() == Some(*name));
        match old {
            Some((_, old)) => line.word(old)?,
            None => self.words.emit_one(at, Place::String, line)?,
        }
        Ok(at + 1)
    }

    /// `SP "(" fetch-att *(SP fetch-att) ")" [fetch-modifiers]`, UID always among them.
    pub fn encode(&self, manner: Manner, line: &mut Line) -> Result<()> {
        line.word("(")?;
        if !self.asks("UID") {
            line.word("UID")?;
        }
        let mut at = 0;
        while at < self.words.len() {
            at = self.encode_one(at, manner, line)?;
        }
        if manner.by_structure && !self.asks("BODYSTRUCTURE") {
            line.word("BODYSTRUCTURE")?;
        }
        line.raw(b")")?;
        self.encode_modifiers(manner.is_portion, line)
    }

    /// Asks which messages a set names, by the modifiers.
    pub fn encode_which(&self, line: &mut Line) -> Result<()> {
        line.word("(UID)")?;
        self.encode_modifiers(false, line)
    }

    /// Of those messages PARTIAL and VANISHED have said what they say; CHANGEDSINCE also brings MODSEQ.
    fn encode_modifiers(&self, is_portion: bool, line: &mut Line) -> Result<()> {
        let Some(modifier) = &self.modifier else { return Ok(()) };
        let (mut from, mut to) = (0, modifier.len());
        if is_portion {
            let since = (0..to).find(|at| modifier.atom(*at).as_deref() == Some("CHANGEDSINCE"));
            let Some(since) = since else { return Ok(()) };
            (from, to) = (since, since + 2);
        }
        line.word("(")?;
        modifier.emit_range(from, to, line)?;
        line.raw(b")")
    }
}

/// The atoms that are in no list, in upper case.
fn outer_atoms(words: &Words) -> Vec<String> {
    let (mut found, mut depth) = (Vec::new(), 0usize);
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Open => depth += 1,
            Word::Close => depth = depth.saturating_sub(1),
            _ if depth == 0 => found.extend(words.atom(at)),
            _ => {}
        }
    }
    found
}

/// Where a list begins that stands apart at the end: its word before is no name that takes a list.
fn last_list(words: &Words) -> Option<usize> {
    let mut at = 0;
    let mut found = None;
    while at < words.len() {
        if let Some(Word::Open) = words.get(at) {
            let end = words.close_of(at)?;
            let is_section =
                at > 0 && words.atom(at - 1).is_some_and(|name| name.contains('[') && !name.contains(']'));
            let takes_list =
                at > 0 && words.atom(at - 1).is_some_and(|name| name == "ANNOTATION" || name == "PREVIEW");
            if end == words.len() && !is_section && !takes_list {
                found = Some(at);
            }
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

/// The words between the parentheses at `open` and the end, as plain text.
fn modifier_text(words: &Words, open: usize) -> Result<String> {
    let mut text = String::new();
    for at in open + 1..words.len() - 1 {
        match words.get(at) {
            Some(Word::Atom(word) | Word::Value(word))
                if word.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                text.try_reserve(word.len() + 1)?;
                text.push_str(word);
                text.push(' ');
            }
            _ => return Err(Error::invalid("a modifier of FETCH or STORE is a name and a number")),
        }
    }
    Ok(text)
}

/// What a STORE does.
pub struct Change {
    /// "(UNCHANGEDSINCE 917)"
    modifier: Option<Words>,
    /// "+FLAGS.SILENT", upper case.
    item: String,
    flags: Vec<String>,
    /// What stands behind an item that is not of flags.
    rest: Option<Words>,
}

impl Change {
    pub fn parse(text: &str, params: Option<&[&str]>) -> Result<Change> {
        let mut words = Words::parse(text, params)?;
        let mut modifier = None;
        if let Some(Word::Open) = words.get(0) {
            let end = words.close_of(0).unwrap_or(words.len());
            let mut inner = String::new();
            for at in 1..end - 1 {
                match words.get(at) {
                    Some(Word::Atom(word)) => {
                        inner.push_str(word);
                        inner.push(' ');
                    }
                    _ => return Err(Error::invalid("a modifier of STORE is a name and a number")),
                }
            }
            modifier = Some(Words::parse(&inner, None)?);
            words.drop_first(end);
        }
        let Some(item) = words.atom(0) else {
            return Err(Error::invalid("STORE changes nothing: say \"+FLAGS (\\Seen)\""));
        };
        words.drop_first(1);
        let name = item.trim_start_matches(['+', '-']);
        if name != "FLAGS" && name != "FLAGS.SILENT" {
            return Ok(Change { modifier, item, flags: Vec::new(), rest: Some(words) });
        }
        let mut flags = Vec::new();
        for word in words.iter() {
            let text = match word {
                Word::Atom(text) | Word::Value(text) => text,
                Word::Open | Word::Close => continue,
                Word::String(_) => return Err(Error::invalid("flags are not quoted")),
            };
            for flag in flag_words(text) {
                check_flag(flag)?;
                flags.try_reserve(1)?;
                flags.push(flag.to_owned());
            }
        }
        Ok(Change { modifier, item, flags, rest: None })
    }

    pub fn needs(&self) -> impl Iterator<Item = &'static str> {
        let is_conditional = self.modifier.as_ref().is_some_and(|words| !words.is_empty());
        let item = match self.item.trim_start_matches(['+', '-']) {
            name if name.starts_with("X-GM-") => Some("X-GM-EXT-1"),
            "ANNOTATION" => Some("ANNOTATE-EXPERIMENT-1"),
            _ => None,
        };
        is_conditional.then_some("CONDSTORE").into_iter().chain(item)
    }

    /// `[store-modifiers] SP store-att-flags`
    pub fn encode(&self, line: &mut Line) -> Result<()> {
        if let Some(modifier) = &self.modifier {
            line.word("(")?;
            modifier.emit(line)?;
            line.raw(b")")?;
        }
        line.word(&self.item)?;
        let place = if self.item.contains("X-GM-LABELS") { Place::Label } else { Place::String };
        match &self.rest {
            Some(rest) => (0..rest.len()).try_for_each(|at| rest.emit_one(at, place, line)),
            None => line.flags(&self.flags.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Dialect;
    use super::*;

    fn sent(write: impl FnOnce(&mut Line) -> Result<()>) -> Result<String> {
        let mut line = Line::new(Dialect::default());
        write(&mut line)?;
        Ok(line.finish()?.text())
    }

    fn items(text: &str, params: Option<&[&str]>) -> Result<String> {
        Items::parse(text, params).and_then(|items| sent(|line| items.encode(Manner::default(), line)))
    }

    fn change(text: &str, params: Option<&[&str]>) -> Result<String> {
        Change::parse(text, params).and_then(|change| sent(|line| change.encode(line)))
    }

    #[test]
    fn items_are_a_list_with_uid() {
        assert_eq!(items("FLAGS", None).unwrap(), "(UID FLAGS)\r\n");
        assert_eq!(items("(flags UID)", None).unwrap(), "(flags UID)\r\n");
        assert_eq!(items("fast", None).unwrap(), "(UID FLAGS INTERNALDATE RFC822.SIZE)\r\n");
        assert_eq!(
            items("BODY.PEEK[HEADER.FIELDS (? To)]<0.9>", Some(&["From"])).unwrap(),
            "(UID BODY.PEEK[HEADER.FIELDS (\"From\" To)]<0.9>)\r\n"
        );
        for text in ["FLAGS (CHANGEDSINCE 917)", "(FLAGS) (CHANGEDSINCE 917)"] {
            assert_eq!(items(text, None).unwrap(), "(UID FLAGS) (CHANGEDSINCE 917)\r\n");
            assert_eq!(Items::parse(text, None).unwrap().needs().collect::<Vec<_>>(), ["CONDSTORE"]);
        }
        assert!(items("", None).is_err() && items("()", None).is_err() && items("BODY[\r\n]", None).is_err());
    }

    #[test]
    fn what_the_rfcs_show_is_sent() {
        for text in [
            // RFC 5257 sections 4.3 and 4.4.
            "ANNOTATION (/comment value)",
            "ANNOTATION (/* (value.priv size.priv))",
            "ANNOTATION (/% value.shared)",
            "ANNOTATION ((/comment /altsubject) value.priv)",
            "ANNOTATION (/comment (value size))",
            // RFC 3516 section 4.2, RFC 7162, 8474, 8514, 8970.
            "BINARY[1] BINARY.PEEK[2.1]<0.100> BINARY.SIZE[]",
            "MODSEQ",
            "emailid threadid",
            "SAVEDATE",
            "RFC822.SIZE PREVIEW",
            "ENVELOPE PREVIEW (LAZY)",
            "X-GM-MSGID X-GM-THRID X-GM-LABELS",
        ] {
            assert_eq!(items(text, None).unwrap(), format!("(UID {text})\r\n"));
        }
        // RFC 7162 sections 3.1.4.1 and 3.2.6, RFC 9394 section 3.
        for modifier in [
            "CHANGEDSINCE 12345",
            "CHANGEDSINCE 12345 VANISHED",
            "PARTIAL -1:-3",
            "PARTIAL 1:5",
            "PARTIAL -1:-30 CHANGEDSINCE 98305",
        ] {
            let sent = items(&format!("(UID FLAGS) ({modifier})"), None).unwrap();
            assert_eq!(sent, format!("(UID FLAGS) ({modifier})\r\n"));
        }
        for text in [
            // RFC 7162 section 3.1.3, RFC 5257 section 4.5, Gmail.
            "(UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted $Processed)",
            "(UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)",
            "(UNCHANGEDSINCE 320172338) +FLAGS (\\SEEN)",
            "-FLAGS.SILENT (\\Answered \\Seen)",
            "ANNOTATION (/comment (value.priv \"My new comment\"))",
            "ANNOTATION (/comment (value.shared NIL))",
            "ANNOTATION (/comment (value.priv \"Get tix Tuesday\") /altsubject (value.priv \"Wots On\"))",
            "ANNOTATION (/comment (value.priv \"My new comment\" value.shared \"foo's bar\"))",
            "+X-GM-LABELS (foo)",
        ] {
            assert_eq!(change(text, None).unwrap(), format!("{text}\r\n"));
        }
    }

    #[test]
    fn items_of_extensions_need_them() {
        let needs = |text: &str| Items::parse(text, None).unwrap().needs().collect::<Vec<_>>();
        assert_eq!(needs("BODY[HEADER.FIELDS (PREVIEW)] FLAGS"), [""; 0]);
        assert_eq!(needs("EMAILID PREVIEW (LAZY) SAVEDATE"), ["OBJECTID", "PREVIEW", "SAVEDATE"]);
        assert_eq!(needs("ANNOTATION (/comment (value.priv))"), ["ANNOTATE-EXPERIMENT-1"]);
        assert_eq!(needs("X-GM-LABELS"), ["X-GM-EXT-1"]);
        assert_eq!(needs("FLAGS (CHANGEDSINCE 1 VANISHED)"), ["CONDSTORE", "QRESYNC"]);
        assert_eq!(needs("FLAGS (PARTIAL -1:-3)"), ["PARTIAL"]);
        assert_eq!(items("PREVIEW (LAZY)", None).unwrap(), "(UID PREVIEW (LAZY))\r\n");
        let page = items("FLAGS (PARTIAL 1:500 CHANGEDSINCE 7)", None).unwrap();
        assert_eq!(page, "(UID FLAGS) (PARTIAL 1:500 CHANGEDSINCE 7)\r\n");
    }

    #[test]
    fn items_can_be_asked_for_in_other_ways() {
        let asked = |text: &str, is_old, by_structure| {
            let items = Items::parse(text, None).unwrap();
            sent(|line| items.encode(Manner { is_old, by_structure, ..Manner::default() }, line)).unwrap()
        };
        let old = asked("BODY.PEEK[] BODY[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1]", true, false);
        assert_eq!(old, "(UID RFC822.PEEK RFC822.HEADER RFC822.TEXT.PEEK BODY.PEEK[1])\r\n");
        assert_eq!(asked("PREVIEW FLAGS", false, true), "(UID FLAGS BODYSTRUCTURE)\r\n");
        assert_eq!(asked("FLAGS PREVIEW (LAZY)", false, true), "(UID FLAGS BODYSTRUCTURE)\r\n");
        assert_eq!(asked("PREVIEW", false, true), "(UID BODYSTRUCTURE)\r\n");
        let items = Items::parse("BINARY.PEEK[1]<0.5> FLAGS BINARY.SIZE[2]", None).unwrap();
        let undecoded = Manner { is_undecoded: true, ..Manner::default() };
        assert_eq!(sent(|line| items.encode(undecoded, line)).unwrap(), "(UID FLAGS)\r\n");
    }

    #[test]
    fn changes_of_extensions() {
        let needs = |text: &str| Change::parse(text, None).unwrap().needs().collect::<Vec<_>>();
        assert_eq!(needs("+X-GM-LABELS (a)"), ["X-GM-EXT-1"]);
        assert_eq!(needs("ANNOTATION (/comment (value.priv NIL))"), ["ANNOTATE-EXPERIMENT-1"]);
        let values = Some(&["\\Inbox", "two words", "Ä", "inbox"][..]);
        assert_eq!(
            change("+X-GM-LABELS (plain \"x y\" ? ? ? ?)", values).unwrap(),
            "+X-GM-LABELS (plain \"x y\" \\Inbox \"two words\" \"&AMQ-\" inbox)\r\n"
        );
        let comment = change("ANNOTATION (/comment (value.priv ? value.shared NIL))", Some(&["a \"b\""]));
        let expected = "ANNOTATION (/comment (value.priv \"a \\\"b\\\"\" value.shared NIL))\r\n";
        assert_eq!(comment.unwrap(), expected);
        assert!(change("+X-GM-LABELS ?", Some(&["a\r\nb"])).is_err());
    }

    #[test]
    fn changes_are_flags() {
        assert_eq!(change("+FLAGS (\\Seen $Junk)", None).unwrap(), "+FLAGS (\\Seen $Junk)\r\n");
        assert_eq!(change("-flags.silent \\Seen", None).unwrap(), "-FLAGS.SILENT (\\Seen)\r\n");
        assert_eq!(change("FLAGS ()", None).unwrap(), "FLAGS ()\r\n");
        assert_eq!(change("+FLAGS (? \\Seen)", Some(&["$Junk"])).unwrap(), "+FLAGS ($Junk \\Seen)\r\n");
        assert_eq!(
            change("(UNCHANGEDSINCE 917) +FLAGS (\\Seen)", None).unwrap(),
            "(UNCHANGEDSINCE 917) +FLAGS (\\Seen)\r\n"
        );
        for wrong in ["", "()", "+FLAGS \"a\"", "+FLAGS (a*)"] {
            assert!(change(wrong, None).is_err(), "{wrong}");
        }
        assert!(change("+FLAGS ?", Some(&["a(b"])).is_err());
    }
}
