//! The gate, with threads that stand in for vCPUs: "in the guest" is a loop that only a kick ends.

#![allow(unsafe_code)]

use super::super::gate::{Entry, Gate};
use super::super::kick::{self, Kickable};
use core::cell::UnsafeCell;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 1000;
/// Far more than a kick may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// State that the threads share.
#[derive(Debug, Default)]
struct World {
    /// The thread that holds vCPUs outside is alone.
    alone: AtomicBool,
    entries: AtomicU32,
    interrupts: AtomicU32,
}

/// A vCPU until the guest has ended.
fn vcpu(gate: &Gate, cpu: u32, world: &World) {
    let flag = UnsafeCell::new(0u8);
    // SAFETY: the flag outlives `kickable`.
    let kickable = unsafe { Kickable::new(flag.get()) };
    // SAFETY: as above; the handler makes atomic accesses, too.
    let kicked = unsafe { AtomicU8::from_ptr(flag.get()) };
    gate.register(cpu);
    loop {
        kickable.set(false);
        match gate.enter(cpu) {
            Entry::Ended => return,
            Entry::Interrupt => _ = world.interrupts.fetch_add(1, SeqCst),
            Entry::Inside => {}
        }
        world.entries.fetch_add(1, SeqCst);
        while kicked.load(SeqCst) == 0 {
            assert!(!world.alone.load(SeqCst), "in the guest while it is held");
            thread::yield_now();
        }
        gate.leave(cpu, true);
    }
}

/// Runs vCPUs beside `work`.
fn beside(cpus: u32, work: impl FnOnce(&Gate, &World)) {
    kick::install().expect("no signal");
    let (gate, world) = (Gate::new(cpus), World::default());
    thread::scope(|scope| {
        for cpu in 0..cpus {
            let (gate, world) = (&gate, &world);
            scope.spawn(move || vcpu(gate, cpu, world));
        }
        work(&gate, &world);
        gate.end();
    });
}

#[test]
fn no_vcpu_is_in_the_guest_while_it_is_held() {
    beside(2, |gate, world| {
        for _ in 0..ROUNDS {
            let before = world.entries.load(SeqCst);
            gate.hold();
            world.alone.store(true, SeqCst);
            thread::yield_now();
            world.alone.store(false, SeqCst);
            gate.release();
            let start = Instant::now();
            while world.entries.load(SeqCst) == before {
                assert!(start.elapsed() < PATIENCE, "no vCPU went on");
                thread::yield_now();
            }
        }
    });
}

#[test]
fn one_thread_holds_at_a_time() {
    let both = AtomicU32::new(0);
    beside(1, |gate, world| {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        gate.hold();
                        both.fetch_add(u32::from(world.alone.swap(true, SeqCst)), SeqCst);
                        thread::yield_now();
                        world.alone.store(false, SeqCst);
                        gate.release();
                    }
                });
            }
        });
    });
    assert_eq!(both.load(SeqCst), 0, "two threads hold");
}

#[test]
fn each_vcpu_enters_between_two_holds() {
    const CPUS: u32 = 2;
    beside(CPUS, |gate, world| {
        while world.entries.load(SeqCst) < CPUS {
            thread::yield_now();
        }
        let before = world.entries.load(SeqCst);
        for _ in 0..ROUNDS {
            gate.hold();
            gate.release();
        }
        let entries = world.entries.load(SeqCst) - before;
        assert!(entries >= CPUS * (ROUNDS - 1), "{entries} entries in {ROUNDS} rounds");
    });
}

#[test]
fn a_vcpu_that_handles_an_access_is_not_waited_for() {
    let gate = Gate::new(1);
    assert_eq!(gate.enter(0), Entry::Inside);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !gate.held() {
                thread::yield_now();
            }
            gate.leave(0, false);
        });
        kick::install().expect("no signal");
        gate.register(0);
        for _ in 0..2 {
            gate.hold();
            gate.release();
        }
    });
}

#[test]
fn a_guest_that_has_ended_is_not_waited_for() {
    let gate = Gate::new(1);
    assert_eq!(gate.enter(0), Entry::Inside);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !gate.held() {
                thread::yield_now();
            }
            gate.leave(0, true);
        });
        kick::install().expect("no signal");
        gate.register(0);
        gate.hold();
        gate.release();
        gate.end();
        gate.hold();
    });
}

#[test]
fn an_interrupt_is_looked_at_whenever_it_comes() {
    beside(1, |gate, world| {
        for round in 1..=ROUNDS {
            gate.interrupt(0);
            let start = Instant::now();
            while world.interrupts.load(SeqCst) < round {
                assert!(start.elapsed() < PATIENCE, "interrupt {round} was lost");
                thread::yield_now();
            }
        }
        assert_eq!(world.interrupts.load(SeqCst), ROUNDS);
    });
}

#[test]
fn a_halted_vcpu_is_woken() {
    let (gate, woken) = (Gate::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            gate.halt(0, true);
            assert_eq!(gate.enter(0), Entry::Interrupt);
            gate.leave(0, true);
            woken.store(true, SeqCst);
            gate.halt(0, false);
            gate.enter(0)
        });
        gate.interrupt(0);
        while !woken.load(SeqCst) {
            thread::yield_now();
        }
        gate.interrupt(0);
        thread::sleep(Duration::from_millis(10));
        assert!(!sleeper.is_finished(), "only the end wakes a vCPU that halts for good");
        gate.end();
        assert_eq!(sleeper.join().expect("it ends"), Entry::Ended);
    });
}
