//! One command line being written: the only place where arguments become bytes. What cannot be sent is refused
//! here, before anything is.

use std::fmt;

use zeroize::Zeroize;

use super::utf7;
use crate::error::{Error, Result};

/// How the server lets a line be written now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dialect {
    /// The largest literal that may be sent without being asked for (RFC 7888); None: none.
    pub literal_plus: Option<usize>,
    /// UTF-8 in quoted strings and mailbox names (RFC 6855).
    pub utf8: bool,
    /// literal8 (RFC 3516).
    pub binary: bool,
}

/// A line is bytes, with literals between them.
pub enum Piece {
    Bytes(Vec<u8>),
    /// The bytes before it end with its size. `wait`: the server must ask for it first.
    Literal {
        data: Vec<u8>,
        wait: bool,
    },
    /// The same, but its bytes come while it is sent.
    Later {
        size: u64,
        wait: bool,
    },
}

/// Contents are the caller's: they may be secret.
impl fmt::Debug for Piece {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Bytes(bytes) => write!(out, "{} bytes", bytes.len()),
            Piece::Literal { data, .. } => write!(out, "literal of {} bytes", data.len()),
            Piece::Later { size, .. } => write!(out, "literal of {size} bytes to come"),
        }
    }
}

pub struct Line {
    dialect: Dialect,
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    is_secret: bool,
}

/// A whole line.
pub struct Finished {
    /// What comes before its last bytes, if there are literals in it.
    pub before: Vec<Piece>,
    pub end: Vec<u8>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_secret {
            self.bytes.zeroize();
        }
    }
}

impl Line {
    /// One without a tag; see [`Finished::pieces`].
    #[cfg(test)]
    pub fn new(dialect: Dialect) -> Line {
        Line::tagged(dialect, b"", Vec::new()).expect("memory")
    }

    /// One that begins with this tag, in memory that holds nothing else.
    pub fn tagged(dialect: Dialect, tag: &[u8], mut bytes: Vec<u8>) -> Result<Line> {
        bytes.try_reserve(USUAL)?;
        bytes.extend_from_slice(tag);
        bytes.push(b' ');
        Ok(Line { dialect, pieces: Vec::new(), bytes, is_secret: false })
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The line holds a password: whoever sends it wipes it.
    pub fn set_secret(&mut self) {
        self.is_secret = true;
    }

    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Text of our own, or checked already, a space before it unless one stands there.
    pub fn word(&mut self, word: &str) -> Result<()> {
        self.space()?;
        self.raw(word.as_bytes())
    }

    /// Bytes of our own, or checked already, as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        if self.is_secret && self.bytes.capacity() - self.bytes.len() < bytes.len() {
            // Growing in place could leave a copy behind that nobody wipes.
            let mut grown = Vec::new();
            grown.try_reserve_exact(2 * (self.bytes.len() + bytes.len()) + 64)?;
            grown.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            self.bytes = grown;
        }
        self.bytes.try_reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn space(&mut self) -> Result<()> {
        let is_open = self.bytes.last().is_some_and(|last| *last == b'(' || *last == b' ');
        if is_open { Ok(()) } else { self.raw(b" ") }
    }

    /// `astring`, as an atom where that is plain, else quoted or a literal.
    pub fn astring(&mut self, text: &[u8]) -> Result<()> {
        if !text.is_empty() && text.len() < 64 && text.iter().all(u8::is_ascii_alphanumeric) {
            self.space()?;
            return self.raw(text);
        }
        self.string(text)
    }

    /// `string`, quoted if it can be: not every server reads literals everywhere.
    pub fn string(&mut self, text: &[u8]) -> Result<()> {
        refuse_line_breaks(text)?;
        let is_quotable = text.is_ascii() || (self.dialect.utf8 && std::str::from_utf8(text).is_ok());
        if !is_quotable || text.len() > MAX_QUOTED {
            let mut data = Vec::new();
            data.try_reserve_exact(text.len())?;
            data.extend_from_slice(text);
            return self.literal(data, false);
        }
        self.space()?;
        self.raw(b"\"")?;
        for part in text.split_inclusive(|byte| matches!(byte, b'"' | b'\\')) {
            match part.split_last() {
                Some((special @ (b'"' | b'\\'), plain)) => {
                    self.raw(plain)?;
                    self.raw(&[b'\\', *special])?;
                }
                _ => self.raw(part)?,
            }
        }
        self.raw(b"\"")
    }

    /// `mailbox = "INBOX" / astring`, from UTF-8.
    pub fn mailbox(&mut self, name: &str) -> Result<()> {
        refuse_line_breaks(name.as_bytes())?;
        if name.eq_ignore_ascii_case("INBOX") {
            return self.word("INBOX");
        }
        let encoded = self.encoded_name(name)?;
        self.astring(&encoded)
    }

    /// A label of Gmail's: one of its own ("\\Inbox"), or a name in the encoding of mailbox names.
    pub fn label(&mut self, label: &str) -> Result<()> {
        if label.starts_with('\\') && check_flag(label).is_ok() {
            return self.word(label);
        }
        refuse_line_breaks(label.as_bytes())?;
        let encoded = self.encoded_name(label)?;
        self.astring(&encoded)
    }

    /// A name as the server sent it.
    pub fn raw_mailbox(&mut self, name: &[u8]) -> Result<()> {
        refuse_line_breaks(name)?;
        self.astring(name)
    }

    /// `list-mailbox`: * and % keep their meaning within quotes too.
    pub fn list_pattern(&mut self, pattern: &str) -> Result<()> {
        refuse_line_breaks(pattern.as_bytes())?;
        let encoded = self.encoded_name(pattern)?;
        self.string(&encoded)
    }

    fn encoded_name(&self, name: &str) -> Result<Vec<u8>> {
        let mut encoded = Vec::new();
        if self.dialect.utf8 {
            encoded.try_reserve_exact(name.len())?;
            encoded.extend_from_slice(name.as_bytes());
        } else {
            utf7::encode(name, &mut encoded)?;
        }
        Ok(encoded)
    }

    /// `flag-list`, from "\Seen $Junk" with or without parentheses.
    pub fn flags(&mut self, flags: &str) -> Result<()> {
        self.space()?;
        self.raw(b"(")?;
        for (at, flag) in flag_words(flags).enumerate() {
            check_flag(flag)?;
            if at > 0 {
                self.raw(b" ")?;
            }
            self.raw(flag.as_bytes())?;
        }
        self.raw(b")")
    }

    /// `literal`, or `literal8` for bytes with NUL.
    pub fn literal(&mut self, data: Vec<u8>, is_binary: bool) -> Result<()> {
        let wait = self.mark(data.len() as u64, is_binary)?;
        self.pieces.push(Piece::Literal { data, wait });
        Ok(())
    }

    /// `literal`, or `literal8`, of `size` bytes that are not here yet.
    pub fn later(&mut self, size: u64, is_binary: bool) -> Result<()> {
        let wait = self.mark(size, is_binary)?;
        self.pieces.push(Piece::Later { size, wait });
        Ok(())
    }

    /// Announces a literal; true: the server must ask for it.
    fn mark(&mut self, size: u64, is_binary: bool) -> Result<bool> {
        self.space()?;
        let wait = self.dialect.literal_plus.is_none_or(|limit| size > limit as u64);
        let (binary, unasked) = (if is_binary { "~" } else { "" }, if wait { "" } else { "+" });
        self.raw(format!("{binary}{{{size}{unasked}}}\r\n").as_bytes())?;
        self.pieces.try_reserve(2)?;
        self.pieces.push(Piece::Bytes(std::mem::take(&mut self.bytes)));
        Ok(wait)
    }

    /// The whole line, its end included.
    pub fn finish(mut self) -> Result<Finished> {
        self.raw(b"\r\n")?;
        Ok(Finished { before: std::mem::take(&mut self.pieces), end: std::mem::take(&mut self.bytes) })
    }
}

#[cfg(test)]
impl Finished {
    /// All of it, but for the space behind the tag that it has not.
    pub fn pieces(mut self) -> Vec<Piece> {
        self.before.push(Piece::Bytes(self.end));
        if let Some(Piece::Bytes(first)) = self.before.first_mut() {
            assert_eq!(first.remove(0), b' ');
        }
        self.before
    }

    /// Literals where they stand.
    pub fn text(self) -> String {
        let bytes = self.pieces().into_iter().flat_map(|piece| match piece {
            Piece::Bytes(bytes) | Piece::Literal { data: bytes, .. } => bytes,
            Piece::Later { .. } => unreachable!("no text has such"),
        });
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    }
}

/// Room for the lines of most commands.
const USUAL: usize = 64;

/// Longer strings go as literals, so that no line gets longer than servers take.
const MAX_QUOTED: usize = 1000;

/// The flags of "\Seen $Junk" or "(\Seen $Junk)".
pub fn flag_words(flags: &str) -> impl Iterator<Item = &str> {
    let flags = flags.trim();
    let inner = flags.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(flags);
    inner.split(' ').filter(|flag| !flag.is_empty())
}

/// `flag = "\Answered" / ... / flag-keyword / flag-extension`
pub fn check_flag(flag: &str) -> Result<()> {
    let name = flag.strip_prefix('\\').unwrap_or(flag);
    let is_atom = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte));
    if is_atom {
        return Ok(());
    }
    let flag: String = flag.chars().take(40).filter(|c| !c.is_control()).collect();
    Err(Error::invalid(format!("\"{flag}\" is no flag: write \\Seen or a keyword of letters and digits")))
}

/// What would end the line, or the string, before its time.
pub fn refuse_line_breaks(text: &[u8]) -> Result<()> {
    match text.iter().find(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        None => Ok(()),
        Some(0) => Err(Error::invalid("an argument contains NUL")),
        Some(_) => Err(Error::invalid("an argument contains CR or LF")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dialect: Dialect, write: impl FnOnce(&mut Line) -> Result<()>) -> String {
        let mut line = Line::new(dialect);
        line.word("X").unwrap();
        write(&mut line).unwrap();
        let pieces = line.finish().unwrap().pieces();
        let bytes = pieces.into_iter().flat_map(|piece| match piece {
            Piece::Bytes(bytes) => bytes,
            Piece::Literal { data, wait: true } => [b"<+>".to_vec(), data].concat(),
            Piece::Literal { data, .. } => data,
            Piece::Later { size, wait } => format!("<{size} {wait}>").into_bytes(),
        });
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    }

    #[test]
    fn strings_take_the_simplest_form() {
        let plain = Dialect::default();
        assert_eq!(written(plain, |line| line.astring(b"abc1")), "X abc1\r\n");
        assert_eq!(written(plain, |line| line.astring(b"a b")), "X \"a b\"\r\n");
        assert_eq!(written(plain, |line| line.astring(b"")), "X \"\"\r\n");
        assert_eq!(written(plain, |line| line.string(br#"a"\b"#)), "X \"a\\\"\\\\b\"\r\n");
        assert_eq!(written(plain, |line| line.string("ä".as_bytes())), "X {2}\r\n<+>ä\r\n");
        let plus = Dialect { literal_plus: Some(10), ..plain };
        assert_eq!(written(plus, |line| line.string("ä".as_bytes())), "X {2+}\r\nä\r\n");
        let utf8 = Dialect { utf8: true, ..plain };
        assert_eq!(written(utf8, |line| line.string("ä".as_bytes())), "X \"ä\"\r\n");
        assert_eq!(written(plus, |line| line.literal(vec![b'x'; 11], true)), "X ~{11}\r\n<+>xxxxxxxxxxx\r\n");
        assert_eq!(written(plus, |line| line.later(11, false)), "X {11}\r\n<11 true>\r\n");
    }

    #[test]
    fn names_and_flags() {
        let plain = Dialect::default();
        assert_eq!(written(plain, |line| line.mailbox("inBox")), "X INBOX\r\n");
        assert_eq!(written(plain, |line| line.mailbox("Entwürfe")), "X \"Entw&APw-rfe\"\r\n");
        assert_eq!(written(plain, |line| line.list_pattern("*")), "X \"*\"\r\n");
        assert_eq!(written(plain, |line| line.flags("(\\Seen  $Junk)")), "X (\\Seen $Junk)\r\n");
        assert_eq!(written(plain, |line| line.flags("")), "X ()\r\n");
    }

    #[test]
    fn nothing_can_be_injected() {
        for byte in 0..=255u8 {
            let text = [b'a', byte, b'b'];
            let mut line = Line::new(Dialect::default());
            let is_refused = line.string(&text).is_err();
            assert_eq!(is_refused, matches!(byte, 0 | b'\r' | b'\n'), "{byte}");
        }
        for flag in ["", "a b\r", "a(", "\\", "\\*", "ä", "a\"", "x]"] {
            assert!(check_flag(flag).is_err(), "{flag}");
        }
        assert!(Line::new(Dialect::default()).mailbox("a\r\nX LOGOUT").is_err());
    }
}
