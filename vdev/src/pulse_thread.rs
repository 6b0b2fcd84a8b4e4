//! The threads that serve the pulses of vdevs, one for each vdev that gets any.

#![allow(unsafe_code)]

use super::call::Callback;
use super::lock::unpoisoned;
use super::pulse::{Pulse, Queue, Queues};
use super::watch::{self, Watched};
use super::{log, slots};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use gasp_abi::vdev_t;
use std::sync::Arc;

unsafe extern "C" {
    /// In `c/pulse.c`: starts a thread that serves a queue. If it cannot be scheduled as the vdev
    /// is, `unscheduled` is the reason, else 0.
    fn gasp_vdev_private_serve(
        vdev: *const vdev_t,
        thread: *mut libc::pthread_t,
        queue: *mut c_void,
        unscheduled: *mut c_int,
    ) -> c_int;
}

thread_local! {
    static CALL: Cell<Option<Watched>> = const { Cell::new(None) };
}

/// This thread calls a vdev for a pulse. That is in C, so it is watched by halves.
pub(crate) fn begin(vdev: *const vdev_t, pulse: Pulse) {
    let Some(shared) = slots::shared(vdev) else { return };
    let (callback, number) = match pulse {
        Pulse::Code(code) => (Callback::Pulse, u64::from_ne_bytes(i64::from(code).to_ne_bytes())),
        Pulse::Callback(_) => (Callback::PulseFunction, 0),
    };
    let call = watch::call(&shared, vdev, callback, (number, 0));
    CALL.set(Some(watch::begin(&shared, &call)));
}

/// The vdev has returned, if this thread had called it, or was left.
pub(crate) fn end_call(vdev: *const vdev_t) {
    if let (Some(watched), Some(shared)) = (CALL.take(), slots::shared(vdev)) {
        watched.end(&shared);
    }
}

/// The configuration is complete: pulses are served.
pub(crate) fn open(queues: &Queues) {
    for queue in queues.all() {
        if queue.open() {
            start(&queue);
        }
    }
}

/// Starts the thread of a queue, unless its vdev has ended.
pub(crate) fn start(queue: &Arc<Queue>) {
    let (error, unscheduled) = start_quietly(queue);
    let vdev = ptr::with_exposed_provenance(queue.vdev);
    let Some(shared) = slots::shared(vdev) else { return };
    let why = std::io::Error::from_raw_os_error;
    if error != 0 {
        let text = format!("a pulse is lost: there is no thread: {}", why(error));
        log::error(&shared.host, vdev, &text);
    } else if unscheduled != 0 {
        let text = format!("pulses are not scheduled as sched says: {}", why(unscheduled));
        log::warn(&shared.host, vdev, &text);
    }
}

/// Two error numbers: why there is no thread, and why it is not scheduled as the vdev is.
fn start_quietly(queue: &Arc<Queue>) -> (c_int, c_int) {
    let mut thread = unpoisoned(queue.thread.lock());
    if queue.has_ended() {
        return (0, 0);
    }
    let vdev = ptr::with_exposed_provenance(queue.vdev);
    let (mut started, mut unscheduled) = (MaybeUninit::uninit(), 0);
    // The thread's own; `gasp_vdev_private_next_pulse` takes it back at the end.
    let given = Arc::into_raw(Arc::clone(queue));
    let of_thread = given.cast_mut().cast();
    // SAFETY: a vdev, which has not ended; and room for what is returned.
    let error = unsafe {
        gasp_vdev_private_serve(vdev, started.as_mut_ptr(), of_thread, &raw mut unscheduled)
    };
    if error == 0 {
        // SAFETY: it is started.
        *thread = Some(unsafe { started.assume_init() });
    } else {
        // SAFETY: from above, and there is no thread that has it.
        drop(unsafe { Arc::from_raw(given) });
        queue.unserved();
    }
    (error, unscheduled)
}

/// The guest has ended: waits for the pulse functions that run, and ends the threads.
pub(crate) fn end(queues: &Queues) {
    for queue in queues.all() {
        queue.end();
        let thread = unpoisoned(queue.thread.lock()).take();
        if let Some(thread) = thread {
            // SAFETY: a thread that nobody else joins. It does not wait for itself: that is EDEADLK.
            unsafe { libc::pthread_join(thread, ptr::null_mut()) };
        }
    }
}
