//! Accesses beside changes and removals, of devices and of memory that are freed then.

use crate::race::cpu::{Cpu, Device, Lent, Page};
use crate::race::guest::{Guest, Space};
use crate::{MEMORY, Random, SPACES, join};
use gasp_abi::{gasp_region, gasp_region_flags as grf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Places for devices or pages. Each of two threads changes half of them.
const PLACES: usize = 16;
/// A vCPU makes so many accesses, then another one takes its place.
const LIFE: usize = 100;
/// The longest time until the first access finds something.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs vCPUs beside threads that change the devices or the memory that they use. `access` returns
/// whether it found something. The rest is freed with the guest.
fn run<T: Send + Sync>(
    guest: Guest,
    time: Duration,
    access: impl Fn(&Cpu, &mut Random) -> bool + Sync,
    change: impl Fn(&Guest, u64, &mut Option<Lent<T>>, &mut Random) + Sync,
) {
    let mut slots: Vec<Option<Lent<T>>> = (0..PLACES).map(|_| None).collect();
    let (stop, found) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    let limit = || if found.load(Relaxed) == 0 { time.max(PATIENCE) } else { time };
    let goes_on = || start.elapsed() < limit();
    std::thread::scope(|scope| {
        let (guest, stop, found, access) = (&guest, &stop, &found, &access);
        let (change, goes_on) = (&change, &goes_on);
        let cpus = [1, 2].map(|seed| {
            scope.spawn(move || access_until(stop, guest, Random(seed), access, found))
        });
        let (low, high) = slots.split_at_mut(PLACES / 2);
        let changers = [(0, low), (PLACES as u64 / 2, high)].map(|(first, slots)| {
            scope.spawn(move || {
                let mut random = Random(first + 3);
                while goes_on() {
                    let n = random.below(slots.len() as u64);
                    let slot = &mut slots[usize::try_from(n).expect("an index")];
                    change(guest, first + n, slot, &mut random);
                }
            })
        });
        // Even if one of them failed, the vCPUs have to be stopped.
        let changed = changers.map(|changer| changer.join().is_ok());
        stop.store(true, Relaxed);
        cpus.into_iter().for_each(join);
        assert_eq!(changed, [true; 2]);
    });
    assert!(found.into_inner() > 0, "no access found anything");
    drop(guest);
    slots.into_iter().flatten().for_each(Lent::free);
}

/// Makes accesses by one vCPU after another, and counts those that found something.
fn access_until(
    stop: &AtomicBool,
    guest: &Guest,
    mut random: Random,
    access: &impl Fn(&Cpu, &mut Random) -> bool,
    found: &AtomicU64,
) {
    while !stop.load(Relaxed) {
        let cpu = Cpu::create(guest);
        let count = (0..LIFE).filter(|_| access(&cpu, &mut random)).count();
        found.fetch_add(count as u64, Relaxed);
    }
}

/// Where a device is: neighbours are in different spaces.
fn place(n: u64) -> (Space, u64) {
    let space = SPACES[usize::from(n % 2 == 1)];
    (space, n * space.stride)
}

/// The device's answer or all ones, by one access or by one that makes another one.
fn ask(cpu: &Cpu, random: &mut Random) -> bool {
    let (space, at) = place(random.below(PLACES as u64));
    let whole = Device::answer(&space, at);
    if random.below(2) == 0 {
        let answer = cpu.read(&space, at);
        assert!([whole, u64::MAX].contains(&answer), "{answer:#x}");
        answer == whole
    } else {
        let half = u32::try_from(whole & 0xffff_ffff).expect("32 bits");
        let answer = cpu.read_half(&space, at);
        assert!([half, u32::MAX].contains(&answer), "{answer:#x}");
        answer == half
    }
}

fn removals(time: Duration, free: impl Fn(&Guest, Lent<Device>) + Sync) {
    let guest = Guest::create();
    Device::handle_traps(&guest);
    let counted = Arc::new(());
    run(guest, time, ask, |guest, n, slot, _| {
        let (space, at) = place(n);
        let region = space.region(at / space.stride, 1);
        match slot.take() {
            Some(device) => {
                guest.set(&[gasp_region { flags: 0, ..region }]);
                free(guest, device);
            }
            None => {
                let other = place((n + 1) % PLACES as u64);
                let device = Lent::new(Device::new(&space, at, other, &counted));
                let vdev = device.address().cast();
                guest.set(&[gasp_region { flags: grf::GRF_VIRT_ANY as u32, vdev, ..region }]);
                *slot = Some(device);
            }
        }
    });
    assert_eq!(Arc::strong_count(&counted), 1, "each device was freed");
}

/// Devices are freed when no thread is in their handlers any more.
pub(crate) fn removals_that_wait(time: Duration) {
    removals(time, |guest, device| {
        guest.synchronize();
        device.free();
    });
}

/// The library calls the function that frees them.
pub(crate) fn removals_that_do_not_wait(time: Duration) {
    removals(time, |guest, device| device.free_when_quiet(guest));
}

/// The host's own memory becomes memory of the guest, changes its rights, and is freed.
pub(crate) fn memory(time: Duration) {
    let access = |cpu: &Cpu, random: &mut Random| {
        let n = random.below(PLACES as u64);
        let at = n * MEMORY.stride + random.below(Page::WORDS as u64) * 8;
        if random.below(2) == 0 {
            cpu.write(&MEMORY, at, (n + 1) << 32 | random.below(100));
        }
        let word = cpu.read(&MEMORY, at);
        assert!(word == u64::MAX || word >> 32 == n + 1, "{word:#x} in page {n}");
        word != u64::MAX
    };
    let rights = [grf::GRF_PASS_ANY, grf::GRF_PASS_RD, grf::GRF_VIRT_ANY];
    run(Guest::create(), time, access, |guest, n, slot, random| {
        let page = slot.get_or_insert_with(|| Lent::new(Page::new(n + 1)));
        let flags = grf::GRF_MEMORY as u32 | *random.of(&rights) as u32;
        let host_location = page.address().expose_provenance() as u64;
        guest.set(&[gasp_region { flags, host_location, ..MEMORY.region(n, 1) }]);
        if random.below(2) == 0 {
            guest.set(&[MEMORY.hole(n)]);
            guest.synchronize();
            slot.take().into_iter().for_each(Lent::free);
        }
    });
}
