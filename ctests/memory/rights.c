/* What the process may do with a mapping: a separate view has exactly the rights of `prot`, and the
 * guest's memory itself can be read and written, not executed (specification 9.1).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "map.h"

#include <signal.h>

/* The rights of the page at an address, as in /proc/self/maps: "rw-s". "": no page. */
static const char *rights_at(const void *address)
{
	static char rights[5];
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	memset(rights, 0, sizeof(rights));
	if (maps == NULL)
		abort();
	while (fgets(line, sizeof(line), maps) != NULL) {
		uint64_t first = 0, end = 0;
		char here[5] = "";
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &first, &end, here) == 3
		    && first <= address_of(address) && address_of(address) < end)
			memcpy(rights, here, sizeof(rights));
	}
	fclose(maps);
	return rights;
}

/* The first and the last page of a view of 0x3000 bytes. */
static void check_rights(struct guest_system *gsp, int prot, const char *want)
{
	unsigned char *view = (unsigned char *)gasp_map_sys(gsp, (uint32_t)prot, FIRST, 0x3000);
	REQUIRE(view != NULL);
	CHECK_STR(rights_at(view), want);
	CHECK_STR(rights_at(view + 0x2fff), want);
	gasp_unmap(gsp, view, 0x3000, 0);
}

static void a_view_of_pieces_has_the_rights_asked_for(void)
{
	struct guest_system *gsp = guest_in_chunks(0x3000, PAGE);
	check_rights(gsp, PROT_READ, "r--s");
	check_rights(gsp, PROT_WRITE, "-w-s");
	check_rights(gsp, PROT_EXEC, "--xs");
	check_rights(gsp, PROT_READ | PROT_WRITE, "rw-s");
	check_rights(gsp, PROT_READ | PROT_EXEC, "r-xs");
	check_rights(gsp, PROT_READ | PROT_WRITE | PROT_EXEC, "rwxs");
	gasp_guest_destroy(gsp);
}

static void one_piece_to_execute_has_the_rights_asked_for(void)
{
	struct guest_system *gsp = guest_in_chunks(0x3000, 0);
	check_rights(gsp, PROT_EXEC, "--xs");
	check_rights(gsp, PROT_READ | PROT_EXEC, "r-xs");
	gasp_guest_destroy(gsp);
}

static void the_memory_itself_is_not_executable(void)
{
	struct guest_system *gsp = guest_in_chunks(0x3000, 0);
	check_rights(gsp, PROT_READ | PROT_WRITE, "rw-s");
	gasp_guest_destroy(gsp);
}

/* Under mlockall() a view gets its rights in a second step. */
static void child_has_the_rights_while_all_is_locked(void)
{
	struct guest_system *gsp = guest_in_chunks(0x3000, PAGE);
	REQUIRE(mlockall(MCL_FUTURE) == 0);
	check_rights(gsp, PROT_READ, "r--s");
	check_rights(gsp, PROT_READ | PROT_WRITE, "rw-s");
	gasp_guest_destroy(gsp);
}

static void while_all_is_locked_too(void)
{
	if (mlockall(MCL_FUTURE) != 0)
		SKIP("memory cannot be locked here");
	munlockall();
	CHECK_CHILD("child_has_the_rights_while_all_is_locked");
}

/* ---- A write through a view to read ---- */

static void child_writes_through_a_view(void)
{
	struct guest_system *gsp = guest_in_chunks(0x3000, PAGE);
	unsigned char *view = (unsigned char *)gasp_map_sys(gsp, PROT_READ, FIRST, 0x3000);
	REQUIRE(view != NULL);
	signal(SIGSEGV, SIG_DFL);	/* a sanitizer has a handler of its own */
	*(volatile unsigned char *)(view + 0x1000) = 1;
}

static void writing_through_a_view_to_read_ends_the_process(void)
{
	struct outcome out = run_child("child_writes_through_a_view");
	CHECK_EQ(out.signal, SIGSEGV);
}

static const struct test_case cases[] = {
	CASE(a_view_of_pieces_has_the_rights_asked_for),
	CASE(one_piece_to_execute_has_the_rights_asked_for),
	CASE(the_memory_itself_is_not_executable), CASE(while_all_is_locked_too),
	CASE(writing_through_a_view_to_read_ends_the_process),
};

static const struct test_case children[] = {
	CASE(child_has_the_rights_while_all_is_locked), CASE(child_writes_through_a_view),
};

TEST_MAIN_CHILDREN(cases, children)
