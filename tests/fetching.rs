//! What is asked of messages and done to them, with the extensions: against a server that plays scripts, and real ones.

mod support;

use support::program::{example, run, run_checked, run_for, test_program};
use support::scripted::{Play, Scripted};
use support::server::Server;
use support::{Folder, assert_like, shows};

/// Does steps against a script, whole, byte by byte and under valgrind, and gives what each came to.
fn played(capabilities: &str, script: &str, steps: &[&str]) -> Vec<String> {
    let whole = play(capabilities, script, steps, Play::default(), false);
    let dribbled = play(capabilities, script, steps, Play { step: Some(1), ..Play::default() }, false);
    assert_eq!(whole, dribbled);
    assert_eq!(whole, play(capabilities, script, steps, Play::default(), true));
    whole
}

fn play(capabilities: &str, script: &str, steps: &[&str], play: Play, is_checked: bool) -> Vec<String> {
    let greeting = format!("S: * PREAUTH [CAPABILITY {capabilities}] ready\n");
    let server = Scripted::play([&greeting, script].concat().into_bytes(), play);
    let port = format!("1:{}", server.port);
    let mut arguments = vec![port.as_str(), "2:2", "46:1", "--"];
    arguments.extend(steps);
    let program = test_program("fetching");
    let output = match is_checked {
        true => run_checked(&program, &arguments, &[]),
        false => run_for(&program, &arguments, &[], 120),
    };
    if output.code != Some(0) {
        panic!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
    }
    server.join();
    output.out.lines().map(str::to_owned).collect()
}

const SELECT: &str =
    "C: SELECT INBOX*\nS: * 30 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK [READ-WRITE] done\n";

/// The steps behind a SELECT, with what each comes to.
fn selected(capabilities: &str, script: &str, steps: &[(&str, &str)]) {
    let mut all = vec!["select|INBOX"];
    all.extend(steps.iter().map(|(step, _)| *step));
    let lines = played(capabilities, &[SELECT, script, "stall\n"].concat(), &all);
    for ((step, expected), line) in steps.iter().zip(&lines[1..]) {
        assert_eq!(line, expected, "{step}");
    }
    assert_eq!(lines.len(), all.len());
}

#[test]
fn items_of_extensions() {
    selected(
        "IMAP4rev1 OBJECTID PREVIEW SAVEDATE ANNOTATE-EXPERIMENT-1 X-GM-EXT-1",
        "C: UID FETCH 3 (UID EMAILID THREADID PREVIEW (LAZY) SAVEDATE)\n\
         S: * 3 FETCH (UID 3 EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9) PREVIEW \"Hi there\" SAVEDATE \"12-Mar-2018 10:00:01 +0000\")\n\
         S: * 4 FETCH (UID 3 THREADID NIL)\n\
         S: $ OK done\n\
         C: UID FETCH 3 (UID ANNOTATION (/comment (value.priv value.shared)))\n\
         S- * 3 FETCH (UID 3 ANNOTATION (/comment (value.priv \"mine\" value.shared ~{3}\\r\\n\n\
         S: a\\nb) /altsubject (value.priv NIL)))\n\
         S: $ OK done\n\
         C: UID FETCH 3 (UID X-GM-MSGID X-GM-THRID X-GM-LABELS)\n\
         S: * 3 FETCH (UID 3 X-GM-MSGID 1278455344230334865 X-GM-THRID 1266894439832287888 X-GM-LABELS (\\Inbox \"\\\\Sent\" \"two words\" &AMQ-))\n\
         S: $ OK done\n\
         C: UID STORE 3 +X-GM-LABELS (\\Inbox \"two words\" \"&AMQ-\")\n\
         S: * 3 FETCH (UID 3 X-GM-LABELS (\\Inbox) X-COLOR (red 5))\n\
         S: $ OK done\n\
         C: UID STORE 3 ANNOTATION (/comment (value.priv \"new\" value.shared NIL))\n\
         S: $ OK done\n\
         C: UID FETCH 3 (UID EMAILID SAVEDATE ANNOTATION (/comment (value)) X-GM-LABELS)\n\
         S: * 3 FETCH (UID 3 EMAILID () SAVEDATE \"never\" ANNOTATION (/comment (value.priv \"x\" X-GM-LABELS 9)\n\
         S: $ OK done\n",
        &[
            (
                "fetch|3|EMAILID THREADID PREVIEW (LAZY) SAVEDATE",
                "fetch: count=1 [#4 uid=3 email=M6d99ac3275bb4e thread=T64b478a75b7ea9 preview=\"Hi there\" saved=1520848801]",
            ),
            (
                "fetch|3|ANNOTATION (/comment (value.priv value.shared))",
                "fetch: count=1 [#3 uid=3 /comment value.priv=mine /comment value.shared=a\\nb /altsubject value.priv]",
            ),
            (
                "fetch|3|X-GM-MSGID X-GM-THRID X-GM-LABELS",
                "fetch: count=1 [#3 uid=3 msgid=1278455344230334865 thrid=1266894439832287888 label=\\Inbox label=\\Sent label=two words label=Ä]",
            ),
            (
                "store|3|+X-GM-LABELS (? ? ?)|\\Inbox|two words|Ä",
                "store: count=1 [#3 uid=3 label=\\Inbox X-COLOR?=(red 5)]",
            ),
            ("store|3|ANNOTATION (/comment (value.priv ? value.shared NIL))|new", "store: count=0"),
            // What is broken costs itself.
            (
                "fetch|3|EMAILID SAVEDATE ANNOTATION (/comment (value)) X-GM-LABELS",
                "fetch: count=1 [#3 uid=3 /comment value.priv=x /comment X-GM-LABELS=9 defect=\"an item has no value of its kind\" defect=\"SAVEDATE is no date\" defect=\"ANNOTATION breaks off\"]",
            ),
        ],
    );
    shows("scripted", &["F14", "F15", "F18", "SAVEDATE", "PREVIEW", "ANNOTATE-EXPERIMENT-1", "X-GM-EXT-1"]);
}

#[test]
fn what_the_server_lacks_is_not_asked_for() {
    let lacks = |name: &str| {
        format!(" IMAP_ERR_UNSUPPORTED usable=1: the server does not have {name}; nothing was sent")
    };
    let steps: Vec<(&str, String)> = vec![
        ("fetch|1|EMAILID", format!("fetch:{}", lacks("OBJECTID"))),
        ("fetch|1|SAVEDATE", format!("fetch:{}", lacks("SAVEDATE"))),
        ("fetch|1|ANNOTATION (/comment (value))", format!("fetch:{}", lacks("ANNOTATE-EXPERIMENT-1"))),
        ("fetch|1|BINARY.PEEK[1]", format!("fetch:{}", lacks("BINARY"))),
        ("fetch|1|X-GM-MSGID", format!("fetch:{}", lacks("X-GM-EXT-1"))),
        ("fetch|1:*|FLAGS (PARTIAL 1:5)", format!("fetch:{}", lacks("PARTIAL"))),
        ("fetch|1:*|FLAGS (CHANGEDSINCE 5)", format!("fetch:{}", lacks("CONDSTORE"))),
        ("store|1|(UNCHANGEDSINCE 5) FLAGS ()", format!("store:{}", lacks("CONDSTORE"))),
        (
            "store|1|ANNOTATION (/comment (value.priv NIL))",
            format!("store:{}", lacks("ANNOTATE-EXPERIMENT-1")),
        ),
        ("store|1|-X-GM-LABELS (a)", format!("store:{}", lacks("X-GM-EXT-1"))),
        ("append|INBOX|a~b", format!("append:{}", lacks("BINARY"))),
        ("append|INBOX|ab|/comment|value.priv|x", format!("append:{}", lacks("ANNOTATE-EXPERIMENT-1"))),
        (
            "send|PARTIAL 1 RFC822.TEXT 0 10",
            "send: IMAP_ERR_UNSUPPORTED usable=1: PARTIAL is of servers before IMAP4rev1: ask for \
             BODY.PEEK[TEXT]<0.10>; nothing was sent"
                .into(),
        ),
    ];
    let steps: Vec<(&str, &str)> = steps.iter().map(|(step, line)| (*step, line.as_str())).collect();
    selected("IMAP4rev1", "", &steps);
}

#[test]
fn previews_are_made_where_there_are_none() {
    selected(
        "IMAP4rev1",
        "C: UID FETCH 1:9 (UID FLAGS BODYSTRUCTURE)\n\
         S: * 1 FETCH (UID 1 FLAGS () BODYSTRUCTURE (\"text\" \"plain\" (\"charset\" \"iso-8859-1\") NIL NIL \"quoted-printable\" 20 1))\n\
         S: * 2 FETCH (UID 2 FLAGS () BODYSTRUCTURE ((\"image\" \"png\" NIL NIL NIL \"base64\" 20)(\"text\" \"html\" NIL NIL NIL \"base64\" 40 1) \"mixed\"))\n\
         S: * 3 FETCH (UID 3 FLAGS () BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 20 1))\n\
         S: * 4 FETCH (UID 4 FLAGS () BODYSTRUCTURE (\"image\" \"png\" NIL NIL NIL \"base64\" 20))\n\
         S: $ OK done\n\
         C: UID FETCH 1,3 (UID BODY.PEEK[1]<0.2048>)\n\
         S- * 1 FETCH (UID 1 BODY[1]<0> {19}\\r\\n\n\
         S: caf=E9 =\\r\\n\\r\\nau lait)\n\
         S: * 3 FETCH (UID 3 BODY[1]<0> NIL)\n\
         S: $ OK done\n\
         C: UID FETCH 2 (UID BODY.PEEK[2]<0.8192>)\n\
         S: * 2 FETCH (UID 2 BODY[2]<0> \"PHA+WWVzPC9wPg==\")\n\
         S: $ OK done\n",
        &[(
            "fetch|1:9|FLAGS PREVIEW (LAZY)",
            "fetch: count=4 [#1 uid=1 flags= preview=\"café au lait\"] [#2 uid=2 flags= preview=\"Yes\"] \
             [#3 uid=3 flags=] [#4 uid=4 flags=] origin=1",
        )],
    );
}

/// Sixty-four messages at a time; each is handed out with its preview, in order, and its body is read as it comes.
#[test]
fn previews_are_made_in_streams_too() {
    let each = |from: u32, to: u32, what: &dyn Fn(u32) -> String| -> String {
        (from..=to).map(|n| format!("S: * {n} FETCH (UID {} {})\n", n * 10, what(n))).collect()
    };
    let uids = |from: u32, to: u32| (from..=to).map(|n| (n * 10).to_string()).collect::<Vec<_>>().join(",");
    let structure = |_| "BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 20 1)".to_owned();
    let (first, second) = (uids(1, 64), uids(65, 70));
    let script = [
        "C: UID FETCH 1:* (UID)\n".to_owned(),
        each(1, 70, &|_| "FLAGS ()".to_owned()),
        format!("S: $ OK done\nC: UID FETCH {first} (UID BODYSTRUCTURE)\n"),
        each(1, 64, &structure),
        format!("S: $ OK done\nC: UID FETCH {first} (UID BODY.PEEK[1]<0.2048>)\n"),
        // Bytes that nobody asked for, as many as bodies have that are read piece by piece, and none for the second.
        "S- * 1 FETCH (UID 10 BODY[1]<0> {20000}\\r\\n\nbytes 20000\nS: )\n".to_owned(),
        each(3, 64, &|n| format!("BODY[1]<0> \"text {n}\"")),
        format!("S: $ OK done\nC: UID FETCH {first} (UID FLAGS BODY.PEEK[])\n"),
        "S- * 1 FETCH (UID 10 FLAGS () BODY[] {70000}\\r\\n\nbytes 70000\nS: )\n".to_owned(),
        each(2, 64, &|_| "FLAGS () BODY[] NIL".to_owned()),
        format!("S: $ OK done\nC: UID FETCH {second} (UID BODYSTRUCTURE)\n"),
        // One is gone, one has no text, and then the texts cannot be had.
        each(66, 69, &structure),
        "S: * 70 FETCH (UID 700 BODYSTRUCTURE (\"image\" \"png\" NIL NIL NIL \"base64\" 20))\n".to_owned(),
        format!("S: $ OK done\nC: UID FETCH {} (UID BODY.PEEK[1]<0.2048>)\n", uids(66, 69)),
        "S: * 66 FETCH (UID 660 BODY[1]<0> \"text 66\")\nS: $ NO [EXPUNGEISSUED] some are gone\n".to_owned(),
        format!("C: UID FETCH {second} (UID FLAGS BODY.PEEK[])\n"),
        each(66, 70, &|_| "FLAGS () BODY[] \"\"".to_owned()),
        "S: $ OK done\n".to_owned(),
    ];
    let expected = |n: u32| match n {
        1 => format!(" BODY[] of 10: 70000 [#1 uid=10 preview={}]", "x".repeat(200)),
        2 => " [#2 uid=20]".to_owned(),
        3..=64 => format!(" [#{n} uid={} preview=text {n}]", n * 10),
        66 => " BODY[] of 660: 0 [#66 uid=660 preview=text 66]".to_owned(),
        _ => format!(" BODY[] of {}: 0 [#{n} uid={}]", n * 10, n * 10),
    };
    let all: String = (1..=70).filter(|n| *n != 65).map(expected).collect();
    let select = SELECT.replace("30 EXISTS", "70 EXISTS");
    let steps = ["select|INBOX", "stream|UID FETCH 1:* (FLAGS PREVIEW BODY.PEEK[])"];
    let lines = played("IMAP4rev1", &[&select, &script.concat(), "stall\n"].concat(), &steps);
    assert_eq!(lines[1], format!("stream:{all}"));
    shows("scripted", &["PREVIEW"]);
}

/// What is changed since, what has vanished and which page it is, is asked once.
#[test]
fn previews_of_the_messages_that_modifiers_choose() {
    let rest = |uid: u32| {
        format!(
            "C: UID FETCH {uid} (UID BODYSTRUCTURE)\n\
             S: * 3 FETCH (UID {uid} BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 20 1))\n\
             S: $ OK done\n\
             C: UID FETCH {uid} (UID BODY.PEEK[1]<0.2048>)\n\
             S: * 3 FETCH (UID {uid} BODY[1]<0> \"hi\")\n\
             S: $ OK done\n"
        )
    };
    let script = [
        "C: ENABLE QRESYNC\nS: * ENABLED QRESYNC\nS: $ OK done\n",
        "C: UID FETCH 1:9 (UID) (CHANGEDSINCE 5 VANISHED)\n",
        "S: * VANISHED (EARLIER) 1:2\nS: * 3 FETCH (UID 4 MODSEQ (7))\nS: $ OK done\n",
        &rest(4),
        "C: UID FETCH 4 (UID FLAGS) (CHANGEDSINCE 5)\nS: * 3 FETCH (UID 4 FLAGS () MODSEQ (7))\nS: $ OK done\n",
        "C: UID FETCH 1:9 (UID) (PARTIAL -1:-1)\nS: * 3 FETCH (UID 9)\nS: $ OK done\n",
        &rest(9),
        "C: UID FETCH 9 (UID FLAGS)\nS: * 3 FETCH (UID 9 FLAGS ())\nS: $ OK done\n",
        "C: UID FETCH 5 (UID)\nS: $ OK done\n",
    ];
    selected(
        "IMAP4rev1 ENABLE CONDSTORE QRESYNC PARTIAL",
        &script.concat(),
        &[
            ("enable|QRESYNC", "enable: QRESYNC"),
            (
                "stream|UID FETCH 1:9 (FLAGS PREVIEW) (CHANGEDSINCE 5 VANISHED)",
                "stream: [#3 uid=4 preview=hi]",
            ),
            ("stream|UID FETCH 1:9 (FLAGS PREVIEW) (PARTIAL -1:-1)", "stream: [#3 uid=9 preview=hi]"),
            ("stream|UID FETCH 5 (PREVIEW)", "stream:"),
        ],
    );
}

#[test]
fn binary_sections() {
    selected(
        "IMAP4rev1 BINARY LITERAL+",
        "C: UID FETCH 3 (UID BINARY.PEEK[1] BINARY.SIZE[2] BINARY[2]<1.2>)\n\
         S- * 3 FETCH (UID 3 BINARY[1] ~{3}\\r\\n\n\
         S: ab\\n BINARY.SIZE[2] 70000 BINARY[2]<1> \"bc\")\n\
         S: $ OK done\n\
         C: UID FETCH 3 (UID BINARY.SIZE[2] BINARY.PEEK[2])\n\
         S: * 3 FETCH (UID 3 BINARY.SIZE[2] 2 BINARY[2] \"bc\")\n\
         S: $ OK done\n\
         C: UID FETCH 1:3 (UID FLAGS BINARY.PEEK[1])\n\
         S: * 1 FETCH (UID 1 FLAGS () BINARY[1] \"a\")\n\
         S: * 2 FETCH (UID 2 FLAGS () BINARY[1] NIL)\n\
         S: * 3 FETCH (UID 3 FLAGS () BINARY.SIZE[1] x)\n\
         S: $ NO [UNKNOWN-CTE] some section\n\
         C: UID FETCH 1:9 (UID FLAGS BINARY.PEEK[1])\n\
         S: * 1 FETCH (UID 1 FLAGS () BINARY[1] \"a\")\n\
         S: * 2 FETCH (UID 2 FLAGS ())\n\
         S: $ NO [UNKNOWN-CTE] it is the second\n\
         C: UID FETCH 3:9 (UID FLAGS BINARY.PEEK[1])\n\
         S: $ NO [UNKNOWN-CTE] it is the next\n\
         C: UID FETCH 3:9 (UID FLAGS)\n\
         S: * 3 FETCH (UID 3 FLAGS ())\n\
         S: * 4 FETCH (UID 4 FLAGS ())\n\
         S: $ OK done\n\
         C: UID FETCH 4 (UID BINARY.PEEK[1])\n\
         S: $ NO [UNKNOWN-CTE] no section\n\
         C: APPEND INBOX (\\Seen) ~{3+}\n\
         L: 3\n\
         c: \n\
         S: $ OK [APPENDUID 7 9] done\n\
         C: APPEND INBOX (\\Seen) ~{3+}\n\
         L: 3\n\
         c: \n\
         S: $ NO [UNKNOWN-CTE] not here\n",
        &[
            (
                "fetch|3|BINARY.PEEK[1] BINARY.SIZE[2] BINARY[2]<1.2>",
                "fetch: count=1 [#3 uid=3 BINARY[1]=ab\\n BINARY.SIZE[2]=NULL:70000 BINARY[2]<1>=bc]",
            ),
            ("section|3|BINARY.SIZE[2] BINARY.PEEK[2]|2", "section: BINARY[2] 1"),
            (
                "fetch|1:3|FLAGS BINARY.PEEK[1]",
                "fetch: count=3 [#1 uid=1 flags= BINARY[1]=a] [#2 uid=2 flags= BINARY[1]=NULL:-1] \
                 [#3 uid=3 flags= BINARY.SIZE[1]=NULL:-1 defect=\"BINARY.SIZE is no number\"] \
                 defect=\"UNKNOWN-CTE: the server cannot decode a section that was asked for\"",
            ),
            (
                "fetch|1:9|FLAGS BINARY.PEEK[1]",
                "fetch: count=4 [#1 uid=1 flags= BINARY[1]=a] [#2 uid=2 flags=] [#3 uid=3 flags=] [#4 uid=4 flags=] \
                 defect=\"UNKNOWN-CTE: the server cannot decode a section that was asked for\"",
            ),
            (
                "fetch|4|BINARY.PEEK[1]",
                "fetch: IMAP_ERR_NO [UNKNOWN-CTE] usable=1: UID FETCH: the server said NO: [UNKNOWN-CTE] no section",
            ),
            ("append|INBOX|a~b", "append: 7 9"),
            (
                "append|INBOX|a~b",
                "append: IMAP_ERR_NO [UNKNOWN-CTE] usable=1: APPEND: the server said NO: [UNKNOWN-CTE] not here",
            ),
        ],
    );
    shows("scripted", &["F12", "F17", "BINARY", "AP3"]);
}

#[test]
fn ten_gigabytes_of_literal8_are_read_in_pieces() {
    let script = [
        SELECT,
        "C: UID FETCH 3 (UID BINARY.PEEK[1])\nS- * 3 FETCH (UID 3 BINARY[1] ~{10000000000}\\r\\n\nbytes 10000000000\nS: )\nS: $ OK done\n",
    ]
    .concat();
    let lines = play(
        "IMAP4rev1 BINARY",
        &script,
        &["select|INBOX", "stream|UID FETCH 3 BINARY.PEEK[1]"],
        Play::default(),
        false,
    );
    assert_eq!(lines[1], "stream: BINARY[1] of 3: 10000000000 [#3 uid=3]");
}

#[test]
fn vanished_and_pages() {
    selected(
        "IMAP4rev1 ENABLE CONDSTORE QRESYNC PARTIAL UIDPLUS",
        "C: ENABLE QRESYNC\nS: * ENABLED QRESYNC\nS: $ OK done\n\
         C: UID FETCH 300:500 (UID FLAGS) (CHANGEDSINCE 12345 VANISHED)\n\
         S: * VANISHED (EARLIER) 300:310,405,411\n\
         S: * 1 FETCH (UID 404 MODSEQ (65402) FLAGS (\\Seen))\n\
         S: * VANISHED 412\n\
         S: * VANISHED (EARLIER) 420\n\
         S: $ OK done\n\
         C: UID FETCH 1:* (UID FLAGS) (PARTIAL 1:2)\n\
         S: * 1 FETCH (UID 1 FLAGS ())\n\
         S: $ OK done\n\
         C: UID EXPUNGE 5:9\n\
         S: * VANISHED (EARLIER) 2\n\
         S: * VANISHED 5,7\n\
         S: $ OK [HIGHESTMODSEQ 99] done\n",
        &[
            (
                "fetch|1:*|FLAGS (CHANGEDSINCE 5 VANISHED)",
                "fetch: IMAP_ERR_STATE usable=1: VANISHED needs QRESYNC: call imap_enable(client, \"QRESYNC\", ...) first",
            ),
            ("enable|QRESYNC", "enable: QRESYNC"),
            (
                "fetch|#1:*|FLAGS (CHANGEDSINCE 5 VANISHED)",
                "fetch: IMAP_ERR_INVALID usable=1: VANISHED goes with UIDs, not with message numbers",
            ),
            (
                "fetch|#1:*|FLAGS (PARTIAL 1:2)",
                "fetch: IMAP_ERR_INVALID usable=1: PARTIAL goes with UIDs, not with message numbers",
            ),
            (
                "fetch|300:500|FLAGS (CHANGEDSINCE 12345 VANISHED)",
                "fetch: count=1 [#1 uid=404 flags=\\Seen modseq=65402] vanished=300:310,405,411,420",
            ),
            // That went now, and is news.
            ("events", "events: VANISHED number=0 uid=0 set=412"),
            ("selected", "selected: exists=29"),
            ("fetch|1:*|FLAGS (PARTIAL 1:2)", "fetch: count=1 [#1 uid=1 flags=]"),
            ("expunge|5:9", "expunge: 5,7 modseq=99"),
            ("events", "events: VANISHED number=0 uid=0 set=2"),
            ("selected", "selected: exists=27"),
        ],
    );
    shows("scripted", &["F2", "X4", "X5", "X8"]);
}

#[test]
fn messages_without_numbers() {
    selected(
        "IMAP4rev1 ENABLE UIDONLY UIDPLUS MOVE CONDSTORE",
        "C: ENABLE UIDONLY\nS: * ENABLED UIDONLY\nS: $ OK done\n\
         C: UID FETCH 1:* (UID FLAGS BODY.PEEK[1])\n\
         S: * 25996 UIDFETCH (FLAGS (\\Seen) BODY[1] \"a\")\n\
         S: * 25997 UIDFETCH (UID 25997 FLAGS (\\Flagged) BODY[1] \"b\")\n\
         S: * 25998 UIDFETCH (UID 7 FLAGS ())\n\
         S: * 25996 UIDFETCH (MODSEQ (12121231000))\n\
         S: $ OK done\n\
         C: UID STORE 25997 +FLAGS (\\Seen)\n\
         S: * 25997 UIDFETCH (FLAGS (\\Seen))\n\
         S: * 30000 UIDFETCH (FLAGS (\\Deleted))\n\
         S: $ OK done\n\
         C: UID FETCH 9 (UID BODY.PEEK[1])\n\
         S- * 9 UIDFETCH (BODY[1] {20000}\\r\\n\n\
         bytes 20000\n\
         S: )\n\
         S: $ OK done\n\
         C: UID MOVE 25996 Archive\n\
         S: * OK [COPYUID 7 25996 1] moved\n\
         S: * VANISHED 25996\n\
         S: $ OK done\n\
         C: EXPUNGE\n\
         S: * VANISHED 25997:25999\n\
         S: $ OK done\n\
         C: UID SEARCH UID 7\n\
         S: $ BAD [UIDREQUIRED] no numbers\n",
        &[
            ("enable|UIDONLY", "enable: UIDONLY"),
            (
                "fetch|#1|FLAGS",
                "fetch: IMAP_ERR_INVALID usable=1: UIDONLY is enabled: name messages by UID, not by number; nothing was sent",
            ),
            (
                "store|#1|FLAGS ()",
                "store: IMAP_ERR_INVALID usable=1: UIDONLY is enabled: name messages by UID, not by number; nothing was sent",
            ),
            (
                "move|#1|Archive",
                "move: IMAP_ERR_INVALID usable=1: UIDONLY is enabled: name messages by UID, not by number; nothing was sent",
            ),
            (
                "fetch|1:*|FLAGS BODY.PEEK[1]",
                "fetch: count=3 [uid=25996 flags=\\Seen modseq=12121231000 BODY[1]=a] [uid=25997 flags=\\Flagged BODY[1]=b] \
                 [uid=25998 flags= defect=\"UID is another than the one before\"]",
            ),
            ("store|25997|+FLAGS (\\Seen)", "store: count=1 [uid=25997 flags=\\Seen]"),
            ("events", "events: UIDFETCH number=0 uid=30000 [uid=30000 flags=\\Deleted]"),
            ("stream|UID FETCH 9 BODY.PEEK[1]", "stream: BODY[1] of 9: 20000 [#0 uid=9]"),
            ("move|25996|Archive", "move: 7 25996 -> 1"),
            ("expunge", "expunge: 25997:25999 modseq=-1"),
            ("selected", "selected: exists=26"),
            (
                "send|UID SEARCH UID 7",
                "send: IMAP_ERR_BAD [UIDREQUIRED] usable=1: UID SEARCH: the server said BAD: [UIDREQUIRED] no numbers",
            ),
        ],
    );
    shows("scripted", &["F16", "D17", "UIDONLY"]);
}

#[test]
fn what_a_server_did_not_reach_is_asked_for_again() {
    selected(
        "IMAP4rev1 UIDPLUS MESSAGELIMIT=2 CONDSTORE",
        "C: UID FETCH 1:* (UID FLAGS)\n\
         S: * 9 FETCH (UID 19 FLAGS ())\nS: * 8 FETCH (UID 18 FLAGS ())\n\
         S: $ OK [MESSAGELIMIT 2 18] more\n\
         C: UID FETCH 1:17 (UID FLAGS)\n\
         S: * 7 FETCH (UID 17 FLAGS ())\nS: * 6 FETCH (UID 6 FLAGS ())\n\
         S: $ OK [MESSAGELIMIT 2 6] more\n\
         C: UID FETCH 1:5 (UID FLAGS)\n\
         S: * 1 FETCH (UID 1 FLAGS ())\n\
         S: $ OK done\n\
         C: UID FETCH 1:* (UID FLAGS)\n\
         S: $ OK [MESSAGELIMIT 2 0] nonsense\n\
         C: UID FETCH 5:9 (UID FLAGS)\n\
         S: * 5 FETCH (UID 5 FLAGS ())\n\
         S: $ OK [MESSAGELIMIT 2 12] nothing\n\
         C: FETCH 1:9 (UID FLAGS)\n\
         S: * 9 FETCH (UID 19 FLAGS ())\n\
         S: $ OK [MESSAGELIMIT 1 19] cannot be gone on with\n\
         C: UID STORE 1:3 +FLAGS (\\Seen)\n\
         S: $ NO [MESSAGELIMIT 2] too many\n\
         C: UID STORE 1:2 +FLAGS (\\Seen)\n\
         S: * 1 FETCH (UID 1 FLAGS (\\Seen))\nS: $ OK done\n\
         C: UID STORE 3 +FLAGS (\\Seen)\n\
         S: * 3 FETCH (UID 3 FLAGS (\\Seen))\nS: $ OK done\n\
         C: UID STORE 1:* +FLAGS (\\Seen)\n\
         S: $ NO [MESSAGELIMIT 2] too many\n\
         C: UID COPY 1:90 Archive\n\
         S: * OK [COPYUID 7 5,9 1:2] copied\n\
         S: $ OK [MESSAGELIMIT 2 5] more\n\
         C: UID COPY 1:2 Archive\n\
         S: $ OK [COPYUID 7 1 3] done\n\
         C: UID COPY 3:4 Archive\nS: $ OK done\n\
         C: UID COPY 5:90 Archive\n\
         S: $ OK [MESSAGELIMIT 2 6] more\n\
         C: UID STORE 6:90 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\n\
         C: UID EXPUNGE 6:90\nS: $ OK done\n\
         C: UID COPY 5 Archive\nS: $ OK [COPYUID 7 5 9] done\n\
         C: UID STORE 5 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\n\
         C: UID EXPUNGE 5\nS: $ OK done\n\
         C: UID EXPUNGE 1:4\n\
         S: * 4 EXPUNGE\nS: $ OK [MESSAGELIMIT 2 3] more\n\
         C: UID EXPUNGE 1:2\n\
         S: * 1 EXPUNGE\nS: $ OK done\n\
         C: UID FETCH 1:* (UID FLAGS)\n\
         S: * 9 FETCH (UID 19 FLAGS ())\nS: * NO [MESSAGELIMIT 2 18] FETCH completed with partial results\n\
         S: $ OK [EXPUNGEISSUED] Some messages were also expunged\n\
         C: UID FETCH 1:17 (UID FLAGS)\n\
         S: * 7 FETCH (UID 17 FLAGS ())\nS: $ OK done\n\
         C: UID COPY 5:90 Archive\n\
         S: * NO [MESSAGELIMIT 2 60] more\nS: $ OK [COPYUID 7 60 10] done\n\
         C: UID STORE 60:90 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\n\
         C: UID EXPUNGE 60:90\nS: $ OK done\n\
         C: UID COPY 5:59 Archive\nS: $ OK [COPYUID 7 5 11] done\n\
         C: UID STORE 5:59 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\n\
         C: UID EXPUNGE 5:59\nS: $ OK done\n\
         C: UID COPY 1:2 Archive\n\
         S: * NO [MESSAGELIMIT 2 2] more\nS: $ NO no such mailbox\n",
        &[
            (
                "fetch|1:*|FLAGS",
                "fetch: count=5 [#9 uid=19 flags=] [#8 uid=18 flags=] [#7 uid=17 flags=] [#6 uid=6 flags=] [#1 uid=1 flags=]",
            ),
            ("fetch|1:*|FLAGS", "fetch: count=0"),
            ("fetch|5:9|FLAGS", "fetch: count=1 [#5 uid=5 flags=] limited=12"),
            ("fetch|#1:9|FLAGS", "fetch: count=1 [#9 uid=19 flags=] limited=19"),
            ("store|1:3|+FLAGS (\\Seen)", "store: count=2 [#1 uid=1 flags=\\Seen] [#3 uid=3 flags=\\Seen]"),
            (
                "store|1:*|+FLAGS (\\Seen)",
                "store: IMAP_ERR_NO [MESSAGELIMIT] usable=1: UID STORE: the server said NO: [MESSAGELIMIT 2] too many",
            ),
            ("copy|1:90|Archive", "copy: 7 5,9,1 -> 1:2,3"),
            ("move|5:90|Archive", "move: 7 5 -> 9 origin=1"),
            ("expunge|1:4", "expunge: 4,1 modseq=-1"),
            ("fetch|1:*|FLAGS", "fetch: count=2 [#9 uid=19 flags=] [#7 uid=17 flags=]"),
            ("move|5:90|Archive", "move: 7 60,5 -> 10,11 origin=1"),
            ("copy|1:2|Archive", "copy: IMAP_ERR_NO usable=1: UID COPY: the server said NO: no such mailbox"),
        ],
    );
    shows("scripted", &["MESSAGELIMIT"]);
}

#[test]
fn a_mailbox_is_opened_with_parameters() {
    let opened = "S: * 5 EXISTS\nS: * OK [UIDVALIDITY 7] x\n";
    let script = [
        "C: SELECT Mail (CONDSTORE ANNOTATE)\n",
        opened,
        "S: * OK [ANNOTATIONS 20480 NOPRIVATE]\nS: $ OK [READ-WRITE] done\n",
        "C: NOOP\nS: * 2 FETCH (ANNOTATION (/comment (value.shared \"new\")))\nS: $ OK done\n",
        "C: EXAMINE Mail (CONDSTORE ANNOTATE)\n",
        opened,
        "S: * OK [ANNOTATIONS READ-ONLY] x\nS: * OK [ANNOTATIONS] x\nS: $ OK [READ-ONLY] done\n",
        "C: SELECT Mail (CONDSTORE ANNOTATE X-NEW X-LIST (a (\"b c\")))\n",
        opened,
        "S: * OK [ANNOTATIONS NONE] x\nS: $ OK done\n",
        "C: SELECT Mail (CONDSTORE)\n",
        opened,
        "S: * OK [ANNOTATIONS 20480] not asked for\nS: $ OK done\n",
        "C: UNSELECT\nS: $ OK done\nC: ENABLE QRESYNC\nS: * ENABLED QRESYNC\nS: $ OK done\n",
        "C: SELECT Mail (QRESYNC (7 900 1:5) ANNOTATE)\n",
        opened,
        "S: * VANISHED (EARLIER) 3\nS: $ OK done\n",
        "C: EXAMINE Mail\nS: $ NO no\n",
    ]
    .concat();
    let script = script.replace("C: EXAMINE Mail\n", "C: EXAMINE Mail (CONDSTORE)\n");
    selected(
        "IMAP4rev1 ENABLE UNSELECT CONDSTORE QRESYNC ANNOTATE-EXPERIMENT-1",
        &script,
        &[
            ("open|SELECT Mail (ANNOTATE)", "open: Mail exists=5 read_only=0"),
            ("codes", "codes: OK ANNOTATIONS number=20480 20480 NOPRIVATE"),
            ("noop", "noop:"),
            ("codes", "codes: [#2 uid=0 /comment value.shared=new]"),
            ("open|EXAMINE ? (annotate)|Mail", "open: Mail exists=5 read_only=1"),
            ("codes", "codes: OK ANNOTATIONS number=-1 READ-ONLY OK ANNOTATIONS number=-1"),
            (
                "open|SELECT Mail (CONDSTORE ANNOTATE X-NEW X-LIST (a (?)))|b c",
                "open: Mail exists=5 read_only=0",
            ),
            ("codes", "codes: OK ANNOTATIONS number=-1 NONE"),
            ("open|SELECT Mail", "open: Mail exists=5 read_only=0"),
            ("codes", "codes:"),
            (
                "open|SELECT Mail (QRESYNC (7 900 1:5 (1:3 2:4)) ANNOTATE)",
                "open: Mail exists=5 read_only=0 vanished=3",
            ),
            ("open|EXAMINE Mail ()", "open: IMAP_ERR_NO usable=1: EXAMINE: the server said NO: no"),
        ],
    );
    let refused = [
        (
            "SELECT Mail (ANNOTATE)",
            "IMAP_ERR_UNSUPPORTED usable=1: the server does not have ANNOTATE-EXPERIMENT-1; nothing was sent",
        ),
        (
            "SELECT Mail (CONDSTORE)",
            "IMAP_ERR_UNSUPPORTED usable=1: the server does not have CONDSTORE; nothing was sent",
        ),
        (
            "SELECT Mail ANNOTATE",
            "IMAP_ERR_INVALID usable=1: behind the mailbox stands one list: \"(ANNOTATE CONDSTORE)\"",
        ),
        (
            "SELECT Mail (X) (Y)",
            "IMAP_ERR_INVALID usable=1: behind the mailbox stands one list: \"(ANNOTATE CONDSTORE)\"",
        ),
        (
            "SELECT Mail (\"X\")",
            "IMAP_ERR_INVALID usable=1: the parameters of SELECT are words, perhaps with a list behind them",
        ),
    ];
    let qresync =
        "IMAP_ERR_INVALID usable=1: QRESYNC is followed by \"(UIDVALIDITY MODSEQ UIDS)\", as \"(7 900 1:5)\"";
    let wrong = ["QRESYNC", "QRESYNC ()", "QRESYNC (0 1)", "QRESYNC (7)", "QRESYNC (7 x)", "QRESYNC (7 9 $)"];
    let wrong = wrong.map(|parameter| format!("SELECT Mail ({parameter})"));
    let wrong = wrong.iter().map(|command| (command.as_str(), qresync));
    let steps: Vec<(String, String)> = refused
        .into_iter()
        .chain(wrong)
        .map(|(command, said)| (format!("open|{command}"), format!("open: {said}")))
        .collect();
    let steps: Vec<(&str, &str)> = steps.iter().map(|(step, line)| (&**step, &**line)).collect();
    selected("IMAP4rev1", "", &steps);
    shows("scripted", &["ANNOTATE-EXPERIMENT-1"]);
}

#[test]
fn places_are_counted_in_all_that_was_asked_for() {
    selected(
        "IMAP4rev1 PARTIAL MESSAGELIMIT=2",
        "C: UID FETCH 1:* (UID FLAGS) (PARTIAL -1:-3)\n\
         S: * 9 FETCH (UID 19 FLAGS ())\nS: * 8 FETCH (UID 18 FLAGS ())\nS: $ OK [MESSAGELIMIT 2 18] more\n",
        &[(
            "fetch|1:*|FLAGS (PARTIAL -1:-3)",
            "fetch: count=2 [#9 uid=19 flags=] [#8 uid=18 flags=] limited=18",
        )],
    );
}

#[test]
fn copies_keep_below_the_limit_of_the_server() {
    selected(
        "IMAP4rev1 UIDPLUS SAVELIMIT=20 MESSAGELIMIT=15",
        "C: UID COPY 1:20 Archive\nS: $ OK [COPYUID 7 1:20 1:20] done\n\
         C: UID COPY 1:20 Archive\nS: $ OK [COPYUID 7 1:20 21:40] done\n\
         C: UID COPY 21:25 Archive\nS: $ OK [COPYUID 7 21:25 41:45] done\n\
         C: UID COPY 1:60 Archive\nS: $ NO [MESSAGELIMIT 20 41] Too many messages to copy, try a smaller subset\n\
         C: UID COPY 1:20 Archive\nS: $ OK [COPYUID 7 5 46] done\n\
         C: UID COPY 21:40 Archive\nS: $ OK done\n\
         C: UID COPY 41:60 Archive\nS: $ OK [COPYUID 7 60 47] done\n\
         C: UID COPY 1:* Archive\nS: $ NO [MESSAGELIMIT 20] too many\n\
         C: COPY 1:25 Archive\nS: $ NO [MESSAGELIMIT 20] too many\n\
         C: UID COPY 1:20 Archive\nS: $ OK [COPYUID 7 1:20 48:67] done\n\
         C: UID COPY 21:25 Archive\nS: $ NO [OVERQUOTA] full\n\
         C: UID COPY 5:9 Archive\nS: $ OK [MESSAGELIMIT 20 12] nothing\n\
         C: UID COPY 1:15 Archive\nS: $ OK [COPYUID 7 1:15 70:84] done\n\
         C: UID STORE 1:15 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\n\
         C: UID EXPUNGE 1:15\nS: $ OK done\n\
         C: UID COPY 16 Archive\nS: $ OK [COPYUID 7 16 85] done\n\
         C: UID STORE 16 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\n\
         C: UID EXPUNGE 16\nS: $ OK done\n",
        &[
            ("copy|1:20|Archive", "copy: 7 1:20 -> 1:20"),
            ("copy|1:25|Archive", "copy: 7 1:20,21:25 -> 21:40,41:45"),
            ("copy|1:60|Archive", "copy: 7 5,60 -> 46,47"),
            (
                "copy|1:*|Archive",
                "copy: IMAP_ERR_NO [MESSAGELIMIT] usable=1: UID COPY: the server said NO: [MESSAGELIMIT 20] too many",
            ),
            (
                "copy|#1:25|Archive",
                "copy: IMAP_ERR_NO [MESSAGELIMIT] usable=1: COPY: the server said NO: [MESSAGELIMIT 20] too many",
            ),
            (
                "copy|1:25|Archive",
                "copy: IMAP_ERR_NO [OVERQUOTA] usable=1: UID COPY: the server said NO: [OVERQUOTA] full",
            ),
            ("copy|5:9|Archive", "copy: 0  ->  limited=12"),
            ("move|1:16|Archive", "move: 7 1:15,16 -> 70:84,85 origin=1"),
        ],
    );
    // A MOVE may do a part, and is not divided before.
    selected(
        "IMAP4rev1 UIDPLUS MOVE SAVELIMIT=2",
        "C: UID MOVE 1:4 Archive\nS: * OK [COPYUID 7 3:4 1:2] x\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\n\
         S: $ OK [MESSAGELIMIT 2 3] more\n\
         C: UID MOVE 1:2 Archive\nS: * OK [COPYUID 7 1:2 3:4] x\nS: * 1 EXPUNGE\nS: * 1 EXPUNGE\nS: $ OK done\n",
        &[("move|1:4|Archive", "move: 7 3:4,1:2 -> 1:2,3:4")],
    );
    shows("scripted", &["SAVELIMIT"]);
}

#[test]
fn an_old_server_gives_pieces() {
    selected(
        "IMAP4",
        "C: PARTIAL 1 RFC822.TEXT 0 10\n\
         S: * 1 FETCH (RFC822.TEXT \"0123456789\")\n\
         S: $ OK done\n\
         C: UID FETCH 5 (UID RFC822.PEEK RFC822.HEADER BODY.PEEK[1])\n\
         S: * 1 FETCH (UID 5 RFC822 \"all\" RFC822.HEADER \"head\" BODY[1] \"one\")\n\
         S: $ OK done\n\
         C: UID FETCH 5 (UID RFC822.TEXT.PEEK)\n\
         S: * 1 FETCH (UID 5 RFC822.TEXT \"text\")\n\
         S: $ OK done\n",
        &[
            ("send|PARTIAL 1 RFC822.TEXT 0 10", "send: count=1 [#1 uid=0 RFC822.TEXT=0123456789]"),
            (
                "send|PARTIAL 1 RFC822.TEXT* 0 10",
                "send: IMAP_ERR_INVALID usable=1: PARTIAL takes one item: \"RFC822.TEXT\", \"BODY[1]\"",
            ),
            (
                "send|PARTIAL 0 RFC822 0 10",
                "send: IMAP_ERR_INVALID usable=1: PARTIAL names one message by its number",
            ),
            (
                "fetch|5|BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[1]",
                "fetch: count=1 [#1 uid=5 RFC822=all RFC822.HEADER=head BODY[1]=one]",
            ),
            ("section|5|BODY.PEEK[TEXT]|text", "section: RFC822.TEXT 1"),
        ],
    );
    shows("scripted", &["F3", "F11"]);
}

#[test]
fn messages_that_move_meanwhile_stay_apart() {
    selected(
        "IMAP4rev1",
        "C: UID FETCH 1:* (UID FLAGS)\n\
         S: * 5 FETCH (UID 15 FLAGS (a))\n\
         S: * 3 EXPUNGE\n\
         S: * 5 FETCH (UID 16 FLAGS (b))\n\
         S: $ OK done\n\
         C: NOOP\n\
         S: * 5 EXPUNGE\n\
         S: * 4 EXPUNGE\n\
         S: * 1 EXPUNGE\n\
         S: $ OK done\n",
        &[
            ("fetch|1:*|FLAGS", "fetch: count=2 [#5 uid=15 flags=a keyword=a] [#5 uid=16 flags=b keyword=b]"),
            ("events", "events: EXPUNGE number=3 uid=0"),
            // Those that were told of are known by UID.
            ("noop", "noop:"),
            ("events", "events: EXPUNGE number=5 uid=16 EXPUNGE number=4 uid=15 EXPUNGE number=1 uid=0"),
        ],
    );
}

#[test]
fn changes_that_came_too_late() {
    selected(
        "IMAP4rev1 CONDSTORE",
        "C: UID STORE 1:9 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted)\n\
         S: * 1 FETCH (UID 1 MODSEQ (12121231000))\n\
         S: * 12 FETCH (UID 50 FLAGS (\\Seen))\n\
         S: $ OK [MODIFIED 7,9] some had changed\n\
         C: UID STORE 7 (UNCHANGEDSINCE 1) FLAGS ()\n\
         S: $ NO [MODIFIED 7] all had changed\n",
        &[
            (
                "store|1:9|(UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted)",
                "store: count=1 [#1 uid=1 modseq=12121231000] modified=7,9",
            ),
            ("events", "events: FETCH number=12 uid=50 [#12 uid=50 flags=\\Seen]"),
            (
                "store|7|(UNCHANGEDSINCE 1) FLAGS ()",
                "store: IMAP_ERR_NO [MODIFIED] usable=1: UID STORE: the server said NO: [MODIFIED 7] all had changed",
            ),
        ],
    );
    shows("scripted", &["X1", "CONDSTORE"]);
}

/// The whole sample mail: text, then attachments with the sizes that they have when they are decoded.
const SAMPLES: [&str; 29] = [
    "\"77 bytes\" part=1 subject=Rehearsal moved to Thursday",
    "\"76 bytes\" part=1 subject=Grüße aus Köln",
    "\"Minutes attached. Please send corrections by Monday.\" part=1 [2 application/pdf minutes.pdf 7209] subject=Minutes of the allotment society",
    "\"The 18:15 sails at 18:25.\\n\" part=1 subject=Summer timetable, valid from 1 May",
    "\"I bring the rice.\\n\" part=1 subject=Potluck on Saturday: who brings what",
    "\"来週の会議は水曜日です。\\n\" part=1 subject=来週の会議について",
    "\"Посылаю фотографии.\\n\" part=1 subject=Фотографии с дачи",
    "\"Tres fotos.\" part=1 [2 image/jpeg cumbre 1 ⛰.jpg 10244] [3 image/jpeg cumbre 2 ⛰.jpg 20484] [4 image/jpeg cumbre 3 ⛰.jpg 30724] subject=¡Fotos de la excursión!",
    "\"Vi ses kl. 12.\\n\" part=1 subject=Smörgåsbord på fredag",
    "\"Or one o'clock?\\n\" part=1 subject=Café at noon?",
    "\"Is this thing on?\\n\" part=1 subject=",
    "\"See subject.\\n\" part=1 subject=Agenda for #",
    "\"Do you have page 12?\" part=1 [2 message/rfc822 - #] subject=Fwd: De partituur",
    "\"Draft attached.\" part=1 [2.1.1 text/plain - 18] [2.1.2 text/html - 32] [2.2 image/png plan.png 8] [3 application/zip drawings.zip 3004] subject=Plans for the boathouse – second draft",
    "\"Many happy returns!\\n\" part=1 subject=🎂 生日快乐! 🎈",
    "\"שלום,\\nהכול בסדר.\\n\" part=1 subject=שלום מחיפה",
    "\"القطار في الثامنة.\\n\" part=1 subject=#",
    "\"Thank you for your custom.\" part=1 [2 application/octet-stream Invoice 2004-0613.pdf 1600] subject=Invoice 2004-0613",
    "\"Dotarła.\\n\" part=1 subject=Przesyłka #",
    "\"Epoxy, then paint.\\n\" part=1 subject=[dinghy] Re: Leak at the centreboard case",
    "\"/var is at 96 %\\n\" part=1 subject=Disk almost full",
    "\"Room 12.\\n\" part=1 subject=Seminar on Tuesday",
    "\"일요일 아침 여덟 시.\\n\" part=1 subject=#",
    "\"周六九点开放。\\n\" part=1 subject=关于图书馆的开放时间",
    "\"Do come.\" part=1 [2 text/calendar concert.ics 45] subject=Invitation: spring concert",
    "\"Χρόνια πολλά.\\n\" part=1 subject=#",
    "\"It will be kept until the 21st.\\n\" part=1 subject=Your reservation is ready: \"The Sea, the Sea\"",
    "\"Is that cake still good?\\n\" part=1 subject=Re: Potluck on Saturday: who brings what",
    "\"Listen!\" part=1 [2 audio/ogg concert.ogg 3780000] subject=The whole concert, in one file",
];

/// Does steps as a user of a real server; a `#` in what is expected stands for anything.
fn against(server: &Server, user: &str, steps: &[(&str, &str)]) {
    let (port, ca) = (format!("1={}", server.imaps), format!("20={}", server.ca()));
    let (name, password) = (format!("40={user}"), format!("41=secret-{}", &user[..1]));
    let mut arguments = vec![port.as_str(), &ca, &name, &password, "--"];
    arguments.extend(steps.iter().map(|(step, _)| *step));
    let out = run_for(&test_program("fetching"), &arguments, &[], 120).success();
    let said = |line: &'_ str| line.split_once(": ").map_or("", |(_, said)| said).to_owned();
    let lines: Vec<String> = out.lines().map(said).collect();
    assert_like(server.name, steps.iter().copied(), &lines);
}

fn reads_all_sample_mail(server: &Server) {
    server.load_mail();
    let steps: Vec<String> = (1..=SAMPLES.len()).map(|uid| format!("content+|{uid}")).collect();
    let mut plan = vec![("select|INBOX", "exists=29")];
    plan.extend(steps.iter().map(String::as_str).zip(SAMPLES));
    plan.push(("content|99", "IMAP_ERR_NO usable=1: #the mailbox has no message with UID 99"));
    against(server, "alice", &plan);
    let folder = Folder::new();
    let (url, place) = (server.url(), folder.0.display().to_string());
    let environment = [("IMAP_PASSWORD", "secret-a"), ("IMAP_CA_FILE", &server.ca())];
    let shown = run(&example("read_message"), &[&url, "18", &place], &environment).success();
    let saved = folder.0.join("attachment-18-1");
    let expected = format!(
        "From: Hillside Bicycles\nSubject: Invoice 2004-0613\n\nThank you for your custom.\n{}: application/octet-stream, \
         Invoice 2004-0613.pdf, 1600 bytes\n",
        saved.display()
    );
    assert_eq!(shown, expected);
    let file = std::fs::read(&saved).expect("the attachment");
    assert!(file.starts_with(b"%PDF-1.4 invoice") && file.len() == 1600);
}

const THREE: [(&str, &str); 4] = [
    ("create|Extras", ""),
    ("append|Extras|Subject: a^^hello there^", "# 1"),
    ("append|Extras|Subject: b^Content-Type: image/png^Content-Transfer-Encoding: x-own^^AAAA^", "# 2"),
    ("append|Extras|Subject: c^Content-Type: text/plain^Content-Transfer-Encoding: base64^^aGkhAGhv^", "# 3"),
];

const CHANGED: [(&str, &str); 6] = [
    ("store|1:3|(UNCHANGEDSINCE 1) +FLAGS (\\Flagged)", "#modified=1:3#"),
    ("store|1,3|+FLAGS.SILENT (\\Deleted)", "#"),
    ("expunge|3", "3 modseq=#"),
    (
        "fetch|1:9|FLAGS (CHANGEDSINCE 1 VANISHED)",
        "count=2 [#1 uid=1 flags=#\\Deleted# modseq=#]# vanished=3#",
    ),
    ("expunge", "1 modseq=#"),
    ("selected", "exists=1"),
];

#[test]
fn dovecot() {
    let Some(server) = Server::start("dovecot") else { return };
    let mut plan = THREE.to_vec();
    plan.extend([
        ("enable|QRESYNC", "QRESYNC#"),
        ("select|Extras", "exists=3"),
        ("fetch|1|PREVIEW SAVEDATE", "count=1 [#1 uid=1 preview=\"hello there\" saved=#]"),
        (
            "fetch|3|BINARY.PEEK[1] BINARY.SIZE[1]",
            "count=1 [#3 uid=3 BINARY[1]=hi!\\0ho BINARY.SIZE[1]=NULL:6]",
        ),
        (
            "fetch|1:3|FLAGS BINARY.PEEK[1]",
            "count=3 #defect=\"UNKNOWN-CTE: the server cannot decode a section that was asked for\"",
        ),
        ("section|3|BINARY.SIZE[1] BINARY.PEEK[1]|1", "BINARY[1] 1"),
        ("append|Extras|Subject: d^^a~b^", "# 4"),
        ("store|4|+FLAGS (\\Deleted)", "#"),
        ("expunge|4", "4 modseq=#"),
    ]);
    plan.extend(CHANGED);
    plan.extend([("close", ""), ("delete|Extras", "")]);
    against(&server, "bob", &plan);
    reads_all_sample_mail(&server);
    shows(
        "dovecot",
        &[
            "F1",
            "F4",
            "F5",
            "F12",
            "F13",
            "X1",
            "X4",
            "X5",
            "X8",
            "BINARY",
            "PREVIEW",
            "SAVEDATE",
            "CONDSTORE",
            "UIDPLUS",
        ],
    );
}

#[test]
fn cyrus() {
    let Some(server) = Server::start("cyrus") else { return };
    let mut plan = THREE.to_vec();
    plan.extend([
        ("append|Extras|Subject: d^^noted^|/comment|value.shared|with it", "# 4"),
        ("enable|QRESYNC", "#QRESYNC#"),
        ("select|Extras", "exists=4"),
        ("fetch|1|EMAILID THREADID SAVEDATE PREVIEW", "count=1 [#1 uid=1 email=# saved=#]"),
        ("fetch|4|ANNOTATION (/comment (value.shared))", "count=1 [#4 uid=4 /comment value.shared=with it]"),
        ("codes", "#"),
        ("open|SELECT ? (ANNOTATE)|Extras", "Extras exists=4 read_only=0"),
        ("codes", "#OK ANNOTATIONS number=# #"),
        ("status|Extras|MAILBOXID", "Extras #"),
        ("store|1|ANNOTATION (/comment (value.shared ?))|a \"note\"", "#"),
        (
            "fetch|1|ANNOTATION (/comment (value.shared size.shared))",
            "count=1 [#1 uid=1 /comment value.shared=a \"note\" /comment size.shared=8]",
        ),
        ("store|1|ANNOTATION (/comment (value.shared NIL))", "#"),
        ("fetch|1|ANNOTATION (/comment (value.shared))", "count=1 [#1 uid=1 /comment value.shared]"),
        (
            "fetch|3|BINARY.PEEK[1] BINARY.SIZE[1]",
            "count=1 [#3 uid=3 BINARY[1]=hi!\\0ho BINARY.SIZE[1]=NULL:6]",
        ),
        (
            "fetch|1:3|FLAGS BINARY.PEEK[1]",
            "#defect=\"UNKNOWN-CTE: the server cannot decode a section that was asked for\"",
        ),
        ("fetch|1:*|FLAGS (PARTIAL -1:-2)", "count=2 [#4 uid=4 #] [#3 uid=3 #]"),
        ("store|4|+FLAGS (\\Deleted)", "#"),
        ("expunge|4", "4 modseq=#"),
    ]);
    plan.extend(CHANGED);
    plan.push(("close", ""));
    against(&server, "bob", &plan);
    against(
        &server,
        "bob",
        &[
            ("create|Written", ""),
            ("append|Written|Subject: a^^one^", "# 1"),
            ("append|Written|Subject: b^^two^", "# 2"),
            ("append|Written|Subject: c^^three^", "# 3"),
            ("select|Written", "exists=3"),
            ("replace|#1|Written|Subject: d^^four^", "# 4"),
            ("replace|#*|Written|Subject: e^^five^", "# 5"),
            ("replace|2|Written|Subject: f^^six^", "# 6"),
            ("replace|#9|Written|Subject: g^^seven^", "IMAP_ERR_#"),
            ("fetch|1:*|UID", "count=3 [#1 uid=3] [#2 uid=5] [#3 uid=6]"),
            ("content|6", "\"six\\n\" part=1 subject=f"),
            ("close", ""),
            ("delete|Written", ""),
        ],
    );
    // The same connection cannot go back to message numbers.
    against(
        &server,
        "bob",
        &[
            ("append|Extras|Subject: e^^one^", "# 5"),
            ("append|Extras|Subject: f^^two^", "# 6"),
            ("enable|UIDONLY", "#UIDONLY#"),
            ("select|Extras", "exists=3"),
            ("fetch|1:*|FLAGS RFC822.SIZE", "count=3 [uid=2 flags=# size=#] [uid=5 #] [uid=6 #]"),
            ("fetch|#1|FLAGS", "IMAP_ERR_INVALID#UIDONLY is enabled#"),
            ("store|5|+FLAGS (\\Deleted)", "count=1 [uid=5 flags=#\\Deleted#]"),
            ("replace|6|Extras|Subject: g^^new^", "# 7"),
            ("copy|7|Trash", "# 7 -> 1"),
            ("expunge", "5 modseq=#"),
            ("selected", "exists=2"),
            ("content|7", "\"new\\n\" part=1 subject=g"),
            ("close", ""),
            ("delete|Extras", ""),
        ],
    );
    reads_all_sample_mail(&server);
    shows(
        "cyrus",
        &[
            "F2",
            "F12",
            "F14",
            "F16",
            "X1",
            "X2",
            "X4",
            "X5",
            "X7",
            "X8",
            "D17",
            "BINARY",
            "PREVIEW",
            "SAVEDATE",
            "OBJECTID",
            "ANNOTATE-EXPERIMENT-1",
            "UIDONLY",
            "CONDSTORE",
            "UIDPLUS",
            "REPLACE",
        ],
    );
}

#[test]
fn courier() {
    let Some(server) = Server::start("courier") else { return };
    against(
        &server,
        "bob",
        &[
            ("append|INBOX|Subject: a^^hello   there^", "# 1"),
            (
                "append|INBOX|Subject: b^MIME-Version: 1.0^Content-Type: text/html^^<p>good&nbsp;<b>bye</b>",
                "# 2",
            ),
            ("select|INBOX", "exists=2"),
            (
                "fetch|1:*|FLAGS PREVIEW",
                "count=2 [#1 uid=1 flags=# preview=\"hello there\"] [#2 uid=2 flags=# preview=\"good bye\"] origin=1",
            ),
            ("content|2", "\"<p>good&nbsp;<b>bye</b>#\" html part=1 subject=b"),
            (
                "stream|UID FETCH 1:* (FLAGS PREVIEW BODY.PEEK[])",
                "BODY[] of 1: # [#1 uid=1 preview=hello there] BODY[] of 2: # [#2 uid=2 preview=good bye]",
            ),
            ("stream|FETCH 2 (PREVIEW)", "[#2 uid=2 preview=good bye]"),
        ],
    );
    shows("courier", &["PREVIEW"]);
}

#[test]
fn contents_of_hostile_messages() {
    selected(
        "IMAP4rev1",
        "C: UID FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)\n\
         S: * 1 FETCH (UID 1 BODYSTRUCTURE ())\n\
         S: $ OK done\n\
         C: UID FETCH 2 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)\n\
         S: * 2 FETCH (UID 2 FLAGS () BODYSTRUCTURE (\"text\" \"plain\" (\"charset\" \"no-such\") NIL NIL \"x-own\" 9999999999 1))\n\
         S: $ OK done\n\
         C: UID FETCH 2 (UID BODY.PEEK[1]<0.1073741824>)\n\
         S: * 2 FETCH (UID 2 BODY[1]<0> \"café\")\n\
         S: $ OK done\n\
         C: UID FETCH 3 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)\n\
         S: * 3 FETCH (UID 3 FLAGS () ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE (\"text\" \"html\" NIL NIL NIL \"7bit\" 5 1))\n\
         S: $ OK done\n\
         C: UID FETCH 3 (UID BODY.PEEK[1])\n\
         S: $ NO no longer\n\
         C: UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)\n\
         S: $ OK done\n\
         C: UID FETCH 5 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)\n\
         S: * 5 FETCH (UID 5 FLAGS () ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE (\"text\" \"html\" NIL NIL NIL \"7bit\" 5 1))\n\
         S: $ OK done\n\
         C: UID FETCH 5 (UID BODY.PEEK[1])\n\
         S: * 5 FETCH (UID 5 BODY[1] NIL)\n\
         S: $ OK done\n",
        &[
            (
                "content|1",
                "content: \"\" part=- subject= defect=\"a multipart has no parts\" \
                 defect=\"FLAGS were asked for and did not come\" \
                 defect=\"ENVELOPE was asked for and did not come\"",
            ),
            (
                "content|2",
                "content: \"café\" part=1 subject= defect=\"ENVELOPE was asked for and did not come\" \
                 defect=\"the text is longer than the 1073741824 bytes of IMAP_OPTION_MAX_LITERAL: cut there\"",
            ),
            ("content|3", "content: IMAP_ERR_NO usable=1: UID FETCH: the server said NO: no longer"),
            ("content|4", "content: IMAP_ERR_NO usable=1: the mailbox has no message with UID 4"),
            ("content|5", "content: \"\" html part=1 subject=s"),
        ],
    );
}
