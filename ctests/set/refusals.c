/* Every row of the table of refusals, and the order of its rows (specification 2).
 * A refusal at index 0 is also checked to leave both spaces as they were.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define PRECIOUS ((uint32_t)GRF_PRECIOUS)

/* RAM in [0x1000, 0x2fff], a PRECIOUS trap in [0x3000, 0x3fff], PRECIOUS RAM in
 * [0x5000, 0x6fff]. */
static void fill(struct guest_system *gsp)
{
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A), mem(0x3000, 0x1000, VIRT | PRECIOUS),
		  mem_at(0x5000, 0x2000, RAM | PRECIOUS, HOST_B));
}

static struct guest_system *filled_guest(void)
{
	struct guest_system *gsp = guest();
	fill(gsp);
	return gsp;
}

/* Strict and started; this thread does not hold the lock. */
static struct guest_system *filled_strict_guest(void)
{
	struct guest_system *gsp = strict_guest();
	fill(gsp);
	gasp_guest_start(gsp);
	return gsp;
}

/* ---- Each row ---- */

static void bad_pointers(void)
{
	struct guest_system *gsp = filled_guest(), *dead = dead_guest();
	CHECK_REFUSED(NULL, 0, EINVAL, mem(0x1000, 0x1000, VIRT));
	CHECK_REFUSED(dead, 0, EINVAL, mem(0x1000, 0x1000, VIRT));
	errno = 0;
	CHECK_EQ(gasp_region_set_soft(gsp, 2, NULL), 0);
	CHECK_EQ(errno, EINVAL);
	gasp_guest_destroy(gsp);
}

static void bad_types(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, element(QST_VIRTUAL, 0x8000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, element(QST_PCI, 0x8000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, element(QST_IMMEDIATE, 0x8000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, element(QST_X86_MSR, 0x8000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, element(QST_NO_TYPE, 0x8000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, element(QST_NO_TYPE, 0x1000, 0x1000, GRF_NONE));
	gasp_guest_destroy(gsp);
}

static void length_zero(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x8000, 0, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0, GRF_NONE));
	CHECK_REFUSED(gsp, 0, EINVAL, port(0x60, 0, VIRT));
	gasp_guest_destroy(gsp);
}

static void past_the_end(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem(TOP, 2, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(TOP - 0xFFF, 0x1001, GRF_NONE));
	CHECK_REFUSED(gsp, 0, EINVAL, port(0xFFFF, 2, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, port(0x10000, 1, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, port(0, 0x10001, GRF_NONE));
	CHECK_REFUSED(gsp, 0, EINVAL, port(TOP, 1, VIRT));
	gasp_guest_destroy(gsp);
}

static void undefined_flag_bits(void)
{
	struct guest_system *gsp = filled_guest();
	for (unsigned bit = 16; bit < 28; bit++) {
		CHECK_REFUSED(gsp, 0, EINVAL, mem(0x8000, 0x1000, VIRT | 1u << bit));
		CHECK_REFUSED(gsp, 0, EINVAL, mem(0x8000, 0x1000, 1u << bit));
	}
	gasp_guest_destroy(gsp);
}

static void nothing_left_of_flags(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x1000, GRF_ACTIVE));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x1000, GRF_BACKUP_MASK));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x1000, GRF_ACTIVE | 0x10000000u));
	gasp_guest_destroy(gsp);
}

static void pass_and_trap_the_same_access(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x1000, GRF_VIRT_RD | GRF_PASS_RD, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x1000, GRF_VIRT_WR | GRF_PASS_WR, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x1000, GRF_VIRT_EX | GRF_PASS_EX, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, port_at(0x60, 1, GRF_VIRT_RD | GRF_PASS_ANY, 0x60));
	CHECK_SET(gsp, port_at(0x60, 1, GRF_VIRT_RD | GRF_PASS_WR | GRF_PASS_EX, 0x60));
	gasp_guest_destroy(gsp);
}

static void memory_off_page(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8001, 0x1000, GRF_PASS_RD, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x1001, GRF_PASS_WR, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0xFFF, GRF_PASS_EX, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8800, 0x1000, GRF_MEMORY, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x800, GRF_MEMORY | VIRT, HOST_A));
	CHECK_SET(gsp, port_at(0x61, 3, GRF_PASS_RD | GRF_MEMORY, 0x61));
	gasp_guest_destroy(gsp);
}

static void bad_host_of_memory(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x1000, RAM, 0));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x1000, RAM, HOST_A + 1));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x1000, RAM, HOST_A + 0x800));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x2000, RAM, TOP - 0xFFF));
	CHECK_REFUSED(gsp, 1, EINVAL, mem_at(0x1000, 0x1000, RAM, 0), mem_at(0, 0x2000, RAM, 0));
	CHECK_SET(gsp, mem_at(0x8000, 0x1000, RAM, TOP - 0xFFF));
	gasp_guest_destroy(gsp);
}

static void bad_host_where_only_a_part_needs_it(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0, 0x3000, RAM, 0));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0, 0x3000, RAM, TOP - 0x1FFF));
	gasp_guest_destroy(gsp);
}

static void bad_host_of_ports(void)
{
	struct guest_system *gsp = guest();
	CHECK_REFUSED(gsp, 0, EINVAL, port_at(0x60, 2, GRF_PASS_ANY, 0xFFFF));
	CHECK_REFUSED(gsp, 0, EINVAL, port_at(0x60, 1, GRF_PASS_ANY, 0x10000));
	CHECK_REFUSED(gsp, 0, EINVAL, port_at(0x60, 1, GRF_PASS_ANY, TOP));
	CHECK_REFUSED(gsp, 0, EINVAL, port_at(0x60, 2, GRF_PASS_ANY, TOP));
	CHECK_SET(gsp, port_at(0x60, 1, GRF_PASS_ANY, 0xFFFF), port_at(0x70, 2, VIRT, TOP));
	gasp_guest_destroy(gsp);
}

static void strict_without_the_lock(void)
{
	struct guest_system *gsp = filled_strict_guest();
	CHECK_REFUSED(gsp, 0, EPERM, mem(0x8000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EPERM, port(0x60, 1, VIRT));
	gasp_lock(gsp, QST_MEMORY);
	CHECK_REFUSED(gsp, 0, EPERM, port(0x60, 1, VIRT));
	CHECK_SET(gsp, mem(0x8000, 0x1000, VIRT));
	gasp_unlock(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void meets_a_precious_region(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x2000, 0x2000, VIRT));
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x3000, 0x1001, VIRT));
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x2fff, 0x1001, VIRT));
	CHECK_REFUSED(gsp, 0, EEXIST, del(0x3000, 0x2000));
	CHECK_REFUSED(gsp, 0, EEXIST, del(0, 0xFFFFFFFFu));
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x3000, 0x2000, VIRT | PRECIOUS));
	gasp_guest_destroy(gsp);
}

static void precious_over_something(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x1000, 0x1000, VIRT | PRECIOUS));
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x0, 0x2000, VIRT | PRECIOUS));
	CHECK_REFUSED(gsp, 0, EEXIST, mem_at(0x1000, 0x2000, RAM | PRECIOUS, HOST_A));
	CHECK_SET(gsp, mem(0x3000, 0x1000, VIRT | PRECIOUS), mem(0x9000, 0x10, VIRT | PRECIOUS));
	gasp_guest_destroy(gsp);
}

static void edge_inside_a_page_of_memory(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1800, 0x800, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x800, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1001, 1, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0xFFF, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x0fff, 0x2, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, del(0x2fff, 1));
	CHECK_REFUSED(gsp, 0, EINVAL, del(0x0800, 0x1000));
	CHECK_REFUSED(gsp, 0, EINVAL, del(0x5800, 0x1000));
	gasp_guest_destroy(gsp);
}

static void edge_beside_memory_is_fine(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_SET(gsp, mem(0x0fff, 1, VIRT), mem(0x7000, 1, VIRT), mem(0x4fff, 1, VIRT));
	CHECK_SET(gsp, mem(0x0800, 0x1800, VIRT));
	CHECK_SET(gsp, port_at(0x61, 0x3, GRF_PASS_ANY, 0x61), port(0x62, 1, VIRT));
	gasp_guest_destroy(gsp);
}

static void strict_delete_of_nothing(void)
{
	struct guest_system *gsp = strict_guest();
	fill(gsp);
	CHECK_REFUSED(gsp, 0, ENOENT, del(0x8000, 0x1000));
	CHECK_REFUSED(gsp, 0, ENOENT, del(0x0, 0x2000));
	CHECK_REFUSED(gsp, 0, ENOENT, port(0x60, 1, GRF_NONE));
	gasp_guest_destroy(gsp);
}

static void strict_more_than_one_region(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem_at(0x2000, 0x1000, RAM, HOST_B));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x2000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, del(0x1000, 0x2000));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x0, 0x2000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x2000, 0x2000, VIRT));
	gasp_guest_destroy(gsp);
}

/* ---- The order of the rows: an earlier row wins ---- */

static void bad_argument_before_missing_lock(void)
{
	struct guest_system *gsp = filled_strict_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, element(QST_VIRTUAL, 0x8000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x8000, 0, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(TOP, 2, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x8000, 0x1000, VIRT | 0x10000u));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x800, RAM, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x8000, 0x1000, RAM, 0));
	gasp_guest_destroy(gsp);
}

static void bad_argument_before_precious(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x3000, 0x1001, VIRT | 0x10000u));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x3000, 0x1001, GRF_ACTIVE));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x3000, 0x1001, RAM, HOST_A));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(0x3000, 0x2000, RAM, 0));
	gasp_guest_destroy(gsp);
}

static void missing_lock_before_what_is_there(void)
{
	struct guest_system *gsp = filled_strict_guest();
	CHECK_REFUSED(gsp, 0, EPERM, mem(0x3000, 0x1001, VIRT));
	CHECK_REFUSED(gsp, 0, EPERM, mem(0x1000, 0x800, VIRT));
	CHECK_REFUSED(gsp, 0, EPERM, del(0x8000, 0x1000));
	CHECK_REFUSED(gsp, 0, EPERM, mem(0x0, 0x2000, VIRT));
	gasp_guest_destroy(gsp);
}

static void precious_before_edges(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x2800, 0x1800, VIRT));
	CHECK_REFUSED(gsp, 0, EEXIST, del(0x3000, 0x2800));
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x1800, 0x10, VIRT | PRECIOUS));
	gasp_guest_destroy(gsp);
}

static void precious_before_strict_rows(void)
{
	struct guest_system *gsp = strict_guest();
	fill(gsp);
	CHECK_REFUSED(gsp, 0, EEXIST, del(0x3000, 0x2000));
	CHECK_REFUSED(gsp, 0, EEXIST, del(0x1000, 0x3000));
	CHECK_REFUSED(gsp, 0, EEXIST, mem(0x3000, 0x2000, VIRT));
	gasp_guest_destroy(gsp);
}

static void edges_before_strict_rows(void)
{
	struct guest_system *gsp = strict_guest();
	fill(gsp);
	CHECK_REFUSED(gsp, 0, EINVAL, del(0x0, 0x1800));
	gasp_guest_destroy(gsp);
}

static void absent_before_more_than_one(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, RAM, HOST_A), mem_at(0x2000, 0x1000, RAM, HOST_B));
	CHECK_REFUSED(gsp, 0, ENOENT, del(0x1000, 0x3000));
	CHECK_REFUSED(gsp, 0, ENOENT, del(0x0, 0x3000));
	CHECK_REFUSED(gsp, 0, EINVAL, del(0x1000, 0x2000));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(bad_pointers), CASE(bad_types), CASE(length_zero), CASE(past_the_end),
	CASE(undefined_flag_bits), CASE(nothing_left_of_flags),
	CASE(pass_and_trap_the_same_access), CASE(memory_off_page), CASE(bad_host_of_memory),
	CASE(bad_host_where_only_a_part_needs_it), CASE(bad_host_of_ports),
	CASE(strict_without_the_lock), CASE(meets_a_precious_region),
	CASE(precious_over_something), CASE(edge_inside_a_page_of_memory),
	CASE(edge_beside_memory_is_fine), CASE(strict_delete_of_nothing),
	CASE(strict_more_than_one_region), CASE(bad_argument_before_missing_lock),
	CASE(bad_argument_before_precious), CASE(missing_lock_before_what_is_there),
	CASE(precious_before_edges), CASE(precious_before_strict_rows),
	CASE(edges_before_strict_rows), CASE(absent_before_more_than_one),
};

TEST_MAIN(cases)
