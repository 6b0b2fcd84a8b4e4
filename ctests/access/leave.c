/* Callbacks that are left without returning, by pthread_exit(), cancellation or longjmp()
 * (specification 8.5.5 to 8.5.7). Each case is a process of its own, with a time limit.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <setjmp.h>
#include <sys/mman.h>

#define DEVICE 0x30000u
#define INNER (DEVICE + PAGE)
#define QUIET (DEVICE + 2 * PAGE)	/* a device whose handler returns */
#define SECONDS 5u

enum way { RETURN, EXIT, CANCEL, JUMP };

static struct guest_system *gsp;
static struct gasp_cpu *cpu, *other_cpu;
static enum way way;		/* how DEVICE's handler is left */
static enum way inner_way;	/* how INNER's is, which DEVICE's reaches, unless RETURN */
static struct gasp_cpu *inner_cpu;
static jmp_buf back;
static int inside, go, quiet_calls;

static void leave(enum way how)
{
	switch (how) {
	case EXIT:
		pthread_exit(NULL);
	case CANCEL:
		pthread_cancel(pthread_self());
		for (;;)
			pthread_testcancel();
	case JUMP:
		longjmp(back, 1);
	case RETURN:
		break;
	}
}

static int trap(void *arg, struct gasp_cpu *caller, const struct gasp_trap *what)
{
	unsigned char byte = 0;
	(void)arg;
	(void)caller;
	flag_set(&inside, 1);
	flag_wait(&go, 1);
	if (what->location == DEVICE && inner_way != RETURN)
		read_at(inner_cpu, INNER, &byte, 1);
	if (what->location != QUIET)
		leave(what->location == INNER ? inner_way : way);
	return EOK;
}

static void note(void *arg)
{
	(void)arg;
	__atomic_fetch_add(&quiet_calls, 1, __ATOMIC_SEQ_CST);
}

static void open_guest(enum way outer, enum way inner)
{
	alarm(SECONDS);
	gsp = guest();
	cpu = new_cpu(gsp);
	other_cpu = new_cpu(gsp);
	way = outer;
	inner_way = inner;
	inner_cpu = cpu;
	go = 1;
	CHECK_EQ(gasp_guest_set_trap_handler(gsp, trap, NULL), EOK);
	CHECK_SET(gsp, vdev(vdev_a(), mem(DEVICE, PAGE, VIRT)), cookie(1, mem(INNER, PAGE, VIRT)),
		  cookie(2, mem(QUIET, PAGE, VIRT)));
}

static void *leave_a_handler(void *arg)
{
	unsigned char byte = 0;
	(void)arg;
	if (setjmp(back) == 0) {
		read_at(cpu, DEVICE, &byte, 1);
		CHECK(0);
	}
	return NULL;
}

static void *read_quiet(void *arg)
{
	unsigned char byte = 0;
	CHECK_EQ(read_at((struct gasp_cpu *)arg, QUIET, &byte, 1), EOK);
	return NULL;
}

static void *wait_for_accesses(void *arg)
{
	CHECK_EQ(gasp_guest_synchronize(gsp), EOK);
	flag_set((int *)arg, 1);
	return NULL;
}

/* Nothing is under way; an access that starts now is waited for, and the devices can be reached. */
static void check_nothing_is_left(void)
{
	int waited = 0;
	way = inner_way = RETURN;
	CHECK_EQ(gasp_guest_synchronize(gsp), EOK);
	unsigned char byte = 0;
	CHECK_READ(cpu, DEVICE, &byte, 1);
	CHECK_READ(cpu, INNER, &byte, 1);
	flag_set(&go, 0);
	flag_set(&inside, 0);
	pthread_t reader = thread_start(read_quiet, cpu);
	flag_wait(&inside, 1);
	pthread_t waiter = thread_start(wait_for_accesses, &waited);
	sleep_ms(20);
	CHECK_EQ(flag_get(&waited), 0);
	flag_set(&go, 1);
	pthread_join(reader, NULL);
	pthread_join(waiter, NULL);
	gasp_guest_destroy(gsp);
}

/* ---- The thread ends ---- */

static void left_as_the_thread_ends(enum way outer, enum way inner)
{
	open_guest(outer, inner);
	thread_run(leave_a_handler, NULL);
	check_nothing_is_left();
}

static void child_exit(void)
{
	left_as_the_thread_ends(EXIT, RETURN);
}

static void child_cancel(void)
{
	left_as_the_thread_ends(CANCEL, RETURN);
}

static void child_jump_and_end(void)
{
	left_as_the_thread_ends(JUMP, RETURN);
}

static void child_exit_inside(void)
{
	left_as_the_thread_ends(RETURN, EXIT);
}

static void child_exit_inside_with_another_vcpu(void)
{
	open_guest(RETURN, EXIT);
	inner_cpu = other_cpu;
	thread_run(leave_a_handler, NULL);
	check_nothing_is_left();
}

/* Who waits already is woken, and what is to be called is called. */
static void child_waiters(void)
{
	int waited = 0;
	open_guest(EXIT, RETURN);
	flag_set(&go, 0);
	pthread_t leaver = thread_start(leave_a_handler, NULL);
	flag_wait(&inside, 1);
	CHECK_EQ(gasp_guest_call_when_quiet(gsp, note, NULL), EOK);
	pthread_t waiter = thread_start(wait_for_accesses, &waited);
	sleep_ms(20);
	CHECK_EQ(flag_get(&quiet_calls), 0);
	CHECK_EQ(flag_get(&waited), 0);
	flag_set(&go, 1);
	pthread_join(waiter, NULL);
	pthread_join(leaver, NULL);
	CHECK_EQ(quiet_calls, 1);
	check_nothing_is_left();
}

static void *leave_in_the_main_thread(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	check_nothing_is_left();
	fflush(NULL);
	_exit(check_state()->failures != 0 ? 99 : 0);
}

static void child_exit_of_the_main_thread(void)
{
	static pthread_t main_thread;
	main_thread = pthread_self();
	open_guest(EXIT, RETURN);
	thread_start(leave_in_the_main_thread, &main_thread);
	leave_a_handler(NULL);
}

/* A thread whose end comes after that of the vCPU. */
static void *leave_and_stay(void *arg)
{
	leave_a_handler(arg);
	flag_set(&inside, 2);
	flag_wait(&go, 2);
	return NULL;
}

static void child_the_vcpu_is_destroyed_first(void)
{
	open_guest(JUMP, RETURN);
	pthread_t leaver = thread_start(leave_and_stay, NULL);
	flag_wait(&inside, 2);
	gasp_cpu_destroy(cpu);
	CHECK_EQ(gasp_guest_synchronize(gsp), EOK);
	cpu = new_cpu(gsp);
	flag_set(&go, 2);
	pthread_join(leaver, NULL);
	check_nothing_is_left();
}

static void exit_and_cancel(void)
{
	CHECK_CHILD("child_exit");
#ifndef SANITIZED	/* which takes the frames that are left for ones that are there */
	CHECK_CHILD("child_cancel");
#endif
	CHECK_CHILD("child_exit_of_the_main_thread");
}

static void exit_inside_another_handler(void)
{
	CHECK_CHILD("child_exit_inside");
	CHECK_CHILD("child_exit_inside_with_another_vcpu");
}

static void a_jump_and_the_end_of_the_thread(void)
{
	CHECK_CHILD("child_jump_and_end");
	CHECK_CHILD("child_the_vcpu_is_destroyed_first");
}

static void who_waits_is_told(void)
{
	CHECK_CHILD("child_waiters");
}

/* ---- The thread goes on ---- */

static void child_jump(void)
{
	unsigned char byte = 0;
	open_guest(JUMP, RETURN);
	for (unsigned i = 0; i < 100; i++)
		leave_a_handler(NULL);
	CHECK_EQ(gasp_guest_synchronize(gsp), EDEADLK);	/* until it comes back with the vCPU */
	CHECK_READ(cpu, QUIET, &byte, 1);
	check_nothing_is_left();
}

static void *jump_and_come_back(void *arg)
{
	unsigned char byte = 0;
	leave_a_handler(arg);
	flag_set(&inside, 2);
	flag_wait(&go, 2);
	CHECK_EQ(read_at(cpu, 0x8000000, &byte, 1), EOK);
	flag_set(&inside, 3);
	flag_wait(&go, 3);
	return NULL;
}

static void child_jump_ends_a_wait(void)
{
	int waited = 0;
	open_guest(JUMP, RETURN);
	pthread_t leaver = thread_start(jump_and_come_back, NULL);
	flag_wait(&inside, 2);
	pthread_t waiter = thread_start(wait_for_accesses, &waited);
	sleep_ms(20);
	CHECK_EQ(flag_get(&waited), 0);
	flag_set(&go, 2);
	pthread_join(waiter, NULL);
	CHECK(flag_wait(&inside, 3));
	flag_set(&go, 3);
	pthread_join(leaver, NULL);
	check_nothing_is_left();
}

/* Back into the handler outside, which goes on and returns. */
static int trap_that_catches(void *arg, struct gasp_cpu *caller, const struct gasp_trap *what)
{
	unsigned char byte = 0;
	if (what->location != DEVICE)
		return trap(arg, caller, what);
	if (setjmp(back) == 0)
		read_at(inner_cpu, INNER, &byte, 1);
	CHECK_EQ(gasp_guest_synchronize(gsp), EDEADLK);
	if (inner_cpu == caller)
		CHECK_READ(caller, QUIET, &byte, 1);
	return EOK;
}

static void jump_to_the_handler_outside(struct gasp_cpu *(*which)(void))
{
	unsigned char byte = 0;
	open_guest(RETURN, JUMP);
	inner_cpu = which();
	CHECK_EQ(gasp_guest_set_trap_handler(gsp, trap_that_catches, NULL), EOK);
	CHECK_READ(cpu, DEVICE, &byte, 1);
	CHECK_READ(inner_cpu, QUIET, &byte, 1);
	CHECK_EQ(gasp_guest_set_trap_handler(gsp, trap, NULL), EOK);
	check_nothing_is_left();
}

static struct gasp_cpu *the_same(void)
{
	return cpu;
}

static struct gasp_cpu *another(void)
{
	return other_cpu;
}

static void child_jump_to_the_handler_outside(void)
{
	jump_to_the_handler_outside(the_same);
}

static void child_jump_to_the_handler_outside_with_another_vcpu(void)
{
	jump_to_the_handler_outside(another);
}

static void a_jump(void)
{
	CHECK_CHILD("child_jump");
	CHECK_CHILD("child_jump_ends_a_wait");
}

static void a_jump_to_the_handler_outside(void)
{
	CHECK_CHILD("child_jump_to_the_handler_outside");
	CHECK_CHILD("child_jump_to_the_handler_outside_with_another_vcpu");
}

/* ---- Other callbacks ---- */

static void leave_when_quiet(void *arg)
{
	leave(*(enum way *)arg);
}

static void *ask_in_a_handler(void *arg)
{
	(void)arg;
	unsigned char byte = 0;
	if (setjmp(back) == 0)
		read_at(cpu, QUIET, &byte, 1);
	return NULL;
}

/* Left by the first callback; the second one comes with the next access. */
static void leave_a_quiet_callback(enum way how)
{
	open_guest(RETURN, RETURN);
	flag_set(&go, 0);
	pthread_t asker = thread_start(ask_in_a_handler, NULL);
	flag_wait(&inside, 1);
	CHECK_EQ(gasp_guest_call_when_quiet(gsp, leave_when_quiet, &how), EOK);
	CHECK_EQ(gasp_guest_call_when_quiet(gsp, note, NULL), EOK);
	flag_set(&go, 1);
	pthread_join(asker, NULL);
	CHECK_EQ(gasp_guest_synchronize(gsp), EOK);
	thread_run(read_quiet, other_cpu);
	CHECK_EQ(quiet_calls, 1);
	check_nothing_is_left();
}

static void child_quiet_exit(void)
{
	leave_a_quiet_callback(EXIT);
}

static void child_quiet_jump(void)
{
	leave_a_quiet_callback(JUMP);
}

static void leave_fatally(void *arg, int code, const char *message)
{
	CHECK_EQ(gasp_guest_synchronize(gsp), EOK);
	CHECK(code == 5 || code == 64);
	CHECK(message != NULL);
	leave(*(enum way *)arg);
}

static void *fail_an_access(void *arg)
{
	unsigned char byte = 0;
	(void)arg;
	if (setjmp(back) == 0)
		read_at(cpu, 0x8000000, &byte, 1);
	return NULL;
}

static void *fail_a_set(void *arg)
{
	struct gasp_region bad = mem(1, 1, RAM);
	(void)arg;
	if (setjmp(back) == 0)
		gasp_region_set(gsp, 1, &bad);
	return NULL;
}

static void leave_a_fatal_handler(enum way how)
{
	open_guest(RETURN, RETURN);
	gasp_guest_set_fatal_handler(gsp, leave_fatally, &how);
	CHECK_EQ(gasp_guest_set_unsupported(gsp, GASP_UNSUPPORTED_ABORT), EOK);
	thread_run(fail_an_access, NULL);
	thread_run(fail_a_set, NULL);
	CHECK_SET(gsp, mem(0x100000, PAGE, VIRT));
	check_nothing_is_left();
}

static void child_fatal_exit(void)
{
	leave_a_fatal_handler(EXIT);
}

static void child_fatal_jump(void)
{
	leave_a_fatal_handler(JUMP);
}

static enum way filter_way;

static void filter(uint64_t *location, size_t *length)
{
	(void)location;
	(void)length;
	leave(filter_way);
}

static void *walk(void *arg)
{
	struct gasp_walk_state_filtered ws;
	(void)arg;
	gasp_walk_init_filtered(&ws, gsp, 0, 0, filter);
	if (setjmp(back) == 0)
		gasp_walk_next_filtered(&ws);
	if (filter_way == JUMP && setjmp(back) == 0)
		gasp_walk_count_filtered(gsp, 0, 0, filter);
	return NULL;
}

static void leave_a_filter(enum way how)
{
	open_guest(RETURN, RETURN);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0), EOK);
	filter_way = how;
	thread_run(walk, NULL);
	filter_way = RETURN;
	CHECK_EQ(gasp_walk_count_filtered(gsp, 0, 0, filter), 1);
	CHECK_SET(gsp, del(0, 0x10000));
	check_nothing_is_left();
}

static void child_filter_exit(void)
{
	leave_a_filter(EXIT);
}

static void child_filter_jump(void)
{
	leave_a_filter(JUMP);
}

static void a_quiet_callback(void)
{
	CHECK_CHILD("child_quiet_exit");
	CHECK_CHILD("child_quiet_jump");
}

static void a_fatal_handler(void)
{
	CHECK_CHILD("child_fatal_exit");
	CHECK_CHILD("child_fatal_jump");
}

static void a_filter_of_a_walk(void)
{
	CHECK_CHILD("child_filter_exit");
	CHECK_CHILD("child_filter_jump");
}

static const struct test_case cases[] = {
	CASE(exit_and_cancel), CASE(exit_inside_another_handler),
	CASE(a_jump_and_the_end_of_the_thread), CASE(who_waits_is_told), CASE(a_jump),
	CASE(a_jump_to_the_handler_outside), CASE(a_quiet_callback), CASE(a_fatal_handler),
	CASE(a_filter_of_a_walk),
};

static const struct test_case children[] = {
	CASE(child_exit), CASE(child_cancel), CASE(child_exit_of_the_main_thread),
	CASE(child_exit_inside), CASE(child_exit_inside_with_another_vcpu), CASE(child_jump_and_end),
	CASE(child_the_vcpu_is_destroyed_first), CASE(child_waiters), CASE(child_jump),
	CASE(child_jump_ends_a_wait), CASE(child_jump_to_the_handler_outside),
	CASE(child_jump_to_the_handler_outside_with_another_vcpu), CASE(child_quiet_exit),
	CASE(child_quiet_jump), CASE(child_fatal_exit), CASE(child_fatal_jump),
	CASE(child_filter_exit), CASE(child_filter_jump),
};

TEST_MAIN_CHILDREN(cases, children)
