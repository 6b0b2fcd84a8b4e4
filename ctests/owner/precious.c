/* What is PRECIOUS to a vdev stays its own (specification 14.1, 2.5 R12), and the host's flags for
 * it (11.6.6, 11.6.7).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "../listen/set_whole.h"

#define MINE (VIRT | (uint32_t)GRF_PRECIOUS)
#define OVERRIDE GASP_SET_OVERRIDE
#define ABSENT GASP_SET_ONLY_ABSENT

static struct gasp_report report;

static void act_for(vdev_t *vdev)
{
	gasp_acting()->vdev = vdev;
}

/* A guest with a region that is PRECIOUS to the vdev A. */
static struct guest_system *with_a(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 0x2000, MINE)));
	return gsp;
}

#define CHECK_A(gsp) CHECK_MEM((gsp), span_vdev(vdev_a(), span(0x1000, 0x2fff, MINE)))

/* The message of a refused call, which a check of the map would replace. */
static const char *message_for(struct guest_system *gsp, struct gasp_region r)
{
	CHECK_EQ(gasp_region_set_soft(gsp, 1, &r), 0);
	return gasp_last_error();
}

static char *address(vdev_t *vdev)
{
	static char texts[2][32];
	static unsigned next;
	char *text = texts[next++ % 2];
	snprintf(text, sizeof(texts[0]), "the vdev 0x%" PRIx64, (uint64_t)(uintptr_t)vdev);
	return text;
}

/* ---- Threads that act for a vdev ---- */

static void another_vdevs_thread_changes_nothing(void)
{
	struct guest_system *gsp = with_a();
	act_for(vdev_b());
	CHECK_REFUSED(gsp, 0, EEXIST, vdev(vdev_b(), mem(0x1000, 0x2000, MINE)));
	const char *message = message_for(gsp, vdev(vdev_b(), mem(0x1000, 0x2000, MINE)));
	CHECK_HAS(message, "the PRECIOUS region [0x1000, 0x2fff] is of ");
	CHECK_HAS(message, address(vdev_a()));
	CHECK_HAS(message, address(vdev_b()));
	CHECK_REFUSED(gsp, 0, EEXIST, vdev(vdev_b(), mem(0x1800, 0x10, VIRT)));
	CHECK_REFUSED(gsp, 0, EEXIST, vdev(vdev_a(), mem(0x1000, 0x2000, VIRT)));
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x1000, 1, MINE));
	CHECK_REFUSED(gsp, 0, EEXIST, del(0x2fff, 1));
	CHECK_REFUSED(gsp, 1, EEXIST, mem(0x8000, 1, VIRT), del(0x1000, 0x2000));
	act_for(NULL);
	gasp_guest_destroy(gsp);
}

static void its_own_thread_does_what_it_wants(void)
{
	struct guest_system *gsp = with_a();
	act_for(vdev_a());
	CHECK_SET(gsp, vdev(vdev_a(), cookie(1, mem(0x1000, 0x1000, MINE))));
	CHECK_SET(gsp, vdev(vdev_b(), mem(0x1000, 0x1000, MINE)));	/* given away */
	CHECK_REFUSED(gsp, 0, EEXIST, del(0x1000, 0x1000));
	CHECK_SET(gsp, del(0x2000, 0x1000));
	CHECK_MEM(gsp, span_vdev(vdev_b(), span(0x1000, 0x1fff, MINE)));
	act_for(NULL);
	gasp_guest_destroy(gsp);
}

static void what_is_not_precious_is_free(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 0x1000, VIRT)), mem(0x4000, 0x1000, MINE));
	act_for(vdev_b());
	CHECK_SET(gsp, vdev(vdev_b(), mem(0x1000, 0x1000, VIRT)));
	CHECK_SET(gsp, vdev(vdev_b(), mem(0x4000, 0x1000, MINE)));	/* it was nobody's */
	CHECK_SET(gsp, del(0x4000, 0x1000), del(0x1000, 0x1000));
	CHECK_EMPTY(gsp, QST_MEMORY);
	act_for(NULL);
	gasp_guest_destroy(gsp);
}

/* The neighbour is not in the range, and a region of several is found. */
static void only_the_range_counts(void)
{
	struct guest_system *gsp = guest();
	act_for(vdev_a());
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 0x1000, MINE)), vdev(vdev_b(), mem(0x2000, 0x1000, MINE)),
		  vdev(vdev_a(), mem(0x3000, 0x1000, MINE)));
	CHECK_SET(gsp, vdev(vdev_a(), cookie(7, mem(0x1000, 0x1000, MINE))));
	CHECK_SET(gsp, vdev(vdev_a(), cookie(8, mem(0x3000, 0x1000, MINE))));
	CHECK_REFUSED(gsp, 0, EEXIST, vdev(vdev_a(), mem(0x1000, 0x3000, MINE)));
	CHECK_HAS(message_for(gsp, vdev(vdev_a(), mem(0x1000, 0x3000, MINE))), "the PRECIOUS region [0x2000, 0x2fff]");
	act_for(NULL);
	gasp_guest_destroy(gsp);
}

static void at_both_ends_of_both_spaces(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, vdev(vdev_a(), mem(0, 1, MINE)), vdev(vdev_a(), mem(TOP, 1, MINE)),
		  vdev(vdev_a(), port(0, 1, MINE)), vdev(vdev_a(), port(0xffff, 1, MINE)));
	act_for(vdev_b());
	CHECK_REFUSED(gsp, 0, EEXIST, del(0, 1));
	CHECK_REFUSED(gsp, 0, EEXIST, del(TOP, 1));
	CHECK_REFUSED(gsp, 0, EEXIST, port(0, 1, GRF_NONE));
	CHECK_REFUSED(gsp, 0, EEXIST, port(0xffff, 1, GRF_NONE));
	act_for(vdev_a());
	CHECK_SET(gsp, del(0, 1), del(TOP, 1), port(0, 1, GRF_NONE), port(0xffff, 1, GRF_NONE));
	act_for(NULL);
	gasp_guest_destroy(gsp);
}

static void in_strict_mode_too(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, vdev(vdev_a(), mem(0x1000, 0x1000, MINE)));
	act_for(vdev_b());
	CHECK_REFUSED(gsp, 0, EEXIST, vdev(vdev_b(), mem(0x1000, 0x1000, MINE)));
	CHECK_REFUSED(gsp, 0, EEXIST, del(0x1800, 0x10));
	act_for(NULL);
	CHECK_REFUSED(gsp, 0, EEXIST, vdev(vdev_b(), mem(0x1000, 0x1000, MINE)));
	gasp_guest_destroy(gsp);
}

/* ---- Threads that act for nobody ---- */

static void nobody_puts_another_vdev_there(void)
{
	struct guest_system *gsp = with_a();
	CHECK_REFUSED(gsp, 0, EEXIST, vdev(vdev_b(), mem(0x1000, 0x2000, MINE)));
	const char *message = message_for(gsp, vdev(vdev_b(), mem(0x1000, 0x2000, MINE)));
	CHECK_HAS(message, "the PRECIOUS region [0x1000, 0x2fff] is of ");
	CHECK_HAS(message, address(vdev_a()));
	CHECK_HAS(message, address(vdev_b()));
	CHECK_HAS(message, "would take it without a deletion");
	CHECK_REFUSED(gsp, 0, EEXIST, vdev(vdev_b(), mem(0x1800, 1, VIRT)));
	CHECK_A(gsp);
	gasp_guest_destroy(gsp);
}

static void nobody_deletes_and_changes(void)
{
	struct guest_system *gsp = with_a();
	CHECK_SET(gsp, vdev(vdev_a(), cookie(3, mem(0x1000, 0x1000, MINE))));
	CHECK_SET(gsp, del(0x1000, 0x1000), vdev(vdev_b(), mem(0x1000, 0x1000, MINE)));
	CHECK_SET(gsp, mem(0x2000, 0x1000, MINE));
	CHECK_SET(gsp, vdev(vdev_b(), mem(0x2000, 0x1000, MINE)));
	CHECK_MEM(gsp, span_vdev(vdev_b(), span(0x1000, 0x2fff, MINE)));
	gasp_guest_destroy(gsp);
}

static void a_deletion_of_the_call_counts_wherever_it_stands(void)
{
	struct guest_system *gsp = with_a();
	CHECK_NOT_WHOLE(gsp, &report, 0, EEXIST, vdev(vdev_b(), mem(0x1000, 0x2000, MINE)));
	CHECK_CONFLICT(&report, QST_MEMORY, span_vdev(vdev_a(), span(0x1000, 0x2fff, MINE)));
	CHECK_WHOLE(gsp, vdev(vdev_b(), mem(0x1000, 0x2000, MINE)), del(0x1000, 0x2000));
	CHECK_MEM(gsp, span_vdev(vdev_b(), span(0x1000, 0x2fff, MINE)));
	gasp_guest_destroy(gsp);
}

static void *act_for_b_elsewhere(void *gsp)
{
	act_for(vdev_b());
	CHECK_REFUSED((struct guest_system *)gsp, 0, EEXIST, del(0x1000, 0x2000));
	return NULL;
}

static void each_thread_acts_for_its_own(void)
{
	struct guest_system *gsp = with_a();
	act_for(vdev_a());
	thread_run(act_for_b_elsewhere, gsp);
	CHECK_SET(gsp, del(0x1000, 0x2000));
	act_for(NULL);
	gasp_guest_destroy(gsp);
}

/* QNX's twin of the call ends the process. */
static void child_region_set(void)
{
	struct guest_system *gsp = with_a();
	struct gasp_region r = vdev(vdev_b(), mem(0x1000, 0x2000, MINE));
	gasp_region_set(gsp, 1, &r);
}

static void region_set_obeys(void)
{
	struct outcome out = run_child("child_region_set");
	CHECK_EXIT("child_region_set", out, 64);
	CHECK_HAS(out.err, "(EEXIST, errno 17)");
}

/* ---- The host's flags ---- */

static int set_as(struct guest_system *gsp, unsigned flags, struct gasp_region r)
{
	return gasp_guest_set(gsp, 1, &r, flags, NULL);
}

static void the_host_overrides(void)
{
	struct guest_system *gsp = with_a();
	act_for(vdev_b());
	CHECK_EQ(set_as(gsp, OVERRIDE, vdev(vdev_b(), mem(0x1000, 0x1000, MINE))), EOK);
	CHECK_EQ(set_as(gsp, 0, del(0x2000, 0x1000)), EEXIST);
	CHECK_EQ(set_as(gsp, OVERRIDE | WHOLE | DRY, del(0x2000, 0x1000)), EOK);
	CHECK_EQ(set_as(gsp, OVERRIDE | WHOLE, del(0x2000, 0x1000)), EOK);
	CHECK_MEM(gsp, span_vdev(vdev_b(), span(0x1000, 0x1fff, MINE)));
	act_for(NULL);
	gasp_guest_destroy(gsp);
}

/* R7 does not apply either, in both of its halves. */
static void an_override_may_overlap(void)
{
	struct guest_system *gsp = with_a();
	CHECK_EQ(set_as(gsp, 0, mem(0x2000, 0x2000, VIRT)), EEXIST);
	CHECK_EQ(set_as(gsp, OVERRIDE, mem(0x2000, 0x2000, VIRT)), EOK);
	CHECK_MEM(gsp, span_vdev(vdev_a(), span(0x1000, 0x1fff, MINE)), span(0x2000, 0x3fff, VIRT));
	CHECK_EQ(set_as(gsp, 0, mem(0x3000, 0x2000, MINE)), EEXIST);
	CHECK_EQ(set_as(gsp, OVERRIDE, mem(0x3000, 0x2000, MINE)), EOK);
	CHECK_MEM(gsp, span_vdev(vdev_a(), span(0x1000, 0x1fff, MINE)), span(0x2000, 0x2fff, VIRT),
		  span(0x3000, 0x4fff, MINE));
	gasp_guest_destroy(gsp);
}

/* The other refusals stay. */
static void an_override_is_no_more_than_that(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_EQ(set_as(gsp, OVERRIDE, del(0x1000, 0x800)), EINVAL);
	CHECK_EQ(set_as(gsp, OVERRIDE, mem(0x1000, 0, VIRT)), EINVAL);
	CHECK_EQ(set_as(gsp, 16, del(0x1000, 0x1000)), EINVAL);
	gasp_guest_destroy(gsp);
}

static void insertions_find_nothing_there(void)
{
	struct guest_system *gsp = with_a();
	CHECK_EQ(set_as(gsp, ABSENT, mem(0, 0x1000, VIRT)), EOK);
	CHECK_EQ(set_as(gsp, ABSENT, mem(0x3000, 0x1000, VIRT)), EOK);
	CHECK_EQ(set_as(gsp, ABSENT, mem(0xfff, 1, VIRT)), EEXIST);
	CHECK_EQ(set_as(gsp, ABSENT, mem(0x3fff, 2, VIRT)), EEXIST);
	CHECK_EQ(set_as(gsp, ABSENT, vdev(vdev_a(), mem(0x1000, 0x2000, MINE))), EEXIST);
	CHECK_EQ(set_as(gsp, ABSENT | OVERRIDE, mem(0x2fff, 1, VIRT)), EEXIST);
	CHECK_HAS(gasp_last_error(), "overlaps the region [0x1000, 0x2fff]");
	CHECK_EQ(set_as(gsp, ABSENT, del(0, 0x1000)), EOK);
	CHECK_EQ(set_as(gsp, ABSENT, del(0x3000, 0x1000)), EOK);
	CHECK_A(gsp);
	gasp_guest_destroy(gsp);
}

static void insertions_at_the_ends(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(set_as(gsp, ABSENT, mem(0, 1, VIRT)), EOK);
	CHECK_EQ(set_as(gsp, ABSENT, mem(TOP, 1, VIRT)), EOK);
	CHECK_EQ(set_as(gsp, ABSENT, port(0xffff, 1, VIRT)), EOK);
	CHECK_EQ(set_as(gsp, ABSENT, mem(0, 1, VIRT)), EEXIST);
	CHECK_EQ(set_as(gsp, ABSENT, mem(TOP, 1, VIRT)), EEXIST);
	CHECK_EQ(set_as(gsp, ABSENT, port(0xffff, 1, VIRT)), EEXIST);
	gasp_guest_destroy(gsp);
}

/* What the call itself has put there counts, and what it has deleted does not. */
static void insertions_of_one_call(void)
{
	struct guest_system *gsp = with_a();
	const struct gasp_region twice[] = { mem(0x8000, 2, VIRT), mem(0x8001, 2, VIRT) };
	const struct gasp_region instead[] = { mem(0x1000, 0x2000, VIRT), del(0x1000, 0x2000) };
	guest_set_expect(__FILE__, __LINE__, gsp, ABSENT | WHOLE, EEXIST, 1, 2, twice, &report);
	CHECK_CONFLICT(&report, QST_MEMORY, span(0x8000, 0x8001, VIRT));
	guest_set_expect(__FILE__, __LINE__, gsp, ABSENT | WHOLE, EOK, 2, 2, instead, &report);
	CHECK_MEM(gsp, span(0x1000, 0x2fff, VIRT));
	gasp_guest_destroy(gsp);
}

/* The answer is the same where strict mode has reasons of its own. */
static void insertions_in_strict_mode(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(set_as(gsp, ABSENT, mem(0x1000, 0x2000, VIRT)), EEXIST);
	CHECK_EQ(set_as(gsp, 0, mem(0x1000, 0x2000, VIRT)), EINVAL);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(another_vdevs_thread_changes_nothing), CASE(its_own_thread_does_what_it_wants),
	CASE(what_is_not_precious_is_free), CASE(only_the_range_counts),
	CASE(at_both_ends_of_both_spaces), CASE(in_strict_mode_too), CASE(nobody_puts_another_vdev_there),
	CASE(nobody_deletes_and_changes), CASE(a_deletion_of_the_call_counts_wherever_it_stands),
	CASE(each_thread_acts_for_its_own), CASE(region_set_obeys), CASE(the_host_overrides),
	CASE(an_override_may_overlap), CASE(an_override_is_no_more_than_that),
	CASE(insertions_find_nothing_there), CASE(insertions_at_the_ends), CASE(insertions_of_one_call),
	CASE(insertions_in_strict_mode),
};

static const struct test_case children[] = { CASE(child_region_set) };

TEST_MAIN_CHILDREN(cases, children)
