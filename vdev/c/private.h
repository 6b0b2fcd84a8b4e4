/* What the files in C have from each other and from Rust. None of it is exported.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef GASP_VDEV_PRIVATE_H
#define GASP_VDEV_PRIVATE_H

#include <pthread.h>
#include <qvm/types.h>

/* In src/exports/write.rs: a line for the log; the vdev may be NULL. */
void gasp_vdev_private_log(unsigned attr, const vdev_t *vdev, const char *text);

/* In src/exports/thread.rs: whether it is a vdev; and mark this thread as one of a vdev's. */
int gasp_vdev_private_knows(const vdev_t *vdp);
void gasp_vdev_private_mark_thread(const vdev_t *vdp);

/* In leave.c: calls a function of a vdev's, which a fatal error leaves. 1: it has returned. */
int gasp_vdev_private_leavable(void (*function)(void *), void *arg);

/* In thread.c: a thread of the library's that acts for a vdev. If it cannot be scheduled as v_sched
 * says, *unscheduled is the reason, else 0; then it is scheduled as the thread that starts it. */
int gasp_vdev_private_start(const vdev_t *vdp, const char *name, pthread_t *thread,
		void *(*routine)(void *), void *arg, int *unscheduled);

#endif
