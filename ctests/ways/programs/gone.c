/* Loads libgasp itself and unloads it again: gone LIBRARY. A thread that was in a trap handler and in
 * a listener ends after that. What runs in the library then crashes.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <gasp/host.h>
#include <qvm/gasp.h>
#include "report.h"

static void *library;
static int used[2], end[2], failed;

/* The address of a function of the library, for a pointer to it. */
static void find(void *pointer, const char *name)
{
	void *address = dlsym(library, name);

	memcpy(pointer, &address, sizeof(address));
}
#define FIND(name) __typeof__(&name) p_##name; find(&p_##name, #name)

static int trap(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *what)
{
	(void)arg;
	(void)cpu;
	(void)what;
	return EOK;
}

static void commit(void *arg, const struct gasp_difference *change)
{
	(void)change;
	*(int *)arg = 1;
}

static void use_the_library(void)
{
	FIND(gasp_guest_create);
	FIND(gasp_guest_set_trap_handler);
	FIND(gasp_guest_add_listener);
	FIND(gasp_region_set_soft);
	FIND(gasp_cpu_create);
	FIND(gasp_cpu_access);
	FIND(gasp_guest_destroy);
	struct gasp_region rgn = { .flags = GRF_VIRT_RD, .guest = { 0x1000, 0x1000, QST_MEMORY, 0 } };
	struct gasp_listener listener = { .size = sizeof(listener), .commit = commit };
	struct guest_system *gsp = p_gasp_guest_create(NULL);
	unsigned char byte = 7;
	int told = 0;

	failed |= report("a listener is called", p_gasp_guest_add_listener(gsp, &listener, &told, NULL) == EOK
			 && p_gasp_region_set_soft(gsp, 1, &rgn) == 1 && told == 1);
	failed |= report("a trap handler is called", p_gasp_guest_set_trap_handler(gsp, trap, NULL) == EOK
			 && p_gasp_cpu_access(p_gasp_cpu_create(gsp), QST_MEMORY, GASP_READ, 0x1000,
					      &byte, 1) == EOK);
	p_gasp_guest_destroy(gsp);
}

static void *use_and_stay(void *arg)
{
	char byte = 0;

	use_the_library();
	return write(used[1], &byte, 1) == 1 && read(end[0], &byte, 1) == 1 ? NULL : arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char byte = 0;

	library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	if (library == NULL || pipe(used) != 0 || pipe(end) != 0)
		return 2;
	pthread_create(&thread, NULL, use_and_stay, NULL);
	if (read(used[0], &byte, 1) != 1)
		return 2;
	failed |= report("dlclose() succeeds", dlclose(library) == 0);
	failed |= report("the library is gone", dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == NULL);
	if (write(end[1], &byte, 1) != 1)
		return 2;
	failed |= report("the thread ends", pthread_join(thread, NULL) == 0);
	return failed;
}
