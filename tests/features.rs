//! `tests/features.md` against the header, and against what a run of all tests has shown.
//!
//! `LIBIMAP_SHOWN_BY_ALL` names the file in which the tests of a run noted what they did (see `tests/run`); with
//! `IMAP_BLESS=1` the table's last column is written from it.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use support::program::CAN_OBSERVE;
use support::project;

/// A row of the table: its line number, id, names in C, and who shows it.
struct Row {
    line: usize,
    id: String,
    names: Vec<String>,
    shown: Vec<(String, String)>,
}

/// What one test did.
#[derive(Default)]
struct Done {
    programs: BTreeSet<String>,
    steps: BTreeSet<String>,
    called: BTreeSet<String>,
    servers: BTreeSet<String>,
    rows: BTreeSet<(String, String)>,
}

#[test]
fn the_table_is_about_this_header() {
    let header = read("include/imap.h");
    let mut ids = BTreeSet::new();
    for row in rows(&read("tests/features.md")) {
        assert!(ids.insert(row.id.clone()), "{} stands there twice", row.id);
        for name in &row.names {
            let is_missing = row.shown.is_empty();
            assert!(is_missing || is_in_header(name, &header), "{}: the header has no {name}", row.id);
        }
        for (test, _) in &row.shown {
            let (file, function) = test.split_once("::").expect("file::test");
            let text = read(&format!("tests/{file}.rs"));
            let name = function.rsplit("::").next().unwrap_or_default();
            assert!(text.contains(&format!("fn {name}(")), "{}: there is no test {test}", row.id);
        }
    }
}

#[test]
fn every_row_was_shown() {
    let Some(file) = std::env::var_os("LIBIMAP_SHOWN_BY_ALL") else { return };
    let done = done(&fs::read_to_string(file).expect("what the tests noted"));
    let text = read("tests/features.md");
    if std::env::var_os("IMAP_BLESS").is_some() {
        fs::write(project().join("tests/features.md"), blessed(&text, &done)).expect("the table");
        return;
    }
    if !CAN_OBSERVE {
        support::skip(
            "which functions were called: no loader that tells it; the tests' code was read instead",
        );
    }
    let (mut wrong, mut missing) = (Vec::new(), Vec::new());
    let table = rows(&text);
    for row in &table {
        match row.shown.is_empty() {
            true => missing.push(row.id.as_str()),
            false => wrong.extend(faults(row, &done)),
        }
    }
    for (test, one) in &done {
        let unknown = one.rows.iter().filter(|(id, _)| !table.iter().any(|row| row.id == *id));
        wrong.extend(unknown.map(|(id, _)| format!("{test} shows {id}, which the table does not have")));
    }
    assert!(wrong.is_empty(), "{}\nIMAP_BLESS=1 tests/run writes the table anew", wrong.join("\n"));
    println!("{} rows shown, {} missing: {}", table.len() - missing.len(), missing.len(), missing.join(" "));
}

/// Who did not show it, with what, or against whom. Each function must have been called while its row's tests ran; where
/// a row has functions alone, each of its tests must call one. A field must be read by the code of their programs.
fn faults(row: &Row, done: &BTreeMap<String, Done>) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut sources, mut called) = (String::new(), BTreeSet::new());
    let (functions, others): (Vec<_>, Vec<_>) = row.names.iter().partition(|name| name.ends_with("()"));
    for (test, server) in &row.shown {
        let Some(one) = done.get(test) else {
            wrong.push(format!("{}: {test} did not run", row.id));
            continue;
        };
        if !one.rows.contains(&(row.id.clone(), server.clone())) {
            wrong.push(format!("{}: {test} did not show it against {server}", row.id));
        }
        if server != "none" && !one.servers.contains(server) {
            wrong.push(format!("{}: {test} did not start {server}", row.id));
        }
        let is_about_calls = CAN_OBSERVE && !functions.is_empty() && others.is_empty();
        if is_about_calls && !functions.iter().any(|name| is_called(one, name)) {
            wrong.push(format!("{}: {test} called none of its functions", row.id));
        }
        sources.push_str(&code_of(one));
        called.extend(functions.iter().filter(|name| is_called(one, name)).copied());
    }
    if CAN_OBSERVE {
        let missing = functions.iter().filter(|name| !called.contains(*name));
        wrong.extend(missing.map(|name| format!("{}: no program of its tests called {name}", row.id)));
    }
    let by_source = if CAN_OBSERVE { others } else { row.names.iter().collect() };
    for name in by_source.iter().filter(|name| !name.starts_with("IMAP_")) {
        if !uses(&sources, name) {
            wrong.push(format!("{}: no program of its tests uses {name}", row.id));
        }
    }
    wrong
}

fn is_called(done: &Done, name: &str) -> bool {
    done.called.contains(name.trim_end_matches("()"))
}

/// The code that a test's programs ran: of tests/c/steps.c that of the steps it did.
fn code_of(done: &Done) -> String {
    let mut all = String::new();
    for program in &done.programs {
        let text = with_includes(program);
        match program.ends_with("/steps.c") {
            false => all.push_str(&text),
            true => done.steps.iter().for_each(|step| all.push_str(&code_of_step(&text, step))),
        }
    }
    all
}

fn code_of_step(text: &str, step: &str) -> String {
    let is = format!("IS(\"{step}\")");
    let mut code = body(text, "main").unwrap_or_default();
    let mut reached: Vec<String> =
        text.lines().filter(|line| line.contains(&is)).map(str::to_owned).collect();
    let mut seen = BTreeSet::new();
    while let Some(part) = reached.pop() {
        let words = part.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words.filter(|word| word.starts_with("do_") || word.starts_with("show_")) {
            if seen.insert(word.to_owned()) {
                reached.extend(body(text, word));
            }
        }
        code.push_str(&part);
    }
    code
}

/// A function with its body.
fn body(text: &str, name: &str) -> Option<String> {
    let start = text.find(&format!(" {name}(")).filter(|at| {
        let line = &text[text[..*at].rfind('\n').map_or(0, |end| end + 1)..*at];
        line.starts_with("static") || line.starts_with("int")
    })?;
    let length = text[start..].find("\n}")?;
    Some(text[start..start + length].to_owned())
}

/// A source with those beside it that it includes.
fn with_includes(program: &str) -> String {
    let mut text = read(program);
    let folder = program.rsplit_once('/').map_or("", |(folder, _)| folder);
    let included: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#include \"")?.strip_suffix('"'))
        .map(|file| read(&format!("{folder}/{file}")))
        .collect();
    included.iter().for_each(|more| text.push_str(more));
    text
}

/// A function is called, or bound by its name in another language; a field is read.
fn uses(code: &str, name: &str) -> bool {
    let (word, before): (&str, &[&str]) = match name.split_once('.') {
        Some((_, field)) => (field, &["->", "."]),
        None => (name.trim_end_matches("()"), &[""]),
    };
    code.match_indices(word).any(|(at, _)| {
        let is_end = !code[at + word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let is_start = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        is_end && is_start && before.iter().any(|mark| code[..at].ends_with(mark))
    })
}

fn is_in_header(name: &str, header: &str) -> bool {
    match name.split_once('.') {
        Some((kind, field)) => header.split(&format!("}} {kind};")).next().is_some_and(|before| {
            before.len() < header.len()
                && before.rfind("typedef struct {").is_some_and(|start| {
                    let fields = &before[start..];
                    fields.contains(&format!(" {field};")) || fields.contains(&format!("*{field};"))
                })
        }),
        None => uses(header, name),
    }
}

fn rows(text: &str) -> Vec<Row> {
    let is_row =
        |line: &&str| line.starts_with("| ") && !line.starts_with("| id ") && !line.starts_with("| ---");
    let lines = text.lines().enumerate().filter(|(_, line)| is_row(line));
    lines
        .map(|(at, line)| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [id, _, names, shown] = cells[..] else { panic!("a row of other than four cells: {line}") };
            Row { line: at, id: id.to_owned(), names: ticked(names), shown: pairs(shown) }
        })
        .collect()
}

fn ticked(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// "`file::test` (server), ..."
fn pairs(cell: &str) -> Vec<(String, String)> {
    let one = |pair: &str| {
        let (test, server) = pair.trim().strip_prefix('`')?.strip_suffix(')')?.split_once("` (")?;
        Some((test.to_owned(), server.to_owned()))
    };
    if cell == "missing" {
        Vec::new()
    } else {
        cell.split(", ").map(|pair| one(pair).expect("`file::test` (server)")).collect()
    }
}

fn done(text: &str) -> BTreeMap<String, Done> {
    let mut all: BTreeMap<String, Done> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let [test, kind, what, ..] = words[..] else { continue };
        let one = all.entry(test.to_owned()).or_default();
        match kind {
            "program" => _ = one.programs.insert(what.to_owned()),
            "step" => _ = one.steps.insert(what.to_owned()),
            "called" => _ = one.called.insert(what.to_owned()),
            "server" => _ = one.servers.insert(what.to_owned()),
            _ => {
                let server = words.get(3).copied().unwrap_or_default();
                one.rows.insert((what.to_owned(), server.to_owned()));
            }
        }
    }
    all
}

/// The table with its last column written from what was done; a row that does not hold is missing.
fn blessed(text: &str, done: &BTreeMap<String, Done>) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let header = read("include/imap.h");
    for mut row in rows(text) {
        row.shown = done
            .iter()
            .flat_map(|(test, one)| {
                let of_row = one.rows.iter().filter(|(id, _)| *id == row.id);
                of_row.map(|(_, server)| (test.clone(), server.clone()))
            })
            .collect();
        let faults = faults(&row, done);
        faults.iter().for_each(|fault| println!("{fault}"));
        let holds = faults.is_empty() && row.names.iter().all(|name| is_in_header(name, &header));
        let cell: Vec<String> =
            row.shown.iter().map(|(test, server)| format!("`{test}` ({server})")).collect();
        let cell = if cell.is_empty() || !holds { "missing".to_owned() } else { cell.join(", ") };
        let line = &lines[row.line];
        let head = line.trim_end_matches('|').trim_end().rsplit_once('|').map_or("", |(head, _)| head);
        lines[row.line] = format!("{head}| {cell} |");
    }
    lines.join("\n") + "\n"
}

fn read(file: &str) -> String {
    fs::read_to_string(project().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}
