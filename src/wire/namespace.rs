//! NAMESPACE (RFC 9051 section 7.3.2, RFC 2342).

#![forbid(unsafe_code)]

use super::cursor::{Cursor, Response, Str};
use super::list::decoded_name;
use super::{decode, value};
use crate::error::NoMemory;
use crate::model::{Arena, Few, List, Text, imap_item, imap_namespaces, imap_origin, imap_prefix};

/// `namespace-response = "NAMESPACE" SP namespace SP namespace SP namespace`; `rest` is where the first begins.
pub fn namespaces<'a>(
    response: &Response<'_>,
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_namespaces<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let (personal, personal_count) = namespace(&mut cursor, is_utf8, arena)?;
    let (others, other_count) = namespace(&mut cursor, is_utf8, arena)?;
    let (shared, shared_count) = namespace(&mut cursor, is_utf8, arena)?;
    Ok(imap_namespaces {
        personal,
        personal_count,
        others,
        other_count,
        shared,
        shared_count,
        origin: imap_origin::IMAP_ORIGIN_SERVER,
    })
}

/// `namespace = nil / "(" 1*namespace-descr ")"`
fn namespace<'a>(
    cursor: &mut Cursor<'_>,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<(List<'a, imap_prefix<'a>>, usize), NoMemory> {
    let mut found = Few::new();
    if !cursor.take_nil() && cursor.take(b'(') {
        while cursor.take(b'(') {
            found.push(arena.put(description(cursor, is_utf8, arena)?)?)?;
        }
        cursor.take(b')');
    }
    found.list(arena)
}

/// `namespace-descr = "(" string SP (DQUOTE QUOTED-CHAR DQUOTE / nil) [namespace-response-extensions] ")"`
fn description<'a>(
    cursor: &mut Cursor<'_>,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_prefix<'a>, NoMemory> {
    let prefix = match word(cursor) {
        Some(prefix) => decoded_name(&prefix.bytes()?, is_utf8, arena)?,
        None => Text::EMPTY,
    };
    let delimiter = match word(cursor) {
        Some(delimiter) => decode::text(arena, &delimiter, cursor.is_clean)?,
        None => Text::NONE,
    };
    let delimiter = if delimiter.bytes() == Some(b"") { Text::NONE } else { delimiter };
    let (extensions, extension_count) = extensions(cursor, arena)?;
    Ok(imap_prefix { prefix, delimiter, extensions, extension_count })
}

fn word<'b>(cursor: &mut Cursor<'b>) -> Option<Str<'b>> {
    if cursor.take_nil() { None } else { cursor.astring() }
}

/// `namespace-response-extension = SP string SP "(" string *(SP string) ")"`, and the end of the description.
fn extensions<'a>(
    cursor: &mut Cursor<'_>,
    arena: &'a Arena,
) -> Result<(List<'a, imap_item<'a>>, usize), NoMemory> {
    let mut found = Few::new();
    while !cursor.take(b')') {
        let Some(name) = cursor.astring() else { break };
        found.push(value::item(&name.bytes()?, cursor, arena)?)?;
    }
    found.list(arena)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sent: &[u8]) -> String {
        let arena = Arena::new();
        let found = namespaces(&Response::new(sent, &[]), 0, false, &arena).unwrap();
        let list = |list: List<'_, imap_prefix<'_>>| {
            let prefixes = list.iter().map(|one| {
                let extensions: Vec<_> = one.extensions.iter().map(|item| item.name.get().unwrap()).collect();
                let (prefix, delimiter) = (one.prefix.get().unwrap(), one.delimiter.get().unwrap_or("flat"));
                format!(
                    "<{prefix}> {delimiter}{}",
                    extensions.iter().map(|name| format!(" {name}")).collect::<String>()
                )
            });
            prefixes.collect::<Vec<_>>().join(", ")
        };
        format!("{} | {} | {}", list(found.personal), list(found.others), list(found.shared))
    }

    #[test]
    fn namespaces_of_the_rfc_and_of_servers() {
        for (sent, expected) in [
            (&b"((\"\" \"/\")) NIL NIL"[..], "<> / |  | "),
            (b"NIL NIL ((\"\" \".\"))", " |  | <> ."),
            (
                b"((\"\" \"/\")) ((\"~\" \"/\")) ((\"#shared/\" \"/\")(\"#public/\" \"/\")(\"#ftp/\" \"/\"))",
                "<> / | <~> / | <#shared/> /, <#public/> /, <#ftp/> /",
            ),
            (
                b"((\"\" \"/\")(\"#mh/\" \"/\" \"X-PARAM\" (\"FLAG1\" \"FLAG2\"))) NIL NIL",
                "<> /, <#mh/> / X-PARAM |  | ",
            ),
            (b"((\"\" NIL)) NIL NIL", "<> flat |  | "),
            (b"((\"\" \"\")  ( NIL . ) ) nil ((&AOk-/ \"/\"))", "<> flat, <> . |  | <é/> /"),
            (b"((\"a\" \"/\"", "<a> / |  | "),
            (b"", " |  | "),
        ] {
            assert_eq!(shown(sent), expected, "{}", String::from_utf8_lossy(sent));
        }
    }
}
