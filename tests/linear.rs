//! Twice the work costs at most 2.2 times the instructions: in every workload of the benchmarks, and for what a hostile
//! server may send. Counted by valgrind, so that it does not matter what else the machine does.

mod support;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use support::Folder;
use support::certificates::Certificates;
use support::program::{bench_program, finish};
use support::scripted::{Play, Scripted};

/// Twice as much may cost so many times as much.
const MOST: f64 = 2.2;

#[test]
fn workloads_grow_linearly() {
    let folder = Folder::new();
    let certificates = Certificates::new();
    let (certificate, key) = (certificates.path("good.pem"), certificates.path("good.key"));
    let program = built_server(&folder);
    let plain = Server::start(&program, &[]);
    let tls = Server::start(&program, &["--tls", &certificate, &key]);
    let ca = certificates.path("ca.pem");
    let alone =
        [instructions("W0", "held", plain.port, 1, None), instructions("W0", "held", tls.port, 1, Some(&ca))];
    for (workload, ways, count) in [
        ("W1", &["streamed", "held"][..], 60),
        ("W2", &["streamed", "held"], 20),
        ("W3", &["streamed", "held"], 2_000_000),
        ("W4", &["streamed", "held"], 300),
        ("W5", &["streamed", "held"], 10_000),
        ("W6", &["held"], 200),
        ("W7", &["held"], 500),
        ("W8", &["streamed", "held"], 10),
        ("W9", &["held"], 20),
    ] {
        let is_tls = workload == "W8";
        let (port, ca) = if is_tls { (tls.port, Some(ca.as_str())) } else { (plain.port, None) };
        for way in ways {
            let cost = |count| instructions(workload, way, port, count, ca) - alone[usize::from(is_tls)];
            check(&format!("{workload}, {way}"), cost(count), cost(2 * count));
        }
    }
}

#[test]
fn a_hostile_server_costs_what_it_sends() {
    let alone = answered("", |_| Vec::new(), 0, None);
    let cost = |name: &str, make: &dyn Fn(usize) -> Vec<u8>, count: usize| {
        let cost = |count| answered(name, make, count, None) - alone;
        check(name, cost(count), cost(2 * count));
    };
    cost("a long line", &|count| wrapped("X ", &"a".repeat(count)), 50_000);
    cost("a long line of flags", &|count| wrapped("FLAGS ", &format!("({})", "a ".repeat(count))), 1_000);
    cost(
        "a long line that is no response",
        &|count| format!("{}\r\n", "x".repeat(count)).into_bytes(),
        50_000,
    );
    cost("tiny literals", &|count| wrapped("X ", &format!("({})", "{1}\r\nx ".repeat(count))), 2_000);
    cost("tiny literals in sections", &|count| wrapped("", &"BODY[1] {1}\r\nx ".repeat(count)), 1_000);
    cost("parts in parts", &|count| wrapped("BODYSTRUCTURE ", &"(".repeat(count)), 10_000);
    cost("messages in messages", &nested_messages, 100);
    cost(
        "parts beside parts",
        &|count| wrapped("BODYSTRUCTURE ", &format!("({} \"MIXED\")", TEXT.repeat(count))),
        1_000,
    );
    cost("parameters", &|count| wrapped("BODYSTRUCTURE ", &parameters(count)), 300);
    cost("addresses", &|count| from("(\"a\" NIL \"b\" \"c\")", count), 500);
    cost("what is no address", &|count| from("(\"a\"x)", count), 500);
    cost("groups without end", &|count| from("(NIL NIL \"g\" NIL)", count), 500);
    cost("encoded words", &|count| subject("=?utf-8?Q?a?= ", count), 500);
    cost("encoded words without end", &|count| subject("=?utf-8?Q?a", count), 500);
    cost("quotes without end", &|count| wrapped("X ", &"\"a".repeat(count)), 1_000);
    // How many of the pieces come together is the machine's mood: each is allowed a read of its own.
    let dribbled = |name: &str, make: &dyn Fn(usize) -> Vec<u8>, count: usize, step: usize| {
        let cost = |count| answered(name, make, count, Some(step)) - alone;
        let reads = (make(count).len() / step) as f64;
        check(name, cost(count).max(reads * READ), cost(2 * count));
    };
    dribbled("a small literal, byte by byte", &literal, 8_000, 1);
    dribbled("a large literal, byte by byte", &literal, 20_000, 1);
    dribbled("envelopes in odd pieces", &|count| from("(\"a\" NIL \"b\" \"c\")", count), 2_000, 7);
}

/// Instructions of one turn that reads little.
const READ: f64 = 2_000.0;

const TEXT: &str = "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"UTF-8\") NIL NIL \"7BIT\" 1 1 NIL NIL NIL NIL)";

fn wrapped(item: &str, value: &str) -> Vec<u8> {
    format!("* 1 FETCH (UID 1 {item}{value})\r\n").into_bytes()
}

fn from(address: &str, count: usize) -> Vec<u8> {
    wrapped("ENVELOPE ", &format!("(NIL NIL ({}) NIL NIL NIL NIL NIL NIL NIL)", address.repeat(count)))
}

fn subject(words: &str, count: usize) -> Vec<u8> {
    wrapped("ENVELOPE ", &format!("(NIL \"{}\" NIL NIL NIL NIL NIL NIL NIL NIL)", words.repeat(count)))
}

fn parameters(count: usize) -> String {
    let pairs: String = (0..count).map(|at| format!("\"a*{at}*\" \"utf-8''%41\" ")).collect();
    format!("(\"TEXT\" \"PLAIN\" ({pairs}) NIL NIL \"7BIT\" 1 1)")
}

fn literal(size: usize) -> Vec<u8> {
    wrapped("BODY[] ", &format!("{{{size}}}\r\n{}", "x".repeat(size)))
}

/// As deep as the limit allows; `count` parts in the innermost.
fn nested_messages(count: usize) -> Vec<u8> {
    let envelope = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    let open = format!("(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 1 {envelope} ");
    let inner = format!("({} \"MIXED\")", TEXT.repeat(count));
    wrapped("BODYSTRUCTURE ", &format!("{}{inner}{}", open.repeat(62), " 1)".repeat(62)))
}

fn check(name: &str, once: f64, twice: f64) {
    let ratio = twice / once;
    println!("{name}: {once:.0} instructions, twice as much {ratio:.2} times that");
    assert!(once > 10_000.0, "{name}: nothing was measured");
    assert!(ratio <= MOST, "{name}: twice as much costs {ratio:.2} times as many instructions");
}

/// What a FETCH costs that is answered with this.
fn answered(name: &str, make: impl Fn(usize) -> Vec<u8>, count: usize, step: Option<usize>) -> f64 {
    let script =
        b"S: * OK [CAPABILITY IMAP4rev1] hi\nC: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1] in\nC: SELECT *\n\
        S: * 1 EXISTS\nS: $ OK done\nC: UID FETCH *\ndata\nS: $ OK done\n";
    let server = Scripted::play(script.to_vec(), Play { data: make(count), step, ..Play::default() });
    let cost = instructions("W4", "held", server.port, 1, None);
    server.abandon();
    assert!(cost > 0.0, "{name}");
    cost
}

/// Instructions of one run of benches/programs/libimap.c.
fn instructions(workload: &str, way: &str, port: u16, count: usize, ca: Option<&str>) -> f64 {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(bench_program("programs/libimap"));
    command.args([workload, way, &port.to_string(), &count.to_string()]).args(ca);
    let output = finish(command, std::time::Duration::from_secs(100));
    assert_eq!(output.code, Some(0), "{workload} {way} {count}: {}{}", output.out, output.err);
    let collected = output.err.lines().find_map(|line| line.split_once("Collected :"));
    collected.and_then(|(_, count)| count.trim().parse().ok()).expect("a count of instructions")
}

/// The replay server of the benchmarks, compiled.
fn built_server(folder: &Folder) -> PathBuf {
    let program = folder.0.join("server");
    let sources = ["server.c", "mailbox.c"].map(|name| support::project().join("benches/replay").join(name));
    let mut command = Command::new("gcc");
    command
        .args(["-std=c11", "-O2", "-pthread", "-o"])
        .arg(&program)
        .args(sources)
        .args(["-lssl", "-lcrypto"]);
    assert!(command.status().expect("gcc runs").success());
    program
}

struct Server {
    child: Child,
    port: u16,
    /// It ends when this does.
    _input: ChildStdin,
}

impl Server {
    fn start(program: &PathBuf, arguments: &[&str]) -> Server {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server");
        let input = child.stdin.take().expect("a pipe");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("a line");
        Server { child, port: line.trim().parse().expect("a port"), _input: input }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
