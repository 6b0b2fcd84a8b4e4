/* Faults that were found in other VMMs, libraries and emulators, and need threads or handlers
 * (specification 2.7, 10.6, 10.7). The others are in faults.c.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#define A 0x1000u
#define B 0x8000u

static unsigned rounds(unsigned many)
{
	return getenv("GASP_TEST_SMALL") != NULL ? many / 50 : many;
}

/* ---- Setters against each other ---- */

struct race {
	struct guest_system *gsp;
	pthread_barrier_t start;
	unsigned n;
	unsigned won[2];
};

static void race_open(struct race *r, unsigned n)
{
	memset(r, 0, sizeof(*r));
	r->gsp = guest();
	r->n = n;
	pthread_barrier_init(&r->start, NULL, 2);
}

static void race_close(struct race *r)
{
	pthread_barrier_destroy(&r->start);
	gasp_guest_destroy(r->gsp);
}

/* Two threads claim one range as PRECIOUS, n times. */
static void claim(struct race *r, unsigned thread, uint64_t at)
{
	for (unsigned i = 0; i < r->n; i++) {
		struct gasp_region rgn = cookie(thread + 1, mem(at, 0x20, VIRT | GRF_PRECIOUS));
		pthread_barrier_wait(&r->start);
		int mine = gasp_region_set_soft(r->gsp, 1, &rgn) == 1;
		r->won[thread] += mine;
		pthread_barrier_wait(&r->start);
		rgn.flags = GRF_NONE;
		if (mine)
			CHECK_EQ(gasp_region_set_soft(r->gsp, 1, &rgn), 1);
	}
}

static void *claim_above(void *arg)
{
	claim((struct race *)arg, 1, A + 0x10);
	return NULL;
}

/* A VMM's bus looked for overlap under one lock and inserted under another: two claims of one
 * place were both accepted, once in 20,000 tries. */
static void check_then_insert_lets_overlaps_in(void)
{
	struct race r;
	race_open(&r, rounds(20000));
	pthread_t other = thread_start(claim_above, &r);
	claim(&r, 0, A);
	pthread_join(other, NULL);
	CHECK_EQ(r.won[0] + r.won[1], r.n);
	race_close(&r);
}

/* Each thread changes its own ranges. */
static void insert_all(struct race *r, unsigned thread)
{
	for (unsigned i = 0; i < r->n; i++) {
		struct gasp_region rgn = cookie(thread + 1, mem(A + (2 * i + thread) * 0x10, 8, VIRT));
		CHECK_EQ(gasp_region_set_soft(r->gsp, 1, &rgn), 1);
	}
}

static void *insert_odd(void *arg)
{
	insert_all((struct race *)arg, 1);
	return NULL;
}

/* A library of address spaces published a new state without the writers' lock, and lost a change of
 * another writer. */
static void publish_loses_an_update(void)
{
	struct race r;
	struct gasp_span s;
	unsigned found = 0;
	race_open(&r, rounds(20000));
	pthread_t other = thread_start(insert_odd, &r);
	insert_all(&r, 0);
	pthread_join(other, NULL);
	for (uint64_t from = 0; gasp_guest_next(r.gsp, QST_MEMORY, from, &s) == EOK; from = s.last + 1)
		found++;
	CHECK_EQ(found, 2 * r.n);
	race_close(&r);
}

/* ---- Handlers against setters ---- */

struct meeting {
	struct guest_system *gsp;
	int inside;
	int go;
	unsigned *state;
};

static int trap_and_use_state(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct meeting *m = (struct meeting *)arg;
	unsigned *state = (unsigned *)trap->vdev->v_device;
	(void)cpu;
	flag_set(&m->inside, 1);
	flag_wait(&m->go, 1);
	sleep_ms(20);
	CHECK_EQ(*state, 77);
	device_fill(trap);
	return EOK;
}

static void *read_a(void *arg)
{
	struct meeting *m = (struct meeting *)arg;
	struct gasp_cpu *cpu = new_cpu(m->gsp);
	unsigned char got = 0;
	CHECK_READ(cpu, A, &got, 1);
	gasp_cpu_destroy(cpu);
	return NULL;
}

/* A device model released its lock before the call, and used an entry that was freed meanwhile. ASan
 * and valgrind find a use of the freed state. */
static void handler_used_after_it_was_freed(void)
{
	struct meeting m;
	vdev_t device;
	memset(&m, 0, sizeof(m));
	memset(&device, 0, sizeof(device));
	m.gsp = guest();
	m.state = (unsigned *)malloc(sizeof(*m.state));
	*m.state = 77;
	device.v_device = m.state;
	CHECK_EQ(gasp_guest_set_trap_handler(m.gsp, trap_and_use_state, &m), EOK);
	CHECK_SET(m.gsp, vdev(&device, mem(A, 0x10, VIRT)));
	pthread_t reader = thread_start(read_a, &m);
	REQUIRE(flag_wait(&m.inside, 1));
	CHECK_SET(m.gsp, del(A, 0x10));
	flag_set(&m.go, 1);
	CHECK_EQ(gasp_guest_synchronize(m.gsp), EOK);
	*m.state = 0;
	free(m.state);
	memset(&device, 0xDD, sizeof(device));
	pthread_join(reader, NULL);
	gasp_guest_destroy(m.gsp);
}

static int trap_and_set(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct machine *m = (struct machine *)arg;
	CHECK_SET(m->gsp, del(A, 0x10), cookie(1, mem(B, 0x10, VIRT)));
	return machine_trap(arg, cpu, trap);
}

static void child_set_in_a_handler(void)
{
	static struct machine m;
	unsigned char got = 0;
	machine_open(&m);
	CHECK_EQ(gasp_guest_set_trap_handler(m.gsp, trap_and_set, &m), EOK);
	CHECK_SET(m.gsp, cookie(1, mem(A, 0x10, VIRT)));
	CHECK_READ(m.cpu, A, &got, 1);
	CHECK_READ(m.cpu, B, &got, 1);
	CHECK_EQ(m.n, 2);
	machine_close(&m);
}

/* A hypervisor's device model and a VMM held a read lock during the call, so a device that moved
 * itself waited forever. The test is a child process that an alarm ends. */
static void lock_held_in_the_handler(void)
{
	CHECK_CHILD("child_set_in_a_handler");
}

struct locks {
	struct guest_system *gsp;
	pthread_mutex_t device;
	int stop;
};

/* The device's handler takes the device's own lock, and sets regions while it holds it. */
static int trap_with_device_lock(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct locks *l = (struct locks *)arg;
	struct gasp_region r = mem(B, 0x10, trap->location % 2 ? VIRT : 0);
	(void)cpu;
	pthread_mutex_lock(&l->device);
	CHECK_EQ(gasp_region_set_soft(l->gsp, 1, &r), 1);
	device_fill(trap);
	pthread_mutex_unlock(&l->device);
	return EOK;
}

static void *access_device(void *arg)
{
	struct locks *l = (struct locks *)arg;
	struct gasp_cpu *cpu = new_cpu(l->gsp);
	unsigned char got = 0;
	for (unsigned i = 0; !flag_get(&l->stop); i++)
		CHECK_EQ(read_at(cpu, A + i % 16, &got, 1), EOK);
	gasp_cpu_destroy(cpu);
	return NULL;
}

static void child_two_locks(void)
{
	struct locks l;
	pthread_t threads[2];
	unsigned n = rounds(20000);
	memset(&l, 0, sizeof(l));
	l.gsp = guest();
	pthread_mutex_init(&l.device, NULL);
	CHECK_EQ(gasp_guest_set_trap_handler(l.gsp, trap_with_device_lock, &l), EOK);
	CHECK_SET(l.gsp, mem(A, 0x10, VIRT));
	for (unsigned i = 0; i < COUNT(threads); i++)
		threads[i] = thread_start(access_device, &l);
	for (unsigned i = 0; i < n; i++) {
		struct gasp_region r = mem(B + 0x100, 0x10, i % 2 ? VIRT : 0);
		CHECK_EQ(gasp_region_set_soft(l.gsp, 1, &r), 1);
		pthread_mutex_lock(&l.device);
		CHECK_EQ(gasp_region_set_soft(l.gsp, 1, &r), 1);
		pthread_mutex_unlock(&l.device);
	}
	flag_set(&l.stop, 1);
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	gasp_guest_destroy(l.gsp);
}

/* Two VMMs: an access took the bus's lock and then the device's, a move took them in the opposite
 * order. Here an access holds no lock when it calls the handler. The test is a child process that an
 * alarm ends. */
static void two_locks_in_opposite_order(void)
{
	CHECK_CHILD("child_two_locks");
}

/* The guest moves the device back and forth; the lock of the space guards its address. */
struct mover {
	struct guest_system *gsp;
	uint64_t at;
	int stop;
	int detached;
};

static void *move_device(void *arg)
{
	struct mover *m = (struct mover *)arg;
	while (!flag_get(&m->stop)) {
		CHECK_EQ(gasp_lock(m->gsp, QST_MEMORY), EOK);
		if (!m->detached) {
			uint64_t to = m->at == A ? B : A;
			CHECK_SET(m->gsp, del(m->at, 0x10), cookie(1, mem(to, 0x10, VIRT)));
			m->at = to;
		}
		CHECK_EQ(gasp_unlock(m->gsp, QST_MEMORY), EOK);
	}
	return NULL;
}

/* A VMM read the address of a device, released the lock, and removed the region at that address,
 * although the guest had moved the device. Here one lock is held for both steps. */
static void detach_of_a_device_that_moves(void)
{
	struct mover m;
	unsigned left = 0;
	memset(&m, 0, sizeof(m));
	m.gsp = guest();
	m.at = A;
	m.detached = 1;
	pthread_t thread = thread_start(move_device, &m);
	for (unsigned i = 0; i < rounds(2000); i++) {
		struct gasp_span s;
		CHECK_EQ(gasp_lock(m.gsp, QST_MEMORY), EOK);
		m.detached = 0;
		CHECK_SET(m.gsp, cookie(1, mem(m.at, 0x10, VIRT)));
		CHECK_EQ(gasp_unlock(m.gsp, QST_MEMORY), EOK);
		CHECK_EQ(gasp_lock(m.gsp, QST_MEMORY), EOK);
		CHECK_SET(m.gsp, del(m.at, 0x10));
		m.detached = 1;
		left += gasp_guest_next(m.gsp, QST_MEMORY, 0, &s) != ENXIO;
		CHECK_EQ(gasp_unlock(m.gsp, QST_MEMORY), EOK);
	}
	flag_set(&m.stop, 1);
	pthread_join(thread, NULL);
	CHECK_EQ(left, 0);
	gasp_guest_destroy(m.gsp);
}

/* ---- Accesses against setters ---- */

static void *resplit(void *arg)
{
	struct mover *m = (struct mover *)arg;
	for (unsigned i = 0; !flag_get(&m->stop); i++) {
		CHECK_SET(m->gsp, cookie(i, mem(A + PAGE, PAGE, RAM)), mem(A + 3 * PAGE, PAGE, VIRT));
		CHECK_SET(m->gsp, cookie(0, mem(A, 4 * PAGE, RAM)), del(0x100000, PAGE));
	}
	return NULL;
}

/* A hypervisor could not change several memory slots in one step: writes of the guest to memory that
 * was not changed were lost while its neighbours were. */
static void write_lost_while_the_map_changes(void)
{
	struct mover m;
	unsigned lost = 0;
	memset(&m, 0, sizeof(m));
	m.gsp = guest();
	struct gasp_cpu *cpu = new_cpu(m.gsp);
	CHECK_EQ(gasp_guest_add_memory(m.gsp, A, 4 * PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_set_unsupported(m.gsp, GASP_UNSUPPORTED_FAIL), EOK);
	pthread_t setter = thread_start(resplit, &m);
	for (uint64_t i = 0; i < rounds(200000); i++) {
		uint64_t at = A + PAGE + i % 500 * 8, got = 0;
		lost += write_at(cpu, at, &i, 8) != EOK;
		lost += read_at(cpu, at, &got, 8) != EOK || got != i;
	}
	flag_set(&m.stop, 1);
	pthread_join(setter, NULL);
	CHECK_EQ(lost, 0);
	CHECK_EQ(counts_of(m.gsp).unsupported[GASP_WRITE], 0);
	gasp_guest_destroy(m.gsp);
}

/* An emulator kept a copy of the map for each change until a thread came to free them. */
static void old_states_pile_up(void)
{
	static struct machine m;
	unsigned char got = 0;
	machine_open(&m);
	for (uint32_t i = 0; i < 1000; i++)
		CHECK_SET(m.gsp, cookie(i, mem(i * 0x20, 0x10, VIRT)));
	long before = resident_kib();
	for (uint32_t i = 0; i < rounds(200000); i++) {
		struct gasp_region r = cookie(i, mem(i % 1000 * 0x20, 0x10, VIRT));
		CHECK_EQ(gasp_region_set_soft(m.gsp, 1, &r), 1);
		CHECK_EQ(read_at(m.cpu, i % 1000 * 0x20, &got, 1), EOK);
	}
	CHECK(resident_kib() < before + 8192);
	machine_close(&m);
}

/* Hypervisors and device libraries keep a hint of the last region, which went stale with a change. */
static void stale_hint_after_a_change(void)
{
	static struct machine m;
	unsigned char got = 0;
	unsigned wrong = 0;
	machine_open(&m);
	for (uint32_t i = 1; i <= rounds(20000); i++) {
		struct gasp_region r = cookie(i, mem(A, 0x10, VIRT));
		CHECK_EQ(gasp_region_set_soft(m.gsp, 1, &r), 1);
		m.n = 0;
		wrong += read_at(m.cpu, A + 8, &got, 1) != EOK || m.n != 1 || m.seen[0].cookie != i;
		r.flags = GRF_NONE;
		CHECK_EQ(gasp_region_set_soft(m.gsp, 1, &r), 1);
		wrong += read_at(m.cpu, A + 8, &got, 1) != EOK || got != 0xFF || m.n != 1;
	}
	CHECK_EQ(wrong, 0);
	machine_close(&m);
}

static const struct test_case cases[] = {
	CASE(check_then_insert_lets_overlaps_in), CASE(handler_used_after_it_was_freed),
	CASE(lock_held_in_the_handler), CASE(two_locks_in_opposite_order),
	CASE(detach_of_a_device_that_moves), CASE(publish_loses_an_update),
	CASE(write_lost_while_the_map_changes), CASE(old_states_pile_up),
	CASE(stale_hint_after_a_change),
};

static const struct test_case children[] = { CASE(child_set_in_a_handler), CASE(child_two_locks) };

TEST_MAIN_CHILDREN(cases, children)
