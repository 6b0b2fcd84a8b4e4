//! The committed headers are what cbindgen makes of the Rust sources today.
//!
//! `GASP_BLESS=1 cargo test --test headers` rewrites them.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};
use std::fs;
use std::path::{Path, PathBuf};

const COMMAND: &str = "GASP_BLESS=1 cargo test --test headers";

/// What cbindgen writes before a function, and C does not need.
const EXTERN: &str = "extern ";

/// Types of other headers, as C spells them.
const STRUCTS: [&str; 10] = [
    "guest_system",
    "gasp_cpu",
    "gasp_region",
    "qvm_state_block",
    "guest_intr",
    "gasp_walk_state",
    "guest_cpu",
    "guest_timer",
    "guest_timer_data",
    "vdev_factory",
];

/// The enumerations of which C may pass any number. Where it does, Rust has an integer: the type
/// alias `any_` and the name.
const ENUMS: [&str; 2] = ["guest_intr_state", "vdev_ref_status"];

/// One header: where it goes, what it is made from, and the parts that are written by hand.
struct Header {
    path: &'static str,
    title: &'static str,
    includes: &'static [&'static str],
    sources: &'static [&'static str],
    before: &'static str,
    after: &'static [&'static str],
}

const EOK: &str = "\
/** No error: the system's name for 0 where it has one, as on QNX. */
#ifndef EOK
#define EOK 0
#endif

struct vdev_s;
/** A virtual device; <qvm/vdev-core.h> has its fields. */
typedef struct vdev_s vdev_t;";

const PCI: &str = "\
/** Pack a PCI location. The name is QNX's, the packing (as in PCI's ECAM) is libgasp's own. */
#define QSL_PCI_MAKE_LOC(bus, dev, func) \\
\t(((uint64_t)(bus) << 20) | ((uint64_t)(dev) << 15) | ((uint64_t)(func) << 12))
";

const VDEV: &str = "\
/** Prefix of an entry of the option list that takes no argument (QNX 7.1). */
#define QVM_OPTION_NO_ARG_PREFIX \"0\"";

const TO_VRS: &str = "\
/** The answer of vread or vwrite for what guest_cpu_read() or guest_cpu_write() returned, where
 * that is not EOK. Source: QNX 7.1, where it is part of the header too. */
static inline enum vdev_ref_status guest_cpu_to_vrs(int const errcode)
{
\treturn errcode == -1 ? VRS_BUS_ERROR : (enum vdev_ref_status)(VRS_ERRNO + errcode);
}

";

const FORMATS: &str = "\
/** A function that formats as printf() does: which argument is the format, where the rest is. */
#if defined(__GNUC__)
#define QVM_PRINTF_LIKE(text, rest) __attribute__((__format__(__printf__, text, rest)))
#define QVM_NO_RETURN __attribute__((__noreturn__))
#else
#define QVM_PRINTF_LIKE(text, rest)
#define QVM_NO_RETURN
#endif";

const LOG: &str = include_str!("headers/log.h.in");

const SAFETY_SELECTED: &str = "\
/** Which of the two this build is: VDEV_SAFETY_NO unless the build says otherwise (QNX 7.1). */
#ifndef VDEV_SAFETY_SELECTED
#define VDEV_SAFETY_SELECTED VDEV_SAFETY_NO
#endif
";

const GRAM_INLINE: &str = "\
/** Find a place inside the guest's RAM or ROM, and reserve it: gram_find_free_range() over all of
 * the space. Source: QNX 7.1, where it is part of the header too. */
static inline uint64_t gram_find_free(struct guest_system *const gsp, uint64_t const size,
\t\tuint64_t const align, unsigned const flags)
{
\treturn gram_find_free_range(gsp, size, align, flags, 0, UINT64_MAX);
}
";

const HEADERS: [Header; 6] = [
    Header {
        path: "qvm/types.h",
        title: "State blocks, regions and their flags (QNX 7.1 <qvm/types.h>).",
        includes: &["<errno.h>", "<stdint.h>"],
        sources: &["abi/src/types.rs"],
        before: EOK,
        after: &[PCI],
    },
    Header {
        path: "qvm/guest.h",
        title: "Guests, vCPUs, interrupts and timers (QNX 7.1 <qvm/guest.h>).\n *\n * \
                The functions are in the program that runs the guest (gasp-vm), not in libgasp.",
        includes: &["<qvm/types.h>"],
        sources: &["abi/src/guest.rs"],
        before: "",
        after: &[],
    },
    Header {
        path: "qvm/vdev-core.h",
        title: "A virtual device as its own code sees it (QNX 7.1 <qvm/vdev-core.h>).\n *\n * \
                The functions are in the program that runs the guest (gasp-vm), not in libgasp.",
        includes: &["<pthread.h>", "<qvm/guest.h>", "<qvm/types.h>"],
        sources: &["abi/src/vdev_core.rs"],
        before: VDEV,
        after: &[TO_VRS, SAFETY_SELECTED],
    },
    Header {
        path: "qvm/log.h",
        title: "What vdevs say (QNX 7.1 <qvm/log.h>).\n *\n * \
                The functions are in the program that runs the guest (gasp-vm), not in libgasp.",
        includes: &["<qvm/types.h>"],
        sources: &["abi/src/log.rs"],
        before: FORMATS,
        after: &[LOG],
    },
    Header {
        path: "qvm/gasp.h",
        title: "The guest's address space (QNX 7.1 <qvm/gasp.h>).",
        includes: &["<stddef.h>", "<qvm/types.h>"],
        sources: &["abi/src/gasp.rs"],
        before: "",
        after: &[GRAM_INLINE],
    },
    Header {
        path: "gasp/host.h",
        title: "libgasp for hosts: a VMM or a test harness. Not part of QNX's interface.",
        includes: &["<stddef.h>", "<qvm/types.h>"],
        sources: &["abi/src/host.rs", "abi/src/cpu.rs", "abi/src/change.rs", "abi/src/text.rs"],
        before: "",
        after: &[],
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
        config.export.exclude.push("vdev_t".into());
        let sources: String = self.sources.iter().map(|source| read(Path::new(source))).collect();
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
        for source in self.sources {
            builder = builder.with_src(source);
        }
        let mut text = Vec::new();
        builder.generate().unwrap().write(&mut text);
        let text = for_c_readers(&String::from_utf8(text).unwrap());
        let end = text.rfind("#endif").unwrap();
        format!(
            "{}{}{}{}",
            &text[..end],
            self.after.concat(),
            if self.after.is_empty() { "" } else { "\n" },
            &text[end..]
        )
    }

    fn after_includes(&self) -> String {
        let includes: String =
            self.includes.iter().map(|include| format!("\n#include {include}")).collect();
        if self.before.is_empty() { includes } else { format!("{includes}\n\n{}", self.before) }
    }

    fn path(&self) -> PathBuf {
        Path::new("include").join(self.path)
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// What cbindgen wrote, as a C programmer would have written it.
fn for_c_readers(text: &str) -> String {
    let text = text.replace(" {\n    uint8_t _opaque[0];\n}", "");
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
            _ => lines.push(in_hex(line)),
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

/// Writes a value of more than one digit as the hexadecimal number that it was in the source.
fn in_hex(line: &str) -> String {
    let value = line.trim_end_matches(',').rsplit(' ').next().unwrap_or_default();
    match value.parse::<u64>() {
        Ok(number) if number > 9 && (line.contains("#define") || line.contains(" = ")) => {
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
