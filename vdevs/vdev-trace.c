/* QNX's teaching device: one 32-bit register in guest memory, which counts seconds.
 *
 *   vdev trace loc 0xd0000000 emit-logger
 *
 * A read returns the counter, a write sets it, and a thread adds one each second of the host.
 *
 *   emit-logger        log each access
 *   emit-trace NUMBER  record each access as event NUMBER: a line in the trace of the Linux kernel
 *                      (trace_marker), beside the events of KVM
 *
 * QNX's pages describe this device; the code was written for libgasp after that description.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _POSIX_C_SOURCE 200809L /* clock_nanosleep() */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRACE_MARKER "/sys/kernel/tracing/trace_marker"

enum { OPTION_EMIT_LOGGER = VDEV_CTRL_FIRST_OPTIDX, OPTION_EMIT_TRACE };

/* The state of a trace device: zeroed memory behind v_device, requested by extra_space below. */
struct trace {
	uint32_t counter; /* protected by v_mtx */
	int emit_logger;
	int emit_trace;
	unsigned event;
	int marker; /* the kernel's trace; -1 if it cannot be opened */
	int has_thread;
	pthread_t thread;
};

/* Adds one each second, until it is cancelled, which happens in clock_nanosleep() only. */
static void *count(void *arg)
{
	vdev_t *vdev = (vdev_t *)arg;
	struct trace *trace = (struct trace *)vdev->v_device;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		next.tv_sec++;
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR) {
		}
		pthread_mutex_lock(&vdev->v_mtx);
		trace->counter++;
		pthread_mutex_unlock(&vdev->v_mtx);
	}
	return NULL;
}

/* Threads may be created from VDEV_CTRL_GUEST_CONFIGURED on. */
static int start(vdev_t *vdev)
{
	struct trace *trace = (struct trace *)vdev->v_device;
	int error = vdev_thread_create(vdev, "trace", &trace->thread, NULL, count, vdev);

	trace->has_thread = error == EOK;
	return error;
}

static void stop(struct trace *trace)
{
	if (trace->has_thread) {
		pthread_cancel(trace->thread);
		pthread_join(trace->thread, NULL);
		trace->has_thread = 0;
	}
	if (trace->emit_trace && trace->marker != -1)
		close(trace->marker);
	trace->emit_trace = 0;
}

static int option_emit_trace(vdev_t *vdev, const char *number)
{
	struct trace *trace = (struct trace *)vdev->v_device;
	char *end;
	unsigned long event;

	errno = 0;
	event = strtoul(number, &end, 0);
	if (errno != 0 || end == number || *end != '\0' || number[0] == '-' || event > UINT32_MAX)
		return EINVAL;
	if (!trace->emit_trace)
		trace->marker = open(TRACE_MARKER, O_WRONLY | O_CLOEXEC);
	if (trace->marker == -1)
		vdev_logf(QVM_OUTW_QVM, vdev, "records no events: %s: %s", TRACE_MARKER, strerror(errno));
	trace->event = (unsigned)event;
	trace->emit_trace = 1;
	return EOK;
}

/* Called for each step of the device's life; this device ignores most of them. */
static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	struct trace *trace = (struct trace *)vdev->v_device;

	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		/* The location comes from `loc` or the host; type and length come from here. */
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = sizeof(trace->counter);
		return EOK;
	case OPTION_EMIT_LOGGER:
		trace->emit_logger = 1;
		return EOK;
	case OPTION_EMIT_TRACE:
		return option_emit_trace(vdev, arg);
	case VDEV_CTRL_GUEST_CONFIGURED:
		return start(vdev);
	case VDEV_CTRL_STATUS:
		pthread_mutex_lock(&vdev->v_mtx);
		vdev_logf(QVM_OUTI_QVM, vdev, "the counter is %" PRIu32, trace->counter);
		pthread_mutex_unlock(&vdev->v_mtx);
		return EOK;
	case VDEV_CTRL_TERMINATE:
		stop(trace);
		return EOK;
	default:
		return EOK;
	}
}

/* Reports an access in the ways that the options ask for. */
static void emit(const vdev_t *vdev, const char *what, uint32_t value)
{
	const struct trace *trace = (const struct trace *)vdev->v_device;
	char line[64];
	int length;

	if (trace->emit_logger)
		vdev_logf(QVM_OUTI_QVM, vdev, "%s %" PRIu32, what, value);
	if (trace->emit_trace && trace->marker != -1) {
		length = snprintf(line, sizeof(line), "vdev trace: event %u: %s %" PRIu32 "\n", trace->event,
			what, value);
		if (write(trace->marker, line, (size_t)length) == -1)
			vdev_logf(QVM_OUTW_QVM, vdev, "an event is lost: %s", strerror(errno));
	}
}

/* The guest reads: oopnd is the destination of the answer. Several vCPUs and the thread may use the
 * counter at the same time, so each takes the mutex that VFF_MUTEX provides. */
static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd,
		const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	const struct trace *trace = (const struct trace *)vdev->v_device;
	uint32_t value;
	int error;

	(void)cookie;
	pthread_mutex_lock(&vdev->v_mtx);
	value = trace->counter;
	pthread_mutex_unlock(&vdev->v_mtx);
	emit(vdev, "read", value);
	error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &value, vopnd->length);
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

/* The guest writes: the value comes from oopnd. */
static enum vdev_ref_status vwrite(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	struct trace *trace = (struct trace *)vdev->v_device;
	uint32_t value;
	int error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &value, vopnd->length);

	(void)cookie;
	if (error != EOK)
		return guest_cpu_to_vrs(error);
	pthread_mutex_lock(&vdev->v_mtx);
	trace->counter = value;
	pthread_mutex_unlock(&vdev->v_mtx);
	emit(vdev, "set to", value);
	return VRS_NORMAL;
}

/* An option without an argument has QVM_OPTION_NO_ARG_PREFIX before its name. */
static const char *const options[] = { QVM_OPTION_NO_ARG_PREFIX "emit-logger", "emit-trace", NULL };

static struct vdev_factory factory;

/* Runs when the file is loaded. Fields that are not named here stay 0. */
static void __attribute__((constructor)) register_trace(void)
{
	factory.control = control;
	factory.vread = vread;
	factory.vwrite = vwrite;
	factory.option_list = options;
	factory.factory_flags = VFF_VDEV_MEM | VFF_INTR_NO | VFF_MUTEX;
	factory.acc_sizes = 1u << sizeof(uint32_t);
	factory.extra_space = sizeof(struct trace);
	factory.safety = VDEV_SAFETY_SELECTED;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
