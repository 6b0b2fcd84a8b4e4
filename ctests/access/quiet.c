/* Grace periods: gasp_guest_synchronize(), gasp_guest_call_when_quiet() (specification 10.10).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#define DEVICE 0x30000u
#define ALL 1000

/* A guest with a device whose handler does not return until the test lets it. */
struct scene {
	struct guest_system *gsp;
	int inside;		/* calls that have begun */
	int go;			/* how many of them, from the first on, may end */
	int left;		/* calls that have ended */
	int synchronized;
	int called;
	pthread_t called_on;
	int left_when_called;
};

static int trap_that_stays(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct scene *s = (struct scene *)arg;
	(void)cpu;
	flag_wait(&s->go, __atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST));
	device_fill(trap);
	__atomic_fetch_add(&s->left, 1, __ATOMIC_SEQ_CST);
	return EOK;
}

static struct scene *new_scene(void)
{
	static struct scene scene;
	memset(&scene, 0, sizeof(scene));
	scene.gsp = guest();
	CHECK_EQ(gasp_guest_set_trap_handler(scene.gsp, trap_that_stays, &scene), EOK);
	CHECK_EQ(gasp_guest_add_memory(scene.gsp, 0x1000, PAGE, GASP_RAM, 0), EOK);
	CHECK_SET(scene.gsp, vdev(vdev_a(), mem(DEVICE, PAGE, VIRT)));
	return &scene;
}

static void *read_device(void *arg)
{
	struct scene *s = (struct scene *)arg;
	struct gasp_cpu *cpu = new_cpu(s->gsp);
	unsigned char got = 0;
	CHECK_READ(cpu, DEVICE, &got, 1);
	CHECK_EQ(got, device_byte(DEVICE));
	return NULL;
}

static void *synchronize(void *arg)
{
	struct scene *s = (struct scene *)arg;
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EOK);
	CHECK(flag_get(&s->left) > 0);
	flag_set(&s->synchronized, 1);
	return NULL;
}

static void note(void *arg)
{
	struct scene *s = (struct scene *)arg;
	s->called_on = pthread_self();
	s->left_when_called = flag_get(&s->left);
	__atomic_fetch_add(&s->called, 1, __ATOMIC_SEQ_CST);
}

/* ---- Waiting ---- */

static void nothing_to_wait_for(void)
{
	struct scene *s = new_scene();
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EOK);
	struct gasp_cpu *cpu = new_cpu(s->gsp);
	unsigned char got = 0;
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_READ(cpu, 0x1000, &got, 1);
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EOK);
	gasp_cpu_destroy(cpu);
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EOK);
	gasp_guest_destroy(s->gsp);
}

static void synchronize_waits_for_a_handler(void)
{
	struct scene *s = new_scene();
	pthread_t reader = thread_start(read_device, s);
	REQUIRE(flag_wait(&s->inside, 1));
	CHECK_SET(s->gsp, del(DEVICE, PAGE));	/* does not wait */
	pthread_t waiter = thread_start(synchronize, s);
	sleep_ms(50);
	CHECK_EQ(flag_get(&s->synchronized), 0);
	flag_set(&s->go, 1);
	pthread_join(waiter, NULL);
	pthread_join(reader, NULL);
	CHECK_EQ(s->synchronized, 1);
	gasp_guest_destroy(s->gsp);
}

static void synchronize_waits_for_all_handlers(void)
{
	struct scene *s = new_scene();
	pthread_t readers[8];
	for (unsigned i = 0; i < COUNT(readers); i++)
		readers[i] = thread_start(read_device, s);
	REQUIRE(flag_wait(&s->inside, COUNT(readers)));
	CHECK_SET(s->gsp, del(DEVICE, PAGE));
	CHECK_EQ(gasp_guest_call_when_quiet(s->gsp, note, s), EOK);
	CHECK_EQ(s->called, 0);
	flag_set(&s->go, ALL);
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EOK);
	CHECK_EQ(flag_get(&s->left), COUNT(readers));
	for (unsigned i = 0; i < COUNT(readers); i++)
		pthread_join(readers[i], NULL);
	CHECK_EQ(s->called, 1);
	CHECK_EQ(s->left_when_called, COUNT(readers));
	gasp_guest_destroy(s->gsp);
}

/* A grace period does not wait for accesses that start after it began. */
static void later_accesses_are_not_waited_for(void)
{
	struct scene *s = new_scene();
	struct gasp_cpu *cpu = new_cpu(s->gsp);
	unsigned char got = 0;
	pthread_t reader = thread_start(read_device, s), later;
	REQUIRE(flag_wait(&s->inside, 1));
	CHECK_EQ(gasp_guest_call_when_quiet(s->gsp, note, s), EOK);
	later = thread_start(read_device, s);
	REQUIRE(flag_wait(&s->inside, 2));
	for (unsigned i = 0; i < 1000; i++)
		CHECK_READ(cpu, 0x1000, &got, 1);
	CHECK_EQ(flag_get(&s->called), 0);
	flag_set(&s->go, 1);
	CHECK(flag_wait(&s->called, 1));
	CHECK_EQ(flag_get(&s->left), 1);
	flag_set(&s->go, ALL);
	pthread_join(reader, NULL);
	pthread_join(later, NULL);
	gasp_guest_destroy(s->gsp);
}

static void another_guest_is_not_waited_for(void)
{
	struct scene *s = new_scene();
	struct guest_system *other = guest();
	pthread_t reader = thread_start(read_device, s);
	REQUIRE(flag_wait(&s->inside, 1));
	CHECK_EQ(gasp_guest_synchronize(other), EOK);
	CHECK_EQ(gasp_guest_call_when_quiet(other, note, s), EOK);
	CHECK_EQ(s->called, 1);
	CHECK_EQ(s->left, 0);
	flag_set(&s->go, 1);
	pthread_join(reader, NULL);
	gasp_guest_destroy(other);
	gasp_guest_destroy(s->gsp);
}

/* ---- Refused ---- */

static void refused_with_a_lock_held(void)
{
	struct scene *s = new_scene();
	CHECK_EQ(gasp_lock(s->gsp, QST_MEMORY), EOK);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EDEADLK);
	CHECK_EQ(errno, ERRNO_MARK);
	CHECK_HAS(gasp_last_error(), "lock");
	CHECK_EQ(gasp_unlock(s->gsp, QST_MEMORY), EOK);
	CHECK_EQ(gasp_lock(s->gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EDEADLK);
	CHECK_EQ(gasp_guest_call_when_quiet(s->gsp, note, s), EOK);
	CHECK_EQ(s->called, 1);
	CHECK_EQ(gasp_unlock(s->gsp, QST_X86_IO), EOK);
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EOK);
	gasp_guest_destroy(s->gsp);
}

static void *hold_the_lock(void *arg)
{
	struct scene *s = (struct scene *)arg;
	CHECK_EQ(gasp_lock(s->gsp, QST_MEMORY), EOK);
	flag_set(&s->inside, 1);
	flag_wait(&s->go, 1);
	CHECK_EQ(gasp_unlock(s->gsp, QST_MEMORY), EOK);
	return NULL;
}

static void another_threads_lock_does_not_matter(void)
{
	struct scene *s = new_scene();
	pthread_t holder = thread_start(hold_the_lock, s);
	REQUIRE(flag_wait(&s->inside, 1));
	CHECK_EQ(gasp_guest_synchronize(s->gsp), EOK);
	flag_set(&s->go, 1);
	pthread_join(holder, NULL);
	gasp_guest_destroy(s->gsp);
}

/* ---- Without waiting ---- */

static void called_by_the_thread_that_ends_the_last_access(void)
{
	struct scene *s = new_scene();
	pthread_t reader = thread_start(read_device, s);
	REQUIRE(flag_wait(&s->inside, 1));
	CHECK_SET(s->gsp, del(DEVICE, PAGE));
	CHECK_EQ(gasp_guest_call_when_quiet(s->gsp, note, s), EOK);
	CHECK_EQ(gasp_guest_call_when_quiet(s->gsp, note, s), EOK);
	sleep_ms(20);
	CHECK_EQ(flag_get(&s->called), 0);
	flag_set(&s->go, 1);
	CHECK(flag_wait(&s->called, 2));
	pthread_join(reader, NULL);
	CHECK_EQ(s->called, 2);
	CHECK(pthread_equal(s->called_on, reader));
	CHECK_EQ(s->left_when_called, 1);
	gasp_guest_destroy(s->gsp);
}

static void called_at_once_where_nothing_runs(void)
{
	struct scene *s = new_scene();
	CHECK_EQ(gasp_guest_call_when_quiet(s->gsp, note, s), EOK);
	CHECK_EQ(s->called, 1);
	CHECK(pthread_equal(s->called_on, pthread_self()));
	gasp_guest_destroy(s->gsp);
}

static const struct test_case cases[] = {
	CASE(nothing_to_wait_for), CASE(synchronize_waits_for_a_handler),
	CASE(synchronize_waits_for_all_handlers), CASE(later_accesses_are_not_waited_for),
	CASE(another_guest_is_not_waited_for), CASE(refused_with_a_lock_held),
	CASE(another_threads_lock_does_not_matter),
	CASE(called_by_the_thread_that_ends_the_last_access), CASE(called_at_once_where_nothing_runs),
};

TEST_MAIN(cases)
