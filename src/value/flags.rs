//! The flags of a region (`GRF_*`), with its saved rights and whether it is backed, in one word.

#![forbid(unsafe_code)]

use core::fmt;
use core::ops::{BitAnd, BitOr};
use gasp_abi::{GRF_BACKUP_MASK, GRF_BACKUP_SHIFT, gasp_region_flags as grf};

/// A set of flags. The saved rights are in the top four bits, where QNX reports them.
/// [`Flags::BACKED`] uses the bit of `GRF_ACTIVE`: every present region reports that flag and every
/// input ignores it, so it need not be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags(u32);

impl Flags {
    /// No flags.
    pub(crate) const NONE: Self = Self(0);
    /// Accesses that trap.
    pub(crate) const VIRT_ANY: Self = Self(grf::GRF_VIRT_ANY as u32);
    /// Accesses that pass.
    pub(crate) const PASS_ANY: Self = Self(grf::GRF_PASS_ANY as u32);
    /// Reads trap.
    pub(crate) const VIRT_RD: Self = Self(grf::GRF_VIRT_RD as u32);
    /// Writes trap.
    pub(crate) const VIRT_WR: Self = Self(grf::GRF_VIRT_WR as u32);
    /// Fetches trap.
    pub(crate) const VIRT_EX: Self = Self(grf::GRF_VIRT_EX as u32);
    /// Reads pass.
    pub(crate) const PASS_RD: Self = Self(grf::GRF_PASS_RD as u32);
    /// Fetches pass.
    pub(crate) const PASS_EX: Self = Self(grf::GRF_PASS_EX as u32);
    /// Writes pass.
    pub(crate) const PASS_WR: Self = Self(grf::GRF_PASS_WR as u32);
    /// Ordinary memory.
    pub(crate) const MEMORY: Self = Self(grf::GRF_MEMORY as u32);
    /// No other region may overlap.
    pub(crate) const PRECIOUS: Self = Self(grf::GRF_PRECIOUS as u32);
    /// Flags that stay set until the location is deleted.
    pub(crate) const STICKY: Self = Self(grf::GRF_STICKY as u32);
    /// Flags that make a location backed.
    pub(crate) const NEEDS_HOST: Self = Self(Self::PASS_ANY.0 | Self::MEMORY.0);
    /// There is host memory (or a host port) behind the location.
    pub(crate) const BACKED: Self = Self(grf::GRF_ACTIVE as u32);
    /// The flags of RAM.
    pub(crate) const RAM: Self = Self(
        Self::MEMORY.0 | Self::PASS_ANY.0 | grf::GRF_DMA_SOURCE as u32 | grf::GRF_DMA_TARGET as u32,
    );
    /// The flags of ROM.
    pub(crate) const ROM: Self = Self(
        Self::MEMORY.0
            | grf::GRF_PASS_RD as u32
            | grf::GRF_PASS_EX as u32
            | grf::GRF_DMA_SOURCE as u32,
    );

    const SAVEABLE: Self = Self(Self::PASS_ANY.0 | grf::GRF_NOCACHE as u32);
    const SAVED: Self = Self(GRF_BACKUP_MASK);
    /// Flags that a caller can set. `GRF_ACTIVE` and the saved rights are ignored.
    const SETTABLE: Self = Self(0xffff & !Self::BACKED.0);

    /// The flags of a set call. The error has the undefined bits.
    pub(crate) fn from_input(bits: u32) -> Result<Self, u32> {
        match bits & !(Self::SETTABLE.0 | Self::BACKED.0 | Self::SAVED.0) {
            0 => Ok(Self(bits & Self::SETTABLE.0)),
            undefined => Err(undefined),
        }
    }

    /// The word that the map stores for these flags.
    #[inline]
    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    /// The flags of a word that the map stored.
    #[inline]
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The flags of a present region as C sees them.
    #[inline]
    pub(crate) fn reported(self) -> u32 {
        self.0 | grf::GRF_ACTIVE as u32
    }

    /// Whether any of these flags is set.
    #[inline]
    pub(crate) fn has_any(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    /// Whether all of these flags are set.
    #[inline]
    pub(crate) fn has_all(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether some kind of access would both pass and trap.
    pub(crate) fn contradicts_itself(self) -> bool {
        let passing = (self & Self::PASS_ANY).0 >> 3;
        passing & self.0 != 0
    }

    /// Whether the guest may write, or might before the region was trapped.
    #[inline]
    pub(crate) fn is_writable_memory(self) -> bool {
        (self | self.restored()).has_any(Self::PASS_WR)
    }

    /// The flags that a present location has after a change to `new`.
    #[inline]
    pub(crate) fn changed_to(self, new: Self) -> Self {
        let saved = if !new.has_any(Self::VIRT_ANY) {
            Self::NONE
        } else if self.has_any(Self::VIRT_ANY) {
            self & Self::SAVED
        } else if self.has_any(Self::PASS_ANY) {
            Self((self & Self::SAVEABLE).0 << GRF_BACKUP_SHIFT)
        } else {
            Self::NONE
        };
        new | (self & Self::STICKY) | saved
    }

    /// The saved rights, at the bits of the flags that they were.
    #[inline]
    pub(crate) fn restored(self) -> Self {
        Self((self & Self::SAVED).0 >> GRF_BACKUP_SHIFT)
    }
}

impl BitOr for Flags {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Flags {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// The name of each flag, without its `GRF_`.
const NAMES: [(u32, &str); 16] = [
    (grf::GRF_VIRT_RD as u32, "VIRT_RD"),
    (grf::GRF_VIRT_WR as u32, "VIRT_WR"),
    (grf::GRF_VIRT_EX as u32, "VIRT_EX"),
    (grf::GRF_PASS_RD as u32, "PASS_RD"),
    (grf::GRF_PASS_WR as u32, "PASS_WR"),
    (grf::GRF_PASS_EX as u32, "PASS_EX"),
    (grf::GRF_NOCACHE as u32, "NOCACHE"),
    (grf::GRF_ACTIVE as u32, "ACTIVE"),
    (grf::GRF_MEMORY as u32, "MEMORY"),
    (grf::GRF_PASSTHRU as u32, "PASSTHRU"),
    (grf::GRF_DMA_USES as u32, "DMA_USES"),
    (grf::GRF_DMA_NO_USE as u32, "DMA_NO_USE"),
    (grf::GRF_DMA_SOURCE as u32, "DMA_SOURCE"),
    (grf::GRF_DMA_TARGET as u32, "DMA_TARGET"),
    (grf::GRF_PRECIOUS as u32, "PRECIOUS"),
    (grf::GRF_NOPERMS as u32, "NOPERMS"),
];

/// C flags as text: `VIRT_RD|VIRT_WR`, `NONE`, `PASS_RD|0x10000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names(pub u32);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("NONE");
        }
        let mut separator = "";
        for (_, name) in NAMES.iter().filter(|(bit, _)| self.0 & bit != 0) {
            write!(f, "{separator}{name}")?;
            separator = "|";
        }
        let rest = NAMES.iter().fold(self.0, |rest, (bit, _)| rest & !bit);
        if rest == 0 { Ok(()) } else { write!(f, "{separator}{rest:#x}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_their_published_values() {
        assert_eq!(grf::GRF_VIRT_ANY as u32, 0x7);
        assert_eq!(grf::GRF_PASS_ANY as u32, 0x38);
        assert_eq!(grf::GRF_STICKY as u32, 0x3300);
        assert_eq!(GRF_BACKUP_MASK, Flags::SAVEABLE.0 << GRF_BACKUP_SHIFT);
    }

    #[test]
    fn undefined_bits_are_refused_and_ignored_ones_are_not() {
        assert_eq!(Flags::from_input(0x1_0003), Err(0x1_0000));
        assert_eq!(Flags::from_input(0xf000_0080), Ok(Flags::NONE));
    }

    #[test]
    fn passing_and_trapping_the_same_access_contradict() {
        assert!(Flags(0x1 | 0x8).contradicts_itself());
        assert!(!Flags(0x1 | 0x10).contradicts_itself());
    }

    #[test]
    fn trapping_saves_the_rights_once() {
        let ram = Flags::RAM;
        let trapped = ram.changed_to(Flags(0x3));
        assert_eq!(trapped.reported() >> 28, 7);
        assert_eq!(trapped.changed_to(Flags(0x1)).reported() >> 28, 7);
        assert_eq!(trapped.changed_to(Flags(0x8)).reported() >> 28, 0);
    }

    #[test]
    fn flags_read_as_names() {
        assert_eq!(Names(3).to_string(), "VIRT_RD|VIRT_WR");
        assert_eq!(Names(0).to_string(), "NONE");
        assert_eq!(Names(0x1_0008).to_string(), "PASS_RD|0x10000");
    }
}
