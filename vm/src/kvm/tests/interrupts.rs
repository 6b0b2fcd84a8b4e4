//! Interrupts into the guest, sleeping for them, and ends from outside.

use super::counts::region;
use super::device::{Access, Device};
use super::*;
use crate::platform::Platform;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

const VECTOR: u8 = 0x20;
const COUNT: u64 = 0x2000;

fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::sleep(Duration::from_micros(100));
    }
}

/// Three edges from another thread.
fn edges(name: &str, code: &[u8]) {
    let guest = guest(0x10000, code);
    let Some(mut machine) = machine(name, &guest, &START, 1) else { return };
    let platform = machine.platform();
    thread::scope(|scope| {
        scope.spawn(|| {
            for count in 0..3 {
                until(|| word(&guest, COUNT) == count);
                platform.interrupt(VECTOR, true);
                platform.interrupt(VECTOR, false);
            }
        });
        assert_eq!(machine.run(true, |_, _| ()).expect("failed"), 0);
    });
    assert_eq!(word(&guest, COUNT), 3);
}

#[test]
fn edges_wake_a_guest_that_sleeps() {
    edges("edges_sleep", code::interrupts());
}

#[test]
fn edges_reach_a_guest_that_runs() {
    edges("edges_busy", code::busy_interrupts());
}

/// A line that is asserted all the time is delivered until the guest has the device let go.
fn level(name: &str, code: &[u8]) {
    let guest = guest(0x10000, code);
    trap_port(&guest, 0x70);
    let platform: Arc<OnceLock<Arc<dyn Platform>>> = Arc::default();
    let line = Arc::clone(&platform);
    let device = Device::new(
        &guest,
        Box::new(move |_, _| {
            // A level: low for a moment only, and high again from the vCPU's own thread.
            let platform = line.get().expect("no platform");
            platform.interrupt(VECTOR, false);
            platform.interrupt(VECTOR, true);
            0
        }),
    );
    let Some(mut machine) = machine(name, &guest, &START, 1) else { return };
    platform.set(machine.platform()).ok().expect("set twice");
    machine.platform().interrupt(VECTOR, true);
    assert_eq!(machine.run(true, |_, _| ()).expect("failed"), 0);
    assert!(word(&guest, COUNT) >= 3);
    assert!(device.log().len() >= 3);
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
