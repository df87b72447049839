//! SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, and neither shows it.

#![forbid(unsafe_code)]

use std::{fmt, str};

use hmac::digest::{Digest, Output};
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use zeroize::Zeroize;

use super::{Credentials, Limits, Secret, answered, broken, encode, impossible, saslprep, unbase64, utf8};
use crate::error::{Error, Result, imap_status::*};
use crate::model::try_box;

/// One authentication with SCRAM.
#[derive(Debug)]
pub struct Scram {
    password: Secret,
    /// gs2-header
    header: Secret,
    /// cbind-data
    binding: Secret,
    /// client-first-message-bare
    first: Secret,
    nonce: Secret,
    limits: Limits,
    salt: Salt,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// server-first-message comes next.
    First,
    /// The password is being salted, for this client-final-message-without-proof and AuthMessage.
    Salting {
        password: Box<dyn Salting>,
        unproved: Secret,
        exchanged: Secret,
    },
    /// server-final-message comes next, with this signature.
    Final(Secret),
    Complete,
}

impl Scram {
    /// `nonce` is c-nonce: printable, without commas. `binding`: tls-server-end-point of the TLS channel.
    pub fn new<D: EagerHash + Digest + 'static>(
        credentials: Credentials,
        nonce: Secret,
        limits: Limits,
        binding: Option<&[u8]>,
    ) -> Result<Scram>
    where
        Hmac<D>: Send,
    {
        let user = prepared("user", &credentials.user)?;
        let user = saslname(&user)?;
        Ok(Scram {
            password: prepared("password", &credentials.password)?,
            header: gs2_header(credentials.act_as.as_ref(), binding.is_some())?,
            binding: Secret::new(binding.unwrap_or_default())?,
            first: Secret::concat(&[b"n=", user.as_bytes(), b",r=", nonce.as_bytes()])?,
            nonce,
            limits,
            salt: salting::<D>,
            stage: Stage::First,
        })
    }

    /// client-first-message = gs2-header client-first-message-bare
    pub fn initial(&self) -> Result<Secret> {
        Secret::concat(&[self.header.as_bytes(), self.first.as_bytes()])
    }

    /// client-final-message, for which `go_on` has to reckon, then nothing.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Option<Secret>> {
        match &self.stage {
            Stage::First => {
                self.stage = self.salted(challenge)?;
                self.go_on()
            }
            Stage::Final(signature) => {
                verify(challenge, signature)?;
                self.stage = Stage::Complete;
                Ok(Some(Secret::default()))
            }
            Stage::Salting { .. } | Stage::Complete => Err(answered("SCRAM")),
        }
    }

    /// client-final-message = client-final-message-without-proof "," proof
    ///
    /// None: there is more to reckon.
    pub fn go_on(&mut self) -> Result<Option<Secret>> {
        let Stage::Salting { password, unproved, exchanged } = &mut self.stage else {
            return Err(impossible());
        };
        if !password.run(SLICE) {
            return Ok(None);
        }
        let proofs = password.prove(exchanged.as_bytes())?;
        let proof = encode(proofs.client.as_bytes())?;
        let answer = Secret::concat(&[unproved.as_bytes(), b",p=", proof.as_bytes()])?;
        self.stage = Stage::Final(proofs.server);
        Ok(Some(answer))
    }

    pub fn is_bound(&self) -> bool {
        !self.binding.is_empty()
    }

    /// The server's signature was verified.
    pub fn is_complete(&self) -> bool {
        matches!(self.stage, Stage::Complete)
    }

    /// client-final-message-without-proof = channel-binding "," nonce ["," extensions]
    fn salted(&self, challenge: &[u8]) -> Result<Stage> {
        let server = ServerFirst::parse(challenge, self.nonce.as_bytes(), self.limits)?;
        let bound = Secret::concat(&[self.header.as_bytes(), self.binding.as_bytes()])?;
        let binding = encode(bound.as_bytes())?;
        let unproved = Secret::concat(&[b"c=", binding.as_bytes(), b",r=", server.nonce.as_bytes()])?;
        let exchanged = Secret::concat(&[self.first.as_bytes(), b",", challenge, b",", unproved.as_bytes()])?;
        Ok(Stage::Salting { password: (self.salt)(self.password.as_bytes(), &server)?, unproved, exchanged })
    }
}

/// So many iterations take a few milliseconds; between two slices others look at cancels and deadlines.
const SLICE: u32 = 8192;

/// server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]
#[derive(Debug)]
struct ServerFirst<'a> {
    nonce: &'a str,
    salt: Secret,
    iterations: u32,
}

impl<'a> ServerFirst<'a> {
    fn parse(message: &'a [u8], ours: &[u8], limits: Limits) -> Result<ServerFirst<'a>> {
        let mut attributes = attributes(message)?;
        let nonce = expect(&mut attributes, b'r', "nonce (r=)")?;
        let salt = expect(&mut attributes, b's', "salt (s=)")?;
        let iterations = expect(&mut attributes, b'i', "iteration count (i=)")?;
        ignore(attributes, b"rsi")?;
        Ok(ServerFirst {
            nonce: extended(nonce, ours)?,
            // Never empty: a value is not, and no base64 text stands for nothing.
            salt: unbase64("SCRAM salt", salt.as_bytes())?,
            iterations: count(iterations, limits)?,
        })
    }
}

/// server-final-message = (server-error / verifier) ["," extensions]
fn verify(message: &[u8], signature: &Secret) -> Result<()> {
    let mut attributes = attributes(message)?;
    let verifier = expect(&mut attributes, b'v', "signature (v=)")?;
    ignore(attributes, b"v")?;
    if unbase64("SCRAM signature", verifier.as_bytes())?.is_equal(signature) {
        return Ok(());
    }
    let message = "the server did not prove that it knows the password: it may be an impostor";
    Err(Error::fatal(IMAP_ERR_AUTH, message))
}

/// attr-val = ALPHA "=" value
///
/// value = 1*value-char: UTF-8 without NUL and ","
type Attribute<'a> = (u8, &'a str);

fn attributes(message: &[u8]) -> Result<impl Iterator<Item = Result<Attribute<'_>>>> {
    let message = str::from_utf8(message).map_err(|_| broken("the server's SCRAM message is not UTF-8"))?;
    Ok(message.split(',').map(|part| {
        let (name, value) = part.split_once('=').unwrap_or_default();
        match name.as_bytes() {
            [name] if name.is_ascii_alphabetic() && !value.is_empty() && !value.contains('\0') => {
                Ok((*name, value))
            }
            _ => Err(broken("the server's SCRAM message is not a list of attributes (x=...)")),
        }
    }))
}

/// The value of the attribute that must come now.
fn expect<'a>(
    attributes: &mut impl Iterator<Item = Result<Attribute<'a>>>,
    name: u8,
    what: &str,
) -> Result<&'a str> {
    match attributes.next().transpose()? {
        Some((found, value)) if found == name => Ok(value),
        Some((b'e', value)) => Err(server_error(value)),
        Some((b'm', _)) => Err(mandatory()),
        _ => Err(broken(format!("the server's SCRAM message lacks the {what}"))),
    }
}

/// extensions = attr-val *("," attr-val), "all of which are optional": they may not repeat what was `seen`.
fn ignore<'a>(attributes: impl Iterator<Item = Result<Attribute<'a>>>, seen: &[u8]) -> Result<()> {
    for attribute in attributes {
        match attribute?.0 {
            b'm' => return Err(mandatory()),
            name if seen.contains(&name) => {
                return Err(broken("the server's SCRAM message has an attribute twice"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// nonce = "r=" c-nonce [s-nonce]: ours, with something printable after it
fn extended<'a>(nonce: &'a str, ours: &[u8]) -> Result<&'a str> {
    let theirs = nonce.as_bytes().strip_prefix(ours).unwrap_or_default();
    if theirs.is_empty() || !theirs.iter().all(u8::is_ascii_graphic) {
        return Err(broken(
            "the server's SCRAM nonce does not extend ours: the answer is not to our question",
        ));
    }
    Ok(nonce)
}

/// iteration-count = "i=" posit-number
///
/// posit-number = %x31-39 *DIGIT
fn count(text: &str, limits: Limits) -> Result<u32> {
    if text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(broken("the server's SCRAM iteration count is not a positive number"));
    }
    let Limits { min_iterations: min, max_iterations: max } = limits;
    let message = match text.parse() {
        Ok(few) if few < min => {
            format!("the server asks for too few SCRAM iterations: below IMAP_OPTION_MIN_ITERATIONS ({min})")
        }
        Ok(iterations) if iterations <= max => return Ok(iterations),
        // Or a number that no u32 holds.
        _ => {
            format!("the server asks for too many SCRAM iterations: above IMAP_OPTION_MAX_ITERATIONS ({max})")
        }
    };
    Err(Error::new(IMAP_ERR_AUTH, message))
}

/// server-error = "e=" server-error-value
///
/// Shown if it looks like the RFC's: letters and hyphens.
fn server_error(value: &str) -> Error {
    let is_plain =
        value.len() <= 64 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let value = if is_plain { value } else { "other-error" };
    Error::new(IMAP_ERR_AUTH, format!("the server refused the credentials: {value}"))
}

/// reserved-mext = "m=" 1*(value-char)
fn mandatory() -> Error {
    Error::new(
        IMAP_ERR_AUTH,
        "the server demands a SCRAM extension (m=) that libimap lacks: use PLAIN over TLS",
    )
}

/// gs2-header = gs2-cbind-flag "," [ authzid ] ","
///
/// Without a binding the flag is "n", never "y": whether the server has one says nothing, since we bind when asked to.
fn gs2_header(act_as: Option<&Secret>, is_bound: bool) -> Result<Secret> {
    let flag: &[u8] = if is_bound { b"p=tls-server-end-point," } else { b"n," };
    match act_as {
        Some(act_as) => Secret::concat(&[flag, b"a=", saslname(act_as)?.as_bytes(), b","]),
        None => Secret::concat(&[flag, b","]),
    }
}

/// saslname = 1*(value-safe-char / "=2C" / "=3D")
fn saslname(name: &Secret) -> Result<Secret> {
    let name = name.as_bytes();
    let special = name.iter().filter(|byte| matches!(byte, b',' | b'=')).count();
    let mut escaped = Vec::new();
    escaped.try_reserve_exact(name.len().saturating_add(special.saturating_mul(2)))?;
    for byte in name {
        match byte {
            b',' => escaped.extend_from_slice(b"=2C"),
            b'=' => escaped.extend_from_slice(b"=3D"),
            _ => escaped.push(*byte),
        }
    }
    Ok(Secret::from(escaped))
}

/// Normalize(str) (RFC 5802 section 2.2), of which something must be left.
fn prepared(what: &str, text: &Secret) -> Result<Secret> {
    let prepared = saslprep(what, utf8(what, text)?)?;
    if prepared.is_empty() {
        return Err(Error::invalid(format!("the {what} has no character that SASLprep keeps")));
    }
    Ok(prepared)
}

#[derive(Debug)]
struct Proofs {
    /// ClientProof
    client: Secret,
    /// ServerSignature
    server: Secret,
}

/// Begins to salt a password.
type Salt = fn(&[u8], &ServerFirst<'_>) -> Result<Box<dyn Salting>>;

/// A password that is being salted with one of the hash functions.
trait Salting: Send {
    /// So many iterations at most. True: that was the last.
    fn run(&mut self, most: u32) -> bool;

    /// The formulas of RFC 5802 section 3. `exchanged` is AuthMessage.
    fn prove(&self, exchanged: &[u8]) -> Result<Proofs>;
}

impl fmt::Debug for dyn Salting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// Hi(str, salt, i) (RFC 5802 section 2.2): the first block of PBKDF2.
struct Hi<D: EagerHash> {
    keyed: Hmac<D>,
    block: Output<Hmac<D>>,
    sum: Output<Hmac<D>>,
    left: u32,
}

fn salting<D: EagerHash + Digest + 'static>(
    password: &[u8],
    server: &ServerFirst<'_>,
) -> Result<Box<dyn Salting>>
where
    Hmac<D>: Send,
{
    Ok(try_box(Hi::<D>::new(password, server.salt.as_bytes(), server.iterations)?)?)
}

impl<D: EagerHash> Hi<D> {
    fn new(text: &[u8], salt: &[u8], iterations: u32) -> Result<Hi<D>> {
        let keyed = keyed::<D>(text)?;
        let block =
            keyed.clone().chain_update(salt).chain_update(1_u32.to_be_bytes()).finalize().into_bytes();
        Ok(Hi { keyed, sum: block.clone(), block, left: iterations.saturating_sub(1) })
    }
}

impl<D: EagerHash + Digest> Salting for Hi<D>
where
    Hmac<D>: Send,
{
    fn run(&mut self, most: u32) -> bool {
        let count = self.left.min(most);
        for _ in 0..count {
            self.block = self.keyed.clone().chain_update(&self.block).finalize().into_bytes();
            exclusive_or(&mut self.sum, &self.block);
        }
        self.left -= count;
        self.left == 0
    }

    fn prove(&self, exchanged: &[u8]) -> Result<Proofs> {
        let client_key = sign::<D>(&self.sum, b"Client Key")?;
        let stored_key = kept(&mut D::digest(client_key.as_bytes()))?;
        let client_signature = sign::<D>(stored_key.as_bytes(), exchanged)?;
        let server_key = sign::<D>(&self.sum, b"Server Key")?;
        let client = Secret::filled(client_key.as_bytes().len(), |proof| {
            proof.copy_from_slice(client_key.as_bytes());
            exclusive_or(proof, client_signature.as_bytes());
            Ok(proof.len())
        })?;
        Ok(Proofs { client, server: sign::<D>(server_key.as_bytes(), exchanged)? })
    }
}

impl<D: EagerHash> Drop for Hi<D> {
    fn drop(&mut self) {
        self.block.as_mut_slice().zeroize();
        self.sum.as_mut_slice().zeroize();
    }
}

/// HMAC(key, str)
fn sign<D: EagerHash>(key: &[u8], text: &[u8]) -> Result<Secret> {
    kept(&mut keyed::<D>(key)?.chain_update(text).finalize().into_bytes())
}

fn keyed<D: EagerHash>(key: &[u8]) -> Result<Hmac<D>> {
    Hmac::new_from_slice(key).map_err(|_| impossible())
}

/// Moves what a hash function left on the stack.
fn kept(output: &mut [u8]) -> Result<Secret> {
    let secret = Secret::new(output);
    output.zeroize();
    secret
}

/// XOR
fn exclusive_or(bytes: &mut [u8], with: &[u8]) {
    for (byte, with) in bytes.iter_mut().zip(with) {
        *byte ^= with;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{credentials, mutations};
    use super::*;
    use sha1::Sha1;
    use sha2::Sha256;

    const NONCE: &str = "fyko+d2lbbFgONRv9qkxdawL";
    const FIRST: &str = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    const FINAL: &str = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes()).unwrap()
    }

    fn scram(credentials: Credentials) -> Scram {
        Scram::new::<Sha1>(credentials, secret(NONCE), Limits::default(), None).unwrap()
    }

    fn parse(message: &str) -> Result<ServerFirst<'_>> {
        ServerFirst::parse(message.as_bytes(), NONCE.as_bytes(), Limits::default())
    }

    /// RFC 5802 section 5.
    #[test]
    fn example_of_sha_1() {
        let mut scram = scram(credentials("user", "pencil", None));
        assert_eq!(scram.initial().unwrap().as_bytes(), b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(
            scram.respond(FIRST.as_bytes()).unwrap().unwrap().as_bytes(),
            b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
        );
        assert!(!scram.is_complete());
        assert!(scram.respond(FINAL.as_bytes()).unwrap().unwrap().is_empty());
        assert!(scram.is_complete());
        assert!(scram.respond(b"").is_err());
    }

    /// RFC 7677 section 3.
    #[test]
    fn example_of_sha_256() {
        let nonce = secret("rOprNGfwEbeRWgbNEkqO");
        let user = credentials("user", "pencil", None);
        let mut scram = Scram::new::<Sha256>(user, nonce, Limits::default(), None).unwrap();
        assert_eq!(scram.initial().unwrap().as_bytes(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let answer = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                      p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(scram.respond(first).unwrap().unwrap().as_bytes(), answer.as_bytes());
        assert!(
            scram.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap().unwrap().is_empty()
        );
        assert!(scram.is_complete());
    }

    /// RFC 6070 section 2.
    #[test]
    fn hi_is_pbkdf2() {
        for (iterations, head) in [(1, [0x0c, 0x60, 0xc8, 0x0f]), (2, [0xea, 0x6c, 0x01, 0x4d])] {
            let mut output = Hi::<Sha1>::new(b"password", b"salt", iterations).unwrap();
            assert!(output.run(iterations));
            assert_eq!((output.sum.len(), &output.sum[..4]), (20, &head[..]));
        }
    }

    /// Salted in slices, so that whoever waits can give up in between. Expected: Python's hashlib.
    #[test]
    fn many_iterations_are_done_in_slices() {
        let first = FIRST.replace("i=4096", "i=100000");
        let mut scram = scram(credentials("user", "pencil", None));
        let mut answer = scram.respond(first.as_bytes()).unwrap();
        let mut slices = 1;
        assert!(scram.respond(b"more").is_err());
        while answer.is_none() {
            assert!(!scram.is_complete());
            answer = scram.go_on().unwrap();
            slices += 1;
        }
        assert_eq!(slices, 100_000_u32.div_ceil(SLICE));
        assert!(answer.unwrap().as_bytes().ends_with(b",p=aNxy4BcMq9oHr1Uj6NKIjrPTWxI="));
        assert!(scram.go_on().is_err());
    }

    #[test]
    fn names_are_escaped_and_prepared() {
        let odd = scram(credentials("a=b,\u{aa}", "pencil", Some("x,=y")));
        assert_eq!(odd.initial().unwrap().as_bytes(), b"n,a=x=2C=3Dy,n=a=3Db=2Ca,r=fyko+d2lbbFgONRv9qkxdawL");
        let mut odd = scram(credentials("user", "I\u{ad}X", Some("x")));
        assert_eq!(odd.password.as_bytes(), b"IX");
        // base64 of "n,a=x,"
        assert!(odd.respond(FIRST.as_bytes()).unwrap().unwrap().as_bytes().starts_with(b"c=bixhPXgs,r="));
        let vanishing = credentials("\u{ad}", "pencil", None);
        let error = Scram::new::<Sha1>(vanishing, secret(NONCE), Limits::default(), None).unwrap_err();
        assert_eq!(error.status, IMAP_ERR_INVALID);
    }

    #[test]
    fn iterations_have_bounds() {
        let status = |count: &str| match parse(&format!("r={NONCE}x,s=QSXC,i={count}")) {
            Ok(server) => Ok(server.iterations),
            Err(error) => Err(error.status),
        };
        for count in [4096, 1_000_000] {
            assert_eq!(status(&count.to_string()), Ok(count));
        }
        for count in ["1", "4095", "1000001", "2147483647", "4294967296", "1000000000000000000000000000000"] {
            assert_eq!(status(count), Err(IMAP_ERR_AUTH), "{count}");
        }
        for count in ["", "0", "-1", "+4096", "04096", "4096 ", "0x1000"] {
            assert_eq!(status(count), Err(IMAP_ERR_PROTOCOL), "{count}");
        }
    }

    #[test]
    fn the_nonce_must_extend_ours() {
        for nonce in ["", NONCE, &NONCE[..23], "foreign", "x", &format!("x{NONCE}x"), &format!("{NONCE} ")] {
            let error = parse(&format!("r={nonce},s=QSXC,i=4096")).unwrap_err();
            assert_eq!((error.status, error.is_usable), (IMAP_ERR_PROTOCOL, false), "{nonce}");
        }
    }

    #[test]
    fn malformed_first_messages() {
        for rest in [
            "",
            ",s=QSXC",
            ",i=4096",
            ",i=4096,s=QSXC",
            ",s=,i=4096",
            ",s=====,i=4096",
            ",s=QSX,i=4096",
            ",s=QSXC,i=4096,",
            ",s=QSXC,i=4096,x",
            ",s=QSXC,i=4096,x=",
            ",s=QSXC,i=4096,1=x",
            ",s=QSXC,i=4096,xy=z",
            ",s=QSXC,i=4096,x=\0",
            ",s=QSXC,i=4096,i=5000",
        ] {
            assert_eq!(parse(&format!("r={NONCE}x{rest}")).unwrap_err().status, IMAP_ERR_PROTOCOL, "{rest}");
        }
        assert!(parse(&format!("r={NONCE}x,s=QSXC,i=4096,x=y=z,y=\u{e9}")).is_ok());
        for message in [format!("m=x,{FIRST}"), format!("{FIRST},m=x"), String::from("e=unknown-user")] {
            assert_eq!(parse(&message).unwrap_err().status, IMAP_ERR_AUTH);
        }
    }

    #[test]
    fn errors_of_the_server_are_told() {
        let tell = |message: &str| verify(message.as_bytes(), &secret("x")).unwrap_err();
        let error = tell("e=invalid-proof");
        assert_eq!((error.status, error.is_usable), (IMAP_ERR_AUTH, true));
        assert_eq!(error.message, "the server refused the credentials: invalid-proof");
        assert!(tell("e=\u{1b}[2J").message.ends_with("other-error"));
    }

    #[test]
    fn no_other_signature_is_believed() {
        let signature = unbase64("SCRAM signature", &FINAL.as_bytes()[2..]).unwrap();
        assert!(verify(FINAL.as_bytes(), &signature).is_ok());
        assert!(verify(format!("{FINAL},x=y").as_bytes(), &signature).is_ok());
        for message in mutations(FINAL.as_bytes()) {
            assert!(verify(&message, &signature).is_err(), "{}", message.escape_ascii());
        }
        for message in ["", "v=", "v", "x=y", FIRST] {
            assert_eq!(verify(message.as_bytes(), &signature).unwrap_err().status, IMAP_ERR_PROTOCOL);
        }
        for message in ["v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "v=AAAA"] {
            let error = verify(message.as_bytes(), &signature).unwrap_err();
            assert_eq!((error.status, error.is_usable), (IMAP_ERR_AUTH, false));
        }
    }
}
