//! What real servers do against the rules, where it takes a dialogue to show what follows: the rows of tests/quirks.md
//! that no case of tests/wire can show.

mod support;

use support::is_like;
use support::program::{run, test_program};
use support::scripted::{Play, Scripted};

const PREAUTH: &str = "S: * PREAUTH [CAPABILITY IMAP4rev1 UIDPLUS] ready\n";
const SELECT: &str = "C: SELECT INBOX\nS: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK [READ-WRITE] done\n";

/// Plays a script to steps; gives what each printed, and what the server took.
fn told(script: &str, steps: &[&str]) -> (Vec<String>, Vec<String>) {
    told_by(Scripted::new(script), steps)
}

fn told_by(server: Scripted, steps: &[&str]) -> (Vec<String>, Vec<String>) {
    let port = format!("number:1:{}", server.port);
    let options = [port.as_str(), "number:2:2", "number:46:1", "number:63:2000"];
    let all = [&options[..], &["connect:127.0.0.1"], steps].concat();
    let output = run(&test_program("steps"), &all, &[]);
    if output.code != Some(0) {
        panic!("{}\n{}\n{:#?}", output.out, output.err, server.abandon());
    }
    let lines: Vec<String> = output.out.lines().skip(options.len()).map(str::to_owned).collect();
    assert_eq!(lines[0], "connect:");
    (lines[1..].to_vec(), server.join())
}

#[track_caller]
fn expect(script: &str, steps: &[(&str, &str)]) {
    let said: Vec<&str> = steps.iter().map(|(step, _)| *step).collect();
    let (lines, _) = told(script, &said);
    for ((step, expected), line) in steps.iter().zip(&lines) {
        assert!(is_like(expected, line), "{step}\n  expected {expected}\n  got      {line}");
    }
    assert_eq!(lines.len(), steps.len());
}

/// The same, logged in and with INBOX selected.
#[track_caller]
fn selected(script: &str, steps: &[(&str, &str)]) {
    let all = [&[("select:INBOX", "select: INBOX#")][..], steps].concat();
    expect(&[PREAUTH, SELECT, script].concat(), &all);
}

#[test]
fn a_bare_plus_asks_for_what_is_due() {
    let append = "C: APPEND INBOX {5}\nS: +\nL: 5\nc: \nS: $ OK done\n";
    expect(&[PREAUTH, append].concat(), &[("append:INBOX:hello", "append: uids= sources= origin=0")]);
    let plain = "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\nC: AUTHENTICATE PLAIN\nS: +\nc: AGEAYg==\nS: $ OK [CAPABILITY IMAP4rev1] in\n";
    expect(plain, &[("auth:PLAIN:a:b", "auth:")]);
}

#[test]
fn a_code_without_its_condition_belongs_to_its_command() {
    for code in ["S: * [COPYUID 55 1:2 6:7]\n", "S: [COPYUID 55 1:2 6:7]\n"] {
        selected(
            &format!("C: UID COPY 1:2 a\n{code}S: $ OK done\n"),
            &[("copy:1\\:2:a", "copy: uids=6:7 sources=1:2 origin=0")],
        );
    }
    selected(
        "C: UID COPY 1:2 a\nS: $ OK [COPYUID 701  ]\n",
        &[("copy:1\\:2:a", "copy: uids= sources= origin=0")],
    );
}

#[test]
fn lines_of_no_kind_end_nothing() {
    let script = "C: NOOP\nS: Server Unavailable. 15\nS: \nS: * Goodbye : idle timeout expired\nS: \nS: $ OK done\n\
                  C: NOOP\nS: * Goodbye : idle timeout expired\nclose\n";
    selected(
        script,
        &[
            ("noop", "noop:"),
            ("events", "events: [BAD Server Unavailable. 15] [GOODBYE#]"),
            ("noop", "noop: IMAP_ERR_CLOSED usable=0#"),
        ],
    );
}

#[test]
fn a_reply_that_is_neither_ok_nor_no_nor_bad_is_not_waited_for() {
    for reply in ["Listrights successful", "", "OKAY done"] {
        let script = format!("C: NOOP\nS: $ OK done\nC: NOOP\nS: $ {reply}\nstall\n");
        let failed = format!("noop: IMAP_ERR_PROTOCOL usable=0#neither OK, NO nor BAD#{reply}#");
        selected(&script, &[("noop", "noop:"), ("noop", &failed)]);
    }
}

#[test]
fn goodbye_before_the_no_of_an_authentication_is_its_failure() {
    let script = "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\nC: AUTHENTICATE PLAIN *\n\
                  S: * BYE disconnecting\nS: $ NO wrong password\nclose\n";
    expect(
        script,
        &[
            ("auth:PLAIN:a:b", "auth: IMAP_ERR_AUTH usable=#wrong password"),
            ("noop", "noop: IMAP_ERR_CLOSED usable=0#"),
        ],
    );
}

#[test]
fn a_login_succeeds_with_any_code_in_its_ok() {
    let script = "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\nC: AUTHENTICATE PLAIN *\n\
                  S: $ OK [Error=\"Cross Server access is not allowed ...\" AuthResultFromPopImapEnd=0 Proxy=EX1.x:1993:SSL Service=Imap4] AUTHENTICATE completed.\n\
                  C: CAPABILITY\nS: * CAPABILITY IMAP4rev1 AFTER\nS: $ OK done\n";
    expect(script, &[("auth:PLAIN:a:b", "auth:"), ("has:AFTER", "has: 1"), ("state", "state: 2")]);
}

#[test]
fn a_mailbox_that_tells_nothing_is_selected() {
    let script = "C: SELECT INBOX\nS: $ OK done\nC: UID FETCH 1:* (UID FLAGS)\nS: * 2 FETCH (UID 9 FLAGS ())\nS: $ OK done\n";
    expect(
        &[PREAUTH, script].concat(),
        &[
            (
                "select:INBOX",
                "select: INBOX exists=0 uid_next=0 uid_validity=0 read_only=0 flags= permanent=",
            ),
            ("fetch:1\\:*:FLAGS", "fetch: count=1 [uid=9 flags=]"),
        ],
    );
}

#[test]
fn words_in_another_charset_are_told_as_sent_too() {
    let script = [PREAUTH, "C: NOOP\ndata\nS: $ OK done\nstall\n"].concat();
    let play = Play { data: b"* OK Willk\xf6mmen\r\n".to_vec(), ..Play::default() };
    let (lines, _) = told_by(Scripted::play(script.into_bytes(), play), &["noop", "events"]);
    assert_eq!(lines[1], "events: [OK Willk\u{fffd}mmen 2a204f4b2057696c6c6bf66d6d656e]");
}

#[test]
fn a_throttled_client_is_told_when_to_come_back() {
    selected(
        "C: NOOP\nS: $ BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds\n",
        &[("noop", "noop: IMAP_ERR_BAD usable=1 code=THROTTLED retry_after=92415: #")],
    );
}

#[test]
fn unquoted_names_find_their_command() {
    let script = "C: STATUS \"Sent Items\" (MESSAGES)\nS: * STATUS Sent Items (MESSAGES 4)\nS: $ OK done\n\
                  C: STATUS \"Segregator/Spo&AUI-eczno&AVsBBw-ci\" (MESSAGES)\n\
                  S: * STATUS Segregator/Społecznośćci (MESSAGES 5)\nS: $ OK done\n\
                  C: STATUS INBOX (MESSAGES)\nS: * STATUS \"INBOX\" ()\nS: $ OK done\n";
    expect(
        &[PREAUTH, script].concat(),
        &[
            ("status:Sent Items:MESSAGES", "status: Sent Items messages=4 unseen=-1"),
            (
                "status:Segregator/Społecznośćci:MESSAGES",
                "status: Segregator/Społecznośćci messages=5 unseen=-1",
            ),
            ("status:INBOX:MESSAGES", "status: INBOX messages=-1 unseen=-1"),
        ],
    );
}

/// Gmail counts chats in STATUS, and not in SELECT.
#[test]
fn counts_of_status_and_select_are_kept_apart() {
    let script = "C: STATUS INBOX (MESSAGES)\nS: * STATUS INBOX (MESSAGES 8 UIDNEXT 99)\nS: $ OK done\n\
                  C: UID FETCH 1:* (UID FLAGS)\nS: * 3 FETCH (UID 3 FLAGS ())\nS: * 8 FETCH (UID 8 FLAGS ())\nS: $ OK done\n\
                  C: NOOP\nS: * STATUS INBOX (MESSAGES 9)\nS: * 4 EXISTS\nS: $ OK done\n\
                  C: STATUS INBOX (MESSAGES)\nS: * STATUS INBOX (MESSAGES 8)\nS: $ OK done\n";
    selected(
        script,
        &[
            ("status:INBOX:MESSAGES", "status: INBOX messages=8 unseen=-1"),
            ("selected", "selected: INBOX exists=3 uid_next=0 #"),
            ("fetch:1\\:*:FLAGS", "fetch: count=1 [uid=3 flags=] defect=1 responses #"),
            ("noop", "noop:"),
            ("selected", "selected: INBOX exists=4 #"),
            ("status:INBOX:MESSAGES", "status: INBOX messages=8 unseen=-1"),
        ],
    );
}

#[test]
fn flags_in_the_middle_of_a_body_are_news() {
    let script = "C: UID FETCH 1:2 (UID BODY.PEEK[])\nS: * 1 FETCH (FLAGS (\\Seen))\nS: * 1 FETCH (UID 1 BODY[] \"a\")\n\
                  S: * 1 FETCH (FLAGS ())\nS: * 2 FETCH (UID 2 BODY[] \"bc\")\nS: $ OK done\nstall\n";
    selected(
        script,
        &[
            ("fetch:1\\:2:BODY.PEEK[]", "fetch: count=2 [uid=1 BODY[]=1] [uid=2 BODY[]=2]"),
            ("events", "events: [FETCH 1] [FETCH 1]"),
        ],
    );
}

/// ESEARCH is offered, asked for, and answered with SEARCH, in pieces.
#[test]
fn an_answer_of_the_wrong_kind_is_one() {
    let script = "S: * PREAUTH [CAPABILITY IMAP4rev1 ESEARCH] ready\nC: SELECT INBOX\nS: * 9 EXISTS\nS: $ OK done\n\
                  C: UID SEARCH RETURN (COUNT ALL) ALL\nS: * SEARCH 2 5\nS: * SEARCH 9\nS: $ OK done\n";
    expect(
        script,
        &[("select:INBOX", "select: #"), ("search:RETURN (COUNT ALL) ALL", "search: set=2,5,9 total=3")],
    );
}

#[test]
fn quotas_beyond_32_bits() {
    let script = "S: * PREAUTH [CAPABILITY IMAP4rev1 QUOTA] ready\nC: GETQUOTA \"\"\n\
                  S: * QUOTA \"\" (STORAGE 4294967297 9007199254740993)\nS: $ OK done\n";
    expect(script, &[("getquota:", "getquota: [ STORAGE=4294967297/9007199254740993]")]);
}

#[test]
fn prompts_of_a_login_say_anything() {
    // "User Name" and NUL, "Password" and NUL; "Username:"; in German; nothing at all.
    for (user, password) in [
        ("VXNlciBOYW1lAA==", "UGFzc3dvcmQA"),
        ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"),
        ("QmVudXR6ZXI=", "S2VubndvcnQ="),
        ("", ""),
    ] {
        let script = format!(
            "S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] ready\nC: AUTHENTICATE LOGIN\nS: + {user}\nc: dGlt\n\
             S: + {password}\nc: c2VjcmV0\nS: $ OK [CAPABILITY IMAP4rev1] in\n"
        );
        expect(&script, &[("auth:LOGIN:tim:secret", "auth:"), ("state", "state: 2")]);
    }
}

#[test]
fn tags_begin_with_a_letter_and_passwords_are_quoted() {
    let script = "S: * OK [CAPABILITY IMAP4rev1] ready\nC: LOGIN \"tim\" \"a \\\\\\\"{3}%*\"\nS: $ OK [CAPABILITY IMAP4rev1] in\n";
    let (lines, sent) = told(script, &["login:tim:a \\\\\"{3}%*"]);
    assert_eq!(lines, ["login:"]);
    assert!(sent[0].starts_with(|first: char| first.is_ascii_uppercase()), "{sent:?}");
}

#[test]
fn lines_are_no_longer_than_servers_take() {
    let set: Vec<String> = (0..2000).map(|n| format!("{}", 1_000_000_000 + 2 * n)).collect();
    let script = [PREAUTH, SELECT, &"C: UID FETCH * (UID FLAGS)\nS: $ OK done\n".repeat(4), "all\n"].concat();
    let fetch = format!("fetch:{}:FLAGS", set.join(","));
    let (lines, sent) = told(&script, &["select:INBOX", &fetch, "noop"]);
    assert_eq!(lines[1..], ["fetch: count=0", "noop:"]);
    let longest = sent.iter().map(String::len).max().unwrap_or_default();
    assert!(sent.len() > 3 && longest <= 8000, "{} lines, the longest of {longest}", sent.len());
}

#[test]
fn the_space_before_header_names_is_left_out_where_it_is_not_understood() {
    let answer = "S: * 3 FETCH (UID 3 BODY[HEADER.FIELDS(REFERENCES)] \"ab\")\nS: $ OK done\n";
    let script = format!(
        "C: UID FETCH 3 (UID BODY.PEEK[HEADER.FIELDS (References To)] FLAGS)\nS: $ BAD parse error\n\
         C: UID FETCH 3 (UID BODY.PEEK[HEADER.FIELDS(References To)] FLAGS)\nS: $ OK done\n\
         C: UID FETCH 3 (UID BODY.PEEK[2.HEADER.FIELDS.NOT(\"References\")]<0.9>)\n{answer}\
         C: UID FETCH 3 (UID FLAGS)\nS: $ BAD no\n"
    );
    selected(
        &script,
        &[
            ("fetch:3:BODY.PEEK[HEADER.FIELDS (References To)] FLAGS", "fetch: count=0"),
            (
                "fetch:3:BODY.PEEK[2.HEADER.FIELDS.NOT (?)]<0.9>:References",
                "fetch: count=1 [uid=3 BODY[HEADER.FIELDS (REFERENCES)]=2]",
            ),
            ("fetch:3:FLAGS", "fetch: IMAP_ERR_BAD #"),
        ],
    );
    // Where that is not what it did not understand, nothing is learnt.
    let script = "C: UID FETCH 3 (UID BODY[HEADER.FIELDS (TO)])\nS: $ BAD no\nC: UID FETCH 3 (UID BODY[HEADER.FIELDS(TO)])\nS: $ BAD no\n\
                  C: UID FETCH 3 (UID BODY[HEADER.FIELDS (TO)])\nS: $ OK done\n";
    let step = "fetch:3:BODY[HEADER.FIELDS (TO)]";
    selected(script, &[(step, "fetch: IMAP_ERR_BAD #"), (step, "fetch: count=0")]);
}
