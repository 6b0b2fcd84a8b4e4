/* A host for vdevs, such as a test harness: it loads QNX's teaching vdev, `trace`, makes accesses as a
 * guest would, and prints the answers. It needs neither a guest's code nor KVM.
 *
 *   cc -std=c11 vdev_host.c -o vdev_host $(pkg-config --cflags --libs gasp gasp-vdev)
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <gasp/host.h>
#include <gasp/vdev-host.h>
#include <qvm/vdev-core.h>
#include <stdio.h>
#include <stdlib.h>

static void must(int is_done)
{
	if (!is_done) {
		fprintf(stderr, "vdev_host: %s\n", gasp_last_error());
		exit(1);
	}
}

/* What vdevs say. */
static void say(void *arg, unsigned attr, unsigned destinations, const vdev_t *vdev, const char *name,
		const char *text)
{
	(void)arg, (void)attr, (void)destinations, (void)vdev;
	printf("  %s: %s\n", name != NULL ? name : "host", text);
}

int main(void)
{
	const struct gasp_vdev_host host = { .size = sizeof(host), .log = say };
	const struct gasp_vdev_option options[] = { { "loc", "0xd0000000" }, { "emit-logger", NULL } };
	struct guest_system *gsp = gasp_guest_create(NULL);
	struct gasp_vdevs *vdevs = gasp_vdevs_create(gsp, &host);
	struct gasp_cpu *cpu = gasp_cpu_create(gsp);
	uint32_t value = 1000;

	must(vdevs != NULL && cpu != NULL);
	must(gasp_vdevs_add(vdevs, "trace", options, 2, NULL) != NULL);
	must(gasp_vdevs_control(vdevs, VDEV_CTRL_GUEST_CONFIGURED, NULL) == EOK);
	must(gasp_guest_start(gsp) == EOK);
	must(gasp_vdevs_control(vdevs, VDEV_CTRL_GUEST_STARTING, NULL) == EOK);

	must(gasp_cpu_access(cpu, QST_MEMORY, GASP_WRITE, 0xd0000000, &value, sizeof(value)) == EOK);
	must(gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, 0xd0000000, &value, sizeof(value)) == EOK);
	printf("the counter was set to 1000, and is %u\n", (unsigned)value);

	gasp_vdevs_destroy(vdevs); /* VDEV_CTRL_TERMINATE first */
	gasp_guest_destroy(gsp);
	return 0;
}
