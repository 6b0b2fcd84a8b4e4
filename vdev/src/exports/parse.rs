//! `<qvm/utils.h>`: options as QNX's vdevs read them.

use super::write::host;
use crate::ending::{self, End};
use crate::pins::Asked;
use crate::shared::Shared;
use crate::{acting, fatal, interrupt, log};
use core::ffi::{CStr, c_char, c_int};
use core::ptr;
use gasp_abi::qvm_outlbl::QVM_OUTAL_FATAL;
use gasp_abi::{guest_intr, guest_system, qvm_state_block};
use gasp_safe::Space;
use gasp_text::{ParseError, Place, Position, leading_place};

/// These texts are not in a file.
const NOWHERE: Position = Position { line: 1, column: 1 };

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn qvm_parse_block(
    str: *const c_char,
    bp: *mut qvm_state_block,
    pci_idp: *mut c_int,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    let block = unsafe { bp.as_mut() };
    let is_port = block.as_ref().is_some_and(|block| block.r#type == Space::Ports as u16);
    // SAFETY: the caller's promise.
    let parsed = leading_place(&unsafe { text(str) }, is_port, NOWHERE);
    let (place, length) = match parsed.map_err(refused) {
        Ok(parsed) => parsed,
        Err(end) => end.now(),
    };
    if let Some(block) = block {
        let (space, location) = match place {
            Place::Memory(location) => (Space::Memory, location),
            Place::Ports(location) => (Space::Ports, location),
        };
        (block.r#type, block.location) = (space as u16, location);
    }
    if !pci_idp.is_null() {
        // SAFETY: the caller's promise.
        unsafe { pci_idp.write(0) };
    }
    str.wrapping_add(length).cast_mut()
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn qvm_parse_intr(
    gsp: *const guest_system,
    str: *const c_char,
    ip: *mut guest_intr,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    let parsed = interrupt_of(gsp.addr(), &unsafe { text(str) });
    let (intr, length) = match parsed.map_err(refused) {
        Ok(parsed) => parsed,
        Err(end) => end.now(),
    };
    if !ip.is_null() {
        // SAFETY: the caller's promise.
        unsafe { ip.write(intr) };
    }
    str.wrapping_add(length).cast_mut()
}

/// The interrupt with which a text starts, and the length of that part.
fn interrupt_of(guest: usize, text: &str) -> Result<(guest_intr, usize), ParseError> {
    let wrong = |message| ParseError { position: NOWHERE, message };
    let shared = Shared::of_guest(guest).ok_or_else(|| wrong("qvm_parse_intr: no guest".into()))?;
    let (intr, length) = interrupt::parse(&shared, text, ptr::null_mut())?;
    let intr = interrupt::assigned(&shared, intr, Asked::ByConfiguration).map_err(wrong)?;
    Ok((intr, length))
}

/// Logs that a vdev's option is wrong, unless its controller has failed; returns the end of the
/// process.
fn refused(error: ParseError) -> End {
    if let Some(end) = ending::take() {
        return end;
    }
    let vdev = acting::vdev();
    let host = host(vdev);
    log::line(&host, QVM_OUTAL_FATAL as u32, vdev, &format!("an option: {}", error.message));
    End { host: host.functions, code: fatal::option_code() }
}

/// # Safety
/// A string, or `NULL`.
unsafe fn text(string: *const c_char) -> String {
    if string.is_null() {
        return String::new();
    }
    // Only ASCII is looked at, up to the first other character; so the lengths are those of the
    // string.
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}
