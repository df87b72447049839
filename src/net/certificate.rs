//! What is needed of a certificate beyond what the TLS library tells (RFC 5280 section 4.1): its public key.

#![forbid(unsafe_code)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// SHA-256 of a SubjectPublicKeyInfo.
pub type Pin = [u8; 32];

const CONTEXT_0: u8 = 0xa0;
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// Pins as people write them: base64, separated by spaces.
pub fn pins(text: &str) -> Result<Vec<Pin>> {
    let mut all = Vec::new();
    for word in text.split_ascii_whitespace() {
        let decoded = STANDARD.decode(word).ok().and_then(|bytes| Pin::try_from(bytes).ok());
        let Some(pin) = decoded else {
            let message = "a pin is the SHA-256 of a public key in base64: 44 characters, the last of them =";
            return Err(Error::invalid(message));
        };
        all.try_reserve(1)?;
        all.push(pin);
    }
    match all.is_empty() {
        true => Err(Error::invalid("there is no pin in an empty text: give NULL to pin nothing")),
        false => Ok(all),
    }
}

/// The pin of a certificate's public key; None: that is no certificate.
pub fn pin_of(der: &[u8]) -> Option<Pin> {
    public_key(der).map(|key| Sha256::digest(key).into())
}

pub fn written(pin: &Pin) -> String {
    STANDARD.encode(pin)
}

/// `TBSCertificate ::= SEQUENCE { version [0] OPTIONAL, serialNumber INTEGER, signature SEQUENCE, issuer SEQUENCE,
///     validity SEQUENCE, subject SEQUENCE, subjectPublicKeyInfo SEQUENCE, ... }`
fn public_key(der: &[u8]) -> Option<&[u8]> {
    let certificate = Element::first(der, SEQUENCE)?;
    let mut rest = Element::first(certificate.content, SEQUENCE)?.content;
    if let Some(version) = Element::first(rest, CONTEXT_0) {
        rest = version.rest;
    }
    rest = Element::first(rest, INTEGER)?.rest;
    for _ in ["signature", "issuer", "validity", "subject"] {
        rest = Element::first(rest, SEQUENCE)?.rest;
    }
    Some(Element::first(rest, SEQUENCE)?.whole)
}

/// One element of DER: tag, length, content.
struct Element<'d> {
    whole: &'d [u8],
    content: &'d [u8],
    rest: &'d [u8],
}

impl<'d> Element<'d> {
    /// The element that `der` begins with, if it has this tag.
    fn first(der: &'d [u8], tag: u8) -> Option<Element<'d>> {
        let (&[found, short], _) = der.split_first_chunk::<2>()?;
        let (head, length) = match short {
            0..=0x7f => (2, usize::from(short)),
            // Longer certificates than 2^24 bytes there are none, and an indefinite length is not DER.
            0x81..=0x83 => {
                let digits = der.get(2..2 + usize::from(short & 0x7f))?;
                let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
                (2 + digits.len(), length)
            }
            _ => return None,
        };
        let whole = der.get(..head + length).filter(|_| found == tag)?;
        Some(Element { whole, content: &whole[head..], rest: &der[head + length..] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tag, length in one byte, content.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut whole = vec![tag, content.len() as u8];
        whole.extend_from_slice(content);
        whole
    }

    fn certificate(version: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let key = der(SEQUENCE, b"the key");
        let sequence = der(SEQUENCE, b"");
        let parts: [&[u8]; 8] =
            [version, &der(INTEGER, &[7]), &sequence, &sequence, &sequence, &sequence, &key, b"more"];
        let inner = der(SEQUENCE, &parts.concat());
        (der(SEQUENCE, &[inner, sequence].concat()), key)
    }

    #[test]
    fn the_key_is_found_with_and_without_a_version() {
        for version in [der(CONTEXT_0, &der(INTEGER, &[2])), Vec::new()] {
            let (certificate, key) = certificate(&version);
            assert_eq!(public_key(&certificate), Some(key.as_slice()));
        }
    }

    #[test]
    fn damage_is_no_certificate() {
        let (good, key) = certificate(&der(CONTEXT_0, &der(INTEGER, &[2])));
        for length in 0..good.len() {
            assert_eq!(public_key(&good[..length]), None, "{length}");
        }
        for at in 0..good.len() {
            for value in [0, 0x30, 0x80, 0x84, 0xff] {
                let mut damaged = good.clone();
                damaged[at] = value;
                // Whatever is found lies within.
                let found = public_key(&damaged).map_or(0, <[u8]>::len);
                assert!(found <= good.len() + key.len());
            }
        }
        assert_eq!(pin_of(b"\x30\x83\xff\xff\xff"), None);
        assert_eq!(pin_of(b"\x30\x80\x00\x00"), None);
    }

    #[test]
    fn lengths_of_several_bytes() {
        let long = [&[SEQUENCE, 0x82, 0x01, 0x2c][..], &[b'x'; 300]].concat();
        let found = Element::first(&long, SEQUENCE).expect("an element");
        assert_eq!((found.content.len(), found.rest.len(), found.whole.len()), (300, 0, 304));
    }

    #[test]
    fn pins_as_written() {
        let pin = [7; 32];
        let text = written(&pin);
        assert_eq!(pins(&format!(" {text}  {text} ")).expect("two pins"), [pin, pin]);
        for bad in ["", " ", "x", &text[1..], &format!("{text}="), "sha256//", "AAAA"] {
            assert!(pins(bad).is_err(), "{bad}");
        }
    }
}
