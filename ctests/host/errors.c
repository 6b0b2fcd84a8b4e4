/* gasp_last_error(): every refusal in one sentence (specification 7.3).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static void *read_error(void *arg)
{
	snprintf((char *)arg, 256, "%s", gasp_last_error());
	return NULL;
}

/* Refuses the last of n elements. */
static const char *refuse(struct guest_system *gsp, unsigned n, const struct gasp_region *rgn)
{
	CHECK_EQ(gasp_region_set_soft(gsp, n, rgn), n - 1);
	return gasp_last_error();
}

/* This has to be the first case: nothing has failed yet in the main thread. */
static void empty_before_any_failure(void)
{
	char error[256] = "unset";
	CHECK_STR(gasp_last_error(), "");
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_STR(gasp_last_error(), "");
	thread_run(read_error, error);
	CHECK_STR(error, "");
	gasp_guest_destroy(gsp);
}

/* The element is rgn[2] of 3, behind two that pass. */
static const char *refuse_third(struct guest_system *gsp, struct gasp_region bad)
{
	const struct gasp_region r[] = { port(0x60, 1, VIRT), port(0x60, 1, VIRT), bad };
	return refuse(gsp, COUNT(r), r);
}

static void the_example(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT | GRF_PRECIOUS));
	const struct gasp_region r[] = {
		mem(0x8000, 0x1000, VIRT), mem(0x9000, 0x1000, VIRT), mem(0xa000, 0x1000, VIRT),
		mem(0x1000, 0x2000, GRF_VIRT_RD | GRF_VIRT_WR), mem(0xb000, 0x1000, VIRT),
	};
	CHECK_EQ(gasp_region_set_soft(gsp, COUNT(r), r), 3);
	CHECK_STR(gasp_last_error(), "rgn[3] of 5, memory [0x1000, 0x2fff], flags VIRT_RD|VIRT_WR: "
		  "overlaps the PRECIOUS region [0x2000, 0x2fff]");
	gasp_guest_destroy(gsp);
}

static void a_success_leaves_it(void)
{
	struct guest_system *gsp = guest();
	char before[256];
	const struct gasp_region r[] = { mem(0x1000, 0, VIRT) };
	refuse(gsp, 1, r);
	read_error(before);
	CHECK(before[0] != '\0');
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), 0);
	CHECK_STR(gasp_last_error(), before);
	gasp_guest_destroy(gsp);
}

static void *fail_here(void *arg)
{
	struct guest_system *gsp = (struct guest_system *)arg;
	const struct gasp_region r[] = { port(0xFFFF, 2, VIRT) };
	CHECK_STR(gasp_last_error(), "");
	CHECK_HAS(refuse(gsp, 1, r), "rgn[0] of 1");
	return NULL;
}

static void each_thread_has_its_own(void)
{
	struct guest_system *gsp = guest();
	char before[256];
	const struct gasp_region r[] = { mem(0x1000, 0x1000, VIRT), mem(0x1000, 0, VIRT) };
	refuse(gsp, 2, r);
	read_error(before);
	thread_run(fail_here, gsp);
	CHECK_STR(gasp_last_error(), before);
	CHECK_HAS(before, "rgn[1] of 2");
	gasp_guest_destroy(gsp);
}

static void the_last_one_counts(void)
{
	struct guest_system *gsp = guest();
	const struct gasp_region r[] = { mem(0x1000, 0x1000, VIRT), mem(0x1000, 0, VIRT) };
	CHECK_HAS(refuse(gsp, 2, r), "rgn[1] of 2");
	CHECK_HAS(refuse(gsp, 1, r + 1), "rgn[0] of 1");
	gasp_guest_destroy(gsp);
}

/* ---- Each row of the table of refusals ---- */

static void bad_pointers(void)
{
	struct guest_system *gsp = guest();
	char before[256];
	read_error(before);
	const struct gasp_region r[] = { mem(0x1000, 0x1000, VIRT) };
	refuse(NULL, 1, r);
	CHECK(strcmp(gasp_last_error(), before) != 0);
	read_error(before);
	CHECK_EQ(gasp_region_set_soft(gsp, 1, NULL), 0);
	CHECK(strcmp(gasp_last_error(), before) != 0);
	CHECK(gasp_last_error()[0] != '\0');
	gasp_guest_destroy(gsp);
}

static void bad_type(void)
{
	struct guest_system *gsp = guest();
	CHECK_HAS(refuse_third(gsp, element(QST_X86_MSR, 0x1000, 0x1000, VIRT)), "rgn[2] of 3");
	gasp_guest_destroy(gsp);
}

static void bad_range(void)
{
	struct guest_system *gsp = guest();
	CHECK_HAS(refuse_third(gsp, mem(0x1000, 0, VIRT)), "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "0x1000");
	CHECK_HAS(refuse_third(gsp, mem(TOP, 2, VIRT)), "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "0xffffffffffffffff");
	CHECK_HAS(refuse_third(gsp, port(0xFFFF, 2, VIRT)), "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "0xffff");
	gasp_guest_destroy(gsp);
}

static void bad_flags(void)
{
	struct guest_system *gsp = guest();
	CHECK_HAS(refuse_third(gsp, mem(0x1000, 0x1000, GRF_VIRT_RD | 0x10000u)), "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "[0x1000, 0x1fff]");
	CHECK_HAS(gasp_last_error(), "VIRT_RD");
	CHECK_HAS(refuse_third(gsp, mem(0x1000, 0x1000, GRF_ACTIVE)), "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "[0x1000, 0x1fff]");
	CHECK_HAS(refuse_third(gsp, mem(0x1000, 0x1000, GRF_VIRT_WR | GRF_PASS_WR)), "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "VIRT_WR|PASS_WR");
	gasp_guest_destroy(gsp);
}

static void bad_alignment(void)
{
	struct guest_system *gsp = guest();
	CHECK_HAS(refuse_third(gsp, mem_at(0x1800, 0x1000, GRF_PASS_RD | GRF_MEMORY, HOST_A)),
		  "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "memory [0x1800, 0x27ff]");
	CHECK_HAS(gasp_last_error(), "flags PASS_RD|MEMORY");
	gasp_guest_destroy(gsp);
}

static void bad_host(void)
{
	struct guest_system *gsp = guest();
	CHECK_HAS(refuse_third(gsp, mem_at(0x1000, 0x1000, GRF_PASS_RD, 0)), "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "memory [0x1000, 0x1fff], flags PASS_RD: ");
	CHECK_HAS(refuse_third(gsp, mem_at(0x1000, 0x1000, GRF_PASS_RD, 0x12345)), "0x12345");
	CHECK_HAS(refuse_third(gsp, port_at(0x70, 2, GRF_PASS_RD, 0xFFFF)), "[0x70, 0x71]");
	CHECK_HAS(gasp_last_error(), "flags PASS_RD: ");
	gasp_guest_destroy(gsp);
}

static void missing_lock(void)
{
	struct guest_system *gsp = strict_guest();
	gasp_guest_start(gsp);
	gasp_lock(gsp, QST_X86_IO);
	CHECK_HAS(refuse_third(gsp, mem(0x1000, 0x1000, GRF_VIRT_RD)),
		  "rgn[2] of 3, memory [0x1000, 0x1fff], flags VIRT_RD: ");
	CHECK_HAS(gasp_last_error(), "lock");
	gasp_unlock(gsp, QST_X86_IO);
	gasp_guest_destroy(gsp);
}

static void precious_over_a_region(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x3000, 0x800, VIRT));
	CHECK_HAS(refuse_third(gsp, mem(0x1000, 0x4000, GRF_VIRT_RD | GRF_PRECIOUS)),
		  "rgn[2] of 3, memory [0x1000, 0x4fff], flags VIRT_RD|PRECIOUS: ");
	CHECK_HAS(gasp_last_error(), "[0x3000, 0x37ff]");
	gasp_guest_destroy(gsp);
}

static void delete_of_a_precious_region(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, port(0x60, 5, VIRT | GRF_PRECIOUS));
	const struct gasp_region r[] = { port(0x64, 2, GRF_NONE) };
	CHECK_HAS(refuse(gsp, 1, r), "rgn[0] of 1");
	CHECK_HAS(gasp_last_error(), "[0x64, 0x65]");
	CHECK_HAS(gasp_last_error(), "PRECIOUS region [0x60, 0x64]");
	gasp_guest_destroy(gsp);
}

static void edge_inside_of_a_page(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem_at(0x10000, 0x4000, RAM, HOST_A));
	CHECK_HAS(refuse_third(gsp, mem(0x11000, 0x800, GRF_VIRT_RD)),
		  "rgn[2] of 3, memory [0x11000, 0x117ff], flags VIRT_RD: ");
	CHECK_HAS(gasp_last_error(), "[0x10000, 0x13fff]");
	gasp_guest_destroy(gsp);
}

static void strict_rows(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)), cookie(2, mem(0x2000, 0x1000, VIRT)));
	CHECK_HAS(refuse_third(gsp, del(0x8000, 0x1000)), "rgn[2] of 3");
	CHECK_HAS(gasp_last_error(), "memory [0x8000, 0x8fff]");
	CHECK_HAS(refuse_third(gsp, mem(0x1000, 0x2000, GRF_VIRT_RD)),
		  "rgn[2] of 3, memory [0x1000, 0x2fff], flags VIRT_RD: ");
	CHECK_HAS(gasp_last_error(), "[0x1000, 0x1fff]");
	gasp_guest_destroy(gsp);
}

static void all_flags_by_name(void)
{
	struct guest_system *gsp = guest();
	CHECK_SET(gsp, mem(0x8000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_HAS(refuse_third(gsp, mem_at(0x7000, 0x2000, 0xFF00u | GRF_NOCACHE | GRF_PASS_RD
		  | GRF_VIRT_WR | GRF_PASS_EX, HOST_A)),
		  "flags VIRT_WR|PASS_RD|PASS_EX|NOCACHE|MEMORY|PASSTHRU|DMA_USES|DMA_NO_USE|"
		  "DMA_SOURCE|DMA_TARGET|PRECIOUS|NOPERMS: overlaps the PRECIOUS region");
	gasp_guest_destroy(gsp);
}

/* ---- The other functions ---- */

static void other_functions_explain_themselves(void)
{
	struct guest_system *gsp = guest();
	char before[256];
	read_error(before);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0, 0), QSL_NO_LOCATION);
	CHECK(strcmp(gasp_last_error(), before) != 0);
	read_error(before);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK(strcmp(gasp_last_error(), before) != 0);
	read_error(before);
	CHECK_EQ(gram_reserve(gsp, 0x1000, 1), ENXIO);
	CHECK(strcmp(gasp_last_error(), before) != 0);
	read_error(before);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1001, 0x1000, GASP_RAM, 0), EINVAL);
	CHECK(strcmp(gasp_last_error(), before) != 0);
	read_error(before);
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	CHECK(strcmp(gasp_last_error(), before) != 0);
	gasp_guest_destroy(gsp);
}

static void a_sentence_from_above(void)
{
	char longer[600], sentence[] = "above: no";
	errno = 1234;
	gasp_set_last_error(sentence);
	sentence[0] = 'x';
	CHECK_STR(gasp_last_error(), "above: no");
	CHECK_STR(gasp_last_error(), "above: no");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	gasp_set_last_error(longer);
	CHECK_EQ(strlen(gasp_last_error()), 511);
	CHECK_EQ(gasp_guest_start(NULL), EINVAL);
	CHECK_HAS(gasp_last_error(), "gsp");
	gasp_set_last_error(gasp_last_error());
	CHECK_HAS(gasp_last_error(), "gsp");
	gasp_set_last_error("");
	CHECK_STR(gasp_last_error(), "");
	gasp_set_last_error("again");
	gasp_set_last_error(NULL);
	CHECK_STR(gasp_last_error(), "");
	CHECK_EQ(errno, 1234);
}

static const struct test_case cases[] = {
	CASE(empty_before_any_failure), CASE(the_example), CASE(a_success_leaves_it),
	CASE(each_thread_has_its_own), CASE(the_last_one_counts), CASE(bad_pointers),
	CASE(bad_type), CASE(bad_range), CASE(bad_flags), CASE(bad_alignment), CASE(bad_host),
	CASE(missing_lock), CASE(precious_over_a_region), CASE(delete_of_a_precious_region),
	CASE(edge_inside_of_a_page), CASE(strict_rows), CASE(all_flags_by_name),
	CASE(other_functions_explain_themselves), CASE(a_sentence_from_above),
};

TEST_MAIN(cases)
