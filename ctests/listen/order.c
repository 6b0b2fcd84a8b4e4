/* Listeners that refuse, and the order in which several are called (specification 11.3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"
#include "listen.h"

static struct book book;
static struct follower followers[5];

/* Followers 1 to n of one guest, with these priorities. */
static struct guest_system *guest_followed_by(unsigned n, const int *priorities)
{
	struct guest_system *gsp = guest();
	for (unsigned i = 0; i < n; i++) {
		followers[i] = follower_of(gsp, &book, (int)i + 1);
		follow_at(&followers[i], priorities[i]);
	}
	return gsp;
}

static struct guest_system *guest_with_three(void)
{
	static const int equal[] = { 0, 0, 0 };
	return guest_followed_by(3, equal);
}

/* ---- Order ---- */

static void lower_priorities_first(void)
{
	static const int priorities[] = { 5, -7, 0, INT32_MAX, INT32_MIN };
	struct guest_system *gsp = guest_followed_by(5, priorities);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_ORDER(&book, "5p 2p 3p 1p 4p 5c 2c 3c 1c 4c");
	gasp_guest_destroy(gsp);
}

static void of_equal_ones_the_older_first(void)
{
	static const int priorities[] = { 1, 0, 1, 0, 1 };
	struct guest_system *gsp = guest_followed_by(5, priorities);
	CHECK_EQ(gasp_guest_remove_listener(gsp, followers[0].id), EOK);
	follow_at(&followers[0], 1);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_ORDER(&book, "2p 4p 3p 5p 1p 2c 4c 3c 5c 1c");
	gasp_guest_destroy(gsp);
}

static void all_get_the_same_difference(void)
{
	struct guest_system *gsp = guest_with_three();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT));
	REQUIRE(book.n == 6);
	for (unsigned i = 1; i < 6; i++)
		CHECK(same_notification(&book.notified[0], &book.notified[i]));
	gasp_guest_destroy(gsp);
}

/* ---- Refusals ---- */

static void those_that_had_prepared_abort_in_the_opposite_order(void)
{
	static const int priorities[] = { 0, 1, 2, 3, 4 };
	struct guest_system *gsp = guest_followed_by(5, priorities);
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	followers[3].refuses = EBUSY;
	CHECK_REFUSED(gsp, 0, EBUSY, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT));
	CHECK_ORDER(&book, "1p 2p 3p 4p 3a 2a 1a");
	for (unsigned i = 1; i < book.n; i++)
		CHECK(same_notification(&book.notified[0], &book.notified[i]));
	CHECK_EQ(gasp_region_set_soft(gsp, 1, &r), 0);
	CHECK_HAS(gasp_last_error(), "a listener refused the change: ");
	gasp_guest_destroy(gsp);
}

static void the_first_one_refuses(void)
{
	struct guest_system *gsp = guest_with_three();
	followers[0].refuses = ENOSPC;
	CHECK_REFUSED(gsp, 0, ENOSPC, mem(0x1000, 0x1000, VIRT));
	CHECK_ORDER(&book, "1p");
	gasp_guest_destroy(gsp);
}

/* All functions that change the map. */
static void nothing_of_the_call_happens(void)
{
	struct guest_system *gsp = guest_with_three();
	struct gasp_region r[2] = { del(0x2000, 0x1000), port(0x60, 1, VIRT) };
	struct gasp_report report;
	uint64_t generations[2];
	CHECK_SET(gsp, mem(0x1000, 0x3000, VIRT), port(0x60, 2, GRF_VIRT_RD));
	followers[2].refuses = EPERM;
	generations[0] = gasp_guest_generation(gsp, QST_MEMORY);
	generations[1] = gasp_guest_generation(gsp, QST_X86_IO);
	CHECK_REFUSED(gsp, 0, EPERM, r[0], r[1]);
	CHECK_REFUSED(gsp, 0, EPERM, r[1]);
	memset(&report, 0, sizeof(report));
	report.size = sizeof(report);
	CHECK_EQ(gasp_guest_set(gsp, 2, r, 0, &report), EPERM);
	CHECK_EQ(report.index, 0);
	CHECK_EQ(report.error, EPERM);
	CHECK_EQ(report.conflict.flags, 0);
	CHECK_EQ(gasp_guest_set(gsp, 2, r, GASP_SET_ALL_OR_NOTHING, NULL), EPERM);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x10000, 0x1000, GASP_RAM, 0), EPERM);
	CHECK_MEM(gsp, span(0x1000, 0x3fff, VIRT));
	CHECK_PORTS(gsp, span(0x60, 0x61, GRF_VIRT_RD));
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), generations[0]);
	CHECK_EQ(gasp_guest_generation(gsp, QST_X86_IO), generations[1]);
	followers[2].refuses = EOK;
	CHECK_SET(gsp, r[0], r[1]);
	gasp_guest_destroy(gsp);
}

/* The elements before the refused one are offered: the index if the listeners agree, else 0 and
 * their number. */
static void an_array_refused_in_the_middle(void)
{
	struct guest_system *gsp = guest_with_three();
	followers[1].refuses = EBUSY;
	CHECK_REFUSED(gsp, 0, EBUSY, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT), mem(0, 0, VIRT));
	CHECK_ORDER(&book, "1p 2p 1a");
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EMPTY(gsp, QST_X86_IO);
	followers[1].refuses = EOK;
	CHECK_REFUSED(gsp, 2, EINVAL, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT), mem(0, 0, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	CHECK_PORTS(gsp, span(0x60, 0x60, VIRT));
	gasp_guest_destroy(gsp);
}

static void numbers_that_are_no_errno_become_einval(void)
{
	static const int numbers[] = { -1, -EBUSY, 4096, INT32_MIN, INT32_MAX };
	struct guest_system *gsp = guest_with_three();
	for (unsigned i = 0; i < COUNT(numbers); i++) {
		followers[0].refuses = numbers[i];
		CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x1000, VIRT));
	}
	followers[0].refuses = 4095;
	CHECK_REFUSED(gsp, 0, 4095, mem(0x1000, 0x1000, VIRT));
	followers[0].refuses = 1;
	CHECK_REFUSED(gsp, 0, 1, mem(0x1000, 0x1000, VIRT));
	gasp_guest_destroy(gsp);
}

/* The refused memory is freed at once. */
static void add_memory_refused_leaves_nothing(void)
{
	static const int priorities[] = { 0 };
	struct guest_system *gsp = guest_followed_by(1, priorities);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 0), EOK);
	followers[0].refuses = ENOSPC;
	unsigned before = mappings();
	for (unsigned i = 0; i < 20; i++)
		CHECK_EQ(gasp_guest_add_memory(gsp, 0x100000, 0x100000, GASP_RAM, i % 2 * 0x1000), ENOSPC);
	CHECK_EQ(mappings(), before);
	CHECK_EQ(book.notified[2].n[MEM_ADDED], 1);
	CHECK_EQ(book.notified[3].n[MEM_ADDED], 0x100);
	followers[0].refuses = EOK;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x100000, 0x100000, GASP_RAM, 0), EOK);
	CHECK_EQ(mappings(), before + (getenv("GASP_TEST_SMALL") != NULL ? 1 : 2));
	gasp_guest_destroy(gsp);
}

static void child_set_is_fatal(void)
{
	struct guest_system *gsp = guest_with_three();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	gasp_guest_start(gsp);
	followers[0].refuses = EBUSY;
	gasp_region_set(gsp, 1, &r);
}

static void a_refusal_of_gasp_region_set_ends_the_process(void)
{
	struct outcome out = run_child("child_set_is_fatal");
	CHECK_EXIT("child_set_is_fatal", out, 96);
	CHECK_HAS(out.err, "gasp_region_set: a listener refused the change");
	CHECK_HAS(out.err, "(EBUSY, errno 16)\n");
}

/* A VMM moved a device's window without notifying one of the consumers of the map, whose DMA then
 * went to the old place. Here a move is notified to all listeners, or it does not happen. */
static void a_move_is_notified_to_every_consumer(void)
{
	static struct mirror kvm, vfio, vhost;
	struct mirror *const mirrors[] = { &kvm, &vfio, &vhost };
	struct guest_system *gsp = guest();
	struct gasp_region move[2] = { del(0x8000, 0x1000), vdev(vdev_a(), mem(0xc000, 0x1000, VIRT)) };
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x8000, 0x1000, VIRT)));
	for (unsigned i = 0; i < COUNT(mirrors); i++) {
		struct gasp_listener l = mirror_listener((int)i);
		CHECK_EQ(gasp_guest_add_listener(gsp, &l, mirrors[i], NULL), EOK);
	}
	followers[0] = follower_of(gsp, &book, 1);
	follow_at(&followers[0], 1);
	followers[0].refuses = EBUSY;
	CHECK_REFUSED(gsp, 0, EBUSY, move[0], move[1]);
	for (unsigned i = 0; i < COUNT(mirrors); i++)
		CHECK_MIRROR(gsp, mirrors[i]);
	CHECK_EQ(gasp_guest_set(gsp, 2, move, GASP_SET_ALL_OR_NOTHING, NULL), EBUSY);
	followers[0].refuses = EOK;
	CHECK_SET(gsp, move[0], move[1]);
	for (unsigned i = 0; i < COUNT(mirrors); i++) {
		CHECK_MIRROR(gsp, mirrors[i]);
		CHECK_EQ(mirrors[i]->maps[0].spans[0].location, 0xc000);
		CHECK_EQ(mirrors[i]->commits, 2);
	}
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(lower_priorities_first), CASE(of_equal_ones_the_older_first),
	CASE(all_get_the_same_difference), CASE(those_that_had_prepared_abort_in_the_opposite_order),
	CASE(the_first_one_refuses), CASE(nothing_of_the_call_happens),
	CASE(an_array_refused_in_the_middle), CASE(numbers_that_are_no_errno_become_einval),
	CASE(add_memory_refused_leaves_nothing), CASE(a_refusal_of_gasp_region_set_ends_the_process),
	CASE(a_move_is_notified_to_every_consumer),
};

static const struct test_case children[] = { CASE(child_set_is_fatal) };

TEST_MAIN_CHILDREN(cases, children)
