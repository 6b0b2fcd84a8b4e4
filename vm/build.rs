//! Links gasp-vm to libgasp.so and libgasp-vdev.so, like any host.

use std::env;

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // `make` passes the directory of the libraries.
    let libgasp = env::var("GASP_LIBDIR").unwrap_or(format!("{here}/../build"));
    println!("cargo::rerun-if-env-changed=GASP_LIBDIR");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-search=native={libgasp}");
    println!("cargo::rustc-link-lib=dylib=gasp");
    println!("cargo::rustc-link-lib=dylib=gasp-vdev");
    // Where it is installed; where `make` has it; and for the tests, which Cargo runs elsewhere.
    for path in ["$ORIGIN/../lib", "$ORIGIN/..", &libgasp] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{path}");
    }
}
