/* gasp_find_free() and gasp_find_free_range() (specification 6).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

/* Traps in [0x1000, 0x1fff] and [0x4000, 0x4fff]; ports 0 to 0x5f and 0x70. */
static struct guest_system *filled_guest(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), mem(0x4000, 0x1000, VIRT), port(0, 0x60, VIRT),
		  port(0x70, 1, VIRT));
	return gsp;
}

/* The answer, with errno left alone. */
static uint64_t found(struct guest_system *gsp, unsigned qst, uint64_t size, uint64_t align,
		      uint64_t min, uint64_t max)
{
	errno = ERRNO_MARK;
	uint64_t at = gasp_find_free_range(gsp, qst, size, align, min, max);
	CHECK_EQ(errno, ERRNO_MARK);
	return at;
}

static int refused(struct guest_system *gsp, unsigned qst, uint64_t size, uint64_t align,
		   uint64_t min, uint64_t max)
{
	errno = 0;
	CHECK_EQ(gasp_find_free_range(gsp, qst, size, align, min, max), QSL_NO_LOCATION);
	return errno;
}

static void lowest_first(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 1), 0);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1000, 1), 0);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1001, 1), 0x2000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x2000, 1), 0x2000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x2001, 1), 0x5000);
	CHECK_EQ(gasp_find_free(gsp, QST_PCI_IO, 0x2001, 1), 0x5000);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 1), 0x60);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 0x10, 1), 0x60);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 0x11, 1), 0x71);
	gasp_guest_destroy(gsp);
}

static void multiples_of_align(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1001, 0x1000), 0x2000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x2001, 0x4000), 0x8000);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 0x11, 0x10), 0x80);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 0x40), 0x80);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 0x10), 0x60);
	gasp_guest_destroy(gsp);
}

static void align_zero_means_one(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_SET(gsp, mem(0, 7, VIRT));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), 7);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 0x11, 0), 0x71);
	gasp_guest_destroy(gsp);
}

static void align_of_half_the_space(void)
{
	struct guest_system *gsp = guest();
	uint64_t half = UINT64_C(1) << 63;
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, half), 0);
	CHECK_SET(gsp, mem(0, 1, VIRT));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, half, half), half);
	CHECK_SET(gsp, mem(half, 1, VIRT));
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, half, 0, TOP), ENOSPC);
	CHECK_EQ(refused(gsp, QST_X86_IO, 1, half, 1, 0xFFFF), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void both_ends_of_the_range_count(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(found(gsp, QST_MEMORY, 0x100, 1, 0x2000, 0x20ff), 0x2000);
	CHECK_EQ(refused(gsp, QST_MEMORY, 0x101, 1, 0x2000, 0x20ff), ENOSPC);
	CHECK_EQ(refused(gsp, QST_MEMORY, 0x100, 1, 0x2001, 0x20ff), ENOSPC);
	CHECK_EQ(found(gsp, QST_MEMORY, 1, 1, 0x2fff, 0x2fff), 0x2fff);
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, 1, 0x1fff, 0x1fff), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void the_range_skips_what_is_taken(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(found(gsp, QST_MEMORY, 0x1000, 1, 0x1800, TOP), 0x2000);
	CHECK_EQ(found(gsp, QST_MEMORY, 0x1000, 0x1000, 0x2001, TOP), 0x3000);
	CHECK_EQ(found(gsp, QST_MEMORY, 0x2000, 0x1000, 0x2001, TOP), 0x5000);
	CHECK_EQ(refused(gsp, QST_MEMORY, 0x2000, 1, 0x2001, 0x5fff), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void the_range_is_clipped_to_the_space(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(found(gsp, QST_X86_IO, 0x100, 0x100, 0xff00, TOP), 0xff00);
	CHECK_EQ(refused(gsp, QST_X86_IO, 0x101, 1, 0xff00, TOP), ENOSPC);
	CHECK_EQ(refused(gsp, QST_X86_IO, 0x10001, 1, 0, TOP), ENOSPC);
	CHECK_EQ(refused(gsp, QST_X86_IO, 1, 1, 0x10000, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void the_whole_of_the_ports(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 0x10000, 0x10000), 0);
	CHECK_EQ(refused(gsp, QST_X86_IO, 0x10001, 0, 0, 0xFFFF), ENOSPC);
	CHECK_SET(gsp, port(0xFFFF, 1, VIRT));
	CHECK_EQ(refused(gsp, QST_X86_IO, 0x10000, 0, 0, 0xFFFF), ENOSPC);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 0xFFFF, 0), 0);
	gasp_guest_destroy(gsp);
}

static void the_last_port(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port(0, 0xFFFF, VIRT));
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 0), 0xFFFF);
	CHECK_EQ(refused(gsp, QST_X86_IO, 2, 0, 0, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void the_top_of_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(found(gsp, QST_MEMORY, 0x1000, 0x1000, TOP - 0xFFF, TOP), TOP - 0xFFF);
	CHECK_EQ(found(gsp, QST_MEMORY, 2, 1, TOP - 1, TOP), TOP - 1);
	CHECK_EQ(refused(gsp, QST_MEMORY, 3, 1, TOP - 1, TOP), ENOSPC);
	CHECK_EQ(refused(gsp, QST_MEMORY, 0x1000, 0x1000, TOP - 0xFFE, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void no_location_is_never_an_answer(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, 1, TOP, TOP), ENOSPC);
	CHECK_SET(gsp, mem(TOP - 1, 1, VIRT));
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, 1, TOP - 1, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void nearly_all_of_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, TOP, 0), 0);
	CHECK_SET(gsp, mem(0, 1, VIRT));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, TOP, 0), 1);
	CHECK_SET(gsp, mem(TOP, 1, VIRT));
	CHECK_EQ(refused(gsp, QST_MEMORY, TOP, 0, 0, TOP), ENOSPC);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, TOP - 1, 0), 1);
	gasp_guest_destroy(gsp);
}

static void reserved_ranges_are_avoided(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0, 0x1000), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x2800, 0x800), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_X86_IO, 0x60, 4), EOK);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), 0x2000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x801, 0), 0x3000);
	CHECK_EQ(found(gsp, QST_MEMORY, 1, 1, 0x2900, TOP), 0x3000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1001, 0), 0x5000);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 0), 0x64);
	gasp_guest_destroy(gsp);
}

static void a_reservation_at_the_top(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, TOP - 0xFFF, 0x1000), EOK);
	CHECK_EQ(refused(gsp, QST_MEMORY, 0x1000, 1, TOP - 0x1FFE, TOP), ENOSPC);
	CHECK_EQ(found(gsp, QST_MEMORY, 0x1000, 1, TOP - 0x1FFF, TOP), TOP - 0x1FFF);
	gasp_guest_destroy(gsp);
}

static void nothing_is_reserved_by_the_call(void)
{
	struct guest_system *gsp = filled_guest();
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x2000, 0x1000), 0x2000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x2000, 0x1000), 0x2000);
	CHECK_SET(gsp, mem(0x2000, 0x2000, VIRT));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x2000, 0x1000), 0x5000);
	CHECK_SET(gsp, del(0x2000, 0x2000));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x2000, 0x1000), 0x2000);
	gasp_guest_destroy(gsp);
}

static void anything_present_is_taken(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0, 1, GRF_NOPERMS), mem_at(0x1000, 0x1000, RAM, HOST_A));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1000, 0), 0x2000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0xFFF, 0), 1);
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = filled_guest(), *dead = dead_guest();
	CHECK_EQ(refused(NULL, QST_MEMORY, 1, 1, 0, TOP), EINVAL);
	CHECK_EQ(refused(dead, QST_MEMORY, 1, 1, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, QST_MEMORY, 0, 1, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, 3, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, 0x1001, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, TOP, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, 1, 0x2000, 0x1fff), EINVAL);
	CHECK_EQ(refused(gsp, QST_MEMORY, 1, 1, TOP, 0), EINVAL);
	CHECK_EQ(refused(gsp, QST_PCI, 1, 1, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, QST_X86_MSR, 1, 1, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, QST_NO_TYPE, 1, 1, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, 0x10000, 1, 1, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, 0x18000, 1, 1, 0, TOP), EINVAL);
	gasp_guest_destroy(gsp);
}

static void bad_arguments_without_a_range(void)
{
	struct guest_system *gsp = filled_guest();
	errno = 0;
	CHECK_EQ(gasp_find_free(NULL, QST_MEMORY, 1, 1), QSL_NO_LOCATION);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0, 1), QSL_NO_LOCATION);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK_EQ(gasp_find_free(gsp, 0x10000, 1, 1), QSL_NO_LOCATION);
	CHECK_EQ(errno, EINVAL);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(lowest_first), CASE(multiples_of_align), CASE(align_zero_means_one),
	CASE(align_of_half_the_space), CASE(both_ends_of_the_range_count),
	CASE(the_range_skips_what_is_taken), CASE(the_range_is_clipped_to_the_space),
	CASE(the_whole_of_the_ports), CASE(the_last_port), CASE(the_top_of_memory),
	CASE(no_location_is_never_an_answer), CASE(nearly_all_of_memory),
	CASE(reserved_ranges_are_avoided), CASE(a_reservation_at_the_top),
	CASE(nothing_is_reserved_by_the_call), CASE(anything_present_is_taken),
	CASE(bad_arguments), CASE(bad_arguments_without_a_range),
};

TEST_MAIN(cases)
