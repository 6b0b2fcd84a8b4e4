/* Accesses over several regions: cut at the boundaries, in order, up to the first failure
 * (specification 10.6.3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

static struct machine machine;

static struct machine *new_machine(void)
{
	machine_open(&machine);
	return &machine;
}

/* One page of RAM at 0x1000, then:
 * [0x2000, 0x2007] a device, [0x2008, 0x2fff] nothing; RAM at 0x3000;
 * [0x4000, 0x400b] nothing, [0x400c, 0x400f] a device, [0x4010, ...] another. */
static struct machine *patchwork(void)
{
	struct machine *m = new_machine();
	CHECK_EQ(gasp_guest_add_memory(m->gsp, 0x1000, PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, 0x3000, PAGE, GASP_RAM, 0), EOK);
	CHECK_SET(m->gsp, cookie(1, mem(0x2000, 8, VIRT)), cookie(2, mem(0x400c, 4, VIRT)),
		  cookie(3, mem(0x4010, 0x10, VIRT)));
	return m;
}

static void set_ram(struct machine *m, uint64_t at, unsigned char value, size_t length)
{
	unsigned char data[64];
	memset(data, value, sizeof(data));
	CHECK_EQ(gasp_guest_write(m->gsp, at, data, length), EOK);
}

/* RAM, a hole, a device and another, 40 bytes. */
static void a_read_of_ram_hole_and_devices(void)
{
	struct machine *m = patchwork();
	unsigned char got[48];
	set_ram(m, 0x3ff0, 0x11, 16);
	memset(got, 0xCC, sizeof(got));
	CHECK_READ(m->cpu, 0x3ff0, got, 40);
	CHECK(all_bytes(got, 0x11, 16));
	CHECK(all_bytes(got + 16, 0xFF, 12));
	CHECK(device_bytes(got + 28, 0x400c, 12));
	CHECK(all_bytes(got + 40, 0xCC, 8));
	CHECK_EQ(m->n, 2);
	CHECK_SEEN(m, 0, 0x400c, 4, 2, GASP_READ);
	CHECK_SEEN(m, 1, 0x4010, 8, 3, GASP_READ);
	machine_close(m);
}

static void a_write_of_ram_device_and_hole(void)
{
	struct machine *m = patchwork();
	unsigned char data[40], got[16];
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i + 1);
	CHECK_WRITE(m->cpu, 0x1ff0, data, 40);
	CHECK_EQ(gasp_guest_read(m->gsp, 0x1ff0, got, 16), EOK);
	CHECK(memcmp(got, data, 16) == 0);
	CHECK_EQ(m->n, 1);
	CHECK_SEEN(m, 0, 0x2000, 8, 1, GASP_WRITE);
	CHECK(memcmp(m->seen[0].data, data + 16, 8) == 0);
	machine_close(m);
}

/* RAM | trap | RAM | hole | trap in one access of 40 bytes, on the caller's own pages. */
static void ram_trap_ram_hole_trap(void)
{
	struct machine *m = new_machine();
	unsigned char *own = own_pages(2), *data = own_pages(3);
	size_t length = 2 * PAGE + 32;
	CHECK_SET(m->gsp, mem_at(0x1000, PAGE, RAM, address_of(own)), cookie(1, mem(0x2000, PAGE, VIRT)),
		  mem_at(0x3000, PAGE, RAM, address_of(own) + PAGE), cookie(2, mem(0x4008, 8, VIRT)));
	memset(own, 0x11, PAGE);
	memset(own + PAGE, 0x22, PAGE);
	CHECK_READ(m->cpu, 0x1ff0, data, length);
	CHECK(all_bytes(data, 0x11, 16));
	CHECK(device_bytes(data + 16, 0x2000, PAGE));
	CHECK(all_bytes(data + 16 + PAGE, 0x22, PAGE));
	CHECK(all_bytes(data + 16 + 2 * PAGE, 0xFF, 8));
	CHECK(device_bytes(data + 24 + 2 * PAGE, 0x4008, 8));
	CHECK_EQ(m->n, 2);
	CHECK_SEEN(m, 0, 0x2000, PAGE, 1, GASP_READ);
	CHECK_SEEN(m, 1, 0x4008, 8, 2, GASP_READ);
	machine_close(m);
	free(own);
	free(data);
}

/* Neighbours that differ only in their cookie, or only in their vdev, are two devices. */
static void devices_side_by_side(void)
{
	struct machine *m = new_machine();
	unsigned char got[8];
	CHECK_SET(m->gsp, cookie(1, mem(0x1000, 2, VIRT)), cookie(2, mem(0x1002, 2, VIRT)),
		  vdev(vdev_a(), cookie(2, mem(0x1004, 1, VIRT))),
		  vdev(vdev_b(), cookie(2, mem(0x1005, 3, VIRT))));
	CHECK_READ(m->cpu, 0x1000, got, 8);
	CHECK_EQ(m->n, 4);
	CHECK_SEEN(m, 0, 0x1000, 2, 1, GASP_READ);
	CHECK_SEEN(m, 1, 0x1002, 2, 2, GASP_READ);
	CHECK_SEEN(m, 2, 0x1004, 1, 2, GASP_READ);
	CHECK_SEEN(m, 3, 0x1005, 3, 2, GASP_READ);
	CHECK(m->seen[2].vdev == vdev_a());
	CHECK(m->seen[3].vdev == vdev_b());
	CHECK(device_bytes(got, 0x1000, 8));
	machine_close(m);
}

/* A device set in two pieces that read as one region gets one call. */
static void one_region_is_one_call(void)
{
	struct machine *m = new_machine();
	unsigned char got[8];
	CHECK_SET(m->gsp, cookie(1, mem(0x1000, 4, VIRT)), cookie(1, mem(0x1004, 4, VIRT)));
	CHECK_READ(m->cpu, 0x1000, got, 8);
	CHECK_EQ(m->n, 1);
	CHECK_SEEN(m, 0, 0x1000, 8, 1, GASP_READ);
	machine_close(m);
}

static void a_hole_at_the_start_and_at_the_end(void)
{
	struct machine *m = new_machine();
	unsigned char got[8];
	CHECK_SET(m->gsp, mem(0x1002, 3, VIRT));
	CHECK_READ(m->cpu, 0x1000, got, 8);
	CHECK(all_bytes(got, 0xFF, 2));
	CHECK(device_bytes(got + 2, 0x1002, 3));
	CHECK(all_bytes(got + 5, 0xFF, 3));
	CHECK_EQ(m->n, 1);
	CHECK_SEEN(m, 0, 0x1002, 3, 0, GASP_READ);
	machine_close(m);
}

static void ports_are_cut_too(void)
{
	struct machine *m = new_machine();
	unsigned char got[4];
	CHECK_SET(m->gsp, cookie(1, port(0x60, 1, VIRT)), cookie(2, port(0x62, 1, VIRT)));
	CHECK_ACCESS(EOK, m->cpu, QST_X86_IO, GASP_READ, 0x60, got, 4);
	CHECK_EQ(m->n, 2);
	CHECK_SEEN(m, 0, 0x60, 1, 1, GASP_READ);
	CHECK_SEEN(m, 1, 0x62, 1, 2, GASP_READ);
	CHECK(got[1] == 0xFF && got[3] == 0xFF);
	machine_close(m);
}

static void chunks_of_memory(void)
{
	struct machine *m = new_machine();
	static unsigned char data[3 * PAGE], got[3 * PAGE];
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 3 + i / 256);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, 0x1000, 0x5000, GASP_RAM, PAGE), EOK);
	CHECK_WRITE(m->cpu, 0x1801, data, sizeof(data));
	CHECK_READ(m->cpu, 0x1801, got, sizeof(got));
	CHECK(memcmp(got, data, sizeof(data)) == 0);
	memset(got, 0, sizeof(got));
	CHECK_EQ(gasp_guest_read(m->gsp, 0x1801, got, sizeof(got)), EOK);
	CHECK(memcmp(got, data, sizeof(data)) == 0);
	machine_close(m);
}

/* ---- The first failure ends it ---- */

static void a_failing_device_ends_the_access(void)
{
	struct machine *m = new_machine();
	unsigned char got[8];
	CHECK_SET(m->gsp, cookie(1, mem(0x1000, 4, VIRT)), cookie(2, mem(0x1004, 4, VIRT)));
	memset(got, 0xCC, sizeof(got));
	m->answer = EIO;
	CHECK_ACCESS(EIO, m->cpu, QST_MEMORY, GASP_READ, 0x1000, got, 8);
	CHECK_EQ(m->n, 1);
	CHECK(all_bytes(got + 4, 0xCC, 4));
	machine_close(m);
}

static void a_hole_ends_the_access_where_holes_fail(void)
{
	struct machine *m = patchwork();
	unsigned char data[24];
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, GASP_UNSUPPORTED_FAIL), EOK);
	memset(data, 0x33, sizeof(data));
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, 0x1ffc, data, 24);
	CHECK_EQ(m->n, 1);	/* the pieces before the hole have happened */
	CHECK_SEEN(m, 0, 0x2000, 8, 1, GASP_WRITE);
	memset(data, 0, sizeof(data));
	CHECK_EQ(gasp_guest_read(m->gsp, 0x1ffc, data, 4), EOK);
	CHECK(all_bytes(data, 0x33, 4));
	memset(data, 0xCC, sizeof(data));
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, 0x400a, data, 24);
	CHECK_EQ(m->n, 1);	/* the pieces after it have not happened */
	CHECK(all_bytes(data + 2, 0xCC, 22));
	machine_close(m);
}

static void a_passing_port_ends_the_access(void)
{
	struct machine *m = new_machine();
	unsigned char got[4];
	CHECK_SET(m->gsp, cookie(1, port(0x60, 1, VIRT)), port_at(0x61, 1, GRF_PASS_RD, 0x61),
		  cookie(2, port(0x62, 2, VIRT)));
	CHECK_ACCESS(ENOTSUP, m->cpu, QST_X86_IO, GASP_READ, 0x60, got, 4);
	CHECK_EQ(m->n, 1);
	CHECK_SEEN(m, 0, 0x60, 1, 1, GASP_READ);
	machine_close(m);
}

/* The handler of the middle piece removes the last: no byte is delivered twice or to the wrong
 * device. */
static int trap_and_delete(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct machine *m = (struct machine *)arg;
	if (trap->cookie == 1)
		CHECK_SET(m->gsp, del(0x1004, 4));
	return machine_trap(arg, cpu, trap);
}

static void a_piece_that_is_removed_during_the_access(void)
{
	struct machine *m = new_machine();
	unsigned char got[12];
	CHECK_SET(m->gsp, cookie(1, mem(0x1000, 4, VIRT)), cookie(2, mem(0x1004, 4, VIRT)),
		  cookie(3, mem(0x1008, 4, VIRT)));
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_and_delete, m), EOK);
	CHECK_READ(m->cpu, 0x1000, got, 12);
	CHECK_SEEN(m, 0, 0x1000, 4, 1, GASP_READ);
	CHECK_SEEN(m, m->n - 1, 0x1008, 4, 3, GASP_READ);
	CHECK(device_bytes(got, 0x1000, 4));
	CHECK(all_bytes(got + 4, 0xFF, 4) || device_bytes(got + 4, 0x1004, 4));
	CHECK(device_bytes(got + 8, 0x1008, 4));
	machine_close(m);
}

static const struct test_case cases[] = {
	CASE(a_read_of_ram_hole_and_devices), CASE(a_write_of_ram_device_and_hole),
	CASE(ram_trap_ram_hole_trap), CASE(devices_side_by_side), CASE(one_region_is_one_call),
	CASE(a_hole_at_the_start_and_at_the_end), CASE(ports_are_cut_too), CASE(chunks_of_memory),
	CASE(a_failing_device_ends_the_access), CASE(a_hole_ends_the_access_where_holes_fail),
	CASE(a_passing_port_ends_the_access), CASE(a_piece_that_is_removed_during_the_access),
};

TEST_MAIN(cases)
