/* <qvm/types.h>: what is of vdevs; ctests/abi/layouts.c has what is of the address space.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/types.h>

#include "facts.h"

SIZE(struct qvm_state_block, 16);
FIELD(struct qvm_state_block, location, 0, uint64_t);
FIELD(struct qvm_state_block, length, 8, uint32_t);
FIELD(struct qvm_state_block, type, 12, uint16_t);
FIELD(struct qvm_state_block, flags, 14, uint16_t);

SIZE(struct guest_intr, 16);
FIELD(struct guest_intr, pic, 0, vdev_t *);
FIELD(struct guest_intr, param, 8, unsigned);
FIELD(struct guest_intr, src_id, 12, unsigned);

/* sched_param is this system's. */
SIZE(struct qvm_sched_info, 4 + sizeof(struct sched_param));
FIELD(struct qvm_sched_info, policy, 0, int);
FIELD(struct qvm_sched_info, sched, 4, struct sched_param);

IS(GIS_NOP, 0x00);
IS(GIS_ON, 0x01);
IS(GIS_OFF, 0x02);
IS(GIS_ISR, 0x04);
TYPE((enum guest_intr_state)0, enum guest_intr_state);

IS(GIN_UNMASK, 0x01);
IS(GIN_ACK, 0x02);
TYPE((enum guest_intr_notifications)0, enum guest_intr_notifications);

IS(GIAT_UNUSED, 0);
IS(GIAT_SHAREABLE, 1);
IS(GIAT_RESERVED, 2);
IS(GIAT_EXCLUSIVE, 3);
IS(GIAT_SPECIAL, 4);
TYPE((enum guest_intr_assign_type)0, enum guest_intr_assign_type);

IS(GTSC_FDT_INTR, 0);
TYPE((enum guest_table_spec_component)0, enum guest_table_spec_component);

TYPE((enum qvm_state_types)0, enum qvm_state_types);
TYPE((enum qvm_state_flags)0, enum qvm_state_flags);
