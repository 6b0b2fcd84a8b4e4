//! Region flags as words.

#![forbid(unsafe_code)]

use gasp_abi::gasp_region_flags as grf;

/// In the order in which they are printed; a flag of several bits comes before its parts.
const FLAGS: [grf; 16] = [
    grf::GRF_MEMORY,
    grf::GRF_PASS_ANY,
    grf::GRF_PASS_RD,
    grf::GRF_PASS_WR,
    grf::GRF_PASS_EX,
    grf::GRF_VIRT_ANY,
    grf::GRF_VIRT_RD,
    grf::GRF_VIRT_WR,
    grf::GRF_VIRT_EX,
    grf::GRF_NOCACHE,
    grf::GRF_PASSTHRU,
    grf::GRF_PRECIOUS,
    grf::GRF_DMA_USES,
    grf::GRF_DMA_NO_USE,
    grf::GRF_DMA_SOURCE,
    grf::GRF_DMA_TARGET,
];

/// The names of flags, without GRF_. Neither ACTIVE, which every region has, nor saved rights are
/// among them.
pub(super) fn names(flags: u32) -> String {
    let (mut left, mut names) = (flags, Vec::new());
    for flag in FLAGS {
        if left & flag as u32 == flag as u32 {
            names.push(format!("{flag:?}").replace("GRF_", ""));
            left &= !(flag as u32);
        }
    }
    names.join(" ")
}

/// The kind of a region, in one word.
pub(super) fn kind(flags: u32) -> &'static str {
    let has = |flag: grf| flags & flag as u32 != 0;
    match () {
        () if has(grf::GRF_VIRT_ANY) => "trap",
        () if has(grf::GRF_PASSTHRU) => "pass",
        () if !has(grf::GRF_MEMORY) => "other",
        () if has(grf::GRF_PASS_WR) => "RAM",
        () => "ROM",
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
