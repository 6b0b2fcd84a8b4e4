/* Short forms for regions to set and maps to expect. Part of check.h.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_REGIONS_H
#define CTESTS_REGIONS_H

#include "check.h"

#define PAGE 0x1000u
#define TOP UINT64_MAX
/* Flags of memory, as gasp_guest_add_memory() gives them. */
#define RAM ((uint32_t)(GRF_MEMORY | GRF_PASS_ANY | GRF_DMA_SOURCE | GRF_DMA_TARGET))
#define ROM ((uint32_t)(GRF_MEMORY | GRF_PASS_RD | GRF_PASS_EX | GRF_DMA_SOURCE))
#define VIRT ((uint32_t)GRF_VIRT_ANY)
/* Host addresses that nothing touches. */
#define HOST_A UINT64_C(0x100000000000)
#define HOST_B UINT64_C(0x200000000000)
#define ERRNO_MARK 4711

/* ---- Guests ---- */

static inline struct guest_system *guest_with(unsigned flags)
{
	struct gasp_guest_options options;
	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.flags = flags;
	struct guest_system *gsp = gasp_guest_create(&options);
	if (gsp == NULL) {
		perror("gasp_guest_create");
		exit(1);
	}
	return gsp;
}

static inline struct guest_system *guest(void)
{
	return guest_with(0);
}

static inline struct guest_system *strict_guest(void)
{
	return guest_with(GASP_GUEST_STRICT);
}

/* A handle whose guest is gone. */
static inline struct guest_system *dead_guest(void)
{
	struct guest_system *gsp = guest();
	gasp_guest_destroy(gsp);
	return gsp;
}

/* Two devices to point at. */
static inline vdev_t *vdev_a(void)
{
	static vdev_t vdev;
	return &vdev;
}

static inline vdev_t *vdev_b(void)
{
	static vdev_t vdev;
	return &vdev;
}

static inline unsigned spans_in_memory(struct guest_system *gsp)
{
	struct gasp_span s;
	unsigned n = 0;
	uint64_t from = 0;
	while (gasp_guest_next(gsp, QST_MEMORY, from, &s) == EOK) {
		from = s.last + 1;
		n++;
	}
	return n;
}

/* ---- Elements ---- */

static inline struct qvm_state_block block(unsigned type, uint64_t location, uint32_t length)
{
	struct qvm_state_block blk;
	memset(&blk, 0, sizeof(blk));
	blk.location = location;
	blk.length = length;
	blk.type = (uint16_t)type;
	return blk;
}

static inline struct gasp_region element(unsigned type, uint64_t location, uint32_t length,
					 uint32_t flags)
{
	struct gasp_region r;
	memset(&r, 0, sizeof(r));
	r.flags = flags;
	r.guest = block(type, location, length);
	return r;
}

/* Memory without vdev, cookie and host. */
static inline struct gasp_region mem(uint64_t location, uint32_t length, uint32_t flags)
{
	return element(QST_MEMORY, location, length, flags);
}

static inline struct gasp_region mem_at(uint64_t location, uint32_t length, uint32_t flags,
					uint64_t host)
{
	struct gasp_region r = mem(location, length, flags);
	r.host_location = host;
	return r;
}

static inline struct gasp_region port(uint64_t location, uint32_t length, uint32_t flags)
{
	return element(QST_X86_IO, location, length, flags);
}

static inline struct gasp_region port_at(uint64_t location, uint32_t length, uint32_t flags,
					 uint64_t host)
{
	struct gasp_region r = port(location, length, flags);
	r.host_location = host;
	return r;
}

static inline struct gasp_region cookie(uint32_t value, struct gasp_region r)
{
	r.cookie = value;
	return r;
}

static inline struct gasp_region vdev(vdev_t *device, struct gasp_region r)
{
	r.vdev = device;
	return r;
}

static inline struct gasp_region del(uint64_t location, uint32_t length)
{
	return mem(location, length, GRF_NONE);
}

/* ---- Expected spans ---- */

/* Without backing, cookie and vdev. GRF_ACTIVE is added here. */
static inline struct gasp_span span(uint64_t first, uint64_t last, uint32_t flags)
{
	struct gasp_span s;
	memset(&s, 0, sizeof(s));
	s.location = first;
	s.last = last;
	s.flags = flags | GRF_ACTIVE;
	return s;
}

static inline struct gasp_span span_at(uint64_t first, uint64_t last, uint32_t flags,
				       uint64_t host)
{
	struct gasp_span s = span(first, last, flags);
	s.host_location = host;
	return s;
}

static inline struct gasp_span saved(uint32_t rights, struct gasp_span s)
{
	s.flags |= rights << GRF_BACKUP_SHIFT;
	return s;
}

static inline struct gasp_span span_cookie(uint32_t value, struct gasp_span s)
{
	s.cookie = value;
	return s;
}

static inline struct gasp_span span_vdev(vdev_t *device, struct gasp_span s)
{
	s.vdev = device;
	return s;
}

/* ---- Maps ---- */

#define MAP_MAX 512u

struct map {
	unsigned n;
	struct gasp_span spans[MAP_MAX];
};

static inline void map_read(struct guest_system *gsp, unsigned type, struct map *map)
{
	uint64_t from = 0;
	uint64_t end = type == QST_X86_IO ? 0xFFFF : TOP;
	map->n = 0;
	while (map->n < MAP_MAX) {
		struct gasp_span *s = &map->spans[map->n];
		if (gasp_guest_next(gsp, type, from, s) != EOK)
			return;
		map->n++;
		if (s->last >= end || s->last < from)
			return;
		from = s->last + 1;
	}
}

static inline void span_print(const char *what, const struct gasp_span *s)
{
	fprintf(stderr,
		"#   %s [0x%" PRIx64 ", 0x%" PRIx64 "] flags 0x%" PRIx32 " cookie %" PRIu32
		" vdev %p host 0x%" PRIx64 "\n", what, s->location, s->last, s->flags, s->cookie,
		(void *)s->vdev, s->host_location);
}

static inline int span_same(const struct gasp_span *a, const struct gasp_span *b)
{
	return a->location == b->location && a->last == b->last && a->flags == b->flags
	       && a->cookie == b->cookie && a->vdev == b->vdev
	       && a->host_location == b->host_location;
}

static inline int map_same(const struct map *map, const struct gasp_span *want, unsigned n)
{
	int same = map->n == n;
	for (unsigned i = 0; same && i < n; i++)
		same = span_same(&map->spans[i], &want[i]);
	return same;
}

static inline void map_check(const char *file, int line, const char *what,
			     const struct map *map, const struct gasp_span *want, unsigned n)
{
	if (map_same(map, want, n))
		return;
	fprintf(check_fail(file, line), "%s: %u spans, not these %u\n", what, map->n, n);
	for (unsigned i = 0; i < map->n && i < 16; i++)
		span_print("is  ", &map->spans[i]);
	for (unsigned i = 0; i < n && i < 16; i++)
		span_print("want", &want[i]);
}

static inline void map_expect(const char *file, int line, struct guest_system *gsp,
			      unsigned type, const struct gasp_span *want, unsigned n)
{
	struct map map;
	map_read(gsp, type, &map);
	map_check(file, line, "the map", &map, want, n);
}

/* The whole space consists of exactly these spans. */
#define CHECK_MAP(gsp, type, ...) do { \
		const struct gasp_span want_[] = { __VA_ARGS__ }; \
		map_expect(__FILE__, __LINE__, (gsp), (type), want_, COUNT(want_)); \
	} while (0)
#define CHECK_MEM(gsp, ...) CHECK_MAP(gsp, QST_MEMORY, __VA_ARGS__)
#define CHECK_PORTS(gsp, ...) CHECK_MAP(gsp, QST_X86_IO, __VA_ARGS__)
#define CHECK_EMPTY(gsp, type) map_expect(__FILE__, __LINE__, (gsp), (type), NULL, 0)

/* ---- Setting ---- */

static inline void set_expect(const char *file, int line, struct guest_system *gsp, unsigned n,
			      const struct gasp_region *rgn)
{
	errno = ERRNO_MARK;
	unsigned got = gasp_region_set_soft(gsp, n, rgn);
	int err = errno;
	if (got != n)
		fprintf(check_fail(file, line), "set of %u refused at %u: errno %d, \"%s\"\n", n, got,
			err, gasp_last_error());
	else if (err != ERRNO_MARK)
		fprintf(check_fail(file, line), "successful set changed errno to %d\n", err);
}

static inline void refusal_expect(const char *file, int line, struct guest_system *gsp,
				  unsigned index, int err, unsigned n, const struct gasp_region *rgn)
{
	struct map before[2], after[2];
	map_read(gsp, QST_MEMORY, &before[0]);
	map_read(gsp, QST_X86_IO, &before[1]);
	errno = 0;
	unsigned got = gasp_region_set_soft(gsp, n, rgn);
	int is = errno;
	if (got != index || is != err)
		fprintf(check_fail(file, line), "set of %u gave %u and errno %d, not %u and %d; \"%s\"\n",
			n, got, is, index, err, gasp_last_error());
	if (index != 0)
		return;
	map_read(gsp, QST_MEMORY, &after[0]);
	map_read(gsp, QST_X86_IO, &after[1]);
	map_check(file, line, "memory after a refusal", &after[0], before[0].spans, before[0].n);
	map_check(file, line, "ports after a refusal", &after[1], before[1].spans, before[1].n);
}

/* One call with these elements succeeds, and leaves errno alone. */
#define CHECK_SET(gsp, ...) do { \
		const struct gasp_region set_[] = { __VA_ARGS__ }; \
		set_expect(__FILE__, __LINE__, (gsp), COUNT(set_), set_); \
	} while (0)
/* One call with these elements is refused at an index; at index 0 nothing changes. */
#define CHECK_REFUSED(gsp, index, err, ...) do { \
		const struct gasp_region set_[] = { __VA_ARGS__ }; \
		refusal_expect(__FILE__, __LINE__, (gsp), (index), (err), COUNT(set_), set_); \
	} while (0)

#endif
