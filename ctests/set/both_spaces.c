/* Calls that name both spaces while another thread has the lock of one (specification 2.8).
 *
 * Each of these once hung, because a call kept its changed space while it waited for the lock of the
 * other one.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static struct gasp_region page(void)
{
	return mem(0x1000, 0x1000, GRF_VIRT_RD);
}

static struct gasp_region one_port(void)
{
	return port(0x60, 1, GRF_VIRT_RD);
}

/* A thread that sets an element in each space. It holds the lock of `holds`, if that is a space. */
struct setter {
	struct guest_system *gsp;
	struct gasp_region elements[2];
	int holds;
	int started;
	unsigned set;
	int done;
};

static void *be_setter(void *arg)
{
	struct setter *s = (struct setter *)arg;
	if (s->holds != QST_NO_TYPE)
		CHECK_EQ(gasp_lock(s->gsp, (uint16_t)s->holds), EOK);
	flag_set(&s->started, 1);
	s->set = gasp_region_set_soft(s->gsp, 2, s->elements);
	if (s->holds != QST_NO_TYPE)
		CHECK_EQ(gasp_unlock(s->gsp, (uint16_t)s->holds), EOK);
	flag_set(&s->done, 1);
	return NULL;
}

static struct setter setter_of(struct guest_system *gsp, struct gasp_region first,
			       struct gasp_region second, int holds)
{
	struct setter s = { gsp, { first, second }, holds, 0, 0, 0 };
	return s;
}

/* The call waits for the lock that this thread holds, and then takes effect as a whole. */
static void waits_for(uint16_t held, struct gasp_region first, struct gasp_region second)
{
	struct guest_system *gsp = guest();
	struct setter s = setter_of(gsp, first, second, QST_NO_TYPE);
	CHECK_EQ(gasp_lock(gsp, held), EOK);
	pthread_t thread = thread_start(be_setter, &s);
	CHECK(flag_wait(&s.started, 1));
	sleep_ms(50);
	CHECK_EQ(flag_get(&s.done), 0);
	/* The waiting call blocks neither space for queries. */
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1000, 0x1000), 0);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 1), 0);
	CHECK_EQ(gasp_unlock(gsp, held), EOK);
	CHECK(flag_wait(&s.done, 1));
	pthread_join(thread, NULL);
	CHECK_EQ(s.set, 2);
	gasp_guest_destroy(gsp);
}

static void memory_then_ports_while_ports_are_locked(void)
{
	waits_for(QST_X86_IO, page(), one_port());
}

static void ports_then_memory_while_ports_are_locked(void)
{
	waits_for(QST_X86_IO, one_port(), page());
}

static void memory_then_ports_while_memory_is_locked(void)
{
	waits_for(QST_MEMORY, page(), one_port());
}

static void ports_then_memory_while_memory_is_locked(void)
{
	waits_for(QST_MEMORY, one_port(), page());
}

/* The call names ports first, but waits for memory before it takes the ports' lock again: this thread,
 * which has memory, gets that meanwhile. */
static void memory_is_waited_for_without_the_lock_of_ports(void)
{
	struct guest_system *gsp = guest();
	struct setter s = setter_of(gsp, one_port(), page(), QST_NO_TYPE);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	pthread_t thread = thread_start(be_setter, &s);
	CHECK(flag_wait(&s.started, 1));
	sleep_ms(100);
	CHECK_SET(gsp, port(0x64, 1, VIRT));
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	pthread_join(thread, NULL);
	CHECK_EQ(s.set, 2);
	gasp_guest_destroy(gsp);
}

/* Strict mode: each thread holds one lock, and is refused because it lacks the other. */
static void strict_refusals_do_not_lock_each_other_out(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	for (int round = 0; round < 500; round++) {
		struct setter a = setter_of(gsp, one_port(), page(), QST_X86_IO);
		struct setter b = setter_of(gsp, page(), one_port(), QST_MEMORY);
		pthread_t thread_a = thread_start(be_setter, &a);
		pthread_t thread_b = thread_start(be_setter, &b);
		CHECK(flag_wait(&a.done, 1));
		CHECK(flag_wait(&b.done, 1));
		pthread_join(thread_a, NULL);
		pthread_join(thread_b, NULL);
		CHECK_EQ(a.set, 1);
		CHECK_EQ(b.set, 1);
	}
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(memory_then_ports_while_ports_are_locked),
	CASE(ports_then_memory_while_ports_are_locked),
	CASE(memory_then_ports_while_memory_is_locked),
	CASE(ports_then_memory_while_memory_is_locked),
	CASE(memory_is_waited_for_without_the_lock_of_ports),
	CASE(strict_refusals_do_not_lock_each_other_out),
};

TEST_MAIN(cases)
