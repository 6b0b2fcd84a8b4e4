//! Everything that ends a run early.

use std::path::PathBuf;

/// Why the benchmark stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line makes no sense.
    #[error("{0} (--help lists what there is)")]
    Usage(String),
    /// A shared object could not be loaded.
    #[error("a shared object cannot be loaded: {reason}")]
    Library {
        /// The loader's words, with the file's name.
        reason: String,
    },
    /// A shared object lacks a function.
    #[error("{path}: no function {name}", path = .path.display())]
    Symbol {
        /// The file.
        path: PathBuf,
        /// The function.
        name: String,
    },
    /// A map could not be made.
    #[error("{design}: no map")]
    NoMap {
        /// The design.
        design: &'static str,
    },
    /// A vCPU could not be made, or the design has none.
    #[error("{design}: no vCPU")]
    NoCpu {
        /// The design.
        design: &'static str,
    },
    /// A change was refused.
    #[error("{design}: element {index} of {count} was refused")]
    Refused {
        /// The design.
        design: &'static str,
        /// The element.
        index: usize,
        /// How many there were.
        count: usize,
    },
    /// Two designs, or a design and the oracle, disagree.
    #[error("{design} gives a wrong answer, {when}: {what}")]
    Wrong {
        /// The design.
        design: &'static str,
        /// In which check.
        when: String,
        /// Query, expectation and answer.
        what: String,
    },
    /// A child process, which measures memory, failed.
    #[error("memory of {design}: {reason}")]
    Probe {
        /// The design.
        design: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },
}

impl Error {
    /// The last error of a system call.
    pub fn last_os(what: impl Into<String>) -> Self {
        Self::System { what: what.into(), source: std::io::Error::last_os_error() }
    }

    /// An error of an I/O function.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::System { what, source }
    }
}
