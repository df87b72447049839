//! URLs that let others read a message: GENURLAUTH, URLFETCH, RESETKEY (RFC 4467, RFC 5524).

mod support;

use support::program::{run_checked, test_program};
use support::scripted::Scripted;
use support::server::Server;

fn signed_and_read(server: &Server) {
    let (port, ca) = (format!("1:{}", server.imaps), format!("20={}", server.ca()));
    let arguments = ["server", &port, &ca, "40=bob", "41=secret-b"];
    assert_eq!(
        run_checked(&test_program("urls"), &arguments, &[]).success(),
        "0 failures\n",
        "{}",
        server.name
    );
    support::shows(server.name, &["URLAUTH"]);
}

#[test]
fn dovecot() {
    let Some(server) = Server::start("dovecot") else { return };
    signed_and_read(&server);
}

#[test]
fn cyrus() {
    let Some(server) = Server::start("cyrus") else { return };
    signed_and_read(&server);
}

/// The examples of RFC 4467 section 7 and RFC 5524 section 3, and what is none.
#[test]
fn urls_of_the_rfcs() {
    let url = "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:91354a473744909de610943775f92038";
    let fetch = format!("C: URLFETCH \"{url}\"\n");
    let sign = "C: GENURLAUTH \"imap://joe@example.com/INBOX/;uid=20;urlauth=anonymous\" INTERNAL\n";
    let anonymous = url.replace("submit+fred", "anonymous");
    let script = [
        "S: * PREAUTH [CAPABILITY IMAP4rev1 URLAUTH URLAUTH=BINARY] ready\n",
        "C: GENURLAUTH \"imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred\" INTERNAL\n",
        &format!("S: * GENURLAUTH \"{url}\"\nS: $ OK GENURLAUTH completed\n"),
        &fetch,
        &format!(
            "S: * URLFETCH \"{url}\" {{28}}\nS: Si vis pacem, para bellum.\nS: \nS: $ OK URLFETCH completed\n"
        ),
        &format!("C: URLFETCH (\"{anonymous}\" BODYPARTSTRUCTURE BINARY)\n"),
        &format!(
            "S: * URLFETCH \"{anonymous}\" (BODYPARTSTRUCTURE (\"TEXT\" \"PLAIN\" () NIL NIL \"QUOTED-PRINTABLE\" 28 1 NIL NIL NIL NIL)) (BINARY ~{{28}}\n"
        ),
        "S: Si vis pacem, para bellum.\nS: )\nS: $ OK URLFETCH completed\n",
        &fetch,
        &format!("S: * URLFETCH \"{url}\" NIL\nS: $ OK done\n"),
        &fetch,
        "S: * URLFETCH\nS: * URLFETCH (\nS: * 3 EXISTS\nS: $ OK done\n",
        &fetch,
        "S: $ OK done\n",
        sign,
        "S: $ NO [BADURL \"imap://joe@example.com/INBOX/;uid=20;urlauth=anonymous\"] no\n",
        sign,
        "S: $ OK done\n",
        "C: GENURLAUTH \"imap://a@b/;uid=1;urlauth=anonymous\" INTERNAL\nS: * GENURLAUTH \"imap://x\"\nS: $ OK done\n",
        "C: RESETKEY\nS: $ OK All keys removed\n",
        "C: RESETKEY INBOX XSAMPLE INTERNAL\nS: $ OK [URLMECH INTERNAL XSAMPLE=P34OKhO7VEkCbsiYY8rGEg==] done\n",
        "quiet 200\nstall\n",
    ];
    let server = Scripted::new(&script.concat());
    let port = format!("1:{}", server.port);
    let output = run_checked(&test_program("urls"), &["played", &port, "2:2"], &[]);
    if output.code != Some(0) {
        panic!("{}\n{}\nthe client sent {:#?}", output.out, output.err, server.abandon());
    }
    server.join();
    support::shows("scripted", &["URLAUTH", "URL-PARTIAL"]);
}
