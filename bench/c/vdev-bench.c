/* The vdev of the benchmark: a read of its first word gives a constant, of its second one nothing.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/guest.h>
#include <qvm/vdev-core.h>

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	(void)arg;
	if (ctrl == VDEV_CTRL_OPTIONS_START) {
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = 0x1000;
	}
	return EOK;
}

static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd,
		const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	static uint64_t const answer = 0x1234;
	(void)vdev, (void)cookie;
	if ((vopnd->location & 8) != 0) {
		return VRS_NORMAL;
	}
	int const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &answer, sizeof answer);
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

static struct vdev_factory factory = { .control = control, .vread = vread };

static void __attribute__((constructor)) registers(void)
{
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
