//! The ioctl that creates, moves and deletes memslots.

#![allow(unsafe_code)]

use super::plan::Op;
use super::runs::{Area, PAGE_SHIFT};
use kvm_bindings::{KVM_MEM_READONLY, kvm_userspace_memory_region};
use kvm_ioctls::VmFd;
use std::fmt::Debug;
use std::sync::Arc;

/// `KVM_SET_USER_MEMORY_REGION`, or a fake of it.
pub(super) trait Ioctls: Debug + Send + Sync {
    /// Creates, moves or, with size 0, deletes a slot. The error is an errno.
    fn set(&self, slot: u32, flags: u32, gpa: u64, size: u64, host: u64) -> Result<(), i32>;
    /// The largest number of slots.
    fn limit(&self) -> usize;
}

/// Executes one operation.
pub(super) fn issue(ioctls: &dyn Ioctls, op: &Op) -> Result<(), i32> {
    let (slot, area, size) = match *op {
        Op::Add { slot, area } | Op::Move { slot, to: area, .. } => {
            (slot, area, area.pages << PAGE_SHIFT)
        }
        Op::Delete { slot, area } => (slot, area, 0),
    };
    let Area { gpa, host, writable, .. } = area;
    ioctls.set(slot, if writable { 0 } else { KVM_MEM_READONLY }, gpa, size, host)
}

/// The kernel's implementation.
#[derive(Debug)]
pub(super) struct Kernel {
    vm: Arc<VmFd>,
    limit: usize,
}

impl Kernel {
    pub(super) fn new(vm: Arc<VmFd>, limit: usize) -> Self {
        Self { vm, limit }
    }
}

impl Ioctls for Kernel {
    fn set(&self, slot: u32, flags: u32, gpa: u64, size: u64, host: u64) -> Result<(), i32> {
        let region = kvm_userspace_memory_region {
            slot,
            flags,
            guest_phys_addr: gpa,
            memory_size: size,
            userspace_addr: host,
        };
        // SAFETY: the host memory is the guest's in libgasp's map; the listener deletes the slot
        // before the map removes the memory.
        unsafe { self.vm.set_user_memory_region(region) }.map_err(|error| error.errno())
    }

    fn limit(&self) -> usize {
        self.limit
    }
}
