//! What is where in the guest's memory, and free places in it.

#![forbid(unsafe_code)]

/// A range of addresses, first and last.
pub(crate) type Range = (u64, u64);

/// A wish for a free place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Bytes; not 0.
    pub(super) length: u64,
    pub(super) align: u64,
    /// The first address that it may have.
    pub(super) first: u64,
    /// The last address that it may have.
    pub(super) last: u64,
}

/// The memory of a guest, and what of it is in use.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub(super) ram: Vec<Range>,
    pub(super) rom: Vec<Range>,
    /// What the configuration reserves.
    pub(super) reserved: Vec<Range>,
    /// What loaders have filled or need.
    pub(super) loaded: Vec<Range>,
    /// Tables of the firmware for the guest's operating system.
    pub(super) tables: Vec<Range>,
}

impl Places {
    /// The lowest free place in `ram`, or in several that are adjacent.
    pub(super) fn lowest(&self, wanted: &Wanted) -> Option<u64> {
        self.lowest_in(&self.ram, wanted)
    }

    /// The lowest free place in `ram` or `rom`.
    pub(super) fn lowest_memory(&self, wanted: &Wanted) -> Option<u64> {
        self.lowest_in(&[&self.ram[..], &self.rom].concat(), wanted)
    }

    /// The highest free place in `ram`.
    pub(super) fn highest(&self, wanted: &Wanted) -> Option<u64> {
        let before = self.taken().filter_map(|(first, _)| first.checked_sub(1));
        let ends = self.ram.iter().map(|(_, last)| *last).chain(before).chain([wanted.last]);
        // A length is not 0.
        let starts = ends.filter_map(|end| end.checked_sub(wanted.length.saturating_sub(1)));
        let aligned =
            starts.filter_map(|start| start.checked_sub(start.checked_rem(wanted.align)?));
        aligned.filter(|start| self.is_free(&self.ram, wanted, *start)).max()
    }

    /// Whether this range is `ram` and free.
    pub(super) fn is_free_ram(&self, start: u64, length: u64) -> bool {
        let wanted = Wanted { length, align: 1, first: 0, last: u64::MAX };
        length > 0 && self.is_free(&self.ram, &wanted, start)
    }

    fn lowest_in(&self, memory: &[Range], wanted: &Wanted) -> Option<u64> {
        let behind = self.taken().filter_map(|(_, last)| last.checked_add(1));
        let starts = memory.iter().map(|(first, _)| *first).chain(behind).chain([wanted.first]);
        let aligned = starts.filter_map(|start| start.checked_next_multiple_of(wanted.align));
        aligned.filter(|start| self.is_free(memory, wanted, *start)).min()
    }

    fn is_free(&self, memory: &[Range], wanted: &Wanted, start: u64) -> bool {
        let inside = |end: &u64| start >= wanted.first && *end <= wanted.last;
        let end = start.checked_add(wanted.length.saturating_sub(1)).filter(inside);
        end.is_some_and(|end| {
            self.taken().all(|(first, last)| end < first || last < start)
                && covers(memory, start, end)
        })
    }

    fn taken(&self) -> impl Iterator<Item = Range> {
        [&self.reserved, &self.loaded, &self.tables].into_iter().flatten().copied()
    }
}

/// The last address of a range; a length is not 0.
pub(super) fn last(first: u64, length: u64) -> u64 {
    first.saturating_add(length.saturating_sub(1))
}

/// Whether these ranges have all addresses between two.
fn covers(ranges: &[Range], mut first: u64, end: u64) -> bool {
    while let Some((_, last)) =
        ranges.iter().find(|(start, last)| (*start..=*last).contains(&first))
    {
        match last.checked_add(1) {
            Some(next) if *last < end => first = next,
            _ => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            ram: vec![(0x1000, 0x1fff), (0x2000, 0x4fff), (0x8000, 0xffff)],
            rom: vec![(0x10000, 0x10fff)],
            reserved: vec![(0x3000, 0x3fff)],
            loaded: vec![(0x8000, 0x8010)],
            tables: vec![(0xf000, 0xffff)],
        }
    }

    fn wanted(length: u64, align: u64, first: u64, last: u64) -> Wanted {
        Wanted { length, align, first, last }
    }

    #[test]
    fn the_lowest_place() {
        let lowest = |wanted| places().lowest(&wanted);
        assert_eq!(lowest(wanted(0x2000, 0x1000, 0, u64::MAX)), Some(0x1000));
        assert_eq!(lowest(wanted(0x2001, 0x1000, 0, u64::MAX)), Some(0x9000));
        assert_eq!(lowest(wanted(0x2001, 1, 0, u64::MAX)), Some(0x8011));
        assert_eq!(lowest(wanted(0x1000, 0x1000, 0x1001, u64::MAX)), Some(0x2000));
        assert_eq!(lowest(wanted(0x800, 1, 0x1801, u64::MAX)), Some(0x1801));
        assert_eq!(lowest(wanted(0x1000, 0x1000, 0x3000, 0x4fff)), Some(0x4000));
        assert_eq!(lowest(wanted(0x1000, 0x1000, 0x3000, 0x4ffe)), None);
        assert_eq!(lowest(wanted(0x7000, 0x1000, 0, u64::MAX)), None);
    }

    #[test]
    fn the_lowest_place_in_any_memory() {
        let wanted = wanted(0x10, 0x10, 0xf000, u64::MAX);
        assert_eq!(places().lowest(&wanted), None);
        assert_eq!(places().lowest_memory(&wanted), Some(0x10000));
    }

    #[test]
    fn the_highest_place() {
        let highest = |wanted| places().highest(&wanted);
        assert_eq!(highest(wanted(0x1000, 0x1000, 0, u64::MAX)), Some(0xe000));
        assert_eq!(highest(wanted(0x1001, 0x1000, 0, u64::MAX)), Some(0xd000));
        assert_eq!(highest(wanted(0x1000, 0x1000, 0, 0xe000)), Some(0xd000));
        assert_eq!(highest(wanted(0x1000, 0x1000, 0, 0x8fff)), Some(0x4000));
        assert_eq!(highest(wanted(0x1001, 1, 0, 0x8fff)), Some(0x1fff));
        assert_eq!(highest(wanted(0x8000, 1, 0, u64::MAX)), None);
    }

    #[test]
    fn free_ram() {
        let places = places();
        assert!(places.is_free_ram(0x1000, 0x2000));
        assert!(!places.is_free_ram(0x1000, 0x2001));
        assert!(!places.is_free_ram(0x10000, 1) && !places.is_free_ram(0x1000, 0));
        assert!(!places.is_free_ram(u64::MAX, 2));
    }

    #[test]
    fn up_to_the_end_of_memory() {
        let first = u64::MAX - 0xfff;
        let places = Places { ram: vec![(first, u64::MAX)], ..Places::default() };
        let all = wanted(0x1000, 0x1000, 0, u64::MAX);
        assert_eq!((places.lowest(&all), places.highest(&all)), (Some(first), Some(first)));
        assert_eq!(places.lowest(&Wanted { length: 0x1001, ..all }), None);
    }
}
