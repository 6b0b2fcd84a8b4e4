/* Accesses that wait for a thread which never releases the lock: the limit, cycles, and how both
 * are reported (specification 10.11).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "hold.h"

#include "../host/told.h"

#define SHORT 50u	/* milliseconds: a limit that has to pass */

static struct machine machine;

static struct machine *stuck_machine(unsigned policy, unsigned limit)
{
	holding_open(&machine, 0);
	CHECK_EQ(gasp_guest_set_unsupported(machine.gsp, policy), EOK);
	CHECK_EQ(gasp_guest_set_hold_limit(machine.gsp, limit), EOK);
	return &machine;
}

/* The failure that was told names the thread, and the vdev if there is one. */
static void names_expect(const char *file, int line, const char *text, const struct holder *h)
{
	char want[128];
	snprintf(want, sizeof(want), "held by thread %d", h->thread_number);
	if (h->vdev != NULL)
		snprintf(want + strlen(want), sizeof(want) - strlen(want), " for the vdev at %p,",
			 (void *)h->vdev);
	else
		strcat(want, ",");
	check_has(file, line, "the message", text, want);
}

#define CHECK_NAMES(text, h) names_expect(__FILE__, __LINE__, (text), (h))

/* ---- The limit ---- */

static void ignored(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_IGNORE, SHORT);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	uint32_t data = 0;
	h.vdev = vdev_a();
	holder_start(&h);
	start_to_note();
	CHECK_READ(m->cpu, AT, &data, 4);
	CHECK_EQ(data, UINT32_MAX);
	told_expect(__FILE__, __LINE__, "gasp_cpu_access", 0);
	CHECK_HAS(gasp_last_error(), "nothing takes the access to memory [0x8000, 0x8003]: the lock");
	CHECK_HAS(gasp_last_error(), "as long as the limit allows (50 ms)");
	CHECK_NAMES(gasp_last_error(), &h);
	CHECK_WRITE(m->cpu, AT, &data, 4);
	told_expect(__FILE__, __LINE__, "gasp_cpu_access", 0);
	stop_to_note();
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], 1);
	holder_end(&h);
	machine_close(m);
}

static void failed(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_FAIL, SHORT);
	struct holder h = holder_of(m->gsp, QST_X86_IO);
	unsigned char data = 7;
	holder_start(&h);
	start_to_note();
	RETURNS(gasp_cpu_access, (m->cpu, QST_X86_IO, GASP_READ, 0xFFFF, &data, 1), EFAULT);
	CHECK_EQ(data, 7);
	CHECK_HAS(gasp_last_error(), "nothing takes the access to port [0xffff, 0xffff]");
	CHECK_HAS(gasp_last_error(), "the lock of the port space is held");
	CHECK_NAMES(gasp_last_error(), &h);
	stop_to_note();
	holder_end(&h);
	machine_close(m);
}

static void child_abort(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_ABORT, SHORT);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	unsigned char data = 0;
	holder_start(&h);
	read_at(m->cpu, AT, &data, 1);
}

static void aborted(void)
{
	struct outcome out = run_child("child_abort");
	CHECK_EXIT("child_abort", out, 5);
	CHECK_HAS(out.err, "gasp_cpu_access: nothing takes the access to memory [0x8000, 0x8000]: ");
	CHECK_HAS(out.err, "(50 ms) (EFAULT, errno 14)\n");
}

/* The limit is one for all pieces: the case would take a quarter of an hour if each waited. Pieces that find
 * something are made. */
static void the_pieces_of_an_access_share_it(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_IGNORE, 200);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	static unsigned char data[8192];
	for (uint32_t i = 0; i < sizeof(data); i += 2)
		CHECK_SET(m->gsp, cookie(i, mem(AT + i, 1, VIRT)));
	holder_start(&h);
	start_to_note();
	CHECK_READ(m->cpu, AT, data, sizeof(data));
	CHECK_EQ(told.n, 1);
	CHECK_HAS(told.message, "[0x9fff, 0x9fff]");
	stop_to_note();
	for (unsigned i = 0; i < sizeof(data); i += 2)
		CHECK(data[i] == device_byte(AT + i) && data[i + 1] == 0xFF);
	CHECK_EQ(counts_of(m->gsp).unsupported[GASP_READ], sizeof(data) / 2);
	holder_end(&h);
	machine_close(m);
}

static void without_any_time(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_FAIL, 0);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	unsigned char data = 0;
	holder_start(&h);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, AT, &data, 1);
	CHECK_HAS(gasp_last_error(), "(0 ms)");
	holder_end(&h);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, AT, &data, 1);
	CHECK_STR(gasp_last_error(), "nothing takes the access to memory [0x8000, 0x8000]");
	machine_close(m);
}

static unsigned reasons, reason_of_last;

static void note_reason(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *access,
			unsigned reason)
{
	(void)arg;
	(void)cpu;
	CHECK_EQ(access->location, AT);
	reasons++;
	reason_of_last = reason;
}

static void the_reason_for_who_looks_on(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_IGNORE, SHORT);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	unsigned char data = 0;
	reasons = 0;
	CHECK_EQ(gasp_guest_set_unsupported_handler(m->gsp, note_reason, NULL), EOK);
	holder_start(&h);
	CHECK_READ(m->cpu, AT, &data, 1);
	CHECK_EQ(reason_of_last, GASP_REASON_HELD);
	holder_end(&h);
	CHECK_READ(m->cpu, AT, &data, 1);
	CHECK_EQ(reason_of_last, GASP_REASON_ABSENT);
	CHECK_EQ(reasons, 2);
	machine_close(m);
}

static void *take_and_end(void *gsp)
{
	CHECK_EQ(gasp_lock((struct guest_system *)gsp, QST_MEMORY), EOK);
	return NULL;
}

static void a_thread_that_has_ended(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_FAIL, SHORT);
	unsigned char data = 0;
	thread_run(take_and_end, m->gsp);
	CHECK_ACCESS(EFAULT, m->cpu, QST_MEMORY, GASP_READ, AT, &data, 1);
	CHECK_HAS(gasp_last_error(), "is held by thread ");
	machine_close(m);
}

/* ---- Deadlocks that nothing detects ---- */

/* A vdev: its handler takes the mutex, and then reads where nothing is; its thread holds the lock
 * and wants the mutex. */
static pthread_mutex_t v_mtx = PTHREAD_MUTEX_INITIALIZER;
static int handling;

static int read_with_mutex(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	int *result = (int *)arg;
	pthread_mutex_lock(&v_mtx);
	flag_set(&handling, 1);
	*result = read_at(cpu, AT, trap->data, trap->length);
	pthread_mutex_unlock(&v_mtx);
	return EOK;
}

static void want_mutex(struct guest_system *gsp)
{
	(void)gsp;
	pthread_mutex_lock(&v_mtx);
	pthread_mutex_unlock(&v_mtx);
}

static void a_handler_with_a_mutex_that_the_holder_wants(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_IGNORE, SHORT);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	uint32_t data = 0;
	int result = -1;
	flag_set(&handling, 0);
	h.vdev = vdev_b();
	h.after = want_mutex;
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, read_with_mutex, &result), EOK);
	CHECK_SET(m->gsp, mem(0x1000, 4, VIRT));
	holder_start(&h);
	flag_set(&h.go, 1);
	start_to_note();
	CHECK_READ(m->cpu, 0x1000, &data, 4);
	if (told.n != 0) {	/* the holder did not get the mutex first */
		CHECK_EQ(data, UINT32_MAX);
		CHECK_NAMES(told.message, &h);
	}
	CHECK_EQ(result, EOK);
	stop_to_note();
	holder_end(&h);
	machine_close(m);
}

/* The holder waits for the vCPU. */
static int access_has_ended;

static void wait_for_vcpu(struct guest_system *gsp)
{
	(void)gsp;
	CHECK(flag_wait(&access_has_ended, 1));
}

static void a_holder_that_waits_for_the_vcpu(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_IGNORE, SHORT);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	uint32_t data = 0;
	flag_set(&access_has_ended, 0);
	h.after = wait_for_vcpu;
	holder_start(&h);
	flag_set(&h.go, 1);
	start_to_note();
	CHECK_READ(m->cpu, AT, &data, 4);
	CHECK_EQ(data, UINT32_MAX);
	CHECK_EQ(told.n, 1);
	CHECK_NAMES(told.message, &h);
	stop_to_note();
	flag_set(&access_has_ended, 1);
	holder_end(&h);
	machine_close(m);
}

/* ---- Cycles: no limit passes here ---- */

static void want_ports(struct guest_system *gsp)
{
	CHECK_EQ(gasp_lock(gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_unlock(gsp, QST_X86_IO), EOK);
}

/* This thread has the ports; the holder of memory wants them after this time. */
static void close_cycle(long before_access)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_IGNORE, LONG);
	struct holder h = holder_of(m->gsp, QST_MEMORY);
	uint32_t data = 0;
	h.after = want_ports;
	h.pause = before_access < 0 ? -before_access : 0;
	CHECK_EQ(gasp_lock(m->gsp, QST_X86_IO), EOK);
	holder_start(&h);
	if (before_access > 0)
		sleep_ms(before_access);
	start_to_note();
	CHECK_READ(m->cpu, AT, &data, 4);
	CHECK_EQ(data, UINT32_MAX);
	told_expect(__FILE__, __LINE__, "gasp_cpu_access", 0);
	CHECK_HAS(gasp_last_error(), "its holder waits for a lock of this thread");
	CHECK_NAMES(gasp_last_error(), &h);
	stop_to_note();
	CHECK_EQ(gasp_unlock(m->gsp, QST_X86_IO), EOK);
	holder_end(&h);		/* it was not refused */
	machine_close(m);
}

static void a_holder_that_waits_for_this_thread(void)
{
	close_cycle(50);
}

static void a_holder_that_begins_to_wait_later(void)
{
	close_cycle(-50);
}

/* Two accesses wait for each other's thread: at least one gives way. */
struct crossing {
	struct machine *m;
	uint16_t own, other;
	int holds;
	struct crossing *peer;
};

static void *cross(void *arg)
{
	struct crossing *c = (struct crossing *)arg;
	struct gasp_cpu *cpu = new_cpu(c->m->gsp);
	unsigned char data = 0;
	CHECK_EQ(gasp_lock(c->m->gsp, c->own), EOK);
	flag_set(&c->holds, 1);
	CHECK(flag_wait(&c->peer->holds, 1));
	CHECK_EQ(gasp_cpu_access(cpu, c->other, GASP_READ, 0x70, &data, 1), EOK);
	CHECK_EQ(data, 0xFF);
	CHECK_EQ(gasp_unlock(c->m->gsp, c->own), EOK);
	return NULL;
}

static void two_accesses(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_IGNORE, LONG);
	struct crossing one = { m, QST_MEMORY, QST_X86_IO, 0, NULL };
	struct crossing two = { m, QST_X86_IO, QST_MEMORY, 0, &one };
	one.peer = &two;
	pthread_t other = thread_start(cross, &two);
	cross(&one);
	pthread_join(other, NULL);
	machine_close(m);
}

/* ---- Inside of a listener ---- */

static int in_prepare;

static int read_in_prepare(void *arg, const struct gasp_difference *difference)
{
	struct machine *m = (struct machine *)arg;
	unsigned char data = 0;
	if (difference->memory_added.count == 0)
		return 0;	/* the guest is destroyed */
	in_prepare = gasp_cpu_access(m->cpu, QST_X86_IO, GASP_READ, 0x70, &data, 1);
	CHECK_EQ(gasp_guest_settle(m->gsp, QST_X86_IO), EDEADLK);
	CHECK_EQ(gasp_guest_settle(m->gsp, QST_MEMORY), EOK);
	return 0;
}

static void a_listener_does_not_wait(void)
{
	struct machine *m = stuck_machine(GASP_UNSUPPORTED_FAIL, LONG);
	struct holder h = holder_of(m->gsp, QST_X86_IO);
	struct gasp_listener listener;
	memset(&listener, 0, sizeof(listener));
	listener.size = sizeof(listener);
	listener.prepare = read_in_prepare;
	CHECK_EQ(gasp_guest_add_listener(m->gsp, &listener, m, NULL), EOK);
	holder_start(&h);
	CHECK_SET(m->gsp, mem(AT, PAGE, VIRT));
	CHECK_EQ(in_prepare, EFAULT);
	holder_end(&h);
	machine_close(m);
}

static const struct test_case cases[] = {
	CASE(ignored), CASE(failed), CASE(aborted), CASE(the_pieces_of_an_access_share_it),
	CASE(without_any_time), CASE(the_reason_for_who_looks_on), CASE(a_thread_that_has_ended),
	CASE(a_handler_with_a_mutex_that_the_holder_wants), CASE(a_holder_that_waits_for_the_vcpu),
	CASE(a_holder_that_waits_for_this_thread), CASE(a_holder_that_begins_to_wait_later),
	CASE(two_accesses), CASE(a_listener_does_not_wait),
};

static const struct test_case children[] = { CASE(child_abort) };

TEST_MAIN_CHILDREN(cases, children)
