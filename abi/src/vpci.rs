//! `<qvm/vpci.h>`: PCI devices.

use crate::types::gasp_region;
use core::ffi::{c_char, c_int};

/// How the configuration space of a PCI device is accessed: opaque.
#[repr(C)]
#[derive(Debug)]
pub struct vpci_rw_state {
    _opaque: [u8; 0],
}

/// A base address register (QNX 7.0: 56 bytes).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct vpci_bar {
    /// Where it is mapped now. host_location and guest.length are to stay as they are.
    pub vb_mapping: gasp_region,
    /// The register now.
    pub vb_value: u32,
    /// The upper half of a register of 64 bits.
    pub vb_value_upper: u32,
    /// Index of the slice.
    pub vb_slice: u16,
    /// The register of the device to which an address is written that was assigned; 0: none.
    pub vb_breg: u16,
}

unsafe extern "C" {
    /// Describe the base address registers: for VDEV_CTRL_PCI_BARS alone, with its arg.
    ///
    /// Returns what control() has to return: minus the number of entries, -6. Source: QNX 8.0, and
    /// 7.0 for the name.
    pub fn vpci_ctrl_pci_bars(rw_cfg: *mut vpci_rw_state, arg: *const c_char) -> c_int;
}
