//! Queries that see one version of a map that does not stop changing.

use super::super::alloc::failing;
use super::super::pool::PinnedRoot;
use super::super::snapshot::Snapshot;
use super::*;
use core::cell::Cell;
use core::time::Duration;

/// Several hundred leaves.
const REGIONS: u64 = 10_000;
const COUNT: usize = 10_000;

fn pin(map: &Map) -> Option<PinnedRoot<'_>> {
    map.pool.pin_within(Duration::ZERO)
}

/// All regions that a query sees.
fn seen(map: &Snapshot<'_>) -> Vec<Region> {
    let after = |region: &Region| map.lookup_from(region.range.last().next()?);
    // A version that does not stay as it is may have no end.
    std::iter::successors(map.lookup_from(Location::ZERO), after).take(2 * COUNT).collect()
}

/// The same, from the end.
fn seen_backwards(map: &Snapshot<'_>) -> Vec<Region> {
    let before = |region: &Region| map.lookup_to(region.range.first().previous()?);
    std::iter::successors(map.lookup_to(Location::MAX), before).take(2 * COUNT).collect()
}

fn cookies(regions: &[Region]) -> Vec<u32> {
    let mut cookies: Vec<u32> = regions.iter().map(|region| region.cookie).collect();
    cookies.dedup();
    cookies
}

/// The query itself makes the changes that disturb it, so that each of its runs is disturbed. It
/// could not make them if it kept the writer out.
#[test]
fn a_query_ends_though_changes_do_not() {
    for regions in [3, REGIONS] {
        let (map, runs) = (filled(regions), Cell::new(0));
        let (before, after) = map.snapshot(|view| {
            runs.set(runs.get() + 1);
            let before = seen(view);
            put(&map, nth(regions - 1, 1000 + runs.get()));
            put(&map, nth(0, 1 + runs.get()));
            put(&map, nth(regions, 1));
            put(&map, nth(regions, 0));
            (before, seen(view))
        });
        assert!((2..=9).contains(&runs.get()), "{} runs", runs.get());
        assert_eq!(before, after);
        assert_eq!(before.first().unwrap().cookie, runs.get());
        assert_eq!(lookup(&map, 0).unwrap().cookie, runs.get() + 1);
    }
}

/// Each change replaces all regions. The last one deletes them.
#[test]
fn a_pinned_version_survives_any_changes() {
    let map = filled(REGIONS);
    let all_before = all(&map);
    let pinned = pin(&map).unwrap();
    for cookie in [2, 3, 4, 5, 0] {
        put_all(&map, (0..REGIONS).map(|n| nth(n, cookie)));
        assert_eq!(seen(&Snapshot::pinned(pinned.root())), all_before);
        let mut backwards = seen_backwards(&Snapshot::pinned(pinned.root()));
        backwards.reverse();
        assert_eq!(backwards, all_before);
    }
    assert_eq!(all(&map), []);
    drop(pinned);
    fill(&map, REGIONS);
    assert_eq!(cookies(&all(&map)), [1]);
}

#[test]
fn a_map_that_was_never_changed_can_be_pinned() {
    let map = Map::new();
    let pinned = pin(&map).unwrap();
    put(&map, nth(0, 1));
    assert_eq!(seen(&Snapshot::pinned(pinned.root())), []);
    assert_eq!(all(&map), [nth(0, 1)]);
}

/// However much changes meanwhile, a pinned version keeps no more nodes than it has.
#[test]
fn a_pinned_version_costs_at_most_one_more_map() {
    let map = filled(REGIONS);
    let round = |cookie| (0..REGIONS).for_each(|n| change(&map, nth(n, cookie)));
    round(2);
    round(3);
    let Some(before) = map.draft().resident() else { return };
    let pinned = pin(&map).unwrap();
    (4..10).for_each(round);
    map.draft().check_all();
    let during = map.draft().resident().unwrap();
    assert!(during <= before * 5 / 2, "{during} bytes, {before} before");
    assert_eq!(cookies(&seen(&Snapshot::pinned(pinned.root()))), [3]);
    drop(pinned);
    change(&map, region(0, u64::MAX, 0));
    let after = map.draft().resident().unwrap();
    assert!(after <= before / 2, "{after} bytes, {before} before");
}

/// As `put`, without the check, which takes long.
fn change(map: &Map, new: Region) {
    let mut draft = map.draft();
    put_in(&mut draft, new).unwrap();
    super::commit(draft);
}

#[test]
fn one_version_is_pinned_at_a_time() {
    let map = filled(REGIONS);
    let pinned = pin(&map).unwrap();
    assert!(pin(&map).is_none());
    put_all(&map, (0..REGIONS).map(|n| nth(n, 2)));
    drop(pinned);
    // Nodes of the first version wait for the next change.
    assert!(pin(&map).is_none());
    put(&map, nth(0, 3));
    let pinned = pin(&map).unwrap();
    put(&map, nth(0, 4));
    assert_eq!(Snapshot::pinned(pinned.root()).lookup_from(Location::ZERO), Some(nth(0, 3)));
}

#[test]
fn nothing_is_pinned_while_a_draft_is_open() {
    let map = filled(REGIONS);
    let mut draft = map.draft();
    put_in(&mut draft, nth(3, 2)).unwrap();
    assert!(pin(&map).is_none());
    assert_eq!(cookies(&map.snapshot(seen)), [1]);
}

/// A change in one leaf needs another root, because the pinned one stays.
#[test]
fn a_change_beside_a_pinned_version_can_lack_memory() {
    let map = filled(REGIONS);
    let pinned = pin(&map).unwrap();
    let mut allocations = 0;
    loop {
        let mut draft = map.draft();
        let (done, failed) = failing::after(allocations, || put_in(&mut draft, nth(3, 2)));
        if failed == 0 {
            assert_eq!(done, Ok(true));
            super::commit(draft);
            break;
        }
        assert_eq!(done, Err(OutOfMemory));
        drop(draft);
        map.draft().check_all();
        assert_eq!(cookies(&all(&map)), [1]);
        allocations += 1;
    }
    assert!(allocations >= 2, "{allocations}");
    assert_eq!(cookies(&all(&map)), [1, 2, 1]);
    assert_eq!(cookies(&seen(&Snapshot::pinned(pinned.root()))), [1]);
}
