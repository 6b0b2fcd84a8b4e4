/* <gasp/vdev-host.h>: sets, loading and adding vdevs, and their names (docs/vdev-host.md, 2 to 4).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "vdevs.h"

/* A handle that was valid. */
static struct gasp_vdevs *destroyed(void)
{
	struct vdev_machine m;
	vdev_machine_start(&m, 0);
	vdev_machine_end(&m);
	return m.vdevs;
}

#define CHECK_ERROR(call, want, part) do { \
		errno = 0; \
		CHECK((call) == NULL); \
		CHECK_EQ(errno, want); \
		CHECK_HAS(gasp_last_error(), part); \
	} while (0)
/* For functions that return an error number, and leave errno alone. */
#define CHECK_CODE(call, want) do { \
		errno = 12345; \
		CHECK_EQ(call, want); \
		CHECK_EQ(errno, 12345); \
	} while (0)

static void a_set_needs_a_guest_and_a_host_that_is_whole(void)
{
	struct guest_system *gsp = gasp_guest_create(NULL);
	struct guest_system *gone = gasp_guest_create(NULL);
	struct gasp_vdev_host host;

	gasp_guest_destroy(gone);
	memset(&host, 0, sizeof(host));
	host.size = sizeof(host);
	CHECK_ERROR(gasp_vdevs_create(NULL, &host), EINVAL, "gsp");
	CHECK_ERROR(gasp_vdevs_create(gone, &host), EINVAL, "");
	host.size = sizeof(host) - 1;
	CHECK_ERROR(gasp_vdevs_create(gsp, &host), EINVAL, "smaller");
	host.size = 0;
	CHECK_ERROR(gasp_vdevs_create(gsp, &host), EINVAL, "smaller");
	host.size = sizeof(host);
	host.flags = 0x80000000u;
	CHECK_ERROR(gasp_vdevs_create(gsp, &host), EINVAL, "unknown bits (0x80000000)");
	gasp_guest_destroy(gsp);
}

/* What a host of a later version gives. */
static void a_larger_host_may_not_ask_for_more(void)
{
	struct {
		struct gasp_vdev_host known;
		uint64_t more;
	} host;
	struct guest_system *gsp = gasp_guest_create(NULL);

	memset(&host, 0, sizeof(host));
	host.known.size = sizeof(host);
	host.more = 1;
	CHECK_ERROR(gasp_vdevs_create(gsp, &host.known), E2BIG, "more functions");
	host.more = 0;
	struct gasp_vdevs *vdevs = gasp_vdevs_create(gsp, &host.known);
	CHECK(vdevs != NULL);
	gasp_vdevs_destroy(vdevs);
	gasp_guest_destroy(gsp);
}

static void a_guest_has_one_set(void)
{
	struct guest_system *gsp = gasp_guest_create(NULL), *other = gasp_guest_create(NULL);

	errno = 12345;
	struct gasp_vdevs *vdevs = gasp_vdevs_create(gsp, NULL);
	CHECK(vdevs != NULL);
	CHECK_EQ(errno, 12345);
	CHECK_ERROR(gasp_vdevs_create(gsp, NULL), EBUSY, "already");
	struct gasp_vdevs *second = gasp_vdevs_create(other, NULL);
	CHECK(second != NULL);
	gasp_vdevs_destroy(vdevs);
	vdevs = gasp_vdevs_create(gsp, NULL);
	CHECK(vdevs != NULL);
	gasp_vdevs_destroy(vdevs);
	gasp_vdevs_destroy(second);
	gasp_guest_destroy(gsp);
	gasp_guest_destroy(other);
}

static void a_bad_set_is_recognised(void)
{
	struct gasp_vdevs *bad[2] = { NULL, destroyed() };

	for (unsigned i = 0; i < COUNT(bad); i++) {
		struct guest_system *gsp = gasp_guest_create(NULL);
		struct gasp_cpu *cpu = gasp_cpu_create(gsp);
		CHECK_CODE(gasp_vdevs_add_path(bad[i], "/"), EINVAL);
		CHECK_ERROR(gasp_vdevs_load(bad[i], "calls"), EINVAL, "no set");
		CHECK_ERROR(gasp_vdevs_add(bad[i], "calls", NULL, 0, NULL), EINVAL, "no set");
		CHECK_CODE(gasp_vdevs_control(bad[i], VDEV_CTRL_STATUS, NULL), EINVAL);
		CHECK_CODE(gasp_vdevs_set_cpu(bad[i], cpu, 0), EINVAL);
		CHECK_EQ(gasp_vdevs_clock(bad[i]), 0);
		CHECK_CODE(gasp_vdevs_advance(bad[i], 1), EINVAL);
		CHECK(gasp_vdevs_next(bad[i], NULL) == NULL);
		gasp_vdevs_destroy(bad[i]);
		gasp_guest_destroy(gsp);
	}
}

static void files_are_searched_for_in_order(void)
{
	struct vdev_machine m;
	char empty[] = "/tmp/gasp-vdevs-XXXXXX", file[64];

	REQUIRE(mkdtemp(empty) != NULL);
	vdev_machine_start(&m, 0);
	CHECK_CODE(gasp_vdevs_add_path(m.vdevs, NULL), EINVAL);
	CHECK_CODE(gasp_vdevs_add_path(m.vdevs, empty), EOK);
	CHECK_ERROR(gasp_vdevs_load(m.vdevs, "absent"), ENOENT, "vdev-absent.so cannot be loaded");
	/* A file that is no library; its directory is searched after the first one. */
	snprintf(file, sizeof(file), "%s/vdev-text.so", empty);
	FILE *text = fopen(file, "w");
	REQUIRE(text != NULL);
	fputs("no library", text);
	fclose(text);
	CHECK_ERROR(gasp_vdevs_load(m.vdevs, "text"), ELIBBAD, "vdev-text.so cannot be loaded");
	CHECK_EQ(unlink(file), 0);
	CHECK_EQ(rmdir(empty), 0);
	vdev_machine_end(&m);
}

static void a_file_is_loaded_once_by_any_of_its_names(void)
{
	static const char *const names[] = { "calls", "vdev-calls", "calls.so", "vdev-calls.so" };
	struct vdev_machine m;

	vdev_machine_start(&m, 0);
	const struct vdev_factory *first = gasp_vdevs_load(m.vdevs, "calls");
	REQUIRE(first != NULL);
	CHECK_STR(first->option_list[0], "call");
	CHECK_EQ(first->extra_space, 64);
	errno = 12345;
	for (unsigned i = 0; i < COUNT(names); i++)
		CHECK(gasp_vdevs_load(m.vdevs, names[i]) == first);
	CHECK_EQ(errno, 12345);
	vdev_machine_end(&m);
}

static void what_is_no_vdev_is_not_loaded(void)
{
	struct vdev_machine m;

	vdev_machine_start(&m, 0);
	CHECK_ERROR(gasp_vdevs_load(m.vdevs, NULL), EINVAL, "name is NULL");
	CHECK_ERROR(gasp_vdevs_load(m.vdevs, ""), EINVAL, "cannot be the name");
	CHECK_ERROR(gasp_vdevs_load(m.vdevs, "../calls"), EINVAL, "cannot be the name");
	CHECK_ERROR(gasp_vdevs_load(m.vdevs, "old"), ELIBBAD, "version 2019090400");
	CHECK_ERROR(gasp_vdevs_add(m.vdevs, "old", NULL, 0, NULL), ELIBBAD, "version 2019090400");
	CHECK_ERROR(gasp_vdevs_add(m.vdevs, NULL, NULL, 0, NULL), EINVAL, "name is NULL");
	CHECK(gasp_vdevs_next(m.vdevs, NULL) == NULL);
	vdev_machine_end(&m);
}

/* Options that are refused: each after a good one. */
static void refused_options_are_told_apart(void)
{
	static const struct {
		const char *name, *value, *says;
	} rows[] = {
		{ "colour", "red", "has no option colour" },
		{ "call", NULL, "takes an argument with call" },
		{ "call", "999", "refused call 999" },
		{ "loc", "nowhere", "cannot have this loc" },
		{ "loc", "io:0x70", "cannot be at ports" },
		{ "intr", "nobody:1", "cannot have this intr" },
		{ "intr", "apic:5", "a vector from 0x10 to 0xff" },
		{ "sched", "high", "cannot have this sched" },
	};
	struct vdev_machine m;

	vdev_machine_start(&m, 0);
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct gasp_vdev_option options[2];
		unsigned failed = 99;
		options[0] = option("name", "tested");
		options[1] = option(rows[i].name, rows[i].value);
		CHECK_ERROR(gasp_vdevs_add(m.vdevs, "calls", options, 2, &failed), ENODEV, rows[i].says);
		CHECK_EQ(failed, 1);
	}
	CHECK(gasp_vdevs_next(m.vdevs, NULL) == NULL);
	CHECK_EQ(spans_in_memory(m.gsp), 1);
	vdev_machine_end(&m);
}

static void bad_options_are_no_options(void)
{
	struct gasp_vdev_option nameless = option(NULL, "x");
	struct vdev_machine m;
	unsigned failed = 99;

	vdev_machine_start(&m, 0);
	CHECK_ERROR(gasp_vdevs_add(m.vdevs, "calls", NULL, 1, NULL), EINVAL, "options is NULL");
	CHECK_ERROR(gasp_vdevs_add(m.vdevs, "calls", &nameless, 1, NULL), EINVAL, "name of an option");
	/* Not an option: the place. */
	REQUIRE(add_calls(&m, NULL, NULL, NULL) != NULL);
	struct gasp_vdev_option loc = option("loc", "0xd0000ff0");
	CHECK_ERROR(gasp_vdevs_add(m.vdevs, "calls", &loc, 1, &failed), ENODEV, "is in the way");
	CHECK_EQ(failed, 1);
	vdev_machine_end(&m);
}

static void vdevs_have_names_and_an_order(void)
{
	struct vdev_machine m;
	struct gasp_vdev_option name = option("name", "second");

	vdev_machine_start(&m, 0);
	CHECK(gasp_vdevs_next(m.vdevs, NULL) == NULL);
	errno = 12345;
	vdev_t *first = add_calls(&m, NULL, NULL, NULL);
	vdev_t *second = gasp_vdevs_add(m.vdevs, "calls", &name, 1, NULL);
	REQUIRE(first != NULL && second != NULL);
	CHECK_EQ(errno, 12345);
	CHECK_STR(gasp_vdev_name(first), "calls");
	CHECK_STR(gasp_vdev_name(second), "second");
	CHECK_ERROR(gasp_vdevs_add(m.vdevs, "calls", &name, 1, NULL), ENODEV, "another one is");
	CHECK(gasp_vdevs_next(m.vdevs, NULL) == first);
	CHECK(gasp_vdevs_next(m.vdevs, first) == second);
	CHECK(gasp_vdevs_next(m.vdevs, second) == NULL);
	CHECK(gasp_vdevs_next(m.vdevs, vdev_b()) == NULL);
	CHECK(gasp_vdev_name(NULL) == NULL);
	CHECK(gasp_vdev_name(vdev_b()) == NULL);
	vdev_machine_end(&m);
	CHECK(gasp_vdev_name(first) == NULL);
}

static void the_process_has_4096_vdevs(void)
{
	struct vdev_machine m;

	if (getenv("GASP_TEST_SMALL") != NULL)
		SKIP("GASP_TEST_SMALL is set");
	vdev_machine_start(&m, 0);
	/* One is the controller. */
	for (unsigned i = 1; i < 4096; i++)
		REQUIRE(gasp_vdevs_add(m.vdevs, "calls", NULL, 0, NULL) != NULL);
	CHECK_ERROR(gasp_vdevs_add(m.vdevs, "calls", NULL, 0, NULL), ENOSPC, "no room");
	struct guest_system *other = gasp_guest_create(NULL);
	CHECK_ERROR(gasp_vdevs_create(other, NULL), ENOSPC, "no room");
	vdev_machine_end(&m);
	m.vdevs = gasp_vdevs_create(other, NULL);
	CHECK(m.vdevs != NULL);
	gasp_vdevs_destroy(m.vdevs);
	gasp_guest_destroy(other);
}

static void the_end_takes_regions_and_handler_away(void)
{
	struct vdev_machine m;
	uint32_t value;

	vdev_machine_start(&m, 0);
	REQUIRE(add_calls(&m, NULL, NULL, NULL) != NULL);
	run_guest(&m);
	CHECK_EQ(read_vdev(&m), 0);
	CHECK_EQ(spans_in_memory(m.gsp), 2);
	gasp_vdevs_destroy(m.vdevs);
	CHECK_EQ(spans_in_memory(m.gsp), 1);
	CHECK_EQ(gasp_cpu_access(m.cpu, QST_MEMORY, GASP_READ, VDEV_AT, &value, 4), EFAULT);
	gasp_guest_destroy(m.gsp);
}

static const struct test_case cases[] = {
	CASE(a_set_needs_a_guest_and_a_host_that_is_whole),
	CASE(a_larger_host_may_not_ask_for_more),
	CASE(a_guest_has_one_set),
	CASE(a_bad_set_is_recognised),
	CASE(files_are_searched_for_in_order),
	CASE(a_file_is_loaded_once_by_any_of_its_names),
	CASE(what_is_no_vdev_is_not_loaded),
	CASE(refused_options_are_told_apart),
	CASE(bad_options_are_no_options),
	CASE(vdevs_have_names_and_an_order),
	CASE(the_process_has_4096_vdevs),
	CASE(the_end_takes_regions_and_handler_away),
};
TEST_MAIN(cases)
