/* The host side: guests, reservations, memory, listing, reading, writing (specification 7).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

/* An options structure as a newer program might have it. */
struct newer_options {
	struct gasp_guest_options known;
	uint64_t unknown[2];
};

static struct newer_options options_of(size_t size)
{
	struct newer_options options;
	memset(&options, 0, sizeof(options));
	options.known.size = size;
	return options;
}

static int create_errno(const struct newer_options *options)
{
	errno = 0;
	struct guest_system *gsp = gasp_guest_create(&options->known);
	int err = errno;
	CHECK(gsp == NULL);
	gasp_guest_destroy(gsp);
	return err;
}

static void create_and_destroy(void)
{
	errno = ERRNO_MARK;
	struct guest_system *gsp = gasp_guest_create(NULL);
	CHECK(gsp != NULL);
	gasp_guest_destroy(gsp);
	gasp_guest_destroy(gsp);
	gasp_guest_destroy(NULL);
	CHECK_EQ(errno, ERRNO_MARK);
}

static void options_of_a_wrong_size(void)
{
	struct newer_options options = options_of(0);
	CHECK_EQ(create_errno(&options), EINVAL);
	options.known.size = sizeof(size_t);
	CHECK_EQ(create_errno(&options), EINVAL);
	options.known.size = sizeof(options.known) - 1;
	CHECK_EQ(create_errno(&options), EINVAL);
}

static void options_of_a_newer_program(void)
{
	struct newer_options options = options_of(sizeof(options));
	struct guest_system *gsp = gasp_guest_create(&options.known);
	CHECK(gsp != NULL);
	gasp_guest_destroy(gsp);
	options.unknown[1] = UINT64_C(1) << 63;
	CHECK_EQ(create_errno(&options), E2BIG);
	options.unknown[1] = 0;
	options.unknown[0] = 1;
	CHECK_EQ(create_errno(&options), E2BIG);
	options.known.size = sizeof(options.known);	/* the tail is not looked at */
	gsp = gasp_guest_create(&options.known);
	CHECK(gsp != NULL);
	gasp_guest_destroy(gsp);
}

static void unknown_option_flags(void)
{
	struct newer_options options = options_of(sizeof(options.known));
	options.known.flags = 8;
	CHECK_EQ(create_errno(&options), EINVAL);
	options.known.flags = 0x80000000u | GASP_GUEST_STRICT;
	CHECK_EQ(create_errno(&options), EINVAL);
}

static void start_once(void)
{
	struct guest_system *gsp = guest();
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	CHECK_EQ(gasp_guest_start(gsp), EALREADY);
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	CHECK_EQ(gasp_guest_start(dead_guest()), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void guests_are_separate(void)
{
	struct guest_system *one = guest(), *two = guest();
	CHECK_SET(one, mem(0x1000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_SET(two, mem(0x1000, 0x2000, VIRT));
	CHECK_EQ(gasp_guest_start(one), EOK);
	CHECK_EQ(gasp_guest_start(two), EOK);
	gasp_guest_destroy(one);
	CHECK_MEM(two, span(0x1000, 0x2fff, VIRT));
	gasp_guest_destroy(two);
}

static void a_destroyed_handle_is_recognised(void)
{
	struct guest_system *dead = dead_guest();
	for (int i = 0; i < 1023; i++)
		gasp_guest_destroy(guest());
	CHECK_EQ(gasp_guest_start(dead), EINVAL);
	CHECK_REFUSED(dead, 0, EINVAL, mem(0x1000, 0x1000, VIRT));
	gasp_guest_destroy(dead);
	CHECK_EQ(gasp_guest_start(dead), EINVAL);
}

static void a_destroyed_handle_is_recognised_among_the_living(void)
{
	static struct guest_system *living[1023];
	struct guest_system *dead = dead_guest();
	for (unsigned i = 0; i < COUNT(living); i++)
		living[i] = guest();
	for (unsigned i = 0; i < COUNT(living); i++)
		CHECK(living[i] != dead);
	CHECK_EQ(gasp_guest_start(dead), EINVAL);
	gasp_guest_destroy(dead);
	for (unsigned i = 0; i < COUNT(living); i++) {
		CHECK_EQ(gasp_guest_start(living[i]), EOK);
		gasp_guest_destroy(living[i]);
	}
}

static void many_guests_one_after_the_other(void)
{
	for (int i = 0; i < 5000; i++) {
		struct guest_system *gsp = guest();
		CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
		gasp_guest_destroy(gsp);
	}
}

static void reserve_overlaps(void)
{
	struct guest_system *gsp = guest();
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x1000, 0x1000), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x1fff, 1), EEXIST);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_PCI_IO, 0x0, 0x1001), EEXIST);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x0, TOP), EEXIST);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x2000, 1), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x0, 0x1000), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_X86_IO, 0x1000, 0x1000), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_X86_IO, 0xFFFF, 1), EOK);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, TOP, 1), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void reserve_with_bad_arguments(void)
{
	struct guest_system *gsp = guest();
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_reserve(NULL, QST_MEMORY, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_reserve(dead_guest(), QST_MEMORY, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0, 0), EINVAL);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, TOP, 2), EINVAL);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_X86_IO, 0xFFFF, 2), EINVAL);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_X86_IO, 0x10000, 1), EINVAL);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_HOST, 0, 1), EINVAL);
	CHECK_EQ(gasp_guest_reserve(gsp, 0x10000, 0, 1), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void a_reservation_does_nothing_else(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, 0x0, 0x3000), EOK);
	CHECK_SET(gsp, mem(0x0, 0x3000, VIRT));
	CHECK_SET(gsp, del(0x0, 0x3000));
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, &s), ENXIO);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), 0x3000);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x0, 0x1000, GASP_RAM, 0), EOK);
	gasp_guest_destroy(gsp);
}

static void next_lists_regions(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), cookie(1, mem(0x2000, 0x1000, VIRT)),
		  mem(0x8000, 1, VIRT));
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, &s), EOK);
	CHECK_EQ(s.location, 0x1000);
	CHECK_EQ(s.last, 0x1fff);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0x2800, &s), EOK);
	CHECK_EQ(s.location, 0x2000);
	CHECK_EQ(s.last, 0x2fff);
	CHECK_EQ(gasp_guest_next(gsp, QST_PCI_IO, 0x3000, &s), EOK);
	CHECK_EQ(s.location, 0x8000);
	CHECK_EQ(s.last, 0x8000);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0x8001, &s), ENXIO);
	CHECK_EQ(s.location, 0x8000);	/* not written */
	gasp_guest_destroy(gsp);
}

static void next_with_bad_arguments(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s, before;
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	memset(&s, 0xAA, sizeof(s));
	before = s;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_next(NULL, QST_MEMORY, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_next(dead_guest(), QST_MEMORY, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, NULL), EINVAL);
	CHECK_EQ(gasp_guest_next(gsp, QST_VIRTUAL, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_next(gsp, 0x10000, 0, &s), EINVAL);
	CHECK_EQ(gasp_guest_next(gsp, QST_X86_IO, 0x10000, &s), EINVAL);
	CHECK_EQ(gasp_guest_next(gsp, QST_X86_IO, 0, &s), ENXIO);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK(span_same(&s, &before));
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(create_and_destroy), CASE(options_of_a_wrong_size),
	CASE(options_of_a_newer_program), CASE(unknown_option_flags), CASE(start_once),
	CASE(guests_are_separate), CASE(a_destroyed_handle_is_recognised),
	CASE(a_destroyed_handle_is_recognised_among_the_living),
	CASE(many_guests_one_after_the_other), CASE(reserve_overlaps),
	CASE(reserve_with_bad_arguments), CASE(a_reservation_does_nothing_else),
	CASE(next_lists_regions), CASE(next_with_bad_arguments),
};

TEST_MAIN(cases)
