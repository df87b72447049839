//! ACL, LISTRIGHTS, MYRIGHTS (RFC 4314 section 3), QUOTA (RFC 9208 section 4.2), METADATA (RFC 5464 section 4.4).

#![forbid(unsafe_code)]

use std::borrow::Cow;

use super::cursor::{Cursor, Response, Str};
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
    while let Some(identifier) = decode::astring(&mut cursor, arena)? {
        let rights = decode::astring(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
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
    let identifier = decode::astring(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
    let required = decode::astring(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
    let mut optional = Vec::new();
    while let Some(rights) = decode::astring(&mut cursor, arena)? {
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
    let my_rights = decode::astring(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
    Ok(imap_acl { mailbox, my_rights, ..imap_acl::EMPTY })
}

/// `quota-response = "QUOTA" SP quota-root-name SP quota-list`
pub fn quota<'a>(response: &Response<'_>, rest: usize, arena: &'a Arena) -> Result<imap_quota<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let root = decode::astring(&mut cursor, arena)?.unwrap_or(Text::EMPTY);
    let mut resources = Few::new();
    cursor.take(b'(');
    while !cursor.take(b')') {
        let Some(resource) = decode::astring(&mut cursor, arena)? else { break };
        let mut number = || cursor.number().and_then(|number| i64::try_from(number).ok()).unwrap_or(-1);
        let (usage, limit) = (number(), number());
        resources.push(arena.put(imap_resource { resource, usage, limit })?)?;
    }
    let (resources, resource_count) = resources.list(arena)?;
    Ok(imap_quota { root, resources, resource_count })
}

/// The entries of a response, one after the other.
pub struct Annotated<'b> {
    cursor: Cursor<'b>,
    /// Of ANNOTATION: the entry whose attributes come next.
    entry: Option<Cow<'b, [u8]>>,
    has_attributes: bool,
}

/// One entry as sent.
pub struct Sent<'b> {
    pub name: Cow<'b, [u8]>,
    pub attribute: Option<Cow<'b, [u8]>>,
    /// None: NIL.
    pub value: Option<Str<'b>>,
}

impl<'b> Annotated<'b> {
    /// `metadata-resp = "METADATA" SP mailbox SP entry-values`: None for a list without values, which tells what has
    /// changed.
    pub fn of_metadata(response: &Response<'b>, rest: usize) -> Option<Annotated<'b>> {
        let mut cursor = response.cursor(rest);
        cursor.astring();
        cursor.take(b'(').then_some(Annotated { cursor, entry: None, has_attributes: false })
    }

    /// `annotate-data = "ANNOTATION" SP mailbox SP 1*(entry SP "(" att-value *(SP att-value) ")")` (ANNOTATEMORE)
    pub fn of_annotation(response: &Response<'b>, rest: usize) -> Annotated<'b> {
        let mut cursor = response.cursor(rest);
        cursor.astring();
        Annotated { cursor, entry: None, has_attributes: true }
    }

    pub fn next_entry(&mut self) -> Result<Option<Sent<'b>>, NoMemory> {
        let Some(first) = self.name()? else { return Ok(None) };
        let (name, attribute) = match (&self.entry, self.has_attributes) {
            (Some(entry), true) => (entry.clone(), Some(first)),
            _ => (first, None),
        };
        let value = if self.cursor.take_nil() { None } else { self.cursor.astring() };
        Ok(Some(Sent { name, attribute, value }))
    }

    /// The name before the next value: an entry's, or an attribute's.
    fn name(&mut self) -> Result<Option<Cow<'b, [u8]>>, NoMemory> {
        while self.has_attributes && (self.entry.is_none() || self.cursor.take(b')')) {
            let Some(entry) = self.cursor.astring() else { return Ok(None) };
            self.entry = Some(list::unescaped(entry)?);
            self.cursor.take(b'(');
        }
        if self.cursor.take(b')') {
            return Ok(None);
        }
        self.cursor.astring().map(list::unescaped).transpose()
    }
}

impl Sent<'_> {
    pub fn size(&self) -> u64 {
        self.value.as_ref().map_or(0, Str::size)
    }

    pub fn entry<'a>(&self, mailbox: Text<'a>, arena: &'a Arena) -> Result<imap_entry<'a>, NoMemory> {
        let (value, value_len) = match &self.value {
            Some(value) => decode::raw(arena, value.bytes()?)?,
            None => (Bytes::NONE, 0),
        };
        let attribute = match &self.attribute {
            Some(attribute) => arena.text(attribute)?,
            None => Text::NONE,
        };
        let name = arena.text(&self.name)?;
        Ok(imap_entry { mailbox, name, attribute, value, value_len, size: -1 })
    }
}

/// The name of the mailbox that a response is about, as sent; escapes are undone.
pub fn name_of<'b>(response: &Response<'b>, rest: usize) -> Result<Cow<'b, [u8]>, NoMemory> {
    response.cursor(rest).astring().map(list::unescaped).transpose().map(Option::unwrap_or_default)
}

/// The mailbox that a response begins with.
pub fn mailbox<'a>(cursor: &mut Cursor<'_>, is_utf8: bool, arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
    match cursor.astring() {
        Some(name) => list::decoded_name(&name.bytes()?, is_utf8, arena),
        None => Ok(Text::EMPTY),
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
    fn annotations_one_by_one() {
        let shown = |mut all: Annotated<'_>| {
            let mut shown = Vec::new();
            while let Some(sent) = all.next_entry().unwrap() {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let attribute =
                    sent.attribute.as_ref().map_or(String::new(), |name| format!("[{}]", text(name)));
                let value = sent.value.as_ref().map_or("NIL".into(), |value| text(&value.bytes().unwrap()));
                shown.push(format!("{}{attribute}={value}", text(&sent.name)));
            }
            shown.join(" ")
        };
        let metadata = |sent: &'static [u8]| Annotated::of_metadata(&Response::new(sent, &[]), 0).map(shown);
        assert_eq!(metadata(b"\"\" (/a {3}\r\nx y \"/b\" NIL)").as_deref(), Some("/a=x y /b=NIL"));
        assert_eq!(metadata(b"INBOX (/a").as_deref(), Some("/a=NIL"));
        assert_eq!(metadata(b"INBOX /a /b"), None);
        let annotation = |sent: &'static [u8]| shown(Annotated::of_annotation(&Response::new(sent, &[]), 0));
        assert_eq!(
            annotation(b"INBOX /a (value.priv \"x\" size.priv \"1\") \"/b\" (value.shared NIL)"),
            "/a[value.priv]=x /a[size.priv]=1 /b[value.shared]=NIL"
        );
        assert_eq!(annotation(b"INBOX /a () /b"), "");
        assert_eq!(annotation(b"INBOX"), "");
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
