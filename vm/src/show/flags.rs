//! Region flags as words.

#![forbid(unsafe_code)]

use gasp_abi::{GRF_BACKUP_MASK, gasp_region_flags as grf};
use gasp_safe::flags_text;

/// The names of flags. ACTIVE, which every region has, and saved rights are left out.
pub(super) fn names(flags: u32) -> String {
    let shown = !(grf::GRF_ACTIVE as u32 | GRF_BACKUP_MASK);
    flags_text(flags & shown)
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
            (0x31b8, "RAM", "PASS_RD|PASS_WR|PASS_EX|MEMORY|DMA_SOURCE|DMA_TARGET"),
            (0x11a8, "ROM", "PASS_RD|PASS_EX|MEMORY|DMA_SOURCE"),
            (0x4083, "trap", "VIRT_RD|VIRT_WR|PRECIOUS"),
            (0x0382, "trap", "VIRT_WR|MEMORY|PASSTHRU"),
            (0x02d8, "pass", "PASS_RD|PASS_WR|NOCACHE|PASSTHRU"),
            (0x0080, "other", "NONE"),
        ];
        for (flags, what, words) in cases {
            assert_eq!((kind(flags), names(flags).as_str()), (what, words), "{flags:#x}");
        }
    }
}
