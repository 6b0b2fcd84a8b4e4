/* In a sandbox (specification 8.8): what has to be allowed, and what happens where membarrier is
 * not. Each case is a process of its own.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define DEVICE 0x30000u
#define NOT_POSSIBLE 77		/* exit code of a child that cannot have a filter */
#define IS(number, then) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, 1), BPF_STMT(BPF_RET | BPF_K, (then))
#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define END(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))

/* Filters all threads of this process. */
static void sandbox(struct sock_filter *filter, unsigned short length)
{
	struct sock_fprog program = { length, filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
	    || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
		_exit(NOT_POSSIBLE);
}

static void refuse_membarrier(uint32_t error)
{
	struct sock_filter filter[] = {
		LOAD(nr), IS(SYS_membarrier, REFUSE(error)), END(SECCOMP_RET_ALLOW),
	};
	sandbox(filter, COUNT(filter));
}

static void run_sandboxed(const char *child)
{
	struct outcome out = run_child(child);
	if (out.code == NOT_POSSIBLE)
		SKIP("no seccomp filter is possible here");
	CHECK_EXIT(child, out, 0);
}

/* ---- Without membarrier ---- */

static void never_called(void *arg)
{
	(void)arg;
	CHECK(0);
}

static void count_calls(void *arg)
{
	++*(int *)arg;
}

static void check_no_waits(struct guest_system *gsp, int error)
{
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_synchronize(gsp), error);
	CHECK_HAS(gasp_last_error(), "membarrier");
	CHECK_EQ(gasp_guest_call_when_quiet(gsp, never_called, NULL), error);
	CHECK_HAS(gasp_last_error(), "membarrier");
	CHECK_EQ(errno, ERRNO_MARK);
}

static void child_filter_after_the_first_vcpu(void)
{
	struct guest_system *gsp = guest();
	new_cpu(gsp);
	CHECK_EQ(gasp_guest_synchronize(gsp), EOK);
	refuse_membarrier(EPERM);
	check_no_waits(gsp, EPERM);
	CHECK_HAS(gasp_last_error(), "sandbox");
	new_cpu(gsp);
	check_no_waits(gsp, EPERM);
	gasp_guest_destroy(gsp);
}

static void child_no_memory(void)
{
	struct guest_system *gsp = guest();
	new_cpu(gsp);
	refuse_membarrier(ENOMEM);
	check_no_waits(gsp, ENOMEM);
	gasp_guest_destroy(gsp);
}

static void check_waits(struct guest_system *gsp)
{
	int calls = 0;
	CHECK_EQ(gasp_guest_synchronize(gsp), EOK);
	CHECK_EQ(gasp_guest_call_when_quiet(gsp, count_calls, &calls), EOK);
	CHECK_EQ(calls, 1);
}

static void child_filter_before_the_first_vcpu(void)
{
	struct guest_system *gsp = guest();
	refuse_membarrier(EPERM);
	new_cpu(gsp);
	check_waits(gsp);
	gasp_guest_destroy(gsp);
}

static void child_second_command(void)
{
	struct sock_filter filter[] = {
		LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 3), LOAD(args[0]),
		IS(MEMBARRIER_CMD_PRIVATE_EXPEDITED, REFUSE(ENOMEM)), END(SECCOMP_RET_ALLOW),
	};
	struct guest_system *gsp = guest();
	new_cpu(gsp);
	sandbox(filter, COUNT(filter));
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
		_exit(NOT_POSSIBLE);	/* a kernel with nohz_full */
	check_waits(gsp);
	gasp_guest_destroy(gsp);
}

static void a_filter_after_the_first_vcpu(void)
{
	run_sandboxed("child_filter_after_the_first_vcpu");
}

static void a_filter_before_the_first_vcpu(void)
{
	run_sandboxed("child_filter_before_the_first_vcpu");
}

static void no_memory_for_membarrier(void)
{
	run_sandboxed("child_no_memory");
}

static void the_second_command_will_do(void)
{
	run_sandboxed("child_second_command");
}

/* ---- With what section 8.8 lists, and nothing else ---- */

static struct guest_system *shared;
static int ready, go;

static int trap(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *what)
{
	(void)arg;
	(void)cpu;
	(void)what;
	return EOK;
}

static void *lock_and_access(void *arg)
{
	struct gasp_cpu *cpu = (struct gasp_cpu *)arg;
	unsigned char byte = 0;
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	while (!flag_get(&go))
		continue;
	for (unsigned i = 0; i < 2000; i++) {
		CHECK_EQ(gasp_lock(shared, QST_MEMORY), EOK);
		CHECK_EQ(gasp_unlock(shared, QST_MEMORY), EOK);
		CHECK_EQ(read_at(cpu, DEVICE, &byte, 1), EOK);
		CHECK_EQ(gasp_guest_synchronize(shared), EOK);
	}
	return NULL;
}

static void use_memory(struct guest_system *gsp)
{
	static char data[3 * PAGE];
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 16 << 20, GASP_RAM | GASP_LARGE_PAGES, 2 << 20), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 1 << 28, 4 * PAGE, GASP_ROM, PAGE), EOK);
	CHECK_EQ(gasp_guest_write(gsp, PAGE, data, sizeof(data)), EOK);
	void *view = gasp_map_sys(gsp, PROT_READ, 1 << 28, 4 * PAGE);
	CHECK(view != NULL);
	gasp_unmap(gsp, view, 4 * PAGE, 0);
	for (unsigned i = 0; i < 3000; i++)
		CHECK_SET(gsp, mem(UINT64_C(1) << 32 | i * 2 * PAGE, PAGE, VIRT));
	CHECK_SET(gsp, del(UINT64_C(1) << 32, 0xF0000000));
	int populated = gasp_guest_add_memory(gsp, 1 << 29, PAGE, GASP_RAM | GASP_POPULATE, 0);
	CHECK(populated == EOK || populated == EINVAL);
}

static void child_with_what_is_listed(void)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		IS(SYS_mmap, SECCOMP_RET_ALLOW), IS(SYS_munmap, SECCOMP_RET_ALLOW),
		IS(SYS_mremap, SECCOMP_RET_ALLOW), IS(SYS_mprotect, SECCOMP_RET_ALLOW),
		IS(SYS_madvise, SECCOMP_RET_ALLOW), IS(SYS_mincore, SECCOMP_RET_ALLOW),
		IS(SYS_brk, SECCOMP_RET_ALLOW), IS(SYS_memfd_create, SECCOMP_RET_ALLOW),
		IS(SYS_ftruncate, SECCOMP_RET_ALLOW), IS(SYS_fcntl, SECCOMP_RET_ALLOW),
		IS(SYS_close, SECCOMP_RET_ALLOW), IS(SYS_membarrier, SECCOMP_RET_ALLOW),
		IS(SYS_futex, SECCOMP_RET_ALLOW), IS(SYS_sched_yield, SECCOMP_RET_ALLOW),
		IS(SYS_rt_sigprocmask, SECCOMP_RET_ALLOW), IS(SYS_rt_sigtimedwait, SECCOMP_RET_ALLOW),
		IS(SYS_write, SECCOMP_RET_ALLOW), IS(SYS_exit_group, SECCOMP_RET_ALLOW),
		IS(SYS_clock_gettime, SECCOMP_RET_ALLOW), IS(SYS_gettid, SECCOMP_RET_ALLOW),
		IS(SYS_exit, SECCOMP_RET_ALLOW),	/* of the threads here */
		END(SECCOMP_RET_KILL_PROCESS),
	};
	pthread_t threads[2];
	shared = guest();
	CHECK_EQ(gasp_guest_set_trap_handler(shared, trap, NULL), EOK);
	for (unsigned i = 0; i < COUNT(threads); i++)
		threads[i] = thread_start(lock_and_access, new_cpu(shared));
	flag_wait(&ready, COUNT(threads));
	sandbox(filter, COUNT(filter));
	struct guest_system *gsp = guest();
	use_memory(gsp);
	gasp_guest_destroy(gsp);
	CHECK_SET(shared, mem(DEVICE, PAGE, VIRT));
	new_cpu(shared);
	flag_set(&go, 1);
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	gasp_guest_destroy(shared);
	struct gasp_region bad = mem(1, 1, RAM);
	if (check_state()->failures == 0)
		gasp_region_set(guest(), 1, &bad);	/* ends the process: 64 */
}

static void what_is_listed_is_enough(void)
{
#ifdef SANITIZED
	SKIP("the sanitizer makes more system calls");
#endif
	struct outcome out = run_child("child_with_what_is_listed");
	if (out.code == NOT_POSSIBLE)
		SKIP("no seccomp filter is possible here");
	CHECK_EXIT("child_with_what_is_listed", out, 64);
	CHECK_HAS(out.err, "gasp_region_set: ");
}

static const struct test_case cases[] = {
	CASE(a_filter_after_the_first_vcpu), CASE(a_filter_before_the_first_vcpu),
	CASE(no_memory_for_membarrier), CASE(the_second_command_will_do),
	CASE(what_is_listed_is_enough),
};

static const struct test_case children[] = {
	CASE(child_filter_after_the_first_vcpu), CASE(child_filter_before_the_first_vcpu),
	CASE(child_no_memory), CASE(child_second_command), CASE(child_with_what_is_listed),
};

TEST_MAIN_CHILDREN(cases, children)
