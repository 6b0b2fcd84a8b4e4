/* gasp_guest_backing(): the memory file behind guest memory, for other processes and devices
 * (specification 10.4).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FIRST 0x100000u
#define BYTES 0x8000u

static struct guest_system *guest_in_chunks(uint64_t chunk)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST, BYTES, GASP_RAM, chunk), EOK);
	return gsp;
}

static struct gasp_backing backing_of(struct guest_system *gsp, uint64_t location)
{
	struct gasp_backing b;
	memset(&b, 0, sizeof(b));
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_backing(gsp, location, &b), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK(b.length != 0 && fcntl(b.fd, F_GETFD) >= 0);
	return b;
}

/* The page as a process sees it that got the file. */
static unsigned char *page_in_file(const struct gasp_backing *b)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd,
			  (off_t)(b->offset & ~(uint64_t)0xfff));
	return CHECK(page != MAP_FAILED) ? (unsigned char *)page : NULL;
}

/* Writes on one side arrive on the other. */
static void check_backing(struct guest_system *gsp, uint64_t location)
{
	struct gasp_backing b = backing_of(gsp, location);
	unsigned char *page = page_in_file(&b), byte = (unsigned char)(location >> 12 | 0x80);
	REQUIRE(page != NULL);
	CHECK_EQ(gasp_guest_write(gsp, location, &byte, 1), EOK);
	CHECK_EQ(page[b.offset & 0xfff], byte);
	page[b.offset & 0xfff] = 0x5A;
	CHECK_EQ(gasp_guest_read(gsp, location, &byte, 1), EOK);
	CHECK_EQ(byte, 0x5A);
	munmap(page, PAGE);
}

static void contiguous_memory(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	struct gasp_backing first = backing_of(gsp, FIRST), later = backing_of(gsp, FIRST + 0x1234);
	struct stat st;
	CHECK_EQ(first.length, BYTES);
	CHECK_EQ(later.length, BYTES - 0x1234);
	CHECK_EQ(later.fd, first.fd);
	CHECK_EQ(later.offset, first.offset + 0x1234);
	CHECK_EQ(fstat(first.fd, &st), 0);
	CHECK((uint64_t)st.st_size >= first.offset + first.length);
	check_backing(gsp, FIRST);
	check_backing(gsp, FIRST + BYTES - 1);
	gasp_guest_destroy(gsp);
}

static void chunks(void)
{
	struct guest_system *gsp = guest_in_chunks(2 * PAGE);
	struct gasp_backing a = backing_of(gsp, FIRST), b = backing_of(gsp, FIRST + 2 * PAGE);
	CHECK_EQ(a.length, 2 * PAGE);
	CHECK_EQ(b.length, 2 * PAGE);
	CHECK(a.fd != b.fd || a.offset != b.offset);
	CHECK_EQ(backing_of(gsp, FIRST + 2 * PAGE - 1).length, 1);
	check_backing(gsp, FIRST + 3);
	check_backing(gsp, FIRST + 2 * PAGE);
	check_backing(gsp, FIRST + BYTES - 1);
	gasp_guest_destroy(gsp);
}

static void rom_and_trapped_memory(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x200000, PAGE, GASP_ROM, 0), EOK);
	CHECK_SET(gsp, mem(FIRST + PAGE, PAGE, VIRT));
	check_backing(gsp, 0x200000);
	check_backing(gsp, FIRST + PAGE + 5);
	gasp_guest_destroy(gsp);
}

static void a_page_that_moved(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	struct gasp_span s;
	uint64_t offset = backing_of(gsp, FIRST).offset;
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, FIRST, &s), EOK);
	CHECK_SET(gsp, del(FIRST, BYTES), mem_at(0x400000, PAGE, RAM, s.host_location + 3 * PAGE));
	CHECK_EQ(backing_of(gsp, 0x400000).offset, offset + 3 * PAGE);
	CHECK_EQ(backing_of(gsp, 0x400000).length, PAGE);
	check_backing(gsp, 0x400000);
	gasp_guest_destroy(gsp);
}

/* Calls from high to low, because the kernel tends to place such mappings side by side. */
static void memory_of_calls_that_touch_in_the_host(void)
{
	struct guest_system *gsp = guest();
	unsigned n = 0;
	for (uint64_t at = FIRST + 7 * PAGE; at >= FIRST; at -= PAGE, n++)
		CHECK_EQ(gasp_guest_add_memory(gsp, at, PAGE, GASP_RAM, 0), EOK);
	for (unsigned i = 0; i < n; i++) {
		CHECK_EQ(backing_of(gsp, FIRST + i * PAGE).length, PAGE);
		check_backing(gsp, FIRST + i * PAGE + i);
	}
	gasp_guest_destroy(gsp);
}

static void backing_refused(const char *file, int line, int want, struct guest_system *gsp,
			    uint64_t location)
{
	struct gasp_backing b, mark;
	memset(&mark, 0xEE, sizeof(mark));
	b = mark;
	errno = ERRNO_MARK;
	int got = gasp_guest_backing(gsp, location, &b);
	if (got != want || errno != ERRNO_MARK)
		fprintf(check_fail(file, line), "%d (errno %d), not %d\n", got, errno, want);
	if (b.fd != mark.fd || b.offset != mark.offset || b.length != mark.length)
		fprintf(check_fail(file, line), "*backing was written\n");
}

#define CHECK_NO_BACKING(want, gsp, location) \
	backing_refused(__FILE__, __LINE__, (want), (gsp), (location))

/* The host can set one for the end of given memory and what comes after it. */
static void a_region_that_runs_past_the_end_of_the_file(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	struct gasp_span s;
	uint64_t offset = backing_of(gsp, FIRST).offset + BYTES - 2 * PAGE;
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, FIRST, &s), EOK);
	CHECK_SET(gsp, del(FIRST, BYTES),
		  mem_at(0x400000, 4 * PAGE, RAM, s.host_location + BYTES - 2 * PAGE));
	CHECK_EQ(backing_of(gsp, 0x400000).offset, offset);
	CHECK_EQ(backing_of(gsp, 0x400000).length, 2 * PAGE);
	CHECK_EQ(backing_of(gsp, 0x400000 + 2 * PAGE - 1).length, 1);
	check_backing(gsp, 0x400000 + PAGE);
	CHECK_NO_BACKING(ENOTSUP, gsp, 0x400000 + 2 * PAGE);
	CHECK_NO_BACKING(ENOTSUP, gsp, 0x400000 + 4 * PAGE - 1);
	CHECK_EQ((uint64_t)(uintptr_t)gasp_map_sys(gsp, PROT_READ, 0x400000, PAGE),
		 s.host_location + BYTES - 2 * PAGE);
	CHECK(gasp_map_sys(gsp, PROT_READ | PROT_EXEC, 0x400000 + PAGE, PAGE) != NULL);
	gasp_guest_destroy(gsp);
}

static void a_duplicate_outlives_the_guest(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	struct gasp_backing b = backing_of(gsp, FIRST + 0x2000);
	unsigned char byte = 77;
	int fd = b.fd;
	b.fd = dup(b.fd);
	CHECK_EQ(gasp_guest_write(gsp, FIRST + 0x2000, &byte, 1), EOK);
	gasp_guest_destroy(gsp);
	CHECK_EQ(fcntl(fd, F_GETFD), -1);
	unsigned char *page = page_in_file(&b);
	REQUIRE(page != NULL);
	CHECK_EQ(page[0], 77);
	munmap(page, PAGE);
	close(b.fd);
}

static void the_file_is_not_inherited_by_programs(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	CHECK(fcntl(backing_of(gsp, FIRST).fd, F_GETFD) & FD_CLOEXEC);
	gasp_guest_destroy(gsp);
}

static void refusals(void)
{
	struct guest_system *gsp = guest_in_chunks(0);
	unsigned char *own = own_pages(1);
	CHECK_SET(gsp, mem_at(0x1000, PAGE, RAM, address_of(own)), mem(0x3000, PAGE, VIRT));
	CHECK_NO_BACKING(ENOTSUP, gsp, 0x1000);
	CHECK_NO_BACKING(ENOTSUP, gsp, 0x1fff);
	CHECK_NO_BACKING(ENXIO, gsp, 0x2000);
	CHECK_NO_BACKING(ENXIO, gsp, 0x3000);
	CHECK_NO_BACKING(ENXIO, gsp, FIRST - 1);
	CHECK_NO_BACKING(ENXIO, gsp, FIRST + BYTES);
	CHECK_NO_BACKING(ENXIO, gsp, TOP);
	CHECK_NO_BACKING(EINVAL, NULL, FIRST);
	CHECK_NO_BACKING(EINVAL, dead_guest(), FIRST);
	CHECK_EQ(gasp_guest_backing(gsp, FIRST, NULL), EINVAL);
	gasp_guest_destroy(gsp);
	free(own);
}

static const struct test_case cases[] = {
	CASE(contiguous_memory), CASE(chunks), CASE(rom_and_trapped_memory), CASE(a_page_that_moved),
	CASE(memory_of_calls_that_touch_in_the_host), CASE(a_duplicate_outlives_the_guest),
	CASE(a_region_that_runs_past_the_end_of_the_file),
	CASE(the_file_is_not_inherited_by_programs), CASE(refusals),
};

TEST_MAIN(cases)
