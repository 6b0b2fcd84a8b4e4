//! The log: lines of vdevs, and about them.

#![forbid(unsafe_code)]

use crate::host::Host;
use crate::slots;
use core::ffi::CStr;
use gasp_abi::qvm_outlbl::{self, *};
use gasp_abi::vdev_t;
use std::ffi::CString;
use std::io::{self, Write};

/// The labels of a line with what is written for them, the most severe first.
const LABELS: [(qvm_outlbl, &str); 7] = [
    (QVM_OUTAL_FATAL, "fatal: "),
    (QVM_OUTAL_INTERNAL, "internal: "),
    (QVM_OUTAL_ERROR, "error: "),
    (QVM_OUTAL_WARNING, "warning: "),
    (QVM_OUTAL_INFO, ""),
    (QVM_OUTAL_DEBUG, "debug: "),
    (QVM_OUTAL_VERBOSE, "verbose: "),
];

/// Writes an error; `vdev` may be `NULL`.
pub(crate) fn error(host: &Host, vdev: *const vdev_t, text: &str) {
    line(host, QVM_OUTAL_ERROR as u32, vdev, text);
}

/// Writes a warning.
pub(crate) fn warn(host: &Host, vdev: *const vdev_t, text: &str) {
    line(host, QVM_OUTAL_WARNING as u32, vdev, text);
}

/// Writes a line with an attribute (`QVM_OUT*`).
pub(crate) fn line(host: &Host, attr: u32, vdev: *const vdev_t, text: &str) {
    let name = slots::name(vdev);
    // Nobody can read a text behind a zero.
    let whole = CString::new(text).unwrap_or_default();
    if host.log(attr, vdev, name, &whole)
        || matches!(label(attr).0, QVM_OUTAL_DEBUG | QVM_OUTAL_VERBOSE)
    {
        return;
    }
    // There is no other place for a message that standard error cannot be written.
    let _ = io::stderr().lock().write_all(format(attr, name, text).as_bytes());
}

/// The most severe label of an attribute; without any, it is information.
fn label(attr: u32) -> (qvm_outlbl, &'static str) {
    let has = |label: qvm_outlbl| attr & label as u32 != 0;
    LABELS.into_iter().find(|(label, _)| has(*label)).unwrap_or((QVM_OUTAL_INFO, ""))
}

fn format(attr: u32, name: Option<&CStr>, text: &str) -> String {
    let name = name.map_or_else(String::new, |name| format!("{}: ", name.to_string_lossy()));
    format!("{name}{}{}\n", label(attr).1, text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_and_how_bad() {
        assert_eq!(format(QVM_OUTAL_INFO as u32, Some(c"trace"), "hello\n"), "trace: hello\n");
        assert_eq!(format(QVM_OUTAL_ERROR as u32, None, "bad"), "error: bad\n");
        assert_eq!(format(QVM_OUTAL_WARNING as u32, Some(c"a"), "b"), "a: warning: b\n");
    }

    #[test]
    fn the_most_severe_label_counts() {
        let both = QVM_OUTAL_VERBOSE as u32 | QVM_OUTAL_INTERNAL as u32;
        assert_eq!(label(both), (QVM_OUTAL_INTERNAL, "internal: "));
        // The source and a vdev's own code are no labels.
        assert_eq!(label(0x00ff_ffff), (QVM_OUTAL_INFO, ""));
    }
}
