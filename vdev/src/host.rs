//! The host: what serves the vdevs of a guest.

#![allow(unsafe_code)]

use crate::filter::Logger;
use core::ffi::{CStr, c_int, c_uint, c_void};
use core::ops::Deref;
use core::ptr;
use gasp_abi::{gasp_cpu, gasp_vdev_host, qvm_state_block, vdev_t};
use std::sync::Arc;

/// What a host gave. Its functions can be called from any thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions(gasp_vdev_host);

// SAFETY: the interface demands it of the functions and of their argument.
unsafe impl Send for Functions {}
// SAFETY: as above.
unsafe impl Sync for Functions {}

/// A host: its functions, and the filters of its log.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// These have nothing to drop, so a call of one need not return.
    pub(crate) functions: Functions,
    /// Which lines of the log it gets.
    pub(crate) logger: Arc<Logger>,
}

impl Deref for Host {
    type Target = Functions;

    fn deref(&self) -> &Functions {
        &self.functions
    }
}

impl Host {
    /// A host that does nothing.
    pub(crate) fn none() -> Self {
        let given = gasp_vdev_host {
            size: size_of::<gasp_vdev_host>(),
            flags: 0,
            arg: ptr::null_mut(),
            interrupt: None,
            terminate: None,
            fatal: None,
            log: None,
            registers: None,
            msi: None,
            core_file: None,
        };
        Self { functions: Functions(given), logger: Arc::default() }
    }

    /// # Safety
    /// Its functions can be called with its argument, from any thread, as long as the set exists.
    pub(crate) unsafe fn new(given: gasp_vdev_host) -> Self {
        Self { functions: Functions(given), logger: Arc::default() }
    }
}

impl Functions {
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.0.flags & flag != 0
    }

    /// The line of an input of `apic` changes.
    pub(crate) fn interrupt(&self, line: c_uint, asserted: bool) {
        if let Some(interrupt) = self.0.interrupt {
            // SAFETY: the host's function.
            unsafe { interrupt(self.0.arg, line, asserted.into()) };
        }
    }

    /// The guest has to end. False: the host has no function for it.
    pub(crate) fn terminate(&self, code: u8) -> bool {
        let Some(terminate) = self.0.terminate else { return false };
        // SAFETY: the host's function.
        unsafe { terminate(self.0.arg, code.into()) };
        true
    }

    /// The process ends.
    pub(crate) fn end(self, code: u8) -> ! {
        if let Some(fatal) = self.0.fatal {
            // SAFETY: the host's function.
            unsafe { fatal(self.0.arg, code.into()) };
        }
        std::process::exit(code.into())
    }

    /// Reads or writes a register of a vCPU.
    ///
    /// # Safety
    /// `data` has the length of the block.
    pub(crate) unsafe fn register(
        &self,
        cpu: *mut gasp_cpu,
        block: &qvm_state_block,
        data: *mut c_void,
        write: bool,
    ) -> c_int {
        let Some(registers) = self.0.registers else { return libc::ENOTSUP };
        // SAFETY: the host's function; the rest is the caller's promise.
        unsafe { registers(self.0.arg, cpu, block, data, write.into()) }
    }

    /// A message that no vdev claims.
    pub(crate) fn message(&self, address: u64, data: c_uint) -> c_int {
        let Some(msi) = self.0.msi else { return libc::ENXIO };
        // SAFETY: the host's function.
        unsafe { msi(self.0.arg, address, data) }
    }

    /// Writes a core file of the guest, where the configuration says.
    pub(crate) fn core_file(&self) -> c_int {
        let Some(core_file) = self.0.core_file else { return libc::ENOTSUP };
        // SAFETY: the host's function.
        unsafe { core_file(self.0.arg, ptr::null()) }
    }

    /// Hands a line to the host, for these `GASP_LOG_*`. False: the host takes none.
    pub(crate) fn log(
        &self,
        attr: u32,
        destinations: u32,
        vdev: *const vdev_t,
        name: Option<&CStr>,
        text: &CStr,
    ) -> bool {
        let Some(log) = self.0.log else { return false };
        let name = name.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the host's function, and texts that live during the call.
        unsafe { log(self.0.arg, attr, destinations, vdev, name, text.as_ptr()) };
        true
    }
}
