//! The limits of the space, of nodes and of counters.

use super::*;

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
    let top = || (0..200).map(|offset| u64::MAX - offset);
    #[allow(clippy::cast_possible_truncation)] // cookies that differ
    top().for_each(|at| put(&map, region(at, at, (at as u32) | 1 << 31)));
    assert!(top().all(|at| lookup(&map, at).is_some()));
}

#[test]
fn a_dropped_draft_changes_nothing() {
    let map = filled(500);
    let generation = map.generation();
    let mut draft = map.draft();
    for n in 1..500 {
        put_in(&mut draft, region(n * 16 + 4, n * 16 + 11, 2)).unwrap();
    }
    put_in(&mut draft, region(0, u64::MAX, 0)).unwrap();
    drop(draft);
    assert_eq!(map.generation(), generation);
    map.draft().check_all();
    assert!(all(&map).into_iter().eq((0..500).map(|n| nth(n, 1))));
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
    let map = filled(5000);
    put(&map, region(0, u64::MAX, 0));
    assert_eq!(map.lookup_from(Location::ZERO), None);
    put(&map, region(7, 7, 1));
    assert!(lookup(&map, 7).is_some());
}

#[test]
fn roots_of_every_depth_are_searched_right() {
    for regions in [1, 64, 65, 8 * 56, 8 * 56 + 1, 64 * 56, 64 * 56 + 1, 40_000] {
        let map = filled(regions);
        for n in 0..regions {
            let end = nth(n, 1).range.last().get();
            assert_eq!(lookup(&map, end), Some(nth(n, 1)));
            assert_eq!(lookup(&map, end + 1), None);
        }
    }
}

/// The root passes through five capacities and back.
#[test]
fn roots_grow_and_shrink() {
    let map = Map::new();
    let parts = |count: u64, part: u64| (0..count / part).map(move |n| n * part..(n + 1) * part);
    for part in parts(28_000, 700) {
        let last = part.end;
        put_all(&map, part.map(|n| nth(n, 1)));
        assert_eq!(lookup(&map, last * 16 - 9), Some(nth(last - 1, 1)));
        assert_eq!(map.lookup_from(Location::new(last * 16 - 8)), None);
    }
    for part in parts(28_000, 1400) {
        put_all(&map, part.map(|n| nth(27_999 - n, 0)));
    }
    assert_eq!(all(&map), []);
}

/// Leaves lose their regions one by one, and are merged with their neighbours.
#[test]
fn leaves_shrink_in_any_order() {
    const REGIONS: u64 = 300;
    for order in [(0..REGIONS).collect(), (0..REGIONS).rev().collect(), Random(5).order(REGIONS)] {
        let map = filled(REGIONS);
        for (gone, n) in (1..).zip(order) {
            put(&map, nth(n, 0));
            assert_eq!(lookup(&map, n * 16), None);
            assert_eq!(all(&map).len(), usize::try_from(REGIONS - gone).unwrap());
        }
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

/// Both counters wrap while hints are in use.
#[test]
fn counters_wrap() {
    let map = Map::old(u64::MAX - 2, u64::MAX - 5);
    let hint = Hint::new();
    let at = Location::new(20);
    for round in 1..100 {
        put(&map, region(16, 31, round));
        for _ in 0..2 {
            assert_eq!(map.lookup_hinted(at, &hint).unwrap().cookie, round);
            assert_eq!(map.lookup(at).unwrap().cookie, round);
            assert_eq!(map.snapshot(|map| map.lookup(at)).unwrap().cookie, round);
        }
    }
    assert!(map.version.now() < 200, "the version did not wrap");
    assert!(map.pool.reuse_epoch() < 100, "the announcements did not wrap");
    // 99 changes, of which three were counted before the wrap.
    assert_eq!(map.generation(), 96);
}

/// An empty hint has no answer, whatever the version.
#[test]
fn an_empty_hint_is_not_used() {
    let map = Map::old(0, 0);
    assert_eq!(map.lookup_hinted(Location::ZERO, &Hint::new()), None);
}
