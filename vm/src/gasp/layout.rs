//! The structures and numbers in here are those of libgasp's headers: a C compiler compares them.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::{Kind, Memory, NO_LOCATION, Space, Unsupported, grf, sys};
use core::mem::{offset_of, size_of};
use std::process::Command;
use std::{env, fs};

const HEADERS: &str = "#include <gasp/host.h>\n#include <stddef.h>\n";

macro_rules! asserts {
    ($name:ident, $($field:ident),+) => {{
        let name = stringify!($name);
        let size = size_of::<sys::$name>();
        let mut text = format!("_Static_assert(sizeof(struct {name}) == {size}, \"{name}\");\n");
        $(text += &format!(
            "_Static_assert(offsetof(struct {name}, {field}) == {}, \"{name}.{field}\");\n",
            offset_of!(sys::$name, $field), field = stringify!($field).trim_start_matches("r#")
        );)+
        text
    }};
}

#[test]
fn structures_are_those_of_the_headers() {
    let asserts = [
        HEADERS.to_owned(),
        asserts!(qvm_state_block, location, length, r#type, flags),
        asserts!(gasp_region, flags, cookie, vdev, host_location, guest),
        asserts!(gasp_span, location, last, host_location, vdev, flags, cookie),
        asserts!(gasp_trap, vdev, location, data, length, cookie, kind, r#type),
        asserts!(gasp_counts, passed, trapped, unsupported),
        asserts!(gasp_span_list, first, count),
        asserts!(gasp_difference, memory_removed, memory_added, ports_removed, ports_added),
        asserts!(gasp_cost, slots, slots_left, ioctls),
        asserts!(gasp_listener, size, priority, estimate, prepare, commit, abort),
        asserts!(gasp_report, size, index, error, r#type, conflict, cost),
        asserts!(gasp_guest_options, size, flags),
    ];
    compile(&asserts.concat());
}

#[test]
fn numbers_are_those_of_the_headers() {
    let numbers: [(&str, u64); 26] = [
        ("QST_MEMORY", Space::Memory as u64),
        ("QST_X86_IO", Space::Ports as u64),
        ("GASP_READ", Kind::Read as u64),
        ("GASP_WRITE", Kind::Write as u64),
        ("GASP_EXECUTE", Kind::Execute as u64),
        ("GASP_RAM", Memory::Ram as u64),
        ("GASP_ROM", Memory::Rom as u64),
        ("GASP_UNSUPPORTED_IGNORE", Unsupported::Ignore as u64),
        ("GASP_UNSUPPORTED_FAIL", Unsupported::Fail as u64),
        ("GASP_UNSUPPORTED_ABORT", Unsupported::Abort as u64),
        ("GASP_SET_ALL_OR_NOTHING", 1),
        ("QSL_NO_LOCATION", NO_LOCATION),
        ("GRF_VIRT_RD", grf::VIRT_RD.into()),
        ("GRF_VIRT_WR", grf::VIRT_WR.into()),
        ("GRF_VIRT_EX", grf::VIRT_EX.into()),
        ("GRF_PASS_RD", grf::PASS_RD.into()),
        ("GRF_PASS_WR", grf::PASS_WR.into()),
        ("GRF_PASS_EX", grf::PASS_EX.into()),
        ("GRF_NOCACHE", grf::NOCACHE.into()),
        ("GRF_MEMORY", grf::MEMORY.into()),
        ("GRF_PASSTHRU", grf::PASSTHRU.into()),
        ("GRF_DMA_USES", grf::DMA_USES.into()),
        ("GRF_DMA_NO_USE", grf::DMA_NO_USE.into()),
        ("GRF_DMA_SOURCE", grf::DMA_SOURCE.into()),
        ("GRF_DMA_TARGET", grf::DMA_TARGET.into()),
        ("GRF_PRECIOUS", grf::PRECIOUS.into()),
    ];
    let asserts = numbers.map(|(name, number)| {
        format!("_Static_assert((uint64_t)({name}) == {number}u, \"{name}\");\n")
    });
    compile(&(HEADERS.to_owned() + &asserts.concat()));
}

/// Fails if one of the assertions does not hold.
fn compile(text: &str) {
    let name = format!("gasp-vm-layout-{}-{:p}.c", std::process::id(), text);
    let source = env::temp_dir().join(name);
    fs::write(&source, text).unwrap();
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut words = compiler.split_whitespace();
    let output = Command::new(words.next().unwrap())
        .args(words)
        .args(["-std=c11", "-fsyntax-only", "-I"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../include"))
        .arg(&source)
        .output();
    fs::remove_file(&source).unwrap();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
