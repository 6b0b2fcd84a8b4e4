/* Listing the mappings that are not unmapped yet, with their vdevs (specification 10.3, 12.3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#include <sys/mman.h>

#define FIRST 0x100000u
#define BYTES 0x4000u

static struct guest_system *guest_in_chunks(uint64_t chunk)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST, BYTES, GASP_RAM, chunk), EOK);
	return gsp;
}

/* A mapping that is asked for by a thread that acts for a vdev. */
static void *map_for(vdev_t *device, struct guest_system *gsp, uint64_t at, size_t length)
{
	gasp_acting()->vdev = device;
	void *view = gasp_map_sys(gsp, PROT_READ, at, length);
	CHECK(view != NULL);
	gasp_acting()->vdev = NULL;
	return view;
}

static void unmap_for(vdev_t *device, struct guest_system *gsp, const void *view, size_t length)
{
	gasp_acting()->vdev = device;
	gasp_unmap(gsp, view, length, 0);
	gasp_acting()->vdev = NULL;
}

static void next_expect(const char *file, int line, struct guest_system *gsp, uint64_t after,
			const struct gasp_mapping *want)
{
	struct gasp_mapping got;
	memset(&got, 0xEE, sizeof(got));
	errno = ERRNO_MARK;
	check_eq(file, line, "gasp_guest_next_mapping()", "EOK",
		 (uint64_t)gasp_guest_next_mapping(gsp, after, &got), EOK);
	check_eq(file, line, "errno", "ERRNO_MARK", (uint64_t)errno, ERRNO_MARK);
	check_eq(file, line, "number", "the expected", got.number, want->number);
	check_eq(file, line, "length", "the expected", got.length, want->length);
	check_eq(file, line, "location", "the expected", got.location, want->location);
	check_true(file, line, "the address is the expected", got.address == want->address);
	check_true(file, line, "the vdev is the expected", got.vdev == want->vdev);
}

static void check_next(const char *file, int line, struct guest_system *gsp, uint64_t after,
		       uint64_t number, void *address, uint64_t length, uint64_t location,
		       vdev_t *device)
{
	const struct gasp_mapping want = { number, address, length, location, device };
	next_expect(file, line, gsp, after, &want);
}

/* The next mapping after a number. */
#define CHECK_NEXT(gsp, after, number, address, length, location, device) \
	check_next(__FILE__, __LINE__, gsp, after, number, address, length, location, device)

static void check_end(const char *file, int line, struct guest_system *gsp, uint64_t after)
{
	struct gasp_mapping got, before;
	memset(&before, 0xEE, sizeof(before));
	got = before;
	errno = ERRNO_MARK;
	check_eq(file, line, "gasp_guest_next_mapping()", "ENOENT",
		 (uint64_t)gasp_guest_next_mapping(gsp, after, &got), ENOENT);
	check_eq(file, line, "errno", "ERRNO_MARK", (uint64_t)errno, ERRNO_MARK);
	check_true(file, line, "*mapping is not written", memcmp(&got, &before, sizeof(got)) == 0);
}

#define CHECK_END(gsp, after) check_end(__FILE__, __LINE__, gsp, after)

static void each_mapping_has_a_number_and_its_vdev(void)
{
	struct guest_system *gsp = guest_in_chunks(PAGE);
	CHECK_END(gsp, 0);
	void *view = map_for(vdev_a(), gsp, FIRST + 0x10, 0x3000);	/* in pieces */
	void *inside = map_for(vdev_b(), gsp, FIRST + 0x1001, 0x20);
	void *nobodys = map_for(NULL, gsp, FIRST + BYTES - 1, 1);
	CHECK_NEXT(gsp, 0, 1, view, 0x3000, FIRST + 0x10, vdev_a());
	CHECK_NEXT(gsp, 1, 2, inside, 0x20, FIRST + 0x1001, vdev_b());
	CHECK_NEXT(gsp, 2, 3, nobodys, 1, FIRST + BYTES - 1, NULL);
	CHECK_END(gsp, 3);
	CHECK_END(gsp, UINT64_MAX);
	CHECK_HAS(gasp_last_error(), "18446744073709551615");
	gasp_guest_destroy(gsp);
}

static void the_vdev_of_dma_is_not_the_one_that_acts(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	uint64_t at = FIRST + 0x800;
	size_t length = 2 * BYTES;
	vdev_b()->v_gsp = gsp;
	gasp_acting()->vdev = vdev_a();
	void *view = gasp_map_vdma(vdev_b(), PROT_READ, FIRST, 1);
	void *contig = gasp_map_contig(vdev_b(), PROT_READ, &at, &length);
	gasp_acting()->vdev = NULL;
	CHECK_NEXT(gsp, 0, 1, view, 1, FIRST, vdev_a());
	CHECK_NEXT(gsp, 1, 2, contig, BYTES - 0x800, FIRST + 0x800, vdev_a());
	gasp_guest_destroy(gsp);
}

static void what_is_unmapped_is_left_out(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	void *first = map_for(NULL, gsp, FIRST, 1);
	void *second = map_for(NULL, gsp, FIRST, 2);
	void *third = map_for(NULL, gsp, FIRST, 3);
	gasp_unmap(gsp, first, 1, 0);
	CHECK_NEXT(gsp, 0, 2, second, 2, FIRST, NULL);
	CHECK_NEXT(gsp, 1, 2, second, 2, FIRST, NULL);
	gasp_unmap(gsp, second, 2, 0);
	CHECK_NEXT(gsp, 1, 3, third, 3, FIRST, NULL);
	CHECK_NEXT(gsp, 2, 3, third, 3, FIRST, NULL);
	gasp_unmap(gsp, third, 3, 0);
	CHECK_END(gsp, 0);
	first = map_for(NULL, gsp, FIRST, 1);	/* a number is not reused */
	CHECK_NEXT(gsp, 0, 4, first, 1, FIRST, NULL);
	gasp_guest_destroy(gsp);
}

/* Equal mappings: first the own ones are ended, the oldest first. */
static void a_vdev_unmaps_its_own(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	void *view = map_for(vdev_a(), gsp, FIRST, 1);
	CHECK(map_for(vdev_b(), gsp, FIRST, 1) == view);
	CHECK(map_for(vdev_b(), gsp, FIRST, 1) == view);
	unmap_for(vdev_b(), gsp, view, 1);
	CHECK_NEXT(gsp, 0, 1, view, 1, FIRST, vdev_a());
	CHECK_NEXT(gsp, 1, 3, view, 1, FIRST, vdev_b());
	unmap_for(NULL, gsp, view, 1);
	CHECK_NEXT(gsp, 0, 3, view, 1, FIRST, vdev_b());
	unmap_for(vdev_a(), gsp, view, 1);
	CHECK_END(gsp, 0);
	gasp_guest_destroy(gsp);
}

static void failures_are_not_listed(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	CHECK(gasp_map_sys(gsp, PROT_READ, FIRST + BYTES, 1) == NULL);
	CHECK_END(gsp, 0);
	CHECK(map_for(NULL, gsp, FIRST, 1) != NULL);
	gasp_unmap(gsp, NULL, 1, 0);
	CHECK_END(gsp, 1);
	gasp_guest_destroy(gsp);
}

static void a_mapping_outlives_its_region(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	void *view = map_for(vdev_a(), gsp, FIRST, 0x1000);
	CHECK_SET(gsp, del(FIRST, BYTES));
	CHECK_NEXT(gsp, 0, 1, view, 0x1000, FIRST, vdev_a());
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	struct gasp_mapping got;
	CHECK(map_for(NULL, gsp, FIRST, 1) != NULL);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_next_mapping(gsp, 0, NULL), EINVAL);
	CHECK_EQ(gasp_guest_next_mapping(NULL, 0, &got), EINVAL);
	CHECK_EQ(gasp_guest_next_mapping(dead_guest(), 0, &got), EINVAL);
	gasp_guest_destroy(gsp);
	CHECK_EQ(gasp_guest_next_mapping(gsp, 0, &got), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
}

static const struct test_case cases[] = {
	CASE(each_mapping_has_a_number_and_its_vdev),
	CASE(the_vdev_of_dma_is_not_the_one_that_acts), CASE(what_is_unmapped_is_left_out),
	CASE(a_vdev_unmaps_its_own), CASE(failures_are_not_listed),
	CASE(a_mapping_outlives_its_region), CASE(bad_arguments),
};

TEST_MAIN(cases)
