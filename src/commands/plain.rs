//! Commands that are answered by their tagged reply alone: NOOP, CHECK, CREATE, DELETE, RENAME, SUBSCRIBE,
//! UNSUBSCRIBE, CLOSE, UNSELECT, LOGOUT (RFC 9051 sections 6.1 to 6.4, RFC 3691).

use crate::error::Result;
use crate::model::imap_role;
use crate::session::{Claim, Command, Effect, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step};
use crate::wire::line::{self, Line};

pub struct Plain {
    verb: Verb,
}

enum Verb {
    Noop,
    Check,
    Logout,
    Close,
    Unselect,
    Create {
        mailbox: String,
        /// "\\Sent \\Drafts": what it is for (RFC 6154); "" for nothing in particular.
        uses: String,
    },
    Delete {
        mailbox: String,
    },
    Rename {
        mailbox: String,
        new_name: String,
    },
    Subscribe {
        mailbox: String,
    },
    Unsubscribe {
        mailbox: String,
    },
}

impl Plain {
    pub fn noop() -> Plain {
        Plain { verb: Verb::Noop }
    }

    pub fn check() -> Plain {
        Plain { verb: Verb::Check }
    }

    pub fn logout() -> Plain {
        Plain { verb: Verb::Logout }
    }

    pub fn close() -> Plain {
        Plain { verb: Verb::Close }
    }

    pub fn unselect() -> Plain {
        Plain { verb: Verb::Unselect }
    }

    pub fn create(mailbox: &str, role: imap_role) -> Result<Plain> {
        Plain::create_for(mailbox, attribute_of(role))
    }

    /// `uses`: "\\Drafts \\Sent", or "".
    pub fn create_for(mailbox: &str, uses: &str) -> Result<Plain> {
        line::flag_words(uses).try_for_each(line::check_flag)?;
        Ok(Plain { verb: Verb::Create { mailbox: super::copy(mailbox)?, uses: super::copy(uses)? } })
    }

    pub fn delete(mailbox: &str) -> Result<Plain> {
        Ok(Plain { verb: Verb::Delete { mailbox: super::copy(mailbox)? } })
    }

    pub fn rename(mailbox: &str, new_name: &str) -> Result<Plain> {
        Ok(Plain { verb: Verb::Rename { mailbox: super::copy(mailbox)?, new_name: super::copy(new_name)? } })
    }

    pub fn subscribe(mailbox: &str) -> Result<Plain> {
        Ok(Plain { verb: Verb::Subscribe { mailbox: super::copy(mailbox)? } })
    }

    pub fn unsubscribe(mailbox: &str) -> Result<Plain> {
        Ok(Plain { verb: Verb::Unsubscribe { mailbox: super::copy(mailbox)? } })
    }
}

impl Command for Plain {
    type Output = ();

    fn name(&self) -> &'static str {
        match self.verb {
            Verb::Noop => "NOOP",
            Verb::Check => "CHECK",
            Verb::Logout => "LOGOUT",
            Verb::Close => "CLOSE",
            Verb::Unselect => "UNSELECT",
            Verb::Create { .. } => "CREATE",
            Verb::Delete { .. } => "DELETE",
            Verb::Rename { .. } => "RENAME",
            Verb::Subscribe { .. } => "SUBSCRIBE",
            Verb::Unsubscribe { .. } => "UNSUBSCRIBE",
        }
    }

    fn rules(&self) -> Rules {
        let mailboxes = match self.verb {
            Verb::Noop | Verb::Check => Mailboxes::Ignores,
            Verb::Logout | Verb::Close | Verb::Unselect => return Rules::ALONE,
            _ => Mailboxes::Changes,
        };
        Rules { claim: Claim::Nothing, sequence: Sequence::Renumbers, mailboxes }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        match &self.verb {
            Verb::Noop | Verb::Logout => {}
            Verb::Check | Verb::Close => drop(facts.needs_selected()?),
            Verb::Unselect => {
                facts.needs_selected()?;
                facts.needs("UNSELECT")?;
            }
            _ => facts.needs_login()?,
        }
        // IMAP4rev2 has no CHECK: NOOP does the same.
        let is_check = matches!(self.verb, Verb::Check) && facts.is_rev2();
        if is_check {
            facts.may_emulate("CHECK")?;
        }
        line.word(if is_check { "NOOP" } else { Command::name(self) })?;
        match &self.verb {
            Verb::Create { mailbox, uses } => {
                line.mailbox(mailbox)?;
                if !uses.is_empty() {
                    facts.needs("CREATE-SPECIAL-USE")?;
                    line.word("(USE")?;
                    line.flags(uses)?;
                    line.raw(b")")?;
                }
            }
            Verb::Delete { mailbox } | Verb::Subscribe { mailbox } | Verb::Unsubscribe { mailbox } => {
                line.mailbox(mailbox)?;
            }
            Verb::Rename { mailbox, new_name } => {
                line.mailbox(mailbox)?;
                line.mailbox(new_name)?;
            }
            _ => {}
        }
        Ok(match self.verb {
            Verb::Close | Verb::Unselect => Next::SendAndUnselect,
            _ => Next::Send,
        })
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        if let Verb::Logout = self.verb {
            return Ok(Step::done(Effect::Logout));
        }
        reply.ok()?;
        Ok(Step::DONE)
    }

    fn is_goodbye(&self) -> bool {
        matches!(self.verb, Verb::Logout)
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}

/// The attribute that CREATE's USE takes (RFC 6154 section 3).
fn attribute_of(role: imap_role) -> &'static str {
    match role {
        imap_role::IMAP_ROLE_NONE | imap_role::IMAP_ROLE_INBOX => "",
        imap_role::IMAP_ROLE_ALL => "\\All",
        imap_role::IMAP_ROLE_ARCHIVE => "\\Archive",
        imap_role::IMAP_ROLE_DRAFTS => "\\Drafts",
        imap_role::IMAP_ROLE_FLAGGED => "\\Flagged",
        imap_role::IMAP_ROLE_IMPORTANT => "\\Important",
        imap_role::IMAP_ROLE_JUNK => "\\Junk",
        imap_role::IMAP_ROLE_SENT => "\\Sent",
        imap_role::IMAP_ROLE_TRASH => "\\Trash",
    }
}
