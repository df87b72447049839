//! LANGUAGE and COMPARATOR (RFC 5255): in which language the server speaks, and how it compares.

use super::ask::{Argument, Ask, Form};
use super::told::Told;
use crate::error::{Error, Result};
use crate::session::Mailboxes;

const LANGUAGE: Form = Form { name: "LANGUAGE", needs: &["LANGUAGE"], mailboxes: Mailboxes::Changes };
const COMPARATOR: Form = Form { name: "COMPARATOR", needs: &["I18NLEVEL=2"], mailboxes: Mailboxes::Changes };

/// `language-cmd = "LANGUAGE" *(SP lang-range-quoted)`; none asks for all that the server has.
pub fn language(tags: Option<&str>) -> Result<Ask<Told>> {
    ask(&LANGUAGE, tags, "-*", "a language is named like \"de\" or \"pt-BR\"")
}

/// `comparator-cmd = "COMPARATOR" *(SP comp-order-quoted)`; none asks for the one in use.
pub fn comparator(comparators: Option<&str>) -> Result<Ask<Told>> {
    ask(&COMPARATOR, comparators, "-;=.*/:+_", "a comparator is named like \"i;unicode-casemap\"")
}

fn ask(form: &'static Form, names: Option<&str>, marks: &str, rule: &'static str) -> Result<Ask<Told>> {
    let mut arguments = Vec::new();
    for name in names.unwrap_or_default().split_ascii_whitespace() {
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c)) {
            return Err(Error::invalid(rule));
        }
        arguments.try_reserve(1)?;
        arguments.push(Argument::Text(super::copy(name)?));
    }
    Ok(Ask::new(form, arguments, Told::default()))
}
