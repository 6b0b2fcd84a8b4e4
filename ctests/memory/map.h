/* Guest memory in several pieces, and views of it.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_MAP_H
#define CTESTS_MAP_H

#include "access.h"

#include <sys/mman.h>

#define RW (PROT_READ | PROT_WRITE)
#define FIRST 0x100000u

static inline struct guest_system *guest_in_chunks(uint64_t length, uint64_t chunk)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, FIRST, length, GASP_RAM, chunk), EOK);
	return gsp;
}

static inline unsigned char *view_of(struct guest_system *gsp, uint64_t at, size_t length)
{
	unsigned char *view = (unsigned char *)gasp_map_sys(gsp, RW, at, length);
	if (view == NULL)
		fprintf(check_fail(__FILE__, __LINE__), "no view of 0x%" PRIx64 ": %s\n", at,
			gasp_last_error());
	return view;
}

static inline unsigned char pattern(uint64_t location)
{
	return (unsigned char)(location * 13 + (location >> 8) + 1);
}

#endif
