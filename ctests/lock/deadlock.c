/* Cycles of waiting threads: one of them gets EDEADLK (specification 4).
 *
 * In each case this thread takes a lock and asks for another one, whose holder by then waits for
 * this thread's. If the holder is late, it gets the error instead: the checks are that exactly one
 * thread gets it, and that both go on.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

struct lock {
	struct guest_system *gsp;
	uint16_t type;
};

static struct lock lock_of(struct guest_system *gsp, uint16_t type)
{
	struct lock lock = { gsp, type };
	return lock;
}

static int take(struct lock lock)
{
	return gasp_lock(lock.gsp, lock.type);
}

static int give(struct lock lock)
{
	return gasp_unlock(lock.gsp, lock.type);
}

/* A thread that takes one lock, and then another one. */
struct partner {
	struct lock first, second;
	int holds_first;
	int result;
	pthread_t thread;
};

static void *be_partner(void *arg)
{
	struct partner *p = (struct partner *)arg;
	CHECK_EQ(take(p->first), EOK);
	flag_set(&p->holds_first, 1);
	p->result = take(p->second);
	if (p->result == EOK)
		CHECK_EQ(give(p->second), EOK);
	CHECK_EQ(give(p->first), EOK);
	return NULL;
}

static void partner_start(struct partner *p, struct lock first, struct lock second)
{
	memset(p, 0, sizeof(*p));
	p->first = first;
	p->second = second;
	p->thread = thread_start(be_partner, p);
	CHECK(flag_wait(&p->holds_first, 1));
}

/* This thread has `own` and asks for `wanted`, which p has; p asks for `own`. */
static void close_cycle(struct partner *p, struct lock own, struct lock wanted)
{
	sleep_ms(100);
	int result = take(wanted);
	CHECK(result == EOK || result == EDEADLK);
	if (result == EOK)
		CHECK_EQ(give(wanted), EOK);
	CHECK_EQ(give(own), EOK);
	pthread_join(p->thread, NULL);
	CHECK(p->result == EOK || p->result == EDEADLK);
	CHECK_EQ((result == EDEADLK) + (p->result == EDEADLK), 1);
}

static void two_threads(struct lock one, struct lock two)
{
	struct partner p;
	CHECK_EQ(take(one), EOK);
	partner_start(&p, two, one);
	close_cycle(&p, one, two);
	CHECK_EQ(give(one), EPERM);
	CHECK_EQ(give(two), EPERM);
	CHECK_EQ(take(two), EOK);
	CHECK_EQ(take(one), EOK);
	CHECK_EQ(give(one), EOK);
	CHECK_EQ(give(two), EOK);
}

static void two_spaces_of_a_guest(void)
{
	struct guest_system *gsp = guest();
	two_threads(lock_of(gsp, QST_MEMORY), lock_of(gsp, QST_X86_IO));
	two_threads(lock_of(gsp, QST_X86_IO), lock_of(gsp, QST_MEMORY));
	gasp_guest_destroy(gsp);
}

static void memory_of_two_guests(void)
{
	struct guest_system *one = guest(), *two = guest();
	two_threads(lock_of(one, QST_MEMORY), lock_of(two, QST_MEMORY));
	gasp_guest_destroy(one);
	gasp_guest_destroy(two);
}

static void different_spaces_of_two_guests(void)
{
	struct guest_system *one = guest(), *two = guest();
	two_threads(lock_of(one, QST_X86_IO), lock_of(two, QST_MEMORY));
	gasp_guest_destroy(one);
	gasp_guest_destroy(two);
}

/* The public header: "directly or through others". */
static void three_threads(void)
{
	struct guest_system *one = guest(), *two = guest();
	struct lock a = lock_of(one, QST_MEMORY), b = lock_of(one, QST_X86_IO);
	struct lock c = lock_of(two, QST_MEMORY);
	struct partner p, q;
	CHECK_EQ(take(a), EOK);
	partner_start(&p, c, a);
	partner_start(&q, b, c);
	sleep_ms(100);
	int result = take(b);
	if (result == EOK)
		CHECK_EQ(give(b), EOK);
	CHECK_EQ(give(a), EOK);
	pthread_join(p.thread, NULL);
	pthread_join(q.thread, NULL);
	CHECK_EQ((result == EDEADLK) + (p.result == EDEADLK) + (q.result == EDEADLK), 1);
	gasp_guest_destroy(one);
	gasp_guest_destroy(two);
}

static void waiting_without_a_cycle_is_no_deadlock(void)
{
	struct guest_system *gsp = guest();
	struct lock memory = lock_of(gsp, QST_MEMORY), ports = lock_of(gsp, QST_X86_IO);
	struct partner p, q;
	CHECK_EQ(take(memory), EOK);
	partner_start(&p, ports, memory);
	partner_start(&q, lock_of(guest(), QST_MEMORY), ports);
	sleep_ms(50);
	CHECK_EQ(take(memory), EOK);
	CHECK_EQ(give(memory), EOK);
	CHECK_EQ(give(memory), EOK);
	pthread_join(p.thread, NULL);
	pthread_join(q.thread, NULL);
	CHECK_EQ(p.result, EOK);
	CHECK_EQ(q.result, EOK);
	gasp_guest_destroy(q.first.gsp);
	gasp_guest_destroy(gsp);
}

static void the_locks_held_stay_held(void)
{
	struct guest_system *gsp = guest();
	struct lock memory = lock_of(gsp, QST_MEMORY), ports = lock_of(gsp, QST_X86_IO);
	struct partner p;
	CHECK_EQ(take(memory), EOK);
	CHECK_EQ(take(memory), EOK);
	partner_start(&p, ports, memory);
	sleep_ms(100);
	CHECK_EQ(take(ports), EDEADLK);
	CHECK_EQ(take(ports), EDEADLK);
	CHECK_EQ(give(memory), EOK);
	CHECK_EQ(give(memory), EOK);
	CHECK_EQ(give(memory), EPERM);
	pthread_join(p.thread, NULL);
	CHECK_EQ(p.result, EOK);
	gasp_guest_destroy(gsp);
}

/* gasp_region_set_soft() returns index 0 and applies nothing, not even in the space it could lock. */
static void a_change_that_closes_a_cycle(void)
{
	struct guest_system *gsp = guest();
	struct partner p;
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	partner_start(&p, lock_of(gsp, QST_X86_IO), lock_of(gsp, QST_MEMORY));
	sleep_ms(100);
	CHECK_REFUSED(gsp, 0, EDEADLK, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT));
	CHECK_REFUSED(gsp, 0, EDEADLK, port(0x60, 1, VIRT));
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	pthread_join(p.thread, NULL);
	CHECK_EQ(p.result, EOK);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT));
	gasp_guest_destroy(gsp);
}

static void adding_memory_that_closes_a_cycle(void)
{
	struct guest_system *gsp = guest();
	struct partner p;
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	partner_start(&p, lock_of(gsp, QST_MEMORY), lock_of(gsp, QST_X86_IO));
	sleep_ms(100);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 0), EDEADLK);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
	pthread_join(p.thread, NULL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 0), EOK);
	gasp_guest_destroy(gsp);
}

/* Calls that name both spaces take memory first, however their elements are ordered. */
struct setter {
	struct guest_system *gsp;
	int ports_first;
	unsigned refused;
};

static void *set_both(void *arg)
{
	struct setter *s = (struct setter *)arg;
	for (uint32_t i = 0; i < 3000; i++) {
		struct gasp_region r[2] = {
			cookie(i, mem(0x1000, 0x1000, VIRT)), cookie(i, port(0x60, 1, VIRT)),
		};
		struct gasp_region swapped[2] = { r[1], r[0] };
		s->refused += gasp_region_set_soft(s->gsp, 2, s->ports_first ? swapped : r) != 2;
	}
	return NULL;
}

static void calls_that_name_both_never_deadlock(void)
{
	struct guest_system *gsp = guest();
	struct setter one = { gsp, 0, 0 }, two = { gsp, 1, 0 };
	pthread_t other = thread_start(set_both, &two);
	set_both(&one);
	pthread_join(other, NULL);
	CHECK_EQ(one.refused, 0);
	CHECK_EQ(two.refused, 0);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(two_spaces_of_a_guest), CASE(memory_of_two_guests),
	CASE(different_spaces_of_two_guests), CASE(three_threads),
	CASE(waiting_without_a_cycle_is_no_deadlock), CASE(the_locks_held_stay_held),
	CASE(a_change_that_closes_a_cycle), CASE(adding_memory_that_closes_a_cycle),
	CASE(calls_that_name_both_never_deadlock),
};

TEST_MAIN(cases)
