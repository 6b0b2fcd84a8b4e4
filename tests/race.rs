//! Readers and writers at the same time, through the C functions: each read sees one state, and
//! removed devices and memory are not used.
//!
//! It is meant for ThreadSanitizer, too, which libtest does not get along with; so it has a `main`
//! of its own that prints what libtest would print. ThreadSanitizer does not know fences, on which
//! the map's readers rely: but all that readers and the writer share is atomic, so there is no
//! race to report. (`src/map/loom` tests the fences.)
//!
//! Nor does it know `membarrier`. But a thread that waits for an access learns of its end by a load
//! that acquires, or by a mutex, and it knows both. So it reports only memory that is freed without
//! waiting. (It cannot see whether the fences let a wait overlook an access: `src/vcpu/loom` tests
//! that.)
//!
//! ```text
//! RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" \
//!     cargo +nightly test --test race --target x86_64-unknown-linux-gnu
//! ```
//!
//! `GASP_SECONDS=n` has each test run for so long.

#![allow(clippy::print_stdout)] // see above

use gasp as _; // linked, and called through its C interface

mod race {
    pub(crate) mod access;
    pub(crate) mod cpu;
    pub(crate) mod guest;
}

use gasp_abi::gasp_region;
use race::access;
use race::guest::{Guest, HOST, Space};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

const MEMORY: Space = Space { kind: 0, stride: 0x4000, length: 0x2000, flags: 0x138 };
const PORTS: Space = Space { kind: 0x8000, stride: 16, length: 8, flags: 3 };
const SPACES: [Space; 2] = [MEMORY, PORTS];
/// Regions of a full space: dozens of leaves.
const FULL: u64 = 4096;

type Test = (&'static str, fn(Duration));
const TESTS: [Test; 8] = [
    ("readers_against_single_changes", single_changes),
    ("readers_against_batches", batches),
    ("readers_against_deletes_of_everything", deletes),
    ("readers_against_growth", growth),
    ("writers_against_writers", writers),
    ("accesses_against_removals_that_wait", access::removals_that_wait),
    ("accesses_against_removals_that_do_not_wait", access::removals_that_do_not_wait),
    ("accesses_of_memory_against_changes", access::memory),
];

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let seconds = std::env::var("GASP_SECONDS").ok().and_then(|text| text.parse().ok());
    let time = seconds.map_or(Duration::from_millis(300), Duration::from_secs);
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    let tests: Vec<Test> = TESTS.into_iter().filter(|(name, _)| is_wanted(name)).collect();
    let start = Instant::now();
    println!("\nrunning {} tests", tests.len());
    let passed = tests.iter().filter(|test| passes(test, time)).count();
    let (failed, out) = (tests.len() - passed, TESTS.len() - tests.len());
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; \
         {out} filtered out; finished in {:.2}s\n",
        start.elapsed().as_secs_f64()
    );
    std::process::exit(i32::from(failed > 0));
}

fn passes((name, test): &Test, time: Duration) -> bool {
    let passed = std::panic::catch_unwind(|| test(time)).is_ok();
    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    passed
}

/// A pseudo-random number generator (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ bits >> 31) % limit
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).expect("an index")]
    }
}

/// Joins a thread explicitly, because ThreadSanitizer does not see how a scope does it.
fn join(thread: ScopedJoinHandle<'_, ()>) {
    thread.join().expect("a thread that found no fault");
}

/// Runs two readers and a writer, on two guests.
fn run(
    time: Duration,
    prepare: impl Fn(&Guest),
    read: impl Fn(&Guest, &Space, &mut Random) + Sync,
    mut write: impl FnMut(&Guest, &Space, &mut Random),
) {
    let guests = [Guest::create(), Guest::create()];
    guests.iter().for_each(prepare);
    let stop = AtomicBool::new(false);
    let reads = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let readers = [1, 2].map(|seed| {
            let (guests, stop, read, reads) = (&guests, &stop, &read, &reads);
            scope.spawn(move || {
                let mut random = Random(seed);
                while !stop.load(Relaxed) {
                    read(random.of(guests), random.of(&SPACES), &mut random);
                    reads.fetch_add(1, Relaxed);
                }
            })
        });
        let (start, mut random) = (Instant::now(), Random(3));
        while start.elapsed() < time {
            write(random.of(&guests), random.of(&SPACES), &mut random);
        }
        stop.store(true, Relaxed);
        readers.into_iter().for_each(join);
    });
    assert!(reads.into_inner() > 0);
}

/// Reads by each function, and checks that the attributes of a result belong together.
fn read_all(guest: &Guest, space: &Space, random: &mut Random) {
    let at = random.below(FULL) * space.stride + random.below(space.stride);
    if let Some(region) = guest.info(space, at) {
        assert_eq!(region.guest.location, at);
        check(space, &region);
    }
    if let Some(region) = guest.next(space, at) {
        assert!(region.guest.location / space.stride >= at / space.stride);
        check(space, &region);
    }
    let free = guest.find_free(space, space.stride / 2, space.stride / 2);
    assert_eq!(free % (space.stride / 2), 0);
    let mut end = 0;
    for (start, host, length) in guest.walk().take(20) {
        assert!(start >= end && host == HOST + start, "{start:#x} {host:#x} after {end:#x}");
        end = start + length;
    }
}

/// The cookie determines the vdev, and the location the host's.
fn check(space: &Space, region: &gasp_region) {
    let at = region.guest.location;
    assert_eq!(region.vdev, space.vdev(at / space.stride, region.cookie), "{region:?}");
    assert_eq!(region.host_location, space.host(at), "{region:?}");
    assert_eq!(region.flags & 0xfff, space.flags | 0x80, "{region:?}");
}

fn cookie(random: &mut Random) -> u32 {
    u32::try_from(random.below(1 << 32)).expect("32 bits")
}

fn fill(guest: &Guest) {
    for space in &SPACES {
        let all: Vec<gasp_region> = (0..FULL).map(|n| space.region(n, 1)).collect();
        guest.set(&all);
    }
}

fn single_changes(time: Duration) {
    run(time, fill, read_all, |guest, space, random| {
        let region = space.region(random.below(FULL), cookie(random));
        guest.set(&[region]);
        if random.below(4) == 0 {
            guest.set(&[space.hole(random.below(FULL))]);
        }
    });
}

/// Each batch moves the memory's regions, whose number stays the same.
fn batches(time: Duration) {
    const REGIONS: u64 = 150;
    let moved = |space: &Space, shift: u64, cookie: u32| {
        let regions = (0..REGIONS).map(|n| space.region(n * 2 + shift, cookie));
        [space.everything()].into_iter().chain(regions).collect::<Vec<gasp_region>>()
    };
    let prepare = |guest: &Guest| {
        SPACES.iter().for_each(|space| guest.set(&moved(space, 0, 1)));
    };
    let read = |guest: &Guest, space: &Space, random: &mut Random| {
        assert_eq!(guest.walk_count(), u32::try_from(REGIONS).expect("few"));
        read_all(guest, space, random);
    };
    run(time, prepare, read, |guest, space, random| {
        guest.set(&moved(space, random.below(2), cookie(random)));
    });
}

fn deletes(time: Duration) {
    run(time, fill, read_all, |guest, space, random| {
        guest.set(&[space.everything()]);
        let first = random.below(FULL / 2);
        let cookie = cookie(random);
        let some: Vec<gasp_region> =
            (first..first + FULL / 4).map(|n| space.region(n, cookie)).collect();
        guest.set(&some);
    });
}

/// From an empty map to thousands of regions and back, one by one: nodes are allocated and freed.
fn growth(time: Duration) {
    run(
        time,
        |_| (),
        read_all,
        |guest, space, random| {
            // An odd step visits all regions in some order.
            let step = random.below(FULL / 2) * 2 + 1;
            let cookie = cookie(random);
            for n in 0..FULL {
                guest.set(&[space.region(n * step % FULL, cookie)]);
            }
            for n in 0..FULL - random.below(FULL) {
                guest.set(&[space.hole(n * step % FULL)]);
            }
        },
    );
}

/// Cookies are counted up under the lock, in several threads: no step is lost.
fn writers(time: Duration) {
    const REGIONS: u64 = 70;
    let guests = [Guest::create(), Guest::create()];
    guests.iter().for_each(fill);
    let steps = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let writers = [1, 2, 3].map(|seed| {
            let (guests, steps) = (&guests, &steps);
            scope.spawn(move || {
                let (start, mut random) = (Instant::now(), Random(seed));
                while start.elapsed() < time {
                    let (guest, space) = (random.of(guests), random.of(&SPACES));
                    let n = random.below(REGIONS);
                    guest.locked(space, || {
                        let old = guest.info(space, n * space.stride).expect("it is there");
                        guest.set(&[space.region(n, old.cookie + 1)]);
                    });
                    steps.fetch_add(1, Relaxed);
                }
            })
        });
        writers.into_iter().for_each(join);
    });
    let cookie = |guest: &Guest, space: &Space, n| {
        u64::from(guest.info(space, n * space.stride).expect("it is there").cookie - 1)
    };
    let all = guests.iter().flat_map(|guest| SPACES.iter().map(move |space| (guest, space)));
    let counted: u64 =
        all.flat_map(|(guest, space)| (0..REGIONS).map(move |n| cookie(guest, space, n))).sum();
    assert_eq!(counted, steps.into_inner());
}
