/* Memory from descriptors of the host, and memory that is removed while the guest runs
 * (specification 15.5, 15.6).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "access.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SIZE 0x8000u

/* A memory file with SIZE bytes, each the number of its page. */
static int file_of_pages(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	char page[PAGE];
	CHECK(fd >= 0 && ftruncate(fd, SIZE) == 0);
	for (unsigned i = 0; i < SIZE / PAGE; i++) {
		memset(page, (int)i, sizeof(page));
		CHECK_EQ(pwrite(fd, page, sizeof(page), (off_t)(i * PAGE)), sizeof(page));
	}
	return fd;
}

static unsigned descriptors(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int bring(struct guest_system *gsp, uint64_t location, uint64_t length, int fd, uint64_t offset)
{
	errno = ERRNO_MARK;
	int result = gasp_guest_add_memory_fd(gsp, location, length, GASP_RAM, fd, offset);
	CHECK_EQ(errno, ERRNO_MARK);
	return result;
}

static int take_away(struct guest_system *gsp, uint64_t location, uint64_t length)
{
	errno = ERRNO_MARK;
	int result = gasp_guest_remove_memory(gsp, location, length);
	CHECK_EQ(errno, ERRNO_MARK);
	return result;
}

static unsigned char byte_at(struct guest_system *gsp, uint64_t location)
{
	unsigned char byte = 0xEE;
	CHECK_EQ(gasp_guest_read(gsp, location, &byte, 1), EOK);
	return byte;
}

static uint64_t host_of(struct guest_system *gsp, uint64_t location)
{
	struct gasp_span s;
	memset(&s, 0, sizeof(s));
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, location, &s), EOK);
	return s.host_location + (location - s.location);
}

/* Whether an address of this process is mapped. */
static int is_mapped(uint64_t host)
{
	unsigned char resident;
	return mincore((void *)(uintptr_t)host, PAGE, &resident) == 0;
}

/* ---- Memory of a file ---- */

static void the_files_bytes_in_both_directions(void)
{
	struct guest_system *gsp = guest();
	int fd = file_of_pages();
	unsigned char byte = 0x77;
	CHECK_EQ(bring(gsp, 0x10000, 0x3000, fd, 0x2000), EOK);
	CHECK_EQ(byte_at(gsp, 0x10000), 2);
	CHECK_EQ(byte_at(gsp, 0x12fff), 4);
	CHECK_EQ(gasp_guest_write(gsp, 0x11000, &byte, 1), EOK);
	byte = 0;
	CHECK_EQ(pread(fd, &byte, 1, 0x3000), 1);
	CHECK_EQ(byte, 0x77);
	CHECK_MEM(gsp, span_at(0x10000, 0x12fff, RAM, host_of(gsp, 0x10000)));
	CHECK_EQ(gasp_guest_add_memory_fd(gsp, 0x20000, 0x1000, GASP_ROM | GASP_POPULATE | GASP_LARGE_PAGES,
					  fd, 0), EOK);
	CHECK_EQ(byte_at(gsp, 0x20000), 0);
	close(fd);
	CHECK_EQ(byte_at(gsp, 0x12000), 4);	/* the library has its own descriptor */
	gasp_guest_destroy(gsp);
}

static void its_backing_is_the_file(void)
{
	struct guest_system *gsp = guest();
	struct gasp_backing b;
	struct stat mine, theirs;
	int fd = file_of_pages();
	CHECK_EQ(bring(gsp, 0x10000, 0x3000, fd, 0x2000), EOK);
	CHECK_EQ(gasp_guest_backing(gsp, 0x11234, &b), EOK);
	CHECK(b.fd != fd);
	CHECK_EQ(b.offset, 0x3234);
	CHECK_EQ(b.length, 0x1dcc);
	CHECK(fstat(fd, &mine) == 0 && fstat(b.fd, &theirs) == 0 && mine.st_ino == theirs.st_ino);
	CHECK(fcntl(b.fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	gasp_guest_destroy(gsp);
	CHECK(fcntl(b.fd, F_GETFD) < 0);
}

static void all_pieces_of_a_file_have_one_descriptor(void)
{
	struct guest_system *gsp = guest();
	int fd = file_of_pages(), other = file_of_pages();
	unsigned before = descriptors();
	for (unsigned i = 0; i < 8; i++)
		CHECK_EQ(bring(gsp, i * UINT64_C(0x10000), PAGE, fd, i * PAGE), EOK);
	CHECK_EQ(descriptors(), before + 1);
	CHECK_EQ(bring(gsp, 0x100000, PAGE, other, 0), EOK);
	CHECK_EQ(descriptors(), before + 2);
	for (unsigned i = 0; i < 8; i++) {
		CHECK_EQ(byte_at(gsp, i * UINT64_C(0x10000)), i);
		CHECK_EQ(take_away(gsp, i * UINT64_C(0x10000), PAGE), EOK);
		CHECK_EQ(descriptors(), before + (i < 7 ? 2 : 1));
	}
	gasp_guest_destroy(gsp);
	CHECK_EQ(descriptors(), before);
	close(fd);
	close(other);
}

/* Pieces of several calls and files, and of the library's own memory, in another order. */
static void pieces_join_into_one_view(void)
{
	struct guest_system *gsp = guest();
	int fd = file_of_pages();
	unsigned char *view;
	CHECK_EQ(bring(gsp, 0x10000, PAGE, fd, 0x5000), EOK);
	CHECK_EQ(bring(gsp, 0x11000, PAGE, fd, 0x6000), EOK);	/* adjacent in the file, not in the host */
	CHECK_EQ(bring(gsp, 0x12000, PAGE, fd, 0x1000), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x13000, PAGE, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_walk_count(gsp, 0, GWS_HOST), 4);
	view = (unsigned char *)gasp_map_sys(gsp, PROT_READ | PROT_WRITE, 0x10800, 0x3000);
	REQUIRE(view != NULL);
	CHECK_EQ(view[0], 5);
	CHECK_EQ(view[0x800], 6);
	CHECK_EQ(view[0x1800], 1);
	CHECK_EQ(view[0x2800], 0);
	view[0x2900] = 9;
	CHECK_EQ(byte_at(gsp, 0x13100), 9);
	/* A view keeps its pages, whatever is removed. */
	CHECK_EQ(take_away(gsp, 0x10000, 0x4000), EOK);
	CHECK_EQ(view[0x1800], 1);
	CHECK_EQ(view[0x2900], 9);
	gasp_unmap(gsp, view, 0x3000, 0);
	close(fd);
	gasp_guest_destroy(gsp);
}

static void bad_memory_of_files(void)
{
	struct guest_system *gsp = guest();
	int fd = file_of_pages(), event = eventfd(0, EFD_CLOEXEC);
	char name[64];
	unsigned before = descriptors();
	CHECK_EQ(bring(gsp, 0x1001, PAGE, fd, 0), EINVAL);
	CHECK_EQ(bring(gsp, 0x1000, PAGE - 1, fd, 0), EINVAL);
	CHECK_EQ(bring(gsp, 0x1000, PAGE, fd, 1), EINVAL);
	CHECK_EQ(bring(gsp, 0x1000, 0, fd, 0), EINVAL);
	CHECK_EQ(bring(gsp, 0x1000, SIZE, fd, PAGE), EINVAL);
	CHECK_HAS(gasp_last_error(), "run past the end of the file");
	CHECK_EQ(bring(gsp, 0x1000, PAGE, fd, UINT64_MAX - 0xfff), EINVAL);
	CHECK_EQ(bring(gsp, 0x1000, PAGE, -1, 0), EBADF);
	CHECK_EQ(bring(gsp, 0x1000, PAGE, event, 0), ENODEV);
	CHECK_EQ(bring(NULL, 0x1000, PAGE, fd, 0), EINVAL);
	CHECK_EQ(gasp_guest_add_memory_fd(gsp, 0x1000, PAGE, 2, fd, 0), EINVAL);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	int reading = open(name, O_RDONLY | O_CLOEXEC);
	CHECK_EQ(bring(gsp, 0x1000, PAGE, reading, 0), EACCES);
	close(reading);
	CHECK_SET(gsp, mem(0x4000, 1, VIRT));
	CHECK_EQ(bring(gsp, 0x1000, 0x4000, fd, 0), EEXIST);
	CHECK_MEM(gsp, span(0x4000, 0x4000, VIRT));
	CHECK_EQ(descriptors(), before);
	close(event);
	close(fd);
	gasp_guest_destroy(gsp);
}

static void at_the_ends_of_the_space(void)
{
	struct guest_system *gsp = guest();
	int fd = file_of_pages();
	CHECK_EQ(bring(gsp, 0, PAGE, fd, 0), EOK);
	CHECK_EQ(bring(gsp, UINT64_MAX - 0xfff, PAGE, fd, 0x7000), EOK);
	CHECK_EQ(byte_at(gsp, TOP), 7);
	CHECK_EQ(take_away(gsp, UINT64_MAX - 0xfff, PAGE), EOK);
	CHECK_EQ(take_away(gsp, 0, PAGE), EOK);
	CHECK_EMPTY(gsp, QST_MEMORY);
	close(fd);
	gasp_guest_destroy(gsp);
}

static void large_pages_of_hugetlbfs(void)
{
	struct guest_system *gsp = guest();
	struct gasp_run run;
	size_t count = 0;
	int fd = memfd_create("large", MFD_CLOEXEC | MFD_HUGETLB);
	if (fd < 0 || ftruncate(fd, 2 << 20) != 0
	    || gasp_guest_add_memory_fd(gsp, 0, 2 << 20, GASP_RAM, fd, 0) != EOK) {
		close(fd);
		gasp_guest_destroy(gsp);
		SKIP("no large pages of 2 MiB are reserved here (vm.nr_hugepages)");
	}
	CHECK_EQ(gasp_guest_runs(gsp, &run, 1, &count), EOK);
	CHECK_EQ(run.page_size, 2 << 20);
	CHECK_EQ(run.host_location % (2 << 20), 0);
	CHECK_EQ(take_away(gsp, 0, 2 << 20), EOK);
	close(fd);
	gasp_guest_destroy(gsp);
}

/* ---- Removal ---- */

/* Ten times as many rounds as there are descriptors, each with both kinds of memory. */
static void plugged_and_unplugged_many_times(void)
{
	struct guest_system *gsp = guest();
	struct rlimit before, few;
	int fd = file_of_pages();
	unsigned open_before = descriptors();
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = 64;
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	for (unsigned i = 0; i < 640; i++) {
		if (!CHECK_EQ(gasp_guest_add_memory(gsp, 0x100000, 0x4000, GASP_RAM, 0x1000), EOK)
		    || !CHECK_EQ(bring(gsp, 0x200000, 0x4000, fd, 0), EOK))
			break;
		uint64_t host = host_of(gsp, 0x101000);
		CHECK_EQ(take_away(gsp, 0x100000, 0x4000), EOK);
		CHECK(!is_mapped(host));
		CHECK_EQ(take_away(gsp, 0x200000, 0x4000), EOK);
	}
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK_EQ(descriptors(), open_before);
	CHECK_EMPTY(gsp, QST_MEMORY);
	close(fd);
	gasp_guest_destroy(gsp);
}

static void parts_go_first_and_the_rest_later(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x4000, GASP_RAM, 0), EOK);
	uint64_t host = host_of(gsp, 0);
	CHECK_EQ(take_away(gsp, 0x1000, 0x1000), EOK);
	CHECK_EQ(take_away(gsp, 0x3000, 0x1000), EOK);
	CHECK(is_mapped(host) && is_mapped(host + 0x1000));
	/* Another region has a part of it, elsewhere. */
	CHECK_SET(gsp, mem_at(0x80000, 0x1000, RAM, host + 0x1000));
	CHECK_EQ(take_away(gsp, 0, 0x1000), EOK);
	CHECK_EQ(take_away(gsp, 0x2000, 0x1000), EOK);
	CHECK(is_mapped(host));
	CHECK_EQ(take_away(gsp, 0x80000, 0x1000), EOK);
	CHECK(!is_mapped(host));
	gasp_guest_destroy(gsp);
}

static void several_at_once_whoever_has_them(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	CHECK_EQ(gasp_guest_add_memory(gsp, 0x2000, 0x2000, GASP_ROM, 0), EOK);
	CHECK_SET(gsp, mem(0x1000, 0x1000, VIRT));
	struct gasp_region mine = vdev(vdev_a(), mem(0x2000, 0x1000, VIRT | GRF_PRECIOUS));
	CHECK_EQ(gasp_guest_set(gsp, 1, &mine, GASP_SET_OVERRIDE, NULL), EOK);
	gasp_acting()->vdev = vdev_b();
	CHECK_EQ(take_away(gsp, 0, 0x4000), EOK);
	gasp_acting()->vdev = NULL;
	CHECK_EMPTY(gsp, QST_MEMORY);
	gasp_guest_destroy(gsp);
}

static void what_cannot_be_removed(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	CHECK_SET(gsp, mem_at(0x2000, 0x1000, RAM, HOST_A), mem(0x3000, 0x1000, VIRT));
	CHECK_EQ(take_away(gsp, 0, 0x3000), ENOTSUP);
	CHECK_EQ(take_away(gsp, 0x3000, 0x1000), ENXIO);
	CHECK_EQ(take_away(gsp, 0x4000, 0x1000), ENXIO);
	CHECK_EQ(take_away(gsp, 0, 0x1800), EINVAL);
	CHECK_EQ(take_away(gsp, 0x800, 0x1000), EINVAL);
	CHECK_EQ(take_away(gsp, 0, 0), EINVAL);
	CHECK_EQ(take_away(gsp, UINT64_MAX - 0xfff, 0x2000), EINVAL);
	CHECK_EQ(take_away(NULL, 0, 0x1000), EINVAL);
	CHECK_EQ(byte_at(gsp, 0x1fff), 0);
	CHECK_EQ(gasp_guest_generation(gsp, QST_MEMORY), 2);
	gasp_guest_destroy(gsp);
}

static void a_mapping_keeps_the_memory(void)
{
	struct guest_system *gsp = guest();
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	char *first = (char *)gasp_map_sys(gsp, PROT_READ | PROT_WRITE, 0, 0x1000);
	char *second = (char *)gasp_map_sys(gsp, PROT_READ | PROT_WRITE, 0, 0x1000);
	REQUIRE(first != NULL && second == first);
	CHECK_EQ(take_away(gsp, 0, 0x2000), EOK);
	first[0] = 1;
	gasp_unmap(gsp, first, 0x1000, 0);
	CHECK(is_mapped((uint64_t)(uintptr_t)first));
	second[1] = 1;
	gasp_unmap(gsp, second, 0x1000, 0);
	CHECK(!is_mapped((uint64_t)(uintptr_t)first));
	gasp_guest_destroy(gsp);
}

/* ---- While the guest runs ---- */

struct inside {
	uint64_t host;
	struct guest_system *gsp;
};

static int remove_inside(void *arg, struct gasp_cpu *cpu, const struct gasp_trap *trap)
{
	struct inside *in = (struct inside *)arg;
	(void)cpu;
	(void)trap;
	in->host = host_of(in->gsp, 0);
	CHECK_EQ(gasp_guest_remove_memory(in->gsp, 0, 0x2000), EOK);
	CHECK(is_mapped(in->host));	/* the access that has started may use it */
	return EOK;
}

static void inside_of_a_trap_handler(void)
{
	struct guest_system *gsp = guest();
	struct gasp_cpu *cpu = gasp_cpu_create(gsp);
	struct inside in = { 0, gsp };
	char data[8];
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x2000, GASP_RAM, 0), EOK);
	CHECK_SET(gsp, mem(0x8000, 8, VIRT));
	CHECK_EQ(gasp_guest_set_trap_handler(gsp, remove_inside, &in), EOK);
	CHECK_EQ(gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, 0x8000, data, 8), EOK);
	CHECK(in.host != 0 && !is_mapped(in.host));
	gasp_guest_destroy(gsp);
}

struct worker {
	struct guest_system *gsp;
	int *stop;
	int kind;
};

/* Accesses, copies and mappings of memory that comes and goes: they find it whole, or not at all. */
static void *use_it(void *arg)
{
	struct worker *w = (struct worker *)arg;
	struct gasp_cpu *cpu = gasp_cpu_create(w->gsp);
	static __thread char data[0x2000];
	while (!flag_get(w->stop)) {
		if (w->kind == 0) {
			CHECK_EQ(gasp_cpu_access(cpu, QST_MEMORY, GASP_WRITE, 0x800, data, sizeof(data)), EOK);
		} else if (w->kind == 1) {
			int result = gasp_guest_read(w->gsp, 0x800, data, sizeof(data));
			CHECK(result == EOK || result == ENXIO);
		} else {
			char *at = (char *)gasp_map_sys(w->gsp, PROT_READ | PROT_WRITE, 0x800, 0x1000);
			if (at == NULL)
				continue;
			at[0x7ff]++;
			gasp_unmap(w->gsp, at, 0x1000, 0);
		}
	}
	return NULL;
}

static void beside_accesses_copies_and_mappings(void)
{
	struct guest_system *gsp = guest();
	int stop = 0;
	struct worker workers[3] = { { gsp, &stop, 0 }, { gsp, &stop, 1 }, { gsp, &stop, 2 } };
	pthread_t threads[3];
	unsigned rounds = getenv("GASP_TEST_SMALL") != NULL ? 100 : 2000;
	int fd = file_of_pages();
	unsigned before = descriptors();
	for (unsigned i = 0; i < 3; i++)
		threads[i] = thread_start(use_it, &workers[i]);
	for (unsigned i = 0; i < rounds; i++) {
		CHECK_EQ(i % 2 ? gasp_guest_add_memory(gsp, 0, 0x4000, GASP_RAM, 0x1000)
			       : bring(gsp, 0, 0x4000, fd, 0), EOK);
		if (!CHECK_EQ(take_away(gsp, 0, 0x4000), EOK))
			break;
	}
	flag_set(&stop, 1);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	/* What was kept by a use is freed by the next one at the latest. */
	CHECK_EQ(gasp_guest_add_memory(gsp, 0, 0x1000, GASP_RAM, 0), EOK);
	CHECK_EQ(take_away(gsp, 0, 0x1000), EOK);
	CHECK_EQ(descriptors(), before);
	close(fd);
	gasp_guest_destroy(gsp);
}

static int refuse(void *arg, const struct gasp_difference *d)
{
	(void)d;
	return *(int *)arg;
}

static void a_listener_refuses(void)
{
	struct guest_system *gsp = guest();
	struct gasp_listener l;
	int answer = EBUSY, fd = file_of_pages();
	memset(&l, 0, sizeof(l));
	l.size = sizeof(l);
	l.prepare = refuse;
	CHECK_EQ(gasp_guest_add_listener(gsp, &l, &answer, NULL), EOK);
	unsigned before = descriptors();
	CHECK_EQ(bring(gsp, 0, PAGE, fd, 0), EBUSY);
	CHECK_EQ(descriptors(), before);
	CHECK_EMPTY(gsp, QST_MEMORY);
	answer = EOK;
	CHECK_EQ(bring(gsp, 0, PAGE, fd, 0x1000), EOK);
	answer = EBUSY;
	CHECK_EQ(take_away(gsp, 0, PAGE), EBUSY);
	CHECK_EQ(byte_at(gsp, 0), 1);
	answer = EOK;
	CHECK_EQ(take_away(gsp, 0, PAGE), EOK);
	close(fd);
	gasp_guest_destroy(gsp);
}

static const struct test_case cases[] = {
	CASE(the_files_bytes_in_both_directions), CASE(its_backing_is_the_file),
	CASE(all_pieces_of_a_file_have_one_descriptor), CASE(pieces_join_into_one_view),
	CASE(bad_memory_of_files), CASE(at_the_ends_of_the_space), CASE(large_pages_of_hugetlbfs),
	CASE(plugged_and_unplugged_many_times), CASE(parts_go_first_and_the_rest_later),
	CASE(several_at_once_whoever_has_them), CASE(what_cannot_be_removed),
	CASE(a_mapping_keeps_the_memory), CASE(inside_of_a_trap_handler),
	CASE(beside_accesses_copies_and_mappings), CASE(a_listener_refuses),
};

TEST_MAIN(cases)
