/* Walks over the guest's memory (specification 6).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

struct entry {
	uint64_t guest_loc, length;
};

/* The next entry is this one. */
static void expect_next(struct gasp_walk_state *ws, uint64_t guest_loc, uint64_t length)
{
	errno = ERRNO_MARK;
	CHECK(gasp_walk_next(ws) != 0);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(ws->guest_loc, guest_loc);
	CHECK_EQ(ws->length, length);
}

static void expect_end(struct gasp_walk_state *ws)
{
	struct gasp_walk_state before = *ws;
	CHECK_EQ(gasp_walk_next(ws), 0);
	CHECK_EQ(gasp_walk_next(ws), 0);
	CHECK_EQ(ws->guest_loc, before.guest_loc);
	CHECK_EQ(ws->length, before.length);
	CHECK_EQ(ws->host_loc, before.host_loc);
}

/* A whole walk, and its count. */
static void expect_walk(struct guest_system *gsp, uint64_t max_length, unsigned flags,
			const struct entry *want, unsigned n)
{
	struct gasp_walk_state ws;
	gasp_walk_init(&ws, gsp, max_length, flags);
	for (unsigned i = 0; i < n; i++)
		expect_next(&ws, want[i].guest_loc, want[i].length);
	expect_end(&ws);
	CHECK_EQ(gasp_walk_count(gsp, max_length, flags), n);
}

#define EXPECT_WALK(gsp, max_length, flags, ...) do { \
		const struct entry walk_[] = { __VA_ARGS__ }; \
		expect_walk((gsp), (max_length), (flags), walk_, COUNT(walk_)); \
	} while (0)

static void no_memory_no_entry(void)
{
	struct guest_system *gsp = guest();
	expect_walk(gsp, 0, 0, NULL, 0);
	expect_walk(gsp, 0x1000, GWS_HOST, NULL, 0);
	gasp_guest_destroy(gsp);
}

static void ram_and_rom_in_ascending_order(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x8000, 0x2000, ROM, HOST_A), mem_at(0x1000, 0x3000, RAM, HOST_B));
	EXPECT_WALK(gsp, 0, 0, { 0x1000, 0x3000 }, { 0x8000, 0x2000 });
	gasp_guest_destroy(gsp);
}

static void rights_cookies_and_host_do_not_matter(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x4000, GASP_RAM, 0x1000), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x5000, 0x1000, GASP_ROM, 0), EOK);
	CHECK_SET(gsp, cookie(1, mem(0x2000, 0x1000, VIRT)), mem(0x3000, 0x1000, GRF_NOPERMS));
	EXPECT_WALK(gsp, 0, 0, { 0x1000, 0x5000 });
	gasp_guest_destroy(gsp);
}

static void without_the_memory_flag_it_is_a_gap(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A), del(0x2000, 0x1000),
		  mem_at(0x2000, 0x1000, GRF_PASS_ANY, HOST_A + 0x1000), mem(0x5000, 0x1000, VIRT));
	EXPECT_WALK(gsp, 0, 0, { 0x1000, 0x1000 }, { 0x3000, 0x1000 });
	EXPECT_WALK(gsp, 0, GWS_HOST, { 0x1000, 0x1000 }, { 0x3000, 0x1000 });
	gasp_guest_destroy(gsp);
}

static void ports_are_not_walked(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port_at(0x60, 4, GRF_PASS_ANY | GRF_MEMORY, 0x60));
	expect_walk(gsp, 0, 0, NULL, 0);
	gasp_guest_destroy(gsp);
}

static void cut_at_max_length(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A), mem_at(0x8000, 0x1000, RAM, HOST_B));
	EXPECT_WALK(gsp, 0x2000, 0, { 0x1000, 0x2000 }, { 0x3000, 0x1000 }, { 0x8000, 0x1000 });
	EXPECT_WALK(gsp, 0xC00, 0, { 0x1000, 0xC00 }, { 0x1C00, 0xC00 }, { 0x2800, 0xC00 },
		    { 0x3400, 0xC00 }, { 0x8000, 0xC00 }, { 0x8C00, 0x400 });
	EXPECT_WALK(gsp, 0x3000, 0, { 0x1000, 0x3000 }, { 0x8000, 0x1000 });
	EXPECT_WALK(gsp, TOP, 0, { 0x1000, 0x3000 }, { 0x8000, 0x1000 });
	CHECK_EQ(gasp_walk_count(gsp, 1, 0), 0x4000);
	gasp_guest_destroy(gsp);
}

/* 64 GiB in regions of 2 GiB, which are one run, or one for each region. */
static void more_entries_than_anybody_could_step_through(void)
{
	struct guest_system *gsp = guest();
	uint64_t gib = UINT64_C(1) << 30;
	for (uint64_t i = 0; i < 32; i++)
		CHECK_SET(gsp, mem_at(i * 2 * gib, 0x80000000u, RAM, HOST_A + i * 3 * gib));
	CHECK_EQ(gasp_walk_count(gsp, 0, 0), 1);
	CHECK_EQ(gasp_walk_count(gsp, 0, GWS_HOST), 32);
	CHECK_EQ(gasp_walk_count(gsp, PAGE, 0), 64 * (gib / PAGE));
	CHECK_EQ(gasp_walk_count(gsp, PAGE, GWS_HOST), 64 * (gib / PAGE));
	CHECK_EQ(gasp_walk_count(gsp, 3 * gib, 0), 22);
	CHECK_EQ(gasp_walk_count(gsp, 2 * gib - 1, GWS_HOST), 64);
	CHECK_EQ(gasp_walk_count(gsp, 17, 0), 4042322161u);
	CHECK_EQ(gasp_walk_count(gsp, 16, 0), UINT32_MAX);	/* of 2^32 */
	CHECK_EQ(gasp_walk_count(gsp, 1, 0), UINT32_MAX);
	CHECK_EQ(gasp_walk_count(gsp, 1, GWS_HOST), UINT32_MAX);
	CHECK_EQ(gasp_walk_count_filtered(gsp, 17, 0, NULL), 4042322161u);
	CHECK_EQ(gasp_walk_count_filtered(gsp, 1, GWS_HOST, NULL), UINT32_MAX);
	gasp_guest_destroy(gsp);
}

static void host_cuts_where_host_memory_jumps(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A), mem_at(0x3000, 0x1000, ROM, HOST_A + 0x2000),
		  mem_at(0x4000, 0x1000, RAM, HOST_B));
	EXPECT_WALK(gsp, 0, GWS_HOST, { 0x1000, 0x3000 }, { 0x4000, 0x1000 });
	EXPECT_WALK(gsp, 0x2000, GWS_HOST, { 0x1000, 0x2000 }, { 0x3000, 0x1000 },
		    { 0x4000, 0x1000 });
	EXPECT_WALK(gsp, 0, 0, { 0x1000, 0x4000 });
	gasp_guest_destroy(gsp);
}

static void host_fills_host_loc(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state ws;
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A), mem_at(0x3000, 0x1000, RAM, HOST_B));
	gasp_walk_init(&ws, gsp, 0x1800, GWS_HOST);
	expect_next(&ws, 0x1000, 0x1800);
	CHECK_EQ(ws.host_loc, HOST_A);
	expect_next(&ws, 0x2800, 0x800);
	CHECK_EQ(ws.host_loc, HOST_A + 0x1800);
	expect_next(&ws, 0x3000, 0x1000);
	CHECK_EQ(ws.host_loc, HOST_B);
	expect_end(&ws);
	gasp_guest_destroy(gsp);
}

static void without_host_host_loc_is_zero(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state ws;
	memset(&ws, 0xAA, sizeof(ws));
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A));
	gasp_walk_init(&ws, gsp, 0, 0);
	expect_next(&ws, 0x1000, 0x2000);
	CHECK_EQ(ws.host_loc, 0);
	gasp_guest_destroy(gsp);
}

static void host_chunks_one_by_one(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x5000, GASP_RAM, 0x2000), EOK);
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT));
	EXPECT_WALK(gsp, 0, GWS_HOST, { 0, 0x2000 }, { 0x2000, 0x2000 }, { 0x4000, 0x1000 });
	gasp_guest_destroy(gsp);
}

static void init_fills_the_public_fields(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state ws;
	memset(&ws, 0xAA, sizeof(ws));
	gasp_walk_init(&ws, gsp, 0x3000, GWS_HOST);
	CHECK(ws.gsp == gsp);
	CHECK_EQ(ws.max_length, 0x3000);
	CHECK_EQ(ws.flags, GWS_HOST);
	gasp_guest_destroy(gsp);
}

static void both_ends_of_the_space(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0, 0x1000, RAM, HOST_A), mem_at(TOP - 0x1FFF, 0x2000, RAM, HOST_B));
	EXPECT_WALK(gsp, 0, 0, { 0, 0x1000 }, { TOP - 0x1FFF, 0x2000 });
	EXPECT_WALK(gsp, 0x1000, GWS_HOST, { 0, 0x1000 }, { TOP - 0x1FFF, 0x1000 },
		    { TOP - 0xFFF, 0x1000 });
	EXPECT_WALK(gsp, 0xFFF, 0, { 0, 0xFFF }, { 0xFFF, 1 }, { TOP - 0x1FFF, 0xFFF },
		    { TOP - 0x1000, 0xFFF }, { TOP - 1, 2 });
	gasp_guest_destroy(gsp);
}

static void entries_past_4_gib(void)
{
	struct guest_system *gsp = guest();
	uint64_t gib = UINT64_C(1) << 30;
	CHECK_EQ(gasp_guest_add_memory(gsp, gib, 9 * gib, GASP_RAM, 0), EOK);
	EXPECT_WALK(gsp, 0, 0, { gib, 9 * gib });
	EXPECT_WALK(gsp, 5 * gib, GWS_HOST, { gib, 5 * gib }, { 6 * gib, 4 * gib });
	gasp_guest_destroy(gsp);
}

static void each_step_sees_the_map_of_its_moment(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state ws;
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem_at(0x4000, 0x1000, RAM, HOST_B));
	gasp_walk_init(&ws, gsp, 0, 0);
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_B));
	expect_next(&ws, 0x1000, 0x2000);
	CHECK_SET(gsp, del(0x4000, 0x1000), del(0x1000, 0x1000), mem_at(0x8000, 0x1000, RAM, HOST_A));
	expect_next(&ws, 0x8000, 0x1000);
	CHECK_SET(gsp, mem_at(0x5000, 0x1000, RAM, HOST_A));
	expect_end(&ws);
	gasp_guest_destroy(gsp);
}

static void the_cursor_stays_inside_of_a_run_that_changed(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state ws;
	CHECK_SET(gsp, mem_at(0x1000, 0x4000, RAM, HOST_A));
	gasp_walk_init(&ws, gsp, 0x1000, 0);
	expect_next(&ws, 0x1000, 0x1000);
	CHECK_SET(gsp, del(0x1000, 0x1000), del(0x3000, 0x1000));
	expect_next(&ws, 0x2000, 0x1000);
	expect_next(&ws, 0x4000, 0x1000);
	expect_end(&ws);
	gasp_guest_destroy(gsp);
}

static void walks_are_independent(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state one, two;
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A));
	gasp_walk_init(&one, gsp, 0x1000, 0);
	expect_next(&one, 0x1000, 0x1000);
	gasp_walk_init(&two, gsp, 0, 0);
	expect_next(&two, 0x1000, 0x2000);
	expect_next(&one, 0x2000, 0x1000);
	expect_end(&one);
	expect_end(&two);
	gasp_walk_init(&one, gsp, 0, 0);
	expect_next(&one, 0x1000, 0x2000);
	gasp_guest_destroy(gsp);
}

static void a_copied_state_goes_on_by_itself(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state one, two;
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A));
	gasp_walk_init(&one, gsp, 0x1000, 0);
	expect_next(&one, 0x1000, 0x1000);
	two = one;
	expect_next(&one, 0x2000, 0x1000);
	expect_next(&two, 0x2000, 0x1000);
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest(), *dead = dead_guest();
	struct gasp_walk_state ws;
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A));
	gasp_walk_init(NULL, gsp, 0, 0);
	CHECK_EQ(gasp_walk_next(NULL), 0);
	gasp_walk_init(&ws, NULL, 0, 0);
	CHECK_EQ(gasp_walk_next(&ws), 0);
	gasp_walk_init(&ws, dead, 0, 0);
	CHECK_EQ(gasp_walk_next(&ws), 0);
	gasp_walk_init(&ws, gsp, 0, 0x80000000u);
	CHECK_EQ(gasp_walk_next(&ws), 0);
	gasp_walk_init(&ws, gsp, 0, 2);
	CHECK_EQ(gasp_walk_next(&ws), 0);
	gasp_guest_destroy(gsp);
}

static void the_guest_goes_during_a_walk(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state ws;
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A));
	gasp_walk_init(&ws, gsp, 0x1000, 0);
	expect_next(&ws, 0x1000, 0x1000);
	gasp_guest_destroy(gsp);
	expect_end(&ws);
}

static void counts_of_bad_arguments(void)
{
	struct guest_system *gsp = guest(), *dead = dead_guest();
	errno = 0;
	CHECK_EQ(gasp_walk_count(NULL, 0, 0), 0);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_walk_count(dead, 0, 0), 0);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_walk_count(gsp, 0, 0xFFFFFFFFu), 0);
	CHECK_EQ(errno, EINVAL);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_walk_count(gsp, 0, 0), 0);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(no_memory_no_entry), CASE(ram_and_rom_in_ascending_order),
	CASE(rights_cookies_and_host_do_not_matter), CASE(without_the_memory_flag_it_is_a_gap),
	CASE(ports_are_not_walked), CASE(cut_at_max_length),
	CASE(more_entries_than_anybody_could_step_through),
	CASE(host_cuts_where_host_memory_jumps), CASE(host_fills_host_loc),
	CASE(without_host_host_loc_is_zero), CASE(host_chunks_one_by_one),
	CASE(init_fills_the_public_fields), CASE(both_ends_of_the_space),
	CASE(entries_past_4_gib), CASE(each_step_sees_the_map_of_its_moment),
	CASE(the_cursor_stays_inside_of_a_run_that_changed), CASE(walks_are_independent),
	CASE(a_copied_state_goes_on_by_itself), CASE(bad_arguments),
	CASE(the_guest_goes_during_a_walk), CASE(counts_of_bad_arguments),
};

TEST_MAIN(cases)
