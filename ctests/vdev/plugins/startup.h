/* The cases of the vdev `calls` that run while it gets its options; some end the process. Part of
 * vdev-calls.c.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

/* ---- Startup ---- */

static void a_vdev_has_what_its_host_gave(void)
{
	const char *space = (const char *)self->v_device;
	for (unsigned i = 0; i < 64; i++)
		CHECK_EQ(space[i], 0);
	CHECK_EQ(address(space) % 16, 0);
	CHECK_EQ(self->v_block.location, 0xd0000000u);
	CHECK_EQ(self->v_block.type, QST_MEMORY);
	CHECK_EQ(self->v_intr.param, 0x30);
	CHECK_EQ(self->v_sched.policy, SCHED_FIFO);
	CHECK_EQ(self->v_sched.sched.sched_priority, 11);
	CHECK(self->v_gsp != NULL);
	CHECK_EQ(pthread_mutex_trylock(&self->v_mtx), 0);
	CHECK_EQ(pthread_mutex_unlock(&self->v_mtx), 0);
}

static void timers_are_created_at_startup(void)
{
	struct guest_timer_data data;
	uint64_t resolution = 0;

	timer = guest_timer_create(NULL, self, &expired, &resolution);
	REQUIRE(timer != NULL);
	CHECK_EQ(resolution, 1000000000u);
	guest_timer_state(timer, &data);
	CHECK_EQ(data.guest_current, 0);
	CHECK_EQ(data.guest_notify_start, 0);
	CHECK(guest_timer_create(NULL, NULL, NULL, &resolution) == NULL);
	CHECK_EQ(resolution, EINVAL);
	CHECK(guest_timer_create(NULL, self, NULL, NULL) == NULL);
}

static void inputs_are_assigned(void)
{
	struct guest_intr intr;
	vdev_t *apic = self->v_intr.pic;

	memset(&intr, 0, sizeof(intr));
	guest_intr_assign(apic, 0x50, GIAT_SHAREABLE, &intr);
	CHECK(intr.pic == apic);
	CHECK_EQ(intr.param, 0x50);
	CHECK_EQ(intr.src_id, 1);
	guest_intr_assign(apic, 0x50, GIAT_SHAREABLE, &intr);
	CHECK_EQ(intr.src_id, 2);
	guest_intr_assign(apic, 0x51, GIAT_EXCLUSIVE, NULL);
}

static void locations_are_read(void)
{
	static const struct {
		const char *text;
		unsigned before, type;
		uint64_t location;
		const char *rest;
	} rows[] = {
		{ "0x1000,4", QST_NO_TYPE, QST_MEMORY, 0x1000, ",4" },
		{ "mem:16k", QST_X86_IO, QST_MEMORY, 16384, "" },
		{ "io:0x3f8 intr", QST_MEMORY, QST_X86_IO, 0x3f8, " intr" },
		{ "112", QST_X86_IO, QST_X86_IO, 0x112, "" },
	};
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct qvm_state_block found = block(rows[i].before, 1, 7);
		int is_pci = 1;
		CHECK_STR(qvm_parse_block(rows[i].text, &found, &is_pci), rows[i].rest);
		CHECK_EQ(found.type, rows[i].type);
		CHECK_EQ(found.location, rows[i].location);
		CHECK_EQ(found.length, 7);
		CHECK_EQ(is_pci, 0);
	}
	CHECK_STR(qvm_parse_block("5", NULL, NULL), "");
}

static void interrupts_are_read(void)
{
	struct guest_intr intr;

	memset(&intr, 0, sizeof(intr));
	CHECK_STR(qvm_parse_intr(self->v_gsp, "apic:0x41 loc", &intr), " loc");
	CHECK(intr.pic == self->v_intr.pic);
	CHECK_EQ(intr.param, 0x41);
	CHECK_STR(qvm_parse_intr(self->v_gsp, "apic:66", NULL), "");
}

static void voutf(unsigned attr, const char *fmt, ...) QVM_PRINTF_LIKE(2, 3);
static void voutf(unsigned attr, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	qvm_voutf(attr, fmt, args);
	va_end(args);
}

/* The host looks at them. */
static void lines_are_written(void)
{
	qvm_logf(QVM_OUTI_QVM, "a line with %d", 1);
	vdev_logf(QVM_OUTW_GST, self, "a vdev's with %s", "2");
	vdev_logf(QVM_OUTI_QVM, NULL, "nobody's");
	voutf(QVM_OUTE_CNF, "a line with %x", 0xabu);
	qvm_logf(QVM_OUTI_QVM, "%05000d", 3);
	CHECK_EQ(qvm_outattr(QVM_OUTAL_ERROR, QVM_OUTAC_GST, 3, 0x12345), 0x04232345);
}

static void nothing_starts_early(void)
{
	CHECK_EQ(guest_intr_signal(&self->v_intr, GIS_ON), EAGAIN);
	CHECK_EQ(guest_intr_signal(&self->v_intr, GIS_NOP), EOK);
}

/* ---- The end of the process ---- */

static void qvm_fatal_ends(void)
{
	qvm_fatal(QVM_OUTF_QVM, "the end, %d", 1);
}

static void qvm_fatal_of_the_configuration_ends(void)
{
	qvm_fatal(QVM_OUTF_CNF, "the end, %d", 2);
}

static void a_fatal_line_ends(void)
{
	qvm_logf(QVM_OUTF_QVM, "the end, %d", 3);
}

static void a_fatal_line_of_a_vdev_ends(void)
{
	vdev_logf(QVM_OUTF_QVM, self, "the end, %d", 4);
}

static void a_bad_location_ends(void)
{
	struct qvm_state_block blk = operand(QST_MEMORY, 0, 4, 0);
	qvm_parse_block("nowhere", &blk, NULL);
}

static void a_bad_interrupt_ends(void)
{
	struct guest_intr intr;
	qvm_parse_intr(self->v_gsp, "nobody:1", &intr);
}

static void an_input_that_is_not_there_ends(void)
{
	guest_intr_assign(self->v_intr.pic, 5, GIAT_SHAREABLE, NULL);
}

static void a_controller_that_is_none_ends(void)
{
	guest_intr_assign(self, 5, GIAT_SHAREABLE, NULL);
}

static void an_early_end_ends(void)
{
	guest_terminate(self->v_gsp, GTC_NORMAL_EXIT);
}
