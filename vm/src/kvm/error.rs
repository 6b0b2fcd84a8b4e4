//! Why a guest cannot run on KVM, or not go on.

#![forbid(unsafe_code)]

use crate::{exit, gasp};
use kvm_ioctls::Cap;
use std::io;

/// A failure of KVM, or of a guest on it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KvmError {
    /// There is no KVM, or it makes no VM.
    #[error("/dev/kvm does not work: {0}")]
    Missing(kvm_ioctls::Error),
    /// It lacks something.
    #[error("/dev/kvm does not have {0:?}")]
    Capability(Cap),
    /// A vCPU could not be made.
    #[error("no vCPU: {0}")]
    Create(kvm_ioctls::Error),
    /// The signal that stops vCPUs could not be set up.
    #[error("no signal for vCPUs: {0}")]
    Signal(io::Error),
    /// There is no RAM where a 64-bit guest's page tables go.
    #[error("no page tables at {tables:#x}: {error}")]
    Tables { tables: u64, error: gasp::Error },
    /// Slots could not be made for the map.
    #[error("KVM cannot have the guest's memory (its addresses, or the number of its pieces): {0}")]
    Map(gasp::Error),
    /// libgasp has no vCPU.
    #[error("no vCPU: {0}")]
    Handle(gasp::Error),
    /// No thread for a vCPU.
    #[error("no thread for a vCPU: {0}")]
    Thread(io::Error),
    /// A vCPU cannot go on.
    #[error("vCPU {cpu}: {why}: {registers}")]
    Cpu { cpu: u32, why: String, registers: String },
    /// A vdev failed.
    #[error("vCPU {cpu}: an access failed: {}", io::Error::from_raw_os_error(*errno))]
    Vdev { cpu: u32, errno: i32 },
    /// An access to nothing, and no exception for it.
    #[error("vCPU {cpu}: an access failed, and the guest cannot be told: {error}")]
    Unsupported { cpu: u32, error: kvm_ioctls::Error },
    /// Slots and map have come apart.
    #[error("{0}")]
    Slots(String),
}

impl KvmError {
    /// Whether the guest can run without KVM instead.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Capability(_))
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Missing(_)
            | Self::Capability(_)
            | Self::Create(_)
            | Self::Signal(_)
            | Self::Tables { .. }
            | Self::Map(_)
            | Self::Handle(_) => exit::BEFORE,
            Self::Unsupported { .. } => exit::UNSUPPORTED,
            Self::Vdev { .. } => exit::VDEV,
            Self::Thread(_) | Self::Cpu { .. } | Self::Slots(_) => exit::AFTER,
        }
    }
}
