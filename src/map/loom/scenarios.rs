//! The scenarios, and the results that each may have.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::super::gate::PUBLISH;
use super::super::hint::Hint;
use super::{Model, OTHER, SOUGHT, explore, spawn};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;

#[test]
fn a_leaf_published_in_place_is_seen_whole() {
    explore([(SOUGHT, 0), (SOUGHT, 1)], |model| {
        let writer = spawn(&model, |model| {
            model.reuse.start_writing();
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
        });
        let seen = model.lookup(0);
        writer.join().unwrap();
        seen
    });
}

#[test]
fn a_published_root_is_seen_whole() {
    explore([(SOUGHT, 0), (SOUGHT, 1)], |model| {
        let writer = spawn(&model, |model| {
            model.reuse.start_writing();
            model.write(1, SOUGHT, 1);
            model.places[1][0].store(1, Relaxed); // no reader can see it yet
            model.publish_root(1);
        });
        let seen = model.lookup(0);
        writer.join().unwrap();
        seen
    });
}

/// The leaf that a reader is in is replaced, and reused for another key.
#[test]
fn a_leaf_used_again_is_not_taken_for_its_old_self() {
    explore([(SOUGHT, 0), (SOUGHT, 1)], |model| {
        let writer = spawn(&model, |model| {
            model.reuse.start_writing();
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
            model.reuse.announce(|| {});
            model.reuse.start_writing();
            model.write(0, OTHER, 2);
        });
        let seen = model.lookup(0);
        writer.join().unwrap();
        seen
    });
}

/// The memory of a free leaf is given back to the system, and is zero from then on.
#[test]
fn a_leaf_given_back_to_the_system_is_not_seen() {
    explore([(SOUGHT, 0), (SOUGHT, 1)], |model| {
        let writer = spawn(&model, |model| {
            model.reuse.start_writing();
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
            model.reuse.announce(|| model.write(0, 0, 0));
        });
        let seen = model.lookup(0);
        writer.join().unwrap();
        seen
    });
}

/// The root that a reader is in is replaced, filled with other leaves and published again.
#[test]
fn a_root_used_again_is_not_taken_for_its_old_self() {
    explore([(SOUGHT, 0), (SOUGHT, 1)], |model| {
        let writer = spawn(&model, |model| {
            model.reuse.start_writing();
            model.write(1, SOUGHT, 1);
            model.places[1][0].store(1, PUBLISH);
            model.publish_root(1);
            model.reuse.announce(|| {});
            model.reuse.start_writing();
            model.write(2, OTHER, 2);
            model.places[0][0].store(2, PUBLISH);
            model.places[0][1].store(1, PUBLISH);
        });
        let seen = model.lookup(0);
        writer.join().unwrap();
        seen
    });
}

/// One writer announces that a leaf will be reused, and the next writer reuses it.
#[test]
fn an_announcement_counts_for_the_writers_after_it() {
    explore([(SOUGHT, 0), (SOUGHT, 1)], |model| {
        let change = |model: &Model| {
            let mut free = model.free_leaves.lock().unwrap();
            model.reuse.start_writing();
            match free.pop() {
                Some(leaf) => model.write(leaf, OTHER, 2),
                None => {
                    model.write(1, SOUGHT, 1);
                    model.publish_leaf(0, 0, 1);
                    model.reuse.announce(|| free.push(0));
                }
            }
        };
        let writers = [spawn(&model, change), spawn(&model, change)];
        let seen = model.lookup(0);
        let [one, other] = writers;
        one.join().unwrap();
        other.join().unwrap();
        seen
    });
}

/// A thread that learns of a new version from another thread does not use its old hint.
#[test]
fn a_hint_is_not_older_than_what_another_thread_saw() {
    explore([(0, false), (1, false), (1, true)], |model| {
        let told = Arc::new(AtomicBool::new(false));
        let hint = Hint::new();
        assert_eq!(model.lookup_hinted(&hint), 0);
        let writer = spawn(&model, |model| {
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
        });
        let tell = told.clone();
        let other = spawn(&model, move |model| {
            if model.lookup(0).1 == 1 {
                tell.store(true, Release);
            }
        });
        let told = told.load(Acquire);
        let seen = model.lookup_hinted(&hint);
        writer.join().unwrap();
        other.join().unwrap();
        (seen, told)
    });
}

/// The versions that one thread sees, with and without a hint, never go back.
#[test]
fn a_hint_is_not_older_than_what_this_thread_saw() {
    explore([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]], |model| {
        let writer = spawn(&model, |model| {
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
        });
        let hint = Hint::new();
        let first = model.lookup_hinted(&hint);
        let second = model.lookup(0).1;
        let third = model.lookup_hinted(&hint);
        writer.join().unwrap();
        [first, second, third]
    });
}

/// A batch changes both slots by a new root.
#[test]
fn a_batch_is_never_seen_half() {
    explore([None, Some((0, 0)), Some((1, 1))], |model| {
        let writer = spawn(&model, |model| {
            model.write(1, SOUGHT, 1);
            model.places[1][0].store(1, PUBLISH);
            model.places[1][1].store(1, PUBLISH);
            model.publish_root(1);
        });
        let query = || (model.lookup(0).1, model.lookup(1).1);
        let seen = model.version.snapshot(query);
        writer.join().unwrap();
        seen
    });
}

/// Two changes, each of its own leaf: no version has the second one only.
#[test]
fn changes_are_seen_in_their_order() {
    explore([None, Some((0, 0)), Some((1, 0)), Some((1, 1))], |model| {
        let writer = spawn(&model, |model| {
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
            model.publish_leaf(0, 1, 1);
        });
        let query = || (model.lookup(0).1, model.lookup(1).1);
        let seen = model.version.snapshot(query);
        writer.join().unwrap();
        seen
    });
}

/// A query has pinned the root, or not yet, when both slots change, one after the other.
#[test]
fn a_pinned_root_stays_as_it_is() {
    explore([[0, 0], [1, 0], [1, 1]], |model| {
        let writer = spawn(&model, |model| {
            for place in 0..2 {
                let _only_writer = model.free_leaves.lock().unwrap();
                if place == 0 {
                    model.write(1, SOUGHT, 1);
                }
                model.replace_leaf(place, 1);
            }
        });
        let seen = model.look_at_pinned().map(|(_, value)| value);
        writer.join().unwrap();
        seen
    });
}

/// A change replaces a leaf, which is freed by the first commit that finds it in no pinned root, and
/// used by the change after that one. The result tells whether it was used at all.
#[test]
fn a_leaf_of_a_pinned_root_is_not_used_again() {
    let old = (SOUGHT, 0);
    let new = (SOUGHT, 1);
    let results = [[old, old], [new, old]].map(|seen| [(seen, false), (seen, true)]);
    let last = (([new, (OTHER, 2)]), true);
    explore(results.into_iter().flatten().chain([last]), |model| {
        let writer = spawn(&model, |model| {
            let mut used = false;
            for change in 0..3 {
                let mut free = model.free_leaves.lock().unwrap();
                model.reuse.start_writing();
                match (change, free.pop()) {
                    (0, _) => {
                        model.write(1, SOUGHT, 1);
                        model.write(2, SOUGHT, 0);
                        model.replace_leaf(0, 1);
                        model.replace_leaf(1, 2);
                    }
                    (_, None) if change == 1 && !model.pin.is_set() => free.push(0),
                    (_, Some(leaf)) => {
                        model.write(leaf, OTHER, 2);
                        model.replace_leaf(1, leaf);
                        used = true;
                    }
                    _ => {}
                }
            }
            used
        });
        let seen = model.look_at_pinned();
        (seen, writer.join().unwrap())
    });
}

/// The first leaf gets a value, then the second one changes. No reader may find the change in the
/// second leaf, because the value in the first leaf comes before it.
#[test]
fn a_look_at_two_leaves_sees_one_state() {
    explore([(1, 0), (0, 1)], |model| {
        let writer = spawn(&model, |model| {
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
            model.publish_leaf(0, 1, 1);
        });
        let seen = model.look_at_two();
        writer.join().unwrap();
        seen
    });
}

/// The same, and then the first slot gets its first leaf again, with the same content.
#[test]
fn a_look_at_two_leaves_is_not_deceived_by_one_that_comes_back() {
    explore([(1, 0), (0, 1)], |model| {
        let writer = spawn(&model, |model| {
            model.reuse.start_writing();
            model.write(1, SOUGHT, 1);
            model.write(2, SOUGHT, 0);
            model.publish_leaf(0, 0, 1);
            model.publish_leaf(0, 1, 1);
            model.publish_leaf(0, 1, 2);
            model.reuse.announce(|| {});
            model.write(0, SOUGHT, 0);
            model.publish_leaf(0, 0, 0);
        });
        let seen = model.look_at_two();
        writer.join().unwrap();
        seen
    });
}

/// Two changes. The second one reuses the leaf that the first one replaced.
#[test]
fn what_a_thread_sees_never_goes_back() {
    let values = || 0..=2_u64;
    let ascending = values()
        .flat_map(|a| values().flat_map(move |b| values().map(move |c| [a, b, c])))
        .filter(|seen| seen.is_sorted());
    explore(ascending, |model| {
        let writer = spawn(&model, |model| {
            model.reuse.start_writing();
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
            model.reuse.announce(|| {});
            model.reuse.start_writing();
            model.write(0, SOUGHT, 2);
            model.publish_leaf(0, 0, 0);
        });
        let hint = Hint::new();
        let seen = [model.lookup_hinted(&hint), model.lookup_hinted(&hint), model.lookup(0).1];
        writer.join().unwrap();
        seen
    });
}
