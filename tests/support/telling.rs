//! A server whose every answer tells which question it answers, so that no mix-up can hide: message n has UID n, the
//! keyword "is-n" and a body made from n; mailbox boxN has N messages. It delays, cuts, dribbles and resets at random.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

pub struct Telling {
    pub port: u16,
    is_over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// How often, in a thousand commands, something goes wrong on a connection; 0: never.
pub fn start(faults: u32) -> Telling {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let is_over = Arc::new(AtomicBool::new(false));
    let over = is_over.clone();
    let thread = std::thread::spawn(move || {
        static SEED: AtomicU64 = AtomicU64::new(1);
        for socket in listener.incoming() {
            if over.load(Relaxed) {
                break;
            }
            let Ok(socket) = socket else { continue };
            let seed = SEED.fetch_add(1, Relaxed);
            std::thread::spawn(move || {
                let _ = Connection::new(socket, faults, seed).serve();
            });
        }
    });
    Telling { port, is_over, thread: Some(thread) }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The body of message `number`, as the C programs make it too.
pub fn body(number: u32) -> Vec<u8> {
    let size = 50 + (number * 7919) % 40000;
    (0..size).map(|at| b'a' + ((number + at) % 26) as u8).collect()
}

struct Connection {
    reader: BufReader<TcpStream>,
    socket: TcpStream,
    random: u64,
    faults: u32,
}

impl Connection {
    fn new(socket: TcpStream, faults: u32, seed: u64) -> Connection {
        let _ = socket.set_nodelay(true);
        let reader = BufReader::new(socket.try_clone().expect("a socket"));
        Connection { reader, socket, random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, faults }
    }

    fn chance(&mut self, of: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % of
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// Sends, whole or in pieces, now and then late.
    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.faults == 0 || self.chance(10) > 0 {
            return self.socket.write_all(bytes);
        }
        let piece = 1 + self.chance(3000) as usize;
        for part in bytes.chunks(piece).take(200) {
            self.socket.write_all(part)?;
        }
        let sent = (piece * 200).min(bytes.len());
        std::thread::sleep(Duration::from_micros(self.chance(3000)));
        self.socket.write_all(&bytes[sent..])
    }

    fn serve(&mut self) -> std::io::Result<()> {
        self.send(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")?;
        loop {
            let line = self.line()?;
            let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
            if self.faults > 0 && self.chance(1000) < u64::from(self.faults) {
                return self.fail(tag, command);
            }
            let answer = self.answer(tag, command)?;
            self.send(&answer)?;
        }
    }

    /// The connection ends: at once, by a reset, with a goodbye, or within an answer.
    fn fail(&mut self, tag: &str, command: &str) -> std::io::Result<()> {
        match self.chance(4) {
            0 => {}
            1 => {
                let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
            }
            2 => self.send(b"* BYE enough\r\n")?,
            _ => {
                let answer = self.answer(tag, command)?;
                self.send(&answer[..answer.len() / 2])?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, tag: &str, command: &str) -> std::io::Result<Vec<u8>> {
        let words: Vec<&str> = command.split(' ').collect();
        let mut out = Vec::new();
        match words[..] {
            ["LOGIN", ..] => {
                return Ok(
                    format!("{tag} OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS LITERAL+] in\r\n").into_bytes()
                );
            }
            ["SELECT", ..] => {
                out.extend_from_slice(b"* 5000 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 5001] x\r\n")
            }
            ["NOOP"] if self.chance(3) == 0 => out.extend_from_slice(b"* 5000 EXISTS\r\n"),
            ["STATUS", mailbox, ..] => {
                let number = mailbox.trim_start_matches("box");
                out.extend_from_slice(format!("* STATUS {mailbox} (MESSAGES {number})\r\n").as_bytes());
            }
            ["UID", "SEARCH", "UID", number] => {
                out.extend_from_slice(format!("* SEARCH {number}\r\n").as_bytes())
            }
            ["FETCH" | "UID", ..] if command.contains("FETCH ") => {
                let set = words[if words[0] == "UID" { 2 } else { 1 }];
                let (first, last) = set.split_once(':').unwrap_or((set, set));
                let number = |text: &str| text.parse::<u32>().unwrap_or(1);
                // The flags of all are asked for after the connection was lost.
                let last = if last == "*" { 50 } else { number(last) };
                for number in number(first)..=last {
                    message(number, command.contains("BODY"), &mut out);
                }
            }
            ["UID", "STORE", number, ..] => message(number.parse().unwrap_or(1), false, &mut out),
            ["APPEND", mailbox, ..] => return self.append(tag, mailbox, command),
            ["IDLE"] => {
                self.send(b"+ idling\r\n")?;
                if self.chance(2) == 0 {
                    self.send(b"* 5000 EXISTS\r\n")?;
                }
                self.line()?;
            }
            _ => {}
        }
        out.extend_from_slice(format!("{tag} OK {command}\r\n").as_bytes());
        Ok(out)
    }

    /// The message must be that of the mailbox's number.
    fn append(&mut self, tag: &str, mailbox: &str, command: &str) -> std::io::Result<Vec<u8>> {
        let marker = command.rsplit_once('{').map_or("", |(_, marker)| marker).trim_end_matches('}');
        if !marker.ends_with('+') {
            self.send(b"+ go\r\n")?;
        }
        let mut bytes = vec![0; marker.trim_end_matches('+').parse().unwrap_or(0)];
        self.reader.read_exact(&mut bytes)?;
        self.line()?;
        let number: u32 = mailbox.trim_start_matches("box").parse().unwrap_or(0);
        Ok(match bytes == body(number) {
            true => format!("{tag} OK [APPENDUID 7 {number}] done\r\n").into_bytes(),
            false => format!("{tag} BAD this is not the message of {mailbox}\r\n").into_bytes(),
        })
    }
}

fn message(number: u32, with_body: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("* {number} FETCH (UID {number} FLAGS (is-{number})").as_bytes());
    if with_body {
        let body = body(number);
        out.extend_from_slice(format!(" BODY[] {{{}}}\r\n", body.len()).as_bytes());
        out.extend_from_slice(&body);
    }
    out.extend_from_slice(b")\r\n");
}
