//! `<qvm/vio.h>`: VIRTIO devices.

use crate::guest::guest_cpu;
use crate::types::{qvm_state_block, vdev_t};
use core::ffi::{c_char, c_int, c_uint, c_void};
use libc::ssize_t;

/// A piece of host memory; <sys/uio.h> has its fields.
pub type iov_t = libc::iovec;

/// What vio_read() and vio_write() return: nothing is left to do (QNX 7.0, as the others).
pub const VIOREF_CLASS_NOP: u32 = 0;
/// The driver has notified the queue with the number in the low 16 bits.
pub const VIOREF_CLASS_NOTIFY: u32 = 0x10000;
/// The driver has enabled that queue.
pub const VIOREF_CLASS_ENABLED: u32 = 0x20000;
/// The driver wants a reset.
pub const VIOREF_CLASS_RESET: u32 = 0x30000;
/// The driver has set the bits of the status register that are in the low 16 bits.
pub const VIOREF_CLASS_STATUS: u32 = 0x40000;
/// The device's own configuration, at the offset in the low 16 bits: the vdev answers itself.
pub const VIOREF_CLASS_DEVCFG: u32 = 0x50000;
/// An exception has to go to the guest.
pub const VIOREF_CLASS_BUS_ERROR: u32 = 0x60000;
/// The error number in the low 16 bits.
pub const VIOREF_CLASS_ERRNO: u32 = 0x70000;
/// Mask of the class.
pub const VIOREF_CLASS_MASK: u32 = 0xf0000;
/// Words of feature bits that a VIRTIO device can have.
pub const VIO_MAX_FEATURE_WORDS: u32 = 4;

/// Which version of VIRTIO a device has (QNX 7.1).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vio_version {
    /// 0.95, the legacy one.
    VIOVER_095 = 0,
    /// 1.0.
    VIOVER_100 = 1,
    /// 1.1.
    VIOVER_110 = 2,
}

/// A `vio_version` that came from C.
pub type any_vio_version = c_uint;

/// A piece of guest memory: opaque here; QNX's pages do not give its fields.
#[repr(C)]
#[derive(Debug)]
pub struct __iovec64 {
    _opaque: [u8; 0],
}

/// The host's part of a VIRTIO device: opaque.
#[repr(C)]
#[derive(Debug)]
pub struct vio_state_internal {
    _opaque: [u8; 0],
}

/// A queue of a VIRTIO device; its fields are below.
#[repr(C)]
#[derive(Debug)]
pub struct vio_queue_info {
    _opaque: [u8; 0],
}

/// What a VIRTIO device is (QNX 7.0: 32 bytes).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct vio_description {
    /// VIRTIO's number of the kind of device.
    pub device_type: u16,
    /// Subsystem vendor.
    pub vendor_id: u16,
    /// Class and subclass, for PCI alone.
    pub pci_class: c_uint,
    /// How many queues it has.
    pub num_queues: c_uint,
    /// How long its own configuration is.
    pub device_config_size: c_uint,
    /// The features that it offers.
    pub device_features: [u32; 4],
}

/// A VIRTIO device (QNX 7.0: 32 bytes).
#[repr(C)]
#[derive(Debug)]
pub struct vio_state {
    /// The host's part.
    pub vsip: *mut vio_state_internal,
    /// The queues.
    pub qinfo: *mut vio_queue_info,
    /// The features that the driver accepted.
    pub driver_features: [u32; 4],
}

/// The memory of a request (QNX 7.1: 40 bytes). Zero it once, set vi_hdr_len, and use it again for
/// other requests.
#[repr(C)]
#[derive(Debug)]
pub struct vio_iov {
    /// The pieces of memory.
    pub vi_iov: *mut iov_t,
    /// Their physical addresses, if they are asked for.
    pub vi_paddrs: *mut __iovec64,
    /// For how many pieces there is room.
    pub vi_iov_len: c_int,
    /// How many pieces are kept for the caller.
    pub vi_reserved: c_int,
    /// Flags. QNX's pages do not give any.
    pub vi_flags: c_uint,
    /// How long the header is that the caller expects.
    pub vi_hdr_len: c_uint,
    /// How many pieces there are.
    pub vi_count: c_int,
    /// The first piece that is not the header.
    pub vi_payload: c_int,
}

unsafe extern "C" {
    /// Set up a VIRTIO device.
    ///
    /// When: startup, after VDEV_CTRL_OPTIONS_END. Source: QNX 7.0.
    pub fn vio_init(
        vdp: *mut vdev_t,
        ver: any_vio_version,
        vdesc: *const vio_description,
        vsp: *mut vio_state,
    );

    /// Set up one of its queues, for at most max_size descriptors.
    ///
    /// Returns EOK or an error number. When: after VDEV_CTRL_OPTIONS_END. Threads: any. Source:
    /// QNX 7.0.
    pub fn vio_init_queue(vsp: *mut vio_state, qidx: c_uint, max_size: c_uint) -> c_int;

    /// Answer a read of the transport's registers: from vread, with its own arguments.
    ///
    /// Returns VIOREF_CLASS_* and, in the low 16 bits, what belongs to it. Threads: any. Source:
    /// QNX 7.0.
    pub fn vio_read(
        vsp: *mut vio_state,
        cookie: c_uint,
        vopnd: *const qvm_state_block,
        oopnd: *const qvm_state_block,
        gcp: *mut guest_cpu,
    ) -> c_uint;

    /// Handle a write of the transport's registers: from vwrite, with its own arguments. Otherwise
    /// as vio_read().
    pub fn vio_write(
        vsp: *mut vio_state,
        cookie: c_uint,
        vopnd: *const qvm_state_block,
        oopnd: *const qvm_state_block,
        gcp: *mut guest_cpu,
    ) -> c_uint;

    /// Find the rings in host memory: when the driver has set DRIVER_OK, not before.
    ///
    /// Returns EOK or an error number (libgasp's own reading). Threads: any. Source: QNX 7.0.
    pub fn vio_setup_queues(vsp: *mut vio_state) -> c_int;

    /// Set and clear bits of the status register.
    ///
    /// Returns its new value. Threads: any. Source: QNX 7.0.
    pub fn vio_device_status(vsp: *mut vio_state, on: c_uint, off: c_uint) -> c_uint;

    /// Reset the device. Threads: any. Source: QNX 7.0 (name); the signature is libgasp's own.
    pub fn vio_reset(vsp: *mut vio_state);

    /// Tell the driver that the device's configuration has changed. Threads: any. Source: QNX 7.0
    /// (name); the signature is libgasp's own.
    pub fn vio_config_update(vsp: *mut vio_state);

    /// Describe the base address registers: for VDEV_CTRL_PCI_BARS alone, with its arg.
    ///
    /// Returns what control() has to return. Source: QNX 7.0.
    pub fn vio_ctrl_pci_bars(vsp: *mut vio_state, arg: *const c_char) -> c_int;

    /// Find the memory of the request that starts at a descriptor.
    ///
    /// Returns the number of bytes, or a negative error number. Threads: any. Source: QNX 7.1.
    pub fn vio_get_iov(
        vdp: *const vdev_t,
        vq: *mut c_void,
        didx: u16,
        iov: *mut vio_iov,
    ) -> ssize_t;

    /// Add the memory of one more request. Returns its length, or a negative error number. Otherwise
    /// as vio_get_iov().
    pub fn vio_append_iov(
        vdp: *const vdev_t,
        vq: *mut c_void,
        didx: u16,
        iov: *mut vio_iov,
    ) -> ssize_t;

    /// Give back the memory of requests. Threads: any. Source: QNX 8.0, which has it as here.
    pub fn vio_put_iov(vdp: *const vdev_t, iov: *mut vio_iov);
}
