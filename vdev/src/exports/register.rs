//! `<qvm/vdev-core.h>`.

use crate::loader;
use core::ffi::c_uint;
use gasp_abi::vdev_factory;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn vdev_register_factory(
    factory: *mut vdev_factory,
    abi_version: c_uint,
) {
    loader::register(factory, abi_version);
}
