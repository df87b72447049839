//! What is sent, and what is not: by the options, by what the server is known to be, by what it can.

mod support;

use support::program::{run, test_program};
use support::scripted::Scripted;
use support::shows;

const PREAUTH: &str = "S: * PREAUTH [CAPABILITY IMAP4rev1 UIDPLUS] ready\n";
const SELECT: &str = "C: SELECT INBOX\nS: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: * OK [UIDNEXT 9] x\nS: $ OK [READ-WRITE] done\n";

/// Plays a script to steps after `options`; gives what each step printed.
fn played(script: &str, options: &[&str], arguments: &[&str]) -> Vec<String> {
    let server = Scripted::new(script);
    let port = format!("number:1:{}", server.port);
    let all = [&[port.as_str(), "number:2:2", "number:46:1", "number:63:2000"], options, arguments].concat();
    let output = run(&test_program("steps"), &all, &[]);
    if output.code != Some(0) {
        panic!("{}\n{}\n{:#?}", output.out, output.err, server.abandon());
    }
    server.join();
    output.out.lines().skip(4 + options.len()).map(str::to_owned).collect()
}

#[test]
fn who_we_are_is_said_after_each_login() {
    let greeting = "S: * OK [CAPABILITY IMAP4rev1 ID ENABLE CONDSTORE] ready\n";
    let login = "C: LOGIN \"a\" \"b\"\nS: $ OK [CAPABILITY IMAP4rev1 ID ENABLE CONDSTORE] in\n";
    let id = "C: ID (\"name\" \"libfoo\" \"version\" \"1.0\")\nS: * ID (\"name\" \"x\")\nS: $ OK done\n";
    let enable = "C: ENABLE CONDSTORE\nS: * ENABLED CONDSTORE\nS: $ OK done\n";
    let options = ["text:51:name=libfoo version=1.0", "text:49:CONDSTORE"];
    let script = [greeting, login, id, enable, "C: NOOP\nS: $ OK done\n"].concat();
    let lines = played(&script, &options, &["connect:127.0.0.1", "login:a:b", "noop"]);
    assert_eq!(lines, ["connect:", "login:", "noop:"]);
    // While connecting, too; a server that refuses it is used all the same, one without ID is not asked.
    let no = "C: ID (\"name\" \"libfoo\" \"version\" \"1.0\")\nS: $ BAD what\n";
    let options = ["text:51:name=libfoo version=1.0", "text:40:a", "text:41:b"];
    assert_eq!(played(&[greeting, login, no].concat(), &options, &["connect:127.0.0.1"]), ["connect:"]);
    let bare = "S: * OK [CAPABILITY IMAP4rev1] ready\nC: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1] in\n";
    assert_eq!(played(bare, &options, &["connect:127.0.0.1"]), ["connect:"]);
    // Coremail lets nobody in who does not say who he is.
    let coremail = [
        "S: * OK [CAPABILITY IMAP4rev1 ID] Coremail System IMap Server Ready(163com[b62b])\n",
        "C: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1 ID] in\n",
        "C: ID (\"name\" \"libimap\" \"version\" \"*\")\nS: * ID NIL\nS: $ OK done\n",
    ];
    assert_eq!(played(&coremail.concat(), &[], &["connect:127.0.0.1", "login:a:b"]), ["connect:", "login:"]);
    let wrong = played(PREAUTH, &["text:51:no value"], &["connect:127.0.0.1"]);
    assert!(wrong[0].contains("IMAP_ERR_INVALID") && wrong[0].contains("an ID is"), "{wrong:?}");
}

/// No two such commands are in flight together, so an answer may spell the name in its own way; another name is news.
#[test]
fn answers_may_spell_the_mailbox_in_their_own_way() {
    for (sent, rights) in [
        ("\"Entw&APw-rfe\"", "lr"),
        ("{12}\nS: Entw&APw-rfe", "lr"),
        ("\"Entwürfe\"", "lr"),
        ("\"Entw&APx-rfe\"", "lr"),
        ("\"Entw&APw-rfe/\"", "lr"),
        ("\"Entw&APw-rfe2\"", ""),
    ] {
        let script = format!(
            "C: MYRIGHTS \"Entw&APw-rfe\"\nS: * MYRIGHTS {sent} lr\nS: $ OK done\n\
             C: GETMETADATA \"Entw&APw-rfe\" (/shared/comment)\nS: * METADATA {sent} (/shared/comment \"abc\")\nS: $ OK done\n"
        );
        let script = ["S: * PREAUTH [CAPABILITY IMAP4rev1 ACL METADATA] ready\n", &script].concat();
        let steps = ["connect:127.0.0.1", "myrights:Entwürfe", "getmetadata:Entwürfe:/shared/comment"];
        let lines = played(&script, &[], &steps);
        let is_taken = !rights.is_empty();
        assert_eq!(lines[1].contains("lr"), is_taken, "{sent}: {lines:?}");
        assert_eq!(lines[2].contains("abc"), is_taken, "{sent}: {lines:?}");
    }
}

#[test]
fn nothing_is_emulated_against_the_callers_will() {
    let script = [PREAUTH, SELECT, "C: NOOP\nS: $ OK done\n"].concat();
    let steps = ["connect:127.0.0.1", "select:INBOX", "move:1:other", "sort:DATE:ALL", "idle:1000", "noop"];
    let lines = played(&script, &["number:111:0"], &steps);
    for (line, capability) in lines[2..5].iter().zip(["MOVE", "SORT", "IDLE"]) {
        let expected =
            format!("IMAP_ERR_UNSUPPORTED usable=1: the server does not have {capability}; nothing was sent");
        assert!(line.contains(&expected), "{line}");
    }
    assert_eq!(lines[5], "noop:");
}

#[test]
fn sets_are_ascending_and_as_long_as_the_line() {
    let set: Vec<String> = (0..60).map(|n| format!("{}", 1_000_000_000 + 2 * n)).rev().collect();
    let fetch = format!("fetch:{}:FLAGS", set.join(","));
    let piece = |first: usize, last: usize| {
        let numbers: Vec<String> = (first..last).map(|n| format!("{}", 1_000_000_000 + 2 * n)).collect();
        format!("C: UID FETCH {} (UID FLAGS)\nS: $ OK done\n", numbers.join(","))
    };
    let steps = ["connect:127.0.0.1", "select:INBOX", &fetch, "fetch:9,3,4\\:5,3:FLAGS"];
    let short = "C: UID FETCH 3:5,9 (UID FLAGS)\nS: $ OK done\n";
    let whole = [PREAUTH, SELECT, &piece(0, 60), short].concat();
    assert_eq!(played(&whole, &[], &steps)[2..], ["fetch: count=0", "fetch: count=0"]);
    // 300 bytes of a line of 400 are 27 such numbers.
    let split = [PREAUTH, SELECT, &piece(0, 27), &piece(27, 54), &piece(54, 60), short].concat();
    assert_eq!(played(&split, &["number:89:400"], &steps)[2..], ["fetch: count=0", "fetch: count=0"]);
    let wrong = played(PREAUTH, &["number:89:10"], &["connect:127.0.0.1"]);
    assert!(wrong[0].contains("IMAP_ERR_INVALID"), "{wrong:?}");
}

#[test]
fn some_servers_take_shorter_lines() {
    let set: Vec<String> = (0..100).map(|n| format!("{}", 1_000_000_000 + 2 * n)).collect();
    let piece =
        |numbers: &[String]| format!("C: UID FETCH {} (UID FLAGS)\nS: $ OK done\n", numbers.join(","));
    let greeting = "S: * PREAUTH [CAPABILITY IMAP4rev1] localhost IMAP4rev1 2007f.404 at Mon, 1 Jan 2024\n";
    let script = [greeting, SELECT, &piece(&set[..68]), &piece(&set[68..])].concat();
    let fetch = format!("fetch:{}:FLAGS", set.join(","));
    let lines = played(&script, &[], &["connect:127.0.0.1", "select:INBOX", &fetch]);
    assert_eq!(lines[2], "fetch: count=0");
}

#[test]
fn what_a_server_does_not_stand_is_left_out() {
    // The number of recent messages where IMAP4rev2 is in force, and mod-sequences without CONDSTORE.
    let rev2 = [
        "S: * PREAUTH [CAPABILITY IMAP4rev2] ready\n",
        "C: ENABLE IMAP4rev2\nS: * ENABLED IMAP4rev2\nS: $ OK done\n",
        "C: STATUS INBOX (MESSAGES)\nS: * STATUS INBOX (MESSAGES 3)\nS: $ OK done\n",
    ];
    let steps = ["connect:127.0.0.1", "status:INBOX:MESSAGES RECENT HIGHESTMODSEQ", "status:INBOX:RECENT"];
    let lines = played(&rev2.concat(), &[], &steps);
    assert_eq!(lines[1..], ["status: INBOX messages=3 unseen=-1", "status: INBOX messages=-1 unseen=-1"]);
    // A STATUS of the selected mailbox.
    let script = [PREAUTH, SELECT, "C: STATUS INBOX (MESSAGES)\nS: $ BAD it is selected\n"].concat();
    let steps = ["connect:127.0.0.1", "select:INBOX", "status:INBOX:MESSAGES"];
    assert_eq!(played(&script, &[], &steps)[2], "status: INBOX messages=3 unseen=-1");
    // NAMESPACE, at which Exchange 2003 drops the connection.
    let greeting =
        "S: * PREAUTH [CAPABILITY IMAP4rev1 NAMESPACE] Microsoft Exchange Server 2003 IMAP4rev1 ready\n";
    let lines =
        played(&format!("{greeting}all\n"), &["number:111:0"], &["connect:127.0.0.1", "namespace", "noop"]);
    assert!(lines[1].contains("IMAP_ERR_UNSUPPORTED"), "{lines:?}");
    assert_eq!(lines[2], "noop:");
}

#[test]
fn enable_is_believed_without_its_answer() {
    let script = [
        "S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE CONDSTORE QRESYNC UTF8=ACCEPT] ready\n",
        "C: ENABLE QRESYNC CONDSTORE UTF8=ACCEPT\nS: $ OK done\n",
        "C: ENABLE CONDSTORE\nS: * ENABLED\nS: $ OK done\n",
    ];
    let steps = [
        "connect:127.0.0.1",
        "enable:QRESYNC CONDSTORE UTF8=ACCEPT",
        "enabled:QRESYNC",
        "enabled:UTF8=ACCEPT",
    ];
    let lines = played(&script.concat(), &[], &[&steps[..], &["enable:CONDSTORE", "summary"]].concat());
    assert_eq!(lines[1..5], ["enable: QRESYNC CONDSTORE", "enabled: 1", "enabled: 0", "enable:"]);
    assert!(lines[5].ends_with("| QRESYNC CONDSTORE | idle=0"), "{}", lines[5]);
    shows("scripted", &["C5", "C6", "ENABLE"]);
}

/// `C: STATUS` of the mailboxes from `first` to `last`.
fn asked(first: usize, last: usize) -> String {
    (first..=last).map(|n| format!("C: STATUS *box{n}* (MESSAGES)\n")).collect()
}

/// OK to the last `count` of them.
fn answered(count: usize) -> String {
    (1..=count).rev().map(|n| format!("reply {n}\n")).collect()
}

#[test]
fn no_more_at_once_than_a_server_takes() {
    let exchange = "S: * PREAUTH [CAPABILITY IMAP4rev1] The Microsoft Exchange IMAP4 service is ready.\n";
    let script =
        [exchange, &asked(1, 25), "quiet 100\n", &answered(25), &asked(26, 30), &answered(5)].concat();
    assert_eq!(played(&script, &[], &["connect:127.0.0.1", "many:30"])[1], "many:");
    // Others take more, until one of them says BAD: then half of it, and what was refused is asked again.
    let refused = format!("reply 30 BAD too many\nquiet 100\n{}", answered(29));
    let slower = [&asked(1, 15), "quiet 100\n", &answered(15), &asked(16, 20), &answered(5)]
        .map(|text: &str| text.to_owned());
    let script =
        [PREAUTH, &asked(1, 30), &refused, &asked(1, 1), "S: $ OK done\n", &slower.concat()].concat();
    let lines = played(&script, &[], &["connect:127.0.0.1", "many:30", "many:20"]);
    assert_eq!(lines[1..], ["many:", "many:"]);
    // One that is refused again is wrong.
    let script = [PREAUTH, &asked(1, 2), "reply 2 BAD no\nreply 1\n", &asked(1, 1), "S: $ BAD no\n"].concat();
    let lines = played(&script, &[], &["connect:127.0.0.1", "many:2"]);
    assert!(lines[1].starts_with("many: IMAP_ERR_BAD"), "{lines:?}");
}

#[test]
fn line_ends_are_made_crlf_on_request() {
    // Bare LF, bare CR, CRLF, one at the end; the size that is announced is that of what is sent.
    let message = "append:INBOX:a\\nb\\rc\\r\\nd\\n\\r\\re\\n";
    let fitted = "C: APPEND INBOX {19}\nS: + go\nL: 19\nc: \nS: $ OK done\n";
    let server = Scripted::new(&[PREAUTH, fitted].concat());
    let port = format!("number:1:{}", server.port);
    let arguments = [port.as_str(), "number:2:2", "number:94:1", "connect:127.0.0.1", message];
    let out = run(&test_program("steps"), &arguments, &[]).success();
    assert!(out.ends_with("append: uids= sources= origin=0\n"), "{out}");
    let sent = server.join();
    assert_eq!(sent[1], "a\r\nb\r\nc\r\nd\r\n\r\n\r\ne\r\n");
    // Unasked, they are left as they are.
    let script = [PREAUTH, "C: APPEND INBOX {13}\nS: + go\nL: 13\nc: \nS: $ OK done\n"].concat();
    assert_eq!(played(&script, &[], &["connect:127.0.0.1", message])[1], "append: uids= sources= origin=0");
    shows("scripted", &["AP2"]);
}
