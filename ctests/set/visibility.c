/* A call becomes visible in one step: no query sees a state between two of its elements
 * (specification 2.7). In each case a writer repeats a call whose intermediate states differ from the
 * final ones, and a reader queries as fast as it can.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define PAGES 16u
#define BYTES (PAGES * PAGE)
#define FIRST 0x10000u

static unsigned rounds(void)
{
	return getenv("GASP_TEST_SMALL") != NULL ? 300 : 20000;
}

struct scene {
	struct guest_system *gsp;
	int stop;
	unsigned long seen;	/* results that the reader has checked */
	unsigned long broken;	/* ... and found to show an intermediate state */
	uint64_t host[2];
};

/* The writer's loop: `write_one` for each round, while the reader runs. */
static void play(struct scene *scene, void (*write_one)(struct scene *, unsigned),
		 void *(*reader)(void *))
{
	write_one(scene, 0);
	pthread_t thread = thread_start(reader, scene);
	for (unsigned i = 1; i <= rounds(); i++)
		write_one(scene, i);
	for (int i = 0; i < 20000 && __atomic_load_n(&scene->seen, __ATOMIC_SEQ_CST) == 0; i++)
		sleep_ms(1);
	flag_set(&scene->stop, 1);
	pthread_join(thread, NULL);
	CHECK(scene->seen != 0);
	CHECK_EQ(scene->broken, 0);
	gasp_guest_destroy(scene->gsp);
}

static void judge(struct scene *scene, int sound)
{
	__atomic_fetch_add(&scene->seen, 1, __ATOMIC_SEQ_CST);
	if (!sound)
		scene->broken++;
}

static struct scene new_scene(void)
{
	struct scene scene;
	memset(&scene, 0, sizeof(scene));
	scene.gsp = guest();
	return scene;
}

static void set_all(struct scene *scene, unsigned n, const struct gasp_region *r)
{
	if (gasp_region_set_soft(scene->gsp, n, r) != n)
		scene->broken++;
}

/* ---- Traps with one cookie, changed page by page ---- */

static void write_cookies(struct scene *scene, unsigned round)
{
	struct gasp_region r[PAGES];
	for (unsigned i = 0; i < PAGES; i++)
		r[i] = cookie(round, mem(FIRST + i * PAGE, PAGE, VIRT));
	set_all(scene, PAGES, r);
}

static void *read_with_info(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	struct qvm_state_block blk = block(QST_MEMORY, FIRST, BYTES);
	struct gasp_region r;
	while (!flag_get(&scene->stop)) {
		int result = gasp_region_info(scene->gsp, &blk, &r);
		judge(scene, result == EOK && r.guest.length == BYTES);
	}
	return NULL;
}

static void info_sees_whole_calls(void)
{
	struct scene scene = new_scene();
	play(&scene, write_cookies, read_with_info);
}

static void *read_with_next(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	struct gasp_span s;
	while (!flag_get(&scene->stop)) {
		int result = gasp_guest_next(scene->gsp, QST_MEMORY, FIRST + BYTES / 2, &s);
		judge(scene, result == EOK && s.location == FIRST && s.last == FIRST + BYTES - 1);
	}
	return NULL;
}

static void next_sees_whole_calls(void)
{
	struct scene scene = new_scene();
	play(&scene, write_cookies, read_with_next);
}

/* ---- Two attributes swapped between two places ---- */

static void write_swap(struct scene *scene, unsigned round)
{
	struct gasp_region r[2] = {
		cookie(1 + round % 2, mem(FIRST, PAGE, VIRT)),
		cookie(2 - round % 2, mem(FIRST + PAGE, PAGE, VIRT)),
	};
	set_all(scene, 2, r);
}

static void *read_swap(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	struct qvm_state_block blk = block(QST_MEMORY, FIRST, 2 * PAGE);
	struct gasp_region r;
	while (!flag_get(&scene->stop)) {
		int result = gasp_region_info(scene->gsp, &blk, &r);
		judge(scene, result == EOK && r.guest.length == PAGE);	/* never merged */
	}
	return NULL;
}

static void a_swap_of_two_cookies(void)
{
	struct scene scene = new_scene();
	play(&scene, write_swap, read_swap);
}

/* ---- Delete and add in one call: never absent ---- */

static void write_remap(struct scene *scene, unsigned round)
{
	struct gasp_region r[3] = {
		del(FIRST, BYTES),
		mem_at(FIRST, BYTES / 2, RAM, scene->host[round % 2]),
		mem_at(FIRST + BYTES / 2, BYTES / 2, RAM, scene->host[round % 2] + BYTES / 2),
	};
	set_all(scene, 3, r);
}

static void *read_remap_with_info(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	struct qvm_state_block blk = block(QST_MEMORY, FIRST, BYTES);
	struct gasp_region r;
	while (!flag_get(&scene->stop)) {
		int result = gasp_region_info(scene->gsp, &blk, &r);
		judge(scene, result == EOK && r.guest.length == BYTES
		      && (r.host_location == scene->host[0] || r.host_location == scene->host[1]));
	}
	return NULL;
}

/* Two host areas, filled with 1 and 2. */
static void give_hosts(struct scene *scene, unsigned char *areas)
{
	for (unsigned i = 0; i < 2; i++) {
		memset(areas + i * BYTES, (int)i + 1, BYTES);
		scene->host[i] = (uint64_t)(uintptr_t)areas + i * BYTES;
	}
}

static unsigned char *aligned_areas(void)
{
	static unsigned char space[2 * BYTES + PAGE];
	return space + (PAGE - (uintptr_t)space % PAGE) % PAGE;
}

static void a_remap_is_never_absent(void)
{
	struct scene scene = new_scene();
	give_hosts(&scene, aligned_areas());
	play(&scene, write_remap, read_remap_with_info);
}

/* Two regions: the halves of a host area, exchanged. */
static void write_halves(struct scene *scene, unsigned round)
{
	struct gasp_region r[3] = {
		del(FIRST, BYTES),
		mem_at(FIRST, BYTES / 2, RAM, scene->host[round % 2] + BYTES / 2),
		mem_at(FIRST + BYTES / 2, BYTES / 2, RAM, scene->host[round % 2]),
	};
	set_all(scene, 3, r);
}

static void *read_data(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	static unsigned char data[BYTES];
	while (!flag_get(&scene->stop)) {
		int result = gasp_guest_read(scene->gsp, FIRST, data, BYTES);
		judge(scene, result == EOK && data[0] == data[BYTES / 2] && data[0] == data[BYTES - 1]
		      && (data[0] == 1 || data[0] == 2));
	}
	return NULL;
}

static void data_of_two_regions_is_of_one_state(void)
{
	struct scene scene = new_scene();
	give_hosts(&scene, aligned_areas());
	play(&scene, write_halves, read_data);
}

/* One page of RAM that moves: a count that mixes two states finds none or two. */
static void write_moving_page(struct scene *scene, unsigned round)
{
	struct gasp_region r[2] = {
		del(FIRST, BYTES),
		mem_at(round % 2 ? FIRST : FIRST + 2 * PAGE, PAGE, RAM, scene->host[0]),
	};
	set_all(scene, 2, r);
}

static void *read_count(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	while (!flag_get(&scene->stop))
		judge(scene, gasp_walk_count(scene->gsp, 0, GWS_HOST) == 1);
	return NULL;
}

static void a_count_is_of_one_state(void)
{
	struct scene scene = new_scene();
	give_hosts(&scene, aligned_areas());
	play(&scene, write_moving_page, read_count);
}

/* ---- Free space that a call gives back and takes again ---- */

static void write_hole(struct scene *scene, unsigned round)
{
	uint32_t hole = round % 2 ? FIRST : FIRST + PAGE;
	struct gasp_region r[2] = { mem(FIRST, BYTES, VIRT), del(hole, PAGE) };
	set_all(scene, 2, r);
}

static void *read_hole(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	while (!flag_get(&scene->stop)) {
		uint64_t at = gasp_find_free_range(scene->gsp, QST_MEMORY, PAGE, PAGE, FIRST,
						   FIRST + BYTES - 1);
		judge(scene, at == FIRST || at == FIRST + PAGE);
	}
	return NULL;
}

static void find_free_sees_whole_calls(void)
{
	struct scene scene = new_scene();
	play(&scene, write_hole, read_hole);
}

/* ---- Ports, in calls that name both spaces ---- */

static void write_both(struct scene *scene, unsigned round)
{
	struct gasp_region r[4] = {
		cookie(round, port(0x60, 4, VIRT)), cookie(round, mem(FIRST, PAGE, VIRT)),
		cookie(round, port(0x64, 4, VIRT)), cookie(round, mem(FIRST + PAGE, PAGE, VIRT)),
	};
	set_all(scene, 4, r);
}

static void *read_both(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	struct qvm_state_block ports = block(QST_X86_IO, 0x60, 8);
	struct qvm_state_block memory = block(QST_MEMORY, FIRST, 2 * PAGE);
	struct gasp_region r;
	while (!flag_get(&scene->stop)) {
		int result = gasp_region_info(scene->gsp, &ports, &r);
		judge(scene, result == EOK && r.guest.length == 8);
		result = gasp_region_info(scene->gsp, &memory, &r);
		judge(scene, result == EOK && r.guest.length == 2 * PAGE);
	}
	return NULL;
}

static void each_of_both_spaces_sees_whole_calls(void)
{
	struct scene scene = new_scene();
	play(&scene, write_both, read_both);
}

/* A reader that asks for the port first never finds an older call in memory. */
static void write_both_alike(struct scene *scene, unsigned round)
{
	struct gasp_region r[2] = {
		cookie(round + 1, port(0x60, 1, VIRT)), cookie(round + 1, mem(FIRST, BYTES, VIRT)),
	};
	set_all(scene, 2, r);
}

static uint32_t cookie_at(struct scene *scene, uint16_t type, uint64_t location)
{
	struct qvm_state_block blk = block(type, location, 1);
	struct gasp_region r;
	return gasp_region_info(scene->gsp, &blk, &r) == EOK ? r.cookie : 0;
}

static void *read_port_then_memory(void *arg)
{
	struct scene *scene = (struct scene *)arg;
	while (!flag_get(&scene->stop)) {
		uint32_t of_port = cookie_at(scene, QST_X86_IO, 0x60);
		uint32_t of_memory = cookie_at(scene, QST_MEMORY, FIRST);
		judge(scene, of_port != 0 && of_memory >= of_port);
	}
	return NULL;
}

static void memory_becomes_visible_before_ports(void)
{
	struct scene scene = new_scene();
	play(&scene, write_both_alike, read_port_then_memory);
}

/* A change that the same call undoes is never visible. */
static void write_and_undo(struct scene *scene, unsigned round)
{
	struct gasp_region r[3] = {
		mem(FIRST, BYTES, VIRT), cookie(round + 1, mem(FIRST + PAGE, PAGE, GRF_VIRT_RD)),
		mem(FIRST + PAGE, PAGE, VIRT),
	};
	set_all(scene, 3, r);
}

static void what_a_call_undoes_is_never_seen(void)
{
	struct scene scene = new_scene();
	play(&scene, write_and_undo, read_with_info);
}

static const struct test_case cases[] = {
	CASE(info_sees_whole_calls), CASE(next_sees_whole_calls), CASE(a_swap_of_two_cookies),
	CASE(a_remap_is_never_absent), CASE(data_of_two_regions_is_of_one_state),
	CASE(a_count_is_of_one_state), CASE(find_free_sees_whole_calls),
	CASE(each_of_both_spaces_sees_whole_calls), CASE(memory_becomes_visible_before_ports),
	CASE(what_a_call_undoes_is_never_seen),
};

TEST_MAIN(cases)
