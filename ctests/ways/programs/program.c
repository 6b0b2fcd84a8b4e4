/* A program that was linked with other.c: program other | program libgasp says whose answers
 * it is expected to get. It does not know whether libgasp is preloaded.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <gasp/host.h>
#include <qvm/gasp.h>
#include <string.h>
#include "report.h"

int main(int argc, char **argv)
{
	int other = argc > 1 && strcmp(argv[1], "other") == 0;
	struct guest_system *gsp = gasp_guest_create(NULL);
	struct gasp_region rgn = { GRF_VIRT_RD, 7, NULL, 0, { 0, 0x2000, QST_MEMORY, QSF_NONE } };
	struct gasp_region seen;
	int failed = 0;

	if (gsp == NULL || gasp_lock(gsp, QST_MEMORY) != EOK)
		return report("a guest, and its lock", 0);
	failed |= report("gasp_region_set_soft", gasp_region_set_soft(gsp, 1, &rgn) == 1);
	failed |= report("gasp_region_info",
			gasp_region_info(gsp, &rgn.guest, &seen) == EOK && seen.cookie == (other ? 0xBAD : 7));
	failed |= report("gasp_find_free",
			gasp_find_free(gsp, QST_MEMORY, 0x1000, 0x1000) == (other ? 0xBAD000 : 0x2000));
	failed |= report("gasp_unlock", gasp_unlock(gsp, QST_MEMORY) == EOK);
	gasp_guest_destroy(gsp);
	return failed;
}
