//! Mailboxes and all that can be told of them, and messages that are put together: through the C ABI, against servers
//! that have the extensions, lack them, or claim to have them.

mod support;

use support::program::{run, test_program};
use support::scripted::Scripted;
use support::server::Server;
use support::{assert_like, is_like, shows};

/// Plays `script`, after a greeting with these capabilities and a login, to the steps; gives what each printed.
fn played(capabilities: &str, script: &str, options: &[&str], steps: &[&str]) -> Vec<String> {
    let begin = format!(
        "S: * OK [CAPABILITY {capabilities}] hi\nC: LOGIN *\nS: $ OK [CAPABILITY {capabilities}] in\n"
    );
    let server = Scripted::new(&(begin + script));
    let port = format!("1:{}", server.port);
    let mut arguments = vec![port.as_str(), "2:2", "46:1", "63:3000"];
    arguments.extend(options);
    arguments.extend(["--", "login|bob|secret"]);
    arguments.extend(steps);
    let output = run(&test_program("mailboxes"), &arguments, &[]);
    println!("{}{}", output.out, output.err);
    server.join();
    assert_eq!(output.code, Some(0));
    let mut lines: Vec<String> = output.out.lines().map(str::to_owned).collect();
    assert_eq!(lines.remove(0), "login:");
    assert_eq!(lines.len(), steps.len(), "{lines:#?}");
    lines
}

/// The one line of one step.
fn one(capabilities: &str, script: &str, step: &str) -> String {
    played(capabilities, script, &[], &[step]).remove(0)
}

#[test]
fn list_extended_is_asked_in_one_command() {
    let all = "IMAP4rev1 LIST-EXTENDED LIST-STATUS SPECIAL-USE LIST-MYRIGHTS LIST-METADATA";
    let script = concat!(
        "C: LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"*\" RETURN (CHILDREN SPECIAL-USE STATUS (MESSAGES UNSEEN) MYRIGHTS METADATA (/shared/comment \"/private/comment\"))\n",
        "S: * LIST (\\Subscribed \\HasNoChildren \\Sent) \"/\" Sent\n",
        "S: * STATUS Sent (MESSAGES 7 UNSEEN 0)\n",
        "S: * MYRIGHTS Sent lrs\n",
        "S: * METADATA Sent (/shared/comment \"what went out\" /private/comment NIL)\n",
        "S: * LIST (\\NonExistent \\HasChildren) \"/\" Old (\"CHILDINFO\" (\"SUBSCRIBED\"))\n",
        "S: * STATUS Elsewhere (MESSAGES 1)\n",
        "S: $ OK done\n",
    );
    let step = "list||*|(SUBSCRIBED RECURSIVEMATCH) RETURN (CHILDREN SPECIAL-USE STATUS (MESSAGES UNSEEN) MYRIGHTS METADATA (/shared/comment \"/private/comment\"))";
    assert_eq!(
        one(all, script, step),
        "list: [Sent attributes=144 role=8 messages=7 unseen=0 rights=lrs {Sent /shared/comment=what went out} {Sent /private/comment=NIL}] [Old attributes=14 child=SUBSCRIBED]"
    );
    let several = concat!(
        "C: LIST \"\" (\"INBOX\" \"Sent/%\" \"a b\") RETURN (SPECIAL-USE)\n",
        "S: * LIST () \"/\" INBOX\nS: * LIST (\\Drafts) \"/\" \"a b\"\nS: $ OK done\n",
    );
    assert_eq!(
        one(all, several, "take-mailboxes|LIST \"\" (INBOX Sent/% ?) RETURN (SPECIAL-USE)|a b"),
        "take-mailboxes: [INBOX role=1] [a b role=4]"
    );
    shows(
        "scripted",
        &["LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "LIST-MYRIGHTS", "LIST-METADATA", "CHILDREN"],
    );
}

#[test]
fn what_list_cannot_tell_is_asked_for_each_mailbox() {
    let script = concat!(
        "C: LIST \"\" \"*\"\n",
        "S: * LIST () \"/\" INBOX\nS: * LIST (\\Noselect) \"/\" Old\nS: * LIST () \"/\" \"Entw&APw-rfe\"\nS: $ OK done\n",
        "C: STATUS INBOX (MESSAGES)\nC: MYRIGHTS INBOX\nC: GETMETADATA INBOX (\"/shared/comment\")\n",
        "C: STATUS \"Entw&APw-rfe\" (MESSAGES)\nC: MYRIGHTS \"Entw&APw-rfe\"\nC: GETMETADATA \"Entw&APw-rfe\" (\"/shared/comment\")\n",
        // In any order, some refused, one missing, one foreign.
        "S: * MYRIGHTS \"Entw&APw-rfe\" lr\nS: * METADATA INBOX (/shared/comment {3}\nS- abc)\\r\\n\n",
        "S: * STATUS inbox (MESSAGES 3)\nS: * STATUS Foreign (MESSAGES 9)\n",
        "reply 1 NO not here\nreply 6\nreply 5\nreply 3 NO\nreply 4\nreply 2\nC: NOOP\nS: $ OK done\n",
    );
    let step = "list||*|RETURN (STATUS (MESSAGES) MYRIGHTS METADATA (/shared/comment))";
    let lines = played("IMAP4rev1 ACL METADATA", script, &[], &[step, "noop"]);
    assert_eq!(
        lines[0],
        "list: origin=1 [INBOX role=1 messages=3 {INBOX /shared/comment=abc}] [Old attributes=2] [Entwürfe role=4/2 rights=lr]"
    );
    // Fewer at once than there are to ask, and another's command meanwhile.
    let lines = played(
        "IMAP4rev1",
        concat!(
            "C: LIST \"\" \"*\"\nlists 3\nS: $ OK done\n",
            "C: STATUS box1 (UNSEEN)\nC: STATUS box2 (UNSEEN)\nquiet 100\n",
            "S: * STATUS box2 (UNSEEN 2)\nreply 1\nC: STATUS box3 (UNSEEN)\n",
            "S: * STATUS box1 (UNSEEN 1)\nreply 3\nS: * STATUS box3 (UNSEEN 3)\nS: $ OK done\n",
        ),
        &["90:2"],
        &["list||*|RETURN (STATUS (UNSEEN))"],
    );
    assert_eq!(lines[0], "list: origin=1 [box1 unseen=1] [box2 unseen=2] [box3 unseen=3]");
    // Many of them need few round trips.
    let script = "C: LIST \"\" \"*\"\nlists 500\nS: $ OK done\nstatuses 500\n";
    let line = one("IMAP4rev1", script, "list||*|RETURN (STATUS (MESSAGES))");
    assert!(line.contains("[box1 messages=1] ") && line.ends_with("[box500 messages=500]"), "{line}");
    shows("scripted", &["LIST-STATUS", "LIST-MYRIGHTS", "LIST-METADATA"]);
}

#[test]
fn what_no_command_can_tell_is_refused() {
    let none = "IMAP4rev1 UIDPLUS";
    for (step, lacking) in [
        ("list||*|RETURN (MYRIGHTS)", "the server does not have ACL"),
        ("list||*|RETURN (METADATA (/shared/a))", "the server has neither METADATA nor ANNOTATEMORE"),
        ("list||*|RETURN (STATUS (SIZE))", "STATUS SIZE: the server does not have STATUS=SIZE"),
        ("list||*|(X-NEW) RETURN (CHILDREN)", "the server does not have LIST-EXTENDED"),
        ("status|INBOX|MAILBOXID", "STATUS MAILBOXID: the server does not have OBJECTID"),
        ("status|INBOX|DELETED", "STATUS DELETED: the server does not have IMAP4REV2 nor QUOTA=RES-MESSAGE"),
        (
            "status|INBOX|DELETED-STORAGE",
            "STATUS DELETED-STORAGE: the server does not have QUOTA=RES-STORAGE",
        ),
        ("status|INBOX|APPENDLIMIT", "STATUS APPENDLIMIT: the server does not have APPENDLIMIT"),
        ("take-mailboxes|XLIST \"\" *", "the server does not have XLIST"),
        ("take-entries|GETANNOTATION INBOX /comment value.priv", "the server does not have ANNOTATEMORE"),
        ("getmetadata|INBOX|/private/a", "the server has neither METADATA nor ANNOTATEMORE"),
        ("getmetadata||/private/a", "the server has neither METADATA nor METADATA-SERVER"),
        ("setmetadata|INBOX|/private/a|x", "the server has neither METADATA nor ANNOTATEMORE"),
        ("create|x|8", "the server does not have CREATE-SPECIAL-USE"),
        ("unselect", "no mailbox is selected"),
        ("upload|INBOX|0|n:|u:/INBOX/;UID=1", "the server does not have CATENATE"),
    ] {
        let line = one(none, "all\n", step);
        let is_refused = line.contains("IMAP_ERR_UNSUPPORTED usable=1") || line.contains("IMAP_ERR_STATE");
        assert!(is_refused && line.contains(lacking), "{step}: {line}");
    }
    // And what makes no sense.
    for step in [
        "list||*|(RECURSIVEMATCH)",
        "list||*|(STATUS (MESSAGES))",
        "list||*|(SUBSCRIBED",
        "list||*|SUBSCRIBED",
        "list||*|RETURN (CHILDREN) more",
        "list||*|RETURN (STATUS ())",
        "list||*|RETURN (METADATA (comment))",
        "list||a\\r\\nb|",
        "take-mailboxes|LIST \"\" ()",
        "take-mailboxes|LIST \"\" (a",
        "status|INBOX|",
        "status|INBOX|\"MESSAGES\"",
        "getmetadata|INBOX|",
        "getmetadata|INBOX|(DEPTH 1)",
        "setmetadata|INBOX|/private/*|x",
        "setmetadata|INBOX|comment|x",
        "send|SETMETADATA INBOX ()",
        "send|SETMETADATA INBOX (/private/a)",
        "upload|INBOX|0|u:/INBOX/;UID=1",
        "upload|INBOX|0|n:|u:",
        "upload|INBOX|0|n:|u:/IN BOX",
        "upload|INBOX|0|n:",
        "create|x|77",
    ] {
        let line = one("IMAP4rev1 LIST-EXTENDED METADATA CATENATE", "all\n", step);
        assert!(line.contains("IMAP_ERR_INVALID usable=1"), "{step}: {line}");
    }
    shows("scripted", &["R10"]);
}

#[test]
fn nothing_is_done_by_other_means_if_that_is_not_wanted() {
    let steps = [
        "list||*|RETURN (STATUS (MESSAGES))",
        "list||*|(SUBSCRIBED)",
        "list||*|RETURN (SPECIAL-USE)",
        "take-mailboxes|LIST \"\" (a b)",
        "namespace",
        "getmetadata|INBOX|/private/a",
        "list||*",
    ];
    let script = "C: LIST \"\" \"*\"\nS: * LIST () \"/\" Sent\nS: $ OK done\n";
    let lines = played("IMAP4rev1 XLIST ANNOTATEMORE", script, &["111:0"], &steps);
    for line in &lines[..6] {
        assert!(line.contains("IMAP_ERR_UNSUPPORTED usable=1"), "{line}");
    }
    // Nor are roles guessed.
    assert_eq!(lines[6], "list: [Sent]");
}

#[test]
fn options_that_servers_claim_and_do_not_know_are_given_up_one_by_one() {
    let all = "IMAP4rev1 LIST-EXTENDED LIST-STATUS SPECIAL-USE";
    let script = concat!(
        "C: LIST \"\" \"*\" RETURN (SPECIAL-USE STATUS (MESSAGES))\nS: $ BAD what\n",
        "C: LIST \"\" \"*\" RETURN (SPECIAL-USE)\nS: * LIST (\\Junk) \"/\" a\nS: $ OK done\n",
        "C: STATUS a (MESSAGES)\nS: * STATUS a (MESSAGES 5)\nS: $ OK done\n",
        // It is remembered.
        "C: LIST \"\" \"%\" RETURN (SPECIAL-USE)\nS: * LIST (\\Junk) \"/\" a\nS: $ OK done\n",
        "C: STATUS a (MESSAGES)\nS: * STATUS a (MESSAGES 6)\nS: $ OK done\n",
    );
    let steps = [
        "list||*|RETURN (SPECIAL-USE STATUS (MESSAGES))",
        "list||%|RETURN (SPECIAL-USE STATUS (MESSAGES))",
        "has|LIST-STATUS",
    ];
    let lines = played(all, script, &[], &steps);
    assert_eq!(
        lines,
        ["list: origin=1 [a role=7 messages=5]", "list: origin=1 [a role=7 messages=6]", "has: 1"]
    );
    // One that answers nothing: the plain LIST, from then on.
    let script = concat!(
        "C: LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN)\nS: $ OK done\n",
        "C: LIST \"\" \"*\"\nS: * LIST () \"/\" a\nS: $ OK done\nC: LSUB \"\" \"*\"\nS: * LSUB () \"/\" a\nS: $ OK done\n",
        "C: LIST \"\" a\nS: * LIST () \"/\" a\nS: $ OK done\n",
    );
    let script = script.replace("\"\" a\n", "\"\" \"a\"\n");
    let lines = played(
        "IMAP4rev1 LIST-EXTENDED CHILDREN",
        &script,
        &[],
        &["list||*|RETURN (SUBSCRIBED CHILDREN)", "list||a|RETURN (CHILDREN)"],
    );
    assert_eq!(lines, ["list: origin=1 [a attributes=128]", "list: [a]"]);
    // There is always an INBOX.
    let script =
        "C: LIST \"\" \"INBOX\" RETURN (CHILDREN)\nS: $ OK done\nC: LIST \"\" \"INBOX\"\nS: $ OK done\n";
    let line = one("IMAP4rev1 LIST-EXTENDED", script, "list||INBOX|RETURN (CHILDREN)");
    assert_eq!(line, "list: origin=1 [INBOX role=1/1]");
    // What it does not understand without options either is its answer.
    let script = "C: LIST \"\" \"*\" RETURN (CHILDREN)\nS: $ BAD no\nC: LIST \"\" \"*\"\nS: $ BAD no\nC: LIST \"\" \"*\" RETURN (CHILDREN)\nS: * LIST () \"/\" a\nS: $ OK\n";
    let steps = ["list||*|RETURN (CHILDREN)", "list||*|RETURN (CHILDREN)"];
    let lines = played("IMAP4rev1 LIST-EXTENDED", script, &[], &steps);
    assert!(lines[0].starts_with("list: IMAP_ERR_BAD usable=1"), "{}", lines[0]);
    assert_eq!(lines[1], "list: [a]");
    shows("scripted", &["LIST-EXTENDED"]);
}

#[test]
fn subscriptions_are_found_with_lsub() {
    let script = concat!(
        "C: LIST \"\" \"%\"\nS: * LIST () \"/\" INBOX\nS: * LIST () \"/\" a\nS: * LIST (\\Noselect) \"/\" b\nS: * LIST () \"/\" c\nS: $ OK done\n",
        "C: LSUB \"\" \"%\"\nS: * LSUB () \"/\" inbox\nS: * LSUB (\\Noselect) \"/\" a\nS: * LSUB () \"/\" b\nS: * LSUB () \"/\" gone\nS: $ OK done\n",
    );
    let lists = |step: &str| one("IMAP4rev1", script, step);
    assert_eq!(
        lists("list||%|(SUBSCRIBED)"),
        "list: origin=1 [INBOX attributes=128 role=1] [b attributes=130] [gone attributes=134]"
    );
    assert_eq!(
        lists("list||%|(SUBSCRIBED RECURSIVEMATCH)"),
        "list: origin=1 [INBOX attributes=128 role=1] [a child=SUBSCRIBED] [b attributes=130] [gone attributes=134]"
    );
    assert_eq!(
        lists("list||%|RETURN (SUBSCRIBED)"),
        "list: origin=1 [INBOX attributes=128 role=1] [a child=SUBSCRIBED] [b attributes=130] [c]"
    );
    // Several patterns one by one, each name once.
    let script = concat!(
        "C: LIST \"\" \"a\"\nS: * LIST () \"/\" a\nS: $ OK done\n",
        "C: LIST \"\" \"*\"\nS: * LIST () \"/\" a\nS: * LIST () \"/\" b\nS: $ OK done\n",
    );
    let line = one("IMAP4rev1", script, "take-mailboxes|LIST \"\" (a *)");
    assert_eq!(line, "take-mailboxes: origin=1 [a] [b]");
    // IMAP4rev2 has no LSUB.
    let script = "C: ENABLE IMAP4rev2\nS: * ENABLED IMAP4rev2\nS: $ OK\nC: LIST (SUBSCRIBED) \"\" \"*\"\nS: * LIST (\\Subscribed) \"/\" a\nS: $ OK done\n";
    assert_eq!(one("IMAP4rev2 ENABLE", script, "lsub||*"), "lsub: origin=1 [a attributes=128]");
    shows("scripted", &["M7", "E9", "LIST-EXTENDED", "CHILDREN"]);
}

#[test]
fn roles_come_from_the_server_or_from_names() {
    let names = "S: * LIST () \"/\" INBOX\nS: * LIST () \"/\" \"Gesendete Elemente\"\nS: * LIST () \"/\" Work/Sent\nS: $ OK done\n";
    let guessed = "list: [INBOX role=1] [Gesendete Elemente role=8/2] [Work/Sent]";
    assert_eq!(one("IMAP4rev1", &format!("C: LIST \"\" \"*\"\n{names}"), "list||*"), guessed);
    let special = one("IMAP4rev1", &format!("C: LIST \"\" \"*\"\n{names}"), "list||*|(SPECIAL-USE)");
    assert_eq!(special, "list: origin=1 [Gesendete Elemente role=8/2]");
    // A server that can tell, and does not, is believed.
    let told = one("IMAP4rev1 SPECIAL-USE", &format!("C: LIST \"\" \"*\"\n{names}"), "list||*");
    assert_eq!(told, "list: [INBOX role=1] [Gesendete Elemente] [Work/Sent]");
    // XLIST, from before SPECIAL-USE; and one that does not know it after all.
    let xlist = "C: XLIST \"\" \"*\"\nS: * XLIST (\\Inbox) \"/\" Posteingang\nS: * XLIST (\\AllMail) \"/\" All\nS: * XLIST () \"/\" Sent\nS: $ OK done\n";
    let roles = "[Posteingang role=1] [All role=2] [Sent]";
    assert_eq!(one("IMAP4rev1 XLIST", xlist, "list||*"), format!("list: {roles}"));
    assert_eq!(
        one("IMAP4rev1 XLIST", xlist, "take-mailboxes|XLIST \"\" *"),
        format!("take-mailboxes: {roles}")
    );
    assert_eq!(one("IMAP4rev1 XLIST", xlist, "stream|LIST \"\" *"), format!("stream: {roles}"));
    let refused = format!("C: XLIST \"\" \"*\"\nS: $ BAD what\nC: LIST \"\" \"*\"\n{names}");
    assert_eq!(one("IMAP4rev1 XLIST", &refused, "list||*"), guessed);
    let script = "C: CREATE Post (USE (\\Sent))\nS: $ OK [MAILBOXID (F1)] done\n";
    assert_eq!(one("IMAP4rev1 CREATE-SPECIAL-USE", script, "create|Post|8"), "create:");
    shows("scripted", &["M8", "U9", "E9", "SPECIAL-USE", "XLIST", "CREATE-SPECIAL-USE"]);
}

#[test]
fn streams_of_mailboxes_tell_what_list_tells() {
    let script = concat!(
        "C: LIST (SUBSCRIBED) \"\" \"*\" RETURN (STATUS (MESSAGES))\n",
        "S: * LIST (\\Subscribed) \"/\" a\nS: * STATUS a (MESSAGES 1)\n",
        "S: * LIST (\\Subscribed) \"/\" b\nS: * STATUS b (MESSAGES 2)\nS: $ OK done\n",
    );
    let step = "stream|LIST (SUBSCRIBED) \"\" * RETURN (STATUS (MESSAGES))";
    let line = one("IMAP4rev1 LIST-EXTENDED LIST-STATUS", script, step);
    assert_eq!(line, "stream: [a attributes=128 messages=1] [b attributes=128 messages=2]");
}

#[test]
fn streams_of_mailboxes_ask_for_what_list_does_not_tell() {
    let script = concat!(
        "C: LIST \"\" \"*\"\nS: * LIST (\\Noselect) \"/\" top\nS: * LIST () \"/\" top/a\nS: * LIST () \"/\" \"top/b c\"\n",
        "S: * LIST (\\Noselect) \"/\" none\nS: * LIST () \"/\" top/d\nS: * LIST (\\Noselect) \"/\" last\nS: $ OK done\n",
        "C: STATUS \"top/a\" (MESSAGES)\nS: * STATUS top/a (MESSAGES 1)\nS: * STATUS top/d (MESSAGES 99)\nS: $ OK done\n",
        "C: MYRIGHTS \"top/a\"\nS: * MYRIGHTS top/a lrs\nS: $ OK done\n",
        "C: STATUS \"top/b c\" (MESSAGES)\nS: $ BAD what\n",
        "C: MYRIGHTS \"top/b c\"\nS: * MYRIGHTS \"top/b c\" lr\nS: $ OK done\n",
        "C: STATUS \"top/d\" (MESSAGES)\nS: * STATUS top/d (MESSAGES 3)\nS: $ OK done\n",
        "C: MYRIGHTS \"top/d\"\nS: $ NO [NOPERM] no\n",
        "C: LIST \"\" \"*\"\nS: $ OK done\n",
    );
    let steps = [
        "stream|LIST \"\" * RETURN (STATUS (MESSAGES) MYRIGHTS)",
        "stream|LIST \"\" * RETURN (STATUS (MESSAGES) MYRIGHTS)",
    ];
    let lines = played("IMAP4rev1 ACL", script, &[], &steps);
    let expected = [
        "[top attributes=2]",
        "[top/a messages=1 rights=lrs]",
        "[top/b c rights=lr]",
        "[none attributes=2]",
        "[top/d messages=3]",
        "[last attributes=2]",
    ];
    let expected: String = expected.iter().map(|mailbox| format!(" origin=1 {mailbox}")).collect();
    assert_eq!(lines, [format!("stream:{expected}"), "stream:".to_owned()]);
    // Names that are too many to be kept until they are asked about.
    let many = format!("C: LIST \"\" \"*\"\n{}S: $ OK done\n", "S: * LIST () \"/\" a\n".repeat(500));
    let lines =
        played("IMAP4rev1", &many, &["82:100000"], &["stream|LIST \"\" * RETURN (STATUS (MESSAGES))"]);
    assert!(lines[0].contains("IMAP_ERR_LIMIT"), "{lines:?}");
}

/// Subscriptions come first and are held, then each mailbox is handed out as it is named; the last ones are those that
/// are subscribed and not there.
#[test]
fn streams_of_mailboxes_put_lists_together() {
    let lsub = "C: LSUB \"\" \"%\"\nS: * LSUB () \"/\" inbox\nS: * LSUB (\\Noselect) \"/\" a\nS: * LSUB () \"/\" b\nS: * LSUB () \"/\" b\nS: * LSUB () \"/\" gone\nS: $ OK done\n";
    let list = "C: LIST \"\" \"%\"\nS: * LIST () \"/\" INBOX\nS: * LIST () \"/\" a\nS: * LIST (\\Noselect) \"/\" b\nS: * LIST (\\Noselect) \"/\" b\nS: * LIST () \"/\" c\nS: $ OK done\n";
    let both = [lsub, list].concat();
    let streamed = |capabilities: &str, script: &str, step: &str| {
        one(capabilities, script, step).replace("origin=1 ", "")
    };
    assert_eq!(
        streamed("IMAP4rev1", &both, "stream|LIST (SUBSCRIBED) \"\" %"),
        "stream: [INBOX attributes=128 role=1] [b attributes=130] [gone attributes=134]"
    );
    assert_eq!(
        streamed("IMAP4rev1", &both, "stream|LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %"),
        "stream: [INBOX attributes=128 role=1] [a child=SUBSCRIBED] [b attributes=130] [gone attributes=134]"
    );
    assert_eq!(
        streamed("IMAP4rev1", &both, "stream|LIST \"\" % RETURN (SUBSCRIBED)"),
        "stream: [INBOX attributes=128 role=1] [a child=SUBSCRIBED] [b attributes=130] [c]"
    );
    // Both: what has no role is not told, whether it is there or not.
    let list = "C: LIST \"\" \"%\"\nS: * LIST () \"/\" b\nS: * LIST () \"/\" Sent\nS: $ OK done\n";
    let lsub = "C: LSUB \"\" \"%\"\nS: * LSUB () \"/\" b\nS: * LSUB () \"/\" Sent\nS: * LSUB () \"/\" gone\nS: $ OK done\n";
    assert_eq!(
        streamed("IMAP4rev1", &[lsub, list].concat(), "stream|LIST (SUBSCRIBED SPECIAL-USE) \"\" %"),
        "stream: [Sent attributes=128 role=8/2]"
    );
    assert_eq!(
        streamed("IMAP4rev1", &[list, lsub].concat(), "list||%|(SUBSCRIBED SPECIAL-USE)"),
        "list: [Sent attributes=128 role=8/2]"
    );
    // What is asked for each mailbox comes behind, also of those that LIST did not name.
    let status = "C: STATUS INBOX (MESSAGES)\nS: * STATUS INBOX (MESSAGES 3)\nS: $ OK done\n";
    assert_eq!(
        streamed(
            "IMAP4rev1",
            &[&both, status].concat(),
            "stream|LIST (SUBSCRIBED) \"\" % RETURN (STATUS (MESSAGES))"
        ),
        "stream: [INBOX attributes=128 role=1 messages=3] [b attributes=130] [gone attributes=134]"
    );
    // Several patterns one by one, each name once.
    let script = concat!(
        "C: LIST \"\" \"a\"\nS: * LIST () \"/\" a\nS: $ OK done\n",
        "C: LIST \"\" \"*\"\nS: * LIST () \"/\" a\nS: * LIST () \"/\" b\nS: $ OK done\n",
    );
    assert_eq!(streamed("IMAP4rev1", script, "stream|LIST \"\" (a *)"), "stream: [a] [b]");
    let lsub = "C: LSUB \"\" \"a\"\nS: * LSUB () \"/\" a\nS: $ OK done\nC: LSUB \"\" \"*\"\nS: * LSUB () \"/\" a\nS: * LSUB () \"/\" d\nS: $ OK done\n";
    assert_eq!(
        streamed("IMAP4rev1", &[lsub, script].concat(), "stream|LIST (SUBSCRIBED) \"\" (a *)"),
        "stream: [a attributes=128] [d attributes=134]"
    );
    // A server that has LIST-EXTENDED, and does not know it.
    let claimed = ["C: LIST (SUBSCRIBED) \"\" \"%\"\nS: $ BAD what\n", &both].concat();
    assert_eq!(
        streamed("IMAP4rev1 LIST-EXTENDED", &claimed, "stream|LIST (SUBSCRIBED) \"\" %"),
        "stream: [INBOX attributes=128 role=1] [b attributes=130] [gone attributes=134]"
    );
    // Names that are too many to be held.
    let many =
        |name: &str| -> String { (0..5000).map(|n| format!("S: * {name} () \"/\" box{n}\n")).collect() };
    for (script, step) in [
        (format!("C: LSUB \"\" \"*\"\n{}S: $ OK done\n", many("LSUB")), "stream|LIST (SUBSCRIBED) \"\" *"),
        (format!("C: LIST \"\" \"*\"\n{}S: $ OK done\n", many("LIST")), "stream|LIST \"\" (* a)"),
    ] {
        let lines = played("IMAP4rev1", &script, &["82:100000"], &[step]);
        assert!(lines[0].contains("IMAP_ERR_LIMIT"), "{lines:?}");
    }
    shows("scripted", &["LIST-EXTENDED"]);
}

#[test]
fn namespaces_are_told_or_found() {
    let told = "C: NAMESPACE\nS: * NAMESPACE ((\"\" \"/\")) ((\"~\" \"/\")) NIL\nS: $ OK done\n";
    assert_eq!(
        one("IMAP4rev1 NAMESPACE", told, "namespace"),
        "namespace: origin=0 personal=\"\"/ other=\"~\"/"
    );
    let list = "C: LIST \"\" \"\"\nS: * LIST (\\Noselect) \".\" \"\"\nS: $ OK done\n";
    assert_eq!(one("IMAP4rev1", list, "namespace"), "namespace: origin=1 personal=\"\".");
    let refused = format!("C: NAMESPACE\nS: $ BAD what\n{list}{list}");
    let lines = played("IMAP4rev1 NAMESPACE", &refused, &[], &["namespace", "namespace"]);
    assert_eq!(lines, ["namespace: origin=1 personal=\"\".", "namespace: origin=1 personal=\"\"."]);
    // It would hang up.
    let server = Scripted::new(&format!(
        "S: * OK [CAPABILITY IMAP4rev1 NAMESPACE] Microsoft Exchange Server 2003 IMAP4rev1 server version 6.5 ready\nC: LOGIN *\nS: $ OK in\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 NAMESPACE\nS: $ OK\n{list}"
    ));
    let port = format!("1:{}", server.port);
    let arguments = [port.as_str(), "2:2", "46:1", "--", "login|bob|secret", "namespace"];
    let out = run(&test_program("mailboxes"), &arguments, &[]).success();
    server.join();
    assert_eq!(out, "login:\nnamespace: origin=1 personal=\"\".\n");
    shows("scripted", &["M10", "D11", "NAMESPACE"]);
}

#[test]
fn counts_of_all_kinds() {
    let all = "IMAP4rev1 IMAP4rev2 CONDSTORE OBJECTID APPENDLIMIT=1000 QUOTA=RES-STORAGE";
    let script = concat!(
        "C: STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT DELETED SIZE HIGHESTMODSEQ MAILBOXID APPENDLIMIT DELETED-STORAGE X-NEW)\n",
        "S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 1 RECENT 0 DELETED 1 SIZE 4294967296 HIGHESTMODSEQ 9223372036854775807 MAILBOXID (F22) APPENDLIMIT 4294967296 DELETED-STORAGE 42 X-NEW (1))\nS: $ OK done\n",
        "C: STATUS INBOX (APPENDLIMIT)\nS: * STATUS INBOX (APPENDLIMIT NIL)\nS: $ OK done\n",
    );
    let lines = played(
        all,
        script,
        &[],
        &[
            "status|INBOX|(messages UIDNEXT UIDVALIDITY UNSEEN RECENT DELETED SIZE HIGHESTMODSEQ MAILBOXID APPENDLIMIT DELETED-STORAGE X-NEW)",
            "status|INBOX|APPENDLIMIT",
        ],
    );
    assert_eq!(
        lines,
        [
            "status: INBOX messages=3 unseen=1 recent=0 deleted=1 uid_next=9 uid_validity=7 modseq=9223372036854775807 size=4294967296 deleted_storage=42 append_limit=4294967296 id=F22 other=X-NEW",
            "status: INBOX"
        ]
    );
    // IMAP4rev2 has no RECENT.
    let script = "C: ENABLE IMAP4REV2\nS: * ENABLED IMAP4rev2\nS: $ OK\nC: STATUS INBOX (MESSAGES)\nS: * STATUS INBOX (MESSAGES 1)\nS: $ OK\n".replace("IMAP4REV2", "IMAP4rev2");
    let lines = played(
        "IMAP4rev1 IMAP4rev2 ENABLE",
        &script,
        &[],
        &["enable|IMAP4rev2", "status|INBOX|RECENT MESSAGES", "status|INBOX|RECENT"],
    );
    assert_eq!(lines, ["enable:", "status: INBOX messages=1", "status: INBOX"]);
    shows("scripted", &["M9", "D12", "STATUS=SIZE", "OBJECTID", "APPENDLIMIT"]);
}

#[test]
fn mailboxes_tell_their_ids_and_old_names() {
    let script = concat!(
        "C: CREATE a\nS: $ OK [MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] done\n",
        "C: RENAME a b\nS: * LIST () \"/\" b (\"OLDNAME\" (\"a\"))\nS: $ OK done\n",
    );
    let lines = played("IMAP4rev1 OBJECTID", script, &[], &["send|CREATE a", "rename|a|b", "event"]);
    assert_eq!(
        lines,
        ["send: code=MAILBOXID F2212ea87-6097-4256-9d51-71338625", "rename:", "event: LIST b old=a"]
    );
    shows("scripted", &["M4", "K9", "OBJECTID"]);
}

#[test]
fn metadata_in_full() {
    let script = concat!(
        "C: GETMETADATA (MAXSIZE 10 DEPTH infinity) INBOX (/private/a /shared/b)\n",
        "S: * METADATA INBOX (/private/a \"x\" /private/a/c NIL)\nS: * METADATA INBOX /shared/b\nS: $ OK [METADATA LONGENTRIES 2199] done\n",
        "C: GETMETADATA (MAXSIZE 10) INBOX (/private/a \"/shared/b\")\n",
        "S: * METADATA INBOX (/private/a {1}\nS- y)\\r\\n\n",
        "S: $ OK [METADATA LONGENTRIES 55] done\n",
        "C: GETMETADATA \"\" (/shared/comment)\nS: * METADATA \"\" (/shared/comment \"our server\")\nS: $ OK done\n",
        "C: SETMETADATA INBOX (\"/private/a\" \"one\" \"/shared/b\" NIL)\nS: $ OK done\n",
        "C: SETMETADATA INBOX (\"/private/a\" \"x\")\nS: $ NO [METADATA TOOMANY] no\n",
        "C: SETMETADATA INBOX (\"/private/a\" NIL)\nS: $ OK done\n",
    );
    let steps = [
        "getmetadata|INBOX|(MAXSIZE 10 DEPTH infinity) /private/a /shared/b",
        "getmetadata|INBOX|(MAXSIZE 10) (/private/a ?)|/shared/b",
        "getmetadata||/shared/comment",
        "send|SETMETADATA INBOX (/private/a ? /shared/b NIL)|one",
        "setmetadata|INBOX|/private/a|x",
        "setmetadata|INBOX|/private/a",
        "event",
    ];
    let lines = played("IMAP4rev1 METADATA", script, &[], &steps);
    assert_eq!(
        lines[..4],
        [
            "getmetadata: {INBOX /private/a=x} {INBOX /private/a/c=NIL} {INBOX =NIL size=2199}",
            "getmetadata: {INBOX /private/a=y} {INBOX /shared/b=NIL size=55}",
            "getmetadata: { /shared/comment=our server}",
            "send:",
        ]
    );
    assert!(lines[4].starts_with("setmetadata: IMAP_ERR_NO usable=1 code=METADATA TOOMANY"), "{}", lines[4]);
    assert_eq!(lines[5..], ["setmetadata:", "event: METADATA -"]);
    shows("scripted", &["METADATA", "METADATA-SERVER"]);
}

#[test]
fn annotatemore_where_there_is_no_metadata() {
    let script = concat!(
        "C: GETANNOTATION INBOX (\"/comment\" \"/comment/%\" \"/x\" \"/x/%\") (\"value.priv\" \"value.shared\")\n",
        "S: * ANNOTATION INBOX \"/comment\" (\"value.priv\" \"mine\" \"value.shared\" \"ours\")\n",
        "S: * ANNOTATION INBOX \"/x\" (\"value.priv\" \"not asked\" \"value.shared\" \"0123456789ab\") \"/comment/deep\" (\"value.priv\" NIL)\n",
        "S: $ OK done\n",
        "C: SETANNOTATION INBOX \"/comment\" (\"value.priv\" \"new\") \"/x\" (\"value.shared\" NIL)\nS: $ OK done\n",
        "C: GETANNOTATION INBOX \"/comment\" \"value.shared\"\nS: * ANNOTATION INBOX \"/comment\" (\"value.shared\" \"ours\")\nS: $ OK done\n",
        "C: SETANNOTATION INBOX \"/comment\" (\"value.priv\" \"v\")\nS: $ OK done\n",
        "C: LIST \"\" \"*\"\nS: * LIST () \"/\" INBOX\nS: $ OK\n",
        "C: GETANNOTATION INBOX (\"/comment\") (\"value.shared\")\nS: * ANNOTATION INBOX /comment (value.shared ours)\nS: $ OK\n",
    );
    let steps = [
        "getmetadata|INBOX|(DEPTH 1 MAXSIZE 10) /private/comment /shared/x",
        "send|SETMETADATA INBOX (/private/comment new /shared/x NIL)",
        "take-entries|GETANNOTATION INBOX \"/comment\" \"value.shared\"",
        "send|SETANNOTATION INBOX \"/comment\" (\"value.priv\" ?)|v",
        "list||*|RETURN (METADATA (/shared/comment))",
    ];
    let lines = played("IMAP4rev1 ANNOTATEMORE", script, &[], &steps);
    assert_eq!(
        lines,
        [
            "getmetadata: {INBOX /private/comment value.priv=mine} {INBOX /shared/x=NIL size=12} {INBOX /private/comment/deep value.priv=NIL}",
            "send:",
            "take-entries: {INBOX /comment value.shared=ours}",
            "send:",
            "list: origin=1 [INBOX role=1 {INBOX /shared/comment value.shared=ours}]",
        ]
    );
    shows("scripted", &["ANNOTATEMORE"]);
}

#[test]
fn quotas_of_any_number_of_resources() {
    let script = concat!(
        "C: SETQUOTA \"#user/alice\" (STORAGE 510 X-RES 9223372036854775807)\n",
        "S: * QUOTA \"#user/alice\" (STORAGE 58 512 MESSAGE 4294967296 9223372036854775807 ANNOTATION-STORAGE 0 1)\nS: $ OK Rounded quota\n",
    );
    let step = "take-quotas|SETQUOTA ? (STORAGE 510 X-RES 9223372036854775807)|#user/alice";
    let expected = "take-quotas: <#user/alice STORAGE=58/512 MESSAGE=4294967296/9223372036854775807 ANNOTATION-STORAGE=0/1>";
    assert_eq!(one("IMAP4rev1 QUOTA QUOTASET QUOTA=RES-STORAGE", script, step), expected);
    assert_eq!(one("IMAP4rev1 QUOTA", script, step), expected);
    let line = one("IMAP4rev1 QUOTA QUOTA=RES-STORAGE", "all\n", step);
    assert!(line.contains("IMAP_ERR_UNSUPPORTED usable=1: the server does not have QUOTASET"), "{line}");
    let line = one("IMAP4rev1 ACL RIGHTS=texk", "all\n", "has|RIGHTS=texk");
    assert_eq!(line, "has: 1");
    shows("scripted", &["E5", "D9", "QUOTA", "QUOTASET"]);
}

const CATENATE: &str = "IMAP4rev1 CATENATE MULTIAPPEND REPLACE UIDPLUS LITERAL+";

#[test]
fn messages_are_put_together_on_the_server() {
    let script = concat!(
        "C: APPEND Drafts (\\Seen) CATENATE (URL \"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER\" TEXT {8+}\n",
        "L: 8\nc:  URL \"/Drafts/;UID=20/;section=1\" TEXT {2+}\nL: 2\nc: )\nS: $ OK [APPENDUID 385759045 45] done\n",
        "C: APPEND Sent {3+}\nL: 3\nc:  CATENATE (URL \"/INBOX/;UID=1\")\nS: $ OK [APPENDUID 7 1:2] done\n",
        "C: SELECT INBOX\nS: * 1 EXISTS\nS: $ OK [READ-WRITE] done\n",
        "C: UID REPLACE 5 Sent CATENATE (URL \"/INBOX/;UID=1\" TEXT {1+}\nL: 1\nc: )\nS: * OK [APPENDUID 7 3] x\nS: $ OK done\n",
        "C: APPEND Sent CATENATE (URL \"/INBOX/;UID=9\")\nS: $ NO [BADURL \"/INBOX/;UID=9\"] CATENATE append has failed, one message expunged\n",
    );
    let steps = [
        "upload|Drafts|0|n:\\Seen|u:/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER|t:\\r\\n--|t:\\r\\nab|u:/Drafts/;UID=20/;section=1|t:--",
        "upload|Sent|0|n:|t:abc|n:|u:/INBOX/;UID=1",
        "select|INBOX",
        "upload|Sent|5|n:|u:/INBOX/;UID=1|t:x",
        "upload|Sent|0|n:|u:/INBOX/;UID=9",
    ];
    let lines = played(CATENATE, script, &[], &steps);
    assert_eq!(
        lines[..4],
        ["upload: uids=45 origin=0", "upload: uids=1:2 origin=0", "select:", "upload: uids=3 origin=0"]
    );
    assert!(
        lines[4].contains("IMAP_ERR_NO usable=1 code=BADURL \"/INBOX/;UID=9\": APPEND: the server said NO"),
        "{}",
        lines[4]
    );
    // Without MULTIAPPEND one by one, without REPLACE by three commands.
    let script = concat!(
        "C: APPEND Sent CATENATE (URL \"/a\")\nS: $ OK [APPENDUID 7 1] done\nC: APPEND Sent {3}\nS: + go\nL: 3\nc: \nS: $ OK [APPENDUID 7 2] done\n",
        "C: SELECT INBOX\nS: * 1 EXISTS\nS: $ OK [READ-WRITE] done\n",
        "C: APPEND Sent CATENATE (URL \"/b\")\nS: $ OK [APPENDUID 7 3] done\nC: UID STORE 5 +FLAGS.SILENT (\\Deleted)\nS: $ OK\nC: UID EXPUNGE 5\nS: $ OK\n",
    );
    let steps = ["upload|Sent|0|n:|u:/a|n:|t:abc", "select|INBOX", "upload|Sent|5|n:|u:/b"];
    let lines = played("IMAP4rev1 CATENATE UIDPLUS", script, &[], &steps);
    assert_eq!(lines, ["upload: uids=1,2 origin=1", "select:", "upload: uids=3 origin=1"]);
    shows("scripted", &["CATENATE", "MULTIAPPEND", "REPLACE", "AP6"]);
}

#[test]
fn no_more_messages_go_at_once_than_the_server_takes() {
    let script = concat!(
        "C: APPEND Sent {1+}\nL: 1\nc:  {1+}\nL: 1\nc: \nS: $ OK [APPENDUID 7 1:2] done\n",
        "C: APPEND Sent {1+}\nL: 1\nc:  {1+}\nL: 1\nc: \nS: $ OK [APPENDUID 7 3:4] done\n",
        "C: APPEND Sent {1+}\nL: 1\nc:  {1+}\nL: 1\nc: \nS: $ OK [APPENDUID 7 6:7] done\n",
        "C: APPEND Sent {1+}\nL: 1\nc: \nS: $ NO [MESSAGELIMIT 0] none today\n",
    );
    let steps = ["upload|Sent|0|n:|t:a|n:|t:b|n:|t:c|n:|t:d", "upload|Sent|0|n:|t:a|n:|t:b|n:|t:c"];
    for limit in ["SAVELIMIT=2", "MESSAGELIMIT=2", "MESSAGELIMIT=1 SAVELIMIT=2"] {
        let lines = played(&format!("IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND {limit}"), script, &[], &steps);
        assert_eq!(lines[0], "upload: uids=1:2,3:4 origin=0");
        assert!(lines[1].contains("code=MESSAGELIMIT"), "{}", lines[1]);
    }
    // A limit of none, or of nonsense, is none.
    let whole = "C: APPEND Sent {1+}\nL: 1\nc:  {1+}\nL: 1\nc: \nS: $ OK [APPENDUID 7 1:2] done\n";
    for limit in ["SAVELIMIT=0", "SAVELIMIT=x", "SAVELIMIT", "SAVELIMIT=99999999999999999999"] {
        let capabilities = format!("IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND {limit}");
        assert_eq!(one(&capabilities, whole, "upload|Sent|0|n:|t:a|n:|t:b"), "upload: uids=1:2 origin=0");
    }
    shows("scripted", &["SAVELIMIT"]);
}

#[test]
fn messages_in_utf8() {
    let script = concat!(
        "C: ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: $ OK done\n",
        "C: APPEND \"Entwürfe\" UTF8 (~{16+}\nL: 16\nc: )\nS: $ OK\n",
        "C: APPEND \"Entwürfe\" {17+}\nL: 17\nc: \nS: $ OK\n",
        "C: APPEND a CATENATE (URL \"/a\" UTF8 (~{6+}\nL: 6\nc: ))\nS: $ OK\n",
        "C: LIST \"\" \"Ä*\"\nS: * LIST () \"/\" {4}\nS- Ä&b\\r\\n\n",
        "S: $ OK\nC: STATUS \"Ä&b\" (MESSAGES)\nS: * STATUS \"Ä&b\" (MESSAGES 1)\nS: $ OK\n",
    );
    let steps = [
        "enable|UTF8=ACCEPT",
        "append|Entwürfe|Subject: ä\\r\\n\\r\\nb",
        "append|Entwürfe|Subject: \\r\\n\\r\\nää",
        "upload|a|0|n:|u:/a|t:ä\\r\\n\\r\\n",
        "list||Ä*|RETURN (STATUS (MESSAGES))",
    ];
    let lines = played("IMAP4rev1 ENABLE UTF8=ACCEPT LITERAL+ CATENATE SPECIAL-USE", script, &[], &steps);
    assert_eq!(
        lines,
        [
            "enable:",
            "append: uids= origin=0",
            "append: uids= origin=0",
            "upload: uids= origin=0",
            "list: origin=1 [Ä&b messages=1]"
        ]
    );
    // Not enabled: names are in modified UTF-7, and the message goes as it is.
    let script = concat!(
        "C: APPEND \"Entw&APw-rfe\" {16+}\nL: 16\nc: \nS: $ OK\n",
        "C: LIST \"\" \"&AMQ-*\"\nS: * LIST () \"/\" \"&AMQ-&-b\"\nS: $ OK\n",
        "C: STATUS \"&AMQ-&-b\" (MESSAGES)\nS: * STATUS \"&AMQ-&-b\" (MESSAGES 1)\nS: $ OK\n",
    );
    let lines = played("IMAP4rev1 UTF8=ACCEPT LITERAL+ SPECIAL-USE", script, &[], &[steps[1], steps[4]]);
    assert_eq!(lines, ["append: uids= origin=0", "list: origin=1 [Ä&b messages=1]"]);
    // A server that speaks nothing else is told so before all.
    let script = "C: ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: $ OK\nC: CREATE \"Entwürfe\"\nS: $ OK\nC: NAMESPACE\nS: * NAMESPACE ((\"a&b-/\" \"/\")) NIL NIL\nS: $ OK\n";
    let lines =
        played("IMAP4rev1 ENABLE NAMESPACE UTF8=ONLY", script, &[], &["create|Entwürfe", "namespace"]);
    assert_eq!(lines, ["create:", "namespace: origin=0 personal=\"a&b-/\"/"]);
    shows("scripted", &["AP4", "M14", "UTF8=ACCEPT", "UTF8=ONLY"]);
}

#[test]
fn messages_that_the_server_would_refuse_are_not_sent() {
    let lines = played(
        "IMAP4rev1 APPENDLIMIT=1000 LITERAL+",
        "C: APPEND INBOX {1000+}\nL: 1000\nc: \nS: $ OK\n",
        &[],
        &["big|INBOX|1001", "big|INBOX|1000"],
    );
    assert_eq!(lines[1], "big: uids= origin=0");
    assert!(
        lines[0].contains(
            "IMAP_ERR_LIMIT usable=1: the message has 1001 bytes, the server takes at most 1000 (APPENDLIMIT)"
        ),
        "{}",
        lines[0]
    );
    shows("scripted", &["APPENDLIMIT"]);
}

/// The same steps against a real server, as bob; `#` in an expected line stands for anything.
fn on_server(server: &Server, expected: &[(&str, &str)]) {
    let (port, ca) = (format!("1:{}", server.imaps), format!("20={}", server.ca()));
    let mut arguments = vec![port.as_str(), &ca, "--", "login|bob|secret-b"];
    arguments.extend(expected.iter().map(|(step, _)| *step));
    let out = run(&test_program("mailboxes"), &arguments, &[]).success();
    let lines: Vec<&str> = out.lines().skip(1).collect();
    assert_like(server.name, expected.iter().copied(), &lines);
}

const FIRST: &str = "append|Box|Subject: one\\r\\n\\r\\nbody one\\r\\n";

#[test]
fn dovecot_2_4() {
    let Some(server) = Server::start("dovecot-2.4") else { return };
    on_server(
        &server,
        &[
            ("create|Box", "create:"),
            ("create|Box/Below", "create:"),
            ("subscribe|Box/Below", "subscribe:"),
            (FIRST, "append: uids=1 origin=0"),
            ("append|Nowhere|x", "append: IMAP_ERR_NO usable=1 code=TRYCREATE#"),
            (
                "list||Box|RETURN (SUBSCRIBED CHILDREN STATUS (MESSAGES SIZE) MYRIGHTS)",
                "list: [Box attributes=40 messages=1 size=26 rights=l#]",
            ),
            ("list||%|(SUBSCRIBED RECURSIVEMATCH)", "list: #[Box# child=SUBSCRIBED]#"),
            ("list||*|(SPECIAL-USE)", "list: #[Sent# role=8]#"),
            (
                "take-mailboxes|LIST \"\" (Box Sent) RETURN (SPECIAL-USE)",
                "take-mailboxes: #Box#[Sent# role=8]#",
            ),
            ("stream|LIST \"\" Box RETURN (STATUS (UIDNEXT))", "stream: [Box# uid_next=2]"),
            ("lsub||*", "lsub: #[Box/Below#]#"),
            ("setmetadata|Box|/private/comment|mine", "setmetadata:"),
            // It has no LIST-METADATA: asked for each mailbox.
            (
                "list||Box*|RETURN (METADATA (/private/comment))",
                "list: origin=1 [Box# {Box /private/comment=mine}] [Box/Below# {Box/Below /private/comment=NIL}]",
            ),
            ("send|SETMETADATA Box (/private/comment ? /shared/comment ?)|a longer one|ours", "send:"),
            (
                "getmetadata|Box|(MAXSIZE 5) /private/comment /shared/comment",
                "getmetadata: {Box /shared/comment=ours} {Box /private/comment=NIL size=12}",
            ),
            (
                "getmetadata|Box|(DEPTH infinity) /private",
                "getmetadata: #{Box /private/comment=a longer one}#",
            ),
            (
                "status|Box|MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ SIZE",
                "status: Box messages=1 unseen=1 uid_next=2 uid_validity=# modseq=# size=26",
            ),
            ("namespace", "namespace: origin=0 personal=\"\"/#"),
            (
                "upload|Box|0|n:\\Seen|t:Subject: two\\r\\n\\r\\n|u:/Box/;UID=1/;SECTION=TEXT|n:|u:/Box/;UID=1",
                "upload: uids=2:3 origin=0",
            ),
            ("select|Box", "select:"),
            ("fetch|2|", "fetch: Subject: two\\r\\n\\r\\nbody one\\r\\n"),
            ("fetch|3|TEXT", "fetch: body one\\r\\n"),
            ("upload|Box|0|n:|u:/Box/;UID=99", "upload: IMAP_ERR_NO usable=1 code=BADURL /Box/;UID=99#"),
            (
                "upload|Box|3|n:|t:Subject: new\\r\\n\\r\\n|u:/Box/;UID=1/;SECTION=TEXT",
                "upload: uids=4 origin=#",
            ),
            ("fetch|4|", "fetch: Subject: new\\r\\n\\r\\nbody one\\r\\n"),
            ("unselect", "unselect:"),
            ("big|Box|13000000", "big: IMAP_ERR_NO usable=1 code=LIMIT#"),
            ("big|Box|11000000", "big: uids=5 origin=0"),
            ("big|Box|11000000", "big: IMAP_ERR_NO usable=1 code=OVERQUOTA#"),
            ("rename|Box/Below|Box/Other", "rename:"),
            ("delete|Box/Other", "delete:"),
            ("delete|Box", "delete:"),
        ],
    );
    shows(
        server.name,
        &[
            "M4",
            "M5",
            "M6",
            "M7",
            "M9",
            "M10",
            "M13",
            "AP1",
            "AP6",
            "E9",
            "D8",
            "D11",
            "D12",
            "U11",
            "LIST-EXTENDED",
            "CHILDREN",
            "SPECIAL-USE",
            "LIST-STATUS",
            "LIST-MYRIGHTS",
            "STATUS=SIZE",
            "CATENATE",
            "MULTIAPPEND",
            "METADATA",
            "NAMESPACE",
            "UNSELECT",
        ],
    );
}

#[test]
fn cyrus() {
    let Some(server) = Server::start("cyrus") else { return };
    on_server(
        &server,
        &[
            ("send|CREATE Box", "send: code=MAILBOXID #"),
            ("create|Box/Below", "create:"),
            ("subscribe|Box/Below", "subscribe:"),
            (FIRST, "append: uids=1 origin=0"),
            ("append|Nowhere|x", "append: IMAP_ERR_NO usable=1 code=TRYCREATE#"),
            ("setmetadata|Box|/private/comment|mine", "setmetadata:"),
            (
                "list||Box|RETURN (SUBSCRIBED CHILDREN STATUS (MESSAGES SIZE) MYRIGHTS METADATA (/private/comment))",
                "list: [Box attributes=# messages=1 size=26 rights=# {Box /private/comment=mine}]",
            ),
            ("list||%|(SUBSCRIBED RECURSIVEMATCH)", "list: #[Box# child=SUBSCRIBED]#"),
            ("list||*|(SPECIAL-USE)", "list: #[Sent# role=8#]#"),
            (
                "take-mailboxes|LIST \"\" (Box Sent) RETURN (SPECIAL-USE)",
                "take-mailboxes: #Box#[Sent# role=8#]#",
            ),
            ("take-mailboxes|XLIST \"\" Sent", "take-mailboxes: #[Sent# role=8#]#"),
            ("send|SETMETADATA Box (/private/comment ? /shared/comment ?)|a longer one|ours", "send:"),
            (
                "getmetadata|Box|/private/comment /shared/comment",
                "getmetadata:#{Box /private/comment=a longer one}#",
            ),
            (
                "status|Box|MESSAGES DELETED DELETED-STORAGE",
                "status: Box messages=1 deleted=0 deleted_storage=0",
            ),
            // What it sends as the id is a few bytes of its memory, line ends among them at times.
            ("status|Box|MAILBOXID", "status: Box#"),
            ("list||Box|RETURN (STATUS (MAILBOXID))", "list: [Box attributes=#]"),
            ("namespace", "namespace: origin=0 personal=\"\"/#"),
            ("create|Post|8", "create:#"),
            (
                "upload|Box|0|n:\\Seen|t:Subject: two\\r\\n\\r\\n|u:/Box/;UID=1/;SECTION=TEXT|n:|u:/Box/;UID=1",
                "upload: uids=2:3 origin=0",
            ),
            ("select|Box", "select:"),
            ("fetch|2|", "fetch: Subject: two\\r\\n\\r\\nbody one\\r\\n"),
            ("upload|Box|0|n:|u:/Box/;UID=99", "upload: IMAP_ERR_NO usable=1 code=BADURL#"),
            ("unselect", "unselect:"),
            ("enable|UTF8=ACCEPT", "enable:"),
            ("create|Entwürfe", "create:"),
            ("append|Entwürfe|From: a@b.c\\r\\nSubject: ä\\r\\n\\r\\nx\\r\\n", "append: uids=1 origin=0"),
            ("list||Entw*|RETURN (STATUS (MESSAGES))", "list: [Entwürfe# messages=1]"),
            ("select|Entwürfe", "select:"),
            ("fetch|1|", "fetch: #Subject: ä#"),
            ("unselect", "unselect:"),
            ("delete|Entwürfe", "delete:"),
            ("rename|Box/Below|Box/Other", "rename:"),
            ("delete|Box/Other", "delete:"),
            ("delete|Box", "delete:"),
        ],
    );
    shows(
        server.name,
        &[
            "M4",
            "M5",
            "M6",
            "M8",
            "M9",
            "M10",
            "M13",
            "M14",
            "AP1",
            "AP4",
            "AP6",
            "E9",
            "D8",
            "D11",
            "D12",
            "K9",
            "LIST-EXTENDED",
            "CHILDREN",
            "SPECIAL-USE",
            "CREATE-SPECIAL-USE",
            "XLIST",
            "LIST-STATUS",
            "LIST-MYRIGHTS",
            "LIST-METADATA",
            "STATUS=SIZE",
            "OBJECTID",
            "CATENATE",
            "MULTIAPPEND",
            "METADATA",
            "NAMESPACE",
            "UNSELECT",
            "UTF8=ACCEPT",
        ],
    );
}

#[test]
fn courier() {
    let Some(server) = Server::start("courier") else { return };
    // It has none of LIST's extensions, but ACL.
    on_server(
        &server,
        &[
            ("create|INBOX.Box", "create:"),
            ("create|INBOX.Sent", "create:#"),
            ("subscribe|INBOX.Box", "subscribe:"),
            (
                "list||INBOX.*|RETURN (SUBSCRIBED STATUS (MESSAGES) MYRIGHTS)",
                "list: origin=1 #[INBOX.Box# messages=0 rights=#]#",
            ),
            ("list||*|(SUBSCRIBED)", "list: origin=1 #[INBOX.Box#]#"),
            ("list||*|(SPECIAL-USE)", "list: origin=1 #[INBOX.Sent# role=8/2]#"),
            (
                "take-mailboxes|LIST \"\" (INBOX.Box INBOX INBOX.*)",
                "take-mailboxes: origin=1 [INBOX.Box#[INBOX# role=1#",
            ),
            ("stream|LIST (SUBSCRIBED) \"\" *", "stream: #origin=1 [INBOX.Box#]#"),
            (
                "stream|LIST \"\" (INBOX.Box INBOX.*) RETURN (SUBSCRIBED STATUS (MESSAGES))",
                "stream: origin=1 [INBOX.Box attributes=# messages=0#] #[INBOX.Sent#",
            ),
            ("unsubscribe|INBOX.Box", "unsubscribe:"),
            ("delete|INBOX.Box", "delete:"),
        ],
    );
    shows(server.name, &["M6", "E9", "LIST-EXTENDED", "LIST-STATUS", "LIST-MYRIGHTS", "SPECIAL-USE"]);
}

#[test]
fn mailutils() {
    let Some(server) = Server::start("mailutils") else { return };
    let (port, ca) = (format!("1:{}", server.imaps), format!("20={}", server.ca()));
    // Its other mechanisms fail, so LOGIN is sent by itself.
    let arguments = [
        port.as_str(),
        &ca,
        "--",
        "send|LOGIN ? ?|bob|secret-b",
        "create|Box",
        "subscribe|Box",
        "list||Box|RETURN (SUBSCRIBED)",
        "stream|LIST (SUBSCRIBED) \"\" (Box *)",
        "namespace",
        "delete|Box",
    ];
    let out = run(&test_program("mailboxes"), &arguments, &[]).success();
    let lines: Vec<&str> = out.lines().collect();
    assert!(is_like("list: origin=1 [Box attributes=#]", lines[3]), "{out}");
    assert!(is_like("stream: origin=1 [Box attributes=#]", lines[4]), "{out}");
    assert!(is_like("namespace: origin=0 #", lines[5]), "{out}");
    shows(server.name, &["M6", "M10", "NAMESPACE"]);
}

/// What the examples of the RFCs say, said to imap_send(): sent as they have it, strings in quotes.
#[test]
fn every_client_line_of_the_rfcs() {
    let capabilities = "IMAP4rev1 NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE LIST-MYRIGHTS \
        LIST-METADATA STATUS=SIZE APPENDLIMIT ACL QUOTA QUOTASET QUOTA=RES-STORAGE QUOTA=RES-MESSAGE METADATA \
        ANNOTATEMORE CHILDREN OBJECTID";
    let lines = [
        // RFC 2342 section 5, RFC 3348 section 3.
        ("NAMESPACE", "NAMESPACE"),
        (r#"LIST "" "%""#, r#"LIST "" "%""#),
        // RFC 5258 section 5.
        (r#"LIST "" "*""#, r#"LIST "" "\*""#),
        (r#"LIST (SUBSCRIBED) "" "*""#, r#"LIST (SUBSCRIBED) "" "*""#),
        (r#"LIST () "" "%" RETURN (CHILDREN)"#, r#"LIST "" "%" RETURN (CHILDREN)"#),
        (r#"LIST (REMOTE) "" "%" RETURN (CHILDREN)"#, r#"LIST (REMOTE) "" "%" RETURN (CHILDREN)"#),
        (r#"LIST (REMOTE SUBSCRIBED) "" "*""#, r#"LIST (REMOTE SUBSCRIBED) "" "*""#),
        (r#"LIST (REMOTE) "" "*" RETURN (SUBSCRIBED)"#, r#"LIST (REMOTE) "" "*" RETURN (SUBSCRIBED)"#),
        (r#"LIST "" ("INBOX" "Drafts" "Sent/%")"#, r#"LIST "" ("INBOX" "Drafts" "Sent/%")"#),
        (r#"LIST "" ("foo/%" "bar%")"#, r#"LIST "" ("foo/%" "bar%")"#),
        (
            r#"LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)"#,
            r#"LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)"#,
        ),
        (r#"LIST "" "%" RETURN (SUBSCRIBED CHILDREN)"#, r#"LIST "" "%" RETURN (SUBSCRIBED CHILDREN)"#),
        // RFC 6154 section 5.
        (r#"LIST "" "%" RETURN (SPECIAL-USE)"#, r#"LIST "" "%" RETURN (SPECIAL-USE)"#),
        (r#"LIST (SPECIAL-USE) "" "*""#, r#"LIST (SPECIAL-USE) "" "*""#),
        ("CREATE MySpecial (USE (\\Drafts \\Sent))", "CREATE MySpecial (USE (\\Drafts \\Sent))"),
        ("CREATE Everything (USE (\\All))", "CREATE Everything (USE (\\All))"),
        (
            "SETMETADATA \"SavedDrafts\" (/private/specialuse ?)",
            "SETMETADATA SavedDrafts (\"/private/specialuse\" \"\\\\Drafts\")",
        ),
        // RFC 5819 section 2, RFC 8440 section 3, RFC 9590 section 4.
        (
            r#"LIST "" % RETURN (STATUS (MESSAGES UNSEEN))"#,
            r#"LIST "" "%" RETURN (STATUS (MESSAGES UNSEEN))"#,
        ),
        (
            r#"LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))"#,
            r#"LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (STATUS (MESSAGES))"#,
        ),
        (r#"LIST "" % RETURN (MYRIGHTS)"#, r#"LIST "" "%" RETURN (MYRIGHTS)"#),
        (
            r#"LIST "" % RETURN (METADATA ("/shared/vendor/cmu/cyrus-imapd/color"))"#,
            r#"LIST "" "%" RETURN (METADATA ("/shared/vendor/cmu/cyrus-imapd/color"))"#,
        ),
        // RFC 8438 section 2, RFC 7889 section 3, RFC 8474 section 4.
        ("STATUS blurdybloop (MESSAGES SIZE)", "STATUS blurdybloop (MESSAGES SIZE)"),
        ("STATUS INBOX (APPENDLIMIT)", "STATUS INBOX (APPENDLIMIT)"),
        (r#"LIST "" % RETURN (STATUS (APPENDLIMIT))"#, r#"LIST "" "%" RETURN (STATUS (APPENDLIMIT))"#),
        ("STATUS foo (MAILBOXID)", "STATUS foo (MAILBOXID)"),
        // RFC 4314 section 3.
        ("SETACL INBOX/Drafts Byron +lrswikda", r#"SETACL "INBOX/Drafts" "Byron" "+lrswikda""#),
        ("DELETEACL INBOX Fred", r#"DELETEACL INBOX "Fred""#),
        ("GETACL INBOX/Drafts", r#"GETACL "INBOX/Drafts""#),
        ("LISTRIGHTS ~/Mail/saved smith", r#"LISTRIGHTS "~/Mail/saved" "smith""#),
        ("MYRIGHTS INBOX", "MYRIGHTS INBOX"),
        // RFC 9208 section 4.1, RFC 2087 section 4.
        (r##"GETQUOTA "!partition/sda4""##, r##"GETQUOTA "!partition/sda4""##),
        ("GETQUOTAROOT INBOX", "GETQUOTAROOT INBOX"),
        (r##"SETQUOTA "#user/alice" (STORAGE 510)"##, r##"SETQUOTA "#user/alice" (STORAGE 510)"##),
        (r#"SETQUOTA "" (STORAGE 512)"#, r#"SETQUOTA "" (STORAGE 512)"#),
        ("STATUS INBOX (DELETED DELETED-STORAGE)", "STATUS INBOX (DELETED DELETED-STORAGE)"),
        // RFC 5464 sections 4.2 and 4.3.
        (r#"GETMETADATA "" /shared/comment"#, r#"GETMETADATA "" (/shared/comment)"#),
        (
            r#"GETMETADATA "INBOX" (/shared/comment /private/comment)"#,
            "GETMETADATA INBOX (/shared/comment /private/comment)",
        ),
        (
            r#"GETMETADATA (MAXSIZE 1024) "INBOX" (/shared/comment /private/comment)"#,
            "GETMETADATA (MAXSIZE 1024) INBOX (/shared/comment /private/comment)",
        ),
        (
            r#"GETMETADATA (DEPTH 1) "INBOX" (/private/filters/values)"#,
            "GETMETADATA (DEPTH 1) INBOX (/private/filters/values)",
        ),
        ("SETMETADATA INBOX (/private/comment NIL)", "SETMETADATA INBOX (\"/private/comment\" NIL)"),
        // ANNOTATEMORE sections 4.2 and 4.3.
        (
            r#"GETANNOTATION "INBOX" "/comment" "value.priv""#,
            r#"GETANNOTATION INBOX "/comment" "value.priv""#,
        ),
        (
            r#"GETANNOTATION "INBOX" ("/comment" "/motd") ("value.priv" "value.shared")"#,
            r#"GETANNOTATION INBOX ("/comment" "/motd") ("value.priv" "value.shared")"#,
        ),
        (
            r#"SETANNOTATION "INBOX" "/comment" ("value.priv" "My comment")"#,
            r#"SETANNOTATION INBOX "/comment" ("value.priv" "My comment")"#,
        ),
    ];
    let script: String = lines
        .iter()
        .map(|(_, line)| {
            // An empty LIST is asked for anew without options: it has to find something.
            let found = if line.starts_with("LIST") { "S: * LIST (\\NonExistent) \"/\" a\n" } else { "" };
            format!("C: {}\n{found}S: $ OK done\n", line.replace("\\*", "*"))
        })
        .collect();
    let steps: Vec<String> = lines
        .iter()
        .map(|(step, _)| match step.ends_with("?)") {
            true => format!("send|{step}|\\Drafts"),
            false => format!("send|{step}"),
        })
        .collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let told = played(capabilities, &script, &[], &steps);
    assert!(told.iter().all(|line| line == "send:"), "{told:#?}");
}
