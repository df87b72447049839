//! What FETCH asks for and what STORE changes (RFC 9051 sections 6.4.5 and 6.4.6).

use super::line::{Line, check_flag, flag_words};
use super::words::{Word, Words};
use crate::error::{Error, Result};

/// The items of a FETCH, as the caller names them.
pub struct Items {
    words: Words,
    /// Behind the items: "(CHANGEDSINCE 917)".
    modifier: Option<Words>,
    needs: Vec<&'static str>,
}

/// `"ALL" / "FULL" / "FAST"`: UID must stand beside the items, which a macro does not allow.
const MACROS: [(&str, &str); 3] = [
    ("ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE"),
    ("FAST", "FLAGS INTERNALDATE RFC822.SIZE"),
    ("FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY"),
];

/// Items that a capability brings, by how they begin.
const EXTENDED: [(&str, &str); 8] = [
    ("MODSEQ", "CONDSTORE"),
    ("BINARY", "BINARY"),
    ("EMAILID", "OBJECTID"),
    ("THREADID", "OBJECTID"),
    ("PREVIEW", "PREVIEW"),
    ("SAVEDATE", "SAVEDATE"),
    ("X-GM-", "X-GM-EXT-1"),
    ("CHANGEDSINCE", "CONDSTORE"),
];

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
        let mut items = Items { words, modifier, needs: Vec::new() };
        items.look()?;
        Ok(items)
    }

    fn look(&mut self) -> Result<()> {
        let atoms = |words: &Words| (0..words.len()).filter_map(|at| words.atom(at)).collect::<Vec<_>>();
        let mut named = atoms(&self.words);
        named.extend(self.modifier.iter().flat_map(atoms));
        for (begin, capability) in EXTENDED {
            if named.iter().any(|name| name.starts_with(begin)) && !self.needs.contains(&capability) {
                self.needs.try_reserve(1)?;
                self.needs.push(capability);
            }
        }
        Ok(())
    }

    fn asks(&self, item: &str) -> bool {
        (0..self.words.len()).any(|at| self.words.atom(at).as_deref() == Some(item))
    }

    pub fn asks_flags(&self) -> bool {
        self.asks("FLAGS")
    }

    pub fn asks_envelope(&self) -> bool {
        self.asks("ENVELOPE")
    }

    pub fn needs(&self) -> impl Iterator<Item = &'static str> {
        self.needs.iter().copied()
    }

    /// `SP "(" fetch-att *(SP fetch-att) ")" [fetch-modifiers]`, UID always among them.
    pub fn encode(&self, line: &mut Line) -> Result<()> {
        line.word("(")?;
        if !self.asks("UID") {
            line.word("UID")?;
        }
        self.words.emit(line)?;
        line.raw(b")")?;
        if let Some(modifier) = &self.modifier {
            line.word("(")?;
            modifier.emit(line)?;
            line.raw(b")")?;
        }
        Ok(())
    }
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
        is_conditional.then_some("CONDSTORE").into_iter()
    }

    /// `[store-modifiers] SP store-att-flags`
    pub fn encode(&self, line: &mut Line) -> Result<()> {
        if let Some(modifier) = &self.modifier {
            line.word("(")?;
            modifier.emit(line)?;
            line.raw(b")")?;
        }
        line.word(&self.item)?;
        match &self.rest {
            Some(rest) => rest.emit(line),
            None => line.flags(&self.flags.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::{Dialect, Piece};
    use super::*;

    fn sent(write: impl FnOnce(&mut Line) -> Result<()>) -> Result<String> {
        let mut line = Line::new(Dialect::default());
        write(&mut line)?;
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

    fn items(text: &str, params: Option<&[&str]>) -> Result<String> {
        Items::parse(text, params).and_then(|items| sent(|line| items.encode(line)))
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
