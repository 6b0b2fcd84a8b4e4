//! Tells the benchmark which compiler built it, for the report.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().map(|output| output.stdout);
    let version = String::from_utf8_lossy(&version.unwrap_or_default()).trim().to_owned();
    println!("cargo::rustc-env=GASP_BENCH_RUSTC={version}");
}
