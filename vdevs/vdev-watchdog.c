/* A watchdog with the registers of ARM's SP805.
 *
 *   vdev watchdog loc 0xd0001000 intr apic:0x31 hz 1000000
 *
 * A counter runs down from LOAD. At 0 it restarts and raises the interrupt (RIS), which a healthy
 * guest clears (INTCLR). If the counter reaches 0 again before that, the guest hangs: it is ended
 * with the exit code of a watchdog, 4.
 *
 *   offset  register  access  meaning
 *   0x000   LOAD      rw      start value of the counter; a write restarts it
 *   0x004   VALUE     r       the counter
 *   0x008   CONTROL   rw      bit 0 INTEN: count, and interrupt; bit 1 RESEN: end the guest
 *   0x00c   INTCLR    w       clear the interrupt, restart the counter
 *   0x010   RIS       r       bit 0: the counter has reached 0
 *   0x014   MIS       r       the same, if INTEN is set
 *   0xc00   LOCK      rw      a write of 0x1acce551 unlocks the other registers for writes, any
 *                             other value locks them; reads 1 if they are locked
 *   0xfe0   ID        r       peripheral and cell numbers of the SP805, a byte every 4 bytes
 *
 * Registers have 32 bits. `hz` is the rate of the counter (default: 1 MHz).
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <inttypes.h>
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <stdlib.h>

enum {
	LOAD = 0x000, VALUE = 0x004, CONTROL = 0x008, INTCLR = 0x00c, RIS = 0x010, MIS = 0x014,
	LOCK = 0xc00, ID = 0xfe0, LENGTH = 0x1000
};
enum { OPTION_HZ = VDEV_CTRL_FIRST_OPTIDX };

#define INTEN 0x1u
#define RESEN 0x2u
#define UNLOCK 0x1acce551u
#define MOST_HZ UINT64_C(1000000000)
#define STOPPED UINT64_MAX

struct watchdog {
	struct guest_timer *timer;
	uint64_t resolution; /* how often the guest's clock counts in a second */
	uint64_t hz;
	uint64_t reload_at; /* when the counter reaches 0, by that clock; or STOPPED */
	uint32_t load;
	uint32_t left; /* the counter while it is stopped */
	uint32_t control;
	uint32_t ris;
	uint32_t locked;
};

static struct watchdog *state(const vdev_t *vdev)
{
	return (struct watchdog *)vdev->v_device;
}

/* Ticks of the counter as counts of the guest's clock. Nothing overflows: both rates are below
 * 2^32, and so are the ticks. */
static uint64_t counts(const struct watchdog *wd, uint64_t ticks)
{
	return ticks / wd->hz * wd->resolution + ticks % wd->hz * wd->resolution / wd->hz;
}

static uint64_t now(const struct watchdog *wd)
{
	struct guest_timer_data data;

	guest_timer_state(wd->timer, &data);
	return data.guest_current;
}

/* The counter as the guest reads it. */
static uint32_t value(const struct watchdog *wd)
{
	uint64_t left, moment = now(wd);

	if (wd->reload_at == STOPPED)
		return wd->left;
	left = wd->reload_at > moment ? wd->reload_at - moment : 0;
	return (uint32_t)(left / wd->resolution * wd->hz + left % wd->resolution * wd->hz / wd->resolution);
}

/* Set the counter to `from` now. It runs only if INTEN is set. A timer cannot be stopped: a call of
 * one that is not wanted any more does nothing. */
static void run_from(struct watchdog *wd, uint32_t from)
{
	wd->left = from;
	wd->reload_at = STOPPED;
	if ((wd->control & INTEN) == 0)
		return;
	wd->reload_at = now(wd) + counts(wd, from);
	(void)guest_timer_notify(wd->timer, NULL, counts(wd, from));
}

/* The counter has reached 0: it goes on from LOAD, without a gap for the time until it was noticed. */
static void run_again(struct watchdog *wd, const struct guest_timer_data *tdp)
{
	wd->reload_at += counts(wd, wd->load);
	(void)guest_timer_notify(wd->timer, tdp, counts(wd, wd->load));
}

static void update_line(vdev_t *vdev)
{
	const struct watchdog *wd = state(vdev);

	if (vdev->v_intr.pic != NULL)
		(void)guest_intr_signal(&vdev->v_intr, wd->ris && wd->control & INTEN ? GIS_ON : GIS_OFF);
}

/* The host calls this on a thread of its own at the moment that guest_timer_notify() set. The guest
 * may have set a later moment since then, so a call that is too early does nothing. */
static void expired(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
		struct guest_cpu *gcp)
{
	struct watchdog *wd = state(vdev);

	(void)data;
	(void)gcp;
	pthread_mutex_lock(&vdev->v_mtx);
	if (wd->reload_at <= tdp->guest_current) {
		if (wd->ris && wd->control & RESEN) {
			vdev_logf(QVM_OUTE_QVM, vdev, "the guest did not answer: it is ended");
			wd->reload_at = STOPPED;
			guest_terminate(vdev->v_gsp, GTC_WATCHDOG);
		} else {
			wd->ris = 1;
			update_line(vdev);
			run_again(wd, tdp);
		}
	}
	pthread_mutex_unlock(&vdev->v_mtx);
}

/* The option `hz`. */
static int set_hz(struct watchdog *wd, const char *arg)
{
	char *end;
	unsigned long long hz;

	errno = 0;
	hz = strtoull(arg, &end, 0);
	if (errno != 0 || end == arg || *end != '\0' || hz == 0 || hz > MOST_HZ)
		return EINVAL;
	wd->hz = hz;
	return EOK;
}

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	struct watchdog *wd = state(vdev);

	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = LENGTH;
		wd->hz = 1000000;
		wd->load = wd->left = UINT32_MAX;
		wd->reload_at = STOPPED;
		wd->timer = guest_timer_create(NULL, vdev, NULL, &wd->resolution);
		/* Without a timer, what it has put there is an error number. */
		return wd->timer != NULL ? EOK : (int)wd->resolution;
	case OPTION_HZ:
		return set_hz(wd, arg);
	case VDEV_CTRL_STATUS:
		pthread_mutex_lock(&vdev->v_mtx);
		vdev_logf(QVM_OUTI_QVM, vdev, "control %" PRIu32 ", value %" PRIu32 ", interrupt %" PRIu32,
			wd->control, value(wd), wd->ris);
		pthread_mutex_unlock(&vdev->v_mtx);
		return EOK;
	default:
		return EOK;
	}
}

static uint32_t get(const struct watchdog *wd, uint64_t offset)
{
	static const uint8_t id[] = { 0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	switch (offset) {
	case LOAD: return wd->load;
	case VALUE: return value(wd);
	case CONTROL: return wd->control;
	case RIS: return wd->ris;
	case MIS: return wd->ris & wd->control & INTEN;
	case LOCK: return wd->locked;
	default: return offset >= ID && offset % 4 == 0 ? id[(offset - ID) / 4] : 0;
	}
}

static void put(vdev_t *vdev, uint64_t offset, uint32_t value_written)
{
	struct watchdog *wd = state(vdev);
	uint32_t had;

	if (offset == LOCK) {
		wd->locked = value_written != UNLOCK;
		return;
	}
	if (wd->locked)
		return;
	switch (offset) {
	case LOAD:
		wd->load = value_written;
		run_from(wd, value_written);
		break;
	case CONTROL:
		had = wd->control;
		wd->left = value(wd);
		wd->control = value_written & (INTEN | RESEN);
		/* INTEN starts the counter from LOAD; without it the counter stops. */
		if ((had ^ wd->control) & INTEN)
			run_from(wd, wd->control & INTEN ? wd->load : wd->left);
		update_line(vdev);
		break;
	case INTCLR:
		wd->ris = 0;
		update_line(vdev);
		run_from(wd, wd->load);
		break;
	default:
		break;
	}
}

static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd,
		const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	uint32_t answer;
	int error;

	(void)cookie;
	pthread_mutex_lock(&vdev->v_mtx);
	answer = get(state(vdev), vopnd->location - vdev->v_block.location);
	pthread_mutex_unlock(&vdev->v_mtx);
	error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &answer, sizeof(answer));
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

static enum vdev_ref_status vwrite(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	uint32_t written;
	int error;

	(void)cookie;
	error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &written, sizeof(written));
	if (error != EOK)
		return guest_cpu_to_vrs(error);
	pthread_mutex_lock(&vdev->v_mtx);
	put(vdev, vopnd->location - vdev->v_block.location, written);
	pthread_mutex_unlock(&vdev->v_mtx);
	return VRS_NORMAL;
}

static const char *const options[] = { "hz", NULL };

static struct vdev_factory factory;

static void __attribute__((constructor)) register_watchdog(void)
{
	factory.control = control;
	factory.vread = vread;
	factory.vwrite = vwrite;
	factory.timer = expired;
	factory.option_list = options;
	factory.factory_flags = VFF_VDEV_MEM | VFF_MUTEX;
	factory.acc_sizes = 1u << 4;
	factory.extra_space = sizeof(struct watchdog);
	factory.safety = VDEV_SAFETY_SELECTED;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
