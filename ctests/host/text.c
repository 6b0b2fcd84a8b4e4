/* The version, and flags and regions as text (specification 7.9, 7.10).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

static void check_text(const char *file, int line, const char *text, size_t length, const char *want)
{
	if (strcmp(text, want) != 0 || length != strlen(want))
		fprintf(check_fail(file, line), "\"%s\" (%zu), not \"%s\"\n", text, length, want);
}

#define CHECK_FLAGS(flags, want) do { \
		char text_[256]; \
		size_t length_ = gasp_flags_text((flags), text_, sizeof(text_)); \
		check_text(__FILE__, __LINE__, text_, length_, (want)); \
	} while (0)
#define CHECK_SPAN(type, span, want) do { \
		char text_[256]; \
		size_t length_ = gasp_span_text((span), (type), text_, sizeof(text_)); \
		check_text(__FILE__, __LINE__, text_, length_, (want)); \
	} while (0)

static void the_library_has_the_version_of_its_header(void)
{
	CHECK_EQ(gasp_version(), GASP_VERSION);
	CHECK_EQ(GASP_VERSION, (GASP_VERSION_MAJOR << 16) + (GASP_VERSION_MINOR << 8) + GASP_VERSION_PATCH);
}

static void flags_have_names(void)
{
	CHECK_FLAGS(0, "NONE");
	CHECK_FLAGS(GRF_VIRT_RD | GRF_VIRT_WR, "VIRT_RD|VIRT_WR");
	CHECK_FLAGS(0xffff, "VIRT_RD|VIRT_WR|VIRT_EX|PASS_RD|PASS_WR|PASS_EX|NOCACHE|ACTIVE|MEMORY|"
			    "PASSTHRU|DMA_USES|DMA_NO_USE|DMA_SOURCE|DMA_TARGET|PRECIOUS|NOPERMS");
}

static void bits_without_a_name_are_hexadecimal(void)
{
	CHECK_FLAGS(0x10000, "0x10000");
	CHECK_FLAGS(GRF_PASS_RD | 0xf0010000u, "PASS_RD|0xf0010000");
}

static void a_region_is_one_line(void)
{
	struct gasp_span span;
	memset(&span, 0, sizeof(span));
	span.location = 0x1000;
	span.last = 0x1fff;
	span.flags = GRF_VIRT_RD;
	CHECK_SPAN(QST_MEMORY, &span, "memory [0x1000, 0x1fff], flags VIRT_RD");
	CHECK_SPAN(QST_PCI_IO, &span, "memory [0x1000, 0x1fff], flags VIRT_RD");
	span.host_location = 0x7f0000001000;
	span.vdev = (vdev_t *)(uintptr_t)0x5000;
	span.cookie = 7;
	CHECK_SPAN(QST_X86_IO, &span,
		   "port [0x1000, 0x1fff], flags VIRT_RD, host 0x7f0000001000, vdev 0x5000, cookie 7");
	span.location = 0;
	span.last = UINT64_MAX;
	span.host_location = 0;
	span.vdev = NULL;
	span.cookie = UINT32_MAX;
	CHECK_SPAN(QST_MEMORY, &span,
		   "memory [0x0, 0xffffffffffffffff], flags VIRT_RD, cookie 4294967295");
}

static void a_text_is_cut_where_the_buffer_ends(void)
{
	char text[8];
	for (size_t size = 1; size <= sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		CHECK_EQ(gasp_flags_text(GRF_VIRT_RD, text, size), 7);
		CHECK_EQ(strlen(text), size - 1);
		CHECK_EQ(strncmp(text, "VIRT_RD", size - 1), 0);
		for (size_t i = size; i < sizeof(text); i++)
			CHECK_EQ(text[i], 'x');
	}
}

static void the_length_can_be_asked_for(void)
{
	struct gasp_span span;
	char text = 'x';
	memset(&span, 0, sizeof(span));
	CHECK_EQ(gasp_flags_text(0, NULL, 0), 4);
	CHECK_EQ(gasp_flags_text(0, &text, 0), 4);
	CHECK_EQ(text, 'x');
	CHECK_EQ(gasp_span_text(&span, QST_MEMORY, NULL, 0), strlen("memory [0x0, 0x0], flags NONE"));
}

static void bad_arguments_set_errno(void)
{
	char text[8] = "x";
	struct gasp_span span;
	memset(&span, 0, sizeof(span));
	const struct { size_t length; int error; } got[] = {
		{ (errno = 0, gasp_flags_text(0, NULL, 1)), errno },
		{ (errno = 0, gasp_span_text(NULL, QST_MEMORY, text, sizeof(text))), errno },
		{ (errno = 0, gasp_span_text(&span, QST_HOST, text, sizeof(text))), errno },
		{ (errno = 0, gasp_span_text(&span, 0x10000, text, sizeof(text))), errno },
		{ (errno = 0, gasp_span_text(&span, QST_MEMORY, NULL, 1)), errno },
	};
	for (unsigned i = 0; i < COUNT(got); i++) {
		CHECK_EQ(got[i].length, 0);
		CHECK_EQ(got[i].error, EINVAL);
	}
	CHECK_EQ(strcmp(text, "x"), 0);
}

static void a_success_leaves_errno_alone(void)
{
	char text[8];
	errno = ERRNO_MARK;
	gasp_flags_text(GRF_VIRT_RD, text, 2);
	gasp_version();
	CHECK_EQ(errno, ERRNO_MARK);
}

static const struct test_case cases[] = {
	CASE(the_library_has_the_version_of_its_header), CASE(flags_have_names),
	CASE(bits_without_a_name_are_hexadecimal), CASE(a_region_is_one_line),
	CASE(a_text_is_cut_where_the_buffer_ends), CASE(the_length_can_be_asked_for),
	CASE(bad_arguments_set_errno), CASE(a_success_leaves_errno_alone),
};

TEST_MAIN(cases)
