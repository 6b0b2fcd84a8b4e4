//! No access is lost while the map changes: code, stack and data of the guests are in the RAM
//! whose slots the host replaces all the time.

use super::counts::{RAM, ROM, TRAP};
use super::device::Device;
use super::*;
use gasp_abi::{gasp_region, qvm_state_block};
use std::thread;
use std::time::Duration;

/// `GASP_VM_ROUNDS`, or few.
fn rounds() -> u32 {
    std::env::var("GASP_VM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(300)
}

fn flags(location: u64, flags: u32) -> gasp_region {
    let guest = qvm_state_block { location, length: 0x1000, r#type: 0, flags: 0 };
    gasp_region { flags, cookie: 0, vdev: core::ptr::null_mut(), host_location: 0, guest }
}

/// A guest that counts, and where.
struct Counting {
    guest: Guest,
    start: Start,
    /// The page before the code's.
    base: u64,
}

impl Counting {
    /// In 16 bits, all in the lowest 64 KiB.
    fn low() -> Self {
        Self { guest: guest(0x10000, code::count()), start: START, base: 0 }
    }

    /// In 64 bits, above 4 GiB; its page tables and stacks are below.
    fn high() -> Self {
        let (guest, base) = (guest(0x10000, &[]), 6 << 30);
        guest.add_memory(base, 0x10000, Memory::Ram).expect("no memory");
        guest.write(base + 0x1000, code::count_64()).expect("no code");
        let start = Start::Long { entry: base + 0x1000, tables: 0x4000 };
        Self { guest, start, base }
    }

    /// The counts of a vCPU, in four ways.
    fn counts(&self, cpu: u32) -> [u32; 4] {
        let place = self.base + 0x3100 + 32 * u64::from(cpu);
        [0, 4, 8, 12].map(|offset| word(&self.guest, place + offset))
    }

    /// The common count of all vCPUs.
    fn all(&self) -> u32 {
        word(&self.guest, self.base + 0x3004)
    }

    fn stop(&self) {
        self.guest.write(self.base + 0x3000, &[1]).expect("not stopped");
    }

    fn set(&self, page: u64, to: u32) {
        self.guest.set(&[flags(page, to)]).expect("not changed");
    }

    /// Changes the map in each round, and waits until the guest has gone on.
    fn change(&self, cpus: u32, change: impl Fn(&Self, u32)) {
        while (0..cpus).any(|cpu| self.counts(cpu)[0] == 0) {
            thread::sleep(Duration::from_millis(1));
        }
        for round in 0..rounds() {
            let before = self.all();
            change(self, round);
            while self.all() == before {
                thread::yield_now();
            }
        }
        self.stop();
    }

    /// All counts are exact, and no access to memory went through libgasp.
    fn check(&self, name: &str, cpus: u32) {
        let mut sum = 0;
        for cpu in 0..cpus {
            let [plain, locked, stack, register] = self.counts(cpu);
            assert_eq!([plain, locked, stack], [register; 3], "{name}: vCPU {cpu}");
            sum += register;
        }
        assert_eq!(self.all(), sum, "{name}");
        let counts = self.guest.counts();
        let gone = [counts.passed, counts.unsupported];
        assert_eq!(gone, [[0; 3]; 2], "{name}: RAM went through libgasp");
    }
}

/// Has vCPUs count while the map changes.
fn live(name: &str, counting: &Counting, cpus: u32, change: impl Fn(&Counting, u32) + Send) {
    let machine = machine(name, &counting.guest, &counting.start, cpus);
    let Some(mut machine) = machine else { return };
    thread::scope(|scope| {
        scope.spawn(|| counting.change(cpus, change));
        assert_eq!(machine.run(false, |_, _| ()).expect("the guest failed"), 0, "{name}");
    });
    counting.check(name, cpus);
    let holds = machine.shared().slots.holds();
    assert!(holds >= u64::from(rounds()), "{name}: only {holds} changes took slots away");
}

/// A page between code and data traps and passes again: one slot, three slots, one slot.
fn split_and_merge(counting: &Counting, round: u32) {
    let page = counting.base + 0x5000 + 0x1000 * u64::from(round % 8);
    counting.set(page, TRAP);
    counting.set(page, RAM);
}

/// The page of the code is read-only, and writable again.
fn protect(counting: &Counting, _: u32) {
    counting.set(counting.base + 0x1000, ROM);
    counting.set(counting.base + 0x1000, RAM);
}

/// High and low memory in turn: the slots with the page tables and the stacks, too.
fn high_and_low(counting: &Counting, round: u32) {
    let base = if round & 1 == 0 { counting.base } else { 0 };
    counting.set(base + 0xe000, TRAP);
    counting.set(base + 0xe000, RAM);
}

#[test]
fn splits_and_merges_lose_nothing_with_one_vcpu() {
    live("split_and_merge_1", &Counting::low(), 1, split_and_merge);
}

#[test]
fn splits_and_merges_lose_nothing_with_two_vcpus() {
    live("split_and_merge_2", &Counting::low(), 2, split_and_merge);
}

#[test]
fn permission_changes_of_the_code_lose_nothing() {
    live("protect", &Counting::low(), 2, protect);
}

#[test]
fn changes_lose_nothing_above_4_gib() {
    live("high", &Counting::high(), 2, high_and_low);
}

#[test]
fn changes_that_a_vcpu_makes_in_an_exit_lose_nothing() {
    // Never freed: the device's function has it, too.
    let counting: &'static Counting = Box::leak(Box::new(Counting::low()));
    let guest = &counting.guest;
    guest.write(0x1000, code::change()).expect("no code");
    guest.write(0x1800, code::count()).expect("no code");
    guest.write(0x3010, &rounds().to_le_bytes()).expect("no memory");
    trap_port(guest, 0x90);
    let device = Device::new(
        guest,
        Box::new(|_, _| {
            split_and_merge(counting, counting.all());
            0
        }),
    );
    let Some(mut machine) = machine("own_exit", guest, &START, 2) else { return };
    assert_eq!(machine.run(false, |_, _| ()).expect("the guest failed"), 0);
    counting.check("own_exit", 2);
    assert_eq!(device.log().len(), rounds() as usize);
}

#[test]
fn changes_without_pause_starve_no_vcpu() {
    let counting = Counting::low();
    let Some(mut machine) = machine("no_pause", &counting.guest, &START, 2) else { return };
    let counts = || [counting.counts(0)[0], counting.counts(1)[0]];
    let standstills = thread::scope(|scope| {
        let changes = scope.spawn(|| {
            while counts().contains(&0) {
                thread::sleep(Duration::from_millis(1));
            }
            let stands_still = |round: &u32| {
                let before = counts();
                split_and_merge(&counting, *round);
                std::iter::zip(before, counts()).any(|(before, now)| before == now)
            };
            let standstills = (0..rounds()).filter(stands_still).count();
            counting.stop();
            standstills
        });
        assert_eq!(machine.run(false, |_, _| ()).expect("the guest failed"), 0);
        changes.join().expect("panicked")
    });
    // On a busy host a vCPU may have entered without having been run.
    assert!(standstills < rounds() as usize / 2, "{standstills} of {} rounds", rounds());
    counting.check("no_pause", 2);
}
