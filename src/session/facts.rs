//! What is known of the connection: commands read it, the session alone writes it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Peer;
use super::capability::Capabilities;
use super::numbering::Numbering;
use super::overlap::Sequence;
use crate::error::{Error, NoMemory, Result, imap_status::*};
use crate::model::{
    Arena, EMPTY_SET, List, Owned, Selected, imap_flags, imap_origin, imap_selected, imap_state,
};
use crate::wire::cursor::Response;
use crate::wire::line::Dialect;
use crate::wire::{code, fetch, flags};

/// The limits and deadlines of one client; the options set them.
#[derive(Clone, Debug)]
pub struct Settings {
    pub max_line: usize,
    pub max_literal: u64,
    pub max_result: usize,
    pub max_nesting: usize,
    pub max_addresses: usize,
    pub max_events: usize,
    pub max_in_flight: usize,
    pub max_unasked_literal: usize,
    pub max_sasl_rounds: u32,
    pub min_iterations: u32,
    pub max_iterations: u32,
    /// What may be kept of a stream when its reader wants something else first.
    pub spool: usize,
    /// An IDLE is ended and begun anew after this time.
    pub idle_renew: Duration,
    /// A peer that is silent for so long, though it should answer, is dead.
    pub dead_peer: Duration,
    /// Where the server cannot tell news by itself, it is asked as often as that.
    pub poll_interval: Duration,
    pub drain_bytes: u64,
    pub drain_timeout: Duration,
    pub greeting_timeout: Option<Duration>,
    /// Silence during a command.
    pub command_timeout: Option<Duration>,
    /// A command in all.
    pub command_deadline: Option<Duration>,
    pub close_timeout: Duration,
    pub allow_plaintext_login: bool,
    pub sasl_ir: bool,
    /// Bytes in one command line that we send.
    pub max_command_line: usize,
    /// What the server lacks is done by other means.
    pub emulate: bool,
    /// The server's name, as the caller gave it, and the realm, both for mechanisms that want them.
    pub host: String,
    /// The port that is connected to; None: not known.
    pub port: Option<u16>,
    pub realm: Option<String>,
    /// A bare CR or LF in bytes to be appended becomes CRLF.
    pub append_crlf: bool,
    /// Bytes of traffic that are kept for the trace; 0: none.
    pub trace: usize,
    /// The connection may be made anew: what is needed to tell what changed meanwhile is kept.
    pub is_kept: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_line: 64 << 20,
            max_literal: 1 << 30,
            max_result: usize::try_from(4u64 << 30).unwrap_or(usize::MAX),
            max_nesting: 64,
            max_addresses: 65536,
            max_events: 10_000,
            max_in_flight: 128,
            max_unasked_literal: 65536,
            max_sasl_rounds: 8,
            min_iterations: 4096,
            max_iterations: 1_000_000,
            spool: 0,
            idle_renew: Duration::from_secs(540),
            dead_peer: Duration::from_secs(60),
            poll_interval: Duration::from_secs(60),
            drain_bytes: 16 << 20,
            drain_timeout: Duration::from_secs(10),
            greeting_timeout: Some(Duration::from_secs(30)),
            command_timeout: Some(Duration::from_secs(60)),
            command_deadline: None,
            close_timeout: Duration::from_secs(5),
            allow_plaintext_login: false,
            sasl_ir: true,
            max_command_line: 8000,
            host: String::new(),
            port: None,
            realm: None,
            emulate: true,
            append_crlf: false,
            trace: 65536,
            is_kept: false,
        }
    }
}

pub struct Facts {
    pub settings: Arc<Settings>,
    pub state: imap_state,
    /// None: not known; ask. See `set_capabilities`.
    pub capabilities: Option<Capabilities>,
    /// How often the server has told them: whoever remembers the number sees whether they are news.
    pub(super) capabilities_told: u32,
    /// resp-text of the greeting.
    pub greeting: Vec<u8>,
    pub peer: Peer,
    pub is_tls: bool,
    pub is_compressed: bool,
    /// tls-server-end-point of the server's certificate (RFC 5929), for SASL; None: there is none.
    pub channel_binding: Option<Vec<u8>>,
    /// On this connection a secret was to be proved without being shown: whoever made that fail is not shown it.
    pub hides_secret: bool,
    /// UTF8=ACCEPT or IMAP4rev2 is enabled.
    pub is_utf8: bool,
    /// What was ENABLEd, in upper case.
    pub enabled: Vec<String>,
    /// What the server says it has, and does not understand.
    lacking: Vec<&'static str>,
    /// How literals may be sent, as follows from those: it is asked before each line.
    literals: Literals,
    pub selected: Option<Box<Mirror>>,
    /// Messages may vanish even while a command runs that names them by number.
    pub renumbers_at_any_time: bool,
}

#[derive(Clone, Copy, Default)]
struct Literals {
    /// LITERAL+ and LITERAL- (RFC 7888).
    plus: bool,
    minus: bool,
    /// literal8 (RFC 3516).
    binary: bool,
}

/// The selected mailbox, kept up to date by what the server says.
#[derive(Default)]
pub struct Mirror {
    pub mailbox: String,
    pub is_read_only: bool,
    /// None until told: then numbers beyond it are known to be wrong.
    pub exists: Option<u32>,
    pub recent: u32,
    pub first_unseen: u32,
    pub uid_next: u32,
    pub uid_validity: u32,
    pub uids_change: bool,
    pub highest_modseq: Option<u64>,
    /// Flag lists as sent, with their parentheses.
    pub flags: Vec<u8>,
    pub permanent_flags: Vec<u8>,
    pub mailbox_id: Vec<u8>,
    /// It was opened with EXAMINE.
    pub is_examined: bool,
    /// The server was asked to tell of its messages' annotations (RFC 5257).
    pub annotates: bool,
    /// The tags of searches whose answers are kept up to date (RFC 5267).
    pub updates: Vec<Vec<u8>>,
    /// Which messages the numbers mean.
    pub numbering: Numbering,
    /// The flags of messages as last told, where no other means shows what changed while the connection was lost.
    pub seen: Option<Seen>,
}

/// A mailbox that was selected when the connection ended.
pub struct Remembered {
    pub mailbox: String,
    pub is_examined: bool,
    pub annotates: bool,
    pub uid_validity: u32,
    pub uid_next: u32,
    /// 0: none.
    pub modseq: u64,
    pub seen: Option<Arc<Seen>>,
}

impl Remembered {
    pub fn of(mirror: Mirror) -> Remembered {
        Remembered {
            mailbox: mirror.mailbox,
            is_examined: mirror.is_examined,
            annotates: mirror.annotates,
            uid_validity: mirror.uid_validity,
            uid_next: mirror.uid_next,
            modseq: mirror.highest_modseq.unwrap_or(0),
            seen: mirror.seen.map(Arc::new),
        }
    }
}

/// A short mark for the flags of each message.
#[derive(Default)]
pub struct Seen {
    marks: HashMap<u32, u64>,
}

/// Of so many messages at most: in a larger mailbox the others are told of anew.
const MOST_SEEN: usize = 1_000_000;

impl Seen {
    /// A mark that is the same for the same flags, in any order and case; Recent is not one of the message's.
    pub fn mark_of(response: &Response<'_>, rest: usize) -> Option<u64> {
        let list = fetch::flag_list(response, rest)?;
        let words = list.split(|byte| matches!(byte, b' ' | b'(' | b')')).filter(|word| !word.is_empty());
        let flags = words.filter(|word| !word.eq_ignore_ascii_case(b"\\Recent"));
        // FNV-1a of each, added up, so that the order does not matter.
        let mark = |word: &[u8]| {
            word.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x100_0000_01b3)
            })
        };
        Some(flags.fold(1, |sum: u64, word| sum.wrapping_add(mark(word))))
    }

    pub fn note(&mut self, uid: u32, mark: u64) -> Result<(), NoMemory> {
        if self.marks.len() < MOST_SEEN || self.marks.contains_key(&uid) {
            self.marks.try_reserve(1)?;
            self.marks.insert(uid, mark);
        }
        Ok(())
    }

    pub fn is_same(&self, uid: u32, mark: Option<u64>) -> bool {
        // What was never told is told now.
        mark.is_some() && self.marks.get(&uid).copied() == mark
    }
}

impl Facts {
    pub fn new(settings: Arc<Settings>) -> Facts {
        Facts {
            settings,
            state: imap_state::IMAP_STATE_CONNECTING,
            capabilities: None,
            capabilities_told: 0,
            greeting: Vec::new(),
            peer: Peer::default(),
            is_tls: false,
            is_compressed: false,
            channel_binding: None,
            hides_secret: false,
            is_utf8: false,
            enabled: Vec::new(),
            lacking: Vec::new(),
            literals: Literals::default(),
            selected: None,
            renumbers_at_any_time: false,
        }
    }

    /// The server has told them; None: what it told is void.
    pub(super) fn set_capabilities(&mut self, capabilities: Option<Capabilities>) {
        self.capabilities = capabilities;
        self.look_at_literals();
    }

    /// The server was found not to understand these.
    pub(super) fn set_lacking(&mut self, capabilities: Vec<&'static str>) {
        self.lacking.extend(capabilities);
        self.look_at_literals();
    }

    fn look_at_literals(&mut self) {
        self.literals =
            Literals { plus: self.has("LITERAL+"), minus: self.can("LITERAL-"), binary: self.can("BINARY") };
    }

    pub fn has(&self, capability: &str) -> bool {
        self.capabilities.as_ref().is_some_and(|all| all.has(capability)) && !self.peer.lacks(capability)
    }

    /// The server speaks IMAP4rev2 and nothing older, so nothing needs to be enabled for it.
    pub fn is_rev2_only(&self) -> bool {
        self.has("IMAP4REV2") && !self.has("IMAP4REV1")
    }

    /// IMAP4rev2 is in force.
    pub fn is_rev2(&self) -> bool {
        self.is_rev2_only() || self.is_enabled("IMAP4REV2")
    }

    /// Error if what the server lacks is not to be done by other means.
    pub fn may_emulate(&self, capability: &'static str) -> Result<()> {
        if self.settings.emulate { Ok(()) } else { Err(unsupported(capability)) }
    }

    /// Room for a set in a command line; the rest of the line needs its part.
    pub fn set_room(&self) -> usize {
        self.settings.max_command_line.min(self.peer.max_line) / 4 * 3
    }

    /// Whether the server can do this: it says so, or it follows from what it says, and it was not found untrue.
    pub fn can(&self, capability: &str) -> bool {
        let is_included = || {
            (OF_REV2.contains(&capability) && self.has("IMAP4REV2"))
                // RFC 7162 section 3.2.3.
                || (capability == "CONDSTORE" && self.has("QRESYNC"))
                || (capability == "MESSAGELIMIT" && self.number_of(capability).is_some())
        };
        !self.lacks(capability) && (self.has(capability) || is_included())
    }

    /// Whether it was found, or is known, not to understand this.
    pub fn lacks(&self, what: &str) -> bool {
        self.lacking.contains(&what) || self.peer.lacks(what)
    }

    /// The number of a capability that has one: APPENDLIMIT=35651584.
    pub fn number_of(&self, capability: &str) -> Option<u64> {
        let atoms = self.capabilities.iter().flat_map(Capabilities::iter);
        let mut numbers = atoms.filter_map(|atom| atom.strip_prefix(capability)?.strip_prefix('='));
        numbers.next()?.parse().ok()
    }

    /// So many messages can be added by one APPEND or COPY (RFC 9738), which else does nothing; None: no limit is known.
    pub fn save_limit(&self) -> Option<u64> {
        let limit = self.number_of("SAVELIMIT").or_else(|| self.number_of("MESSAGELIMIT"));
        limit.filter(|limit| *limit > 0)
    }

    pub fn is_enabled(&self, capability: &str) -> bool {
        self.enabled.iter().any(|name| name.eq_ignore_ascii_case(capability))
    }

    /// Anyone could have written what came so far.
    pub fn is_early(&self) -> bool {
        !self.is_tls && self.state < imap_state::IMAP_STATE_AUTHENTICATED
    }

    /// A server of RFC 1730, from before IMAP4rev1.
    pub fn is_imap4(&self) -> bool {
        self.has("IMAP4") && !self.has("IMAP4REV1") && !self.has("IMAP4REV2")
    }

    /// Error unless the server can do this.
    pub fn needs(&self, capability: &'static str) -> Result<()> {
        if self.can(capability) { Ok(()) } else { Err(unsupported(capability)) }
    }

    /// Error unless the server has one of these; none is needed if there are none.
    pub fn needs_one(&self, capabilities: &[&str]) -> Result<()> {
        if capabilities.is_empty() || capabilities.iter().any(|capability| self.can(capability)) {
            return Ok(());
        }
        let names = capabilities.join(" nor ");
        let neither = if capabilities.len() > 1 { "has neither" } else { "does not have" };
        Err(Error::new(IMAP_ERR_UNSUPPORTED, format!("the server {neither} {names}; nothing was sent")))
    }

    pub fn needs_login(&self) -> Result<()> {
        match self.state {
            imap_state::IMAP_STATE_AUTHENTICATED | imap_state::IMAP_STATE_SELECTED => Ok(()),
            imap_state::IMAP_STATE_LOGOUT => Err(closed()),
            _ => Err(Error::new(IMAP_ERR_STATE, "not logged in: call imap_login() first")),
        }
    }

    pub fn needs_no_login(&self) -> Result<()> {
        match self.state {
            imap_state::IMAP_STATE_NOT_AUTHENTICATED => Ok(()),
            imap_state::IMAP_STATE_LOGOUT => Err(closed()),
            _ => Err(Error::new(IMAP_ERR_STATE, "logged in already")),
        }
    }

    pub fn needs_selected(&self) -> Result<&Mirror> {
        self.needs_login()?;
        let none = || Error::new(IMAP_ERR_STATE, "no mailbox is selected: call imap_select() first");
        self.selected.as_deref().ok_or_else(none)
    }

    pub fn needs_writable(&self) -> Result<&Mirror> {
        let selected = self.needs_selected()?;
        if selected.is_read_only {
            let name = super::command::quote(selected.mailbox.as_bytes());
            let message = format!("the mailbox {name} is read-only: open it with imap_select() to change it");
            return Err(Error::new(IMAP_ERR_READ_ONLY, message));
        }
        Ok(selected)
    }

    /// Error if message numbers can no longer be used (RFC 9586 section 3, RFC 5465 section 5.3).
    pub fn allows(&self, sequence: Sequence) -> Result<()> {
        if sequence == Sequence::Uses && self.is_enabled("UIDONLY") {
            let message = "UIDONLY is enabled: name messages by UID, not by number; nothing was sent";
            return Err(Error::invalid(message));
        }
        if sequence == Sequence::Uses && self.renumbers_at_any_time {
            let message =
                "NOTIFY with \"selected\" is in force, so numbers mean nothing: name messages by UID";
            return Err(Error::invalid(message));
        }
        Ok(())
    }

    /// How command lines may be written now.
    pub fn dialect(&self) -> Dialect {
        let limit = self.settings.max_unasked_literal;
        let Literals { plus, minus, binary } = self.literals;
        let literal_plus = match (plus, minus) {
            (true, _) => Some(limit),
            (false, true) => Some(limit.min(4096)),
            (false, false) => None,
        };
        Dialect { literal_plus, utf8: self.is_utf8, binary }
    }
}

/// What IMAP4rev2 includes of the extensions that are asked for by name (RFC 9051 appendix E).
const OF_REV2: [&str; 16] = [
    "BINARY",
    "CHILDREN",
    "ENABLE",
    "ESEARCH",
    "IDLE",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "LITERAL-",
    "MOVE",
    "NAMESPACE",
    "SASL-IR",
    "SEARCHRES",
    "SPECIAL-USE",
    "STATUS=SIZE",
    "UIDPLUS",
    "UNSELECT",
];

fn closed() -> Error {
    Error::fatal(IMAP_ERR_CLOSED, "the connection is closed: connect anew")
}

pub fn unsupported(capability: &str) -> Error {
    Error::new(IMAP_ERR_UNSUPPORTED, format!("the server does not have {capability}; nothing was sent"))
}

impl Mirror {
    /// What a response code says of this mailbox.
    pub fn note_code(&mut self, code: &code::CodeHead<'_>) -> Result<()> {
        let is = |name: &[u8]| code.name.eq_ignore_ascii_case(name);
        let number =
            || std::str::from_utf8(code.argument).ok().and_then(|text| text.trim().parse::<u64>().ok());
        let number32 = || number().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        if is(b"UIDVALIDITY") {
            self.uid_validity = number32();
        } else if is(b"UIDNEXT") {
            self.uid_next = number32();
        } else if is(b"UNSEEN") {
            self.first_unseen = number32();
        } else if is(b"HIGHESTMODSEQ") {
            self.highest_modseq = number().filter(|modseq| *modseq > 0);
        } else if is(b"NOMODSEQ") {
            self.highest_modseq = None;
        } else if is(b"UIDNOTSTICKY") {
            self.uids_change = true;
        } else if is(b"READ-ONLY") {
            self.is_read_only = true;
        } else if is(b"READ-WRITE") {
            self.is_read_only = false;
        } else if is(b"PERMANENTFLAGS") {
            self.permanent_flags = super::copy(code.argument)?;
        } else if is(b"MAILBOXID") {
            let id = code.argument.trim_ascii();
            let id = id.strip_prefix(b"(").unwrap_or(id);
            self.mailbox_id = super::copy(id.strip_suffix(b")").unwrap_or(id))?;
        }
        Ok(())
    }

    pub fn result(&self) -> Result<Box<Owned<Selected>>, NoMemory> {
        Owned::build(|arena| self.fill(arena))
    }

    /// What is known of the mailbox, without what changed.
    pub fn fill<'a>(&self, arena: &'a Arena) -> Result<imap_selected<'a>, NoMemory> {
        Ok(imap_selected {
            mailbox: arena.text(self.mailbox.as_bytes())?,
            is_read_only: self.is_read_only,
            exists: self.exists.unwrap_or(0),
            recent: self.recent,
            first_unseen: self.first_unseen,
            uid_next: self.uid_next,
            uid_validity: self.uid_validity,
            uids_last: !self.uids_change,
            highest_modseq: self.highest_modseq.map_or(-1, |modseq| modseq as i64),
            flags: flag_list(&self.flags, arena)?,
            permanent_flags: flag_list(&self.permanent_flags, arena)?,
            mailbox_id: match self.mailbox_id.is_empty() {
                true => crate::model::Text::NONE,
                false => arena.text(&self.mailbox_id)?,
            },
            is_new: false,
            vanished: &EMPTY_SET,
            changed: List::EMPTY,
            changed_count: 0,
            origin: imap_origin::IMAP_ORIGIN_SERVER,
        })
    }
}

fn flag_list<'a>(sent: &[u8], arena: &'a Arena) -> Result<&'a imap_flags<'a>, NoMemory> {
    let mut cursor = Response::new(sent, &[]).cursor(0);
    flags::flags(&mut cursor, arena).unwrap_or(Ok(&imap_flags::EMPTY))
}
