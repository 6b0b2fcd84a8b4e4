/* A vdev for another version of the interface.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/vdev-core.h>

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	(void)vdev, (void)ctrl, (void)arg;
	return EOK;
}

static struct vdev_factory factory;

static void __attribute__((constructor)) registers(void)
{
	factory.control = control;
	vdev_register_factory(&factory, QVM_VDEV_ABI - 1);
}
