/* The devices of <qvm/cdev.h>: which there are, and their beginning and end.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include "cdev_device.h"
#include "private.h"
#include <qvm/outpipe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* All devices of the process. Take this lock before that of a device. */
static struct device *devices;
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;

struct device *gasp_vdev_private_cdev_lock(struct cdev_state *cds)
{
	struct device *device;

	pthread_mutex_lock(&devices_lock);
	for (device = devices; device != NULL && device->cds != cds;)
		device = device->next;
	if (device != NULL)
		pthread_mutex_lock(&device->lock);
	pthread_mutex_unlock(&devices_lock);
	return device;
}

void gasp_vdev_private_cdev_unlock(struct device *device)
{
	pthread_mutex_unlock(&device->lock);
}

/* A process that ends without VDEV_CTRL_TERMINATE leaves the terminals as they were. */
static void restore_all(void)
{
	pthread_mutex_lock(&devices_lock);
	for (struct device *device = devices; device != NULL; device = device->next)
		gasp_vdev_private_cdev_restore(device);
	pthread_mutex_unlock(&devices_lock);
}

static void restore_at_exit(void)
{
	(void)atexit(restore_all);
}

static void add(struct device *device)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, restore_at_exit);
	pthread_mutex_lock(&devices_lock);
	device->next = devices;
	devices = device;
	pthread_mutex_unlock(&devices_lock);
}

static struct device *take(struct cdev_state *cds)
{
	struct device **place, *device;

	pthread_mutex_lock(&devices_lock);
	for (place = &devices; *place != NULL && (*place)->cds != cds;)
		place = &(*place)->next;
	device = *place;
	if (device != NULL)
		*place = device->next;
	pthread_mutex_unlock(&devices_lock);
	return device;
}

static void destroy(struct device *device)
{
	gasp_vdev_private_cdev_close(device);
	pthread_mutex_destroy(&device->lock);
	if (device->wake != -1)
		close(device->wake);
	free(device);
}

static struct device *create(struct cdev_state *cds)
{
	struct device *device = calloc(1, sizeof(*device));

	if (device == NULL)
		return NULL;
	device->cds = cds;
	pthread_mutex_init(&device->lock, NULL);
	device->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return device;
}

static int open_now(struct device *device)
{
	const char *path;
	int error = gasp_vdev_private_cdev_open(device, &path);

	device->phase = DEVICE_OPEN;
	device->listens = true;
	if (error != EOK)
		vdev_logf(QVM_OUTE_QVM, device->cds->vdev, "hostdev %s: %s", path, strerror(error));
	return error;
}

static int start_thread(struct device *device)
{
	const struct cdev_state *cds = device->cds;
	int unscheduled;
	int error = gasp_vdev_private_start(cds->vdev, "vdev cdev", &device->thread,
		gasp_vdev_private_cdev_watch, device, &unscheduled);

	if (error != EOK)
		vdev_logf(QVM_OUTE_QVM, cds->vdev, "hostdev: there is no thread: %s", strerror(error));
	else if (unscheduled != EOK)
		vdev_logf(QVM_OUTW_QVM, cds->vdev, "hostdev: its thread is not scheduled as sched says: %s",
			strerror(unscheduled));
	return error;
}

int gasp_vdev_private_cdev_start(struct cdev_state *cds)
{
	struct device *device = create(cds);
	int error;

	if (device == NULL)
		return ENOMEM;
	error = device->wake == -1 ? errno : EOK;
	if (error == EOK && (cds->flags & CDEV_DELAYED) == 0)
		error = open_now(device);
	if (error == EOK)
		error = start_thread(device);
	if (error == EOK)
		add(device);
	else
		destroy(device);
	return error;
}

/* What is still in the buffer, as far as the device takes it at once. */
static unsigned flush(struct device *device)
{
	struct cdev_state *cds = device->cds;
	unsigned size = cds->out.pos - cds->out.begin;
	ssize_t written = 0;

	if (cds->out.name == NULL)
		return 0;
	if (size != 0 && cds->out.fd != -1)
		written = gasp_vdev_private_cdev_put(device, cds->out.buff + cds->out.begin, size);
	return size - (written > 0 ? (unsigned)written : 0);
}

void gasp_vdev_private_cdev_end(struct cdev_state *cds)
{
	struct device *device = take(cds);
	unsigned lost;

	if (device == NULL)
		return;
	pthread_mutex_lock(&device->lock);
	device->ends = true;
	gasp_vdev_private_cdev_wake(device);
	pthread_mutex_unlock(&device->lock);
	pthread_join(device->thread, NULL);
	lost = flush(device);
	if (lost != 0)
		vdev_logf(QVM_OUTW_QVM, cds->vdev, "hostdev: %u bytes of output are lost at the end", lost);
	destroy(device);
}
