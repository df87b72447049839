//! Every command, and every function that sends one, against a server whose answer is damaged, missing, doubled or
//! foreign, and with hostile arguments: the call ends, the connection stays usable, what is lost is that item, and what
//! cannot be sent is refused before anything is.

mod support;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStringExt;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Duration;

use support::deflated::Deflated;
use support::program::{CAN_OBSERVE, observe, run, run_checked, test_program};
use support::scripted::Stream;

const CAPABILITIES: &str = "IMAP4rev1 ACL QUOTA METADATA ID ENABLE UIDPLUS MOVE NAMESPACE UNSELECT ESEARCH SEARCHRES SORT \
                            THREAD=REFERENCES LIST-EXTENDED LIST-STATUS SPECIAL-USE URLAUTH LANGUAGE I18NLEVEL=2 LITERAL+ \
                            MULTISEARCH CONTEXT=SEARCH PARTIAL UIDBATCHES NOTIFY JMAPACCESS IDLE REPLACE \
                            COMPRESS=DEFLATE UNAUTHENTICATE AUTH=PLAIN AUTH=X-OWN";

/// What is asked, and the answer that the server gives, whole or not.
#[derive(Clone, Copy)]
struct Row {
    /// Of tests/c/steps.c.
    step: &'static str,
    /// The command's name on the wire.
    name: &'static str,
    /// The responses.
    lines: &'static [&'static str],
    /// What stands behind the OK.
    text: &'static str,
    /// The steps that begin each round.
    before: &'static [&'static str],
    capabilities: &'static str,
    /// Each round has a connection of its own,
    is_anew: bool,
    /// on which the server takes us for nobody yet.
    is_stranger: bool,
    is_nameless: bool,
    adds_up: bool,
    /// What the step behind it says begins with this.
    after: &'static str,
    /// How the call may fail beside NO and BAD.
    may_fail: &'static str,
}

const fn row(step: &'static str, name: &'static str, lines: &'static [&'static str]) -> Row {
    Row {
        step,
        name,
        lines,
        text: "done",
        before: &["select:INBOX"],
        capabilities: CAPABILITIES,
        is_anew: false,
        is_stranger: false,
        is_nameless: false,
        adds_up: false,
        after: "noop:",
        may_fail: "-",
    }
}

impl Row {
    const fn replying(self, text: &'static str) -> Row {
        Row { text, ..self }
    }

    const fn behind(self, before: &'static [&'static str]) -> Row {
        Row { before, ..self }
    }

    const fn of(self, capabilities: &'static str) -> Row {
        Row { capabilities, ..self }
    }

    const fn anew(self) -> Row {
        Row { before: &["connect:127.0.0.1"], is_anew: true, ..self }
    }

    const fn logging_in(self) -> Row {
        Row { is_stranger: true, ..self.anew() }
    }

    /// Nothing in such a response tells whose it is.
    const fn nameless(self) -> Row {
        Row { is_nameless: true, ..self }
    }

    /// Such responses add up: the answer may come in several.
    const fn adding_up(self) -> Row {
        Row { adds_up: true, ..self }
    }

    const fn then(self, after: &'static str) -> Row {
        Row { after, ..self }
    }

    const fn may_fail(self, may_fail: &'static str) -> Row {
        Row { may_fail, ..self }
    }
}

const COMMANDS: &[Row] = &[
    row("capability", "CAPABILITY", &["* CAPABILITY IMAP4rev1 ENABLE"]),
    row("send:ID (\"a\" \"b\"):pairs", "ID", &["* ID (\"name\" \"x\" \"os\" NIL)"]).nameless(),
    row("getacl:box", "GETACL", &["* ACL box alice lrs bob w"]),
    row("myrights:box", "MYRIGHTS", &["* MYRIGHTS box lrs"]),
    row("listrights:box:bob", "LISTRIGHTS", &["* LISTRIGHTS box bob la r swicd"]),
    row("setacl:box:bob:lr", "SETACL", &[]),
    row("deleteacl:box:bob", "DELETEACL", &[]),
    row("getquota:", "GETQUOTA", &["* QUOTA \"\" (STORAGE 10 512)"]).nameless().adding_up(),
    row("getquotaroot:box", "GETQUOTAROOT", &["* QUOTAROOT box \"\" other", "* QUOTA \"\" (STORAGE 10 512)"]).nameless().adding_up(),
    row("setquota::STORAGE 5", "SETQUOTA", &["* QUOTA \"\" (STORAGE 1 5)"]).nameless().adding_up(),
    row(
        "getmetadata:box:/shared",
        "GETMETADATA",
        &["* METADATA box (/shared/comment \"a\" /shared/none NIL)"],
    ).adding_up(),
    row("setmetadata:box:/shared/comment:x", "SETMETADATA", &[]),
    row("send:ENABLE X-GOOD-IDEA:texts", "ENABLE", &["* ENABLED X-GOOD-IDEA"]).nameless().adding_up(),
    row("send:NOTIFY NONE", "NOTIFY", &[]),
    row("namespace", "NAMESPACE", &["* NAMESPACE ((\"\" \"/\" \"X\" (\"Y\"))) NIL ((\"#s/\" \"/\"))"]),
    row("create:box", "CREATE", &["* LIST () \"/\" box (\"OLDNAME\" (\"old\"))"]),
    row("delete:box", "DELETE", &[]),
    row("rename:box:other", "RENAME", &[]),
    row("subscribe:box", "SUBSCRIBE", &[]),
    row("unsubscribe:box", "UNSUBSCRIBE", &[]),
    row(
        "select:INBOX",
        "SELECT",
        &[
            "* 5 EXISTS",
            "* FLAGS (\\Seen \\Draft)",
            "* OK [UIDVALIDITY 7] x",
            "* OK [PERMANENTFLAGS (\\Seen \\*)] x",
        ],
    ),
    row("examine:box", "EXAMINE", &["* 5 EXISTS", "* 1 RECENT", "* OK [UNSEEN 2] x", "* OK [UIDNEXT 9] x"]),
    row(
        "list::*",
        "LIST",
        &[
            "* LIST (\\HasNoChildren \\Sent) \"/\" \"box\"",
            "* LIST (\\Noselect) \".\" other (\"CHILDINFO\" (\"SUBSCRIBED\"))",
        ],
    ).nameless(),
    row("list::*:RETURN (STATUS (MESSAGES))", "LIST", &["* LIST () \"/\" box", "* STATUS box (MESSAGES 4)"]).nameless(),
    row("lsub::*", "LSUB", &["* LSUB () \"/\" box"]),
    row("status:box:MESSAGES UNSEEN", "STATUS", &["* STATUS box (MESSAGES 231 UNSEEN 2 X (1 2))"]),
    row("expunge", "EXPUNGE", &["* 3 EXPUNGE", "* 3 EXPUNGE"]).adding_up(),
    row("expunge", "EXPUNGE", &["* VANISHED 4:5,9"]),
    row(
        "fetch:1\\:*:FLAGS ENVELOPE BODYSTRUCTURE INTERNALDATE",
        "UID FETCH",
        &[
            "* 1 FETCH (UID 1 FLAGS (\\Seen x) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" ENVELOPE (\"x\" \"=?utf-8?q?a?=\" ((\"a\" NIL \"b\" \"c\")) NIL NIL NIL NIL NIL NIL \"<1>\"))",
            "* 2 FETCH (UID 2 BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"UTF-8\") NIL NIL \"7BIT\" 5 1 NIL (\"inline\" NIL) NIL NIL)(\"IMAGE\" \"PNG\" NIL NIL NIL \"BASE64\" 9) \"MIXED\"))",
        ],
    ),
    row("store:1\\:*:+FLAGS (\\\\Seen)", "UID STORE", &["* 1 FETCH (UID 1 FLAGS (\\Seen))"]),
    row(
        "search:RETURN (MIN COUNT ALL) UNSEEN",
        "UID SEARCH",
        &["* ESEARCH (TAG \"$TAG\") UID MIN 2 COUNT 3 ALL 2,4:5"],
    ).nameless(),
    row("search:UNSEEN", "UID SEARCH", &["* SEARCH 2 4 5 (MODSEQ 9)"]).nameless(),
    row("sort:DATE:ALL", "UID SORT", &["* SORT 5 3 4"]).nameless().adding_up(),
    row("send:UID THREAD REFERENCES UTF-8 ALL", "UID THREAD", &["* THREAD (2)(3 6 (4 23)(44 7 96))"]).nameless().adding_up(),
    row("copy:1\\:3:box", "UID COPY", &["* OK [COPYUID 7 1:3 9:11] copied"]),
    row("move:1\\:3:box", "UID MOVE", &["* OK [COPYUID 7 1:3 9:11] moved", "* 1 EXPUNGE"]),
    row(
        "send:URLFETCH \"imap\\://u@h/box;UID=1;urlauth=anonymous\\:internal\\:0123456789abcdef0123456789abcdef\"",
        "URLFETCH",
        &["* URLFETCH \"imap://x\" \"text\""],
    ).adding_up(),
    row("command:X-NEW (1)", "X-NEW", &["* X-NEW (1 (2 \"3\")) NIL", "* 4 X-NEW"]).nameless().adding_up(),
    row("send:GETJMAPACCESS", "GETJMAPACCESS", &["* JMAPACCESS \"https://x/\""]),
    // The functions that send what is sent above, or several commands.
    row("id:a:b", "ID", &["* ID (\"name\" \"x\" \"os\" NIL)"]).nameless(),
    row("enable:X-GOOD-IDEA", "ENABLE", &["* ENABLED X-GOOD-IDEA"]).nameless().adding_up(),
    row("check", "CHECK", &["* 5 EXISTS"]),
    row("close", "CLOSE", &["* 5 EXISTS"]),
    row("unselect", "UNSELECT", &["* OK [CLOSED] x"]),
    row("send:NOOP", "NOOP", &["* 5 EXISTS", "* 2 FETCH (FLAGS (\\Seen))", "* 5 EXPUNGE"]).behind(&[]),
    row("send:XLIST \"\" *:mailboxes", "XLIST", &["* XLIST (\\HasNoChildren \\Inbox) \"/\" \"Eingang\""]).nameless()
        .of("IMAP4rev1 XLIST"),
    row(
        "send:GETANNOTATION box /comment value.shared:entries",
        "GETANNOTATION",
        &["* ANNOTATION \"box\" \"/comment\" (\"value.shared\" \"a\" \"content-type.shared\" NIL)"],
    ).adding_up()
    .of("IMAP4rev1 ANNOTATEMORE"),
    row("send:SETANNOTATION box /comment (value.shared \"x\")", "SETANNOTATION", &[])
        .of("IMAP4rev1 ANNOTATEMORE"),
    row(
        "send:PARTIAL 4 RFC822 1 1024:messages",
        "PARTIAL",
        &["* 4 FETCH (RFC822 \"Return-Path: x\" FLAGS (\\Seen))"],
    ).adding_up()
    .of("IMAP4"),
    row("send:FETCH 2 (UID FLAGS):messages", "FETCH", &["* 2 FETCH (UID 9 FLAGS (\\Seen))"]),
    row("send:STORE 2 +FLAGS (\\\\Seen):messages", "STORE", &["* 2 FETCH (UID 9 FLAGS (\\Seen))"])
        .replying("[MODIFIED 3] done"),
    row("send:SEARCH UNSEEN:numbers", "SEARCH", &["* SEARCH 2 4 5"]).nameless(),
    row("send:SORT (DATE) UTF-8 ALL:numbers", "SORT", &["* SORT 5 3 4"]).nameless().adding_up(),
    row("send:THREAD REFERENCES UTF-8 ALL:threads", "THREAD", &["* THREAD (2)(3 4)"]).nameless().adding_up(),
    row("thread:REFERENCES:ALL", "UID THREAD", &["* THREAD (2)(3 6 (4 23)(44 7 96))"]).nameless().adding_up(),
    row(
        "esearch:IN (personal) UNSEEN",
        "ESEARCH",
        &[
            "* ESEARCH (TAG \"$TAG\" MAILBOX \"a\" UIDVALIDITY 1) UID ALL 4001,4003",
            "* ESEARCH (TAG \"$TAG\" MAILBOX b UIDVALIDITY 4) UID ALL 7",
        ],
    ),
    row("cancelupdate", "CANCELUPDATE", &["* NO [NOUPDATE \"x\"] none", "* 5 EXISTS"])
        .behind(&["select:INBOX", "search:RETURN (UPDATE) ALL"]),
    row("uidbatches:2000", "UIDBATCHES", &["* UIDBATCHES (TAG \"$TAG\") 99695:20351,20350:7829,7828:1"]),
    row("send:COPY 1\\:3 box:assigned", "COPY", &["* 5 EXISTS"]).replying("[COPYUID 7 1:3 9:11] done"),
    row("send:MOVE 1\\:3 box:assigned", "MOVE", &["* OK [COPYUID 7 1:3 9:11] moved", "* 1 EXPUNGE"]),
    row("expunge:3\\:5", "UID EXPUNGE", &["* 3 EXPUNGE"]).adding_up().replying("[HIGHESTMODSEQ 9] done"),
    row(
        "genurlauth:imap\\://u@h/box;UID=1;urlauth=anonymous",
        "GENURLAUTH",
        &["* GENURLAUTH \"imap://x:internal:0\""],
    )
    .may_fail("PROTOCOL"),
    row(
        "urlfetch:imap\\://u@h/box;UID=1;urlauth=anonymous\\:internal\\:01",
        "URLFETCH",
        &["* URLFETCH \"imap://x\" \"text\""],
    ).adding_up(),
    row("resetkey:box:INTERNAL", "RESETKEY", &[]).replying("[URLMECH INTERNAL XSAMPLE=P34OKhO7] done"),
    row("language:de", "LANGUAGE", &["* LANGUAGE (DE)", "* NAMESPACE ((\"\" \"/\")) NIL NIL"]),
    row("comparator:cz;*", "COMPARATOR", &["* COMPARATOR i;basic (\"i;basic\" \"cz;x\")"]),
    row("jmapaccess", "GETJMAPACCESS", &["* JMAPACCESS \"https://x/\""]).may_fail("PROTOCOL"),
    row("notify:SET (selected (MessageNew MessageExpunge))", "NOTIFY", &["* STATUS box (MESSAGES 4)"]),
    row("watch:box", "NOTIFY", &["* STATUS box (MESSAGES 4 UIDNEXT 5 UIDVALIDITY 6)"]),
    row(
        "resync:box:7:3",
        "SELECT",
        &[
            "* 5 EXISTS",
            "* OK [UIDVALIDITY 7] x",
            "* OK [HIGHESTMODSEQ 9] x",
            "* VANISHED (EARLIER) 3:4",
            "* 2 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (8))",
        ],
    )
    .of("IMAP4rev1 ENABLE CONDSTORE QRESYNC UNSELECT"),
    row(
        "content:7",
        "UID FETCH",
        &[
            "* 2 FETCH (UID 7 FLAGS () ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 4 1) BODY[1] \"text\")",
        ],
    ),
    row("body:7:1", "UID FETCH", &["* 2 FETCH (UID 7 BODY[1] \"text of the message\")"]),
    row(
        "stream:UID FETCH 1\\:9 (FLAGS BODY.PEEK[1])",
        "UID FETCH",
        &["* 1 FETCH (UID 1 FLAGS (x) BODY[1] \"a\")", "* 2 FETCH (UID 7 BODY[1] \"text\")"],
    ).adding_up(),
    row(
        "stream:UID FETCH 1\\:9 (FLAGS PREVIEW)",
        "UID FETCH",
        &["* 1 FETCH (UID 1 FLAGS (x) BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1) BODY[1]<0> \"hi\")"],
    )
    .of("IMAP4rev1 UNSELECT")
    .adding_up(),
    row("stream:LIST \"\" (box *)", "LIST", &["* LIST () \"/\" box", "* LIST (\\Noselect) \"/\" \"other\""])
        .of("IMAP4rev1 UNSELECT")
        .nameless()
        .adding_up(),
    row("stream:LIST (SUBSCRIBED) \"\" *", "LSUB", &["* LSUB () \"/\" box", "* LSUB (\\Noselect) \"/\" \"other\""])
        .of("IMAP4rev1 UNSELECT")
        .nameless()
        .adding_up(),
    row("stream:LIST \"\" *", "LIST", &["* LIST () \"/\" box", "* LIST (\\Noselect) \"/\" \"other\""]).nameless().adding_up(),
    row("stream:UID SEARCH ALL", "UID SEARCH", &["* SEARCH 2 4 5", "* SEARCH 7"]).nameless().adding_up(),
    row("append:box:hello", "APPEND", &["* 6 EXISTS"]).replying("[APPENDUID 7 12] done"),
    row("upload:box:hello", "APPEND", &["* 6 EXISTS"]).replying("[APPENDUID 7 12] done"),
    row("sendupload:box:hello", "APPEND", &["* 6 EXISTS"]).replying("[APPENDUID 7 12] done"),
    row("replace:box:hello:4", "UID REPLACE", &["* OK [APPENDUID 7 12] x", "* 6 EXISTS", "* 4 EXPUNGE"]),
    row("replace:box:hello:#4", "REPLACE", &["* OK [APPENDUID 7 12] x", "* 6 EXISTS", "* 4 EXPUNGE"]),
    row("sendreplace:box:hello:#4", "FETCH", &["* 4 FETCH (UID 9)"]).of("IMAP4rev1 UIDPLUS UNSELECT"),
    row("idle:30", "IDLE", &["* 6 EXISTS", "* 2 FETCH (FLAGS (\\Seen))", "* 6 EXPUNGE"]).nameless().adding_up(),
    row("abandon:IDLE", "IDLE", &["* 6 EXISTS", "* 2 FETCH (FLAGS (\\Seen))"]),
    // Who is logged in, and what the bytes mean.
    row("send:LOGIN alice secret", "LOGIN", &["* CAPABILITY IMAP4rev1 IDLE"])
        .replying("[CAPABILITY IMAP4rev1 ID] done")
        .logging_in(),
    row("login:alice:secret", "AUTHENTICATE", &["+ "])
        .replying("[CAPABILITY IMAP4rev1 ID] done")
        .logging_in()
        .nameless().adding_up().may_fail("PROTOCOL"),
    row("auth:PLAIN:alice:secret", "AUTHENTICATE", &["+ "]).logging_in().nameless().adding_up().may_fail("PROTOCOL"),
    row("challenge:X-OWN:me", "AUTHENTICATE", &["+ d2hv"]).logging_in().nameless().adding_up().may_fail("PROTOCOL"),
    row("proxyauth:carol", "PROXYAUTH", &["* CAPABILITY IMAP4rev1 IDLE"]).anew(),
    row("unauthenticate", "UNAUTHENTICATE", &["* CAPABILITY IMAP4rev1 IDLE"]).anew(),
    row("compress", "COMPRESS", &["* 5 EXISTS"]).anew(),
    row("send:COMPRESS DEFLATE", "COMPRESS", &["* CAPABILITY IMAP4rev1 IDLE"]).anew(),
    row("logout", "LOGOUT", &["* BYE see you"]).anew().then("noop: IMAP_ERR_CLOSED"),
];

/// What belongs to nobody: other commands, mailboxes, messages, tags.
const FOREIGN: &str = "* METADATA elsewhere (/a \"b\")\r\n* STATUS elsewhere (MESSAGES 9)\r\n* LIST () \"/\" elsewhere\r\n* SEARCH 99\r\n\
                       * ESEARCH (TAG \"zzz\") UID ALL 77\r\n* SORT 9\r\n* THREAD (9)\r\n* QUOTA elsewhere (STORAGE 1 2)\r\n* ACL elsewhere x y\r\n\
                       * 4000 FETCH (UID 4000 FLAGS (x))\r\n* 4000 EXPUNGE\r\n* ENABLED Y\r\n* ID (\"z\" NIL)\r\nZZZZ9 OK not yours\r\n+ go on\r\n";

/// What is answered in one round: the responses, and what stands behind the OK.
struct Answer {
    lines: Vec<u8>,
    text: Vec<u8>,
}

/// The defects that tell of what is foreign, or came twice.
const TOLD_APART: [&str; 4] = [
    " defect=1 responses named messages that the mailbox does not have",
    " defect=the answer has numbers twice",
    " defect=1 responses named a mailbox that had been named before",
    " defect=2 responses named a mailbox that had been named before",
];

/// All that is answered to a command in turn: whole, nothing, twice, what is foreign alone and before the whole, and
/// then damaged in one place.
fn answers(row: &Row, samples: usize) -> Vec<Answer> {
    let whole: Vec<u8> = row.lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
    let text = row.text.as_bytes();
    let with = |lines: Vec<u8>| Answer { lines, text: text.to_vec() };
    let mut all = vec![
        with(whole.clone()),
        Answer { lines: Vec::new(), text: b"done".to_vec() },
        with(whole.repeat(2)),
        Answer { lines: FOREIGN.into(), text: b"done".to_vec() },
        with([FOREIGN.as_bytes(), &whole].concat()),
    ];
    for (flipped, cut) in damaged(&whole, samples) {
        all.extend([with(flipped), with([&cut[..], b"\r\n"].concat())]);
    }
    if row.text.starts_with('[') {
        for (flipped, cut) in damaged(text, samples) {
            all.extend([flipped, cut].map(|text| Answer { lines: whole.clone(), text }));
        }
    }
    all
}

/// Of each of so many places: the bytes with one flipped there, and those up to it.
fn damaged(whole: &[u8], samples: usize) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let count = samples.min(whole.len());
    (0..count).map(move |sample| {
        let at = sample * whole.len() / count;
        let mut flipped = whole.to_vec();
        // A line without its end would take the OK behind it along.
        flipped[at] ^= if whole[at] == b'\n' { 0 } else { [1, 4, 0x80, 0x10][sample % 4] };
        (flipped, whole[..at].to_vec())
    })
}

/// A server that answers the n-th round of a command with the n-th answer; a NOOP ends a round, or a connection does.
/// Gives what it was sent.
fn serve(row: Row, answers: Vec<Answer>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    support::note_shown("server\tscripted");
    let thread = std::thread::spawn(move || {
        let mut sent = Vec::new();
        let rounds: Vec<&[Answer]> = if row.is_anew { answers.chunks(1).collect() } else { vec![&answers] };
        for answers in rounds {
            let (socket, _) = listener.accept().expect("a client");
            socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
            socket.set_nodelay(true).expect("small answers at once");
            let stream = Box::new(socket.try_clone().expect("the same socket"));
            // The client is gone.
            let _ = Peer { stream, socket, sent: &mut sent }.talk(&row, answers);
        }
        sent
    });
    (port, thread)
}

/// The server's side of a connection.
struct Peer<'s> {
    stream: Box<dyn Stream>,
    socket: TcpStream,
    sent: &'s mut Vec<String>,
}

impl Peer<'_> {
    fn talk(&mut self, row: &Row, answers: &[Answer]) -> io::Result<()> {
        let condition = if row.is_stranger { "OK" } else { "PREAUTH" };
        self.say(format!("* {condition} [CAPABILITY {}] ready\r\n", row.capabilities).as_bytes())?;
        let mut round = 0;
        loop {
            let text = self.command()?;
            let (tag, command) = text.split_once(' ').unwrap_or((&text, ""));
            let begins = |word: &str| command == word || command.starts_with(&format!("{word} "));
            let mut reply = format!("{tag} OK done\r\n").into_bytes();
            match answers.get(round) {
                Some(answer) if begins(row.name) => {
                    reply = [tag.as_bytes(), b" OK ", &answer.text, b"\r\n"].concat();
                    if begins("IDLE") {
                        self.say(b"+ idling\r\n")?;
                    }
                    self.say(&with_tag(&answer.lines, tag))?;
                    if begins("IDLE") {
                        self.line()?;
                    }
                    if begins("AUTHENTICATE") && !self.is_answered(&answer.lines)? {
                        reply = format!("{tag} NO go away\r\n").into_bytes();
                    }
                }
                _ if begins("SELECT") => self.say(b"* 5 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n")?,
                _ if begins("CAPABILITY") => {
                    self.say(format!("* CAPABILITY {}\r\n", row.capabilities).as_bytes())?;
                }
                _ if begins("UID SEARCH RETURN (UPDATE") => {
                    self.say(format!("* ESEARCH (TAG \"{tag}\") UID ALL 2:3\r\n").as_bytes())?;
                }
                _ => {}
            }
            round += usize::from(begins("NOOP"));
            self.say(&reply)?;
            if begins("COMPRESS") {
                let below = std::mem::replace(&mut self.stream, Box::new(io::empty()));
                self.stream = Box::new(Deflated::over(below));
            }
            self.sent.push(command.to_owned());
        }
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// A line with its literals, which are asked for where that must be.
    fn command(&mut self) -> io::Result<String> {
        let mut text = self.line()?;
        while let Some((size, is_asked)) = literal_of(&text) {
            if is_asked {
                self.say(b"+ go\r\n")?;
            }
            self.stream.read_exact(&mut vec![0; size])?;
            text = format!("{} literal{}", text.split('{').next().unwrap_or_default(), self.line()?);
        }
        Ok(text)
    }

    /// Whether the client answers what it was asked, if it was, and does not give up.
    fn is_answered(&mut self, lines: &[u8]) -> io::Result<bool> {
        let mut is_answered = false;
        let asked = lines.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"+")).count();
        self.socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        for _ in 0..asked {
            let Ok(line) = self.line() else { break };
            is_answered = line != "*";
        }
        self.socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(is_answered)
    }
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
/// Gives the functions that were called.
fn survives(row: &Row, samples: usize, is_checked: bool) -> BTreeSet<String> {
    let answers = answers(row, samples);
    let rounds = answers.len();
    let (port, server) = serve(*row, answers);
    let port = format!("number:1:{port}");
    let options = if row.is_anew { &PLAIN[..3] } else { &PLAIN };
    let mut arguments = [&[port.as_str()], options].concat();
    let begun = arguments.len();
    for _ in 0..rounds {
        arguments.extend(row.before);
        arguments.extend([row.step, "noop"]);
    }
    let program = test_program("steps");
    let out =
        if is_checked { run_checked(&program, &arguments, &[]) } else { run(&program, &arguments, &[]) };
    let step = row.step;
    assert_eq!(out.code, Some(0), "{step}: {}\n{}", out.out, out.err);
    server.join().expect("the server");
    let lines: Vec<&str> = out.out.lines().skip(begun).collect();
    let told: Vec<(&str, &str)> = lines
        .chunks(row.before.len() + 2)
        .map(|round| (round[row.before.len()], round[row.before.len() + 1]))
        .collect();
    let fatal = ["INTERNAL", "PROTOCOL", "CLOSED", "TIMEOUT", "INVALID", "STATE", "UNSUPPORTED"];
    let is_fatal = |told: &str| {
        let mut statuses = fatal.iter().filter(|status| **status != row.may_fail);
        statuses.any(|status| told.contains(&format!("IMAP_ERR_{status}"))) || told.contains("MISMATCH")
    };
    for (round, (answered, after)) in told.iter().enumerate() {
        let is_kept = !is_fatal(answered) && !answered.contains("usable=0");
        assert!(is_kept && after.starts_with(row.after), "{step}, answer {round}: {answered}\n{after}");
    }
    let is_same = |one: usize, other: usize| {
        let plain =
            |at: usize| TOLD_APART.iter().fold(told[at].0.to_owned(), |text, part| text.replace(part, ""));
        assert_eq!(plain(one), plain(other), "{step}: answer {one} beside answer {other}");
    };
    if !row.adds_up {
        is_same(2, 0);
    }
    // What is foreign changes nothing, whether the answer comes or not.
    if !row.is_nameless {
        is_same(4, 0);
        is_same(3, 1);
    }
    out.called
}

#[test]
fn no_answer_ends_the_connection() {
    let called: BTreeSet<String> = COMMANDS.iter().flat_map(|row| survives(row, 24, false)).collect();
    support::shows("scripted", &["R3"]);
    if !CAN_OBSERVE {
        return support::skip("which functions meet damaged answers: no loader that tells it");
    }
    let header = std::fs::read_to_string(support::project().join("include/imap.h")).expect("include/imap.h");
    let missing: Vec<&str> = sending(&header).filter(|function| !called.contains(*function)).collect();
    assert!(missing.is_empty(), "no row of this test calls {missing:?}");
}

/// The functions of the header that may send something and wait for the answer.
fn sending(header: &str) -> impl Iterator<Item = &str> {
    // These send what other calls have asked for, or nothing that a row could answer.
    const OTHERS: [&str; 5] =
        ["imap_configure", "imap_reconnect", "imap_next_event", "imap_add_handler", "imap_step"];
    let functions = header.lines().filter_map(|line| line.strip_prefix("imap_status "));
    functions
        .filter_map(|line| line.split_once("(imap_client *client").map(|(name, _)| name))
        .filter(|name| !OTHERS.contains(name))
}

/// A command that the library knows by name cannot be forgotten here.
#[test]
fn every_command_of_the_table_has_a_row() {
    let table = std::fs::read_to_string(support::project().join("src/commands/table.rs")).expect("the table");
    let rows = table.lines().filter_map(|line| line.trim_start().strip_prefix("(\"")?.split_once("\", "));
    let names: Vec<&str> = rows.map(|(name, _)| name).collect();
    assert!(names.len() > 60, "the table has another shape: {names:?}");
    let is_asked = |name: &str| COMMANDS.iter().any(|row| row.name == name);
    let missing: Vec<&&str> = names.iter().filter(|name| !is_asked(name)).collect();
    assert!(missing.is_empty(), "no row of this test is about {missing:?}");
}

/// Where a result has defects, what was damaged is named there; what is whole stands beside it.
#[test]
fn what_is_damaged_is_told() {
    for (row, expected) in [
        (
            row(
                "fetch:1\\:*:FLAGS ENVELOPE",
                "UID FETCH",
                &["* 1 FETCH (UID 1 FLAGS (\\Seen) ENVELOPE 7 X {2}\r\nab)"],
            ),
            "fetch: count=1 [uid=1 flags=\\Seen subject= defect=ENVELOPE is no list]",
        ),
        (
            row(
                "store:1\\:*:+FLAGS (x)",
                "UID STORE",
                &["* 1 FETCH (UID 1 FLAGS 7)", "* 99 FETCH (UID 99 FLAGS ())"],
            ),
            "store: count=1 [uid=1 defect=FLAGS is no list] defect=1 responses named messages that the mailbox does not have",
        ),
        (
            row("search:UNSEEN", "UID SEARCH", &["* SEARCH 2 x 5", "* SEARCH 5 0"]),
            "search: set=2,5 total=-1 defect=2 parts of the answer were not understood defect=the answer has numbers twice",
        ),
        (
            row(
                "search:RETURN (ALL) UNSEEN",
                "UID SEARCH",
                &["* ESEARCH (TAG \"$TAG\") UID ALL 2,x,5 MIN y"],
            ),
            "search: set= total=-1 defect=2 parts of the answer were not understood",
        ),
        (
            row("sort:DATE:ALL", "UID SORT", &["* SORT 5 x 4"]),
            "sort: set=5,4 origin=0 defect=1 parts of the answer were not understood",
        ),
        (
            row("list::*", "LIST", &["* LIST", "* LIST () \"/\" box", "* LIST () \"/\" box", "* LIST ("]),
            "list: count=1 [box] defect=2 responses named no mailbox defect=1 responses named a mailbox that had been named before",
        ),
        (
            row("lsub::*", "LSUB", &["* LSUB ()", "* LSUB () NIL box"]),
            "lsub: count=1 [box] defect=1 responses named no mailbox",
        ),
        (
            row("uidbatches:2000", "UIDBATCHES", &["* UIDBATCHES (TAG \"$TAG\") 9:7,x"]),
            "uidbatches: set= total=0 defect=1 parts of the answer were not understood",
        ),
        (
            row("expunge:3", "UID EXPUNGE", &["* VANISHED 3,x,5", "* VANISHED 5"]),
            "expunge: set=5 total=-1 defect=1 parts of the answer were not understood",
        ),
        (
            row("content:7", "UID FETCH", &["* 2 FETCH (UID 7 FLAGS () ENVELOPE () BODYSTRUCTURE x)"]),
            "content: \"\" attachments=0 defect=ENVELOPE has fewer fields than it should defect=ENVELOPE is malformed: what was understood is here defect=BODYSTRUCTURE is no list",
        ),
    ] {
        let (port, server) = serve(row, answers(&row, 0));
        let port = format!("number:1:{port}");
        let arguments = [&[port.as_str()], &PLAIN[..], row.before, &[row.step, "noop"]].concat();
        let out = run(&test_program("steps"), &arguments, &[]).success();
        server.join().expect("the server");
        let told = out.lines().nth(arguments.len() - 2).expect("an answer");
        assert!(support::is_like(expected, told), "{}: {told}", row.step);
    }
}

#[test]
fn no_answer_is_read_beyond_its_end() {
    let is_long = |row: &&Row| ["fetch", "list", "getacl"].iter().any(|step| row.step.starts_with(step));
    COMMANDS.iter().filter(is_long).for_each(|row| _ = survives(row, 3, true));
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
    let (port, server) = serve(row("", "X-NOTHING", &[]), Vec::new());
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
    let out = observe(command, Duration::from_secs(30)).success();
    let sent = server.join().expect("the server");
    for (what, line) in done.iter().zip(out.lines().skip(6)) {
        assert!(line.contains("IMAP_ERR_INVALID usable=1"), "{what}: {line}");
    }
    assert_eq!(sent, ["SELECT INBOX"]);
}

#[test]
fn long_names_and_names_in_no_encoding_do_no_harm() {
    let (port, server) = serve(row("", "X-NOTHING", &[]), Vec::new());
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
    let out = observe(command, Duration::from_secs(30)).success();
    server.join().expect("the server");
    let noops: Vec<&str> = out.lines().skip(6).filter(|line| line.starts_with("noop")).collect();
    assert_eq!(
        noops,
        ["noop:"; 28],
        "{}",
        out.lines().map(|line| line.get(..120).unwrap_or(line)).collect::<Vec<_>>().join("\n")
    );
}
