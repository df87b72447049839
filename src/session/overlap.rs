//! Which commands may be in flight together (RFC 9051 section 5.5): those whose answers cannot be taken for
//! one another, and of which none changes what another's message numbers mean.

use std::sync::Arc;

use crate::model::Span;

/// What of the server's untagged data belongs to a command.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Nothing but its tagged reply.
    Nothing,
    /// All responses of these names.
    Named(&'static [&'static str]),
    /// The same of those that name the command's tag.
    Correlated(&'static [&'static str]),
    /// STATUS of this mailbox.
    Status(Arc<str>),
    /// FETCH responses of these messages.
    Fetch(Messages),
    /// EXPUNGE and VANISHED.
    Expunge,
    /// Untagged OK with COPYUID.
    Copied,
    /// Whatever comes: nothing else is in flight.
    Everything,
}

/// Messages that a command names.
#[derive(Clone, Debug)]
pub struct Messages {
    /// Sorted; empty if only the server knows which they are (`*`, `$`).
    pub spans: Arc<Vec<Span>>,
    pub by_uid: bool,
    /// Its answer is taken while it arrives: whose a literal is must be known before the UID may be.
    pub is_streamed: bool,
    /// VANISHED (EARLIER) belongs to its answer (RFC 7162).
    pub takes_vanished: bool,
}

/// How a command stands to message numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// Names messages by number, or is answered in numbers: no EXPUNGE may come meanwhile.
    Uses,
    /// The server may send EXPUNGE while it runs. All commands but FETCH, STORE and SEARCH by number.
    Renumbers,
}

/// How a command stands to the mailboxes as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailboxes {
    /// Neither names nor changes any but the selected one.
    Ignores,
    /// Its answer depends on which there are and what is in them.
    Reads,
    /// Makes, renames, removes them, or adds messages.
    Changes,
}

/// All that scheduling must know of a command line.
#[derive(Clone, Debug)]
pub struct Rules {
    pub claim: Claim,
    pub sequence: Sequence,
    pub mailboxes: Mailboxes,
}

impl Rules {
    /// A command that runs alone: it changes the state of the session, or we do not know it.
    pub const ALONE: Rules =
        Rules { claim: Claim::Everything, sequence: Sequence::Renumbers, mailboxes: Mailboxes::Changes };

    /// It changes what others mean: they keep their order to it.
    pub fn is_barrier(&self) -> bool {
        matches!(self.claim, Claim::Everything)
    }

    pub fn may_overlap(&self, other: &Rules) -> bool {
        self.keeps_numbers(other) && self.keeps_mailboxes(other) && self.claim.is_apart_from(&other.claim)
    }

    /// A command by message number never runs beside one during which the server may renumber: the server
    /// could have dropped a message before it reads the number.
    fn keeps_numbers(&self, other: &Rules) -> bool {
        self.sequence == other.sequence
    }

    /// The server may run two commands in either order: what reads mailboxes must not race with what
    /// changes them.
    fn keeps_mailboxes(&self, other: &Rules) -> bool {
        use Mailboxes::*;
        matches!((self.mailboxes, other.mailboxes), (Ignores, _) | (_, Ignores) | (Reads, Reads))
    }
}

impl Claim {
    fn is_apart_from(&self, other: &Claim) -> bool {
        use Claim::*;
        match (self, other) {
            // State changes, logins, unknown commands: any response could be theirs.
            (Everything, _) | (_, Everything) => false,
            (Nothing, _) | (_, Nothing) => true,
            // Two LISTs or two SEARCHes cannot be told apart; a LIST and a SEARCH can.
            (Named(a), Named(b)) => !a.iter().any(|name| b.contains(name)),
            // The response names the tag.
            (Correlated(_), _) | (_, Correlated(_)) => true,
            // The response names the mailbox.
            (Status(a), Status(b)) => !a.eq_ignore_ascii_case(b),
            // RETURN (STATUS ...) makes a LIST claim STATUS as well.
            (Named(names), Status(_)) | (Status(_), Named(names)) => !names.contains(&"STATUS"),
            // Told apart by UID, when each is answered with UIDs and no message is in both.
            (Fetch(a), Fetch(b)) => a.is_apart_from(b),
            // One list of numbers, one COPYUID.
            (Expunge, Expunge) | (Copied, Copied) => false,
            // MOVE is answered with EXPUNGE too.
            (Expunge, Copied) | (Copied, Expunge) => false,
            // Different kinds of responses.
            _ => true,
        }
    }
}

impl Messages {
    fn is_apart_from(&self, other: &Messages) -> bool {
        let known = !self.spans.is_empty() && !other.spans.is_empty();
        let is_held = !self.is_streamed && !other.is_streamed;
        let is_told = !(self.takes_vanished && other.takes_vanished);
        known && is_held && is_told && self.by_uid && other.by_uid && !overlap(&self.spans, &other.spans)
    }

    pub fn contains(&self, number: u32) -> bool {
        self.spans.is_empty() || {
            let behind = self.spans.partition_point(|span| span.last < number);
            self.spans.get(behind).is_some_and(|span| span.first <= number)
        }
    }
}

fn overlap(a: &[Span], b: &[Span]) -> bool {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        if x.last < y.first {
            a.next();
        } else if y.last < x.first {
            b.next();
        } else {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(first: u32, last: u32, by_uid: bool) -> Rules {
        let sequence = if by_uid { Sequence::Renumbers } else { Sequence::Uses };
        let messages = Messages {
            spans: Arc::new(vec![Span { first, last }]),
            by_uid,
            is_streamed: false,
            takes_vanished: false,
        };
        Rules { claim: Claim::Fetch(messages), sequence, mailboxes: Mailboxes::Ignores }
    }

    fn named(names: &'static [&'static str]) -> Rules {
        Rules { claim: Claim::Named(names), sequence: Sequence::Renumbers, mailboxes: Mailboxes::Reads }
    }

    fn status(mailbox: &[u8]) -> Rules {
        Rules { claim: Claim::Status(String::from_utf8_lossy(mailbox).into()), ..named(&[]) }
    }

    #[test]
    fn what_may_overlap() {
        assert!(fetch(1, 9, true).may_overlap(&fetch(10, 20, true)));
        assert!(!fetch(1, 10, true).may_overlap(&fetch(10, 20, true)));
        assert!(!fetch(1, 9, false).may_overlap(&fetch(10, 20, false)));
        assert!(!fetch(1, 9, false).may_overlap(&named(&["LIST"])));
        assert!(fetch(1, 9, true).may_overlap(&named(&["SEARCH", "ESEARCH"])));
        assert!(!named(&["LIST"]).may_overlap(&named(&["LIST", "STATUS"])));
        assert!(status(b"a").may_overlap(&status(b"b")));
        assert!(!status(b"a").may_overlap(&status(b"a")));
        assert!(!status(b"a").may_overlap(&named(&["LIST", "STATUS"])));
        assert!(!status(b"a").may_overlap(&Rules::ALONE));
        let mut streamed = fetch(1, 9, true);
        if let Claim::Fetch(messages) = &mut streamed.claim {
            messages.is_streamed = true;
        }
        assert!(!streamed.may_overlap(&fetch(10, 20, true)));
        assert!(streamed.may_overlap(&status(b"a")));
        let create = Rules { claim: Claim::Nothing, mailboxes: Mailboxes::Changes, ..named(&[]) };
        assert!(!status(b"a").may_overlap(&create));
        assert!(fetch(1, 9, true).may_overlap(&create));
    }
}
