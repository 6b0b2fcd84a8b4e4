//! Links gasp-vm to libgasp.so, like any host, and exports its functions to vdevs.

use std::env;
use std::path::Path;

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // `make` passes the directory of the staged library.
    let staged = format!("{here}/../build/stage/usr/local/lib");
    let libgasp = env::var("GASP_LIBDIR").unwrap_or(staged);
    println!("cargo::rerun-if-env-changed=GASP_LIBDIR");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-search=native={libgasp}");
    println!("cargo::rustc-link-lib=dylib=gasp");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{libgasp}");
    let exported = Path::new(&here).join("vdev-symbols.list");
    println!("cargo::rerun-if-changed={}", exported.display());
    println!("cargo::rustc-link-arg-bins=-Wl,--dynamic-list={}", exported.display());
    compile_functions_in_c();
}

/// The functions in C that vdevs call. The whole archive is linked, because no Rust code
/// calls them.
fn compile_functions_in_c() {
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rerun-if-changed=../include/qvm");
    cc::Build::new()
        .file("c/outpipe.c")
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
