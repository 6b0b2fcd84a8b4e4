/* <qvm/cdev.h>: character devices of the host, for vdevs that are consoles. The buffers are the
 * vdev's: only its own calls change them.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include "cdev_device.h"
#include "private.h"
#include <ctype.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <stdlib.h>
#include <string.h>

/* The priority of pulses without the option `sched`: QNX's usual one. */
#define USUAL_PRIORITY 10
#define LONGEST_BATCH 0xffffffffuL /* microseconds */

static int fail(int error)
{
	errno = error;
	return -1;
}

static int replace(const char **name, const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL)
		return ENOMEM;
	free((char *)*name);
	*name = copy;
	return EOK;
}

/* <PATH for input, >PATH for output, PATH for both. */
static int set_hostdev(struct cdev_state *cds, const char *arg)
{
	bool is_input = arg[0] != '>', is_output = arg[0] != '<';
	const char *path = is_input && is_output ? arg : arg + 1;
	int error = EOK;

	if (!is_input && (path[0] == '|' || strncmp(path, "\"|", 2) == 0)) {
		vdev_logf(QVM_OUTE_CNF, cds->vdev, "hostdev %s: a command is QNX 8.0's, and not there", arg);
		return ENOTSUP;
	}
	if (path[0] == '\0')
		return EINVAL;
	if (is_input)
		error = replace(&cds->in.name, path);
	if (error == EOK && is_output)
		error = replace(&cds->out.name, path);
	return error;
}

static int number(const char *arg, unsigned long most, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(arg, &end, 0);
	return isdigit((unsigned char)arg[0]) && *end == '\0' && errno == 0 && *value <= most ? EOK : EINVAL;
}

static int set_delayed(struct cdev_state *cds, const char *arg)
{
	unsigned long seconds = CDEV_FOREVER;
	int error = strcmp(arg, "forever") == 0 ? EOK : number(arg, CDEV_FOREVER - 1, &seconds);

	if (error != EOK)
		return error;
	cds->delayed_count = (unsigned)seconds;
	cds->flags |= CDEV_DELAYED;
	return EOK;
}

static int set_batch(struct cdev_state *cds, const char *arg)
{
	unsigned long microseconds;
	int error = number(arg, LONGEST_BATCH, &microseconds);

	if (error == EOK)
		cds->out.flush_timeout = (long)microseconds;
	return error;
}

static void make_events(struct cdev_state *cds)
{
	const struct qvm_sched_info *sched = &cds->vdev->v_sched;

	cds->priority = sched->policy == -1 ? USUAL_PRIORITY : sched->sched.sched_priority;
	if (cds->vdev->v_factory->pulse == NULL)
		return;
	vdev_pulse(cds->vdev, CDEV_INPUT_AVAILABLE_PULSE_CODE, cds->priority, &cds->ev_in, -1);
	vdev_pulse(cds->vdev, CDEV_OUTPUT_AVAILABLE_PULSE_CODE, cds->priority, &cds->ev_out, -1);
}

static int configured(struct cdev_state *cds)
{
	if ((cds->flags & CDEV_SET_UP) == 0) {
		vdev_logf(QVM_OUTE_QVM, cds->vdev, "cdev_control: cdev_setup() was not called");
		return EINVAL;
	}
	cds->flags |= CDEV_CONFIGURED;
	if (cds->in.name == NULL && cds->out.name == NULL)
		return EOK;
	make_events(cds);
	return gasp_vdev_private_cdev_start(cds);
}

static int terminate(struct cdev_state *cds)
{
	gasp_vdev_private_cdev_end(cds);
	free((char *)cds->in.name);
	free((char *)cds->out.name);
	free(cds->in.buff);
	free(cds->out.buff);
	memset(cds, 0, sizeof(*cds));
	return EOK;
}

int cdev_control(struct cdev_state *cds, unsigned ctrl, const char *arg)
{
	if (cds == NULL)
		return EINVAL;
	switch (ctrl) {
	case VDEV_CTRL_FIRST_OPTIDX + CDEV_OPT_HOSTDEV_IDX:
		return arg == NULL ? EINVAL : set_hostdev(cds, arg);
	case VDEV_CTRL_FIRST_OPTIDX + CDEV_OPT_DELAYED_IDX:
		return arg == NULL ? EINVAL : set_delayed(cds, arg);
	case VDEV_CTRL_FIRST_OPTIDX + CDEV_OPT_BATCH_IDX:
		return arg == NULL ? EINVAL : set_batch(cds, arg);
	case VDEV_CTRL_GUEST_CONFIGURED:
		return configured(cds);
	case VDEV_CTRL_TERMINATE:
		return terminate(cds);
	default:
		return EOK;
	}
}

int cdev_setup(struct cdev_state *cds, struct vdev_s *vdev, unsigned size)
{
	if (cds == NULL || !gasp_vdev_private_knows(vdev))
		return EINVAL;
	if (cds->flags & CDEV_SET_UP)
		return EBUSY;
	if (size != 0) {
		cds->in.buff = malloc(size);
		cds->out.buff = malloc(size);
		if (cds->in.buff == NULL || cds->out.buff == NULL) {
			free(cds->in.buff);
			free(cds->out.buff);
			cds->in.buff = cds->out.buff = NULL;
			return ENOMEM;
		}
	}
	cds->vdev = vdev;
	cds->in.size = cds->out.size = size;
	cds->in.fd = cds->out.fd = -1;
	cds->flags |= CDEV_SET_UP;
	return EOK;
}

/* The device, locked; the vdev has used it now. NULL: there is none, and errno is EOK if the vdev
 * has no hostdev, else EPERM: it is too early or too late. */
static struct device *use(struct cdev_state *cds)
{
	struct device *device = gasp_vdev_private_cdev_lock(cds);

	if (device == NULL)
		errno = cds->flags & CDEV_CONFIGURED ? EOK : EPERM;
	else if (device->phase == DEVICE_UNTOUCHED) {
		device->phase = DEVICE_TRIED;
		device->deadline = cds->delayed_count == CDEV_FOREVER ? UINT64_MAX
			: gasp_vdev_private_cdev_now() + cds->delayed_count * UINT64_C(1000000000);
		gasp_vdev_private_cdev_wake(device);
	}
	return device;
}

/* Output. *error: the log has to say why the device took none, after its lock is released. */
static ssize_t put(struct device *device, const void *data, size_t size, int *error)
{
	ssize_t written;

	if (device->phase == DEVICE_TRIED) {
		device->is_blocked = true;
		return fail(EAGAIN);
	}
	if (device->cds->out.fd == -1)
		return (ssize_t)size;
	written = gasp_vdev_private_cdev_put(device, data, size);
	if (written == -1 && errno != EAGAIN && errno != EWOULDBLOCK) {
		*error = device->output_fails ? EOK : errno;
		device->output_fails = true;
	} else if (written > 0) {
		device->output_fails = false;
	}
	return written;
}

/* Input, as put(). */
static ssize_t get(struct device *device, void *data, size_t size, int *error)
{
	ssize_t count;

	if (device->phase == DEVICE_TRIED)
		return fail(EAGAIN);
	if (device->cds->in.fd == -1 || device->input_ended)
		return 0;
	count = gasp_vdev_private_cdev_get(device, data, size);
	if (count > 0 || (count == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))) {
		device->listens = true;
		gasp_vdev_private_cdev_wake(device);
	} else {
		device->input_ended = true;
		*error = count == -1 ? errno : EOK;
	}
	return count;
}

/* Releases the device, says what has failed, and keeps errno. */
static int done(struct device *device, ssize_t result, int error, const char *what)
{
	const struct cdev_state *cds = device->cds;
	int before = errno;

	gasp_vdev_private_cdev_unlock(device);
	if (error != EOK)
		vdev_logf(QVM_OUTE_QVM, cds->vdev, "hostdev: %s failed: %s", what, strerror(error));
	errno = before;
	return (int)result;
}

/* Whether a batch goes on, which is written when it is quiet or when the buffer is full. */
static bool is_collected(struct device *device)
{
	const struct cdev_state *cds = device->cds;
	bool is_full = cds->out.pos >= cds->out.size;
	uint64_t quiet = (uint64_t)cds->out.flush_timeout * 1000;

	if (quiet == 0 || is_full || device->flushes || device->phase != DEVICE_OPEN)
		return false;
	if (device->flush_at == 0)
		gasp_vdev_private_cdev_wake(device);
	device->flush_at = gasp_vdev_private_cdev_now() + quiet;
	return true;
}

/* What is written goes out of the buffer. What fails is lost, or else nothing could follow it. */
static ssize_t put_buffer(struct device *device, int *error)
{
	struct cdev_state *cds = device->cds;
	unsigned size = cds->out.pos - cds->out.begin;
	ssize_t written;

	if (size == 0 || is_collected(device))
		return 0;
	device->flush_at = 0;
	device->flushes = false;
	written = put(device, cds->out.buff + cds->out.begin, size, error);
	if (written == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	size = written == -1 ? 0 : size - (unsigned)written;
	memmove(cds->out.buff, cds->out.buff + cds->out.pos - size, size);
	cds->out.begin = 0;
	cds->out.pos = size;
	return written;
}

int cdev_write_buffer(struct cdev_state *cds)
{
	struct device *device;
	int error = EOK;
	unsigned size;
	ssize_t result;

	if (cds == NULL || cds->out.buff == NULL)
		return fail(EINVAL);
	device = use(cds);
	if (device != NULL) {
		result = put_buffer(device, &error);
		return done(device, result, error, "output");
	}
	if (errno != EOK)
		return -1;
	size = cds->out.pos - cds->out.begin;
	cds->out.begin = cds->out.pos = 0;
	return (int)size;
}

int cdev_write(struct cdev_state *cds, const void *buf, unsigned size)
{
	struct device *device;
	int error = EOK;
	ssize_t result;

	if (cds == NULL || (buf == NULL && size != 0))
		return fail(EINVAL);
	device = use(cds);
	if (device == NULL)
		return errno == EOK ? (int)size : -1;
	result = put(device, buf, size, &error);
	return done(device, result, error, "output");
}

int cdev_read(struct cdev_state *cds, void *buf, unsigned size)
{
	struct device *device;
	int error = EOK;
	ssize_t result;

	if (cds == NULL || buf == NULL || size == 0)
		return fail(EINVAL);
	device = use(cds);
	if (device == NULL)
		return errno == EOK ? 0 : -1;
	result = get(device, buf, size, &error);
	return done(device, result, error, "input");
}

int cdev_input_available(struct cdev_state *cds)
{
	int count;

	if (cds == NULL || cds->in.buff == NULL)
		return fail(EINVAL);
	if (cds->in.avail != 0 && cds->in.pos != 0)
		memmove(cds->in.buff, cds->in.buff + cds->in.pos, cds->in.avail);
	cds->in.pos = 0;
	if (cds->in.avail == cds->in.size)
		return 0;
	count = cdev_read(cds, cds->in.buff + cds->in.avail, cds->in.size - cds->in.avail);
	if (count > 0)
		cds->in.avail += (unsigned)count;
	return count;
}
