/* <qvm/cdev.h>: it has POSIX types.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <qvm/cdev.h>

#include "facts.h"

FACTS_BEGIN
int cdev_control(struct cdev_state *cds, unsigned ctrl, const char *arg);
int cdev_setup(struct cdev_state *cds, struct vdev_s *vdev, unsigned size);
int cdev_write_buffer(struct cdev_state *cds);

/* own */
int cdev_input_available(struct cdev_state *cds);
int cdev_read(struct cdev_state *cds, void *buf, unsigned size);
int cdev_write(struct cdev_state *cds, const void *buf, unsigned size);
FACTS_END

INLINE(cdev_output_empty, int (*)(const struct cdev_state *const cds));
INLINE(cdev_output_num_pending, unsigned (*)(const struct cdev_state *const cds));
INLINE(cdev_output_full, int (*)(const struct cdev_state *const cds));               /* own */
INLINE(cdev_input_num_available, unsigned (*)(const struct cdev_state *const cds));  /* own */
INLINE(cdev_input_receive, int (*)(struct cdev_state *const cds));                   /* own */

IS(CDEV_OPT_HOSTDEV_IDX, 0);
IS(CDEV_OPT_DELAYED_IDX, 1);
IS(CDEV_OPT_BATCH_IDX, 2);
IS(CDEV_OPT_NUM_OPTS, 3);
IS(CDEV_OUTPUT_AVAILABLE_PULSE_CODE, 1); /* number: own, as the next */
IS(CDEV_INPUT_AVAILABLE_PULSE_CODE, 2);

/* The fields in their order; the system's types have this system's sizes. */
#define AFTER(field, before, ...) \
	static_assert(SAME(((struct cdev_state *)0)->field, __VA_ARGS__), #field ": its type"); \
	static_assert(offsetof(struct cdev_state, field) > offsetof(struct cdev_state, before), #field)
FIELD(struct cdev_state, cb, 0, struct qvm_callback);
AFTER(vdev, cb, struct vdev_s *);
AFTER(in.name, vdev, const char *);
AFTER(in.buff, in.name, uint8_t *);
AFTER(in.size, in.buff, unsigned);
AFTER(in.avail, in.size, unsigned);
AFTER(in.pos, in.avail, unsigned);
AFTER(in.fd, in.pos, int);
AFTER(out.name, in.fd, const char *);
AFTER(out.buff, out.name, uint8_t *);
AFTER(out.size, out.buff, unsigned);
AFTER(out.begin, out.size, unsigned);
AFTER(out.pos, out.begin, unsigned);
AFTER(out.fd, out.pos, int);
AFTER(out.flush_timer, out.fd, timer_t);
AFTER(out.flush_timeout, out.flush_timer, long);
AFTER(save_termio, out.flush_timeout, struct termios);
AFTER(delayed_count, save_termio, unsigned);
AFTER(flags, delayed_count, unsigned);
AFTER(priority, flags, int);
AFTER(ev_in, priority, struct sigevent);
AFTER(ev_out, ev_in, struct sigevent);
