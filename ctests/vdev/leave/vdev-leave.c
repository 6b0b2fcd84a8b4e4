/* A vdev with a fatal error where the option `where` says: in an access, in a thread of its own, in
 * its timer function, in its pulse function.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <string.h>

static const char *const options[] = { "where", NULL };
static char where[16];
static struct guest_timer *timer;

static void fail(const char *here)
{
	if (strcmp(where, here) == 0)
		qvm_fatal(QVM_OUTF_QVM, "in the %s", here);
}

static void *run(void *arg)
{
	fail("thread");
	return arg;
}

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	uint64_t resolution;
	struct sigevent event;
	pthread_t thread;

	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = 0x1000;
		timer = guest_timer_create(NULL, vdev, NULL, &resolution);
		break;
	case VDEV_CTRL_FIRST_OPTIDX:
		strncpy(where, arg, sizeof(where) - 1);
		break;
	case VDEV_CTRL_GUEST_STARTING:
		if (vdev_thread_create(vdev, "own", &thread, NULL, run, NULL) == EOK)
			pthread_detach(thread);
		vdev_pulse(vdev, 1, 0, &event, 0);
		event.sigev_notify_function(event.sigev_value);
		return guest_timer_notify(timer, NULL, 1);
	}
	return EOK;
}

static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	(void)vdev, (void)cookie, (void)vopnd, (void)oopnd, (void)gcp;
	fail("access");
	return VRS_NORMAL;
}

static void expired(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
		struct guest_cpu *gcp)
{
	(void)vdev, (void)data, (void)tdp, (void)gcp;
	fail("timer");
}

static int pulse(vdev_t *vdev, int8_t code)
{
	(void)vdev, (void)code;
	fail("pulse");
	return 0;
}

static struct vdev_factory factory = {
	.control = control, .vread = vread, .timer = expired, .pulse = pulse, .option_list = options,
};

static void __attribute__((constructor)) registers(void)
{
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
