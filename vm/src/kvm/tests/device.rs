//! A device that logs the accesses of the guest, and answers as a test says.

#![allow(unsafe_code)]

use core::ffi::{c_int, c_void};
use core::slice;
use gasp_abi::{gasp_cpu, gasp_trap};
use gasp_safe::Guest;
use std::fmt;
use std::sync::Mutex;

/// An access: ports or memory, write or read, where, and the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) port: bool,
    pub(super) write: bool,
    pub(super) location: u64,
    pub(super) data: Vec<u8>,
}

type Answer = Box<dyn Fn(&Access, &mut [u8]) -> c_int + Send + Sync>;

/// A handler of the traps of a guest.
pub(super) struct Device {
    log: Mutex<Vec<Access>>,
    answer: Answer,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("log", &self.log).finish_non_exhaustive()
    }
}

impl Device {
    /// A device of this guest. It is never freed: the guest may be dropped later.
    pub(super) fn new(guest: &Guest, answer: Answer) -> &'static Self {
        let device: &'static Self = Box::leak(Box::new(Self { log: Mutex::default(), answer }));
        let arg = core::ptr::from_ref(device).cast_mut().cast::<c_void>();
        // SAFETY: the handler takes a device, and this one stays.
        unsafe { guest.set_trap_handler(Some(handle), arg) }.expect("no handler");
        device
    }

    pub(super) fn log(&self) -> Vec<Access> {
        self.log.lock().expect("poisoned").clone()
    }
}

unsafe extern "C" fn handle(arg: *mut c_void, _: *mut gasp_cpu, trap: *const gasp_trap) -> c_int {
    // SAFETY: what `Device::new` registered.
    let device = unsafe { &*arg.cast::<Device>() };
    // SAFETY: libgasp calls with its trap.
    let trap = unsafe { &*trap };
    // SAFETY: the data of the access, which is only used here.
    let data = unsafe { slice::from_raw_parts_mut(trap.data.cast::<u8>(), trap.length) };
    let access = Access {
        port: trap.r#type != 0,
        write: trap.kind == 1,
        location: trap.location,
        data: data.to_vec(),
    };
    let code = (device.answer)(&access, data);
    device.log.lock().expect("poisoned").push(Access { data: data.to_vec(), ..access });
    code
}
