/* Shared by trap_plugin.c and unload.c.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <gasp/host.h>
#include <qvm/gasp.h>
#include <qvm/vdev-core.h>

#define PLUGIN_AT 0x30000u
#define PLUGIN_LENGTH 0x1000u
#define PLUGIN_BYTE 0xA5

/* The host's trap handler finds this behind vdev->v_device. */
struct plugin_device {
	int (*access)(const struct gasp_trap *trap);
};

/* Sets the plugin's region. 0 if it worked. */
int plugin_plug(struct guest_system *gsp);
