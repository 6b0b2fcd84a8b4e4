//! A host that records what vdevs have it do.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::ptr;
use gasp_abi::{gasp_vdev_host, vdev_t};
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
pub(super) struct Recorder {
    events: Mutex<Vec<Event>>,
    lines: Mutex<Vec<String>>,
}

impl Recorder {
    pub(super) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// The lines of the log since the last call: "DESTINATIONS NAME: TEXT".
    pub(super) fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
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
    recorder.events.lock().unwrap().push(Event::Interrupt(line, asserted != 0));
}

/// The host takes messages for memory below 4 GiB.
unsafe extern "C" fn message(arg: *mut c_void, addr: u64, data: c_uint) -> c_int {
    // SAFETY: the recorder of `Recorder::host`.
    let recorder = unsafe { &*arg.cast::<Recorder>() };
    recorder.events.lock().unwrap().push(Event::Message(addr, data));
    if addr >> 32 == 0 { 0 } else { libc::ERANGE }
}

/// The host has no room for a core file.
unsafe extern "C" fn core_file(arg: *mut c_void, path: *const c_char) -> c_int {
    // SAFETY: the recorder of `Recorder::host`.
    let recorder = unsafe { &*arg.cast::<Recorder>() };
    assert!(path.is_null());
    recorder.events.lock().unwrap().push(Event::CoreFile);
    libc::ENOSPC
}

unsafe extern "C" fn terminate(arg: *mut c_void, exit_code: c_int) {
    // SAFETY: the recorder of `Recorder::host`.
    let recorder = unsafe { &*arg.cast::<Recorder>() };
    recorder.events.lock().unwrap().push(Event::Terminate(exit_code));
}

/// Logs a line.
pub(super) unsafe extern "C" fn line(
    arg: *mut c_void,
    _: c_uint,
    destinations: c_uint,
    _: *const vdev_t,
    name: *const c_char,
    text: *const c_char,
) {
    // SAFETY: the recorder of `Recorder::host`.
    let recorder = unsafe { &*arg.cast::<Recorder>() };
    // SAFETY: a string, or NULL.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_str().unwrap());
    // SAFETY: a string.
    let text = unsafe { CStr::from_ptr(text) }.to_str().unwrap();
    let line = format!("{destinations} {}: {text}", name.unwrap_or("-"));
    recorder.lines.lock().unwrap().push(line);
}
