/* A machine, and a handler that looks on at its unsupported accesses and records its calls.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_ONLOOKER_H
#define CTESTS_ONLOOKER_H

#include "access.h"

#define RAM_AT 0x1000u
#define ROM_AT 0x2000u
#define DEVICE 0x5000u		/* traps */
#define DROPS 0x6000u		/* traps reads only */
#define HOLE 0x8000u

/* The calls of the handler. */
struct onlooker {
	unsigned n;
	struct gasp_trap seen[SEEN_MAX];
	unsigned reasons[SEEN_MAX];
	unsigned char first[SEEN_MAX];	/* byte of the data */
	void (*also)(struct gasp_cpu *cpu);
};

static struct machine machine;
static struct onlooker onlooker;

static inline void look_on(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *access,
		    unsigned reason)
{
	struct onlooker *o = (struct onlooker *)arg;
	unsigned i = o->n++ % SEEN_MAX;
	o->seen[i] = *access;
	o->reasons[i] = reason;
	o->first[i] = *(const unsigned char *)access->data;
	if (o->also != NULL)
		o->also(cpu);
	errno = EIO;		/* must not stay */
}

static inline void start_to_look(struct guest_system *gsp)
{
	memset(&onlooker, 0, sizeof(onlooker));
	errno = ERRNO_MARK;
	CHECK_EQ(gasp_guest_set_unsupported_handler(gsp, look_on, &onlooker), EOK);
	CHECK_EQ(errno, ERRNO_MARK);
}

static inline struct machine *machine_with_policy(unsigned policy)
{
	struct machine *m = &machine;
	machine_open(m);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, RAM_AT, PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, ROM_AT, PAGE, GASP_ROM, 0), EOK);
	CHECK_SET(m->gsp, vdev(vdev_a(), cookie(7, mem(DEVICE, PAGE, VIRT))),
		  vdev(vdev_b(), cookie(9, mem(DROPS, PAGE, GRF_VIRT_RD))));
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, policy), EOK);
	start_to_look(m->gsp);
	return m;
}

static inline void onlooker_expect(const char *file, int line, unsigned i, unsigned reason,
			    uint64_t location, size_t length, unsigned kind)
{
	const struct gasp_trap *seen = &onlooker.seen[i];
	if (i >= onlooker.n)
		fprintf(check_fail(file, line), "the handler was called %u times only\n", onlooker.n);
	else if (onlooker.reasons[i] != reason || seen->location != location
		 || seen->length != length || seen->kind != kind)
		fprintf(check_fail(file, line),
			"call %u: reason %u, 0x%" PRIx64 ", %zu bytes, kind %u; not %u, 0x%" PRIx64
			", %zu bytes, kind %u\n", i, onlooker.reasons[i], seen->location, seen->length,
			(unsigned)seen->kind, reason, location, length, kind);
}

/* Call i of the handler. */
#define CHECK_LOOKED(i, reason, location, length, kind) \
	onlooker_expect(__FILE__, __LINE__, (i), (reason), (location), (length), (kind))

#endif
