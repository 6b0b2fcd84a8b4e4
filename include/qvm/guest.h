/* Numbers about guests, vCPUs and interrupts (QNX 7.1 <qvm/guest.h>).
 *
 * Generated from
 * src/abi/guest.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_GUEST_H
#define LIBGASP_QVM_GUEST_H

#include <qvm/types.h>
/** First number of a cause of termination that a vdev may choose; 63 is the last (QNX 7.0). */
#define GTC_CUSTOM_MIN 0x20

/** How to transfer data to or from a vCPU (QNX 7.x). */
enum guest_xfer_flags {
    /** No flags. */
    GXF_NONE = 0,
    /** Pause the vCPU first. */
    GXF_PAUSE = (1 << 0),
    /** Let the vCPU go on afterwards. */
    GXF_UNPAUSE = (1 << 1),
    /** Do not wait. */
    GXF_ASYNC = (1 << 2),
    /** Internal to QNX (debugger). */
    GXF_GDB = (1 << 3),
    /** Flush. */
    GXF_FLUSH = (1 << 4),
};

/** State of an interrupt line (QNX 7.x). */
enum guest_intr_state {
    /** Asserted. */
    GIS_ON = 1,
    /** Not asserted. */
    GIS_OFF = 2,
    /** Being serviced. */
    GIS_ISR = 4,
};

/** An interrupt of a guest: the controller's vdev and its parameters (QNX 7.1: 16 bytes). */
struct guest_intr {
    /** The interrupt controller. */
    vdev_t *pic;
    /** Which input of it. */
    unsigned int param;
    /** Which source. */
    unsigned int src_id;
};

#endif  /* LIBGASP_QVM_GUEST_H */
