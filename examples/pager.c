/* A pager: guest memory whose pages come when they are touched first, by userfaultfd. So a guest can
 * start before its memory has arrived.
 *
 * A thread gets the faults of all runs of memory, and fills each page from a "snapshot", here the
 * number of the page. The guest does not notice.
 *
 * usage: pager
 * Ends with 77 if this kernel does not let the process use userfaultfd.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gasp/host.h>
#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <qvm/gasp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u
#define MAX_RUNS 16u
#define NOT_HERE 77

struct pager {
	int faults;		/* the userfaultfd */
	int stop[2];		/* a pipe: a byte ends the thread */
	size_t count;
	struct gasp_run runs[MAX_RUNS];
	unsigned filled;
};

static void check(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, errno != 0 ? strerror(errno) : gasp_last_error());
	exit(1);
}

/* Faults of this process's own code, which need no privilege. A VMM whose vCPUs run in KVM needs
 * those of the kernel too: then UFFD_USER_MODE_ONLY goes, and vm.unprivileged_userfaultfd or
 * /dev/userfaultfd comes. */
static int open_faults(void)
{
	struct uffdio_api api;
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		return -1;
	memset(&api, 0, sizeof(api));
	api.api = UFFD_API;
	api.features = UFFD_FEATURE_MISSING_SHMEM;
	if (ioctl(fd, UFFDIO_API, &api) == 0)
		return fd;
	close(fd);
	return -1;
}

static void watch(struct pager *p, const struct gasp_run *run)
{
	struct uffdio_register r;

	memset(&r, 0, sizeof(r));
	r.range.start = run->host_location;
	r.range.len = run->length;
	r.mode = UFFDIO_REGISTER_MODE_MISSING;
	check(ioctl(p->faults, UFFDIO_REGISTER, &r) == 0, "UFFDIO_REGISTER");
}

/* The guest's location for an address of this process. */
static uint64_t location_of(const struct pager *p, uint64_t address)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct gasp_run *r = &p->runs[i];
		if (address >= r->host_location && address - r->host_location < r->length)
			return r->location + (address - r->host_location);
	}
	check(0, "a fault outside of guest memory");
	return 0;
}

static void fill_page(struct pager *p, uint64_t address)
{
	static uint64_t page[PAGE / 8];
	struct uffdio_copy copy;

	address -= address % PAGE;
	for (unsigned i = 0; i < PAGE / 8; i++)
		page[i] = location_of(p, address) / PAGE;
	memset(&copy, 0, sizeof(copy));
	copy.dst = address;
	copy.src = (uint64_t)(uintptr_t)page;
	copy.len = PAGE;
	/* EEXIST: two faults of one page were on their way. */
	check(ioctl(p->faults, UFFDIO_COPY, &copy) == 0 || errno == EEXIST, "UFFDIO_COPY");
	p->filled++;
}

static void *run_pager(void *arg)
{
	struct pager *p = (struct pager *)arg;
	struct pollfd wait[2] = { { p->faults, POLLIN, 0 }, { p->stop[0], POLLIN, 0 } };

	while (poll(wait, 2, -1) > 0 && !(wait[1].revents & POLLIN)) {
		struct uffd_msg m;
		if (read(p->faults, &m, sizeof(m)) == (ssize_t)sizeof(m)
		    && m.event == UFFD_EVENT_PAGEFAULT)
			fill_page(p, m.arg.pagefault.address);
	}
	return NULL;
}

static uint64_t guest_reads(struct gasp_cpu *cpu, uint64_t location)
{
	uint64_t value = 0;
	int result = gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, location, &value, sizeof(value));
	check(result == EOK, "gasp_cpu_access");
	return value;
}

int main(void)
{
	static struct pager p;
	struct guest_system *gsp = gasp_guest_create(NULL);
	struct gasp_cpu *cpu = gasp_cpu_create(gsp);
	uint64_t words[2] = { 0, 0 };
	pthread_t thread;

	check(gsp != NULL && cpu != NULL, "a guest");
	p.faults = open_faults();
	if (p.faults < 0) {
		printf("userfaultfd: %s\n", strerror(errno));
		return NOT_HERE;
	}
	check(gasp_guest_add_memory(gsp, 0, 0x100000, GASP_RAM, 0) == EOK, "RAM");
	check(gasp_guest_add_memory(gsp, 0x100000000, 0x100000, GASP_RAM, 0x40000) == EOK, "high RAM");
	check(gasp_guest_runs(gsp, p.runs, MAX_RUNS, &p.count) == EOK, "gasp_guest_runs");
	for (size_t i = 0; i < p.count; i++)
		watch(&p, &p.runs[i]);
	check(pipe(p.stop) == 0, "pipe");
	check(pthread_create(&thread, NULL, run_pager, &p) == 0, "pthread_create");

	printf("%zu runs are paged\n", p.count);
	printf("the guest reads %" PRIu64 "\n", guest_reads(cpu, 0x5008));
	printf("the guest reads %" PRIu64 "\n", guest_reads(cpu, 0x100042000));
	printf("the guest reads %" PRIu64 "\n", guest_reads(cpu, 0x5010));
	check(gasp_guest_read(gsp, 0x7ff8, words, sizeof(words)) == EOK, "gasp_guest_read");
	printf("the host reads %" PRIu64 " and %" PRIu64 "\n", words[0], words[1]);

	check(write(p.stop[1], "", 1) == 1, "write");
	pthread_join(thread, NULL);
	printf("%u pages were filled\n", p.filled);
	close(p.faults);
	close(p.stop[0]);
	close(p.stop[1]);
	gasp_guest_destroy(gsp);
	return 0;
}
