/* <qvm/vpci.h>
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/vpci.h>

#include "facts.h"

FACTS_BEGIN
int vpci_ctrl_pci_bars(struct vpci_rw_state *rw_cfg, const char *arg);
FACTS_END

SIZE(struct vpci_bar, 56);
FIELD(struct vpci_bar, vb_mapping, 0, struct gasp_region);
FIELD(struct vpci_bar, vb_value, 40, uint32_t);
FIELD(struct vpci_bar, vb_value_upper, 44, uint32_t);
FIELD(struct vpci_bar, vb_slice, 48, uint16_t);
FIELD(struct vpci_bar, vb_breg, 50, uint16_t);
