//! `ram` and `rom`.

#![forbid(unsafe_code)]

use super::built::{Built, refused};
use super::places::last;
use crate::config::{MemoryConfig, Range, Split};
use gasp_safe::{Guest, Memory, PAGE_SIZE, at_pages};
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
    split: Split,
    highest: &mut Highest,
    built: &mut Built,
) -> Result<(), ParseError> {
    let &MemoryConfig { position, writable, start, length } = config;
    let fail = |message: &str| ParseError { position, message: message.to_owned() };
    let start = start.or_else(|| highest.place(length)).ok_or_else(|| {
        fail("expected START,LENGTH: there is no room above the highest memory so far")
    })?;
    if !at_pages([start, length]) {
        return Err(fail("expected START and LENGTH to be multiples of 4096"));
    }
    let (kind, split) = if writable { (Memory::Ram, split) } else { (Memory::Rom, Split::No) };
    if matches!(split, Split::Chunks(chunk) if !at_pages([chunk])) {
        return Err(fail("expected the length of gasp-ram-chunk to be a multiple of 4096"));
    }
    let mut at = start;
    for length in pieces(split, start, length) {
        let range = Range { position, place: Place::Memory(at), length };
        let added = guest.add_memory(at, length, kind);
        added.map_err(|error| refused(&range, "a range that can be memory", &error))?;
        // Only the last piece can end with the address space.
        at = at.wrapping_add(length);
    }
    highest.add(start, length);
    let places = &mut built.places;
    let list = if writable { &mut places.ram } else { &mut places.rom };
    list.push((start, last(start, length)));
    Ok(())
}

/// The lengths of the pieces of memory: multiples of a page, if the length is one.
fn pieces(split: Split, start: u64, length: u64) -> Vec<u64> {
    let mut random = match split {
        Split::No => return vec![length],
        Split::Chunks(_) => 0,
        Split::Random(seed) => seed ^ start,
    };
    // An eighth at most, so that there are some pieces, and not many.
    let pages = (length / PAGE_SIZE).div_ceil(8).max(1);
    let (mut pieces, mut rest) = (Vec::new(), length);
    while rest > 0 {
        random = splitmix(random);
        let wanted = match split {
            Split::Chunks(chunk) => chunk,
            _ => (random % pages).saturating_add(1).saturating_mul(PAGE_SIZE),
        };
        let piece = wanted.min(rest);
        pieces.push(piece);
        rest = rest.saturating_sub(piece);
    }
    pieces
}

/// A step of the generator SplitMix64.
fn splitmix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
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

    #[test]
    fn chunks() {
        let pieces = |length| pieces(Split::Chunks(0x3000), 0, length);
        assert_eq!(pieces(0x7000), [0x3000, 0x3000, 0x1000]);
        assert_eq!(pieces(0x3000), [0x3000]);
        assert_eq!(pieces(0x1000), [0x1000]);
    }

    /// The same for a seed, another one for another: pages, none empty, all of the length.
    #[test]
    fn random_pieces() {
        let length = 0x100_0000;
        let of = |seed| pieces(Split::Random(seed), 0x1000, length);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        for seed in 0..100 {
            let pieces = of(seed);
            assert_eq!(pieces.iter().sum::<u64>(), length);
            assert!(pieces.len() >= 8 && pieces.len() < 100, "{}", pieces.len());
            assert!(pieces.iter().all(|piece| *piece > 0 && piece % 0x1000 == 0));
        }
        assert_eq!(pieces(Split::Random(7), 0, 0x1000), [0x1000]);
    }
}
