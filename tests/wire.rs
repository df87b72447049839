//! Every case of `tests/wire`, through the framer and the parser, whole and cut at every byte.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/render.rs"]
mod render;

use imap::error::NoMemory;
use imap::model::{Event, Owned};
use imap::wire::cursor::Response;
use imap::wire::event;
use imap::wire::frame::{Frame, Step};

#[test]
fn servers_mean_what_they_say() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let got = events_of(&case.input, case.input.len());
        if got != case.expected {
            wrong.push(format!("=== {}\n--- expected\n{}\n--- got\n{got}\n", case.name, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn it_does_not_matter_how_the_bytes_arrive() {
    for case in cases::all() {
        let whole = events_of(&case.input, case.input.len());
        for step in 1..case.input.len().min(40) {
            assert_eq!(events_of(&case.input, step), whole, "{} in steps of {step}", case.name);
        }
    }
}

#[test]
fn nothing_that_is_cut_or_changed_does_harm() {
    for case in cases::all() {
        for cut in 0..case.input.len() {
            events_of(&case.input[..cut], cut.max(1));
            let mut changed = case.input.clone();
            changed[cut] ^= 1 << (cut % 8);
            events_of(&changed, changed.len());
            let mut closed = case.input[..cut].to_vec();
            closed.extend_from_slice(b"\r\n");
            events_of(&closed, closed.len());
        }
    }
}

/// The events of all complete responses, when the bytes arrive in pieces of `step`.
fn events_of(input: &[u8], step: usize) -> String {
    let mut shown = Vec::new();
    let (mut frame, mut start, mut arrived) = (Frame::default(), 0, 0);
    loop {
        match frame.step(&input[start..arrived], 1 << 20) {
            step @ (Step::Response(length) | Step::Line(length)) => {
                let sent = &input[start..start + length];
                let is_line = matches!(step, Step::Line(_));
                let response = if is_line { Response::printable(sent) } else { Response::new(sent, &[]) };
                start += length;
                if response.bytes.is_empty() {
                    continue;
                }
                let mut tellings = event::Tellings::of(&response);
                while let Some(telling) = tellings.next_telling().expect("memory") {
                    let made: Result<Box<Owned<Event>>, NoMemory> =
                        Owned::build(|arena| telling.event(false, false, arena));
                    shown.push(render::event(made.expect("memory").get()));
                }
            }
            Step::More if arrived < input.len() => arrived = (arrived + step).min(input.len()),
            _ => break,
        }
    }
    shown.join("\n").trim().to_owned()
}
