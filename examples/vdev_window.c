/* A virtual device, as it is written for QNX: one file that does not mention libgasp.
 *
 * It replaces a window of the guest's RAM by its registers, so that the guest's reads and writes of
 * the window trap. It is a plugin: its gasp_* symbols are undefined here, and come from the program
 * that loads it.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <errno.h>
#include <inttypes.h>
#include <qvm/gasp.h>
#include <qvm/vdev-core.h>
#include <stdio.h>
#include <string.h>

#define CONTROL_LENGTH 0x1000u
enum { COOKIE_CONTROL = 1, COOKIE_DATA = 2 };

int vdev_window_start(vdev_t *vdev);

/* Delete the regions of the window, piece by piece: the loop of QNX's page on gasp_region_set().
 * The window can have several regions, since a region has one set of flags, and contiguous host
 * memory behind it. */
static int take_window(vdev_t *vdev)
{
	struct qvm_state_block blk = vdev->v_block;
	struct gasp_region rgn;

	while (blk.length != 0) {
		if (gasp_region_info(vdev->v_gsp, &blk, &rgn) != EOK) {
			fprintf(stderr, "vdev: nothing at 0x%" PRIx64 "\n", blk.location);
			return -1;
		}
		rgn.flags = GRF_NONE;
		if (gasp_region_set_soft(vdev->v_gsp, 1, &rgn) != 1) {
			fprintf(stderr, "vdev: cannot delete: %s\n", strerror(errno));
			return -1;
		}
		printf("    deleted   0x%08" PRIx64 "-0x%08" PRIx64 "  (%" PRIu32 " KiB)\n", blk.location,
			blk.location + rgn.guest.length - 1, rgn.guest.length / 1024);
		blk.location += rgn.guest.length;
		blk.length -= rgn.guest.length;
	}
	return 0;
}

/* Set the registers in one call: a page of control registers, then the data. */
static int place_registers(vdev_t *vdev)
{
	struct gasp_region regs[2];
	unsigned i;

	memset(regs, 0, sizeof regs);
	for (i = 0; i < 2; i++) {
		regs[i].flags = GRF_VIRT_RD | GRF_VIRT_WR | GRF_PRECIOUS;
		regs[i].vdev = vdev;
		regs[i].guest = vdev->v_block;
	}
	regs[0].cookie = COOKIE_CONTROL;
	regs[0].guest.length = CONTROL_LENGTH;
	regs[1].cookie = COOKIE_DATA;
	regs[1].guest.location += CONTROL_LENGTH;
	regs[1].guest.length -= CONTROL_LENGTH;
	if (gasp_region_set_soft(vdev->v_gsp, 2, regs) != 2) {
		fprintf(stderr, "vdev: cannot place the registers: %s\n", strerror(errno));
		return -1;
	}
	for (i = 0; i < 2; i++)
		printf("    registers 0x%08" PRIx64 "-0x%08" PRIx64 "  (%" PRIu32 " KiB, cookie %" PRIu32 ")\n",
			regs[i].guest.location, regs[i].guest.location + regs[i].guest.length - 1,
			regs[i].guest.length / 1024, regs[i].cookie);
	return 0;
}

/* Called by the host. The device's window is v_block. Returns 0, or -1 after a message. */
int vdev_window_start(vdev_t *vdev)
{
	int failed;

	if (gasp_lock(vdev->v_gsp, vdev->v_block.type) != EOK) {
		fprintf(stderr, "vdev: cannot lock the guest's memory\n");
		return -1;
	}
	failed = take_window(vdev) != 0 || place_registers(vdev) != 0;
	return gasp_unlock(vdev->v_gsp, vdev->v_block.type) != EOK || failed ? -1 : 0;
}
