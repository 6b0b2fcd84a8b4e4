/* gasp_map_contig(): how much is contiguous in the host, and where it is (specification 10.2).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <sys/mman.h>

#define RW (PROT_READ | PROT_WRITE)
#define FIRST 0x100000u

static vdev_t *device_of(struct guest_system *gsp)
{
	static vdev_t device;
	memset(&device, 0, sizeof(device));
	device.v_gsp = gsp;
	return &device;
}

static struct guest_system *guest_in_chunks(uint64_t chunk)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST, 0x8000, GASP_RAM, chunk), EOK);
	return gsp;
}

/* Maps, and checks how much it was and that *ppaddr is the pointer. */
static unsigned char *contig(const char *file, int line, struct guest_system *gsp, int prot,
			     uint64_t at, size_t most, size_t want)
{
	uint64_t paddr = at;
	size_t length = most;
	errno = ERRNO_MARK;
	void *view = gasp_map_contig(device_of(gsp), prot, &paddr, &length);
	int err = errno;
	if (view == NULL || err != ERRNO_MARK)
		fprintf(check_fail(file, line), "mapped at %p, errno %d, \"%s\"\n", view, err,
			gasp_last_error());
	else if (length != want || paddr != address_of(view))
		fprintf(check_fail(file, line), "0x%zx bytes, not 0x%zx, address %p, *ppaddr 0x%" PRIx64
			"\n", length, want, view, paddr);
	return (unsigned char *)view;
}

static void contig_refused(const char *file, int line, int want, struct guest_system *gsp,
			   int prot, uint64_t at, size_t most)
{
	uint64_t paddr = at;
	size_t length = most;
	errno = 0;
	void *view = gasp_map_contig(device_of(gsp), prot, &paddr, &length);
	int err = errno;
	if (view != NULL || err != want)
		fprintf(check_fail(file, line), "mapped at %p, errno %d; not NULL and %d\n", view, err,
			want);
	if (paddr != at || length != most)
		fprintf(check_fail(file, line), "the arguments were changed\n");
}

#define CONTIG(gsp, prot, at, most, want) \
	contig(__FILE__, __LINE__, (gsp), (prot), (at), (most), (want))
#define CHECK_NO_CONTIG(err, gsp, prot, at, most) \
	contig_refused(__FILE__, __LINE__, (err), (gsp), (prot), (at), (most))

static void all_that_is_wanted(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	struct gasp_span s;
	unsigned char *view = CONTIG(gsp, RW, FIRST, 0x8000, 0x8000), byte = 0;
	unsigned char *part = CONTIG(gsp, RW, FIRST + 0x123, 7, 7);
	REQUIRE(view != NULL && part != NULL);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, FIRST, &s), EOK);
	CHECK_EQ(s.host_location, address_of(view));
	part[6] = 66;
	CHECK_EQ(view[0x129], 66);
	CHECK_EQ(gasp_guest_read(gsp, FIRST + 0x129, &byte, 1), EOK);
	CHECK_EQ(byte, 66);
	gasp_unmap(gsp, view, 0x8000, 0);
	gasp_unmap(gsp, part, 7, 0);
	gasp_guest_destroy(gsp);
}

static void up_to_the_end_of_a_chunk(void)
{
	struct guest_system *gsp = guest_in_chunks(0x2000);
	unsigned char *a = CONTIG(gsp, RW, FIRST, 0x8000, 0x2000);
	unsigned char *b = CONTIG(gsp, RW, FIRST + 0x1ffe, 100, 2);
	unsigned char *c = CONTIG(gsp, RW, FIRST + 0x2000, 0x2000, 0x2000);
	CHECK(b == a + 0x1ffe);
	CHECK(c != a + 0x2000);
	gasp_unmap(gsp, a, 0x2000, 0);
	gasp_unmap(gsp, b, 2, 0);
	gasp_unmap(gsp, c, 0x2000, 0);
	gasp_guest_destroy(gsp);
}

static void up_to_a_hole(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	CHECK_SET(gsp, del(FIRST + 0x3000, PAGE));
	unsigned char *view = CONTIG(gsp, RW, FIRST, 0x8000, 0x3000);
	gasp_unmap(gsp, view, 0x3000, 0);
	view = CONTIG(gsp, RW, FIRST + 0x7fff, 0x100, 1);
	gasp_unmap(gsp, view, 1, 0);
	gasp_guest_destroy(gsp);
}

static void up_to_a_trap(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	CHECK_SET(gsp, mem(FIRST + 0x3000, PAGE, VIRT));
	unsigned char *view = CONTIG(gsp, RW, FIRST + 1, 0x7000, 0x2fff);
	gasp_unmap(gsp, view, 0x2fff, 0);
	gasp_guest_destroy(gsp);
}

static void up_to_missing_rights(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	CHECK_SET(gsp, mem(FIRST + 0x3000, PAGE, GRF_PASS_RD));
	unsigned char *view = CONTIG(gsp, RW, FIRST, 0x8000, 0x3000);
	gasp_unmap(gsp, view, 0x3000, 0);
	view = CONTIG(gsp, PROT_READ, FIRST, 0x8000, 0x8000);
	gasp_unmap(gsp, view, 0x8000, 0);
	gasp_guest_destroy(gsp);
}

static void through_regions_that_follow_in_the_host(void)
{
	struct guest_system *gsp = guest();
	unsigned char *own = own_pages(4);
	CHECK_SET(gsp, cookie(1, mem_at(0x1000, PAGE, RAM, address_of(own))),
		  cookie(2, mem_at(0x2000, PAGE, RAM, address_of(own) + PAGE)),
		  mem_at(0x3000, PAGE, RAM, address_of(own) + 3 * PAGE));
	unsigned char *view = CONTIG(gsp, RW, 0x1001, 3 * PAGE - 1, 2 * PAGE - 1);
	CHECK(view == own + 1);
	gasp_unmap(gsp, view, 2 * PAGE - 1, 0);
	gasp_guest_destroy(gsp);
	free(own);
}

static void memory_that_is_not_for_general_use(void)
{
	struct guest_system *gsp = guest();
	unsigned char *own = own_pages(2);
	CHECK_SET(gsp, mem_at(0x1000, PAGE, RAM, address_of(own)),
		  mem_at(0x2000, PAGE, GRF_PASS_RD | GRF_PASS_WR, address_of(own) + PAGE));
	unsigned char *view = CONTIG(gsp, RW, 0x1000, 2 * PAGE, PAGE);
	gasp_unmap(gsp, view, PAGE, 0);
	view = CONTIG(gsp, RW | GMF_MAP_ANY, 0x1000, 2 * PAGE, 2 * PAGE);
	gasp_unmap(gsp, view, 2 * PAGE, 0);
	CHECK_NO_CONTIG(ENXIO, gsp, RW, 0x2000, PAGE);
	gasp_guest_destroy(gsp);
	free(own);
}

static void nothing_at_the_start(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x200000, PAGE, GASP_ROM, 0), EOK);
	CHECK_SET(gsp, mem(FIRST, PAGE, VIRT));
	CHECK_NO_CONTIG(ENXIO, gsp, RW, FIRST - 1, 0x2000);
	CHECK_NO_CONTIG(ENXIO, gsp, RW, FIRST, 0x2000);
	CHECK_NO_CONTIG(ENXIO, gsp, RW, TOP, 1);
	CHECK_NO_CONTIG(EACCES, gsp, RW, 0x200000, PAGE);
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	uint64_t paddr = FIRST;
	size_t length = 1;
	CHECK_NO_CONTIG(EINVAL, gsp, PROT_NONE, FIRST, 1);
	CHECK_NO_CONTIG(EINVAL, gsp, RW | 8, FIRST, 1);
	CHECK_NO_CONTIG(EINVAL, gsp, RW, FIRST, 0);
	CHECK_NO_CONTIG(EINVAL, gsp, RW, TOP, 2);
	CHECK_NO_CONTIG(EINVAL, NULL, RW, FIRST, 1);
	CHECK_NO_CONTIG(EINVAL, dead_guest(), RW, FIRST, 1);
	errno = 0;
	CHECK(gasp_map_contig(NULL, RW, &paddr, &length) == NULL);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK(gasp_map_contig(device_of(gsp), RW, NULL, &length) == NULL);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK(gasp_map_contig(device_of(gsp), RW, &paddr, NULL) == NULL);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(paddr, FIRST);
	CHECK_EQ(length, 1);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(all_that_is_wanted), CASE(up_to_the_end_of_a_chunk), CASE(up_to_a_hole),
	CASE(up_to_a_trap), CASE(up_to_missing_rights), CASE(through_regions_that_follow_in_the_host),
	CASE(memory_that_is_not_for_general_use), CASE(nothing_at_the_start), CASE(bad_arguments),
};

TEST_MAIN(cases)
