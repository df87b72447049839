//! A server that plays a script on one connection, and records what the client sent.
//!
//! One direction a line:
//!
//! - `S: text` sends a line; `$` at its beginning, and `$TAG` anywhere, is the tag of the client's last command, `$TAG2`
//!   that of the one before. Backslash escapes: `\r`, `\n`.
//! - `S- text` sends it without a line end.
//! - `C: pattern` takes a line, whose tag is remembered; the rest must be the pattern, in which `*` stands for anything.
//! - `c: pattern` takes a line that has no tag.
//! - `L: n` takes n bytes; `drain n` the same, without keeping them.
//! - `bytes n` sends n letters x, `data` the bytes that were given beside the script. `stall` waits until the client goes. `close`, `reset` end the connection.
//! - `fetches n` sends FETCH responses of messages 1 to n, `lists n` LIST responses, `hits n` one SEARCH response.
//! - `statuses n` answers n STATUS commands over a link with a delay of 20 ms, and records "n bursts" in which they came.
//! - `quiet n` makes sure that nothing comes for n milliseconds; `reply n text` answers the n-th last command, with OK if
//!   no text is given.
//! - `again` takes the client's next connection.
//! - `deflate` begins COMPRESS=DEFLATE, `plain` ends it.
//! - `wait n` waits n milliseconds. `starttls` begins TLS. `all` answers whatever comes with OK until the client goes.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use native_tls::TlsAcceptor;

use super::deflated::Deflated;

#[derive(Default, Clone)]
pub struct Play {
    pub acceptor: Option<TlsAcceptor>,
    /// TLS from the first byte rather than at `starttls`.
    pub is_implicit: bool,
    /// The connection ends after so many bytes.
    pub cut: Option<usize>,
    /// Bytes go out in pieces of this size.
    pub step: Option<usize>,
    /// What `data` sends.
    pub data: Vec<u8>,
}

pub struct Scripted {
    pub port: u16,
    thread: JoinHandle<(Vec<String>, Result<(), String>)>,
}

impl Scripted {
    pub fn new(script: &str) -> Scripted {
        Scripted::play(script.as_bytes().to_vec(), Play::default())
    }

    pub fn play(script: Vec<u8>, play: Play) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        super::note_shown("server\tscripted");
        let thread = std::thread::spawn(move || {
            let mut record = Vec::new();
            let result = serve(&listener, &script, &play, &mut record);
            (record, result)
        });
        Scripted { port, thread }
    }

    /// What the client sent, if it sent what the script says.
    pub fn join(self) -> Vec<String> {
        // A client that never came must not keep the test.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let (record, result) = self.thread.join().expect("the server's thread");
        if let Err(problem) = result {
            panic!("{problem}; the client sent {record:#?}");
        }
        record
    }

    /// The same when it does not matter how far the script came.
    pub fn abandon(self) -> Vec<String> {
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let (record, result) = self.thread.join().expect("the server's thread");
        if let Err(problem) = result {
            println!("the server ended: {problem}");
        }
        record
    }
}

pub trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

struct Server<'p> {
    stream: Box<dyn Stream>,
    socket: TcpStream,
    play: &'p Play,
    left: usize,
    tag: String,
    tags: Vec<String>,
}

fn serve(listener: &TcpListener, script: &[u8], play: &Play, record: &mut Vec<String>) -> Result<(), String> {
    let (socket, _) = listener.accept().map_err(|error| error.to_string())?;
    let limit = Some(Duration::from_secs(30));
    socket
        .set_read_timeout(limit)
        .and(socket.set_write_timeout(limit))
        .and(socket.set_nodelay(true))
        .map_err(text)?;
    let mut stream: Box<dyn Stream> = Box::new(socket.try_clone().map_err(text)?);
    if let (Some(acceptor), true) = (&play.acceptor, play.is_implicit) {
        match acceptor.accept(socket.try_clone().map_err(text)?) {
            Ok(secured) => stream = Box::new(secured),
            // The client refused us, as some tests want.
            Err(_) => return Ok(()),
        }
    }
    let mut server = Server {
        stream,
        socket,
        play,
        left: play.cut.unwrap_or(usize::MAX),
        tag: String::new(),
        tags: Vec::new(),
    };
    let mut is_over = false;
    for line in script.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if line.trim_ascii() == b"again" {
            let (socket, _) = listener.accept().map_err(text)?;
            socket.set_read_timeout(limit).map_err(text)?;
            server.stream = Box::new(socket.try_clone().map_err(text)?);
            server.socket = socket;
            is_over = false;
            continue;
        }
        if is_over {
            break;
        }
        match server.step(line.trim_ascii_start(), record) {
            Ok(true) => {}
            Ok(false) => is_over = true,
            Err(problem) => {
                return Err(format!("at \"{}\": {problem}", String::from_utf8_lossy(line)));
            }
        }
    }
    Ok(())
}

fn text(error: io::Error) -> String {
    error.to_string()
}

impl Server<'_> {
    /// False: the script ends here.
    fn step(&mut self, line: &[u8], record: &mut Vec<String>) -> Result<bool, String> {
        let words = String::from_utf8_lossy(line).into_owned();
        let number = || words.split(' ').nth(1).and_then(|word| word.parse::<usize>().ok()).unwrap_or(0);
        if let Some(rest) = line.strip_prefix(b"S: ") {
            let mut bytes = self.filled(rest);
            bytes.extend_from_slice(b"\r\n");
            return self.send(&bytes);
        }
        if let Some(rest) = line.strip_prefix(b"S- ") {
            let bytes = self.filled(rest);
            return self.send(&bytes);
        }
        if let Some(pattern) = words.strip_prefix("C: ") {
            let sent = self.line()?;
            record.push(sent.clone());
            let (tag, rest) = sent.split_once(' ').unwrap_or((&sent, ""));
            self.tag = tag.to_owned();
            self.tags.push(self.tag.clone());
            return matches(pattern, rest).then_some(true).ok_or(format!("the client sent {sent}"));
        }
        if let Some(pattern) = words.strip_prefix("c: ") {
            let sent = self.line()?;
            record.push(sent.clone());
            return matches(pattern, &sent).then_some(true).ok_or(format!("the client sent {sent}"));
        }
        match words.split(' ').next().unwrap_or_default() {
            "L:" => {
                let mut literal = vec![0; number()];
                self.stream.read_exact(&mut literal).map_err(text)?;
                record.push(String::from_utf8_lossy(&literal).into_owned());
            }
            "drain" => {
                let mut piece = vec![0; 256 * 1024];
                let mut left = number();
                while left > 0 {
                    let now = left.min(piece.len());
                    left -=
                        self.stream.read(&mut piece[..now]).map_err(text).and_then(|count| match count {
                            0 => Err("the client closed the connection".to_owned()),
                            count => Ok(count),
                        })?;
                }
            }
            "fetches" => {
                let all: String = (1..=number())
                    .map(|n| format!("* {n} FETCH (UID {n} FLAGS (\\Seen number-{n}))\r\n"))
                    .collect();
                return self.send(all.as_bytes());
            }
            "lists" => {
                let all: String = (1..=number()).map(|n| format!("* LIST () \"/\" box{n}\r\n")).collect();
                return self.send(all.as_bytes());
            }
            "hits" => {
                let all: String = (1..=number()).map(|n| format!(" {}", 2 * n)).collect();
                return self.send(format!("* SEARCH{all}\r\n").as_bytes());
            }
            "statuses" => record.push(format!("{} bursts", self.statuses(number())?)),
            "bytes" => {
                let piece = [b'x'; 64 * 1024];
                let mut left = number();
                while left > 0 {
                    let now = left.min(piece.len());
                    if !self.send(&piece[..now])? {
                        return Ok(false);
                    }
                    left -= now;
                }
            }
            "data" => {
                let data = self.play.data.clone();
                return self.send(&data);
            }
            "quiet" => {
                let limit = self.socket.read_timeout().map_err(text)?;
                self.socket.set_read_timeout(Some(Duration::from_millis(number() as u64))).map_err(text)?;
                let early = self.byte();
                self.socket.set_read_timeout(limit).map_err(text)?;
                if early.is_ok() {
                    return Err("the client sent something too early".to_owned());
                }
            }
            "reply" => {
                let tag = &self.tags[self.tags.len() - number()];
                let text = words.splitn(3, ' ').nth(2).unwrap_or("OK done");
                let reply = format!("{tag} {text}\r\n");
                return self.send(reply.as_bytes());
            }
            "wait" => std::thread::sleep(Duration::from_millis(number() as u64)),
            "stall" => {
                while self.byte().is_ok() {}
                return Ok(false);
            }
            "all" => {
                while let Ok(sent) = self.line() {
                    let tag = sent.split(' ').next().unwrap_or_default().to_owned();
                    record.push(sent);
                    let _ = self.stream.write_all(format!("{tag} OK done\r\n").as_bytes());
                }
                return Ok(false);
            }
            "close" => {
                let _ = self.socket.shutdown(std::net::Shutdown::Both);
                return Ok(false);
            }
            "reset" => {
                socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)).map_err(text)?;
                return Ok(false);
            }
            "plain" => self.stream = Box::new(self.socket.try_clone().map_err(text)?),
            "deflate" => {
                let below = std::mem::replace(&mut self.stream, Box::new(io::empty()));
                self.stream = Box::new(Deflated::over(below));
            }
            "starttls" => {
                let acceptor = self.play.acceptor.as_ref().expect("a certificate");
                match acceptor.accept(self.socket.try_clone().map_err(text)?) {
                    Ok(secured) => self.stream = Box::new(secured),
                    Err(_) => return Ok(false),
                }
            }
            other => panic!("no such line in a script: {other}"),
        }
        Ok(true)
    }

    /// Answers STATUS of mailboxes whose names end with their number of messages: what came while the link was slow at
    /// once. Gives how often something came.
    fn statuses(&mut self, count: usize) -> Result<usize, String> {
        let (mut pending, mut answered, mut bursts) = (Vec::new(), 0, 0);
        while answered < count {
            pending.push(self.byte()?);
            std::thread::sleep(Duration::from_millis(20));
            bursts += 1;
            self.socket.set_nonblocking(true).map_err(text)?;
            let mut piece = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = self.stream.read(&mut piece) {
                pending.extend_from_slice(&piece[..read]);
            }
            self.socket.set_nonblocking(false).map_err(text)?;
            let mut answer = String::new();
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&pending[..end]).into_owned();
                pending.drain(..=end);
                let words: Vec<&str> = line.split(' ').collect();
                let [tag, "STATUS", mailbox, ..] = words[..] else {
                    return Err(format!("the client sent {line}"));
                };
                let number = mailbox.trim_start_matches(char::is_alphabetic);
                answer.push_str(&format!("* STATUS {mailbox} (MESSAGES {number})\r\n{tag} OK done\r\n"));
                answered += 1;
            }
            self.send(answer.as_bytes())?;
        }
        Ok(bursts)
    }

    /// The tag for `$`, and escapes.
    fn filled(&self, text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text;
        if let Some(after) = text.strip_prefix(b"$") {
            bytes.extend_from_slice(self.tag.as_bytes());
            rest = after;
        }
        let mut iter = rest.iter();
        while let Some(byte) = iter.next() {
            if let Some(after) = iter.as_slice().strip_prefix(b"TAG").filter(|_| *byte == b'$') {
                let back = after.first().filter(|digit| digit.is_ascii_digit());
                let place = self.tags.len() - back.map_or(1, |digit| usize::from(digit - b'0'));
                bytes.extend_from_slice(self.tags[place].as_bytes());
                iter = after[usize::from(back.is_some())..].iter();
                continue;
            }
            bytes.push(match (byte, iter.as_slice().first()) {
                (b'\\', Some(b'r')) => {
                    iter.next();
                    b'\r'
                }
                (b'\\', Some(b'n')) => {
                    iter.next();
                    b'\n'
                }
                _ => *byte,
            });
        }
        bytes
    }

    /// False: the connection ends here, because it is cut or the client has gone.
    fn send(&mut self, bytes: &[u8]) -> Result<bool, String> {
        let now = bytes.len().min(self.left);
        for piece in bytes[..now].chunks(self.play.step.unwrap_or(usize::MAX)) {
            if self.stream.write_all(piece).and_then(|()| self.stream.flush()).is_err() {
                return Ok(false);
            }
        }
        self.left -= now;
        if self.left == 0 {
            let _ = self.socket.shutdown(std::net::Shutdown::Both);
            return Ok(false);
        }
        Ok(true)
    }

    fn byte(&mut self) -> Result<u8, String> {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(0) => Err("the client closed the connection".to_owned()),
            Ok(_) => Ok(byte[0]),
            Err(error) => Err(error.to_string()),
        }
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                byte => line.push(byte),
            }
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }
}

/// `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut is_exact = true;
    for part in parts {
        is_exact = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        is_exact = is_exact || rest.is_empty();
    }
    if pattern.contains('*') { is_exact } else { rest.is_empty() }
}
