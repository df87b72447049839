//! SASL (RFC 4422): mechanisms, challenge in, response out. No I/O, no clock, no randomness.

#![forbid(unsafe_code)]

mod bare;
mod cram_md5;
mod digest_md5;
mod login;
mod oauth;
mod plain;
mod prep;
mod scram;
mod secret;

use std::str;

use base64::engine::{Engine, general_purpose::STANDARD};
use hmac::{EagerHash, Hmac, digest::Digest};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::error::{Error, Result, imap_status::*};
use bare::Bare;
use cram_md5::CramMd5;
use digest_md5::DigestMd5;
use login::Login;
use oauth::{Dialect, OAuth};
use plain::Plain;
pub use prep::saslprep;
use scram::Scram;
pub use secret::Secret;

/// Who logs in. All of it is UTF-8.
#[derive(Debug)]
pub struct Credentials {
    /// authcid: whose password it is (RFC 4422 section 2).
    pub user: Secret,
    /// What proves it.
    pub password: Secret,
    /// authzid: the user to become, if that is another (RFC 4422 section 3.4.1). Empty is as good as none.
    pub act_as: Option<Secret>,
}

/// How often a server may have SCRAM hash a password (RFC 5802 section 4): too few make it easy to guess, too
/// many keep us busy.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// [4096]
    pub min_iterations: u32,
    /// [1000000]
    pub max_iterations: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { min_iterations: 4096, max_iterations: 1_000_000 }
    }
}

/// What an authentication depends on beside the credentials.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'s> {
    /// Random, and used once.
    pub nonce: [u8; 24],
    pub limits: Limits,
    /// The server's name, as the caller knows it.
    pub host: &'s str,
    /// The port that was connected to, if that is known.
    pub port: Option<u16>,
    pub realm: Option<&'s str>,
    /// tls-server-end-point (RFC 5929 section 4) of the connection; None: no TLS, or none can be made.
    pub channel_binding: Option<&'s [u8]>,
}

/// A way to authenticate (RFC 4422 section 3.1).
#[derive(Debug)]
pub struct Mechanism {
    /// sasl-mech, as after "AUTH=".
    pub name: &'static str,
    /// The client speaks first, and can do so on the command line (SASL-IR, RFC 4959).
    pub client_first: bool,
    /// Who sees the traffic can read the password.
    pub plaintext: bool,
    /// May be chosen without being named by the caller.
    pub is_automatic: bool,
    /// Can become another user (authzid).
    pub can_act_as: bool,
    pub needs: Needs,
    begin: fn(Credentials, &Setting<'_>) -> Result<State>,
}

/// What a mechanism cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A user, and a password or token.
    Both,
    /// Neither.
    Nothing,
}

/// Best first.
///
/// SCRAM leads: it never shows the password, and the server proves that it knows it. CRAM-MD5 hides the
/// password badly: one MD5 for each guess, nothing proven by the server, which must store what is as good as
/// the password. So it is there for who asks for it, before the two that hide nothing. PLAIN needs one
/// round and takes UTF-8 and an authzid; LOGIN has none of that, and the LOGIN command does the same in one
/// round.
///
/// The -PLUS forms are bound to the TLS channel by tls-server-end-point, where most servers want another binding and
/// then refuse or hang up: so they are there for who asks for them.
pub const MECHANISMS: &[Mechanism] = &[
    bound("SCRAM-SHA-512-PLUS", begin_bound_scram::<Sha512>),
    bound("SCRAM-SHA-256-PLUS", begin_bound_scram::<Sha256>),
    bound("SCRAM-SHA-1-PLUS", begin_bound_scram::<Sha1>),
    Mechanism {
        name: "SCRAM-SHA-512",
        client_first: true,
        plaintext: false,
        is_automatic: true,
        can_act_as: true,
        needs: Needs::Both,
        begin: begin_scram::<Sha512>,
    },
    Mechanism {
        name: "SCRAM-SHA-256",
        client_first: true,
        plaintext: false,
        is_automatic: true,
        can_act_as: true,
        needs: Needs::Both,
        begin: begin_scram::<Sha256>,
    },
    Mechanism {
        name: "SCRAM-SHA-1",
        client_first: true,
        plaintext: false,
        is_automatic: true,
        can_act_as: true,
        needs: Needs::Both,
        begin: begin_scram::<Sha1>,
    },
    Mechanism {
        name: "DIGEST-MD5",
        client_first: false,
        plaintext: false,
        is_automatic: false,
        can_act_as: true,
        needs: Needs::Both,
        begin: |credentials, setting| Ok(State::DigestMd5(DigestMd5::new(credentials, setting)?)),
    },
    Mechanism {
        name: "CRAM-MD5",
        client_first: false,
        plaintext: false,
        is_automatic: false,
        can_act_as: false,
        needs: Needs::Both,
        begin: |credentials, _| Ok(State::CramMd5(CramMd5::new(credentials))),
    },
    // Who may use them knows it, and asks for them.
    Mechanism {
        name: "EXTERNAL",
        client_first: true,
        plaintext: false,
        is_automatic: false,
        can_act_as: true,
        needs: Needs::Nothing,
        begin: |credentials, _| Ok(State::Bare(Bare::external(credentials))),
    },
    Mechanism {
        name: "ANONYMOUS",
        client_first: true,
        plaintext: false,
        is_automatic: false,
        can_act_as: false,
        needs: Needs::Nothing,
        begin: |credentials, _| Bare::anonymous(credentials).map(State::Bare),
    },
    Mechanism {
        name: "OAUTHBEARER",
        client_first: true,
        plaintext: true,
        is_automatic: false,
        can_act_as: false,
        needs: Needs::Both,
        begin: |credentials, setting| {
            let server = setting.port.map(|port| (setting.host.to_owned(), port));
            Ok(State::OAuth(OAuth::new(Dialect::Bearer(server), credentials)))
        },
    },
    Mechanism {
        name: "XOAUTH2",
        client_first: true,
        plaintext: true,
        is_automatic: false,
        can_act_as: false,
        needs: Needs::Both,
        begin: |credentials, _| Ok(State::OAuth(OAuth::new(Dialect::XOAuth2, credentials))),
    },
    Mechanism {
        name: "PLAIN",
        client_first: true,
        plaintext: true,
        is_automatic: true,
        can_act_as: true,
        needs: Needs::Both,
        begin: |credentials, _| Ok(State::Plain(Plain::new(credentials))),
    },
    Mechanism {
        name: "LOGIN",
        client_first: false,
        plaintext: true,
        is_automatic: false,
        can_act_as: false,
        needs: Needs::Both,
        begin: |credentials, _| Ok(State::Login(Login::new(credentials))),
    },
];

const fn bound(name: &'static str, begin: fn(Credentials, &Setting<'_>) -> Result<State>) -> Mechanism {
    Mechanism {
        name,
        client_first: true,
        plaintext: false,
        is_automatic: false,
        can_act_as: true,
        needs: Needs::Both,
        begin,
    }
}

/// The mechanism of that name (RFC 4422 section 3.1), in any case; "_" reads as "-".
pub fn find(name: &str) -> Option<&'static Mechanism> {
    let same = |ours: u8, theirs: u8| ours == if theirs == b'_' { b'-' } else { theirs.to_ascii_uppercase() };
    MECHANISMS.iter().find(|mechanism| {
        mechanism.name.len() == name.len()
            && mechanism.name.bytes().zip(name.bytes()).all(|(a, b)| same(a, b))
    })
}

/// One authentication in progress (RFC 4422 section 3). After an error it is over, and its secrets are wiped.
#[derive(Debug)]
pub struct Exchange {
    /// It is our turn, and no challenge is needed.
    awaits_first: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    Scram(Scram),
    DigestMd5(DigestMd5),
    CramMd5(CramMd5),
    Plain(Plain),
    Login(Login),
    OAuth(OAuth),
    Bare(Bare),
    Failed,
}

impl Exchange {
    pub fn new(
        mechanism: &'static Mechanism,
        mut credentials: Credentials,
        setting: &Setting<'_>,
    ) -> Result<Exchange> {
        credentials.act_as = credentials.act_as.filter(|act_as| !act_as.is_empty());
        if credentials.act_as.is_some() && !mechanism.can_act_as {
            let message = format!("{} cannot act as another user: use SCRAM or PLAIN", mechanism.name);
            return Err(Error::invalid(message));
        }
        for (what, text) in [("user", &credentials.user), ("password", &credentials.password)] {
            if mechanism.needs == Needs::Both || !text.is_empty() {
                check(what, text)?;
            }
        }
        if let Some(act_as) = &credentials.act_as {
            check("user to act as", act_as)?;
        }
        let state = (mechanism.begin)(credentials, setting)?;
        Ok(Exchange { awaits_first: mechanism.client_first, state })
    }

    /// The first bytes, once, if the client speaks first. Not yet base64.
    pub fn initial(&mut self) -> Result<Option<Secret>> {
        if !self.awaits_first {
            return Ok(None);
        }
        self.awaits_first = false;
        match &self.state {
            State::Scram(scram) => scram.initial().map(Some),
            State::Plain(plain) => plain.initial().map(Some),
            State::OAuth(oauth) => oauth.initial().map(Some),
            State::Bare(bare) => bare.initial().map(Some),
            State::DigestMd5(_) | State::CramMd5(_) | State::Login(_) | State::Failed => Ok(None),
        }
    }

    /// Decoded challenge in, raw bytes out; None: the answer takes long, and `go_on` goes on with it. If the first bytes
    /// were not asked for, this is where they come: without SASL-IR a server calls for them with an empty challenge.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Option<Secret>> {
        let answer = self.answer(challenge);
        self.kept(answer)
    }

    /// A few milliseconds more of an answer that takes long.
    pub fn go_on(&mut self) -> Result<Option<Secret>> {
        let answer = match &mut self.state {
            State::Scram(scram) => scram.go_on(),
            _ => Err(impossible()),
        };
        self.kept(answer)
    }

    fn kept(&mut self, answer: Result<Option<Secret>>) -> Result<Option<Secret>> {
        if answer.is_err() {
            self.state = State::Failed;
        }
        answer
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Option<Secret>> {
        if challenge.len() > MAX_CHALLENGE {
            return Err(broken("the server's challenge is longer than any mechanism needs"));
        }
        if let Some(first) = self.initial()? {
            return Ok(Some(first));
        }
        let answer = match &mut self.state {
            State::Scram(scram) => return scram.respond(challenge),
            State::DigestMd5(digest_md5) => digest_md5.respond(challenge),
            State::CramMd5(cram_md5) => cram_md5.respond(challenge),
            State::Plain(plain) => plain.respond(),
            State::Login(login) => login.respond(),
            State::OAuth(oauth) => oauth.respond(challenge),
            State::Bare(bare) => bare.respond(),
            State::Failed => Err(Error::new(IMAP_ERR_AUTH, "the authentication has failed: start another")),
        };
        answer.map(Some)
    }

    /// It proves that we know the password, and that the server does, without showing it.
    pub fn hides_secret(&self) -> bool {
        matches!(&self.state, State::Scram(_))
    }

    /// It is bound to the TLS channel.
    pub fn is_bound(&self) -> bool {
        matches!(&self.state, State::Scram(scram) if scram.is_bound())
    }

    /// What the server said of a token that it refused: JSON.
    pub fn refusal(&self) -> Option<&[u8]> {
        match &self.state {
            State::OAuth(oauth) => oauth.refusal(),
            _ => None,
        }
    }

    /// Whether the server's OK may be believed: all was said, and SCRAM's server has proved itself.
    pub fn is_complete(&self) -> bool {
        match &self.state {
            State::Scram(scram) => scram.is_complete(),
            State::DigestMd5(digest_md5) => digest_md5.is_complete(),
            State::CramMd5(cram_md5) => cram_md5.is_complete(),
            State::Plain(_) | State::OAuth(_) | State::Bare(_) => !self.awaits_first,
            State::Login(login) => login.is_complete(),
            State::Failed => false,
        }
    }
}

/// base64 (RFC 4648 section 4). An empty initial response is sent as "=" by the caller (RFC 4959).
pub fn encode(bytes: &[u8]) -> Result<Secret> {
    // A length that overflows cannot be reserved.
    let len = base64::encoded_len(bytes.len(), true).unwrap_or(usize::MAX);
    Secret::filled(len, |text| STANDARD.encode_slice(bytes, text).map_err(|_| impossible()))
}

/// base64 (RFC 4648 section 4) of a challenge, with nothing forgiven but white space around it. One that is none ends
/// the exchange, not the connection.
pub fn decode(text: &[u8]) -> Result<Secret> {
    unbase64("challenge", text.trim_ascii()).map_err(|error| Error { is_usable: true, ..error })
}

/// base64 = *(4base64-char) [base64-terminal] (RFC 9051 section 9)
///
/// The error does not quote the text: a server may have been told the password, and play it back.
fn unbase64(what: &str, text: &[u8]) -> Result<Secret> {
    let len = base64::decoded_len_estimate(text.len());
    Secret::filled(len, |bytes| {
        STANDARD.decode_slice(text, bytes).map_err(|_| broken(format!("the server's {what} is not base64")))
    })
}

/// Challenges are some hundred bytes long.
const MAX_CHALLENGE: usize = 64 * 1024;

fn begin_scram<D: EagerHash + Digest + 'static>(
    credentials: Credentials,
    setting: &Setting<'_>,
) -> Result<State>
where
    Hmac<D>: Send,
{
    Scram::new::<D>(credentials, encode(&setting.nonce)?, setting.limits, None).map(State::Scram)
}

fn begin_bound_scram<D: EagerHash + Digest + 'static>(
    credentials: Credentials,
    setting: &Setting<'_>,
) -> Result<State>
where
    Hmac<D>: Send,
{
    let Some(binding) = setting.channel_binding else {
        let message = "there is no TLS channel to bind to: use the mechanism without -PLUS";
        return Err(Error::new(IMAP_ERR_STATE, message));
    };
    Scram::new::<D>(credentials, encode(&setting.nonce)?, setting.limits, Some(binding)).map(State::Scram)
}

/// NUL ends a string of PLAIN and ^A one of the OAuth mechanisms; CR and LF are in no password that could be
/// typed.
fn check(what: &str, text: &Secret) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid(format!("the {what} is empty")));
    }
    if text.as_bytes().iter().any(|byte| matches!(byte, 0 | 1 | b'\r' | b'\n')) {
        return Err(Error::invalid(format!("the {what} contains NUL, ^A, CR or LF")));
    }
    utf8(what, text).map(|_| ())
}

fn utf8<'a>(what: &str, text: &'a Secret) -> Result<&'a str> {
    str::from_utf8(text.as_bytes()).map_err(|_| Error::invalid(format!("the {what} is not UTF-8")))
}

fn broken(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::fatal(IMAP_ERR_PROTOCOL, message)
}

/// A challenge after the last one: it is not answered, and the exchange is given up.
fn answered(mechanism: &str) -> Error {
    Error::new(IMAP_ERR_PROTOCOL, format!("the server asks for more than {mechanism} has to say"))
}

/// For errors of the crates that our arguments cannot cause.
fn impossible() -> Error {
    Error::fatal(IMAP_ERR_INTERNAL, "a hash or base64 function refused a correct argument: please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn credentials(user: &str, password: &str, act_as: Option<&str>) -> Credentials {
        let secret = |text: &str| Secret::new(text.as_bytes()).unwrap();
        Credentials { user: secret(user), password: secret(password), act_as: act_as.map(secret) }
    }

    fn begin(name: &str, credentials: Credentials) -> Result<Exchange> {
        let limits = Limits { min_iterations: 1, max_iterations: 20 };
        let channel_binding = Some(&b"binding"[..]);
        let setting =
            Setting { nonce: [7; 24], limits, host: "localhost", port: None, realm: None, channel_binding };
        Exchange::new(find(name).unwrap(), credentials, &setting)
    }

    #[test]
    fn names_are_found_in_any_case() {
        for name in ["SCRAM-SHA-256", "scram_sha_256", "Scram-Sha_256"] {
            assert_eq!(find(name).unwrap().name, "SCRAM-SHA-256");
        }
        for name in ["", "SCRAM-SHA-2", "SCRAM-SHA-256-MINUS", "SCRAM SHA 256", "PLÄIN"] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn no_plaintext_before_the_others() {
        assert!(MECHANISMS.iter().skip_while(|mechanism| !mechanism.plaintext).all(|rest| rest.plaintext));
    }

    #[test]
    fn base64_is_strict() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), (" Zm8= \r\n", "fo"), ("Zm9v", "foo")] {
            assert_eq!(decode(text.as_bytes()).unwrap().as_bytes(), bytes.as_bytes());
            assert_eq!(encode(bytes.as_bytes()).unwrap().as_bytes(), text.trim().as_bytes());
        }
        for text in ["=", "Z", "Zg", "Zg=", "Zh==", "Zg==Zg==", "Zm 9v", "Zm9v=", "Zm-_", "Zm9\0"] {
            let error = decode(text.as_bytes()).unwrap_err();
            assert_eq!((error.status, error.is_usable), (IMAP_ERR_PROTOCOL, true), "{text:?}");
            assert_eq!(error.message, "the server's challenge is not base64");
        }
    }

    #[test]
    fn bad_bytes_in_credentials() {
        let with = |bytes: &[u8]| Secret::concat(&[b"a", bytes, b"b"]).unwrap();
        for mechanism in MECHANISMS {
            for bytes in [b"\0", b"\x01", b"\r", b"\n", b"\xff"] {
                let user = Credentials { user: with(bytes), ..credentials("tim", "x", None) };
                let password = Credentials { password: with(bytes), ..credentials("tim", "x", None) };
                let act_as = Credentials { act_as: Some(with(bytes)), ..credentials("tim", "x", None) };
                for bad in [user, password, act_as] {
                    assert_eq!(begin(mechanism.name, bad).unwrap_err().status, IMAP_ERR_INVALID);
                }
            }
            for empty in [credentials("", "x", None), credentials("tim", "", None)] {
                let begun = begin(mechanism.name, empty);
                assert_eq!(begun.is_ok(), mechanism.needs == Needs::Nothing, "{}", mechanism.name);
            }
            assert!(begin(mechanism.name, credentials("tim", "x", Some(""))).is_ok());
            assert_eq!(begin(mechanism.name, credentials("a", "x", Some("b"))).is_ok(), mechanism.can_act_as);
        }
    }

    #[test]
    fn who_speaks_first() {
        for mechanism in MECHANISMS {
            let mut exchange = begin(mechanism.name, credentials("tim", "x", None)).unwrap();
            assert!(!exchange.is_complete());
            assert_eq!(exchange.initial().unwrap().is_some(), mechanism.client_first, "{}", mechanism.name);
            let says_all = ["PLAIN", "EXTERNAL", "ANONYMOUS", "OAUTHBEARER", "XOAUTH2"];
            assert_eq!(exchange.is_complete(), says_all.contains(&mechanism.name));
            assert!(exchange.initial().unwrap().is_none());
        }
        let mut late = begin("PLAIN", credentials("tim", "x", None)).unwrap();
        assert_eq!(late.respond(b"").unwrap().unwrap().as_bytes(), b"\0tim\0x");
        assert!(late.is_complete());
        assert!(late.respond(b"").is_err() && !late.is_complete());
    }

    #[test]
    fn nothing_secret_is_shown() {
        for mechanism in MECHANISMS {
            let mut exchange = begin(mechanism.name, credentials("tim", "tanstaaf", None)).unwrap();
            exchange.initial().unwrap();
            let shown = format!("{exchange:?} {:?}", exchange.respond(b"x"));
            assert!(!shown.contains("tim") && !shown.contains("tanstaaf"), "{shown}");
        }
    }

    /// One dialogue of each mechanism, cut and changed at every byte of every challenge.
    #[test]
    fn hostile_challenges() {
        let first = "r=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH%x,s=QSXCR+Q6sek8bf92,i=9,a=b";
        let dialogues: [(&str, &[&str]); 5] = [
            ("SCRAM-SHA-256", &["", first, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,a=b"]),
            ("SCRAM-SHA-1", &["", first, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,a=b"]),
            ("CRAM-MD5", &["<1896.697170952@postoffice.reston.mci.net>"]),
            ("PLAIN", &[""]),
            ("LOGIN", &["Username:", "Password:"]),
        ];
        for (name, challenges) in dialogues {
            for (turn, good) in challenges.iter().enumerate() {
                for bad in mutations(good.as_bytes()) {
                    let mut exchange = begin(name, credentials("tim", "tanstaaf", None)).unwrap();
                    for before in challenges.iter().take(turn) {
                        exchange.respond(before.as_bytes()).unwrap();
                    }
                    let answer = exchange.respond(&bad);
                    let _ = decode(&bad);
                    assert!(answer.is_ok() || !exchange.is_complete());
                    assert!(!name.starts_with("SCRAM") || !exchange.is_complete());
                }
            }
        }
        let mut exchange = begin("CRAM-MD5", credentials("tim", "tanstaaf", None)).unwrap();
        assert!(exchange.respond(&vec![b'x'; MAX_CHALLENGE + 1]).is_err());
    }

    pub fn mutations(good: &[u8]) -> Vec<Vec<u8>> {
        let mut all = vec![[good, b"x"].concat(), [good, good, b"\xff"].concat()];
        for at in 0..good.len() {
            all.push(good[..at].to_vec());
            all.push([&good[..at], &good[at + 1..]].concat());
            for byte in (0..8).map(|bit| good[at] ^ 1 << bit).chain([0, b'=', b',', b'0', 0xff]) {
                if byte != good[at] {
                    all.push([&good[..at], &[byte], &good[at + 1..]].concat());
                }
            }
        }
        all
    }
}
