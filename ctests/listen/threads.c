/* Listeners and threads: changes of both spaces, listeners that are added and removed, queries
 * (specification 11.2 and 11.5).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "listen.h"

#include <sched.h>

static struct guest_system *gsp;
static int stop;
static int visits[2];	/* how often each thread has added and removed its listener */
static int enough;	/* both are done, or the test has given up waiting */

static unsigned rounds(unsigned many)
{
	return getenv("GASP_TEST_SMALL") != NULL ? many / 20 : many;
}

static uint32_t random_of(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

/* ---- Changes while listeners are added and removed ---- */

/* Each thread has a seed, and changes both spaces. Ports are unbacked, as the mirror needs. */
static struct gasp_region any_element(uint64_t *state)
{
	uint32_t at = random_of(state) % 24, n = 1 + random_of(state) % 6;
	struct gasp_region r;
	switch (random_of(state) % 6) {
	case 0:
		return port(at * 4, n * 4, GRF_NONE);
	case 1:
		return cookie(random_of(state) % 2, port(at * 4, n * 4, VIRT));
	case 2:
		return del(at * PAGE, n * PAGE);
	case 3:
		return mem(at * PAGE, n * PAGE, VIRT);
	default:
		r = mem_at(at * PAGE, n * PAGE, RAM, HOST_A + at * PAGE);
		return random_of(state) % 4 != 0 ? r : mem_at(at * PAGE, n * PAGE, RAM, HOST_B);
	}
}

/* Continues until the listeners were added and removed, which can outlast the rounds on one CPU. */
static void *change(void *arg)
{
	uint64_t state = (uint64_t)(uintptr_t)arg;
	struct gasp_region r[4];
	for (unsigned i = 0; i < rounds(20000) || !flag_get(&enough); i++) {
		unsigned n = 1 + random_of(&state) % 4;
		for (unsigned k = 0; k < n; k++)
			r[k] = any_element(&state);
		if (random_of(&state) % 2 != 0)
			gasp_region_set_soft(gsp, n, r);
		else
			gasp_guest_set(gsp, n, r, random_of(&state) % 4, NULL);
	}
	return NULL;
}

/* Refuses every eighth change. */
static int refuse_some(void *arg, const struct gasp_difference *d)
{
	(void)d;
	return ++*(unsigned *)arg % 8 == 0 ? EBUSY : EOK;
}

static void *come_and_go(void *arg)
{
	struct gasp_listener l = mirror_listener(-1);
	int *visits_here = (int *)arg;
	while (!flag_get(&stop)) {
		static __thread struct mirror m;
		uint64_t id = 0;
		memset(&m, 0, sizeof(m));
		CHECK_EQ(gasp_guest_add_listener(gsp, &l, &m, &id), EOK);
		sched_yield();
		CHECK_EQ(gasp_guest_remove_listener(gsp, id), EOK);
		CHECK_EQ(m.maps[0].n, 0);
		CHECK_EQ(m.maps[1].n, 0);
		CHECK_EQ(m.faults, 0);
		CHECK_EQ(m.prepared, 0);
		flag_set(visits_here, flag_get(visits_here) + 1);
	}
	return NULL;
}

static void mirrors_stay_equal_to_the_guest(void)
{
	static struct mirror early, late;
	static unsigned asked;
	struct gasp_listener first = mirror_listener(-5), last = mirror_listener(5);
	struct gasp_listener veto;
	pthread_t threads[5];
	memset(&early, 0, sizeof(early));
	memset(&late, 0, sizeof(late));
	memset(&veto, 0, sizeof(veto));
	veto.size = sizeof(veto);
	veto.prepare = refuse_some;
	gsp = guest();
	flag_set(&stop, 0);
	CHECK_EQ(gasp_guest_add_listener(gsp, &first, &early, NULL), EOK);
	CHECK_EQ(gasp_guest_add_listener(gsp, &veto, &asked, NULL), EOK);
	CHECK_EQ(gasp_guest_add_listener(gsp, &last, &late, NULL), EOK);
	for (unsigned i = 0; i < 3; i++)
		threads[i] = thread_start(change, (void *)(uintptr_t)(i + 1));
	for (unsigned i = 0; i < 2; i++)
		threads[3 + i] = thread_start(come_and_go, &visits[i]);
	CHECK(flag_wait(&visits[0], 1) && flag_wait(&visits[1], 1));
	flag_set(&enough, 1);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	flag_set(&stop, 1);
	for (unsigned i = 3; i < 5; i++)
		pthread_join(threads[i], NULL);
	CHECK_MIRROR(gsp, &early);
	CHECK_MIRROR(gsp, &late);
	CHECK_EQ(early.commits, late.commits);
	CHECK(early.commits != 0);
	gasp_guest_destroy(gsp);
	CHECK_EQ(early.maps[0].n + late.maps[0].n + early.maps[1].n + late.maps[1].n, 0);
	CHECK_EQ(early.faults + late.faults, 0);
}

/* ---- Queries of other threads continue while a listener's function runs ---- */

#define MANY 1000u
#define PAUSE_AFTER 1000u

static int walks;
static int waited_in_vain;

static void *walk(void *arg)
{
	unsigned (*query)(void) = *(unsigned (**)(void))arg;
	while (!flag_get(&stop)) {
		CHECK(query() != 0);
		__atomic_fetch_add(&walks, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* Like a VMM that pauses its vCPUs, and waits until each has finished its access. */
static void wait_for_queries(void *arg, const struct gasp_difference *d)
{
	int start = flag_get(&walks);
	(void)d;
	if (++*(unsigned *)arg % PAUSE_AFTER == 0 && !flag_wait(&walks, start + 2)) {
		waited_in_vain = 1;
		flag_set(&stop, 1);
	}
}

/* The map changes so often that no query over all regions fits between two changes. */
static void listeners_wait_for(unsigned (*query)(void))
{
	static struct gasp_region many[MANY];
	struct gasp_listener l = listener_with(0);
	unsigned calls = 0;
	gsp = guest();
	for (uint32_t i = 0; i < MANY; i++)
		many[i] = mem_at(i * 2 * PAGE, PAGE, RAM, HOST_A + i * 2 * PAGE);
	set_expect(__FILE__, __LINE__, gsp, MANY, many);
	l.estimate = NULL;
	l.prepare = NULL;
	l.commit = wait_for_queries;
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &calls, NULL), EOK);
	flag_set(&stop, 0);
	flag_set(&walks, 0);
	waited_in_vain = 0;
	pthread_t thread = thread_start(walk, &query);
	for (unsigned i = 0; i < rounds(600000) && !flag_get(&stop); i++)
		CHECK_SET(gsp, cookie(i, mem(UINT64_C(1) << 40, 1, VIRT)));
	flag_set(&stop, 1);
	CHECK(!waited_in_vain);
	pthread_join(thread, NULL);
	gasp_guest_destroy(gsp);
}

static unsigned count_all(void)
{
	return gasp_walk_count(gsp, 0, GWS_HOST);
}

static unsigned find_the_top(void)
{
	return gasp_find_free_range(gsp, QST_MEMORY, 2 * PAGE, PAGE, 0, TOP) != QSL_NO_LOCATION;
}

static void a_listener_can_wait_for_a_walk_of_another_thread(void)
{
	listeners_wait_for(count_all);
}

static void a_listener_can_wait_for_a_search_of_another_thread(void)
{
	listeners_wait_for(find_the_top);
}

static const struct test_case cases[] = {
	CASE(mirrors_stay_equal_to_the_guest),
	CASE(a_listener_can_wait_for_a_walk_of_another_thread),
	CASE(a_listener_can_wait_for_a_search_of_another_thread),
};

TEST_MAIN(cases)
