/* Opening and closing the host's devices of <qvm/cdev.h>: files, terminals, pipes, sockets.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include "cdev_device.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FLAGS (O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static bool is_standard(const char *path)
{
	return strcmp(path, "-") == 0;
}

static bool is_socket(int fd)
{
	struct stat status;

	return fd != -1 && fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Standard input or output. They are opened again, so that they do not become non-blocking for the
 * rest of the process and for its parent. What cannot be opened again is shared. */
static int open_standard(int mode)
{
	int standard = mode == O_RDONLY ? STDIN_FILENO : STDOUT_FILENO, fd = -1;
	struct stat status;
	char path[32];

	if (fstat(standard, &status) != 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", standard);
	/* A file that is opened again would begin at its beginning. */
	if (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))
		fd = open(path, mode | FLAGS);
	return fd != -1 ? fd : fcntl(standard, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error, fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* A pipe that is opened for both directions has no end of input when its writer goes. */
static int open_pipe_for_input(const char *path)
{
	int fd = open(path, O_RDWR | FLAGS);

	return fd != -1 ? fd : open(path, O_RDONLY | FLAGS);
}

static int open_path(const char *path, int mode, bool creates)
{
	struct stat status;
	bool exists = stat(path, &status) == 0;

	if (is_standard(path))
		return open_standard(mode);
	if (exists && S_ISSOCK(status.st_mode))
		return connect_to(path);
	if (exists && S_ISFIFO(status.st_mode) && mode == O_RDONLY)
		return open_pipe_for_input(path);
	if (mode != O_WRONLY)
		return open(path, mode | FLAGS);
	return open(path, mode | FLAGS | O_APPEND | (creates ? O_CREAT : 0), 0666);
}

/* Changes a terminal, even if this process is in the background. */
static int set_terminal(int fd, const struct termios *termio)
{
	sigset_t output, before;
	int result;

	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &output, &before);
	result = tcsetattr(fd, TCSANOW, termio);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

/* Every byte goes through as it is. */
static void make_raw(struct device *device)
{
	struct cdev_state *cds = device->cds;
	struct termios raw;

	if (cds->in.fd == -1 || !isatty(cds->in.fd) || tcgetattr(cds->in.fd, &cds->save_termio) != 0)
		return;
	raw = cds->save_termio;
	cfmakeraw(&raw);
	device->is_raw = set_terminal(cds->in.fd, &raw) == 0;
}

void gasp_vdev_private_cdev_restore(struct device *device)
{
	if (device->is_raw)
		set_terminal(device->cds->in.fd, &device->cds->save_termio);
	device->is_raw = false;
}

/* One path for both directions is one device. Standard input and output are two. */
static bool is_one(const struct cdev_state *cds)
{
	return cds->in.name != NULL && cds->out.name != NULL && !is_standard(cds->in.name)
		&& strcmp(cds->in.name, cds->out.name) == 0;
}

int gasp_vdev_private_cdev_open(struct device *device, const char **failed)
{
	struct cdev_state *cds = device->cds;
	bool creates = (cds->flags & CDEV_DELAYED) == 0;
	int error;

	*failed = cds->in.name;
	if (cds->in.name != NULL)
		cds->in.fd = open_path(cds->in.name, is_one(cds) ? O_RDWR : O_RDONLY, false);
	if (cds->in.name != NULL && cds->in.fd == -1)
		return errno;
	if (is_one(cds)) {
		cds->out.fd = cds->in.fd;
	} else if (cds->out.name != NULL) {
		cds->out.fd = open_path(cds->out.name, O_WRONLY, creates);
		if (cds->out.fd == -1) {
			error = errno;
			*failed = cds->out.name;
			gasp_vdev_private_cdev_close(device);
			return error;
		}
	}
	device->in_is_socket = is_socket(cds->in.fd);
	device->out_is_socket = is_socket(cds->out.fd);
	make_raw(device);
	return EOK;
}

void gasp_vdev_private_cdev_close(struct device *device)
{
	struct cdev_state *cds = device->cds;

	gasp_vdev_private_cdev_restore(device);
	if (cds->out.fd != -1 && cds->out.fd != cds->in.fd)
		close(cds->out.fd);
	if (cds->in.fd != -1)
		close(cds->in.fd);
	cds->in.fd = cds->out.fd = -1;
}
