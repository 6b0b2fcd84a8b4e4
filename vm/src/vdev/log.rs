//! What vdevs, and gasp-vm about vdevs, have to say: one line at a time on standard error.

#![forbid(unsafe_code)]

use gasp_abi::qvm_log_kinds;
use std::io::{self, Write};
use std::sync::OnceLock;

pub(super) const ERROR: u32 = qvm_log_kinds::QL_QVM_ERR as u32;
const WARNING: u32 = qvm_log_kinds::QL_QVM_WARN as u32;
const INFO: u32 = qvm_log_kinds::QL_QVM_INFO as u32;

/// Says that something failed; `vdev` may be empty.
pub(super) fn error(vdev: &str, text: &str) {
    line(ERROR, vdev, text);
}

/// Says that something is not as it should be.
pub(super) fn warn(vdev: &str, text: &str) {
    line(WARNING, vdev, text);
}

/// Writes a line, if lines of this kind (`QL_QVM_*`) are wanted.
pub(super) fn line(kind: u32, vdev: &str, text: &str) {
    if kind <= INFO || is_debugging() {
        // Nobody can be told that nobody can be told.
        let _ = io::stderr().lock().write_all(format(kind, vdev, text).as_bytes());
    }
}

/// Writes a piece of a vdev's report of its state.
pub(super) fn report(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Ends the process now. Threads that run the guest are not asked.
pub(super) fn exit(code: u8) -> ! {
    let _ = io::stdout().flush();
    std::process::exit(i32::from(code))
}

/// Whether lines for those who look for a fault in a vdev are wanted.
fn is_debugging() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| std::env::var_os("GASP_VM_DEBUG").is_some())
}

fn format(kind: u32, vdev: &str, text: &str) -> String {
    let of_vdev = if vdev.is_empty() { String::new() } else { format!("{vdev}: ") };
    let what = match kind {
        ERROR => "error: ",
        WARNING => "warning: ",
        INFO => "",
        _ => "debug: ",
    };
    format!("gasp-vm: {of_vdev}{what}{}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_and_how_bad() {
        assert_eq!(format(INFO, "trace", "hello\n"), "gasp-vm: trace: hello\n");
        assert_eq!(format(ERROR, "", "bad"), "gasp-vm: error: bad\n");
        assert_eq!(format(WARNING, "a", "b"), "gasp-vm: a: warning: b\n");
        assert_eq!(format(4, "a", "b"), "gasp-vm: a: debug: b\n");
    }
}
