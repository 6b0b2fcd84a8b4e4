/* The same lookups from plain C, through the PLT: a cross-check of the Rust driver.
 *
 * Prints a Markdown table: nanoseconds of gasp_region_info() and of an empty function in another
 * shared object, one at a time ("isolated", between two lfence) and back to back. The map is of the
 * same kind as the Rust driver's, from other random numbers.
 *
 *   make -C bench c
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include <gasp/host.h>
#include <qvm/gasp.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#define PAGE UINT64_C(4096)
#define LOOKUPS 32768
#define ROUNDS 15
#define RAM (GRF_MEMORY | GRF_PASS_ANY)

/* Of libgasp_bench_peers.so. */
extern int peer_empty_info(void *map, const struct qvm_state_block *blk, struct gasp_region *rgn);

static uint64_t state = 88172645463325252u;

/* A random number below n (xorshift64). */
static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* Fill regions [from, to) from a location up; returns where they end. */
static uint64_t lay_out(struct gasp_region *rgn, unsigned from, unsigned to, uint64_t at,
		unsigned factor)
{
	for (unsigned i = from; i < to; i++) {
		uint64_t const length = (3 + below(8)) * factor * PAGE;
		rgn[i] = (struct gasp_region){
			.flags = RAM,
			.cookie = i,
			.host_location = at + (UINT64_C(1) << 46),
			.guest = { .location = at, .length = (uint32_t)length, .type = QST_MEMORY },
		};
		at += length + (below(4) == 0 ? (1 + below(4)) * PAGE : 0);
	}
	return at;
}

static struct gasp_region *regions_of(unsigned n)
{
	struct gasp_region *const rgn = calloc(n, sizeof *rgn);
	unsigned const low = n - n / 2, high = low + n / 4;
	if (rgn == NULL) {
		exit(1);
	}
	uint64_t const end = lay_out(rgn, 0, low, 0, 1);
	lay_out(rgn, low, high, end > UINT64_C(4) << 30 ? end : UINT64_C(4) << 30, 1);
	lay_out(rgn, high, n, UINT64_C(56) << 40, 16);
	return rgn;
}

static void locate(uint64_t *locations, struct gasp_region const *rgn, unsigned n)
{
	for (unsigned i = 0; i < LOOKUPS; i++) {
		struct qvm_state_block const *const guest = &rgn[below(n)].guest;
		locations[i] = guest->location + below(guest->length + guest->length / 20);
	}
}

static uint64_t ticks(void)
{
	_mm_lfence();
	uint64_t const now = __rdtsc();
	_mm_lfence();
	return now;
}

static double ticks_per_ns(void)
{
	struct timespec from, now;
	clock_gettime(CLOCK_MONOTONIC, &from);
	uint64_t const begun = ticks();
	double passed;
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		passed = (double)(now.tv_sec - from.tv_sec) * 1e9 + (double)(now.tv_nsec - from.tv_nsec);
	} while (passed < 1e8);
	return (double)(ticks() - begun) / passed;
}

/* The timed loops: a macro, so that each call is a direct one through the PLT. */
#define LOOP(call, fence)                                                                          \
	do {                                                                                       \
		struct gasp_region out = { 0 };                                                    \
		uint64_t const begun = ticks();                                                    \
		for (unsigned i = 0; i < LOOKUPS; i++) {                                           \
			struct qvm_state_block const blk = {                                       \
				.location = locations[i], .length = 8, .type = QST_MEMORY,         \
			};                                                                         \
			fence;                                                                     \
			(void)call(gsp, &blk, &out);                                               \
			fence;                                                                     \
		}                                                                                  \
		return ticks() - begun;                                                            \
	} while (0)

static uint64_t empty_isolated(void *gsp, uint64_t const *locations)
{
	LOOP(peer_empty_info, _mm_lfence());
}

static uint64_t empty_back_to_back(void *gsp, uint64_t const *locations)
{
	LOOP(peer_empty_info, (void)0);
}

static uint64_t info_isolated(void *gsp, uint64_t const *locations)
{
	LOOP(gasp_region_info, _mm_lfence());
}

static uint64_t info_back_to_back(void *gsp, uint64_t const *locations)
{
	LOOP(gasp_region_info, (void)0);
}

static int compare(void const *a, void const *b)
{
	uint64_t const x = *(uint64_t const *)a, y = *(uint64_t const *)b;
	return (x > y) - (x < y);
}

static double median(uint64_t *samples)
{
	qsort(samples, ROUNDS, sizeof *samples, compare);
	return (double)samples[ROUNDS / 2] / LOOKUPS;
}

/* Measure one number of regions, the four loops in turn, and print the row. */
static int row(unsigned n, double per_ns)
{
	static uint64_t (*const loops[4])(void *, uint64_t const *) = {
		empty_isolated, info_isolated, empty_back_to_back, info_back_to_back,
	};
	static uint64_t locations[LOOKUPS], samples[4][ROUNDS];
	struct gasp_region *const rgn = regions_of(n);
	struct guest_system *const gsp = gasp_guest_create(NULL);
	if (gsp == NULL || gasp_region_set_soft(gsp, n, rgn) != n) {
		fprintf(stderr, "lookup: %s\n", gasp_last_error());
		return 1;
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		locate(locations, rgn, n);
		for (unsigned loop = 0; loop < 4; loop++) {
			info_back_to_back(gsp, locations);
			samples[loop][round] = loops[loop](gsp, locations);
		}
	}
	double const empty = median(samples[0]) / per_ns, info = median(samples[1]) / per_ns;
	printf("| %7u | %12.1f | %8.1f | %9.1f | %19.1f | %12.1f |\n", n, empty, info, info - empty,
			median(samples[2]) / per_ns, median(samples[3]) / per_ns);
	gasp_guest_destroy(gsp);
	free(rgn);
	return 0;
}

int main(void)
{
	static unsigned const sizes[] = { 1, 16, 64, 256, 1024, 4096, 65536, 1000000 };
	cpu_set_t cpu;
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof cpu, &cpu);
	double const per_ns = ticks_per_ns();
	puts("## The same from plain C, through the PLT\n\n"
	     "Nanoseconds, medians of 15 rounds. A cross-check: the columns must agree with the "
	     "tables of lookups at random locations.\n\n"
	     "| regions | empty, alone | isolated | net of it | empty, back to back | back to back |\n"
	     "| ------: | -----------: | -------: | --------: | ------------------: | -----------: |");
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		if (row(sizes[i], per_ns) != 0) {
			return 1;
		}
	}
	return 0;
}
