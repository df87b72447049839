//! What TLS was agreed on. The TLS library does not tell; but the server's choice passes through our queues in the clear, in
//! its ServerHello (RFC 5246 section 7.4.1.3, RFC 8446 section 4.1.3), and no handshake completes if anybody changed that.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use crate::error::NoMemory;

/// A version and a cipher suite, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    version: u16,
    suite: u16,
}

/// Reads along until the ServerHello has passed.
#[derive(Default)]
pub struct ServerHello {
    /// Of the record that is passing.
    header: Vec<u8>,
    left: usize,
    /// Handshake messages, as far as they are not looked at yet.
    messages: Vec<u8>,
    agreed: Option<Agreed>,
    is_over: bool,
}

const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
/// A ServerHello is shorter.
const LONGEST: usize = 16 * 1024;
/// The random of a ServerHello that is a HelloRetryRequest: the real one follows.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

impl ServerHello {
    /// What was agreed on, once that has passed.
    pub fn agreed(&self) -> Option<Agreed> {
        self.agreed
    }

    /// The next bytes that the server sent.
    pub fn note(&mut self, mut bytes: &[u8]) -> Result<(), NoMemory> {
        while !self.is_over && !bytes.is_empty() {
            if self.left == 0 {
                let (head, rest) = bytes.split_at(bytes.len().min(5 - self.header.len()));
                self.header.try_reserve(head.len())?;
                self.header.extend_from_slice(head);
                bytes = rest;
                if let [_, _, _, high, low] = self.header[..] {
                    self.left = usize::from(u16::from_be_bytes([high, low]));
                    self.end_record();
                }
                continue;
            }
            let (piece, rest) = bytes.split_at(bytes.len().min(self.left));
            if self.header.first() == Some(&HANDSHAKE) {
                self.messages.try_reserve(piece.len())?;
                self.messages.extend_from_slice(piece);
                self.look();
            }
            self.left -= piece.len();
            bytes = rest;
            self.end_record();
        }
        if self.is_over {
            (self.header, self.messages) = (Vec::new(), Vec::new());
        }
        Ok(())
    }

    fn end_record(&mut self) {
        if self.left == 0 {
            self.header.clear();
        }
    }

    /// `struct { HandshakeType msg_type; uint24 length; ... } Handshake`, one after the other.
    fn look(&mut self) {
        let mut at = 0;
        while let Some([kind, a, b, c, rest @ ..]) = self.messages.get(at..) {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            let Some(body) = rest.get(..length) else {
                self.is_over = length > LONGEST;
                break;
            };
            if *kind == SERVER_HELLO && body.get(2..34) != Some(&RETRY) {
                self.agreed = server_hello(body);
                self.is_over = true;
                break;
            }
            at += 4 + length;
        }
        self.messages.drain(..at);
    }
}

/// `legacy_version, random, legacy_session_id, cipher_suite, legacy_compression_method, extensions`
fn server_hello(body: &[u8]) -> Option<Agreed> {
    let mut version = two(body, 0)?;
    let session = usize::from(*body.get(34)?);
    let suite = two(body, 35 + session)?;
    let mut at = 35 + session + 2 + 1 + 2;
    while let (Some(kind), Some(length)) = (two(body, at), two(body, at + 2)) {
        // supported_versions: the version that is meant.
        if kind == 43 {
            version = two(body, at + 4)?;
        }
        at += 4 + usize::from(length);
    }
    Some(Agreed { version, suite })
}

fn two(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

impl Agreed {
    /// "TLSv1.3"
    pub fn version(self) -> Cow<'static, str> {
        match self.version {
            0x0303 => Cow::Borrowed("TLSv1.2"),
            0x0304 => Cow::Borrowed("TLSv1.3"),
            other => Cow::Owned(format!("0x{other:04X}")),
        }
    }

    /// "TLS_AES_256_GCM_SHA384", its name in the registry.
    pub fn cipher(self) -> Cow<'static, str> {
        match SUITES.iter().find(|(number, _)| *number == self.suite) {
            Some((_, name)) => Cow::Borrowed(name),
            None => Cow::Owned(format!("0x{:04X}", self.suite)),
        }
    }
}

/// Those of TLS 1.3, and of 1.2 those that are in use.
const SUITES: [(u16, &str); 34] = [
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
    (0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    (0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
    (0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3][..], &length, fragment].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind, 0][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
    }

    fn hello(random: [u8; 32], suite: [u8; 2], extensions: &[u8]) -> Vec<u8> {
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        let body = [&[3, 3][..], &random, &[4, 1, 2, 3, 4], &suite, &[0], &length, extensions].concat();
        message(SERVER_HELLO, &body)
    }

    fn read(bytes: &[u8], step: usize) -> Option<(String, String)> {
        let mut hello = ServerHello::default();
        bytes.chunks(step).for_each(|piece| hello.note(piece).unwrap());
        hello.agreed().map(|agreed| (agreed.version().into_owned(), agreed.cipher().into_owned()))
    }

    fn agrees(bytes: &[u8], version: &str, cipher: &str) {
        for step in [1, 2, 3, 7, bytes.len()] {
            assert_eq!(read(bytes, step), Some((version.to_owned(), cipher.to_owned())), "in {step}");
        }
    }

    const VERSION_13: [u8; 14] = [0, 51, 0, 4, 0, 29, 0, 0, 0, 43, 0, 2, 3, 4];

    #[test]
    fn what_the_server_chose() {
        let old = record(HANDSHAKE, &hello([7; 32], [0xC0, 0x2F], &[0xff, 1, 0, 1, 0]));
        agrees(&old, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        let new = [
            record(HANDSHAKE, &hello([7; 32], [0x13, 2], &VERSION_13)),
            record(20, &[1]),
            record(23, &[0; 300]),
        ];
        agrees(&new.concat(), "TLSv1.3", "TLS_AES_256_GCM_SHA384");
        let bare = message(SERVER_HELLO, &[&[3, 3][..], &[7; 32], &[0, 0xAB, 0xCD, 0]].concat());
        agrees(&record(HANDSHAKE, &bare), "TLSv1.2", "0xABCD");
    }

    #[test]
    fn what_comes_before_it_is_passed_over() {
        let retry = record(HANDSHAKE, &hello(RETRY, [0x13, 1], &VERSION_13));
        let real = hello([9; 32], [0x13, 3], &VERSION_13);
        let (a, b) = real.split_at(20);
        let all = [
            record(HANDSHAKE, &message(0, &[])),
            retry,
            record(20, &[1]),
            record(HANDSHAKE, &[]),
            record(HANDSHAKE, a),
            record(HANDSHAKE, b),
        ];
        agrees(&all.concat(), "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256");
    }

    #[test]
    fn what_is_none_tells_nothing() {
        let short = record(HANDSHAKE, &message(SERVER_HELLO, &[3, 3, 1]));
        let long = record(HANDSHAKE, &[SERVER_HELLO, 255, 255, 255, 3, 3]);
        for bytes in [&short[..], &long, b"* OK ready\r\n", b"", &record(21, &[2, 40])] {
            for step in [1, bytes.len().max(1)] {
                assert_eq!(read(bytes, step), None, "{bytes:?}");
            }
        }
    }
}
