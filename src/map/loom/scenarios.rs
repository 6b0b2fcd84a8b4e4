//! What may happen at the gate, and what may come of it.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::super::gate::{FOLLOW, PUBLISH};
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
            model.places[1][0].store(1, Relaxed); // as nobody can see it yet
            model.publish_root(1);
        });
        let seen = model.lookup(0);
        writer.join().unwrap();
        seen
    });
}

/// The leaf that a reader is at is replaced, and becomes the leaf of something else.
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

/// The system takes the memory of a free leaf, which is zero from then on.
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

/// The root that a reader is at is replaced, filled with other leaves and published again.
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

/// One writer announces that a leaf is used again, the next one does it.
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

/// A thread that knows from another one that there is a new state does not use its old hint.
#[test]
fn a_hint_is_not_older_than_what_another_thread_saw() {
    explore([(0, false), (1, false), (1, true)], |model| {
        let told = Arc::new(AtomicBool::new(false));
        let mut hint = None;
        assert_eq!(model.lookup_hinted(&mut hint), 0);
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
        let seen = model.lookup_hinted(&mut hint);
        writer.join().unwrap();
        other.join().unwrap();
        (seen, told)
    });
}

/// What one thread sees, by itself and by a hint that it takes at any moment, never goes back.
#[test]
fn a_hint_is_not_older_than_what_this_thread_saw() {
    explore([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]], |model| {
        let writer = spawn(&model, |model| {
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
        });
        let mut hint = None;
        let first = model.lookup_hinted(&mut hint);
        let second = model.lookup(0).1;
        let third = model.lookup_hinted(&mut hint);
        writer.join().unwrap();
        [first, second, third]
    });
}

/// A batch changes both places by a new root.
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
        let seen = model.version.snapshot(1, query);
        writer.join().unwrap();
        seen
    });
}

/// Two changes, each of a leaf of its own: there is no state with the second one only.
#[test]
fn changes_are_seen_in_their_order() {
    explore([None, Some((0, 0)), Some((1, 0)), Some((1, 1))], |model| {
        let writer = spawn(&model, |model| {
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
            model.publish_leaf(0, 1, 1);
        });
        let query = || (model.lookup(0).1, model.lookup(1).1);
        let seen = model.version.snapshot(1, query);
        writer.join().unwrap();
        seen
    });
}

/// As `Map::snapshot`: in the end the writer is kept out.
#[test]
fn a_query_that_keeps_the_writer_out_sees_one_state() {
    explore([(0, 0), (1, 0), (1, 1)], |model| {
        let writer = spawn(&model, |model| {
            for place in 0..2 {
                let _only_writer = model.free_leaves.lock().unwrap();
                model.write(1, SOUGHT, 1);
                model.publish_leaf(0, place, 1);
            }
        });
        let query = || (model.lookup(0).1, model.lookup(1).1);
        let seen = model.version.snapshot(1, query).unwrap_or_else(|| {
            let _no_change = model.free_leaves.lock().unwrap();
            query()
        });
        writer.join().unwrap();
        seen
    });
}

/// As `first_from` of the map: what is in the first place, if it is not 0, else what is in the
/// second one.
fn look_at_two(model: &Model) -> (usize, u64) {
    model.reuse.read(|| {
        let root = model.root.load(FOLLOW);
        loop {
            let first = model.places[root][0].load(FOLLOW);
            let found = model.words(first).1;
            if found != 0 {
                return (0, found);
            }
            let second = model.places[root][1].load(FOLLOW);
            let found = model.words(second).1;
            if model.places[root][0].load(FOLLOW) == first {
                return (1, found);
            }
        }
    })
}

/// Something comes into the first leaf, then the second one changes. Nobody may find the change in
/// the second leaf, because what is in the first one comes before it.
#[test]
fn a_look_at_two_leaves_sees_one_state() {
    explore([(1, 0), (0, 1)], |model| {
        let writer = spawn(&model, |model| {
            model.write(1, SOUGHT, 1);
            model.publish_leaf(0, 0, 1);
            model.publish_leaf(0, 1, 1);
        });
        let seen = look_at_two(&model);
        writer.join().unwrap();
        seen
    });
}

/// The same, and then the first place gets its first leaf again, with the same content.
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
        let seen = look_at_two(&model);
        writer.join().unwrap();
        seen
    });
}

/// Two changes, the second of which uses a leaf again that the first one replaced.
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
        let mut hint = None;
        let seen =
            [model.lookup_hinted(&mut hint), model.lookup_hinted(&mut hint), model.lookup(0).1];
        writer.join().unwrap();
        seen
    });
}
