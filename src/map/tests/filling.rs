//! How full leaves become.

use super::super::leaf::SLOTS;
use super::super::rebalance::{MERGE_BELOW, Neighbour, RESERVE, Sizes, TARGET, choose_neighbour};
use super::*;

/// Adds regions one by one. Returns the mean number of regions of a leaf in the end.
fn regions_a_leaf(order: impl IntoIterator<Item = u64>) -> usize {
    let map = Map::new();
    for n in order {
        let mut draft = map.draft();
        put_in(&mut draft, nth(n, 1)).unwrap();
        super::commit(draft);
    }
    map.draft().check_all();
    all(&map).len() / map.draft().leaves()
}

/// Without sharing, it would be 44 in random order, and 32 in descending order.
#[test]
fn leaves_of_a_map_that_grew_are_three_quarters_full() {
    let at_random = regions_a_leaf(Random(1).order(10_000));
    assert!(at_random >= SLOTS * 3 / 4, "{at_random}");
    let (up, down) = (regions_a_leaf(0..10_000), regions_a_leaf((0..10_000).rev()));
    assert!(up >= TARGET - 1 && down >= SLOTS * 3 / 4, "{up}, {down}");
}

/// The same in one change.
#[test]
fn leaves_of_a_batch_are_three_quarters_full() {
    let map = Map::new();
    put_all(&map, Random(1).order(10_000).into_iter().map(|n| nth(n, 1)));
    assert!(all(&map).len() / map.draft().leaves() >= SLOTS * 3 / 4);
}

/// Tries any number of regions between any two neighbours.
#[test]
fn a_neighbour_is_chosen_where_one_has_room() {
    for total in 0..3 * SLOTS {
        for (left, right) in
            (0..=SLOTS).flat_map(|left| (1..=SLOTS).map(move |right| (left, right)))
        {
            let left = (left > 0).then_some(left);
            for right in [Some(right), None] {
                assert_helps(total, SLOTS, left, right);
                assert_helps(total, SLOTS - RESERVE, left, right);
            }
        }
    }
}

fn assert_helps(total: usize, limit: usize, left: Option<usize>, right: Option<usize>) {
    let fewest = left.into_iter().chain(right).min();
    let chosen =
        choose_neighbour(total, limit, left, right, true).and_then(|neighbour| match neighbour {
            Neighbour::Left => left,
            Neighbour::Right => right,
        });
    let expected = match total {
        ..MERGE_BELOW => fewest,
        _ if total <= limit => None,
        _ => fewest.filter(|fewest| total + fewest <= 2 * TARGET),
    };
    assert_eq!(chosen, expected, "{total} between {left:?} and {right:?}");
    if total > limit {
        assert_eq!(choose_neighbour(total, limit, left, right, false), None);
    }
    // The neighbour's leaf and one more are enough for all regions.
    let leaves = Sizes::new(total + chosen.unwrap_or(0), limit, false).leaves;
    assert!(chosen.is_none() || leaves <= 2);
}

/// The leaves get all regions, and no leaf gets none or too many.
#[test]
fn regions_are_distributed_evenly() {
    for total in 0..20 * SLOTS {
        for (limit, at_end) in
            [(SLOTS, false), (SLOTS, true), (SLOTS - RESERVE, false), (SLOTS - RESERVE, true)]
        {
            let sizes = Sizes::new(total, limit, at_end);
            let each: Vec<usize> = (0..sizes.leaves).map(|leaf| sizes.of(leaf)).collect();
            assert_eq!(each.iter().sum::<usize>(), total);
            assert!(each.iter().all(|size| (1..=SLOTS).contains(size)), "{total}: {each:?}");
        }
    }
}

/// Leaves keep room for regions that are split.
#[test]
fn leaves_keep_room() {
    const LEAVES: u64 = 20;
    let map = filled(LEAVES * TARGET as u64);
    let leaves = || map.draft().leaves() as u64;
    assert_eq!(leaves(), LEAVES);
    let first = LEAVES / 2 * TARGET as u64;
    let between = |n: u64| region((first + n) * 16 + 10, (first + n) * 16 + 12, 2);
    (0..4).for_each(|n| put(&map, between(n)));
    let inside = |n: u64| region((first + n) * 16 + 2, (first + n) * 16 + 3, 2);
    for cut in [inside(0), inside(1)] {
        put(&map, cut);
    }
    assert_eq!(leaves(), LEAVES, "what is cut fits");
    for whole in [nth(first, 1), nth(first + 1, 1)] {
        put(&map, whole);
    }
    put(&map, between(4));
    assert_eq!(leaves(), LEAVES + 1, "what is added does not");
}
