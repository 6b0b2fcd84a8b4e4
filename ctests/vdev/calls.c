/* The functions that vdevs can call (docs/vdevs.md, "Functions"), but those of rest.c: the vdev `calls` calls them, in
 * plugins/.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "vdevs.h"

#include "plugins/calls.h"

static void at_startup(struct vdev_machine *m, enum call call)
{
	char number[16];
	unsigned failed = 99;

	snprintf(number, sizeof(number), "%d", (int)call);
	vdev_machine_start(m, GASP_VDEVS_SIMULATED_CLOCK);
	if (!CHECK(add_calls(m, "call", number, &failed) != NULL))
		fprintf(stderr, "# option %u: %s\n", failed, gasp_last_error());
}

static void while_it_runs(struct vdev_machine *m, enum call call)
{
	uint32_t value = 0xfeedbeef;

	at_startup(m, CALL_timers_are_created_at_startup);
	CHECK_EQ(gasp_guest_write(m->gsp, 0x2000, &value, sizeof(value)), EOK);
	m->cpu_register = 0x12345678;
	run_guest(m);
	CHECK_EQ(write_vdev(m, call), EOK);
}

#define STARTUP_CASE(name) \
	static void name(void) \
	{ \
		struct vdev_machine m; \
		at_startup(&m, CALL_##name); \
		vdev_machine_end(&m); \
	}
#define RUNNING_CASE(name) \
	static void name(void) \
	{ \
		struct vdev_machine m; \
		while_it_runs(&m, CALL_##name); \
		vdev_machine_end(&m); \
	}

STARTUP_CASE(a_vdev_has_what_its_host_gave)
STARTUP_CASE(timers_are_created_at_startup)
STARTUP_CASE(inputs_are_assigned)
STARTUP_CASE(locations_are_read)
STARTUP_CASE(interrupts_are_read)
STARTUP_CASE(nothing_starts_early)
RUNNING_CASE(operands_are_read)
RUNNING_CASE(bad_operands_are_refused)
RUNNING_CASE(all_ones_are_written)
RUNNING_CASE(errors_become_answers)
RUNNING_CASE(names_are_texts)
RUNNING_CASE(threads_belong_to_their_vdev)
RUNNING_CASE(the_map_can_be_asked)

static void operands_are_written(void)
{
	struct vdev_machine m;

	while_it_runs(&m, CALL_operands_are_written);
	CHECK_EQ(m.cpu_register, 0x55667788);
	vdev_machine_end(&m);
}

static void lines_are_written(void)
{
	struct vdev_machine m;
	static const char first[] =
		"10800000 host: a line with 1\n"
		"08200000 vdev calls: a vdev's with 2\n"
		"10800000 host: nobody's\n"
		"04400000 host: a line with ab\n"
		"10800000 host: 000";

	at_startup(&m, CALL_lines_are_written);
	CHECK_HAS(m.record.text, first);
	/* The last line is cut at 4,095 bytes. */
	CHECK_EQ(m.record.length, sizeof(first) - 1 - 3 + 4095 + 1);
	vdev_machine_end(&m);
}

static void interrupts_have_states(void)
{
	struct vdev_machine m;

	while_it_runs(&m, CALL_interrupts_have_states);
	CHECK_STR(m.record.text, "line 48 on\nline 48 off\n");
	vdev_machine_end(&m);
}

static void timers_are_set(void)
{
	struct vdev_machine m;

	while_it_runs(&m, CALL_timers_are_set);
	CHECK_EQ(gasp_vdevs_advance(m.vdevs, 99), EOK);
	uint32_t before = read_vdev(&m);
	CHECK_EQ(gasp_vdevs_advance(m.vdevs, 1), EOK);
	CHECK_EQ(read_vdev(&m), before + 1);
	CHECK_EQ(gasp_vdevs_advance(m.vdevs, 1000), EOK);
	CHECK_EQ(read_vdev(&m), before + 1);
	vdev_machine_end(&m);
}

static void the_guest_is_ended(void)
{
	struct vdev_machine m;

	while_it_runs(&m, CALL_the_guest_is_ended);
	CHECK_STR(m.record.text, "end 4\nend 32\nend 6\n");
	vdev_machine_end(&m);
}

/* Without a log of the host: lines go to standard error. */
static void dies(enum call call)
{
	struct vdev_machine m;
	char number[16];
	static struct gasp_vdev_host plain;

	vdev_machine_start(&m, 0);
	gasp_vdevs_destroy(m.vdevs);
	plain.size = sizeof(plain);
	m.vdevs = gasp_vdevs_create(m.gsp, &plain);
	CHECK_EQ(gasp_vdevs_add_path(m.vdevs, VDEVS), EOK);
	snprintf(number, sizeof(number), "%d", (int)call);
	add_calls(&m, "call", number, NULL);
	_exit(98);
}

static const struct {
	const char *name;
	int code;
	const char *says;
} deaths[] = {
	{ "qvm_fatal_ends", 64, "fatal: the end, 1\n" },
	{ "qvm_fatal_of_the_configuration_ends", 65, "fatal: the end, 2\n" },
	{ "a_fatal_line_ends", 64, "fatal: the end, 3\n" },
	{ "a_fatal_line_of_a_vdev_ends", 64, "calls: fatal: the end, 4\n" },
	{ "a_bad_location_ends", 65, "calls: fatal: " },
	{ "a_bad_interrupt_ends", 65, "an interrupt controller (apic)" },
	{ "an_input_that_is_not_there_ends", 64, "0x5 is not a vector from 0x10 to 0xff" },
	{ "a_controller_that_is_none_ends", 64, "calls is no interrupt controller" },
	{ "an_early_end_ends", 64, "ended the guest before it started (cause 0)" },
};

static void what_ends_the_process(void)
{
	for (unsigned i = 0; i < COUNT(deaths); i++) {
		struct outcome out = run_child(deaths[i].name);
		CHECK_EXIT(deaths[i].name, out, deaths[i].code);
		CHECK_HAS(out.err, deaths[i].says);
	}
}

#define DEATH(name) static void name(void) { dies(CALL_##name); }
FATAL_CALLS(DEATH)
#define CHILD(name) CASE(name),
static const struct test_case children[] = { FATAL_CALLS(CHILD) };

static const struct test_case cases[] = {
	STARTUP_CALLS(CHILD)
	RUNNING_CALLS(CHILD)
	CASE(what_ends_the_process),
};
TEST_MAIN_CHILDREN(cases, children)
