//! Thousands of connections that idle on one thread of a C program; the server is this process.

#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use support::certificates::Certificates;
use support::program::{bench_program, library};

const PLAIN: usize = 10_000;
const TLS: usize = 1_000;
const EVENTS: usize = 2_000;

fn main() {
    let certificates = Certificates::new();
    let ca = certificates.path("ca.pem");
    let count = fitting(PLAIN);
    let plain = measured(count, None, &[]);
    println!(
        "{count} idle connections: {:.0} bytes each in the client; {:.4} s of CPU in 3 s; EXISTS to event: median {} us, worst {} us",
        plain.memory, plain.idle, plain.median, plain.worst
    );
    let tls = measured(TLS, Some(certificates.acceptor("good")), &[&ca]);
    let alone = openssl(TLS, certificates.acceptor("good"), &ca);
    println!(
        "{TLS} idle TLS connections: {:.0} bytes each, {:.2} of OpenSSL alone ({alone:.0}); EXISTS to event: median {} us, worst {} us",
        tls.memory,
        tls.memory / alone,
        tls.median,
        tls.worst
    );
}

/// As many as the descriptors of a process allow, which is said if it is fewer.
fn fitting(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    let most = line.split_whitespace().nth(3).and_then(|word| word.parse().ok()).unwrap_or(1024usize);
    let count = wanted.min(most.saturating_sub(100));
    if count < wanted {
        println!(
            "{most} descriptors are all that a process may have: {count} connections instead of {wanted}"
        );
    }
    count
}

struct Measured {
    memory: f64,
    idle: f64,
    median: u64,
    worst: u64,
}

fn measured(count: usize, acceptor: Option<native_tls::TlsAcceptor>, more: &[&str]) -> Measured {
    let (port, connections) = serve(acceptor);
    let numbers = [count.to_string(), port.to_string(), EVENTS.min(4 * count).to_string()];
    let mut client = Command::new(bench_program("connections"))
        .args(&numbers)
        .args(more)
        .env("LD_LIBRARY_PATH", library())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the client");
    let mut lines = BufReader::new(client.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut word = |name: &str, at: usize| -> String {
        let line = lines.next().unwrap_or_else(|| panic!("the client ended before it told its {name}"));
        line.split(' ').nth(at).map_or(String::new(), str::to_owned)
    };
    let memory = word("memory", 1).parse().expect("a number");
    let idle = word("idle", 1).parse().expect("a number");
    word("readiness", 0);
    // The first one was made before the count began.
    let all: Vec<_> = connections.try_iter().skip(1).collect();
    for at in 0..EVENTS.min(4 * count) {
        all[at * 7919 % all.len()].send(()).expect("its thread");
        std::thread::sleep(Duration::from_micros(500));
    }
    let line = lines.next().expect("the client tells its latencies");
    let mut latencies = line.split(' ').skip(1).map(|word| word.parse().expect("a number"));
    let (median, worst) = (latencies.next().expect("a median"), latencies.next().expect("a worst"));
    assert!(client.wait().expect("the client").success());
    Measured { memory, idle, median, worst }
}

/// Bytes of a connection by OpenSSL alone.
fn openssl(count: usize, acceptor: native_tls::TlsAcceptor, ca: &str) -> f64 {
    let (port, _connections) = serve(Some(acceptor));
    let program = std::env::temp_dir().join(format!("imap-openssl-{}", std::process::id()));
    let built = Command::new("gcc")
        .args(["-O1", "-o"])
        .arg(&program)
        .arg(support::project().join("benches/openssl.c"))
        .args(["-lssl", "-lcrypto"])
        .status()
        .expect("gcc runs");
    assert!(built.success());
    let output = Command::new(&program).args([count.to_string(), port.to_string(), ca.to_owned()]).output();
    let _ = std::fs::remove_file(&program);
    String::from_utf8_lossy(&output.expect("it runs").stdout).trim().parse().expect("a number")
}

/// A server with two small threads a connection, one of which sends an EXISTS when it is told to.
fn serve(acceptor: Option<native_tls::TlsAcceptor>) -> (u16, mpsc::Receiver<mpsc::Sender<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    socket2::SockRef::from(&listener).listen(4096).expect("a long queue");
    let port = listener.local_addr().expect("its number").port();
    let (announce, connections) = mpsc::channel();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (acceptor, announce) = (acceptor.clone(), announce.clone());
            let thread = std::thread::Builder::new().stack_size(128 * 1024);
            thread.spawn(move || connection(socket, acceptor, &announce)).expect("a thread");
        }
    });
    (port, connections)
}

fn connection(
    socket: TcpStream,
    acceptor: Option<native_tls::TlsAcceptor>,
    announce: &mpsc::Sender<mpsc::Sender<()>>,
) {
    let _ = socket.set_nodelay(true);
    let mut stream: Box<dyn ReadWrite> = match acceptor {
        Some(acceptor) => match acceptor.accept(socket) {
            Ok(secured) => Box::new(secured),
            Err(_) => return,
        },
        None => Box::new(socket),
    };
    let (ask, asked) = mpsc::channel::<()>();
    if stream.write_all(b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n").is_err() {
        return;
    }
    loop {
        let Some(line) = line(&mut stream) else { return };
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        if command == "IDLE" {
            let _ = stream.write_all(b"+ idling\r\n");
            let _ = announce.send(ask);
            break;
        }
        let _ = stream.write_all(format!("* 1 EXISTS\r\n{tag} OK done\r\n").as_bytes());
    }
    // It idles until the client goes.
    while asked.recv().is_ok() {
        let now = microseconds() & 0x7fff_ffff;
        if stream.write_all(format!("* {now} EXISTS\r\n").as_bytes()).is_err() {
            return;
        }
    }
}

trait ReadWrite: Read + Write + Send {}
impl<T: Read + Write + Send> ReadWrite for T {}

fn line(stream: &mut Box<dyn ReadWrite>) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while byte[0] != b'\n' {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        line.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Of the clock that the client reads too.
fn microseconds() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct can be written.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1000
}
