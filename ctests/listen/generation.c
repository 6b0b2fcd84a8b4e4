/* gasp_guest_generation(): one more with each visible change of a space; and
 * gasp_guest_unique_generation() (specification 11.8).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static uint64_t last[2];

/* By how much both have grown since the last check: memory, then ports. */
static void grown_expect(const char *file, int line, struct guest_system *gsp, unsigned memory,
			 unsigned ports)
{
	errno = ERRNO_MARK;
	uint64_t now[2] = { gasp_guest_generation(gsp, QST_MEMORY),
			    gasp_guest_generation(gsp, QST_X86_IO) };
	check_eq(file, line, "memory", "expected", now[0], last[0] + memory);
	check_eq(file, line, "ports", "expected", now[1], last[1] + ports);
	check_eq(file, line, "errno", "untouched", (uint64_t)errno, ERRNO_MARK);
	last[0] = now[0];
	last[1] = now[1];
}

#define CHECK_GROWN(gsp, memory, ports) grown_expect(__FILE__, __LINE__, (gsp), (memory), (ports))

static struct guest_system *new_guest(void)
{
	struct guest_system *gsp = guest();
	last[0] = last[1] = 0;
	CHECK_GROWN(gsp, 0, 0);
	return gsp;
}

static void one_more_with_each_call(void)
{
	struct guest_system *gsp = new_guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_GROWN(gsp, 1, 0);
	CHECK_SET(gsp, port(0x60, 1, VIRT), port(0x64, 1, VIRT), port(0x68, 1, VIRT));
	CHECK_GROWN(gsp, 0, 1);
	CHECK_SET(gsp, del(0x1000, 0x800), port(0x60, 1, GRF_NONE), mem(0x8000, 1, VIRT));
	CHECK_GROWN(gsp, 1, 1);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x100000, 0x10000, GASP_RAM, 0x1000), EOK);
	CHECK_GROWN(gsp, 1, 0);
	CHECK_EQ(gasp_guest_generation(gsp, QST_PCI_IO), last[0]);
	gasp_guest_destroy(gsp);
}

static void not_with_a_call_that_changes_nothing(void)
{
	struct guest_system *gsp = new_guest();
	CHECK_SET(gsp, del(0, 0x10000), port(0, 1, GRF_NONE));
	CHECK_GROWN(gsp, 0, 0);
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)), port(0x60, 1, VIRT));
	CHECK_GROWN(gsp, 1, 1);
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)), port(0x61, 1, VIRT));
	CHECK_GROWN(gsp, 0, 1);
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)));
	CHECK_SET(gsp, mem(0x2000, 1, VIRT), del(0x2000, 1));
	CHECK_SET(gsp, del(0x1000, 0x1000), cookie(1, mem(0x1000, 0x1000, VIRT)));
	CHECK_SET(gsp, mem(0x1000, 1, VIRT), mem(0x1fff, 1, VIRT), cookie(1, mem(0x1000, 0x1000, VIRT)));
	CHECK_EQ(gasp_region_set_soft(gsp, 0, NULL), 0);
	CHECK_GROWN(gsp, 0, 0);
	gasp_guest_destroy(gsp);
}

/* In between, the map has many nodes. */
static void many_added_and_deleted_in_one_call(void)
{
	static struct gasp_region many[2001];
	struct guest_system *gsp = new_guest();
	CHECK_SET(gsp, mem(0x1800, 1, VIRT));
	last[0] = 1;
	for (uint32_t i = 0; i < 2000; i++)
		many[i] = cookie(i, mem(0x2000 + i * 0x1000, 0x1000, VIRT));
	many[2000] = del(0x2000, 0x1000 * 2000);
	set_expect(__FILE__, __LINE__, gsp, COUNT(many), many);
	CHECK_GROWN(gsp, 0, 0);
	CHECK_MEM(gsp, span(0x1800, 0x1800, VIRT));
	gasp_guest_destroy(gsp);
}

static void not_with_a_call_that_is_refused(void)
{
	struct guest_system *gsp = new_guest();
	struct gasp_region r[2] = { mem(0x3000, 0x1000, VIRT), mem(0, 0, VIRT) };
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_GROWN(gsp, 1, 0);
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x1800, 0x1000, VIRT));
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x1000, GASP_RAM, 0), EEXIST);
	CHECK_EQ(gasp_guest_set(gsp, 2, r, GASP_SET_ALL_OR_NOTHING, NULL), EINVAL);
	CHECK_GROWN(gsp, 0, 0);
	CHECK_EQ(gasp_region_set_soft(gsp, 2, r), 1); /* the first one is in effect */
	CHECK_GROWN(gsp, 1, 0);
	gasp_guest_destroy(gsp);
}

static void not_with_what_changes_no_region(void)
{
	struct guest_system *gsp = new_guest();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x1000, 1), EOK);
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, GASP_SET_DRY_RUN, NULL), EOK);
	CHECK_GROWN(gsp, 0, 0);
	gasp_guest_destroy(gsp);
}

/* ---- Unique numbers ---- */

static uint64_t unique(struct guest_system *gsp, unsigned type)
{
	errno = ERRNO_MARK;
	uint64_t number = gasp_guest_unique_generation(gsp, type);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK(number != 0);
	return number;
}

static void unique_numbers_change_when_the_others_do(void)
{
	struct guest_system *gsp = guest();
	uint64_t memory = unique(gsp, QST_MEMORY), ports = unique(gsp, QST_X86_IO);
	CHECK(memory != ports);
	CHECK_EQ(unique(gsp, QST_PCI_IO), memory);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK(unique(gsp, QST_MEMORY) > memory);
	CHECK_EQ(unique(gsp, QST_X86_IO), ports);
	memory = unique(gsp, QST_MEMORY);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT));
	CHECK_EQ(unique(gsp, QST_MEMORY), memory);
	CHECK(unique(gsp, QST_X86_IO) > ports);
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0, 0, VIRT));
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x1000, 1), EOK);
	CHECK_EQ(unique(gsp, QST_MEMORY), memory);
	gasp_guest_destroy(gsp);
}

static int by_number(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
	return a < b ? -1 : a > b;
}

/* Guests come and go; each state of each space has a number of its own. */
static void no_state_of_the_process_has_the_number_of_another(void)
{
	static uint64_t seen[2000];
	unsigned n = 0;
	for (unsigned i = 0; i < 100; i++) {
		struct guest_system *gsp = guest();
		for (uint32_t change = 0; change < 10; change++) {
			seen[n++] = unique(gsp, QST_MEMORY);
			seen[n++] = unique(gsp, QST_X86_IO);
			CHECK_SET(gsp, cookie(change + 1, mem(0x1000, 1, VIRT)),
				  cookie(change + 1, port(0x60, 1, VIRT)));
		}
		gasp_guest_destroy(gsp);
	}
	qsort(seen, n, sizeof(seen[0]), by_number);
	for (unsigned i = 1; i < n; i++)
		CHECK(seen[i] != seen[i - 1]);
}

/* Threads change guests of their own at the same time. */
static void *collect(void *arg)
{
	uint64_t *seen = (uint64_t *)arg;
	struct guest_system *gsp = guest();
	for (uint32_t i = 0; i < 2000; i++) {
		CHECK_SET(gsp, cookie(i + 1, mem(0x1000, 1, VIRT)));
		seen[i] = unique(gsp, QST_MEMORY);
	}
	gasp_guest_destroy(gsp);
	return NULL;
}

static void nor_if_threads_change_guests_at_once(void)
{
	static uint64_t seen[4000];
	pthread_t other = thread_start(collect, seen);
	collect(seen + 2000);
	pthread_join(other, NULL);
	qsort(seen, COUNT(seen), sizeof(seen[0]), by_number);
	for (unsigned i = 1; i < COUNT(seen); i++)
		CHECK(seen[i] != seen[i - 1]);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest(), *dead = dead_guest();
	static const unsigned types[] = { QST_VIRTUAL, QST_NO_TYPE, 0x10000, 0x18000, UINT32_MAX };
	for (unsigned i = 0; i < COUNT(types); i++) {
		errno = 0;
		CHECK_EQ(gasp_guest_generation(gsp, types[i]), 0);
		CHECK_EQ(errno, EINVAL);
		errno = 0;
		CHECK_EQ(gasp_guest_unique_generation(gsp, types[i]), 0);
		CHECK_EQ(errno, EINVAL);
	}
	errno = 0;
	CHECK_EQ(gasp_guest_unique_generation(NULL, QST_MEMORY), 0);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_guest_unique_generation(dead, QST_MEMORY), 0);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_guest_generation(NULL, QST_MEMORY), 0);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_guest_generation(dead, QST_MEMORY), 0);
	CHECK_EQ(errno, EINVAL);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(one_more_with_each_call), CASE(not_with_a_call_that_changes_nothing),
	CASE(many_added_and_deleted_in_one_call), CASE(not_with_a_call_that_is_refused),
	CASE(not_with_what_changes_no_region), CASE(unique_numbers_change_when_the_others_do),
	CASE(no_state_of_the_process_has_the_number_of_another),
	CASE(nor_if_threads_change_guests_at_once), CASE(bad_arguments),
};

TEST_MAIN(cases)
