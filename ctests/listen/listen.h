/* Listeners that write down what they are told, and a mirror that follows a guest by differences
 * alone.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_LISTEN_H
#define CTESTS_LISTEN_H

#include "check.h"

/* The four lists of a difference. */
enum side { MEM_GONE, MEM_COME, PORTS_GONE, PORTS_COME, SIDES };
/* What a listener's function is called for. */
enum what { ESTIMATE, PREPARE, COMMIT, ABORT };

#define TOLD_MAX 64u

/* One call of a listener's function. Longer lists than RUNS_MAX are cut. */
#define RUNS_MAX 24u
struct told {
	int who;
	enum what what;
	unsigned n[SIDES];
	struct gasp_span spans[SIDES][RUNS_MAX];
};

/* What happened, in order; several listeners can share one. */
struct book {
	unsigned n;
	struct told told[TOLD_MAX];
};

/* A listener. `inside`, unless NULL, is called in each of its functions. */
struct follower {
	struct book *book;
	struct guest_system *gsp;
	int who;
	int refuses;		/* what prepare returns */
	int estimate_refuses;
	struct gasp_cost cost;	/* what estimate says; all 0: it says nothing */
	void (*inside)(struct follower *f, enum what what);
	void *more;
	uint64_t id;
};

static inline struct gasp_span_list side_of(const struct gasp_difference *d, enum side side)
{
	const struct gasp_span_list all[SIDES] = { d->memory_removed, d->memory_added, d->ports_removed,
					      d->ports_added };
	return all[side];
}

static inline void write_down(struct follower *f, enum what what, const struct gasp_difference *d)
{
	struct told *t = &f->book->told[f->book->n % TOLD_MAX];
	t->who = f->who;
	t->what = what;
	for (int side = 0; side < SIDES; side++) {
		struct gasp_span_list runs = side_of(d, (enum side)side);
		t->n[side] = (unsigned)runs.count;
		for (size_t i = 0; i < runs.count && i < RUNS_MAX; i++)
			t->spans[side][i] = runs.first[i];
	}
	f->book->n++;
	if (f->inside != NULL)
		f->inside(f, what);
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

static inline struct follower follower_of(struct guest_system *gsp, struct book *book, int who)
{
	struct follower f;
	memset(&f, 0, sizeof(f));
	f.book = book;
	f.gsp = gsp;
	f.who = who;
	return f;
}

/* Adds it, and forgets what the book has so far. */
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

/* ---- What was told ---- */

static inline const char *name_of(enum what what)
{
	static const char *const names[] = { "estimate", "prepare", "commit", "abort" };
	return names[what];
}

static inline void told_print(const struct book *book)
{
	for (unsigned i = 0; i < book->n && i < TOLD_MAX; i++)
		fprintf(stderr, "#   %u: %d %s, %u/%u/%u/%u runs\n", i, book->told[i].who,
			name_of(book->told[i].what), book->told[i].n[0], book->told[i].n[1],
			book->told[i].n[2], book->told[i].n[3]);
}

/* `order` is like "1p 2p 2c": who, and e, p, c or a. */
static inline void order_check(const char *file, int line, const struct book *book,
			       const char *order)
{
	char is[8 * TOLD_MAX] = "";
	size_t at = 0;
	for (unsigned i = 0; i < book->n && i < TOLD_MAX; i++)
		at += (size_t)snprintf(is + at, sizeof(is) - at, "%s%d%c", i != 0 ? " " : "",
				       book->told[i].who, name_of(book->told[i].what)[0]);
	if (strcmp(is, order) != 0)
		fprintf(check_fail(file, line), "told \"%s\", not \"%s\"\n", is, order);
}

#define CHECK_ORDER(book, order) order_check(__FILE__, __LINE__, (book), (order))

static inline int told_same(const struct told *a, const struct told *b)
{
	int same = 1;
	for (int side = 0; side < SIDES; side++) {
		same = same && a->n[side] == b->n[side];
		for (unsigned i = 0; same && i < a->n[side] && i < RUNS_MAX; i++)
			same = span_same(&a->spans[side][i], &b->spans[side][i]);
	}
	return same;
}

/* One call was told to one listener: prepare and commit of one difference with so many runs. */
static inline void change_check(const char *file, int line, const struct book *book,
				unsigned mem_gone, unsigned mem_come, unsigned ports_removed,
				unsigned ports_added)
{
	const unsigned want[SIDES] = { mem_gone, mem_come, ports_removed, ports_added };
	const struct told *p = &book->told[0], *c = &book->told[1];
	if (book->n != 2 || p->what != PREPARE || c->what != COMMIT || !told_same(p, c)
	    || memcmp(p->n, want, sizeof(want)) != 0) {
		fprintf(check_fail(file, line), "not prepare and commit of %u/%u/%u/%u runs:\n",
			mem_gone, mem_come, ports_removed, ports_added);
		told_print(book);
	}
}

#define CHECK_CHANGE(book, ...) change_check(__FILE__, __LINE__, (book), __VA_ARGS__)

static inline void side_check(const char *file, int line, const struct told *t, enum side side,
			      const struct gasp_span *want, unsigned n)
{
	struct map map;
	map.n = t->n[side] < RUNS_MAX ? t->n[side] : RUNS_MAX;
	memcpy(map.spans, t->spans[side], map.n * sizeof(map.spans[0]));
	map_check(file, line, "the difference", &map, want, n);
}

/* The first thing in the book has these runs on a side. */
#define CHECK_TOLD(book, side, ...) do { \
		const struct gasp_span want_[] = { __VA_ARGS__ }; \
		side_check(__FILE__, __LINE__, &(book)->told[0], (side), want_, COUNT(want_)); \
	} while (0)

/* ---- A mirror ---- */

/* What the guest has, known from differences only. Regions with something behind them, where the
 * host's location is not 0: so continuing is seen from outside. */
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

/* Takes a run out of a map that has to have it, exactly so. Returns how many faults. */
static inline unsigned map_take(struct map *map, struct gasp_span gone)
{
	static __thread struct map old;
	uint64_t missing = gone.last - gone.location + 1;
	unsigned faults = 0;
	old = *map;
	map->n = 0;
	for (unsigned i = 0; i < old.n; i++) {
		struct gasp_span s = old.spans[i];
		uint64_t first = s.location > gone.location ? s.location : gone.location;
		uint64_t last = s.last < gone.last ? s.last : gone.last;
		if (first > last) {
			map_put(map, s);
			continue;
		}
		struct gasp_span is = span_cut(s, first, last), want = span_cut(gone, first, last);
		faults += !span_same(&is, &want);
		missing -= last - first + 1;
		if (s.location < first)
			map_put(map, span_cut(s, s.location, first - 1));
		if (s.last > last)
			map_put(map, span_cut(s, last + 1, s.last));
	}
	return faults + (missing != 0);
}

/* Puts a run into a map that has nothing there. */
static inline unsigned map_add(struct map *map, struct gasp_span come)
{
	static __thread struct map old;
	unsigned faults = 0, done = 0;
	old = *map;
	map->n = 0;
	for (unsigned i = 0; i < old.n; i++) {
		faults += old.spans[i].location <= come.last && come.location <= old.spans[i].last;
		if (!done && old.spans[i].location > come.location) {
			map_put(map, come);
			done = 1;
		}
		map_put(map, old.spans[i]);
	}
	if (!done)
		map_put(map, come);
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
