//! ACL, LISTRIGHTS, MYRIGHTS (RFC 4314 section 3), QUOTA (RFC 9208 section 4.2), METADATA (RFC 5464 section 4.4).

#![forbid(unsafe_code)]

use super::cursor::{Cursor, Response};
use super::{decode, list};
use crate::error::NoMemory;
use crate::model::{Arena, Bytes, Few, Text, imap_acl, imap_entry, imap_grant, imap_quota, imap_resource};

/// `acl-data = "ACL" SP mailbox *(SP identifier SP rights)`
pub fn acl<'a>(
    response: &Response<'_>,
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_acl<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let mailbox = mailbox(&mut cursor, is_utf8, arena)?;
    let mut grants = Few::new();
    while let Some(identifier) = text(&mut cursor, arena)? {
        let rights = text(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
        grants.push(arena.put(imap_grant { identifier, rights })?)?;
    }
    let (grants, grant_count) = grants.list(arena)?;
    Ok(imap_acl { mailbox, grants, grant_count, ..imap_acl::EMPTY })
}

/// `listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)`
pub fn list_rights<'a>(
    response: &Response<'_>,
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_acl<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let mailbox = mailbox(&mut cursor, is_utf8, arena)?;
    let identifier = text(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
    let required = text(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
    let mut optional = Vec::new();
    while let Some(rights) = text(&mut cursor, arena)? {
        optional.try_reserve(1)?;
        optional.push(rights);
    }
    let mut grants = Few::new();
    grants.push(arena.put(imap_grant { identifier, rights: required })?)?;
    let (grants, grant_count) = grants.list(arena)?;
    let optional = arena.texts(&optional)?;
    Ok(imap_acl { mailbox, grants, grant_count, required, optional, ..imap_acl::EMPTY })
}

/// `myrights-data = "MYRIGHTS" SP mailbox SP rights`
pub fn my_rights<'a>(
    response: &Response<'_>,
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_acl<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let mailbox = mailbox(&mut cursor, is_utf8, arena)?;
    let my_rights = text(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
    Ok(imap_acl { mailbox, my_rights, ..imap_acl::EMPTY })
}

/// `quota-response = "QUOTA" SP quota-root-name SP quota-list`
pub fn quota<'a>(response: &Response<'_>, rest: usize, arena: &'a Arena) -> Result<imap_quota<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let root = text(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
    let mut resources = Few::new();
    cursor.take(b'(');
    while !cursor.take(b')') {
        let Some(resource) = text(&mut cursor, arena)? else { break };
        let mut number = || cursor.number().and_then(|number| i64::try_from(number).ok()).unwrap_or(-1);
        let (usage, limit) = (number(), number());
        resources.push(arena.put(imap_resource { resource, usage, limit })?)?;
    }
    let (resources, resource_count) = resources.list(arena)?;
    Ok(imap_quota { root, resources, resource_count })
}

/// `metadata-resp = "METADATA" SP mailbox SP entry-values`: each entry to `with`; a list without values tells which have
/// changed.
pub fn entries<'a>(
    cursor: &mut Cursor<'_>,
    mailbox: Text<'a>,
    arena: &'a Arena,
) -> Result<Option<imap_entry<'a>>, NoMemory> {
    let Some(name) = text(cursor, arena)? else { return Ok(None) };
    let value = if cursor.take_nil() { None } else { cursor.astring() };
    let (value, value_len) = match value {
        Some(value) => decode::raw(arena, value.bytes()?)?,
        None => (Bytes::NONE, 0),
    };
    Ok(Some(imap_entry { mailbox, name, value, value_len, ..imap_entry::EMPTY }))
}

/// The mailbox that a response begins with.
pub fn mailbox<'a>(cursor: &mut Cursor<'_>, is_utf8: bool, arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
    match cursor.astring() {
        Some(name) => list::decoded_name(&name.bytes()?, is_utf8, arena),
        None => Ok(Text::EMPTY),
    }
}

fn text<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Result<Option<Text<'a>>, NoMemory> {
    match cursor.astring() {
        Some(string) => decode::text(arena, &string, cursor.is_clean).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_of_the_rfc() {
        let arena = Arena::new();
        let found = acl(&Response::new(b"INBOX Fred rwipsldexta \"-bob\" l", &[]), 0, false, &arena).unwrap();
        let grants: Vec<_> = found
            .grants
            .iter()
            .map(|one| (one.identifier.get().unwrap(), one.rights.get().unwrap()))
            .collect();
        assert_eq!(
            (found.mailbox.get(), grants),
            (Some("INBOX"), vec![("Fred", "rwipsldexta"), ("-bob", "l")])
        );
        let listed =
            list_rights(&Response::new(b"~/Mail/saved smith la r swicdkxte", &[]), 0, false, &arena).unwrap();
        assert_eq!(listed.required.get(), Some("la"));
        assert_eq!(listed.optional.items.iter().collect::<Vec<_>>(), ["r", "swicdkxte"]);
        let mine = my_rights(&Response::new(b"&AMQ- rwiptsldaex", &[]), 0, false, &arena).unwrap();
        assert_eq!((mine.mailbox.get(), mine.my_rights.get()), (Some("Ä"), Some("rwiptsldaex")));
    }

    #[test]
    fn quotas_of_the_rfc() {
        let arena = Arena::new();
        let found =
            quota(&Response::new(b"\"!partition/sda4\" (STORAGE 104 10923847 MESSAGE 1 x)", &[]), 0, &arena)
                .unwrap();
        let resources: Vec<_> =
            found.resources.iter().map(|one| (one.resource.get().unwrap(), one.usage, one.limit)).collect();
        assert_eq!(found.root.get(), Some("!partition/sda4"));
        assert_eq!(resources[..2], [("STORAGE", 104, 10923847), ("MESSAGE", 1, -1)]);
        assert_eq!(quota(&Response::new(b"\"\" ()", &[]), 0, &arena).unwrap().resource_count, 0);
    }
}
