/* A vdev that needs a function of QNX's that gasp-vm does not have.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/vdev-core.h>
#include <qvm/vpci.h>

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	(void)vdev;
	return ctrl == VDEV_CTRL_PCI_BARS ? vpci_ctrl_pci_bars(NULL, arg) : EOK;
}

static struct vdev_factory factory;

static void __attribute__((constructor)) register_missing(void)
{
	factory.control = control;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
