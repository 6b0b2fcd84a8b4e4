/* gasp_cpu_access(): to memory, to a trap handler, unsupported; and refusals (specification 10.6).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#define RAM_AT 0x10000u		/* 4 pages */
#define ROM_AT 0x20000u		/* 1 page */
#define DEVICE_AT 0x30000u	/* 0x1001 bytes */

static struct machine machine;

static struct machine *machine_with_all(void)
{
	machine_open(&machine);
	CHECK_EQ(gasp_guest_add_memory(machine.gsp, RAM_AT, 4 * PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(machine.gsp, ROM_AT, PAGE, GASP_ROM, 0), EOK);
	CHECK_SET(machine.gsp, vdev(vdev_a(), cookie(77, mem(DEVICE_AT, 0x1001, VIRT))));
	return &machine;
}

static unsigned char *numbers(void)
{
	static unsigned char data[2 * PAGE];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 31 + 5);
	return data;
}

/* ---- Memory ---- */

static void ram_round(struct machine *m, uint64_t at, size_t length)
{
	static unsigned char got[2 * PAGE];
	unsigned char *data = numbers();
	memset(got, 0xCC, sizeof(got));
	CHECK_WRITE(m->cpu, at, data, length);
	CHECK_EQ(gasp_guest_read(m->gsp, at, got, length), EOK);
	CHECK(memcmp(got, data, length) == 0);
	memset(got, 0xCC, sizeof(got));
	CHECK_READ(m->cpu, at, got, length);
	CHECK(memcmp(got, data, length) == 0);
	CHECK_EQ(got[length], 0xCC);
	memset(got, 0xCC, sizeof(got));
	CHECK_FETCH(m->cpu, at, got, length);
	CHECK(memcmp(got, data, length) == 0);
	CHECK_EQ(got[length], 0xCC);
}

static void ram_in_all_lengths(void)
{
	struct machine *m = machine_with_all();
	ram_round(m, RAM_AT, 1);
	ram_round(m, RAM_AT + 0x10, 2);
	ram_round(m, RAM_AT + 0x20, 3);
	ram_round(m, RAM_AT + 0x30, 4);
	ram_round(m, RAM_AT + 0x40, 8);
	ram_round(m, RAM_AT + 0x50, 16);
	ram_round(m, RAM_AT, 4096);
	CHECK_EQ(m->n, 0);
	machine_close(m);
}

static void ram_unaligned(void)
{
	struct machine *m = machine_with_all();
	ram_round(m, RAM_AT + 1, 2);
	ram_round(m, RAM_AT + 3, 3);
	ram_round(m, RAM_AT + 2, 4);
	ram_round(m, RAM_AT + 0x1ffd, 8);	/* over the end of a page */
	ram_round(m, RAM_AT + 7, 16);
	ram_round(m, RAM_AT + 0xfff, 4096);
	ram_round(m, RAM_AT + 4 * PAGE - 1, 1);
	machine_close(m);
}

/* The caller's buffer can be anywhere. */
static void data_unaligned(void)
{
	struct machine *m = machine_with_all();
	unsigned char data[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, got[16] = { 0 };
	CHECK_WRITE(m->cpu, RAM_AT, data + 1, 8);
	CHECK_READ(m->cpu, RAM_AT, got + 3, 8);
	CHECK(memcmp(got + 3, data + 1, 8) == 0);
	CHECK_WRITE(m->cpu, RAM_AT + 4, data + 3, 4);
	CHECK_READ(m->cpu, RAM_AT + 6, got + 1, 2);
	CHECK(got[1] == 5 && got[2] == 6);
	machine_close(m);
}

/* A device that moves data inside of guest memory uses its view as the buffer. */
static void data_in_guest_memory(void)
{
	struct machine *m = machine_with_all();
	struct gasp_span s;
	unsigned char *data = numbers(), got[64];
	REQUIRE(gasp_guest_next(m->gsp, QST_MEMORY, RAM_AT, &s) == EOK);
	unsigned char *host = (unsigned char *)(uintptr_t)s.host_location;
	CHECK_EQ(gasp_guest_write(m->gsp, RAM_AT, data, 64), EOK);
	CHECK_WRITE(m->cpu, RAM_AT + 16, host, 64);	/* they overlap */
	CHECK_EQ(gasp_guest_read(m->gsp, RAM_AT + 16, got, 64), EOK);
	CHECK(memcmp(got, data, 64) == 0);
	machine_close(m);
}

static void own_memory(void)
{
	struct machine *m = &machine;
	unsigned char *own = own_pages(1), data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	machine_open(m);
	CHECK_SET(m->gsp, mem_at(0x5000, PAGE, RAM, address_of(own)));
	CHECK_WRITE(m->cpu, 0x5ff8, data, 8);
	CHECK(memcmp(own + 0xff8, data, 8) == 0);
	machine_close(m);
	free(own);
}

static void rom(void)
{
	struct machine *m = machine_with_all();
	unsigned char data[4] = { 1, 2, 3, 4 }, got[4] = { 9, 9, 9, 9 };
	CHECK_EQ(gasp_guest_write(m->gsp, ROM_AT, data, 4), EOK);
	CHECK_READ(m->cpu, ROM_AT, got, 4);
	CHECK(memcmp(got, data, 4) == 0);
	memset(got, 9, 4);
	CHECK_FETCH(m->cpu, ROM_AT, got, 4);
	CHECK(memcmp(got, data, 4) == 0);
	CHECK_WRITE(m->cpu, ROM_AT, got + 1, 3);	/* is dropped */
	CHECK_READ(m->cpu, ROM_AT, got, 4);
	CHECK(memcmp(got, data, 4) == 0);
	CHECK_EQ(m->n, 0);
	machine_close(m);
}

/* ---- Traps ---- */

static void a_device_is_read(void)
{
	struct machine *m = machine_with_all();
	unsigned char got[20];
	memset(got, 0xCC, sizeof(got));
	CHECK_READ(m->cpu, DEVICE_AT + 0x13, got, 16);
	CHECK_EQ(m->n, 1);
	CHECK_SEEN(m, 0, DEVICE_AT + 0x13, 16, 77, GASP_READ);
	CHECK(m->seen[0].vdev == vdev_a());
	CHECK_EQ(m->seen[0].type, QST_MEMORY);
	CHECK(device_bytes(got, DEVICE_AT + 0x13, 16));
	CHECK_EQ(got[16], 0xCC);
	machine_close(m);
}

static void a_device_is_written(void)
{
	struct machine *m = machine_with_all();
	unsigned char data[3] = { 11, 12, 13 };
	CHECK_WRITE(m->cpu, DEVICE_AT + 0xffe, data, 3);
	CHECK_EQ(m->n, 1);
	CHECK_SEEN(m, 0, DEVICE_AT + 0xffe, 3, 77, GASP_WRITE);
	CHECK(m->seen[0].vdev == vdev_a());
	CHECK(memcmp(m->seen[0].data, data, 3) == 0);
	machine_close(m);
}

static void all_lengths_are_one_call(void)
{
	struct machine *m = machine_with_all();
	static unsigned char data[PAGE];
	CHECK_READ(m->cpu, DEVICE_AT, data, 1);
	CHECK_WRITE(m->cpu, DEVICE_AT + 1, data, 2);
	CHECK_READ(m->cpu, DEVICE_AT + 1, data, 4);
	CHECK_WRITE(m->cpu, DEVICE_AT + 5, data, 8);
	CHECK_READ(m->cpu, DEVICE_AT + 1, data, 4096);
	CHECK_EQ(m->n, 5);
	CHECK_SEEN(m, 0, DEVICE_AT, 1, 77, GASP_READ);
	CHECK_SEEN(m, 1, DEVICE_AT + 1, 2, 77, GASP_WRITE);
	CHECK_SEEN(m, 2, DEVICE_AT + 1, 4, 77, GASP_READ);
	CHECK_SEEN(m, 3, DEVICE_AT + 5, 8, 77, GASP_WRITE);
	CHECK_SEEN(m, 4, DEVICE_AT + 1, 4096, 77, GASP_READ);
	CHECK(device_bytes(data, DEVICE_AT + 1, 4096));
	machine_close(m);
}

/* Reads trap and writes pass, and the other way round. */
static void half_trapped_memory(void)
{
	struct machine *m = machine_with_all();
	unsigned char data[2] = { 1, 2 }, got[2] = { 0, 0 };
	CHECK_SET(m->gsp, cookie(1, mem(RAM_AT, PAGE, GRF_VIRT_RD | GRF_PASS_WR)),
		  cookie(2, mem(RAM_AT + PAGE, PAGE, GRF_VIRT_WR | GRF_PASS_RD | GRF_PASS_EX)));
	CHECK_WRITE(m->cpu, RAM_AT, data, 2);
	CHECK_EQ(m->n, 0);
	CHECK_READ(m->cpu, RAM_AT, got, 2);
	CHECK_SEEN(m, 0, RAM_AT, 2, 1, GASP_READ);
	CHECK_EQ(gasp_guest_read(m->gsp, RAM_AT, got, 2), EOK);
	CHECK(memcmp(got, data, 2) == 0);
	CHECK_WRITE(m->cpu, RAM_AT + PAGE, data, 2);
	CHECK_SEEN(m, 1, RAM_AT + PAGE, 2, 2, GASP_WRITE);
	CHECK_READ(m->cpu, RAM_AT + PAGE, got, 2);
	CHECK_FETCH(m->cpu, RAM_AT + PAGE, got, 2);
	CHECK(all_bytes(got, 0, 2));
	CHECK_EQ(m->n, 2);
	machine_close(m);
}

/* On QNX too, the `unsupported` option decides about a trapped fetch. */
static void a_trapped_fetch_goes_to_the_policy(void)
{
	struct machine *m = machine_with_all();
	unsigned char got[4] = { 0 };
	CHECK_FETCH(m->cpu, DEVICE_AT, got, 4);
	CHECK(all_bytes(got, 0xFF, 4));
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, GASP_UNSUPPORTED_FAIL), EOK);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_EXECUTE, DEVICE_AT, got, 4);
	CHECK_EQ(m->n, 0);
	machine_close(m);
}

static void ports(void)
{
	struct machine *m = machine_with_all();
	unsigned char data[4] = { 1, 2, 3, 4 };
	CHECK_SET(m->gsp, vdev(vdev_b(), cookie(5, port(0x60, 4, VIRT))));
	CHECK_ACCESS(EOK, m->cpu, QST_X86_IO, GASP_WRITE, 0x61, data, 2);
	CHECK_SEEN(m, 0, 0x61, 2, 5, GASP_WRITE);
	CHECK_EQ(m->seen[0].type, QST_X86_IO);
	CHECK(m->seen[0].vdev == vdev_b());
	CHECK_ACCESS(EOK, m->cpu, QST_X86_IO, GASP_READ, 0x60, data, 4);
	CHECK(device_bytes(data, 0x60, 4));
	CHECK_READ(m->cpu, 0x60, data, 4);	/* the memory space is empty there */
	CHECK(all_bytes(data, 0xFF, 4));
	CHECK_EQ(m->n, 2);
	machine_close(m);
}

static void pci_io_is_memory(void)
{
	struct machine *m = machine_with_all();
	unsigned char data[4];
	CHECK_ACCESS(EOK, m->cpu, QST_PCI_IO, GASP_READ, DEVICE_AT, data, 4);
	CHECK_SEEN(m, 0, DEVICE_AT, 4, 77, GASP_READ);
	CHECK_EQ(m->seen[0].type, QST_MEMORY);
	machine_close(m);
}

static void ports_that_pass_through(void)
{
	struct machine *m = machine_with_all();
	unsigned char data[4] = { 1, 2, 3, 4 };
	CHECK_SET(m->gsp, port_at(0x70, 2, GRF_PASS_RD | GRF_PASS_WR, 0x70));
	CHECK_ACCESS(ENOTSUP, m->cpu, QST_X86_IO, GASP_READ, 0x70, data, 1);
	CHECK_ACCESS(ENOTSUP, m->cpu, QST_X86_IO, GASP_WRITE, 0x71, data, 1);
	CHECK_HAS(gasp_last_error(), "0x71");
	CHECK(data[0] == 1 && data[1] == 2);
	machine_close(m);
}

static void without_a_handler_there_is_nothing(void)
{
	struct machine *m = machine_with_all();
	unsigned char got[2] = { 0 };
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, NULL, NULL), EOK);
	CHECK_READ(m->cpu, DEVICE_AT, got, 2);
	CHECK(all_bytes(got, 0xFF, 2));
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, GASP_UNSUPPORTED_FAIL), EOK);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, DEVICE_AT, got, 2);
	CHECK_EQ(counts_of(m->gsp).trapped[GASP_READ], 0);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 1);
	machine_close(m);
}

/* ---- Both ends of both spaces ---- */

static void the_ends_of_memory(void)
{
	struct machine *m = &machine;
	unsigned char *own = own_pages(2), data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	machine_open(m);
	CHECK_SET(m->gsp, mem_at(0, PAGE, RAM, address_of(own)),
		  mem_at(TOP - PAGE + 1, PAGE, RAM, address_of(own) + PAGE));
	CHECK_WRITE(m->cpu, 0, data, 1);
	CHECK_WRITE(m->cpu, TOP, data, 1);
	CHECK_WRITE(m->cpu, TOP - 15, data, 8);
	CHECK_EQ(own[0], 1);
	CHECK_EQ(own[2 * PAGE - 1], 1);
	CHECK_EQ(own[2 * PAGE - 16], 1);
	CHECK_SET(m->gsp, del(TOP - PAGE + 1, PAGE), mem(TOP, 1, VIRT), mem(TOP - 1, 1, GRF_VIRT_RD));
	CHECK_READ(m->cpu, TOP - 1, data, 2);
	CHECK_EQ(m->n, 2);
	CHECK_SEEN(m, 1, TOP, 1, 0, GASP_READ);
	CHECK_ACCESS(EINVAL, m->cpu, QST_MEMORY, GASP_READ, TOP, data, 2);
	CHECK_ACCESS(EINVAL, m->cpu, QST_MEMORY, GASP_READ, 2, data, SIZE_MAX);
	CHECK_EQ(m->n, 2);
	machine_close(m);
	free(own);
}

static void the_ends_of_the_ports(void)
{
	struct machine *m = &machine;
	unsigned char data[4] = { 0 };
	machine_open(m);
	CHECK_SET(m->gsp, port(0, 1, VIRT), port(0xFFFF, 1, VIRT));
	CHECK_ACCESS(EOK, m->cpu, QST_X86_IO, GASP_READ, 0, data, 1);
	CHECK_ACCESS(EOK, m->cpu, QST_X86_IO, GASP_WRITE, 0xFFFF, data, 1);
	CHECK_SEEN(m, 1, 0xFFFF, 1, 0, GASP_WRITE);
	CHECK_ACCESS(EINVAL, m->cpu, QST_X86_IO, GASP_READ, 0xFFFF, data, 2);
	CHECK_ACCESS(EINVAL, m->cpu, QST_X86_IO, GASP_READ, 0x10000, data, 1);
	CHECK_ACCESS(EINVAL, m->cpu, QST_X86_IO, GASP_READ, TOP, data, 1);
	CHECK_EQ(m->n, 2);
	machine_close(m);
}

/* ---- Refusals ---- */

static void bad_arguments(void)
{
	struct machine *m = machine_with_all();
	unsigned char data[4] = { 1, 2, 3, 4 };
	CHECK_ACCESS(EINVAL, m->cpu, QST_MEMORY, GASP_READ, RAM_AT, data, 0);
	CHECK_ACCESS(EINVAL, m->cpu, QST_MEMORY, GASP_READ, RAM_AT, NULL, 1);
	CHECK_ACCESS(EINVAL, m->cpu, QST_MEMORY, 3, RAM_AT, data, 1);
	CHECK_ACCESS(EINVAL, m->cpu, QST_MEMORY, 0x10000, RAM_AT, data, 1);
	CHECK_ACCESS(EINVAL, m->cpu, QST_VIRTUAL, GASP_READ, RAM_AT, data, 1);
	CHECK_ACCESS(EINVAL, m->cpu, 0x10000, GASP_READ, RAM_AT, data, 1);
	CHECK_ACCESS(EINVAL, m->cpu, QST_X86_MSR, GASP_READ, RAM_AT, data, 1);
	CHECK_ACCESS(EINVAL, NULL, QST_MEMORY, GASP_READ, RAM_AT, data, 1);
	CHECK(data[0] == 1 && data[3] == 4);
	CHECK_EQ(m->n, 0);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_READ], 0);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 0);
	machine_close(m);
}

static void bad_guests(void)
{
	struct guest_system *dead = dead_guest();
	struct gasp_counts counts, mark;
	memset(&mark, 0xEE, sizeof(mark));
	counts = mark;
	errno = 0;
	CHECK(gasp_cpu_create(NULL) == NULL);
	CHECK_EQ(errno, EINVAL);
	errno = 0;
	CHECK(gasp_cpu_create(dead) == NULL);
	CHECK_EQ(errno, EINVAL);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_set_trap_handler(NULL, machine_trap, NULL), EINVAL);
	CHECK_EQ(gasp_guest_set_trap_handler(dead, machine_trap, NULL), EINVAL);
	CHECK_EQ(gasp_guest_set_unsupported(NULL, GASP_UNSUPPORTED_FAIL), EINVAL);
	CHECK_EQ(gasp_guest_set_unsupported(dead, GASP_UNSUPPORTED_FAIL), EINVAL);
	CHECK_EQ(gasp_guest_counts(NULL, &counts), EINVAL);
	CHECK_EQ(gasp_guest_counts(dead, &counts), EINVAL);
	CHECK(memcmp(&counts, &mark, sizeof(mark)) == 0);
	CHECK_EQ(errno, ERRNO_MARK);
}

static const struct test_case cases[] = {
	CASE(ram_in_all_lengths), CASE(ram_unaligned), CASE(data_unaligned),
	CASE(data_in_guest_memory), CASE(own_memory), CASE(rom), CASE(a_device_is_read),
	CASE(a_device_is_written), CASE(all_lengths_are_one_call), CASE(half_trapped_memory),
	CASE(a_trapped_fetch_goes_to_the_policy), CASE(ports), CASE(pci_io_is_memory),
	CASE(ports_that_pass_through), CASE(without_a_handler_there_is_nothing),
	CASE(the_ends_of_memory), CASE(the_ends_of_the_ports), CASE(bad_arguments), CASE(bad_guests),
};

TEST_MAIN(cases)
