//! Answers taken item by item, bodies and uploads piece by piece, against a server that plays scripts.

mod support;

use support::certificates::Certificates;
use support::program::{run_for, test_program};
use support::scripted::{Play, Scripted};

const GREETING: &str = "S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS] ready\n";
const SELECT: &str =
    "C: SELECT INBOX\nS: * 9000 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK [READ-WRITE] done\n";
const NOOP: &str = "C: NOOP\nS: $ OK done\n";

/// Plays a script to a scenario of a C program, whole and byte by byte.
fn plays(program: &str, scenario: &str, script: &str, options: &[&str]) -> String {
    let small = script.len() < 2000 && !script.contains("bytes ") && !script.contains("fetches");
    if small {
        played(program, scenario, script, options, Play { step: Some(1), ..Play::default() });
    }
    played(program, scenario, script, options, Play::default())
}

fn played(program: &str, scenario: &str, script: &str, options: &[&str], play: Play) -> String {
    recorded(program, scenario, script, options, play).0
}

/// What the client sent.
fn sent(program: &str, scenario: &str, script: &str, options: &[&str]) -> Vec<String> {
    recorded(program, scenario, script, options, Play::default()).1
}

/// What the program printed, and what the client sent.
fn recorded(
    program: &str,
    scenario: &str,
    script: &str,
    options: &[&str],
    play: Play,
) -> (String, Vec<String>) {
    let is_tls = play.acceptor.is_some();
    let server = Scripted::play(script.as_bytes().to_vec(), play);
    let (port, tls) = (format!("1:{}", server.port), if is_tls { "2:0" } else { "2:2" });
    let mut arguments = vec![scenario, &port, tls, "46:1", "93:2000"];
    arguments.extend(options);
    let output = run_for(&test_program(program), &arguments, &[], 120);
    let code = output.code;
    if code != Some(0) {
        println!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
        panic!("{program} {scenario} failed");
    }
    (output.out, server.join())
}

fn streams(scenario: &str, script: &str) -> String {
    plays("streams", scenario, &[GREETING, SELECT, script].concat(), &[])
}

#[test]
fn messages_come_one_at_a_time() {
    streams("messages", &["C: FETCH 1:3 (UID FLAGS)\nfetches 3\nS: $ OK done\n", NOOP].concat());
    support::shows("scripted", &["V6"]);
}

#[test]
fn a_stream_that_fails_says_so_each_time() {
    streams("refused", &["C: UID FETCH 1 (UID FLAGS)\nS: $ NO [SERVERBUG] sorry\n", NOOP].concat());
}

#[test]
fn streams_with_previews_end_when_they_are_given_up() {
    let which = "C: UID FETCH 1:2 (UID)\nfetches 2\nS: $ OK done\n";
    let structures = "C: UID FETCH 1:2 (UID BODYSTRUCTURE)\n\
        S: * 1 FETCH (UID 1 BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 2 1))\n\
        S: * 2 FETCH (UID 2 BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 2 1))\n";
    let texts = "S: $ OK done\nC: UID FETCH 1:2 (UID BODY.PEEK[1]<0.2048>)\n\
        S: * 1 FETCH (UID 1 BODY[1]<0> \"hi\")\nS: * 2 FETCH (UID 2 BODY[1]<0> \"ho\")\nS: $ OK done\n";
    let script = [
        GREETING,
        SELECT,
        which,
        structures,
        "wait 1000\nS: $ OK done\n",
        NOOP,
        which,
        structures,
        texts,
        "C: UID FETCH 1:2 (UID)\nfetches 2\nS: $ OK done\n",
        NOOP,
        which,
        "C: UID FETCH 1:2 (UID BODYSTRUCTURE)\nstall\n",
    ];
    plays("streams", "previews", &script.concat(), &["63:3000"]);
}

#[test]
fn bodies_are_read_piece_by_piece() {
    streams(
        "bodies",
        "C: UID FETCH 7 (UID BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[3])\nS- * 7 FETCH (UID 7 BODY[1] {70000}\\r\\n\n\
         bytes 70000\nS-  BODY[2] {300000}\\r\\n\nbytes 300000\nS:  BODY[3] \"xxxxx\")\nS: $ OK done\n",
    );
    support::shows("scripted", &["F10"]);
}

#[test]
fn bodies_that_nobody_reads_are_held_or_skipped() {
    streams(
        "held",
        &[
            "C: UID FETCH 1:2 (UID BODY.PEEK[])\nS- * 1 FETCH (BODY[] {300000}\\r\\n\nbytes 300000\nS:  UID 1)\n",
            "S- * 2 FETCH (BODY[] {300000}\\r\\n\nbytes 300000\nS:  UID 2)\nS: $ OK done\n",
            NOOP,
        ]
        .concat(),
    );
}

#[test]
fn one_body_is_opened_by_its_name() {
    streams(
        "opened",
        "C: UID FETCH 7 (UID BODY.PEEK[1])\nS- * 7 FETCH (UID 7 BODY[1] {70000}\\r\\n\nbytes 70000\nS: )\nS: $ OK done\n\
         C: UID FETCH 7 (UID BODY.PEEK[1]<69990.4294967295>)\n\
         S: * 7 FETCH (UID 7 BODY[1]<69990> \"xxxxxxxxxx\")\nS: $ OK done\n\
         C: UID FETCH 9 (UID BODY.PEEK[1])\nS: $ OK done\n\
         C: UID FETCH 7 (UID BODYSTRUCTURE)\nS: * 7 FETCH (UID 7 BODYSTRUCTURE ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1)\
         (\"text\" \"plain\" (\"charset\" \"iso-8859-1\") NIL NIL \"quoted-printable\" 6 1) \"mixed\"))\nS: $ OK done\n\
         C: UID FETCH 7 (UID BODY.PEEK[2])\nS: * 7 FETCH (UID 7 BODY[2] \"caf=E9\")\nS: $ OK done\n",
    );
}

#[test]
fn a_body_that_is_cut_off_is_given_as_far_as_it_came() {
    let head = "S- * 7 FETCH (UID 7 BODY[1] {70000}\\r\\n\n";
    streams("cut_off", &["C: UID FETCH 7 (UID BODY.PEEK[1])\n", head, "bytes 1000\nclose\n"].concat());
}

#[test]
fn a_slow_reader_stalls_the_connection() {
    streams("stalled", &["C: FETCH 1:5000 (UID FLAGS)\nfetches 5000\nS: $ OK done\n", NOOP, NOOP].concat());
}

#[test]
fn others_wait_behind_a_stream_under_their_deadline() {
    let script = [GREETING, SELECT, "C: FETCH 1:5000 (UID FLAGS)\nfetches 5000\nS: $ OK done\n", NOOP];
    plays("streams", "given_up", &script.concat(), &["63:300"]);
}

#[test]
fn a_spool_keeps_what_comes_before_an_answer() {
    let script = [GREETING, SELECT, "C: FETCH 1:5000 (UID FLAGS)\nfetches 5000\nS: $ OK done\n", NOOP];
    plays("streams", "spooled", &script.concat(), &["95:10000000"]);
}

#[test]
fn streams_end_with_their_request_and_their_connection() {
    streams(
        "ended",
        &[
            "C: FETCH 1:5000 (UID FLAGS)\nfetches 5000\nS: $ OK done\n",
            NOOP,
            "C: UID FETCH 7 (UID BODY.PEEK[])\nS- * 7 FETCH (UID 7 BODY[] {300000}\\r\\n\nstall\n",
        ]
        .concat(),
    );
}

#[test]
fn lists_and_searches_stream_too() {
    streams(
        "lists",
        "C: LIST \"\" \"*\"\nlists 500\nS: $ OK done\nC: UID SEARCH ALL\nhits 2000000\nS: $ OK done\n",
    );
}

#[test]
fn a_search_in_parts_is_one_stream() {
    let script = "C: UID SEARCH SEEN\nS: * SEARCH 9\nS: $ OK [MESSAGELIMIT 2 5] more\n\
                  C: UID SEARCH UID 1:4 SEEN\nS: * SEARCH 4\nS: $ OK done\n\
                  C: UID SEARCH RETURN (PARTIAL 1:9) SEEN\nS: * ESEARCH (TAG \"$TAG\") UID PARTIAL (1:9 9)\n\
                  S: $ OK [MESSAGELIMIT 2 5] more\n";
    let greeting = GREETING.replace("UIDPLUS", "ESEARCH PARTIAL MESSAGELIMIT=2");
    plays("streams", "searched", &[&greeting, SELECT, script].concat(), &[]);
}

#[test]
fn messages_are_sent_as_they_are_read() {
    let script = "C: APPEND Sent (\\Seen) \" 1-Jan-1970 01:00:00 +0100\" {90005}\nS: + go\ndrain 90005\nc: \n\
                  S: $ OK [APPENDUID 5 11] done\n";
    plays("uploads", "sources", &[GREETING, script].concat(), &[]);
}

#[test]
fn bytes_can_be_written_by_whoever_sends() {
    let script =
        "C: APPEND Sent \" 1-Jan-1970 01:00:00 +0100\" {100000}\nS: + go\ndrain 100000\nc: \nS: $ OK done\n";
    plays("uploads", "later", &[GREETING, script].concat(), &[]);
}

#[test]
fn several_messages_go_in_one_command_or_in_several() {
    let date = "\" 1-Jan-1970 01:00:00 +0100\"";
    let one = format!(
        "C: APPEND Sent (\\Seen) {date} {{3+}}\nL: 3\nc:  {{3+}}\nL: 3\nc: \nS: $ OK [APPENDUID 5 11:12] done\n"
    );
    plays(
        "uploads",
        "several",
        &[&GREETING.replace("UIDPLUS", "UIDPLUS MULTIAPPEND"), &one].map(|s| s.as_str()).concat(),
        &[],
    );
    let two = format!(
        "C: APPEND Sent (\\Seen) {date} {{3+}}\nL: 3\nc: \nS: $ OK [APPENDUID 5 11] done\n\
         C: APPEND Sent {{3+}}\nL: 3\nc: \nS: $ OK [APPENDUID 5 12] done\n"
    );
    plays("uploads", "several", &[GREETING, &two].concat(), &[]);
    support::shows("scripted", &["MULTIAPPEND"]);
}

#[test]
fn a_message_takes_the_place_of_another() {
    let date = "\" 1-Jan-1970 01:00:00 +0100\"";
    let replace = format!(
        "C: UID REPLACE 7 INBOX {date} {{3+}}\nL: 3\nc: \nS: * OK [APPENDUID 5 11] x\nS: * 7 EXPUNGE\nS: $ OK done\n"
    );
    let greeting = GREETING.replace("UIDPLUS", "UIDPLUS REPLACE");
    let out = plays("uploads", "replaced", &[&greeting, SELECT, &replace].concat(), &[]);
    assert!(out.contains("origin=0"), "{out}");
    let steps = format!(
        "C: APPEND INBOX {date} {{3+}}\nL: 3\nc: \nS: $ OK [APPENDUID 5 11] done\n\
         C: UID STORE 7 +FLAGS.SILENT (\\Deleted)\nS: $ OK done\nC: UID EXPUNGE 7\nS: * 7 EXPUNGE\nS: $ OK done\n"
    );
    let out = plays("uploads", "replaced", &[GREETING, SELECT, &steps].concat(), &[]);
    assert!(out.contains("origin=1"), "{out}");
    support::shows("scripted", &["REPLACE"]);
}

#[test]
fn uploads_that_cannot_be() {
    plays("uploads", "wrong", &[GREETING, NOOP].concat(), &[]);
    let script = "C: APPEND Sent \" 1-Jan-1970 01:00:00 +0100\" {13+}\nL: 3\nstall\n";
    plays("uploads", "failing", &[GREETING, script].concat(), &[]);
}

#[test]
fn files_get_the_line_ends_of_messages() {
    let date = "\" 1-Jan-1970 01:00:00 +0100\"";
    let text = "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n";
    let script = format!(
        "C: APPEND Sent {date} {{{0}+}}\nL: {0}\nc: \nS: $ OK done\nC: APPEND Sent {date} {{200000}}\nS: + go\nL: 200000\nc: \n\
         S: $ OK done\nC: APPEND Sent {date} ~{{4+}}\nL: 4\nc: \nS: $ OK done\nC: APPEND Sent {date} {{200000}}\nS: + go\nstall\n",
        text.len()
    );
    let greeting = GREETING.replace("UIDPLUS", "BINARY");
    let sent = sent("uploads", "fitted", &(greeting + &script), &["94:1"]);
    assert_eq!(sent[1], text);
    assert_eq!(sent[4], "\r\n".repeat(100_000));
    assert_eq!(sent[7], "a\n\0x");
}

#[test]
fn a_cancelled_upload_in_memory_goes_to_its_end() {
    let script = "C: APPEND Sent \" 1-Jan-1970 01:00:00 +0100\" {3000000}\nS: + go\nwait 300\ndrain 3000000\nc: \n\
                  S: $ OK done\n";
    plays("uploads", "cancelled", &[GREETING, script, NOOP].concat(), &[]);
}

#[test]
fn a_cancelled_append_keeps_nothing_of_its_callers() {
    let script = "C: APPEND Sent {30000000}\nS: + go\nwait 300\nL: 30000000\nc: \nS: $ OK done\n";
    let server = Scripted::play([GREETING, script, NOOP].concat().into_bytes(), Play::default());
    let port = format!("1:{}", server.port);
    let output = run_for(&test_program("uploads"), &["lent", &port, "2:2", "46:1"], &[], 60);
    assert_eq!(output.code, Some(0), "{}\n{}", output.out, output.err);
    let literal = server.join().into_iter().find(|sent| sent.len() == 30_000_000).expect("the message");
    assert!(literal.bytes().all(|byte| byte == b'x'), "what was sent is what was given");
}

/// Ten gigabytes either way, in plaintext and over TLS.
#[test]
fn size_costs_no_memory() {
    let certificates = Certificates::new();
    let ca = format!("20={}", certificates.path("ca.pem"));
    let body = [
        GREETING,
        SELECT,
        NOOP,
        "C: UID FETCH 7 (UID BODY.PEEK[])\nS- * 7 FETCH (UID 7 BODY[] {10000000000}\\r\\n\nbytes 10000000000\nS: )\n\
         S: $ OK done\n",
    ];
    let message = [
        GREETING,
        NOOP,
        "C: APPEND Sent \" 1-Jan-1970 01:00:00 +0100\" {10000000000}\nS: + go\ndrain 10000000000\nc: \nS: $ OK done\n",
    ];
    for is_tls in [false, true] {
        let play = || Play {
            acceptor: is_tls.then(|| certificates.acceptor("good")),
            is_implicit: is_tls,
            ..Play::default()
        };
        print!("{}", played("streams", "large_body", &body.concat(), &[&ca], play()));
        print!("{}", played("uploads", "large", &message.concat(), &[&ca], play()));
    }
}
