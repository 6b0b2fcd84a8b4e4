/* State blocks, regions and their flags, interrupts (QNX 7.1 <qvm/types.h>).
 *
 * Generated from
 * abi/src/types.rs,
 * tests/headers/types.h.in by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_TYPES_H
#define LIBGASP_QVM_TYPES_H

#include <errno.h>
#include <sched.h>
#include <stdint.h>

/** No error: the system's name for 0 where it has one, as on QNX. */
#ifndef EOK
#define EOK 0
#endif

/** Not supported, as QNX's page on guest_intr_state names it (7.1). The number is libgasp's own. */
#ifndef ENOTSUPP
#define ENOTSUPP ENOTSUP
#endif

struct vdev_s;
/** A virtual device; <qvm/vdev-core.h> has its fields. */
typedef struct vdev_s vdev_t;

/** First number of the architecture's own types (QNX 7.x). */
#define QST_ARCH_SPECIFIC 0x8000

/** ARM system register: the same number as QST_X86_IO (QNX 7.x). Guests of libgasp are x86. */
#define QST_ARM_SR 0x8000

/** Shift of the number of bytes to sign-extend (bits 0 to 3; QNX 7.x). */
#define QSF_SEXT_SHIFT 0

/** Shift of the number of bytes to zero-extend (bits 4 to 7; QNX 7.x). */
#define QSF_ZEXT_SHIFT 4

/**
 * No location: the result of a search that finds nothing. The name is QNX's, the value (2^64-1) is
 * libgasp's own.
 */
#define QSL_NO_LOCATION UINT64_MAX

/**
 * Left shift of GRF_PASS_* and GRF_NOCACHE to the saved rights, which are the rights from before
 * the region was trapped.
 */
#define GRF_BACKUP_SHIFT (28 - 3)

/** Mask of the saved rights (0xf0000000). Queries report them; set calls ignore them. */
#define GRF_BACKUP_MASK 0xf0000000

/**
 * The kind of location that a state block describes (`qvm_state_block.type`).
 *
 * Two kinds are spaces of a guest: QST_MEMORY (0 to 2^64-1) and QST_X86_IO (0 to 0xffff).
 * QST_PCI_IO means the same as QST_MEMORY. The numbers are those of QNX 7.x, qvm_state_types.
 */
enum qvm_state_types {
    /** Guest-physical address. */
    QST_MEMORY = 0,
    /** Guest-virtual address. */
    QST_VIRTUAL = 1,
    /** Offset in CPU_REGISTERS. */
    QST_CPUREGS = 2,
    /** Offset in FPU_REGISTERS. */
    QST_FPUREGS = 3,
    /** Host-virtual address. */
    QST_HOST = 4,
    /** PCI bus, device and function, packed by QSL_PCI_MAKE_LOC(). */
    QST_PCI = 5,
    /** PCI I/O space of guests that are not x86. It is treated like QST_MEMORY. */
    QST_PCI_IO = 6,
    /** The location is the value itself. */
    QST_IMMEDIATE = 7,
    /** x86 I/O port. The first of the architecture's own types. */
    QST_X86_IO = 0x8000,
    /** x86: offset in the segment registers. */
    QST_X86_SEGREGS = 0x8001,
    /** x86: offset in the control registers. */
    QST_X86_CTRLREGS = 0x8002,
    /** x86: offset in the debug registers. */
    QST_X86_DBGREGS = 0x8003,
    /** x86: number of a model-specific register. */
    QST_X86_MSR = 0x8004,
    /** No type. */
    QST_NO_TYPE = 0xffff,
};

/** How to read or write a state block (`qvm_state_block.flags`; QNX 7.1). */
enum qvm_state_flags {
    /** No flags. */
    QSF_NONE = 0,
    /** Mask of one extension field. */
    QSF_EXT_MASK = 15,
    /** Write even if the location is read-only for the guest (7.1). */
    QSF_FORCE_WRITE = 0x4000,
    /** Report a guest exception if the access fails. */
    QSF_REPORT_EXCEPTION = 0x8000,
};

/**
 * The guest's rights in a region, and its other properties (QNX 7.1, same numbers).
 *
 * For each of read, write and execute, a region passes the access to memory (GRF_PASS_*), traps it
 * (GRF_VIRT_*), or does neither.
 */
enum gasp_region_flags {
    /** No flags. In a set call: delete the range. */
    GRF_NONE = 0,
    /** A guest read traps: the vdev's vread is called. */
    GRF_VIRT_RD = (1 << 0),
    /** A guest write traps: the vdev's vwrite is called. */
    GRF_VIRT_WR = (1 << 1),
    /** A guest instruction fetch traps. */
    GRF_VIRT_EX = (1 << 2),
    /** GRF_VIRT_RD, GRF_VIRT_WR and GRF_VIRT_EX. */
    GRF_VIRT_ANY = 7,
    /** A guest read passes through to the host's memory or port. */
    GRF_PASS_RD = (1 << 3),
    /** A guest write passes through. */
    GRF_PASS_WR = (1 << 4),
    /** A guest instruction fetch passes through. */
    GRF_PASS_EX = (1 << 5),
    /** GRF_PASS_RD, GRF_PASS_WR and GRF_PASS_EX. */
    GRF_PASS_ANY = (7 << 3),
    /** Accesses that pass through are uncached. */
    GRF_NOCACHE = (1 << 6),
    /** The region is installed. Queries report it; set calls ignore it. */
    GRF_ACTIVE = (1 << 7),
    /** Usable as ordinary memory. */
    GRF_MEMORY = (1 << 8),
    /** The region came from a `pass` option. */
    GRF_PASSTHRU = (1 << 9),
    /** The region uses DMA. */
    GRF_DMA_USES = (1 << 10),
    /** The region does not use DMA. */
    GRF_DMA_NO_USE = (1 << 11),
    /** The region may be the source of DMA. */
    GRF_DMA_SOURCE = (1 << 12),
    /** The region may be the target of DMA. */
    GRF_DMA_TARGET = (1 << 13),
    /** No other region may overlap this one. */
    GRF_PRECIOUS = (1 << 14),
    /** Reserved: pages without permissions. */
    GRF_NOPERMS = (1 << 15),
    /**
     * The flags that stay set until the location is deleted: MEMORY, PASSTHRU, DMA_SOURCE,
     * DMA_TARGET.
     */
    GRF_STICKY = (51 << 8),
};

/** State of an interrupt line (QNX 7.1). */
enum guest_intr_state {
    /** Nothing to do (7.1). */
    GIS_NOP = 0,
    /** Asserted. */
    GIS_ON = 1,
    /** Not asserted. */
    GIS_OFF = 2,
    /**
     * Alone: may guest_intr_signal() be called for this interrupt from an interrupt service
     * routine? With GIS_ON or GIS_OFF: it is called from one.
     */
    GIS_ISR = 4,
};

/** Of what an interrupt controller has to tell with guest_intr_notify() (QNX 7.0). Bits. */
enum guest_intr_notifications {
    /** The guest has unmasked the interrupt. */
    GIN_UNMASK = 1,
    /** The guest has acknowledged the interrupt. */
    GIN_ACK = 2,
};

/**
 * How an input of an interrupt controller is assigned: what is asked for, and the state of the
 * input, which only moves towards the end of this list (QNX 7.0).
 */
enum guest_intr_assign_type {
    /** Free, also for automatic assignment. */
    GIAT_UNUSED = 0,
    /** Assigned, and still open for automatic assignment. */
    GIAT_SHAREABLE = 1,
    /** Never assigned automatically; the configuration may name it. */
    GIAT_RESERVED = 2,
    /** Assigned by the configuration, and not shared. */
    GIAT_EXCLUSIVE = 3,
    /** The configuration may not name it. */
    GIAT_SPECIAL = 4,
};

/** What a table for the guest needs to know of an interrupt (QNX 7.1). */
enum guest_table_spec_component {
    /** The controller's own cells of an interrupt in a device tree. */
    GTSC_FDT_INTR = 0,
};

/**
 * A guest: the memory space and the port space of a virtual machine. Opaque. The host gets it from
 * gasp_guest_create(), a vdev gets it as vdev_t.v_gsp.
 *
 * A `gsp` is bad, which most functions report as EINVAL, if it is NULL or its guest is destroyed.
 */
struct guest_system;

/** A run of locations (QNX 7.1: 16 bytes). */
struct qvm_state_block {
    /** First location. `type` says what kind of location it is. */
    uint64_t location;
    /** Number of bytes or ports. The field has 32 bits, so one block describes less than 4 GiB. */
    uint32_t length;
    /** QST_*. */
    uint16_t type;
    /** QSF_*. */
    uint16_t flags;
};

/** A region of a guest's address space (QNX 7.1: 40 bytes). */
struct gasp_region {
    /** GRF_*. */
    uint32_t flags;
    /** A number of the vdev's choice, handed back when an access traps. */
    uint32_t cookie;
    /** The vdev, handed back when an access traps. */
    vdev_t *vdev;
    /**
     * Address in this process of the memory behind the region, or the number of the host port
     * behind it.
     */
    uint64_t host_location;
    /** The region's locations in the guest. */
    struct qvm_state_block guest;
};

/** An interrupt of a guest (QNX 7.1: 16 bytes). */
struct guest_intr {
    /** The controller that receives it. */
    vdev_t *pic;
    /** Which input of it. */
    unsigned int param;
    /** Which of the input's sources. */
    unsigned int src_id;
};

/** Scheduling of a vdev's pulses and threads (QNX 7.0; sched_param has this system's size). */
struct qvm_sched_info {
    /** Scheduling policy, SCHED_*; -1: not set. */
    int policy;
    /** sched_priority: the priority within the policy; -1: not set. */
    struct sched_param sched;
};

/** Pack a PCI location. The name is QNX's, the packing (as in PCI's ECAM) is libgasp's own. */
#define QSL_PCI_MAKE_LOC(bus, dev, func) \
	(((uint64_t)(bus) << 20) | ((uint64_t)(dev) << 15) | ((uint64_t)(func) << 12))

#endif  /* LIBGASP_QVM_TYPES_H */
