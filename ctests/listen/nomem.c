/* No memory while listeners are notified: ENOMEM, nothing changed, no listener left prepared
 * (specification 8.4, 11.3). Each allocation of a call fails once: the functions defined here are
 * called in place of the C library's, also by the library under test.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "set_whole.h"

/* The number of the allocation that fails, counted from now on; 0: none. */
static __thread unsigned fail_at;
static __thread unsigned seen;

#ifndef SANITIZED

#ifdef __cplusplus
#define THROWS noexcept
extern "C" {
#else
#define THROWS
#endif

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static int fails(void)
{
	if (fail_at == 0 || ++seen != fail_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size) THROWS
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size) THROWS
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size) THROWS
{
	return fails() ? NULL : __libc_realloc(old, size);
}

#ifdef __cplusplus
}
#endif

#endif

static struct book book;
static struct follower one, two;
static struct gasp_region array[400];

/* A guest with regions in both spaces and two listeners. The elements of `array` split, merge, add
 * and delete. */
static struct guest_system *followed_guest(void)
{
	struct guest_system *gsp = guest();
	for (uint32_t i = 0; i < 200; i++) {
		array[i] = cookie(i, mem(i * 2 * PAGE, PAGE, VIRT));
		array[200 + i] = cookie(i, port(i * 2, 1, VIRT));
	}
	set_expect(__FILE__, __LINE__, gsp, COUNT(array), array);
	for (unsigned i = 0; i < COUNT(array); i++) {
		array[i].guest.location += i % 3;
		array[i].flags = i % 5 != 0 ? (uint32_t)GRF_VIRT_RD : (uint32_t)GRF_NONE;
	}
	one = follower_of(gsp, &book, 1);
	two = follower_of(gsp, &book, 2);
	follow(&one);
	follow(&two);
	return gsp;
}

/* Each listener that prepared was called to commit or to abort. */
static void check_no_listener_is_left_prepared(int result)
{
	unsigned n[4] = { 0, 0, 0, 0 };
	for (unsigned i = 0; i < book.n && i < NOTIFIED_MAX; i++)
		n[book.notified[i].callback]++;
	CHECK_EQ(n[PREPARE], n[COMMIT] + n[ABORT]);
	CHECK_EQ(n[COMMIT], result == EOK ? n[PREPARE] : 0);
}

typedef int call_function(struct guest_system *gsp);

/* Makes a call again and again, with another allocation failing each time, until none fails. */
static void fail_everywhere(struct guest_system *gsp, call_function *call, unsigned at_least)
{
	unsigned failures = 0;
	int result = ENOMEM;
	for (unsigned k = 1; result != EOK && k < 10000; k++) {
		struct state before = state_of(gsp);
		book.n = 0;
		seen = 0;
		fail_at = k;
		result = call(gsp);
		fail_at = 0;
		check_no_listener_is_left_prepared(result);
		if (result == EOK)
			break;
		failures++;
		CHECK_EQ(result, ENOMEM);
		CHECK_UNCHANGED(gsp, &before);
	}
	CHECK_EQ(result, EOK);
	if (getenv("LD_PRELOAD") == NULL)
		CHECK(failures >= at_least);
}

#ifdef SANITIZED
#define RUN(call, at_least) \
	SKIP("allocations of the address sanitizer cannot be made to fail"); \
	fail_everywhere(followed_guest(), call, at_least)
#else
#define RUN(call, at_least) \
	struct guest_system *gsp = followed_guest(); \
	fail_everywhere(gsp, call, at_least); \
	gasp_guest_destroy(gsp)
#endif

static int call_set_soft(struct guest_system *gsp)
{
	return gasp_region_set_soft(gsp, COUNT(array), array) == COUNT(array) ? EOK : errno;
}

static int call_set_whole(struct guest_system *gsp)
{
	struct gasp_report report = report_of(sizeof(report));
	int result = gasp_guest_set(gsp, COUNT(array), array, WHOLE, &report);
	CHECK_EQ(report.error, result);
	CHECK_EQ(report.index, result == EOK ? COUNT(array) : 0);
	return result;
}

static int call_dry(struct guest_system *gsp)
{
	int result = gasp_guest_set(gsp, COUNT(array), array, DRY, NULL);
	CHECK(book.n == 0 || result == EOK);
	return result;
}

static int call_add_memory(struct guest_system *gsp)
{
	return gasp_guest_add_memory(gsp, 0x10000000, 0x40000, GASP_RAM, PAGE);
}

static int call_add_listener(struct guest_system *gsp)
{
	struct gasp_listener l = listener_with(0);
	return gasp_guest_add_listener(gsp, &l, &one, NULL);
}

static uint64_t id_to_remove;

static int call_remove_listener(struct guest_system *gsp)
{
	return gasp_guest_remove_listener(gsp, id_to_remove);
}

static void a_set_call(void) { RUN(call_set_soft, 8); }
static void all_or_nothing(void) { RUN(call_set_whole, 8); }
static void a_dry_run(void) { RUN(call_dry, 8); }
static void new_memory(void) { RUN(call_add_memory, 4); }
static void adding_a_listener(void) { RUN(call_add_listener, 4); }

/* After a failure, the listener is still there and gets changes as before. */
static void removing_a_listener(void)
{
#ifdef SANITIZED
	id_to_remove = 0;
	SKIP("allocations of the address sanitizer cannot be made to fail");
#endif
	struct guest_system *gsp = followed_guest();
	id_to_remove = one.id;
	fail_everywhere(gsp, call_remove_listener, 4);
	CHECK_ORDER(&book, "1p 1c");
	book.n = 0;
	CHECK_SET(gsp, mem(0x10000000, 1, VIRT));
	CHECK_ORDER(&book, "2p 2c");
	gasp_guest_destroy(gsp);
}

/* Listeners are notified of the removal of the whole map, in several steps if memory is short. */
static void the_end_of_the_guest(void)
{
	static struct mirror mirror;
	struct gasp_listener l = mirror_listener(0);
#ifdef SANITIZED
	SKIP("allocations of the address sanitizer cannot be made to fail");
#endif
	for (unsigned k = 1; k < 30; k++) {
		struct guest_system *gsp = followed_guest();
		memset(&mirror, 0, sizeof(mirror));
		CHECK_EQ(gasp_guest_add_listener(gsp, &l, &mirror, NULL), EOK);
		CHECK_MIRROR(gsp, &mirror);
		seen = 0;
		fail_at = k;
		gasp_guest_destroy(gsp);
		fail_at = 0;
		CHECK_EQ(mirror.maps[0].n + mirror.maps[1].n, 0);
		CHECK_EQ(mirror.faults, 0);
	}
}

static const struct test_case cases[] = {
	CASE(a_set_call), CASE(all_or_nothing), CASE(a_dry_run), CASE(new_memory),
	CASE(adding_a_listener), CASE(removing_a_listener), CASE(the_end_of_the_guest),
};

TEST_MAIN(cases)
