/* Bad arguments from C: NULL, destroyed guests, garbage, no memory (specification 8).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#include <sys/mman.h>

static void every_function_refuses(struct guest_system *bad)
{
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	struct gasp_span s;
	char data[4];
	CHECK_EQ(gasp_lock(bad, QST_MEMORY), EINVAL);
	CHECK_EQ(gasp_unlock(bad, QST_MEMORY), EINVAL);
	CHECK_REFUSED(bad, 0, EINVAL, r);
	CHECK_EQ(gasp_region_info(bad, &r.guest, &r), EINVAL);
	CHECK_EQ(gasp_find_free(bad, QST_MEMORY, 1, 1), QSL_NO_LOCATION);
	CHECK_EQ(gasp_find_free_range(bad, QST_MEMORY, 1, 1, 0, TOP), QSL_NO_LOCATION);
	CHECK_EQ(gasp_walk_count(bad, 0, 0), 0);
	CHECK_EQ(gasp_walk_count_filtered(bad, 0, 0, NULL), 0);
	CHECK_EQ(gram_find_free(bad, 1, 1, 0), QSL_NO_LOCATION);
	CHECK_EQ(gram_reserve(bad, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_release(bad, vdev_a(), NULL), EINVAL);
	CHECK_EQ(gasp_guest_start(bad), EINVAL);
	CHECK_EQ(gasp_guest_reserve(bad, QST_MEMORY, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(bad, 0, 0x1000, GASP_RAM, 0), EINVAL);
	CHECK_EQ(gasp_guest_next(bad, QST_MEMORY, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_read(bad, 0, data, 1), EINVAL);
	CHECK_EQ(gasp_guest_write(bad, 0, data, 1), EINVAL);
	CHECK_EQ(gasp_guest_settle(bad, QST_MEMORY), EINVAL);
	CHECK_EQ(gasp_guest_copy(bad, GASP_READ, 0, data, 1, NULL), EINVAL);
	CHECK_EQ(gasp_guest_unique_generation(bad, QST_MEMORY), 0);
	CHECK_EQ(gasp_guest_set_hold_limit(bad, 1), EINVAL);
	CHECK_EQ(gasp_region_set_soft(bad, 0, NULL), 0);
	gasp_guest_set_fatal_handler(bad, NULL, NULL);
	gasp_guest_destroy(bad);
}

static void null_gsp_in_every_function(void)
{
	every_function_refuses(NULL);
}

static void dead_gsp_in_every_function(void)
{
	every_function_refuses(dead_guest());
}

static void dead_gsp_of_a_guest_that_was_used(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x100000, GASP_RAM, 0x1000), EOK);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT));
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	gasp_guest_destroy(gsp);
	every_function_refuses(gsp);
}

static void null_everywhere_else(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r = mem(0, 1, VIRT);
	CHECK_EQ(gasp_region_set_soft(gsp, 1, NULL), 0);
	CHECK_EQ(gasp_region_set_soft(gsp, UINT32_MAX, NULL), 0);
	CHECK_EQ(gasp_region_info(gsp, NULL, NULL), EINVAL);
	CHECK_EQ(gasp_region_info(gsp, &r.guest, NULL), EINVAL);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, NULL), EINVAL);
	CHECK_EQ(gasp_guest_read(gsp, 0, NULL, 1), EINVAL);
	CHECK_EQ(gasp_guest_write(gsp, 0, NULL, 1), EINVAL);
	gasp_walk_init(NULL, NULL, 0, 0);
	gasp_walk_init_filtered(NULL, NULL, 0, 0, NULL);
	CHECK_EQ(gasp_walk_next(NULL), 0);
	CHECK_EQ(gasp_walk_next_filtered(NULL), 0);
	gasp_guest_destroy(gsp);
}

static void types_above_16_bits_are_not_cut(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	CHECK_EQ(gasp_guest_next(gsp, 0x10000, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_next(gsp, 0x18000, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_next(gsp, 0xFFFFFFFFu, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_reserve(gsp, 0x10000, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_reserve(gsp, 0x80008000u, 0, 1), EINVAL);
	CHECK_EQ(gasp_find_free(gsp, 0x10000, 1, 1), QSL_NO_LOCATION);
	CHECK_EQ(gasp_find_free(gsp, 0x10006, 1, 1), QSL_NO_LOCATION);
	CHECK_EQ(gasp_find_free_range(gsp, 0xFFFF8000u, 1, 1, 0, 1), QSL_NO_LOCATION);
	gasp_guest_destroy(gsp);
}

static void every_16_bit_type_but_three_is_refused(void)
{
	struct guest_system *gsp = guest();
	unsigned accepted = 0;
	for (unsigned type = 0; type <= 0xFFFF; type++) {
		struct gasp_region r = element(type, 0x100, 1, VIRT);
		accepted += gasp_region_set_soft(gsp, 1, &r) == 1;
		accepted += gasp_region_info(gsp, &r.guest, &r) != EINVAL;
		accepted += gasp_unlock(gsp, (uint16_t)type) != EINVAL;
		accepted += gasp_find_free(gsp, type, 1, 1) != QSL_NO_LOCATION;
	}
	CHECK_EQ(accepted, 3 * 4);
	gasp_guest_destroy(gsp);
}

/* Two elements right before a page that must not be touched. */
static struct gasp_region *elements_before_a_guard(void)
{
	char *pages = (char *)mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == (char *)MAP_FAILED)
		abort();
	mprotect(pages + PAGE, PAGE, PROT_NONE);
	return (struct gasp_region *)(void *)(pages + PAGE - 2 * sizeof(struct gasp_region));
}

/* The count is too large, but the array is not read past the element that is refused. */
static void child_huge_counts(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region *r = elements_before_a_guard();
	r[0] = mem(0x1000, 0x1000, VIRT);
	r[1] = mem(0x1000, 0, VIRT);
	refusal_expect(__FILE__, __LINE__, gsp, 1, EINVAL, UINT32_MAX, r);
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	refusal_expect(__FILE__, __LINE__, gsp, 0, EINVAL, UINT32_MAX, r + 1);
	r[0] = element(QST_HOST, 0x1000, 0x1000, VIRT);
	refusal_expect(__FILE__, __LINE__, gsp, 0, EINVAL, 0x10000000u, r);
}

static void huge_counts_with_an_early_refusal(void)
{
	CHECK_CHILD("child_huge_counts");
}

static void misuse_leaves_the_map_alone(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A), port(0x60, 1, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, element(QST_NO_TYPE, TOP, UINT32_MAX, UINT32_MAX));
	CHECK_REFUSED(gsp, 0, EINVAL, mem_at(TOP, UINT32_MAX, UINT32_MAX, TOP));
	CHECK_REFUSED(gsp, 0, EINVAL, port_at(TOP, UINT32_MAX, GRF_PASS_ANY, TOP));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(TOP, UINT32_MAX, GRF_NONE));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x1000, 0x0FFF0000u));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(null_gsp_in_every_function), CASE(dead_gsp_in_every_function),
	CASE(dead_gsp_of_a_guest_that_was_used), CASE(null_everywhere_else),
	CASE(types_above_16_bits_are_not_cut), CASE(every_16_bit_type_but_three_is_refused),
	CASE(huge_counts_with_an_early_refusal), CASE(misuse_leaves_the_map_alone),
};

static const struct test_case children[] = { CASE(child_huge_counts) };

TEST_MAIN_CHILDREN(cases, children)
