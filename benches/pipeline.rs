//! STATUS of 500 mailboxes over a link with a delay of 20 ms: one after the other, as 500 requests, and by 64 threads
//! that share one client. What counts is the ratio in one run.

#[path = "../tests/support/mod.rs"]
mod support;

use support::program::{bench_program, run};
use support::scripted::Scripted;

const COUNT: usize = 500;

fn main() {
    let (alone, _) = measured("sequence");
    for way in ["requests", "threads"] {
        let (seconds, round_trips) = measured(way);
        println!(
            "{COUNT} STATUS over 20 ms, {way}: {round_trips} round trips, {:.3} of the time of one after the other ({alone:.1} s)",
            seconds / alone
        );
    }
}

/// Seconds, and round trips.
fn measured(way: &str) -> (f64, String) {
    let server = Scripted::new(&format!("S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nstatuses {COUNT}\n"));
    let out =
        run(&bench_program("pipeline"), &[way, &COUNT.to_string(), &server.port.to_string()], &[]).success();
    let record = server.join();
    let seconds = out.split(' ').next().and_then(|word| word.parse().ok()).expect("seconds");
    (seconds, record[0].trim_end_matches(" bursts").to_owned())
}
