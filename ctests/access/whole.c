/* An aligned access of 2, 4 or 8 bytes to memory is one read or one write (specification 10.6.4): a
 * thread changes all bits of a word at once, over and over, and nobody ever sees a part of a change.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <sched.h>

#define AT 0x10000u

/* The two sides of the word: a vCPU of the guest, and the host. */
struct word {
	struct guest_system *gsp;
	void *host;
	size_t length;
	int stop;
	unsigned long mixed;	/* values that were neither */
	unsigned long changes;	/* how often the reader saw another value than before */
};

/* Valgrind runs one thread at a time, and a thread that waits for nothing keeps its turn. The period
 * is odd: each value is the one that stays for a while. */
static void now_and_then_yield(unsigned i)
{
	if (i % 63 == 0)
		sched_yield();
}

static void store(struct word *w, uint64_t value)
{
	switch (w->length) {
	case 2: __atomic_store_n((uint16_t *)w->host, (uint16_t)value, __ATOMIC_RELAXED); break;
	case 4: __atomic_store_n((uint32_t *)w->host, (uint32_t)value, __ATOMIC_RELAXED); break;
	default: __atomic_store_n((uint64_t *)w->host, value, __ATOMIC_RELAXED);
	}
}

static uint64_t load(struct word *w)
{
	switch (w->length) {
	case 2: return __atomic_load_n((uint16_t *)w->host, __ATOMIC_RELAXED);
	case 4: return __atomic_load_n((uint32_t *)w->host, __ATOMIC_RELAXED);
	default: return __atomic_load_n((uint64_t *)w->host, __ATOMIC_RELAXED);
	}
}

static void judge(struct word *w, uint64_t value, uint64_t *last)
{
	uint64_t all = UINT64_MAX >> (64 - 8 * w->length);
	w->mixed += value != 0 && value != all;
	w->changes += value != *last;
	*last = value;
}

static void *host_stores(void *arg)
{
	struct word *w = (struct word *)arg;
	for (unsigned i = 0; !flag_get(&w->stop); i++) {
		store(w, i % 2 != 0 ? UINT64_MAX : 0);
		now_and_then_yield(i);
	}
	return NULL;
}

static void *vcpu_writes(void *arg)
{
	struct word *w = (struct word *)arg;
	struct gasp_cpu *cpu = new_cpu(w->gsp);
	for (unsigned i = 0; !flag_get(&w->stop); i++) {
		uint64_t value = i % 2 != 0 ? UINT64_MAX : 0;
		CHECK_EQ(write_at(cpu, AT, &value, w->length), EOK);
		now_and_then_yield(i);
	}
	gasp_cpu_destroy(cpu);
	return NULL;
}

static void vcpu_reads(struct word *w, unsigned kind, unsigned rounds)
{
	struct gasp_cpu *cpu = new_cpu(w->gsp);
	uint64_t last = 0;
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t value = 0;
		CHECK_EQ(gasp_cpu_access(cpu, QST_MEMORY, kind, AT, &value, w->length), EOK);
		judge(w, value, &last);
		now_and_then_yield(i);
	}
	gasp_cpu_destroy(cpu);
}

static void host_loads(struct word *w, unsigned rounds)
{
	uint64_t last = 0;
	for (unsigned i = 0; i < rounds; i++) {
		judge(w, load(w), &last);
		now_and_then_yield(i);
	}
}

/* A change is torn only where both threads really run at once: many changes, but for 3 s at most. */
static void run(size_t length, void *(*change)(void *), unsigned kind)
{
	struct word w;
	unsigned char *memory = own_pages(1);
	unsigned enough = getenv("GASP_TEST_SMALL") != NULL ? 20 : 100000;
	memset(&w, 0, sizeof(w));
	w.gsp = guest();
	w.host = memory;
	w.length = length;
	CHECK_SET(w.gsp, mem_at(AT, PAGE, RAM | GRF_PASS_EX, address_of(memory)));
	pthread_t thread = thread_start(change, &w);
	for (double end = now() + 3; w.changes < enough && (now() < end || w.changes < 20);) {
		if (change == vcpu_writes)
			host_loads(&w, 1000);
		else
			vcpu_reads(&w, kind, 1000);
	}
	flag_set(&w.stop, 1);
	pthread_join(thread, NULL);
	CHECK_EQ(w.mixed, 0);
	gasp_guest_destroy(w.gsp);
	free(memory);
}

static void eight_bytes_are_read_at_once(void)
{
	run(8, host_stores, GASP_READ);
	run(8, host_stores, GASP_EXECUTE);
}

static void four_bytes_are_read_at_once(void)
{
	run(4, host_stores, GASP_READ);
}

static void two_bytes_are_read_at_once(void)
{
	run(2, host_stores, GASP_READ);
}

static void eight_bytes_are_written_at_once(void)
{
	run(8, vcpu_writes, GASP_WRITE);
}

static void four_bytes_are_written_at_once(void)
{
	run(4, vcpu_writes, GASP_WRITE);
}

static void two_bytes_are_written_at_once(void)
{
	run(2, vcpu_writes, GASP_WRITE);
}

static const struct test_case cases[] = {
	CASE(eight_bytes_are_read_at_once), CASE(four_bytes_are_read_at_once),
	CASE(two_bytes_are_read_at_once), CASE(eight_bytes_are_written_at_once),
	CASE(four_bytes_are_written_at_once), CASE(two_bytes_are_written_at_once),
};

TEST_MAIN(cases)
