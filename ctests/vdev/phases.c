/* <gasp/vdev-host.h>: the steps of vdevs, the clock, counts, and the host's functions
 * (docs/vdev-host.md, 1 and 5 to 7).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "vdevs.h"

#include "plugins/calls.h"

static void machine_with_calls(struct vdev_machine *m, unsigned flags)
{
	vdev_machine_start(m, flags);
	CHECK(add_calls(m, NULL, NULL, NULL) != NULL);
}

/* Each control code in each phase. The phases: options, assigned, configured, started, ended. */
static void steps_come_once_and_in_order(void)
{
	enum { PHASES = 5 };
	static const struct {
		unsigned ctrl;
		int want[PHASES];
	} rows[] = {
		{ VDEV_CTRL_STATUS, { EOK, EOK, EOK, EOK, EOK } },
		{ VDEV_CTRL_BUTTON, { EOK, EOK, EOK, EOK, EOK } },
		{ VDEV_CTRL_GEN_ACPI, { -1, EOK, EPERM, EPERM, EPERM } },
		{ VDEV_CTRL_ASSIGN, { -1, EPERM, EPERM, EPERM, EPERM } },
		{ VDEV_CTRL_GUEST_CONFIGURED, { -1, -1, EPERM, EPERM, EPERM } },
		{ VDEV_CTRL_GUEST_STARTING, { EPERM, EPERM, -1, EPERM, EPERM } },
		{ VDEV_CTRL_TERMINATE, { -1, -1, -1, -1, EPERM } },
		{ VDEV_CTRL_OPTIONS_START, { EINVAL, EINVAL, EINVAL, EINVAL, EINVAL } },
		{ VDEV_CTRL_OPTIONS_END, { EINVAL, EINVAL, EINVAL, EINVAL, EINVAL } },
		{ VDEV_CTRL_PCI_BARS, { EINVAL, EINVAL, EINVAL, EINVAL, EINVAL } },
		{ VDEV_CTRL_FIRST_OPTIDX, { EINVAL, EINVAL, EINVAL, EINVAL, EINVAL } },
		{ UINT32_MAX, { EINVAL, EINVAL, EINVAL, EINVAL, EINVAL } },
	};
	static const unsigned next[PHASES - 1] = {
		VDEV_CTRL_ASSIGN, VDEV_CTRL_GUEST_CONFIGURED, VDEV_CTRL_GUEST_STARTING, VDEV_CTRL_TERMINATE,
	};
	struct vdev_machine m;

	machine_with_calls(&m, 0);
	for (unsigned phase = 0; phase < PHASES; phase++) {
		for (unsigned i = 0; i < COUNT(rows); i++) {
			errno = 12345;
			if (rows[i].want[phase] != -1 /* it would move on */
			    && !CHECK_EQ(gasp_vdevs_control(m.vdevs, rows[i].ctrl, NULL), rows[i].want[phase]))
				fprintf(stderr, "# code %u in phase %u: %s\n", rows[i].ctrl, phase, gasp_last_error());
			CHECK_EQ(errno, 12345);
		}
		if (phase < PHASES - 1)
			CHECK_EQ(gasp_vdevs_control(m.vdevs, next[phase], NULL), EOK);
	}
	vdev_machine_end(&m);
}

static void assigning_is_part_of_configuring(void)
{
	struct vdev_machine m;

	vdev_machine_start(&m, 0);
	vdev_t *vdev = gasp_vdevs_add(m.vdevs, "calls", NULL, 0, NULL);
	REQUIRE(vdev != NULL);
	CHECK_EQ(vdev->v_block.location, QSL_NO_LOCATION);
	CHECK_EQ(gasp_vdevs_control(m.vdevs, VDEV_CTRL_GUEST_CONFIGURED, NULL), EOK);
	/* The lowest free place. */
	CHECK_EQ(vdev->v_block.location, 0x100000);
	errno = 0;
	CHECK(gasp_vdevs_add(m.vdevs, "calls", NULL, 0, NULL) == NULL);
	CHECK_EQ(errno, EPERM);
	vdev_machine_end(&m);
}

static void the_end_may_come_first(void)
{
	struct vdev_machine m;

	machine_with_calls(&m, 0);
	CHECK_EQ(gasp_vdevs_control(m.vdevs, VDEV_CTRL_TERMINATE, NULL), EOK);
	CHECK_EQ(gasp_vdevs_control(m.vdevs, VDEV_CTRL_GUEST_CONFIGURED, NULL), EPERM);
	CHECK_HAS(gasp_last_error(), "terminated");
	vdev_machine_end(&m);
}

static void a_simulated_clock_moves_when_the_host_says(void)
{
	struct vdev_machine m;

	machine_with_calls(&m, GASP_VDEVS_SIMULATED_CLOCK);
	CHECK_EQ(gasp_vdevs_clock(m.vdevs), 0);
	CHECK_EQ(gasp_vdevs_advance(m.vdevs, 1), EPERM);
	run_guest(&m);
	CHECK_EQ(gasp_vdevs_clock(m.vdevs), 0);
	errno = 12345;
	CHECK_EQ(gasp_vdevs_advance(m.vdevs, 1500), EOK);
	CHECK_EQ(errno, 12345);
	CHECK_EQ(gasp_vdevs_clock(m.vdevs), 1500);
	CHECK_EQ(gasp_vdevs_advance(m.vdevs, 0), EOK);
	CHECK_EQ(gasp_vdevs_advance(m.vdevs, UINT64_MAX), EOK);
	CHECK_EQ(gasp_vdevs_clock(m.vdevs), UINT64_MAX);
	vdev_machine_end(&m);
}

static void a_real_clock_runs_by_itself(void)
{
	struct vdev_machine m;

	machine_with_calls(&m, 0);
	CHECK_EQ(gasp_vdevs_clock(m.vdevs), 0);
	run_guest(&m);
	for (int i = 0; i < 20000 && gasp_vdevs_clock(m.vdevs) == 0; i++)
		sleep_ms(1);
	CHECK(gasp_vdevs_clock(m.vdevs) > 0);
	CHECK_EQ(gasp_vdevs_advance(m.vdevs, 1), EPERM);
	vdev_machine_end(&m);
}

struct hits {
	unsigned rows;
	uint64_t reads, writes;
	const vdev_t *vdev;
};

static void add_hit(void *arg, const vdev_t *vdev, unsigned cookie, uint64_t reads, uint64_t writes)
{
	struct hits *hits = (struct hits *)arg;
	hits->rows++;
	hits->vdev = vdev;
	hits->reads += reads;
	hits->writes += writes;
	CHECK_EQ(cookie, 0);
}

static void accesses_are_counted_if_the_host_asks(void)
{
	static const unsigned flags[2] = { 0, GASP_VDEVS_COUNT };

	for (unsigned i = 0; i < COUNT(flags); i++) {
		struct vdev_machine m;
		struct hits hits;
		memset(&hits, 0, sizeof(hits));
		machine_with_calls(&m, flags[i]);
		run_guest(&m);
		read_vdev(&m);
		read_vdev(&m);
		CHECK_EQ(write_vdev(&m, CALL_errors_become_answers), EOK);
		CHECK_EQ(gasp_vdevs_each_hit(m.vdevs, add_hit, &hits), EOK);
		CHECK_EQ(hits.rows, i);
		CHECK_EQ(hits.reads, 2 * i);
		CHECK_EQ(hits.writes, i);
		CHECK(i == 0 || hits.vdev == gasp_vdevs_next(m.vdevs, NULL));
		CHECK_EQ(gasp_vdevs_each_hit(m.vdevs, NULL, &hits), EINVAL);
		CHECK_EQ(gasp_vdevs_each_hit(NULL, add_hit, &hits), EINVAL);
		vdev_machine_end(&m);
	}
}

static void vcpus_have_numbers(void)
{
	struct vdev_machine m;

	machine_with_calls(&m, 0);
	CHECK_EQ(gasp_vdevs_set_cpu(m.vdevs, NULL, 1), EINVAL);
	errno = 12345;
	CHECK_EQ(gasp_vdevs_set_cpu(m.vdevs, m.cpu, 7), EOK);
	CHECK_EQ(errno, 12345);
	run_guest(&m);
	/* One without a number makes accesses, too. */
	struct gasp_cpu *other = gasp_cpu_create(m.gsp);
	uint32_t value = 0;
	CHECK_EQ(gasp_cpu_access(other, QST_MEMORY, GASP_READ, VDEV_AT, &value, 4), EOK);
	vdev_machine_end(&m);
}

static void answers_become_error_numbers(void)
{
	struct vdev_machine m;
	uint16_t half = 0;

	machine_with_calls(&m, 0);
	run_guest(&m);
	CHECK_EQ(write_vdev(&m, CALLS), ENOENT); /* the vdev's own answer */
	CHECK_EQ(gasp_cpu_access(m.cpu, QST_MEMORY, GASP_READ, VDEV_AT, &half, 2), EFAULT); /* acc_sizes */
	CHECK_EQ(gasp_cpu_access(m.cpu, QST_MEMORY, GASP_READ, VDEV_AT + CALLS_LENGTH, &half, 2), EFAULT);
	vdev_machine_end(&m);
}

/* The host's function may end the process in its own way. */
static void ends_in_its_own_way(void *arg, int exit_code)
{
	_exit(exit_code == 64 && *(int *)arg == 5 ? 77 : 98);
}

static void fatal_goes_to_the_host(void)
{
	struct vdev_machine m;
	struct gasp_vdev_host host;
	int five = 5;
	char number[16];

	vdev_machine_start(&m, 0);
	gasp_vdevs_destroy(m.vdevs);
	memset(&host, 0, sizeof(host));
	host.size = sizeof(host);
	host.arg = &five;
	host.fatal = ends_in_its_own_way;
	m.vdevs = gasp_vdevs_create(m.gsp, &host);
	CHECK_EQ(gasp_vdevs_add_path(m.vdevs, VDEVS), EOK);
	snprintf(number, sizeof(number), "%d", CALL_qvm_fatal_ends);
	add_calls(&m, "call", number, NULL);
	_exit(98);
}

static void what_is_fatal_goes_to_the_host_first(void)
{
	struct outcome out = run_child("fatal_goes_to_the_host");
	CHECK_EXIT("fatal_goes_to_the_host", out, 77);
	CHECK_HAS(out.err, "fatal: the end, 1");
}

static const struct test_case children[] = { CASE(fatal_goes_to_the_host) };
static const struct test_case cases[] = {
	CASE(steps_come_once_and_in_order),
	CASE(assigning_is_part_of_configuring),
	CASE(the_end_may_come_first),
	CASE(a_simulated_clock_moves_when_the_host_says),
	CASE(a_real_clock_runs_by_itself),
	CASE(accesses_are_counted_if_the_host_asks),
	CASE(vcpus_have_numbers),
	CASE(answers_become_error_numbers),
	CASE(what_is_fatal_goes_to_the_host_first),
};
TEST_MAIN_CHILDREN(cases, children)
