//! `<qvm/wdog.h>`: watchdogs.

use super::write::host;
use crate::host::Host;
use crate::{acting, fatal, interrupt, log, slots};
use core::ffi::{c_int, c_uint};
use gasp_abi::guest_intr_state::{GIS_OFF, GIS_ON};
use gasp_abi::wdog_actions::{WDOG_ACTION_INTR, WDOG_ACTION_TERMINATE};
use gasp_abi::{WDOG_FLAG_DUMP, vdev_t, wdog_state};

const TERMINATE: c_uint = WDOG_ACTION_TERMINATE as c_uint;
const INTERRUPT: c_uint = WDOG_ACTION_INTR as c_uint;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn wdog_bite(wds: *mut wdog_state) {
    // SAFETY: a watchdog, or NULL.
    let Some(wds) = (unsafe { wds.as_ref() }) else {
        return error(acting::vdev(), "wdog_bite: wds is NULL");
    };
    let vdev = wds.ws_vdev;
    let Some(shared) = slots::shared(vdev) else {
        return error(acting::vdev(), "wdog_bite: ws_vdev is no vdev");
    };
    if wds.ws_flags & WDOG_FLAG_DUMP != 0 {
        dump(&shared.host, vdev);
    }
    if wds.ws_action == INTERRUPT {
        // The controller need not return.
        drop(shared);
        // SAFETY: it is a vdev.
        return match unsafe { edge(vdev) } {
            0 => {}
            code => error(vdev, &format!("wdog_bite: the interrupt was refused ({code})")),
        };
    }
    if wds.ws_action != TERMINATE {
        let action = wds.ws_action;
        // A watchdog that bites must not go unnoticed.
        error(vdev, &format!("wdog_bite: {action} is no WDOG_ACTION_*: the guest is ended"));
    }
    let end = shared.terminate(fatal::WATCHDOG);
    drop(shared);
    if let Some(end) = end {
        end.now();
    }
}

/// Has the host write a core file of the guest. The watchdog bites without one, too.
fn dump(host: &Host, vdev: *const vdev_t) {
    match host.core_file() {
        0 => {}
        errno => {
            let why = std::io::Error::from_raw_os_error(errno);
            log::warn(host, vdev, &format!("wdog_bite: there is no core file of the guest: {why}"));
        }
    }
}

/// An edge on the line of a vdev's interrupt. Returns what the controller says.
///
/// # Safety
/// A vdev.
unsafe fn edge(vdev: *const vdev_t) -> c_int {
    // SAFETY: the caller's promise.
    let intr = unsafe { (*vdev).v_intr };
    match interrupt::signal(&intr, GIS_ON as c_uint) {
        0 => interrupt::signal(&intr, GIS_OFF as c_uint),
        code => code,
    }
}

fn error(vdev: *const vdev_t, why: &str) {
    log::error(&host(vdev), vdev, why);
}
