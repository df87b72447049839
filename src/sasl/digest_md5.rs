//! DIGEST-MD5 (RFC 2831): a digest of the password and of both sides' nonces; the server proves that it knows it too.
//! Historic (RFC 6331): for servers that have nothing better.

#![forbid(unsafe_code)]

use hmac::digest::Digest;
use md5::Md5;

use super::{Credentials, Secret, Setting, answered, broken, encode, utf8};
use crate::error::{Error, Result, imap_status::*};

/// One authentication with DIGEST-MD5.
#[derive(Debug)]
pub struct DigestMd5 {
    credentials: Credentials,
    /// cnonce
    nonce: Secret,
    /// digest-uri: "imap/" and the host
    uri: String,
    realm: Option<String>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// digest-challenge comes next.
    First,
    /// response-auth comes next, with this value.
    Final(Secret),
    Complete,
}

impl DigestMd5 {
    pub fn new(credentials: Credentials, setting: &Setting<'_>) -> Result<DigestMd5> {
        Ok(DigestMd5 {
            credentials,
            nonce: encode(&setting.nonce)?,
            uri: format!("imap/{}", setting.host),
            realm: setting.realm.map(str::to_owned),
            stage: Stage::First,
        })
    }

    /// digest-response, then nothing.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Secret> {
        match &self.stage {
            Stage::First => {
                let (answer, proof) = self.response(&Challenge::parse(challenge)?)?;
                self.stage = Stage::Final(proof);
                Ok(answer)
            }
            Stage::Final(proof) => {
                verify(challenge, proof)?;
                self.stage = Stage::Complete;
                Ok(Secret::default())
            }
            Stage::Complete => Err(answered("DIGEST-MD5")),
        }
    }

    /// The server has proved that it knows the password.
    pub fn is_complete(&self) -> bool {
        matches!(self.stage, Stage::Complete)
    }

    /// digest-response = 1#( username | realm | nonce | cnonce | nonce-count | qop | digest-uri | response | charset |
    /// authzid ), and what the server must answer with.
    fn response(&self, server: &Challenge) -> Result<(Secret, Secret)> {
        let Credentials { user, password, act_as } = &self.credentials;
        let realm = self.realm.as_deref().or(server.realms.first().map(String::as_str)).unwrap_or_default();
        let nonce = self.nonce.as_bytes();
        let known = [
            hashed("user", utf8("user", user)?, server.is_utf8)?,
            hashed("realm", realm, server.is_utf8)?,
            hashed("password", utf8("password", password)?, server.is_utf8)?,
        ];
        let known = [known[0].as_bytes(), b":", known[1].as_bytes(), b":", known[2].as_bytes()];
        let secret = digest(&known)?;
        let mut first = vec![secret.as_bytes(), b":", server.nonce.as_bytes(), b":", nonce];
        if let Some(act_as) = act_as {
            first.extend([&b":"[..], act_as.as_bytes()]);
        }
        let key = hex(&digest(&first)?)?;
        let proof = |method: &[u8]| {
            let second = hex(&digest(&[method, b":", self.uri.as_bytes()])?)?;
            let counted: [&[u8]; 9] = [
                key.as_bytes(),
                b":",
                server.nonce.as_bytes(),
                b":00000001:",
                nonce,
                b":",
                b"auth",
                b":",
                second.as_bytes(),
            ];
            hex(&digest(&counted)?)
        };
        let response = proof(b"AUTHENTICATE")?;
        let sent = |text: &str| {
            if server.is_utf8 { Secret::new(text.as_bytes()) } else { hashed("user", text, false) }
        };
        let (user, realm) = (sent(utf8("user", user)?)?, sent(realm)?);
        let (user, realm) = (quoted(user.as_bytes())?, quoted(realm.as_bytes())?);
        let server_nonce = quoted(server.nonce.as_bytes())?;
        let mut parts: Vec<&[u8]> = Vec::new();
        parts.extend(server.is_utf8.then_some(&b"charset=utf-8,"[..]));
        parts.extend([&b"username="[..], user.as_bytes()]);
        parts.extend([&b",realm="[..], realm.as_bytes()]);
        parts.extend([&b",nonce="[..], server_nonce.as_bytes()]);
        parts.extend([&b",nc=00000001,cnonce=\""[..], nonce, b"\",digest-uri=\"", self.uri.as_bytes()]);
        parts.extend([&b"\",response="[..], response.as_bytes(), b",qop=auth"]);
        let quoted_authzid = act_as.as_ref().map(|act_as| quoted(act_as.as_bytes())).transpose()?;
        if let Some(authzid) = &quoted_authzid {
            parts.extend([&b",authzid="[..], authzid.as_bytes()]);
        }
        Ok((Secret::concat(&parts)?, proof(b"")?))
    }
}

/// digest-challenge = 1#( realm | nonce | qop-options | stale | server_maxbuf | charset | algorithm | cipher-opts |
/// auth-param )
#[derive(Debug, Default)]
struct Challenge {
    realms: Vec<String>,
    nonce: String,
    is_utf8: bool,
}

impl Challenge {
    fn parse(message: &[u8]) -> Result<Challenge> {
        let mut challenge = Challenge::default();
        let (mut algorithm, mut qop, mut seen) = (None, None, Vec::new());
        for directive in directives(message)? {
            let (name, value) = directive;
            if name != "realm" && seen.contains(&name) {
                return Err(broken(format!("the server's DIGEST-MD5 challenge has {name} twice")));
            }
            match name.as_str() {
                "realm" => {
                    challenge.realms.try_reserve(1)?;
                    challenge.realms.push(value);
                }
                "nonce" => challenge.nonce = value,
                "charset" => challenge.is_utf8 = value.eq_ignore_ascii_case("utf-8"),
                "algorithm" => algorithm = Some(value),
                "qop" => qop = Some(value),
                _ => {}
            }
            seen.try_reserve(1)?;
            seen.push(name);
        }
        if challenge.nonce.is_empty() || !algorithm.is_some_and(|name| name.eq_ignore_ascii_case("md5-sess"))
        {
            return Err(broken("the server's DIGEST-MD5 challenge lacks its nonce or its algorithm"));
        }
        let has_auth = |list: String| list.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"));
        if !qop.is_none_or(has_auth) {
            let message =
                "the server wants a security layer of DIGEST-MD5, which libimap lacks: use TLS and PLAIN";
            return Err(Error::new(IMAP_ERR_AUTH, message));
        }
        Ok(challenge)
    }
}

/// response-auth = "rspauth" "=" response-value
fn verify(message: &[u8], proof: &Secret) -> Result<()> {
    let found = directives(message)?.into_iter().find(|(name, _)| name == "rspauth");
    let Some((_, value)) = found else { return Err(broken("the server's DIGEST-MD5 answer lacks rspauth")) };
    match Secret::new(value.to_ascii_lowercase().as_bytes())?.is_equal(proof) {
        true => Ok(()),
        false => {
            let message = "the server did not prove that it knows the password: it may be an impostor";
            Err(Error::fatal(IMAP_ERR_AUTH, message))
        }
    }
}

/// There are twelve; realm may come more than once.
const MOST_DIRECTIVES: usize = 100;

/// `name=value` or `name="value"` with escapes, between commas; names in lower case.
fn directives(message: &[u8]) -> Result<Vec<(String, String)>> {
    let wrong = || broken("the server's DIGEST-MD5 message is not a list of directives (name=value)");
    let text = std::str::from_utf8(message).map_err(|_| wrong())?;
    let mut rest = text;
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            return Ok(found);
        }
        let (name, after) = rest.split_once('=').ok_or_else(wrong)?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(wrong());
        }
        let (value, after) = value(after.trim_start()).ok_or_else(wrong)?;
        if found.len() == MOST_DIRECTIVES {
            return Err(wrong());
        }
        found.try_reserve(1)?;
        found.push((name, value));
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err(wrong());
        }
    }
}

/// ( token | quoted-string ), and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t', '\r', '\n']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &inner[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            plain => value.push(plain),
        }
    }
    None
}

/// quoted-string = ( <"> qdstr-val <"> )
fn quoted(bytes: &[u8]) -> Result<Secret> {
    let mut quoted = Vec::new();
    quoted.try_reserve_exact(bytes.len().saturating_mul(2).saturating_add(2))?;
    quoted.push(b'"');
    for byte in bytes {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    Ok(Secret::from(quoted))
}

/// What is hashed: ISO 8859-1 if it has all the characters, whatever is sent (RFC 2831 section 2.1.2.1).
fn hashed(what: &str, text: &str, is_utf8: bool) -> Result<Secret> {
    if text.chars().all(|character| u32::from(character) < 0x100) {
        return Ok(Secret::from(text.chars().map(|character| character as u8).collect::<Vec<u8>>()));
    }
    match is_utf8 {
        true => Secret::new(text.as_bytes()),
        false => Err(Error::invalid(format!("the {what} has characters that the server cannot take"))),
    }
}

/// H(s)
fn digest(parts: &[&[u8]]) -> Result<Secret> {
    let mut hash = Md5::new();
    parts.iter().for_each(|part| hash.update(part));
    Secret::new(&hash.finalize())
}

/// HEX(n)
fn hex(digest: &Secret) -> Result<Secret> {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    let bytes = digest.as_bytes();
    Secret::filled(bytes.len() * 2, |text| {
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        Ok(bytes.len() * 2)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::credentials;
    use super::*;

    const CHALLENGE: &[u8] =
        b"realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,charset=utf-8";

    /// RFC 2831 section 4.
    fn example() -> DigestMd5 {
        DigestMd5 {
            credentials: credentials("chris", "secret", None),
            nonce: Secret::new(b"OA6MHXh6VqTrRk").unwrap(),
            uri: "imap/elwood.innosoft.com".to_owned(),
            realm: None,
            stage: Stage::First,
        }
    }

    #[test]
    fn example_of_the_rfc() {
        let mut digest = example();
        let answer = digest.respond(CHALLENGE).unwrap();
        let expected = "charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",\
                        nc=00000001,cnonce=\"OA6MHXh6VqTrRk\",digest-uri=\"imap/elwood.innosoft.com\",\
                        response=d388dad90d4bbd760a152321f2143af7,qop=auth";
        assert_eq!(std::str::from_utf8(answer.as_bytes()).unwrap(), expected);
        assert!(!digest.is_complete());
        assert!(digest.respond(b"rspauth=ea40f60335c427b5527b84dbabcdfffd").unwrap().is_empty());
        assert!(digest.is_complete());
        assert!(digest.respond(b"").is_err());
    }

    #[test]
    fn servers_that_prove_nothing() {
        for answer in ["rspauth=00000000000000000000000000000000", "", "x=y", "rspauth"] {
            let mut digest = example();
            digest.respond(CHALLENGE).unwrap();
            let error = digest.respond(answer.as_bytes()).unwrap_err();
            assert!(!error.is_usable && !digest.is_complete(), "{answer}");
        }
    }

    #[test]
    fn challenges_that_are_none() {
        for challenge in [
            &b""[..],
            b"nonce=\"x\"",
            b"algorithm=md5-sess",
            b"nonce=\"x\",algorithm=md5",
            b"nonce=\"x\",nonce=\"y\",algorithm=md5-sess",
            b"nonce=\"x\",algorithm=md5-sess,qop=\"auth-conf\"",
            b"nonce=\"x,algorithm=md5-sess",
            b"nonce",
            b"=x",
            b"nonce=\"x\" algorithm=md5-sess",
            b"nonce=\"\xff\",algorithm=md5-sess",
        ] {
            assert!(example().respond(challenge).is_err(), "{}", String::from_utf8_lossy(challenge));
        }
        let many = ["nonce=x", &"realm=y,".repeat(100), "algorithm=md5-sess"].join(",");
        assert!(example().respond(many.as_bytes()).is_err());
        for challenge in
            [&b"nonce=\"a\\\"b\" , algorithm=MD5-SESS , x=y"[..], b"algorithm=md5-sess,nonce=token"]
        {
            assert!(example().respond(challenge).is_ok());
        }
    }

    #[test]
    fn realms_and_users_of_any_characters() {
        let mut digest = example();
        digest.realm = Some("a \"realm\"".to_owned());
        digest.credentials = credentials("zoë", "pä$$", Some("carol"));
        let answer = digest.respond(b"nonce=n,algorithm=md5-sess,charset=utf-8,realm=x,realm=y").unwrap();
        let text = std::str::from_utf8(answer.as_bytes()).unwrap();
        assert!(text.contains("username=\"zoë\",realm=\"a \\\"realm\\\"\""), "{text}");
        assert!(text.ends_with(",authzid=\"carol\""), "{text}");
        let mut latin = example();
        latin.credentials = credentials("zoë", "x", None);
        let answer = latin.respond(b"nonce=n,algorithm=md5-sess").unwrap();
        assert!(answer.as_bytes().windows(4).any(|part| part == b"zo\xeb\""));
        let mut beyond = example();
        beyond.credentials = credentials("łukasz", "x", None);
        assert_eq!(beyond.respond(b"nonce=n,algorithm=md5-sess").unwrap_err().status, IMAP_ERR_INVALID);
    }
}
