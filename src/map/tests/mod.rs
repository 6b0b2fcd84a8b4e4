//! The map compared with a simple model, at its limits, without memory, and with readers.
//!
//! `GASP_MODEL_STEPS=n` sets the number of steps of the random tests, and `GASP_ROUNDS=n` the
//! number of rounds of each reader beside the writer.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test

mod failures;
mod filling;
mod limits;
mod memory;
mod naive;
mod pinned;
mod readers;

use super::{Draft, Hint, Map};
use crate::sys::failure::OutOfMemory;
use crate::value::flags::Flags;
use crate::value::range::{Location, Range};
use crate::value::region::{Region, Vdev};

fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

fn range(first: u64, last: u64) -> Range {
    Range::from_ends(Location::new(first), Location::new(last)).unwrap()
}

/// A region. Different cookies keep neighbours from merging.
fn region(first: u64, last: u64, cookie: u32) -> Region {
    let flags = Flags::from_input(3).unwrap();
    Region { range: range(first, last), flags, cookie, vdev: Vdev(0), host: 0 }
}

/// The n-th of many regions that do not touch each other.
fn nth(n: u64, cookie: u32) -> Region {
    region(n * 16, n * 16 + 7, cookie)
}

/// Sets a region in a map. Cookie 0 makes a hole.
fn put(map: &Map, new: Region) {
    put_all(map, [new]);
}

/// Makes all changes in one draft, and checks the map.
fn put_all(map: &Map, new: impl IntoIterator<Item = Region>) {
    let mut draft = map.draft();
    for new in new {
        put_in(&mut draft, new).unwrap();
    }
    commit(draft);
    map.draft().check_all();
}

fn put_in(draft: &mut Draft<'_>, new: Region) -> Result<bool, OutOfMemory> {
    let window = draft.window(&new.range.with_neighbours());
    let mut result = Vec::new();
    let old: Vec<Region> = draft.regions(&window).collect();
    let below = old.iter().filter_map(|one| one.cut(&one.range.below(new.range.first())?));
    let above = old.iter().filter_map(|one| one.cut(&one.range.above(new.range.last())?));
    let new = (new.cookie != 0).then_some(new);
    for region in below.chain(new).chain(above) {
        assert!(region.append_to(&mut result));
    }
    draft.splice(&window, &result)
}

/// A map with this many regions, made by one splice.
fn filled(regions: u64) -> Map {
    let map = Map::new();
    fill(&map, regions);
    map
}

fn fill(map: &Map, regions: u64) {
    let all: Vec<Region> = (0..regions).map(|n| nth(n, 1)).collect();
    let mut draft = map.draft();
    let window = draft.window(&range(0, u64::MAX));
    draft.splice(&window, &all).unwrap();
    commit(draft);
    map.draft().check_all();
}

/// All regions, found one after the other.
fn all(map: &Map) -> Vec<Region> {
    let after = |region: &Region| map.lookup_from(region.range.last().next()?);
    std::iter::successors(map.lookup_from(Location::ZERO), after).collect()
}

fn lookup(map: &Map, at: u64) -> Option<Region> {
    map.lookup(Location::new(at))
}

/// A pseudo-random number generator (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ bits >> 31) % limit
    }

    /// The numbers below `count`, in random order.
    fn order(&mut self, count: u64) -> Vec<u64> {
        let mut order: Vec<u64> = (0..count).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(self.below(at as u64 + 1)).unwrap());
        }
        order
    }
}

/// Commits a draft, and closes it.
fn commit(mut draft: super::Draft<'_>) {
    draft.commit();
}
