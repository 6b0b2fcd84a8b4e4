/* Short forms for gasp_guest_set() and its report.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_SET_WHOLE_H
#define CTESTS_SET_WHOLE_H

#include "listen.h"

#define WHOLE GASP_SET_ALL_OR_NOTHING
#define DRY GASP_SET_DRY_RUN

/* A report with a mark in every field, to see which ones are written. */
static inline struct gasp_report report_of(size_t size)
{
	struct gasp_report report;
	memset(&report, 0x5A, sizeof(report));
	report.size = size;
	return report;
}

/* Both spaces and their generations. */
struct state {
	struct map maps[2];
	uint64_t generations[2];
};

static inline struct state state_of(struct guest_system *gsp)
{
	struct state s;
	map_read(gsp, QST_MEMORY, &s.maps[0]);
	map_read(gsp, QST_X86_IO, &s.maps[1]);
	s.generations[0] = gasp_guest_generation(gsp, QST_MEMORY);
	s.generations[1] = gasp_guest_generation(gsp, QST_X86_IO);
	return s;
}

static inline void state_check(const char *file, int line, struct guest_system *gsp,
			       const struct state *before)
{
	struct state now = state_of(gsp);
	for (unsigned i = 0; i < 2; i++) {
		map_check(file, line, i == 0 ? "memory" : "ports", &now.maps[i],
			  before->maps[i].spans, before->maps[i].n);
		check_eq(file, line, "generation", "that before", now.generations[i],
			 before->generations[i]);
	}
}

#define CHECK_UNCHANGED(gsp, before) state_check(__FILE__, __LINE__, (gsp), (before))

static inline void guest_set_expect(const char *file, int line, struct guest_system *gsp,
				    unsigned flags, int want, unsigned index, unsigned n,
				    const struct gasp_region *rgn, struct gasp_report *report)
{
	*report = report_of(sizeof(*report));
	errno = ERRNO_MARK;
	int got = gasp_guest_set(gsp, n, rgn, flags, report);
	int err = errno;
	if (got != want || report->error != want || report->index != index)
		fprintf(check_fail(file, line), "set of %u: %d, report %d at %u; not %d at %u; \"%s\"\n",
			n, got, report->error, report->index, want, index, gasp_last_error());
	if (err != ERRNO_MARK)
		fprintf(check_fail(file, line), "errno was changed to %d\n", err);
	check_eq(file, line, "report->size", "its size", report->size, sizeof(*report));
}

/* A dry run, which changes nothing, and then the call; their reports are the same. */
static inline void both_expect(const char *file, int line, struct guest_system *gsp,
			       unsigned flags, int want, unsigned index, unsigned n,
			       const struct gasp_region *rgn, struct gasp_report *report)
{
	struct state before = state_of(gsp);
	struct gasp_report dry;
	guest_set_expect(file, line, gsp, flags | DRY, want, index, n, rgn, &dry);
	state_check(file, line, gsp, &before);
	guest_set_expect(file, line, gsp, flags, want, index, n, rgn, report);
	check_true(file, line, "the dry run reports the same",
		   span_same(&dry.conflict, &report->conflict) && dry.type == report->type
		   && memcmp(&dry.cost, &report->cost, sizeof(dry.cost)) == 0);
	if (want != EOK && (flags & WHOLE))
		state_check(file, line, gsp, &before);
}

/* All or nothing: the call succeeds. */
#define CHECK_WHOLE(gsp, ...) do { \
		const struct gasp_region set_[] = { __VA_ARGS__ }; \
		struct gasp_report report_; \
		both_expect(__FILE__, __LINE__, (gsp), WHOLE, EOK, COUNT(set_), COUNT(set_), set_, \
			    &report_); \
		CHECK_EQ(report_.conflict.flags, 0); \
	} while (0)

/* All or nothing: an element is refused and nothing changes; the details are in `report`. */
#define CHECK_NOT_WHOLE(gsp, report, at, err, ...) do { \
		const struct gasp_region set_[] = { __VA_ARGS__ }; \
		both_expect(__FILE__, __LINE__, (gsp), WHOLE, (err), (at), COUNT(set_), set_, (report)); \
	} while (0)

#define CHECK_CONFLICT(report, space, want) do { \
		struct gasp_span want_ = (want); \
		CHECK_EQ((report)->type, (space)); \
		if (!CHECK(span_same(&(report)->conflict, &want_))) \
			span_print("is", &(report)->conflict); \
	} while (0)

#endif
