//! `<qvm/abi.h>`: the version of the vdev interface.

/// Version of the vdev interface, which vdev_register_factory() is told. The number is that of QNX
/// 7.0; its pages for 7.1 do not give one.
pub const QVM_VDEV_ABI: u32 = 2_019_090_401;
