/* A guest whose misses wait, and a second thread that holds the lock of a space.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_HOLD_H
#define CTESTS_HOLD_H

#include "access.h"

#define AT 0x8000u
#define LONG 60000u	/* milliseconds: a limit that no test reaches */

/* A machine whose misses wait. */
static inline void holding_open(struct machine *m, unsigned flags)
{
	memset(m, 0, sizeof(*m));
	m->gsp = guest_with(flags | GASP_GUEST_HOLD_MISSES);
	m->cpu = new_cpu(m->gsp);
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, machine_trap, m), EOK);
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, GASP_UNSUPPORTED_FAIL), EOK);
	CHECK_EQ(gasp_guest_set_hold_limit(m->gsp, LONG), EOK);
}

/* A thread that holds a lock until it is told to go on. */
struct holder {
	struct guest_system *gsp;
	uint16_t type;
	vdev_t *vdev;
	void (*before)(struct guest_system *gsp);	/* with the lock held */
	void (*after)(struct guest_system *gsp);	/* the same, when it goes on */
	long pause;					/* ms before it goes on by itself; -1: never */
	int holds, go;
	int thread_number;
	pthread_t thread;
};

static inline void *hold(void *arg)
{
	struct holder *h = (struct holder *)arg;
	h->thread_number = (int)gettid();
	gasp_acting()->vdev = h->vdev;
	CHECK_EQ(gasp_lock(h->gsp, h->type), EOK);
	gasp_acting()->vdev = NULL;
	if (h->before != NULL)
		h->before(h->gsp);
	flag_set(&h->holds, 1);
	if (h->pause >= 0)
		sleep_ms(h->pause);
	else
		CHECK(flag_wait(&h->go, 1));
	if (h->after != NULL)
		h->after(h->gsp);
	CHECK_EQ(gasp_unlock(h->gsp, h->type), EOK);
	return NULL;
}

static inline struct holder holder_of(struct guest_system *gsp, uint16_t type)
{
	struct holder h;
	memset(&h, 0, sizeof(h));
	h.gsp = gsp;
	h.type = type;
	h.pause = -1;
	return h;
}

static inline void holder_start(struct holder *h)
{
	h->thread = thread_start(hold, h);
	CHECK(flag_wait(&h->holds, 1));
}

static inline void holder_end(struct holder *h)
{
	flag_set(&h->go, 1);
	pthread_join(h->thread, NULL);
}

#endif
