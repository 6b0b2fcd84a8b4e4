/* Splitting and merging: the history of a map is never visible (specification 1.3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define STUCK (GRF_MEMORY | GRF_DMA_SOURCE | GRF_DMA_TARGET)

static void split_by_cookie_and_merge(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x3000, VIRT), cookie(1, mem(0x2000, 0x1000, VIRT)));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT), span_cookie(1, span(0x2000, 0x2fff, VIRT)),
		  span(0x3000, 0x3fff, VIRT));
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x3fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void split_by_vdev_and_merge(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 0x3000, VIRT)),
		  vdev(vdev_b(), mem(0x2000, 0x1000, VIRT)));
	CHECK_MEM(gsp, span_vdev(vdev_a(), span(0x1000, 0x1fff, VIRT)),
		  span_vdev(vdev_b(), span(0x2000, 0x2fff, VIRT)),
		  span_vdev(vdev_a(), span(0x3000, 0x3fff, VIRT)));
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x2000, 0x1000, VIRT)));
	CHECK_MEM(gsp, span_vdev(vdev_a(), span(0x1000, 0x3fff, VIRT)));
	gasp_guest_destroy(gsp);
}

static void split_by_flags_and_merge(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A), mem(0x2000, 0x1000, ROM));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A),
		  span_at(0x2000, 0x2fff, ROM | GRF_DMA_TARGET, HOST_A + 0x1000),
		  span_at(0x3000, 0x3fff, RAM, HOST_A + 0x2000));
	CHECK_SET(gsp, mem(0x2000, 0x1000, RAM));
	CHECK_MEM(gsp, span_at(0x1000, 0x3fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static void split_by_trap_and_merge_on_release(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A));
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A),
		  saved(GRF_PASS_ANY, span_at(0x2000, 0x2fff, VIRT | STUCK, HOST_A + 0x1000)),
		  span_at(0x3000, 0x3fff, RAM, HOST_A + 0x2000));
	CHECK_SET(gsp, mem(0x2000, 0x1000, GRF_PASS_ANY));
	CHECK_MEM(gsp, span_at(0x1000, 0x3fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static void merge_needs_consecutive_host(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem_at(0x2000, 0x1000, RAM, HOST_B),
		  mem_at(0x3000, 0x1000, RAM, HOST_B + 0x1000), mem_at(0x4000, 0x1000, RAM, HOST_B));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A), span_at(0x2000, 0x3fff, RAM, HOST_B),
		  span_at(0x4000, 0x4fff, RAM, HOST_B));
	gasp_guest_destroy(gsp);
}

static void descending_host_does_not_merge(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A + 0x1000),
		  mem_at(0x2000, 0x1000, RAM, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A + 0x1000),
		  span_at(0x2000, 0x2fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static void same_flags_with_and_without_backing_stay_apart(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_RD, HOST_A), mem(0x1000, 0x2000, GRF_NOPERMS));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_NOPERMS, HOST_A),
		  span(0x2000, 0x2fff, GRF_NOPERMS));
	gasp_guest_destroy(gsp);
}

static void unbacked_neighbours_merge_whatever_host_was_given(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, VIRT, HOST_A), mem_at(0x2000, 0x1000, VIRT, HOST_B));
	CHECK_MEM(gsp, span(0x1000, 0x2fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void filling_a_hole_merges_both_sides(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A),
		  mem_at(0x3000, 0x1000, RAM, HOST_A + 0x2000));
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_A + 0x1000));
	CHECK_MEM(gsp, span_at(0x1000, 0x3fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static void ports_split_and_merge(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port_at(0x100, 0x10, GRF_PASS_ANY, 0x200), cookie(9, port(0x108, 1, VIRT)));
	CHECK_PORTS(gsp, span_at(0x100, 0x107, GRF_PASS_ANY, 0x200),
		    saved(GRF_PASS_ANY, span_cookie(9, span_at(0x108, 0x108, VIRT, 0x208))),
		    span_at(0x109, 0x10f, GRF_PASS_ANY, 0x209));
	CHECK_SET(gsp, port(0x108, 1, GRF_PASS_ANY));
	CHECK_PORTS(gsp, span_at(0x100, 0x10f, GRF_PASS_ANY, 0x200));
	gasp_guest_destroy(gsp);
}

static void single_bytes(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, cookie(1, mem(0x1001, 1, VIRT)), cookie(2, mem(0x1002, 1, VIRT)),
		  cookie(1, mem(0x1003, 1, VIRT)));
	CHECK_MEM(gsp, span_cookie(1, span(0x1001, 0x1001, VIRT)),
		  span_cookie(2, span(0x1002, 0x1002, VIRT)),
		  span_cookie(1, span(0x1003, 0x1003, VIRT)));
	CHECK_SET(gsp, cookie(1, mem(0x1002, 1, VIRT)));
	CHECK_MEM(gsp, span_cookie(1, span(0x1001, 0x1003, VIRT)));
	gasp_guest_destroy(gsp);
}

static void unaligned_trap_across_pages(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1fff, 0x1003, VIRT));
	CHECK_MEM(gsp, span(0x1fff, 0x3001, VIRT));
	CHECK_SET(gsp, del(0x2800, 0x7ff));
	CHECK_MEM(gsp, span(0x1fff, 0x27ff, VIRT), span(0x2fff, 0x3001, VIRT));
	gasp_guest_destroy(gsp);
}

static void unaligned_trap_becomes_part_of_a_page(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, cookie(5, mem(0x1801, 0x7f, GRF_VIRT_RD)));
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_ANY, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_PASS_ANY, HOST_A));
	gasp_guest_destroy(gsp);
}

static void unaligned_sticky_flag_stays_in_the_page(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1801, 0x7f, GRF_VIRT_RD | GRF_PASSTHRU));
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_ANY, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1800, GRF_PASS_ANY, HOST_A),
		  span_at(0x1801, 0x187f, GRF_PASS_ANY | GRF_PASSTHRU, HOST_A + 0x801),
		  span_at(0x1880, 0x1fff, GRF_PASS_ANY, HOST_A + 0x880));
	gasp_guest_destroy(gsp);
}

/* The map that each of three ways leads to. */
static void expect_the_map_of_three_ways(struct guest_system *gsp)
{
	CHECK_MEM(gsp, span_at(0x1000, 0x4fff, RAM, HOST_A),
		  span_cookie(1, span(0x5000, 0x57ff, VIRT)));
	gasp_guest_destroy(gsp);
}

static void history_is_invisible_pieces(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x4000, 0x1000, RAM, HOST_A + 0x3000));
	CHECK_SET(gsp, cookie(1, mem(0x5400, 0x400, VIRT)));
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_SET(gsp, mem_at(0x3000, 0x1000, RAM, HOST_A + 0x2000));
	CHECK_SET(gsp, cookie(1, mem(0x5000, 0x400, VIRT)));
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_A + 0x1000));
	expect_the_map_of_three_ways(gsp);
}

static void history_is_invisible_whole(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x4000, RAM, HOST_A), cookie(1, mem(0x5000, 0x800, VIRT)));
	expect_the_map_of_three_ways(gsp);
}

static void history_is_invisible_detour(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x0, 0x8000, RAM, HOST_A - 0x1000));
	CHECK_SET(gsp, cookie(1, mem(0x2000, 0x2000, VIRT)));
	CHECK_SET(gsp, del(0x5000, 0x3000), del(0x0, 0x1000));
	CHECK_SET(gsp, cookie(1, mem(0x5000, 0x1000, VIRT)), mem(0x3000, 0x1000, RAM));
	CHECK_SET(gsp, del(0x5800, 0x800), mem(0x2000, 0x1000, RAM));
	expect_the_map_of_three_ways(gsp);
}

static void setting_the_same_again_changes_nothing(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x4000, RAM, HOST_A));
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_A + 0x1000));
	CHECK_MEM(gsp, span_at(0x1000, 0x4fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(split_by_cookie_and_merge), CASE(split_by_vdev_and_merge),
	CASE(split_by_flags_and_merge), CASE(split_by_trap_and_merge_on_release),
	CASE(merge_needs_consecutive_host), CASE(descending_host_does_not_merge),
	CASE(same_flags_with_and_without_backing_stay_apart),
	CASE(unbacked_neighbours_merge_whatever_host_was_given),
	CASE(filling_a_hole_merges_both_sides), CASE(ports_split_and_merge), CASE(single_bytes),
	CASE(unaligned_trap_across_pages), CASE(unaligned_trap_becomes_part_of_a_page),
	CASE(unaligned_sticky_flag_stays_in_the_page), CASE(history_is_invisible_pieces),
	CASE(history_is_invisible_whole), CASE(history_is_invisible_detour),
	CASE(setting_the_same_again_changes_nothing),
};

TEST_MAIN(cases)
