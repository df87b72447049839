//! What a person reads of a message: which part it is, and its text (RFC 2046, RFC 2387).

#![forbid(unsafe_code)]

use super::buffer::{append, append_char};
use super::charset::Charset;
use super::transfer::Transfer;
use crate::error::NoMemory;
use crate::model::imap_part;

/// How good a part is for reading; a greater one is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// In a message within the message.
    Nested(Kind),
    /// It has a name, as files have.
    File(Kind),
    Text(Kind),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Other,
    Html,
    Plain,
}

impl Worth {
    fn kind(self) -> Kind {
        match self {
            Worth::Nested(kind) | Worth::File(kind) | Worth::Text(kind) => kind,
        }
    }

    /// Of equals the first in a message is taken, whatever its kind; only alternatives are compared by it.
    fn class(self) -> u8 {
        match self {
            Worth::Nested(_) => 0,
            Worth::File(_) => 1,
            Worth::Text(_) => 2,
        }
    }
}

/// The part to be read: of alternatives the plain text, else HTML; of other multiparts the first that has text; that of
/// a message within only if there is no other. `parts` are in the order of BODYSTRUCTURE, each before those in it.
pub fn text_part(parts: &[&imap_part<'_>]) -> Option<usize> {
    let mut best: Vec<Option<(Worth, usize)>> = Vec::new();
    best.try_reserve_exact(parts.len()).ok()?;
    best.resize(parts.len(), None);
    // Children stand behind their parents, so that going backwards each part is complete when it is reached.
    for at in (0..parts.len()).rev() {
        let part = parts[at];
        let found = worth(part).map(|worth| (worth, at)).or(best[at]);
        best[at] = found;
        let Some(parent) = usize::try_from(part.parent).ok().filter(|parent| *parent < at) else { continue };
        let Some(mine) = found else { continue };
        let media_type = media_type(parts[parent]);
        best[parent] = Some(match best[parent] {
            _ if !media_type.starts_with("multipart/") => (Worth::Nested(mine.0.kind()), mine.1),
            None => mine,
            Some(later) => of_two(parts[parent], part, mine, later),
        });
    }
    best.first().copied().flatten().map(|(_, at)| at)
}

/// Which of two parts of one multipart: `mine`, of `part`, stands before `later`.
fn of_two(
    parent: &imap_part<'_>,
    part: &imap_part<'_>,
    mine: (Worth, usize),
    later: (Worth, usize),
) -> (Worth, usize) {
    let takes_mine = match media_type(parent) {
        "multipart/alternative" => mine.0 >= later.0,
        // The others belong to its root.
        "multipart/related" => {
            parameter(parent, "start").is_none_or(|start| part.content_id.get() == Some(start))
        }
        _ => mine.0.class() >= later.0.class(),
    };
    if takes_mine { mine } else { later }
}

/// None: it is not for reading by itself.
fn worth(part: &imap_part<'_>) -> Option<Worth> {
    let kind = match media_type(part) {
        "text/plain" => Kind::Plain,
        "text/html" => Kind::Html,
        "text/calendar" | "text/vcard" | "text/x-vcard" | "text/rfc822-headers" => return None,
        other if other.starts_with("text/") => Kind::Other,
        _ => return None,
    };
    if part.disposition.get() == Some("attachment") {
        return None;
    }
    let is_file = part.filename.get().is_some() && part.disposition.get() != Some("inline");
    Some(if is_file { Worth::File(kind) } else { Worth::Text(kind) })
}

/// All that hangs on a message whose text is the part at `text`: what is no multipart and not the text in another form. A
/// message within is one attachment, unless the text was found in it.
pub fn attachments(parts: &[&imap_part<'_>], text: Option<usize>) -> Result<Vec<usize>, NoMemory> {
    let above_text = line_of(parts, text)?;
    let (mut found, mut skip_below) = (Vec::new(), None);
    for (at, part) in parts.iter().enumerate() {
        if skip_below.is_some_and(|depth| part.depth > depth) {
            continue;
        }
        skip_below = None;
        let is_multipart = media_type(part).starts_with("multipart/");
        if is_multipart || above_text[at] || is_alternative(parts, at, &above_text) {
            continue;
        }
        // What is inside goes with it.
        skip_below = Some(part.depth);
        found.try_reserve(1)?;
        found.push(at);
    }
    Ok(found)
}

/// Which parts are the text, or hold it.
fn line_of(parts: &[&imap_part<'_>], text: Option<usize>) -> Result<Vec<bool>, NoMemory> {
    let mut line = Vec::new();
    line.try_reserve_exact(parts.len())?;
    line.resize(parts.len(), false);
    let mut next = text;
    while let Some(at) = next.filter(|at| *at < parts.len()) {
        line[at] = true;
        next = usize::try_from(parts[at].parent).ok().filter(|parent| *parent < at);
    }
    Ok(line)
}

/// The text once more, in another form.
fn is_alternative(parts: &[&imap_part<'_>], at: usize, above_text: &[bool]) -> bool {
    if worth(parts[at]).is_none() {
        return false;
    }
    // The multiparts round it, from the inside out.
    let mut above = usize::try_from(parts[at].parent).ok();
    while let Some((place, parent)) = above.and_then(|place| Some((place, parts.get(place)?))) {
        if media_type(parent) == "multipart/alternative" {
            return above_text[place];
        }
        above = usize::try_from(parent.parent).ok().filter(|next| *next < place);
    }
    false
}

fn media_type<'a>(part: &imap_part<'a>) -> &'a str {
    part.media_type.get().unwrap_or_default()
}

fn parameter<'a>(part: &imap_part<'a>, name: &str) -> Option<&'a str> {
    part.parameters.items.iter().find(|pair| pair.name.get() == Some(name)).and_then(|pair| pair.value.get())
}

pub fn is_html(part: &imap_part<'_>) -> bool {
    media_type(part) == "text/html"
}

/// A text as UTF-8, from its bytes as stored: lines end with LF, other control characters than TAB are U+FFFD.
pub fn decoded(encoding: &str, charset: Option<&str>, stored: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut bytes = Vec::new();
    Transfer::new(encoding, None).decode(stored, true, &mut bytes)?;
    let charset = charset.and_then(|name| Charset::of(name.as_bytes())).unwrap_or(Charset::Guessed);
    let mut decoded = Vec::new();
    charset.decode(&bytes, &mut decoded)?;
    drop(bytes);
    let mut clean = Vec::new();
    clean.try_reserve_exact(decoded.len())?;
    let text = std::str::from_utf8(&decoded).unwrap_or_default();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let kept = match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                '\n'
            }
            '\n' | '\t' => character,
            other if other.is_control() => char::REPLACEMENT_CHARACTER,
            other => other,
        };
        append_char(&mut clean, kept)?;
    }
    Ok(clean)
}

/// RFC 8970 section 3.1: a server's are no longer.
const PREVIEW: usize = 200;

/// The beginning of a text in one line, without tags.
pub fn preview(text: &str, is_html: bool) -> Result<Vec<u8>, NoMemory> {
    let mut line = Vec::new();
    let (mut count, mut has_gap) = (0, false);
    let mut reader = Reader { rest: text, is_html };
    while let Some(character) = reader.next() {
        if character.is_whitespace() || character == char::REPLACEMENT_CHARACTER {
            has_gap = count > 0;
            continue;
        }
        if count + usize::from(has_gap) >= PREVIEW {
            break;
        }
        if std::mem::take(&mut has_gap) {
            append(&mut line, b" ")?;
            count += 1;
        }
        append_char(&mut line, character)?;
        count += 1;
    }
    Ok(line)
}

/// The characters that are shown.
struct Reader<'t> {
    rest: &'t str,
    is_html: bool,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let first = self.rest.chars().next()?;
        match first {
            '<' if self.is_html => {
                self.skip_tag();
                Some(' ')
            }
            '&' if self.is_html => Some(self.entity()),
            _ => {
                self.rest = &self.rest[first.len_utf8()..];
                Some(first)
            }
        }
    }

    /// A tag; of what is never shown, all up to its end. A tag without end is the rest.
    fn skip_tag(&mut self) {
        for (begin, end) in
            [("<!--", "-->"), ("<style", "</style"), ("<script", "</script"), ("<head", "</head")]
        {
            if starts_with(self.rest, begin) {
                self.rest = find(self.rest, end).map_or("", |at| &self.rest[at..]);
                break;
            }
        }
        self.rest = self.rest.find('>').map_or("", |at| &self.rest[at + 1..]);
    }

    fn entity(&mut self) -> char {
        const NAMED: [(&str, char); 6] =
            [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' ')];
        let inner = &self.rest[1..];
        let end = inner.bytes().take(10).position(|byte| byte == b';');
        let meant = end.and_then(|end| {
            let name = &inner[..end];
            let number = match name.strip_prefix('#').map(|digits| (digits, digits.strip_prefix(['x', 'X'])))
            {
                Some((_, Some(hex))) => u32::from_str_radix(hex, 16).ok(),
                Some((digits, None)) => digits.parse().ok(),
                None => None,
            };
            let named = NAMED.iter().find(|(known, _)| *known == name).map(|(_, meant)| *meant);
            named.or_else(|| number.and_then(char::from_u32).filter(|c| !c.is_control()))
        });
        match (meant, end) {
            (Some(meant), Some(end)) => {
                self.rest = &inner[end + 1..];
                meant
            }
            _ => {
                self.rest = inner;
                '&'
            }
        }
    }
}

fn starts_with(text: &str, begin: &str) -> bool {
    text.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin))
}

/// Where `end` stands, in any case of letters.
fn find(text: &str, end: &str) -> Option<usize> {
    text.match_indices(&end[..1]).map(|(at, _)| at).find(|at| starts_with(&text[*at..], end))
}

#[cfg(test)]
mod tests {
    use super::super::cursor::Response;
    use super::super::fetch::{Asked, Limits, message};
    use super::*;
    use crate::model::Arena;

    /// Section of the text, sections of the attachments.
    fn chosen(structure: &str) -> (String, Vec<String>) {
        let sent = format!("* 1 FETCH (BODYSTRUCTURE {structure})");
        let arena = Arena::new();
        let response = Response::new(sent.as_bytes(), &[]);
        let found = message(&response, 1, 10, Asked::default(), &Limits::default(), &arena).unwrap();
        let parts: Vec<_> = found.details.parts.iter().collect();
        let text = text_part(&parts);
        let section = |at: usize| parts[at].section.get().unwrap().to_owned();
        let attached = attachments(&parts, text).unwrap().into_iter().map(section).collect();
        (text.map(section).unwrap_or_default(), attached)
    }

    fn leaf(media_type: &str, more: &str) -> String {
        let (main, sub) = media_type.split_once('/').unwrap();
        let lines = if main == "text" { " 1" } else { "" };
        format!("(\"{main}\" \"{sub}\" NIL NIL NIL \"7bit\" 10{lines} NIL {more} NIL)")
    }

    fn multipart(subtype: &str, parts: &[String]) -> String {
        format!("({} \"{subtype}\" NIL NIL NIL)", parts.concat())
    }

    #[test]
    fn the_text_is_found() {
        let (plain, html) = (leaf("text/plain", "NIL"), leaf("text/html", "NIL"));
        let image = leaf("image/png", "(\"inline\" NIL)");
        let file = leaf("text/plain", "(\"attachment\" (\"filename\" \"a.txt\"))");
        let section = |text: &str, attached: &[&str]| {
            (text.to_owned(), attached.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&plain), section("1", &[]));
        assert_eq!(chosen(&leaf("image/png", "NIL")), section("", &["1"]));
        let both = multipart("alternative", &[plain.clone(), html.clone()]);
        assert_eq!(chosen(&both), section("1", &[]));
        assert_eq!(chosen(&multipart("alternative", &[html.clone(), plain.clone()])), section("2", &[]));
        let related = multipart("related", &[html.clone(), image.clone()]);
        assert_eq!(chosen(&related), section("1", &["2"]));
        let rich = multipart("alternative", &[plain.clone(), related.clone()]);
        assert_eq!(chosen(&rich), section("1", &["2.2"]));
        let mixed = multipart("mixed", &[file.clone(), rich.clone(), image.clone(), plain.clone()]);
        assert_eq!(chosen(&mixed), section("2.1", &["1", "2.2.2", "3", "4"]));
        let signature = leaf("application/pgp-signature", "NIL");
        assert_eq!(chosen(&multipart("signed", &[both.clone(), signature])), section("1.1", &["2"]));
        assert_eq!(chosen(&multipart("mixed", &[html.clone(), plain.clone()])), section("1", &["2"]));
        assert_eq!(chosen(&multipart("mixed", &[file.clone(), file])), section("", &["1", "2"]));
        assert_eq!(chosen("(NIL \"alternative\" NIL NIL NIL)").0, "");
        assert_eq!(chosen("()").0, "");
        let calendar = leaf("text/calendar", "NIL");
        assert_eq!(chosen(&multipart("alternative", &[html, calendar])), section("1", &["2"]));
    }

    #[test]
    fn messages_within_are_attachments_unless_they_are_all() {
        let envelope = "(NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL)";
        let inner = multipart("mixed", &[leaf("text/plain", "NIL"), leaf("image/png", "NIL")]);
        let message =
            format!("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 100 {envelope} {inner} 10 NIL NIL NIL)");
        let (text, attached) = chosen(&multipart("mixed", &[leaf("text/plain", "NIL"), message.clone()]));
        assert_eq!((text.as_str(), attached), ("1", vec!["2".to_owned()]));
        let (text, attached) = chosen(&multipart("digest", &[message.clone(), message]));
        assert_eq!((text.as_str(), attached), ("1.1", vec!["1.2".to_owned(), "2".to_owned()]));
    }

    #[test]
    fn a_thousand_parts_take_linear_time() {
        let parts = vec![leaf("text/plain", "(\"attachment\" NIL)"); 20_000];
        let (text, attached) = chosen(&multipart("mixed", &parts));
        assert_eq!((text.as_str(), attached.len()), ("", 20_000));
        let deep = (0..60).fold(leaf("text/html", "NIL"), |inner, _| multipart("alternative", &[inner]));
        assert_eq!(chosen(&deep).0, ["1"; 60].join("."));
    }

    #[test]
    fn previews_are_one_line() {
        let shown = |text: &str, is_html| String::from_utf8(preview(text, is_html).unwrap()).unwrap();
        assert_eq!(shown(" a\n\n b\tc ", false), "a b c");
        assert_eq!(shown("1 < 2 & 3", false), "1 < 2 & 3");
        let page = "<html><HEAD><title>x</title></head><style>p{}</STYLE><!-- <p> --><p>a&nbsp;&lt;b&gt; &#233;&#x4e2d; &no; &";
        assert_eq!(shown(page, true), "a <b> é中 &no; &");
        assert_eq!(shown("a<b", true), "a");
        assert_eq!(shown(&"ä ".repeat(500), false).chars().count(), 199);
        for hostile in ["<", "<style", "&", "<!--"] {
            assert!(shown(&hostile.repeat(100_000), true).len() <= 4 * PREVIEW);
        }
    }
}
