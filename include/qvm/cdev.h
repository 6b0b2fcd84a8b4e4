/* Character devices (QNX 7.1 <qvm/cdev.h>).
 *
 * The functions are in libgasp-vdev, not in libgasp. docs/vdevs.md says which of them it has.
 *
 * Generated from
 * tests/headers/cdev.h.in by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_CDEV_H
#define LIBGASP_QVM_CDEV_H

#include <qvm/types.h>
#include <qvm/utils.h>
#include <signal.h>
#include <stddef.h>
#include <termios.h>
#include <time.h>

#ifndef SIGEV_SIGNAL
#error "<qvm/cdev.h> has POSIX types: compile with -std=gnu11, or define _POSIX_C_SOURCE"
#endif

/** The options of a character device: the first ones of its option_list, in this order (QNX 7.0). */
enum {
    /** `hostdev`: the host's device, or one for input and one for output. */
    CDEV_OPT_HOSTDEV_IDX,
    /** `delayed`: how many seconds to wait for the host's device. */
    CDEV_OPT_DELAYED_IDX,
    /** `batch`. */
    CDEV_OPT_BATCH_IDX,
    /** The first of the vdev's own options. */
    CDEV_OPT_NUM_OPTS
};

/** The pulse that asks for cdev_write_buffer(). The name is QNX's (8.0), the number libgasp's own. */
#define CDEV_OUTPUT_AVAILABLE_PULSE_CODE 1

/** The pulse that says that there is input. Name and number are libgasp's own. */
#define CDEV_INPUT_AVAILABLE_PULSE_CODE 2

/** A character device (QNX 7.1). All of it is internal: the vdev only has room for it. */
struct cdev_state {
    struct qvm_callback cb;
    struct vdev_s *vdev;
    struct {
        const char *name;
        uint8_t *buff;
        unsigned int size;
        unsigned int avail;
        unsigned int pos;
        int fd;
    } in;
    struct {
        const char *name;
        uint8_t *buff;
        unsigned int size;
        unsigned int begin;
        unsigned int pos;
        int fd;
        timer_t flush_timer;
        long flush_timeout;
    } out;
    struct termios save_termio;
    unsigned int delayed_count;
    unsigned int flags;
    int priority;
    struct sigevent ev_in;
    struct sigevent ev_out;
};

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The base of a control function: call it each time, at the end, with the same ctrl and arg.
 *
 * Returns EOK or an error number. Threads: any. Source: QNX 7.1.
 */
int cdev_control(struct cdev_state *cds, unsigned int ctrl, const char *arg);

/**
 * Set up the device, with two buffers of size bytes; 0: no buffers, and then only cdev_read() and
 * cdev_write().
 *
 * Returns EOK or an error number. When: startup. Source: QNX 8.0.
 */
int cdev_setup(struct cdev_state *cds, struct vdev_s *vdev, unsigned int size);

/**
 * Write what is in the output buffer to the host's device: on CDEV_OUTPUT_AVAILABLE_PULSE_CODE, and
 * at any other time.
 *
 * Returns the number of bytes, or -1. Threads: any. Source: QNX 8.0.
 */
int cdev_write_buffer(struct cdev_state *cds);

/**
 * Read from the host's device into the input buffer.
 *
 * Returns the number of bytes, or -1. Threads: any. Source: QNX 7.1 (name); the signature is
 * libgasp's own.
 */
int cdev_input_available(struct cdev_state *cds);

/**
 * Read from the host's device into the caller's own buffer.
 *
 * Returns the number of bytes, or -1. Threads: any. Source: QNX 7.1 (name); the signature is
 * libgasp's own.
 */
int cdev_read(struct cdev_state *cds, void *buf, unsigned int size);

/** Write from the caller's own buffer to the host's device. Otherwise as cdev_read(). */
int cdev_write(struct cdev_state *cds, const void *buf, unsigned int size);

#ifdef __cplusplus
}  // extern "C"
#endif

/** Whether nothing is in the output buffer: 1 or 0, or -EINVAL without a buffer. Source: QNX 8.0. */
static inline int cdev_output_empty(const struct cdev_state *const cds)
{
	return cds->out.buff == NULL ? -EINVAL : cds->out.begin == cds->out.pos;
}

/** How much is in the output buffer, or -EINVAL (as unsigned) without a buffer. Source: QNX 7.1. */
static inline unsigned int cdev_output_num_pending(const struct cdev_state *const cds)
{
	return cds->out.buff == NULL ? (unsigned int)-EINVAL : cds->out.pos - cds->out.begin;
}

/** Whether nothing more fits into the output buffer: 1 or 0, or -EINVAL without a buffer. Source:
 * QNX 7.1 (name); the rest is libgasp's own. */
static inline int cdev_output_full(const struct cdev_state *const cds)
{
	return cds->out.buff == NULL ? -EINVAL : cds->out.pos >= cds->out.size;
}

/** How much is in the input buffer. Source: QNX 7.1 (name); the rest is libgasp's own. */
static inline unsigned int cdev_input_num_available(const struct cdev_state *const cds)
{
	return cds->in.avail;
}

/** Take a byte out of the input buffer: the byte, or -1 if there is none. Source: QNX 7.1 (name);
 * the rest is libgasp's own. */
static inline int cdev_input_receive(struct cdev_state *const cds)
{
	if (cds->in.avail == 0)
		return -1;
	cds->in.avail--;
	return cds->in.buff[cds->in.pos++];
}

#endif  /* LIBGASP_QVM_CDEV_H */
