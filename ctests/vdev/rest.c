/* The functions for messages, notifications, instructions, power states, run time, pulses, character
 * devices and watchdogs, which the vdev `rest` calls; and what a host has beside them (docs/vdev-host.md,
 * sections 8 to 10).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "vdevs.h"

static vdev_t *open_rest(struct vdev_machine *m)
{
	vdev_t *vdev;
	vdev_machine_start(m, GASP_VDEVS_SIMULATED_CLOCK | GASP_VDEVS_RUN_TIME);
	vdev = gasp_vdevs_add(m->vdevs, "rest", NULL, 0, NULL);
	if (!CHECK(vdev != NULL))
		fprintf(stderr, "# %s\n", gasp_last_error());
	return vdev;
}

static void on_notify(void *arg, const struct guest_intr *gip, enum guest_intr_notifications gin)
{
	*(unsigned *)arg += gip->param == 3 && gin == GIN_ACK;
}

static struct guest_intr input(vdev_t *vdev, unsigned param)
{
	struct guest_intr made;
	made.pic = vdev;
	made.param = param;
	made.src_id = 0;
	return made;
}

static void the_vdev_calls_them(void)
{
	struct vdev_machine m;
	vdev_t *vdev = open_rest(&m);
	struct guest_intr third = input(vdev, 3);
	unsigned acknowledged = 0;

	vdev->v_intr = input(vdev, 1);
	run_guest(&m);
	CHECK_EQ(gasp_vdevs_watch_intr(m.vdevs, &third, GIN_ACK, on_notify, &acknowledged), EOK);
	CHECK_EQ(gasp_vdevs_control(m.vdevs, VDEV_CTRL_STATUS, NULL), EOK);
	CHECK(strstr(m.record.text, "was told") == NULL);
	CHECK_EQ(acknowledged, 1);
	CHECK_EQ(gasp_vdevs_non_safety(), 1);
	CHECK(strstr(m.record.text, "end 4\n") != NULL); /* the watchdog's */
	CHECK_EQ(gasp_vdevs_set_power(m.vdevs, 1, GPSC_WAIT), EOK);
	CHECK_EQ(gasp_vdevs_control(m.vdevs, VDEV_CTRL_BUTTON, NULL), EOK);
	CHECK(strstr(m.record.text, "was told") == NULL);
	CHECK_EQ(gasp_vdev_run_time(vdev), 0); /* the clock stands */
	CHECK_EQ(gasp_vdev_run_time(NULL), 0);
	vdev_machine_end(&m);
}

static void a_host_asks_controllers(void)
{
	struct vdev_machine m;
	vdev_t *vdev = open_rest(&m);
	struct guest_intr second = input(vdev, 2), bad = input(NULL, 2);
	uint32_t cells[2] = { 0, 0 };

	CHECK_EQ(gasp_vdevs_table_spec(m.vdevs, &second, GTSC_FDT_INTR, cells, sizeof(cells)), 8);
	CHECK_EQ(cells[0], 2);
	CHECK_EQ(gasp_vdevs_table_spec(m.vdevs, &second, GTSC_FDT_INTR, cells, 4), -ERANGE);
	CHECK_EQ(gasp_vdevs_table_spec(m.vdevs, NULL, GTSC_FDT_INTR, cells, 8), -EINVAL);
	CHECK_EQ(gasp_vdevs_table_spec(NULL, &second, GTSC_FDT_INTR, cells, 8), -EINVAL);
	CHECK_EQ(gasp_vdevs_watch_intr(m.vdevs, NULL, GIN_ACK, on_notify, NULL), EINVAL);
	CHECK_EQ(gasp_vdevs_watch_intr(m.vdevs, &bad, GIN_ACK, on_notify, NULL), EINVAL);
	CHECK_EQ(gasp_vdevs_watch_intr(m.vdevs, &second, GIN_ACK, NULL, NULL), EINVAL);
	CHECK_EQ(gasp_vdev_hostvector(vdev), 0);
	CHECK_EQ(gasp_vdev_hostvector(NULL), GASP_NO_HOSTVECTOR);
	vdev_machine_end(&m);
}

static void a_host_tells_of_power_and_instructions(void)
{
	struct vdev_machine m;
	enum vdev_ref_status status = VRS_ABORT;
	open_rest(&m);
	run_guest(&m);
	CHECK_EQ(gasp_vdevs_set_power(m.vdevs, 4096, GPSC_OFF), EINVAL);
	CHECK_EQ(gasp_vdevs_set_power(NULL, 0, GPSC_OFF), EINVAL);
	CHECK_EQ(gasp_vdevs_set_power(m.vdevs, 0, (enum guest_power_state_cmd)0x80), EINVAL);
	CHECK_EQ(gasp_vdevs_instruction(m.vdevs, m.cpu, (enum guest_instr_type)7, 1, &status), EOK);
	CHECK_EQ(status, VRS_NORMAL);
	CHECK_EQ(gasp_vdevs_instruction(m.vdevs, m.cpu, (enum guest_instr_type)8, 1, &status), EOK);
	CHECK_EQ(status, VRS_CONTINUE);
	CHECK_EQ(gasp_vdevs_instruction(m.vdevs, m.cpu, (enum guest_instr_type)7, 1, NULL), EINVAL);
	CHECK_EQ(gasp_vdevs_instruction(m.vdevs, NULL, (enum guest_instr_type)7, 1, &status), EINVAL);
	vdev_machine_end(&m);
}

static void a_host_filters_and_counts(void)
{
	struct vdev_machine m;
	struct gasp_refusals counts;
	uint32_t value = 0;
	vdev_t *vdev = open_rest(&m);

	CHECK_EQ(gasp_vdevs_logger(m.vdevs, "error,warn", "stdout"), EOK);
	CHECK_EQ(gasp_vdevs_logger(m.vdevs, "loud", "stdout"), EINVAL);
	CHECK_EQ(gasp_vdevs_logger(m.vdevs, "error", "nowhere"), EINVAL);
	CHECK_EQ(gasp_vdevs_logger(m.vdevs, NULL, "stdout"), EINVAL);
	CHECK_EQ(gasp_vdevs_logger(NULL, "error", "stdout"), EINVAL);
	run_guest(&m);
	CHECK_EQ(gasp_cpu_access(m.cpu, QST_MEMORY, GASP_READ, 0x900000, &value, 4), EFAULT);
	CHECK_EQ(gasp_vdevs_counts(m.vdevs, &counts), EOK);
	CHECK_EQ(counts.absent, 1);
	CHECK_EQ(gasp_vdev_counts(vdev, &counts), EOK);
	CHECK_EQ(counts.absent, 0);
	CHECK_EQ(gasp_vdevs_counts(NULL, &counts), EINVAL);
	CHECK_EQ(gasp_vdevs_counts(m.vdevs, NULL), EINVAL);
	CHECK_EQ(gasp_vdev_counts(NULL, &counts), EINVAL);
	CHECK_EQ(gasp_vdevs_set_limit(m.vdevs, 1000), EPERM);
	vdev_machine_end(&m);
	vdev_machine_start(&m, GASP_VDEVS_WATCH_HANDLERS);
	CHECK_EQ(gasp_vdevs_set_limit(m.vdevs, 1000), EOK);
	CHECK_EQ(gasp_vdevs_set_limit(m.vdevs, 0), EINVAL);
	CHECK_EQ(gasp_vdevs_set_limit(NULL, 1000), EINVAL);
	vdev_machine_end(&m);
}

static const struct test_case cases[] = {
	CASE(the_vdev_calls_them), CASE(a_host_asks_controllers),
	CASE(a_host_tells_of_power_and_instructions), CASE(a_host_filters_and_counts),
};

TEST_MAIN(cases)
