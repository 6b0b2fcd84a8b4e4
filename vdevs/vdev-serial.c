/* A serial port on x86 ports, like the 8250: prints the bytes that the guest writes.
 *
 *   vdev serial loc io:0x3f8 intr apic:0x24
 *
 * It suits drivers of a PC's first serial port: the transmitter is always ready, and registers keep
 * the values written to them. Nothing is ever received. Without `intr` the device is polled.
 *
 *   port  DLAB  read                            write
 *   +0    0     RBR: nothing was received (0)   THR: print this byte
 *   +0    1     divisor, low byte               the same
 *   +1    0     IER: enabled interrupts         bit 1: interrupt when THR is empty
 *   +1    1     divisor, high byte              the same
 *   +2          IIR: the pending interrupt      FCR: ignored (no FIFO)
 *   +3          LCR: bit 7 is DLAB              the same
 *   +4          MCR                             the same
 *   +5          LSR: THR and shifter are empty  ignored
 *   +6          MSR: the other side is ready    ignored
 *   +7          SCR: one byte for the guest     the same
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/vdev-core.h>
#include <unistd.h>

enum { THR, IER, IIR, LCR, MCR, LSR, MSR, SCR, PORTS };

#define IER_THR_EMPTY 0x02u /* IER: interrupt when THR is empty */
#define IIR_NONE 0x01u      /* IIR: no interrupt is pending */
#define IIR_THR_EMPTY 0x02u /* IIR: THR is empty */
#define LCR_DLAB 0x80u      /* LCR: +0 and +1 are the divisor */
#define LSR_EMPTY 0x60u     /* LSR: THR and shifter are empty */
#define MSR_READY 0xb0u     /* MSR: carrier, data set ready, clear to send */

struct serial {
	uint8_t divisor[2];
	uint8_t ier, lcr, mcr, scr;
	uint8_t thr_interrupt; /* THR was emptied, and the guest has not read IIR since */
	uint64_t written;
};

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	const struct serial *serial = (const struct serial *)vdev->v_device;

	(void)arg;
	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		vdev->v_block.type = QST_X86_IO;
		vdev->v_block.length = PORTS;
		break;
	case VDEV_CTRL_ASSIGN:
		/* Without `loc`: the ports of a PC's first serial port. */
		if (vdev->v_block.location == QSL_NO_LOCATION)
			vdev->v_block.location = 0x3f8;
		break;
	case VDEV_CTRL_STATUS:
		vdev_logf(QVM_OUTI_QVM, vdev, "%llu bytes printed", (unsigned long long)serial->written);
		break;
	default:
		break;
	}
	return EOK;
}

/* Print a byte. write() has no buffer that is lost if the guest ends the process. */
static void print(struct serial *serial, uint8_t byte)
{
	while (write(STDOUT_FILENO, &byte, 1) < 0 && errno == EINTR)
		;
	serial->written++;
}

/* Tell the interrupt controller whether an interrupt is pending; without `intr` there is none. */
static void update_line(vdev_t *vdev)
{
	const struct serial *serial = (const struct serial *)vdev->v_device;
	int pending = serial->thr_interrupt && (serial->ier & IER_THR_EMPTY) != 0;

	if (vdev->v_intr.pic != NULL)
		(void)guest_intr_signal(&vdev->v_intr, pending ? GIS_ON : GIS_OFF);
}

static uint8_t get(vdev_t *vdev, unsigned port)
{
	struct serial *serial = (struct serial *)vdev->v_device;
	int dlab = (serial->lcr & LCR_DLAB) != 0;

	switch (port) {
	case THR: return dlab ? serial->divisor[0] : 0;
	case IER: return dlab ? serial->divisor[1] : serial->ier;
	case IIR:
		if (!serial->thr_interrupt || (serial->ier & IER_THR_EMPTY) == 0)
			return IIR_NONE;
		/* Reading IIR clears the interrupt. */
		serial->thr_interrupt = 0;
		update_line(vdev);
		return IIR_THR_EMPTY;
	case LCR: return serial->lcr;
	case MCR: return serial->mcr;
	case LSR: return LSR_EMPTY;
	case MSR: return MSR_READY;
	default: return serial->scr;
	}
}

static void put(vdev_t *vdev, unsigned port, uint8_t value)
{
	struct serial *serial = (struct serial *)vdev->v_device;
	int dlab = (serial->lcr & LCR_DLAB) != 0;

	switch (port) {
	case THR:
		if (dlab) {
			serial->divisor[0] = value;
			break;
		}
		/* A new byte clears the interrupt. It is sent at once, and THR is empty again. */
		serial->thr_interrupt = 0;
		update_line(vdev);
		print(serial, value);
		serial->thr_interrupt = 1;
		update_line(vdev);
		break;
	case IER:
		if (dlab) {
			serial->divisor[1] = value;
			break;
		}
		/* Enabling the interrupt while THR is empty raises it at once. */
		if ((value & IER_THR_EMPTY) != 0 && (serial->ier & IER_THR_EMPTY) == 0)
			serial->thr_interrupt = 1;
		serial->ier = value & 0x0fu;
		update_line(vdev);
		break;
	case LCR: serial->lcr = value; break;
	case MCR: serial->mcr = value & 0x1fu; break;
	case SCR: serial->scr = value; break;
	default: break; /* FCR, LSR, MSR */
	}
}

/* acc_sizes admits only single bytes: the host handles others according to `unsupported`. */
static enum vdev_ref_status vread(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd,
		const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	uint8_t value;
	int error;

	(void)cookie;
	pthread_mutex_lock(&vdev->v_mtx);
	value = get(vdev, (unsigned)(vopnd->location - vdev->v_block.location));
	pthread_mutex_unlock(&vdev->v_mtx);
	error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &value, sizeof(value));
	return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

static enum vdev_ref_status vwrite(vdev_t *vdev, unsigned cookie,
		const struct qvm_state_block *vopnd, const struct qvm_state_block *oopnd,
		struct guest_cpu *gcp)
{
	uint8_t value;
	int error;

	(void)cookie;
	error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &value, sizeof(value));
	if (error != EOK)
		return guest_cpu_to_vrs(error);
	pthread_mutex_lock(&vdev->v_mtx);
	put(vdev, (unsigned)(vopnd->location - vdev->v_block.location), value);
	pthread_mutex_unlock(&vdev->v_mtx);
	return VRS_NORMAL;
}

static struct vdev_factory factory;

static void __attribute__((constructor)) register_serial(void)
{
	factory.control = control;
	factory.vread = vread;
	factory.vwrite = vwrite;
	factory.factory_flags = VFF_VDEV_X86_IO | VFF_MUTEX;
	factory.acc_sizes = 1u << 1;
	factory.extra_space = sizeof(struct serial);
	factory.safety = VDEV_SAFETY_SELECTED;
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
