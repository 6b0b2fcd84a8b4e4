/* Finding and reserving places inside of RAM and ROM (specification 6).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define TOPMOST ((unsigned)GRAM_HINT_ALIGN_TOP)

/* RAM in [0x10000, 0x1ffff]: the example of QNX's page. */
static struct guest_system *example_guest(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x10000, 0x10000, RAM, HOST_A));
	return gsp;
}

/* ROM in [0x1000, 0x2fff], RAM in [0x3000, 0x4fff], a gap, RAM in [0x8000, 0xbfff]. */
static struct guest_system *mixed_guest(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, ROM, HOST_A), mem_at(0x3000, 0x2000, RAM, HOST_A + 0x2000),
		  mem_at(0x8000, 0x4000, RAM, HOST_B));
	return gsp;
}

static uint64_t found(struct guest_system *gsp, uint64_t size, uint64_t align, unsigned flags)
{
	errno = ERRNO_MARK;
	uint64_t at = gram_find_free(gsp, size, align, flags);
	CHECK_EQ(errno, ERRNO_MARK);
	return at;
}

static int refused(struct guest_system *gsp, uint64_t size, uint64_t align, unsigned flags,
		   uint64_t start, uint64_t end)
{
	errno = 0;
	CHECK_EQ(gram_find_free_range(gsp, size, align, flags, start, end), QSL_NO_LOCATION);
	return errno;
}

static int reserve(struct guest_system *gsp, uint64_t loc, uint64_t size)
{
	errno = ERRNO_MARK;
	int result = gram_reserve(gsp, loc, size);
	CHECK_EQ(errno, ERRNO_MARK);
	return result;
}

static void the_example_of_qnx(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(found(gsp, 0x100, 0x100, 0), 0x10000);
	gasp_guest_destroy(gsp);
	gsp = example_guest();
	CHECK_EQ(found(gsp, 0x100, 0x100, TOPMOST), 0x1FF00);
	gasp_guest_destroy(gsp);
}

static void what_was_found_is_reserved(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(found(gsp, 0x100, 0, 0), 0x10000);
	CHECK_EQ(found(gsp, 0x100, 0, 0), 0x10100);
	CHECK_EQ(found(gsp, 0x100, 0, TOPMOST), 0x1FF00);
	CHECK_EQ(found(gsp, 0x100, 0, TOPMOST), 0x1FE00);
	CHECK_EQ(found(gsp, 0xFC00, 0, TOPMOST), 0x10200);
	CHECK_EQ(refused(gsp, 1, 0, 0, 0, TOP), ENOSPC);
	CHECK_EQ(refused(gsp, 1, 0, TOPMOST, 0, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void align_up_and_down(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(found(gsp, 1, 0, 0), 0x10000);
	CHECK_EQ(found(gsp, 1, 0x10, 0), 0x10010);
	CHECK_EQ(found(gsp, 1, 0x10, 0), 0x10020);
	CHECK_EQ(found(gsp, 0x180, 0x100, TOPMOST), 0x1FE00);
	CHECK_EQ(found(gsp, 0x80, 1, TOPMOST), 0x1FF80);
	CHECK_EQ(refused(gsp, 1, 0x20000, 0, 0, TOP), ENOSPC);
	CHECK_EQ(found(gsp, 1, 0x8000, TOPMOST), 0x18000);
	gasp_guest_destroy(gsp);
}

static void no_hint_means_ram(void)
{
	struct guest_system *gsp = mixed_guest();
	CHECK_EQ(found(gsp, 0x1000, 0, 0), 0x3000);
	CHECK_EQ(found(gsp, 0x1000, 0, GRAM_HINT_RAM), 0x4000);
	CHECK_EQ(found(gsp, 0x1000, 0, 0), 0x8000);
	gasp_guest_destroy(gsp);
}

static void rom_hint(void)
{
	struct guest_system *gsp = mixed_guest();
	CHECK_EQ(found(gsp, 0x1000, 0, GRAM_HINT_ROM), 0x1000);
	CHECK_EQ(found(gsp, 0x1000, 0, GRAM_HINT_ROM | TOPMOST), 0x2000);
	CHECK_EQ(refused(gsp, 1, 0, GRAM_HINT_ROM, 0, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void both_hints(void)
{
	struct guest_system *gsp = mixed_guest();
	CHECK_EQ(found(gsp, 0x2000, 0, GRAM_HINT_RAM | GRAM_HINT_ROM), 0x1000);
	CHECK_EQ(found(gsp, 0x2000, 0, GRAM_HINT_RAM | GRAM_HINT_ROM), 0x3000);
	CHECK_EQ(found(gsp, 0x1000, 0, GRAM_HINT_RAM | GRAM_HINT_ROM | TOPMOST), 0xb000);
	gasp_guest_destroy(gsp);
}

static void ram_and_rom_do_not_make_one_place(void)
{
	struct guest_system *gsp = mixed_guest();
	CHECK_EQ(found(gsp, 0x3000, 0, 0), 0x8000);
	CHECK_EQ(refused(gsp, 0x3000, 0, GRAM_HINT_ROM, 0, TOP), ENOSPC);
	CHECK_EQ(refused(gsp, 0x3000, 0, 0, 0, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void pieces_of_one_run_make_one_place(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x8000, GASP_RAM, 0x1000), EOK);
	CHECK_SET(gsp, cookie(1, mem(0x3000, 0x1000, RAM)));
	CHECK_EQ(found(gsp, 0x8000, 0, 0), 0);
	gasp_guest_destroy(gsp);
}

static void trapped_ram_is_still_ram(void)
{
	struct guest_system *gsp = mixed_guest();
	CHECK_SET(gsp, mem(0x8000, 0x4000, VIRT));
	CHECK_EQ(found(gsp, 0x4000, 0, 0), 0x8000);
	gasp_guest_destroy(gsp);
}

static void trapped_rom_is_still_rom(void)
{
	struct guest_system *gsp = mixed_guest();
	CHECK_SET(gsp, mem(0x1000, 0x2000, GRF_VIRT_RD | GRF_VIRT_WR));
	CHECK_EQ(found(gsp, 0x2000, 0, GRAM_HINT_ROM), 0x1000);
	gasp_guest_destroy(gsp);
}

static void ram_without_the_right_to_write_is_rom(void)
{
	struct guest_system *gsp = mixed_guest();
	CHECK_SET(gsp, mem(0x8000, 0x4000, GRF_PASS_RD));
	CHECK_EQ(found(gsp, 0x4000, 0, GRAM_HINT_ROM), 0x8000);
	CHECK_EQ(refused(gsp, 0x3000, 0, 0, 0, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void only_memory_counts(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x1000, GRF_PASS_ANY, HOST_A), mem(0x4000, 0x1000, VIRT));
	CHECK_EQ(refused(gsp, 1, 0, GRAM_HINT_RAM | GRAM_HINT_ROM, 0, TOP), ENOSPC);
	CHECK_EQ(reserve(gsp, 0x1000, 1), ENXIO);
	gasp_guest_destroy(gsp);
}

static void both_ends_of_the_range_count(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(refused(gsp, 0x101, 0, 0, 0x12000, 0x120ff), ENOSPC);
	CHECK_EQ(refused(gsp, 0x100, 0, 0, 0x12001, 0x120ff), ENOSPC);
	CHECK_EQ(gram_find_free_range(gsp, 0x100, 0, 0, 0x12000, 0x120ff), 0x12000);
	CHECK_EQ(gram_find_free_range(gsp, 0x100, 0, TOPMOST, 0x13000, 0x133ff), 0x13300);
	CHECK_EQ(gram_find_free_range(gsp, 1, 0, TOPMOST, 0x1ffff, TOP), 0x1ffff);
	CHECK_EQ(gram_find_free_range(gsp, 1, 0, 0, 0, 0x10000), 0x10000);
	CHECK_EQ(refused(gsp, 1, 0, 0, 0, 0xffff), ENOSPC);
	CHECK_EQ(refused(gsp, 1, 0, 0, 0x20000, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void align_inside_of_a_range(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(gram_find_free_range(gsp, 0x100, 0x1000, 0, 0x12001, 0x1ffff), 0x13000);
	CHECK_EQ(gram_find_free_range(gsp, 0x100, 0x1000, TOPMOST, 0, 0x160fe), 0x15000);
	CHECK_EQ(gram_find_free_range(gsp, 0x100, 0x1000, TOPMOST, 0, 0x160ff), 0x16000);
	gasp_guest_destroy(gsp);
}

static void reserve_and_find(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(reserve(gsp, 0x10000, 0x100), EOK);
	CHECK_EQ(reserve(gsp, 0x10180, 0x80), EOK);
	CHECK_EQ(reserve(gsp, 0x1ff00, 0x100), EOK);
	CHECK_EQ(found(gsp, 0x100, 0, 0), 0x10200);
	CHECK_EQ(found(gsp, 0x80, 0, 0), 0x10100);
	CHECK_EQ(found(gsp, 0x80, 0, 0), 0x10300);
	CHECK_EQ(found(gsp, 0x10, 0, TOPMOST), 0x1fef0);
	gasp_guest_destroy(gsp);
}

static void reserve_overlaps(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(reserve(gsp, 0x11000, 0x1000), EOK);
	CHECK_EQ(reserve(gsp, 0x11000, 0x1000), EEXIST);
	CHECK_EQ(reserve(gsp, 0x11fff, 1), EEXIST);
	CHECK_EQ(reserve(gsp, 0x10fff, 2), EEXIST);
	CHECK_EQ(reserve(gsp, 0x10000, 0x10000), EEXIST);
	CHECK_EQ(reserve(gsp, 0x12000, 1), EOK);
	CHECK_EQ(reserve(gsp, 0x10fff, 1), EOK);
	CHECK_EQ(found(gsp, 0xfff, 0, 0), 0x10000);
	CHECK_EQ(reserve(gsp, 0x10000, 1), EEXIST);
	gasp_guest_destroy(gsp);
}

static void reserve_outside_of_memory(void)
{
	struct guest_system *gsp = mixed_guest();
	CHECK_EQ(reserve(gsp, 0, 1), ENXIO);
	CHECK_EQ(reserve(gsp, 0xfff, 2), ENXIO);
	CHECK_EQ(reserve(gsp, 0x4fff, 2), ENXIO);
	CHECK_EQ(reserve(gsp, 0x4000, 0x5000), ENXIO);
	CHECK_EQ(reserve(gsp, TOP, 1), ENXIO);
	CHECK_EQ(reserve(gsp, 0x1000, 0x4000), EOK);	/* ROM and RAM: all memory */
	gasp_guest_destroy(gsp);
}

static void reserve_with_bad_arguments(void)
{
	struct guest_system *gsp = example_guest(), *dead = dead_guest();
	CHECK_EQ(reserve(NULL, 0x10000, 1), EINVAL);
	CHECK_EQ(reserve(dead, 0x10000, 1), EINVAL);
	CHECK_EQ(reserve(gsp, 0x10000, 0), EINVAL);
	CHECK_EQ(reserve(gsp, TOP, 2), EINVAL);
	CHECK_EQ(reserve(gsp, 0x10000, TOP), EINVAL);
	gasp_guest_destroy(gsp);
}

static void find_with_bad_arguments(void)
{
	struct guest_system *gsp = example_guest(), *dead = dead_guest();
	CHECK_EQ(refused(NULL, 1, 0, 0, 0, TOP), EINVAL);
	CHECK_EQ(refused(dead, 1, 0, 0, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, 0, 0, 0, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, 1, 3, 0, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, 1, TOP, 0, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, 1, 0, 8, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, 1, 0, 0xFFFFFFFFu, 0, TOP), EINVAL);
	CHECK_EQ(refused(gsp, 1, 0, 0, 1, 0), EINVAL);
	CHECK_EQ(refused(gsp, 0x10001, 0, 0, 0, TOP), ENOSPC);
	CHECK_EQ(refused(gsp, TOP, 0, 0, 0, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void at_the_top_of_the_space(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(TOP - 0xFFF, 0x1000, RAM, HOST_A));
	CHECK_EQ(found(gsp, 1, 0, TOPMOST), TOP - 1);	/* TOP itself is QSL_NO_LOCATION */
	CHECK_EQ(reserve(gsp, TOP, 1), EOK);
	CHECK_EQ(reserve(gsp, TOP, 1), EEXIST);
	CHECK_EQ(found(gsp, 0xFFE, 0, 0), TOP - 0xFFF);
	CHECK_EQ(refused(gsp, 1, 0, 0, 0, TOP), ENOSPC);
	gasp_guest_destroy(gsp);
}

static void the_map_and_find_free_do_not_notice(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(found(gsp, 0x1000, 0, 0), 0x10000);
	CHECK_MEM(gsp, span_at(0x10000, 0x1ffff, RAM, HOST_A));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1000, 0x1000), 0);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x11000, 0x1000), EOK);
	CHECK_EQ(found(gsp, 0x1000, 0, 0), 0x11000);
	gasp_guest_destroy(gsp);
}

static void more_than_4_gib(void)
{
	struct guest_system *gsp = guest();
	uint64_t gib = UINT64_C(1) << 30;
	CHECK_EQ(gasp_guest_add_memory(gsp, gib, 8 * gib, GASP_RAM, 0), EOK);
	CHECK_EQ(found(gsp, 5 * gib, gib, TOPMOST), 4 * gib);
	CHECK_EQ(found(gsp, 3 * gib, gib, 0), gib);
	gasp_guest_destroy(gsp);
}

static void after_start_in_default_mode(void)
{
	struct guest_system *gsp = example_guest();
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	CHECK_EQ(found(gsp, 0x100, 0, 0), 0x10000);
	CHECK_EQ(reserve(gsp, 0x10100, 0x100), EOK);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(the_example_of_qnx), CASE(what_was_found_is_reserved), CASE(align_up_and_down),
	CASE(no_hint_means_ram), CASE(rom_hint), CASE(both_hints),
	CASE(ram_and_rom_do_not_make_one_place), CASE(pieces_of_one_run_make_one_place),
	CASE(trapped_ram_is_still_ram), CASE(trapped_rom_is_still_rom),
	CASE(ram_without_the_right_to_write_is_rom), CASE(only_memory_counts),
	CASE(both_ends_of_the_range_count), CASE(align_inside_of_a_range),
	CASE(reserve_and_find), CASE(reserve_overlaps), CASE(reserve_outside_of_memory),
	CASE(reserve_with_bad_arguments), CASE(find_with_bad_arguments),
	CASE(at_the_top_of_the_space), CASE(the_map_and_find_free_do_not_notice),
	CASE(more_than_4_gib), CASE(after_start_in_default_mode),
};

TEST_MAIN(cases)
