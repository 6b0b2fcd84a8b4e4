//! Gives the shared library its SONAME; the major number is the ABI's.

const SONAME: &str = "libgasp.so.1";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{SONAME}");
}
