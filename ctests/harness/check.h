/* A small test harness, and short ways to write down regions and maps.
 *
 * A program is a table of cases. It runs them in order and reports in TAP: the plan, then "ok" or
 * "not ok" for each case; details of a failure come before, on lines that start with "# ".
 * The program ends with 1 if any case failed. "PROGRAM NAME..." runs only these cases.
 *
 * A case that needs a process of its own (because it dies there, say) has run_child() start the
 * program again for one function of the table of children.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_CHECK_H
#define CTESTS_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <gasp/host.h>
#include <qvm/gasp.h>
#include <qvm/types.h>
#include <qvm/vdev-core.h>

/* Built with the address sanitizer. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

/* KiB of memory that this process holds. */
static inline long resident_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *status = fopen("/proc/self/status", "r");
	while (status != NULL && fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (status != NULL)
		fclose(status);
	return kib;
}

/* ---- Cases ---- */

struct test_case {
	const char *name;
	void (*run)(void);
};

/* The failures of the running case so far. */
struct check_state {
	int failures;
	const char *skip;
};

static inline struct check_state *check_state(void)
{
	static struct check_state state;
	return &state;
}

/* Counts a failure and starts its line; any thread. */
static inline FILE *check_fail(const char *file, int line)
{
	__atomic_fetch_add(&check_state()->failures, 1, __ATOMIC_SEQ_CST);
	fprintf(stderr, "# %s:%d: ", file, line);
	return stderr;
}

static inline int check_true(const char *file, int line, const char *expr, int is)
{
	if (!is)
		fprintf(check_fail(file, line), "%s is false\n", expr);
	return is;
}

static inline int check_eq(const char *file, int line, const char *a_expr, const char *b_expr,
			   uint64_t a, uint64_t b)
{
	if (a != b)
		fprintf(check_fail(file, line),
			"%s is %" PRIu64 " (0x%" PRIx64 "), not %s = %" PRIu64 " (0x%" PRIx64 ")\n",
			a_expr, a, a, b_expr, b, b);
	return a == b;
}

static inline int check_str(const char *file, int line, const char *expr, const char *is,
			    const char *want)
{
	int same = is != NULL && strcmp(is, want) == 0;
	if (!same)
		fprintf(check_fail(file, line), "%s is \"%s\", not \"%s\"\n", expr,
			is != NULL ? is : "(NULL)", want);
	return same;
}

static inline int check_has(const char *file, int line, const char *expr, const char *is,
			    const char *part)
{
	int found = is != NULL && strstr(is, part) != NULL;
	if (!found)
		fprintf(check_fail(file, line), "%s is \"%s\", without \"%s\"\n", expr,
			is != NULL ? is : "(NULL)", part);
	return found;
}

#define CHECK(expr) check_true(__FILE__, __LINE__, #expr, (expr) ? 1 : 0)
#define CHECK_EQ(a, b) check_eq(__FILE__, __LINE__, #a, #b, (uint64_t)(a), (uint64_t)(b))
#define CHECK_STR(a, want) check_str(__FILE__, __LINE__, #a, (a), (want))
#define CHECK_HAS(a, part) check_has(__FILE__, __LINE__, #a, (a), (part))
/* Returns from the function if the condition does not hold. */
#define REQUIRE(expr) do { if (!CHECK(expr)) return; } while (0)
/* The case cannot run here. */
#define SKIP(reason) do { check_state()->skip = (reason); return; } while (0)

static inline void check_run(unsigned number, const struct test_case *c)
{
	struct check_state *state = check_state();
	memset(state, 0, sizeof(*state));
	c->run();
	printf("%s %u - %s", state->failures != 0 ? "not ok" : "ok", number, c->name);
	if (state->failures == 0 && state->skip != NULL)
		printf(" # SKIP %s", state->skip);
	printf("\n");
	fflush(stdout);
}

static inline const struct test_case *check_find(const struct test_case *cases, unsigned n,
						 const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(cases[i].name, name) == 0)
			return &cases[i];
	fprintf(stderr, "no case \"%s\"\n", name);
	exit(2);
}

/* "PROGRAM --child NAME": the exit code tells whether the checks in there held. */
static inline void check_main_child(const struct test_case *child)
{
	alarm(30);
	child->run();
	fflush(NULL);
	_exit(check_state()->failures != 0 ? 99 : 0);
}

static inline int check_main(int argc, char **argv, const struct test_case *cases, unsigned n,
			     const struct test_case *children, unsigned n_children)
{
	int failed = 0;
	if (argc == 3 && strcmp(argv[1], "--child") == 0)
		check_main_child(check_find(children, n_children, argv[2]));
	unsetenv("GASP_STRICT");
	alarm(600);
	unsigned runs = argc > 1 ? (unsigned)argc - 1 : n;
	printf("1..%u\n", runs);
	fflush(stdout);
	for (unsigned i = 0; i < runs; i++) {
		check_run(i + 1, argc > 1 ? check_find(cases, n, argv[i + 1]) : &cases[i]);
		failed |= check_state()->failures != 0;
	}
	return failed;
}

#define CASE(function) { #function, function }
#define TEST_MAIN(cases) \
	int main(int argc, char **argv) \
	{ \
		return check_main(argc, argv, cases, COUNT(cases), NULL, 0); \
	}
#define TEST_MAIN_CHILDREN(cases, children) \
	int main(int argc, char **argv) \
	{ \
		return check_main(argc, argv, cases, COUNT(cases), children, COUNT(children)); \
	}

/* ---- Processes ---- */

/* How a child ended, by exit code or (code -1) by a signal, and its output on stderr. */
struct outcome {
	int code;
	int signal;
	char err[4096];
};

static inline void child_exec(const char *name, int err)
{
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		_exit(98);
	self[length] = '\0';
	dup2(err, STDERR_FILENO);
	execl(self, self, "--child", name, (char *)NULL);
	_exit(98);
}

static inline void child_read(int fd, struct outcome *out)
{
	size_t have = 0;
	for (;;) {
		char drop[256];
		size_t room = sizeof(out->err) - 1 - have;
		ssize_t got = room != 0 ? read(fd, out->err + have, room) : read(fd, drop, sizeof(drop));
		if (got <= 0)
			break;
		have += room != 0 ? (size_t)got : 0;
	}
	out->err[have] = '\0';
}

/* Starts this program again for one of its children, and waits for it. */
static inline struct outcome run_child(const char *name)
{
	struct outcome out;
	int ends[2], status = 0;
	memset(&out, 0, sizeof(out));
	if (pipe(ends) != 0)
		abort();
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child_exec(name, ends[1]);
	}
	close(ends[1]);
	child_read(ends[0], &out);
	close(ends[0]);
	waitpid(pid, &status, 0);
	out.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	out.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return out;
}

static inline void check_exit(const char *file, int line, const char *name,
			      const struct outcome *out, int code)
{
	if (out->code != code)
		fprintf(check_fail(file, line),
			"child %s: exit code %d (signal %d), not %d; its stderr:\n%s\n", name,
			out->code, out->signal, code, out->err);
}

/* The child's own checks held. */
#define CHECK_CHILD(name) do { \
		struct outcome out_ = run_child(name); \
		check_exit(__FILE__, __LINE__, name, &out_, 0); \
	} while (0)
#define CHECK_EXIT(name, out, want) check_exit(__FILE__, __LINE__, name, &(out), (want))

/* ---- Threads ---- */

/* Seconds of the monotonic clock. */
static inline double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void sleep_ms(long ms)
{
	struct timespec t;
	t.tv_sec = ms / 1000;
	t.tv_nsec = ms % 1000 * 1000000;
	nanosleep(&t, NULL);
}

static inline int flag_get(int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static inline void flag_set(int *flag, int value)
{
	__atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

/* Waits until a flag has reached a value; gives up after 20 s. */
static inline int flag_wait(int *flag, int value)
{
	for (int i = 0; i < 20000 && flag_get(flag) < value; i++)
		sleep_ms(1);
	return flag_get(flag) >= value;
}

static inline pthread_t thread_start(void *(*run)(void *), void *arg)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, run, arg) != 0)
		abort();
	return thread;
}

static inline void thread_run(void *(*run)(void *), void *arg)
{
	pthread_join(thread_start(run, arg), NULL);
}

#include "regions.h"

#endif
