//! Proxies: SOCKS4, SOCKS4a, SOCKS5 (RFC 1928, RFC 1929) and HTTP CONNECT (RFC 9110 section 9.3.6). Bytes in, bytes out:
//! no more is ever taken than belongs to the proxy's answer, since what follows is the server's.

#![forbid(unsafe_code)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result, imap_status::*};

/// A proxy, as in "socks5://user:password@host:1080".
#[derive(Clone)]
pub struct Proxy {
    kind: Kind,
    pub host: String,
    pub port: String,
    user: Zeroizing<String>,
    /// None: none was given.
    password: Option<Zeroizing<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Socks4,
    Socks4a,
    Socks5,
    Http,
}

const KINDS: [(&str, Kind, &str); 4] = [
    ("socks5", Kind::Socks5, "1080"),
    ("socks4", Kind::Socks4, "1080"),
    ("socks4a", Kind::Socks4a, "1080"),
    ("http", Kind::Http, "8080"),
];

impl Proxy {
    /// `scheme "://" [ user [ ":" password ] "@" ] host [ ":" port ] [ "/" ]`, user and password percent-encoded.
    pub fn parse(url: &str) -> Result<Proxy> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", ""));
        let known = KINDS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(scheme));
        let Some((_, kind, default_port)) = known else {
            return Err(unusable("begins with none of socks5://, socks4://, socks4a://, http://"));
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (who, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, password) = match who.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (who, None),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (place, *default_port),
        };
        let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.contains(['/', '?', '#']) {
            return Err(unusable("names no host"));
        }
        if port.parse::<u16>().ok().filter(|port| *port > 0).is_none() {
            return Err(unusable("has a port that is no number from 1 to 65535"));
        }
        let proxy = Proxy {
            kind: *kind,
            host: host.to_owned(),
            port: port.to_owned(),
            user: percent_decoded(user)?,
            password: password.map(percent_decoded).transpose()?,
        };
        proxy.check()?;
        Ok(proxy)
    }

    /// What the protocol has no room for.
    fn check(&self) -> Result<()> {
        let length = |text: Option<&Zeroizing<String>>| text.map_or(0, |text| text.len());
        match self.kind {
            Kind::Socks4 | Kind::Socks4a if self.password.is_some() => {
                Err(unusable("has a password, which SOCKS4 does not know"))
            }
            Kind::Socks4 | Kind::Socks4a if self.user.contains('\0') => Err(unusable("has NUL in its user")),
            Kind::Socks5 if self.user.len().max(length(self.password.as_ref())) > 255 => {
                Err(unusable("has a user or a password of more than 255 bytes, which SOCKS5 cannot send"))
            }
            Kind::Http if self.user.contains(':') => Err(unusable("has a colon in its user")),
            _ => Ok(()),
        }
    }

    /// The server's address is to be known here.
    pub fn needs_address(&self) -> bool {
        self.kind == Kind::Socks4
    }

    /// For messages: without user and password.
    pub fn name(&self) -> String {
        let scheme = KINDS.iter().find(|(_, kind, _)| *kind == self.kind).map_or("", |(name, ..)| name);
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("the proxy {scheme}://{host}:{}", self.port)
    }

    fn basic(&self) -> Option<Zeroizing<String>> {
        let password = self.password.as_ref().map_or("", |password| password.as_str());
        let is_given = !self.user.is_empty() || self.password.is_some();
        let pair = Zeroizing::new(format!("{}:{password}", *self.user));
        is_given.then(|| Zeroizing::new(STANDARD.encode(pair.as_bytes())))
    }
}

fn unusable(why: &str) -> Error {
    Error::invalid(format!("the URL of the proxy {why}: write \"socks5://user:password@host:1080\""))
}

fn percent_decoded(text: &str) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    bytes.try_reserve_exact(text.len())?;
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let escaped = more.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match (first, escaped) {
            (b'%', Some(digits)) => {
                bytes.push(u8::from_str_radix(digits, 16).unwrap_or_default());
                rest = &more[2..];
            }
            (b'%', None) => return Err(unusable("has a % without two hexadecimal digits behind it")),
            (plain, _) => {
                bytes.push(*plain);
                rest = more;
            }
        }
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(unusable("has a user or a password that is not UTF-8"))
        }
    }
}

/// Whom the proxy is to connect us to.
#[derive(Clone)]
pub enum Destination {
    Name(String),
    Address(IpAddr),
}

impl Destination {
    pub fn of(host: &str) -> Destination {
        let literal = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        literal.parse().map_or_else(|_| Destination::Name(host.to_owned()), Destination::Address)
    }
}

/// The talk with a proxy.
pub struct Talk {
    proxy: Proxy,
    stage: Stage,
    request: Zeroizing<Vec<u8>>,
    /// What is to be sent, and how much of it was.
    outgoing: Zeroizing<Vec<u8>>,
    sent: usize,
    incoming: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// SOCKS5: which method it chooses, and what it says to the password.
    Method,
    Password,
    /// The answer that decides.
    Answer,
    Done,
}

/// No proxy's answer is longer.
const MOST: usize = 16 * 1024;
const NO_PASSWORD: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_OF_THEM: u8 = 0xff;

impl Talk {
    pub fn new(proxy: &Proxy, destination: &Destination, port: u16) -> Result<Talk> {
        let request = Zeroizing::new(match proxy.kind {
            Kind::Socks4 | Kind::Socks4a => socks4_request(proxy, destination, port)?,
            Kind::Socks5 => socks5_request(destination, port)?,
            Kind::Http => http_request(proxy, destination, port),
        });
        let (stage, outgoing) = match proxy.kind {
            Kind::Socks5 if proxy.user.is_empty() && proxy.password.is_none() => {
                (Stage::Method, Zeroizing::new(vec![5, 1, NO_PASSWORD]))
            }
            Kind::Socks5 => (Stage::Method, Zeroizing::new(vec![5, 2, NO_PASSWORD, PASSWORD])),
            _ => (Stage::Answer, request.clone()),
        };
        Ok(Talk { proxy: proxy.clone(), stage, request, outgoing, sent: 0, incoming: Vec::new() })
    }

    /// What is to be sent now.
    pub fn output(&self) -> &[u8] {
        &self.outgoing[self.sent..]
    }

    pub fn sent(&mut self, count: usize) {
        self.sent += count;
    }

    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// So many bytes of the proxy's come at least: no more may be read.
    pub fn wanted(&self) -> usize {
        let here = self.incoming.len();
        let whole = match (self.stage, self.proxy.kind) {
            (Stage::Done, _) => 0,
            (Stage::Method | Stage::Password, _) => 2,
            (Stage::Answer, Kind::Socks4 | Kind::Socks4a) => 8,
            (Stage::Answer, Kind::Socks5) => socks5_length(&self.incoming),
            (Stage::Answer, Kind::Http) => here + http_missing(&self.incoming),
        };
        whole - here.min(whole)
    }

    /// Takes what came, at most `wanted()` bytes.
    pub fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.incoming.try_reserve(bytes.len())?;
        self.incoming.extend_from_slice(bytes);
        if self.incoming.len() > MOST {
            return Err(self.refusal("sent an answer without an end"));
        }
        if self.wanted() > 0 || self.stage == Stage::Done {
            return Ok(());
        }
        let answer = std::mem::take(&mut self.incoming);
        match (self.stage, self.proxy.kind) {
            (Stage::Method, _) => self.method(&answer),
            (Stage::Password, _) => match answer[..] {
                [_, 0] => self.ask(),
                _ => Err(self.refusal("does not accept the user and the password")),
            },
            (_, Kind::Socks4 | Kind::Socks4a) => self.decide(socks4_answer(&answer)),
            (_, Kind::Socks5) => self.decide(socks5_answer(&answer)),
            (_, Kind::Http) => self.decide(http_answer(&answer)),
        }
    }

    /// `+----+--------+ |VER | METHOD | +----+--------+`
    fn method(&mut self, answer: &[u8]) -> Result<()> {
        let offers_password = self.outgoing.get(1) == Some(&2);
        match *answer {
            [5, NO_PASSWORD] => self.ask(),
            [5, PASSWORD] if offers_password => {
                let password = self.proxy.password.as_ref().map_or("", |password| password.as_str());
                let mut outgoing = Zeroizing::new(Vec::new());
                outgoing.try_reserve_exact(3 + self.proxy.user.len() + password.len())?;
                outgoing.push(1);
                for text in [self.proxy.user.as_str(), password] {
                    outgoing.push(text.len() as u8);
                    outgoing.extend_from_slice(text.as_bytes());
                }
                (self.stage, self.outgoing, self.sent) = (Stage::Password, outgoing, 0);
                Ok(())
            }
            [5, NONE_OF_THEM] if !offers_password => Err(self.refusal("wants a user and a password")),
            [5, _] => Err(self.refusal("wants another way to log in than user and password")),
            _ => Err(self.refusal("does not speak SOCKS5")),
        }
    }

    /// Sends the request itself.
    fn ask(&mut self) -> Result<()> {
        (self.stage, self.outgoing, self.sent) = (Stage::Answer, self.request.clone(), 0);
        Ok(())
    }

    fn decide(&mut self, answer: Result<(), String>) -> Result<()> {
        match answer {
            Ok(()) => {
                self.stage = Stage::Done;
                Ok(())
            }
            Err(why) => Err(self.refusal(&why)),
        }
    }

    /// The proxy ended the connection.
    pub fn ended(&self) -> Error {
        self.refusal("closed the connection before it answered")
    }

    fn refusal(&self, why: &str) -> Error {
        Error::fatal(IMAP_ERR_CONNECT, format!("{} {why}", self.proxy.name()))
    }
}

/// `VN=4 CD=1 DSTPORT DSTIP USERID NULL`; SOCKS4a: an address 0.0.0.x says that the name follows.
fn socks4_request(proxy: &Proxy, destination: &Destination, port: u16) -> Result<Vec<u8>> {
    let (address, name) = match destination {
        Destination::Address(IpAddr::V4(address)) => (*address, ""),
        Destination::Address(IpAddr::V6(_)) => {
            let message = "SOCKS4 knows no IPv6 addresses: use socks5, or a host that has an IPv4 address";
            return Err(Error::fatal(IMAP_ERR_CONNECT, message));
        }
        Destination::Name(name) => (Ipv4Addr::new(0, 0, 0, 1), name.as_str()),
    };
    let mut request = Vec::new();
    request.try_reserve_exact(10 + proxy.user.len() + name.len())?;
    request.extend_from_slice(&[4, 1]);
    request.extend_from_slice(&port.to_be_bytes());
    request.extend_from_slice(&address.octets());
    request.extend_from_slice(proxy.user.as_bytes());
    request.push(0);
    if !name.is_empty() {
        request.extend_from_slice(name.as_bytes());
        request.push(0);
    }
    Ok(request)
}

fn socks4_answer(answer: &[u8]) -> Result<(), String> {
    match answer {
        [0, 90, ..] => Ok(()),
        [0, 91, ..] => Err("refuses, or cannot reach the server".to_owned()),
        [0, 92 | 93, ..] => Err("wants to be told by an identd here who we are".to_owned()),
        _ => Err("does not speak SOCKS4".to_owned()),
    }
}

/// `VER=5 CMD=1 RSV=0 ATYP DST.ADDR DST.PORT`
fn socks5_request(destination: &Destination, port: u16) -> Result<Vec<u8>> {
    let mut request = vec![5, 1, 0];
    match destination {
        Destination::Address(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Destination::Address(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Destination::Name(name) => {
            let length =
                u8::try_from(name.len()).map_err(|_| Error::invalid("the host's name is too long"))?;
            request.extend_from_slice(&[3, length]);
            request.extend_from_slice(name.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

/// How long `VER REP RSV ATYP BND.ADDR BND.PORT` is, as far as what is here tells.
fn socks5_length(here: &[u8]) -> usize {
    match here {
        // What is no success needs no address.
        [version, reply, ..] if (*version, *reply) != (5, 0) => 2,
        [_, _, _, 1, ..] => 4 + size_of::<Ipv4Addr>() + 2,
        [_, _, _, 4, ..] => 4 + size_of::<Ipv6Addr>() + 2,
        [_, _, _, 3, length, ..] => 5 + usize::from(*length) + 2,
        [_, _, _, 3] => 5,
        _ => 4,
    }
}

fn socks5_answer(answer: &[u8]) -> Result<(), String> {
    const REASONS: [&str; 8] = [
        "failed",
        "does not allow the connection",
        "cannot reach the network",
        "cannot reach the host",
        "was refused by the server",
        "found no way to the server in time",
        "does not know the command",
        "does not know this kind of address",
    ];
    match *answer {
        [5, 0, _, 1 | 3 | 4, ..] => Ok(()),
        [5, 0, ..] => Err("answered with an unknown kind of address".to_owned()),
        [5, reason, ..] => match REASONS.get(usize::from(reason - 1)) {
            Some(words) => Err(format!("{words} (SOCKS5 reply {reason})")),
            None => Err(format!("refuses (SOCKS5 reply {reason})")),
        },
        _ => Err("does not speak SOCKS5".to_owned()),
    }
}

fn http_request(proxy: &Proxy, destination: &Destination, port: u16) -> Vec<u8> {
    let authority = match destination {
        Destination::Address(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        Destination::Address(address) => format!("{address}:{port}"),
        Destination::Name(name) => format!("{name}:{port}"),
    };
    let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    let basic = proxy.basic();
    let name = if basic.is_some() { "Proxy-Authorization: Basic " } else { "" };
    let value = basic.as_ref().map_or("", |basic| basic.as_str());
    let end = if basic.is_some() { "\r\n\r\n" } else { "\r\n" };
    [head.as_str(), name, value, end].concat().into_bytes()
}

/// So many bytes are missing at least to the empty line that ends the head.
fn http_missing(here: &[u8]) -> usize {
    let is_over = here.ends_with(b"\r\n\r\n") || here.ends_with(b"\n\n");
    match here {
        // Nothing that begins otherwise has to be read to its end.
        _ if is_over || !b"HTTP/".starts_with(&here[..here.len().min(5)]) => 0,
        [.., b'\n'] | [.., b'\n', b'\r'] => 1,
        _ => 2,
    }
}

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ]`
fn http_answer(answer: &[u8]) -> Result<(), String> {
    let line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
    let shown: String =
        line.trim_end().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let status = shown.strip_prefix("HTTP/1.").and_then(|rest| rest.get(1..)).map(str::trim_start);
    let code = status.and_then(|status| status.get(..3)).and_then(|code| code.parse::<u16>().ok());
    match code {
        Some(200..=299) => Ok(()),
        Some(407) => Err(format!("wants another user and password: {shown}")),
        Some(_) => Err(format!("refuses: {shown}")),
        None => Err(format!("does not speak HTTP: \"{shown}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &[u8] = b"* OK the server itself\r\n";

    /// Talks to a proxy that answers this, and then lets the server speak, in pieces of at most this size: what was sent,
    /// and whether all that belongs to the proxy was taken, and nothing else.
    fn talk(url: &str, host: &str, answer: &[u8], piece: usize) -> Result<Vec<u8>> {
        let proxy = Proxy::parse(url)?;
        let mut talk = Talk::new(&proxy, &Destination::of(host), 993)?;
        let stream = [answer, SERVER].concat();
        let (mut sent, mut at) = (Vec::new(), 0);
        while !talk.is_done() {
            sent.extend_from_slice(talk.output());
            talk.sent(talk.output().len());
            let end = stream.len().min(at + talk.wanted().min(piece));
            talk.take(&stream[at..end])?;
            assert!(end > at || talk.is_done(), "it wants nothing");
            at = end;
        }
        assert_eq!(at, answer.len(), "{url}");
        Ok(sent)
    }

    /// The same at every size of pieces.
    fn always(url: &str, host: &str, answer: &[u8]) -> Result<Vec<u8>> {
        let whole = talk(url, host, answer, usize::MAX);
        for piece in 1..answer.len() {
            let in_pieces = talk(url, host, answer, piece);
            assert_eq!(whole.as_ref().ok(), in_pieces.as_ref().ok(), "{url} {piece}");
        }
        whole
    }

    #[test]
    fn what_each_kind_says() {
        let socks5 =
            always("socks5://p", "imap.example.org", b"\x05\x00\x05\x00\x00\x01\x7f\0\0\x01\x1f\x90");
        assert_eq!(socks5.expect("socks5"), b"\x05\x01\x00\x05\x01\x00\x03\x10imap.example.org\x03\xe1");
        let named = b"\x05\x02\x01\x00\x05\x00\x00\x03\x03abc\x1f\x90";
        let login = always("socks5://b%40b:p%3A%2F@p:1", "::1", named).expect("socks5");
        let v6 = [&[0; 15][..], &[1]].concat();
        let expected =
            [b"\x05\x02\x00\x02\x01\x03b@b\x03p:/\x05\x01\x00\x04", v6.as_slice(), b"\x03\xe1"].concat();
        assert_eq!(login, expected);
        let six = [&b"\x05\x00\x05\x00\x00\x04"[..], &[7; 18]].concat();
        assert!(always("socks5://p", "[::1]", &six).is_ok());
        let granted = b"\x00\x5a\0\0\0\0\0\0";
        let socks4 = always("socks4://me@p", "192.0.2.1", granted).expect("socks4");
        assert_eq!(socks4, b"\x04\x01\x03\xe1\xc0\x00\x02\x01me\x00");
        let socks4a = always("socks4a://p", "a.example", granted).expect("socks4a");
        assert_eq!(socks4a, b"\x04\x01\x03\xe1\x00\x00\x00\x01\x00a.example\x00");
        for end in ["\r\n\r\n", "\r\nVia: x\r\nA: \n b\r\n\r\n", "\n\n"] {
            let answer = format!("HTTP/1.1 200 Connection established{end}");
            let http = always("http://u:p@p/", "::1", answer.as_bytes()).expect("http");
            let expected =
                "CONNECT [::1]:993 HTTP/1.1\r\nHost: [::1]:993\r\nProxy-Authorization: Basic dTpw\r\n\r\n";
            assert_eq!(String::from_utf8_lossy(&http), expected);
        }
    }

    #[test]
    fn refusals_say_why() {
        let failed = |url: &str, answer: &[u8]| {
            let error = always(url, "a.example", answer).expect_err("a refusal");
            assert_eq!(error.status, IMAP_ERR_CONNECT);
            assert!(!error.message.contains("secret"));
            error.message.into_owned()
        };
        let socks5 = "the proxy socks5://p:1080 ";
        for (answer, why) in [
            (&b"\x05\xff"[..], "wants a user and a password"),
            (b"\x05\x02", "wants another way to log in than user and password"),
            (b"\x05\x01", "wants another way to log in than user and password"),
            (b"HTTP/1.0 400", "does not speak SOCKS5"),
            (b"\x05\x00\x05\x05", "was refused by the server (SOCKS5 reply 5)"),
            (b"\x05\x00\x05\x4d", "refuses (SOCKS5 reply 77)"),
            (b"\x05\x00\x05\x00\x00\x09", "answered with an unknown kind of address"),
        ] {
            assert_eq!(failed("socks5://p", answer), format!("{socks5}{why}"));
        }
        let login = "socks5://user:secret@p";
        assert!(failed(login, b"\x05\x02\x01\x01").ends_with("does not accept the user and the password"));
        assert!(failed(login, b"\x05\xff").ends_with("than user and password"));
        assert!(failed("socks4a://p", b"\x00\x5b\0\0\0\0\0\0").contains("refuses"));
        let refused = failed("http://u:secret@p", b"HTTP/1.1 407 Who\x07 are you\r\n\r\n");
        assert!(
            refused.contains("wants another user and password: HTTP/1.1 407 Who\u{fffd} are you"),
            "{refused}"
        );
        assert!(failed("http://p", b"HTTP/1.1 503 no\r\n\r\n").ends_with("refuses: HTTP/1.1 503 no"));
        assert!(failed("http://p", b"* OK").contains("does not speak HTTP"));
        let endless = [b"HTTP/1.1 200 ok\r\n", &[b'x'; 40_000][..]].concat();
        let error = talk("http://p", "a.example", &endless, 100).expect_err("no end");
        assert!(error.message.contains("without an end"));
        assert!(talk("socks4://p", "::1", b"", 1).expect_err("IPv6").message.contains("no IPv6"));
    }

    #[test]
    fn urls_that_are_none() {
        for bad in [
            "",
            "p",
            "socks6://p",
            "://p",
            "socks5://",
            "socks5://:1080",
            "socks5://p:0",
            "socks5://p:x",
            "socks5://p:65536",
            "socks5://p/path",
            "socks5://%zz@p",
            "socks5://%f@p",
            "socks5://%ff@p",
            "socks4://u:p@p",
            "socks4a://a%00@p",
            "http://a%3ab:p@p",
            &format!("socks5://{}@p", "x".repeat(256)),
        ] {
            let error = Proxy::parse(bad).err().expect(bad);
            assert_eq!(error.status, IMAP_ERR_INVALID, "{bad}");
        }
        let six = Proxy::parse("SOCKS5://[::1]").expect("a URL");
        assert_eq!(six.name(), "the proxy socks5://[::1]:1080");
        assert_eq!(Proxy::parse("http://u@h:3128/").expect("a URL").name(), "the proxy http://h:3128");
    }
}
