/* Input and output of <qvm/cdev.h> that never waits.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include "cdev_device.h"
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Descriptors that are shared with others can be blocking. */
static bool is_ready(int fd, short events)
{
	struct pollfd poller = { .fd = fd, .events = events };

	return poll(&poller, 1, 0) > 0;
}

/* The reader of a pipe may be gone, which is no reason to end the process. */
static ssize_t write_without_signal(int fd, const void *data, size_t size)
{
	static const struct timespec at_once;
	sigset_t broken, pending, before;
	ssize_t written;
	int error;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &broken, &before);
	written = write(fd, data, size);
	error = errno;
	if (written == -1 && error == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&broken, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return written;
}

/* A blocking pipe takes this much when it is ready. */
static ssize_t put_some(struct device *device, const uint8_t *data, size_t size)
{
	int fd = device->cds->out.fd;

	if (size > PIPE_BUF)
		size = PIPE_BUF;
	if (!is_ready(fd, POLLOUT)) {
		errno = EAGAIN;
		return -1;
	}
	if (device->out_is_socket)
		return send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write_without_signal(fd, data, size);
}

ssize_t gasp_vdev_private_cdev_put(struct device *device, const void *data, size_t size)
{
	size_t done = 0;
	ssize_t some = 0;

	while (done < size) {
		some = put_some(device, (const uint8_t *)data + done, size - done);
		if (some == -1 && errno == EINTR)
			continue;
		if (some <= 0)
			break;
		done += (size_t)some;
	}
	if (some == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		device->is_blocked = true;
		gasp_vdev_private_cdev_wake(device);
	}
	return done == 0 && some == -1 ? -1 : (ssize_t)done;
}

ssize_t gasp_vdev_private_cdev_get(struct device *device, void *data, size_t size)
{
	int fd = device->cds->in.fd;
	ssize_t count = -1;

	if (!is_ready(fd, POLLIN)) {
		errno = EAGAIN;
		return -1;
	}
	do
		count = device->in_is_socket ? recv(fd, data, size, MSG_DONTWAIT) : read(fd, data, size);
	while (count == -1 && errno == EINTR);
	return count;
}
