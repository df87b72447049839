//! What results cost in memory, measured from the process of a C program: one large message, many envelopes, many
//! messages of UID and flags. Fails when a figure is beyond its bound.

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write;

use support::program::{bench_program, run};
use support::scripted::{Play, Scripted};

const BODY: usize = 200_000_000;
const ENVELOPES: usize = 10_000;
const FLAGS: usize = 1_000_000;

struct Sizes {
    before: f64,
    held: f64,
    peak: f64,
    count: usize,
}

fn main() {
    let body = format!("S: * 1 FETCH (UID 1 BODY[] {{{BODY}}}\nbytes {BODY}\nS: )\n");
    let sizes = fetch(&body, Vec::new(), "BODY.PEEK[]");
    assert_eq!(sizes.count, 1);
    let ratio = sizes.peak / BODY as f64;
    println!("one message of {BODY} bytes: the whole process peaks at {ratio:.3} times that (bound 1.1)");
    assert!(ratio < 1.1);

    let envelopes = envelopes();
    let wire = envelopes.len() as f64;
    let sizes = fetch("data\n", envelopes, "ENVELOPE");
    assert_eq!(sizes.count, ENVELOPES);
    let ratio = sizes.held / wire;
    println!(
        "{ENVELOPES} envelopes, {:.0} bytes each on the wire: held in {ratio:.2} times that (bound 2)",
        wire / ENVELOPES as f64
    );
    assert!(ratio < 2.0);

    // What half as many take is taken off: the code that was loaded meanwhile, and the buffers.
    let (half, sizes) = (fetch("data\n", flags(FLAGS / 2), "FLAGS"), fetch("data\n", flags(FLAGS), "FLAGS"));
    assert_eq!((half.count, sizes.count), (FLAGS / 2, FLAGS));
    let each = (sizes.held - half.held) / (FLAGS / 2) as f64;
    println!("{FLAGS} messages of UID and FLAGS: {each:.1} bytes each, with the pointer (bound 64)");
    // The process's size is told in pages, and the allocator has its own.
    assert!(each < 64.5);
    println!("(the process before: {:.1} MB)", sizes.before / 1e6);
}

fn fetch(answer: &str, data: Vec<u8>, items: &str) -> Sizes {
    let script = format!(
        "S: * OK [CAPABILITY IMAP4rev1] hi\nC: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1] in\nC: SELECT INBOX\n\
         S: * 1000000 EXISTS\nS: $ OK done\nC: UID FETCH *\n{answer}S: $ OK done\n"
    );
    let server = Scripted::play(script.into_bytes(), Play { data, ..Play::default() });
    let out = run(&bench_program("memory"), &[&server.port.to_string(), items], &[]).success();
    server.join();
    let numbers: Vec<f64> = out.split_whitespace().map(|word| word.parse().expect("a number")).collect();
    Sizes { before: numbers[0], held: numbers[1], peak: numbers[2], count: numbers[3] as usize }
}

/// Envelopes as mail has them: names, some encoded words, several addressees, message ids.
fn envelopes() -> Vec<u8> {
    let mut out = String::new();
    for n in 1..=ENVELOPES {
        let sender = format!("((\"Sender Number {n}\" NIL \"sender{n}\" \"mail{}.example.org\"))", n % 50);
        let subject = match n % 4 {
            0 => format!("=?UTF-8?Q?Sch=C3=B6ne_Gr=C3=BC=C3=9Fe_Nr=2E_{n}?="),
            _ => format!("Re: the minutes of the meeting of last week, and what came of it ({n})"),
        };
        write!(
            out,
            "* {n} FETCH (UID {n} ENVELOPE (\"Tue, 1 Apr 2003 12:00:00 +0200\" \"{subject}\" {sender} {sender} {sender} \
             ((NIL NIL \"alice\" \"example.org\")(\"Bob Example\" NIL \"bob\" \"example.org\")) \
             ((\"Carla\" NIL \"carla\" \"example.com\")) NIL \"<{n}.parent@mail.example.org>\" \"<{n}.own@mail.example.org>\"))\r\n"
        )
        .expect("memory");
    }
    out.into_bytes()
}

fn flags(count: usize) -> Vec<u8> {
    let mut out = String::new();
    for n in 1..=count {
        let flags = ["", "\\Seen", "\\Seen \\Answered", "\\Seen $Forwarded"][n % 4];
        write!(out, "* {n} FETCH (UID {n} FLAGS ({flags}))\r\n").expect("memory");
    }
    out.into_bytes()
}
