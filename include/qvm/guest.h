/* Guests, vCPUs, interrupts and timers (QNX 7.1 <qvm/guest.h>).
 *
 * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them it has.
 *
 * Generated from
 * abi/src/guest.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_GUEST_H
#define LIBGASP_QVM_GUEST_H

#include <qvm/types.h>
#include <stddef.h>

/**
 * For QST_CPUREGS: the number of the vCPU that makes the access, which can only be read. The
 * numbers of registers are not on QNX's pages. Here they are, as libgasp's own: 0 to 15 the general
 * registers of x86 in the order in which instructions name them, 16 the instruction pointer, 17 the
 * flags. QST_X86_SEGREGS: 0 to 5 the selectors of ES, CS, SS, DS, FS, GS, and 0x10 to 0x15 their
 * bases. QST_X86_CTRLREGS: 0, 2, 3, 4, 8 as CR0 to CR8. Each has 8 bytes.
 */
#define GASP_CPUREG_NUMBER 0x100000000

/** For QST_CPUREGS: the instruction pointer. libgasp's own. */
#define GASP_CPUREG_INSTRUCTION 0x10

/** The guest has ended as it should. The name is QNX's (8.0), the number is its exit code. */
#define GTC_NORMAL_EXIT 0

/** A watchdog ends the guest. The name is libgasp's own, the number is QNX's exit code. */
#define GTC_WATCHDOG 4

/** A vdev met what it did not expect. The name is libgasp's own, the number is QNX's exit code. */
#define GTC_VDEV_ERROR 6

/** First number of a cause of termination that a vdev may choose (QNX 7.0). */
#define GTC_CUSTOM_MIN 0x20

/** Last number of a cause (the name is of QNX 8.0, the number of 7.0). */
#define GTC_MAX 0x3f

/**
 * ORed to a guest_power_state_cmd of guest_power_state_notify_register(): call when the bits become
 * those that were asked for. Without it and GASP_GPSC_FROM it is so, too. QNX has these two as well,
 * but its pages do not name them.
 */
#define GASP_GPSC_TO 0x10

/** ORed to a guest_power_state_cmd: call when the bits are no longer those. */
#define GASP_GPSC_FROM 0x20

/**
 * What a vread or vwrite function answers, and what <qvm/vdev-core.h> has too (QNX 7.1).
 * VRS_ERRNO + n reports errno n.
 */
enum vdev_ref_status {
    /** Done. */
    VRS_NORMAL = 0,
    /** Done; do not advance the instruction pointer. */
    VRS_NO_ADVANCE = 1,
    /** Internal to QNX. */
    VRS_ABORT = 2,
    /** The guest sees a bus error. */
    VRS_BUS_ERROR = 3,
    /** Only for functions of guest_instr_register(). */
    VRS_CONTINUE = 4,
    /** The guest is to be terminated. */
    VRS_TERMINATE = 5,
    /** Base of the errno values. */
    VRS_ERRNO = 0x100,
};

/** How to transfer data to or from a vCPU (QNX 7.1). */
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

/**
 * Which parts of the guest's power state are meant; both, if they are ORed (names: QNX 7.1;
 * numbers: libgasp's own).
 */
enum guest_power_state_cmd {
    /** vCPUs that wait. */
    GPSC_WAIT = 1,
    /** vCPUs that are off. */
    GPSC_OFF = 2,
};

/** Which instructions a function is called for. QNX's pages name none of them. */
enum guest_instr_type {
    /** ORed to a type: for any qualifier. The name is QNX's (7.0), the number is libgasp's own. */
    GIT_FLAG_NO_QUALIFIER = 0x40000000,
};

/** The vCPU on which a vdev is called: opaque. */
struct guest_cpu;

/**
 * Delivers an MSI that was sent to an address of guest_msi_register() (QNX 7.0). A function, not a
 * pointer.
 */
typedef void guest_msi_deliver_func_t(vdev_t *pic,
                                      const vdev_t *src,
                                      uint64_t paddr,
                                      unsigned int data,
                                      unsigned int cookie);

/** A timer of a vdev, made by guest_timer_create(): opaque. */
struct guest_timer;

/**
 * The time of a timer (QNX 7.0: 32 bytes). The two clocks do not correspond: of the guest's, the
 * resolution is what guest_timer_create() says; the host's is for comparisons alone.
 *
 * In gasp-vm, both count nanoseconds. The guest's clock is 0 until the guest starts, the host's is
 * CLOCK_MONOTONIC.
 */
struct guest_timer_data {
    /** When the timer was activated, by the host's clock. */
    uint64_t host_notify_start;
    /** Now, by the host's clock. */
    uint64_t host_current;
    /** When the timer was activated, by the guest's clock. */
    uint64_t guest_notify_start;
    /** Now, by the guest's clock. */
    uint64_t guest_current;
};

/** A function to be called when the guest's power state changes: opaque. */
struct guest_power_state_notify;

/**
 * Is called when the guest's power state is the one that was asked for. A function, not a pointer.
 * The name is QNX's (7.0), the type is libgasp's own.
 */
typedef void guest_power_state_callback_func_t(void *data);

/**
 * Is called for an instruction of guest_instr_register(); VRS_CONTINUE: ask the next one (QNX 7.0).
 * A function, not a pointer.
 */
typedef enum vdev_ref_status guest_instr_callback_func_t(vdev_t *vdp,
                                                         struct guest_cpu *gcp,
                                                         enum guest_instr_type git,
                                                         unsigned int qualifier);

/** Why a guest ends: the exit code of the process that runs it (QNX 7.0: an unsigned). */
typedef unsigned int guest_termination_cause_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Get the value of operands: in vwrite, what the guest writes (oopnd).
 *
 * The blocks are read in order, each into as many bytes of data as it is long; what is left of
 * data is the last one's. A value that is shorter than its bytes of data is extended: with
 * zeros, or as QSF_SEXT_SHIFT and QSF_ZEXT_SHIFT say (from that byte on the sign, then from that
 * byte on zeros); of a longer one the low bytes are taken. Types: QST_HOST, QST_IMMEDIATE,
 * QST_MEMORY and QST_PCI_IO, QST_X86_IO; the last three are accesses of the vCPU, and trap where
 * its own would. QST_CPUREGS and other registers: as far as the host gives them, and
 * GASP_CPUREG_NUMBER.
 *
 * gcp: what the vdev was called with; NULL: the guest's memory and ports, as seen by nobody in
 * particular (QNX 8.0; that it is so in 7.1 is libgasp's own reading).
 * flags: GXF_NONE; GXF_PAUSE, GXF_UNPAUSE and GXF_FLUSH have nothing to do here.
 *
 * Returns EOK; -1 an exception has to go to the guest; or an error number: EINVAL blk or data is
 * NULL, no blocks, unknown type or flags, or gcp is NULL and it is not clear which guest is
 * meant; EPERM gcp is not this thread's vCPU; ENOTSUP other types, a register that
 * the host does not give, GXF_ASYNC, GXF_GDB;
 * ENOMEM; ELOOP as gasp_cpu_access(). guest_cpu_to_vrs() makes an answer of it.
 * Threads: the one on which the vdev was called with gcp; with NULL, any. Source: QNX 7.0;
 * lengths, extension and errors are libgasp's own.
 */
int guest_cpu_read(struct guest_cpu *gcp,
                   unsigned int flags,
                   const struct qvm_state_block *blk,
                   unsigned int nblks,
                   void *data,
                   unsigned int data_len);

/**
 * Put a value into operands: in vread, what the guest reads (oopnd).
 *
 * The blocks are written in order, each with as many bytes of data as it is long; what is left
 * of data is the last one's. A value that is shorter than its block is extended, of a longer one
 * the low bytes are taken. Everything else is as in guest_cpu_read(), but QST_IMMEDIATE cannot
 * be written (EINVAL).
 */
int guest_cpu_write(struct guest_cpu *gcp,
                    unsigned int flags,
                    const struct qvm_state_block *blk,
                    unsigned int nblks,
                    const void *data,
                    unsigned int data_len);

/**
 * Put all ones into an operand: the answer to a request that is not valid.
 *
 * flags, returns, threads: as guest_cpu_write(). Source: QNX 7.1.
 */
int guest_write_all_ones(struct guest_cpu *gcp,
                         unsigned int flags,
                         const struct qvm_state_block *blk);

/**
 * Change the state of an interrupt's line. For an edge: GIS_ON, then GIS_OFF.
 *
 * gip: mostly &vdev->v_intr. It goes to the signal function of its controller, except GIS_NOP,
 * which does nothing. gis: GIS_ISR alone asks whether this may be called from an interrupt
 * service routine: in gasp-vm it may not.
 *
 * Returns EOK; -ENOTSUPP if gis has GIS_ISR and it may not; or an error number: EINVAL NULL, no
 * controller, an input or a state that it does not have; EAGAIN the guest has not started; or
 * what the controller's function returned.
 * Threads: any. Source: QNX 7.1 (states), 8.0 (function); const is libgasp's own reading; the
 * errors are libgasp's own.
 */
int guest_intr_signal(const struct guest_intr *gip, enum guest_intr_state gis);

/**
 * Assign an input of a controller: for vdevs with several interrupts, or that choose a
 * controller themselves.
 *
 * ip: filled in, unless it is NULL. An input that does not exist, or is assigned in a way that
 * excludes this one, ends the process, and so does any call after the guest has started
 * (libgasp's own reading).
 *
 * When: startup. Source: QNX 7.0.
 */
void guest_intr_assign(vdev_t *pic,
                       unsigned int pnum,
                       enum guest_intr_assign_type type,
                       struct guest_intr *ip);

/**
 * Tell that the guest has unmasked or acknowledged an interrupt: from a controller, if its
 * notify function was asked for it.
 *
 * vdp: the controller; param: as guest_intr.param; gin: GIN_*. What the host did not ask for is
 * ignored. If vdp is no controller there is an error in the log, and nothing else (libgasp's
 * own).
 *
 * Threads: any. Source: QNX 7.1.
 */
void guest_intr_notify(const vdev_t *vdp, unsigned int param, enum guest_intr_notifications gin);

/**
 * Write an interrupt as text, as in `intr`: as the string function of a controller.
 *
 * Returns the length of the whole text, as snprintf(). Threads: any. Source: QNX 7.0 (name); the
 * signature is libgasp's own reading.
 */
size_t guest_intr_string(const struct guest_intr *gip, char *buf, size_t buf_len);

/**
 * Send a message-signalled interrupt. It goes to the vdev that claims the address, on this
 * thread; if none does, to the host.
 *
 * src: the vdev that sends it; addr, data: the message.
 *
 * Returns EOK, or an error number: EINVAL src is no vdev; EAGAIN the guest has not started; ENXIO
 * no vdev claims the address, and the host takes no messages, as gasp-vm; what the host
 * returned. Threads: any. Source: QNX 7.0; the errors are libgasp's own.
 */
int guest_msi_signal(const vdev_t *src, uint64_t addr, unsigned int data);

/**
 * Claim the messages for addresses: those that are paddr after mask is applied.
 *
 * pic: the controller, which here may be any vdev; deliver: called with it, and with cookie, on
 * the thread that signals. Of several claims for an address the first one counts; one that meets
 * an earlier one gives a warning in the log. What can never be claimed, because paddr has bits
 * that mask does not have, ends the process; and so do pic that is no vdev, deliver NULL, and
 * any call after the guest has started. All that is libgasp's own.
 *
 * When: startup. Source: QNX 7.0.
 */
void guest_msi_register(vdev_t *pic,
                        uint64_t paddr,
                        uint64_t mask,
                        guest_msi_deliver_func_t *deliver,
                        unsigned int cookie);

/**
 * Make a timer for a vdev. It is not set yet. It is there as long as the vdev.
 *
 * gcp: NULL; a timer of one vCPU is not supported. vdp: its factory's timer function is called
 * when the timer expires: in gasp-vm after the guest has started and before
 * VDEV_CTRL_TERMINATE, on a thread of its own, one for all timers of the guest. data: handed to
 * that function. resolutionp: set to how often the guest's clock counts in a second:
 * 1,000,000,000 in gasp-vm.
 *
 * Returns the timer, or NULL with an error number in *resolutionp: EINVAL vdp is no vdev; EPERM
 * the guest has started; ENOTSUP gcp is not NULL. NULL also if resolutionp is NULL.
 * When: startup. Source: QNX 7.0; that the resolution is in hertz is libgasp's own reading; the
 * error numbers are libgasp's own.
 */
struct guest_timer *guest_timer_create(const struct guest_cpu *gcp,
                                       const vdev_t *vdp,
                                       const void *data,
                                       uint64_t *resolutionp);

/**
 * Set a timer: the timer function is called once, after incr counts of the guest's clock.
 *
 * tdp: NULL: they are counted from now. What the timer function was told last: they are counted
 * from when it was to be called, so that a timer that repeats does not drift. A timer that is
 * set already is set anew; a call that has begun already may still come after this function.
 *
 * Returns EOK, or EINVAL: vtp is NULL, its vdev is gone, or has no timer function.
 * Threads: any, also the timer function. Source: QNX 7.1; how the counts are taken, that there
 * is one setting, and the error are libgasp's own reading.
 */
int guest_timer_notify(struct guest_timer *vtp, const struct guest_timer_data *tdp, uint64_t incr);

/**
 * The time of a timer now. *notify_start is 0 in a timer that was never set (libgasp's own).
 *
 * vtp NULL, or its vdev is gone: *tdp is zeroed (libgasp's own). Threads: any. Source: QNX 7.1.
 */
void guest_timer_state(const struct guest_timer *vtp, struct guest_timer_data *tdp);

/**
 * Count what follows as run time of the guest: it is not the host's overhead. It counts for the
 * vdev for which this thread acts, until guest_clock_stop() on the same thread, if the host has
 * asked for that; gasp-vm has not. A second start before a stop does nothing.
 *
 * Threads: one on which a vdev was called, or of vdev_thread_create(); on others it does
 * nothing. Source: QNX 7.0 (name), 8.0 (signature); what a period is, is libgasp's own.
 */
void guest_clock_start(void);

/** The end of what guest_clock_start() began. Without a start it does nothing. */
void guest_clock_stop(void);

/**
 * The guest's power state, as words of bits: a bit for each vCPU.
 *
 * gsp: the guest; cmd: GPSC_WAIT, GPSC_OFF, or both: the bit is set if the vCPU waits or is off;
 * base: 0; nresult: the room in result, in words of 64 vCPUs, the lowest number first.
 *
 * Returns the number of words that are filled in, at most those that are needed for the highest
 * number that the host has told of, or a negative error number: EINVAL bad gsp, cmd, base not 0,
 * result NULL; ENOENT nothing is registered with guest_power_state_notify_register().
 * Threads: any. Source: QNX 7.1; the errors, and which bit is whose, are libgasp's own.
 */
int guest_power_state_current(struct guest_system *gsp,
                              enum guest_power_state_cmd cmd,
                              unsigned int base,
                              unsigned int nresult,
                              uint64_t *result);

/**
 * Make what guest_power_state_notify_register() asks for. It is there until it is deleted, and
 * not longer than the guest's vdevs.
 *
 * Returns NULL for a bad gsp. Threads: any. Source: QNX 7.0 (name); the rest is libgasp's own.
 */
struct guest_power_state_notify *guest_power_state_notify_create(struct guest_system *gsp);

/**
 * Undo guest_power_state_notify_create(). A call that is under way may still end later. NULL is
 * ignored; what is none, is an error in the log. Threads: any. Source: QNX 7.0 (name); the rest
 * is libgasp's own.
 */
void guest_power_state_notify_delete(struct guest_power_state_notify *qpnp);

/**
 * Have func(data) called when the bits of the power state under mask become these. It is called
 * on the thread on which a vCPU changes its state, for the vdev for which this thread acts.
 *
 * qpnp: has one such wish; a later one replaces it. cmd: as in guest_power_state_current(), and
 * GASP_GPSC_TO, GASP_GPSC_FROM or both. base: 0. mask, bits: of the first 64 vCPUs; bits that
 * mask does not have do not count. A change of the state counts, not the state now.
 *
 * A bad qpnp or cmd, another base, or func NULL ends the process (libgasp's own, as all that is
 * not in the first sentence). Threads: any. Source: QNX 7.0.
 */
void guest_power_state_notify_register(struct guest_power_state_notify *qpnp,
                                       enum guest_power_state_cmd cmd,
                                       unsigned int base,
                                       uint64_t mask,
                                       uint64_t bits,
                                       guest_power_state_callback_func_t *func,
                                       void *data);

/**
 * Have func called for instructions of the guest, on the thread of the vCPU. Several functions
 * for one instruction are called in the order in which they were registered.
 *
 * git: may have GIT_FLAG_NO_QUALIFIER; then qualifier does not count. The host says which
 * instructions there are: in gasp-vm there are none, because KVM decodes instructions itself.
 *
 * Returns EOK, or an error number: EINVAL vdp is no vdev, or func is NULL; EPERM the guest has
 * started. When: startup. Source: QNX 7.1; the order and the errors are libgasp's own.
 */
int guest_instr_register(vdev_t *vdp,
                         enum guest_instr_type git,
                         unsigned int qualifier,
                         guest_instr_callback_func_t *func);

/**
 * End the guest. The exit code of the process is the cause: GTC_*, or the vdev's own number
 * from GTC_CUSTOM_MIN to GTC_MAX; any other number is GTC_VDEV_ERROR. The first call counts.
 *
 * Returns at once in gasp-vm; vCPUs leave the guest soon after. Before the guest has started
 * the process ends here, with exit code 64; and so it does at any time for a bad gsp, after the
 * start with 96.
 * Threads: any. Source: QNX 7.0 (name, cause); the signature is libgasp's own.
 */
void guest_terminate(struct guest_system *gsp, guest_termination_cause_t cause);

/**
 * Write a core file of the guest, where the configuration says.
 *
 * Returns EOK, or an error number: EINVAL bad gsp; ENOTSUP the host writes none, as
 * gasp-vm without `dump`; what the host returned. Threads: any. Source: QNX 7.0 (name); the rest is libgasp's own.
 */
int guest_write_core_file(struct guest_system *gsp);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIBGASP_QVM_GUEST_H */
