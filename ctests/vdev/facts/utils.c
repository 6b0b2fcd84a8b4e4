/* <qvm/utils.h>
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/utils.h>

#include "facts.h"

FACTS_BEGIN
char *qvm_parse_block(const char *str, struct qvm_state_block *bp, int *pci_idp);
char *qvm_parse_intr(const struct guest_system *gsp, const char *str, struct guest_intr *ip);
void qvm_callback_pulse(qvm_callback_func_t *cbfp, struct qvm_callback *cbp, int priority,
	struct sigevent *ev, int coid);
void qvm_make_non_safety(const char *fmt, ...);

/* own */
typedef void qvm_callback_func_t(struct qvm_callback *cbp);
FACTS_END
FIELD(struct qvm_callback, function, 0, qvm_callback_func_t *);
