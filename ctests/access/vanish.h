/* Host memory that vanishes: a file that is mapped and then truncated.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_VANISH_H
#define CTESTS_VANISH_H

#include "access.h"
#include <signal.h>
#include <sys/mman.h>

/* Where the guest has it. */
#define AT 0x10000u
#define LENGTH (2 * PAGE)

struct vanish {
	int fd;
	unsigned char *host;
	struct guest_system *gsp;
	struct gasp_cpu *cpu;
};

/* How many bytes of the memory are there. */
static inline void vanish_to(const struct vanish *v, long length)
{
	if (ftruncate(v->fd, length) != 0)
		abort();
}

static inline void vanish_open(struct vanish *v, unsigned options, unsigned policy)
{
	memset(v, 0, sizeof(*v));
	v->fd = memfd_create("vanish", MFD_CLOEXEC);
	vanish_to(v, LENGTH);
	void *host = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->fd < 0 || host == MAP_FAILED)
		abort();
	v->host = (unsigned char *)host;
	v->gsp = guest_with(options);
	v->cpu = new_cpu(v->gsp);
	CHECK_EQ(gasp_guest_set_unsupported(v->gsp, policy), EOK);
	CHECK_SET(v->gsp, mem_at(AT, LENGTH, RAM, address_of(host)));
}

static inline void vanish_close(struct vanish *v)
{
	gasp_guest_destroy(v->gsp);
	munmap(v->host, LENGTH);
	close(v->fd);
}

/* Memcheck reports accesses to memory that was never mapped, guarded or not. */
static inline int on_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

#endif
