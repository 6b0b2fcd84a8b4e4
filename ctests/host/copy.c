/* gasp_guest_copy(): the host's reads and writes, with the location at which one fails
 * (specification 7.8; host memory that is not there: access/guarded.c).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static void reads_and_writes(void)
{
	struct guest_system *gsp = guest();
	unsigned char out[0x3000], in[0x3000];
	uint64_t failed = 4711;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x4000, GASP_ROM, 0x1000), EOK);
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7 + i / 256);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_copy(gsp, GASP_WRITE, 0x1801, out, sizeof(out), &failed), EOK);
	CHECK_EQ(gasp_guest_read(gsp, 0x1801, in, sizeof(in)), EOK);
	CHECK(memcmp(in, out, sizeof(in)) == 0);
	memset(in, 0, sizeof(in));
	CHECK_EQ(gasp_guest_copy(gsp, GASP_READ, 0x1801, in, sizeof(in), &failed), EOK);
	CHECK(memcmp(in, out, sizeof(in)) == 0);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_READ, 0x9000, in, 0, &failed), EOK);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_READ, 0x1000, in, 1, NULL), EOK);
	CHECK_EQ(failed, 4711);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void location_expect(const char *file, int line, struct guest_system *gsp,
			    uint64_t location, size_t length, uint64_t want)
{
	static unsigned char data[0x4000];
	uint64_t failed[2] = { 4711, 4711 };
	memset(data, 0xAA, sizeof(data));
	check_eq(file, line, "read", "ENXIO",
		 (uint64_t)gasp_guest_copy(gsp, GASP_READ, location, data, length, &failed[0]), ENXIO);
	check_eq(file, line, "write", "ENXIO",
		 (uint64_t)gasp_guest_copy(gsp, GASP_WRITE, location, data, length, &failed[1]), ENXIO);
	check_eq(file, line, "where a read fails", "expected", failed[0], want);
	check_eq(file, line, "where a write fails", "expected", failed[1], want);
	for (unsigned i = 0; i < sizeof(data); i++)
		if (data[i] != 0xAA) {
			check_true(file, line, "nothing is copied", 0);
			return;
		}
}

#define CHECK_LOCATION(gsp, location, length, want) \
	location_expect(__FILE__, __LINE__, (gsp), (location), (length), (want))

static void the_lowest_location_without_memory(void)
{
	struct guest_system *gsp = guest();
	unsigned char byte = 1;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x2000, GASP_RAM, 0x1000), EOK);
	CHECK_SET(gsp, mem(0x3000, 0x800, VIRT));	/* a region without memory */
	CHECK_LOCATION(gsp, 0xfff, 2, 0xfff);
	CHECK_LOCATION(gsp, 0x2fff, 2, 0x3000);
	CHECK_LOCATION(gsp, 0x1001, 0x3000, 0x3000);
	CHECK_LOCATION(gsp, 0x3802, 4, 0x3802);
	CHECK_EQ(gasp_guest_read(gsp, 0x1fff, &byte, 1), EOK);
	CHECK_EQ(byte, 0);
	gasp_guest_destroy(gsp);
}

static void both_ends_of_the_space(void)
{
	struct guest_system *gsp = guest();
	uint64_t failed = 4711;
	unsigned char bytes[0x1001] = { 0 };
	CHECK_LOCATION(gsp, 0, 1, 0);
	CHECK_LOCATION(gsp, TOP, 1, TOP);
	CHECK_LOCATION(gsp, TOP - 7, 8, TOP - 7);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_READ, TOP, bytes, 2, &failed), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, TOP - 0xfff, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_WRITE, TOP - 0xfff, bytes, 0x1000, &failed), EOK);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_WRITE, TOP - 0xffe, bytes, 0x1000, &failed), EINVAL);
	CHECK_EQ(failed, 4711);
	CHECK_LOCATION(gsp, TOP - 0x1000, 2, TOP - 0x1000);
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest();
	uint64_t failed = 4711;
	char data = 0;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_copy(NULL, GASP_READ, 0, &data, 1, &failed), EINVAL);
	CHECK_EQ(gasp_guest_copy(dead_guest(), GASP_READ, 0, &data, 1, &failed), EINVAL);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_EXECUTE, 0, &data, 1, &failed), EINVAL);
	CHECK_EQ(gasp_guest_copy(gsp, UINT32_MAX, 0, &data, 1, &failed), EINVAL);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_READ, 0, NULL, 1, &failed), EINVAL);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_WRITE, 0, NULL, 0, &failed), EINVAL);
	CHECK_EQ(gasp_guest_copy(gsp, GASP_READ, 0, &data, SIZE_MAX, &failed), ENXIO);
	CHECK_EQ(failed, 0);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void the_location_may_lie_anywhere(void)
{
	struct guest_system *gsp = guest();
	unsigned char bytes[9] = { 0 };
	uint64_t failed;
	char data = 0;
	CHECK_EQ(gasp_guest_copy(gsp, GASP_READ, 0x1234, &data, 1, (uint64_t *)(void *)(bytes + 1)), ENXIO);
	memcpy(&failed, bytes + 1, sizeof(failed));
	CHECK_EQ(failed, 0x1234);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(reads_and_writes), CASE(the_lowest_location_without_memory), CASE(both_ends_of_the_space),
	CASE(bad_arguments), CASE(the_location_may_lie_anywhere),
};

TEST_MAIN(cases)
