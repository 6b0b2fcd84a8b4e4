/* The host's side of a character device: what struct cdev_state, whose layout is QNX's, has no place
 * for. It exists from VDEV_CTRL_GUEST_CONFIGURED to VDEV_CTRL_TERMINATE, if there is a hostdev.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef GASP_VDEV_CDEV_DEVICE_H
#define GASP_VDEV_CDEV_DEVICE_H

#include <pthread.h>
#include <qvm/cdev.h>
#include <stdbool.h>
#include <sys/types.h>

/* cdev_state.flags */
#define CDEV_SET_UP 0x1u
#define CDEV_CONFIGURED 0x2u
#define CDEV_DELAYED 0x4u

/* cdev_state.delayed_count */
#define CDEV_FOREVER 0xffffffffu

enum device_phase {
	DEVICE_UNTOUCHED, /* delayed, and the vdev has not used it yet */
	DEVICE_TRIED, /* delayed: the thread tries to open it */
	DEVICE_OPEN,
	DEVICE_GIVEN_UP
};

struct device {
	struct device *next;
	struct cdev_state *cds;
	/* Of all that follows, and of the descriptors in cds. The buffers in cds are the vdev's, so the
	 * thread leaves them alone. */
	pthread_mutex_t lock;
	pthread_t thread;
	int wake; /* an eventfd, which wakes the thread */
	enum device_phase phase;
	uint64_t deadline; /* TRIED: when it is given up; all moments are ns of CLOCK_MONOTONIC */
	uint64_t flush_at; /* when a batch is quiet; 0: there is none */
	bool tries; /* it has been tried once */
	bool listens; /* a pulse follows when there is input */
	bool is_blocked; /* a pulse follows when there is room for output */
	bool flushes; /* the next output is written, even in a batch */
	bool output_fails; /* the last output has failed, and the log has it */
	bool input_ended;
	bool in_is_socket, out_is_socket;
	bool is_raw; /* save_termio has to be restored */
	bool ends; /* the thread */
};

/* cdev_open.c: opens what hostdev says, without waiting. Returns EOK, or an error number and the
 * path that failed. */
int gasp_vdev_private_cdev_open(struct device *device, const char **failed);
/* Restores the terminal, and closes. */
void gasp_vdev_private_cdev_close(struct device *device);
void gasp_vdev_private_cdev_restore(struct device *device);

/* cdev_device.c */
int gasp_vdev_private_cdev_start(struct cdev_state *cds);
void gasp_vdev_private_cdev_end(struct cdev_state *cds);
/* The device, locked; NULL: there is none. */
struct device *gasp_vdev_private_cdev_lock(struct cdev_state *cds);
void gasp_vdev_private_cdev_unlock(struct device *device);

/* cdev_watch.c: the thread, and what it waits for. */
void *gasp_vdev_private_cdev_watch(void *device);
void gasp_vdev_private_cdev_wake(struct device *device);
uint64_t gasp_vdev_private_cdev_now(void);

/* cdev_transfer.c: as write() and read(), without waiting and without SIGPIPE. */
ssize_t gasp_vdev_private_cdev_put(struct device *device, const void *data, size_t size);
ssize_t gasp_vdev_private_cdev_get(struct device *device, void *data, size_t size);

#endif
