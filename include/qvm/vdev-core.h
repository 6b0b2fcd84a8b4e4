/* A virtual device as its own code sees it (QNX 7.1 <qvm/vdev-core.h>).
 *
 * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them it has.
 *
 * Generated from
 * abi/src/vdev_core.rs,
 * tests/headers/vdev-core.h.in by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_VDEV_CORE_H
#define LIBGASP_QVM_VDEV_CORE_H

#include <pthread.h>
#include <qvm/abi.h>
#include <qvm/guest.h>
#include <qvm/types.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

struct sigevent;
/** Prefix of an entry of the option list that takes no argument (QNX 7.1). */
#define QVM_OPTION_NO_ARG_PREFIX "0"

/** Control: the options of this vdev follow (QNX 7.1, as the rest but for the numbers of four). */
#define VDEV_CTRL_OPTIONS_START 0u

/** Control: that was the last option of this vdev. */
#define VDEV_CTRL_OPTIONS_END 1u

/** Control: the guest's configuration is complete. Threads may be made from now on. */
#define VDEV_CTRL_GUEST_CONFIGURED 2u

/** An older name of VDEV_CTRL_GUEST_CONFIGURED. */
#define VDEV_CTRL_BOOTUP 2u

/** Control: the guest has ended. */
#define VDEV_CTRL_TERMINATE 3u

/** Control: report your state. */
#define VDEV_CTRL_STATUS 4u

/** Control: add to the ACPI tables. */
#define VDEV_CTRL_GEN_ACPI 5u

/** Control: add to the device tree. arg is not a string, but the number of the root node for vdevs. */
#define VDEV_CTRL_GEN_FDT 6u

/** Control: the power button was pressed. */
#define VDEV_CTRL_BUTTON 7u

/**
 * Control: all options of all vdevs are known. Choose a location and an interrupt now, if there
 * is no `loc` and no `intr`. The number is libgasp's own.
 */
#define VDEV_CTRL_ASSIGN 8u

/**
 * Control: the guest starts. From now on it is ended with guest_terminate(), not with qvm_fatal().
 * The number is libgasp's own.
 */
#define VDEV_CTRL_GUEST_STARTING 9u

/** Control: describe the base address registers (PCI devices only). The number is libgasp's own. */
#define VDEV_CTRL_PCI_BARS 10u

/** Control: the first entry of the option list; the others follow. The number is libgasp's own. */
#define VDEV_CTRL_FIRST_OPTIDX 0x100u

/** The vdev is not for safety-related guests (QNX 7.1). */
#define VDEV_SAFETY_NO 0x55555555u

/** The vdev is for safety-related guests (QNX 7.1). */
#define VDEV_SAFETY_YES 0xaaaaaaaau

/**
 * For coid of vdev_pulse(): do not register the event. The name is QNX's, the number is libgasp's
 * own.
 */
#define QMRE_UNREG_EVENT -2

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

/**
 * What handles an access to a vdev. The name is libgasp's own.
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

/** What an interrupt controller does (QNX 7.1). */
struct vdev_pic_functions {
    /** The controller's flags. QNX's pages do not give any. */
    unsigned int flags;
    /** Which bits of guest_intr.param are the number of the input; 0: all (libgasp's own reading). */
    unsigned int pnum_mask;
    /** Required. The line of an interrupt changes its state. */
    int (*signal)(const struct guest_intr *gip, enum guest_intr_state gis);
    /** From now on, tell of these events with guest_intr_notify(). */
    void (*notify)(const struct guest_intr *gip, enum guest_intr_notifications gin);
    /**
     * The text of an `intr` option, after the colon, as gip->param. Returns the first character
     * that is not of it, or NULL if there is none such (libgasp's own reading).
     */
    const char *(*parse)(struct guest_intr *gip, const char *name);
    /** gip->param as text. Returns the length, as snprintf() (libgasp's own reading). */
    size_t (*string)(const struct guest_intr *gip, char *buf, size_t buf_len);
    /**
     * The interrupt as a table for the guest has it. Returns the number of bytes, or a negative
     * error number (libgasp's own reading).
     */
    ssize_t (*table_spec)(const struct guest_intr *gip,
                          enum guest_table_spec_component component,
                          void *buf,
                          size_t buf_len);
};

/**
 * What makes vdevs of one kind (QNX 7.0: 88 bytes). It has to be there as long as the process, and
 * the vdev does not change it after vdev_register_factory().
 */
struct vdev_factory {
    /** A link of the host's. */
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
    /** A pulse of vdev_pulse() has arrived. The result is not used (libgasp's own). */
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

/** What a thread of vdev_thread_create() runs. The name is QNX's, the type is libgasp's own reading. */
typedef void *(*vdev_thread_create_func_t)(void *arg);

/**
 * A virtual device (QNX 7.1). Offsets up to v_mtx are QNX's; v_mtx and v_sched have this system's
 * sizes.
 */
struct vdev_s {
    /** The vdev's own data. */
    void *v_device;
    /** What made it. */
    struct vdev_factory *v_factory;
    /** The guest that it belongs to: what every gasp function asks for. */
    struct guest_system *v_gsp;
    /** Where the vdev is in the guest. */
    struct qvm_state_block v_block;
    /** Its interrupt. */
    struct guest_intr v_intr;
    /** Its mutex, for its own use. The host initialises it if VFF_MUTEX asks for it. */
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
 * compiled; another one has the plugin refused (libgasp's own reading).
 *
 * Threads: the one that loads the plugin. Source: QNX 7.1.
 */
void vdev_register_factory(struct vdev_factory *factory, unsigned int abi_version);

/**
 * Fill in an event whose delivery calls the vdev's pulse function with code.
 *
 * It is a SIGEV_THREAD event: timer_create(), mq_notify() and asynchronous input and output
 * deliver it, and so does a call of ev->sigev_notify_function(ev->sigev_value). A delivery only
 * puts the pulse into the vdev's queue. A thread of the vdev's takes pulses out of it, those of
 * a higher priority first, then in the order of arrival. It is made for the first pulse after
 * VDEV_CTRL_GUEST_CONFIGURED (until then pulses wait), and is scheduled as v_sched says. Before
 * VDEV_CTRL_TERMINATE is sent, the function that runs is waited for, and what waits is dropped;
 * an event that is delivered later does nothing. At most 65,536 pulses wait; those above are
 * dropped, with an error in the log. What the pulse function returns is not used.
 *
 * priority: of the pulse. coid: not used, because there are no servers here.
 *
 * If vdp is no vdev or has no pulse function (QNX: a crash), there is an error in the log, and
 * ev is a SIGEV_NONE event, whose delivery does nothing.
 *
 * When: from VDEV_CTRL_OPTIONS_START on (QNX: after it). Threads: any. Source: QNX 7.1; the kind
 * of event, the queue and its thread are libgasp's own.
 */
void vdev_pulse(vdev_t *vdp, int8_t code, int priority, struct sigevent *ev, int coid);

/**
 * Write a name of the vdev with its location, for people. In gasp-vm: "trace@mem:0xd0000000",
 * "serial@io:0x3f8", or the name alone if it has no location.
 *
 * buf, count: where, and its size; the text is cut, and ends with a zero. count 0: nothing is
 * written, and buf may be NULL.
 *
 * Returns the length of the whole text, without the zero. When: from
 * VDEV_CTRL_GUEST_CONFIGURED on. Threads: any. Source: QNX 7.1; the text is libgasp's own.
 */
int vdev_string(char *buf, size_t count, const vdev_t *vdp);

/**
 * vdev_string(). The name is that of QNX's guides; that it is an older name of vdev_string()
 * is libgasp's own reading.
 */
int vdev_path(char *buf, size_t count, const vdev_t *vdp);

/**
 * Make a thread of a vdev: pthread_create(), and the thread has a name.
 *
 * name: cut to what the system takes (15 bytes); NULL: none. attr: NULL: as v_sched of the vdev
 * says (libgasp's own reading).
 *
 * Returns what pthread_create() returns: EOK, or an error number. EINVAL: vdp is no vdev, or
 * thread or start_routine is NULL (libgasp's own). When: from VDEV_CTRL_GUEST_CONFIGURED on;
 * end the thread in VDEV_CTRL_TERMINATE. Threads: any. Source: QNX 7.0 (name), 8.0 (signature).
 */
int vdev_thread_create(const vdev_t *vdp,
                       const char *name,
                       pthread_t *thread,
                       pthread_attr_t *attr,
                       vdev_thread_create_func_t start_routine,
                       void *arg);

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
