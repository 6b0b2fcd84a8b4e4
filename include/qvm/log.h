/* What vdevs say (QNX 7.1 <qvm/log.h>).
 *
 * The functions are in the program that runs the guest (gasp-vm), not in libgasp.
 *
 * Generated from
 * abi/src/log.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_LOG_H
#define LIBGASP_QVM_LOG_H

#include <qvm/types.h>
/** A function that formats as printf() does: which argument is the format, where the rest is. */
#if defined(__GNUC__)
#define QVM_PRINTF_LIKE(text, rest) __attribute__((__format__(__printf__, text, rest)))
#define QVM_NO_RETURN __attribute__((__noreturn__))
#else
#define QVM_PRINTF_LIKE(text, rest)
#define QVM_NO_RETURN
#endif

/** How important a line is (names: QNX 8.0, but for WARN; numbers: libgasp's own). */
enum qvm_log_kinds {
    /** Something failed. */
    QL_QVM_ERR = 1,
    /** Something is not as it should be. The name is libgasp's own. */
    QL_QVM_WARN = 2,
    /** What everybody may want to know. */
    QL_QVM_INFO = 3,
    /** For those who look for a fault: written if GASP_VM_DEBUG is set in the environment. */
    QL_QVM_DBG = 4,
};

/** Where a fatal error comes from. */
enum qvm_log_sources {
    /** The configuration: exit code 65 (name: QNX 8.0; number: libgasp's own). */
    QLS_CNF = 1,
    /** Anything else: exit code 64 before the guest has started, 96 after. libgasp's own. */
    QLS_QVM = 2,
};

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Write a line to the log: standard error.
 *
 * kind: QL_QVM_*. fmt and what follows: as for printf(). A text is cut at 4,095 bytes.
 *
 * Threads: any. Source: QNX 7.1 (name); the signature is libgasp's own.
 */
void qvm_logf(unsigned int kind, const char *fmt, ...) QVM_PRINTF_LIKE(2, 3);

/**
 * Write a line to the log that starts with a vdev's name. As qvm_logf(). vdev may be NULL.
 *
 * Threads: any. Source: QNX 8.0 (name and the order of the arguments).
 */
void vdev_logf(unsigned int kind, const vdev_t *vdev, const char *fmt, ...) QVM_PRINTF_LIKE(3, 4);

/**
 * Write a piece of a report: in control(), for VDEV_CTRL_STATUS. It goes to standard output, and
 * line ends are the caller's.
 *
 * Threads: any. Source: QNX 7.1 (name); the signature is libgasp's own.
 */
void qvm_report(const char *fmt, ...) QVM_PRINTF_LIKE(1, 2);

/**
 * Write a line to the log and end the process: for vdevs that cannot go on, before the guest has
 * started (after that: guest_terminate()).
 *
 * source: QLS_CNF has exit code 65; everything else 64 before the guest has started, 96 after.
 *
 * Threads: any. Does not return. Source: QNX 7.1 (name), 8.0 (signature); the exit codes are
 * QNX's.
 */
QVM_NO_RETURN void qvm_fatal(unsigned int source, const char *fmt, ...) QVM_PRINTF_LIKE(2, 3);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  /* LIBGASP_QVM_LOG_H */
