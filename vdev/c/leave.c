/* Calls of a vdev that a fatal error leaves: without returning, back to the library, which then has
 * nothing of its own between the vdev and the host when it calls the host's `fatal`. It is in C
 * because Rust has no setjmp().
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "private.h"
#include <setjmp.h>
#include <stddef.h>

/* A call that can be left. */
struct call {
	jmp_buf back;
	struct call *outer;
};

/* The innermost call of this thread. */
static _Thread_local struct call *innermost;

void gasp_vdev_private_leave(void);

/* Returns 1 if the call has returned, 0 if it was left. */
int gasp_vdev_private_leavable(void (*function)(void *), void *arg)
{
	struct call call;

	call.outer = innermost;
	if (setjmp(call.back) != 0)
		return 0;
	innermost = &call;
	function(arg);
	innermost = call.outer;
	return 1;
}

/* Leaves the innermost call of this thread; returns if there is none. */
void gasp_vdev_private_leave(void)
{
	struct call *call = innermost;

	if (call == NULL)
		return;
	innermost = call->outer;
	longjmp(call->back, 1);
}
