//! What kind of server it is, by its greeting and its ID, as far as that changes what it is sent. Only what servers of
//! that name are known not to stand, and what their capabilities do not tell.

/// How a server must be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Bytes in one command line that it takes.
    pub max_line: usize,
    /// STATUS commands in flight.
    pub max_status: usize,
    /// It wants to know who we are before a mailbox is selected, or takes the login for an unsafe one.
    pub wants_id: bool,
    /// It drops the connection at NAMESPACE.
    lacks_namespace: bool,
}

/// So many STATUS commands go out together, unless a server is known to take fewer.
const MANY: usize = 128;

impl Default for Peer {
    fn default() -> Peer {
        Peer { max_line: usize::MAX, max_status: MANY, wants_id: false, lacks_namespace: false }
    }
}

type Known = (&'static [u8], fn(&mut Peer));

/// Words of a greeting or an ID, and what they mean.
const KNOWN: [Known; 6] = [
    (b"Microsoft Exchange", |peer| peer.max_status = 25),
    (b"Microsoft.Exchange", |peer| peer.max_status = 25),
    (b"Microsoft Exchange Server 2003", |peer| peer.lacks_namespace = true),
    (b"Coremail System", |peer| peer.wants_id = true),
    // The University of Washington's, by its version: "IMAP4rev1 2007f.404".
    (b"IMAP4rev1 200", |peer| peer.max_line = 1000),
    (b"imapgate", |peer| peer.max_line = 1000),
];

impl Peer {
    /// What a greeting, or the ID response, says of the server.
    pub fn learn(&mut self, text: &[u8]) {
        let head = &text[..text.len().min(1000)];
        for (words, apply) in KNOWN {
            if memchr::memmem::find(head, words).is_some() {
                apply(self);
            }
        }
    }

    /// What it says it has and has not.
    pub fn lacks(&self, capability: &str) -> bool {
        self.lacks_namespace && capability.eq_ignore_ascii_case("NAMESPACE")
    }

    /// So many STATUS commands together were too many.
    pub fn slow_down(&mut self, in_flight: usize) {
        self.max_status = self.max_status.min(in_flight / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_known_by_their_words() {
        let of = |text: &str| {
            let mut peer = Peer::default();
            peer.learn(text.as_bytes());
            peer
        };
        assert_eq!(of("Dovecot ready."), Peer::default());
        assert_eq!(of("The Microsoft Exchange IMAP4 service is ready.").max_status, 25);
        assert_eq!(of("(\"name\" \"Microsoft.Exchange.Imap4.Imap4Server\")").max_status, 25);
        let old = of("Microsoft Exchange Server 2003 IMAP4rev1 server version 6.5.7638.1 ready.");
        assert!(old.lacks("namespace") && !old.lacks("IDLE") && old.max_status == 25);
        assert!(of("Coremail System IMap Server Ready(163com[b62b])").wants_id);
        assert_eq!(
            of("[CAPABILITY IMAP4REV1] localhost IMAP4rev1 2007f.404 at Mon, 1 Jan 2024").max_line,
            1000
        );
        assert_eq!(of("IMAP4rev1 imapgate-1.9_3.373 imap412").max_line, 1000);
    }

    #[test]
    fn fewer_at_once_after_a_bad() {
        let mut peer = Peer::default();
        peer.slow_down(50);
        assert_eq!(peer.max_status, 25);
        peer.slow_down(100);
        assert_eq!(peer.max_status, 25);
        (0..10).for_each(|_| peer.slow_down(1));
        assert_eq!(peer.max_status, 1);
    }
}
