/* gasp_guest_set(): flags, report, costs, dry runs (specification 11.6 and 11.7).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "set_whole.h"

static struct gasp_report report;
static struct book book;

/* ---- Arguments ---- */

static void flags_that_are_unknown(void)
{
	static const unsigned unknown[] = { 16, 0x80000000u, 0xFFFFFFFFu, WHOLE | DRY | 32 };
	struct guest_system *gsp = guest();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	errno = ERRNO_MARK;
	for (unsigned i = 0; i < COUNT(unknown); i++) {
		report = report_of(sizeof(report));
		CHECK_EQ(gasp_guest_set(gsp, 1, &r, unknown[i], &report), EINVAL);
		CHECK_EQ(report.index, 0x5A5A5A5Au);
		CHECK_EQ(gasp_guest_set(gsp, 0, NULL, unknown[i], NULL), EINVAL);
	}
	CHECK_HAS(gasp_last_error(), "unknown GASP_SET flags");
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void no_elements(void)
{
	static const unsigned flags[] = { 0, WHOLE, DRY, WHOLE | DRY };
	struct guest_system *gsp = guest();
	struct gasp_region bad = mem(0, 0, 0xFFFFFFFFu);
	for (unsigned i = 0; i < COUNT(flags); i++) {
		guest_set_expect(__FILE__, __LINE__, gsp, flags[i], EOK, 0, 0, NULL, &report);
		CHECK_EQ(report.cost.slots_left, UINT64_MAX);
		CHECK_EQ(report.conflict.flags, 0);
		CHECK_EQ(gasp_guest_set(gsp, 0, &bad, flags[i], NULL), EOK);
	}
	gasp_guest_destroy(gsp);
}

/* Unlike gasp_region_set_soft(), which examines nothing if the count is 0. */
static void no_elements_and_a_bad_guest(void)
{
	struct guest_system *dead = dead_guest();
	CHECK_EQ(gasp_guest_set(NULL, 0, NULL, 0, NULL), EINVAL);
	CHECK_EQ(gasp_guest_set(dead, 0, NULL, 0, NULL), EINVAL);
}

static void bad_pointers(void)
{
	struct guest_system *gsp = guest(), *dead = dead_guest();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	errno = ERRNO_MARK;
	report = report_of(sizeof(report));
	CHECK_EQ(gasp_guest_set(NULL, 1, &r, 0, &report), EINVAL);
	CHECK_EQ(gasp_guest_set(dead, 1, &r, 0, &report), EINVAL);
	CHECK_EQ(report.index, 0x5A5A5A5Au);
	CHECK_EQ(gasp_guest_set(gsp, 1, NULL, 0, NULL), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
	guest_set_expect(__FILE__, __LINE__, gsp, 0, EINVAL, 0, 1, NULL, &report);
	guest_set_expect(__FILE__, __LINE__, gsp, WHOLE, EINVAL, 0, UINT32_MAX, NULL, &report);
	CHECK_STR(gasp_last_error(), "rgn is NULL");
	gasp_guest_destroy(gsp);
}

struct newer {
	struct gasp_report now;
	uint64_t later[2];
};

static void sizes_of_the_report(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	struct newer n;
	for (size_t size = 0; size < sizeof(report); size++) {
		report = report_of(size);
		CHECK_EQ(gasp_guest_set(gsp, 1, &r, 0, &report), EINVAL);
		CHECK_EQ(report.index, 0x5A5A5A5Au);
	}
	CHECK_HAS(gasp_last_error(), "report->size");
	CHECK_EMPTY(gsp, QST_MEMORY);
	memset(&n, 0x5A, sizeof(n));
	n.now.size = sizeof(n);
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, 0, &n.now), EOK);
	CHECK_EQ(n.now.size, sizeof(n));
	CHECK_EQ(n.now.index, 1);
	CHECK_EQ(n.later[0], UINT64_C(0x5A5A5A5A5A5A5A5A));
	gasp_guest_destroy(gsp);
}

/* gasp_guest_set() makes every refusal of gasp_region_set_soft(). */
static void refusals_are_those_of_set_soft(void)
{
	struct guest_system *gsp = guest();
	const struct gasp_region bad[] = {
		element(QST_VIRTUAL, 0x1000, 1, VIRT), mem(0x1000, 0, VIRT), mem(TOP, 2, VIRT),
		mem(0x1000, 1, 1u << 16), mem(0x1000, 1, GRF_ACTIVE), mem(0x1000, 1, VIRT | GRF_PASS_RD),
		mem(0x1800, 0x1000, GRF_PASS_RD), mem(0x1000, 0x1000, RAM),
		port_at(0, 2, GRF_PASS_RD, 0xFFFF) };
	for (unsigned i = 0; i < COUNT(bad); i++) {
		struct gasp_region r[2] = { mem(0x1000, 0x1000, VIRT), bad[i] };
		CHECK_EQ(gasp_guest_set(gsp, 1, &bad[i], 0, NULL), EINVAL);
		CHECK_EQ(gasp_guest_set(gsp, 1, &bad[i], WHOLE, NULL), EINVAL);
		guest_set_expect(__FILE__, __LINE__, gsp, WHOLE, EINVAL, 1, 2, r, &report);
		CHECK_HAS(gasp_last_error(), "rgn[1] of 2, ");
		CHECK_EMPTY(gsp, QST_MEMORY);
	}
	gasp_guest_destroy(gsp);
}

/* ---- Locks ---- */

static void it_takes_the_locks_itself(void)
{
	struct guest_system *gsp = strict_guest();
	struct gasp_region r[2] = { mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT) };
	gasp_guest_start(gsp);
	CHECK_EQ(gasp_guest_set(gsp, 2, r, 0, NULL), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EPERM);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	r[0].cookie = 1;
	CHECK_EQ(gasp_guest_set(gsp, 2, r, WHOLE, NULL), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	gasp_guest_destroy(gsp);
}

struct setter {
	struct guest_system *gsp;
	unsigned flags;
	int result;
	int done;
};

static void *set_both_spaces(void *arg)
{
	struct setter *s = (struct setter *)arg;
	struct gasp_region r[2] = { port(0x60, 1, VIRT), mem(0x1000, 0x1000, VIRT) };
	s->result = gasp_guest_set(s->gsp, 2, r, s->flags, NULL);
	flag_set(&s->done, 1);
	return NULL;
}

static void it_waits_for_both_locks(void)
{
	static const unsigned flags[] = { 0, WHOLE, DRY };
	for (unsigned i = 0; i < COUNT(flags); i++) {
		struct guest_system *gsp = guest();
		struct setter s = { gsp, flags[i], -1, 0 };
		CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
		pthread_t thread = thread_start(set_both_spaces, &s);
		sleep_ms(30);
		CHECK_EQ(flag_get(&s.done), 0);
		CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
		pthread_join(thread, NULL);
		CHECK_EQ(s.result, EOK);
		gasp_guest_destroy(gsp);
	}
}

/* ---- Costs ---- */

static struct follower costly(struct guest_system *gsp, int number, int64_t slots, uint64_t left,
			      uint64_t ioctls)
{
	struct follower f = follower_of(gsp, &book, number);
	f.cost.slots = slots;
	f.cost.slots_left = left;
	f.cost.ioctls = ioctls;
	return f;
}

static void costs_are_sums_and_what_is_left_is_the_least(void)
{
	struct guest_system *gsp = guest();
	struct follower a = costly(gsp, 1, 3, 100, 5), b = costly(gsp, 2, -1, 7, 2);
	struct follower c = follower_of(gsp, &book, 3);
	struct gasp_region r[1] = { mem(0x1000, 0x1000, VIRT) };
	follow(&a);
	follow(&b);
	follow(&c);
	guest_set_expect(__FILE__, __LINE__, gsp, DRY, EOK, 1, 1, r, &report);
	CHECK_ORDER(&book, "1e 2e 3e");
	CHECK_EQ(report.cost.slots, 2);
	CHECK_EQ(report.cost.slots_left, 7);
	CHECK_EQ(report.cost.ioctls, 7);
	book.n = 0;
	guest_set_expect(__FILE__, __LINE__, gsp, 0, EOK, 1, 1, r, &report);
	CHECK_ORDER(&book, "1e 2e 3e 1p 2p 3p 1c 2c 3c");
	CHECK_EQ(report.cost.slots, 2);
	CHECK_EQ(report.cost.ioctls, 7);
	book.n = 0;
	r[0].cookie = 1;
	CHECK_EQ(gasp_guest_set(gsp, 1, r, 0, NULL), EOK); /* without a report, estimate is not called */
	CHECK_ORDER(&book, "1p 2p 3p 1c 2c 3c");
	gasp_guest_destroy(gsp);
}

static void costs_do_not_wrap(void)
{
	struct guest_system *gsp = guest();
	struct follower a = costly(gsp, 1, INT64_MAX, UINT64_MAX, UINT64_MAX);
	struct follower b = costly(gsp, 2, 1, 0, 1);
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	follow(&a);
	follow(&b);
	guest_set_expect(__FILE__, __LINE__, gsp, DRY, EOK, 1, 1, &r, &report);
	CHECK_EQ(report.cost.slots, INT64_MAX);
	CHECK_EQ(report.cost.slots_left, 0);
	CHECK_EQ(report.cost.ioctls, UINT64_MAX);
	gasp_guest_destroy(gsp);
}

/* If an element is refused, the cost is that of the elements that take effect. */
static void a_refused_element_and_the_cost_of_those_before(void)
{
	struct guest_system *gsp = guest();
	struct follower a = costly(gsp, 1, 3, 100, 5);
	struct gasp_region r[2] = { mem(0x1000, 0x1000, VIRT), mem(0, 0, VIRT) };
	follow(&a);
	guest_set_expect(__FILE__, __LINE__, gsp, DRY, EINVAL, 1, 2, r, &report);
	CHECK_EQ(report.cost.slots, 3);
	guest_set_expect(__FILE__, __LINE__, gsp, DRY | WHOLE, EINVAL, 1, 2, r, &report);
	CHECK_EQ(report.cost.slots, 0);
	guest_set_expect(__FILE__, __LINE__, gsp, 0, EINVAL, 1, 2, r, &report);
	CHECK_EQ(report.cost.slots, 3);
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void estimate_refuses(void)
{
	struct guest_system *gsp = guest();
	struct follower a = costly(gsp, 1, 3, 100, 5), b = costly(gsp, 2, 3, 100, 5);
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	follow(&a);
	follow(&b);
	a.estimate_refuses = ENOSPC;
	struct state before = state_of(gsp);
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, DRY, NULL), ENOSPC);
	guest_set_expect(__FILE__, __LINE__, gsp, DRY, ENOSPC, 0, 1, &r, &report);
	CHECK_EQ(report.cost.slots, 0);
	CHECK_EQ(report.cost.slots_left, UINT64_MAX);
	guest_set_expect(__FILE__, __LINE__, gsp, WHOLE, ENOSPC, 0, 1, &r, &report);
	CHECK_ORDER(&book, "1e 1e 1e");
	CHECK_UNCHANGED(gsp, &before);
	a.estimate_refuses = -5;
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, DRY, NULL), EINVAL);
	/* Without a report estimate is not called, so it cannot refuse, and prepare agrees. */
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, 0, NULL), EOK);
	gasp_guest_destroy(gsp);
}

/* The cost is that of the refused change, also where an element was refused before. */
static void prepare_refuses(void)
{
	struct guest_system *gsp = guest();
	struct follower a = costly(gsp, 1, 3, 100, 5), b = costly(gsp, 2, 4, 90, 6);
	struct gasp_region r[2] = { mem(0x1000, 0x1000, VIRT), mem(0, 0, VIRT) };
	follow(&a);
	follow(&b);
	b.refuses = EBUSY;
	struct state before = state_of(gsp);
	for (unsigned n = 1; n <= COUNT(r); n++) {
		guest_set_expect(__FILE__, __LINE__, gsp, 0, EBUSY, 0, n, r, &report);
		CHECK_EQ(report.cost.slots, 7);
		CHECK_EQ(report.cost.slots_left, 90);
		CHECK_EQ(report.cost.ioctls, 11);
	}
	CHECK_UNCHANGED(gsp, &before);
	gasp_guest_destroy(gsp);
}

/* ---- Dry runs ---- */

/* Each element of a dry run sees the ones before it, as in a real call. */
static void a_dry_run_sees_its_own_elements(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r[3] = { mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS), mem(0x3000, 1, VIRT),
				    mem(0x1800, 0x1000, VIRT) };
	guest_set_expect(__FILE__, __LINE__, gsp, DRY, EEXIST, 2, 3, r, &report);
	CHECK_CONFLICT(&report, QST_MEMORY, span(0x1000, 0x1fff, VIRT | GRF_PRECIOUS));
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 0);
	CHECK_SET(gsp, mem(0x8000, 1, VIRT));
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 1);
	gasp_guest_destroy(gsp);
}

static void a_dry_run_of_many_elements_leaves_nothing(void)
{
	static struct gasp_region many[3000];
	struct guest_system *gsp = guest();
	for (unsigned i = 0; i < COUNT(many); i++)
		many[i] = cookie(i, mem(i * 0x2000u, 0x1000, VIRT));
	for (unsigned i = 0; i < 20; i++)
		guest_set_expect(__FILE__, __LINE__, gsp, i % 2 ? DRY : DRY | WHOLE, EOK, COUNT(many),
				 COUNT(many), many, &report);
	CHECK_EMPTY(gsp, QST_MEMORY);
	guest_set_expect(__FILE__, __LINE__, gsp, WHOLE, EOK, COUNT(many), COUNT(many), many, &report);
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 1);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(flags_that_are_unknown), CASE(no_elements), CASE(no_elements_and_a_bad_guest),
	CASE(bad_pointers), CASE(sizes_of_the_report), CASE(refusals_are_those_of_set_soft),
	CASE(it_takes_the_locks_itself), CASE(it_waits_for_both_locks),
	CASE(costs_are_sums_and_what_is_left_is_the_least), CASE(costs_do_not_wrap),
	CASE(a_refused_element_and_the_cost_of_those_before), CASE(estimate_refuses), CASE(prepare_refuses),
	CASE(a_dry_run_sees_its_own_elements), CASE(a_dry_run_of_many_elements_leaves_nothing),
};

TEST_MAIN(cases)
