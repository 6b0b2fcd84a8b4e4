//! `<qvm/vdev-core.h>`.

// cbindgen takes what is `pub`.
#![allow(unreachable_pub)]

use crate::vdev::abi::vdev_factory;
use crate::vdev::loader;
use core::ffi::c_uint;

/// Register the factory of a vdev: in a constructor function of the plugin.
///
/// factory: has to be there as long as the process. abi_version: QVM_VDEV_ABI as the plugin was
/// compiled; another one has the plugin refused.
///
/// Threads: the one that loads the plugin. Source: QNX 7.1; the program that runs the guest has
/// the function, libgasp does not.
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vdev_register_factory(factory: *mut vdev_factory, abi_version: c_uint) {
    loader::register(factory, abi_version);
}
