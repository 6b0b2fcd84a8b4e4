/* The delete loop of QNX's page on gasp_region_set(), as printed (it never sets GRF_NONE) and
 * with GRF_NONE, on memory that consists of pieces (specification 3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

/* The pieces that a loop has visited. */
struct visits {
	unsigned n;
	struct gasp_region pieces[64];
};

static struct visits no_visits(void)
{
	struct visits visits;
	memset(&visits, 0, sizeof(visits));
	return visits;
}

static int note(struct visits *visits, const struct gasp_region *rgn)
{
	if (visits->n == COUNT(visits->pieces))
		return 0;
	visits->pieces[visits->n++] = *rgn;
	return 1;
}

/* As printed: sets each piece as gasp_region_info() returned it. */
static void loop_as_printed(struct guest_system *gsp, struct qvm_state_block blk,
			    struct visits *visits)
{
	struct gasp_region rgn;
	while (blk.length != 0) {
		if (gasp_region_info(gsp, &blk, &rgn) != EOK || !note(visits, &rgn))
			return;
		gasp_region_set(gsp, 1, &rgn);
		blk.location += rgn.guest.length;
		blk.length -= rgn.guest.length;
	}
}

/* With the line that the page lacks. */
static void loop_that_deletes(struct guest_system *gsp, struct qvm_state_block blk,
			      struct visits *visits)
{
	struct gasp_region rgn;
	while (blk.length != 0) {
		if (gasp_region_info(gsp, &blk, &rgn) != EOK || !note(visits, &rgn))
			return;
		rgn.flags = GRF_NONE;
		gasp_region_set(gsp, 1, &rgn);
		blk.location += rgn.guest.length;
		blk.length -= rgn.guest.length;
	}
}

/* The pieces cover [first, last] without gaps, in order. */
static void check_cover(const struct visits *visits, uint64_t first, uint64_t last)
{
	uint64_t at = first;
	for (unsigned i = 0; i < visits->n; i++) {
		CHECK_EQ(visits->pieces[i].guest.location, at);
		CHECK(visits->pieces[i].guest.length != 0);
		at += visits->pieces[i].guest.length;
	}
	CHECK_EQ(at, last + 1);
}

/* Both loops over [0x3000, 0xcfff] of [0, 0xffff]. */
static void both_loops(struct guest_system *gsp, unsigned n_pieces)
{
	struct qvm_state_block blk = block(QST_MEMORY, 0x3000, 0xa000);
	struct visits printed = no_visits(), deleting = no_visits();
	struct map before, after;
	map_read(gsp, QST_MEMORY, &before);
	loop_as_printed(gsp, blk, &printed);
	CHECK_EQ(printed.n, n_pieces);
	check_cover(&printed, 0x3000, 0xcfff);
	map_expect(__FILE__, __LINE__, gsp, QST_MEMORY, before.spans, before.n);

	loop_that_deletes(gsp, blk, &deleting);
	CHECK_EQ(deleting.n, n_pieces);
	check_cover(&deleting, 0x3000, 0xcfff);
	CHECK_SET(gsp, mem(0x3000, 0xa000, VIRT));
	map_read(gsp, QST_MEMORY, &after);
	unsigned traps = 0;
	for (unsigned i = 0; i < after.n; i++)
		if (after.spans[i].location == 0x3000 && after.spans[i].last == 0xcfff)
			traps++;
	CHECK_EQ(traps, 1);	/* the loop deleted everything: the new range is one region */
}

/* The loops changed nothing outside their range. */
static void check_rest(struct guest_system *gsp)
{
	struct gasp_span s;
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0x2fff, &s), EOK);
	CHECK_EQ(s.last, 0x2fff);
	CHECK_EQ(s.flags, RAM | GRF_ACTIVE);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0xd000, &s), EOK);
	CHECK_EQ(s.location, 0xd000);
	CHECK_EQ(s.flags, RAM | GRF_ACTIVE);
}

static void change_flags(struct guest_system *gsp)
{
	CHECK_SET(gsp, cookie(1, mem(0x5000, 0x1000, VIRT)), mem(0x6000, 0x1000, ROM),
		  cookie(2, mem(0xa000, 0x1000, GRF_VIRT_WR | GRF_PASS_RD)));
}

static void split_by_host_chunks(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0x2000), EOK);
	both_loops(gsp, 6);
	check_rest(gsp);
	gasp_guest_destroy(gsp);
}

static void split_by_flag_changes(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0), EOK);
	change_flags(gsp);
	both_loops(gsp, 6);
	check_rest(gsp);
	gasp_guest_destroy(gsp);
}

static void split_by_both(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0x2000), EOK);
	change_flags(gsp);
	both_loops(gsp, 9);
	check_rest(gsp);
	gasp_guest_destroy(gsp);
}

static void in_strict_mode(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0x2000), EOK);
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	change_flags(gsp);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	struct visits printed = no_visits(), deleting = no_visits();
	loop_as_printed(gsp, block(QST_MEMORY, 0x3000, 0xa000), &printed);
	check_cover(&printed, 0x3000, 0xcfff);
	CHECK_EQ(printed.n, 9);
	loop_that_deletes(gsp, block(QST_MEMORY, 0x3000, 0xa000), &deleting);
	check_cover(&deleting, 0x3000, 0xcfff);
	CHECK_EQ(deleting.n, 9);
	check_rest(gsp);
	struct gasp_span s;
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0x3000, &s), EOK);
	CHECK_EQ(s.location, 0xd000);
	gasp_guest_destroy(gsp);
}

static void through_the_pci_io_alias(void)
{
	struct guest_system *gsp = guest();
	struct visits deleting = no_visits();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0x2000), EOK);
	loop_that_deletes(gsp, block(QST_PCI_IO, 0x3000, 0xa000), &deleting);
	CHECK_EQ(deleting.n, 6);
	check_cover(&deleting, 0x3000, 0xcfff);
	gasp_guest_destroy(gsp);
}

static void over_ports(void)
{
	struct guest_system *gsp = guest();
	struct visits printed = no_visits(), deleting = no_visits();
	CHECK_SET(gsp, port_at(0x60, 8, GRF_PASS_ANY, 0x60), cookie(1, port(0x62, 1, VIRT)),
		  cookie(2, port(0x65, 2, VIRT)));
	loop_as_printed(gsp, block(QST_X86_IO, 0x61, 6), &printed);
	CHECK_EQ(printed.n, 4);
	check_cover(&printed, 0x61, 0x66);
	loop_that_deletes(gsp, block(QST_X86_IO, 0x61, 6), &deleting);
	CHECK_EQ(deleting.n, 4);
	CHECK_PORTS(gsp, span_at(0x60, 0x60, GRF_PASS_ANY, 0x60),
		    span_at(0x67, 0x67, GRF_PASS_ANY, 0x67));
	gasp_guest_destroy(gsp);
}

static void the_whole_of_one_region(void)
{
	struct guest_system *gsp = guest();
	struct visits printed = no_visits(), deleting = no_visits();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0), EOK);
	loop_as_printed(gsp, block(QST_MEMORY, 0, 0x10000), &printed);
	CHECK_EQ(printed.n, 1);
	loop_that_deletes(gsp, block(QST_MEMORY, 0, 0x10000), &deleting);
	CHECK_EQ(deleting.n, 1);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void up_to_the_end_of_the_space(void)
{
	struct guest_system *gsp = guest();
	struct visits deleting = no_visits();
	CHECK_SET(gsp, mem(TOP - 0x1FFF, 0x1000, VIRT), cookie(1, mem(TOP - 0xFFF, 0x1000, VIRT)));
	loop_that_deletes(gsp, block(QST_MEMORY, TOP - 0x1FFF, 0x2000), &deleting);
	CHECK_EQ(deleting.n, 2);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(split_by_host_chunks), CASE(split_by_flag_changes), CASE(split_by_both),
	CASE(in_strict_mode), CASE(through_the_pci_io_alias), CASE(over_ports),
	CASE(the_whole_of_one_region), CASE(up_to_the_end_of_the_space),
};

TEST_MAIN(cases)
