//! Writes the C header to OUT_DIR, and names the shared library for the loader.

use std::env;
use std::fs;
use std::path::PathBuf;

fn main() {
    let folder = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    set_soname();

    let mut config =
        cbindgen::Config::from_file(folder.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    config.after_includes = Some(version_macros());
    let bindings = cbindgen::Builder::new()
        .with_crate(&folder)
        .with_config(config)
        .generate()
        .expect("the C API can be written as a header");
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = tidy(&String::from_utf8(header).expect("the header is UTF-8"));
    let place = PathBuf::from(variable("OUT_DIR")).join("imap.h");
    fs::write(&place, header).expect("OUT_DIR can be written");
    println!("cargo:rustc-env=IMAP_GENERATED_HEADER={}", place.display());
    println!("cargo:rustc-env=LIBIMAP_TARGET={}", variable("TARGET"));
}

/// Before 1.0 every minor version may break the ABI, so the loader's name has it.
fn set_soname() {
    let (major, minor) = (variable("CARGO_PKG_VERSION_MAJOR"), variable("CARGO_PKG_VERSION_MINOR"));
    match variable("CARGO_CFG_TARGET_OS").as_str() {
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libimap.so.{major}.{minor}");
        }
        "macos" => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libimap.{major}.{minor}.dylib");
        }
        _ => {}
    }
}

fn version_macros() -> String {
    let number = |part: &str| variable(&format!("CARGO_PKG_VERSION_{part}"));
    format!(
        "\n#define IMAP_VERSION_MAJOR {}\n#define IMAP_VERSION_MINOR {}\n#define IMAP_VERSION_PATCH {}\n#define IMAP_VERSION \"{}\"",
        number("MAJOR"),
        number("MINOR"),
        number("PATCH"),
        variable("CARGO_PKG_VERSION")
    )
}

/// The model's pointer types have plain C names, so their own definitions go, and `const char * x` becomes
/// `const char *x`.
fn tidy(header: &str) -> String {
    let is_pointer_type =
        |block: &&str| block.lines().last().is_some_and(|line| line.starts_with("typedef const "));
    let blocks: Vec<&str> = header.split("\n\n").filter(|block| !is_pointer_type(block)).collect();
    let joined = blocks.join("\n\n");
    // Constants of the structs are for the library's own use.
    let lines = joined.lines().filter(|line| !line.starts_with("#define imap_")).map(|line| {
        match line.trim_start() {
            text if text.starts_with("//") || text.starts_with('*') || text.starts_with("/*") => {
                line.to_owned()
            }
            _ => line.replace(" * ", " *"),
        }
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
