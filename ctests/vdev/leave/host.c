/* A host whose `fatal` ends the thread that calls it: host DIRECTORY WHERE. With all that can be
 * watched, because that has state for each thread.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <gasp/host.h>
#include <gasp/vdev-host.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#define AT 0xd0000000u

static sem_t ended;
static int code;
static struct gasp_cpu *cpu;

static void fatal(void *arg, int exit_code)
{
	(void)arg;
	code = exit_code;
	sem_post(&ended);
	pthread_exit(NULL);
}

static void *access_once(void *arg)
{
	uint64_t data;

	return gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, AT, &data, sizeof(data)) == EOK ? arg : NULL;
}

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, gasp_last_error());
	return 1;
}

int main(int argc, char **argv)
{
	const struct gasp_vdev_host host = {
		.size = sizeof(host),
		.flags = GASP_VDEVS_WATCH_HANDLERS | GASP_VDEVS_CHECK_LOCKS | GASP_VDEVS_CHECK_END
			| GASP_VDEVS_CATCH_CRASHES | GASP_VDEVS_LOG_FAILURES | GASP_VDEVS_LOG_REFUSED,
		.fatal = fatal,
	};
	const struct gasp_vdev_option options[] = { { "loc", "0xd0000000" }, { "where", argv[2] } };
	struct guest_system *gsp = gasp_guest_create(NULL);
	struct gasp_vdevs *vdevs = gasp_vdevs_create(gsp, &host);
	pthread_t thread;
	void *came_back;

	if (argc != 3 || vdevs == NULL || gasp_vdevs_add_path(vdevs, argv[1]) != EOK)
		return fail("create");
	sem_init(&ended, 0, 0);
	if (gasp_vdevs_add(vdevs, "leave", options, 2, NULL) == NULL)
		return fail("add");
	if (gasp_vdevs_control(vdevs, VDEV_CTRL_GUEST_CONFIGURED, NULL) != EOK
			|| gasp_vdevs_control(vdevs, VDEV_CTRL_GUEST_STARTING, NULL) != EOK)
		return fail("start");
	cpu = gasp_cpu_create(gsp);
	if (pthread_create(&thread, NULL, access_once, &cpu) != 0 || pthread_join(thread, &came_back) != 0)
		return fail("thread");
	sem_wait(&ended);
	if (code != 96 || (came_back == NULL) != (strcmp(argv[2], "access") == 0))
		return fail("end");
	/* All of it can still be used. */
	if (gasp_vdevs_control(vdevs, VDEV_CTRL_STATUS, NULL) != EOK)
		return fail("status");
	gasp_vdevs_destroy(vdevs);
	gasp_guest_destroy(gsp);
	return 0;
}
