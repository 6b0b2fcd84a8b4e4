/* The functions of <qvm/outpipe.h>, and qvm_make_non_safety(). Functions with "..." cannot be defined in Rust, so each formats
 * its text here and passes it to src/exports/write.rs.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "private.h"
#include <qvm/outpipe.h>
#include <qvm/utils.h>
#include <stdio.h>

/* Longer texts are cut, so that a vdev cannot fill the memory of the host with one line. */
#define LONGEST 4096

_Noreturn void gasp_vdev_private_fatal(unsigned attr, const char *text);
void gasp_vdev_private_non_safety(const char *text);

static void format(char text[LONGEST], const char *fmt, va_list args)
{
	if (vsnprintf(text, LONGEST, fmt, args) < 0)
		snprintf(text, LONGEST, "(a text that cannot be formatted: %s)", fmt);
}

#define FORMAT(text, fmt) \
	do { \
		va_list args; \
		va_start(args, fmt); \
		format(text, fmt, args); \
		va_end(args); \
	} while (0)

void qvm_logf(const unsigned attr, const char *const fmt, ...)
{
	char text[LONGEST];

	FORMAT(text, fmt);
	gasp_vdev_private_log(attr, NULL, text);
}

void vdev_logf(const unsigned attr, const vdev_t *const vdp, const char *const fmt, ...)
{
	char text[LONGEST];

	FORMAT(text, fmt);
	gasp_vdev_private_log(attr, vdp, text);
}

void qvm_voutf(const unsigned attr, const char *const fmt, va_list ap)
{
	char text[LONGEST];

	format(text, fmt, ap);
	gasp_vdev_private_log(attr, NULL, text);
}

void qvm_fatal(const unsigned attr, const char *const fmt, ...)
{
	char text[LONGEST];

	FORMAT(text, fmt);
	gasp_vdev_private_fatal(attr, text);
}

void qvm_make_non_safety(const char *fmt, ...)
{
	char text[LONGEST];

	if (fmt == NULL)
		fmt = "without a reason";
	FORMAT(text, fmt);
	gasp_vdev_private_non_safety(text);
}
