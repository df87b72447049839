//! ID (RFC 2971 section 4).

#![forbid(unsafe_code)]

use super::cursor::Response;
use super::decode;
use crate::error::NoMemory;
use crate::model::{Arena, Few, Text, imap_pair, imap_pairs};

/// `id_params_list = "(" *(string SPACE nstring) ")" / nil`
pub fn parameters<'a>(
    response: &Response<'_>,
    rest: usize,
    arena: &'a Arena,
) -> Result<imap_pairs<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let mut pairs = Few::new();
    if !cursor.take_nil() && cursor.take(b'(') {
        while !cursor.take(b')') {
            let Some(name) = cursor.astring() else { break };
            let name = decode::text(arena, &name, cursor.is_clean)?;
            let value = if cursor.take_nil() { None } else { cursor.astring() };
            let value = match value {
                Some(value) => decode::text(arena, &value, cursor.is_clean)?,
                None => Text::NONE,
            };
            pairs.push(arena.put(imap_pair { name, value })?)?;
        }
    }
    let (items, count) = pairs.list(arena)?;
    Ok(imap_pairs { items, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sent: &[u8]) -> String {
        let arena = Arena::new();
        let found = parameters(&Response::new(sent, &[]), 0, &arena).unwrap();
        let show = |pair: &imap_pair<'_>| {
            format!("{}={}", pair.name.get().unwrap(), pair.value.get().unwrap_or("-"))
        };
        found.items.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pairs_of_servers() {
        assert_eq!(
            shown(b"(\"name\" \"Cyrus\" \"version\" NIL os {5}\r\nLinux)"),
            "name=Cyrus version=- os=Linux"
        );
        assert_eq!(shown(b"NIL"), "");
        assert_eq!(shown(b"(\"odd\")"), "odd=-");
        assert_eq!(shown(b"(\"open\" \"x\""), "open=x");
    }
}
