//! The Markdown cases of `tests/wire`: bytes in, events out. See the README beside them.

use std::fs;
use std::path::Path;

pub struct Case {
    /// "fetch.md: Sizes beyond 32 bits"
    pub name: String,
    pub input: Vec<u8>,
    pub expected: String,
}

pub fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files
        .retain(|file| file.extension().is_some_and(|ending| ending == "md") && !file.ends_with("README.md"));
    files.sort();
    let cases: Vec<Case> = files.iter().flat_map(|file| cases_of(file)).collect();
    assert!(cases.len() >= 60, "the cases of tests/wire were not found");
    cases
}

fn cases_of(file: &Path) -> Vec<Case> {
    let text = fs::read_to_string(file).unwrap();
    let file_name = file.file_name().unwrap().to_string_lossy();
    let mut cases = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap();
        let block = |kind: &str| {
            let start = format!("\n```{kind}\n");
            let (_, rest) = section.split_once(&start).unwrap_or_else(|| panic!("{title}: no {kind} block"));
            rest.split_once("```").unwrap_or_else(|| panic!("{title}: {kind} block without end")).0
        };
        cases.push(Case {
            name: format!("{file_name}: {title}"),
            input: bytes_of(block("imap")),
            expected: block("value").trim().to_owned(),
        });
    }
    cases
}

/// Lines become CRLF lines, escapes bytes.
fn bytes_of(block: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = block.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\n' => bytes.extend_from_slice(b"\r\n"),
            b'\\' => match rest.next().expect("an escape") {
                b'\n' => {}
                b'n' => bytes.push(b'\n'),
                b'r' => bytes.push(b'\r'),
                b't' => bytes.push(b'\t'),
                b'0' => bytes.push(0),
                b'\\' => bytes.push(b'\\'),
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    let digits = std::str::from_utf8(&digits).unwrap();
                    bytes.push(u8::from_str_radix(digits, 16).expect("two hex digits"));
                }
                other => panic!("no such escape: \\{}", char::from(other)),
            },
            other => bytes.push(other),
        }
    }
    bytes
}
