/* Strict mode: every rule that it adds, and how it is switched on (specification 2, 4, 5, 6).
 * Each rule is also checked not to exist in default mode.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static struct guest_system *started(struct guest_system *gsp)
{
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	return gsp;
}

/* A strict guest refuses to delete an absent range. */
static int is_strict(struct guest_system *gsp)
{
	struct gasp_region r = del(0x1000, 0x1000);
	return gasp_region_set_soft(gsp, 1, &r) == 0 && errno == ENOENT;
}

static void by_option(void)
{
	struct guest_system *strict = strict_guest(), *lax = guest();
	CHECK(is_strict(strict));
	CHECK(!is_strict(lax));
	gasp_guest_destroy(strict);
	gasp_guest_destroy(lax);
}

/* In processes of their own, because the environment is read once. */
static void child_environment_of_one(void)
{
	setenv("GASP_STRICT", "1", 1);
	struct guest_system *defaults = gasp_guest_create(NULL), *options = guest();
	CHECK(is_strict(defaults));
	CHECK(is_strict(options));
	unsetenv("GASP_STRICT");
	CHECK(is_strict(guest()));
}

static void child_environment_of_zero(void)
{
	setenv("GASP_STRICT", "0", 1);
	CHECK(!is_strict(guest()));
}

static void child_environment_after_the_first_guest(void)
{
	struct guest_system *before = guest();
	setenv("GASP_STRICT", "1", 1);
	CHECK(!is_strict(before));
	CHECK(!is_strict(guest()));
	CHECK(is_strict(strict_guest()));
}

static void *change_environment(void *stop)
{
	char name[32];
	for (int i = 0; flag_get((int *)stop) == 0; i++) {
		snprintf(name, sizeof(name), "GASP_TEST_%d", i % 1000);
		setenv(name, "1", 1);
	}
	return NULL;
}

/* A library that read the environment here would read memory that setenv() has freed. */
static void child_environment_that_changes(void)
{
	int stop = 0;
	gasp_guest_destroy(guest());
	pthread_t thread = thread_start(change_environment, &stop);
	for (int i = 0; i < 20000; i++)
		gasp_guest_destroy(guest());
	flag_set(&stop, 1);
	pthread_join(thread, NULL);
}

static void by_environment(void)
{
	CHECK_CHILD("child_environment_of_one");
}

static void environment_of_zero_is_not_strict(void)
{
	CHECK_CHILD("child_environment_of_zero");
}

static void environment_counts_at_the_first_creation(void)
{
	CHECK_CHILD("child_environment_after_the_first_guest");
}

static void guests_are_created_while_the_environment_changes(void)
{
	CHECK_CHILD("child_environment_that_changes");
}

/* ---- Locks ---- */

static void set_soft_needs_the_lock_after_start(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	started(gsp);
	CHECK_REFUSED(gsp, 0, EPERM, mem(0x3000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EPERM, element(QST_PCI_IO, 0x3000, 0x1000, VIRT));
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_SET(gsp, mem(0x3000, 0x1000, VIRT));
	CHECK_SET(gsp, element(QST_PCI_IO, 0x5000, 0x1000, VIRT));
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_REFUSED(gsp, 0, EPERM, del(0x3000, 0x1000));
	gasp_guest_destroy(gsp);
}

static void set_soft_of_ports_needs_their_lock(void)
{
	struct guest_system *gsp = started(strict_guest());
	CHECK_REFUSED(gsp, 0, EPERM, port(0x60, 1, VIRT));
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	CHECK_SET(gsp, port(0x60, 1, VIRT));
	CHECK_REFUSED(gsp, 0, EPERM, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
	gasp_guest_destroy(gsp);
}

static void *lock_memory(void *arg)
{
	CHECK_EQ(gasp_lock((struct guest_system *)arg, QST_MEMORY), EOK);
	return NULL;
}

/* In a process of its own: a library that waited here would never come back. */
static void child_lock_of_another_thread(void)
{
	struct guest_system *gsp = started(strict_guest());
	thread_run(lock_memory, gsp);
	CHECK_REFUSED(gsp, 0, EPERM, mem(0x1000, 0x1000, VIRT));
}

static void the_lock_of_another_thread_does_not_count(void)
{
	CHECK_CHILD("child_lock_of_another_thread");
}

static void zero_elements_need_no_lock(void)
{
	struct guest_system *gsp = started(strict_guest());
	CHECK_EQ(gasp_region_set_soft(gsp, 0, NULL), 0);
	gasp_guest_destroy(gsp);
}

static void set_takes_the_lock_itself(void)
{
	struct guest_system *gsp = started(strict_guest());
	const struct gasp_region r[] = { mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT) };
	gasp_region_set(gsp, COUNT(r), r);
	CHECK_MEM(gsp, span(0x1000, 0x1fff, VIRT));
	CHECK_PORTS(gsp, span(0x60, 0x60, VIRT));
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	gasp_guest_destroy(gsp);
}

static void locks_do_not_know_pci_io(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_lock(gsp, QST_PCI_IO), EINVAL);
	CHECK_EQ(gasp_unlock(gsp, QST_PCI_IO), EINVAL);
	gasp_guest_destroy(gsp);
}

static void queries_need_no_lock(void)
{
	struct guest_system *gsp = strict_guest();
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 1);
	struct gasp_region r;
	struct gasp_span s;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x1000, GASP_RAM, 0), EOK);
	started(gsp);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(gasp_guest_next(gsp, QST_PCI_IO, 0, &s), EOK);
	CHECK_EQ(gasp_walk_count(gsp, 0, 0), 1);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x3000, 0x1000, GASP_RAM, 0), EOK);
	gasp_guest_destroy(gsp);
}

/* ---- One region at a time ---- */

static void delete_needs_something_there(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, ENOENT, del(0x2000, 0x1000));
	CHECK_REFUSED(gsp, 0, ENOENT, del(0x1000, 0x1001));
	CHECK_REFUSED(gsp, 0, ENOENT, del(0x0fff, 0x1001));
	CHECK_REFUSED(gsp, 0, ENOENT, port(0x60, 1, GRF_NONE));
	CHECK_SET(gsp, del(0x1000, 0x1000));
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void change_of_a_region_and_a_hole(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x1001, GRF_VIRT_RD));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x0fff, 0x1001, GRF_VIRT_RD));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x0, 0x3000, GRF_VIRT_RD));
	CHECK_SET(gsp, mem(0x1000, 0x1000, GRF_VIRT_RD));
	gasp_guest_destroy(gsp);
}

static void change_of_two_regions(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, cookie(1, mem(0x1000, 0x1000, VIRT)), cookie(2, mem(0x2000, 0x1000, VIRT)));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1000, 0x2000, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, mem(0x1fff, 2, VIRT));
	CHECK_REFUSED(gsp, 0, EINVAL, del(0x1000, 0x2000));
	CHECK_SET(gsp, cookie(1, mem(0x2000, 0x1000, VIRT)), mem(0x1000, 0x2000, VIRT));
	gasp_guest_destroy(gsp);
}

static void a_part_of_a_region_is_fine(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem(0x1000, 0x3000, VIRT));
	CHECK_SET(gsp, cookie(1, mem(0x2000, 0x1000, VIRT)), del(0x1000, 0x800));
	CHECK_MEM(gsp, span(0x1800, 0x1fff, VIRT), span_cookie(1, span(0x2000, 0x2fff, VIRT)),
		  span(0x3000, 0x3fff, VIRT));
	gasp_guest_destroy(gsp);
}

static void add_into_a_hole_is_fine(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT), mem(0x3000, 0x1000, VIRT));
	CHECK_SET(gsp, mem(0x2000, 0x1000, VIRT));
	CHECK_MEM(gsp, span(0x1000, 0x3fff, VIRT));
	gasp_guest_destroy(gsp);
}

/* ---- Searches ---- */

static void find_free_needs_the_lock_after_start(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), 0);
	started(gsp);
	errno = 0;
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), QSL_NO_LOCATION);
	CHECK_EQ(errno, EPERM);
	errno = 0;
	CHECK_EQ(gasp_find_free_range(gsp, QST_X86_IO, 1, 0, 0, 0xFFFF), QSL_NO_LOCATION);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), 0);
	CHECK_EQ(gasp_find_free(gsp, QST_PCI_IO, 1, 0), 0);
	errno = 0;
	CHECK_EQ(gasp_find_free(gsp, QST_X86_IO, 1, 0), QSL_NO_LOCATION);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	gasp_guest_destroy(gsp);
}

static void gram_is_for_startup_only(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0), EOK);
	CHECK_EQ(gram_find_free(gsp, 0x1000, 0, 0), 0);
	CHECK_EQ(gram_reserve(gsp, 0x1000, 0x1000), EOK);
	started(gsp);
	errno = 0;
	CHECK_EQ(gram_find_free(gsp, 0x1000, 0, 0), QSL_NO_LOCATION);
	CHECK_EQ(errno, EPERM);
	errno = ERRNO_MARK;
	CHECK_EQ(gram_reserve(gsp, 0x2000, 0x1000), EPERM);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

/* ---- None of it in default mode ---- */

static void default_mode_has_none_of_it(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0x1000), EOK);
	started(gsp);
	CHECK_SET(gsp, mem(0x0, 0x20000, VIRT), del(0x10000, 0x20000), port(0x60, 1, GRF_NONE));
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 1, 0), 0x10000);
	CHECK_EQ(gram_find_free(gsp, 0x1000, 0, 0), 0);
	CHECK_EQ(gram_reserve(gsp, 0x1000, 0x1000), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_PCI_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_PCI_IO), EOK);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(by_option), CASE(by_environment), CASE(environment_counts_at_the_first_creation),
	CASE(guests_are_created_while_the_environment_changes),
	CASE(environment_of_zero_is_not_strict), CASE(set_soft_needs_the_lock_after_start),
	CASE(set_soft_of_ports_needs_their_lock), CASE(the_lock_of_another_thread_does_not_count),
	CASE(zero_elements_need_no_lock), CASE(set_takes_the_lock_itself),
	CASE(locks_do_not_know_pci_io), CASE(queries_need_no_lock),
	CASE(delete_needs_something_there), CASE(change_of_a_region_and_a_hole),
	CASE(change_of_two_regions), CASE(a_part_of_a_region_is_fine),
	CASE(add_into_a_hole_is_fine), CASE(find_free_needs_the_lock_after_start),
	CASE(gram_is_for_startup_only), CASE(default_mode_has_none_of_it),
};

static const struct test_case children[] = {
	CASE(child_lock_of_another_thread), CASE(child_environment_of_one),
	CASE(child_environment_of_zero), CASE(child_environment_after_the_first_guest),
	CASE(child_environment_that_changes),
};

TEST_MAIN_CHILDREN(cases, children)
