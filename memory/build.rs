//! Links the tests and the example to libgasp.so.

use std::env;

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // `make` passes the directory of the library.
    let libgasp = env::var("GASP_LIBDIR").unwrap_or(format!("{here}/../build"));
    println!("cargo::rerun-if-env-changed=GASP_LIBDIR");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-search=native={libgasp}");
    println!("cargo::rustc-link-lib=dylib=gasp");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{libgasp}");
}
