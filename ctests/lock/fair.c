/* A thread that locks and unlocks in a loop does not starve others (specification 4).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define HELD_NS 200000		/* how long the loop holds the lock each time */
#define TURNS 20		/* how often the other thread wants it */
#define ENOUGH_S 10		/* 20 ms on an idle machine */

struct hog {
	struct guest_system *gsp;
	uint16_t type;
	int stop;
	int rounds;
};

/* The lock is free for some nanoseconds only, between unlocking and locking. */
static void *lock_in_a_loop(void *arg)
{
	struct hog *hog = (struct hog *)arg;
	while (!flag_get(&hog->stop)) {
		CHECK_EQ(gasp_lock(hog->gsp, hog->type), EOK);
		flag_set(&hog->rounds, flag_get(&hog->rounds) + 1);
		for (double end = now() + HELD_NS / 1e9; now() < end;)
			continue;
		CHECK_EQ(gasp_unlock(hog->gsp, hog->type), EOK);
	}
	return NULL;
}

static void turns_beside_a_loop(uint16_t type)
{
	struct hog hog = { guest(), type, 0, 0 };
	pthread_t thread = thread_start(lock_in_a_loop, &hog);
	int turns = 0;
	CHECK(flag_wait(&hog.rounds, 1));
	for (double end = now() + ENOUGH_S; turns < TURNS && now() < end; turns++) {
		CHECK_EQ(gasp_lock(hog.gsp, type), EOK);
		int rounds = flag_get(&hog.rounds);
		CHECK_EQ(gasp_unlock(hog.gsp, type), EOK);
		CHECK(flag_wait(&hog.rounds, rounds + 1));	/* it is the loop's again */
	}
	flag_set(&hog.stop, 1);
	pthread_join(thread, NULL);
	CHECK_EQ(turns, TURNS);
	gasp_guest_destroy(hog.gsp);
}

static void a_loop_does_not_keep_memory(void)
{
	turns_beside_a_loop(QST_MEMORY);
}

static void a_loop_does_not_keep_ports(void)
{
	turns_beside_a_loop(QST_X86_IO);
}

static const struct test_case cases[] = {
	CASE(a_loop_does_not_keep_memory), CASE(a_loop_does_not_keep_ports),
};

TEST_MAIN(cases)
