//! URLAUTH (RFC 4467, RFC 5092, RFC 5524): URLs that let others read a message or a part of it.

use super::ask::{Answer, Argument, Ask, Form};
use crate::error::{Error, Result};
use crate::model::{Entries, Entry, Growing, Owned, Text, TextList, imap_entries, imap_texts};
use crate::session::{Facts, Mailboxes, Untagged, quote};
use crate::wire::urlauth;
use crate::wire::words::Words;

const URLAUTH: &[&str] = &["URLAUTH"];
const GENURLAUTH: Form = Form { name: "GENURLAUTH", needs: URLAUTH, mailboxes: Mailboxes::Reads };
const URLFETCH: Form = Form { name: "URLFETCH", needs: URLAUTH, mailboxes: Mailboxes::Reads };
const RESETKEY: Form = Form { name: "RESETKEY", needs: URLAUTH, mailboxes: Mailboxes::Reads };

/// The answer of GENURLAUTH: signed URLs.
#[derive(Default)]
pub struct Signed {
    urls: Vec<String>,
}

impl Signed {
    /// `genurlauth = "GENURLAUTH" 1*(SP url-rump SP mechanism)`
    pub fn sign(url: &str, mechanism: Option<&str>) -> Result<Ask<Signed>> {
        let mechanism = mechanism.unwrap_or("INTERNAL");
        if !url.to_ascii_uppercase().contains(";URLAUTH=") {
            let message =
                "a URL to be signed ends with ;URLAUTH= and who may use it, like ;URLAUTH=anonymous";
            return Err(Error::invalid(message));
        }
        let arguments = vec![checked(url)?, Argument::Words(Words::parse(&atom(mechanism)?, None)?)];
        Ok(Ask::new(&GENURLAUTH, arguments, Signed::default()))
    }

    /// `resetkey = "RESETKEY" [SP mailbox *(SP mechanism)]`
    pub fn reset(mailbox: Option<&str>, mechanisms: Option<&str>) -> Result<Ask<()>> {
        let mut arguments = Vec::new();
        match (mailbox, mechanisms) {
            (None, Some(_)) => return Err(Error::invalid("mechanisms are reset for one mailbox: name it")),
            (None, None) => {}
            (Some(mailbox), mechanisms) => {
                arguments.push(Argument::Mailbox(super::copy(mailbox)?));
                for mechanism in mechanisms.unwrap_or_default().split_ascii_whitespace() {
                    arguments.push(Argument::Words(Words::parse(&atom(mechanism)?, None)?));
                }
            }
        }
        Ok(Ask::new(&RESETKEY, arguments, ()))
    }
}

impl Answer for Signed {
    type Output = Box<Owned<TextList>>;

    const RESPONSES: &'static [&'static str] = &["GENURLAUTH"];

    fn take(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<()> {
        let mut cursor = untagged.response.cursor(untagged.rest);
        while let Some(url) = cursor.astring() {
            self.urls.try_reserve(1)?;
            self.urls.push(String::from_utf8_lossy(&url.bytes()?).into_owned());
        }
        Ok(())
    }

    fn finish(self) -> Result<Self::Output> {
        Owned::build(|arena| {
            let mut texts: Vec<Text<'_>> = Vec::new();
            texts.try_reserve_exact(self.urls.len())?;
            for url in &self.urls {
                texts.push(arena.text(url.as_bytes())?);
            }
            Ok(imap_texts { ..*arena.texts(&texts)? })
        })
    }
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

    fn take(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<()> {
        let mut cursor = untagged.response.cursor(untagged.rest);
        loop {
            let start = cursor.clone();
            if cursor.astring().is_none() {
                return Ok(());
            }
            let mut is_extended = true;
            while is_extended {
                is_extended = cursor.is_next(b'(');
                let mut is_content = true;
                let pushed = self.entries.push(|arena| {
                    let url = urlauth::url(&mut start.clone(), arena)?.unwrap_or(Text::EMPTY);
                    let content = urlauth::content(&mut cursor, url, arena)?;
                    content.ok_or_else(|| {
                        is_content = false;
                        Error::invalid("no content")
                    })
                });
                match is_content {
                    true => pushed?,
                    false => return Ok(()),
                }
                is_extended = is_extended && cursor.is_next(b'(');
            }
        }
    }

    fn finish(self) -> Result<Self::Output> {
        self.entries.finish(|_, items, count| Ok(imap_entries { items, count }))
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
fn atom(mechanism: &str) -> Result<String> {
    match mechanism.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        && !mechanism.is_empty()
    {
        true => super::copy(mechanism),
        false => Err(Error::invalid("a mechanism of URLAUTH is a word like INTERNAL")),
    }
}
