/* A vdev that ends the guest, or fails, in every way there is: for the tests of exit codes.
 *
 *   offset  write
 *   0x00    guest_terminate() with this cause
 *   0x04    answer with this error number
 *   0x08    answer VRS_TERMINATE
 *   0x0c    answer VRS_BUS_ERROR
 *   0x10    a gasp_region_set() that has to fail
 *   0x14    the interrupt, as an edge
 *   0x18    a fatal error
 *   0x1c    guest_terminate() with the vCPU's first register, or answer why it cannot be read
 *   0x20    guest_write_core_file(), and answer its error number
 *   0x24    wdog_bite(): a core file, then the end
 *
 * Options: `refuse` is refused; `fatal` fails as 0x10 does; `wrong TEXT` is a fatal configuration
 * error; `button CAUSE` ends the guest with CAUSE when the button is pressed.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/gasp.h>
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <qvm/wdog.h>
#include <stdlib.h>
#include <string.h>

enum { END = 0x00, ERROR = 0x04, TERMINATE = 0x08, BUS_ERROR = 0x0c, REGION = 0x10, EDGE = 0x14,
	FATAL_ERROR = 0x18, CPU_REGISTER = 0x1c, CORE_FILE = 0x20, BITE = 0x24 };
enum { REFUSE = VDEV_CTRL_FIRST_OPTIDX, FATAL, WRONG, BUTTON };

struct probe {
	unsigned button;
};

/* Half of a page cannot be RAM. */
static void set_what_cannot_be(vdev_t *vdev)
{
	struct gasp_region region;

	memset(&region, 0, sizeof(region));
	region.flags = GRF_MEMORY | GRF_PASS_RD;
	region.host_location = 0x1000;
	region.guest.location = 0x80000800;
	region.guest.length = 0x800;
	region.guest.type = QST_MEMORY;
	gasp_region_set(vdev->v_gsp, 1, &region);
}

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	struct probe *probe = (struct probe *)vdev->v_device;

	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = 0x1000;
		break;
	case REFUSE:
		return EDOM;
	case FATAL:
		set_what_cannot_be(vdev);
		break;
	case WRONG:
		qvm_fatal(QVM_OUTF_CNF, "probe: %s is wrong", arg);
	case BUTTON:
		probe->button = (unsigned)strtoul(arg, NULL, 0);
		break;
	case VDEV_CTRL_BUTTON:
		vdev_logf(QVM_OUTI_QVM, vdev, "button");
		if (probe->button != 0)
			guest_terminate(vdev->v_gsp, probe->button);
		break;
	case VDEV_CTRL_STATUS:
		vdev_logf(QVM_OUTI_QVM, vdev, "status");
		break;
	case VDEV_CTRL_TERMINATE:
		vdev_logf(QVM_OUTI_QVM, vdev, "terminated");
		break;
	default:
		break;
	}
	return EOK;
}

/* The register RAX, for a cause. */
static enum vdev_ref_status end_with_register(vdev_t *vdev, struct guest_cpu *gcp)
{
	const struct qvm_state_block rax = { 0, 8, QST_CPUREGS, QSF_NONE };
	uint64_t value;
	int error = guest_cpu_read(gcp, GXF_NONE, &rax, 1, &value, sizeof(value));

	if (error == EOK && guest_cpu_write(gcp, GXF_NONE, &rax, 1, &value, sizeof(value)) != ENOTSUP)
		error = EDOM;
	if (error != EOK)
		return guest_cpu_to_vrs(error);
	guest_terminate(vdev->v_gsp, (unsigned)value);
	return VRS_NORMAL;
}

static void bite(vdev_t *vdev)
{
	struct wdog_state watchdog;

	memset(&watchdog, 0, sizeof(watchdog));
	watchdog.ws_vdev = vdev;
	watchdog.ws_action = WDOG_ACTION_TERMINATE;
	watchdog.ws_flags = WDOG_FLAG_DUMP;
	wdog_bite(&watchdog);
}

static enum vdev_ref_status vwrite(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	uint32_t value;
	int error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &value, sizeof(value));

	(void)cookie;
	if (error != EOK)
		return guest_cpu_to_vrs(error);
	switch (vopnd->location - vdev->v_block.location) {
	case END: guest_terminate(vdev->v_gsp, value); break;
	case ERROR: return (enum vdev_ref_status)(VRS_ERRNO + (int)value);
	case TERMINATE: return VRS_TERMINATE;
	case BUS_ERROR: return VRS_BUS_ERROR;
	case REGION: set_what_cannot_be(vdev); break;
	case CPU_REGISTER: return end_with_register(vdev, gcp);
	case CORE_FILE:
		error = guest_write_core_file(vdev->v_gsp);
		return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
	case BITE: bite(vdev); break;
	case EDGE:
		(void)guest_intr_signal(&vdev->v_intr, GIS_ON);
		(void)guest_intr_signal(&vdev->v_intr, GIS_OFF);
		break;
	case FATAL_ERROR: qvm_fatal(QVM_OUTF_QVM, "probe: cannot go on");
	default: break;
	}
	return VRS_NORMAL;
}

static const char *const options[] = {
	QVM_OPTION_NO_ARG_PREFIX "refuse", QVM_OPTION_NO_ARG_PREFIX "fatal", "wrong", "button", NULL
};

static struct vdev_factory factory;

static void __attribute__((constructor)) register_probe(void)
{
	factory.control = control;
	factory.vwrite = vwrite;
	factory.option_list = options;
	factory.factory_flags = VFF_VDEV_MEM;
	factory.acc_sizes = 1u << 4;
	factory.extra_space = sizeof(struct probe);
	factory.safety = VDEV_SAFETY_NO;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
