/* vdev_thread_create(). It is in C because a vdev ends its threads with pthread_cancel(), which
 * unwinds them, and nothing may unwind through Rust.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include "private.h"
#include <qvm/vdev-core.h>
#include <stdio.h>
#include <stdlib.h>

struct start {
	const vdev_t *vdp;
	vdev_thread_create_func_t routine;
	void *arg;
	char name[16]; /* as long as Linux takes */
};

static void *run(void *given)
{
	struct start start = *(struct start *)given;

	free(given);
	if (start.name[0] != '\0')
		pthread_setname_np(pthread_self(), start.name);
	gasp_vdev_private_mark_thread(start.vdp);
	return start.routine(start.arg);
}

/* What v_sched says. SCHED_OTHER has no priorities on Linux. */
static int schedule(pthread_attr_t *attr, const struct qvm_sched_info *info)
{
	struct sched_param param = info->sched;
	int error = pthread_attr_setinheritsched(attr, PTHREAD_EXPLICIT_SCHED);

	if (info->policy == SCHED_OTHER)
		param.sched_priority = 0;
	if (error == 0)
		error = pthread_attr_setschedpolicy(attr, info->policy);
	return error == 0 ? pthread_attr_setschedparam(attr, &param) : error;
}

static int create(pthread_t *thread, pthread_attr_t *attr, const vdev_t *vdp, struct start *start)
{
	pthread_attr_t own;
	int error;

	if (attr != NULL || vdp->v_sched.policy == -1)
		return pthread_create(thread, attr, run, start);
	error = pthread_attr_init(&own);
	if (error != 0)
		return error;
	error = schedule(&own, &vdp->v_sched);
	if (error == 0)
		error = pthread_create(thread, &own, run, start);
	pthread_attr_destroy(&own);
	return error;
}

int vdev_thread_create(const vdev_t *vdp, const char *name, pthread_t *thread, pthread_attr_t *attr,
		vdev_thread_create_func_t start_routine, void *arg)
{
	struct start *start;
	int error;

	if (!gasp_vdev_private_knows(vdp) || thread == NULL || start_routine == NULL)
		return EINVAL;
	start = malloc(sizeof(*start));
	if (start == NULL)
		return EAGAIN;
	*start = (struct start){ vdp, start_routine, arg, "" };
	if (name != NULL)
		snprintf(start->name, sizeof(start->name), "%s", name);
	error = create(thread, attr, vdp, start);
	if (error != 0)
		free(start);
	return error;
}

int gasp_vdev_private_start(const vdev_t *vdp, const char *name, pthread_t *thread,
		void *(*routine)(void *), void *arg, int *unscheduled)
{
	int error = vdev_thread_create(vdp, name, thread, NULL, routine, arg);
	pthread_attr_t attr;

	*unscheduled = vdp->v_sched.policy == -1 ? EOK : error;
	if (*unscheduled == EOK)
		return error;
	error = pthread_attr_init(&attr);
	if (error != EOK)
		return error;
	error = vdev_thread_create(vdp, name, thread, &attr, routine, arg);
	pthread_attr_destroy(&attr);
	return error;
}
