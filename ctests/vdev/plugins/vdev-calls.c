/* A vdev that calls functions which vdevs can call, each once with its documented result, and with
 * what it refuses. The option `call NUMBER` runs a case while the vdev gets its options; a guest's
 * write of a number runs one while the guest runs. A case that fails says so on standard error, and the
 * option or the write is refused with EPROTO.
 *
 * A read is the number of times that the vdev's timer has expired.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "check.h"

#include "calls.h"
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/utils.h>
#include <qvm/vdev-core.h>
#include <stdarg.h>

#define RAM_AT 0x2000u
#define NOTHING_AT 0x200000u

/* There is one such vdev. */
static vdev_t *self;
static struct guest_cpu *cpu; /* NULL at startup */
static struct guest_timer *timer;
static uint32_t expired;

static struct qvm_state_block operand(unsigned type, uint64_t location, uint32_t length, unsigned flags)
{
	struct qvm_state_block made;
	made.location = location;
	made.length = length;
	made.type = (uint16_t)type;
	made.flags = (uint16_t)flags;
	return made;
}

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

#include "startup.h"

/* ---- While the guest runs ---- */

struct row {
	struct qvm_state_block blk;
	unsigned length;
	int result;
	uint64_t value;
};

static void operands_are_read(void)
{
	const uint64_t host = UINT64_C(0x1122334455667788);
	const uint8_t sign = 0x80;
	const struct row rows[] = {
		{ operand(QST_HOST, address(&host), 8, 0), 8, EOK, host },
		{ operand(QST_HOST, address(&host), 2, 0), 8, EOK, 0x7788 },
		{ operand(QST_HOST, address(&host), 8, 0), 1, EOK, 0x88 },
		{ operand(QST_HOST, address(&sign), 1, 1), 4, EOK, 0xffffff80 },
		{ operand(QST_IMMEDIATE, 0x1234, 2, 0), 8, EOK, 0x1234 },
		{ operand(QST_MEMORY, RAM_AT, 4, 0), 4, EOK, 0xfeedbeef },
		{ operand(QST_MEMORY, NOTHING_AT, 4, 0), 4, -1, 0 },
		{ operand(QST_MEMORY, self->v_block.location, 4, 0), 4, ELOOP, 0 },
		{ operand(QST_CPUREGS, GASP_CPUREG_NUMBER, 4, 0), 4, EOK, 7 },
		{ operand(QST_CPUREGS, 1, 4, 0), 4, ENOTSUP, 0 },
		{ operand(QST_CPUREGS, 0x77, 4, 0), 8, EOK, 0x12345678 },
		{ operand(QST_VIRTUAL, 0, 4, 0), 4, ENOTSUP, 0 },
		{ operand(0x1234, 0, 4, 0), 4, EINVAL, 0 },
	};
	for (unsigned i = 0; i < COUNT(rows); i++) {
		uint64_t value = 0;
		CHECK_EQ(guest_cpu_read(cpu, GXF_NONE, &rows[i].blk, 1, &value, rows[i].length), rows[i].result);
		if (rows[i].result == EOK)
			CHECK_EQ(value, rows[i].value);
	}
	/* Two blocks, one value; and by nobody in particular. */
	struct qvm_state_block two[2] = { rows[1].blk, rows[5].blk };
	uint64_t value = 0;
	CHECK_EQ(guest_cpu_read(cpu, GXF_NONE, two, 2, &value, 6), EOK);
	CHECK_EQ(value, UINT64_C(0xfeedbeef7788));
	CHECK_EQ(guest_cpu_read(NULL, GXF_NONE, &rows[5].blk, 1, &value, 8), EOK);
	CHECK_EQ(value, 0xfeedbeef);
}

static void operands_are_written(void)
{
	uint64_t host = UINT64_MAX, value = UINT64_C(0x1122334455667788);
	struct qvm_state_block blk = operand(QST_HOST, address(&host), 4, 0);

	CHECK_EQ(guest_cpu_write(cpu, GXF_NONE, &blk, 1, &value, 8), EOK);
	CHECK_EQ(host, UINT64_C(0xffffffff55667788));
	blk.length = 8;
	CHECK_EQ(guest_cpu_write(cpu, GXF_NONE, &blk, 1, &value, 2), EOK);
	CHECK_EQ(host, 0x7788);
	blk = operand(QST_MEMORY, RAM_AT + 8, 8, 0);
	CHECK_EQ(guest_cpu_write(cpu, GXF_NONE, &blk, 1, &value, 8), EOK);
	CHECK_EQ(guest_cpu_read(cpu, GXF_NONE, &blk, 1, &host, 8), EOK);
	CHECK_EQ(host, value);
	blk = operand(QST_CPUREGS, 0x77, 4, 0);
	CHECK_EQ(guest_cpu_write(cpu, GXF_NONE, &blk, 1, &value, 4), EOK);
	blk = operand(QST_MEMORY, NOTHING_AT, 4, 0);
	CHECK_EQ(guest_cpu_write(cpu, GXF_NONE, &blk, 1, &value, 4), -1);
	blk = operand(QST_IMMEDIATE, 0, 4, 0);
	CHECK_EQ(guest_cpu_write(cpu, GXF_NONE, &blk, 1, &value, 4), EINVAL);
}

static void bad_operands_are_refused(void)
{
	struct qvm_state_block blk = operand(QST_MEMORY, RAM_AT, 4, 0);
	struct guest_cpu *other = (struct guest_cpu *)(uintptr_t)&blk;
	uint32_t value = 0;

	CHECK_EQ(guest_cpu_read(cpu, GXF_NONE, NULL, 1, &value, 4), EINVAL);
	CHECK_EQ(guest_cpu_read(cpu, GXF_NONE, &blk, 0, &value, 4), EINVAL);
	CHECK_EQ(guest_cpu_read(cpu, GXF_NONE, &blk, 1, NULL, 4), EINVAL);
	CHECK_EQ(guest_cpu_read(cpu, 0x80000000u, &blk, 1, &value, 4), EINVAL);
	CHECK_EQ(guest_cpu_read(other, GXF_NONE, &blk, 1, &value, 4), EPERM);
	CHECK_EQ(guest_cpu_write(cpu, GXF_NONE, NULL, 1, &value, 4), EINVAL);
	CHECK_EQ(guest_cpu_write(cpu, 0x80000000u, &blk, 1, &value, 4), EINVAL);
	CHECK_EQ(guest_cpu_write(other, GXF_NONE, &blk, 1, &value, 4), EPERM);
	CHECK_EQ(guest_write_all_ones(other, GXF_NONE, &blk), EPERM);
	CHECK_EQ(guest_write_all_ones(cpu, GXF_NONE, NULL), EINVAL);
}

static void all_ones_are_written(void)
{
	uint64_t value = 0;
	struct qvm_state_block blk = operand(QST_HOST, address(&value), 3, 0);

	CHECK_EQ(guest_write_all_ones(cpu, GXF_NONE, &blk), EOK);
	CHECK_EQ(value, 0xffffff);
	blk.type = QST_IMMEDIATE;
	CHECK_EQ(guest_write_all_ones(cpu, GXF_NONE, &blk), EINVAL);
}

static void errors_become_answers(void)
{
	CHECK_EQ(guest_cpu_to_vrs(-1), VRS_BUS_ERROR);
	CHECK_EQ(guest_cpu_to_vrs(EPERM), VRS_ERRNO + EPERM);
}

static void names_are_texts(void)
{
	static const char whole[] = "calls@mem:0xd0000000";
	char text[64], part[6];

	CHECK_EQ(vdev_string(text, sizeof(text), self), sizeof(whole) - 1);
	CHECK_STR(text, whole);
	CHECK_EQ(vdev_string(part, sizeof(part), self), sizeof(whole) - 1);
	CHECK_STR(part, "calls");
	CHECK_EQ(vdev_string(NULL, 0, self), sizeof(whole) - 1);
	CHECK_EQ(vdev_string(text, sizeof(text), NULL), 0);
	CHECK_STR(text, "");
	CHECK_EQ(vdev_path(text, sizeof(text), self), sizeof(whole) - 1);
	CHECK_STR(text, whole);
	CHECK_EQ(guest_intr_string(&self->v_intr, text, sizeof(text)), 9);
	CHECK_STR(text, "apic:0x30");
	CHECK_EQ(guest_intr_string(&self->v_intr, part, sizeof(part)), 9);
	CHECK_STR(part, "apic:");
	CHECK_EQ(guest_intr_string(NULL, text, sizeof(text)), 0);
}

/* The host looks at the line. */
static void interrupts_have_states(void)
{
	struct guest_intr none;

	memset(&none, 0, sizeof(none));
	CHECK_EQ(guest_intr_signal(&self->v_intr, GIS_ON), EOK);
	CHECK_EQ(guest_intr_signal(&self->v_intr, GIS_NOP), EOK);
	CHECK_EQ(guest_intr_signal(&self->v_intr, GIS_OFF), EOK);
	CHECK_EQ(guest_intr_signal(NULL, GIS_ON), EINVAL);
	CHECK_EQ(guest_intr_signal(&none, GIS_ON), EINVAL);
	none.pic = self; /* no controller */
	CHECK_EQ(guest_intr_signal(&none, GIS_ON), EINVAL);
}

/* The host moves the clock. */
static void timers_are_set(void)
{
	struct guest_timer_data data;
	uint64_t resolution;

	CHECK_EQ(guest_timer_notify(timer, NULL, 100), EOK);
	guest_timer_state(timer, &data);
	CHECK_EQ(data.guest_current, data.guest_notify_start);
	CHECK_EQ(guest_timer_notify(NULL, NULL, 100), EINVAL);
	memset(&data, 0xff, sizeof(data));
	guest_timer_state(NULL, &data);
	CHECK_EQ(data.guest_current, 0);
	CHECK(guest_timer_create(NULL, self, NULL, &resolution) == NULL);
	CHECK_EQ(resolution, EPERM);
}

static void *reads_memory(void *arg)
{
	const struct qvm_state_block blk = operand(QST_MEMORY, RAM_AT, 4, 0);
	if (guest_cpu_read(NULL, GXF_NONE, &blk, 1, arg, 4) != EOK)
		*(uint32_t *)arg = 0;
	return arg;
}

static void threads_belong_to_their_vdev(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	uint32_t value = 0;
	void *answer = NULL;

	/* Without attr the policy of v_sched needs rights. */
	CHECK_EQ(pthread_attr_init(&attr), 0);
	REQUIRE(vdev_thread_create(self, "reader", &thread, &attr, reads_memory, &value) == EOK);
	CHECK_EQ(pthread_join(thread, &answer), 0);
	CHECK(answer == &value);
	CHECK_EQ(value, 0xfeedbeef);
	CHECK_EQ(vdev_thread_create(NULL, "none", &thread, &attr, reads_memory, NULL), EINVAL);
	CHECK_EQ(vdev_thread_create(self, "none", NULL, &attr, reads_memory, NULL), EINVAL);
	CHECK_EQ(vdev_thread_create(self, "none", &thread, &attr, NULL, NULL), EINVAL);
	pthread_attr_destroy(&attr);
}

/* One gasp_last_error() serves both libraries. */
static void the_map_can_be_asked(void)
{
	struct gasp_region found;

	memset(&found, 0, sizeof(found));
	CHECK_EQ(gasp_lock(self->v_gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_region_info(self->v_gsp, &self->v_block, &found), EOK);
	CHECK_EQ(gasp_unlock(self->v_gsp, QST_MEMORY), EOK);
	CHECK(found.vdev == self);
	CHECK_EQ(found.flags & (GRF_VIRT_RD | GRF_VIRT_WR), GRF_VIRT_RD | GRF_VIRT_WR);
	CHECK(gasp_region_info(self->v_gsp, NULL, &found) != EOK);
	CHECK_HAS(gasp_last_error(), "NULL");
}

/* The host looks at the exit codes. */
static void the_guest_is_ended(void)
{
	guest_terminate(self->v_gsp, GTC_WATCHDOG);
	guest_terminate(self->v_gsp, GTC_CUSTOM_MIN);
	guest_terminate(self->v_gsp, 64);
}

#define CALL_CASE(name) CASE(name),
static const struct test_case calls[] = {
	STARTUP_CALLS(CALL_CASE) RUNNING_CALLS(CALL_CASE) FATAL_CALLS(CALL_CASE)
};

static int run(uint64_t number, struct guest_cpu *gcp)
{
	if (number >= CALLS)
		return ENOENT;
	memset(check_state(), 0, sizeof(struct check_state));
	cpu = gcp;
	calls[number].run();
	return check_state()->failures == 0 ? EOK : EPROTO;
}

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		self = vdev;
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = CALLS_LENGTH;
		return EOK;
	case VDEV_CTRL_FIRST_OPTIDX:
		return run(strtoul(arg, NULL, 10), NULL);
	default:
		return EOK;
	}
}

static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd,
		const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	(void)vdev, (void)cookie, (void)vopnd;
	int error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &expired, sizeof(expired));
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

static enum vdev_ref_status vwrite(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	uint32_t number = 0;
	int error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &number, sizeof(number));

	(void)vdev, (void)cookie, (void)vopnd;
	if (error == EOK)
		error = run(number, gcp);
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

static void expires(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
		struct guest_cpu *gcp)
{
	(void)vdev, (void)tdp, (void)gcp;
	++*(uint32_t *)data;
}

static const char *const options[] = { "call", NULL };
static struct vdev_factory factory;

static void __attribute__((constructor)) registers(void)
{
	factory.control = control;
	factory.vread = vread;
	factory.vwrite = vwrite;
	factory.timer = expires;
	factory.option_list = options;
	factory.factory_flags = VFF_VDEV_MEM | VFF_MUTEX;
	factory.acc_sizes = 1u << 4;
	factory.extra_space = 64;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
