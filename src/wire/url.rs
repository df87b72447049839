//! The server part of IMAP URLs (RFC 5092 section 11).

use crate::error::{Error, Result};

/// `imapurl = ("imap" / "imaps") "://" [enc-user [";AUTH=" enc-auth-type] "@"] host [":" port] [path]`
#[derive(Debug, PartialEq, Eq)]
pub struct Server {
    /// imaps: TLS from the first byte.
    pub is_tls: bool,
    pub user: Option<String>,
    pub host: String,
    pub port: Option<String>,
}

pub fn parse(url: &str) -> Result<Server> {
    let scheme = |name: &str| {
        let head = url.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name))?;
        url.strip_prefix(head)
    };
    let (is_tls, rest) = match (scheme("imaps://"), scheme("imap://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        _ => return Err(Error::invalid("the URL does not begin with imap:// or imaps://")),
    };
    if rest.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(Error::invalid("the URL contains a space or a control character: encode it as %20"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(decode_user(user)?), host),
        None => (None, authority),
    };
    let (host, port) = split_port(host)?;
    check_escapes(&rest[authority.len()..])?;
    Ok(Server { is_tls, user, host: host.to_owned(), port: port.map(str::to_owned) })
}

fn decode_user(text: &str) -> Result<String> {
    let user = text.split(";").next().unwrap_or_default();
    if user.contains(':') {
        return Err(Error::invalid("the URL contains a password: give it with IMAP_OPTION_PASSWORD instead"));
    }
    decode(user)
}

/// Host names, IPv4 addresses, and IPv6 addresses in brackets.
fn split_port(host: &str) -> Result<(&str, Option<&str>)> {
    let (name, port) = match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, port)) => (address, port.strip_prefix(':')),
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if name.is_empty() || port.is_some_and(|port| !is_port(port)) {
        return Err(Error::invalid("the URL names no host, or a port that is not a number from 1 to 65535"));
    }
    Ok((name, port))
}

fn check_escapes(path: &str) -> Result<()> {
    decode(path).map(drop)
}

/// `pct-encoded = "%" HEXDIG HEXDIG`
fn decode(text: &str) -> Result<String> {
    let wrong = || Error::invalid("the URL contains a % that does not begin an encoded UTF-8 character");
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(text.len())?;
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or_else(wrong);
        bytes.push((digit()? * 16 + digit()?) as u8);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(is_tls: bool, user: Option<&str>, host: &str, port: Option<&str>) -> Server {
        Server { is_tls, user: user.map(str::to_owned), host: host.to_owned(), port: port.map(str::to_owned) }
    }

    #[test]
    fn urls_name_servers() {
        let parsed = |url| parse(url).ok();
        assert_eq!(parsed("imaps://example.org"), Some(server(true, None, "example.org", None)));
        assert_eq!(
            parsed("IMAP://bob%40example.org;AUTH=*@example.org:1143/INBOX;UID=3"),
            Some(server(false, Some("bob@example.org"), "example.org", Some("1143")))
        );
        assert_eq!(
            parsed("imaps://z%C3%B6e@[::1]:993/"),
            Some(server(true, Some("zöe"), "::1", Some("993")))
        );
        for wrong in [
            "http://example.org",
            "imap://",
            "imap://u:password@host",
            "imap://host:0",
            "imap://host:x",
            "imap://a b",
            "imap://host/%2",
            "imap://%ff@host",
        ] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
