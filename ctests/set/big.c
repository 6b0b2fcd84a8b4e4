/* Large maps and large memory (specification 1.4, 9): 1,000,000 regions, RAM of 4 GiB and of 1 TiB.
 * GASP_TEST_SMALL=1 makes the maps small, for valgrind and sanitizers.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static uint32_t count(void)
{
	return getenv("GASP_TEST_SMALL") != NULL ? 5000 : 1000000;
}

/* The numbers below n in a random order, the same in each run. */
static uint32_t *shuffled(uint32_t n, uint64_t seed)
{
	uint32_t *order = (uint32_t *)malloc(n * sizeof(*order));
	if (order == NULL)
		abort();
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = n - 1; i > 0; i--) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint32_t j = (uint32_t)((seed >> 33) % (i + 1)), swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
	return order;
}

static double tell(const char *what, double since)
{
	printf("# %s: %.2f s\n", what, now() - since);
	return now();
}

/* Number i is a page in the middle of its own 64 KiB, with cookie i. */
static struct gasp_region number(uint32_t i)
{
	return cookie(i, mem(i * UINT64_C(0x10000) + 0x8000, PAGE, VIRT));
}

static void check_lookups(struct guest_system *gsp, const uint32_t *order, uint32_t n)
{
	unsigned wrong = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct gasp_region r = number(order[i]);
		wrong += gasp_region_info(gsp, &r.guest, &r) != EOK || r.cookie != order[i]
			 || r.guest.length != PAGE;
		r.guest.location += PAGE;
		wrong += gasp_region_info(gsp, &r.guest, &r) != ENXIO;
	}
	CHECK_EQ(wrong, 0);
}

static void regions_one_by_one_in_random_order(void)
{
	struct guest_system *gsp = guest();
	uint32_t n = count(), *order = shuffled(n, 1), *other = shuffled(n, 2);
	unsigned refused = 0;
	double t = now();
	for (uint32_t i = 0; i < n; i++) {
		struct gasp_region r = number(order[i]);
		refused += gasp_region_set_soft(gsp, 1, &r) != 1;
	}
	CHECK_EQ(refused, 0);
	t = tell("insert", t);
	check_lookups(gsp, other, n);
	t = tell("look up", t);
	CHECK_EQ(spans_in_memory(gsp), n);
	t = tell("list", t);
	for (uint32_t i = 0; i < n; i++) {
		struct gasp_region r = number(other[i]);
		r.flags = GRF_NONE;
		refused += gasp_region_set_soft(gsp, 1, &r) != 1;
	}
	CHECK_EQ(refused, 0);
	CHECK_EMPTY(gsp, QST_MEMORY);
	tell("delete", t);
	gasp_guest_destroy(gsp);
	free(order);
	free(other);
}

static void regions_in_one_call(void)
{
	struct guest_system *gsp = guest();
	uint32_t n = count(), *order = shuffled(n, 3);
	struct gasp_region *r = (struct gasp_region *)malloc(n * sizeof(*r));
	double t = now();
	REQUIRE(r != NULL);
	for (uint32_t i = 0; i < n; i++)
		r[i] = number(order[i]);
	set_expect(__FILE__, __LINE__, gsp, n, r);
	t = tell("insert", t);
	CHECK_EQ(spans_in_memory(gsp), n);
	for (uint32_t i = 0; i < n; i++)
		r[i].flags = GRF_NONE;
	set_expect(__FILE__, __LINE__, gsp, n, r);
	CHECK_EMPTY(gsp, QST_MEMORY);
	tell("list and delete", t);
	gasp_guest_destroy(gsp);
	free(order);
	free(r);
}

/* Every second page of one region trapped, and released again. */
static void split_and_merge_in_random_order(void)
{
	struct guest_system *gsp = guest();
	uint32_t n = count() / 2 - 1, *order = shuffled(n, 4);
	uint64_t bytes = (2 * (uint64_t)n + 1) * PAGE;
	unsigned refused = 0;
	double t = now();
	CHECK_SET(gsp, mem_at(0, (uint32_t)bytes, RAM, HOST_A));
	for (uint32_t i = 0; i < n; i++) {
		struct gasp_region r = mem((2 * (uint64_t)order[i] + 1) * PAGE, PAGE, VIRT);
		refused += gasp_region_set_soft(gsp, 1, &r) != 1;
	}
	CHECK_EQ(spans_in_memory(gsp), 2 * n + 1);
	t = tell("split and list", t);
	for (uint32_t i = 0; i < n; i++) {
		struct gasp_region r = mem((2 * (uint64_t)order[n - 1 - i] + 1) * PAGE, PAGE, RAM);
		refused += gasp_region_set_soft(gsp, 1, &r) != 1;
	}
	CHECK_EQ(refused, 0);
	CHECK_MEM(gsp, span_at(0, bytes - 1, RAM, HOST_A));
	tell("merge", t);
	gasp_guest_destroy(gsp);
	free(order);
}

static void delete_many_at_once(void)
{
	struct guest_system *gsp = guest();
	uint32_t n = count() < 60000 ? count() : 60000;
	double t = now();
	for (uint32_t i = 0; i < n; i++) {
		struct gasp_region r = number(i);
		gasp_region_set_soft(gsp, 1, &r);
	}
	CHECK_EQ(spans_in_memory(gsp), n);
	CHECK_SET(gsp, cookie(7, mem(0, UINT32_MAX, VIRT)));
	CHECK_MEM(gsp, span_cookie(7, span(0, UINT32_MAX - 1, VIRT)));
	tell("add, cover", t);
	gasp_guest_destroy(gsp);
}

static void find_free_among_many(void)
{
	struct guest_system *gsp = guest();
	uint32_t n = count() / 10, *order = shuffled(n, 5);
	struct gasp_region *r = (struct gasp_region *)malloc(n * sizeof(*r));
	double t = now();
	REQUIRE(r != NULL);
	for (uint32_t i = 0; i < n; i++)
		r[i] = number(order[i]);
	set_expect(__FILE__, __LINE__, gsp, n, r);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0xf000, 0x1000), 0x9000);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0xf001, 0x1000),
		 (n - 1) * UINT64_C(0x10000) + 0x9000);
	tell("find", t);
	gasp_guest_destroy(gsp);
	free(order);
	free(r);
}

static void ram_of(uint64_t bytes, uint64_t chunk)
{
	struct guest_system *gsp = guest();
	uint64_t base = UINT64_C(1) << 32;
	long before = resident_kib();
	unsigned char first = 1, last = 2, back[2] = { 0, 0 };
	double t = now();
	int result = gasp_guest_add_memory(gsp, base, bytes, GASP_RAM, chunk);
	if (result == ENOMEM) {
		gasp_guest_destroy(gsp);
		SKIP("this machine does not lend that much address space");
	}
	CHECK_EQ(result, EOK);
	CHECK_EQ(gasp_walk_count(gsp, 0, 0), 1);
	CHECK_EQ(gasp_walk_count(gsp, 0, GWS_HOST), chunk == 0 ? 1 : bytes / chunk);
	CHECK_EQ(gasp_guest_write(gsp, base, &first, 1), EOK);
	CHECK_EQ(gasp_guest_write(gsp, base + bytes - 1, &last, 1), EOK);
	CHECK_EQ(gasp_guest_read(gsp, base, &back[0], 1), EOK);
	CHECK_EQ(gasp_guest_read(gsp, base + bytes - 1, &back[1], 1), EOK);
	CHECK_EQ(back[0], 1);
	CHECK_EQ(back[1], 2);
	struct qvm_state_block blk = block(QST_MEMORY, base, UINT32_MAX);
	struct gasp_region r;
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(r.guest.length, chunk == 0 ? UINT32_MAX : chunk);
	CHECK(resident_kib() < before + (64 << 10));
	gasp_guest_destroy(gsp);
	tell("add, use, destroy", t);
}

static void ram_of_4_gib(void)
{
	ram_of(UINT64_C(4) << 30, 0);
}

static void ram_of_4_gib_in_chunks(void)
{
	ram_of(UINT64_C(4) << 30, UINT64_C(2) << 20);
}

static void ram_of_1_tib(void)
{
	ram_of(UINT64_C(1) << 40, 0);
}

static void ram_of_1_tib_in_chunks(void)
{
	ram_of(UINT64_C(1) << 40, UINT64_C(1) << 30);
}

static const struct test_case cases[] = {
	CASE(regions_one_by_one_in_random_order), CASE(regions_in_one_call),
	CASE(split_and_merge_in_random_order), CASE(delete_many_at_once),
	CASE(find_free_among_many), CASE(ram_of_4_gib), CASE(ram_of_4_gib_in_chunks),
	CASE(ram_of_1_tib), CASE(ram_of_1_tib_in_chunks),
};

TEST_MAIN(cases)
