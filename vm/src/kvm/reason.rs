//! What KVM says about an exit that ends the guest, in words.

#![forbid(unsafe_code)]

use kvm_bindings::{
    KVM_INTERNAL_ERROR_DELIVERY_EV, KVM_INTERNAL_ERROR_EMULATION, KVM_INTERNAL_ERROR_SIMUL_EX,
    KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON,
};
use std::fmt::Write;

/// `KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES`
const HAS_INSTRUCTION: u64 = 1;
/// What Intel's and AMD's processors say of registers with which they cannot enter the guest.
const INVALID_STATE: [u64; 2] = [0x8000_0021, u64::MAX];

/// The data of `KVM_EXIT_INTERNAL_ERROR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InternalError {
    pub(super) suberror: u32,
    /// How many of `data` are valid.
    pub(super) ndata: u32,
    pub(super) data: [u64; 16],
}

impl InternalError {
    /// The reason: the suberror, the bytes of the instruction if KVM has them, and all data.
    pub(super) fn text(&self) -> String {
        let what = match self.suberror {
            KVM_INTERNAL_ERROR_EMULATION => "KVM can neither read nor emulate the instruction",
            KVM_INTERNAL_ERROR_SIMUL_EX => "an exception came while another was raised",
            KVM_INTERNAL_ERROR_DELIVERY_EV => "KVM cannot deliver an interrupt or exception",
            KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON => {
                "KVM does not know why the hardware left the guest"
            }
            _ => "KVM has failed",
        };
        let mut text = format!("{what} (KVM_EXIT_INTERNAL_ERROR, suberror {}", self.suberror);
        if let Some(bytes) = self.instruction() {
            let _ = write!(text, ", instruction bytes {}", hexadecimal(&bytes));
        } else if !self.valid().is_empty() {
            let _ = write!(text, ", data {:x?}", self.valid());
        }
        text + ")"
    }

    fn valid(&self) -> &[u64] {
        let count = usize::try_from(self.ndata).unwrap_or(usize::MAX);
        &self.data[..count.min(self.data.len())]
    }

    /// After the flags, a byte with the number of bytes, and the bytes.
    fn instruction(&self) -> Option<Vec<u8>> {
        let [flags, first, second, ..] = *self.valid() else { return None };
        if self.suberror != KVM_INTERNAL_ERROR_EMULATION || flags & HAS_INSTRUCTION == 0 {
            return None;
        }
        let bytes = [first.to_le_bytes(), second.to_le_bytes()].concat();
        let count = usize::from(bytes[0]).min(bytes.len() - 1);
        Some(bytes[1..=count].to_vec())
    }
}

/// The reason of `KVM_EXIT_FAIL_ENTRY`.
pub(super) fn entry_failed(reason: u64, host_cpu: u32) -> String {
    let why = if INVALID_STATE.contains(&reason) { "its registers are not valid" } else { "?" };
    format!(
        "the hardware cannot enter the guest: {why} (KVM_EXIT_FAIL_ENTRY, reason {reason:#x}, on \
         the host's CPU {host_cpu})"
    )
}

/// Bytes as two digits each.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(suberror: u32, data: &[u64]) -> String {
        let mut all = [0xdead; 16];
        all[..data.len()].copy_from_slice(data);
        let ndata = u32::try_from(data.len()).expect("few");
        InternalError { suberror, ndata, data: all }.text()
    }

    #[test]
    fn emulation_names_the_instruction() {
        let text = error(1, &[1, 0x0000_00c8_a20f_dc03, 0]);
        assert!(
            text.ends_with("(KVM_EXIT_INTERNAL_ERROR, suberror 1, instruction bytes dc 0f a2)")
        );
        let bytes = [1, u64::from_le_bytes([15, 1, 2, 3, 4, 5, 6, 7]), 0x0f0e_0d0c_0b0a_0908];
        let text = error(1, &bytes);
        assert!(text.ends_with("bytes 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f)"), "{text}");
    }

    #[test]
    fn emulation_without_bytes() {
        assert!(error(1, &[]).ends_with("the instruction (KVM_EXIT_INTERNAL_ERROR, suberror 1)"));
        assert!(error(1, &[0, 2, 3]).ends_with("suberror 1, data [0, 2, 3])"));
        assert!(error(1, &[1]).ends_with("suberror 1, data [1])"));
    }

    #[test]
    fn other_suberrors_have_their_data() {
        assert!(error(3, &[0x80, 0xef]).ends_with("suberror 3, data [80, ef])"));
        assert!(error(99, &[]).starts_with("KVM has failed (KVM_EXIT_INTERNAL_ERROR, suberror 99"));
        let all = InternalError { suberror: 4, ndata: u32::MAX, data: [7; 16] };
        assert_eq!(all.valid(), [7; 16]);
    }

    #[test]
    fn a_failed_entry() {
        let text = entry_failed(0x8000_0021, 3);
        assert!(text.contains("registers are not valid") && text.contains("0x80000021"), "{text}");
        assert!(entry_failed(7, 3).contains("reason 0x7, on the host's CPU 3"));
    }
}
