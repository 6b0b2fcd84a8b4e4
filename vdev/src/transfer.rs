//! Transfers between a vdev and operands: different lengths, sign and zero extension.
//!
//! Values are little-endian, like the guests.

#![forbid(unsafe_code)]

use gasp_abi::qvm_state_types as qst;
use gasp_safe::Space;

/// The kind of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operand {
    /// Memory of this process.
    Host,
    /// Guest memory or ports, as the vCPU sees them.
    Guest(Space),
    /// The location is the value.
    Immediate,
    /// A register of the vCPU.
    Register,
}

/// The kind of operand that a type stands for, or an error number.
pub(crate) fn operand(r#type: u16) -> Result<Operand, i32> {
    const NOT_HERE: [qst; 2] = [qst::QST_VIRTUAL, qst::QST_PCI];
    const REGISTERS: [qst; 6] = [
        qst::QST_CPUREGS,
        qst::QST_FPUREGS,
        qst::QST_X86_SEGREGS,
        qst::QST_X86_CTRLREGS,
        qst::QST_X86_DBGREGS,
        qst::QST_X86_MSR,
    ];
    let is = |known: qst| r#type == known as u16;
    match Space::of(r#type) {
        Some(space) => Ok(Operand::Guest(space)),
        None if is(qst::QST_HOST) => Ok(Operand::Host),
        None if is(qst::QST_IMMEDIATE) => Ok(Operand::Immediate),
        None if REGISTERS.into_iter().any(is) => Ok(Operand::Register),
        None if NOT_HERE.into_iter().any(is) => Err(libc::ENOTSUP),
        None => Err(libc::EINVAL),
    }
}

/// Whether a block's flags ask for [`extend`].
pub(crate) fn extends(flags: u16) -> bool {
    flags & 0xff != 0
}

/// Extends a value as the flags of its block say: from byte `QSF_SEXT` on with the sign of the byte
/// before it, then from byte `QSF_ZEXT` on with zeros.
pub(crate) fn extend(value: &mut [u8], flags: u16) {
    let sign_from = usize::from(flags & 0xf);
    let zero_from = usize::from(flags >> 4 & 0xf);
    if let Some(&last) = sign_from.checked_sub(1).and_then(|last| value.get(last)) {
        let sign = if last & 0x80 == 0 { 0 } else { 0xff };
        value.iter_mut().skip(sign_from).for_each(|byte| *byte = sign);
    }
    if zero_from != 0 {
        value.iter_mut().skip(zero_from).for_each(|byte| *byte = 0);
    }
}

/// Divides `data_len` bytes between blocks: in order, each gets its length, and the last one the
/// rest.
pub(crate) fn shares(
    lengths: impl ExactSizeIterator<Item = usize>,
    data_len: usize,
) -> impl Iterator<Item = core::ops::Range<usize>> {
    let last = lengths.len().saturating_sub(1);
    let mut start = 0;
    lengths.enumerate().map(move |(index, length)| {
        let end = if index == last { data_len } else { data_len.min(start + length) };
        let share = start..end;
        start = end;
        share
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_sign_extended() {
        let mut value = [0x80, 0, 0, 0];
        extend(&mut value, 1);
        assert_eq!(value, [0x80, 0xff, 0xff, 0xff]);
        let mut value = [0x7f, 1, 2, 3];
        extend(&mut value, 1);
        assert_eq!(value, [0x7f, 0, 0, 0]);
    }

    #[test]
    fn zeros_come_after_the_sign() {
        // As movsx of a byte to a 32-bit register: the upper half of the register is zero.
        let mut value = [0xfe, 0, 0, 0, 9, 9, 9, 9];
        extend(&mut value, 1 | 4 << 4);
        assert_eq!(value, [0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    }

    #[test]
    fn no_flags_and_a_full_width_change_nothing() {
        let mut value = [0x81, 0x82];
        extend(&mut value, 0);
        extend(&mut value, 2 | 2 << 4);
        extend(&mut value, 15 | 15 << 4);
        assert_eq!(value, [0x81, 0x82]);
        assert!(!extends(0) && !extends(0x8000) && extends(1) && extends(0x10));
    }

    #[test]
    fn the_last_block_gets_what_is_left() {
        let dealt =
            |lengths: &[usize], data| shares(lengths.iter().copied(), data).collect::<Vec<_>>();
        assert_eq!(dealt(&[4], 8), vec![0..8; 1]);
        assert_eq!(dealt(&[4], 2), vec![0..2; 1]);
        assert_eq!(dealt(&[2, 4], 6), [0..2, 2..6]);
        assert_eq!(dealt(&[2, 4, 4], 3), [0..2, 2..3, 3..3]);
        assert_eq!(dealt(&[], 3), []);
    }

    #[test]
    fn every_type_has_its_operand() {
        assert_eq!(operand(4), Ok(Operand::Host));
        assert_eq!(operand(0), Ok(Operand::Guest(Space::Memory)));
        assert_eq!(operand(6), Ok(Operand::Guest(Space::Memory)));
        assert_eq!(operand(0x8000), Ok(Operand::Guest(Space::Ports)));
        assert_eq!(operand(7), Ok(Operand::Immediate));
        for register in [2, 3, 0x8001, 0x8002, 0x8003, 0x8004] {
            assert_eq!(operand(register), Ok(Operand::Register));
        }
        for known in [1, 5] {
            assert_eq!(operand(known), Err(libc::ENOTSUP));
        }
        assert_eq!(operand(0xffff), Err(libc::EINVAL));
        assert_eq!(operand(8), Err(libc::EINVAL));
    }
}
