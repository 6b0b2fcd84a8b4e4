/* A vdev that does not return, or keeps a lock: for the tests of signals.
 *
 * Option `at STEP`: where it hangs, after a line "hangs". STEP is `options`, `configured`,
 * `starting`, `read`, `button`, `status`, `terminate`, or `exit`, after the end of main. With `leak`
 * a thread takes the lock of memory when the guest starts, and never releases it; at the end the
 * vdev waits for it.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <pthread.h>
#include <qvm/gasp.h>
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AT = VDEV_CTRL_FIRST_OPTIDX };

static char step[16];
static atomic_int leaked;

static void hang_if(vdev_t *vdev, const char *name)
{
	if (strcmp(step, name) != 0)
		return;
	vdev_logf(QVM_OUTI_QVM, vdev, "hangs");
	for (;;)
		pause();
}

static void hang_at_exit(void)
{
	hang_if(NULL, "exit");
}

static void *leak(void *arg)
{
	vdev_t *vdev = arg;

	(void)gasp_lock(vdev->v_gsp, QST_MEMORY);
	leaked = 1;
	vdev_logf(QVM_OUTI_QVM, vdev, "hangs");
	pause();
	return NULL;
}

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	pthread_t thread;

	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = 0x1000;
		break;
	case AT:
		strncpy(step, arg, sizeof(step) - 1);
		hang_if(vdev, "options");
		return atexit(hang_at_exit);
	case VDEV_CTRL_GUEST_CONFIGURED: hang_if(vdev, "configured"); break;
	case VDEV_CTRL_GUEST_STARTING:
		hang_if(vdev, "starting");
		if (strcmp(step, "leak") != 0)
			break;
		if (pthread_create(&thread, NULL, leak, vdev) != 0)
			return EAGAIN;
		while (!leaked)
			(void)sched_yield();
		break;
	case VDEV_CTRL_BUTTON: hang_if(vdev, "button"); break;
	case VDEV_CTRL_STATUS: hang_if(vdev, "status"); break;
	case VDEV_CTRL_TERMINATE:
		hang_if(vdev, "terminate");
		return gasp_lock(vdev->v_gsp, QST_MEMORY);
	default: break;
	}
	return EOK;
}

static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	(void)cookie;
	(void)vopnd;
	(void)oopnd;
	(void)gcp;
	hang_if(vdev, "read");
	return VRS_NORMAL;
}

static const char *const options[] = { "at", NULL };

static struct vdev_factory factory;

static void __attribute__((constructor)) register_stuck(void)
{
	factory.control = control;
	factory.vread = vread;
	factory.option_list = options;
	factory.factory_flags = VFF_VDEV_MEM;
	factory.acc_sizes = 1u << 4;
	factory.safety = VDEV_SAFETY_NO;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
