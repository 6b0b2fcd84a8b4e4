//! Timers: their moments, and which expires next. `timer_thread` waits for them.

#![forbid(unsafe_code)]

use super::clock::{Clock, Moment};
use super::lock::unpoisoned;
use gasp_abi::guest_timer_data;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

/// "Never": a timer that is not set.
const NEVER: u64 = u64::MAX;

/// A timer as vdevs know it: `struct guest_timer`.
#[derive(Debug)]
pub(crate) struct GuestTimer {
    timers: Weak<Timers>,
    index: usize,
    /// Whether the vdev has a function for it.
    pub(crate) can_expire: bool,
}

impl GuestTimer {
    /// The timers of its guest, and its index there. `None`: the guest's vdevs are gone.
    pub(crate) fn find(&self) -> Option<(Arc<Timers>, usize)> {
        Some((self.timers.upgrade()?, self.index))
    }
}

/// A setting of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    /// When it was activated.
    pub(crate) start: Moment,
    /// When it expires, by the guest's clock.
    deadline: u64,
}

impl Setting {
    /// The moment at which it was to expire.
    fn end(self) -> Moment {
        let passed = self.deadline.saturating_sub(self.start.guest);
        Moment { host: self.start.host.saturating_add(passed), guest: self.deadline }
    }
}

/// A timer that has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// The vdev's address.
    pub(crate) vdev: usize,
    /// The address that the vdev gave.
    pub(crate) data: usize,
    pub(crate) setting: Setting,
}

/// The timers of one guest's vdevs.
#[derive(Debug)]
pub(crate) struct Timers {
    state: Mutex<State>,
    changed: Condvar,
    pub(crate) clock: Clock,
    /// Held while a host moves a simulated clock.
    pub(crate) advancing: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    timers: Vec<Timer>,
    /// Boxes, because vdevs have the addresses.
    #[expect(clippy::vec_box, reason = "plugins have their addresses")]
    handles: Vec<Box<GuestTimer>>,
    ended: bool,
}

#[derive(Debug)]
struct Timer {
    now: Due,
    /// The setting that expired last.
    last: Option<Setting>,
}

impl Timer {
    /// Clears it.
    fn expire(&mut self) -> Due {
        let due = self.now;
        self.last = Some(due.setting);
        self.now.setting.deadline = NEVER;
        due
    }
}

impl Timers {
    /// No timers yet.
    pub(crate) fn new(is_simulated: bool) -> Arc<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Self {
            state,
            changed,
            clock: Clock::new(is_simulated),
            advancing: Mutex::default(),
        })
    }

    /// Adds a timer that is not set. The address is valid as long as the guest's vdevs.
    pub(crate) fn add(
        self: &Arc<Self>,
        vdev: usize,
        data: usize,
        can_expire: bool,
    ) -> *const GuestTimer {
        let mut state = unpoisoned(self.state.lock());
        let index = state.timers.len();
        let timer = Box::new(GuestTimer { timers: Arc::downgrade(self), index, can_expire });
        let address = &raw const *timer;
        let setting = Setting { start: Moment::default(), deadline: NEVER };
        state.timers.push(Timer { now: Due { vdev, data, setting }, last: None });
        state.handles.push(timer);
        address
    }

    /// Sets a timer to expire after this many counts: from now or, if the vdev says what it was told
    /// last, from when that was due.
    pub(crate) fn set(&self, index: usize, told: Option<guest_timer_data>, counts: u64) {
        self.set_at(index, told, counts, self.clock.now());
    }

    fn set_at(&self, index: usize, told: Option<guest_timer_data>, counts: u64, now: Moment) {
        if let Some(timer) = unpoisoned(self.state.lock()).timers.get_mut(index) {
            let start = match (told, timer.last) {
                (None, _) => now,
                (Some(told), Some(last)) if last.start.guest == told.guest_notify_start => {
                    last.end()
                }
                (Some(told), _) => Moment { host: told.host_current, guest: told.guest_current },
            };
            timer.now.setting = Setting { start, deadline: start.guest.saturating_add(counts) };
        }
        self.changed.notify_all();
    }

    /// When a timer was activated last.
    pub(crate) fn start(&self, index: usize) -> Moment {
        let state = unpoisoned(self.state.lock());
        state.timers.get(index).map(|timer| timer.now.setting.start).unwrap_or_default()
    }

    /// Ends all waiting: no timer expires any more.
    pub(crate) fn end(&self) {
        unpoisoned(self.state.lock()).ended = true;
        self.changed.notify_all();
    }

    /// Waits until a timer expires, and clears it. `None` at the end.
    pub(crate) fn next(&self) -> Option<Due> {
        self.next_at(|| self.clock.now())
    }

    /// Clears the timer that expires first, if it does so up to this moment of the guest's clock,
    /// and moves a simulated clock there.
    pub(crate) fn next_until(&self, end: u64) -> Option<Due> {
        let mut state = unpoisoned(self.state.lock());
        let is_due = |timer: &&mut Timer| timer.now.setting.deadline <= end;
        let first = state.timers.iter_mut().min_by_key(|timer| timer.now.setting.deadline);
        let timer = first.filter(is_due).filter(|timer| timer.now.setting.deadline != NEVER)?;
        let due = timer.expire();
        // The clock does not run backwards for a timer that was set to the past.
        self.clock.set(due.setting.deadline.max(self.clock.now().guest));
        Some(due)
    }

    fn next_at(&self, now: impl Fn() -> Moment) -> Option<Due> {
        let mut state = unpoisoned(self.state.lock());
        while !state.ended {
            let next = state.timers.iter_mut().min_by_key(|timer| timer.now.setting.deadline);
            let left = match next {
                Some(timer) if timer.now.setting.deadline != NEVER => {
                    let left = timer.now.setting.deadline.saturating_sub(now().guest);
                    if left == 0 {
                        return Some(timer.expire());
                    }
                    left
                }
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
    use super::super::clock::times;
    use super::*;
    use core::sync::atomic::{AtomicU64, Ordering};

    /// The guest's clock starts when the host's is at 1000.
    fn at(guest: u64) -> Moment {
        Moment { host: 1000 + guest, guest }
    }

    fn timers(counts: &[u64]) -> Arc<Timers> {
        let timers = Timers::new(false);
        for (index, counts) in counts.iter().enumerate() {
            timers.add(index, 0, true);
            timers.set_at(index, None, *counts, at(0));
        }
        timers
    }

    fn due(vdev: usize, start: u64, deadline: u64) -> Option<Due> {
        Some(Due { vdev, data: 0, setting: Setting { start: at(start), deadline } })
    }

    #[test]
    fn the_first_to_expire_comes_first_and_once() {
        let timers = timers(&[30, 10, NEVER, 20]);
        for (vdev, deadline) in [(1, 10), (3, 20), (0, 30)] {
            assert_eq!(timers.next_at(|| at(100)), due(vdev, 0, deadline));
        }
        timers.end();
        assert_eq!(timers.next_at(|| at(100)), None);
    }

    #[test]
    fn nothing_expires_before_its_moment() {
        let timers = timers(&[1_000_000]);
        let calls = AtomicU64::new(0);
        let due = timers.next_at(|| at(calls.fetch_add(400_000, Ordering::Relaxed)));
        assert_eq!(due.map(|due| due.setting.deadline), Some(1_000_000));
        assert!(calls.load(Ordering::Relaxed) > 1_000_000);
    }

    #[test]
    fn a_timer_that_repeats_does_not_drift() {
        let timers = timers(&[100]);
        let mut start = 0;
        // Each call comes 7 too late, and the vdev takes 5.
        for deadline in [100, 200, 300] {
            let expired = timers.next_at(|| at(deadline + 7));
            assert_eq!(expired, due(0, start, deadline));
            timers.set_at(0, Some(times(at(start), at(deadline + 7))), 100, at(deadline + 12));
            start = deadline;
        }
        assert_eq!(timers.start(0), at(300));
        // Without what it was told: from now.
        timers.set_at(0, None, 100, at(312));
        assert_eq!(timers.next_at(|| at(1000)), due(0, 312, 412));
        // Told something else: from the present of that.
        timers.set_at(0, Some(times(at(1), at(500))), 100, at(1000));
        assert_eq!(timers.next_at(|| at(1000)), due(0, 500, 600));
    }

    #[test]
    fn a_later_setting_replaces_the_first() {
        let timers = timers(&[100]);
        timers.set_at(0, None, 300, at(50));
        let now = AtomicU64::new(0);
        let expired = timers.next_at(|| at(now.fetch_add(200, Ordering::Relaxed)));
        assert_eq!(expired, due(0, 50, 350));
    }

    #[test]
    fn a_waiting_thread_is_woken_by_a_change_and_by_the_end() {
        let timers = timers(&[NEVER]);
        std::thread::scope(|scope| {
            let (send, receive) = std::sync::mpsc::channel();
            let waiter = scope.spawn({
                let timers = &timers;
                move || {
                    send.send(timers.next_at(|| at(5))).ok();
                    timers.next_at(|| at(5))
                }
            });
            timers.set_at(0, None, 5, at(0));
            assert_eq!(receive.recv().ok().flatten(), due(0, 0, 5));
            timers.end();
            assert_eq!(waiter.join().ok(), Some(None));
        });
    }
}
