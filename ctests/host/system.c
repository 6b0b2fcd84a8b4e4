/* Limits of the system: an error number and a sentence that names the limit, and nothing changed
 * (specification 7.6). Each case is a process of its own.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "regions.h"
#include <sys/mman.h>
#include <sys/resource.h>

static void limit(int what, rlim_t number)
{
	struct rlimit limits = { number, number };
	CHECK_EQ(setrlimit((__rlimit_resource_t)what, &limits), 0);
}

static void check_refused(int error, const char *word)
{
	struct guest_system *gsp = guest();
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x100000, GASP_RAM, 0), error);
	CHECK_EQ(errno, ERRNO_MARK);
	if (strstr(gasp_last_error(), word) == NULL)
		fprintf(check_fail(__FILE__, __LINE__), "no %s in: %s\n", word, gasp_last_error());
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void child_file_size(void)
{
	limit(RLIMIT_FSIZE, 4096);
	check_refused(EFBIG, "RLIMIT_FSIZE");
}

/* The caller's own signals stay as they were. */
static void child_file_size_and_signals(void)
{
	sigset_t before, after;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	limit(RLIMIT_FSIZE, 4096);
	check_refused(EFBIG, "ftruncate");
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	CHECK_EQ(sigismember(&before, SIGXFSZ), sigismember(&after, SIGXFSZ));
	sigpending(&after);
	CHECK_EQ(sigismember(&after, SIGXFSZ), 0);
}

static void child_descriptors(void)
{
	limit(RLIMIT_NOFILE, 3);
	check_refused(EMFILE, "RLIMIT_NOFILE");
}

static void child_keys(void)
{
	pthread_key_t key;
	struct guest_system *gsp;
	while (pthread_key_create(&key, NULL) == 0)
		continue;
	errno = ERRNO_MARK;
	CHECK(gasp_guest_create(NULL) == NULL);
	CHECK_EQ(errno, EAGAIN);
	CHECK_HAS(gasp_last_error(), "PTHREAD_KEYS_MAX");
	pthread_key_delete(0);
	gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, PAGE, GASP_RAM, 0), EOK);
	gasp_guest_destroy(gsp);
}

static void keys_of_threads(void)
{
	CHECK_CHILD("child_keys");
}

static void the_size_of_files(void)
{
	CHECK_CHILD("child_file_size");
	CHECK_CHILD("child_file_size_and_signals");
}

static void descriptors(void)
{
	CHECK_CHILD("child_descriptors");
}

/* Another process that gets the descriptor cannot take the memory away. */
static void the_size_of_a_memory_file_is_sealed(void)
{
	struct guest_system *gsp = guest();
	struct gasp_backing backing;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x10000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_backing(gsp, 0, &backing), EOK);
	CHECK_EQ(ftruncate(backing.fd, 0), -1);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(ftruncate(backing.fd, 0x20000), -1);
	gasp_guest_destroy(gsp);
}

static void child_locked(void)
{
	const uint64_t size = UINT64_C(4) << 30;
	struct guest_system *gsp = guest();
	char byte = 1;
	if (mlockall(MCL_FUTURE) != 0)
		_exit(77);
	long before = resident_kib();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, size, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, size, size, GASP_RAM, UINT64_C(1) << 30), EOK);
	CHECK_EQ(gasp_guest_write(gsp, size - 1, &byte, 1), EOK);
	CHECK(resident_kib() < before + 16384);
	gasp_guest_destroy(gsp);
}

/* Memory costs nothing until touched, also if the process has all its memory locked. */
static void locked_memory(void)
{
	struct outcome out = run_child("child_locked");
	if (out.code == 77)
		SKIP("mlockall() is not allowed here");
	CHECK_EXIT("child_locked", out, 0);
}

static void populated_memory_is_there(void)
{
	const uint64_t size = 8 << 20;
	struct guest_system *gsp = guest();
	unsigned char resident[2048];
	struct gasp_span span;
	int result = gasp_guest_add_memory(gsp, 0, size, GASP_RAM | GASP_POPULATE, 0);
	if (result == EINVAL)
		SKIP("the kernel has no MADV_POPULATE_WRITE (Linux 5.14)");
	CHECK_EQ(result, EOK);
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, 0, &span), EOK);
	CHECK_EQ(mincore((void *)(uintptr_t)span.host_location, size, resident), 0);
	for (unsigned i = 0; i < COUNT(resident); i++)
		CHECK_EQ(resident[i] & 1, 1);
	gasp_guest_destroy(gsp);
}

static void populated_chunks_are_there(void)
{
	struct guest_system *gsp = guest();
	int result = gasp_guest_add_memory(gsp, 0, 4 * PAGE, GASP_ROM | GASP_POPULATE, PAGE);
	if (result == EINVAL)
		SKIP("the kernel has no MADV_POPULATE_WRITE (Linux 5.14)");
	CHECK_EQ(result, EOK);
	for (unsigned i = 0; i < 4; i++) {
		struct gasp_span span;
		unsigned char resident = 0;
		CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, i * PAGE, &span), EOK);
		CHECK_EQ(mincore((void *)(uintptr_t)span.host_location, PAGE, &resident), 0);
		CHECK_EQ(resident & 1, 1);
	}
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(the_size_of_files), CASE(descriptors), CASE(keys_of_threads),
	CASE(the_size_of_a_memory_file_is_sealed),
	CASE(locked_memory), CASE(populated_memory_is_there), CASE(populated_chunks_are_there),
};

static const struct test_case children[] = {
	CASE(child_file_size), CASE(child_file_size_and_signals), CASE(child_descriptors),
	CASE(child_keys),
	CASE(child_locked),
};

TEST_MAIN_CHILDREN(cases, children)
