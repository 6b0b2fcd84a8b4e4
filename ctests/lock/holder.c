/* Who holds a lock, and waiting for it with a limit (specification 4.5 and 10.11).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "../access/hold.h"

#define SHORT 50u

static void holder_expect(const char *file, int line, struct guest_system *gsp, unsigned type,
			  int thread, vdev_t *vdev)
{
	struct gasp_holder h;
	memset(&h, 0xEE, sizeof(h));
	errno = ERRNO_MARK;
	check_eq(file, line, "gasp_guest_lock_holder", "EOK",
		 (uint64_t)gasp_guest_lock_holder(gsp, type, &h), EOK);
	check_eq(file, line, "errno", "untouched", (uint64_t)errno, ERRNO_MARK);
	check_eq(file, line, "thread", "expected", (uint64_t)h.thread, (uint64_t)thread);
	check_true(file, line, "vdev", h.vdev == vdev);
}

#define CHECK_HOLDER(gsp, type, thread, vdev) \
	holder_expect(__FILE__, __LINE__, (gsp), (type), (thread), (vdev))

static void nobody(void)
{
	struct guest_system *gsp = guest();
	struct gasp_holder h;
	memset(&h, 0xEE, sizeof(h));
	CHECK_EQ(gasp_guest_lock_holder(gsp, QST_MEMORY, &h), ENOENT);
	CHECK_EQ(gasp_guest_lock_holder(gsp, QST_X86_IO, &h), ENOENT);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_lock_holder(gsp, QST_X86_IO, &h), ENOENT);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_lock_holder(gsp, QST_MEMORY, &h), ENOENT);
	CHECK_HAS(gasp_last_error(), "no thread holds the lock of the memory space");
	CHECK(all_bytes(&h, 0xEE, sizeof(h)));
	gasp_guest_destroy(gsp);
}

static void the_caller(void)
{
	struct guest_system *gsp = strict_guest();
	gasp_acting()->vdev = vdev_a();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	gasp_acting()->vdev = vdev_b();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);	/* the first time counts */
	CHECK_HOLDER(gsp, QST_MEMORY, (int)gettid(), vdev_a());
	CHECK_HOLDER(gsp, QST_PCI_IO, (int)gettid(), vdev_a());
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_HOLDER(gsp, QST_MEMORY, (int)gettid(), vdev_a());
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_HOLDER(gsp, QST_MEMORY, (int)gettid(), vdev_b());
	gasp_acting()->vdev = NULL;
	gasp_guest_destroy(gsp);
}

static void another_thread(void)
{
	struct guest_system *gsp = guest();
	struct holder h = holder_of(gsp, QST_X86_IO);
	h.vdev = vdev_b();
	holder_start(&h);
	CHECK_HOLDER(gsp, QST_X86_IO, h.thread_number, vdev_b());
	holder_end(&h);
	gasp_guest_destroy(gsp);
}

static void after_a_wait(void)
{
	struct guest_system *gsp = guest();
	struct holder h = holder_of(gsp, QST_MEMORY);
	h.vdev = vdev_b();
	h.pause = 50;
	holder_start(&h);
	gasp_acting()->vdev = vdev_a();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_HOLDER(gsp, QST_MEMORY, (int)gettid(), vdev_a());
	gasp_acting()->vdev = NULL;
	holder_end(&h);
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest(), *dead = dead_guest();
	struct gasp_holder h;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_lock_holder(NULL, QST_MEMORY, &h), EINVAL);
	CHECK_EQ(gasp_guest_lock_holder(dead, QST_MEMORY, &h), EINVAL);
	CHECK_EQ(gasp_guest_lock_holder(gsp, QST_MEMORY, NULL), EINVAL);
	CHECK_EQ(gasp_guest_lock_holder(gsp, QST_HOST, &h), EINVAL);
	CHECK_EQ(gasp_guest_lock_holder(gsp, 0x18000, &h), EINVAL);
	CHECK_EQ(gasp_guest_settle(NULL, QST_MEMORY), EINVAL);
	CHECK_EQ(gasp_guest_settle(dead, QST_MEMORY), EINVAL);
	CHECK_EQ(gasp_guest_settle(gsp, QST_HOST), EINVAL);
	CHECK_EQ(gasp_guest_settle(gsp, 0x10000), EINVAL);
	CHECK_EQ(gasp_guest_set_hold_limit(NULL, 1), EINVAL);
	CHECK_EQ(gasp_guest_set_hold_limit(dead, 1), EINVAL);
	CHECK_EQ(gasp_guest_set_hold_limit(gsp, UINT32_MAX), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
}

/* ---- gasp_guest_settle() ---- */

static void nothing_to_settle(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_settle(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_settle(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_settle(gsp, QST_PCI_IO), EOK);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 1);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_settle(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_locks_held(gsp, QST_MEMORY), 0);
	gasp_guest_destroy(gsp);
}

static void settle_beside(uint16_t type, long pause, unsigned limit, int want)
{
	struct guest_system *gsp = guest();
	struct holder h = holder_of(gsp, type);
	h.pause = pause;
	CHECK_EQ(gasp_guest_set_hold_limit(gsp, limit), EOK);
	holder_start(&h);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_settle(gsp, type), want);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(gasp_guest_locks_held(gsp, type), 0);
	if (want == ETIMEDOUT)
		CHECK_HAS(gasp_last_error(), " space is held by thread ");
	holder_end(&h);
	gasp_guest_destroy(gsp);
}

static void a_lock_that_is_released(void)
{
	settle_beside(QST_MEMORY, 50, LONG, EOK);
	settle_beside(QST_X86_IO, 50, UINT32_MAX, EOK);
}

static void a_lock_that_is_not_released(void)
{
	settle_beside(QST_MEMORY, -1, SHORT, ETIMEDOUT);
	settle_beside(QST_X86_IO, -1, 0, ETIMEDOUT);
}

static void want_ports(struct guest_system *gsp)
{
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
}

static void a_cycle(void)
{
	struct guest_system *gsp = guest();
	struct holder h = holder_of(gsp, QST_MEMORY);
	h.after = want_ports;
	h.pause = 50;
	CHECK_EQ(gasp_guest_set_hold_limit(gsp, LONG), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	holder_start(&h);
	CHECK_EQ(gasp_guest_settle(gsp, QST_MEMORY), EDEADLK);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
	holder_end(&h);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(nobody), CASE(the_caller), CASE(another_thread), CASE(after_a_wait), CASE(bad_arguments),
	CASE(nothing_to_settle), CASE(a_lock_that_is_released), CASE(a_lock_that_is_not_released),
	CASE(a_cycle),
};

TEST_MAIN(cases)
