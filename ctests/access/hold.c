/* Accesses that find nothing wait while another thread holds the lock, and look again
 * (specification 10.11).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "hold.h"

static struct machine machine;

/* ---- What the holder leaves behind ---- */

static void add_device(struct guest_system *gsp)
{
	CHECK_SET(gsp, cookie(5, mem(AT, PAGE, VIRT)));
}

static void add_ports(struct guest_system *gsp)
{
	CHECK_SET(gsp, cookie(5, port(0x60, 4, VIRT)));
}

static void remove_all(struct guest_system *gsp)
{
	CHECK_SET(gsp, del(0, 0x100000), port(0, 0x10000, GRF_NONE));
}

/* An access of this kind, while a thread holds the lock and sets `after` in the end. */
static void access_beside(unsigned flags, unsigned type, unsigned kind, uint64_t location,
			  void (*before)(struct guest_system *), void (*after)(struct guest_system *),
			  int want)
{
	struct machine *m = &machine;
	unsigned char data[4] = { 0, 0, 0, 0 };
	holding_open(m, flags);
	struct holder h = holder_of(m->gsp, (uint16_t)type);
	h.before = before;
	h.after = after;
	h.pause = 50;
	holder_start(&h);
	CHECK_ACCESS(want, m->cpu, type, kind, location, data, sizeof(data));
	if (want == EOK && kind == GASP_READ)
		CHECK(device_bytes(data, location, sizeof(data)));
	holder_end(&h);
	struct gasp_counts c = counts_of(m->gsp);
	CHECK_EQ(c.trapped[kind], want == EOK);
	CHECK_EQ(c.unsupported[kind], want != EOK);
	machine_close(m);
}

static void a_read_and_a_write_of_memory(void)
{
	access_beside(0, QST_MEMORY, GASP_READ, AT, NULL, add_device, EOK);
	CHECK_SEEN(&machine, 0, AT, 4, 5, GASP_READ);
	access_beside(0, QST_MEMORY, GASP_WRITE, AT + PAGE - 4, NULL, add_device, EOK);
	CHECK_SEEN(&machine, 0, AT + PAGE - 4, 4, 5, GASP_WRITE);
}

static void a_read_and_a_write_of_ports(void)
{
	access_beside(0, QST_X86_IO, GASP_READ, 0x60, NULL, add_ports, EOK);
	access_beside(0, QST_X86_IO, GASP_WRITE, 0x60, NULL, add_ports, EOK);
}

static void in_strict_mode(void)
{
	access_beside(GASP_GUEST_STRICT, QST_MEMORY, GASP_READ, AT, NULL, add_device, EOK);
	access_beside(GASP_GUEST_STRICT, QST_X86_IO, GASP_WRITE, 0x60, NULL, add_ports, EOK);
}

static void with_guarded_copies(void)
{
	access_beside(GASP_GUEST_GUARDED, QST_MEMORY, GASP_READ, AT, NULL, add_device, EOK);
}

static void add_reads_only(struct guest_system *gsp)
{
	CHECK_SET(gsp, mem(AT, PAGE, GRF_VIRT_RD));
}

static void a_region_without_the_right(void)
{
	access_beside(0, QST_MEMORY, GASP_WRITE, AT, add_reads_only, add_device, EOK);
}

/* What is left takes no fetch, whatever the holder does. */
static void a_trapped_fetch(void)
{
	access_beside(0, QST_MEMORY, GASP_EXECUTE, AT, NULL, add_device, EFAULT);
	access_beside(0, QST_MEMORY, GASP_EXECUTE, AT, add_device, remove_all, EFAULT);
}

static void nothing_is_left(void)
{
	access_beside(0, QST_MEMORY, GASP_READ, AT, NULL, NULL, EFAULT);
	CHECK_STR(gasp_last_error(), "nothing takes the access to memory [0x8000, 0x8003]");
	access_beside(0, QST_X86_IO, GASP_WRITE, 0xFFFC, NULL, NULL, EFAULT);
}

static void the_last_locations(void)
{
	static const uint64_t last = TOP - 3;
	access_beside(0, QST_MEMORY, GASP_READ, last, NULL, NULL, EFAULT);
	access_beside(0, QST_MEMORY, GASP_WRITE, 0, NULL, NULL, EFAULT);
}

/* ---- Pieces ---- */

static void add_both_ends(struct guest_system *gsp)
{
	CHECK_SET(gsp, cookie(1, mem(AT, 2, VIRT)), cookie(2, mem(AT + 4, 2, VIRT)));
}

static void add_middle(struct guest_system *gsp)
{
	CHECK_SET(gsp, cookie(3, mem(AT + 2, 2, VIRT)), cookie(4, mem(AT + 6, 4, VIRT)));
}

static void each_piece_waits_for_itself(void)
{
	struct machine *m = &machine;
	unsigned char data[10];
	holding_open(m, 0);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	h.before = add_both_ends;
	h.after = add_middle;
	h.pause = 50;
	holder_start(&h);
	CHECK_READ(m->cpu, AT, data, sizeof(data));
	holder_end(&h);
	CHECK(device_bytes(data, AT, sizeof(data)));
	CHECK_EQ(m->n, 4);
	CHECK_SEEN(m, 0, AT, 2, 1, GASP_READ);
	CHECK_SEEN(m, 1, AT + 2, 2, 3, GASP_READ);
	CHECK_SEEN(m, 2, AT + 4, 2, 2, GASP_READ);
	CHECK_SEEN(m, 3, AT + 6, 4, 4, GASP_READ);
	machine_close(m);
}

/* ---- Who does not wait ---- */

static void the_holder_itself(void)
{
	struct machine *m = &machine;
	unsigned char data = 0;
	holding_open(m, 0);
	CHECK_EQ(gasp_lock(m->gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(m->gsp, QST_MEMORY), EOK);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, AT, &data, 1);
	CHECK_STR(gasp_last_error(), "nothing takes the access to memory [0x8000, 0x8000]");
	CHECK_EQ(gasp_guest_locks_held(m->gsp, QST_MEMORY), 2);
	machine_close(m);
}

static void an_access_that_finds_something(void)
{
	struct machine *m = &machine;
	uint32_t data = 0;
	holding_open(m, 0);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, 0, PAGE, GASP_RAM, 0), EOK);
	add_device(m->gsp);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	holder_start(&h);
	CHECK_READ(m->cpu, 0, &data, 4);
	CHECK_WRITE(m->cpu, PAGE - 4, &data, 4);
	CHECK_READ(m->cpu, AT, &data, 4);
	holder_end(&h);
	machine_close(m);
}

static void a_miss_in_the_other_space(void)
{
	struct machine *m = &machine;
	unsigned char data = 0;
	holding_open(m, 0);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	holder_start(&h);
	CHECK_ACCESS(EFAULT, m->cpu, QST_X86_IO, GASP_READ, 0x60, &data, 1);
	holder_end(&h);
	machine_close(m);
}

static void a_trap_without_a_handler(void)
{
	struct machine *m = &machine;
	unsigned char data = 0;
	holding_open(m, 0);
	add_device(m->gsp);
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, NULL, NULL), EOK);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	holder_start(&h);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, AT, &data, 1);
	holder_end(&h);
	machine_close(m);
}

static void a_guest_without_the_option(void)
{
	struct machine *m = &machine;
	unsigned char data = 0;
	machine_open(m);
	CHECK_EQ(gasp_guest_set_hold_limit(m->gsp, LONG), EOK);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	holder_start(&h);
	CHECK_READ(m->cpu, AT, &data, 1);
	CHECK_EQ(data, 0xFF);
	holder_end(&h);
	machine_close(m);
}

static void host_reads_and_queries(void)
{
	struct machine *m = &machine;
	struct gasp_region r = mem(AT, 1, VIRT);
	unsigned char data = 0;
	holding_open(m, 0);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	holder_start(&h);
	CHECK_EQ(gasp_guest_read(m->gsp, AT, &data, 1), ENXIO);
	CHECK_EQ(gasp_cpu_info(m->cpu, &r.guest, &r), ENXIO);
	CHECK_EQ(gasp_region_info(m->gsp, &r.guest, &r), ENXIO);
	holder_end(&h);
	machine_close(m);
}

/* ---- Inside of a trap handler ---- */

static int read_further(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	(void)arg;
	if (trap->cookie == 1)
		return read_at(cpu, AT, trap->data, trap->length);
	device_fill(trap);
	return EOK;
}

static void an_access_inside_of_a_handler(void)
{
	struct machine *m = &machine;
	unsigned char data[4];
	holding_open(m, 0);
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, read_further, NULL), EOK);
	CHECK_SET(m->gsp, cookie(1, mem(0x1000, 4, VIRT)));
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	h.after = add_device;
	h.pause = 50;
	holder_start(&h);
	CHECK_READ(m->cpu, 0x1000, data, sizeof(data));
	CHECK(device_bytes(data, AT, sizeof(data)));
	holder_end(&h);
	machine_close(m);
}

static const struct test_case cases[] = {
	CASE(a_read_and_a_write_of_memory), CASE(a_read_and_a_write_of_ports), CASE(in_strict_mode),
	CASE(with_guarded_copies), CASE(a_region_without_the_right), CASE(a_trapped_fetch),
	CASE(nothing_is_left), CASE(the_last_locations), CASE(each_piece_waits_for_itself),
	CASE(the_holder_itself), CASE(an_access_that_finds_something),
	CASE(a_miss_in_the_other_space), CASE(a_trap_without_a_handler),
	CASE(a_guest_without_the_option), CASE(host_reads_and_queries),
	CASE(an_access_inside_of_a_handler),
};

TEST_MAIN(cases)
