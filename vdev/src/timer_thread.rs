//! The thread that waits for timers and calls their vdevs.

#![allow(unsafe_code)]

use super::clock::times;
use super::cpu::CpuGuard;
use super::shared::Shared;
use super::timer::Due;
use core::ptr;
use gasp_abi::{gasp_cpu, guest_system, vdev_t};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct TimerThread {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The vCPU of libgasp through which timer functions make accesses.
struct TimerCpu(*mut gasp_cpu);

// SAFETY: only the thread uses it.
unsafe impl Send for TimerCpu {}

impl TimerThread {
    /// Starts the thread, unless there is no vdev and so no timer.
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, String> {
        let guest: *mut guest_system = ptr::with_exposed_provenance_mut(shared.guest());
        let shared = Arc::clone(shared);
        if guest.is_null() {
            return Ok(Self { shared, thread: None });
        }
        // SAFETY: the guest's handle.
        let cpu = TimerCpu(unsafe { gasp_abi::gasp_cpu_create(guest) });
        if cpu.0.is_null() {
            return Err("there is no memory for the thread of the timers".into());
        }
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("vdev timers".into())
            .spawn(move || run(&of_thread, &cpu))
            .map_err(|error| format!("there is no thread for timers: {error}"))?;
        Ok(Self { shared, thread: Some(thread) })
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

fn run(shared: &Arc<Shared>, cpu: &TimerCpu) {
    let guard = CpuGuard::enter(shared, u32::MAX, cpu.0);
    while let Some(due) = shared.timers.next() {
        call(shared, due, &guard);
    }
    drop(guard);
    // SAFETY: libgasp's vCPU, which is not used any more.
    unsafe { gasp_abi::gasp_cpu_destroy(cpu.0) };
}

fn call(shared: &Shared, due: Due, cpu: &CpuGuard) {
    let vdev: *mut vdev_t = ptr::with_exposed_provenance_mut(due.vdev);
    // SAFETY: vdevs live until this thread has ended.
    let factory = unsafe { (*vdev).v_factory };
    // SAFETY: factories live as long as the process.
    let Some(timer) = (unsafe { (*factory).timer }) else { return };
    let data = times(due.setting.start, shared.timers.clock.now());
    let given = ptr::with_exposed_provenance_mut(due.data);
    // SAFETY: the plugin's function, with its vdev and its data.
    unsafe { timer(vdev, given, &raw const data, cpu.pointer()) };
}
