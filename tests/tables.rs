//! `tests/quirks.md` and `tests/threats.md`: each row names what shows it, a case of `tests/wire` by its file and
//! heading or a test by its file and function, and that must be there and have passed.
//!
//! `LIBIMAP_PASSED_BY_ALL` names the file in which a run of all tests noted what passed (see `tests/run`).

mod support;

use std::collections::BTreeSet;
use std::fs;

use support::{cases, project};

const TABLES: [&str; 2] = ["tests/quirks.md", "tests/threats.md"];

/// The test that plays every case of tests/wire, also to a C program.
const CASES: [&str; 2] =
    ["wire::servers_mean_what_they_say", "scripted::every_case_reaches_c_whole_and_byte_by_byte"];

/// A row: its id, and what shows it; nothing if it says "missing".
struct Row {
    id: String,
    shown: Vec<String>,
    is_missing: bool,
}

#[test]
fn every_row_names_what_is_there() {
    let cases: BTreeSet<String> = cases::all().into_iter().map(|case| case.name).collect();
    for table in TABLES {
        let (rows, mut ids) = (rows(table), BTreeSet::new());
        assert!(!rows.is_empty(), "{table} has no rows");
        for row in rows {
            assert!(ids.insert(row.id.clone()), "{table}: {} stands there twice", row.id);
            assert_eq!(row.shown.is_empty(), row.is_missing, "{table}: nothing shows {}", row.id);
            for name in &row.shown {
                let is_there = if is_case(name) { cases.contains(name) } else { is_test(name) };
                assert!(is_there, "{table}: {}: there is no {name}", row.id);
            }
        }
    }
}

#[test]
fn all_that_the_rows_name_has_passed() {
    let Some(file) = std::env::var_os("LIBIMAP_PASSED_BY_ALL") else { return };
    let text = fs::read_to_string(file).expect("the names of the tests that passed");
    let passed: BTreeSet<&str> = text.lines().collect();
    for table in TABLES {
        let rows = rows(table);
        let missing: Vec<&str> =
            rows.iter().filter(|row| row.is_missing).map(|row| row.id.as_str()).collect();
        println!("{table}: {} rows, {} of them missing {}", rows.len(), missing.len(), missing.join(" "));
    }
    let names: BTreeSet<String> = TABLES.into_iter().flat_map(rows).flat_map(|row| row.shown).collect();
    let tests = names.iter().map(String::as_str).filter(|name| !is_case(name)).chain(CASES);
    let missing: Vec<&str> = tests.filter(|test| !passed.contains(ran_as(test).as_str())).collect();
    assert!(
        missing.is_empty(),
        "these did not run, or failed, and the tables name them:\n{}",
        missing.join("\n")
    );
}

/// `| id | what is done | what comes of it | shown by |`
fn rows(table: &str) -> Vec<Row> {
    let text = fs::read_to_string(project().join(table)).expect(table);
    let is_row =
        |line: &&str| line.starts_with("| ") && !line.starts_with("| id ") && !line.starts_with("| ---");
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, _, _, shown] = cells[..] else { panic!("{table}: a row of other than four cells: {line}") };
        let names = shown.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Row { id: id.to_owned(), shown: names, is_missing: shown == "missing" }
    };
    text.lines().filter(is_row).map(row).collect()
}

/// `codes.md: A code and no text (Gmail)`
fn is_case(name: &str) -> bool {
    name.contains(".md: ")
}

/// `scripted::greetings_that_are_none`, or of a file in src `src/wire/list.rs::mailboxes_of_the_rfcs`.
fn is_test(name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else { return false };
    let file = if file.ends_with(".rs") { file.to_owned() } else { format!("tests/{file}.rs") };
    let text = fs::read_to_string(project().join(file)).unwrap_or_default();
    let Some((before, _)) = text.split_once(&format!("fn {function}(")) else { return false };
    let attributes = before.trim_end().rsplit("\n\n").next().unwrap_or_default();
    attributes.contains("#[test]") && !attributes.contains("#[ignore")
}

/// As a run of all tests notes it: `tests/scripted.rs::name`, `src/lib.rs::wire::list::tests::name`.
fn ran_as(test: &str) -> String {
    let (file, function) = test.split_once("::").expect("file::test");
    match file.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs")) {
        Some(path) => {
            let module = path.trim_end_matches("/mod").replace('/', "::");
            format!("src/lib.rs::{module}::tests::{function}")
        }
        None => format!("tests/{file}.rs::{function}"),
    }
}
