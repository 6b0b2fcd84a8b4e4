/* The handler that looks on at unsupported accesses: what it gets, and when (specification 12.4).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "onlooker.h"
#include "vanish.h"

/* ---- What it gets ---- */

static void each_reason(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data[4] = { 0 };
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, HOLE, data, 4);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, ROM_AT, data, 1);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, DROPS, data, 2);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_EXECUTE, DROPS, data, 4);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_EXECUTE, DEVICE, data, 4);
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, NULL, NULL), EOK);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, DEVICE + 4, data, 4);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, DEVICE + 8, data, 4);
	CHECK_EQ(onlooker.n, 7);
	CHECK_LOOKED(0, GASP_REASON_ABSENT, HOLE, 4, GASP_READ);
	CHECK_LOOKED(1, GASP_REASON_NO_RIGHT, ROM_AT, 1, GASP_WRITE);
	CHECK_LOOKED(2, GASP_REASON_NO_RIGHT, DROPS, 2, GASP_WRITE);
	CHECK_LOOKED(3, GASP_REASON_NO_RIGHT, DROPS, 4, GASP_EXECUTE);
	CHECK_LOOKED(4, GASP_REASON_TRAPPED_FETCH, DEVICE, 4, GASP_EXECUTE);
	CHECK_LOOKED(5, GASP_REASON_NO_HANDLER, DEVICE + 4, 4, GASP_READ);
	CHECK_LOOKED(6, GASP_REASON_NO_HANDLER, DEVICE + 8, 4, GASP_WRITE);
	machine_close(m);
}

static void an_access_that_the_trap_handler_declines(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data[4] = { 0 };
	m->answer = GASP_TRAP_UNSUPPORTED;
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, DEVICE + 4, data, 4);
	CHECK_EQ(m->n, 1);
	CHECK_EQ(onlooker.n, 1);
	CHECK_LOOKED(0, GASP_REASON_DECLINED, DEVICE + 4, 4, GASP_WRITE);
	CHECK(onlooker.seen[0].vdev == vdev_a());
	CHECK_EQ(onlooker.seen[0].cookie, 7);
	machine_close(m);
}

static void memory_that_is_not_there(void)
{
	struct vanish v;
	unsigned char data[4] = { 0 };
	vanish_open(&v, GASP_GUEST_GUARDED, GASP_UNSUPPORTED_FAIL);
	start_to_look(v.gsp);
	vanish_to(&v, PAGE);
	CHECK_READ(v.cpu, AT, data, 4);
	CHECK_ACCESS(EIO, v.cpu, QST_MEMORY, GASP_READ, AT + PAGE, data, 4);
	CHECK_ACCESS(EIO, v.cpu, QST_MEMORY, GASP_WRITE, AT + PAGE - 1, data, 2);
	CHECK_EQ(onlooker.n, 2);
	CHECK_LOOKED(0, GASP_REASON_VANISHED, AT + PAGE, 4, GASP_READ);
	CHECK_LOOKED(1, GASP_REASON_VANISHED, AT + PAGE - 1, 2, GASP_WRITE);
	vanish_close(&v);
}

static void the_region_and_the_data(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data[4] = { 0x5A, 0, 0, 0 };
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, DROPS + 1, data, 3);
	CHECK(onlooker.seen[0].vdev == vdev_b());
	CHECK_EQ(onlooker.seen[0].cookie, 9);
	CHECK_EQ(onlooker.seen[0].type, QST_MEMORY);
	CHECK(onlooker.seen[0].data == data);
	CHECK_ACCESS(EFAULT, m->cpu, QST_X86_IO, GASP_READ, 0x70, data, 1);
	CHECK(onlooker.seen[1].vdev == NULL);
	CHECK_EQ(onlooker.seen[1].cookie, 0);
	CHECK_EQ(onlooker.seen[1].type, QST_X86_IO);
	CHECK_LOOKED(1, GASP_REASON_ABSENT, 0x70, 1, GASP_READ);
	machine_close(m);
}

static void the_end_of_the_space(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data[2] = { 0 };
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, TOP - 1, data, 2);
	CHECK_ACCESS(EFAULT, m->cpu, QST_X86_IO, GASP_WRITE, 0xFFFF, data, 1);
	CHECK_LOOKED(0, GASP_REASON_ABSENT, TOP - 1, 2, GASP_READ);
	CHECK_LOOKED(1, GASP_REASON_ABSENT, 0xFFFF, 1, GASP_WRITE);
	machine_close(m);
}

static void each_piece(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	static unsigned char data[4 * PAGE];
	/* RAM, ROM, a hole, the device, DROPS */
	CHECK_WRITE(m->cpu, RAM_AT + PAGE - 2, data, 6);
	CHECK_WRITE(m->cpu, DEVICE - 1, data, 2);
	CHECK_WRITE(m->cpu, DEVICE + PAGE - 1, data, 1 + PAGE + 3);
	CHECK_EQ(onlooker.n, 4);
	CHECK_LOOKED(0, GASP_REASON_NO_RIGHT, ROM_AT, 4, GASP_WRITE);
	CHECK_LOOKED(1, GASP_REASON_ABSENT, DEVICE - 1, 1, GASP_WRITE);
	CHECK_LOOKED(2, GASP_REASON_NO_RIGHT, DROPS, PAGE, GASP_WRITE);
	CHECK_LOOKED(3, GASP_REASON_ABSENT, DROPS + PAGE, 3, GASP_WRITE);
	CHECK(onlooker.seen[1].data == data);
	CHECK(onlooker.seen[2].data == data + 1);
	CHECK_EQ(m->n, 2);
	machine_close(m);
}

/* ---- When it is called, and when not ---- */

static void before_the_policy(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	unsigned char data[4] = { 0x5A, 0, 0, 0 };
	CHECK_READ(m->cpu, HOLE, data, 4);
	CHECK_EQ(onlooker.n, 1);
	CHECK_EQ(onlooker.first[0], 0x5A);
	CHECK(all_bytes(data, 0xFF, 4));
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 1);
	machine_close(m);
}

static void only_for_what_is_unsupported(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data[4] = { 0 };
	CHECK_SET(m->gsp, port_at(0x60, 1, GRF_PASS_RD, 0x60));
	CHECK_READ(m->cpu, RAM_AT, data, 4);
	CHECK_FETCH(m->cpu, ROM_AT, data, 4);
	CHECK_READ(m->cpu, DEVICE, data, 4);
	CHECK_ACCESS(ENOTSUP, m->cpu, QST_X86_IO, GASP_READ, 0x60, data, 1);
	CHECK_ACCESS(EINVAL, m->cpu, QST_MEMORY, GASP_READ, HOLE, data, 0);
	m->answer = EFAULT;
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, DEVICE, data, 4);
	CHECK_EQ(onlooker.n, 0);
	machine_close(m);
}

static void the_counts_are_the_same(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data[4] = { 0 };
	write_at(m->cpu, HOLE, data, 4);
	CHECK_EQ(gasp_guest_set_unsupported_handler(m->gsp, NULL, NULL), EOK);
	write_at(m->cpu, HOLE, data, 4);
	CHECK_EQ(onlooker.n, 1);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_WRITE], 2);
	CHECK_EQ(counts_of(m->gsp).trapped[GASP_WRITE], 0);
	machine_close(m);
}

static void each_guest_has_its_own(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	struct guest_system *other = guest();
	unsigned char data = 0;
	CHECK_READ(new_cpu(other), HOLE, &data, 1);
	CHECK_EQ(onlooker.n, 0);
	gasp_guest_destroy(other);
	machine_close(m);
}

static void child_abort(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_ABORT);
	unsigned char data = 0;
	gasp_cpu_access(m->cpu, QST_MEMORY, GASP_READ, HOLE, &data, 1);
}

static void report(void *arg, int code, const char *message)
{
	(void)arg;
	(void)message;
	_exit(code == 5 && onlooker.n == 1 ? 42 : 99);
}

static void child_abort_after_looking(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_ABORT);
	unsigned char data = 0;
	gasp_guest_set_fatal_handler(m->gsp, report, NULL);
	gasp_cpu_access(m->cpu, QST_MEMORY, GASP_READ, HOLE, &data, 1);
}

static void the_policy_to_abort_follows(void)
{
	struct outcome out = run_child("child_abort");
	CHECK_EXIT("child_abort", out, 5);
	out = run_child("child_abort_after_looking");
	CHECK_EXIT("child_abort_after_looking", out, 42);
}

static void bad_guests(void)
{
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_set_unsupported_handler(NULL, look_on, NULL), EINVAL);
	CHECK_EQ(gasp_guest_set_unsupported_handler(dead_guest(), look_on, NULL), EINVAL);
	CHECK_EQ(gasp_guest_set_unsupported_handler(dead_guest(), NULL, NULL), EINVAL);
	CHECK_EQ(errno, ERRNO_MARK);
}

static const struct test_case cases[] = {
	CASE(each_reason), CASE(an_access_that_the_trap_handler_declines),
	CASE(memory_that_is_not_there), CASE(the_region_and_the_data),
	CASE(the_end_of_the_space), CASE(each_piece), CASE(before_the_policy),
	CASE(only_for_what_is_unsupported), CASE(the_counts_are_the_same),
	CASE(each_guest_has_its_own), CASE(the_policy_to_abort_follows), CASE(bad_guests),
};

static const struct test_case children[] = {
	CASE(child_abort), CASE(child_abort_after_looking),
};

TEST_MAIN_CHILDREN(cases, children)
