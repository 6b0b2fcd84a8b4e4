//! `<qvm/outpipe.h>`: what vdevs say.

/// An attribute's label is in its bits 24 to 31 (QNX 7.0).
pub const QVM_OUTAL_OFFSET: u32 = 24;
/// An attribute's return code is in its bits 16 to 23 (QNX 7.0).
pub const QVM_OUTAC_OFFSET: u32 = 16;

/// The label of an attribute: what kind of message it is. The names of the first three are QNX's
/// (7.0), the others are libgasp's own reading, after the filters of `logger`; the numbers are
/// libgasp's own, one bit each.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum qvm_outlbl {
    /// The process cannot go on, and ends.
    QVM_OUTAL_FATAL = 0x0100_0000,
    /// A fault in the host's program itself.
    QVM_OUTAL_INTERNAL = 0x0200_0000,
    /// Something failed.
    QVM_OUTAL_ERROR = 0x0400_0000,
    /// Something is not as it should be.
    QVM_OUTAL_WARNING = 0x0800_0000,
    /// What everybody may want to know.
    QVM_OUTAL_INFO = 0x1000_0000,
    /// For those who look for a fault.
    QVM_OUTAL_DEBUG = 0x2000_0000,
    /// The same, in more detail.
    QVM_OUTAL_VERBOSE = 0x4000_0000,
}

/// Who is the source of a message: the upper half of the return code (QNX 7.0).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum qvm_outrs {
    /// What is outside of the host's program: the configuration.
    QVM_OUTAC_XCONF = 0x40_0000,
    /// The guest.
    QVM_OUTAC_GST = 0x20_0000,
    /// The host's program.
    QVM_OUTAC_INT = 0x80_0000,
}
