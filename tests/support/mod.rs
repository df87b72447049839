//! What the integration tests share: C programs, a scripted server, real servers, certificates.

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod cases;
pub mod certificates;
pub mod deflated;
pub mod old;
pub mod program;
pub mod proxy;
pub mod replay;
pub mod scripted;
pub mod server;
pub mod telling;

use std::path::PathBuf;

/// The project's folder.
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder that is removed in the end. Its path is short, since Unix sockets lie in it, and other accounts can pass
/// through it, since servers run as such.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        use std::os::unix::fs::PermissionsExt;
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/tmp/imap.{}.{count}", std::process::id()));
        std::fs::create_dir(&path).expect("a temporary folder");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o711)).expect("its permissions");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether a line is the one that was expected, where a `#` stands for anything.
pub fn is_like(expected: &str, got: &str) -> bool {
    let mut parts = expected.split('#');
    let Some(mut rest) = got.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut is_open = false;
    for part in parts {
        is_open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || is_open
}

/// Asserts that each step of a server's said the line expected of it.
pub fn assert_like<'a>(
    server: &str,
    steps: impl IntoIterator<Item = (&'a str, &'a str)>,
    lines: &[impl AsRef<str>],
) {
    let (mut wrong, mut count) = (String::new(), 0);
    for (at, (step, expected)) in steps.into_iter().enumerate() {
        let got = lines.get(at).map_or("nothing", AsRef::as_ref);
        if !is_like(expected, got) {
            wrong += &format!("{step}\n  expected {expected}\n  got      {got}\n");
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{server}\n{wrong}");
    assert_eq!(lines.len(), count, "{server} said more");
}

/// Says what was not shown, and why; the end of the run lists it.
pub fn skip(reason: &str) {
    println!("SKIP: {reason}");
    note("LIBIMAP_SKIPS", &format!("SKIP: {reason}"));
}

/// Says, at the end of a test, which rows of tests/features.md it has shown against `server` ("scripted", "dovecot",
/// ..., or "none" where no server is needed). tests/features.rs holds the table against what was said.
pub fn shows(server: &str, rows: &[&str]) {
    for row in rows {
        note_shown(&format!("row\t{row}\t{server}"));
    }
}

/// Notes, with the test's name, what a test did.
pub fn note_shown(what: &str) {
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let binary = std::env::current_exe().expect("this program's path");
    let stem = binary.file_stem().expect("a file name").to_string_lossy().into_owned();
    let file = stem.rsplit_once('-').map_or(stem.as_str(), |(file, _)| file);
    note("LIBIMAP_SHOWN", &format!("{file}::{test}\t{what}"));
}

/// Appends a line to the file that an environment variable names, if it does.
fn note(variable: &str, line: &str) {
    if let Some(file) = std::env::var_os(variable) {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).expect(variable);
        file.write_all(format!("{line}\n").as_bytes()).expect(variable);
    }
}
