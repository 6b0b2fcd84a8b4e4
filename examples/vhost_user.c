/* How a VMM tells a vhost-user back end of the guest's memory: the message SET_MEM_TABLE, with the
 * files of all runs, over a socket. A listener sends the table anew when the memory changes.
 *
 * Here the back end is a thread. It maps what it is sent, as a process of its own would, and reads
 * and writes guest memory there.
 *
 * usage: vhost_user
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#define _GNU_SOURCE
#include <errno.h>
#include <gasp/host.h>
#include <inttypes.h>
#include <pthread.h>
#include <qvm/gasp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* The protocol: a header, then the table; the files go beside it, one for each region. */
#define SET_MEM_TABLE 5u
#define VERSION 1u
#define MAX_REGIONS 8u

struct region {
	uint64_t guest_address, size, user_address, offset_in_file;
};

struct message {
	uint32_t request, flags, size;
	uint32_t regions, padding;
	struct region region[MAX_REGIONS];
} __attribute__((packed));

#define HEADER 12u

union control {
	char bytes[CMSG_SPACE(MAX_REGIONS * sizeof(int))];
	struct cmsghdr align;
};

static void check(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, errno != 0 ? strerror(errno) : gasp_last_error());
	exit(1);
}

/* ---- The VMM ---- */

struct front_end {
	struct guest_system *gsp;
	int socket;
};

/* Memory that the back end cannot map (without a file) or must not write is left out. */
static unsigned fill(struct message *m, int *files, const struct gasp_run *runs, size_t count)
{
	unsigned n = 0;

	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < count; i++) {
		if (runs[i].fd < 0 || !(runs[i].prot & PROT_WRITE))
			continue;
		check(n < MAX_REGIONS, "too many regions");
		m->region[n].guest_address = runs[i].location;
		m->region[n].size = runs[i].length;
		m->region[n].user_address = runs[i].host_location;
		m->region[n].offset_in_file = runs[i].offset;
		files[n++] = runs[i].fd;
	}
	m->request = SET_MEM_TABLE;
	m->flags = VERSION;
	m->size = (uint32_t)(8 + n * sizeof(struct region));
	m->regions = n;
	return n;
}

static void send_table(struct front_end *f)
{
	struct gasp_run runs[64];
	struct message m;
	int files[MAX_REGIONS];
	size_t count = 0;

	check(gasp_guest_runs(f->gsp, runs, 64, &count) == EOK, "gasp_guest_runs");
	unsigned n = fill(&m, files, runs, count);
	union control control;
	struct iovec part = { &m, HEADER + m.size };
	struct msghdr header;
	memset(&control, 0, sizeof(control));
	memset(&header, 0, sizeof(header));
	header.msg_iov = &part;
	header.msg_iovlen = 1;
	if (n > 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(n * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), files, n * sizeof(int));
	}
	check(sendmsg(f->socket, &header, 0) == (ssize_t)part.iov_len, "sendmsg");
}

/* Called when a change has become visible: queries see the new memory. */
static void memory_has_changed(void *arg, const struct gasp_difference *difference)
{
	struct front_end *f = (struct front_end *)arg;

	if (f->socket >= 0 && (difference->memory_removed.count != 0 || difference->memory_added.count != 0))
		send_table(f);
}

/* ---- The back end ---- */

struct mapped {
	struct region region;
	unsigned char *at;
};

struct back_end {
	int socket;
	unsigned n;
	struct mapped mapped[MAX_REGIONS];
};

static void forget(struct back_end *b)
{
	for (unsigned i = 0; i < b->n; i++)
		munmap(b->mapped[i].at, b->mapped[i].region.size);
	b->n = 0;
}

/* Waits for a table, and maps it in place of the one before. Returns 0 at the end. */
static int receive_table(struct back_end *b)
{
	struct message m;
	union control control;
	struct iovec part = { &m, sizeof(m) };
	struct msghdr header;
	memset(&header, 0, sizeof(header));
	header.msg_iov = &part;
	header.msg_iovlen = 1;
	header.msg_control = control.bytes;
	header.msg_controllen = sizeof(control);
	ssize_t length = recvmsg(b->socket, &header, MSG_CMSG_CLOEXEC);
	check(length >= 0, "recvmsg");
	if (length == 0)
		return 0;
	check(m.request == SET_MEM_TABLE && length == (ssize_t)(HEADER + m.size), "a table");
	forget(b);
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	for (unsigned i = 0; i < m.regions; i++) {
		int file;
		memcpy(&file, CMSG_DATA(c) + i * sizeof(int), sizeof(file));
		b->mapped[i].region = m.region[i];
		b->mapped[i].at = (unsigned char *)mmap(NULL, m.region[i].size, PROT_READ | PROT_WRITE,
			MAP_SHARED, file, (off_t)m.region[i].offset_in_file);
		check(b->mapped[i].at != MAP_FAILED, "mmap");
		close(file);
		printf("  region 0x%08" PRIx64 ", 0x%" PRIx64 " bytes, at 0x%" PRIx64 " of its file\n",
		       m.region[i].guest_address, m.region[i].size, m.region[i].offset_in_file);
	}
	b->n = m.regions;
	return 1;
}

static unsigned char *guest_memory(struct back_end *b, uint64_t location)
{
	for (unsigned i = 0; i < b->n; i++) {
		const struct region *r = &b->mapped[i].region;
		if (location >= r->guest_address && location - r->guest_address < r->size)
			return b->mapped[i].at + (location - r->guest_address);
	}
	return NULL;
}

/* A device that turns a letter of each table's first region into the next one. */
static void *run_back_end(void *arg)
{
	struct back_end *b = (struct back_end *)arg;

	for (unsigned table = 1; receive_table(b); table++) {
		unsigned char *byte = b->n > 0 ? guest_memory(b, b->mapped[0].region.guest_address) : NULL;
		printf("table %u: %u regions\n", table, b->n);
		if (byte != NULL)
			(*byte)++;
		char done = 'd';
		check(write(b->socket, &done, 1) == 1, "write");
	}
	forget(b);
	return NULL;
}

/* ---- Both ---- */

static void wait_for_back_end(int socket)
{
	char done;
	check(read(socket, &done, 1) == 1, "read");
}

static char letter(struct guest_system *gsp)
{
	char byte = 0;
	check(gasp_guest_read(gsp, 0, &byte, 1) == EOK, "gasp_guest_read");
	return byte;
}

int main(void)
{
	int sockets[2];
	struct gasp_listener listener;
	pthread_t thread;
	char byte = 'a';

	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) == 0, "socketpair");
	struct front_end front = { gasp_guest_create(NULL), sockets[0] };
	struct back_end back;
	memset(&back, 0, sizeof(back));
	back.socket = sockets[1];
	check(front.gsp != NULL, "gasp_guest_create");
	check(gasp_guest_add_memory(front.gsp, 0, 0x200000, GASP_RAM, 0x100000) == EOK, "RAM");
	check(gasp_guest_add_memory(front.gsp, 0xfffc0000, 0x40000, GASP_ROM, 0) == EOK, "ROM");
	check(gasp_guest_write(front.gsp, 0, &byte, 1) == EOK, "gasp_guest_write");

	memset(&listener, 0, sizeof(listener));
	listener.size = sizeof(listener);
	listener.commit = memory_has_changed;
	check(pthread_create(&thread, NULL, run_back_end, &back) == 0, "pthread_create");
	check(gasp_guest_add_listener(front.gsp, &listener, &front, NULL) == EOK, "listener");
	wait_for_back_end(front.socket);
	printf("the guest reads '%c'\n", letter(front.gsp));
	check(gasp_guest_add_memory(front.gsp, 0x100000000, 0x80000, GASP_RAM, 0) == EOK, "more RAM");
	wait_for_back_end(front.socket);
	printf("the guest reads '%c'\n", letter(front.gsp));
	check(gasp_guest_remove_memory(front.gsp, 0x100000, 0x100000) == EOK, "less RAM");
	wait_for_back_end(front.socket);
	printf("the guest reads '%c'\n", letter(front.gsp));

	/* The end of the socket is the end of the back end, which must not use the memory any more. */
	close(front.socket);
	front.socket = -1;
	pthread_join(thread, NULL);
	close(back.socket);
	gasp_guest_destroy(front.gsp);
	return 0;
}
