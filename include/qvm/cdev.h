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
    /** `hostdev <PATH` for input, `hostdev >PATH` for output, `hostdev PATH` for both; `-` is
     * standard input and output. It may be repeated; for each direction the last one counts. */
    CDEV_OPT_HOSTDEV_IDX,
    /** `delayed SECONDS` or `delayed forever`: the device is opened when the vdev uses it first, and
     * tried that long; 0: once. */
    CDEV_OPT_DELAYED_IDX,
    /** `batch MICROSECONDS`: output is collected until there is none for that long. */
    CDEV_OPT_BATCH_IDX,
    /** The first of the vdev's own options. */
    CDEV_OPT_NUM_OPTS
};

/** The pulse that asks for cdev_write_buffer(): there is room for output that had none, or a batch is
 * complete. The name is QNX's (8.0), the number libgasp's own. */
#define CDEV_OUTPUT_AVAILABLE_PULSE_CODE 1

/** The pulse that says that there is input, or that it has ended: call cdev_input_available(), or
 * cdev_read(). It comes again only after that call. Name and number are libgasp's own. */
#define CDEV_INPUT_AVAILABLE_PULSE_CODE 2

/** A character device (QNX 7.1). All of it is internal: the vdev only has room for it, zeroed.
 *
 * The buffers are the vdev's: it appends to out.buff at out.pos, up to out.size, and no thread of the
 * library touches them. A vdev that uses them from several threads, such as those of vCPUs and that of
 * pulses, takes its own lock (libgasp's own reading). */
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
 * It takes the three options. VDEV_CTRL_GUEST_CONFIGURED opens the host's device, unless it is
 * delayed, and makes a terminal for input raw. VDEV_CTRL_TERMINATE writes what the device takes of
 * the output buffer at once, restores the terminal and closes; a process that ends by exit() before
 * that restores the terminal, too. Pulses have the priority of v_sched, without one 10.
 *
 * Returns EOK or an error number; the log says more:
 * - EINVAL: cds NULL, an option that cannot be read, VDEV_CTRL_GUEST_CONFIGURED without cdev_setup()
 * - ENOTSUP: hostdev >|COMMAND, which is QNX 8.0's
 * - ENOMEM, EAGAIN: there is no thread
 * - what open() or connect() fails with
 *
 * Threads: any. Source: QNX 7.1; what it does is libgasp's own reading.
 */
int cdev_control(struct cdev_state *cds, unsigned int ctrl, const char *arg);

/**
 * Set up the device, with two buffers of size bytes; 0: no buffers, and then only cdev_read() and
 * cdev_write().
 *
 * Returns EOK or an error number:
 * - EINVAL: cds is NULL, vdev is no vdev
 * - EBUSY: it is set up
 * - ENOMEM
 *
 * When: startup, before cdev_control() gets VDEV_CTRL_GUEST_CONFIGURED. Threads: any. Source: QNX
 * 8.0; errors: libgasp's own.
 */
int cdev_setup(struct cdev_state *cds, struct vdev_s *vdev, unsigned int size);

/**
 * Write what is in the output buffer to the host's device, without waiting: on
 * CDEV_OUTPUT_AVAILABLE_PULSE_CODE, and at any other time. What does not fit stays in the buffer, at
 * its beginning, and that pulse follows. With the option `batch` nothing is written until the pulse,
 * or until the buffer is full.
 *
 * Returns the number of bytes, or -1 with errno set:
 * - EINVAL: cds is NULL, or has no buffers
 * - EPERM: before VDEV_CTRL_GUEST_CONFIGURED, or after VDEV_CTRL_TERMINATE
 * - what write() fails with, such as EPIPE for a reader that has gone: the content of the buffer is
 *   lost, and the log has the first such failure
 *
 * Without a device for output, and if a delayed one is given up, output is dropped, as if written.
 *
 * Threads: any. Source: QNX 8.0; all but the result is libgasp's own reading.
 */
int cdev_write_buffer(struct cdev_state *cds);

/**
 * Read from the host's device into the input buffer, as far as it has room, without waiting. If it
 * was full, call this again after cdev_input_receive(): only then a pulse follows for the rest.
 *
 * Returns the number of bytes; 0 if the buffer is full, the input has ended or there is none; or -1
 * with errno set:
 * - EAGAIN: nothing is there yet; CDEV_INPUT_AVAILABLE_PULSE_CODE follows
 * - EINVAL, EPERM: as for cdev_write_buffer()
 * - what read() fails with: the input has ended, and the log says why
 *
 * Threads: any. Source: QNX 7.1 (name); the rest is libgasp's own.
 */
int cdev_input_available(struct cdev_state *cds);

/**
 * Read from the host's device into the caller's own buffer, without waiting.
 *
 * Returns as cdev_input_available(); EINVAL: cds or buf is NULL, or size is 0. Threads: any. Source:
 * QNX 7.1 (name); the rest is libgasp's own.
 */
int cdev_read(struct cdev_state *cds, void *buf, unsigned int size);

/**
 * Write from the caller's own buffer to the host's device, without waiting and without a batch.
 *
 * Returns the number of bytes, which can be less than size, or -1 with errno set:
 * - EAGAIN: there is no room; CDEV_OUTPUT_AVAILABLE_PULSE_CODE follows, also after a part
 * - EINVAL: cds is NULL, or buf is NULL and size is not 0
 * - the rest as for cdev_write_buffer()
 *
 * Threads: any. Source: QNX 7.1 (name); the rest is libgasp's own.
 */
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
