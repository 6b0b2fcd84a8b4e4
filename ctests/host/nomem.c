/* No memory: ENOMEM, and nothing changed (specification 2 and 8). Each case is a child
 * process that limits its own address space.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#include <sys/resource.h>

#define MANY 300000u
#define LITTLE ((size_t)256 << 10)	/* too little for MANY elements */
#define SOME ((size_t)4 << 20)		/* enough for some of them, set one by one */

/* Sanitizers and valgrind need address space of their own. */
static const char *cannot_run(void)
{
#ifdef SANITIZED
	return "a limit on address space does not go with the address sanitizer";
#else
	const char *preload = getenv("LD_PRELOAD");
	if (preload != NULL && (strstr(preload, "vgpreload") != NULL || strstr(preload, "asan") != NULL))
		return "a limit on address space does not go with this LD_PRELOAD";
	return NULL;
#endif
}

static void limit(rlim_t bytes)
{
	struct rlimit rl;
	getrlimit(RLIMIT_AS, &rl);
	rl.rlim_cur = bytes < rl.rlim_max ? bytes : rl.rlim_max;
	if (setrlimit(RLIMIT_AS, &rl) != 0)
		abort();
}

/* The stack counts too: a call that makes it grow would be killed. */
static void grow_stack(void)
{
	volatile char space[512 << 10];
	for (size_t i = 0; i < sizeof(space); i += PAGE)
		space[i] = 1;
}

/* From now on the process can allocate only `slack` bytes more. */
static void memory_ends_here(size_t slack)
{
	unsigned long pages = 0;
	grow_stack();
	FILE *f = fopen("/proc/self/statm", "r");
	if (f == NULL || fscanf(f, "%lu", &pages) != 1)
		abort();
	fclose(f);
	limit((rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + slack);
}

static void memory_is_back(void)
{
	limit(RLIM_INFINITY);
}

/* Traps with different cookies, with gaps. */
static struct gasp_region *many_elements(void)
{
	struct gasp_region *r = (struct gasp_region *)malloc((MANY + 1) * sizeof(*r));
	if (r == NULL)
		abort();
	for (uint32_t i = 0; i <= MANY; i++)
		r[i] = cookie(i, mem(UINT64_C(0x100000) + i * UINT64_C(0x2000), PAGE, VIRT));
	return r;
}

static void child_set_of_many(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region *r = many_elements();
	CHECK_SET(gsp, mem_at(0x1000, 0x2000, RAM, HOST_A));
	memory_ends_here(LITTLE);
	refusal_expect(__FILE__, __LINE__, gsp, 0, ENOMEM, MANY, r);
	CHECK(gasp_last_error()[0] != '\0');
	CHECK_MEM(gsp, span_at(0x1000, 0x2fff, RAM, HOST_A));
	memory_is_back();
	set_expect(__FILE__, __LINE__, gsp, MANY, r);
	CHECK_EQ(spans_in_memory(gsp), MANY + 1);
	gasp_guest_destroy(gsp);
	free(r);
}

static void child_enomem_outranks_a_later_refusal(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region *r = many_elements();
	r[MANY].guest.length = 0;
	memory_ends_here(LITTLE);
	refusal_expect(__FILE__, __LINE__, gsp, 0, ENOMEM, MANY + 1, r);
	CHECK_EMPTY(gsp, QST_MEMORY);
	memory_is_back();
	refusal_expect(__FILE__, __LINE__, gsp, MANY, EINVAL, MANY + 1, r);
	CHECK_EQ(spans_in_memory(gsp), MANY);
	gasp_guest_destroy(gsp);
	free(r);
}

static void child_set_in_both_spaces(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region *r = many_elements();
	r[0] = port(0x60, 1, VIRT);
	memory_ends_here(LITTLE);
	refusal_expect(__FILE__, __LINE__, gsp, 0, ENOMEM, MANY, r);
	CHECK_EMPTY(gsp, QST_X86_IO);
	memory_is_back();
	gasp_guest_destroy(gsp);
	free(r);
}

static void child_one_by_one(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region *r = many_elements();
	struct gasp_region there;
	unsigned i = 0;
	memory_ends_here(SOME);
	while (i < MANY && gasp_region_set_soft(gsp, 1, &r[i]) == 1)
		i++;
	CHECK_EQ(errno, ENOMEM);
	memory_is_back();
	REQUIRE(i > 0 && i < MANY);
	CHECK_EQ(spans_in_memory(gsp), i);
	CHECK_EQ(gasp_region_info(gsp, &r[i].guest, &there), ENXIO);
	CHECK_EQ(gasp_region_info(gsp, &r[i - 1].guest, &there), EOK);
	CHECK_EQ(there.cookie, i - 1);
	CHECK_SET(gsp, r[i]);
	gasp_guest_destroy(gsp);
	free(r);
}

static void child_fatal_twin(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region *r = many_elements();
	gasp_guest_start(gsp);
	memory_ends_here(LITTLE);
	gasp_region_set(gsp, MANY, r);
}

static void child_guest_memory(void)
{
	struct guest_system *gsp = guest();
	memory_ends_here(LITTLE);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, UINT64_C(1) << 32, GASP_RAM, 0), ENOMEM);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, UINT64_C(1) << 32, GASP_ROM, 0x1000), ENOMEM);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	memory_is_back();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, UINT64_C(1) << 32, GASP_RAM, 0), EOK);
	gasp_guest_destroy(gsp);
}

static void child_guests(void)
{
	static struct guest_system *guests[200000];
	unsigned n = 0;
	memory_ends_here(SOME);
	errno = 0;
	while (n < COUNT(guests) && (guests[n] = gasp_guest_create(NULL)) != NULL)
		n++;
	CHECK(n < COUNT(guests));
	CHECK_EQ(errno, ENOMEM);
	memory_is_back();
	for (unsigned i = 0; i < n; i++)
		gasp_guest_destroy(guests[i]);
	gasp_guest_destroy(guest());
}

static void child_reservations(void)
{
	struct guest_system *gsp = guest();
	int result = EOK;
	uint64_t i = 0;
	memory_ends_here(SOME);
	errno = ERRNO_MARK;
	while (i < 2000000 && (result = gasp_guest_reserve(gsp, QST_MEMORY, i * 2, 1)) == EOK)
		i++;
	CHECK_EQ(result, ENOMEM);
	CHECK_EQ(errno, ERRNO_MARK);
	memory_is_back();
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 2, 1), i * 2 - 1);
	CHECK_EQ(gasp_guest_reserve(gsp, QST_MEMORY, i * 2, 1), EOK);
	gasp_guest_destroy(gsp);
}

static void child_gram(void)
{
	struct guest_system *gsp = guest();
	int result = EOK;
	uint64_t i = 0;
	CHECK_SET(gsp, mem_at(0, 0x10000000, RAM, HOST_A));
	memory_ends_here(SOME);
	errno = ERRNO_MARK;
	while (i < 2000000 && (result = gram_reserve(gsp, i * 2, 1)) == EOK)
		i++;
	CHECK_EQ(result, ENOMEM);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(gram_find_free_range(gsp, 1, 0x10000, 0, 0x8000000, TOP), QSL_NO_LOCATION);
	CHECK_EQ(errno, ENOMEM);
	memory_is_back();
	CHECK_EQ(gram_find_free_range(gsp, 1, 0x10000, 0, 0x8000000, TOP), 0x8000000);
	CHECK_EQ(gram_find_free(gsp, 2, 0, 0), i * 2 - 1);
	gasp_guest_destroy(gsp);
}

/* Memory of a descriptor, its removal, and the list of runs. */
static void child_brought_memory(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region *r = many_elements();
	size_t count = 77;
	FILE *file = tmpfile();
	if (file == NULL || ftruncate(fileno(file), 1 << 30) != 0)
		abort();
	for (uint32_t i = 0; i < MANY; i++)
		r[i] = mem_at(r[i].guest.location, PAGE, RAM, HOST_A + UINT64_C(0x2000) * i);
	set_expect(__FILE__, __LINE__, gsp, MANY, r);
	CHECK_EQ(gasp_guest_add_memory_fd(gsp, 0, PAGE, GASP_RAM, fileno(file), 0), EOK);
	memory_ends_here(LITTLE);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_memory_fd(gsp, UINT64_C(1) << 40, 1 << 30, GASP_RAM, fileno(file), 0), ENOMEM);
	CHECK_EQ(gasp_guest_runs(gsp, NULL, 0, &count), ENOMEM);
	CHECK_EQ(count, 77);
	CHECK_EQ(gasp_guest_remove_memory(gsp, 0, PAGE), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	memory_is_back();
	CHECK_EQ(gasp_guest_runs(gsp, NULL, 0, &count), ENOSPC);
	CHECK_EQ(count, MANY);
	CHECK_EQ(spans_in_memory(gsp), MANY);
	gasp_guest_destroy(gsp);
	fclose(file);
	free(r);
}

/* All that a vdev has, where there is memory for some of the list only. */
static void child_release(void)
{
	struct guest_system *gsp = guest();
	struct gasp_region *r = many_elements();
	for (uint32_t i = 0; i < MANY; i++)
		r[i].vdev = vdev_a();
	set_expect(__FILE__, __LINE__, gsp, MANY, r);
	memory_ends_here(LITTLE);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_release(gsp, vdev_a(), NULL), ENOMEM);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(spans_in_memory(gsp), MANY);
	memory_is_back();
	CHECK_EQ(gasp_guest_release(gsp, vdev_a(), NULL), EOK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
	free(r);
}

static unsigned told[2];

static void count_failure(void *arg, const char *function, int error, const char *message)
{
	(void)function;
	(void)message;
	*(unsigned *)arg += error == EPERM;
}

static void child_failure_function(void)
{
	struct guest_system *gsp = guest();
	int result = EOK;
	unsigned i = 0;
	memory_ends_here(SOME);
	errno = ERRNO_MARK;
	while (i < 2000000 && (result = gasp_on_failure(count_failure, &told[i % 2])) == EOK)
		i++;
	CHECK_EQ(result, ENOMEM);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(told[i % 2], 0);
	CHECK_EQ(told[(i + 1) % 2], 1);		/* the one before stays */
	CHECK_EQ(gasp_on_failure(NULL, NULL), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EPERM);
	CHECK_EQ(told[(i + 1) % 2], 1);
	gasp_guest_destroy(gsp);
}

/* Queries, walks and locks work without memory. */
static void child_queries(void)
{
	struct guest_system *gsp = guest();
	struct qvm_state_block blk = block(QST_MEMORY, 0x1000, 1);
	struct gasp_region r;
	struct gasp_walk_state ws;
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x1000, 0x4000, GASP_RAM, 0x1000), EOK);
	grow_stack();
	limit(PAGE);
	CHECK_EQ(gasp_region_info(gsp, &blk, &r), EOK);
	CHECK_EQ(gasp_find_free(gsp, QST_MEMORY, 0x1000, 0), 0);
	CHECK_EQ(gasp_walk_count(gsp, 0, GWS_HOST), 4);
	gasp_walk_init(&ws, gsp, 0, 0);
	CHECK(gasp_walk_next(&ws) != 0);
	CHECK_EQ(gasp_lock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_guest_start(gsp), EOK);
	gasp_guest_destroy(gsp);
}

/* ---- Waiting (10.11.4) ---- */

static struct guest_system *waited_for;
static int lock_is_held, go_on;

static void *hold_lock(void *arg)
{
	(void)arg;
	CHECK_EQ(gasp_lock(waited_for, QST_MEMORY), EOK);
	flag_set(&lock_is_held, 1);
	CHECK(flag_wait(&go_on, 1));
	CHECK_EQ(gasp_unlock(waited_for, QST_MEMORY), EOK);
	return NULL;
}

/* Not even the smallest piece of memory is left. */
static void use_up_memory(void)
{
	memory_ends_here(0);
	for (size_t size = 1 << 12; size != 0; size -= 8)	/* malloc() keeps lists by size */
		while (malloc(size) != NULL)
			continue;
}

static void child_an_access_that_waits(void)
{
	waited_for = guest_with(GASP_GUEST_HOLD_MISSES);
	struct gasp_cpu *cpu = gasp_cpu_create(waited_for);
	unsigned char data = 0;
	CHECK_EQ(gasp_guest_set_unsupported(waited_for, GASP_UNSUPPORTED_FAIL), EOK);
	CHECK_EQ(gasp_guest_set_hold_limit(waited_for, 60000), EOK);
	pthread_t thread = thread_start(hold_lock, NULL);
	CHECK(flag_wait(&lock_is_held, 1));
	use_up_memory();
	int access = gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, 0, &data, 1);
	int settle = gasp_guest_settle(waited_for, QST_MEMORY);
	memory_is_back();
	CHECK_EQ(access, EFAULT);
	CHECK_EQ(settle, ENOMEM);
	CHECK_HAS(gasp_last_error(), "there is no memory to wait for it");
	flag_set(&go_on, 1);
	pthread_join(thread, NULL);
	CHECK_EQ(gasp_guest_settle(waited_for, QST_MEMORY), EOK);
	gasp_guest_destroy(waited_for);
}

static void run_one(const char *child, int code)
{
	struct outcome out;
	if (cannot_run() != NULL)
		SKIP(cannot_run());
	out = run_child(child);
	CHECK_EXIT(child, out, code);
}

static void set_of_many(void) { run_one("child_set_of_many", 0); }
static void enomem_outranks_a_later_refusal(void)
{
	run_one("child_enomem_outranks_a_later_refusal", 0);
}
static void set_in_both_spaces(void) { run_one("child_set_in_both_spaces", 0); }
static void one_by_one(void) { run_one("child_one_by_one", 0); }
static void fatal_twin(void) { run_one("child_fatal_twin", 96); }
static void guest_memory(void) { run_one("child_guest_memory", 0); }
static void guests(void) { run_one("child_guests", 0); }
static void reservations(void) { run_one("child_reservations", 0); }
static void gram(void) { run_one("child_gram", 0); }
static void brought_memory(void) { run_one("child_brought_memory", 0); }
static void release(void) { run_one("child_release", 0); }
static void failure_function(void) { run_one("child_failure_function", 0); }
static void queries(void) { run_one("child_queries", 0); }
static void an_access_that_waits(void) { run_one("child_an_access_that_waits", 0); }

static const struct test_case cases[] = {
	CASE(set_of_many), CASE(enomem_outranks_a_later_refusal), CASE(set_in_both_spaces),
	CASE(one_by_one), CASE(fatal_twin), CASE(guest_memory), CASE(guests), CASE(reservations),
	CASE(gram), CASE(brought_memory), CASE(release), CASE(failure_function), CASE(queries),
	CASE(an_access_that_waits),
};

static const struct test_case children[] = {
	CASE(child_set_of_many), CASE(child_enomem_outranks_a_later_refusal),
	CASE(child_set_in_both_spaces), CASE(child_one_by_one), CASE(child_fatal_twin),
	CASE(child_guest_memory), CASE(child_guests), CASE(child_reservations), CASE(child_gram),
	CASE(child_brought_memory), CASE(child_release), CASE(child_failure_function),
	CASE(child_queries), CASE(child_an_access_that_waits),
};

TEST_MAIN_CHILDREN(cases, children)
