/* Reading options, and callbacks (QNX 7.1 <qvm/utils.h>).
 *
 * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them it has.
 *
 * Generated from
 * abi/src/utils.rs,
 * tests/headers/utils.h.in by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_UTILS_H
#define LIBGASP_QVM_UTILS_H

#include <qvm/types.h>
#include <signal.h>

struct qvm_callback;
/** A function that an event calls (QNX 7.0). A function, not a pointer. */
typedef void qvm_callback_func_t(struct qvm_callback *cbp);

struct sigevent;
/** A function that formats as printf() does: which argument is the format, where the rest is. A
 * function that does not return. libgasp's own. */
#ifndef QVM_PRINTF_LIKE
#if defined(__GNUC__)
#define QVM_PRINTF_LIKE(text, rest) __attribute__((__format__(__printf__, text, rest)))
#define QVM_NO_RETURN __attribute__((__noreturn__))
#else
#define QVM_PRINTF_LIKE(text, rest)
#define QVM_NO_RETURN
#endif
#endif

/**
 * What an event calls: a part of the caller's own structure, which the function finds by it. The
 * name is QNX's, the field is libgasp's own.
 */
struct qvm_callback {
    /** The function; set by qvm_callback_pulse(). */
    qvm_callback_func_t *function;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Read a location: mem:ADDRESS, io:PORT, or a number alone, which is of the type that bp->type
 * has before the call (QST_MEMORY or QST_X86_IO; with any other it is memory). Numbers are
 * those of the configuration: hexadecimal, with or without 0x; decimal before k, m, g, which
 * multiply, and after 0d. There is no PCI in gasp-vm.
 *
 * bp: its location and type are set. pci_idp: NULL, or set to whether the location is of the
 * form pci:VENDOR/DEVICE/INDEX: in gasp-vm it never is.
 *
 * Returns the first character after the location. A text that is no location ends the process,
 * with exit code 65 before the guest has started, 96 after it (libgasp's own reading).
 * When: startup. Source: QNX 7.1.
 */
char *qvm_parse_block(const char *str, struct qvm_state_block *bp, int *pci_idp);

/**
 * Read an interrupt, CONTROLLER:NUMBER, as the option `intr` of every vdev does. The controller
 * is a vdev of this guest that exists already, or apic.
 *
 * ip: filled in; the input is assigned as by `intr`.
 *
 * Returns the first character after it; a text that is no interrupt ends the process, as
 * above. When: startup. Source: QNX 7.1.
 */
char *qvm_parse_intr(const struct guest_system *gsp, const char *str, struct guest_intr *ip);

/**
 * Fill in an event whose delivery calls cbfp(cbp): as vdev_pulse() of <qvm/vdev-core.h>, for the
 * vdev for which this thread acts (a function of the vdev's runs on it, or vdev_thread_create()
 * has made it).
 *
 * cbp: keeps cbfp, and has to be there as long as the vdev. For a cbp that is used again, all
 * its events call the new function. priority, coid: as for vdev_pulse().
 *
 * If this thread acts for no vdev, or cbfp or cbp is NULL, there is an error in the log, and ev
 * is a SIGEV_NONE event, whose delivery does nothing.
 *
 * When: from VDEV_CTRL_OPTIONS_START on. Threads: any. Source: QNX 7.0; the vdev, and what is
 * libgasp's own of vdev_pulse(), are libgasp's own.
 */
void qvm_callback_pulse(qvm_callback_func_t *cbfp,
                        struct qvm_callback *cbp,
                        int priority,
                        struct sigevent *ev,
                        int coid);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Say that the process is no longer in an environment that is certified for safety. fmt and what
 * follows, as for printf(), say why; NULL: without a reason.
 *
 * The first call in a process writes that as information into the log, and
 * gasp_vdevs_non_safety() of <gasp/vdev-host.h> is 1 from then on. QNX's option `safety`, which
 * decides what follows, is not there: nothing else follows (libgasp's own).
 *
 * Threads: any. Source: QNX 7.1.
 */
void qvm_make_non_safety(const char *fmt, ...) QVM_PRINTF_LIKE(1, 2);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  /* LIBGASP_QVM_UTILS_H */
