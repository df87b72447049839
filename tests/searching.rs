//! Searching, sorting and threading: by servers that can, and here for those that cannot.

mod support;

use support::program::{run, run_checked, test_program};
use support::scripted::Scripted;
use support::server::Server;

/// What each step of tests/c/searching.c came to, on a connection with these options.
fn steps(options: &[&str], arguments: &[&str]) -> Vec<String> {
    let all = [options, &["--"], arguments].concat();
    let out = run_checked(&test_program("searching"), &all, &[]).success();
    out.lines().map(str::to_owned).collect()
}

/// The same against a server that has these capabilities and plays this script, INBOX selected.
fn played(capabilities: &str, script: &str, arguments: &[&str]) -> Vec<String> {
    let begin = format!(
        "S: * PREAUTH [CAPABILITY IMAP4rev1 {capabilities}] hi\nC: SELECT INBOX*\nS: * 9 EXISTS\nS: $ OK done\n"
    );
    let server = Scripted::new(&(begin + script));
    let port = format!("1:{}", server.port);
    let arguments: Vec<&str> = ["select|INBOX"].into_iter().chain(arguments.iter().copied()).collect();
    let lines = steps(&[&port, "2:2"], &arguments);
    server.join();
    assert_eq!(lines[0], "select:");
    lines[1..].to_vec()
}

#[test]
fn nothing_is_done_by_other_means_unless_it_may_be() {
    let begin =
        "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: SELECT INBOX\nS: * 9 EXISTS\nS: $ OK done\nstall\n";
    let server = Scripted::new(begin);
    let port = format!("1:{}", server.port);
    let arguments = [
        "select|INBOX",
        "search|RETURN (COUNT) ALL",
        "search|OLDER 60",
        "sort|DATE|ALL",
        "thread|REFERENCES|ALL",
        "thread||ALL",
    ];
    let lines = steps(&[&port, "2:2", "111:0"], &arguments);
    assert_eq!(server.join().len(), 1);
    let lacking = ["ESEARCH", "WITHIN", "SORT", "THREAD=REFERENCES", "THREAD=REFERENCES"];
    for (line, capability) in lines[1..].iter().zip(lacking) {
        let message = format!("UNSUPPORTED -: the server does not have {capability}; nothing was sent");
        assert!(line.ends_with(&message), "{line}");
    }
    support::shows("scripted", &["ESEARCH", "WITHIN", "SORT", "THREAD", "D19"]);
}

/// Each exchange of a script, "client line", "server line\nserver line", and the step that makes it; none if it goes on
/// from the exchange before.
fn exchanged(capabilities: &str, exchanges: &[(&str, &str, &str)]) -> Vec<String> {
    let script: String = exchanges
        .iter()
        .filter(|(_, sent, _)| !sent.is_empty())
        .map(|(_, sent, answer)| {
            let answer: String = answer.lines().map(|line| format!("S: {line}\n")).collect();
            let done = if answer.contains("S: $ ") { "" } else { "S: $ OK done\n" };
            format!("C: {sent}\n{answer}{done}")
        })
        .collect();
    let arguments = exchanges.iter().map(|(step, ..)| *step).filter(|step| !step.is_empty());
    played(capabilities, &script, &arguments.collect::<Vec<_>>())
}

#[test]
fn return_options_of_the_rfcs() {
    let lines = exchanged(
        "ESEARCH CONDSTORE SEARCHRES SEARCH=FUZZY PARTIAL CONTEXT=SEARCH CONTEXT=SORT SORT ESORT UIDPLUS",
        &[
            (
                "search|# RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
                "SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
                "* ESEARCH (TAG \"$TAG\") MIN 2 COUNT 3",
            ),
            (
                "search|# RETURN (MIN MAX) MODSEQ \"/flags/\\\\draft\" all 620162338",
                "SEARCH RETURN (MIN MAX) MODSEQ \"/flags/\\\\draft\" all 620162338",
                "* ESEARCH (TAG \"$TAG\") MIN 2 MAX 23 MODSEQ 917162488",
            ),
            (
                "search|RETURN (PARTIAL ?) UNDELETED|-1:-100",
                "UID SEARCH RETURN (PARTIAL -1:-100) UNDELETED",
                "* ESEARCH (TAG \"$TAG\") UID PARTIAL (-1:-100 200:250,252:300)",
            ),
            (
                "search|RETURN (PARTIAL 24000:24500) UNDELETED",
                "UID SEARCH RETURN (PARTIAL 24000:24500) UNDELETED",
                "* ESEARCH (TAG \"$TAG\") UID PARTIAL (24000:24500 NIL)",
            ),
            (
                "search|# RETURN (RELEVANCY ALL) FUZZY TEXT \"Helo\"",
                "SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT \"Helo\"",
                "* ESEARCH (TAG \"$TAG\") ALL 1,5,10 RELEVANCY (4 99 42)",
            ),
            (
                "search|RETURN (RELEVANCY) FUZZY TEXT ?|Helo",
                "UID SEARCH RETURN (RELEVANCY) FUZZY TEXT \"Helo\"",
                "* ESEARCH (TAG \"$TAG\") UID ALL 1,5 RELEVANCY (4 99 42)",
            ),
            ("search|MODSEQ 5", "UID SEARCH MODSEQ 5", "* SEARCH 2 5 (MODSEQ 917162500)"),
            // Answers of others, of nobody, and none at all.
            (
                "search|RETURN (COUNT) ALL",
                "UID SEARCH RETURN (COUNT) ALL",
                "* ESEARCH (TAG \"x\") UID COUNT 3",
            ),
            ("search|RETURN (COUNT) ALL", "UID SEARCH RETURN (COUNT) ALL", "* ESEARCH UID COUNT 3"),
            ("search|RETURN (COUNT) ALL", "UID SEARCH RETURN (COUNT) ALL", ""),
            // A server that forgets what it has.
            ("search|RETURN (MIN COUNT) ALL", "UID SEARCH RETURN (MIN COUNT) ALL", "* SEARCH 7 3"),
            (
                "search|RETURN (MIN MAX COUNT) ALL",
                "UID SEARCH RETURN (MIN MAX COUNT) ALL",
                "* ESEARCH (TAG \"$TAG\") UID MIN x MAX 9 COUNT many",
            ),
            ("search|RETURN (SAVE) FLAGGED", "UID SEARCH RETURN (SAVE) FLAGGED", "$ NO [NOTSAVED] too many"),
            ("search|RETURN (SAVE) FLAGGED", "UID SEARCH RETURN (SAVE) FLAGGED", ""),
            ("fetch|$", "UID FETCH $ (UID)", "* 2 FETCH (UID 14)"),
            ("search|# (OR $ 1,3000:3021) SEEN", "SEARCH (OR $ 1,3000:3021) SEEN", "* SEARCH 882 1102"),
            ("copy|$|Other Messages", "UID COPY $ \"Other Messages\"", "$ OK COPY completed, nothing copied"),
            ("store|$|+FLAGS.Silent (\\Deleted)", "UID STORE $ +FLAGS.SILENT (\\Deleted)", ""),
            ("expunge|$", "UID EXPUNGE $", "* 2 EXPUNGE"),
            (
                "sort|REVERSE DATE|RETURN () UNDELETED UNKEYWORD $Junk",
                "UID SORT RETURN () (REVERSE DATE) US-ASCII UNDELETED UNKEYWORD $Junk",
                "* ESEARCH (TAG \"$TAG\") UID ALL 23765,23764,23763,23761",
            ),
            (
                "sort|RELEVANCY|# RETURN (RELEVANCY ALL) CHARSET UTF-8 FUZZY TEXT \"Helo\"",
                "SORT RETURN (RELEVANCY ALL) (RELEVANCY) UTF-8 FUZZY TEXT \"Helo\"",
                "* ESEARCH (TAG \"$TAG\") ALL 5,10,1 RELEVANCY (99 42 4)",
            ),
            (
                "sort|RELEVANCY|# RETURN (PARTIAL 1:10) CHARSET UTF-8 FUZZY TEXT ?|World",
                "SORT RETURN (PARTIAL 1:10) (RELEVANCY) UTF-8 FUZZY TEXT \"World\"",
                "* ESEARCH (TAG \"$TAG\") PARTIAL (1:10 42,9,34,13,15,4,2,7,23,82)",
            ),
            ("sort|RELEVANCY|ALL", "", ""),
            ("search|RETURN (ALL PARTIAL 1:2) ALL", "", ""),
            ("search|IN (personal) ALL", "", ""),
        ],
    );
    let expected = [
        "search: [ total=3 min=2]",
        "search: [ min=2 max=23 modseq=917162488]",
        "search: [200:250,252:300 partial=-1:-100]",
        "search: [ partial=24000:24500]",
        "search: [1,5,10 scores=4,99,42]",
        "search: [1,5 defect=1 parts of the answer were not understood]",
        "search: [2,5 modseq=917162500]",
        "search: []",
        "search: [ total=3]",
        "search: []",
        "search: [ total=2 min=3 here]",
        "search: [ max=9 defect=2 parts of the answer were not understood]",
        "search: NO NOTSAVED: UID SEARCH: the server said NO: [NOTSAVED] too many",
        "search: []",
        "fetch: 14",
        "search: [882,1102]",
        "copy: ",
        "store:",
        "expunge: [2]",
        "sort: [23765,23764,23763,23761]",
        "sort: [5,10,1 scores=99,42,4]",
        "sort: [42,9,34,13,15,4,2,7,23,82 partial=1:10]",
    ];
    assert_eq!(lines[..expected.len()], expected);
    for line in &lines[expected.len()..] {
        assert!(line.contains(" INVALID -: "), "{line}");
    }
    support::shows(
        "scripted",
        &["S3", "S4", "S5", "ESEARCH", "SEARCHRES", "PARTIAL", "SEARCH=FUZZY", "ESORT"],
    );
}

#[test]
fn what_the_server_cannot_return_is_computed() {
    let found = "* SEARCH 11 2 10";
    let lines = exchanged(
        "SORT",
        &[
            ("search|RETURN (MIN MAX COUNT) UNSEEN", "UID SEARCH UNSEEN", found),
            ("search|RETURN () UNSEEN", "UID SEARCH UNSEEN", found),
            ("search|RETURN (ALL COUNT) UNSEEN", "UID SEARCH UNSEEN", ""),
            ("search|RETURN (PARTIAL 1:2 CONTEXT) UNSEEN", "UID SEARCH UNSEEN", found),
            ("search|# RETURN (PARTIAL -1:-2) UNSEEN", "SEARCH UNSEEN", found),
            ("search|RETURN (PARTIAL 4:9) UNSEEN", "UID SEARCH UNSEEN", found),
            ("search|YOUNGER 86400", "UID SEARCH SINCE *", "* SEARCH 3"),
            ("search|OR OLDER ? SEEN|86400", "UID SEARCH OR BEFORE * SEEN", "* SEARCH 3"),
            (
                "sort|DATE|RETURN (MIN COUNT PARTIAL 1:2) ALL",
                "UID SORT (DATE) US-ASCII ALL",
                "* SORT 11 2 10",
            ),
            ("search|RETURN (SAVE) ALL", "", ""),
            ("search|RETURN (UPDATE) ALL", "", ""),
            ("search|RETURN (X-NEW) ALL", "", ""),
            ("search|FUZZY ALL", "", ""),
            ("search|EMAILID M1", "", ""),
            ("search|FILTER on-the-road", "", ""),
            ("search|SAVEDSINCE 1-Jan-2004", "", ""),
            ("search|MODSEQ 1", "", ""),
            ("search|ANNOTATION /comment value x", "", ""),
            ("search|X-GM-RAW x", "", ""),
            ("search|$", "", ""),
            ("fetch|$", "", ""),
            ("store|$|+FLAGS (x)", "", ""),
            ("copy|$|x", "", ""),
            ("sort|DATE|RETURN (SAVE) ALL", "", ""),
            ("esearch|IN (personal) ALL", "", ""),
            ("thread|X-OTHER|ALL", "", ""),
            ("uidbatches|500|0|0", "", ""),
            ("cancelupdate|1", "", ""),
        ],
    );
    let expected = [
        "search: [ total=3 min=2 max=11 here]",
        "search: [2,10:11 here]",
        "search: [ total=0 here]",
        "search: [2,10 partial=1:2 here]",
        "search: [10:11 partial=-1:-2 here]",
        "search: [ partial=4:9 here]",
        "search: [3 here]",
        "search: [3 here]",
        "sort: [11,2 total=3 min=11 partial=1:2 here]",
    ];
    assert_eq!(lines[..expected.len()], expected);
    for line in &lines[expected.len()..] {
        assert!(line.contains(" UNSUPPORTED -: ") && line.ends_with("; nothing was sent"), "{line}");
    }
    // It has ESEARCH, and no PARTIAL.
    let lines = exchanged(
        "ESEARCH SEARCHRES",
        &[
            (
                "search|RETURN (PARTIAL 2:3 COUNT) ALL",
                "UID SEARCH RETURN (ALL COUNT) ALL",
                "* ESEARCH (TAG \"$TAG\") UID ALL 5:9 COUNT 5",
            ),
            ("search|RETURN (PARTIAL 2:3 SAVE) ALL", "", ""),
        ],
    );
    assert_eq!(lines[0], "search: [6:7 total=5 partial=2:3 here]");
    assert!(lines[1].starts_with("search: UNSUPPORTED"), "{}", lines[1]);
    support::shows(
        "scripted",
        &["S3", "ESEARCH", "PARTIAL", "WITHIN", "FILTERS", "SEARCH=FUZZY", "SEARCHRES"],
    );
}

#[test]
fn keys_that_extensions_bring() {
    let all = "WITHIN CONDSTORE OBJECTID SAVEDATE ANNOTATE-EXPERIMENT-1 X-GM-EXT-1 SEARCH=FUZZY FILTERS";
    let keys = [
        ("OLDER 5 YOUNGER ?|7", "OLDER 5 YOUNGER 7"),
        ("MODSEQ ?|917", "MODSEQ 917"),
        ("EMAILID ? OR THREADID ? SEEN|M1-a|T_2", "EMAILID M1-a OR THREADID T_2 SEEN"),
        (
            "SAVEDBEFORE ? SAVEDON 2-Apr-2003 SAVEDSINCE ?|2003-04-01|3-Apr-2003",
            "SAVEDBEFORE 1-Apr-2003 SAVEDON 2-Apr-2003 SAVEDSINCE 3-Apr-2003",
        ),
        ("SAVEDATESUPPORTED", "SAVEDATESUPPORTED"),
        ("ANNOTATION ? ? ?|/comment|value|a b", "ANNOTATION \"/comment\" \"value\" \"a b\""),
        ("X-GM-RAW ? X-GM-LABELS ?|is:starred|a b", "X-GM-RAW \"is:starred\" X-GM-LABELS \"a b\""),
        ("FUZZY (LARGER 900000 SMALLER ?)|1100000", "FUZZY (LARGER 900000 SMALLER 1100000)"),
        ("UID 300:900 FILTER on-the-road", "UID 300:900 FILTER on-the-road"),
        (
            "ALL ANSWERED UNANSWERED DELETED UNDELETED DRAFT UNDRAFT FLAGGED UNFLAGGED SEEN UNSEEN NEW OLD RECENT",
            "ALL ANSWERED UNANSWERED DELETED UNDELETED DRAFT UNDRAFT FLAGGED UNFLAGGED SEEN UNSEEN NEW OLD RECENT",
        ),
        (
            "BCC ? CC ? FROM ? TO ? SUBJECT ? BODY ? TEXT ? HEADER ? ?|a|b|c|d|e|f|g|List-Id|*",
            "BCC \"a\" CC \"b\" FROM \"c\" TO \"d\" SUBJECT \"e\" BODY \"f\" TEXT \"g\" HEADER \"List-Id\" \"*\"",
        ),
        (
            "SENTBEFORE ? SENTON ? SENTSINCE ? BEFORE ? ON ? SINCE ?|2003-04-01|2003-04-02|2003-04-03|2003-04-04|2003-04-05|6-Apr-2003",
            "SENTBEFORE 1-Apr-2003 SENTON 2-Apr-2003 SENTSINCE 3-Apr-2003 BEFORE 4-Apr-2003 ON 5-Apr-2003 SINCE 6-Apr-2003",
        ),
        (
            "KEYWORD ? UNKEYWORD ? NOT (UID ? 1:*)|$Junk|x|9,1:3",
            "KEYWORD $Junk UNKEYWORD x NOT (UID 1:3,9 1:*)",
        ),
        ("X-LATER (1 \"a\")", "X-LATER (1 \"a\")"),
    ];
    let steps: Vec<String> = keys.iter().map(|(keys, _)| format!("search|{keys}")).collect();
    let sent: Vec<String> = keys.iter().map(|(_, sent)| format!("UID SEARCH {}", sent)).collect();
    let exchanges: Vec<(&str, &str, &str)> =
        steps.iter().zip(&sent).map(|(step, sent)| (step.as_str(), sent.as_str(), "* SEARCH 7")).collect();
    for line in exchanged(all, &exchanges) {
        assert_eq!(line, "search: [7]");
    }
    let rows =
        ["S1", "S2", "S9", "S10", "WITHIN", "FILTERS", "SEARCH=FUZZY", "SAVEDATE", "OBJECTID", "X-GM-EXT-1"];
    support::shows("scripted", &rows);
}

#[test]
fn charsets_that_the_server_does_not_know() {
    let retried = "C: UID SEARCH CHARSET UTF-8 SUBJECT {4}\nS: + go\nL: 4\nc: \nS: $ NO [BADCHARSET (US-ASCII ISO-8859-1)] no\n\
        C: UID SEARCH CHARSET ISO-8859-1 SUBJECT {3}\nS: + go\nL: 3\nc: \nS: * SEARCH 5\nS: $ OK done\n";
    let refused = "C: UID SEARCH CHARSET UTF-8 SUBJECT {3}\nS: + go\nL: 3\nc: \nS: $ NO [BADCHARSET (US-ASCII ISO-8859-1)] no\n";
    let again = "C: UID SEARCH CHARSET UTF-8 SUBJECT {4}\nS: + go\nL: 4\nc: \nS: $ NO [BADCHARSET (ISO-8859-1)] no\n\
        C: UID SEARCH CHARSET ISO-8859-1 SUBJECT {3}\nS: + go\nL: 3\nc: \nS: $ NO [BADCHARSET (ISO-8859-15)] no\n";
    let lines = played(
        "",
        &[retried, refused, again].concat(),
        &[
            "search|SUBJECT ?|Zoë",
            "search|SUBJECT ?|日",
            "search|SUBJECT ?|Zoë",
            "search|CHARSET KOI8-R SUBJECT ?|Zoë",
        ],
    );
    assert_eq!(lines[0], "search: [5]");
    assert!(lines[1].starts_with("search: NO BADCHARSET: "), "{}", lines[1]);
    assert!(lines[2].starts_with("search: NO BADCHARSET: "), "{}", lines[2]);
    assert!(lines[3].starts_with("search: INVALID -: the text cannot be written in KOI8-R"), "{}", lines[3]);
    // RFC 6855: no CHARSET once UTF-8 is agreed upon.
    let script = "C: ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: $ OK done\n\
        C: UID SEARCH SUBJECT \"Zoë\"\nS: * SEARCH 5\nS: $ OK done\nC: UID SORT (DATE) UTF-8 SUBJECT \"Zoë\"\nS: * SORT 5\nS: $ OK done\n";
    let steps = ["enable|UTF8=ACCEPT", "search|CHARSET UTF-8 SUBJECT ?|Zoë", "sort|DATE|SUBJECT ?|Zoë"];
    assert_eq!(played("ENABLE UTF8=ACCEPT SORT", script, &steps)[1..], ["search: [5]", "sort: [5]"]);
    support::shows("scripted", &["S1", "UTF8=ACCEPT"]);
}

#[test]
fn many_hits_in_one_line() {
    let lines =
        played("", "C: UID SEARCH ALL\nhits 300000\nS: $ OK done\n", &["search|RETURN (COUNT MAX) ALL"]);
    assert_eq!(lines, ["search: [ total=300000 max=600000 here]"]);
    support::shows("scripted", &["L11"]);
}

#[test]
fn threads_of_the_server() {
    let lines = exchanged(
        "THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=X-OTHER",
        &[
            (
                "thread|REFERENCES|# CHARSET UTF-8 SINCE 5-Mar-2000",
                "THREAD REFERENCES UTF-8 SINCE 5-Mar-2000",
                "* THREAD (166)((174)(175)(176))(200 202)",
            ),
            ("thread||ALL", "UID THREAD REFERENCES US-ASCII ALL", "* THREAD (2)(3 6 (4 23)(44 7 96))"),
            (
                "thread|orderedsubject|TEXT ?|gewp",
                "UID THREAD ORDEREDSUBJECT US-ASCII TEXT \"gewp\"",
                "* THREAD",
            ),
            (
                "thread|ORDEREDSUBJECT|ALL",
                "UID THREAD ORDEREDSUBJECT US-ASCII ALL",
                "* THREAD (1 2 (3)(4 5))(6)",
            ),
            ("thread|X-OTHER|ALL", "UID THREAD X-OTHER US-ASCII ALL", "* THREAD (1)\n* THREAD (2 x 3"),
            ("send|threads|THREAD REFERENCES UTF-8 UNSEEN", "THREAD REFERENCES UTF-8 UNSEEN", "* THREAD (1)"),
            ("send|threads|UID THREAD REFS UTF-8 UNSEEN", "UID SEARCH CHARSET UTF-8 UNSEEN", "* SEARCH"),
            ("thread|A B|ALL", "", ""),
            ("thread||RETURN (COUNT) ALL", "", ""),
        ],
    );
    let expected = [
        "thread: 166.0(174 175 176).200(202)",
        "thread: 2.3(6(4(23) 44(7(96))))",
        "thread: ",
        "thread: 1(2 3 4 5).6",
        "thread: 1.2(3)",
        "send: 1",
        "send:  here",
    ];
    assert_eq!(lines[..7], expected);
    assert!(lines[7].starts_with("thread: INVALID") && lines[8].starts_with("thread: INVALID"), "{lines:?}");
    support::shows("scripted", &["S8", "D16", "THREAD", "THREAD=REFERENCES", "THREAD=ORDEREDSUBJECT"]);
}

#[test]
fn a_server_that_stops_is_asked_for_the_rest() {
    let exchanges = [
        (
            "search|FROM ?|Zoë",
            "UID SEARCH CHARSET UTF-8 FROM {4+}\nL: 4\nc: ",
            "* SEARCH 18 19\n$ OK [MESSAGELIMIT 2 18] more",
        ),
        (
            "",
            "UID SEARCH CHARSET UTF-8 UID 1:17 FROM {4+}\nL: 4\nc: ",
            "* SEARCH 6 17\n$ OK [MESSAGELIMIT 2 6] more",
        ),
        ("", "UID SEARCH CHARSET UTF-8 UID 1:5 FROM {4+}\nL: 4\nc: ", "* SEARCH 1"),
        (
            "search|# RETURN (MIN MAX COUNT ALL) DELETED",
            "SEARCH RETURN (MIN MAX COUNT ALL) DELETED",
            "* ESEARCH (TAG \"$TAG\") MIN 8 MAX 9 COUNT 2 ALL 8:9\n$ OK [MESSAGELIMIT 2 18] more",
        ),
        (
            "",
            "SEARCH RETURN (MIN MAX COUNT ALL) UID 1:17 DELETED",
            "* ESEARCH (TAG \"$TAG\") COUNT 0\n$ OK [MESSAGELIMIT 2 6] more",
        ),
        (
            "",
            "SEARCH RETURN (MIN MAX COUNT ALL) UID 1:5 DELETED",
            "* ESEARCH (TAG \"$TAG\") MIN 2 MAX 2 COUNT 1 ALL 2",
        ),
        // The places of PARTIAL are those in all of the mailbox.
        (
            "search|RETURN (PARTIAL 1:2 COUNT) ALL",
            "UID SEARCH RETURN (PARTIAL 1:2 COUNT) ALL",
            "* ESEARCH (TAG \"$TAG\") UID PARTIAL (1:2 18:19) COUNT 2\n$ OK [MESSAGELIMIT 2 18] more",
        ),
        (
            "",
            "UID SEARCH RETURN (ALL COUNT) ALL",
            "* ESEARCH (TAG \"$TAG\") UID ALL 18:19 COUNT 2\n$ OK [MESSAGELIMIT 2 18] more",
        ),
        ("", "UID SEARCH RETURN (ALL COUNT) UID 1:17 ALL", "* ESEARCH (TAG \"$TAG\") UID ALL 3,5 COUNT 2"),
        (
            "search|RETURN (PARTIAL -1:-2) ALL",
            "UID SEARCH RETURN (PARTIAL -1:-2) ALL",
            "* ESEARCH (TAG \"$TAG\") UID PARTIAL (-1:-2 18:19)\n$ OK [MESSAGELIMIT 2 18] more",
        ),
        // What the server keeps cannot be put together.
        (
            "search|RETURN (SAVE ALL) ALL",
            "UID SEARCH RETURN (SAVE ALL) ALL",
            "* ESEARCH (TAG \"$TAG\") UID ALL 18:19\n$ OK [MESSAGELIMIT 2 18] more",
        ),
        ("search|SEEN", "UID SEARCH SEEN", "* SEARCH 6\n$ OK [MESSAGELIMIT 2 5] more"),
        ("", "UID SEARCH UID 1:4 SEEN", "$ NO [MESSAGELIMIT 2] too many"),
        ("", "UID SEARCH UID 1:2 SEEN", "* SEARCH 1"),
        ("", "UID SEARCH UID 3:4 SEEN", "* SEARCH 4"),
        // Nonsense ends it.
        ("search|SEEN", "UID SEARCH SEEN", "* SEARCH 6\n$ OK [MESSAGELIMIT 2 5] more"),
        ("", "UID SEARCH UID 1:4 SEEN", "* SEARCH 3\n$ OK [MESSAGELIMIT 2 20] more"),
        ("search|SEEN", "UID SEARCH SEEN", "* SEARCH 6\n$ OK [MESSAGELIMIT 2 1] all"),
        ("search|SEEN", "UID SEARCH SEEN", "$ NO [MESSAGELIMIT 2] too many"),
        ("search|SEEN", "UID SEARCH SEEN", "* SEARCH 6\n$ OK [MESSAGELIMIT 2 5] more"),
        ("", "UID SEARCH UID 1:4 SEEN", "$ BAD what"),
        (
            "search|UIDBEFORE 25000 UIDAFTER ?|23220",
            "UID SEARCH UIDBEFORE 25000 UIDAFTER 23220",
            "* SEARCH 23221",
        ),
    ];
    let lines = exchanged("ESEARCH SEARCHRES PARTIAL LITERAL+ MESSAGELIMIT=2", &exchanges);
    let expected = [
        "search: [1,6,17:19]",
        "search: [2,8:9 total=3 min=2 max=9]",
        "search: [3,5 total=4 partial=1:2 here]",
        "search: [18:19 partial=-1:-2]",
        "search: [18:19 defect=the server looked only at the messages from UID 18 up (MESSAGELIMIT)]",
        "search: [1,4,6]",
        "search: [3,6 defect=the server looked only at the messages from UID 20 up (MESSAGELIMIT)]",
        "search: [6]",
        "search: NO MESSAGELIMIT: UID SEARCH: the server said NO: [MESSAGELIMIT 2] too many",
        "search: BAD -: UID SEARCH: the server said BAD: what",
        "search: [23221]",
    ];
    assert_eq!(lines, expected);
    support::shows("scripted", &["MESSAGELIMIT"]);
}

#[test]
fn an_order_of_a_part_is_made_here_of_all() {
    let mail = |number: u32| {
        format!(
            "* {number} FETCH (UID {} INTERNALDATE \"0{number}-Apr-2003 12:00:00 +0000\" RFC822.SIZE {} ENVELOPE (NIL \"s{number}\" NIL NIL NIL NIL NIL NIL NIL \"<{number}@x>\"))",
            10 * number,
            100 - number
        )
    };
    let fetched = [mail(3), mail(2)].join("\n") + "\n$ OK [MESSAGELIMIT 2 20] more";
    let first = mail(1);
    let items = "(UID INTERNALDATE RFC822.SIZE ENVELOPE)";
    let of_sort = [format!("UID FETCH 10,20,30 {items}"), format!("UID FETCH 10 {items}")];
    let items = "(UID INTERNALDATE ENVELOPE BODY.PEEK[HEADER.FIELDS (REFERENCES)])";
    let of_thread = [format!("UID FETCH 10,20,30 {items}"), format!("UID FETCH 10 {items}")];
    let by_number = "FETCH 1:3 (UID INTERNALDATE RFC822.SIZE ENVELOPE)";
    let searched = "* SEARCH 20 30\n$ OK [MESSAGELIMIT 2 20] more";
    let exchanges = [
        (
            "sort|REVERSE SIZE|ALL",
            "UID SORT (REVERSE SIZE) US-ASCII ALL",
            "* SORT 20 30\n$ OK [MESSAGELIMIT 2 20] more",
        ),
        ("", "UID SEARCH ALL", searched),
        ("", "UID SEARCH UID 1:19 ALL", "* SEARCH 10"),
        ("", &of_sort[0], &fetched),
        ("", &of_sort[1], &first),
        ("thread|REFERENCES|ALL", "UID THREAD REFERENCES US-ASCII ALL", "$ NO [MESSAGELIMIT 2] too many"),
        ("", "UID SEARCH ALL", searched),
        ("", "UID SEARCH UID 1:19 ALL", "* SEARCH 10"),
        ("", &of_thread[0], &fetched),
        ("", &of_thread[1], &first),
        ("sort|SIZE|# ALL", "SORT (SIZE) US-ASCII ALL", "$ NO [MESSAGELIMIT 2] too many"),
        ("", "SEARCH ALL", "* SEARCH 1 2 3"),
        ("", by_number, &fetched),
    ];
    let lines = exchanged("SORT THREAD=REFERENCES MESSAGELIMIT=2", &exchanges);
    let alone = "LIMIT -: the server looked only at the messages from UID 20 up (MESSAGELIMIT)";
    let expected =
        ["sort: [10,20,30 here]".to_owned(), "thread: 10.20.30 here".to_owned(), format!("sort: {alone}")];
    assert_eq!(lines, expected);
    let script = "C: UID SORT (SIZE) US-ASCII ALL\nS: * SORT 20\nS: $ OK [MESSAGELIMIT 2 20] more\n\
                  C: UID THREAD REFERENCES US-ASCII ALL\nS: * THREAD (20)\nS: $ OK [MESSAGELIMIT 2 20] more\n\
                  C: UID SEARCH RETURN (PARTIAL 1:2) ALL\nS: * ESEARCH (TAG \"$TAG\") UID PARTIAL (1:2 20)\n\
                  S: $ OK [MESSAGELIMIT 2 20] more\n";
    let begin = "S: * PREAUTH [CAPABILITY IMAP4rev1 SORT THREAD=REFERENCES ESEARCH PARTIAL MESSAGELIMIT=2] hi\n\
                 C: SELECT INBOX*\nS: * 9 EXISTS\nS: $ OK done\n";
    let server = Scripted::new(&[begin, script].concat());
    let port = format!("1:{}", server.port);
    let arguments =
        ["select|INBOX", "sort|SIZE|ALL", "thread|REFERENCES|ALL", "search|RETURN (PARTIAL 1:2) ALL"];
    let lines = steps(&[&port, "2:2", "111:0"], &arguments);
    server.join();
    let cut = "the server looked only at the messages from UID 20 up (MESSAGELIMIT)";
    let expected = [
        format!("sort: {alone}"),
        format!("thread: {alone}"),
        format!("search: [20 partial=1:2 defect={cut}]"),
    ];
    assert_eq!(lines[1..], expected);
}

#[test]
fn threads_made_here() {
    let message = |number: u32, subject: &str, id: &str, references: &str| {
        let field = format!("References: {references}\\r\\n\\r\\n");
        let size = field.len() - 2 * field.matches("\\r\\n").count();
        format!(
            "S- * {number} FETCH (UID {} INTERNALDATE \"0{number}-Apr-2003 12:00:00 +0000\" ENVELOPE (NIL \"{subject}\" NIL NIL NIL NIL NIL NIL NIL \"{id}\") \
             BODY[HEADER.FIELDS (REFERENCES)] {{{size}}}\\r\\n{field}\nS: )\n",
            10 * number,
        )
    };
    let script = [
        "C: UID SEARCH UNSEEN\nS: * SEARCH 10 20 30\nS: $ OK done\n",
        "C: UID FETCH 10,20,30 (UID INTERNALDATE ENVELOPE BODY.PEEK[HEADER.FIELDS (REFERENCES)])\n",
        "S: * 2 FETCH (FLAGS (\\Seen))\n",
        &message(3, "Re: x", "<c@x>", "<a@x> <b@x>"),
        &message(1, "x", "<a@x>", ""),
        &message(2, "y", "<d@x>", "<d@x>"),
        "S: $ OK done\n",
        "C: SEARCH ALL\nS: * SEARCH 1\nS: $ OK done\nC: FETCH 1 (UID INTERNALDATE ENVELOPE)\n",
        "S: * 1 FETCH (UID 10 INTERNALDATE \"01-Apr-2003 12:00:00 +0000\" ENVELOPE NIL)\nS: $ OK done\n",
    ];
    let lines = played("", &script.concat(), &["thread||UNSEEN", "thread|ORDEREDSUBJECT|# ALL"]);
    assert_eq!(lines, ["thread: 10(30).20 here", "thread: 1 here"]);
    // A server that does not understand the space before the names of header fields is asked without it.
    let asked = "C: UID SEARCH ALL\nS: * SEARCH 10\nS: $ OK done\n";
    let fetch = |field: &str| {
        format!("C: UID FETCH 10 (UID INTERNALDATE ENVELOPE BODY.PEEK[HEADER.FIELDS{field}])\n")
    };
    let answer = message(1, "x", "<a@x>", "").replace("FIELDS (", "FIELDS(") + "S: $ OK done\n";
    let (spaced, tight) = (fetch(" (REFERENCES)") + "S: $ BAD what\n", fetch("(REFERENCES)") + &answer);
    let script = [asked, &spaced, &tight, asked, &tight].concat();
    assert_eq!(played("", &script, &["thread||ALL", "thread||ALL"]), ["thread: 10 here", "thread: 10 here"]);
    support::shows("scripted", &["S8", "D16", "THREAD", "THREAD=REFERENCES", "THREAD=ORDEREDSUBJECT"]);
}

#[test]
fn several_mailboxes_at_once() {
    // RFC 7377 section 3: two commands in flight, their answers in any order.
    let script = "C: ESEARCH IN (mailboxes folder1 subtree folder2) unseen\n\
        C: ESEARCH IN (mailboxes folder1 subtree-one folder2) subject \"chad\"\n\
        S: * ESEARCH (TAG \"$TAG2\" MAILBOX \"folder1\" UIDVALIDITY 1) UID ALL 4001,4003,4005,4007,4009\n\
        S: * ESEARCH (TAG \"$TAG1\" MAILBOX \"folder1\" UIDVALIDITY 1) UID ALL 3001:3004,3788\n\
        S: * ESEARCH (TAG \"$TAG2\" MAILBOX \"folder2/banana\" UIDVALIDITY 503) UID ALL 3002,4004\n\
        S: * ESEARCH (TAG \"$TAG2\" MAILBOX \"folder2/peach\" UIDVALIDITY 3) UID ALL 921691\n\
        reply 2\n\
        S: * ESEARCH (TAG \"$TAG1\" MAILBOX \"folder2/salmon\" UIDVALIDITY 1111111) UID ALL 50003,50006,50009,50012\n\
        reply 1\n\
        C: ESEARCH IN (personal) RETURN (COUNT PARTIAL -1:-2) FROM \"x\"\n\
        S: * ESEARCH (TAG \"$TAG\" MAILBOX \"Entw&APw-rfe\" UIDVALIDITY 7) UID COUNT 5 PARTIAL (-1:-2 8:9)\n\
        S: * ESEARCH (TAG \"x\" MAILBOX other UIDVALIDITY 7) UID COUNT 5\n\
        S: * ESEARCH (TAG \"$TAG\") UID COUNT x\nS: $ OK done\n\
        C: ESEARCH IN (mailboxes \"Entw&APw-rfe\") ALL\nS: $ OK [LIMIT] nothing\n\
        C: ESEARCH UNSEEN\nS: $ NO [LIMIT] too many\n";
    let lines = played(
        "MULTISEARCH ESEARCH PARTIAL",
        script,
        &[
            "both|ESEARCH IN (mailboxes \"folder1\" subtree \"folder2\") unseen|ESEARCH IN (mailboxes \"folder1\" subtree-one \"folder2\") subject \"chad\"",
            "esearch|IN (personal) RETURN (COUNT PARTIAL -1:-2) FROM ?|x",
            "esearch|IN (mailboxes ?) ALL|Entwürfe",
            "send|list|ESEARCH UNSEEN",
            "esearch|# ALL",
            "esearch|RETURN (SAVE) ALL",
            "esearch|IN () ALL",
        ],
    );
    let expected = [
        "both: [3001:3004,3788 in folder1;1] [50003,50006,50009,50012 in folder2/salmon;1111111] and [4001,4003,4005,4007,4009 in folder1;1] [3002,4004 in folder2/banana;503] [921691 in folder2/peach;3]",
        "esearch: [8:9 total=5 partial=-1:-2 in Entwürfe;7] [ defect=1 parts of the answer were not understood]",
        "esearch:",
        "send: NO LIMIT: ESEARCH: the server said NO: [LIMIT] too many",
    ];
    assert_eq!(lines[..4], expected);
    assert!(lines[4..].iter().all(|line| line.starts_with("esearch: INVALID")), "{lines:?}");
    support::shows("scripted", &["MULTISEARCH"]);
}

#[test]
fn answers_that_are_kept_up_to_date() {
    let script = "C: UID SEARCH RETURN (UPDATE COUNT) DELETED KEYWORD $Junk\n\
        S: * ESEARCH (TAG \"$TAG\") UID COUNT 74\nS: $ OK Search completed, will notify.\n\
        C: UID SORT RETURN (UPDATE COUNT) (DATE) UTF-8 KEYWORD $Junk\n\
        S: * ESEARCH (TAG \"$TAG2\") UID ADDTO (0 32768:32769)\n\
        S: * ESEARCH (TAG \"$TAG\") UID COUNT 74\nS: * NO [NOUPDATE \"$TAG\"] Too many contexts\nS: $ OK will not notify.\n\
        C: NOOP\n\
        S: * ESEARCH (TAG \"$TAG3\") UID ADDTO (1 2733 1 2732 1 2731)\n\
        S: * ESEARCH (TAG \"$TAG3\") UID REMOVEFROM (0 32768) ADDTO (x 2 7)\n\
        S: $ OK Nothing done.\n\
        C: CANCELUPDATE \"*2\"\nS: $ OK No further updates.\n";
    let lines = played(
        "ESEARCH SORT ESORT CONTEXT=SEARCH CONTEXT=SORT IDLE",
        script,
        &[
            "search|RETURN (UPDATE COUNT) DELETED KEYWORD $Junk",
            "sort|DATE|RETURN (UPDATE COUNT) CHARSET UTF-8 KEYWORD $Junk",
            "event|0",
            "noop",
            "event|0",
            "event|0",
            "event|0",
            "event|0",
            "cancelupdate|7",
            "send|done|CANCELUPDATE 2",
            "cancelupdate|2",
        ],
    );
    let expected = [
        "search: [ total=74 update=2]",
        "sort: [ total=74]",
        "event: ESEARCH 2 at 0 in 32768:32769",
        "noop:",
        "event: NOUPDATE ESEARCH 2 at 1 in 2733",
        "event: ESEARCH 2 at 1 in 2732 more",
        "event: ESEARCH 2 at 1 in 2731 more",
        "event: ESEARCH 2 at 0 out 32768",
    ];
    assert_eq!(lines[..8], expected);
    assert!(lines[8].starts_with("cancelupdate: INVALID"), "{}", lines[8]);
    assert_eq!(lines[9], "send:");
    assert!(lines[10].starts_with("cancelupdate: INVALID"), "{}", lines[10]);
    support::shows("scripted", &["CONTEXT=SEARCH", "CONTEXT=SORT", "ESORT"]);
}

#[test]
fn batches_of_uids() {
    let lines = exchanged(
        "UIDBATCHES",
        &[
            (
                "uidbatches|2000|0|0",
                "UIDBATCHES 2000",
                "* UIDBATCHES (TAG \"$TAG\") 215295:99696,99695:20351,20350:7830,7829:1",
            ),
            ("uidbatches|2000|10|20", "UIDBATCHES 2000 10:20", "* UIDBATCHES (TAG \"$TAG\")"),
            ("uidbatches|2000|1|1", "UIDBATCHES 2000 1:1", "* UIDBATCHES (TAG \"x\") 5:1\n* UIDBATCHES 9:x"),
            ("uidbatches|1|0|0", "UIDBATCHES 1", "$ NO [TOOFEW] at least 500"),
            ("uidbatches|2000|0|0", "UIDBATCHES 2000", "$ NO [TOOMANY] Too many messages in mailbox"),
            ("send|numbers|UIDBATCHES 500 1:2", "UIDBATCHES 500 1:2", "* UIDBATCHES (TAG \"$TAG\") 9:5,4:1"),
            ("uidbatches|0|0|0", "", ""),
            ("uidbatches|500|2|1", "", ""),
            ("uidbatches|500|0|1", "", ""),
            ("send|numbers|UIDBATCHES many", "", ""),
        ],
    );
    let expected = [
        "uidbatches: [99696:215295,20351:99695,7830:20350,1:7829 total=4]",
        "uidbatches: [ total=0]",
        "uidbatches: [ total=0 defect=1 parts of the answer were not understood]",
        "uidbatches: NO TOOFEW: UIDBATCHES: the server said NO: [TOOFEW] at least 500",
        "uidbatches: NO TOOMANY: UIDBATCHES: the server said NO: [TOOMANY] Too many messages in mailbox",
        "send: [5:9,1:4 total=2]",
    ];
    assert_eq!(lines[..6], expected);
    assert!(lines[6..].iter().all(|line| line.contains(" INVALID -: ")), "{lines:?}");
    support::shows("scripted", &["UIDBATCHES"]);
}

/// The steps in alice's INBOX, which has the sample mail.
fn asked(server: &Server, arguments: &[&str]) -> Vec<String> {
    let (port, ca) = (format!("1:{}", server.imaps), format!("20={}", server.ca()));
    let all = [&[&port, &ca, "40=alice", "41=secret-a", "--", "select|INBOX"], arguments].concat();
    let out = run(&test_program("searching"), &all, &[]).success();
    let lines: Vec<String> = out.lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "select:", "{}", server.name);
    lines[1..].to_vec()
}

fn loaded(name: &'static str, environment: &[(&str, &str)]) -> Option<Server> {
    let server = Server::start_with(name, environment)?;
    server.load_mail();
    Some(server)
}

/// Each step and what it comes to.
fn expect(server: &Server, expected: &[(&str, &str)]) {
    let arguments: Vec<&str> = expected.iter().map(|(step, _)| *step).collect();
    for (line, (step, expected)) in asked(server, &arguments).iter().zip(expected) {
        let name = step.split('|').next().unwrap_or_default();
        assert_eq!(*line, format!("{name}: {expected}").trim_end(), "{}: {step}", server.name);
    }
}

const ORDERS: [&str; 15] = [
    "sort|ARRIVAL|ALL",
    "sort|REVERSE ARRIVAL|ALL",
    "sort|CC|ALL",
    "sort|DATE|ALL",
    "sort|REVERSE DATE|ALL",
    "sort|FROM|ALL",
    "sort|REVERSE FROM SIZE|ALL",
    "sort|SIZE|ALL",
    "sort|DISPLAYTO|ALL",
    "thread|REFS|ALL",
    "thread|ORDEREDSUBJECT|ALL",
    "thread|REFERENCES|ALL",
    "sort|TO|ALL",
    "sort|SUBJECT|ALL",
    "sort|REVERSE SUBJECT DATE|UNSEEN",
];

/// The order of each of `ORDERS` as it is made here from what a Dovecot says of its messages.
fn made_here() -> Option<&'static Vec<String>> {
    static MADE: std::sync::OnceLock<Option<Vec<String>>> = std::sync::OnceLock::new();
    MADE.get_or_init(make_here).as_ref()
}

fn make_here() -> Option<Vec<String>> {
    let folder = support::Folder::new();
    let config = folder.0.join("config");
    std::fs::write(&config, "imap_capability = IMAP4rev1 LITERAL+ UIDPLUS\n").expect("a file");
    let server = loaded("dovecot", &[("LIBIMAP_SERVER_CONFIG", &config.display().to_string())])?;
    let lines = asked(&server, &ORDERS);
    assert!(lines.iter().all(|line| line.contains(" here")), "{lines:?}");
    Some(lines.iter().map(|line| line.replace(" here", "")).collect())
}

/// The server's orders, without those of these steps, are the same.
fn orders_like_ours(server: &Server, others: &[&str]) {
    let Some(ours) = made_here() else { return };
    let lines = asked(server, &ORDERS);
    for ((step, line), ours) in ORDERS.iter().zip(&lines).zip(ours) {
        if !others.contains(step) {
            assert_eq!(line, ours, "{}: {step}", server.name);
        }
    }
}

#[test]
fn dovecot() {
    let Some(server) = loaded("dovecot", &[]) else { return };
    orders_like_ours(&server, &[]);
    // Of the names it keeps spaces for itself that its ENVELOPE has not: message 22 would come first.
    let here = "5,14,9,28:29,20,4,11,18,8,27,15,3,12,21,1,13,25,10,2,19,26,7,16:17,23,6,24";
    expect(
        &server,
        &[
            ("sort|DISPLAYFROM|UID 1:21,23:29", &format!("[{here}]")),
            ("search|RETURN (MIN MAX COUNT) ALL", "[ total=29 min=1 max=29]"),
            ("search|RETURN (PARTIAL 2:4) ALL", "[2:4 partial=2:4]"),
            ("search|RETURN (PARTIAL -1:-3) ALL", "[27:29 partial=-1:-3 here]"),
            ("search|RETURN (SAVE) FLAGGED", "[]"),
            ("fetch|$", "8 14 23 25 29"),
            ("search|RETURN (COUNT) $", "[ total=5]"),
            ("copy|$|Archive", "8,14,23,25,29"),
            ("search|YOUNGER 86400", "[]"),
            ("search|OLDER ? FLAGGED|86400", "[8,14,23,25,29]"),
            ("sort|REVERSE DATE|RETURN (PARTIAL 1:3) ALL", "[29,28,27 partial=1:3 here]"),
            ("sort|REVERSE DATE|RETURN (MIN MAX COUNT) ALL", "[ total=29 min=29 max=1]"),
            ("search|SUBJECT ?|Grüße", "[2]"),
            ("search|SAVEDATESUPPORTED SAVEDSINCE ? FLAGGED|2003-04-01", "[8,14,23,25,29]"),
            ("search|KEYWORD $Forwarded", "[13]"),
            ("search|RETURN (UPDATE ALL) FLAGGED", "[8,14,23,25,29 update=18]"),
            ("store|1:2|+FLAGS (\\Flagged)", "1 2"),
            ("event|500", "ESEARCH 18 at 0 in 1:2"),
            ("store|1,8|-FLAGS (\\Flagged)", "1 8"),
            ("event|500", "ESEARCH 18 at 0 out 1,8"),
            ("cancelupdate|18", ""),
            ("store|2|-FLAGS (\\Flagged)", "2"),
            ("event|100", ""),
        ],
    );
    let rows = [
        "S1",
        "S3",
        "S4",
        "S7",
        "S8",
        "SORT",
        "SORT=DISPLAY",
        "ESORT",
        "THREAD=REFERENCES",
        "THREAD=ORDEREDSUBJECT",
        "THREAD=REFS",
        "ESEARCH",
        "SEARCHRES",
        "CONTEXT=SEARCH",
        "WITHIN",
        "SAVEDATE",
    ];
    support::shows("dovecot", &rows);
}

#[test]
fn cyrus() {
    let Some(server) = loaded("cyrus", &[]) else { return };
    // It takes accents from letters, and the first member of a group for its first address.
    let own = ["sort|SUBJECT|ALL", "sort|REVERSE SUBJECT DATE|UNSEEN", "sort|TO|ALL", "sort|DISPLAYTO|ALL"];
    orders_like_ours(&server, &own);
    let lines = asked(&server, &["esearch|IN (mailboxes (INBOX ?)) SUBJECT potluck|Drafts"]);
    let mailbox = lines[0].split_once(" in ").expect("a mailbox").1.to_owned();
    expect(
        &server,
        &[
            ("search|RETURN (MIN MAX COUNT) ALL", "[ total=29 min=1 max=29]"),
            ("search|RETURN (PARTIAL 2:4) ALL", "[2:4 partial=2:4]"),
            ("search|RETURN (PARTIAL -1:-3) ALL", "[27:29 partial=-1:-3]"),
            ("search|RETURN (SAVE ALL) FLAGGED", "[8,14,23,25,29]"),
            ("fetch|$", "8 14 23 25 29"),
            ("copy|$|Archive", "8,14,23,25,29"),
            ("search|OLDER 86400 FLAGGED", "[8,14,23,25,29]"),
            ("search|EMAILID ?|M1", "[]"),
            ("search|FUZZY KEYWORD $Forwarded", "[13]"),
            ("sort|REVERSE DATE|RETURN (ALL COUNT) UID 3:5", "[5,4,3 total=3]"),
            ("sort|REVERSE DATE|RETURN (PARTIAL 1:3 COUNT) ALL", "[29,28,27 total=29 partial=1:3 here]"),
            ("esearch|IN (mailboxes (INBOX ?)) SUBJECT potluck|Drafts", &format!("[5,28 in {mailbox}")),
            (
                "esearch|IN (subtree ? personal) RETURN (COUNT) SUBJECT ?|Drafts|potluck",
                &format!("[ total=2 in {mailbox}"),
            ),
            ("esearch|RETURN (MIN) FLAGGED", &format!("[ min=8 in {mailbox}")),
            ("esearch|IN (personal) SUBJECT ?|not in mailbox", ""),
        ],
    );
    let rows = [
        "S3",
        "S7",
        "S8",
        "THREAD",
        "ESORT",
        "THREAD=REFERENCES",
        "THREAD=ORDEREDSUBJECT",
        "THREAD=REFS",
        "ESEARCH",
        "SEARCHRES",
        "PARTIAL",
        "MULTISEARCH",
        "OBJECTID",
        "SEARCH=FUZZY",
        "WITHIN",
    ];
    support::shows("cyrus", &rows);
}

#[test]
fn courier() {
    let Some(server) = loaded("courier", &[]) else { return };
    // It turns the order of equals round, dates a message without a date to the beginning of time, and takes two messages
    // with one subject for siblings.
    let own: Vec<&str> = ORDERS
        .into_iter()
        .filter(|step| !["sort|ARRIVAL|ALL", "sort|REVERSE ARRIVAL|ALL", "thread|REFS|ALL"].contains(step))
        .collect();
    let Some(ours) = made_here() else { return };
    let lines = asked(&server, &ORDERS);
    for ((step, line), ours) in
        ORDERS.iter().zip(&lines).zip(ours).filter(|((step, _), _)| !own.contains(step))
    {
        assert_eq!(line.replace(" here", ""), *ours, "courier: {step}");
    }
    expect(
        &server,
        &[
            ("thread|REFERENCES|SUBJECT potluck", "0(5 28)"),
            ("thread|ORDEREDSUBJECT|SUBJECT potluck", "5(28)"),
            ("thread|REFS|SUBJECT potluck", "5.28 here"),
            ("search|RETURN (MIN MAX COUNT) ALL", "[ total=29 min=1 max=29 here]"),
            ("search|RETURN (PARTIAL -1:-3) ALL", "[27:29 partial=-1:-3 here]"),
            ("search|OLDER 86400 FLAGGED", "[8,14,23,25,29 here]"),
            ("search|YOUNGER 86400", "[ here]"),
        ],
    );
    support::shows("courier", &["S7", "S8", "ESEARCH", "PARTIAL", "WITHIN", "THREAD=REFS"]);
}
