/* A vdev plugin in one file. ways.t builds it with -lgasp, and without: then its gasp_* are
 * unresolved and come from the program that loads it, as on QNX.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <gasp/host.h>
#include <qvm/gasp.h>
#include <qvm/vdev-core.h>
#include <stddef.h>
#include "plugin.h"

/* Make the vdev's block a range that traps. 0 if it worked. */
int plugin_attach(vdev_t *vdev)
{
	struct gasp_region rgn = {
		GRF_VIRT_RD | GRF_VIRT_WR, PLUGIN_COOKIE, vdev, 0, vdev->v_block,
	};
	int failed;

	if (gasp_lock(vdev->v_gsp, vdev->v_block.type) != EOK)
		return 1;
	failed = gasp_region_set_soft(vdev->v_gsp, 1, &rgn) != 1;
	return gasp_unlock(vdev->v_gsp, vdev->v_block.type) != EOK || failed;
}

/* All of it without a host's help: a guest of its own. 0 if it worked. */
int plugin_alone(void)
{
	vdev_t vdev = { 0 };
	struct gasp_region rgn;
	int failed;

	vdev.v_gsp = gasp_guest_create(NULL);
	vdev.v_block.location = 0x1000;
	vdev.v_block.length = 0x10;
	if (vdev.v_gsp == NULL || plugin_attach(&vdev) != 0)
		return 1;
	failed = gasp_region_info(vdev.v_gsp, &vdev.v_block, &rgn) != EOK || rgn.cookie != PLUGIN_COOKIE;
	gasp_guest_destroy(vdev.v_gsp);
	return failed;
}
