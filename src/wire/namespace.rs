//! NAMESPACE (RFC 2342).

use super::cursor::{Cursor, Response};
use super::list::decoded_name;
use super::{decode, value};
use crate::error::NoMemory;
use crate::model::{Arena, Few, List, Text, imap_namespaces, imap_origin, imap_prefix};

/// `namespace-response = "NAMESPACE" SP namespace SP namespace SP namespace`
pub fn namespaces<'a>(
    response: &Response<'_>,
    rest: usize,
    arena: &'a Arena,
) -> Result<imap_namespaces<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let (personal, personal_count) = namespace(&mut cursor, arena)?;
    let (others, other_count) = namespace(&mut cursor, arena)?;
    let (shared, shared_count) = namespace(&mut cursor, arena)?;
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
    arena: &'a Arena,
) -> Result<(List<'a, imap_prefix<'a>>, usize), NoMemory> {
    let mut found = Few::new();
    if !cursor.take_nil() && cursor.take(b'(') {
        while cursor.take(b'(') {
            let Some(prefix) = cursor.astring() else { break };
            let prefix = decoded_name(&prefix.bytes()?, false, arena)?;
            let delimiter = match cursor.nstring() {
                Some(Some(delimiter)) => decode::text(arena, &delimiter, cursor.is_clean)?,
                _ => Text::NONE,
            };
            let mut extensions = Few::new();
            while !cursor.is_at_end() && !cursor.take(b')') {
                let Some(name) = cursor.astring() else { break };
                let name = name.bytes()?;
                extensions.push(value::item(&name, cursor, arena)?)?;
            }
            let (extensions, extension_count) = extensions.list(arena)?;
            found.push(arena.put(imap_prefix { prefix, delimiter, extensions, extension_count })?)?;
        }
        cursor.take(b')');
    }
    found.list(arena)
}
