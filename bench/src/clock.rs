//! The time stamp counter, and what one of its ticks is worth.

#[cfg(not(target_arch = "x86_64"))]
compile_error!("the benchmark reads x86-64's time stamp counter");

use core::arch::x86_64::{__rdtscp, _mm_lfence, _rdtsc};
use std::time::{Duration, Instant};

/// Wait until everything before has been done.
#[inline(always)]
pub fn fence() {
    // SAFETY: every x86-64 has SSE2.
    unsafe { _mm_lfence() };
}

/// The counter, read after everything before and before everything after.
#[inline(always)]
pub fn start() -> u64 {
    fence();
    // SAFETY: every x86-64 has the counter, and Linux lets programs read it.
    let ticks = unsafe { _rdtsc() };
    fence();
    ticks
}

/// The counter, read after everything before has been done.
#[inline(always)]
pub fn stop() -> u64 {
    let mut cpu = 0;
    // SAFETY: `cpu` can be written; processors without rdtscp are older than virtualisation.
    let ticks = unsafe { __rdtscp(&raw mut cpu) };
    fence();
    ticks
}

/// Converts ticks.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    ticks_per_ns: f64,
}

impl Clock {
    /// Compares the counter with the system's clock, five times, and takes the median.
    pub fn calibrate() -> Self {
        let mut rates: Vec<f64> = (0..5).map(|_| Self::rate()).collect();
        rates.sort_by(f64::total_cmp);
        Self { ticks_per_ns: rates[2] }
    }

    fn rate() -> f64 {
        let (from, since) = (start(), Instant::now());
        while since.elapsed() < Duration::from_millis(20) {
            core::hint::spin_loop();
        }
        let (ticks, passed) = (start() - from, since.elapsed());
        ticks as f64 / passed.as_nanos() as f64
    }

    /// Nanoseconds of so many ticks.
    pub fn ns(self, ticks: u64) -> f64 {
        ticks as f64 / self.ticks_per_ns
    }

    /// Ticks of a time.
    pub fn ticks(self, time: Duration) -> u64 {
        (time.as_nanos() as f64 * self.ticks_per_ns) as u64
    }

    /// The counter's frequency.
    pub fn ghz(self) -> f64 {
        self.ticks_per_ns
    }
}
