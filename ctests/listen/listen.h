/* Listeners that record their callbacks, and a mirror of a guest's map that is kept by differences
 * alone.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_LISTEN_H
#define CTESTS_LISTEN_H

#include "check.h"

/* The four lists of a difference. */
enum side { MEM_REMOVED, MEM_ADDED, PORTS_REMOVED, PORTS_ADDED, SIDES };
/* A listener's functions. */
enum callback { ESTIMATE, PREPARE, COMMIT, ABORT };

#define NOTIFIED_MAX 64u

/* One call of a listener's function. Lists longer than SPANS_MAX are cut. */
#define SPANS_MAX 24u
struct notification {
	int number;
	enum callback callback;
	unsigned n[SIDES];
	struct gasp_span spans[SIDES][SPANS_MAX];
};

/* Callbacks in the order in which they were called; several listeners can share a book. */
struct book {
	unsigned n;
	struct notification notified[NOTIFIED_MAX];
};

/* A listener. `inside`, unless NULL, is called in each of its functions. */
struct follower {
	struct book *book;
	struct guest_system *gsp;
	int number;
	int refuses;		/* the result of prepare */
	int estimate_refuses;
	struct gasp_cost cost;	/* the cost that estimate reports; all 0: none */
	void (*inside)(struct follower *f, enum callback callback);
	void *more;
	uint64_t id;
};

static inline struct gasp_span_list side_of(const struct gasp_difference *d, enum side side)
{
	const struct gasp_span_list all[SIDES] = { d->memory_removed, d->memory_added, d->ports_removed,
					      d->ports_added };
	return all[side];
}

static inline void write_down(struct follower *f, enum callback callback,
			      const struct gasp_difference *d)
{
	struct notification *t = &f->book->notified[f->book->n % NOTIFIED_MAX];
	t->number = f->number;
	t->callback = callback;
	for (int side = 0; side < SIDES; side++) {
		struct gasp_span_list runs = side_of(d, (enum side)side);
		t->n[side] = (unsigned)runs.count;
		for (size_t i = 0; i < runs.count && i < SPANS_MAX; i++)
			t->spans[side][i] = runs.first[i];
	}
	f->book->n++;
	if (f->inside != NULL)
		f->inside(f, callback);
}

static inline int follower_estimate(void *arg, const struct gasp_difference *d,
				    struct gasp_cost *cost)
{
	struct follower *f = (struct follower *)arg;
	CHECK_EQ(cost->slots, 0);
	CHECK_EQ(cost->slots_left, UINT64_MAX);
	CHECK_EQ(cost->ioctls, 0);
	if (f->cost.slots != 0 || f->cost.slots_left != 0 || f->cost.ioctls != 0)
		*cost = f->cost;
	write_down(f, ESTIMATE, d);
	return f->estimate_refuses;
}

static inline int follower_prepare(void *arg, const struct gasp_difference *d)
{
	write_down((struct follower *)arg, PREPARE, d);
	return ((struct follower *)arg)->refuses;
}

static inline void follower_commit(void *arg, const struct gasp_difference *d)
{
	write_down((struct follower *)arg, COMMIT, d);
}

static inline void follower_abort(void *arg, const struct gasp_difference *d)
{
	write_down((struct follower *)arg, ABORT, d);
}

static inline struct gasp_listener listener_with(int priority)
{
	struct gasp_listener l;
	memset(&l, 0, sizeof(l));
	l.size = sizeof(l);
	l.priority = priority;
	l.estimate = follower_estimate;
	l.prepare = follower_prepare;
	l.commit = follower_commit;
	l.abort = follower_abort;
	return l;
}

static inline struct follower follower_of(struct guest_system *gsp, struct book *book, int number)
{
	struct follower f;
	memset(&f, 0, sizeof(f));
	f.book = book;
	f.gsp = gsp;
	f.number = number;
	return f;
}

/* Adds the listener, and empties its book. */
static inline void follow_at(struct follower *f, int priority)
{
	struct gasp_listener l = listener_with(priority);
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_add_listener(f->gsp, &l, f, &f->id), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
	f->book->n = 0;
}

static inline void follow(struct follower *f)
{
	follow_at(f, 0);
}

/* ---- Checks of the book ---- */

static inline const char *name_of(enum callback callback)
{
	static const char *const names[] = { "estimate", "prepare", "commit", "abort" };
	return names[callback];
}

static inline void notified_print(const struct book *book)
{
	for (unsigned i = 0; i < book->n && i < NOTIFIED_MAX; i++)
		fprintf(stderr, "#   %u: %d %s, %u/%u/%u/%u spans\n", i, book->notified[i].number,
			name_of(book->notified[i].callback), book->notified[i].n[0], book->notified[i].n[1],
			book->notified[i].n[2], book->notified[i].n[3]);
}

/* `order` is like "1p 2p 2c": a listener's number, and e, p, c or a for the callback. */
static inline void order_check(const char *file, int line, const struct book *book,
			       const char *order)
{
	char is[8 * NOTIFIED_MAX] = "";
	size_t at = 0;
	for (unsigned i = 0; i < book->n && i < NOTIFIED_MAX; i++)
		at += (size_t)snprintf(is + at, sizeof(is) - at, "%s%d%c", i != 0 ? " " : "",
				       book->notified[i].number, name_of(book->notified[i].callback)[0]);
	if (strcmp(is, order) != 0)
		fprintf(check_fail(file, line), "called \"%s\", not \"%s\"\n", is, order);
}

#define CHECK_ORDER(book, order) order_check(__FILE__, __LINE__, (book), (order))

static inline int same_notification(const struct notification *a, const struct notification *b)
{
	int same = 1;
	for (int side = 0; side < SIDES; side++) {
		same = same && a->n[side] == b->n[side];
		for (unsigned i = 0; same && i < a->n[side] && i < SPANS_MAX; i++)
			same = span_same(&a->spans[side][i], &b->spans[side][i]);
	}
	return same;
}

/* One listener was notified once: prepare and commit of one difference, with so many spans. */
static inline void change_check(const char *file, int line, const struct book *book,
				unsigned mem_removed, unsigned mem_added, unsigned ports_removed,
				unsigned ports_added)
{
	const unsigned want[SIDES] = { mem_removed, mem_added, ports_removed, ports_added };
	const struct notification *p = &book->notified[0], *c = &book->notified[1];
	if (book->n != 2 || p->callback != PREPARE || c->callback != COMMIT || !same_notification(p, c)
	    || memcmp(p->n, want, sizeof(want)) != 0) {
		fprintf(check_fail(file, line), "not prepare and commit of %u/%u/%u/%u spans:\n",
			mem_removed, mem_added, ports_removed, ports_added);
		notified_print(book);
	}
}

#define CHECK_CHANGE(book, ...) change_check(__FILE__, __LINE__, (book), __VA_ARGS__)

static inline void side_check(const char *file, int line, const struct notification *t,
			      enum side side, const struct gasp_span *want, unsigned n)
{
	struct map map;
	map.n = t->n[side] < SPANS_MAX ? t->n[side] : SPANS_MAX;
	memcpy(map.spans, t->spans[side], map.n * sizeof(map.spans[0]));
	map_check(file, line, "the difference", &map, want, n);
}

/* The first notification in the book has these spans on a side. */
#define CHECK_NOTIFIED(book, side, ...) do { \
		const struct gasp_span want_[] = { __VA_ARGS__ }; \
		side_check(__FILE__, __LINE__, &(book)->notified[0], (side), want_, COUNT(want_)); \
	} while (0)

/* ---- A mirror ---- */

/* The guest's map as its differences describe it. A span counts as backed if its host location is
 * not 0, because a span does not say so otherwise. */
struct mirror {
	struct map maps[2];
	unsigned commits;
	unsigned faults;
	int prepared;
};

static inline int span_backed(const struct gasp_span *s)
{
	return s->host_location != 0;
}

static inline int span_continues(const struct gasp_span *a, const struct gasp_span *b)
{
	return a->last != TOP && a->last + 1 == b->location && a->flags == b->flags
	       && a->cookie == b->cookie && a->vdev == b->vdev && span_backed(a) == span_backed(b)
	       && (!span_backed(a)
		   || a->host_location + (b->location - a->location) == b->host_location);
}

static inline struct gasp_span span_cut(struct gasp_span s, uint64_t first, uint64_t last)
{
	if (span_backed(&s))
		s.host_location += first - s.location;
	s.location = first;
	s.last = last;
	return s;
}

static inline void map_put(struct map *map, struct gasp_span s)
{
	if (map->n != 0 && span_continues(&map->spans[map->n - 1], &s))
		map->spans[map->n - 1].last = s.last;
	else if (map->n < MAP_MAX)
		map->spans[map->n++] = s;
}

/* Removes a span that the map must have with these attributes. Returns the number of faults. */
static inline unsigned map_take(struct map *map, struct gasp_span removed)
{
	static __thread struct map old;
	uint64_t missing = removed.last - removed.location + 1;
	unsigned faults = 0;
	old = *map;
	map->n = 0;
	for (unsigned i = 0; i < old.n; i++) {
		struct gasp_span s = old.spans[i];
		uint64_t first = s.location > removed.location ? s.location : removed.location;
		uint64_t last = s.last < removed.last ? s.last : removed.last;
		if (first > last) {
			map_put(map, s);
			continue;
		}
		struct gasp_span is = span_cut(s, first, last), want = span_cut(removed, first, last);
		faults += !span_same(&is, &want);
		missing -= last - first + 1;
		if (s.location < first)
			map_put(map, span_cut(s, s.location, first - 1));
		if (s.last > last)
			map_put(map, span_cut(s, last + 1, s.last));
	}
	return faults + (missing != 0);
}

/* Adds a span where the map must have nothing. Returns the number of faults. */
static inline unsigned map_add(struct map *map, struct gasp_span added)
{
	static __thread struct map old;
	unsigned faults = 0, done = 0;
	old = *map;
	map->n = 0;
	for (unsigned i = 0; i < old.n; i++) {
		faults += old.spans[i].location <= added.last && added.location <= old.spans[i].last;
		if (!done && old.spans[i].location > added.location) {
			map_put(map, added);
			done = 1;
		}
		map_put(map, old.spans[i]);
	}
	if (!done)
		map_put(map, added);
	return faults;
}

static inline int mirror_prepare(void *arg, const struct gasp_difference *d)
{
	struct mirror *m = (struct mirror *)arg;
	(void)d;
	m->faults += m->prepared != 0;
	m->prepared = 1;
	return EOK;
}

static inline void mirror_abort(void *arg, const struct gasp_difference *d)
{
	struct mirror *m = (struct mirror *)arg;
	(void)d;
	m->faults += m->prepared != 1;
	m->prepared = 0;
}

static inline void mirror_commit(void *arg, const struct gasp_difference *d)
{
	struct mirror *m = (struct mirror *)arg;
	m->faults += m->prepared != 1;
	m->prepared = 0;
	m->commits++;
	for (int side = 0; side < SIDES; side++) {
		struct gasp_span_list runs = side_of(d, (enum side)side);
		struct map *map = &m->maps[side / 2];
		for (size_t i = 0; i < runs.count; i++)
			m->faults += side % 2 == 0 ? map_take(map, runs.first[i])
						   : map_add(map, runs.first[i]);
	}
}

static inline struct gasp_listener mirror_listener(int priority)
{
	struct gasp_listener l;
	memset(&l, 0, sizeof(l));
	l.size = sizeof(l);
	l.priority = priority;
	l.prepare = mirror_prepare;
	l.commit = mirror_commit;
	l.abort = mirror_abort;
	return l;
}

static inline void mirror_check(const char *file, int line, struct guest_system *gsp,
				const struct mirror *m)
{
	map_expect(file, line, gsp, QST_MEMORY, m->maps[0].spans, m->maps[0].n);
	map_expect(file, line, gsp, QST_X86_IO, m->maps[1].spans, m->maps[1].n);
	check_eq(file, line, "faults", "0", m->faults, 0);
}

#define CHECK_MIRROR(gsp, m) mirror_check(__FILE__, __LINE__, (gsp), (m))

#endif
