//! What is known of the connection: its state, its capabilities, the selected mailbox, and what the server told unasked.

mod support;

use support::program::{run, test_program};
use support::scripted::Scripted;
use support::shows;

/// Plays a script to steps; gives what each step printed.
fn played(script: &str, arguments: &[&str]) -> Vec<String> {
    let server = Scripted::new(script);
    let port = format!("number:1:{}", server.port);
    let options = [port.as_str(), "number:2:2", "number:46:1", "number:63:2000", "number:64:300"];
    let output = run(&test_program("steps"), &[&options[..], arguments].concat(), &[]);
    if output.code != Some(0) {
        panic!("{}\n{}\n{:#?}", output.out, output.err, server.abandon());
    }
    server.join();
    output.out.lines().skip(5).map(str::to_owned).collect()
}

#[test]
fn capabilities_are_kept_and_forgotten_when_they_must_be() {
    let bare = "S: * OK ready\n";
    let asked = "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1 FIRST AUTH=PLAIN\nS: $ OK done\n";
    let told = "S: * OK [CAPABILITY IMAP4rev1 FIRST AUTH=PLAIN SASL-IR] ready\n";
    let again = "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1 SECOND\nS: $ OK done\n";
    let noop = "C: NOOP\nS: $ OK done\n";
    let plain = "C: AUTHENTICATE PLAIN *\n";
    let login = "C: LOGIN *\n";
    let by_login = told.replace(" AUTH=PLAIN", "");
    let preauth = "S: * PREAUTH [CAPABILITY IMAP4rev1 FIRST] ready\n";
    let select = "C: SELECT INBOX\nS: * 1 EXISTS\nS: $ OK [CAPABILITY IMAP4rev1 SECOND] done\n";
    let enter = "login:a:b";
    let (first, second) = ("has:FIRST", "has:SECOND");
    // Script, steps behind the connecting, and what they print.
    let cases: Vec<(&str, String, Vec<&str>, Vec<&str>)> = vec![
        (
            "asked for when the greeting does not tell them",
            format!("{bare}{asked}{noop}"),
            vec![first, "noop"],
            vec!["has: 1", "noop:"],
        ),
        (
            "taken from the greeting, nothing is sent",
            format!("{told}{noop}"),
            vec![first, "noop"],
            vec!["has: 1", "noop:"],
        ),
        (
            "asked about without sending, any number of times",
            format!("{told}{noop}"),
            vec![first, first, second, "noop"],
            vec!["has: 1", "has: 1", "has: 0", "noop:"],
        ),
        ("names in any case", told.to_owned(), vec!["has:first", "has:imap4REV1"], vec!["has: 1", "has: 1"]),
        (
            "mechanisms among them",
            told.to_owned(),
            vec!["has:AUTH=PLAIN", "has:auth=plain", "has:AUTH=X"],
            vec!["has: 1", "has: 1", "has: 0"],
        ),
        (
            "asked for anew on request",
            format!("{told}{again}"),
            vec!["capability", first, second],
            vec!["capability: told", "has: 0", "has: 1"],
        ),
        (
            "replaced by the OK of a login",
            format!("{by_login}{login}S: $ OK [CAPABILITY IMAP4rev1 SECOND] in\n"),
            vec![enter, first, second],
            vec!["login:", "has: 0", "has: 1"],
        ),
        (
            "replaced by what comes before that OK",
            format!("{by_login}{login}S: * CAPABILITY IMAP4rev1 SECOND\nS: $ OK in\n"),
            vec![enter, first, second],
            vec!["login:", "has: 0", "has: 1"],
        ),
        (
            "asked for after a login that does not tell them",
            format!("{by_login}{login}S: $ OK in\n{again}"),
            vec![enter, first, second],
            vec!["login:", "has: 0", "has: 1"],
        ),
        (
            "replaced by the OK of AUTHENTICATE",
            format!("{told}{plain}S: $ OK [CAPABILITY IMAP4rev1 SECOND] in\n"),
            vec![enter, first, second],
            vec!["login:", "has: 0", "has: 1"],
        ),
        (
            "asked for after an AUTHENTICATE that does not tell them",
            format!("{told}{plain}S: $ OK in\n{again}"),
            vec![enter, first, second],
            vec!["login:", "has: 0", "has: 1"],
        ),
        (
            "kept when a login fails",
            format!("{by_login}{login}S: $ NO wrong\n{noop}"),
            vec![enter, first, "noop"],
            vec!["login: IMAP_ERR_AUTH usable=1: LOGIN: the server said NO: wrong", "has: 1", "noop:"],
        ),
        (
            "kept when an AUTHENTICATE fails",
            format!("{told}{plain}S: $ NO wrong\n{noop}"),
            vec![enter, first, "noop"],
            vec!["login: IMAP_ERR_AUTH usable=1: LOGIN: the server said NO: wrong", "has: 1", "noop:"],
        ),
        (
            "kept over SELECT, unless it tells others",
            format!("{preauth}{select}"),
            vec![first, "select:INBOX", second, "summary"],
            vec![
                "has: 1",
                "select:",
                "has: 1",
                "summary: PLAINTEXT selected INBOX | IMAP4rev1 | IMAP4REV1 SECOND |",
            ],
        ),
        (
            "taken from an untagged line at any time",
            format!("{told}C: NOOP\nS: * CAPABILITY IMAP4rev1 SECOND\nS: $ OK done\n"),
            vec!["noop", first, second],
            vec!["noop:", "has: 0", "has: 1"],
        ),
        ("PREAUTH tells them too", format!("{preauth}{noop}"), vec![first, "noop"], vec!["has: 1", "noop:"]),
        (
            "a server that cannot tell them is used without any",
            format!("{bare}C: CAPABILITY\nS: $ BAD what\n{noop}"),
            vec![first, "noop"],
            vec!["has: 0", "noop:"],
        ),
        (
            "gone with the connection, and asked for on the next",
            format!("{told}C: NOOP\nclose\nagain\n{bare}{again}"),
            vec!["noop", "reconnect", first, second],
            vec!["noop: IMAP_ERR_CLOSED", "reconnect:", "has: 0", "has: 1"],
        ),
    ];
    assert_eq!(cases.len(), 18);
    for (what, script, steps, expected) in cases {
        let got = played(&script, &[&["connect:127.0.0.1"], &steps[..]].concat());
        for (got, expected) in got[1..].iter().zip(&expected) {
            assert!(got.starts_with(expected), "{what}: {got} is not {expected}");
        }
    }
    shows("scripted", &["C1", "C2", "C3", "C4"]);
}

#[test]
fn every_state_and_how_it_is_left() {
    let script = [
        "S: * OK [CAPABILITY IMAP4rev1 UNSELECT] ready\n",
        "C: LOGIN *\nS: $ NO wrong\n",
        "C: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1 UNSELECT] in\n",
        "C: SELECT INBOX\nS: * 1 EXISTS\nS: $ OK [READ-WRITE] done\n",
        "C: SELECT none\nS: $ NO [NONEXISTENT] no\n",
        "C: EXAMINE INBOX\nS: * 1 EXISTS\nS: $ OK [READ-ONLY] done\n",
        "C: CLOSE\nS: $ OK done\n",
        "C: SELECT INBOX\nS: * 1 EXISTS\nS: $ OK done\nC: UNSELECT\nS: $ OK done\n",
        "C: SELECT INBOX\nS: * 1 EXISTS\nS: $ OK done\nC: NOOP\nS: * OK [CLOSED] gone\nS: $ OK done\n",
        "C: NOOP\nS: * BYE enough\nclose\n",
    ];
    let steps = [
        "start:127.0.0.1",
        "connect:127.0.0.1",
        "state",
        "login:a:b",
        "state",
        "login:a:b",
        "state",
        "select:INBOX",
        "summary",
        "state",
        "select:none",
        "state",
        "examine:INBOX",
        "state",
        "close",
        "state",
        "select:INBOX",
        "unselect",
        "state",
        "select:INBOX",
        "noop",
        "state",
        "noop",
        "state",
        "summary",
    ];
    let lines = played(&script.concat(), &steps[1..]);
    let states: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("state: ")).collect();
    assert_eq!(states, ["1", "1", "2", "3", "2", "3", "2", "2", "2", "4"]);
    assert_eq!(lines[7], "summary: PLAINTEXT selected INBOX | IMAP4rev1 | IMAP4REV1 UNSELECT | | idle=0");
    assert!(lines[23].starts_with("summary: PLAINTEXT logged out | "), "{}", lines[23]);
    shows("scripted", &["N17", "N19", "N21"]);
}

#[test]
fn what_a_state_forbids_is_not_sent() {
    let script = "S: * OK [CAPABILITY IMAP4rev1 ENABLE IDLE] ready\nC: LOGIN *\nS: $ OK [CAPABILITY IMAP4rev1 ENABLE IDLE] in\n\
                  C: NOOP\nS: $ OK done\n";
    let not_yet = [
        "list::*",
        "status:INBOX:MESSAGES",
        "select:INBOX",
        "create:x",
        "append:INBOX:hello",
        "idle:100",
        "enable:X",
    ];
    let unselected =
        ["fetch:1:FLAGS", "search:ALL", "store:1:FLAGS ()", "copy:1:x", "expunge", "close", "check"];
    let steps =
        [&["connect:127.0.0.1"][..], &not_yet, &["login:a:b"], &unselected, &["login:a:b", "noop"]].concat();
    let lines = played(script, &steps);
    for line in &lines[1..8] {
        assert!(line.contains("IMAP_ERR_STATE usable=1: not logged in: call imap_login() first"), "{line}");
    }
    for line in &lines[9..16] {
        assert!(
            line.contains("IMAP_ERR_STATE usable=1: no mailbox is selected: call imap_select() first"),
            "{line}"
        );
    }
    assert!(lines[16].contains("IMAP_ERR_STATE usable=1: logged in already"), "{}", lines[16]);
    assert_eq!(lines[17], "noop:");
    shows("scripted", &["N18"]);
}

#[test]
fn the_selected_mailbox_follows_what_is_told() {
    let script = [
        "S: * PREAUTH [CAPABILITY IMAP4rev1] ready\n",
        "C: SELECT INBOX\nS: * 3 EXISTS\nS: * 1 RECENT\nS: $ OK [READ-WRITE] done\n",
        "C: NOOP\nS: * 4 EXISTS\nS: * 2 RECENT\nS: $ OK done\n",
        "C: NOOP\nS: * OK [READ-ONLY] it is now\nS: $ OK done\n",
        "C: NOOP\nS: * OK [READ-WRITE] again\nS: $ OK done\n",
        "C: UID STORE 1 +FLAGS (\\Seen)\nS: $ OK done\n",
    ];
    let steps = [
        "connect:127.0.0.1",
        "select:INBOX",
        "recent",
        "noop",
        "recent",
        "events",
        "events",
        "noop",
        "recent",
        "events",
        "store:1:+FLAGS (\\\\Seen)",
        "noop",
        "store:1:+FLAGS (\\\\Seen)",
    ];
    let lines = played(&script.concat(), &steps);
    assert_eq!((lines[2].as_str(), lines[4].as_str()), ("recent: 1 read_only=0", "recent: 2 read_only=0"));
    // Each is told once.
    assert_eq!(lines[5..7], ["events: [EXISTS 4] [RECENT 2]", "events:"]);
    assert_eq!(
        (lines[8].as_str(), lines[9].as_str()),
        ("recent: 2 read_only=1", "events: [OK it is now (READ-ONLY)]")
    );
    assert!(lines[10].starts_with("store: IMAP_ERR_READ_ONLY usable=1"), "{}", lines[10]);
    assert_eq!(lines[12], "store: count=0");
    shows("scripted", &["C9", "C10", "M3", "H1", "H2", "H4", "K11"]);
}

#[test]
fn a_long_command_tells_how_far_it_is() {
    let script = "S: * PREAUTH [CAPABILITY IMAP4rev1 INPROGRESS] ready\n\
                  C: CHECKALL\nS: * OK [INPROGRESS (\"$TAG\" 175 1000)] processed 17%\nwait 50\nS: $ OK done\n\
                  C: CHECKALL\nS: * OK [INPROGRESS (\"$TAG\" 175 NIL)] going on\nwait 50\nS: $ OK done\n\
                  C: CHECKALL\nS: * OK [INPROGRESS (\"other\" 175 1000)] another's\nwait 50\nS: $ OK done\n\
                  C: CHECKALL\nS: * OK [INPROGRESS] still\nwait 50\nS: $ OK done\n";
    let steps = [
        "connect:127.0.0.1",
        "progress:CHECKALL",
        "progress:CHECKALL",
        "progress:CHECKALL",
        "progress:CHECKALL",
    ];
    let lines = played(script, &steps);
    assert_eq!(lines[1], "progress: processed 17% 175/1000 request 175/1000");
    assert_eq!(lines[2], "progress: going on 175/-1 request 175/-1");
    assert!(lines[3].starts_with("progress: another's 175/1000 request ") && !lines[3].ends_with("175/1000"));
    assert!(lines[4].starts_with("progress: still -1/-1 request "), "{}", lines[4]);
    shows("scripted", &["INPROGRESS"]);
}

#[test]
fn referrals_are_told_and_never_followed() {
    let login = "S: * OK [CAPABILITY IMAP4rev1 LOGIN-REFERRALS MAILBOX-REFERRALS] ready\n\
                 C: LOGIN *\nS: $ NO [REFERRAL imap://user;AUTH=*@SERVER2/] Specified user is invalid on this server. Try SERVER2.\n\
                 C: LOGIN *\nS: $ OK [REFERRAL imap://MATTHEW@SERVER2/] in, but go there\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK done\n\
                 C: SELECT shared\nS: $ NO [REFERRAL imap://user;AUTH=*@SERVER2/SHARED/FOO] Remote mailbox. Try SERVER2.\n\
                 C: NOOP\nS: $ OK done\n";
    let steps = ["connect:127.0.0.1", "login:a:b", "login:a:b", "select:shared", "noop"];
    let lines = played(login, &steps);
    assert!(
        lines[1].starts_with("login: IMAP_ERR_AUTH usable=1 code=REFERRAL(imap://user;AUTH=*@SERVER2/): "),
        "{}",
        lines[1]
    );
    assert_eq!(lines[2], "login:");
    assert!(
        lines[3].starts_with(
            "select: IMAP_ERR_NO usable=1 code=REFERRAL(imap://user;AUTH=*@SERVER2/SHARED/FOO): "
        ),
        "{}",
        lines[3]
    );
    assert_eq!(lines[4], "noop:");
    // A greeting may send the client away as well.
    let bye = "S: * BYE [REFERRAL imap://user;AUTH=*@SERVER2/] Server not accepting connections. Try SERVER2\nclose\n";
    let lines = played(bye, &["connect:127.0.0.1"]);
    assert!(
        lines[0]
            .starts_with("connect: IMAP_ERR_CLOSED usable=0 code=REFERRAL(imap://user;AUTH=*@SERVER2/): "),
        "{}",
        lines[0]
    );
    shows("scripted", &["LOGIN-REFERRALS", "MAILBOX-REFERRALS"]);
}
