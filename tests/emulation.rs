//! All that the library does by other means where the server cannot, and that it is not done where
//! IMAP_OPTION_EMULATE forbids it.

mod support;

use support::is_like;
use support::program::{run, test_program};
use support::scripted::Scripted;

/// Something that is done by other means.
struct Emulation {
    /// What the server has.
    capabilities: &'static str,
    step: &'static str,
    /// What goes over the wire.
    exchange: &'static str,
    /// What the step says, and the origin of its result; "" if that has none.
    told: &'static str,
    origin: &'static str,
    /// What the server does not have.
    lacking: &'static str,
}

const MESSAGE: &str = "S: * 1 FETCH (UID 1 INTERNALDATE \"02-Feb-2003 00:00:00 +0000\" RFC822.SIZE 9 ENVELOPE (\"Tue, 1 Apr 2003 12:00:00 +0000\" \"a\" NIL NIL NIL NIL NIL NIL NIL \"<1@x>\"))\n";
const BOX: &str = "C: LIST \"\" *\nS: * LIST () \"/\" box\nS: $ OK done\n";

const fn done(
    capabilities: &'static str,
    step: &'static str,
    exchange: &'static str,
    told: &'static str,
    origin: &'static str,
    lacking: &'static str,
) -> Emulation {
    Emulation { capabilities, step, exchange, told, origin, lacking }
}

/// `@box` and `@message` in an exchange stand for the constants above.
const EMULATIONS: &[Emulation] = &[
    done("", "idle:2000", "C: NOOP\nS: * 4 EXISTS\nS: $ OK done\n", "idle: EXISTS", "", "IDLE"),
    done("IDLE", "watch:box", "", "watch: means=1", "", "NOTIFY"),
    done("", "watch:box", "", "watch: means=2", "", "NOTIFY"),
    done(
        "",
        "namespace",
        "C: LIST \"\" \"\"\nS: * LIST (\\Noselect) \"/\" \"\"\nS: $ OK done\n",
        "namespace: personal=1 #",
        "1",
        "NAMESPACE",
    ),
    done(
        "IMAP4rev2",
        "lsub::*",
        "C: LIST (SUBSCRIBED) \"\" *\nS: * LIST (\\Subscribed) \"/\" box\nS: $ OK done\n",
        "lsub: count=1 [box]",
        "1",
        "LSUB",
    ),
    done("IMAP4rev2", "check", "C: NOOP\nS: $ OK done\n", "check:", "", "CHECK"),
    done(
        "ANNOTATEMORE",
        "getmetadata:box:/shared/comment",
        "C: GETANNOTATION box (\"/comment\") (\"value.shared\")\nS: * ANNOTATION box \"/comment\" (\"value.shared\" \"x\")\nS: $ OK done\n",
        "getmetadata: [box /shared/comment=x]",
        "1",
        "METADATA",
    ),
    done(
        "ANNOTATEMORE",
        "setmetadata:box:/shared/comment:x",
        "C: SETANNOTATION box \"/comment\" (\"value.shared\" \"x\")\nS: $ OK done\n",
        "setmetadata:",
        "",
        "METADATA",
    ),
    done(
        "",
        "list::*:RETURN (STATUS (MESSAGES))",
        "@box\nC: STATUS box (MESSAGES)\nS: * STATUS box (MESSAGES 4)\nS: $ OK done\n",
        "list: count=1 [box messages=4]",
        "1",
        "LIST-STATUS",
    ),
    done(
        "ACL",
        "list::*:RETURN (MYRIGHTS)",
        "@box\nC: MYRIGHTS box\nS: * MYRIGHTS box lr\nS: $ OK done\n",
        "list: count=1 [box]",
        "1",
        "LIST-MYRIGHTS",
    ),
    done(
        "METADATA",
        "list::*:RETURN (METADATA (/shared/comment))",
        "@box\nC: GETMETADATA box*\nS: * METADATA box (/shared/comment \"x\")\nS: $ OK done\n",
        "list: count=1 [box]",
        "1",
        "LIST-METADATA",
    ),
    done(
        "",
        "list::*:RETURN (SUBSCRIBED)",
        "@box\nC: LSUB \"\" *\nS: * LSUB () \"/\" box\nS: $ OK done\n",
        "list: count=1 [box]",
        "1",
        "LIST-EXTENDED",
    ),
    done(
        "",
        "list::*:(SUBSCRIBED)",
        "@box\nC: LSUB \"\" *\nS: * LSUB () \"/\" box\nS: $ OK done\n",
        "list: count=1 [box]",
        "1",
        "LIST-EXTENDED",
    ),
    done(
        "",
        "list::*:(SPECIAL-USE)",
        "C: LIST \"\" *\nS: * LIST () \"/\" box\nS: * LIST () \"/\" Sent\nS: $ OK done\n",
        "list: count=1 [Sent]",
        "1",
        "SPECIAL-USE",
    ),
    done(
        "",
        "stream:LIST (SUBSCRIBED) \"\" *",
        "C: LSUB \"\" *\nS: * LSUB () \"/\" box\nS: $ OK done\n@box\n",
        "stream: count=1 [box#]",
        "",
        "LIST-EXTENDED",
    ),
    done(
        "",
        "stream:LIST \"\" (box *)",
        "C: LIST \"\" \"box\"\nS: * LIST () \"/\" box\nS: $ OK done\n@box\n",
        "stream: count=1 [box]",
        "",
        "LIST-EXTENDED",
    ),
    done("", "list::*:RETURN (CHILDREN)", "@box\n", "list: count=1 [box]", "1", "LIST-EXTENDED"),
    done(
        "",
        "send:LIST \"\" (a b):mailboxes",
        "C: LIST \"\" \"a\"\nS: * LIST () \"/\" a\nS: $ OK done\nC: LIST \"\" \"b\"\nS: $ OK done\n",
        "send: count=1 [a] #",
        "1",
        "LIST-EXTENDED",
    ),
    done(
        "",
        "sort:DATE:ALL",
        "C: UID SEARCH ALL\nS: * SEARCH 1\nS: $ OK done\nC: UID FETCH 1 *\n@message\nS: $ OK done\n",
        "sort: set=1 origin=1",
        "1",
        "SORT",
    ),
    done(
        "SORT",
        "sort:DISPLAYFROM:ALL",
        "C: UID SEARCH ALL\nS: * SEARCH 1\nS: $ OK done\nC: UID FETCH 1 *\n@message\nS: $ OK done\n",
        "sort: set=1 origin=1",
        "1",
        "SORT=DISPLAY",
    ),
    done(
        "SORT",
        "sort:DATE:RETURN (COUNT) ALL",
        "C: UID SORT (DATE) US-ASCII ALL\nS: * SORT 3 1\nS: $ OK done\n",
        "sort: set=# origin=1",
        "1",
        "ESORT",
    ),
    done(
        "",
        "thread:REFERENCES:ALL",
        "C: UID SEARCH ALL\nS: * SEARCH 1\nS: $ OK done\nC: UID FETCH 1 *\n@message\nS: $ OK done\n",
        "thread: 1@0 origin=1",
        "1",
        "THREAD=REFERENCES",
    ),
    done(
        "THREAD=REFERENCES",
        "thread:ORDEREDSUBJECT:ALL",
        "C: UID SEARCH ALL\nS: * SEARCH 1\nS: $ OK done\nC: UID FETCH 1 *\n@message\nS: $ OK done\n",
        "thread: 1@0 origin=1",
        "1",
        "THREAD=ORDEREDSUBJECT",
    ),
    done(
        "",
        "search:RETURN (COUNT) ALL",
        "C: UID SEARCH ALL\nS: * SEARCH 1 5\nS: $ OK done\n",
        "search: set=# total=2",
        "1",
        "ESEARCH",
    ),
    done(
        "ESEARCH",
        "search:RETURN (PARTIAL 1\\:1) ALL",
        "C: UID SEARCH RETURN (ALL*\nS: * ESEARCH (TAG \"$TAG\") UID ALL 1,5\nS: $ OK done\n",
        "search: set=1 total=#",
        "1",
        "PARTIAL",
    ),
    done(
        "",
        "search:OLDER 60",
        "C: UID SEARCH BEFORE *\nS: * SEARCH 1\nS: $ OK done\n",
        "search: set=1 total=-1",
        "1",
        "WITHIN",
    ),
    done(
        "MULTISEARCH WITHIN PARTIAL",
        "esearch:IN (personal) RETURN (PARTIAL 1\\:1) ALL",
        "C: ESEARCH *\nS: * ESEARCH (TAG \"$TAG\" MAILBOX box UIDVALIDITY 1) UID ALL 1,5\nS: $ OK done\n",
        "esearch: [box set=1]",
        "1",
        "ESEARCH",
    ),
    done(
        "UIDPLUS",
        "move:1:box",
        "C: UID COPY 1 box\nS: $ OK [COPYUID 7 1 9] done\nC: UID STORE 1 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\nC: UID EXPUNGE 1\nS: * 1 EXPUNGE\nS: $ OK done\n",
        "move: uids=9 sources=1 origin=1",
        "1",
        "MOVE",
    ),
    done(
        "UIDPLUS LITERAL+",
        "replace:box:hi:4",
        "C: APPEND box {2+}\nL: 2\nc: \nS: $ OK [APPENDUID 7 9] done\nC: UID STORE 4 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\nC: UID EXPUNGE 4\nS: $ OK done\n",
        "replace: uids=9 sources= origin=1",
        "1",
        "REPLACE",
    ),
    done(
        "UIDPLUS LITERAL+",
        "replace:box:hi:#2",
        "C: FETCH 2 (UID)\nS: * 2 FETCH (UID 4)\nS: $ OK done\nC: APPEND box {2+}\nL: 2\nc: \nS: * 1 EXPUNGE\nS: $ OK [APPENDUID 7 9] done\nC: UID STORE 4 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\nC: UID EXPUNGE 4\nS: * 1 EXPUNGE\nS: $ OK done\n",
        "replace: uids=9 sources= origin=1",
        "1",
        "REPLACE",
    ),
    done(
        "UIDPLUS LITERAL+",
        "sendreplace:box:hi:#*",
        "C: FETCH 3 (UID)\nS: * 3 FETCH (UID 8)\nS: $ OK done\nC: APPEND box {2+}\nL: 2\nc: \nS: $ OK [APPENDUID 7 9] done\nC: UID STORE 8 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\nC: UID EXPUNGE 8\nS: $ OK done\n",
        "sendreplace: uids=9 sources= origin=1",
        "1",
        "REPLACE",
    ),
    done(
        "LITERAL+",
        "several:box:one:two",
        "C: APPEND box {3+}\nL: 3\nc: \nS: $ OK done\nC: APPEND box {3+}\nL: 3\nc: \nS: $ OK done\n",
        "several: uids= sources= origin=1",
        "1",
        "MULTIAPPEND",
    ),
    done(
        "",
        "resync:box:7:3",
        "C: SELECT box\nS: * 1 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK done\nC: UID FETCH 1:* (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS (x))\nS: $ OK done\n",
        "resync: box exists=1 # origin=1 changed=1",
        "1",
        "QRESYNC",
    ),
    done(
        "",
        "fetch:1:PREVIEW",
        "C: UID FETCH 1 (UID BODYSTRUCTURE)\nS: * 1 FETCH (UID 1 BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1))\nS: $ OK done\nC: UID FETCH 1 *BODY.PEEK[1]*\nS: * 1 FETCH (UID 1 BODY[1]<0> \"hi\")\nS: $ OK done\n",
        "fetch: count=1 [uid=1#]",
        "1",
        "PREVIEW",
    ),
    done(
        "",
        "stream:FETCH 2 (PREVIEW)",
        "C: FETCH 2 (UID)\nS: * 2 FETCH (UID 4)\nS: $ OK done\nC: UID FETCH 4 (UID BODYSTRUCTURE)\nS: * 2 FETCH (UID 4 BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 2 1))\nS: $ OK done\nC: UID FETCH 4 *BODY.PEEK[1]*\nS: * 2 FETCH (UID 4 BODY[1]<0> \"hi\")\nS: $ OK done\nC: UID FETCH 4 (UID)\nS: * 2 FETCH (UID 4)\nS: $ OK done\n",
        "stream: uid=4 preview=hi",
        "",
        "PREVIEW",
    ),
];

/// Says which servers it is that has these.
fn begin(capabilities: &str) -> String {
    let (version, enable) = match capabilities {
        "IMAP4rev2" => ("", "C: ENABLE IMAP4rev2\nS: * ENABLED IMAP4rev2\nS: $ OK done\n"),
        _ => ("IMAP4rev1 ", ""),
    };
    format!(
        "S: * PREAUTH [CAPABILITY {version}{capabilities}] ready\n{enable}\
         C: SELECT INBOX\nS: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: * OK [UIDNEXT 9] x\nS: $ OK [READ-WRITE] done\n"
    )
}

/// What a step, "origin" and a NOOP behind it say when this goes over the wire.
fn told(emulation: &Emulation, exchange: &str, option: &str) -> Vec<String> {
    let exchange = exchange.replace("@message\n", MESSAGE).replace("@box\n", BOX);
    let server =
        Scripted::new(&[&begin(emulation.capabilities), &exchange, "C: NOOP\nS: $ OK done\n"].concat());
    let port = format!("number:1:{}", server.port);
    let options = [port.as_str(), "number:2:2", "number:63:3000", option];
    let steps = ["connect:127.0.0.1", "select:INBOX", emulation.step, "origin", "noop"];
    let output = run(&test_program("steps"), &[&options[..], &steps].concat(), &[]);
    let lines: Vec<String> = output.out.lines().skip(options.len() + 2).map(str::to_owned).collect();
    if output.code != Some(0) || lines.last().is_none_or(|line| line != "noop:") {
        panic!("{} {option}: {lines:?}\n{}\n{:#?}", emulation.step, output.err, server.abandon());
    }
    server.join();
    lines
}

#[test]
fn what_is_done_by_other_means_says_so() {
    for emulation in EMULATIONS {
        let lines = told(emulation, emulation.exchange, "number:111:1");
        assert!(is_like(emulation.told, &lines[0]), "{}: {}", emulation.step, lines[0]);
        let origin = format!("origin: {}", emulation.origin);
        assert!(emulation.origin.is_empty() || lines[1] == origin, "{}: {}", emulation.step, lines[1]);
    }
    support::shows("scripted", &["E8"]);
}

#[test]
fn what_must_not_be_done_by_other_means_is_not_sent() {
    for emulation in EMULATIONS {
        let lines = told(emulation, "", "number:111:0");
        let is_refused =
            lines[0].contains("IMAP_ERR_UNSUPPORTED usable=1") && lines[0].ends_with("nothing was sent");
        assert!(is_refused && lines[0].contains(emulation.lacking), "{}: {}", emulation.step, lines[0]);
    }
}

/// What the server has and refuses is not done by other means either, and what nobody asked for is left out.
#[test]
fn what_the_server_refuses_stays_refused() {
    let refused = |capabilities, step, exchange, told| done(capabilities, step, exchange, told, "", "");
    for emulation in [
        refused("NAMESPACE", "namespace", "C: NAMESPACE\nS: $ BAD no\n", "namespace: IMAP_ERR_BAD usable=1#"),
        refused(
            "",
            "status:INBOX:MESSAGES",
            "C: STATUS INBOX (MESSAGES)\nS: $ BAD no\n",
            "status: IMAP_ERR_BAD usable=1#",
        ),
        refused(
            "LIST-EXTENDED LIST-STATUS",
            "list::*:RETURN (STATUS (MESSAGES))",
            "C: LIST \"\" * RETURN (STATUS (MESSAGES))\nS: $ BAD no\n",
            "list: IMAP_ERR_BAD usable=1#",
        ),
        refused(
            "NOTIFY",
            "watch:box",
            "C: NOTIFY *\nS: $ NO [BADEVENT (MessageNew)] no\n",
            "watch: means=# IMAP_ERR_NO usable=1#",
        ),
        refused("IDLE", "idle:2000", "C: IDLE\nS: $ BAD no\n", "idle: IMAP_ERR_UNSUPPORTED usable=1#"),
        refused("XLIST", "list::*", "@box\n", "list: count=1 [box]"),
    ] {
        let lines = told(&emulation, emulation.exchange, "number:111:0");
        assert!(is_like(emulation.told, &lines[0]), "{}: {}", emulation.step, lines[0]);
    }
}

/// REPLACE by number: without the UID of just that message nothing is done.
#[test]
fn a_number_that_may_mean_another_message_is_not_replaced() {
    let tries = [
        (
            "S: * 3 FETCH (UID 8)\nS: $ OK done",
            "IMAP_ERR_NO usable=1: message 2 was not replaced: the server did not tell its UID",
        ),
        (
            "S: * 1 EXPUNGE\nS: * 2 FETCH (UID 8)\nS: $ OK done",
            "IMAP_ERR_NO usable=1: message 2 was not replaced: messages before it may have gone",
        ),
        ("S: $ BAD no such message", "IMAP_ERR_BAD usable=1"),
    ];
    for (answer, told_) in tries {
        let emulation = done("UIDPLUS LITERAL+", "replace:box:hi:#2", "", "", "", "");
        let lines = told(&emulation, &format!("C: FETCH 2 (UID)\n{answer}\n"), "number:111:1");
        assert!(lines[0].contains(told_), "{}", lines[0]);
    }
    support::shows("scripted", &["REPLACE"]);
}

/// A new emulation cannot be forgotten here.
#[test]
fn every_emulation_is_in_the_table() {
    let mut found = 0;
    for layer in ["client", "commands", "session"] {
        for entry in std::fs::read_dir(support::project().join("src").join(layer)).expect("a layer") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source");
            for lacking in text.split("may_emulate(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                found += 1;
                let is_here = EMULATIONS.iter().any(|emulation| emulation.lacking == lacking);
                assert!(is_here, "nothing shows what is done where {lacking} is missing");
            }
        }
    }
    assert!(found >= 8, "the sources ask in another way now");
}
