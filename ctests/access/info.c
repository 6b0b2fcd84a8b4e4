/* gasp_cpu_info(): the results of gasp_region_info(), regardless of earlier lookups of the vCPU
 * (specification 10.5).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#define A 0x10000u

static struct machine machine;

static struct machine *new_machine(void)
{
	machine_open(&machine);
	return &machine;
}

/* Both queries give the same result, also when they are repeated. */
static void same_expect(const char *file, int line, struct machine *m, unsigned type, uint64_t at,
			uint32_t length)
{
	struct qvm_state_block blk = block(type, at, length);
	struct gasp_region want, got, again;
	memset(&want, 0xEE, sizeof(want));
	got = again = want;
	errno = ERRNO_MARK;
	int result = gasp_region_info(m->gsp, &blk, &want);
	if (gasp_cpu_info(m->cpu, &blk, &got) != result || gasp_cpu_info(m->cpu, &blk, &again) != result)
		fprintf(check_fail(file, line), "0x%" PRIx64 ": not %d\n", at, result);
	if (memcmp(&got, &want, sizeof(want)) != 0 || memcmp(&again, &want, sizeof(want)) != 0)
		fprintf(check_fail(file, line), "0x%" PRIx64 ": another region\n", at);
	if (errno != ERRNO_MARK)
		fprintf(check_fail(file, line), "errno was changed\n");
}

#define CHECK_SAME(m, type, at, length) same_expect(__FILE__, __LINE__, (m), (type), (at), (length))

static void as_the_other_query(void)
{
	struct machine *m = new_machine();
	CHECK_EQ(gasp_guest_add_memory(m->gsp, A, 4 * PAGE, GASP_RAM, PAGE), EOK);
	CHECK_SET(m->gsp, vdev(vdev_a(), cookie(3, mem(0x100, 0x33, VIRT))), cookie(4, mem(TOP, 1, VIRT)),
		  mem(A + PAGE, PAGE, VIRT), port_at(0x60, 4, GRF_PASS_RD, 0), cookie(5, port(0xFFFF, 1, VIRT)));
	CHECK_SAME(m, QST_MEMORY, 0x100, 1);
	CHECK_SAME(m, QST_MEMORY, 0x100, 0x33);
	CHECK_SAME(m, QST_MEMORY, 0x110, 0x1000);
	CHECK_SAME(m, QST_MEMORY, 0x132, 1);
	CHECK_SAME(m, QST_MEMORY, 0x133, 1);
	CHECK_SAME(m, QST_MEMORY, 0xff, 2);
	CHECK_SAME(m, QST_MEMORY, A, UINT32_MAX);
	CHECK_SAME(m, QST_MEMORY, A + PAGE + 5, UINT32_MAX);
	CHECK_SAME(m, QST_PCI_IO, A + 2 * PAGE + 5, 8);
	CHECK_SAME(m, QST_MEMORY, TOP, 1);
	CHECK_SAME(m, QST_MEMORY, TOP - 1, 1);
	CHECK_SAME(m, QST_X86_IO, 0x61, 2);
	CHECK_SAME(m, QST_X86_IO, 0xFFFF, 1);
	CHECK_SAME(m, QST_X86_IO, 0x100, 1);
	machine_close(m);
}

static void refusals(void)
{
	struct machine *m = new_machine();
	struct gasp_cpu *dead = new_cpu(m->gsp);
	struct gasp_region r = mem(A, 1, 0);
	gasp_cpu_destroy(dead);
	CHECK_SET(m->gsp, mem(A, PAGE, VIRT));
	CHECK_SAME(m, QST_MEMORY, A, 0);
	CHECK_SAME(m, QST_MEMORY, TOP, 2);
	CHECK_SAME(m, QST_X86_IO, 0xFFFF, 2);
	CHECK_SAME(m, QST_X86_IO, 0x10000, 1);
	CHECK_SAME(m, QST_VIRTUAL, A, 1);
	CHECK_EQ(gasp_cpu_info(m->cpu, &r.guest, NULL), EINVAL);
	CHECK_EQ(gasp_cpu_info(m->cpu, NULL, &r), EINVAL);
	CHECK_EQ(gasp_cpu_info(NULL, &r.guest, &r), EINVAL);
	CHECK_EQ(gasp_cpu_info(dead, &r.guest, &r), EINVAL);
	CHECK_EQ(r.flags, 0);
	CHECK_EQ(gasp_cpu_info(m->cpu, &r.guest, &r), EOK);	/* blk in rgn */
	CHECK_EQ(r.flags, VIRT | GRF_ACTIVE);
	CHECK_EQ(gasp_cpu_info(m->cpu, &r.guest, NULL), EINVAL);
	CHECK_EQ(gasp_cpu_info(m->cpu, NULL, &r), EINVAL);
	machine_close(m);
	CHECK_EQ(gasp_cpu_info(m->cpu, &r.guest, &r), EINVAL);
}

/* A vCPU that has looked up a location sees each kind of change there at once. */
static void changes_are_seen_at_once(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, cookie(1, mem(A, 0x100, VIRT)));
	CHECK_SAME(m, QST_MEMORY, A + 8, 8);
	CHECK_SET(m->gsp, cookie(2, mem(A, 0x100, VIRT)));
	CHECK_SAME(m, QST_MEMORY, A + 8, 8);
	CHECK_SET(m->gsp, cookie(3, mem(A + 0x10, 4, VIRT)));
	CHECK_SAME(m, QST_MEMORY, A + 8, 16);
	CHECK_SET(m->gsp, del(A, 0xc));
	CHECK_SAME(m, QST_MEMORY, A + 8, 8);
	CHECK_SAME(m, QST_MEMORY, A + 0xc, 16);
	CHECK_SET(m->gsp, del(A, 0x100));
	CHECK_SAME(m, QST_MEMORY, A + 0xc, 16);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, A, PAGE, GASP_RAM, 0), EOK);
	CHECK_SAME(m, QST_MEMORY, A + 0xc, 16);
	CHECK_SET(m->gsp, mem(A, PAGE, VIRT));
	CHECK_SAME(m, QST_MEMORY, A + 0xc, 16);
	struct gasp_region r = del(A, PAGE);
	gasp_region_set(m->gsp, 1, &r);
	CHECK_SAME(m, QST_MEMORY, A + 0xc, 16);
	machine_close(m);
}

/* The same numbers in the two spaces are independent. */
static void memory_and_ports(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, cookie(1, mem(0x60, 4, VIRT)), cookie(2, port(0x60, 2, VIRT)));
	CHECK_SAME(m, QST_MEMORY, 0x60, 4);
	CHECK_SAME(m, QST_X86_IO, 0x60, 4);
	CHECK_SET(m->gsp, port(0x60, 2, GRF_NONE));
	CHECK_SAME(m, QST_X86_IO, 0x60, 4);
	CHECK_SAME(m, QST_MEMORY, 0x60, 4);
	machine_close(m);
}

/* Queries stay right after a lookup by an access, and accesses after a lookup by a query. */
static void accesses_and_queries(void)
{
	struct machine *m = new_machine();
	unsigned char got = 0;
	CHECK_SET(m->gsp, cookie(1, mem(A, 8, VIRT)));
	CHECK_SAME(m, QST_MEMORY, A, 8);
	CHECK_READ(m->cpu, A, &got, 1);
	CHECK_SET(m->gsp, cookie(2, mem(A, 8, VIRT)));
	CHECK_READ(m->cpu, A + 4, &got, 1);
	CHECK_SEEN(m, 1, A + 4, 1, 2, GASP_READ);
	CHECK_SAME(m, QST_MEMORY, A, 8);
	CHECK_SET(m->gsp, del(A, 8));
	CHECK_READ(m->cpu, A, &got, 1);
	CHECK_EQ(got, 0xFF);
	CHECK_SAME(m, QST_MEMORY, A, 8);
	CHECK_EQ(m->n, 2);
	machine_close(m);
}

static void *change_in_thread(void *arg)
{
	struct machine *m = (struct machine *)arg;
	CHECK_SET(m->gsp, cookie(2, mem(A, 8, VIRT)));
	return NULL;
}

static void changes_of_another_thread(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, cookie(1, mem(A, 8, VIRT)));
	CHECK_SAME(m, QST_MEMORY, A, 8);
	thread_run(change_in_thread, m);
	CHECK_SAME(m, QST_MEMORY, A, 8);
	struct gasp_region r = mem(A, 8, 0);
	CHECK_EQ(gasp_cpu_info(m->cpu, &r.guest, &r), EOK);
	CHECK_EQ(r.cookie, 2);
	machine_close(m);
}

/* No query sees a state between two elements of one call. */
struct scene {
	struct guest_system *gsp;
	int stop;
};

static void *set_cookies(void *arg)
{
	struct scene *s = (struct scene *)arg;
	for (uint32_t i = 0; !flag_get(&s->stop); i++)
		CHECK_SET(s->gsp, del(A, 32), cookie(i, mem(A, 16, VIRT)), cookie(i, mem(A + 16, 16, VIRT)));
	return NULL;
}

static void whole_calls_under_load(void)
{
	struct scene s;
	unsigned wrong = 0, rounds = getenv("GASP_TEST_SMALL") != NULL ? 2000 : 300000;
	memset(&s, 0, sizeof(s));
	s.gsp = guest();
	struct gasp_cpu *cpu = new_cpu(s.gsp);
	CHECK_SET(s.gsp, mem(A, 32, VIRT));
	pthread_t setter = thread_start(set_cookies, &s);
	uint32_t last = 0;
	for (unsigned i = 0; i < rounds; i++) {
		struct gasp_region r = mem(A + i % 16, 32, 0);
		wrong += gasp_cpu_info(cpu, &r.guest, &r) != EOK || r.guest.length != 32 - i % 16;
		wrong += r.cookie < last;	/* never back in time */
		last = r.cookie;
	}
	flag_set(&s.stop, 1);
	pthread_join(setter, NULL);
	CHECK_EQ(wrong, 0);
	gasp_guest_destroy(s.gsp);
}

static const struct test_case cases[] = {
	CASE(as_the_other_query), CASE(refusals), CASE(changes_are_seen_at_once),
	CASE(memory_and_ports), CASE(accesses_and_queries), CASE(changes_of_another_thread),
	CASE(whole_calls_under_load),
};

TEST_MAIN(cases)
