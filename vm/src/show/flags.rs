//! Region flags as words.

#![forbid(unsafe_code)]

use crate::gasp::grf;

const PASS_ANY: u32 = grf::PASS_RD | grf::PASS_WR | grf::PASS_EX;
const VIRT_ANY: u32 = grf::VIRT_RD | grf::VIRT_WR | grf::VIRT_EX;

/// What has several bits comes before its parts.
const NAMES: [(u32, &str); 16] = [
    (grf::MEMORY, "MEMORY"),
    (PASS_ANY, "PASS_ANY"),
    (grf::PASS_RD, "PASS_RD"),
    (grf::PASS_WR, "PASS_WR"),
    (grf::PASS_EX, "PASS_EX"),
    (VIRT_ANY, "VIRT_ANY"),
    (grf::VIRT_RD, "VIRT_RD"),
    (grf::VIRT_WR, "VIRT_WR"),
    (grf::VIRT_EX, "VIRT_EX"),
    (grf::NOCACHE, "NOCACHE"),
    (grf::PASSTHRU, "PASSTHRU"),
    (grf::PRECIOUS, "PRECIOUS"),
    (grf::DMA_USES, "DMA_USES"),
    (grf::DMA_NO_USE, "DMA_NO_USE"),
    (grf::DMA_SOURCE, "DMA_SOURCE"),
    (grf::DMA_TARGET, "DMA_TARGET"),
];

/// The names of flags, without GRF_. ACTIVE, which every region has, is left out, and so is what
/// is saved for later.
pub(super) fn names(flags: u32) -> String {
    let (mut left, mut words) = (flags, Vec::new());
    for (bits, name) in NAMES {
        if left & bits == bits {
            words.push(name);
            left &= !bits;
        }
    }
    words.join(" ")
}

/// What a region is, in one word.
pub(super) fn kind(flags: u32) -> &'static str {
    match flags {
        _ if flags & VIRT_ANY != 0 => "trap",
        _ if flags & grf::PASSTHRU != 0 => "pass",
        _ if flags & grf::MEMORY == 0 => "other",
        _ if flags & grf::PASS_WR != 0 => "RAM",
        _ => "ROM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let cases = [
            (0x31b8, "RAM", "MEMORY PASS_ANY DMA_SOURCE DMA_TARGET"),
            (0x11a8, "ROM", "MEMORY PASS_RD PASS_EX DMA_SOURCE"),
            (0x4083, "trap", "VIRT_RD VIRT_WR PRECIOUS"),
            (0x0382, "trap", "MEMORY VIRT_WR PASSTHRU"),
            (0x02d8, "pass", "PASS_RD PASS_WR NOCACHE PASSTHRU"),
            (0x0080, "other", ""),
        ];
        for (flags, what, words) in cases {
            assert_eq!((kind(flags), names(flags).as_str()), (what, words), "{flags:#x}");
        }
    }
}
