//! ACL (RFC 4314) and QUOTA (RFC 9208, RFC 2087).

use super::ask::{Answer, Argument, Ask, Form};
use crate::error::{Error, NoMemory, Result};
use crate::model::{Acl, Growing, Owned, Quota, Quotas, imap_acl, imap_quotas};
use crate::session::{Facts, Mailboxes, Untagged};
use crate::wire::words::Words;
use crate::wire::{list, rights};

const ACL: &[&str] = &["ACL"];
const QUOTA: &[&str] = &["QUOTA"];

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

/// The answer of GETACL, LISTRIGHTS and MYRIGHTS.
pub struct Rights {
    /// The name of the response, and the mailbox that it must be about. However that is spelt: no two commands that such
    /// a response answers are in flight together.
    response: &'static str,
    mailbox: String,
    acl: Option<Box<Owned<Acl>>>,
}

impl Rights {
    pub fn get(mailbox: &str) -> Result<Ask<Rights>> {
        Ok(Ask::new(&GETACL, vec![named(mailbox)?], Rights::told_by("ACL", mailbox)?))
    }

    pub fn mine(mailbox: &str) -> Result<Ask<Rights>> {
        Ok(Ask::new(&MYRIGHTS, vec![named(mailbox)?], Rights::told_by("MYRIGHTS", mailbox)?))
    }

    pub fn list(mailbox: &str, identifier: &str) -> Result<Ask<Rights>> {
        let arguments = vec![named(mailbox)?, text(identifier)?];
        Ok(Ask::new(&LISTRIGHTS, arguments, Rights::told_by("LISTRIGHTS", mailbox)?))
    }

    fn told_by(response: &'static str, mailbox: &str) -> Result<Rights> {
        Ok(Rights { response, mailbox: super::copy(mailbox)?, acl: None })
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

    fn take(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let (response, rest, is_utf8) = (untagged.response, untagged.rest, facts.is_utf8);
        let is_about = list::is_spelling_of(&rights::name_of(response, rest)?, &self.mailbox, is_utf8)?;
        if !is_about || !untagged.is(self.response) {
            return Ok(false);
        }
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
        Ok(true)
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
    is_set: bool,
}

impl Limits {
    fn ask(form: &'static Form, arguments: Vec<Argument>) -> Ask<Limits> {
        Ask::new(
            form,
            arguments,
            Limits { quotas: Growing::new(usize::MAX), is_set: form.name == SETQUOTA.name },
        )
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

    /// A server of RFC 9208 says by QUOTASET whether limits can be set; one of RFC 2087 says nothing.
    fn check(&self, facts: &Facts) -> Result<()> {
        let mut names = facts.capabilities.iter().flat_map(|all| all.iter());
        match self.is_set && names.any(|name| name.starts_with("QUOTA=RES-")) {
            true => facts.needs("QUOTASET"),
            false => Ok(()),
        }
    }

    fn take(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        // QUOTAROOT names the roots that QUOTA tells of.
        if untagged.is("QUOTA") {
            self.quotas.push(|arena| rights::quota(untagged.response, untagged.rest, arena))?;
        }
        Ok(true)
    }

    fn finish(self) -> Result<Self::Output> {
        self.quotas.finish(|_, items, count| Ok(imap_quotas { items, count }))
    }
}

pub(super) fn named(mailbox: &str) -> Result<Argument> {
    Ok(Argument::Mailbox(super::copy(mailbox)?))
}

pub(super) fn text(text: &str) -> Result<Argument> {
    Ok(Argument::Text(super::copy(text)?))
}
