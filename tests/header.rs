//! The header: what is committed is what the library has, and every C and C++ compiler takes it.

mod support;

use std::fs;
use std::process::Command;

use support::project;

#[test]
fn the_committed_header_is_current() {
    let generated = fs::read_to_string(env!("IMAP_GENERATED_HEADER")).expect("the generated header");
    let committed = project().join("include/imap.h");
    if std::env::var_os("IMAP_BLESS").is_some() {
        fs::create_dir_all(committed.parent().expect("a folder")).expect("include/");
        // At once: other tests compile it meanwhile.
        let next = committed.with_extension("h.next");
        fs::write(&next, &generated).expect("include/ can be written to");
        fs::rename(&next, &committed).expect("include/imap.h can be written");
    }
    let text = fs::read_to_string(committed).expect("include/imap.h");
    assert!(text == generated, "include/imap.h is old: run IMAP_BLESS=1 cargo test --test header");
    for left in ["List_", "Texts ", "Bytes ", " Text ", "PhantomData", "_EMPTY"] {
        let code = text.lines().filter(|line| !line.trim_start().starts_with(['/', '*']));
        assert!(code.into_iter().all(|line| !line.contains(left)), "\"{left}\" is left in the header");
    }
    let foreign =
        |line: &&str| line.starts_with("typedef struct ") && !line.contains('{') && !line.contains(" imap_");
    assert_eq!(text.lines().find(foreign), None, "the header names a type of the library's own");
    let defines = text.lines().filter(|line| line.starts_with("#define"));
    assert!(defines.into_iter().all(|line| !line.ends_with('\\')), "a #define of several lines");
}

#[test]
fn every_function_says_whether_it_blocks() {
    let text = fs::read_to_string(project().join("include/imap.h")).expect("include/imap.h");
    let mut comment = String::new();
    let mut functions = 0;
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("///") {
            comment.push_str(words);
        } else {
            let is_function = line.contains(" imap_") || line.contains("*imap_");
            if is_function
                && line.contains('(')
                && !line.starts_with([' ', '/', '#'])
                && !line.contains("typedef")
            {
                functions += 1;
                assert!(comment.contains("Blocks: yes") || comment.contains("Blocks: no"), "{line}");
            }
            comment.clear();
        }
    }
    assert!(functions > 80, "only {functions} functions were found");
}

#[test]
fn every_compiler_takes_it() {
    const COMMON: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"];
    const OF_C: [&str; 4] = ["-Wstrict-prototypes", "-Wc++-compat", "-Wundef", "-Wconversion"];
    let folder = support::Folder::new();
    let twice = "#include <imap.h>\n#include <imap.h>\nint main(void) { return IMAP_OK; }\n";
    let languages = [
        ("c", &["gcc", "clang"], &["c99", "c11", "c17", "c2x"][..], &OF_C[..]),
        ("cpp", &["g++", "clang++"], &["c++11", "c++14", "c++17", "c++20"], &["-Wundef", "-Wconversion"]),
    ];
    for (ending, compilers, standards, flags) in languages {
        let source = folder.0.join(format!("twice.{ending}"));
        fs::write(&source, twice).expect("a source");
        for compiler in compilers {
            for standard in standards {
                let output = Command::new(compiler)
                    .arg(format!("-std={standard}"))
                    .args(COMMON)
                    .args(flags)
                    .arg("-I")
                    .arg(project().join("include"))
                    .arg(&source)
                    .output()
                    .unwrap_or_else(|error| panic!("{compiler}: {error}"));
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{compiler} -std={standard}\n{said}");
            }
        }
    }
}
