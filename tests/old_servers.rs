//! Servers of other times: the examples run against each, and what their standards lack is not sent.

mod support;

use support::certificates::Certificates;
use support::old::{self, Age};
use support::program::{example, run, test_program};
use support::scripted::Scripted;
use support::{Folder, shows};

#[test]
fn the_examples_run_against_each() {
    let made = Certificates::new();
    let ca = made.path("ca.pem");
    for age in [Age::Rfc1730, Age::Rev1, Age::Rev2] {
        let url = format!("imaps://ann@localhost:{}/", old::start(age, made.acceptor("good")));
        let environment = [("IMAP_PASSWORD", "secret"), ("IMAP_CA_FILE", ca.as_str())];
        let ran = |name: &str, arguments: &[&str]| {
            let output = run(&example(name), &[&[url.as_str()], arguments].concat(), &environment);
            assert_eq!(output.code, Some(0), "{age:?} {name}: {}\n{}", output.out, output.err);
            output.out
        };
        let inbox = ran("inbox", &[]);
        assert!(inbox.contains("Ann") && inbox.contains("3 messages in INBOX"), "{age:?}: {inbox}");
        match age {
            // IMAP4rev2 knows of no recent messages: the example says so, and that nothing was sent.
            Age::Rev2 => {
                let output = run(&example("recent"), &[&url], &environment);
                assert!(
                    output.code == Some(1) && output.err.contains("SEARCH"),
                    "{}{}",
                    output.out,
                    output.err
                );
            }
            _ => assert_eq!(ran("recent", &[]), "Ann: \tone\nAnn: \ttwo\nAnn: \tthree\n"),
        }
        assert_eq!(ran("concurrent", &["two"]), "3 messages, 1 of them with \"two\"\n");
        let all = ran("print_all", &["INBOX"]);
        assert!(all.contains("Message 5\n") && all.contains("\r\nHello two\r\n"), "{age:?}: {all}");
        let folder = Folder::new();
        let place = folder.0.display().to_string();
        assert_eq!(ran("backup", &["INBOX", &place]), "3 new messages of 3\n");
        let saved = std::fs::read_to_string(folder.0.join("7-9.eml")).expect("a message");
        assert!(saved.ends_with("Hello three\r\n"), "{saved}");
        assert_eq!(ran("move_by_month", &["INBOX", "2003-04", "April"]), "2 messages moved to April\n");
        assert_eq!(ran("backup", &["INBOX", &place]), "0 new messages of 1\n");
        let file = folder.0.join("message.eml");
        std::fs::write(&file, "From: a@b.c\nSubject: from a file\n\nhello\n").expect("a file");
        ran("append_file", &["April", &file.display().to_string()]);
        assert!(ran("print_all", &["April"]).contains("Subject: from a file"), "{age:?}");
        if age != Age::Rfc1730 {
            let watched = run(&example("watch"), &["1", &url, "INBOX", "April"], &environment);
            // IMAP4rev2 has IDLE by itself.
            let means = if age == Age::Rev2 { "IDLE and STATUS" } else { "NOOP and STATUS" };
            let begins = watched.out.starts_with(&format!("watching by {means}\n"));
            assert!(begins, "{}{}", watched.out, watched.err);
            assert!(watched.out.contains("April: 3 messages\n"), "{}", watched.out);
        }
    }
    shows("scripted", &["V9"]);
}

/// Plays a script to steps; gives what each step printed.
fn played(script: &str, arguments: &[&str]) -> Vec<String> {
    let server = Scripted::new(script);
    let port = format!("number:1:{}", server.port);
    let options = [port.as_str(), "number:2:2", "number:46:1", "number:63:2000"];
    let output = run(&test_program("steps"), &[&options[..], arguments].concat(), &[]);
    assert_eq!(output.code, Some(0), "{}\n{}\n{:#?}", output.out, output.err, server.abandon());
    server.join();
    output.out.lines().skip(4).map(str::to_owned).collect()
}

#[test]
fn a_server_of_rfc_1730() {
    let script = [
        "S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4 X-OLD\nS: $ OK done\n",
        "C: LOGIN \"a\" \"b\"\nS: $ OK in\nC: CAPABILITY\nS: * CAPABILITY IMAP4\nS: $ OK done\n",
        "C: SELECT INBOX\nS: * FLAGS (\\Seen)\nS: * 2 EXISTS\nS: * 0 RECENT\nS: $ OK [READ-WRITE] done\n",
        "C: UID FETCH 1:* (UID RFC822.PEEK)\nS: * 1 FETCH (UID 4 RFC822 {5}\nS: hello)\nS: $ OK done\n",
        "C: UID FETCH 4 (UID RFC822.HEADER RFC822.TEXT)\nS: * 1 FETCH (UID 4 RFC822.HEADER {2}\nS: ab RFC822.TEXT \"c\")\nS: $ OK done\n",
        "C: CHECK\nS: $ OK done\nC: LSUB \"\" \"*\"\nS: * LSUB () \"/\" INBOX\nS: $ OK done\n",
    ];
    let steps = [
        "connect:127.0.0.1",
        "login:a:b",
        "select:INBOX",
        "fetch:1\\:*:BODY.PEEK[]",
        "fetch:4:BODY.PEEK[HEADER] BODY[TEXT]",
        "check",
        "lsub::*",
        "status:INBOX:MESSAGES",
        "expunge:4",
        "unselect",
        "summary",
    ];
    let lines = played(&script.concat(), &steps);
    assert_eq!(lines[3], "fetch: count=1 [uid=4 RFC822=5]");
    assert_eq!(lines[4], "fetch: count=1 [uid=4 RFC822.HEADER=2 RFC822.TEXT=1]");
    assert_eq!(lines[5..7], ["check:", "lsub: count=1 [INBOX]"]);
    for (line, lacking) in lines[7..10].iter().zip(["STATUS", "UIDPLUS", "UNSELECT"]) {
        assert!(
            line.contains(&format!("IMAP_ERR_UNSUPPORTED usable=1: the server does not have {lacking}")),
            "{line}"
        );
    }
    assert_eq!(lines[10], "summary: PLAINTEXT selected INBOX | IMAP4 | IMAP4 | | idle=0");
    shows("scripted", &["V9", "N19"]);
}

#[test]
fn a_server_that_speaks_imap4rev2_alone() {
    let greeting = "S: * OK [CAPABILITY IMAP4rev2] ready\n";
    let login = "C: LOGIN \"a\" \"b\"\nS: $ OK [CAPABILITY IMAP4rev2] in\nC: ENABLE IMAP4rev2\nS: * ENABLED IMAP4rev2\nS: $ OK done\n";
    let script = [
        greeting,
        login,
        // Names and texts are in UTF-8.
        "C: SELECT \"Entwürfe\"\nS: * FLAGS (\\Seen)\nS: * 2 EXISTS\nS: * LIST () \"/\" \"Entwürfe\"\nS: $ OK [READ-WRITE] done\n",
        "C: UID SEARCH SUBJECT \"Zoë\"\nS: * ESEARCH (TAG \"$TAG\") UID ALL 4,7\nS: $ OK done\n",
        "C: UID SEARCH ALL\nS: * ESEARCH (TAG \"$TAG\") UID\nS: $ OK done\n",
        "C: LIST (SUBSCRIBED) \"\" \"*\"\nS: * LIST (\\Subscribed) \"/\" \"Entwürfe\"\nS: $ OK done\n",
        "C: NOOP\nS: $ OK done\n",
        "C: STATUS \"Entwürfe\" (DELETED SIZE)\nS: * STATUS \"Entwürfe\" (DELETED 1 SIZE 90)\nS: $ OK done\n",
        "C: NAMESPACE\nS: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: $ OK done\n",
        "C: UID MOVE 4 \"Übrig\"\nS: * OK [COPYUID 7 4 1] moved\nS: * 1 EXPUNGE\nS: $ OK done\n",
        "C: UNSELECT\nS: $ OK done\n",
    ];
    let steps = [
        "connect:127.0.0.1",
        "login:a:b",
        "enabled:IMAP4rev2",
        "select:Entwürfe",
        "search:SUBJECT ?:Zoë",
        "search:ALL",
        "lsub::*",
        "check",
        "status:Entwürfe:DELETED SIZE RECENT",
        "namespace",
        "move:4:Übrig",
        "unselect",
        "summary",
    ];
    let lines = played(&script.concat(), &steps);
    let expected = [
        "enabled: 1",
        "select: Entwürfe exists=2 uid_next=0 uid_validity=0 read_only=0 flags=\\Seen permanent=",
        "search: set=4,7 total=-1",
        "search: set= total=-1",
        "lsub: count=1 [Entwürfe]",
        "check:",
        "status: Entwürfe messages=-1 unseen=-1",
        "namespace: personal=1 prefix=\"\" delimiter=/",
        "move: uids=1 sources=4 origin=0",
        "unselect:",
        "summary: PLAINTEXT authenticated | IMAP4rev2 | IMAP4REV2 | IMAP4REV2 | idle=0",
    ];
    assert_eq!(lines[2..], expected);
    shows("scripted", &["N19"]);
}

#[test]
fn imap4rev2_where_rev1_is_spoken_too_is_on_request() {
    let both = "CAPABILITY IMAP4rev1 IMAP4rev2 ENABLE";
    let script = [
        &format!("S: * PREAUTH [{both}] ready\n"),
        "C: SELECT \"Entw&APw-rfe\"\nS: * 2 EXISTS\nS: * 1 RECENT\nS: $ OK done\n",
        "C: CLOSE\nS: $ OK done\nC: ENABLE IMAP4rev2\nS: * ENABLED IMAP4rev2\nS: $ OK done\n",
        "C: SELECT \"Entwürfe\"\nS: * 2 EXISTS\nS: $ OK done\nC: NOOP\nS: $ OK done\n",
    ];
    let steps =
        ["connect:127.0.0.1", "select:Entwürfe", "close", "enable:IMAP4rev2", "select:Entwürfe", "check"];
    let lines = played(&script.concat(), &steps);
    assert!(
        lines[1].starts_with("select: Entwürfe exists=2")
            && lines[4].starts_with("select: Entwürfe exists=2")
    );
    assert_eq!((lines[3].as_str(), lines[5].as_str()), ("enable: IMAP4REV2", "check:"));
    shows("scripted", &["IMAP4rev2"]);
}
