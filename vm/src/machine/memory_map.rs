//! The map of memory for an operating system: what RAM it may use.

#![forbid(unsafe_code)]

use super::places::{Places, Range};
use std::collections::BTreeSet;

/// What a range of memory is. The numbers are those of e820, PVH and multiboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Kind {
    Ram = 1,
    Reserved = 2,
    /// Tables that the guest can overwrite after it has read them.
    Tables = 3,
}

/// A part of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) kind: Kind,
}

impl Entry {
    /// The number of bytes, which is less than 2^64 because no RAM is so large.
    pub(super) fn length(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// All memory in ascending order. `rom` and what is reserved cannot be used, nor can tables that
/// are in RAM; adjacent ranges of a kind are one.
pub(super) fn entries(places: &Places) -> Vec<Entry> {
    // Of several kinds the last counts.
    let layers = [
        (&places.ram, Kind::Ram),
        (&places.tables, Kind::Tables),
        (&places.rom, Kind::Reserved),
        (&places.reserved, Kind::Reserved),
    ];
    let kind = |at: u64| {
        let has =
            |ranges: &[Range]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&at));
        layers.iter().rev().find(|(ranges, _)| has(ranges)).map(|(_, kind)| *kind)
    };
    let edges = edges(layers.iter().flat_map(|(ranges, _)| ranges.iter()));
    let ends = edges.iter().skip(1).map(|next| next.saturating_sub(1)).chain([u64::MAX]);
    let mut entries: Vec<Entry> = Vec::new();
    for (&first, last) in edges.iter().zip(ends) {
        let Some(kind) = kind(first) else { continue };
        match entries.last_mut() {
            Some(entry) if entry.kind == kind && entry.last.checked_add(1) == Some(first) => {
                entry.last = last;
            }
            _ => entries.push(Entry { first, last, kind }),
        }
    }
    entries
}

/// Where ranges begin, and what follows them, in ascending order.
fn edges<'a>(ranges: impl Iterator<Item = &'a Range>) -> Vec<u64> {
    let edges = ranges.flat_map(|(first, last)| [Some(*first), last.checked_add(1)]);
    edges.flatten().collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::Kind::{Ram, Reserved, Tables};
    use super::*;

    fn of(places: &Places) -> Vec<(u64, u64, Kind)> {
        entries(places).iter().map(|entry| (entry.first, entry.last, entry.kind)).collect()
    }

    #[test]
    fn nothing() {
        assert_eq!(of(&Places::default()), []);
    }

    #[test]
    fn adjacent_ram_is_one_entry() {
        let ram = vec![(0x2000, 0x2fff), (0, 0x1fff), (0x4000, 0x4fff)];
        assert_eq!(
            of(&Places { ram, ..Places::default() }),
            [(0, 0x2fff, Ram), (0x4000, 0x4fff, Ram)]
        );
    }

    #[test]
    fn what_is_reserved_is_cut_out() {
        let places = Places {
            ram: vec![(0, 0xffff)],
            reserved: vec![(0, 0), (0x8000, 0x8fff), (0xf000, 0x1_0fff)],
            ..Places::default()
        };
        let expected = [
            (0, 0, Reserved),
            (1, 0x7fff, Ram),
            (0x8000, 0x8fff, Reserved),
            (0x9000, 0xefff, Ram),
            (0xf000, 0x1_0fff, Reserved),
        ];
        assert_eq!(of(&places), expected);
    }

    /// ROM is reserved, with tables in it or not; what is loaded is RAM all the same.
    #[test]
    fn tables_and_rom() {
        let places = Places {
            ram: vec![(0, 0xffff)],
            rom: vec![(0x1_0000, 0x1_ffff)],
            tables: vec![(0xff00, 0xff7f), (0x1_0000, 0x1_00ff)],
            loaded: vec![(0x1000, 0x1fff)],
            ..Places::default()
        };
        let expected = [
            (0, 0xfeff, Ram),
            (0xff00, 0xff7f, Tables),
            (0xff80, 0xffff, Ram),
            (0x1_0000, 0x1_ffff, Reserved),
        ];
        assert_eq!(of(&places), expected);
    }

    #[test]
    fn up_to_the_end_of_memory() {
        let ram = vec![(u64::MAX - 0xfff, u64::MAX)];
        let entries = entries(&Places { ram, ..Places::default() });
        assert_eq!((entries[0].last, entries[0].length()), (u64::MAX, 0x1000));
    }
}
