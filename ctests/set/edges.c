/* The ends of both spaces, the smallest and the largest ranges, empty and full maps (specification
 * 1.1, 1.4, 2, 3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define BIG 0xFFFFF000u	/* the longest range of whole pages that a block can name */
#define LONG UINT64_C(0xFFFFF000)

static void a_new_guest_is_empty(void)
{
	struct guest_system *gsp = guest();
	struct qvm_state_block blk = block(QST_MEMORY, 0, 1);
	struct gasp_region r;
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EMPTY(gsp, QST_X86_IO);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), ENXIO);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), 0);
	CHECK_EQ(gasp_walk_count(gsp, 0, 0), 0);
	gasp_guest_destroy(gsp);
}

static void first_byte(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0, 1, VIRT), port(0, 1, VIRT));
	CHECK_MEM(gsp, span(0, 0, VIRT));
	CHECK_PORTS(gsp, span(0, 0, VIRT));
	CHECK_SET(gsp, del(0, 1), port(0, 1, GRF_NONE));
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EMPTY(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void last_byte_of_memory(void)
{
	struct guest_system *gsp = guest();
	struct qvm_state_block blk = block(QST_MEMORY, TOP, 1);
	struct gasp_region r;
	CHECK_SET(gsp, mem(TOP, 1, VIRT));
	CHECK_MEM(gsp, span(TOP, TOP, VIRT));
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(r.guest.location, TOP);
	CHECK_EQ(r.guest.length, 1);
	CHECK_SET(gsp, del(TOP, 1));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void last_page_of_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(TOP - 0xFFF, 0x1000, RAM, HOST_A));
	CHECK_SET(gsp, mem_at(TOP - 0x1FFF, 0x1000, RAM, HOST_A - 0x1000));
	CHECK_MEM(gsp, span_at(TOP - 0x1FFF, TOP, RAM, HOST_A - 0x1000));
	CHECK_SET(gsp, mem(TOP - 0xFFF, 0x1000, VIRT), del(TOP - 0x1FFF, 0x2000));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void host_memory_may_end_at_the_top(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, TOP - 0xFFF));
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, 0x1000));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, TOP - 0xFFF),
		  span_at(0x2000, 0x2fff, RAM, 0x1000));
	gasp_guest_destroy(gsp);
}

static void last_port(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port(0xFFFF, 1, VIRT));
	CHECK_PORTS(gsp, span(0xFFFF, 0xFFFF, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, port(0xFFFF, 2, GRF_NONE));
	CHECK_REFUSED(gsp, 0, EINVAL, port(0x10000, 1, GRF_NONE));
	CHECK_SET(gsp, port(0xFFFF, 1, GRF_NONE));
	CHECK_EMPTY(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void host_port_may_be_the_last(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port_at(0, 0x10000, GRF_PASS_ANY, 0));
	CHECK_PORTS(gsp, span_at(0, 0xFFFF, GRF_PASS_ANY, 0));
	gasp_guest_destroy(gsp);
}

static void all_ports_taken(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port(0, 0x10000, VIRT));
	CHECK_PORTS(gsp, span(0, 0xFFFF, VIRT));
	errno = 0;
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 0), QSL_NO_LOCATION);
	CHECK_EQ(errno, ENOSPC);
	CHECK_SET(gsp, port(0x8000, 1, GRF_NONE));
	CHECK_PORTS(gsp, span(0, 0x7FFF, VIRT), span(0x8001, 0xFFFF, VIRT));
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 0), 0x8000);
	CHECK_SET(gsp, port(0, 0x10000, GRF_NONE));
	CHECK_EMPTY(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void one_byte_next_to_the_end(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(TOP - 1, 1, VIRT), port(0xFFFE, 1, VIRT));
	CHECK_MEM(gsp, span(TOP - 1, TOP - 1, VIRT));
	CHECK_PORTS(gsp, span(0xFFFE, 0xFFFE, VIRT));
	gasp_guest_destroy(gsp);
}

static void the_ends_do_not_touch(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(TOP, 1, VIRT), mem(0, 1, VIRT), port(0xFFFF, 1, VIRT),
		  port(0, 1, VIRT));
	CHECK_MEM(gsp, span(0, 0, VIRT), span(TOP, TOP, VIRT));
	CHECK_PORTS(gsp, span(0, 0, VIRT), span(0xFFFF, 0xFFFF, VIRT));
	gasp_guest_destroy(gsp);
}

static void the_longest_block(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(TOP - 0xFFFFFFFEu, 0xFFFFFFFFu, VIRT));
	CHECK_MEM(gsp, span(TOP - 0xFFFFFFFEu, TOP, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(TOP - 0xFFFFFFFDu, 0xFFFFFFFFu, VIRT));
	CHECK_SET(gsp, del(TOP - 0xFFFFFFFEu, 0xFFFFFFFFu));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

/* Three blocks that join to one region of nearly 12 GiB around 4 and 8 GiB. */
static void regions_grow_past_4_gib(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0, BIG, RAM, HOST_A), mem_at(2 * LONG, BIG, RAM, HOST_A + 2 * LONG),
		  mem_at(LONG, BIG, RAM, HOST_A + LONG));
	CHECK_MEM(gsp, span_at(0, 3 * LONG - 1, RAM, HOST_A));
	CHECK_SET(gsp, del(0x100000000u, 0x1000));
	CHECK_MEM(gsp, span_at(0, 0xFFFFFFFFu, RAM, HOST_A),
		  span_at(UINT64_C(0x100001000), 3 * LONG - 1, RAM, HOST_A + UINT64_C(0x100001000)));
	gasp_guest_destroy(gsp);
}

static void queries_clip_regions_past_4_gib(void)
{
	struct guest_system *gsp = guest();
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 0xFFFFFFFFu);
	struct gasp_region r;
	CHECK_SET(gsp, mem_at(0, BIG, RAM, HOST_A), mem_at(LONG, BIG, RAM, HOST_A + LONG));
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(r.guest.location, 0x1000);
	CHECK_EQ(r.guest.length, 0xFFFFFFFFu);
	CHECK_EQ(r.host_location, HOST_A + 0x1000);
	blk = block(QST_MEMORY, LONG + 0x1000, 0xFFFFFFFFu);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(r.guest.length, BIG - 0x1000);
	CHECK_EQ(r.host_location, HOST_A + LONG + 0x1000);
	gasp_guest_destroy(gsp);
}

static void unbacked_regions_past_4_gib(void)
{
	struct guest_system *gsp = guest();
	uint64_t at = UINT64_C(0x8000000000000000);
	CHECK_SET(gsp, mem(at - 0xFFFFFFFFu, 0xFFFFFFFFu, VIRT), mem(at, 0xFFFFFFFFu, VIRT));
	CHECK_MEM(gsp, span(at - 0xFFFFFFFFu, at + 0xFFFFFFFEu, VIRT));
	CHECK_SET(gsp, cookie(1, mem(at - 1, 2, VIRT)));
	CHECK_MEM(gsp, span(at - 0xFFFFFFFFu, at - 2, VIRT),
		  span_cookie(1, span(at - 1, at, VIRT)), span(at + 1, at + 0xFFFFFFFEu, VIRT));
	gasp_guest_destroy(gsp);
}

static void around_2_to_the_32(void)
{
	struct guest_system *gsp = guest();
	uint64_t at = UINT64_C(0x100000000);
	CHECK_SET(gsp, mem(at - 1, 1, VIRT), mem(at, 1, VIRT));
	CHECK_MEM(gsp, span(at - 1, at, VIRT));
	CHECK_SET(gsp, del(at - 1, 1));
	CHECK_MEM(gsp, span(at, at, VIRT));
	CHECK_SET(gsp, del(0, 1));
	CHECK_MEM(gsp, span(at, at, VIRT));
	gasp_guest_destroy(gsp);
}

static void next_at_the_ends(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	CHECK_SET(gsp, mem(TOP, 1, VIRT), port(0xFFFF, 1, VIRT));
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, &s), EOK);
	CHECK_EQ(s.location, TOP);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, TOP, &s), EOK);
	CHECK_EQ(s.last, TOP);
	CHECK_EQ(gasp_guest_next(gsp, QST_X86_IO, 0xFFFF, &s), EOK);
	CHECK_EQ(s.last, 0xFFFF);
	CHECK_EQ(gasp_guest_next(gsp, QST_X86_IO, 0x10000, &s), EINVAL);
	CHECK_SET(gsp, del(TOP, 1));
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, TOP, &s), ENXIO);
	gasp_guest_destroy(gsp);
}

static void info_at_the_ends(void)
{
	struct guest_system *gsp = guest();
	struct qvm_state_block blk = block(QST_MEMORY, TOP, 2);
	struct gasp_region r;
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EINVAL);
	blk = block(QST_MEMORY, TOP, 1);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), ENXIO);
	blk = block(QST_X86_IO, 0xFFFF, 1);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), ENXIO);
	blk = block(QST_X86_IO, 0xFFFF, 2);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EINVAL);
	blk = block(QST_X86_IO, 0x10000, 1);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EINVAL);
	blk = block(QST_X86_IO, 0, 0x10000);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), ENXIO);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(a_new_guest_is_empty), CASE(first_byte), CASE(last_byte_of_memory),
	CASE(last_page_of_memory), CASE(host_memory_may_end_at_the_top), CASE(last_port),
	CASE(host_port_may_be_the_last), CASE(all_ports_taken), CASE(one_byte_next_to_the_end),
	CASE(the_ends_do_not_touch), CASE(the_longest_block), CASE(regions_grow_past_4_gib),
	CASE(queries_clip_regions_past_4_gib), CASE(unbacked_regions_past_4_gib),
	CASE(around_2_to_the_32), CASE(next_at_the_ends), CASE(info_at_the_ends),
};

TEST_MAIN(cases)
