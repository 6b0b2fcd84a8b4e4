/* gasp_guest_add_memory(), gasp_guest_read() and gasp_guest_write() (specification 7).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static struct guest_system *guest_with_ram(uint64_t chunk)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x5000, GASP_RAM, chunk), EOK);
	return gsp;
}

static struct gasp_span span_of(struct guest_system *gsp, uint64_t location)
{
	struct gasp_span s;
	memset(&s, 0, sizeof(s));
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, location, &s), EOK);
	return s;
}

static void write_byte(struct guest_system *gsp, uint64_t location, unsigned char value)
{
	CHECK_EQ(gasp_guest_write(gsp, location, &value, 1), EOK);
}

static unsigned char read_byte(struct guest_system *gsp, uint64_t location)
{
	unsigned char value = 0xEE;
	CHECK_EQ(gasp_guest_read(gsp, location, &value, 1), EOK);
	return value;
}

/* ---- Adding ---- */

static void ram_and_rom(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x2000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x8000, 0x1000, GASP_ROM, 0), EOK);
	s = span_of(gsp, 0x1000);
	CHECK_EQ(s.last, 0x2fff);
	CHECK_EQ(s.flags, RAM | GRF_ACTIVE);
	CHECK_EQ(s.cookie, 0);
	CHECK(s.vdev == NULL);
	CHECK(s.host_location != 0 && s.host_location % 0x1000 == 0);
	s = span_of(gsp, 0x8000);
	CHECK_EQ(s.last, 0x8fff);
	CHECK_EQ(s.flags, ROM | GRF_ACTIVE);
	gasp_guest_destroy(gsp);
}

static void host_location_is_an_address_here(void)
{
	struct guest_system *gsp = guest_with_ram(0);
	struct gasp_span s = span_of(gsp, 0x1000);
	unsigned char *host = (unsigned char *)(uintptr_t)s.host_location;
	CHECK_EQ(s.last, 0x5fff);
	CHECK_EQ(host[0], 0);
	CHECK_EQ(host[0x4fff], 0);
	host[0x123] = 7;
	CHECK_EQ(read_byte(gsp, 0x1123), 7);
	write_byte(gsp, 0x5fff, 9);
	CHECK_EQ(host[0x4fff], 9);
	gasp_guest_destroy(gsp);
}

static void chunks_are_not_adjacent_in_the_host(void)
{
	struct guest_system *gsp = guest_with_ram(0x2000);
	struct gasp_span a = span_of(gsp, 0x1000), b = span_of(gsp, 0x3000), c = span_of(gsp, 0x5000);
	CHECK_EQ(a.last, 0x2fff);
	CHECK_EQ(b.location, 0x3000);
	CHECK_EQ(b.last, 0x4fff);
	CHECK_EQ(c.location, 0x5000);
	CHECK_EQ(c.last, 0x5fff);
	CHECK(a.host_location + 0x2000 != b.host_location);
	CHECK(b.host_location + 0x2000 != a.host_location);
	CHECK(b.host_location + 0x2000 != c.host_location);
	CHECK(c.host_location + 0x1000 != b.host_location);
	gasp_guest_destroy(gsp);
}

static void many_chunks(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x400000, GASP_RAM, 0x1000), EOK);
	CHECK_EQ(gasp_walk_count(gsp, 0, GWS_HOST), 1024);
	CHECK_EQ(gasp_walk_count(gsp, 0, 0), 1);
	CHECK_EQ(span_of(gsp, 0x3ff000).location, 0x3ff000);
	gasp_guest_destroy(gsp);
}

static void a_chunk_that_is_longer_than_the_memory(void)
{
	struct guest_system *gsp = guest_with_ram(UINT64_C(1) << 40);
	CHECK_EQ(span_of(gsp, 0x1000).last, 0x5fff);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x10000, 0x1000, GASP_RAM, TOP - 0xFFF), EOK);
	gasp_guest_destroy(gsp);
}

static void neighbours_of_two_calls(void)
{
	struct guest_system *gsp = guest_with_ram(0);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x6000, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x0, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_walk_count(gsp, 0, 0), 1);
	gasp_guest_destroy(gsp);
}

/* Wherever the system puts the memory of a call: below that of the call before, or above it. */
static void memory_of_two_calls_is_never_one_region(void)
{
	struct guest_system *gsp = guest();
	for (uint64_t i = 0; i < 8; i++)
		CHECK_EQ(gasp_guest_add_memory(gsp, i * PAGE, PAGE, GASP_RAM, 0), EOK);
	for (uint64_t i = 0; i < 8; i++)
		CHECK_EQ(gasp_guest_add_memory(gsp, 0x100000 - i * PAGE, PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_walk_count(gsp, 0, GWS_HOST), 16);
	gasp_guest_destroy(gsp);
}

static void adding_over_something(void)
{
	struct guest_system *gsp = guest_with_ram(0);
	CHECK_SET(gsp, mem(0x8fff, 1, VIRT));
	struct map before;
	map_read(gsp, QST_MEMORY, &before);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x5000, 0x1000, GASP_RAM, 0), EEXIST);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x0, 0x2000, GASP_ROM, 0x1000), EEXIST);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x0, 0x100000, GASP_RAM, 0), EEXIST);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x8000, 0x1000, GASP_RAM, 0), EEXIST);
	CHECK_EQ(errno, ERRNO_MARK);
	map_expect(__FILE__, __LINE__, gsp, QST_MEMORY, before.spans, before.n);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x9000, 0x1000, GASP_RAM, 0), EOK);
	gasp_guest_destroy(gsp);
}

static void adding_with_bad_arguments(void)
{
	struct guest_system *gsp = guest();
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_memory(NULL, 0, 0x1000, GASP_RAM, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(dead_guest(), 0, 0x1000, GASP_RAM, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0, GASP_RAM, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x800, 0x1000, GASP_RAM, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1800, GASP_RAM, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, 2, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, 0xFFFFFFFFu, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 1), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 0x1001), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, TOP - 0xFFF, 0x2000, GASP_RAM, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x2000, TOP - 0xFFF, GASP_RAM, 0), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void more_than_there_is(void)
{
	struct guest_system *gsp = guest();
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, UINT64_C(1) << 63, GASP_RAM, 0), ENOMEM);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, TOP - 0xFFF, GASP_ROM, 0), ENOMEM);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void at_the_top_and_after_start(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, TOP - 0x1FFF, 0x2000, GASP_RAM, 0), EOK);
	CHECK_EQ(span_of(gsp, TOP).location, TOP - 0x1FFF);
	write_byte(gsp, TOP, 3);
	CHECK_EQ(read_byte(gsp, TOP), 3);
	gasp_guest_destroy(gsp);
}

static void a_deleted_page_can_come_back(void)
{
	struct guest_system *gsp = guest_with_ram(0);
	uint64_t host = span_of(gsp, 0x1000).host_location;
	write_byte(gsp, 0x2000, 42);
	CHECK_SET(gsp, del(0x1000, 0x5000));
	CHECK_SET(gsp, mem_at(0x10000, 0x1000, RAM, host + 0x1000));
	CHECK_EQ(read_byte(gsp, 0x10000), 42);
	gasp_guest_destroy(gsp);
}

/* ---- Reading and writing ---- */

static void across_chunks_and_rights(void)
{
	struct guest_system *gsp = guest_with_ram(0x1000);
	unsigned char data[0x3000], back[0x3000];
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + (i >> 8));
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT), mem(0x3000, 0x1000, GRF_NOPERMS));
	CHECK_EQ(gasp_guest_write(gsp, 0x1800, data, sizeof(data)), EOK);
	CHECK_EQ(gasp_guest_read(gsp, 0x1800, back, sizeof(back)), EOK);
	CHECK(memcmp(data, back, sizeof(data)) == 0);
	CHECK_EQ(read_byte(gsp, 0x17ff), 0);
	CHECK_EQ(read_byte(gsp, 0x4800), 0);
	CHECK_EQ(read_byte(gsp, 0x2345), data[0x2345 - 0x1800]);
	gasp_guest_destroy(gsp);
}

static void rom_can_be_written_by_the_host(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x1000, GASP_ROM, 0), EOK);
	write_byte(gsp, 0x1fff, 5);
	CHECK_EQ(read_byte(gsp, 0x1fff), 5);
	gasp_guest_destroy(gsp);
}

static void all_or_nothing(void)
{
	struct guest_system *gsp = guest_with_ram(0);
	unsigned char data[0x2000];
	memset(data, 0x55, sizeof(data));
	CHECK_SET(gsp, mem(0x6000, 0x1000, VIRT), del(0x3000, 0x1000));
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_write(gsp, 0x2000, data, 0x1001), ENXIO);
	CHECK_EQ(gasp_guest_write(gsp, 0x5000, data, 0x2000), ENXIO);
	CHECK_EQ(gasp_guest_read(gsp, 0x2000, data, 0x2000), ENXIO);
	CHECK_EQ(gasp_guest_read(gsp, 0x0fff, data, 2), ENXIO);
	CHECK_EQ(gasp_guest_read(gsp, 0x6000, data, 1), ENXIO);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(data[0], 0x55);
	CHECK_EQ(data[0xfff], 0x55);
	CHECK_EQ(read_byte(gsp, 0x2000), 0);
	CHECK_EQ(read_byte(gsp, 0x5fff), 0);
	gasp_guest_destroy(gsp);
}

static void reading_with_bad_arguments(void)
{
	struct guest_system *gsp = guest_with_ram(0);
	unsigned char data[16];
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_read(NULL, 0x1000, data, 1), EINVAL);
	CHECK_EQ(gasp_guest_read(dead_guest(), 0x1000, data, 1), EINVAL);
	CHECK_EQ(gasp_guest_read(gsp, 0x1000, NULL, 1), EINVAL);
	CHECK_EQ(gasp_guest_read(gsp, TOP, data, 2), EINVAL);
	CHECK_EQ(gasp_guest_read(gsp, 0x1000, data, SIZE_MAX), EINVAL);
	CHECK_EQ(gasp_guest_write(NULL, 0x1000, data, 1), EINVAL);
	CHECK_EQ(gasp_guest_write(dead_guest(), 0x1000, data, 1), EINVAL);
	CHECK_EQ(gasp_guest_write(gsp, 0x1000, NULL, 1), EINVAL);
	CHECK_EQ(gasp_guest_write(gsp, TOP, data, 2), EINVAL);
	CHECK_EQ(gasp_guest_write(gsp, 0x1000, data, SIZE_MAX), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void length_zero(void)
{
	struct guest_system *gsp = guest_with_ram(0);
	unsigned char data = 1;
	CHECK_EQ(gasp_guest_read(gsp, 0x1000, &data, 0), EOK);
	CHECK_EQ(gasp_guest_write(gsp, 0x1000, &data, 0), EOK);
	CHECK_EQ(gasp_guest_read(gsp, 0x100000, &data, 0), EOK);
	CHECK_EQ(gasp_guest_write(gsp, TOP, &data, 0), EOK);
	CHECK_EQ(data, 1);
	gasp_guest_destroy(gsp);
}

static void ram_of_the_caller(void)
{
	static unsigned char pages[0x3000];
	uint64_t host = ((uint64_t)(uintptr_t)pages + 0xFFF) & ~UINT64_C(0xFFF);
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, host));
	write_byte(gsp, 0x2fff, 11);
	CHECK_EQ(*(unsigned char *)(uintptr_t)(host + 0x1fff), 11);
	gasp_guest_destroy(gsp);
	CHECK_EQ(*(unsigned char *)(uintptr_t)(host + 0x1fff), 11);
}

static const struct test_case cases[] = {
	CASE(ram_and_rom), CASE(host_location_is_an_address_here),
	CASE(chunks_are_not_adjacent_in_the_host), CASE(many_chunks),
	CASE(a_chunk_that_is_longer_than_the_memory), CASE(neighbours_of_two_calls),
	CASE(memory_of_two_calls_is_never_one_region),
	CASE(adding_over_something), CASE(adding_with_bad_arguments), CASE(more_than_there_is),
	CASE(at_the_top_and_after_start), CASE(a_deleted_page_can_come_back),
	CASE(across_chunks_and_rights), CASE(rom_can_be_written_by_the_host),
	CASE(all_or_nothing), CASE(reading_with_bad_arguments), CASE(length_zero),
	CASE(ram_of_the_caller),
};

TEST_MAIN(cases)
