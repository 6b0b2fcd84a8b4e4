//! Waits for accesses, and quiet callbacks after them.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::{Model, explore, spawn};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::sync::atomic::AtomicBool;
use loom::thread;
use std::sync::Arc;

/// Deletes a device, waits for a grace period, and frees its memory.
fn unload(model: &Arc<Model>, device: usize) {
    model.devices[device].remove();
    model.synchronize();
    model.devices[device].free();
}

/// The same by a quiet callback, without waiting.
fn unload_when_quiet(model: &Arc<Model>, device: usize) {
    model.devices[device].remove();
    model.call_when_quiet(move |model| model.devices[device].free());
}

#[test]
fn an_access_that_has_started_is_waited_for() {
    explore(2, [false, true], |model| {
        let cpu = spawn(model, |model| model.access(0, || model.devices[0].find()));
        unload(model, 0);
        cpu.join().unwrap()
    });
}

/// Only the fences order the removal before the vCPU's access.
#[test]
fn an_access_that_starts_afterwards_does_not_see_the_removed_device() {
    explore(2, [(false, false), (false, true), (true, false)], |model| {
        let done = Arc::new(AtomicBool::new(false));
        let was_done = done.clone();
        let cpu = spawn(model, move |model| {
            (was_done.load(Relaxed), model.access(0, || model.devices[0].find()))
        });
        unload(model, 0);
        done.store(true, Relaxed);
        cpu.join().unwrap()
    });
}

/// The second one may start while a thread waits for the first one.
#[test]
fn each_of_two_accesses_of_a_vcpu_is_waited_for() {
    explore(2, [[false, false], [true, false], [true, true]], |model| {
        let cpu =
            spawn(model, |model| [(); 2].map(|()| model.access(0, || model.devices[0].find())));
        unload(model, 0);
        cpu.join().unwrap()
    });
}

#[test]
fn accesses_of_all_vcpus_are_waited_for() {
    let all = [false, true].map(|one| [[one, false], [one, true]]);
    explore(3, all.into_iter().flatten(), |model| {
        let cpus = [0, 1]
            .map(|cpu| spawn(model, move |model| model.access(cpu, || model.devices[0].find())));
        unload(model, 0);
        cpus.map(|cpu| cpu.join().unwrap())
    });
}

/// A handler uses the outer device after an access inside of the handler.
#[test]
fn an_access_inside_of_another_is_a_part_of_it() {
    explore(2, [[false, false], [false, true], [true, false], [true, true]], |model| {
        let cpu = spawn(model, |model| {
            model.access(0, || {
                let outer = model.devices[0].find();
                let inner = model.access(0, || model.devices[1].find());
                if outer {
                    model.devices[0].use_memory();
                }
                [outer, inner]
            })
        });
        model.devices[1].remove();
        unload(model, 0);
        model.devices[1].free();
        cpu.join().unwrap()
    });
}

#[test]
fn two_waiting_threads_may_each_free_their_device() {
    explore(3, [[false, false], [false, true], [true, false], [true, true]], |model| {
        let cpu = spawn(model, |model| {
            model.access(0, || [0, 1].map(|device| model.devices[device].find()))
        });
        let other = spawn(model, |model| unload(model, 1));
        unload(model, 0);
        other.join().unwrap();
        cpu.join().unwrap()
    });
}

/// The first wait may end while the access that only the second one waits for goes on.
#[test]
fn a_thread_that_is_woken_for_another_wait_sleeps_on() {
    explore(3, [false, true], |model| {
        model.start(0);
        let first = spawn(model, |model| model.synchronize());
        model.start(1);
        let second = spawn(model, |model| unload(model, 0));
        let found = model.devices[0].find();
        model.end(0);
        thread::yield_now(); // to the thread that was woken
        if found {
            model.devices[0].use_memory();
        }
        model.end(1);
        first.join().unwrap();
        second.join().unwrap();
        found
    });
}

#[test]
fn a_callback_is_called_at_once_without_accesses() {
    explore(1, [1], |model| {
        model.access(0, || model.devices[0].find());
        unload_when_quiet(model, 0);
        model.called.load(Relaxed)
    });
}

/// One thread acts for both vCPUs.
#[test]
fn an_access_that_starts_later_is_not_waited_for() {
    explore(1, [[0, 1, 1]], |model| {
        let called = || model.called.load(Relaxed);
        model.start(0);
        unload_when_quiet(model, 0);
        model.start(1);
        let before = called();
        model.end(0);
        let between = called();
        model.end(1);
        [before, between, called()]
    });
}

/// Removes a device that vCPUs are using, without waiting. Returns the thread that frees it: 0 for
/// the one that removed it, else the vCPU's.
fn thread_that_frees(model: &Arc<Model>, cpus: usize) -> usize {
    let users: Vec<_> = (0..cpus)
        .map(|cpu| spawn(model, move |model| model.access(cpu, || model.devices[0].find())))
        .collect();
    let ids: Vec<_> = users.iter().map(|user| user.thread().id()).collect();
    let freed_by = Arc::new(AtomicUsize::new(usize::MAX));
    let result = freed_by.clone();
    model.devices[0].remove();
    model.call_when_quiet(move |model| {
        model.devices[0].free();
        let id = thread::current().id();
        let place = ids.iter().position(|user| *user == id);
        result.store(place.map_or(0, |place| place + 1), Relaxed);
    });
    users.into_iter().for_each(|user| _ = user.join().unwrap());
    assert_eq!(model.called.load(Relaxed), 1);
    freed_by.load(Relaxed)
}

#[test]
fn a_callback_is_called_once_after_an_access() {
    explore(2, 0..=1, |model| thread_that_frees(model, 1));
}

#[test]
fn a_callback_is_called_once_after_accesses_of_two_vcpus() {
    explore(3, 0..=2, |model| thread_that_frees(model, 2));
}

/// The grace period also waits for the handler's own access.
#[test]
fn a_handler_may_remove_its_own_device() {
    explore(2, [false, true], |model| {
        let other = spawn(model, |model| model.access(1, || model.devices[0].find()));
        model.access(0, || {
            unload_when_quiet(model, 0);
            model.devices[0].use_memory();
        });
        let found = other.join().unwrap();
        assert_eq!(model.called.load(Relaxed), 1);
        found
    });
}

#[test]
fn a_callback_may_register_another_one() {
    explore(2, [false, true], |model| {
        let cpu = spawn(model, |model| model.access(0, || model.devices[0].find()));
        model.devices[0].remove();
        model.call_when_quiet(|model| {
            model.devices[0].free();
            unload_when_quiet(model, 1);
        });
        let found = cpu.join().unwrap();
        assert_eq!(model.called.load(Relaxed), 2);
        found
    });
}

/// Several grace periods end with one access: their sleepers are woken, and their callback is called.
#[test]
fn all_waits_for_an_access_end() {
    explore(3, [false, true], |model| {
        let cpu = spawn(model, |model| model.access(0, || model.devices[0].find()));
        let other = spawn(model, |model| {
            model.call_when_quiet(|_| ());
            model.synchronize();
        });
        unload(model, 0);
        other.join().unwrap();
        let found = cpu.join().unwrap();
        assert_eq!(model.called.load(Relaxed), 1);
        found
    });
}

/// A callback may wait for a thread that sleeps until the same access has ended.
#[test]
fn a_sleeper_does_not_wait_for_a_callback() {
    explore(2, [1], |model| {
        model.start(0);
        let sleeper = spawn(model, |model| model.synchronize());
        model.call_when_quiet(|_| sleeper.join().unwrap());
        model.end(0);
        model.called.load(Relaxed)
    });
}
