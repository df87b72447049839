//! The whole job against real servers: each is unpacked, started on loopback and stopped again. What one of them does
//! not have is said in its test.

mod support;

use support::program::{example, run, run_checked, test_program};
use support::server::Server;
use support::{assert_like, is_like};

/// Runs steps as bob, logged in by `login`, and gives what each printed.
fn session(server: &Server, login: &str, arguments: &[String]) -> Vec<String> {
    let (port, ca) = (format!("text:1:{}", server.imaps), format!("text:20:{}", server.ca()));
    let mut all = vec![port.as_str(), &ca, "connect:localhost", login];
    all.extend(arguments.iter().map(String::as_str));
    let out = run_checked(&test_program("steps"), &all, &[]).success();
    assert!(!out.contains("ERROR MISMATCH"), "{out}");
    out.lines().skip(2).map(str::to_owned).collect()
}

/// Every command on every mailbox name under `prefix`; a `#` in an expected line stands for anything.
fn whole_job(server: &Server, login: &str, prefix: &str, with: &Features) {
    let name = if with.utf7 { format!("{prefix}Tést & Co") } else { format!("{prefix}Test") };
    let other = format!("{prefix}Other");
    let first = "From\\: a@b.c\\r\\nSubject\\: =?utf-8?q?Zo=C3=AB?=\\r\\nDate\\: Tue, 1 Apr 2003 12\\:00\\:00 +0200\\r\\n\\r\\nhi\\r\\n";
    let second = "From\\: d@e.f\\r\\nSubject\\: two\\r\\n\\r\\nho\\r\\n";
    let flags = if with.append_flags { ":\\\\Seen" } else { ":" };
    let seen = if with.append_flags { "\\Seen" } else { "" };
    let mut plan: Vec<(String, String)> = Vec::new();
    let mut step = |step: String, expected: &str| plan.push((step, expected.to_owned()));
    step("state".into(), "state: 2");
    step("capability".into(), "capability: told");
    step("connection".into(), "connection: tls=1 verified=1 state=2 capabilities=1 received=1");
    step("namespace".into(), "namespace: personal=1 #");
    step(format!("create:{name}"), "create:");
    step(format!("create:{other}"), "create:");
    step(format!("create:{name}"), "create: IMAP_ERR_NO usable=1#");
    step(format!("list::{name}"), &format!("list: count=1 [{name}]"));
    step(format!("subscribe:{name}"), "subscribe:");
    step(format!("lsub::{name}"), &format!("lsub: count=1 [{name}]"));
    step(format!("unsubscribe:{name}"), "unsubscribe:");
    if with.status {
        step(format!("status:{name}:MESSAGES UNSEEN"), &format!("status: {name} messages=0 unseen=0"));
    }
    let uids = |uids: &str| {
        if with.uidplus { format!("uids={uids} sources=#") } else { "uids= sources= origin=#".into() }
    };
    step(format!("append:{name}:{first}{flags}:1049191200"), &format!("append: {}", uids("1")));
    step(format!("append:{name}:{second}"), &format!("append: {}", uids("2")));
    step(format!("append:{prefix}Nowhere:{second}"), "append: IMAP_ERR_NO usable=1 code=TRYCREATE#");
    step(format!("select:{prefix}Nowhere"), "select: IMAP_ERR_NO usable=1#");
    step(
        "fetch:1:FLAGS".into(),
        "fetch: IMAP_ERR_STATE usable=1: no mailbox is selected: call imap_select() first",
    );
    step(
        format!("select:{name}"),
        &format!("select: {name} exists=2 uid_next=# uid_validity=1 read_only=0 flags=#\\Seen#"),
    );
    step("selected".into(), &format!("selected: {name} exists=2 #"));
    step("search:ALL".into(), "search: set=1:2 total=-1");
    step("search:SUBJECT ?:two".into(), "search: set=2 total=-1");
    step("search:# ALL".into(), "search: set=1:2 total=-1");
    step(
        "search:SUBJECT ?:Zoë".into(),
        if with.search_utf8 { "search: set=1 total=-1" } else { "search: #" },
    );
    let date = if with.append_date { "date=1049191200" } else { "date=#" };
    step(
        "fetch:1:FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (?)]:Subject"
            .into(),
        &format!(
            "fetch: count=1 [uid=1 flags=#{seen}# size=88 {date} subject=Zoë part=1:text/plain BODY[HEADER.FIELDS (#SUBJECT#)]=33]"
        ),
    );
    step(
        "fetch:1\\:*:BODY.PEEK[]<0.5> BODY.PEEK[TEXT]".into(),
        "fetch: count=2 [uid=1 BODY[]<0>=5 BODY[TEXT]=4] [uid=2 BODY[]<0>=5 BODY[TEXT]=4]",
    );
    // Mailutils cannot sort: then it is done here.
    let origin = if server.name == "mailutils" { 1 } else { 0 };
    step("sort:REVERSE SUBJECT:ALL".into(), &format!("sort: set=1:2 origin={origin}"));
    step("sort:SIZE:ALL".into(), &format!("sort: set=2,1 origin={origin}"));
    step("fetch:#2:RFC822.SIZE".into(), "fetch: count=1 [uid=2 size=33]");
    step("fetch:99:FLAGS".into(), "fetch: count=0");
    step("fetch::FLAGS".into(), "fetch: count=0");
    step("store:1:+FLAGS (\\\\Flagged)".into(), "store: count=1 [uid=#\\Flagged#]");
    step("search:FLAGGED".into(), "search: set=1 total=-1");
    step(
        format!("copy:1\\:2:{other}"),
        &format!("copy: {}", if with.uidplus { "uids=1:2 sources=1:2 origin=0".into() } else { uids("") }),
    );
    if with.uidplus {
        step(format!("move:2:{other}"), &format!("move: uids=3 sources=2 origin={}", u8::from(!with.r#move)));
        step("search:ALL".into(), "search: set=1 total=-1");
    } else {
        step(
            format!("move:2:{other}"),
            "move: IMAP_ERR_UNSUPPORTED usable=1: the server has neither MOVE nor UIDPLUS#",
        );
        step("expunge:2".into(), "expunge: IMAP_ERR_UNSUPPORTED usable=1: the server does not have UIDPLUS#");
    }
    step("store:1:+FLAGS.SILENT (\\\\Deleted)".into(), "store: count=#");
    step("check".into(), "check:");
    step("noop".into(), "noop:");
    step("expunge".into(), if with.tells_expunge { "expunge: set=1 total=-1" } else { "expunge: set=#" });
    if with.uidplus {
        step("expunge:1".into(), "expunge: set= total=-1");
    }
    if with.unselect {
        step("unselect".into(), "unselect:");
    }
    step(
        format!("examine:{other}"),
        &format!(
            "examine: {other} exists={} uid_next=# uid_validity=1 read_only=1 #",
            if with.uidplus { 3 } else { 2 }
        ),
    );
    step("store:1:+FLAGS (\\\\Seen)".into(), "store: IMAP_ERR_READ_ONLY usable=1: the mailbox #");
    step("close".into(), "close:");
    step(format!("select:{other}"), "select: #");
    step("send:UID FETCH ? (UID):messages:1".into(), "send: count=1 [uid=1] reply=- done=1");
    step("send:UID SEARCH ALL:numbers".into(), "send: set=1#reply=- done=1");
    step("send:FETCH 1 (UID):messages".into(), "send: count=1 [uid=1] reply=- done=1");
    if with.status {
        step(
            format!("send:STATUS ? (MESSAGES):counts:{name}"),
            &format!("send: {name} messages=# reply=- done=1"),
        );
    }
    step("send:LIST \"\" *:mailboxes".into(), "send: count=# reply=- done=1");
    step("send:NAMESPACE:namespaces".into(), "send: personal=1 reply=- done=1");
    step("send:CAPABILITY:texts".into(), "send: told reply=- done=1");
    step("send:UID COPY 1 ?:assigned:INBOX".into(), "send: uids=# done=1");
    step("send:NOOP:".into(), "send: reply=- done=1");
    step(
        "send:FETCH 1 FLAGS:numbers".into(),
        "send:#done=1 IMAP_ERR_STATE usable=1: this request's command gives another kind of answer#",
    );
    step("send:SELECT ?:selected:INBOX".into(), "send: INBOX exists=# done=1");
    step("command:NOOP".into(), "command:#OK");
    step("command:X-NONSENSE".into(), "command: IMAP_ERR_#");
    step("abandon:UID SEARCH ALL".into(), "abandon:");
    step("cancelled:UID FETCH 1\\:* (BODY.PEEK[])".into(), "cancelled:#");
    step("close".into(), "close:");
    step(format!("rename:{other}:{other}2"), "rename:");
    step(format!("delete:{other}2"), "delete:");
    step(format!("delete:{name}"), "delete:");
    step(format!("delete:{name}"), "delete: IMAP_ERR_NO usable=1#");
    step("noop".into(), "noop:");
    step("logout".into(), "logout:");
    step(
        "noop".into(),
        "noop: IMAP_ERR_CLOSED usable=0: the connection was closed by imap_logout(): connect anew",
    );
    let (steps, expected): (Vec<String>, Vec<String>) = plan.into_iter().unzip();
    let got = session(server, login, &steps).split_off(2);
    let plan = steps.iter().zip(&expected).map(|(step, expected)| (step.as_str(), expected.as_str()));
    assert_like(server.name, plan, &got);
    let mut rows = vec![
        "N4",
        "N14",
        "C1",
        "C7",
        "C11",
        "M2",
        "M4",
        "M5",
        "M6",
        "M7",
        "M10",
        "M11",
        "M12",
        "S1",
        "S6",
        "F1",
        "F2",
        "F4",
        "F5",
        "F6",
        "F7",
        "F8",
        "F9",
        "F10",
        "X1",
        "X2",
        "X4",
        "X6",
        "D1",
        "D8",
        "D11",
        "D18",
        "D21",
        "V4",
        "V11",
        "R9",
        "NAMESPACE",
        "N24",
    ];
    for (has, more) in [
        (with.utf7, &["M14"][..]),
        (with.status, &["M9", "D12"]),
        (with.uidplus, &["X5", "X7", "AP6", "UIDPLUS", "D20"]),
        (with.r#move, &["X3", "MOVE"]),
        (with.unselect, &["M13", "UNSELECT"]),
        (with.append_flags && with.append_date, &["AP1"]),
        (with.search_utf8, &["S10", "G1"]),
        (server.name != "mailutils", &["S7", "SORT"]),
    ] {
        rows.extend(has.then_some(more).into_iter().flatten());
    }
    support::shows(server.name, &rows);
}

/// What a server has.
struct Features {
    utf7: bool,
    status: bool,
    uidplus: bool,
    r#move: bool,
    unselect: bool,
    append_flags: bool,
    append_date: bool,
    search_utf8: bool,
    tells_expunge: bool,
}

const ALL: Features = Features {
    utf7: true,
    status: true,
    uidplus: true,
    r#move: true,
    unselect: true,
    append_flags: true,
    append_date: true,
    search_utf8: true,
    tells_expunge: true,
};

#[test]
fn dovecot() {
    let Some(server) = Server::start("dovecot") else { return };
    whole_job(&server, "login:bob:secret-b", "", &ALL);
    logins(&server, &["SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"]);
    // Passwords and names of any characters.
    let lines = session(&server, "login:user é@localhost:pä$$ \"\\\\wörd", &["state".to_owned()]);
    assert_eq!(lines[1..], ["login:", "state: 2"]);
    let lines =
        session(&server, "login:bob:secret-b", &["list::INBOX:RETURN (STATUS (MESSAGES))".to_owned()]);
    assert!(lines[2].starts_with("list: count=1 [INBOX messages="), "{}", lines[2]);
    administration(
        &server,
        "INBOX",
        &[("id:name:tests", "id: #name=Dovecot#"), ("getacl:@", "getacl: IMAP_ERR_UNSUPPORTED#")],
    );
    server.load_mail();
    examples(&server);
    threads(&server);
    live(&server, "", "recovered origin=0\nwatched means=0");
    loops(&server);
}

#[test]
fn dovecot_2_4() {
    let Some(server) = Server::start("dovecot-2.4") else { return };
    whole_job(&server, "login:bob:secret-b", "", &ALL);
    logins(&server, &["SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"]);
    administration(
        &server,
        "Rights",
        &[
            ("create:@", "create:"),
            ("id:name:tests", "id: #name=Dovecot#"),
            ("getacl:@", "getacl: @ #"),
            ("setacl:@:alice:lr", "setacl:"),
            ("getacl:@", "getacl: @ #[alice lr]#"),
            ("deleteacl:@:alice", "deleteacl:"),
            ("listrights:@:alice", "listrights: @ [alice #"),
            ("myrights:@", "myrights: @ mine=#l#r#"),
            ("getquotaroot:@", "getquotaroot: [User quota STORAGE=#/20480#]#"),
            ("setmetadata:@:/private/comment:two words", "setmetadata:"),
            ("getmetadata:@:/private/comment", "getmetadata: [@ /private/comment=two words]"),
            ("setmetadata:@:/private/comment", "setmetadata:"),
            ("delete:@", "delete:"),
        ],
    );
    server.load_mail();
    live(&server, "", "recovered origin=0\nwatched means=0");
}

#[test]
fn cyrus() {
    let Some(server) = Server::start("cyrus") else { return };
    whole_job(&server, "login:bob:secret-b", "", &ALL);
    let mechanisms =
        ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"];
    logins(&server, &mechanisms);
    administration(
        &server,
        "Rights",
        &[
            ("create:@", "create:"),
            ("id:name:tests", "id: #name=Cyrus IMAPD#"),
            ("getacl:@", "getacl: @ #[bob #l#r#]#"),
            ("setacl:@:alice:lr", "setacl:"),
            ("setacl:@:alice:+s", "setacl:"),
            ("getacl:@", "getacl: @ #[alice lrs]#"),
            ("deleteacl:@:alice", "deleteacl:"),
            ("listrights:@:alice", "listrights: @ [alice #] required=# l r #"),
            ("myrights:@", "myrights: @ mine=#l#r#"),
            ("getquotaroot:@", "getquotaroot:#"),
            ("setmetadata:@:/private/comment:two words", "setmetadata:"),
            ("getmetadata:@:/private/comment", "getmetadata: [@ /private/comment=two words]"),
            ("setmetadata:@:/private/comment", "setmetadata:"),
            ("getmetadata:@:/private/comment", "getmetadata:#"),
            ("delete:@", "delete:"),
        ],
    );
    server.load_mail();
    threads(&server);
    live(&server, "", "recovered origin=0\nwatched means=0");
    loops(&server);
}

#[test]
fn courier() {
    let Some(server) = Server::start("courier") else { return };
    // It has neither MOVE nor UNSELECT, and mailboxes stand below INBOX.
    whole_job(&server, "login:bob:secret-b", "INBOX.", &Features { r#move: false, unselect: false, ..ALL });
    logins(&server, &["CRAM-MD5", "PLAIN"]);
    administration(
        &server,
        "INBOX.Rights",
        &[
            ("create:@", "create:"),
            ("getacl:@", "getacl: #@ #"),
            ("setacl:@:anyone:lr", "setacl:"),
            ("getacl:@", "getacl: #[anyone lr]#"),
            ("deleteacl:@:anyone", "deleteacl:"),
            ("myrights:@", "myrights: @ mine=#l#r#"),
            ("getquotaroot:@", "getquotaroot:#"),
        ],
    );
    // It has no CONDSTORE and no NOTIFY.
    live(&server, "INBOX.", "recovered origin=1\nwatched means=1");
}

#[test]
fn mailutils() {
    let Some(server) = Server::start("mailutils") else { return };
    // It offers mechanisms that fail, so the LOGIN command is sent by itself. It has no UIDPLUS and no MOVE, refuses
    // or ignores what APPEND says of a message, knows no STATUS of a mailbox that is empty, and expunges silently.
    let features = Features {
        utf7: false,
        status: false,
        uidplus: false,
        r#move: false,
        append_flags: false,
        append_date: false,
        search_utf8: false,
        tells_expunge: false,
        ..ALL
    };
    whole_job(&server, "send:LOGIN ? ?::bob:secret-b", "", &features);
}

/// Rights, quotas and annotations, as far as the server has them; a `#` in an expected line stands for anything.
fn administration(server: &Server, mailbox: &str, expected: &[(&str, &str)]) {
    let steps: Vec<String> = expected.iter().map(|(step, _)| step.replace('@', mailbox)).collect();
    let lines = session(server, "login:bob:secret-b", &steps);
    for ((step, expected), line) in expected.iter().zip(&lines[2..]) {
        assert!(is_like(&expected.replace('@', mailbox), line), "{} {step}: {line}", server.name);
    }
    let rows =
        expected.iter().filter(|(_, line)| !line.contains("IMAP_ERR")).flat_map(|(step, _)| {
            match step.split(':').next().unwrap_or_default() {
                "id" => vec!["C8", "ID"],
                "getacl" | "setacl" => vec!["E1", "ACL"],
                "deleteacl" => vec!["E2"],
                "myrights" => vec!["E3"],
                "listrights" => vec!["E4"],
                "getquotaroot" => vec!["E6"],
                "getmetadata" | "setmetadata" => vec!["METADATA"],
                _ => vec![],
            }
        });
    support::shows(server.name, &rows.collect::<Vec<_>>());
}

/// Every mechanism, a wrong password, STARTTLS, a client certificate.
fn logins(server: &Server, mechanisms: &[&str]) {
    for mechanism in mechanisms {
        let lines = session(server, &format!("auth:{mechanism}:bob:secret-b"), &["state".to_owned()]);
        assert_eq!(lines[1..], ["auth:", "state: 2"], "{} {mechanism}", server.name);
    }
    let again = ["state".to_owned(), "login:bob:secret-b".to_owned()];
    let lines = session(server, "login:bob:wrong", &again);
    assert!(lines[1].starts_with("login: IMAP_ERR_AUTH usable=1"), "{}: {}", server.name, lines[1]);
    assert_eq!(lines[2..], ["state: 1", "login:"], "{}", server.name);
    // STARTTLS, with a certificate of our own, as PKCS#12 and as PEM.
    let (port, ca) = (format!("text:1:{}", server.imap), format!("text:20:{}", server.ca()));
    let (p12, pem, key) = (server.tls("client.p12"), server.tls("client.pem"), server.tls("client.key"));
    for identity in [
        vec![],
        vec!["number:23:13".to_owned()],
        vec![format!("text:25:{p12}"), "text:27:client".to_owned()],
        vec![format!("text:25:{pem}"), format!("text:26:{key}")],
    ] {
        let mut all = vec![port.as_str(), &ca, "number:2:1"];
        all.extend(identity.iter().map(String::as_str));
        all.extend(["connect:localhost", "login:bob:secret-b", "connection"]);
        let out = run(&test_program("steps"), &all, &[]).success();
        assert!(out.contains("login:\nconnection: tls=1 verified=1 state=2"), "{}: {out}", server.name);
    }
    let rows: Vec<&str> = mechanisms
        .iter()
        .flat_map(|mechanism| match *mechanism {
            "SCRAM-SHA-512" => vec!["SCRAM-SHA-512"],
            "SCRAM-SHA-256" | "SCRAM-SHA-1" => vec!["A12"],
            "DIGEST-MD5" => vec!["A11"],
            "CRAM-MD5" => vec!["A10"],
            "PLAIN" => vec!["A8", "A3", "AUTH="],
            _ => vec!["A9"],
        })
        .chain(["A17", "N5", "N7", "STARTTLS"])
        .collect();
    support::shows(server.name, &rows);
}

fn threads(server: &Server) {
    let program = test_program("threads");
    let ca = server.ca();
    let arguments = [server.imaps.as_str(), &ca, "alice", "secret-a"];
    assert_eq!(run(&program, &arguments, &[]).success(), "0 failures\n");
    let output = run_checked(&program, &arguments, &[]);
    assert_eq!(output.code, Some(0), "{}: {}\n{}", server.name, output.out, output.err);
    support::shows(server.name, &["V3"]);
}

/// Two clients: waiting for news, streams, uploads, recovery, watching; the last two by these means.
fn live(server: &Server, prefix: &str, means: &str) {
    let (port, ca) = (format!("1:{}", server.imaps), format!("20={}", server.ca()));
    let arguments = [prefix, &port, &ca, "40=bob", "41=secret-b", "48:1", "67:500"];
    let output = run_checked(&test_program("live"), &arguments, &[]);
    let is_right = output.code == Some(0) && output.out.contains(means);
    assert!(is_right, "{}: {}\n{}", server.name, output.out, output.err);
    support::shows(server.name, &["IDLE", "V10"]);
}

/// A client that is driven by steps alone, over TLS from the first byte and by STARTTLS.
fn loops(server: &Server) {
    let ca = format!("20={}", server.ca());
    for (port, tls) in [(&server.imaps, "2:0"), (&server.imap, "2:1")] {
        let port = format!("1:{port}");
        let arguments = ["session", "localhost", &port, &ca, tls, "40=alice", "41=secret-a"];
        let output = run_checked(&test_program("loops"), &arguments, &[]);
        assert_eq!(output.code, Some(0), "{}: {}\n{}", server.name, output.out, output.err);
    }
}

/// Every example does its work, and leaves nothing behind in memory.
fn examples(server: &Server) {
    let (url, ca) = (server.url(), server.ca());
    let environment = [("IMAP_PASSWORD", "secret-a"), ("IMAP_CA_FILE", ca.as_str())];
    let ran = |name: &str, arguments: &[&str]| {
        let mut all = vec![url.as_str()];
        all.extend(arguments);
        let output = run_checked(&example(name), &all, &environment);
        assert_eq!(output.code, Some(0), "{name}: {}\n{}", output.out, output.err);
        output.out
    };
    let recent = ran("recent", &[]);
    assert!(recent.contains("Zoë Müller: \tGrüße aus Köln\n"), "{recent}");
    let inbox = ran("inbox", &[]);
    for part in [
        "Grüße aus Köln",
        "佐藤 健",
        "שלום מחיפה",
        "🎂 生日快乐! 🎈",
        "3 files",
        "5060 K",
        "29 messages in INBOX",
    ] {
        assert!(inbox.contains(part), "{part} is not in\n{inbox}");
    }
    let concurrent = ran("concurrent", &["Hochwasser"]);
    assert_eq!(concurrent, "29 messages, 1 of them with \"Hochwasser\"\n");
    let all = ran("print_all", &["INBOX"]);
    assert!(
        all.len() > 5_000_000 && all.contains("Subject: The whole concert, in one file\r\n"),
        "{}",
        all.len()
    );
    assert_eq!(
        ran("move_by_month", &["INBOX", "2003-04", "Archive/2003-04"]),
        "4 messages moved to Archive/2003-04\n"
    );
    let folder = support::Folder::new();
    let backup = folder.0.join("backup");
    std::fs::create_dir(&backup).expect("a folder");
    let place = backup.display().to_string();
    assert_eq!(ran("backup", &["INBOX", &place]), "25 new messages of 25\n");
    assert_eq!(ran("backup", &["INBOX", &place]), "0 new messages of 25\n");
    let sizes =
        std::fs::read_dir(&backup).expect("a folder").flatten().map(|file| file.metadata().unwrap().len());
    assert!(sizes.sum::<u64>() > 5_000_000);
    let watched =
        run_checked(&example("watch"), &["2", &url, "INBOX", "Archive/2003-04", "Drafts"], &environment);
    assert!(watched.out.starts_with("watching by NOTIFY\n"), "{}{}", watched.out, watched.err);
    assert!(watched.out.contains("Archive/2003-04: 4 messages\n"), "{}", watched.out);
    let account = format!("alice@localhost:{}", server.imaps);
    // It ends after so many seconds, which are few for valgrind.
    let accounts = ["3", &account, "nobody@localhost:1", &account];
    let polled = run(&example("poll_many"), &accounts, &environment).success();
    assert_eq!(polled.matches(&format!("{account}: 25 messages\n")).count(), 2, "{polled}");
    assert!(polled.contains("nobody@localhost:1: cannot connect to localhost:1"), "{polled}");
    let file = folder.0.join("message.eml");
    std::fs::write(&file, "From: a@b.c\nSubject: from a file\n\nhello\n").expect("a file");
    let appended = ran("append_file", &["Archive/2003-04", &file.display().to_string()]);
    assert_eq!(appended, "Archive/2003-04 now has it as UID 5\n");
    assert!(ran("inbox", &[]).contains("25 messages in INBOX"));
    // Errors are told in one line.
    let refused = run(&example("inbox"), &[&url], &[("IMAP_PASSWORD", "wrong"), ("IMAP_CA_FILE", &ca)]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("Authentication failed"), "{}", refused.err);
    support::shows(server.name, &["V1", "V2", "V6"]);
}

#[test]
fn cyrus_in_imap4rev2() {
    let Some(server) = Server::start("cyrus") else { return };
    let steps = [
        "enable:IMAP4rev2",
        "create:Entwürfe",
        "append:Entwürfe:Subject\\: Zoë\\r\\n\\r\\nhi\\r\\n",
        "select:Entwürfe",
        "search:ALL",
        "search:SUBJECT ?:Nobody",
        "check",
        "status:Entwürfe:MESSAGES SIZE DELETED RECENT",
        "list::Entw*",
        "summary",
    ];
    let got = session(&server, "login:bob:secret-b", &steps.map(str::to_owned)).split_off(2);
    let expected = [
        "enable: IMAP4REV2",
        "create:",
        "append: uids=1 sources= origin=0",
        "select: Entwürfe exists=1 #",
        "search: set=1 total=#",
        "search: set= total=#",
        "check:",
        "status: Entwürfe messages=1 unseen=#",
        "list: count=1 [Entwürfe]",
        "summary: TLS selected Entwürfe | IMAP4rev2 |#| IMAP4REV2 | idle=0",
    ];
    assert_like(server.name, steps.into_iter().zip(expected), &got);
    support::shows("cyrus", &["IMAP4rev2"]);
}
