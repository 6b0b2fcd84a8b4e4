//! The map against a naive one, and readers against a writer.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::{Hint, Map};
use crate::flags::Flags;
use crate::range::{Location, Range};
use crate::region::{Region, Vdev};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

fn range(first: u64, last: u64) -> Range {
    Range::from_ends(Location::new(first), Location::new(last)).unwrap()
}

/// A region whose cookie tells it from its neighbours.
fn region(first: u64, last: u64, cookie: u32) -> Region {
    let flags = Flags::from_input(3).unwrap();
    Region { range: range(first, last), flags, cookie, vdev: Vdev(0), host: 0 }
}

/// Puts a region into a map, or with cookie 0 a hole.
fn put(map: &Map, new: Region) {
    let mut draft = map.draft();
    put_in(&mut draft, new);
    draft.commit();
    drop(draft);
    map.draft().check_all();
}

fn put_in(draft: &mut super::Draft<'_>, new: Region) {
    let window = draft.window(&new.range.with_neighbours());
    let mut result = Vec::new();
    let old: Vec<Region> = draft.regions(&window).collect();
    let below = old.iter().filter_map(|one| one.cut(&one.range.below(new.range.first())?));
    let above = old.iter().filter_map(|one| one.cut(&one.range.above(new.range.last())?));
    let new = (new.cookie != 0).then_some(new);
    for region in below.chain(new).chain(above) {
        assert!(region.append_to(&mut result));
    }
    draft.splice(&window, &result).unwrap();
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
}

/// Random changes in a small space at `base`, against a map from location to cookie.
fn against_naive(base: u64, size: u64, longest: u64, seed: u64) {
    let map = Map::new();
    let mut naive = BTreeMap::new();
    let mut random = Random(seed);
    for _ in 0..3000 {
        let first = base + random.below(size);
        let last = first + random.below(longest).min(base + (size - 1) - first);
        #[allow(clippy::cast_possible_truncation)] // below 5
        let cookie = random.below(5) as u32;
        put(&map, region(first, last, cookie));
        for at in first..=last {
            naive.insert(at, cookie);
        }
        let at = base + random.below(size);
        let expected = naive.get(&at).copied().filter(|cookie| *cookie != 0);
        assert_eq!(map.lookup(Location::new(at)).map(|found| found.cookie), expected);
    }
    for at in (0..size).map(|offset| base + offset) {
        let expected = naive.get(&at).copied().filter(|cookie| *cookie != 0);
        assert_eq!(map.lookup(Location::new(at)).map(|found| found.cookie), expected);
    }
}

#[test]
fn equals_the_naive_map_at_0() {
    against_naive(0, 2000, 9, 1);
}

#[test]
fn equals_the_naive_map_at_the_top() {
    against_naive(u64::MAX - 1999, 2000, 9, 2);
}

#[test]
fn equals_the_naive_map_with_long_changes() {
    against_naive(1 << 32, 3000, 700, 3);
}

#[test]
fn single_locations_at_both_ends_are_found() {
    let map = Map::new();
    put(&map, region(0, 0, 1));
    put(&map, region(u64::MAX, u64::MAX, 2));
    assert_eq!(map.lookup(Location::ZERO).unwrap().cookie, 1);
    assert_eq!(map.lookup(Location::MAX).unwrap().cookie, 2);
    assert_eq!(map.lookup(Location::new(1)), None);
    assert_eq!(map.lookup_from(Location::new(1)).unwrap().cookie, 2);
}

#[test]
fn one_location_leaves_at_the_top_are_found() {
    let map = Map::new();
    for at in (0..200).map(|offset| u64::MAX - offset) {
        #[allow(clippy::cast_possible_truncation)] // cookies that differ
        put(&map, region(at, at, (at as u32) | 1 << 31));
    }
    for at in (0..200).map(|offset| u64::MAX - offset) {
        assert!(map.lookup(Location::new(at)).is_some(), "{at:#x}");
    }
}

#[test]
fn a_dropped_draft_changes_nothing() {
    let map = Map::new();
    (1..500).for_each(|at| put(&map, region(at * 16, at * 16 + 7, 1)));
    let generation = map.generation();
    let mut draft = map.draft();
    (1..500).for_each(|at| put_in(&mut draft, region(at * 16 + 4, at * 16 + 11, 2)));
    put_in(&mut draft, region(0, u64::MAX, 0));
    drop(draft);
    assert_eq!(map.generation(), generation);
    map.draft().check_all();
    assert!((1..500).all(|at| map.lookup(Location::new(at * 16 + 4)).unwrap().cookie == 1));
}

#[test]
fn a_change_that_changes_nothing_is_no_generation() {
    let map = Map::new();
    put(&map, region(16, 31, 1));
    let generation = map.generation();
    put(&map, region(20, 25, 1));
    put(&map, region(64, 99, 0));
    assert_eq!(map.generation(), generation);
}

#[test]
fn everything_can_be_deleted_at_once() {
    let map = Map::new();
    (0..5000).for_each(|at| put(&map, region(at * 16, at * 16 + 7, 1)));
    put(&map, region(0, u64::MAX, 0));
    assert_eq!(map.lookup_from(Location::ZERO), None);
    put(&map, region(7, 7, 1));
    assert!(map.lookup(Location::new(7)).is_some());
}

#[test]
fn roots_of_every_depth_are_searched_right() {
    let map = Map::new();
    let mut draft = map.draft();
    for at in 0..40_000 {
        put_in(&mut draft, region(at * 16, at * 16 + 7, 1));
    }
    draft.commit();
    drop(draft);
    map.draft().check_all();
    for at in 0..40_000 {
        assert_eq!(map.lookup(Location::new(at * 16 + 7)).unwrap().range.first().get(), at * 16);
        assert_eq!(map.lookup(Location::new(at * 16 + 8)), None);
    }
}

#[test]
fn a_hint_is_forgotten_after_a_change() {
    let map = Map::new();
    put(&map, region(16, 31, 1));
    let hint = Hint::new();
    let at = Location::new(20);
    assert_eq!(map.lookup_hinted(at, &hint).unwrap().cookie, 1);
    put(&map, region(16, 31, 2));
    assert_eq!(map.lookup_hinted(at, &hint).unwrap().cookie, 2);
    assert_eq!(map.lookup_hinted(at, &hint).unwrap().cookie, 2);
    assert_eq!(map.lookup_hinted(Location::new(99), &hint), None);
}

/// A writer that flips all cookies of a map at once, and splits and merges around them, beside
/// readers: every region that is found is one that some state had, and what a reader sees never
/// goes back.
#[test]
fn readers_see_published_states_only() {
    const REGIONS: u64 = 300;
    let rounds: u64 = std::env::var("GASP_ROUNDS").map_or(2000, |text| text.parse().unwrap());
    let map = Map::new();
    let done = AtomicBool::new(false);
    let fill = |round: u32| {
        let mut draft = map.draft();
        for at in 0..REGIONS {
            let (first, length) = (at * 64, 16 + u64::from(round % 3) * 8);
            put_in(&mut draft, region(first, first + 63, 0));
            put_in(&mut draft, region(first, first + length - 1, round));
        }
        draft.commit();
        drop(draft);
    };
    fill(1);
    std::thread::scope(|scope| {
        for seed in 0..2 {
            let (map, done) = (&map, &done);
            scope.spawn(move || read_until(map, done, REGIONS, Random(seed)));
        }
        for round in 2..rounds {
            #[allow(clippy::cast_possible_truncation)] // far below 2^32
            fill(round as u32);
        }
        done.store(true, Relaxed);
    });
    map.draft().check_all();
}

fn read_until(map: &Map, done: &AtomicBool, regions: u64, mut random: Random) {
    let mut newest = 0;
    let hint = Hint::new();
    while !done.load(Relaxed) {
        let first = random.below(regions) * 64;
        let found = map.lookup(Location::new(first + 3)).unwrap();
        let length = 16 + u64::from(found.cookie % 3) * 8;
        assert_eq!(found.range, range(first, first + length - 1), "{found:?}");
        assert!(found.cookie >= newest, "{} after {newest}", found.cookie);
        newest = found.cookie;
        let hinted = map.lookup_hinted(Location::new(first + 3), &hint).unwrap();
        assert!(hinted.cookie >= newest, "{} after {newest}", hinted.cookie);
        newest = hinted.cookie;
    }
}
