//! Output: lines for people, on standard error unless a `logger` says otherwise; results on
//! standard output.

#![forbid(unsafe_code)]

use crate::slog;
use gasp_abi::qvm_outlbl::{self, *};
use gasp_abi::{GASP_LOG_SLOG, GASP_LOG_STDERR, GASP_LOG_STDOUT};
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

/// Writes a warning.
pub(crate) fn warn(vdev: &str, text: &str) {
    line(QVM_OUTAL_WARNING as u32, GASP_LOG_STDERR, vdev, text);
}

/// Writes a line with an attribute (`QVM_OUT*`) to these destinations (`GASP_LOG_*`).
pub(crate) fn line(attr: u32, destinations: u32, vdev: &str, text: &str) {
    let (label, what) = label(attr);
    let line = format(what, vdev, text);
    // There is no other place for a message that these cannot be written.
    if destinations & GASP_LOG_STDOUT != 0 {
        let _ = print(&line);
    }
    if destinations & GASP_LOG_STDERR != 0 {
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
    if destinations & GASP_LOG_SLOG != 0 {
        slog::write(label, &CString::new(line).unwrap_or_default());
    }
}

/// Writes a line for the person who runs the guest.
pub(crate) fn tell(text: &str) {
    line(QVM_OUTAL_INFO as u32, GASP_LOG_STDERR, "", text);
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

/// The most severe label of an attribute; without any, it is information.
fn label(attr: u32) -> (qvm_outlbl, &'static str) {
    let has = |label: qvm_outlbl| attr & label as u32 != 0;
    LABELS.into_iter().find(|(label, _)| has(*label)).unwrap_or((QVM_OUTAL_INFO, ""))
}

fn format(what: &str, vdev: &str, text: &str) -> String {
    let of_vdev = if vdev.is_empty() { String::new() } else { format!("{vdev}: ") };
    format!("gasp-vm: {of_vdev}{what}{}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_and_how_bad() {
        let line = |attr, vdev, text| format(label(attr).1, vdev, text);
        assert_eq!(line(QVM_OUTAL_INFO as u32, "trace", "hello\n"), "gasp-vm: trace: hello\n");
        assert_eq!(line(QVM_OUTAL_ERROR as u32, "", "bad"), "gasp-vm: error: bad\n");
        assert_eq!(line(QVM_OUTAL_WARNING as u32, "a", "b"), "gasp-vm: a: warning: b\n");
    }

    #[test]
    fn the_most_severe_label_counts() {
        let both = QVM_OUTAL_VERBOSE as u32 | QVM_OUTAL_INTERNAL as u32;
        assert_eq!(label(both), (QVM_OUTAL_INTERNAL, "internal: "));
        // The source and a vdev's own code are no labels.
        assert_eq!(label(0x00ff_ffff), (QVM_OUTAL_INFO, ""));
    }
}
