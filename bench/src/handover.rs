//! The cost of reading a cache line that the other CPU has just written. No design lets a reader
//! beside a writer do better.

use crate::bench::Bench;
use crate::clock::start;
use crate::error::Error;
use core::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Alone in its pair of cache lines.
#[repr(align(128))]
struct Line(AtomicU64);

/// Nanoseconds from a store on one CPU to a load on the other that sees it: half of a round trip,
/// the mean over a few milliseconds. `None` where there is only one CPU.
pub fn measure(bench: &Bench) -> Result<Option<f64>, Error> {
    let Some(other) = bench.cpus.1 else { return Ok(None) };
    let line = Line(AtomicU64::new(0));
    let length = Duration::from_millis(20);
    let (ns, ()) = bench.side_by_side(
        (other, length),
        |window| serve(bench, &line.0, window),
        |_| give_back(&line.0),
    )?;
    Ok(Some(ns))
}

/// The server's last value.
const END: u64 = u64::MAX;

/// Store odd numbers, wait for the even ones that follow.
fn serve(bench: &Bench, line: &AtomicU64, (_, until): (u64, u64)) -> f64 {
    let (begun, mut at) = (start(), 0);
    while start() < until {
        for _ in 0..64 {
            line.store(at + 1, Ordering::Release);
            at += 2;
            while line.load(Ordering::Acquire) != at {
                core::hint::spin_loop();
            }
        }
    }
    let ticks = start() - begun;
    line.store(END, Ordering::Release);
    bench.clock.ns(ticks) / at as f64
}

/// Answer each odd number with the next one.
fn give_back(line: &AtomicU64) {
    loop {
        match line.load(Ordering::Acquire) {
            END => return,
            odd if odd % 2 == 1 => line.store(odd + 1, Ordering::Release),
            _ => core::hint::spin_loop(),
        }
    }
}
