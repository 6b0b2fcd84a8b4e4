/* A listener's functions may query the guest, and must not change it (specification 11.5).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"
#include "listen.h"

#include <sys/mman.h>

static struct book book;
static struct follower f;

/* A guest with memory at 0x1000 whose first byte is 77, and a port. */
static struct guest_system *followed_guest(void (*inside)(struct follower *, enum callback))
{
	struct guest_system *gsp = guest();
	const unsigned char byte = 77;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x4000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_write(gsp, 0x1000, &byte, 1), EOK);
	CHECK_SET(gsp, port(0x60, 1, VIRT));
	f = follower_of(gsp, &book, 1);
	follow(&f);
	f.inside = inside;
	return gsp;
}

/* ---- Queries ---- */

static struct gasp_cpu *cpu;
static uint64_t generations[2];

/* The state before the call: memory from 0x1000 on, port 0x60. */
static void expect_old(struct guest_system *gsp)
{
	struct gasp_region r;
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 0x10000);
	struct gasp_backing backing;
	unsigned char byte = 0;
	size_t length = 0x4000;
	void *host = gasp_map_sys(gsp, PROT_READ, 0x1000, length);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(r.guest.length, 0x4000);
	CHECK_EQ(gasp_cpu_info(cpu, &blk, &r), EOK);
	CHECK_EQ(r.guest.length, 0x4000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1000, 0x1000), 0);
	CHECK_EQ(gasp_find_free_range(gsp, QST_MEMORY, 0x1000, 0, 0x1000, TOP), 0x5000);
	CHECK_EQ(gasp_find_free_range(gsp, QST_X86_IO, 1, 1, 0x60, 0xFFFF), 0x61);
	CHECK_EQ(gasp_walk_count(gsp, 0, 0), 1);
	CHECK(host != NULL && *(unsigned char *)host == 77);
	gasp_unmap(gsp, host, length, 0);
	CHECK_EQ(gasp_guest_backing(gsp, 0x1000, &backing), EOK);
	CHECK_EQ(backing.length, 0x4000);
	CHECK_EQ(gasp_guest_read(gsp, 0x1000, &byte, 1), EOK);
	CHECK_EQ(byte, 77);
	CHECK_READ(cpu, 0x1000, &byte, 1);
	CHECK_EQ(byte, 77);
	CHECK_EQ(gram_find_free_range(gsp, 0x4000, 0x1000, GRAM_HINT_ALIGN_TOP, 0, 0), QSL_NO_LOCATION);
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), generations[0]);
	CHECK_EQ(gasp_guest_generation(gsp, QST_X86_IO), generations[1]);
}

/* The state after the call: the first page and port 0x60 are absent, port 0x62 is present. */
static void expect_new(struct guest_system *gsp)
{
	struct gasp_region r;
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 0x1000);
	struct gasp_backing backing;
	unsigned char byte = 0;
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), ENXIO);
	CHECK_EQ(gasp_cpu_info(cpu, &blk, &r), ENXIO);
	CHECK_EQ(gasp_find_free_range(gsp, QST_MEMORY, 0x1000, 0, 0x1000, TOP), 0x1000);
	CHECK_EQ(gasp_find_free_range(gsp, QST_X86_IO, 1, 1, 0x62, 0xFFFF), 0x63);
	CHECK_EQ(gasp_find_free_range(gsp, QST_X86_IO, 1, 1, 0x60, 0xFFFF), 0x60);
	CHECK(gasp_map_sys(gsp, PROT_READ, 0x1000, 1) == NULL);
	CHECK_EQ(gasp_guest_backing(gsp, 0x1000, &backing), ENXIO);
	CHECK_EQ(gasp_guest_read(gsp, 0x1000, &byte, 1), ENXIO);
	CHECK_READ(cpu, 0x1000, &byte, 1);
	CHECK_EQ(byte, 0xFF);
	CHECK_MEM(gsp, span_at(0x2000, 0x4fff, RAM, f.book->notified[0].spans[MEM_REMOVED][0].host_location
			       + 0x1000));
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), generations[0] + 1);
	CHECK_EQ(gasp_guest_generation(gsp, QST_X86_IO), generations[1] + 1);
}

static void ask(struct follower *follower, enum callback callback)
{
	if (callback == COMMIT)
		expect_new(follower->gsp);
	else
		expect_old(follower->gsp);
}

/* If a second listener refuses, abort sees the old state. */
static void queries_see_the_old_state_and_then_the_new_one(void)
{
	struct guest_system *gsp = followed_guest(ask);
	struct follower second = follower_of(gsp, &book, 2);
	struct gasp_region r[3] = { del(0x1000, 0x1000), port(0x60, 1, GRF_NONE), port(0x62, 1, VIRT) };
	struct gasp_report report;
	memset(&report, 0, sizeof(report));
	report.size = sizeof(report);
	f.inside = NULL;
	follow(&second);
	f.inside = ask;
	cpu = new_cpu(gsp);
	generations[0] = gasp_guest_generation(gsp, QST_MEMORY);
	generations[1] = gasp_guest_generation(gsp, QST_X86_IO);
	second.refuses = EBUSY;
	CHECK_REFUSED(gsp, 0, EBUSY, r[0], r[1], r[2]);
	CHECK_ORDER(&book, "1p 2p 1a");
	second.refuses = EOK;
	CHECK_EQ(gasp_guest_set(gsp, 3, r, GASP_SET_DRY_RUN, NULL), EOK);
	book.n = 0;
	CHECK_EQ(gasp_guest_set(gsp, 3, r, GASP_SET_ALL_OR_NOTHING, &report), EOK);
	CHECK_ORDER(&book, "1e 2e 1p 2p 1c 2c");
	f.inside = NULL;
	gasp_guest_destroy(gsp);
}

/* From prepare on, new memory is mapped in this process, but it is not yet in the guest. */
static void touch_added_memory(struct follower *follower, enum callback callback)
{
	const struct notification *t = &follower->book->notified[0];
	struct gasp_backing backing;
	unsigned char *host = (unsigned char *)(uintptr_t)t->spans[MEM_ADDED][0].host_location;
	if (t->n[MEM_ADDED] == 0)
		return;
	CHECK_EQ(host[0x1fff], callback == PREPARE ? 0 : 5);
	host[0x1fff] = 5;
	CHECK_EQ(gasp_guest_backing(follower->gsp, 0x10000, &backing), callback == PREPARE ? ENXIO : EOK);
}

static void new_memory_can_be_touched_in_prepare(void)
{
	struct guest_system *gsp = followed_guest(touch_added_memory);
	unsigned char byte = 0;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x10000, 0x2000, GASP_RAM, 0), EOK);
	CHECK_ORDER(&book, "1p 1c");
	CHECK_EQ(gasp_guest_read(gsp, 0x11fff, &byte, 1), EOK);
	CHECK_EQ(byte, 5);
	f.inside = NULL;
	gasp_guest_destroy(gsp);
}

/* ---- Locks ---- */

static void try_locks(struct follower *follower, enum callback callback)
{
	struct guest_system *gsp = follower->gsp;
	uint16_t held = follower->more != NULL ? QST_X86_IO : QST_MEMORY;
	uint16_t other = follower->more != NULL ? QST_MEMORY : QST_X86_IO;
	CHECK_EQ(gasp_lock(gsp, held), EOK);
	CHECK_EQ(gasp_lock(gsp, held), EOK);
	CHECK_EQ(gasp_unlock(gsp, held), EOK);
	CHECK_EQ(gasp_unlock(gsp, held), EOK);
	CHECK_EQ(gasp_lock(gsp, other), EDEADLK);
	CHECK_EQ(gasp_unlock(gsp, other), EPERM);
	CHECK_EQ(gasp_guest_synchronize(gsp), EDEADLK);
	(void)callback;
}

static void the_lock_of_the_changed_space_is_held_the_other_is_refused(void)
{
	struct guest_system *gsp = followed_guest(try_locks);
	CHECK_SET(gsp, del(0x1000, 0x1000));
	CHECK_ORDER(&book, "1p 1c");
	f.more = &f;
	CHECK_SET(gsp, port(0x60, 1, GRF_NONE));
	CHECK_SET(gsp, mem(0x2000, 0x3000, RAM), port(0x60, 1, VIRT)); /* memory stays as it is */
	CHECK_ORDER(&book, "1p 1c 1p 1c 1p 1c");
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EPERM);
	f.inside = NULL;
	gasp_guest_destroy(gsp);
}

static void try_both_locks(struct follower *follower, enum callback callback)
{
	for (unsigned i = 0; i < 2; i++) {
		uint16_t type = i == 0 ? QST_X86_IO : QST_MEMORY;
		CHECK_EQ(gasp_lock(follower->gsp, type), EOK);
		CHECK_EQ(gasp_unlock(follower->gsp, type), EOK);
	}
	(void)callback;
}

static void both_locks_are_held_where_both_spaces_change(void)
{
	struct guest_system *gsp = followed_guest(try_both_locks);
	CHECK_SET(gsp, port(0x60, 1, GRF_NONE), del(0x1000, 0x1000));
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	struct gasp_listener l = listener_with(0);
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &f, NULL), EOK);
	CHECK_ORDER(&book, "1p 1c 1p 1c 1p 1c");
	f.inside = NULL;
	gasp_guest_destroy(gsp);
}

/* ---- Changes ---- */

static void try_changes(struct follower *follower, enum callback callback)
{
	struct guest_system *gsp = follower->gsp;
	struct gasp_region r = mem(0x100000, 0x1000, VIRT);
	struct gasp_region p = port(0x100, 1, VIRT);
	struct gasp_region same = mem(0x2000, 0x1000, RAM);
	struct gasp_listener l = listener_with(0);
	struct gasp_change c;
	uint64_t id = 4711;
	memset(&c, 0, sizeof(c));
	c.location = c.last = 0x100000;
	c.flags = VIRT;
	errno = 0;
	CHECK_EQ(gasp_region_set_soft(gsp, 1, &r), 0);
	CHECK_EQ(errno, EDEADLK);
	CHECK_HAS(gasp_last_error(), "listener callback");
	errno = 0;
	CHECK_EQ(gasp_region_set_soft(gsp, 1, &p), 0);
	CHECK_EQ(errno, EDEADLK);
	CHECK_EQ(gasp_region_set_soft(gsp, 1, &same), 0);
	CHECK_EQ(gasp_region_set_soft(gsp, 0, NULL), 0);
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, 0, NULL), EDEADLK);
	CHECK_EQ(gasp_guest_set(gsp, 1, &p, GASP_SET_ALL_OR_NOTHING, NULL), EDEADLK);
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, GASP_SET_DRY_RUN, NULL), EDEADLK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x100000, 0x1000, GASP_RAM, 0), EDEADLK);
	CHECK_EQ(gasp_guest_add_memory_fd(gsp, 0x100000, 0x1000, GASP_RAM, 0, 0), EDEADLK);
	CHECK_EQ(gasp_guest_remove_memory(gsp, 0x1000, 0x1000), EDEADLK);
	CHECK_EQ(gasp_guest_change(gsp, 1, &c, 0, NULL), EDEADLK);
	CHECK_EQ(gasp_guest_claim(gsp, &c, 1, 1, 0), EDEADLK);
	CHECK_EQ(gasp_guest_release(gsp, vdev_a(), NULL), EDEADLK);
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, follower, &id), EDEADLK);
	CHECK_EQ(id, 4711);
	CHECK_EQ(gasp_guest_remove_listener(gsp, follower->id), EDEADLK);
	CHECK_EQ(gasp_guest_remove_listener(gsp, 99), EDEADLK);
	(void)callback;
}

/* In estimate, prepare, commit and abort, when a listener is added or removed, and at the guest's
 * end. */
static void changes_are_refused(void)
{
	struct guest_system *gsp = followed_guest(try_changes);
	struct follower second = follower_of(gsp, &book, 2);
	struct gasp_listener l = listener_with(0);
	struct gasp_region r = del(0x1000, 0x1000);
	struct gasp_report report;
	memset(&report, 0, sizeof(report));
	report.size = sizeof(report);
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &second, &second.id), EOK);
	book.n = 0;
	second.refuses = EBUSY;
	CHECK_EQ(gasp_guest_set(gsp, 1, &r, 0, &report), EBUSY);
	second.refuses = EOK;
	CHECK_SET(gsp, r);
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &f, &f.id), EOK);
	CHECK_ORDER(&book, "1e 2e 1p 2p 1a 1p 2p 1c 2c 1p 1c 1p 1c");
	CHECK_PORTS(gsp, span(0x60, 0x60, VIRT));
	book.n = 0;
	gasp_guest_destroy(gsp);
	CHECK_ORDER(&book, "1p 1c 2p 2c");
}

/* While the only listener is added or removed, the list of listeners is empty. */
static void changes_are_refused_to_the_only_listener(void)
{
	struct guest_system *gsp = followed_guest(try_changes);
	struct gasp_listener l = listener_with(0);
	uint64_t before = gasp_guest_generation(gsp, QST_MEMORY);
	CHECK_EQ(gasp_guest_remove_listener(gsp, f.id), EOK);
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &f, &f.id), EOK);
	CHECK_ORDER(&book, "1p 1c 1p 1c");
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), before);
	CHECK_PORTS(gsp, span(0x60, 0x60, VIRT));
	book.n = 0;
	gasp_guest_destroy(gsp);
	CHECK_ORDER(&book, "1p 1c");
}

static void set_fatally(struct follower *follower, enum callback callback)
{
	struct gasp_region r = port(0x100, 1, VIRT);
	if (callback == PREPARE)
		gasp_region_set(follower->gsp, 1, &r);
}

static void child_region_set_inside(void)
{
	struct guest_system *gsp = followed_guest(set_fatally);
	struct gasp_region r = del(0x1000, 0x1000);
	gasp_guest_start(gsp);
	gasp_region_set_soft(gsp, 1, &r);
}

static void gasp_region_set_inside_ends_the_process(void)
{
	struct outcome out = run_child("child_region_set_inside");
	CHECK_EXIT("child_region_set_inside", out, 96);
	CHECK_HAS(out.err, "(EDEADLK, errno 35)\n");
}

/* A thread that waits for the lock is not refused: it gets the lock afterwards. */
static void *set_a_port(void *arg)
{
	struct follower *follower = (struct follower *)arg;
	CHECK_SET(follower->gsp, port(0x200, 1, VIRT));
	return NULL;
}

static pthread_t setter;

static void start_a_setter(struct follower *follower, enum callback callback)
{
	if (follower->book->n > 2)
		return; /* notified of the setter's change */
	if (follower->book->n == 1)
		setter = thread_start(set_a_port, follower);
	sleep_ms(20);
	CHECK_EQ(follower->book->n, callback == PREPARE ? 1 : 2);
}

static void no_two_functions_run_at_a_time(void)
{
	struct guest_system *gsp = followed_guest(start_a_setter);
	CHECK_SET(gsp, del(0x1000, 0x1000));
	pthread_join(setter, NULL);
	f.inside = NULL;
	CHECK_ORDER(&book, "1p 1c 1p 1c");
	gasp_guest_destroy(gsp);
}

/* A listener may change another guest. */
static void change_another(struct follower *follower, enum callback callback)
{
	struct guest_system *other = (struct guest_system *)follower->more;
	CHECK_SET(other, cookie(follower->book->n, mem(0x1000, 0x1000, VIRT)));
	CHECK_EQ(gasp_lock(other, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(other, QST_X86_IO), EOK);
	(void)callback;
}

static void other_guests_can_be_changed(void)
{
	static struct book other_book;
	struct guest_system *gsp = followed_guest(change_another), *other = guest();
	struct follower g = follower_of(other, &other_book, 2);
	follow(&g);
	f.more = other;
	CHECK_SET(gsp, del(0x1000, 0x1000));
	CHECK_ORDER(&other_book, "2p 2c 2p 2c");
	f.inside = NULL;
	gasp_guest_destroy(other);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(queries_see_the_old_state_and_then_the_new_one),
	CASE(new_memory_can_be_touched_in_prepare),
	CASE(the_lock_of_the_changed_space_is_held_the_other_is_refused),
	CASE(both_locks_are_held_where_both_spaces_change), CASE(changes_are_refused),
	CASE(changes_are_refused_to_the_only_listener),
	CASE(gasp_region_set_inside_ends_the_process), CASE(no_two_functions_run_at_a_time),
	CASE(other_guests_can_be_changed),
};

static const struct test_case children[] = { CASE(child_region_set_inside) };

TEST_MAIN_CHILDREN(cases, children)
