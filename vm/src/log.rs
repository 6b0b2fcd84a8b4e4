//! Output: lines for people on standard error, results on standard output.

#![forbid(unsafe_code)]

use gasp_abi::qvm_log_kinds;
use std::io::{self, Write};
use std::sync::OnceLock;

pub(crate) const ERROR: u32 = qvm_log_kinds::QL_QVM_ERR as u32;
const WARNING: u32 = qvm_log_kinds::QL_QVM_WARN as u32;
const INFO: u32 = qvm_log_kinds::QL_QVM_INFO as u32;

/// Writes an error; `vdev` may be empty.
pub(crate) fn error(vdev: &str, text: &str) {
    line(ERROR, vdev, text);
}

/// Writes a warning.
pub(crate) fn warn(vdev: &str, text: &str) {
    line(WARNING, vdev, text);
}

/// Writes a line unless its kind (`QL_QVM_*`) is for debugging and debugging is off.
pub(crate) fn line(kind: u32, vdev: &str, text: &str) {
    if kind <= INFO || is_debugging() {
        // There is no other place for a message that standard error cannot be written.
        let _ = io::stderr().lock().write_all(format(kind, vdev, text).as_bytes());
    }
}

/// Writes a line for the person who runs the guest.
pub(crate) fn tell(text: &str) {
    line(INFO, "", text);
}

/// Writes a result to standard output.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes a result to standard output, or says that this is impossible.
pub(crate) fn say(text: &str) {
    if let Err(error) = print(text) {
        tell(&format!("cannot print: {error}"));
    }
}

/// Whether lines for debugging are written.
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
