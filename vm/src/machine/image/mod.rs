//! Images that a guest runs, by their content.

#![forbid(unsafe_code)]

pub(super) mod elf;
pub(super) mod linux;
pub(super) mod multiboot;
pub(super) mod segment;

use linux::Linux;

/// An image that was loaded, as far as its start depends on it.
#[derive(Debug, Clone)]
pub(super) enum Image {
    /// Its first byte is at this address.
    Raw(u64),
    /// Code at this address, and nothing that it is told.
    Flat(u64),
    /// It is told what is where.
    Told(Protocol),
}

/// The way in which an image is told.
#[derive(Debug, Clone)]
pub(super) enum Protocol {
    /// That of a kernel of Linux with its own header.
    Linux(Box<Linux>),
    /// PVH, with the entry point.
    Pvh(u64),
    /// Multiboot, with the entry point.
    Multiboot(u64),
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Elf,
    Linux,
    /// With a header of multiboot that says where it goes.
    Multiboot,
    /// Nothing that is known: its first byte is the first instruction.
    Raw,
}

/// What no x86 guest runs: where its mark is, the mark, and what it is.
const FOREIGN: [(usize, &[u8], &str); 2] = [
    (0x38, b"ARM\x64", "a kernel of Linux for ARM (gasp-vm runs x86 guests only)"),
    (
        0,
        b"\xd0\x0d\xfe\xed",
        "a device tree (it is for ARM guests, and gasp-vm runs x86 guests only)",
    ),
];

/// The format of a file, or what it is that no x86 guest runs.
pub(super) fn format(bytes: &[u8]) -> Result<Format, &'static str> {
    let has = |at: usize, mark: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(mark));
    if let Some((.., what)) = FOREIGN.iter().find(|(at, mark, _)| has(*at, mark)) {
        return Err(what);
    }
    Ok(match () {
        () if has(0, b"\x7fELF") => Format::Elf,
        () if has(linux::MARK_AT, linux::MARK) => Format::Linux,
        () if multiboot::Header::find(bytes).is_some_and(|header| header.has_addresses()) => {
            Format::Multiboot
        }
        () => Format::Raw,
    })
}
