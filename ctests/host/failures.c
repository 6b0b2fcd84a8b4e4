/* The function that is told of each failure: by name, and what is no failure (specification 12.5).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "told.h"

#include <sys/mman.h>

/* ---- Each function, by its name ---- */

static void functions_of_vdevs(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	uint64_t at = 0;
	size_t length = 1;
	start_to_note();
	vdev_a()->v_gsp = gsp;
	RETURNS(gasp_lock, (gsp, QST_HOST), EINVAL);
	RETURNS(gasp_unlock, (gsp, QST_MEMORY), EPERM);
	RETURNS(gasp_region_info, (gsp, &r.guest, &r), ENXIO);
	SETS(gasp_region_set_soft, (NULL, 1, &r), 0, EINVAL);
	SETS(gasp_find_free, (gsp, QST_MEMORY, 0, 0), QSL_NO_LOCATION, EINVAL);
	SETS(gasp_find_free_range, (gsp, QST_MEMORY, 2, 0, 7, 7), QSL_NO_LOCATION, ENOSPC);
	SETS(gasp_walk_count, (NULL, 0, 0), 0, EINVAL);
	SETS(gasp_walk_count_filtered, (gsp, 0, 0x80, NULL), 0, EINVAL);
	SETS(gram_find_free_range, (gsp, 1, 0, 0, 0, TOP), QSL_NO_LOCATION, ENOSPC);
	RETURNS(gram_reserve, (gsp, 0, 1), ENXIO);
	SETS(gasp_map_sys, (gsp, PROT_READ, 0, 1), NULL, ENXIO);
	SETS(gasp_map_vdma, (vdev_a(), 0, 0, 1), NULL, EINVAL);
	SETS(gasp_map_contig, (vdev_a(), PROT_READ, &at, &length), NULL, ENXIO);
	FAILS(gasp_unmap, (gsp, NULL, 1, 0), EINVAL);
	stop_to_note();
	gasp_guest_destroy(gsp);
}

static void functions_of_hosts(void)
{
	struct guest_system *gsp = guest();
	struct gasp_guest_options options;
	struct gasp_span s;
	char data = 0;
	memset(&options, 0, sizeof(options));
	start_to_note();
	SETS(gasp_guest_create, (&options), NULL, EINVAL);
	RETURNS(gasp_guest_start, (NULL), EINVAL);
	FAILS(gasp_guest_set_fatal_handler, (NULL, NULL, NULL), EINVAL);
	RETURNS(gasp_guest_reserve, (gsp, QST_MEMORY, 0, 0), EINVAL);
	RETURNS(gasp_guest_add_memory, (gsp, 0, 1, GASP_RAM, 0), EINVAL);
	RETURNS(gasp_guest_next, (gsp, QST_MEMORY, 0, &s), ENXIO);
	RETURNS(gasp_guest_read, (gsp, 0, &data, 1), ENXIO);
	RETURNS(gasp_guest_write, (gsp, 0, NULL, 1), EINVAL);
	RETURNS(gasp_guest_add_listener, (gsp, NULL, NULL, NULL), EINVAL);
	RETURNS(gasp_guest_remove_listener, (gsp, 1), EINVAL);
	RETURNS(gasp_guest_set, (gsp, 0, NULL, 16, NULL), EINVAL);
	RETURNS(gasp_guest_change, (gsp, 0, NULL, 16, NULL), EINVAL);
	RETURNS(gasp_guest_add_memory_fd, (gsp, 0, 0x1000, GASP_RAM, -1, 0), EBADF);
	RETURNS(gasp_guest_remove_memory, (gsp, 0, 0x1000), ENXIO);
	RETURNS(gasp_guest_runs, (gsp, NULL, 0, NULL), EINVAL);
	SETS(gasp_guest_find, (gsp, QST_MEMORY, 0, 0, 0, 0, 0), QSL_NO_LOCATION, EINVAL);
	RETURNS(gasp_guest_claim, (gsp, NULL, 1, 1, 0), EINVAL);
	RETURNS(gasp_guest_unreserve, (gsp, QST_MEMORY, 0, 1), ENOENT);
	RETURNS(gasp_guest_unreserve_gram, (gsp, 0, 1), ENOENT);
	RETURNS(gasp_guest_previous, (gsp, QST_MEMORY, 0, &s), ENXIO);
	RETURNS(gasp_guest_next_gap, (gsp, QST_MEMORY, 0, NULL), EINVAL);
	RETURNS(gasp_guest_release, (gsp, NULL, NULL), EINVAL);
	RETURNS(gasp_guest_copy, (gsp, GASP_READ, 0, &data, 1, NULL), ENXIO);
	SETS(gasp_guest_generation, (gsp, QST_HOST), 0, EINVAL);
	SETS(gasp_guest_unique_generation, (gsp, QST_HOST), 0, EINVAL);
	SETS(gasp_flags_text, (0, NULL, 1), 0, EINVAL);
	SETS(gasp_span_text, (NULL, QST_MEMORY, &data, 1), 0, EINVAL);
	RETURNS(gasp_guest_next_mapping, (gsp, 0, NULL), EINVAL);
	RETURNS(gasp_guest_lock_holder, (gsp, QST_MEMORY, NULL), EINVAL);
	RETURNS(gasp_guest_set_hold_limit, (NULL, 0), EINVAL);
	RETURNS(gasp_guest_settle, (gsp, QST_HOST), EINVAL);
	stop_to_note();
	gasp_guest_destroy(gsp);
}

static void functions_of_accesses(void)
{
	struct guest_system *gsp = guest();
	struct gasp_cpu *cpu = new_cpu(gsp);
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	char data = 0;
	start_to_note();
	SETS(gasp_cpu_create, (NULL), NULL, EINVAL);
	RETURNS(gasp_cpu_info, (cpu, &r.guest, &r), ENXIO);
	RETURNS(gasp_cpu_access, (cpu, QST_MEMORY, GASP_READ, 0, &data, 0), EINVAL);
	RETURNS(gasp_guest_set_trap_handler, (NULL, NULL, NULL), EINVAL);
	RETURNS(gasp_guest_set_unsupported, (gsp, 3), EINVAL);
	RETURNS(gasp_guest_set_unsupported_handler, (NULL, NULL, NULL), EINVAL);
	RETURNS(gasp_guest_synchronize, (NULL), EINVAL);
	RETURNS(gasp_guest_call_when_quiet, (gsp, NULL, NULL), EINVAL);
	RETURNS(gasp_guest_counts, (gsp, NULL), EINVAL);
	RETURNS(gasp_guest_backing, (gsp, 0, NULL), EINVAL);
	stop_to_note();
	gasp_guest_destroy(gsp);
}

static void the_refused_element_is_named(void)
{
	struct guest_system *gsp = guest();
	const struct gasp_region r[] = { mem(0x1000, 0x1000, VIRT), mem(0x1000, 0, VIRT) };
	start_to_note();
	SETS(gasp_region_set_soft, (gsp, 2, r), 1, EINVAL);
	CHECK_HAS(told.message, "rgn[1] of 2, memory 0x1000, length 0x0, flags VIRT_RD");
	RETURNS(gasp_guest_set, (gsp, 2, r, GASP_SET_DRY_RUN, NULL), EINVAL);
	stop_to_note();
	gasp_guest_destroy(gsp);
}

static void the_number_of_a_trap_handler(void)
{
	static struct machine m;
	unsigned char data = 0;
	machine_open(&m);
	m.answer = 1234;
	CHECK_SET(m.gsp, mem(0x1000, 0x1000, VIRT));
	start_to_note();
	RETURNS(gasp_cpu_access, (m.cpu, QST_MEMORY, GASP_READ, 0x1000, &data, 1), 1234);
	stop_to_note();
	machine_close(&m);
}

/* ---- What is no failure ---- */

static void successes_and_ends_of_walks(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	struct gasp_walk_state ws;
	start_to_note();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x10000, 0x1000, GASP_RAM, 0), EOK);
	CHECK_SET(gsp, r);
	CHECK_EQ(gasp_region_info(gsp, &r.guest, &r), EOK);
	gasp_walk_init(&ws, gsp, 0, 0);
	CHECK_EQ(gasp_walk_next(&ws), 1);
	CHECK_EQ(gasp_walk_next(&ws), 0);
	gasp_walk_init(&ws, NULL, 0, 0);
	CHECK_EQ(gasp_walk_next(&ws), 0);
	CHECK_EQ(gasp_guest_locks_held(NULL, QST_MEMORY), 0);
	CHECK_EQ(gasp_region_set_soft(NULL, 0, NULL), 0);
	gasp_guest_destroy(NULL);
	gasp_cpu_destroy(NULL);
	gasp_guest_destroy(gsp);
	gasp_guest_destroy(gsp);
	CHECK_EQ(told.n, 0);
	stop_to_note();
}

/* ---- One function for the process ---- */

static void a_removed_or_replaced_one_is_not_called(void)
{
	struct told second;
	memset(&second, 0, sizeof(second));
	start_to_note();
	CHECK_EQ(gasp_on_failure(note, &second), EOK);
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	CHECK_EQ(told.n, 0);
	CHECK_EQ(second.n, 1);
	stop_to_note();
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	stop_to_note();
	CHECK_EQ(told.n, 0);
	CHECK_EQ(second.n, 1);
}

static void *fail_for_b(void *arg)
{
	(void)arg;
	gasp_acting()->vdev = vdev_b();
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	return NULL;
}

static void the_record_of_the_failing_thread(void)
{
	start_to_note();
	gasp_acting()->vdev = vdev_a();
	thread_run(fail_for_b, NULL);
	CHECK_EQ(told.n, 1);
	CHECK(told.acting == vdev_b());
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	CHECK(told.acting == vdev_a());
	gasp_acting()->vdev = NULL;
	stop_to_note();
}

static void look_at_nothing(void *arg, const char *function, int error, const char *message)
{
	(void)function;
	(void)error;
	(void)message;
	++*(unsigned *)arg;
}

/* The text is overwritten by this thread's next gasp_last_error(), not by a report. */
static void a_report_leaves_the_text_that_a_caller_has(void)
{
	unsigned calls = 0;
	char before[256];
	gasp_guest_start(NULL);
	const char *text = gasp_last_error();
	snprintf(before, sizeof(before), "%s", text);
	CHECK_EQ(gasp_on_failure(look_at_nothing, &calls), EOK);
	CHECK_EQ(gasp_find_free(NULL, QST_HOST, 0, 3), QSL_NO_LOCATION);
	gasp_flags_text(0, NULL, 1);
	CHECK_EQ(calls, 2);
	CHECK_STR(text, before);
	stop_to_note();
}

static const struct test_case cases[] = {
	CASE(functions_of_vdevs), CASE(functions_of_hosts), CASE(functions_of_accesses),
	CASE(the_refused_element_is_named), CASE(the_number_of_a_trap_handler),
	CASE(successes_and_ends_of_walks), CASE(a_removed_or_replaced_one_is_not_called),
	CASE(the_record_of_the_failing_thread), CASE(a_report_leaves_the_text_that_a_caller_has),
};

TEST_MAIN(cases)
