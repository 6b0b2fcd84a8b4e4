//! The means of all questions: the designs, the clock, the CPUs, and how much to measure.

use crate::check;
use crate::clock::{Clock, start};
use crate::cpu;
use crate::design::{Design, Map};
use crate::error::Error;
use crate::filling::Fill;
use crate::layout::Layout;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::path::PathBuf;
use std::time::Duration;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Numbers of regions.
    pub sizes: &'static [usize],
    /// Rounds for each number of regions.
    pub rounds: usize,
    /// Lookups of one design in one round.
    pub lookups: usize,
    /// How long two readers run beside each other in one round.
    pub window: Duration,
    /// How long a reader runs beside a writer in one round.
    pub writer_window: Duration,
    /// Numbers of regions where one reader stands beside a writer.
    pub writer_sizes: &'static [usize],
    /// Numbers of regions where pages change their flags.
    pub update_sizes: &'static [usize],
    /// Regions of one set call.
    pub batch: usize,
    /// Regions that are set one by one.
    pub fill: usize,
    /// Rounds of that.
    pub fill_rounds: usize,
    /// Numbers of regions where memory is measured.
    pub memory_sizes: &'static [usize],
}

impl Plan {
    /// Everything, in a few minutes.
    pub const FULL: Self = Self {
        sizes: &[1, 16, 64, 256, 1024, 4096, 65_536, 1_000_000],
        rounds: 15,
        lookups: 32_768,
        window: Duration::from_millis(2),
        writer_window: Duration::from_millis(20),
        writer_sizes: &[256, 100_000],
        update_sizes: &[16, 64, 256, 1024, 4096, 65_536, 1_000_000],
        batch: 100_000,
        fill: 1_000_000,
        fill_rounds: 3,
        memory_sizes: &[1000, 100_000, 1_000_000],
    };

    /// Just enough to exercise every path: its figures mean nothing.
    pub const QUICK: Self = Self {
        sizes: &[1, 16, 256, 4096],
        rounds: 3,
        lookups: 2048,
        window: Duration::from_micros(500),
        writer_window: Duration::from_millis(1),
        writer_sizes: &[256],
        update_sizes: &[16, 256],
        batch: 5000,
        fill: 5000,
        fill_rounds: 1,
        memory_sizes: &[1000],
    };

    /// How often the maps are made anew for one number of regions: large ones lie elsewhere in
    /// memory each time, and that alone can move a figure by half.
    pub fn builds(&self, n: usize) -> usize {
        if n > 4096 { 3 } else { 1 }
    }

    /// Rounds with the maps of one build.
    pub fn rounds_of_build(&self, n: usize) -> usize {
        self.rounds.div_ceil(self.builds(n))
    }
}

/// A run of the benchmark.
#[derive(Debug)]
pub struct Bench {
    /// All designs that could be loaded.
    pub designs: Vec<Design>,
    /// The access that calls its handler at once.
    pub direct: Design,
    /// How much to measure.
    pub plan: Plan,
    /// The clock.
    pub clock: Clock,
    /// The CPU of the main thread, and another one if there is one.
    pub cpus: (usize, Option<usize>),
    /// The shared objects, for child processes: libgasp and the peers.
    pub libraries: (Option<PathBuf>, PathBuf),
    /// The machine in one line.
    pub machine: String,
}

impl Bench {
    /// A map of every design that `wanted` picks and the way to fill suits, checked against the
    /// layout.
    pub fn maps(
        &self,
        layout: &Layout,
        fill: Fill,
        wanted: impl Fn(&Design) -> bool,
    ) -> Result<Vec<Map<'_>>, Error> {
        let mut maps = Vec::new();
        let suited = self.designs.iter().filter(|design| fill.suits(design) && wanted(design));
        for design in suited {
            let map = design.map()?;
            fill.run(&map, layout)?;
            check::layout(&map, layout)?;
            maps.push(map);
        }
        Ok(maps)
    }

    /// Nanoseconds for each of so many calls.
    pub fn each(&self, ticks: u64, calls: usize) -> f64 {
        self.clock.ns(ticks) / calls as f64
    }

    /// The ticks from now to the end of a window.
    pub fn window(&self, length: Duration) -> (u64, u64) {
        let from = start();
        (from, from + self.clock.ticks(length))
    }

    /// Run one closure on this thread and one on the other CPU, both in the same window of ticks.
    pub fn side_by_side<A, B: Send>(
        &self,
        (other, length): (usize, Duration),
        here: impl FnOnce((u64, u64)) -> A,
        there: impl FnOnce((u64, u64)) -> B + Send,
    ) -> Result<(A, B), Error> {
        let (ready, begin) = (AtomicBool::new(false), AtomicU64::new(0));
        let window = |from| (from, from + self.clock.ticks(length));
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let pinned = cpu::pin(other);
                ready.store(true, Ordering::Release);
                while begin.load(Ordering::Acquire) == 0 {
                    core::hint::spin_loop();
                }
                pinned.map(|()| there(window(begin.load(Ordering::Acquire))))
            });
            while !ready.load(Ordering::Acquire) {
                core::hint::spin_loop();
            }
            let from = start() + self.clock.ticks(Duration::from_micros(10));
            begin.store(from, Ordering::Release);
            let here = here(window(from));
            let there = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((here, there?))
        })
    }
}
