//! A host that records what vdevs have it do.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr;
use gasp_abi::gasp_vdev_host;
use std::sync::Mutex;

/// A call of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Interrupt(u32, bool),
    Terminate(i32),
    Message(u64, u32),
    CoreFile,
}

/// A host that records its calls.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    pub(super) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn host(&self, flags: u32) -> gasp_vdev_host {
        gasp_vdev_host {
            size: size_of::<gasp_vdev_host>(),
            flags,
            arg: ptr::from_ref(self).cast_mut().cast(),
            interrupt: Some(interrupt),
            terminate: Some(terminate),
            fatal: None,
            log: None,
            registers: None,
            msi: Some(message),
            core_file: Some(core_file),
        }
    }
}

unsafe extern "C" fn interrupt(arg: *mut c_void, line: c_uint, asserted: c_int) {
    // SAFETY: the recorder of `Recorder::host`.
    let recorder = unsafe { &*arg.cast::<Recorder>() };
    recorder.0.lock().unwrap().push(Event::Interrupt(line, asserted != 0));
}

/// The host takes messages for memory below 4 GiB.
unsafe extern "C" fn message(arg: *mut c_void, addr: u64, data: c_uint) -> c_int {
    // SAFETY: the recorder of `Recorder::host`.
    let recorder = unsafe { &*arg.cast::<Recorder>() };
    recorder.0.lock().unwrap().push(Event::Message(addr, data));
    if addr >> 32 == 0 { 0 } else { libc::ERANGE }
}

/// The host has no room for a core file.
unsafe extern "C" fn core_file(arg: *mut c_void, path: *const c_char) -> c_int {
    // SAFETY: the recorder of `Recorder::host`.
    let recorder = unsafe { &*arg.cast::<Recorder>() };
    assert!(path.is_null());
    recorder.0.lock().unwrap().push(Event::CoreFile);
    libc::ENOSPC
}

unsafe extern "C" fn terminate(arg: *mut c_void, exit_code: c_int) {
    // SAFETY: the recorder of `Recorder::host`.
    let recorder = unsafe { &*arg.cast::<Recorder>() };
    recorder.0.lock().unwrap().push(Event::Terminate(exit_code));
}
