/* <qvm/vdev-core.h>
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/vdev-core.h>

#include "facts.h"

/* The mutex has this system's size, and so has what follows it. */
FIELD(struct vdev_s, v_device, 0, void *);
FIELD(struct vdev_s, v_factory, 8, struct vdev_factory *);
FIELD(struct vdev_s, v_gsp, 16, struct guest_system *);
FIELD(struct vdev_s, v_block, 24, struct qvm_state_block);
FIELD(struct vdev_s, v_intr, 40, struct guest_intr);
FIELD(struct vdev_s, v_mtx, 56, pthread_mutex_t);
FIELD(struct vdev_s, v_sched, 56 + sizeof(pthread_mutex_t), struct qvm_sched_info);
SIZE(vdev_t, 56 + sizeof(pthread_mutex_t) + sizeof(struct qvm_sched_info));
TYPE(*(vdev_t *)0, struct vdev_s);

SIZE(struct vdev_factory, 88);
FIELD(struct vdev_factory, next, 0, struct vdev_factory *);
FIELD(struct vdev_factory, control, 8, int (*)(vdev_t *vdev, unsigned ctrl, const char *arg));
FIELD(struct vdev_factory, vread, 16, enum vdev_ref_status (*)(vdev_t *vdev, unsigned cookie,
	const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
	struct guest_cpu *gcp));
FIELD(struct vdev_factory, vwrite, 24, enum vdev_ref_status (*)(vdev_t *vdev, unsigned cookie,
	const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
	struct guest_cpu *gcp));
FIELD(struct vdev_factory, pulse, 32, int (*)(vdev_t *vdev, int8_t code));
FIELD(struct vdev_factory, timer, 40, void (*)(vdev_t *vdev, void *data,
	const struct guest_timer_data *tdp, struct guest_cpu *gcp));
FIELD(struct vdev_factory, pic, 48, const struct vdev_pic_functions *);
FIELD(struct vdev_factory, option_list, 56, const char *const *);
FIELD(struct vdev_factory, name, 64, const char *);
FIELD(struct vdev_factory, factory_flags, 72, unsigned);
FIELD(struct vdev_factory, acc_sizes, 76, unsigned);
FIELD(struct vdev_factory, extra_space, 80, unsigned);
FIELD(struct vdev_factory, safety, 84, unsigned);

SIZE(struct vdev_pic_functions, 48);
FIELD(struct vdev_pic_functions, flags, 0, unsigned);
FIELD(struct vdev_pic_functions, pnum_mask, 4, unsigned);
FIELD(struct vdev_pic_functions, signal, 8,
	int (*)(const struct guest_intr *gip, enum guest_intr_state gis));
FIELD(struct vdev_pic_functions, notify, 16,
	void (*)(const struct guest_intr *gip, enum guest_intr_notifications gin));
FIELD(struct vdev_pic_functions, parse, 24,
	const char *(*)(struct guest_intr *gip, const char *name));
FIELD(struct vdev_pic_functions, string, 32,
	size_t (*)(const struct guest_intr *gip, char *buf, size_t buf_len));
FIELD(struct vdev_pic_functions, table_spec, 40, ssize_t (*)(const struct guest_intr *gip,
	enum guest_table_spec_component component, void *buf, size_t buf_len));

IS(VRS_NORMAL, 0);
IS(VRS_NO_ADVANCE, 1);
IS(VRS_ABORT, 2);
IS(VRS_BUS_ERROR, 3);
IS(VRS_CONTINUE, 4);
IS(VRS_TERMINATE, 5);
IS(VRS_ERRNO, 0x100);

IS(VFF_NONE, 0);
IS(VFF_RESERVED, 1);
IS(VFF_INTR_NO, 2);
IS(VFF_INTR_REQ, 4);
IS(VFF_INTR_NONPCI, 8);
IS(VFF_LOC_NO, 0x10);
IS(VFF_VDEV_MEM, 0x20);
IS(VFF_VDEV_X86_IO, 0x40);
IS(VFF_VDEV_PCI, 0x80);
IS(VFF_VDEV_LOC_TYPES, 0xe0);
IS(VFF_MUTEX, 0x100);
IS(VFF_MUTEX_RECURSIVE, 0x200);
IS(VFF_RC, 0x400);
IS(VFF_MANUAL_REGION, 0x800);
TYPE((enum vdev_factory_flags)0, enum vdev_factory_flags);

/* Macros with the suffix u, no enumeration. */
#if VDEV_CTRL_OPTIONS_START != 0 || VDEV_CTRL_OPTIONS_END != 1 || VDEV_CTRL_GUEST_CONFIGURED != 2 \
	|| VDEV_CTRL_BOOTUP != VDEV_CTRL_GUEST_CONFIGURED || VDEV_CTRL_TERMINATE != 3 \
	|| VDEV_CTRL_STATUS != 4 || VDEV_CTRL_GEN_ACPI != 5 || VDEV_CTRL_GEN_FDT != 6 \
	|| VDEV_CTRL_BUTTON != 7
#error "a VDEV_CTRL_* differs"
#endif
TYPE(VDEV_CTRL_OPTIONS_START, unsigned);
TYPE(VDEV_CTRL_FIRST_OPTIDX, unsigned);
#if VDEV_CTRL_ASSIGN != 8 || VDEV_CTRL_GUEST_STARTING != 9 || VDEV_CTRL_PCI_BARS != 10 \
	|| VDEV_CTRL_FIRST_OPTIDX != 0x100 /* numbers: own */
#error "a VDEV_CTRL_* differs"
#endif

IS(VDEV_SAFETY_NO, 0x55555555u);
IS(VDEV_SAFETY_YES, 0xaaaaaaaau);
IS(VDEV_SAFETY_SELECTED, VDEV_SAFETY_NO); /* which: own */
IS(sizeof(QVM_OPTION_NO_ARG_PREFIX), 2);
IS(QVM_VDEV_ABI, 2019090401u); /* 7.0's */
IS(QMRE_UNREG_EVENT, -2);      /* number: own */

FACTS_BEGIN
void vdev_register_factory(struct vdev_factory *factory, unsigned abi_version);
void vdev_pulse(vdev_t *vdp, int8_t code, int priority, struct sigevent *ev, int coid);
int vdev_string(char *buf, size_t count, const vdev_t *vdp);
int vdev_thread_create(const vdev_t *vdp, const char *name, pthread_t *thread, pthread_attr_t *attr,
	vdev_thread_create_func_t start_routine, void *arg);

/* own */
typedef void *(*vdev_thread_create_func_t)(void *arg);
int vdev_path(char *buf, size_t count, const vdev_t *vdp);
FACTS_END

INLINE(guest_cpu_to_vrs, enum vdev_ref_status (*)(int const errcode));
