/* libgasp for hosts: a VMM or a test harness. Not part of QNX's interface.
 *
 * Generated from
 * abi/src/host.rs,
 * abi/src/cpu.rs,
 * abi/src/change.rs,
 * abi/src/text.rs by
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

/** Kind of memory, beside GASP_RAM or GASP_ROM: have the host use large pages if it can. */
#define GASP_LARGE_PAGES (1 << 8)

/** Kind of access: the guest reads. */
#define GASP_READ 0

/** Kind of access: the guest writes. */
#define GASP_WRITE 1

/** Kind of access: the guest fetches an instruction. */
#define GASP_EXECUTE 2

/**
 * Access to nothing: reads give all ones, writes are dropped (QNX: `unsupported reference
 * ignore`, the default).
 */
#define GASP_UNSUPPORTED_IGNORE 0

/** Access to nothing: gasp_cpu_access() returns EFAULT (QNX: `fail`). */
#define GASP_UNSUPPORTED_FAIL 1

/** Access to nothing: the process ends with exit code 5 (QNX: `abort`). */
#define GASP_UNSUPPORTED_ABORT 2

/** How gasp_guest_set() works: every element or none, judged on what the call leaves behind. */
#define GASP_SET_ALL_OR_NOTHING (1 << 0)

/** How gasp_guest_set() works: say what would happen, and change nothing. */
#define GASP_SET_DRY_RUN (1 << 1)

/** The version of this header: its first number. */
#define GASP_VERSION_MAJOR 0

/** The version of this header: its second number. */
#define GASP_VERSION_MINOR 9

/** The version of this header: its third number. */
#define GASP_VERSION_PATCH 0

/** The version of this header as one number, which grows with each version. */
#define GASP_VERSION (((GASP_VERSION_MAJOR << 16) | (GASP_VERSION_MINOR << 8)) | GASP_VERSION_PATCH)

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

/** A vCPU of a guest: made by gasp_cpu_create(), opaque. */
struct gasp_cpu;

/** An access that traps. */
struct gasp_trap {
    /** The vdev of the region. */
    vdev_t *vdev;
    /** First location of the access that is in the region. */
    uint64_t location;
    /** Where what is read goes, or what is written is; `length` bytes, of any alignment. */
    void *data;
    /** Bytes of the access that are in the region. */
    size_t length;
    /** The cookie of the region. */
    uint32_t cookie;
    /** GASP_READ or GASP_WRITE. */
    uint16_t kind;
    /** QST_MEMORY or QST_X86_IO. */
    uint16_t type;
};

/**
 * Called when an access traps: `arg` as registered, the vCPU and the access. Returns EOK, or an
 * error number that gasp_cpu_access() returns.
 *
 * It may do anything: change the map, remove the very region that trapped, access guest memory,
 * take locks. Only gasp_guest_synchronize() is refused.
 */
typedef int (*gasp_trap_handler_t)(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap);

/** Called once, with `arg` as registered. */
typedef void (*gasp_quiet_function_t)(void *arg);

/**
 * How often accesses went where, by kind: GASP_READ, GASP_WRITE, GASP_EXECUTE. An access that is
 * cut at a boundary counts once for each piece.
 */
struct gasp_counts {
    /** To memory. */
    uint64_t passed[3];
    /** To the trap handler. */
    uint64_t trapped[3];
    /** To nothing. */
    uint64_t unsupported[3];
};

/** Where the memory behind a location came from. */
struct gasp_backing {
    /** The memory file. It belongs to the guest; duplicate it to keep it. */
    int fd;
    /** Where in the file the location's memory is. */
    uint64_t offset;
    /** From how many locations on, starting there, the memory follows in the file. */
    uint64_t length;
};

/** Runs of equal attributes: ascending, disjoint, as long as they can be. */
struct gasp_span_list {
    /** The first of them. */
    const struct gasp_span *first;
    /** How many there are. */
    size_t count;
};

/**
 * What one call changes: exactly the locations whose attributes differ before and after. A
 * location that is there before and after is in both lists.
 */
struct gasp_difference {
    /** What goes from the memory space. */
    struct gasp_span_list memory_removed;
    /** What comes into the memory space. */
    struct gasp_span_list memory_added;
    /** What goes from the port space. */
    struct gasp_span_list ports_removed;
    /** What comes into the port space. */
    struct gasp_span_list ports_added;
};

/** What a change costs those who follow it. */
struct gasp_cost {
    /** How many memory slots more are in use afterwards; fewer: negative. */
    int64_t slots;
    /** How many memory slots are free afterwards; UINT64_MAX: there is no limit. */
    uint64_t slots_left;
    /** How many system calls the change takes. */
    uint64_t ioctls;
};

/**
 * One who follows the changes of a guest. Any of the functions can be NULL. All get the `arg`
 * of gasp_guest_add_listener(), and a difference that is valid during the call.
 *
 * They are called with the locks of the changed spaces held (with none at the end of the guest),
 * never two of one guest at a time. They may ask the guest anything, and gasp_lock() what is held.
 * They must not change the guest, add or remove listeners, or lock the other space (EDEADLK), nor
 * wait for a thread that does.
 */
struct gasp_listener {
    /** sizeof(struct gasp_listener) as the caller was compiled. */
    size_t size;
    /**
     * Lower ones are asked and told earlier, and told to abort later; of equal ones, those that
     * were added earlier.
     */
    int priority;
    /**
     * Say what a change would cost; `*cost` is all 0, with no limit. EOK, or the errno with
     * which prepare would refuse it. Nothing happens.
     */
    int (*estimate)(void *arg, const struct gasp_difference *difference, struct gasp_cost *cost);
    /**
     * A change is about to become visible; queries still give the old state. EOK, or the errno
     * with which the change is refused: then nothing of it happens, and this one is not told to
     * abort.
     */
    int (*prepare)(void *arg, const struct gasp_difference *difference);
    /** The change that was prepared is visible now. */
    void (*commit)(void *arg, const struct gasp_difference *difference);
    /** The change that was prepared does not happen, because somebody else refused it. */
    void (*abort)(void *arg, const struct gasp_difference *difference);
};

/** What gasp_guest_set() reports. */
struct gasp_report {
    /** sizeof(struct gasp_report) as the caller was compiled. */
    size_t size;
    /** The element that was refused; 0 if the call was, as a whole; else how many there are. */
    unsigned int index;
    /** EOK, or why. */
    int error;
    /** The space of `conflict`: QST_MEMORY or QST_X86_IO. */
    unsigned int type;
    /** The region that was in the way; flags 0: none was. */
    struct gasp_span conflict;
    /**
     * What the change costs all listeners together: slots and ioctls are sums, slots_left is
     * the least.
     */
    struct gasp_cost cost;
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
 * PASS_EX, DMA_SOURCE), and GASP_LARGE_PAGES if large pages of the host are wanted. location and
 * length are multiples of 4096; length is 64-bit. chunk 0: contiguous in the host; else the memory
 * is made of pieces of chunk bytes (a multiple of 4096) of which no two neighbours are adjacent in
 * the host. The memory belongs to the guest until it is destroyed: a page that was deleted can be
 * added again by its host_location.
 *
 * Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, range, kind, chunk or
 * alignment; EEXIST something is there already; ENOMEM; EDEADLK as gasp_lock(), or from inside a
 * listener's function; the errno of a listener that refuses.
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
int gasp_guest_read(struct guest_system *gsp, uint64_t location, void *data, size_t length);

/**
 * Write guest memory as the host sees it: whatever is behind the locations, whether the guest
 * may write it or not (ROM too). All of it or nothing.
 *
 * Returns, threads and source: as gasp_guest_read().
 */
int gasp_guest_write(struct guest_system *gsp, uint64_t location, const void *data, size_t length);

/**
 * Make a vCPU: the handle through which one thread at a time makes accesses.
 *
 * Returns the vCPU, or NULL with errno set: EINVAL bad gsp; ENOMEM.
 * Threads: any. Source: libgasp's own.
 */
struct gasp_cpu *gasp_cpu_create(struct guest_system *gsp);

/**
 * Destroy a vCPU. NULL, and a vCPU that is destroyed already (as all of a guest's are with the
 * guest), are left alone. Its counts stay in the guest's.
 *
 * Threads: any, but no other call on this vCPU may run at the same time. Source: libgasp's own.
 */
void gasp_cpu_destroy(struct gasp_cpu *cpu);

/**
 * Look up a region: as gasp_region_info(), but faster if it is the one that this vCPU looked up
 * last (by this or by an access) and nothing has changed since.
 *
 * Returns as gasp_region_info(). Threads: one at a time for each vCPU. Source: libgasp's own.
 */
int gasp_cpu_info(struct gasp_cpu *cpu, const struct qvm_state_block *blk, struct gasp_region *rgn);

/**
 * Make an access as the guest would.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. kind: GASP_READ, GASP_WRITE or GASP_EXECUTE
 * (which reads). data: `length` bytes to be filled or written; location and length in bytes or
 * ports.
 *
 * Where the region passes this kind of access, it goes to memory; 1, 2, 4 or 8 bytes at a
 * multiple of their number are read or written at once. Where it traps a read or a write, the
 * trap handler is called. Everything else goes where gasp_guest_set_unsupported() says: nothing
 * there, nothing allowed, no trap handler, and (as QNX has it) trapped fetches. An access over
 * several regions is cut at their boundaries, so that no device sees a byte that is not its own;
 * the pieces are made in ascending order, up to the first that fails.
 *
 * An access that starts after a set call has returned never sees what that call removed.
 *
 * Returns EOK, or an error number (errno is changed only by trap handlers): what the trap handler
 * returned; EFAULT
 * the access goes nowhere and the policy says so; ELOOP from inside a trap handler, for the same
 * vdev (where that is NULL: the same cookie), or 16 handlers deep; ENOTSUP a port that passes through; EINVAL bad cpu, type or kind,
 * data NULL, length 0, a range past the end of the space.
 * Threads: one at a time for each vCPU; also from inside its own trap handlers. Takes no lock.
 * Source: libgasp's own; the policies are QNX's.
 */
int gasp_cpu_access(struct gasp_cpu *cpu,
                    unsigned int type,
                    unsigned int kind,
                    uint64_t location,
                    void *data,
                    size_t length);

/**
 * Have a function called for each access that traps, in the thread that makes the access.
 * handler NULL: there is none, and such accesses go where accesses to nothing go.
 *
 * Accesses that are under way may still call the handler that was there before.
 * Returns EOK, or an error number (errno is not changed): EINVAL, ENOMEM. Threads: any. Source: libgasp's own.
 */
int gasp_guest_set_trap_handler(struct guest_system *gsp,
                                gasp_trap_handler_t handler,
                                void *arg);

/**
 * Say what accesses to nothing do: GASP_UNSUPPORTED_IGNORE (at first), _FAIL or _ABORT.
 *
 * Returns EOK or EINVAL. Threads: any. Source: QNX's `unsupported reference` option; the
 * function is libgasp's own.
 */
int gasp_guest_set_unsupported(struct guest_system *gsp, unsigned int policy);

/**
 * Wait until every access that has started has ended. After a set call has removed a region and
 * this has returned, no trap handler is running for it or will be: its vdev can be unloaded.
 *
 * Returns EOK, or an error number (errno is not changed): EDEADLK from inside a trap handler of
 * this guest, or with the lock of one of its spaces held; EINVAL; ENOMEM.
 * Threads: any but those. Source: libgasp's own.
 */
int gasp_guest_synchronize(struct guest_system *gsp);

/**
 * Have a function called once, when every access that has started has ended: at once, in this
 * thread, if there is none, else in a thread that ends one of them. As
 * gasp_guest_synchronize(), but without waiting, so it can be called from anywhere. The thread may
 * be inside of gasp_cpu_access(): fn must not destroy the guest or that vCPU.
 *
 * Returns EOK, or an error number (errno is not changed; fn will not be called): EINVAL bad gsp,
 * fn NULL; ENOMEM.
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_call_when_quiet(struct guest_system *gsp, gasp_quiet_function_t fn, void *arg);

/**
 * How often the accesses of a guest went where, over all its vCPUs, those that were destroyed
 * included.
 *
 * Returns EOK or EINVAL (*counts not written). Threads: any; accesses that are under way may be
 * counted or not. Source: libgasp's own.
 */
int gasp_guest_counts(struct guest_system *gsp, struct gasp_counts *counts);

/**
 * Where the memory behind a location came from: for those who share it with another process
 * (vhost-user) or a device (VFIO).
 *
 * Returns EOK, or an error number (errno is not changed, *backing not written): ENXIO nothing
 * is behind the location; ENOTSUP it is memory of the caller's own; EINVAL.
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_backing(struct guest_system *gsp, uint64_t location, struct gasp_backing *backing);

/**
 * Have somebody follow the changes of a guest.
 *
 * Each call that changes something, of whatever function, is told as one difference: all
 * listeners prepare, in the order of their priority; it becomes visible; all commit. If one
 * refuses, nothing of the call happens: those that had prepared abort, in the opposite order, and
 * the call fails with the refusal's errno (index 0 where it returns an index). A call that changes
 * nothing is not told. A listener is first told of the present map, as if all of it came now;
 * when it is removed, and when the guest is destroyed, of all that is there, as if it went: then
 * a refusal is not heard.
 *
 * listener: its size is sizeof(struct gasp_listener); it is copied. arg: handed back. *id becomes
 * its number (id may be NULL).
 *
 * Returns EOK, or an error number (errno is not changed, *id not written): what prepare refused
 * the present map with (a number that is not in 1..4095 becomes EINVAL); EINVAL bad gsp, listener
 * NULL or size too small; E2BIG larger than this library knows, and something set in the part that
 * it does not know; EDEADLK from inside a listener's function, and as gasp_lock(); ENOMEM.
 * Threads: any; takes the locks of both spaces. Source: libgasp's own.
 */
int gasp_guest_add_listener(struct guest_system *gsp,
                            const struct gasp_listener *listener,
                            void *arg,
                            uint64_t *id);

/**
 * Remove a listener. It is told that all of the map goes, and then nothing more.
 *
 * Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, no listener has this id;
 * EDEADLK from inside a listener's function, and as gasp_lock(); ENOMEM.
 * Threads: any; takes the locks of both spaces. Source: libgasp's own.
 */
int gasp_guest_remove_listener(struct guest_system *gsp, uint64_t id);

/**
 * Set regions, with what QNX's functions do not have. The elements mean what they mean to
 * gasp_region_set_soft(); the locks are taken for the call unless the caller has them.
 *
 * flags: GASP_SET_ALL_OR_NOTHING: if one element is refused, nothing is changed; deletions are
 * made first, then the other elements in order, and whether a page of memory was cut is judged
 * when all of them have been made. So what goes in this call is in nobody's way, and two regions
 * swap places by two deletions and two additions in any order. GASP_SET_DRY_RUN: nothing is
 * changed; the result and the report are those that the call would have, except for what
 * listeners find out only by doing it. report: NULL, or its size is sizeof(struct gasp_report),
 * and the rest is written, unless gsp or flags are bad.
 *
 * Returns EOK, or an error number (errno is not changed): as gasp_region_set_soft(), whose index
 * is report->index; EINVAL also for unknown flags and a report whose size is too small; the errno
 * of a listener that refuses. num_regions 0 is EOK.
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_set(struct guest_system *gsp,
                   unsigned int num_regions,
                   const struct gasp_region *rgn,
                   unsigned int flags,
                   struct gasp_report *report);

/**
 * How many changes of a space have become visible: it grows by one with each call that changes
 * something in it. It costs one load.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
 * Returns the number, or 0 with errno EINVAL: bad gsp or type.
 * Threads: any. Source: libgasp's own.
 */
uint64_t gasp_guest_generation(struct guest_system *gsp, unsigned int type);

/**
 * Get the version of the library that is loaded, in the form of GASP_VERSION.
 *
 * Threads: any. Source: libgasp's own.
 */
unsigned int gasp_version(void);

/**
 * Write flags of a region as text: `VIRT_RD|VIRT_WR`, `NONE` for 0, and bits without a name in
 * hexadecimal.
 *
 * buffer, size: as for snprintf(): at most size bytes are written, with a NUL at the end.
 * buffer may be NULL if size is 0.
 *
 * Returns the length of the whole text without its NUL, or 0 with errno EINVAL: buffer is NULL
 * and size is not 0.
 * Threads: any. Source: libgasp's own.
 */
size_t gasp_flags_text(uint32_t flags, char *buffer, size_t size);

/**
 * Write a region as one line of text: `memory [0x1000, 0x1fff], flags VIRT_RD|ACTIVE`, and then
 * `, host 0x7f0000001000, vdev 0x55d0c0de4010, cookie 7`, each of them only if it is not 0.
 *
 * type: the space of the region, QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. buffer, size: as for
 * gasp_flags_text().
 *
 * Returns the length of the whole text without its NUL, or 0 with errno EINVAL: span is NULL, a
 * bad type, buffer is NULL and size is not 0.
 * Threads: any. Source: libgasp's own.
 */
size_t gasp_span_text(const struct gasp_span *span, unsigned int type, char *buffer, size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIBGASP_GASP_HOST_H */
