/* Calls of a vdev that a fatal error leaves: without returning, back to the library, which then has
 * nothing of its own between the vdev and the host when it calls the host's `fatal`. It is in C
 * because Rust has no setjmp().
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/vdev-core.h>
#include <setjmp.h>

/* A call that can be left. */
struct call {
	jmp_buf back;
	struct call *outer;
};

/* The innermost call of this thread. */
static _Thread_local struct call *innermost;

int gasp_vdev_private_control(int (*control)(vdev_t *, unsigned, const char *), vdev_t *vdev,
		unsigned ctrl, const char *arg, int *answer);
int gasp_vdev_private_timer(void (*timer)(vdev_t *, void *, const struct guest_timer_data *,
		struct guest_cpu *), vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
		struct guest_cpu *gcp);
void gasp_vdev_private_leave(void);

/* Both return 1 if the vdev has returned, 0 if it was left. */

int gasp_vdev_private_control(int (*control)(vdev_t *, unsigned, const char *), vdev_t *vdev,
		unsigned ctrl, const char *arg, int *answer)
{
	struct call call;

	call.outer = innermost;
	if (setjmp(call.back) != 0)
		return 0;
	innermost = &call;
	*answer = control(vdev, ctrl, arg);
	innermost = call.outer;
	return 1;
}

int gasp_vdev_private_timer(void (*timer)(vdev_t *, void *, const struct guest_timer_data *,
		struct guest_cpu *), vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
		struct guest_cpu *gcp)
{
	struct call call;

	call.outer = innermost;
	if (setjmp(call.back) != 0)
		return 0;
	innermost = &call;
	timer(vdev, data, tdp, gcp);
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
