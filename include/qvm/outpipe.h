/* What vdevs say (QNX 7.1 <qvm/outpipe.h>).
 *
 * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them it has.
 *
 * Generated from
 * abi/src/outpipe.rs,
 * tests/headers/outpipe.h.in by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_OUTPIPE_H
#define LIBGASP_QVM_OUTPIPE_H

#include <qvm/types.h>
#include <stdarg.h>

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

/** An attribute's label is in its bits 24 to 31 (QNX 7.0). */
#define QVM_OUTAL_OFFSET 0x18

/** An attribute's return code is in its bits 16 to 23 (QNX 7.0). */
#define QVM_OUTAC_OFFSET 0x10

/**
 * The label of an attribute: what kind of message it is. The names of the first three are QNX's
 * (7.0), the others are libgasp's own reading, after the filters of `logger`; the numbers are
 * libgasp's own, one bit each.
 */
enum qvm_outlbl {
    /** The process cannot go on, and ends. */
    QVM_OUTAL_FATAL = 0x1000000,
    /** A fault in the host's program itself. */
    QVM_OUTAL_INTERNAL = 0x2000000,
    /** Something failed. */
    QVM_OUTAL_ERROR = 0x4000000,
    /** Something is not as it should be. */
    QVM_OUTAL_WARNING = 0x8000000,
    /** What everybody may want to know. */
    QVM_OUTAL_INFO = 0x10000000,
    /** For those who look for a fault. */
    QVM_OUTAL_DEBUG = 0x20000000,
    /** The same, in more detail. */
    QVM_OUTAL_VERBOSE = 0x40000000,
};

/** Who is the source of a message: the upper half of the return code (QNX 7.0). */
enum qvm_outrs {
    /** What is outside of the host's program: the configuration. */
    QVM_OUTAC_XCONF = 0x400000,
    /** The guest. */
    QVM_OUTAC_GST = 0x200000,
    /** The host's program. */
    QVM_OUTAC_INT = 0x800000,
};

/** The label of an attribute (QNX 7.0). */
#define QVM_OUTAL_MASK (0xffu << QVM_OUTAL_OFFSET)
#define QVM_OUTAL_TRIM(attr) (((attr) & QVM_OUTAL_MASK) >> QVM_OUTAL_OFFSET)

/** The return code of an attribute, and the part of it that says who is the source (QNX 7.0). */
#define QVM_OUTAC_MASK (0xffu << QVM_OUTAC_OFFSET)
#define QVM_OUTAC_TRIM(attr) (((attr) & QVM_OUTAC_MASK) >> QVM_OUTAC_OFFSET)
#define QVM_OUTAC_SRC_MASK (0xf0u << QVM_OUTAC_OFFSET)

/** Of the source: is it the host's program, or not? Names: QNX 7.0; values: libgasp's own. */
#define QVM_OUTAC_INT_MASK (0x80u << QVM_OUTAC_OFFSET)
#define QVM_OUTAC_EXT_MASK (0x60u << QVM_OUTAC_OFFSET)

/** The parts of an attribute (QNX 7.0; that they are these types is libgasp's own reading). The
 * return code is the lower half of its bits, not shifted. */
typedef enum qvm_outlbl qvm_outlbl_t;
typedef enum qvm_outrs qvm_outrs_t;
typedef unsigned int qvm_outrc_t;

/** Ready-made attributes: a label, and the host's program, the configuration or the guest as the
 * source. QVM_OUTF_QVM, QVM_OUTN_QVM, QVM_OUTI_QVM are QNX's names (7.1), the others are libgasp's
 * own reading. */
#define QVM_OUTF_QVM ((unsigned int)QVM_OUTAL_FATAL | (unsigned int)QVM_OUTAC_INT)
#define QVM_OUTN_QVM ((unsigned int)QVM_OUTAL_INTERNAL | (unsigned int)QVM_OUTAC_INT)
#define QVM_OUTE_QVM ((unsigned int)QVM_OUTAL_ERROR | (unsigned int)QVM_OUTAC_INT)
#define QVM_OUTW_QVM ((unsigned int)QVM_OUTAL_WARNING | (unsigned int)QVM_OUTAC_INT)
#define QVM_OUTI_QVM ((unsigned int)QVM_OUTAL_INFO | (unsigned int)QVM_OUTAC_INT)
#define QVM_OUTD_QVM ((unsigned int)QVM_OUTAL_DEBUG | (unsigned int)QVM_OUTAC_INT)
#define QVM_OUTV_QVM ((unsigned int)QVM_OUTAL_VERBOSE | (unsigned int)QVM_OUTAC_INT)
#define QVM_OUTF_CNF ((unsigned int)QVM_OUTAL_FATAL | (unsigned int)QVM_OUTAC_XCONF)
#define QVM_OUTE_CNF ((unsigned int)QVM_OUTAL_ERROR | (unsigned int)QVM_OUTAC_XCONF)
#define QVM_OUTW_CNF ((unsigned int)QVM_OUTAL_WARNING | (unsigned int)QVM_OUTAC_XCONF)
#define QVM_OUTI_CNF ((unsigned int)QVM_OUTAL_INFO | (unsigned int)QVM_OUTAC_XCONF)
#define QVM_OUTF_GST ((unsigned int)QVM_OUTAL_FATAL | (unsigned int)QVM_OUTAC_GST)
#define QVM_OUTE_GST ((unsigned int)QVM_OUTAL_ERROR | (unsigned int)QVM_OUTAC_GST)
#define QVM_OUTW_GST ((unsigned int)QVM_OUTAL_WARNING | (unsigned int)QVM_OUTAC_GST)
#define QVM_OUTI_GST ((unsigned int)QVM_OUTAL_INFO | (unsigned int)QVM_OUTAC_GST)

/** Make an attribute of its parts; uc is the user's own code, in the low 16 bits. Source: QNX 7.0,
 * where it is part of the header too; the place of uc is libgasp's own reading. */
static inline unsigned int qvm_outattr(const qvm_outlbl_t lbl, const qvm_outrs_t rs,
		const qvm_outrc_t rc, const unsigned int uc)
{
	return (unsigned int)lbl | (unsigned int)rs | (rc & 0xfu) << QVM_OUTAC_OFFSET | (uc & 0xffffu);
}

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Write a line. fmt and what follows: as for printf(). A text is cut at 4,095 bytes.
 *
 * attr: QVM_OUT*_*, for anything but what is fatal or internal. If it is fatal, this is qvm_fatal().
 *
 * Threads: any. Source: QNX 7.1.
 */
void qvm_logf(const unsigned int attr, const char *const fmt, ...) QVM_PRINTF_LIKE(2, 3);

/**
 * Write a line that starts with a vdev's name. As qvm_logf(). vdp may be NULL.
 *
 * Threads: any. Source: QNX 7.1.
 */
void vdev_logf(const unsigned int attr, const vdev_t *const vdp, const char *const fmt, ...)
		QVM_PRINTF_LIKE(3, 4);

/**
 * Write a line, and end the process: before the guest has started (after that: guest_terminate()).
 *
 * attr: a fatal or an internal one. The exit code is 65 if the configuration is the source, else 64
 * before the guest has started, and 96 after it.
 *
 * Threads: any. Does not return. Source: QNX 7.1; the exit codes are QNX's, their choice is
 * libgasp's own.
 */
QVM_NO_RETURN void qvm_fatal(const unsigned int attr, const char *const fmt, ...)
		QVM_PRINTF_LIKE(2, 3);

/** qvm_logf() with a va_list. Threads: any. Source: QNX 7.1. */
void qvm_voutf(const unsigned int attr, const char *const fmt, va_list ap) QVM_PRINTF_LIKE(2, 0);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  /* LIBGASP_QVM_OUTPIPE_H */
