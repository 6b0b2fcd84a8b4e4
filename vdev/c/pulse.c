/* vdev_pulse() and qvm_callback_pulse(), which fill in struct sigevent, and the thread that serves
 * pulses. They are in C because sigev_notify_function takes a union, and because a pulse function
 * may end its thread, which unwinds it, and nothing may unwind through Rust.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include "private.h"
#include <qvm/outpipe.h>
#include <qvm/utils.h>
#include <qvm/vdev-core.h>
#include <signal.h>
#include <string.h>

/* In src/exports/pulse.rs. An event is a number, and 0 is none. */
struct pulse {
	vdev_t *vdev;
	struct qvm_callback *cbp; /* NULL: the pulse function of the vdev, with code */
	int code;
};
uintptr_t gasp_vdev_private_event(const vdev_t *vdp, int code, int priority);
uintptr_t gasp_vdev_private_callback_event(struct qvm_callback *cbp, int priority);
void gasp_vdev_private_deliver(uintptr_t event);
int gasp_vdev_private_next_pulse(void *queue, struct pulse *pulse);

static void deliver(union sigval value)
{
	gasp_vdev_private_deliver((uintptr_t)value.sival_ptr);
}

/* An event that is none can be delivered, too, and does nothing. */
static void fill(struct sigevent *ev, uintptr_t event)
{
	memset(ev, 0, sizeof(*ev));
	ev->sigev_notify = event == 0 ? SIGEV_NONE : SIGEV_THREAD;
	ev->sigev_notify_function = deliver;
	ev->sigev_value.sival_ptr = (void *)event;
}

static uintptr_t wrong(const vdev_t *vdp, const char *why)
{
	gasp_vdev_private_log(QVM_OUTE_QVM, vdp, why);
	return 0;
}

static uintptr_t event_of(const vdev_t *vdp, int8_t code, int priority)
{
	if (!gasp_vdev_private_knows(vdp))
		return wrong(vdp, "vdev_pulse: vdp is no vdev");
	if (vdp->v_factory->pulse == NULL)
		return wrong(vdp, "vdev_pulse: the vdev has no pulse function");
	return gasp_vdev_private_event(vdp, code, priority);
}

static uintptr_t event_of_callback(qvm_callback_func_t *cbfp, struct qvm_callback *cbp, int priority)
{
	uintptr_t event;

	if (cbfp == NULL || cbp == NULL)
		return wrong(NULL, "qvm_callback_pulse: cbfp or cbp is NULL");
	event = gasp_vdev_private_callback_event(cbp, priority);
	if (event == 0)
		return wrong(NULL, "qvm_callback_pulse: this thread acts for no vdev");
	cbp->function = cbfp;
	return event;
}

void vdev_pulse(vdev_t *vdp, int8_t code, int priority, struct sigevent *ev, int coid)
{
	(void)coid; /* there are no servers to which an event would be registered */
	if (ev == NULL)
		wrong(vdp, "vdev_pulse: ev is NULL");
	else
		fill(ev, event_of(vdp, code, priority));
}

void qvm_callback_pulse(qvm_callback_func_t *cbfp, struct qvm_callback *cbp, int priority,
		struct sigevent *ev, int coid)
{
	(void)coid; /* as above */
	if (ev == NULL)
		wrong(NULL, "qvm_callback_pulse: ev is NULL");
	else
		fill(ev, event_of_callback(cbfp, cbp, priority));
}

static void call(void *arg)
{
	const struct pulse *pulse = arg;

	if (pulse->cbp != NULL)
		pulse->cbp->function(pulse->cbp);
	else
		pulse->vdev->v_factory->pulse(pulse->vdev, (int8_t)pulse->code);
}

static void *serve(void *queue)
{
	struct pulse pulse;

	while (gasp_vdev_private_next_pulse(queue, &pulse))
		gasp_vdev_private_leavable(call, &pulse);
	return NULL;
}

int gasp_vdev_private_serve(const vdev_t *vdp, pthread_t *thread, void *queue, int *unscheduled)
{
	return gasp_vdev_private_start(vdp, "vdev pulses", thread, serve, queue, unscheduled);
}
