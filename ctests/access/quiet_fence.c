/* Removal beside accesses whose stores take long to become visible: a vCPU's thread that has just
 * written to memory that no cache has looks up the map long before others see that it is in an access
 * (specification 10.10). Only the fences of the two threads keep the device from being called after
 * its removal. GASP_STRESS_SECONDS (5): five times as long as it takes.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <sched.h>

#define DEVICE 0x30000u
#define LINE 64u
#define FIELD (UINT64_C(64) << 20)	/* more than caches hold */
#define SLOW_STORES 48u			/* about what a processor can have waiting */

struct load {
	struct guest_system *gsp;
	unsigned char *field;
	int stop;
	int is_there;		/* the device */
	unsigned long calls;
	unsigned long late;	/* calls of a device that was gone */
};

/* The device is removed: a call that comes now, or is not over yet, is one too many. */
static int trap_of_device(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct load *l = (struct load *)arg;
	(void)cpu;
	(void)trap;
	for (unsigned i = 0; i < 50; i++)
		if (!__atomic_load_n(&l->is_there, __ATOMIC_RELAXED)) {
			__atomic_fetch_add(&l->late, 1, __ATOMIC_RELAXED);
			break;
		}
	__atomic_fetch_add(&l->calls, 1, __ATOMIC_RELAXED);
	return EOK;
}

static void *access_after_slow_stores(void *arg)
{
	struct load *l = (struct load *)arg;
	struct gasp_cpu *cpu = new_cpu(l->gsp);
	uint64_t random = 1;
	for (unsigned n = 0; !flag_get(&l->stop); n++) {
		unsigned value = 0;
		for (unsigned i = 0; i < SLOW_STORES; i++) {
			random = random * UINT64_C(6364136223846793005) + 1;
			l->field[(random >> 33) * LINE % FIELD] = (unsigned char)i;
		}
		CHECK_EQ(write_at(cpu, DEVICE, &value, 4), EOK);
		if (n % 1024 == 0)
			sched_yield();	/* valgrind runs one thread at a time */
	}
	gasp_cpu_destroy(cpu);
	return NULL;
}

static double stress_seconds(void)
{
	const char *seconds = getenv("GASP_STRESS_SECONDS");
	return (seconds != NULL ? strtod(seconds, NULL) : 5) / 5;
}

static int nothing_late(struct load *l)
{
	return __atomic_load_n(&l->late, __ATOMIC_RELAXED) == 0;
}

static void a_removed_device_is_not_called(void)
{
	struct load l;
	unsigned rounds = 0;
	memset(&l, 0, sizeof(l));
	l.gsp = guest();
	l.field = (unsigned char *)calloc(FIELD, 1);
	REQUIRE(l.field != NULL);
	memset(l.field, 1, FIELD);
	CHECK_EQ(gasp_guest_set_trap_handler(l.gsp, trap_of_device, &l), EOK);
	pthread_t thread = thread_start(access_after_slow_stores, &l);
	for (double end = now() + stress_seconds(); (now() < end || rounds < 10) && nothing_late(&l); rounds++) {
		flag_set(&l.is_there, 1);
		CHECK_SET(l.gsp, mem(DEVICE, PAGE, VIRT));
		/* The device is there for up to some microseconds. */
		for (unsigned i = rounds * 7 % 4096; i != 0; i--)
			(void)flag_get(&l.stop);
		CHECK_SET(l.gsp, del(DEVICE, PAGE));
		CHECK_EQ(gasp_guest_synchronize(l.gsp), EOK);
		__atomic_store_n(&l.is_there, 0, __ATOMIC_RELAXED);
		for (unsigned i = 0; i < 64; i++)
			(void)flag_get(&l.stop);
	}
	flag_set(&l.stop, 1);
	pthread_join(thread, NULL);
	CHECK_EQ(l.late, 0);
	CHECK(l.calls > 0);
	gasp_guest_destroy(l.gsp);
	free(l.field);
}

static const struct test_case cases[] = { CASE(a_removed_device_is_not_called) };

TEST_MAIN(cases)
