//! `ram` and `rom`.

#![forbid(unsafe_code)]

use super::built::refused;
use crate::config::{MemoryConfig, Range};
use gasp_safe::{Guest, Memory, at_pages};
use gasp_text::{ParseError, Place};

/// The first location after the highest memory so far; `None`: that memory ends with the address
/// space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Highest(Option<u64>);

impl Default for Highest {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl Highest {
    /// The start of memory of this length for which the configuration gives none.
    fn place(self, length: u64) -> Option<u64> {
        // A length is not 0.
        self.0.filter(|start| start.checked_add(length.saturating_sub(1)).is_some())
    }

    fn add(&mut self, start: u64, length: u64) {
        let end = start.checked_add(length);
        self.0 = self.0.and_then(|highest| end.map(|end| end.max(highest)));
    }
}

/// Adds the memory of one statement.
pub(super) fn add(
    guest: &Guest,
    config: &MemoryConfig,
    highest: &mut Highest,
) -> Result<(), ParseError> {
    let &MemoryConfig { position, writable, start, length } = config;
    let fail = |message: &str| ParseError { position, message: message.to_owned() };
    let start = start.or_else(|| highest.place(length)).ok_or_else(|| {
        fail("expected START,LENGTH: there is no room above the highest memory so far")
    })?;
    if !at_pages([start, length]) {
        return Err(fail("expected START and LENGTH to be multiples of 4096"));
    }
    let range = Range { position, place: Place::Memory(start), length };
    let kind = if writable { Memory::Ram } else { Memory::Rom };
    guest
        .add_memory(start, length, kind)
        .map_err(|error| refused(&range, "a range that can be memory", &error))?;
    highest.add(start, length);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_after_the_highest() {
        let mut highest = Highest::default();
        assert_eq!(highest.place(0x1000), Some(0));
        highest.add(0x10_0000, 0x1000);
        assert_eq!(highest.place(0x1000), Some(0x10_1000));
        highest.add(0, 0x1000);
        assert_eq!(highest.place(0x1000), Some(0x10_1000));
    }

    #[test]
    fn up_to_the_end_of_memory() {
        let mut highest = Highest::default();
        highest.add(u64::MAX - 0x1fff, 0x1000);
        assert_eq!(highest.place(0x1000), Some(u64::MAX - 0xfff));
        assert_eq!(highest.place(0x1001), None);
        highest.add(u64::MAX - 0xfff, 0x1000);
        assert_eq!(highest.place(1), None);
        highest.add(0, 0x1000);
        assert_eq!(highest.place(1), None);
    }
}
