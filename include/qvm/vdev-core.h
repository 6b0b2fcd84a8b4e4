/* A virtual device as its own code sees it (QNX 7.1 <qvm/vdev-core.h>).
 *
 * The functions are in the program that runs the guest (gasp-vm), not in libgasp.
 *
 * Generated from
 * abi/src/vdev_core.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_VDEV_CORE_H
#define LIBGASP_QVM_VDEV_CORE_H

#include <pthread.h>
#include <qvm/guest.h>
#include <qvm/types.h>

/** Prefix of an entry of the option list that takes no argument (QNX 7.1). */
#define QVM_OPTION_NO_ARG_PREFIX "0"

/** The older name of VDEV_CTRL_GUEST_CONFIGURED (QNX 7.0). */
#define VDEV_CTRL_BOOTUP 2

/** The vdev is not for safety-related guests (QNX 7.1). */
#define VDEV_SAFETY_NO 0x55555555

/** The vdev is for safety-related guests (QNX 7.1). */
#define VDEV_SAFETY_YES 0xaaaaaaaa

/** Version of the vdev interface. The name is QNX's, the number is libgasp's own. */
#define QVM_VDEV_ABI 0x701

/** VIRTIO references: nothing (QNX 7.x). */
#define VIOREF_CLASS_NOP 0

/** The driver notified a queue. */
#define VIOREF_CLASS_NOTIFY 0x10000

/** A queue was enabled. */
#define VIOREF_CLASS_ENABLED 0x20000

/** The device is to be reset. */
#define VIOREF_CLASS_RESET 0x30000

/** The status register was written. */
#define VIOREF_CLASS_STATUS 0x40000

/** The device's own configuration was accessed. */
#define VIOREF_CLASS_DEVCFG 0x50000

/** The access fails with a bus error. */
#define VIOREF_CLASS_BUS_ERROR 0x60000

/** The access fails with an errno. */
#define VIOREF_CLASS_ERRNO 0x70000

/** Mask of the class. */
#define VIOREF_CLASS_MASK 0xf0000

/** Words of feature bits that a VIRTIO device can have. */
#define VIO_MAX_FEATURE_WORDS 4

/** What a vread or vwrite function answers (QNX 7.x). VRS_ERRNO + n reports errno n. */
enum vdev_ref_status {
    /** Done. */
    VRS_NORMAL = 0,
    /** Done; do not advance the instruction pointer. */
    VRS_NO_ADVANCE = 1,
    /** Internal to QNX. */
    VRS_ABORT = 2,
    /** The guest sees a bus error. */
    VRS_BUS_ERROR = 3,
    /** Only for instruction callbacks. */
    VRS_CONTINUE = 4,
    /** The guest is to be terminated. */
    VRS_TERMINATE = 5,
    /** Base of the errno values. */
    VRS_ERRNO = 0x100,
};

/** What a vdev needs and offers (`vdev_factory.factory_flags`; QNX 7.0). */
enum vdev_factory_flags {
    /** No flags. */
    VFF_NONE = 0,
    /** Reserved. */
    VFF_RESERVED = (1 << 0),
    /** Takes no interrupt. */
    VFF_INTR_NO = (1 << 1),
    /** Needs an interrupt. */
    VFF_INTR_REQ = (1 << 2),
    /** Needs an interrupt unless it is a PCI device. */
    VFF_INTR_NONPCI = (1 << 3),
    /** Takes no location. */
    VFF_LOC_NO = (1 << 4),
    /** Can be in memory. */
    VFF_VDEV_MEM = (1 << 5),
    /** Can be at x86 ports. */
    VFF_VDEV_X86_IO = (1 << 6),
    /** Can be a PCI device. */
    VFF_VDEV_PCI = (1 << 7),
    /** The three above. */
    VFF_VDEV_LOC_TYPES = (7 << 5),
    /** Have v_mtx initialised. */
    VFF_MUTEX = (1 << 8),
    /** Have v_mtx initialised as a recursive mutex. */
    VFF_MUTEX_RECURSIVE = (1 << 9),
    /** QNX: for the future. */
    VFF_RC = (1 << 10),
    /** The vdev makes its region itself. */
    VFF_MANUAL_REGION = (1 << 11),
};

/** What a vdev's control function is told (QNX 7.x, but for the four that say otherwise). */
enum vdev_ctrl_options {
    /** The options of this vdev follow. */
    VDEV_CTRL_OPTIONS_START = 0,
    /** That was the last option. */
    VDEV_CTRL_OPTIONS_END = 1,
    /** The guest's configuration is complete. */
    VDEV_CTRL_GUEST_CONFIGURED = 2,
    /** The guest ends. */
    VDEV_CTRL_TERMINATE = 3,
    /** Report your state. */
    VDEV_CTRL_STATUS = 4,
    /** Add to the ACPI tables. */
    VDEV_CTRL_GEN_ACPI = 5,
    /** Add to the device tree. */
    VDEV_CTRL_GEN_FDT = 6,
    /** A button was pressed. */
    VDEV_CTRL_BUTTON = 7,
    /** Choose location and interrupt. The number is libgasp's own. */
    VDEV_CTRL_ASSIGN = 8,
    /** The guest starts. The number is libgasp's own. */
    VDEV_CTRL_GUEST_STARTING = 9,
    /** The PCI base addresses changed. The number is libgasp's own. */
    VDEV_CTRL_PCI_BARS = 0xa,
    /** The first entry of the option list. The number is libgasp's own. */
    VDEV_CTRL_FIRST_OPTIDX = 0x100,
};

/**
 * What handles an access to a vdev.
 *
 * cookie: that of the region. vopnd: what the guest touched (location, length, type of the
 * space). oopnd: the other operand: where vread puts the value (guest_cpu_write()), and where
 * vwrite gets it from (guest_cpu_read()). gcp: the vCPU that makes the access. Names and types:
 * QNX 7.0; what the operands are is libgasp's own reading.
 */
typedef enum vdev_ref_status (*vdev_ref_function_t)(vdev_t *vdev,
                                                    unsigned int cookie,
                                                    const struct qvm_state_block *vopnd,
                                                    const struct qvm_state_block *oopnd,
                                                    struct guest_cpu *gcp);

/** A function of which QNX's pages give the name but not the type: has to be NULL here. */
typedef void (*vdev_unsupported_function_t)(void);

/**
 * What an interrupt controller does (names: QNX 7.0; the order is its pages', the types but for
 * signal are libgasp's own).
 */
struct vdev_pic_functions {
    /** Has to be 0 here. */
    unsigned int flags;
    /** Which bits of guest_intr.param are the number of the input; 0: all. */
    unsigned int pnum_mask;
    /** The line of an interrupt changes its state. */
    int (*signal)(const struct guest_intr *intr, enum guest_intr_state state);
    /** Has to be NULL here. */
    vdev_unsupported_function_t notify;
    /** Has to be NULL here. */
    vdev_unsupported_function_t parse;
    /** Has to be NULL here. */
    vdev_unsupported_function_t string;
    /** Has to be NULL here. */
    const void *table_spec;
};

/**
 * What makes vdevs of one kind (QNX 7.0: 88 bytes). It has to be there as long as the process,
 * and is not changed after vdev_register_factory().
 */
struct vdev_factory {
    /** The host's. */
    struct vdev_factory *next;
    /**
     * Required. Told of each step of the life of a vdev: ctrl is VDEV_CTRL_*, or
     * VDEV_CTRL_FIRST_OPTIDX + the index of an option, and then arg is its argument (or NULL).
     * Returns EOK or an error number.
     */
    int (*control)(vdev_t *vdev, unsigned int ctrl, const char *arg);
    /** A guest read that traps; NULL: as if nothing were there. */
    vdev_ref_function_t vread;
    /** A guest write that traps; NULL: as if nothing were there. */
    vdev_ref_function_t vwrite;
    /** Has to be NULL here: there are no pulses. */
    int (*pulse)(vdev_t *vdev, int8_t code);
    /** A timer of guest_timer_create() has expired; data is what was given there. */
    void (*timer)(vdev_t *vdev, void *data, const struct guest_timer_data *tdp, struct guest_cpu *gcp);
    /** Interrupt controllers only. */
    const struct vdev_pic_functions *pic;
    /**
     * Names of the options, NULL at the end; those without an argument start with
     * QVM_OPTION_NO_ARG_PREFIX.
     */
    const char *const *option_list;
    /** Name of the vdev; NULL: as the file is called. */
    const char *name;
    /** VFF_*. */
    unsigned int factory_flags;
    /** Bit n: accesses of n bytes are allowed; 0: of any size (libgasp's own reading). */
    unsigned int acc_sizes;
    /** How many zeroed bytes v_device points to. */
    unsigned int extra_space;
    /** VDEV_SAFETY_*. */
    unsigned int safety;
};

/**
 * Scheduling of a vdev's threads. The name is QNX's; its pages do not give the fields, which are
 * libgasp's own.
 */
struct qvm_sched_info {
    /** Scheduling policy, SCHED_*. */
    int policy;
    /** Priority within the policy. */
    int priority;
};

/**
 * A virtual device (QNX 7.1). Offsets up to v_mtx are QNX's; v_mtx has this system's size, and
 * v_sched follows it.
 */
struct vdev_s {
    /** The vdev's own data. */
    void *v_device;
    /** What made it. */
    const struct vdev_factory *v_factory;
    /** The guest that it belongs to: what every gasp function asks for. */
    struct guest_system *v_gsp;
    /** Where the vdev is in the guest. */
    struct qvm_state_block v_block;
    /** Its interrupt. */
    struct guest_intr v_intr;
    /** Its mutex, initialised by the host if VFF_MUTEX asks for it. */
    pthread_mutex_t v_mtx;
    /** Its scheduling. */
    struct qvm_sched_info v_sched;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Register the factory of a vdev: in a constructor function of the plugin.
 *
 * factory: has to be there as long as the process. abi_version: QVM_VDEV_ABI as the plugin was
 * compiled; another one has the plugin refused.
 *
 * Threads: the one that loads the plugin. Source: QNX 7.1; the program that runs the guest has
 * the function, libgasp does not.
 */
void vdev_register_factory(struct vdev_factory *factory, unsigned int abi_version);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/** The answer of vread or vwrite for what guest_cpu_read() or guest_cpu_write() returned, where
 * that is not EOK. Source: QNX 7.1, where it is part of the header too. */
static inline enum vdev_ref_status guest_cpu_to_vrs(int const errcode)
{
	return errcode == -1 ? VRS_BUS_ERROR : (enum vdev_ref_status)(VRS_ERRNO + errcode);
}

/** Which of the two this build is: VDEV_SAFETY_NO unless the build says otherwise (QNX 7.1). */
#ifndef VDEV_SAFETY_SELECTED
#define VDEV_SAFETY_SELECTED VDEV_SAFETY_NO
#endif

#endif  /* LIBGASP_QVM_VDEV_CORE_H */
