/* Functions of listeners that are left without returning, by pthread_exit(), cancellation or
 * longjmp(): the process ends with a message (specification 8.5.7). Each case is a process of its
 * own, with a time limit.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "listen.h"

#include <setjmp.h>
#include <signal.h>

#define SECONDS 5u

enum way { EXIT, CANCEL, JUMP };

static struct guest_system *gsp;
static struct book book;
static struct follower follower, refuser;
static enum callback left;		/* the function that is left */
static enum way way;
static jmp_buf back;

static void leave(struct follower *f, enum callback what)
{
	(void)f;
	if (what != left)
		return;
	if (way == EXIT)
		pthread_exit(NULL);
	if (way == CANCEL)
		pthread_cancel(pthread_self());
	pthread_testcancel();
	longjmp(back, 1);
}

static void *change(void *arg)
{
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	struct gasp_report report;
	(void)arg;
	report.size = sizeof(report);
	if (setjmp(back) == 0)
		gasp_guest_set(gsp, 1, &r, 0, &report);
	return NULL;
}

static void *change_again(void *arg)
{
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	change(arg);
	gasp_region_set_soft(gsp, 1, &r);
	_exit(1);
}

static void *lock_the_ports(void *arg)
{
	change(arg);
	gasp_lock(gsp, QST_X86_IO);
	_exit(1);
}

static void *destroy(void *arg)
{
	change(arg);
	gasp_guest_destroy(gsp);
	_exit(1);
}

static void *remove_the_listener(void *arg)
{
	(void)arg;
	if (setjmp(back) == 0)
		gasp_guest_remove_listener(gsp, follower.id);
	return NULL;
}

static void *add_a_listener(void *arg)
{
	struct gasp_listener l = listener_with(0);
	(void)arg;
	if (setjmp(back) == 0)
		gasp_guest_add_listener(gsp, &l, &follower, NULL);
	return NULL;
}

/* Left by a jump into the function outside of it, of another guest. */
static void change_outside(struct follower *f, enum callback what)
{
	(void)f;
	if (what == PREPARE)
		change(NULL);
}

static void *change_another_guest(void *arg)
{
	struct guest_system *other = guest();
	static struct follower outside;
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	(void)arg;
	outside = follower_of(other, &book, 3);
	outside.inside = change_outside;
	follow(&outside);
	gasp_region_set_soft(other, 1, &r);
	_exit(1);
}

static void run(void *(*what)(void *), enum callback function, enum way how)
{
	alarm(SECONDS);
	gsp = guest();
	follower = follower_of(gsp, &book, 1);
	refuser = follower_of(gsp, &book, 2);
	follow(&follower);
	follow(&refuser);
	CHECK_SET(gsp, mem(0x100000, 0x1000, VIRT));
	refuser.refuses = function == ABORT ? EBUSY : 0;
	follower.inside = leave;
	left = function;
	way = how;
	thread_run(what, NULL);
	_exit(1);	/* not reached */
}

#define CHILD(name, what, function, how) \
	static void name(void) { run(what, function, how); }
CHILD(exit_estimate, change, ESTIMATE, EXIT)
CHILD(exit_prepare, change, PREPARE, EXIT)
CHILD(exit_commit, change, COMMIT, EXIT)
CHILD(exit_abort, change, ABORT, EXIT)
CHILD(cancel_prepare, change, PREPARE, CANCEL)
CHILD(jump_prepare, change, PREPARE, JUMP)
CHILD(exit_removed, remove_the_listener, PREPARE, EXIT)
CHILD(exit_added, add_a_listener, COMMIT, EXIT)
CHILD(jump_and_change, change_again, COMMIT, JUMP)
CHILD(jump_and_lock, lock_the_ports, PREPARE, JUMP)
CHILD(jump_and_destroy, destroy, PREPARE, JUMP)
CHILD(jump_outside, change_another_guest, PREPARE, JUMP)

static void ends(const char *child)
{
	struct outcome out = run_child(child);
	size_t length = strlen(out.err);
	if (out.signal != SIGABRT)
		fprintf(check_fail(__FILE__, __LINE__), "%s: exit code %d, signal %d, \"%s\"\n", child,
			out.code, out.signal, out.err);
	CHECK_HAS(out.err, "libgasp: a thread has left a function of a listener");
	CHECK(length > 0 && strchr(out.err, '\n') == out.err + length - 1);	/* one line */
}

static void the_thread_ends(void)
{
	ends("exit_estimate");
	ends("exit_prepare");
	ends("exit_commit");
	ends("exit_abort");
#ifndef SANITIZED	/* which takes the frames that are left for ones that are there */
	ends("cancel_prepare");
#endif
	ends("jump_prepare");
}

static void in_a_listener_that_comes_or_goes(void)
{
	ends("exit_removed");
	ends("exit_added");
}

static void a_jump_and_a_later_call(void)
{
	ends("jump_and_change");
	ends("jump_and_lock");
	ends("jump_and_destroy");
}

static void a_jump_to_the_function_outside(void)
{
	ends("jump_outside");
}

static const struct test_case cases[] = {
	CASE(the_thread_ends), CASE(in_a_listener_that_comes_or_goes), CASE(a_jump_and_a_later_call),
	CASE(a_jump_to_the_function_outside),
};

static const struct test_case children[] = {
	CASE(exit_estimate), CASE(exit_prepare), CASE(exit_commit), CASE(exit_abort),
	CASE(cancel_prepare), CASE(jump_prepare), CASE(exit_removed), CASE(exit_added),
	CASE(jump_and_change), CASE(jump_and_lock), CASE(jump_and_destroy), CASE(jump_outside),
};

TEST_MAIN_CHILDREN(cases, children)
