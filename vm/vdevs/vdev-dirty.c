/* Finds the pages that the guest writes, as a live migration has to. It uses everything that
 * <qvm/gasp.h> has.
 *
 *   vdev dirty loc 0xd0002000 from 0x10000 length 0x40000
 *
 * The device takes RAM out of the guest's hands: reads and fetches go on as before, writes trap.
 * The first write to a page calls vwrite, which notes the page, gives it back, and makes the write
 * for the guest. From then on the page is plain RAM again, and costs nothing. The memory behind
 * the pages stays the same throughout, and so do other rights.
 *
 *   offset  register  access  what it is
 *   0x00    CONTROL   rw      1: watch (the list starts empty); 0: give everything back
 *   0x08    PAGES     r       how many pages were written since
 *   0x10    LIST      r       guest address of the list: a 64-bit count, then addresses of pages
 *   0x18    COPY      w       copy the list to the page at this guest address
 *   0x20    ERROR     r       error number of the last write to CONTROL or COPY; 0: none
 *   0x28    WATCHED   r       how many bytes were taken
 *
 * A locked instruction on a watched page comes as a read and a write. So until the page is given
 * back it is not atomic between vCPUs, and guests with several of them can lose an update there.
 *
 * Registers have 64 bits; the lower 32 can be accessed alone. Options: `from` and `length` say
 * which memory (all RAM unless they are there), `auto` watches as soon as the guest starts.
 * There can be one such device in a guest: another one is refused.
 *
 * All state is protected by the lock of guest memory, gasp_lock(). It is needed anyway: between
 * the look at a page and its change nobody else may change it.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <inttypes.h>
#include <qvm/gasp.h>
#include <qvm/guest.h>
#include <qvm/log.h>
#include <qvm/vdev-core.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE UINT64_C(4096)
#define ENTRIES (PAGE / sizeof(uint64_t) - 1) /* pages that the list has room for */
#define PIECE UINT64_C(0x40000000)            /* a state block cannot describe 4 GiB */

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

/* What the filter lets through. A filter gets no argument of the caller's, so this is not in the
 * device's own state, and there can be one device. */
static uint64_t watch_from, watch_length, watch_last;
static int there;

/* The filter of the walks: the part of a run of memory that is to be watched. */
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

/* ---- taking and giving back: all of it with the lock held ---- */

/* Look at what is there from a location on, up to `length` bytes of it. */
static int look(vdev_t *vdev, uint64_t location, uint64_t length, struct gasp_region *rgn)
{
	struct qvm_state_block blk;

	memset(&blk, 0, sizeof(blk));
	blk.location = location;
	blk.length = (uint32_t)(length < PIECE ? length : PIECE);
	blk.type = QST_MEMORY;
	return gasp_region_info(vdev->v_gsp, &blk, rgn);
}

/* Have writes to a piece of RAM trap. Reads and fetches keep the rights that they had. */
static int take(vdev_t *vdev, struct gasp_region *rgn)
{
	rgn->flags &= GRF_STICKY | GRF_PASS_RD | GRF_PASS_EX | GRF_NOCACHE;
	rgn->flags |= GRF_VIRT_WR;
	rgn->vdev = vdev;
	rgn->cookie = COOKIE_PAGES;
	return gasp_region_set_soft(vdev->v_gsp, 1, rgn) == 1 ? EOK : errno;
}

/* Give a piece back. What it was allowed before it was taken is in the top bits of its flags. */
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

/* Whether it is RAM that nobody traps. ROM and other devices' windows are left alone. */
static int is_plain_ram(const struct gasp_region *rgn)
{
	return (rgn->flags & GRF_PASS_WR) != 0 && (rgn->flags & GRF_VIRT_ANY) == 0;
}

/* Go through the watched memory, piece by piece, and take or give back what there is to. */
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
		(void)stop(vdev); /* half of a watch is none */
	else
		dirty->watching = 1;
	return error;
}

/* A page is written: note it and give it back, unless another vCPU was faster. */
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

/* The device itself writes guest memory, at an address that the guest chose: gasp_map_vdma(). Its
 * write counts as the guest's does; a page that traps cannot be mapped, so it is given back
 * first. The address is that of a page, so that one page is all that is touched. */
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

/* A page of the guest's RAM for the list: the highest one, below 4 GiB if there is one, so that a
 * 32-bit guest can read it. gram reserves it: nobody else who asks gram gets it. */
static int place_list(vdev_t *vdev)
{
	struct dirty *dirty = (struct dirty *)vdev->v_device;
	unsigned hints = GRAM_HINT_RAM | GRAM_HINT_ALIGN_TOP;

	if (watch_last != UINT64_MAX)
		/* What is watched is no place for it. This fails if it is not all memory: no matter. */
		(void)gram_reserve(vdev->v_gsp, watch_from, watch_last - watch_from + 1);
	dirty->list_paddr = gram_find_free_range(vdev->v_gsp, PAGE, PAGE, hints, 0, UINT32_MAX);
	if (dirty->list_paddr == QSL_NO_LOCATION)
		dirty->list_paddr = gram_find_free(vdev->v_gsp, PAGE, PAGE, hints);
	if (dirty->list_paddr == QSL_NO_LOCATION)
		return errno;
	/* The device chose the address: gasp_map_sys(). The mapping stays whatever becomes of the
	 * guest's regions. */
	dirty->list = (struct list *)gasp_map_sys(vdev->v_gsp, PROT_READ | PROT_WRITE,
		dirty->list_paddr, sizeof(*dirty->list));
	return dirty->list != NULL ? EOK : errno;
}

/* The registers: where `loc` says, else below 4 GiB, else anywhere. VFF_MANUAL_REGION leaves it
 * to the device. Failure ends the process, as befits a startup. */
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
		vdev_logf(QL_QVM_ERR, vdev, "no page for the list: %s", strerror(error));
		return error;
	}
	place_registers(vdev);
	vdev_logf(QL_QVM_DBG, vdev, "watches %u of %u runs of memory",
		gasp_walk_count_filtered(vdev->v_gsp, 0, 0, only_watched),
		gasp_walk_count(vdev->v_gsp, 0, 0));
	return EOK;
}

/* For STATUS: the guest's memory, and how far each run of it is contiguous for a device without
 * an IOMMU. Pages that trap cannot be mapped: of those there is nothing to say. */
static void report(vdev_t *vdev)
{
	const struct dirty *dirty = (const struct dirty *)vdev->v_device;
	struct gasp_walk_state walk;
	uint64_t host;
	size_t length;
	void *mapped;

	qvm_report("dirty: %" PRIu64 " pages of %" PRIu64 " bytes written\n", dirty->pages,
		dirty->watched);
	gasp_walk_init(&walk, vdev->v_gsp, 0, GWS_HOST);
	while (gasp_walk_next(&walk)) {
		host = walk.guest_loc;
		length = (size_t)walk.length;
		mapped = gasp_map_contig(vdev, PROT_READ, &host, &length);
		if (mapped == NULL) {
			qvm_report("  memory 0x%" PRIx64 ": %s\n", walk.guest_loc, strerror(errno));
			continue;
		}
		qvm_report("  memory 0x%" PRIx64 ": %zu of %" PRIu64 " bytes contiguous at host 0x%"
			PRIx64 "\n", walk.guest_loc, length, walk.length, host);
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

	/* Pages are taken whole. */
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
		vdev_logf(QL_QVM_ERR, vdev, "there is one already, and there can be only one");
		return EBUSY;
	}
	there = 1;
	watch_from = watch_length = 0;
	watch_last = UINT64_MAX;
	vdev->v_block.type = QST_MEMORY;
	vdev->v_block.length = PAGE;
	return EOK;
}

/* All options are known: together they have to make sense. */
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

/* ---- what the guest does ---- */

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

/* Only registers trap reads: reads of watched pages go through. */
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

/* A write to a watched page: after page_written() the page is RAM, and the same write, made once
 * more through the vCPU, arrives there. It is made before the lock is given back, so that nobody
 * can take the page once more in between. */
static int write_for_guest(vdev_t *vdev, const struct qvm_state_block *vopnd, const uint64_t *data,
		struct guest_cpu *gcp)
{
	int error = page_written(vdev, vopnd->location & ~(PAGE - 1));

	/* An access that crosses into the next page touches that one, too. */
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
