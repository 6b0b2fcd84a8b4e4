/* Adding, modifying and deleting, location by location (specification 2).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static void add_memory_with_backing(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x2fff, RAM, HOST_A));
	CHECK_EMPTY(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void add_trap_with_cookie_and_vdev(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, vdev(vdev_a(), cookie(7, mem(0x1000, 0x10, GRF_VIRT_RD | GRF_VIRT_WR))));
	CHECK_MEM(gsp, span_vdev(vdev_a(),
		span_cookie(7, span(0x1000, 0x100f, GRF_VIRT_RD | GRF_VIRT_WR))));
	gasp_guest_destroy(gsp);
}

static void add_unbacked_ignores_host_location(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, VIRT, 0x123));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void add_memory_flag_alone_is_backed(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_MEMORY, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_MEMORY, HOST_A));
	gasp_guest_destroy(gsp);
}

static void add_trap_with_memory_flag_is_backed(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, VIRT | GRF_MEMORY, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, VIRT | GRF_MEMORY, HOST_A));
	gasp_guest_destroy(gsp);
}

static void add_nocache_alone_is_unbacked(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 1, GRF_NOCACHE, HOST_A));
	CHECK_MEM(gsp, span(0x1000, 0x1000, GRF_NOCACHE));
	gasp_guest_destroy(gsp);
}

static void add_mixed_rights(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_RD | GRF_VIRT_WR, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_PASS_RD | GRF_VIRT_WR, HOST_A));
	gasp_guest_destroy(gsp);
}

static void add_every_defined_flag(void)
{
	struct guest_system *gsp = guest();
	uint32_t rest = 0xFF00u | GRF_NOCACHE;
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, rest | GRF_PASS_ANY, HOST_A),
		  mem_at(0x3000, 0x1000, rest | VIRT, HOST_B));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, rest | GRF_PASS_ANY, HOST_A),
		  span_at(0x3000, 0x3fff, rest | VIRT, HOST_B));
	gasp_guest_destroy(gsp);
}

static void input_active_and_backup_bits_are_ignored(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | GRF_ACTIVE | GRF_BACKUP_MASK));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void input_block_flags_are_ignored(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	r.guest.flags = 0xFFFF;
	CHECK_SET(gsp, r);
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void pci_io_is_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, element(QST_PCI_IO, 0x1000, 0x1000, VIRT), mem(0x2000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x2fff, VIRT));
	CHECK_MAP(gsp, QST_PCI_IO, span(0x1000, 0x2fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void ports_with_host_ports(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port_at(0x3f8, 8, GRF_PASS_RD | GRF_PASS_WR, 0x2f8), port(0x60, 1, VIRT));
	CHECK_PORTS(gsp, span(0x60, 0x60, VIRT),
		    span_at(0x3f8, 0x3ff, GRF_PASS_RD | GRF_PASS_WR, 0x2f8));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void ports_host_zero_is_a_port(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port_at(0x0, 3, GRF_PASS_ANY, 0));
	CHECK_PORTS(gsp, span_at(0, 2, GRF_PASS_ANY, 0));
	gasp_guest_destroy(gsp);
}

static void delete_present_and_absent(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_A), mem(0x4000, 0x10, VIRT));
	CHECK_SET(gsp, del(0x1000, 0x8000));
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_SET(gsp, del(0x1000, 0x8000));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void delete_the_middle(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x4000, RAM, HOST_A));
	CHECK_SET(gsp, del(0x2000, 0x1000));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A),
		  span_at(0x3000, 0x4fff, RAM, HOST_A + 0x2000));
	gasp_guest_destroy(gsp);
}

static void modify_replaces_flags_cookie_vdev(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, vdev(vdev_a(), cookie(1, mem(0x1000, 0x1000, GRF_VIRT_RD | GRF_DMA_USES))));
	CHECK_SET(gsp, vdev(vdev_b(), cookie(2, mem(0x1000, 0x1000, GRF_VIRT_WR))));
	CHECK_MEM(gsp, span_vdev(vdev_b(), span_cookie(2, span(0x1000, 0x1fff, GRF_VIRT_WR))));
	gasp_guest_destroy(gsp);
}

static void modify_keeps_every_sticky_flag(void)
{
	struct guest_system *gsp = guest();
	uint32_t all = 0xFF00u & ~(uint32_t)GRF_PRECIOUS;
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, all | GRF_PASS_RD, HOST_A));
	CHECK_SET(gsp, mem(0x1000, 0x1000, GRF_PASS_WR));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, (uint32_t)GRF_STICKY | GRF_PASS_WR, HOST_A));
	gasp_guest_destroy(gsp);
}

static void modify_drops_what_is_not_sticky(void)
{
	struct guest_system *gsp = guest();
	uint32_t loose = GRF_NOCACHE | GRF_DMA_USES | GRF_DMA_NO_USE | GRF_NOPERMS;
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | loose));
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void delete_forgets_sticky_flags(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_SET(gsp, del(0x1000, 0x1000), mem(0x1000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void modify_adds_where_absent(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_A));
	CHECK_SET(gsp, cookie(3, mem(0x1000, 0x3000, VIRT)));
	CHECK_MEM(gsp, span_cookie(3, span(0x1000, 0x1fff, VIRT)),
		  saved(GRF_PASS_ANY, span_cookie(3, span_at(0x2000, 0x2fff,
			VIRT | GRF_MEMORY | GRF_DMA_SOURCE | GRF_DMA_TARGET, HOST_A))),
		  span_cookie(3, span(0x3000, 0x3fff, VIRT)));
	gasp_guest_destroy(gsp);
}

static void backing_is_kept_on_modify(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_RD, HOST_B));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff,
		  GRF_PASS_RD | GRF_MEMORY | GRF_DMA_SOURCE | GRF_DMA_TARGET, HOST_A));
	gasp_guest_destroy(gsp);
}

static void backing_is_kept_without_any_right(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_RD, HOST_A));
	CHECK_SET(gsp, mem(0x1000, 0x1000, GRF_NOPERMS));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_NOPERMS, HOST_A));
	CHECK_SET(gsp, mem(0x1000, 0x1000, GRF_PASS_ANY));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_PASS_ANY, HOST_A));
	gasp_guest_destroy(gsp);
}

static void backing_comes_with_a_pass_right(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_RD, HOST_A));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_PASS_RD, HOST_A));
	gasp_guest_destroy(gsp);
}

static void backing_comes_by_offset_where_it_lacks(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, GRF_PASS_RD, HOST_A));
	CHECK_SET(gsp, mem_at(0x1000, 0x3000, GRF_PASS_RD, HOST_B));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, GRF_PASS_RD, HOST_B),
		  span_at(0x2000, 0x2fff, GRF_PASS_RD, HOST_A),
		  span_at(0x3000, 0x3fff, GRF_PASS_RD, HOST_B + 0x2000));
	gasp_guest_destroy(gsp);
}

static void bad_host_is_ignored_where_all_is_backed(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, 0x123));
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, TOP));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, RAM, HOST_A));
	gasp_guest_destroy(gsp);
}

static void remap_by_delete_and_add(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_SET(gsp, del(0x1000, 0x1000), mem_at(0x1000, 0x1000, ROM, HOST_B));
	CHECK_MEM(gsp, span_at(0x1000, 0x1fff, ROM, HOST_B));
	gasp_guest_destroy(gsp);
}

static void ports_keep_their_host_port(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port_at(0x60, 2, GRF_PASS_ANY, 0x70));
	CHECK_SET(gsp, cookie(1, port_at(0x61, 1, VIRT, 0x99)));
	CHECK_PORTS(gsp, span_at(0x60, 0x60, GRF_PASS_ANY, 0x70),
		    saved(GRF_PASS_ANY, span_cookie(1, span_at(0x61, 0x61, VIRT, 0x71))));
	gasp_guest_destroy(gsp);
}

static void precious_inside_everything_is_allowed(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x4000, VIRT | GRF_PRECIOUS));
	CHECK_SET(gsp, cookie(1, mem(0x2000, 0x1000, VIRT | GRF_PRECIOUS)));
	CHECK_SET(gsp, cookie(2, mem(0x1800, 0x1000, GRF_VIRT_RD | GRF_PRECIOUS)));
	CHECK_SET(gsp, del(0x4000, 0x1000));
	CHECK_SET(gsp, mem(0x3000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x17ff, VIRT | GRF_PRECIOUS),
		  span_cookie(2, span(0x1800, 0x27ff, GRF_VIRT_RD | GRF_PRECIOUS)),
		  span_cookie(1, span(0x2800, 0x2fff, VIRT | GRF_PRECIOUS)),
		  span(0x3000, 0x3fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void precious_is_not_sticky(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_SET(gsp, del(0x0, 0x3000));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(add_memory_with_backing), CASE(add_trap_with_cookie_and_vdev),
	CASE(add_unbacked_ignores_host_location), CASE(add_memory_flag_alone_is_backed),
	CASE(add_trap_with_memory_flag_is_backed), CASE(add_nocache_alone_is_unbacked),
	CASE(add_mixed_rights), CASE(add_every_defined_flag),
	CASE(input_active_and_backup_bits_are_ignored), CASE(input_block_flags_are_ignored),
	CASE(pci_io_is_memory), CASE(ports_with_host_ports), CASE(ports_host_zero_is_a_port),
	CASE(delete_present_and_absent), CASE(delete_the_middle),
	CASE(modify_replaces_flags_cookie_vdev), CASE(modify_keeps_every_sticky_flag),
	CASE(modify_drops_what_is_not_sticky), CASE(delete_forgets_sticky_flags),
	CASE(modify_adds_where_absent), CASE(backing_is_kept_on_modify),
	CASE(backing_is_kept_without_any_right), CASE(backing_comes_with_a_pass_right),
	CASE(backing_comes_by_offset_where_it_lacks),
	CASE(bad_host_is_ignored_where_all_is_backed), CASE(remap_by_delete_and_add),
	CASE(ports_keep_their_host_port), CASE(precious_inside_everything_is_allowed),
	CASE(precious_is_not_sticky),
};

TEST_MAIN(cases)
