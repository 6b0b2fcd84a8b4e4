/* gasp_lock() and gasp_unlock() (specification 4).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#define DEPTH 65535

/* One call in another thread. */
struct call {
	struct guest_system *gsp;
	uint16_t type;
	int result;
	int done;
};

static struct call call_of(struct guest_system *gsp, uint16_t type)
{
	struct call call = { gsp, type, -1, 0 };
	return call;
}

static void *do_lock(void *arg)
{
	struct call *call = (struct call *)arg;
	call->result = gasp_lock(call->gsp, call->type);
	flag_set(&call->done, 1);
	return NULL;
}

static void *do_unlock(void *arg)
{
	struct call *call = (struct call *)arg;
	call->result = gasp_unlock(call->gsp, call->type);
	return NULL;
}

static int unlock_elsewhere(struct guest_system *gsp, uint16_t type)
{
	struct call call = call_of(gsp, type);
	thread_run(do_unlock, &call);
	return call.result;
}

static void lock_and_unlock_both_spaces(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EPERM);
	gasp_guest_destroy(gsp);
}

static void pci_io_is_the_lock_of_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_lock(gsp, QST_PCI_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_PCI_IO), EPERM);
	gasp_guest_destroy(gsp);
}

static void strict_refuses_pci_io(void)
{
	struct guest_system *gsp = strict_guest();
	CHECK_EQ(gasp_lock(gsp, QST_PCI_IO), EINVAL);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_PCI_IO), EINVAL);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	gasp_guest_destroy(gsp);
}

static void bad_arguments(void)
{
	struct guest_system *gsp = guest(), *dead = dead_guest();
	CHECK_EQ(gasp_lock(NULL, QST_MEMORY), EINVAL);
	CHECK_EQ(gasp_unlock(NULL, QST_MEMORY), EINVAL);
	CHECK_EQ(gasp_lock(dead, QST_MEMORY), EINVAL);
	CHECK_EQ(gasp_unlock(dead, QST_MEMORY), EINVAL);
	CHECK_EQ(gasp_lock(gsp, QST_VIRTUAL), EINVAL);
	CHECK_EQ(gasp_lock(gsp, QST_X86_MSR), EINVAL);
	CHECK_EQ(gasp_lock(gsp, QST_NO_TYPE), EINVAL);
	CHECK_EQ(gasp_unlock(gsp, QST_IMMEDIATE), EINVAL);
	gasp_guest_destroy(gsp);
}

static void unlock_of_a_lock_not_held(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
	gasp_guest_destroy(gsp);
}

static void unlock_by_another_thread(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(unlock_elsewhere(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	gasp_guest_destroy(gsp);
}

static void recursion_to_its_limit(void)
{
	struct guest_system *gsp = guest();
	unsigned locked = 0, unlocked = 0;
	while (locked <= DEPTH && gasp_lock(gsp, QST_MEMORY) == EOK)
		locked++;
	CHECK_EQ(locked, DEPTH);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EAGAIN);
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
	while (unlocked <= DEPTH && gasp_unlock(gsp, QST_MEMORY) == EOK)
		unlocked++;
	CHECK_EQ(unlocked, DEPTH);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	gasp_guest_destroy(gsp);
}

/* "A holder may call any function": also at the deepest level. */
static void changes_at_the_limit_of_recursion(void)
{
	struct guest_system *gsp = guest();
	for (unsigned i = 0; i < DEPTH; i++)
		if (gasp_lock(gsp, QST_MEMORY) != EOK)
			break;
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x10000, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EAGAIN);
	gasp_guest_destroy(gsp);
}

static void recursion_gives_back_at_the_last_unlock(void)
{
	struct guest_system *gsp = guest();
	struct call call = call_of(gsp, QST_MEMORY);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	pthread_t other = thread_start(do_lock, &call);
	sleep_ms(50);
	CHECK_EQ(flag_get(&call.done), 0);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	pthread_join(other, NULL);
	CHECK_EQ(call.result, EOK);
	gasp_guest_destroy(gsp);
}

static void spaces_and_guests_have_locks_of_their_own(void)
{
	struct guest_system *gsp = guest(), *other = guest();
	struct call ports = call_of(gsp, QST_X86_IO), memory = call_of(other, QST_MEMORY);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	thread_run(do_lock, &ports);
	thread_run(do_lock, &memory);
	CHECK_EQ(ports.result, EOK);
	CHECK_EQ(memory.result, EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EPERM);
	gasp_guest_destroy(gsp);
	gasp_guest_destroy(other);
}

/* A new thread often gets the identity (pthread_t, stack) of one that ended: not its locks. */
static void a_thread_that_ends_leaves_the_lock_held(void)
{
	struct guest_system *gsp = guest();
	struct call call = call_of(gsp, QST_MEMORY);
	thread_run(do_lock, &call);
	CHECK_EQ(call.result, EOK);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(unlock_elsewhere(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	gasp_guest_destroy(gsp);
}

/* ---- Fighting for a lock ---- */

#define ROUNDS 20000

struct fight {
	struct guest_system *gsp;
	uint16_t type;
	unsigned long count;	/* guarded by the lock, and not atomic */
};

static void *fight_on(void *arg)
{
	struct fight *fight = (struct fight *)arg;
	for (int i = 0; i < ROUNDS; i++) {
		if (gasp_lock(fight->gsp, fight->type) != EOK)
			break;
		fight->count++;
		if (gasp_unlock(fight->gsp, fight->type) != EOK)
			break;
	}
	return NULL;
}

static void fight_for(uint16_t type)
{
	struct fight fight = { guest(), type, 0 };
	pthread_t one = thread_start(fight_on, &fight);
	pthread_t two = thread_start(fight_on, &fight);
	fight_on(&fight);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	CHECK_EQ(fight.count, 3 * ROUNDS);
	CHECK_EQ(gasp_unlock(fight.gsp, type), EPERM);
	gasp_guest_destroy(fight.gsp);
}

static void three_threads_fight_for_memory(void)
{
	fight_for(QST_MEMORY);
}

static void three_threads_fight_for_ports(void)
{
	fight_for(QST_X86_IO);
}

/* ---- Holders, queries and changes ---- */

struct queries {
	struct guest_system *gsp;
	int failed;
	int done;
};

static void *ask_everything(void *arg)
{
	struct queries *q = (struct queries *)arg;
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 1), at = block(QST_X86_IO, 0x60, 1);
	struct gasp_region r;
	struct gasp_span s;
	struct gasp_walk_state ws;
	char byte = 1;
	q->failed |= gasp_region_info(q->gsp, &blk, &r) != EOK;
	q->failed |= gasp_region_info(q->gsp, &at, &r) != EOK;
	q->failed |= gasp_guest_next(q->gsp, QST_X86_IO, 0, &s) != EOK;
	q->failed |= gasp_find_free(q->gsp, QST_MEMORY, 0x1000, 0x1000) != 0;
	gasp_walk_init(&ws, q->gsp, 0, 0);
	q->failed |= gasp_walk_next(&ws) == 0;
	q->failed |= gasp_walk_count(q->gsp, 0, 0) != 1;
	q->failed |= gasp_guest_write(q->gsp, 0x1000, &byte, 1) != EOK;
	q->failed |= gasp_guest_read(q->gsp, 0x1000, &byte, 1) != EOK;
	flag_set(&q->done, 1);
	return NULL;
}

static void queries_do_not_wait_for_a_holder(void)
{
	struct queries q = { guest(), 0, 0 };
	CHECK_EQ(gasp_guest_add_memory(q.gsp, 0x1000, 0x1000, GASP_RAM, 0), EOK);
	CHECK_SET(q.gsp, port(0x60, 1, VIRT));
	CHECK_EQ(gasp_lock(q.gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(q.gsp, QST_X86_IO), EOK);
	pthread_t other = thread_start(ask_everything, &q);
	CHECK(flag_wait(&q.done, 1));
	gasp_unlock(q.gsp, QST_X86_IO);
	gasp_unlock(q.gsp, QST_MEMORY);
	pthread_join(other, NULL);
	CHECK_EQ(q.failed, 0);
	gasp_guest_destroy(q.gsp);
}

struct change {
	struct guest_system *gsp;
	int fatal_twin;
	int done;
};

static void *do_change(void *arg)
{
	struct change *change = (struct change *)arg;
	struct gasp_region r = mem(0x1000, 0x1000, VIRT);
	if (change->fatal_twin)
		gasp_region_set(change->gsp, 1, &r);
	else
		gasp_region_set_soft(change->gsp, 1, &r);
	flag_set(&change->done, 1);
	return NULL;
}

static void change_waits_for_the_holder(int fatal_twin)
{
	struct change change = { guest(), fatal_twin, 0 };
	CHECK_EQ(gasp_lock(change.gsp, QST_MEMORY), EOK);
	pthread_t other = thread_start(do_change, &change);
	sleep_ms(50);
	CHECK_EQ(flag_get(&change.done), 0);
	CHECK_EMPTY(change.gsp, QST_MEMORY);
	CHECK_EQ(gasp_unlock(change.gsp, QST_MEMORY), EOK);
	pthread_join(other, NULL);
	CHECK_MEM(change.gsp, span(0x1000, 0x1fff, VIRT));
	CHECK_EQ(gasp_unlock(change.gsp, QST_MEMORY), EPERM);
	gasp_guest_destroy(change.gsp);
}

static void set_soft_waits_for_the_holder(void)
{
	change_waits_for_the_holder(0);
}

static void set_waits_for_the_holder(void)
{
	change_waits_for_the_holder(1);
}

static void a_change_waits_only_for_its_own_space(void)
{
	struct change change = { guest(), 0, 0 };
	CHECK_EQ(gasp_lock(change.gsp, QST_X86_IO), EOK);
	pthread_t other = thread_start(do_change, &change);
	CHECK(flag_wait(&change.done, 1));
	CHECK_EQ(gasp_unlock(change.gsp, QST_X86_IO), EOK);
	pthread_join(other, NULL);
	gasp_guest_destroy(change.gsp);
}

static void a_holder_may_call_any_function(void)
{
	struct queries q = { guest(), 0, 0 };
	struct gasp_region r = port(0x60, 1, VIRT);
	CHECK_EQ(gasp_lock(q.gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_lock(q.gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_add_memory(q.gsp, 0x1000, 0x1000, GASP_RAM, 0), EOK);
	gasp_region_set(q.gsp, 1, &r);
	CHECK_SET(q.gsp, mem(0x5000, 0x1000, VIRT), port(0x64, 1, VIRT));
	ask_everything(&q);
	CHECK_EQ(q.failed, 0);
	CHECK_EQ(gasp_guest_reserve(q.gsp, QST_MEMORY, 0, 0x1000), EOK);
	CHECK_EQ(gram_find_free(q.gsp, 0x1000, 0, 0), 0x1000);
	CHECK_EQ(gasp_guest_start(q.gsp), EOK);
	CHECK_EQ(gasp_unlock(q.gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(q.gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_unlock(q.gsp, QST_MEMORY), EPERM);
	gasp_guest_destroy(q.gsp);
}

static const struct test_case cases[] = {
	CASE(lock_and_unlock_both_spaces), CASE(pci_io_is_the_lock_of_memory),
	CASE(strict_refuses_pci_io), CASE(bad_arguments), CASE(unlock_of_a_lock_not_held),
	CASE(unlock_by_another_thread), CASE(recursion_to_its_limit),
	CASE(changes_at_the_limit_of_recursion), CASE(recursion_gives_back_at_the_last_unlock),
	CASE(spaces_and_guests_have_locks_of_their_own),
	CASE(a_thread_that_ends_leaves_the_lock_held), CASE(three_threads_fight_for_memory),
	CASE(three_threads_fight_for_ports), CASE(queries_do_not_wait_for_a_holder),
	CASE(set_soft_waits_for_the_holder), CASE(set_waits_for_the_holder),
	CASE(a_change_waits_only_for_its_own_space), CASE(a_holder_may_call_any_function),
};

TEST_MAIN(cases)
