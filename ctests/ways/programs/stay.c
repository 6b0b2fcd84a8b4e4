/* Loads and unloads libgasp itself: stay LIBGASP. A handler of a guarded guest is for ever, so the
 * library must stay in the process.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <gasp/host.h>
#include <signal.h>
#include <string.h>
#include "report.h"

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
}

/* Whether the library is still there after a guest that came and went. */
static int stays(const char *path, unsigned flags)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct guest_system *(*create)(const struct gasp_guest_options *) = NULL;
	void (*destroy)(struct guest_system *) = NULL;
	struct gasp_guest_options options;
	struct guest_system *gsp;

	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.flags = flags;
	if (library != NULL) {
		*(void **)&create = dlsym(library, "gasp_guest_create");
		*(void **)&destroy = dlsym(library, "gasp_guest_destroy");
	}
	gsp = create != NULL ? create(&options) : NULL;
	if (gsp == NULL || destroy == NULL)
		return -1;
	destroy(gsp);
	dlclose(library);
	return dlopen(path, RTLD_NOW | RTLD_NOLOAD) != NULL;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "";
	int failed;

	signal(SIGBUS, count);
	failed = report("the library can be unloaded", stays(path, 0) == 0);
	failed |= report("with a guarded guest it stays", stays(path, GASP_GUEST_GUARDED) == 1);
	raise(SIGBUS);
	failed |= report("a signal still reaches the handler of before", signals == 1);
	return failed;
}
