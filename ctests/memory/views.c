/* Views of guest memory in several pieces: one pointer, and all views coherent (specification 10.1.6).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "map.h"

static void fill(unsigned char *data, uint64_t at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		data[i] = pattern(at + i);
}

static int filled(const unsigned char *data, uint64_t at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (data[i] != pattern(at + i))
			return 0;
	return 1;
}

/* The guest has the pattern there. */
static void check_guest(struct guest_system *gsp, uint64_t at, size_t length)
{
	unsigned char *data = (unsigned char *)malloc(length);
	CHECK_EQ(gasp_guest_read(gsp, at, data, length), EOK);
	CHECK(filled(data, at, length));
	free(data);
}

/* ---- Pieces ---- */

static void through_a_view_and_read_by_the_host(void)
{
	struct guest_system *gsp = guest_in_chunks(0x8000, PAGE);
	uint64_t at = FIRST + 0xffd;	/* 3 bytes, 4 pages, 5 bytes */
	size_t length = 4 * PAGE + 8;
	unsigned char *view = view_of(gsp, at, length);
	REQUIRE(view != NULL);
	CHECK(all_bytes(view, 0, length));
	fill(view, at, length);
	check_guest(gsp, at, length);
	gasp_unmap(gsp, view, length, 1);
	check_guest(gsp, at, length);
	gasp_guest_destroy(gsp);
}

static void written_by_the_host_and_seen_through_views(void)
{
	struct guest_system *gsp = guest_in_chunks(0x8000, PAGE);
	static unsigned char data[0x6000];
	unsigned char *whole = view_of(gsp, FIRST, 0x8000), *part = view_of(gsp, FIRST + 0x1801, 0x3000);
	REQUIRE(whole != NULL && part != NULL);
	fill(data, FIRST + 0x123, sizeof(data));
	CHECK_EQ(gasp_guest_write(gsp, FIRST + 0x123, data, sizeof(data)), EOK);
	CHECK(filled(whole + 0x123, FIRST + 0x123, sizeof(data)));
	CHECK(filled(part, FIRST + 0x1801, 0x3000));
	gasp_unmap(gsp, whole, 0x8000, 0);
	CHECK(filled(part, FIRST + 0x1801, 0x3000));
	gasp_unmap(gsp, part, 0x3000, 0);
	gasp_guest_destroy(gsp);
}

static void one_view_sees_another(void)
{
	struct guest_system *gsp = guest_in_chunks(0x8000, 2 * PAGE);
	unsigned char *a = view_of(gsp, FIRST, 0x8000), *b = view_of(gsp, FIRST + 0x1fff, 0x4002);
	REQUIRE(a != NULL && b != NULL);
	fill(b, FIRST + 0x1fff, 0x4002);
	CHECK(filled(a + 0x1fff, FIRST + 0x1fff, 0x4002));
	a[0x2000] = 99;
	CHECK_EQ(b[1], 99);
	gasp_unmap(gsp, a, 0x8000, 0);
	gasp_unmap(gsp, b, 0x4002, 0);
	gasp_guest_destroy(gsp);
}

static void a_view_and_the_vcpu(void)
{
	struct guest_system *gsp = guest_in_chunks(0x8000, PAGE);
	struct gasp_cpu *cpu = new_cpu(gsp);
	unsigned char *view = view_of(gsp, FIRST, 0x8000), data[40];
	REQUIRE(view != NULL);
	fill(view, FIRST, 0x8000);
	CHECK_READ(cpu, FIRST + 0x1ff0, data, sizeof(data));
	CHECK(filled(data, FIRST + 0x1ff0, sizeof(data)));
	memset(data, 0xAB, sizeof(data));
	CHECK_WRITE(cpu, FIRST + 0x2ff0, data, sizeof(data));
	CHECK(all_bytes(view + 0x2ff0, 0xAB, sizeof(data)));
	gasp_unmap(gsp, view, 0x8000, 0);
	gasp_guest_destroy(gsp);
}

static void a_view_and_the_host_location(void)
{
	struct guest_system *gsp = guest_in_chunks(0x4000, PAGE);
	struct gasp_span s;
	unsigned char *view = view_of(gsp, FIRST, 0x4000);
	REQUIRE(view != NULL && gasp_guest_next(gsp, QST_MEMORY, FIRST + 0x2000, &s) == EOK);
	CHECK_EQ(s.location, FIRST + 0x2000);
	((unsigned char *)(uintptr_t)s.host_location)[7] = 44;
	CHECK_EQ(view[0x2007], 44);
	gasp_unmap(gsp, view, 0x4000, 0);
	gasp_guest_destroy(gsp);
}

/* Holes and traps beside the range do not matter. */
static void pieces_between_holes_and_traps(void)
{
	struct guest_system *gsp = guest_in_chunks(0x8000, PAGE);
	CHECK_SET(gsp, del(FIRST, PAGE), mem(FIRST + 0x7000, PAGE, VIRT));
	unsigned char *view = view_of(gsp, FIRST + 0x1000, 0x6000);
	REQUIRE(view != NULL);
	fill(view, FIRST + 0x1000, 0x6000);
	check_guest(gsp, FIRST + 0x1000, 0x6000);
	gasp_unmap(gsp, view, 0x6000, 0);
	gasp_guest_destroy(gsp);
}

/* ---- Pieces that were not added together ---- */

static void pages_that_changed_places(void)
{
	struct guest_system *gsp = guest_in_chunks(0x3000, 0);
	struct gasp_span s;
	unsigned char one = 1, three = 3;
	REQUIRE(gasp_guest_next(gsp, QST_MEMORY, FIRST, &s) == EOK);
	CHECK_EQ(gasp_guest_write(gsp, FIRST + 7, &one, 1), EOK);
	CHECK_EQ(gasp_guest_write(gsp, FIRST + 0x2007, &three, 1), EOK);
	CHECK_SET(gsp, del(FIRST, 0x3000), mem_at(FIRST, PAGE, RAM, s.host_location + 0x2000),
		  mem_at(FIRST + 0x1000, PAGE, RAM, s.host_location + 0x1000),
		  mem_at(FIRST + 0x2000, PAGE, RAM, s.host_location));
	unsigned char *view = view_of(gsp, FIRST, 0x3000);
	REQUIRE(view != NULL);
	CHECK_EQ(view[7], 3);
	CHECK_EQ(view[0x2007], 1);
	fill(view, FIRST, 0x3000);
	check_guest(gsp, FIRST, 0x3000);
	gasp_unmap(gsp, view, 0x3000, 0);
	gasp_guest_destroy(gsp);
}

/* The guest sees one page of memory at two places. */
static void one_page_twice_in_a_view(void)
{
	struct guest_system *gsp = guest_in_chunks(0x1000, 0);
	struct gasp_span s;
	REQUIRE(gasp_guest_next(gsp, QST_MEMORY, FIRST, &s) == EOK);
	CHECK_SET(gsp, mem_at(FIRST + 0x1000, PAGE, RAM, s.host_location));
	unsigned char *view = view_of(gsp, FIRST, 0x2000);
	REQUIRE(view != NULL);
	view[5] = 55;
	CHECK_EQ(view[0x1005], 55);
	view[0x1fff] = 56;
	CHECK_EQ(view[0xfff], 56);
	gasp_unmap(gsp, view, 0x2000, 0);
	gasp_guest_destroy(gsp);
}

static void memory_of_several_calls(void)
{
	struct guest_system *gsp = guest_in_chunks(0x2000, PAGE);
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST + 0x2000, 0x2000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST + 0x4000, 0x2000, GASP_RAM, PAGE), EOK);
	unsigned char *view = view_of(gsp, FIRST, 0x6000);
	REQUIRE(view != NULL);
	fill(view, FIRST, 0x6000);
	check_guest(gsp, FIRST, 0x6000);
	gasp_unmap(gsp, view, 0x6000, 0);
	gasp_guest_destroy(gsp);
}

/* Calls from high to low, because the kernel tends to place such mappings side by side. */
static void memory_of_calls_that_touch_in_the_host(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST + 0x8000, 0x1000, GASP_RAM, PAGE), EOK);
	for (uint64_t at = FIRST + 0x7000; at >= FIRST; at -= PAGE)
		CHECK_EQ(gasp_guest_add_memory(gsp, at, PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST + 0x9000, 0x3000, GASP_RAM, PAGE), EOK);
	unsigned char *view = view_of(gsp, FIRST, 0xc000);
	unsigned char *fetch = (unsigned char *)gasp_map_sys(gsp, PROT_READ | PROT_EXEC, FIRST, 0xc000);
	REQUIRE(view != NULL && CHECK(fetch != NULL));
	fill(view, FIRST, 0xc000);
	check_guest(gsp, FIRST, 0xc000);
	CHECK(filled(fetch, FIRST, 0xc000));
	gasp_unmap(gsp, view, 0xc000, 0);
	gasp_unmap(gsp, fetch, 0xc000, 0);
	gasp_guest_destroy(gsp);
}

/* ---- Code ---- */

#if defined(__x86_64__)
/* mov eax, 42; ret */
static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };

static int run_code(unsigned char *at)
{
	int (*function)(void);
	void *address = at;
	memcpy(&function, &address, sizeof(function));
	return function();
}

static void execute_at(uint64_t chunk, uint64_t at)
{
	struct guest_system *gsp = guest_in_chunks(0x4000, chunk);
	CHECK_EQ(gasp_guest_write(gsp, at, code, sizeof(code)), EOK);
	void *view = gasp_map_sys(gsp, PROT_READ | PROT_EXEC, FIRST, 0x4000);
	REQUIRE(view != NULL);
	CHECK_EQ(run_code((unsigned char *)view + (at - FIRST)), 42);
	gasp_unmap(gsp, view, 0x4000, 0);
	gasp_guest_destroy(gsp);
}

static void child_execute(void)
{
	execute_at(0, FIRST + 0x10);
	execute_at(0, FIRST + 0x1ffd);
	execute_at(PAGE, FIRST + 0x1ffd);	/* over the end of a chunk */
}

static void child_execute_contig(void)
{
	struct guest_system *gsp = guest_in_chunks(0x4000, 0);
	vdev_t device;
	uint64_t paddr = FIRST;
	size_t length = 0x1000;
	memset(&device, 0, sizeof(device));
	device.v_gsp = gsp;
	CHECK_EQ(gasp_guest_write(gsp, FIRST, code, sizeof(code)), EOK);
	void *view = gasp_map_contig(&device, PROT_READ | PROT_EXEC, &paddr, &length);
	REQUIRE(view != NULL);
	CHECK_EQ(run_code((unsigned char *)view), 42);
	gasp_unmap(gsp, view, length, 0);
	gasp_guest_destroy(gsp);
}

static void code_is_executed(void)
{
	CHECK_CHILD("child_execute");
}

static void code_is_executed_in_a_contiguous_mapping(void)
{
	CHECK_CHILD("child_execute_contig");
}
#else
static void child_execute(void) {}
static void child_execute_contig(void) {}
static void code_is_executed(void) { SKIP("the code is for x86-64"); }
static void code_is_executed_in_a_contiguous_mapping(void) { SKIP("the code is for x86-64"); }
#endif

static const struct test_case cases[] = {
	CASE(through_a_view_and_read_by_the_host), CASE(written_by_the_host_and_seen_through_views),
	CASE(one_view_sees_another), CASE(a_view_and_the_vcpu), CASE(a_view_and_the_host_location),
	CASE(pieces_between_holes_and_traps), CASE(pages_that_changed_places),
	CASE(one_page_twice_in_a_view), CASE(memory_of_several_calls),
	CASE(memory_of_calls_that_touch_in_the_host), CASE(code_is_executed),
	CASE(code_is_executed_in_a_contiguous_mapping),
};

static const struct test_case children[] = { CASE(child_execute), CASE(child_execute_contig) };

TEST_MAIN_CHILDREN(cases, children)
