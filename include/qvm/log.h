/* Not of QNX 7.1.
 *
 * Generated from
 * tests/headers/log.h.in by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_LOG_H
#define LIBGASP_QVM_LOG_H

#error "<qvm/log.h> is of QNX 8.0, which has another vdev interface. libgasp has that of 7.1 only: include <qvm/outpipe.h>"

#endif  /* LIBGASP_QVM_LOG_H */
