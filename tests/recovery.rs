//! Connections that end and are made anew, and mailboxes that are watched, against a server that plays scripts.

mod support;

use support::program::{run_for, test_program};
use support::scripted::Scripted;

/// Plays a script to a scenario, and gives what the program printed before its last line.
fn played(scenario: &str, options: &[&str], script: &str) -> String {
    let server = Scripted::new(script);
    let port = format!("1:{}", server.port);
    let all = [&[scenario, &port, "2:2", "46:1", "40=alice", "41=secret", "48:1"], options].concat();
    let output = run_for(&test_program("recovery"), &all, &[], 60);
    if output.code != Some(0) {
        println!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
        panic!("recovery {scenario} failed");
    }
    server.join();
    output.out.rsplit_once("0 failures").expect("the last line").0.trim().to_owned()
}

fn begin(capabilities: &str) -> String {
    format!(
        "S: * OK [CAPABILITY IMAP4rev1] ready\nC: LOGIN \"alice\" \"secret\"\nS: $ OK [CAPABILITY IMAP4rev1 {capabilities}] in\n"
    )
}

fn select(more: &str, codes: &str) -> String {
    format!(
        "C: SELECT INBOX{more}\nS: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: * OK [UIDNEXT 4] x\n{codes}S: $ OK [READ-WRITE] done\n"
    )
}

const FLAGS: &str = "C: UID FETCH 1:* (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS (\\Seen $Junk))\nS: * 2 FETCH (UID 2 FLAGS ())\n\
                     S: * 3 FETCH (UID 3 FLAGS ())\nS: $ OK done\n";
const CUT: &str = "C: NOOP\nclose\nagain\n";

#[test]
fn what_was_not_sent_is_sent_on_the_new_connection() {
    let script = [
        &begin(""),
        &select("", ""),
        FLAGS,
        "C: UID STORE 1 +FLAGS (\\Seen)\nclose\nagain\n",
        &begin(""),
        &select("", ""),
        "C: UID FETCH 1:* (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS ($junk \\seen))\nS: * 2 FETCH (UID 2 FLAGS (\\Recent))\n",
        "S: * 3 FETCH (UID 3 FLAGS (\\Flagged))\nS: $ OK done\n",
        "C: UID FETCH 1 (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS (\\Seen))\nS: $ OK done\nC: NOOP\nS: $ OK done\n",
    ];
    // Those whose flags are as they were are not told of.
    assert_eq!(played("kept", &[], &script.concat()), "INBOX new=0 vanished= origin=1 changed=[3 \\Flagged]");
}

#[test]
fn qresync_tells_what_changed() {
    let modseq = "S: * OK [HIGHESTMODSEQ 900] x\n";
    let enable = "C: ENABLE QRESYNC\nS: * ENABLED QRESYNC\nS: $ OK done\n";
    let begin = begin("ENABLE QRESYNC CONDSTORE UNSELECT");
    let script = [
        &begin,
        &select(" (CONDSTORE)", modseq),
        FLAGS,
        CUT,
        &begin,
        enable,
        "C: SELECT INBOX (QRESYNC (7 900 1:3))\nS: * 2 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: * OK [HIGHESTMODSEQ 910] x\n",
        "S: * VANISHED (EARLIER) 2\nS: * 1 FETCH (UID 1 FLAGS (\\Flagged) MODSEQ (905))\nS: $ OK done\n",
    ];
    assert_eq!(
        played("changed", &[], &script.concat()),
        "INBOX new=0 vanished=2 origin=0 changed=[1 \\Flagged]"
    );
    // Another UIDVALIDITY makes all that was known void.
    let script = [
        &begin,
        &select(" (CONDSTORE)", modseq),
        FLAGS,
        CUT,
        &begin,
        enable,
        "C: SELECT INBOX (QRESYNC (7 900 1:3))\nS: * 2 EXISTS\nS: * OK [UIDVALIDITY 8] x\nS: $ OK done\n",
    ];
    assert_eq!(played("changed", &[], &script.concat()), "INBOX new=1 vanished= origin=0 changed=");
    support::shows("scripted", &["V10", "QRESYNC"]);
}

#[test]
fn condstore_and_a_search_tell_what_changed() {
    let modseq = "S: * OK [HIGHESTMODSEQ 900] x\n";
    let begin = begin("CONDSTORE");
    let script = [
        &begin,
        &select(" (CONDSTORE)", modseq),
        FLAGS,
        CUT,
        &begin,
        &select(" (CONDSTORE)", modseq),
        "C: UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 900)\nS: * 1 FETCH (UID 1 FLAGS (\\Flagged) MODSEQ (905))\nS: $ OK done\n",
        "C: UID SEARCH UID 1:3\nS: * SEARCH 1 3\nS: $ OK done\n",
    ];
    assert_eq!(
        played("changed", &[], &script.concat()),
        "INBOX new=0 vanished=2 origin=1 changed=[1 \\Flagged]"
    );
}

#[test]
fn without_either_the_flags_are_compared() {
    let script = [
        &begin(""),
        &select("", ""),
        FLAGS,
        CUT,
        &begin(""),
        &select("", ""),
        "C: UID FETCH 1:* (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS (\\Flagged))\nS: * 2 FETCH (UID 3 FLAGS ())\n",
        "S: * 3 FETCH (UID 9 FLAGS ())\nS: $ OK done\n",
    ];
    let expected = "INBOX new=0 vanished=2 origin=1 changed=[1 \\Flagged][9 ]";
    assert_eq!(played("changed", &[], &script.concat()), expected);
}

#[test]
fn a_mailbox_is_opened_again_as_it_was() {
    let examine = select(" (ANNOTATE)", "").replace("SELECT", "EXAMINE");
    let all = "C: UID FETCH 1:* (UID FLAGS)\nS: $ OK done\n";
    let begin_annotated = begin("ANNOTATE-EXPERIMENT-1");
    let script = [&begin_annotated, &examine, CUT, &begin_annotated, &examine, all].concat();
    played("annotated", &[], &script);
    // Where it cannot be any more, it goes without.
    let plain = examine.replace(" (ANNOTATE)", "");
    played("annotated", &[], &[&begin_annotated, &examine, CUT, &begin(""), &plain, all].concat());
}

#[test]
fn a_server_that_comes_back_late_is_tried_again() {
    let cut = "C: NOOP\nclose\nagain\nS: * BYE not yet\nagain\n";
    let script = [&begin(""), cut, &begin(""), "C: NOOP\nS: $ OK done\n"].concat();
    assert_eq!(played("again", &[], &script), "none");
}

#[test]
fn changes_since_then_are_asked_for() {
    let begin = begin("ENABLE QRESYNC CONDSTORE");
    let script = [
        &begin,
        "C: ENABLE QRESYNC\nS: * ENABLED QRESYNC\nS: $ OK done\n",
        "C: SELECT INBOX (QRESYNC (7 900 1:3,9))\nS: * 2 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: * VANISHED (EARLIER) 9\nS: $ OK done\n",
    ];
    assert_eq!(played("resynced", &[], &script.concat()), "INBOX new=0 vanished=9 origin=0 changed=");
    // A server that enables nothing has it done the other way.
    let script = [
        &begin,
        "C: ENABLE QRESYNC\nS: $ OK done\n",
        &select(" (CONDSTORE)", ""),
        "C: UID FETCH 1:* (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS ())\nS: * 2 FETCH (UID 3 FLAGS ())\nS: $ OK done\n",
    ];
    assert_eq!(
        played("resynced", &[], &script.concat()),
        "INBOX new=0 vanished=2,9 origin=1 changed=[1 ][3 ]"
    );
    support::shows("scripted", &["QRESYNC"]);
}

#[test]
fn what_a_server_did_not_reach_is_not_gone() {
    let begin = begin("CONDSTORE MESSAGELIMIT=2");
    let script = [
        &begin,
        &select(" (CONDSTORE)", "S: * OK [HIGHESTMODSEQ 950] x\n"),
        "C: UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 900)\nS: * 3 FETCH (UID 9 FLAGS (\\Seen) MODSEQ (905))\n",
        "S: $ OK [MESSAGELIMIT 2 3] more\n",
        "C: UID FETCH 1:2 (UID FLAGS) (CHANGEDSINCE 900)\nS: * 1 FETCH (UID 1 FLAGS () MODSEQ (905))\nS: $ OK done\n",
        "C: UID SEARCH UID 1:9\nS: * SEARCH 3 9\nS: $ OK [MESSAGELIMIT 2 3] more\n",
        "C: UID SEARCH UID 1:2\nS: * SEARCH 1\nS: $ OK done\n",
    ];
    assert_eq!(
        played("resynced", &[], &script.concat()),
        "INBOX new=0 vanished=2 origin=1 changed=[9 \\Seen][1 ]"
    );
}

#[test]
fn capabilities_are_enabled() {
    let script = [
        &begin("ENABLE CONDSTORE UTF8=ACCEPT"),
        "C: ENABLE CONDSTORE\nS: * ENABLED CONDSTORE\nS: $ OK done\n",
        "C: ENABLE UTF8=ACCEPT X-NONE\nS: * ENABLED UTF8=ACCEPT\nS: $ OK done\nC: ENABLE a\nS: $ OK done\n",
    ];
    played("enabled", &["49=CONDSTORE QRESYNC"], &script.concat());
    support::shows("scripted", &["C5", "C6", "ENABLE"]);
}

const COUNTS: &str = "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)";

#[test]
fn mailboxes_are_watched_by_notify() {
    let script = [
        &begin("NOTIFY IDLE"),
        &select("", ""),
        "C: NOTIFY SET STATUS (selected-delayed (MessageNew MessageExpunge FlagChange)) (mailboxes (INBOX \"&AMQ-rger\") (MessageNew MessageExpunge FlagChange))\n",
        "S: * STATUS &AMQ-rger (MESSAGES 4)\nS: $ OK done\nC: IDLE\nS: + idling\nS: * STATUS &AMQ-rger (MESSAGES 5)\nS: * 4 EXISTS\nstall\n",
    ];
    assert_eq!(played("watched", &[], &script.concat()), "means=0\nÄrger=4\nÄrger=5\nEXISTS 4");
    support::shows("scripted", &["NOTIFY"]);
}

#[test]
fn mailboxes_are_watched_by_idle_and_status() {
    let status = |count: u32| {
        format!(
            "C: STATUS \"&AMQ-rger\" {COUNTS}\nS: * STATUS \"&AMQ-rger\" (MESSAGES {count})\nS: $ OK done\n"
        )
    };
    let idle = "C: IDLE\nS: + idling\nc: DONE\nS: $ OK done\n";
    let script = [
        &begin("IDLE"),
        &select("", ""),
        &status(4),
        idle,
        // The same counts are no news.
        &status(4),
        idle,
        &status(5),
        "C: IDLE\nS: + idling\nS: * 4 EXISTS\nstall\n",
    ];
    assert_eq!(played("watched", &["67:100"], &script.concat()), "means=1\nÄrger=4\nÄrger=5\nEXISTS 4");
    // A NOTIFY that is refused is done in the same way.
    let notify = "C: NOTIFY *\nS: $ NO [BADEVENT (MessageNew)] no\n";
    let script = [&begin("IDLE NOTIFY"), &select("", ""), notify, &script[2..].concat()];
    assert_eq!(played("watched", &["67:100"], &script.concat()), "means=1\nÄrger=4\nÄrger=5\nEXISTS 4");
}

#[test]
fn mailboxes_are_watched_by_noop_and_status() {
    let round = |news: &str, count: u32| {
        format!(
            "C: NOOP\nC: STATUS \"&AMQ-rger\" {COUNTS}\n{news}reply 2\nS: * STATUS \"&AMQ-rger\" (MESSAGES {count})\nS: $ OK done\n"
        )
    };
    let script = [begin(""), select("", ""), round("", 4), round("S: * 4 EXISTS\n", 5)];
    assert_eq!(played("watched", &["67:100"], &script.concat()), "means=2\nÄrger=4\nEXISTS 4\nÄrger=5");
}

#[test]
fn news_are_chosen() {
    let script = [
        &begin("NOTIFY"),
        "C: NOTIFY SET STATUS (selected (MessageNew MessageExpunge)) (subtree \"&AMQ-rger\" (MessageNew))\nS: $ OK done\n",
        &select("", ""),
        "C: NOTIFY NONE\nS: $ NO never\n",
        "C: NOTIFY SET (selected-delayed (MessageNew MessageExpunge))\nS: $ OK done\n",
        "C: FETCH 1 (UID FLAGS)\nS: * 1 FETCH (UID 1 FLAGS ())\nS: $ OK done\n",
    ];
    played("notified", &[], &script.concat());
    support::shows("scripted", &["NOTIFY"]);
}
