/* Loads and unloads trap_plugin.c while vCPUs on other threads access its device:
 * unload PLUGIN [SECONDS]. A call into the plugin after dlclose() crashes.
 * GASP_STRESS_SECONDS (5) says how long.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include "report.h"
#include "trap_plugin.h"

#define READERS 2

static struct guest_system *gsp;
static const char *path;
static int stop, wrong;
static unsigned long reached, unloads, still_there;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Goes through the vdev, which is in the plugin. */
static int trap(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	(void)arg;
	(void)cpu;
	return ((struct plugin_device *)trap->vdev->v_device)->access(trap);
}

static void *read_and_write(void *arg)
{
	struct gasp_cpu *cpu = gasp_cpu_create(gsp);
	unsigned long plugged = 0;
	unsigned char data[4];

	(void)arg;
	for (unsigned at = 0; !stopped(); at = (at + 4) % PLUGIN_LENGTH) {
		int result = gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, PLUGIN_AT + at, data, 4);
		int there = data[0] == PLUGIN_BYTE;

		if (result != EOK || data[0] != data[3] || (!there && data[0] != 0xFF))
			__atomic_store_n(&wrong, 1, __ATOMIC_RELAXED);
		if (gasp_cpu_access(cpu, QST_MEMORY, GASP_WRITE, PLUGIN_AT + at, data, 4) != EOK)
			__atomic_store_n(&wrong, 1, __ATOMIC_RELAXED);
		plugged += there;
	}
	__atomic_fetch_add(&reached, plugged, __ATOMIC_RELAXED);
	gasp_cpu_destroy(cpu);
	return NULL;
}

/* Changes other ranges than the plugin. */
static void *set_elsewhere(void *arg)
{
	struct gasp_region rgn;

	(void)arg;
	memset(&rgn, 0, sizeof(rgn));
	rgn.guest.length = 8;
	for (unsigned i = 0; !stopped(); i++) {
		rgn.guest.location = PLUGIN_AT + PLUGIN_LENGTH + i % 256 * 16;
		rgn.flags = i / 256 % 2 ? GRF_NONE : GRF_VIRT_ANY;
		if (gasp_region_set_soft(gsp, 1, &rgn) != 1)
			__atomic_store_n(&wrong, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int unload_done;

/* Called on the thread that ends the last access. */
static void unload(void *plugin)
{
	dlclose(plugin);
	__atomic_store_n(&unload_done, 1, __ATOMIC_RELEASE);
}

static int unplug(void)
{
	struct gasp_region rgn = { GRF_NONE, 0, NULL, 0, { PLUGIN_AT, PLUGIN_LENGTH, QST_MEMORY, QSF_NONE } };

	return gasp_region_set_soft(gsp, 1, &rgn) != 1;
}

static int wait_for_unload(void)
{
	struct timespec pause = { 0, 10000 };

	for (double end = now() + 20; !__atomic_load_n(&unload_done, __ATOMIC_ACQUIRE) && now() < end;)
		nanosleep(&pause, NULL);
	return !__atomic_load_n(&unload_done, __ATOMIC_ACQUIRE);
}

/* 0 if the plugin could be loaded and unloaded. */
static int one_round(void)
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*plug)(struct guest_system *) = NULL;
	struct timespec pause = { 0, 200000 };

	if (plugin != NULL)
		*(void **)&plug = dlsym(plugin, "plugin_plug");
	if (plug == NULL || plug(gsp) != 0)
		return 1;
	if (unloads % 4 == 0)
		nanosleep(&pause, NULL);
	if (unplug() != 0)
		return 1;
	unload_done = 0;
	if (unloads++ % 2 == 0) {
		if (gasp_guest_synchronize(gsp) != EOK)
			return 1;
		unload(plugin);
	} else if (gasp_guest_call_when_quiet(gsp, unload, plugin) != EOK || wait_for_unload() != 0) {
		return 1;
	}
	plugin = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	still_there += plugin != NULL;
	return 0;
}

int main(int argc, char **argv)
{
	const char *seconds = getenv("GASP_STRESS_SECONDS");
	pthread_t threads[READERS + 1];
	int failed = 0;
	double end;

	path = argc > 1 ? argv[1] : "";
	gsp = gasp_guest_create(NULL);
	gasp_guest_set_trap_handler(gsp, trap, NULL);
	end = now() + (argc > 2 ? strtod(argv[2], NULL) : seconds != NULL ? strtod(seconds, NULL) : 5);
	for (unsigned i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, read_and_write, NULL);
	pthread_create(&threads[READERS], NULL, set_elsewhere, NULL);
	while (!failed && now() < end)
		failed = one_round();
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < READERS + 1; i++)
		pthread_join(threads[i], NULL);
	gasp_guest_destroy(gsp);
	printf("# %lu unloads, %lu reads from the device\n", unloads, reached);
	failed = report("a plugin is loaded and unloaded under load", !failed && unloads > 1);
	failed |= report("each unload took the plugin out of the process", still_there == 0);
	failed |= report("accesses got the device or nothing", !wrong);
	failed |= report("the device was reached", reached > 0);
	return failed;
}
