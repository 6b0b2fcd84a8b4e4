//! A map that shrinks gives memory back to the system.

use super::*;

/// The bytes that even an empty map may keep.
const SPARE: usize = 256 << 10;

/// Makes changes to a map one by one. Afterwards it may have `percent` of its memory.
fn shrink(map: &Map, gone: impl IntoIterator<Item = Region>, percent: usize) {
    let Some(full) = map.draft().resident() else { return };
    for region in gone {
        let mut draft = map.draft();
        put_in(&mut draft, region).unwrap();
        super::commit(draft);
    }
    map.draft().check_all();
    let left = map.draft().resident().unwrap();
    assert!(left <= SPARE + full / 100 * percent, "{left} bytes of {full}");
}

/// Holes in place of regions.
fn holes(regions: impl IntoIterator<Item = u64>) -> impl Iterator<Item = Region> {
    regions.into_iter().map(|n| nth(n, 0))
}

fn regions() -> u64 {
    number_from("GASP_MODEL_STEPS", 10_000)
}

/// A map that was filled in random order.
fn grown(regions: u64) -> Map {
    let map = Map::new();
    for n in Random(1).order(regions) {
        let mut draft = map.draft();
        put_in(&mut draft, nth(n, 1)).unwrap();
        super::commit(draft);
    }
    map
}

#[test]
fn a_region_has_75_bytes() {
    for regions in [1000, regions()] {
        let map = grown(regions);
        let Some(full) = map.draft().resident() else { return };
        let bytes = full as u64 / regions;
        assert!(bytes <= 75, "{bytes} for each of {regions}");
    }
}

#[test]
fn memory_goes_back_when_all_is_deleted_at_once() {
    shrink(&filled(regions()), [region(0, u64::MAX, 0)], 1);
}

#[test]
fn memory_goes_back_when_all_is_deleted_in_order() {
    shrink(&grown(regions()), holes(0..regions()), 5);
}

#[test]
fn memory_goes_back_when_all_is_deleted_at_random() {
    shrink(&grown(regions()), holes(Random(2).order(regions())), 5);
}

#[test]
fn memory_goes_back_when_nine_tenths_are_deleted_at_random() {
    let most = Random(2).order(regions()).into_iter().filter(|n| n % 10 != 0);
    shrink(&grown(regions()), holes(most), 40);
}

/// Memory that was given back can be used again.
#[test]
fn a_map_that_shrank_can_grow() {
    let map = filled(regions());
    let full = map.draft().resident();
    put(&map, region(0, u64::MAX, 0));
    fill(&map, regions());
    assert!(all(&map).into_iter().eq((0..regions()).map(|n| nth(n, 1))));
    assert!(map.draft().resident() <= full.map(|full| full / 4 * 5));
}
