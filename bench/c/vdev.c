/* What libgasp-vdev adds to reaching a handler in C.
 *
 * Prints a Markdown table: nanoseconds of a read of 8 bytes through gasp_cpu_access() that ends in
 * libgasp's trap handler, in a vdev that does nothing, and in one that answers with
 * guest_cpu_write(). The device has one region, or 262,144 with a cookie each; accesses are to one of
 * them, or to so many at random. Medians of rounds, and of the differences in each round.
 *
 *   make -C bench vdev
 *
 * "vdev check" times nothing: it only checks the answers.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include <gasp/host.h>
#include <gasp/vdev-host.h>
#include <qvm/gasp.h>
#include <qvm/vdev-core.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER UINT64_C(0x1234)
#define ACCESSES 16384
#define ROUNDS 41
#define AT (UINT64_C(1) << 32)
#define STEP 0x1000u

struct machine {
	struct guest_system *gsp;
	struct gasp_vdevs *vdevs; /* NULL: the handler alone */
	struct gasp_cpu *cpu;
};

static void must(int is_done)
{
	if (!is_done) {
		fprintf(stderr, "vdev: %s\n", gasp_last_error());
		exit(1);
	}
}

static int handler(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	uint64_t const answer = ANSWER;
	(void)arg, (void)cpu;
	memcpy(trap->data, &answer, sizeof answer);
	return EOK;
}

static void make_regions(struct machine *m, vdev_t *vdev, unsigned cookies)
{
	for (unsigned i = 0; i < cookies; i++) {
		struct gasp_region const rgn = {
			.flags = GRF_VIRT_RD | GRF_VIRT_WR,
			.cookie = i,
			.vdev = vdev,
			.guest = { .location = AT + (uint64_t)i * STEP, .length = STEP, .type = QST_MEMORY },
		};
		must(gasp_region_set_soft(m->gsp, 1, &rgn) == 1);
	}
}

static struct machine machine_of(int with_vdev, unsigned cookies, const char *directory)
{
	struct machine m = { .gsp = gasp_guest_create(NULL) };
	vdev_t *vdev = (vdev_t *)&m; /* libgasp hands it back, and does not look */

	if (with_vdev) {
		m.vdevs = gasp_vdevs_create(m.gsp, NULL);
		must(m.vdevs != NULL && gasp_vdevs_add_path(m.vdevs, directory) == EOK);
		vdev = gasp_vdevs_add(m.vdevs, "bench", NULL, 0, NULL);
		must(vdev != NULL && gasp_vdevs_control(m.vdevs, VDEV_CTRL_GUEST_CONFIGURED, NULL) == EOK);
		must(gasp_guest_start(m.gsp) == EOK);
		must(gasp_vdevs_control(m.vdevs, VDEV_CTRL_GUEST_STARTING, NULL) == EOK);
	} else {
		must(gasp_guest_set_trap_handler(m.gsp, handler, NULL) == EOK);
	}
	make_regions(&m, vdev, cookies);
	m.cpu = gasp_cpu_create(m.gsp);
	must(m.cpu != NULL);
	return m;
}

static void end(struct machine *m)
{
	gasp_vdevs_destroy(m->vdevs);
	gasp_guest_destroy(m->gsp);
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Nanoseconds of a read. */
static double reads(struct machine *m, const uint64_t *locations)
{
	uint64_t value;
	double const begun = seconds();
	for (unsigned i = 0; i < ACCESSES; i++) {
		gasp_cpu_access(m->cpu, QST_MEMORY, GASP_READ, locations[i], &value, sizeof value);
	}
	return (seconds() - begun) * 1e9 / ACCESSES;
}

/* Random places of so many regions, which are spread over all. */
static void locate(uint64_t *locations, unsigned cookies, unsigned used, unsigned word)
{
	uint64_t state = 88172645463325252u;
	for (unsigned i = 0; i < ACCESSES; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		locations[i] = AT + state % used * (cookies / used) * STEP + word;
	}
}

static int compare(void const *a, void const *b)
{
	double const x = *(double const *)a, y = *(double const *)b;
	return (x > y) - (x < y);
}

static double median(double *samples)
{
	qsort(samples, ROUNDS, sizeof *samples, compare);
	return samples[ROUNDS / 2];
}

static void check(struct machine *m, unsigned word, uint64_t expected)
{
	uint64_t value = 0;
	must(gasp_cpu_access(m->cpu, QST_MEMORY, GASP_READ, AT + word, &value, sizeof value) == EOK);
	if (value != expected) {
		fprintf(stderr, "vdev: a read gave 0x%llx\n", (unsigned long long)value);
		exit(1);
	}
}

/* The handler, a vdev that does nothing, a vdev that answers; and what the vdevs add. */
enum column { HANDLER, NOTHING, NOTHING_ADDED, ANSWERS, ANSWERS_ADDED, COLUMNS };

static void measure(double samples[COLUMNS][ROUNDS], struct machine *own, struct machine *with,
		uint64_t locations[2][ACCESSES])
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		samples[HANDLER][round] = reads(own, locations[0]);
		samples[NOTHING][round] = reads(with, locations[1]);
		samples[ANSWERS][round] = reads(with, locations[0]);
		samples[NOTHING_ADDED][round] = samples[NOTHING][round] - samples[HANDLER][round];
		samples[ANSWERS_ADDED][round] = samples[ANSWERS][round] - samples[HANDLER][round];
	}
}

static void row(unsigned cookies, unsigned used, const char *directory, int is_timed)
{
	static uint64_t locations[2][ACCESSES];
	static double samples[COLUMNS][ROUNDS];
	struct machine own = machine_of(0, cookies, directory), with = machine_of(1, cookies, directory);
	check(&own, 0, ANSWER);
	check(&with, 0, ANSWER);
	check(&with, 8, 0);
	locate(locations[0], cookies, used, 0);
	locate(locations[1], cookies, used, 8);
	if (is_timed) {
		measure(samples, &own, &with, locations);
		printf("| %6u | %6u |", cookies, used);
		for (unsigned column = 0; column < COLUMNS; column++) {
			printf(" %6.1f |", median(samples[column]));
		}
		puts("");
	}
	end(&own);
	end(&with);
}

int main(int argc, char **argv)
{
	/* Cookies, and how many of them are accessed. */
	static unsigned const rows[][2] = { { 1, 1 }, { 262144, 1 }, { 262144, 64 }, { 262144, 262144 } };
	if (argc < 2) {
		fputs("usage: vdev DIRECTORY-OF-VDEV [check]\n", stderr);
		return 2;
	}
	int const is_timed = argc == 2;
	cpu_set_t cpu;
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof cpu, &cpu);
	if (is_timed) {
		puts("## What libgasp-vdev adds to reaching a handler in C\n\n"
		     "Nanoseconds of a read of 8 bytes, back to back; medians of 41 rounds. The goal is 15 ns "
		     "added until the vdev is called. An answer goes through `guest_cpu_write`. Where all of "
		     "262,144 regions are accessed, the caches' misses in libgasp's map outweigh everything "
		     "else.\n\n"
		     "| cookies | accessed | the handler | a vdev that does nothing | added | one that answers | added |\n"
		     "| ------: | -------: | ----------: | -----------------------: | ----: | ---------------: | ----: |");
	}
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		row(rows[i][0], rows[i][1], argv[1], is_timed);
	}
	return 0;
}
