/* All runs of memory in one call (specification 15.7).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <sys/mman.h>

#define ROOM 16u

static struct gasp_run runs[ROOM];

/* The number of runs, which are in `runs`. */
static size_t read_runs(struct guest_system *gsp)
{
	size_t count = SIZE_MAX;
	memset(runs, 0x5A, sizeof(runs));
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_runs(gsp, runs, ROOM, &count), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	return count;
}

static void check_run_is(unsigned i, uint64_t location, uint64_t length, uint64_t offset, unsigned prot)
{
	CHECK_EQ(runs[i].location, location);
	CHECK_EQ(runs[i].length, length);
	CHECK_EQ(runs[i].offset, offset);
	CHECK_EQ(runs[i].prot, prot);
}

#define RW_X ((unsigned)(PROT_READ | PROT_WRITE | PROT_EXEC))

static void no_memory(void)
{
	struct guest_system *gsp = guest();
	size_t count = SIZE_MAX;
	CHECK_SET(gsp, mem(0, 1, VIRT), mem_at(0x1000, 0x1000, GRF_PASS_RD, HOST_A));
	CHECK_EQ(read_runs(gsp), 0);
	CHECK_EQ(gasp_guest_runs(gsp, NULL, 0, &count), EOK);
	CHECK_EQ(count, 0);
	gasp_guest_destroy(gsp);
}

static void files_offsets_hosts_and_rights(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	struct gasp_backing b;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x10000, 0x4000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x14000, 0x2000, GASP_ROM, 0x1000), EOK);
	CHECK_SET(gsp, mem_at(0x20000, 0x1000, RAM, HOST_A));
	CHECK_EQ(read_runs(gsp), 4);
	check_run_is(0, 0x10000, 0x4000, 0, RW_X);
	check_run_is(1, 0x14000, 0x1000, 0, PROT_READ | PROT_EXEC);
	check_run_is(2, 0x15000, 0x1000, 0x2000, PROT_READ | PROT_EXEC);
	check_run_is(3, 0x20000, 0x1000, 0, RW_X);
	CHECK_EQ(runs[3].fd, UINT64_MAX);
	CHECK_EQ(runs[3].host_location, HOST_A);
	CHECK_EQ(runs[1].fd, (uint64_t)runs[2].fd);
	CHECK(runs[0].fd != runs[1].fd);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(runs[i].page_size, PAGE);
		CHECK_EQ(gasp_guest_backing(gsp, runs[i].location, &b), EOK);
		CHECK_EQ(b.fd, (uint64_t)runs[i].fd);
		CHECK_EQ(b.offset, runs[i].offset);
		CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, runs[i].location, &s), EOK);
		CHECK_EQ(s.host_location, runs[i].host_location);
	}
	CHECK_EQ(runs[4].location, UINT64_C(0x5a5a5a5a5a5a5a5a));
	gasp_guest_destroy(gsp);
}

static void only_what_matters_ends_a_run(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x8000, GASP_RAM, 0), EOK);
	CHECK_SET(gsp, vdev(vdev_a(), cookie(4, mem(0x1000, 0x1000, RAM))));
	CHECK_EQ(read_runs(gsp), 1);
	check_run_is(0, 0, 0x8000, 0, RW_X);
	CHECK_SET(gsp, mem(0x2000, 0x1000, GRF_VIRT_WR | GRF_PASS_RD), mem(0x3000, 0x1000, VIRT));
	CHECK_EQ(read_runs(gsp), 4);
	check_run_is(0, 0, 0x2000, 0, RW_X);
	check_run_is(1, 0x2000, 0x1000, 0x2000, PROT_READ);
	check_run_is(2, 0x3000, 0x1000, 0x3000, 0);
	check_run_is(3, 0x4000, 0x4000, 0x4000, RW_X);
	CHECK_SET(gsp, del(0x5000, 0x1000));
	CHECK_EQ(read_runs(gsp), 5);
	check_run_is(4, 0x6000, 0x2000, 0x6000, RW_X);
	gasp_guest_destroy(gsp);
}

/* The host has set a region that runs past the end of the library's memory. */
static void a_region_past_its_file(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	CHECK_EQ(read_runs(gsp), 1);
	CHECK_SET(gsp, mem_at(0x10000, 0x3000, RAM, runs[0].host_location + 0x1000));
	CHECK_EQ(read_runs(gsp), 3);
	check_run_is(1, 0x10000, 0x1000, 0x1000, RW_X);
	check_run_is(2, 0x11000, 0x2000, 0, RW_X);
	CHECK(runs[1].fd == runs[0].fd && runs[2].fd == -1);
	gasp_guest_destroy(gsp);
}

static void at_the_ends_of_the_space(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, UINT64_MAX - 0xfff, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(read_runs(gsp), 2);
	check_run_is(1, UINT64_MAX - 0xfff, 0x1000, 0, RW_X);
	gasp_guest_destroy(gsp);
}

static void too_little_room_and_bad_arguments(void)
{
	struct guest_system *gsp = guest();
	size_t count = 77;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x3000, GASP_RAM, 0x1000), EOK);
	memset(runs, 0x5A, sizeof(runs));
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_runs(NULL, runs, ROOM, &count), EINVAL);
	CHECK_EQ(gasp_guest_runs(dead_guest(), runs, ROOM, &count), EINVAL);
	CHECK_EQ(gasp_guest_runs(gsp, runs, ROOM, NULL), EINVAL);
	CHECK_EQ(gasp_guest_runs(gsp, NULL, 1, &count), EINVAL);
	CHECK_EQ(count, 77);
	CHECK_EQ(gasp_guest_runs(gsp, runs, 2, &count), ENOSPC);
	CHECK_EQ(count, 3);
	CHECK_EQ(runs[0].location, UINT64_C(0x5a5a5a5a5a5a5a5a));
	CHECK_EQ(gasp_guest_runs(gsp, NULL, 0, &count), ENOSPC);
	CHECK_EQ(gasp_guest_runs(gsp, runs, 3, &count), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

/* ---- Kept current by a listener ---- */

struct table {
	struct guest_system *gsp;
	struct gasp_run runs[ROOM];
	size_t count;
};

static void refresh(void *arg, const struct gasp_difference *d)
{
	struct table *t = (struct table *)arg;
	(void)d;
	CHECK_EQ(gasp_guest_runs(t->gsp, t->runs, ROOM, &t->count), EOK);
}

static void a_listener_keeps_a_table(void)
{
	static struct table table;
	struct guest_system *gsp = guest();
	struct gasp_listener l;
	memset(&l, 0, sizeof(l));
	l.size = sizeof(l);
	l.commit = refresh;
	table.gsp = gsp;
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &table, NULL), EOK);
	for (unsigned i = 0; i < 6; i++) {
		if (i == 3)
			CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
		else if (i == 4)
			CHECK_EQ(gasp_guest_remove_memory(gsp, 0, 0x2000), EOK);
		else
			CHECK_EQ(gasp_guest_add_memory(gsp, i * UINT64_C(0x8000), 0x2000, GASP_RAM, 0), EOK);
		CHECK_EQ(read_runs(gsp), table.count);
		CHECK(memcmp(runs, table.runs, table.count * sizeof(runs[0])) == 0);
	}
	gasp_guest_destroy(gsp);
}

/* Memory moves between two places; each list has it once. */
static void *move_it(void *arg)
{
	struct guest_system *gsp = (struct guest_system *)arg;
	for (unsigned i = 0; i < 4000; i++) {
		const struct gasp_region there[] = { del(0, 0x1000), mem_at(0x9000, 0x1000, RAM, HOST_A) };
		const struct gasp_region back[] = { del(0x9000, 0x1000), mem_at(0, 0x1000, RAM, HOST_A) };
		gasp_guest_set(gsp, 2, i % 2 ? back : there, GASP_SET_ALL_OR_NOTHING, NULL);
	}
	return NULL;
}

static void each_list_is_of_one_state(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0, 0x1000, RAM, HOST_A), mem_at(0x4000, 0x1000, RAM, HOST_B));
	pthread_t mover = thread_start(move_it, gsp);
	for (unsigned i = 0; i < 4000; i++)
		if (!CHECK_EQ(read_runs(gsp), 2))
			break;
	pthread_join(mover, NULL);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(no_memory), CASE(files_offsets_hosts_and_rights), CASE(only_what_matters_ends_a_run),
	CASE(a_region_past_its_file), CASE(at_the_ends_of_the_space),
	CASE(too_little_room_and_bad_arguments), CASE(a_listener_keeps_a_table),
	CASE(each_list_is_of_one_state),
};

TEST_MAIN(cases)
