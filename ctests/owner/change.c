/* gasp_guest_change(): elements with 64-bit ends (specification 14.2).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "../listen/set_whole.h"

static struct gasp_change change(uint64_t location, uint64_t last, uint32_t flags)
{
	struct gasp_change c;
	memset(&c, 0, sizeof(c));
	c.type = QST_MEMORY;
	c.location = location;
	c.last = last;
	c.flags = flags;
	return c;
}

static struct gasp_change change_ports(uint64_t location, uint64_t last, uint32_t flags)
{
	struct gasp_change c = change(location, last, flags);
	c.type = QST_X86_IO;
	return c;
}

static struct gasp_change change_at(uint64_t location, uint64_t last, uint32_t flags, uint64_t host)
{
	struct gasp_change c = change(location, last, flags);
	c.host_location = host;
	return c;
}

static int make(struct guest_system *gsp, unsigned flags, struct gasp_change c)
{
	errno = ERRNO_MARK;
	int result = gasp_guest_change(gsp, 1, &c, flags, NULL);
	CHECK_EQ(errno, ERRNO_MARK);
	return result;
}

static void a_bar_of_64_gib_is_one_element(void)
{
	struct guest_system *gsp = guest();
	const uint64_t base = UINT64_C(1) << 40, last = base + (UINT64_C(64) << 30) - 1;
	CHECK_EQ(make(gsp, 0, change_at(base, last, RAM, HOST_A)), EOK);
	CHECK_MEM(gsp, span_at(base, last, RAM, HOST_A));
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 1);
	CHECK_EQ(make(gsp, 0, change(base, last, GRF_NONE)), EOK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void the_whole_space_is_one_element(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(make(gsp, 0, change(0, TOP, VIRT)), EOK);
	CHECK_MEM(gsp, span(0, TOP, VIRT));
	CHECK_EQ(make(gsp, 0, change_ports(0, 0xffff, VIRT)), EOK);
	CHECK_PORTS(gsp, span(0, 0xffff, VIRT));
	CHECK_EQ(make(gsp, 0, change_at(0, TOP, RAM, HOST_A)), EINVAL);	/* no host has so much */
	CHECK_EQ(make(gsp, 0, change(0, TOP, GRF_NONE)), EOK);
	CHECK_EQ(make(gsp, 0, change_ports(0, 0xffff, GRF_NONE)), EOK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EMPTY(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void everything_is_deleted_in_either_mode(void)
{
	struct guest_system *modes[] = { guest(), strict_guest() };
	for (unsigned i = 0; i < 2; i++) {
		struct guest_system *gsp = modes[i];
		CHECK_SET(gsp, mem_at(0, 0x1000, RAM, HOST_A), mem(0x2345, 7, VIRT), mem(TOP, 1, VIRT));
		CHECK_EQ(make(gsp, 0, change(0, TOP, GRF_NONE)), EOK);
		CHECK_EMPTY(gsp, QST_MEMORY);
		CHECK_EQ(make(gsp, 0, change(0, TOP, GRF_NONE)), EOK);
		gasp_guest_destroy(gsp);
	}
}

static void everything_with_something_precious(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 1, VIRT), vdev(vdev_a(), mem(0x2000, 1, VIRT | GRF_PRECIOUS)));
	CHECK_EQ(make(gsp, 0, change(0, TOP, GRF_NONE)), EEXIST);
	CHECK_EQ(make(gsp, GASP_SET_OVERRIDE, change(0, TOP, GRF_NONE)), EOK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void bad_ranges(void)
{
	struct guest_system *gsp = guest();
	struct gasp_change wide = change(0, 1, VIRT);
	CHECK_EQ(make(gsp, 0, change(0x2000, 0x1fff, VIRT)), EINVAL);
	CHECK_STR(gasp_last_error(), "changes[0] of 1, memory [0x2000, 0x1fff], flags VIRT_RD|VIRT_WR|VIRT_EX: "
		  "the last location 0x1fff is below the first one, 0x2000");
	CHECK_EQ(make(gsp, 0, change(TOP, 0, VIRT)), EINVAL);
	CHECK_EQ(make(gsp, 0, change_ports(0, 0x10000, VIRT)), EINVAL);
	CHECK_HAS(gasp_last_error(), "changes[0] of 1, port [0x0, 0x10000], ");
	CHECK_EQ(make(gsp, 0, change_ports(0x10000, 0x10000, GRF_NONE)), EINVAL);
	CHECK_EQ(make(gsp, 0, change_ports(0, TOP, GRF_NONE)), EINVAL);
	wide.type = 0x10000 | QST_MEMORY;
	CHECK_EQ(make(gsp, 0, wide), EINVAL);
	CHECK_HAS(gasp_last_error(), "changes[0] of 1, type 0x10000 [0x0, 0x1], ");
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EMPTY(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void the_other_refusals(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(make(gsp, 0, change(0, 0xffe, RAM)), EINVAL);
	CHECK_EQ(make(gsp, 0, change_at(0, 0xfff, RAM, 1)), EINVAL);
	CHECK_EQ(make(gsp, 0, change(0, 0, GRF_VIRT_RD | GRF_PASS_RD)), EINVAL);
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_EQ(make(gsp, 0, change(0x1800, 0x1fff, GRF_NONE)), EINVAL);
	CHECK_EQ(make(gsp, GASP_SET_ONLY_ABSENT, change(0, TOP, VIRT)), EEXIST);
	CHECK_EQ(make(gsp, 16, change(0, 0, VIRT)), EINVAL);
	gasp_guest_destroy(gsp);
}

static void null_and_nothing(void)
{
	struct guest_system *gsp = guest();
	struct gasp_report report = report_of(sizeof(report));
	struct gasp_change c = change(0, TOP, VIRT);
	CHECK_EQ(gasp_guest_change(gsp, 1, NULL, 0, &report), EINVAL);
	CHECK_HAS(gasp_last_error(), "changes is NULL");
	CHECK_EQ(report.error, EINVAL);
	CHECK_EQ(gasp_guest_change(gsp, 0, NULL, 0, &report), EOK);
	CHECK_EQ(gasp_guest_change(NULL, 1, &c, 0, NULL), EINVAL);
	CHECK_EQ(gasp_guest_change(dead_guest(), 1, &c, 0, NULL), EINVAL);
	report.size = 80;
	CHECK_EQ(gasp_guest_change(gsp, 1, &c, 0, &report), EINVAL);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

/* What a region reads as is an element that changes nothing. */
static void a_span_with_its_type_changes_nothing(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	struct gasp_change c = change(0, 0, 0);
	CHECK_EQ(make(gsp, 0, change_at(0, (UINT64_C(5) << 30) - 1, RAM, HOST_A)), EOK);
	CHECK_SET(gsp, vdev(vdev_a(), cookie(9, mem(0, 0x1000, GRF_VIRT_WR | GRF_PASS_RD))));
	for (uint64_t from = 0; gasp_guest_next(gsp, QST_MEMORY, from, &s) == EOK; from = s.last + 1) {
		c.location = s.location;
		c.last = s.last;
		c.host_location = s.host_location;
		c.vdev = s.vdev;
		c.flags = s.flags;
		c.cookie = s.cookie;
		CHECK_EQ(make(gsp, 0, c), EOK);
	}
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 2);
	gasp_guest_destroy(gsp);
}

static void many_become_visible_at_once(void)
{
	struct guest_system *gsp = guest();
	struct gasp_report report = report_of(sizeof(report));
	const struct gasp_change swap[] = {
		change_at(0, (UINT64_C(1) << 33) - 1, RAM, HOST_B), change(0, TOP, GRF_NONE),
		change_ports(0, 0xffff, VIRT) };
	CHECK_EQ(make(gsp, 0, change_at(0, (UINT64_C(1) << 33) - 1, RAM, HOST_A)), EOK);
	CHECK_EQ(gasp_guest_change(gsp, 3, swap, WHOLE | DRY, &report), EOK);
	CHECK_EQ(report.index, 3);
	CHECK_MEM(gsp, span_at(0, (UINT64_C(1) << 33) - 1, RAM, HOST_A));
	CHECK_EQ(gasp_guest_change(gsp, 3, swap, WHOLE, &report), EOK);
	CHECK_MEM(gsp, span_at(0, (UINT64_C(1) << 33) - 1, RAM, HOST_B));
	CHECK_PORTS(gsp, span(0, 0xffff, VIRT));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(a_bar_of_64_gib_is_one_element), CASE(the_whole_space_is_one_element),
	CASE(everything_is_deleted_in_either_mode), CASE(everything_with_something_precious),
	CASE(bad_ranges), CASE(the_other_refusals), CASE(null_and_nothing),
	CASE(a_span_with_its_type_changes_nothing), CASE(many_become_visible_at_once),
};

TEST_MAIN(cases)
