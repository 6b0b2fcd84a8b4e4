/* The thread of a character device: it waits for input, for room for output, for the end of a batch,
 * and for a device that is not there yet. It tells the vdev by pulses, and transfers nothing itself.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include "cdev_device.h"
#include <poll.h>
#include <qvm/outpipe.h>
#include <string.h>
#include <unistd.h>

#define NS_OF_MS UINT64_C(1000000)
#define NS_OF_S UINT64_C(1000000000)
#define RETRY (100 * NS_OF_MS)

enum { IN, OUT, WAKE, COUNT };

/* What a round has found, told when nothing is locked. */
struct news {
	bool input, output;
	int error; /* the device is given up, because of its path */
	const char *path;
};

uint64_t gasp_vdev_private_cdev_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_OF_S + (uint64_t)now.tv_nsec;
}

void gasp_vdev_private_cdev_wake(struct device *device)
{
	static const uint64_t one = 1;
	ssize_t written = write(device->wake, &one, sizeof(one));

	(void)written; /* if it cannot be written, the thread is awake already */
}

/* Nanoseconds until there is something to do without an event; UINT64_MAX: there is nothing. */
static uint64_t time_left(const struct device *device)
{
	uint64_t now = gasp_vdev_private_cdev_now();

	if (device->phase == DEVICE_TRIED)
		return device->tries ? RETRY : 0;
	if (device->flush_at == 0)
		return UINT64_MAX;
	return device->flush_at > now ? device->flush_at - now : 0;
}

/* What to wait for. False: the thread ends. */
static bool plan(struct device *device, struct pollfd fds[COUNT], uint64_t *left)
{
	const struct cdev_state *cds = device->cds;
	bool is_open = device->phase == DEVICE_OPEN;

	memset(fds, 0, COUNT * sizeof(*fds));
	fds[IN].fd = is_open && device->listens ? cds->in.fd : -1;
	fds[OUT].fd = is_open && device->is_blocked ? cds->out.fd : -1;
	fds[WAKE].fd = device->wake;
	fds[IN].events = fds[WAKE].events = POLLIN;
	fds[OUT].events = POLLOUT;
	*left = time_left(device);
	return !device->ends;
}

/* The device of a delayed vdev is tried once more. */
static void try(struct device *device, struct news *news)
{
	int error = gasp_vdev_private_cdev_open(device, &news->path);

	device->tries = true;
	if (error == EOK) {
		device->phase = DEVICE_OPEN;
		device->listens = true;
	} else if (gasp_vdev_private_cdev_now() >= device->deadline) {
		device->phase = DEVICE_GIVEN_UP;
		news->error = error;
	} else {
		return;
	}
	/* Output waits for it: it can be written now, or is dropped. */
	news->output = device->is_blocked;
}

static void look(struct device *device, const struct pollfd fds[COUNT], struct news *news)
{
	if (device->phase == DEVICE_TRIED)
		try(device, news);
	if (fds[IN].revents != 0 && device->listens) {
		device->listens = false;
		news->input = true;
	}
	if (fds[OUT].revents != 0)
		news->output = true;
	if (device->flush_at != 0 && gasp_vdev_private_cdev_now() >= device->flush_at) {
		device->flush_at = 0;
		news->output = true;
	}
	if (news->output) {
		device->is_blocked = false;
		device->flushes = true;
	}
}

/* A vdev without a pulse function has no events. */
static void deliver(const struct sigevent *ev)
{
	if (ev->sigev_notify_function != NULL)
		ev->sigev_notify_function(ev->sigev_value);
}

static void tell(const struct cdev_state *cds, const struct news *news)
{
	if (news->error != EOK)
		vdev_logf(QVM_OUTE_QVM, cds->vdev, "hostdev %s: after %u seconds: %s", news->path,
			cds->delayed_count, strerror(news->error));
	if (news->input)
		deliver(&cds->ev_in);
	if (news->output)
		deliver(&cds->ev_out);
}

static bool watch_once(struct device *device)
{
	struct news news = { .error = EOK };
	struct pollfd fds[COUNT];
	struct timespec time;
	uint64_t left, woken;
	bool goes_on;

	pthread_mutex_lock(&device->lock);
	goes_on = plan(device, fds, &left);
	pthread_mutex_unlock(&device->lock);
	if (!goes_on)
		return false;
	time.tv_sec = (time_t)(left / NS_OF_S);
	time.tv_nsec = (long)(left % NS_OF_S);
	if (ppoll(fds, COUNT, left == UINT64_MAX ? NULL : &time, NULL) > 0 && fds[WAKE].revents != 0)
		left = (uint64_t)read(device->wake, &woken, sizeof(woken));
	pthread_mutex_lock(&device->lock);
	look(device, fds, &news);
	pthread_mutex_unlock(&device->lock);
	tell(device->cds, &news);
	return true;
}

void *gasp_vdev_private_cdev_watch(void *device)
{
	while (watch_once(device)) {}
	return NULL;
}
