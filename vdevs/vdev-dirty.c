/* Finds the pages that the guest writes, as a live migration does. It uses every function of
 * <qvm/gasp.h>.
 *
 *   vdev dirty loc 0xd0002000 from 0x10000 length 0x40000
 *
 * The device makes writes to RAM trap; reads and fetches still pass. The first write to a page
 * calls vwrite, which notes the page, restores its rights, and makes the write for the guest.
 * From then on the page is plain RAM again, and costs nothing. The memory behind the pages and
 * other rights never change.
 *
 *   offset  register  access  meaning
 *   0x00    CONTROL   rw      1: watch, with an empty list; 0: restore all pages
 *   0x08    PAGES     r       number of pages written since then
 *   0x10    LIST      r       guest address of the list: a 64-bit count, then addresses of pages
 *   0x18    COPY      w       copy the list to the page at this guest address
 *   0x20    ERROR     r       error number of the last write to CONTROL or COPY; 0: none
 *   0x28    WATCHED   r       number of bytes that are watched
 *
 * A locked instruction on a watched page arrives as a read and a write. So until the page is
 * restored it is not atomic between vCPUs, and a guest with several of them can lose an update.
 *
 * Registers have 64 bits; the lower 32 can be accessed alone. Options: `from` and `length`
 * select the memory (default: all RAM), `auto` starts watching when the guest starts. A guest
 * can have only one such device: a second one is refused.
 *
 * The lock of guest memory, gasp_lock(), protects all state. It is needed anyway: no other
 * thread may change a page between its lookup and its change.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <inttypes.h>
#include <qvm/gasp.h>
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE UINT64_C(4096)
#define ENTRIES (PAGE / sizeof(uint64_t) - 1) /* capacity of the list, in pages */
#define PIECE UINT64_C(0x40000000)            /* a state block is shorter than 4 GiB */

enum { CONTROL = 0x00, PAGES = 0x08, LIST = 0x10, COPY = 0x18, ERROR = 0x20, WATCHED = 0x28 };
enum { OPTION_FROM = VDEV_CTRL_FIRST_OPTIDX, OPTION_LENGTH, OPTION_AUTO };
enum { COOKIE_REGISTERS, COOKIE_PAGES };

struct list {
	uint64_t count;
	uint64_t page[ENTRIES];
};

struct dirty {
	struct list *list;   /* mapped into this process */
	uint64_t list_paddr; /* where the guest has it */
	uint64_t pages, watched;
	int watching, start_watching, error;
};

/* The range that the filter passes. A filter has no argument for its caller, so the range is not in
 * the device's own state, and there can be only one device. */
static uint64_t watch_from, watch_length, watch_last;
static int there;

/* The filter of the walks: reduces a run of memory to its watched part. */
static void only_watched(uint64_t *guest_loc, size_t *length)
{
	uint64_t first = *guest_loc, last = first + (*length - 1);

	if (last < watch_from || first > watch_last) {
		*length = 0;
		return;
	}
	if (first < watch_from)
		first = watch_from;
	if (last > watch_last)
		last = watch_last;
	*guest_loc = first;
	*length = (size_t)(last - first + 1);
}

/* ---- taking and restoring pages: all with the lock held ---- */

/* Look up the region at a location: at most `length` bytes of it. */
static int look(vdev_t *vdev, uint64_t location, uint64_t length, struct gasp_region *rgn)
{
	struct qvm_state_block blk;

	memset(&blk, 0, sizeof(blk));
	blk.location = location;
	blk.length = (uint32_t)(length < PIECE ? length : PIECE);
	blk.type = QST_MEMORY;
	return gasp_region_info(vdev->v_gsp, &blk, rgn);
}

/* Make writes to a piece of RAM trap. Reads and fetches keep their rights. */
static int take(vdev_t *vdev, struct gasp_region *rgn)
{
	rgn->flags &= GRF_STICKY | GRF_PASS_RD | GRF_PASS_EX | GRF_NOCACHE;
	rgn->flags |= GRF_VIRT_WR;
	rgn->vdev = vdev;
	rgn->cookie = COOKIE_PAGES;
	return gasp_region_set_soft(vdev->v_gsp, 1, rgn) == 1 ? EOK : errno;
}

/* Restore a piece. The top bits of its flags are its rights from before. */
static int give_back(vdev_t *vdev, struct gasp_region *rgn)
{
	uint32_t rights = (rgn->flags & GRF_BACKUP_MASK) >> GRF_BACKUP_SHIFT;

	rgn->flags = (rgn->flags & GRF_STICKY) | rights;
	rgn->vdev = NULL;
	rgn->cookie = 0;
	return gasp_region_set_soft(vdev->v_gsp, 1, rgn) == 1 ? EOK : errno;
}

static int is_ours(const vdev_t *vdev, const struct gasp_region *rgn)
{
	return rgn->vdev == vdev && rgn->cookie == COOKIE_PAGES && (rgn->flags & GRF_VIRT_WR) != 0;
}

/* Whether it is RAM without traps. ROM and windows of other devices are not touched. */
static int is_plain_ram(const struct gasp_region *rgn)
{
	return (rgn->flags & GRF_PASS_WR) != 0 && (rgn->flags & GRF_VIRT_ANY) == 0;
}

/* Take or restore all of the watched memory, piece by piece. */
static int each_piece(vdev_t *vdev, int taking)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;
	struct gasp_walk_state_filtered walk;
	struct gasp_region rgn;
	uint64_t location, end;
	int error = EOK;

	gasp_walk_init_filtered(&walk, vdev->v_gsp, PIECE, 0, only_watched);
	while (error == EOK && gasp_walk_next_filtered(&walk)) {
		location = walk.ws.guest_loc;
		end = location + walk.ws.length;
		for (; error == EOK && location != end; location += rgn.guest.length) {
			error = look(vdev, location, end - location, &rgn);
			if (error != EOK)
				break;
			if (taking && is_plain_ram(&rgn)) {
				error = take(vdev, &rgn);
				if (error == EOK)
					dirty->watched += rgn.guest.length;
			} else if (!taking && is_ours(vdev, &rgn)) {
				error = give_back(vdev, &rgn);
			}
		}
	}
	return error;
}

static int stop(vdev_t *vdev)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;

	dirty->watching = 0;
	return each_piece(vdev, 0);
}

static int start(vdev_t *vdev)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;
	int error = stop(vdev);

	dirty->pages = dirty->watched = dirty->list->count = 0;
	if (error == EOK)
		error = each_piece(vdev, 1);
	if (error != EOK)
		(void)stop(vdev); /* restore the pieces that were taken */
	else
		dirty->watching = 1;
	return error;
}

/* A page is written: note and restore it, unless another vCPU was faster. */
static int page_written(vdev_t *vdev, uint64_t page)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;
	struct gasp_region rgn;
	int error = look(vdev, page, PAGE, &rgn);

	if (error != EOK || !is_ours(vdev, &rgn))
		return error;
	error = give_back(vdev, &rgn);
	if (error != EOK)
		return error;
	if (dirty->list->count < ENTRIES)
		dirty->list->page[dirty->list->count++] = page;
	dirty->pages++;
	return EOK;
}

/* The device itself writes guest memory at an address that the guest chose, so it uses
 * gasp_map_vdma(). The write counts like one of the guest. A page that traps cannot be mapped,
 * so it is restored first. The address is a multiple of the page size, so that only one page is
 * touched. */
static int copy_list(vdev_t *vdev, uint64_t to)
{
	const struct dirty *dirty = (const struct dirty *)vdev->v_device;
	int error = to % PAGE == 0 ? page_written(vdev, to) : EINVAL;
	size_t length;
	void *buffer;

	if (error != EOK)
		return error;
	length = (size_t)(dirty->list->count + 1) * sizeof(uint64_t);
	buffer = gasp_map_vdma(vdev, PROT_READ | PROT_WRITE, to, length);
	if (buffer == NULL)
		return errno;
	memcpy(buffer, dirty->list, length);
	gasp_unmap(vdev->v_gsp, buffer, length, 1);
	return EOK;
}

/* ---- startup: one thread, no lock needed ---- */

/* Reserve a page of the guest's RAM for the list: the highest one, below 4 GiB if possible, so that
 * a 32-bit guest can read it. gram gives a reserved page to no other caller. */
static int place_list(vdev_t *vdev)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;
	unsigned hints = GRAM_HINT_RAM | GRAM_HINT_ALIGN_TOP;

	if (watch_last != UINT64_MAX)
		/* Keep the list out of the watched range. Failure (part of the range is no memory) is
		 * harmless. */
		(void)gram_reserve(vdev->v_gsp, watch_from, watch_last - watch_from + 1);
	dirty->list_paddr = gram_find_free_range(vdev->v_gsp, PAGE, PAGE, hints, 0, UINT32_MAX);
	if (dirty->list_paddr == QSL_NO_LOCATION)
		dirty->list_paddr = gram_find_free(vdev->v_gsp, PAGE, PAGE, hints);
	if (dirty->list_paddr == QSL_NO_LOCATION)
		return errno;
	/* The device chose the address, so it uses gasp_map_sys(). The mapping stays valid whatever
	 * happens to the guest's regions. */
	dirty->list = (struct list *)gasp_map_sys(vdev->v_gsp, PROT_READ | PROT_WRITE,
		dirty->list_paddr, sizeof(*dirty->list));
	return dirty->list != NULL ? EOK : errno;
}

/* Place the registers: at `loc`, else below 4 GiB, else anywhere. VFF_MANUAL_REGION leaves this to
 * the device. Failure ends the process, which is right during startup. */
static void place_registers(vdev_t *vdev)
{
	struct qvm_state_block *blk = &vdev->v_block;
	struct gasp_region rgn;

	if (blk->location == QSL_NO_LOCATION)
		blk->location = gasp_find_free_range(vdev->v_gsp, QST_MEMORY, PAGE, PAGE, 0, UINT32_MAX);
	if (blk->location == QSL_NO_LOCATION)
		blk->location = gasp_find_free(vdev->v_gsp, QST_MEMORY, PAGE, PAGE);
	memset(&rgn, 0, sizeof(rgn));
	rgn.flags = GRF_VIRT_RD | GRF_VIRT_WR | GRF_PRECIOUS;
	rgn.vdev = vdev;
	rgn.cookie = COOKIE_REGISTERS;
	rgn.guest = *blk;
	gasp_region_set(vdev->v_gsp, 1, &rgn);
}

static int configured(vdev_t *vdev)
{
	int error = place_list(vdev);

	if (error != EOK) {
		vdev_logf(QVM_OUTE_QVM, vdev, "no page for the list: %s", strerror(error));
		return error;
	}
	place_registers(vdev);
	vdev_logf(QVM_OUTD_QVM, vdev, "watches %u of %u runs of memory",
		gasp_walk_count_filtered(vdev->v_gsp, 0, 0, only_watched),
		gasp_walk_count(vdev->v_gsp, 0, 0));
	return EOK;
}

/* For STATUS: the guest's memory, and how far each run is contiguous for a device without an IOMMU.
 * Pages that trap cannot be mapped, so nothing is known of them. */
static void report(vdev_t *vdev)
{
	const struct dirty *dirty = (const struct dirty *)vdev->v_device;
	struct gasp_walk_state walk;
	uint64_t host;
	size_t length;
	void *mapped;

	vdev_logf(QVM_OUTI_QVM, vdev, "%" PRIu64 " pages of %" PRIu64 " bytes written", dirty->pages,
		dirty->watched);
	gasp_walk_init(&walk, vdev->v_gsp, 0, GWS_HOST);
	while (gasp_walk_next(&walk)) {
		host = walk.guest_loc;
		length = (size_t)walk.length;
		mapped = gasp_map_contig(vdev, PROT_READ, &host, &length);
		if (mapped == NULL) {
			vdev_logf(QVM_OUTI_QVM, vdev, "memory 0x%" PRIx64 ": %s", walk.guest_loc, strerror(errno));
			continue;
		}
		vdev_logf(QVM_OUTI_QVM, vdev, "memory 0x%" PRIx64 ": %zu of %" PRIu64
			" bytes contiguous at host 0x%" PRIx64, walk.guest_loc, length, walk.length, host);
		gasp_unmap(vdev->v_gsp, mapped, length, 0);
	}
}

static int number(const char *arg, uint64_t *result)
{
	char *end;

	errno = 0;
	*result = strtoull(arg, &end, 0);
	return errno != 0 || end == arg || *end != '\0' ? EINVAL : EOK;
}

static int set_option(vdev_t *vdev, unsigned option, const char *arg)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;

	/* Only whole pages can be watched. */
	switch (option) {
	case OPTION_FROM:
		return number(arg, &watch_from) != EOK || watch_from % PAGE != 0 ? EINVAL : EOK;
	case OPTION_LENGTH:
		return number(arg, &watch_length) != EOK || watch_length == 0 || watch_length % PAGE != 0
			? EINVAL : EOK;
	default:
		dirty->start_watching = 1;
		return EOK;
	}
}

static int options_start(vdev_t *vdev)
{
	if (there) {
		vdev_logf(QVM_OUTE_QVM, vdev, "there is one already, and there can be only one");
		return EBUSY;
	}
	there = 1;
	watch_from = watch_length = 0;
	watch_last = UINT64_MAX;
	vdev->v_block.type = QST_MEMORY;
	vdev->v_block.length = PAGE;
	return EOK;
}

/* After the last option: check that the options fit together. */
static int options_end(void)
{
	if (watch_length == 0)
		return EOK;
	watch_last = watch_from + (watch_length - 1);
	return watch_last < watch_from ? EINVAL : EOK;
}

/* Call a function with the lock of guest memory held. */
static int locked(vdev_t *vdev, int (*function)(vdev_t *vdev))
{
	int error = gasp_lock(vdev->v_gsp, QST_MEMORY);

	if (error != EOK)
		return error;
	error = function(vdev);
	(void)gasp_unlock(vdev->v_gsp, QST_MEMORY);
	return error;
}

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;

	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		return options_start(vdev);
	case VDEV_CTRL_OPTIONS_END:
		return options_end();
	case VDEV_CTRL_GUEST_CONFIGURED:
		return configured(vdev);
	case VDEV_CTRL_GUEST_STARTING:
		return dirty->start_watching ? locked(vdev, start) : EOK;
	case VDEV_CTRL_STATUS:
		report(vdev);
		return EOK;
	case VDEV_CTRL_TERMINATE:
		there = 0;
		if (dirty->list == NULL)
			return EOK;
		(void)locked(vdev, stop);
		gasp_unmap(vdev->v_gsp, dirty->list, sizeof(*dirty->list), 1);
		dirty->list = NULL;
		return EOK;
	default:
		return ctrl >= VDEV_CTRL_FIRST_OPTIDX ? set_option(vdev, ctrl, arg) : EOK;
	}
}

/* ---- accesses of the guest ---- */

static uint64_t get(const struct dirty *dirty, uint64_t offset)
{
	switch (offset) {
	case CONTROL: return (uint64_t)dirty->watching;
	case PAGES: return dirty->pages;
	case LIST: return dirty->list_paddr;
	case ERROR: return (uint64_t)dirty->error;
	case WATCHED: return dirty->watched;
	default: return 0;
	}
}

static void put(vdev_t *vdev, uint64_t offset, uint64_t value)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;

	if (offset == CONTROL)
		dirty->error = value != 0 ? start(vdev) : stop(vdev);
	else if (offset == COPY)
		dirty->error = copy_list(vdev, value);
}

/* Only reads of registers trap: reads of watched pages pass. */
static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd,
		const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	uint64_t value;
	int error = gasp_lock(vdev->v_gsp, QST_MEMORY);

	(void)cookie;
	if (error != EOK)
		return guest_cpu_to_vrs(error);
	value = get((const struct dirty *)vdev->v_device, vopnd->location - vdev->v_block.location);
	(void)gasp_unlock(vdev->v_gsp, QST_MEMORY);
	error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &value, sizeof(value));
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

/* A write to a watched page: after page_written() the page is RAM, and the same write through the
 * vCPU reaches it. The write is made before the lock is released, so that no other thread can take
 * the page again in between. */
static int write_for_guest(vdev_t *vdev, const struct qvm_state_block *vopnd, const uint64_t *data,
		struct guest_cpu *gcp)
{
	int error = page_written(vdev, vopnd->location & ~(PAGE - 1));

	/* An access may cross into the next page. */
	if (error == EOK && vopnd->location % PAGE + vopnd->length > PAGE)
		error = page_written(vdev, (vopnd->location & ~(PAGE - 1)) + PAGE);
	return error == EOK
		? guest_cpu_write(gcp, GXF_NONE, vopnd, 1, data, vopnd->length) : error;
}

static enum vdev_ref_status vwrite(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	uint64_t data[8] = { 0 }; /* the longest write of an x86 */
	int error;

	if (vopnd->length > sizeof(data))
		return guest_cpu_to_vrs(E2BIG);
	error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, data, sizeof(data));
	if (error == EOK)
		error = gasp_lock(vdev->v_gsp, QST_MEMORY);
	if (error != EOK)
		return guest_cpu_to_vrs(error);
	if (cookie == COOKIE_REGISTERS)
		put(vdev, vopnd->location - vdev->v_block.location, data[0]);
	else
		error = write_for_guest(vdev, vopnd, data, gcp);
	(void)gasp_unlock(vdev->v_gsp, QST_MEMORY);
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

static const char *const options[] = { "from", "length", QVM_OPTION_NO_ARG_PREFIX "auto", NULL };

static struct vdev_factory factory;

static void __attribute__((constructor)) register_dirty(void)
{
	factory.control = control;
	factory.vread = vread;
	factory.vwrite = vwrite;
	factory.option_list = options;
	factory.factory_flags = VFF_VDEV_MEM | VFF_INTR_NO | VFF_MANUAL_REGION;
	/* Any size: a watched page is memory, and the guest may access it as it likes. */
	factory.acc_sizes = 0;
	factory.extra_space = sizeof(struct dirty);
	factory.safety = VDEV_SAFETY_SELECTED;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
