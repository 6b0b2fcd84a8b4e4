/* A call with many elements: order, refusal in the middle, both spaces (specification 2).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static void zero_elements_look_at_nothing(void)
{
	struct guest_system *gsp = guest(), *dead = dead_guest();
	struct gasp_region bad = mem(0, 0, 0xFFFFFFFFu);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_region_set_soft(gsp, 0, NULL), 0);
	CHECK_EQ(gasp_region_set_soft(gsp, 0, &bad), 0);
	CHECK_EQ(gasp_region_set_soft(NULL, 0, NULL), 0);
	CHECK_EQ(gasp_region_set_soft(dead, 0, &bad), 0);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void the_later_element_wins(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x2000, VIRT)), cookie(2, mem(0x2000, 0x2000, VIRT)));
	CHECK_MEM(gsp, span_cookie(1, span(0x1000, 0x1fff, VIRT)),
		  span_cookie(2, span(0x2000, 0x3fff, VIRT)));
	gasp_guest_destroy(gsp);
}

static void an_element_meets_what_earlier_ones_made(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, saved(GRF_PASS_ANY, span_at(0x1000, 0x1fff,
		  VIRT | GRF_MEMORY | GRF_DMA_SOURCE | GRF_DMA_TARGET, HOST_A)));
	gasp_guest_destroy(gsp);
}

static void an_element_is_refused_by_what_an_earlier_one_made(void)
{
	struct guest_system *gsp = guest();
	CHECK_REFUSED(gsp, 1, EEXIST, mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS),
		      mem(0x1800, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT | GRF_PRECIOUS));
	gasp_guest_destroy(gsp);
}

static void an_element_is_accepted_by_what_an_earlier_one_removed(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_SET(gsp, del(0x1000, 0x1000), mem(0x0, 0x3000, VIRT));
	CHECK_MEM(gsp, span(0x0, 0x2fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void refusal_in_the_middle(void)
{
	struct guest_system *gsp = guest();
	CHECK_REFUSED(gsp, 2, EINVAL, mem(0x1000, 0x1000, VIRT), mem(0x3000, 0x1000, VIRT),
		      mem(0x5000, 0, VIRT), mem(0x7000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT), span(0x3000, 0x3fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void refusal_at_the_last(void)
{
	struct guest_system *gsp = guest();
	CHECK_REFUSED(gsp, 2, EINVAL, mem(0x1000, 0x1000, VIRT), del(0x1000, 0x800),
		      mem(0x1000, 0x1000, VIRT | GRF_PASS_RD));
	CHECK_MEM(gsp, span(0x1800, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void the_first_of_two_refusals_counts(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_REFUSED(gsp, 1, EEXIST, mem(0x3000, 0x1000, VIRT), del(0x0, 0x2000),
		      mem(0x5000, 0, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x5000, 0, VIRT), del(0x0, 0x2000));
	gasp_guest_destroy(gsp);
}

static void a_refused_element_is_all_or_nothing(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x5000, 0x1000, VIRT | GRF_PRECIOUS), mem(0x1000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EEXIST, cookie(1, mem(0x1000, 0x5000, VIRT)));
	CHECK_REFUSED(gsp, 0, EEXIST, del(0x1000, 0x5000));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT), span(0x5000, 0x5fff, VIRT | GRF_PRECIOUS));
	gasp_guest_destroy(gsp);
}

static void swap_two_backings(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem_at(0x2000, 0x1000, RAM, HOST_B));
	CHECK_SET(gsp, del(0x1000, 0x2000), mem_at(0x1000, 0x1000, RAM, HOST_B),
		  mem_at(0x2000, 0x1000, RAM, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_B), span_at(0x2000, 0x2fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static void add_and_delete_leaves_nothing(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT), del(0x1000, 0x1000),
		  port(0x60, 1, GRF_NONE));
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EMPTY(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void both_spaces_in_one_call(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port(0x60, 1, VIRT), mem(0x1000, 0x1000, VIRT), port(0x64, 1, VIRT),
		  element(QST_PCI_IO, 0x3000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT), span(0x3000, 0x3fff, VIRT));
	CHECK_PORTS(gsp, span(0x60, 0x60, VIRT), span(0x64, 0x64, VIRT));
	gasp_guest_destroy(gsp);
}

static void both_spaces_and_a_refusal(void)
{
	struct guest_system *gsp = guest();
	CHECK_REFUSED(gsp, 2, EINVAL, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT),
		      port(0xFFFF, 2, VIRT), mem(0x3000, 0x1000, VIRT), port(0x64, 1, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	CHECK_PORTS(gsp, span(0x60, 0x60, VIRT));
	gasp_guest_destroy(gsp);
}

static void same_numbers_in_both_spaces_do_not_meet(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS), port(0x1000, 0x1000, VIRT));
	CHECK_SET(gsp, port(0x800, 0x1000, GRF_NONE));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT | GRF_PRECIOUS));
	CHECK_PORTS(gsp, span(0x1800, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void strict_elements_meet_earlier_ones(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), del(0x1000, 0x800), del(0x1800, 0x800));
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_REFUSED(gsp, 2, ENOENT, mem(0x1000, 0x1000, VIRT), del(0x1000, 0x1000),
		      del(0x1000, 0x1000));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void strict_lock_of_one_space_is_not_that_of_the_other(void)
{
	struct guest_system *gsp = strict_guest();
	gasp_guest_start(gsp);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_REFUSED(gsp, 1, EPERM, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT),
		      mem(0x3000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	CHECK_EMPTY(gsp, QST_X86_IO);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	gasp_guest_destroy(gsp);
}

static void many_elements(void)
{
	static struct gasp_region many[5000];
	struct guest_system *gsp = guest();
	struct gasp_span s;
	for (unsigned i = 0; i < COUNT(many); i++)
		many[i] = cookie(i, mem(i * 0x2000u, 0x1000, VIRT));
	set_expect(__FILE__, __LINE__, gsp, COUNT(many), many);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 4999 * 0x2000u, &s), EOK);
	CHECK_EQ(s.cookie, 4999);
	many[4321].guest.length = 0;
	for (unsigned i = 0; i < COUNT(many); i++)
		many[i].flags = GRF_NONE;
	refusal_expect(__FILE__, __LINE__, gsp, 4321, EINVAL, COUNT(many), many);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, &s), EOK);
	CHECK_EQ(s.cookie, 4321);
	CHECK_EQ(s.location, 4321 * 0x2000u);
	gasp_guest_destroy(gsp);
}

static void the_fatal_twin_applies_the_same(void)
{
	struct guest_system *gsp = guest();
	const struct gasp_region r[] = {
		mem_at(0x1000, 0x2000, RAM, HOST_A), port(0x60, 1, VIRT), del(0x2000, 0x1000),
	};
	errno = ERRNO_MARK;
	gasp_region_set(gsp, COUNT(r), r);
	gasp_region_set(gsp, 0, NULL);
	gasp_region_set(NULL, 0, NULL);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A));
	CHECK_PORTS(gsp, span(0x60, 0x60, VIRT));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(zero_elements_look_at_nothing), CASE(the_later_element_wins),
	CASE(an_element_meets_what_earlier_ones_made),
	CASE(an_element_is_refused_by_what_an_earlier_one_made),
	CASE(an_element_is_accepted_by_what_an_earlier_one_removed),
	CASE(refusal_in_the_middle), CASE(refusal_at_the_last),
	CASE(the_first_of_two_refusals_counts), CASE(a_refused_element_is_all_or_nothing),
	CASE(swap_two_backings), CASE(add_and_delete_leaves_nothing),
	CASE(both_spaces_in_one_call), CASE(both_spaces_and_a_refusal),
	CASE(same_numbers_in_both_spaces_do_not_meet), CASE(strict_elements_meet_earlier_ones),
	CASE(strict_lock_of_one_space_is_not_that_of_the_other), CASE(many_elements),
	CASE(the_fatal_twin_applies_the_same),
};

TEST_MAIN(cases)
