/* Inside of the function that is told of each failure, and how it is left (specification 12.5).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "told.h"

#include <setjmp.h>

#define HANDLED 42

/* ---- Inside of it ---- */

static struct guest_system *noted_guest;

static void fail_again(void)
{
	told.also = NULL;
	CHECK_EQ(gasp_guest_reserve(noted_guest, QST_MEMORY, 0, 0), EINVAL);
	CHECK_HAS(gasp_last_error(), "the length is 0");
}

static void its_own_failures_are_not_reported(void)
{
	noted_guest = guest();
	start_to_note();
	told.also = fail_again;
	RETURNS(gasp_unlock, (noted_guest, QST_MEMORY), EPERM);
	told.also = fail_again;
	RETURNS(gasp_unlock, (noted_guest, QST_MEMORY), EPERM);
	stop_to_note();
	gasp_guest_destroy(noted_guest);
}

static void remove_it(void)
{
	CHECK_EQ(gasp_on_failure(NULL, NULL), EOK);
}

static void it_can_remove_itself(void)
{
	start_to_note();
	told.also = remove_it;
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	CHECK_EQ(told.n, 1);
}

static void look_for_locks(void)
{
	CHECK_EQ(gasp_guest_locks_held(noted_guest, QST_MEMORY), 0);
	CHECK_EQ(gasp_guest_synchronize(noted_guest), EOK);
}

static void locks_are_released_and_accesses_have_ended(void)
{
	noted_guest = guest();
	struct gasp_cpu *cpu = new_cpu(noted_guest);
	struct gasp_region r[] = { mem(0x1000, 0x1000, VIRT), mem(0x1000, 0, VIRT) };
	unsigned char data = 0;
	CHECK_EQ(gasp_guest_set_unsupported(noted_guest, GASP_UNSUPPORTED_FAIL), EOK);
	start_to_note();
	told.also = look_for_locks;
	SETS(gasp_region_set_soft, (noted_guest, 2, r), 1, EINVAL);
	RETURNS(gasp_cpu_access, (cpu, QST_MEMORY, GASP_READ, 0, &data, 1), EFAULT);
	stop_to_note();
	gasp_guest_destroy(noted_guest);
}

/* ---- The end of the process ---- */

static void end_as_told(void *arg, int code, const char *message)
{
	(void)code;
	CHECK_EQ(told.n, 1);
	CHECK_STR(told.function, (const char *)arg);
	CHECK_HAS(message, told.message);
	_exit(check_state()->failures == 0 ? HANDLED : 99);
}

static void child_region_set(void)
{
	static char name[] = "gasp_region_set";
	struct gasp_region r = mem(0x1000, 0, VIRT);
	struct guest_system *gsp = guest();
	gasp_guest_set_fatal_handler(gsp, end_as_told, name);
	start_to_note();
	gasp_region_set(gsp, 1, &r);
}

static void child_access(void)
{
	static char name[] = "gasp_cpu_access";
	unsigned char data = 0;
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_set_unsupported(gsp, GASP_UNSUPPORTED_ABORT), EOK);
	gasp_guest_set_fatal_handler(gsp, end_as_told, name);
	start_to_note();
	gasp_cpu_access(new_cpu(gsp), QST_MEMORY, GASP_READ, 0, &data, 1);
}

static void leave_the_process(void)
{
	_exit(HANDLED);
}

static void child_without_a_guest(void)
{
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	start_to_note();
	told.also = leave_the_process;
	gasp_region_set(NULL, 1, &r);
}

static void a_failure_that_ends_the_process_is_told_first(void)
{
	struct outcome out = run_child("child_region_set");
	CHECK_EXIT("child_region_set", out, HANDLED);
	out = run_child("child_access");
	CHECK_EXIT("child_access", out, HANDLED);
	out = run_child("child_without_a_guest");
	CHECK_EXIT("child_without_a_guest", out, HANDLED);
	CHECK_STR(out.err, "");		/* before the line */
}

/* ---- It is left ---- */

static jmp_buf back;

static void jump_back(void)
{
	longjmp(back, 1);
}

static void end_the_thread(void)
{
	pthread_exit(NULL);
}

static void *fail_here(void *arg)
{
	(void)arg;
	CHECK_EQ(gasp_unlock(noted_guest, QST_MEMORY), EPERM);
	return NULL;
}

static void child_it_is_left(void)
{
	noted_guest = guest();
	start_to_note();
	told.also = end_the_thread;
	thread_run(fail_here, NULL);
	CHECK_EQ(told.n, 1);
	told.also = jump_back;
	if (setjmp(back) == 0)
		fail_here(NULL);
	CHECK_EQ(told.n, 2);
	told.also = NULL;
	fail_here(NULL);	/* not reported any more */
	CHECK_EQ(told.n, 2);
	CHECK_HAS(gasp_last_error(), "lock");
	thread_run(fail_here, NULL);
	CHECK_EQ(told.n, 3);
}

static void after_a_jump_this_thread_is_not_reported(void)
{
	CHECK_CHILD("child_it_is_left");
}

static const struct test_case cases[] = {
	CASE(its_own_failures_are_not_reported), CASE(it_can_remove_itself),
	CASE(locks_are_released_and_accesses_have_ended),
	CASE(a_failure_that_ends_the_process_is_told_first),
	CASE(after_a_jump_this_thread_is_not_reported),
};

static const struct test_case children[] = {
	CASE(child_region_set), CASE(child_access), CASE(child_without_a_guest),
	CASE(child_it_is_left),
};

TEST_MAIN_CHILDREN(cases, children)
