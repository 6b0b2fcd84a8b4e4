//! Errors of KVM and of guests on it.

#![forbid(unsafe_code)]

use crate::exit;
use kvm_ioctls::Cap;
use std::io;

/// An error of KVM, or of a guest on it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KvmError {
    /// There is no KVM.
    #[error("there is no /dev/kvm: {0}")]
    Missing(kvm_ioctls::Error),
    /// This user may not open KVM.
    #[error("/dev/kvm may not be opened: {error}: {advice} (--no-kvm plays a script instead)")]
    Denied { error: kvm_ioctls::Error, advice: String },
    /// KVM cannot be opened for another reason, or cannot create a VM.
    #[error("/dev/kvm does not work: {0} (--no-kvm plays a script instead)")]
    Unusable(kvm_ioctls::Error),
    /// The device is something else.
    #[error("/dev/kvm is not KVM: its version is {0}, not 12 (--no-kvm plays a script instead)")]
    Version(i32),
    /// KVM lacks a capability.
    #[error("/dev/kvm does not have {0:?} (--no-kvm plays a script instead)")]
    Capability(Cap),
    /// A vCPU could not be made.
    #[error("no vCPU: {0}")]
    Create(kvm_ioctls::Error),
    /// The signal that stops vCPUs could not be set up.
    #[error("no signal for vCPUs: {0}")]
    Signal(io::Error),
    /// There is no RAM where a 64-bit guest's page tables go.
    #[error("no page tables at {tables:#x}: {error}")]
    Tables { tables: u64, error: gasp_safe::Error },
    /// There is no instruction where vCPUs start.
    #[error("{0}")]
    Nowhere(String),
    /// The map cannot be expressed in slots.
    #[error("KVM cannot have the guest's memory (its addresses, or the number of its pieces): {0}")]
    Map(gasp_safe::Error),
    /// libgasp could not create a vCPU.
    #[error("no vCPU: {0}")]
    Handle(gasp_safe::Error),
    /// The thread of a vCPU could not be created.
    #[error("no thread for a vCPU: {0}")]
    Thread(io::Error),
    /// A vCPU cannot continue.
    #[error("vCPU {cpu}: {why}\n{state}")]
    Cpu { cpu: u32, why: String, state: String },
    /// A vdev failed.
    #[error("vCPU {cpu}: an access failed: {}", io::Error::from_raw_os_error(*errno))]
    Vdev { cpu: u32, errno: i32 },
    /// An access failed, and the exception for it cannot be raised.
    #[error("vCPU {cpu}: an access failed, and the guest cannot be told: {error}")]
    Unsupported { cpu: u32, error: kvm_ioctls::Error },
    /// The slots differ from the map.
    #[error("{0}")]
    Slots(String),
}

impl KvmError {
    /// Whether there is no KVM, so that a script may run instead.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Missing(_)
            | Self::Denied { .. }
            | Self::Unusable(_)
            | Self::Version(_)
            | Self::Capability(_)
            | Self::Create(_)
            | Self::Signal(_)
            | Self::Tables { .. }
            | Self::Nowhere(_)
            | Self::Map(_)
            | Self::Handle(_) => exit::BEFORE,
            Self::Unsupported { .. } => exit::UNSUPPORTED,
            Self::Vdev { .. } => exit::VDEV,
            Self::Thread(_) | Self::Cpu { .. } | Self::Slots(_) => exit::AFTER,
        }
    }
}
