/* A controller that calls what the vdev `calls` does not: messages, notifications, instructions, power
 * states, run time, pulses, character devices, watchdogs. At VDEV_CTRL_STATUS it tries the rest of
 * its functions; a check that fails says so on standard error, and the status is refused with EPROTO.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <qvm/cdev.h>
#include <qvm/guest.h>
#include <qvm/utils.h>
#include <qvm/vdev-core.h>
#include <qvm/wdog.h>
#include <unistd.h>

#define MESSAGES UINT64_C(0xfee00000)
#define INSTRUCTION 7

static vdev_t *self;
static unsigned delivered, told, power, pulses, callbacks;
static struct guest_power_state_notify *notify;
static struct qvm_callback callback;

static void deliver(vdev_t *pic, const vdev_t *src, uint64_t paddr, unsigned data, unsigned cookie)
{
	CHECK(pic == self && src == self);
	CHECK_EQ(paddr, MESSAGES + 0x10);
	CHECK_EQ(data + cookie, 0x47);
	delivered++;
}

static enum vdev_ref_status instruction(vdev_t *vdp, struct guest_cpu *gcp, enum guest_instr_type git,
		unsigned qualifier)
{
	CHECK(vdp == self && gcp != NULL);
	CHECK_EQ(git, INSTRUCTION);
	return qualifier == 1 ? VRS_NORMAL : VRS_CONTINUE;
}

static void power_changes(void *data)
{
	*(unsigned *)data += 1;
}

static void called_back(struct qvm_callback *cbp)
{
	CHECK(cbp == &callback);
	__atomic_add_fetch(&callbacks, 1, __ATOMIC_SEQ_CST);
}

static int pulse(vdev_t *vdev, int8_t code)
{
	CHECK(vdev == self);
	CHECK_EQ(code, 5);
	__atomic_add_fetch(&pulses, 1, __ATOMIC_SEQ_CST);
	return EOK;
}

static int signals(const struct guest_intr *gip, enum guest_intr_state gis)
{
	(void)gip, (void)gis;
	return EOK;
}

static void notifies(const struct guest_intr *gip, enum guest_intr_notifications gin)
{
	told = gip->param * 16 + (unsigned)gin;
}

static ssize_t tables(const struct guest_intr *gip, enum guest_table_spec_component component, void *buf,
		size_t buf_len)
{
	uint32_t cells[2];
	cells[0] = gip->param;
	cells[1] = 4;
	if (component != GTSC_FDT_INTR || buf_len < sizeof(cells))
		return -ERANGE;
	memcpy(buf, cells, sizeof(cells));
	return (ssize_t)sizeof(cells);
}

static void at_startup(void)
{
	guest_msi_register(self, MESSAGES, ~UINT64_C(0xff), deliver, 5);
	CHECK_EQ(guest_msi_signal(self, MESSAGES + 0x10, 0x42), EAGAIN);
	CHECK_EQ(guest_instr_register(self, (enum guest_instr_type)INSTRUCTION, 1, instruction), EOK);
	CHECK_EQ(guest_instr_register(NULL, (enum guest_instr_type)INSTRUCTION, 1, instruction), EINVAL);
	CHECK_EQ(guest_instr_register(self, (enum guest_instr_type)INSTRUCTION, 1, NULL), EINVAL);
	notify = guest_power_state_notify_create(self->v_gsp);
	CHECK(notify != NULL);
	CHECK(guest_power_state_notify_create(NULL) == NULL);
}

static void messages_are_delivered(void)
{
	CHECK_EQ(guest_msi_signal(self, MESSAGES + 0x10, 0x42), EOK);
	CHECK_EQ(delivered, 1);
	CHECK_EQ(guest_msi_signal(self, 0x1000, 0), ENXIO);
	CHECK_EQ(guest_msi_signal(NULL, MESSAGES, 0), EINVAL);
	guest_intr_notify(self, 3, GIN_ACK);
	guest_intr_notify(NULL, 3, GIN_ACK);
}

static void time_and_power_are_told(void)
{
	uint64_t waiting = 99;

	guest_clock_start();
	guest_clock_stop();
	CHECK_EQ(guest_power_state_current(self->v_gsp, GPSC_WAIT, 0, 1, &waiting), -ENOENT);
	guest_power_state_notify_register(notify, GPSC_WAIT, 0, 2, 2, power_changes, &power);
	CHECK_EQ(guest_power_state_current(self->v_gsp, GPSC_WAIT, 0, 1, &waiting), 1);
	CHECK_EQ(waiting, 0);
	CHECK(guest_power_state_current(NULL, GPSC_WAIT, 0, 1, &waiting) < 0);
	CHECK(guest_power_state_current(self->v_gsp, GPSC_WAIT, 1, 1, &waiting) < 0);
	CHECK(guest_write_core_file(self->v_gsp) == ENOTSUP);
	CHECK(guest_write_core_file(NULL) == EINVAL);
	qvm_make_non_safety("%s", "a test");
}

static void pulses_are_delivered(void)
{
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	vdev_pulse(self, 5, 10, &event, -1);
	CHECK_EQ(event.sigev_notify, SIGEV_THREAD);
	event.sigev_notify_function(event.sigev_value);
	qvm_callback_pulse(called_back, &callback, 10, &event, QMRE_UNREG_EVENT);
	event.sigev_notify_function(event.sigev_value);
}

static void devices_refuse_what_is_wrong(void)
{
	static struct cdev_state none;
	char byte = 0;

	CHECK_EQ(cdev_control(NULL, VDEV_CTRL_STATUS, NULL), EINVAL);
	CHECK_EQ(cdev_setup(NULL, self, 16), EINVAL);
	CHECK_EQ(cdev_setup(&none, NULL, 16), EINVAL);
	CHECK_EQ(cdev_write_buffer(NULL), -1);
	CHECK_EQ(cdev_input_available(NULL), -1);
	CHECK_EQ(cdev_read(NULL, &byte, 1), -1);
	CHECK_EQ(cdev_write(NULL, &byte, 1), -1);
	wdog_bite(NULL); /* a line in the log */
}

static void watchdogs_bite(void)
{
	struct wdog_state wds;
	wds.ws_vdev = self;
	wds.ws_action = WDOG_ACTION_INTR;
	wds.ws_flags = 0;
	wdog_bite(&wds);
	wds.ws_action = WDOG_ACTION_TERMINATE;
	wdog_bite(&wds);
}

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	(void)arg;
	self = vdev;
	if (ctrl == VDEV_CTRL_OPTIONS_END)
		at_startup();
	if (ctrl == VDEV_CTRL_STATUS) {
		messages_are_delivered();
		time_and_power_are_told();
		pulses_are_delivered();
		devices_refuse_what_is_wrong();
		watchdogs_bite();
	}
	if (ctrl == VDEV_CTRL_BUTTON) {
		/* The host has watched input 3, made vCPU 1 wait, and given pulses their time. */
		CHECK_EQ(told, 3 * 16 + GIN_ACK);
		CHECK_EQ(power, 1);
		while (__atomic_load_n(&pulses, __ATOMIC_SEQ_CST) == 0
		       || __atomic_load_n(&callbacks, __ATOMIC_SEQ_CST) == 0)
			usleep(1000);
		guest_power_state_notify_delete(notify);
	}
	return check_state()->failures == 0 ? EOK : EPROTO;
}

static const struct vdev_pic_functions pic = { 0, 0xf, signals, notifies, NULL, NULL, tables };

static struct vdev_factory factory;

static void __attribute__((constructor)) registers(void)
{
	factory.control = control;
	factory.pulse = pulse;
	factory.pic = &pic;
	factory.factory_flags = VFF_LOC_NO;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
