/* The version of the vdev interface (QNX 7.0 <qvm/abi.h>).
 *
 * Generated from
 * abi/src/abi.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_ABI_H
#define LIBGASP_QVM_ABI_H

/**
 * Version of the vdev interface, which vdev_register_factory() is told. The number is that of QNX
 * 7.0; its pages for 7.1 do not give one.
 */
#define QVM_VDEV_ABI 2019090401u

#endif  /* LIBGASP_QVM_ABI_H */
