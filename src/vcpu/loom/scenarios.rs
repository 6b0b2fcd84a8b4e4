//! Who may wait for whom, and what may come of it.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::{Model, explore, spawn};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::sync::atomic::AtomicBool;
use loom::thread;
use std::sync::Arc;

/// Deletes a device, waits, and frees its memory.
fn unload(model: &Arc<Model>, device: usize) {
    model.devices[device].remove();
    model.synchronize();
    model.devices[device].free();
}

/// The same without waiting.
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

/// Nothing but the fences tells the vCPU's thread that somebody has waited.
#[test]
fn an_access_that_starts_afterwards_does_not_see_what_was_removed() {
    explore(2, [(false, false), (false, true), (true, false)], |model| {
        let done = Arc::new(AtomicBool::new(false));
        let told = done.clone();
        let cpu = spawn(model, move |model| {
            (told.load(Relaxed), model.access(0, || model.devices[0].find()))
        });
        unload(model, 0);
        done.store(true, Relaxed);
        cpu.join().unwrap()
    });
}

/// The second one may start while somebody waits for the first one.
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

/// What a handler found before the access inside of it is still used afterwards.
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
fn two_who_wait_may_each_free_what_they_removed() {
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
fn who_is_woken_for_another_wait_sleeps_on() {
    explore(3, [false, true], |model| {
        model.start(0);
        let first = spawn(model, |model| model.synchronize());
        model.start(1);
        let second = spawn(model, |model| unload(model, 0));
        let found = model.devices[0].find();
        model.end(0);
        thread::yield_now(); // to who was woken
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
fn a_function_is_called_at_once_where_nothing_is_under_way() {
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

/// Removes a device that vCPUs are using, without waiting. The thread that frees it: 0 for the
/// one that asked, else the vCPU's.
fn who_frees(model: &Arc<Model>, cpus: usize) -> usize {
    let users: Vec<_> = (0..cpus)
        .map(|cpu| spawn(model, move |model| model.access(cpu, || model.devices[0].find())))
        .collect();
    let ids: Vec<_> = users.iter().map(|user| user.thread().id()).collect();
    let freed_by = Arc::new(AtomicUsize::new(usize::MAX));
    let who = freed_by.clone();
    model.devices[0].remove();
    model.call_when_quiet(move |model| {
        model.devices[0].free();
        let id = thread::current().id();
        let place = ids.iter().position(|user| *user == id);
        who.store(place.map_or(0, |place| place + 1), Relaxed);
    });
    users.into_iter().for_each(|user| _ = user.join().unwrap());
    assert_eq!(model.called.load(Relaxed), 1);
    freed_by.load(Relaxed)
}

#[test]
fn a_function_is_called_once_after_an_access() {
    explore(2, 0..=1, |model| who_frees(model, 1));
}

#[test]
fn a_function_is_called_once_after_accesses_of_two_vcpus() {
    explore(3, 0..=2, |model| who_frees(model, 2));
}

/// The handler's own access is one of those that have to end.
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
fn a_function_may_ask_for_another_one() {
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

/// Several waits end with the same access: who sleeps is woken, and the function is called.
#[test]
fn all_who_wait_for_an_access_are_told() {
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

/// A function may wait for what somebody does who sleeps until the same access has ended.
#[test]
fn who_sleeps_does_not_wait_for_a_function() {
    explore(2, [1], |model| {
        model.start(0);
        let sleeper = spawn(model, |model| model.synchronize());
        model.call_when_quiet(|_| sleeper.join().unwrap());
        model.end(0);
        model.called.load(Relaxed)
    });
}
