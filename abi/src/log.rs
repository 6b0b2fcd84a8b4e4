//! `<qvm/log.h>`: what vdevs say.

/// How important a line is (names: QNX 8.0, but for WARN; numbers: libgasp's own).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum qvm_log_kinds {
    /// Something failed.
    QL_QVM_ERR = 1,
    /// Something is not as it should be. The name is libgasp's own.
    QL_QVM_WARN = 2,
    /// What everybody may want to know.
    QL_QVM_INFO = 3,
    /// For those who look for a fault: written if GASP_VM_DEBUG is set in the environment.
    QL_QVM_DBG = 4,
}

/// Where a fatal error comes from.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum qvm_log_sources {
    /// The configuration: exit code 65 (name: QNX 8.0; number: libgasp's own).
    QLS_CNF = 1,
    /// Anything else: exit code 64 before the guest has started, 96 after. libgasp's own.
    QLS_QVM = 2,
}
