//! Every command against a server whose answer is damaged, missing, doubled or foreign, and with hostile arguments: the
//! call ends, the connection stays usable, and what cannot be sent is refused before anything is.
//!
//! Not here: commands after which the bytes mean something else (COMPRESS, IDLE) or that change who is logged in.

mod support;

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStringExt;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Duration;

use support::program::{finish, run, run_checked, test_program};

const CAPABILITIES: &str = "IMAP4rev1 ACL QUOTA METADATA ID ENABLE UIDPLUS MOVE NAMESPACE UNSELECT ESEARCH SEARCHRES SORT \
                            THREAD=REFERENCES LIST-EXTENDED LIST-STATUS SPECIAL-USE URLAUTH LANGUAGE I18NLEVEL=2 LITERAL+ \
                            MULTISEARCH CONTEXT=SEARCH PARTIAL UIDBATCHES NOTIFY JMAPACCESS";

/// The step of tests/c/steps.c, the command's name on the wire, and its answer.
const COMMANDS: [(&str, &str, &[&str]); 38] = [
    ("capability", "CAPABILITY", &["* CAPABILITY IMAP4rev1 ENABLE"]),
    ("send:ID (\"a\" \"b\"):pairs", "ID", &["* ID (\"name\" \"x\" \"os\" NIL)"]),
    ("getacl:box", "GETACL", &["* ACL box alice lrs bob w"]),
    ("myrights:box", "MYRIGHTS", &["* MYRIGHTS box lrs"]),
    ("listrights:box:bob", "LISTRIGHTS", &["* LISTRIGHTS box bob la r swicd"]),
    ("setacl:box:bob:lr", "SETACL", &[]),
    ("deleteacl:box:bob", "DELETEACL", &[]),
    ("getquota:", "GETQUOTA", &["* QUOTA \"\" (STORAGE 10 512)"]),
    ("getquotaroot:box", "GETQUOTAROOT", &["* QUOTAROOT box \"\" other", "* QUOTA \"\" (STORAGE 10 512)"]),
    ("setquota::STORAGE 5", "SETQUOTA", &["* QUOTA \"\" (STORAGE 1 5)"]),
    ("getmetadata:box:/shared", "GETMETADATA", &["* METADATA box (/shared/comment \"a\" /shared/none NIL)"]),
    ("setmetadata:box:/shared/comment:x", "SETMETADATA", &[]),
    ("send:ENABLE X-GOOD-IDEA:texts", "ENABLE", &["* ENABLED X-GOOD-IDEA"]),
    ("send:NOTIFY NONE", "NOTIFY", &[]),
    ("namespace", "NAMESPACE", &["* NAMESPACE ((\"\" \"/\" \"X\" (\"Y\"))) NIL ((\"#s/\" \"/\"))"]),
    ("create:box", "CREATE", &["* LIST () \"/\" box (\"OLDNAME\" (\"old\"))"]),
    ("delete:box", "DELETE", &[]),
    ("rename:box:other", "RENAME", &[]),
    ("subscribe:box", "SUBSCRIBE", &[]),
    ("unsubscribe:box", "UNSUBSCRIBE", &[]),
    (
        "select:INBOX",
        "SELECT",
        &[
            "* 5 EXISTS",
            "* FLAGS (\\Seen \\Draft)",
            "* OK [UIDVALIDITY 7] x",
            "* OK [PERMANENTFLAGS (\\Seen \\*)] x",
        ],
    ),
    ("examine:box", "EXAMINE", &["* 5 EXISTS", "* 1 RECENT", "* OK [UNSEEN 2] x", "* OK [UIDNEXT 9] x"]),
    (
        "list::*",
        "LIST",
        &[
            "* LIST (\\HasNoChildren \\Sent) \"/\" \"box\"",
            "* LIST (\\Noselect) \".\" other (\"CHILDINFO\" (\"SUBSCRIBED\"))",
        ],
    ),
    ("list::*:RETURN (STATUS (MESSAGES))", "LIST", &["* LIST () \"/\" box", "* STATUS box (MESSAGES 4)"]),
    ("lsub::*", "LSUB", &["* LSUB () \"/\" box"]),
    ("status:box:MESSAGES UNSEEN", "STATUS", &["* STATUS box (MESSAGES 231 UNSEEN 2 X (1 2))"]),
    ("expunge", "EXPUNGE", &["* 3 EXPUNGE", "* VANISHED 4:5"]),
    (
        "fetch:1\\:*:FLAGS ENVELOPE BODYSTRUCTURE INTERNALDATE",
        "UID FETCH",
        &[
            "* 1 FETCH (UID 1 FLAGS (\\Seen x) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" ENVELOPE (\"x\" \"=?utf-8?q?a?=\" ((\"a\" NIL \"b\" \"c\")) NIL NIL NIL NIL NIL NIL \"<1>\"))",
            "* 2 FETCH (UID 2 BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"UTF-8\") NIL NIL \"7BIT\" 5 1 NIL (\"inline\" NIL) NIL NIL)(\"IMAGE\" \"PNG\" NIL NIL NIL \"BASE64\" 9) \"MIXED\"))",
        ],
    ),
    ("store:1\\:*:+FLAGS (\\\\Seen)", "UID STORE", &["* 1 FETCH (UID 1 FLAGS (\\Seen))"]),
    (
        "search:RETURN (MIN COUNT ALL) UNSEEN",
        "UID SEARCH",
        &["* ESEARCH (TAG \"$TAG\") UID MIN 2 COUNT 3 ALL 2,4:5"],
    ),
    ("search:UNSEEN", "UID SEARCH", &["* SEARCH 2 4 5 (MODSEQ 9)"]),
    ("sort:DATE:ALL", "UID SORT", &["* SORT 5 3 4"]),
    ("send:UID THREAD REFERENCES UTF-8 ALL", "UID THREAD", &["* THREAD (2)(3 6 (4 23)(44 7 96))"]),
    ("copy:1\\:3:box", "UID COPY", &["* OK [COPYUID 7 1:3 9:11] copied"]),
    ("move:1\\:3:box", "UID MOVE", &["* OK [COPYUID 7 1:3 9:11] moved", "* 1 EXPUNGE"]),
    (
        "send:URLFETCH \"imap\\://u@h/box;UID=1;urlauth=anonymous\\:internal\\:0123456789abcdef0123456789abcdef\"",
        "URLFETCH",
        &["* URLFETCH \"imap://x\" \"text\""],
    ),
    ("command:X-NEW (1)", "X-NEW", &["* X-NEW (1 (2 \"3\")) NIL", "* 4 X-NEW"]),
    ("send:GETJMAPACCESS", "GETJMAPACCESS", &["* JMAPACCESS \"https://x/\""]),
];

/// What belongs to nobody: other commands, mailboxes, messages, tags.
const FOREIGN: &str = "* METADATA elsewhere (/a \"b\")\r\n* STATUS elsewhere (MESSAGES 9)\r\n* LIST () \"/\" elsewhere\r\n* SEARCH 99\r\n\
                       * ESEARCH (TAG \"zzz\") UID ALL 77\r\n* SORT 9\r\n* THREAD (9)\r\n* QUOTA elsewhere (STORAGE 1 2)\r\n* ACL elsewhere x y\r\n\
                       * 4000 FETCH (UID 4000 FLAGS (x))\r\n* 4000 EXPUNGE\r\n* ENABLED Y\r\n* ID (\"z\" NIL)\r\nZZZZ9 OK not yours\r\n+ go on\r\n";

/// All that is answered to a command in turn, before its OK.
fn answers(lines: &[&str], samples: usize) -> Vec<Vec<u8>> {
    let whole: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
    let mut all = vec![
        whole.clone(),
        Vec::new(),
        whole.repeat(2),
        FOREIGN.into(),
        [FOREIGN.as_bytes(), &whole].concat(),
    ];
    for sample in 0..samples.min(whole.len()) {
        let at = sample * whole.len() / samples.min(whole.len());
        let mut flipped = whole.clone();
        // A line without its end would take the OK behind it along.
        flipped[at] ^= if whole[at] == b'\n' { 0 } else { [1, 4, 0x80, 0x10][sample % 4] };
        all.push(flipped);
        all.push([&whole[..at], b"\r\n"].concat());
    }
    all
}

/// A server that answers the n-th round of a command with the n-th answer; a NOOP ends a round. Gives what it was sent.
fn serve(name: &'static str, answers: Vec<Vec<u8>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    support::note_shown("server\tscripted");
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        talk(stream, name, &answers)
    });
    (port, thread)
}

fn talk(mut stream: TcpStream, name: &str, answers: &[Vec<u8>]) -> Vec<String> {
    let mut reader = BufReader::new(stream.try_clone().expect("the same socket"));
    let (mut sent, mut round, mut line) = (Vec::new(), 0, Vec::new());
    let greeting = format!("* PREAUTH [CAPABILITY {CAPABILITIES}] ready\r\n");
    let mut is_open = stream.write_all(greeting.as_bytes()).is_ok();
    while is_open {
        line.clear();
        if reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            break;
        }
        let mut text = String::from_utf8_lossy(&line).trim_end().to_owned();
        // A literal, asked for where that must be, and the rest of the line.
        while let Some((size, is_asked)) = literal_of(&text) {
            let mut literal = vec![0; size];
            line.clear();
            let is_lost = is_asked && stream.write_all(b"+ go\r\n").is_err();
            if is_lost
                || reader.read_exact(&mut literal).is_err()
                || reader.read_until(b'\n', &mut line).is_err()
            {
                return sent;
            }
            let rest = String::from_utf8_lossy(&line).trim_end().to_owned();
            text = format!("{} literal{rest}", text.split('{').next().unwrap_or_default());
        }
        let (tag, command) = text.split_once(' ').unwrap_or((&text, ""));
        let begins = |word: &str| command == word || command.starts_with(&format!("{word} "));
        let answer = match answers.get(round) {
            Some(answer) if begins(name) => with_tag(answer, tag),
            _ if begins("SELECT") => b"* 5 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n".to_vec(),
            _ => Vec::new(),
        };
        round += usize::from(begins("NOOP"));
        let end = format!("{tag} OK done\r\n");
        is_open = stream.write_all(&[answer, end.into_bytes()].concat()).is_ok();
        sent.push(command.to_owned());
    }
    sent
}

/// The size of the literal that a line ends with, and whether the client waits to be asked for it.
fn literal_of(line: &str) -> Option<(usize, bool)> {
    let inner = line.strip_suffix('}')?.rsplit('{').next()?;
    let size = inner.strip_suffix('+').unwrap_or(inner).parse().ok()?;
    Some((size, !inner.ends_with('+')))
}

/// The tag in place of "$TAG", if that is still whole.
fn with_tag(answer: &[u8], tag: &str) -> Vec<u8> {
    match answer.windows(4).position(|window| window == b"$TAG") {
        Some(at) => [&answer[..at], tag.as_bytes(), &answer[at + 4..]].concat(),
        None => answer.to_vec(),
    }
}

const PLAIN: [&str; 4] = ["number:2:2", "number:46:1", "number:64:4000", "connect:127.0.0.1"];

/// Runs a command once for each answer, a NOOP behind each; every call ends, and the connection outlives it.
fn survives(command: (&'static str, &'static str, &[&str]), samples: usize, is_checked: bool) {
    let (step, name, lines) = command;
    let answers = answers(lines, samples);
    let rounds = answers.len();
    let (port, server) = serve(name, answers);
    let port = format!("number:1:{port}");
    let mut arguments = vec![port.as_str()];
    arguments.extend(PLAIN);
    for _ in 0..rounds {
        arguments.extend(["select:INBOX", step, "noop"]);
    }
    let program = test_program("steps");
    let out =
        if is_checked { run_checked(&program, &arguments, &[]) } else { run(&program, &arguments, &[]) };
    assert_eq!(out.code, Some(0), "{step}: {}\n{}", out.out, out.err);
    server.join().expect("the server");
    for (round, told) in out.out.lines().skip(5).collect::<Vec<_>>().chunks(3).enumerate() {
        let [_, answered, after] = told else { panic!("{step}: {told:?}") };
        let is_plain = !["INTERNAL", "PROTOCOL", "CLOSED", "TIMEOUT", "INVALID", "STATE", "MISMATCH"]
            .iter()
            .any(|bad| answered.contains(bad));
        assert!(is_plain && !answered.contains("usable=0"), "{step}, answer {round}: {answered}");
        assert_eq!(*after, "noop:", "{step}, answer {round}: {answered}");
    }
}

#[test]
fn no_answer_ends_the_connection() {
    for command in COMMANDS {
        survives(command, 24, false);
    }
    support::shows("scripted", &["R3"]);
}

#[test]
fn no_answer_is_read_beyond_its_end() {
    for command in COMMANDS.into_iter().filter(|(step, ..)| {
        step.starts_with("fetch") || step.starts_with("list") || step.starts_with("getacl")
    }) {
        survives(command, 3, true);
    }
}

#[test]
fn arguments_that_cannot_be_sent_are_refused() {
    // Each @ is the hostile text.
    let steps = [
        "getacl:@",
        "myrights:@",
        "listrights:box:@",
        "setacl:@:bob:lr",
        "setacl:box:@:lr",
        "deleteacl:box:@",
        "getquota:@",
        "getquotaroot:@",
        "setquota:@:STORAGE 5",
        "setquota::@",
        "getmetadata:@:/a",
        "getmetadata:box:@",
        "setmetadata:@:/a:x",
        "setmetadata:box:@:x",
        "id:a:@",
        "create:@",
        "delete:@",
        "rename:box:@",
        "rename:@:box",
        "subscribe:@",
        "unsubscribe:@",
        "select:@",
        "examine:@",
        "list:@:*",
        "list::@",
        "list::*:@",
        "lsub:@:*",
        "status:@:MESSAGES",
        "status:box:@",
        "fetch:@:FLAGS",
        "fetch:1:@",
        "store:@:+FLAGS (x)",
        "store:1:@",
        "copy:@:box",
        "copy:1:@",
        "move:1:@",
        "search:@",
        "sort:@:ALL",
        "sort:DATE:@",
        "expunge:@",
        "append:@:hi",
        "append:box:hi:@",
        "send:@",
        "command:@",
        "send:NOTIFY @",
        "send:FETCH @ FLAGS",
    ];
    let hostile: [&[u8]; 4] = [b"a\\r\\nx DELETE b", b"a\\nb", b"a\\rb", b"((("];
    let (port, server) = serve("nothing", Vec::new());
    let mut command = Command::new(test_program("steps"));
    command.arg(format!("number:1:{port}")).args(PLAIN).arg("select:INBOX");
    let mut done = Vec::new();
    for step in steps {
        for text in hostile {
            // Parentheses are plain letters in names.
            if text == b"((("
                && ![
                    "list::*:@",
                    "status:box:@",
                    "fetch:1:@",
                    "search:@",
                    "sort:DATE:@",
                    "fetch:@:FLAGS",
                    "send:FETCH @ FLAGS",
                ]
                .contains(&step)
            {
                continue;
            }
            let (before, after) = step.split_once('@').expect("a place for it");
            command.arg(OsString::from_vec([before.as_bytes(), text, after.as_bytes()].concat()));
            done.push(format!("{step} with {}", String::from_utf8_lossy(text)));
        }
    }
    let out = finish(command, Duration::from_secs(30)).success();
    let sent = server.join().expect("the server");
    for (what, line) in done.iter().zip(out.lines().skip(6)) {
        assert!(line.contains("IMAP_ERR_INVALID usable=1"), "{what}: {line}");
    }
    assert_eq!(sent, ["SELECT INBOX"]);
}

#[test]
fn long_names_and_names_in_no_encoding_do_no_harm() {
    let (port, server) = serve("nothing", Vec::new());
    let mut command = Command::new(test_program("steps"));
    command.arg(format!("number:1:{port}")).args(PLAIN).arg("select:INBOX");
    let texts = [
        vec![b'n'; 60_000],
        b"\"\\\\\\\"".repeat(15_000),
        b"\xff\xfe".to_vec(),
        "é".repeat(30_000).into_bytes(),
    ];
    for text in &texts {
        for step in ["create:", "status:", "getacl:", "search:SUBJECT ", "fetch:", "list::", "id:a:"] {
            command.arg(OsString::from_vec([step.as_bytes(), text].concat())).arg("noop");
        }
    }
    let out = finish(command, Duration::from_secs(30)).success();
    server.join().expect("the server");
    let noops: Vec<&str> = out.lines().skip(6).filter(|line| line.starts_with("noop")).collect();
    assert_eq!(
        noops,
        ["noop:"; 28],
        "{}",
        out.lines().map(|line| line.get(..120).unwrap_or(line)).collect::<Vec<_>>().join("\n")
    );
}
