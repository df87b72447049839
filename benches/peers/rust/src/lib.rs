//! What both programs share: the figures, as `../../programs/measure.h` has them.

use std::borrow::Cow;
use std::io::Write;

#[derive(Default)]
pub struct Sums {
    pub messages: u64,
    pub addresses: u64,
    pub flags: u64,
    pub parts: u64,
    pub numbers: u64,
    pub bytes: u64,
    pub touched: u64,
}

/// Reads a string: its first byte.
pub trait Touch {
    fn touch(&self) -> u64;
}

impl Touch for &[u8] {
    fn touch(&self) -> u64 {
        self.first().map_or(0, |byte| u64::from(*byte))
    }
}

impl Touch for &str {
    fn touch(&self) -> u64 {
        self.as_bytes().touch()
    }
}

impl Touch for Cow<'_, [u8]> {
    fn touch(&self) -> u64 {
        self.as_ref().touch()
    }
}

impl Touch for Cow<'_, str> {
    fn touch(&self) -> u64 {
        self.as_bytes().touch()
    }
}

impl<T: Touch> Touch for Option<T> {
    fn touch(&self) -> u64 {
        self.as_ref().map_or(0, Touch::touch)
    }
}

impl<T: Touch> Touch for Vec<T> {
    fn touch(&self) -> u64 {
        self.iter().map(Touch::touch).sum()
    }
}

impl<A: Touch, B: Touch> Touch for (A, B) {
    fn touch(&self) -> u64 {
        self.0.touch() + self.1.touch()
    }
}

fn clock(which: libc::clockid_t) -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(which, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn status(name: &str) -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

pub struct Measure {
    memory: i64,
    wall: f64,
    cpu: f64,
}

impl Measure {
    pub fn begin() -> Measure {
        let _ = std::fs::File::options().write(true).open("/proc/self/clear_refs").and_then(|mut file| file.write_all(b"5"));
        Measure { memory: status("VmRSS"), wall: clock(libc::CLOCK_MONOTONIC), cpu: clock(libc::CLOCK_PROCESS_CPUTIME_ID) }
    }

    pub fn end(self, sums: &Sums) {
        let cpu = clock(libc::CLOCK_PROCESS_CPUTIME_ID) - self.cpu;
        let wall = clock(libc::CLOCK_MONOTONIC) - self.wall;
        let peak = status("VmHWM") - self.memory;
        let Sums { messages, addresses, flags, parts, numbers, bytes, touched } = sums;
        println!("cpu {cpu:.6} wall {wall:.6} peak {peak} sum {messages}:{addresses}:{flags}:{parts}:{numbers}:{bytes} touched {touched}");
    }
}

/// The same walk over the structs of two versions of imap-proto.
#[macro_export]
macro_rules! reading {
    ($proto:path) => {
        use $proto as proto;

        fn read_addresses(list: &Option<Vec<proto::Address<'_>>>, sums: &mut Sums) {
            for one in list.iter().flatten() {
                sums.addresses += 1;
                sums.touched += one.name.touch() + one.adl.touch() + one.mailbox.touch() + one.host.touch();
            }
        }

        fn read_envelope(envelope: &proto::Envelope<'_>, sums: &mut Sums) {
            sums.touched += envelope.date.touch() + envelope.subject.touch();
            sums.touched += envelope.in_reply_to.touch() + envelope.message_id.touch();
            read_addresses(&envelope.from, sums);
            read_addresses(&envelope.sender, sums);
            read_addresses(&envelope.reply_to, sums);
            read_addresses(&envelope.to, sums);
            read_addresses(&envelope.cc, sums);
            read_addresses(&envelope.bcc, sums);
        }

        fn read_common(common: &proto::BodyContentCommon<'_>, sums: &mut Sums) {
            sums.touched += common.ty.ty.touch() + common.ty.subtype.touch() + common.ty.params.touch();
            if let Some(disposition) = &common.disposition {
                sums.touched += disposition.ty.touch() + disposition.params.touch();
            }
            sums.touched += common.language.touch() + common.location.touch();
        }

        fn read_single(other: &proto::BodyContentSinglePart<'_>, sums: &mut Sums) {
            sums.touched += other.id.touch() + other.md5.touch() + other.description.touch() + u64::from(other.octets);
            sums.touched += std::mem::discriminant(&other.transfer_encoding).eq(&std::mem::discriminant(
                &proto::ContentEncoding::Base64,
            )) as u64;
        }

        fn read_structure(body: &proto::BodyStructure<'_>, sums: &mut Sums) {
            sums.parts += 1;
            match body {
                proto::BodyStructure::Basic { common, other, .. } => {
                    read_common(common, sums);
                    read_single(other, sums);
                }
                proto::BodyStructure::Text { common, other, lines, .. } => {
                    sums.touched += u64::from(*lines);
                    read_common(common, sums);
                    read_single(other, sums);
                }
                proto::BodyStructure::Message { common, other, envelope, body, lines, .. } => {
                    sums.touched += u64::from(*lines);
                    read_common(common, sums);
                    read_single(other, sums);
                    read_envelope(envelope, sums);
                    read_structure(body, sums);
                }
                proto::BodyStructure::Multipart { common, bodies, .. } => {
                    read_common(common, sums);
                    bodies.iter().for_each(|body| read_structure(body, sums));
                }
            }
        }
    };
}

/// Of the command line: WORKLOAD MODE PORT COUNT [CA]
pub struct Arguments {
    pub workload: String,
    pub port: u16,
    pub count: usize,
    pub is_tls: bool,
}

pub fn arguments() -> Arguments {
    let words: Vec<String> = std::env::args().skip(1).collect();
    Arguments {
        workload: words[0].clone(),
        port: words[2].parse().expect("a port"),
        count: words[3].parse().expect("a count"),
        is_tls: words.len() > 4,
    }
}

pub const ENVELOPES: &str = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)";
pub const MESSAGE: [u8; 100_000] = [b'x'; 100_000];
