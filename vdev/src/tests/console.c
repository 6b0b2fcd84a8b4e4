/* A console for the tests of <qvm/cdev.h>, with a register every 8 bytes.
 *
 *   write 0    append a byte to the output buffer, and cdev_write_buffer()
 *   write 1    append it, and no more
 *   write 2    cdev_write() of this many bytes
 *   read 0     the next byte of input, or 0x100
 *   read 1     the result of the last cdev_write_buffer() or cdev_write(), but for that of a pulse
 *   read 2     its errno, if it was -1
 *   read 3     the bytes in the output buffer
 *   read 4, 5  the pulses for input and for output
 *   read 6     cdev_input_available(), or -errno
 *   read 7     cdev_read() of 8 bytes, or -errno
 *
 * With the option `plain` there are no buffers; with `quiet` the pulse for input only counts. */

#include <qvm/cdev.h>

struct state {
	struct cdev_state cdev; /* first, as it need not be */
	int result, error, is_plain, is_quiet;
	unsigned inputs, outputs;
};

enum { SIZE = 16, OPTION_PLAIN = VDEV_CTRL_FIRST_OPTIDX + CDEV_OPT_NUM_OPTS, OPTION_QUIET };

static void keep(struct state *state, int result)
{
	state->error = result == -1 ? errno : EOK;
	state->result = result;
}

static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{
	struct state *state = vdev->v_device;

	switch (ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		vdev->v_block.type = QST_MEMORY;
		vdev->v_block.length = 0x1000;
		break;
	case OPTION_PLAIN:
		state->is_plain = 1;
		break;
	case OPTION_QUIET:
		state->is_quiet = 1;
		break;
	case VDEV_CTRL_OPTIONS_END:
		if (cdev_setup(&state->cdev, vdev, state->is_plain ? 0 : SIZE) != EOK) return EDOM;
		break;
	}
	return cdev_control(&state->cdev, ctrl, arg);
}

static int pulse(vdev_t *vdev, int8_t code)
{
	struct state *state = vdev->v_device;

	pthread_mutex_lock(&vdev->v_mtx);
	if (code == CDEV_INPUT_AVAILABLE_PULSE_CODE) {
		state->inputs++;
		if (!state->is_plain && !state->is_quiet) cdev_input_available(&state->cdev);
	} else if (code == CDEV_OUTPUT_AVAILABLE_PULSE_CODE) {
		state->outputs++;
		if (!state->is_plain) cdev_write_buffer(&state->cdev);
	}
	pthread_mutex_unlock(&vdev->v_mtx);
	return EOK;
}

static uint64_t receive(struct state *state)
{
	int was_full = cdev_input_num_available(&state->cdev) == SIZE;
	int byte = cdev_input_receive(&state->cdev);

	if (was_full) cdev_input_available(&state->cdev);
	return byte == -1 ? 0x100 : (uint64_t)byte;
}

static uint64_t or_errno(int result)
{
	return (uint64_t)(result == -1 ? -errno : result);
}

static uint64_t register_of(struct state *state, uint64_t index)
{
	char bytes[8];

	switch (index) {
	case 0: return receive(state);
	case 1: return (uint64_t)state->result;
	case 2: return (uint64_t)state->error;
	case 3: return cdev_output_num_pending(&state->cdev);
	case 4: return state->inputs;
	case 5: return state->outputs;
	case 6: return or_errno(cdev_input_available(&state->cdev));
	default: return or_errno(cdev_read(&state->cdev, bytes, sizeof bytes));
	}
}

static enum vdev_ref_status vread(OPERANDS)
{
	struct state *state = vdev->v_device;
	uint64_t value;

	UNUSED;
	pthread_mutex_lock(&vdev->v_mtx);
	value = register_of(state, (vopnd->location & 0xff) / 8);
	pthread_mutex_unlock(&vdev->v_mtx);
	return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
}

static enum vdev_ref_status vwrite(OPERANDS)
{
	static char many[1 << 20];
	struct state *state = vdev->v_device;
	uint64_t value, index = (vopnd->location & 0xff) / 8;

	UNUSED;
	if (guest_cpu_read(gcp, 0, oopnd, 1, &value, sizeof value) != EOK) return VRS_BUS_ERROR;
	pthread_mutex_lock(&vdev->v_mtx);
	if (index == 2) {
		keep(state, cdev_write(&state->cdev, many, (unsigned)value));
	} else if (!cdev_output_full(&state->cdev)) {
		state->cdev.out.buff[state->cdev.out.pos++] = (uint8_t)value;
		if (index == 0) keep(state, cdev_write_buffer(&state->cdev));
	}
	pthread_mutex_unlock(&vdev->v_mtx);
	return VRS_NORMAL;
}

static const char *const options[] = { "hostdev", "delayed", "batch", "0plain", "0quiet", NULL };

REGISTER(.control = control, .vread = vread, .vwrite = vwrite, .pulse = pulse,
	.option_list = options, .factory_flags = VFF_MUTEX, .extra_space = sizeof(struct state))
