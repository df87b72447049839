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
}

impl Answer for Identity {
    type Output = Box<Owned<Pairs>>;

    const RESPONSES: &'static [&'static str] = &["ID"];

    fn take(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<()> {
        let made: Result<_, NoMemory> =
            Owned::build(|arena| id::parameters(&untagged.response, untagged.rest, arena));
        self.server = Some(made?);
        Ok(())
    }

    fn finish(self) -> Result<Self::Output> {
        match self.server {
            Some(server) => Ok(server),
            None => Owned::build(|_| Ok(imap_pairs::EMPTY)),
        }
    }
}
