//! SCRAM bound to the TLS channel, which needs a server that reckons; and mechanisms of the caller's own.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use base64::{Engine, engine::general_purpose::STANDARD};
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
