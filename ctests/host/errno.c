/* errno: set where the specification says so, and otherwise left alone.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

/* The call gives this result, and errno stays as it was. */
#define QUIET(call, want) do { \
		errno = ERRNO_MARK; \
		CHECK_EQ(call, want); \
		CHECK_EQ(errno, ERRNO_MARK); \
	} while (0)
/* The call gives this result, and errno becomes err. */
#define SETS(call, want, err) do { \
		errno = ERRNO_MARK; \
		CHECK_EQ(call, want); \
		CHECK_EQ(errno, err); \
	} while (0)

static void successes_leave_errno(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r[2] = { mem(0x1000, 0x1000, VIRT), port(0x60, 1, VIRT) };
	QUIET(gasp_guest_add_memory(gsp, 0x10000, 0x4000, GASP_RAM, 0x1000), EOK);
	QUIET(gasp_guest_reserve(gsp, QST_MEMORY, 0, 0x1000), EOK);
	QUIET(gasp_region_set_soft(gsp, 2, r), 2);
	QUIET(gasp_region_info(gsp, &r[1].guest, &r[0]), EOK);
	QUIET(gasp_find_free(gsp, QST_MEMORY, 0x1000, 0x1000), 0x2000);
	QUIET(gasp_find_free_range(gsp, QST_X86_IO, 1, 0, 0x60, TOP), 0x61);
	QUIET(gram_find_free(gsp, 0x1000, 0, 0), 0x10000);
	QUIET(gram_reserve(gsp, 0x11000, 0x1000), EOK);
	QUIET(gasp_guest_start(gsp), EOK);
	errno = ERRNO_MARK;
	gasp_region_set(gsp, 2, r);
	CHECK_EQ(errno, ERRNO_MARK);
	gasp_guest_destroy(gsp);
	CHECK_EQ(errno, ERRNO_MARK);
}

static void successes_of_the_host_side_leave_errno(void)
{
	struct guest_system *gsp = guest();
	struct gasp_span s;
	char data[16] = "data";
	QUIET(gasp_guest_add_memory(gsp, 0x10000, 0x4000, GASP_ROM, 0x1000), EOK);
	QUIET(gasp_guest_write(gsp, 0x10ff8, data, sizeof(data)), EOK);
	QUIET(gasp_guest_read(gsp, 0x10ff8, data, sizeof(data)), EOK);
	QUIET(gasp_guest_next(gsp, QST_MEMORY, 0, &s), EOK);
	QUIET(gasp_lock(gsp, QST_MEMORY), EOK);
	QUIET(gasp_unlock(gsp, QST_MEMORY), EOK);
	QUIET(gasp_walk_count(gsp, 0, 0), 1);
	QUIET(gasp_walk_count_filtered(gsp, 0, 0, NULL), 1);
	QUIET(gasp_last_error() != NULL, 1);
	gasp_guest_destroy(gsp);
}

static void walks_leave_errno(void)
{
	struct guest_system *gsp = guest();
	struct gasp_walk_state ws;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 0), EOK);
	errno = ERRNO_MARK;
	gasp_walk_init(&ws, gsp, 0, GWS_HOST);
	QUIET(gasp_walk_next(&ws), 1);
	QUIET(gasp_walk_next(&ws), 0);
	gasp_guest_destroy(gsp);
}

static void codes_leave_errno_on_failure(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	struct gasp_span s;
	char data;
	QUIET(gasp_region_info(gsp, &r.guest, &r), ENXIO);
	QUIET(gasp_region_info(NULL, &r.guest, &r), EINVAL);
	QUIET(gasp_lock(gsp, QST_HOST), EINVAL);
	QUIET(gasp_unlock(gsp, QST_MEMORY), EPERM);
	QUIET(gram_reserve(gsp, 0, 1), ENXIO);
	QUIET(gasp_guest_reserve(gsp, QST_MEMORY, 0, 0), EINVAL);
	QUIET(gasp_guest_add_memory(gsp, 0, 1, GASP_RAM, 0), EINVAL);
	QUIET(gasp_guest_add_memory(gsp, 0, UINT64_C(1) << 62, GASP_RAM, 0), ENOMEM);
	QUIET(gasp_guest_next(gsp, QST_MEMORY, 0, &s), ENXIO);
	QUIET(gasp_guest_read(gsp, 0, &data, 1), ENXIO);
	QUIET(gasp_guest_write(gsp, 0, NULL, 1), EINVAL);
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	QUIET(gasp_guest_start(gsp), EALREADY);
	gasp_guest_destroy(gsp);
}

static void answers_set_errno_on_failure(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region r[2] = { mem(0x1000, 0x1000, VIRT), mem(0x1000, 0, VIRT) };
	struct gasp_guest_options options;
	memset(&options, 0, sizeof(options));
	SETS(gasp_region_set_soft(gsp, 2, r), 1, EINVAL);
	SETS(gasp_region_set_soft(NULL, 2, r), 0, EINVAL);
	SETS(gasp_find_free(gsp, QST_MEMORY, 0, 0), QSL_NO_LOCATION, EINVAL);
	SETS(gasp_find_free_range(gsp, QST_MEMORY, 2, 0, 7, 7), QSL_NO_LOCATION, ENOSPC);
	SETS(gram_find_free(gsp, 1, 0, 0), QSL_NO_LOCATION, ENOSPC);
	SETS(gasp_walk_count(NULL, 0, 0), 0, EINVAL);
	SETS(gasp_guest_create(&options) == NULL, 1, EINVAL);
	gasp_guest_destroy(gsp);
}

/* ---- A contended lock: waiting must not show in errno either ---- */

struct waiter {
	struct guest_system *gsp;
	int done;
};

static void *wait_for_the_lock(void *arg)
{
	struct waiter *waiter = (struct waiter *)arg;
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	QUIET(gasp_lock(waiter->gsp, QST_MEMORY), EOK);
	QUIET(gasp_unlock(waiter->gsp, QST_MEMORY), EOK);
	flag_set(&waiter->done, 1);
	QUIET(gasp_region_set_soft(waiter->gsp, 1, &r), 1);
	flag_set(&waiter->done, 2);
	return NULL;
}

static void waiting_leaves_errno(void)
{
	struct waiter waiter = { guest(), 0 };
	QUIET(gasp_lock(waiter.gsp, QST_MEMORY), EOK);
	pthread_t other = thread_start(wait_for_the_lock, &waiter);
	sleep_ms(50);
	CHECK_EQ(flag_get(&waiter.done), 0);
	QUIET(gasp_unlock(waiter.gsp, QST_MEMORY), EOK);
	pthread_join(other, NULL);
	CHECK_EQ(waiter.done, 2);
	gasp_guest_destroy(waiter.gsp);
}

static void *lock_and_unlock_often(void *arg)
{
	struct waiter *waiter = (struct waiter *)arg;
	errno = ERRNO_MARK;
	for (int i = 0; i < 20000; i++) {
		gasp_lock(waiter->gsp, QST_X86_IO);
		gasp_unlock(waiter->gsp, QST_X86_IO);
	}
	CHECK_EQ(errno, ERRNO_MARK);
	return NULL;
}

static void fighting_leaves_errno(void)
{
	struct waiter waiter = { guest(), 0 };
	pthread_t other = thread_start(lock_and_unlock_often, &waiter);
	lock_and_unlock_often(&waiter);
	pthread_join(other, NULL);
	gasp_guest_destroy(waiter.gsp);
}

static const struct test_case cases[] = {
	CASE(successes_leave_errno), CASE(successes_of_the_host_side_leave_errno),
	CASE(walks_leave_errno), CASE(codes_leave_errno_on_failure),
	CASE(answers_set_errno_on_failure), CASE(waiting_leaves_errno),
	CASE(fighting_leaves_errno),
};

TEST_MAIN(cases)
