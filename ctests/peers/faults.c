/* Faults that were found in other VMMs, libraries and emulators: libgasp must not have them
 * (specification 2, 6, 10.6). Each comment says what the other program did. Those that need threads
 * are in threads.c; a move that a listener misses is in listen/order.c.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#define A 0x1000u
#define B 0x8000u

static struct machine machine;

static struct machine *new_machine(void)
{
	machine_open(&machine);
	return &machine;
}

static struct gasp_region device_a(uint64_t at, uint32_t length)
{
	return vdev(vdev_a(), cookie(1, mem(at, length, VIRT)));
}

static struct gasp_region device_b(uint64_t at, uint32_t length)
{
	return vdev(vdev_b(), cookie(2, mem(at, length, VIRT)));
}

/* An access of one byte reaches the device with this cookie; 0: none. */
static void reach_expect(const char *file, int line, struct machine *m, uint64_t at, uint32_t want)
{
	unsigned char got = 0;
	unsigned n = m->n;
	int result = read_at(m->cpu, at, &got, 1);
	uint32_t cookie = m->n != n ? m->seen[n % SEEN_MAX].cookie : 0;
	if (result != EOK || cookie != want || m->n > n + 1
	    || got != (want != 0 ? device_byte(at) : 0xFF))
		fprintf(check_fail(file, line), "0x%" PRIx64 " reached %" PRIu32 ", not %" PRIu32 " (%d)\n",
			at, cookie, want, result);
}

#define CHECK_REACHES(m, at, cookie) reach_expect(__FILE__, __LINE__, (m), (at), (cookie))

/* ---- Moving and removing ---- */

/* A VMM's bus: a move to an occupied range failed, and removed the device from the old one too. */
static void failed_move_loses_the_device(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, device_a(A, 0x100), vdev(vdev_b(), cookie(2, mem(B, 0x100, VIRT | GRF_PRECIOUS))));
	CHECK_REFUSED(m->gsp, 0, EEXIST, vdev(vdev_a(), cookie(1, mem(B, 0x101, VIRT))));
	CHECK_REACHES(m, A, 1);
	CHECK_REACHES(m, B, 2);
	/* As one call: the deletion after the refused element does not happen. */
	CHECK_REFUSED(m->gsp, 0, EEXIST, vdev(vdev_a(), cookie(1, mem(B - 1, 0x100, VIRT))), del(A, 0x100));
	CHECK_REACHES(m, A, 1);
	CHECK_REACHES(m, B, 2);
	machine_close(m);
}

/* A VMM's bus: removal ignored the length, and removed the whole range. */
static void remove_with_a_wrong_length(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, device_a(A, 0x100), device_b(A + 0x100, 0x100));
	CHECK_SET(m->gsp, del(A, 0x80));
	CHECK_REACHES(m, A + 0x7f, 0);
	CHECK_REACHES(m, A + 0x80, 1);
	CHECK_REACHES(m, A + 0x100, 2);
	machine_close(m);
	m->gsp = strict_guest();	/* strict mode refuses a range that is partly absent */
	CHECK_SET(m->gsp, device_a(A, 0x100));
	CHECK_REFUSED(m->gsp, 0, ENOENT, del(A, 0x101));
	gasp_guest_destroy(m->gsp);
}

/* An emulator: unmapping a part of a mapping also unmapped some kinds of neighbours. */
static void partial_unmap_depends_on_the_neighbour(void)
{
	struct machine *m = new_machine();
	unsigned char got[4];
	CHECK_EQ(gasp_guest_add_memory(m->gsp, A, 2 * PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, A + 2 * PAGE, 2 * PAGE, GASP_RAM, 0), EOK);
	memset(got, 0x42, sizeof(got));
	CHECK_WRITE(m->cpu, A + 3 * PAGE, got, 4);
	CHECK_SET(m->gsp, del(A + PAGE, 2 * PAGE));
	CHECK_REACHES(m, A + PAGE, 0);
	CHECK_REACHES(m, A + 3 * PAGE - 1, 0);
	CHECK_READ(m->cpu, A + 3 * PAGE, got, 4);
	CHECK(all_bytes(got, 0x42, 4));
	CHECK_READ(m->cpu, A + PAGE - 4, got, 4);
	CHECK(all_bytes(got, 0, 4));
	machine_close(m);
}

/* A device model: a move to a base in use returned success and did nothing. */
static void success_without_effect(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, device_a(A, 0x100));
	CHECK_SET(m->gsp, device_b(A, 0x100));
	CHECK_REACHES(m, A, 2);
	CHECK_REACHES(m, A + 0xff, 2);
	CHECK_SET(m->gsp, device_a(A + 0x80, 0x100));
	CHECK_REACHES(m, A + 0x7f, 2);
	CHECK_REACHES(m, A + 0x80, 1);
	CHECK_REACHES(m, A + 0x17f, 1);
	machine_close(m);
}

/* A hypervisor's library: only ranges with equal bases counted as overlapping, and removing the new
 * range did not restore the one that it had overwritten. */
static void overlap_with_another_base(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, vdev(vdev_a(), cookie(1, mem(A, 0x100, VIRT | GRF_PRECIOUS))));
	CHECK_REFUSED(m->gsp, 0, EEXIST, device_b(A - 1, 2));
	CHECK_REFUSED(m->gsp, 0, EEXIST, device_b(A - 1, 0x200));
	CHECK_REFUSED(m->gsp, 0, EEXIST, device_b(A + 0xff, 2));
	CHECK_REFUSED(m->gsp, 0, EEXIST, device_b(A, 0x101));
	CHECK_REACHES(m, A - 1, 0);
	CHECK_REACHES(m, A, 1);
	CHECK_REACHES(m, A + 0xff, 1);
	CHECK_REACHES(m, A + 0x100, 0);
	machine_close(m);
}

/* A VMM: two PCI functions could not exchange their addresses, in either order. */
static void exchange_of_two_ranges(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, device_a(A, 0x100), device_b(B, 0x100));
	CHECK_SET(m->gsp, device_b(A, 0x100), device_a(B, 0x100));
	CHECK_REACHES(m, A, 2);
	CHECK_REACHES(m, B, 1);
	machine_close(m);
}

/* A device library: registration of several resources stopped at the first error without saying how
 * many were registered. Here the index says it, and the caller can delete those elements. */
static void partial_registration_left_behind(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, mem(B, 0x10, VIRT | GRF_PRECIOUS));
	struct gasp_region r[3] = { device_a(A, 0x10), port(0x60, 4, VIRT), device_a(B, 0x20) };
	CHECK_EQ(gasp_region_set_soft(m->gsp, 3, r), 2);
	CHECK_REACHES(m, A, 1);
	r[0].flags = r[1].flags = GRF_NONE;
	CHECK_EQ(gasp_region_set_soft(m->gsp, 2, r), 2);
	CHECK_REACHES(m, A, 0);
	CHECK_EMPTY(m->gsp, QST_X86_IO);
	CHECK_MEM(m->gsp, span(B, B + 0xf, VIRT | GRF_PRECIOUS));
	machine_close(m);
}

/* ---- Ends ---- */

/* Two VMMs: a device got all bytes of an access that started at its last byte. */
static void access_straddling_the_end(void)
{
	struct machine *m = new_machine();
	unsigned char got[8];
	CHECK_SET(m->gsp, device_a(A, 0x100));
	CHECK_READ(m->cpu, A + 0xff, got, 8);
	CHECK_EQ(m->n, 1);
	CHECK_SEEN(m, 0, A + 0xff, 1, 1, GASP_READ);
	CHECK(got[0] == device_byte(A + 0xff) && all_bytes(got + 1, 0xFF, 7));
	CHECK_WRITE(m->cpu, A - 4, got, 8);
	CHECK_SEEN(m, 1, A, 4, 1, GASP_WRITE);
	machine_close(m);
}

/* A VMM: a range that ends at 2^64 overflowed, or accesses missed its end. */
static void range_that_ends_at_2_to_the_64(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, device_a(TOP - 0xff, 0x100));
	CHECK_REACHES(m, TOP - 0xff, 1);
	CHECK_REACHES(m, TOP, 1);
	CHECK_REACHES(m, TOP - 0x100, 0);
	CHECK_REACHES(m, 0, 0);
	CHECK_SET(m->gsp, del(TOP, 1));
	CHECK_REACHES(m, TOP, 0);
	CHECK_REACHES(m, TOP - 1, 1);
	machine_close(m);
}

/* A VMM: its search for free space left out the last byte of the address space. */
static void last_byte_of_free_space(void)
{
	struct machine *m = new_machine();
	CHECK_EQ(gasp_find_free_range(m->gsp, QST_X86_IO, 0x10000, 1, 0, 0xFFFF), 0);
	CHECK_SET(m->gsp, port(0, 0xFFFF, VIRT));
	CHECK_EQ(gasp_find_free_range(m->gsp, QST_X86_IO, 1, 1, 0, 0xFFFF), 0xFFFF);
	CHECK_SET(m->gsp, mem(0, 0x1000, VIRT));
	CHECK_EQ(gasp_find_free_range(m->gsp, QST_MEMORY, 0x10, 0x10, TOP - 0xf, TOP), TOP - 0xf);
	machine_close(m);
}

/* A library: the bound check used the base of the region in place of the address of the access. */
static void bound_check_against_the_wrong_base(void)
{
	struct machine *m = new_machine();
	unsigned char got[4];
	CHECK_SET(m->gsp, device_a(A, 0x10));
	CHECK_READ(m->cpu, A + 0xe, got, 4);
	CHECK_EQ(m->n, 1);
	CHECK_SEEN(m, 0, A + 0xe, 2, 1, GASP_READ);
	CHECK_REACHES(m, A + 0x10, 0);
	CHECK_REACHES(m, 2 * A + 0xf, 0);
	machine_close(m);
}

/* ---- Splitting ---- */

/* An emulator: after a split, callbacks got offsets from the start of the piece. Here they get the
 * location itself, with the same cookie and vdev as before. */
static void location_changes_after_a_split(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, device_a(A, 0x1000));
	CHECK_SET(m->gsp, del(A + 0x400, 0x400));
	CHECK_REACHES(m, A + 0x3ff, 1);
	CHECK_REACHES(m, A + 0x800, 1);
	CHECK_REACHES(m, A + 0xfff, 1);
	CHECK_SEEN(m, 1, A + 0x800, 1, 1, GASP_READ);
	CHECK(m->seen[1].vdev == vdev_a());
	machine_close(m);
}

/* An emulator: changing the rights of a part of a region changed its content. */
static void partial_protect_changes_content(void)
{
	struct machine *m = new_machine();
	static unsigned char data[4 * PAGE], got[4 * PAGE];
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 11 + i / 251);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, A, 4 * PAGE, GASP_RAM, 0), EOK);
	CHECK_WRITE(m->cpu, A, data, sizeof(data));
	CHECK_SET(m->gsp, mem(A + PAGE, PAGE, GRF_PASS_RD), mem(A + 2 * PAGE, PAGE, VIRT));
	CHECK_SET(m->gsp, mem(A + 2 * PAGE, PAGE, GRF_PASS_RD | GRF_PASS_EX));
	CHECK_READ(m->cpu, A, got, sizeof(got));
	CHECK(memcmp(got, data, sizeof(data)) == 0);
	CHECK_SET(m->gsp, mem(A, 4 * PAGE, RAM));
	memset(got, 0, sizeof(got));
	CHECK_READ(m->cpu, A, got, sizeof(got));
	CHECK(memcmp(got, data, sizeof(data)) == 0);
	machine_close(m);
}

/* An emulator: regions that trap could not be split. */
static void trapped_region_cannot_be_split(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, device_a(A, 0x100));
	CHECK_SET(m->gsp, device_b(A + 0x33, 1));
	CHECK_REACHES(m, A + 0x32, 1);
	CHECK_REACHES(m, A + 0x33, 2);
	CHECK_REACHES(m, A + 0x34, 1);
	CHECK_SET(m->gsp, del(A + 0x33, 1));
	CHECK_REACHES(m, A + 0x33, 0);
	CHECK_SET(m->gsp, device_a(A + 0x33, 1));
	CHECK_REACHES(m, A + 0x33, 1);
	machine_close(m);
}

/* A hypervisor had one table for passed-through memory and one for traps: an entry in the first
 * silently disabled a handler. Here there is one map: the last set call wins, and both flags at once
 * are refused. */
static void pass_through_hides_a_trap(void)
{
	struct machine *m = new_machine();
	CHECK_EQ(gasp_guest_add_memory(m->gsp, A, 2 * PAGE, GASP_RAM, 0), EOK);
	CHECK_SET(m->gsp, device_a(A, PAGE));
	CHECK_REACHES(m, A, 1);
	CHECK_REFUSED(m->gsp, 0, EINVAL, mem(A, PAGE, VIRT | GRF_PASS_RD));
	CHECK_EQ(gasp_guest_add_memory(m->gsp, A, PAGE, GASP_RAM, 0), EEXIST);
	CHECK_REACHES(m, A, 1);
	machine_close(m);
}

/* ---- Many regions, and leftovers ---- */

/* A VMM: after an error, the allocator of free space and the map disagreed. Here free space is
 * computed from the map. */
static void free_space_and_map_drift_apart(void)
{
	struct machine *m = new_machine();
	CHECK_SET(m->gsp, mem(0, 0x1000, VIRT), mem(0x2000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_EQ(gasp_find_free(m->gsp, QST_MEMORY, 0x1000, 0x1000), 0x1000);
	CHECK_REFUSED(m->gsp, 0, EEXIST, device_a(0x1000, 0x1001));
	CHECK_EQ(gasp_find_free(m->gsp, QST_MEMORY, 0x1000, 0x1000), 0x1000);
	CHECK_SET(m->gsp, device_a(0x1000, 0x1000));
	CHECK_EQ(gasp_find_free(m->gsp, QST_MEMORY, 0x1000, 0x1000), 0x3000);
	CHECK_SET(m->gsp, del(0x1000, 0x1000));
	CHECK_EQ(gasp_find_free(m->gsp, QST_MEMORY, 0x1000, 0x1000), 0x1000);
	machine_close(m);
}

/* An emulator: an assertion failed at about 1000 regions. */
static void about_a_thousand_regions(void)
{
	struct machine *m = new_machine();
	for (uint32_t i = 1; i <= 5000; i++)
		CHECK_SET(m->gsp, cookie(i, mem(i * 0x20, 0x10, VIRT)));
	for (uint32_t i = 1; i <= 5000; i++) {
		CHECK_REACHES(m, i * 0x20 + 0xf, i);
		CHECK_REACHES(m, i * 0x20 + 0x10, 0);
	}
	CHECK_EQ(m->n, 5000);
	machine_close(m);
}

static const struct test_case cases[] = {
	CASE(failed_move_loses_the_device), CASE(remove_with_a_wrong_length),
	CASE(access_straddling_the_end), CASE(range_that_ends_at_2_to_the_64),
	CASE(last_byte_of_free_space), CASE(location_changes_after_a_split),
	CASE(partial_protect_changes_content),
	CASE(partial_unmap_depends_on_the_neighbour),
	CASE(trapped_region_cannot_be_split), CASE(success_without_effect),
	CASE(bound_check_against_the_wrong_base), CASE(overlap_with_another_base),
	CASE(pass_through_hides_a_trap), CASE(free_space_and_map_drift_apart),
	CASE(exchange_of_two_ranges), CASE(about_a_thousand_regions),
	CASE(partial_registration_left_behind),
};

TEST_MAIN(cases)
