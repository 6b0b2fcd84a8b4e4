/* A host that loads plugin.c: host PLUGIN [unresolved].
 *
 * With -DHOST_HAS_GASP it makes the guest and looks into it after the plugin did: both must mean
 * the same libgasp. Without, it knows nothing of libgasp. "unresolved": loading has to fail.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <dlfcn.h>
#include <string.h>
#include "plugin.h"
#include "report.h"

#ifdef HOST_HAS_GASP
#include <gasp/host.h>
#include <qvm/gasp.h>
#endif

int main(int argc, char **argv)
{
	void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	const char *error = plugin == NULL ? dlerror() : NULL;
	int (*alone)(void);
	int (*attach)(vdev_t *);

	if (argc > 2 && strcmp(argv[2], "unresolved") == 0)
		return report("the plugin does not load without libgasp",
				error != NULL && strstr(error, "undefined symbol: g") != NULL);
	if (error != NULL) {
		printf("%s\n", error);
		return report("the plugin loads", 0);
	}
	*(void **)&alone = dlsym(plugin, "plugin_alone");
	*(void **)&attach = dlsym(plugin, "plugin_attach");
	if (alone == NULL || attach == NULL)
		return report("the plugin has its functions", 0);
	if (report("the plugin makes a guest of its own", alone() == 0))
		return 1;

#ifdef HOST_HAS_GASP
	vdev_t vdev = { 0 };
	struct gasp_region rgn;
	int failed = 0;

	vdev.v_gsp = gasp_guest_create(NULL);
	vdev.v_block.location = 0xFEC00000;
	vdev.v_block.length = 0x20;
	failed |= report("the plugin sets a region in the host's guest", attach(&vdev) == 0);
	failed |= report("the host sees that region",
			gasp_region_info(vdev.v_gsp, &vdev.v_block, &rgn) == EOK
			&& rgn.cookie == PLUGIN_COOKIE && rgn.vdev == &vdev
			&& rgn.guest.length == vdev.v_block.length);
	gasp_guest_destroy(vdev.v_gsp);
	return failed;
#else
	return 0;
#endif
}
