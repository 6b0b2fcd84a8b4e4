//! Allocations fail, at any moment of a change.

use super::super::alloc::failing;
use super::*;

/// Makes changes in one draft, up to the first allocation that fails.
fn try_all(map: &Map, changes: &[Region]) -> Result<(), OutOfMemory> {
    let mut draft = map.draft();
    for change in changes {
        put_in(&mut draft, *change)?;
    }
    super::commit(draft);
    Ok(())
}

/// Makes changes with no allocation succeeding, then one, then two, until all do. Checks that each
/// failure leaves the map as it was. Returns the number of failures.
fn fail_at_each(make: impl Fn() -> Map, changes: &[Region]) -> usize {
    for allocations in 0.. {
        let map = make();
        let (before, version) = (all(&map), map.version.now());
        let (result, failed) = failing::after(allocations, || try_all(&map, changes));
        map.draft().check_all();
        if failed == 0 {
            assert_eq!(result, Ok(()));
            return allocations;
        }
        assert_eq!(result, Err(OutOfMemory));
        assert_eq!(all(&map), before);
        assert_eq!(map.version.now(), version);
        assert_eq!(try_all(&map, changes), Ok(()));
        assert_eq!(map.generation(), version / 2 + 1);
        map.draft().check_all();
    }
    unreachable!()
}

/// Regions between the others.
fn between(count: u64) -> Vec<Region> {
    (0..count).map(|n| region(n * 16 + 10, n * 16 + 12, 2)).collect()
}

#[test]
fn a_map_without_memory_stays_empty() {
    assert!(fail_at_each(Map::new, &[nth(0, 1)]) >= 8);
}

#[test]
fn a_change_in_place_needs_hardly_any_memory() {
    let failures = fail_at_each(|| filled(10), &[nth(3, 2)]);
    assert!(failures <= 1, "{failures}");
}

#[test]
fn a_batch_is_made_as_a_whole_or_not_at_all() {
    // Splits leaves, fills a segment, outgrows a root, deletes and merges.
    let mut changes = between(700);
    changes.push(region(100, 9000, 0));
    changes.push(nth(700, 7));
    assert!(fail_at_each(|| filled(13_900), &changes) >= 10);
}

#[test]
fn everything_can_be_deleted_without_much_memory() {
    let failures = fail_at_each(|| filled(6000), &[region(0, u64::MAX, 0)]);
    assert!(failures <= 6, "{failures}");
}

/// A map goes on working after several failures.
#[test]
fn failures_follow_each_other() {
    let map = filled(3000);
    for allocations in [0, 1, 2, 3, 5, 8] {
        let changes = between(2000 + allocations);
        let count = usize::try_from(allocations).unwrap();
        let (result, _) = failing::after(count, || try_all(&map, &changes));
        map.draft().check_all();
        if result.is_ok() {
            put(&map, region(0, 16 * 2999, 0));
        }
    }
    put_all(&map, between(100));
}
