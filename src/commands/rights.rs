//! ACL (RFC 4314), QUOTA (RFC 9208, RFC 2087) and METADATA (RFC 5464).

use super::ask::{Answer, Argument, Ask, Form};
use crate::error::{Error, NoMemory, Result};
use crate::model::{Acl, Entries, Entry, Growing, Owned, Quota, Quotas, imap_acl, imap_entries, imap_quotas};
use crate::session::{Facts, Mailboxes, Untagged};
use crate::wire::rights;
use crate::wire::words::{Word, Words};

const ACL: &[&str] = &["ACL"];
const QUOTA: &[&str] = &["QUOTA"];
const METADATA: &[&str] = &["METADATA"];
const METADATA_OF_SERVER: &[&str] = &["METADATA", "METADATA-SERVER"];

const fn reads(name: &'static str, needs: &'static [&'static str]) -> Form {
    Form { name, needs, mailboxes: Mailboxes::Reads }
}

const fn changes(name: &'static str, needs: &'static [&'static str]) -> Form {
    Form { name, needs, mailboxes: Mailboxes::Changes }
}

const GETACL: Form = reads("GETACL", ACL);
const SETACL: Form = changes("SETACL", ACL);
const DELETEACL: Form = changes("DELETEACL", ACL);
const LISTRIGHTS: Form = reads("LISTRIGHTS", ACL);
const MYRIGHTS: Form = reads("MYRIGHTS", ACL);
const GETQUOTA: Form = reads("GETQUOTA", QUOTA);
const GETQUOTAROOT: Form = reads("GETQUOTAROOT", QUOTA);
const SETQUOTA: Form = changes("SETQUOTA", QUOTA);
const GETMETADATA: Form = reads("GETMETADATA", METADATA);
const GETMETADATA_OF_SERVER: Form = reads("GETMETADATA", METADATA_OF_SERVER);
const SETMETADATA: Form = changes("SETMETADATA", METADATA);
const SETMETADATA_OF_SERVER: Form = changes("SETMETADATA", METADATA_OF_SERVER);

/// The answer of GETACL, LISTRIGHTS and MYRIGHTS.
#[derive(Default)]
pub struct Rights {
    acl: Option<Box<Owned<Acl>>>,
}

impl Rights {
    pub fn get(mailbox: &str) -> Result<Ask<Rights>> {
        Ok(Ask::new(&GETACL, vec![named(mailbox)?], Rights::default()))
    }

    pub fn mine(mailbox: &str) -> Result<Ask<Rights>> {
        Ok(Ask::new(&MYRIGHTS, vec![named(mailbox)?], Rights::default()))
    }

    pub fn list(mailbox: &str, identifier: &str) -> Result<Ask<Rights>> {
        Ok(Ask::new(&LISTRIGHTS, vec![named(mailbox)?, text(identifier)?], Rights::default()))
    }

    pub fn set(mailbox: &str, identifier: &str, rights: &str) -> Result<Ask<()>> {
        let letters = rights.strip_prefix(['+', '-']).unwrap_or(rights);
        if !letters.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(Error::invalid("rights are letters like \"lrs\", perhaps after + or -"));
        }
        Ok(Ask::new(&SETACL, vec![named(mailbox)?, text(identifier)?, text(rights)?], ()))
    }

    pub fn delete(mailbox: &str, identifier: &str) -> Result<Ask<()>> {
        Ok(Ask::new(&DELETEACL, vec![named(mailbox)?, text(identifier)?], ()))
    }
}

impl Answer for Rights {
    type Output = Box<Owned<Acl>>;

    const RESPONSES: &'static [&'static str] = &["ACL", "LISTRIGHTS", "MYRIGHTS"];

    fn take(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<()> {
        let (response, rest, is_utf8) = (&untagged.response, untagged.rest, facts.is_utf8);
        let made: Result<_, NoMemory> = Owned::build(|arena| {
            if untagged.is("ACL") {
                rights::acl(response, rest, is_utf8, arena)
            } else if untagged.is("LISTRIGHTS") {
                rights::list_rights(response, rest, is_utf8, arena)
            } else {
                rights::my_rights(response, rest, is_utf8, arena)
            }
        });
        self.acl = Some(made?);
        Ok(())
    }

    fn finish(self) -> Result<Self::Output> {
        match self.acl {
            Some(acl) => Ok(acl),
            None => Owned::build(|_| Ok(imap_acl::EMPTY)),
        }
    }
}

/// The answer of GETQUOTA, GETQUOTAROOT and SETQUOTA.
pub struct Limits {
    quotas: Growing<Quota>,
}

impl Limits {
    fn ask(form: &'static Form, arguments: Vec<Argument>) -> Ask<Limits> {
        Ask::new(form, arguments, Limits { quotas: Growing::new(usize::MAX) })
    }

    pub fn of_root(root: &str) -> Result<Ask<Limits>> {
        Ok(Limits::ask(&GETQUOTA, vec![text(root)?]))
    }

    pub fn of_mailbox(mailbox: &str) -> Result<Ask<Limits>> {
        Ok(Limits::ask(&GETQUOTAROOT, vec![named(mailbox)?]))
    }

    /// "STORAGE 512 MESSAGE 1000"; "" lifts all.
    pub fn set(root: &str, limits: &str) -> Result<Ask<Limits>> {
        let words: Vec<&str> = limits.split_ascii_whitespace().collect();
        let is_pair = |pair: &[&str]| {
            matches!(pair, [name, limit]
                if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                    && limit.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if !words.chunks(2).all(is_pair) {
            return Err(Error::invalid("limits are names and numbers in turn: \"STORAGE 512 MESSAGE 1000\""));
        }
        let words = Argument::Words(Words::parse(&format!("({})", words.join(" ")), None)?);
        Ok(Limits::ask(&SETQUOTA, vec![text(root)?, words]))
    }
}

impl Answer for Limits {
    type Output = Box<Owned<Quotas>>;

    const RESPONSES: &'static [&'static str] = &["QUOTA", "QUOTAROOT"];

    fn take(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<()> {
        // QUOTAROOT names the roots that QUOTA tells of.
        if untagged.is("QUOTA") {
            self.quotas.push(|arena| rights::quota(&untagged.response, untagged.rest, arena))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Self::Output> {
        self.quotas.finish(|_, items, count| Ok(imap_quotas { items, count }))
    }
}

/// The answer of GETMETADATA.
pub struct Annotations {
    entries: Growing<Entry>,
}

impl Annotations {
    /// "(DEPTH 1 MAXSIZE 1024) /private/comment /shared/comment"; mailbox "" is the server.
    pub fn get(mailbox: &str, what: &str, params: Option<&[&str]>) -> Result<Ask<Annotations>> {
        let mut names = Words::parse(what, params)?;
        let mut arguments = Vec::new();
        if let (Some(Word::Open), Some(end)) = (names.get(0), names.close_of(0)) {
            let mut options = Words::parse(what, params)?;
            options.drop_last(options.len() - end);
            names.drop_first(end);
            // A list by itself is what is asked for.
            match names.is_empty() {
                true => {
                    names = options;
                    names.drop_last(1);
                    names.drop_first(1);
                }
                false => arguments.push(Argument::Words(options)),
            }
        }
        if names.is_empty() {
            return Err(Error::invalid("GETMETADATA needs the name of an entry, like /private/comment"));
        }
        arguments.extend([named(mailbox)?, Argument::Open, Argument::Words(names), Argument::Close]);
        let form = if mailbox.is_empty() { &GETMETADATA_OF_SERVER } else { &GETMETADATA };
        Ok(Ask::new(form, arguments, Annotations { entries: Growing::new(usize::MAX) }))
    }

    pub fn set(mailbox: &str, entry: &str, value: Option<&[u8]>) -> Result<Ask<()>> {
        if !entry.starts_with('/') || entry.contains(['*', '%']) {
            return Err(Error::invalid("an entry is named like /private/comment"));
        }
        let value = Argument::Value(value.map(super::copy_bytes).transpose()?);
        let arguments = vec![named(mailbox)?, Argument::Open, text(entry)?, value, Argument::Close];
        let form = if mailbox.is_empty() { &SETMETADATA_OF_SERVER } else { &SETMETADATA };
        Ok(Ask::new(form, arguments, ()))
    }
}

impl Answer for Annotations {
    type Output = Box<Owned<Entries>>;

    const RESPONSES: &'static [&'static str] = &["METADATA"];

    fn take(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<()> {
        let mut cursor = untagged.response.cursor(untagged.rest);
        let start = cursor.clone();
        cursor.astring();
        cursor.take(b'(');
        while !cursor.take(b')') && !cursor.is_at_end() {
            let mut is_entry = true;
            self.entries
                .push(|arena| {
                    let mailbox = rights::mailbox(&mut start.clone(), facts.is_utf8, arena)?;
                    let entry = rights::entries(&mut cursor, mailbox, arena)?;
                    entry.ok_or_else(|| {
                        is_entry = false;
                        Error::invalid("no entry")
                    })
                })
                .or_else(|error| if is_entry { Err(error) } else { Ok(()) })?;
            if !is_entry {
                break;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Self::Output> {
        self.entries.finish(|_, items, count| Ok(imap_entries { items, count }))
    }
}

fn named(mailbox: &str) -> Result<Argument> {
    Ok(Argument::Mailbox(super::copy(mailbox)?))
}

fn text(text: &str) -> Result<Argument> {
    Ok(Argument::Text(super::copy(text)?))
}
