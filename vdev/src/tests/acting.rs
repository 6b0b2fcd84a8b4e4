//! Who acts, as libgasp's record says it.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Machine, plugin};
use gasp_abi::*;

const AT: u64 = 0xd000_0000;

/// A read at 0 is how many callbacks have found their vdev in the record, a read at 8 how many have
/// not.
const WHO: &str = r"
    #include <gasp/host.h>
    static struct guest_timer *timer;
    static uint64_t right, wrong;
    static void look(const vdev_t *vdev)
    {
        if (gasp_acting()->vdev == vdev) right++; else wrong++;
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        uint64_t resolution;
        (void)arg;
        look(vdev);
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            timer = guest_timer_create(NULL, vdev, NULL, &resolution);
        }
        if (ctrl == VDEV_CTRL_GUEST_STARTING) guest_timer_notify(timer, NULL, 1);
        return EOK;
    }
    static void expired(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
        struct guest_cpu *gcp)
    {
        (void)data, (void)tdp, (void)gcp;
        look(vdev);
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        const uint64_t *value = vopnd->location % 16 ? &wrong : &right;
        UNUSED;
        look(vdev);
        return guest_cpu_write(gcp, 0, oopnd, 1, value, sizeof *value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .timer = expired)
";

/// The vdev of this thread's record.
fn acting() -> *mut vdev_t {
    // SAFETY: no preconditions.
    let record = unsafe { gasp_acting() };
    // SAFETY: this thread's.
    unsafe { (*record).vdev }
}

#[test]
fn each_callback_finds_its_vdev_in_the_record_of_the_thread() {
    let machine = Machine::with_flags(plugin("t_who", WHO), GASP_VDEVS_SIMULATED_CLOCK);
    machine.create("t_who", "loc 0xd0000000").unwrap();
    machine.start();
    assert_eq!(machine.vdevs.advance(1), 0);
    // OPTIONS_START, OPTIONS_END, ASSIGN, GUEST_CONFIGURED, GUEST_STARTING; the timer; this read.
    assert_eq!(machine.read(AT), Ok(7));
    assert_eq!(machine.read(AT + 8), Ok(0));
    assert!(acting().is_null());
}
