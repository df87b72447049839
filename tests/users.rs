//! UNAUTHENTICATE (RFC 8437), PROXYAUTH, LANGUAGE and COMPARATOR (RFC 5255), GETJMAPACCESS (RFC 9698).

mod support;

use support::program::{run_checked, test_program};
use support::scripted::Scripted;
use support::server::Server;

fn played(scenario: &str, script: &str) {
    let server = Scripted::new(script);
    let port = format!("1:{}", server.port);
    let output = run_checked(&test_program("users"), &[scenario, &port, "2:2", "46:1"], &[]);
    if output.code != Some(0) {
        panic!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
    }
    server.join();
}

#[test]
fn commands_of_the_rfcs() {
    let script = [
        "S: * PREAUTH [CAPABILITY IMAP4rev1 LANGUAGE I18NLEVEL=2 JMAPACCESS UNAUTHENTICATE ENABLE CONDSTORE] ready\n",
        "C: LANGUAGE\nS: * LANGUAGE (EN DE I-DEFAULT)\nS: $ OK Supported languages have been enumerated\n",
        "C: LANGUAGE \"DE\"\nS: * LANGUAGE (DE)\nS: * NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\" \"TRANSLATION\" (\"Andere Ben&APw-tzer/\"))) NIL\nS: $ OK Sprachwechsel durch LANGUAGE-Befehl ausgefuehrt\n",
        "C: LANGUAGE \"UR\"\nS: $ NO Unsupported language UR\n",
        "C: COMPARATOR\nS: * COMPARATOR i;unicode-casemap\nS: $ OK COMPARATOR completed\n",
        "C: COMPARATOR \"cz;*\" \"i;basic\"\nS: * COMPARATOR i;basic (\"i;basic\" \"cz;x\")\nS: $ OK COMPARATOR completed\n",
        "C: COMPARATOR \"x\"\nS: $ NO [BADCOMPARATOR] none\n",
        "C: GETJMAPACCESS\nS: * JMAPACCESS \"https://example.com/.s/[jmap]\"\nS: $ OK done\n",
        "C: GETJMAPACCESS\nS: $ OK done\n",
        "C: PROXYAUTH \"carol\"\nS: $ OK you are\n",
        "C: ENABLE CONDSTORE\nS: * ENABLED CONDSTORE\nS: $ OK done\n",
        "C: SELECT INBOX*\nS: * 3 EXISTS\nS: $ OK [READ-WRITE] done\n",
        "C: UNAUTHENTICATE\nS: $ OK Returned to not authenticated state\n",
        "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK done\n",
        "C: LOGIN \"dave\" \"secret\"\nS: $ OK [CAPABILITY IMAP4rev1] in\n",
        "quiet 200\nstall\n",
    ];
    played("played", &script.concat());
    support::shows(
        "scripted",
        &["LANGUAGE", "I18NLEVEL", "JMAPACCESS", "PROXYAUTH", "A18", "UNAUTHENTICATE"],
    );
}

#[test]
fn what_the_server_lacks_is_not_sent() {
    played("lacking", "S: * PREAUTH [CAPABILITY IMAP4rev1 I18NLEVEL=1] ready\nquiet 200\nstall\n");
}

fn shown(server: &Server, user: &str, scenario: &str, row: &str) {
    let (port, ca) = (format!("1:{}", server.imaps), format!("20={}", server.ca()));
    let (name, password) = user.split_once(' ').expect("a password");
    let (name, password) = (format!("40={name}"), format!("41={password}"));
    let output = run_checked(&test_program("users"), &[scenario, &port, &ca, &name, &password], &[]);
    assert_eq!(output.success(), "0 failures\n", "{} {scenario}", server.name);
    support::shows(server.name, &[row]);
}

#[test]
fn cyrus() {
    let Some(server) = Server::start("cyrus") else { return };
    // For administrators only.
    shown(&server, "admin secret-admin", "unauthenticated", "UNAUTHENTICATE");
    shown(&server, "bob secret-b", "jmap", "JMAPACCESS");
}
