//! The ranges of the guest's memory.

#![forbid(unsafe_code)]

use gasp_abi::{gasp_region_flags as grf, gasp_span};

/// A contiguous range of memory, with equal rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Whether the guest can write it, maybe through a vdev.
    pub(super) writable: bool,
}

impl Run {
    /// Bytes. One too few for all of the address space, which no host's memory fills.
    pub(super) fn length(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// The runs of regions that are in ascending order: `ram`, `rom`, and passed memory that the guest
/// can use as RAM. Reading other passed memory may have effects on a device.
pub(super) fn of(spans: &[gasp_span]) -> Vec<Run> {
    let has =
        |span: &gasp_span, flags: &[grf]| flags.iter().any(|flag| span.flags & *flag as u32 != 0);
    let mut runs = Vec::<Run>::new();
    for span in spans.iter().filter(|span| has(span, &[grf::GRF_MEMORY])) {
        let writable = has(span, &[grf::GRF_PASS_WR, grf::GRF_VIRT_WR]);
        match runs.last_mut() {
            Some(run)
                if run.writable == writable && run.last.checked_add(1) == Some(span.location) =>
            {
                run.last = span.last;
            }
            _ => runs.push(Run { first: span.location, last: span.last, writable }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(location: u64, last: u64, flags: &[grf]) -> gasp_span {
        let flags = flags.iter().fold(0, |all, flag| all | *flag as u32);
        gasp_span { location, last, flags, ..gasp_span::NONE }
    }

    const RAM: [grf; 3] = [grf::GRF_PASS_RD, grf::GRF_PASS_WR, grf::GRF_MEMORY];
    const ROM: [grf; 2] = [grf::GRF_PASS_RD, grf::GRF_MEMORY];

    #[test]
    fn neighbours_with_equal_rights_are_one_run() {
        let traced = [grf::GRF_PASS_RD, grf::GRF_VIRT_WR, grf::GRF_MEMORY];
        let spans = [
            span(0, 0xfff, &RAM),
            span(0x1000, 0x1fff, &traced),
            span(0x2000, 0x2fff, &ROM),
            span(0x4000, 0x4fff, &ROM),
        ];
        let run = |first, last, writable| Run { first, last, writable };
        assert_eq!(
            of(&spans),
            [run(0, 0x1fff, true), run(0x2000, 0x2fff, false), run(0x4000, 0x4fff, false)]
        );
    }

    #[test]
    fn devices_are_left_out() {
        let device = [grf::GRF_PASS_RD, grf::GRF_PASS_WR, grf::GRF_PASSTHRU];
        assert_eq!(of(&[span(0, 0xfff, &device), span(0x1000, 0x1fff, &[grf::GRF_VIRT_RD])]), []);
    }

    #[test]
    fn up_to_the_end_of_the_address_space() {
        let spans = [span(0, 0xfff, &RAM), span(u64::MAX - 0xfff, u64::MAX, &RAM)];
        let runs = of(&spans);
        assert_eq!(runs.iter().map(Run::length).collect::<Vec<_>>(), [0x1000, 0x1000]);
        let all = Run { first: 0, last: u64::MAX, writable: true };
        assert_eq!(all.length(), u64::MAX);
    }
}
