/* The vdev `trace` as it is installed: QNX's teaching vdev.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "vdevs.h"

#define MARKER "/sys/kernel/tracing/trace_marker"

static void machine_with_trace(struct vdev_machine *m, const char *name, const char *value)
{
	struct gasp_vdev_option options[2];
	options[0] = option("loc", "0xd0000000");
	options[1] = option(name, value);
	vdev_machine_start(m, 0);
	CHECK_EQ(gasp_vdevs_add_path(m->vdevs, INSTALLED), EOK);
	CHECK(gasp_vdevs_add(m->vdevs, "trace", options, name != NULL ? 2 : 1, NULL) != NULL);
	run_guest(m);
}

static void a_write_sets_the_counter_and_a_second_adds_one(void)
{
	struct vdev_machine m;

	machine_with_trace(&m, NULL, NULL);
	CHECK_EQ(write_vdev(&m, 1000), EOK);
	CHECK(read_vdev(&m) >= 1000);
	for (int i = 0; i < 2000 && read_vdev(&m) == 1000; i++)
		sleep_ms(10);
	CHECK(read_vdev(&m) > 1000);
	CHECK_STR(m.record.text, "");
	vdev_machine_end(&m);
}

static void accesses_are_logged(void)
{
	struct vdev_machine m;
	char line[64];

	machine_with_trace(&m, "emit-logger", NULL);
	CHECK_EQ(write_vdev(&m, 1000), EOK);
	snprintf(line, sizeof(line), "vdev trace: read %u\n", (unsigned)read_vdev(&m));
	CHECK_HAS(m.record.text, "vdev trace: set to 1000\n");
	CHECK_HAS(m.record.text, line);
	vdev_machine_end(&m);
}

static int kernel_has_recorded(const char *event)
{
	char line[512];
	int found = 0;
	FILE *trace = fopen("/sys/kernel/tracing/trace", "r");
	while (trace != NULL && !found && fgets(line, sizeof(line), trace) != NULL)
		found = strstr(line, event) != NULL;
	if (trace != NULL)
		fclose(trace);
	return found;
}

/* Where the kernel's trace cannot be opened, the vdev says so, and works. */
static void accesses_are_recorded_as_events(void)
{
	struct vdev_machine m;

	machine_with_trace(&m, "emit-trace", "0x4d");
	CHECK_EQ(write_vdev(&m, 1000), EOK);
	CHECK(read_vdev(&m) >= 1000);
	if (access(MARKER, W_OK) == 0) {
		CHECK(kernel_has_recorded("vdev trace: event 77: set to 1000"));
		CHECK_STR(m.record.text, "");
	} else {
		CHECK_HAS(m.record.text, "vdev trace: records no events: " MARKER);
	}
	vdev_machine_end(&m);
}

static const struct test_case cases[] = {
	CASE(a_write_sets_the_counter_and_a_second_adds_one),
	CASE(accesses_are_logged),
	CASE(accesses_are_recorded_as_events),
};
TEST_MAIN(cases)
