/* Walks with a filter: every kind of answer (specification 6).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

struct range {
	uint64_t loc, length;
};

/* The candidates that the filters were called with. */
static struct range asked[64];
static unsigned n_asked;

static void note(uint64_t loc, size_t length)
{
	if (n_asked < COUNT(asked)) {
		asked[n_asked].loc = loc;
		asked[n_asked].length = length;
	}
	n_asked++;
}

/* RAM in [0x1000, 0x4fff] and [0x8000, 0x9fff]. */
static struct guest_system *filled_guest(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x4000, RAM, HOST_A), mem_at(0x8000, 0x2000, RAM, HOST_B));
	return gsp;
}

static void expect_walk(const char *what, struct guest_system *gsp, uint64_t max_length,
			unsigned flags, gasp_walk_filter_t filter, const struct range *want,
			unsigned n)
{
	struct gasp_walk_state_filtered ws;
	gasp_walk_init_filtered(&ws, gsp, max_length, flags, filter);
	for (unsigned i = 0; i < n; i++) {
		if (!CHECK(gasp_walk_next_filtered(&ws) != 0))
			fprintf(stderr, "#   %s, entry %u\n", what, i);
		CHECK_EQ(ws.ws.guest_loc, want[i].loc);
		CHECK_EQ(ws.ws.length, want[i].length);
	}
	CHECK_EQ(gasp_walk_next_filtered(&ws), 0);
	CHECK_EQ(gasp_walk_next_filtered(&ws), 0);
	CHECK_EQ(gasp_walk_count_filtered(gsp, max_length, flags, filter), n);
}

#define EXPECT_WALK(gsp, max_length, flags, filter, ...) do { \
		const struct range walk_[] = { __VA_ARGS__ }; \
		expect_walk(#filter, (gsp), (max_length), (flags), (filter), walk_, COUNT(walk_)); \
	} while (0)

/* A walk that checks the candidates. */
static void expect_asked(struct guest_system *gsp, gasp_walk_filter_t filter,
			 const struct range *want, unsigned n)
{
	struct gasp_walk_state_filtered ws;
	n_asked = 0;
	gasp_walk_init_filtered(&ws, gsp, 0, 0, filter);
	while (gasp_walk_next_filtered(&ws) != 0 && n_asked < COUNT(asked))
		continue;
	CHECK_EQ(n_asked, n);
	for (unsigned i = 0; i < n && i < n_asked; i++) {
		CHECK_EQ(asked[i].loc, want[i].loc);
		CHECK_EQ(asked[i].length, want[i].length);
	}
}

#define EXPECT_ASKED(gsp, filter, ...) do { \
		const struct range asked_[] = { __VA_ARGS__ }; \
		expect_asked((gsp), (filter), asked_, COUNT(asked_)); \
	} while (0)

static void take_all(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
}

static void take_none(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*length = 0;
}

static void take_a_page(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*length = 0x1000;
}

/* Only pages with an odd number: [0x1000, 0x1fff], [0x3000, 0x3fff], ... */
static void take_odd_pages(uint64_t *loc, size_t *length)
{
	uint64_t end = *loc + *length, at = *loc | 0x1000;
	note(*loc, *length);
	*loc = at;
	*length = at < end ? 0x1000 : 0;
}

static void take_the_last_page(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*loc += *length - 0x1000;
	*length = 0x1000;
}

/* The first page, then nothing more. */
static void take_one_and_stop(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*length = *loc == 0x1000 || *loc == 0x8000 ? 0x1000 : 0;
}

static void answer_before_the_range(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*loc -= 0x1000;
}

static void answer_after_the_range(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*loc += *length;
}

static void answer_too_long(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*length += 1;
}

static void answer_that_wraps(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*length = SIZE_MAX;
}

static void answer_nowhere(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*loc = UINT64_MAX;
	*length = SIZE_MAX;
}

/* The first page of the run, again and again. */
static void answer_without_progress(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*loc = *loc < 0x8000 ? 0x1000 : 0x8000;
	*length = 0x1000;
}

static void move_with_length_zero(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	*loc += 0x1000;
	*length = 0;
}

static void no_filter_takes_all(void)
{
	struct guest_system *gsp = filled_guest();
	EXPECT_WALK(gsp, 0, 0, NULL, { 0x1000, 0x4000 }, { 0x8000, 0x2000 });
	EXPECT_WALK(gsp, 0x3000, 0, NULL, { 0x1000, 0x3000 }, { 0x4000, 0x1000 },
		    { 0x8000, 0x2000 });
	gasp_guest_destroy(gsp);
}

static void unchanged_takes_all(void)
{
	struct guest_system *gsp = filled_guest();
	EXPECT_WALK(gsp, 0, 0, take_all, { 0x1000, 0x4000 }, { 0x8000, 0x2000 });
	EXPECT_ASKED(gsp, take_all, { 0x1000, 0x4000 }, { 0x8000, 0x2000 });
	gasp_guest_destroy(gsp);
}

static void length_zero_takes_nothing_of_the_run(void)
{
	struct guest_system *gsp = filled_guest();
	expect_walk("take_none", gsp, 0, 0, take_none, NULL, 0);
	EXPECT_ASKED(gsp, take_none, { 0x1000, 0x4000 }, { 0x8000, 0x2000 });
	expect_walk("move", gsp, 0, 0, move_with_length_zero, NULL, 0);
	EXPECT_ASKED(gsp, move_with_length_zero, { 0x1000, 0x4000 }, { 0x8000, 0x2000 });
	gasp_guest_destroy(gsp);
}

static void a_shorter_answer_is_asked_for_the_rest(void)
{
	struct guest_system *gsp = filled_guest();
	EXPECT_WALK(gsp, 0, 0, take_a_page, { 0x1000, 0x1000 }, { 0x2000, 0x1000 },
		    { 0x3000, 0x1000 }, { 0x4000, 0x1000 }, { 0x8000, 0x1000 }, { 0x9000, 0x1000 });
	EXPECT_ASKED(gsp, take_a_page, { 0x1000, 0x4000 }, { 0x2000, 0x3000 }, { 0x3000, 0x2000 },
		     { 0x4000, 0x1000 }, { 0x8000, 0x2000 }, { 0x9000, 0x1000 });
	gasp_guest_destroy(gsp);
}

static void an_answer_may_start_later(void)
{
	struct guest_system *gsp = filled_guest();
	EXPECT_WALK(gsp, 0, 0, take_odd_pages, { 0x1000, 0x1000 }, { 0x3000, 0x1000 },
		    { 0x9000, 0x1000 });
	EXPECT_ASKED(gsp, take_odd_pages, { 0x1000, 0x4000 }, { 0x2000, 0x3000 },
		     { 0x4000, 0x1000 }, { 0x8000, 0x2000 });
	EXPECT_WALK(gsp, 0, 0, take_the_last_page, { 0x4000, 0x1000 }, { 0x9000, 0x1000 });
	EXPECT_ASKED(gsp, take_the_last_page, { 0x1000, 0x4000 }, { 0x8000, 0x2000 });
	gasp_guest_destroy(gsp);
}

static void an_answer_and_then_zero(void)
{
	struct guest_system *gsp = filled_guest();
	EXPECT_WALK(gsp, 0, 0, take_one_and_stop, { 0x1000, 0x1000 }, { 0x8000, 0x1000 });
	EXPECT_ASKED(gsp, take_one_and_stop, { 0x1000, 0x4000 }, { 0x2000, 0x3000 },
		     { 0x8000, 0x2000 }, { 0x9000, 0x1000 });
	gasp_guest_destroy(gsp);
}

static void answers_outside_end_the_run(void)
{
	struct guest_system *gsp = filled_guest();
	expect_walk("before", gsp, 0, 0, answer_before_the_range, NULL, 0);
	expect_walk("after", gsp, 0, 0, answer_after_the_range, NULL, 0);
	expect_walk("too long", gsp, 0, 0, answer_too_long, NULL, 0);
	expect_walk("wraps", gsp, 0, 0, answer_that_wraps, NULL, 0);
	expect_walk("nowhere", gsp, 0, 0, answer_nowhere, NULL, 0);
	EXPECT_ASKED(gsp, answer_after_the_range, { 0x1000, 0x4000 }, { 0x8000, 0x2000 });
	EXPECT_ASKED(gsp, answer_too_long, { 0x1000, 0x4000 }, { 0x8000, 0x2000 });
	gasp_guest_destroy(gsp);
}

static void answers_without_progress_end_the_run(void)
{
	struct guest_system *gsp = filled_guest();
	EXPECT_WALK(gsp, 0, 0, answer_without_progress, { 0x1000, 0x1000 }, { 0x8000, 0x1000 });
	EXPECT_ASKED(gsp, answer_without_progress, { 0x1000, 0x4000 }, { 0x2000, 0x3000 },
		     { 0x8000, 0x2000 }, { 0x9000, 0x1000 });
	gasp_guest_destroy(gsp);
}

static void the_filter_is_asked_before_the_cut_at_max_length(void)
{
	struct guest_system *gsp = filled_guest();
	EXPECT_WALK(gsp, 0x3000, 0, take_all, { 0x1000, 0x3000 }, { 0x4000, 0x1000 },
		    { 0x8000, 0x2000 });
	EXPECT_WALK(gsp, 0x800, 0, take_odd_pages, { 0x1000, 0x800 }, { 0x1800, 0x800 },
		    { 0x3000, 0x800 }, { 0x3800, 0x800 }, { 0x9000, 0x800 }, { 0x9800, 0x800 });
	struct gasp_walk_state_filtered ws;
	n_asked = 0;
	gasp_walk_init_filtered(&ws, gsp, 0x800, 0, take_all);
	CHECK(gasp_walk_next_filtered(&ws) != 0);
	CHECK_EQ(n_asked, 1);
	CHECK_EQ(asked[0].loc, 0x1000);
	CHECK_EQ(asked[0].length, 0x4000);
	gasp_guest_destroy(gsp);
}

static void with_host_locations(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state_filtered ws;
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, RAM, HOST_A), mem_at(0x4000, 0x2000, RAM, HOST_B));
	EXPECT_WALK(gsp, 0, GWS_HOST, take_all, { 0x1000, 0x3000 }, { 0x4000, 0x2000 });
	EXPECT_WALK(gsp, 0, GWS_HOST, take_odd_pages, { 0x1000, 0x1000 }, { 0x3000, 0x1000 },
		    { 0x5000, 0x1000 });
	gasp_walk_init_filtered(&ws, gsp, 0, GWS_HOST, take_odd_pages);
	CHECK(gasp_walk_next_filtered(&ws) != 0);
	CHECK_EQ(ws.ws.host_loc, HOST_A);
	CHECK(gasp_walk_next_filtered(&ws) != 0);
	CHECK_EQ(ws.ws.host_loc, HOST_A + 0x2000);
	CHECK(gasp_walk_next_filtered(&ws) != 0);
	CHECK_EQ(ws.ws.host_loc, HOST_B + 0x1000);
	gasp_guest_destroy(gsp);
}

static void at_the_top_of_the_space(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(TOP - 0x1FFF, 0x2000, RAM, HOST_A));
	EXPECT_WALK(gsp, 0, 0, take_all, { TOP - 0x1FFF, 0x2000 });
	EXPECT_WALK(gsp, 0, 0, take_a_page, { TOP - 0x1FFF, 0x1000 }, { TOP - 0xFFF, 0x1000 });
	EXPECT_WALK(gsp, 0, 0, take_the_last_page, { TOP - 0xFFF, 0x1000 });
	expect_walk("too long", gsp, 0, 0, answer_too_long, NULL, 0);
	gasp_guest_destroy(gsp);
}

static struct guest_system *changed_guest;

/* Wants all of what it deletes a page of. */
static void take_all_but_delete(uint64_t *loc, size_t *length)
{
	note(*loc, *length);
	CHECK_SET(changed_guest, del(*loc + PAGE, PAGE));
}

static void what_is_no_longer_memory_is_not_counted(void)
{
	changed_guest = guest();
	CHECK_SET(changed_guest, mem_at(0x10000, 0x5000, RAM, HOST_A));
	CHECK_EQ(gasp_walk_count_filtered(changed_guest, 0, 0, take_all_but_delete), 2);
	CHECK_SET(changed_guest, mem_at(0x11000, 0x1000, RAM, HOST_A));
	CHECK_EQ(gasp_walk_count_filtered(changed_guest, 0x1000, 0, take_all_but_delete), 4);
	CHECK_SET(changed_guest, mem_at(0x11000, 0x1000, RAM, HOST_A));
	CHECK_EQ(gasp_walk_count_filtered(changed_guest, 0x2000, GWS_HOST, take_all_but_delete), 3);
	gasp_guest_destroy(changed_guest);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = filled_guest(), *dead = dead_guest();
	struct gasp_walk_state_filtered ws;
	gasp_walk_init_filtered(NULL, gsp, 0, 0, take_all);
	CHECK_EQ(gasp_walk_next_filtered(NULL), 0);
	gasp_walk_init_filtered(&ws, NULL, 0, 0, take_all);
	CHECK_EQ(gasp_walk_next_filtered(&ws), 0);
	gasp_walk_init_filtered(&ws, dead, 0, 0, take_all);
	CHECK_EQ(gasp_walk_next_filtered(&ws), 0);
	gasp_walk_init_filtered(&ws, gsp, 0, 0x100, take_all);
	CHECK_EQ(gasp_walk_next_filtered(&ws), 0);
	errno = 0;
	CHECK_EQ(gasp_walk_count_filtered(NULL, 0, 0, take_all), 0);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_walk_count_filtered(dead, 0, 0, NULL), 0);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_walk_count_filtered(gsp, 0, 0x100, take_all), 0);
	CHECK_EQ(errno, EINVAL);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(no_filter_takes_all), CASE(unchanged_takes_all),
	CASE(length_zero_takes_nothing_of_the_run), CASE(a_shorter_answer_is_asked_for_the_rest),
	CASE(an_answer_may_start_later), CASE(an_answer_and_then_zero),
	CASE(answers_outside_end_the_run), CASE(answers_without_progress_end_the_run),
	CASE(the_filter_is_asked_before_the_cut_at_max_length), CASE(with_host_locations),
	CASE(at_the_top_of_the_space), CASE(what_is_no_longer_memory_is_not_counted),
	CASE(bad_arguments),
};

TEST_MAIN(cases)
