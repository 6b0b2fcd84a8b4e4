/* <qvm/guest.h>
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/guest.h>

#include "facts.h"

FACTS_BEGIN

/* vCPU access */
int guest_cpu_read(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk,
	unsigned nblks, void *data, unsigned data_len);
int guest_cpu_write(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk,
	unsigned nblks, const void *data, unsigned data_len);
int guest_write_all_ones(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk);

/* interrupts */
int guest_intr_signal(const struct guest_intr *gip, enum guest_intr_state gis); /* const: own */
void guest_intr_assign(vdev_t *pic, unsigned pnum, enum guest_intr_assign_type const type,
	struct guest_intr *ip);
void guest_intr_notify(const vdev_t *vdp, unsigned param, enum guest_intr_notifications gin);

/* MSI: a function type, not a pointer type */
typedef void guest_msi_deliver_func_t(vdev_t *pic, const vdev_t *src, uint64_t paddr, unsigned data,
	unsigned cookie);
int guest_msi_signal(const vdev_t *src, uint64_t addr, unsigned data);
void guest_msi_register(vdev_t *const pic, uint64_t const paddr, uint64_t const mask,
	guest_msi_deliver_func_t *deliver, unsigned cookie);

/* timers */
struct guest_timer *guest_timer_create(const struct guest_cpu *gcp, const vdev_t *vdp,
	const void *data, uint64_t *resolutionp);
int guest_timer_notify(struct guest_timer *vtp, const struct guest_timer_data *tdp, uint64_t incr);
void guest_timer_state(const struct guest_timer *vtp, struct guest_timer_data *tdp);

/* clock: 8.0's prototypes; power state; instructions; termination */
void guest_clock_start(void);
void guest_clock_stop(void);
int guest_power_state_current(struct guest_system *gsp, enum guest_power_state_cmd cmd,
	unsigned base, unsigned nresult, uint64_t *result);
void guest_power_state_notify_register(struct guest_power_state_notify *qpnp,
	enum guest_power_state_cmd cmd, unsigned base, uint64_t mask, uint64_t bits,
	guest_power_state_callback_func_t *func, void *data);
typedef enum vdev_ref_status guest_instr_callback_func_t(vdev_t *vdp, struct guest_cpu *gcp,
	enum guest_instr_type git, unsigned qualifier);
int guest_instr_register(vdev_t *vdp, enum guest_instr_type git, unsigned qualifier,
	guest_instr_callback_func_t *func);
typedef unsigned guest_termination_cause_t;

/* own: the pages have the names alone */
typedef void guest_power_state_callback_func_t(void *data);
struct guest_power_state_notify *guest_power_state_notify_create(struct guest_system *gsp);
void guest_power_state_notify_delete(struct guest_power_state_notify *qpnp);
size_t guest_intr_string(const struct guest_intr *gip, char *buf, size_t buf_len);
void guest_terminate(struct guest_system *gsp, guest_termination_cause_t cause);
int guest_write_core_file(struct guest_system *gsp);

FACTS_END

SIZE(struct guest_timer_data, 32);
FIELD(struct guest_timer_data, host_notify_start, 0, uint64_t);
FIELD(struct guest_timer_data, host_current, 8, uint64_t);
FIELD(struct guest_timer_data, guest_notify_start, 16, uint64_t);
FIELD(struct guest_timer_data, guest_current, 24, uint64_t);

IS(GXF_NONE, 0);
IS(GXF_PAUSE, 1);
IS(GXF_UNPAUSE, 2);
IS(GXF_ASYNC, 4);
IS(GXF_GDB, 8);
IS(GXF_FLUSH, 0x10);
TYPE((enum guest_xfer_flags)0, enum guest_xfer_flags);

IS(GTC_CUSTOM_MIN, 32);
IS(GTC_MAX, 63);         /* the name is 8.0's */
IS(GTC_NORMAL_EXIT, 0);  /* number: own */
IS(GTC_WATCHDOG, 4);     /* name: own; the exit code is QNX's */
IS(GTC_VDEV_ERROR, 6);   /* the same */

/* names; numbers: own */
IS(GPSC_WAIT, 1);
IS(GPSC_OFF, 2);
IS(GIT_FLAG_NO_QUALIFIER, 0x40000000);
