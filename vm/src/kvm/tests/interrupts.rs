//! Interrupts into the guest, sleeping for them, and ends from outside.

use super::counts::region;
use super::device::{Access, Device};
use super::*;
use crate::platform::{Platform, Power};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

const VECTOR: u8 = 0x20;
const COUNT: u64 = 0x2000;

fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::sleep(Duration::from_micros(100));
    }
}

/// The line of a device: `acknowledged` is told how often the guest has acknowledged an interrupt,
/// by a write to port 0x70, and drives the line. Without an interrupt controller nothing but the
/// device ends an interrupt: a guest whose line stays high takes the next one right after `iret`.
fn device(
    guest: &Guest,
    acknowledged: impl Fn(&dyn Platform, u32) + Send + Sync + 'static,
) -> (&'static Device, Arc<OnceLock<Arc<dyn Platform>>>) {
    trap_port(guest, 0x70);
    let platform: Arc<OnceLock<Arc<dyn Platform>>> = Arc::default();
    let (line, count) = (Arc::clone(&platform), AtomicU32::new(0));
    let write = move |_: &_, _: &mut [u8]| {
        let platform = line.get().expect("no platform");
        acknowledged(platform.as_ref(), count.fetch_add(1, SeqCst) + 1);
        0
    };
    (Device::new(guest, Box::new(write)), platform)
}

/// Three interrupts from another thread. Each is raised when the guest has counted the one before,
/// and lowered when it acknowledges that: if it is raised first, it counts as an edge.
fn edges(name: &str, code: &[u8]) {
    let guest = guest(0x10000, code);
    let (device, line) = device(&guest, |platform, _| platform.interrupt(VECTOR, false));
    let Some(mut machine) = machine(name, &guest, &START, 1) else { return };
    let platform = machine.platform();
    line.set(machine.platform()).ok().expect("set twice");
    thread::scope(|scope| {
        scope.spawn(|| {
            for count in 0..3 {
                until(|| word(&guest, COUNT) == count);
                platform.interrupt(VECTOR, true);
            }
        });
        assert_eq!(machine.run(true, |_, _| ()).expect("failed"), 0);
    });
    assert_eq!(word(&guest, COUNT), 3);
    assert_eq!(device.log().len(), 3);
}

#[test]
fn edges_wake_a_guest_that_sleeps() {
    edges("edges_sleep", code::interrupts());
}

#[test]
fn edges_reach_a_guest_that_runs() {
    edges("edges_busy", code::busy_interrupts());
}

/// Three interrupts of one level. The device leaves its line high at the first acknowledgement, has
/// it low for a moment at the second, on the vCPU's own thread, and lets go at the third.
fn level(name: &str, code: &[u8]) {
    let guest = guest(0x10000, code);
    let (device, line) = device(&guest, |platform, count| {
        if count > 1 {
            platform.interrupt(VECTOR, false);
        }
        if count == 2 {
            platform.interrupt(VECTOR, true);
        }
    });
    let Some(mut machine) = machine(name, &guest, &START, 1) else { return };
    line.set(machine.platform()).ok().expect("set twice");
    machine.platform().interrupt(VECTOR, true);
    assert_eq!(machine.run(true, |_, _| ()).expect("failed"), 0);
    assert_eq!(word(&guest, COUNT), 3);
    assert_eq!(device.log().len(), 3);
}

#[test]
fn levels_wake_a_guest_that_sleeps() {
    level("level_sleep", code::interrupts());
}

#[test]
fn levels_reach_a_guest_that_runs() {
    level("level_busy", code::busy_interrupts());
}

#[test]
fn an_interrupt_beside_a_failed_access_comes_after_its_exception() {
    let guest = guest(0x10000, code::faults());
    guest.set(&[region((8, 1, TRAP, 0))]).expect("no trap");
    trap_port(&guest, 0x70);
    let platform: Arc<OnceLock<Arc<dyn Platform>>> = Arc::default();
    let line = Arc::clone(&platform);
    let fail = move |access: &Access, _: &mut [u8]| {
        if access.port {
            return 0;
        }
        let platform = line.get().expect("no platform");
        platform.interrupt(VECTOR, true);
        platform.interrupt(VECTOR, false);
        libc::EFAULT
    };
    let device = Device::new(&guest, Box::new(fail));
    let Some(mut machine) = machine("fault_and_interrupt", &guest, &START, 1) else { return };
    platform.set(machine.platform()).ok().expect("set twice");
    assert_eq!(machine.run(true, |_, _| ()).expect("failed"), 0);
    assert_eq!([0, 4, 12].map(|at| word(&guest, COUNT + at)), [100, 100, 0]);
    assert_eq!(device.log().len(), 200);
}

#[test]
fn a_guest_that_waits_for_no_interrupt_has_ended() {
    let guest = guest(0x10000, code::sleep());
    let Some(mut machine) = machine("sleep_for_nobody", &guest, &START, 2) else { return };
    assert_eq!(machine.run(false, |_, _| ()).expect("failed"), 0);
}

/// Ends a guest from another thread.
fn terminated(name: &str, code: &[u8], cpus: u32) {
    let guest = guest(0x10000, code);
    let Some(mut machine) = machine(name, &guest, &START, cpus) else { return };
    let platform = machine.platform();
    thread::scope(|scope| {
        scope.spawn(|| {
            until(|| word(&guest, COUNT) == 1);
            platform.terminate(4);
            platform.terminate(0);
        });
        assert_eq!(machine.run(true, |_, _| ()).expect("failed"), 4);
    });
}

#[test]
fn a_guest_that_sleeps_can_be_ended() {
    terminated("terminate_sleep", code::sleep(), 2);
}

#[test]
fn a_guest_that_spins_can_be_ended() {
    terminated("terminate_spin", code::spin(), 2);
}

#[test]
fn a_device_can_end_the_guest() {
    let guest = guest(0x10000, code::talk());
    trap_port(&guest, 0x80);
    let platform: Arc<OnceLock<Arc<dyn Platform>>> = Arc::default();
    let line = Arc::clone(&platform);
    let end = move |_: &_, _: &mut [u8]| {
        line.get().expect("no platform").terminate(33);
        0
    };
    let device = Device::new(&guest, Box::new(end));
    let Some(mut machine) = machine("device_ends", &guest, &START, 1) else { return };
    platform.set(machine.platform()).ok().expect("set twice");
    assert_eq!(machine.run(true, |_, _| ()).expect("failed"), 33);
    assert_eq!(device.log().len(), 1, "the guest has not gone on");
}

#[test]
fn the_power_state_follows_a_guest_that_sleeps() {
    let guest = guest(0x10000, code::interrupts());
    let (_device, line) = device(&guest, |platform, _| platform.interrupt(VECTOR, false));
    let Some(mut machine) = machine("power", &guest, &START, 1) else { return };
    let platform = machine.platform();
    line.set(machine.platform()).ok().expect("set twice");
    let states = Arc::new(Mutex::new(vec![Power::Runs]));
    let list = Arc::clone(&states);
    platform.watch_power(Box::new(move |number, state| {
        assert_eq!(number, 0);
        list.lock().expect("poisoned").push(state);
    }));
    let waits = || states.lock().expect("poisoned").last() == Some(&Power::Waits);
    thread::scope(|scope| {
        scope.spawn(|| {
            for count in 0..3 {
                // It runs before it counts, so it waits for the next one then.
                until(|| word(&guest, COUNT) == count && waits());
                platform.interrupt(VECTOR, true);
            }
        });
        assert_eq!(machine.run(true, |_, _| ()).expect("failed"), 0);
    });
    let states = states.lock().expect("poisoned");
    let (last, sleeps) = states.split_last().expect("no state");
    assert_eq!(*last, Power::Off);
    assert!(sleeps.len() >= 7, "{states:?}");
    for (index, state) in sleeps.iter().enumerate() {
        assert_eq!(*state, if index % 2 == 0 { Power::Runs } else { Power::Waits });
    }
}
