//! Random changes: slots and map are equal after each, also after failures.

use super::counts::{BLIND, DELETE, Pages, RAM, ROM, TRAP, WATCH, regions};
use super::fake::{Followed, INJECTED, moves_to};
use gasp_abi::gasp_region;
use gasp_safe::{Guest, Space};

/// Pages that are changed.
const PAGES: u32 = 24;

/// A small generator (xorshift): the same changes for the same seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 >> 32).unwrap_or(0) % below
    }

    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        let count = u32::try_from(of.len()).unwrap_or(0);
        of[self.next(count) as usize]
    }

    fn range(&mut self) -> (u32, u32) {
        let (first, count) = (self.next(PAGES), 1 + self.next(6));
        (first, count.min(PAGES - first))
    }

    /// An element of a change. Host pages are chosen so that neighbours often continue, and the
    /// same memory often appears again elsewhere.
    fn element(&mut self) -> Pages {
        let (page, count) = self.range();
        let flags = self.one(&[RAM, RAM, RAM, ROM, TRAP, WATCH, BLIND, DELETE, DELETE]);
        let host = self.one(&[0x100, 0x100, 0x104, 0x200]) + self.one(&[page, page, 0]);
        (page.into(), count, flags, host.into())
    }

    /// Two blocks that swap places, or that move.
    fn exchange(&mut self) -> Vec<Pages> {
        let (one, other, count) = (self.next(8), 8 + self.next(8), 1 + self.next(6));
        let (here, there) = (0x300 + self.next(2), 0x400 + self.next(2));
        let (a, b) = (u64::from(one), u64::from(other));
        let removed = [(a, count, DELETE, 0), (b, count, DELETE, 0)];
        let added = [(a, count, RAM, there.into()), (b, count, RAM, here.into())];
        [removed, added].concat()
    }

    pub(super) fn change(&mut self) -> Vec<gasp_region> {
        let pages = match self.next(4) {
            0 => self.exchange(),
            1 => vec![self.element(), self.element(), self.element()],
            _ => vec![self.element()],
        };
        let mut change = regions(&pages);
        change[0].cookie = self.next(3);
        change
    }
}

/// `GASP_VM_STEPS`, or a small number.
fn steps() -> u32 {
    std::env::var("GASP_VM_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(5000)
}

/// The fewest possible ioctls between two sets of slots: an unchanged slot costs nothing, a moved
/// one costs one.
fn fewest(before: &Followed<'_>, change: &[gasp_region]) -> (u32, u32) {
    let old: Vec<_> = before.fake.slots().into_values().collect();
    let result = before.guest.set(change);
    let mut removed: Vec<_> = old.clone();
    let mut added: Vec<_> = before.fake.slots().into_values().collect();
    removed.retain(|area| !before.fake.slots().values().any(|new| new == area));
    added.retain(|area| !old.contains(area));
    let mut moves = 0;
    for area in &added {
        if let Some(place) = removed.iter().position(|old| moves_to(old, area)) {
            removed.swap_remove(place);
            moves += 1;
        }
    }
    let least = u32::try_from(removed.len() + added.len()).unwrap_or(0);
    if result.is_err() {
        assert_eq!((&old, least), (&before.fake.slots().into_values().collect(), 0));
    }
    (least, moves)
}

#[test]
fn slots_equal_the_map_after_every_change() {
    let guest = Guest::new().expect("no guest");
    let followed = Followed::new(&guest, 1000);
    let mut random = Random(0x1234_5678_9abc_def1);
    let (mut peak, mut changed) = (0, 0);
    for _ in 0..steps() {
        followed.fake.calls();
        let (least, moves) = fewest(&followed, &random.change());
        let calls = followed.fake.calls();
        followed.check();
        // Moves in a ring cost more than each move alone.
        assert!((least..=least + moves).contains(&calls), "{least} {moves} {calls}");
        let slots = followed.fake.slots();
        peak = peak.max(slots.len());
        assert!(slots.keys().all(|slot| (*slot as usize) < peak), "numbers are used again");
        changed += u32::from(calls > 0);
    }
    assert!(changed > steps() / 4, "changes were refused: {changed}");
}

#[test]
fn a_failure_of_any_ioctl_leaves_slots_and_map_equal() {
    let guest = Guest::new().expect("no guest");
    let followed = Followed::new(&guest, 1000);
    let mut random = Random(0xfeed_5678_9abc_def1);
    let mut failures = 0;
    for _ in 0..steps() / 5 {
        let change = random.change();
        for call in 0.. {
            let before = (followed.fake.slots(), guest.spans(Space::Memory));
            followed.fake.fail(Some(call..call + 1));
            let result = guest.set(&change);
            let failed = followed.fake.calls() > call;
            followed.check();
            if !failed {
                break;
            }
            failures += 1;
            assert_eq!(result.expect_err("it failed").errno, INJECTED);
            let after = (followed.fake.slots(), guest.spans(Space::Memory));
            assert_eq!(before, after);
        }
    }
    assert!(failures > steps() / 5, "{failures}");
    assert!(followed.fatal.lock().expect("poisoned").is_empty());
}

#[test]
fn an_undo_that_fails_is_fatal() {
    let guest = Guest::new().expect("no guest");
    guest.set(&regions(&[(0, 8, RAM, 0x100)])).expect("not set");
    let followed = Followed::new(&guest, 1000);
    followed.fake.fail(Some(1..3));
    let error = guest.set(&regions(&[(1, 1, TRAP, 0)])).expect_err("it failed");
    assert_eq!(error.errno, INJECTED);
    let said = followed.fatal.lock().expect("poisoned").clone();
    assert!(matches!(&said[..], [one] if one.contains("cannot be undone")), "{said:?}");
    // The listener takes the slot away at the end, which is not there.
    followed.fake.fail(None);
}

#[test]
fn a_map_with_too_many_slots_is_refused_as_a_whole() {
    let guest = Guest::new().expect("no guest");
    let three = [(0, 1, RAM, 0x100), (2, 1, RAM, 0x200), (4, 1, RAM, 0x300)];
    guest.set(&regions(&three)).expect("set");
    let (fake, followed) = Followed::try_new(&guest, 2);
    assert_eq!(followed.expect_err("three slots do not fit").errno, libc::ENOSPC);
    assert_eq!(fake.slots().len(), 0);
}
