//! The thread that waits for timers, and the calls of their vdevs.

#![allow(unsafe_code)]

use super::acting::{GuestCpu, Mark};
use super::clock::times;
use super::shared::Shared;
use super::timer::Due;
use super::{log, outside};
use core::ptr;
use gasp_abi::vdev_t;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct TimerThread {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl TimerThread {
    /// Starts the thread, unless the clock is simulated.
    pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<Self> {
        let (shared, of_thread) = (Arc::clone(shared), Arc::clone(shared));
        let thread = match shared.timers.clock.is_simulated() {
            true => None,
            false => Some(
                thread::Builder::new().name("vdev timers".into()).spawn(move || run(&of_thread))?,
            ),
        };
        Ok(Self { shared, thread })
    }
}

impl Drop for TimerThread {
    fn drop(&mut self) {
        self.shared.timers.end();
        if let Some(thread) = self.thread.take() {
            // A panic would have ended the process.
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared) {
    while let Some(due) = shared.timers.next() {
        call(shared, due);
    }
}

/// Calls the timer function of a vdev.
pub(crate) fn call(shared: &Shared, due: Due) {
    let called = outside::with_spare(shared, |cpu| call_with(shared, due, cpu));
    if called.is_err() {
        log::error(&shared.host, due.vdev(), "there is no memory to call its timer function");
    }
}

fn call_with(shared: &Shared, due: Due, cpu: &GuestCpu) {
    let vdev = due.vdev();
    // SAFETY: vdevs live until this thread has ended.
    let factory = unsafe { (*vdev).v_factory };
    // SAFETY: factories live as long as the process.
    let Some(timer) = (unsafe { (*factory).timer }) else { return };
    let data = times(due.setting.start, shared.timers.clock.now());
    let given = ptr::with_exposed_provenance_mut(due.data);
    let mark = Mark::set(vdev, cpu);
    // SAFETY: the plugin's function, with its vdev and its data.
    unsafe { timer(vdev, given, &raw const data, cpu.pointer()) };
    mark.remove();
}

impl Due {
    fn vdev(&self) -> *mut vdev_t {
        ptr::with_exposed_provenance_mut(self.vdev)
    }
}
