/* Memory that is removed, also while the guest runs (specification 15.6).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "brought.h"

#include <sys/resource.h>

/* Ten times as many rounds as there are descriptors, each with both kinds of memory. */
static void plugged_and_unplugged_many_times(void)
{
	struct guest_system *gsp = guest();
	struct rlimit before, few;
	int fd = file_of_pages();
	unsigned open_before = descriptors();
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = 64;
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	for (unsigned i = 0; i < 640; i++) {
		if (!CHECK_EQ(gasp_guest_add_memory(gsp, 0x100000, 0x4000, GASP_RAM, 0x1000), EOK)
		    || !CHECK_EQ(bring(gsp, 0x200000, 0x4000, fd, 0), EOK))
			break;
		uint64_t host = host_of(gsp, 0x101000);
		CHECK_EQ(take_away(gsp, 0x100000, 0x4000), EOK);
		CHECK(!is_mapped(host));
		CHECK_EQ(take_away(gsp, 0x200000, 0x4000), EOK);
	}
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK_EQ(descriptors(), open_before);
	CHECK_EMPTY(gsp, QST_MEMORY);
	close(fd);
	gasp_guest_destroy(gsp);
}

static void parts_go_first_and_the_rest_later(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x4000, GASP_RAM, 0), EOK);
	uint64_t host = host_of(gsp, 0);
	CHECK_EQ(take_away(gsp, 0x1000, 0x1000), EOK);
	CHECK_EQ(take_away(gsp, 0x3000, 0x1000), EOK);
	CHECK(is_mapped(host) && is_mapped(host + 0x1000));
	/* Another region has a part of it, elsewhere. */
	CHECK_SET(gsp, mem_at(0x80000, 0x1000, RAM, host + 0x1000));
	CHECK_EQ(take_away(gsp, 0, 0x1000), EOK);
	CHECK_EQ(take_away(gsp, 0x2000, 0x1000), EOK);
	CHECK(is_mapped(host));
	CHECK_EQ(take_away(gsp, 0x80000, 0x1000), EOK);
	CHECK(!is_mapped(host));
	gasp_guest_destroy(gsp);
}

static void several_at_once_whoever_has_them(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x2000, 0x2000, GASP_ROM, 0), EOK);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	struct gasp_region mine = vdev(vdev_a(), mem(0x2000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_EQ(gasp_guest_set(gsp, 1, &mine, GASP_SET_OVERRIDE, NULL), EOK);
	gasp_acting()->vdev = vdev_b();
	CHECK_EQ(take_away(gsp, 0, 0x4000), EOK);
	gasp_acting()->vdev = NULL;
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void what_cannot_be_removed(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_A), mem(0x3000, 0x1000, VIRT));
	CHECK_EQ(take_away(gsp, 0, 0x3000), ENOTSUP);
	CHECK_EQ(take_away(gsp, 0x3000, 0x1000), ENXIO);
	CHECK_EQ(take_away(gsp, 0x4000, 0x1000), ENXIO);
	CHECK_EQ(take_away(gsp, 0, 0x1800), EINVAL);
	CHECK_EQ(take_away(gsp, 0x800, 0x1000), EINVAL);
	CHECK_EQ(take_away(gsp, 0, 0), EINVAL);
	CHECK_EQ(take_away(gsp, UINT64_MAX - 0xfff, 0x2000), EINVAL);
	CHECK_EQ(take_away(NULL, 0, 0x1000), EINVAL);
	CHECK_EQ(byte_at(gsp, 0x1fff), 0);
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 2);
	gasp_guest_destroy(gsp);
}

static void a_mapping_keeps_the_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	char *first = (char *)gasp_map_sys(gsp, PROT_READ | PROT_WRITE, 0, 0x1000);
	char *second = (char *)gasp_map_sys(gsp, PROT_READ | PROT_WRITE, 0, 0x1000);
	REQUIRE(first != NULL && second == first);
	CHECK_EQ(take_away(gsp, 0, 0x2000), EOK);
	first[0] = 1;
	gasp_unmap(gsp, first, 0x1000, 0);
	CHECK(is_mapped((uint64_t)(uintptr_t)first));
	second[1] = 1;
	gasp_unmap(gsp, second, 0x1000, 0);
	CHECK(!is_mapped((uint64_t)(uintptr_t)first));
	gasp_guest_destroy(gsp);
}

/* ---- While the guest runs ---- */

struct inside {
	uint64_t host;
	struct guest_system *gsp;
};

static int remove_inside(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct inside *in = (struct inside *)arg;
	(void)cpu;
	(void)trap;
	in->host = host_of(in->gsp, 0);
	CHECK_EQ(gasp_guest_remove_memory(in->gsp, 0, 0x2000), EOK);
	CHECK(is_mapped(in->host));	/* the access that has started may use it */
	return EOK;
}

static void inside_of_a_trap_handler(void)
{
	struct guest_system *gsp = guest();
	struct gasp_cpu *cpu = gasp_cpu_create(gsp);
	struct inside in = { 0, gsp };
	char data[8];
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	CHECK_SET(gsp, mem(0x8000, 8, VIRT));
	CHECK_EQ(gasp_guest_set_trap_handler(gsp, remove_inside, &in), EOK);
	CHECK_EQ(gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, 0x8000, data, 8), EOK);
	CHECK(in.host != 0 && !is_mapped(in.host));
	gasp_guest_destroy(gsp);
}

struct worker {
	struct guest_system *gsp;
	int *stop;
	int kind;
};

/* Accesses, copies and mappings of memory that comes and goes: they find it whole, or not at all. */
static void *use_it(void *arg)
{
	struct worker *w = (struct worker *)arg;
	struct gasp_cpu *cpu = gasp_cpu_create(w->gsp);
	static __thread char data[0x2000];
	while (!flag_get(w->stop)) {
		if (w->kind == 0) {
			CHECK_EQ(gasp_cpu_access(cpu, QST_MEMORY, GASP_WRITE, 0x800, data, sizeof(data)), EOK);
		} else if (w->kind == 1) {
			int result = gasp_guest_read(w->gsp, 0x800, data, sizeof(data));
			CHECK(result == EOK || result == ENXIO);
		} else {
			char *at = (char *)gasp_map_sys(w->gsp, PROT_READ | PROT_WRITE, 0x800, 0x1000);
			if (at == NULL)
				continue;
			at[0x7ff]++;
			gasp_unmap(w->gsp, at, 0x1000, 0);
		}
	}
	return NULL;
}

static void beside_accesses_copies_and_mappings(void)
{
	struct guest_system *gsp = guest();
	int stop = 0;
	struct worker workers[3] = { { gsp, &stop, 0 }, { gsp, &stop, 1 }, { gsp, &stop, 2 } };
	pthread_t threads[3];
	unsigned rounds = getenv("GASP_TEST_SMALL") != NULL ? 100 : 2000;
	int fd = file_of_pages();
	unsigned before = descriptors();
	for (unsigned i = 0; i < 3; i++)
		threads[i] = thread_start(use_it, &workers[i]);
	for (unsigned i = 0; i < rounds; i++) {
		CHECK_EQ(i % 2 ? gasp_guest_add_memory(gsp, 0, 0x4000, GASP_RAM, 0x1000)
			       : bring(gsp, 0, 0x4000, fd, 0), EOK);
		if (!CHECK_EQ(take_away(gsp, 0, 0x4000), EOK))
			break;
	}
	flag_set(&stop, 1);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	/* What was kept by a use is freed by the next one at the latest. */
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(take_away(gsp, 0, 0x1000), EOK);
	CHECK_EQ(descriptors(), before);
	close(fd);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(plugged_and_unplugged_many_times), CASE(parts_go_first_and_the_rest_later),
	CASE(several_at_once_whoever_has_them), CASE(what_cannot_be_removed),
	CASE(a_mapping_keeps_the_memory), CASE(inside_of_a_trap_handler),
	CASE(beside_accesses_copies_and_mappings),
};

TEST_MAIN(cases)
