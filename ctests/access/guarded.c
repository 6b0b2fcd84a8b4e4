/* Guarded copies: host memory that is not there is unsupported, or EIO. 7.1, 7.8, 10.6 and 10.8.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "vanish.h"

/* One access each, of an instruction of its own or of several. */
static const size_t lengths[] = { 1, 2, 4, 8, 3, 7, 16, 61, PAGE, PAGE + 9 };

static struct vanish opened;

static struct vanish *guarded(unsigned policy)
{
	vanish_open(&opened, GASP_GUEST_GUARDED, policy);
	return &opened;
}

static void fill(unsigned char *bytes, size_t length, unsigned seed)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251 + seed);
}

/* ---- All of it is there ---- */

static void copies_are_those_of_other_guests(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_FAIL);
	unsigned char data[PAGE + 16], got[PAGE + 16];
	for (unsigned i = 0; i < COUNT(lengths); i++)
		for (unsigned skew = 0; skew < 3; skew++) {
			fill(data, sizeof(data), i + skew);
			memset(got, 0, sizeof(got));
			CHECK_WRITE(v->cpu, AT + skew, data + skew, lengths[i]);
			CHECK(memcmp(v->host + skew, data + skew, lengths[i]) == 0);
			CHECK_READ(v->cpu, AT + skew, got, lengths[i]);
			CHECK(memcmp(got, data + skew, lengths[i]) == 0 && got[lengths[i]] == 0);
			memset(got, 0, sizeof(got));
			CHECK_FETCH(v->cpu, AT + skew, got, lengths[i]);
			CHECK(memcmp(got, data + skew, lengths[i]) == 0 && got[lengths[i]] == 0);
		}
	CHECK_EQ(counts_of(v->gsp).passed[GASP_WRITE], 3 * COUNT(lengths));
	CHECK_EQ(counts_of(v->gsp).unsupported[GASP_WRITE], 0);
	vanish_close(v);
}

/* A write ends where it should. */
static void nothing_around_is_written(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_FAIL);
	unsigned char zeros[PAGE + 16] = { 0 };
	for (unsigned i = 0; i < COUNT(lengths); i++) {
		memset(v->host, 0xAA, LENGTH);
		CHECK_WRITE(v->cpu, AT + 8, zeros, lengths[i]);
		CHECK(all_bytes(v->host, 0xAA, 8) && all_bytes(v->host + 8, 0, lengths[i]));
		CHECK(all_bytes(v->host + 8 + lengths[i], 0xAA, LENGTH - 8 - lengths[i]));
	}
	vanish_close(v);
}

/* 10.6.5: data lies in guest memory, and overlaps what is copied, on either side. */
static void data_overlaps(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_FAIL);
	unsigned char was[LENGTH];
	for (unsigned from = 90; from <= 110; from += 5) {
		fill(v->host, LENGTH, from);
		memcpy(was, v->host, LENGTH);
		CHECK_READ(v->cpu, AT + from, v->host + 100, 333);
		CHECK(memcmp(v->host + 100, was + from, 333) == 0);
		fill(v->host, LENGTH, from);
		CHECK_WRITE(v->cpu, AT + from, v->host + 100, 333);
		CHECK(memcmp(v->host + from, was + 100, 333) == 0);
	}
	vanish_close(v);
}

static void memory_of_the_guest(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_FAIL);
	uint64_t data = 0x1122334455667788u, got = 0;
	CHECK_EQ(gasp_guest_add_memory(v->gsp, 0x80000, PAGE, GASP_RAM, 0), EOK);
	CHECK_WRITE(v->cpu, 0x80008, &data, 8);
	CHECK_READ(v->cpu, 0x80008, &got, 8);
	CHECK_EQ(got, data);
	vanish_close(v);
}

static void with_strict_mode(void)
{
	struct vanish v;
	unsigned char got = 0;
	vanish_open(&v, GASP_GUEST_GUARDED | GASP_GUEST_STRICT, GASP_UNSUPPORTED_FAIL);
	vanish_to(&v, 0);
	CHECK_EQ(gasp_lock(v.gsp, QST_PCI_IO), EINVAL);
	CHECK_ACCESS(EIO, v.cpu, QST_MEMORY, GASP_READ, AT, &got, 1);
	vanish_close(&v);
}

/* ---- Accesses ---- */

static void ignored(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_IGNORE);
	unsigned char got[LENGTH];
	vanish_to(v, 0);
	for (unsigned i = 0; i < COUNT(lengths); i++)
		for (unsigned skew = 0; skew < 2; skew++) {
			memset(got, 0, sizeof(got));
			CHECK_READ(v->cpu, AT + skew, got, lengths[i]);
			CHECK(all_bytes(got, 0xFF, lengths[i]) && got[lengths[i]] == 0);
			memset(got, 0, sizeof(got));
			CHECK_FETCH(v->cpu, AT + skew, got, lengths[i]);
			CHECK(all_bytes(got, 0xFF, lengths[i]) && got[lengths[i]] == 0);
			CHECK_WRITE(v->cpu, AT + skew, got, lengths[i]);
			CHECK(all_bytes(got, 0xFF, lengths[i]));
		}
	struct gasp_counts c = counts_of(v->gsp);
	CHECK_EQ(c.unsupported[GASP_READ], 2 * COUNT(lengths));
	CHECK_EQ(c.unsupported[GASP_WRITE], 2 * COUNT(lengths));
	CHECK_EQ(c.unsupported[GASP_EXECUTE], 2 * COUNT(lengths));
	CHECK_EQ(c.passed[GASP_READ] + c.passed[GASP_WRITE] + c.passed[GASP_EXECUTE], 0);
	vanish_to(v, LENGTH);
	CHECK(all_bytes(v->host, 0, LENGTH));	/* the writes left nothing */
	vanish_close(v);
}

static void failed(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_FAIL);
	unsigned char got[LENGTH] = { 0 };
	vanish_to(v, 0);
	for (unsigned i = 0; i < COUNT(lengths); i++) {
		CHECK_ACCESS(EIO, v->cpu, QST_MEMORY, GASP_READ, AT, got, lengths[i]);
		CHECK_ACCESS(EIO, v->cpu, QST_MEMORY, GASP_EXECUTE, AT, got, lengths[i]);
		CHECK_ACCESS(EIO, v->cpu, QST_MEMORY, GASP_WRITE, AT, got, lengths[i]);
	}
	CHECK_HAS(gasp_last_error(), "[0x10000, 0x11008]");
	CHECK_EQ(counts_of(v->gsp).unsupported[GASP_READ], COUNT(lengths));
	CHECK_ACCESS(EFAULT, v->cpu, QST_MEMORY, GASP_READ, 0x8000, got, 1);	/* as ever */
	vanish_close(v);
}

static void child_abort(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_ABORT);
	uint32_t got = 0;
	CHECK_READ(v->cpu, AT + 4, &got, 4);
	vanish_to(v, 0);
	gasp_cpu_access(v->cpu, QST_MEMORY, GASP_READ, AT + 4, &got, 4);
}

static void aborted(void)
{
	struct outcome out = run_child("child_abort");
	CHECK_EXIT("child_abort", out, 5);
	CHECK_HAS(out.err, "gasp_cpu_access: ");
	CHECK_HAS(out.err, "[0x10004, 0x10007] ");
	CHECK_HAS(out.err, " (EIO, errno 5)\n");
}

/* The second page is gone, and the access is one piece: all of it is unsupported. */
static void across_the_end(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_IGNORE);
	unsigned char got[64];
	memset(v->host, 0x55, LENGTH);
	vanish_to(v, PAGE);
	for (unsigned length = 2; length <= sizeof(got); length++) {
		memset(got, 0, sizeof(got));
		CHECK_READ(v->cpu, AT + PAGE - 1, got, length);
		CHECK(all_bytes(got, 0xFF, length));
		memset(got, 0, sizeof(got));
		CHECK_READ(v->cpu, AT + PAGE - length + 1, got, length);
		CHECK(all_bytes(got, 0xFF, length));
		CHECK_WRITE(v->cpu, AT + PAGE - 1, got, length);
	}
	CHECK_READ(v->cpu, AT + PAGE - 8, got, 8);
	CHECK(all_bytes(got, 0x55, 7));
	CHECK_EQ(gasp_guest_set_unsupported(v->gsp, GASP_UNSUPPORTED_FAIL), EOK);
	CHECK_ACCESS(EIO, v->cpu, QST_MEMORY, GASP_READ, AT + PAGE - 1, got, 2);
	CHECK_ACCESS(EIO, v->cpu, QST_MEMORY, GASP_WRITE, AT + PAGE - 9, got, 10);
	CHECK_ACCESS(EOK, v->cpu, QST_MEMORY, GASP_WRITE, AT + PAGE - 9, got, 9);
	vanish_close(v);
}

/* Each piece has its own fate. */
static void in_pieces(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_IGNORE);
	unsigned char got[3 * PAGE];
	CHECK_EQ(gasp_guest_add_memory(v->gsp, AT + LENGTH, PAGE, GASP_RAM, 0), EOK);
	CHECK_SET(v->gsp, cookie(1, mem(AT, PAGE, RAM)), cookie(2, mem(AT + PAGE, PAGE, RAM)));
	memset(v->host, 0x55, LENGTH);
	vanish_to(v, PAGE);
	CHECK_READ(v->cpu, AT, got, sizeof(got));
	CHECK(all_bytes(got, 0x55, PAGE));
	CHECK(all_bytes(got + PAGE, 0xFF, PAGE));
	CHECK(all_bytes(got + 2 * PAGE, 0, PAGE));
	CHECK_EQ(counts_of(v->gsp).passed[GASP_READ], 2);
	CHECK_EQ(counts_of(v->gsp).unsupported[GASP_READ], 1);
	vanish_close(v);
}

static void memory_that_comes_back(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_FAIL);
	uint64_t data = 0x1122334455667788u, got = 0;
	vanish_to(v, 0);
	CHECK_ACCESS(EIO, v->cpu, QST_MEMORY, GASP_WRITE, AT, &data, 8);
	vanish_to(v, LENGTH);
	CHECK_WRITE(v->cpu, AT, &data, 8);
	CHECK_READ(v->cpu, AT, &got, 8);
	CHECK_EQ(got, data);
	vanish_close(v);
}

/* ---- The host's reads and writes ---- */

static void host_reads_and_writes(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_IGNORE);
	unsigned char data[LENGTH] = { 0 };
	vanish_to(v, PAGE);
	errno = ERRNO_MARK;
	for (unsigned i = 0; i < COUNT(lengths) - 1; i++) {
		CHECK_EQ(gasp_guest_read(v->gsp, AT, data, lengths[i]), EOK);
		CHECK_EQ(gasp_guest_write(v->gsp, AT, data, lengths[i]), EOK);
		CHECK_EQ(gasp_guest_read(v->gsp, AT + PAGE, data, lengths[i]), EIO);
		CHECK_EQ(gasp_guest_write(v->gsp, AT + PAGE, data, lengths[i]), EIO);
		CHECK_EQ(gasp_guest_read(v->gsp, AT + PAGE - 1, data, lengths[i] + 1), EIO);
		CHECK_EQ(gasp_guest_write(v->gsp, AT + PAGE - 1, data, lengths[i] + 1), EIO);
	}
	CHECK_HAS(gasp_last_error(), "behind [0x11000, 0x11fff] is not there");
	CHECK_EQ(gasp_guest_read(v->gsp, AT + PAGE, data, 0), EOK);
	CHECK_EQ(gasp_guest_read(v->gsp, AT + PAGE, data, LENGTH), ENXIO);	/* before any copy */
	CHECK_EQ(errno, ERRNO_MARK);
	vanish_close(v);
}

/* Where a copy fails, and what it has done before. */
static void copy_expect(const char *file, int line, struct vanish *v, unsigned kind,
			uint64_t location, size_t length, int want, uint64_t want_at)
{
	static unsigned char data[4 * PAGE];
	uint64_t at = 4711;
	errno = ERRNO_MARK;
	memset(data, 0xAA, sizeof(data));
	int got = gasp_guest_copy(v->gsp, kind, location, data, length, &at);
	check_eq(file, line, "gasp_guest_copy", "expected", (uint64_t)got, (uint64_t)want);
	check_eq(file, line, "the location", "expected", at, want_at);
	check_eq(file, line, "errno", "untouched", (uint64_t)errno, ERRNO_MARK);
	check_eq(file, line, "without it", "the same",
		 (uint64_t)gasp_guest_copy(v->gsp, kind, location, data, length, NULL), (uint64_t)want);
	if (want == EIO && kind == GASP_READ)
		check_true(file, line, "what is below is copied",
			   all_bytes(data, 0x55, (size_t)(want_at - location)));
}

#define CHECK_COPY(v, location, length, want, at) do { \
		copy_expect(__FILE__, __LINE__, (v), GASP_READ, (location), (length), (want), (at)); \
		copy_expect(__FILE__, __LINE__, (v), GASP_WRITE, (location), (length), (want), (at)); \
		memset((v)->host, 0x55, PAGE); \
	} while (0)

static void the_location_at_which_a_copy_fails(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_IGNORE);
	memset(v->host, 0x55, LENGTH);
	vanish_to(v, PAGE);
	CHECK_COPY(v, AT, PAGE, EOK, 4711);
	CHECK_COPY(v, AT, PAGE + 1, EIO, AT + PAGE);
	CHECK_COPY(v, AT + PAGE - 1, 2, EIO, AT + PAGE);
	CHECK_COPY(v, AT + 77, LENGTH - 77, EIO, AT + PAGE);
	CHECK_COPY(v, AT + PAGE, 8, EIO, AT + PAGE);
	CHECK_COPY(v, AT + PAGE + 9, 1, EIO, AT + PAGE + 9);
	CHECK_COPY(v, AT, LENGTH + 1, ENXIO, AT + LENGTH);	/* before any copy */
	CHECK_COPY(v, AT - 1, 2, ENXIO, AT - 1);
	vanish_close(v);
}

/* ---- Memory that is not mapped, or not so ---- */

static void unmapped(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_IGNORE);
	unsigned char got[16] = { 0 };
	if (on_valgrind()) {
		vanish_close(v);
		SKIP("memcheck reports accesses to unmapped memory");
	}
	/* no processor can have memory there */
	CHECK_SET(v->gsp, mem_at(2 * AT, PAGE, RAM, UINT64_C(0x8000000000000000)));
	munmap(v->host, LENGTH);
	for (unsigned at = AT; at <= 2 * AT; at += AT) {
		CHECK_READ(v->cpu, at, got, sizeof(got));
		CHECK(all_bytes(got, 0xFF, sizeof(got)));
		CHECK_WRITE(v->cpu, at, got, 4);
		CHECK_EQ(gasp_guest_read(v->gsp, at, got, 8), EIO);
		CHECK_EQ(gasp_guest_write(v->gsp, at, got, 8), EIO);
	}
	vanish_close(v);
}

static void read_only(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_FAIL);
	uint32_t got = 1;
	mprotect(v->host, LENGTH, PROT_READ);
	CHECK_ACCESS(EIO, v->cpu, QST_MEMORY, GASP_WRITE, AT, &got, 4);
	CHECK_READ(v->cpu, AT, &got, 4);
	CHECK_EQ(got, 0);
	vanish_close(v);
}

/* ---- Threads ---- */

static int stop, wrong;

static void *access_all_the_time(void *arg)
{
	const struct vanish *v = (const struct vanish *)arg;
	struct gasp_cpu *cpu = new_cpu(v->gsp);
	uint64_t got[8];
	while (!flag_get(&stop)) {
		got[0] = 7;
		if (read_at(cpu, AT, got, 8) != EOK || (got[0] != 0 && got[0] != UINT64_MAX))
			flag_set(&wrong, 1);
		if (read_at(cpu, AT + PAGE - 32, got, 64) != EOK
		    || (!all_bytes(got, 0, 64) && !all_bytes(got, 0xFF, 64)))
			flag_set(&wrong, 1);
		got[0] = 0;
		if (write_at(cpu, AT + 8, got, 8) != EOK)
			flag_set(&wrong, 1);
	}
	gasp_cpu_destroy(cpu);
	return NULL;
}

static void several_threads(void)
{
	struct vanish *v = guarded(GASP_UNSUPPORTED_IGNORE);
	pthread_t threads[4];
	flag_set(&stop, 0);
	for (unsigned i = 0; i < COUNT(threads); i++)
		threads[i] = thread_start(access_all_the_time, v);
	for (unsigned i = 0; i < 300; i++) {
		vanish_to(v, i % 2 * (i % 4 == 1 ? PAGE : LENGTH));
		sleep_ms(1);
	}
	flag_set(&stop, 1);
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(wrong, 0);
	CHECK(counts_of(v->gsp).passed[GASP_READ] > 0);
	CHECK(counts_of(v->gsp).unsupported[GASP_READ] > 0);
	vanish_close(v);
}

static const struct test_case cases[] = {
	CASE(copies_are_those_of_other_guests), CASE(nothing_around_is_written), CASE(data_overlaps),
	CASE(memory_of_the_guest), CASE(with_strict_mode), CASE(ignored), CASE(failed), CASE(aborted),
	CASE(across_the_end), CASE(in_pieces), CASE(memory_that_comes_back),
	CASE(host_reads_and_writes), CASE(the_location_at_which_a_copy_fails), CASE(unmapped), CASE(read_only), CASE(several_threads),
};

static const struct test_case children[] = { CASE(child_abort) };

TEST_MAIN_CHILDREN(cases, children)
