//! Every word of the language with its fate: done, without effect here, or refused.
//!
//! One row for each form of a word, so that a change of fate is one line. A refused word is still
//! read with its arguments. `docs/gasp-vm.md` has the same table.

#![forbid(unsafe_code)]

use gasp_text::readings::Mark;

/// What becomes of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    /// Accepted and reported: nothing in this host corresponds to it.
    NoEffect,
    /// An error, with the reason.
    Refused,
}

/// A form of a word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Keyword {
    /// The word whose context it belongs to, or nothing.
    pub(crate) context: &'static str,
    /// The word, and its arguments in capitals.
    pub(crate) form: &'static str,
    pub(crate) fate: Fate,
    pub(crate) mark: Mark,
    /// What it does or, unless it is done, why not and what to do.
    pub(crate) about: &'static str,
}

impl Keyword {
    /// The word as it is called in messages, with its context and without its arguments.
    pub(crate) fn name(&self) -> String {
        let is_argument = |word: &&str| word.contains(|c: char| c.is_ascii_uppercase() || c == '|');
        let words = self.form.split(' ').take_while(|word| !is_argument(word));
        let all: Vec<_> =
            self.context.split(' ').filter(|word| !word.is_empty()).chain(words).collect();
        if all.is_empty() { self.form.to_owned() } else { all.join(" ") }
    }

    /// The word itself.
    pub(crate) fn word(&self) -> &'static str {
        self.form.split(' ').next().unwrap_or_default()
    }
}

macro_rules! keywords {
    ($($name:ident: $context:literal, $form:literal, $fate:ident, $mark:ident, $about:literal;)*) => {
        $(pub(super) const $name: &Keyword = &Keyword {
            context: $context, form: $form, fate: Fate::$fate, mark: Mark::$mark, about: $about,
        };)*
        /// All rows.
        pub(crate) const KEYWORDS: &[&Keyword] = &[$($name),*];
    };
}

#[rustfmt::skip] // a row is a line
keywords! {
    SYSTEM: "", "system NAME", Done, Qnx, "names the guest, in messages; the first word of the configuration, if it is there";
    RAM: "", "ram [START,]LENGTH", Done, Qnx, "zeroed memory; without START right after the highest `ram` or `rom` so far";
    ROM: "", "rom [START,]LENGTH", Done, Qnx, "as `ram`, but the guest cannot write it; `load` fills it";
    LOAD: "", "load [ADDRESS,]FILE", Done, Qnx, "loads a kernel of Linux, an ELF file or an image with multiboot, by its content, and starts it; anything else is a raw image: without ADDRESS it goes to the lowest free `ram`, and if it is the first loaded file, vCPUs start at its first byte";
    GUEST_LOAD: "", "guest load [ADDRESS,]FILE", Done, Read, "as `load`";
    DATA_LOAD: "", "data load [ADDRESS,]FILE", Done, Qnx, "copies a file, whatever it is; vCPUs never start there";
    INITRD_LOAD: "", "initrd load [ADDRESS,]FILE", Done, Qnx, "the initial RAM disk of Linux, a module for PVH and multiboot; without ADDRESS it goes to the highest free `ram` below 4 GiB";
    ACPI_LOAD: "", "acpi load [ADDRESS,]FILE", Done, Qnx, "adds a table to the ACPI tables for the image";
    FDT_LOAD: "", "fdt load [ADDRESS,]FILE", Refused, Qnx, "device trees are for ARM guests, and gasp-vm runs x86 guests";
    CMDLINE: "", "cmdline TEXT", Done, Qnx, "the command line of a kernel of Linux, and of an image with PVH or multiboot";
    UNSUPPORTED_REFERENCE: "", "unsupported reference abort|fail|ignore", Done, Qnx, "what an access does that nothing handles: end the guest with 5, raise an exception, or (the default) read all ones";
    UNSUPPORTED_FAIL: "", "unsupported instruction|register fail", Done, Qnx, "the default, and what KVM does";
    UNSUPPORTED_OTHER: "", "unsupported instruction|register abort|ignore", NoEffect, Qnx, "KVM raises the exception itself, as with `fail`";
    LOGGER: "", "logger FILTER[,FILTER]... stdout|stderr|slog|none", Done, Qnx, "where messages of vdevs go, by their kinds; without any, all but debug and verbose to stderr";
    DUMP: "", "dump DIRECTORY|\"|COMMAND\"", Done, Qnx, "where SIGUSR2 and watchdogs write core files of the guest; without it they write none";
    SET: "", "set VARIABLE VALUE", Done, Qnx, "sets a variable; each has its own row";
    SAFETY: "", "safety none|warn|required", NoEffect, Qnx, "gasp-vm is not certified for safety, and asks no vdev whether it is";
    DEBUG: "", "debug", NoEffect, Read, "`logger debug stderr` shows messages for debugging";
    DRYRUN: "", "dryrun", Done, Qnx, "builds the machine and does not run it";
    USER: "", "user UID[:GID]...", Refused, Read, "gasp-vm keeps the user that starts it: start it as that user (setpriv, runuser)";
    FILE: "", "@FILE", Done, Qnx, "reads FILE here; in a file too";
    CPU: "", "cpu", Done, Qnx, "a vCPU; without any `cpu` there is one";
    CPU_SCHED: "cpu", "sched PRIORITY[f|r|o]|HIGH,LOW,REPLENISHMENTS,PERIOD,BUDGETs", NoEffect, Qnx, "the host's scheduler decides: use chrt";
    CPU_RUNMASK: "cpu", "runmask CPU[,CPU]...", NoEffect, Qnx, "the host's scheduler decides: use taskset";
    CPU_PARTITION: "cpu", "partition NAME", NoEffect, Qnx, "Linux has no adaptive partitions: use a control group";
    CPU_CLUSTER: "cpu", "cluster NAME", NoEffect, Qnx, "Linux has no clusters of CPUs: use taskset";
    CPU_START: "cpu", "start STATE", Refused, Own, "it is `gasp-start STATE` now";
    RESERVE: "", "reserve", Done, Qnx, "makes searches for free space leave out what its `loc` name";
    RESERVE_LOC: "reserve", "loc PLACE,LENGTH", Done, Qnx, "a range of memory or ports; can be repeated";
    RESERVE_PCI: "reserve", "loc pci:BUS:DEVICE[.FUNCTION]", NoEffect, Qnx, "there is no PCI bus";
    RESERVE_INTR: "reserve", "intr NUMBER", NoEffect, Qnx, "gasp-vm chooses no interrupts";
    PASS: "", "pass", Done, Qnx, "lets the guest reach what its `loc` name";
    BLOB_PASS: "", "TYPE pass", Refused, Qnx, "no loader looks for a blob in passed memory: leave out TYPE";
    PASS_LOC: "pass", "loc PLACE[,LENGTH][,ATTRIBUTES][[,]=HOST]", Done, Qnx, "memory or ports of the host; can be repeated";
    PASS_PCI: "pass", "loc pci:...", Refused, Qnx, "there is no PCI bus";
    PASS_INTR: "pass", "intr CONTROLLER:LINE[,t|u][=VECTOR]", Refused, Qnx, "gasp-vm passes no interrupts of the host through";
    VDEV: "", "vdev NAME|vdev-NAME|vdev-NAME.so", Done, Qnx, "a virtual device of the file vdev-NAME.so";
    VDEV_LOC: "vdev", "loc PLACE", Done, Qnx, "its location; without it the vdev chooses, or gets the lowest free place";
    VDEV_INTR: "vdev", "intr CONTROLLER:LINE", Done, Qnx, "its interrupt; `apic:VECTOR`, which is libgasp's own, goes to vCPU 0";
    VDEV_NAME: "vdev", "name NAME", Done, Qnx, "its name in messages and for `intr`";
    VDEV_HOSTVECTOR: "vdev", "hostvector NUMBER", Done, Qnx, "the host's vector of a controller's first line; gasp-vm passes no interrupts of the host through";
    VDEV_LOG: "vdev", "log FILTER[,FILTER]... stdout|stderr|slog|none", Done, Qnx, "the same for this vdev alone, instead of `logger`; what it does not name is not written";
    VDEV_SCHED: "vdev", "sched PRIORITY[f|r|o]", Done, Read, "the priority of its threads, as the vdev sees it";
    VAR_EXIT_ON_HALT: "set", "exit-on-halt BOOLEAN", NoEffect, Qnx, "KVM always leaves the guest at a halt";
    VAR_FDT_DUMP_FILE: "set", "fdt-dump-file TEXT", NoEffect, Qnx, "an x86 guest has no device tree";
    VAR_GROW_HEAP: "set", "grow-heap SIZE", NoEffect, Qnx, "the heap grows as it is needed";
    VAR_MESSAGE_TIMEOUT: "set", "message-block-timeout NUMBER", NoEffect, Qnx, "there are no servers of QNX to wait for";
    VAR_VDEV_MESSAGE_TIMEOUT: "vdev set", "vdev-message-block-timeout NUMBER", NoEffect, Qnx, "there are no servers of QNX to wait for";
    VAR_SLOG_BUFFER: "set", "slog-buffer SIZE", NoEffect, Qnx, "there is no slog";
    VAR_COUNTER_OFFSET: "set", "counter-offset NUMBER", NoEffect, Qnx, "KVM chooses the guest's time stamp counter";
    VAR_DEBUG: "vdev set", "debug BOOLEAN", NoEffect, Qnx, "SIGUSR1 reports nothing of vdevs";
    VAR_GIC_HWASSIST: "set", "gic-hwassist BOOLEAN", Refused, Qnx, "a GIC is for ARM guests, and gasp-vm runs x86 guests";
    VAR_HOST_GICD: "set", "host-paddr-gicd ADDRESS", Refused, Qnx, "a GIC is for ARM guests, and gasp-vm runs x86 guests";
    VAR_HOST_GICH: "set", "host-paddr-gich ADDRESS", Refused, Qnx, "a GIC is for ARM guests, and gasp-vm runs x86 guests";
    VAR_HOST_GICV: "set", "host-paddr-gicv ADDRESS", Refused, Qnx, "a GIC is for ARM guests, and gasp-vm runs x86 guests";
    VAR_HOST_GICR: "set", "host-paddr-gicr ADDRESS", Refused, Qnx, "a GIC is for ARM guests, and gasp-vm runs x86 guests";
    GASP_START: "", "gasp-start reset|SEGMENT:OFFSET|flat,ENTRY|long,ENTRY,TABLES", Done, Own, "the state in which all vCPUs start";
    GASP_RAM_CHUNK: "", "gasp-ram-chunk LENGTH", Done, Own, "makes each `ram` of pieces of LENGTH that are apart in the host";
    GASP_RAM_RANDOM: "", "gasp-ram-random SEED", Done, Own, "the same, with lengths that depend on SEED";
    GASP_ASINFO: "", "gasp-asinfo NAME=START,LENGTH", Done, Own, "what `$asinfo_start{NAME}` and `$asinfo_length{NAME}` stand for, further on";
}

/// The variable with this name.
pub(super) fn variable(name: &str) -> Option<&'static Keyword> {
    variables().find(|row| row.word() == name)
}

/// All variables of `set`.
pub(super) fn variables() -> impl Iterator<Item = &'static Keyword> {
    KEYWORDS.iter().copied().filter(|row| row.context.ends_with("set"))
}

/// The words that can be an option in a context: that of the word `context`, or none.
pub(super) fn options(context: &str) -> impl Iterator<Item = &'static str> {
    let rows = KEYWORDS.iter().filter(move |row| row.context.is_empty() || row.context == context);
    rows.map(|row| row.word()).filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}
