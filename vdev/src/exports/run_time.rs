//! `<qvm/guest.h>`: run time that is the guest's.

use crate::run_time;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_clock_start() {
    run_time::start();
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_clock_stop() {
    run_time::stop();
}
