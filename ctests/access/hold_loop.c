/* QNX's loop over the pieces of a window, beside vCPUs that use the window all the time: no access
 * is lost, if misses wait (specification 10.11).
 *
 * With GASP_STRESS_SECONDS, the window is taken and given back 10,000 times.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "hold.h"

#include <sched.h>

#define RAM_END 0x10000u
#define CHUNK 0x4000u
#define WINDOW 0x6000u
#define WINDOW_END 0xE000u
#define CPUS_MAX 4u

/* The loop of the page on gasp_region_set(), with the line that it lacks. Returns the pieces. */
static unsigned take_pieces(struct guest_system *gsp, struct gasp_region *pieces)
{
	struct qvm_state_block blk = block(QST_MEMORY, WINDOW, WINDOW_END - WINDOW);
	unsigned n = 0;
	while (blk.length != 0) {
		struct gasp_region rgn;
		if (!CHECK(gasp_region_info(gsp, &blk, &rgn) == EOK))
			return n;
		pieces[n++] = rgn;
		rgn.flags = GRF_NONE;
		CHECK_EQ(gasp_region_set_soft(gsp, 1, &rgn), 1);
		blk.location += rgn.guest.length;
		blk.length -= rgn.guest.length;
	}
	return n;
}

/* In place of the RAM, registers; and back, piece by piece. */
static void take_and_give_back(struct guest_system *gsp)
{
	struct gasp_region pieces[8], registers[8];
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	unsigned n = take_pieces(gsp, pieces);
	CHECK_EQ(n, 3);
	sched_yield();		/* to a vCPU, which finds nothing */
	CHECK_SET(gsp, cookie(1, mem(WINDOW, WINDOW_END - WINDOW, VIRT)));
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	sched_yield();		/* to one that has waited, also on a single processor */
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(take_pieces(gsp, registers), 1);
	for (unsigned i = 0; i < n; i++)
		CHECK_SET(gsp, pieces[i]);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	sched_yield();
}

/* ---- vCPUs ---- */

static int stop;

struct user {
	struct guest_system *gsp;
	unsigned number;
	uint64_t lost;
	uint64_t made;
	pthread_t thread;
};

static int device(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	(void)arg;
	(void)cpu;
	if (trap->kind == GASP_READ)
		device_fill(trap);
	return EOK;
}

static void *use_window(void *arg)
{
	struct user *u = (struct user *)arg;
	struct gasp_cpu *cpu = new_cpu(u->gsp);
	uint64_t at = WINDOW + 8 * u->number, data = u->number;
	while (!flag_get(&stop)) {
		u->lost += write_at(cpu, at, &data, sizeof(data)) != EOK;
		u->lost += read_at(cpu, at, &data, sizeof(data)) != EOK;
		__atomic_store_n(&u->made, u->made + 1, __ATOMIC_RELAXED);
		at += 0x408;
		if (at + 8 > WINDOW_END)
			at = WINDOW + 8 * u->number;
	}
	gasp_cpu_destroy(cpu);
	return NULL;
}

static unsigned rounds(unsigned usual)
{
	if (getenv("GASP_TEST_SMALL") != NULL)
		return usual / 10;
	return getenv("GASP_STRESS_SECONDS") != NULL ? 10000 : usual;
}

/* Each vCPU has used the window, and found RAM and registers. */
static int all_have_used(struct guest_system *gsp, struct user *users, unsigned n)
{
	struct gasp_counts c = counts_of(gsp);
	int all = c.passed[GASP_READ] >= 10 && c.trapped[GASP_READ] >= 10;
	for (unsigned i = 0; i < n; i++)
		all = all && __atomic_load_n(&users[i].made, __ATOMIC_RELAXED) >= 10;
	return all;
}

static void loop_beside(unsigned n_users, unsigned usual_rounds)
{
	static struct machine m;
	struct user users[CPUS_MAX];
	uint64_t made = 0;
	unsigned round = 0;
	holding_open(&m, GASP_GUEST_STRICT);
	CHECK_EQ(gasp_guest_set_trap_handler(m.gsp, device, NULL), EOK);
	CHECK_EQ(gasp_guest_add_memory(m.gsp, 0, RAM_END, GASP_RAM, CHUNK), EOK);
	CHECK_EQ(gasp_guest_start(m.gsp), EOK);
	flag_set(&stop, 0);
	memset(users, 0, sizeof(users));
	for (unsigned i = 0; i < n_users; i++) {
		users[i].gsp = m.gsp;
		users[i].number = i;
		users[i].thread = thread_start(use_window, &users[i]);
	}
	while (round++ < rounds(usual_rounds) || !all_have_used(m.gsp, users, n_users))
		take_and_give_back(m.gsp);
	flag_set(&stop, 1);
	for (unsigned i = 0; i < n_users; i++) {
		pthread_join(users[i].thread, NULL);
		CHECK_EQ(users[i].lost, 0);
		made += users[i].made;
	}
	struct gasp_counts c = counts_of(m.gsp);
	CHECK_EQ(c.unsupported[GASP_READ] + c.unsupported[GASP_WRITE], 0);
	CHECK_EQ(c.passed[GASP_READ] + c.trapped[GASP_READ], made);
	CHECK_EQ(c.passed[GASP_WRITE] + c.trapped[GASP_WRITE], made);
	machine_close(&m);
}

static void beside_two_vcpus(void)
{
	loop_beside(2, 1000);
}

static void beside_four_vcpus(void)
{
	loop_beside(4, 1000);
}

static void on_one_processor(void)
{
	cpu_set_t all, one;
	int first = 0;
	if (sched_getaffinity(0, sizeof(all), &all) != 0)
		SKIP("no sched_getaffinity()");
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
	loop_beside(2, 100); /* in each, the vCPUs have a time slice */
	sched_setaffinity(0, sizeof(all), &all);
}

static const struct test_case cases[] = {
	CASE(beside_two_vcpus), CASE(beside_four_vcpus), CASE(on_one_processor),
};

TEST_MAIN(cases)
