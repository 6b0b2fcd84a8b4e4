//! Tables with which firmware describes a machine to an operating system.
//!
//! They are bytes for a place: whoever wants them, such as a loader, puts them there.

#![forbid(unsafe_code)]

pub(crate) mod acpi;
pub(crate) mod mp;

/// The registers of each vCPU's local APIC.
const LOCAL_APIC: u32 = 0xfee0_0000;

/// What tables say of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hardware {
    /// The number of vCPUs; the number of each is the id of its local APIC.
    pub(crate) cpus: u8,
    /// The address of the I/O APIC.
    pub(crate) io_apic: Option<u32>,
    /// A keyboard controller.
    pub(crate) keyboard: bool,
    /// A clock with CMOS memory.
    pub(crate) clock: bool,
}

/// The byte that makes the sum of all 0.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte))
}
