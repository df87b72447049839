//! ID (RFC 2971): who the client is, who the server is.

use super::ask::{Answer, Argument, Ask, Form};
use crate::error::{Error, NoMemory, Result};
use crate::model::{Owned, Pairs, imap_pairs};
use crate::session::{Facts, Mailboxes, Untagged};
use crate::wire::id;

const ID: Form = Form { name: "ID", needs: &["ID"], mailboxes: Mailboxes::Ignores };

#[derive(Default)]
pub struct Identity {
    server: Option<Box<Owned<Pairs>>>,
}

impl Identity {
    /// Name, value, name, value; None sends NIL.
    pub fn ask(fields: Option<&[&str]>) -> Result<Ask<Identity>> {
        let mut arguments = Vec::new();
        match fields {
            None | Some([]) => arguments.push(Argument::Value(None)),
            Some(fields) => {
                if fields.len() % 2 == 1 || fields.len() > 60 {
                    return Err(Error::invalid("ID takes names and values in turn, 30 of each at most"));
                }
                arguments.push(Argument::Open);
                for field in fields {
                    arguments.push(Argument::Text(super::copy(field)?));
                }
                arguments.push(Argument::Close);
            }
        }
        Ok(Ask::new(&ID, arguments, Identity::default()))
    }

    /// What follows a login: `text` as of IMAP_OPTION_ID, "name=libfoo version=1.0", where the server has ID; without it
    /// our own name for servers that let nobody in who has none.
    pub fn offered(text: Option<&str>) -> Result<Ask<Identity>> {
        let has = |facts: &Facts| facts.has("ID") && facts.needs_login().is_ok();
        let is_wanted = |facts: &Facts| facts.has("ID") && facts.peer.wants_id && facts.needs_login().is_ok();
        let Some(text) = text else {
            let own = ["name", "libimap", "version", env!("CARGO_PKG_VERSION")];
            return Ok(Identity::ask(Some(&own))?.only_when(is_wanted));
        };
        let mut fields = Vec::new();
        for pair in text.split_ascii_whitespace() {
            let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
                return Err(Error::invalid(
                    "an ID is \"name=libfoo version=1.0\": names, = and values without spaces",
                ));
            };
            fields.extend([name, value]);
        }
        Ok(Identity::ask(Some(&fields))?.only_when(has))
    }
}

impl Answer for Identity {
    type Output = Box<Owned<Pairs>>;

    const RESPONSES: &'static [&'static str] = &["ID"];

    fn take(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        let made: Result<_, NoMemory> =
            Owned::build(|arena| id::parameters(untagged.response, untagged.rest, arena));
        self.server = Some(made?);
        Ok(true)
    }

    fn finish(self) -> Result<Self::Output> {
        match self.server {
            Some(server) => Ok(server),
            None => Owned::build(|_| Ok(imap_pairs::EMPTY)),
        }
    }
}
