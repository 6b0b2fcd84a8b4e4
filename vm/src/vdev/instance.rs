//! One vdev: what its code gets a pointer to, and what is its own.

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

/// A vdev. Its code may change what the pointer leads to at any time.
#[derive(Debug)]
pub(super) struct Instance {
    vdev: *mut vdev_t,
    factory: Factory,
    /// What the configuration calls it, or else the name of its kind.
    name: String,
    /// What `v_device` points to.
    _own: Own,
    shared: Arc<Shared>,
}

// SAFETY: vdevs are made for threads; the pointer is this value's own.
unsafe impl Send for Instance {}
// SAFETY: as above; what is read behind the pointer is only read before threads start.
unsafe impl Sync for Instance {}

/// Zeroed memory of which a plugin has the address.
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

/// Why a control function refused: what it returned.
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
    /// A vdev that was told nothing yet.
    pub(super) fn new(
        factory: Factory,
        name: String,
        guest: *mut guest_system,
        shared: &Arc<Shared>,
    ) -> Self {
        let own = Own::new(factory.extra_space());
        let mut vdev = Box::new(vdev_t {
            v_device: own.0.cast(),
            v_factory: factory.pointer(),
            v_gsp: guest,
            v_block: qvm_state_block {
                location: QSL_NO_LOCATION,
                length: 0,
                r#type: qst::QST_NO_TYPE as u16,
                flags: 0,
            },
            v_intr: guest_intr { pic: ptr::null_mut(), param: 0, src_id: 0 },
            v_mtx: libc::PTHREAD_MUTEX_INITIALIZER,
            v_sched: qvm_sched_info { policy: libc::SCHED_OTHER, priority: 0 },
        });
        if factory.has(vff::VFF_MUTEX_RECURSIVE) {
            make_recursive(&mut vdev.v_mtx);
        }
        let vdev = Box::into_raw(vdev);
        shared.add_vdev(vdev.addr(), &name);
        Self { vdev, factory, name, _own: own, shared: Arc::clone(shared) }
    }

    /// What C gets.
    pub(super) fn pointer(&self) -> *mut vdev_t {
        self.vdev
    }

    /// [`Instance::pointer`], to compare.
    pub(super) fn address(&self) -> usize {
        self.vdev.addr()
    }

    /// What made it.
    pub(super) fn factory(&self) -> Factory {
        self.factory
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Calls it something else.
    pub(super) fn rename(&mut self, name: &str) {
        self.shared.remove_vdev(self.address());
        name.clone_into(&mut self.name);
        self.shared.add_vdev(self.address(), name);
    }

    /// Tells it of a step.
    pub(super) fn control(&self, step: u32, argument: Option<&CStr>) -> Result<(), Refused> {
        let Some(control) = self.factory.control() else { return Err(Refused(libc::ENOSYS)) };
        let argument = argument.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the plugin's function, with its vdev and a string or NULL.
        match unsafe { control(self.vdev, step, argument) } {
            0 => Ok(()),
            answer => Err(Refused(answer)),
        }
    }

    /// Where it is.
    pub(super) fn block(&self) -> qvm_state_block {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_block }
    }

    /// Says where it is.
    pub(super) fn set_block(&self, block: qvm_state_block) {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_block = block };
    }

    /// Its interrupt.
    pub(super) fn interrupt(&self) -> guest_intr {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_intr }
    }

    /// Gives it an interrupt.
    pub(super) fn set_interrupt(&self, interrupt: guest_intr) {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_intr = interrupt };
    }

    /// Says how its threads are to be scheduled.
    pub(super) fn set_scheduling(&self, scheduling: qvm_sched_info) {
        // SAFETY: the vdev is there.
        unsafe { (*self.vdev).v_sched = scheduling };
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.shared.remove_vdev(self.address());
        // SAFETY: it came from a box, and nothing calls its code any more.
        drop(unsafe { Box::from_raw(self.vdev) });
    }
}

/// Makes a mutex that nobody has used yet recursive.
fn make_recursive(mutex: &mut libc::pthread_mutex_t) {
    let mut attributes = core::mem::MaybeUninit::uninit();
    // SAFETY: fills the attributes.
    unsafe { libc::pthread_mutexattr_init(attributes.as_mut_ptr()) };
    // SAFETY: they are filled.
    unsafe {
        libc::pthread_mutexattr_settype(attributes.as_mut_ptr(), libc::PTHREAD_MUTEX_RECURSIVE)
    };
    // SAFETY: both are there, and nobody uses the mutex.
    unsafe { libc::pthread_mutex_init(mutex, attributes.as_ptr()) };
    // SAFETY: they are filled, and no longer used.
    unsafe { libc::pthread_mutexattr_destroy(attributes.as_mut_ptr()) };
}
