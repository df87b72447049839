//! SCRAM bound to the TLS channel, which needs a server that reckons; and mechanisms of the caller's own.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::digest::Digest;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use support::certificates::Certificates;
use support::program::{run, run_checked, test_program};
use support::scripted::Scripted;
use support::server::Server;

const SALT: &[u8] = b"a salt that is none";
const ITERATIONS: u32 = 4096;

fn keyed(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// Hi(), as RFC 5802 section 2.2 has it.
fn salted(password: &[u8]) -> Vec<u8> {
    let mut block = keyed(password, &[SALT, &1u32.to_be_bytes()].concat());
    let mut sum = block.clone();
    for _ in 1..ITERATIONS {
        block = keyed(password, &block);
        sum.iter_mut().zip(&block).for_each(|(a, b)| *a ^= b);
    }
    sum
}

/// Serves one connection over TLS: a login by SCRAM-SHA-256-PLUS, whose channel binding must be `binding`. Gives what the
/// client sent first.
fn serve(listener: TcpListener, acceptor: native_tls::TlsAcceptor, binding: &[u8]) -> String {
    let (socket, _) = listener.accept().expect("a client");
    let mut stream = BufReader::new(acceptor.accept(socket).expect("TLS"));
    let capabilities = "IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256";
    say(&mut stream, &format!("* OK [CAPABILITY {capabilities}] ready"));
    let command = hear(&mut stream);
    let words: Vec<&str> = command.split(' ').collect();
    let [tag, "AUTHENTICATE", "SCRAM-SHA-256-PLUS", first] = words[..] else { return command };
    let first = String::from_utf8(STANDARD.decode(first).expect("base64")).expect("UTF-8");
    let bare = first.strip_prefix("p=tls-server-end-point,,").expect("the flag of a binding");
    let nonce = bare.split(",r=").nth(1).expect("a nonce");
    let server_first = format!("r={nonce}more,s={},i={ITERATIONS}", STANDARD.encode(SALT));
    say(&mut stream, &format!("+ {}", STANDARD.encode(&server_first)));
    let last = String::from_utf8(STANDARD.decode(hear(&mut stream)).expect("base64")).expect("UTF-8");
    let (unproved, proof) = last.rsplit_once(",p=").expect("a proof");
    let bound = [b"p=tls-server-end-point,,", binding].concat();
    let expected = format!("c={},r={nonce}more", STANDARD.encode(bound));
    let exchanged = format!("{bare},{server_first},{unproved}");
    let key = keyed(&salted(b"secret"), b"Client Key");
    let mut ours = keyed(&Sha256::digest(&key), exchanged.as_bytes());
    ours.iter_mut().zip(&key).for_each(|(a, b)| *a ^= b);
    if unproved != expected || STANDARD.decode(proof).expect("base64") != ours {
        say(&mut stream, &format!("{tag} NO [AUTHENTICATIONFAILED] no"));
        return first;
    }
    let signature = keyed(&keyed(&salted(b"secret"), b"Server Key"), exchanged.as_bytes());
    say(&mut stream, &format!("+ {}", STANDARD.encode(format!("v={}", STANDARD.encode(signature)))));
    assert_eq!(hear(&mut stream), "");
    say(&mut stream, &format!("{tag} OK [CAPABILITY IMAP4rev1] in"));
    first
}

fn say(stream: &mut BufReader<impl Read + Write>, line: &str) {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("the client listens");
}

fn hear(stream: &mut BufReader<impl Read>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).expect("a line");
    line.trim_end().to_owned()
}

/// A login against that server; gives what the last step printed, and what the client sent first.
fn logged_in(binding: impl FnOnce(&[u8]) -> Vec<u8>, login: &str) -> (String, String) {
    let made = Certificates::new();
    let der =
        native_tls::Certificate::from_pem(&std::fs::read(made.path("good.pem")).expect("a certificate"));
    let binding = binding(&der.and_then(|certificate| certificate.to_der()).expect("a certificate"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = format!("number:1:{}", listener.local_addr().expect("its number").port());
    let acceptor = made.acceptor("good");
    let server = std::thread::spawn(move || serve(listener, acceptor, &binding));
    let ca = format!("text:20:{}", made.path("ca.pem"));
    let out = run(&test_program("steps"), &[&port, &ca, "connect:localhost", login], &[]).success();
    (out.lines().last().unwrap_or_default().to_owned(), server.join().expect("the server"))
}

#[test]
fn scram_is_bound_to_the_tls_channel() {
    support::note_shown("server\tscripted");
    let (line, first) = logged_in(|der| Sha256::digest(der).to_vec(), "auth:SCRAM-SHA-256-PLUS:alice:secret");
    assert!(first.starts_with("p=tls-server-end-point,,n=alice,r="), "{first}");
    assert_eq!(line, "auth:");
    // Somebody between us has another certificate: what we are bound to is not what the server is.
    let (line, _) = logged_in(|_| vec![0; 32], "auth:SCRAM-SHA-256-PLUS:alice:secret");
    assert!(line.starts_with("auth: IMAP_ERR_AUTH usable=1 code=AUTHENTICATIONFAILED"), "{line}");
    assert!(line.contains("another channel binding than tls-server-end-point"), "{line}");
    // By itself it is not chosen, and the flag is then "n".
    let (_, first) = logged_in(|_| Vec::new(), "login:alice:secret");
    let sent = first.rsplit(' ').next().expect("the first bytes");
    assert!(first.contains(" AUTHENTICATE SCRAM-SHA-256 "), "{first}");
    assert!(STANDARD.decode(sent).expect("base64").starts_with(b"n,,n=alice,r="), "{first}");
    support::shows("scripted", &["SCRAM-PLUS"]);
}

/// Dovecot 2.4 offers them, and wants another binding.
#[test]
fn servers_that_want_another_binding_refuse() {
    let Some(server) = Server::start("dovecot-2.4") else { return };
    let (port, ca) = (format!("number:1:{}", server.imaps), format!("text:20:{}", server.ca()));
    let steps =
        [&port, &ca, "connect:localhost", "auth:SCRAM-SHA-256-PLUS:bob:secret-b", "login:bob:secret-b"];
    let out = run(&test_program("steps"), &steps, &[]).success();
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[3].starts_with("auth: IMAP_ERR_") && !lines[3].contains("INTERNAL"), "{out}");
}

fn played(scenario: &str, script: &str, options: &[&str]) {
    let server = Scripted::new(script);
    let port = format!("1:{}", server.port);
    let all = [&[scenario, &port, "2:2", "46:1"], options].concat();
    let output = run_checked(&test_program("sasl"), &all, &[]);
    if output.code != Some(0) {
        panic!("{scenario}: {}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
    }
    server.join();
}

const OFFER: &str = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=X-OWN] ready\n";
/// "who", and "me" in answer.
const WHO: &str = "C: AUTHENTICATE X-OWN\nS: + d2hv\n";

#[test]
fn a_mechanism_of_the_callers_own() {
    let in_the_end = "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK done\n";
    let script = [
        OFFER,
        WHO,
        "c: *\nS: $ BAD cancelled\nC: NOOP\nS: $ OK done\n",
        WHO,
        "c: bWU=\nS: $ NO [AUTHENTICATIONFAILED] not you\n",
        "C: AUTHENTICATE X-OWN Zmlyc3Q=\nS: + \nc: \nS: $ OK in\n",
        in_the_end,
        "quiet 200\nstall\n",
    ];
    played("played", &script.concat(), &[]);
    // Without SASL-IR the first bytes answer the first challenge.
    let script = [
        &OFFER.replace("SASL-IR ", ""),
        "C: AUTHENTICATE X-OWN\nS: +\nc: Zmlyc3Q=\nS: + \nc: \nS: $ OK in\n",
    ];
    let begin = [
        &OFFER.replace("SASL-IR ", ""),
        WHO,
        "c: *\nS: $ BAD x\nC: NOOP\nS: $ OK done\n",
        WHO,
        "c: bWU=\nS: $ NO no\n",
    ];
    played("played", &[&begin.concat(), script[1], in_the_end, "stall\n"].concat(), &[]);
    let nonsense = [OFFER, "C: AUTHENTICATE X-OWN\nS: + !!!\nc: *\nS: $ BAD x\nstall\n"];
    played("broken", &nonsense.concat(), &[]);
    played("impostor", &[OFFER, WHO, "c: *\nS: $ OK all the same\nstall\n"].concat(), &[]);
    let slow = [OFFER, WHO, "c: bWU=\nS: + c3VyZQ==\nc: *\nS: $ NO fine\nC: NOOP\nS: $ OK done\nstall\n"];
    played("slow", &slow.concat(), &["63:500"]);
    let stepped = [OFFER, WHO, "c: bWU=\nS: + d2hv\nc: bWU=\nS: $ OK [CAPABILITY IMAP4rev1] in\nstall\n"];
    played("stepped", &stepped.concat(), &[]);
    let own =
        [OFFER, WHO, "c: bWU=\nS: $ OK [CAPABILITY IMAP4rev1] in\nC: NOOP\nS: $ OK done\nquiet 200\nstall\n"];
    played("own_thread", &own.concat(), &[]);
    let endless = [
        OFFER,
        WHO,
        "c: bWU=\nS: + d2hv\nc: bWU=\nS: + d2hv\nc: *\nS: $ BAD x\nC: NOOP\nS: $ OK done\nstall\n",
    ];
    played("endless", &endless.concat(), &["88:2"]);
    support::shows("scripted", &["A4", "A15", "D3"]);
}

#[test]
fn a_mechanism_by_hand_against_a_real_server() {
    let Some(server) = Server::start("dovecot") else { return };
    let (port, ca) = (format!("1:{}", server.imaps), format!("20={}", server.ca()));
    let output = run_checked(&test_program("sasl"), &["by_hand", &port, &ca], &[]);
    assert_eq!(output.success(), "0 failures\n");
    support::shows("dovecot", &["A4"]);
}

#[test]
fn a_login_that_was_given_up_must_not_succeed() {
    let script = "S: * OK [CAPABILITY IMAP4rev1] ready\nC: LOGIN \"bob\" \"secret\"\nS: $ OK in\nstall\n";
    played("too_late", script, &[]);
}

#[test]
fn plain_does_not_follow_scram_by_itself() {
    let script = [
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN] ready\n",
        "C: AUTHENTICATE SCRAM-SHA-256 *\n",
        "S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN\nS: $ NO [AUTHENTICATIONFAILED] no\n",
        "C: AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ=\nS: $ OK [CAPABILITY IMAP4rev1] in\nquiet 200\nstall\n",
    ];
    played("weaker", &script.concat(), &[]);
    support::shows("scripted", &["A17"]);
}

/// Between two slices of a reckoning without end others are heard.
#[test]
fn hashing_without_end_can_be_cancelled() {
    support::note_shown("server\tscripted");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = format!("1:{}", listener.local_addr().expect("its number").port());
    let server = std::thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().expect("a client").0);
        say(&mut stream, "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256] ready");
        let command = hear(&mut stream);
        let (tag, first) = (command.split(' ').next(), command.rsplit(' ').next());
        let first = STANDARD.decode(first.expect("the first bytes")).expect("base64");
        let nonce =
            String::from_utf8(first).expect("UTF-8").rsplit_once(",r=").expect("a nonce").1.to_owned();
        let challenge = format!("r={nonce}more,s={},i=2000000000", STANDARD.encode(SALT));
        say(&mut stream, &format!("+ {}", STANDARD.encode(challenge)));
        assert_eq!(hear(&mut stream), "*");
        say(&mut stream, &format!("{} BAD cancelled", tag.expect("a tag")));
        let noop = hear(&mut stream);
        say(&mut stream, &format!("{} OK done", noop.split(' ').next().expect("a tag")));
    });
    // IMAP_OPTION_MAX_ITERATIONS
    let output = run(&test_program("sasl"), &["hashing", &port, "2:2", "87:2000000000"], &[]);
    assert_eq!(output.success(), "0 failures\n");
    server.join().expect("the server");
    support::shows("scripted", &["A12"]);
}

/// What Dovecot takes for a token of this user.
fn token(user: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = format!(
        "{{\"iss\":\"https://libimap.invalid\",\"sub\":\"{user}\",\"aud\":\"imap\",\"scope\":\"mail\",\"iat\":1,\"nbf\":1,\"exp\":4102444800}}"
    );
    let signed = format!("{}.{}", part("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), part(&claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(keyed(b"the key that tests sign with", signed.as_bytes())))
}

fn shown(server: &Server, scenario: &str, options: &[&str]) {
    let (port, ca) = (format!("1:{}", server.imaps), format!("20={}", server.ca()));
    let all = [&[scenario, &port, &ca], options].concat();
    assert_eq!(run(&test_program("sasl"), &all, &[]).success(), "0 failures\n", "{} {scenario}", server.name);
}

#[test]
fn tokens_certificates_and_nobody_against_dovecot() {
    let Some(server) = Server::start_with("dovecot", &[("LIBIMAP_MECHANISMS", "all")]) else { return };
    let (certificate, key) =
        (format!("25={}", server.tls("client.pem")), format!("26={}", server.tls("client.key")));
    shown(&server, "EXTERNAL", &[&certificate, &key]);
    shown(&server, "ANONYMOUS", &[]);
    let secret = format!("42={}", token("alice"));
    for mechanism in ["OAUTHBEARER", "XOAUTH2"] {
        shown(&server, "logged_in", &["40=alice", &secret, &format!("43={mechanism}")]);
        shown(&server, mechanism, &[]);
    }
    // Without the initial response on the command line.
    shown(&server, "logged_in", &["40=alice", &secret, "47:0"]);
    shown(&server, "logged_in", &["40=bob", "41=secret-b", "43=PLAIN", "47:0"]);
    support::shows(server.name, &["A5", "A6", "A7", "A13", "A14", "A15", "L4"]);
}

#[test]
fn certificates_and_nobody_against_cyrus() {
    let Some(server) = Server::start("cyrus") else { return };
    let (certificate, key) =
        (format!("25={}", server.tls("client.pem")), format!("26={}", server.tls("client.key")));
    shown(&server, "EXTERNAL", &[&certificate, &key]);
    shown(&server, "ANONYMOUS", &[]);
    support::shows(server.name, &["A6", "A7"]);
}

/// What the examples of RFC 2195, 4422, 4505, 4616 and 7628 send, to servers with and without SASL-IR.
#[test]
fn client_lines_of_the_rfcs() {
    let refusal = concat!(
        "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJo",
        "dHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0="
    );
    let refused = format!(
        "C: AUTHENTICATE OAUTHBEARER *\nS: + {refusal}\nc: AQ==\nS: $ NO SASL authentication failed\n"
    );
    let all = "AUTH=CRAM-MD5 AUTH=ANONYMOUS AUTH=PLAIN AUTH=EXTERNAL AUTH=OAUTHBEARER";
    let script = [
        &format!("S: * OK [CAPABILITY IMAP4rev1 {all}] IMAP4 Server\n"),
        "C: AUTHENTICATE CRAM-MD5\nS: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n",
        "c: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\nS: $ NO not now\n",
        "C: AUTHENTICATE ANONYMOUS\nS: +\nc: c2lyaGM=\nS: $ NO not now\n",
        "C: AUTHENTICATE EXTERNAL\nS: +\nc: \nS: $ NO not now\n",
        "C: AUTHENTICATE EXTERNAL\nS: +\nc: ZnJlZEBleGFtcGxlLmNvbQ==\nS: $ NO not now\n",
        "C: AUTHENTICATE PLAIN\nS: +\nc: AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: $ NO not now\n",
        &format!("S: * CAPABILITY IMAP4rev1 SASL-IR {all}\nC: NOOP\nS: $ OK done\n"),
        "C: AUTHENTICATE PLAIN VXJzZWwAS3VydAB4aXBqM3BsbXE=\nS: $ NO not now\n",
        &refused,
        "C: AUTHENTICATE OAUTHBEARER *\n",
        "S: $ OK [CAPABILITY IMAP4rev1] SASL authentication succeeded\nstall\n",
    ];
    let token = "user@example.com:vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
    let bearer = format!("auth:OAUTHBEARER:{token}");
    let server = Scripted::new(&script.concat());
    let port = format!("number:1:{}", server.port);
    let steps = [
        &port,
        "number:2:2",
        "number:46:1",
        "connect:127.0.0.1",
        "auth:CRAM-MD5:tim:tanstaaftanstaaf",
        "auth:ANONYMOUS:sirhc",
        "auth:EXTERNAL",
        "auth:EXTERNAL:::fred@example.com",
        "auth:PLAIN:tim:tanstaaftanstaaf",
        "noop",
        "auth:PLAIN:Kurt:xipj3plmq:Ursel",
        &bearer,
        &bearer,
    ];
    let number = server.port;
    let out = run(&test_program("steps"), &steps, &[]).success();
    let sent = server.join();
    let place = format!("host=127.0.0.1\x01port={number}");
    let bearer = format!(
        "n,a=user@example.com,\x01{place}\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    );
    let line = sent.last().and_then(|line| line.rsplit(' ').next());
    assert_eq!(line, Some(&*STANDARD.encode(bearer)), "{sent:#?}");
    let lines: Vec<&str> = out.lines().skip(4).collect();
    assert!(lines[7].contains("data={\"status\":\"invalid_token\",\"scope\":\"example_scope\""), "{out}");
    assert_eq!(lines[8], "auth:", "{out}");
    support::shows("scripted", &["A5", "A7", "A13", "SASL-IR"]);
}
