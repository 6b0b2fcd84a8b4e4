/* Searches from either end, places claimed, reservations given back, regions backwards and holes
 * (specification 15.1 to 15.4).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define TOP_FIRST GASP_FIND_TOP

static struct gasp_change window(uint64_t location, uint64_t last, uint32_t flags)
{
	struct gasp_change c;
	memset(&c, 0, sizeof(c));
	c.type = QST_MEMORY;
	c.location = location;
	c.last = last;
	c.flags = flags;
	return c;
}

static uint64_t find_top(struct guest_system *gsp, uint64_t size, uint64_t align, uint64_t min,
			 uint64_t max)
{
	return gasp_guest_find(gsp, QST_MEMORY, size, align, min, max, TOP_FIRST);
}

/* ---- From the top ---- */

static void the_highest_place_that_fits(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x8000, 0x1000, VIRT));
	errno = ERRNO_MARK;
	CHECK_EQ(find_top(gsp, 0x1000, 0x1000, 0, 0xffff), 0xf000);
	CHECK_EQ(find_top(gsp, 0x1000, 0x1000, 0, 0xfffe), 0xe000);
	CHECK_EQ(find_top(gsp, 0x1000, 0, 0, 0xfffe), 0xefff);
	CHECK_EQ(find_top(gsp, 0x8000, 0, 0, 0xffff), 0);
	CHECK_EQ(find_top(gsp, 0x7001, 0, 0, 0xffff), 0xfff);
	CHECK_EQ(find_top(gsp, 1, 0, 0, 0x8fff), 0x7fff);
	CHECK_EQ(gasp_guest_find(gsp, QST_MEMORY, 0x1000, 0x1000, 0x8000, 0xffff, 0), 0x9000);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void at_both_ends(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(find_top(gsp, 1, 1, 0, TOP), TOP - 1);		/* QSL_NO_LOCATION is never found */
	CHECK_EQ(find_top(gsp, 2, 1, 0, TOP), TOP - 1);
	CHECK_EQ(find_top(gsp, 0x1000, 0x1000, 0, TOP), TOP - 0xfff);
	CHECK_EQ(find_top(gsp, TOP, 1, 0, TOP), 1);
	CHECK_EQ(find_top(gsp, 1, 1, 0, 0), 0);
	CHECK_EQ(gasp_guest_find(gsp, QST_X86_IO, 1, 0, 0, TOP, TOP_FIRST), 0xffff);
	CHECK_EQ(gasp_guest_find(gsp, QST_X86_IO, 0x10000, 0, 0, TOP, TOP_FIRST), 0);
	CHECK_SET(gsp, mem(TOP, 1, VIRT), port(0xffff, 1, VIRT), mem(0, 1, VIRT));
	CHECK_EQ(find_top(gsp, 2, 1, 0, TOP), TOP - 2);
	CHECK_EQ(gasp_guest_find(gsp, QST_X86_IO, 1, 0, 0, TOP, TOP_FIRST), 0xfffe);
	CHECK_EQ(find_top(gsp, 1, 1, 0, 0), QSL_NO_LOCATION);
	CHECK_EQ(errno, ENOSPC);
	gasp_guest_destroy(gsp);
}

static void reservations_are_left_out(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0xe000, 0x2000), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x8000, 0x5000), EOK);
	CHECK_EQ(find_top(gsp, 0x1000, 0x1000, 0, 0xffff), 0xd000);
	CHECK_EQ(find_top(gsp, 0x1001, 1, 0, 0xffff), 0x6fff);
	CHECK_SET(gsp, mem(0xd800, 1, VIRT));
	CHECK_EQ(find_top(gsp, 0x1000, 0x1000, 0, 0xffff), 0x7000);
	gasp_guest_destroy(gsp);
}

static void errors_of_searches(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	CHECK_EQ(find_top(gsp, 1, 1, 0, 9), 9);	/* no lock is needed */
	CHECK_EQ(gasp_guest_find(gsp, QST_MEMORY, 1, 1, 0, 9, 2), QSL_NO_LOCATION);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(find_top(gsp, 0, 1, 0, 9), QSL_NO_LOCATION);
	CHECK_EQ(find_top(gsp, 1, 3, 0, 9), QSL_NO_LOCATION);
	CHECK_EQ(find_top(gsp, 1, 1, 9, 0), QSL_NO_LOCATION);
	CHECK_EQ(find_top(NULL, 1, 1, 0, 9), QSL_NO_LOCATION);
	CHECK_EQ(gasp_guest_find(gsp, QST_HOST, 1, 1, 0, 9, 0), QSL_NO_LOCATION);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(gasp_guest_find(gsp, QST_X86_IO, 1, 1, 0x10000, TOP, 0), QSL_NO_LOCATION);
	CHECK_EQ(errno, ENOSPC);
	gasp_guest_destroy(gsp);
}

/* ---- Claims ---- */

static void a_claim_is_a_region(void)
{
	struct guest_system *gsp = guest();
	struct gasp_change c = window(0x1000, 0xffff, RAM);
	c.host_location = HOST_A;
	c.vdev = vdev_a();
	c.cookie = 3;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_claim(gsp, &c, 0x2000, 0x4000, 0), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(c.location, 0x4000);
	CHECK_EQ(c.last, 0x5fff);
	CHECK_MEM(gsp, span_vdev(vdev_a(), span_cookie(3, span_at(0x4000, 0x5fff, RAM, HOST_A))));
	c = window(0x1000, 0xffff, VIRT);
	CHECK_EQ(gasp_guest_claim(gsp, &c, 0x2000, 0x4000, TOP_FIRST), EOK);
	CHECK_EQ(c.location, 0xc000);
	gasp_guest_destroy(gsp);
}

static void a_claim_without_flags_is_a_reservation(void)
{
	struct guest_system *gsp = guest();
	struct gasp_change c = window(0, 0xffff, GRF_NONE);
	CHECK_EQ(gasp_guest_claim(gsp, &c, 0x1000, 0x1000, 0), EOK);
	CHECK_EQ(c.location, 0);
	CHECK_EQ(c.last, 0xfff);
	CHECK_EMPTY(gsp, QST_MEMORY);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 1), 0x1000);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0, 0x1000), EOK);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 1), 0);
	gasp_guest_destroy(gsp);
}

#define CHECK_NO_CLAIM(gsp, c, size, align, flags, err) do { \
		struct gasp_change before_ = (c); \
		CHECK_EQ(gasp_guest_claim((gsp), &(c), (size), (align), (flags)), (err)); \
		CHECK(memcmp(&before_, &(c), sizeof(c)) == 0); \
	} while (0)

static void refused_claims(void)
{
	struct guest_system *gsp = guest();
	struct gasp_change c = window(0x1000, 0x2fff, VIRT), ram = window(0x1000, 0x8fff, RAM);
	CHECK_NO_CLAIM(gsp, c, 0x2001, 1, 0, ENOSPC);
	CHECK_NO_CLAIM(gsp, c, 0, 1, 0, EINVAL);
	CHECK_NO_CLAIM(gsp, c, 1, 3, 0, EINVAL);
	CHECK_NO_CLAIM(gsp, c, 1, 1, 2, EINVAL);
	CHECK_NO_CLAIM(gsp, ram, 0x1000, 0x1000, 0, EINVAL);	/* no host */
	CHECK_HAS(gasp_last_error(), "change[0] of 1, memory [0x1000, 0x1fff], flags PASS_RD");
	ram.host_location = HOST_A;
	CHECK_NO_CLAIM(gsp, ram, 0x800, 0x1000, 0, EINVAL);	/* no whole pages */
	c.type = QST_HOST;
	CHECK_NO_CLAIM(gsp, c, 1, 1, 0, EINVAL);
	c = window(2, 1, VIRT);
	CHECK_NO_CLAIM(gsp, c, 1, 1, 0, EINVAL);
	CHECK_NO_CLAIM(NULL, c, 1, 1, 0, EINVAL);
	CHECK_EQ(gasp_guest_claim(gsp, NULL, 1, 1, 0), EINVAL);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static int refuse(void *arg, const struct gasp_difference *d)
{
	(void)d;
	return *(int *)arg;
}

static void a_listener_refuses_a_claim(void)
{
	struct guest_system *gsp = guest();
	struct gasp_listener l;
	struct gasp_change c = window(0, 0xffff, VIRT);
	int answer = EBUSY;
	memset(&l, 0, sizeof(l));
	l.size = sizeof(l);
	l.prepare = refuse;
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &answer, NULL), EOK);
	CHECK_NO_CLAIM(gsp, c, 1, 1, 0, EBUSY);
	answer = EOK;
	CHECK_EQ(gasp_guest_claim(gsp, &c, 1, 1, 0), EOK);
	CHECK_MEM(gsp, span(0, 0, VIRT));
	gasp_guest_destroy(gsp);
}

#define CLAIMS 400u

struct claimer {
	struct guest_system *gsp;
	uint32_t cookie;
	unsigned flags, reserving;
};

/* Alternately a region and a reservation, from both ends. */
static void *claim_many(void *arg)
{
	struct claimer *one = (struct claimer *)arg;
	for (unsigned i = 0; i < CLAIMS; i++) {
		struct gasp_change c = window(0, 4 * CLAIMS - 1, one->reserving ? GRF_NONE : GRF_VIRT_RD);
		c.cookie = one->cookie;
		if (!CHECK_EQ(gasp_guest_claim(one->gsp, &c, 1, 1, one->flags), EOK))
			break;
	}
	return NULL;
}

/* Together they fill the window exactly, so no place was given twice. */
static void four_threads_get_different_places(void)
{
	struct guest_system *gsp = guest();
	struct claimer all[4] = { { gsp, 1, 0, 0 }, { gsp, 2, TOP_FIRST, 0 }, { gsp, 3, 0, 1 },
				  { gsp, 4, TOP_FIRST, 1 } };
	pthread_t threads[4];
	uint64_t regions = 0, from = 0;
	struct gasp_span s;
	for (unsigned i = 0; i < 4; i++)
		threads[i] = thread_start(claim_many, &all[i]);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(gasp_guest_find(gsp, QST_MEMORY, 1, 1, 0, 4 * CLAIMS - 1, 0), QSL_NO_LOCATION);
	while (gasp_guest_next(gsp, QST_MEMORY, from, &s) == EOK) {
		regions += s.last - s.location + 1;
		from = s.last + 1;
	}
	CHECK_EQ(regions, 2 * CLAIMS);
	gasp_guest_destroy(gsp);
}

/* ---- Given back ---- */

static void parts_and_several_reservations(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0, 0x1000), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x1000, 0x1000), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x3000, 0x1000), EOK);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0x800, 0x1000), EOK);
	CHECK_EQ(gasp_guest_find(gsp, QST_MEMORY, 0x1000, 1, 0, TOP, 0), 0x800);
	CHECK_EQ(gasp_guest_find(gsp, QST_MEMORY, 0x1001, 1, 0, TOP, 0), 0x2000 + 0x2000);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0x3400, 0x10), EOK);	/* cut in two */
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x3400, 0x11), EEXIST);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x33ff, 0x11), EEXIST);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x3400, 0x10), EOK);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0x3000, 0x1000), EOK);	/* three in one */
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x3000, 0x1000), EOK);
	gasp_guest_destroy(gsp);
}

static void what_is_not_reserved(void)
{
	struct guest_system *gsp = guest();
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0, 1), ENOENT);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x1000, 0x1000), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x3000, 0x1000), EOK);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0x1000, 0x3000), ENOENT);	/* a gap */
	CHECK_HAS(gasp_last_error(), "0x2000 is not reserved");
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0xfff, 0x1001), ENOENT);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0x1000, 0x1001), ENOENT);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_X86_IO, 0x1000, 0x1000), ENOENT);
	CHECK_EQ(gasp_guest_unreserve_gram(gsp, 0x1000, 0x1000), ENOENT);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0x1000, 0), EINVAL);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, TOP, 2), EINVAL);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_HOST, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_unreserve(NULL, QST_MEMORY, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_unreserve_gram(NULL, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_unreserve_gram(gsp, 0, 0), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x1000, 1), EEXIST);	/* nothing was given back */
	gasp_guest_destroy(gsp);
}

static void reservations_at_the_ends(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0, 1), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 1, TOP), EOK);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, TOP, 1), EOK);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, TOP, 1), ENOENT);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0, TOP), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_X86_IO, 0, 0x10000), EOK);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_X86_IO, 0xffff, 1), EOK);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_X86_IO, 0, 0xffff), EOK);
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 0x10000, 1), 0);
	gasp_guest_destroy(gsp);
}

static void grams_own(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem_at(0, 0x10000, RAM, HOST_A));
	CHECK_EQ(gram_find_free(gsp, 0x1000, 0x1000, 0), 0);
	CHECK_EQ(gram_reserve(gsp, 0x1000, 0x1000), EOK);
	CHECK_EQ(gasp_guest_unreserve(gsp, QST_MEMORY, 0, 0x1000), ENOENT);
	CHECK_EQ(gasp_guest_unreserve_gram(gsp, 0, 0x2000), EOK);
	CHECK_EQ(gram_find_free(gsp, 0x1000, 0x1000, 0), 0);
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	CHECK_EQ(gasp_guest_unreserve_gram(gsp, 0, 0x1000), EOK);
	gasp_guest_destroy(gsp);
}

/* ---- Backwards, and holes ---- */

static void regions_backwards(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	CHECK_EQ(gasp_guest_previous(gsp, QST_MEMORY, TOP, &s), ENXIO);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), cookie(1, mem(0x2000, 0x10, VIRT)), mem(TOP, 1, VIRT),
		  port(0xffff, 1, VIRT));
	CHECK_EQ(gasp_guest_previous(gsp, QST_MEMORY, TOP, &s), EOK);
	CHECK_EQ(s.location, TOP);
	CHECK_EQ(gasp_guest_previous(gsp, QST_MEMORY, TOP - 1, &s), EOK);
	CHECK_EQ(s.location, 0x2000);
	CHECK_EQ(gasp_guest_previous(gsp, QST_MEMORY, 0x2000, &s), EOK);
	CHECK_EQ(s.last, 0x200f);
	CHECK_EQ(gasp_guest_previous(gsp, QST_MEMORY, 0x1fff, &s), EOK);
	CHECK_EQ(s.location, 0x1000);
	CHECK_EQ(gasp_guest_previous(gsp, QST_MEMORY, 0xfff, &s), ENXIO);
	CHECK_EQ(s.location, 0x1000);
	CHECK_EQ(gasp_guest_previous(gsp, QST_X86_IO, 0xffff, &s), EOK);
	CHECK_EQ(gasp_guest_previous(gsp, QST_X86_IO, 0xfffe, &s), ENXIO);
	CHECK_EQ(gasp_guest_previous(gsp, QST_X86_IO, 0x10000, &s), EINVAL);
	CHECK_EQ(gasp_guest_previous(gsp, QST_HOST, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_previous(gsp, QST_MEMORY, 0, NULL), EINVAL);
	CHECK_EQ(gasp_guest_previous(NULL, QST_MEMORY, 0, &s), EINVAL);
	gasp_guest_destroy(gsp);
}

/* Through more regions than one node of the map can have. */
static void thousands_of_regions_backwards(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	uint64_t from = TOP;
	unsigned n = 0;
	for (uint32_t i = 0; i < 3000; i++)
		CHECK_SET(gsp, cookie(i, mem(UINT64_C(3) * i, 1 + i % 2, VIRT)));
	while (gasp_guest_previous(gsp, QST_MEMORY, from, &s) == EOK) {
		if (!CHECK_EQ(s.cookie, 2999 - n))
			break;
		n++;
		if (s.location == 0)
			break;
		from = s.location - 1;
	}
	CHECK_EQ(n, 3000);
	gasp_guest_destroy(gsp);
}

static void holes(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	memset(&s, 0x5A, sizeof(s));
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_MEMORY, 7, &s), EOK);
	CHECK_EQ(s.location, 0);
	CHECK_EQ(s.last, TOP);
	CHECK_EQ(s.flags, 0);
	CHECK(s.vdev == NULL && s.host_location == 0 && s.cookie == 0);
	CHECK_SET(gsp, mem(0, 0x1000, VIRT), cookie(1, mem(0x1000, 0x1000, VIRT)), mem(0x5000, 1, VIRT),
		  mem(TOP, 1, VIRT), port(1, 0xffff, VIRT));
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_MEMORY, 0, &s), EOK);
	CHECK_EQ(s.location, 0x2000);
	CHECK_EQ(s.last, 0x4fff);
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_MEMORY, 0x4fff, &s), EOK);
	CHECK_EQ(s.location, 0x2000);
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_MEMORY, 0x5000, &s), EOK);
	CHECK_EQ(s.location, 0x5001);
	CHECK_EQ(s.last, TOP - 1);
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_MEMORY, TOP, &s), ENXIO);
	CHECK_EQ(s.location, 0x5001);
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_X86_IO, 0, &s), EOK);
	CHECK_EQ(s.last, 0);
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_X86_IO, 1, &s), ENXIO);
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_X86_IO, 0x10000, &s), EINVAL);
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_HOST, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_next_gap(gsp, QST_MEMORY, 0, NULL), EINVAL);
	CHECK_EQ(gasp_guest_next_gap(NULL, QST_MEMORY, 0, &s), EINVAL);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(the_highest_place_that_fits), CASE(at_both_ends), CASE(reservations_are_left_out),
	CASE(errors_of_searches), CASE(a_claim_is_a_region), CASE(a_claim_without_flags_is_a_reservation),
	CASE(refused_claims), CASE(a_listener_refuses_a_claim), CASE(four_threads_get_different_places),
	CASE(parts_and_several_reservations), CASE(what_is_not_reserved), CASE(reservations_at_the_ends),
	CASE(grams_own), CASE(regions_backwards), CASE(thousands_of_regions_backwards), CASE(holes),
};

TEST_MAIN(cases)
