/* A trace device: the guest writes numbers to its registers, and each appears in the log.
 *
 *   vdev trace loc 0xd0000000 label boot
 *
 * A guest has no console when it starts. With this device a single store reports its progress.
 * It is also the smallest useful vdev: one file, one option, three registers.
 *
 *   offset  register  read                   write
 *   0x00    VALUE     the last value         log it
 *   0x08    COUNT     the number of values   reset it to 0
 *   0x10    ID        0x45434152 ("RACE")    ignored
 *
 * The registers can be accessed with 1, 2, 4 or 8 bytes.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <inttypes.h>
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <stdio.h>

enum { VALUE = 0x00, COUNT = 0x08, ID = 0x10, LENGTH = 0x1000 };
enum { OPTION_LABEL = VDEV_CTRL_FIRST_OPTIDX };

#define ID_VALUE 0x45434152u

/* The state of a trace device: zeroed memory behind v_device, requested by extra_space below. */
struct trace {
	char label[32];
	uint64_t value;
	uint64_t count;
};

/* Called for each step of the device's life; this device ignores most of them. */
static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	struct trace *trace = (struct trace *)vdev->v_device;

	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		/* The location comes from `loc` or the host; type and length come from here. */
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = LENGTH;
		snprintf(trace->label, sizeof(trace->label), "guest");
		break;
	case OPTION_LABEL:
		/* arg is valid only during this call, so it is copied. */
		if (snprintf(trace->label, sizeof(trace->label), "%s", arg) >= (int)sizeof(trace->label))
			return ENAMETOOLONG;
		break;
	case VDEV_CTRL_STATUS:
		vdev_logf(QVM_OUTI_QVM, vdev, "%s: %" PRIu64 " values, the last was 0x%" PRIx64,
			trace->label, trace->count, trace->value);
		break;
	default:
		break;
	}
	return EOK;
}

/* The guest reads: vopnd is the register, oopnd the destination of the answer. Two vCPUs may
 * read at the same time, so the function takes the mutex that VFF_MUTEX provides. */
static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd,
		const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	const struct trace *trace = (const struct trace *)vdev->v_device;
	uint64_t value = 0;
	int error;

	(void)cookie;
	pthread_mutex_lock(&vdev->v_mtx);
	switch (vopnd->location - vdev->v_block.location) {
	case VALUE: value = trace->value; break;
	case COUNT: value = trace->count; break;
	case ID: value = ID_VALUE; break;
	default: break;
	}
	pthread_mutex_unlock(&vdev->v_mtx);
	/* The operand may be shorter than value: the low bytes are taken. */
	error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &value, sizeof(value));
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

/* The guest writes: the value comes from oopnd. */
static enum vdev_ref_status vwrite(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	struct trace *trace = (struct trace *)vdev->v_device;
	uint64_t value;
	int error;

	(void)cookie;
	/* The operand may be shorter than value: the rest becomes zero. */
	error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &value, sizeof(value));
	if (error != EOK)
		return guest_cpu_to_vrs(error);
	pthread_mutex_lock(&vdev->v_mtx);
	switch (vopnd->location - vdev->v_block.location) {
	case VALUE:
		trace->value = value;
		trace->count++;
		vdev_logf(QVM_OUTI_QVM, vdev, "%s 0x%" PRIx64, trace->label, value);
		break;
	case COUNT:
		trace->count = 0;
		break;
	default:
		break;
	}
	pthread_mutex_unlock(&vdev->v_mtx);
	return VRS_NORMAL;
}

static const char *const options[] = { "label", NULL };

static struct vdev_factory factory;

/* Runs when the file is loaded. Fields that are not named here stay 0. */
static void __attribute__((constructor)) register_trace(void)
{
	factory.control = control;
	factory.vread = vread;
	factory.vwrite = vwrite;
	factory.option_list = options;
	factory.factory_flags = VFF_VDEV_MEM | VFF_INTR_NO | VFF_MUTEX;
	factory.acc_sizes = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8;
	factory.extra_space = sizeof(struct trace);
	factory.safety = VDEV_SAFETY_SELECTED;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
