//! One vdev: the `vdev_t` that its code gets a pointer to, and its private data.

#![allow(unsafe_code)]

use super::factory::Factory;
use super::shared::Shared;
use core::ffi::CStr;
use core::ptr;
use gasp_abi::{
    QSL_NO_LOCATION, guest_intr, guest_system, qvm_sched_info, qvm_state_block,
    qvm_state_types as qst, vdev_factory_flags as vff, vdev_t,
};
use std::sync::Arc;

/// The scheduling of a vdev without the option `sched`.
const NOT_SCHEDULED: qvm_sched_info =
    qvm_sched_info { policy: -1, sched: libc::sched_param { sched_priority: -1 } };

/// A vdev. Its code may change the `vdev_t` at any time.
#[derive(Debug)]
pub(super) struct Instance {
    vdev: *mut vdev_t,
    factory: Factory,
    /// The name in the configuration or, without one, the name of the factory.
    name: String,
    /// The memory behind `v_device`.
    _own: Own,
    shared: Arc<Shared>,
}

// SAFETY: vdevs may be used from any thread; only this value owns the pointer.
unsafe impl Send for Instance {}
// SAFETY: as above; the fields behind the pointer are only read before threads start.
unsafe impl Sync for Instance {}

/// Zeroed memory; a plugin has its address.
#[derive(Debug)]
struct Own(*mut [u128]);

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
pub(super) struct Refused(i32);

fn describe(answer: i32) -> String {
    if answer > 0 {
        std::io::Error::from_raw_os_error(answer).to_string()
    } else {
        format!("it answered {answer}")
    }
}

impl Instance {
    /// A vdev before its first step.
    pub(super) fn new(
        factory: Factory,
        name: String,
        guest: *mut guest_system,
        shared: &Arc<Shared>,
    ) -> Self {
        let own = Own::new(factory.extra_space());
        let mut vdev = Box::new(vdev_t {
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
            v_mtx: libc::PTHREAD_MUTEX_INITIALIZER,
            v_sched: NOT_SCHEDULED,
        });
        if factory.has(vff::VFF_MUTEX) && factory.has(vff::VFF_MUTEX_RECURSIVE) {
            make_recursive(&mut vdev.v_mtx);
        }
        let vdev = Box::into_raw(vdev);
        shared.add_vdev(vdev.expose_provenance(), &name);
        Self { vdev, factory, name, _own: own, shared: Arc::clone(shared) }
    }

    /// The pointer for C.
    pub(super) fn pointer(&self) -> *mut vdev_t {
        self.vdev
    }

    /// The address of the `vdev_t`.
    pub(super) fn address(&self) -> usize {
        self.vdev.addr()
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn factory(&self) -> Factory {
        self.factory
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn rename(&mut self, name: &str) {
        self.shared.remove_vdev(self.address());
        name.clone_into(&mut self.name);
        self.shared.add_vdev(self.address(), name);
    }

    /// Calls its control function.
    pub(super) fn control(&self, step: u32, argument: Option<&CStr>) -> Result<(), Refused> {
        let Some(control) = self.factory.control() else { return Err(Refused(libc::ENOSYS)) };
        let argument = argument.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the plugin's function, with its vdev and a string or NULL.
        match unsafe { control(self.vdev, step, argument) } {
            0 => Ok(()),
            answer => Err(Refused(answer)),
        }
    }

    pub(super) fn block(&self) -> qvm_state_block {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_block }
    }

    pub(super) fn set_block(&self, block: qvm_state_block) {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_block = block };
    }

    pub(super) fn interrupt(&self) -> guest_intr {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_intr }
    }

    pub(super) fn set_interrupt(&self, interrupt: guest_intr) {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_intr = interrupt };
    }

    /// Sets the scheduling of its threads.
    pub(super) fn set_scheduling(&self, scheduling: qvm_sched_info) {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_sched = scheduling };
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.shared.remove_vdev(self.address());
        // SAFETY: it came from a box, and its code is not called any more.
        drop(unsafe { Box::from_raw(self.vdev) });
    }
}

/// Makes an unused mutex recursive.
fn make_recursive(mutex: &mut libc::pthread_mutex_t) {
    let mut attributes = core::mem::MaybeUninit::uninit();
    // SAFETY: fills the attributes.
    unsafe { libc::pthread_mutexattr_init(attributes.as_mut_ptr()) };
    // SAFETY: they are filled.
    unsafe {
        libc::pthread_mutexattr_settype(attributes.as_mut_ptr(), libc::PTHREAD_MUTEX_RECURSIVE)
    };
    // SAFETY: both are valid, and the mutex is unused.
    unsafe { libc::pthread_mutex_init(mutex, attributes.as_ptr()) };
    // SAFETY: they are filled, and no longer used.
    unsafe { libc::pthread_mutexattr_destroy(attributes.as_mut_ptr()) };
}
