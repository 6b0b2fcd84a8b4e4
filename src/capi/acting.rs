//! `<gasp/host.h>`: for a library between hosts and vdevs.

use crate::sys::acting;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_acting() -> *mut gasp_abi::gasp_acting {
    acting::record()
}
