//! GETJMAPACCESS (RFC 9698): where the same mail is to be had by JMAP.

use super::ask::{Ask, Form};
use super::told::Told;
use crate::session::Mailboxes;

const GETJMAPACCESS: Form =
    Form { name: "GETJMAPACCESS", needs: &["JMAPACCESS"], mailboxes: Mailboxes::Ignores };

pub fn jmap_access() -> Ask<Told> {
    Ask::new(&GETJMAPACCESS, Vec::new(), Told::default())
}
