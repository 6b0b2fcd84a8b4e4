//! The thread that notices calls of vdevs which do not return.

#![forbid(unsafe_code)]

use crate::lock::unpoisoned;
use crate::shared::Shared;
use crate::threads::{self, Busy};
use crate::{log, slots};
use core::ptr;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use std::{fs, io};

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watchdog {
    end: Arc<End>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct End {
    has_come: Mutex<bool>,
    changed: Condvar,
}

impl Watchdog {
    pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<Self> {
        let end = Arc::<End>::default();
        let (shared, of_thread) = (Arc::clone(shared), Arc::clone(&end));
        let thread = thread::Builder::new().name("vdev watchdog".into());
        let thread = thread.spawn(move || run(&shared, &of_thread))?;
        Ok(Self { end, thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *unpoisoned(self.end.has_come.lock()) = true;
        self.end.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic would have ended the process.
            let _ = thread.join();
        }
    }
}

impl End {
    /// Waits; whether the end has come.
    fn comes_within(&self, period: Duration) -> bool {
        let has_come = unpoisoned(self.has_come.lock());
        *unpoisoned(self.changed.wait_timeout_while(has_come, period, |has_come| !*has_come)).0
    }
}

fn run(shared: &Shared, end: &End) {
    let (mut seen, mut last) = (Seen::default(), Instant::now());
    loop {
        let limit = shared.limit();
        let period = (limit / 4).clamp(Duration::from_millis(1), Duration::from_millis(250));
        if end.comes_within(period) {
            return;
        }
        // If this thread did not run meanwhile, the others may not have either.
        let passed = last.elapsed().min(period.saturating_mul(2));
        last = Instant::now();
        let busy = threads::busy(ptr::from_ref(shared).addr());
        for (busy, lasts) in seen.sample(busy, passed, limit) {
            log::warn(&shared.host, ptr::without_provenance(busy.call.vdev), &text(&busy, lasts));
        }
    }
}

/// The calls that were under way at the last sample, by thread.
#[derive(Debug, Default)]
struct Seen(HashMap<i32, Lasting>);

#[derive(Debug, Clone, Copy)]
struct Lasting {
    sequence: u64,
    lasts: Duration,
    is_told: bool,
}

impl Seen {
    /// The calls that last longer than the limit, and how long; each call comes once.
    fn sample(
        &mut self,
        busy: impl Iterator<Item = Busy>,
        passed: Duration,
        limit: Duration,
    ) -> Vec<(Busy, Duration)> {
        let mut now = HashMap::new();
        let mut late = Vec::new();
        for busy in busy {
            let new = Lasting { sequence: busy.sequence, lasts: Duration::ZERO, is_told: false };
            let mut lasting = match self.0.get(&busy.thread) {
                Some(known) if known.sequence == busy.sequence => {
                    Lasting { lasts: known.lasts.saturating_add(passed), ..*known }
                }
                _ => new,
            };
            if lasting.lasts >= limit && !lasting.is_told {
                lasting.is_told = true;
                late.push((busy, lasting.lasts));
            }
            now.insert(busy.thread, lasting);
        }
        self.0 = now;
        late
    }
}

fn text(busy: &Busy, lasts: Duration) -> String {
    let Busy { thread, call, innermost, .. } = *busy;
    let name = fs::read_to_string(format!("/proc/self/task/{thread}/comm")).unwrap_or_default();
    let name = name.trim_end();
    let inside = match slots::text(ptr::without_provenance(innermost)) {
        Some(other) if innermost != call.vdev => format!(", now in vdev {other}"),
        _ => String::new(),
    };
    format!("{call} has not returned for {lasts:.1?} (thread {thread}, {name}{inside})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Call, Callback};

    const LIMIT: Duration = Duration::from_millis(100);
    const PASSED: Duration = Duration::from_millis(30);

    fn busy(thread: i32, sequence: u64) -> Busy {
        let call = Call { set: 1, vdev: 2, callback: Callback::Control, number: 4, length: 0 };
        Busy { thread, sequence, call, innermost: 2 }
    }

    fn late(seen: &mut Seen, calls: &[Busy]) -> Vec<i32> {
        let late = seen.sample(calls.iter().copied(), PASSED, LIMIT);
        late.iter().map(|(busy, _)| busy.thread).collect()
    }

    #[test]
    fn a_call_that_lasts_is_told_once() {
        let mut seen = Seen::default();
        let told: Vec<_> = (0..9).map(|_| late(&mut seen, &[busy(7, 1)]).len()).collect();
        assert_eq!(told, [0, 0, 0, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn a_thread_that_calls_again_and_again_is_not_late() {
        let mut seen = Seen::default();
        for sequence in 0..100 {
            assert!(late(&mut seen, &[busy(7, 2 * sequence + 1)]).is_empty());
        }
    }

    #[test]
    fn a_call_that_returned_between_two_samples_starts_anew() {
        let mut seen = Seen::default();
        for round in 0..20 {
            let now: &[Busy] = if round % 4 == 3 { &[] } else { &[busy(7, 1)] };
            assert!(late(&mut seen, now).is_empty());
        }
    }
}
