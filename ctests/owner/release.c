/* gasp_guest_release(): all that a vdev has (specification 14.3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "../listen/set_whole.h"

#define MINE (VIRT | (uint32_t)GRF_PRECIOUS)
#define ROOM 8u

static struct gasp_span had[ROOM];

static struct gasp_released released_with(size_t room)
{
	struct gasp_released r;
	memset(&r, 0x5A, sizeof(r));
	memset(had, 0x5A, sizeof(had));
	r.size = sizeof(r);
	r.spans = had;
	r.room = room;
	return r;
}

static int release(struct guest_system *gsp, vdev_t *vdev, struct gasp_released *report)
{
	errno = ERRNO_MARK;
	int result = gasp_guest_release(gsp, vdev, report);
	CHECK_EQ(errno, ERRNO_MARK);
	return result;
}

static void check_had(unsigned i, struct gasp_span want)
{
	if (!CHECK(span_same(&had[i], &want)))
		span_print("is", &had[i]);
}

static void all_of_both_spaces_and_nothing_else(void)
{
	struct guest_system *gsp = guest();
	struct gasp_released r = released_with(ROOM);
	CHECK_SET(gsp, vdev(vdev_a(), cookie(1, mem(0, 1, VIRT))), vdev(vdev_a(), mem(0x5000, 0x1000, MINE)),
		  vdev(vdev_b(), mem(0x6000, 0x1000, MINE)), mem(0x7000, 1, VIRT),
		  vdev(vdev_a(), mem_at(0x9000, 0x1000, RAM, HOST_A)), vdev(vdev_a(), mem(TOP, 1, VIRT)),
		  vdev(vdev_a(), port(0x60, 2, VIRT)), vdev(vdev_a(), port(0xffff, 1, MINE)));
	CHECK_EQ(release(gsp, vdev_a(), &r), EOK);
	CHECK_EQ(r.count, 6);
	CHECK_EQ(r.ports, 2);
	check_had(0, span_vdev(vdev_a(), span_cookie(1, span(0, 0, VIRT))));
	check_had(1, span_vdev(vdev_a(), span(0x5000, 0x5fff, MINE)));
	check_had(2, span_vdev(vdev_a(), span_at(0x9000, 0x9fff, RAM, HOST_A)));
	check_had(3, span_vdev(vdev_a(), span(TOP, TOP, VIRT)));
	check_had(4, span_vdev(vdev_a(), span(0x60, 0x61, VIRT)));
	check_had(5, span_vdev(vdev_a(), span(0xffff, 0xffff, MINE)));
	CHECK_MEM(gsp, span_vdev(vdev_b(), span(0x6000, 0x6fff, MINE)), span(0x7000, 0x7000, VIRT));
	CHECK_EMPTY(gsp, QST_X86_IO);
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 2);
	CHECK_EQ(gasp_guest_generation(gsp, QST_X86_IO), 2);
	gasp_guest_destroy(gsp);
}

static void a_vdev_without_regions(void)
{
	struct guest_system *gsp = guest();
	struct gasp_released r = released_with(0);
	CHECK_SET(gsp, vdev(vdev_b(), mem(0, 1, VIRT)), mem(1, 1, VIRT));
	CHECK_EQ(release(gsp, vdev_a(), &r), EOK);
	CHECK_EQ(r.count, 0);
	CHECK_EQ(r.ports, 0);
	CHECK_EQ(release(gsp, vdev_a(), NULL), EOK);
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 1);
	gasp_guest_destroy(gsp);
}

static void too_little_room_takes_nothing(void)
{
	struct guest_system *gsp = guest();
	struct gasp_released r = released_with(2);
	CHECK_SET(gsp, vdev(vdev_a(), mem(0, 1, VIRT)), vdev(vdev_a(), mem(2, 1, VIRT)),
		  vdev(vdev_a(), port(1, 1, VIRT)));
	struct state before = state_of(gsp);
	CHECK_EQ(release(gsp, vdev_a(), &r), ENOSPC);
	CHECK_EQ(r.count, 3);
	CHECK_UNCHANGED(gsp, &before);
	r = released_with(0);
	CHECK_EQ(release(gsp, vdev_a(), &r), ENOSPC);
	CHECK_EQ(r.count, 3);
	CHECK_UNCHANGED(gsp, &before);
	r = released_with(3);
	CHECK_EQ(release(gsp, vdev_a(), &r), EOK);
	CHECK_EQ(r.count, 3);
	CHECK_EQ(had[3].cookie, 0x5a5a5a5a);	/* not written past the end */
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void without_a_list(void)
{
	struct guest_system *gsp = guest();
	struct gasp_released r = released_with(0);
	CHECK_SET(gsp, vdev(vdev_a(), mem(0, 1, VIRT)), vdev(vdev_a(), port(1, 1, VIRT)));
	r.spans = NULL;
	CHECK_EQ(release(gsp, vdev_a(), &r), EOK);
	CHECK_EQ(r.count, 2);
	CHECK_EQ(r.ports, 1);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

/* Memory of the guest, which the vdev only watched. */
static void watched_memory_is_given_back(void)
{
	struct guest_system *gsp = guest();
	struct gasp_released r = released_with(ROOM);
	struct gasp_span whole, now;
	char byte = 0x77;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, &whole), EOK);
	CHECK_EQ(gasp_guest_write(gsp, 0x4000, &byte, 1), EOK);
	CHECK_SET(gsp, vdev(vdev_a(), cookie(5, mem(0x4000, 0x1000, GRF_VIRT_WR | GRF_PASS_RD))),
		  vdev(vdev_a(), mem(0x20000, 0x1000, MINE)));
	CHECK_EQ(release(gsp, vdev_a(), &r), EOK);
	CHECK_EQ(r.count, 2);
	check_had(0, saved(GRF_PASS_ANY, span_vdev(vdev_a(), span_cookie(5,
		  span_at(0x4000, 0x4fff, GRF_VIRT_WR | GRF_PASS_RD | (RAM & (uint32_t)GRF_STICKY),
			  whole.host_location + 0x4000)))));
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, &now), EOK);
	CHECK(span_same(&now, &whole));
	byte = 0;
	CHECK_EQ(gasp_guest_read(gsp, 0x4000, &byte, 1), EOK);
	CHECK_EQ(byte, 0x77);
	gasp_guest_destroy(gsp);
}

/* It may be the vdev's own, so it must not stay. */
static void memory_that_the_host_supplied_goes(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A), vdev(vdev_a(), mem(0x2000, 0x1000, VIRT)));
	CHECK_EQ(release(gsp, vdev_a(), NULL), EOK);
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A), span_at(0x3000, 0x3fff, RAM, HOST_A + 0x2000));
	gasp_guest_destroy(gsp);
}

/* Without saved rights there is nothing to give back: the vdev has made it what it is. */
static void memory_that_never_passed_goes(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x3000, GASP_RAM, 0), EOK);
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 0x1000, GRF_PASS_RD)));
	CHECK_EQ(release(gsp, vdev_a(), NULL), EOK);
	struct map map;
	map_read(gsp, QST_MEMORY, &map);
	CHECK_EQ(map.n, 2);
	CHECK_EQ(map.spans[0].last, 0xfff);
	CHECK_EQ(map.spans[1].location, 0x2000);
	gasp_guest_destroy(gsp);
}

static void whoever_acts_and_in_strict_mode(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 0x1000, MINE)), vdev(vdev_a(), mem(0x4000, 0x1000, VIRT)));
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	gasp_acting()->vdev = vdev_b();
	CHECK_EQ(release(gsp, vdev_a(), NULL), EOK);
	gasp_acting()->vdev = NULL;
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void listeners_see_one_change_and_can_refuse(void)
{
	static struct book book;
	struct guest_system *gsp = guest();
	struct follower f = follower_of(gsp, &book, 0);
	struct gasp_released r = released_with(ROOM);
	follow(&f);
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 1, VIRT)), vdev(vdev_a(), mem(0x3000, 1, VIRT)),
		  vdev(vdev_a(), port(1, 1, VIRT)));
	book.n = 0;
	f.refuses = EBUSY;
	struct state before = state_of(gsp);
	CHECK_EQ(release(gsp, vdev_a(), &r), EBUSY);
	CHECK_EQ(r.count, UINT64_C(0x5a5a5a5a5a5a5a5a));
	CHECK_UNCHANGED(gsp, &before);
	f.refuses = 0;
	book.n = 0;
	CHECK_EQ(release(gsp, vdev_a(), &r), EOK);
	CHECK_EQ(book.n, 2);
	CHECK_EQ(book.notified[0].n[MEM_REMOVED], 2);
	CHECK_EQ(book.notified[0].n[PORTS_REMOVED], 1);
	CHECK_EQ(book.notified[0].n[MEM_ADDED], 0);
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest();
	struct gasp_released r = released_with(ROOM);
	CHECK_EQ(release(NULL, vdev_a(), NULL), EINVAL);
	CHECK_EQ(release(dead_guest(), vdev_a(), NULL), EINVAL);
	CHECK_EQ(release(gsp, NULL, &r), EINVAL);
	CHECK_HAS(gasp_last_error(), "vdev is NULL");
	r.size = sizeof(r) - 1;
	CHECK_EQ(release(gsp, vdev_a(), &r), EINVAL);
	CHECK_EQ(r.count, UINT64_C(0x5a5a5a5a5a5a5a5a));
	gasp_guest_destroy(gsp);
}

/* Two vdevs come and go on two threads: each finds all of its own, and nothing of the other's. */
static void *come_and_go(void *arg)
{
	struct guest_system *gsp = (struct guest_system *)((void **)arg)[0];
	vdev_t *mine = (vdev_t *)((void **)arg)[1];
	uint64_t at = mine == vdev_a() ? 0x1000 : 0x2000;
	for (unsigned i = 0; i < 2000; i++) {
		struct gasp_released r;
		struct gasp_span list[2];
		struct gasp_region regions[2] = { vdev(mine, mem(at, 0x1000, MINE)),
						  vdev(mine, port(at, 1, MINE)) };
		memset(&r, 0, sizeof(r));
		r.size = sizeof(r);
		r.spans = list;
		r.room = 2;
		if (!CHECK_EQ(gasp_region_set_soft(gsp, 2, regions), 2)
		    || !CHECK_EQ(gasp_guest_release(gsp, mine, &r), EOK)
		    || !CHECK_EQ(r.count, 2) || !CHECK_EQ(list[0].location, at))
			break;
	}
	return NULL;
}

static void on_two_threads(void)
{
	struct guest_system *gsp = guest();
	void *a[] = { gsp, vdev_a() }, *b[] = { gsp, vdev_b() };
	pthread_t other = thread_start(come_and_go, b);
	come_and_go(a);
	pthread_join(other, NULL);
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EMPTY(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(all_of_both_spaces_and_nothing_else), CASE(a_vdev_without_regions),
	CASE(too_little_room_takes_nothing), CASE(without_a_list), CASE(watched_memory_is_given_back),
	CASE(memory_that_the_host_supplied_goes), CASE(memory_that_never_passed_goes),
	CASE(whoever_acts_and_in_strict_mode), CASE(listeners_see_one_change_and_can_refuse),
	CASE(bad_arguments), CASE(on_two_threads),
};

TEST_MAIN(cases)
