//! The shared library exports exactly what the header declares, and some C program calls each of it.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use support::{program, project};

#[test]
fn the_library_exports_the_header_and_nothing_else() {
    let exported = names(&["-D", "--defined-only"], &program::library().join("libimap.so"));
    assert_eq!(exported, declared());
}

#[test]
fn every_function_is_called_by_a_c_program() {
    let mut called = BTreeSet::new();
    for (folder, compile) in [
        ("tests/c", program::test_program as fn(&str) -> std::path::PathBuf),
        ("examples-c", program::example),
    ] {
        for entry in std::fs::read_dir(project().join(folder)).expect(folder) {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "c") {
                let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
                called.extend(names(&["-u"], &compile(&name)));
            }
        }
    }
    let missing: Vec<_> = declared().difference(&called).cloned().collect();
    assert!(missing.is_empty(), "no C program calls {missing:?}");
}

/// The functions that imap.h declares.
fn declared() -> BTreeSet<String> {
    let text = std::fs::read_to_string(project().join("include/imap.h")).expect("include/imap.h");
    let code = text.lines().filter(|line| !line.trim_start().starts_with(['/', '*', ' ', '#']));
    let heads = code.into_iter().filter_map(|line| line.split_once('(').map(|(head, _)| head));
    let name = |head: &str| {
        let start = head.rfind([' ', '*']).map_or(0, |at| at + 1);
        Some(head[start..].to_owned()).filter(|name| name.starts_with("imap_"))
    };
    heads.filter_map(name).collect()
}

/// The symbols of a file that nm shows, without the C library's.
fn names(options: &[&str], file: &Path) -> BTreeSet<String> {
    let output = Command::new("nm").args(options).arg(file).output().expect("nm runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let symbols = text.lines().filter_map(|line| line.split_whitespace().last());
    let is_ours = |name: &&str| options.contains(&"-D") || name.starts_with("imap_");
    symbols.filter(is_ours).map(|name| name.split('@').next().unwrap_or(name).to_owned()).collect()
}
