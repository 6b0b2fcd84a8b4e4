/* Reports of a program in TAP.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>

static int reports;

static void print_plan(void)
{
	printf("1..%d\n", reports);
}

/* Returns 1 for a failure, to be or-ed into an exit code. The plan is printed at exit. */
static int report(const char *name, int good)
{
	if (reports++ == 0)
		atexit(print_plan);
	printf("%s %d - %s\n", good ? "ok" : "not ok", reports, name);
	return good ? 0 : 1;
}
