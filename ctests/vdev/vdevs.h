/* A guest with a mebibyte of RAM and a set of vdevs, whose host records what it is told.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_VDEVS_H
#define CTESTS_VDEVS_H

#include "check.h"
#include <gasp/vdev-host.h>
#include <qvm/outpipe.h>

#define VDEV_AT UINT64_C(0xd0000000)

/* What the host was told, a line each: "line 48 on", "end 4", and lines of the log. */
struct record {
	char text[16384];
	size_t length;
};

struct vdev_machine {
	struct guest_system *gsp;
	struct gasp_vdevs *vdevs;
	struct gasp_cpu *cpu;
	struct gasp_vdev_host host;
	struct record record;
	uint32_t cpu_register; /* the only one that vCPUs have */
};

#define CPU_REGISTER 0x77

static inline void record_line(struct vdev_machine *m, const char *line)
{
	struct record *r = &m->record;
	int written = snprintf(r->text + r->length, sizeof(r->text) - r->length, "%s\n", line);
	r->length += (size_t)written;
	if (r->length >= sizeof(r->text))
		abort();
}

static inline void on_interrupt(void *arg, unsigned line, int asserted)
{
	char text[64];
	snprintf(text, sizeof(text), "line %u %s", line, asserted ? "on" : "off");
	record_line((struct vdev_machine *)arg, text);
}

static inline void on_terminate(void *arg, int exit_code)
{
	char text[64];
	snprintf(text, sizeof(text), "end %d", exit_code);
	record_line((struct vdev_machine *)arg, text);
}

static inline void on_log(void *arg, unsigned attr, unsigned destinations, const vdev_t *vdev,
			  const char *name, const char *text)
{
	char line[8192];
	(void)destinations;
	snprintf(line, sizeof(line), "%08x %s%s: %s", attr, vdev != NULL ? "vdev " : "",
		 name != NULL ? name : "host", text);
	record_line((struct vdev_machine *)arg, line);
}

static inline int on_registers(void *arg, struct gasp_cpu *cpu, const struct qvm_state_block *blk,
			       void *data, int write)
{
	struct vdev_machine *m = (struct vdev_machine *)arg;
	if (blk->type != QST_CPUREGS || blk->location != CPU_REGISTER || blk->length != 4)
		return ENOTSUP;
	if (cpu != m->cpu)
		return EINVAL;
	memcpy(write ? (void *)&m->cpu_register : data, write ? data : (void *)&m->cpu_register, 4);
	return EOK;
}

static inline void vdev_machine_start(struct vdev_machine *m, unsigned flags)
{
	memset(m, 0, sizeof(*m));
	m->host.size = sizeof(m->host);
	m->host.flags = flags;
	m->host.arg = m;
	m->host.interrupt = on_interrupt;
	m->host.terminate = on_terminate;
	m->host.log = on_log;
	m->host.registers = on_registers;
	m->gsp = gasp_guest_create(NULL);
	CHECK_EQ(gasp_guest_add_memory(m->gsp, 0, 0x100000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_set_unsupported(m->gsp, GASP_UNSUPPORTED_FAIL), EOK);
	m->vdevs = gasp_vdevs_create(m->gsp, &m->host);
	CHECK(m->vdevs != NULL);
	CHECK_EQ(gasp_vdevs_add_path(m->vdevs, VDEVS), EOK);
	m->cpu = gasp_cpu_create(m->gsp);
	CHECK(m->cpu != NULL);
	CHECK_EQ(gasp_vdevs_set_cpu(m->vdevs, m->cpu, 7), EOK);
}

static inline void vdev_machine_end(struct vdev_machine *m)
{
	gasp_vdevs_destroy(m->vdevs);
	gasp_guest_destroy(m->gsp);
}

static inline struct gasp_vdev_option option(const char *name, const char *value)
{
	struct gasp_vdev_option made;
	made.name = name;
	made.value = value;
	return made;
}

/* The vdev `calls`, with one more option. */
static inline vdev_t *add_calls(struct vdev_machine *m, const char *name, const char *value, unsigned *failed)
{
	struct gasp_vdev_option options[4];
	options[0] = option("loc", "0xd0000000");
	options[1] = option("intr", "apic:0x30");
	options[2] = option("sched", "11f");
	options[3] = option(name, value);
	return gasp_vdevs_add(m->vdevs, "calls", options, name != NULL ? 4 : 3, failed);
}

/* The rest of the startup. */
static inline void run_guest(struct vdev_machine *m)
{
	CHECK_EQ(gasp_vdevs_control(m->vdevs, VDEV_CTRL_GUEST_CONFIGURED, NULL), EOK);
	CHECK_EQ(gasp_guest_start(m->gsp), EOK);
	CHECK_EQ(gasp_vdevs_control(m->vdevs, VDEV_CTRL_GUEST_STARTING, NULL), EOK);
}

static inline int write_vdev(struct vdev_machine *m, uint32_t value)
{
	return gasp_cpu_access(m->cpu, QST_MEMORY, GASP_WRITE, VDEV_AT, &value, sizeof(value));
}

static inline uint32_t read_vdev(struct vdev_machine *m)
{
	uint32_t value = 0;
	CHECK_EQ(gasp_cpu_access(m->cpu, QST_MEMORY, GASP_READ, VDEV_AT, &value, sizeof(value)), EOK);
	return value;
}

#endif
