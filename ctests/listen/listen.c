/* The difference that a listener gets for a change: only the locations that differ (specification
 * 11.2).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "listen.h"

static struct book book;
static struct follower follower;

/* A guest with a listener that is added after these elements, and whose book is empty. */
#define FOLLOWED(gsp, ...) \
	struct guest_system *gsp = guest(); \
	CHECK_SET(gsp, __VA_ARGS__); \
	follower = follower_of(gsp, &book, 1); \
	follow(&follower)

static struct guest_system *followed_guest(void)
{
	struct guest_system *gsp = guest();
	follower = follower_of(gsp, &book, 1);
	follow(&follower);
	return gsp;
}

/* ---- One element ---- */

static void an_addition(void)
{
	struct guest_system *gsp = followed_guest();
	CHECK_SET(gsp, vdev(vdev_a(), cookie(7, mem(0x1001, 0x10, VIRT | GRF_PRECIOUS))));
	CHECK_CHANGE(&book, 0, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_ADDED,
		   span_vdev(vdev_a(), span_cookie(7, span(0x1001, 0x1010, VIRT | GRF_PRECIOUS))));
	gasp_guest_destroy(gsp);
}

static void a_deletion_of_more_than_there_is(void)
{
	FOLLOWED(gsp, mem(0x1000, 0x1000, VIRT), mem(0x3000, 0x1000, VIRT));
	CHECK_SET(gsp, del(0, 0x8000));
	CHECK_CHANGE(&book, 2, 0, 0, 0);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span(0x1000, 0x1fff, VIRT), span(0x3000, 0x3fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void a_cookie(void)
{
	FOLLOWED(gsp, cookie(1, mem(0x1000, 0x3000, VIRT)));
	CHECK_SET(gsp, cookie(2, mem(0x2000, 0x1000, VIRT)));
	CHECK_CHANGE(&book, 1, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span_cookie(1, span(0x2000, 0x2fff, VIRT)));
	CHECK_NOTIFIED(&book, MEM_ADDED, span_cookie(2, span(0x2000, 0x2fff, VIRT)));
	gasp_guest_destroy(gsp);
}

static void a_vdev(void)
{
	FOLLOWED(gsp, vdev(vdev_a(), mem(0x1000, 0x1000, VIRT)));
	CHECK_SET(gsp, vdev(vdev_b(), mem(0x1000, 0x1000, VIRT)));
	CHECK_CHANGE(&book, 1, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_ADDED, span_vdev(vdev_b(), span(0x1000, 0x1fff, VIRT)));
	gasp_guest_destroy(gsp);
}

/* Added spans have sticky flags, host and saved rights, like the result of a query. */
static void a_trap_in_ram_and_back(void)
{
	const uint32_t sticky = RAM & (uint32_t)GRF_STICKY;
	FOLLOWED(gsp, mem_at(0x1000, 0x4000, RAM | GRF_PASSTHRU, HOST_A));
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT));
	CHECK_CHANGE(&book, 1, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span_at(0x2000, 0x2fff, RAM | GRF_PASSTHRU, HOST_A + 0x1000));
	CHECK_NOTIFIED(&book, MEM_ADDED, saved(GRF_PASS_ANY, span_at(0x2000, 0x2fff,
		   VIRT | sticky | GRF_PASSTHRU, HOST_A + 0x1000)));
	book.n = 0;
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, GRF_PASS_ANY, HOST_B));
	CHECK_CHANGE(&book, 1, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_ADDED, span_at(0x2000, 0x2fff, RAM | GRF_PASSTHRU, HOST_A + 0x1000));
	CHECK_MEM(gsp, span_at(0x1000, 0x4fff, RAM | GRF_PASSTHRU, HOST_A));
	gasp_guest_destroy(gsp);
}

/* The parts that were the same before are not in the difference. */
static void a_change_that_is_partly_in_effect(void)
{
	FOLLOWED(gsp, mem(0x1000, 0x1000, VIRT), cookie(3, mem(0x2000, 0x1000, VIRT)),
		 mem(0x3000, 0x1000, VIRT));
	CHECK_SET(gsp, mem(0x1000, 0x5000, VIRT));
	CHECK_CHANGE(&book, 1, 2, 0, 0);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span_cookie(3, span(0x2000, 0x2fff, VIRT)));
	CHECK_NOTIFIED(&book, MEM_ADDED, span(0x2000, 0x2fff, VIRT), span(0x4000, 0x5fff, VIRT));
	gasp_guest_destroy(gsp);
}

/* The added range joins its neighbours to one region, but they are not in the difference. */
static void a_merge_with_both_neighbours(void)
{
	FOLLOWED(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem_at(0x3000, 0x1000, RAM, HOST_A + 0x2000));
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_A + 0x1000));
	CHECK_CHANGE(&book, 0, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_ADDED, span_at(0x2000, 0x2fff, RAM, HOST_A + 0x1000));
	CHECK_MEM(gsp, span_at(0x1000, 0x3fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static void both_ends_of_both_spaces(void)
{
	struct guest_system *gsp = followed_guest();
	CHECK_SET(gsp, mem(0, 1, VIRT), mem(TOP, 1, VIRT), port(0, 1, VIRT), port(0xFFFF, 1, VIRT));
	CHECK_CHANGE(&book, 0, 2, 0, 2);
	CHECK_NOTIFIED(&book, MEM_ADDED, span(0, 0, VIRT), span(TOP, TOP, VIRT));
	CHECK_NOTIFIED(&book, PORTS_ADDED, span(0, 0, VIRT), span(0xFFFF, 0xFFFF, VIRT));
	book.n = 0;
	CHECK_SET(gsp, del(TOP, 1), port(0, 0x10000, GRF_NONE));
	CHECK_CHANGE(&book, 1, 0, 2, 0);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span(TOP, TOP, VIRT));
	CHECK_NOTIFIED(&book, PORTS_REMOVED, span(0, 0, VIRT), span(0xFFFF, 0xFFFF, VIRT));
	gasp_guest_destroy(gsp);
}

/* ---- Several elements ---- */

/* A run is as long as possible, even if several elements made it, in any order. */
static void neighbours_of_several_elements(void)
{
	FOLLOWED(gsp, mem(0x8000, 0x4000, VIRT));
	CHECK_SET(gsp, mem(0x3000, 0x1000, VIRT), mem(0x1000, 0x1000, VIRT), mem(0x2000, 0x1000, VIRT),
		  del(0xa000, 0x1000), del(0x9000, 0x1000));
	CHECK_CHANGE(&book, 1, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span(0x9000, 0xafff, VIRT));
	CHECK_NOTIFIED(&book, MEM_ADDED, span(0x1000, 0x3fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void elements_that_overlap(void)
{
	struct guest_system *gsp = followed_guest();
	CHECK_SET(gsp, mem(0x1000, 0x4000, VIRT), cookie(1, mem(0x2000, 0x1000, VIRT)),
		  cookie(2, mem(0x2800, 0x1000, VIRT)), del(0, 0x1800));
	CHECK_CHANGE(&book, 0, 4, 0, 0);
	CHECK_NOTIFIED(&book, MEM_ADDED, span(0x1800, 0x1fff, VIRT),
		   span_cookie(1, span(0x2000, 0x27ff, VIRT)),
		   span_cookie(2, span(0x2800, 0x37ff, VIRT)), span(0x3800, 0x4fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void the_same_range_twice(void)
{
	struct guest_system *gsp = followed_guest();
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)), cookie(2, mem(0x1000, 0x1000, VIRT)));
	CHECK_CHANGE(&book, 0, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_ADDED, span_cookie(2, span(0x1000, 0x1fff, VIRT)));
	gasp_guest_destroy(gsp);
}

static void both_spaces_are_one_difference(void)
{
	FOLLOWED(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 5, VIRT));
	CHECK_SET(gsp, port(0x62, 1, GRF_NONE), mem(0x1000, 0x800, GRF_NONE), port(0x80, 1, VIRT),
		  element(QST_PCI_IO, 0x4000, 0x1000, VIRT));
	CHECK_CHANGE(&book, 1, 1, 1, 1);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span(0x1000, 0x17ff, VIRT));
	CHECK_NOTIFIED(&book, MEM_ADDED, span(0x4000, 0x4fff, VIRT));
	CHECK_NOTIFIED(&book, PORTS_REMOVED, span(0x62, 0x62, VIRT));
	CHECK_NOTIFIED(&book, PORTS_ADDED, span(0x80, 0x80, VIRT));
	gasp_guest_destroy(gsp);
}

/* A space that the call names without changing it is not in the difference. */
static void one_of_two_spaces_changes(void)
{
	FOLLOWED(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT));
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 1, GRF_NONE));
	CHECK_CHANGE(&book, 0, 0, 1, 0);
	book.n = 0;
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT), del(0x2000, 0x1000), port(0x60, 1, VIRT));
	CHECK_CHANGE(&book, 0, 0, 0, 1);
	gasp_guest_destroy(gsp);
}

static void other_memory_behind_the_same_range(void)
{
	FOLLOWED(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A));
	CHECK_SET(gsp, del(0x2000, 0x1000), mem_at(0x2000, 0x1000, RAM, HOST_B));
	CHECK_CHANGE(&book, 1, 1, 0, 0);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span_at(0x2000, 0x2fff, RAM, HOST_A + 0x1000));
	CHECK_NOTIFIED(&book, MEM_ADDED, span_at(0x2000, 0x2fff, RAM, HOST_B));
	gasp_guest_destroy(gsp);
}

static void host_ports(void)
{
	FOLLOWED(gsp, port_at(0x100, 0x10, GRF_PASS_RD | GRF_PASS_WR, 0));
	CHECK_SET(gsp, port(0x104, 2, GRF_VIRT_RD | GRF_VIRT_WR));
	CHECK_CHANGE(&book, 0, 0, 1, 1);
	CHECK_NOTIFIED(&book, PORTS_REMOVED, span_at(0x104, 0x105, GRF_PASS_RD | GRF_PASS_WR, 4));
	CHECK_NOTIFIED(&book, PORTS_ADDED, saved(GRF_PASS_RD | GRF_PASS_WR,
		   span_at(0x104, 0x105, GRF_VIRT_RD | GRF_VIRT_WR, 4)));
	gasp_guest_destroy(gsp);
}

/* More runs than one leaf of the map can hold. */
static void a_thousand_runs(void)
{
	static struct gasp_region many[1000];
	struct guest_system *gsp = followed_guest();
	struct gasp_span first, last;
	for (unsigned i = 0; i < COUNT(many); i++)
		many[i] = cookie(i, mem((COUNT(many) - i) * 0x1000u, 0x1000, VIRT));
	set_expect(__FILE__, __LINE__, gsp, COUNT(many), many);
	CHECK_CHANGE(&book, 0, 1000, 0, 0);
	first = span_cookie(999, span(0x1000, 0x1fff, VIRT));
	last = span_cookie(976, span(0x18000, 0x18fff, VIRT));
	CHECK(span_same(&book.notified[0].spans[MEM_ADDED][0], &first));
	CHECK(span_same(&book.notified[0].spans[MEM_ADDED][SPANS_MAX - 1], &last));
	book.n = 0;
	CHECK_SET(gsp, del(0, 0x80000000u));
	CHECK_CHANGE(&book, 1000, 0, 0, 0);
	gasp_guest_destroy(gsp);
}

/* ---- Memory of the library ---- */

/* Two pieces are not adjacent in the host, so they are two runs. */
static void memory_in_chunks(void)
{
	struct guest_system *gsp = followed_guest();
	struct gasp_span a, b;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x5000, GASP_RAM, 0x3000), EOK);
	CHECK_CHANGE(&book, 0, 2, 0, 0);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, &a), EOK);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0x4000, &b), EOK);
	CHECK_NOTIFIED(&book, MEM_ADDED, a, b);
	book.n = 0;
	CHECK_SET(gsp, mem(0x3000, 0x2000, GRF_PASS_RD));
	CHECK_CHANGE(&book, 2, 2, 0, 0);
	CHECK_NOTIFIED(&book, MEM_REMOVED, span_cut(a, 0x3000, 0x3fff), span_cut(b, 0x4000, 0x4fff));
	gasp_guest_destroy(gsp);
}

static void memory_beside_memory(void)
{
	struct guest_system *gsp = followed_guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x1000, GASP_RAM, 0), EOK);
	book.n = 0;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x2000, 0x1000, GASP_ROM, 0), EOK);
	CHECK_CHANGE(&book, 0, 1, 0, 0);
	CHECK_EQ(book.notified[0].spans[MEM_ADDED][0].location, 0x2000);
	CHECK_EQ(book.notified[0].spans[MEM_ADDED][0].flags, ROM | GRF_ACTIVE);
	gasp_guest_destroy(gsp);
}

/* ---- Nothing ---- */

static void a_call_that_changes_nothing_notifies_no_listener(void)
{
	struct gasp_report report = { sizeof(report), 0, 0, 0, span(0, 0, 0), { 0, 0, 0 } };
	struct gasp_region same[2] = { mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT) };
	FOLLOWED(gsp, same[0], same[1], mem_at(0x4000, 0x2000, RAM, HOST_A));
	CHECK_SET(gsp, same[0]);
	CHECK_SET(gsp, same[0], same[1]);
	CHECK_SET(gsp, del(0x10000, 0x1000), port(0x100, 1, GRF_NONE));
	CHECK_SET(gsp, mem_at(0x5000, 0x1000, RAM, HOST_B));
	CHECK_EQ(gasp_guest_set(gsp, 2, same, 0, &report), EOK);
	CHECK_EQ(gasp_guest_set(gsp, 2, same, GASP_SET_ALL_OR_NOTHING, &report), EOK);
	CHECK_EQ(gasp_guest_set(gsp, 2, same, GASP_SET_DRY_RUN, &report), EOK);
	CHECK_EQ(gasp_region_set_soft(gsp, 0, NULL), 0);
	gasp_region_set(gsp, 1, same);
	CHECK_EQ(book.n, 0);
	gasp_guest_destroy(gsp);
}

static void added_and_deleted_in_one_call(void)
{
	FOLLOWED(gsp, mem(0x1000, 0x1000, VIRT), mem_at(0x4000, 0x2000, RAM, HOST_A));
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT), del(0x2000, 0x1000));
	CHECK_SET(gsp, port(0x60, 4, VIRT), port(0x60, 2, GRF_NONE), port(0x62, 2, GRF_NONE));
	CHECK_EQ(book.n, 0);
	gasp_guest_destroy(gsp);
}

static void deleted_and_added_back_in_one_call(void)
{
	FOLLOWED(gsp, mem(0x1000, 0x1000, VIRT), mem_at(0x4000, 0x2000, RAM, HOST_A));
	CHECK_SET(gsp, del(0x1000, 0x1000), mem(0x1000, 0x1000, VIRT));
	CHECK_SET(gsp, del(0x4000, 0x2000), mem_at(0x5000, 0x1000, RAM, HOST_A + 0x1000),
		  mem_at(0x4000, 0x1000, RAM, HOST_A));
	CHECK_SET(gsp, cookie(9, mem(0x1000, 0x1000, VIRT)), mem(0x1000, 0x1000, VIRT));
	CHECK_SET(gsp, mem(0x4000, 0x1000, VIRT), mem(0x4000, 0x1000, GRF_PASS_ANY | GRF_DMA_SOURCE));
	CHECK_EQ(book.n, 0);
	gasp_guest_destroy(gsp);
}

/* ---- The array ---- */

static void the_elements_before_the_refused_one_are_notified(void)
{
	struct guest_system *gsp = followed_guest();
	CHECK_REFUSED(gsp, 2, EINVAL, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT),
		      mem(0x2000, 0, VIRT), mem(0x3000, 0x1000, VIRT));
	CHECK_CHANGE(&book, 0, 1, 0, 1);
	CHECK_NOTIFIED(&book, MEM_ADDED, span(0x1000, 0x1fff, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	book.n = 0;
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x2000, 0, VIRT), mem(0x3000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 1, EINVAL, mem(0x1000, 0x1000, VIRT), mem(0x2000, 0, VIRT));
	CHECK_EQ(book.n, 0);
	gasp_guest_destroy(gsp);
}

static void functions_can_be_missing(void)
{
	struct guest_system *gsp = guest();
	struct gasp_listener none = listener_with(0);
	struct gasp_report report = { sizeof(report), 0, 0, 0, span(0, 0, 0), { 0, 0, 0 } };
	struct gasp_region r = mem(0x2000, 0x1000, VIRT);
	none.estimate = NULL;
	none.prepare = NULL;
	none.commit = NULL;
	none.abort = NULL;
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(gasp_guest_add_listener(gsp, &none, NULL, NULL), EOK);
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, 0, &report), EOK);
	CHECK_EQ(report.cost.slots, 0);
	CHECK_EQ(report.cost.slots_left, UINT64_MAX);
	follower = follower_of(gsp, &book, 1);
	follow(&follower);
	follower.refuses = EBUSY;
	CHECK_REFUSED(gsp, 0, EBUSY, del(0x1000, 0x1000));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(an_addition), CASE(a_deletion_of_more_than_there_is), CASE(a_cookie), CASE(a_vdev),
	CASE(a_trap_in_ram_and_back), CASE(a_change_that_is_partly_in_effect),
	CASE(a_merge_with_both_neighbours), CASE(both_ends_of_both_spaces),
	CASE(neighbours_of_several_elements), CASE(elements_that_overlap), CASE(the_same_range_twice),
	CASE(both_spaces_are_one_difference), CASE(one_of_two_spaces_changes),
	CASE(other_memory_behind_the_same_range), CASE(host_ports), CASE(a_thousand_runs),
	CASE(memory_in_chunks), CASE(memory_beside_memory),
	CASE(a_call_that_changes_nothing_notifies_no_listener),
	CASE(added_and_deleted_in_one_call),
	CASE(deleted_and_added_back_in_one_call),
	CASE(the_elements_before_the_refused_one_are_notified), CASE(functions_can_be_missing),
};

TEST_MAIN(cases)
