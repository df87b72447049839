//! URLAUTH (RFC 4467, RFC 5092, RFC 5524): URLs that let others read a message or a part of it.

use super::ask::{Answer, Argument, Ask, Form};
use super::told::Told;
use crate::error::{Error, Result};
use crate::model::{Entries, Entry, Growing, Owned, Text, imap_entries, imap_origin};
use crate::session::{Facts, Mailboxes, Untagged, quote};
use crate::wire::words::Words;
use crate::wire::{decode, urlauth};

const URLAUTH: &[&str] = &["URLAUTH"];
const GENURLAUTH: Form = Form { name: "GENURLAUTH", needs: URLAUTH, mailboxes: Mailboxes::Reads };
const URLFETCH: Form = Form { name: "URLFETCH", needs: URLAUTH, mailboxes: Mailboxes::Reads };
const RESETKEY: Form = Form { name: "RESETKEY", needs: URLAUTH, mailboxes: Mailboxes::Reads };

/// `genurlauth = "GENURLAUTH" 1*(SP url-rump SP mechanism)`
pub fn genurlauth(url: &str, mechanism: Option<&str>) -> Result<Ask<Told>> {
    let mechanism = mechanism.unwrap_or("INTERNAL");
    if !url.to_ascii_uppercase().contains(";URLAUTH=") {
        let message = "a URL to be signed ends with ;URLAUTH= and who may use it, like ;URLAUTH=anonymous";
        return Err(Error::invalid(message));
    }
    Ok(Ask::new(&GENURLAUTH, vec![checked(url)?, atom(mechanism)?], Told::default()))
}

/// `resetkey = "RESETKEY" [SP mailbox *(SP mechanism)]`
pub fn resetkey(mailbox: Option<&str>, mechanisms: Option<&str>) -> Result<Ask<()>> {
    let mut arguments = Vec::new();
    match (mailbox, mechanisms) {
        (None, Some(_)) => return Err(Error::invalid("mechanisms are reset for one mailbox: name it")),
        (None, None) => {}
        (Some(mailbox), mechanisms) => {
            arguments.push(Argument::Mailbox(super::copy(mailbox)?));
            for mechanism in mechanisms.unwrap_or_default().split_ascii_whitespace() {
                arguments.push(atom(mechanism)?);
            }
        }
    }
    Ok(Ask::new(&RESETKEY, arguments, ()))
}

/// The answer of URLFETCH.
pub struct Behind {
    entries: Growing<Entry>,
}

impl Behind {
    /// `urlfetch = "URLFETCH" 1*(SP url-full)`; of URLAUTH=BINARY `"(" url-full *(SP url-fetch-param) ")"`.
    pub fn fetch(url: &str) -> Result<Ask<Behind>> {
        Ok(Behind::ask(vec![checked(url)?]))
    }

    /// Several, as the caller wrote them.
    pub fn all(words: &str, params: Option<&[&str]>) -> Result<Ask<Behind>> {
        let words = Words::parse(words, params)?;
        if words.is_empty() {
            return Err(Error::invalid("URLFETCH needs a URL"));
        }
        Ok(Behind::ask(vec![Argument::Words(words)]))
    }

    fn ask(arguments: Vec<Argument>) -> Ask<Behind> {
        Ask::new(&URLFETCH, arguments, Behind { entries: Growing::new(usize::MAX) })
    }
}

impl Answer for Behind {
    type Output = Box<Owned<Entries>>;

    const RESPONSES: &'static [&'static str] = &["URLFETCH"];

    fn take(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        let mut cursor = untagged.response.cursor(untagged.rest);
        loop {
            let start = cursor.clone();
            if cursor.astring().is_none() {
                return Ok(true);
            }
            let mut is_extended = true;
            while is_extended {
                is_extended = cursor.is_next(b'(');
                let mut is_content = true;
                let pushed = self.entries.push(|arena| {
                    let url = decode::astring(&mut start.clone(), arena)?.unwrap_or(Text::EMPTY);
                    let content = urlauth::content(&mut cursor, url, arena)?;
                    content.ok_or_else(|| {
                        is_content = false;
                        Error::invalid("no content")
                    })
                });
                match is_content {
                    true => pushed?,
                    false => return Ok(true),
                }
                is_extended = is_extended && cursor.is_next(b'(');
            }
        }
    }

    fn finish(self) -> Result<Self::Output> {
        self.entries.finish(|_, items, count| {
            Ok(imap_entries { items, count, origin: imap_origin::IMAP_ORIGIN_SERVER })
        })
    }
}

fn checked(url: &str) -> Result<Argument> {
    let is_url = url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("imap://"));
    if !is_url || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid(format!(
            "\"{}\" is no URL like imap://bob@host/INBOX/;UID=20",
            quote(url.as_bytes())
        )));
    }
    Ok(Argument::Text(super::copy(url)?))
}

/// `mechanism = "INTERNAL" / 1*(ALPHA / DIGIT / "-" / ".")`
fn atom(mechanism: &str) -> Result<Argument> {
    let is_atom = mechanism.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    match is_atom && !mechanism.is_empty() {
        true => Ok(Argument::Words(Words::parse(mechanism, None)?)),
        false => Err(Error::invalid("a mechanism of URLAUTH is a word like INTERNAL")),
    }
}
