//! The house's rules: which layer may name which, where `unsafe` may stand, what may not be left in the code.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::project;

/// Each layer names only those behind it in this list; `net` stands aside.
const LAYERS: [&str; 8] = ["capi", "client", "commands", "session", "sasl", "wire", "model", "error"];

const UNSAFE: [&str; 6] = [
    "src/capi/",
    "src/model/text.rs",
    "src/model/arena.rs",
    "src/model/owned.rs",
    "src/model/vector.rs",
    "src/net/system.rs",
];

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let layer = layer_of(&file);
        for line in code_of(&text) {
            for named in
                LAYERS.iter().chain(&["net"]).filter(|named| line.contains(&format!("crate::{named}")))
            {
                if !may_name(&layer, named) {
                    wrong.push(format!("{}: {layer} names {named}: {line}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn may_name(layer: &str, named: &str) -> bool {
    let place = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    match (layer, named) {
        ("lib", _) => true,
        (layer, named) if layer == named => true,
        ("client", "net") => true,
        (_, "net") => false,
        ("net", named) => named == "model" || named == "error",
        _ => place(layer) < place(named),
    }
}

#[test]
fn unsafe_stands_where_it_may() {
    for (file, text) in sources() {
        let name = file.display().to_string();
        let may = UNSAFE.iter().any(|place| name.contains(place));
        let uses = code_of(&text).any(|line| {
            let code = line.replace("unsafe_code", "").replace("unsafe_op_in_unsafe_fn", "");
            code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
        });
        // kinds! names public structs, and Kind is an unsafe trait: that is all that model/mod.rs has.
        assert!(may || !uses || name.ends_with("src/model/mod.rs"), "unsafe in {name}");
        if !may && !uses && !name.ends_with("lib.rs") {
            let folder = file.parent().expect("a folder").join("mod.rs");
            let says = |path: &Path| {
                fs::read_to_string(path).is_ok_and(|text| text.contains("#![forbid(unsafe_code)]"))
            };
            let has_unsafe_sister =
                ["src/net/mod.rs", "src/model/mod.rs"].iter().any(|sister| name.ends_with(sister));
            assert!(says(&file) || says(&folder) || has_unsafe_sister, "{name} does not forbid unsafe code");
        }
    }
}

#[test]
fn every_unsafe_block_says_why_it_is_safe() {
    for (file, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("unsafe {") && !code.contains("unsafe fn") {
                let before = lines[at.saturating_sub(6)..=at].iter();
                let is_explained = before.into_iter().any(|line| line.contains("SAFETY:"));
                assert!(is_explained, "{}:{}: {line}", file.display(), at + 1);
            }
        }
    }
}

#[test]
fn nothing_is_left_undone() {
    for (file, text) in sources() {
        for line in code_of(&text) {
            for left in ["todo!", "unimplemented!", "dbg!", "FIXME", "XXX", ".unwrap()", "println!"] {
                assert!(!line.contains(left), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn examples_are_short() {
    for entry in fs::read_dir(project().join("examples-c")).expect("examples-c") {
        let path = entry.expect("an entry").path();
        let lines = fs::read_to_string(&path).expect("an example").lines().count();
        assert!(lines < 100, "{} has {lines} lines", path.display());
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![project().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("a source");
                files.push((path, text));
            }
        }
    }
    assert!(files.len() > 50);
    files
}

/// The lines of the library itself: no comments, no tests.
fn code_of(text: &str) -> impl Iterator<Item = &str> {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn layer_of(file: &Path) -> String {
    let inside = file.strip_prefix(project().join("src")).expect("a file of src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}
