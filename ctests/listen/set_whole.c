/* gasp_guest_set() with GASP_SET_ALL_OR_NOTHING (specification 11.6): every element or none,
 * judged by the resulting state. A dry run precedes each call.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "set_whole.h"

static struct gasp_report report;

/* ---- Swaps ---- */

static void two_devices_swap_places(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 0x1000, VIRT)), vdev(vdev_b(), mem(0x2000, 0x1000, VIRT)));
	CHECK_WHOLE(gsp, vdev(vdev_a(), mem(0x2000, 0x1000, VIRT)), del(0x1000, 0x1000),
		    vdev(vdev_b(), mem(0x1000, 0x1000, VIRT)), del(0x2000, 0x1000));
	CHECK_MEM(gsp, span_vdev(vdev_b(), span(0x1000, 0x1fff, VIRT)),
		  span_vdev(vdev_a(), span(0x2000, 0x2fff, VIRT)));
	gasp_guest_destroy(gsp);
}

/* In every order of the four elements. */
static void two_precious_ones_swap_places_in_any_order(void)
{
	const uint32_t flags = VIRT | GRF_PRECIOUS;
	const struct gasp_region all[4] = {
		del(0x1000, 0x1000), del(0x8000, 0x2000),
		cookie(1, mem(0x8000, 0x1000, flags)), cookie(2, mem(0x1000, 0x2000, flags)) };
	for (unsigned order = 0; order < 256; order++) {
		unsigned a = order & 3, b = order >> 2 & 3, c = order >> 4 & 3, d = order >> 6;
		if ((1u << a | 1u << b | 1u << c | 1u << d) != 15)
			continue;
		struct guest_system *gsp = guest();
		CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, flags)), cookie(2, mem(0x8000, 0x2000, flags)));
		CHECK_WHOLE(gsp, all[a], all[b], all[c], all[d]);
		CHECK_MEM(gsp, span_cookie(2, span(0x1000, 0x2fff, flags)),
			  span_cookie(1, span(0x8000, 0x8fff, flags)));
		gasp_guest_destroy(gsp);
	}
}

static void memory_swaps_its_hosts(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem_at(0x2000, 0x1000, RAM, HOST_B));
	CHECK_WHOLE(gsp, mem_at(0x1000, 0x1000, RAM, HOST_B), mem_at(0x2000, 0x1000, RAM, HOST_A),
		    del(0x2000, 0x1000), del(0x1000, 0x1000));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_B), span_at(0x2000, 0x2fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static void ports_swap_and_memory_with_them(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, cookie(1, port(0x60, 1, VIRT)), cookie(2, port(0x64, 1, VIRT | GRF_PRECIOUS)),
		  cookie(3, mem(0x1000, 0x1000, VIRT)));
	CHECK_WHOLE(gsp, cookie(2, port(0x60, 1, VIRT | GRF_PRECIOUS)), cookie(1, port(0x64, 1, VIRT)),
		    port(0x60, 2, GRF_NONE), port(0x64, 1, GRF_NONE), del(0x1000, 0x1000));
	CHECK_PORTS(gsp, span_cookie(2, span(0x60, 0x60, VIRT | GRF_PRECIOUS)),
		    span_cookie(1, span(0x64, 0x64, VIRT)));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

/* ---- None ---- */

static void nothing_of_a_refused_call_is_done(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT),
		  cookie(5, mem(0x8000, 0x1000, VIRT | GRF_PRECIOUS)));
	CHECK_NOT_WHOLE(gsp, &report, 3, EEXIST, del(0x1000, 0x1000), port(0x60, 1, GRF_NONE),
			mem(0x2000, 0x1000, VIRT), mem(0x7000, 0x2000, VIRT));
	CHECK_CONFLICT(&report, QST_MEMORY, span_cookie(5, span(0x8000, 0x8fff, VIRT | GRF_PRECIOUS)));
	gasp_guest_destroy(gsp);
}

/* Without the flag, the elements before the refused one take effect. */
static void without_the_flag_earlier_elements_take_effect(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r[3] = { mem(0x2000, 0x1000, VIRT), mem(0x7000, 0x2000, VIRT),
				    mem(0x3000, 0x1000, VIRT) };
	CHECK_SET(gsp, mem(0x8000, 0x1000, VIRT | GRF_PRECIOUS));
	both_expect(__FILE__, __LINE__, gsp, 0, EEXIST, 1, 3, r, &report);
	CHECK_CONFLICT(&report, QST_MEMORY, span(0x8000, 0x8fff, VIRT | GRF_PRECIOUS));
	CHECK_MEM(gsp, span(0x2000, 0x2fff, VIRT), span(0x8000, 0x8fff, VIRT | GRF_PRECIOUS));
	both_expect(__FILE__, __LINE__, gsp, 0, EOK, 1, 1, &r[2], &report);
	CHECK_MEM(gsp, span(0x2000, 0x3fff, VIRT), span(0x8000, 0x8fff, VIRT | GRF_PRECIOUS));
	gasp_guest_destroy(gsp);
}

/* The conflicting region can be one that the call itself adds. */
static void two_elements_that_conflict(void)
{
	struct guest_system *gsp = guest();
	CHECK_NOT_WHOLE(gsp, &report, 1, EEXIST, cookie(1, mem(0x1000, 0x2000, VIRT | GRF_PRECIOUS)),
			mem(0x2000, 0x2000, VIRT));
	CHECK_CONFLICT(&report, QST_MEMORY, span_cookie(1, span(0x1000, 0x2fff, VIRT | GRF_PRECIOUS)));
	gasp_guest_destroy(gsp);
}

/* Deletions are applied first, so a later one in the array does not undo an addition. */
static void a_deletion_after_an_addition(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)));
	CHECK_WHOLE(gsp, cookie(2, mem(0x1000, 0x1000, VIRT)), del(0x1000, 0x1000));
	CHECK_MEM(gsp, span_cookie(2, span(0x1000, 0x1fff, VIRT)));
	gasp_guest_destroy(gsp);
}

/* Without a deletion in between, sticky flags stay. */
static void changes_are_made_in_their_order(void)
{
	struct guest_system *gsp = guest();
	CHECK_WHOLE(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem(0x1000, 0x1000, VIRT),
		    cookie(3, mem(0x1000, 0x1000, GRF_PASS_RD)));
	CHECK_MEM(gsp, span_cookie(3, span_at(0x1000, 0x1fff, GRF_PASS_RD | (RAM & (uint32_t)GRF_STICKY),
					      HOST_A)));
	gasp_guest_destroy(gsp);
}

/* ---- Pages ---- */

static void a_page_deleted_in_two_halves(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A));
	CHECK_WHOLE(gsp, del(0x2800, 0x800), del(0x2000, 0x800));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A), span_at(0x3000, 0x3fff, RAM, HOST_A + 0x2000));
	CHECK_WHOLE(gsp, del(0x1000, 0x1), del(0x1001, 0xffe), del(0x1fff, 0x1001));
	CHECK_MEM(gsp, span_at(0x3000, 0x3fff, RAM, HOST_A + 0x2000));
	gasp_guest_destroy(gsp);
}

static void a_page_changed_in_two_halves(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_WHOLE(gsp, mem(0x1000, 0x7ff, VIRT), mem(0x17ff, 0x801, VIRT));
	CHECK_MEM(gsp, saved(GRF_PASS_ANY, span_at(0x1000, 0x1fff, VIRT | (RAM & (uint32_t)GRF_STICKY),
						   HOST_A)));
	gasp_guest_destroy(gsp);
}

static void half_a_page_deleted_and_put_back(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_WHOLE(gsp, del(0x1000, 0x800), mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A));
	CHECK_NOT_WHOLE(gsp, &report, 0, EINVAL, del(0x1000, 0x800), mem_at(0x1000, 0x1000, RAM, HOST_B));
	CHECK_EQ(report.conflict.flags, RAM | GRF_ACTIVE);
	gasp_guest_destroy(gsp);
}

static void half_a_page_is_refused_in_the_end(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span half = saved(GRF_PASS_ANY, span_at(0x3800, 0x3fff,
				      VIRT | (RAM & (uint32_t)GRF_STICKY), HOST_A + 0x2800));
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A));
	CHECK_NOT_WHOLE(gsp, &report, 1, EINVAL, mem(0x8000, 0x1000, VIRT), del(0x2800, 0x800));
	CHECK_CONFLICT(&report, QST_MEMORY, span_at(0x1000, 0x27ff, RAM, HOST_A));
	CHECK_NOT_WHOLE(gsp, &report, 0, EINVAL, mem(0x3800, 0x800, VIRT));
	CHECK_CONFLICT(&report, QST_MEMORY, span_at(0x1000, 0x37ff, RAM, HOST_A));
	CHECK_NOT_WHOLE(gsp, &report, 0, EINVAL, mem(0x3800, 0x800, VIRT), del(0x3000, 0x800));
	CHECK_CONFLICT(&report, QST_MEMORY, half);
	CHECK_NOT_WHOLE(gsp, &report, 0, EINVAL, mem(0x1000, 0x800, VIRT), cookie(1, mem(0x1800, 0x800, VIRT)));
	gasp_guest_destroy(gsp);
}

/* Edges can be anywhere in a page without backing, or whose backing the call removes. */
static void edges_without_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem(0x4000, 0x123, VIRT));
	CHECK_WHOLE(gsp, del(0x4100, 0x10), mem(0x5001, 0x10, VIRT), mem(0x1800, 0x10, VIRT),
		    del(0x1000, 0x1000));
	CHECK_MEM(gsp, span(0x1800, 0x180f, VIRT), span(0x4000, 0x40ff, VIRT), span(0x4110, 0x4122, VIRT),
		  span(0x5001, 0x5010, VIRT));
	gasp_guest_destroy(gsp);
}

/* ---- Which element ---- */

static void deletions_are_refused_before_additions(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS), mem(0x8000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_NOT_WHOLE(gsp, &report, 1, EEXIST, mem(0x0, 0x1800, VIRT), del(0x7000, 0x2000));
	CHECK_NOT_WHOLE(gsp, &report, 0, EEXIST, mem(0x0, 0x1800, VIRT), del(0x7000, 0x1000));
	/* An element that is bad regardless of the map is refused in the first pass. */
	CHECK_NOT_WHOLE(gsp, &report, 1, EINVAL, mem(0x0, 0x1800, VIRT), mem(0, 0, VIRT), del(0x7000, 0x2000));
	CHECK_EQ(report.conflict.flags, 0);
	CHECK_EQ(report.type, 0);
	gasp_guest_destroy(gsp);
}

static void conflict_in_both_spaces(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)), cookie(2, port(0x60, 1, VIRT | GRF_PRECIOUS)));
	CHECK_NOT_WHOLE(gsp, &report, 0, EEXIST, port(0x5f, 3, VIRT));
	CHECK_CONFLICT(&report, QST_X86_IO, span_cookie(2, span(0x60, 0x60, VIRT | GRF_PRECIOUS)));
	CHECK_NOT_WHOLE(gsp, &report, 0, EEXIST, element(QST_PCI_IO, 0x1800, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_CONFLICT(&report, QST_MEMORY, span_cookie(1, span(0x1000, 0x1fff, VIRT)));
	gasp_guest_destroy(gsp);
}

static void strict_mode(void)
{
	struct guest_system *gsp = strict_guest();
	struct state before;
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)), cookie(2, mem(0x2000, 0x1000, VIRT)));
	gasp_guest_start(gsp);
	before = state_of(gsp);
	CHECK_NOT_WHOLE(gsp, &report, 0, ENOENT, del(0x3000, 0x1000), mem(0x8000, 0x1000, VIRT));
	CHECK_NOT_WHOLE(gsp, &report, 1, EINVAL, mem(0x8000, 0x1000, VIRT), mem(0x1000, 0x2000, VIRT));
	CHECK_CONFLICT(&report, QST_MEMORY, span_cookie(1, span(0x1000, 0x1fff, VIRT)));
	CHECK_NOT_WHOLE(gsp, &report, 0, EINVAL, cookie(3, mem(0x1000, 0x2000, VIRT)), del(0x1000, 0x1000));
	CHECK_CONFLICT(&report, QST_MEMORY, span_cookie(2, span(0x2000, 0x2fff, VIRT)));
	CHECK_UNCHANGED(gsp, &before);
	/* Deletions are applied first, and the caller needs no lock. */
	CHECK_WHOLE(gsp, cookie(3, mem(0x1000, 0x2000, VIRT)), del(0x1000, 0x1000), del(0x2000, 0x1000));
	CHECK_MEM(gsp, span_cookie(3, span(0x1000, 0x2fff, VIRT)));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(two_devices_swap_places), CASE(two_precious_ones_swap_places_in_any_order),
	CASE(memory_swaps_its_hosts), CASE(ports_swap_and_memory_with_them),
	CASE(nothing_of_a_refused_call_is_done), CASE(without_the_flag_earlier_elements_take_effect),
	CASE(two_elements_that_conflict), CASE(a_deletion_after_an_addition),
	CASE(changes_are_made_in_their_order), CASE(a_page_deleted_in_two_halves),
	CASE(a_page_changed_in_two_halves), CASE(half_a_page_deleted_and_put_back),
	CASE(half_a_page_is_refused_in_the_end), CASE(edges_without_memory),
	CASE(deletions_are_refused_before_additions), CASE(conflict_in_both_spaces),
	CASE(strict_mode),
};

TEST_MAIN(cases)
