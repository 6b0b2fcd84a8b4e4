//! A vCPU of libgasp.

#![allow(unsafe_code)]

use super::guest::{Error, Guest, check, errno, last_error};
use super::numbers::{AccessKind, Space};
use core::ffi::{c_uint, c_void};
use core::ptr::NonNull;
use gasp_abi::gasp_cpu;

impl Guest {
    /// Creates a vCPU.
    pub fn cpu(&self) -> Result<Cpu<'_>, Error> {
        // SAFETY: the handle is a guest's.
        let cpu = unsafe { gasp_abi::gasp_cpu_create(self.handle()) };
        let cpu = NonNull::new(cpu).ok_or_else(|| last_error(errno()))?;
        Ok(Cpu { cpu, guest: self })
    }
}

/// A vCPU of libgasp. One thread at a time makes accesses through it.
#[derive(Debug)]
pub struct Cpu<'g> {
    cpu: NonNull<gasp_cpu>,
    guest: &'g Guest,
}

// SAFETY: `&mut self` keeps all threads but one out.
unsafe impl Send for Cpu<'_> {}

impl<'g> Cpu<'g> {
    /// Its guest.
    pub fn guest(&self) -> &'g Guest {
        self.guest
    }

    /// The handle for C.
    pub fn handle(&self) -> *mut gasp_cpu {
        self.cpu.as_ptr()
    }

    /// Makes an access as the guest would. The error is the number alone: this is the fast path.
    pub fn access(
        &mut self,
        space: Space,
        kind: AccessKind,
        location: u64,
        data: &mut [u8],
    ) -> Result<(), i32> {
        let (start, length) = (data.as_mut_ptr().cast::<c_void>(), data.len());
        // SAFETY: the handle is a vCPU's; the bytes can be read and written.
        let code = unsafe {
            gasp_abi::gasp_cpu_access(
                self.handle(),
                space.number(),
                kind as c_uint,
                location,
                start,
                length,
            )
        };
        if code == 0 { Ok(()) } else { Err(code) }
    }

    /// Waits until no other thread holds the lock of a space of the guest, for a limited time.
    pub fn settle(&self, space: Space) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe { gasp_abi::gasp_guest_settle(self.guest.handle(), space.number()) })
    }
}

impl Drop for Cpu<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is a vCPU's, and only this value destroys it.
        unsafe { gasp_abi::gasp_cpu_destroy(self.handle()) };
    }
}
