/* Unsupported accesses: ignored, failed, fatal (QNX: `unsupported reference`); and the counts
 * (specification 10.8, 10.9).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#define HANDLED 42

static struct machine machine;

static struct machine *machine_with_policy(unsigned policy)
{
	machine_open(&machine);
	CHECK_EQ(gasp_guest_add_memory(machine.gsp, 0x1000, PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(machine.gsp, 0x2000, PAGE, GASP_ROM, 0), EOK);
	CHECK_EQ(gasp_guest_set_unsupported(machine.gsp, policy), EOK);
	return &machine;
}

/* ---- Ignore ---- */

static void reads_give_all_ones(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	unsigned char got[32];
	memset(got, 0, sizeof(got));
	CHECK_READ(m->cpu, 0x8001, got, 31);
	CHECK(all_bytes(got, 0xFF, 31));
	CHECK_EQ(got[31], 0);
	memset(got, 0, sizeof(got));
	CHECK_FETCH(m->cpu, 0x8000, got, 16);
	CHECK(all_bytes(got, 0xFF, 16));
	memset(got, 0, sizeof(got));
	CHECK_ACCESS(EOK, m->cpu, QST_X86_IO, GASP_READ, 0x3F8, got, 1);
	CHECK_EQ(got[0], 0xFF);
	CHECK_EQ(m->n, 0);
	machine_close(m);
}

static void writes_are_dropped(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	unsigned char data[4] = { 1, 2, 3, 4 };
	CHECK_WRITE(m->cpu, 0x8000, data, 4);
	CHECK_WRITE(m->cpu, 0x2000, data, 4);	/* ROM */
	CHECK_ACCESS(EOK, m->cpu, QST_X86_IO, GASP_WRITE, 0x80, data, 1);
	CHECK(data[0] == 1 && data[3] == 4);
	CHECK_EQ(gasp_guest_read(m->gsp, 0x2000, data, 4), EOK);
	CHECK(all_bytes(data, 0, 4));
	machine_close(m);
}

static void it_is_the_default(void)
{
	struct machine *m = &machine;
	unsigned char got = 0;
	machine_open(m);
	CHECK_READ(m->cpu, 0x8000, &got, 1);
	CHECK_EQ(got, 0xFF);
	machine_close(m);
}

/* ---- Fail ---- */

static void a_failed_read_leaves_the_data(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char got[4] = { 1, 2, 3, 4 };
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, 0x8000, got, 4);
	CHECK(got[0] == 1 && got[3] == 4);
	CHECK_HAS(gasp_last_error(), "0x8000");
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_EXECUTE, 0x8000, got, 4);
	CHECK_ACCESS(EFAULT, m->cpu, QST_X86_IO, GASP_READ, 0x80, got, 1);
	machine_close(m);
}

static void a_failed_write(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data[4] = { 1, 2, 3, 4 };
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, 0x8000, data, 4);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, 0x2000, data, 4);
	CHECK_ACCESS(EFAULT, m->cpu, QST_X86_IO, GASP_WRITE, 0x80, data, 1);
	CHECK_EQ(gasp_guest_read(m->gsp, 0x2000, data, 4), EOK);
	CHECK(all_bytes(data, 0, 4));
	machine_close(m);
}

/* An access without a PASS or VIRT flag of its kind is unsupported. */
static void regions_without_the_right(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data[2] = { 0 };
	CHECK_SET(m->gsp, mem(0x5000, PAGE, GRF_VIRT_RD), mem(0x6000, PAGE, GRF_NOCACHE),
		  mem(0x1000, PAGE, GRF_PASS_WR));
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_WRITE, 0x5000, data, 2);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, 0x6000, data, 2);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, 0x1000, data, 2);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_EXECUTE, 0x1000, data, 2);
	CHECK_WRITE(m->cpu, 0x1000, data, 2);
	CHECK_EQ(m->n, 0);
	machine_close(m);
}

static void unknown_policies(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char got = 0;
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, 3), EINVAL);
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, 0x100), EINVAL);
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, UINT32_MAX), EINVAL);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, 0x8000, &got, 1);
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, GASP_UNSUPPORTED_IGNORE), EOK);
	CHECK_READ(m->cpu, 0x8000, &got, 1);
	machine_close(m);
}

static void each_guest_has_its_own(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	struct guest_system *other = guest();
	struct gasp_cpu *cpu = new_cpu(other);
	unsigned char got = 0;
	CHECK_READ(cpu, 0x8000, &got, 1);
	CHECK_EQ(got, 0xFF);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, 0x8000, &got, 1);
	gasp_guest_destroy(other);
	machine_close(m);
}

/* ---- Abort ---- */

static void child_abort_read(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_ABORT);
	unsigned char got[4];
	CHECK_READ(m->cpu, 0x1000, got, 4);
	gasp_cpu_access(m->cpu, QST_MEMORY, GASP_READ, 0x8123, got, 4);
}

static void child_abort_write_to_rom(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_ABORT);
	unsigned char got[4];
	CHECK_READ(m->cpu, 0x2000, got, 4);
	gasp_guest_start(m->gsp);
	gasp_cpu_access(m->cpu, QST_MEMORY, GASP_WRITE, 0x2010, got, 4);
}

static void child_abort_port(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_ABORT);
	unsigned char got = 0;
	gasp_cpu_access(m->cpu, QST_X86_IO, GASP_WRITE, 0x80, &got, 1);
}

static void fatal_with_code_5(void *arg, int code, const char *message)
{
	CHECK_STR((const char *)arg, "my arg");
	CHECK_EQ(code, 5);
	CHECK_HAS(message, "0x8123");
	_exit(check_state()->failures == 0 ? HANDLED : 99);
}

static void child_abort_handler(void)
{
	static char arg[] = "my arg";
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_ABORT);
	unsigned char got[4];
	gasp_guest_set_fatal_handler(m->gsp, fatal_with_code_5, arg);
	gasp_cpu_access(m->cpu, QST_MEMORY, GASP_READ, 0x8123, got, 4);
}

static void fatal_that_returns(void *arg, int code, const char *message)
{
	(void)arg;
	(void)code;
	(void)message;
}

static void child_abort_handler_returns(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_ABORT);
	unsigned char got[4];
	gasp_guest_set_fatal_handler(m->gsp, fatal_that_returns, NULL);
	gasp_cpu_access(m->cpu, QST_MEMORY, GASP_EXECUTE, 0x8123, got, 4);
}

static void abort_expected(const char *child, const char *location)
{
	struct outcome out = run_child(child);
	size_t length = strlen(out.err);
	CHECK_EXIT(child, out, 5);
	CHECK_HAS(out.err, location);
	CHECK_HAS(out.err, "gasp_cpu_access");
	CHECK(length > 1 && strchr(out.err, '\n') == out.err + length - 1);	/* one line */
}

static void abort_ends_the_process_with_5(void)
{
	abort_expected("child_abort_read", "0x8123");
	abort_expected("child_abort_write_to_rom", "0x2010");
	abort_expected("child_abort_port", "0x80");
}

static void abort_calls_the_fatal_handler(void)
{
	struct outcome out = run_child("child_abort_handler");
	CHECK_EXIT("child_abort_handler", out, HANDLED);
	abort_expected("child_abort_handler_returns", "0x8123");
}

static void a_trap_handler_can_leave_it_to_the_policy(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	unsigned char data[4] = { 0, 0, 0, 7 };
	CHECK_SET(m->gsp, mem(0x5000, PAGE, VIRT));
	m->answer = GASP_TRAP_UNSUPPORTED;
	CHECK_READ(m->cpu, 0x5000, data, 3);
	CHECK(all_bytes(data, 0xFF, 3) && data[3] == 7);
	CHECK_WRITE(m->cpu, 0x5000, data, 3);
	CHECK_EQ(m->n, 2);
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, GASP_UNSUPPORTED_FAIL), EOK);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, 0x5000, data, 1);
	CHECK_EQ(counts_of(m->gsp).trapped[GASP_READ], 2);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 2);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_WRITE], 1);
	machine_close(m);
}

/* ---- Counts ---- */

static void counts_by_kind(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	unsigned char data[8] = { 0 };
	CHECK_SET(m->gsp, mem(0x5000, PAGE, VIRT), port(0x60, 1, VIRT));
	CHECK_READ(m->cpu, 0x1000, data, 8);
	CHECK_WRITE(m->cpu, 0x1000, data, 1);
	CHECK_WRITE(m->cpu, 0x1000, data, 3);
	CHECK_FETCH(m->cpu, 0x2000, data, 4);
	CHECK_READ(m->cpu, 0x5000, data, 4);
	CHECK_ACCESS(EOK, m->cpu, QST_X86_IO, GASP_WRITE, 0x60, data, 1);
	CHECK_WRITE(m->cpu, 0x2000, data, 4);
	CHECK_FETCH(m->cpu, 0x5000, data, 4);
	CHECK_READ(m->cpu, 0x8000, data, 4);
	struct gasp_counts c = counts_of(m->gsp);
	CHECK(c.passed[GASP_READ] == 1 && c.passed[GASP_WRITE] == 2 && c.passed[GASP_EXECUTE] == 1);
	CHECK(c.trapped[GASP_READ] == 1 && c.trapped[GASP_WRITE] == 1 && c.trapped[GASP_EXECUTE] == 0);
	CHECK_EQ(c.unsupported[GASP_READ], 1);
	CHECK_EQ(c.unsupported[GASP_WRITE], 1);
	CHECK_EQ(c.unsupported[GASP_EXECUTE], 1);
	machine_close(m);
}

static void counts_of_pieces(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	unsigned char data[PAGE + 16];
	CHECK_SET(m->gsp, mem(0x3000, 4, VIRT));
	memset(data, 0, sizeof(data));
	CHECK_READ(m->cpu, 0x1ffc, data, sizeof(data));	/* RAM, ROM, device, nothing */
	CHECK_EQ(counts_of(m->gsp).passed[GASP_READ], 2);
	CHECK_EQ(counts_of(m->gsp).trapped[GASP_READ], 1);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 1);
	machine_close(m);
}

static void counts_of_failed_accesses(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_FAIL);
	unsigned char data = 0;
	CHECK_SET(m->gsp, mem(0x5000, PAGE, VIRT));
	m->answer = EIO;
	CHECK_ACCESS(EIO, m->cpu, QST_MEMORY, GASP_READ, 0x5000, &data, 1);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, 0x8000, &data, 1);
	CHECK_EQ(counts_of(m->gsp).trapped[GASP_READ], 1);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 1);
	machine_close(m);
}

static void counts_of_destroyed_vcpus(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	struct gasp_cpu *other = new_cpu(m->gsp);
	unsigned char data = 0;
	CHECK_READ(m->cpu, 0x1000, &data, 1);
	CHECK_READ(other, 0x1000, &data, 1);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_READ], 2);
	gasp_cpu_destroy(other);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_READ], 2);
	CHECK_READ(m->cpu, 0x1000, &data, 1);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_READ], 3);
	CHECK_EQ(gasp_guest_counts(m->gsp, NULL), EINVAL);
	machine_close(m);
}

/* The host's own reads and writes are no accesses of the guest. */
static void the_host_is_not_counted(void)
{
	struct machine *m = machine_with_policy(GASP_UNSUPPORTED_IGNORE);
	unsigned char data = 0;
	CHECK_EQ(gasp_guest_read(m->gsp, 0x1000, &data, 1), EOK);
	CHECK_EQ(gasp_guest_write(m->gsp, 0x1000, &data, 1), EOK);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_READ], 0);
	CHECK_EQ(counts_of(m->gsp).passed[GASP_WRITE], 0);
	machine_close(m);
}

static const struct test_case cases[] = {
	CASE(reads_give_all_ones), CASE(writes_are_dropped), CASE(it_is_the_default),
	CASE(a_failed_read_leaves_the_data), CASE(a_failed_write), CASE(regions_without_the_right),
	CASE(unknown_policies), CASE(each_guest_has_its_own), CASE(abort_ends_the_process_with_5),
	CASE(abort_calls_the_fatal_handler), CASE(a_trap_handler_can_leave_it_to_the_policy), CASE(counts_by_kind), CASE(counts_of_pieces),
	CASE(counts_of_failed_accesses), CASE(counts_of_destroyed_vcpus),
	CASE(the_host_is_not_counted),
};

static const struct test_case children[] = {
	CASE(child_abort_read), CASE(child_abort_write_to_rom), CASE(child_abort_port),
	CASE(child_abort_handler), CASE(child_abort_handler_returns),
};

TEST_MAIN_CHILDREN(cases, children)
