/* <qvm/wdog.h>
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/wdog.h>

#include "facts.h"

FACTS_BEGIN
void wdog_bite(struct wdog_state *wds);
FACTS_END

static_assert(offsetof(struct wdog_state, ws_action) < sizeof(struct wdog_state), "ws_action");

/* own: the other fields, all types, and the numbers */
SIZE(struct wdog_state, 16);
FIELD(struct wdog_state, ws_vdev, 0, vdev_t *);
FIELD(struct wdog_state, ws_action, 8, unsigned);
FIELD(struct wdog_state, ws_flags, 12, unsigned);
IS(WDOG_ACTION_TERMINATE, 0);
IS(WDOG_ACTION_INTR, 1);
IS(WDOG_FLAG_DUMP, 1);
