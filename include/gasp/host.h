/* libgasp for hosts: a VMM or a test harness. Not part of QNX's interface.
 *
 * Generated from
 * src/abi/host.rs,
 * src/capi/host.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_GASP_HOST_H
#define LIBGASP_GASP_HOST_H

#include <stddef.h>
#include <qvm/types.h>

/** Option flag: enforce what QNX's pages require of callers (see the specification, "Modes"). */
#define GASP_GUEST_STRICT (1 << 0)

/** Kind of memory: the guest may read, write and execute it. */
#define GASP_RAM 0

/** Kind of memory: the guest may read and execute it. */
#define GASP_ROM 1

/** How to make a guest. */
struct gasp_guest_options {
    /** sizeof(struct gasp_guest_options) as the caller was compiled. */
    size_t size;
    /** GASP_GUEST_*. */
    unsigned int flags;
};

/**
 * Called before a failed gasp_region_set() ends the process: `arg` as registered, the exit code
 * that follows, and the line that was printed (without its line end).
 */
typedef void (*gasp_fatal_handler_t)(void *arg, int exit_code, const char *message);

/** A region as the host sees it: whole, and with 64-bit ends. */
struct gasp_span {
    /** First location. */
    uint64_t location;
    /** Last location (inclusive). */
    uint64_t last;
    /** Address in this process, or port, behind the first location; 0 if there is none. */
    uint64_t host_location;
    /** The vdev to call when an access traps. */
    vdev_t *vdev;
    /** GRF_*, as gasp_region_info() reports them. */
    uint32_t flags;
    /** Handed back to the vdev. */
    uint32_t cookie;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Make a guest: a memory space and a space of x86 ports, both empty.
 *
 * options: NULL for the defaults, else size is sizeof(struct gasp_guest_options).
 * GASP_STRICT=1 in the environment makes the guest strict whatever the options say.
 *
 * Returns the guest, or NULL with errno set: EINVAL size too small or unknown flags; E2BIG size
 * larger than this library knows, and something set in the part that it does not know; ENOMEM.
 * Threads: any. Source: libgasp's own.
 */
struct guest_system *gasp_guest_create(const struct gasp_guest_options *options);

/**
 * Say that the guest has started: from now on a failed gasp_region_set() exits with 96, and
 * strict mode asks for locks.
 *
 * Returns EOK, or an error number (errno is not changed): EALREADY, EINVAL.
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_start(struct guest_system *gsp);

/**
 * Destroy a guest and the memory that gasp_guest_add_memory() gave it. NULL, and a guest that is
 * destroyed already, are left alone.
 *
 * The handle is recognised as destroyed (EINVAL everywhere) until 1,024 more guests have been
 * created.
 * Threads: any, but no other call on this guest may run at the same time. Source: libgasp's own.
 */
void gasp_guest_destroy(struct guest_system *gsp);

/**
 * The last failure of a call in this thread, in one English sentence: what was asked, and why
 * it was refused. "" if nothing failed yet; a success leaves it as it is.
 *
 * The string is valid until this thread calls gasp_last_error() again or ends.
 * Threads: any. Source: libgasp's own.
 */
const char *gasp_last_error(void);

/**
 * Have a function called before a failed gasp_region_set() ends the process. It gets arg, the
 * exit code and the message. It may not return to the guest; if it returns, the process ends.
 * handler NULL: none.
 *
 * Threads: any. Source: libgasp's own.
 */
void gasp_guest_set_fatal_handler(struct guest_system *gsp,
                                  gasp_fatal_handler_t handler,
                                  void *arg);

/**
 * Keep gasp_find_free() and gasp_find_free_range() away from a range; nothing else changes.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. location, length: in bytes or ports.
 *
 * Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, type or range; EEXIST
 * some of it is reserved already; ENOMEM.
 * Threads: any. Source: libgasp's own (qvm's `reserve` option).
 */
int gasp_guest_reserve(struct guest_system *gsp,
                       unsigned int type,
                       uint64_t location,
                       uint64_t length);

/**
 * Give the guest memory: zeroed, and costing nothing until it is touched.
 *
 * kind: GASP_RAM (MEMORY, PASS_ANY, DMA_SOURCE, DMA_TARGET) or GASP_ROM (MEMORY, PASS_RD,
 * PASS_EX, DMA_SOURCE). location and length are multiples of 4096; length is 64-bit. chunk 0:
 * contiguous in the host; else the memory is made of pieces of chunk bytes (a multiple of 4096)
 * of which no two neighbours are adjacent in the host. The memory belongs to the guest until it
 * is destroyed: a page that was deleted can be added again by its host_location.
 *
 * Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, range, kind, chunk or
 * alignment; EEXIST something is there already; ENOMEM; EDEADLK as gasp_lock().
 * Threads: any, also after the guest has started. Source: libgasp's own (qvm's `ram` and `rom`).
 */
int gasp_guest_add_memory(struct guest_system *gsp,
                          uint64_t location,
                          uint64_t length,
                          unsigned int kind,
                          uint64_t chunk);

/**
 * The region that holds a location, or else the first one after it: whole, with 64-bit ends.
 *
 * To list a space, start with from = 0 and go on with span->last + 1 until ENXIO, or until
 * span->last is the end of the space.
 *
 * Returns EOK, or an error number (errno is not changed, *span not written): ENXIO no region
 * there or after; EINVAL bad gsp, type or from, span NULL.
 * Threads: any, no lock needed, never waits. Source: libgasp's own.
 */
int gasp_guest_next(struct guest_system *gsp,
                    unsigned int type,
                    uint64_t from,
                    struct gasp_span *span);

/**
 * Read guest memory as the host sees it: whatever is behind the locations, whether the guest may
 * read it or not. All of it or nothing.
 *
 * Returns EOK, or an error number (errno is not changed, *data not written): ENXIO some location
 * has no memory behind it; EINVAL bad gsp, data NULL, a range past the end; ENOMEM. length 0 is EOK.
 * The locations are looked up at once: what is copied is behind them in one state of the map.
 * Threads: any, no lock needed. Bytes that somebody writes meanwhile may be old or new.
 * Source: libgasp's own.
 */
int gasp_guest_read(struct guest_system *gsp,
                    uint64_t location,
                    void *data,
                    size_t length);

/**
 * Write guest memory as the host sees it: whatever is behind the locations, whether the guest
 * may write it or not (ROM too). All of it or nothing.
 *
 * Returns, threads and source: as gasp_guest_read().
 */
int gasp_guest_write(struct guest_system *gsp, uint64_t location, const void *data, size_t length);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIBGASP_GASP_HOST_H */
