/* A vdev that needs a function of QNX's that gasp-vm does not have.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/guest.h>
#include <qvm/vdev-core.h>

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	(void)arg;
	return ctrl == VDEV_CTRL_STATUS ? guest_msi_signal(vdev, 0xfee00000, 0x30) : EOK;
}

static struct vdev_factory factory;

static void __attribute__((constructor)) register_missing(void)
{
	factory.control = control;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
