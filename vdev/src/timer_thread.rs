//! The thread that waits for timers, and the calls of their vdevs.

#![allow(unsafe_code)]

use super::acting::GuestCpu;
use super::call::Callback;
use super::clock::times;
use super::shared::Shared;
use super::timer::Due;
use super::{calling, ending, log, outside};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use gasp_abi::vdev_t;
use std::io;
use std::sync::Arc;

/// The thread; it ends when this is dropped. It is one of C, which the host's `fatal` may end:
/// nothing may unwind through those of Rust.
#[derive(Debug)]
pub(crate) struct TimerThread {
    shared: Arc<Shared>,
    thread: Option<libc::pthread_t>,
}

impl TimerThread {
    /// Starts the thread, unless the clock is simulated.
    pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<Self> {
        let thread = match shared.timers.clock.is_simulated() {
            true => None,
            false => Some(create(Arc::clone(shared))?),
        };
        Ok(Self { shared: Arc::clone(shared), thread })
    }
}

fn create(shared: Arc<Shared>) -> io::Result<libc::pthread_t> {
    let (arg, mut thread) = (Arc::into_raw(shared), MaybeUninit::uninit());
    let given = arg.cast_mut().cast();
    // SAFETY: the function takes this argument, which is its own from now on.
    match unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), run, given) } {
        0 => {}
        errno => {
            // SAFETY: there is no thread that has it.
            drop(unsafe { Arc::from_raw(arg) });
            return Err(io::Error::from_raw_os_error(errno));
        }
    }
    // SAFETY: the call has filled it.
    let thread = unsafe { thread.assume_init() };
    // SAFETY: a thread that is not joined yet, and a string. A thread without a name works, too.
    unsafe { libc::pthread_setname_np(thread, c"vdev timers".as_ptr()) };
    Ok(thread)
}

impl Drop for TimerThread {
    fn drop(&mut self) {
        self.shared.timers.end();
        if let Some(thread) = self.thread.take() {
            // SAFETY: a thread that is joined once.
            unsafe { libc::pthread_join(thread, ptr::null_mut()) };
        }
    }
}

extern "C" fn run(arg: *mut c_void) -> *mut c_void {
    // SAFETY: what `create` gave.
    let shared = unsafe { Arc::from_raw(arg.cast::<Shared>()) };
    while let Some(due) = shared.timers.next() {
        call(&shared, due);
        if ending::is_pending() {
            break;
        }
    }
    drop(shared);
    ending::go_on();
    ptr::null_mut()
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
    let (data, gcp) = (&raw const data, cpu.pointer());
    // SAFETY: the plugin's function, with its vdev and its data.
    let run = || unsafe { timer(vdev, given, data, gcp) };
    calling::make(shared, (vdev, cpu), (Callback::Timer, 0), run);
}

impl Due {
    fn vdev(&self) -> *mut vdev_t {
        ptr::with_exposed_provenance_mut(self.vdev)
    }
}
