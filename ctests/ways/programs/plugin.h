/* Shared by plugin.c and host.c.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/vdev-core.h>

#define PLUGIN_COOKIE 0xC0FFEE

int plugin_attach(vdev_t *vdev);
int plugin_alone(void);
