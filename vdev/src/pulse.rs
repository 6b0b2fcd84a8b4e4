//! Pulses: events whose delivery calls a vdev on a thread of its own.
//!
//! An event names what it delivers by a number, never by an address: whatever delivers it (a timer
//! of the system, a queue of messages) may do so when the vdev is gone, and then nothing happens.

#![forbid(unsafe_code)]

use crate::lock::unpoisoned;
use core::cmp::Reverse;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, RwLock};

/// The most pulses of a vdev that wait.
const MOST: usize = 65_536;

/// The events of all vdevs, by their numbers. 0 is none.
static EVENTS: RwLock<BTreeMap<usize, Event>> = RwLock::new(BTreeMap::new());
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// What a pulse calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pulse {
    /// The pulse function of the vdev, with this code.
    Code(i8),
    /// The function in the `qvm_callback` at this address.
    Callback(usize),
}

/// What an event delivers.
#[derive(Debug, Clone)]
struct Event {
    queue: Arc<Queue>,
    pulse: Pulse,
    priority: i32,
}

/// The number of an event. The same event has one number, however often it is asked for.
pub(crate) fn event(queue: &Arc<Queue>, pulse: Pulse, priority: i32) -> usize {
    let mut events = unpoisoned(EVENTS.write());
    let same = |event: &Event| {
        Arc::ptr_eq(&event.queue, queue) && event.pulse == pulse && event.priority == priority
    };
    if let Some((number, _)) = events.iter().find(|(_, event)| same(event)) {
        return *number;
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    events.insert(number, Event { queue: Arc::clone(queue), pulse, priority });
    number
}

/// Puts the pulse of an event into its queue, which is returned with what happened. `None`: there is
/// no such event any more.
pub(crate) fn deliver(number: usize) -> Option<(Arc<Queue>, Put)> {
    let event = unpoisoned(EVENTS.read()).get(&number).cloned()?;
    let put = event.queue.put(event.pulse, event.priority);
    Some((event.queue, put))
}

/// What a delivery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// The pulse waits, or is dropped because the vdev ends.
    Quietly,
    /// The pulse waits for a thread, which the caller has to start.
    NeedsThread,
    /// The pulse is dropped because too many wait; the first one since the queue was empty.
    Full,
}

/// How far a queue is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The configuration is not complete: pulses wait.
    #[default]
    Held,
    /// The first pulse starts the thread.
    Open,
    /// There is a thread.
    Served,
    /// The guest has ended: pulses are dropped.
    Ended,
}

#[derive(Debug, Default)]
struct State {
    /// By priority, the highest first, then in the order of arrival.
    waiting: BTreeMap<(Reverse<i32>, u64), Pulse>,
    arrivals: u64,
    overflown: bool,
    phase: Phase,
}

/// The queues of one guest's vdevs.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<Vec<Arc<Queue>>>);

impl Queues {
    /// Adds that of a new vdev.
    pub(crate) fn add_vdev(&self, vdev: usize) {
        unpoisoned(self.0.lock()).push(Queue::new(vdev));
    }

    /// Forgets a vdev and its events.
    pub(crate) fn remove_vdev(&self, vdev: usize) {
        if let Some(queue) = self.of_vdev(vdev) {
            unpoisoned(EVENTS.write()).retain(|_, event| !Arc::ptr_eq(&event.queue, &queue));
        }
        unpoisoned(self.0.lock()).retain(|queue| queue.vdev != vdev);
    }

    pub(crate) fn of_vdev(&self, vdev: usize) -> Option<Arc<Queue>> {
        unpoisoned(self.0.lock()).iter().find(|queue| queue.vdev == vdev).map(Arc::clone)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Queue>> {
        unpoisoned(self.0.lock()).clone()
    }
}

/// The pulses of one vdev that wait.
#[derive(Debug)]
pub(crate) struct Queue {
    /// The address of the vdev.
    pub(crate) vdev: usize,
    /// The thread that serves them. Locked while it is started.
    pub(crate) thread: Mutex<Option<libc::pthread_t>>,
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    fn new(vdev: usize) -> Arc<Self> {
        let (thread, state) = (Mutex::default(), Mutex::default());
        Arc::new(Self { vdev, thread, state, changed: Condvar::new() })
    }

    fn put(&self, pulse: Pulse, priority: i32) -> Put {
        let mut state = unpoisoned(self.state.lock());
        if state.phase == Phase::Ended {
            return Put::Quietly;
        }
        if state.waiting.len() >= MOST {
            let is_first = !core::mem::replace(&mut state.overflown, true);
            return if is_first { Put::Full } else { Put::Quietly };
        }
        let arrival = state.arrivals;
        state.arrivals = arrival.wrapping_add(1);
        state.waiting.insert((Reverse(priority), arrival), pulse);
        self.changed.notify_one();
        if state.phase != Phase::Open {
            return Put::Quietly;
        }
        state.phase = Phase::Served;
        Put::NeedsThread
    }

    /// The configuration is complete. True: pulses wait for a thread, which the caller has to start.
    pub(crate) fn open(&self) -> bool {
        let mut state = unpoisoned(self.state.lock());
        if state.phase != Phase::Held {
            return false;
        }
        let is_used = !state.waiting.is_empty();
        state.phase = if is_used { Phase::Served } else { Phase::Open };
        is_used
    }

    pub(crate) fn has_ended(&self) -> bool {
        unpoisoned(self.state.lock()).phase == Phase::Ended
    }

    /// There is no thread after all: drops what waits. The next pulse asks for a thread again.
    pub(crate) fn unserved(&self) {
        let mut state = unpoisoned(self.state.lock());
        state.waiting.clear();
        if state.phase == Phase::Served {
            state.phase = Phase::Open;
        }
    }

    /// Drops what waits, and all that comes later. The thread ends when its call has returned.
    pub(crate) fn end(&self) {
        let mut state = unpoisoned(self.state.lock());
        state.waiting.clear();
        state.phase = Phase::Ended;
        self.changed.notify_one();
    }

    /// Waits for the next pulse. `None` at the end.
    pub(crate) fn next(&self) -> Option<Pulse> {
        let mut state = unpoisoned(self.state.lock());
        loop {
            if let Some((_, pulse)) = state.waiting.pop_first() {
                return Some(pulse);
            }
            if state.phase == Phase::Ended {
                return None;
            }
            state.overflown = false;
            state = unpoisoned(self.changed.wait(state));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Pulse::{Callback, Code};

    fn open() -> Arc<Queue> {
        let queue = Queue::new(0x1000);
        assert!(!queue.open());
        queue
    }

    #[test]
    fn the_highest_priority_comes_first_and_then_the_first_to_arrive() {
        let queue = open();
        assert_eq!(queue.put(Code(1), 10), Put::NeedsThread);
        for (code, priority) in [(2, -1), (3, 20), (4, 10), (5, 20)] {
            assert_eq!(queue.put(Code(code), priority), Put::Quietly);
        }
        queue.put(Callback(6), 15);
        let all: Vec<_> = (0..6).filter_map(|_| queue.next()).collect();
        assert_eq!(all, [Code(3), Code(5), Callback(6), Code(1), Code(4), Code(2)]);
    }

    #[test]
    fn pulses_wait_until_the_configuration_is_complete() {
        let queue = Queue::new(0x1000);
        assert_eq!(queue.put(Code(1), 0), Put::Quietly);
        assert!(queue.open());
        assert!(!queue.open());
        assert_eq!(queue.put(Code(2), 0), Put::Quietly);
        assert_eq!((queue.next(), queue.next()), (Some(Code(1)), Some(Code(2))));
    }

    #[test]
    fn the_end_drops_what_waits_and_what_comes() {
        let queue = open();
        queue.put(Code(1), 0);
        queue.end();
        assert_eq!(queue.put(Code(2), 0), Put::Quietly);
        assert!(!queue.open());
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn a_waiting_thread_is_woken_by_a_pulse_and_by_the_end() {
        let queue = open();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| (queue.next(), queue.next()));
            queue.put(Code(7), 0);
            while !unpoisoned(queue.state.lock()).waiting.is_empty() {
                std::thread::yield_now();
            }
            queue.end();
            assert_eq!(waiter.join().ok(), Some((Some(Code(7)), None)));
        });
    }

    #[test]
    fn the_pulses_above_the_limit_are_dropped_and_the_first_is_told() {
        let queue = open();
        for _ in 0..MOST {
            assert_ne!(queue.put(Code(1), 0), Put::Full);
        }
        assert_eq!(queue.put(Code(2), 9), Put::Full);
        assert_eq!(queue.put(Code(2), 9), Put::Quietly);
        // There is room for one again, but it is still the same flood.
        assert_eq!(queue.next(), Some(Code(1)));
        assert_eq!((queue.put(Code(3), 9), queue.put(Code(4), 9)), (Put::Quietly, Put::Quietly));
        assert_eq!((queue.next(), queue.next()), (Some(Code(3)), Some(Code(1))));
    }

    #[test]
    fn without_a_thread_the_next_pulse_asks_for_one_again() {
        let queue = open();
        assert_eq!(queue.put(Code(1), 0), Put::NeedsThread);
        queue.unserved();
        assert_eq!(queue.put(Code(2), 0), Put::NeedsThread);
        assert_eq!(queue.next(), Some(Code(2)));
    }

    #[test]
    fn an_event_has_one_number_and_none_after_its_vdev() {
        let queues = Queues::default();
        let add = |vdev| {
            queues.add_vdev(vdev);
            queues.of_vdev(vdev).unwrap_or_else(|| Queue::new(0))
        };
        let (queue, other) = (add(0x1000), add(0x2000));
        assert_eq!(queues.all().len(), 2);
        let number = event(&queue, Code(1), 5);
        assert_eq!(event(&queue, Code(1), 5), number);
        let different =
            [event(&queue, Code(2), 5), event(&queue, Code(1), 6), event(&other, Code(1), 5)];
        assert!(!different.contains(&number) && number != 0);
        assert!(deliver(number).is_some());
        queue.open();
        assert_eq!(queue.next(), Some(Code(1)));
        queues.remove_vdev(0x1000);
        assert!(deliver(number).is_none() && deliver(0).is_none());
        assert!(deliver(different[2]).is_some());
        queues.remove_vdev(0x2000);
        assert!(queues.all().is_empty());
    }
}
