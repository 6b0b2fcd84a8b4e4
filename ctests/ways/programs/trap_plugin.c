/* A vdev plugin with a device that traps. The code that the host's trap handler calls, the vdev and
 * the state are all in the plugin, and are unloaded with it.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <string.h>
#include "trap_plugin.h"

static int access_device(const struct gasp_trap *trap);

static struct plugin_device device = { access_device };
static vdev_t vdev;
static unsigned char content[64];

static int access_device(const struct gasp_trap *trap)
{
	size_t at = trap->location % sizeof(content);

	if (trap->length > sizeof(content) - at)
		return 1;
	if (trap->kind == GASP_READ)
		memcpy(trap->data, content + at, trap->length);
	return trap->vdev != &vdev;
}

int plugin_plug(struct guest_system *gsp)
{
	struct gasp_region rgn = {
		GRF_VIRT_RD | GRF_VIRT_WR, 1, &vdev, 0, { PLUGIN_AT, PLUGIN_LENGTH, QST_MEMORY, QSF_NONE },
	};

	memset(content, PLUGIN_BYTE, sizeof(content));
	vdev.v_device = &device;
	vdev.v_gsp = gsp;
	return gasp_region_set_soft(gsp, 1, &rgn) != 1;
}
