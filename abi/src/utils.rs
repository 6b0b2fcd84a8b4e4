//! `<qvm/utils.h>`: reading options, and callbacks.

use crate::types::{guest_intr, guest_system, qvm_state_block};
use core::ffi::{c_char, c_int};
use libc::sigevent;

/// A function that an event calls. For C it is a function, not a pointer.
pub type qvm_callback_func_t = Option<unsafe extern "C" fn(cbp: *mut qvm_callback)>;

/// What an event calls: a part of the caller's own structure, which the function finds by it. The
/// name is QNX's, the field is libgasp's own.
#[repr(C)]
#[derive(Debug)]
pub struct qvm_callback {
    /// The function; set by qvm_callback_pulse().
    pub function: qvm_callback_func_t,
}

unsafe extern "C" {
    /// Read a location: mem:ADDRESS, io:PORT, or a number alone, which is of the type that bp->type
    /// has before the call (QST_MEMORY or QST_X86_IO; with any other it is memory). Numbers are
    /// those of the configuration: hexadecimal, with or without 0x; decimal before k, m, g, which
    /// multiply, and after 0d. There is no PCI in gasp-vm.
    ///
    /// bp: its location and type are set. pci_idp: NULL, or set to whether the location is of the
    /// form pci:VENDOR/DEVICE/INDEX: in gasp-vm it never is.
    ///
    /// Returns the first character after the location. A text that is no location ends the process,
    /// with exit code 65 before the guest has started, 96 after it (libgasp's own reading).
    /// When: startup. Source: QNX 7.1.
    pub fn qvm_parse_block(
        str: *const c_char,
        bp: *mut qvm_state_block,
        pci_idp: *mut c_int,
    ) -> *mut c_char;

    /// Read an interrupt, CONTROLLER:NUMBER, as the option `intr` of every vdev does. The controller
    /// is a vdev of this guest that exists already, or apic.
    ///
    /// ip: filled in; the input is assigned as by `intr`.
    ///
    /// Returns the first character after it; a text that is no interrupt ends the process, as
    /// above. When: startup. Source: QNX 7.1.
    pub fn qvm_parse_intr(
        gsp: *const guest_system,
        str: *const c_char,
        ip: *mut guest_intr,
    ) -> *mut c_char;

    /// Fill in an event whose delivery calls cbfp(cbp): as vdev_pulse() of <qvm/vdev-core.h>, for the
    /// vdev for which this thread acts (a function of the vdev's runs on it, or vdev_thread_create()
    /// has made it).
    ///
    /// cbp: keeps cbfp, and has to be there as long as the vdev. For a cbp that is used again, all
    /// its events call the new function. priority, coid: as for vdev_pulse().
    ///
    /// If this thread acts for no vdev, or cbfp or cbp is NULL, there is an error in the log, and ev
    /// is a SIGEV_NONE event, whose delivery does nothing.
    ///
    /// When: from VDEV_CTRL_OPTIONS_START on. Threads: any. Source: QNX 7.0; the vdev, and what is
    /// libgasp's own of vdev_pulse(), are libgasp's own.
    pub fn qvm_callback_pulse(
        cbfp: qvm_callback_func_t,
        cbp: *mut qvm_callback,
        priority: c_int,
        ev: *mut sigevent,
        coid: c_int,
    );
}
