/* <qvm/outpipe.h>
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/outpipe.h>

#include "facts.h"

FACTS_BEGIN
void qvm_logf(const unsigned int attr, const char *const fmt, ...);
void vdev_logf(const unsigned int attr, const vdev_t *const vdp, const char *const fmt, ...);
void qvm_fatal(const unsigned int attr, const char *const fmt, ...);
void qvm_voutf(const unsigned int attr, const char *const fmt, va_list ap);
FACTS_END

INLINE(qvm_outattr, unsigned int (*)(const qvm_outlbl_t lbl, const qvm_outrs_t rs,
	const qvm_outrc_t rc, const unsigned int uc));

IS(QVM_OUTAL_OFFSET, 24);
IS(QVM_OUTAL_MASK, 0xffu << 24);
IS(QVM_OUTAL_TRIM(0x12345678u), 0x12);
IS(QVM_OUTAC_OFFSET, 16);
IS(QVM_OUTAC_MASK, 0xffu << 16);
IS(QVM_OUTAC_TRIM(0x12345678u), 0x34);
IS(QVM_OUTAC_SRC_MASK, 0xf0u << 16);
IS(QVM_OUTAC_INT, 0x80 << 16);
IS(QVM_OUTAC_XCONF, 0x40 << 16);
IS(QVM_OUTAC_GST, 0x20 << 16);
TYPE((enum qvm_outrs)0, enum qvm_outrs);
IS(QVM_OUTAC_INT & QVM_OUTAC_INT_MASK, QVM_OUTAC_INT);
IS(QVM_OUTAC_XCONF & QVM_OUTAC_EXT_MASK, QVM_OUTAC_XCONF);
IS(QVM_OUTAC_GST & QVM_OUTAC_EXT_MASK, QVM_OUTAC_GST);
IS(QVM_OUTF_QVM & QVM_OUTAL_MASK, QVM_OUTAL_FATAL);
IS(QVM_OUTN_QVM & QVM_OUTAL_MASK, QVM_OUTAL_INTERNAL);
IS(QVM_OUTI_QVM & QVM_OUTAC_SRC_MASK, QVM_OUTAC_INT);

/* own: all numbers, and the names but for the first three labels and _QVM of F, N and I */
IS(QVM_OUTAL_FATAL, 0x01 << 24);
IS(QVM_OUTAL_INTERNAL, 0x02 << 24);
IS(QVM_OUTAL_ERROR, 0x04 << 24);
IS(QVM_OUTAL_WARNING, 0x08 << 24);
IS(QVM_OUTAL_INFO, 0x10 << 24);
IS(QVM_OUTAL_DEBUG, 0x20 << 24);
IS(QVM_OUTAL_VERBOSE, 0x40 << 24);
IS(QVM_OUTAC_INT_MASK, 0x80u << 16);
IS(QVM_OUTAC_EXT_MASK, 0x60u << 16);
IS(QVM_OUTF_QVM, 0x01800000u);
IS(QVM_OUTN_QVM, 0x02800000u);
IS(QVM_OUTE_QVM, 0x04800000u);
IS(QVM_OUTW_QVM, 0x08800000u);
IS(QVM_OUTI_QVM, 0x10800000u);
IS(QVM_OUTD_QVM, 0x20800000u);
IS(QVM_OUTV_QVM, 0x40800000u);
IS(QVM_OUTF_CNF, 0x01400000u);
IS(QVM_OUTE_CNF, 0x04400000u);
IS(QVM_OUTW_CNF, 0x08400000u);
IS(QVM_OUTI_CNF, 0x10400000u);
IS(QVM_OUTF_GST, 0x01200000u);
IS(QVM_OUTE_GST, 0x04200000u);
IS(QVM_OUTW_GST, 0x08200000u);
IS(QVM_OUTI_GST, 0x10200000u);
#if !defined(QVM_PRINTF_LIKE) || !defined(QVM_NO_RETURN)
#error "a macro is missing"
#endif
