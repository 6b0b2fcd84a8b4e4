//! One vdev: the `vdev_t` that its code gets a pointer to, and its private data.

#![allow(unsafe_code)]

use super::call::Callback;
use super::factory::Factory;
use super::shared::Shared;
use super::slots::{self, Slot};
use super::{calling, ending};
use core::ffi::c_char;
use core::mem::MaybeUninit;
use core::ptr;
use gasp_abi::{
    QSL_NO_LOCATION, guest_intr, guest_system, qvm_sched_info, qvm_state_block,
    qvm_state_types as qst, vdev_factory_flags as vff, vdev_t,
};
use gasp_safe::Space;
use std::ffi::CString;
use std::sync::{Arc, OnceLock};

/// The scheduling of a vdev without the option `sched`.
const NOT_SCHEDULED: qvm_sched_info =
    qvm_sched_info { policy: -1, sched: libc::sched_param { sched_priority: -1 } };

/// A vdev. Its code may change the `vdev_t` at any time.
#[derive(Debug)]
pub(crate) struct Instance {
    slot: Slot,
    factory: Factory,
    /// The memory behind `v_device`.
    _own: Own,
    shared: Arc<Shared>,
    /// The space, and the first and last location, of the region that the library made.
    region: OnceLock<(Space, u64, u64)>,
}

/// Zeroed memory; a plugin has its address.
#[derive(Debug)]
struct Own(*mut [u128]);

// SAFETY: the plugin alone uses the memory.
unsafe impl Send for Own {}
// SAFETY: as above.
unsafe impl Sync for Own {}

impl Own {
    fn new(bytes: usize) -> Self {
        let zeroed = vec![0; bytes.div_ceil(size_of::<u128>())];
        Self(Box::into_raw(zeroed.into_boxed_slice()))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and this is the only owner.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// The error number that a control function returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", describe(*.0))]
pub(crate) struct Refused(i32);

fn describe(answer: i32) -> String {
    if answer > 0 {
        std::io::Error::from_raw_os_error(answer).to_string()
    } else {
        format!("it answered {answer}")
    }
}

impl Instance {
    /// A vdev before its first step. `None`: the process has no room for another one.
    pub(crate) fn new(factory: Factory, name: &str, shared: &Arc<Shared>) -> Option<Self> {
        let own = Own::new(factory.extra_space());
        let guest: *mut guest_system = ptr::with_exposed_provenance_mut(shared.guest);
        let vdev = vdev_t {
            v_device: own.0.cast(),
            v_factory: factory.pointer().cast_mut(),
            v_gsp: guest,
            v_block: qvm_state_block {
                location: QSL_NO_LOCATION,
                length: 0,
                r#type: qst::QST_NO_TYPE as u16,
                flags: 0,
            },
            v_intr: guest_intr { pic: ptr::null_mut(), param: 0, src_id: 0 },
            v_mtx: unusable_mutex(),
            v_sched: NOT_SCHEDULED,
        };
        let slot = Slot::new(vdev, shared)?;
        if factory.has(vff::VFF_MUTEX) {
            make_mutex(slot.pointer(), factory.has(vff::VFF_MUTEX_RECURSIVE));
        }
        shared.add_vdev(slot.pointer().addr());
        shared.pulses.add_vdev(slot.pointer().addr());
        let vdev =
            Self { slot, factory, _own: own, shared: Arc::clone(shared), region: OnceLock::new() };
        vdev.rename(name);
        Some(vdev)
    }

    /// The pointer for C.
    pub(crate) fn pointer(&self) -> *mut vdev_t {
        self.slot.pointer()
    }

    /// The address of the `vdev_t`.
    pub(crate) fn address(&self) -> usize {
        self.pointer().addr()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn factory(&self) -> Factory {
        self.factory
    }

    /// The name in the configuration or, without one, the name of the factory.
    pub(crate) fn name(&self) -> String {
        slots::text(self.pointer()).unwrap_or_default()
    }

    pub(crate) fn rename(&self, name: &str) {
        // Names have no zeros in them: they come from C.
        self.slot.rename(CString::new(name).unwrap_or_default());
    }

    /// Calls its control function.
    pub(crate) fn control(&self, step: u32, argument: *const c_char) -> Result<(), Refused> {
        let Some(control) = self.factory.control() else { return Err(Refused(libc::ENOSYS)) };
        if ending::is_pending() {
            return Err(Refused(libc::ECANCELED));
        }
        let vdev = self.pointer();
        // SAFETY: the plugin's function, with its vdev and the argument of this step.
        let run = || unsafe { control(vdev, step, argument) };
        let called = (Callback::Control, step.into());
        let answer = calling::make(&self.shared, (vdev, ptr::null()), called, run);
        match answer.unwrap_or(libc::ECANCELED) {
            0 => Ok(()),
            answer => Err(Refused(answer)),
        }
    }

    pub(crate) fn block(&self) -> qvm_state_block {
        // SAFETY: the vdev is there.
        unsafe { (*self.pointer()).v_block }
    }

    pub(crate) fn set_block(&self, block: qvm_state_block) {
        // SAFETY: the vdev is there.
        unsafe { (*self.pointer()).v_block = block };
    }

    /// The region that the library made for it: its space, first and last location.
    pub(crate) fn region(&self) -> Option<(Space, u64, u64)> {
        self.region.get().copied()
    }

    /// Notes the region that the library made.
    pub(crate) fn set_region(&self, region: (Space, u64, u64)) {
        // It is made once.
        let _ = self.region.set(region);
    }

    pub(crate) fn interrupt(&self) -> guest_intr {
        // SAFETY: the vdev is there.
        unsafe { (*self.pointer()).v_intr }
    }

    pub(crate) fn set_interrupt(&self, interrupt: guest_intr) {
        // SAFETY: the vdev is there.
        unsafe { (*self.pointer()).v_intr = interrupt };
    }

    /// Sets the scheduling of its threads.
    pub(crate) fn set_scheduling(&self, scheduling: qvm_sched_info) {
        // SAFETY: the vdev is there.
        unsafe { (*self.pointer()).v_sched = scheduling };
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.shared.host.logger.remove_vdev(self.address());
        self.shared.pulses.remove_vdev(self.address());
        self.shared.remove_vdev(self.address());
    }
}

/// A mutex that nobody has initialised, as the C library can tell: locking it fails.
fn unusable_mutex() -> libc::pthread_mutex_t {
    let mut mutex = MaybeUninit::uninit();
    // SAFETY: the mutex can be written.
    unsafe { ptr::write_bytes(mutex.as_mut_ptr(), 0xff, 1) };
    // SAFETY: it consists of bytes, and all are written.
    unsafe { mutex.assume_init() }
}

/// Makes the mutex of a vdev.
fn make_mutex(vdev: *mut vdev_t, recursive: bool) {
    let kind = if recursive { libc::PTHREAD_MUTEX_RECURSIVE } else { libc::PTHREAD_MUTEX_DEFAULT };
    // SAFETY: the vdev is there, and nobody else has it yet.
    let mutex = unsafe { &raw mut (*vdev).v_mtx };
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: fills the attributes.
    unsafe { libc::pthread_mutexattr_init(attributes.as_mut_ptr()) };
    // SAFETY: they are filled.
    unsafe { libc::pthread_mutexattr_settype(attributes.as_mut_ptr(), kind) };
    // SAFETY: both are valid, and the mutex is unused.
    unsafe { libc::pthread_mutex_init(mutex, attributes.as_ptr()) };
    // SAFETY: they are filled, and no longer used.
    unsafe { libc::pthread_mutexattr_destroy(attributes.as_mut_ptr()) };
}
