/* Removal under load (specification 10.10): the state of a removed device is poisoned and freed, like
 * that of an unloaded plugin. It runs for a tenth of GASP_STRESS_SECONDS (5); ways/programs/unload.c,
 * with a real plugin, runs for all of it.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <sched.h>

#define DEVICE 0x30000u

#define GOOD 0x600DF00Du
#define BAD 0xDEADDEADu

struct load {
	struct guest_system *gsp;
	int stop;
	unsigned bad;
	unsigned calls;
};

/* Reaches the state through the vdev, like a plugin. */
static int trap_with_state(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct load *l = (struct load *)arg;
	unsigned *state = (unsigned *)trap->vdev->v_device;
	(void)cpu;
	for (unsigned i = 0; i < 20; i++)
		if (__atomic_load_n(state, __ATOMIC_RELAXED) != GOOD)
			__atomic_fetch_add(&l->bad, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&l->calls, 1, __ATOMIC_RELAXED);
	device_fill(trap);
	return EOK;
}

static void *load_reader(void *arg)
{
	struct load *l = (struct load *)arg;
	struct gasp_cpu *cpu = new_cpu(l->gsp);
	unsigned char got[4];
	unsigned wrong = 0;
	while (!flag_get(&l->stop)) {
		int result = read_at(cpu, DEVICE, got, 4);
		if (result == EOK && got[0] == 0xFF)
			sched_yield();
		wrong += result != EOK || !(device_bytes(got, DEVICE, 4) || all_bytes(got, 0xFF, 4));
	}
	CHECK_EQ(wrong, 0);
	gasp_cpu_destroy(cpu);
	return NULL;
}

static void *load_setter(void *arg)
{
	struct load *l = (struct load *)arg;
	for (unsigned i = 0; !flag_get(&l->stop); i++) {
		struct gasp_region r = cookie(i, mem(DEVICE + (1 + i % 64) * PAGE, 8, i % 3 ? VIRT : 0));
		CHECK_EQ(gasp_region_set_soft(l->gsp, 1, &r), 1);
		if (i % 256 == 0)
			sleep_ms(1);	/* valgrind runs one thread at a time */
	}
	return NULL;
}

static void poison(vdev_t *device)
{
	__atomic_store_n((unsigned *)device->v_device, BAD, __ATOMIC_RELAXED);
	free(device->v_device);
	memset(device, 0, sizeof(*device));
	free(device);
}

static void poison_when_quiet(void *arg)
{
	poison((vdev_t *)arg);
}

static vdev_t *plug(struct load *l)
{
	vdev_t *device = (vdev_t *)calloc(1, sizeof(*device));
	unsigned *state = (unsigned *)malloc(sizeof(*state));
	if (device == NULL || state == NULL)
		abort();
	*state = GOOD;
	device->v_device = state;
	device->v_gsp = l->gsp;
	CHECK_SET(l->gsp, vdev(device, mem(DEVICE, PAGE, VIRT)));
	return device;
}

static double stress_seconds(void)
{
	const char *seconds = getenv("GASP_STRESS_SECONDS");
	return (seconds != NULL ? strtod(seconds, NULL) : 5) / 10;
}

/* Waits until the device has been called again, which takes long where threads are slow. */
static void wait_for_a_call(struct load *l)
{
	unsigned before = __atomic_load_n(&l->calls, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 10000 && __atomic_load_n(&l->calls, __ATOMIC_RELAXED) == before; i++)
		sleep_ms(1);
}

static void a_removed_device_is_never_called(void)
{
	struct load l;
	pthread_t threads[3];
	unsigned rounds = 0;
	memset(&l, 0, sizeof(l));
	l.gsp = guest();
	CHECK_EQ(gasp_guest_set_trap_handler(l.gsp, trap_with_state, &l), EOK);
	threads[0] = thread_start(load_reader, &l);
	threads[1] = thread_start(load_reader, &l);
	threads[2] = thread_start(load_setter, &l);
	for (double end = now() + stress_seconds(); now() < end || rounds < 10; rounds++) {
		vdev_t *device = plug(&l);
		if (rounds % 8 == 0)
			wait_for_a_call(&l);
		CHECK_SET(l.gsp, del(DEVICE, PAGE));
		if (rounds % 2 == 0) {
			CHECK_EQ(gasp_guest_synchronize(l.gsp), EOK);
			poison(device);
		} else {
			CHECK_EQ(gasp_guest_call_when_quiet(l.gsp, poison_when_quiet, device), EOK);
		}
	}
	flag_set(&l.stop, 1);
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(l.bad, 0);
	CHECK(l.calls > 1);
	gasp_guest_destroy(l.gsp);
}

/* vCPUs are created and destroyed while other threads wait. */
static void *come_and_go(void *arg)
{
	struct load *l = (struct load *)arg;
	unsigned char got[4];
	while (!flag_get(&l->stop)) {
		struct gasp_cpu *cpu = new_cpu(l->gsp);
		CHECK_EQ(read_at(cpu, DEVICE, got, 4), EOK);
		gasp_cpu_destroy(cpu);
	}
	return NULL;
}

static void vcpus_are_created_and_destroyed_meanwhile(void)
{
	struct load l;
	pthread_t threads[2];
	unsigned rounds = 0;
	memset(&l, 0, sizeof(l));
	l.gsp = guest();
	CHECK_EQ(gasp_guest_set_trap_handler(l.gsp, trap_with_state, &l), EOK);
	for (unsigned i = 0; i < COUNT(threads); i++)
		threads[i] = thread_start(come_and_go, &l);
	for (double end = now() + stress_seconds() / 2; now() < end; rounds++) {
		vdev_t *device = plug(&l);
		CHECK_SET(l.gsp, del(DEVICE, PAGE));
		CHECK_EQ(gasp_guest_synchronize(l.gsp), EOK);
		poison(device);
	}
	flag_set(&l.stop, 1);
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(l.bad, 0);
	gasp_guest_destroy(l.gsp);
}

static const struct test_case cases[] = {
	CASE(a_removed_device_is_never_called), CASE(vcpus_are_created_and_destroyed_meanwhile),
};

TEST_MAIN(cases)
