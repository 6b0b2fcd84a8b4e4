/* gasp_map_sys(), gasp_map_vdma(): mappings, their rights, and refusals (specification 10.1).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <sys/mman.h>

#define RW (PROT_READ | PROT_WRITE)

/* RAM at [0x10000, 0x13fff], ROM at [0x14000, 0x15fff]. */
static struct guest_system *guest_with_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x10000, 0x4000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x14000, 0x2000, GASP_ROM, 0), EOK);
	return gsp;
}

static void *map_ok(const char *file, int line, struct guest_system *gsp, int prot, uint64_t at,
		    size_t length)
{
	errno = ERRNO_MARK;
	void *view = gasp_map_sys(gsp, prot, at, length);
	int err = errno;
	if (view == NULL)
		fprintf(check_fail(file, line), "not mapped: errno %d, \"%s\"\n", err, gasp_last_error());
	else if (err != ERRNO_MARK)
		fprintf(check_fail(file, line), "mapping changed errno to %d\n", err);
	return view;
}

static void map_refused(const char *file, int line, int want, struct guest_system *gsp, int prot,
			uint64_t at, size_t length)
{
	errno = 0;
	void *view = gasp_map_sys(gsp, prot, at, length);
	int err = errno;
	if (view != NULL || err != want)
		fprintf(check_fail(file, line), "mapped at %p, errno %d; not NULL and %d\n", view, err,
			want);
	if (gasp_last_error()[0] == '\0')
		fprintf(check_fail(file, line), "no reason in gasp_last_error()\n");
}

#define MAP_OK(gsp, prot, at, length) \
	((unsigned char *)map_ok(__FILE__, __LINE__, (gsp), (prot), (at), (length)))
#define CHECK_UNMAPPABLE(want, gsp, prot, at, length) \
	map_refused(__FILE__, __LINE__, (want), (gsp), (prot), (at), (length))

static unsigned char guest_byte(struct guest_system *gsp, uint64_t location)
{
	unsigned char byte = 0xEE;
	CHECK_EQ(gasp_guest_read(gsp, location, &byte, 1), EOK);
	return byte;
}

static void set_guest_byte(struct guest_system *gsp, uint64_t location, unsigned char byte)
{
	CHECK_EQ(gasp_guest_write(gsp, location, &byte, 1), EOK);
}

/* ---- Mappings ---- */

static void ram(void)
{
	struct guest_system *gsp = guest_with_memory();
	unsigned char *view = MAP_OK(gsp, RW, 0x10000, 0x4000);
	REQUIRE(view != NULL);
	CHECK(all_bytes(view, 0, 0x4000));
	view[0] = 1;
	view[0x3fff] = 2;
	CHECK_EQ(guest_byte(gsp, 0x10000), 1);
	CHECK_EQ(guest_byte(gsp, 0x13fff), 2);
	set_guest_byte(gsp, 0x12345, 3);
	CHECK_EQ(view[0x2345], 3);
	gasp_unmap(gsp, view, 0x4000, 1);
	gasp_guest_destroy(gsp);
}

static void any_byte_and_any_length(void)
{
	struct guest_system *gsp = guest_with_memory();
	unsigned char *one = MAP_OK(gsp, RW, 0x10fff, 1), *two = MAP_OK(gsp, RW, 0x10fff, 2);
	unsigned char *many = MAP_OK(gsp, RW, 0x10001, 0x2ffe);
	REQUIRE(one != NULL && two != NULL && many != NULL);
	one[0] = 11;
	two[1] = 12;
	CHECK_EQ(two[0], 11);
	CHECK_EQ(many[0xffe], 11);
	CHECK_EQ(many[0xfff], 12);
	many[0x2ffd] = 13;
	CHECK_EQ(guest_byte(gsp, 0x12ffe), 13);
	gasp_unmap(gsp, one, 1, 0);
	gasp_unmap(gsp, two, 2, 0);
	gasp_unmap(gsp, many, 0x2ffe, 0);
	gasp_guest_destroy(gsp);
}

static void rom_to_read_and_to_execute(void)
{
	struct guest_system *gsp = guest_with_memory();
	set_guest_byte(gsp, 0x14010, 0x77);
	unsigned char *read = MAP_OK(gsp, PROT_READ, 0x14000, 0x2000);
	unsigned char *fetch = MAP_OK(gsp, PROT_READ | PROT_EXEC, 0x14000, 0x2000);
	REQUIRE(read != NULL && fetch != NULL);
	CHECK_EQ(read[0x10], 0x77);
	CHECK_EQ(fetch[0x10], 0x77);
	set_guest_byte(gsp, 0x15fff, 0x78);
	CHECK_EQ(read[0x1fff], 0x78);
	CHECK_EQ(fetch[0x1fff], 0x78);
	gasp_unmap(gsp, read, 0x2000, 0);
	gasp_unmap(gsp, fetch, 0x2000, 0);
	gasp_guest_destroy(gsp);
}

static void rom_not_to_write(void)
{
	struct guest_system *gsp = guest_with_memory();
	CHECK_UNMAPPABLE(EACCES, gsp, PROT_WRITE, 0x14000, 1);
	CHECK_HAS(gasp_last_error(), "0x14000");
	CHECK_UNMAPPABLE(EACCES, gsp, RW, 0x15fff, 1);
	CHECK_UNMAPPABLE(EACCES, gsp, RW | PROT_EXEC, 0x14000, 0x2000);
	CHECK_UNMAPPABLE(EACCES, gsp, RW, 0x13fff, 2);
	gasp_guest_destroy(gsp);
}

static void ram_and_rom_together(void)
{
	struct guest_system *gsp = guest_with_memory();
	unsigned char *view = MAP_OK(gsp, PROT_READ, 0x13ffe, 4);
	REQUIRE(view != NULL);
	set_guest_byte(gsp, 0x13fff, 5);
	set_guest_byte(gsp, 0x14000, 6);
	CHECK_EQ(view[1], 5);
	CHECK_EQ(view[2], 6);
	gasp_unmap(gsp, view, 4, 0);
	gasp_guest_destroy(gsp);
}

static void rights_one_by_one(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x1000, PAGE, GRF_MEMORY | GRF_PASS_WR, HOST_A),
		  mem_at(0x2000, PAGE, GRF_MEMORY | GRF_PASS_RD, HOST_A + PAGE));
	void *view = MAP_OK(gsp, PROT_WRITE, 0x1000, PAGE);
	CHECK_EQ(address_of(view), HOST_A);
	CHECK_UNMAPPABLE(EACCES, gsp, PROT_READ, 0x1000, PAGE);
	CHECK_UNMAPPABLE(EACCES, gsp, PROT_EXEC, 0x1000, PAGE);
	CHECK_UNMAPPABLE(EACCES, gsp, PROT_WRITE, 0x2000, PAGE);
	gasp_unmap(gsp, view, PAGE, 0);
	gasp_guest_destroy(gsp);
}

static void the_last_page_of_the_space(void)
{
	struct guest_system *gsp = guest();
	unsigned char *own = own_pages(1);
	CHECK_SET(gsp, mem_at(TOP - PAGE + 1, PAGE, RAM, address_of(own)));
	unsigned char *view = MAP_OK(gsp, RW, TOP - PAGE + 1, PAGE), *last = MAP_OK(gsp, RW, TOP, 1);
	CHECK(view == own);
	CHECK(last == own + PAGE - 1);
	CHECK_UNMAPPABLE(EINVAL, gsp, RW, TOP, 2);
	gasp_unmap(gsp, view, PAGE, 0);
	gasp_unmap(gsp, last, 1, 0);
	gasp_guest_destroy(gsp);
	free(own);
}

static void for_a_vdev_it_is_the_same(void)
{
	struct guest_system *gsp = guest_with_memory();
	vdev_t device;
	memset(&device, 0, sizeof(device));
	device.v_gsp = gsp;
	unsigned char *view = (unsigned char *)gasp_map_vdma(&device, RW, 0x10800, 0x1000);
	REQUIRE(view != NULL);
	view[0xfff] = 9;
	CHECK_EQ(guest_byte(gsp, 0x117ff), 9);
	errno = 0;
	CHECK(gasp_map_vdma(&device, PROT_WRITE, 0x14000, 1) == NULL);
	CHECK_EQ(errno, EACCES);
	errno = 0;
	CHECK(gasp_map_vdma(&device, PROT_READ, 0x20000, 1) == NULL);
	CHECK_EQ(errno, ENXIO);
	gasp_unmap(gsp, view, 0x1000, 1);
	gasp_guest_destroy(gsp);
}

/* ---- Memory of the caller's own ---- */

static void own_memory(void)
{
	struct guest_system *gsp = guest();
	unsigned char *own = own_pages(4);
	CHECK_SET(gsp, cookie(1, mem_at(0x1000, 2 * PAGE, RAM, address_of(own))),
		  cookie(2, mem_at(0x3000, 2 * PAGE, RAM, address_of(own) + 2 * PAGE)));
	unsigned char *view = MAP_OK(gsp, RW, 0x1003, 4 * PAGE - 3);
	CHECK(view == own + 3);
	gasp_unmap(gsp, view, 4 * PAGE - 3, 0);
	own[5] = 1;	/* still the caller's */
	gasp_guest_destroy(gsp);
	own[6] = 1;
	free(own);
}

static void own_memory_in_pieces_is_not_joined(void)
{
	struct guest_system *gsp = guest();
	unsigned char *own = own_pages(4);
	CHECK_SET(gsp, mem_at(0x1000, PAGE, RAM, address_of(own)),
		  mem_at(0x2000, PAGE, RAM, address_of(own) + 2 * PAGE));
	CHECK_UNMAPPABLE(ENOTSUP, gsp, RW, 0x1fff, 2);
	CHECK(gasp_last_error()[0] != '\0');
	void *first = MAP_OK(gsp, RW, 0x1000, PAGE), *second = MAP_OK(gsp, RW, 0x2000, PAGE);
	CHECK(first == own);
	CHECK(second == own + 2 * PAGE);
	gasp_unmap(gsp, first, PAGE, 0);
	gasp_unmap(gsp, second, PAGE, 0);
	gasp_guest_destroy(gsp);
	free(own);
}

static void own_memory_beside_the_guests_is_not_joined(void)
{
	struct guest_system *gsp = guest_with_memory();
	unsigned char *own = own_pages(1);
	CHECK_SET(gsp, mem_at(0x16000, PAGE, RAM, address_of(own)));
	CHECK_UNMAPPABLE(ENOTSUP, gsp, PROT_READ, 0x15fff, 2);
	gasp_guest_destroy(gsp);
	free(own);
}

/* The caller's memory is returned as it is: its own mapping says whether it is executable. */
static void own_memory_to_execute(void)
{
	struct guest_system *gsp = guest();
	void *own = mmap(NULL, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(own != MAP_FAILED);
	CHECK_SET(gsp, mem_at(0x1000, PAGE, RAM, address_of(own)));
	CHECK(MAP_OK(gsp, RW | PROT_EXEC, 0x1000, PAGE) == own);
	gasp_guest_destroy(gsp);
	munmap(own, PAGE);
}

static void memory_that_is_not_for_general_use(void)
{
	struct guest_system *gsp = guest();
	unsigned char *own = own_pages(1);
	CHECK_SET(gsp, mem_at(0x1000, PAGE, GRF_PASS_RD | GRF_PASS_WR, address_of(own)));
	CHECK_UNMAPPABLE(ENXIO, gsp, RW, 0x1000, PAGE);
	unsigned char *view = MAP_OK(gsp, RW | GMF_MAP_ANY, 0x1000, PAGE);
	CHECK(view == own);
	CHECK_UNMAPPABLE(EACCES, gsp, PROT_EXEC | GMF_MAP_ANY, 0x1000, PAGE);
	gasp_unmap(gsp, view, PAGE, 0);
	gasp_guest_destroy(gsp);
	free(own);
}

/* ---- Refusals ---- */

static void holes(void)
{
	struct guest_system *gsp = guest_with_memory();
	CHECK_SET(gsp, del(0x12000, PAGE));
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0x0, 1);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0xffff, 2);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0x15fff, 2);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0x11fff, 2);
	CHECK_HAS(gasp_last_error(), "0x12000");
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ | GMF_MAP_ANY, 0x12fff, 2);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0x10000, 0x6000);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, TOP, 1);
	gasp_guest_destroy(gsp);
}

static void trapped_locations(void)
{
	struct guest_system *gsp = guest_with_memory();
	CHECK_SET(gsp, mem(0x11000, PAGE, VIRT), mem(0x20000, 0x10, VIRT));
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0x11000, 1);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0x10000, 0x4000);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ | GMF_MAP_ANY, 0x11000, 1);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0x20000, 1);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ | GMF_MAP_ANY, 0x20000, 1);
	CHECK_SET(gsp, mem(0x11000, PAGE, RAM));
	unsigned char *view = MAP_OK(gsp, RW, 0x10000, 0x4000);
	gasp_unmap(gsp, view, 0x4000, 0);
	gasp_guest_destroy(gsp);
}

static void locations_without_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, PAGE, GRF_NOCACHE));
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ, 0x1000, 1);
	CHECK_UNMAPPABLE(ENXIO, gsp, PROT_READ | GMF_MAP_ANY, 0x1000, 1);
	gasp_guest_destroy(gsp);
}

static void bad_prot(void)
{
	struct guest_system *gsp = guest_with_memory();
	CHECK_UNMAPPABLE(EINVAL, gsp, PROT_NONE, 0x10000, 1);
	CHECK_UNMAPPABLE(EINVAL, gsp, GMF_MAP_ANY, 0x10000, 1);
	CHECK_UNMAPPABLE(EINVAL, gsp, 8, 0x10000, 1);
	CHECK_UNMAPPABLE(EINVAL, gsp, PROT_READ | 0x100, 0x10000, 1);
	CHECK_UNMAPPABLE(EINVAL, gsp, -1, 0x10000, 1);
	CHECK_UNMAPPABLE(EINVAL, gsp, PROT_READ | PROT_GROWSDOWN, 0x10000, 1);
	gasp_guest_destroy(gsp);
}

static void bad_ranges_and_guests(void)
{
	struct guest_system *gsp = guest_with_memory(), *dead = dead_guest();
	vdev_t device;
	memset(&device, 0, sizeof(device));
	CHECK_UNMAPPABLE(EINVAL, gsp, PROT_READ, 0x10000, 0);
	CHECK_UNMAPPABLE(EINVAL, gsp, PROT_READ, 0x10000, SIZE_MAX);
	CHECK_UNMAPPABLE(EINVAL, gsp, PROT_READ, TOP, 2);
	CHECK_UNMAPPABLE(EINVAL, NULL, PROT_READ, 0x10000, 1);
	CHECK_UNMAPPABLE(EINVAL, dead, PROT_READ, 0x10000, 1);
	errno = 0;
	CHECK(gasp_map_vdma(NULL, PROT_READ, 0x10000, 1) == NULL);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK(gasp_map_vdma(&device, PROT_READ, 0x10000, 1) == NULL);
	CHECK_EQ(errno, EINVAL);
	gasp_guest_destroy(gsp);
}

/* ---- Locks and modes ---- */

static void *map_in_thread(void *arg)
{
	struct guest_system *gsp = (struct guest_system *)arg;
	void *view = gasp_map_sys(gsp, RW, 0x10000, 0x4000);
	CHECK(view != NULL);
	gasp_unmap(gsp, view, 0x4000, 1);
	return NULL;
}

static void no_lock_is_waited_for(void)
{
	struct guest_system *gsp = guest_with_memory();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	thread_run(map_in_thread, gsp);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	gasp_guest_destroy(gsp);
}

static void strict_mode_makes_no_difference(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x10000, 0x4000, GASP_RAM, PAGE), EOK);
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	unsigned char *view = MAP_OK(gsp, RW, 0x10000, 0x4000);
	gasp_unmap(gsp, view, 0x4000, 1);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(ram), CASE(any_byte_and_any_length), CASE(rom_to_read_and_to_execute),
	CASE(rom_not_to_write), CASE(ram_and_rom_together), CASE(rights_one_by_one),
	CASE(the_last_page_of_the_space), CASE(for_a_vdev_it_is_the_same), CASE(own_memory),
	CASE(own_memory_in_pieces_is_not_joined), CASE(own_memory_beside_the_guests_is_not_joined),
	CASE(own_memory_to_execute), CASE(memory_that_is_not_for_general_use), CASE(holes),
	CASE(trapped_locations), CASE(locations_without_memory), CASE(bad_prot),
	CASE(bad_ranges_and_guests), CASE(no_lock_is_waited_for),
	CASE(strict_mode_makes_no_difference),
};

TEST_MAIN(cases)
