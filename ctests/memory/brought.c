/* Memory from descriptors of the host (specification 15.5).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "brought.h"

#include <sys/eventfd.h>
#include <sys/stat.h>

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
	CASE(a_listener_refuses),
};

TEST_MAIN(cases)
