/* Every size, offset and value that C sees, asserted while this compiles (C11 and later, C++11
 * and later); ctests/vdev/facts has those of the vdev interface. The numbers are QNX's, or
 * libgasp's own where its pages give none; abi/src/layout.rs has the layouts for Rust.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <assert.h>
#include <gasp/host.h>
#include <gasp/vdev-host.h>
#include <qvm/gasp.h>
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
IS(ENOTSUPP, ENOTSUP);
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
IS(GASP_GUEST_HOLD_MISSES, 4);
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
SIZE(struct gasp_change, 48);
AT(struct gasp_change, location, 0, 8);
AT(struct gasp_change, last, 8, 8);
AT(struct gasp_change, host_location, 16, 8);
AT(struct gasp_change, vdev, 24, 8);
AT(struct gasp_change, flags, 32, 4);
AT(struct gasp_change, cookie, 36, 4);
AT(struct gasp_change, type, 40, 4);
SIZE(struct gasp_released, 40);
AT(struct gasp_released, size, 0, 8);
AT(struct gasp_released, spans, 8, 8);
AT(struct gasp_released, room, 16, 8);
AT(struct gasp_released, count, 24, 8);
AT(struct gasp_released, ports, 32, 8);
SIZE(struct gasp_run, 48);
AT(struct gasp_run, location, 0, 8);
AT(struct gasp_run, length, 8, 8);
AT(struct gasp_run, host_location, 16, 8);
AT(struct gasp_run, offset, 24, 8);
AT(struct gasp_run, page_size, 32, 8);
AT(struct gasp_run, fd, 40, 4);
AT(struct gasp_run, prot, 44, 4);
SIZE(struct gasp_acting, 16);
AT(struct gasp_acting, vdev, 0, 8);
AT(struct gasp_acting, data, 8, 8);
SIZE(struct gasp_holder, 16);
AT(struct gasp_holder, vdev, 0, 8);
AT(struct gasp_holder, thread, 8, 4);
SIZE(struct gasp_mapping, 40);
AT(struct gasp_mapping, number, 0, 8);
AT(struct gasp_mapping, address, 8, 8);
AT(struct gasp_mapping, length, 16, 8);
AT(struct gasp_mapping, location, 24, 8);
AT(struct gasp_mapping, vdev, 32, 8);
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
IS(GASP_SET_OVERRIDE, 4);
IS(GASP_FIND_TOP, 1);
IS(GASP_SET_ONLY_ABSENT, 8);
IS(GASP_READ, 0);
IS(GASP_WRITE, 1);
IS(GASP_EXECUTE, 2);
IS(GASP_UNSUPPORTED_IGNORE, 0);
IS(GASP_UNSUPPORTED_FAIL, 1);
IS(GASP_TRAP_UNSUPPORTED, -1);
IS(GASP_CPUREG_NUMBER, 0x100000000);
IS(GASP_GPSC_TO, 0x10);
IS(GASP_GPSC_FROM, 0x20);

/* <gasp/vdev-host.h> */

SIZE(struct gasp_vdev_host, 80);
AT(struct gasp_vdev_host, size, 0, 8);
AT(struct gasp_vdev_host, flags, 8, 4);
AT(struct gasp_vdev_host, arg, 16, 8);
AT(struct gasp_vdev_host, interrupt, 24, 8);
AT(struct gasp_vdev_host, terminate, 32, 8);
AT(struct gasp_vdev_host, fatal, 40, 8);
AT(struct gasp_vdev_host, log, 48, 8);
AT(struct gasp_vdev_host, registers, 56, 8);
AT(struct gasp_vdev_host, msi, 64, 8);
AT(struct gasp_vdev_host, core_file, 72, 8);
SIZE(struct gasp_vdev_option, 16);
AT(struct gasp_vdev_option, name, 0, 8);
AT(struct gasp_vdev_option, value, 8, 8);
IS(GASP_VDEVS_SIMULATED_CLOCK, 1);
IS(GASP_VDEVS_COUNT, 2);
IS(GASP_NO_HOSTVECTOR, UINT64_MAX);
IS(GASP_VDEVS_RUN_TIME, 0x20);
IS(GASP_LOG_STDOUT, 1);
IS(GASP_LOG_STDERR, 2);
IS(GASP_LOG_SLOG, 4);
IS(GASP_VDEVS_LOG_FAILURES, 0x100);
IS(GASP_VDEVS_LOG_REFUSED, 0x200);
IS(GASP_VDEVS_WATCH_HANDLERS, 0x400);
IS(GASP_VDEVS_CHECK_LOCKS, 0x800);
IS(GASP_VDEVS_CHECK_END, 0x1000);
IS(GASP_VDEVS_CATCH_CRASHES, 0x2000);
IS(GASP_CPUREG_INSTRUCTION, 16);
SIZE(struct gasp_refusals, 80);
AT(struct gasp_refusals, absent, 0, 8);
AT(struct gasp_refusals, no_right, 8, 8);
AT(struct gasp_refusals, fetch, 16, 8);
AT(struct gasp_refusals, vanished, 24, 8);
AT(struct gasp_refusals, no_vdev, 32, 8);
AT(struct gasp_refusals, size, 40, 8);
AT(struct gasp_refusals, no_function, 48, 8);
AT(struct gasp_refusals, bus_error, 56, 8);
AT(struct gasp_refusals, error, 64, 8);
AT(struct gasp_refusals, wrong_answer, 72, 8);

/* <gasp/host.h> */

IS(GASP_UNSUPPORTED_ABORT, 2);
IS(GASP_REASON_ABSENT, 0);
IS(GASP_REASON_NO_RIGHT, 1);
IS(GASP_REASON_NO_HANDLER, 2);
IS(GASP_REASON_TRAPPED_FETCH, 3);
IS(GASP_REASON_VANISHED, 4);
IS(GASP_REASON_DECLINED, 5);
IS(GASP_REASON_HELD, 6);

/* What an assertion cannot say. */
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
