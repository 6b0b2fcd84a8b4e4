/* A failure function that records its calls, and calls that it is told of.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_TOLD_H
#define CTESTS_TOLD_H

#include "access.h"

/* The calls of the failure function; the texts are those of the last one. */
struct told {
	unsigned n;
	int error;
	char function[64];
	char message[512];
	char last_error[512];
	vdev_t *acting;
	void (*also)(void);
};

static struct told told;

static inline void note(void *arg, const char *function, int error, const char *message)
{
	struct told *t = (struct told *)arg;
	t->n++;
	t->error = error;
	snprintf(t->function, sizeof(t->function), "%s", function);
	snprintf(t->message, sizeof(t->message), "%s", message);
	snprintf(t->last_error, sizeof(t->last_error), "%s", gasp_last_error());
	t->acting = gasp_acting()->vdev;
	if (t->also != NULL)
		t->also();
	errno = EDOM;		/* must not stay */
}

static inline void start_to_note(void)
{
	memset(&told, 0, sizeof(told));
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_on_failure(note, &told), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
}

static inline void stop_to_note(void)
{
	CHECK_EQ(gasp_on_failure(NULL, NULL), EOK);
}

static inline void told_expect(const char *file, int line, const char *function, int error)
{
	check_eq(file, line, "the number of calls", "1", told.n, 1);
	check_str(file, line, "the function", told.function, function);
	check_eq(file, line, "the error", function, (uint64_t)told.error, (uint64_t)error);
	check_str(file, line, "the message", told.message, gasp_last_error());
	check_str(file, line, "the last error inside", told.last_error, told.message);
	check_true(file, line, "the message is not empty", told.message[0] != '\0');
	told.n = 0;
}

/* A call that returns an error number is reported once, by its name. */
#define RETURNS(function, arguments, want) do { \
		errno = ERRNO_MARK; \
		CHECK_EQ(function arguments, want); \
		CHECK_EQ(errno, ERRNO_MARK); \
		told_expect(__FILE__, __LINE__, #function, want); \
	} while (0)
/* A call that sets errno. */
#define SETS(function, arguments, want, err) do { \
		errno = ERRNO_MARK; \
		CHECK((function arguments) == (want)); \
		CHECK_EQ(errno, err); \
		told_expect(__FILE__, __LINE__, #function, err); \
	} while (0)
/* A call that returns nothing. */
#define FAILS(function, arguments, err) do { \
		errno = ERRNO_MARK; \
		function arguments; \
		CHECK_EQ(errno, ERRNO_MARK); \
		told_expect(__FILE__, __LINE__, #function, err); \
	} while (0)

#endif
