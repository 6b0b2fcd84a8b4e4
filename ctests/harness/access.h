/* A guest with a vCPU and a trap handler that records its calls.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_ACCESS_H
#define CTESTS_ACCESS_H

#include "check.h"

#define SEEN_MAX 64u
#define SEEN_BYTES 64u

/* One call of the trap handler. */
struct seen {
	vdev_t *vdev;
	uint64_t location;
	size_t length;
	uint32_t cookie;
	unsigned kind;
	unsigned type;
	unsigned char data[SEEN_BYTES];		/* of a write */
};

struct machine {
	struct guest_system *gsp;
	struct gasp_cpu *cpu;
	int answer;		/* what the handler returns */
	unsigned n;
	struct seen seen[SEEN_MAX];
};

/* The byte that a device returns for a location. */
static inline unsigned char device_byte(uint64_t location)
{
	return (unsigned char)(location * 7 + 3);
}

static inline void device_fill(const struct gasp_trap *trap)
{
	unsigned char *data = (unsigned char *)trap->data;
	for (size_t i = 0; i < trap->length; i++)
		data[i] = device_byte(trap->location + i);
}

static inline int machine_trap(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct machine *m = (struct machine *)arg;
	struct seen *s = &m->seen[m->n % SEEN_MAX];
	CHECK(cpu == m->cpu);
	m->n++;
	memset(s, 0, sizeof(*s));
	s->vdev = trap->vdev;
	s->location = trap->location;
	s->length = trap->length;
	s->cookie = trap->cookie;
	s->kind = trap->kind;
	s->type = trap->type;
	if (trap->kind == GASP_WRITE)
		memcpy(s->data, trap->data, trap->length < SEEN_BYTES ? trap->length : SEEN_BYTES);
	else
		device_fill(trap);
	return m->answer;
}

static inline struct gasp_cpu *new_cpu(struct guest_system *gsp)
{
	struct gasp_cpu *cpu = gasp_cpu_create(gsp);
	if (cpu == NULL) {
		perror("gasp_cpu_create");
		exit(1);
	}
	return cpu;
}

static inline void machine_open(struct machine *m)
{
	memset(m, 0, sizeof(*m));
	m->gsp = guest();
	m->cpu = new_cpu(m->gsp);
	CHECK_EQ(gasp_guest_set_trap_handler(m->gsp, machine_trap, m), EOK);
}

static inline void machine_close(struct machine *m)
{
	gasp_guest_destroy(m->gsp);
}

/* ---- Accesses ---- */

static inline void access_expect(const char *file, int line, int want, struct gasp_cpu *cpu,
				 unsigned type, unsigned kind, uint64_t location, void *data,
				 size_t length)
{
	errno = ERRNO_MARK;
	int got = gasp_cpu_access(cpu, type, kind, location, data, length);
	int err = errno;
	if (got != want)
		fprintf(check_fail(file, line),
			"access of kind %u to 0x%" PRIx64 ", %zu bytes: %d, not %d; \"%s\"\n", kind,
			location, length, got, want, gasp_last_error());
	if (err != ERRNO_MARK)
		fprintf(check_fail(file, line), "the access changed errno to %d\n", err);
}

/* An access with this result, which leaves errno alone. */
#define CHECK_ACCESS(want, cpu, type, kind, location, data, length) \
	access_expect(__FILE__, __LINE__, (want), (cpu), (type), (kind), (location), (data), (length))
#define CHECK_READ(cpu, location, data, length) \
	CHECK_ACCESS(EOK, cpu, QST_MEMORY, GASP_READ, location, data, length)
#define CHECK_WRITE(cpu, location, data, length) \
	CHECK_ACCESS(EOK, cpu, QST_MEMORY, GASP_WRITE, location, data, length)
#define CHECK_FETCH(cpu, location, data, length) \
	CHECK_ACCESS(EOK, cpu, QST_MEMORY, GASP_EXECUTE, location, data, length)

/* Accesses without a check, for handlers and threads that check the result themselves. */
static inline int read_at(struct gasp_cpu *cpu, uint64_t location, void *data, size_t length)
{
	return gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, location, data, length);
}

static inline int write_at(struct gasp_cpu *cpu, uint64_t location, void *data, size_t length)
{
	return gasp_cpu_access(cpu, QST_MEMORY, GASP_WRITE, location, data, length);
}

static inline void seen_expect(const char *file, int line, const struct machine *m, unsigned i,
			       uint64_t location, size_t length, uint32_t cookie, unsigned kind)
{
	const struct seen *s = &m->seen[i];
	if (i >= m->n)
		fprintf(check_fail(file, line), "the handler was called %u times only\n", m->n);
	else if (s->location != location || s->length != length || s->cookie != cookie
		 || s->kind != kind)
		fprintf(check_fail(file, line),
			"call %u: 0x%" PRIx64 ", %zu bytes, cookie %" PRIu32 ", kind %u; not 0x%" PRIx64
			", %zu bytes, cookie %" PRIu32 ", kind %u\n", i, s->location, s->length, s->cookie,
			s->kind, location, length, cookie, kind);
}

/* Call i of the handler. */
#define CHECK_SEEN(m, i, location, length, cookie, kind) \
	seen_expect(__FILE__, __LINE__, (m), (i), (location), (length), (cookie), (kind))

/* All bytes are the same. */
static inline int all_bytes(const void *data, unsigned char value, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)data;
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != value)
			return 0;
	return 1;
}

/* The bytes are those that the device returns from a location on. */
static inline int device_bytes(const void *data, uint64_t location, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)data;
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != device_byte(location + i))
			return 0;
	return 1;
}

static inline struct gasp_counts counts_of(struct guest_system *gsp)
{
	struct gasp_counts counts;
	memset(&counts, 0xEE, sizeof(counts));
	CHECK_EQ(gasp_guest_counts(gsp, &counts), EOK);
	return counts;
}

/* Memory of the caller's own: whole pages, zeroed. */
static inline unsigned char *own_pages(unsigned n)
{
	void *pages = NULL;
	if (posix_memalign(&pages, PAGE, n * PAGE) != 0)
		abort();
	memset(pages, 0, n * PAGE);
	return (unsigned char *)pages;
}

static inline uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* The number of mappings of this process. With GASP_TEST_SMALL=1 only those of memory files, because
 * valgrind and sanitizers create and remove mappings of their own. */
static inline unsigned mappings(void)
{
	char line[512];
	const char *part = getenv("GASP_TEST_SMALL") != NULL ? "memfd:" : "\n";
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned lines = 0;
	if (maps == NULL)
		abort();
	while (fgets(line, sizeof(line), maps) != NULL)
		lines += strstr(line, part) != NULL;
	fclose(maps);
	return lines;
}

#endif
