/* Setting and removing the trap handler, its result, waiting inside of it, and handles of destroyed
 * vCPUs (specification 10.5, 10.7, 10.10).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#define DEVICE 0x30000u

static struct machine machine;

static struct machine *machine_with_device(void)
{
	machine_open(&machine);
	CHECK_EQ(gasp_guest_add_memory(machine.gsp, 0x1000, PAGE, GASP_RAM, 0), EOK);
	CHECK_SET(machine.gsp, vdev(vdev_a(), cookie(1, mem(DEVICE, PAGE, VIRT))),
		  vdev(vdev_b(), cookie(2, mem(DEVICE + PAGE, PAGE, VIRT))));
	return &machine;
}

/* ---- The result of the handler ---- */

static void its_error_comes_back(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	m->answer = EIO;
	CHECK_ACCESS(EIO, m->cpu, QST_MEMORY, GASP_READ, DEVICE, &got, 1);
	CHECK_HAS(gasp_last_error(), "5");
	m->answer = 12345;
	CHECK_ACCESS(12345, m->cpu, QST_MEMORY, GASP_WRITE, DEVICE, &got, 1);
	m->answer = -7;
	CHECK_ACCESS(-7, m->cpu, QST_MEMORY, GASP_READ, DEVICE, &got, 1);
	m->answer = EOK;
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(m->n, 4);
	machine_close(m);
}

/* The handler's EFAULT is returned, but it is not an unsupported access. */
static void its_error_does_not_make_an_access_to_nothing(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, GASP_UNSUPPORTED_FAIL), EOK);
	m->answer = EFAULT;
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, DEVICE, &got, 1);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 0);
	machine_close(m);
}

/* ---- The handler that is called ---- */

static int trap_second(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	(void)cpu;
	(void)trap;
	(*(unsigned *)arg)++;
	return EOK;
}

static void replaced(void)
{
	struct machine *m = machine_with_device();
	unsigned second = 0, third = 0;
	unsigned char got = 0;
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_second, &second), EOK);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_second, &third), EOK);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(m->n, 1);
	CHECK_EQ(second, 1);
	CHECK_EQ(third, 2);
	machine_close(m);
}

static void removed_and_set_again(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, NULL, m), EOK);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(got, 0xFF);
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, machine_trap, m), EOK);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(m->n, 1);
	machine_close(m);
}

static int trap_that_removes_itself(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct machine *m = (struct machine *)arg;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, NULL, NULL), EOK);
	return machine_trap(arg, cpu, trap);
}

static void removes_itself(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_that_removes_itself, m), EOK);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(got, device_byte(DEVICE));
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(got, 0xFF);
	CHECK_EQ(m->n, 1);
	machine_close(m);
}

/* ---- Waiting ---- */

static int trap_that_waits(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct machine *m = (struct machine *)arg;
	unsigned char got = 0;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EDEADLK);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK(gasp_last_error()[0] != '\0');
	if (trap->cookie == 1)		/* and once more one level deeper */
		CHECK_READ(cpu, DEVICE + PAGE, &got, 1);
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EDEADLK);
	return machine_trap(arg, cpu, trap);
}

static void synchronize_inside_is_refused(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_that_waits, m), EOK);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(m->n, 2);
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EOK);
	machine_close(m);
}

static int trap_that_waits_for_another_guest(void *arg, struct gasp_cpu *cpu,
					     const struct gasp_trap *trap)
{
	struct guest_system *other = guest();
	struct gasp_cpu *others = new_cpu(other);
	unsigned char got = 0;
	CHECK_READ(others, 0, &got, 1);
	CHECK_EQ(gasp_guest_synchronize(other), EOK);
	gasp_guest_destroy(other);
	return machine_trap(arg, cpu, trap);
}

static void synchronize_of_another_guest(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_that_waits_for_another_guest, m), EOK);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(m->n, 1);
	machine_close(m);
}

/* A handler may let another thread use its vCPU, as long as it makes no access itself. */
struct loan {
	struct machine *m;
	int used;
	int go;
	int waited;
};

static void *use_a_lent_vcpu(void *arg)
{
	struct loan *l = (struct loan *)arg;
	unsigned char got = 0;
	CHECK_READ(l->m->cpu, DEVICE + PAGE, &got, 1);
	flag_set(&l->used, 1);
	flag_wait(&l->go, 1);
	CHECK_EQ(gasp_guest_synchronize(l->m->gsp), EOK);	/* it is in no handler */
	flag_set(&l->waited, 1);
	return NULL;
}

static int trap_that_lends(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct loan *l = (struct loan *)arg;
	pthread_t user;
	CHECK_EQ(gasp_guest_synchronize(l->m->gsp), EDEADLK);
	if (trap->cookie == 1) {
		user = thread_start(use_a_lent_vcpu, l);
		flag_wait(&l->used, 1);
		CHECK_EQ(gasp_guest_synchronize(l->m->gsp), EDEADLK);
		flag_set(&l->go, 1);
		sleep_ms(50);
		CHECK_EQ(flag_get(&l->waited), 0);
		pthread_detach(user);
	}
	return machine_trap(l->m, cpu, trap);
}

static void child_lends(void)
{
	struct loan loan;
	unsigned char got = 0;
	alarm(10);
	memset(&loan, 0, sizeof(loan));
	loan.m = machine_with_device();
	CHECK_EQ(gasp_guest_set_trap_handler(loan.m->gsp, trap_that_lends, &loan), EOK);
	CHECK_READ(loan.m->cpu, DEVICE, &got, 1);
	CHECK(flag_wait(&loan.waited, 1));
	CHECK_EQ(loan.m->n, 2);
	machine_close(loan.m);
}

static void synchronize_where_the_vcpu_is_lent(void)
{
	CHECK_CHILD("child_lends");
}

static int quiet_calls;
static pthread_t quiet_thread;

static void quiet(void *arg)
{
	struct machine *m = (struct machine *)arg;
	quiet_calls++;
	quiet_thread = pthread_self();
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EOK);	/* the access has ended */
	errno = 0;
}

static int trap_that_asks(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct machine *m = (struct machine *)arg;
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_call_when_quiet(m->gsp, quiet, m), EOK);
	CHECK_EQ(quiet_calls, 0);
	CHECK_READ(cpu, 0x1000, &got, 1);	/* an inner access: the outer one goes on */
	if (trap->cookie == 1)
		CHECK_READ(cpu, DEVICE + PAGE, &got, 1);
	CHECK_EQ(quiet_calls, 0);
	return machine_trap(arg, cpu, trap);
}

static void call_when_quiet_inside_comes_at_the_end(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	quiet_calls = 0;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_that_asks, m), EOK);
	CHECK_READ(m->cpu, DEVICE + PAGE, &got, 1);	/* errno is kept although fn changes it */
	CHECK_EQ(quiet_calls, 1);
	CHECK(pthread_equal(quiet_thread, pthread_self()));
	quiet_calls = 0;
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(quiet_calls, 2);
	machine_close(m);
}

static void call_when_quiet_with_nothing_running(void)
{
	struct machine *m = machine_with_device();
	quiet_calls = 0;
	CHECK_EQ(gasp_guest_call_when_quiet(m->gsp, quiet, m), EOK);
	CHECK_EQ(quiet_calls, 1);
	CHECK(pthread_equal(quiet_thread, pthread_self()));
	machine_close(m);
}

static void read_when_quiet(void *arg)
{
	struct machine *m = (struct machine *)arg;
	unsigned char got = 0;
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(got, device_byte(DEVICE));
}

static int trap_that_asks_for_a_read(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct machine *m = (struct machine *)arg;
	if (m->n == 0)
		CHECK_EQ(gasp_guest_call_when_quiet(m->gsp, read_when_quiet, m), EOK);
	return machine_trap(arg, cpu, trap);
}

/* When fn runs, the device's handler has returned, so fn can access the device. */
static void an_access_when_quiet(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, trap_that_asks_for_a_read, m), EOK);
	CHECK_READ(m->cpu, DEVICE, &got, 1);
	CHECK_EQ(m->n, 2);
	machine_close(m);
}

/* ---- Handles ---- */

static void a_destroyed_vcpu(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 7;
	struct gasp_cpu *other = new_cpu(m->gsp);
	gasp_cpu_destroy(other);
	CHECK_ACCESS(EINVAL, other, QST_MEMORY, GASP_READ, 0x1000, &got, 1);
	CHECK_EQ(got, 7);
	gasp_cpu_destroy(other);
	gasp_cpu_destroy(NULL);
	CHECK_ACCESS(EINVAL, other, QST_MEMORY, GASP_READ, DEVICE, &got, 1);
	CHECK_READ(m->cpu, 0x1000, &got, 1);
	CHECK_EQ(m->n, 0);
	machine_close(m);
}

static void a_vcpu_of_a_destroyed_guest(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 7;
	machine_close(m);
	CHECK_ACCESS(EINVAL, m->cpu, QST_MEMORY, GASP_READ, 0x1000, &got, 1);
	CHECK_EQ(got, 7);
	gasp_cpu_destroy(m->cpu);
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EINVAL);
	CHECK_EQ(gasp_guest_call_when_quiet(m->gsp, quiet, m), EINVAL);
	CHECK_EQ(gasp_guest_synchronize(NULL), EINVAL);
	CHECK_EQ(gasp_guest_call_when_quiet(NULL, quiet, m), EINVAL);
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_call_when_quiet(gsp, NULL, NULL), EINVAL);
	gasp_guest_destroy(gsp);
}

/* A destroyed vCPU's handle stays bad while many other vCPUs are created and destroyed. */
static void handles_are_recognised_for_long(void)
{
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	struct gasp_cpu *old = new_cpu(m->gsp);
	unsigned alive = 0;
	gasp_cpu_destroy(old);
	for (unsigned i = 0; i < 1000; i++) {
		struct gasp_cpu *cpu = new_cpu(m->gsp);
		alive += gasp_cpu_access(old, QST_MEMORY, GASP_READ, 0x1000, &got, 1) != EINVAL;
		gasp_cpu_destroy(cpu);
	}
	CHECK_EQ(alive, 0);
	machine_close(m);
}

static void many_vcpus(void)
{
	static struct gasp_cpu *cpus[300];
	struct machine *m = machine_with_device();
	unsigned char got = 0;
	for (unsigned i = 0; i < COUNT(cpus); i++)
		cpus[i] = new_cpu(m->gsp);
	for (unsigned i = 0; i < COUNT(cpus); i++)
		CHECK_EQ(read_at(cpus[i], 0x1000, &got, 1), EOK);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_READ], COUNT(cpus));
	CHECK_EQ(gasp_guest_synchronize(m->gsp), EOK);
	machine_close(m);
	CHECK_EQ(read_at(cpus[299], 0x1000, &got, 1), EINVAL);
}

static const struct test_case cases[] = {
	CASE(its_error_comes_back), CASE(its_error_does_not_make_an_access_to_nothing),
	CASE(replaced), CASE(removed_and_set_again), CASE(removes_itself),
	CASE(synchronize_inside_is_refused), CASE(synchronize_of_another_guest),
	CASE(synchronize_where_the_vcpu_is_lent),
	CASE(call_when_quiet_inside_comes_at_the_end), CASE(call_when_quiet_with_nothing_running),
	CASE(an_access_when_quiet), CASE(a_destroyed_vcpu), CASE(a_vcpu_of_a_destroyed_guest),
	CASE(handles_are_recognised_for_long), CASE(many_vcpus),
};

static const struct test_case children[] = {
	CASE(child_lends),
};

TEST_MAIN_CHILDREN(cases, children)
