/* The lifetime of mapped guest memory, and gasp_unmap() (specification 10.3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <sys/mman.h>

#define RW (PROT_READ | PROT_WRITE)
#define FIRST 0x100000u
#define BYTES 0x4000u

static struct guest_system *guest_in_chunks(uint64_t chunk)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST, BYTES, GASP_RAM, chunk), EOK);
	return gsp;
}

static unsigned char *view_of(struct guest_system *gsp, uint64_t at, size_t length)
{
	unsigned char *view = (unsigned char *)gasp_map_sys(gsp, RW, at, length);
	CHECK(view != NULL);
	return view;
}

/* ---- A mapping outlives the region ---- */

static void the_view_outlives_a_delete(uint64_t chunk)
{
	struct guest_system *gsp = guest_in_chunks(chunk);
	unsigned char *view = view_of(gsp, FIRST + 0x10, 0x3000), byte;
	REQUIRE(view != NULL);
	view[0] = 1;
	view[0x2fff] = 2;
	CHECK_SET(gsp, del(FIRST, BYTES));
	CHECK_EQ(view[0], 1);
	CHECK_EQ(view[0x2fff], 2);
	memset(view, 3, 0x3000);
	CHECK_EQ(gasp_guest_read(gsp, FIRST + 0x10, &byte, 1), ENXIO);
	CHECK_EQ(view[0x1234], 3);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_unmap(gsp, view, 0x3000, 1);
	gasp_guest_destroy(gsp);
}

static void a_contiguous_view_outlives_a_delete(void)
{
	the_view_outlives_a_delete(0);
}

static void a_joined_view_outlives_a_delete(void)
{
	the_view_outlives_a_delete(PAGE);
}

static void a_view_outlives_a_trap(void)
{
	struct guest_system *gsp = guest_in_chunks(PAGE);
	unsigned char *view = view_of(gsp, FIRST, BYTES), byte = 0;
	REQUIRE(view != NULL);
	CHECK_SET(gsp, mem(FIRST + PAGE, PAGE, VIRT));
	view[PAGE] = 7;
	CHECK_SET(gsp, mem(FIRST + PAGE, PAGE, RAM));
	CHECK_EQ(gasp_guest_read(gsp, FIRST + PAGE, &byte, 1), EOK);
	CHECK_EQ(byte, 7);
	gasp_unmap(gsp, view, BYTES, 0);
	gasp_guest_destroy(gsp);
}

/* A view shows the memory it was made of, not new memory at the same location. */
static void a_view_stays_with_its_memory(void)
{
	struct guest_system *gsp = guest_in_chunks(PAGE);
	unsigned char *view = view_of(gsp, FIRST, BYTES), *later, byte = 9;
	REQUIRE(view != NULL);
	view[0] = 1;
	CHECK_SET(gsp, del(FIRST, BYTES));
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST, BYTES, GASP_RAM, PAGE), EOK);
	later = view_of(gsp, FIRST, BYTES);
	REQUIRE(later != NULL);
	CHECK_EQ(later[0], 0);
	later[1] = 2;
	CHECK_EQ(view[1], 0);
	view[2] = 3;
	CHECK_EQ(gasp_guest_read(gsp, FIRST + 2, &byte, 1), EOK);
	CHECK_EQ(byte, 0);
	gasp_unmap(gsp, view, BYTES, 0);
	gasp_unmap(gsp, later, BYTES, 0);
	gasp_guest_destroy(gsp);
}

static void a_view_follows_a_page_that_moves(void)
{
	struct guest_system *gsp = guest_in_chunks(PAGE);
	struct gasp_span s;
	unsigned char *view = view_of(gsp, FIRST, BYTES), byte = 0;
	REQUIRE(view != NULL && gasp_guest_next(gsp, QST_MEMORY, FIRST + PAGE, &s) == EOK);
	CHECK_SET(gsp, del(FIRST + PAGE, PAGE), mem_at(0x800000, PAGE, RAM, s.host_location));
	view[PAGE + 1] = 8;
	CHECK_EQ(gasp_guest_read(gsp, 0x800001, &byte, 1), EOK);
	CHECK_EQ(byte, 8);
	gasp_unmap(gsp, view, BYTES, 0);
	gasp_guest_destroy(gsp);
}

/* ---- Unmapping ---- */

static void a_thousand_views_leave_nothing(uint64_t chunk, int prot)
{
	struct guest_system *gsp = guest_in_chunks(chunk);
	gasp_unmap(gsp, gasp_map_sys(gsp, prot, FIRST, BYTES), BYTES, 0);
	unsigned before = mappings(), lost = 0;
	for (unsigned i = 0; i < 1000; i++) {
		void *view = gasp_map_sys(gsp, prot, FIRST + i, BYTES - i);
		lost += view == NULL;
		gasp_unmap(gsp, view, BYTES - i, i % 2);
	}
	CHECK_EQ(lost, 0);
	CHECK_EQ(mappings(), before);
	gasp_guest_destroy(gsp);
}

static void unmap_of_contiguous_memory(void)
{
	a_thousand_views_leave_nothing(0, RW);
}

static void unmap_of_joined_memory(void)
{
	a_thousand_views_leave_nothing(PAGE, RW);
}

static void unmap_of_code(void)
{
	a_thousand_views_leave_nothing(0, PROT_READ | PROT_EXEC);
}

static void a_thousand_views_at_once(void)
{
	static unsigned char *views[1000];
	struct guest_system *gsp = guest_in_chunks(PAGE);
	unsigned before, wrong = 0;
	gasp_unmap(gsp, view_of(gsp, FIRST, BYTES), BYTES, 0);
	before = mappings();
	for (unsigned i = 0; i < COUNT(views); i++)
		views[i] = (unsigned char *)gasp_map_sys(gsp, RW, FIRST + PAGE - 1, 2 + i);
	REQUIRE(views[0] != NULL);
	views[0][1] = 123;
	for (unsigned i = 0; i < COUNT(views); i++)
		wrong += views[i] == NULL || views[i][1] != 123;
	CHECK_EQ(wrong, 0);
	for (unsigned i = 0; i < COUNT(views); i++)
		gasp_unmap(gsp, views[i], 2 + i, 0);
	CHECK_EQ(mappings(), before);
	gasp_guest_destroy(gsp);
}

static void destroying_the_guest_gives_back_everything(void)
{
	gasp_guest_destroy(guest_in_chunks(PAGE));
	unsigned before = mappings();
	for (unsigned i = 0; i < 20; i++) {
		struct guest_system *gsp = guest_in_chunks(PAGE);
		CHECK(view_of(gsp, FIRST, BYTES) != NULL);
		CHECK(view_of(gsp, FIRST + 1, BYTES - 1) != NULL);
		gasp_guest_destroy(gsp);
	}
	CHECK(mappings() < before + 4);
}

static void the_same_range_twice(uint64_t chunk)
{
	struct guest_system *gsp = guest_in_chunks(chunk);
	unsigned char *a = view_of(gsp, FIRST, BYTES), *b = view_of(gsp, FIRST, BYTES);
	REQUIRE(a != NULL && b != NULL);
	gasp_unmap(gsp, a, BYTES, 0);
	b[BYTES - 1] = 1;
	CHECK_EQ(b[BYTES - 1], 1);
	gasp_unmap(gsp, b, BYTES, 0);
	gasp_guest_destroy(gsp);
}

static void two_claims_on_one_range(void)
{
	the_same_range_twice(0);
	the_same_range_twice(PAGE);
}

/* ---- Refusals ---- */

/* A refused unmap keeps errno and sets the last error. */
static void unmap_refused(const char *file, int line, struct guest_system *gsp, void *ptr,
			  size_t length)
{
	char before[512];
	gasp_guest_start(NULL);		/* sets another last error */
	snprintf(before, sizeof(before), "%s", gasp_last_error());
	errno = ERRNO_MARK;
	gasp_unmap(gsp, ptr, length, 1);
	if (errno != ERRNO_MARK)
		fprintf(check_fail(file, line), "gasp_unmap() changed errno\n");
	if (gsp != NULL && strcmp(before, gasp_last_error()) == 0)
		fprintf(check_fail(file, line), "no reason in gasp_last_error()\n");
}

#define CHECK_NOT_UNMAPPED(gsp, ptr, length) \
	unmap_refused(__FILE__, __LINE__, (gsp), (ptr), (length))

static void wrong_pointers_and_lengths(void)
{
	struct guest_system *gsp = guest_in_chunks(PAGE);
	unsigned char *view = view_of(gsp, FIRST, BYTES), other[16];
	REQUIRE(view != NULL);
	view[0] = 1;
	CHECK_NOT_UNMAPPED(gsp, view, BYTES - 1);
	CHECK_NOT_UNMAPPED(gsp, view, BYTES + PAGE);
	CHECK_NOT_UNMAPPED(gsp, view, 0);
	CHECK_NOT_UNMAPPED(gsp, view + PAGE, BYTES - PAGE);
	CHECK_NOT_UNMAPPED(gsp, view + 1, BYTES);
	CHECK_NOT_UNMAPPED(gsp, other, sizeof(other));
	CHECK_NOT_UNMAPPED(gsp, NULL, 0);
	CHECK_NOT_UNMAPPED(gsp, NULL, BYTES);
	CHECK_EQ(view[0], 1);
	view[BYTES - 1] = 2;
	gasp_unmap(gsp, view, BYTES, 0);
	CHECK_NOT_UNMAPPED(gsp, view, BYTES);	/* a second time */
	gasp_guest_destroy(gsp);
}

static void wrong_guests(void)
{
	struct guest_system *gsp = guest_in_chunks(PAGE), *other = guest_in_chunks(PAGE);
	unsigned char *view = view_of(gsp, FIRST, BYTES);
	REQUIRE(view != NULL);
	CHECK_NOT_UNMAPPED(other, view, BYTES);
	CHECK_NOT_UNMAPPED(NULL, view, BYTES);
	gasp_unmap(dead_guest(), view, BYTES, 0);
	CHECK(gasp_last_error()[0] != '\0');
	view[0] = 1;
	gasp_unmap(gsp, view, BYTES, 0);
	gasp_guest_destroy(gsp);
	gasp_guest_destroy(other);
}

/* ---- Threads ---- */

struct mapper {
	struct guest_system *gsp;
	int stop;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *m = (struct mapper *)arg;
	while (!flag_get(&m->stop)) {
		unsigned char *view = (unsigned char *)gasp_map_sys(m->gsp, RW, FIRST + 8, BYTES - 16);
		if (view == NULL) {
			CHECK(errno == ENXIO);
			continue;
		}
		view[0] = view[BYTES - 17];
		gasp_unmap(m->gsp, view, BYTES - 16, 0);
	}
	return NULL;
}

static void from_several_threads_while_the_map_changes(void)
{
	struct mapper m;
	pthread_t threads[3];
	memset(&m, 0, sizeof(m));
	m.gsp = guest_in_chunks(PAGE);
	for (unsigned i = 0; i < COUNT(threads); i++)
		threads[i] = thread_start(map_and_unmap, &m);
	for (unsigned i = 0; i < 300; i++) {
		CHECK_SET(m.gsp, mem(FIRST + PAGE, PAGE, i % 2 ? RAM : VIRT));
		if (i % 10 == 0)
			sleep_ms(1);
	}
	flag_set(&m.stop, 1);
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	gasp_guest_destroy(m.gsp);
}

static const struct test_case cases[] = {
	CASE(a_contiguous_view_outlives_a_delete), CASE(a_joined_view_outlives_a_delete),
	CASE(a_view_outlives_a_trap), CASE(a_view_stays_with_its_memory),
	CASE(a_view_follows_a_page_that_moves), CASE(unmap_of_contiguous_memory),
	CASE(unmap_of_joined_memory), CASE(unmap_of_code), CASE(a_thousand_views_at_once),
	CASE(destroying_the_guest_gives_back_everything), CASE(two_claims_on_one_range),
	CASE(wrong_pointers_and_lengths), CASE(wrong_guests),
	CASE(from_several_threads_while_the_map_changes),
};

TEST_MAIN(cases)
