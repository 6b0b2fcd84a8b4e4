/* The signals of guarded guests: all that is not a guarded copy goes where it went before. 7.1.1.
 * Each case is a process of its own, because handlers are installed once.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "vanish.h"

#ifdef SANITIZED
#define SKIP_WITHOUT_DEFAULTS() SKIP("the sanitizer has handlers of its own for these signals")
#else
#define SKIP_WITHOUT_DEFAULTS() (void)0
#endif

static struct vanish v;
static volatile sig_atomic_t calls, last_code, mask_held, on_other_stack;
static void *volatile last_address;
static unsigned char other_stack[1 << 16];

static void guarded_guest(void)
{
	vanish_open(&v, GASP_GUEST_GUARDED, GASP_UNSUPPORTED_FAIL);
}

/* A guarded copy faults in the way that it should. */
static void fault_guarded(void)
{
	unsigned char got[16];
	vanish_to(&v, 0);
	CHECK_ACCESS(EIO, v.cpu, QST_MEMORY, GASP_READ, AT, got, sizeof(got));
	CHECK_EQ(gasp_guest_read(v.gsp, AT, got, 1), EIO);
}

/* Any other code faults. */
static void fault_elsewhere(void)
{
	vanish_to(&v, 0);
	*(volatile unsigned char *)v.host = 1;
}

/* ---- Handlers of the host ---- */

/* Brings the memory back, so that what has faulted goes on. */
static void bring_back(int signal, siginfo_t *info, void *context)
{
	sigset_t mask;
	unsigned char here;
	(void)signal;
	(void)context;
	calls++;
	last_code = info->si_code;
	last_address = info->si_addr;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	mask_held = sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGBUS);
	on_other_stack = address_of(&here) - address_of(other_stack) < sizeof(other_stack);
	if (ftruncate(v.fd, LENGTH) != 0)
		_exit(97);
}

static void handle(int signal, int flags)
{
	struct sigaction action;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = bring_back;
	action.sa_flags = SA_SIGINFO | flags;
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(signal, &action, NULL);
}

static void child_faults_elsewhere(void)
{
	handle(SIGBUS, 0);
	guarded_guest();
	fault_guarded();
	CHECK_EQ(calls, 0);
	fault_elsewhere();
	CHECK_EQ(calls, 1);
	CHECK_EQ(last_code, BUS_ADRERR);
	CHECK(last_address == v.host);
	CHECK(mask_held);
	CHECK_EQ(v.host[0], 1);
	fault_guarded();
	CHECK_EQ(calls, 1);
	vanish_close(&v);
}

static void faults_elsewhere_reach_the_handler(void)
{
	CHECK_CHILD("child_faults_elsewhere");
}

static void child_other_guests(void)
{
	struct vanish other;
	unsigned char got[16] = { 0 };
	handle(SIGBUS, 0);
	guarded_guest();
	vanish_open(&other, 0, GASP_UNSUPPORTED_FAIL);
	CHECK_SET(other.gsp, mem_at(2 * AT, LENGTH, RAM, address_of(v.host)));
	for (unsigned length = 1; length <= sizeof(got); length++) {
		vanish_to(&v, 0);
		CHECK_READ(other.cpu, 2 * AT, got, length);
		vanish_to(&v, 0);
		CHECK_EQ(gasp_guest_write(other.gsp, 2 * AT, got, length), EOK);
	}
	CHECK_EQ(calls, 2 * sizeof(got));
	vanish_close(&other);
	vanish_close(&v);
}

static void copies_of_other_guests_reach_the_handler(void)
{
	CHECK_CHILD("child_other_guests");
}

/* Only the guest's side of a copy is guarded. */
static void child_data(void)
{
	struct vanish data;
	handle(SIGBUS, 0);
	guarded_guest();
	vanish_open(&data, 0, GASP_UNSUPPORTED_FAIL);
	CHECK_SET(v.gsp, mem_at(2 * AT, LENGTH, RAM, address_of(data.host)));
	for (unsigned length = 1; length <= 16; length++) {
		vanish_to(&v, 0);
		CHECK_READ(v.cpu, 2 * AT, v.host, length);
		vanish_to(&v, 0);
		CHECK_WRITE(v.cpu, 2 * AT, v.host, length);
	}
	CHECK_EQ(calls, 32);
	vanish_close(&data);
	vanish_close(&v);
}

static void data_is_not_guarded(void)
{
	CHECK_CHILD("child_data");
}

static void *copy_all_the_time(void *arg)
{
	static unsigned char got[4096];
	int *stop = (int *)arg;
	while (!flag_get(stop))
		CHECK_EQ(gasp_guest_read(v.gsp, AT, got, sizeof(got)), EOK);
	return NULL;
}

/* A signal that somebody sends is no fault, wherever it finds the thread. */
static void child_sent(void)
{
	int stop = 0, sent = 0;
	handle(SIGBUS, 0);
	handle(SIGSEGV, 0);
	guarded_guest();
	raise(SIGBUS);
	CHECK_EQ(last_code, SI_TKILL);
	raise(SIGSEGV);
	CHECK_EQ(calls, 2);
	pthread_t thread = thread_start(copy_all_the_time, &stop);
	for (; sent < 500; sent++) {
		pthread_kill(thread, sent % 2 ? SIGBUS : SIGSEGV);
		for (int i = 0; i < 20000 && calls < 3 + sent; i++)
			usleep(50);
	}
	flag_set(&stop, 1);
	pthread_join(thread, NULL);
	CHECK_EQ(calls, 2 + sent);
	vanish_close(&v);
}

static void signals_that_are_sent_reach_the_handler(void)
{
	CHECK_CHILD("child_sent");
}

static void child_other_stack(void)
{
	stack_t stack;
	memset(&stack, 0, sizeof(stack));
	stack.ss_sp = other_stack;
	stack.ss_size = sizeof(other_stack);
	sigaltstack(&stack, NULL);
	handle(SIGBUS, SA_ONSTACK);
	guarded_guest();
	fault_guarded();
	fault_elsewhere();
	CHECK_EQ(calls, 1);
	CHECK(on_other_stack);
	vanish_close(&v);
}

static void handlers_run_on_the_alternate_stack(void)
{
	CHECK_CHILD("child_other_stack");
}

static void without_information(int signal)
{
	calls += signal;
	if (ftruncate(v.fd, LENGTH) != 0)
		_exit(97);
}

static void child_old_kind(void)
{
	signal(SIGBUS, without_information);
	guarded_guest();
	fault_elsewhere();
	CHECK_EQ(calls, SIGBUS);
	vanish_close(&v);
}

static void handlers_of_the_old_kind(void)
{
	CHECK_CHILD("child_old_kind");
}

static void child_once(void)
{
	handle(SIGBUS, (int)SA_RESETHAND);
	guarded_guest();
	fault_elsewhere();
	fault_guarded();
	if (calls == 1)
		fault_elsewhere();
}

/* ---- Without a handler ---- */

static void child_default(void)
{
	guarded_guest();
	fault_guarded();
	fault_elsewhere();
}

static void child_default_segv(void)
{
	guarded_guest();
	munmap(v.host, LENGTH);
	*(volatile unsigned char *)v.host = 1;
}

static void child_default_sent(void)
{
	guarded_guest();
	fault_guarded();
	raise(SIGBUS);
}

static void child_ignored(void)
{
	signal(SIGBUS, SIG_IGN);
	guarded_guest();
	raise(SIGBUS);
	fault_guarded();
	fault_elsewhere();
}

static void child_other_guest(void)
{
	struct vanish other;
	unsigned char got[8];
	guarded_guest();
	fault_guarded();
	vanish_open(&other, 0, GASP_UNSUPPORTED_FAIL);
	vanish_to(&other, 0);
	read_at(other.cpu, AT, got, 8);
}

static void child_blocked(void)
{
	sigset_t mask;
	guarded_guest();
	fault_guarded();
	sigemptyset(&mask);
	sigaddset(&mask, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	fault_guarded();
}

/* The children's checks held, and then the signal ended them. */
static void ends_by(const char *child, int signal)
{
	struct outcome out = run_child(child);
	check_exit(__FILE__, __LINE__, child, &out, -1);
	CHECK_EQ(out.signal, signal);
	CHECK(strstr(out.err, ".c:") == NULL);
}

static void a_handler_for_one_signal(void)
{
	SKIP_WITHOUT_DEFAULTS();
	ends_by("child_once", SIGBUS);
}

static void default_actions(void)
{
	SKIP_WITHOUT_DEFAULTS();
	ends_by("child_default", SIGBUS);
	ends_by("child_default_segv", SIGSEGV);
	ends_by("child_default_sent", SIGBUS);
}

static void ignored_signals(void)
{
	ends_by("child_ignored", SIGBUS);
}

static void copies_of_other_guests(void)
{
	SKIP_WITHOUT_DEFAULTS();
	ends_by("child_other_guest", SIGBUS);
}

static void blocked_signals(void)
{
	ends_by("child_blocked", SIGBUS);
}

static const struct test_case cases[] = {
	CASE(faults_elsewhere_reach_the_handler), CASE(copies_of_other_guests_reach_the_handler),
	CASE(data_is_not_guarded), CASE(signals_that_are_sent_reach_the_handler),
	CASE(handlers_run_on_the_alternate_stack), CASE(handlers_of_the_old_kind),
	CASE(a_handler_for_one_signal), CASE(default_actions), CASE(ignored_signals),
	CASE(copies_of_other_guests), CASE(blocked_signals),
};

static const struct test_case children[] = {
	CASE(child_faults_elsewhere), CASE(child_other_guests), CASE(child_data), CASE(child_sent),
	CASE(child_other_stack), CASE(child_old_kind), CASE(child_once), CASE(child_default),
	CASE(child_default_segv), CASE(child_default_sent), CASE(child_ignored),
	CASE(child_other_guest), CASE(child_blocked),
};

TEST_MAIN_CHILDREN(cases, children)
