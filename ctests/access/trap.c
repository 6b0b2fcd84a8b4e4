/* A trap handler may call every function of the library (specification 10.7).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#define DEVICE 0x30000u
#define OTHER 0x40000u
#define RAM_AT 0x10000u

static struct machine machine;
/* Called by the handler on its first call. */
static void (*action)(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap);

static int trap_with_action(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct machine *m = (struct machine *)arg;
	unsigned before = m->n;
	int answer = machine_trap(arg, cpu, trap);
	if (before == 0)
		action(m, cpu, trap);
	return answer;
}

/* RAM, a device with vdev a, another with vdev b, ports with cookie 9. */
static struct machine *machine_that(void (*act)(struct machine *, struct gasp_cpu *,
						const struct gasp_trap *))
{
	machine_open(&machine);
	action = act;
	CHECK_EQ(gasp_guest_set_trap_handler(machine.gsp, trap_with_action, &machine), EOK);
	CHECK_EQ(gasp_guest_add_memory(machine.gsp, RAM_AT, 2 * PAGE, GASP_RAM, 0), EOK);
	CHECK_SET(machine.gsp, vdev(vdev_a(), cookie(1, mem(DEVICE, PAGE, VIRT))),
		  vdev(vdev_b(), cookie(2, mem(OTHER, PAGE, VIRT))), cookie(9, port(0x60, 4, VIRT)));
	return &machine;
}

static void read_the_device(struct machine *m)
{
	unsigned char got[4] = { 0 };
	CHECK_READ(m->cpu, DEVICE, got, 4);
	CHECK(device_bytes(got, DEVICE, 4));
}

/* ---- Changing the map ---- */

static void delete_it(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char got = 0;
	CHECK_SET(m->gsp, del(DEVICE, PAGE));
	CHECK(trap->vdev == vdev_a() && trap->cookie == 1);
	CHECK_EQ(trap->location, DEVICE);
	CHECK_READ(cpu, DEVICE, &got, 1);	/* an access that starts now */
	CHECK_EQ(got, 0xFF);
}

static void deletes_the_very_region(void)
{
	struct machine *m = machine_that(delete_it);
	unsigned char got = 0;
	read_the_device(m);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(got, 0xFF);
	CHECK_EQ(m->n, 1);
	machine_close(m);
}

static void move_it(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	(void)cpu;
	(void)trap;
	CHECK_SET(m->gsp, del(DEVICE, PAGE), vdev(vdev_a(), cookie(1, mem(DEVICE + 0x100000, PAGE, VIRT))));
}

static void moves_the_very_region(void)
{
	struct machine *m = machine_that(move_it);
	unsigned char got = 0;
	read_the_device(m);
	CHECK_READ(m->cpu, DEVICE + 0x100000, &got, 1);
	CHECK_EQ(m->n, 2);
	CHECK_SEEN(m, 1, DEVICE + 0x100000, 1, 1, GASP_READ);
	machine_close(m);
}

static void make_it_ram(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char data[4] = { 4, 3, 2, 1 };
	(void)trap;
	CHECK_SET(m->gsp, del(DEVICE, PAGE));
	CHECK_EQ(gasp_guest_add_memory(m->gsp, DEVICE, PAGE, GASP_RAM, 0), EOK);
	CHECK_WRITE(cpu, DEVICE, data, 4);
}

static void replaces_itself_by_memory(void)
{
	struct machine *m = machine_that(make_it_ram);
	unsigned char got[4] = { 0 };
	read_the_device(m);
	CHECK_READ(m->cpu, DEVICE, got, 4);
	CHECK_EQ(got[0], 4);
	CHECK_EQ(m->n, 1);
	machine_close(m);
}

static void set_and_query(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct gasp_region r = mem(0x50000, 0x10, VIRT);
	(void)cpu;
	(void)trap;
	CHECK_EQ(gasp_lock(m->gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(m->gsp, QST_X86_IO), EOK);
	CHECK_SET(m->gsp, r, port(0x70, 2, VIRT));
	gasp_region_set(m->gsp, 1, &r);
	CHECK_EQ(gasp_find_free(m->gsp, QST_MEMORY, PAGE, PAGE), 0);
	CHECK_EQ(gasp_region_info(m->gsp, &r.guest, &r), EOK);
	CHECK_EQ(gasp_unlock(m->gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(m->gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_walk_count(m->gsp, 0, 0), 1);
}

static void sets_regions_and_takes_locks(void)
{
	struct machine *m = machine_that(set_and_query);
	read_the_device(m);
	CHECK_EQ(m->n, 1);
	machine_close(m);
}

/* The access itself holds no lock that another thread could wait for. */
static void *set_in_thread(void *arg)
{
	struct machine *m = (struct machine *)arg;
	CHECK_SET(m->gsp, mem(0x60000, PAGE, VIRT), port(0x80, 1, VIRT));
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, machine_trap, m), EOK);
	return NULL;
}

static void let_another_set(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	(void)cpu;
	(void)trap;
	thread_run(set_in_thread, m);
}

static void another_thread_sets_meanwhile(void)
{
	struct machine *m = machine_that(let_another_set);
	read_the_device(m);
	machine_close(m);
}

static void *read_in_thread(void *arg)
{
	struct machine *m = (struct machine *)arg;
	struct gasp_cpu *cpu = new_cpu(m->gsp);
	unsigned char got = 7;
	CHECK_READ(cpu, RAM_AT, &got, 1);
	CHECK_EQ(got, 0);
	gasp_cpu_destroy(cpu);
	return NULL;
}

static void accesses_do_not_wait_for_a_holder(void)
{
	struct machine *m = machine_that(NULL);
	CHECK_EQ(gasp_lock(m->gsp, QST_MEMORY), EOK);
	thread_run(read_in_thread, m);
	CHECK_EQ(gasp_unlock(m->gsp, QST_MEMORY), EOK);
	machine_close(m);
}

/* ---- Guest memory ---- */

static void copy_memory(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, got[8] = { 0 };
	(void)trap;
	CHECK_EQ(gasp_guest_write(m->gsp, RAM_AT, data, 8), EOK);
	CHECK_READ(cpu, RAM_AT, got, 8);
	CHECK(memcmp(got, data, 8) == 0);
	CHECK_WRITE(cpu, RAM_AT + 8, data, 8);
	CHECK_EQ(gasp_guest_read(m->gsp, RAM_AT + 8, got, 8), EOK);
	CHECK(memcmp(got, data, 8) == 0);
	void *view = gasp_map_sys(m->gsp, 1 /* PROT_READ */, RAM_AT, 16);
	CHECK(view != NULL && memcmp(view, data, 8) == 0);
	gasp_unmap(m->gsp, view, 16, 0);
}

static void accesses_guest_memory(void)
{
	struct machine *m = machine_that(copy_memory);
	read_the_device(m);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_READ], 1);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_WRITE], 1);
	machine_close(m);
}

/* ---- Other devices, and itself ---- */

static void read_the_other(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char got[2] = { 0 };
	(void)m;
	(void)trap;
	CHECK_READ(cpu, OTHER + 8, got, 2);
	CHECK(device_bytes(got, OTHER + 8, 2));
	CHECK_ACCESS(EOK, cpu, QST_X86_IO, GASP_WRITE, 0x61, got, 1);
}

static void reaches_another_device(void)
{
	struct machine *m = machine_that(read_the_other);
	read_the_device(m);
	CHECK_EQ(m->n, 3);
	CHECK_SEEN(m, 0, DEVICE, 4, 1, GASP_READ);
	CHECK_SEEN(m, 1, OTHER + 8, 2, 2, GASP_READ);
	CHECK_SEEN(m, 2, 0x61, 1, 9, GASP_WRITE);
	machine_close(m);
}

static void read_itself(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char got[8];
	memset(got, 0xCC, sizeof(got));
	CHECK_ACCESS(ELOOP, cpu, QST_MEMORY, GASP_READ, trap->location, got, 4);
	CHECK(all_bytes(got, 0xCC, 8));
	CHECK_ACCESS(ELOOP, cpu, QST_MEMORY, GASP_WRITE, DEVICE + 0x800, got, 1);
	CHECK(gasp_last_error()[0] != '\0');
	CHECK_EQ(m->n, 1);
	CHECK_READ(cpu, OTHER, got, 1);		/* another device can still be reached */
}

static void reaches_itself(void)
{
	struct machine *m = machine_that(read_itself);
	read_the_device(m);
	read_the_device(m);
	CHECK_EQ(m->n, 3);
	machine_close(m);
}

/* A device is its vdev, also in other regions and in the other space. */
static void read_own_port(struct machine *m, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char got = 0;
	(void)m;
	(void)trap;
	CHECK_ACCESS(ELOOP, cpu, QST_X86_IO, GASP_READ, 0x70, &got, 1);
}

static void reaches_itself_through_the_ports(void)
{
	struct machine *m = machine_that(read_own_port);
	CHECK_SET(m->gsp, vdev(vdev_a(), cookie(3, port(0x70, 1, VIRT))));
	read_the_device(m);
	CHECK_EQ(m->n, 1);
	machine_close(m);
}

/* a calls b, and b calls a. */
static int trap_ping_pong(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char got = 0;
	machine_trap(arg, cpu, trap);
	return read_at(cpu, trap->cookie == 1 ? OTHER : DEVICE, &got, 1);
}

static void two_devices_reach_each_other(void)
{
	struct machine *m = machine_that(NULL);
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_ping_pong, m), EOK);
	CHECK_ACCESS(ELOOP, m->cpu, QST_MEMORY, GASP_READ, DEVICE, &got, 1);
	CHECK_EQ(m->n, 2);
	CHECK_READ(m->cpu, RAM_AT, &got, 1);
	machine_close(m);
}

/* Device i reads device i + 1. */
static int trap_chain(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char got = 0;
	machine_trap(arg, cpu, trap);
	return read_at(cpu, trap->location + 16, &got, 1);
}

static int chain_of(unsigned devices, unsigned *calls)
{
	static vdev_t vdevs[20];
	struct machine *m = machine_that(NULL);
	unsigned char got = 0;
	for (unsigned i = 0; i < devices; i++)
		CHECK_SET(m->gsp, vdev(&vdevs[i], mem(0x80000 + i * 16, 16, VIRT)));
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_chain, m), EOK);
	int result = read_at(m->cpu, 0x80000, &got, 1);
	*calls = m->n;
	CHECK_READ(m->cpu, RAM_AT, &got, 1);
	machine_close(m);
	return result;
}

static void sixteen_handlers_deep(void)
{
	unsigned calls = 0;
	CHECK_EQ(chain_of(16, &calls), EOK);
	CHECK_EQ(calls, 16);
}

static void not_seventeen_handlers_deep(void)
{
	unsigned calls = 0;
	CHECK_EQ(chain_of(17, &calls), ELOOP);
	CHECK_EQ(calls, 16);
}

/* On another vCPU, the same device can be in its handler too. */
static void *read_device_in_thread(void *arg)
{
	struct machine *m = (struct machine *)arg;
	struct gasp_cpu *cpu = new_cpu(m->gsp), *first = m->cpu;
	unsigned char got = 0;
	m->cpu = cpu;
	CHECK_READ(cpu, DEVICE, &got, 1);
	m->cpu = first;
	gasp_cpu_destroy(cpu);
	return NULL;
}

static void read_on_another_vcpu(struct machine *m, struct gasp_cpu *cpu,
				 const struct gasp_trap *trap)
{
	(void)cpu;
	(void)trap;
	thread_run(read_device_in_thread, m);
}

static void two_vcpus_in_one_device(void)
{
	struct machine *m = machine_that(read_on_another_vcpu);
	read_the_device(m);
	CHECK_EQ(m->n, 2);
	machine_close(m);
}

static const struct test_case cases[] = {
	CASE(deletes_the_very_region), CASE(moves_the_very_region), CASE(replaces_itself_by_memory),
	CASE(sets_regions_and_takes_locks), CASE(another_thread_sets_meanwhile),
	CASE(accesses_do_not_wait_for_a_holder), CASE(accesses_guest_memory),
	CASE(reaches_another_device), CASE(reaches_itself), CASE(reaches_itself_through_the_ports),
	CASE(two_devices_reach_each_other), CASE(sixteen_handlers_deep),
	CASE(not_seventeen_handlers_deep), CASE(two_vcpus_in_one_device),
};

TEST_MAIN(cases)
