/* The interface of libgasp-vdev, written down a second time in plain C, without bodies.
 *
 * `make test` compiles it and has abidiff compare it with libgasp-vdev.so, as abi/stub.c with
 * libgasp.so. Sources: docs/vdev-host.md for <gasp/vdev-host.h>, QNX's pages and docs/vdevs.md for
 * <qvm/...>. So that the comparison is worth something, nothing is taken from include/.
 *
 * -DWITH_HEADERS  take the types from include/ instead: the compiler then compares the prototypes
 * -DPLANT_WIDTH   one parameter is too narrow: abidiff has to find it (a check of the check)
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _POSIX_C_SOURCE 200809L /* <qvm/cdev.h> needs it */

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>
#include <time.h>

#ifdef WITH_HEADERS

#include <gasp/vdev-host.h>
#include <qvm/cdev.h>
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/utils.h>
#include <qvm/vdev-core.h>
#include <qvm/wdog.h>

#else

#include <sys/types.h>

struct guest_system;
struct gasp_cpu;
struct gasp_vdevs;
struct guest_cpu;
struct guest_timer;
typedef struct vdev_s vdev_t;
typedef unsigned guest_termination_cause_t;

struct qvm_state_block {
	uint64_t location;
	uint32_t length;
	uint16_t type;
	uint16_t flags;
};

struct guest_intr {
	vdev_t *pic;
	unsigned param;
	unsigned src_id;
};

struct guest_timer_data {
	uint64_t host_notify_start;
	uint64_t host_current;
	uint64_t guest_notify_start;
	uint64_t guest_current;
};

enum guest_intr_state { GIS_NOP = 0, GIS_ON = 1, GIS_OFF = 2, GIS_ISR = 4 };

enum guest_intr_notifications { GIN_UNMASK = 1, GIN_ACK = 2 };

enum guest_intr_assign_type {
	GIAT_UNUSED, GIAT_SHAREABLE, GIAT_RESERVED, GIAT_EXCLUSIVE, GIAT_SPECIAL
};

enum guest_table_spec_component { GTSC_FDT_INTR };

enum vdev_ref_status {
	VRS_NORMAL, VRS_NO_ADVANCE, VRS_ABORT, VRS_BUS_ERROR, VRS_CONTINUE, VRS_TERMINATE,
	VRS_ERRNO = 0x100
};

typedef enum vdev_ref_status (*vdev_ref_function_t)(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp);

typedef void *(*vdev_thread_create_func_t)(void *arg);

struct vdev_pic_functions {
	unsigned flags;
	unsigned pnum_mask;
	int (*signal)(const struct guest_intr *gip, enum guest_intr_state gis);
	void (*notify)(const struct guest_intr *gip, enum guest_intr_notifications gin);
	const char *(*parse)(struct guest_intr *gip, const char *name);
	size_t (*string)(const struct guest_intr *gip, char *buf, size_t buf_len);
	ssize_t (*table_spec)(const struct guest_intr *gip,
			enum guest_table_spec_component component, void *buf, size_t buf_len);
};

struct vdev_factory {
	struct vdev_factory *next;
	int (*control)(vdev_t *vdev, unsigned ctrl, const char *arg);
	vdev_ref_function_t vread;
	vdev_ref_function_t vwrite;
	int (*pulse)(vdev_t *vdev, int8_t code);
	void (*timer)(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
			struct guest_cpu *gcp);
	const struct vdev_pic_functions *pic;
	const char *const *option_list;
	const char *name;
	unsigned factory_flags;
	unsigned acc_sizes;
	unsigned extra_space;
	unsigned safety;
};

struct qvm_sched_info {
	int policy;
	struct sched_param sched;
};

struct vdev_s {
	void *v_device;
	struct vdev_factory *v_factory;
	struct guest_system *v_gsp;
	struct qvm_state_block v_block;
	struct guest_intr v_intr;
	pthread_mutex_t v_mtx;
	struct qvm_sched_info v_sched;
};

struct gasp_vdev_host {
	size_t size;
	unsigned flags;
	void *arg;
	void (*interrupt)(void *arg, unsigned line, int asserted);
	void (*terminate)(void *arg, int exit_code);
	void (*fatal)(void *arg, int exit_code);
	void (*log)(void *arg, unsigned attr, unsigned destinations, const vdev_t *vdev,
			const char *name, const char *text);
	int (*registers)(void *arg, struct gasp_cpu *cpu, const struct qvm_state_block *blk, void *data,
			int write);
	int (*msi)(void *arg, uint64_t addr, unsigned data);
	int (*core_file)(void *arg, const char *path);
};

struct gasp_vdev_option {
	const char *name;
	const char *value;
};

struct guest_power_state_notify;
enum guest_power_state_cmd { GPSC_WAIT = 1, GPSC_OFF = 2 };
enum guest_instr_type { GIT_FLAG_NO_QUALIFIER = 0x40000000 };

typedef void guest_msi_deliver_func_t(vdev_t *pic, const vdev_t *src, uint64_t paddr, unsigned data,
		unsigned cookie);
typedef void guest_power_state_callback_func_t(void *data);
typedef enum vdev_ref_status guest_instr_callback_func_t(vdev_t *vdp, struct guest_cpu *gcp,
		enum guest_instr_type git, unsigned qualifier);

struct qvm_callback;
typedef void qvm_callback_func_t(struct qvm_callback *cbp);

struct qvm_callback {
	qvm_callback_func_t *function;
};

struct wdog_state {
	vdev_t *ws_vdev;
	unsigned ws_action;
	unsigned ws_flags;
};

struct cdev_state {
	struct qvm_callback cb;
	struct vdev_s *vdev;
	struct {
		const char *name;
		uint8_t *buff;
		unsigned size, avail, pos;
		int fd;
	} in;
	struct {
		const char *name;
		uint8_t *buff;
		unsigned size, begin, pos;
		int fd;
		timer_t flush_timer;
		long flush_timeout;
	} out;
	struct termios save_termio;
	unsigned delayed_count;
	unsigned flags;
	int priority;
	struct sigevent ev_in;
	struct sigevent ev_out;
};

typedef void (*gasp_intr_function_t)(void *arg, const struct guest_intr *gip,
		enum guest_intr_notifications gin);
struct gasp_refusals {
	uint64_t absent, no_right, fetch, vanished, no_vdev, size, no_function, bus_error, error;
	uint64_t wrong_answer;
};

typedef void (*gasp_hit_function_t)(void *arg, const vdev_t *vdev, unsigned cookie, uint64_t reads,
		uint64_t writes);

#endif

#ifdef PLANT_WIDTH
typedef uint32_t nanoseconds_t;
#else
typedef uint64_t nanoseconds_t;
#endif

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* libgasp's own, <gasp/vdev-host.h> */

struct gasp_vdevs *gasp_vdevs_create(struct guest_system *gsp,
		const struct gasp_vdev_host *host) { return NULL; }

void gasp_vdevs_destroy(struct gasp_vdevs *vdevs) {}

int gasp_vdevs_add_path(struct gasp_vdevs *vdevs, const char *directory) { return 0; }

const struct vdev_factory *gasp_vdevs_load(struct gasp_vdevs *vdevs, const char *name) { return NULL; }

vdev_t *gasp_vdevs_add(struct gasp_vdevs *vdevs, const char *name,
		const struct gasp_vdev_option *options, unsigned count, unsigned *failed) { return NULL; }

int gasp_vdevs_control(struct gasp_vdevs *vdevs, unsigned ctrl, const char *arg) { return 0; }

int gasp_vdevs_set_cpu(struct gasp_vdevs *vdevs, struct gasp_cpu *cpu, unsigned number) { return 0; }

uint64_t gasp_vdevs_clock(struct gasp_vdevs *vdevs) { return 0; }

int gasp_vdevs_advance(struct gasp_vdevs *vdevs, nanoseconds_t nanoseconds) { return 0; }

vdev_t *gasp_vdevs_next(struct gasp_vdevs *vdevs, const vdev_t *vdev) { return NULL; }

const char *gasp_vdev_name(const vdev_t *vdev) { return NULL; }

int gasp_vdevs_each_hit(struct gasp_vdevs *vdevs, gasp_hit_function_t function, void *arg) { return 0; }

int gasp_vdevs_logger(struct gasp_vdevs *vdevs, const char *filters, const char *dest) { return 0; }

int gasp_vdevs_non_safety(void) { return 0; }

int gasp_vdevs_counts(struct gasp_vdevs *vdevs, struct gasp_refusals *counts) { return 0; }

int gasp_vdev_counts(const vdev_t *vdev, struct gasp_refusals *counts) { return 0; }

int gasp_vdevs_set_limit(struct gasp_vdevs *vdevs, uint64_t milliseconds) { return 0; }

int gasp_vdevs_watch_intr(struct gasp_vdevs *vdevs, const struct guest_intr *gip,
		enum guest_intr_notifications gin, gasp_intr_function_t function, void *arg) { return 0; }

ssize_t gasp_vdevs_table_spec(struct gasp_vdevs *vdevs, const struct guest_intr *gip,
		enum guest_table_spec_component component, void *buf, size_t buf_len) { return 0; }

uint64_t gasp_vdev_hostvector(const vdev_t *vdev) { return 0; }

uint64_t gasp_vdev_run_time(const vdev_t *vdev) { return 0; }

int gasp_vdevs_set_power(struct gasp_vdevs *vdevs, unsigned number,
		enum guest_power_state_cmd state) { return 0; }

int gasp_vdevs_instruction(struct gasp_vdevs *vdevs, struct gasp_cpu *cpu, enum guest_instr_type git,
		unsigned qualifier, enum vdev_ref_status *status) { return 0; }

/* QNX, <qvm/vdev-core.h> */

void vdev_register_factory(struct vdev_factory *factory, unsigned abi_version) {}

void vdev_pulse(vdev_t *vdp, int8_t code, int priority, struct sigevent *ev, int coid) {}

int vdev_string(char *buf, size_t count, const vdev_t *vdp) { return 0; }

int vdev_path(char *buf, size_t count, const vdev_t *vdp) { return 0; }

int vdev_thread_create(const vdev_t *vdp, const char *name, pthread_t *thread, pthread_attr_t *attr,
		vdev_thread_create_func_t start_routine, void *arg) { return 0; }

/* QNX, <qvm/guest.h> */

int guest_cpu_read(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk,
		unsigned nblks, void *data, unsigned data_len) { return 0; }

int guest_cpu_write(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk,
		unsigned nblks, const void *data, unsigned data_len) { return 0; }

int guest_write_all_ones(struct guest_cpu *gcp, unsigned flags,
		const struct qvm_state_block *blk) { return 0; }

void guest_intr_notify(const vdev_t *vdp, unsigned param, enum guest_intr_notifications gin) {}

int guest_msi_signal(const vdev_t *src, uint64_t addr, unsigned data) { return 0; }

void guest_msi_register(vdev_t *const pic, uint64_t const paddr, uint64_t const mask,
		guest_msi_deliver_func_t *deliver, unsigned cookie) {}

void guest_clock_start(void) {}

void guest_clock_stop(void) {}

int guest_power_state_current(struct guest_system *gsp, enum guest_power_state_cmd cmd, unsigned base,
		unsigned nresult, uint64_t *result) { return 0; }

struct guest_power_state_notify *guest_power_state_notify_create(struct guest_system *gsp) { return NULL; }

void guest_power_state_notify_delete(struct guest_power_state_notify *qpnp) {}

void guest_power_state_notify_register(struct guest_power_state_notify *qpnp,
		enum guest_power_state_cmd cmd, unsigned base, uint64_t mask, uint64_t bits,
		guest_power_state_callback_func_t *func, void *data) {}

int guest_instr_register(vdev_t *vdp, enum guest_instr_type git, unsigned qualifier,
		guest_instr_callback_func_t *func) { return 0; }

int guest_write_core_file(struct guest_system *gsp) { return 0; }

int guest_intr_signal(const struct guest_intr *gip, enum guest_intr_state gis) { return 0; }

void guest_intr_assign(vdev_t *pic, unsigned pnum, enum guest_intr_assign_type const type,
		struct guest_intr *ip) {}

size_t guest_intr_string(const struct guest_intr *gip, char *buf, size_t buf_len) { return 0; }

struct guest_timer *guest_timer_create(const struct guest_cpu *gcp, const vdev_t *vdp, const void *data,
		uint64_t *resolutionp) { return NULL; }

int guest_timer_notify(struct guest_timer *vtp, const struct guest_timer_data *tdp,
		uint64_t incr) { return 0; }

void guest_timer_state(const struct guest_timer *vtp, struct guest_timer_data *tdp) {}

void guest_terminate(struct guest_system *gsp, guest_termination_cause_t cause) {}

/* QNX, <qvm/outpipe.h> */

void qvm_logf(const unsigned int attr, const char *const fmt, ...) {}

void vdev_logf(const unsigned int attr, const vdev_t *const vdp, const char *const fmt, ...) {}

void qvm_voutf(const unsigned int attr, const char *const fmt, va_list ap) {}

__attribute__((noreturn)) void qvm_fatal(const unsigned int attr, const char *const fmt, ...)
{
	for (;;) {
	}
}

/* QNX, <qvm/utils.h> */

char *qvm_parse_block(const char *str, struct qvm_state_block *bp, int *pci_idp) { return NULL; }

char *qvm_parse_intr(const struct guest_system *gsp, const char *str, struct guest_intr *ip) { return NULL; }

/* QNX, <qvm/utils.h>, <qvm/wdog.h>, <qvm/cdev.h> */

void qvm_callback_pulse(qvm_callback_func_t *cbfp, struct qvm_callback *cbp, int priority,
		struct sigevent *ev, int coid) {}

void qvm_make_non_safety(const char *fmt, ...) {}

void wdog_bite(struct wdog_state *wds) {}

int cdev_control(struct cdev_state *cds, unsigned ctrl, const char *arg) { return 0; }

int cdev_setup(struct cdev_state *cds, struct vdev_s *vdev, unsigned size) { return 0; }

int cdev_write_buffer(struct cdev_state *cds) { return 0; }

int cdev_input_available(struct cdev_state *cds) { return 0; }

int cdev_read(struct cdev_state *cds, void *buf, unsigned size) { return 0; }

int cdev_write(struct cdev_state *cds, const void *buf, unsigned size) { return 0; }
