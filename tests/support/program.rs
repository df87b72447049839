//! Builds the C programs against the library as it was just built, and runs them.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::{Folder, project};

/// What a program said and how it ended.
pub struct Output {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    /// The library's functions that it called, if it was observed.
    pub called: BTreeSet<String>,
}

/// Whether the loader tells which functions are called.
pub const CAN_OBSERVE: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

impl Output {
    /// What it printed, if it succeeded.
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "the program failed\n{}\n{}", self.out, self.err);
        self.out
    }
}

/// The folder of the library that was built with this test.
pub fn library() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    let folder = test.parent().expect("target/debug/deps").to_owned();
    assert!(folder.join("libimap.so").exists(), "no libimap.so in {}", folder.display());
    // Programs load it by its soname.
    let link = folder.join("libimap.so.0.1");
    if !link.exists() {
        let _ = std::os::unix::fs::symlink("libimap.so", link);
    }
    folder
}

/// `tests/c/NAME.c`, compiled.
pub fn test_program(name: &str) -> PathBuf {
    compiled(&project().join(format!("tests/c/{name}.c")))
}

/// `examples-c/NAME.c`, compiled.
pub fn example(name: &str) -> PathBuf {
    compiled(&project().join(format!("examples-c/{name}.c")))
}

/// `benches/NAME.c`, compiled.
pub fn bench_program(name: &str) -> PathBuf {
    compiled(&project().join(format!("benches/{name}.c")))
}

fn compiled(source: &Path) -> PathBuf {
    super::note_shown(&format!("program\t{}", source.strip_prefix(project()).unwrap_or(source).display()));
    static DONE: OnceLock<Mutex<HashMap<PathBuf, PathBuf>>> = OnceLock::new();
    let mut done = DONE.get_or_init(Default::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(program) = done.get(source) {
        return program.clone();
    }
    let library = library();
    let name = source.file_stem().expect("a file name").to_string_lossy().into_owned();
    let test = std::env::current_exe().expect("this program's path");
    let folder = library.join(format!("c-{}", test.file_name().expect("its name").to_string_lossy()));
    std::fs::create_dir_all(&folder).expect("a folder for programs");
    let program = folder.join(name);
    let output = Command::new("gcc")
        .args(["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread"])
        .arg("-I")
        .arg(project().join("include"))
        .arg(source)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(&library)
        .arg("-limap")
        // A function is looked up when it is first called, which observe() sees.
        .arg("-Wl,-z,lazy")
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .output()
        .expect("gcc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    done.insert(source.to_owned(), program.clone());
    program
}

/// The steps that a run of tests/c/steps.c does are noted too: they say which functions are called.
fn note_steps(program: &Path, arguments: &[&str]) {
    if program.ends_with("steps") {
        for argument in arguments {
            super::note_shown(&format!("step\t{}", argument.split(':').next().unwrap_or_default()));
        }
    }
}

/// Runs a program, at most a minute.
pub fn run(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    run_for(program, arguments, environment, 60)
}

/// The same, at most so many seconds.
pub fn run_for(program: &Path, arguments: &[&str], environment: &[(&str, &str)], seconds: u64) -> Output {
    note_steps(program, arguments);
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied());
    observe(command, Duration::from_secs(seconds))
}

/// The same under valgrind, for which a leak or a bad access is a failure.
pub fn run_checked(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    note_steps(program, arguments);
    let mut command = Command::new("valgrind");
    command
        .args(["-q", "--leak-check=full", "--error-exitcode=99"])
        .arg(program)
        .args(arguments)
        .envs(environment.iter().copied());
    observe(command, Duration::from_secs(300))
}

/// Runs a command that uses the library, and notes which of its functions are called: glibc's loader tells when it
/// looks one up, which it does at the first call (LD_DEBUG in ld.so(8)).
pub fn observe(mut command: Command, deadline: Duration) -> Output {
    let folder = Folder::new();
    if CAN_OBSERVE {
        command.env("LD_DEBUG", "bindings").env("LD_DEBUG_OUTPUT", folder.0.join("bound"));
        command.env_remove("LD_BIND_NOW");
    }
    let mut output = finish(command, deadline);
    for entry in std::fs::read_dir(&folder.0).expect("what the loader told") {
        let told = std::fs::read(entry.expect("an entry").path()).expect("what the loader told");
        output.called.extend(String::from_utf8_lossy(&told).lines().filter_map(bound));
    }
    output.called.iter().for_each(|function| super::note_shown(&format!("called\t{function}")));
    output
}

/// "binding file PROGRAM [0] to .../libimap.so.0.1 [0]: normal symbol `imap_noop'"
fn bound(line: &str) -> Option<String> {
    let (file, symbol) = line.split_once(" to ")?.1.split_once(": normal symbol `")?;
    let function = symbol.split('\'').next()?;
    (file.contains("/libimap.so") && function.starts_with("imap_")).then(|| function.to_owned())
}

/// Runs a command to its end, or kills it at the deadline.
pub fn finish(mut command: Command, deadline: Duration) -> Output {
    use std::io::Read;
    // Cargo's own search path would come before the one in the program.
    let mut child = command
        .env("LD_LIBRARY_PATH", library())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let (mut out, mut err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = out.read_to_end(&mut text);
        text
    });
    let err_reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = err.read_to_end(&mut text);
        text
    });
    let end = Instant::now() + deadline;
    let code = loop {
        match child.try_wait().expect("it can be waited for") {
            Some(status) => break status.code(),
            None if Instant::now() > end => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let out = text(reader.join().unwrap_or_default());
    let mut err = text(err_reader.join().unwrap_or_default());
    if code.is_none() {
        err.push_str("\n(killed, by a signal or at the deadline)");
    }
    Output { code, out, err, called: BTreeSet::new() }
}
