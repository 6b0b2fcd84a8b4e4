/* The rights that a region had before it was trapped (specification 2, "Saved rights").
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define STUCK ((uint32_t)(GRF_MEMORY | GRF_DMA_SOURCE | GRF_DMA_TARGET))

static struct guest_system *guest_with_page(uint32_t flags)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, flags, HOST_A));
	return gsp;
}

static void trapping_ram_saves_its_rights(void)
{
	struct guest_system *gsp = guest_with_page(RAM);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, saved(GRF_PASS_ANY, span_at(0x1000, 0x1fff, VIRT | STUCK, HOST_A)));
	gasp_guest_destroy(gsp);
}

static void trapping_saves_nocache(void)
{
	struct guest_system *gsp = guest_with_page(GRF_PASS_RD | GRF_NOCACHE);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, saved(GRF_PASS_RD | GRF_NOCACHE, span_at(0x1000, 0x1fff, VIRT, HOST_A)));
	gasp_guest_destroy(gsp);
}

static void each_right_has_its_own_bit(void)
{
	struct guest_system *gsp = guest();
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 1);
	struct gasp_region r;
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_WR, HOST_A), mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(r.flags, VIRT | GRF_ACTIVE | 0x20000000u);
	CHECK_SET(gsp, mem(0x1000, 0x1000, GRF_PASS_EX | GRF_NOCACHE), mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(r.flags, VIRT | GRF_ACTIVE | 0xC0000000u);
	gasp_guest_destroy(gsp);
}

static void nocache_without_a_pass_right_is_not_saved(void)
{
	struct guest_system *gsp = guest_with_page(GRF_MEMORY | GRF_NOCACHE);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, VIRT | GRF_MEMORY, HOST_A));
	gasp_guest_destroy(gsp);
}

static void one_trapped_right_saves_all(void)
{
	struct guest_system *gsp = guest_with_page(GRF_PASS_ANY);
	CHECK_SET(gsp, mem(0x1000, 0x1000, GRF_PASS_RD | GRF_VIRT_WR));
	CHECK_MEM(gsp, saved(GRF_PASS_ANY,
		  span_at(0x1000, 0x1fff, GRF_PASS_RD | GRF_VIRT_WR, HOST_A)));
	gasp_guest_destroy(gsp);
}

static void trapping_again_keeps_what_was_saved(void)
{
	struct guest_system *gsp = guest_with_page(GRF_PASS_ANY);
	CHECK_SET(gsp, mem(0x1000, 0x1000, GRF_PASS_RD | GRF_VIRT_WR));
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, saved(GRF_PASS_ANY, span_at(0x1000, 0x1fff, VIRT, HOST_A)));
	gasp_guest_destroy(gsp);
}

static void releasing_the_trap_forgets(void)
{
	struct guest_system *gsp = guest_with_page(GRF_PASS_ANY);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), mem(0x1000, 0x1000, GRF_PASS_RD));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_PASS_RD, HOST_A));
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, saved(GRF_PASS_RD, span_at(0x1000, 0x1fff, VIRT, HOST_A)));
	gasp_guest_destroy(gsp);
}

static void flags_without_any_right_forget(void)
{
	struct guest_system *gsp = guest_with_page(GRF_PASS_ANY);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), mem(0x1000, 0x1000, GRF_NOPERMS));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_NOPERMS, HOST_A));
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, VIRT, HOST_A));
	gasp_guest_destroy(gsp);
}

static void an_added_trap_has_nothing_saved(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_VIRT_WR | GRF_PASS_RD, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_VIRT_WR | GRF_PASS_RD, HOST_A));
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, VIRT, HOST_A));
	gasp_guest_destroy(gsp);
}

static void deleting_forgets(void)
{
	struct guest_system *gsp = guest_with_page(GRF_PASS_ANY);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), del(0x1000, 0x1000), mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void input_backup_nibble_is_not_taken(void)
{
	struct guest_system *gsp = guest_with_page(GRF_PASS_RD);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | GRF_BACKUP_MASK));
	CHECK_MEM(gsp, saved(GRF_PASS_RD, span_at(0x1000, 0x1fff, VIRT, HOST_A)));
	gasp_guest_destroy(gsp);
}

static void saved_rights_alone_split_regions(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_RD, HOST_A),
		  mem_at(0x2000, 0x1000, GRF_PASS_WR, HOST_A + 0x1000));
	CHECK_SET(gsp, mem(0x1000, 0x2000, VIRT));
	CHECK_MEM(gsp, saved(GRF_PASS_RD, span_at(0x1000, 0x1fff, VIRT, HOST_A)),
		  saved(GRF_PASS_WR, span_at(0x2000, 0x2fff, VIRT, HOST_A + 0x1000)));
	gasp_guest_destroy(gsp);
}

static void ports_save_too(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port_at(0x60, 4, GRF_PASS_RD | GRF_PASS_WR, 0x60), port(0x61, 1, VIRT));
	CHECK_PORTS(gsp, span_at(0x60, 0x60, GRF_PASS_RD | GRF_PASS_WR, 0x60),
		    saved(GRF_PASS_RD | GRF_PASS_WR, span_at(0x61, 0x61, VIRT, 0x61)),
		    span_at(0x62, 0x63, GRF_PASS_RD | GRF_PASS_WR, 0x62));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(trapping_ram_saves_its_rights), CASE(trapping_saves_nocache),
	CASE(each_right_has_its_own_bit), CASE(nocache_without_a_pass_right_is_not_saved),
	CASE(one_trapped_right_saves_all), CASE(trapping_again_keeps_what_was_saved),
	CASE(releasing_the_trap_forgets), CASE(flags_without_any_right_forget),
	CASE(an_added_trap_has_nothing_saved), CASE(deleting_forgets),
	CASE(input_backup_nibble_is_not_taken), CASE(saved_rights_alone_split_regions),
	CASE(ports_save_too),
};

TEST_MAIN(cases)
