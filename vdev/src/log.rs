//! The log: lines of vdevs, and about them.

#![forbid(unsafe_code)]

use crate::host::Host;
use crate::{filter, slog, slots};
use core::ffi::CStr;
use gasp_abi::qvm_outlbl::{self, *};
use gasp_abi::{GASP_LOG_SLOG, GASP_LOG_STDERR, GASP_LOG_STDOUT, vdev_t};
use std::ffi::CString;
use std::io::{self, Write};

/// What is written for a label.
fn word(label: qvm_outlbl) -> &'static str {
    match label {
        QVM_OUTAL_FATAL => "fatal: ",
        QVM_OUTAL_INTERNAL => "internal: ",
        QVM_OUTAL_ERROR => "error: ",
        QVM_OUTAL_WARNING => "warning: ",
        QVM_OUTAL_INFO => "",
        QVM_OUTAL_DEBUG => "debug: ",
        QVM_OUTAL_VERBOSE => "verbose: ",
    }
}

/// Writes an error; `vdev` may be `NULL`.
pub(crate) fn error(host: &Host, vdev: *const vdev_t, text: &str) {
    line(host, QVM_OUTAL_ERROR as u32, vdev, text);
}

/// Writes a warning.
pub(crate) fn warn(host: &Host, vdev: *const vdev_t, text: &str) {
    line(host, QVM_OUTAL_WARNING as u32, vdev, text);
}

/// Writes information.
pub(crate) fn info(host: &Host, vdev: *const vdev_t, text: &str) {
    line(host, QVM_OUTAL_INFO as u32, vdev, text);
}

/// Writes a line with an attribute (`QVM_OUT*`) where the filters say.
pub(crate) fn line(host: &Host, attr: u32, vdev: *const vdev_t, text: &str) {
    let label = filter::label(attr);
    let destinations = host.logger.destinations(vdev.addr(), label);
    if destinations == 0 {
        return;
    }
    let name = slots::name(vdev);
    // Nobody can read a text behind a zero.
    let whole = CString::new(text).unwrap_or_default();
    if !host.log(attr, destinations, vdev, name, &whole) {
        write(destinations, label, &format(label, name, text));
    }
}

fn write(destinations: u32, label: qvm_outlbl, line: &str) {
    // There is no other place for a message that these cannot be written.
    if destinations & GASP_LOG_STDOUT != 0 {
        let _ = io::stdout().lock().write_all(line.as_bytes());
    }
    if destinations & GASP_LOG_STDERR != 0 {
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
    if destinations & GASP_LOG_SLOG != 0 {
        slog::write(label, &CString::new(line).unwrap_or_default());
    }
}

fn format(label: qvm_outlbl, name: Option<&CStr>, text: &str) -> String {
    let name = name.map_or_else(String::new, |name| format!("{}: ", name.to_string_lossy()));
    format!("{name}{}{}\n", word(label), text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_and_how_bad() {
        assert_eq!(format(QVM_OUTAL_INFO, Some(c"trace"), "hello\n"), "trace: hello\n");
        assert_eq!(format(QVM_OUTAL_ERROR, None, "bad"), "error: bad\n");
        assert_eq!(format(QVM_OUTAL_WARNING, Some(c"a"), "b"), "a: warning: b\n");
    }
}
