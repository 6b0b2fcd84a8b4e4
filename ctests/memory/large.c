/* The cost of much guest memory in mappings and in memory (specification 7.6, 10.1).
 * GASP_TEST_SMALL=1 makes it less, for valgrind and sanitizers.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "map.h"

static int small(void)
{
	return getenv("GASP_TEST_SMALL") != NULL;
}

static void a_gib_in_4_kib_chunks_is_one_mapping(void)
{
	unsigned before = mappings();
	struct guest_system *gsp = guest_in_chunks(UINT64_C(1) << 30, PAGE);
	CHECK(mappings() < before + 20);
	gasp_guest_destroy(gsp);
	CHECK(mappings() < before + 20);
}

static void a_view_of_many_chunks(void)
{
	struct guest_system *gsp = guest_in_chunks(UINT64_C(1) << 30, PAGE);
	size_t length = small() ? 0x100000 : 0x4000000;
	unsigned char *view = view_of(gsp, FIRST + 0x800, length);
	REQUIRE(view != NULL);
	for (size_t at = 0; at < length; at += PAGE)
		view[at] = pattern(at / PAGE);
	unsigned wrong = 0;
	for (size_t at = 0; at < length; at += PAGE) {
		unsigned char byte = 0;
		wrong += gasp_guest_read(gsp, FIRST + 0x800 + at, &byte, 1) != EOK
			 || byte != pattern(at / PAGE);
	}
	CHECK_EQ(wrong, 0);
	gasp_unmap(gsp, view, length, 0);
	gasp_guest_destroy(gsp);
}

/* A view of a quarter of a million pieces can need more mappings than the kernel allows. Whether it
 * fails or not, nothing is left behind, and the next view works. */
static void a_view_of_too_many_chunks(void)
{
	if (small())
		SKIP("takes long under a checker");
	struct guest_system *gsp = guest_in_chunks(UINT64_C(1) << 30, PAGE);
	unsigned before = mappings();
	errno = 0;
	void *view = gasp_map_sys(gsp, RW, FIRST, (size_t)1 << 30);
	CHECK(view != NULL || errno == ENOMEM);
	gasp_unmap(gsp, view, (size_t)1 << 30, 0);
	CHECK(mappings() < before + 20);
	unsigned char *less = view_of(gsp, FIRST, 0x10000);
	REQUIRE(less != NULL);
	gasp_unmap(gsp, less, 0x10000, 0);
	gasp_guest_destroy(gsp);
}

static void a_tib_costs_nothing_until_it_is_touched(void)
{
	uint64_t length = small() ? UINT64_C(1) << 30 : UINT64_C(1) << 40;
	long before = resident_kib();
	struct guest_system *gsp = guest_in_chunks(length, 0);
	unsigned char *view = view_of(gsp, FIRST, length);
	REQUIRE(view != NULL);
	view[0] = 1;
	view[length / 2] = 2;
	view[length - 1] = 3;
	CHECK_EQ(view[length / 4], 0);
	CHECK(resident_kib() < before + 16384);
	gasp_unmap(gsp, view, length, 0);
	gasp_guest_destroy(gsp);
}

static void large_pages(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST, 0x400000, GASP_RAM | GASP_LARGE_PAGES, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000000, 0x400000, GASP_ROM | GASP_LARGE_PAGES, 0x200000),
		 EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x2000000, PAGE, GASP_RAM | GASP_LARGE_PAGES, PAGE), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x3000000, PAGE, 2 | GASP_LARGE_PAGES, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x3000000, PAGE, GASP_POPULATE << 1, 0), EINVAL);
	unsigned char *view = view_of(gsp, FIRST, 0x400000), byte = 9;
	REQUIRE(view != NULL);
	view[0x3fffff] = 8;
	CHECK_EQ(gasp_guest_read(gsp, FIRST + 0x3fffff, &byte, 1), EOK);
	CHECK_EQ(byte, 8);
	errno = 0;
	CHECK(gasp_map_sys(gsp, RW, 0x1000000, PAGE) == NULL);
	CHECK_EQ(errno, EACCES);
	gasp_unmap(gsp, view, 0x400000, 0);
	gasp_guest_destroy(gsp);
}

#define MIB UINT64_C(0x100000)

/* The distances in the host of chunks that follow each other in the guest. */
static void check_distances(uint64_t chunk, uint64_t want)
{
	struct guest_system *gsp = guest_in_chunks(3 * chunk, chunk);
	uint64_t host[3] = { 0, 0, 0 };
	for (unsigned i = 0; i < 3; i++) {
		struct gasp_span s;
		REQUIRE(gasp_guest_next(gsp, QST_MEMORY, FIRST + i * chunk, &s) == EOK);
		CHECK_EQ(s.location, FIRST + i * chunk);
		host[i] = s.host_location;
	}
	CHECK_EQ(host[1] - host[0], want);
	CHECK_EQ(host[2] - host[1], want);
	gasp_guest_destroy(gsp);
}

static void gaps_keep_chunks_of_large_pages_aligned(void)
{
	check_distances(2 * MIB, 4 * MIB);
	check_distances(6 * MIB, 8 * MIB);
}

static void gaps_of_other_chunks_are_a_page(void)
{
	check_distances(PAGE, 2 * PAGE);
	check_distances(3 * MIB, 3 * MIB + PAGE);
	check_distances(2 * MIB + PAGE, 2 * MIB + 2 * PAGE);
}

static const struct test_case cases[] = {
	CASE(a_gib_in_4_kib_chunks_is_one_mapping), CASE(a_view_of_many_chunks),
	CASE(a_view_of_too_many_chunks), CASE(a_tib_costs_nothing_until_it_is_touched),
	CASE(large_pages), CASE(gaps_keep_chunks_of_large_pages_aligned),
	CASE(gaps_of_other_chunks_are_a_page),
};

TEST_MAIN(cases)
