//! What goes over the connection, for the log and the trace: line by line, secrets replaced by ***, literals by their
//! size. Nothing is looked at unless somebody listens.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Instant;

use memchr::{memchr, memmem};

use super::trace::Trace;
use crate::error::NoMemory;
use crate::sasl::{self, Secret};
use crate::wire::cursor::Response;
use crate::wire::frame::{self, Piece};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sent,
    Received,
    /// Something that we do, in our words.
    Note,
}

impl Kind {
    pub(super) fn of(number: u8) -> Kind {
        match number {
            0 => Kind::Sent,
            1 => Kind::Received,
            _ => Kind::Note,
        }
    }

    pub(super) fn mark(self) -> &'static str {
        match self {
            Kind::Sent => "C:",
            Kind::Received => "S:",
            Kind::Note => "#:",
        }
    }
}

/// A line for the log: clean text, one NUL behind it.
pub struct Told {
    pub kind: Kind,
    pub line: Vec<u8>,
}

pub struct Journal {
    trace: Trace,
    /// Lines that the log was not told yet; None: there is no log.
    untold: Option<VecDeque<Told>>,
    began: Instant,
    /// Milliseconds since then.
    now: u32,
    sending: Sending,
    /// What the command that logs in has sent, as long as it runs: servers play it back.
    hidden: Option<Hidden>,
}

/// The line that has begun to leave.
#[derive(Default)]
struct Sending {
    line: Secret,
    is_secret: bool,
    /// Bytes of a literal that are still to leave, and its first ones.
    literal: u64,
    head: Vec<u8>,
}

/// So much of a line is logged.
const LONGEST: usize = 64 * 1024;
/// So much of a literal.
const HEAD: usize = 40;
/// So many lines and literals of one response: a server could send a million empty ones.
const MOST_PIECES: usize = 1000;

impl Journal {
    pub fn new(trace: usize, now: Instant) -> Journal {
        Journal {
            trace: Trace::new(trace),
            untold: None,
            began: now,
            now: 0,
            sending: Sending::default(),
            hidden: None,
        }
    }

    pub fn set_time(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.began);
        self.now = u32::try_from(since.as_millis()).unwrap_or(u32::MAX);
    }

    /// From here on lines are kept for a log, or no longer.
    pub fn listen(&mut self, is_heard: bool) {
        match is_heard {
            true => drop(self.untold.get_or_insert_default()),
            false => self.untold = None,
        }
    }

    pub fn has_told(&self) -> bool {
        self.untold.as_ref().is_some_and(|untold| !untold.is_empty())
    }

    pub fn take_told(&mut self) -> VecDeque<Told> {
        self.untold.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub fn trace(&self) -> Result<Vec<u8>, NoMemory> {
        self.trace.text()
    }

    fn is_off(&self) -> bool {
        self.untold.is_none() && !self.trace.is_kept()
    }

    /// Something that the library does.
    pub fn note(&mut self, text: &str) {
        let line = self.scrubbed(text.as_bytes());
        self.put(Kind::Note, &line);
    }

    #[inline]
    pub fn received(&mut self, response: &Response<'_>) {
        match response.is_one_line && self.hidden.is_none() {
            true => self.put(Kind::Received, response.bytes),
            false => self.lines_received(response),
        }
    }

    fn lines_received(&mut self, response: &Response<'_>) {
        if self.is_off() {
            return;
        }
        let is_challenge = self.hidden.is_some() && response.bytes.starts_with(b"+");
        for piece in frame::pieces(response).take(MOST_PIECES) {
            match piece {
                Piece::Line(_) if is_challenge => {
                    let is_empty = response.bytes[1..].trim_ascii().is_empty();
                    return self.put(Kind::Received, if is_empty { b"+ " } else { b"+ ***" });
                }
                Piece::Line(line) => {
                    let line = self.scrubbed(line);
                    self.put(Kind::Received, &line);
                }
                Piece::Literal(bytes) => self.put_literal(Kind::Received, bytes),
                Piece::BigLiteral(cell) => {
                    let bytes = cell.take();
                    self.put_literal(Kind::Received, &bytes);
                    cell.set(bytes);
                }
            }
        }
    }

    /// These bytes have left; `is_secret`: they belong to a command that logs in.
    pub fn sent(&mut self, bytes: &[u8], is_secret: bool) {
        if self.is_off() {
            return;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.sending.literal > 0 {
                rest = self.pass_literal(rest);
                continue;
            }
            let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (here, behind) = rest.split_at(end);
            rest = behind;
            self.sending.is_secret |= is_secret;
            match (here.ends_with(b"\n"), self.sending.line.is_empty()) {
                (true, true) => self.line_sent(here),
                (is_whole, _) => {
                    // Without memory for it the line is missing, no more.
                    let begun = std::mem::take(&mut self.sending.line);
                    let joined = Secret::concat(&[begun.as_bytes(), here]).unwrap_or_default();
                    match is_whole {
                        true => self.line_sent(joined.as_bytes()),
                        false => self.sending.line = joined,
                    }
                }
            }
        }
    }

    fn pass_literal<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (here, behind) = bytes.split_at(bytes.len().min(self.sending.literal as usize));
        let wanted = if self.untold.is_some() { HEAD - self.sending.head.len().min(HEAD) } else { 0 };
        self.sending.head.extend_from_slice(&here[..here.len().min(wanted)]);
        self.sending.literal -= here.len() as u64;
        if self.sending.literal == 0 {
            let head = std::mem::take(&mut self.sending.head);
            self.put_literal(Kind::Sent, &head);
        }
        behind
    }

    fn line_sent(&mut self, line: &[u8]) {
        if std::mem::take(&mut self.sending.is_secret) {
            let is_first = self.hidden.is_none();
            let hidden = self.hidden.get_or_insert_default();
            let shown = hidden.hide(line.trim_ascii_end(), is_first);
            return self.put(Kind::Sent, &shown);
        }
        self.put(Kind::Sent, line.strip_suffix(b"\r\n").unwrap_or(line));
        if let Some(size) = frame::literal_size_at_end(line) {
            self.sending.literal = size;
            if size == 0 {
                self.put_literal(Kind::Sent, b"");
            }
        }
    }

    /// What was to be sent of a command is not.
    pub fn drop_line(&mut self) {
        self.sending = Sending::default();
    }

    /// The command that logs in has ended.
    pub fn end_secret(&mut self) {
        self.hidden = None;
    }

    /// The line without what the server was told of passwords.
    fn scrubbed<'b>(&self, line: &'b [u8]) -> Cow<'b, [u8]> {
        self.hidden.as_ref().map_or(Cow::Borrowed(line), |hidden| hidden.scrub(line))
    }

    fn put(&mut self, kind: Kind, line: &[u8]) {
        self.trace.push(kind, self.now, line);
        self.tell(kind, line, LONGEST);
    }

    /// The trace has the size alone, which stands in the line before.
    fn put_literal(&mut self, kind: Kind, bytes: &[u8]) {
        self.tell(kind, bytes, HEAD);
    }

    #[inline]
    fn tell(&mut self, kind: Kind, line: &[u8], most: usize) {
        if let Some(untold) = &mut self.untold {
            Journal::keep(untold, kind, &line[..line.len().min(most)]);
        }
    }

    /// Without memory for it the line is missing, no more.
    fn keep(untold: &mut VecDeque<Told>, kind: Kind, line: &[u8]) {
        let mut text = Vec::new();
        let shown = show(line, &mut text);
        if shown.is_ok() && text.try_reserve(1).is_ok() && untold.try_reserve(1).is_ok() {
            text.push(0);
            untold.push_back(Told { kind, line: text });
        }
    }
}

/// What a command that logs in has sent: its words, and what is in them.
#[derive(Default)]
struct Hidden {
    words: Vec<Secret>,
    is_login: bool,
}

impl Hidden {
    /// Remembers what is secret in a line, and gives the line without it.
    fn hide(&mut self, line: &[u8], is_first: bool) -> Vec<u8> {
        let mut kept = 0;
        if is_first {
            let name = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            self.is_login = name.eq_ignore_ascii_case(b"LOGIN");
            let plain = if name.eq_ignore_ascii_case(b"AUTHENTICATE") { 3 } else { 2 };
            kept = memchr::memchr_iter(b' ', line).nth(plain - 1).unwrap_or(line.len());
        }
        let (shown, secret) = line.split_at(kept);
        self.learn(secret);
        let mark: &[u8] = match (shown.is_empty(), secret.is_empty()) {
            (_, true) => b"",
            (true, false) => b"***",
            (false, false) => b" ***",
        };
        [shown, mark].concat()
    }

    /// Words of a LOGIN, quoted or not; else base64 of what may hold several fields.
    fn learn(&mut self, mut text: &[u8]) {
        while let Some(start) = text.iter().position(|byte| *byte != b' ') {
            text = &text[start..];
            let (word, behind) = match text.strip_prefix(b"\"") {
                Some(inside) => quoted(inside),
                None => text.split_at(memchr(b' ', text).unwrap_or(text.len())),
            };
            text = behind;
            let is_marker = word.starts_with(b"{") && word.ends_with(b"}");
            if is_marker {
                continue;
            }
            self.remember(word);
            if word.contains(&b'\\') {
                let unescaped = Secret::filled(word.len(), |out| Ok(unescape(word, out)));
                self.remember(unescaped.unwrap_or_default().as_bytes());
            }
            if let Some(decoded) = sasl::decode(word).ok().filter(|_| !self.is_login) {
                for field in decoded.as_bytes().split(|byte| *byte <= 1) {
                    self.remember(field);
                    self.remember(field.strip_prefix(b"auth=Bearer ").unwrap_or_default());
                }
            }
        }
    }

    /// As it is, and from three bytes on in base64.
    fn remember(&mut self, word: &[u8]) {
        if !word.is_empty() {
            self.words.extend(Secret::new(word));
        }
        if word.len() > 2 {
            self.words.extend(sasl::encode(word));
        }
    }

    fn scrub<'b>(&self, line: &'b [u8]) -> Cow<'b, [u8]> {
        let mut scrubbed = Cow::Borrowed(line);
        for word in self.words.iter().map(Secret::as_bytes) {
            if memmem::find(&scrubbed, word).is_none() {
                continue;
            }
            if word.len() < 3 {
                // What is so short stands everywhere: its places would tell it.
                return Cow::Borrowed(b"***");
            }
            let mut out = Vec::new();
            let mut at = 0;
            for found in memmem::find_iter(&scrubbed, word) {
                out.extend_from_slice(&scrubbed[at..found]);
                out.extend_from_slice(b"***");
                at = found + word.len();
            }
            out.extend_from_slice(&scrubbed[at..]);
            scrubbed = Cow::Owned(out);
        }
        scrubbed
    }
}

/// What stands before the quote that closes, and what behind it.
fn quoted(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return (&text[..at], &text[at + 1..]),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    (text, &[])
}

fn unescape(word: &[u8], out: &mut [u8]) -> usize {
    let mut bytes = word.iter();
    let mut length = 0;
    while let Some(byte) = bytes.next() {
        let meant = if *byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte };
        out[length] = *meant;
        length += 1;
    }
    length
}

/// Bytes as clean text: what is not UTF-8 becomes U+FFFD, a control character its picture, so that a line stays a line
/// and a terminal does not obey.
pub(super) fn show(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), NoMemory> {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        out.try_reserve(bytes.len())?;
        out.extend_from_slice(bytes);
        return Ok(());
    }
    let mut push = |character: char| {
        let mut buffer = [0; 4];
        let encoded = character.encode_utf8(&mut buffer).as_bytes();
        out.try_reserve(encoded.len())?;
        out.extend_from_slice(encoded);
        Ok::<_, NoMemory>(())
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(match character {
                '\0'..='\x1f' => char::from_u32(0x2400 + character as u32).unwrap_or(' '),
                '\x7f' => '\u{2421}',
                other if other.is_control() || is_direction(other) => char::REPLACEMENT_CHARACTER,
                other => other,
            })?;
        }
        if !chunk.invalid().is_empty() {
            push(char::REPLACEMENT_CHARACTER)?;
        }
    }
    Ok(())
}

/// Characters that turn the direction of what is shown: a line could seem to say something else.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        let mut journal = Journal::new(65536, Instant::now());
        journal.listen(true);
        journal
    }

    /// The log's lines; the trace's are the same but for what is in literals.
    fn told(journal: &mut Journal) -> Vec<String> {
        let lines = journal.take_told();
        let text = |told: Told| {
            let line = String::from_utf8(told.line[..told.line.len() - 1].to_vec()).unwrap();
            format!("{} {line}", told.kind.mark())
        };
        lines.into_iter().map(text).collect()
    }

    fn receive(journal: &mut Journal, bytes: &[u8]) {
        journal.received(&Response::new(bytes, &[]));
    }

    #[test]
    fn lines_and_the_heads_of_literals() {
        let mut journal = journal();
        receive(&mut journal, b"* OK ready\r\n");
        journal.sent(b"A1 NOOP\r\nA2 APPEND x {5}\r\n", false);
        journal.sent(b"he", false);
        journal.sent(b"llo\r", false);
        journal.sent(b"\nA3 NOOP\r\n", false);
        receive(&mut journal, b"* 1 FETCH (BODY[] {4}\r\na\r\nb FLAGS ())\r\n");
        let expected = [
            "S: * OK ready",
            "C: A1 NOOP",
            "C: A2 APPEND x {5}",
            "C: hello",
            "C: ",
            "C: A3 NOOP",
            "S: * 1 FETCH (BODY[] {4}",
            "S: a\u{240d}\u{240a}b",
            "S:  FLAGS ())",
        ];
        assert_eq!(told(&mut journal), expected);
        let trace = String::from_utf8(journal.trace().unwrap()).unwrap();
        assert!(!trace.contains("hello") && trace.contains("C: A2 APPEND x {5}\n"), "{trace}");
    }

    #[test]
    fn large_literals_are_left_where_they_are() {
        let mut journal = journal();
        let big = [std::cell::Cell::new(vec![b'x'; 20_000])];
        journal.received(&Response::new(b"* 1 FETCH (BODY[] {20000}\r\n FLAGS ())\r\n", &big));
        let head = format!("S: {}", "x".repeat(HEAD));
        assert_eq!(told(&mut journal), ["S: * 1 FETCH (BODY[] {20000}", &head, "S:  FLAGS ())"]);
        assert_eq!(big[0].take().len(), 20_000);
    }

    #[test]
    fn a_million_small_literals_take_linear_time() {
        let mut journal = journal();
        receive(&mut journal, &[&b"* X ("[..], &b"{0}\r\n ".repeat(1_000_000), b")\r\n"].concat());
        assert_eq!(told(&mut journal).len(), MOST_PIECES);
    }

    #[test]
    fn secrets_are_hidden_however_they_are_sent_and_played_back() {
        for (lines, password) in [
            (&[&b"A1 LOGIN \"alice\" \"se\\\"cret word\"\r\n"[..]][..], "se\"cret word"),
            (&[b"A1 LOGIN alice s3cret\r\n"], "s3cret"),
            (&[b"A1 LOGIN \"alice\" {7}\r\n", b"s\xc3\xa9cret\r\n"], "sécret"),
            (&[b"A1 LOGIN {5+}\r\nalice {6+}\r\ns", b"ecret\r\n"], "secret"),
            (&[b"A1 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==\r\n"], "secret"),
            (&[b"A1 AUTHENTICATE PLAIN\r\n", b"AGFsaWNlAHNlY3JldA==\r\n"], "secret"),
            (&[b"A1 AUTHENTICATE LOGIN\r\n", b"YWxpY2U=\r\n", b"c2VjcmV0\r\n"], "secret"),
            (&[b"A1 AUTHENTICATE XOAUTH2 dXNlcj1ib2IBYXV0aD1CZWFyZXIgdG9rZW4BAQ==\r\n"], "token"),
        ] {
            let mut journal = journal();
            lines.iter().for_each(|line| journal.sent(line, true));
            receive(&mut journal, b"+ VXNlcm5hbWU6\r\n");
            receive(&mut journal, format!("* NO you said {password}, did you?\r\n").as_bytes());
            receive(&mut journal, lines.last().unwrap());
            journal.note(&format!("refused: {password}"));
            let whole = told(&mut journal).join("\n") + &String::from_utf8(journal.trace().unwrap()).unwrap();
            for secret in [password, "AGFsaWNlAHNlY3JldA", "c2VjcmV0", "dXNlcj", "VXNlcm", "se\\\"cret"] {
                assert!(!whole.contains(secret), "{secret} in {whole}");
            }
            assert!(
                whole.contains("S: * NO you said ***, did you?") && whole.contains("S: + ***"),
                "{whole}"
            );
            journal.end_secret();
            receive(&mut journal, b"* OK secret of the town\r\n");
            assert_eq!(told(&mut journal), ["S: * OK secret of the town"]);
        }
    }

    #[test]
    fn what_would_betray_a_short_password_is_left_out_whole() {
        let mut journal = journal();
        journal.sent(b"A1 LOGIN alice b\r\n", true);
        receive(&mut journal, b"A1 NO bad\r\n");
        receive(&mut journal, b"+ \r\n");
        assert_eq!(told(&mut journal), ["C: A1 LOGIN ***", "S: ***", "S: + "]);
    }

    #[test]
    fn nothing_in_a_line_is_obeyed() {
        let mut out = Vec::new();
        show("a\u{202e}b\x1b[2J\u{85}\u{2028}\0é".as_bytes(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\u{fffd}b\u{241b}[2J\u{fffd}\u{fffd}\u{2400}é");
    }

    #[test]
    fn a_literal_that_was_refused_is_not_waited_for() {
        let mut journal = journal();
        journal.sent(b"A1 APPEND x {500}\r\n", false);
        journal.drop_line();
        journal.sent(b"A2 NOOP\r\n", false);
        assert_eq!(told(&mut journal), ["C: A1 APPEND x {500}", "C: A2 NOOP"]);
    }
}
