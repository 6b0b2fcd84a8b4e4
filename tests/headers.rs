//! The committed headers are those that cbindgen generates from the Rust sources.
//!
//! `GASP_BLESS=1 cargo test --test headers` rewrites them.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};
use std::fs;
use std::path::{Path, PathBuf};

const COMMAND: &str = "GASP_BLESS=1 cargo test --test headers";

/// Written by cbindgen before a function; C does not need it.
const EXTERN: &str = "extern ";

/// Types of other headers, as C spells them.
const STRUCTS: [&str; 21] = [
    "guest_system",
    "gasp_cpu",
    "gasp_region",
    "qvm_state_block",
    "guest_intr",
    "gasp_walk_state",
    "guest_cpu",
    "guest_timer",
    "guest_timer_data",
    "guest_power_state_notify",
    "vdev_factory",
    "qvm_callback",
    "qvm_sched_info",
    "sched_param",
    "sigevent",
    "virtq",
    "vpci_rw_state",
    "gasp_vdevs",
    "gasp_refusals",
    "gasp_vdev_host",
    "gasp_vdev_option",
];

/// The enumerations of which C may pass any number. Where it does, Rust has an integer: the type
/// alias `any_` and the name.
const ENUMS: [&str; 8] = [
    "guest_instr_type",
    "guest_intr_assign_type",
    "guest_intr_notifications",
    "guest_intr_state",
    "guest_power_state_cmd",
    "guest_table_spec_component",
    "vdev_ref_status",
    "vio_version",
];

/// Types that are functions in C. In Rust they are pointers to them.
const FUNCTIONS: [&str; 4] = [
    "guest_instr_callback_func_t",
    "guest_msi_deliver_func_t",
    "guest_power_state_callback_func_t",
    "qvm_callback_func_t",
];

/// Types that are declared by hand.
const BY_HAND: [&str; 3] = ["iov_t", "qvm_callback_func_t", "vdev_t"];

/// Constants that are unsigned in C too.
const UNSIGNED: [&str; 3] = ["QVM_VDEV_ABI", "VDEV_CTRL_", "VDEV_SAFETY_"];

/// One header: where it goes, what it is made from, and the parts that are written by hand.
struct Header {
    path: &'static str,
    title: &'static str,
    includes: &'static [&'static str],
    /// Files of Rust, and of C (`.in`), which come after what is generated.
    sources: &'static [&'static str],
    before: &'static [&'static str],
}

const EOK: &str = "\
/** No error: the system's name for 0 where it has one, as on QNX. */
#ifndef EOK
#define EOK 0
#endif

/** Not supported, as QNX's page on guest_intr_state names it (7.1). The number is libgasp's own. */
#ifndef ENOTSUPP
#define ENOTSUPP ENOTSUP
#endif

struct vdev_s;
/** A virtual device; <qvm/vdev-core.h> has its fields. */
typedef struct vdev_s vdev_t;";

const VDEV: &str = "\
/** Prefix of an entry of the option list that takes no argument (QNX 7.1). */
#define QVM_OPTION_NO_ARG_PREFIX \"0\"";

const SIGEVENT: &str = "struct sigevent;\n\n";

const CALLBACK: &str = "\
struct qvm_callback;
/** A function that an event calls (QNX 7.0). A function, not a pointer. */
typedef void qvm_callback_func_t(struct qvm_callback *cbp);

";

const FORMATS: &str = include_str!("headers/formats.h.in");

const VIO: &str = include_str!("headers/rings.h.in");

/// Where the functions of a header are.
macro_rules! title {
    ($what:literal) => {
        concat!(
            $what,
            "\n *\n * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them \
             it has."
        )
    };
}

const HEADERS: [Header; 14] = [
    Header {
        path: "qvm/types.h",
        title: "State blocks, regions and their flags, interrupts (QNX 7.1 <qvm/types.h>).",
        includes: &["<errno.h>", "<sched.h>", "<stdint.h>"],
        sources: &["abi/src/types.rs", "tests/headers/types.h.in"],
        before: &[EOK],
    },
    Header {
        path: "qvm/abi.h",
        title: "The version of the vdev interface (QNX 7.0 <qvm/abi.h>).",
        includes: &[],
        sources: &["abi/src/abi.rs"],
        before: &[],
    },
    Header {
        path: "qvm/guest.h",
        title: title!("Guests, vCPUs, interrupts and timers (QNX 7.1 <qvm/guest.h>)."),
        includes: &["<qvm/types.h>", "<stddef.h>"],
        sources: &["abi/src/guest.rs"],
        before: &[],
    },
    Header {
        path: "qvm/vdev-core.h",
        title: title!("A virtual device as its own code sees it (QNX 7.1 <qvm/vdev-core.h>)."),
        includes: &[
            "<pthread.h>",
            "<qvm/abi.h>",
            "<qvm/guest.h>",
            "<qvm/types.h>",
            "<signal.h>",
            "<stddef.h>",
            "<sys/types.h>",
        ],
        sources: &["abi/src/vdev_core.rs", "tests/headers/vdev-core.h.in"],
        before: &[SIGEVENT, VDEV],
    },
    Header {
        path: "qvm/outpipe.h",
        title: title!("What vdevs say (QNX 7.1 <qvm/outpipe.h>)."),
        includes: &["<qvm/types.h>", "<stdarg.h>"],
        sources: &["abi/src/outpipe.rs", "tests/headers/outpipe.h.in"],
        before: &[FORMATS],
    },
    Header {
        path: "qvm/log.h",
        title: "Not of QNX 7.1.",
        includes: &[],
        sources: &["tests/headers/log.h.in"],
        before: &[],
    },
    Header {
        path: "qvm/utils.h",
        title: title!("Reading options, and callbacks (QNX 7.1 <qvm/utils.h>)."),
        includes: &["<qvm/types.h>", "<signal.h>"],
        sources: &["abi/src/utils.rs", "tests/headers/utils.h.in"],
        before: &[CALLBACK, SIGEVENT, FORMATS],
    },
    Header {
        path: "qvm/cdev.h",
        title: title!("Character devices (QNX 7.1 <qvm/cdev.h>)."),
        includes: &[
            "<qvm/types.h>",
            "<qvm/utils.h>",
            "<signal.h>",
            "<stddef.h>",
            "<termios.h>",
            "<time.h>",
        ],
        sources: &["tests/headers/cdev.h.in"],
        before: &[],
    },
    Header {
        path: "qvm/wdog.h",
        title: title!("Watchdogs (QNX 7.1 <qvm/wdog.h>)."),
        includes: &["<qvm/types.h>"],
        sources: &["abi/src/wdog.rs"],
        before: &[],
    },
    Header {
        path: "qvm/vio.h",
        title: title!("VIRTIO devices (QNX 7.1 <qvm/vio.h>)."),
        includes: &["<qvm/guest.h>", "<qvm/types.h>", "<sys/types.h>", "<sys/uio.h>"],
        sources: &["abi/src/vio.rs", "tests/headers/vio.h.in"],
        before: &[VIO],
    },
    Header {
        path: "qvm/vpci.h",
        title: title!("PCI devices (QNX 7.1 <qvm/vpci.h>)."),
        includes: &["<qvm/types.h>"],
        sources: &["abi/src/vpci.rs"],
        before: &[],
    },
    Header {
        path: "qvm/gasp.h",
        title: "The guest's address space (QNX 7.1 <qvm/gasp.h>).",
        includes: &["<stddef.h>", "<qvm/types.h>"],
        sources: &["abi/src/gasp.rs", "tests/headers/gasp.h.in"],
        before: &[],
    },
    Header {
        path: "gasp/host.h",
        title: "libgasp for hosts: a VMM or a test harness. Not part of QNX's interface.",
        includes: &["<stddef.h>", "<qvm/types.h>"],
        sources: &[
            "abi/src/host.rs",
            "abi/src/cpu.rs",
            "abi/src/change.rs",
            "abi/src/owner.rs",
            "abi/src/place.rs",
            "abi/src/memory.rs",
            "abi/src/acting.rs",
            "abi/src/hold.rs",
            "abi/src/copy.rs",
            "abi/src/text.rs",
        ],
        before: &[],
    },
    Header {
        path: "gasp/vdev-host.h",
        title: "libgasp-vdev for hosts: load vdevs, and call them. Not part of QNX's interface.",
        includes: &["<gasp/host.h>", "<qvm/types.h>", "<qvm/vdev-core.h>"],
        sources: &["abi/src/vdev_host.rs"],
        before: &[],
    },
];

impl Header {
    fn generate(&self) -> String {
        let guard = format!("LIBGASP_{}", self.path.to_uppercase().replace(['/', '.', '-'], "_"));
        let mut config = Config {
            language: Language::C,
            style: Style::Tag,
            cpp_compat: true,
            no_includes: true,
            usize_is_size_t: true,
            documentation_style: DocumentationStyle::Doxy,
            line_length: 100 + EXTERN.len(),
            tab_width: 4,
            include_guard: Some(guard),
            header: Some(format!(
                "/* {}\n *\n * Generated from\n * {} by\n *   {COMMAND}\n * SPDX-License-Identifier: MIT OR Apache-2.0 */",
                self.title,
                self.sources.join(",\n * ")
            )),
            after_includes: Some(self.after_includes()),
            ..Config::default()
        };
        config.sort_by = cbindgen::SortKey::None;
        config.function.args = cbindgen::Layout::Auto;
        config.export.exclude.extend(BY_HAND.map(Into::into));
        let sources: String = self.of_kind("rs").map(|source| read(Path::new(source))).collect();
        let spelled = STRUCTS.map(|name| format!("struct {name}"));
        for spelling in spelled.into_iter().filter(|name| !sources.contains(&format!("{name} "))) {
            let (_, name) = spelling.split_once(' ').unwrap();
            config.export.rename.insert(name.into(), spelling.clone());
        }
        for name in ENUMS {
            config.export.rename.insert(format!("any_{name}"), format!("enum {name}"));
            config.export.exclude.push(format!("any_{name}"));
        }
        for line in sources.lines() {
            let words: Vec<_> = line.split([' ', '{', '<', '(']).collect();
            if let ["pub", "enum" | "struct" | "type", name, ..] = words[..] {
                config.export.include.push(name.into());
            }
        }
        let mut builder = Builder::new().with_config(config);
        for source in self.of_kind("rs") {
            builder = builder.with_src(source);
        }
        let mut text = Vec::new();
        builder.generate().unwrap().write(&mut text);
        let text = for_c_readers(&String::from_utf8(text).unwrap());
        let end = text.rfind("#endif").unwrap();
        let after: String = self.of_kind("in").map(|part| read(Path::new(part))).collect();
        let gap = if after.is_empty() { "" } else { "\n" };
        format!("{}{after}{gap}{}", &text[..end], &text[end..])
    }

    /// The sources with this ending.
    fn of_kind(&self, ending: &str) -> impl Iterator<Item = &'static str> {
        self.sources.iter().copied().filter(move |source| source.rsplit('.').next() == Some(ending))
    }

    fn after_includes(&self) -> String {
        let includes: String =
            self.includes.iter().map(|include| format!("\n#include {include}")).collect();
        match self.before.concat() {
            before if before.is_empty() => includes,
            before => format!("{includes}\n\n{}", before.trim_end()),
        }
    }

    fn path(&self) -> PathBuf {
        Path::new("include").join(self.path)
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The output of cbindgen, in the form that a C programmer would write.
fn for_c_readers(text: &str) -> String {
    let mut text = text.replace(" {\n    uint8_t _opaque[0];\n}", "");
    for name in FUNCTIONS {
        text = text.replace(&format!("{name} "), &format!("{name} *"));
        if let Some((before, after)) = text.split_once(&format!("(*{name})")) {
            // Without these three characters, the next arguments start earlier.
            let (arguments, rest) = after.split_once(';').unwrap();
            text = format!("{before}{name}{};{rest}", arguments.replace("\n   ", "\n"));
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for line in without_extern(&text) {
        let comment = [lines.len().wrapping_sub(2), lines.len().wrapping_sub(1)]
            .map(|at| lines.get(at).map_or("", |line| line.trim()));
        match (comment, line.trim()) {
            (["/**", only], "*/") => {
                let only = format!("/** {} */", only.trim_start_matches("* "));
                let indent = " ".repeat(line.len() - line.trim_start().len() - 1);
                lines.truncate(lines.len() - 2);
                lines.push(indent + &only);
            }
            (["", _] | [_, ""], "") => {}
            _ => lines.push(number(line)),
        }
    }
    lines.join("\n") + "\n"
}

/// Leaves out the [`EXTERN`] of each function.
fn without_extern(text: &str) -> Vec<&str> {
    let mut moved = false;
    let strip = |line| {
        let starts = str::starts_with(line, EXTERN) && !line.ends_with('{');
        moved = (starts || moved) && !line.is_empty();
        let line: &str = if moved { line.get(EXTERN.len()..).unwrap_or(line) } else { line };
        moved &= !line.ends_with(';');
        line.trim_end()
    };
    text.lines().map(strip).collect()
}

/// A number as it was in the source: hexadecimal if that has more than one digit, and unsigned.
fn number(line: &str) -> String {
    let line = if line.contains("QVM_VDEV_ABI") { line.to_owned() } else { in_hex(line) };
    match line.strip_prefix("#define ") {
        Some(name) if UNSIGNED.iter().any(|unsigned| name.starts_with(unsigned)) => line + "u",
        _ => line,
    }
}

fn in_hex(line: &str) -> String {
    let value = line.trim_end_matches(',').rsplit(' ').next().unwrap_or_default();
    match value.parse::<u64>() {
        Ok(number) if number > 15 && (line.contains("#define") || line.contains(" = ")) => {
            line.replace(value, &format!("{number:#x}"))
        }
        _ => line.to_owned(),
    }
}

#[test]
fn committed_headers_are_fresh() {
    let bless = std::env::var_os("GASP_BLESS").is_some();
    let mut stale = Vec::new();
    for header in &HEADERS {
        let (path, text) = (header.path(), header.generate());
        if read(&path) == text {
            continue;
        }
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        } else {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "{stale:?} differ from the Rust sources; run: {COMMAND}");
}
