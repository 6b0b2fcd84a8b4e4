/* PCI devices (QNX 7.1 <qvm/vpci.h>).
 *
 * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them it has.
 *
 * Generated from
 * abi/src/vpci.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_VPCI_H
#define LIBGASP_QVM_VPCI_H

#include <qvm/types.h>
/** How the configuration space of a PCI device is accessed: opaque. */
struct vpci_rw_state;

/** A base address register (QNX 7.0: 56 bytes). */
struct vpci_bar {
    /** Where it is mapped now. host_location and guest.length are to stay as they are. */
    struct gasp_region vb_mapping;
    /** The register now. */
    uint32_t vb_value;
    /** The upper half of a register of 64 bits. */
    uint32_t vb_value_upper;
    /** Index of the slice. */
    uint16_t vb_slice;
    /** The register of the device to which an address is written that was assigned; 0: none. */
    uint16_t vb_breg;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Describe the base address registers: for VDEV_CTRL_PCI_BARS alone, with its arg.
 *
 * Returns what control() has to return: minus the number of entries, -6. Source: QNX 8.0, and
 * 7.0 for the name.
 */
int vpci_ctrl_pci_bars(struct vpci_rw_state *rw_cfg, const char *arg);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIBGASP_QVM_VPCI_H */
