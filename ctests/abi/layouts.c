/* Every size, offset and value that C sees, asserted while this compiles (C11 and later, C++11
 * and later). The numbers are QNX's, or libgasp's own where its pages give none; src/abi/layout.rs
 * has the layouts for Rust.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <assert.h>
#include <gasp/host.h>
#include <qvm/gasp.h>
#include <qvm/guest.h>
#include <qvm/log.h>
#include <qvm/types.h>
#include <qvm/vdev-core.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SIZE(type, size) static_assert(sizeof(type) == (size), "sizeof " #type)
#define AT(type, field, offset, size) \
	static_assert(offsetof(type, field) == (offset) && sizeof(((type *)0)->field) == (size), \
		#type "." #field)
#define IS(name, value) static_assert((name) == (value), #name)

/* <qvm/types.h>: layouts */

SIZE(struct qvm_state_block, 16);
AT(struct qvm_state_block, location, 0, 8);
AT(struct qvm_state_block, length, 8, 4);
AT(struct qvm_state_block, type, 12, 2);
AT(struct qvm_state_block, flags, 14, 2);

SIZE(struct gasp_region, 40);
AT(struct gasp_region, flags, 0, 4);
AT(struct gasp_region, cookie, 4, 4);
AT(struct gasp_region, vdev, 8, 8);
AT(struct gasp_region, host_location, 16, 8);
AT(struct gasp_region, guest, 24, 16);

/* <qvm/types.h>: values */

#ifndef EOK
#error "EOK is missing"
#endif
IS(EOK, 0);
IS(QST_MEMORY, 0);
IS(QST_VIRTUAL, 1);
IS(QST_CPUREGS, 2);
IS(QST_FPUREGS, 3);
IS(QST_HOST, 4);
IS(QST_PCI, 5);
IS(QST_PCI_IO, 6);
IS(QST_IMMEDIATE, 7);
IS(QST_ARCH_SPECIFIC, 0x8000);
IS(QST_X86_IO, 0x8000);
IS(QST_ARM_SR, 0x8000);
IS(QST_X86_SEGREGS, 0x8001);
IS(QST_X86_CTRLREGS, 0x8002);
IS(QST_X86_DBGREGS, 0x8003);
IS(QST_X86_MSR, 0x8004);
IS(QST_NO_TYPE, 0xffff);
IS(QSF_NONE, 0);
IS(QSF_SEXT_SHIFT, 0);
IS(QSF_ZEXT_SHIFT, 4);
IS(QSF_EXT_MASK, 0xf);
IS(QSF_FORCE_WRITE, 0x4000);
IS(QSF_REPORT_EXCEPTION, 0x8000);
IS(GRF_NONE, 0);
IS(GRF_VIRT_RD, 0x1);
IS(GRF_VIRT_WR, 0x2);
IS(GRF_VIRT_EX, 0x4);
IS(GRF_VIRT_ANY, 0x7);
IS(GRF_PASS_RD, 0x8);
IS(GRF_PASS_WR, 0x10);
IS(GRF_PASS_EX, 0x20);
IS(GRF_PASS_ANY, 0x38);
IS(GRF_NOCACHE, 0x40);
IS(GRF_ACTIVE, 0x80);
IS(GRF_MEMORY, 0x100);
IS(GRF_PASSTHRU, 0x200);
IS(GRF_DMA_USES, 0x400);
IS(GRF_DMA_NO_USE, 0x800);
IS(GRF_DMA_SOURCE, 0x1000);
IS(GRF_DMA_TARGET, 0x2000);
IS(GRF_PRECIOUS, 0x4000);
IS(GRF_NOPERMS, 0x8000);
IS(GRF_STICKY, 0x3300);
IS(GRF_STICKY, GRF_MEMORY | GRF_PASSTHRU | GRF_DMA_SOURCE | GRF_DMA_TARGET);
IS(GRF_BACKUP_MASK, 0xf0000000u);
IS(GRF_BACKUP_SHIFT, 25);
IS((uint32_t)(GRF_PASS_ANY | GRF_NOCACHE) << GRF_BACKUP_SHIFT, GRF_BACKUP_MASK);
IS(QSL_NO_LOCATION, UINT64_MAX); /* value: libgasp's own */
IS(QSL_PCI_MAKE_LOC(0, 0, 0), 0u); /* packing: libgasp's own */
IS(QSL_PCI_MAKE_LOC(255, 31, 7), 0xffff000u);
IS(QSL_PCI_MAKE_LOC(1, 2, 3), 0x113000u);

/* <qvm/guest.h> */

SIZE(struct guest_intr, 16);
AT(struct guest_intr, pic, 0, 8);
AT(struct guest_intr, param, 8, 4);
AT(struct guest_intr, src_id, 12, 4);
IS(GXF_NONE, 0);
IS(GXF_PAUSE, 1);
IS(GXF_UNPAUSE, 2);
IS(GXF_ASYNC, 4);
IS(GXF_GDB, 8);
IS(GXF_FLUSH, 0x10);
IS(GIS_ON, 1);
IS(GIS_OFF, 2);
IS(GIS_ISR, 4);
IS(GTC_NORMAL_EXIT, 0);
IS(GTC_WATCHDOG, 4); /* name: libgasp's own, as the next */
IS(GTC_VDEV_ERROR, 6);
IS(GTC_CUSTOM_MIN, 32);
IS(GTC_MAX, 63);
SIZE(guest_termination_cause_t, 4);
SIZE(struct guest_timer_data, 16); /* fields: libgasp's own */
AT(struct guest_timer_data, when, 0, 8);
AT(struct guest_timer_data, now, 8, 8);
IS(GUEST_TIMER_OFF, UINT64_MAX); /* libgasp's own */

/* <qvm/log.h>: the numbers are libgasp's own */

IS(QL_QVM_ERR, 1);
IS(QL_QVM_WARN, 2);
IS(QL_QVM_INFO, 3);
IS(QL_QVM_DBG, 4);
IS(QLS_CNF, 1);
IS(QLS_QVM, 2);
#if !defined(QVM_PRINTF_LIKE) || !defined(QVM_NO_RETURN)
#error "a macro is missing"
#endif

/* <qvm/vdev-core.h>: after v_mtx, offsets depend on this system's pthread_mutex_t */

SIZE(struct qvm_sched_info, 8); /* fields: libgasp's own */
AT(struct qvm_sched_info, policy, 0, 4);
AT(struct qvm_sched_info, priority, 4, 4);
AT(struct vdev_s, v_device, 0, 8);
AT(struct vdev_s, v_factory, 8, 8);
AT(struct vdev_s, v_gsp, 16, 8);
AT(struct vdev_s, v_block, 24, 16);
AT(struct vdev_s, v_intr, 40, 16);
AT(struct vdev_s, v_mtx, 56, sizeof(pthread_mutex_t));
AT(struct vdev_s, v_sched, 56 + sizeof(pthread_mutex_t), 8);
SIZE(vdev_t, 56 + sizeof(pthread_mutex_t) + sizeof(struct qvm_sched_info));
SIZE(struct vdev_factory, 88);
AT(struct vdev_factory, next, 0, 8);
AT(struct vdev_factory, control, 8, 8);
AT(struct vdev_factory, vread, 16, 8);
AT(struct vdev_factory, vwrite, 24, 8);
AT(struct vdev_factory, pulse, 32, 8);
AT(struct vdev_factory, timer, 40, 8);
AT(struct vdev_factory, pic, 48, 8);
AT(struct vdev_factory, option_list, 56, 8);
AT(struct vdev_factory, name, 64, 8);
AT(struct vdev_factory, factory_flags, 72, 4);
AT(struct vdev_factory, acc_sizes, 76, 4);
AT(struct vdev_factory, extra_space, 80, 4);
AT(struct vdev_factory, safety, 84, 4);
SIZE(struct vdev_pic_functions, 48); /* types but for signal: libgasp's own */
AT(struct vdev_pic_functions, flags, 0, 4);
AT(struct vdev_pic_functions, pnum_mask, 4, 4);
AT(struct vdev_pic_functions, signal, 8, 8);
AT(struct vdev_pic_functions, notify, 16, 8);
AT(struct vdev_pic_functions, parse, 24, 8);
AT(struct vdev_pic_functions, string, 32, 8);
AT(struct vdev_pic_functions, table_spec, 40, 8);
IS(VFF_NONE, 0);
IS(VFF_RESERVED, 0x1);
IS(VFF_INTR_NO, 0x2);
IS(VFF_INTR_REQ, 0x4);
IS(VFF_INTR_NONPCI, 0x8);
IS(VFF_LOC_NO, 0x10);
IS(VFF_VDEV_MEM, 0x20);
IS(VFF_VDEV_X86_IO, 0x40);
IS(VFF_VDEV_PCI, 0x80);
IS(VFF_VDEV_LOC_TYPES, 0xe0);
IS(VFF_MUTEX, 0x100);
IS(VFF_MUTEX_RECURSIVE, 0x200);
IS(VFF_RC, 0x400);
IS(VFF_MANUAL_REGION, 0x800);
IS(VDEV_CTRL_OPTIONS_START, 0);
IS(VDEV_CTRL_OPTIONS_END, 1);
IS(VDEV_CTRL_GUEST_CONFIGURED, 2);
IS(VDEV_CTRL_BOOTUP, VDEV_CTRL_GUEST_CONFIGURED);
IS(VDEV_CTRL_TERMINATE, 3);
IS(VDEV_CTRL_STATUS, 4);
IS(VDEV_CTRL_GEN_ACPI, 5);
IS(VDEV_CTRL_GEN_FDT, 6);
IS(VDEV_CTRL_BUTTON, 7);
IS(VDEV_CTRL_ASSIGN, 8); /* number: libgasp's own, as the three that follow */
IS(VDEV_CTRL_GUEST_STARTING, 9);
IS(VDEV_CTRL_PCI_BARS, 10);
IS(VDEV_CTRL_FIRST_OPTIDX, 0x100);
IS(VDEV_SAFETY_NO, 0x55555555);
IS(VDEV_SAFETY_YES, 0xaaaaaaaau);
IS(VDEV_SAFETY_SELECTED, VDEV_SAFETY_NO);
IS(QVM_VDEV_ABI, 0x701); /* number: libgasp's own */
IS(VIOREF_CLASS_NOP, 0);
IS(VIOREF_CLASS_NOTIFY, 0x10000);
IS(VIOREF_CLASS_ENABLED, 0x20000);
IS(VIOREF_CLASS_RESET, 0x30000);
IS(VIOREF_CLASS_STATUS, 0x40000);
IS(VIOREF_CLASS_DEVCFG, 0x50000);
IS(VIOREF_CLASS_BUS_ERROR, 0x60000);
IS(VIOREF_CLASS_ERRNO, 0x70000);
IS(VIOREF_CLASS_MASK, 0xf0000);
IS(VIO_MAX_FEATURE_WORDS, 4);
IS(VRS_NORMAL, 0);
IS(VRS_NO_ADVANCE, 1);
IS(VRS_ABORT, 2);
IS(VRS_BUS_ERROR, 3);
IS(VRS_CONTINUE, 4);
IS(VRS_TERMINATE, 5);
IS(VRS_ERRNO, 0x100);

/* <qvm/gasp.h> */

SIZE(struct gasp_walk_state, 56);
AT(struct gasp_walk_state, span, 0, 8);
AT(struct gasp_walk_state, gsp, 8, 8);
AT(struct gasp_walk_state, guest_loc, 16, 8);
AT(struct gasp_walk_state, host_loc, 24, 8);
AT(struct gasp_walk_state, length, 32, 8);
AT(struct gasp_walk_state, max_length, 40, 8);
AT(struct gasp_walk_state, flags, 48, 4);
SIZE(struct gasp_walk_state_filtered, 80);
AT(struct gasp_walk_state_filtered, ws, 0, 56);
AT(struct gasp_walk_state_filtered, filter, 56, 8);
AT(struct gasp_walk_state_filtered, remaining_guest_loc, 64, 8);
AT(struct gasp_walk_state_filtered, remaining_length, 72, 8);
IS(GRAM_HINT_RAM, 1);
IS(GRAM_HINT_ROM, 2);
IS(GRAM_HINT_ALIGN_TOP, 4);
IS(GWS_HOST, 1); /* value: libgasp's own, as the next */
IS(GMF_MAP_ANY, 1 << 30);

/* <gasp/host.h>: all of it libgasp's own */

SIZE(struct gasp_guest_options, 16);
AT(struct gasp_guest_options, size, 0, 8);
AT(struct gasp_guest_options, flags, 8, 4);
SIZE(struct gasp_span, 40);
AT(struct gasp_span, location, 0, 8);
AT(struct gasp_span, last, 8, 8);
AT(struct gasp_span, host_location, 16, 8);
AT(struct gasp_span, vdev, 24, 8);
AT(struct gasp_span, flags, 32, 4);
AT(struct gasp_span, cookie, 36, 4);
IS(GASP_GUEST_STRICT, 1);
IS(GASP_GUEST_GUARDED, 2);
SIZE(struct gasp_trap, 40);
AT(struct gasp_trap, vdev, 0, 8);
AT(struct gasp_trap, location, 8, 8);
AT(struct gasp_trap, data, 16, 8);
AT(struct gasp_trap, length, 24, 8);
AT(struct gasp_trap, cookie, 32, 4);
AT(struct gasp_trap, kind, 36, 2);
AT(struct gasp_trap, type, 38, 2);
SIZE(struct gasp_counts, 72);
AT(struct gasp_counts, passed, 0, 24);
AT(struct gasp_counts, trapped, 24, 24);
AT(struct gasp_counts, unsupported, 48, 24);
SIZE(struct gasp_backing, 24);
AT(struct gasp_backing, fd, 0, 4);
AT(struct gasp_backing, offset, 8, 8);
AT(struct gasp_backing, length, 16, 8);
SIZE(struct gasp_span_list, 16);
AT(struct gasp_span_list, first, 0, 8);
AT(struct gasp_span_list, count, 8, 8);
SIZE(struct gasp_difference, 64);
AT(struct gasp_difference, memory_removed, 0, 16);
AT(struct gasp_difference, memory_added, 16, 16);
AT(struct gasp_difference, ports_removed, 32, 16);
AT(struct gasp_difference, ports_added, 48, 16);
SIZE(struct gasp_cost, 24);
AT(struct gasp_cost, slots, 0, 8);
AT(struct gasp_cost, slots_left, 8, 8);
AT(struct gasp_cost, ioctls, 16, 8);
SIZE(struct gasp_listener, 48);
AT(struct gasp_listener, size, 0, 8);
AT(struct gasp_listener, priority, 8, 4);
AT(struct gasp_listener, estimate, 16, 8);
AT(struct gasp_listener, prepare, 24, 8);
AT(struct gasp_listener, commit, 32, 8);
AT(struct gasp_listener, abort, 40, 8);
SIZE(struct gasp_report, 88);
AT(struct gasp_report, size, 0, 8);
AT(struct gasp_report, index, 8, 4);
AT(struct gasp_report, error, 12, 4);
AT(struct gasp_report, type, 16, 4);
AT(struct gasp_report, conflict, 24, 40);
AT(struct gasp_report, cost, 64, 24);
IS(GASP_RAM, 0);
IS(GASP_ROM, 1);
IS(GASP_LARGE_PAGES, 0x100);
IS(GASP_POPULATE, 0x200);
IS(GASP_VERSION_MAJOR, 0);
IS(GASP_VERSION_MINOR, 9);
IS(GASP_VERSION_PATCH, 0);
IS(GASP_VERSION, 0x000900);
IS(GASP_SET_ALL_OR_NOTHING, 1);
IS(GASP_SET_DRY_RUN, 2);
IS(GASP_READ, 0);
IS(GASP_WRITE, 1);
IS(GASP_EXECUTE, 2);
IS(GASP_UNSUPPORTED_IGNORE, 0);
IS(GASP_UNSUPPORTED_FAIL, 1);
IS(GASP_UNSUPPORTED_ABORT, 2);

/* The prototypes that vdevs call, as docs/vdevs.md has them. The functions are in the program that
 * runs the guest, so this is never linked to them. */

#ifdef __cplusplus
extern "C" {
#endif
int guest_cpu_read(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk,
	unsigned nblks, void *data, unsigned data_len);
int guest_cpu_write(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk,
	unsigned nblks, const void *data, unsigned data_len);
int guest_intr_signal(const struct guest_intr *intr, enum guest_intr_state state);
void guest_terminate(struct guest_system *gsp, guest_termination_cause_t cause);
struct guest_timer *guest_timer_create(vdev_t *vdev, void *data);
int guest_timer_notify(struct guest_timer *timer, uint64_t when);
int guest_timer_state(const struct guest_timer *timer, struct guest_timer_data *tdp);
int guest_write_all_ones(struct guest_cpu *gcp, const struct qvm_state_block *blk);
void vdev_register_factory(struct vdev_factory *factory, unsigned abi_version);
void qvm_logf(unsigned kind, const char *fmt, ...);
void vdev_logf(unsigned kind, const vdev_t *vdev, const char *fmt, ...);
void qvm_report(const char *fmt, ...);
void qvm_fatal(unsigned source, const char *fmt, ...);
#ifdef __cplusplus
}
#endif

/* What no assertion can say. */
int main(void)
{
	int good = strcmp(QVM_OPTION_NO_ARG_PREFIX, "0") == 0;
	int vrs = guest_cpu_to_vrs(-1) == VRS_BUS_ERROR
		&& (int)guest_cpu_to_vrs(EINVAL) == (int)VRS_ERRNO + EINVAL;

	printf("1..3\nok 1 - layouts_and_values\n");
	printf("%s 2 - option_prefix\n", good ? "ok" : "not ok");
	printf("%s 3 - guest_cpu_to_vrs\n", vrs ? "ok" : "not ok");
	return good && vrs ? 0 : 1;
}
