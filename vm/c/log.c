/* The functions of <qvm/log.h>. Functions with "..." cannot be defined in Rust, so each formats its
 * text here and passes it to src/vdev/exports/write.rs.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/log.h>
#include <stdarg.h>
#include <stdio.h>

/* Longer texts are cut, so that a vdev cannot fill the memory of the host with one line. */
#define LONGEST 4096

void gasp_vm_log(unsigned kind, const vdev_t *vdev, const char *text);
void gasp_vm_report(const char *text);
_Noreturn void gasp_vm_fatal(unsigned source, const char *text);

#define FORMAT(text, fmt) \
	do { \
		va_list args; \
		va_start(args, fmt); \
		if (vsnprintf(text, sizeof(text), fmt, args) < 0) \
			snprintf(text, sizeof(text), "(a text that cannot be formatted: %s)", fmt); \
		va_end(args); \
	} while (0)

void qvm_logf(unsigned kind, const char *fmt, ...)
{
	char text[LONGEST];

	FORMAT(text, fmt);
	gasp_vm_log(kind, NULL, text);
}

void vdev_logf(unsigned kind, const vdev_t *vdev, const char *fmt, ...)
{
	char text[LONGEST];

	FORMAT(text, fmt);
	gasp_vm_log(kind, vdev, text);
}

void qvm_report(const char *fmt, ...)
{
	char text[LONGEST];

	FORMAT(text, fmt);
	gasp_vm_report(text);
}

void qvm_fatal(unsigned source, const char *fmt, ...)
{
	char text[LONGEST];

	FORMAT(text, fmt);
	gasp_vm_fatal(source, text);
}
