/* Who acts: each thread's record (specification 12.1).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#include <signal.h>
#include <sys/mman.h>

static void the_record_is_zero_and_stays_where_it_is(void)
{
	struct gasp_acting *acting = gasp_acting();
	REQUIRE(acting != NULL);
	CHECK(acting->vdev == NULL);
	CHECK(acting->data == NULL);
	acting->vdev = vdev_a();
	acting->data = &acting;
	CHECK(gasp_acting() == acting);
	CHECK(gasp_acting()->vdev == vdev_a());
	CHECK(gasp_acting()->data == &acting);
	memset(acting, 0, sizeof(*acting));
}

static void *act_for_b(void *arg)
{
	struct gasp_acting **own = (struct gasp_acting **)arg;
	*own = gasp_acting();
	CHECK((*own)->vdev == NULL);
	CHECK((*own)->data == NULL);
	(*own)->vdev = vdev_b();
	return NULL;
}

static void each_thread_has_its_own(void)
{
	struct gasp_acting *other = NULL;
	gasp_acting()->vdev = vdev_a();
	thread_run(act_for_b, &other);
	CHECK(other != gasp_acting());
	CHECK(gasp_acting()->vdev == vdev_a());
	thread_run(act_for_b, &other);	/* the next thread's is zero again */
	gasp_acting()->vdev = NULL;
}

/* The library never writes the record, nor looks behind its pointers. */
static void calls_leave_the_record(void)
{
	struct gasp_acting *acting = gasp_acting();
	acting->vdev = (vdev_t *)(uintptr_t)1;
	acting->data = (void *)(uintptr_t)3;
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x4000, GASP_RAM, 0x1000), EOK);
	void *at = gasp_map_sys(gsp, PROT_READ, 0x1800, 0x1000);
	CHECK(at != NULL);
	gasp_unmap(gsp, at, 0x1000, 0);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	gasp_guest_destroy(gsp);
	CHECK(acting->vdev == (vdev_t *)(uintptr_t)1);
	CHECK(acting->data == (void *)(uintptr_t)3);
	memset(acting, 0, sizeof(*acting));
}

static vdev_t *volatile seen_by_signal;

static void on_signal(int number)
{
	(void)number;
	seen_by_signal = gasp_acting()->vdev;
}

static void a_signal_handler_can_read_it(void)
{
	gasp_acting()->vdev = vdev_b();
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	CHECK(seen_by_signal == vdev_b());
	gasp_acting()->vdev = NULL;
}

static void errno_stays(void)
{
	errno = ERRNO_MARK;
	CHECK(gasp_acting() != NULL);
	CHECK_EQ(errno, ERRNO_MARK);
}

static const struct test_case cases[] = {
	CASE(the_record_is_zero_and_stays_where_it_is), CASE(each_thread_has_its_own),
	CASE(calls_leave_the_record), CASE(a_signal_handler_can_read_it), CASE(errno_stays),
};

TEST_MAIN(cases)
