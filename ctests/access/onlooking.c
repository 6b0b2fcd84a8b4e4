/* The handler that looks on at unsupported accesses: what it may do, and how it is left
 * (specification 12.4).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "onlooker.h"

#include <setjmp.h>

#define MORE 0x9000u		/* devices that reach each other */

/* ---- What it may do ---- */

static void read_the_hole(struct gasp_cpu *cpu)
{
	unsigned char data = 0;
	CHECK_EQ(read_at(cpu, HOLE + 8, &data, 1), EFAULT);
	CHECK_EQ(read_at(cpu, DEVICE, &data, 1), EOK);
}

static void it_does_not_see_its_own_accesses(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data = 0;
	onlooker.also = read_the_hole;
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, HOLE, &data, 1);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, HOLE, &data, 1);
	CHECK_EQ(onlooker.n, 2);
	CHECK_EQ(m->n, 2);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 4);
	machine_close(m);
}

static struct gasp_cpu *other_cpu;

static void read_with_another_cpu(struct gasp_cpu *cpu)
{
	unsigned char data = 0;
	onlooker.also = NULL;
	CHECK(cpu == machine.cpu);
	CHECK_EQ(read_at(other_cpu, HOLE + 8, &data, 1), EFAULT);
}

static void it_sees_those_of_another_vcpu(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data = 0;
	other_cpu = new_cpu(m->gsp);
	onlooker.also = read_with_another_cpu;
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, HOLE, &data, 1);
	CHECK_EQ(onlooker.n, 2);
	CHECK_LOOKED(1, GASP_REASON_ABSENT, HOLE + 8, 1, GASP_READ);
	machine_close(m);
}

/* Each device reaches the next, and the last the hole. */
static int trap_chain(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	unsigned char data = 0;
	unsigned last = *(unsigned *)arg;
	return read_at(cpu, trap->cookie == last ? HOLE : trap->location + PAGE, &data, 1);
}

static void read_through(unsigned handlers, unsigned calls)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data = 0;
	for (unsigned i = 1; i <= handlers; i++)
		CHECK_SET(m->gsp, cookie(i, mem(MORE + i * PAGE, PAGE, VIRT)));
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_chain, &handlers), EOK);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, MORE + PAGE, &data, 1);
	CHECK_EQ(onlooker.n, calls);
	machine_close(m);
}

static void inside_of_fifteen_trap_handlers_but_not_of_sixteen(void)
{
	read_through(1, 1);
	read_through(15, 1);
	read_through(16, 0);
}

static void wait_for_accesses(struct gasp_cpu *cpu)
{
	(void)cpu;
	CHECK_EQ(gasp_guest_synchronize(machine.gsp), EDEADLK);
}

static void it_cannot_wait_for_its_own_access(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data = 0;
	onlooker.also = wait_for_accesses;
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, HOLE, &data, 1);
	CHECK_EQ(onlooker.n, 1);
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EOK);
	machine_close(m);
}

static void remove_itself_and_the_hole(struct gasp_cpu *cpu)
{
	(void)cpu;
	CHECK_EQ(gasp_guest_set_unsupported_handler(machine.gsp, NULL, NULL), EOK);
	CHECK_SET(machine.gsp, mem(HOLE, PAGE, VIRT));
}

static void it_can_remove_itself_and_change_the_map(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data = 0;
	onlooker.also = remove_itself_and_the_hole;
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, HOLE, &data, 1);
	CHECK_READ(m->cpu, HOLE, &data, 1);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, HOLE + PAGE, &data, 1);
	CHECK_EQ(onlooker.n, 1);
	machine_close(m);
}

/* ---- It is waited for, and can be left ---- */

static int inside, go, waited;

static void stay_inside(struct gasp_cpu *cpu)
{
	(void)cpu;
	flag_set(&inside, 1);
	CHECK(flag_wait(&go, 1));
}

static void *read_hole(void *cpu)
{
	unsigned char data = 0;
	CHECK_EQ(read_at((struct gasp_cpu *)cpu, HOLE, &data, 1), EFAULT);
	return NULL;
}

static void *wait_for_guest(void *gsp)
{
	CHECK_EQ(gasp_guest_synchronize((struct guest_system *)gsp), EOK);
	flag_set(&waited, 1);
	return NULL;
}

static void a_removed_one_is_waited_for(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	onlooker.also = stay_inside;
	pthread_t reader = thread_start(read_hole, m->cpu);
	CHECK(flag_wait(&inside, 1));
	CHECK_EQ(gasp_guest_set_unsupported_handler(m->gsp, NULL, NULL), EOK);
	pthread_t waiter = thread_start(wait_for_guest, m->gsp);
	sleep_ms(20);
	CHECK_EQ(flag_get(&waited), 0);
	flag_set(&go, 1);
	pthread_join(reader, NULL);
	pthread_join(waiter, NULL);
	machine_close(m);
}

static void end_the_thread(struct gasp_cpu *cpu)
{
	(void)cpu;
	pthread_exit(NULL);
}

static void child_the_thread_ends(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	onlooker.also = end_the_thread;
	thread_run(read_hole, m->cpu);
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EOK);
	onlooker.also = NULL;
	read_hole(m->cpu);
	CHECK_EQ(onlooker.n, 2);
	machine_close(m);
}

static jmp_buf back;

static void jump_back(struct gasp_cpu *cpu)
{
	(void)cpu;
	longjmp(back, 1);
}

static void jump_out(struct gasp_cpu *cpu)
{
	if (setjmp(back) == 0) {
		read_hole(cpu);
		CHECK(0);
	}
}

static void child_it_jumps(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	onlooker.also = jump_back;
	for (unsigned i = 0; i < 20; i++)
		jump_out(m->cpu);
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EDEADLK);
	onlooker.also = NULL;
	read_hole(m->cpu);
	CHECK_EQ(onlooker.n, 21);
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EOK);
	machine_close(m);
}

static void it_can_be_left(void)
{
	CHECK_CHILD("child_the_thread_ends");
	CHECK_CHILD("child_it_jumps");
}

static const struct test_case cases[] = {
	CASE(it_does_not_see_its_own_accesses), CASE(it_sees_those_of_another_vcpu),
	CASE(inside_of_fifteen_trap_handlers_but_not_of_sixteen),
	CASE(it_cannot_wait_for_its_own_access), CASE(it_can_remove_itself_and_change_the_map),
	CASE(a_removed_one_is_waited_for), CASE(it_can_be_left),
};

static const struct test_case children[] = {
	CASE(child_the_thread_ends), CASE(child_it_jumps),
};

TEST_MAIN_CHILDREN(cases, children)
