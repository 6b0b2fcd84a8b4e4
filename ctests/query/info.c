/* gasp_region_info() (specification 3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

/* RAM in [0x1000, 0x4fff], a trap with cookie 7 in [0x5000, 0x57ff], ports 0x60 to 0x6f. */
static struct guest_system *filled_guest(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x4000, RAM, HOST_A),
		  vdev(vdev_a(), cookie(7, mem(0x5000, 0x800, VIRT))),
		  port_at(0x60, 0x10, GRF_PASS_ANY, 0x160));
	return gsp;
}

static struct gasp_region info(struct guest_system *gsp, unsigned type, uint64_t location,
			       uint32_t length)
{
	struct qvm_state_block blk = block(type, location, length);
	struct gasp_region r;
	memset(&r, 0xAA, sizeof(r));
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	return r;
}

/* The call fails, leaves *rgn as it was, and leaves errno alone. */
static void refused(struct guest_system *gsp, int err, struct qvm_state_block blk)
{
	struct gasp_region r, untouched;
	memset(&r, 0xAA, sizeof(r));
	untouched = r;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), err);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK(memcmp(&r, &untouched, sizeof(r)) == 0);
}

static void every_field_of_ram(void)
{
	struct guest_system *gsp = filled_guest();
	struct gasp_region r = info(gsp, QST_MEMORY, 0x1000, 0x4000);
	CHECK_EQ(r.flags, RAM | GRF_ACTIVE);
	CHECK_EQ(r.cookie, 0);
	CHECK(r.vdev == NULL);
	CHECK_EQ(r.host_location, HOST_A);
	CHECK_EQ(r.guest.location, 0x1000);
	CHECK_EQ(r.guest.length, 0x4000);
	CHECK_EQ(r.guest.type, QST_MEMORY);
	CHECK_EQ(r.guest.flags, 0);
	gasp_guest_destroy(gsp);
}

static void every_field_of_a_trap(void)
{
	struct guest_system *gsp = filled_guest();
	struct gasp_region r = info(gsp, QST_MEMORY, 0x5000, 0x800);
	CHECK_EQ(r.flags, VIRT | GRF_ACTIVE);
	CHECK_EQ(r.cookie, 7);
	CHECK(r.vdev == vdev_a());
	CHECK_EQ(r.host_location, 0);
	CHECK_EQ(r.guest.location, 0x5000);
	CHECK_EQ(r.guest.length, 0x800);
	gasp_guest_destroy(gsp);
}

static void every_field_of_ports(void)
{
	struct guest_system *gsp = filled_guest();
	struct gasp_region r = info(gsp, QST_X86_IO, 0x64, 4);
	CHECK_EQ(r.flags, GRF_PASS_ANY | GRF_ACTIVE);
	CHECK_EQ(r.host_location, 0x164);
	CHECK_EQ(r.guest.location, 0x64);
	CHECK_EQ(r.guest.length, 4);
	CHECK_EQ(r.guest.type, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void a_trapped_page_of_ram(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_SET(gsp, vdev(vdev_b(), cookie(9, mem(0x2000, 0x1000, GRF_VIRT_WR | GRF_PASS_RD))));
	struct gasp_region r = info(gsp, QST_MEMORY, 0x2800, 0x2000);
	CHECK_EQ(r.flags, GRF_VIRT_WR | GRF_PASS_RD | GRF_MEMORY | GRF_DMA_SOURCE | GRF_DMA_TARGET
		 | GRF_ACTIVE | (uint32_t)GRF_PASS_ANY << GRF_BACKUP_SHIFT);
	CHECK_EQ(r.cookie, 9);
	CHECK(r.vdev == vdev_b());
	CHECK_EQ(r.host_location, HOST_A + 0x1800);
	CHECK_EQ(r.guest.length, 0x800);
	gasp_guest_destroy(gsp);
}

static void clipped_to_the_query(void)
{
	struct guest_system *gsp = filled_guest();
	struct gasp_region r = info(gsp, QST_MEMORY, 0x2000, 0x1000);
	CHECK_EQ(r.guest.location, 0x2000);
	CHECK_EQ(r.guest.length, 0x1000);
	CHECK_EQ(r.host_location, HOST_A + 0x1000);
	gasp_guest_destroy(gsp);
}

static void clipped_to_the_region(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(info(gsp, QST_MEMORY, 0x4fff, 0x1000).guest.length, 1);
	CHECK_EQ(info(gsp, QST_MEMORY, 0x1000, 0xFFFFFFFFu).guest.length, 0x4000);
	CHECK_EQ(info(gsp, QST_MEMORY, 0x57ff, 2).guest.length, 1);
	CHECK_EQ(info(gsp, QST_X86_IO, 0x6f, 0xff91).guest.length, 1);
	gasp_guest_destroy(gsp);
}

static void one_byte_in_the_middle(void)
{
	struct guest_system *gsp = filled_guest();
	struct gasp_region r = info(gsp, QST_MEMORY, 0x1234, 1);
	CHECK_EQ(r.guest.location, 0x1234);
	CHECK_EQ(r.guest.length, 1);
	CHECK_EQ(r.host_location, HOST_A + 0x234);
	gasp_guest_destroy(gsp);
}

static void the_type_is_that_of_the_query(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(info(gsp, QST_PCI_IO, 0x1000, 1).guest.type, QST_PCI_IO);
	CHECK_EQ(info(gsp, QST_PCI_IO, 0x1000, 1).host_location, HOST_A);
	gasp_guest_destroy(gsp);
}

static void block_flags_are_ignored(void)
{
	struct guest_system *gsp = filled_guest();
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 1);
	struct gasp_region r;
	blk.flags = 0xFFFF;
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(r.guest.flags, 0);
	gasp_guest_destroy(gsp);
}

static void the_block_may_be_in_the_region(void)
{
	struct guest_system *gsp = filled_guest();
	struct gasp_region r;
	memset(&r, 0xAA, sizeof(r));
	r.guest = block(QST_MEMORY, 0x4800, 0x1000);
	CHECK_EQ(gasp_region_info(gsp, &r.guest, &r), EOK);
	CHECK_EQ(r.flags, RAM | GRF_ACTIVE);
	CHECK_EQ(r.guest.location, 0x4800);
	CHECK_EQ(r.guest.length, 0x800);
	CHECK_EQ(r.host_location, HOST_A + 0x3800);
	gasp_guest_destroy(gsp);
}

static void errno_is_left_alone_on_success(void)
{
	struct guest_system *gsp = filled_guest();
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 1);
	struct gasp_region r;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void absent_locations(void)
{
	struct guest_system *gsp = filled_guest();
	refused(gsp, ENXIO, block(QST_MEMORY, 0x0fff, 0x1000));
	refused(gsp, ENXIO, block(QST_MEMORY, 0x5800, 1));
	refused(gsp, ENXIO, block(QST_X86_IO, 0x5f, 2));
	refused(gsp, ENXIO, block(QST_X86_IO, 0x70, 1));
	refused(gsp, ENXIO, block(QST_X86_IO, 0x1000, 1));
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = filled_guest();
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 1);
	struct gasp_region r;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_region_info(gsp, &blk, NULL), EINVAL);
	CHECK_EQ(gasp_region_info(gsp, NULL, &r), EINVAL);
	CHECK_EQ(gasp_region_info(gsp, NULL, NULL), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
	refused(NULL, EINVAL, blk);
	refused(dead_guest(), EINVAL, blk);
	gasp_guest_destroy(gsp);
}

static void bad_blocks(void)
{
	struct guest_system *gsp = filled_guest();
	refused(gsp, EINVAL, block(QST_MEMORY, 0x1000, 0));
	refused(gsp, EINVAL, block(QST_MEMORY, 0, 0));
	refused(gsp, EINVAL, block(QST_MEMORY, TOP, 2));
	refused(gsp, EINVAL, block(QST_X86_IO, 0x60, 0xffa1));
	refused(gsp, EINVAL, block(QST_X86_IO, 0x10000, 1));
	refused(gsp, EINVAL, block(QST_VIRTUAL, 0x1000, 1));
	refused(gsp, EINVAL, block(QST_HOST, 0x1000, 1));
	refused(gsp, EINVAL, block(QST_X86_SEGREGS, 0x60, 1));
	refused(gsp, EINVAL, block(QST_NO_TYPE, 0x1000, 1));
	gasp_guest_destroy(gsp);
}

static void setting_what_info_returned_changes_nothing(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_SET(gsp, cookie(9, mem(0x2000, 0x1000, GRF_VIRT_WR | GRF_PASS_RD)),
		  mem(0x8000, 0x1000, VIRT | GRF_PRECIOUS), mem(0x3000, 0x1000, GRF_NOPERMS));
	struct map before;
	map_read(gsp, QST_MEMORY, &before);
	CHECK_SET(gsp, info(gsp, QST_MEMORY, 0x1000, 0x10000));
	CHECK_SET(gsp, info(gsp, QST_MEMORY, 0x2000, 0x10000));
	CHECK_SET(gsp, info(gsp, QST_MEMORY, 0x3000, 0x1000));
	CHECK_SET(gsp, info(gsp, QST_MEMORY, 0x5000, 0x1000));
	CHECK_SET(gsp, info(gsp, QST_MEMORY, 0x8000, 0x10000));
	map_expect(__FILE__, __LINE__, gsp, QST_MEMORY, before.spans, before.n);
	CHECK_SET(gsp, info(gsp, QST_X86_IO, 0x68, 4));
	CHECK_PORTS(gsp, span_at(0x60, 0x6f, GRF_PASS_ANY, 0x160));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(every_field_of_ram), CASE(every_field_of_a_trap), CASE(every_field_of_ports),
	CASE(a_trapped_page_of_ram), CASE(clipped_to_the_query), CASE(clipped_to_the_region),
	CASE(one_byte_in_the_middle), CASE(the_type_is_that_of_the_query),
	CASE(block_flags_are_ignored), CASE(the_block_may_be_in_the_region),
	CASE(errno_is_left_alone_on_success), CASE(absent_locations), CASE(bad_arguments),
	CASE(bad_blocks), CASE(setting_what_info_returned_changes_nothing),
};

TEST_MAIN(cases)
