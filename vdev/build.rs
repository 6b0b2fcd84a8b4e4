//! Compiles the functions in C, and links the tests to libgasp.so.

use std::path::Path;
use std::{env, fs};

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // `make` passes the directory of the library.
    let libgasp = env::var("GASP_LIBDIR").unwrap_or(format!("{here}/../build"));
    println!("cargo::rerun-if-env-changed=GASP_LIBDIR");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-search=native={libgasp}");
    // With the feature it is inside.
    if env::var_os("CARGO_FEATURE_STATIC").is_none() {
        println!("cargo::rustc-link-lib=dylib=gasp");
    }
    println!("cargo::rustc-link-arg=-Wl,-rpath,{libgasp}");
    export_to_plugins(&Path::new(&here).join("symbols.txt"));
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rerun-if-changed=../include/qvm");
    cc::Build::new()
        .file("c/cdev.c")
        .file("c/cdev_device.c")
        .file("c/cdev_open.c")
        .file("c/cdev_transfer.c")
        .file("c/cdev_watch.c")
        .file("c/leave.c")
        .file("c/outpipe.c")
        .file("c/pulse.c")
        .file("c/thread.c")
        .include("../include")
        .std("c11")
        .warnings(true)
        .extra_warnings(true)
        .warnings_into_errors(true)
        .cargo_metadata(false)
        .compile("vdev_in_c");
    println!("cargo::rustc-link-search=native={}", env::var("OUT_DIR").unwrap_or_default());
    println!("cargo::rustc-link-lib=static:+whole-archive=vdev_in_c");
}

/// The tests load plugins, which look for the functions in the program.
fn export_to_plugins(symbols: &Path) {
    let names = fs::read_to_string(symbols).unwrap_or_default();
    let names = names.lines().filter(|line| !line.starts_with('#'));
    let list: String = names.map(|name| format!("{name}; ")).collect();
    let file = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("exported.list");
    // A list that cannot be written fails the link.
    let _ = fs::write(&file, format!("{{ {list} }};"));
    println!("cargo::rerun-if-changed={}", symbols.display());
    println!("cargo::rustc-link-arg=-Wl,--dynamic-list={}", file.display());
}
