/* How often a thread holds a lock (specification 12.2).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define DEPTH 65535u

static void each_lock_counts(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 0);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 1);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 2);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 1);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 0);
	gasp_guest_destroy(gsp);
}

static void up_to_the_greatest_depth(void)
{
	struct guest_system *gsp = guest();
	for (unsigned i = 0; i < DEPTH; i++)
		gasp_lock(gsp, QST_X86_IO);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_X86_IO), DEPTH);
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EAGAIN);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_X86_IO), DEPTH);
	gasp_guest_destroy(gsp);
}

static void each_space_and_guest_has_its_own(void)
{
	struct guest_system *gsp = guest(), *other = guest();
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 0);
	CHECK_EQ(gasp_guest_locks_held(other, QST_X86_IO), 0);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_X86_IO), 1);
	gasp_guest_destroy(other);
	gasp_guest_destroy(gsp);
}

static void pci_io_means_memory_in_both_modes(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_PCI_IO), 1);
	gasp_guest_destroy(gsp);
}

static void *nothing_held(void *gsp)
{
	CHECK_EQ(gasp_guest_locks_held((struct guest_system *)gsp, QST_MEMORY), 0);
	return NULL;
}

static void locks_of_another_thread_do_not_count(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	thread_run(nothing_held, gsp);
	gasp_guest_destroy(gsp);
}

static void bad_arguments_are_no_failures(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_locks_held(NULL, QST_MEMORY), 0);
	CHECK_EQ(gasp_guest_locks_held(dead_guest(), QST_MEMORY), 0);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_HOST), 0);
	CHECK_EQ(gasp_guest_locks_held(gsp, 0x10000), 0);
	CHECK_EQ(gasp_guest_locks_held(gsp, UINT32_MAX), 0);
	gasp_guest_destroy(gsp);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 0);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_STR(gasp_last_error(), "");
}

/* ---- In a listener callback ---- */

static struct guest_system *listened;
static unsigned held_in_commit;

static void on_commit(void *arg, const struct gasp_difference *difference)
{
	(void)arg;
	(void)difference;
	held_in_commit = gasp_guest_locks_held(listened, QST_MEMORY);
}

static void the_lock_of_a_change_counts(void)
{
	struct gasp_listener listener;
	memset(&listener, 0, sizeof(listener));
	listener.size = sizeof(listener);
	listener.commit = on_commit;
	listened = guest();
	CHECK_EQ(gasp_guest_add_listener(listened, &listener, NULL, NULL), EOK);
	CHECK_SET(listened, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(held_in_commit, 1);
	CHECK_EQ(gasp_guest_locks_held(listened, QST_MEMORY), 0);
	gasp_guest_destroy(listened);
}

static const struct test_case cases[] = {
	CASE(bad_arguments_are_no_failures),	/* the first, as nothing has failed yet */
	CASE(each_lock_counts), CASE(up_to_the_greatest_depth),
	CASE(each_space_and_guest_has_its_own), CASE(pci_io_means_memory_in_both_modes),
	CASE(locks_of_another_thread_do_not_count), CASE(the_lock_of_a_change_counts),
};

TEST_MAIN(cases)
