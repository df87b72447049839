//! Any response as an event.

#![forbid(unsafe_code)]

use super::buffer::append;
use super::cursor::Response;
use super::response::{Condition, Head, News};
use super::search::{self, Update, Updates};
use super::{code, fetch, flags, list, status, utf7, value};
use crate::error::NoMemory;
use crate::model::{
    Arena, Bytes, EMPTY_SET, Event, List, Owned, Text, imap_code::*, imap_event, imap_event_kind::*,
    imap_message, imap_response_code, imap_set,
};

/// What a response tells. `is_early`: it came before TLS or login; `is_utf8`: UTF8=ACCEPT is enabled.
pub fn event<'a>(
    response: &Response<'_>,
    is_early: bool,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_event<'a>, NoMemory> {
    let telling = Tellings::of(response).next_telling()?;
    telling.unwrap_or(Telling { response, update: None }).event(is_early, is_utf8, arena)
}

/// All that a response tells: one event, except for the changes of an answer that is kept up to date (RFC 5267), of
/// which one response can hold many.
pub struct Tellings<'r, 'b> {
    response: &'r Response<'b>,
    updates: Option<(u32, Updates<'b>)>,
    is_first: bool,
}

/// What becomes one event.
pub struct Telling<'r, 'b> {
    response: &'r Response<'b>,
    /// The search, the change, and whether it is the first of the response: that one has all of it.
    update: Option<(u32, Update, bool)>,
}

impl<'r, 'b> Tellings<'r, 'b> {
    pub fn of(response: &'r Response<'b>) -> Tellings<'r, 'b> {
        let updates = match Head::of(response) {
            Head::Untagged { news: News::Esearch, rest, .. } => {
                let id = search::tag(response, rest).map_or(0, search::update_id);
                Some((id, Updates::of(response, rest)))
            }
            _ => None,
        };
        Tellings { response, updates, is_first: true }
    }

    pub fn next_telling(&mut self) -> Result<Option<Telling<'r, 'b>>, NoMemory> {
        let is_first = std::mem::take(&mut self.is_first);
        let update = match &mut self.updates {
            Some((id, updates)) => updates.next_update()?.map(|update| (*id, update, is_first)),
            None => None,
        };
        let is_any = update.is_some() || is_first;
        Ok(is_any.then_some(Telling { response: self.response, update }))
    }
}

impl Telling<'_, '_> {
    pub fn event<'a>(
        &self,
        is_early: bool,
        is_utf8: bool,
        arena: &'a Arena,
    ) -> Result<imap_event<'a>, NoMemory> {
        let Some((update_id, update, is_first)) = &self.update else {
            return whole(self.response, is_early, is_utf8, arena);
        };
        let told = match is_first {
            true => whole(self.response, is_early, is_utf8, arena)?,
            false => imap_event { name: Text::fixed(c"ESEARCH"), is_early, ..NOTHING },
        };
        Ok(imap_event {
            kind: IMAP_EVENT_SEARCH,
            set: arena.set(update.set.copy()?)?,
            is_removed: update.is_removed,
            update_id: *update_id,
            position: update.position,
            ..told
        })
    }
}

fn whole<'a>(
    response: &Response<'_>,
    is_early: bool,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_event<'a>, NoMemory> {
    let told = match Head::of(response) {
        Head::Untagged { number, name, rest, .. } => {
            let data = Data { response, number, name, rest };
            imap_event { name: code::upper(name, arena)?, ..data.event(is_utf8, arena)? }
        }
        Head::Condition { condition, text } => state(response, condition, text, arena)?,
        Head::Tagged { condition, text, .. } => {
            imap_event { kind: IMAP_EVENT_TAGGED, flags: None, ..state(response, condition, text, arena)? }
        }
        Head::Continue { text } => imap_event { name: Text::fixed(c"+"), text: arena.text(text)?, ..NOTHING },
        Head::Unknown => imap_event { name: Text::EMPTY, text: arena.text(response.bytes)?, ..NOTHING },
    };
    let (raw, raw_len) = (arena.raw(response.bytes)?, response.bytes.len());
    Ok(imap_event { is_early, raw, raw_len, ..told })
}

/// Events were lost.
pub fn overflow() -> Result<Box<Owned<Event>>, NoMemory> {
    Owned::build(|_| Ok(imap_event { kind: IMAP_EVENT_OVERFLOW, name: Text::fixed(c"OVERFLOW"), ..NOTHING }))
}

/// The connection stands, or has ended for this reason.
pub fn connection(closed: Option<&str>) -> Result<Box<Owned<Event>>, NoMemory> {
    Owned::build(|arena| {
        Ok(match closed {
            None => imap_event { kind: IMAP_EVENT_CONNECTED, name: Text::fixed(c"CONNECTED"), ..NOTHING },
            Some(why) => imap_event {
                kind: IMAP_EVENT_CLOSED,
                name: Text::fixed(c"CLOSED"),
                text: arena.text(why.as_bytes())?,
                ..NOTHING
            },
        })
    })
}

static NOTHING: imap_event<'static> = imap_event {
    kind: IMAP_EVENT_OTHER,
    name: Text::NONE,
    number: 0,
    uid: 0,
    text: Text::NONE,
    code: None,
    set: &EMPTY_SET,
    message: None,
    flags: None,
    mailbox: None,
    counts: None,
    is_early: false,
    is_earlier: false,
    is_removed: false,
    update_id: 0,
    position: 0,
    done: -1,
    total: -1,
    values: List::EMPTY,
    value_count: 0,
    raw: Bytes::NONE,
    raw_len: 0,
};

/// `resp-cond-state = ("OK" / "NO" / "BAD") SP resp-text`, BYE and PREAUTH: by their code. What follows the
/// condition is text, not values.
fn state<'a>(
    response: &Response<'_>,
    condition: Condition,
    at: usize,
    arena: &'a Arena,
) -> Result<imap_event<'a>, NoMemory> {
    let reply = code::reply(response, at, arena)?;
    let kind = match reply.code.map(|code| code.code) {
        _ if condition == Condition::Bye => IMAP_EVENT_BYE,
        Some(IMAP_CODE_ALERT) => IMAP_EVENT_ALERT,
        Some(IMAP_CODE_READ_ONLY | IMAP_CODE_READ_WRITE) => IMAP_EVENT_ACCESS,
        Some(IMAP_CODE_PERMANENTFLAGS) => IMAP_EVENT_FLAGS,
        Some(IMAP_CODE_CLOSED) => IMAP_EVENT_UNSELECTED,
        Some(IMAP_CODE_INPROGRESS) => IMAP_EVENT_PROGRESS,
        // RFC 5465 section 5.8: the server had more to tell than it could.
        Some(IMAP_CODE_NOTIFICATIONOVERFLOW) => IMAP_EVENT_OVERFLOW,
        _ => IMAP_EVENT_NOTICE,
    };
    let flags = match code::head(response.bytes.get(at..).unwrap_or_default()) {
        Some((head, _)) if kind == IMAP_EVENT_FLAGS => Some(code::permanent_flags(&head, arena)?),
        _ => None,
    };
    let name = arena.text(condition.name().as_bytes())?;
    let (done, total) = match reply.code.filter(|_| kind == IMAP_EVENT_PROGRESS) {
        Some(code) => (code.number, total(code)),
        None => (-1, -1),
    };
    Ok(imap_event { kind, name, text: reply.text, code: reply.code, flags, done, total, ..NOTHING })
}

/// `"INPROGRESS" [SP "(" tag SP done SP goal ")"]` (RFC 9585).
fn total(code: &imap_response_code<'_>) -> i64 {
    code.texts.items.iter().nth(2).and_then(|goal| goal.parse().ok()).unwrap_or(-1)
}

/// An untagged response that is no condition.
struct Data<'r, 'b> {
    response: &'r Response<'b>,
    number: Option<u32>,
    name: &'b [u8],
    rest: usize,
}

impl Data<'_, '_> {
    fn is(&self, known: &str) -> bool {
        self.name.eq_ignore_ascii_case(known.as_bytes())
    }

    /// `response-data`: the typed fields by the name, and all of it as values; only FETCH has none of those,
    /// lest each message be held twice.
    fn event<'a>(&self, is_utf8: bool, arena: &'a Arena) -> Result<imap_event<'a>, NoMemory> {
        let told = match self.number {
            Some(number) => self.of_message(number, arena)?,
            None => self.of_mailbox(is_utf8, arena)?,
        };
        if told.message.is_some() {
            return Ok(told);
        }
        let (values, value_count) = value::values(&mut self.response.cursor(self.rest), arena)?;
        Ok(imap_event { values, value_count, ..told })
    }

    /// `message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))`, EXISTS, RECENT, UIDFETCH (RFC 9586).
    fn of_message<'a>(&self, number: u32, arena: &'a Arena) -> Result<imap_event<'a>, NoMemory> {
        let numbered = imap_event { number, ..NOTHING };
        Ok(if self.is("EXISTS") {
            imap_event { kind: IMAP_EVENT_EXISTS, ..numbered }
        } else if self.is("RECENT") {
            imap_event { kind: IMAP_EVENT_RECENT, ..numbered }
        } else if self.is("EXPUNGE") {
            imap_event { kind: IMAP_EVENT_EXPUNGE, ..numbered }
        } else if self.is("FETCH") {
            let message = arena.put(self.message(number, arena)?)?;
            imap_event { kind: IMAP_EVENT_MESSAGE, message: Some(message), uid: message.uid, ..numbered }
        } else if self.is("UIDFETCH") {
            let (asked, limits) = (fetch::Asked::default(), fetch::Limits::default());
            let found = fetch::uid_message(self.response, number, self.rest, asked, &limits, arena)?;
            let message = Some(arena.put(found)?);
            imap_event { kind: IMAP_EVENT_MESSAGE, message, uid: number, ..NOTHING }
        } else {
            numbered
        })
    }

    fn message<'a>(&self, number: u32, arena: &'a Arena) -> Result<imap_message<'a>, NoMemory> {
        let (asked, limits) = (fetch::Asked::default(), fetch::Limits::default());
        fetch::message(self.response, number, self.rest, asked, &limits, arena)
    }

    /// `mailbox-data` and what else has no number.
    fn of_mailbox<'a>(&self, is_utf8: bool, arena: &'a Arena) -> Result<imap_event<'a>, NoMemory> {
        let (response, rest) = (self.response, self.rest);
        Ok(if self.is("FLAGS") {
            let flags = flags::flags(&mut response.cursor(rest), arena).transpose()?;
            imap_event { kind: IMAP_EVENT_FLAGS, flags, ..NOTHING }
        } else if self.is("LIST") || self.is("LSUB") || self.is("XLIST") {
            match list::mailbox(response, rest, is_utf8, arena)? {
                Some(mailbox) => {
                    imap_event { kind: IMAP_EVENT_MAILBOX, mailbox: Some(arena.put(mailbox)?), ..NOTHING }
                }
                None => NOTHING,
            }
        } else if self.is("STATUS") {
            let counts = arena.put(status::counts(response, rest, is_utf8, arena)?)?;
            imap_event { kind: IMAP_EVENT_STATUS, counts: Some(counts), ..NOTHING }
        } else if self.is("VANISHED") {
            self.vanished(arena)?
        } else if self.is("CAPABILITY") {
            imap_event { kind: IMAP_EVENT_CAPABILITY, ..NOTHING }
        } else if ["METADATA", "ANNOTATION", "ACL", "QUOTA", "QUOTAROOT"].iter().any(|name| self.is(name)) {
            let mut name = Vec::new();
            if let Some(sent) = response.cursor(rest).astring() {
                let sent = sent.bytes()?;
                match is_utf8 {
                    true => append(&mut name, &sent)?,
                    false => drop(utf7::decode(&sent, &mut name)?),
                }
            }
            imap_event { kind: IMAP_EVENT_METADATA, text: arena.text(&name)?, ..NOTHING }
        } else {
            NOTHING
        })
    }

    /// `expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids` (RFC 7162); without UIDs the set is empty.
    fn vanished<'a>(&self, arena: &'a Arena) -> Result<imap_event<'a>, NoMemory> {
        let mut cursor = self.response.cursor(self.rest);
        let is_earlier = cursor.take(b'(') && cursor.take_word(b"EARLIER");
        if is_earlier {
            cursor.take(b')');
        }
        let set: &imap_set = match cursor.atom().and_then(imap_set::from_response) {
            Some(set) => arena.set(set?)?,
            None => &EMPTY_SET,
        };
        Ok(imap_event { kind: IMAP_EVENT_VANISHED, set, is_earlier, ..NOTHING })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::namespace;

    /// Shows an event: kind, name, number, text, and what else it holds.
    fn shown(sent: &[u8]) -> String {
        let arena = Arena::new();
        let event = event(&Response::new(sent, &[]), false, false, &arena).unwrap();
        let mut parts = vec![format!("{:?}", event.kind).replace("IMAP_EVENT_", "")];
        parts.push(event.name.get().unwrap().into());
        parts.extend((event.number > 0).then(|| event.number.to_string()));
        parts.extend(event.text.get().map(|text| format!("<{text}>")));
        parts.extend(event.code.map(|code| format!("[{}]", code.name.get().unwrap())));
        parts.extend(event.flags.map(|flags| format!("({})", flags.text.get().unwrap())));
        parts.extend(event.message.map(|message| format!("message {} {}", message.number, message.uid)));
        parts.extend(event.mailbox.map(|mailbox| format!("mailbox {}", mailbox.name.get().unwrap())));
        parts.extend(event.counts.map(|counts| format!("counts {}", counts.messages)));
        parts.extend(event.set.spans().iter().map(|span| format!("{}-{}", span.first, span.last)));
        parts.extend(event.is_earlier.then(|| "earlier".into()));
        parts.extend((event.done >= 0).then(|| format!("{} of {}", event.done, event.total)));
        parts.extend((event.value_count > 0).then(|| format!("values {}", event.value_count)));
        parts.join(" ")
    }

    const SAMPLES: [(&[u8], &str); 40] = [
        (b"* METADATA \"&AMQ-\" /shared/comment", "METADATA METADATA <Ä> values 2"),
        (b"* QUOTA \"\" (STORAGE 10 512)", "METADATA QUOTA <> values 5"),
        (b"* OK [INPROGRESS (\"a\" 454 1000)] hm", "PROGRESS OK <hm> [INPROGRESS] 454 of 1000"),
        (b"* NO [NOTIFICATIONOVERFLOW] x", "OVERFLOW NO <x> [NOTIFICATIONOVERFLOW]"),
        (b"* 23 EXISTS\r\n", "EXISTS EXISTS 23"),
        (b"* 0 EXISTS", "EXISTS EXISTS"),
        (b"* 5 recent", "RECENT RECENT 5"),
        (b"* 44 EXPUNGE", "EXPUNGE EXPUNGE 44"),
        (b"* 12 FETCH (FLAGS (\\Seen) UID 4827313)", "MESSAGE FETCH 12 message 12 4827313"),
        (b"* 25996 UIDFETCH (FLAGS (\\Seen))", "MESSAGE UIDFETCH message 0 25996"),
        (b"* VANISHED (EARLIER) 41,43:116", "VANISHED VANISHED 41-41 43-116 earlier values 3"),
        (b"* VANISHED 405", "VANISHED VANISHED 405-405 values 1"),
        (b"* VANISHED (EARLIER)", "VANISHED VANISHED earlier values 2"),
        (b"* VANISHED", "VANISHED VANISHED"),
        (b"* FLAGS (\\Answered \\*)", "FLAGS FLAGS (\\Answered \\*) values 3"),
        (b"* FLAGS NIL", "FLAGS FLAGS () values 1"),
        (b"* LIST (\\Noselect) \"/\" foo (OLDNAME (\"a\"))", "MAILBOX LIST mailbox foo values 8"),
        (b"* lsub () \".\" \"#news\"", "MAILBOX LSUB mailbox #news values 3"),
        (b"* XLIST (\\Inbox) \"/\" Posteingang", "MAILBOX XLIST mailbox Posteingang values 4"),
        (b"* LIST", "OTHER LIST"),
        (b"* STATUS INBOX (MESSAGES 231 X (1))", "STATUS STATUS counts 231 values 7"),
        (b"* CAPABILITY IMAP4rev2 IDLE", "CAPABILITY CAPABILITY values 2"),
        (b"* OK [ALERT] down at noon", "ALERT OK <down at noon> [ALERT]"),
        (b"* OK [READ-ONLY] now", "ACCESS OK <now> [READ-ONLY]"),
        (b"* OK [PERMANENTFLAGS (\\Seen \\*)] Limited", "FLAGS OK <Limited> [PERMANENTFLAGS] (\\Seen \\*)"),
        (b"* OK [CLOSED] gone", "UNSELECTED OK <gone> [CLOSED]"),
        (b"* NO Disk is 98% full", "NOTICE NO <Disk is 98% full>"),
        (b"* BAD what", "NOTICE BAD <what>"),
        (b"* PREAUTH hello", "NOTICE PREAUTH <hello>"),
        (b"* BYE [ALERT] so long", "BYE BYE <so long> [ALERT]"),
        (b"A1 OK [READ-WRITE] SELECT completed", "TAGGED OK <SELECT completed> [READ-WRITE]"),
        (b"A1 BAD nonsense", "TAGGED BAD <nonsense>"),
        (b"[COPYUID 55 31 6]", "NOTICE OK <> [COPYUID]"),
        (b"Server Unavailable. 15", "NOTICE BAD <Server Unavailable. 15>"),
        (b"+ idling", "OTHER + <idling>"),
        (b"* 99 NOOP", "OTHER NOOP 99"),
        (b"* SEARCH 2 84 (MODSEQ 9)", "OTHER SEARCH values 5"),
        (b"* ESEARCH (TAG \"a\") UID ALL 2:9 PARTIAL (1:2 3)", "OTHER ESEARCH values 10"),
        (b"* NAMESPACE ((\"\" \"/\" \"X\" (\"Y\"))) NIL NIL", "OTHER NAMESPACE values 9"),
        (b"* QUOTA {2}\r\na\" (STORAGE 10 512)", "METADATA QUOTA <a\"> values 5"),
    ];

    #[test]
    fn responses_are_told() {
        for (sent, expected) in SAMPLES {
            assert_eq!(shown(sent), expected, "{}", String::from_utf8_lossy(sent));
        }
    }

    #[test]
    fn the_response_itself_comes_along() {
        let arena = Arena::new();
        let event = event(&Response::new(b"* 3 EXISTS\r\n", &[]), true, false, &arena).unwrap();
        assert!(event.is_early);
        assert_eq!(event.raw_len, b"* 3 EXISTS".len());
        assert!(!event.raw.is_none());
    }

    #[test]
    fn cut_anywhere_or_changed_anywhere_nothing_panics() {
        for (sent, _) in SAMPLES {
            for cut in 0..=sent.len() {
                shown_by_all(&sent[..cut]);
                for byte in *b" ()[]\"\\{}*\r\n\0\xff9" {
                    let mut changed = sent.to_vec();
                    if let Some(place) = changed.get_mut(cut) {
                        *place = byte;
                    }
                    shown_by_all(&changed);
                }
            }
        }
    }

    fn shown_by_all(sent: &[u8]) {
        shown(sent);
        let (arena, response) = (Arena::new(), Response::new(sent, &[]));
        let mut found = search::Found::default();
        for rest in [0, 2, sent.len() / 2, sent.len(), sent.len() + 1] {
            search::search(&response, rest, &mut found).unwrap();
            search::esearch(&response, rest, &mut found).unwrap();
            search::tag(&response, rest);
            list::mailbox(&response, rest, true, &arena).unwrap();
            list::name_of(&response, rest);
            status::counts(&response, rest, true, &arena).unwrap();
            status::name_of(&response, rest);
            namespace::namespaces(&response, rest, false, &arena).unwrap();
        }
    }
}
