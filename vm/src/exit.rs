//! Exit codes of the process, and the failures that end it.

#![forbid(unsafe_code)]

use crate::control::CONTROL;
use gasp_text::ParseError;
use std::fmt::Display;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// The power was cut.
pub(crate) const POWER_CUT: u8 = 3;
/// Nothing handles an access of the guest, and `unsupported reference` is `abort`.
pub(crate) const UNSUPPORTED: u8 = 5;
/// A vdev failed.
pub(crate) const VDEV: u8 = 6;
/// A fatal error before the guest ran.
pub(crate) const BEFORE: u8 = 64;
/// A fatal error in the configuration.
pub(crate) const CONFIGURATION: u8 = 65;
/// A fatal error after the guest started.
pub(crate) const AFTER: u8 = 96;

/// The longest wait for a report to be printed.
const PRINTING: Duration = Duration::from_secs(5);

/// Whether the power was cut.
static CUT: AtomicBool = AtomicBool::new(false);

/// From now on the exit code is [`POWER_CUT`], whatever ends the process.
pub(crate) fn cut_power() {
    CUT.store(true, SeqCst);
}

/// The exit code of a process that would end with `code`.
pub(crate) fn last(code: u8) -> u8 {
    if CUT.load(SeqCst) { POWER_CUT } else { code }
}

/// Has the report of a run printed that ends here with `code`, and returns the exit code.
pub(crate) fn report(code: u8) -> u8 {
    let code = last(code);
    CONTROL.report(code, PRINTING);
    code
}

/// Ends the process now. Threads that run the guest are not asked.
pub(crate) fn now(code: u8) -> ! {
    let code = report(code);
    // Nothing is lost: whatever is printed is flushed there.
    std::process::exit(i32::from(code))
}

/// Why the process ends, if it is not because the guest has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code of the process.
    pub(crate) exit_code: u8,
    /// The reason, for people.
    pub(crate) message: String,
}

impl Failure {
    /// A failure before the guest runs.
    pub(crate) fn before(why: impl Display) -> Self {
        Self { exit_code: BEFORE, message: why.to_string() }
    }

    /// An error in a file.
    pub(crate) fn in_file(exit_code: u8, file: &Path, error: &ParseError) -> Self {
        Self { exit_code, message: format!("{}:{error}", file.display()) }
    }
}
