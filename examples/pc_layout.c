/* A host (a small part of a VMM). It builds the PC layout of QNX's documentation, loads a virtual
 * device that replaces a part of the RAM by its registers, and prints the guest's memory before and
 * after.
 *
 * usage: pc_layout VDEV.so
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <dlfcn.h>
#include <errno.h>
#include <gasp/host.h>
#include <inttypes.h>
#include <qvm/gasp.h>
#include <qvm/vdev-core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_ROWS 64

/* The layout: `ram 0,0xa0000`, `reserve 0xa0000,0x20000`, `rom 0xc0000,0x40000`, `ram 1m,1023m`. */
enum kind { RAM = GASP_RAM, ROM = GASP_ROM, RESERVE };
static const struct part {
	enum kind kind;
	uint64_t location, length, chunk;
	const char *option, *purpose;
} layout[] = {
	{ RAM, 0, 0xa0000, 256 * KIB, "ram     0,0xa0000", "low memory" },
	{ RESERVE, 0xa0000, 0x20000, 0, "reserve 0xa0000,0x20000", "the place of the graphics card" },
	{ ROM, 0xc0000, 0x40000, 0, "rom     0xc0000,0x40000", "the BIOS" },
	{ RAM, 1 * MIB, 1023 * MIB, 256 * MIB, "ram     1m,1023m", "main memory" },
};

/* The device's window. It crosses the boundary of two chunks of main memory. */
#define WINDOW_START (257 * MIB - 64 * KIB)
#define WINDOW_LENGTH (128 * KIB)

/* One line of a printed map: a region, or a reserved range. */
struct row {
	struct gasp_span span;
	int reserved;
};

struct map {
	struct row row[MAX_ROWS];
	size_t rows;
};

static void fail(const char *what)
{
	fprintf(stderr, "pc_layout: %s: %s\n", what, gasp_last_error());
	exit(1);
}

static void build_layout(struct guest_system *gsp)
{
	size_t i;

	for (i = 0; i < COUNT(layout); i++) {
		const struct part *p = &layout[i];
		int failed = p->kind == RESERVE
			? gasp_guest_reserve(gsp, QST_MEMORY, p->location, p->length)
			: gasp_guest_add_memory(gsp, p->location, p->length, (unsigned)p->kind, p->chunk);

		if (failed)
			fail(p->option);
		printf("    %-26s%s\n", p->option, p->purpose);
	}
}

/* ---- reading the map ---- */

static void add_row(struct map *map, struct gasp_span span, int reserved)
{
	if (map->rows == MAX_ROWS) {
		fprintf(stderr, "pc_layout: more than %d rows\n", MAX_ROWS);
		exit(1);
	}
	map->row[map->rows].span = span;
	map->row[map->rows++].reserved = reserved;
}

static int by_location(const void *a, const void *b)
{
	uint64_t x = ((const struct row *)a)->span.location, y = ((const struct row *)b)->span.location;

	return x < y ? -1 : x > y;
}

/* Read all regions of the guest's memory, and add the reserved ranges. */
static void read_map(struct guest_system *gsp, struct map *map)
{
	struct gasp_span span;
	uint64_t from = 0;
	size_t i;
	int error;

	map->rows = 0;
	while ((error = gasp_guest_next(gsp, QST_MEMORY, from, &span)) == EOK) {
		add_row(map, span, 0);
		if (span.last == UINT64_MAX)
			break;
		from = span.last + 1;
	}
	if (error != EOK && error != ENXIO)
		fail("gasp_guest_next");
	for (i = 0; i < COUNT(layout); i++) {
		if (layout[i].kind == RESERVE) {
			memset(&span, 0, sizeof span);
			span.location = layout[i].location;
			span.last = span.location + layout[i].length - 1;
			add_row(map, span, 1);
		}
	}
	qsort(map->row, map->rows, sizeof map->row[0], by_location);
}

/* ---- printing the map ---- */

static const char *kind_of(const struct row *row)
{
	uint32_t flags = row->span.flags;

	if (row->reserved)
		return "reserved";
	if (flags & GRF_VIRT_ANY)
		return "trap";
	return !(flags & GRF_MEMORY) ? "other" : flags & GRF_PASS_WR ? "RAM" : "ROM";
}

/* The names of the flags, except GRF_ACTIVE, which every region has. */
static const char *flag_names(uint32_t flags, char text[160])
{
	gasp_flags_text(flags & ~(GRF_ACTIVE | GRF_BACKUP_MASK), text, 160);
	return text;
}

static const char *size_of(uint64_t bytes, char text[24])
{
	if (bytes % MIB == 0)
		snprintf(text, 24, "%" PRIu64 " MiB", bytes / MIB);
	else if (bytes % KIB == 0 && bytes < 16 * MIB)
		snprintf(text, 24, "%" PRIu64 " KiB", bytes / KIB);
	else
		snprintf(text, 24, "%.3f MiB", (double)bytes / (double)MIB);
	return text;
}

static void print_row(char mark, const struct row *row)
{
	const struct gasp_span *s = &row->span;
	char flags[160], size[24], leads_to[64] = "nothing";

	if (s->vdev != NULL)
		snprintf(leads_to, sizeof leads_to, "vdev \"%s\", cookie %" PRIu32,
			(const char *)s->vdev->v_device, s->cookie);
	else if (s->host_location != 0)
		snprintf(leads_to, sizeof leads_to, "host 0x%" PRIx64, s->host_location);
	printf("  %c 0x%08" PRIx64 "-0x%08" PRIx64 "%13s  %-9s %-38s %s\n", mark, s->location, s->last,
		size_of(s->last - s->location + 1, size), kind_of(row), flag_names(s->flags, flags), leads_to);
}

static int same_row(const struct row *a, const struct row *b)
{
	return a->reserved == b->reserved && memcmp(&a->span, &b->span, sizeof a->span) == 0;
}

/* Print the map in the order of locations. With an earlier map, print its missing rows, too, marked
 * with -, and mark new rows with +. */
static void print_map(const struct map *before, const struct map *map)
{
	size_t b = 0, a = 0;

	printf("\n    %-21s%13s  %-9s %-38s %s\n", "guest addresses", "size", "what", "flags (GRF_)",
		"an access leads to");
	while (a < map->rows || (before != NULL && b < before->rows)) {
		const struct row *new_row = a < map->rows ? &map->row[a] : NULL;
		const struct row *old_row = before != NULL && b < before->rows ? &before->row[b] : NULL;

		if (before == NULL) {
			print_row(' ', new_row);
			a++;
		} else if (old_row != NULL && new_row != NULL && same_row(old_row, new_row)) {
			print_row(' ', new_row);
			a++, b++;
		} else if (old_row != NULL && (new_row == NULL || old_row->span.location <= new_row->span.location)) {
			print_row('-', old_row);
			b++;
		} else {
			print_row('+', new_row);
			a++;
		}
	}
	printf("\n");
}

/* ---- the device ---- */

static void start_vdev(const char *file, vdev_t *vdev)
{
	int (*start)(vdev_t *);
	void *plugin = dlopen(file, RTLD_NOW);

	if (plugin == NULL) {
		fprintf(stderr, "pc_layout: %s\n", dlerror());
		exit(1);
	}
	*(void **)&start = dlsym(plugin, "vdev_window_start");
	if (start == NULL) {
		fprintf(stderr, "pc_layout: %s\n", dlerror());
		exit(1);
	}
	if (start(vdev) != 0)
		fail(file);
}

/* Make a call that is refused: two pages of ROM, of which the second overlaps the registers. */
static void show_refusal(struct guest_system *gsp)
{
	struct gasp_region careless;
	static char pages[3 * 4096];

	memset(&careless, 0, sizeof careless);
	careless.flags = GRF_MEMORY | GRF_PASS_RD;
	careless.host_location = ((uintptr_t)pages + 4095) & ~(uint64_t)4095;
	careless.guest.location = WINDOW_START - 4096;
	careless.guest.length = 2 * 4096;
	careless.guest.type = QST_MEMORY;
	if (gasp_region_set_soft(gsp, 1, &careless) == 1) {
		fprintf(stderr, "pc_layout: ROM on top of the registers was not refused\n");
		exit(1);
	}
	if (errno != EEXIST)
		fail("not the error that was expected");
	printf("    errno:  EEXIST (%s)\n    reason: %s\n", strerror(EEXIST), gasp_last_error());
}

int main(int argc, char **argv)
{
	static struct map before, after;
	static char name[] = "window";
	struct guest_system *gsp;
	vdev_t vdev;

	if (argc != 2) {
		fprintf(stderr, "usage: pc_layout VDEV.so\n");
		return 2;
	}
	gsp = gasp_guest_create(NULL);
	if (gsp == NULL)
		fail("gasp_guest_create");

	printf("libgasp keeps the map of a virtual machine's memory: which guest addresses are RAM or ROM,\n"
		"and which ones trap, so that a virtual device is called. Here is a PC, as QNX's manual\n"
		"configures it:\n\n");
	build_layout(gsp);
	read_map(gsp, &before);
	printf("\nThat makes this map. The host found the RAM in pieces, so it is more than one region:\n");
	print_map(NULL, &before);
	printf("PASS: the guest's reads, writes or fetches of instructions go through to the host's memory.\n"
		"VIRT: they trap. DMA: a device may read the memory (SOURCE) or write it (TARGET).\n\n");

	memset(&vdev, 0, sizeof vdev);
	vdev.v_device = name;
	vdev.v_gsp = gsp;
	vdev.v_block.location = WINDOW_START;
	vdev.v_block.length = WINDOW_LENGTH;
	vdev.v_block.type = QST_MEMORY;
	printf("Now a device plugin is loaded. It takes a window out of the RAM and puts registers there,\n"
		"with the loop of QNX's manual, because the window happens to lie in two pieces of memory:\n\n");
	start_vdev(argv[1], &vdev);
	read_map(gsp, &after);
	printf("\nThe map afterwards: - is gone, + is new. Reads and writes of the window call the device.\n");
	print_map(&before, &after);

	printf("The registers are PRECIOUS: nothing else may overlap them. Somebody tries to set two pages of\n"
		"ROM, of which the second lies on the registers, and is told why not:\n\n");
	show_refusal(gsp);

	gasp_guest_destroy(gsp);
	return fflush(stdout) == 0 ? 0 : 1;
}
