/* Memory from descriptors of the host, and its removal.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef CTESTS_BROUGHT_H
#define CTESTS_BROUGHT_H

#include "access.h"

#include <fcntl.h>
#include <sys/mman.h>

#define SIZE 0x8000u

/* A memory file with SIZE bytes, each the number of its page. */
static inline int file_of_pages(void)
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

static inline unsigned descriptors(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static inline int bring(struct guest_system *gsp, uint64_t location, uint64_t length, int fd, uint64_t offset)
{
	errno = ERRNO_MARK;
	int result = gasp_guest_add_memory_fd(gsp, location, length, GASP_RAM, fd, offset);
	CHECK_EQ(errno, ERRNO_MARK);
	return result;
}

static inline int take_away(struct guest_system *gsp, uint64_t location, uint64_t length)
{
	errno = ERRNO_MARK;
	int result = gasp_guest_remove_memory(gsp, location, length);
	CHECK_EQ(errno, ERRNO_MARK);
	return result;
}

static inline unsigned char byte_at(struct guest_system *gsp, uint64_t location)
{
	unsigned char byte = 0xEE;
	CHECK_EQ(gasp_guest_read(gsp, location, &byte, 1), EOK);
	return byte;
}

static inline uint64_t host_of(struct guest_system *gsp, uint64_t location)
{
	struct gasp_span s;
	memset(&s, 0, sizeof(s));
	CHECK_EQ(gasp_guest_next(gsp, QST_MEMORY, location, &s), EOK);
	return s.host_location + (location - s.location);
}

/* Whether an address of this process is mapped. */
static inline int is_mapped(uint64_t host)
{
	unsigned char resident;
	return mincore((void *)(uintptr_t)host, PAGE, &resident) == 0;
}

#endif
