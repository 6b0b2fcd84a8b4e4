/* Adding and removing listeners: their notifications, their ids, bad arguments (specification 11.1,
 * 11.4).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "listen.h"

static struct book book;
static struct follower f;

static struct guest_system *guest_with_regions(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A), mem(0x2000, 0x1000, VIRT),
		  mem(TOP, 1, VIRT), port(0, 1, VIRT), port(0xFFFF, 1, VIRT));
	f = follower_of(gsp, &book, 1);
	book.n = 0;
	return gsp;
}

static int add(void)
{
	struct gasp_listener l = listener_with(0);
	f.id = 0;
	return gasp_guest_add_listener(f.gsp, &l, &f, &f.id);
}

static void check_whole_map(const struct notification *t, enum side memory, enum side ports)
{
	const struct gasp_span in_memory[] = {
		span_at(0x1000, 0x1fff, RAM, HOST_A),
		saved(GRF_PASS_ANY, span_at(0x2000, 0x2fff, VIRT | (RAM & (uint32_t)GRF_STICKY),
					    HOST_A + 0x1000)),
		span(TOP, TOP, VIRT) };
	const struct gasp_span in_ports[] = { span(0, 0, VIRT), span(0xFFFF, 0xFFFF, VIRT) };
	side_check(__FILE__, __LINE__, t, memory, in_memory, COUNT(in_memory));
	side_check(__FILE__, __LINE__, t, ports, in_ports, COUNT(in_ports));
	CHECK_EQ(t->n[memory ^ 1], 0);
	CHECK_EQ(t->n[ports ^ 1], 0);
}

/* ---- Adding ---- */

static void the_present_map_is_added(void)
{
	struct guest_system *gsp = guest_with_regions();
	uint64_t generation = gasp_guest_generation(gsp, QST_MEMORY);
	CHECK_EQ(add(), EOK);
	CHECK_ORDER(&book, "1p 1c");
	check_whole_map(&book.notified[0], MEM_ADDED, PORTS_ADDED);
	check_whole_map(&book.notified[1], MEM_ADDED, PORTS_ADDED);
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), generation);
	gasp_guest_destroy(gsp);
}

static void no_notification_of_an_empty_map(void)
{
	struct guest_system *gsp = guest();
	f = follower_of(gsp, &book, 1);
	book.n = 0;
	f.refuses = EBUSY;
	CHECK_EQ(add(), EOK);
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	CHECK_EQ(add(), EOK);
	gasp_guest_destroy(gsp);
	CHECK_EQ(book.n, 0);
}

/* The listener is not added, and *id is not written. */
static void the_present_map_is_refused(void)
{
	struct guest_system *gsp = guest_with_regions();
	struct gasp_listener l = listener_with(0);
	uint64_t id = 4711;
	f.refuses = ENOSPC;
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &f, &id), ENOSPC);
	CHECK_EQ(id, 4711);
	CHECK_HAS(gasp_last_error(), "listener refused");
	CHECK_ORDER(&book, "1p");
	f.refuses = -3;
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &f, &id), EINVAL);
	f.refuses = EOK;
	book.n = 0;
	CHECK_SET(gsp, mem(0x8000, 1, VIRT));
	CHECK_EQ(book.n, 0);
	CHECK_EQ(gasp_guest_remove_listener(gsp, 1), EINVAL);
	gasp_guest_destroy(gsp);
	CHECK_EQ(book.n, 0);
}

static void other_listeners_are_not_notified_of_a_new_one(void)
{
	static struct book other_book;
	struct guest_system *gsp = guest_with_regions();
	struct follower other = follower_of(gsp, &other_book, 2);
	CHECK_EQ(add(), EOK);
	book.n = 0;
	follow(&other);
	CHECK_EQ(gasp_guest_remove_listener(gsp, other.id), EOK);
	CHECK_EQ(book.n, 0);
	gasp_guest_destroy(gsp);
}

static void ids_are_never_used_again(void)
{
	struct guest_system *gsp = guest_with_regions();
	uint64_t last = 0;
	for (unsigned i = 0; i < 10; i++) {
		CHECK_EQ(add(), EOK);
		CHECK(f.id > last);
		last = f.id;
		CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	}
	gasp_guest_destroy(gsp);
}

/* The same functions twice are two listeners. */
static void one_listener_twice(void)
{
	struct guest_system *gsp = guest_with_regions();
	struct gasp_listener l = listener_with(0);
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &f, NULL), EOK);
	CHECK_EQ(add(), EOK);
	book.n = 0;
	memset(&l, 0xEE, sizeof(l));
	CHECK_SET(gsp, mem(0x8000, 1, VIRT));
	CHECK_ORDER(&book, "1p 1p 1c 1c");
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	book.n = 0;
	CHECK_SET(gsp, mem(0x9000, 1, VIRT));
	CHECK_ORDER(&book, "1p 1c");
	gasp_guest_destroy(gsp);
}

/* ---- Removing ---- */

static void the_whole_map_is_removed(void)
{
	struct guest_system *gsp = guest_with_regions();
	CHECK_EQ(add(), EOK);
	book.n = 0;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_ORDER(&book, "1p 1c");
	check_whole_map(&book.notified[0], MEM_REMOVED, PORTS_REMOVED);
	check_whole_map(&book.notified[1], MEM_REMOVED, PORTS_REMOVED);
	CHECK_SET(gsp, del(0x1000, 0x2000));
	CHECK_ORDER(&book, "1p 1c");
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EINVAL);
	CHECK_HAS(gasp_last_error(), "no listener has the id");
	gasp_guest_destroy(gsp);
	CHECK_ORDER(&book, "1p 1c");
}

static void a_refusal_of_the_removal_is_ignored(void)
{
	struct guest_system *gsp = guest_with_regions();
	CHECK_EQ(add(), EOK);
	book.n = 0;
	f.refuses = EBUSY;
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	CHECK_ORDER(&book, "1p 1c");
	f.refuses = EOK;
	CHECK_EQ(add(), EOK);
	book.n = 0;
	f.refuses = EBUSY;
	gasp_guest_destroy(gsp);
	CHECK_ORDER(&book, "1p 1c");
	check_whole_map(&book.notified[1], MEM_REMOVED, PORTS_REMOVED);
}

/* During the last notification the guest's memory and its handle still work. */
static void look_at_the_end(struct follower *follower, enum callback callback)
{
	unsigned char byte = 0;
	struct gasp_span s;
	CHECK_EQ(gasp_guest_read(follower->gsp, 0x4000, &byte, 1), EOK);
	CHECK_EQ(byte, 77);
	CHECK_EQ(gasp_guest_next(follower->gsp, QST_MEMORY, 0, &s), EOK);
	CHECK_EQ(*(unsigned char *)(uintptr_t)s.host_location, 77);
	CHECK_EQ(gasp_lock(follower->gsp, QST_MEMORY), EDEADLK);
	(void)callback;
}

static void destroying_the_guest_removes_all_in_opposite_order(void)
{
	struct guest_system *gsp = guest();
	struct follower more[3];
	const unsigned char byte = 77;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x4000, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_write(gsp, 0x4000, &byte, 1), EOK);
	for (int i = 0; i < 3; i++) {
		more[i] = follower_of(gsp, &book, i + 1);
		follow_at(&more[i], i == 1 ? -1 : 0);
		more[i].inside = look_at_the_end;
	}
	gasp_guest_destroy(gsp);
	CHECK_ORDER(&book, "3p 3c 1p 1c 2p 2c");
	CHECK_EQ(book.notified[0].n[MEM_REMOVED], 1);
	CHECK_EQ(book.notified[5].n[MEM_REMOVED], 1);
}

/* A guest can be destroyed while a lock of it is held by a thread that has ended. */
static void *leave_locked(void *arg)
{
	CHECK_EQ(gasp_lock((struct guest_system *)arg, QST_MEMORY), EOK);
	return NULL;
}

static void destroying_a_guest_whose_lock_was_left_held(void)
{
	struct guest_system *gsp = guest_with_regions();
	CHECK_EQ(add(), EOK);
	book.n = 0;
	thread_run(leave_locked, gsp);
	gasp_guest_destroy(gsp);
	CHECK_ORDER(&book, "1p 1c");
}

/* ---- Arguments ---- */

struct newer {
	struct gasp_listener now;
	uint64_t later[2];
};

static void sizes(void)
{
	struct guest_system *gsp = guest_with_regions();
	struct newer l;
	uint64_t id = 4711;
	memset(&l, 0, sizeof(l));
	l.now = listener_with(0);
	errno = ERRNO_MARK;
	for (size_t size = 0; size < sizeof(l.now); size++) {
		l.now.size = size;
		CHECK_EQ(gasp_guest_add_listener(gsp, &l.now, &f, &id), EINVAL);
	}
	CHECK_HAS(gasp_last_error(), "listener->size");
	l.now.size = sizeof(l);
	l.later[1] = UINT64_C(1) << 56;
	CHECK_EQ(gasp_guest_add_listener(gsp, &l.now, &f, &id), E2BIG);
	CHECK_EQ(id, 4711);
	CHECK_EQ(book.n, 0);
	l.now.size = sizeof(l) - 1; /* leaves out the byte that is set */
	CHECK_EQ(gasp_guest_add_listener(gsp, &l.now, &f, &id), EOK);
	l.later[1] = 0;
	l.now.size = sizeof(l);
	CHECK_EQ(gasp_guest_add_listener(gsp, &l.now, &f, NULL), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest_with_regions(), *dead = dead_guest();
	struct gasp_listener l = listener_with(0);
	uint64_t id = 4711;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_listener(NULL, &l, &f, &id), EINVAL);
	CHECK_EQ(gasp_guest_add_listener(dead, &l, &f, &id), EINVAL);
	CHECK_EQ(gasp_guest_add_listener(gsp, NULL, &f, &id), EINVAL);
	CHECK_STR(gasp_last_error(), "listener is NULL");
	CHECK_EQ(id, 4711);
	CHECK_EQ(gasp_guest_remove_listener(NULL, 1), EINVAL);
	CHECK_EQ(gasp_guest_remove_listener(dead, 1), EINVAL);
	CHECK_EQ(gasp_guest_remove_listener(gsp, 0), EINVAL);
	CHECK_EQ(gasp_guest_remove_listener(gsp, UINT64_MAX), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(book.n, 0);
	gasp_guest_destroy(gsp);
}

/* An id is valid for one guest only. */
static void listeners_are_of_one_guest(void)
{
	struct guest_system *gsp = guest_with_regions(), *other = guest();
	CHECK_EQ(add(), EOK);
	CHECK_EQ(gasp_guest_remove_listener(other, f.id), EINVAL);
	book.n = 0;
	CHECK_SET(other, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(book.n, 0);
	gasp_guest_destroy(other);
	CHECK_EQ(book.n, 0);
	gasp_guest_destroy(gsp);
}

/* A listener's functions may spoil errno. */
static void spoil_errno(struct follower *follower, enum callback callback)
{
	(void)follower;
	errno = 1000 + (int)callback;
}

static void errno_is_kept_from_listeners(void)
{
	struct guest_system *gsp = guest_with_regions();
	struct gasp_region r = port(0x100, 1, VIRT);
	struct gasp_report report;
	memset(&report, 0, sizeof(report));
	report.size = sizeof(report);
	f.inside = spoil_errno;
	errno = ERRNO_MARK;
	CHECK_EQ(add(), EOK);
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, 0, &report), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x100000, 0x1000, GASP_RAM, 0), EOK);
	gasp_region_set(gsp, 1, &r);
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	CHECK_EQ(add(), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_SET(gsp, port(0x100, 1, GRF_NONE));
	errno = ERRNO_MARK;
	gasp_guest_destroy(gsp);
	CHECK_EQ(errno, ERRNO_MARK);
}

static const struct test_case cases[] = {
	CASE(the_present_map_is_added), CASE(no_notification_of_an_empty_map), CASE(the_present_map_is_refused),
	CASE(other_listeners_are_not_notified_of_a_new_one), CASE(ids_are_never_used_again),
	CASE(one_listener_twice), CASE(the_whole_map_is_removed), CASE(a_refusal_of_the_removal_is_ignored),
	CASE(destroying_the_guest_removes_all_in_opposite_order),
	CASE(destroying_a_guest_whose_lock_was_left_held), CASE(sizes), CASE(bad_arguments),
	CASE(listeners_are_of_one_guest), CASE(errno_is_kept_from_listeners),
};

TEST_MAIN(cases)
