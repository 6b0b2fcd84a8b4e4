/* Another library with some of libgasp's names. Its results cannot be mistaken for libgasp's.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <gasp/host.h>
#include <qvm/gasp.h>
#include <stdint.h>
#include <string.h>

static char it[16];

struct guest_system *gasp_guest_create(const struct gasp_guest_options *options)
{
	(void)options;
	return (struct guest_system *)(void *)it;
}

void gasp_guest_destroy(struct guest_system *gsp)
{
	(void)gsp;
}

int gasp_lock(struct guest_system *gsp, uint16_t type)
{
	(void)gsp;
	(void)type;
	return EOK;
}

int gasp_unlock(struct guest_system *gsp, uint16_t type)
{
	(void)gsp;
	(void)type;
	return EOK;
}

unsigned gasp_region_set_soft(struct guest_system *gsp, unsigned num_regions, const struct gasp_region *rgn)
{
	(void)gsp;
	(void)rgn;
	return num_regions;
}

int gasp_region_info(struct guest_system *gsp, const struct qvm_state_block *blk, struct gasp_region *rgn)
{
	(void)gsp;
	memset(rgn, 0, sizeof *rgn);
	rgn->guest = *blk;
	rgn->cookie = 0xBAD;
	return EOK;
}

uint64_t gasp_find_free(const struct guest_system *gsp, unsigned qst, uint64_t size, uint64_t align)
{
	(void)gsp;
	(void)qst;
	(void)size;
	(void)align;
	return 0xBAD000;
}
