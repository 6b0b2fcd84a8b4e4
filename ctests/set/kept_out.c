/* No query keeps changes out (specification 2.7.1): beside queries that pass over a million regions,
 * a writer that never pauses waits less than a millisecond for its turn.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"
#include <sys/mman.h>
#include <sys/resource.h>

#define LIMIT_NS 1000000
/* On a machine that does other work, a change can wait longer beside any query, and the writer can
 * pause beside a query that keeps changes out. So most rounds decide. */
#define ROUNDS 5
/* Where the writer makes its changes. */
#define FAR UINT64_C(0x800000000000)

static int small(void)
{
	return getenv("GASP_TEST_SMALL") != NULL;
}

static unsigned pages(void)
{
	return small() ? 20000 : 1000000;
}

static uint64_t bytes(void)
{
	return (uint64_t)pages() * PAGE;
}

struct scene {
	struct guest_system *gsp;
	void *room;		/* for the bytes of all regions and one page more; never touched */
	int stop;
	uint64_t changes;
	uint64_t beside;	/* changes that were made while a query ran */
	uint64_t longest;	/* the longest change that had to wait, in ns */
};

/* One run of memory, a region for each page; after it, nothing. */
static struct scene new_scene(void)
{
	struct scene scene;
	memset(&scene, 0, sizeof(scene));
	scene.gsp = guest();
	scene.room = mmap(NULL, bytes() + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	struct gasp_region *r = (struct gasp_region *)calloc(pages(), sizeof(*r));
	if (scene.room == MAP_FAILED || r == NULL)
		abort();
	for (unsigned i = 0; i < pages(); i++)
		r[i] = cookie(i % 2, mem_at((uint64_t)i * PAGE, PAGE, RAM, HOST_A + (uint64_t)i * PAGE));
	CHECK_EQ(gasp_region_set_soft(scene.gsp, pages(), r), pages());
	free(r);
	return scene;
}

/* How often this thread has gone to sleep, as it does to wait for a lock. */
static long sleeps(void)
{
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void *write_for_ever(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	for (uint32_t i = 0; !flag_get(&scene->stop); i++) {
		struct gasp_region r = cookie(i, mem(FAR, PAGE, VIRT));
		long slept = sleeps();
		uint64_t start = now_ns();
		CHECK_EQ(gasp_region_set_soft(scene->gsp, 1, &r), 1);
		uint64_t took = now_ns() - start;
		if (sleeps() != slept && took > __atomic_load_n(&scene->longest, __ATOMIC_SEQ_CST))
			__atomic_store_n(&scene->longest, took, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&scene->changes, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static uint64_t changes(struct scene *scene)
{
	return __atomic_load_n(&scene->changes, __ATOMIC_SEQ_CST);
}

/* Until the change that is under way has been judged. */
static void wait_for_changes(struct scene *scene)
{
	uint64_t before = changes(scene);
	for (int i = 0; i < 20000 && changes(scene) < before + 2; i++)
		sleep_ms(1);
}

/* How long a change had to wait beside one query. */
static uint64_t wait_beside(struct scene *scene, void (*ask)(struct scene *))
{
	wait_for_changes(scene);
	__atomic_store_n(&scene->longest, 0, __ATOMIC_SEQ_CST);
	uint64_t before = changes(scene);
	ask(scene);
	scene->beside += changes(scene) - before;
	wait_for_changes(scene);
	return __atomic_load_n(&scene->longest, __ATOMIC_SEQ_CST);
}

/* Whether a change waits too long in most rounds. */
static int keeps_out(struct scene *scene, void (*ask)(struct scene *))
{
	int bad = 0;
	for (int i = 0; i < ROUNDS && bad * 2 < ROUNDS && (i - bad) * 2 < ROUNDS; i++) {
		uint64_t wait = wait_beside(scene, ask);
		if (wait > LIMIT_NS)
			fprintf(stderr, "# a change waited for %" PRIu64 " us\n", wait / 1000);
		bad += wait > LIMIT_NS;
	}
	return bad * 2 > ROUNDS;
}

/* The small forms, which run under tools that let threads take turns, judge the answers only. */
static void check_beside_a_writer(void (*ask)(struct scene *))
{
	struct scene scene = new_scene();
	pthread_t writer = thread_start(write_for_ever, &scene);
	if (small())
		wait_beside(&scene, ask);
	else
		CHECK(!keeps_out(&scene, ask) && scene.beside > 1000);
	flag_set(&scene.stop, 1);
	pthread_join(writer, NULL);
	munmap(scene.room, bytes() + PAGE);
	gasp_guest_destroy(scene.gsp);
}

/* ---- The queries of several lookups ---- */

static void ask_find_free(struct scene *scene)
{
	CHECK_EQ(gasp_find_free_range(scene->gsp, QST_MEMORY, PAGE, 1, 0, bytes() - 1), QSL_NO_LOCATION);
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(gasp_find_free(scene->gsp, QST_MEMORY, PAGE, PAGE), bytes());
}

static void ask_gram_find_free(struct scene *scene)
{
	CHECK_EQ(gram_find_free(scene->gsp, bytes() + 1, 1, GRAM_HINT_RAM), QSL_NO_LOCATION);
	CHECK_EQ(errno, ENOSPC);
}

static void ask_gram_reserve(struct scene *scene)
{
	CHECK_EQ(gram_reserve(scene->gsp, 0, bytes() + 1), ENXIO);
}

static void ask_walk_next(struct scene *scene)
{
	struct gasp_walk_state ws;
	gasp_walk_init(&ws, scene->gsp, 0, GWS_HOST);
	CHECK(gasp_walk_next(&ws) != 0);
	CHECK_EQ(ws.length, bytes());
	CHECK_EQ(gasp_walk_next(&ws), 0);
}

static void ask_walk_count(struct scene *scene)
{
	CHECK_EQ(gasp_walk_count(scene->gsp, 0x800, 0), 2 * pages());
}

static void ask_walk_next_filtered(struct scene *scene)
{
	struct gasp_walk_state_filtered ws;
	gasp_walk_init_filtered(&ws, scene->gsp, 0, 0, NULL);
	CHECK(gasp_walk_next_filtered(&ws) != 0);
	CHECK_EQ(ws.ws.length, bytes());
}

static void ask_walk_count_filtered(struct scene *scene)
{
	CHECK_EQ(gasp_walk_count_filtered(scene->gsp, 0x800, GWS_HOST, NULL), 2 * pages());
}

/* The page after the memory is missing, so nothing is copied. */
static void ask_guest_read(struct scene *scene)
{
	CHECK_EQ(gasp_guest_read(scene->gsp, 0, scene->room, bytes() + PAGE), ENXIO);
}

static void ask_guest_write(struct scene *scene)
{
	CHECK_EQ(gasp_guest_write(scene->gsp, 0, scene->room, bytes() + PAGE), ENXIO);
}

static void check_mapping(struct scene *scene, void *address, size_t length)
{
	CHECK_EQ((uint64_t)(uintptr_t)address, HOST_A);
	CHECK_EQ(length, bytes());
	gasp_unmap(scene->gsp, address, length, 0);
}

static void ask_map_sys(struct scene *scene)
{
	check_mapping(scene, gasp_map_sys(scene->gsp, PROT_READ, 0, bytes()), bytes());
}

static void ask_map_vdma(struct scene *scene)
{
	vdev_t vdev;
	memset(&vdev, 0, sizeof(vdev));
	vdev.v_gsp = scene->gsp;
	check_mapping(scene, gasp_map_vdma(&vdev, PROT_READ, 0, bytes()), bytes());
}

static void ask_map_contig(struct scene *scene)
{
	vdev_t vdev;
	uint64_t address = 0;
	size_t length = bytes() + PAGE;
	memset(&vdev, 0, sizeof(vdev));
	vdev.v_gsp = scene->gsp;
	void *mapping = gasp_map_contig(&vdev, PROT_READ, &address, &length);
	check_mapping(scene, mapping, length);
}

/* ---- The cases ---- */

#define BESIDE_A_WRITER(query) \
	static void query##_keeps_no_change_out(void) \
	{ \
		check_beside_a_writer(ask_##query); \
	}

BESIDE_A_WRITER(find_free)
BESIDE_A_WRITER(gram_find_free)
BESIDE_A_WRITER(gram_reserve)
BESIDE_A_WRITER(walk_next)
BESIDE_A_WRITER(walk_count)
BESIDE_A_WRITER(walk_next_filtered)
BESIDE_A_WRITER(walk_count_filtered)
BESIDE_A_WRITER(guest_read)
BESIDE_A_WRITER(guest_write)
BESIDE_A_WRITER(map_sys)
BESIDE_A_WRITER(map_vdma)
BESIDE_A_WRITER(map_contig)

static const struct test_case cases[] = {
	CASE(find_free_keeps_no_change_out),
	CASE(gram_find_free_keeps_no_change_out),
	CASE(gram_reserve_keeps_no_change_out),
	CASE(walk_next_keeps_no_change_out),
	CASE(walk_count_keeps_no_change_out),
	CASE(walk_next_filtered_keeps_no_change_out),
	CASE(walk_count_filtered_keeps_no_change_out),
	CASE(guest_read_keeps_no_change_out),
	CASE(guest_write_keeps_no_change_out),
	CASE(map_sys_keeps_no_change_out),
	CASE(map_vdma_keeps_no_change_out),
	CASE(map_contig_keeps_no_change_out),
};

TEST_MAIN(cases)
