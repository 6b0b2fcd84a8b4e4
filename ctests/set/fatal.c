/* gasp_region_set() that fails: exit code, message, fatal handler (specification 2).
 * Each failure happens in a child process.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>

#define HANDLED 42	/* exit code of a handler that found everything in order */

/* ---- Children: each is expected to die in gasp_region_set() ---- */

static struct guest_system *guest_with_precious(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT | GRF_PRECIOUS));
	return gsp;
}

/* rgn[1] of 3 overlaps the PRECIOUS region. */
static void fail(struct guest_system *gsp)
{
	const struct gasp_region r[] = {
		mem(0x8000, 0x1000, VIRT), mem(0x1000, 0x2000, GRF_VIRT_RD | GRF_VIRT_WR),
		mem(0xa000, 0x1000, VIRT),
	};
	gasp_region_set(gsp, COUNT(r), r);
}

static void child_before_start(void)
{
	fail(guest_with_precious());
}

static void child_after_start(void)
{
	struct guest_system *gsp = guest_with_precious();
	gasp_guest_start(gsp);
	fail(gsp);
}

static void child_null_gsp(void)
{
	fail(NULL);
}

static void child_dead_gsp(void)
{
	struct guest_system *gsp = guest();
	gasp_guest_start(gsp);
	gasp_guest_destroy(gsp);
	fail(gsp);
}

static void child_null_rgn(void)
{
	gasp_region_set(guest(), 1, NULL);
}

static void child_null_rgn_after_start(void)
{
	struct guest_system *gsp = guest();
	gasp_guest_start(gsp);
	gasp_region_set(gsp, 1, NULL);
}

static void child_strict(void)
{
	struct guest_system *gsp = strict_guest();
	struct gasp_region r = port(0x60, 4, GRF_NONE);
	gasp_guest_start(gsp);
	gasp_region_set(gsp, 1, &r);
}

static void child_stderr_closed(void)
{
	close(STDERR_FILENO);
	fail(guest_with_precious());
}

static void child_stderr_full(void)
{
	int full = open("/dev/full", O_WRONLY);
	dup2(full, STDERR_FILENO);
	fail(guest_with_precious());
}

static void child_stderr_broken_pipe(void)
{
	int ends[2];
	if (pipe(ends) != 0)
		_exit(1);
	close(ends[0]);
	dup2(ends[1], STDERR_FILENO);
	signal(SIGPIPE, SIG_IGN);
	fail(guest_with_precious());
}

static void child_holding_locks(void)
{
	struct guest_system *gsp = guest_with_precious();
	gasp_lock(gsp, QST_MEMORY);
	gasp_lock(gsp, QST_X86_IO);
	fail(gsp);
}

/* ---- Children with a handler ---- */

static struct guest_system *handled_guest;

static void handler_that_returns(void *arg, int code, const char *message)
{
	(void)arg;
	(void)code;
	(void)message;
}

static void child_handler_returns(void)
{
	struct guest_system *gsp = guest_with_precious();
	gasp_guest_set_fatal_handler(gsp, handler_that_returns, NULL);
	gasp_guest_start(gsp);
	fail(gsp);
}

static void handler_that_repeats(void *arg, int code, const char *message)
{
	CHECK_STR((const char *)arg, "my arg");
	fprintf(stderr, "%s\n", message);
	_exit(code == 96 && check_state()->failures == 0 ? HANDLED : 99);
}

static void child_handler_repeats(void)
{
	static char arg[] = "my arg";
	struct guest_system *gsp = guest_with_precious();
	gasp_guest_set_fatal_handler(gsp, handler_that_repeats, arg);
	gasp_guest_start(gsp);
	fail(gsp);
}

static void handler_with_code_64(void *arg, int code, const char *message)
{
	_exit(arg == NULL && code == 64 && message != NULL ? HANDLED : 99);
}

static void child_handler_before_start(void)
{
	struct guest_system *gsp = guest_with_precious();
	gasp_guest_set_fatal_handler(gsp, handler_with_code_64, NULL);
	fail(gsp);
}

static void *take_both_locks(void *arg)
{
	struct guest_system *gsp = (struct guest_system *)arg;
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	return NULL;
}

/* No lock is held: another thread gets both, and then this one changes the map. */
static void handler_that_needs_the_locks(void *arg, int code, const char *message)
{
	(void)arg;
	(void)code;
	(void)message;
	thread_run(take_both_locks, handled_guest);
	CHECK_EQ(gasp_unlock(handled_guest, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_unlock(handled_guest, QST_X86_IO), EPERM);
	CHECK_SET(handled_guest, mem(0x100000, 0x1000, VIRT), port(0x60, 1, VIRT));
	_exit(check_state()->failures == 0 ? HANDLED : 99);
}

static void child_handler_needs_the_locks(void)
{
	const struct gasp_region r[] = { port(0x60, 1, VIRT), mem(0x2800, 0x1000, VIRT) };
	handled_guest = guest_with_precious();
	gasp_guest_set_fatal_handler(handled_guest, handler_that_needs_the_locks, NULL);
	gasp_region_set(handled_guest, COUNT(r), r);
}

/* The elements before the refused one are in effect. */
static void handler_that_looks_at_the_map(void *arg, int code, const char *message)
{
	(void)arg;
	(void)code;
	(void)message;
	CHECK_MEM(handled_guest, span(0x2000, 0x2fff, VIRT | GRF_PRECIOUS),
		  span(0x8000, 0x8fff, VIRT));
	_exit(check_state()->failures == 0 ? HANDLED : 99);
}

static void child_handler_looks_at_the_map(void)
{
	handled_guest = guest_with_precious();
	gasp_guest_set_fatal_handler(handled_guest, handler_that_looks_at_the_map, NULL);
	fail(handled_guest);
}

static void child_handler_unset(void)
{
	struct guest_system *gsp = guest_with_precious();
	gasp_guest_set_fatal_handler(gsp, handler_with_code_64, NULL);
	gasp_guest_set_fatal_handler(gsp, NULL, NULL);
	fail(gsp);
}

static void child_handler_of_another_guest(void)
{
	struct guest_system *other = guest();
	gasp_guest_set_fatal_handler(other, handler_with_code_64, NULL);
	fail(guest_with_precious());
}

static void child_handler_of_bad_guests(void)
{
	gasp_guest_set_fatal_handler(NULL, handler_with_code_64, NULL);
	gasp_guest_set_fatal_handler(dead_guest(), handler_with_code_64, NULL);
	fail(guest_with_precious());
}

/* ---- Cases ---- */

static void expect(const char *child, int code, const char *part)
{
	struct outcome out = run_child(child);
	size_t length = strlen(out.err);
	CHECK_EXIT(child, out, code);
	CHECK_HAS(out.err, part);
	CHECK(length > 1 && out.err[length - 1] == '\n');
	CHECK(strchr(out.err, '\n') == out.err + length - 1);	/* one line */
}

static void code_64_before_start(void)
{
	expect("child_before_start", 64, "rgn[1] of 3");
}

static void code_96_after_start(void)
{
	expect("child_after_start", 96, "rgn[1] of 3");
}

static void code_64_where_gsp_is_bad(void)
{
	expect("child_null_gsp", 64, "");
	expect("child_dead_gsp", 64, "");
}

static void code_by_start_where_rgn_is_null(void)
{
	expect("child_null_rgn", 64, "");
	expect("child_null_rgn_after_start", 96, "");
}

static void the_message_names_everything(void)
{
	struct outcome out = run_child("child_before_start");
	CHECK_HAS(out.err, "rgn[1] of 3");
	CHECK_HAS(out.err, "memory [0x1000, 0x2fff]");
	CHECK_HAS(out.err, "flags VIRT_RD|VIRT_WR");
	CHECK(strstr(out.err, "EEXIST") != NULL || strstr(out.err, strerror(EEXIST)) != NULL);
	CHECK_HAS(out.err, "overlaps the PRECIOUS region [0x2000, 0x2fff]");
}

static void a_strict_rule_is_fatal_too(void)
{
	expect("child_strict", 96, "[0x60, 0x63]");
}

static void locks_of_the_caller_do_not_matter(void)
{
	expect("child_holding_locks", 64, "rgn[1] of 3");
}

static void stderr_closed(void)
{
	struct outcome out = run_child("child_stderr_closed");
	CHECK_EXIT("child_stderr_closed", out, 64);
}

static void stderr_full(void)
{
	struct outcome out = run_child("child_stderr_full");
	CHECK_EXIT("child_stderr_full", out, 64);
}

static void stderr_broken_pipe(void)
{
	struct outcome out = run_child("child_stderr_broken_pipe");
	CHECK_EXIT("child_stderr_broken_pipe", out, 64);
}

static void a_handler_that_returns_does_not_save_the_process(void)
{
	expect("child_handler_returns", 96, "rgn[1] of 3");
}

static void the_handler_gets_arg_code_and_the_line(void)
{
	struct outcome out = run_child("child_handler_repeats");
	CHECK_EXIT("child_handler_repeats", out, HANDLED);
	char *end = strchr(out.err, '\n');
	REQUIRE(end != NULL);
	*end = '\0';
	CHECK_HAS(end + 1, "\n");
	end[1 + strcspn(end + 1, "\n")] = '\0';
	CHECK_STR(end + 1, out.err);
}

static void handled(const char *child)
{
	struct outcome out = run_child(child);
	CHECK_EXIT(child, out, HANDLED);
}

static void the_handler_gets_64_before_start(void)
{
	handled("child_handler_before_start");
}

static void the_handler_is_called_without_locks(void)
{
	handled("child_handler_needs_the_locks");
}

static void the_handler_sees_the_elements_before(void)
{
	handled("child_handler_looks_at_the_map");
}

static void no_handler_no_call(void)
{
	expect("child_handler_unset", 64, "rgn[1] of 3");
	expect("child_handler_of_another_guest", 64, "rgn[1] of 3");
	expect("child_handler_of_bad_guests", 64, "rgn[1] of 3");
}

static const struct test_case cases[] = {
	CASE(code_64_before_start), CASE(code_96_after_start), CASE(code_64_where_gsp_is_bad),
	CASE(code_by_start_where_rgn_is_null), CASE(the_message_names_everything),
	CASE(a_strict_rule_is_fatal_too), CASE(locks_of_the_caller_do_not_matter),
	CASE(stderr_closed), CASE(stderr_full), CASE(stderr_broken_pipe),
	CASE(a_handler_that_returns_does_not_save_the_process),
	CASE(the_handler_gets_arg_code_and_the_line), CASE(the_handler_gets_64_before_start),
	CASE(the_handler_is_called_without_locks), CASE(the_handler_sees_the_elements_before),
	CASE(no_handler_no_call),
};

static const struct test_case children[] = {
	CASE(child_before_start), CASE(child_after_start), CASE(child_null_gsp),
	CASE(child_dead_gsp), CASE(child_null_rgn), CASE(child_null_rgn_after_start),
	CASE(child_strict), CASE(child_holding_locks), CASE(child_stderr_closed),
	CASE(child_stderr_full), CASE(child_stderr_broken_pipe), CASE(child_handler_returns),
	CASE(child_handler_repeats), CASE(child_handler_before_start),
	CASE(child_handler_needs_the_locks), CASE(child_handler_looks_at_the_map),
	CASE(child_handler_unset), CASE(child_handler_of_another_guest),
	CASE(child_handler_of_bad_guests),
};

TEST_MAIN_CHILDREN(cases, children)
