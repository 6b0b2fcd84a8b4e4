//! Functions that `c/pulse.c` calls. They are not for plugins, so not exported.

use super::write::host;
use crate::pulse::{self, Pulse, Put, Queue};
use crate::{acting, ending, log, pulse_thread, slots};
use core::ffi::{c_int, c_void};
use core::ptr;
use gasp_abi::{qvm_callback, vdev_t};
use std::sync::Arc;

/// A pulse, as the thread that serves it sees it.
#[repr(C)]
#[derive(Debug)]
pub(super) struct ServedPulse {
    vdev: *mut vdev_t,
    callback: *mut qvm_callback,
    code: c_int,
}

/// The event of a vdev with a code. 0: it is no vdev.
#[unsafe(no_mangle)]
extern "C" fn gasp_vdev_private_event(vdev: *const vdev_t, code: c_int, priority: c_int) -> usize {
    // It was an `int8_t`.
    event(vdev, Pulse::Code(i8::try_from(code).unwrap_or_default()), priority)
}

/// The event of a callback. 0: this thread acts for no vdev.
#[unsafe(no_mangle)]
extern "C" fn gasp_vdev_private_callback_event(
    callback: *mut qvm_callback,
    priority: c_int,
) -> usize {
    event(acting::vdev(), Pulse::Callback(callback.expose_provenance()), priority)
}

fn event(vdev: *const vdev_t, pulse: Pulse, priority: c_int) -> usize {
    let queue = slots::shared(vdev).and_then(|shared| shared.pulses.of_vdev(vdev.addr()));
    queue.map_or(0, |queue| pulse::event(&queue, pulse, priority))
}

/// Delivers an event, if its vdev is still there.
#[unsafe(no_mangle)]
extern "C" fn gasp_vdev_private_deliver(event: usize) {
    match pulse::deliver(event) {
        Some((queue, Put::NeedsThread)) => pulse_thread::start(&queue),
        Some((queue, Put::Full)) => {
            let vdev = ptr::with_exposed_provenance(queue.vdev);
            log::error(&host(vdev), vdev, "pulses are lost: 65,536 wait already");
        }
        Some((_, Put::Quietly)) | None => {}
    }
}

/// Waits for the next pulse of a queue; the call for the one before has returned or was left. 0 at
/// the end; then the queue is given back. The caller has nothing to drop.
///
/// # Safety
/// `queue` is that of the thread, and a pulse can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vdev_private_next_pulse(
    queue: *mut c_void,
    pulse: *mut ServedPulse,
) -> c_int {
    let queue: *const Queue = queue.cast_const().cast();
    // SAFETY: the thread has it until the end.
    let vdev = ptr::with_exposed_provenance_mut(unsafe { (*queue).vdev });
    pulse_thread::end_call(vdev);
    if ending::is_pending() {
        // SAFETY: as above. Nobody serves what comes later.
        unsafe { (*queue).end() };
    }
    // SAFETY: as above.
    let Some(next) = (unsafe { (*queue).next() }) else {
        // SAFETY: from `pulse_thread::start`, and this is the last use.
        drop(unsafe { Arc::from_raw(queue) });
        ending::go_on();
        return 0;
    };
    pulse_thread::begin(vdev, next);
    let (code, callback) = match next {
        Pulse::Code(code) => (code.into(), ptr::null_mut()),
        Pulse::Callback(at) => (0, ptr::with_exposed_provenance_mut(at)),
    };
    let served = ServedPulse { vdev, callback, code };
    // SAFETY: the caller's promise.
    unsafe { pulse.write(served) };
    1
}
