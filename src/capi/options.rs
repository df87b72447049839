//! # Options

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroize;

use super::boundary::{bytes, call, exclusive, free_object, optional_text};
use super::uploads::{Userdata, imap_release_callback};
use crate::client::{Ca, Carrier, Config, Credentials, Identity, Log, Proxy, Target, Timeouts, Tls, pins};
use crate::commands::{Enable, Identity as Naming};
use crate::error::{Error, Result, imap_status};
use crate::model::{imap_error, imap_log_kind, imap_tls, try_box};
use crate::session::{LogKind, Settings, quote};

/// Settings of an imap_options. Behind each: what it takes, [default], meaning. Times are milliseconds,
/// -1 is "no limit". On or off is the number 1 or 0.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_option {
    /// Number, or text with a number or service name [993, or 143 without implicit TLS].
    IMAP_OPTION_PORT = 1,
    /// Number, an imap_tls [IMAP_TLS_IMPLICIT].
    IMAP_OPTION_TLS = 2,
    /// Text: IP addresses to use instead of resolving the host, separated by spaces.
    IMAP_OPTION_ADDRESSES = 3,
    /// Text: "socks5://user:password@host:1080", also socks4, socks4a and http (CONNECT), user and password
    /// percent-encoded, or "socks5://host" [port 1080, of http 8080]. The proxy looks the host up, but for socks4; TLS
    /// verifies the host, not the proxy. Wiped with the options.
    IMAP_OPTION_PROXY = 4,
    /// On or off [1]: find a peer that is gone by TCP's keepalive; see IMAP_OPTION_DEAD_PEER.
    IMAP_OPTION_TCP_KEEPALIVE = 5,

    /// Text: PEM file, or folder of such, with certificates to trust beside the system's.
    IMAP_OPTION_CA_FILE = 20,
    /// Bytes: the same, in memory.
    IMAP_OPTION_CA_PEM = 21,
    /// On or off [1]: trust the system's certificates too.
    IMAP_OPTION_CA_SYSTEM = 22,
    /// Number, 12 or 13 [12]: TLS 1.2 or 1.3 at least.
    IMAP_OPTION_TLS_MINIMUM = 23,
    /// Text: the name to ask for and to verify [the host].
    IMAP_OPTION_TLS_HOST = 24,
    /// Text: file with the client's certificate, PKCS#12 or PEM; or bytes: the same in memory.
    IMAP_OPTION_CLIENT_CERTIFICATE = 25,
    /// Text: file with the PEM key (PKCS#8), if it is not in the certificate's; or bytes.
    IMAP_OPTION_CLIENT_KEY = 26,
    /// Text: password of the PKCS#12 file.
    IMAP_OPTION_CLIENT_KEY_PASSWORD = 27,
    /// Text: SHA-256 of the server's public key (its SubjectPublicKeyInfo) in base64, or several, separated by spaces: any
    /// other is refused, beside all else that is checked.
    IMAP_OPTION_PIN = 28,
    /// On or off [0]: accept any certificate and any name. Anyone can then read all, passwords included.
    IMAP_OPTION_DANGER_NO_VERIFICATION = 29,

    /// Text: log in as this user while connecting, with IMAP_OPTION_PASSWORD.
    IMAP_OPTION_USER = 40,
    /// Text. Wiped with the options.
    IMAP_OPTION_PASSWORD = 41,
    /// Text: an OAuth 2.0 bearer token, in place of the password.
    IMAP_OPTION_TOKEN = 42,
    /// Text: mechanisms that may be used, best first [the best that both sides have; of a token OAUTHBEARER, XOAUTH2].
    IMAP_OPTION_MECHANISMS = 43,
    /// Text: the user to act as, if not the one who logs in.
    IMAP_OPTION_ACT_AS = 44,
    /// Text: the realm for DIGEST-MD5 [the server's first].
    IMAP_OPTION_REALM = 45,
    /// On or off [0]: allow passwords over an unencrypted connection.
    IMAP_OPTION_DANGER_PLAINTEXT_LOGIN = 46,
    /// On or off [1]: send the initial response with AUTHENTICATE where the server allows it.
    IMAP_OPTION_SASL_IR = 47,
    /// On or off [0]: keep the credentials of a login in memory for imap_reconnect(), and what it needs to tell what
    /// changed meanwhile.
    IMAP_OPTION_KEEP_CREDENTIALS = 48,
    /// Text: capabilities to ENABLE after each login, as far as the server has them: "CONDSTORE UTF8=ACCEPT".
    IMAP_OPTION_ENABLE = 49,
    /// Text: "name=libfoo version=1.0": who you are, sent with ID after each login, if the server has ID.
    IMAP_OPTION_ID = 51,

    /// On or off [0]: COMPRESS=DEFLATE after each login, if the server has it: see imap_compress().
    IMAP_OPTION_COMPRESS = 50,

    /// Resolve and connect [30000].
    IMAP_OPTION_CONNECT_TIMEOUT = 60,
    /// TLS handshake [30000].
    IMAP_OPTION_TLS_TIMEOUT = 61,
    /// Greeting [30000].
    IMAP_OPTION_GREETING_TIMEOUT = 62,
    /// A command during which not a byte moves, either way [60000].
    IMAP_OPTION_COMMAND_TIMEOUT = 63,
    /// How long a connection may take to end after the server's goodbye [5000].
    IMAP_OPTION_CLOSE_TIMEOUT = 64,
    /// IDLE is renewed after this long, at most 29 minutes [540000].
    IMAP_OPTION_IDLE_RENEW = 65,
    /// A peer that is silent for so long though it should answer, or whose TCP does, is given up [60000].
    IMAP_OPTION_DEAD_PEER = 66,
    /// How often NOOP and STATUS ask for news where the server cannot tell by itself [60000].
    IMAP_OPTION_POLL_INTERVAL = 67,
    /// A command in all [-1].
    IMAP_OPTION_COMMAND_DEADLINE = 68,

    /// Bytes in one line [64 MiB].
    IMAP_OPTION_MAX_LINE = 80,
    /// Bytes in one literal [1 GiB].
    IMAP_OPTION_MAX_LITERAL = 81,
    /// Bytes in one result [4 GiB].
    IMAP_OPTION_MAX_RESULT = 82,
    /// Depth of lists and body parts [64].
    IMAP_OPTION_MAX_NESTING = 83,
    /// Addresses in one envelope [65536].
    IMAP_OPTION_MAX_ADDRESSES = 84,
    /// Events waiting in the queue [10000]; then the oldest go and IMAP_EVENT_OVERFLOW says so.
    IMAP_OPTION_MAX_EVENTS = 85,
    /// SCRAM iterations that we accept at least [4096].
    IMAP_OPTION_MIN_ITERATIONS = 86,
    /// SCRAM iterations that we accept at most [1000000].
    IMAP_OPTION_MAX_ITERATIONS = 87,
    /// Challenges in one authentication [8].
    IMAP_OPTION_MAX_SASL_ROUNDS = 88,
    /// Bytes in one command line that we send [8000]; longer sets are split over several commands. Servers that are known
    /// to take less get less.
    IMAP_OPTION_MAX_COMMAND_LINE = 89,
    /// Commands in flight [128].
    IMAP_OPTION_MAX_IN_FLIGHT = 90,
    /// Largest literal sent without asking first, if the server has LITERAL+ [65536].
    IMAP_OPTION_MAX_UNASKED_LITERAL = 91,
    /// What a cancelled command may still cost before the connection is given up: bytes [16 MiB] ...
    IMAP_OPTION_DRAIN_BYTES = 92,
    /// ... and time [10000].
    IMAP_OPTION_DRAIN_TIMEOUT = 93,
    /// On or off [0]: a bare CR or LF in the bytes and files of a message to be appended becomes CRLF; in one that has
    /// a NUL in its bytes nothing does. The size is announced before, so files are read twice, and where that cannot be,
    /// as with pipes, readers and what is written later, the upload is INVALID: turn this off for them, by
    /// imap_configure(), and give them CRLF.
    IMAP_OPTION_APPEND_CRLF = 94,
    /// Bytes of an unread stream that are kept when its reader calls something else first [0]; 0 or more than
    /// that: the call fails with IMAP_ERR_STATE.
    IMAP_OPTION_SPOOL = 95,

    /// On or off [0]: a wait returns IMAP_ERR_INTERRUPTED when a signal arrives.
    IMAP_OPTION_RETURN_ON_SIGNAL = 110,
    /// On or off [1]: do by other means what the server cannot (the result's origin says so); off: UNSUPPORTED.
    IMAP_OPTION_EMULATE = 111,
    /// Bytes of redacted traffic that are kept at most for the error's trace and imap_get_trace() [65536]; 0: none.
    IMAP_OPTION_TRACE = 112,
}

use imap_option::*;

const OPTIONS: &[imap_option] = &[
    IMAP_OPTION_PORT,
    IMAP_OPTION_TLS,
    IMAP_OPTION_ADDRESSES,
    IMAP_OPTION_PROXY,
    IMAP_OPTION_TCP_KEEPALIVE,
    IMAP_OPTION_CA_FILE,
    IMAP_OPTION_CA_PEM,
    IMAP_OPTION_CA_SYSTEM,
    IMAP_OPTION_TLS_MINIMUM,
    IMAP_OPTION_TLS_HOST,
    IMAP_OPTION_CLIENT_CERTIFICATE,
    IMAP_OPTION_CLIENT_KEY,
    IMAP_OPTION_CLIENT_KEY_PASSWORD,
    IMAP_OPTION_PIN,
    IMAP_OPTION_DANGER_NO_VERIFICATION,
    IMAP_OPTION_USER,
    IMAP_OPTION_PASSWORD,
    IMAP_OPTION_TOKEN,
    IMAP_OPTION_MECHANISMS,
    IMAP_OPTION_ACT_AS,
    IMAP_OPTION_REALM,
    IMAP_OPTION_DANGER_PLAINTEXT_LOGIN,
    IMAP_OPTION_SASL_IR,
    IMAP_OPTION_KEEP_CREDENTIALS,
    IMAP_OPTION_ENABLE,
    IMAP_OPTION_ID,
    IMAP_OPTION_COMPRESS,
    IMAP_OPTION_CONNECT_TIMEOUT,
    IMAP_OPTION_TLS_TIMEOUT,
    IMAP_OPTION_GREETING_TIMEOUT,
    IMAP_OPTION_COMMAND_TIMEOUT,
    IMAP_OPTION_CLOSE_TIMEOUT,
    IMAP_OPTION_IDLE_RENEW,
    IMAP_OPTION_DEAD_PEER,
    IMAP_OPTION_POLL_INTERVAL,
    IMAP_OPTION_COMMAND_DEADLINE,
    IMAP_OPTION_MAX_LINE,
    IMAP_OPTION_MAX_LITERAL,
    IMAP_OPTION_MAX_RESULT,
    IMAP_OPTION_MAX_NESTING,
    IMAP_OPTION_MAX_ADDRESSES,
    IMAP_OPTION_MAX_EVENTS,
    IMAP_OPTION_MIN_ITERATIONS,
    IMAP_OPTION_MAX_ITERATIONS,
    IMAP_OPTION_MAX_SASL_ROUNDS,
    IMAP_OPTION_MAX_COMMAND_LINE,
    IMAP_OPTION_MAX_IN_FLIGHT,
    IMAP_OPTION_MAX_UNASKED_LITERAL,
    IMAP_OPTION_DRAIN_BYTES,
    IMAP_OPTION_DRAIN_TIMEOUT,
    IMAP_OPTION_APPEND_CRLF,
    IMAP_OPTION_SPOOL,
    IMAP_OPTION_RETURN_ON_SIGNAL,
    IMAP_OPTION_EMULATE,
    IMAP_OPTION_TRACE,
];

/// Settings for connecting. Opaque.
#[allow(non_camel_case_types)]
#[derive(Default)]
pub struct imap_options {
    settings: Vec<(imap_option, Value)>,
    /// The first setter that failed: connecting fails with it.
    failed: Option<Error>,
    log: Option<Arc<dyn Log>>,
}

#[derive(Clone)]
enum Value {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Drop for Value {
    fn drop(&mut self) {
        match self {
            Value::Number(_) => {}
            Value::Text(text) => text.zeroize(),
            Value::Bytes(bytes) => bytes.zeroize(),
        }
    }
}

/// # Options
///
/// Make them, set what differs from the defaults, connect with them, free them: they are copied.
/// Setters may go unchecked: the first that failed makes the connect fail with the same error.
///
/// New options, all at their defaults; free them with imap_options_free(). NULL if there is no memory.
/// Every call takes NULL options as the defaults. Blocks: no.
#[unsafe(no_mangle)]
pub extern "C" fn imap_options_new() -> *mut imap_options {
    try_box(imap_options::default()).map_or(std::ptr::null_mut(), Box::into_raw)
}

/// Frees options and wipes the secrets in them; NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_options_free(options: *mut imap_options) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_object(options) }
}

/// Sets a number, a time in milliseconds (-1: no limit), or on (1) and off (0). INVALID if the option takes
/// no number, or not this one. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_options_set_number(
    options: *mut imap_options,
    option: MaybeUninit<imap_option>,
    value: i64,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { set(options, option, error, |option| check_number(option, value)) }
}

/// Sets a text, which is copied; NULL puts the default back. INVALID if the option takes no text, or not this
/// one. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_options_set_text(
    options: *mut imap_options,
    option: MaybeUninit<imap_option>,
    value: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        set(options, option, error, |option| match optional_text("value", value)? {
            Some(value) => check_text(option, value).map(Some),
            None => Ok(None),
        })
    }
}

/// Sets bytes, `data_len` of them, which are copied; NULL puts the default back. INVALID if the option takes no
/// bytes. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_options_set_bytes(
    options: *mut imap_options,
    option: MaybeUninit<imap_option>,
    data: *const u8,
    data_len: usize,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        set(options, option, error, |option| {
            let data = bytes("data", data, data_len)?;
            match option {
                _ if data.is_empty() => Ok(None),
                IMAP_OPTION_CA_PEM | IMAP_OPTION_CLIENT_CERTIFICATE | IMAP_OPTION_CLIENT_KEY => {
                    let mut copied = Vec::new();
                    copied.try_reserve_exact(data.len())?;
                    copied.extend_from_slice(data);
                    Ok(Some(Value::Bytes(copied)))
                }
                other => Err(Error::invalid(format!("{other:?} takes no bytes"))),
            }
        })
    }
}

/// One line, without its line end, clean for a terminal, secrets replaced by ***. A literal is told by the {size} that
/// ends a line; the line behind it are its first bytes, CR and LF as \u240d and \u240a. Returns true to go on, false to
/// hear no more.
#[allow(non_camel_case_types)]
pub type imap_log_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, kind: imap_log_kind, line: *const c_char) -> bool>;

/// Gives every line sent and received to `log`, with `userdata`, secrets hidden: from the first address that is tried,
/// while some call on the client runs, on the thread of that call and with no lock held, in order. It may call back into
/// the client, but not wait in it (STATE). Clients share it: those on several threads call it at the same time.
/// `release` (or NULL) is called with `userdata` once, when the options and all clients that were made with them are
/// done with it. A NULL `log` ends it for clients that are made later. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_options_set_log(
    options: *mut imap_options,
    log: imap_log_callback,
    userdata: *mut c_void,
    release: imap_release_callback,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        let userdata = Userdata { data: userdata, release };
        call(error, || {
            let options = exclusive("options", options)?;
            options.log = log.map(|_| -> Arc<dyn Log> { Arc::new(Logger { log, userdata }) });
            Ok(())
        })
    }
}

struct Logger {
    log: imap_log_callback,
    userdata: Userdata,
}

impl Log for Logger {
    fn log(&self, kind: LogKind, line: &[u8]) -> bool {
        let kind = match kind {
            LogKind::Sent => imap_log_kind::IMAP_LOG_SENT,
            LogKind::Received => imap_log_kind::IMAP_LOG_RECEIVED,
            LogKind::Note => imap_log_kind::IMAP_LOG_NOTE,
        };
        let Some(log) = self.log else { return false };
        // SAFETY: the caller's function with its own pointer; the line has its NUL and lives through the call.
        unsafe { log(self.userdata.data, kind, line.as_ptr().cast()) }
    }
}

/// # Safety
/// As in boundary.rs.
unsafe fn set(
    options: *mut imap_options,
    option: MaybeUninit<imap_option>,
    error: *mut *mut imap_error<'static>,
    check: impl FnOnce(imap_option) -> Result<Option<Value>>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe {
        call(error, || {
            let options = exclusive("options", options)?;
            let result = known(option).and_then(|option| Ok((option, check(option)?)));
            match result {
                Ok((option, value)) => options.put(option, value),
                Err(failed) => {
                    options.failed.get_or_insert_with(|| failed.clone());
                    Err(failed)
                }
            }
        })
    }
}

fn known(option: MaybeUninit<imap_option>) -> Result<imap_option> {
    // SAFETY: every caller passes four initialised bytes; they are read as the number that they are.
    let number = unsafe { option.as_ptr().cast::<u32>().read() };
    let found = OPTIONS.iter().find(|known| **known as u32 == number);
    found.copied().ok_or_else(|| Error::invalid(format!("there is no option {number}")))
}

fn check_number(option: imap_option, value: i64) -> Result<Option<Value>> {
    let is_allowed = match option {
        IMAP_OPTION_PORT => (1..=65535).contains(&value),
        IMAP_OPTION_TLS => (0..=2).contains(&value),
        IMAP_OPTION_TLS_MINIMUM => value == 12 || value == 13,
        IMAP_OPTION_TCP_KEEPALIVE
        | IMAP_OPTION_CA_SYSTEM
        | IMAP_OPTION_DANGER_NO_VERIFICATION
        | IMAP_OPTION_DANGER_PLAINTEXT_LOGIN
        | IMAP_OPTION_SASL_IR
        | IMAP_OPTION_KEEP_CREDENTIALS
        | IMAP_OPTION_EMULATE
        | IMAP_OPTION_APPEND_CRLF
        | IMAP_OPTION_COMPRESS
        | IMAP_OPTION_RETURN_ON_SIGNAL => value == 0 || value == 1,
        IMAP_OPTION_CONNECT_TIMEOUT
        | IMAP_OPTION_TLS_TIMEOUT
        | IMAP_OPTION_GREETING_TIMEOUT
        | IMAP_OPTION_COMMAND_TIMEOUT
        | IMAP_OPTION_COMMAND_DEADLINE => (-1..=MOST).contains(&value) && value != 0,
        IMAP_OPTION_CLOSE_TIMEOUT
        | IMAP_OPTION_DRAIN_TIMEOUT
        | IMAP_OPTION_DEAD_PEER
        | IMAP_OPTION_POLL_INTERVAL => (1..=MOST).contains(&value),
        // RFC 2177 lets a server end a session that is idle for half an hour.
        IMAP_OPTION_IDLE_RENEW => (1..=29 * 60_000).contains(&value),
        IMAP_OPTION_MAX_LINE
        | IMAP_OPTION_MAX_LITERAL
        | IMAP_OPTION_MAX_RESULT
        | IMAP_OPTION_MAX_NESTING
        | IMAP_OPTION_MAX_ADDRESSES
        | IMAP_OPTION_MAX_EVENTS
        | IMAP_OPTION_MIN_ITERATIONS
        | IMAP_OPTION_MAX_ITERATIONS
        | IMAP_OPTION_MAX_SASL_ROUNDS
        | IMAP_OPTION_MAX_IN_FLIGHT => (1..=MOST).contains(&value),
        IMAP_OPTION_MAX_COMMAND_LINE => (200..=MOST).contains(&value),
        IMAP_OPTION_MAX_UNASKED_LITERAL | IMAP_OPTION_DRAIN_BYTES | IMAP_OPTION_SPOOL | IMAP_OPTION_TRACE => {
            (0..=MOST).contains(&value)
        }
        other => return Err(Error::invalid(format!("{other:?} takes no number"))),
    };
    if !is_allowed {
        return Err(Error::invalid(format!("{option:?} cannot be {value}")));
    }
    Ok(Some(Value::Number(value)))
}

/// Larger numbers are mistakes; as times they would overflow.
const MOST: i64 = 1 << 40;

fn check_text(option: imap_option, value: &str) -> Result<Value> {
    match option {
        IMAP_OPTION_PORT
        | IMAP_OPTION_CA_FILE
        | IMAP_OPTION_TLS_HOST
        | IMAP_OPTION_CLIENT_CERTIFICATE
        | IMAP_OPTION_CLIENT_KEY
        | IMAP_OPTION_CLIENT_KEY_PASSWORD
        | IMAP_OPTION_USER
        | IMAP_OPTION_PASSWORD
        | IMAP_OPTION_TOKEN
        | IMAP_OPTION_ACT_AS
        | IMAP_OPTION_REALM => {}
        IMAP_OPTION_MECHANISMS => drop(Credentials::with(value, "", "", None)?.command()?),
        IMAP_OPTION_PROXY => drop(Proxy::parse(value)?),
        IMAP_OPTION_PIN => drop(pins(value)?),
        IMAP_OPTION_ENABLE => drop(Enable::new(value)?),
        IMAP_OPTION_ID => drop(Naming::offered(Some(value))?),
        IMAP_OPTION_ADDRESSES => drop(addresses(value)?),
        other => return Err(Error::invalid(format!("{other:?} takes no text"))),
    }
    let mut copied = String::new();
    copied.try_reserve_exact(value.len())?;
    copied.push_str(value);
    Ok(Value::Text(copied))
}

/// None: only the system knows which one is meant.
fn number_of_port(port: &str) -> Option<u16> {
    match port {
        "imap" => Some(143),
        "imaps" => Some(993),
        port => port.parse().ok(),
    }
}

fn addresses(text: &str) -> Result<Vec<IpAddr>> {
    let parse = |word: &str| {
        word.parse().map_err(|_| Error::invalid(format!("{} is no IP address", quote(word.as_bytes()))))
    };
    text.split_ascii_whitespace().map(parse).collect()
}

impl imap_options {
    fn put(&mut self, option: imap_option, value: Option<Value>) -> Result<()> {
        self.settings.retain(|(known, _)| *known != option);
        if let Some(value) = value {
            self.settings.try_reserve(1)?;
            self.settings.push((option, value));
        }
        Ok(())
    }

    fn get(&self, option: imap_option) -> Option<&Value> {
        self.settings.iter().find(|(known, _)| *known == option).map(|(_, value)| value)
    }

    fn number(&self, option: imap_option) -> Option<i64> {
        match self.get(option) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    fn is_on(&self, option: imap_option, default: bool) -> bool {
        self.number(option).map_or(default, |number| number == 1)
    }

    fn text(&self, option: imap_option) -> Option<&str> {
        match self.get(option) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn time(&self, option: imap_option, default: u64) -> Option<Duration> {
        match self.number(option) {
            None => Some(Duration::from_millis(default)),
            Some(number) => u64::try_from(number).ok().map(Duration::from_millis),
        }
    }

    /// What connecting to `host` needs; `port` and `tls` come from a URL, if there is one.
    pub(super) fn config(&self, host: &str, port: Option<&str>, tls: Option<imap_tls>) -> Result<Config> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let mode = tls.unwrap_or(match self.number(IMAP_OPTION_TLS) {
            Some(1) => imap_tls::IMAP_TLS_STARTTLS,
            Some(2) => imap_tls::IMAP_TLS_NONE,
            _ => imap_tls::IMAP_TLS_IMPLICIT,
        });
        let tls = || self.tls(host);
        let is_implicit = mode == imap_tls::IMAP_TLS_IMPLICIT;
        let default_port = if is_implicit { "993" } else { "143" };
        let option_port = match self.get(IMAP_OPTION_PORT) {
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let host_name =
            self.text(IMAP_OPTION_TLS_HOST).unwrap_or(if host.is_empty() { "localhost" } else { host });
        let port = port.map(str::to_owned).or(option_port).unwrap_or_else(|| default_port.to_owned());
        let settings = Settings {
            host: host_name.to_owned(),
            port: number_of_port(&port),
            realm: self.text(IMAP_OPTION_REALM).map(str::to_owned),
            ..self.limits()
        };
        let timeouts = Timeouts {
            connect: self.time(IMAP_OPTION_CONNECT_TIMEOUT, 30_000),
            tls: self.time(IMAP_OPTION_TLS_TIMEOUT, 30_000),
            dead_peer: settings.dead_peer,
        };
        Ok(Config {
            carrier: Carrier::Network,
            target: Arc::new(Target {
                host: host.to_owned(),
                port,
                addresses: addresses(self.text(IMAP_OPTION_ADDRESSES).unwrap_or_default())?,
                proxy: self.text(IMAP_OPTION_PROXY).map(Proxy::parse).transpose()?,
                has_keepalive: self.is_on(IMAP_OPTION_TCP_KEEPALIVE, true),
                implicit_tls: is_implicit.then(tls).transpose()?,
            }),
            starttls: (mode == imap_tls::IMAP_TLS_STARTTLS).then(tls).transpose()?.map(Arc::new),
            timeouts,
            settings: Arc::new(settings),
            returns_on_signal: self.is_on(IMAP_OPTION_RETURN_ON_SIGNAL, false),
            is_verified: !self.is_on(IMAP_OPTION_DANGER_NO_VERIFICATION, false),
            login: self.text(IMAP_OPTION_USER).map(|user| self.credentials(user)).transpose()?.flatten(),
            compress: self.is_on(IMAP_OPTION_COMPRESS, false),
            enable: self.text(IMAP_OPTION_ENABLE).map(str::to_owned),
            id: self.text(IMAP_OPTION_ID).map(str::to_owned),
            log: self.log.clone(),
        })
    }

    /// How this user logs in, if the options say so.
    pub(super) fn credentials(&self, user: &str) -> Result<Option<Credentials>> {
        let token = self.text(IMAP_OPTION_TOKEN);
        let mechanisms = self.text(IMAP_OPTION_MECHANISMS).or(token.map(|_| "OAUTHBEARER XOAUTH2"));
        let act_as = self.text(IMAP_OPTION_ACT_AS);
        let secret = token.or(self.text(IMAP_OPTION_PASSWORD));
        match (mechanisms, secret) {
            (Some(mechanisms), secret) => {
                Credentials::with(mechanisms, user, secret.unwrap_or_default(), act_as).map(Some)
            }
            (None, Some(password)) => Credentials::new(user, password, act_as).map(Some),
            (None, None) => Ok(None),
        }
    }

    pub(super) fn is_plaintext(&self) -> bool {
        self.number(IMAP_OPTION_TLS) == Some(2)
    }

    fn tls(&self, host: &str) -> Result<Tls> {
        let mut ca = Vec::new();
        if let Some(file) = self.text(IMAP_OPTION_CA_FILE) {
            ca.push(Ca::File(PathBuf::from(file)));
        }
        if let Some(Value::Bytes(pem)) = self.get(IMAP_OPTION_CA_PEM) {
            ca.push(Ca::Pem(pem.clone()));
        }
        Ok(Tls {
            host: self.text(IMAP_OPTION_TLS_HOST).unwrap_or(host).to_owned(),
            minimum: if self.number(IMAP_OPTION_TLS_MINIMUM) == Some(13) { 13 } else { 12 },
            ca,
            system_roots: self.is_on(IMAP_OPTION_CA_SYSTEM, true),
            identity: self.identity()?,
            pins: self.text(IMAP_OPTION_PIN).map_or(Ok(Vec::new()), pins)?,
            danger_no_verification: self.is_on(IMAP_OPTION_DANGER_NO_VERIFICATION, false),
        })
    }

    fn identity(&self) -> Result<Option<Identity>> {
        let Some(certificate) = self.contents(IMAP_OPTION_CLIENT_CERTIFICATE)? else { return Ok(None) };
        let key = self.contents(IMAP_OPTION_CLIENT_KEY)?;
        let password = self.text(IMAP_OPTION_CLIENT_KEY_PASSWORD).unwrap_or_default();
        Identity::new(certificate, key, password).map(Some)
    }

    /// Bytes given as such, or those of the file that a text names.
    fn contents(&self, option: imap_option) -> Result<Option<Vec<u8>>> {
        match self.get(option) {
            Some(Value::Bytes(bytes)) => Ok(Some(bytes.clone())),
            Some(Value::Text(file)) => match std::fs::read(file) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) => {
                    let what = format!("cannot read {}", quote(file.as_bytes()));
                    let failed = Error::system(imap_status::IMAP_ERR_INVALID, &what, &error);
                    Err(Error { is_usable: true, ..failed })
                }
            },
            _ => Ok(None),
        }
    }

    fn limits(&self) -> Settings {
        let defaults = Settings::default();
        let size = |option, default: usize| {
            self.number(option).map_or(default, |number| usize::try_from(number).unwrap_or(usize::MAX))
        };
        let size32 = |option, default: u32| {
            self.number(option).map_or(default, |number| u32::try_from(number).unwrap_or(u32::MAX))
        };
        let size64 =
            |option, default: u64| self.number(option).map_or(default, |number| number.unsigned_abs());
        let time = |option, default: Duration| {
            self.number(option).map_or(default, |number| Duration::from_millis(number.unsigned_abs()))
        };
        Settings {
            max_line: size(IMAP_OPTION_MAX_LINE, defaults.max_line),
            max_literal: size64(IMAP_OPTION_MAX_LITERAL, defaults.max_literal),
            max_result: size(IMAP_OPTION_MAX_RESULT, defaults.max_result),
            max_nesting: size(IMAP_OPTION_MAX_NESTING, defaults.max_nesting),
            max_addresses: size(IMAP_OPTION_MAX_ADDRESSES, defaults.max_addresses),
            max_events: size(IMAP_OPTION_MAX_EVENTS, defaults.max_events),
            max_in_flight: size(IMAP_OPTION_MAX_IN_FLIGHT, defaults.max_in_flight),
            max_unasked_literal: size(IMAP_OPTION_MAX_UNASKED_LITERAL, defaults.max_unasked_literal),
            max_sasl_rounds: size32(IMAP_OPTION_MAX_SASL_ROUNDS, defaults.max_sasl_rounds),
            min_iterations: size32(IMAP_OPTION_MIN_ITERATIONS, defaults.min_iterations),
            max_iterations: size32(IMAP_OPTION_MAX_ITERATIONS, defaults.max_iterations),
            spool: size(IMAP_OPTION_SPOOL, defaults.spool),
            idle_renew: time(IMAP_OPTION_IDLE_RENEW, defaults.idle_renew),
            dead_peer: time(IMAP_OPTION_DEAD_PEER, defaults.dead_peer),
            poll_interval: time(IMAP_OPTION_POLL_INTERVAL, defaults.poll_interval),
            drain_bytes: size64(IMAP_OPTION_DRAIN_BYTES, defaults.drain_bytes),
            drain_timeout: time(IMAP_OPTION_DRAIN_TIMEOUT, defaults.drain_timeout),
            greeting_timeout: self.time(IMAP_OPTION_GREETING_TIMEOUT, 30_000),
            command_timeout: self.time(IMAP_OPTION_COMMAND_TIMEOUT, 60_000),
            command_deadline: self
                .number(IMAP_OPTION_COMMAND_DEADLINE)
                .and_then(|number| u64::try_from(number).ok().map(Duration::from_millis)),
            close_timeout: time(IMAP_OPTION_CLOSE_TIMEOUT, defaults.close_timeout),
            allow_plaintext_login: self.is_on(IMAP_OPTION_DANGER_PLAINTEXT_LOGIN, false),
            sasl_ir: self.is_on(IMAP_OPTION_SASL_IR, true),
            max_command_line: size(IMAP_OPTION_MAX_COMMAND_LINE, defaults.max_command_line),
            emulate: self.is_on(IMAP_OPTION_EMULATE, true),
            host: defaults.host,
            port: defaults.port,
            realm: defaults.realm,
            append_crlf: self.is_on(IMAP_OPTION_APPEND_CRLF, false),
            trace: size(IMAP_OPTION_TRACE, defaults.trace),
            is_kept: self.is_on(IMAP_OPTION_KEEP_CREDENTIALS, false),
        }
    }
}
