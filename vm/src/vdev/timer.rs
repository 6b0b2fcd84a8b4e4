//! Timers: their moments, and which expires next. `timer_thread` waits for them.

#![forbid(unsafe_code)]

use crate::lock::unpoisoned;
use gasp_abi::GUEST_TIMER_OFF;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

/// A timer as vdevs know it: `struct guest_timer`.
#[derive(Debug)]
pub(super) struct GuestTimer {
    timers: Weak<Timers>,
    index: usize,
}

impl GuestTimer {
    /// The timers of its guest, and its index there. `None`: the guest's vdevs are gone.
    pub(super) fn find(&self) -> Option<(Arc<Timers>, usize)> {
        Some((self.timers.upgrade()?, self.index))
    }
}

/// A timer that has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// The vdev's address.
    pub(super) vdev: usize,
    /// The address that the vdev gave.
    pub(super) data: usize,
    /// When the timer was to expire, in nanoseconds of the monotonic clock.
    pub(super) when: u64,
}

/// The timers of one guest's vdevs.
#[derive(Debug, Default)]
pub(super) struct Timers {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    timers: Vec<Due>,
    /// Boxes, because vdevs have the addresses.
    #[expect(clippy::vec_box, reason = "plugins have their addresses")]
    handles: Vec<Box<GuestTimer>>,
    ended: bool,
}

impl Timers {
    /// Adds a timer that is not set. The address is valid as long as the guest's vdevs.
    pub(super) fn add(self: &Arc<Self>, vdev: usize, data: usize) -> *const GuestTimer {
        let mut state = unpoisoned(self.state.lock());
        let timer =
            Box::new(GuestTimer { timers: Arc::downgrade(self), index: state.timers.len() });
        let address = &raw const *timer;
        state.timers.push(Due { vdev, data, when: GUEST_TIMER_OFF });
        state.handles.push(timer);
        address
    }

    /// Sets a timer to a moment, or to [`GUEST_TIMER_OFF`].
    pub(super) fn set(&self, index: usize, when: u64) {
        if let Some(timer) = unpoisoned(self.state.lock()).timers.get_mut(index) {
            timer.when = when;
        }
        self.changed.notify_all();
    }

    /// The moment to which a timer is set.
    pub(super) fn when(&self, index: usize) -> u64 {
        unpoisoned(self.state.lock()).timers.get(index).map_or(GUEST_TIMER_OFF, |timer| timer.when)
    }

    /// Ends all waiting: no timer expires any more.
    pub(super) fn end(&self) {
        unpoisoned(self.state.lock()).ended = true;
        self.changed.notify_all();
    }

    /// Waits until a timer expires, and clears it. `None` at the end.
    pub(super) fn next(&self, now: impl Fn() -> u64) -> Option<Due> {
        let mut state = unpoisoned(self.state.lock());
        while !state.ended {
            let next = state.timers.iter_mut().min_by_key(|timer| timer.when);
            let left = match next {
                Some(timer) if timer.when != GUEST_TIMER_OFF => match timer.when.checked_sub(now())
                {
                    None | Some(0) => {
                        let due = *timer;
                        timer.when = GUEST_TIMER_OFF;
                        return Some(due);
                    }
                    Some(left) => left,
                },
                _ => u64::MAX,
            };
            let waited = self.changed.wait_timeout(state, Duration::from_nanos(left));
            state = unpoisoned(waited).0;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicU64, Ordering};

    fn timers(whens: &[u64]) -> Arc<Timers> {
        let timers = Arc::<Timers>::default();
        for (index, when) in whens.iter().enumerate() {
            timers.add(index, 0);
            timers.set(index, *when);
        }
        timers
    }

    #[test]
    fn the_first_to_expire_comes_first_and_once() {
        let timers = timers(&[30, 10, GUEST_TIMER_OFF, 20]);
        for (vdev, when) in [(1, 10), (3, 20), (0, 30)] {
            assert_eq!(timers.next(|| 100), Some(Due { vdev, data: 0, when }));
            assert_eq!(timers.when(vdev), GUEST_TIMER_OFF);
        }
        timers.end();
        assert_eq!(timers.next(|| 100), None);
    }

    #[test]
    fn nothing_expires_before_its_moment() {
        let timers = timers(&[1_000_000]);
        let calls = AtomicU64::new(0);
        let due = timers.next(|| calls.fetch_add(400_000, Ordering::Relaxed));
        assert_eq!(due.map(|due| due.when), Some(1_000_000));
        assert!(calls.load(Ordering::Relaxed) > 1_000_000);
    }

    #[test]
    fn a_waiting_thread_is_woken_by_a_change_and_by_the_end() {
        let timers = timers(&[GUEST_TIMER_OFF]);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| (timers.next(|| 5), timers.next(|| 5)));
            timers.set(0, 5);
            while timers.when(0) != GUEST_TIMER_OFF {
                std::thread::yield_now();
            }
            timers.end();
            let both = waiter.join().ok();
            assert_eq!(both, Some((Some(Due { vdev: 0, data: 0, when: 5 }), None)));
        });
    }
}
