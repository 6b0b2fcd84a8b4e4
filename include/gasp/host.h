/* libgasp for hosts: a VMM or a test harness. Not part of QNX's interface.
 *
 * Generated from
 * abi/src/host.rs,
 * abi/src/cpu.rs,
 * abi/src/change.rs,
 * abi/src/owner.rs,
 * abi/src/place.rs,
 * abi/src/memory.rs,
 * abi/src/acting.rs,
 * abi/src/hold.rs,
 * abi/src/copy.rs,
 * abi/src/text.rs by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_GASP_HOST_H
#define LIBGASP_GASP_HOST_H

#include <stddef.h>
#include <qvm/types.h>

/**
 * Option flag: strict mode, which enforces what QNX's pages require of callers (see the
 * specification, "Modes").
 */
#define GASP_GUEST_STRICT (1 << 0)

/**
 * Option flag: guarded copies. Host memory that is not there (a file that was truncated, a device
 * that is gone) makes gasp_cpu_access(), gasp_guest_read() and gasp_guest_write() fail, instead of
 * ending the process.
 *
 * The first such guest of the process installs handlers for SIGBUS and SIGSEGV, which pass on to
 * the earlier ones what is not theirs. Handlers that are installed later must do the same. Threads
 * must not block these signals. The library then stays in the process, also after dlclose().
 * Uses of a pointer from gasp_map_*() are not guarded.
 */
#define GASP_GUEST_GUARDED (1 << 1)

/** Kind of memory: the guest can read, write and execute it. */
#define GASP_RAM 0

/** Kind of memory: the guest can read and execute it. */
#define GASP_ROM 1

/**
 * Kind of memory, combined with GASP_RAM or GASP_ROM: ask the system for large pages. It need not
 * comply.
 */
#define GASP_LARGE_PAGES (1 << 8)

/**
 * Kind of memory, combined with GASP_RAM or GASP_ROM: have the memory there before the call
 * returns, so that no access waits for a page of it. Needs Linux 5.14 or newer.
 */
#define GASP_POPULATE (1 << 9)

/** Kind of access: the guest reads. */
#define GASP_READ 0

/** Kind of access: the guest writes. */
#define GASP_WRITE 1

/** Kind of access: the guest fetches an instruction. */
#define GASP_EXECUTE 2

/**
 * Unsupported accesses: reads and fetches give all ones, writes are dropped. The default (QNX:
 * `unsupported reference ignore`).
 */
#define GASP_UNSUPPORTED_IGNORE 0

/** Unsupported accesses: gasp_cpu_access() returns EFAULT, or EIO (QNX: `fail`). */
#define GASP_UNSUPPORTED_FAIL 1

/** Unsupported accesses: the process ends with exit code 5 (QNX: `abort`). */
#define GASP_UNSUPPORTED_ABORT 2

/** Answer of a trap handler: the access is unsupported, as if nothing trapped it. */
#define GASP_TRAP_UNSUPPORTED -1

/**
 * Flag of gasp_guest_set(): if an element is refused, nothing is changed. Deletions are made
 * first.
 */
#define GASP_SET_ALL_OR_NOTHING (1 << 0)

/** Flag of gasp_guest_set(): return and report the result, but change nothing. */
#define GASP_SET_DRY_RUN (1 << 1)

/** Flag of gasp_guest_set(), for the host: PRECIOUS protects nothing, whoever it is precious to. */
#define GASP_SET_OVERRIDE (1 << 2)

/** Flag of gasp_guest_set(): an element that does not delete is refused if something is there. */
#define GASP_SET_ONLY_ABSENT (1 << 3)

/** Flag of gasp_guest_find() and gasp_guest_claim(): the highest place, not the lowest. */
#define GASP_FIND_TOP (1 << 0)

/** Reason for which an access is unsupported: no region is there. */
#define GASP_REASON_ABSENT 0

/** Reason: the region neither passes (GRF_PASS_*) nor traps (GRF_VIRT_*) this kind of access. */
#define GASP_REASON_NO_RIGHT 1

/** Reason: the access traps, and the guest has no trap handler. */
#define GASP_REASON_NO_HANDLER 2

/** Reason: a fetch from a region that traps fetches (GRF_VIRT_EX), which no handler takes. */
#define GASP_REASON_TRAPPED_FETCH 3

/** Reason: the host memory behind the region is not there (GASP_GUEST_GUARDED). */
#define GASP_REASON_VANISHED 4

/** Reason: the access traps, and the trap handler answered GASP_TRAP_UNSUPPORTED. */
#define GASP_REASON_DECLINED 5

/**
 * Option flag of gasp_guest_create(): accesses that find nothing wait while another thread holds
 * the lock of the space, and then look again. So they see what a vdev sets in the end, if it holds
 * the lock while it changes a part of the map step by step.
 *
 * An access does not wait for longer than gasp_guest_set_hold_limit() says, nor for a thread that
 * waits for a lock of the thread of the access, nor inside a listener callback. It is unsupported
 * then, with GASP_REASON_HELD, and the failure is recorded (gasp_last_error()) and reported
 * (gasp_on_failure()), even if the policy ignores it and gasp_cpu_access() returns EOK. The message
 * has the kernel's number of the thread that holds the lock, and its vdev.
 *
 * An access that finds something to do never waits.
 */
#define GASP_GUEST_HOLD_MISSES (1 << 2)

/**
 * Reason for which an access is unsupported: nothing takes it, and another thread holds the lock of
 * the space, for which it did not wait, or no longer (GASP_GUEST_HOLD_MISSES).
 */
#define GASP_REASON_HELD 6

/** The version of this header: its first number. */
#define GASP_VERSION_MAJOR 0

/** The version of this header: its second number. */
#define GASP_VERSION_MINOR 9

/** The version of this header: its third number. */
#define GASP_VERSION_PATCH 0

/** The version of this header as one number, which grows with each version. */
#define GASP_VERSION (((GASP_VERSION_MAJOR << 16) | (GASP_VERSION_MINOR << 8)) | GASP_VERSION_PATCH)

/** Options for gasp_guest_create(). */
struct gasp_guest_options {
    /** sizeof(struct gasp_guest_options) as the caller was compiled. */
    size_t size;
    /** GASP_GUEST_*. */
    unsigned int flags;
};

/**
 * Called before a failed gasp_region_set(), or an unsupported access under GASP_UNSUPPORTED_ABORT,
 * ends the process. `arg` is as registered, `exit_code` the code that follows, `message` the
 * printed line without its newline, valid during the call.
 *
 * It runs on the failing thread, may call any function, and may end the process itself. When it
 * returns, the process ends. If it leaves by longjmp(), or its thread ends, the process goes on:
 * no lock is taken, and the access has ended. A C++ exception must not leave it.
 */
typedef void (*gasp_fatal_handler_t)(void *arg, int exit_code, const char *message);

/** A region as hosts see it: whole, with 64-bit ends. */
struct gasp_span {
    /** First location. */
    uint64_t location;
    /** Last location (inclusive). */
    uint64_t last;
    /** Address in this process, or host port, behind the first location. 0 if there is none. */
    uint64_t host_location;
    /** The vdev, handed back when an access traps. */
    vdev_t *vdev;
    /** GRF_*, as gasp_region_info() reports them. */
    uint32_t flags;
    /** The vdev's cookie, handed back when an access traps. */
    uint32_t cookie;
};

/**
 * A vCPU of a guest: the handle through which accesses are made. Opaque; from gasp_cpu_create().
 *
 * A `cpu` is bad if it is NULL, or if it or its guest is destroyed.
 */
struct gasp_cpu;

/**
 * An access that traps, or the piece of it that is in one region. gasp_unsupported_handler_t gets
 * unsupported accesses in this form, too.
 */
struct gasp_trap {
    /** The region's vdev. */
    vdev_t *vdev;
    /** First location. */
    uint64_t location;
    /**
     * `length` bytes, of any alignment: for a read, the handler fills them; for a write, it must
     * not change them.
     */
    void *data;
    /** Number of bytes, which for ports is the number of ports. */
    size_t length;
    /** The region's cookie. */
    uint32_t cookie;
    /** GASP_READ or GASP_WRITE. */
    uint16_t kind;
    /** QST_MEMORY or QST_X86_IO. */
    uint16_t type;
};

/**
 * Called when an access traps. `arg` is as registered, `cpu` the vCPU; `trap` is valid during the
 * call. Returns EOK to go on with the access, or an error number that ends it and that
 * gasp_cpu_access() returns, or GASP_TRAP_UNSUPPORTED.
 *
 * It runs on the thread of the access. The library takes no lock for it. It may call any function:
 * change the map, delete the very region that trapped, make accesses with this vCPU, take locks.
 * Only gasp_guest_synchronize() is refused (EDEADLK). It must not destroy the guest or the vCPU.
 * Several vCPUs can be in the handler at the same time.
 *
 * If the handler never returns, because its thread ends (pthread_exit(), cancellation), the access
 * ends with the thread. If it leaves by longjmp(), the access ends when the thread makes another
 * one with this vCPU, or ends. A C++ exception must not leave it.
 */
typedef int (*gasp_trap_handler_t)(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap);

/**
 * A quiet callback: called once, after a grace period. `arg` is as registered.
 *
 * It can be left by longjmp(), and its thread can end. Others that are due are then called at the
 * end of the guest's next access. A C++ exception must not leave it.
 */
typedef void (*gasp_quiet_function_t)(void *arg);

/**
 * The number of a guest's accesses of each kind, indexed by GASP_READ, GASP_WRITE, GASP_EXECUTE.
 * An access that is cut at a boundary counts once for each piece. The numbers wrap at 2^64.
 */
struct gasp_counts {
    /** Accesses that reached memory. */
    uint64_t passed[3];
    /** Accesses that trapped. */
    uint64_t trapped[3];
    /** Unsupported accesses. */
    uint64_t unsupported[3];
};

/** The file behind a location of memory. */
struct gasp_backing {
    /** The memory file. The guest closes it when destroyed; duplicate it to keep it longer. */
    int fd;
    /** The location's place in the file, in bytes. */
    uint64_t offset;
    /** Number of locations from there to the end of the region, or to that of the file. */
    uint64_t length;
};

/**
 * A list of runs of locations with equal attributes: ascending, disjoint, each as long as
 * possible.
 */
struct gasp_span_list {
    /** The first entry; must not be read if count is 0. */
    const struct gasp_span *first;
    /** Number of entries. */
    size_t count;
};

/**
 * The difference that one call makes: exactly the locations whose attributes differ before and
 * after the call. A location that is present before and after is in both lists of its space.
 */
struct gasp_difference {
    /** Locations of memory with their old attributes. */
    struct gasp_span_list memory_removed;
    /** Locations of memory with their new attributes. */
    struct gasp_span_list memory_added;
    /** Ports with their old attributes. */
    struct gasp_span_list ports_removed;
    /** Ports with their new attributes. */
    struct gasp_span_list ports_added;
};

/** The cost of a change for a listener, or for all listeners together. */
struct gasp_cost {
    /** Number of memory slots that the change uses; negative if it releases slots. */
    int64_t slots;
    /** Number of free memory slots after the change. UINT64_MAX: no limit. */
    uint64_t slots_left;
    /** Number of system calls that the change takes. */
    uint64_t ioctls;
};

/**
 * A listener: callbacks that are notified of a guest's changes, and can refuse them. Each callback
 * can be NULL. `arg` is that of gasp_guest_add_listener(); `difference` is valid during the call.
 *
 * Callbacks run on the thread that makes the change, with the locks of the changed spaces held
 * (without a lock when the guest is destroyed). Two callbacks of one guest never run at the same
 * time. A callback may query the guest, make accesses, read, write and map guest memory, and
 * gasp_lock() a space whose lock the thread holds.
 *
 * A callback must not change the guest, add or remove listeners, or lock the other space: these
 * are EDEADLK, and so gasp_region_set() ends the process. It must not wait for a thread that does
 * one of these, or that wants a lock of the guest.
 *
 * A callback must return. If its thread ends inside, or it leaves by longjmp(), the guest's locks
 * stay taken, and the process ends with a message when the library finds out: at the latest when
 * the thread ends. A C++ exception must not leave it either.
 */
struct gasp_listener {
    /** sizeof(struct gasp_listener) as the caller was compiled. */
    size_t size;
    /**
     * Listeners are called in ascending order of priority, equal ones in the order of adding;
     * `abort` is called in the opposite order.
     */
    int priority;
    /**
     * Estimates the cost of a change, which need not follow. On entry `*cost` is 0, without a
     * limit. Returns EOK, or the number with which `prepare` would refuse the change.
     */
    int (*estimate)(void *arg, const struct gasp_difference *difference, struct gasp_cost *cost);
    /**
     * Called before a change becomes visible; queries give the old state. Returns EOK, or an errno
     * number (1 to 4095) that refuses the change: then nothing of it happens, and this listener's
     * `abort` is not called.
     */
    int (*prepare)(void *arg, const struct gasp_difference *difference);
    /** Called when the prepared change has become visible. */
    void (*commit)(void *arg, const struct gasp_difference *difference);
    /** Called when the prepared change does not happen, because another listener refused it. */
    void (*abort)(void *arg, const struct gasp_difference *difference);
};

/** The report of gasp_guest_set(). */
struct gasp_report {
    /** sizeof(struct gasp_report) as the caller was compiled. */
    size_t size;
    /**
     * Index of the refused element. 0 if the call failed as a whole; num_regions if nothing was
     * refused.
     */
    unsigned int index;
    /** The return value. */
    int error;
    /** The space of `conflict`: QST_MEMORY or QST_X86_IO; 0 without a conflict. */
    unsigned int type;
    /** The region for which the element was refused. Without a conflict all fields are 0. */
    struct gasp_span conflict;
    /**
     * The cost for all listeners together: `slots` and `ioctls` are sums, `slots_left` is the
     * minimum. If a `prepare` refused, that of the refused change.
     */
    struct gasp_cost cost;
};

/**
 * An element of gasp_guest_change(): as struct gasp_region, with 64-bit ends. A span with its type
 * is such an element.
 */
struct gasp_change {
    /** First location. */
    uint64_t location;
    /** Last location (inclusive). */
    uint64_t last;
    /** Address in this process, or host port, for the first location. */
    uint64_t host_location;
    /** Handed back when an access traps. */
    vdev_t *vdev;
    /** GRF_*; GRF_NONE deletes. */
    uint32_t flags;
    /** Handed back when an access traps. */
    uint32_t cookie;
    /** QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. */
    unsigned int type;
};

/** The report of gasp_guest_release(). */
struct gasp_released {
    /** sizeof(struct gasp_released) as the caller was compiled. */
    size_t size;
    /** Where the list goes; NULL: it is not wanted. */
    struct gasp_span *spans;
    /** How many spans have room there. */
    size_t room;
    /**
     * Out: the number of regions that the vdev had: those of memory first, then those of ports,
     * ascending in each space.
     */
    size_t count;
    /** Out: how many of them are regions of ports. */
    size_t ports;
};

/**
 * A run of the guest's memory (GRF_MEMORY) with one file and one set of rights, contiguous in the
 * guest, in the host and in the file.
 */
struct gasp_run {
    /** First location. */
    uint64_t location;
    /** Length in bytes. */
    uint64_t length;
    /** Address in this process. */
    uint64_t host_location;
    /** Place in the file; 0 without a file. */
    uint64_t offset;
    /** Bytes of a page of the file: 4096, or those of hugetlbfs. */
    uint64_t page_size;
    /**
     * The file, which is the guest's, as that of gasp_guest_backing(); -1: memory that the host
     * supplied by its address.
     */
    int fd;
    /** What the guest may do: PROT_READ, PROT_WRITE, PROT_EXEC. Trapped accesses are not among it. */
    unsigned int prot;
};

/** For which vdev a thread acts. Each thread has one record, from gasp_acting(). */
struct gasp_acting {
    /** The vdev; NULL: none. It is never dereferenced. */
    vdev_t *vdev;
    /** For the code that sets the mark. libgasp does not read it. */
    void *data;
};

/**
 * Called for each failure of a function of the C interface. `arg` is as registered, `function` the
 * function's name, `error` the error number that it returns or that errno will have, `message`
 * what gasp_last_error() returns. The strings are valid during the call.
 *
 * It runs on the thread of the failing call, when that has given back its own locks, and may call
 * any function that this thread may. Failures of those are not reported, and do not stay the last
 * error. Its change of errno does not stay. It must return: if it leaves by longjmp(), later
 * failures of the thread are not reported. A C++ exception must not leave it.
 */
typedef void (*gasp_failure_function_t)(void *arg, const char *function, int error, const char *message);

/** A mapping of guest memory that is not unmapped yet. */
struct gasp_mapping {
    /** Its number: from 1, ascending in the order of mapping, never reused in the guest. */
    uint64_t number;
    /** The address that gasp_map_sys(), gasp_map_vdma() or gasp_map_contig() returned. */
    void *address;
    /** Its length in bytes. */
    uint64_t length;
    /** The location where it starts. */
    uint64_t location;
    /** The vdev of the record (gasp_acting()) of the thread that mapped it; NULL: none. */
    vdev_t *vdev;
};

/**
 * Called for an unsupported access, or for the piece of it that is in one region or hole, before
 * the policy of gasp_guest_set_unsupported() applies. `arg` is as registered, `cpu` the vCPU,
 * `reason` one of GASP_REASON_*. `access` is valid during the call: `vdev` and `cookie` are those
 * of the region (NULL and 0 if none is there), `kind` can be GASP_EXECUTE too. The handler only
 * looks on: it must not write to `access->data`, and cannot change what follows.
 *
 * It runs on the thread of the access, under the rules of gasp_trap_handler_t. It is not called for
 * an access that it makes itself with this vCPU, nor if the vCPU is in 16 handlers. Its change of
 * errno does not stay.
 */
typedef void (*gasp_unsupported_handler_t)(void *arg,
                                           struct gasp_cpu *cpu,
                                           const struct gasp_trap *access,
                                           unsigned int reason);

/** The thread that holds the lock of a space. */
struct gasp_holder {
    /** The vdev of the thread's record (gasp_acting()) when it took the lock; NULL: none. */
    vdev_t *vdev;
    /** The kernel's number of the thread, as gettid() returns it. */
    int thread;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Create a guest with two empty spaces: memory and x86 I/O ports.
 *
 * options: NULL for the defaults. Otherwise options->size is sizeof(struct
 * gasp_guest_options). GASP_STRICT=1 in the environment makes the guest strict whatever the
 * options say. The environment is read once, for the first guest of the process.
 *
 * Returns the guest, or NULL with errno set:
 * - EINVAL: options->size is too small, or unknown flags
 * - E2BIG: options->size is larger than this library knows, and a byte that it does not know
 *   is not zero
 * - ENOTSUP: pages of this system do not have 4096 bytes; GASP_GUEST_GUARDED on an
 *   architecture other than x86-64
 * - EAGAIN: no thread-specific key is left for the first guest
 * - ENOMEM
 *
 * Threads: any. Source: libgasp's own.
 */
struct guest_system *gasp_guest_create(const struct gasp_guest_options *options);

/**
 * Mark the guest as started. From now on a failed gasp_region_set() exits with code 96, and
 * strict mode requires locks.
 *
 * Returns EOK, or an error number (errno is unchanged):
 * - EALREADY: the guest has started already
 * - EINVAL: bad gsp
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_start(struct guest_system *gsp);

/**
 * Destroy a guest. Its listeners are removed, its vCPUs destroyed, and its memory
 * (gasp_guest_add_memory()) and all mappings of that are unmapped. NULL and a destroyed
 * guest's handle are ignored.
 *
 * The handle stays recognised as destroyed (EINVAL) until 1,024 more guests have been created.
 *
 * Threads: any, but no other call on this guest or its vCPUs may run at the same time. Source:
 * libgasp's own.
 */
void gasp_guest_destroy(struct guest_system *gsp);

/**
 * The calling thread's last failure, in one English sentence: the request, and why it was
 * refused. "" if nothing has failed yet; never NULL. A success does not change it.
 *
 * The string is valid until this thread calls gasp_last_error() again or ends.
 *
 * Threads: any. Source: libgasp's own.
 */
const char *gasp_last_error(void);

/**
 * Make a sentence the calling thread's last failure, for a library that stands above this one
 * and whose callers look at gasp_last_error().
 *
 * message: copied, and cut at 511 bytes. NULL: as if nothing had failed yet.
 *
 * Threads: any. Source: libgasp's own.
 */
void gasp_set_last_error(const char *message);

/**
 * Set the handler that is called before gasp_region_set(), or an unsupported access under
 * GASP_UNSUPPORTED_ABORT, ends the process.
 *
 * handler: NULL removes it. A later call replaces it. arg: passed to the handler.
 *
 * A bad gsp only sets the last error; errno is unchanged.
 *
 * Threads: any. Source: libgasp's own.
 */
void gasp_guest_set_fatal_handler(struct guest_system *gsp,
                                  gasp_fatal_handler_t handler,
                                  void *arg);

/**
 * Reserve a range, so that gasp_find_free() and gasp_find_free_range() leave it out. Nothing
 * else changes: the range can still be set, or be present already. The reservation ends with
 * the guest.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. location, length: in bytes or ports.
 *
 * Returns EOK, or an error number (errno is unchanged):
 * - EINVAL: bad gsp, type or range
 * - EEXIST: the range overlaps a reservation of this function
 * - ENOMEM
 *
 * Threads: any. Source: libgasp's own (qvm's `reserve` option).
 */
int gasp_guest_reserve(struct guest_system *gsp,
                       unsigned int type,
                       uint64_t location,
                       uint64_t length);

/**
 * Add regions with new memory, which reads as zero and costs nothing until touched. They
 * become visible in one step.
 *
 * location, length: multiples of 4096, in bytes. kind: GASP_RAM (flags MEMORY, PASS_ANY,
 * DMA_SOURCE, DMA_TARGET) or GASP_ROM (flags MEMORY, PASS_RD, PASS_EX, DMA_SOURCE), either
 * with GASP_LARGE_PAGES or GASP_POPULATE. chunk: 0 for memory that is contiguous in the host;
 * otherwise a multiple of 4096: the memory is then in pieces of chunk bytes, none adjacent in
 * the host to the next, so that each is a region.
 *
 * The memory belongs to the guest until the guest is destroyed. A deleted page keeps its
 * content, and can be added again by its host_location.
 *
 * Returns EOK, or an error number (errno is unchanged):
 * - EINVAL: bad gsp, range, kind, chunk or alignment
 * - EDEADLK: as for gasp_lock(), or inside a listener callback
 * - EEXIST: some of the range is present
 * - ENOMEM: no memory or address space
 * - the number of a system call that failed: EMFILE, EFBIG (RLIMIT_FSIZE), EINVAL (GASP_POPULATE
 *   before Linux 5.14), EACCES, EPERM, ENOSYS (a sandbox) and others;
 *   gasp_last_error() names the call and the limit
 * - the number with which a listener refused the change
 *
 * Threads: any, also after the guest has started. The call takes the lock of the memory space,
 * unless the caller holds it. Source: libgasp's own (qvm's `ram` and `rom`).
 */
int gasp_guest_add_memory(struct guest_system *gsp,
                          uint64_t location,
                          uint64_t length,
                          unsigned int kind,
                          uint64_t chunk);

/**
 * Get the region that holds a location, or else the first region after it: whole, with 64-bit
 * ends.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. To list a space, start with from = 0, and go
 * on with span->last + 1 until ENXIO, or until span->last is the end of the space.
 *
 * Returns EOK, or an error number (errno is unchanged, *span not written):
 * - ENXIO: no region is there or after
 * - EINVAL: bad gsp, type or from, or span NULL
 *
 * Threads: any, no lock needed, never waits. Source: libgasp's own.
 */
int gasp_guest_next(struct guest_system *gsp,
                    unsigned int type,
                    uint64_t from,
                    struct gasp_span *span);

/**
 * Copy guest memory into data, whatever the guest's rights there. All or nothing, except for
 * EIO.
 *
 * location, length: in bytes, of any alignment. data may lie in guest memory, but must not
 * overlap the host memory that is copied.
 *
 * All locations are looked up in one state of the map before the first byte is copied. Bytes
 * that are written meanwhile may be old or new. This is not an access:
 * gasp_guest_synchronize() does not wait for it.
 *
 * Returns EOK, also for length 0 if data is not NULL, or an error number (errno is unchanged,
 * *data not written, except for EIO):
 * - EINVAL: bad gsp, data NULL, a range past the end of the space
 * - ENXIO: some location has no memory behind it
 * - ENOMEM
 * - EIO: some host memory is not there (only with GASP_GUEST_GUARDED); a part may have been
 *   copied
 *
 * Threads: any, no lock needed. Source: libgasp's own.
 */
int gasp_guest_read(struct guest_system *gsp, uint64_t location, void *data, size_t length);

/**
 * Copy data into guest memory, whatever the guest's rights there (also into ROM). All or
 * nothing, except for EIO.
 *
 * Parameters, returns, threads, source: as for gasp_guest_read().
 */
int gasp_guest_write(struct guest_system *gsp, uint64_t location, const void *data, size_t length);

/**
 * Create a vCPU, through which one thread at a time makes accesses.
 *
 * Returns the vCPU, or NULL with errno set:
 * - EINVAL: bad gsp
 * - ENOMEM
 *
 * Threads: any. Source: libgasp's own.
 */
struct gasp_cpu *gasp_cpu_create(struct guest_system *gsp);

/**
 * Destroy a vCPU. NULL and a destroyed vCPU are ignored. A guest's vCPUs are destroyed with
 * it. The guest's counts keep those of the vCPU.
 *
 * Threads: any, but no other call on this vCPU may run at the same time. So its trap handlers
 * must not call this. Source: libgasp's own.
 */
void gasp_cpu_destroy(struct gasp_cpu *cpu);

/**
 * Look up a region, as gasp_region_info() does for the vCPU's guest. It is faster if this
 * vCPU's last lookup (by this function or by an access) found the same region, and the space
 * has not changed since.
 *
 * Returns as gasp_region_info(), with EINVAL for a bad cpu. Threads: one at a time for each
 * vCPU. Source: libgasp's own.
 */
int gasp_cpu_info(struct gasp_cpu *cpu, const struct qvm_state_block *blk, struct gasp_region *rgn);

/**
 * Make an access as the guest would.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. kind: GASP_READ, GASP_WRITE or GASP_EXECUTE
 * (which reads). location, length: in bytes or ports. data: length bytes to be filled or
 * written.
 *
 * The region at the location decides:
 * - If it traps the kind (GRF_VIRT_RD, GRF_VIRT_WR), the trap handler is called.
 * - If it passes the kind (GRF_PASS_*), memory is read or written. 1, 2, 4 or 8 bytes at a
 *   multiple of their number are one read or write, never torn.
 * - Otherwise the access is unsupported, and the policy of gasp_guest_set_unsupported()
 *   applies. An access without a region, a trap without a trap handler or to which the handler
 *   answers GASP_TRAP_UNSUPPORTED, and (as in QNX) a trapped fetch are unsupported too, and so
 *   is host memory that is not there
 *   (GASP_GUEST_GUARDED; of a write, a part may have been written).
 *   With GASP_GUEST_HOLD_MISSES, an access that finds nothing may wait before.
 *
 * An access over several regions or holes is cut at each boundary, so that a device gets only
 * its own bytes. The pieces are made in ascending order, up to the first that fails. Pieces
 * before it have taken effect.
 *
 * An access that starts after a set call has returned never sees what that call removed.
 *
 * Returns EOK, or an error number (only a trap handler changes errno):
 * - the number that the trap handler returned
 * - EFAULT: the access is unsupported, and the policy is GASP_UNSUPPORTED_FAIL
 * - EIO: as EFAULT, because host memory is not there (only with GASP_GUEST_GUARDED)
 * - ELOOP: the vCPU is in a trap handler for this vdev already (if vdev is NULL: for this
 *   cookie), or in 16 trap handlers
 * - ENOTSUP: the access is to a port that passes through
 * - EINVAL: bad cpu, type or kind, data NULL, length 0, a range past the end of the space
 *
 * Threads: one at a time for each vCPU; its own trap handlers may call it. Takes no lock,
 * except with GASP_GUEST_HOLD_MISSES. Source: libgasp's own; the policies are QNX's.
 */
int gasp_cpu_access(struct gasp_cpu *cpu,
                    unsigned int type,
                    unsigned int kind,
                    uint64_t location,
                    void *data,
                    size_t length);

/**
 * Set the trap handler, which is called for each access that traps, on the thread of the
 * access.
 *
 * handler: NULL removes it; accesses that trap are then unsupported. A later call replaces it.
 * arg: passed to the handler.
 *
 * Accesses under way may still call the old handler; after gasp_guest_synchronize() none does.
 *
 * Returns EOK, or an error number (errno is unchanged; the handler stays as it was):
 * - EINVAL: bad gsp
 * - ENOMEM
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_set_trap_handler(struct guest_system *gsp, gasp_trap_handler_t handler, void *arg);

/**
 * Set the policy for unsupported accesses.
 *
 * policy: GASP_UNSUPPORTED_IGNORE (the default), GASP_UNSUPPORTED_FAIL or
 * GASP_UNSUPPORTED_ABORT.
 *
 * Returns EOK, or EINVAL for a bad gsp or an unknown policy (errno is unchanged).
 *
 * Threads: any. Source: QNX's `unsupported reference` option; the function is libgasp's own.
 */
int gasp_guest_set_unsupported(struct guest_system *gsp, unsigned int policy);

/**
 * Wait for a grace period: until every access of this guest that had started has ended. Later
 * accesses are not waited for.
 *
 * So after a set call has removed a region and this has returned, no trap handler runs or will
 * run for it: its vdev can be unloaded.
 *
 * Returns EOK, or an error number (errno is unchanged; without waiting):
 * - EINVAL: bad gsp
 * - EDEADLK: this thread is in a trap handler of this guest, or holds the lock of one of its
 *   spaces
 * - ENOMEM
 * - any: the system call membarrier failed with this number, such as EPERM in a sandbox that
 *   came after the first vCPU
 *
 * After a failure accesses may still use what was removed.
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_synchronize(struct guest_system *gsp);

/**
 * Have a quiet callback called once, after a grace period: when every access of this guest
 * that had started has ended. The call does not wait, and can be made anywhere.
 *
 * If no access is under way, fn is called before this function returns, on this thread.
 * Otherwise it is called on a thread that ends an access of the guest, before its
 * gasp_cpu_access() returns. In both cases no lock of the library is taken for it. fn may call
 * any function that its thread may, but must not destroy the guest, or the vCPU of that
 * gasp_cpu_access(). Its change of errno does not stay.
 *
 * Returns EOK, or an error number (errno is unchanged; fn will not be called):
 * - EINVAL: bad gsp, fn NULL
 * - ENOMEM
 * - any: as for gasp_guest_synchronize()
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_call_when_quiet(struct guest_system *gsp, gasp_quiet_function_t fn, void *arg);

/**
 * Count the accesses that all vCPUs of a guest have made, destroyed ones included.
 *
 * Accesses under way may be counted or not.
 *
 * Returns EOK, or EINVAL for a bad gsp or counts NULL (errno is unchanged, *counts not
 * written).
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_counts(struct guest_system *gsp, struct gasp_counts *counts);

/**
 * Get the file behind a location of memory, to share it with another process (vhost-user) or a
 * device (VFIO).
 *
 * Returns EOK, or an error number (errno is unchanged, *backing not written):
 * - EINVAL: bad gsp, backing NULL
 * - ENXIO: the location is absent, or has no memory behind it
 * - ENOTSUP: the memory behind it is not from gasp_guest_add_memory()
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_backing(struct guest_system *gsp, uint64_t location, struct gasp_backing *backing);

/**
 * Add a listener, which is then notified of each call that changes something, as one
 * difference.
 *
 * listener: size is sizeof(struct gasp_listener); the structure is copied. arg: passed to each
 * callback. id: NULL, or *id becomes the listener's number, which is not 0.
 *
 * All listeners prepare, in the order of their priority; the change becomes visible; all
 * commit. If a listener refuses, nothing of the call happens: listeners that have prepared
 * abort, in the opposite order, and the call fails with the refusal's number (with index 0, if
 * it returns an index). A call that changes nothing causes no notification.
 *
 * A new listener is notified of the present map as added. It is notified of the whole map as
 * removed when it is removed or the guest is destroyed; the result of prepare is then ignored.
 *
 * Returns EOK, or an error number (errno is unchanged, *id not written):
 * - EINVAL: bad gsp, listener NULL, listener->size too small
 * - E2BIG: listener->size is larger than this library knows, and a byte that it does not know
 *   is not zero
 * - EDEADLK: inside a listener callback, or as for gasp_lock()
 * - ENOMEM
 * - the number with which prepare refused the present map; a number outside 1 to 4095 becomes
 *   EINVAL
 *
 * Threads: any; takes the locks of both spaces. Source: libgasp's own.
 */
int gasp_guest_add_listener(struct guest_system *gsp,
                            const struct gasp_listener *listener,
                            void *arg,
                            uint64_t *id);

/**
 * Remove a listener. It is notified of the whole map as removed. When the call has returned,
 * none of its callbacks runs or will run.
 *
 * id: the number from gasp_guest_add_listener().
 *
 * Returns EOK, or an error number (errno is unchanged):
 * - EINVAL: bad gsp, or no listener of this guest has this id
 * - EDEADLK: inside a listener callback, or as for gasp_lock()
 * - ENOMEM
 *
 * Threads: any; takes the locks of both spaces. Source: libgasp's own.
 */
int gasp_guest_remove_listener(struct guest_system *gsp, uint64_t id);

/**
 * Set regions as gasp_region_set_soft() does, with options and a report. The call takes the
 * locks that the caller does not hold, also in strict mode.
 *
 * flags: 0, or some of these:
 * - GASP_SET_ALL_OR_NOTHING: if an element is refused, nothing is changed. Deletions are made
 *   first, then the other elements in order, so additions may reuse deleted ranges: two
 *   regions swap places by two deletions and two additions in any order. Edges inside a page
 *   that has memory behind it are refused only if they cut it in the resulting state.
 * - GASP_SET_DRY_RUN: nothing is changed. The result and the report are those of the call
 *   without this flag, but a refusal by a listener's prepare is not predicted: only estimate
 *   is called.
 * - GASP_SET_OVERRIDE: for the host. GRF_PRECIOUS protects nothing, neither from an overlap nor
 *   from another vdev's thread.
 * - GASP_SET_ONLY_ABSENT: an element that does not delete is refused (EEXIST) if some of its
 *   range is present. Deletions are as without this flag.
 *
 * report: NULL, or report->size is sizeof(struct gasp_report). The rest is written, unless
 * gsp, flags or report->size is bad. The array is read up to three times, and must not change
 * during the call.
 *
 * Returns EOK, also for num_regions 0, or an error number (errno is unchanged): the errors of
 * gasp_region_set_soft(), except strict mode's EPERM. report->index is then what
 * gasp_region_set_soft() would return. Unknown flags and a report->size that is too small are
 * EINVAL.
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_set(struct guest_system *gsp,
                   unsigned int num_regions,
                   const struct gasp_region *rgn,
                   unsigned int flags,
                   struct gasp_report *report);

/**
 * Get the number of changes of a space that have become visible: 0 for a new guest, and one
 * more with each call that changes something in the space. It costs one load.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
 *
 * Returns the number, or 0 with errno EINVAL for a bad gsp or type. errno is unchanged
 * otherwise, also for the 0 of a new guest.
 *
 * Threads: any. Source: libgasp's own.
 */
uint64_t gasp_guest_generation(struct guest_system *gsp, unsigned int type);

/**
 * Get a number for the present state of a space that no other state of this space, of the other
 * space, or of any other guest of the process has, whether it exists or not. So what was kept
 * with the number can be found again by the number alone. It costs one load.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
 *
 * It changes when gasp_guest_generation() does. Numbers of a space ascend, but not one by one.
 *
 * Returns the number, which is not 0, or 0 with errno EINVAL for a bad gsp or type. errno is
 * unchanged otherwise.
 *
 * Threads: any. Source: libgasp's own.
 */
uint64_t gasp_guest_unique_generation(struct guest_system *gsp, unsigned int type);

/**
 * Change regions as gasp_guest_set() does, by elements with 64-bit ends: a range of 64 GiB, or
 * the whole space, is one element.
 *
 * flags, report: as for gasp_guest_set(). Strict mode's rules for the range of an element
 * (ENOENT for a deletion where something is absent, EINVAL for more than one region) do not
 * apply.
 *
 * Returns, threads: as gasp_guest_set(). Source: libgasp's own.
 */
int gasp_guest_change(struct guest_system *gsp,
                      unsigned int num_changes,
                      const struct gasp_change *changes,
                      unsigned int flags,
                      struct gasp_report *report);

/**
 * Take away all regions that a vdev has, in both spaces, in one change: all of them, or, after
 * an error, none. PRECIOUS protects nothing here. Where the vdev has only trapped memory of
 * gasp_guest_add_memory() (so that there are saved rights), the memory stays, with the rights
 * from before, cookie 0 and no vdev. What else it has becomes absent.
 *
 * vdev: never dereferenced. report: NULL, or report->size is sizeof(struct gasp_released); the
 * list has the regions as they were. If spans is not NULL and room is too small, the call is
 * ENOSPC, nothing is changed, and count is the room that is needed. To see what a vdev has
 * without taking it away, use room 0 and any spans.
 *
 * Mappings of the vdev are not ended (gasp_guest_next_mapping() lists them), and accesses under
 * way may still reach it until gasp_guest_synchronize().
 *
 * Returns EOK, also if the vdev has nothing, or an error number (errno is unchanged, count and
 * ports are not written, except for ENOSPC):
 * - EINVAL: bad gsp, vdev NULL, report->size too small
 * - ENOSPC: the list does not fit
 * - EDEADLK: as for gasp_lock(), or inside a listener callback
 * - ENOMEM
 * - the number with which a listener refused the change
 *
 * Threads: any; takes the locks of both spaces. Source: libgasp's own.
 */
int gasp_guest_release(struct guest_system *gsp, const vdev_t *vdev, struct gasp_released *report);

/**
 * Find free space, as gasp_find_free_range() does, from either end of the window. No lock is
 * needed, in strict mode either; nothing is reserved.
 *
 * flags: 0, or GASP_FIND_TOP for the highest multiple of align that fits.
 *
 * Returns the location, or QSL_NO_LOCATION with errno set:
 * - EINVAL: bad gsp, type or flags, size 0, align not a power of two, min > max
 * - ENOSPC: nothing fits
 *
 * Threads: any. Source: libgasp's own.
 */
uint64_t gasp_guest_find(struct guest_system *gsp,
                         unsigned int type,
                         uint64_t size,
                         uint64_t align,
                         uint64_t min,
                         uint64_t max,
                         unsigned int flags);

/**
 * Find free space and put a region there, in one step: no other thread can take the place in
 * between.
 *
 * change: in, the region, with the window to search as location and last; host_location is for
 * the first location of the place. With GRF_NONE as its flags, the place is reserved instead, as
 * by gasp_guest_reserve(). Out: location and last are those of the place. size, align, flags: as
 * for gasp_guest_find().
 *
 * Returns EOK, or an error number (errno is unchanged, *change not written): those of
 * gasp_guest_find(), change NULL (EINVAL), and those of gasp_guest_set() for this region.
 *
 * Threads: any; takes the lock of the space. Source: libgasp's own.
 */
int gasp_guest_claim(struct guest_system *gsp,
                     struct gasp_change *change,
                     uint64_t size,
                     uint64_t align,
                     unsigned int flags);

/**
 * Give back what gasp_guest_reserve() or gasp_guest_claim() has reserved: all of a reservation,
 * a part, or several that are adjacent.
 *
 * Returns EOK, or an error number (errno is unchanged, nothing given back):
 * - EINVAL: bad gsp, type or range
 * - ENOENT: some of the range is not reserved
 * - ENOMEM: a reservation is cut in two
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_unreserve(struct guest_system *gsp,
                         unsigned int type,
                         uint64_t location,
                         uint64_t length);

/**
 * Give back what gram_reserve(), gram_find_free() or gram_find_free_range() has reserved, as
 * gasp_guest_unreserve(). Also after the guest has started.
 */
int gasp_guest_unreserve_gram(struct guest_system *gsp, uint64_t location, uint64_t length);

/**
 * Get the region that holds a location, or else the last region before it: the opposite of
 * gasp_guest_next().
 *
 * To list a space from its end, start with its last location, and go on with span->location - 1
 * until ENXIO, or until span->location is 0.
 *
 * Returns EOK, or an error number (errno is unchanged, *span not written):
 * - ENXIO: no region is there or before
 * - EINVAL: bad gsp, type or from, or span NULL
 *
 * Threads: any, no lock needed, never waits. Source: libgasp's own.
 */
int gasp_guest_previous(struct guest_system *gsp,
                        unsigned int type,
                        uint64_t from,
                        struct gasp_span *span);

/**
 * Get the hole that holds a location, or else the first hole after it: whole, with 64-bit ends.
 * All but location and last is 0. To list all, go on as with gasp_guest_next().
 *
 * Returns EOK, or an error number (errno is unchanged, *gap not written):
 * - ENXIO: everything from there on is present
 * - EINVAL: bad gsp, type or from, or gap NULL
 *
 * Threads: any, no lock needed. Source: libgasp's own.
 */
int gasp_guest_next_gap(struct guest_system *gsp,
                        unsigned int type,
                        uint64_t from,
                        struct gasp_span *gap);

/**
 * Add a region with memory from a file that the host brings: a memory file, a file, one of
 * hugetlbfs, a dma-buf. It becomes visible in one step.
 *
 * location, length, offset: multiples of 4096 (for hugetlbfs, length and offset of its pages),
 * in bytes. kind: as for gasp_guest_add_memory(). fd: open for reading and writing. The library
 * duplicates it, once for all memory of one regular file, so it can be closed.
 *
 * The bytes are those of the file, and what the guest writes goes there. The file must not get
 * shorter, unless the guest is guarded (GASP_GUEST_GUARDED).
 *
 * Returns EOK, or an error number (errno is unchanged): those of gasp_guest_add_memory(), and
 * - EINVAL: offset and length pass the end of a regular file; the file's pages are larger
 * - EBADF, EACCES, ENODEV: fd is not open, not for writing too, or cannot be mapped
 *
 * Threads: any, also after the guest has started; takes the lock of the memory space. Source:
 * libgasp's own.
 */
int gasp_guest_add_memory_fd(struct guest_system *gsp,
                             uint64_t location,
                             uint64_t length,
                             unsigned int kind,
                             int fd,
                             uint64_t offset);

/**
 * Remove memory of gasp_guest_add_memory() or gasp_guest_add_memory_fd(), also while the guest
 * runs: delete the range in one step, and free the memory of each call of which no region is
 * left anywhere. It is freed when accesses and copies that had started have ended, and its
 * mappings (gasp_map_sys() and others) are unmapped. The call does not wait for that. PRECIOUS
 * protects nothing here.
 *
 * location, length: multiples of 4096, in bytes: what was added, a part, or several.
 *
 * Returns EOK, or an error number (errno is unchanged, nothing removed):
 * - EINVAL: bad gsp, range or alignment
 * - EDEADLK: as for gasp_lock(), or inside a listener callback
 * - ENXIO: some location has no memory behind it
 * - ENOTSUP: some memory was not added by these functions
 * - ENOMEM
 * - the number with which a listener refused the change
 *
 * Threads: any; takes the lock of the memory space. Source: libgasp's own.
 */
int gasp_guest_remove_memory(struct guest_system *gsp, uint64_t location, uint64_t length);

/**
 * Get all runs of memory, ascending, in one state of the map: what a vhost-user back end, VFIO,
 * a userfaultfd pager or a dump needs. A listener that calls it again in `commit` keeps a table
 * current.
 *
 * runs: room for `room` runs; NULL if room is 0. count: out, the number of runs.
 *
 * Returns EOK, or an error number (errno is unchanged, *runs not written):
 * - ENOSPC: there are more runs than room; *count is their number
 * - EINVAL: bad gsp, count NULL, or runs NULL with room (*count not written)
 * - ENOMEM (*count not written)
 *
 * Threads: any, no lock needed. Source: libgasp's own.
 */
int gasp_guest_runs(struct guest_system *gsp, struct gasp_run *runs, size_t room, size_t *count);

/**
 * Get the calling thread's record of the vdev for which it acts. The caller writes the record:
 * before it calls a vdev, and back to what was there after that.
 *
 * The address is the same in each call of a thread, as that of errno, and is valid until the
 * thread ends. A new thread's record is zero. The first call of a thread can allocate memory;
 * after that the record can also be read and written in a signal handler.
 *
 * Threads: any; other threads must not use the record. Source: libgasp's own.
 */
struct gasp_acting *gasp_acting(void);

/**
 * Set the function that is called for each failure of a function of the C interface, in all
 * threads of the process: for each that changes what gasp_last_error() returns, also answers
 * such as ENXIO.
 *
 * fn: NULL removes it. A later call replaces it. arg: passed to the function.
 *
 * Failures under way in other threads may still call the old function. Each call takes a few
 * bytes until the process ends.
 *
 * Returns EOK, or ENOMEM (errno is unchanged; the function stays as it was).
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_on_failure(gasp_failure_function_t fn, void *arg);

/**
 * Get how often the calling thread holds the lock of a space.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
 *
 * Returns 0 if it does not hold it, also for a bad gsp or type (errno is unchanged, and so is
 * gasp_last_error()). In a listener callback, the lock that the change itself holds counts too.
 *
 * Threads: any, never waits. Source: libgasp's own.
 */
unsigned int gasp_guest_locks_held(struct guest_system *gsp, unsigned int type);

/**
 * Get the mapping with the lowest number above `after`.
 *
 * To list all, start with after = 0, and go on with mapping->number until ENOENT. A mapping is
 * ended by gasp_unmap() with its address and length.
 *
 * Returns EOK, or an error number (errno is unchanged, *mapping not written):
 * - ENOENT: no mapping has a higher number
 * - EINVAL: bad gsp, or mapping NULL
 *
 * Threads: any; mappings that come and go meanwhile may be listed or not. Source: libgasp's own.
 */
int gasp_guest_next_mapping(struct guest_system *gsp, uint64_t after, struct gasp_mapping *mapping);

/**
 * Set the handler that is called for each unsupported access, on the thread of the access.
 *
 * handler: NULL removes it. A later call replaces it. arg: passed to the handler.
 *
 * Accesses under way may still call the old handler; after gasp_guest_synchronize() none does.
 *
 * Returns EOK, or an error number (errno is unchanged; the handler stays as it was):
 * - EINVAL: bad gsp
 * - ENOMEM
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_set_unsupported_handler(struct guest_system *gsp,
                                       gasp_unsupported_handler_t handler,
                                       void *arg);

/**
 * Get the thread that holds the lock of a space, which can be the caller.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
 *
 * Another thread may have released the lock when the call returns.
 *
 * Returns EOK, or an error number (errno is unchanged, *holder not written):
 * - ENOENT: no thread holds it
 * - EINVAL: bad gsp or type, or holder NULL
 *
 * Threads: any, never waits. Source: libgasp's own.
 */
int gasp_guest_lock_holder(struct guest_system *gsp, unsigned int type, struct gasp_holder *holder);

/**
 * Set the longest wait of an access (GASP_GUEST_HOLD_MISSES) and of gasp_guest_settle(), for
 * waits that begin from now on.
 *
 * milliseconds: 5000 for a new guest. 0: nothing waits.
 *
 * Returns EOK, or EINVAL for a bad gsp (errno is unchanged).
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_set_hold_limit(struct guest_system *gsp, unsigned int milliseconds);

/**
 * Wait until no other thread holds the lock of a space, as an access does that finds nothing,
 * with or without GASP_GUEST_HOLD_MISSES. This is for a hypervisor that fails an access or a
 * fetch by itself: it can try again then.
 *
 * type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
 *
 * The caller's own locks stay as they are.
 *
 * Returns EOK, or an error number (errno is unchanged):
 * - ETIMEDOUT: another thread has held the lock for longer than gasp_guest_set_hold_limit()
 *   allows; gasp_last_error() names it
 * - EDEADLK: another thread holds the lock, and waits for a lock of the caller, or the call is
 *   made inside a listener callback
 * - ENOMEM: no memory to wait
 * - EINVAL: bad gsp or type
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_settle(struct guest_system *gsp, unsigned int type);

/**
 * Read or write the memory behind locations, as gasp_guest_read() and gasp_guest_write() do, and
 * tell where it fails.
 *
 * kind: GASP_READ (into data) or GASP_WRITE (from data). failed: NULL, or where the location
 * goes.
 *
 * Returns EOK, or an error number (errno is unchanged; *failed is written only where it says so):
 * - ENXIO: some location is not backed; *failed is the lowest such one; nothing was copied
 * - EIO: host memory is not there (GASP_GUEST_GUARDED); *failed is the lowest location for which
 *   this is so; what is below it was copied
 * - EINVAL: bad gsp or kind, data NULL, a range past the end of the space
 * - ENOMEM
 *
 * Threads: any. Source: libgasp's own.
 */
int gasp_guest_copy(struct guest_system *gsp,
                    unsigned int kind,
                    uint64_t location,
                    void *data,
                    size_t length,
                    uint64_t *failed);

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
