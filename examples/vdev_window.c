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
#define PIECES_MAX 64u
#define REGISTERS 2u
enum { COOKIE_CONTROL = 1, COOKIE_DATA = 2 };

int vdev_window_start(vdev_t *vdev);

/* Write down the deletion of each region in the window: the loop of QNX's page on gasp_region_set(),
 * without its call. The window can have several regions, since a region has one set of flags, and
 * contiguous host memory behind it. Returns the number of deletions, or -1 after a message. */
static int delete_window(vdev_t *vdev, struct gasp_region *rgn)
{
	struct qvm_state_block blk = vdev->v_block;
	int n = 0;

	while (blk.length != 0) {
		if (n == PIECES_MAX) {
			fprintf(stderr, "vdev: the window is in more than %u pieces\n", PIECES_MAX);
			return -1;
		}
		if (gasp_region_info(vdev->v_gsp, &blk, &rgn[n]) != EOK) {
			fprintf(stderr, "vdev: nothing at 0x%" PRIx64 "\n", blk.location);
			return -1;
		}
		rgn[n].flags = GRF_NONE;
		blk.location += rgn[n].guest.length;
		blk.length -= rgn[n].guest.length;
		n++;
	}
	return n;
}

/* Write down the registers: a page of control registers, then the data. */
static void place_registers(vdev_t *vdev, struct gasp_region *regs)
{
	unsigned i;

	memset(regs, 0, REGISTERS * sizeof *regs);
	for (i = 0; i < REGISTERS; i++) {
		regs[i].flags = GRF_VIRT_RD | GRF_VIRT_WR | GRF_PRECIOUS;
		regs[i].vdev = vdev;
		regs[i].guest = vdev->v_block;
	}
	regs[0].cookie = COOKIE_CONTROL;
	regs[0].guest.length = CONTROL_LENGTH;
	regs[1].cookie = COOKIE_DATA;
	regs[1].guest.location += CONTROL_LENGTH;
	regs[1].guest.length -= CONTROL_LENGTH;
}

static void print_change(const struct gasp_region *rgn, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		uint64_t first = rgn[i].guest.location, last = first + rgn[i].guest.length - 1;

		if (rgn[i].flags == GRF_NONE)
			printf("    deleted   0x%08" PRIx64 "-0x%08" PRIx64 "  (%" PRIu32 " KiB)\n", first, last,
				rgn[i].guest.length / 1024);
		else
			printf("    registers 0x%08" PRIx64 "-0x%08" PRIx64 "  (%" PRIu32 " KiB, cookie %" PRIu32
				")\n", first, last, rgn[i].guest.length / 1024, rgn[i].cookie);
	}
}

/* Deletions and registers are one array and one call, so no vCPU finds the window empty. */
static int change_window(vdev_t *vdev)
{
	struct gasp_region rgn[PIECES_MAX + REGISTERS];
	int deletions = delete_window(vdev, rgn);
	unsigned n;

	if (deletions < 0)
		return -1;
	n = (unsigned)deletions + REGISTERS;
	place_registers(vdev, &rgn[deletions]);
	if (gasp_region_set_soft(vdev->v_gsp, n, rgn) != n) {
		fprintf(stderr, "vdev: cannot change the window: %s\n", strerror(errno));
		return -1;
	}
	print_change(rgn, n);
	return 0;
}

/* Called by the host. The device's window is v_block. Returns 0, or -1 after a message. The lock
 * keeps the window as it is between the look at its pieces and the change. */
int vdev_window_start(vdev_t *vdev)
{
	int failed;

	if (gasp_lock(vdev->v_gsp, vdev->v_block.type) != EOK) {
		fprintf(stderr, "vdev: cannot lock the guest's memory\n");
		return -1;
	}
	failed = change_window(vdev) != 0;
	return gasp_unlock(vdev->v_gsp, vdev->v_block.type) != EOK || failed ? -1 : 0;
}
