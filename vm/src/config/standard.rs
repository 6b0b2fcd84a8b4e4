//! The vdevs of QNX Hypervisor with their options, to read a configuration to its end even if it
//! names vdevs that are not there.

#![forbid(unsafe_code)]

use super::types::OptionList;

/// The guests that a vdev is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guests {
    X86,
    Arm,
    All,
}

/// A vdev: its name, its guests, and its own options. A `0` before a name: without an argument.
type Standard = (&'static str, Guests, &'static str);

const STANDARD: &[Standard] = &[
    ("8259", Guests::X86, ""),
    (
        "gic",
        Guests::Arm,
        "gicc gicd gicr its its-prealloc num-lpis msi version host-gicd host-gich \
                          host-gicv host-gicr",
    ),
    ("hpet", Guests::X86, "intrmap frequency 0legacy-free"),
    ("ioapic", Guests::X86, ""),
    ("mc146818", Guests::X86, "reg"),
    ("pci-dummy", Guests::X86, "clone reg"),
    ("pckeyboard", Guests::X86, ""),
    ("pl011", Guests::Arm, "hostdev batch delayed"),
    ("progress", Guests::All, ""),
    ("ser8250", Guests::All, "hostdev batch delayed"),
    ("shmem", Guests::All, "create allow deny subst"),
    ("smmu", Guests::Arm, ""),
    ("timer8254", Guests::X86, ""),
    ("trace", Guests::All, "0emit-logger emit-trace"),
    ("virtio-blk", Guests::All, "hostdev delayed dio threads 0legacy"),
    ("virtio-console", Guests::All, "hostdev delayed 0legacy"),
    ("virtio-entropy", Guests::All, "delayed 0legacy"),
    ("virtio-fs", Guests::All, "directio host_path num_req_queues tag 0legacy"),
    (
        "virtio-input",
        Guests::All,
        "screen display window size offset options pipeline protocol \
                                   zorder global_alpha 0force_dev_presence 0legacy",
    ),
    ("virtio-net", Guests::All, "peer peerfeats mac bind-mode tapdev 0legacy"),
    ("wdt-ib700", Guests::X86, "action"),
    ("wdt-sp805", Guests::Arm, "action frequency"),
];

/// The guests and the options of a vdev of QNX.
pub(super) fn find(name: &str) -> Option<(Guests, OptionList)> {
    let (_, guests, options) = STANDARD.iter().find(|(other, ..)| *other == name)?;
    let option = |text: &str| match text.strip_prefix('0') {
        Some(name) => (name.to_owned(), false),
        None => (text.to_owned(), true),
    };
    Some((*guests, OptionList(options.split_whitespace().map(option).collect())))
}

/// All names.
pub(super) fn names<'a>() -> impl Iterator<Item = &'a str> {
    STANDARD.iter().map(|(name, ..)| *name)
}
