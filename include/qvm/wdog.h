/* Watchdogs (QNX 7.1 <qvm/wdog.h>).
 *
 * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them it has.
 *
 * Generated from
 * abi/src/wdog.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_WDOG_H
#define LIBGASP_QVM_WDOG_H

#include <qvm/types.h>
/** Also write a core file of the guest (name: QNX 7.0; number: libgasp's own). */
#define WDOG_FLAG_DUMP 1

/** What a watchdog does when its time is over (names: QNX 7.0; numbers: libgasp's own). */
enum wdog_actions {
    /** End the guest, with exit code 4. */
    WDOG_ACTION_TERMINATE = 0,
    /** Send the vdev's interrupt to the guest. */
    WDOG_ACTION_INTR = 1,
};

/** A watchdog. ws_action is QNX's (7.0); its place and the other fields are libgasp's own. */
struct wdog_state {
    /** The vdev. */
    vdev_t *ws_vdev;
    /** WDOG_ACTION_*. */
    unsigned int ws_action;
    /** WDOG_FLAG_*. */
    unsigned int ws_flags;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Do what is to be done when the time is over: ws_action.
 *
 * WDOG_ACTION_TERMINATE ends the guest with exit code 4; before the guest has started, it ends
 * the process with 64. WDOG_ACTION_INTR asserts and deasserts v_intr of ws_vdev. Any other
 * action is an error in the log and ends the guest as the first one does (libgasp's own), so
 * that no bite goes unnoticed. With WDOG_FLAG_DUMP the host writes a core file of the guest
 * first; if it writes none, there is a warning in the log. A refused interrupt, wds NULL, and
 * a ws_vdev that is no vdev are errors in the log; the latter two do nothing else.
 *
 * Threads: any. Source: QNX 7.0.
 */
void wdog_bite(struct wdog_state *wds);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIBGASP_QVM_WDOG_H */
