/* The guest's address space (QNX 7.1 <qvm/gasp.h>).
 *
 * Generated from
 * abi/src/gasp.rs,
 * tests/headers/gasp.h.in by
 *   GASP_BLESS=1 cargo test --test headers
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBGASP_QVM_GASP_H
#define LIBGASP_QVM_GASP_H

#include <stddef.h>
#include <qvm/types.h>

/** Search hint: the place may be in RAM (QNX 7.0). */
#define GRAM_HINT_RAM (1 << 0)

/** Search hint: the place may be in ROM (QNX 7.0). */
#define GRAM_HINT_ROM (1 << 1)

/** Search hint: find the highest place that fits (QNX 7.0). */
#define GRAM_HINT_ALIGN_TOP (1 << 2)

/**
 * Walk flag: report host locations, and end an entry where host memory is not contiguous. The name
 * is QNX's, the number is libgasp's own.
 */
#define GWS_HOST (1 << 0)

/**
 * Mapping flag, combined with PROT_*: also map memory without GRF_MEMORY. The name is QNX's, the
 * number is libgasp's own: a bit that no PROT_* of Linux uses.
 */
#define GMF_MAP_ANY (1 << 30)

/**
 * A walk over a guest's memory (QNX 7.1: 56 bytes). gasp_walk_init() fills it. Its entry is valid
 * after each gasp_walk_next() that returned 1. It holds nothing that must be released.
 */
struct gasp_walk_state {
    /** Private to the library. */
    void *span;
    /** The guest. */
    struct guest_system *gsp;
    /** Guest-physical address of this entry. */
    uint64_t guest_loc;
    /** Address in this process of the memory behind guest_loc. 0 without GWS_HOST. */
    uint64_t host_loc;
    /** Number of bytes in this entry. */
    uint64_t length;
    /** Maximum number of bytes in an entry. 0: no limit. */
    uint64_t max_length;
    /** GWS_*. */
    unsigned int flags;
};

/**
 * Chooses the parts of memory that a walk visits (QNX 7.1). In: a candidate range. Out: the first
 * part of it that is wanted.
 *
 * If the part is shorter than the candidate, the filter is called again with the rest. A length of
 * 0 skips the rest of the candidate; so does a part that is not inside the candidate. A filter may
 * call any function. No lock of the library is held meanwhile. It can be left by longjmp(), and its
 * thread can end; the walk is then where it was. A C++ exception must not leave it.
 */
typedef void (*gasp_walk_filter_t)(uint64_t *guest_loc, size_t *length);

/** A walk with a filter (QNX 7.1: 80 bytes). */
struct gasp_walk_state_filtered {
    /** The state, with the entry, as in a walk without a filter. */
    struct gasp_walk_state ws;
    /** The filter. */
    gasp_walk_filter_t filter;
    /** Private to the library: the start of the rest of the candidate. */
    uint64_t remaining_guest_loc;
    /** Private to the library: the number of bytes in the rest of the candidate. */
    uint64_t remaining_length;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Take the lock of a space for the calling thread. If another thread holds it, wait.
 *
 * type: QST_MEMORY (QST_PCI_IO means the same) or QST_X86_IO.
 *
 * The lock is recursive, to a depth of 65,535. Changes wait for a thread that holds the lock;
 * queries and accesses do not. To hold both locks of a guest, take memory first. If a thread
 * ends with the lock held, the lock stays held.
 *
 * Returns EOK, or an error number (errno is unchanged; the lock is not taken):
 * - EINVAL: bad gsp or type; in strict mode also QST_PCI_IO
 * - EAGAIN: this thread has taken the lock 65,535 times
 * - EDEADLK: the holder waits, directly or through other holders, for a lock of this thread;
 *   or this thread is in a listener callback and does not hold the lock
 * - ENOMEM: no memory to wait for the lock
 *
 * Threads: any. Source: QNX 7.1 (function, types); errors and recursion are libgasp's own.
 */
int gasp_lock(struct guest_system *gsp, uint16_t type);

/**
 * Release the lock of a space, once for each gasp_lock().
 *
 * type: as for gasp_lock().
 *
 * Returns EOK, or an error number (errno is unchanged):
 * - EINVAL: bad gsp or type; in strict mode also QST_PCI_IO
 * - EPERM: this thread does not hold the lock
 *
 * Threads: the holder of the lock. Source: QNX 7.1; errors are libgasp's own.
 */
int gasp_unlock(struct guest_system *gsp, uint16_t type);

/**
 * Set regions; a failure ends the process.
 *
 * This is gasp_region_set_soft() for code that cannot go on without its regions. It always
 * takes the locks of the spaces that the elements name, unless the caller holds them.
 *
 * If an element is refused, those before it are in effect. After any failure, the call
 * releases its locks, prints one line on standard error, calls the host's fatal handler, if
 * set, and ends the process with _exit(): code 64 before the guest has started (or if gsp is
 * bad), 96 after.
 *
 * Threads: any. Source: QNX 7.1; the message, the handler and the use of the exit codes are
 * libgasp's own.
 */
void gasp_region_set(struct guest_system *gsp,
                     unsigned int num_regions,
                     const struct gasp_region *rgn);

/**
 * Set regions: add, change, delete.
 *
 * rgn: array of num_regions elements. The call applies them in order. With num_regions 0 it
 * does nothing.
 *
 * An element whose flags are GRF_NONE deletes its guest range; holes stay holes. Any other
 * element gives each location of its range its flags, cookie and vdev: absent locations are
 * added, present ones are changed. Regions are split and merged as needed: equal neighbours
 * always read as one region. guest.flags, GRF_ACTIVE and GRF_BACKUP_MASK are ignored.
 *
 * Changing a present location does not clear its GRF_STICKY flags, and keeps the host memory
 * behind it. host_location matters only for locations that have nothing behind them and get
 * GRF_PASS_* or GRF_MEMORY. To replace the memory behind a range, delete and add the range in
 * one call.
 *
 * In the memory space, ranges with GRF_PASS_* or GRF_MEMORY, and their host_location, are
 * multiples of 4096. Ranges that only trap can start and end at any byte.
 *
 * In each space, the whole call becomes visible in one step.
 *
 * Returns num_regions, with errno unchanged. Otherwise it sets errno and returns the index of
 * the first refused element: the elements before it are in effect; it and later ones are not.
 * Errors of an element:
 * - EINVAL: bad gsp, rgn, type, range, flags, alignment or host_location; or an edge of the
 *   range cuts a page that has memory behind it
 * - EEXIST: the range overlaps a GRF_PRECIOUS region; or flags has GRF_PRECIOUS, and the range
 *   overlaps any region. A range that is all GRF_PRECIOUS can be changed.
 * - EPERM (strict mode): the guest has started, and this thread does not hold the lock
 * - ENOENT (strict mode): some location to be deleted is absent
 * - EINVAL (strict mode): the range covers more than one region, or a region and a hole
 *
 * If the call as a whole fails, it sets errno and returns 0, and nothing is in effect:
 * - ENOMEM
 * - EDEADLK: as for gasp_lock(), or inside a listener callback
 * - the number with which a listener refused the change
 *
 * gasp_last_error() has the details.
 *
 * Threads: any. The call takes the locks that the caller does not hold. To query and then
 * change, hold gasp_lock() around both. Source: QNX 7.1; the rules of overlap, backing and
 * errors are libgasp's own.
 */
unsigned int gasp_region_set_soft(struct guest_system *gsp,
                                  unsigned int num_regions,
                                  const struct gasp_region *rgn);

/**
 * Look up a region.
 *
 * blk: the locations to look up (location, length, type). It may be &rgn->guest.
 *
 * *rgn becomes the longest run from blk->location with equal attributes, clipped to
 * blk->length. guest.location is blk->location, and guest.length the length of the run. flags
 * includes GRF_ACTIVE and, in GRF_BACKUP_MASK, the rights saved when the region was trapped.
 * host_location is the host location behind guest.location, or 0 if there is none.
 *
 * Returns EOK, or an error number (errno is unchanged, *rgn not written):
 * - ENXIO: the location is absent
 * - EINVAL: bad gsp or type, length 0, a range past the end of the space, or a NULL pointer
 *
 * Threads: any, no lock needed, never waits. Source: QNX 7.1; the clipping (which QNX's
 * published delete loop needs) and the errors are libgasp's own.
 */
int gasp_region_info(struct guest_system *gsp,
                     const struct qvm_state_block *blk,
                     struct gasp_region *rgn);

/**
 * Find free space anywhere in a space: gasp_find_free_range() from 0 to 2^64-1.
 *
 * Returns, threads: as for gasp_find_free_range(). Source: QNX 7.1; errors are libgasp's own.
 */
uint64_t gasp_find_free(const struct guest_system *gsp,
                        unsigned int qst,
                        uint64_t size,
                        uint64_t align);

/**
 * Find free space.
 *
 * qst: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. size: bytes or ports, at least 1. align: a
 * power of two; 0 means 1. min_addr, max_addr: inclusive; a max_addr above the end of the
 * space means that end.
 *
 * The result is the lowest multiple of align from which size locations are absent, not
 * reserved by the host (gasp_guest_reserve()), and inside [min_addr, max_addr]. The call
 * reserves nothing: hold gasp_lock() until the region is set.
 *
 * Returns the location, or QSL_NO_LOCATION with errno set:
 * - EINVAL: bad gsp or qst, size 0, bad align, min_addr above max_addr
 * - ENOSPC: nothing fits
 * - EPERM (strict mode): the guest has started, and this thread does not hold the lock of the
 *   space
 *
 * Threads: any. Source: QNX 7.1; "lowest", the inclusive end and the errors are libgasp's own.
 */
uint64_t gasp_find_free_range(const struct guest_system *gsp,
                              unsigned int qst,
                              uint64_t size,
                              uint64_t align,
                              uint64_t min_addr,
                              uint64_t max_addr);

/**
 * Start a walk over the guest's memory. Its entries are the runs of GRF_MEMORY locations, in
 * ascending order. Other flags do not matter.
 *
 * max_length: maximum number of bytes in an entry; 0: no limit. flags: 0, or GWS_HOST to fill
 * host_loc and to end entries where host memory is not contiguous.
 *
 * Bad arguments make a walk without entries. The state needs no clean-up. Each step sees the
 * map of its moment.
 *
 * Threads: any, no lock needed; one thread at a time for each state. Source: QNX 7.1 (names,
 * structure); the signature is libgasp's own.
 */
void gasp_walk_init(struct gasp_walk_state *ws,
                    struct guest_system *gsp,
                    uint64_t max_length,
                    unsigned int flags);

/**
 * Go to the next entry of a walk.
 *
 * Returns 1, with guest_loc, host_loc and length of the entry in *ws. At the end, and for
 * NULL, a bad gsp or unknown flags, it returns 0, with *ws and errno unchanged.
 *
 * Threads, source: as for gasp_walk_init().
 */
int gasp_walk_next(struct gasp_walk_state *ws);

/**
 * Count the entries of a walk made now with these arguments.
 *
 * Returns the count (at most 2^32-1), or 0 with errno EINVAL for a bad gsp or unknown flags.
 * For a walk without entries, it returns 0 with errno unchanged.
 *
 * Threads: any, no lock needed. Source: QNX 7.1 (as gasp_walk_count_filtered(), without the
 * filter).
 */
unsigned int gasp_walk_count(const struct guest_system *gsp,
                             uint64_t max_length,
                             unsigned int flags);

/**
 * Start a walk with a filter, which chooses the parts of memory that the walk visits.
 *
 * filter: NULL accepts everything. Its candidates are whole runs of memory, before they are
 * cut to max_length. The other parameters are those of gasp_walk_init(). This function does
 * not call the filter.
 *
 * Threads, source: as for gasp_walk_init().
 */
void gasp_walk_init_filtered(struct gasp_walk_state_filtered *ws,
                             struct guest_system *gsp,
                             uint64_t max_length,
                             unsigned int flags,
                             gasp_walk_filter_t filter);

/**
 * Go to the next entry of a walk with a filter. It calls the filter, on this thread.
 *
 * Returns, threads, source: as for gasp_walk_next().
 */
int gasp_walk_next_filtered(struct gasp_walk_state_filtered *ws);

/**
 * Count the entries of a walk made now with this filter. It calls the filter, on this thread.
 *
 * Returns, threads: as for gasp_walk_count(). Source: QNX 7.1.
 */
unsigned int gasp_walk_count_filtered(const struct guest_system *gsp,
                                      uint64_t max_length,
                                      unsigned int flags,
                                      gasp_walk_filter_t filter);

/**
 * Find a place in the guest's RAM or ROM, and reserve it.
 *
 * size: bytes, at least 1. align: a power of two; 0 means 1. range_start, range_end:
 * inclusive. flags: GRAM_HINT_RAM and GRAM_HINT_ROM allow RAM and ROM; neither means RAM, both
 * allow a place that includes both. GRAM_HINT_ALIGN_TOP asks for the highest place that fits,
 * not the lowest.
 *
 * The place is size bytes at a multiple of align, inside [range_start, range_end] and one run
 * of GRF_MEMORY. RAM is memory that the guest may write, or might before it was trapped; ROM
 * is all other memory. No later call returns any part of the place.
 *
 * Returns the location, or QSL_NO_LOCATION with errno set:
 * - EINVAL: bad gsp, size 0, bad align, unknown flags, range_start above range_end
 * - EPERM (strict mode): the guest has started (QNX: startup only)
 * - ENOSPC: nothing fits
 * - ENOMEM
 *
 * Threads: any. Source: QNX 7.0; errors are libgasp's own.
 */
uint64_t gram_find_free_range(struct guest_system *gsp,
                              uint64_t size,
                              uint64_t align,
                              unsigned int flags,
                              uint64_t range_start,
                              uint64_t range_end);

/**
 * Reserve a place in the guest's RAM or ROM, so that gram_find_free_range() does not return
 * it.
 *
 * loc, size: in bytes.
 *
 * Returns EOK, or an error number (errno is unchanged):
 * - EINVAL: bad gsp, size 0, a range past the end of the space
 * - EPERM (strict mode): the guest has started (QNX: startup only)
 * - ENXIO: some of the range is not GRF_MEMORY
 * - EEXIST: the range overlaps a reservation of gram
 * - ENOMEM
 *
 * Threads: any. Source: QNX (name; parameters as in 8.0, after gsp); errors are libgasp's own.
 */
int gram_reserve(struct guest_system *gsp, uint64_t loc, uint64_t size);

/**
 * Map guest memory for code that acts like the guest, such as virtual firmware.
 *
 * prot: one or more of PROT_READ, PROT_WRITE, PROT_EXEC of <sys/mman.h>. Each needs the
 * region's GRF_PASS_*. With GMF_MAP_ANY, memory without GRF_MEMORY can be mapped too.
 * guest_paddr, length: in bytes, of any alignment.
 *
 * The mapping is contiguous, even if the host memory behind the range is in several pieces.
 * All mappings are coherent. The pointer stays valid, whatever happens to the regions, until
 * gasp_unmap() or until the guest is destroyed.
 *
 * Returns the address, or NULL with errno set:
 * - EINVAL: bad gsp, prot or range
 * - ENXIO: some of the range is absent, has no memory behind it, traps, has no GRF_PASS_*
 *   flag, or has no GRF_MEMORY flag (without GMF_MAP_ANY)
 * - EACCES: a region lacks a right of prot
 * - ENOTSUP: the host memory is not contiguous, and not all of it is from
 *   gasp_guest_add_memory()
 * - ENOMEM
 *
 * Threads: any, no lock needed. Source: QNX 7.0; errors, and the meaning of GMF_MAP_ANY, are
 * libgasp's own.
 */
void *gasp_map_sys(struct guest_system *gsp, int prot, uint64_t guest_paddr, size_t length);

/**
 * Map guest memory for the DMA of a vdev: gasp_map_sys() for vdev->v_gsp. A NULL vdev is
 * EINVAL.
 *
 * QNX sends this through the guest's IOMMU. libgasp has none, so the vdev reaches the memory
 * that the guest reaches.
 *
 * Returns, threads: as for gasp_map_sys(). Source: QNX 7.1; errors are libgasp's own.
 */
void *gasp_map_vdma(const vdev_t *vdev, int prot, uint64_t guest_paddr, size_t length);

/**
 * Map the part of a range that is contiguous in the host, for the DMA of a vdev.
 *
 * In: *ppaddr is the guest-physical address, *plength the maximum number of bytes. Out:
 * *ppaddr is the address in this process (in QNX, the host-physical address), *plength the
 * number of bytes mapped. Both are unchanged on failure. Pass the resulting *plength to
 * gasp_unmap().
 *
 * Returns the address, or NULL with errno set as by gasp_map_sys(), except that ENOTSUP does
 * not occur. A NULL pointer is EINVAL. ENXIO and EACCES concern only the first location: the
 * mapping ends before a later location that would be refused.
 *
 * Threads: any, no lock needed. Source: QNX 7.0; errors are libgasp's own.
 */
void *gasp_map_contig(const vdev_t *vdev, int prot, uint64_t *ppaddr, size_t *plength);

/**
 * End a mapping.
 *
 * ptr, length: the address and length that the map function returned. Other arguments have no
 * effect except on gasp_last_error(). flush: 1 to flush the data cache, which makes no
 * difference here: caches are coherent.
 *
 * errno is unchanged.
 *
 * Threads: any. Source: QNX 7.1.
 */
void gasp_unmap(struct guest_system *gsp, const void *ptr, size_t length, int flush);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/** Find a place inside the guest's RAM or ROM, and reserve it: gram_find_free_range() over all of
 * the space. Source: QNX 7.1, where it is part of the header too. */
static inline uint64_t gram_find_free(struct guest_system *const gsp, uint64_t const size,
		uint64_t const align, unsigned const flags)
{
	return gram_find_free_range(gsp, size, align, flags, 0, UINT64_MAX);
}

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Why the calling thread's last call has failed, in one English sentence; <gasp/host.h> has it too.
 * It is here because the functions above return no more than a number. A vdev that calls it works
 * with libgasp alone.
 *
 * Threads: any. Source: libgasp's own.
 */
const char *gasp_last_error(void);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  /* LIBGASP_QVM_GASP_H */
