/* The documented interface, written down a second time in plain C, without bodies.
 *
 * `make test` compiles it and has abidiff compare it with libgasp.so, type by type: a parameter
 * that changes its width in the Rust sources is found even where nobody notices it in C.
 * Sources: QNX's 7.1 pages for <qvm/...>, docs/specification.md for <gasp/host.h>. So that the
 * comparison is worth something, nothing is taken from include/.
 *
 * -DWITH_HEADERS  take the types from include/ instead: the compiler then compares the prototypes
 * -DPLANT_WIDTH   one parameter is too narrow: abidiff has to find it (a check of the check)
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <stddef.h>
#include <stdint.h>

#ifdef WITH_HEADERS

#include <gasp/host.h>
#include <qvm/gasp.h>

#else

#include <pthread.h>
#include <sys/types.h>

struct guest_system;
struct gasp_cpu;
struct guest_cpu;
struct guest_intr;
typedef struct vdev_s vdev_t;

struct qvm_state_block {
	uint64_t location;
	uint32_t length;
	uint16_t type;
	uint16_t flags;
};

struct gasp_region {
	uint32_t flags;
	uint32_t cookie;
	vdev_t *vdev;
	uint64_t host_location;
	struct qvm_state_block guest;
};

struct gasp_walk_state {
	void *span;
	struct guest_system *gsp;
	uint64_t guest_loc;
	uint64_t host_loc;
	uint64_t length;
	uint64_t max_length;
	unsigned flags;
};

struct gasp_walk_state_filtered {
	struct gasp_walk_state ws;
	void (*filter)(uint64_t *guest_loc, size_t *length);
	uint64_t remaining_guest_loc;
	uint64_t remaining_length;
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

enum guest_table_spec_component { GTSC_FDT_INTR };

enum vdev_ref_status {
	VRS_NORMAL, VRS_NO_ADVANCE, VRS_ABORT, VRS_BUS_ERROR, VRS_CONTINUE, VRS_TERMINATE,
	VRS_ERRNO = 0x100
};

typedef enum vdev_ref_status (*vdev_ref_function_t)(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp);

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

struct gasp_guest_options {
	size_t size;
	unsigned flags;
};

struct gasp_span {
	uint64_t location;
	uint64_t last;
	uint64_t host_location;
	vdev_t *vdev;
	uint32_t flags;
	uint32_t cookie;
};

struct gasp_trap {
	vdev_t *vdev;
	uint64_t location;
	void *data;
	size_t length;
	uint32_t cookie;
	uint16_t kind;
	uint16_t type;
};

struct gasp_counts {
	uint64_t passed[3];
	uint64_t trapped[3];
	uint64_t unsupported[3];
};

struct gasp_backing {
	int fd;
	uint64_t offset;
	uint64_t length;
};

struct gasp_span_list {
	const struct gasp_span *first;
	size_t count;
};

struct gasp_difference {
	struct gasp_span_list memory_removed;
	struct gasp_span_list memory_added;
	struct gasp_span_list ports_removed;
	struct gasp_span_list ports_added;
};

struct gasp_cost {
	int64_t slots;
	uint64_t slots_left;
	uint64_t ioctls;
};

struct gasp_listener {
	size_t size;
	int priority;
	int (*estimate)(void *arg, const struct gasp_difference *difference, struct gasp_cost *cost);
	int (*prepare)(void *arg, const struct gasp_difference *difference);
	void (*commit)(void *arg, const struct gasp_difference *difference);
	void (*abort)(void *arg, const struct gasp_difference *difference);
};

struct gasp_report {
	size_t size;
	unsigned index;
	int error;
	unsigned type;
	struct gasp_span conflict;
	struct gasp_cost cost;
};

struct gasp_change {
	uint64_t location;
	uint64_t last;
	uint64_t host_location;
	vdev_t *vdev;
	uint32_t flags;
	uint32_t cookie;
	unsigned type;
};

struct gasp_released {
	size_t size;
	struct gasp_span *spans;
	size_t room;
	size_t count;
	size_t ports;
};

struct gasp_run {
	uint64_t location;
	uint64_t length;
	uint64_t host_location;
	uint64_t offset;
	uint64_t page_size;
	int fd;
	unsigned prot;
};

struct gasp_acting {
	struct vdev_s *vdev;
	void *data;
};

struct gasp_holder {
	vdev_t *vdev;
	int thread;
};

struct gasp_mapping {
	uint64_t number;
	void *address;
	uint64_t length;
	uint64_t location;
	vdev_t *vdev;
};

#endif

#ifdef PLANT_WIDTH
typedef uint32_t location_t;
#else
typedef uint64_t location_t;
#endif

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* QNX 7.1, <qvm/gasp.h> */

int gasp_lock(struct guest_system *gsp, uint16_t type) { return 0; }

int gasp_unlock(struct guest_system *gsp, uint16_t type) { return 0; }

void gasp_region_set(struct guest_system *gsp, unsigned num_regions, const struct gasp_region *rgn) {}

unsigned gasp_region_set_soft(struct guest_system *gsp, unsigned num_regions,
		const struct gasp_region *rgn) { return 0; }

int gasp_region_info(struct guest_system *gsp, const struct qvm_state_block *blk,
		struct gasp_region *rgn) { return 0; }

uint64_t gasp_find_free(const struct guest_system *gsp, unsigned qst, uint64_t size,
		uint64_t align) { return 0; }

uint64_t gasp_find_free_range(const struct guest_system *gsp, unsigned qst, uint64_t size,
		uint64_t align, uint64_t min_addr, uint64_t max_addr) { return 0; }

void gasp_walk_init(struct gasp_walk_state *ws, struct guest_system *gsp, uint64_t max_length,
		unsigned flags) {}

int gasp_walk_next(struct gasp_walk_state *ws) { return 0; }

unsigned gasp_walk_count(const struct guest_system *gsp, uint64_t max_length,
		unsigned flags) { return 0; }

void gasp_walk_init_filtered(struct gasp_walk_state_filtered *ws, struct guest_system *gsp,
		uint64_t max_length, unsigned flags,
		void (*filter)(uint64_t *guest_loc, size_t *length)) {}

int gasp_walk_next_filtered(struct gasp_walk_state_filtered *ws) { return 0; }

unsigned gasp_walk_count_filtered(const struct guest_system *gsp, uint64_t max_length,
		unsigned flags,
		void (*filter)(uint64_t *guest_loc, size_t *length)) { return 0; }

uint64_t gram_find_free_range(struct guest_system *gsp, uint64_t size, uint64_t align,
		unsigned flags, uint64_t range_start, uint64_t range_end) { return 0; }

int gram_reserve(struct guest_system *gsp, location_t loc, uint64_t size) { return 0; }

void *gasp_map_sys(struct guest_system *gsp, int prot, uint64_t guest_paddr,
		size_t length) { return NULL; }

void *gasp_map_vdma(const vdev_t *vdev, int prot, uint64_t guest_paddr,
		size_t length) { return NULL; }

void *gasp_map_contig(const vdev_t *vdev, int prot, uint64_t *ppaddr,
		size_t *plength) { return NULL; }

void gasp_unmap(struct guest_system *gsp, const void *ptr, size_t length, int const flush) {}

/* libgasp's own, <gasp/host.h> */

struct guest_system *gasp_guest_create(const struct gasp_guest_options *options) { return NULL; }

int gasp_guest_start(struct guest_system *gsp) { return 0; }

void gasp_guest_destroy(struct guest_system *gsp) {}

const char *gasp_last_error(void) { return ""; }

void gasp_set_last_error(const char *message) {}

void gasp_guest_set_fatal_handler(struct guest_system *gsp,
		void (*handler)(void *arg, int exit_code, const char *message), void *arg) {}

int gasp_guest_reserve(struct guest_system *gsp, unsigned type, uint64_t location,
		uint64_t length) { return 0; }

int gasp_guest_add_memory(struct guest_system *gsp, uint64_t location, uint64_t length,
		unsigned kind, uint64_t chunk) { return 0; }

int gasp_guest_next(struct guest_system *gsp, unsigned type, uint64_t from,
		struct gasp_span *span) { return 0; }

int gasp_guest_read(struct guest_system *gsp, uint64_t location, void *data,
		size_t length) { return 0; }

int gasp_guest_write(struct guest_system *gsp, uint64_t location, const void *data,
		size_t length) { return 0; }

struct gasp_cpu *gasp_cpu_create(struct guest_system *gsp) { return NULL; }

void gasp_cpu_destroy(struct gasp_cpu *cpu) {}

int gasp_cpu_info(struct gasp_cpu *cpu, const struct qvm_state_block *blk, struct gasp_region *rgn)
{
	return 0;
}

int gasp_cpu_access(struct gasp_cpu *cpu, unsigned type, unsigned kind, uint64_t location,
		void *data, size_t length) { return 0; }

int gasp_guest_set_trap_handler(struct guest_system *gsp,
		int (*handler)(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap),
		void *arg) { return 0; }

int gasp_guest_set_unsupported(struct guest_system *gsp, unsigned policy) { return 0; }

int gasp_guest_synchronize(struct guest_system *gsp) { return 0; }

int gasp_guest_call_when_quiet(struct guest_system *gsp, void (*fn)(void *arg),
		void *arg) { return 0; }

int gasp_guest_counts(struct guest_system *gsp, struct gasp_counts *counts) { return 0; }

int gasp_guest_backing(struct guest_system *gsp, uint64_t location,
		struct gasp_backing *backing) { return 0; }

int gasp_guest_add_listener(struct guest_system *gsp, const struct gasp_listener *listener,
		void *arg, uint64_t *id) { return 0; }

int gasp_guest_remove_listener(struct guest_system *gsp, uint64_t id) { return 0; }

int gasp_guest_set(struct guest_system *gsp, unsigned num_regions, const struct gasp_region *rgn,
		unsigned flags, struct gasp_report *report) { return 0; }

uint64_t gasp_guest_generation(struct guest_system *gsp, unsigned type) { return 0; }

uint64_t gasp_guest_unique_generation(struct guest_system *gsp, unsigned type) { return 0; }

int gasp_guest_copy(struct guest_system *gsp, unsigned kind, uint64_t location, void *data,
		size_t length, uint64_t *failed) { return 0; }

int gasp_guest_change(struct guest_system *gsp, unsigned num_changes,
		const struct gasp_change *changes, unsigned flags,
		struct gasp_report *report) { return 0; }

int gasp_guest_release(struct guest_system *gsp, const vdev_t *vdev,
		struct gasp_released *report) { return 0; }

uint64_t gasp_guest_find(struct guest_system *gsp, unsigned type, uint64_t size, uint64_t align,
		uint64_t min, uint64_t max, unsigned flags) { return 0; }

int gasp_guest_claim(struct guest_system *gsp, struct gasp_change *change, uint64_t size,
		uint64_t align, unsigned flags) { return 0; }

int gasp_guest_unreserve(struct guest_system *gsp, unsigned type, uint64_t location,
		uint64_t length) { return 0; }

int gasp_guest_unreserve_gram(struct guest_system *gsp, uint64_t location,
		uint64_t length) { return 0; }

int gasp_guest_previous(struct guest_system *gsp, unsigned type, uint64_t from,
		struct gasp_span *span) { return 0; }

int gasp_guest_next_gap(struct guest_system *gsp, unsigned type, uint64_t from,
		struct gasp_span *gap) { return 0; }

int gasp_guest_add_memory_fd(struct guest_system *gsp, uint64_t location, uint64_t length,
		unsigned kind, int fd, uint64_t offset) { return 0; }

int gasp_guest_remove_memory(struct guest_system *gsp, uint64_t location,
		uint64_t length) { return 0; }

int gasp_guest_runs(struct guest_system *gsp, struct gasp_run *runs, size_t room,
		size_t *count) { return 0; }

struct gasp_acting *gasp_acting(void) { return NULL; }

int gasp_on_failure(void (*fn)(void *arg, const char *function, int error, const char *message),
		void *arg) { return 0; }

unsigned gasp_guest_locks_held(struct guest_system *gsp, unsigned type) { return 0; }

int gasp_guest_next_mapping(struct guest_system *gsp, uint64_t after,
		struct gasp_mapping *mapping) { return 0; }

int gasp_guest_set_unsupported_handler(struct guest_system *gsp,
		void (*handler)(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *access,
			unsigned reason),
		void *arg) { return 0; }

int gasp_guest_lock_holder(struct guest_system *gsp, unsigned type,
		struct gasp_holder *holder) { return 0; }

int gasp_guest_set_hold_limit(struct guest_system *gsp, unsigned milliseconds) { return 0; }

int gasp_guest_settle(struct guest_system *gsp, unsigned type) { return 0; }

unsigned gasp_version(void) { return 0; }

size_t gasp_flags_text(uint32_t flags, char *buffer, size_t size) { return 0; }

size_t gasp_span_text(const struct gasp_span *span, unsigned type, char *buffer, size_t size) { return 0; }
