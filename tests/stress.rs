//! Many threads on one client whose server tells which question each answer answers, and fails at random: as it is, and
//! under ThreadSanitizer.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use support::program::{finish, run_for, test_program};
use support::{project, telling};

fn stress(program: &Path, faults: u32, seconds: u32) {
    let server = telling::start(faults);
    let (port, seconds) = (format!("1:{}", server.port), seconds.to_string());
    // Seldom silent for so long, however slow the machine is.
    let arguments = [&seconds, "32", &port, "2:2", "46:1", "40=alice", "41=secret", "48:1", "63:20000"];
    let suppressions = project().join("tests/c/tsan.supp");
    let options = format!("halt_on_error=1 suppressions={}", suppressions.display());
    let output = run_for(program, &arguments, &[("TSAN_OPTIONS", &options)], 200);
    assert_eq!(output.code, Some(0), "{faults} faults: {}\n{}", output.out, output.err);
    print!("{}", output.out);
}

#[test]
fn answers_belong_to_their_questions() {
    let program = test_program("stress");
    stress(&program, 0, 3);
    stress(&program, 3, 5);
}

/// LIBIMAP_STRESS_SECONDS makes it longer, or shorter.
#[test]
fn threads_do_not_race() {
    let asked = std::env::var("LIBIMAP_STRESS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    stress(&sanitized("stress"), 2, asked.unwrap_or(60));
}

/// A C program and the library, both built so that each access to memory is watched. The compiler's own runtime is
/// used, since that of the C compiler may be older.
fn sanitized(name: &str) -> PathBuf {
    const TARGET: &str = env!("LIBIMAP_TARGET");
    let folder = project().join("target/tsan");
    let mut build = Command::new(env!("CARGO"));
    build
        .args(["build", "--quiet", "--lib", "--target", TARGET, "--target-dir"])
        .arg(&folder)
        .current_dir(project())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer");
    finish(build, Duration::from_secs(900)).success();
    let sysroot = finish(
        {
            let mut rustc = Command::new("rustc");
            rustc.args(["--print", "sysroot"]);
            rustc
        },
        Duration::from_secs(60),
    );
    let runtimes = PathBuf::from(sysroot.success().trim()).join("lib/rustlib").join(TARGET).join("lib");
    let is_runtime = |path: &PathBuf| path.to_string_lossy().ends_with("_rt.tsan.a");
    let runtime = std::fs::read_dir(runtimes)
        .expect("the compiler's libraries")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(is_runtime)
        .expect("the compiler's runtime of the sanitizer");
    let (object, program) = (folder.join(format!("{name}.o")), folder.join(name));
    let mut compile = Command::new("clang");
    compile
        .args(["-g", "-O1", "-fsanitize=thread", "-pthread", "-I"])
        .arg(project().join("include"))
        .arg("-c")
        .arg(project().join(format!("tests/c/{name}.c")))
        .arg("-o")
        .arg(&object);
    finish(compile, Duration::from_secs(60)).success();
    let mut link = Command::new("gcc");
    link.arg("-o")
        .arg(&program)
        .arg(&object)
        .arg(folder.join(TARGET).join("debug/libimap.a"))
        .arg("-Wl,--whole-archive")
        .arg(runtime)
        .args(["-Wl,--no-whole-archive", "-lssl", "-lcrypto", "-pthread", "-ldl", "-lm", "-lrt", "-lstdc++"]);
    finish(link, Duration::from_secs(120)).success();
    program
}
