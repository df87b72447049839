//! Every line that a client sends in the examples of the base protocol, out of the C library, answered as there. A
//! comment says where libimap writes another form of the same.
//!
//! Always another form: strings and most mailbox names are quoted where the RFCs write atoms; the words of commands are
//! in upper case; a "()" that selects nothing is left out. In other tests: STARTTLS (scripted.rs), IDLE and DONE (idle.rs),
//! SCRAM-SHA-256 with the nonce of RFC 7677 (src/sasl/scram.rs).

mod support;

use support::program::{run, test_program};
use support::scripted::Scripted;

/// Section, steps of the client, and what goes over the wire.
type Example<'e> = (&'e str, &'e [&'e str], &'e str);

/// A server that has nothing older is told at once that we know it, as in section 8.
const REV2: &str = "S: * PREAUTH [CAPABILITY IMAP4rev2 SPECIAL-USE LIST-EXTENDED ID XPIG-LATIN] ready\n\
                    C: ENABLE IMAP4rev2\nS: * ENABLED IMAP4rev2\nS: $ OK Some capabilities enabled\n";
const REV1: &str = "S: * PREAUTH [CAPABILITY IMAP4rev1 ESEARCH ID ENABLE] ready\n";
const SELECT: &str =
    "C: SELECT INBOX\nS: * 5000 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK [READ-WRITE] done\n";

/// Plays all examples on one connection; each step but those that begin with "!" succeeds, and those are refused by
/// the server.
fn play(begin: &[&str], greeting: &str, examples: &[Example<'_>]) {
    let mut script = greeting.to_owned();
    let mut steps: Vec<&str> = begin.to_vec();
    for (_, ours, lines) in examples {
        script.push_str(lines);
        script.push('\n');
        steps.extend(*ours);
    }
    let server = Scripted::new(&script);
    let port = format!("number:1:{}", server.port);
    // No TLS, passwords allowed all the same, a deadline of two seconds.
    let mut arguments = vec![port.as_str(), "number:2:2", "number:46:1", "number:64:2000"];
    arguments.extend(steps.iter().map(|step| step.trim_start_matches('!')));
    let out = run(&test_program("steps"), &arguments, &[]).success();
    server.join();
    for (step, line) in steps.iter().zip(out.lines().skip(4)) {
        let section =
            examples.iter().find(|(_, ours, _)| ours.contains(step)).map_or("", |(section, ..)| section);
        let is_refused = ["NO", "BAD", "AUTH"].iter().any(|name| line.contains(&format!("IMAP_ERR_{name} ")));
        let is_right = if step.starts_with('!') { is_refused } else { !line.contains("IMAP_ERR_") };
        assert!(is_right && !line.contains("MISMATCH"), "{section}: {line}");
    }
}

/// A word of a step, whose colons and line ends stand for themselves.
fn word(text: &str) -> String {
    text.replace('\\', "\\\\").replace(':', "\\:").replace('\n', "\\r\\n")
}

#[test]
fn logging_in() {
    let told = "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK CAPABILITY completed\n";
    let big = format!("!send:BLURDYBLOOP ?::{}", "x".repeat(102_856));
    let big: &[&str] = &[&big];
    for (greeting, section, steps, script) in [
        (
            "IMAP4rev2 SASL-IR AUTH=PLAIN",
            "6.2.1, 6.2.2 and RFC 4959 section 4",
            &["auth:PLAIN:test:test:test"][..],
            "C: AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=\nS: $ OK Success (tls protection)\n",
        ),
        (
            "IMAP4rev1 AUTH=PLAIN",
            "6.2.2 and RFC 4959 section 4, without an initial response",
            &["auth:PLAIN:test:test:test"],
            "C: AUTHENTICATE PLAIN\nS: + \nc: dGVzdAB0ZXN0AHRlc3Q=\nS: $ OK Success (tls protection)\n",
        ),
        (
            "IMAP4rev2 SASL-IR AUTH=PLAIN AUTH=EXTERNAL",
            "6.2.2 and RFC 4959 section 4",
            &["auth:EXTERNAL"],
            "C: AUTHENTICATE EXTERNAL =\nS: $ OK Success (tls protection)\n",
        ),
        (
            "IMAP4rev1 AUTH=PLAIN AUTH=EXTERNAL",
            "RFC 4959 section 4, without an initial response",
            &["auth:EXTERNAL"],
            "C: AUTHENTICATE EXTERNAL\nS: + \nc: \nS: $ OK Success (tls protection)\n",
        ),
        (
            "IMAP4rev2",
            "6.2.3",
            &["login:SMITH:SESAME"],
            "C: LOGIN \"SMITH\" \"SESAME\"\nS: $ OK LOGIN completed\n",
        ),
        (
            "IMAP4rev1",
            "RFC 3501 section 6.2.1",
            &["login:joe:password"],
            "C: LOGIN \"joe\" \"password\"\nS: $ OK LOGIN completed\n",
        ),
        (
            "IMAP4rev1",
            "RFC 3501 and RFC 1730 section 8",
            &["login:mrc:secret"],
            "C: LOGIN \"mrc\" \"secret\"\nS: $ OK LOGIN completed\n",
        ),
        (
            "IMAP4rev2",
            "7.1.1",
            &["login:fred:blurdybloop"],
            "C: LOGIN \"fred\" \"blurdybloop\"\nS: * OK [ALERT] System shutdown in 10 minutes\nS: $ OK LOGIN Completed\n",
        ),
        // Quoted, where the RFC has the literals {11} and {7}, or {11+} and {7+}: RFC 7888 says that it is the same.
        (
            "IMAP4rev1 LITERAL+",
            "7.6 and RFC 7888 section 3",
            &["login:FRED FOOBAR:fat man"],
            "C: LOGIN \"FRED FOOBAR\" \"fat man\"\nS: $ OK LOGIN completed\n",
        ),
    ] {
        let greeting = format!("S: * OK [CAPABILITY {greeting}] Server ready\n");
        play(&["connect:127.0.0.1"], &greeting, &[(section, steps, &format!("{script}{told}"))]);
    }
    let refused = [
        (
            "7.1 and RFC 5530 section 3",
            &["!login:fred:foo"][..],
            "C: LOGIN \"fred\" \"foo\"\nS: $ NO [AUTHENTICATIONFAILED] Authentication failed",
        ),
        (
            "7.1 and RFC 5530 section 3",
            &["!login:fred:foo"],
            "C: LOGIN \"fred\" \"foo\"\nS: $ NO [UNAVAILABLE] User's backend down for maintenance",
        ),
        (
            "RFC 2221 section 4.1",
            &["!login:MIKE:PASSWORD"],
            "C: LOGIN \"MIKE\" \"PASSWORD\"\nS: $ NO [REFERRAL IMAP://MIKE@SERVER2/] Specified user is invalid on this server. Try SERVER2.",
        ),
        (
            "6.1.1",
            &["capability"],
            "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=GSSAPI\nS: $ OK CAPABILITY completed",
        ),
        ("6.1.2", &["noop"], "C: NOOP\nS: $ OK NOOP completed"),
        ("7.6", big, "C: BLURDYBLOOP {102856}\nS: $ BAD No such command as \"BLURDYBLOOP\""),
        ("6.1.3", &["logout"], "C: LOGOUT\nS: * BYE IMAP4rev2 Server logging out\nS: $ OK LOGOUT completed"),
    ];
    play(&["connect:127.0.0.1"], "S: * OK [CAPABILITY IMAP4rev1] Server ready\n", &refused);
    support::shows("scripted", &["SASL-IR", "LOGIN-REFERRALS"]);
}

#[test]
fn mailboxes() {
    let examples: &[Example<'_>] = &[
        (
            "6.3.1 and RFC 5161 section 3.1",
            &["send:ENABLE CONDSTORE X-GOOD-IDEA:texts"],
            "C: ENABLE CONDSTORE X-GOOD-IDEA\nS: * ENABLED X-GOOD-IDEA\nS: $ OK foo",
        ),
        (
            "6.3.1 and RFC 5161 section 3.1",
            &["send:ENABLE CONDSTORE:texts"],
            "C: ENABLE CONDSTORE\nS: * ENABLED CONDSTORE\nS: $ OK Conditional Store enabled",
        ),
        (
            "6.3.4",
            &["create:owatagusiam/", "create:owatagusiam/blurdybloop", "create:NonNormalized"],
            "C: CREATE \"owatagusiam/\"\nS: $ OK CREATE completed\nC: CREATE \"owatagusiam/blurdybloop\"\nS: $ OK CREATE completed\n\
             C: CREATE NonNormalized\nS: * LIST () \"/\" \"Normalized\" (\"OLDNAME\" (\"NonNormalized\"))\nS: $ OK CREATE completed",
        ),
        (
            "6.3.5",
            &["list::*", "delete:blurdybloop", "!delete:foo", "delete:foo/bar", "list::%"],
            "C: LIST \"\" \"*\"\nS: * LIST () \"/\" blurdybloop\nS: * LIST (\\Noselect) \"/\" foo\nS: * LIST () \"/\" foo/bar\nS: $ OK LIST completed\n\
             C: DELETE blurdybloop\nS: $ OK DELETE completed\nC: DELETE foo\nS: $ NO Name \"foo\" has inferior hierarchical names\n\
             C: DELETE \"foo/bar\"\nS: $ OK DELETE Completed\nC: LIST \"\" \"%\"\nS: * LIST (\\Noselect) \".\" foo\nS: $ OK LIST completed",
        ),
        (
            "6.3.6",
            &[
                "rename:blurdybloop:sarasoop",
                "rename:foo:zowie",
                "rename:INBOX:old-mail",
                "rename:X:Y",
                "subscribe:Y",
                "unsubscribe:X",
            ],
            "C: RENAME blurdybloop sarasoop\nS: $ OK RENAME completed\nC: RENAME foo zowie\nS: $ OK RENAME Completed\n\
             C: RENAME INBOX \"old-mail\"\nS: $ OK RENAME completed\nC: RENAME X Y\nS: $ OK x\nC: SUBSCRIBE Y\nS: $ OK x\nC: UNSUBSCRIBE X\nS: $ OK x",
        ),
        (
            "6.3.7 and 6.3.8",
            &["subscribe:#news.comp.mail.mime", "unsubscribe:#news.comp.mail.mime"],
            "C: SUBSCRIBE \"#news.comp.mail.mime\"\nS: $ OK SUBSCRIBE completed\nC: UNSUBSCRIBE \"#news.comp.mail.mime\"\nS: $ OK UNSUBSCRIBE completed",
        ),
        (
            "6.3.9.8",
            &["list::", "list:#news.comp.mail.misc:", "list:/usr/staff/jones:", "list:~/Mail/:%"],
            "C: LIST \"\" \"\"\nS: * LIST (\\Noselect) \"/\" \"\"\nS: $ OK LIST Completed\n\
             C: LIST \"#news.comp.mail.misc\" \"\"\nS: * LIST (\\Noselect) \".\" #news.\nS: $ OK LIST Completed\n\
             C: LIST \"/usr/staff/jones\" \"\"\nS: * LIST (\\Noselect) \"/\" /\nS: $ OK LIST Completed\n\
             C: LIST \"~/Mail/\" \"%\"\nS: * LIST () \"/\" ~/Mail/meetings\nS: $ OK LIST completed",
        ),
        (
            "6.3.9.8, examples 2 to 6",
            &[
                "list::*:(SUBSCRIBED)",
                "list::%:() RETURN (CHILDREN)",
                "list::%:(REMOTE) RETURN (CHILDREN)",
                "list::*:(REMOTE SUBSCRIBED)",
                "list::*:(REMOTE) RETURN (SUBSCRIBED)",
            ],
            "C: LIST (SUBSCRIBED) \"\" \"*\"\nS: $ OK done\nC: LIST \"\" \"%\" RETURN (CHILDREN)\nS: * LIST (\\HasChildren) \"/\" \"Fruit\"\nS: $ OK done\n\
             C: LIST (REMOTE) \"\" \"%\" RETURN (CHILDREN)\nS: $ OK done\nC: LIST (REMOTE SUBSCRIBED) \"\" \"*\"\nS: $ OK done\n\
             C: LIST (REMOTE) \"\" \"*\" RETURN (SUBSCRIBED)\nS: * LIST (\\Remote) \"/\" \"Meat\"\nS: $ OK done",
        ),
        (
            "6.3.9.8, examples 7 and 8",
            &[
                "list::%:RETURN (CHILDREN)",
                "list::%:(SUBSCRIBED RECURSIVEMATCH)",
                "list::%:(SUBSCRIBED RECURSIVEMATCH) RETURN (CHILDREN)",
                "list::*2:(RECURSIVEMATCH SUBSCRIBED)",
            ],
            "C: LIST \"\" \"%\" RETURN (CHILDREN)\nS: * LIST (\\HasChildren) \"/\" \"Foo\"\nS: $ OK done\nC: LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"%\"\nS: * LIST () \"/\" \"Foo\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\nS: $ OK done\n\
             C: LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"%\" RETURN (CHILDREN)\nS: $ OK done\nC: LIST (RECURSIVEMATCH SUBSCRIBED) \"\" \"*2\"\nS: $ OK done",
        ),
        (
            "6.3.9.8, examples 9 and 10",
            &[
                "list::foo/*:(SUBSCRIBED)",
                "list::foo:(SUBSCRIBED RECURSIVEMATCH) RETURN (CHILDREN)",
                "list::*:(REMOTE)",
                "list::%:()",
                "list::%:(REMOTE)",
            ],
            "C: LIST (SUBSCRIBED) \"\" \"foo/*\"\nS: $ OK done\nC: LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"foo\" RETURN (CHILDREN)\nS: $ OK done\n\
             C: LIST (REMOTE) \"\" \"*\"\nS: $ OK done\nC: LIST \"\" \"%\"\nS: $ OK done\nC: LIST (REMOTE) \"\" \"%\"\nS: $ OK done",
        ),
        // Several patterns at once are for who writes the command himself.
        (
            "6.3.9.8, examples 9 and 10",
            &["command:LIST \"\" (\"foo\")", "command:LIST \"\" (% music/rock)"],
            "C: LIST \"\" (\"foo\")\nS: * LIST () \"/\" foo\nS: $ OK done\nC: LIST \"\" (% music/rock)\nS: * LIST () \"/\" music/rock\nS: $ OK done",
        ),
        (
            "6.3.9.8, example 11",
            &[
                "list::%:RETURN (STATUS (MESSAGES UNSEEN))",
                "list::%:(SUBSCRIBED RECURSIVEMATCH) RETURN (STATUS (MESSAGES))",
            ],
            "C: LIST \"\" \"%\" RETURN (STATUS (MESSAGES UNSEEN))\nS: * LIST () \".\"  \"INBOX\"\nS: * STATUS \"INBOX\" (MESSAGES 17 UNSEEN 16)\nS: $ OK List completed.\n\
             C: LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"%\" RETURN (STATUS (MESSAGES))\nS: $ OK List completed.",
        ),
        (
            "6.3.10",
            &[
                "namespace",
                "create:INBOX.Sent Mail",
                "list::*:(SPECIAL-USE)",
                "list:#mh/:*:(SPECIAL-USE)",
                "create:Sent Mail",
                "create:Delete Items",
                "create:#mh/Deleted Items",
            ],
            "C: NAMESPACE\nS: * NAMESPACE ((\"INBOX.\" \".\")) NIL  NIL\nS: $ OK NAMESPACE command completed\n\
             C: CREATE \"INBOX.Sent Mail\"\nS: $ OK CREATE command completed\nC: LIST (SPECIAL-USE) \"\" \"*\"\nS: * LIST (\\NonExistent \\Sent) \"/\" \"Sent Mail\"\nS: $ OK LIST Completed\n\
             C: LIST (SPECIAL-USE) \"#mh/\" \"*\"\nS: $ OK LIST Completed\nC: CREATE \"Sent Mail\"\nS: $ OK x\nC: CREATE \"Delete Items\"\nS: $ OK x\nC: CREATE \"#mh/Deleted Items\"\nS: $ OK x",
        ),
        (
            "6.3.10",
            &["list::Other Users/%", "!list::#Users/%", "list::#Users/Mike/%", "list::~mark/%"],
            "C: LIST \"\" \"Other Users/%\"\nS: * LIST () \"/\" \"Other Users/Mike\"\nS: $ OK LIST command completed\n\
             C: LIST \"\" \"#Users/%\"\nS: $ NO The requested item could not be found.\nC: LIST \"\" \"#Users/Mike/%\"\nS: $ OK LIST command completed.\n\
             C: LIST \"\" \"~mark/%\"\nS: $ OK LIST command completed",
        ),
        (
            "6.3.11",
            &["status:blurdybloop:UIDNEXT MESSAGES"],
            "C: STATUS blurdybloop (UIDNEXT MESSAGES)\nS: * STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)\nS: $ OK STATUS completed",
        ),
        (
            "7.1 and RFC 5530 section 3",
            &[
                "!rename:this:that",
                "!delete:Notes",
                "!create:///////",
                "!delete:/archive/projects/experiment-iv",
            ],
            "C: RENAME this that\nS: $ NO [ALREADYEXISTS] Mailbox \"that\" already exists\nC: DELETE Notes\nS: $ NO [HASCHILDREN] Mailbox \"Notes\" has children that need to be deleted first\n\
             C: CREATE \"///////\"\nS: $ NO [CANNOT] Adjacent slashes are not supported\nC: DELETE \"/archive/projects/experiment-iv\"\nS: $ NO [INUSE] Mailbox in use",
        ),
        (
            "RFC 2193 section 4",
            &["!delete:SHARED/FOO", "!create:SHARED/FOO", "!rename:FOO:BAR"],
            "C: DELETE \"SHARED/FOO\"\nS: $ NO [REFERRAL IMAP://user;AUTH=*@SERVER2/SHARED/FOO] Remote mailbox. Try SERVER2.\n\
             C: CREATE \"SHARED/FOO\"\nS: $ NO [REFERRAL IMAP://user;AUTH=*@SERVER2/SHARED/FOO] Mailbox should be created on remote server\n\
             C: RENAME FOO BAR\nS: $ NO [REFERRAL IMAP://user;AUTH=*@SERVER1/FOO IMAP://user;AUTH=*@SERVER2/BAR] Unable to rename mailbox across servers",
        ),
        (
            "RFC 2971 section 3.1",
            &[
                "send:ID (\"name\" \"sodr\" \"version\" \"19.34\" \"vendor\" \"Pink Floyd Music Limited\"):pairs",
                "id",
            ],
            "C: ID (\"name\" \"sodr\" \"version\" \"19.34\" \"vendor\" \"Pink Floyd Music Limited\")\nS: * ID NIL\nS: $ OK ID completed\n\
             C: ID NIL\nS: * ID (\"name\" \"Cyrus\" \"version\" \"1.5\" \"os\" \"sunos\" \"os-version\" \"5.5\" \"support-url\" \"mailto:cyrus-bugs+@andrew.cmu.edu\")\nS: $ OK ID command completed",
        ),
        (
            "6.5",
            &["command:XPIG-LATIN"],
            "C: XPIG-LATIN\nS: * XPIG-LATIN ow-nay eaking-spay ig-pay atin-lay\nS: $ OK XPIG-LATIN ompleted-cay",
        ),
    ];
    play(&["connect:127.0.0.1"], REV2, examples);
    let examples: &[Example<'_>] = &[
        (
            "RFC 3501 section 6.3.9",
            &["lsub:#news.:comp.mail.*", "lsub:#news.:comp.%"],
            "C: LSUB \"#news.\" \"comp.mail.*\"\nS: * LSUB () \".\" #news.comp.mail.mime\nS: $ OK LSUB completed\n\
             C: LSUB \"#news.\" \"comp.%\"\nS: * LSUB (\\NoSelect) \".\" #news.comp.mail\nS: $ OK LSUB completed",
        ),
        (
            "RFC 1730 sections 6.3 and A.6.3",
            &[
                "rename:blurdybloop:owatagusiam",
                "command:FIND ALL.MAILBOXES *",
                "command:FIND MAILBOXES *",
                "command:SUBSCRIBE MAILBOX #news.comp.mail.mime",
                "subscribe:MAILBOX",
                "command:UNSUBSCRIBE MAILBOX #news.comp.mail.mime",
                "unsubscribe:MAILBOX",
            ],
            "C: RENAME blurdybloop owatagusiam\nS: $ OK RENAME completed\nC: FIND ALL.MAILBOXES *\nS: * MAILBOX blurdybloop\nS: $ OK FIND ALL.MAILBOXES completed\n\
             C: FIND MAILBOXES *\nS: * MAILBOX INBOX\nS: $ OK FIND MAILBOXES completed\nC: SUBSCRIBE MAILBOX #news.comp.mail.mime\nS: $ OK x\nC: SUBSCRIBE MAILBOX\nS: $ OK x\n\
             C: UNSUBSCRIBE MAILBOX #news.comp.mail.mime\nS: $ OK x\nC: UNSUBSCRIBE MAILBOX\nS: $ OK x",
        ),
    ];
    play(&["connect:127.0.0.1"], REV1, examples);
    support::shows("scripted", &["D2", "D6", "D7", "D8", "D12", "K11", "MAILBOX-REFERRALS"]);
}

#[test]
fn messages() {
    let long = "Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)\nFrom: Fred Foobar <foobar@Blurdybloop.example>\nSubject: afternoon meeting\n\
                To: mooch@owatagu.siam.edu.example\nMessage-Id: <B27397-0100000@Blurdybloop.example>\nMIME-Version: 1.0\n\
                Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\n\nHello Joe, do you think we can meet at 3:30 tomorrow?\n";
    let short =
        long.replace("Blurdybloop.example", "example.com").replace("owatagu.siam.edu.example", "example.com");
    let old = long.replace("Blurdybloop.example", "Blurdybloop.COM").replace("edu.example", "edu");
    let append = |message: &str| format!("append:saved-messages:{}:\\\\Seen", word(message));
    let (long, short, old) = (append(long), append(&short), append(&old));
    let (long, short, old): (&[&str], &[&str], &[&str]) = (&[&long], &[&short], &[&old]);
    let examples = [
        (
            "6.3.12",
            short,
            "C: APPEND \"saved-messages\" (\\Seen) {297+}\nL: 297\nc: \nS: $ OK [APPENDUID 38505 3955] APPEND completed",
        ),
        (
            "6.3.12",
            &[
                "send:COPY 2\\:4 meeting:assigned",
                "copy:305\\:310:meeting",
                "send:COPY 2 funny:assigned",
                "select:funny",
            ],
            "C: COPY 2:4 meeting\nS: $ OK [COPYUID 38505 304,319:320 3956:3958] Done\nC: UID COPY 305:310 meeting\nS: $ OK No matching messages, so nothing copied\n\
             C: COPY 2 funny\nS: $ OK Done\nC: SELECT funny\nS: * 5000 EXISTS\nS: * OK [UIDVALIDITY 3857529045] Validity session-only\nS: * NO [UIDNOTSTICKY] Non-persistent UIDs\nS: $ OK [READ-WRITE] SELECT completed",
        ),
        (
            "6.4.3 and 7.1.3",
            &["expunge"],
            "C: EXPUNGE\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\nS: * BAD Disk crash, attempting salvage to a new disk!\nS: * OK Salvage successful, no data lost\nS: $ OK EXPUNGE completed",
        ),
        (
            "6.4.4",
            &[
                "search:# RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
                "search:# RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
                "search:# TEXT \"string not in mailbox\"",
                "search:# RETURN (MIN) UNSEEN",
                "search:RETURN (MIN MAX) 1\\:5000",
                "search:# RETURN (COUNT) DELETED",
            ],
            "C: SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"\nS: * ESEARCH (TAG \"$TAG\") MIN 2 COUNT 3\nS: $ OK SEARCH completed\n\
             C: SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"\nS: * ESEARCH (TAG \"$TAG\") ALL 2,10:11\nS: $ OK SEARCH completed\n\
             C: SEARCH TEXT \"string not in mailbox\"\nS: * ESEARCH (TAG \"$TAG\")\nS: $ OK SEARCH completed\nC: SEARCH RETURN (MIN) UNSEEN\nS: * ESEARCH (TAG \"$TAG\") MIN 4\nS: $ OK SEARCH completed\n\
             C: UID SEARCH RETURN (MIN MAX) 1:5000\nS: * ESEARCH (TAG \"$TAG\") UID MIN 7 MAX 3800\nS: $ OK SEARCH completed\nC: SEARCH RETURN (COUNT) DELETED\nS: * ESEARCH (TAG \"$TAG\") COUNT 15\nS: $ OK SEARCH completed",
        ),
        (
            "6.4.4.4, examples 1 to 3",
            &[
                "search:# RETURN (SAVE) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
                "send:FETCH $ (UID INTERNALDATE FLAGS BODY.PEEK[HEADER]):messages",
                "search:# RETURN (SAVE) SINCE 1-Jan-2004 NOT FROM \"Smith\"",
                "search:UID $ SMALLER 4096",
                "search:$ SMALLER 4096",
            ],
            "C: SEARCH RETURN (SAVE) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"\nS: $ OK SEARCH completed, result saved\n\
             C: FETCH $ (UID INTERNALDATE FLAGS BODY.PEEK[HEADER])\nS: * 2 FETCH (UID 14 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" FLAGS () BODY[HEADER] \"\")\nS: $ OK completed\n\
             C: SEARCH RETURN (SAVE) SINCE 1-Jan-2004 NOT FROM \"Smith\"\nS: $ OK SEARCH completed\nC: UID SEARCH UID $ SMALLER 4096\nS: * ESEARCH (TAG \"$TAG\") UID ALL 17,900,901\nS: $ OK completed\n\
             C: UID SEARCH $ SMALLER 4096\nS: * ESEARCH (TAG \"$TAG\") UID ALL 17,900,901\nS: $ OK completed",
        ),
        // Quoted, since IMAP4rev2 allows UTF-8 there and needs no CHARSET; the RFC has the literals {8+} and {4}. imap_search() knows no other charset.
        (
            "6.4.4.4, examples 4 and 5",
            &[
                "search:# (OR $ 1,3000\\:3021) TEXT ?:мать",
                "!command:SEARCH RETURN (SAVE) CHARSET KOI8-R (OR $ 1,3000\\:3021) TEXT \"XXXX\"",
            ],
            "C: SEARCH (OR $ 1,3000:3021) TEXT \"мать\"\nS: * ESEARCH (TAG \"$TAG\") ALL 882,1102,3003,3005:3006\nS: $ OK completed\n\
             C: SEARCH RETURN (SAVE) CHARSET KOI8-R (OR $ 1,3000:3021) TEXT \"XXXX\"\nS: $ NO [BADCHARSET UTF-8] KOI8-R is not supported",
        ),
        (
            "6.4.4.4, examples 6 to 9",
            &[
                "search:# RETURN (SAVE) SINCE 28-Oct-2006 NOT FROM \"Eric\"",
                "send:COPY $ \"Other Messages\":assigned",
                "search:# RETURN (SAVE) KEYWORD $Junk",
                "send:COPY $ \"Junk\":assigned",
                "send:STORE $ +FLAGS.Silent (\\\\Deleted):messages",
                "search:# RETURN (ALL) SINCE 28-Oct-2006 FROM \"Eric\"",
            ],
            "C: SEARCH RETURN (SAVE) SINCE 28-Oct-2006 NOT FROM \"Eric\"\nS: $ OK SEARCH completed\nC: COPY $ \"Other Messages\"\nS: $ OK COPY completed, nothing copied\n\
             C: SEARCH RETURN (SAVE) KEYWORD $Junk\nS: $ OK SEARCH completed\nC: COPY $ Junk\nS: $ OK COPY completed\nC: STORE $ +FLAGS.SILENT (\\Deleted)\nS: $ OK STORE completed\n\
             C: SEARCH RETURN (ALL) SINCE 28-Oct-2006 FROM \"Eric\"\nS: * ESEARCH (TAG \"$TAG\") ALL 3:15,27,29:103\nS: $ OK SEARCH completed",
        ),
        (
            "6.4.4.4, example 10",
            &[
                "search:# RETURN (ALL SAVE) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
                "search:# RETURN (SAVE MIN) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
                "search:# RETURN (MAX SAVE MIN) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
                "search:# RETURN (MAX SAVE MIN COUNT) SINCE 12-Feb-2006 NOT FROM \"Smith\"",
            ],
            "C: SEARCH RETURN (ALL SAVE) SINCE 12-Feb-2006 NOT FROM \"Smith\"\nS: * ESEARCH (TAG \"$TAG\") ALL 2,10:15,21\nS: $ OK SEARCH completed\n\
             C: SEARCH RETURN (SAVE MIN) SINCE 12-Feb-2006 NOT FROM \"Smith\"\nS: * ESEARCH (TAG \"$TAG\") MIN 2\nS: $ OK SEARCH completed\n\
             C: SEARCH RETURN (MAX SAVE MIN) SINCE 12-Feb-2006 NOT FROM \"Smith\"\nS: * ESEARCH (TAG \"$TAG\") MIN 2 MAX 21\nS: $ OK SEARCH completed\n\
             C: SEARCH RETURN (MAX SAVE MIN COUNT) SINCE 12-Feb-2006 NOT FROM \"Smith\"\nS: * ESEARCH (TAG \"$TAG\") MIN 2 MAX 21 COUNT 8\nS: $ OK SEARCH completed",
        ),
        // The macros are spelt out, so that UID can go with them.
        (
            "6.3.13, 6.4.5 and 8",
            &[
                "send:FETCH 4 ALL:messages",
                "send:FETCH 2\\:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)]):messages",
                "send:FETCH 12 FULL:messages",
                "send:FETCH 12 BODY[HEADER]:messages",
            ],
            "C: FETCH 4 *\nS: $ OK FETCH completed\nC: FETCH 2:4 (UID FLAGS BODY[HEADER.FIELDS (DATE FROM)])\nS: $ OK FETCH completed\n\
             C: FETCH 12 *\nS: $ OK FETCH completed\nC: FETCH 12 *BODY[HEADER]*\nS: $ OK FETCH completed",
        ),
        (
            "6.4.6 and 8",
            &["send:STORE 2\\:4 +FLAGS (\\\\Deleted):messages", "send:STORE 12 +flags \\\\deleted:messages"],
            "C: STORE 2:4 +FLAGS (\\Deleted)\nS: * 2 FETCH (FLAGS (\\Deleted \\Seen))\nS: $ OK STORE completed\n\
             C: STORE 12 +FLAGS (\\deleted)\nS: * 12 FETCH (FLAGS (\\Seen \\Deleted))\nS: $ OK +FLAGS completed",
        ),
        (
            "6.4.7 to 6.4.9",
            &[
                "send:COPY 2\\:4 MEETING:assigned",
                "move:42\\:69:foo",
                "expunge:3000\\:3002",
                "fetch:4827313\\:4828442:FLAGS",
                "search:# # 1\\:100 UID 443\\:557",
            ],
            "C: COPY 2:4 MEETING\nS: $ OK [COPYUID 38505 304,319:320 3956:3958] COPY completed\nC: UID MOVE 42:69 foo\nS: * OK [COPYUID 432432 42:69 1202:1229]\nS: * 22 EXPUNGE\nS: $ OK Done\n\
             C: UID EXPUNGE 3000:3002\nS: * 3 EXPUNGE\nS: $ OK UID EXPUNGE completed\nC: UID FETCH 4827313:4828442 *FLAGS*\nS: * 23 FETCH (FLAGS (\\Seen) UID 4827313)\nS: $ OK UID FETCH completed\n\
             C: *SEARCH *\nS: * ESEARCH (TAG \"$TAG\")\nS: $ OK done",
        ),
        (
            "7.1 and RFC 5530 section 3",
            &[
                "!send:STORE 42 FLAGS f1 f2 f3 f4 f5",
                "!copy:1\\:*:oldmail",
                "copy:1\\:*:oldmail",
                "search:# FROM \"maria@example.com\"",
                "status:/archive/projects/experiment-iv:MESSAGES",
            ],
            "C: STORE 42 FLAGS (f1 f2 f3 f4 f5)\nS: $ NO [LIMIT] At most 32 flags in one mailbox supported\nC: UID COPY 1:* oldmail\nS: $ NO [OVERQUOTA] Sorry\n\
             C: UID COPY 1:* oldmail\nS: $ OK [OVERQUOTA] You are now over your soft quota\nC: SEARCH FROM \"maria@example.com\"\nS: * ESEARCH (TAG \"$TAG\") ALL 1:3,5,8,13,21,42\nS: $ OK [EXPUNGEISSUED] Search completed\n\
             C: STATUS \"/archive/projects/experiment-iv\" (MESSAGES)\nS: * STATUS \"/archive/projects/experiment-iv\" (MESSAGES 1)\nS: $ OK [CLIENTBUG] Done",
        ),
        (
            "7.1.2",
            &["send:COPY 1\\:2 owatagusiam:assigned", "!send:COPY 3\\:200 blurdybloop"],
            "C: COPY 1:2 owatagusiam\nS: * NO Disk is 98% full, please delete unnecessary data\nS: $ OK COPY completed\nC: COPY 3:200 blurdybloop\nS: * NO Disk is 99% full, please delete unnecessary data\nS: $ NO COPY failed: disk is full",
        ),
        (
            "6.4.1, 6.3.2, 6.4.2, 6.3.3",
            &["close", "select:Drafts", "unselect", "examine:blurdybloop"],
            "C: CLOSE\nS: $ OK CLOSE completed\nC: SELECT Drafts\nS: * 5 EXISTS\nS: * OK [UIDNEXT 102] Predicted next UID\nS: $ OK [READ-WRITE] SELECT completed\n\
             C: UNSELECT\nS: $ OK Unselect completed\nC: EXAMINE blurdybloop\nS: * 17 EXISTS\nS: * OK [PERMANENTFLAGS ()] No permanent flags permitted\nS: $ OK [READ-ONLY] EXAMINE completed",
        ),
        (
            "7.1 and RFC 5530 section 3",
            &["!select:/archive/projects/experiment-iv"],
            "C: SELECT \"/archive/projects/experiment-iv\"\nS: $ NO [NOPERM] Access denied",
        ),
        ("6.1.3", &["logout"], "C: LOGOUT\nS: * BYE IMAP4rev2 Server logging out\nS: $ OK LOGOUT completed"),
    ];
    play(&["connect:127.0.0.1", "select:INBOX"], &[REV2, SELECT].concat(), &examples);
    let examples = [
        (
            "6.3.12",
            long,
            "C: APPEND \"saved-messages\" (\\Seen) {326}\nS: + Ready for literal data\nL: 326\nc: \nS: $ OK APPEND completed",
        ),
        (
            "RFC 3501 section 6.3.11",
            old,
            "C: APPEND \"saved-messages\" (\\Seen) {310}\nS: + Ready for literal data\nL: 310\nc: \nS: $ OK APPEND completed",
        ),
        (
            "6.4.4",
            &["search:# TEXT ?:отпуск"],
            "C: SEARCH CHARSET UTF-8 TEXT {12}\nS: + Ready for literal text\nL: 12\nc: \nS: * SEARCH 43\nS: $ OK SEARCH completed",
        ),
        (
            "RFC 3501 section 6.4.4",
            &[
                "search:# FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
                "search:# TEXT \"string not in mailbox\"",
                "search:# TEXT ?:мир",
            ],
            "C: SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"\nS: * SEARCH 2 84 882\nS: $ OK SEARCH completed\nC: SEARCH TEXT \"string not in mailbox\"\nS: * SEARCH\nS: $ OK SEARCH completed\n\
             C: SEARCH CHARSET UTF-8 TEXT {6}\nS: + go\nL: 6\nc: \nS: * SEARCH 43\nS: $ OK SEARCH completed",
        ),
        ("RFC 3501 section 6.4.1", &["check"], "C: CHECK\nS: $ OK CHECK Completed"),
        (
            "RFC 1730 sections 6.4.5, 6.4.6 and 8",
            &[
                "command:FETCH 2\\:4 (FLAGS RFC822.HEADER.LINES (DATE FROM))",
                "command:PARTIAL 4 RFC822 1 1024",
                "send:FETCH 12 RFC822.HEADER:messages",
            ],
            "C: FETCH 2:4 (FLAGS RFC822.HEADER.LINES (DATE FROM))\nS: $ OK FETCH completed\nC: PARTIAL 4 RFC822 1 1024\nS: * 1 FETCH (RFC822 \"Return-Path: x\" FLAGS (\\Seen))\nS: $ OK PARTIAL completed\n\
             C: FETCH 12 *RFC822.HEADER*\nS: $ OK FETCH completed",
        ),
    ];
    play(&["connect:127.0.0.1", "select:INBOX"], &[REV1, SELECT].concat(), &examples);
    support::shows("scripted", &["D18", "D20"]);
}

/// Section, the line of the RFC without its tag, and ours where that is another: sets are ascending, and tell each number
/// once (some servers want that).
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "RFC 7162 section 3.1.3, example 3",
        r"UID STORE 6,4,8 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\Deleted)",
        r"UID STORE 4,6,8 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\Deleted)",
    ),
    ("example 4", r"STORE * (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\Deleted $Processed)", ""),
    ("example 5", r"STORE 50 (UNCHANGEDSINCE 12121230045) -FLAGS.SILENT (\Deleted)", ""),
    ("RFC 4551, example 5", r"STORE 1 (UNCHANGEDSINCE 12121230045) -FLAGS.SILENT (\Deleted)", ""),
    (
        "examples 6 and 7",
        r"STORE 7,5,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\Deleted)",
        r"STORE 5,7,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\Deleted)",
    ),
    ("example 8", "STORE 12 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)", ""),
    ("examples 9 and 10", "STORE 100:150 (UNCHANGEDSINCE 212030000000) +FLAGS.SILENT ($Processed)", ""),
    ("examples 9 and 10", "STORE 101 (UNCHANGEDSINCE 303011130956) +FLAGS.SILENT ($Processed)", ""),
    ("example 11", r"STORE 1:7 (UNCHANGEDSINCE 320172338) +FLAGS (\SEEN)", ""),
    ("example 11", r"STORE 2 (UNCHANGEDSINCE 320172340) +FLAGS (\Seen)", ""),
    (
        "a number twice",
        r"STORE 7,3:9 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\Deleted)",
        r"STORE 3:9 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\Deleted)",
    ),
    ("section 3.1.4.2, example 14", r"STORE 7 +FLAGS.SILENT (\Deleted)", ""),
    ("example 14", r"STORE 7 +FLAGS.SILENT (\Seen)", ""),
    ("example 14", r"STORE 7 -FLAGS.SILENT (\Answered \Seen)", ""),
    ("section 3.2.9 and RFC 4315 section 2.1", "UID EXPUNGE 3000:3002", ""),
    ("section 3.2.10", "EXPUNGE", ""),
    ("RFC 6851 section 3.3", "UID MOVE 42:69 foo", ""),
    ("RFC 6851 section 3.1", "MOVE 42:69 foo", ""),
    ("RFC 4315 section 3", "COPY 2:4 meeting", ""),
    ("RFC 4315 section 3", "UID COPY 305:310 meeting", ""),
    ("RFC 4315 section 3", "COPY 2 funny", ""),
    ("RFC 3501 and RFC 9051 section 6.4.6", r"STORE 2:4 +FLAGS (\Deleted)", ""),
    ("RFC 3501 and RFC 9051 section 6.4.7", "COPY 2:4 MEETING", ""),
];

#[test]
fn changes_to_messages() {
    let steps: Vec<String> = CHANGES.iter().map(|(_, line, _)| format!("send:{}", word(line))).collect();
    let steps: Vec<[&str; 1]> = steps.iter().map(|step| [step.as_str()]).collect();
    let lines: Vec<String> = CHANGES
        .iter()
        // A star stands for anything in a script.
        .map(|(_, line, ours)| format!("C: {}\nS: $ OK done", if ours.is_empty() { line } else { ours }))
        .collect();
    let examples: Vec<Example<'_>> = CHANGES
        .iter()
        .zip(&steps)
        .zip(&lines)
        .map(|(((section, ..), step), line)| (*section, &step[..], line.as_str()))
        .collect();
    let begin = "S: * PREAUTH [CAPABILITY IMAP4rev1 CONDSTORE UIDPLUS MOVE] ready\n\
                 C: SELECT INBOX (CONDSTORE)\nS: * 5000 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: $ OK [READ-WRITE] done\n";
    play(&["connect:127.0.0.1", "select:INBOX"], begin, &examples);
}

/// RFC 8508.
#[test]
fn replacements() {
    let header = |minute: u32, id: u64| {
        format!(
            "Date: Thu, 1 Jan 2015 00:{minute:02}:00 -0500 (EST)\nFrom: Fritz Schmidt <fritz.ze@example.org>\n\
             Subject: happy new year !!\nTo: miss.mitzy@example.org\nMessage-Id: <B{id}-0100000@example.org>\n\
             MIME-Version: 1.0\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\n\n\
             Just saw the best fireworks show. Wish you were here.\n"
        )
    };
    let first = word(&(header(5, 238_822_388) + "\n"));
    let second = word(&(header(6, 238_822_389) + "Hopefully next year you can join us.\n\n"));
    let by_number = format!("replace:Drafts:{first}:#4:\\\\Seen \\\\Draft");
    let by_uid = format!("replace:Drafts:{second}:2000:\\\\Seen \\\\Draft");
    let picture = word(concat!(
        "Date: Thu, 1 Jan 2015 00:10:00 -0500 (EST)\nFrom: Fritz Schmidt <fritz.ze@example.org>\n",
        "Message-ID: <B238822388-0100003@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed;\n",
        " boundary=\"------------030305060306060609050804\"\n\n"
    ));
    let picture = format!("sized:Drafts:{picture}:1201534:\\\\Seen \\\\Draft");
    let header = word("To: Mitzy <miss.mitzy@example.org>\nSubject: My view of the fireworks\n");
    let with_url = format!("replace:Drafts:{header}:3002::/Drafts/;UID=3002");
    let (by_number, by_uid) = ([by_number.as_str()], [by_uid.as_str()]);
    let (picture, with_url) = ([picture.as_str()], [with_url.as_str()]);
    let examples: &[Example<'_>] = &[
        (
            "section 3.2",
            &by_number,
            "C: REPLACE 4 Drafts (\\Seen \\Draft) {312}\nS: + Ready for literal data\nL: 312\nc: \n\
             S: * OK [APPENDUID 1 2000] Replacement Message ready\nS: * 5 EXISTS\nS: * 4 EXPUNGE\n\
             S: $ OK Replace completed",
        ),
        (
            "section 3.3",
            &by_uid,
            "C: UID REPLACE 2000 Drafts (\\Seen \\Draft) {350}\nS: + Ready for literal data\nL: 350\nc: \n\
             S: * OK [APPENDUID 1 2001] Replacement Message ready\nS: * 5 EXISTS\nS: * 4 EXPUNGE\n\
             S: $ OK Replace completed",
        ),
        (
            "section 4.2",
            &picture,
            "C: APPEND Drafts (\\Seen \\Draft) {1201534}\nS: + Ready for literal data\ndrain 1201534\nc: \n\
             S: $ OK [APPENDUID 1 3002] APPEND complete",
        ),
        (
            "section 4.2",
            &with_url,
            "C: UID REPLACE 3002 Drafts CATENATE (TEXT {71}\nS: + Ready for literal data\nL: 71\n\
             c:  URL \"/Drafts/;UID=3002\")\nS: * OK [APPENDUID 1 3003] Replacement Message ready\nS: * 5 EXISTS\n\
             S: * 4 EXPUNGE\nS: $ OK REPLACE completed",
        ),
    ];
    let begin = "S: * PREAUTH [CAPABILITY IMAP4rev1 UIDPLUS REPLACE CATENATE] ready\n";
    play(&["connect:127.0.0.1", "select:INBOX"], &[begin, SELECT].concat(), examples);
}
